//! How the revisions of a service follow each other: the sides, their tasks' time and the traffic of one service
//! over all time.
//!
//! It is worked out whole from the specifications and from what callers did; a question about a moment looks
//! up what holds then. `stages.rs` knows how one deployment goes, `ecs.rs` words it as AWS does.

use super::hash::Dice;
use super::release::Release;
use super::spec::{BadStart, Broken, DeploymentSpec, HookAction, StrategyName};
use super::stages::{Cause, Making, Plan, ROLL_BEGINS, Turn};

/// Milliseconds from one task to the next where all are started at once, and where all are stopped.
const UP: i64 = 20_000;
const DOWN: i64 = 4_000;
/// Milliseconds after a new deployment's start at which revisions it does not need lose their traffic, and
/// their tasks.
const SETTLES: i64 = 5_000;
const LEAVES: i64 = 15_000;
/// Milliseconds from a new task to the end of the one it replaces, in a rolling deployment.
const REPLACES: i64 = 60_000;

/// A time in which a side's tasks run. Each slot follows the one before it after a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    /// When the first begins to start; none ran for ever.
    pub(super) born: Option<i64>,
    /// Milliseconds to the next.
    pub(super) up: i64,
    /// Slots that would begin from then on never do.
    pub(super) up_until: Option<i64>,
    /// When the first begins to stop.
    pub(super) retired: Option<i64>,
    /// Milliseconds to the next.
    pub(super) down: i64,
    /// Slots that would end from then on stay.
    pub(super) down_until: Option<i64>,
    /// Whether slots are wanted and given up one by one, as in a rolling deployment.
    pub(super) gradual: bool,
}

impl Span {
    pub(super) fn since(born: Option<i64>, up: i64) -> Self {
        Self { born, up, up_until: None, retired: None, down: DOWN, down_until: None, gradual: false }
    }

    fn born(&self, slot: i64) -> Option<i64> {
        self.born.map(|born| born + slot * self.up)
    }

    fn begins(&self, slot: i64) -> bool {
        self.born(slot).is_none_or(|born| self.up_until.is_none_or(|until| born < until))
    }

    fn ends(&self, slot: i64) -> Option<i64> {
        let retired = self.retired.map(|at| at + slot * self.down);
        retired.filter(|at| self.down_until.is_none_or(|until| *at < until))
    }
}

/// A revision of a service and the times it runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SideSpec {
    /// Task definition revision.
    pub(super) number: u32,
    /// Blue or green target group.
    pub(super) blue: bool,
    pub(super) broken: Option<Broken>,
    /// When it gets its first production traffic.
    pub(super) first_traffic: i64,
    /// In order of time; empty for one that was given up before its tasks were started.
    pub(super) spans: Vec<Span>,
}

impl SideSpec {
    /// When a slot's tasks begin and end, in order of time.
    pub(super) fn stays(&self, slot: i64) -> Vec<(Option<i64>, Option<i64>)> {
        let mut stays: Vec<(Option<i64>, Option<i64>)> = Vec::with_capacity(self.spans.len());
        if slot > 0 && self.bad_start().is_some() {
            // ECS tries again and again with one of them.
            return stays;
        }
        for span in &self.spans {
            match stays.last_mut() {
                Some(last) if last.1.is_none() => last.1 = span.ends(slot),
                _ if span.begins(slot) => stays.push((span.born(slot), span.ends(slot))),
                _ => {}
            }
        }
        stays
    }

    /// How many of so many slots are to have a task at a time.
    pub(super) fn wanted(&self, tasks: u32, ms: i64) -> u32 {
        let wanted = |slot: &u32| {
            // Those of a bad start are all wanted, however few are tried.
            let slot = if self.bad_start().is_some() { 0 } else { i64::from(*slot) };
            self.spans.iter().fold(false, |wanted, span| {
                let begun = span.begins(slot) && span.born.is_none_or(|born| born <= ms);
                let ends = if span.gradual { span.ends(slot) } else { span.retired };
                (wanted || begun) && ends.is_none_or(|at| ms < at)
            })
        };
        (0..tasks).filter(wanted).count() as u32
    }

    /// Why its tasks never become healthy, if so.
    pub(super) fn bad_start(&self) -> Option<BadStart> {
        self.broken.as_ref().and_then(|broken| broken.start)
    }

    /// Ends what still runs.
    pub(super) fn retire(&mut self, at: i64) {
        // A span in which nothing begins.
        let end = Span { retired: Some(at), up_until: Some(i64::MIN), ..Span::since(Some(at), 0) };
        match self.spans.last_mut() {
            Some(span) if span.retired.is_none() => span.retired = Some(at),
            _ => self.spans.push(end),
        }
    }
}

/// From `at` on, `share` (0 to 1) of the requests goes to `new`, the rest to `old`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    pub(super) at: i64,
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) share: f64,
}

/// One deployment with its plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shift {
    /// Last part of its ARN.
    pub(super) id: String,
    pub(super) spec: DeploymentSpec,
    pub(super) started: i64,
    /// The sides that were active at its start, the one with the traffic first.
    pub(super) sources: Vec<usize>,
    pub(super) target: usize,
    pub(super) plan: Plan,
}

impl Shift {
    /// The side that traffic comes from.
    pub(super) fn source(&self) -> usize {
        self.sources.first().copied().unwrap_or_default()
    }

    /// When somebody asked to stop it.
    pub(super) fn asked(&self) -> Option<i64> {
        self.plan.turns.iter().find(|turn| turn.cause == Cause::Asked).map(|turn| turn.at)
    }
}

/// What callers did to the deployments of a service, and what became of them by itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Changes {
    /// Deployments that were stopped, by id, and when.
    pub(super) stops: Vec<(String, i64)>,
    /// Hooks that were answered, by id, when, and how.
    pub(super) answers: Vec<(String, i64, HookAction)>,
    /// Deployments whose alarms went off, by id, when, and which.
    pub(super) alarms: Vec<(String, i64, Vec<String>)>,
    /// Deployments beside those of the scenario.
    pub(super) made: Vec<DeploymentSpec>,
}

/// Everything about one service's revisions.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Course {
    pub(super) sides: Vec<SideSpec>,
    /// When the service was made, if its first deployment is among them. Unix milliseconds.
    pub(super) born: Option<i64>,
    /// Oldest first.
    pub(super) shifts: Vec<Shift>,
    /// Deployments by CodeDeploy, the oldest first; then there are no shifts.
    pub(super) releases: Vec<Release>,
    /// In order of time; the first holds since ever.
    pub(super) splits: Vec<Split>,
}

/// What a course is worked out from.
pub(super) struct Basis<'a> {
    /// Revision that ran before all deployments.
    pub(super) revision: u32,
    pub(super) tasks: u32,
    pub(super) deployments: Vec<&'a DeploymentSpec>,
    /// Unix milliseconds to which the scenario's times are relative.
    pub(super) start: i64,
    pub(super) dice: Dice,
    pub(super) changes: &'a Changes,
}

impl Course {
    /// The course of a service that is never deployed.
    pub(super) fn at_rest(revision: u32) -> Self {
        let first = SideSpec {
            number: revision,
            blue: true,
            broken: None,
            first_traffic: i64::MIN,
            spans: vec![Span::since(None, 0)],
        };
        let splits = vec![Split { at: i64::MIN, old: 0, new: 0, share: 0.0 }];
        Self { sides: vec![first], splits, ..Self::default() }
    }

    /// Lays out the deployments of one service.
    pub(super) fn new(mut basis: Basis<'_>) -> Self {
        basis.deployments.sort_by_key(|spec| spec.started);
        let mut course = Self::at_rest(basis.revision);
        if let Some(first) = basis.deployments.first().filter(|spec| spec.first) {
            course.born = Some(basis.start + first.started.0);
            course.sides.iter_mut().for_each(|side| side.spans.clear());
        }
        let mut active = vec![0];
        for (index, spec) in basis.deployments.iter().enumerate() {
            let replaced = basis.deployments.get(index + 1).map(|next| basis.start + next.started.0);
            active = course.add(spec, active, replaced, &basis);
        }
        course.splits.sort_by_key(|split| split.at);
        // What callers deployed since then changes no target group of what ran before.
        let made = |spec: &DeploymentSpec| basis.changes.made.iter().any(|made| std::ptr::eq(made, spec));
        let newest = basis.deployments.iter().rposition(|spec| !made(spec));
        let newest = newest.and_then(|index| course.shifts.get(index));
        course.paint(newest.map_or(0, Shift::source));
        course
    }

    /// Makes this side the blue one: the old side of the newest deployment of the scenario.
    pub(super) fn paint(&mut self, old: usize) {
        if !self.sides.get(old).is_some_and(|side| side.blue) {
            for side in &mut self.sides {
                side.blue = !side.blue;
            }
        }
    }

    /// Adds one deployment and says which sides are active after it, the one with the traffic first.
    fn add(
        &mut self,
        spec: &DeploymentSpec,
        sources: Vec<usize>,
        replaced: Option<i64>,
        basis: &Basis<'_>,
    ) -> Vec<usize> {
        let started = basis.start + spec.started.0;
        let again = self.shifts.iter().filter(|shift| shift.spec.revision == spec.revision).count() as u64;
        let dice = basis.dice.named("deployment").on(u64::from(spec.revision));
        let dice = if again > 0 { dice.on(again) } else { dice };
        let id = deployment_id(dice);
        let changes = basis.changes;
        let answer = |hook: &str| {
            let answer = changes.answers.iter().find(|(answered, ..)| answered == hook);
            answer.map(|(_, at, action)| (*at, *action))
        };
        let reconciles = sources.len() > 1;
        let making =
            Making { spec, start: basis.start, tasks: basis.tasks, reconciles, answer: &answer, dice };
        let mut plan = making.plan();
        let asked = changes.stops.iter().filter(|(stopped, _)| *stopped == id).map(|(_, at)| *at);
        let asked = asked.chain(spec.stopped.map(|offset| (basis.start + offset.0).max(started))).min();
        let mut turns: Vec<Turn> =
            asked.map(|at| Turn { at, cause: Cause::Asked, back: true }).into_iter().collect();
        let alarms = changes.alarms.iter().find(|(of, ..)| *of == id);
        turns.extend(alarms.map(|(_, at, names)| Turn {
            at: *at,
            cause: Cause::Alarms(names.clone()),
            back: spec.alarm_rollback,
        }));
        turns.sort_by_key(|turn| turn.at);
        for turn in turns {
            plan.turn(turn, spec);
        }
        if let Some(at) = replaced {
            plan.turn(Turn { at, cause: Cause::Replaced, back: false }, spec);
        }
        self.settle(&sources, started);
        let shift = Shift { id, spec: spec.clone(), started, sources, target: self.sides.len(), plan };
        self.split_traffic(&shift);
        let active = self.place_tasks(&shift, basis.tasks);
        self.shifts.push(shift);
        active
    }

    /// Leaves one of several active sides when a new deployment begins.
    pub(super) fn settle(&mut self, sources: &[usize], started: i64) {
        let Some((main, rest)) = sources.split_first().filter(|(_, rest)| !rest.is_empty()) else { return };
        self.splits.push(Split { at: started + SETTLES, old: *main, new: *main, share: 0.0 });
        for side in rest {
            if let Some(side) = self.sides.get_mut(*side) {
                side.retire(started + LEAVES);
            }
        }
    }

    fn split_traffic(&mut self, shift: &Shift) {
        let lag = i64::from(shift.spec.rule_lag) * 1_000;
        let mut share = 0.0;
        for step in &shift.plan.steps {
            let next = step.weight / 100.0;
            if (next - share).abs() > f64::EPSILON {
                let (old, new) = (shift.source(), shift.target);
                self.splits.push(Split { at: step.at + lag, old, new, share: next });
                share = next;
            }
        }
    }

    /// Adds the new side, lets the tasks of both sides come and go, and says which sides stay.
    fn place_tasks(&mut self, shift: &Shift, tasks: u32) -> Vec<usize> {
        let (spec, plan, source, target) = (&shift.spec, &shift.plan, shift.source(), shift.target);
        let rolling = spec.strategy == StrategyName::Rolling;
        let pace = spec.rolls_in() / i64::from(tasks.max(1));
        let first = plan.steps.iter().find(|step| step.weight > 0.0);
        let rolls = rolling.then_some(shift.started + ROLL_BEGINS);
        let born = plan.enters("SCALE_UP").or(rolls);
        let turn = plan.turns.first();
        let mut new = Span::since(born, if rolling { pace } else { UP });
        new.up_until = turn.map(|turn| turn.at);
        let last = plan.steps.last();
        let (end, ends) = (last.map_or("", |step| step.status), plan.ends());
        let goes_back = end == "ROLLBACK_SUCCESSFUL";
        let fails = spec.broken.as_ref().is_some_and(|broken| broken.start.is_some());
        new.retired = turn.filter(|_| fails).map(|turn| turn.at + 1).or(goes_back.then_some(ends));
        let gives_way = match plan.enters("CLEAN_UP") {
            Some(at) => Some(at),
            None if rolling && spec.drain_minutes > 0 => (end == "SUCCESSFUL").then_some(ends),
            None if rolling && first.is_some() => Some(shift.started + ROLL_BEGINS + REPLACES),
            None => None,
        };
        if let Some(old) = self.sides.get_mut(source)
            && let Some(span) = old.spans.last_mut()
            && let Some(at) = gives_way
        {
            (span.retired, span.gradual) = (Some(at), rolling);
            span.down = match spec.drain_minutes {
                _ if !rolling => DOWN,
                0 => pace,
                minutes => i64::from(minutes) * 60_000 / i64::from(tasks.max(1)),
            };
            span.down_until = turn.map(|turn| turn.at);
            if let Some(turn) = turn.filter(|_| goes_back) {
                let begins = if rolling { ROLL_BEGINS } else { SETTLES };
                let back = Span::since(Some(turn.at + begins), if rolling { pace } else { SETTLES });
                old.spans.push(Span { gradual: rolling, ..back });
                if rolling {
                    (new.retired, new.down) = (Some(turn.at + ROLL_BEGINS + REPLACES), pace);
                    new.gradual = true;
                }
            }
        }
        let blue = !self.sides.get(source).is_some_and(|side| side.blue);
        self.sides.push(SideSpec {
            number: spec.revision,
            blue: if rolling { !blue } else { blue },
            broken: spec.broken.clone(),
            first_traffic: first.map_or(i64::MAX, |step| step.at),
            spans: born.map(|_| new).into_iter().collect(),
        });
        match end {
            "SUCCESSFUL" => vec![target],
            "ROLLBACK_SUCCESSFUL" => vec![source],
            _ if born.is_none() => vec![source],
            _ if last.is_some_and(|step| step.weight >= 50.0) => vec![target, source],
            _ => vec![source, target],
        }
    }

    /// The split in force at a time.
    pub(super) fn split(&self, ms: i64) -> Split {
        let index = self.splits.partition_point(|split| split.at <= ms).saturating_sub(1);
        self.splits.get(index).copied().unwrap_or(Split { at: i64::MIN, old: 0, new: 0, share: 0.0 })
    }

    /// The split in force at `from` and those that come before `to`.
    pub(super) fn splits_between(&self, from: i64, to: i64) -> &[Split] {
        let first = self.splits.partition_point(|split| split.at <= from).saturating_sub(1);
        let last = self.splits.partition_point(|split| split.at < to);
        self.splits.get(first..last.max(first + 1)).unwrap_or_default()
    }

    /// Share of the traffic (0 to 1) that is on a broken side at a time.
    pub(super) fn broken_share(&self, ms: i64) -> f64 {
        let split = self.split(ms);
        let broken = |side: usize| self.sides.get(side).is_some_and(|side| side.broken.is_some());
        let new = if broken(split.new) { split.share } else { 0.0 };
        let old = if broken(split.old) { 1.0 - split.share } else { 0.0 };
        new + old
    }
}

/// 21 letters and digits, as ECS makes them.
fn deployment_id(dice: Dice) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    (0..21).filter_map(|index| dice.on(index).pick(LETTERS)).map(|byte| char::from(*byte)).collect()
}
