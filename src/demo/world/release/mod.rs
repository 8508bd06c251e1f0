//! Deployments that CodeDeploy makes: of ECS services whose controller it is, and of Lambda aliases.
//!
//! `spec.rs` is what a scenario says of one, `plan.rs` how one goes, this file how those of one group follow
//! each other and what they make of the sides and the traffic of a stream; `say.rs` words it as AWS does,
//! `alter.rs` is what callers do to them, `deeds.rs` what CloudTrail records of it.

mod alter;
mod deeds;
mod plan;
mod say;
mod spec;

pub(super) use plan::open;
pub(super) use spec::ReleaseSpec;

use super::functions::Routing;
use super::hash::Dice;
use super::shift::{Course, SideSpec, Span, Split};
use super::spec::Broken;
use plan::{Making, Plan};
use spec::RollbackOn;

/// Milliseconds from one new task to the next.
const UP: i64 = 20_000;
/// Milliseconds from the start of the way back until old tasks that are gone are started again.
const REVIVES: i64 = 5_000;

/// One deployment with its plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Release {
    /// `d-` and nine letters and digits.
    pub(super) id: String,
    pub(super) spec: ReleaseSpec,
    pub(super) made: i64,
    /// The deployment that this one takes back.
    pub(super) of: Option<String>,
    /// The deployment that takes this one back.
    pub(super) back: Option<String>,
    /// Revision or version numbers between which it moves, the one that traffic is to leave first. One that
    /// takes back has those of the deployment it takes back, and goes the other way.
    pub(super) numbers: (u32, u32),
    /// The sides of these numbers; of a function they are not known here.
    pub(super) sides: (usize, usize),
    pub(super) plan: Plan,
}

/// What callers did to the deployments of a group, and what became of them by itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ReleaseChanges {
    /// Deployments that were stopped, by id, when, and whether traffic was to go back.
    stops: Vec<(String, i64, bool)>,
    /// Deployments that were continued where they waited to move traffic, by id, and when.
    continued: Vec<(String, i64)>,
    /// Deployments whose old tasks were let go before their time, by id, and when.
    released: Vec<(String, i64)>,
    /// Deployments whose alarms went off, by id, when, and which.
    pub(super) alarms: Vec<(String, i64, Vec<String>)>,
    /// Deployments beside those of the scenario.
    made: Vec<ReleaseSpec>,
}

impl ReleaseChanges {
    /// Those of the scenario for this group, and those that callers made.
    pub(super) fn with<'a>(&'a self, listed: &'a [ReleaseSpec], name: &str) -> Vec<&'a ReleaseSpec> {
        listed.iter().filter(|spec| spec.name() == name).chain(&self.made).collect()
    }
}

/// What the deployments of one group are worked out from.
pub(super) struct Group<'a> {
    /// Revision or version that ran before all of them.
    pub(super) first: u32,
    pub(super) tasks: u32,
    pub(super) specs: Vec<&'a ReleaseSpec>,
    /// Unix milliseconds to which the scenario's times are relative.
    pub(super) start: i64,
    pub(super) dice: Dice,
    pub(super) changes: &'a ReleaseChanges,
}

impl Group<'_> {
    /// The deployments of a group, the oldest first, without what they make of a course.
    fn releases(mut self) -> Vec<Release> {
        self.specs.sort_by_key(|spec| spec.started);
        let (mut all, mut number, mut free): (Vec<Release>, u32, i64) = (Vec::new(), self.first, i64::MIN);
        for spec in &self.specs {
            let made = self.start + spec.started.0;
            if made < free {
                continue;
            }
            let again = all.iter().filter(|it| it.numbers.1 == spec.revision && it.of.is_none()).count();
            let dice = self.dice.named("release").on(u64::from(spec.revision)).on(again as u64);
            let id = spec.id.clone().unwrap_or_else(|| deployment_id(dice));
            let plan = self.plan(spec, &id, made);
            let numbers = (number, spec.revision);
            let back = plan.back(spec).map(|mut plan| {
                let back = deployment_id(dice.named("back"));
                if let Some((at, _)) = self.stop_of(&back) {
                    plan.stop(at, false);
                }
                Release {
                    id: back,
                    spec: (*spec).clone(),
                    made: plan.steps.first().map_or(made, |step| step.at),
                    of: Some(id.clone()),
                    back: None,
                    numbers,
                    sides: (0, 0),
                    plan,
                }
            });
            let taken_back = back.as_ref().map(|it| it.id.clone());
            let forth = Release {
                id,
                spec: (*spec).clone(),
                made,
                of: None,
                back: taken_back,
                numbers,
                sides: (0, 0),
                plan,
            };
            let last = back.as_ref().map_or(&forth.plan, |back| &back.plan);
            free = last.ends();
            if last.moved().is_some() && back.is_none() {
                number = spec.revision;
            }
            all.push(forth);
            all.extend(back);
        }
        all
    }

    fn plan(&self, spec: &ReleaseSpec, id: &str, made: i64) -> Plan {
        let times = |list: &[(String, i64)]| -> Vec<i64> {
            list.iter().filter(|(of, _)| of == id).map(|(_, at)| *at).collect()
        };
        let continued = times(&self.changes.continued);
        let listed = spec.continued.map(|at| self.start + at.0);
        let making = Making {
            spec,
            made,
            tasks: self.tasks,
            continued: continued.into_iter().chain(listed).collect(),
            released: times(&self.changes.released),
        };
        let mut plan = making.plan();
        let stop = spec.stopped.map(|stop| (self.start + stop.at.0, stop.rollback));
        let stop = self.stop_of(id).into_iter().chain(stop).min_by_key(|(at, _)| *at);
        let alarm = self.changes.alarms.iter().find(|(of, ..)| of == id);
        // What comes first cuts it; what comes later finds it cut.
        let stop_first = stop.is_some_and(|(at, _)| alarm.is_none_or(|(_, other, _)| at <= *other));
        let halt = |plan: &mut Plan| {
            if let Some((at, back)) = stop {
                plan.stop(at, back);
            }
        };
        if stop_first {
            halt(&mut plan);
        }
        if let Some((_, at, names)) = alarm {
            plan.alarm(*at, names.clone(), spec.rolls_back(RollbackOn::StopOnAlarm));
        }
        halt(&mut plan);
        plan
    }

    fn stop_of(&self, id: &str) -> Option<(i64, bool)> {
        self.changes.stops.iter().find(|(of, ..)| of == id).map(|(_, at, back)| (*at, *back))
    }

    /// What they make of the alias of a function, beside the deployments themselves.
    pub(super) fn of_alias(self) -> (Vec<Release>, Vec<Routing>) {
        let releases = self.releases();
        let mut routings = Vec::new();
        for release in &releases {
            let (old, new) = release.numbers;
            for (at, share) in release.turns() {
                let (version, extra) = match share {
                    share if share >= 1.0 => (new, None),
                    share if share <= 0.0 => (old, None),
                    share => (old, Some((new, share))),
                };
                routings.push(Routing { at, version, extra });
            }
        }
        (releases, routings)
    }

    /// What they make of the sides and the traffic of a service.
    pub(super) fn of_service(self) -> Course {
        let tasks = self.tasks;
        let mut course = Course::at_rest(self.first);
        let mut active = vec![0];
        for mut release in self.releases() {
            if release.of.is_some() {
                release.sides = course.releases.last().map(|forth| forth.sides).unwrap_or_default();
                course.take_back(&release, tasks);
            } else {
                course.settle(&active, release.made);
                let source = active.first().copied().unwrap_or_default();
                release.sides = (source, course.sides.len());
                course.place(&release);
            }
            let (old, new) = release.sides;
            let turns = release.turns().into_iter();
            course.splits.extend(turns.map(|(at, share)| Split { at, old, new, share }));
            active = release.leaves();
            course.releases.push(release);
        }
        course.splits.sort_by_key(|split| split.at);
        let old = course.releases.last().map_or(0, |release| release.sides.0);
        course.paint(old);
        course
    }
}

impl Release {
    /// When its new side first gets traffic, in Unix milliseconds.
    pub(super) fn first_traffic(&self) -> i64 {
        self.plan.first_traffic()
    }

    /// When its new tasks are started.
    pub(super) fn installs(&self) -> Option<i64> {
        self.plan.installs
    }

    /// When the old tasks begin to go.
    pub(super) fn clears(&self) -> Option<i64> {
        self.plan.clears
    }

    /// What is wrong with its new side.
    pub(super) fn broken(&self) -> Option<Broken> {
        self.spec.broken.clone()
    }

    /// When the weights change, and the share of the new side from then on.
    pub(super) fn turns(&self) -> Vec<(i64, f64)> {
        let steps = &self.plan.steps;
        let changed = |pair: &&[plan::Step]| match pair {
            [before, after] => (before.share - after.share).abs() > f64::EPSILON,
            _ => false,
        };
        let after = steps.windows(2).filter(changed).filter_map(|pair| pair.last());
        after.map(|step| (step.at, step.share)).collect()
    }

    /// The sides that have tasks after it, the one that the next deployment starts from first.
    fn leaves(&self) -> Vec<usize> {
        let (source, target) = self.sides;
        let share = self.plan.steps.last().map_or(0.0, |step| step.share);
        let done = self.plan.steps.last().is_some_and(|step| step.status == "Succeeded");
        match (done, self.of.is_some()) {
            (true, false) => vec![target],
            (true, true) => vec![source],
            (false, false) if self.plan.installs.is_none() => vec![source],
            (false, _) if share >= 1.0 => vec![target, source],
            (false, _) => vec![source, target],
        }
    }
}

impl Course {
    /// Adds the new side, and lets the old one go where it does.
    fn place(&mut self, release: &Release) {
        let (plan, (source, _)) = (&release.plan, release.sides);
        let blue = self.sides.get(source).is_some_and(|side| side.blue);
        let turn = plan.turn.as_ref().map(|turn| turn.at);
        if let Some(span) = self.sides.get_mut(source).and_then(|old| old.spans.last_mut())
            && let Some(clears) = plan.clears
        {
            (span.retired, span.down_until) = (Some(clears), turn);
        }
        let mut new = Span::since(plan.installs, UP);
        new.up_until = turn;
        if release.spec.broken.as_ref().is_some_and(|broken| broken.start.is_some()) {
            new.retired = turn;
        }
        self.sides.push(SideSpec {
            number: release.spec.revision,
            blue: !blue,
            broken: release.spec.broken.clone(),
            first_traffic: plan.first_traffic(),
            spans: plan.installs.map(|_| new).into_iter().collect(),
        });
    }

    /// Lets the new side go again, and the old one come back where it had begun to go.
    fn take_back(&mut self, release: &Release, tasks: u32) {
        let (source, target) = release.sides;
        let done = release.plan.steps.last().is_some_and(|step| step.status == "Succeeded");
        if let Some(old) = self.sides.get_mut(source)
            && old.wanted(tasks, release.made) < tasks
        {
            old.spans.push(Span::since(Some(release.made + REVIVES), REVIVES));
        }
        if let Some(new) = self.sides.get_mut(target).filter(|new| done && !new.spans.is_empty()) {
            new.retire(release.plan.ends());
        }
    }
}

/// As CodeDeploy makes them.
fn deployment_id(dice: Dice) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let letters = (0..9).filter_map(|index| dice.on(index).pick(LETTERS)).map(|byte| char::from(*byte));
    std::iter::once('d').chain(std::iter::once('-')).chain(letters).collect()
}
