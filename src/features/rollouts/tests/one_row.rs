//! One row per shift: what several parts of AWS know of the same traffic is listed once, under its mechanism,
//! with what each of them tells, while it goes on and after its end.

use super::world::{Lab, journal};
use super::*;
use crate::app::Now;
use crate::config::Config;
use crate::features::discovery::InventorySource;
use crate::features::rollouts::ListSource;
use crate::features::rollouts::comparing::metrics_query;
use crate::features::rollouts::find;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::wire::RolloutList;
use crate::features::{Payload, Query, Source, SourceCtx};
use std::sync::Arc;

/// A world of which it is known which rules divide.
async fn lab(scenario: &str) -> Lab {
    let mut lab = Lab::new(scenario).await;
    let (forwards, _) = InventorySource::forwarding(&lab.conn, None).await.unwrap();
    assert!(scenario.ends_with("lambda") || !forwards.is_empty());
    lab.query.forwards = Arc::new(forwards);
    lab
}

/// What shifts, by the names that people know, and by which mechanism; in flight and ended.
fn rows(list: &RolloutList) -> [Vec<String>; 2] {
    let row = |shift: &Rollout| format!("{} {}", shift.thing().short(), shift.mechanism.label());
    let mut rows: [Vec<String>; 2] =
        [list.shifts.iter().map(row).collect(), list.recent.iter().map(row).collect()];
    for rows in &mut rows {
        rows.sort();
    }
    rows
}

/// A read of the list every ten seconds, in which each row is checked.
async fn follow(lab: &Lab, source: &mut ListSource, reads: usize, check: impl Fn(&RolloutList, Now)) {
    for _ in 0..reads {
        lab.pass(10).await;
        let list = source.read(&lab.query, lab.now()).await.unwrap();
        check(&list, lab.now());
    }
}

async fn roll_back(lab: &Lab, list: &RolloutList, called: &str) {
    let shift = list.shifts.iter().find(|shift| shift.thing().short() == called).unwrap();
    let plan = lab.plan_of(shift).await;
    let result = lab.send(&plan, &journal(&format!("one row {called}"))).await;
    assert!(matches!(result, SendResult::Sent { .. }), "{result:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_stack_moves_is_one_row_with_what_the_load_balancer_knows() {
    let lab = lab("codedeploy-ecs").await;
    let list = lab.list().await;
    assert_eq!(rows(&list)[0], ["cart CodeDeploy ECS", "checkout CodeDeploy ECS"]);
    let cart = list.shifts.iter().find(|shift| shift.thing().short() == "cart").unwrap();
    assert_eq!(cart.owner, Owner::Stack("shop-cart".into()));
    let old = cart.old.as_ref().unwrap();
    assert_eq!((old.label().as_str(), cart.new.label().as_str()), ("rev 8", "rev 9"));
    for (side, weight) in [(old, 90.0), (&cart.new, 10.0)] {
        assert_eq!(side.health(), Health::Counted { healthy: 4, total: 4 }, "{side:?}");
        assert_eq!((side.weight, side.groups[0].rule_share), (Some(weight), Some(weight)));
        assert_eq!(side.tasks.map(|it| (it.requested, it.running)), Some((4, 4)));
    }
    assert!(metrics_query(cart, &Config::default()).is_ok(), "both sides can be compared");
    // The service answers to its own name, and is not at rest beside it.
    let place = TargetId::new("prod");
    let found = find::find("cart", [(&place, &list)].into_iter());
    assert_eq!(found, [(place.clone(), cart.name.clone())]);
    assert_eq!(find::to_undo(&list, &cart.name).unwrap().deployment, cart.deployment);
    assert_eq!(list.shift_of(&RolloutName::ecs("shop", "cart")).unwrap().name, cart.name);
    let plan = lab.plan_of(cart).await;
    let refusal = plan.refusals().next().unwrap();
    assert!(refusal.starts_with("CloudFormation stack shop-cart owns this split"), "{refusal}");
}

#[tokio::test(start_paused = true)]
async fn tasks_that_may_not_be_read_are_not_told_as_none() {
    let lab = lab("codedeploy-ecs").await;
    lab.faults(&["ecs:DescribeServices=deny"]);
    let list = lab.list().await;
    let cart = list.shifts.iter().find(|shift| shift.thing().full().contains("cart")).unwrap();
    assert_eq!(cart.new.weight, Some(10.0), "that is CodeDeploy's own");
    assert!(cart.old.iter().chain([&cart.new]).all(|side| side.tasks.is_none()), "{cart:?}");
    let facts = lab.plan_of(cart).await.from;
    assert_eq!((facts.weight, facts.running), (Some(10.0), None));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_rule_that_a_deployment_moved_is_the_deployments() {
    let lab = lab("codedeploy-ecs").await;
    let mut source = ListSource::new(&lab.conn);
    let list = source.read(&lab.query, lab.now()).await.unwrap();
    roll_back(&lab, &list, "checkout").await;
    follow(&lab, &mut source, 12, |list, now| {
        let all = rows(list).concat();
        assert!(all.iter().all(|row| row.ends_with("CodeDeploy ECS")), "{all:?} at {now:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_alias_that_a_deployment_moved_is_the_deployments() {
    let lab = lab("codedeploy-lambda").await;
    let mut source = ListSource::new(&lab.conn);
    let list = source.read(&lab.query, lab.now()).await.unwrap();
    roll_back(&lab, &list, "receipts").await;
    follow(&lab, &mut source, 12, |list, now| {
        let all = rows(list).concat();
        assert!(all.iter().all(|row| row.ends_with("CodeDeploy Lambda")), "{all:?} at {now:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_after_the_end_is_one_row_at_each_of_its_steps() {
    let lab = lab("found-late").await;
    let mut source = ListSource::new(&lab.conn);
    let list = source.read(&lab.query, lab.now()).await.unwrap();
    let ended = list.recent.iter().find(|shift| shift.thing().short() == "checkout").unwrap();
    let asked = find::to_undo(&list, &ended.name).unwrap();
    let plan = lab.plan_for_ref(&asked).await;
    let result = lab.send(&plan, &journal("one row again")).await;
    assert!(matches!(result, SendResult::Sent { .. }), "{result:?}");
    follow(&lab, &mut source, 100, |list, now| {
        let all = rows(list).concat();
        assert!(!all.iter().any(|row| row.contains("ALB")), "{all:?} at {now:?}");
        let shift = list.shifts.iter().find(|shift| shift.thing().short() == "checkout");
        let sides = shift.iter().flat_map(|shift| shift.old.iter().chain([&shift.new]));
        for side in sides.filter(|side| side.weight.is_some_and(|weight| weight > 0.0)) {
            assert!(!side.groups.is_empty(), "{side:?} at {now:?}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_does_not_wait_for_aliases_and_says_so() {
    let lab = lab("lambda-canary").await;
    let mut source = ListSource::new(&lab.conn);
    let mut lists = Vec::new();
    for _ in 0..2 {
        let ctx = SourceCtx { now: lab.now(), refreshes: 0 };
        let answer = source.poll(&Query::Rollouts(lab.query.clone()), &ctx).await.unwrap();
        let Payload::Rollouts(list) = answer else { panic!("{answer:?}") };
        lists.push((list, lab.calls("ListAliases")));
        lab.pass(1).await;
    }
    let [(first, before), (second, after)] = lists.as_slice() else { panic!("two answers") };
    assert_eq!((first.pending.as_slice(), *before), (["Lambda aliases".to_owned()].as_slice(), 0));
    assert!(first.shifts.iter().all(|shift| !matches!(shift.mechanism, Mechanism::Lambda(_))));
    assert!(second.pending.is_empty() && *after > 0);
    assert!(second.shifts.iter().any(|shift| matches!(shift.mechanism, Mechanism::Lambda(_))));
}

#[tokio::test(start_paused = true)]
async fn the_sides_of_a_deployment_that_was_stopped_are_those_of_the_alias() {
    let lab = lab("codedeploy-lambda").await;
    let mut source = ListSource::new(&lab.conn);
    let list = source.read(&lab.query, lab.now()).await.unwrap();
    roll_back(&lab, &list, "receipts").await;
    let mut standings = Vec::new();
    for _ in 0..12 {
        lab.pass(10).await;
        let list = source.read(&lab.query, lab.now()).await.unwrap();
        let mut all = list.shifts.iter().chain(list.recent.iter());
        let shift = all.find(|shift| shift.thing().short() == "receipts").unwrap();
        let alias = lab.named(shift.thing()).await;
        let weights = (shift.old.as_ref().unwrap().weight, shift.new.weight);
        assert_eq!(weights, (Some(100.0 - alias.new.weight.unwrap()), alias.new.weight), "{shift:?}");
        if shift.standing() != Standing::Open {
            assert_eq!(weights, (Some(100.0), Some(0.0)), "{shift:?}");
            let said = "CodeDeploy says 30 % on new; the alias does not";
            assert!(shift.troubles().iter().any(|text| text == said), "{:?}", shift.troubles());
            let compared = metrics_query(shift, &Config::default());
            assert_eq!(compared.is_ok(), shift.in_progress(), "the sides are still compared: {compared:?}");
        }
        standings.push(shift.standing());
    }
    assert!(standings.contains(&Standing::Returning), "{standings:?}");
    assert_eq!(standings.last(), Some(&Standing::Ended));
}

#[tokio::test(start_paused = true)]
async fn what_an_ended_deployment_moved_is_known_at_the_first_whole_read() {
    let lab = lab("codedeploy-ecs").await;
    let list = lab.list().await;
    roll_back(&lab, &list, "checkout").await;
    lab.pass(600).await;
    // As a command does, which reads once.
    let list = lab.list().await;
    assert_eq!(list.shift_of(&RolloutName::ecs("shop", "checkout")).map(Rollout::in_progress), Some(false));
    let refused = find::to_undo(&list, &RolloutName::ecs("shop", "checkout")).unwrap_err();
    assert!(refused.contains("taken back already"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn an_ended_deployment_that_cannot_be_read_costs_no_other_its_name() {
    let lab = lab("codedeploy-ecs").await;
    let list = lab.list().await;
    roll_back(&lab, &list, "checkout").await;
    lab.pass(3 * 3_600).await;
    let mut source = ListSource::new(&lab.conn);
    let mut named = async |faults: &[&str]| {
        lab.faults(faults);
        let list = source.read(&lab.query, lab.now()).await.unwrap();
        lab.pass(60).await;
        let names = list.recent.iter().map(|shift| shift.thing().full());
        (names.collect::<Vec<_>>(), lab.calls("ListDeploymentTargets"))
    };
    let own = "codedeploy/AppECS-shop-cart/DgpECS-shop-cart";
    let with = |cart: &str| [cart, "ecs/shop/checkout", "ecs/shop/orders"].map(str::to_owned).to_vec();
    let (names, calls) = named(&["codedeploy:ListDeploymentTargets=garbage*1"]).await;
    assert_eq!(names, with(own));
    // It is asked for again after a while, and not at every look.
    assert_eq!(named(&[]).await, (with(own), calls));
    for _ in 0..5 {
        named(&[]).await;
    }
    assert_eq!(named(&[]).await, (with("ecs/shop/cart"), calls + 1));
}
