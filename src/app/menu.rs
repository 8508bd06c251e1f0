//! `a`: what can be done here, as a list; and text that could not be copied, bare, to be selected.

use super::action::Action;
use super::msg::Input;
use super::overlay::{Overlay, Reply};
use super::pane::{Command, Ctx};
use crate::theme::Role;
use crate::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The verbs that mean something on this screen.
pub struct Menu {
    actions: Vec<Action>,
    cursor: usize,
}

impl Menu {
    /// A menu of these verbs.
    pub fn new(actions: Vec<Action>) -> Self {
        Self { actions, cursor: 0 }
    }
}

impl Overlay for Menu {
    fn on_input(&mut self, _input: &Input, action: Option<Action>, _ctx: &Ctx) -> Reply {
        match action {
            Some(Action::Down) => self.cursor = (self.cursor + 1).min(self.actions.len().saturating_sub(1)),
            Some(Action::Up) => self.cursor = self.cursor.saturating_sub(1),
            Some(Action::Open) => {
                return match self.actions.get(self.cursor) {
                    Some(action) => Reply::close_with(Command::Act(*action)),
                    None => Reply::close(),
                };
            }
            Some(Action::Back | Action::Quit | Action::Actions | Action::Cancel) => return Reply::close(),
            // The key of a verb works in its menu, too.
            Some(action) if self.actions.contains(&action) => {
                return Reply::close_with(Command::Act(action));
            }
            _ => {}
        }
        Reply::stay()
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        let theme = ctx.theme;
        let height = self.actions.len() as u16 + 2;
        let inner = dialog::frame(area, 66, height, " What can be done here ", " Enter does it ", buf, theme);
        let first = self.cursor.saturating_sub((inner.height as usize).saturating_sub(1));
        let lines: Vec<Line> = self
            .actions
            .iter()
            .enumerate()
            .skip(first)
            .map(|(row, action)| {
                let chosen = row == self.cursor;
                let style = theme.style(if chosen { Role::Selected } else { Role::Text });
                Line::from(vec![
                    Span::styled(if chosen { theme.glyphs().focus } else { " " }, theme.style(Role::Accent)),
                    Span::styled(format!("{:<10}", ctx.keymap.key(*action)), theme.style(Role::Key)),
                    Span::styled(action.info().doc, style),
                ])
            })
            .collect();
        dialog::lines(inner, &lines, buf);
    }
}

/// Text without any decoration, for the terminal's own selection.
pub struct BareText {
    why: String,
    text: String,
}

impl BareText {
    /// The text, and why it stands here.
    pub fn new(why: String, text: String) -> Self {
        Self { why, text }
    }
}

impl Overlay for BareText {
    fn on_input(&mut self, input: &Input, _action: Option<Action>, _ctx: &Ctx) -> Reply {
        if matches!(input, Input::Key(_)) { Reply::close() } else { Reply::stay() }
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        use ratatui::widgets::{Clear, Paragraph, Widget, Wrap};
        Clear.render(area, buf);
        let [head, body] = dialog::split_top(area, 2);
        let why = format!("{} · any key closes · select the text below", self.why);
        dialog::lines(head, &[Line::styled(why, ctx.theme.style(Role::Dim))], buf);
        Paragraph::new(self.text.as_str()).wrap(Wrap { trim: false }).render(body, buf);
    }
}
