//! Weights of Lambda aliases: found, read, planned, undone, and every way in which that goes wrong.

use super::world::{Lab, entries, journal};
use super::*;
use crate::config::Config;
use crate::features::rollouts::comparing::metrics_query;
use crate::features::rollouts::journal::Step;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::verdict::Ruling;
use crate::features::rollouts::watch::{Ending, Watch};
use crate::features::rollouts::wire::{DetailQuery, RolloutList, RolloutsQuery};
use crate::features::rollouts::{DetailSource, ListSource};
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use std::collections::HashMap;

async fn lab() -> Lab {
    Lab::new("lambda-canary").await
}

async fn shift(lab: &Lab, function: &str) -> Rollout {
    let shifts = lab.list().await.shifts;
    let found = shifts.iter().find(|shift| shift.name.short() == function);
    found.unwrap_or_else(|| panic!("{function} is not in {shifts:?}")).clone()
}

/// What somebody else does to the alias of receipts.
pub async fn somebody_sets(lab: &Lab, version: &str, weights: &[(&str, f64)]) {
    let weights: HashMap<String, f64> =
        weights.iter().map(|(version, share)| ((*version).to_owned(), *share)).collect();
    let routing = AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build();
    let request = lab.conn.lambda().update_alias().function_name("receipts").name("live");
    request.function_version(version).routing_config(routing).send().await.unwrap();
}

pub fn alias(shift: &Rollout) -> &crate::features::rollouts::mechanism::lambda::Alias {
    match &shift.mechanism {
        Mechanism::Lambda(alias) => alias,
        other => panic!("not an alias: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn aliases_that_divide_are_found_and_read_whole() {
    let lab = lab().await;
    let list = lab.list().await;
    let names: Vec<String> = list.shifts.iter().map(|shift| shift.name.full()).collect();
    // What CodeDeploy moves is CodeDeploy's row.
    let invoices = "codedeploy/AppLambda-invoices/invoices-live";
    assert_eq!(names, ["lambda/mailer:prod", "lambda/receipts:live", invoices]);
    assert_eq!(lab.calls("ListFunctions"), 0, "functions are not swept");
    let receipts = &list.shifts[1];
    assert_eq!(receipts.share(), Some((20.0, false)));
    let old = receipts.old.as_ref().unwrap();
    assert_eq!((old.label().as_str(), old.weight), ("version 17", Some(80.0)));
    assert_eq!(receipts.new.label(), "version 18");
    assert!(receipts.new.published > old.published && old.published.is_some());
    assert_eq!((receipts.owner.label(), receipts.standing()), ("nobody", Standing::Open));
    assert_eq!(receipts.next_words(at(0)), "stays until changed");
    assert_eq!(list.shifts[0].owner, Owner::Stack("shop-mailer".into()));

    // What both versions did, which Lambda counts by executed version.
    let asked = metrics_query(receipts, &Config::default()).unwrap();
    let query = DetailQuery { metrics: Some(Box::new(asked)), ..detail_query(&receipts.name) };
    let detail = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap();
    let metrics = detail.metrics.unwrap();
    let (old, new) = (metrics.old.failed_percent().unwrap(), metrics.new.failed_percent().unwrap());
    assert!(old < 1.0 && new > 4.0, "{metrics:?}");
    assert!(metrics.old.requests > metrics.new.requests, "{metrics:?}");
    assert_eq!(metrics.verdict.ruling, Ruling::Worse, "{metrics:?}");
    assert!(metrics.new.p99.is_some_and(|seconds| (0.5..10.0).contains(&seconds)), "{metrics:?}");
}

#[tokio::test(start_paused = true)]
async fn the_plan_names_the_call_and_what_it_rests_on() {
    let lab = lab().await;
    let plan = lab.plan_of(&shift(&lab, "receipts").await).await;
    assert!(!plan.refused(), "{:?}", plan.checks);
    let revision = plan.guard.field("revision id").unwrap().to_owned();
    assert_eq!(plan.call.operation(), "lambda:UpdateAlias");
    let function = "arn:aws:lambda:eu-west-2:111122223333:function:receipts";
    let params = [
        ("FunctionName", function),
        ("Name", "live"),
        ("FunctionVersion", "17"),
        ("RoutingConfig", r#"{"AdditionalVersionWeights":{}}"#),
        ("RevisionId", &revision),
    ];
    assert_eq!(plan.call.params(), params.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(
        plan.command().unwrap(),
        format!(
            "aws lambda update-alias --function-name {function} --name live --function-version 17 \
             --routing-config 'AdditionalVersionWeights={{}}' --revision-id {revision} --region eu-west-2"
        )
    );
    assert_eq!(plan.guard.field("weights"), Some("version 18 20 %"));
    // What somebody else owns is refused, and a command for him handed over; of a stack one that only looks.
    for (alias, text, command) in [
        (
            "lambda/invoices:live",
            "CodeDeploy deployment d-4QW8Z1KXM owns",
            "aws deploy stop-deployment --deployment-id d-4QW8Z1KXM --auto-rollback-enabled --region eu-west-2",
        ),
        (
            "lambda/mailer:prod",
            "CloudFormation stack shop-mailer owns",
            "aws cloudformation describe-stack-resources --stack-name shop-mailer --region eu-west-2",
        ),
    ] {
        let plan = lab.plan_of(&lab.named(&RolloutName::parse(alias).unwrap()).await).await;
        assert!(plan.refusals().any(|refusal| refusal.starts_with(text)), "{:?}", plan.checks);
        assert_eq!(plan.command().unwrap(), command);
        let result = lab.send(&plan, &journal("not ours")).await;
        assert!(matches!(result, SendResult::Changed(_)), "{result:?}");
    }
    assert_eq!(lab.calls("UpdateAlias"), 0);
}

/// What the world does between the plan and the send.
type Meanwhile = &'static [(&'static str, &'static [(&'static str, f64)])];

#[tokio::test(start_paused = true)]
async fn each_course_ends_as_it_must_with_at_most_one_call() {
    // Name, faults, what somebody else does first, the answer, the calls sent.
    let cases: &[(&str, &[&str], Meanwhile, &str, u64)] = &[
        ("normal", &[], &[], "sent", 1),
        ("weights raised", &[], &[("17", &[("18", 0.5)])], "changed", 0),
        ("promoted", &[], &[("18", &[])], "changed", 0),
        ("undone already", &[], &[("17", &[])], "changed", 0),
        ("another version", &[], &[("17", &[("16", 0.2)])], "changed", 0),
        ("there and back", &[], &[("17", &[("18", 0.5)]), ("17", &[("18", 0.2)])], "changed", 0),
        ("denied", &["lambda:UpdateAlias=deny"], &[], "rejected", 1),
        ("expired", &["lambda:UpdateAlias=expire"], &[], "rejected", 1),
        ("throttled", &["lambda:UpdateAlias=throttle"], &[], "rejected", 1),
        ("another update is under way", &["lambda:UpdateAlias=conflict"], &[], "rejected", 1),
        ("unread", &["lambda:GetAlias=garbage:502"], &[], "unread", 0),
        ("answer cut off", &["lambda:UpdateAlias=cut:5"], &[], "lost", 1),
        ("answer not AWS's", &["lambda:UpdateAlias=garbage"], &[], "lost", 1),
    ];
    for (name, faults, meanwhile, answer, calls) in cases {
        let lab = lab().await;
        let plan = lab.plan_of(&shift(&lab, "receipts").await).await;
        for (version, weights) in *meanwhile {
            somebody_sets(&lab, version, weights).await;
            lab.pass(1).await;
        }
        lab.faults(faults);
        let before = lab.calls("UpdateAlias");
        let mine = journal(&format!("lambda {name}"));
        let result = lab.send(&plan, &mine).await;
        let got = match &result {
            SendResult::Sent { .. } => "sent",
            SendResult::Lost { .. } => "lost",
            SendResult::Rejected(_) => "rejected",
            SendResult::Changed(_) => "changed",
            SendResult::Beaten { .. } => "beaten",
            SendResult::Unread(_) => "unread",
        };
        assert_eq!((got, lab.calls("UpdateAlias") - before), (*answer, *calls), "{name}: {result:?}");
        assert!(matches!(entries(&mine)[0].step, Step::Sending { .. }), "{name}");
        if let SendResult::Changed(newer) = &result {
            let changes = plan.diff(newer);
            assert!(changes.iter().any(|change| change.field == "revision id"), "{name}: {changes:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn aws_itself_refuses_when_somebody_is_faster_than_the_last_read() {
    let lab = lab().await;
    let plan = lab.plan_of(&shift(&lab, "receipts").await).await;
    // The last read is over, and who calls is still being asked, when somebody raises the weights.
    lab.faults(&["sts:GetCallerIdentity=delay:4s"]);
    let path = journal("lambda gap");
    let (result, ()) = tokio::join!(lab.send(&plan, &path), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        somebody_sets(&lab, "17", &[("18", 0.5)]).await;
    });
    let SendResult::Beaten { newer, error } = &result else { panic!("{result:?}") };
    let changes = plan.diff(newer);
    let steps = entries(&path);
    let Step::Changed { request_id, .. } = &steps[1].step else { panic!("{steps:?}") };
    assert!(request_id.is_some() && *request_id == error.request_id, "the request that AWS refused is kept");
    let weights = changes.iter().find(|change| change.field == "weights").unwrap();
    assert_eq!(weights.to_string(), "weights was version 18 20 %, is version 18 50 %");
    assert_eq!(lab.calls("UpdateAlias"), 2, "one of somebody's, one that AWS refused");
    assert_eq!(shift(&lab, "receipts").await.new.weight, Some(50.0), "nothing was undone");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_ends_as_the_alias_says() {
    // Whether the answer was lost, what somebody does after it, and how it ends.
    let cases: &[(&[&str], Meanwhile, Ending, &str)] = &[
        (&[], &[], Ending::Done, "version 17 has all invocations again"),
        (&["lambda:UpdateAlias=cut:5"], &[], Ending::Done, "version 17 has all invocations again"),
        (&[], &[("17", &[("18", 0.3)])], Ending::Superseded, "weights version 18 30 %"),
        (&[], &[("18", &[])], Ending::Superseded, "somebody changed the alias: version 18, weights none"),
    ];
    for (faults, meanwhile, ending, why) in cases {
        let lab = lab().await;
        let before = shift(&lab, "receipts").await;
        let plan = lab.plan_of(&before).await;
        lab.faults(faults);
        let result = lab.send(&plan, &journal("lambda end")).await;
        lab.faults(&[]);
        for (version, weights) in *meanwhile {
            somebody_sets(&lab, version, weights).await;
        }
        let mut watch = Watch::begin(plan, &result).unwrap();
        lab.pass(5).await;
        watch.read(&lab.shifts(&before, false).await.shifts[0], lab.now().wall);
        let ended = watch.ended.as_ref().unwrap();
        assert!(ended.ending == *ending && ended.why.contains(why), "{ended:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_arrived_is_not_sent_again() {
    let lab = lab().await;
    let before = shift(&lab, "receipts").await;
    let plan = lab.plan_of(&before).await;
    let lost = SendResult::Lost { at: at(0), error: error(ErrorClass::Network), journal: journaled() };
    let mut watch = Watch::begin(plan, &lost).unwrap();
    for seconds in [30, 59] {
        assert!(!watch.read(&before, at(seconds)), "it may still be on its way");
    }
    assert!(watch.read(&before, at(61)));
    let ended = watch.ended.unwrap();
    assert_eq!((ended.ending, ended.why.contains("never arrived")), (Ending::Failed, true));
    assert_eq!(lab.calls("UpdateAlias"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_world_follows_the_alias() {
    let lab = lab().await;
    let before = shift(&lab, "receipts").await;
    let plan = lab.plan_of(&before).await;
    assert!(matches!(lab.send(&plan, &journal("lambda world")).await, SendResult::Sent { .. }));
    let after = lab.shifts(&before, false).await.shifts.remove(0);
    assert_eq!((after.standing(), after.new.weight), (Standing::Ended, Some(0.0)));
    assert!(lab.list().await.shifts.iter().all(|shift| shift.name != before.name));
    assert!(lab.plan_of(&before).await.refused(), "there is nothing left to undo");
}

#[tokio::test(start_paused = true)]
async fn a_split_that_was_seen_to_end_stays_in_the_list() {
    let lab = lab().await;
    let mut source = ListSource::new(&lab.conn);
    let query = RolloutsQuery::default();
    assert_eq!(source.read(&query, lab.now()).await.unwrap().recent.len(), 0);
    somebody_sets(&lab, "17", &[]).await;
    lab.pass(5).await;
    let list = source.read(&query, lab.now()).await.unwrap();
    assert_eq!((list.shifts.len(), list.recent.len()), (2, 1));
    assert_eq!((list.recent[0].name.short(), list.recent[0].finished_at), ("receipts", Some(lab.now().wall)));
    // The alias names one version only by now; the page still says which other one had a share.
    let sides = |shift: &Rollout| {
        let old = shift.old.as_ref().unwrap();
        (old.label(), old.weight, shift.new.label(), shift.new.weight)
    };
    let want = ("version 17".to_owned(), Some(100.0), "version 18".to_owned(), Some(0.0));
    assert_eq!(sides(&list.recent[0]), want);
}

#[tokio::test(start_paused = true)]
async fn a_failed_look_hides_no_split_that_was_seen() {
    let aliases = |list: &RolloutList| {
        let all = list.shifts.clone().into_iter();
        all.filter(|shift| matches!(shift.mechanism, Mechanism::Lambda(_)))
    };
    let lab = lab().await;
    let mut source = ListSource::new(&lab.conn);
    let query = RolloutsQuery::default();
    assert_eq!(source.read(&query, lab.now()).await.unwrap().shifts.len(), 3);
    for (fault, notes) in [("lambda:ListAliases=throttle", 3), ("lambda:ListAliases=deny", 1)] {
        lab.faults(&[fault]);
        lab.pass(5).await;
        let list = source.read(&query, lab.now()).await.unwrap();
        assert_eq!((list.shifts.len(), list.notes.len()), (3, notes), "{fault}: {:?}", list.notes);
        assert!(aliases(&list).all(|shift| shift.read_at < lab.now().wall), "as they were seen last");
    }
    lab.faults(&[]);
    lab.pass(5).await;
    let list = source.read(&query, lab.now()).await.unwrap();
    assert!(aliases(&list).all(|shift| shift.read_at == lab.now().wall));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_of_lambda_does_not_hide_the_rest() {
    let lab = lab().await;
    lab.faults(&["cloudwatch:ListMetrics=deny"]);
    let list = lab.list().await;
    assert_eq!(list.notes, ["Lambda aliases: denied: cloudwatch:ListMetrics"]);
    let codedeploys = list.shifts.iter().filter(|shift| shift.mechanism.codedeploy().is_some()).count();
    assert!(!list.services.is_empty() && list.shifts.len() == codedeploys);
    lab.faults(&["lambda:ListAliases=deny"]);
    assert_eq!(lab.list().await.notes, ["aliases of invoices: denied: lambda:ListAliases"]);
}
