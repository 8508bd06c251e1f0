//! The dialog that deploys an earlier revision again, on the screen and in what its checks say.

use super::screen::{answer_dialog, app, asked, key, list, now, polled, screen};
use super::*;
use crate::app::{App, Effect, Msg};
use crate::features::rollouts::RolloutsQuery;
use crate::features::rollouts::mechanism::ecs::again::{
    Again, Difference, Earlier, Newer, Wanted, side as earlier_side,
};
use crate::features::rollouts::plan::Verdict;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::wire::RolloutList;
use crate::features::{Op, OpOutcome, Payload, Query, Topic};
use crossterm::event::KeyCode;

fn earlier(number: u32) -> Earlier {
    Earlier {
        revision: format!("{REVISION}{number}"),
        definition: format!("arn:aws:ecs:eu-west-2:111122223333:task-definition/web-checkout:{number}"),
        images: side(number, 0.0, 0).images,
        made: Some(at(-200_000)),
    }
}

/// A CANARY that ended an hour ago, and what could be deployed again.
pub fn ended() -> Rollout {
    let again = Again {
        strategy: Strategy::Canary { percent: 20.0, bake: minutes(13) },
        wanted: Wanted::Before,
        running: earlier(42).definition,
        earlier: vec![earlier(41), earlier(40)],
        unproven: None,
        unread: None,
        definition: Ok(Some("ACTIVE".into())),
        differences: vec![Difference {
            what: "platform version".into(),
            running: "1.4.0".into(),
            earlier: "1.3.0".into(),
        }],
        hooks: Vec::new(),
        desired: 4,
        express: false,
        newer: None,
        between: Ok(Vec::new()),
    };
    Rollout {
        status: Status::new("SUCCESSFUL"),
        stage: None,
        finished_at: Some(at(-3600)),
        started_at: Some(at(-5400)),
        old: Some(earlier_side(&earlier(41))),
        new: Side { weight: Some(100.0), ..side(42, 100.0, 4) },
        mechanism: Mechanism::EcsAgain(Box::new(again)),
        ..canary()
    }
}

/// The same with something else about it.
fn with(change: impl Fn(&mut Again)) -> Rollout {
    let mut shift = ended();
    if let Mechanism::EcsAgain(again) = &mut shift.mechanism {
        change(again);
        shift.old = again.chosen().map(earlier_side);
    }
    shift
}

fn opened() -> App {
    let mut app = app();
    let over = Rollout { mechanism: canary().mechanism, ..ended() };
    let list = RolloutList { shifts: Vec::new(), recent: vec![over].into(), ..list() };
    polled(&mut app, Query::Rollouts(RolloutsQuery::default()), Ok(Payload::Rollouts(list)), 0);
    key(&mut app, KeyCode::Char('R'), 0);
    app
}

#[test]
fn the_dialog_at_both_sizes() {
    let mut app = opened();
    let Some(Query::Shifts(query)) = asked(&app, Topic::Shifts) else { panic!("the dialog asks") };
    assert_eq!(query.shifts[0].again, Some(Wanted::Before));
    answer_dialog(&mut app, ended(), 1);
    insta::assert_snapshot!("again_dialog_120", screen(&app, 120, 40, 1));
    insta::assert_snapshot!("again_dialog_80", screen(&app, 80, 24, 1));
    for c in "checkout".chars() {
        key(&mut app, KeyCode::Char(c), 2);
    }
    let effects = key(&mut app, KeyCode::Enter, 2);
    let [Effect::Run(op)] = effects.as_slice() else { panic!("{effects:?}") };
    let Op::Rollback(plan) = op.as_ref() else { panic!("{op:?}") };
    assert_eq!(plan.shift().again, Some(Wanted::Revision(format!("{REVISION}41"))));
}

#[test]
fn another_earlier_revision_is_chosen_and_the_name_typed_anew() {
    let mut app = opened();
    answer_dialog(&mut app, ended(), 1);
    screen(&app, 120, 40, 1);
    key(&mut app, KeyCode::Char('c'), 1);
    key(&mut app, KeyCode::Left, 1);
    let shown = screen(&app, 120, 40, 1);
    assert!(shown.contains("reading the plan") && !shown.contains("rev 41"), "{shown}");
    let Some(Query::Shifts(query)) = asked(&app, Topic::Shifts) else { panic!("the dialog asks") };
    let older = Some(Wanted::Revision(format!("{REVISION}40")));
    assert_eq!(query.shifts[0].again, older);
    // What was asked for before comes late, and is not for this plan.
    answer_dialog(&mut app, ended(), 2);
    assert!(screen(&app, 120, 40, 2).contains("reading the plan"));
    answer_dialog(&mut app, with(|again| again.wanted = older.clone().unwrap()), 3);
    let shown = screen(&app, 120, 40, 3);
    assert!(shown.contains("type  checkout  to deploy rev 40 again:"), "{shown}");
    // There is none older.
    key(&mut app, KeyCode::Left, 3);
    assert!(screen(&app, 120, 40, 3).contains("rev 40 again"));
}

#[test]
fn after_a_rollback_the_verdict_is_of_the_side_that_is_gone() {
    let verdict = |status: &str, answer: Rollout| {
        let mut app = app();
        let over = Rollout { mechanism: canary().mechanism, status: Status::new(status), ..ended() };
        let list = RolloutList { shifts: Vec::new(), recent: vec![over].into(), ..list() };
        polled(&mut app, Query::Rollouts(RolloutsQuery::default()), Ok(Payload::Rollouts(list)), 0);
        let data = app.store.targets.values_mut().next().unwrap();
        data.verdicts = vec![compared((10_836.0, 9.0), (2_709.0, 171.0))];
        key(&mut app, KeyCode::Char('R'), 0);
        answer_dialog(&mut app, answer, 1);
        let shown = screen(&app, 120, 40, 1);
        (shown, key(&mut app, KeyCode::Char('y'), 2))
    };
    let mut back = with(|again| (again.running, again.earlier) = (earlier(41).definition, Vec::new()));
    (back.status, back.new) = (Status::new("ROLLBACK_SUCCESSFUL"), side(41, 100.0, 4));
    let (shown, effects) = verdict("ROLLBACK_SUCCESSFUL", back);
    assert!(shown.contains("verdict then: rev 42 was WORSE by"), "{shown}");
    assert!(shown.contains("rev 41 runs now"), "{shown}");
    // With no revision to deploy there is no call, no time that it takes and nothing to copy.
    let no_call = ["new is WORSE", "will call", "would call", "takes", "y copies", "is a NEW deployment"];
    for part in no_call {
        assert!(!shown.contains(part), "{part}\n{shown}");
    }
    assert_eq!(effects, []);
    insta::assert_snapshot!("again_nothing_to_choose_120", shown);
    let (shown, _) = verdict("SUCCESSFUL", ended());
    assert!(shown.contains("rev 42 was WORSE") && shown.contains("rev 42 runs now"), "{shown}");
}

#[test]
fn what_is_known_of_the_call_is_said_before_it() {
    let newer = |status: &str| Newer {
        deployment: format!("{DEPLOYMENT}x"),
        status: Status::new(status),
        reason: None,
        definition: Some(earlier(43).definition),
        weight: None,
        finished_at: None,
    };
    let cases: [(Rollout, Verdict, &str); 10] = [
        (
            with(|it| it.definition = Ok(Some("INACTIVE".into()))),
            Verdict::Refuse,
            "web-checkout:41 is INACTIVE",
        ),
        (
            with(|it| it.definition = Ok(Some("DELETE_IN_PROGRESS".into()))),
            Verdict::Refuse,
            "DELETE_IN_PROGRESS",
        ),
        (with(|it| it.definition = Ok(None)), Verdict::Refuse, "was deleted"),
        (with(|it| it.definition = Ok(Some("NEW_IN_2027".into()))), Verdict::Warn, "is NEW_IN_2027"),
        (with(|it| it.newer = Some(newer("IN_PROGRESS"))), Verdict::Refuse, "web-checkout:43 is IN_PROGRESS"),
        (
            with(|it| it.newer = Some(newer("SUCCESSFUL"))),
            Verdict::Refuse,
            "has moved on to deployment 7Kq2x",
        ),
        (with(|it| it.express = true), Verdict::Refuse, "an Express service"),
        (
            with(|it| it.hooks = vec!["PAUSE at POST_SCALE_UP".into()]),
            Verdict::Warn,
            "PAUSE at POST_SCALE_UP",
        ),
        (with(|it| it.desired = 0), Verdict::Warn, "wants 0 tasks"),
        (Rollout { owner: Owner::CodeDeploy, ..ended() }, Verdict::Refuse, "CodeDeploy owns this split"),
    ];
    for (shift, verdict, text) in cases {
        let plan = plan_of(&shift);
        let found = plan.checks.iter().find(|check| check.text.contains(text));
        assert_eq!(found.map(|check| check.verdict), Some(verdict), "{text}: {:?}", plan.checks);
    }
    // A tag that moved: the same name, another image.
    let mut shift = ended();
    let mut moved = shift.old.clone().unwrap().images;
    moved[0].digest = Some("another".into());
    shift.new.images = moved;
    let plan = plan_of(&shift);
    assert!(plan.checks.iter().any(|check| check.text.contains("the earlier image may not come back")));
}

#[test]
fn how_long_it_takes_follows_from_the_strategy() {
    let takes = |strategy: Strategy, bake: u64| {
        let mut shift = with(|it| it.strategy = strategy.clone());
        shift.bake = Some(minutes(bake));
        let plan = plan_of(&shift);
        (plan.takes, plan.waits)
    };
    let last = "the last deployment took 30m";
    for (strategy, bake, words, waits) in [
        (
            Strategy::Canary { percent: 20.0, bake: minutes(13) },
            10,
            "CANARY: 23m of waits (13m at 20 %, bake 10m)",
            23,
        ),
        (
            Strategy::Linear { step: 30.0, bake: minutes(6) },
            5,
            "LINEAR: 23m of waits (steps of 30 % every 6m, bake 5m)",
            23,
        ),
        (Strategy::BlueGreen, 15, "BLUE_GREEN: 15m of waits (bake 15m)", 15),
        (Strategy::Rolling, 0, "ROLLING: 4 tasks replaced; nothing says how long that takes", 0),
    ] {
        let (said, waited) = takes(strategy, bake);
        assert!(said.starts_with(words) && said.ends_with(last), "{said}");
        assert_eq!(waited, minutes(waits));
    }
}

#[test]
fn the_opened_page_goes_on_with_the_rollback_and_says_whose_it_is() {
    let over = Rollout { mechanism: canary().mechanism, ..ended() };
    let listed = |shifts: Vec<Rollout>| {
        let list = RolloutList { shifts, recent: vec![over.clone()].into(), ..list() };
        (Query::Rollouts(RolloutsQuery::default()), Ok(Payload::Rollouts(list)))
    };
    let mut app = app();
    let (query, answer) = listed(Vec::new());
    polled(&mut app, query, answer, 0);
    key(&mut app, KeyCode::Enter, 0);
    assert!(screen(&app, 120, 30, 0).contains("✔ SUCCESSFUL"));
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, ended(), 1);
    screen(&app, 120, 40, 1);
    for c in "checkout".chars() {
        key(&mut app, KeyCode::Char(c), 2);
    }
    let effects = key(&mut app, KeyCode::Enter, 2);
    let [Effect::Run(op)] = effects.as_slice() else { panic!("{effects:?}") };
    let Op::Rollback(plan) = op.as_ref() else { panic!("{op:?}") };
    let sent = SendResult::Sent { at: at(3), request_id: None, journal: journaled() };
    let done = OpOutcome::Rollback { plan: plan.clone(), result: Box::new(sent) };
    app.handle(Msg::OpDone(Box::new(done)), now(3));
    assert!(screen(&app, 120, 30, 3).contains("✔ SUCCESSFUL"), "the new one is not known yet");

    let back = Rollout {
        deployment: format!("{DEPLOYMENT}again"),
        created_at: Some(at(4)),
        started_at: Some(at(4)),
        old: Some(side(42, 90.0, 4)),
        new: side(41, 10.0, 4),
        ..canary()
    };
    let (query, answer) = listed(vec![back.clone()]);
    polled(&mut app, query, answer, 20);
    let shown = screen(&app, 120, 30, 20);
    assert!(!shown.contains("✔ SUCCESSFUL") && shown.contains("production shift 10 %"), "{shown}");
    let said = "this is the rollback of rev 42, sent from here 04:00:03: rev 41 comes back";
    assert!(shown.contains(said), "{shown}");

    // Another one, or one that began long after, is nobody's rollback.
    for other in [
        Rollout { new: side(43, 10.0, 4), ..back.clone() },
        Rollout { created_at: Some(at(900)), ..back.clone() },
    ] {
        let (query, answer) = listed(vec![other]);
        polled(&mut app, query, answer, 25);
        let shown = screen(&app, 120, 30, 25);
        assert!(shown.contains("✔ SUCCESSFUL") && !shown.contains("this is the rollback"), "{shown}");
    }
    // Opened again, what ended is shown as what it is.
    let (query, answer) = listed(vec![back]);
    polled(&mut app, query, answer, 30);
    for code in [KeyCode::Esc, KeyCode::Char('G'), KeyCode::Enter] {
        key(&mut app, code, 31);
    }
    assert!(screen(&app, 120, 30, 31).contains("✔ SUCCESSFUL"));
}
