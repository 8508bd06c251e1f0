//! A buffer as a self-contained picture: no script, no font file, every run pinned to its columns.
//!
//! Fonts differ in width, so each run says how long it is; a viewer stretches it to fit and nothing drifts.

use super::{ansi_index, rows};
use crate::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// A cell in pixels.
const CELL: (f64, f64) = (8.4, 18.0);
/// Space around the screen.
const PAD: f64 = 12.0;
/// Where the text stands within its row.
const BASELINE: f64 = 13.5;
/// Colours for what a theme leaves to the terminal: calm ones on dark.
const BACKGROUND: Rgb = (0x11, 0x15, 0x1a);
const FOREGROUND: Rgb = (0xd0, 0xd7, 0xde);
const SIXTEEN: [Rgb; 16] = [
    (0x1d, 0x22, 0x29),
    (0xe5, 0x5b, 0x5b),
    (0x5f, 0xb8, 0x6f),
    (0xd9, 0xa8, 0x3f),
    (0x5a, 0x9b, 0xe0),
    (0xb9, 0x7c, 0xd6),
    (0x4f, 0xb5, 0xb8),
    (0xc3, 0xca, 0xd2),
    (0x7d, 0x87, 0x92),
    (0xff, 0x7d, 0x7d),
    (0x82, 0xd9, 0x92),
    (0xf2, 0xc6, 0x5f),
    (0x80, 0xb8, 0xf5),
    (0xd3, 0x9d, 0xee),
    (0x74, 0xd4, 0xd7),
    (0xf3, 0xf6, 0xf9),
];

type Rgb = (u8, u8, u8);

/// The picture, in the theme's colours.
pub fn svg(buffer: &Buffer, theme: &Theme) -> String {
    let ground = theme.background().map_or(BACKGROUND, |color| rgb(color, BACKGROUND));
    let (width, height) = (
        f64::from(buffer.area.width) * CELL.0 + 2.0 * PAD,
        f64::from(buffer.area.height) * CELL.1 + 2.0 * PAD,
    );
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>",
        hex(ground)
    );
    for (row, runs) in rows(buffer).iter().enumerate() {
        let top = PAD + row as f64 * CELL.1;
        for run in runs {
            let (left, wide) = (PAD + f64::from(run.column) * CELL.0, f64::from(run.width) * CELL.0);
            let mut fg = run.style.fg.map_or(FOREGROUND, |color| rgb(color, FOREGROUND));
            let mut bg = run.style.bg.map_or(ground, |color| rgb(color, ground));
            let modifiers = run.style.add_modifier;
            if modifiers.contains(Modifier::REVERSED) {
                std::mem::swap(&mut fg, &mut bg);
            }
            if modifiers.contains(Modifier::DIM) {
                fg = mix(fg, bg);
            }
            if bg != ground {
                let _ = writeln!(
                    out,
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
                    CELL.1,
                    hex(bg)
                );
            }
            if run.text.trim().is_empty() {
                continue;
            }
            let mut extra = String::new();
            for (modifier, attribute) in [
                (Modifier::BOLD, " font-weight=\"bold\""),
                (Modifier::ITALIC, " font-style=\"italic\""),
                (Modifier::UNDERLINED, " text-decoration=\"underline\""),
            ] {
                if modifiers.contains(modifier) {
                    extra.push_str(attribute);
                }
            }
            let _ = writeln!(
                out,
                "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"{}\"{extra}>{}</text>",
                top + BASELINE,
                hex(fg),
                escape(&run.text)
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn mix(a: Rgb, b: Rgb) -> Rgb {
    let half = |a: u8, b: u8| ((u16::from(a) * 3 + u16::from(b) * 2) / 5) as u8;
    (half(a.0, b.0), half(a.1, b.1), half(a.2, b.2))
}

fn rgb(color: Color, own: Rgb) -> Rgb {
    let named = |index: u8| SIXTEEN.get(usize::from(index)).copied().unwrap_or(own);
    match color {
        Color::Reset => own,
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(index @ 0..=15) => named(index),
        Color::Indexed(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        Color::Indexed(index) => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
        named_color => named(ansi_index(named_color)),
    }
}
