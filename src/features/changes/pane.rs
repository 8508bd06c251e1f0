//! The Changes screen: verbs to state, wants and links. Drawing is in `view.rs` and `detail.rs`.
//!
//! Rows are made by a job whenever an answer came or the list is to be another one; the pane keeps the last.

use super::asks::asks;
use super::extras;
use super::lens::Lens;
use super::model::{Event, Kind, Nature, Reach, Subject, TrailQuery};
use super::rows::{Calls, Folded, Order, Part, Row, RowsDone, RowsJob, What};
use crate::app::pane::{Command, Ctx, Edit, EditEvent, Pane, Tone};
use crate::app::{Action, Cadence, Effect, Level, PollKey, PollPlan, Window};
use crate::aws::TargetId;
use crate::aws::console::{ConsoleLink, console_url};
use crate::features::{Job, JobOutput, Link, Query, Topic, jumps};
use crate::service::Service;
use crate::widgets::list::Cursor;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

/// While there is more to read, the next page follows after this long.
const MORE_SOON: Duration = Duration::from_secs(1);
/// Never asked more often than this.
const CADENCE: Duration = Duration::from_mins(1);

/// A jump shows this much before its moment.
const BEFORE: SignedDuration = SignedDuration::from_hours(1);
/// And this much after it, when it is long over.
const AFTER: SignedDuration = SignedDuration::from_mins(30);
/// A moment this old is long over.
const LONG_OVER: SignedDuration = SignedDuration::from_hours(6);

/// State of the screen.
#[derive(Default)]
pub struct ChangesPane {
    /// Whose changes, when it is about one thing.
    pub(super) target: Option<TargetId>,
    /// What is looked at; `None` is everything.
    pub(super) subject: Option<Subject>,
    /// The moment that is looked back from.
    pub(super) at: Option<Timestamp>,
    pub(super) cursor: Cursor<u64>,
    /// Nobody moved the cursor yet: it stands on what may be the cause of what happened at `at`.
    led: bool,
    /// The row whose detail is open.
    pub(super) open: Option<u64>,
    pub(super) filter: String,
    /// Fold nothing.
    pub(super) all: bool,
    /// Also what does not belong to the subject.
    pub(super) account: bool,
    pub(super) order: Order,
    pub(super) rows: Arc<Vec<Row>>,
    keys: Arc<Vec<u64>>,
    /// The oldest row.
    pub(super) oldest: Option<Timestamp>,
    pub(super) folded: Folded,
    pub(super) changes: usize,
    /// Of the job that was asked for last, and of the one that the rows are from.
    asked: u64,
    made: u64,
    pub(super) detail_top: usize,
    pub(super) list_top: Cell<usize>,
}

/// What is to be read of a target's trail, and how soon.
pub fn want(target: &TargetId, subject: Option<&Subject>, ctx: &Ctx, plan: &mut PollPlan) {
    let Some(store) = ctx.store.target(target) else { return };
    let asks = asks(subject, store.session.region.as_deref(), &ctx.config.security.regions);
    let (from, _) = ctx.window.range(ctx.now.wall);
    let read = asks.iter().all(|ask| reach_of(&store.trail.reaches, ask).is_some_and(|it| it.covers(from)));
    let cadence = match ctx.window {
        _ if !read => Cadence::Every(MORE_SOON),
        Window::Frozen { end, .. } if end.checked_add(super::LAG).is_ok_and(|end| end < ctx.now.wall) => {
            Cadence::Once
        }
        _ => Cadence::Every(CADENCE),
    };
    let query = TrailQuery { asks, window: ctx.window, missed: store.trail.missed };
    plan.want(target, Level::Visible, cadence, Query::Trail(query));
}

/// The way to what changed about a thing in the hour before a moment; the window as it is without one.
pub fn goto(target: &TargetId, subject: Option<Subject>, at: Option<Timestamp>, ctx: &Ctx) -> Vec<Command> {
    let link = Link::Changes { target: target.clone(), subject, at };
    let window = at.and_then(|at| {
        let start = at.checked_sub(BEFORE).ok()?;
        // What is long over needs no end that runs on.
        let over = ctx.now.wall.duration_since(at) > LONG_OVER;
        let end = at.checked_add(AFTER).ok()?;
        Some(if over { Window::Frozen { start, end } } else { Window::Pinned { start } })
    });
    // The window changes after the jump, so that the way back restores the old one.
    std::iter::once(Command::Goto(link)).chain(window.map(Command::Window)).collect()
}

fn reach_of<'a>(reaches: &'a [Reach], ask: &super::model::Ask) -> Option<&'a Reach> {
    reaches.iter().find(|reach| reach.ask == *ask)
}

impl ChangesPane {
    /// The targets that the list is about.
    pub(super) fn targets<'a>(&'a self, ctx: &Ctx<'a>) -> Vec<&'a TargetId> {
        match &self.target {
            Some(target) if self.subject.is_some() => vec![target],
            _ => ctx.store.active().collect(),
        }
    }

    /// How far the streams were read that the list rests on.
    pub(super) fn reaches<'a>(&self, ctx: &Ctx<'a>) -> Vec<&'a Reach> {
        let store = ctx.store;
        let mut all = Vec::new();
        for id in self.targets(ctx) {
            let Some(target) = store.target(id) else { continue };
            let region = target.session.region.as_deref();
            let asks = asks(self.subject.as_ref(), region, &ctx.config.security.regions);
            all.extend(asks.iter().filter_map(|ask| reach_of(&target.trail.reaches, ask)));
        }
        all
    }

    /// The row under the cursor, or the opened one.
    pub(super) fn selected(&self) -> Option<&Row> {
        if let Some(open) = self.open {
            return self.rows.iter().find(|row| row.key == open);
        }
        self.rows.get(self.cursor.index(&self.keys)?)
    }

    /// The newest change before the moment that is looked back from. What somebody did is read from its end.
    fn cause(&self) -> Option<u64> {
        let at = self.at.filter(|_| !self.subject.as_ref().is_some_and(Subject::is_somebody))?;
        let changed = |calls: &Calls| {
            calls.newest.error.is_none() && (calls.affects || calls.newest.nature == Nature::Change)
        };
        let before = self.rows.iter().filter(|row| row.at <= at);
        let row = before
            .filter(|row| matches!(&row.what, What::Calls(calls) if changed(calls)))
            .max_by_key(|row| row.at);
        row.map(|row| row.key)
    }

    /// The row number of the cursor.
    pub(super) fn at_row(&self) -> Option<usize> {
        self.cursor.index(&self.keys)
    }

    /// Asks for the rows anew.
    fn make(&mut self, ctx: &Ctx) -> Vec<Command> {
        self.asked += 1;
        let (mut parts, mut others) = (Vec::new(), Vec::new());
        let range = ctx.window.range(ctx.now.wall);
        for id in self.targets(ctx) {
            let Some(target) = ctx.store.target(id) else { continue };
            let lens = Lens::new(self.subject.as_ref(), target, ctx);
            let (events, findings) = (target.trail.events().clone(), extras::findings(target, range));
            parts.push(Part { target: id.clone(), events, findings, lens });
            others.extend(extras::of_target(id, target, range, ctx));
        }
        let job = RowsJob {
            rev: self.asked,
            parts,
            extras: others,
            range,
            needle: self.filter.clone(),
            all: self.all,
            account: self.account,
            order: self.order,
        };
        vec![Command::Effect(Effect::Compute(Box::new(Job::Changes(job))))]
    }

    fn on_detail(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        match action {
            Action::Back | Action::Quit => self.open = None,
            Action::Down => self.detail_top += 1,
            Action::Up => self.detail_top = self.detail_top.saturating_sub(1),
            Action::Top => self.detail_top = 0,
            _ => return self.on_both(action, ctx),
        }
        Some(Vec::new())
    }

    fn on_list(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.cursor.on_action(action, &self.keys) {
            self.led = false;
            return Some(Vec::new());
        }
        match action {
            Action::Open => {
                let row = self.selected().cloned();
                return Some(match row.map(|row| (row.key, row.what)) {
                    Some((_, What::Extra(extra))) => vec![Command::Goto(extra.link)],
                    Some((key, What::Calls(_))) => {
                        self.open = Some(key);
                        self.detail_top = 0;
                        Vec::new()
                    }
                    Some((_, What::Group(..))) | None => Vec::new(),
                });
            }
            Action::Find => {
                return Some(vec![Command::Edit(Edit {
                    purpose: "filter",
                    label: "/".into(),
                    initial: self.filter.clone(),
                })]);
            }
            Action::ShowAll => self.all = !self.all,
            Action::NextPanel | Action::PrevPanel if self.subject.is_some() => self.account = !self.account,
            Action::Sort => {
                self.order = match self.order {
                    Order::Time => Order::Who,
                    Order::Who => Order::Thing,
                    Order::Thing => Order::Time,
                };
            }
            Action::Back if !self.filter.is_empty() => self.filter.clear(),
            _ => return self.on_both(action, ctx),
        }
        Some(self.make(ctx))
    }

    /// Verbs on the row under the cursor, opened or not.
    fn on_both(&self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let row = self.selected();
        let calls = row.and_then(|row| match &row.what {
            What::Calls(calls) => Some((&row.target, calls)),
            What::Extra(_) | What::Group(..) => None,
        });
        match action {
            Action::Copy => {
                let text = match &row?.what {
                    What::Calls(calls) => calls.newest.id.to_string(),
                    What::Extra(extra) => extra.name.clone(),
                    What::Group(name, _) => name.clone(),
                };
                Some(vec![Command::Effect(Effect::Copy(text))])
            }
            Action::Url => calls.map(|(target, calls)| url(target, calls, ctx)),
            Action::Changes => Some(match calls {
                Some((target, calls)) => vec![Command::Goto(Link::Changes {
                    target: target.clone(),
                    subject: Some(somebody(&calls.newest)),
                    at: self.at,
                })],
                None => vec![Command::Notify(Tone::Info, "c here shows what else a caller did".into())],
            }),
            Action::Logs | Action::Traces | Action::Board | Action::Rollback => {
                let row = row?;
                let since = (self.subject.is_some()).then_some(self.at).flatten();
                Some(match self.service_of(row, ctx) {
                    Some(service) => jumps::jump(action, service, since, ctx),
                    None => vec![Command::Notify(Tone::Info, "no service is known for this row".into())],
                })
            }
            _ => None,
        }
    }

    fn service_of<'a>(&self, row: &Row, ctx: &Ctx<'a>) -> Option<&'a Service> {
        let store = ctx.store;
        let services = &store.target(&row.target)?.derived.services;
        let own = match &row.what {
            What::Extra(extra) => extra.service.as_deref(),
            What::Calls(calls) => Some(&*calls.newest.on),
            What::Group(name, _) => Some(name.as_str()),
        };
        let subject = self.subject.as_ref().map(Subject::name);
        own.into_iter().chain(subject).find_map(|name| services.get(name))
    }
}

/// Who made a call, as it can be looked up best: by key, else by name.
fn somebody(event: &Event) -> Subject {
    match (&event.key, event.who.kind) {
        (Some(key), Kind::User | Kind::Role) => Subject::AccessKey(key.to_string()),
        _ => Subject::User(event.who.session.clone().unwrap_or_else(|| event.who.name.clone())),
    }
}

fn url(target: &TargetId, calls: &Calls, ctx: &Ctx) -> Vec<Command> {
    let region = &calls.newest.region;
    let identity = ctx.store.target(target).and_then(|target| target.identity.as_ref());
    let partition = identity.map(|identity| identity.partition.as_str());
    let partition = partition.unwrap_or_else(|| crate::aws::console::partition(region));
    match console_url(partition, region, ConsoleLink::TrailEvent(&calls.newest.id)) {
        Some(url) => vec![Command::Notify(Tone::Info, url.clone()), Command::Effect(Effect::Copy(url))],
        None => vec![Command::Notify(Tone::Warn, format!("partition {partition} has no console address"))],
    }
}

impl Pane for ChangesPane {
    fn name(&self) -> &'static str {
        "changes"
    }

    fn title(&self) -> &'static str {
        "Changes"
    }

    fn wants(&self, visible: bool, ctx: &Ctx, plan: &mut PollPlan) {
        if !visible {
            return;
        }
        for target in self.targets(ctx) {
            want(target, self.subject.as_ref(), ctx, plan);
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.open.is_some() { self.on_detail(action, ctx) } else { self.on_list(action, ctx) }
    }

    fn on_edit(&mut self, _purpose: &str, event: EditEvent, ctx: &Ctx) -> Vec<Command> {
        match event {
            EditEvent::Changed(text) | EditEvent::Submitted(text) => text.clone_into(&mut self.filter),
            EditEvent::Cancelled => self.filter.clear(),
        }
        self.make(ctx)
    }

    fn on_change(&mut self, key: Option<&PollKey>, ctx: &Ctx) -> Vec<Command> {
        // The others only once there is a trail to stand beside.
        let concerns = match key.map(|key| key.topic) {
            Some(Topic::Trail) => true,
            None | Some(Topic::Alarms | Topic::Rollouts | Topic::Inventory | Topic::Findings) => {
                self.made > 0
            }
            Some(_) => false,
        };
        if concerns { self.make(ctx) } else { Vec::new() }
    }

    fn on_computed(&mut self, output: &JobOutput, _ctx: &Ctx) -> Vec<Command> {
        let JobOutput::Changes(done) = output else { return Vec::new() };
        if done.rev == self.asked {
            let RowsDone { rev, rows, keys, oldest, folded, changes } = done;
            (self.rows, self.keys) = (Arc::clone(rows), Arc::clone(keys));
            (self.oldest, self.folded, self.changes, self.made) = (*oldest, *folded, *changes, *rev);
            if let Some(key) = self.cause().filter(|_| self.led) {
                self.cursor.set(key);
            }
        }
        Vec::new()
    }

    fn open(&mut self, link: &Link, _ctx: &Ctx) -> bool {
        let Link::Changes { target, subject, at } = link else { return false };
        if (subject, at) != (&self.subject, &self.at) {
            // Rows of another question must not stand under this one's title.
            let (order, asked) = (self.order, self.asked + 1);
            *self = Self { order, asked, led: true, ..Self::default() };
        }
        self.target = Some(target.clone());
        self.subject.clone_from(subject);
        self.at = *at;
        self.open = None;
        true
    }

    fn here(&self) -> Link {
        let target = self.target.clone().unwrap_or_else(|| TargetId::new(""));
        Link::Changes { target, subject: self.subject.clone(), at: self.at }
    }

    fn hints(&self, _ctx: &Ctx) -> Vec<Action> {
        if self.open.is_some() {
            return vec![Action::Back, Action::Changes, Action::Logs, Action::Copy, Action::Url];
        }
        let mut hints = vec![Action::Open, Action::ShowAll, Action::Find, Action::Sort];
        if self.subject.is_some() {
            hints.push(Action::NextPanel);
        }
        hints.extend([
            Action::Changes,
            Action::Logs,
            Action::ZoomOut,
            Action::Copy,
            Action::Url,
            Action::Export,
        ]);
        hints
    }

    fn settled(&self, ctx: &Ctx) -> bool {
        let (from, _) = ctx.window.range(ctx.now.wall);
        self.made == self.asked && self.made > 0 && self.reaches(ctx).iter().all(|reach| reach.covers(from))
    }

    fn export(&self, _ctx: &Ctx) -> Option<String> {
        serde_json::to_string_pretty(&*self.rows).ok()
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        super::view::render(self, area, buf, ctx);
    }
}
