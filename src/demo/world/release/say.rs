//! What CodeDeploy says: groups, deployments, targets; and the task sets that ECS shows for it.
//!
//! Wording only; `plan.rs` knows how a deployment goes and `mod.rs` what it makes of a service.

use super::super::types::{
    CLUSTER, CodeDeployGroup, CodeDeployTarget, CodeDeployment, GroupService, GroupSettings, LifecycleEvent,
    Moves, TaskSet,
};
use super::super::{LONG_AGO, World, time};
use super::plan::Cause;
use super::spec::{ReleaseSpec, Routing};
use super::{Release, open};
use jiff::Timestamp;

impl World {
    /// Deployments made by then in this account, the newest first.
    pub fn code_deployments(&self, now: Timestamp) -> Vec<CodeDeployment> {
        let streams = 0..self.streams.len();
        let mut all: Vec<CodeDeployment> = streams.flat_map(|index| self.releases_of(index, now)).collect();
        all.sort_by_key(|deployment| std::cmp::Reverse(deployment.created));
        all
    }

    /// A deployment by its id.
    pub fn code_deployment(&self, id: &str, now: Timestamp) -> Option<CodeDeployment> {
        let (index, _) = self.release(id)?;
        self.releases_of(index, now).into_iter().find(|deployment| deployment.id == id)
    }

    /// All deployment groups.
    pub fn code_deploy_groups(&self, now: Timestamp) -> Vec<CodeDeployGroup> {
        let groups = self.streams.iter().enumerate().filter_map(|(index, stream)| {
            let releases = &stream.course.releases;
            let made = releases.iter().rev().find(|release| release.made <= now.as_millisecond());
            let settings = self.group_settings(index, &made.or(releases.first())?.spec)?;
            let id = stream.dice.named("group").uuid();
            Some(CodeDeployGroup { id, settings, deployments: self.releases_of(index, now) })
        });
        groups.collect()
    }

    /// The task sets of a service that CodeDeploy deploys, the primary one first; none of any other.
    pub fn task_sets(&self, service: &str, now: Timestamp) -> Option<Vec<TaskSet>> {
        let (_, stream) = self.find_service(service)?;
        if stream.course.releases.is_empty() {
            return None;
        }
        let sides = 0..stream.course.sides.len();
        let mut sets: Vec<TaskSet> =
            sides.rev().filter_map(|side| self.task_set(service, side, now.as_millisecond())).collect();
        sets.retain(|set| set.side.requested + set.side.running + set.side.pending > 0);
        sets.sort_by_key(|set| set.status != "PRIMARY");
        Some(sets)
    }

    /// Stream and deployment of an id.
    pub(super) fn release(&self, id: &str) -> Option<(usize, &Release)> {
        self.streams.iter().enumerate().find_map(|(index, stream)| {
            Some((index, stream.course.releases.iter().find(|release| release.id == id)?))
        })
    }

    /// The newest first, of those made by then.
    fn releases_of(&self, index: usize, now: Timestamp) -> Vec<CodeDeployment> {
        let releases = self.streams.get(index).map(|stream| stream.course.releases.as_slice());
        let releases = releases.unwrap_or_default().iter().rev();
        releases.filter_map(|release| self.say(index, release, now.as_millisecond())).collect()
    }

    fn say(&self, index: usize, release: &Release, ms: i64) -> Option<CodeDeployment> {
        let plan = &release.plan;
        let step = *plan.at(ms)?;
        let over = !open(step.status);
        let spec = &release.spec;
        let turn = plan.turn.as_ref().filter(|_| over);
        let events: Vec<LifecycleEvent> = plan
            .events
            .iter()
            .map(|event| {
                let status = plan.event_status(event, ms);
                let (began, ended) = event.span.unzip();
                let failed = turn.filter(|_| status == "Failed").and_then(|turn| diagnosis(&turn.cause));
                LifecycleEvent {
                    name: event.name,
                    status,
                    started: began.filter(|at| *at <= ms).map(time),
                    ended: ended.filter(|at| *at <= ms).map(time),
                    message: failed,
                }
            })
            .collect();
        let moments = events.iter().flat_map(|event| [event.started, event.ended]).flatten();
        let (from, to) = release.numbers;
        let sha = |number: u32| self.dice.named("appspec").named(spec.name()).on(u64::from(number)).hex(64);
        let taken_back = release.of.is_some();
        Some(CodeDeployment {
            id: release.id.clone(),
            settings: self.group_settings(index, spec)?,
            status: step.status,
            creator: match (&release.of, &spec.stack) {
                (Some(_), _) => "codeDeployRollback",
                (None, Some(_)) => "CloudFormation",
                (None, None) => "user",
            },
            stack: spec.stack.as_ref().map(|stack| {
                let id = self.dice.named("stack").named(stack).uuid();
                self.arn("cloudformation", &format!("stack/{stack}/{id}"))
            }),
            created: time(release.made),
            started: (plan.begins() <= ms).then(|| time(plan.begins())),
            completed: over.then(|| time(step.at)),
            updated: moments.chain([time(step.at)]).max().unwrap_or_else(|| time(step.at)),
            error: turn.map(|turn| error(&turn.cause)),
            taken_back_by: release
                .back
                .clone()
                .filter(|id| self.release(id).is_some_and(|it| it.1.made <= ms)),
            takes_back: release.of.clone(),
            revision: sha(if taken_back { from } else { to }),
            previous: sha(if taken_back { to } else { from }),
            waits_to_clear: plan.keeps.is_some_and(|at| at <= ms),
            events,
            target: self.release_target(index, release, step.share, ms)?,
        })
    }

    fn release_target(
        &self,
        index: usize,
        release: &Release,
        share: f64,
        ms: i64,
    ) -> Option<CodeDeployTarget> {
        let Some(function) = index.checked_sub(self.scenario.services.len()) else {
            let name = self.streams.get(index)?.name.clone();
            let (blue, green) = release.sides;
            let label =
                |label: &'static str, side: usize| self.task_set(&name, side, ms).map(|set| (label, set));
            let sets = [label("Blue", blue), label("Green", green)].into_iter().flatten().collect();
            let arn = self.arn("ecs", &format!("service/{CLUSTER}/{name}"));
            return Some(CodeDeployTarget::Service { name, arn, sets });
        };
        let spec = self.scenario.functions.get(function)?;
        let (current, wanted) = release.numbers;
        Some(CodeDeployTarget::Alias {
            function: spec.name.clone(),
            alias: spec.alias.clone(),
            arn: self.arn("lambda", &format!("function:{}:{}", spec.name, spec.alias)),
            current,
            wanted,
            weight: share * 100.0,
        })
    }

    /// A side as a task set; none before it was made.
    fn task_set(&self, service: &str, side: usize, ms: i64) -> Option<TaskSet> {
        let (spec, stream) = self.find_service(service)?;
        let course = &stream.course;
        let maker = course.releases.iter().find(|it| it.sides.1 == side && it.of.is_none());
        let made = match maker {
            Some(release) => release.plan.installs?,
            None => self.start - LONG_AGO,
        };
        if made > ms {
            return None;
        }
        let split = course.split(ms);
        let share = match side {
            side if split.new == split.old => f64::from(u8::from(side == split.new)),
            side if side == split.new => split.share,
            side if side == split.old => 1.0 - split.share,
            _ => 0.0,
        };
        let described = self.side(spec, stream, side, (share * 100.0, 0.0), ms);
        let digits = described.arn.rsplit('/').next().unwrap_or_default();
        let id = format!("ecs-svc/{digits}");
        let status = match () {
            () if course.primary(ms) == side => "PRIMARY",
            () if described.requested == 0 => "DRAINING",
            () => "ACTIVE",
        };
        let turned = course.splits.iter().map(|split| split.at).filter(|at| (made..=ms).contains(at)).max();
        Some(TaskSet {
            arn: self.arn("ecs", &format!("task-set/{CLUSTER}/{service}/{id}")),
            id,
            status,
            steady: described.running == described.requested && described.pending == 0,
            side: described,
            deployment: maker.filter(|it| it.spec.stack.is_none()).map(|release| release.id.clone()),
            created: time(made),
            updated: time(turned.unwrap_or(made)),
        })
    }

    /// What the group of a stream is set to while this deployment is its newest.
    pub(super) fn group_settings(&self, index: usize, spec: &ReleaseSpec) -> Option<GroupSettings> {
        let stream = self.streams.get(index)?;
        let function = index.checked_sub(self.scenario.services.len());
        let function = function.and_then(|index| self.scenario.functions.get(index));
        let name = &stream.name;
        let (application, group, platform) = match function {
            None => (format!("AppECS-{CLUSTER}-{name}"), format!("DgpECS-{CLUSTER}-{name}"), "ECS"),
            Some(function) => (format!("AppLambda-{name}"), format!("{name}-{}", function.alias), "Lambda"),
        };
        let (config, moves) = configuration(spec.routing, platform);
        let service = self.balancer(name).filter(|_| function.is_none()).map(|balancer| {
            let group = |arn: &str| arn.split('/').nth(1).unwrap_or_default().to_owned();
            GroupService {
                name: name.clone(),
                target_groups: [group(&balancer.blue), group(&balancer.green)],
                listener: self.listener_of(index),
            }
        });
        Some(GroupSettings {
            application,
            group,
            config,
            moves,
            platform,
            ready_minutes: spec.ready_minutes,
            termination_minutes: spec.termination_minutes,
            rollback_on: spec.rollback_on.iter().map(|on| on.as_str()).collect(),
            alarms: spec.alarms.clone(),
            alarm_watch: spec.alarm_watch,
            service,
        })
    }
}

impl super::Course {
    /// The deployment controller of its service. A stack that moves task sets with CodeDeploy needs one that
    /// is not CodeDeploy's.
    pub(in crate::demo::world) fn controller(&self) -> &'static str {
        match self.releases.last() {
            None => "ECS",
            Some(release) if release.spec.stack.is_some() => "EXTERNAL",
            Some(_) => "CODE_DEPLOY",
        }
    }

    /// The side whose task set is the primary one at a time: CodeDeploy changes it when all traffic has moved.
    pub(super) fn primary(&self, ms: i64) -> usize {
        let mut primary = 0;
        for release in &self.releases {
            let (source, target) = release.sides;
            if release.plan.moved().is_some_and(|at| at <= ms) {
                primary = if release.of.is_some() { source } else { target };
            }
        }
        primary
    }
}

/// Name and content of a deployment configuration: those that AWS ships have its names.
fn configuration(routing: Routing, platform: &str) -> (String, Moves) {
    match routing {
        Routing::AllAtOnce => (format!("CodeDeployDefault.{platform}AllAtOnce"), Moves::AllAtOnce),
        Routing::TimeBasedCanary { percent, minutes } => {
            let shipped = percent == 10
                && match platform {
                    "ECS" => matches!(minutes, 5 | 15),
                    _ => matches!(minutes, 5 | 10 | 15 | 30),
                };
            let name = if shipped {
                format!("CodeDeployDefault.{platform}Canary{percent}Percent{minutes}Minutes")
            } else {
                format!("shop.Canary{percent}Percent{minutes}Minutes")
            };
            (name, Moves::Canary(percent, minutes))
        }
        Routing::TimeBasedLinear { percent, minutes } => {
            let shipped = percent == 10
                && match platform {
                    "ECS" => matches!(minutes, 1 | 3),
                    _ => matches!(minutes, 1 | 2 | 3 | 10),
                };
            // AWS writes `Every1Minute` for Lambda and `Every1Minutes` for ECS.
            let unit = if minutes == 1 && platform == "Lambda" { "Minute" } else { "Minutes" };
            let name = if shipped {
                format!("CodeDeployDefault.{platform}Linear{percent}PercentEvery{minutes}{unit}")
            } else {
                format!("shop.Linear{percent}PercentEvery{minutes}Minutes")
            };
            (name, Moves::Linear(percent, minutes))
        }
    }
}

/// AWS's code and sentence for why a deployment did not go on.
fn error(cause: &Cause) -> (&'static str, String) {
    match cause {
        Cause::Asked => ("MANUAL_STOP", "The deployment was stopped by a user request.".to_owned()),
        Cause::Alarms(names) => (
            "ALARM_ACTIVE",
            format!(
                "One or more alarms have been activated according to the Amazon CloudWatch metrics you \
                 selected, and the affected deployments have been stopped. Activated alarms: <{}>",
                names.join(", ")
            ),
        ),
        Cause::Hook(_) => (
            "HOOK_EXECUTION_FAILURE",
            "The overall deployment failed because one or more of the lifecycle event validation functions \
             failed."
                .to_owned(),
        ),
        Cause::NotContinued => (
            "TIMEOUT",
            "The deployment timed out while waiting for traffic rerouting to be started.".to_owned(),
        ),
        Cause::Unhealthy => (
            "TIMEOUT",
            "The deployment timed out while waiting for the replacement task set to become healthy. This \
             time out period is 60 minutes."
                .to_owned(),
        ),
        Cause::Stuck => (
            "ECS_UPDATE_ERROR",
            "The task set weights could not be changed: the listener or its target groups could not be \
             updated."
                .to_owned(),
        ),
    }
}

/// AWS's sentence about the event that failed; a deployment that is stopped has none.
fn diagnosis(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Hook(event) => {
            Some(format!("The validation function of {event} returned Failed for its lifecycle event."))
        }
        Cause::Unhealthy => Some("The replacement task set did not become healthy.".to_owned()),
        Cause::Stuck => Some("The traffic could not be rerouted.".to_owned()),
        Cause::Asked | Cause::Alarms(_) | Cause::NotContinued => None,
    }
}
