//! The screen and the dialog through the real core: keys and answers in, cells and effects out.

mod dialog;

use super::*;
use crate::app::{App, Cadence, Effect, Input, Level, Msg, Now, PollKey, PollPlan, Polled, Settings};
use crate::aws::{TargetSpec, Usage};
use crate::config::Config;
use crate::features::rollouts::RolloutsQuery;
use crate::features::rollouts::journal::Step;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::span::Start;
use crate::features::rollouts::wire::{
    RolloutDetail, RolloutList, ServiceSummary, ShiftRef, Shifts, ShiftsQuery, Sides,
};
use crate::features::session::SessionInfo;
use crate::features::{Op, OpOutcome, Payload, Query, Store, Topic};
use crate::service::{Forward, Inventory};
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
    polled(&mut app, Query::Rollouts(RolloutsQuery::default()), Ok(Payload::Rollouts(list())), 0);
    discovered(&mut app, Inventory::default());
    app
}

/// What discovery has found.
fn discovered(app: &mut App, inventory: Inventory) {
    let query = asked(app, Topic::Inventory).expect("it is asked for whatever is shown");
    polled(app, query, Ok(Payload::Inventory(Box::new(inventory))), 0);
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
    shift.old.iter_mut().for_each(|old| old.tasks = Some(Tasks::default()));
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
        ..RolloutList::default()
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

/// A console with this shift alone in flight, opened.
pub fn opened(shift: &Rollout) -> App {
    let mut app = app();
    let list = RolloutList { shifts: vec![shift.clone()], ..list() };
    polled(&mut app, Query::Rollouts(RolloutsQuery::default()), Ok(Payload::Rollouts(list)), 0);
    key(&mut app, KeyCode::Enter, 0);
    app
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
    assert_eq!(metrics.start, Start::Told(at(-540)));
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
fn where_there_is_nothing_to_undo_a_line_says_why() {
    let mut app = app_with(SessionInfo::default());
    for step in [KeyCode::Char('.'), KeyCode::Char('G'), KeyCode::Char('R')] {
        key(&mut app, step, 0);
    }
    assert!(app.ui.overlays.is_empty());
    assert!(screen(&app, 120, 20, 0).contains("ECS knows no deployment of it"));
}

fn read_only() -> SessionInfo {
    SessionInfo { writes_refused: Some("target prod is read-only".into()), ..SessionInfo::default() }
}

#[test]
fn a_target_that_takes_no_writes_does_not_list_the_verb() {
    assert!(!screen(&app_with(read_only()), 120, 20, 0).contains("rollback"));
    let mut app = app();
    assert!(screen(&app, 120, 20, 0).contains("rollback"));
    // What can be done on this screen leads the help, so that it is seen on a small one.
    key(&mut app, KeyCode::Char('?'), 0);
    let shown = screen(&app, 80, 24, 0);
    let row = |text: &str| shown.lines().position(|line| line.contains(text));
    assert!(row("Here").is_some() && row("Here") < row(crate::app::Action::Rollback.info().doc), "{shown}");
    assert!(row("Next row").is_none_or(|moves| row("rollback dialog").unwrap() < moves), "{shown}");
}

#[test]
fn what_was_not_read_yet_is_no_0() {
    let mut app = app();
    let answer = |app: &mut App, list: RolloutList| {
        let query = asked(app, Topic::Rollouts).expect("the list is asked for");
        polled(app, query, Ok(Payload::Rollouts(list)), 0);
        body(app, 120, 20, 0)
    };
    let empty = || RolloutList { shifts: Vec::new(), recent: Arc::default(), ..list() };
    let none = "no shift in flight and none within a day";
    let shown = answer(&mut app, empty());
    assert!(shown.contains(&format!(" {none} · . shows all")) && !shown.contains("not read yet"), "{shown}");
    // Parts of AWS that were not looked at yet.
    discovered(&mut app, Inventory { unread_parts: 1, ..Inventory::default() });
    let pending = RolloutList { pending: vec!["Lambda aliases".into()], ..empty() };
    let shown = answer(&mut app, pending.clone());
    let what = "◌ Lambda aliases and load balancers not read yet";
    assert!(shown.contains(&format!("0 in flight · 3 services · {what}")), "{shown}");
    assert!(shown.contains(&format!(" {what}; nothing else within a day")), "{shown}");
    assert!(!shown.contains(none), "{shown}");
    let key = PollKey::new(&prod(), Topic::Rollouts);
    let soon = app.plan(now(0)).get(&key).map(|want| want.cadence);
    assert_eq!(soon, Some(Cadence::secs(1)), "the rest is read at once");
    // Discovery has found a rule that divides, and the list has not looked at it.
    let rule =
        "arn:aws:elasticloadbalancing:eu-west-2:111122223333:listener-rule/app/shop-web/50dc/f2f7/9683";
    let forwards = vec![Forward { at: vec![rule.into()], groups: Vec::new() }];
    discovered(&mut app, Inventory { forwards, ..Inventory::default() });
    let shown = body(&app, 120, 20, 0);
    assert!(shown.contains("◌ Lambda aliases and load balancers not read yet"), "{shown}");
    let shown = answer(&mut app, RolloutList { forwards: Arc::new(vec![rule.into()]), ..empty() });
    assert!(!shown.contains("not read yet"), "{shown}");
}
