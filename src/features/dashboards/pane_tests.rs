//! The Dashboards screen as its users see it: keys and answers in, wants, effects and text out.

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
fn the_crosshair_reads_the_points_of_all_charts() {
    let mut app = opened();
    key(&mut app, KeyCode::Left);
    let drawn = draw(&app, 120, 40);
    // The minute before the one that is filling: 04:19, one minute back.
    assert_eq!(drawn.matches("04:19  a Invocations").count(), 4, "{drawn}");
    for value in ["101", "201", "301"] {
        assert!(drawn.contains(&format!("a Invocations  {value}")), "{value}\n{drawn}");
    }
    key(&mut app, KeyCode::Left);
    assert!(draw(&app, 120, 40).contains("04:18  a Invocations  102"));
    key(&mut app, KeyCode::Right);
    key(&mut app, KeyCode::Right);
    assert!(!draw(&app, 120, 40).contains("04:20  a"), "the filling minute is not read");
    key(&mut app, KeyCode::Left);
    key(&mut app, KeyCode::Esc);
    let drawn = draw(&app, 120, 40);
    assert!(!drawn.contains("04:19  a") && drawn.contains("31 widgets"), "Esc takes the crosshair first");
}

#[test]
fn the_crosshair_starts_where_values_are() {
    let mut app = opened();
    let mut data = app.store.target(&prod()).unwrap().dashboard_data.clone().unwrap();
    for series in data.rows.iter_mut().flat_map(|row| &mut row.series) {
        series.points.truncate(series.points.len() - 3);
    }
    answer(&mut app, Topic::DashboardData, Payload::DashboardData(Box::new(data)));
    key(&mut app, KeyCode::Left);
    assert!(draw(&app, 120, 40).contains("04:17  a Invocations  103"), "{}", draw(&app, 120, 40));
}

#[test]
fn series_are_switched_off_and_on() {
    let mut app = opened();
    key(&mut app, KeyCode::Tab);
    key(&mut app, KeyCode::Enter);
    let visible = |app: &App| {
        let drawn = draw(app, 120, 40);
        ["Invocations", "Errors"]
            .map(|name| drawn.lines().any(|line| line.contains(&format!(" {name} ")) && line.contains("101")))
    };
    assert_eq!(visible(&app), [true, true]);
    keys(&mut app, "j ");
    assert_eq!(visible(&app), [true, false]);
    keys(&mut app, ".");
    assert_eq!(visible(&app), [true, true], "all are shown again");
    keys(&mut app, ".");
    assert_eq!(visible(&app), [false, true], "only the chosen one");
}

#[test]
fn links_of_a_text_lead_on() {
    let mut app = opened();
    key(&mut app, KeyCode::Enter);
    draw(&app, 120, 40);
    keys(&mut app, "j");
    let effects = key(&mut app, KeyCode::Enter);
    assert!(effects.contains(&Effect::Copy("https://wiki/run".into())), "{effects:?}");
    keys(&mut app, "k");
    key(&mut app, KeyCode::Enter);
    assert_eq!(asked(&app, Topic::Dashboard), Some(Query::Dashboard("my other".into())));
    key(&mut app, KeyCode::Esc);
    let drawn = draw(&app, 120, 40);
    assert!(drawn.contains("wiki") && !drawn.contains("chart"), "back to the zoomed text\n{drawn}");
}

#[test]
fn a_widget_is_found_by_its_title() {
    let mut app = opened();
    keys(&mut app, "/chart 27");
    key(&mut app, KeyCode::Enter);
    assert!(draw(&app, 120, 40).contains("▌chart 27"));
    keys(&mut app, "/chart 2");
    key(&mut app, KeyCode::Enter);
    keys(&mut app, "n");
    assert!(draw(&app, 120, 40).contains("▌chart 28"), "{}", draw(&app, 120, 40));
}

#[test]
fn values_are_copied_with_where_they_come_from() {
    let mut app = opened();
    key(&mut app, KeyCode::Tab);
    let effects = key(&mut app, KeyCode::Char('y'));
    let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(text.lines().next(), Some("Invocations  101  AWS/Lambda Invocations Sum {FunctionName=pay}"));
    let effects = key(&mut app, KeyCode::Char('o'));
    assert!(effects.is_empty(), "a file has no address");
    let effects = key(&mut app, KeyCode::Char('x'));
    let [Effect::Run(op)] = effects.as_slice() else { panic!("{effects:?}") };
    let crate::features::Op::Export { content, .. } = op.as_ref() else { panic!("{op:?}") };
    let content: Value = serde_json::from_str(content).unwrap();
    assert_eq!(content["widgets_drawn"], 31);
    assert_eq!(content["widgets"][1]["series"][0]["points"].as_array().unwrap().len(), 61);
}

#[test]
fn alarms_on_a_board_are_opened() {
    let mut app = app();
    let body = json!({"widgets": [{"type": "alarm", "width": 12, "height": 4, "properties": {
        "alarms": ["arn:aws:cloudwatch:eu-west-2:111122223333:alarm:a", "arn:aws:cloudwatch:eu-west-2:111122223333:alarm:b"]}}]});
    app.store.local_dashboards = vec![local("alarms", &body.to_string())];
    let alarm = |name: &str, state| view::tests::alarm(name, state, 7);
    let alarms = vec![alarm("a", AlarmState::Ok).into(), alarm("b", AlarmState::Alarm).into()];
    answer(&mut app, Topic::Alarms, Payload::Alarms(AlarmList { alarms, ..AlarmList::default() }));
    key(&mut app, KeyCode::Enter);
    assert!(draw(&app, 120, 40).contains("1 in ALARM · 1 OK"));
    key(&mut app, KeyCode::Enter);
    keys(&mut app, "j");
    key(&mut app, KeyCode::Enter);
    let drawn = draw(&app, 120, 40);
    assert!(asked(&app, Topic::AlarmDetail).is_some(), "{drawn}");
    key(&mut app, KeyCode::Esc);
    key(&mut app, KeyCode::Esc);
    assert!(draw(&app, 120, 40).contains("1 in ALARM"), "and back to the board");
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

#[test]
fn a_query_leads_to_the_logs_that_it_reads() {
    let log = |region: &str| {
        json!({"type": "log", "width": 24, "height": 4, "properties": {
        "title": region, "region": region, "query": "SOURCE '/ecs/pay' | fields @message"}})
    };
    let mut app = app();
    let body = json!({"widgets": [log("eu-west-2"), log("us-east-1")]});
    app.store.local_dashboards = vec![local("logs", &body.to_string())];
    key(&mut app, KeyCode::Enter);
    key(&mut app, KeyCode::Tab);
    keys(&mut app, "l");
    assert!(draw(&app, 120, 40).contains("these logs are in us-east-1"), "{}", draw(&app, 120, 40));
    key(&mut app, KeyCode::BackTab);
    keys(&mut app, "l");
    let drawn = draw(&app, 120, 40);
    assert!(drawn.contains("/ecs/pay") && !drawn.contains("Logs Insights"), "{drawn}");
}

#[test]
fn a_table_moves_sideways_and_never_past_its_end() {
    let mut app = app();
    let rows: Vec<Value> = (0..2).map(|row| json!(["AWS/Lambda", format!("m{row}")])).collect();
    let table = json!({"type": "metric", "width": 24, "height": 6, "properties": {
        "view": "table", "period": 60, "metrics": rows, "table": {"layout": "vertical", "summaryColumns": []}}});
    let across = json!({"type": "metric", "width": 24, "height": 6, "properties": {
        "view": "table", "period": 60, "metrics": rows, "table": {"summaryColumns": []}}});
    let body = json!({"widgets": [table, across]});
    app.store.local_dashboards = vec![local("tables", &body.to_string())];
    key(&mut app, KeyCode::Enter);
    draw(&app, 120, 40);
    data(&mut app, &Name::file("tables"), 0..2);
    key(&mut app, KeyCode::Enter);
    let last = |app: &App| draw(app, 80, 24).lines().nth(20).unwrap().trim_matches(['│', ' ']).to_owned();
    draw(&app, 80, 24);
    key(&mut app, KeyCode::Char('G'));
    let end = last(&app);
    assert!(end.starts_with("03:20"), "{}", draw(&app, 80, 24));
    key(&mut app, KeyCode::Char('k'));
    assert!(last(&app).starts_with("+2 more"), "one step up moves at once: {}", draw(&app, 80, 24));
    key(&mut app, KeyCode::Tab);
    let head = |app: &App| draw(app, 80, 24).lines().nth(5).unwrap().to_owned();
    assert!(head(&app).contains("04:20  04:19"), "{}", head(&app));
    key(&mut app, KeyCode::Right);
    assert!(head(&app).contains("04:19  04:18") && !head(&app).contains("04:20"), "{}", head(&app));
    for _ in 0..99 {
        key(&mut app, KeyCode::Right);
        draw(&app, 80, 24);
    }
    assert!(head(&app).contains("03:20"), "{}", head(&app));
    key(&mut app, KeyCode::Left);
    assert!(head(&app).contains("03:21  03:20"), "{}", head(&app));
}
