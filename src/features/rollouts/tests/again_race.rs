//! What others do to a service around `UpdateService`, for which AWS compares nothing: before the last look nothing
//! is sent, after it what was replaced is named. And services that were deployed very often.

use super::again::{lab, refusal, says};
use super::world::{Lab, journal};
use super::*;
use crate::aws::TargetSpec;
use crate::demo::world::Scenario;
use crate::features::rollouts::plan::Verdict;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::watch::Ending;
use std::fmt::Write;

/// What somebody deploys: a revision, or once more what runs.
async fn somebody(lab: &Lab, definition: Option<&str>) {
    let request = lab.conn.ecs().update_service().cluster("shop").service("checkout");
    let request = request.set_task_definition(definition.map(str::to_owned));
    request.force_new_deployment(definition.is_none()).send().await.unwrap();
}

/// Sends, and does something after so many seconds of it.
async fn sent_while(lab: &Lab, plan: &Plan, seconds: u64, meanwhile: impl AsyncFnOnce(&Lab)) -> SendResult {
    let path = journal("again-race");
    let (result, ()) = tokio::join!(lab.send(plan, &path), async {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        meanwhile(lab).await;
    });
    lab.faults(&[]);
    result
}

#[tokio::test(start_paused = true)]
async fn what_somebody_deploys_between_the_reads_and_the_call_is_seen_and_nothing_is_sent() {
    for definition in [Some("web-checkout:40"), Some("web-checkout:41"), None] {
        let lab = lab().await;
        let plan = lab.again("checkout", None).await;
        // The service is read; who calls is asked after that, and takes its time.
        lab.faults(&["sts:GetCallerIdentity=delay:4s"]);
        let result = sent_while(&lab, &plan, 2, async |lab| somebody(lab, definition).await).await;
        let SendResult::Changed(newer) = &result else { panic!("{definition:?}: {result:?}") };
        assert!(newer.refused(), "{definition:?}: {:?}", newer.checks);
        let changes = plan.diff(newer);
        assert!(changes.iter().any(|change| change.field == "current deployment"), "{changes:?}");
        assert_eq!(lab.calls("UpdateService"), 1, "{definition:?}: somebody's");
    }
    // A look that fails sends nothing either.
    let lab = lab().await;
    let plan = lab.again("checkout", None).await;
    lab.faults(&["sts:GetCallerIdentity=delay:4s"]);
    let result =
        sent_while(&lab, &plan, 2, async |lab| lab.faults(&["ecs:DescribeServices=garbage:502"])).await;
    assert!(matches!(result, SendResult::Unread(_)), "{result:?}");
    assert_eq!(lab.calls("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_deployed_after_the_last_look_is_named_as_what_it_replaced() {
    for (definition, replaced) in [(Some("web-checkout:40"), "web-checkout:40"), (None, "web-checkout:42")] {
        let lab = lab().await;
        let plan = lab.again("checkout", None).await;
        // Each of the two last reads of the service takes four seconds from AWS's look at it to its answer.
        lab.faults(&["ecs:DescribeServices=delay:4s"]);
        let result = sent_while(&lab, &plan, 6, async |lab| somebody(lab, definition).await).await;
        assert!(matches!(result, SendResult::Sent { .. }), "{result:?}");
        assert_eq!(lab.calls("UpdateService"), 2, "somebody's and ours");
        let ended = lab.follow_again(&plan, &result).await.ended.unwrap();
        assert_eq!(ended.ending, Ending::Done, "{}", ended.why);
        let words = format!("; it replaced what somebody deployed since the plan: {replaced} (deployment ");
        assert!(ended.why.contains(&words), "{}", ended.why);
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_revision_is_found_behind_many_deployments_of_one() {
    let lab = lab().await;
    for _ in 0..25 {
        somebody(&lab, None).await;
        lab.pass(1_200).await;
    }
    let plan = lab.again("checkout", None).await;
    assert!(!plan.refused(), "{:?}", plan.checks);
    assert_eq!(plan.again.unwrap().labels().as_deref(), Some("rev 41, rev 40"));
    assert_eq!(plan.to.unwrap().label, "rev 41");
}

#[tokio::test(start_paused = true)]
async fn a_bound_on_what_is_looked_at_is_told() {
    for (deployments, labels) in [(150, Some("rev 41, rev 40")), (310, None)] {
        let mut text = include_str!("../../../demo/scenarios/found-late.toml").to_owned();
        for number in 0..deployments {
            let started = -4_000 + 10 * number;
            let _ = write!(
                text,
                "\n[[deployment]]\nservice = \"checkout\"\nstarted = \"{started}m\"\nstrategy = \"ROLLING\"\n\
                 step_minutes = 1\nrevision = 42\n"
            );
        }
        let lab = Lab::of(Scenario::parse(&text, "often").unwrap(), TargetSpec::named("prod")).await;
        let plan = lab.again("checkout", None).await;
        let bound = "not all earlier deployments could be read: only the newest 300 were looked at";
        assert_eq!(says(&plan, Verdict::Warn, bound), labels.is_none(), "{deployments}: {:?}", plan.checks);
        match labels {
            Some(labels) => assert_eq!(plan.again.unwrap().labels().as_deref(), Some(labels)),
            None => assert!(refusal(&plan).contains("no other revision"), "{:?}", plan.checks),
        }
    }
}
