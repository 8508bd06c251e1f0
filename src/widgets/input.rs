//! One line of typed text: tui-input's editing under Eyewall's own keys and drawing.

use crate::app::Input;
use crate::theme::{Role, Theme};
use crossterm::event::{KeyCode, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_input::InputRequest;

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

    /// A line that shows dots: for codes.
    pub fn masked() -> Self {
        Self { masked: true, ..Self::default() }
    }

    /// What has been typed.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Takes a key or a paste (its control characters dropped).
    pub fn on_input(&mut self, input: &Input) -> InputEvent {
        let key = match input {
            Input::Paste(text) => {
                for c in text.chars().filter(|c| !c.is_control()) {
                    self.insert(c);
                }
                return InputEvent::Changed;
            }
            Input::Key(key) if key.kind != KeyEventKind::Release => key,
            _ => return InputEvent::Ignored,
        };
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let request = match key.code {
            KeyCode::Enter => return InputEvent::Submitted,
            KeyCode::Esc => return InputEvent::Cancelled,
            KeyCode::Char('c') if ctrl => return InputEvent::Cancelled,
            KeyCode::Char('u') if ctrl => InputRequest::DeleteLine,
            KeyCode::Char('w') if ctrl => InputRequest::DeletePrevWord,
            KeyCode::Char('e') if ctrl => InputRequest::GoToEnd,
            KeyCode::Char(_) if ctrl || key.modifiers.contains(KeyModifiers::ALT) => return InputEvent::Ignored,
            KeyCode::Char(c) => {
                self.insert(c);
                return InputEvent::Changed;
            }
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

    fn insert(&mut self, c: char) {
        if self.input.value().chars().count() < MAX_CHARS {
            self.input.handle(InputRequest::InsertChar(c));
        }
    }

    /// Draws label, text and cursor in one row, scrolled so that the cursor is seen.
    pub fn render(&self, area: Rect, label: &str, buf: &mut Buffer, theme: &Theme) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let (x, _) = buf.set_stringn(area.x, area.y, label, area.width as usize, theme.style(Role::Key));
        let room = area.right().saturating_sub(x) as usize;
        if room == 0 {
            return;
        }
        let scroll = self.input.visual_scroll(room.saturating_sub(1));
        let text: String = if self.masked {
            "*".repeat(self.input.value().chars().count())
        } else {
            let mut skipped = 0;
            self.input
                .value()
                .chars()
                .skip_while(|c| {
                    let skip = skipped < scroll;
                    skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
                    skip
                })
                .collect()
        };
        let style = theme.style(Role::Input);
        buf.set_stringn(x, area.y, &text, room, style);
        let cursor = x + (self.input.visual_cursor().saturating_sub(scroll)) as u16;
        if cursor < area.right() {
            let cell = &mut buf[(cursor, area.y)];
            cell.set_style(style.add_modifier(ratatui::style::Modifier::REVERSED));
        }
    }
}
