//! Weights of target groups: found, read, planned, undone, and every way in which that goes wrong.

use super::world::{Lab, entries, journal};
use super::*;
use crate::config::Config;
use crate::features::discovery::InventorySource;
use crate::features::rollouts::comparing::{metrics_query, sides_query};
use crate::features::rollouts::find;
use crate::features::rollouts::journal::Step;
use crate::features::rollouts::mechanism::alb::{Split, group_name};
use crate::features::rollouts::plan::Verdict;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::verdict::{Against, Ruling};
use crate::features::rollouts::watch::{Ending, Watch};
use crate::features::rollouts::wire::{DetailQuery, RolloutsQuery};
use crate::features::rollouts::{DetailSource, ListSource};
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, ForwardActionConfig, TargetGroupTuple};
use std::sync::Arc;

/// The normal rule, and a default action.
pub const SEARCH: &str = "alb/shop-web/443/10";
const STOREFRONT: &str = "alb/shop-web/443/default";

/// A world in which these groups are told to be the stable ones.
pub async fn lab(stable: &[&str]) -> Lab {
    let mut lab = Lab::new("alb-weights").await;
    let (forwards, notes) = InventorySource::forwarding(&lab.conn, None).await.unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    let stable = stable.iter().map(|name| (*name).to_owned()).collect();
    lab.query =
        RolloutsQuery { forwards: Arc::new(forwards), stable: Arc::new(stable), ..RolloutsQuery::default() };
    lab
}

pub async fn shift(lab: &Lab, name: &str) -> Rollout {
    let shifts = lab.list().await.shifts;
    let found = shifts.iter().find(|shift| shift.name.full() == name);
    found.unwrap_or_else(|| panic!("{name} is not in {shifts:?}")).clone()
}

pub fn split(shift: &Rollout) -> &Split {
    let Mechanism::Alb(split) = &shift.mechanism else { panic!("not a split: {shift:?}") };
    split
}

pub fn weights(shift: &Rollout) -> Vec<u32> {
    split(shift).groups.iter().map(|(_, weight)| *weight).collect()
}

/// What somebody else does to a rule or listener: new weights, in the order of its groups. Without any it sends
/// everything to the first group, by its ARN alone.
pub async fn somebody_sets(lab: &Lab, shift: &Rollout, weights: &[u32]) {
    let split = split(shift);
    let tuples = split.groups.iter().zip(weights).map(|((arn, _), weight)| {
        TargetGroupTuple::builder().target_group_arn(arn).weight(i32::try_from(*weight).unwrap()).build()
    });
    let forward = Action::builder().r#type(ActionTypeEnum::Forward);
    let action = if weights.is_empty() {
        forward.target_group_arn(&split.groups[0].0).build()
    } else {
        let config = ForwardActionConfig::builder().set_target_groups(Some(tuples.collect())).build();
        forward.forward_config(config).build()
    };
    let client = lab.conn.elb();
    if split.default {
        client.modify_listener().listener_arn(&split.arn).default_actions(action).send().await.unwrap();
    } else {
        client.modify_rule().rule_arn(&split.arn).actions(action).send().await.unwrap();
    }
}

fn mutations(lab: &Lab) -> u64 {
    lab.calls("ModifyRule") + lab.calls("ModifyListener")
}

#[tokio::test(start_paused = true)]
async fn splits_are_found_with_their_owners_and_read_whole() {
    let lab = lab(&["search-blue"]).await;
    let listed = lab.calls("DescribeRules");
    let list = lab.list().await;
    let shifts: Vec<(String, &str, Vec<u32>)> =
        list.shifts.iter().map(|it| (it.name.full(), it.owner.label(), weights(it))).collect();
    let expected = [
        ("alb/shop-web/443/default", "nobody", vec![700, 300]),
        ("alb/shop-web/443/10", "nobody", vec![90, 10]),
        ("alb/shop-web/443/20", "nobody", vec![50, 50]),
        ("alb/shop-web/443/40", "CloudFormation", vec![50, 50]),
        ("alb/shop-web/443/50", "Kubernetes", vec![80, 20]),
    ];
    assert_eq!(shifts, expected.map(|(name, owner, weights)| (name.to_owned(), owner, weights)));
    assert_eq!(lab.calls("DescribeRules"), listed + 1, "all rules in one call");
    assert_eq!(lab.calls("DescribeListeners"), 1 + 1, "and the listener by its ARN");

    let search = &list.shifts[1];
    let old = search.old.as_ref().unwrap();
    assert_eq!((old.label().as_str(), old.weight), ("search-blue", Some(90.0)));
    assert_eq!((search.new.label().as_str(), search.share()), ("search-green", Some((10.0, false))));
    assert_eq!(old.health(), Health::Counted { healthy: 4, total: 4 });
    assert_eq!(
        (search.standing(), search.next_words(at(0)).as_str()),
        (Standing::Open, "stays until changed")
    );
    assert_eq!(search.stage_words(), "split 10 %");

    // Nobody said which of the others is the old one: none is called so.
    let account = &list.shifts[2];
    assert_eq!(
        (account.old.as_ref(), account.share(), account.stage_words().as_str()),
        (None, None, "split 50/50")
    );
    assert_eq!(split(account).sticky, Some(Duration::from_hours(1)));
    assert!(metrics_query(account, &Config::default()).unwrap_err().contains("stable_target_group"));
    // Its groups stand beside each other all the same when it is opened.
    let peers = sides_query(account, &Config::default()).unwrap();
    assert_eq!(peers.settings.against, Against::Peer);
    let query = DetailQuery { metrics: Some(Box::new(peers)), ..detail_query(&account.name) };
    let metrics = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap().metrics.unwrap();
    let (one, other) = (metrics.old.requests.unwrap(), metrics.new.requests.unwrap());
    assert!(one > 10_000.0 && (0.95..1.05).contains(&(one / other)), "{metrics:?}");
    assert!(!metrics.verdict.told() && metrics.verdict.minutes > 100, "{metrics:?}");

    // What both groups did, each by its own metrics.
    let asked = metrics_query(search, &Config::default()).unwrap();
    let query = DetailQuery { metrics: Some(Box::new(asked)), ..detail_query(&search.name) };
    let detail = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap();
    let metrics = detail.metrics.unwrap();
    let (old, new) = (metrics.old.failed_percent().unwrap(), metrics.new.failed_percent().unwrap());
    assert!(old < 0.5 && new > 5.0, "{metrics:?}");
    assert!(metrics.old.requests > metrics.new.requests.map(|it| it * 5.0), "{metrics:?}");
    assert_eq!(metrics.verdict.ruling, Ruling::Worse, "{metrics:?}");
}

#[tokio::test(start_paused = true)]
async fn the_plan_names_the_call_and_what_it_rests_on() {
    let lab = lab(&["search-blue", "storefront-blue"]).await;
    let search = shift(&lab, SEARCH).await;
    let plan = lab.plan_of(&search).await;
    assert!(!plan.refused(), "{:?}", plan.checks);
    assert_eq!(plan.call.operation(), "elasticloadbalancing:ModifyRule");
    let [blue, green] = [0, 1].map(|side| split(&search).groups[side].0.clone());
    let actions = format!(
        r#"[{{"Type":"forward","Order":1,"ForwardConfig":{{"TargetGroups":[{{"TargetGroupArn":"{blue}","Weight":100}},{{"TargetGroupArn":"{green}","Weight":0}}],"TargetGroupStickinessConfig":{{"Enabled":false}}}}}}]"#
    );
    assert_eq!(plan.call.params(), [("RuleArn", search.deployment.clone()), ("Actions", actions.clone())]);
    assert_eq!(
        plan.command().unwrap(),
        format!(
            "aws elbv2 modify-rule --rule-arn {} --actions '{actions}' --region eu-west-2",
            search.deployment
        )
    );
    assert_eq!(plan.guard.field("weights"), Some("search-blue 90, search-green 10"));
    assert_eq!(plan.guard.field("stable group"), Some("search-blue"));
    let texts: Vec<&str> = plan.checks.iter().map(|check| check.text.as_str()).collect();
    assert!(texts.contains(&"search-blue has 4 of 4 targets healthy"), "{texts:?}");
    assert!(plan.checks.iter().all(|check| check.verdict != Verdict::Refuse), "{texts:?}");

    // The default action is changed at its listener.
    let plan = lab.plan_of(&shift(&lab, STOREFRONT).await).await;
    assert_eq!(plan.call.operation(), "elasticloadbalancing:ModifyListener");
    assert_eq!(
        plan.call.params().iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["ListenerArn", "DefaultActions"]
    );
    let command = plan.command().unwrap();
    assert!(command.starts_with("aws elbv2 modify-listener --listener-arn "), "{command}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_or_not_told_is_refused_and_handed_over() {
    let lab = lab(&["catalog-blue", "cart-blue"]).await;
    for (name, text, command) in [
        (
            "alb/shop-web/443/40",
            "CloudFormation stack shop-catalog owns this split",
            "aws cloudformation describe-stack-resources --stack-name shop-catalog --region eu-west-2",
        ),
        (
            "alb/shop-web/443/50",
            "Kubernetes owns this split",
            "aws elbv2 describe-tags --resource-arns arn:aws:",
        ),
        (
            SEARCH,
            "which group is the old one is not known: give --to search-blue or search-green; or in the config",
            "eyewall rollback alb/shop-web/443/10 --to 'THE OLD ONE OF search-blue or search-green'",
        ),
    ] {
        let shift = shift(&lab, name).await;
        let plan = lab.plan_of(&shift).await;
        assert!(plan.refusals().any(|refusal| refusal.starts_with(text)), "{name}: {:?}", plan.checks);
        assert!(plan.command().unwrap().starts_with(command), "{:?}", plan.command());
        let result = lab.send(&plan, &journal("alb refused")).await;
        assert!(matches!(result, SendResult::Changed(_)), "{name}: {result:?}");
    }
    assert_eq!(mutations(&lab), 0);
    // Where it is ours the command says which sides there are.
    let search = shift(&lab, SEARCH).await;
    let why = find::undecided(&search).unwrap();
    assert!(
        why.contains("search-blue 90, search-green 10") && why.contains("--to search-blue or search-green"),
        "{why}"
    );
    assert_eq!(find::undecided(&shift(&lab, "alb/shop-web/443/50").await), None);
    assert_eq!(find::side("search-green", &search), Ok(()));
    assert_eq!(find::side(&split(&search).groups[0].0, &search), Ok(()));
    let sides = find::side("old", &search).unwrap_err();
    assert_eq!(sides, "the target groups are search-blue 90, search-green 10");
    // Told of both, it is told of none.
    let groups = ["search-blue", "search-green"].map(str::to_owned);
    assert_eq!(split(&search).stable_among(&groups), None);
}

#[tokio::test(start_paused = true)]
async fn a_side_that_may_not_take_the_traffic_is_warned_of() {
    let lab = lab(&["search-blue"]).await;
    let search = shift(&lab, SEARCH).await;
    // Health that cannot be read, and a small side that would have to take everything.
    lab.faults(&["elbv2:DescribeTargetHealth=throttle"]);
    let plan = lab.plan_of(&search).await;
    assert!(
        plan.checks.iter().any(|check| check.text.starts_with("health of search-blue unreadable")),
        "{plan:?}"
    );
    lab.faults(&[]);
    let mut lab = lab;
    lab.query.stable = Arc::new(vec!["search-green".to_owned()]);
    let plan = lab.plan_of(&search).await;
    let text = "each target of search-green will get 10.0 times its requests";
    assert!(plan.checks.iter().any(|it| it.text == text && it.verdict == Verdict::Warn), "{:?}", plan.checks);
}

/// Weights that somebody else writes, one after the other.
type Meanwhile = &'static [&'static [u32]];

#[tokio::test(start_paused = true)]
async fn each_course_ends_as_it_must_with_at_most_one_call() {
    // Name, faults (`Modify` stands for both operations), what somebody else does first, the answer, our calls.
    let cases: &[(&str, &[&str], Meanwhile, &str, u64)] = &[
        ("normal", &[], &[], "sent", 1),
        ("weights raised", &[], &[&[50, 50]], "changed", 0),
        ("promoted", &[], &[&[0, 100]], "changed", 0),
        ("undone already", &[], &[&[100, 0]], "changed", 0),
        ("one group alone", &[], &[&[]], "changed", 0),
        ("denied", &["elbv2:Modify=deny"], &[], "rejected", 1),
        ("expired", &["elbv2:Modify=expire"], &[], "rejected", 1),
        ("throttled", &["elbv2:Modify=throttle"], &[], "rejected", 1),
        ("unread", &["elbv2:Describe=garbage:502"], &[], "unread", 0),
        ("reading denied", &["elbv2:Describe=deny"], &[], "unread", 0),
        ("answer cut off", &["elbv2:Modify=cut:5"], &[], "lost", 1),
        ("answer not AWS's", &["elbv2:Modify=garbage"], &[], "lost", 1),
    ];
    for (full, stable, modify, describe) in [
        (SEARCH, "search-blue", "ModifyRule", "DescribeRules"),
        (STOREFRONT, "storefront-blue", "ModifyListener", "DescribeListeners"),
    ] {
        for (name, faults, meanwhile, answer, calls) in cases {
            let lab = lab(&[stable]).await;
            let before = shift(&lab, full).await;
            let plan = lab.plan_of(&before).await;
            for weights in *meanwhile {
                somebody_sets(&lab, &before, weights).await;
                lab.pass(1).await;
            }
            let faults: Vec<String> = faults
                .iter()
                .map(|fault| fault.replace("Modify", modify).replace("Describe=", &format!("{describe}=")))
                .collect();
            lab.faults(&faults.iter().map(String::as_str).collect::<Vec<_>>());
            let theirs = mutations(&lab);
            let mine = journal(&format!("{full} {name}").replace('/', " "));
            let result = lab.send(&plan, &mine).await;
            let got = match &result {
                SendResult::Sent { .. } => "sent",
                SendResult::Lost { .. } => "lost",
                SendResult::Rejected(_) => "rejected",
                SendResult::Changed(_) | SendResult::Beaten { .. } => "changed",
                SendResult::Unread(_) => "unread",
            };
            assert_eq!((got, mutations(&lab) - theirs), (*answer, *calls), "{full} {name}: {result:?}");
            assert_eq!(lab.calls(modify), mutations(&lab), "{full} {name}: only its own operation");
            assert!(matches!(entries(&mine)[0].step, Step::Sending { .. }), "{full} {name}");
            if let SendResult::Changed(newer) = &result {
                let changes = plan.diff(newer);
                assert!(changes.iter().any(|change| change.field == "weights"), "{full} {name}: {changes:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_other_actions_are_written_back_as_they_were() {
    let lab = lab(&["account-blue"]).await;
    let before = shift(&lab, "alb/shop-web/443/20").await;
    let actions = async || {
        let rules = lab.conn.elb().describe_rules().rule_arns(&before.deployment).send().await.unwrap();
        rules.rules()[0].clone()
    };
    let old = actions().await;
    let plan = lab.plan_of(&before).await;
    assert!(plan.call.params()[1].1.contains(r#""UseExistingClientSecret":true"#), "{:?}", plan.call);
    assert!(!plan.call.params()[1].1.contains("ClientSecret\":\""), "{:?}", plan.call);
    assert!(plan.checks.iter().any(|it| it.text.starts_with("sticky: clients keep")), "{:?}", plan.checks);
    assert!(plan.takes.contains("up to 1h"), "{}", plan.takes);
    let result = lab.send(&plan, &journal("alb login")).await;
    assert!(matches!(result, SendResult::Sent { .. }), "{result:?}");
    let new = actions().await;
    let [login, forward] = new.actions() else { panic!("{new:?}") };
    assert_eq!(login, &old.actions()[0], "the login is as it was");
    assert_eq!((login.order(), forward.order()), (Some(1), Some(2)));
    let config = forward.forward_config().unwrap();
    assert_eq!(
        config.target_group_stickiness_config(),
        old.actions()[1].forward_config().unwrap().target_group_stickiness_config()
    );
    let now: Vec<(&str, Option<i32>)> = config
        .target_groups()
        .iter()
        .map(|it| (group_name(it.target_group_arn().unwrap()), it.weight()))
        .collect();
    assert_eq!(now, [("account-blue", Some(100)), ("account-green", Some(0))]);
    assert_eq!((new.conditions(), new.priority()), (old.conditions(), old.priority()));
}

#[tokio::test(start_paused = true)]
async fn a_rollback_ends_as_the_list_says() {
    // Whether the answer was lost, what somebody does after it, and how it ends.
    let cases: &[(&[&str], Meanwhile, Ending, &str)] = &[
        (&[], &[], Ending::Done, "search-blue has all traffic again"),
        (&["elbv2:ModifyRule=cut:5"], &[], Ending::Done, "search-blue has all traffic again"),
        (&["elbv2:ModifyRule=garbage:502"], &[], Ending::Failed, "the call never arrived"),
        (
            &[],
            &[&[30, 70]],
            Ending::Superseded,
            "somebody changed it: weights are search-blue 30, search-green 70, not search-blue 100, search-green 0",
        ),
        (&[], &[&[90, 10]], Ending::Superseded, "somebody wrote the old weights again"),
        (
            &[],
            &[&[]],
            Ending::Superseded,
            "somebody changed it: weights are search-blue 1, not search-blue 100",
        ),
    ];
    for (faults, meanwhile, ending, why) in cases {
        let lab = lab(&["search-blue"]).await;
        let before = shift(&lab, SEARCH).await;
        let plan = lab.plan_of(&before).await;
        lab.faults(faults);
        let result = lab.send(&plan, &journal("alb end")).await;
        lab.faults(&[]);
        for weights in *meanwhile {
            somebody_sets(&lab, &before, weights).await;
        }
        let mut watch = Watch::begin(plan, &result).unwrap();
        let mut looks = 0;
        while !watch.settled() && looks < 30 {
            // A second after the call, then every five.
            lab.pass(if looks == 0 { 1 } else { 5 }).await;
            looks += 1;
            watch.read(&lab.shifts(&before, false).await.shifts[0], lab.now().wall);
        }
        let ended = watch.ended.as_ref().unwrap();
        assert!(ended.ending == *ending && ended.why.contains(why), "{ended:?}");
        assert!(*ending != Ending::Done || looks == 3, "after 1, 6 and 11 seconds, not {looks} looks");
    }
}

#[tokio::test(start_paused = true)]
async fn the_world_follows_the_weights() {
    let lab = lab(&["search-blue"]).await;
    let mut source = ListSource::new(&lab.conn);
    assert_eq!(source.read(&lab.query, lab.now()).await.unwrap().shifts.len(), 5);
    let before = shift(&lab, SEARCH).await;
    let plan = lab.plan_of(&before).await;
    assert!(matches!(lab.send(&plan, &journal("alb world")).await, SendResult::Sent { .. }));
    let after = lab.shifts(&before, false).await.shifts.remove(0);
    assert_eq!((after.standing(), weights(&after)), (Standing::Ended, vec![100, 0]));
    assert!(lab.plan_of(&before).await.refused(), "there is nothing left to undo");
    // It was seen to end, so it stays among those that did.
    lab.pass(10).await;
    let list = source.read(&lab.query, lab.now()).await.unwrap();
    assert_eq!((list.shifts.len(), list.recent.len()), (4, 1));
    let ended = &list.recent[0];
    assert_eq!((&ended.name, ended.finished_at), (&before.name, Some(ended.read_at)));
    // And the green group gets no request any more.
    lab.pass(180).await;
    let asked = metrics_query(&before, &Config::default()).unwrap();
    let query = DetailQuery { metrics: Some(Box::new(asked)), ..detail_query(&before.name) };
    let detail = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap();
    let compared = detail.metrics.unwrap().verdict;
    assert_eq!(compared.minutes, 10, "nine minutes and the one in which it went back: {compared:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_look_hides_no_split_that_was_seen() {
    let lab = lab(&[]).await;
    let mut source = ListSource::new(&lab.conn);
    assert_eq!(source.read(&lab.query, lab.now()).await.unwrap().shifts.len(), 5);
    lab.faults(&["elbv2:DescribeRules=throttle"]);
    lab.pass(10).await;
    let list = source.read(&lab.query, lab.now()).await.unwrap();
    assert_eq!(list.shifts.len(), 5);
    assert!(list.notes[0].starts_with("listener rules: throttled"), "{:?}", list.notes);
    lab.faults(&[]);
    // One that is gone does not take the others with it.
    let mut query = lab.query.clone();
    let gone = query.forwards[1].replace(|c: char| c.is_ascii_digit(), "0");
    query.forwards = Arc::new(query.forwards.iter().cloned().chain([gone]).collect());
    lab.pass(10).await;
    assert_eq!(source.read(&query, lab.now()).await.unwrap().shifts.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_ecs_is_its_deployments_and_never_written() {
    let mut lab = Lab::new("bad-deploy").await;
    let (forwards, _) = InventorySource::forwarding(&lab.conn, None).await.unwrap();
    assert!(!forwards.is_empty());
    lab.query.forwards = Arc::new(forwards);
    let list = lab.list().await;
    let names: Vec<String> = list.shifts.iter().map(|shift| shift.name.full()).collect();
    assert_eq!(names, ["ecs/shop/checkout"], "the split of its rule is not listed twice");
    // Asked for by its ARN it is ECS's.
    let checkout = list.shifts[0].new.groups[0].rule.clone().unwrap();
    let name = RolloutName::parse("alb/shop-web/443/10").unwrap();
    let rule = Rollout { name, deployment: checkout, ..list.shifts[0].clone() };
    lab.query.stable = Arc::new(vec!["checkout-blue".to_owned()]);
    let plan = lab.plan_of(&rule).await;
    let refusals: Vec<&str> = plan.refusals().collect();
    assert_eq!(
        refusals,
        ["ECS owns this split: roll back there", "ecs/shop/checkout names this rule or its groups"]
    );
    assert_eq!(plan.command().unwrap(), "eyewall rollback ecs/shop/checkout");
    assert_eq!(plan.instead_title(), "the owner's command");
    assert!(matches!(lab.send(&plan, &journal("alb ecs")).await, SendResult::Changed(_)));
    assert_eq!(mutations(&lab), 0);
}
