//! The stages of one deployment in time: what it does when nobody interferes, and how it ends when somebody
//! or something does.
//!
//! A plan is worked out whole. Hooks hold it up until they are answered, run out or fail; a stop, an alarm,
//! the circuit breaker or the next deployment cut it. `shift.rs` puts the plans of a service one after the
//! other.

use super::hash::Dice;
use super::spec::{BadStart, Broken, DeploymentSpec, HookAction, HookKind, HookSpec, StrategyName};

/// Seconds from a stop until the weights are back.
const BACK: i64 = 10;
/// Seconds from a stop until it is done.
const BACK_DONE: i64 = 25;
/// The same when the old side was already being cleaned up and has to start again, or will not come back.
const SLOW_BACK_DONE: i64 = 180;
/// Seconds that active revisions take to become one again.
const RECONCILE: i64 = 30;
/// A stage may last a day.
const DAY: i64 = 86_400;
/// Milliseconds from the start of a rolling deployment to its first task.
pub(super) const ROLL_BEGINS: i64 = 15_000;
/// Steps in which the traffic of a rolling deployment follows its tasks.
const QUARTERS: i64 = 4;

impl DeploymentSpec {
    /// Milliseconds in which a rolling deployment replaces all tasks.
    pub(super) fn rolls_in(&self) -> i64 {
        QUARTERS * 60_000 * i64::from(self.step_minutes.max(1))
    }
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

/// A hook that was, or will be, called. Unix milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HookRun {
    pub(super) id: String,
    pub(super) stage: &'static str,
    pub(super) kind: HookKind,
    /// Name of the function that is called.
    pub(super) function: String,
    pub(super) began: i64,
    pub(super) expires: i64,
    pub(super) timeout_action: HookAction,
    pub(super) ended: i64,
    /// AWS's word for how it ended.
    pub(super) end: &'static str,
}

impl HookRun {
    /// AWS's word for its state at a time; none before it is called.
    pub(super) fn status(&self, ms: i64) -> Option<&'static str> {
        match self.kind {
            _ if ms < self.began => None,
            _ if ms >= self.ended => Some(self.end),
            HookKind::Pause => Some("AWAITING_ACTION"),
            HookKind::AwsLambda => Some("IN_PROGRESS"),
        }
    }
}

/// Why a deployment does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody stopped it.
    Asked,
    /// Somebody answered a hook with a rollback.
    Answered,
    /// A hook's function said no.
    HookFailed,
    /// A hook ran out.
    HookTimedOut,
    /// Its alarms went off.
    Alarms(Vec<String>),
    /// Too many of its tasks failed.
    Breaker,
    /// A stage took a whole day.
    TooLong,
    /// The service was deployed again.
    Replaced,
}

/// When and why a deployment no longer goes on, and whether it goes back or stops where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) at: i64,
    pub(super) cause: Cause,
    pub(super) back: bool,
}

/// One deployment over all time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Plan {
    /// In order of time, never empty.
    pub(super) steps: Vec<Step>,
    /// In the order they are called.
    pub(super) hooks: Vec<HookRun>,
    /// Why it did not go on, in order of time.
    pub(super) turns: Vec<Turn>,
}

/// What a plan is made of beside its specification.
pub(super) struct Making<'a> {
    pub(super) spec: &'a DeploymentSpec,
    /// Unix milliseconds to which the scenario's times are relative.
    pub(super) start: i64,
    pub(super) tasks: u32,
    /// More than one revision is active at its start.
    pub(super) reconciles: bool,
    /// When a caller answered the hook with this id, and how.
    pub(super) answer: &'a dyn Fn(&str) -> Option<(i64, HookAction)>,
    pub(super) dice: Dice,
}

impl Plan {
    /// Its state at a time; none before it was asked for.
    pub(super) fn at(&self, ms: i64) -> Option<&Step> {
        self.steps.get(self.steps.partition_point(|step| step.at <= ms).checked_sub(1)?)
    }

    /// When its last state begins.
    pub(super) fn ends(&self) -> i64 {
        self.steps.last().map_or(i64::MIN, |step| step.at)
    }

    /// When a stage is entered for the first time.
    pub(super) fn enters(&self, stage: &str) -> Option<i64> {
        self.steps.iter().find(|step| step.stage == Some(stage)).map(|step| step.at)
    }

    /// Lets it turn, if it is still going on then.
    pub(super) fn turn(&mut self, turn: Turn, spec: &DeploymentSpec) {
        let Some(last) = self.at(turn.at).copied() else { return };
        let terminal = self.steps.last().is_some_and(|step| !super::types::in_progress(step.status));
        let ending = !matches!(last.status, "PENDING" | "IN_PROGRESS");
        if terminal && turn.at >= self.ends() || ending && turn.cause != Cause::Replaced {
            return;
        }
        self.steps.retain(|step| step.at <= turn.at);
        self.turns.retain(|earlier| earlier.at <= turn.at);
        self.hooks.retain(|hook| hook.began <= turn.at);
        for hook in self.hooks.iter_mut().filter(|hook| hook.ended > turn.at) {
            (hook.ended, hook.end) = (turn.at, "FAILED");
        }
        if turn.back {
            self.go_back(last, turn.at, spec);
        } else {
            let stopped = Step { at: turn.at, status: "STOP_REQUESTED", ..last };
            self.steps.push(stopped);
            self.steps.push(Step { at: turn.at + 5_000, status: "STOPPED", stage: None, test: 0.0, ..last });
        }
        self.turns.push(turn);
    }

    fn go_back(&mut self, last: Step, at: i64, spec: &DeploymentSpec) {
        let weighted = spec.strategy != StrategyName::Rolling;
        let stage = last.stage.filter(|_| weighted).map(|_| "PRODUCTION_TRAFFIC_SHIFT");
        let mut add = |seconds: i64, status, stage, weight, test| {
            self.steps.push(Step { at: at + seconds * 1_000, status, stage, weight, test });
        };
        add(0, "ROLLBACK_REQUESTED", last.stage, last.weight, last.test);
        add(5, "ROLLBACK_IN_PROGRESS", stage, last.weight, 0.0);
        if spec.stuck {
            add(SLOW_BACK_DONE, "ROLLBACK_FAILED", None, last.weight, 0.0);
            return;
        }
        let done = if !weighted && last.weight > 0.0 {
            // Tasks are replaced once more, the other way round.
            let quarter = 100.0 / QUARTERS as f64;
            let moved = (last.weight / quarter).round() as i64;
            for turn in 1..=moved {
                let weight = quarter * (moved - turn) as f64;
                add(
                    turn * spec.rolls_in() / 1_000 / QUARTERS + 20,
                    "ROLLBACK_IN_PROGRESS",
                    None,
                    weight,
                    0.0,
                );
            }
            moved * spec.rolls_in() / 1_000 / QUARTERS + 90
        } else {
            let slow = last.stage == Some("CLEAN_UP");
            let back = if slow { SLOW_BACK_DONE - BACK } else { BACK };
            add(back, "ROLLBACK_IN_PROGRESS", stage, 0.0, 0.0);
            if slow { SLOW_BACK_DONE } else { BACK_DONE }
        };
        add(done, "ROLLBACK_SUCCESSFUL", None, 0.0, 0.0);
    }
}

impl Making<'_> {
    /// The plan of a deployment that nobody stops; hooks and its own failures may turn it.
    pub(super) fn plan(self) -> Plan {
        let started = self.start + self.spec.started.0;
        let pending = Step { at: started, status: "PENDING", stage: None, weight: 0.0, test: 0.0 };
        let plan = Plan { steps: vec![pending], ..Plan::default() };
        let mut planner = Planner { making: self, at: started + 3_000, plan, turn: None };
        if planner.making.spec.strategy == StrategyName::Rolling {
            planner.roll(started);
        } else {
            planner.shift();
        }
        let Planner { making, mut plan, turn, .. } = planner;
        if let Some(turn) = turn {
            plan.turn(turn, making.spec);
        }
        plan
    }
}

struct Planner<'a> {
    making: Making<'a>,
    /// Where the plan has come to.
    at: i64,
    plan: Plan,
    turn: Option<Turn>,
}

impl Planner<'_> {
    fn push(&mut self, status: &'static str, stage: Option<&'static str>, weight: f64, test: f64) {
        self.plan.steps.push(Step { at: self.at, status, stage, weight, test });
    }

    /// One stage with its hooks. Nothing follows once something has turned it.
    fn stage(&mut self, stage: &'static str, weight: f64, test: f64, seconds: i64) {
        if self.turn.is_some() {
            return;
        }
        self.push("IN_PROGRESS", Some(stage), weight, test);
        let spec = self.making.spec;
        for (index, hook) in spec.hooks.iter().enumerate().filter(|(_, hook)| hook.stage == stage) {
            self.hook(stage, index, hook);
            if self.turn.is_some() {
                return;
            }
        }
        self.at += seconds * 1_000;
    }

    fn hook(&mut self, stage: &'static str, index: usize, spec: &HookSpec) {
        let (began, turn) = (self.at, self.plan.hooks.len() as u64);
        let id = self.making.dice.named("hook").on(index as u64).on(turn).uuid();
        let expires = began + i64::from(spec.timeout_minutes) * 60_000;
        let listed = spec.answered.map(|at| (self.making.start + at.0, spec.answer));
        let answered = (self.making.answer)(&id).or(listed);
        let answered = answered.filter(|(at, _)| (began..expires).contains(at));
        let (ended, end, cause) = match (spec.kind, answered) {
            (HookKind::Pause, Some((at, HookAction::Continue))) => (at, "SUCCEEDED", None),
            (HookKind::Pause, Some((at, HookAction::Rollback))) => (at, "FAILED", Some(Cause::Answered)),
            (HookKind::AwsLambda, _) if spec.minutes < spec.timeout_minutes => {
                let cause = spec.fails.then_some(Cause::HookFailed);
                let end = if spec.fails { "FAILED" } else { "SUCCEEDED" };
                (began + i64::from(spec.minutes) * 60_000, end, cause)
            }
            (HookKind::Pause | HookKind::AwsLambda, _) => {
                let back = spec.timeout_action == HookAction::Rollback;
                (expires, "TIMED_OUT", back.then_some(Cause::HookTimedOut))
            }
        };
        let (kind, function) = (spec.kind, spec.function.clone());
        let timeout_action = spec.timeout_action;
        self.plan.hooks.push(HookRun {
            id,
            stage,
            kind,
            function,
            began,
            expires,
            timeout_action,
            ended,
            end,
        });
        self.at = ended;
        self.turn = cause.map(|cause| Turn { at: ended, cause, back: true });
    }

    /// A deployment with weights.
    fn shift(&mut self) {
        let spec = self.making.spec;
        if self.making.reconciles {
            self.stage("RECONCILE_SERVICE", 0.0, 0.0, RECONCILE);
        }
        self.stage("PRE_SCALE_UP", 0.0, 0.0, 10);
        if bad_start(spec).is_some() {
            self.stage("SCALE_UP", 0.0, 0.0, DAY);
            self.turn.get_or_insert(Turn { at: self.at, cause: Cause::TooLong, back: true });
            return;
        }
        self.stage("SCALE_UP", 0.0, 0.0, 210);
        self.stage("POST_SCALE_UP", 0.0, 0.0, 7);
        self.stage("TEST_TRAFFIC_SHIFT", 0.0, 100.0, 30);
        self.stage("POST_TEST_TRAFFIC_SHIFT", 0.0, 100.0, 30);
        self.stage("PRE_PRODUCTION_TRAFFIC_SHIFT", 0.0, 100.0, 10);
        let wait = (i64::from(spec.step_minutes) * 60).max(1);
        let before = wait.min(20) / 2;
        for weight in steps(spec) {
            self.stage("PRODUCTION_TRAFFIC_SHIFT", weight, 100.0, wait - before);
            self.stage("PRE_PRODUCTION_TRAFFIC_SHIFT", weight, 100.0, before);
        }
        self.stage("PRODUCTION_TRAFFIC_SHIFT", 100.0, 100.0, 10);
        self.stage("POST_PRODUCTION_TRAFFIC_SHIFT", 100.0, 100.0, 5);
        self.stage("BAKE_TIME", 100.0, 100.0, i64::from(spec.bake_minutes) * 60);
        self.stage("CLEAN_UP", 100.0, 0.0, 60);
        if self.turn.is_none() {
            self.push("SUCCESSFUL", None, 100.0, 0.0);
        }
    }

    /// A rolling deployment has no weights: its share of the requests follows its tasks.
    fn roll(&mut self, started: i64) {
        let spec = self.making.spec;
        self.push("IN_PROGRESS", None, 0.0, 0.0);
        if let Some(why) = bad_start(spec) {
            let failures = i64::from(spec.breaker.threshold(self.making.tasks));
            let at = started + ROLL_BEGINS + why.fails_after() + (failures - 1) * why.fails_every();
            let turn = Turn { at, cause: Cause::Breaker, back: spec.breaker.rollback };
            self.turn = spec.breaker.enable.then_some(turn);
            return;
        }
        for quarter in 1..=QUARTERS {
            self.at = started + spec.rolls_in() / QUARTERS * quarter + ROLL_BEGINS + 5_000;
            self.push("IN_PROGRESS", None, 100.0 / QUARTERS as f64 * quarter as f64, 0.0);
        }
        self.at = started + spec.rolls_in() + 90_000;
        self.push("SUCCESSFUL", None, 100.0, 0.0);
    }
}

/// The weights after which a deployment waits.
fn steps(spec: &DeploymentSpec) -> Vec<f64> {
    match spec.strategy {
        StrategyName::Canary => vec![spec.percent],
        StrategyName::Linear => {
            let steps = (100.0 / spec.percent).ceil() as u32;
            (1..steps).map(|step| spec.percent * f64::from(step)).collect()
        }
        StrategyName::BlueGreen | StrategyName::Rolling => Vec::new(),
    }
}

fn bad_start(spec: &DeploymentSpec) -> Option<BadStart> {
    spec.broken.as_ref().and_then(|broken: &Broken| broken.start)
}

impl BadStart {
    /// Milliseconds that a task lives.
    pub(super) fn fails_after(self) -> i64 {
        match self {
            Self::Pull | Self::Exit => 30_000,
            Self::Health => 75_000,
        }
    }

    /// Milliseconds from one failure to the next.
    pub(super) fn fails_every(self) -> i64 {
        match self {
            Self::Pull | Self::Exit => 45_000,
            Self::Health => 90_000,
        }
    }
}
