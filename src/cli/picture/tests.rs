//! Small buffers as text, escape sequences and pictures.

use super::{ansi, svg, text};
use crate::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

fn buffer() -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, 8, 2));
    buf.set_string(0, 0, "a<b", Style::new());
    buf.set_string(3, 0, "日本", Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
    buf.set_string(1, 1, "x", Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::LightBlue));
    buf.set_string(2, 1, "y", Style::new().fg(Color::Indexed(208)));
    buf
}

#[test]
fn plain_text_has_no_trailing_blanks_and_wide_characters_once() {
    assert_eq!(text(&buffer()), "a<b日本\n xy\n");
}

#[test]
fn escape_sequences_return_to_the_terminals_own_colours() {
    let expected = "a<b\x1b[0;1;31m日本\x1b[0m \n \x1b[0;38;2;1;2;3;104mx\x1b[0;38;5;208my\x1b[0m     \n";
    assert_eq!(ansi(&buffer()), expected);
}

#[test]
fn a_picture_is_well_formed_and_pins_every_run() {
    let picture = svg(&buffer(), &Theme::plain());
    let mut reader = quick_xml::Reader::from_str(&picture);
    let mut texts = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(tag) if tag.name().as_ref() == "text" => {
                let pinned = tag.attributes().flatten().any(|a| a.key.as_ref() == "textLength");
                texts.push(pinned);
            }
            _ => {}
        }
    }
    assert_eq!(texts, [true, true, true, true]);
    assert!(picture.contains(">a&lt;b</text>"), "{picture}");
    assert!(picture.contains("fill=\"#010203\""));
    assert!(!picture.contains("http://www.w3.org/1999/xlink") && !picture.contains("<script"));
}
