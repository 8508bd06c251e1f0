//! SDK types to the model: the one place where text from ECS and the load balancer enters, and so where it
//! is made safe. Asks nothing; `read.rs` does.

use super::settings::settings;
use crate::features::rollouts::model::{
    AlarmWatch, Breaker, Event, Health, Hook, Image, Mechanism, Owner, RollbackInfo, Rollout, RolloutName,
    Side, Status, Strategy, TargetGroup, Tasks, arn_tail,
};
use crate::features::rollouts::stages::Progress;
use crate::text::sanitize;
use aws_sdk_ecs::types::{self as ecs, Service, ServiceDeployment, ServiceRevision, ServiceRevisionSummary};
use aws_sdk_elasticloadbalancingv2::types as elb;
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use std::time::Duration;

/// Safe text; empty when AWS sent none.
pub fn text(remote: Option<&str>) -> String {
    sanitize(remote.unwrap_or_default()).into_owned()
}

/// The same; `None` when AWS sent none.
pub fn some_text(remote: Option<&str>) -> Option<String> {
    remote.filter(|text| !text.is_empty()).map(|remote| sanitize(remote).into_owned())
}

fn texts(remote: &[String]) -> Vec<String> {
    remote.iter().map(|text| sanitize(text).into_owned()).collect()
}

/// A moment, unless it is outside of what a timestamp can hold.
pub fn time(at: Option<&DateTime>) -> Option<Timestamp> {
    let at = at?;
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}

fn minutes(value: i32) -> Duration {
    Duration::from_secs(u64::from(count(value)) * 60)
}

/// What a revision runs and where, which never changes: read once.
#[derive(Debug, Clone, Default)]
pub struct RevisionFacts {
    /// ARN of its task definition.
    pub definition: Option<String>,
    /// What its containers run.
    pub images: Vec<Image>,
    /// When it was made.
    pub made: Option<Timestamp>,
    /// What else it has, in words.
    pub settings: Vec<(&'static str, String)>,
    /// Target group and production listener rule.
    groups: Vec<(String, Option<String>)>,
}

impl RevisionFacts {
    /// Its target groups, each with the production rule that sends to it.
    pub fn groups(&self) -> &[(String, Option<String>)] {
        &self.groups
    }

    /// From AWS's answer.
    pub fn new(revision: &ServiceRevision) -> Self {
        let images = revision
            .container_images()
            .iter()
            .map(|image| Image::new(&text(image.image()), some_text(image.image_digest()).as_deref()));
        let resolved = revision
            .resolved_configuration()
            .map(ecs::ResolvedConfiguration::load_balancers)
            .unwrap_or_default();
        let mut groups: Vec<_> = resolved
            .iter()
            .filter_map(|it| {
                Some((some_text(it.target_group_arn())?, some_text(it.production_listener_rule())))
            })
            .collect();
        if groups.is_empty() {
            // Nothing is resolved for rolling services: they have the target groups they were given.
            let given = revision.load_balancers().iter();
            groups.extend(given.filter_map(|it| Some((some_text(it.target_group_arn())?, None))));
        }
        Self {
            definition: some_text(revision.task_definition()),
            images: images.collect(),
            made: time(revision.created_at()),
            settings: settings(revision),
            groups,
        }
    }

    /// `family:number` of its task definition.
    fn task_definition(&self) -> Option<String> {
        self.definition.as_deref().map(|arn| arn_tail(arn).to_owned())
    }
}

/// The service's place.
pub fn service_name(service: &Service) -> Option<RolloutName> {
    RolloutName::of_ecs_arn(&text(service.service_arn())).or_else(|| {
        // The old form of a service's ARN has no cluster in it.
        let cluster = text(service.cluster_arn());
        Some(RolloutName::ecs(arn_tail(&cluster), some_text(service.service_name())?))
    })
}

/// Who may change the service's split.
pub fn owner(service: &Service) -> Owner {
    match service.deployment_controller().map(|it| it.r#type().as_str()) {
        None | Some("ECS") => Owner::Ecs,
        Some("CODE_DEPLOY") => Owner::CodeDeploy,
        Some(other) => Owner::Other(text(Some(other))),
    }
}

/// How traffic moves, with AWS's defaults where a number is left out.
pub fn strategy(configuration: Option<&ecs::DeploymentConfiguration>) -> Strategy {
    let name = configuration.and_then(|it| it.strategy()).map_or("ROLLING", |it| it.as_str());
    match name {
        "ROLLING" => Strategy::Rolling,
        "BLUE_GREEN" => Strategy::BlueGreen,
        "LINEAR" => {
            let linear = configuration.and_then(|it| it.linear_configuration());
            Strategy::Linear {
                step: linear.and_then(ecs::LinearConfiguration::step_percent).unwrap_or(10.0),
                bake: minutes(
                    linear.and_then(ecs::LinearConfiguration::step_bake_time_in_minutes).unwrap_or(6),
                ),
            }
        }
        "CANARY" => {
            let canary = configuration.and_then(|it| it.canary_configuration());
            Strategy::Canary {
                percent: canary.and_then(ecs::CanaryConfiguration::canary_percent).unwrap_or(5.0),
                bake: minutes(
                    canary.and_then(ecs::CanaryConfiguration::canary_bake_time_in_minutes).unwrap_or(10),
                ),
            }
        }
        other => Strategy::Other(text(Some(other))),
    }
}

/// Newest first.
pub fn events(service: &Service) -> Vec<Event> {
    let events = service.events().iter().take(100);
    events
        .filter_map(|event| Some(Event { at: time(event.created_at())?, text: some_text(event.message())? }))
        .collect()
}

fn side(summary: &ServiceRevisionSummary, facts: Option<&RevisionFacts>) -> Side {
    let facts = facts.cloned().unwrap_or_default();
    Side {
        revision: text(summary.arn()),
        called: None,
        published: None,
        task_definition: facts.task_definition(),
        images: facts.images,
        weight: summary.requested_production_traffic_weight(),
        test_weight: summary.requested_test_traffic_weight(),
        tasks: Some(Tasks {
            requested: count(summary.requested_task_count()),
            running: count(summary.running_task_count()),
            pending: count(summary.pending_task_count()),
        }),
        groups: facts
            .groups
            .into_iter()
            .map(|(arn, rule)| TargetGroup { arn, rule, rule_share: None, health: Health::Unread })
            .collect(),
    }
}

/// Task counts that the service reports of one of its revisions; `None` when it runs none of it.
pub fn tasks_now(service: &Service, revision: &str) -> Option<Tasks> {
    let it = service.current_service_revisions().iter().find(|it| it.arn() == Some(revision))?;
    Some(Tasks {
        requested: count(it.requested_task_count()),
        running: count(it.running_task_count()),
        pending: count(it.pending_task_count()),
    })
}

/// Whether tasks of the revisions that a deployment replaced still run.
pub fn is_draining(service: &Service, deployment: &ServiceDeployment) -> bool {
    let left =
        |it: &ServiceRevisionSummary| tasks_now(service, it.arn()?).filter(|it| it.running + it.pending > 0);
    deployment.source_service_revisions().iter().any(|it| left(it).is_some())
}

/// Wait after 100 %.
pub fn bake(configuration: &ecs::DeploymentConfiguration) -> Option<Duration> {
    configuration.bake_time_in_minutes().map(minutes)
}

/// The source revision that has the most traffic: the one an operator thinks of as old.
pub fn main_source(deployment: &ServiceDeployment) -> Option<&ServiceRevisionSummary> {
    let rank = |it: &&ServiceRevisionSummary| {
        let weight = it.requested_production_traffic_weight().unwrap_or_default();
        ((weight * 100.0) as i64, it.running_task_count())
    };
    // On a tie the first one counts, so that reads agree with each other.
    deployment.source_service_revisions().iter().rev().max_by_key(rank)
}

/// ARNs of the revisions a deployment names.
pub fn revision_arns(deployment: &ServiceDeployment) -> Vec<String> {
    let sides = main_source(deployment).into_iter().chain(deployment.target_service_revision());
    sides.filter_map(|it| some_text(it.arn())).collect()
}

/// One deployment of a service. `None` without the fields that name it. Health, rule shares and progress
/// are not in these answers.
pub fn rollout<'a>(
    service: &Service,
    deployment: &ServiceDeployment,
    facts: impl Fn(&str) -> Option<&'a RevisionFacts>,
    read_at: Timestamp,
) -> Option<Rollout> {
    let name = service_name(service)?;
    let new = deployment.target_service_revision()?;
    let configuration = deployment.deployment_configuration();
    let facts_of = |it: &ServiceRevisionSummary| it.arn().and_then(&facts);
    let mut old = main_source(deployment).map(|it| side(it, facts_of(it)));
    if let Some(old) =
        old.as_mut().filter(|_| deployment.status() == Some(&ecs::ServiceDeploymentStatus::Successful))
    {
        // What the deployment says of its source is from its own time; what is left of it the service says.
        old.tasks = Some(tasks_now(service, &old.revision).unwrap_or_default());
    }
    let mut new_side = side(new, facts_of(new));
    if let Some(old) = &mut old {
        part(&mut old.groups, &mut new_side.groups);
    }
    Some(Rollout {
        name,
        deployment: some_text(deployment.service_deployment_arn())?,
        current: some_text(service.current_service_deployment()),
        owner: owner(service),
        mechanism: Mechanism::Ecs(strategy(configuration)),
        status: Status(text(deployment.status().map(ecs::ServiceDeploymentStatus::as_str))),
        status_reason: some_text(deployment.status_reason()),
        stage: some_text(deployment.lifecycle_stage().map(ecs::ServiceDeploymentLifecycleStage::as_str)),
        old,
        sources: deployment.source_service_revisions().len() as u32,
        new: new_side,
        progress: Progress::default(),
        bake: configuration.and_then(bake),
        hooks: deployment.lifecycle_hook_details().iter().filter_map(hook).collect(),
        alarms: alarms(deployment),
        breaker: breaker(deployment),
        rollback: deployment.rollback().map(|it| RollbackInfo {
            reason: some_text(it.reason()),
            started_at: time(it.started_at()),
            revision: some_text(it.service_revision_arn()),
        }),
        created_at: time(deployment.created_at()),
        started_at: time(deployment.started_at()),
        updated_at: time(deployment.updated_at()),
        finished_at: time(deployment.finished_at()),
        by: None,
        events: events(service),
        read_at,
    })
}

/// Leaves each side the target groups that are its own. A rolling deployment has both sides in one, whose
/// health and numbers are neither's.
fn part(old: &mut Vec<TargetGroup>, new: &mut Vec<TargetGroup>) {
    let shared: Vec<String> = old
        .iter()
        .filter(|it| new.iter().any(|other| other.arn == it.arn))
        .map(|it| it.arn.clone())
        .collect();
    for side in [old, new] {
        side.retain(|group| !shared.contains(&group.arn));
    }
}

fn hook(hook: &ecs::DeploymentLifecycleHookDetail) -> Option<Hook> {
    Some(Hook {
        id: some_text(hook.hook_id())?,
        kind: text(hook.target_type().map(ecs::DeploymentLifecycleHookTargetType::as_str)),
        status: text(hook.status().map(ecs::DeploymentLifecycleHookStatus::as_str)),
        expires_at: time(hook.expires_at()),
        timeout_action: some_text(hook.timeout_action().map(ecs::DeploymentLifecycleHookAction::as_str)),
    })
}

fn alarms(deployment: &ServiceDeployment) -> AlarmWatch {
    let set = deployment.deployment_configuration().and_then(|it| it.alarms());
    let seen = deployment.alarms();
    let mut names = seen.map(|it| texts(it.alarm_names())).unwrap_or_default();
    if names.is_empty() {
        names = set.map(|it| texts(it.alarm_names())).unwrap_or_default();
    }
    AlarmWatch {
        status: some_text(
            seen.and_then(|it| it.status()).map(ecs::ServiceDeploymentRollbackMonitorsStatus::as_str),
        ),
        names,
        triggered: seen.map(|it| texts(it.triggered_alarm_names())).unwrap_or_default(),
        enabled: set.is_some_and(ecs::DeploymentAlarms::enable),
        rollback: set.is_some_and(ecs::DeploymentAlarms::rollback),
    }
}

fn breaker(deployment: &ServiceDeployment) -> Option<Breaker> {
    let set = deployment.deployment_configuration()?.deployment_circuit_breaker()?;
    let seen = deployment.deployment_circuit_breaker();
    Some(Breaker {
        status: some_text(
            seen.and_then(|it| it.status()).map(ecs::ServiceDeploymentRollbackMonitorsStatus::as_str),
        ),
        failures: seen.map(|it| count(it.failure_count())).unwrap_or_default(),
        threshold: seen.map(|it| count(it.threshold())).unwrap_or_default(),
        enabled: set.enable(),
        rollback: set.rollback(),
    })
}

/// Healthy and total of a target group. Draining targets are on their way out and count for neither.
pub fn health(targets: &[elb::TargetHealthDescription]) -> Health {
    let (mut healthy, mut total) = (0, 0);
    for target in targets {
        match target.target_health().and_then(|it| it.state()).map(elb::TargetHealthStateEnum::as_str) {
            Some("draining" | "unhealthy.draining") => {}
            Some("healthy") => (healthy, total) = (healthy + 1, total + 1),
            _ => total += 1,
        }
    }
    Health::Counted { healthy, total }
}

/// Each target group's share of a rule's forward action in percent.
pub fn shares(rule: &elb::Rule) -> Vec<(String, f64)> {
    let Some(action) =
        rule.actions().iter().find(|it| it.r#type().is_some_and(|it| it.as_str() == "forward"))
    else {
        return Vec::new();
    };
    let groups = action.forward_config().map(elb::ForwardActionConfig::target_groups).unwrap_or_default();
    let sum: i64 = groups.iter().map(|it| i64::from(it.weight().unwrap_or(1))).sum();
    if groups.is_empty() || sum <= 0 {
        // A forward action without a list sends everything to its one group.
        return some_text(action.target_group_arn()).map(|arn| (arn, 100.0)).into_iter().collect();
    }
    let share = |weight: Option<i32>| 100.0 * f64::from(weight.unwrap_or(1)) / sum as f64;
    groups.iter().filter_map(|it| Some((some_text(it.target_group_arn())?, share(it.weight())))).collect()
}
