//! CodeDeploy's answers as its documentation has them, to the model.

use super::convert::{self, Target};
use super::percent_of;
use crate::features::rollouts::mechanism::codedeploy::{Deployment, Original, Platform, Routing};
use crate::features::rollouts::model::{Owner, Rollout, Standing};
use aws_sdk_codedeploy::types::{self as cd, DeploymentInfo};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use std::time::Duration;

fn now() -> Timestamp {
    "2018-11-28T19:00:00Z".parse().unwrap()
}

fn time(seconds: f64) -> DateTime {
    DateTime::from_secs_f64(seconds)
}

/// The deployment of the user guide's tutorial.
fn tutorial() -> cd::builders::DeploymentInfoBuilder {
    DeploymentInfo::builder()
        .application_name("tutorial-bluegreen-app")
        .deployment_group_name("tutorial-bluegreen-dg")
        .deployment_id("d-RPCR1U3TW")
        .deployment_config_name("CodeDeployDefault.ECSAllAtOnce")
        .compute_platform(cd::ComputePlatform::Ecs)
        .creator(cd::DeploymentCreator::User)
        .status(cd::DeploymentStatus::InProgress)
        .create_time(time(1_543_431_360.0))
}

fn read(info: &DeploymentInfo) -> (Rollout, Deployment) {
    let shift = convert::rollout(info, now()).unwrap();
    let it = shift.mechanism.codedeploy().unwrap().clone();
    (shift, it)
}

#[test]
fn a_deployment_without_what_names_it_is_none() {
    assert_eq!(convert::rollout(&DeploymentInfo::builder().build(), now()), None);
    let (shift, it) = read(&tutorial().build());
    assert_eq!(shift.name.full(), "codedeploy/tutorial-bluegreen-app/tutorial-bluegreen-dg");
    assert_eq!((shift.deployment.as_str(), shift.status.0.as_str()), ("d-RPCR1U3TW", "InProgress"));
    assert_eq!((it.platform, it.original, it.terminating), (Platform::Ecs, Original::Unsaid, false));
    assert_eq!((it.creator.as_deref(), shift.owner), (Some("user"), Owner::CodeDeploy));
}

#[test]
fn names_that_are_new_are_kept_as_they_are() {
    let info = tutorial().status("Levitating".into()).compute_platform("Moon".into());
    let info = info.creator("gravity".into()).build();
    let (shift, it) = read(&info);
    assert_eq!((shift.status.0.as_str(), shift.standing()), ("Levitating", Standing::Unknown));
    assert_eq!(it.platform, Platform::Other("Moon".into()));
    assert_eq!(it.creator.as_deref(), Some("gravity"));
}

#[test]
fn what_a_stack_made_is_the_stacks() {
    let stack = "arn:aws:cloudformation:eu-west-2:111122223333:stack/shop-checkout/6f3c";
    let made = || tutorial().creator(cd::DeploymentCreator::CloudFormation);
    assert_eq!(read(&made().external_id(stack).build()).0.owner, Owner::Stack("shop-checkout".into()));
    assert_eq!(read(&made().build()).0.owner, Owner::Other("CloudFormation".into()));
    // An id alone, of something else, is no stack.
    assert_eq!(read(&tutorial().external_id(stack).build()).0.owner, Owner::CodeDeploy);
}

#[test]
fn settings_and_ends_are_read() {
    let terminate = cd::BlueInstanceTerminationOption::builder()
        .action(cd::InstanceAction::Terminate)
        .termination_wait_time_in_minutes(60)
        .build();
    let ready = cd::DeploymentReadyOption::builder()
        .action_on_timeout(cd::DeploymentReadyAction::StopDeployment)
        .wait_time_in_minutes(30)
        .build();
    let blue_green = cd::BlueGreenDeploymentConfiguration::builder()
        .terminate_blue_instances_on_deployment_success(terminate)
        .deployment_ready_option(ready)
        .build();
    let rollback = cd::AutoRollbackConfiguration::builder()
        .enabled(true)
        .events(cd::AutoRollbackEvent::DeploymentFailure)
        .events("DEPLOYMENT_STOP_ON_WHIM".into())
        .build();
    let content = cd::AppSpecContent::builder().sha256("5f3c").build();
    let revision = cd::RevisionLocation::builder().app_spec_content(content).build();
    let error = cd::ErrorInformation::builder().code(cd::ErrorCode::AlarmActive).message("an alarm\u{1b}[2J");
    let back = cd::RollbackInfo::builder().rollback_deployment_id("d-BACK").rollback_message("went back");
    let info = tutorial()
        .blue_green_deployment_configuration(blue_green)
        .auto_rollback_configuration(rollback)
        .revision(revision)
        .error_information(error.build())
        .rollback_info(back.build())
        .instance_termination_wait_time_started(true)
        .build();
    let (shift, it) = read(&info);
    assert_eq!(it.original, Original::Removed(Some(Duration::from_hours(1))));
    assert!(it.terminating && it.back.is_none());
    assert_eq!(it.auto_rollback, ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_WHIM"]);
    assert_eq!(it.revision.as_deref(), Some("5f3c"));
    assert_eq!(shift.status_reason.as_deref(), Some("ALARM_ACTIVE: an alarm"), "made safe");
    assert_eq!(convert::rolled_back_by(&info).as_deref(), Some("d-BACK"));
    assert_eq!(shift.rollback.unwrap().reason.as_deref(), Some("went back"));
    let hook = convert::hook(&info, Some(now()));
    assert_eq!(hook.timeout_action.as_deref(), Some("STOP_DEPLOYMENT"));
    assert_eq!(hook.expires_at, Some("2018-11-28T19:30:00Z".parse().unwrap()));
    // Switched off, the events are not those that roll back.
    let off = cd::AutoRollbackConfiguration::builder().events(cd::AutoRollbackEvent::DeploymentFailure);
    assert_eq!(read(&tutorial().auto_rollback_configuration(off.build()).build()).1.auto_rollback, [""; 0]);
}

#[test]
fn alarms_are_the_groups_unless_the_deployment_has_its_own() {
    let alarms = |name: &str| {
        let alarm = cd::Alarm::builder().name(name).build();
        cd::AlarmConfiguration::builder().enabled(true).alarms(alarm).build()
    };
    let info = tutorial().build();
    assert_eq!(convert::alarms(Some(&alarms("group")), &info).names, ["group"]);
    let info = tutorial().override_alarm_configuration(alarms("own")).build();
    assert_eq!(convert::alarms(Some(&alarms("group")), &info).names, ["own"]);
    assert!(!convert::alarms(None, &tutorial().build()).enabled);
}

#[test]
fn each_kind_of_routing_is_known() {
    let config = |kind: &str| cd::TrafficRoutingConfig::builder().r#type(kind.into());
    let canary = cd::TimeBasedCanary::builder().canary_percentage(10).canary_interval(5).build();
    let linear = cd::TimeBasedLinear::builder().linear_percentage(20).linear_interval(3).build();
    let minutes = |n: u64| Duration::from_secs(n * 60);
    for (config, expected) in [
        (config("AllAtOnce"), Routing::AtOnce),
        (
            config("TimeBasedCanary").time_based_canary(canary),
            Routing::Canary { step: 10.0, wait: minutes(5) },
        ),
        (
            config("TimeBasedLinear").time_based_linear(linear),
            Routing::Linear { step: 20.0, wait: minutes(3) },
        ),
        (config("TimeBasedCanary"), Routing::Unknown),
        (config("Spiral"), Routing::Unknown),
    ] {
        assert_eq!(convert::routing(Some(&config.build())), expected);
    }
    assert_eq!(convert::routing(None), Routing::Unknown);
}

#[test]
fn the_target_of_the_tutorial() {
    let set = |id: &str, weight, label: Option<cd::TargetLabel>| {
        let group = cd::TargetGroupInfo::builder().name("bluegreentarget1").build();
        cd::EcsTaskSet::builder()
            .identifer(id)
            .desired_count(1)
            .running_count(1)
            .traffic_weight(weight)
            .target_group(group)
            .set_task_set_label(label)
            .build()
    };
    let event = |name: &str, start, end: Option<f64>, status: cd::LifecycleEventStatus| {
        cd::LifecycleEvent::builder()
            .lifecycle_event_name(name)
            .start_time(time(start))
            .set_end_time(end.map(time))
            .status(status)
            .build()
    };
    let ecs = cd::EcsTarget::builder()
        .target_id("tutorial-bluegreen-cluster:service-bluegreen")
        .lifecycle_events(event(
            "BeforeInstall",
            1_543_431_361.022,
            Some(1_543_431_361.433),
            cd::LifecycleEventStatus::Succeeded,
        ))
        .lifecycle_events(event("Install", 1_543_431_361.678, None, cd::LifecycleEventStatus::InProgress))
        .task_sets_info(set("ecs-svc/9223370493425779968", 100.0, None))
        .task_sets_info(set("ecs-svc/9223370493423413672", 0.0, Some(cd::TargetLabel::Green)))
        .build();
    let target = cd::DeploymentTarget::builder().ecs_target(ecs).build();
    let (target, events, _) = convert::target(&target);
    let Target::Ecs { place, sets } = target else { panic!("no ECS target") };
    assert_eq!(place, ("tutorial-bluegreen-cluster".into(), "service-bluegreen".into()));
    let sides: Vec<_> = sets.iter().map(|set| (set.id.as_str(), set.green, set.weight)).collect();
    assert_eq!(
        sides,
        [("ecs-svc/9223370493425779968", None, 100.0), ("ecs-svc/9223370493423413672", Some(true), 0.0)]
    );
    assert_eq!((events[1].name.as_str(), events[1].status.as_str()), ("Install", "InProgress"));
    assert!(events[0].ended.is_some() && events[1].ended.is_none());
}

#[test]
fn what_a_script_said_last_follows_its_failure() {
    let log: Vec<String> = (0..9).map(|n| format!("line {n}")).collect();
    let said = cd::Diagnostics::builder()
        .error_code(cd::LifecycleErrorCode::ScriptFailed)
        .message("3 of 40 checks failed")
        .log_tail(format!("{}\n\u{1b}]0;owned\u{7}", log.join("\n")))
        .build();
    let event = |name: &str, at: f64| {
        cd::LifecycleEvent::builder().lifecycle_event_name(name).start_time(time(at)).end_time(time(at + 5.0))
    };
    let lambda = cd::LambdaTarget::builder()
        .lifecycle_events(
            event("BeforeAllowTraffic", 1_543_431_361.0)
                .status(cd::LifecycleEventStatus::Failed)
                .diagnostics(said)
                .build(),
        )
        .lifecycle_events(
            cd::LifecycleEvent::builder()
                .lifecycle_event_name("AllowTraffic")
                .status(cd::LifecycleEventStatus::Pending)
                .build(),
        )
        .lambda_function_info(
            cd::LambdaFunctionInfo::builder()
                .function_name("receipts")
                .function_alias("live")
                .current_version("17")
                .target_version("18")
                .target_version_weight(10.0)
                .build(),
        )
        .build();
    let (target, events, _) = convert::target(&cd::DeploymentTarget::builder().lambda_target(lambda).build());
    let Target::Lambda { current, target, weight, .. } = target else { panic!("no alias") };
    assert_eq!((current.as_str(), target.as_str(), weight), ("17", "18", 10.0));
    let lines: Vec<String> = convert::events(&events).into_iter().map(|event| event.text).collect();
    assert_eq!(lines[0], "BeforeAllowTraffic Failed: ScriptFailed 3 of 40 checks failed");
    assert_eq!(lines[1], "  line 3");
    assert!(lines.len() <= 7 && !lines.concat().contains('\u{1b}'), "{lines:?}");
}

#[test]
fn the_alias_tells_a_share_from_a_percentage() {
    for (weight, alias, expected) in [
        (10.0, Some(10.0), 10.0),
        (0.1, Some(10.0), 10.0),
        (0.1, Some(0.1), 0.1),
        (0.1, None, 0.1),
        (1.0, Some(100.0), 100.0),
        (1.0, Some(1.0), 1.0),
        (0.0, Some(0.0), 0.0),
        (50.0, Some(10.0), 50.0),
    ] {
        assert!((percent_of(weight, alias) - expected).abs() < 1e-9, "{weight} {alias:?}");
    }
}
