//! SDK types to the model: the one place where text from CodeDeploy enters, and so where it is made safe. Asks
//! nothing; `mod.rs` does.

use crate::features::rollouts::mechanism::codedeploy::{
    Back, Deployment, Diagnostics, Lifecycle, Original, Platform, Routing, TERMINATION_WAIT, ready_hook,
};
use crate::features::rollouts::model::{
    AlarmWatch, Event, Mechanism, Owner, RollbackInfo, Rollout, RolloutName, Side, Status, Tasks,
};
use crate::features::rollouts::source::ecs::{some_text, text, time};
use aws_sdk_codedeploy::types::{
    self as cd, ComputePlatform, DeploymentCreator, DeploymentInfo, DeploymentReadyAction, DeploymentStatus,
    DeploymentTarget, InstanceAction, LifecycleEvent, RevisionLocation, TargetLabel,
};
use jiff::Timestamp;
use std::time::Duration;

/// Lines of a diagnostic log that are shown.
const LOG_LINES: usize = 6;

fn minutes(value: i32) -> Option<Duration> {
    u64::try_from(value).ok().map(|value| Duration::from_secs(value * 60))
}

/// The status, as AWS names it.
pub fn status(info: &DeploymentInfo) -> Status {
    Status(text(info.status().map(DeploymentStatus::as_str)))
}

/// The deployment's id.
pub fn id(info: &DeploymentInfo) -> Option<String> {
    some_text(info.deployment_id())
}

/// The deployment that takes this one back.
pub fn rolled_back_by(info: &DeploymentInfo) -> Option<String> {
    some_text(info.rollback_info()?.rollback_deployment_id())
}

/// The deployment that this one takes back.
pub fn takes_back(info: &DeploymentInfo) -> Option<String> {
    some_text(info.rollback_info()?.rollback_triggering_deployment_id())
}

/// A deployment as the one that takes another back.
pub fn back(info: &DeploymentInfo) -> Option<Back> {
    Some(Back {
        id: id(info)?,
        status: status(info).0,
        problem: problem(info).map(|(code, message)| format!("{code} {message}").trim().to_owned()),
        created_at: time(info.create_time()),
        finished_at: time(info.complete_time()),
    })
}

/// What a deployment configuration says of steps.
pub fn routing(config: Option<&cd::TrafficRoutingConfig>) -> Routing {
    let Some(config) = config else { return Routing::Unknown };
    match config.r#type().map(cd::TrafficRoutingType::as_str) {
        Some("AllAtOnce") => Routing::AtOnce,
        Some("TimeBasedCanary") => {
            config.time_based_canary().map_or(Routing::Unknown, |it| Routing::Canary {
                step: f64::from(it.canary_percentage()),
                wait: minutes(it.canary_interval()).unwrap_or_default(),
            })
        }
        Some("TimeBasedLinear") => {
            config.time_based_linear().map_or(Routing::Unknown, |it| Routing::Linear {
                step: f64::from(it.linear_percentage()),
                wait: minutes(it.linear_interval()).unwrap_or_default(),
            })
        }
        _ => Routing::Unknown,
    }
}

/// The alarms of a group or, where it has its own, of a deployment.
pub fn alarms(group: Option<&cd::AlarmConfiguration>, info: &DeploymentInfo) -> AlarmWatch {
    let set = info.override_alarm_configuration().or(group);
    let events = auto_rollback(info);
    AlarmWatch {
        status: None,
        names: set.map(cd::AlarmConfiguration::alarms).unwrap_or_default().iter().filter_map(alarm).collect(),
        triggered: Vec::new(),
        enabled: set.is_some_and(cd::AlarmConfiguration::enabled),
        rollback: events.iter().any(|event| event == "DEPLOYMENT_STOP_ON_ALARM"),
    }
}

fn alarm(alarm: &cd::Alarm) -> Option<String> {
    some_text(alarm.name())
}

fn auto_rollback(info: &DeploymentInfo) -> Vec<String> {
    let set = info.auto_rollback_configuration().filter(|it| it.enabled());
    let events = set.map(cd::AutoRollbackConfiguration::events).unwrap_or_default();
    events.iter().map(|event| text(Some(event.as_str()))).collect()
}

fn problem(info: &DeploymentInfo) -> Option<(String, String)> {
    let error = info.error_information()?;
    Some((text(error.code().map(cd::ErrorCode::as_str)), text(error.message())))
}

fn hash(revision: Option<&RevisionLocation>) -> Option<String> {
    let revision = revision?;
    let content = revision.app_spec_content().and_then(|it| it.sha256());
    let raw = revision.string().and_then(|it| it.sha256());
    let place = revision.s3_location().and_then(|it| it.e_tag().or(it.version()).or(it.key()));
    some_text(content.or(raw).or(place))
}

fn platform(info: &DeploymentInfo) -> Platform {
    match info.compute_platform().map(ComputePlatform::as_str) {
        Some("ECS") => Platform::Ecs,
        Some("Lambda") => Platform::Lambda,
        Some("Server") => Platform::Server,
        other => Platform::Other(text(other)),
    }
}

/// Who may stop it: what a stack drives is the stack's.
fn owner(info: &DeploymentInfo) -> Owner {
    let creator = info.creator().map(DeploymentCreator::as_str);
    if !matches!(creator, Some("CloudFormation" | "CloudFormationRollback")) {
        return Owner::CodeDeploy;
    }
    // arn:aws:cloudformation:eu-west-2:111122223333:stack/NAME/id
    let stack =
        info.external_id().and_then(|id| id.split_once(":stack/")).and_then(|it| it.1.split('/').next());
    some_text(stack).map_or_else(|| Owner::Other("CloudFormation".to_owned()), Owner::Stack)
}

fn original(info: &DeploymentInfo) -> Original {
    let option = info
        .blue_green_deployment_configuration()
        .and_then(|it| it.terminate_blue_instances_on_deployment_success());
    match option.and_then(|it| it.action()).map(InstanceAction::as_str) {
        Some("TERMINATE") => {
            Original::Removed(option.and_then(|it| minutes(it.termination_wait_time_in_minutes())))
        }
        Some("KEEP_ALIVE") => Original::Kept,
        _ => Original::Unsaid,
    }
}

/// A deployment by itself: without its targets, its configuration and its group, which others complete.
/// `None` without the fields that name it.
pub fn rollout(info: &DeploymentInfo, read_at: Timestamp) -> Option<Rollout> {
    let name = RolloutName::CodeDeploy {
        application: some_text(info.application_name())?,
        group: some_text(info.deployment_group_name())?,
    };
    let (original, error) = (original(info), problem(info));
    // Until its targets are read, the revision is all that is known of the new side.
    let called = hash(info.revision()).map_or_else(
        || "revision not known".to_owned(),
        |hash| format!("revision {}", hash.chars().take(8).collect::<String>()),
    );
    let messages: Vec<String> = info.deployment_status_messages().iter().map(|it| text(Some(it))).collect();
    let reason = error
        .as_ref()
        .map(|(code, message)| format!("{code}: {message}").trim_end_matches([':', ' ']).to_owned())
        .or_else(|| (!messages.is_empty()).then(|| messages.join(" ")));
    let new = Side { called: Some(called), ..Side::of("") };
    let mechanism = Mechanism::CodeDeploy(Box::new(Deployment {
        platform: platform(info),
        moves: None,
        config: some_text(info.deployment_config_name()),
        routing: Routing::Unknown,
        revision: hash(info.revision()),
        previous: hash(info.previous_revision()),
        creator: some_text(info.creator().map(DeploymentCreator::as_str)),
        events: Vec::new(),
        original,
        terminating: info.instance_termination_wait_time_started()
            && info.status() == Some(&DeploymentStatus::InProgress),
        auto_rollback: auto_rollback(info),
        error,
        back: None,
        back_of: takes_back(info),
        alias_share: None,
        said: None,
        group_share: None,
        unread: Vec::new(),
    }));
    Some(Rollout {
        status_reason: reason,
        bake: match original {
            Original::Removed(wait) => wait,
            Original::Kept | Original::Unsaid => None,
        },
        alarms: alarms(None, info),
        rollback: info.rollback_info().and_then(|it| it.rollback_message()).map(|reason| RollbackInfo {
            reason: Some(text(Some(reason))),
            started_at: None,
            revision: None,
        }),
        created_at: time(info.create_time()),
        started_at: time(info.start_time()),
        finished_at: time(info.complete_time()),
        by: some_text(info.creator().map(DeploymentCreator::as_str)),
        ..Rollout::bare(name, id(info)?, owner(info), mechanism, status(info), new, read_at)
    })
}

/// The wait before traffic moves, of a deployment that is `Ready`.
pub fn hook(info: &DeploymentInfo, since: Option<Timestamp>) -> crate::features::rollouts::model::Hook {
    let option = info.blue_green_deployment_configuration().and_then(|it| it.deployment_ready_option());
    let wait = option.and_then(|it| u64::try_from(it.wait_time_in_minutes()).ok());
    let action = option.and_then(|it| it.action_on_timeout()).map(DeploymentReadyAction::as_str);
    ready_hook(wait, some_text(action).as_deref(), since)
}

/// Production listeners.
pub fn listeners(info: &DeploymentInfo) -> Vec<String> {
    let pairs = info.load_balancer_info().map(cd::LoadBalancerInfo::target_group_pair_info_list);
    let routes = pairs.unwrap_or_default().iter().filter_map(|pair| pair.prod_traffic_route());
    routes.flat_map(|route| route.listener_arns().iter().map(|arn| text(Some(arn)))).collect()
}

/// What a target is, and what it tells of itself.
pub enum Target {
    /// An ECS service.
    Ecs {
        /// Cluster and service.
        place: (String, String),
        /// Its task sets.
        sets: Vec<TaskSet>,
    },
    /// An alias of a function.
    Lambda {
        function: String,
        alias: String,
        /// The version that traffic comes from.
        current: String,
        /// The one that it goes to.
        target: String,
        /// Share of that one, as CodeDeploy has it.
        weight: f64,
    },
    /// What a stack drives: only the share of the new side is told.
    Stack {
        /// Share of the new side, in percent.
        weight: f64,
    },
    /// Anything else.
    Other,
}

/// One task set of a service.
pub struct TaskSet {
    pub id: String,
    /// `Some(true)` for the green one; `None` where it bears no label.
    pub green: Option<bool>,
    pub weight: f64,
    pub tasks: Tasks,
}

/// A target with its lifecycle events, and when it last changed.
pub fn target(target: &DeploymentTarget) -> (Target, Vec<Lifecycle>, Option<Timestamp>) {
    if let Some(ecs) = target.ecs_target() {
        let events = ecs.lifecycle_events().iter().map(lifecycle).collect();
        let target = match text(ecs.target_id()).split_once(':') {
            Some((cluster, service)) => Target::Ecs {
                place: (cluster.to_owned(), service.to_owned()),
                sets: ecs.task_sets_info().iter().map(task_set).collect(),
            },
            None => Target::Other,
        };
        return (target, events, time(ecs.last_updated_at()));
    }
    if let Some(lambda) = target.lambda_target() {
        let events = lambda.lifecycle_events().iter().map(lifecycle).collect();
        let target = lambda.lambda_function_info().map_or(Target::Other, |info| Target::Lambda {
            function: text(info.function_name()),
            alias: text(info.function_alias()),
            current: text(info.current_version()),
            target: text(info.target_version()),
            weight: info.target_version_weight(),
        });
        return (target, events, time(lambda.last_updated_at()));
    }
    let Some(stack) = target.cloud_formation_target() else { return (Target::Other, Vec::new(), None) };
    let events = stack.lifecycle_events().iter().map(lifecycle).collect();
    (Target::Stack { weight: stack.target_version_weight() }, events, time(stack.last_updated_at()))
}

fn task_set(set: &cd::EcsTaskSet) -> TaskSet {
    let count = |value: i64| u32::try_from(value).unwrap_or_default();
    TaskSet {
        // The SDK's spelling.
        id: text(set.identifer()),
        green: match set.task_set_label().map(TargetLabel::as_str) {
            Some("Green") => Some(true),
            Some("Blue") => Some(false),
            _ => None,
        },
        weight: set.traffic_weight(),
        tasks: Tasks {
            requested: count(set.desired_count()),
            running: count(set.running_count()),
            pending: count(set.pending_count()),
        },
    }
}

fn lifecycle(event: &LifecycleEvent) -> Lifecycle {
    let diagnostics = event.diagnostics().map(|it| Diagnostics {
        code: text(it.error_code().map(cd::LifecycleErrorCode::as_str)),
        message: text(it.message()),
        log_tail: it.log_tail().unwrap_or_default().lines().map(|line| text(Some(line)) + "\n").collect(),
    });
    Lifecycle {
        name: text(event.lifecycle_event_name()),
        status: text(event.status().map(cd::LifecycleEventStatus::as_str)),
        started: time(event.start_time()),
        ended: time(event.end_time()),
        diagnostics: diagnostics.filter(|it| *it != Diagnostics::default()),
    }
}

/// The lifecycle stage: the event that is going on, or the wait by the name that `ContinueDeployment` has.
pub fn stage(it: &Deployment, ready: bool) -> Option<String> {
    if ready {
        return Some(crate::features::rollouts::mechanism::codedeploy::READY_WAIT.to_owned());
    }
    if it.terminating {
        return Some(TERMINATION_WAIT.to_owned());
    }
    it.running().map(|event| event.name.clone())
}

/// Lifecycle events as lines of what happened, newest first. What a script wrote last follows its failure.
pub fn events(lifecycle: &[Lifecycle]) -> Vec<Event> {
    let mut lines = Vec::new();
    for event in lifecycle.iter().rev() {
        let Some(at) = event.ended.or(event.started) else { continue };
        let mut say = |text: String| lines.push(Event { at, text });
        let said = event.diagnostics.as_ref().map(|it| format!(": {} {}", it.code, it.message));
        say(format!("{} {}{}", event.name, event.status, said.unwrap_or_default().trim_end()));
        let log = event.diagnostics.iter().flat_map(|it| it.log_tail.lines()).filter(|line| !line.is_empty());
        let log: Vec<&str> = log.collect();
        let first = log.len().saturating_sub(LOG_LINES);
        log.iter().skip(first).for_each(|line| say(format!("  {line}")));
    }
    lines
}
