//! Plans: the call, the checks, what is guarded, the journal line.

use super::*;
use crate::config::Config;
use crate::features::rollouts::comparing::metrics_query;
use crate::features::rollouts::journal::{Entry, Step, unfinished};
use crate::features::rollouts::mechanism::ecs::Call;
use crate::features::rollouts::plan::{self, Verdict, confirm_word};

fn paused() -> Rollout {
    let mut rollout = canary();
    rollout.hooks = vec![pause_hook("h-1", 300)];
    rollout
}

#[test]
fn the_call_is_exact() {
    let plan = plan_of(&canary());
    assert_eq!(plan.call.operation(), "ecs:StopServiceDeployment");
    assert_eq!(
        plan.call.params(),
        [("serviceDeploymentArn", DEPLOYMENT.to_owned()), ("stopType", "ROLLBACK".to_owned())]
    );
    assert_eq!(
        plan.command().unwrap(),
        format!(
            "aws ecs stop-service-deployment --service-deployment-arn {DEPLOYMENT} --stop-type ROLLBACK \
             --region eu-west-2"
        )
    );
    // At a PAUSE hook the hook is answered, and never without an action: AWS would take CONTINUE.
    let plan = plan_of(&paused());
    assert_eq!(plan.call.operation(), "ecs:ContinueServiceDeployment");
    assert_eq!(plan.call.params().last(), Some(&("action", "ROLLBACK".to_owned())));
    // A Lambda hook is nobody's to answer.
    let mut lambda = paused();
    lambda.hooks[0].kind = "AWS_LAMBDA".into();
    assert!(matches!(plan_of(&lambda).call, plan::Call::Ecs(Call::Stop { .. })));
}

#[test]
fn a_command_survives_the_shell() {
    let call = Call::Stop { deployment: "arn'; rm -rf $HOME".into() };
    let command = call.command("eu-west-2");
    assert!(command.contains(r"--service-deployment-arn 'arn'\''; rm -rf $HOME' --stop-type"), "{command}");
}

#[test]
fn pre_flight_passes_warns_or_refuses() {
    type Change = fn(&mut Rollout, &mut Circumstances);
    let cases: &[(&str, Change, Verdict)] = &[
        ("4 of 4 targets healthy", |_, _| {}, Verdict::Pass),
        ("current deployment", |_, _| {}, Verdict::Pass),
        ("has 2 of 4 targets", |r, _| r.old = Some(side(41, 80.0, 2)), Verdict::Warn),
        (
            "unreadable: denied",
            |r, _| r.old.as_mut().unwrap().groups[0].health = Health::Unreadable("denied".into()),
            Verdict::Warn,
        ),
        (
            "runs 1 of 4 tasks",
            |r, _| r.old.as_mut().unwrap().tasks.as_mut().unwrap().running = 1,
            Verdict::Warn,
        ),
        ("no target group", |r, _| r.old.as_mut().unwrap().groups.clear(), Verdict::Warn),
        ("asking again", |r, _| r.status = Status::new("ROLLBACK_IN_PROGRESS"), Verdict::Warn),
        ("new to this version", |r, _| r.status = Status::new("HM"), Verdict::Warn),
        ("ECS chooses", |r, _| r.sources = 2, Verdict::Warn),
        ("does not say", |r, _| r.current = None, Verdict::Warn),
        ("could not be read: denied", |_, p| p.caller = Err(error(ErrorClass::Denied)), Verdict::Warn),
        ("end in 4m59", |_, p| p.caller.as_mut().unwrap().expires_at = Some(at(299)), Verdict::Warn),
        ("have ended", |_, p| p.caller.as_mut().unwrap().expires_at = Some(at(-1)), Verdict::Warn),
        ("has ended", |r, _| r.status = Status::new("SUCCESSFUL"), Verdict::Refuse),
        ("first deployment", |r, _| r.old = None, Verdict::Refuse),
        ("moved on to 9Xy", |r, _| r.current = Some("a/shop/checkout/9Xy".into()), Verdict::Refuse),
        ("CodeDeploy owns", |r, _| r.owner = Owner::CodeDeploy, Verdict::Refuse),
        ("read-only", |_, p| p.no_writes = Some("this target is read-only".into()), Verdict::NotHere),
    ];
    for (text, change, verdict) in cases {
        let (mut rollout, mut place) = (canary(), place());
        change(&mut rollout, &mut place);
        let plan = Plan::new(&rollout, place, at(0));
        let check = plan.checks.iter().find(|check| check.text.contains(text));
        let check = check.unwrap_or_else(|| panic!("{text}: {:?}", plan.checks));
        assert_eq!(check.verdict, *verdict, "{text}");
        assert_eq!(plan.refused(), *verdict >= Verdict::NotHere, "{text}");
    }
}

#[test]
fn only_guarded_fields_make_a_difference() {
    type Change = fn(&mut Rollout, &mut Circumstances);
    let cases: &[(Change, &[&str])] = &[
        // Progress of the same shift.
        (|r, _| r.new.weight = Some(100.0), &[]),
        (|r, _| r.stage = Some("BAKE_TIME".into()), &[]),
        (|r, _| r.new.tasks.as_mut().unwrap().running = 0, &[]),
        (|r, _| r.old = Some(side(41, 80.0, 0)), &[]),
        (|r, _| r.alarms.triggered.push("checkout-5xx".into()), &[]),
        (|r, _| r.status = Status::new("PENDING"), &[]),
        (|r, _| r.read_at = at(5), &[]),
        (|_, p| p.caller = Err(error(ErrorClass::Throttled)), &[]),
        (|_, p| p.caller.as_mut().unwrap().expires_at = None, &[]),
        // What the call means, or whom it hits.
        (|r, _| r.deployment = "a/shop/checkout/2".into(), &["deployment"]),
        (|r, _| r.new.revision = "a/3".into(), &["target revision"]),
        (|r, _| r.status = Status::new("ROLLBACK_REQUESTED"), &["status"]),
        (|r, _| r.status = Status::new("SUCCESSFUL"), &["status"]),
        (|r, _| r.current = Some("a/shop/checkout/2".into()), &["current deployment"]),
        (|r, _| r.hooks = paused().hooks, &["waiting hook"]),
        (|_, p| p.caller.as_mut().unwrap().account = "999988887777".into(), &["account"]),
    ];
    let before = plan_of(&canary());
    for (index, (change, fields)) in cases.iter().enumerate() {
        let (mut rollout, mut place) = (canary(), place());
        change(&mut rollout, &mut place);
        let after = Plan::new(&rollout, place, at(5));
        let changed: Vec<_> = before.diff(&after).into_iter().map(|change| change.field).collect();
        assert_eq!(changed, *fields, "case {index}");
    }
    let mut ended = canary();
    ended.status = Status::new("SUCCESSFUL");
    assert_eq!(before.diff(&plan_of(&ended))[0].to_string(), "status was in progress, is ended");
}

#[test]
fn how_long_it_takes_depends_on_what_still_runs() {
    let takes = |change: fn(&mut Rollout)| {
        let mut rollout = canary();
        change(&mut rollout);
        let plan = plan_of(&rollout);
        (plan.takes, plan.slow)
    };
    assert_eq!(takes(|_| {}), ("about 1 minute (weights only, old still runs)".into(), false));
    assert!(takes(|r| r.new.weight = Some(0.0)).0.contains("no traffic has moved"));
    assert!(takes(|r| r.stage = Some("CLEAN_UP".into())).1);
    assert!(takes(|r| r.mechanism = Mechanism::Ecs(Strategy::Rolling)).1);
    assert_eq!(takes(|r| r.stage = None).0, "not known");
}

#[test]
fn what_is_typed_names_exactly_one_service() {
    let name = canary().name;
    let prod = TargetId::new("prod");
    for (same_target, targets, word) in [
        (1, 1, "checkout"),
        (2, 1, "ecs/shop/checkout"),
        (1, 2, "prod/checkout"),
        (2, 3, "prod/ecs/shop/checkout"),
    ] {
        assert_eq!(confirm_word(&name, name.short(), &prod, same_target, targets), word);
    }
}

#[test]
fn a_journal_line_reads_back_and_tells_what_is_open() {
    let plan = plan_of(&canary());
    let entry = |sending: i64, step| Entry::new(&plan, at(sending), at(sending + 1), step);
    let sent = Step::Sent { request_id: Some("8f3".into()) };
    let done = Step::Ended { outcome: "done".into(), why: "old has all traffic again".into() };
    let lines = [
        entry(0, Step::Sending { plan: None }),
        entry(0, sent.clone()),
        entry(0, done),
        entry(60, Step::Sending { plan: None }),
        entry(120, Step::Sending { plan: None }),
        entry(120, sent),
    ];
    let journal: String = lines.iter().map(|entry| entry.line().unwrap()).collect();
    assert_eq!(journal.lines().count(), 6);
    let first: Entry = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    assert_eq!(first, lines[0]);
    assert_eq!(first.params["stopType"], "ROLLBACK");
    assert_eq!(first.who.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/Admin/oncall"));
    let open: Vec<_> = unfinished(lines.iter()).into_iter().map(|it| it.steps).collect();
    assert_eq!(open, [vec![lines[3].clone()], vec![lines[4].clone(), lines[5].clone()]]);
}

#[test]
fn revisions_that_may_not_be_read_are_what_is_missing() {
    let mut shift = canary();
    for side in shift.old.iter_mut().chain([&mut shift.new]) {
        (side.task_definition, side.groups) = (None, Vec::new());
    }
    let missing = "ecs:DescribeServiceRevisions";
    assert!(metrics_query(&shift, &Config::default()).unwrap_err().contains(missing));
    assert!(plan_of(&shift).checks.iter().any(|check| check.text.contains(missing)));
}

#[test]
fn a_deployment_of_an_earlier_revision_is_told_to_be_one() {
    let warned = |rollout: &Rollout| {
        let plan = plan_of(rollout);
        let mut warnings = plan.checks.into_iter().filter(|it| it.verdict == Verdict::Warn);
        warnings.any(|it| it.text.starts_with("rev 41 is older than rev 42: "))
    };
    let back = Rollout { old: Some(side(42, 80.0, 4)), new: side(41, 20.0, 4), ..canary() };
    assert!(warned(&back) && !warned(&canary()));
    let mut other = back;
    other.new.task_definition = Some("another:41".into());
    assert!(!warned(&other), "numbers of different families say nothing");
}
