//! What ECS says: services, deployments, revisions, tasks, task definitions, events.
//!
//! Wording only; `shift.rs` knows how a deployment goes and `tasks.rs` when a task lives.

use super::deployment::PLATFORM;
use super::events::reasons;
use super::shift::{Course, Shift};
use super::spec::{HookAction, HookKind, HookSpec, ServiceSpec, StrategyName};
use super::stages::{Cause, HookRun};
use super::tasks::{Life, Why};
use super::traffic::Stream;
use super::types::{
    Breaker, CLUSTER, Deployment, EcsService, Hook, ListedHook, Side, Strategy, Task, TaskDefinition,
};
use super::{LONG_AGO, World, time};
use jiff::Timestamp;

/// Stopped tasks are listed for an hour.
const STOPPED_LISTED: i64 = 3_600_000;

impl World {
    /// ECS service names, sorted.
    pub fn service_names(&self) -> Vec<&str> {
        let services = self.scenario.services.len();
        self.by_name.iter().filter(|(_, index)| **index < services).map(|(name, _)| name.as_str()).collect()
    }

    /// An ECS service at a time.
    pub fn service(&self, name: &str, now: Timestamp) -> Option<EcsService> {
        let (spec, stream) = self.find_service(name)?;
        let ms = now.as_millisecond();
        let deployment = self.deployments(name, now).into_iter().next();
        let mut revisions: Vec<Side> = match &deployment {
            Some(deployment) => {
                let sources = std::iter::once(&deployment.source).chain(&deployment.more_sources);
                std::iter::once(&deployment.target).chain(sources).cloned().collect()
            }
            None => match self.task_sets(name, now) {
                Some(sets) => sets.into_iter().map(|set| set.side).collect(),
                None => vec![self.side(spec, stream, 0, (100.0, 0.0), ms)],
            },
        };
        revisions.retain(|side| side.requested + side.running + side.pending > 0);
        // A revision that was rolled back is no longer the primary one.
        revisions.sort_by_key(|side| side.requested == 0);
        let sum = |count: fn(&Side) -> u32| revisions.iter().map(count).sum();
        let strategy =
            deployment.as_ref().map_or_else(|| strategy(spec.strategy, 10.0, 5), |last| last.strategy);
        Some(EcsService {
            name: spec.name.clone(),
            arn: self.arn("ecs", &format!("service/{CLUSTER}/{name}")),
            cluster_arn: self.arn("ecs", &format!("cluster/{CLUSTER}")),
            desired: self.tasks_at(spec, ms),
            running: sum(|side| side.running),
            pending: sum(|side| side.pending),
            task_definition: revisions.first().map(|side| side.task_definition.clone()).unwrap_or_default(),
            strategy,
            bake_minutes: deployment.as_ref().map_or(5, |last| last.bake_minutes),
            controller: stream.course.controller(),
            task_sets: self.task_sets(name, now),
            deployment,
            revisions,
            balancer: self.balancer(name),
            created: time(stream.course.born.unwrap_or(self.start - 4 * LONG_AGO)),
        })
    }

    /// Deployments of a service asked for by then, the newest first.
    pub fn deployments(&self, service: &str, now: Timestamp) -> Vec<Deployment> {
        let Some((spec, stream)) = self.find_service(service) else { return Vec::new() };
        let shifts = stream.course.shifts.iter().rev();
        shifts.filter_map(|shift| self.describe(spec, stream, shift, now.as_millisecond())).collect()
    }

    /// A deployment by its ARN.
    pub fn deployment(&self, arn: &str, now: Timestamp) -> Option<Deployment> {
        let (service, _) = self.deployment_of(arn)?;
        self.deployments(&service, now).into_iter().find(|deployment| deployment.arn == arn)
    }

    /// A service revision by its ARN: its service, how it runs now, and when it was made.
    pub fn revision(&self, arn: &str, now: Timestamp) -> Option<(String, Side, Timestamp)> {
        let prefix = self.arn("ecs", &format!("service-revision/{CLUSTER}/"));
        let (service, _) = arn.strip_prefix(&prefix)?.split_once('/')?;
        let (spec, stream) = self.find_service(service)?;
        let ms = now.as_millisecond();
        let side = (0..stream.course.sides.len()).find(|side| self.revision_arn(stream, *side) == arn)?;
        let split = stream.course.split(ms);
        let weight = match side {
            side if side == split.new => split.share * 100.0,
            side if side == split.old => 100.0 - split.share * 100.0,
            _ => 0.0,
        };
        let weight = if split.new == split.old { 100.0 } else { weight };
        let made = self.made(stream, side);
        (made <= ms)
            .then(|| (service.to_owned(), self.side(spec, stream, side, (weight, 0.0), ms), time(made)))
    }

    /// Tasks of a service: running, pending, and stopped less than an hour ago.
    pub fn tasks(&self, service: &str, now: Timestamp) -> Vec<Task> {
        let Some((spec, stream)) = self.find_service(service) else { return Vec::new() };
        let ms = now.as_millisecond();
        let sides = 0..stream.course.sides.len();
        sides
            .flat_map(|side| self.lives(stream, side, spec.tasks, ms - STOPPED_LISTED, ms))
            .map(|life| self.task(spec, stream, &life, ms))
            .collect()
    }

    /// A task definition by ARN or `family:revision`.
    pub fn task_definition(&self, name: &str) -> Option<TaskDefinition> {
        let name = name.strip_prefix(&self.arn("ecs", "task-definition/")).unwrap_or(name);
        let (family, revision) = name.split_once(':')?;
        let revision: u32 = revision.parse().ok()?;
        let spec = self.scenario.services.iter().find(|spec| spec.family == family)?;
        let (_, stream) = self.find_service(&spec.name)?;
        let dice = stream.dice.named("image").on(u64::from(revision));
        let side = stream.course.sides.iter().position(|side| side.number == revision)?;
        Some(TaskDefinition {
            arn: self.arn("ecs", &format!("task-definition/{family}:{revision}")),
            family: family.to_owned(),
            revision,
            container: spec.name.clone(),
            image: format!(
                "{}.dkr.ecr.{}.amazonaws.com/{family}:{}",
                super::types::ACCOUNT,
                self.region,
                dice.hex(6)
            ),
            digest: format!("sha256:{}", dice.named("digest").hex(64)),
            log_group: format!("/ecs/{}", spec.name),
            stream_prefix: "ecs".to_owned(),
            cpu: 512,
            memory: 1024,
            status: if spec.deregistered.contains(&revision) { "INACTIVE" } else { "ACTIVE" },
            registered: time(self.made(stream, side) - 120_000),
        })
    }

    fn describe(&self, spec: &ServiceSpec, stream: &Stream, shift: &Shift, ms: i64) -> Option<Deployment> {
        let plan = &shift.plan;
        let step = *plan.at(ms)?;
        let rolling = shift.spec.strategy == StrategyName::Rolling;
        let (new, old) = if rolling { (0.0, 0.0) } else { (step.weight, 100.0 - step.weight) };
        let (main, more) = shift.sources.split_first()?;
        // Before they are reconciled, the revisions that stay have what they had.
        let turn = plan.turns.iter().rev().find(|turn| turn.at <= ms);
        let back = plan.steps.iter().find(|step| step.status == "ROLLBACK_IN_PROGRESS").map(|step| step.at);
        let reasons = turn.map(|turn| reasons(&turn.cause, turn.back));
        let over = !super::types::in_progress(step.status);
        let hook_times = plan.hooks.iter().flat_map(|hook| [hook.began, hook.ended]);
        let updated = hook_times.chain([step.at]).filter(|at| *at <= ms).max().unwrap_or(step.at);
        let failures = self.failures(spec, stream, shift.target, ms);
        let breaker = shift.spec.breaker;
        let tripped = turn.is_some_and(|turn| turn.cause == Cause::Breaker);
        Some(Deployment {
            arn: self.arn("ecs", &format!("service-deployment/{CLUSTER}/{}/{}", spec.name, shift.id)),
            service: spec.name.clone(),
            strategy: strategy(shift.spec.strategy, shift.spec.percent, shift.spec.step_minutes),
            bake_minutes: shift.spec.bake_minutes,
            status: step.status,
            status_reason: reasons
                .as_ref()
                .map(|(going, done)| if over { done.clone() } else { going.clone() }),
            stage: step.stage,
            first: shift.spec.first,
            deferred: shift.spec.drain_minutes > 0,
            source: self.side(spec, stream, *main, (old, 100.0 - step.test), ms),
            more_sources: more.iter().map(|side| self.side(spec, stream, *side, (0.0, 0.0), ms)).collect(),
            target: self.side(spec, stream, shift.target, (new, step.test), ms),
            created: time(shift.started),
            started: time(shift.started + 1_000),
            updated: time(updated),
            finished: over.then(|| time(step.at)),
            stopped: turn.map(|turn| time(turn.at)),
            rollback: back.filter(|at| *at <= ms).zip(reasons).map(|(at, (going, _))| (time(at), going)),
            hooks: plan.hooks.iter().filter_map(|hook| self.hook(hook, ms)).collect(),
            listed_hooks: shift.spec.hooks.iter().map(|hook| self.listed_hook(hook)).collect(),
            breaker: (rolling && breaker.enable).then(|| Breaker {
                rollback: breaker.rollback,
                threshold: breaker.threshold(spec.tasks),
                failures,
                tripped,
            }),
            alarms: shift.spec.alarms.clone(),
            alarm_watch: shift.spec.watches(),
            alarm_rollback: shift.spec.alarm_rollback,
            triggered: match turn.map(|turn| &turn.cause) {
                Some(Cause::Alarms(names)) => names.clone(),
                _ => Vec::new(),
            },
            created_by: shift.spec.by.clone(),
        })
    }

    fn hook(&self, run: &HookRun, ms: i64) -> Option<Hook> {
        Some(Hook {
            id: run.id.clone(),
            kind: kind(run.kind),
            function: self.hook_target(run.kind, &run.function),
            status: run.status(ms)?,
            expires: time(run.expires),
            timeout_action: action(run.timeout_action),
        })
    }

    fn listed_hook(&self, spec: &HookSpec) -> ListedHook {
        ListedHook {
            stage: spec.stage.clone(),
            kind: kind(spec.kind),
            function: self.hook_target(spec.kind, &spec.function),
            timeout_minutes: spec.timeout_minutes,
            timeout_action: action(spec.timeout_action),
        }
    }

    fn hook_target(&self, kind: HookKind, function: &str) -> Option<String> {
        (kind == HookKind::AwsLambda).then(|| self.arn("lambda", &format!("function:{function}")))
    }

    /// How many tasks of a side never became healthy by then.
    fn failures(&self, spec: &ServiceSpec, stream: &Stream, side: usize, ms: i64) -> u32 {
        let known = stream.course.sides.get(side).filter(|side| side.bad_start().is_some());
        let Some(born) = known.and_then(|side| side.spans.first()?.born) else { return 0 };
        let lives = self.lives(stream, side, spec.tasks, born, ms);
        let failed = |life: &&Life| matches!(life.stopped, Some((at, Why::Start(_))) if at <= ms);
        lives.iter().filter(failed).count() as u32
    }

    pub(super) fn side(
        &self,
        spec: &ServiceSpec,
        stream: &Stream,
        side: usize,
        (weight, test): (f64, f64),
        ms: i64,
    ) -> Side {
        let lives = self.lives(stream, side, spec.tasks, ms, ms);
        let count = |is: fn(&Life, i64) -> bool| lives.iter().filter(|life| is(life, ms)).count() as u32;
        let known = stream.course.sides.get(side);
        let tasks = self.tasks_at(spec, ms);
        let number = known.map_or(0, |side| side.number);
        Side {
            arn: self.revision_arn(stream, side),
            task_definition: self.arn("ecs", &format!("task-definition/{}:{number}", spec.family)),
            number,
            platform: platform(&stream.course, side),
            target_group: known.map(|known| self.target_group_arn(&spec.name, known.blue)),
            requested: known.map_or(0, |side| side.wanted(tasks, ms)),
            running: count(Life::runs),
            pending: count(Life::pends),
            weight,
            test_weight: test,
        }
    }

    fn task(&self, spec: &ServiceSpec, stream: &Stream, life: &Life, ms: i64) -> Task {
        let number = stream.course.sides.get(life.side).map_or(0, |side| side.number);
        let stopped = life.stopped.filter(|(at, _)| *at <= ms);
        let status = match stopped {
            Some(_) => "STOPPED",
            None if life.started <= ms => "RUNNING",
            None => "PENDING",
        };
        let (ip, zone) = self.address(life);
        let end = stopped.map(|(_, why)| self.end(spec, stream, life.side, why));
        Task {
            arn: self.arn("ecs", &format!("task/{CLUSTER}/{}", life.id)),
            service: spec.name.clone(),
            task_definition: self.arn("ecs", &format!("task-definition/{}:{number}", spec.family)),
            ip,
            zone,
            status,
            started: (life.started <= ms).then(|| time(life.started)),
            stopped: stopped.map(|(at, _)| time(at)),
            stop_code: end.as_ref().map(|end| end.code),
            stopped_reason: end.as_ref().map(|end| end.reason.clone()),
            exit_code: end.as_ref().and_then(|end| end.exit),
            container_reason: end.and_then(|end| end.container),
        }
    }

    /// Private address and zone of a task.
    pub(super) fn address(&self, life: &Life) -> (String, String) {
        let zone = life.dice.below(3);
        let letter = char::from(b'a' + zone as u8);
        let host = 4 + life.dice.on(1).below(250);
        (format!("10.0.{}.{host}", zone * 16 + life.dice.on(2).below(16)), format!("{}{letter}", self.region))
    }

    pub(super) fn revision_arn(&self, stream: &Stream, side: usize) -> String {
        let sides = &stream.course.sides;
        let number = sides.get(side).map_or(0, |side| side.number);
        let again = sides.iter().take(side).filter(|earlier| earlier.number == number).count() as u64;
        let dice = stream.dice.named("revision").on(u64::from(number));
        let digits = if again > 0 { dice.on(again) } else { dice }.below(10u64.pow(18));
        self.arn("ecs", &format!("service-revision/{CLUSTER}/{}/{}", stream.name, 10u64.pow(18) + digits))
    }

    /// When a side's revision was made.
    fn made(&self, stream: &Stream, side: usize) -> i64 {
        let Course { shifts, releases, .. } = &stream.course;
        let shift = shifts.iter().find(|shift| shift.target == side).map(|shift| shift.started);
        let release = releases.iter().find(|release| release.sides.1 == side).map(|release| release.made);
        shift.or(release).unwrap_or(self.start - LONG_AGO)
    }

    /// Service and id of a deployment ARN.
    pub(super) fn deployment_of(&self, arn: &str) -> Option<(String, String)> {
        let prefix = self.arn("ecs", &format!("service-deployment/{CLUSTER}/"));
        let (service, id) = arn.strip_prefix(&prefix)?.split_once('/')?;
        Some((service.to_owned(), id.to_owned()))
    }
}

/// Platform version of a side's revision.
fn platform(course: &Course, side: usize) -> String {
    let shift = course.shifts.iter().find(|shift| shift.target == side);
    shift.map_or(PLATFORM, |shift| shift.spec.platform.as_str()).to_owned()
}

fn kind(kind: HookKind) -> &'static str {
    match kind {
        HookKind::Pause => "PAUSE",
        HookKind::AwsLambda => "AWS_LAMBDA",
    }
}

fn action(action: HookAction) -> &'static str {
    match action {
        HookAction::Continue => "CONTINUE",
        HookAction::Rollback => "ROLLBACK",
    }
}

fn strategy(name: StrategyName, percent: f64, bake_minutes: u32) -> Strategy {
    match name {
        StrategyName::Rolling => Strategy::Rolling,
        StrategyName::BlueGreen => Strategy::BlueGreen,
        StrategyName::Canary => Strategy::Canary { percent, bake_minutes },
        StrategyName::Linear => Strategy::Linear { percent, bake_minutes },
    }
}
