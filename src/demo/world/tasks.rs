//! The lives of tasks: when each starts, is healthy, and why it stops.
//!
//! A side keeps a fixed number of slots; a slot has one task after another when its tasks run out of
//! memory. `ecs.rs` and `balancer.rs` word this as AWS does, `logs.rs` names its streams after it.

use super::hash::Dice;
use super::shift::SideSpec;
use super::spec::{BadStart, ServiceSpec};
use super::traffic::Stream;
use super::{LONG_AGO, World};

/// Milliseconds from the first traffic to the first death of a task that runs out of memory.
const FIRST_DEATH: i64 = 90_000;
/// Milliseconds from death to death.
const DEATHS_EVERY: i64 = 420_000;

/// Why a task stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Its deployment ended or was rolled back.
    Scaling,
    /// The kernel killed it.
    OutOfMemory,
    /// It never became healthy.
    Start(BadStart),
}

/// One task from beginning to end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Life {
    /// 32 hexadecimal digits.
    pub(super) id: String,
    pub(super) dice: Dice,
    pub(super) side: usize,
    /// Unix milliseconds, as the others.
    pub(super) created: i64,
    pub(super) started: i64,
    pub(super) healthy: i64,
    pub(super) stopped: Option<(i64, Why)>,
}

impl Life {
    /// Whether it runs at a time.
    pub(super) fn runs(&self, ms: i64) -> bool {
        self.started <= ms && self.stopped.is_none_or(|(at, _)| ms < at)
    }

    /// Whether it waits to start at a time.
    pub(super) fn pends(&self, ms: i64) -> bool {
        self.created <= ms && ms < self.started && self.stopped.is_none_or(|(at, _)| ms < at)
    }

    /// Whether it runs and passed its health checks at a time.
    pub(super) fn is_healthy(&self, ms: i64) -> bool {
        self.runs(ms) && self.healthy <= ms
    }
}

impl World {
    /// The tasks of a side that exist at some time between two.
    pub(super) fn lives(&self, stream: &Stream, side: usize, tasks: u32, from: i64, to: i64) -> Vec<Life> {
        let Some(spec) = stream.course.sides.get(side) else { return Vec::new() };
        let tasks = stream.grown.iter().map(|(.., to)| *to).fold(tasks, u32::max);
        (0..i64::from(tasks))
            .flat_map(|slot| spec.stays(slot).into_iter().enumerate().map(move |stay| (slot, stay)))
            .flat_map(|(slot, (index, stay))| {
                let held = Held { spec, slot, index: index as i64, created: stay.0, ends: stay.1 };
                let last = held.turn(to);
                // A task that died long ago is of no interest; the first may still be asked for.
                let first = held.turn(from).saturating_sub(1).max(0);
                (first..=last).map(move |turn| (held, turn))
            })
            .map(|(held, turn)| self.life(stream, side, &held, turn))
            .filter(|life| {
                life.created <= to && life.stopped.is_none_or(|(at, _)| at >= from && at > life.created)
            })
            .collect()
    }

    /// How many tasks a service is to have at a time.
    pub(super) fn tasks_at(&self, spec: &ServiceSpec, ms: i64) -> u32 {
        let grown = self.find_service(&spec.name).and_then(|(_, stream)| {
            stream.grown.iter().rev().find(|(at, ..)| *at <= ms).map(|(.., tasks)| *tasks)
        });
        grown.unwrap_or(spec.tasks)
    }

    /// How many tasks run out of memory between two times.
    pub(super) fn deaths(&self, stream: &Stream, from: i64, to: i64) -> u32 {
        let sides = stream.course.sides.iter().enumerate();
        let breaking =
            sides.filter(|(_, side)| side.broken.as_ref().is_some_and(|broken| broken.out_of_memory));
        let lives = breaking.flat_map(|(side, _)| self.lives(stream, side, 1, from, to));
        let dies = |(at, why): (i64, Why)| why == Why::OutOfMemory && (from..to).contains(&at);
        lives.filter(|life| life.stopped.is_some_and(dies)).count() as u32
    }

    /// The task that serves a request of a side at a time.
    pub(super) fn server(
        &self,
        stream: &Stream,
        side: usize,
        tasks: u32,
        ms: i64,
        pick: Dice,
    ) -> Option<Life> {
        let spec = stream.course.sides.get(side)?;
        let slots = i64::from(tasks.max(1));
        let first = pick.signed(slots.cast_unsigned());
        let mut other = None;
        for slot in (first..slots).chain(0..first) {
            let stays = spec.stays(slot);
            // Of those that have begun the last one, else the first.
            let index = stays.iter().rposition(|(created, _)| created.is_none_or(|at| at <= ms)).unwrap_or(0);
            let Some((created, ends)) = stays.get(index).copied() else { continue };
            let held = Held { spec, slot, index: index as i64, created, ends };
            let life = self.life(stream, side, &held, held.turn(ms));
            if life.runs(ms) {
                return Some(life);
            }
            other.get_or_insert(life);
        }
        other
    }

    fn life(&self, stream: &Stream, side: usize, held: &Held<'_>, turn: i64) -> Life {
        let Held { spec, slot, index, .. } = *held;
        let dice =
            stream.dice.named("task").on(side as u64).on(slot as u64).on((turn + index * 1_000) as u64);
        let grown =
            stream.grown.iter().find(|(_, had, has)| (i64::from(*had)..i64::from(*has)).contains(&slot));
        let added = grown.map(|(at, had, _)| at + (slot - i64::from(*had)) * 1_000);
        let born = if added.is_some() { added.max(held.created) } else { held.created };
        let (created, started, healthy) = match (born, held.death(turn - 1)) {
            (Some(born), _) if spec.bad_start().is_some() => held.try_start(born, turn),
            (Some(created), None) if added == Some(created) => (created, created + 25_000, created + 55_000),
            (_, Some((died, _))) => (died + 10_000, died + 60_000, died + 180_000),
            (Some(created), None) => (created, created + 25_000, created + 55_000),
            (None, None) => {
                let created = self.start - LONG_AGO;
                (created, created, created)
            }
        };
        let retired = held.ends.map(|at| (at, Why::Scaling));
        let stopped = match (held.death(turn), retired) {
            (Some(died), Some(retired)) if died.0 < retired.0 => Some(died),
            (Some(died), None) => Some(died),
            (_, retired) => retired,
        };
        Life { id: dice.hex(32), dice, side, created, started, healthy, stopped }
    }
}

/// A slot while a side keeps it: one task after another.
#[derive(Clone, Copy)]
struct Held<'a> {
    spec: &'a SideSpec,
    slot: i64,
    /// How often the side had it before.
    index: i64,
    /// When its first task is started; none for one that ran for ever.
    created: Option<i64>,
    ends: Option<i64>,
}

impl Held<'_> {
    /// When and why the task of a turn ends by itself, if it ever does.
    fn death(&self, turn: i64) -> Option<(i64, Why)> {
        if turn < 0 {
            return None;
        }
        if let Some(why) = self.spec.bad_start() {
            let first = self.created? + why.fails_after();
            return Some((first + turn * why.fails_every(), Why::Start(why)));
        }
        let broken = self.spec.broken.as_ref()?;
        let first = self.spec.first_traffic.checked_add(FIRST_DEATH)?;
        let dies = broken.out_of_memory && self.slot == 0 && self.index == 0;
        dies.then_some((first + turn * DEATHS_EVERY, Why::OutOfMemory))
    }

    /// Which turn's task holds the slot at a time: the next one begins when one has died.
    fn turn(&self, ms: i64) -> i64 {
        let ms = self.ends.map_or(ms, |ends| ms.min(ends));
        let Some((first, why)) = self.death(0) else { return 0 };
        let every = if let Why::Start(why) = why { why.fails_every() } else { DEATHS_EVERY };
        if ms < first { 0 } else { (ms - first) / every + 1 }
    }

    /// A task that never becomes healthy: created, started, healthy.
    fn try_start(&self, born: i64, turn: i64) -> (i64, i64, i64) {
        let Some(why) = self.spec.bad_start() else { return (born, born, born) };
        let created = born + turn * why.fails_every();
        let starts = if why == BadStart::Pull { i64::MAX } else { created + 15_000 };
        (created, starts, i64::MAX)
    }
}
