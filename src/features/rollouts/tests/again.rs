//! An earlier revision deployed again after a shift has ended, against the simulated AWS: planned, sent, followed,
//! and every way in which that goes wrong. Never more than one call of ours.

use super::world::{Lab, entries, journal};
use super::*;
use crate::features::rollouts::find;
use crate::features::rollouts::journal::{Step, unfinished};
use crate::features::rollouts::mechanism::ecs::Wanted;
use crate::features::rollouts::op::send;
use crate::features::rollouts::plan::Verdict;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::watch::{Ending, Watch};
use std::cell::Cell;

/// The scenario in which a bad release was found after its shift had ended.
pub async fn lab() -> Lab {
    Lab::new("found-late").await
}

impl Lab {
    /// The plan for a service whose shift has ended.
    pub async fn again(&self, service: &str, to: Option<&str>) -> Plan {
        let mut asked = find::to_undo(&self.list().await, &RolloutName::ecs("shop", service)).unwrap();
        let plan = self.plan_for_ref(&asked).await;
        let Some(to) = to else { return plan };
        asked.again = Some(find::earlier(to, plan.again.as_ref().unwrap()).unwrap());
        self.plan_for_ref(&asked).await
    }

    /// Somebody deploys this revision of checkout.
    pub async fn somebody_deploys(&self, definition: &str) {
        let request = self.conn.ecs().update_service().cluster("shop").service("checkout");
        request.task_definition(definition).send().await.unwrap();
    }

    async fn stop_current(&self) {
        let request = self.conn.ecs().describe_services().cluster("shop").services("checkout");
        let answer = request.send().await.unwrap();
        let arn = answer.services()[0].current_service_deployment().unwrap().to_owned();
        let request = self.conn.ecs().stop_service_deployment().service_deployment_arn(arn);
        request.stop_type("ROLLBACK".into()).send().await.unwrap();
    }

    /// Follows it until it is known how it ended.
    pub async fn follow_again(&self, plan: &Plan, result: &SendResult) -> Watch {
        let mut watch = Watch::begin(plan.clone(), result).unwrap();
        for _ in 0..200 {
            self.pass(20).await;
            watch.read(&self.reads_of(plan).await.shifts[0], self.now().wall);
            if watch.settled() {
                break;
            }
        }
        watch
    }
}

pub fn refusal(plan: &Plan) -> String {
    plan.refusals().collect::<Vec<_>>().join("; ")
}

pub fn says(plan: &Plan, verdict: Verdict, text: &str) -> bool {
    plan.checks.iter().any(|check| check.verdict == verdict && check.text.contains(text))
}

#[tokio::test(start_paused = true)]
async fn the_plan_is_a_new_deployment_of_the_revision_before() {
    let lab = lab().await;
    let plan = lab.again("checkout", None).await;
    assert!(!plan.refused(), "{:?}", plan.checks);
    let definition = "arn:aws:ecs:eu-west-2:111122223333:task-definition/web-checkout:41";
    let cluster = "arn:aws:ecs:eu-west-2:111122223333:cluster/shop";
    let params = [("cluster", cluster), ("service", "checkout"), ("taskDefinition", definition)];
    assert_eq!(plan.call.operation(), "ecs:UpdateService");
    assert_eq!(plan.call.params(), params.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(
        plan.command().unwrap(),
        format!(
            "aws ecs update-service --cluster {cluster} --service checkout --task-definition {definition} \
             --region eu-west-2"
        )
    );
    let to = plan.to.as_ref().unwrap();
    assert_eq!((plan.from.label.as_str(), to.label.as_str()), ("rev 42", "rev 41"));
    assert_eq!((plan.from.weight, plan.from.running), (Some(100.0), Some((4, 4))));
    assert_eq!((to.weight, to.running), (Some(0.0), None));
    let again = plan.again.as_ref().unwrap();
    assert_eq!(again.labels().as_deref(), Some("rev 41, rev 40"));
    assert_eq!(again.restores[0], "task definition web-checkout:41 (now web-checkout:42)");
    assert!(again.restores[1].starts_with("image web-checkout:") && again.restores[1].contains('@'));
    assert_eq!(again.lost, ["platform version 1.3.0 (stays 1.4.0)"]);
    let same = "network, load balancers, capacity provider, volumes, service connect (the same in both)";
    assert_eq!(again.keeps, [same, "desired count 4"]);
    assert!(plan.takes.starts_with("CANARY: 10m of waits (5m at 10 %, bake 5m)"), "{}", plan.takes);
    assert!(plan.takes.ends_with("the last deployment took 16m"), "{}", plan.takes);
    assert_eq!(plan.waits, minutes(10));
    for (field, value) in
        [("running task definition", "42"), ("its task definition", "41"), ("status", "ended")]
    {
        assert!(plan.guard.field(field).unwrap().ends_with(value), "{:?}", plan.guard);
    }
    assert!(says(&plan, Verdict::Pass, "web-checkout:41 is ACTIVE"));
    assert!(says(&plan, Verdict::Warn, "a pipeline deploys its own revision again"));

    // The one before that, by each of its names.
    for to in ["40", "rev 40", "web-checkout:40", &again.choices[1].definition, &again.choices[1].revision] {
        let plan = lab.again("checkout", Some(to)).await;
        assert_eq!(plan.to.as_ref().unwrap().label, "rev 40", "{to}");
        assert!(!plan.refused());
    }
    let said = find::earlier("43", again).unwrap_err();
    assert_eq!(said, "the shift has ended and rev 42 runs; it ran rev 41, rev 40 earlier");
    assert_eq!(find::earlier("old", again), Ok(Wanted::Before));
    assert_eq!(lab.calls("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_deployed_again_is_refused_with_the_reason() {
    let lab = lab().await;
    let plan = lab.again("search", None).await;
    assert!(
        refusal(&plan).starts_with("web-search:5 is INACTIVE: ECS deploys no service with it"),
        "{plan:?}"
    );
    let result = lab.send(&plan, &journal("inactive")).await;
    assert!(matches!(result, SendResult::Changed(_)), "{result:?}");

    // A first deployment, under way and when it has ended.
    let plan = lab.plan_for("wishes").await;
    assert_eq!(refusal(&plan), "a first deployment: there is nothing to go back to");
    lab.pass(3_600).await;
    let plan = lab.again("wishes", None).await;
    assert_eq!(refusal(&plan), "a first deployment: the service ran no earlier revision");
    assert_eq!((plan.to.clone(), plan.again.unwrap().choices), (None, Vec::new()));

    // Somebody's deployment goes on: that is what can be rolled back.
    let asked = find::to_undo(&lab.list().await, &RolloutName::ecs("shop", "checkout")).unwrap();
    lab.somebody_deploys("web-checkout:40").await;
    lab.pass(60).await;
    let plan = lab.plan_for_ref(&asked).await;
    assert!(
        refusal(&plan).starts_with("a deployment of web-checkout:40 is IN_PROGRESS: R offers"),
        "{plan:?}"
    );
    let offered = find::to_undo(&lab.list().await, &asked.name).unwrap();
    assert_eq!(offered.again, None, "the shift in flight is what is offered");
    assert_eq!(lab.calls("UpdateService"), 1, "somebody's");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_said_and_does_not_refuse() {
    let lab = lab().await;
    lab.faults(&["ecs:DescribeTaskDefinition=deny"]);
    let plan = lab.again("checkout", None).await;
    assert!(
        says(&plan, Verdict::Warn, "denied: ecs:DescribeTaskDefinition") && !plan.refused(),
        "{:?}",
        plan.checks
    );
    lab.faults(&["ecs:ListServiceDeployments=deny"]);
    let plan = lab.again("checkout", None).await;
    assert!(says(&plan, Verdict::Warn, "denied: ecs:ListServiceDeployments") && !plan.refused());
    assert_eq!(plan.again.unwrap().choices.len(), 1, "the last deployment tells what it replaced");
    lab.faults(&["ecs:DescribeServiceRevisions=deny"]);
    assert!(refusal(&lab.again("checkout", None).await).contains("no other revision"));
}

#[tokio::test(start_paused = true)]
async fn a_shift_is_cleaning_up_until_its_old_tasks_are_gone() {
    let lab = lab().await;
    let mut source = crate::features::rollouts::ListSource::new(&lab.conn);
    let query = crate::features::rollouts::RolloutsQuery::default();
    let mut words = Vec::new();
    for _ in 0..14 {
        let list = source.read(&query, lab.now()).await.unwrap();
        let orders = list.recent.iter().find(|shift| shift.name.short() == "orders").unwrap();
        assert_eq!((orders.status.0.as_str(), orders.in_progress()), ("SUCCESSFUL", false));
        words.push((orders.stage_words(), orders.cleaning_up()));
        lab.pass(60).await;
    }
    assert!(matches!(words[0], (ref words, Some(2..)) if words == "cleaning up"), "{words:?}");
    assert_eq!(words.last().unwrap(), &("SUCCESSFUL".to_owned(), None), "{words:?}");
    assert!(words.is_sorted_by_key(|(_, left)| std::cmp::Reverse(*left)), "{words:?}");
    let asked = lab.calls("DescribeServiceDeployments");
    source.read(&query, lab.now()).await.unwrap();
    // The first deployment of wishes is still going on; orders is over, and no longer asked for.
    assert!(lab.calls("DescribeServiceDeployments") <= asked + 1);
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_has_no_other_side() {
    let lab = lab().await;
    let list = lab.list().await;
    let wishes = list.shifts.iter().find(|shift| shift.name.short() == "wishes").unwrap();
    assert_eq!((&wishes.old, wishes.sources), (&None, 0));
    let query =
        crate::features::rollouts::comparing::metrics_query(wishes, &crate::config::Config::default());
    assert_eq!(query.unwrap_err(), "a first deployment has no old side");
    // AWS says the same to whoever asks it nevertheless.
    let request = lab.conn.ecs().stop_service_deployment().service_deployment_arn(&wishes.deployment);
    let error = request.stop_type("ROLLBACK".into()).send().await.unwrap_err();
    assert!(format!("{error:?}").contains("no source service revision"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_was_rolled_back_is_never_the_one_before() {
    let lab = lab().await;
    lab.somebody_deploys("web-checkout:40").await;
    lab.pass(400).await;
    lab.stop_current().await;
    lab.pass(120).await;
    let plan = lab.again("checkout", None).await;
    let labels = plan.again.as_ref().unwrap().labels();
    // 42 runs again, and 40 came to its end once, long ago.
    assert_eq!((plan.from.label.as_str(), labels.as_deref()), ("rev 42", Some("rev 41, rev 40")));
    assert!(says(&plan, Verdict::Warn, "ended ROLLBACK_SUCCESSFUL: rev 42 runs"), "{:?}", plan.checks);
}

#[tokio::test(start_paused = true)]
async fn from_the_plan_to_the_end_there_is_one_call() {
    let lab = lab().await;
    let plan = lab.again("checkout", None).await;
    let path = journal("again");
    let result = lab.send(&plan, &path).await;
    assert!(matches!(result, SendResult::Sent { request_id: Some(_), .. }), "{result:?}");
    let open = unfinished(entries(&path).iter());
    assert_eq!(open.len(), 1);
    let mut begun = Watch::begin(plan.clone(), &result).unwrap();
    lab.pass(420).await;
    begun.read(&lab.reads_of(&plan).await.shifts[0], lab.now().wall);
    let line = begun.line(&crate::text::Zone::utc());
    assert!(line.ends_with("IN_PROGRESS · rev 41 10 %"), "{line}");
    let watch = lab.follow_again(&plan, &result).await;
    let ended = watch.ended.clone().unwrap();
    assert_eq!(ended.ending, Ending::Done, "{ended:?}");
    assert!(ended.why.starts_with("web-checkout:41 is deployed again"), "{}", ended.why);
    assert!(
        ended.since.is_some_and(|since| since > watch.sent_at),
        "when it ended, not when the last one did"
    );
    assert_eq!((lab.calls("UpdateService"), lab.calls("StopServiceDeployment")), (1, 0));
    // A program that was killed after sending reads the same.
    let mut resumed = Watch::resume(&open[0]).unwrap();
    resumed.read(&lab.reads_of(&plan).await.shifts[0], lab.now().wall);
    assert_eq!(resumed.ended.unwrap().ending, Ending::Done);
    // What runs now could go forward again, and that is said.
    let plan = lab.again("checkout", None).await;
    assert!(says(&plan, Verdict::Warn, "rev 42 is newer than what runs"), "{:?}", plan.checks);
    let unasked = plan.again.unwrap().unasked.unwrap();
    assert_eq!(unasked, "the revision before is rev 42, which is newer than the one that runs");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_once_the_service_is_not_as_it_was() {
    for (definition, wait) in [("web-checkout:40", 5), ("web-checkout:41", 5), ("web-checkout:40", 7_200)] {
        let lab = lab().await;
        let plan = lab.again("checkout", None).await;
        lab.somebody_deploys(definition).await;
        lab.pass(wait).await;
        let path = journal("again-changed");
        let result = lab.send(&plan, &path).await;
        let SendResult::Changed(newer) = &result else { panic!("{definition} {wait}: {result:?}") };
        assert!(newer.refused() && !plan.diff(newer).is_empty(), "{definition} {wait}");
        assert_eq!(lab.calls("UpdateService"), 1, "somebody's");
        assert!(matches!(&entries(&path)[1].step, Step::Changed { .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_change_nothing_and_a_lost_answer_is_settled_by_reading() {
    for (fault, ending) in [
        ("deny", None),
        ("expire", None),
        ("throttle", None),
        ("cut:1", Some(Ending::Done)),
        ("garbage", Some(Ending::Failed)),
        ("garbage:502", Some(Ending::Failed)),
    ] {
        let lab = lab().await;
        let plan = lab.again("checkout", None).await;
        lab.faults(&[&format!("ecs:UpdateService={fault}")]);
        let result = lab.send(&plan, &journal("again-fault")).await;
        match ending {
            None => {
                assert!(matches!(result, SendResult::Rejected(_)), "{fault}: {result:?}");
                assert_eq!(lab.again("checkout", None).await.guard, plan.guard, "{fault}");
            }
            Some(ending) => {
                assert!(matches!(result, SendResult::Lost { .. }), "{fault}: {result:?}");
                let ended = lab.follow_again(&plan, &result).await.ended.unwrap();
                assert_eq!(ended.ending, ending, "{fault}: {}", ended.why);
            }
        }
        assert_eq!(lab.calls("UpdateService"), 1, "{fault}: never sent again");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deregistered_between_the_last_read_and_the_call_is_refused_by_aws() {
    // The nearest that the simulated AWS has: its task definition is inactive all the time, and was not read.
    let lab = lab().await;
    lab.faults(&["ecs:DescribeTaskDefinition=deny"]);
    let plan = lab.again("search", None).await;
    assert!(!plan.refused(), "{:?}", plan.checks);
    let result = lab.send(&plan, &journal("again-inactive")).await;
    let SendResult::Rejected(error) = &result else { panic!("{result:?}") };
    assert_eq!(error.code.as_deref(), Some("ClientException"));
    assert_eq!(lab.calls("UpdateService"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_others_do_afterwards_ends_it() {
    for (what, ending, why) in [
        ("another", Ending::Superseded, "somebody deployed web-checkout:40"),
        ("stopped", Ending::Failed, "ended ROLLBACK_SUCCESSFUL"),
        ("the same", Ending::Done, "web-checkout:41 is deployed again"),
    ] {
        let lab = lab().await;
        let plan = lab.again("checkout", None).await;
        let result = lab.send(&plan, &journal("again-after")).await;
        lab.pass(60).await;
        match what {
            "another" => lab.somebody_deploys("web-checkout:40").await,
            "stopped" => lab.stop_current().await,
            _ => {
                let request = lab.conn.ecs().update_service().cluster("shop").service("checkout");
                request.force_new_deployment(true).send().await.unwrap();
            }
        }
        let ended = lab.follow_again(&plan, &result).await.ended.unwrap();
        assert_eq!(ended.ending, ending, "{what}: {}", ended.why);
        assert!(ended.why.contains(why), "{what}: {}", ended.why);
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_in_the_gap_is_seen_by_the_watch() {
    let lab = lab().await;
    let plan = lab.again("checkout", None).await;
    let looks = Cell::new(0);
    // The clock is looked at when the sending begins, and once more right before the call.
    let clock = || {
        looks.set(looks.get() + 1);
        lab.now().wall
    };
    let result = send(&plan, &lab.conn, &journal("again-gap"), clock).await;
    assert!(matches!(result, SendResult::Sent { .. }) && looks.get() >= 2, "{result:?}");
    // AWS compares nothing: what somebody deploys a moment later takes the service on.
    lab.somebody_deploys("web-checkout:40").await;
    let ended = lab.follow_again(&plan, &result).await.ended.unwrap();
    assert_eq!(ended.ending, Ending::Superseded, "{}", ended.why);
}

#[tokio::test(start_paused = true)]
async fn it_is_overdue_only_after_its_own_waits() {
    let lab = lab().await;
    let plan = lab.again("checkout", None).await;
    let sent = SendResult::Sent { at: lab.now().wall, request_id: None, journal: journaled() };
    let mut watch = Watch::begin(plan.clone(), &sent).unwrap();
    let read = lab.reads_of(&plan).await.shifts.remove(0);
    let late = |minutes| lab.now().wall + SignedDuration::from_mins(minutes);
    assert!(!watch.read(&read, late(69)), "60 minutes, and 10 of steps and bake time");
    assert!(watch.seen.is_none(), "the last deployment's status is not this one's");
    assert!(watch.read(&read, late(71)));
    assert_eq!(watch.ended.unwrap().ending, Ending::Unknown);
    assert_eq!(lab.calls("UpdateService"), 0);
}
