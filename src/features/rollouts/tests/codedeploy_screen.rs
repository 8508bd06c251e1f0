//! A deployment of CodeDeploy on the screen and in the dialog: to ECS, to Lambda, waiting, and a stack's.

use super::codedeploy::{ID, but, lifecycle};
use super::screen::{answer_dialog, asked, body, key, opened, polled, screen};
use super::*;
use crate::app::{App, Effect};
use crate::features::rollouts::mechanism::codedeploy::{Lifecycle, Original, Platform, ready_hook};
use crate::features::rollouts::span::Start;
use crate::features::rollouts::wire::{Comparison, RolloutDetail, Sides};
use crate::features::{Payload, Query, Topic};
use crossterm::event::KeyCode;

const LAMBDA_EVENTS: [&str; 3] = ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"];

/// The same as the screen shows it: behind a load balancer, with what has happened.
fn deployed() -> Rollout {
    but(|shift, it| {
        for (group, side) in [("blue", shift.old.as_mut().unwrap()), ("green", &mut shift.new)] {
            let balancer = "arn:aws:elasticloadbalancing:eu-west-2:111122223333";
            side.groups[0].arn = format!("{balancer}:targetgroup/checkout-{group}/50dc");
            side.groups[0].rule = Some(format!("{balancer}:listener-rule/app/shop-web/50dc/f2f7/9683"));
        }
        shift.events = happened(&it.events);
    })
}

fn happened(events: &[Lifecycle]) -> Vec<Event> {
    let lines = events.iter().rev().filter_map(|event| {
        let text = format!("{} {}", event.name, event.status);
        Some(Event { at: event.ended.or(event.started)?, text })
    });
    lines.collect()
}

/// A deployment to `receipts:live`, 10 % on version 18.
pub fn to_lambda() -> Rollout {
    let version = |version: &str, weight, published| Side {
        called: Some(format!("version {version}")),
        published: Some(at(published)),
        weight: Some(weight),
        ..Side::of(version)
    };
    but(|shift, it| {
        shift.name = RolloutName::parse("codedeploy/receipts/live").unwrap();
        it.platform = Platform::Lambda;
        it.moves = RolloutName::parse("lambda/receipts:live");
        it.config = Some("CodeDeployDefault.LambdaCanary10Percent15Minutes".into());
        it.events = lifecycle(&LAMBDA_EVENTS, "AllowTraffic");
        shift.events = happened(&it.events);
        it.original = Original::Unsaid;
        shift.old = Some(version("17", 90.0, -950_400));
        shift.new = version("18", 10.0, -780);
        shift.bake = None;
        shift.alarms = AlarmWatch::default();
    })
}

/// The detail with both sides compared.
fn compare(app: &mut App, shift: &Rollout) -> Sides {
    let query = asked(app, Topic::RolloutDetail).expect("the detail is asked for");
    let Query::RolloutDetail(detail) = &query else { panic!("{query:?}") };
    let asked = detail.metrics.clone().expect("both sides are compared");
    assert_eq!(asked.start, Start::Told(at(-540)), "since AllowTraffic began");
    let metrics =
        Comparison { deployment: shift.deployment.clone(), ..compared((10_836.0, 9.0), (2_709.0, 171.0)) };
    let detail = RolloutDetail {
        name: shift.name.clone(),
        history: Vec::new(),
        events: Vec::new(),
        metrics: Some(Box::new(metrics)),
        metrics_error: None,
        stopped: None,
    };
    polled(app, query, Ok(Payload::RolloutDetail(detail)), 0);
    asked.sides
}

#[test]
fn a_deployment_to_ecs_at_both_sizes() {
    let shift = deployed();
    let mut app = opened(&shift);
    let sides = compare(&mut app, &shift);
    assert!(
        matches!(&sides, Sides::TargetGroups { new, .. } if new[0].1 == "targetgroup/checkout-green/50dc")
    );
    insta::assert_snapshot!("codedeploy_ecs_120", body(&app, 120, 30, 0));
    insta::assert_snapshot!("codedeploy_ecs_80", body(&app, 80, 24, 0));
    key(&mut app, KeyCode::Esc, 0);
    insta::assert_snapshot!("codedeploy_list_120", body(&app, 120, 16, 0));
    insta::assert_snapshot!("codedeploy_list_80", body(&app, 80, 16, 0));
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    insta::assert_snapshot!("codedeploy_dialog_120", body(&app, 120, 40, 1));
    insta::assert_snapshot!("codedeploy_dialog_80", screen(&app, 80, 24, 1));
}

#[test]
fn a_deployment_to_lambda_at_both_sizes() {
    let shift = to_lambda();
    let mut app = opened(&shift);
    let sides = compare(&mut app, &shift);
    assert!(matches!(&sides, Sides::Versions { old, new, .. } if old == "17" && new == "18"));
    insta::assert_snapshot!("codedeploy_lambda_120", body(&app, 120, 24, 0));
    insta::assert_snapshot!("codedeploy_lambda_80", body(&app, 80, 24, 0));
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    insta::assert_snapshot!("codedeploy_lambda_dialog_80", screen(&app, 80, 24, 1));
}

#[test]
fn a_wait_for_somebody_is_prominent() {
    let shift = but(|shift, it| {
        shift.status = Status::new("Ready");
        shift.stage = Some("READY_WAIT".into());
        shift.new.weight = Some(0.0);
        shift.old.as_mut().unwrap().weight = Some(100.0);
        it.events.iter_mut().skip(5).for_each(|event| event.status = "Pending".into());
        shift.hooks = vec![ready_hook(Some(30), Some("STOP_DEPLOYMENT"), Some(at(-600)))];
    });
    let shown = body(&opened(&shift), 120, 24, 0);
    assert!(shown.contains("PAUSED: STOP_DEPLOYMENT in 20m00 unless answered (READY_WAIT)"), "{shown}");
    assert!(shown.contains("READY wait PAUSED"), "{shown}");
}

#[test]
fn what_a_stack_drives_hands_over_the_stacks_command() {
    let shift = but(|shift, it| {
        shift.owner = Owner::Stack("shop-checkout".into());
        it.creator = Some("CloudFormation".into());
        it.moves = None;
    });
    let mut app = opened(&shift);
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    insta::assert_snapshot!("codedeploy_stack_80", screen(&app, 80, 24, 1));
    let effects = key(&mut app, KeyCode::Char('y'), 2);
    let command = "aws cloudformation cancel-update-stack --stack-name shop-checkout --region eu-west-2";
    assert_eq!(effects, [Effect::Copy(command.to_owned())]);
}

#[test]
fn machines_are_listed_and_handed_over() {
    let shift = but(|shift, it| {
        it.platform = Platform::Server;
        it.moves = None;
        it.events = Vec::new();
        shift.old = None;
        shift.new = Side { called: Some("not known yet".into()), ..Side::of("") };
        shift.stage = None;
    });
    let mut app = opened(&shift);
    assert!(body(&app, 120, 24, 0).contains("CodeDeploy Server"));
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    let effects = key(&mut app, KeyCode::Char('y'), 2);
    let command =
        format!("aws deploy stop-deployment --deployment-id {ID} --auto-rollback-enabled --region eu-west-2");
    assert_eq!(effects, [Effect::Copy(command)]);
}

#[test]
fn what_codedeploy_moves_goes_by_its_own_name_to_the_end() {
    let shift = deployed();
    let mut app = opened(&shift);
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    assert!(screen(&app, 120, 40, 1).contains("Roll back checkout"));
    key(&mut app, KeyCode::Esc, 2);
    let shown = screen(&app, 120, 40, 2);
    assert!(
        shown.contains("checkout: nothing was sent") && !shown.contains("AppECS-shop-checkout:"),
        "{shown}"
    );
    let over = but(|shift, _| shift.status = Status::new("Succeeded"));
    let mut app = opened(&over);
    key(&mut app, KeyCode::Char('R'), 0);
    let shown = screen(&app, 120, 40, 0);
    assert!(shown.contains("no rollback of checkout: it has ended"), "{shown}");
}
