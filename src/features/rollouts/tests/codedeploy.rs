//! Deployments of CodeDeploy as values: where one stands, what is next, what a rollback of it is, and how that
//! ends.

use super::*;
use crate::features::rollouts::find;
use crate::features::rollouts::mechanism::codedeploy::{
    Back, Deployment, Diagnostics, Lifecycle, Original, Platform, Routing, ready_hook,
};
use crate::features::rollouts::mechanism::{Call, Outcome};
use crate::features::rollouts::plan::Verdict;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::stages::{Due, Next, StageState};
use crate::features::rollouts::watch::{Ending, Watch};
use crate::features::rollouts::wire::RolloutList;

pub const ID: &str = "d-9XRJ8QF2K";
const BACK: &str = "d-BACK00001";
const ECS_EVENTS: [&str; 8] = [
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
];

/// Lifecycle events of which this one is going on; those before it ended a minute after each other.
pub fn lifecycle(names: &[&str], running: &str) -> Vec<Lifecycle> {
    let position = names.iter().position(|name| *name == running).unwrap_or(names.len());
    let event = |(index, name): (usize, &&str)| {
        let began = at(-540 - 60 * (position as i64 - index as i64));
        Lifecycle {
            name: (*name).to_owned(),
            status: match index.cmp(&position) {
                std::cmp::Ordering::Less => "Succeeded",
                std::cmp::Ordering::Equal => "InProgress",
                std::cmp::Ordering::Greater => "Pending",
            }
            .to_owned(),
            started: (index <= position).then_some(began),
            ended: (index < position).then(|| began + SignedDuration::from_secs(50)),
            diagnostics: None,
        }
    };
    names.iter().enumerate().map(event).collect()
}

/// A deployment to `shop/checkout` that moved 20 % nine minutes before `at(0)`, and the rest follows after 15.
pub fn shifting() -> Rollout {
    let mut events = lifecycle(&ECS_EVENTS, "AllowTraffic");
    events[4].diagnostics = Some(Diagnostics {
        code: "Success".into(),
        message: "smoke tests passed".into(),
        log_tail: String::new(),
    });
    let set = |id: &str, number, weight, healthy| Side {
        revision: format!("ecs-svc/{id}"),
        ..side(number, weight, healthy)
    };
    let mut progress = Progress::default();
    progress.observe(Some("BeforeAllowTraffic"), Some(0.0), None, at(-560));
    progress.observe(Some("AllowTraffic"), Some(20.0), None, at(-540));
    Rollout {
        name: RolloutName::parse("codedeploy/AppECS-shop-checkout/DgpECS-shop-checkout").unwrap(),
        deployment: ID.into(),
        current: None,
        owner: Owner::CodeDeploy,
        mechanism: Mechanism::CodeDeploy(Box::new(Deployment {
            platform: Platform::Ecs,
            moves: Some(RolloutName::ecs("shop", "checkout")),
            config: Some("Canary20Percent15Minutes".into()),
            routing: Routing::Canary { step: 20.0, wait: minutes(15) },
            revision: Some("5f3c1a".into()),
            previous: Some("77ab02".into()),
            creator: Some("user".into()),
            events,
            original: Original::Removed(Some(minutes(60))),
            terminating: false,
            auto_rollback: vec!["DEPLOYMENT_FAILURE".into(), "DEPLOYMENT_STOP_ON_ALARM".into()],
            error: None,
            back: None,
            back_of: None,
            alias_share: None,
            said: None,
            group_share: None,
            unread: Vec::new(),
        })),
        status: Status::new("InProgress"),
        stage: Some("AllowTraffic".into()),
        old: Some(set("9223370493425779968", 41, 80.0, 4)),
        new: set("9223370493423413672", 42, 20.0, 4),
        progress,
        bake: Some(minutes(60)),
        alarms: AlarmWatch {
            names: vec!["checkout-5xx".into()],
            enabled: true,
            rollback: true,
            ..AlarmWatch::default()
        },
        by: Some("user".into()),
        ..canary()
    }
}

/// The same with something else of CodeDeploy's own.
pub fn but(change: impl FnOnce(&mut Rollout, &mut Deployment)) -> Rollout {
    let mut shift = shifting();
    let mut it = shift.mechanism.codedeploy().unwrap().clone();
    change(&mut shift, &mut it);
    shift.mechanism = Mechanism::CodeDeploy(Box::new(it));
    shift
}

fn status(status: &str) -> Rollout {
    but(|shift, _| shift.status = Status::new(status))
}

fn back(state: &str) -> Back {
    Back { id: BACK.into(), status: state.into(), problem: None, created_at: None, finished_at: None }
}

/// Stopped, and taken back by a deployment in this state.
fn stopped(state: &str) -> Rollout {
    but(|shift, it| {
        shift.status = Status::new("Stopped");
        it.back = Some(back(state));
        it.group_share = Some(0.0);
    })
}

#[test]
fn a_group_has_a_name() {
    let name = RolloutName::parse("codedeploy/App/Group").unwrap();
    assert_eq!((name.full().as_str(), name.short(), name.place()), ("codedeploy/App/Group", "App", "Group"));
    assert!(name.answers_to("App") && !name.answers_to("Group"));
    for bad in ["codedeploy/App", "codedeploy//Group", "codedeploy/App/"] {
        assert_eq!(RolloutName::parse(bad), None, "{bad}");
    }
}

#[test]
fn each_status_stands_where_it_should() {
    for (name, standing) in [
        ("Created", Standing::Open),
        ("Queued", Standing::Open),
        ("InProgress", Standing::Open),
        ("Baking", Standing::Open),
        ("Ready", Standing::Open),
        ("Succeeded", Standing::Ended),
        ("Failed", Standing::Ended),
        ("Stopped", Standing::Ended),
        ("Levitating", Standing::Unknown),
    ] {
        assert_eq!(status(name).standing(), standing, "{name}");
    }
    // One that was stopped goes on until it is back, and its words say which.
    for (state, standing, words, outcome) in [
        ("InProgress", Standing::Returning, "Stopped, going back", None),
        ("Succeeded", Standing::Ended, "Stopped, went back", Some(Outcome::RolledBack)),
        ("Failed", Standing::Ended, "Stopped, NOT back", Some(Outcome::Failed)),
        ("Levitating", Standing::Returning, "Stopped, going back", None),
    ] {
        let shift = stopped(state);
        assert_eq!((shift.standing(), shift.stage_words().as_str()), (standing, words), "{state}");
        assert_eq!(shift.outcome(), outcome, "{state}");
    }
    assert_eq!(status("Succeeded").outcome(), Some(Outcome::Success));
    assert_eq!(status("Stopped").outcome(), Some(Outcome::Failed));
    assert_eq!(status("Levitating").stage_words(), "Levitating");
}

#[test]
fn the_next_step_follows_from_the_configuration() {
    let due = |seconds, estimate| Some(Due { at: at(seconds), estimate });
    let canary = Routing::Canary { step: 20.0, wait: minutes(15) };
    let linear = Routing::Linear { step: 10.0, wait: minutes(3) };
    let cases = [
        (&canary, 0.0, Next::Shift(20.0, None), None),
        (&canary, 20.0, Next::Shift(100.0, due(360, false)), due(360, false)),
        (&canary, 100.0, Next::Removal(None), None),
        (&linear, 0.0, Next::Shift(10.0, None), None),
        (&linear, 30.0, Next::Shift(40.0, due(-360, false)), due(-360 + 6 * 180, true)),
        (&Routing::AtOnce, 0.0, Next::Shift(100.0, None), None),
        (&Routing::Unknown, 20.0, Next::Unknown, None),
    ];
    for (routing, weight, next, all) in cases {
        let shift = but(|shift, it| {
            it.routing = routing.clone();
            shift.new.weight = Some(weight);
        });
        assert_eq!((shift.next(), shift.due_100()), (next, all), "{routing:?} at {weight}");
    }
    // Opened late, when the weight was not seen to change: by AWS's own time of the event.
    let late = but(|shift, it| {
        it.routing = linear.clone();
        shift.new.weight = Some(30.0);
        shift.progress = Progress::default();
        shift.progress.observe(Some("AllowTraffic"), Some(30.0), None, at(0));
    });
    assert_eq!(late.next(), Next::Shift(40.0, due(-540 + 3 * 180, true)));
}

#[test]
fn waits_count_down_and_say_what_happens_then() {
    let ready = but(|shift, it| {
        shift.status = Status::new("Ready");
        shift.new.weight = Some(0.0);
        it.events = lifecycle(&ECS_EVENTS, "BeforeAllowTraffic");
        it.events[5].status = "Pending".into();
        shift.hooks = vec![ready_hook(Some(30), Some("STOP_DEPLOYMENT"), Some(at(-600)))];
    });
    assert_eq!(ready.next_words(at(0)), "STOP_DEPLOYMENT in 20m00 unless answered");
    assert_eq!(ready.stage_words(), "PAUSED: READY wait");
    assert!(ready.by_itself().yes, "it stops alone");
    let bar: Vec<String> = ready.stage_bar(at(0)).into_iter().map(|item| item.label).collect();
    assert_eq!(bar[5..7], ["READY wait PAUSED", "BeforeAllowTraffic"]);

    let terminating = but(|shift, it| {
        shift.new.weight = Some(100.0);
        it.events = lifecycle(&ECS_EVENTS, "none");
        it.terminating = true;
        shift.progress = Progress::default();
        shift.progress.observe(Some("TERMINATION_WAIT"), Some(100.0), None, at(0));
    });
    let ended = terminating.mechanism.codedeploy().unwrap().last_end().unwrap();
    let due = Due { at: ended + SignedDuration::from_mins(60), estimate: true };
    assert_eq!(terminating.next(), Next::Removal(Some(due)));
    assert_eq!(terminating.stage_words(), "termination wait");
    let bar = terminating.stage_bar(at(0));
    assert!(bar.last().is_some_and(|item| item.state == StageState::Running && item.label.contains("left")));
    assert!(plan_of(&terminating).takes.contains("original task set still runs"));
}

#[test]
fn lifecycle_events_are_the_stages_in_their_order() {
    let bar = shifting().stage_bar(at(0));
    let labels: Vec<&str> = bar.iter().map(|item| item.label.as_str()).collect();
    let mut expected = ECS_EVENTS.to_vec();
    expected[6] = "AllowTraffic 20 %";
    expected.insert(7, "100 % in 6m00");
    expected.push("termination wait");
    assert_eq!(labels, expected);
    let states = |status: &str| {
        let shift = but(|_, it| it.events[5].status = status.into());
        shift.stage_bar(at(0)).iter().map(|item| item.state).nth(5).unwrap()
    };
    assert_eq!(states("Failed"), StageState::Failed);
    assert_eq!(states("Levitating"), StageState::Unknown);
    assert_eq!(states("Skipped"), StageState::Running, "a skipped one is no stage");
    // What a function said when it failed is told.
    let failed = but(|_, it| {
        it.events[5].status = "Failed".into();
        it.events[5].diagnostics = Some(Diagnostics {
            code: "ScriptFailed".into(),
            message: "3 of 40 checks failed".into(),
            log_tail: "GET /health 500\n".into(),
        });
    });
    assert_eq!(failed.troubles(), ["BeforeAllowTraffic failed: ScriptFailed 3 of 40 checks failed"]);
}

#[test]
fn what_rolls_it_back_by_itself_is_told() {
    let told = |events: &[&str], alarms: bool| {
        let shift = but(|shift, it| {
            it.auto_rollback = events.iter().map(|event| (*event).to_owned()).collect();
            shift.alarms.enabled = alarms;
        });
        let told = shift.by_itself();
        (told.yes, told.why)
    };
    let (failure, alarm) = ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM");
    assert_eq!(told(&[failure, alarm], true), (true, "when it fails or on its alarms".to_owned()));
    assert_eq!(told(&[failure, alarm], false), (true, "only when it fails".to_owned()));
    assert_eq!(told(&[alarm], false), (false, "no alarms set".to_owned()));
    assert_eq!(told(&["DEPLOYMENT_STOP_ON_REQUEST"], true), (false, "only when it is stopped".to_owned()));
    assert_eq!(told(&[], true), (false, "auto rollback off".to_owned()));
}

#[test]
fn the_call_always_asks_for_the_rollback() {
    let plan = plan_of(&shifting());
    assert!(!plan.refused(), "{:?}", plan.checks);
    assert_eq!(plan.call.operation(), "codedeploy:StopDeployment");
    assert!(matches!(plan.call, Call::CodeDeploy(_)));
    assert_eq!(
        plan.call.params(),
        [("deploymentId", ID.to_owned()), ("autoRollbackEnabled", "true".to_owned())]
    );
    assert_eq!(
        plan.command().unwrap(),
        format!("aws deploy stop-deployment --deployment-id {ID} --auto-rollback-enabled --region eu-west-2")
    );
    assert_eq!((plan.guard.deployment.as_str(), plan.guard.field("revision")), (ID, Some("5f3c1a")));
}

#[test]
fn progress_is_not_guarded_and_what_ends_it_is() {
    let plan = plan_of(&shifting());
    let moved = but(|shift, it| {
        shift.new.weight = Some(100.0);
        shift.stage = Some("AfterAllowTraffic".into());
        it.events = lifecycle(&ECS_EVENTS, "AfterAllowTraffic");
        it.unread.push("targets: throttled".into());
    });
    assert_eq!(plan.diff(&plan_of(&moved)), []);
    for (other, field) in [
        (stopped("InProgress"), "status"),
        (status("Succeeded"), "status"),
        (but(|shift, _| shift.deployment = "d-OTHER0001".into()), "deployment"),
        (but(|_, it| it.revision = Some("other".into())), "revision"),
        (but(|shift, _| shift.owner = Owner::Stack("shop".into())), "owner"),
    ] {
        let newer = plan_of(&other);
        let changes = plan.diff(&newer);
        assert!(changes.iter().any(|change| change.field == field), "{field}: {changes:?}");
    }
}

#[test]
fn what_cannot_be_undone_here_is_refused_with_the_reason() {
    let gone = "the original task set was removed): going back now is a new deployment of the previous \
                revision (sha256 77ab02), which is not made here";
    let stack = "CloudFormation stack shop-checkout owns this split";
    for (shift, expected) in [
        (status("Succeeded"), gone),
        (stopped("InProgress"), "already Stopped: deployment d-BACK00001 takes it back"),
        (stopped("Succeeded"), "it was taken back already, by deployment d-BACK00001"),
        (stopped("Failed"), "its rollback d-BACK00001 Failed: this needs a person"),
        (status("Failed"), "nothing takes it back"),
        (but(|shift, _| shift.owner = Owner::Stack("shop-checkout".into())), stack),
        (but(|_, it| it.platform = Platform::Server), "computePlatform Server"),
        (but(|_, it| it.platform = Platform::Other("Moon".into())), "`Moon` is not known"),
    ] {
        let plan = plan_of(&shift);
        assert!(plan.refusals().any(|text| text.contains(expected)), "{expected}: {:?}", plan.checks);
    }
    let stack = but(|shift, _| shift.owner = Owner::Stack("shop-checkout".into()));
    let command = "aws cloudformation cancel-update-stack --stack-name shop-checkout --region eu-west-2";
    assert_eq!(plan_of(&stack).command().unwrap(), command);
    // The dialog does not even open on what is over, and says the same.
    let list = |shift: Rollout| RolloutList { shifts: vec![shift], ..RolloutList::default() };
    let name = shifting().name;
    assert!(find::to_undo(&list(status("Succeeded")), &name).unwrap_err().contains(gone));
    assert!(find::to_undo(&list(shifting()), &name).is_ok());
}

#[test]
fn doubts_warn_and_do_not_refuse() {
    for (shift, expected) in [
        (status("Levitating"), "status Levitating is new to this version"),
        (but(|_, it| it.back_of = Some("d-FIRST0001".into())), "itself the rollback of d-FIRST0001"),
        (but(|_, it| it.unread.push("targets: throttled".into())), "not read: targets: throttled"),
        (but(|shift, _| shift.old = None), "the side that gets the traffic back is not known"),
        (but(|shift, _| shift.old = Some(side(41, 80.0, 2))), "has 2 of 4 targets healthy"),
    ] {
        let plan = plan_of(&shift);
        assert!(!plan.refused(), "{expected}: {:?}", plan.checks);
        let warned = plan.checks.iter().any(|it| it.verdict == Verdict::Warn && it.text.contains(expected));
        assert!(warned, "{expected}: {:?}", plan.checks);
    }
}

#[test]
fn a_rollback_ends_as_the_deployment_that_takes_it_back() {
    let sent = SendResult::Sent { at: at(10), request_id: None, journal: journaled() };
    let lost = SendResult::Lost { at: at(10), error: error(ErrorClass::Network), journal: journaled() };
    let share = |share| {
        move |shift: &mut Rollout, it: &mut Deployment| {
            shift.status = Status::new("Stopped");
            it.group_share = share;
            it.back = Some(back("Succeeded"));
        }
    };
    let newer = |back_state: Option<&str>| {
        but(|shift, it| {
            shift.status = Status::new("Stopped");
            it.back = back_state.map(back);
            shift.current = Some("d-NEWER0001".into());
        })
    };
    let untouched = but(|shift, _| {
        shift.status = Status::new("Stopped");
        shift.new.weight = Some(0.0);
    });
    let unseen = but(|shift, it| {
        shift.status = Status::new("Stopped");
        shift.new.weight = None;
        it.unread.push("targets: throttled".into());
    });
    let (hour, minute) = (3_600, 70);
    let cases: Vec<(Rollout, &SendResult, i64, Option<Ending>, &str)> = vec![
        (shifting(), &sent, minute, None, ""),
        (shifting(), &lost, 20, None, ""),
        (shifting(), &lost, minute, Some(Ending::Failed), "never arrived"),
        (shifting(), &sent, hour, Some(Ending::Unknown), "still InProgress"),
        (stopped("InProgress"), &sent, minute, None, ""),
        (stopped("InProgress"), &lost, minute, None, ""),
        (stopped("InProgress"), &sent, hour, Some(Ending::Unknown), "still InProgress"),
        (stopped("Succeeded"), &sent, 20, Some(Ending::Done), "old has all traffic"),
        (stopped("Succeeded"), &lost, 20, Some(Ending::Done), "old has all traffic"),
        (but(share(Some(0.0))), &sent, 20, Some(Ending::Done), "old has all traffic"),
        (but(share(Some(20.0))), &sent, 20, None, ""),
        (but(share(Some(20.0))), &sent, minute, Some(Ending::Unknown), "new still has 20 %"),
        (but(share(None)), &sent, 20, None, ""),
        (but(share(None)), &sent, minute, Some(Ending::Unknown), "whether new has traffic left is not known"),
        (stopped("Failed"), &sent, 20, Some(Ending::Failed), "this needs a person"),
        (stopped("Stopped"), &sent, 20, Some(Ending::Failed), "this needs a person"),
        (newer(Some("Stopped")), &sent, 20, Some(Ending::Superseded), "d-NEWER0001"),
        (newer(None), &sent, 20, None, ""),
        (newer(None), &sent, minute, Some(Ending::Superseded), "d-NEWER0001"),
        (status("Succeeded"), &sent, 20, Some(Ending::Superseded), "somebody finished"),
        (status("Succeeded"), &lost, 20, Some(Ending::Failed), "never arrived"),
        (status("Stopped"), &sent, 20, None, ""),
        (status("Stopped"), &sent, minute, Some(Ending::Failed), "the split stays"),
        (untouched, &sent, minute, Some(Ending::Done), "before traffic moved"),
        (unseen, &sent, minute, Some(Ending::Unknown), "what new has is not known: targets: throttled"),
    ];
    for (number, (mut read, answer, seconds, ending, why)) in cases.into_iter().enumerate() {
        read.finished_at = (!read.in_progress()).then(|| at(10));
        let mut watch = Watch::begin(plan_of(&shifting()), answer).unwrap();
        watch.read(&read, at(10 + seconds));
        let ended = watch.ended.as_ref();
        assert_eq!(ended.map(|ended| ended.ending), ending, "{number}: {ended:?}");
        assert!(ended.is_none_or(|ended| ended.why.contains(why)), "{number}: {ended:?}");
    }
}

#[test]
fn what_codedeploy_moves_answers_to_its_own_name() {
    let list = RolloutList { shifts: vec![shifting()], ..RolloutList::default() };
    let prod = TargetId::new("prod");
    let found = |typed: &str| find::find(typed, [(&prod, &list)].into_iter());
    let name = shifting().name;
    for typed in ["checkout", "ecs/shop/checkout", "AppECS-shop-checkout", name.full().as_str()] {
        assert_eq!(found(typed), [(prod.clone(), name.clone())], "{typed}");
    }
    assert_eq!(list.shift_of(&RolloutName::ecs("shop", "checkout")).unwrap().deployment, ID);
    // The name to type is the service's.
    assert_eq!(find::word(&name, &prod, [(&prod, &list)].into_iter()), "checkout");
    // A service that shifts by itself is not taken for what CodeDeploy moved before.
    let own = RolloutList { shifts: vec![shifting(), canary()], ..RolloutList::default() };
    let found = find::find("checkout", [(&prod, &own)].into_iter());
    assert_eq!(found, [(prod.clone(), canary().name)]);
}
