//! What ECS says: services, deployments, revisions, tasks, task definitions, events.
//!
//! Wording only; `shift.rs` knows how a deployment goes and `tasks.rs` when a task lives.

use super::shift::{Course, Shift};
use super::spec::{ServiceSpec, StrategyName};
use super::tasks::{Life, Why};
use super::traffic::Stream;
use super::types::{
    CLUSTER, Deployment, EcsService, ServiceEvent, Side, StopError, Strategy, Task, TaskDefinition,
};
use super::{LONG_AGO, World, time};
use jiff::Timestamp;

/// Stopped tasks are listed for an hour.
const STOPPED_LISTED: i64 = 3_600_000;
/// ECS keeps the last hundred events of a service.
const EVENTS_KEPT: usize = 100;
/// A service at rest says so every six hours.
const STEADY_EVERY: i64 = 6 * 3_600_000;

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
            Some(deployment) => vec![deployment.target.clone(), deployment.source.clone()],
            None => vec![self.side(spec, stream, 0, (100.0, 0.0), ms)],
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
            deployment,
            revisions,
            balancer: self.balancer(name),
            created: time(self.start - 4 * LONG_AGO),
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

    /// `StopServiceDeployment` with `ROLLBACK`. A repeat while it goes back changes nothing.
    pub fn stop_deployment(&mut self, arn: &str, at: Timestamp) -> Result<(), StopError> {
        let deployment = self.deployment(arn, at).ok_or(StopError::NotFound)?;
        let (service, id) = self.deployment_of(arn).ok_or(StopError::NotFound)?;
        if !deployment.in_progress() {
            return Err(StopError::Terminal);
        }
        if deployment.stopped.is_some() {
            return Ok(());
        }
        let index = *self.by_name.get(&service).ok_or(StopError::NotFound)?;
        self.stops.entry(index).or_default().push((id, at.as_millisecond()));
        self.lay_out(index);
        if let Ok(mut memo) = self.memo.lock() {
            memo.clear();
        }
        Ok(())
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
            registered: time(self.made(stream, side) - 120_000),
        })
    }

    /// Events of a service, the newest first, at most 100.
    pub fn service_events(&self, name: &str, now: Timestamp) -> Vec<ServiceEvent> {
        let Some((spec, stream)) = self.find_service(name) else { return Vec::new() };
        let ms = now.as_millisecond();
        let mut lines: Vec<(i64, String)> = Vec::new();
        for shift in &stream.course.shifts {
            self.shift_events(spec, stream, shift, &mut lines);
        }
        let steady = (0..20).map(|turn| ms.div_euclid(STEADY_EVERY) * STEADY_EVERY - turn * STEADY_EVERY);
        lines.extend(steady.map(|at| (at, "has reached a steady state.".to_owned())));
        for side in 0..stream.course.sides.len() {
            for life in self.lives(stream, side, spec.tasks, ms - 12 * STOPPED_LISTED, ms) {
                if let Some((at, Why::OutOfMemory)) = life.stopped {
                    let number = stream.course.sides.get(side).map_or(0, |side| side.number);
                    lines.push((at, format!(
                        "task {} of {}:{number} stopped: OutOfMemoryError: Container killed due to memory usage, exit 137",
                        life.id, spec.family
                    )));
                }
            }
        }
        lines.retain(|(at, _)| *at <= ms);
        lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        lines.truncate(EVENTS_KEPT);
        let events = lines.into_iter().map(|(at, text)| ServiceEvent {
            id: stream.dice.named(&text).on(at as u64).uuid(),
            at: time(at),
            message: format!("(service {name}) {text}"),
        });
        events.collect()
    }

    fn shift_events(
        &self,
        spec: &ServiceSpec,
        stream: &Stream,
        shift: &Shift,
        lines: &mut Vec<(i64, String)>,
    ) {
        let target = self.revision_arn(stream, shift.target);
        let mut say = |at: i64, text: String| lines.push((at, text));
        say(shift.started, format!("has started deployment {}.", shift.id));
        if let Some(at) = shift.enters("SCALE_UP") {
            say(at, format!("has started {} tasks of service revision {target}.", spec.tasks));
        }
        let mut weight = 0.0;
        for step in &shift.steps {
            if step.weight > weight {
                say(
                    step.at,
                    format!("has begun to shift {} % of production traffic to {target}.", step.weight),
                );
            } else if step.weight < weight {
                say(
                    step.at,
                    format!(
                        "has shifted all production traffic back to {}.",
                        self.revision_arn(stream, shift.source)
                    ),
                );
            }
            weight = step.weight;
            match step.status {
                "SUCCESSFUL" => say(step.at, format!("deployment {} completed.", shift.id)),
                "ROLLBACK_REQUESTED" => {
                    say(step.at, format!("rollback of deployment {} requested.", shift.id));
                }
                "ROLLBACK_SUCCESSFUL" => say(step.at, format!("deployment {} rolled back.", shift.id)),
                _ => {}
            }
        }
    }

    fn describe(&self, spec: &ServiceSpec, stream: &Stream, shift: &Shift, ms: i64) -> Option<Deployment> {
        let step = *shift.at(ms)?;
        let rolling = shift.spec.strategy == StrategyName::Rolling;
        let (new, old) = if rolling { (0.0, 0.0) } else { (step.weight, 100.0 - step.weight) };
        let stopped = shift.stop.filter(|at| *at <= ms);
        let reason = match step.status {
            "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" => {
                Some("Service deployment rollback requested by user.")
            }
            "ROLLBACK_SUCCESSFUL" => Some("Service deployment rolled back because of a user request."),
            _ => None,
        };
        let back = shift.steps.iter().find(|step| step.status == "ROLLBACK_IN_PROGRESS").map(|step| step.at);
        Some(Deployment {
            arn: self.arn("ecs", &format!("service-deployment/{CLUSTER}/{}/{}", spec.name, shift.id)),
            service: spec.name.clone(),
            strategy: strategy(shift.spec.strategy, shift.spec.percent, shift.spec.step_minutes),
            bake_minutes: shift.spec.bake_minutes,
            status: step.status,
            status_reason: reason.map(str::to_owned),
            stage: step.stage,
            source: self.side(spec, stream, shift.source, (old, 100.0 - step.test), ms),
            target: self.side(spec, stream, shift.target, (new, step.test), ms),
            created: time(shift.started),
            started: time(shift.started + 1_000),
            updated: time(step.at),
            finished: (ms >= shift.ends()).then(|| time(shift.ends())),
            stopped: stopped.map(time),
            rollback: back
                .filter(|at| *at <= ms)
                .map(|at| (time(at), "Service deployment rollback requested by user.".to_owned())),
            alarms: shift.spec.alarms.clone(),
            alarm_rollback: shift.spec.alarm_rollback,
            created_by: shift.spec.by.clone(),
        })
    }

    fn side(
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
        let wanted = known.is_some_and(|side| {
            side.born.is_none_or(|born| born <= ms) && side.retired.is_none_or(|retired| ms < retired)
        });
        let number = known.map_or(0, |side| side.number);
        Side {
            arn: self.revision_arn(stream, side),
            task_definition: self.arn("ecs", &format!("task-definition/{}:{number}", spec.family)),
            number,
            target_group: known.map(|known| self.target_group_arn(&spec.name, known.blue)),
            requested: if wanted { self.tasks_at(spec, ms) } else { 0 },
            running: count(Life::runs),
            pending: count(Life::pends),
            weight,
            test_weight: test,
        }
    }

    fn task(&self, spec: &ServiceSpec, stream: &Stream, life: &Life, ms: i64) -> Task {
        let number = stream.course.sides.get(life.side).map_or(0, |side| side.number);
        let stopped = life.stopped.filter(|(at, _)| *at <= ms);
        let out_of_memory = stopped.is_some_and(|(_, why)| why == Why::OutOfMemory);
        let status = match stopped {
            Some(_) => "STOPPED",
            None if life.started <= ms => "RUNNING",
            None => "PENDING",
        };
        let (ip, zone) = self.address(life);
        Task {
            arn: self.arn("ecs", &format!("task/{CLUSTER}/{}", life.id)),
            service: spec.name.clone(),
            task_definition: self.arn("ecs", &format!("task-definition/{}:{number}", spec.family)),
            ip,
            zone,
            status,
            started: (life.started <= ms).then(|| time(life.started)),
            stopped: stopped.map(|(at, _)| time(at)),
            stop_code: stopped.map(|(_, why)| match why {
                Why::OutOfMemory => "EssentialContainerExited",
                Why::Scaling => "ServiceSchedulerInitiated",
            }),
            stopped_reason: stopped.map(|(_, why)| match why {
                Why::OutOfMemory => "OutOfMemoryError: Container killed due to memory usage".to_owned(),
                Why::Scaling => "Scaling activity initiated by a service deployment".to_owned(),
            }),
            exit_code: stopped.map(|_| if out_of_memory { 137 } else { 143 }),
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
        let number = stream.course.sides.get(side).map_or(0, |side| side.number);
        let digits = stream.dice.named("revision").on(u64::from(number)).below(10u64.pow(18));
        self.arn("ecs", &format!("service-revision/{CLUSTER}/{}/{}", stream.name, 10u64.pow(18) + digits))
    }

    /// When a side's revision was made.
    fn made(&self, stream: &Stream, side: usize) -> i64 {
        let Course { shifts, .. } = &stream.course;
        shifts.iter().find(|shift| shift.target == side).map_or(self.start - LONG_AGO, |shift| shift.started)
    }

    /// Service and id of a deployment ARN.
    fn deployment_of(&self, arn: &str) -> Option<(String, String)> {
        let prefix = self.arn("ecs", &format!("service-deployment/{CLUSTER}/"));
        let (service, id) = arn.strip_prefix(&prefix)?.split_once('/')?;
        Some((service.to_owned(), id.to_owned()))
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
