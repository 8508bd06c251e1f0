//! CodeDeploy against the simulated AWS, through the real clients, to ECS and to Lambda: what is read, what
//! others do before, between and after, what AWS answers, and the calls that it received. Never more than one
//! of ours.

use super::world::{Lab, entries, journal};
use super::*;
use crate::config::Config;
use crate::features::discovery::InventorySource;
use crate::features::rollouts::comparing::metrics_query;
use crate::features::rollouts::journal::Step;
use crate::features::rollouts::mechanism::Outcome;
use crate::features::rollouts::op::send;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::verdict::Ruling;
use crate::features::rollouts::watch::{Ending, Watch};
use crate::features::rollouts::wire::{DetailQuery, RolloutsQuery};
use crate::features::rollouts::{DetailSource, ListSource};
use std::cell::Cell;
use std::sync::Arc;

/// Scenarios, and what CodeDeploy moves in each.
pub const KINDS: [(&str, &str); 2] = [("codedeploy-ecs", "checkout"), ("codedeploy-lambda", "receipts")];

/// What others do between the plan and the last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    /// It goes on a little.
    GoesOn,
    /// Somebody is faster.
    TakenBack,
    /// Somebody stops it and leaves the traffic where it is.
    LeftThere,
    /// It ends by itself.
    Ended,
}

pub async fn shift(lab: &Lab, called: &str) -> Rollout {
    let shifts = lab.list().await.shifts;
    let found = shifts.iter().find(|shift| shift.thing().short() == called);
    found.unwrap_or_else(|| panic!("{called} is not in {shifts:?}")).clone()
}

pub async fn plan(lab: &Lab, called: &str) -> Plan {
    let shift = Box::pin(shift(lab, called)).await;
    Box::pin(lab.plan_of(&shift)).await
}

pub async fn somebody_stops(lab: &Lab, id: &str, back: bool) {
    let call = lab.conn.codedeploy().stop_deployment().deployment_id(id);
    call.auto_rollback_enabled(back).send().await.unwrap();
}

async fn meanwhile(lab: &Lab, what: Meanwhile, plan: &Plan) {
    let id = plan.guard.deployment.as_str();
    match what {
        Meanwhile::Nothing => {}
        Meanwhile::GoesOn => lab.pass(45).await,
        Meanwhile::TakenBack | Meanwhile::LeftThere => {
            somebody_stops(lab, id, what == Meanwhile::TakenBack).await;
            lab.pass(30).await;
        }
        Meanwhile::Ended => lab.pass(30 * 3600).await,
    }
}

/// Follows a rollback until it is known how it ended.
async fn follow(lab: &Lab, plan: &Plan, result: &SendResult) -> Watch {
    let mut watch = Watch::begin(plan.clone(), result).unwrap();
    for _ in 0..60 {
        lab.pass(20).await;
        let reads = lab.reads_of(plan).await;
        watch.read(&reads.shifts[0], lab.now().wall);
        if watch.settled() {
            break;
        }
    }
    watch
}

#[tokio::test(start_paused = true)]
async fn a_deployment_to_ecs_is_read_whole_and_listed_once() {
    let lab = Lab::new("codedeploy-ecs").await;
    let list = lab.list().await;
    assert_eq!(list.notes, [""; 0]);
    let checkout = shift(&lab, "checkout").await;
    assert_eq!(checkout.name.full(), "codedeploy/AppECS-shop-checkout/DgpECS-shop-checkout");
    assert_eq!(list.shifts.iter().filter(|it| it.thing().short() == "checkout").count(), 1);
    assert_eq!((checkout.owner.label(), checkout.standing()), ("CodeDeploy", Standing::Open));
    let (old, new) = (checkout.old.as_ref().unwrap(), &checkout.new);
    let weight = new.weight.unwrap();
    assert!(weight > 0.0 && weight < 100.0 && old.weight == Some(100.0 - weight), "{checkout:?}");
    assert!(old.task_definition.is_some() && new.task_definition.is_some(), "{checkout:?}");
    assert!(!old.images.is_empty() && new.label().starts_with("rev "), "{checkout:?}");
    assert!(matches!(old.health(), Health::Counted { healthy, total } if healthy == total && total > 0));
    assert_eq!(new.rule_disagrees(), None);
    assert_eq!(new.groups[0].rule_share, Some(weight), "cross-checked with the listener rule");
    assert_eq!(checkout.stage.as_deref(), Some("AllowTraffic"));
    assert!(checkout.by_itself().yes && !checkout.events.is_empty());
    // The service itself is listed at rest, owned by CodeDeploy, and found by its shift.
    let own = RolloutName::ecs("shop", "checkout");
    assert_eq!(list.services.iter().find(|it| it.name == own).unwrap().owner, Owner::CodeDeploy);
    assert_eq!(list.shift_of(&own).unwrap().name, checkout.name);
    assert_eq!(lab.calls("ListApplications"), 0, "applications are not swept");

    // Both task sets are compared by their target groups, and the new one is worse.
    let asked = metrics_query(&checkout, &Config::default()).unwrap();
    let query = DetailQuery {
        metrics: Some(Box::new(asked)),
        stopped: new.task_definition.clone(),
        ..detail_query(&checkout.name)
    };
    let detail = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap();
    let metrics = detail.metrics.unwrap();
    assert_eq!(metrics.verdict.ruling, Ruling::Worse, "{metrics:?}");
    let (definition, stopped) = detail.stopped.unwrap();
    assert!(Some(&definition) == new.task_definition.as_ref() && stopped.is_ok(), "{stopped:?}");
}

#[tokio::test(start_paused = true)]
async fn the_rule_that_a_deployment_moves_is_not_listed_beside_it() {
    let mut lab = Lab::new("codedeploy-ecs").await;
    let (forwards, _) = InventorySource::forwarding(&lab.conn, None).await.unwrap();
    lab.query.forwards = Arc::new(forwards);
    let list = lab.list().await;
    let checkout = list.shifts.iter().find(|shift| shift.thing().short() == "checkout").unwrap();
    let rule = checkout.new.groups[0].rule.clone().unwrap();
    assert!(lab.query.forwards.contains(&rule), "{rule}");
    assert!(list.shifts.iter().all(|shift| shift.deployment != rule), "{:?}", list.shifts);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_to_an_alias_is_read_whole_and_listed_once() {
    let lab = Lab::new("codedeploy-lambda").await;
    let list = lab.list().await;
    let receipts = shift(&lab, "receipts").await;
    assert!(matches!(receipts.name, RolloutName::CodeDeploy { .. }), "{:?}", receipts.name);
    assert_eq!(list.shifts.iter().filter(|it| it.thing().short() == "receipts").count(), 1, "{list:?}");
    let it = receipts.mechanism.codedeploy().unwrap();
    let weight = receipts.new.weight.unwrap();
    assert!(weight > 0.0 && weight < 100.0 && it.alias_share == Some(weight), "{receipts:?}");
    assert!(receipts.new.published > receipts.old.as_ref().unwrap().published);
    assert_eq!(receipts.troubles(), [""; 0]);
    let asked = metrics_query(&receipts, &Config::default()).unwrap();
    let query = DetailQuery { metrics: Some(Box::new(asked)), ..detail_query(&receipts.name) };
    let detail = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap();
    let metrics = detail.metrics.unwrap();
    assert_eq!(metrics.verdict.ruling, Ruling::Worse, "{metrics:?}");
    // The alias by its own name still says whose it is.
    let alias = lab.named(receipts.thing()).await;
    assert_eq!(alias.owner, Owner::Deployment(receipts.deployment.clone()));
}

#[tokio::test(start_paused = true)]
async fn what_a_stack_drives_is_seen_and_refused() {
    let lab = Lab::new("codedeploy-ecs").await;
    let shifts = lab.list().await.shifts;
    let cart = shifts.iter().find(|it| it.name.full().contains("cart")).expect("the stack's is listed");
    assert_eq!(cart.owner, Owner::Stack("shop-cart".into()));
    assert!(cart.new.weight.is_some(), "{cart:?}");
    let plan = lab.plan_of(cart).await;
    assert!(
        plan.refusals().any(|text| text.starts_with("CloudFormation stack shop-cart")),
        "{:?}",
        plan.checks
    );
    assert!(
        plan.command().unwrap().starts_with("aws cloudformation cancel-update-stack --stack-name shop-cart")
    );
    assert!(matches!(lab.send(&plan, &journal("stack")).await, SendResult::Changed(_)));
    assert_eq!(lab.calls("StopDeployment"), 0);
}

#[tokio::test(start_paused = true)]
async fn normally_there_is_one_call_and_it_goes_back() {
    for (scenario, called) in KINDS {
        for what in [Meanwhile::Nothing, Meanwhile::GoesOn] {
            let lab = Lab::new(scenario).await;
            let plan = plan(&lab, called).await;
            meanwhile(&lab, what, &plan).await;
            let path = journal("codedeploy normal");
            let result = lab.send(&plan, &path).await;
            assert!(matches!(result, SendResult::Sent { .. }), "{scenario} {what:?}: {result:?}");
            assert!(matches!(entries(&path)[0].step, Step::Sending { .. }));
            let watch = follow(&lab, &plan, &result).await;
            let ended = watch.ended.unwrap();
            assert_eq!(ended.ending, Ending::Done, "{scenario} {what:?}: {}", ended.why);
            assert_eq!(lab.calls("StopDeployment"), 1, "{scenario}");
            let after = lab.reads_of(&plan).await.shifts.remove(0);
            assert_eq!(after.outcome(), Some(Outcome::RolledBack), "{scenario}: {after:?}");
            assert!(lab.plan_of(&after).await.refused(), "{scenario}: there is nothing left to undo");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn in_the_termination_wait_the_way_back_is_still_there_and_afterwards_not() {
    let lab = Lab::new("codedeploy-ecs").await;
    let before = shift(&lab, "checkout").await;
    lab.pass(40 * 60).await;
    let waiting = shift(&lab, "checkout").await;
    assert_eq!((waiting.deployment, waiting.new.weight), (before.deployment.clone(), Some(100.0)));
    let waiting = shift(&lab, "checkout").await;
    assert_eq!(waiting.stage.as_deref(), Some("TERMINATION_WAIT"));
    assert!(waiting.next_words(lab.now().wall).starts_with("old removed in"), "{waiting:?}");
    let plan = lab.plan_of(&waiting).await;
    assert!(!plan.refused() && plan.takes.contains("original task set still runs"), "{:?}", plan.checks);
    let result = lab.send(&plan, &journal("codedeploy waiting")).await;
    let watch = follow(&lab, &plan, &result).await;
    assert_eq!(watch.ended.unwrap().ending, Ending::Done);
    assert_eq!((lab.calls("StopDeployment"), lab.calls("ContinueDeployment")), (1, 0));

    let late = Lab::new("codedeploy-ecs").await;
    late.pass(4 * 3600).await;
    let after = late.shifts(&before, false).await.shifts.remove(0);
    assert_eq!(after.outcome(), Some(Outcome::Success), "{after:?}");
    let plan = late.plan_of(&after).await;
    assert!(
        plan.refusals().any(|text| text.contains("the original task set was removed")),
        "{:?}",
        plan.checks
    );
}

#[tokio::test(start_paused = true)]
async fn what_others_did_meanwhile_is_seen_and_nothing_is_sent() {
    for (scenario, called) in KINDS {
        for what in [Meanwhile::TakenBack, Meanwhile::LeftThere, Meanwhile::Ended] {
            let lab = Lab::new(scenario).await;
            let plan = plan(&lab, called).await;
            meanwhile(&lab, what, &plan).await;
            let theirs = lab.calls("StopDeployment");
            let result = lab.send(&plan, &journal("codedeploy meanwhile")).await;
            let SendResult::Changed(newer) = &result else { panic!("{scenario} {what:?}: {result:?}") };
            assert!(plan.diff(newer).iter().any(|it| it.field == "status"), "{scenario} {what:?}");
            assert!(newer.refused(), "{scenario} {what:?}: {:?}", newer.checks);
            assert_eq!(lab.calls("StopDeployment"), theirs, "{scenario} {what:?}: ours was sent");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_change_nothing() {
    for (scenario, called) in KINDS {
        for fault in ["deny", "expire", "throttle"] {
            let lab = Lab::new(scenario).await;
            let before = plan(&lab, called).await;
            lab.faults(&[&format!("codedeploy:StopDeployment={fault}")]);
            let result = lab.send(&before, &journal("codedeploy refused")).await;
            assert!(matches!(result, SendResult::Rejected(_)), "{scenario} {fault}: {result:?}");
            assert_eq!(lab.calls("StopDeployment"), 1, "{scenario} {fault}");
            assert_eq!(plan(&lab, called).await.guard, before.guard, "{scenario} {fault}");
        }
        // Without a last read nothing is sent.
        let lab = Lab::new(scenario).await;
        let plan = plan(&lab, called).await;
        lab.faults(&["codedeploy:BatchGetDeployments=garbage:502"]);
        let result = lab.send(&plan, &journal("codedeploy unread")).await;
        assert!(matches!(result, SendResult::Unread(_)), "{scenario}: {result:?}");
        assert_eq!(lab.calls("StopDeployment"), 0, "{scenario}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_adorns_the_plan_does_not_keep_it_from_being_sent() {
    for (scenario, called) in KINDS {
        let lab = Lab::new(scenario).await;
        let plan = plan(&lab, called).await;
        lab.faults(&[
            "codedeploy:ListDeploymentTargets=deny",
            "codedeploy:BatchGetDeploymentTargets=deny",
            "codedeploy:GetDeploymentConfig=deny",
            "codedeploy:GetDeploymentGroup=deny",
            "elasticloadbalancing:*=deny",
            "ecs:*=deny",
            "lambda:*=deny",
        ]);
        let result = lab.send(&plan, &journal("codedeploy adorned")).await;
        assert!(matches!(result, SendResult::Sent { .. }), "{scenario}: {result:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled_by_reading() {
    for (scenario, called) in KINDS {
        // The answer is cut off and AWS carries on; or something before AWS answered.
        for (fault, arrived) in [("cut:1", true), ("garbage", false), ("garbage:502", false)] {
            let lab = Lab::new(scenario).await;
            let plan = plan(&lab, called).await;
            lab.faults(&[&format!("codedeploy:StopDeployment={fault}")]);
            let result = lab.send(&plan, &journal("codedeploy lost")).await;
            assert!(matches!(result, SendResult::Lost { .. }), "{scenario} {fault}: {result:?}");
            let watch = follow(&lab, &plan, &result).await;
            let ended = watch.ended.unwrap();
            let expected = if arrived { Ending::Done } else { Ending::Failed };
            assert_eq!(ended.ending, expected, "{scenario} {fault}: {}", ended.why);
            assert_eq!(lab.calls("StopDeployment"), 1, "{scenario} {fault}: never sent again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_ends_between_the_last_read_and_the_call_is_refused_by_aws_and_read_again() {
    for (scenario, called) in KINDS {
        let lab = Lab::new(scenario).await;
        let plan = plan(&lab, called).await;
        let looks = Cell::new(0);
        // The clock is looked at when the sending begins, and once more right before the call.
        let clock = || {
            looks.set(looks.get() + 1);
            if looks.get() == 2 {
                lab.skip(30 * 3600);
            }
            lab.now().wall
        };
        let result = send(&plan, &lab.conn, &journal("codedeploy gap"), clock).await;
        let SendResult::Beaten { newer, .. } = &result else { panic!("{scenario}: {result:?}") };
        assert!(plan.diff(newer).iter().any(|it| it.field == "status"), "{scenario}");
        assert_eq!(lab.calls("StopDeployment"), 1, "{scenario}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_taken_back_is_one_row_until_it_is_back() {
    for (scenario, called) in KINDS {
        let lab = Lab::new(scenario).await;
        let mut source = ListSource::new(&lab.conn);
        let query = RolloutsQuery::default();
        let before = source.read(&query, lab.now()).await.unwrap();
        let id = shift(&lab, called).await.deployment;
        let rows = |shifts: &[Rollout]| shifts.iter().filter(|it| it.thing().short() == called).count();
        assert_eq!(rows(&before.shifts), 1, "{scenario}");
        somebody_stops(&lab, &id, true).await;
        let mut ended = None;
        for _ in 0..60 {
            lab.pass(10).await;
            let list = source.read(&query, lab.now()).await.unwrap();
            assert!(rows(&list.shifts) <= 1, "{scenario}: {:?}", list.shifts);
            if let Some(shift) = list.shifts.iter().find(|it| it.deployment == id) {
                assert!(matches!(shift.standing(), Standing::Open | Standing::Returning), "{scenario}");
            } else {
                ended = list.recent.iter().find(|it| it.deployment == id).cloned();
                break;
            }
        }
        let ended = ended.unwrap_or_else(|| panic!("{scenario}: it never ended"));
        assert_eq!(ended.outcome(), Some(Outcome::RolledBack), "{scenario}: {ended:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_codedeploy_takes_back_by_itself_says_so() {
    let lab = Lab::new("codedeploy-lambda").await;
    let mut source = ListSource::new(&lab.conn);
    let query = RolloutsQuery::default();
    let before = source.read(&query, lab.now()).await.unwrap();
    let mailer = before.shifts.iter().find(|it| it.thing().short() == "mailer").unwrap();
    assert_eq!(mailer.by_itself().why, "when it fails or on its alarms");
    let id = mailer.deployment.clone();
    for _ in 0..90 {
        lab.pass(10).await;
        let list = source.read(&query, lab.now()).await.unwrap();
        if let Some(ended) = list.recent.iter().find(|it| it.deployment == id) {
            assert_eq!(ended.outcome(), Some(Outcome::RolledBack), "{ended:?}");
            assert!(
                ended.status_reason.as_deref().is_some_and(|why| why.contains("ALARM_ACTIVE")),
                "{ended:?}"
            );
            return;
        }
    }
    panic!("its alarm did not stop it");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_of_codedeploy_does_not_hide_the_rest() {
    let lab = Lab::new("codedeploy-ecs").await;
    lab.faults(&["codedeploy:*=deny"]);
    let mut source = ListSource::new(&lab.conn);
    let query = RolloutsQuery::default();
    let list = source.read(&query, lab.now()).await.unwrap();
    assert_eq!(list.notes, ["CodeDeploy: denied: codedeploy:ListDeployments"]);
    assert!(!list.services.is_empty() && list.shifts.is_empty());
    // Denied, it is not asked again at once; and it comes back.
    let asked = lab.calls("ListDeployments");
    lab.pass(60).await;
    source.read(&query, lab.now()).await.unwrap();
    assert_eq!(lab.calls("ListDeployments"), asked);
    lab.faults(&[]);
    lab.pass(300).await;
    let list = source.read(&query, lab.now()).await.unwrap();
    assert!(list.notes.is_empty() && list.shifts.len() >= 2, "{:?}", list.notes);
    // A throttled look keeps what was seen.
    lab.faults(&["codedeploy:*=throttle"]);
    lab.pass(10).await;
    let list = source.read(&query, lab.now()).await.unwrap();
    assert!(list.shifts.len() >= 2 && list.notes == ["CodeDeploy: throttled"], "{:?}", list.notes);
}
