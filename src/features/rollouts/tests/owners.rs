//! Whose weights are, where that is not told or told only in part: what is refused, what a person is warned of, and
//! what it costs to find out.

use super::alb::{self, SEARCH};
use super::world::{Lab, journal};
use super::*;
use crate::app::Effect;
use crate::aws::TargetSpec;
use crate::demo::world::Scenario;
use crate::features::rollouts::plan::Verdict;
use crate::features::rollouts::rollback::SendResult;
use std::fmt::Write;

/// The alias of receipts is divided by hand, and more goes on beside it.
async fn aliases(more: &str) -> Lab {
    let shipped = include_str!("../../../demo/scenarios/lambda-canary.toml");
    let scenario = Scenario::parse(&format!("{shipped}\n{more}"), "more").unwrap();
    Lab::of(scenario, TargetSpec::named("prod")).await
}

fn receipts() -> RolloutName {
    RolloutName::parse("lambda/receipts:live").unwrap()
}

async fn plan(lab: &Lab, name: &str) -> Plan {
    lab.plan_of(&lab.named(&RolloutName::parse(name).unwrap()).await).await
}

fn of(plan: &Plan, verdict: Verdict) -> Vec<&str> {
    plan.checks.iter().filter(|it| it.verdict == verdict).map(|it| it.text.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_may_not_be_read_is_warned_of() {
    let lab = aliases("").await;
    lab.faults(&["codedeploy:*=deny"]);
    let asked = plan(&lab, "lambda/receipts:live").await;
    let text = "whether anybody owns the weights is not known (denied: codedeploy:ListDeployments): an owner would \
                set them again";
    assert!(of(&asked, Verdict::Warn).contains(&text), "{:?}", asked.checks);
    assert_eq!((asked.refused(), asked.owner.as_str()), (false, "not known"));
    assert!(matches!(lab.send(&asked, &journal("owner denied")).await, SendResult::Sent { .. }));
    // A stack that the tags tell of is the owner all the same.
    assert_eq!(
        lab.named(&RolloutName::parse("lambda/mailer:prod").unwrap()).await.owner.label(),
        "CloudFormation"
    );

    let lab = alb::lab(&["search-blue"]).await;
    let search = alb::shift(&lab, SEARCH).await;
    for (fault, action) in [
        ("elbv2:DescribeTags=deny", "elasticloadbalancing:DescribeTags"),
        ("ecs:ListClusters=deny", "ecs:ListClusters"),
        ("ecs:ListServices=deny", "ecs:ListServices"),
    ] {
        lab.faults(&[fault]);
        let plan = lab.plan_of(&search).await;
        let warned = of(&plan, Verdict::Warn);
        assert!(
            warned.iter().any(|text| text.contains(&format!("denied: {action})"))),
            "{fault}: {warned:?}"
        );
        assert!(!plan.refused(), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_could_not_be_read_is_refused_until_it_can() {
    let start = "whether anybody owns the weights is not known (";
    for faults in [
        &["codedeploy:ListDeployments=throttle"][..],
        &["codedeploy:BatchGetDeployments=garbage"],
        &["codedeploy:ListDeploymentTargets=garbage:502"],
        &["codedeploy:BatchGetDeploymentTargets=throttle"],
        &["lambda:ListTags=throttle"],
        &["codedeploy:*=deny", "lambda:ListTags=garbage"],
    ] {
        let lab = aliases("").await;
        let good = plan(&lab, "lambda/receipts:live").await;
        assert!(!good.refused(), "{:?}", good.checks);
        lab.faults(faults);
        let asked = lab.plan_of(&lab.named(&receipts()).await).await;
        let refused = of(&asked, Verdict::Refuse);
        assert!(
            refused[0].starts_with(start) && refused[0].ends_with("): it is read again by itself"),
            "{faults:?}: {refused:?}"
        );
        assert!(
            asked.command().unwrap().starts_with("aws deploy list-deployments "),
            "{:?}",
            asked.command()
        );
        // Nor is a plan sent that was good before.
        let result = lab.send(&good, &journal("owner unread")).await;
        assert!(matches!(&result, SendResult::Changed(newer) if newer.refused()), "{faults:?}: {result:?}");
        assert_eq!(lab.calls("UpdateAlias"), 0);
        lab.faults(&[]);
        assert!(!plan(&lab, "lambda/receipts:live").await.refused(), "{faults:?}");
    }
    let lab = alb::lab(&["search-blue"]).await;
    let search = alb::shift(&lab, SEARCH).await;
    for faults in [
        &["elbv2:DescribeTags=throttle"][..],
        &["ecs:DescribeServices=garbage"],
        &["ecs:ListClusters=deny", "elbv2:DescribeTags=garbage:502"],
    ] {
        lab.faults(faults);
        let plan = lab.plan_of(&search).await;
        assert!(of(&plan, Verdict::Refuse)[0].starts_with(start), "{faults:?}: {:?}", plan.checks);
        assert!(plan.command().unwrap().starts_with("aws elbv2 describe-tags "), "{:?}", plan.command());
    }
    lab.faults(&[]);
    assert!(!lab.plan_of(&search).await.refused());
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_has_not_begun_may_move_any_alias() {
    let more = r#"
[[function]]
name = "reports"
rpm = 31
error_rate = 0.001
p50_ms = 70
p99_ms = 400
alias = "live"
version = 3
queue = "reports-queue"
memory = 128

[[codedeploy]]
function = "reports"
id = "d-JUSTMADE1"
started = "-1s"
routing = { type = "TimeBasedCanary", percent = 10, minutes = 30 }
revision = 4
"#;
    let lab = aliases(more).await;
    let early = plan(&lab, "lambda/receipts:live").await;
    let refused = of(&early, Verdict::Refuse);
    assert!(refused[0].contains("(deployment d-JUSTMADE1 has not told what it moves)"), "{refused:?}");
    lab.pass(3).await;
    assert!(!plan(&lab, "lambda/receipts:live").await.refused(), "it moves another alias");
}

#[tokio::test(start_paused = true)]
async fn many_deployments_of_services_cost_two_calls_and_hide_nothing() {
    let mut more = String::new();
    for index in 0..24 {
        write!(
            more,
            "[[service]]\nname = \"busy{index}\"\nrpm = 10\nerror_rate = 0.0\np50_ms = 20\np99_ms = 90\ntasks = 1\n\
             family = \"busy{index}\"\nrevision = 1\npath = \"/busy{index}\"\n\n[[codedeploy]]\nservice = \
             \"busy{index}\"\nstarted = \"-4m\"\nrouting = {{ type = \"TimeBasedCanary\", percent = 10, minutes = \
             600 }}\nrevision = 2\n\n"
        )
        .unwrap();
    }
    let lab = aliases(&more).await;
    let shift = lab.named(&receipts()).await;
    assert_eq!(shift.owner, Owner::Nobody, "{:?}", shift.owner);
    let calls =
        ["ListDeployments", "BatchGetDeployments", "ListDeploymentTargets", "BatchGetDeploymentTargets"];
    assert_eq!(calls.map(|it| lab.calls(it)), [1, 1, 1, 1], "of 25 only that of invoices is Lambda's");
    assert!(!lab.plan_of(&shift).await.refused());
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_made_the_groups_of_a_rule_is_told_of() {
    let lab = alb::lab(&["account-blue"]).await;
    let shift = alb::shift(&lab, "alb/shop-web/443/20").await;
    assert_eq!(shift.owner, Owner::Nobody);
    let plan = lab.plan_of(&shift).await;
    let expected = format!(
        "stack shop-account made target group account-blue, target group account-green: should it set the weights \
         too, its next update sets them again; this tells: aws cloudformation describe-stack-resources \
         --physical-resource-id {} --region eu-west-2",
        shift.deployment
    );
    assert!(of(&plan, Verdict::Warn).contains(&expected.as_str()), "{:?}", plan.checks);
    assert!(matches!(lab.send(&plan, &journal("stack beside")).await, SendResult::Sent { .. }));
    // No other split is said to have one beside it.
    let search = alb::shift(&lab, SEARCH).await;
    assert_eq!(alb::split(&search).stacks, []);
}

#[test]
fn a_stack_beside_a_split_is_told_in_the_dialog() {
    use super::screen::{answer_dialog, key, opened, screen};
    use crossterm::event::KeyCode;
    let mut shift = super::alb_screen::divided(true);
    let Mechanism::Alb(split) = &mut shift.mechanism else { panic!("{shift:?}") };
    split.stacks = vec![("shop-search".into(), "target group search-blue, target group search-green".into())];
    let mut app = opened(&shift);
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift.clone(), 1);
    insta::assert_snapshot!("stack_beside_120", screen(&app, 120, 40, 1));
    shift.owner = Owner::NotKnown(Unread::passing("throttled: elasticloadbalancing:DescribeTags"));
    let mut app = opened(&shift);
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    insta::assert_snapshot!("not_known_80", screen(&app, 80, 24, 1));
    let effects = key(&mut app, KeyCode::Char('y'), 2);
    assert!(
        matches!(&effects[..], [Effect::Copy(command)] if command.starts_with("aws elbv2 describe-tags "))
    );
}
