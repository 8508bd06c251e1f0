//! One line of typed text: tui-input's editing under Eyewall's own keys and drawing.
//!
//! The line knows nothing of what its text means. Pasted text becomes one line; where a paste must be
//! refused, the caller does not hand it over.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use tui_input::InputRequest;
use unicode_segmentation::UnicodeSegmentation;

use super::paint::put;
use crate::app::Input;
use crate::text::width;
use crate::theme::{Role, Theme};

/// Nothing sensible is longer than this.
const MAX_CHARS: usize = 4_096;

/// What a key did to the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputEvent {
    /// The text changed.
    Changed,
    /// Enter.
    Submitted,
    /// Esc.
    Cancelled,
    /// Only the cursor moved, or nothing happened.
    Ignored,
}

/// The line, its cursor and whether it shows what is typed.
#[derive(Debug, Clone, Default)]
pub struct LineInput {
    input: tui_input::Input,
    masked: bool,
}

impl LineInput {
    /// A line that starts with this text, the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self { input: tui_input::Input::new(text.to_owned()), masked: false }
    }

    /// A line that shows a sign for every character: for codes.
    pub fn masked() -> Self {
        Self { masked: true, ..Self::default() }
    }

    /// What has been typed.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Takes a key or a paste.
    pub fn on_input(&mut self, input: &Input) -> InputEvent {
        match input {
            Input::Paste(text) => self.paste(text),
            Input::Key(key) if key.kind != KeyEventKind::Release => self.key(*key),
            _ => InputEvent::Ignored,
        }
    }

    fn key(&mut self, key: KeyEvent) -> InputEvent {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let request = match key.code {
            KeyCode::Enter => return InputEvent::Submitted,
            KeyCode::Esc => return InputEvent::Cancelled,
            // Both modifiers together are AltGr on some keyboards and then type a character.
            KeyCode::Char(c) if ctrl == alt => return self.insert(c),
            KeyCode::Char('c') if ctrl => return InputEvent::Cancelled,
            KeyCode::Char('u') if ctrl => InputRequest::DeleteLine,
            KeyCode::Char('k') if ctrl => InputRequest::DeleteTillEnd,
            KeyCode::Char('w') if ctrl => InputRequest::DeletePrevWord,
            KeyCode::Char('a') if ctrl => InputRequest::GoToStart,
            KeyCode::Char('e') if ctrl => InputRequest::GoToEnd,
            KeyCode::Left if ctrl || alt => InputRequest::GoToPrevWord,
            KeyCode::Right if ctrl || alt => InputRequest::GoToNextWord,
            KeyCode::Backspace => InputRequest::DeletePrevChar,
            KeyCode::Delete => InputRequest::DeleteNextChar,
            KeyCode::Left => InputRequest::GoToPrevChar,
            KeyCode::Right => InputRequest::GoToNextChar,
            KeyCode::Home => InputRequest::GoToStart,
            KeyCode::End => InputRequest::GoToEnd,
            _ => return InputEvent::Ignored,
        };
        match self.input.handle(request) {
            Some(change) if change.value => InputEvent::Changed,
            _ => InputEvent::Ignored,
        }
    }

    /// Pasted text on one line: a run of line ends and tabs becomes a space, other control characters go.
    fn paste(&mut self, text: &str) -> InputEvent {
        let before = self.text().len();
        let mut space = true;
        // Twice the limit is enough to fill the line, and a paste of megabytes ends.
        for c in text.trim_end().chars().take(2 * MAX_CHARS) {
            let gap = matches!(c, '\n' | '\r' | '\t');
            if gap && !space {
                self.insert(' ');
            } else if !c.is_control() {
                self.insert(c);
            }
            space = gap;
        }
        if self.text().len() == before { InputEvent::Ignored } else { InputEvent::Changed }
    }

    fn insert(&mut self, c: char) -> InputEvent {
        if self.text().chars().count() >= MAX_CHARS {
            return InputEvent::Ignored;
        }
        self.input.handle(InputRequest::InsertChar(c));
        InputEvent::Changed
    }

    /// Draws label, text and cursor in one row, scrolled so that the cursor is seen.
    pub fn render(&self, area: Rect, label: &str, buf: &mut Buffer, theme: &Theme) {
        let area = Rect { height: area.height.min(1), ..area }.intersection(buf.area);
        let used = put(buf, area, area.x, area.y, label, theme.style(Role::Key));
        let line = Rect { x: area.x + used, width: area.width - used, ..area };
        if line.is_empty() {
            return;
        }
        let masked;
        let shown = if self.masked {
            let signs = "*".repeat(self.text().chars().count());
            masked = tui_input::Input::new(signs).with_cursor(self.input.cursor());
            &masked
        } else {
            &self.input
        };
        let room = usize::from(line.width);
        let scroll = shown.visual_scroll(room - 1);
        let (skipped, text) = after(shown.value(), scroll);
        let style = theme.style(Role::Input);
        put(buf, line, line.x, line.y, text, style);
        let cursor = shown.visual_cursor().saturating_sub(skipped).min(room - 1);
        if let Some(cell) = buf.cell_mut((line.x + cursor as u16, line.y)) {
            cell.set_style(style.add_modifier(Modifier::REVERSED));
        }
    }
}

/// The rest of a text after at least `skip` cells, and how many cells that were.
fn after(text: &str, skip: usize) -> (usize, &str) {
    let mut rest = text.graphemes(true);
    let mut skipped = 0;
    while skipped < skip {
        let Some(grapheme) = rest.next() else { break };
        skipped += width(grapheme);
    }
    (skipped, rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: KeyModifiers = KeyModifiers::NONE;
    const CTRL: KeyModifiers = KeyModifiers::CONTROL;

    fn press(line: &mut LineInput, code: KeyCode, modifiers: KeyModifiers) -> InputEvent {
        line.on_input(&Input::Key(KeyEvent::new(code, modifiers)))
    }

    fn drawn(line: &LineInput, label: &str, width: u16) -> (String, Option<usize>) {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        line.render(buf.area, label, &mut buf, &Theme::plain());
        let once = buf.clone();
        line.render(buf.area, label, &mut buf, &Theme::plain());
        assert_eq!(once, buf, "drawing twice gives the same buffer");
        let cursor = buf.content().iter().position(|cell| cell.modifier.contains(Modifier::REVERSED));
        (buf.content().iter().map(ratatui::buffer::Cell::symbol).collect(), cursor)
    }

    #[test]
    fn keys_edit() {
        use InputEvent::{Cancelled, Changed, Ignored, Submitted};
        for (keys, event, want) in [
            (vec![(KeyCode::Backspace, NONE)], Changed, "error rat"),
            (vec![(KeyCode::Char('w'), CTRL)], Changed, "error "),
            (vec![(KeyCode::Char('u'), CTRL)], Changed, ""),
            (vec![(KeyCode::Home, NONE), (KeyCode::Delete, NONE)], Changed, "rror rate"),
            (vec![(KeyCode::Home, NONE), (KeyCode::Char('X'), KeyModifiers::SHIFT)], Changed, "Xerror rate"),
            (vec![(KeyCode::Left, CTRL), (KeyCode::Char('k'), CTRL)], Changed, "error "),
            (vec![(KeyCode::Char('@'), CTRL | KeyModifiers::ALT)], Changed, "error rate@"),
            (vec![(KeyCode::Left, NONE)], Ignored, "error rate"),
            (vec![(KeyCode::Char('x'), KeyModifiers::ALT)], Ignored, "error rate"),
            (vec![(KeyCode::Enter, NONE)], Submitted, "error rate"),
            (vec![(KeyCode::Char('c'), CTRL)], Cancelled, "error rate"),
        ] {
            let mut line = LineInput::new("error rate");
            let last = keys.iter().map(|(code, modifiers)| press(&mut line, *code, *modifiers)).last();
            assert_eq!((last, line.text()), (Some(event), want), "{keys:?}");
        }
    }

    #[test]
    fn a_paste_is_one_line_and_ends() {
        let paste = |text: &str| {
            let mut line = LineInput::default();
            let event = line.on_input(&Input::Paste(text.to_owned()));
            (event, line.text().to_owned())
        };
        let changed = |text: &str| (InputEvent::Changed, text.to_owned());
        assert_eq!(paste("fields\r\n\t@message\u{1b}\u{7}\n"), changed("fields @message"));
        assert_eq!(paste("\u{1b}\n"), (InputEvent::Ignored, String::new()));
        assert_eq!(paste(&"x".repeat(1_000_000)), changed(&"x".repeat(MAX_CHARS)));
    }

    #[test]
    fn the_cursor_is_always_visible() {
        let mut line = LineInput::new("checkout");
        for (label, width, want) in [
            ("", 12, ("checkout    ", Some(8))),
            ("> ", 12, ("> checkout  ", Some(10))),
            ("", 5, ("kout ", Some(4))),
            ("> ", 2, ("> ", None)),
            ("", 0, ("", None)),
        ] {
            let (text, cursor) = drawn(&line, label, width);
            assert_eq!((text.as_str(), cursor), want, "{label:?} {width}");
        }
        press(&mut line, KeyCode::Home, NONE);
        assert_eq!(drawn(&line, "", 5), ("check".to_owned(), Some(0)));
        for width in 1..20 {
            assert!(drawn(&LineInput::new("日本語日本語"), "", width).1.is_some(), "{width}");
        }
    }

    #[test]
    fn a_masked_line_shows_no_character_of_it() {
        let mut line = LineInput::masked();
        for c in "日12".chars() {
            press(&mut line, KeyCode::Char(c), NONE);
        }
        assert_eq!(drawn(&line, "code ", 10), ("code ***  ".to_owned(), Some(8)));
        assert_eq!(drawn(&line, "", 3), ("** ".to_owned(), Some(2)));
    }
}
