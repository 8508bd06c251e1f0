//! One deployment by CodeDeploy in time: its status, the weights, its lifecycle events.
//!
//! Worked out whole, as ECS's own deployments are in `stages.rs`. Hooks that fail, a wait that nobody ends,
//! a stop or an alarm cut it; then another deployment may take it back, which has a plan of its own.

use super::super::spec::BadStart;
use super::spec::{EventHook, ReleaseSpec, RollbackOn};

/// Milliseconds from the call to the first event.
const BEGINS: i64 = 3_000;
/// Milliseconds from a stop until the deployment says so.
const STOPS: i64 = 3_000;
/// Milliseconds from the end of a deployment to the one that takes it back.
const TAKEN_BACK: i64 = 1_000;
/// Milliseconds from the making of that one until the weights are back, and until it is done.
const BACK: i64 = 6_000;
const BACK_DONE: i64 = 18_000;
/// The same when the old tasks have to be started again.
const SLOW_BACK: i64 = 150_000;
const SLOW_BACK_DONE: i64 = 170_000;
/// An event that calls nobody.
const AT_ONCE: i64 = 1_000;
/// Milliseconds in which new tasks are given up that do not become healthy: AWS says an hour.
const INSTALL_LONGEST: i64 = 3_600_000;
/// Milliseconds in which the old tasks go.
const CLEARS: i64 = 60_000;

/// From `at` on, a deployment is in this state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::demo::world) struct Step {
    pub(in crate::demo::world) at: i64,
    pub(in crate::demo::world) status: &'static str,
    /// Share of the traffic on the new side, 0 to 1.
    pub(in crate::demo::world) share: f64,
}

/// A lifecycle event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: &'static str,
    /// When it began or will begin, and ended; none when it is never reached.
    pub(super) span: Option<(i64, i64)>,
    /// AWS's word for how it ended.
    pub(super) end: &'static str,
}

/// Why a deployment does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody stopped it.
    Asked,
    /// Its alarms went off.
    Alarms(Vec<String>),
    /// The function of this event said no.
    Hook(&'static str),
    /// Nobody continued it.
    NotContinued,
    /// The new tasks did not become healthy.
    Unhealthy,
    /// The way back did not work.
    Stuck,
}

/// When and why a deployment no longer goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) at: i64,
    pub(super) cause: Cause,
    /// Whether another deployment takes it back.
    pub(super) back: bool,
}

/// One deployment over all time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::demo::world) struct Plan {
    /// In order of time, never empty.
    pub(in crate::demo::world) steps: Vec<Step>,
    pub(super) events: Vec<Event>,
    pub(super) turn: Option<Turn>,
    /// When the new tasks are started.
    pub(super) installs: Option<i64>,
    /// When the wait begins after which the old tasks go.
    pub(super) keeps: Option<i64>,
    /// When the old tasks go.
    pub(super) clears: Option<i64>,
}

impl Plan {
    /// Its state at a time; none before it is made.
    pub(in crate::demo::world) fn at(&self, ms: i64) -> Option<&Step> {
        self.steps.get(self.steps.partition_point(|step| step.at <= ms).checked_sub(1)?)
    }

    /// When its last state begins.
    pub(in crate::demo::world) fn ends(&self) -> i64 {
        self.steps.last().map_or(i64::MIN, |step| step.at)
    }

    /// When it began; never for one that was stopped in `Created`.
    pub(super) fn begins(&self) -> i64 {
        self.steps.iter().find(|step| step.status == "InProgress").map_or(i64::MAX, |step| step.at)
    }

    /// When traffic first moves to the new side.
    pub(super) fn first_traffic(&self) -> i64 {
        self.steps.iter().find(|step| step.share > 0.0).map_or(i64::MAX, |step| step.at)
    }

    /// When all of it has moved and CodeDeploy has made the new side the primary one.
    pub(super) fn moved(&self) -> Option<i64> {
        let allowed = self.events.iter().find(|event| event.name == "AllowTraffic")?;
        allowed.span.filter(|_| allowed.end == "Succeeded").map(|(_, ended)| ended)
    }

    /// AWS's word for the state of an event at a time.
    pub(super) fn event_status(&self, event: &Event, ms: i64) -> &'static str {
        match event.span {
            None if event.end == "Skipped" && ms >= self.ends() => "Skipped",
            None => "Pending",
            Some((began, _)) if ms < began => "Pending",
            Some((_, ended)) if ms < ended => "InProgress",
            Some(_) => event.end,
        }
    }

    /// Whether it can still be stopped at a time: it is going on and nobody has stopped it.
    pub(super) fn goes_on(&self, ms: i64) -> bool {
        self.at(ms).is_some_and(|step| open(step.status)) && self.turn.as_ref().is_none_or(|it| ms < it.at)
    }

    /// Lets it end, if it is still going on then; with how it ends, and after how many milliseconds.
    fn cut(&mut self, turn: Turn, status: &'static str, after: i64) {
        if !self.goes_on(turn.at) {
            return;
        }
        let Some(last) = self.at(turn.at).copied() else { return };
        let ends = turn.at + after;
        self.steps.retain(|step| step.at <= turn.at);
        self.steps.push(Step { at: ends, status, ..last });
        for event in &mut self.events {
            match event.span {
                Some((_, ended)) if ended <= turn.at => {}
                Some((began, _)) if began <= turn.at => {
                    (event.span, event.end) = (Some((began, ends)), "Failed");
                }
                _ => (event.span, event.end) = (None, "Skipped"),
            }
        }
        for at in [&mut self.installs, &mut self.keeps, &mut self.clears] {
            *at = at.filter(|at| *at <= turn.at);
        }
        self.turn = Some(turn);
    }

    /// Somebody stops it.
    pub(super) fn stop(&mut self, at: i64, back: bool) {
        self.cut(Turn { at, cause: Cause::Asked, back }, "Stopped", STOPS);
    }

    /// Its alarms go off.
    pub(super) fn alarm(&mut self, at: i64, names: Vec<String>, back: bool) {
        self.cut(Turn { at, cause: Cause::Alarms(names), back }, "Stopped", STOPS);
    }

    /// The plan of the deployment that takes this one back, where one does.
    pub(super) fn back(&self, spec: &ReleaseSpec) -> Option<Plan> {
        self.turn.as_ref().filter(|turn| turn.back)?;
        let (made, share) = (self.ends() + TAKEN_BACK, self.steps.last()?.share);
        let slow = self.clears.is_some();
        let (back, done) = if slow { (SLOW_BACK, SLOW_BACK_DONE) } else { (BACK, BACK_DONE) };
        let step = |after: i64, status: &'static str, share: f64| Step { at: made + after, status, share };
        let mut steps = vec![step(0, "Created", share), step(2_000, "InProgress", share)];
        if !spec.stuck {
            steps.push(step(back, "InProgress", 0.0));
        }
        let (end, rest) = if spec.stuck { ("Failed", share) } else { ("Succeeded", 0.0) };
        steps.push(step(done, end, rest));
        // Hooks are not called on the way back.
        let events = spec.events().iter().map(|name| {
            let moves = *name == "AllowTraffic";
            let ended = made + if spec.stuck { done } else { back + AT_ONCE };
            Event {
                name,
                span: moves.then_some((made + 2_000, ended)),
                end: if moves { end } else { "Skipped" },
            }
        });
        let turn = Turn { at: made + done, cause: Cause::Stuck, back: false };
        Some(Plan { steps, events: events.collect(), turn: spec.stuck.then_some(turn), ..Plan::default() })
    }
}

/// Whether a status is one of those that AWS counts as open.
pub(in crate::demo::world) fn open(status: &str) -> bool {
    matches!(status, "Created" | "Queued" | "InProgress" | "Baking" | "Ready")
}

/// What a plan is made of beside its specification.
pub(super) struct Making<'a> {
    pub(super) spec: &'a ReleaseSpec,
    /// When it is made.
    pub(super) made: i64,
    /// Tasks to start.
    pub(super) tasks: u32,
    /// When somebody continues it, of those times the first after it began to wait counts.
    pub(super) continued: Vec<i64>,
    /// When somebody ends the wait before the old tasks go.
    pub(super) released: Vec<i64>,
}

impl Making<'_> {
    /// The plan of a deployment that nobody stops.
    pub(super) fn plan(self) -> Plan {
        let pending = |name: &&'static str| Event { name, span: None, end: "Skipped" };
        let created = Step { at: self.made, status: "Created", share: 0.0 };
        let plan = Plan {
            steps: vec![created],
            events: self.spec.events().iter().map(pending).collect(),
            ..Plan::default()
        };
        let mut planner = Planner { at: self.made + BEGINS, making: self, plan, share: 0.0, turn: None };
        planner.go();
        let Planner { making, mut plan, turn, .. } = planner;
        if let Some((at, cause)) = turn {
            let back = making.spec.rolls_back(RollbackOn::Failure);
            let status = if cause == Cause::NotContinued { "Stopped" } else { "Failed" };
            let back = back && status == "Failed";
            plan.cut(Turn { at, cause, back }, status, 0);
        }
        plan
    }
}

struct Planner<'a> {
    making: Making<'a>,
    /// Where the plan has come to.
    at: i64,
    plan: Plan,
    share: f64,
    /// When and why it does not go on by itself.
    turn: Option<(i64, Cause)>,
}

impl Planner<'_> {
    fn step(&mut self, status: &'static str) {
        self.plan.steps.push(Step { at: self.at, status, share: self.share });
    }

    /// Something of the plan, unless it came to its end before.
    fn then(&mut self, part: impl FnOnce(&mut Self)) -> &mut Self {
        if self.turn.is_none() {
            part(self);
        }
        self
    }

    /// One lifecycle event. Nothing follows one that fails.
    fn event(&mut self, name: &str, ms: i64, fails: Option<Cause>) {
        let began = self.at;
        self.at += ms;
        if let Some(event) = self.plan.events.iter_mut().find(|event| event.name == name) {
            event.span = Some((began, self.at));
            event.end = if fails.is_some() { "Failed" } else { "Succeeded" };
        }
        self.turn = fails.map(|cause| (self.at, cause));
    }

    /// An event that calls the hooks there are for it.
    fn hooked(&mut self, name: &'static str) {
        let hooks: Vec<&EventHook> =
            self.making.spec.hooks.iter().filter(|hook| hook.event == name).collect();
        let minutes: i64 = hooks.iter().map(|hook| i64::from(hook.minutes)).sum();
        let fails = hooks.iter().any(|hook| hook.fails).then_some(Cause::Hook(name));
        self.event(name, (minutes * 60_000).max(AT_ONCE), fails);
    }

    fn go(&mut self) {
        let ecs = self.making.spec.service.is_some();
        self.step("InProgress");
        if ecs {
            self.then(|it| it.hooked("BeforeInstall"))
                .then(Self::install)
                .then(|it| it.hooked("AfterInstall"))
                .then(|it| it.event("AllowTestTraffic", 10_000, None))
                .then(|it| it.hooked("AfterAllowTestTraffic"))
                .then(Self::ready);
        }
        self.then(|it| it.hooked("BeforeAllowTraffic"))
            .then(Self::allow)
            .then(|it| it.hooked("AfterAllowTraffic"));
        if ecs {
            self.then(Self::clear);
        }
        self.then(|it| it.step("Succeeded"));
    }

    fn install(&mut self) {
        self.plan.installs = Some(self.at);
        let bad: Option<BadStart> = self.making.spec.broken.as_ref().and_then(|broken| broken.start);
        if bad.is_some() {
            self.event("Install", INSTALL_LONGEST, Some(Cause::Unhealthy));
        } else {
            self.event("Install", 60_000 + 20_000 * i64::from(self.making.tasks), None);
        }
    }

    /// Waits for somebody before any traffic moves.
    fn ready(&mut self) {
        let Some(minutes) = self.making.spec.ready_minutes else { return };
        self.step("Ready");
        let runs_out = self.at + i64::from(minutes) * 60_000;
        let continued = self.making.continued.iter().filter(|at| (self.at..runs_out).contains(*at)).min();
        if let Some(at) = continued.copied() {
            self.at = at;
            self.step("InProgress");
        } else {
            self.at = runs_out;
            self.turn = Some((runs_out, Cause::NotContinued));
        }
    }

    fn allow(&mut self) {
        let began = self.at;
        let (waits, minutes) = self.making.spec.routing.waits();
        for percent in waits {
            self.share = f64::from(percent) / 100.0;
            self.step("InProgress");
            self.at += i64::from(minutes) * 60_000;
        }
        self.share = 1.0;
        self.step("InProgress");
        let moved = self.at + 10_000;
        self.at = began;
        self.event("AllowTraffic", moved - began, None);
    }

    /// Keeps the old tasks for a while and then lets them go.
    fn clear(&mut self) {
        self.plan.keeps = Some(self.at);
        let until = self.at + i64::from(self.making.spec.termination_minutes) * 60_000;
        let released = self.making.released.iter().filter(|at| (self.at..until).contains(*at)).min();
        self.at = released.copied().unwrap_or(until);
        self.plan.clears = Some(self.at);
        self.at += CLEARS;
    }
}
