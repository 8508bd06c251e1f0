//! The Dashboards screen as its users see it: keys and answers in, wants, effects and text out.

mod reading;

use super::*;
use crate::app::{Action, App, Cadence, Effect, Input, Keymap, Msg, Now, PollKey, Polled, Settings, Window};
use crate::aws::{ErrorClass, SourceError, TargetId, TargetSpec, Usage};
use crate::config::Config;
use crate::features::alarms::{AlarmList, AlarmState};
use crate::features::metrics::Series;
use crate::features::session::SessionInfo;
use crate::features::{Link, Payload, Query, Store, Topic};
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use jiff::Timestamp;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// 2026-11-22T04:20:30Z.
const NOW: i64 = 1_795_321_230;

fn now(secs: u64) -> Now {
    let wall = Timestamp::from_second(NOW + secs as i64).unwrap();
    Now { since_start: Duration::from_secs(100 + secs), wall }
}

fn prod() -> TargetId {
    TargetId::new("prod")
}

fn chart(title: &str, x: u16, y: u16) -> Value {
    json!({"type": "metric", "x": x, "y": y, "width": 12, "height": 6, "properties": {
        "title": title, "region": "eu-west-2", "period": 60, "stat": "Sum",
        "metrics": [["AWS/Lambda", "Invocations", "FunctionName", "pay"], [".", "Errors", ".", "."]]}})
}

/// Thirty charts in two columns under a text with two links.
fn body() -> String {
    let text = "# Shop\n[other](#dashboards:name=my%20other) [wiki](https://wiki/run)";
    let mut widgets = vec![json!({"type": "text", "x": 0, "y": 0, "width": 24, "height": 2,
        "properties": {"markdown": text}})];
    let place = |index: u16| (index % 2 * 12, index / 2 * 6 + 2);
    widgets.extend((0..30).map(|index| chart(&format!("chart {index}"), place(index).0, place(index).1)));
    json!({"start": "-PT3H", "widgets": widgets}).to_string()
}

fn local(name: &str, body: &str) -> LocalDashboard {
    let name = Name::file(name);
    LocalDashboard {
        path: format!("/tmp/{}.json", name.name),
        found: Found { name: name.clone(), dashboard: parse(name, body) },
        about: BTreeSet::new(),
    }
}

fn app() -> App {
    let targets =
        [(TargetSpec::named("prod"), SessionInfo { region: Some("eu-west-2".into()), ..Default::default() })];
    let settings = Settings {
        config: Config::default(),
        keymap: Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    let mut app = App::new(Store::new(targets), settings, Zone::utc());
    app.store.local_dashboards = vec![local("shop", &body()), local("broken", "{\"widgets\": [")];
    app.act(Action::Screen4, now(0));
    draw(&app, 120, 40);
    app
}

fn listed(name: &str, written: i64) -> Listed {
    let modified = Timestamp::from_second(NOW - written).ok();
    Listed { name: name.into(), modified, bytes: Some(2_048), about: None }
}

/// Takes an answer to what the plan asks of a topic now.
fn answer(app: &mut App, topic: Topic, payload: Payload) {
    answered(app, topic, Ok(payload));
}

fn answered(app: &mut App, topic: Topic, result: Result<Payload, SourceError>) {
    let query = asked(app, topic).expect("it is asked for");
    let key = PollKey::new(&prod(), topic);
    let polled =
        Polled { key, query, result, next_in: Some(Duration::from_mins(1)), usage: Usage::default() };
    app.handle(Msg::Polled(Box::new(polled)), now(0));
}

fn asked(app: &App, topic: Topic) -> Option<Query> {
    Some(app.plan(now(0)).get(&PollKey::new(&prod(), topic))?.query.clone())
}

/// The widgets that metrics are asked for.
fn wanted(app: &App) -> Vec<usize> {
    let Some(Query::DashboardData(query)) = asked(app, Topic::DashboardData) else { return Vec::new() };
    let draws = query.asks.iter().flat_map(|ask| &ask.draws).flat_map(|draw| &draw.rows);
    let mut widgets: Vec<usize> = draws.map(|row| row.key.widget).collect();
    widgets.sort_unstable();
    widgets.dedup();
    widgets
}

/// A value for each minute and row: the widget's index and the minute.
fn data(app: &mut App, name: &Name, widgets: std::ops::Range<usize>) {
    let points = |widget: usize| {
        let minute = |minute: i64| {
            let at = Timestamp::from_second(NOW / 60 * 60 - 60 * minute).unwrap();
            (at, widget as f64 * 100.0 + minute as f64)
        };
        (0..=60).rev().map(minute).collect()
    };
    let row = |widget: usize, row: usize| RowData {
        key: RowKey { widget, row },
        series: vec![Series {
            id: "q".into(),
            label: ["Invocations", "Errors"][row].into(),
            period: 60,
            points: points(widget),
            status: "Complete".into(),
            note: None,
        }],
        problem: None,
    };
    let rows = widgets.flat_map(|widget| [row(widget, 0), row(widget, 1)]).collect();
    let data = DashboardData { dashboard: name.clone(), window: Window::default(), rows, calls: 1 };
    answer(app, Topic::DashboardData, Payload::DashboardData(Box::new(data)));
}

fn key(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.handle(Msg::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))), now(1))
}

fn keys(app: &mut App, keys: &str) {
    for c in keys.chars() {
        key(app, KeyCode::Char(c));
        draw(app, 120, 40);
    }
}

fn draw(app: &App, width: u16, height: u16) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    app.render(&mut buf, now(1));
    let once = buf.clone();
    app.render(&mut buf, now(1));
    assert_eq!(once, buf, "drawing twice gives the same buffer");
    let rows = buf.content().chunks(usize::from(width.max(1)));
    let rows = rows.map(|row| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

/// The app with the local dashboard opened and data for its first widgets.
fn opened() -> App {
    let mut app = app();
    keys(&mut app, "g");
    key(&mut app, KeyCode::Down);
    key(&mut app, KeyCode::Enter);
    draw(&app, 120, 40);
    data(&mut app, &Name::file("shop"), 1..9);
    app
}

#[test]
fn the_list_has_files_first() {
    let mut app = app();
    assert!(
        draw(&app, 120, 40).contains("waiting for the first answer") || draw(&app, 120, 40).contains("shop")
    );
    let list = DashboardList {
        dashboards: vec![listed("zebra", 60), listed("accounts", 7_200)],
        ..DashboardList::default()
    };
    answer(&mut app, Topic::Dashboards, Payload::Dashboards(list));
    for (name, width, height) in [("list_120", 120, 40), ("list_80", 80, 24), ("list_60", 60, 15)] {
        assert_snapshot!(name, draw(&app, width, height).lines().take(10).collect::<Vec<_>>().join("\n"));
    }
    keys(&mut app, "s");
    let drawn = draw(&app, 120, 40);
    assert!(drawn.find("zebra") < drawn.find("accounts"), "{drawn}");
    keys(&mut app, "/zeb");
    assert!(!draw(&app, 120, 40).contains("accounts"));
    key(&mut app, KeyCode::Enter);
    keys(&mut app, "g");
    key(&mut app, KeyCode::Enter);
    assert_eq!(asked(&app, Topic::Dashboard), Some(Query::Dashboard("zebra".into())));
    assert_eq!(asked(&app, Topic::Dashboards), None, "only what is looked at is read");
    assert!(draw(&app, 120, 40).contains("reading the dashboard"));
    let name = Name::account("zebra");
    let found = Found { name: name.clone(), dashboard: parse(name, &body()) };
    answer(&mut app, Topic::Dashboard, Payload::Dashboard(Box::new(found)));
    assert!(draw(&app, 120, 40).contains("31 widgets"));
}

#[test]
fn an_opened_dashboard_at_several_sizes() {
    let app = opened();
    for (name, width, height) in [("board_120", 120, 40), ("board_80", 80, 24), ("board_60", 60, 15)] {
        assert_snapshot!(name, draw(&app, width, height));
    }
    for width in (0..90).step_by(7) {
        for height in (0..24).step_by(3) {
            draw(&app, width, height);
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let mut app = app();
    assert!(draw(&app, 120, 40).contains("broken"));
    keys(&mut app, "g");
    key(&mut app, KeyCode::Enter);
    let drawn = draw(&app, 120, 40);
    assert!(drawn.contains("cannot be read") && !drawn.contains("first read"), "{drawn}");
    key(&mut app, KeyCode::Esc);
    assert!(draw(&app, 120, 40).contains("DASHBOARDS"));
}

#[test]
fn only_what_is_near_the_screen_is_asked_for() {
    let mut app = opened();
    let first = wanted(&app);
    assert_eq!(first.first(), Some(&1));
    assert!((6..14).contains(&first.len()), "{first:?}");
    keys(&mut app, "j");
    assert_eq!(wanted(&app), first, "a small step is no other question");
    keys(&mut app, "G");
    let last = wanted(&app);
    assert!(last.contains(&30) && !last.contains(&1), "{last:?}");
    assert!(draw(&app, 120, 40).contains("chart 29"));
    key(&mut app, KeyCode::Enter);
    draw(&app, 120, 40);
    assert_eq!(wanted(&app).len(), 1, "a zoomed widget is alone");
    app.act(Action::Screen3, now(0));
    assert_eq!(asked(&app, Topic::DashboardData), None);
}

#[test]
fn focus_zoom_and_back() {
    let mut app = opened();
    assert!(draw(&app, 120, 40).contains("▌Shop"), "what keys work on is marked from the start");
    key(&mut app, KeyCode::Tab);
    key(&mut app, KeyCode::Tab);
    assert!(draw(&app, 120, 40).contains("▌chart 1"));
    key(&mut app, KeyCode::Enter);
    for (name, width, height) in [("zoom_120", 120, 40), ("zoom_80", 80, 24), ("zoom_60", 60, 15)] {
        assert_snapshot!(name, draw(&app, width, height));
    }
    key(&mut app, KeyCode::Tab);
    assert!(draw(&app, 120, 40).contains("chart 2"), "Tab goes on to the next widget");
    key(&mut app, KeyCode::BackTab);
    key(&mut app, KeyCode::Esc);
    assert!(draw(&app, 120, 40).contains("▌chart 1"));
    key(&mut app, KeyCode::Esc);
    assert!(draw(&app, 120, 40).contains("DASHBOARDS"));
    key(&mut app, KeyCode::Enter);
    assert!(draw(&app, 120, 40).contains("▌chart 1"), "the place is remembered");
}

#[test]
fn a_link_focuses_a_widget_and_a_frozen_window_is_read_once() {
    let mut app = app();
    let dashboard = Some(Key { target: prod(), name: Name::file("shop") });
    app.goto(&Link::Dashboards { dashboard, open: true, widget: Some(30), about: None }, now(0));
    draw(&app, 120, 40);
    app.act(Action::Earlier, now(0));
    let plan = app.plan(now(0));
    let want = plan.get(&PollKey::new(&prod(), Topic::DashboardData)).unwrap();
    assert_eq!(want.cadence, Cadence::Once);
}

#[test]
fn what_could_not_be_read_is_not_being_read() {
    let mut app = app();
    key(&mut app, KeyCode::Down);
    key(&mut app, KeyCode::Enter);
    assert!(draw(&app, 120, 40).contains("◌ reading"));
    let denied = || SourceError::new(ErrorClass::Denied, "cloudwatch:GetMetricData", "no");
    answered(&mut app, Topic::DashboardData, Err(denied()));
    let drawn = draw(&app, 120, 40);
    assert!(drawn.contains("– not read") && !drawn.contains("reading"), "{drawn}");
    assert!(drawn.contains("denied: cloudwatch:GetMetricData"));
    let dashboard = Some(Key { target: prod(), name: Name::account("gone") });
    app.goto(&Link::Dashboards { dashboard, open: true, widget: None, about: None }, now(0));
    answered(&mut app, Topic::Dashboard, Err(denied()));
    let drawn = draw(&app, 120, 40);
    assert!(drawn.contains("– the dashboard not read") && !drawn.contains("crosshair"), "{drawn}");
}

#[test]
fn live_is_first_what_a_dashboard_was_made_for() {
    let mut app = opened();
    assert!(draw(&app, 120, 40).contains("made for 3h (0)"));
    keys(&mut app, "0");
    let drawn = draw(&app, 120, 40);
    assert!(drawn.contains("LIVE 3h") && !drawn.contains("made for"), "{drawn}");
    keys(&mut app, "0");
    assert!(draw(&app, 120, 40).contains("LIVE 1h"));
    for (range, said, window) in [
        (json!({"start": "-P30D"}), "made for 30d · ", "LIVE 1h"),
        (json!({"start": "2026-11-21T00:00:00Z", "end": "2026-11-21T06:00:00Z"}), "(0)", "FROZEN"),
        (json!({"start": "2026-11-22T00:00:00Z"}), "(0)", "PINNED"),
        (json!({"start": "-PT1H"}), "", "LIVE 1h"),
    ] {
        let mut body: Value = serde_json::from_str(&body()).unwrap();
        body.as_object_mut().unwrap().remove("start");
        body.as_object_mut().unwrap().extend(range.as_object().unwrap().clone());
        app.store.local_dashboards = vec![local("shop", &body.to_string())];
        let drawn = draw(&app, 120, 40);
        assert!(drawn.contains(said) && drawn.contains("made for") != said.is_empty(), "{range}\n{drawn}");
        keys(&mut app, "0");
        assert!(draw(&app, 120, 40).contains(window), "{range}\n{}", draw(&app, 120, 40));
        app.act(Action::Screen1, now(0));
        app.act(Action::Live, now(0));
        app.act(Action::Screen4, now(0));
    }
}
