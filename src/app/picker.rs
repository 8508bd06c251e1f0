//! Choosing several of many by fuzzy search: targets here, log groups in Logs.

use super::action::Action;
use super::msg::Input;
use super::overlay::{Overlay, Reply};
use super::palette::fuzzy;
use super::pane::{Command, Ctx, Tone};
use crate::aws::TargetId;
use crate::features::Store;
use crate::theme::{Role, Theme};
use crate::widgets::dialog;
use crate::widgets::input::{InputEvent, LineInput};
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::collections::BTreeSet;

/// What a picker says about its input.
pub enum Picked {
    /// Go on.
    Open,
    /// Left without choosing.
    Cancelled,
    /// These were chosen: the marked ones, or the one under the cursor.
    Chosen(Vec<String>),
}

/// A fuzzy list with marks. The owner draws it inside an overlay and knows what the items are.
pub struct Picker {
    input: LineInput,
    items: Vec<(String, String)>,
    marked: BTreeSet<String>,
    hits: Vec<usize>,
    cursor: usize,
}

impl Picker {
    /// Items as name and hint; `marked` are chosen already.
    pub fn new(items: Vec<(String, String)>, marked: impl IntoIterator<Item = String>) -> Self {
        let mut picker = Self {
            input: LineInput::new(""),
            items: Vec::new(),
            marked: marked.into_iter().collect(),
            hits: Vec::new(),
            cursor: 0,
        };
        picker.set_items(items);
        picker
    }

    /// New items, for example when another page has been read; marks and text stay.
    pub fn set_items(&mut self, items: Vec<(String, String)>) {
        self.items = items;
        self.hits = fuzzy(self.input.text(), self.items.iter().map(|(name, _)| name.clone()));
        self.cursor = self.cursor.min(self.hits.len().saturating_sub(1));
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is nothing to choose from.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Space or Tab marks, Enter chooses, Esc leaves, everything else is text.
    pub fn on_input(&mut self, input: &Input) -> Picked {
        let last = self.hits.len().saturating_sub(1);
        if let Input::Key(key) = input {
            match key.code {
                KeyCode::Down => self.cursor = (self.cursor + 1).min(last),
                KeyCode::Up => self.cursor = self.cursor.saturating_sub(1),
                KeyCode::PageDown => self.cursor = (self.cursor + 10).min(last),
                KeyCode::PageUp => self.cursor = self.cursor.saturating_sub(10),
                KeyCode::Tab | KeyCode::Char(' ') => {
                    if let Some(name) = self.under_cursor() {
                        if !self.marked.remove(&name) {
                            self.marked.insert(name);
                        }
                        self.cursor = (self.cursor + 1).min(last);
                    }
                }
                _ => return self.on_text(input),
            }
            return Picked::Open;
        }
        self.on_text(input)
    }

    fn on_text(&mut self, input: &Input) -> Picked {
        match self.input.on_input(input) {
            InputEvent::Changed => {
                self.hits = fuzzy(self.input.text(), self.items.iter().map(|(name, _)| name.clone()));
                self.cursor = 0;
            }
            InputEvent::Cancelled => return Picked::Cancelled,
            InputEvent::Submitted => {
                if self.marked.is_empty() {
                    return Picked::Chosen(self.under_cursor().into_iter().collect());
                }
                return Picked::Chosen(self.marked.iter().cloned().collect());
            }
            InputEvent::Ignored => {}
        }
        Picked::Open
    }

    fn under_cursor(&self) -> Option<String> {
        let index = self.hits.get(self.cursor)?;
        self.items.get(*index).map(|(name, _)| name.clone())
    }

    /// Draws the text line and the list.
    pub fn render(&self, area: Rect, empty: &str, buf: &mut Buffer, theme: &Theme) {
        let [line, list] = dialog::split_top(area, 1);
        self.input.render(line, "> ", buf, theme);
        let rows = list.height as usize;
        let first = self.cursor.saturating_sub(rows.saturating_sub(1));
        let mut lines = Vec::new();
        for (row, index) in self.hits.iter().enumerate().skip(first).take(rows) {
            let Some((name, hint)) = self.items.get(*index) else { continue };
            let chosen = row == self.cursor;
            let mark = if self.marked.contains(name) { "[x] " } else { "[ ] " };
            let style = theme.style(if chosen { Role::Selected } else { Role::Text });
            lines.push(Line::from(vec![
                Span::styled(if chosen { theme.glyphs().focus } else { " " }, theme.style(Role::Accent)),
                Span::styled(mark, theme.style(Role::Key)),
                Span::styled(name.clone(), style),
                Span::styled(format!("  {hint}"), theme.style(Role::Dim)),
            ]));
        }
        if lines.is_empty() {
            lines.push(Line::styled(format!(" {empty}"), theme.style(Role::Dim)));
        }
        dialog::lines(list, &lines, buf);
    }
}

/// `p`: which targets are on.
pub struct TargetPicker {
    picker: Picker,
}

impl TargetPicker {
    /// All targets, the active ones marked.
    pub fn new(store: &Store) -> Self {
        let items = store.targets.keys().map(|id| (id.to_string(), store.describe(id))).collect();
        Self { picker: Picker::new(items, store.active().map(ToString::to_string)) }
    }
}

impl Overlay for TargetPicker {
    fn on_input(&mut self, input: &Input, _action: Option<Action>, _ctx: &Ctx) -> Reply {
        match self.picker.on_input(input) {
            Picked::Open => Reply::stay(),
            Picked::Cancelled => Reply::close(),
            Picked::Chosen(names) if names.is_empty() => {
                Reply::close_with(Command::Notify(Tone::Info, "no target chosen".into()))
            }
            Picked::Chosen(names) => {
                Reply::close_with(Command::Targets(names.iter().map(|name| TargetId::new(name)).collect()))
            }
        }
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        let hint = " Space marks  Enter takes  Esc closes ";
        let inner = dialog::frame(area, 76, area.height.min(18), " Targets ", hint, buf, ctx.theme);
        self.picker.render(inner, "no targets", buf, ctx.theme);
    }
}
