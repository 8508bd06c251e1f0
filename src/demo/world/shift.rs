//! How a deployment goes: the stages, weights and sides of one service over all time.
//!
//! A plan is worked out whole from the specification and the time of a stop, if any; a question about a
//! moment looks up the last step before it. `ecs.rs` words it as AWS does.

use super::hash::Dice;
use super::spec::{Broken, DeploymentSpec, StrategyName};

/// Seconds after the start at which the first production traffic moves.
const FIRST_SHIFT: i64 = 300;
/// Seconds from a stop until the weights are back.
const BACK: i64 = 10;
/// Seconds from a stop until it is done.
const BACK_DONE: i64 = 25;
/// The same when the old side was already being cleaned up and has to start again.
const SLOW_BACK_DONE: i64 = 180;

/// A revision of a service and the time it runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SideSpec {
    /// Task definition revision.
    pub(super) number: u32,
    /// Blue or green target group.
    pub(super) blue: bool,
    pub(super) broken: Option<Broken>,
    /// When its tasks begin to start; none ran for ever.
    pub(super) born: Option<i64>,
    /// When it gets its first production traffic.
    pub(super) first_traffic: i64,
    /// When its tasks begin to stop.
    pub(super) retired: Option<i64>,
}

/// From `at` on, `share` (0 to 1) of the requests goes to `new`, the rest to `old`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    pub(super) at: i64,
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) share: f64,
}

/// From `at` on, a deployment is in this state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    pub(super) at: i64,
    pub(super) status: &'static str,
    pub(super) stage: Option<&'static str>,
    /// Percent of production traffic on the new side.
    pub(super) weight: f64,
    /// Percent of test traffic on the new side.
    pub(super) test: f64,
}

/// One deployment with its plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shift {
    /// Last part of its ARN.
    pub(super) id: String,
    pub(super) spec: DeploymentSpec,
    pub(super) started: i64,
    pub(super) source: usize,
    pub(super) target: usize,
    /// When somebody asked to stop it.
    pub(super) stop: Option<i64>,
    /// In order of time, never empty.
    pub(super) steps: Vec<Step>,
}

impl Shift {
    /// Its state at a time; none before it was asked for.
    pub(super) fn at(&self, ms: i64) -> Option<&Step> {
        self.steps.get(self.steps.partition_point(|step| step.at <= ms).checked_sub(1)?)
    }

    /// When its plan ends.
    pub(super) fn ends(&self) -> i64 {
        self.steps.last().map_or(self.started, |step| step.at)
    }

    /// When a stage is entered for the first time.
    pub(super) fn enters(&self, stage: &str) -> Option<i64> {
        self.steps.iter().find(|step| step.stage == Some(stage)).map(|step| step.at)
    }
}

/// Everything about one service's revisions.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Course {
    pub(super) sides: Vec<SideSpec>,
    /// Oldest first.
    pub(super) shifts: Vec<Shift>,
    /// In order of time; the first holds since ever.
    pub(super) splits: Vec<Split>,
}

impl Course {
    /// Lays out the deployments of one service; `stops` are those that callers made, by deployment id.
    pub(super) fn new(
        revision: u32,
        deployments: &[&DeploymentSpec],
        start: i64,
        dice: Dice,
        stops: &[(String, i64)],
    ) -> Self {
        let mut deployments = deployments.to_vec();
        deployments.sort_by_key(|spec| spec.started);
        let first = SideSpec {
            number: revision,
            blue: true,
            broken: None,
            born: None,
            first_traffic: i64::MIN,
            retired: None,
        };
        let mut course = Self {
            sides: vec![first],
            shifts: Vec::new(),
            splits: vec![Split { at: i64::MIN, old: 0, new: 0, share: 0.0 }],
        };
        let mut current = 0;
        for spec in deployments {
            current = course.add(spec, current, start, dice, stops);
        }
        // Of the newest deployment, the old side is the blue one.
        let old = course.shifts.last().map_or(0, |shift| shift.source);
        if !course.sides.get(old).is_some_and(|side| side.blue) {
            for side in &mut course.sides {
                side.blue = !side.blue;
            }
        }
        course
    }

    /// Adds one deployment and says which side runs after it.
    fn add(
        &mut self,
        spec: &DeploymentSpec,
        source: usize,
        start: i64,
        dice: Dice,
        stops: &[(String, i64)],
    ) -> usize {
        let started = start + spec.started.0;
        let id = deployment_id(dice.named("deployment").on(u64::from(spec.revision)));
        let asked = stops.iter().find(|(stopped, _)| *stopped == id).map(|(_, at)| *at);
        let stop = asked.or_else(|| spec.stopped.map(|offset| start + offset.0));
        let mut steps = plan(spec, started);
        let stop = stop.filter(|at| steps.last().is_some_and(|last| *at < last.at));
        if let Some(at) = stop {
            turn_back(&mut steps, at.max(started));
        }
        let target = self.sides.len();
        let at_stage = |stage: &str| steps.iter().find(|step| step.stage == Some(stage)).map(|step| step.at);
        let ends = steps.last().map_or(started, |step| step.at);
        let first_traffic = steps.iter().find(|step| step.weight > 0.0).map_or(i64::MAX, |step| step.at);
        let cleaned = at_stage("CLEAN_UP").unwrap_or(ends);
        if stop.is_none()
            && let Some(side) = self.sides.get_mut(source)
        {
            side.retired = Some(cleaned);
        }
        let blue = !self.sides.get(source).is_some_and(|side| side.blue);
        self.sides.push(SideSpec {
            number: spec.revision,
            blue,
            broken: spec.broken.clone(),
            born: Some(at_stage("SCALE_UP").unwrap_or(started)),
            first_traffic,
            retired: stop.map(|_| ends),
        });
        let mut share = 0.0;
        for step in &steps {
            let next = step.weight / 100.0;
            if (next - share).abs() > f64::EPSILON {
                self.splits.push(Split { at: step.at, old: source, new: target, share: next });
                share = next;
            }
        }
        self.shifts.push(Shift { id, spec: spec.clone(), started, source, target, stop, steps });
        if stop.is_some() { source } else { target }
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

/// The plan of a deployment that nobody stops.
fn plan(spec: &DeploymentSpec, started: i64) -> Vec<Step> {
    let mut steps = Vec::with_capacity(16);
    let mut add = |seconds: i64, status, stage, weight: f64, test| {
        steps.push(Step { at: started + seconds * 1000, status, stage, weight, test });
    };
    add(0, "PENDING", None, 0.0, 0.0);
    if spec.strategy == StrategyName::Rolling {
        // A rolling deployment has no weights: its share of the requests follows its tasks.
        for (step, weight) in [(1, 25.0), (2, 50.0), (3, 75.0), (4, 100.0)] {
            add(step * 60, "IN_PROGRESS", None, weight, 0.0);
        }
        add(330, "SUCCESSFUL", None, 100.0, 0.0);
        return steps;
    }
    let mut go = |seconds, stage, weight, test| add(seconds, "IN_PROGRESS", Some(stage), weight, test);
    go(3, "PRE_SCALE_UP", 0.0, 0.0);
    go(13, "SCALE_UP", 0.0, 0.0);
    go(223, "POST_SCALE_UP", 0.0, 0.0);
    go(230, "TEST_TRAFFIC_SHIFT", 0.0, 100.0);
    go(260, "POST_TEST_TRAFFIC_SHIFT", 0.0, 100.0);
    go(290, "PRE_PRODUCTION_TRAFFIC_SHIFT", 0.0, 100.0);
    let wait = i64::from(spec.step_minutes) * 60;
    let mut at = FIRST_SHIFT;
    match spec.strategy {
        StrategyName::Canary => {
            go(at, "PRODUCTION_TRAFFIC_SHIFT", spec.percent, 100.0);
            at += wait.max(1);
        }
        StrategyName::Linear => {
            let mut weight = spec.percent;
            while weight < 100.0 {
                go(at, "PRODUCTION_TRAFFIC_SHIFT", weight, 100.0);
                at += wait.max(1);
                weight += spec.percent;
            }
        }
        StrategyName::BlueGreen | StrategyName::Rolling => {}
    }
    go(at, "PRODUCTION_TRAFFIC_SHIFT", 100.0, 100.0);
    go(at + 10, "POST_PRODUCTION_TRAFFIC_SHIFT", 100.0, 100.0);
    let bake = at + 15;
    go(bake, "BAKE_TIME", 100.0, 100.0);
    let clean = bake + i64::from(spec.bake_minutes) * 60;
    go(clean, "CLEAN_UP", 100.0, 0.0);
    add(clean + 60, "SUCCESSFUL", None, 100.0, 0.0);
    steps
}

/// Cuts a plan at a stop and lets it go back.
fn turn_back(steps: &mut Vec<Step>, stop: i64) {
    steps.retain(|step| step.at <= stop);
    let Some(last) = steps.last().copied() else { return };
    let slow = last.stage == Some("CLEAN_UP");
    let done = if slow { SLOW_BACK_DONE } else { BACK_DONE };
    let back = if slow { SLOW_BACK_DONE - BACK } else { BACK };
    let shift = last.stage.map(|_| "PRODUCTION_TRAFFIC_SHIFT");
    let mut add = |seconds: i64, status, stage, weight, test| {
        steps.push(Step { at: stop + seconds * 1000, status, stage, weight, test });
    };
    add(0, "ROLLBACK_REQUESTED", last.stage, last.weight, last.test);
    add(5, "ROLLBACK_IN_PROGRESS", shift, last.weight, 0.0);
    add(back, "ROLLBACK_IN_PROGRESS", shift, 0.0, 0.0);
    add(done, "ROLLBACK_SUCCESSFUL", None, 0.0, 0.0);
}

/// 21 letters and digits, as ECS makes them.
fn deployment_id(dice: Dice) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    (0..21).filter_map(|index| dice.on(index).pick(LETTERS)).map(|byte| char::from(*byte)).collect()
}
