//! The screen and the dialog through the real core: keys and answers in, cells and effects out.

use super::*;
use crate::app::{App, Cadence, Effect, Input, Level, Msg, Now, PollKey, PollPlan, Polled, Settings};
use crate::aws::{TargetSpec, Usage};
use crate::config::Config;
use crate::features::rollouts::journal::Step;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::wire::{
    RolloutDetail, RolloutList, ServiceSummary, ShiftRef, Shifts, ShiftsQuery, Sides,
};
use crate::features::session::SessionInfo;
use crate::features::{Op, OpOutcome, Payload, Query, Store, Topic};
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

pub fn now(seconds: i64) -> Now {
    Now { since_start: Duration::from_secs(1_000 + seconds as u64), wall: at(seconds) }
}

pub fn prod() -> TargetId {
    TargetId::new("prod")
}

fn app_with(session: SessionInfo) -> App {
    let spec = TargetSpec { production: true, ..TargetSpec::named("prod") };
    let settings = Settings {
        config: Config::default(),
        keymap: crate::app::Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    let mut app = App::new(Store::new([(spec, session)]), settings, Zone::utc());
    key(&mut app, KeyCode::Char('2'), 0);
    polled(
        &mut app,
        Query::Rollouts(crate::features::rollouts::RolloutsQuery::default()),
        Ok(Payload::Rollouts(list())),
        0,
    );
    app
}

pub fn app() -> App {
    app_with(SessionInfo { region: Some("eu-west-2".into()), ..SessionInfo::default() })
}

pub fn shift() -> Rollout {
    let mut shift = canary();
    shift.alarms = AlarmWatch {
        status: Some("TRIGGERED".into()),
        names: vec!["checkout-5xx".into(), "checkout-p99".into()],
        triggered: vec!["checkout-5xx".into()],
        enabled: true,
        rollback: false,
    };
    for (group, side) in [("blue", shift.old.as_mut().unwrap()), ("green", &mut shift.new)] {
        let balancer = "arn:aws:elasticloadbalancing:eu-west-2:111122223333";
        side.groups[0].arn = format!("{balancer}:targetgroup/checkout-{group}/50dc");
        side.groups[0].rule = Some(format!("{balancer}:listener-rule/app/shop-web/50dc/f2f7/9683"));
    }
    shift.events = vec![
        Event { at: at(-120), text: "(service checkout) stopped 1 task of rev 42: OutOfMemory".into() },
        Event { at: at(-540), text: "(service checkout) has started traffic shift 20 %".into() },
    ];
    shift
}

fn ended() -> Rollout {
    let mut shift = canary();
    shift.name = RolloutName::ecs("shop", "orders");
    shift.deployment = "arn:aws:ecs:eu-west-2:111122223333:service-deployment/shop/orders/3Ab".into();
    shift.status = Status::new("SUCCESSFUL");
    shift.stage = None;
    shift.finished_at = Some(at(-7200));
    shift.old.iter_mut().for_each(|old| old.tasks = Tasks::default());
    shift
}

pub fn list() -> RolloutList {
    let service = |name: &str| ServiceSummary {
        name: RolloutName::ecs("shop", name),
        owner: Owner::Ecs,
        strategy: Strategy::Rolling,
        tasks: Tasks { requested: 4, running: 4, pending: 0 },
        task_definition: format!("web-{name}:7"),
        groups: Vec::new(),
        deployment: None,
    };
    RolloutList {
        services: Arc::new(vec![service("cart"), service("checkout"), service("orders")]),
        shifts: vec![shift()],
        recent: Arc::new(vec![ended()]),
        dropped: 0,
        notes: Vec::new(),
    }
}

pub fn detail() -> RolloutDetail {
    RolloutDetail {
        name: shift().name,
        history: vec![Rollout { name: shift().name, ..ended() }],
        events: Vec::new(),
        metrics: Some(Box::new(compared((10_836.0, 9.0), (2_709.0, 171.0)))),
        metrics_error: None,
        stopped: None,
    }
}

pub fn key(app: &mut App, code: KeyCode, at: i64) -> Vec<Effect> {
    app.handle(Msg::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))), now(at))
}

fn write(app: &mut App, text: &str, at: i64) {
    for c in text.chars() {
        assert_eq!(key(app, KeyCode::Char(c), at), [], "{c}");
    }
}

pub fn polled(app: &mut App, query: Query, result: Result<Payload, SourceError>, at: i64) -> Vec<Effect> {
    let polled = Polled {
        key: PollKey::new(&prod(), query.topic()),
        query,
        result,
        next_in: Some(Duration::from_secs(5)),
        usage: Usage::default(),
    };
    app.handle(Msg::Polled(Box::new(polled)), now(at))
}

pub fn asked(app: &App, topic: Topic) -> Option<Query> {
    let plan: PollPlan = app.plan(now(0));
    plan.get(&PollKey::new(&prod(), topic)).map(|want| want.query.clone())
}

pub fn screen(app: &App, width: u16, height: u16, at: i64) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    app.render(&mut buffer, now(at));
    let mut again = Buffer::empty(buffer.area);
    app.render(&mut again, now(at));
    assert_eq!(buffer, again, "drawing twice");
    let rows = buffer.content.chunks(width.max(1) as usize);
    let rows = rows
        .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

/// The screen without header and tabs, which are not this feature's.
pub fn body(app: &App, width: u16, height: u16, at: i64) -> String {
    screen(app, width, height, at).lines().skip(3).collect::<Vec<_>>().join("\n")
}

/// Answers the dialog's question with this shift.
pub fn answer_dialog(app: &mut App, shift: Rollout, seconds: i64) -> Vec<Effect> {
    answer_as(app, shift, place().caller, seconds)
}

/// The same, with this caller.
fn answer_as(
    app: &mut App,
    shift: Rollout,
    caller: Result<Caller, SourceError>,
    seconds: i64,
) -> Vec<Effect> {
    let query = asked(app, Topic::Shifts).expect("the dialog asks");
    let shift = Rollout { read_at: at(seconds), ..shift };
    let shifts = Shifts { shifts: vec![shift], failed: Vec::new(), caller: Some(caller), no_writes: None };
    polled(app, query, Ok(Payload::Shifts(shifts)), seconds)
}

/// An app whose dialog shows a complete plan.
fn app_with_dialog() -> App {
    let mut app = app();
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift(), 1);
    screen(&app, 120, 40, 1);
    app
}

fn sent_plan(effects: &[Effect]) -> Option<&Plan> {
    effects.iter().find_map(|effect| match effect {
        Effect::Run(op) => match op.as_ref() {
            Op::Rollback(plan) => Some(plan.as_ref()),
            _ => None,
        },
        _ => None,
    })
}

#[test]
fn the_list_at_both_sizes() {
    let app = app();
    insta::assert_snapshot!("list_120", body(&app, 120, 20, 0));
    insta::assert_snapshot!("list_80", body(&app, 80, 24, 0));
}

#[test]
fn all_services_come_with_a_key() {
    let mut app = app();
    assert!(!screen(&app, 120, 20, 0).contains("cart"));
    key(&mut app, KeyCode::Char('.'), 0);
    assert!(screen(&app, 120, 20, 0).contains("cart"));
}

#[test]
fn a_shift_opened_at_both_sizes() {
    let mut app = app();
    key(&mut app, KeyCode::Enter, 0);
    let query = asked(&app, Topic::RolloutDetail).expect("the detail is asked for");
    let Query::RolloutDetail(asked) = &query else { panic!("{query:?}") };
    let metrics = asked.metrics.as_ref().expect("both sides have target groups");
    let Sides::TargetGroups { old, .. } = &metrics.sides else { panic!("{metrics:?}") };
    assert_eq!(*old, [("app/shop-web/50dc".to_owned(), "targetgroup/checkout-blue/50dc".to_owned())]);
    assert_eq!(metrics.from, Some(at(-540)));
    polled(&mut app, query, Ok(Payload::RolloutDetail(detail())), 0);
    insta::assert_snapshot!("detail_120", body(&app, 120, 30, 0));
    insta::assert_snapshot!("detail_80", body(&app, 80, 24, 0));
}

#[test]
fn the_dialog_at_both_sizes() {
    let app = app_with_dialog();
    insta::assert_snapshot!("dialog_120", body(&app, 120, 40, 1));
    let at_80 = screen(&app, 80, 24, 1);
    insta::assert_snapshot!("dialog_80", at_80);
    assert!(at_80.contains("stopType             = ROLLBACK"));
    assert!(at_80.contains("type  checkout  to roll back:"));
}

#[test]
fn every_size_draws_and_too_small_a_screen_arms_nothing() {
    for (width, height) in [(0, 0), (1, 1), (20, 5), (60, 15), (79, 16), (81, 23), (93, 60), (250, 70)] {
        let app = app_with_dialog();
        screen(&app, width, height, 1);
    }
    let mut app = app();
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift(), 1);
    screen(&app, 60, 9, 1);
    write(&mut app, "checkout", 1);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 1)).is_none());
}

#[test]
fn a_screen_made_too_small_disarms_the_dialog() {
    for (width, height) in [(50, 12), (60, 9), (40, 40), (200, 7)] {
        let mut app = app_with_dialog();
        write(&mut app, "checkou", 2);
        // Drawn too small: nothing that is typed then counts.
        screen(&app, width, height, 2);
        write(&mut app, "t", 2);
        assert!(sent_plan(&key(&mut app, KeyCode::Enter, 2)).is_none(), "{width}x{height}");
        // Back at a good size it does, and a resize alone disarms until something is drawn.
        screen(&app, 120, 40, 2);
        write(&mut app, "t", 2);
        app.handle(Msg::Input(Input::Resize(width, height)), now(2));
        assert!(sent_plan(&key(&mut app, KeyCode::Enter, 2)).is_none(), "{width}x{height}");
        screen(&app, 120, 40, 2);
        assert!(sent_plan(&key(&mut app, KeyCode::Enter, 2)).is_some(), "{width}x{height}");
    }
}

#[test]
fn notices_give_way_to_the_call_and_the_input_line() {
    let mut app = app_with_dialog();
    let mut further = shift();
    further.status = Status::new("ROLLBACK_REQUESTED");
    further.new.revision = format!("{REVISION}43");
    answer_dialog(&mut app, further, 6);
    let shown = screen(&app, 60, 15, 6);
    for part in ["ecs:StopServiceDeployment", "stopType", "more lines", "type  checkout  to roll back:"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    write(&mut app, "checkout", 7);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 7)).is_some());
}

#[test]
fn the_typed_name_sends_once_and_the_header_watches() {
    let mut app = app_with_dialog();
    write(&mut app, "checkout", 2);
    let shown = screen(&app, 120, 40, 2);
    assert!(shown.contains("Enter sends ecs:StopServiceDeployment"), "{shown}");
    let effects = key(&mut app, KeyCode::Enter, 2);
    let plan = sent_plan(&effects).expect("sent").clone();
    assert_eq!(plan.guard.deployment, DEPLOYMENT);
    assert_eq!(key(&mut app, KeyCode::Enter, 2), [], "a second Enter");

    let sent = SendResult::Sent { at: at(3), request_id: Some("8f3".into()), journal: journaled() };
    app.handle(
        Msg::OpDone(Box::new(OpOutcome::Rollback { plan: Box::new(plan), result: Box::new(sent) })),
        now(3),
    );
    assert!(app.ui.overlays.is_empty(), "nothing is modal after sending");
    // Quitting meanwhile is asked about, and declined here.
    app.ui.jumps.clear();
    assert_eq!(key(&mut app, KeyCode::Char('q'), 3), []);
    assert_eq!(app.ui.overlays.len(), 1);
    key(&mut app, KeyCode::Char('n'), 3);
    assert!(app.ui.overlays.is_empty());
    assert!(
        screen(&app, 120, 40, 3).contains("checkout rollback sent 04:00:03 · AWS took it, request id 8f3")
    );
    // The watch is read whatever is shown, and a second rollback of the same service is refused.
    key(&mut app, KeyCode::Char('3'), 3);
    let shifts = vec![ShiftRef::of(&shift())];
    assert_eq!(asked(&app, Topic::Shifts), Some(Query::Shifts(ShiftsQuery { shifts, caller: false })));
    key(&mut app, KeyCode::Char('2'), 3);
    key(&mut app, KeyCode::Char('R'), 3);
    assert!(app.ui.overlays.is_empty());

    let back = Rollout { status: Status::new("ROLLBACK_SUCCESSFUL"), ..shift() };
    let effects = answer_dialog(&mut app, back, 30);
    let [Effect::Run(op)] = effects.as_slice() else { panic!("{effects:?}") };
    let Op::Journal(entry) = op.as_ref() else { panic!("{op:?}") };
    assert!(matches!(&entry.step, Step::Ended { outcome, .. } if outcome == "done"));
    assert!(screen(&app, 120, 40, 31).contains("checkout rolled back 04:00:30"));
    assert_eq!(asked(&app, Topic::Shifts), None, "nothing left to watch");
    assert!(!screen(&app, 120, 40, 200).contains("rolled back 04:00:30"), "good news goes away");
}

#[test]
fn keys_before_the_plan_and_pastes_do_nothing() {
    let mut app = app();
    key(&mut app, KeyCode::Char('R'), 0);
    write(&mut app, "checkout", 0);
    answer_dialog(&mut app, shift(), 1);
    // Read, but not yet drawn.
    write(&mut app, "checkout", 1);
    screen(&app, 120, 40, 1);
    assert_eq!(key(&mut app, KeyCode::Enter, 1), []);
    app.handle(Msg::Input(Input::Paste("checkout".into())), now(1));
    assert_eq!(key(&mut app, KeyCode::Enter, 1), []);
    assert!(screen(&app, 120, 40, 1).contains("type the name"));
}

#[test]
fn reads_from_before_the_dialog_are_not_its_plan() {
    let mut app = app_with_dialog();
    key(&mut app, KeyCode::Esc, 2);
    assert!(app.ui.overlays.is_empty());
    key(&mut app, KeyCode::Char('R'), 60);
    assert!(screen(&app, 120, 40, 60).contains("reading the plan"));
    write(&mut app, "checkout", 60);
    assert_eq!(key(&mut app, KeyCode::Enter, 60), []);
}

#[test]
fn a_guarded_change_is_marked_and_progress_is_not() {
    let mut app = app_with_dialog();
    write(&mut app, "check", 2);
    let mut further = shift();
    further.new.weight = Some(100.0);
    answer_dialog(&mut app, further.clone(), 6);
    assert!(screen(&app, 120, 40, 6).contains("to roll back:  check "));
    further.status = Status::new("ROLLBACK_REQUESTED");
    answer_dialog(&mut app, further, 11);
    let shown = screen(&app, 120, 40, 11);
    assert!(shown.contains("status was in progress, is already rolling back"), "{shown}");
    assert!(!shown.contains("to roll back:  check "));
}

#[test]
fn expired_credentials_show_the_login_and_keep_what_was_typed() {
    let mut app = app_with_dialog();
    write(&mut app, "checkout", 2);
    let query = asked(&app, Topic::Shifts).unwrap();
    polled(&mut app, query, Err(error(ErrorClass::Expired)), 6);
    assert_eq!(key(&mut app, KeyCode::Enter, 6), []);
    assert!(screen(&app, 120, 40, 6).contains("aws sso login --profile prod"));
    answer_dialog(&mut app, shift(), 11);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 11)).is_some());
}

#[test]
fn a_write_role_gets_its_mfa_code_over_the_dialog() {
    let mut app = app_with_dialog();
    let needed = || Err(error(ErrorClass::MfaNeeded));
    answer_as(&mut app, shift(), needed(), 6);
    assert!(app.ui.overlays.len() == 2 && app.secret(), "the prompt lies over the dialog");
    answer_as(&mut app, shift(), needed(), 11);
    assert_eq!(app.ui.overlays.len(), 2, "asked once");
    write(&mut app, "123456", 12);
    let effects = key(&mut app, KeyCode::Enter, 12);
    let [Effect::Run(op)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(matches!(op.as_ref(), Op::GiveMfa { writes: true, .. }), "{op:?}");
    app.handle(Msg::OpDone(Box::new(OpOutcome::MfaGiven(prod()))), now(12));
    assert_eq!(app.ui.overlays.len(), 1, "what was read before the code asks for nothing");

    // A wrong code is asked for again; declined, the prompt comes back with Enter.
    answer_as(&mut app, shift(), needed(), 16);
    assert_eq!(app.ui.overlays.len(), 2);
    key(&mut app, KeyCode::Esc, 17);
    answer_as(&mut app, shift(), needed(), 21);
    assert_eq!(app.ui.overlays.len(), 1);
    screen(&app, 120, 40, 21);
    write(&mut app, "checkout", 21);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 21)).is_none());
    assert_eq!(app.ui.overlays.len(), 2);
    key(&mut app, KeyCode::Esc, 22);
    answer_dialog(&mut app, shift(), 26);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 26)).is_some());
}

#[test]
fn the_watch_is_read_as_often_as_the_dialog_and_does_not_hide_its_question() {
    let mut app = app_with_dialog();
    let other = Rollout { status: Status::new("ROLLBACK_IN_PROGRESS"), current: None, ..ended() };
    let sent = SendResult::Sent { at: at(2), request_id: None, journal: journaled() };
    app.store.rollbacks.answered(plan_of(&other), sent);
    let (mine, watched) = (ShiftRef::of(&shift()), ShiftRef::of(&other));
    let query = ShiftsQuery { shifts: vec![watched.clone(), mine.clone()], caller: true };
    assert_eq!(asked(&app, Topic::Shifts), Some(Query::Shifts(query.clone())));

    // Its own read failed, the other one's did not.
    let failed = vec![(mine, error(ErrorClass::Throttled))];
    let reads = Shifts { shifts: vec![other], failed, caller: Some(place().caller), no_writes: None };
    polled(&mut app, Query::Shifts(query), Ok(Payload::Shifts(reads)), 6);
    assert!(screen(&app, 120, 40, 6).contains("throttled"));

    key(&mut app, KeyCode::Esc, 7);
    let plan = app.plan(now(7));
    let want = plan.get(&PollKey::new(&prod(), Topic::Shifts)).unwrap();
    let query = Query::Shifts(ShiftsQuery { shifts: vec![watched], caller: false });
    assert_eq!((want.level, want.cadence, &want.query), (Level::Visible, Cadence::secs(5), &query));
}

#[test]
fn rollbacks_that_are_not_over_lead_the_header_and_none_is_dropped_silently() {
    let mut app = app();
    for (number, service) in ["done", "a", "b", "c"].into_iter().enumerate() {
        let named = Rollout {
            name: RolloutName::ecs(shift().name.place(), service),
            deployment: format!("{DEPLOYMENT}{number}"),
            ..shift()
        };
        let sent = SendResult::Sent { at: at(2), request_id: None, journal: journaled() };
        app.store.rollbacks.answered(plan_of(&named), sent);
        if service == "done" {
            let over = Rollout { status: Status::new("ROLLBACK_SUCCESSFUL"), ..named };
            let reads = Shifts { shifts: vec![over], failed: Vec::new(), caller: None, no_writes: None };
            app.store.rollbacks.read(&prod(), &reads, at(3));
        }
    }
    let expired = Err(error(ErrorClass::Expired));
    polled(&mut app, Query::Identity, expired, 4);
    for width in [80, 120] {
        let shown = screen(&app, width, 24, 4);
        let lines: Vec<&str> = shown.lines().skip(3).take(3).collect();
        for (line, service) in lines.iter().zip(["a", "b", "c"]) {
            assert!(line.contains(&format!(" {service} rollback sent")), "{shown}");
        }
        assert!(lines[2].ends_with("+2 more (!)"), "{shown}");
    }
}

#[test]
fn where_there_is_nothing_to_undo_a_line_says_why() {
    let refused = |session: SessionInfo, steps: &[KeyCode]| {
        let mut app = app_with(session);
        for step in steps {
            key(&mut app, *step, 0);
        }
        key(&mut app, KeyCode::Char('R'), 0);
        assert!(app.ui.overlays.is_empty());
        screen(&app, 120, 20, 0)
    };
    let read_only =
        SessionInfo { writes_refused: Some("target prod is read-only".into()), ..SessionInfo::default() };
    assert!(refused(read_only.clone(), &[]).contains("target prod is read-only"));
    let at_rest = [KeyCode::Char('.'), KeyCode::Char('G')];
    assert!(refused(SessionInfo::default(), &at_rest).contains("ECS knows no deployment of it"));
    // The verb is not listed either.
    assert!(!screen(&app_with(read_only), 120, 20, 0).contains("rollback"));
    assert!(screen(&app(), 120, 20, 0).contains("rollback"));
}
