//! How a rollback of CodeDeploy's ended, read through the real clients while it happens: the deployment that takes
//! it back is ours, a stop may take its time, and done means that the alias or the load balancer says so.

use super::codedeploy_table::{KINDS, plan, shift, somebody_stops};
use super::lambda::somebody_sets;
use super::world::{Lab, journal};
use super::*;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::watch::{Ending, Watch};
use crate::features::rollouts::wire::ShiftRef;
use aws_sdk_codedeploy::types::{AppSpecContent, RevisionLocation, RevisionLocationType};

/// A rollback that was sent in this world, and its watch.
async fn sent(lab: &Lab, called: &str) -> (Plan, Watch) {
    let plan = Box::pin(plan(lab, called)).await;
    let result = Box::pin(lab.send(&plan, &journal("codedeploy ends"))).await;
    assert!(matches!(result, SendResult::Sent { .. }), "{result:?}");
    let watch = Watch::begin(plan.clone(), &result).unwrap();
    (plan, watch)
}

/// One that AWS took and has not begun to carry out.
fn taken(lab: &Lab, plan: &Plan) -> Watch {
    let result = SendResult::Sent { at: lab.now().wall, request_id: None, journal: journaled() };
    Watch::begin(plan.clone(), &result).unwrap()
}

/// Lets time pass and reads.
async fn read(lab: &Lab, plan: &Plan, watch: &mut Watch, seconds: u64) -> Rollout {
    lab.pass(seconds).await;
    let read = lab.reads_of(plan).await.shifts.remove(0);
    watch.read(&read, lab.now().wall);
    read
}

/// Reads on until it is known how it ended.
async fn ending(lab: &Lab, plan: &Plan, watch: &mut Watch) -> (Ending, String) {
    for _ in 0..40 {
        read(lab, plan, watch, 5).await;
        if watch.settled() {
            break;
        }
    }
    let ended = watch.ended.clone().expect("it ended");
    (ended.ending, ended.why)
}

#[tokio::test(start_paused = true)]
async fn the_deployment_that_takes_it_back_is_nobody_elses() {
    for (scenario, called) in KINDS {
        let lab = Lab::new(scenario).await;
        let (plan, mut watch) = sent(&lab, called).await;
        // It is stopped when it is described; what takes it back is made before the group is listed.
        lab.pass(3).await;
        lab.faults(&["codedeploy:BatchGetDeployments=delay:2s*1"]);
        let between = read(&lab, &plan, &mut watch, 0).await;
        assert_eq!((between.status.0.as_str(), between.superseded_by()), ("Stopped", None), "{scenario}");
        assert_eq!(between.standing(), Standing::Returning, "{scenario}");
        assert_eq!(watch.ended, None, "{scenario}");
        let (ended, why) = ending(&lab, &plan, &mut watch).await;
        assert_eq!(ended, Ending::Done, "{scenario}: {why}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_it_back_is_waited_for_from_the_stop_and_not_from_the_call() {
    for (scenario, called) in KINDS {
        let lab = Lab::new(scenario).await;
        let plan = plan(&lab, called).await;
        let mut watch = taken(&lab, &plan);
        read(&lab, &plan, &mut watch, 70).await;
        assert_eq!(watch.ended, None, "{scenario}");
        // CodeDeploy took more than a minute to stop it, and has not made the deployment that takes it back.
        somebody_stops(&lab, &plan.guard.deployment, true).await;
        let stopped = read(&lab, &plan, &mut watch, 3).await;
        assert_eq!((stopped.status.0.as_str(), stopped.standing()), ("Stopped", Standing::Ended));
        assert_eq!(watch.ended, None, "{scenario}");
        let (ended, why) = ending(&lab, &plan, &mut watch).await;
        assert_eq!(ended, Ending::Done, "{scenario}: {why}");
    }
    // Where nothing ever takes it back, that is said a minute after the stop.
    let lab = Lab::new("codedeploy-lambda").await;
    let plan = plan(&lab, "receipts").await;
    let mut watch = taken(&lab, &plan);
    lab.pass(70).await;
    somebody_stops(&lab, &plan.guard.deployment, false).await;
    read(&lab, &plan, &mut watch, 60).await;
    assert_eq!(watch.ended, None);
    let (ended, why) = ending(&lab, &plan, &mut watch).await;
    assert!(ended == Ending::Failed && why.ends_with("nothing takes it back: the split stays"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn one_that_never_began_has_moved_nothing() {
    let lab = Lab::new("codedeploy-lambda").await;
    let name = shift(&lab, "receipts").await.name;
    lab.pass(3 * 3600).await;
    let file = r#"{"Resources":[{"live":{"Properties":{"TargetVersion":"17"}}}]}"#;
    let revision = RevisionLocation::builder()
        .revision_type(RevisionLocationType::AppSpecContent)
        .app_spec_content(AppSpecContent::builder().content(file).build());
    let call = lab.conn.codedeploy().create_deployment().application_name("AppLambda-receipts");
    let made = call.deployment_group_name("receipts-live").revision(revision.build()).send().await.unwrap();
    let deployment = made.deployment_id().unwrap().to_owned();
    let plan = lab.plan_for_ref(&ShiftRef { name, deployment, again: None }).await;
    assert!(!plan.refused() && plan.takes == "seconds (it has not begun)", "{:?}", plan.checks);
    let mut watch = taken(&lab, &plan);
    somebody_stops(&lab, &plan.guard.deployment, false).await;
    let stopped = read(&lab, &plan, &mut watch, 5).await;
    assert_eq!((stopped.started_at, stopped.new.weight), (None, None));
    let (ended, why) = ending(&lab, &plan, &mut watch).await;
    assert_eq!((ended, why.as_str()), (Ending::Done, "Stopped before traffic moved: old has all of it"));
}

#[tokio::test(start_paused = true)]
async fn done_means_that_the_alias_has_no_weights_left() {
    let lab = Lab::new("codedeploy-lambda").await;
    let (plan, mut watch) = sent(&lab, "receipts").await;
    lab.faults(&["lambda:GetAlias=deny"]);
    let back = read(&lab, &plan, &mut watch, 40).await;
    assert!(back.mechanism.codedeploy().unwrap().went_back(), "{back:?}");
    assert_eq!(watch.ended, None, "the alias was not read");
    read(&lab, &plan, &mut watch, 60).await;
    let ended = watch.ended.clone().unwrap();
    assert_eq!(ended.ending, Ending::Unknown);
    assert!(ended.why.contains("the alias: denied: lambda:GetAlias"), "{}", ended.why);
    // It can be read again: somebody has set its weights by hand, and takes them out.
    lab.faults(&[]);
    somebody_sets(&lab, "17", &[("18", 0.3)]).await;
    let split = read(&lab, &plan, &mut watch, 5).await;
    assert_eq!(split.mechanism.codedeploy().unwrap().routed(), Some(30.0));
    assert!(!watch.settled(), "{watch:?}");
    somebody_sets(&lab, "17", &[]).await;
    let (ended, why) = ending(&lab, &plan, &mut watch).await;
    assert_eq!(ended, Ending::Done, "{why}");

    // The same when it is so from the beginning.
    let lab = Lab::new("codedeploy-lambda").await;
    let (plan, mut watch) = sent(&lab, "receipts").await;
    lab.pass(30).await;
    somebody_sets(&lab, "17", &[("18", 0.3)]).await;
    read(&lab, &plan, &mut watch, 5).await;
    assert_eq!(watch.ended, None);
    read(&lab, &plan, &mut watch, 70).await;
    let why = watch.ended.unwrap().why;
    assert!(why.ends_with("succeeded, but new still has 30 %"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn done_means_that_no_rule_sends_to_the_new_task_set() {
    let lab = Lab::new("codedeploy-ecs").await;
    let (plan, mut watch) = sent(&lab, "checkout").await;
    lab.faults(&["ecs:DescribeServices=deny"]);
    let back = read(&lab, &plan, &mut watch, 40).await;
    assert!(back.mechanism.codedeploy().unwrap().went_back(), "{back:?}");
    assert_eq!(watch.ended, None, "the task sets were not read");
    read(&lab, &plan, &mut watch, 60).await;
    let ended = watch.ended.clone().unwrap();
    assert_eq!(ended.ending, Ending::Unknown);
    assert!(ended.why.contains("task sets: denied: ecs:DescribeServices"), "{}", ended.why);
    lab.faults(&[]);
    let (ended, why) = ending(&lab, &plan, &mut watch).await;
    assert_eq!(ended, Ending::Done, "{why}");

    // The rules say it while the new tasks are still there.
    let lab = Lab::new("codedeploy-ecs").await;
    let (plan, mut watch) = sent(&lab, "checkout").await;
    let back = read(&lab, &plan, &mut watch, 22).await;
    let it = back.mechanism.codedeploy().unwrap();
    assert!(it.went_back() && !back.new.groups.is_empty(), "{back:?}");
    assert_eq!((it.routed(), watch.ended.unwrap().ending), (Some(0.0), Ending::Done));

    // Without the rules it is ECS that says it, once it has no such task set.
    let lab = Lab::new("codedeploy-ecs").await;
    let (plan, mut watch) = sent(&lab, "checkout").await;
    lab.faults(&["elasticloadbalancing:*=deny"]);
    let back = read(&lab, &plan, &mut watch, 22).await;
    assert_eq!((back.mechanism.codedeploy().unwrap().routed(), &watch.ended), (None, &None));
    let (ended, why) = ending(&lab, &plan, &mut watch).await;
    assert_eq!(ended, Ending::Done, "{why}");
}
