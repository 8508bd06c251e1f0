//! The Alarms screen: verbs to state, wants and links. Drawing is in `view.rs`.

use super::model::{Alarm, AlarmState};
use crate::app::pane::{Badge, Command, Ctx, Edit, EditEvent, Pane, Tone};
use crate::app::{Action, Cadence, Effect, Level, PollPlan, Window};
use crate::aws::TargetId;
use crate::features::{Link, Query};
use crate::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Firing first, newest first.
    #[default]
    State,
    /// By name.
    Name,
}

/// One alarm of one target: what the cursor stands on.
pub type Key = (TargetId, String);

/// State of the screen.
#[derive(Default)]
pub struct AlarmsPane {
    /// The cursor stays on the alarm, not on the row number.
    pub(super) cursor: Cursor<Key>,
    /// The alarm whose detail is open.
    pub(super) open: Option<Key>,
    pub(super) filter: String,
    pub(super) all: bool,
    pub(super) order: Order,
    /// Crosshair as minutes back from the newest point; `None` when off.
    pub(super) crosshair: Option<usize>,
    pub(super) history_top: usize,
    pub(super) list_top: Cell<usize>,
}

impl AlarmsPane {
    /// The rows as shown: filtered and ordered.
    pub(super) fn rows<'a>(&self, ctx: &Ctx<'a>) -> Vec<(&'a TargetId, &'a Alarm)> {
        let store = ctx.store;
        let needle = self.filter.to_lowercase();
        let lists = store.active_targets().filter_map(|(id, target)| Some((id, target.alarms.as_ref()?)));
        let mut rows: Vec<(&TargetId, &Alarm)> = lists
            .flat_map(|(id, list)| list.alarms.iter().map(move |alarm| (id, alarm.as_ref())))
            .filter(|(_, alarm)| self.all || !needle.is_empty() || alarm.state != AlarmState::Ok)
            .filter(|(_, alarm)| needle.is_empty() || alarm.name.to_lowercase().contains(&needle))
            .collect();
        match self.order {
            Order::Name => rows.sort_by(|a, b| a.1.name.cmp(&b.1.name)),
            Order::State => rows.sort_by_cached_key(|(_, alarm)| rank(alarm, ctx)),
        }
        rows
    }

    /// The row of the cursor among these.
    pub(super) fn row_of_cursor(&self, rows: &[(&TargetId, &Alarm)]) -> Option<usize> {
        self.cursor.index_by(rows.len(), |on| position(rows, on))
    }

    /// The opened alarm, if it still exists.
    pub(super) fn opened<'a>(&self, ctx: &Ctx<'a>) -> Option<(&'a TargetId, &'a Alarm)> {
        let (target, name) = self.open.as_ref()?;
        let store = ctx.store;
        let (id, target) = store.targets.get_key_value(target)?;
        Some((id, target.alarms.as_ref()?.get(name)?))
    }

    fn selected<'a>(&self, ctx: &Ctx<'a>) -> Option<(&'a TargetId, &'a Alarm)> {
        if self.open.is_some() {
            return self.opened(ctx);
        }
        let rows = self.rows(ctx);
        self.row_of_cursor(&rows).and_then(|index| rows.get(index).copied())
    }

    fn on_detail(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        match action {
            Action::Back | Action::Quit => {
                self.open = None;
                self.crosshair = None;
                // The window was pinned for this alarm: give the live one back.
                return Some(vec![Command::Act(Action::Live)]);
            }
            Action::Down => self.history_top += 1,
            Action::Up => self.history_top = self.history_top.saturating_sub(1),
            Action::Left => self.crosshair = Some(self.crosshair.map_or(1, |back| back + 1)),
            Action::Right => self.crosshair = self.crosshair.and_then(|back| back.checked_sub(1)),
            _ => return self.on_both(action, ctx),
        }
        Some(Vec::new())
    }

    fn on_list(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let rows = self.rows(ctx);
        let name = |row: usize| rows.get(row).map(|(id, alarm)| key(id, alarm));
        if self.cursor.on_action_by(action, rows.len(), |on| position(&rows, on), name) {
            return Some(Vec::new());
        }
        match action {
            Action::Open => {
                let Some((id, alarm)) = self.selected(ctx) else { return Some(Vec::new()) };
                self.open = Some(key(id, alarm));
                self.history_top = 0;
                let pin = alarm.first_breach.filter(|_| alarm.firing() && !alarm.chronic(ctx.now));
                return Some(pin.map(|at| Command::Window(Window::pinned_before(at))).into_iter().collect());
            }
            Action::Find => {
                return Some(vec![Command::Edit(Edit {
                    purpose: "filter",
                    label: "/".into(),
                    initial: self.filter.clone(),
                })]);
            }
            Action::ShowAll => self.all = !self.all,
            Action::Sort => {
                self.order = if self.order == Order::State { Order::Name } else { Order::State };
            }
            Action::Back if !self.filter.is_empty() => self.filter.clear(),
            _ => return self.on_both(action, ctx),
        }
        Some(Vec::new())
    }

    /// Verbs on the alarm under the cursor, opened or not.
    fn on_both(&self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let about = [Action::Logs, Action::Traces, Action::Changes, Action::Board, Action::Rollback];
        let selected = self.selected(ctx);
        if !about.contains(&action) && !matches!(action, Action::Copy | Action::Url) {
            return None;
        }
        let Some((id, alarm)) = selected else { return Some(Vec::new()) };
        Some(match action {
            Action::Copy => vec![Command::Effect(Effect::Copy(alarm.arn.clone()))],
            Action::Url => crate::features::console_command(
                ctx,
                id,
                &crate::aws::console::ConsoleLink::Alarm(&alarm.name),
            ),
            _ => crate::features::jump_from_alarm(action, id, alarm, ctx),
        })
    }
}

/// Firing and counted first, then firing, then insufficient data; newest first within one.
fn rank(alarm: &Alarm, ctx: &Ctx) -> (u8, std::cmp::Reverse<Option<jiff::Timestamp>>) {
    let class = match &alarm.state {
        AlarmState::Alarm if alarm.counts(ctx.now) => 0,
        AlarmState::Alarm => 1,
        AlarmState::Other(_) => 2,
        AlarmState::InsufficientData => 3,
        AlarmState::Ok => 4,
    };
    (class, std::cmp::Reverse(alarm.since))
}

/// Where an alarm is among thousands, compared where they are.
fn position(rows: &[(&TargetId, &Alarm)], (target, name): &Key) -> Option<usize> {
    rows.iter().position(|(id, alarm)| alarm.name == *name && *id == target)
}

fn key(id: &TargetId, alarm: &Alarm) -> Key {
    (id.clone(), alarm.name.clone())
}

impl Pane for AlarmsPane {
    fn name(&self) -> &'static str {
        "alarms"
    }

    fn title(&self) -> &'static str {
        "Alarms"
    }

    fn badge(&self, ctx: &Ctx) -> Option<Badge> {
        let lists = ctx.store.active_targets().filter_map(|(_, target)| target.alarms.as_ref());
        let count = lists.flat_map(|list| &list.alarms).filter(|alarm| alarm.counts(ctx.now)).count();
        (count > 0).then_some(Badge { tone: Tone::Bad, count })
    }

    fn wants(&self, visible: bool, ctx: &Ctx, plan: &mut PollPlan) {
        let level = if visible { Level::Visible } else { Level::Background };
        for target in ctx.targets() {
            plan.want(target, level, Cadence::secs(30), Query::Alarms);
        }
        if let (true, Some((id, alarm))) = (visible, self.opened(ctx)) {
            let cadence = match ctx.window {
                Window::Frozen { .. } => Cadence::Once,
                _ => Cadence::secs(60),
            };
            plan.want(
                id,
                Level::Visible,
                cadence,
                Query::AlarmDetail(alarm.detail_query(ctx.window, ctx.now)),
            );
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.open.is_some() { self.on_detail(action, ctx) } else { self.on_list(action, ctx) }
    }

    fn on_edit(&mut self, _purpose: &str, event: EditEvent, _ctx: &Ctx) -> Vec<Command> {
        match event {
            EditEvent::Changed(text) | EditEvent::Submitted(text) => text.clone_into(&mut self.filter),
            EditEvent::Cancelled => self.filter.clear(),
        }
        Vec::new()
    }

    fn open(&mut self, link: &Link, _ctx: &Ctx) -> bool {
        let Link::Alarms { alarm, open } = link else { return false };
        if let Some(alarm) = alarm {
            self.cursor.set(alarm.clone());
        }
        self.open = alarm.clone().filter(|_| *open);
        self.history_top = 0;
        self.crosshair = None;
        true
    }

    fn here(&self) -> Link {
        Link::Alarms {
            alarm: self.open.clone().or_else(|| self.cursor.key().cloned()),
            open: self.open.is_some(),
        }
    }

    fn hints(&self, _ctx: &Ctx) -> Vec<Action> {
        if self.open.is_some() {
            return vec![
                Action::Back,
                Action::Logs,
                Action::Traces,
                Action::Changes,
                Action::Rollback,
                Action::Left,
                Action::ZoomIn,
                Action::Copy,
                Action::Url,
            ];
        }
        vec![
            Action::Open,
            Action::Logs,
            Action::Traces,
            Action::Changes,
            Action::Rollback,
            Action::Find,
            Action::ShowAll,
            Action::Board,
            Action::Sort,
            Action::Copy,
            Action::Url,
        ]
    }

    fn export(&self, ctx: &Ctx) -> Option<String> {
        let rows: Vec<&Alarm> = self.rows(ctx).into_iter().map(|(_, alarm)| alarm).collect();
        serde_json::to_string_pretty(&rows).ok()
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        super::view::render(self, area, buf, ctx);
    }
}
