//! The lives of tasks: when each starts, is healthy, and why it stops.
//!
//! A side keeps a fixed number of slots; a slot has one task after another when its tasks run out of
//! memory. `ecs.rs` and `balancer.rs` word this as AWS does, `logs.rs` names its streams after it.

use super::hash::Dice;
use super::shift::SideSpec;
use super::spec::ServiceSpec;
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
            .flat_map(|slot| {
                let last = generation(spec, slot, to);
                // A task that died long ago is of no interest; the first may still be asked for.
                let first = generation(spec, slot, from).saturating_sub(1).max(0);
                (first..=last).map(move |turn| (slot, turn))
            })
            .map(|(slot, turn)| self.life(stream, (side, spec), slot, turn))
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
        let slot = pick.signed(slots.cast_unsigned());
        let life = self.life(stream, (side, spec), slot, generation(spec, slot, ms));
        if life.runs(ms) || tasks < 2 {
            return Some(life);
        }
        let other = (slot + 1) % slots;
        Some(self.life(stream, (side, spec), other, generation(spec, other, ms)))
    }

    fn life(&self, stream: &Stream, (side, spec): (usize, &SideSpec), slot: i64, turn: i64) -> Life {
        let dice = stream.dice.named("task").on(side as u64).on(slot as u64).on(turn as u64);
        let grown =
            stream.grown.iter().find(|(_, had, has)| (i64::from(*had)..i64::from(*has)).contains(&slot));
        let added = grown.map(|(at, had, _)| at + (slot - i64::from(*had)) * 1_000);
        let born = if added.is_some() { added.max(spec.born) } else { spec.born };
        let (created, started, healthy) = match (born, death(spec, slot, turn - 1)) {
            (Some(created), None) if added == Some(created) => (created, created + 25_000, created + 55_000),
            (_, Some(died)) => (died + 10_000, died + 60_000, died + 180_000),
            (Some(born), None) => {
                let created = born + slot * 20_000;
                (created, created + 25_000, created + 55_000)
            }
            (None, None) => {
                let created = self.start - LONG_AGO;
                (created, created, created)
            }
        };
        let retired = spec.retired.map(|at| at + slot * 4_000);
        let stopped = match (death(spec, slot, turn), retired) {
            (Some(died), None) => Some((died, Why::OutOfMemory)),
            (Some(died), Some(retired)) if died < retired => Some((died, Why::OutOfMemory)),
            (_, Some(retired)) => Some((retired, Why::Scaling)),
            (None, None) => None,
        };
        Life { id: dice.hex(32), dice, side, created, started, healthy, stopped }
    }
}

/// When the task of a turn in a slot runs out of memory, if it ever does.
fn death(spec: &SideSpec, slot: i64, turn: i64) -> Option<i64> {
    let broken = spec.broken.as_ref().filter(|broken| broken.out_of_memory)?;
    let first = spec.first_traffic.checked_add(FIRST_DEATH)?;
    (slot == 0 && turn >= 0 && broken.out_of_memory).then_some(first + turn * DEATHS_EVERY)
}

/// Which turn's task holds a slot at a time: the next one begins when one has died.
fn generation(spec: &SideSpec, slot: i64, ms: i64) -> i64 {
    let ms = spec.retired.map_or(ms, |retired| ms.min(retired));
    death(spec, slot, 0).map_or(0, |first| if ms < first { 0 } else { (ms - first) / DEATHS_EVERY + 1 })
}
