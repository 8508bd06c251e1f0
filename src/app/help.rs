//! `?`: the keys that work here, then all of them; made from the action table and the live keymap.

use super::action::{ACTIONS, Action, Info, Scope};
use super::effect::Effect;
use super::msg::Input;
use super::overlay::{Overlay, Reply};
use super::pane::{Command, Ctx};
use crate::theme::Role;
use crate::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::cell::Cell;

/// The help overlay.
#[derive(Default)]
pub struct Help {
    /// The verbs of the screen below.
    here: Vec<Action>,
    scroll: usize,
    /// How far it can scroll, learnt while drawing.
    last: Cell<usize>,
}

impl Help {
    /// Help on a screen with these verbs.
    pub fn new(here: Vec<Action>) -> Self {
        Self { here, ..Self::default() }
    }
}

impl Overlay for Help {
    fn on_input(&mut self, _input: &Input, action: Option<Action>, _ctx: &Ctx) -> Reply {
        let last = self.last.get();
        self.scroll = match action {
            Some(Action::Down) => self.scroll + 1,
            Some(Action::Up) => self.scroll.saturating_sub(1),
            Some(Action::PageDown | Action::HalfDown | Action::Pause) => self.scroll + 10,
            Some(Action::PageUp | Action::HalfUp) => self.scroll.saturating_sub(10),
            Some(Action::Top) => 0,
            Some(Action::Bottom) => last,
            Some(Action::Back | Action::Quit | Action::Help | Action::Cancel) => return Reply::close(),
            _ => self.scroll,
        }
        .min(last);
        Reply::stay()
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        let inner = dialog::frame(area, 76, area.height, " Keys ", " Esc closes ", buf, ctx.theme);
        let lines = self.lines(ctx);
        let last = lines.len().saturating_sub(inner.height as usize);
        self.last.set(last);
        dialog::lines(inner, lines.get(self.scroll.min(last)..).unwrap_or_default(), buf);
    }
}

impl Help {
    /// Help as lines: what works on this screen, then one table for the screen, `man` and the README.
    fn lines(&self, ctx: &Ctx) -> Vec<Line<'static>> {
        let here = self.here.iter().map(|action| action.info()).collect();
        let scopes = [Scope::Move, Scope::Go, Scope::Find, Scope::Read, Scope::Jump, Scope::Do, Scope::More];
        let of = |scope: Scope| ACTIONS.iter().filter(|info| info.scope == scope).collect();
        let all = scopes.into_iter().map(|scope| (scope.title(), of(scope)));
        let parts: Vec<(&str, Vec<&Info>)> = std::iter::once(("Here", here)).chain(all).collect();
        let mut lines = Vec::new();
        for (title, infos) in parts.into_iter().filter(|(_, infos)| !infos.is_empty()) {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::styled(title, ctx.theme.style(Role::Strong)));
            for info in infos.into_iter().filter(|info| !hidden(info.action, ctx)) {
                let keys = ctx.keymap.keys(info.action).join(" ");
                lines.push(Line::from(vec![
                    Span::styled(format!("  {keys:<18}"), ctx.theme.style(Role::Key)),
                    Span::styled(info.doc, ctx.theme.style(Role::Text)),
                ]));
            }
        }
        lines
    }
}

/// Read-only targets do not list the verb.
pub(super) fn hidden(action: Action, ctx: &Ctx) -> bool {
    action.info().danger && ctx.store.all_read_only()
}

/// Asked when quitting while a rollback is being watched.
pub struct QuitQuestion {
    what: String,
}

impl QuitQuestion {
    /// `what` names the rollback in flight.
    pub fn new(what: String) -> Self {
        Self { what }
    }
}

impl Overlay for QuitQuestion {
    fn on_input(&mut self, input: &Input, action: Option<Action>, _ctx: &Ctx) -> Reply {
        let Input::Key(key) = input else { return Reply::stay() };
        match (key.code, action) {
            (crossterm::event::KeyCode::Char('y'), _) => Reply::close_with(Command::Effect(Effect::Quit)),
            (crossterm::event::KeyCode::Char('n'), _) | (_, Some(Action::Back | Action::Quit)) => {
                Reply::close()
            }
            _ => Reply::stay(),
        }
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        let inner = dialog::frame(area, 64, 6, " Quit? ", "", buf, ctx.theme);
        let text = ctx.theme.style(Role::Text);
        dialog::lines(
            inner,
            &[
                Line::styled(self.what.clone(), ctx.theme.style(Role::Warn)),
                Line::styled("AWS carries on without this console; nobody will watch it.", text),
                Line::default(),
                Line::styled("y quits   n stays", ctx.theme.style(Role::Key)),
            ],
            buf,
        );
    }
}
