//! The Overview screen: verbs to state, wants and links. Drawing is in `view.rs`.
//!
//! One cursor walks over NOW and SERVICES. It stays on its thing, and for two seconds after a key no row
//! moves, so that Enter opens what was read.

use super::board::{Board, Folded, Item, Thing, board};
use super::services::{ServiceRow, services};
use super::traffic::{Place, TrafficQuery};
use crate::app::pane::{Command, Ctx, Edit, EditEvent, Pane};
use crate::app::{Action, Cadence, Effect, Level, PollPlan, Window};
use crate::aws::TargetId;
use crate::aws::console::ConsoleLink;
use crate::features::{Link, Query, discovery, jumps, rollouts, security};
use crate::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Rows stand still this long after a key.
const STILL: Duration = Duration::from_secs(2);
/// Services whose traffic is read at least, whatever the height: those in trouble come first.
const LEAST_READ: usize = 8;
/// Services whose traffic is read at most: each costs up to eight metrics a minute.
const MOST_READ: usize = 60;

/// A row of NOW as shown.
pub(super) enum Row<'a> {
    /// There.
    Item(Item<'a>),
    /// It was there at the last key; its row stays until rows may move.
    Gone(Thing),
}

/// What is on screen, in its order.
pub(super) struct Shown<'a> {
    pub(super) rows: Vec<Row<'a>>,
    pub(super) board: Board<'a>,
    pub(super) services: Vec<ServiceRow<'a>>,
    /// The row of the cursor among all places where it can stand: NOW, the folded line, SERVICES.
    pub(super) at: Option<usize>,
}

/// State of the screen.
#[derive(Default)]
pub struct OverviewPane {
    pub(super) cursor: Cursor<Thing>,
    pub(super) filter: String,
    /// When a key came last, and the places of things then.
    held: Option<(Duration, HashMap<Thing, usize>)>,
    pub(super) now_top: Cell<usize>,
    pub(super) services_top: Cell<usize>,
    /// How many services had room when last drawn.
    pub(super) services_room: Cell<usize>,
}

impl Row<'_> {
    pub(super) fn thing(&self) -> Thing {
        match self {
            Self::Item(item) => item.thing(),
            Self::Gone(thing) => thing.clone(),
        }
    }
}

impl Shown<'_> {
    fn index(&self, cursor: &Cursor<Thing>) -> Option<usize> {
        let before = self.rows.len() + usize::from(self.folds());
        cursor.index_by(before + self.services.len(), |thing| match thing {
            Thing::Folded => self.folds().then_some(self.rows.len()),
            Thing::Service(target, name) => {
                let own = |row: &ServiceRow| row.service.name == *name && row.target == target;
                self.services.iter().position(own).map(|at| before + at)
            }
            thing => self.rows.iter().position(|row| row.thing() == *thing),
        })
    }

    /// Something is folded, so that there is a line of it.
    pub(super) fn folds(&self) -> bool {
        self.board.folded != Folded::default()
    }

    /// Where the cursor can stand, from top to bottom.
    pub(super) fn things(&self) -> Vec<Thing> {
        let mut things: Vec<Thing> = self.rows.iter().map(Row::thing).collect();
        if self.folds() {
            things.push(Thing::Folded);
        }
        things.extend(self.services.iter().map(service_thing));
        things
    }
}

fn service_thing(row: &ServiceRow) -> Thing {
    Thing::Service(row.target.clone(), row.service.name.clone())
}

impl OverviewPane {
    /// What is on screen now, held still after a key.
    pub(super) fn shown<'a>(&self, ctx: &Ctx<'a>) -> Shown<'a> {
        let mut board = board(ctx);
        let mut services = services(ctx);
        let needle = self.filter.to_lowercase();
        if !needle.is_empty() {
            let fits = |name: &str| name.to_lowercase().contains(&needle);
            board.items.retain(|item| match item {
                Item::Rollout(_, shift, _) => fits(&shift.thing().shown()),
                Item::Alarm(_, alarm, _) => fits(&alarm.name),
                Item::Finding(_, finding) => fits(&finding.kind) || fits(finding.on()),
                Item::Storm(storm) => fits(&storm.first.name) || storm.services.iter().any(|name| fits(name)),
            });
            services.retain(|row| fits(&row.service.name));
        }
        let mut rows: Vec<Row> = std::mem::take(&mut board.items).into_iter().map(Row::Item).collect();
        if let Some((_, places)) = self.held.as_ref().filter(|(at, _)| ctx.now.since_start < *at + STILL) {
            let place = |thing: &Thing| places.get(thing).copied().unwrap_or(usize::MAX);
            let here: HashSet<Thing> = rows.iter().map(Row::thing).collect();
            let gone = places.keys().filter(|thing| {
                !matches!(thing, Thing::Service(..) | Thing::Folded) && !here.contains(thing)
            });
            rows.extend(gone.cloned().map(Row::Gone));
            rows.sort_by_cached_key(|row| place(&row.thing()));
            services.sort_by_cached_key(|row| place(&service_thing(row)));
        }
        let mut shown = Shown { rows, board, services, at: None };
        shown.at = shown.index(&self.cursor);
        shown
    }

    /// The services whose traffic is on screen.
    fn read<'a>(&self, services: &'a [ServiceRow<'a>]) -> impl Iterator<Item = &'a ServiceRow<'a>> {
        let room = self.services_room.get().clamp(LEAST_READ, MOST_READ);
        let first = self.services_top.get().min(services.len().saturating_sub(room));
        services.iter().skip(first).take(room)
    }

    fn open_thing(thing: &Thing, shown: &Shown, ctx: &Ctx) -> Vec<Command> {
        match thing {
            Thing::Rollout(target, name) => vec![Command::Goto(Link::Rollouts {
                shift: Some(rollouts::Key { target: target.clone(), name: name.clone(), deployment: None }),
                open: true,
            })],
            Thing::Alarm(target, name) => {
                let alarm = ctx.store.target(target).and_then(|it| it.alarms.as_ref()?.get(name));
                let pin = alarm.filter(|alarm| alarm.firing()).and_then(|alarm| alarm.first_breach);
                let link = Link::Alarms { alarm: Some((target.clone(), name.clone())), open: true };
                let pin = pin.map(|at| Command::Window(Window::pinned_before(at)));
                std::iter::once(Command::Goto(link)).chain(pin).collect()
            }
            Thing::Storm(target, name) => {
                let alarm = Some((target.clone(), name.clone()));
                vec![Command::Goto(Link::Alarms { alarm, open: false })]
            }
            Thing::Finding(key) => {
                vec![Command::Goto(Link::Security { finding: Some(key.clone()), open: true })]
            }
            Thing::Folded if shown.board.folded.only_findings() => {
                vec![Command::Goto(Link::Security { finding: None, open: false })]
            }
            Thing::Folded => vec![Command::Goto(Link::Alarms { alarm: None, open: false })],
            Thing::Service(..) => {
                let row = shown.services.iter().find(|row| service_thing(row) == *thing);
                row.map(|row| Command::Goto(jumps::link(row.service, ctx))).into_iter().collect()
            }
        }
    }

    /// `l t c d R` on a thing.
    fn jump(action: Action, thing: &Thing, shown: &Shown, ctx: &Ctx) -> Vec<Command> {
        match thing {
            Thing::Alarm(target, name) | Thing::Storm(target, name) => {
                let alarm = ctx.store.target(target).and_then(|it| it.alarms.as_ref()?.get(name));
                alarm.map(|alarm| jumps::jump_from_alarm(action, target, alarm, ctx)).unwrap_or_default()
            }
            Thing::Rollout(target, name) if action == Action::Rollback => {
                let key = rollouts::Key { target: target.clone(), name: name.clone(), deployment: None };
                let link = Link::Rollouts { shift: Some(key), open: true };
                vec![Command::Goto(link), rollouts::dialog::open(ctx, target, name)]
            }
            Thing::Rollout(target, name) => {
                let list = ctx.store.target(target).and_then(|target| target.rollouts.as_ref());
                jumps::jump_from_service(action, target, name, list.and_then(|list| list.shift_of(name)), ctx)
            }
            Thing::Service(..) => {
                let row = shown.services.iter().find(|row| service_thing(row) == *thing);
                row.map(|row| jumps::jump(action, row.service, None, ctx)).unwrap_or_default()
            }
            Thing::Finding(key) => security::act(action, key, ctx).unwrap_or_default(),
            Thing::Folded => Vec::new(),
        }
    }

    fn on_thing(&self, action: Action, shown: &Shown, things: &[Thing], ctx: &Ctx) -> Option<Vec<Command>> {
        let selected = self.cursor.index(things).and_then(|index| things.get(index));
        match action {
            Action::Open => Some(selected.map(|it| Self::open_thing(it, shown, ctx)).unwrap_or_default()),
            Action::Logs | Action::Traces | Action::Changes | Action::Board | Action::Rollback => {
                Some(selected.map(|it| Self::jump(action, it, shown, ctx)).unwrap_or_default())
            }
            Action::Copy | Action::Url => match selected? {
                Thing::Finding(key) => security::act(action, key, ctx),
                Thing::Alarm(target, name) | Thing::Storm(target, name) => {
                    let alarm = ctx.store.target(target)?.alarms.as_ref()?.get(name)?;
                    Some(match action {
                        Action::Copy => vec![Command::Effect(Effect::Copy(alarm.arn.clone()))],
                        _ => crate::features::console_command(ctx, target, &ConsoleLink::Alarm(name)),
                    })
                }
                Thing::Service(_, name) if action == Action::Copy => {
                    Some(vec![Command::Effect(Effect::Copy(name.clone()))])
                }
                Thing::Rollout(_, name) if action == Action::Copy => {
                    Some(vec![Command::Effect(Effect::Copy(name.full()))])
                }
                Thing::Rollout(target, name) => {
                    Some(crate::features::console_command(ctx, target, &name.console()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl Pane for OverviewPane {
    fn name(&self) -> &'static str {
        "overview"
    }

    fn title(&self) -> &'static str {
        "Overview"
    }

    fn wants(&self, visible: bool, ctx: &Ctx, plan: &mut PollPlan) {
        if !visible {
            return;
        }
        let poll = &ctx.config.poll;
        for (target, data) in ctx.store.active_targets() {
            let moving = data.rollouts.as_ref().is_some_and(|list| !list.shifts.is_empty());
            let rollouts = if moving { poll.shift.duration() } else { poll.rollouts.duration() };
            plan.want(target, Level::Visible, Cadence::Every(poll.alarms.duration()), Query::Alarms);
            plan.want(
                target,
                Level::Visible,
                Cadence::Every(rollouts),
                Query::Rollouts(rollouts::RolloutsQuery::of(ctx.config, target, &data.derived.forwards)),
            );
        }
        rollouts::want_verdicts(ctx, plan);
        for target in ctx.targets() {
            security::want(target, Level::Visible, ctx, plan);
            crate::features::changes::want(target, None, ctx, plan);
        }
        let services = services(ctx);
        let rows: Vec<&ServiceRow> = self.read(&services).collect();
        for target in ctx.targets() {
            let own = rows.iter().filter(|row| row.target == target);
            let mut places: Vec<Place> = own.filter_map(|row| Place::of(row.service)).collect();
            if places.is_empty() {
                continue;
            }
            places.sort_by(|a, b| a.service.cmp(&b.service));
            let cadence = match ctx.window {
                Window::Frozen { .. } => Cadence::Once,
                _ => Cadence::Every(poll.metrics.duration()),
            };
            let query = TrafficQuery { services: places, window: ctx.window };
            plan.want(target, Level::Visible, cadence, Query::Traffic(query));
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let shown = self.shown(ctx);
        let things = shown.things();
        self.held = Some((ctx.now.since_start, things.iter().cloned().zip(0..).collect()));
        if self.cursor.on_action(action, &things) {
            return Some(Vec::new());
        }
        match action {
            Action::NextPanel | Action::PrevPanel => {
                let at = self.cursor.index(&things).unwrap_or_default();
                let first = things.iter().position(|thing| matches!(thing, Thing::Service(..)));
                let to = first.filter(|first| at < *first).unwrap_or_default();
                if let Some(thing) = things.get(to) {
                    self.cursor.set(thing.clone());
                }
                Some(Vec::new())
            }
            Action::Find => Some(vec![Command::Edit(Edit {
                purpose: "filter",
                label: "/".into(),
                initial: self.filter.clone(),
            })]),
            Action::Back if !self.filter.is_empty() => {
                self.filter.clear();
                Some(Vec::new())
            }
            _ => self.on_thing(action, &shown, &things, ctx),
        }
    }

    fn on_edit(&mut self, _purpose: &str, event: EditEvent, _ctx: &Ctx) -> Vec<Command> {
        match event {
            EditEvent::Changed(text) | EditEvent::Submitted(text) => text.clone_into(&mut self.filter),
            EditEvent::Cancelled => self.filter.clear(),
        }
        // What a filter hides is not gone: rows need not stand still for it.
        self.held = None;
        Vec::new()
    }

    fn open(&mut self, link: &Link, _ctx: &Ctx) -> bool {
        let Link::Overview { thing } = link else { return false };
        if let Some(thing) = thing {
            self.cursor.set(thing.clone());
        }
        true
    }

    fn here(&self) -> Link {
        Link::Overview { thing: self.cursor.key().cloned() }
    }

    fn settled(&self, ctx: &Ctx) -> bool {
        let mut lists = ctx.store.active_targets().filter_map(|(_, data)| data.rollouts.as_ref());
        discovery::settled(ctx) && lists.all(rollouts::RolloutList::is_whole)
    }

    fn hints(&self, _ctx: &Ctx) -> Vec<Action> {
        vec![
            Action::Open,
            Action::Rollback,
            Action::Logs,
            Action::Traces,
            Action::Changes,
            Action::NextPanel,
            Action::Find,
            Action::ZoomIn,
            Action::Copy,
        ]
    }

    fn export(&self, ctx: &Ctx) -> Option<String> {
        let shown = self.shown(ctx);
        let now: Vec<_> = shown.rows.iter().map(Row::thing).collect();
        let services: Vec<_> = shown
            .services
            .iter()
            .map(|row| {
                let last = row.traffic(ctx).and_then(|(_, traffic)| traffic.last().copied());
                let target: &TargetId = row.target;
                serde_json::json!({
                    "target": target, "service": row.service.name, "last": last, "in_trouble": row.troubled,
                })
            })
            .collect();
        serde_json::to_string_pretty(&serde_json::json!({ "now": now, "services": services })).ok()
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        super::view::render(self, area, buf, ctx);
    }
}
