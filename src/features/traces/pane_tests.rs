//! The Traces screen as its users see it: keys and answers in, wants, commands and text out.

use super::graph::Graph;
use super::list::{ListQuery, Summary, TraceList};
use super::model::{Http, Span, SpanDetail, Status, Trace};
use super::opened::{TraceLine, TraceLogs, TraceRead};
use super::tests::{NOW, at, counts, id, raw, summary};
use crate::app::{Action, App, Effect, Input, Keymap, Msg, Now, PollKey, Polled, Settings, Window};
use crate::aws::{ErrorClass, SourceError, TargetId, TargetSpec, Usage};
use crate::config::Config;
use crate::features::logs::model::Level;
use crate::features::session::SessionInfo;
use crate::features::{Link, Payload, Query, Store, Topic};
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use std::time::Duration;

fn now(seconds: i64) -> Now {
    Now { since_start: Duration::from_secs(1_000 + seconds as u64), wall: at(seconds) }
}

fn app(targets: &[&str]) -> App {
    let session = || SessionInfo { region: Some("eu-west-2".into()), ..SessionInfo::default() };
    let settings = Settings {
        config: Config::default(),
        keymap: Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    let store = Store::new(targets.iter().map(|name| (TargetSpec::named(name), session())));
    let mut app = App::new(store, settings, Zone::utc());
    app.act(Action::Screen6, now(0));
    app
}

fn asked(app: &App, target: &str, topic: Topic) -> Option<Query> {
    Some(app.plan(now(0)).get(&PollKey::new(&TargetId::new(target), topic))?.query.clone())
}

fn answer(app: &mut App, target: &str, query: Query, result: Result<Payload, SourceError>) {
    let key = PollKey::new(&TargetId::new(target), query.topic());
    let next_in = Some(Duration::from_mins(1));
    let polled = Polled { key, query, result, next_in, usage: Usage::default() };
    app.handle(Msg::Polled(Box::new(polled)), now(0));
}

fn listed(app: &mut App, traces: Vec<Summary>) {
    let Some(Query::Traces(query)) = asked(app, "prod", Topic::Traces) else { panic!("no list is wanted") };
    let list = list(query.clone(), traces);
    answer(app, "prod", Query::Traces(query), Ok(Payload::Traces(list)));
}

fn list(query: ListQuery, traces: Vec<Summary>) -> TraceList {
    TraceList {
        query,
        traces: Arc::new(traces),
        from: at(-3_600),
        to: at(-60),
        cut: false,
        pending: false,
        scanned: 1_204,
        dropped: 0,
    }
}

fn traces() -> Vec<Summary> {
    let mut traces: Vec<Summary> =
        (1..40).map(|n| summary(n * 61, 0.04 + 0.01 * (n % 7) as f64, Status::Ok)).collect();
    traces.push(Summary {
        cause: Some("orders: PoolExhausted".into()),
        annotations: vec![("customer_tier".into(), "gold".into()), ("side".into(), "new".into())],
        ..summary(90, 1.94, Status::Fault)
    });
    traces.push(Summary {
        code: Some(404),
        url: "https://shop.example/cart/9".into(),
        ..summary(200, 0.03, Status::Error)
    });
    traces.push(Summary { code: Some(429), partial: true, ..summary(300, 0.2, Status::Throttle) });
    traces.push(Summary {
        duration: None,
        method: String::new(),
        url: String::new(),
        code: None,
        entry: "receipts".into(),
        ..summary(400, 0.0, Status::Ok)
    });
    traces
}

fn graph() -> Graph {
    let nodes = vec![
        raw(0, "client", "client", counts(6_000, 0, 0, 80), &[(1, counts(6_000, 0, 0, 80))]),
        raw(
            1,
            "checkout",
            "AWS::ECS::Container",
            counts(5_900, 20, 0, 160),
            &[(2, counts(2_900, 0, 0, 90)), (3, counts(900, 0, 0, 0))],
        ),
        raw(2, "orders", "AWS::ECS::Container", counts(2_900, 0, 0, 90), &[(4, counts(2_000, 0, 90, 0))]),
        raw(3, "cart", "AWS::ECS::Container", counts(900, 0, 0, 0), &[]),
        raw(4, "orders-db", "Database::SQL", counts(2_000, 0, 90, 0), &[]),
        raw(5, "receipts", "AWS::Lambda::Function", counts(0, 0, 0, 0), &[]),
    ];
    Graph::merge(at(-3_600), at(0), &[nodes], false)
}

fn mapped(app: &mut App) {
    let query = asked(app, "prod", Topic::ServiceGraph).expect("a map is wanted");
    answer(app, "prod", query, Ok(Payload::ServiceGraph(Box::new(graph()))));
}

fn opened_trace() -> Trace {
    let span = |name: &str, depth: u16, parent, start: i64, end: i64, status| Span {
        id: format!("{depth:016x}"),
        name: name.into(),
        depth,
        parent,
        start: (NOW - 90) * 1_000_000 + start,
        end: Some((NOW - 90) * 1_000_000 + end),
        shown: ((NOW - 90) * 1_000_000 + start, (NOW - 90) * 1_000_000 + end),
        status,
        ..Span::default()
    };
    let mut root = span("checkout", 0, None, 0, 1_940_000, Status::Fault);
    root.origin = "AWS::ECS::Container".into();
    root.descendants = 2;
    root.http = Some(Http {
        method: "GET".into(),
        url: "https://shop.example/pay".into(),
        status: Some(502),
        ..Http::default()
    });
    root.detail =
        Some(Box::new(SpanDetail { log_groups: vec!["/ecs/checkout".into()], ..SpanDetail::default() }));
    let mut orders = span("orders", 1, Some(0), 100_000, 1_900_000, Status::Fault);
    orders.descendants = 1;
    let db = span("orders-db", 2, Some(1), 200_000, 1_700_000, Status::Fault);
    Trace {
        id: Some(id(90)),
        spans: vec![root, orders, db],
        start: (NOW - 90) * 1_000_000,
        end: (NOW - 90) * 1_000_000 + 1_940_000,
        first_fault: Some(2),
        ..Trace::default()
    }
}

fn read(app: &mut App, trace: Option<Trace>, unfinished: bool) {
    let query = asked(app, "prod", Topic::Trace).expect("a trace is wanted");
    let read = TraceRead { id: id(90), trace: trace.map(Arc::new), unfinished };
    answer(app, "prod", query, Ok(Payload::Trace(read)));
}

fn logged(app: &mut App) {
    let query = asked(app, "prod", Topic::TraceLogs).expect("its log lines are wanted");
    let Query::TraceLogs(wanted) = &query else { panic!("{query:?}") };
    let line = |ms: i64, level, message: &str| TraceLine {
        at: jiff::Timestamp::from_millisecond((NOW - 90) * 1_000 + ms).unwrap(),
        group: 0,
        level,
        message: message.into(),
    };
    let logs = TraceLogs {
        id: id(90),
        groups: wanted.groups.clone(),
        lines: vec![
            line(-20, Some(Level::Info), "GET /pay"),
            line(1_702, Some(Level::Error), "panic in handler: no connection available\n  at pool.rs:88"),
        ],
        notes: vec!["/ecs/orders: denied: logs:FilterLogEvents".into()],
    };
    answer(app, "prod", query, Ok(Payload::TraceLogs(logs)));
}

fn opened() -> App {
    let mut app = app(&["prod"]);
    listed(&mut app, traces());
    press(&mut app, KeyCode::Enter);
    read(&mut app, Some(opened_trace()), false);
    logged(&mut app);
    app
}

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.handle(Msg::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))), now(0))
}

fn typed(app: &mut App, text: &str) {
    for c in text.chars() {
        press(app, KeyCode::Char(c));
    }
}

fn draw(app: &App, width: u16, height: u16) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    app.render(&mut buf, now(0));
    let mut again = Buffer::empty(buf.area);
    app.render(&mut again, now(0));
    assert_eq!(buf, again, "drawing twice is the same");
    lines(&buf)
}

/// The buffer as text, without spaces at the ends of lines.
fn lines(buf: &Buffer) -> String {
    let rows = buf.content().chunks(usize::from(buf.area.width.max(1)));
    let rows = rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
    rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn shows(app: &App, text: &str) {
    let screen = draw(app, 120, 40);
    assert!(screen.contains(text), "no `{text}` in\n{screen}");
}

fn copied(effects: &[Effect]) -> &str {
    match effects {
        [Effect::Copy(text)] => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn screens() {
    let mut app = app(&["prod"]);
    mapped(&mut app);
    listed(&mut app, traces());
    for (width, height) in [(120, 40), (80, 24), (60, 15)] {
        insta::assert_snapshot!(format!("list_{width}x{height}"), draw(&app, width, height));
    }
    press(&mut app, KeyCode::Tab);
    for (width, height) in [(120, 40), (80, 24), (60, 15)] {
        insta::assert_snapshot!(format!("services_{width}x{height}"), draw(&app, width, height));
    }
}

#[test]
fn an_opened_trace() {
    let app = opened();
    for (width, height) in [(120, 40), (80, 24), (60, 15)] {
        insta::assert_snapshot!(format!("trace_{width}x{height}"), draw(&app, width, height));
    }
}

#[test]
fn any_size_is_drawn() {
    let mut list = app(&["prod", "stage"]);
    listed(&mut list, traces());
    let mut services = app(&["prod", "stage"]);
    mapped(&mut services);
    press(&mut services, KeyCode::Tab);
    let mut waiting = app(&["prod"]);
    waiting.goto(&Link::Traces(super::Place::of_trace(None, id(90))), now(0));
    for app in [&list, &services, &opened(), &waiting] {
        for width in (0..140).step_by(7) {
            for height in 0..50 {
                let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                app.panes[app.ui.pane].render(buf.area, &mut buf, &app.ctx(now(0)));
            }
        }
    }
}

#[test]
fn a_filter_is_asked_for_and_can_be_taken_back() {
    let mut app = app(&["prod"]);
    let expression = |app: &App| match asked(app, "prod", Topic::Traces) {
        Some(Query::Traces(query)) => query.expression,
        other => panic!("{other:?}"),
    };
    listed(&mut app, traces());
    shows(&app, "43 traces");
    press(&mut app, KeyCode::Char('.'));
    assert_eq!(expression(&app), "fault OR error OR throttle");
    shows(&app, "waiting for the first answer");
    press(&mut app, KeyCode::Char('/'));
    typed(&mut app, "duration > 1");
    press(&mut app, KeyCode::Enter);
    assert_eq!(expression(&app), "(fault OR error OR throttle) AND (duration > 1)");
    press(&mut app, KeyCode::Char('['));
    assert_eq!(expression(&app), "fault OR error OR throttle");
    press(&mut app, KeyCode::Char('['));
    assert_eq!(expression(&app), "");
    shows(&app, "43 traces");
    press(&mut app, KeyCode::Char(']'));
    press(&mut app, KeyCode::Char(']'));
    press(&mut app, KeyCode::Char(']'));
    assert_eq!(expression(&app), "(fault OR error OR throttle) AND (duration > 1)");
    press(&mut app, KeyCode::Esc);
    assert_eq!(expression(&app), "", "Esc shows all");
}

#[test]
fn the_menu_limits_to_kinds_and_services() {
    let mut app = app(&["prod"]);
    mapped(&mut app);
    press(&mut app, KeyCode::Char('a'));
    shows(&app, "90 faults of 2 990 traced");
    typed(&mut app, "orders");
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Char('a'));
    typed(&mut app, "slow");
    press(&mut app, KeyCode::Enter);
    let Some(Query::Traces(query)) = asked(&app, "prod", Topic::Traces) else { panic!() };
    assert_eq!(query.expression, r#"service("orders") { responsetime > 1 }"#);
}

#[test]
fn a_refused_expression_is_told_under_the_line() {
    let mut app = app(&["prod"]);
    let query = asked(&app, "prod", Topic::Traces).unwrap();
    let message = "Invalid filter expression: unexpected `)`";
    let error = SourceError::new(ErrorClass::Invalid, "xray:GetTraceSummaries", message);
    answer(&mut app, "prod", query, Err(error));
    shows(&app, message);
    shows(&app, "not read");
}

#[test]
fn empty_lists_say_why_and_what_next() {
    let mut app = app(&["prod"]);
    listed(&mut app, Vec::new());
    shows(&app, "no traces");
    shows(&app, "one request a second");
    press(&mut app, KeyCode::Char('.'));
    listed(&mut app, Vec::new());
    shows(&app, "no trace matches");
    shows(&app, "1 204 were looked at");
    let query = asked(&app, "prod", Topic::Traces).unwrap();
    let Query::Traces(wanted) = &query else { panic!() };
    let cut = TraceList { cut: true, from: at(-600), ..list(wanted.clone(), traces()) };
    answer(&mut app, "prod", query, Ok(Payload::Traces(cut)));
    shows(&app, "read back to");
}

#[test]
fn services_lead_to_their_traces() {
    let mut app = app(&["prod"]);
    mapped(&mut app);
    press(&mut app, KeyCode::Tab);
    shows(&app, "FAULT 2.6 %");
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    let Some(Query::Traces(query)) = asked(&app, "prod", Topic::Traces) else { panic!() };
    assert_eq!(query.expression, r#"service("orders")"#, "both fail, checkout has more requests");
    shows(&app, r#"service("orders")"#);
}

#[test]
fn failing_services_stand_on_the_tab() {
    let mut app = app(&["prod"]);
    mapped(&mut app);
    app.act(Action::Screen1, now(0));
    shows(&app, "6 Traces ●2");
}

#[test]
fn an_opened_trace_leads_to_its_log_lines() {
    let mut app = opened();
    assert!(asked(&app, "prod", Topic::Traces).is_none(), "the list under it is not polled");
    shows(&app, "denied: logs:FilterLogEvents");
    assert_eq!(copied(&press(&mut app, KeyCode::Char('y'))), id(90).xray());
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Down);
    assert!(copied(&press(&mut app, KeyCode::Char('y'))).starts_with("panic in handler"));
    press(&mut app, KeyCode::Enter);
    let Link::Logs { groups, at: Some(moment), .. } = app.panes[app.ui.pane].here() else {
        panic!("not in Logs")
    };
    assert_eq!(
        (groups.as_slice(), moment.as_millisecond()),
        (&["/ecs/checkout".to_owned()][..], (NOW - 90) * 1_000 + 1_702)
    );
    press(&mut app, KeyCode::Esc);
    shows(&app, "panic in handler");
    press(&mut app, KeyCode::Char('l'));
    let Link::Logs { filter, .. } = app.panes[app.ui.pane].here() else { panic!("not in Logs") };
    assert!(filter.contains(&id(90).xray()), "{filter}");
}

#[test]
fn the_log_lines_of_an_old_trace_move_the_window() {
    let mut app = opened();
    app.run_commands(vec![crate::app::Command::Window(Window::Live { secs: 60 })], now(0));
    press(&mut app, KeyCode::Char('l'));
    assert_eq!(app.ui.window, Window::pinned_before(at(-90)));
}

#[test]
fn traces_are_read_again_only_while_something_is_missing() {
    let mut app = app(&["prod"]);
    app.goto(&Link::Traces(super::Place::of_trace(None, id(90))), now(0));
    let cadence = |app: &App| {
        app.plan(now(0)).get(&PollKey::new(&TargetId::new("prod"), Topic::Trace)).map(|want| want.cadence)
    };
    assert_eq!(cadence(&app), Some(crate::app::Cadence::secs(10)));
    read(&mut app, None, true);
    shows(&app, "X-Ray has no trace");
    shows(&app, "asked again every 10 s");
    assert_eq!(cadence(&app), Some(crate::app::Cadence::secs(10)));
    read(&mut app, Some(opened_trace()), false);
    assert_eq!(cadence(&app), Some(crate::app::Cadence::Once));
    press(&mut app, KeyCode::Esc);
    assert_eq!(cadence(&app), None);
}

#[test]
fn the_neighbours_of_a_trace_are_a_key_away() {
    let mut app = opened();
    press(&mut app, KeyCode::Char(']'));
    let Some(Query::Trace(query)) = asked(&app, "prod", Topic::Trace) else { panic!() };
    assert_eq!(query.id, id(300), "the throttled one comes after the fault");
    press(&mut app, KeyCode::Char('['));
    press(&mut app, KeyCode::Char('['));
    shows(&app, "no other trace of the list that way");
}

#[test]
fn hostile_text_stays_text() {
    let mut app = app(&["prod"]);
    let wide = "名".repeat(500);
    let hostile = Summary {
        url: wide.clone(),
        entry: wide.clone(),
        cause: Some(wide),
        ..summary(90, 1e300, Status::Fault)
    };
    listed(&mut app, vec![hostile]);
    for width in [60, 80, 120] {
        draw(&app, width, 24);
    }
}
