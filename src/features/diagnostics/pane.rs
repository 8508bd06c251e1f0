//! The Diagnostics screen: verbs to state. Drawing is in `view.rs`.

use crate::app::pane::{Badge, Command, Ctx, Pane, Tone};
use crate::app::{Action, Effect, PollPlan};
use crate::features::{ErrorEntry, Link};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use tui_logger::{TuiWidgetEvent, TuiWidgetState};

/// Which part of the screen is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Panel {
    /// What is polled and how it goes.
    #[default]
    Pollers,
    /// Failed calls, newest first.
    Errors,
    /// Requests and dollars by operation.
    Cost,
    /// The program's own log.
    Log,
}

impl Panel {
    pub(super) const ALL: [Self; 4] = [Self::Pollers, Self::Errors, Self::Cost, Self::Log];

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|panel| *panel == self).unwrap_or_default();
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or_default()
    }
}

/// State of the screen.
#[derive(Default)]
pub struct DiagnosticsPane {
    pub(super) panel: Panel,
    /// The row with the cursor, of the panel shown.
    pub(super) row: usize,
    pub(super) top: Cell<usize>,
    /// Where the log is scrolled to: tui-logger's own.
    pub(super) log: TuiWidgetState,
}

/// Failed calls as listed.
pub(super) fn errors<'a>(ctx: &Ctx<'a>) -> impl ExactSizeIterator<Item = &'a ErrorEntry> {
    let store = ctx.store;
    store.errors.list.iter().rev()
}

impl DiagnosticsPane {
    fn show(&mut self, panel: Panel) {
        self.panel = panel;
        self.row = 0;
        self.top.set(0);
    }

    fn rows(&self, ctx: &Ctx) -> usize {
        match self.panel {
            Panel::Pollers => ctx.store.polls.len(),
            Panel::Errors => ctx.store.errors.list.len(),
            Panel::Cost => ctx.store.usage.values().map(|usage| usage.by_operation.len()).sum(),
            Panel::Log => 0,
        }
    }

    fn scroll_log(&self, action: Action) -> bool {
        let event = match action {
            Action::Up | Action::HalfUp | Action::PageUp => TuiWidgetEvent::PrevPageKey,
            Action::Down | Action::HalfDown | Action::PageDown => TuiWidgetEvent::NextPageKey,
            Action::Bottom | Action::Follow => TuiWidgetEvent::EscapeKey,
            _ => return false,
        };
        self.log.transition(event);
        true
    }

    fn moved(&self, action: Action, rows: usize) -> Option<usize> {
        let to = match action {
            Action::Down => self.row + 1,
            Action::Up => self.row.saturating_sub(1),
            Action::HalfDown | Action::PageDown => self.row + 10,
            Action::HalfUp | Action::PageUp => self.row.saturating_sub(10),
            Action::Top => 0,
            Action::Bottom => rows,
            _ => return None,
        };
        Some(to.min(rows.saturating_sub(1)))
    }
}

impl Pane for DiagnosticsPane {
    fn name(&self) -> &'static str {
        "diagnostics"
    }

    fn title(&self) -> &'static str {
        "Diagnostics"
    }

    fn badge(&self, ctx: &Ctx) -> Option<Badge> {
        let failing =
            ctx.store.polls.iter().filter(|(key, poll)| {
                ctx.targets().any(|target| *target == key.target) && poll.error.is_some()
            });
        let count = failing.count();
        (count > 0).then_some(Badge { tone: Tone::Warn, count })
    }

    fn wants(&self, _visible: bool, _ctx: &Ctx, _plan: &mut PollPlan) {}

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        match action {
            Action::NextPanel => self.show(self.panel.step(1)),
            Action::PrevPanel => self.show(self.panel.step(Panel::ALL.len() - 1)),
            Action::Copy if self.panel == Panel::Errors => {
                let entry = errors(ctx).nth(self.row)?;
                let id = entry.error.request_id.as_deref().unwrap_or("no request id");
                let text = format!("{} (request id {id})", entry.error);
                return Some(vec![Command::Effect(Effect::Copy(text))]);
            }
            _ if self.panel == Panel::Log => return self.scroll_log(action).then(Vec::new),
            _ => self.row = self.moved(action, self.rows(ctx))?,
        }
        Some(Vec::new())
    }

    fn open(&mut self, link: &Link, _ctx: &Ctx) -> bool {
        let Link::Diagnostics { panel } = link else { return false };
        self.show(*panel);
        true
    }

    fn here(&self) -> Link {
        Link::Diagnostics { panel: self.panel }
    }

    fn hints(&self, _ctx: &Ctx) -> Vec<Action> {
        let mut hints = vec![Action::NextPanel];
        if self.panel == Panel::Errors {
            hints.push(Action::Copy);
        }
        hints
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        super::view::render(self, area, buf, ctx);
    }
}
