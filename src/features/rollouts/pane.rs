//! The Rollouts screen: verbs to state, wants and links. Drawing is in `view.rs`, the rollback in `dialog.rs`.

use super::autopsy::Autopsy;
use super::comparing::{metrics_query_again, want_verdicts};
use super::model::{Rollout, RolloutName};
use super::tone::trouble;
use super::wire::{DetailQuery, RolloutList, RolloutsQuery, ServiceSummary};
use super::{dialog, followed};
use crate::app::pane::{Badge, Command, Ctx, Edit, EditEvent, Pane, Tone};
use crate::app::{Action, Cadence, Effect, Level, PollPlan};
use crate::aws::TargetId;
use crate::features::{Link, Query, changes, discovery};
use crate::widgets::list::Cursor;
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::cmp::Reverse;

/// What the cursor stands on: a deployment of a service, or the service at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Whose.
    pub target: TargetId,
    /// Which service.
    pub name: RolloutName,
    /// Which deployment; `None` for whatever the service is doing.
    pub deployment: Option<String>,
}

/// A row of the list.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) target: &'a TargetId,
    pub(super) name: &'a RolloutName,
    /// In flight or ended; `None` for a service at rest.
    pub(super) shift: Option<&'a Rollout>,
    pub(super) service: Option<&'a ServiceSummary>,
}

impl<'a> Row<'a> {
    pub(super) fn key(&self) -> Key {
        Key {
            target: self.target.clone(),
            name: self.name.clone(),
            deployment: self.shift.map(|shift| shift.deployment.clone()),
        }
    }

    /// What it is about: the service or alias, also where CodeDeploy moves it.
    pub(super) fn thing(&self) -> &'a RolloutName {
        self.shift.map_or(self.name, Rollout::thing)
    }

    /// In flight, ended, at rest.
    fn class(&self) -> u8 {
        self.shift.map_or(2, |shift| u8::from(!shift.in_progress()))
    }

    /// How bad it is while it can still be stopped; what has ended is told by when.
    fn trouble(&self, ctx: &Ctx) -> Tone {
        let data = ctx.store.target(self.target);
        let moving = self.shift.filter(|shift| shift.in_progress());
        moving.zip(data).map_or(Tone::Ok, |(shift, data)| trouble(shift, data))
    }
}

/// State of the screen.
#[derive(Default)]
pub struct RolloutsPane {
    /// The cursor stays on the shift, not on the row number.
    pub(super) cursor: Cursor<Key>,
    pub(super) open: Option<Key>,
    /// When it was opened: a rollback that is sent after that is followed to its own deployment.
    opened_at: Option<Timestamp>,
    pub(super) filter: String,
    /// Services at rest are listed too.
    pub(super) all: bool,
    /// The stopped tasks of the opened shift are shown instead of everything else about it.
    pub(super) autopsy: bool,
    /// Which of the stopped tasks is shown in full.
    pub(super) dead_task: usize,
    /// First line of an opened shift's events or of what is said of a stopped task.
    pub(super) event_top: usize,
    /// Viewport memory: how far these can be scrolled.
    pub(super) event_most: Cell<usize>,
    pub(super) list_top: Cell<usize>,
}

impl RolloutsPane {
    /// The rows as shown: shifts in flight, those in trouble first, then those that ended within a day, then
    /// services at rest; of the same kind the newest first.
    pub(super) fn rows<'a>(&self, ctx: &Ctx<'a>) -> Vec<Row<'a>> {
        let store = ctx.store;
        let needle = self.filter.to_lowercase();
        let mut rows = Vec::new();
        for (target, data) in store.active_targets() {
            let Some(list) = &data.rollouts else { continue };
            let service_of = |name: &RolloutName| {
                list.services
                    .binary_search_by(|it| it.name.cmp(name))
                    .ok()
                    .and_then(|it| list.services.get(it))
            };
            rows.extend(list.shifts.iter().chain(list.recent.iter()).map(|shift| Row {
                target,
                name: &shift.name,
                shift: Some(shift),
                service: service_of(&shift.name),
            }));
            if self.all || !needle.is_empty() {
                let at_rest = list.services.iter().filter(|service| list.shift_of(&service.name).is_none());
                rows.extend(at_rest.map(|service| Row {
                    target,
                    name: &service.name,
                    shift: None,
                    service: Some(service),
                }));
            }
        }
        let has = |name: &RolloutName| name.full().to_lowercase().contains(&needle);
        rows.retain(|row| needle.is_empty() || has(row.name) || has(row.thing()));
        rows.sort_by_cached_key(|row| {
            let newest = row.shift.and_then(|it| it.finished_at.or(it.started_at));
            (row.class(), Reverse(row.trouble(ctx)), Reverse(newest), row.name)
        });
        rows
    }

    /// The opened shift or service, if it is still there.
    pub(super) fn opened<'a>(&self, ctx: &Ctx<'a>) -> Option<Row<'a>> {
        let key = self.open.as_ref()?;
        let store = ctx.store;
        let (target, data) = store.targets.get_key_value(&key.target)?;
        let list = data.rollouts.as_ref()?;
        let history = data.rollout_detail.as_ref().map(|it| it.history.as_slice()).unwrap_or_default();
        let mut known = list.shifts.iter().chain(list.recent.iter()).chain(history);
        let shift = match &key.deployment {
            Some(deployment) => self
                .follows(deployment, &key.target, list, ctx)
                .or_else(|| known.find(|shift| shift.deployment == *deployment))
                // Something newer took its place.
                .or_else(|| list.shift_of(&key.name)),
            None => list.shift_of(&key.name),
        };
        let service = list.services.iter().find(|service| service.name == key.name);
        let name = shift.map(|it| &it.name).or(service.map(|it| &it.name))?;
        Some(Row { target, name, shift, service })
    }

    /// The deployment that is the rollback of the opened one, sent since that was opened.
    fn follows<'a>(
        &self,
        opened: &str,
        target: &TargetId,
        list: &'a RolloutList,
        ctx: &Ctx,
    ) -> Option<&'a Rollout> {
        let since = self.opened_at?;
        let flights = ctx.store.rollbacks.flights.iter();
        let of_it = flights.filter(|it| it.sent_at >= since && it.plan.guard.deployment == opened);
        let mut shifts = list.shifts.iter().chain(list.recent.iter());
        // Most have none, and then nothing is looked through.
        of_it.last().and_then(|watch| shifts.find(|shift| followed::is_sent(watch, target, shift)))
    }

    fn selected<'a>(&self, ctx: &Ctx<'a>) -> Option<Row<'a>> {
        if self.open.is_some() {
            return self.opened(ctx);
        }
        let rows = self.rows(ctx);
        let keys: Vec<Key> = rows.iter().map(Row::key).collect();
        self.cursor.index(&keys).and_then(|index| rows.get(index).copied())
    }

    /// The stopped tasks of the opened shift's new side, once there are any.
    pub(super) fn dead<'a>(&self, ctx: &Ctx<'a>) -> Option<(&'a Rollout, &'a Autopsy)> {
        let row = self.opened(ctx)?;
        let detail = ctx.store.target(row.target)?.rollout_detail.as_ref()?;
        let (definition, found) = detail.stopped.as_ref().filter(|_| detail.name == *row.name)?;
        let shift = row.shift.filter(|shift| shift.new.task_definition.as_ref() == Some(definition))?;
        let autopsy = found.as_ref().ok().filter(|autopsy| !autopsy.tasks.is_empty())?;
        Some((shift, autopsy))
    }

    /// Scrolls the events, or what is said of a stopped task, no further than there is something to see.
    fn scroll(&mut self, down: bool, lines: usize) {
        let top = self.event_top.min(self.event_most.get());
        self.event_top =
            if down { top + lines } else { top.saturating_sub(lines) }.min(self.event_most.get());
    }

    fn on_detail(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let dead = self.dead(ctx).map(|(_, autopsy)| autopsy.tasks.len());
        if let (true, Some(dead)) = (self.autopsy, dead) {
            let last = dead.saturating_sub(1);
            let task = match action {
                Action::Down => Some((self.dead_task + 1).min(last)),
                Action::Up => Some(self.dead_task.min(last).saturating_sub(1)),
                Action::Top => Some(0),
                Action::Bottom => Some(last),
                _ => None,
            };
            if let Some(task) = task {
                (self.dead_task, self.event_top) = (task, 0);
                return Some(Vec::new());
            }
        }
        match action {
            Action::Open if dead.is_some() => {
                self.autopsy = !self.autopsy;
                (self.dead_task, self.event_top) = (0, 0);
            }
            Action::Back | Action::Quit if self.autopsy => {
                self.autopsy = false;
                self.event_top = 0;
            }
            Action::Back | Action::Quit => self.open = None,
            Action::Down => self.scroll(true, 1),
            Action::Up => self.scroll(false, 1),
            Action::Top => self.event_top = 0,
            Action::Bottom => self.event_top = self.event_most.get(),
            Action::PageDown | Action::HalfDown => self.scroll(true, 10),
            Action::PageUp | Action::HalfUp => self.scroll(false, 10),
            _ => return self.on_both(action, ctx),
        }
        Some(Vec::new())
    }

    fn on_list(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let keys: Vec<Key> = self.rows(ctx).iter().map(Row::key).collect();
        if self.cursor.on_action(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::Open => {
                self.pin(ctx);
                self.open = self.selected(ctx).map(|row| row.key());
                self.opened_at = Some(ctx.now.wall);
                self.event_top = 0;
                self.autopsy = false;
            }
            Action::Find => {
                return Some(vec![Command::Edit(Edit {
                    purpose: "filter",
                    label: "/".into(),
                    initial: self.filter.clone(),
                })]);
            }
            Action::ShowAll => self.all = !self.all,
            Action::Back if !self.filter.is_empty() => self.filter.clear(),
            _ => {
                let commands = self.on_both(action, ctx);
                if commands.is_some() {
                    self.pin(ctx);
                }
                return commands;
            }
        }
        Some(Vec::new())
    }

    /// Keeps the cursor on what a verb was used on, wherever its row goes.
    fn pin(&mut self, ctx: &Ctx) {
        if let Some(key) = self.selected(ctx).map(|row| row.key()) {
            self.cursor.set(key);
        }
    }

    /// Verbs on what is under the cursor, opened or not.
    fn on_both(&self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let about = [Action::Logs, Action::Traces, Action::Changes, Action::Board];
        let mine = [Action::Rollback, Action::Copy, Action::Url];
        if !about.contains(&action) && !mine.contains(&action) {
            return None;
        }
        let Some(row) = self.selected(ctx) else { return Some(Vec::new()) };
        Some(match action {
            Action::Rollback => vec![dialog::open(ctx, row.target, row.name)],
            Action::Copy => {
                let text = row.shift.map_or_else(|| row.name.full(), |shift| shift.deployment.clone());
                vec![Command::Effect(Effect::Copy(text))]
            }
            Action::Url => crate::features::console_command(ctx, row.target, &row.name.console()),
            _ => crate::features::jump_from_service(action, row.target, row.name, row.shift, ctx),
        })
    }
}

/// What to read beside the list for an opened row.
fn detail_query(row: &Row, ctx: &Ctx) -> DetailQuery {
    let shift = row.shift.zip(ctx.store.target(row.target));
    let metrics = shift.and_then(|(shift, data)| metrics_query_again(shift, data, ctx.config).ok());
    let metrics = metrics.map(Box::new);
    // ECS forgets stopped tasks after an hour.
    let lately = |at| super::view::since(at, ctx.now.wall) < std::time::Duration::from_hours(1);
    let fresh = row.shift.filter(|shift| shift.finished_at.is_none_or(lately));
    let stopped = fresh.and_then(|shift| shift.new.task_definition.clone());
    let seen = row.shift.map(|shift| {
        let failures = shift.breaker.as_ref().map_or(0, |breaker| breaker.failures);
        (shift.events.first().map(|event| event.at), failures)
    });
    DetailQuery { name: row.name.clone(), metrics, stopped, seen: seen.unwrap_or_default() }
}

impl Pane for RolloutsPane {
    fn name(&self) -> &'static str {
        "rollouts"
    }

    fn title(&self) -> &'static str {
        "Rollouts"
    }

    fn badge(&self, ctx: &Ctx) -> Option<Badge> {
        let targets = ctx.store.active_targets().map(|(_, data)| data);
        let lists = targets.filter_map(|data| Some((data.rollouts.as_ref()?, data)));
        let shifts = lists.flat_map(|(list, data)| list.shifts.iter().map(move |shift| (shift, data)));
        let tones: Vec<Tone> = shifts.map(|(shift, data)| trouble(shift, data)).collect();
        let tone = *tones.iter().max()?;
        Some(Badge { tone, count: tones.len() })
    }

    fn wants(&self, visible: bool, ctx: &Ctx, plan: &mut PollPlan) {
        for (target, data) in ctx.store.active_targets() {
            let moving = data.rollouts.as_ref().is_some_and(|list| !list.shifts.is_empty());
            let pending = data.rollouts.as_ref().is_some_and(|list| !list.is_whole());
            let level = if visible { Level::Visible } else { Level::Background };
            let cadence = match (pending, visible, moving) {
                (true, ..) => 1,
                (_, true, true) => 5,
                (_, true, false) | (_, false, true) => 15,
                (_, false, false) => 60,
            };
            let query = RolloutsQuery::of(ctx.config, target, &data.derived.forwards);
            plan.want(target, level, Cadence::secs(cadence), Query::Rollouts(query));
        }
        if let (true, Some(row)) = (visible, self.opened(ctx)) {
            let query = Query::RolloutDetail(detail_query(&row, ctx));
            plan.want(row.target, Level::Visible, Cadence::secs(30), query);
            if row.shift.is_some_and(|shift| shift.in_progress() && shift.name.ecs_parts().is_some()) {
                // Only the trail knows who began a deployment of ECS.
                changes::want(row.target, None, ctx, plan);
            }
        }
        if visible && self.open.is_none() {
            want_verdicts(ctx, plan);
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.open.is_some() { self.on_detail(action, ctx) } else { self.on_list(action, ctx) }
    }

    fn settled(&self, ctx: &Ctx) -> bool {
        // Which rules of load balancers to look at comes from discovery.
        let mut lists = ctx.store.active_targets().filter_map(|(_, data)| data.rollouts.as_ref());
        discovery::settled(ctx) && lists.all(RolloutList::is_whole)
    }

    fn on_edit(&mut self, _purpose: &str, event: EditEvent, _ctx: &Ctx) -> Vec<Command> {
        match event {
            EditEvent::Changed(text) | EditEvent::Submitted(text) => text.clone_into(&mut self.filter),
            EditEvent::Cancelled => self.filter.clear(),
        }
        Vec::new()
    }

    fn open(&mut self, link: &Link, ctx: &Ctx) -> bool {
        let Link::Rollouts { shift, open } = link else { return false };
        if let Some(shift) = shift {
            self.cursor.set(shift.clone());
        }
        self.open = shift.clone().filter(|_| *open);
        self.opened_at = Some(ctx.now.wall);
        self.event_top = 0;
        self.autopsy = false;
        true
    }

    fn here(&self) -> Link {
        let shift = self.open.clone().or_else(|| self.cursor.key().cloned());
        Link::Rollouts { shift, open: self.open.is_some() }
    }

    fn hints(&self, ctx: &Ctx) -> Vec<Action> {
        let mut hints = if self.open.is_some() {
            vec![
                Action::Back,
                Action::Rollback,
                Action::Logs,
                Action::Traces,
                Action::Changes,
                Action::Copy,
                Action::Url,
            ]
        } else {
            vec![
                Action::Open,
                Action::Rollback,
                Action::Logs,
                Action::Traces,
                Action::Changes,
                Action::Find,
                Action::ShowAll,
                Action::Url,
            ]
        };
        if self.open.is_some() && !self.autopsy && self.dead(ctx).is_some() {
            hints.insert(1, Action::Open);
        }
        // A target that takes no writes does not list the verb; pressed anyway, it says why.
        if self.selected(ctx).is_some_and(|row| dialog::no_writes(ctx, row.target).is_some()) {
            hints.retain(|action| *action != Action::Rollback);
        }
        hints
    }

    fn export(&self, ctx: &Ctx) -> Option<String> {
        let shifts: Vec<&Rollout> = self.rows(ctx).iter().filter_map(|row| row.shift).collect();
        serde_json::to_string_pretty(&shifts).ok()
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        super::view::render(self, area, buf, ctx);
    }
}
