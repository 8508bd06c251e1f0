//! The Traces screen as its users see it: keys and answers in, wants, commands and text out.

mod keys;

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
