//! A one-line text input: editing keys, a length limit, and whether anything was pasted.
//!
//! It decides nothing about what the text means. `Enter`, `Esc` and `Tab` are not its keys, nor is any key
//! it does not know: those go back to the caller.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use tui_input::{Input, InputRequest};

use super::paint::put;
use crate::theme::{Role, Theme};

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// The text is another one now.
    Changed,
    /// The key was for the input, but the text is the same.
    Same,
    /// Not a key for text.
    Ignored,
}

/// Text being typed.
#[derive(Debug, Clone)]
pub struct LineInput {
    input: Input,
    max: usize,
    typed_only: bool,
    pasted: bool,
    secret: bool,
}

impl LineInput {
    /// An empty input of at most `max` characters.
    pub fn new(max: usize) -> Self {
        Self { input: Input::default(), max, typed_only: false, pasted: false, secret: false }
    }

    /// Refuses pasted text: for confirmations that must be typed.
    #[must_use]
    pub fn typed_only(self) -> Self {
        Self { typed_only: true, ..self }
    }

    /// Draws a sign for every character, as for passwords and one-time codes.
    #[must_use]
    pub fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The text.
    pub fn value(&self) -> &str {
        self.input.value()
    }

    /// Whether someone pasted, also if that was refused. [`LineInput::clear`] forgets it.
    pub fn pasted(&self) -> bool {
        self.pasted
    }

    /// Replaces the text, cut to the limit; the cursor goes to its end.
    pub fn set(&mut self, text: &str) {
        self.input = Input::new(text.chars().take(self.max).collect());
    }

    /// Removes the text.
    pub fn clear(&mut self) {
        self.input.reset();
        self.pasted = false;
    }

    /// Applies a key.
    pub fn key(&mut self, key: KeyEvent) -> Edit {
        if key.kind == KeyEventKind::Release {
            return Edit::Ignored;
        }
        let Some(request) = request(key) else { return Edit::Ignored };
        self.apply(request)
    }

    /// Inserts pasted text on one line: each run of line ends and tabs becomes a space, other control
    /// characters are dropped.
    pub fn paste(&mut self, text: &str) -> Edit {
        self.pasted = true;
        if self.typed_only {
            return Edit::Ignored;
        }
        let mut edit = Edit::Same;
        let mut space = true;
        for c in text.trim_end().chars().take(self.max.saturating_mul(2)) {
            let gap = matches!(c, '\n' | '\r' | '\t');
            if gap && !space {
                self.apply(InputRequest::InsertChar(' '));
            } else if !c.is_control() && self.apply(InputRequest::InsertChar(c)) == Edit::Changed {
                edit = Edit::Changed;
            }
            space = gap;
        }
        edit
    }

    fn apply(&mut self, request: InputRequest) -> Edit {
        let inserts = matches!(request, InputRequest::InsertChar(_) | InputRequest::Yank);
        if inserts && self.value().chars().count() >= self.max {
            return Edit::Same;
        }
        let changed = self.input.handle(request).is_some_and(|change| change.value);
        if self.value().chars().count() > self.max {
            // Only a yank can exceed the limit by itself.
            let kept: String = self.value().chars().take(self.max).collect();
            self.input = std::mem::take(&mut self.input).with_value(kept);
        }
        if changed { Edit::Changed } else { Edit::Same }
    }

    /// Draws the text on the first line of `area`, scrolled so that the cursor is visible.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let style = theme.style(Role::Input);
        let line = Rect { height: 1, ..area };
        buf.set_style(line, style);
        let hidden;
        let shown = if self.secret {
            let sign = if theme.ascii { "*" } else { "•" };
            hidden = Input::new(sign.repeat(self.value().chars().count())).with_cursor(self.input.cursor());
            &hidden
        } else {
            &self.input
        };
        let room = usize::from(area.width);
        let skip = shown.visual_scroll(room.saturating_sub(1));
        let text = skip_cells(shown.value(), skip);
        let used = put(buf, line, line.x, line.y, text, style);
        for x in line.x + used..line.right() {
            put(buf, line, x, line.y, " ", style);
        }
        let at = shown.visual_cursor().saturating_sub(skip).min(room - 1);
        if let Some(cell) = buf.cell_mut((line.x + at as u16, line.y)) {
            cell.set_style(style.add_modifier(Modifier::REVERSED));
        }
    }
}

/// The rest of `text` after its first `skip` cells.
fn skip_cells(text: &str, skip: usize) -> &str {
    use unicode_segmentation::UnicodeSegmentation;
    let mut skipped = 0;
    let mut rest = text.graphemes(true);
    while skipped < skip {
        let Some(grapheme) = rest.next() else { break };
        skipped += crate::text::width(grapheme);
    }
    rest.as_str()
}

/// The editing keys of a shell.
fn request(key: KeyEvent) -> Option<InputRequest> {
    use InputRequest as R;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    Some(match key.code {
        KeyCode::Left if control || alt => R::GoToPrevWord,
        KeyCode::Right if control || alt => R::GoToNextWord,
        KeyCode::Left => R::GoToPrevChar,
        KeyCode::Right => R::GoToNextChar,
        KeyCode::Home => R::GoToStart,
        KeyCode::End => R::GoToEnd,
        KeyCode::Backspace if control || alt => R::DeletePrevWord,
        KeyCode::Backspace => R::DeletePrevChar,
        KeyCode::Delete if control || alt => R::DeleteNextWord,
        KeyCode::Delete => R::DeleteNextChar,
        // Both modifiers together are AltGr on some keyboards and then type a character.
        KeyCode::Char(c) if control && alt => R::InsertChar(c),
        KeyCode::Char(c) if control => match c {
            'a' => R::GoToStart,
            'e' => R::GoToEnd,
            'b' => R::GoToPrevChar,
            'f' => R::GoToNextChar,
            'h' => R::DeletePrevChar,
            'k' => R::DeleteTillEnd,
            'u' => R::DeleteFromStart,
            'w' => R::DeletePrevWord,
            'y' => R::Yank,
            _ => return None,
        },
        KeyCode::Char('b') if alt => R::GoToPrevWord,
        KeyCode::Char('f') if alt => R::GoToNextWord,
        KeyCode::Char('d') if alt => R::DeleteNextWord,
        KeyCode::Char(c) if !alt && !c.is_control() => R::InsertChar(c),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(input: &mut LineInput, text: &str) {
        for c in text.chars() {
            input.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    }

    fn drawn(input: &LineInput, width: u16) -> (String, Option<u16>) {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        input.render(buf.area, &mut buf, &Theme::plain());
        let again = buf.clone();
        input.render(buf.area, &mut buf, &Theme::plain());
        assert_eq!(again, buf);
        let cursor = buf.content().iter().position(|cell| cell.modifier.contains(Modifier::REVERSED));
        let text = buf.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        (text, cursor.map(|x| x as u16))
    }

    #[test]
    fn keys_edit() {
        let none = KeyModifiers::NONE;
        for (keys, want) in [
            (vec![(KeyCode::Backspace, none)], "error rat"),
            (vec![(KeyCode::Char('w'), KeyModifiers::CONTROL)], "error "),
            (vec![(KeyCode::Char('u'), KeyModifiers::CONTROL)], ""),
            (vec![(KeyCode::Home, none), (KeyCode::Delete, none)], "rror rate"),
            (vec![(KeyCode::Home, none), (KeyCode::Char('X'), KeyModifiers::SHIFT)], "Xerror rate"),
            (
                vec![(KeyCode::Left, KeyModifiers::CONTROL), (KeyCode::Char('k'), KeyModifiers::CONTROL)],
                "error ",
            ),
            (vec![(KeyCode::Enter, none), (KeyCode::Esc, none), (KeyCode::Tab, none)], "error rate"),
            (vec![(KeyCode::Char('c'), KeyModifiers::CONTROL)], "error rate"),
            (vec![(KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT)], "error rate@"),
        ] {
            let mut input = LineInput::new(40);
            typed(&mut input, "error rate");
            for (code, modifiers) in &keys {
                input.key(KeyEvent::new(*code, *modifiers));
            }
            assert_eq!(input.value(), want, "{keys:?}");
        }
    }

    #[test]
    fn callers_learn_what_happened() {
        let mut input = LineInput::new(2);
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        assert_eq!(input.key(key(KeyCode::Char('a'))), Edit::Changed);
        assert_eq!(input.key(key(KeyCode::Home)), Edit::Same);
        assert_eq!(input.key(key(KeyCode::Enter)), Edit::Ignored);
        typed(&mut input, "bc");
        assert_eq!(input.value(), "ba", "the limit holds");
        assert_eq!(input.key(key(KeyCode::Char('d'))), Edit::Same);
    }

    #[test]
    fn a_paste_is_one_line_and_remembered() {
        let mut input = LineInput::new(20);
        assert_eq!(input.paste("fields\r\n\t@message\u{1b}\u{7}\n"), Edit::Changed);
        assert_eq!((input.value(), input.pasted()), ("fields @message", true));
        input.paste(&"x".repeat(1_000_000));
        assert_eq!(input.value().len(), 20);
        input.clear();
        assert_eq!((input.value(), input.pasted()), ("", false));

        let mut input = LineInput::new(20).typed_only();
        assert_eq!(input.paste("checkout"), Edit::Ignored);
        assert_eq!((input.value(), input.pasted()), ("", true));
    }

    #[test]
    fn a_yank_respects_the_limit() {
        let mut input = LineInput::new(6);
        typed(&mut input, "abcd");
        for c in ['w', 'y', 'y'] {
            input.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
        }
        assert_eq!(input.value(), "abcdab");
    }

    #[test]
    fn the_cursor_is_always_visible() {
        let mut input = LineInput::new(100);
        input.set("checkout");
        assert_eq!(drawn(&input, 12), ("checkout    ".into(), Some(8)));
        assert_eq!(drawn(&input, 5), ("kout ".into(), Some(4)));
        input.key(KeyEvent::new(KeyCode::Home, KeyModifiers::NONE));
        assert_eq!(drawn(&input, 5), ("check".into(), Some(0)));
        assert_eq!(drawn(&input, 0), (String::new(), None));
        assert_eq!(drawn(&input, 1), ("c".into(), Some(0)));
        input.set("日本語日本語");
        for width in 1..20 {
            assert!(drawn(&input, width).1.is_some(), "{width}");
        }
        let mut code = LineInput::new(6).secret();
        typed(&mut code, "123");
        assert_eq!(drawn(&code, 6), ("•••   ".into(), Some(3)));
    }
}
