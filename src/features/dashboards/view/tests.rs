//! Every kind of widget at several sizes, as text.

use super::*;
use crate::app::{Keymap, Now, Window};
use crate::aws::TargetSpec;
use crate::config::Config;
use crate::features::alarms::{Alarm, AlarmList, AlarmState, Kind};
use crate::features::dashboards::{Dashboard, Name, RowData, RowKey, layout, parse};
use crate::features::metrics::{MetricQuery, Series, Stat};
use crate::features::session::SessionInfo;
use crate::features::{Payload, Query, Store, Topic};
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use insta::assert_snapshot;
use jiff::SignedDuration;
use ratatui::buffer::Cell;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// 2026-11-22T04:20:30Z.
const NOW: i64 = 1_795_321_230;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(NOW).unwrap() + SignedDuration::from_mins(minutes)
}

fn prod() -> TargetId {
    TargetId::new("prod")
}

fn arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:eu-west-2:111122223333:alarm:{name}")
}

/// An alarm on a database's connections that has been in its state for so many minutes.
pub fn alarm(name: &str, state: AlarmState, since: i64) -> Alarm {
    let stat = Stat {
        namespace: "AWS/RDS".into(),
        name: "DatabaseConnections".into(),
        dimensions: vec![("DBClusterIdentifier".into(), "orders".into())],
        stat: "Maximum".into(),
    };
    let metric = MetricQuery {
        id: "m1".into(),
        stat: Some(Arc::new(stat)),
        expression: None,
        label: None,
        period: 60,
        returned: true,
    };
    Alarm {
        name: name.into(),
        arn: arn(name),
        kind: Kind::Metric,
        state,
        since: Some(at(-since)),
        reason: String::new(),
        description: String::new(),
        silent: None,
        actions: Vec::new(),
        threshold: Some(450.0),
        comparison: "GreaterThanThreshold".into(),
        value: None,
        first_breach: None,
        datapoints: Some((3, 3)),
        treat_missing: String::new(),
        metrics: vec![metric],
        rule: String::new(),
        log_groups: Vec::new(),
        evaluation: None,
    }
}

/// A store that knows three alarms.
fn store() -> Store {
    let mut store = Store::new([(TargetSpec::named("prod"), SessionInfo::default())]);
    let alarms = vec![
        alarm("checkout-5xx", AlarmState::Ok, 300),
        alarm("orders-db-connections", AlarmState::Alarm, 7),
        alarm("cart-latency", AlarmState::InsufficientData, 90),
    ];
    let alarms = alarms.into_iter().map(Arc::new).collect();
    let list = AlarmList { alarms, ..AlarmList::default() };
    store.apply(&crate::app::PollKey::new(&prod(), Topic::Alarms), Payload::Alarms(list), now());
    assert_eq!(Query::Alarms.topic(), Topic::Alarms);
    store
}

fn now() -> Now {
    Now { since_start: Duration::from_secs(100), wall: Timestamp::from_second(NOW).unwrap() }
}

fn read(widgets: &Value) -> Dashboard {
    parse(Name::file("test"), &json!({ "widgets": widgets }).to_string()).unwrap()
}

fn series(label: &str, base: f64, wave: f64) -> Series {
    let points = (0..=60).filter(|minute| !(20..24).contains(minute)).map(|minute| {
        let at = Timestamp::from_second(NOW / 60 * 60 - 3_600 + minute * 60).unwrap();
        (at, base + wave * (minute as f64 / 6.0).sin())
    });
    Series {
        id: "q".into(),
        label: label.into(),
        period: 60,
        points: points.collect(),
        status: "Complete".into(),
        note: None,
    }
}

/// An answer for every visible row: a wave around 100 times the row's place.
fn answers(dashboard: &Dashboard) -> DashboardData {
    let name = dashboard.name.clone();
    let mut data = DashboardData { dashboard: name, window: Window::default(), rows: Vec::new(), calls: 1 };
    for widget in &dashboard.widgets {
        let WidgetKind::Metric(metric) = &widget.kind else { continue };
        let alarm = alarm("orders-db-connections", AlarmState::Alarm, 7);
        let metric = if metric.alarm().is_some() { metric.of_alarm(&alarm) } else { (**metric).clone() };
        for spec in metric.series.iter().filter(|spec| spec.visible) {
            let label = spec.label.clone().unwrap_or_else(|| format!("series {}", spec.row));
            let base = 100.0 * (spec.row + 1) as f64;
            data.rows.push(RowData {
                key: RowKey { widget: widget.index, row: spec.row },
                series: vec![series(&label, base, base / 4.0)],
                problem: None,
            });
        }
    }
    data
}

struct Stage {
    store: Store,
    config: Config,
    keymap: Keymap,
    theme: Theme,
    zone: Zone,
    hidden: Hidden,
    crosshair: Option<Timestamp>,
}

impl Stage {
    fn new() -> Self {
        Self {
            store: store(),
            config: Config::default(),
            keymap: Keymap::default(),
            theme: Theme::plain(),
            zone: Zone::utc(),
            hidden: Hidden::new(),
            crosshair: None,
        }
    }

    /// Draws with `draw` into a buffer of this size, twice.
    fn draw(
        &self,
        data: Option<&DashboardData>,
        width: u16,
        height: u16,
        draw: impl Fn(&mut Buffer, &Scene),
    ) -> Buffer {
        let ctx = Ctx {
            store: &self.store,
            config: &self.config,
            theme: &self.theme,
            keymap: &self.keymap,
            window: Window::Live { secs: 3_600 },
            zone: &self.zone,
            now: now(),
        };
        let target = prod();
        let reach = std::cell::Cell::default();
        let (crosshair, hidden) = (self.crosshair, &self.hidden);
        let scene = Scene { ctx: &ctx, target: &target, data, crosshair, hidden, reach: &reach };
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        draw(&mut buf, &scene);
        let once = buf.clone();
        draw(&mut buf, &scene);
        assert_eq!(once, buf, "drawing twice gives the same buffer");
        buf
    }

    /// All widgets of a board.
    fn board(&self, dashboard: &Dashboard, data: Option<&DashboardData>, width: u16) -> Buffer {
        let board = layout(dashboard, width);
        let height = u16::try_from(board.height).unwrap();
        self.draw(data, width, height, |buf, scene| {
            for spot in &board.spots {
                let area = Rect::new(spot.x, spot.y as u16, spot.width, spot.height);
                let Some(widget) = dashboard.widget(spot.widget) else { continue };
                super::widget(widget, Look::Board { focused: spot.widget == 1 }, area, buf, scene);
            }
        })
    }

    fn zoomed(&self, widget: &Value, width: u16, height: u16) -> String {
        let dashboard = read(&json!([widget]));
        let data = answers(&dashboard);
        text_of(&self.draw(Some(&data), width, height, |buf, scene| {
            let look = Look::Zoomed { cursor: 0, scroll: 0, across: 0 };
            super::widget(&dashboard.widgets[0], look, buf.area, buf, scene);
        }))
    }
}

fn text_of(buf: &Buffer) -> String {
    let rows = buf.content().chunks(usize::from(buf.area.width.max(1)));
    let rows = rows.map(|row| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

fn metric(view: &str, title: &str, rows: usize, place: [u16; 4], more: &Value) -> Value {
    let [x, y, width, height] = place;
    let colors = ["#1f77b4", "#d62728", "#2ca02c", "#ff7f0e"];
    let row = |row: usize| json!(["AWS/Lambda", "Invocations", "FunctionName", format!("f{row}"), {"label": format!("function-{row}"), "color": colors[row % 4]}]);
    let metrics: Vec<Value> = (0..rows).map(row).collect();
    let mut properties = json!({"title": title, "view": view, "metrics": metrics, "region": "eu-west-2"});
    for (key, value) in more.as_object().into_iter().flatten() {
        properties[key] = value.clone();
    }
    json!({"type": "metric", "x": x, "y": y, "width": width, "height": height, "properties": properties})
}

/// A dashboard with every kind of widget.
fn everything() -> Value {
    let limits = json!({"yAxis": {"left": {"label": "requests", "min": 0}}, "annotations": {
        "horizontal": [{"value": 250, "label": "limit", "color": "#d62728", "fill": "above"}],
        "vertical": [{"value": "2026-11-22T03:50:00Z", "label": "deploy"}]}});
    let gauge = json!({"yAxis": {"left": {"min": 0, "max": 400}}, "annotations": {"horizontal": [
        {"value": 0, "color": "#2ca02c", "fill": "above"}, {"value": 300, "color": "#d62728", "fill": "above"}]}});
    let text = "Read the [runbook](https://wiki/run) first.\n\n- one\n- two\n\n[button:primary:Other](#dashboards:name=other)";
    json!([
        {"type": "text", "x": 0, "y": 0, "width": 24, "height": 1, "properties": {"markdown": "# Shop"}},
        metric("timeSeries", "Requests", 3, [0, 1, 12, 6], &limits),
        metric("timeSeries", "Stacked", 3, [12, 1, 6, 6], &json!({"stacked": true})),
        {"type": "text", "x": 18, "y": 1, "width": 6, "height": 6, "properties": {"markdown": text}},
        metric("singleValue", "Now", 4, [0, 7, 12, 3], &json!({"sparkline": true})),
        metric("gauge", "Load", 2, [12, 7, 6, 3], &gauge),
        metric("bar", "By function", 4, [18, 7, 6, 3], &json!({})),
        metric("pie", "Shares", 4, [0, 10, 6, 5], &json!({})),
        metric("table", "Figures", 4, [6, 10, 18, 5], &json!({})),
        {"type": "alarm", "x": 0, "y": 15, "width": 12, "height": 3, "properties": {"title": "Health",
            "alarms": [arn("checkout-5xx"), arn("orders-db-connections"), arn("cart-latency"), arn("elsewhere")]}},
        {"type": "metric", "x": 12, "y": 15, "width": 12, "height": 5, "properties": {
            "title": "Connections", "annotations": {"alarms": [arn("orders-db-connections")]}}},
        {"type": "log", "x": 0, "y": 18, "width": 12, "height": 4, "properties": {"title": "Errors",
            "query": "SOURCE 'app' | fields @message | filter level = 'error'", "region": "eu-west-2"}},
        {"type": "custom", "x": 0, "y": 22, "width": 12, "height": 3, "properties": {
            "endpoint": "arn:aws:lambda:eu-west-2:111122223333:function:draw", "title": "Bitmap"}},
        {"type": "metric", "x": 12, "y": 20, "width": 12, "height": 3, "properties": {
            "annotations": {"alarms": [arn("elsewhere")]}}},
    ])
}

#[test]
fn every_kind_of_widget() {
    let stage = Stage::new();
    let dashboard = read(&everything());
    assert_eq!(dashboard.census().failed, 0);
    let data = answers(&dashboard);
    for (name, width) in [("all_200", 200), ("all_120", 120), ("all_80", 80), ("all_60", 60)] {
        assert_snapshot!(name, text_of(&stage.board(&dashboard, Some(&data), width)));
    }
}

#[test]
fn waiting_and_failing_are_said() {
    let stage = Stage::new();
    let dashboard = read(&json!([
        metric("timeSeries", "Chart", 2, [0, 0, 12, 4], &json!({})),
        metric("singleValue", "Number", 1, [12, 0, 12, 4], &json!({})),
        metric("timeSeries", "Hidden inputs", 0, [0, 4, 12, 4], &json!({})),
    ]));
    let reading = text_of(&stage.board(&dashboard, None, 100));
    assert_eq!(reading.matches("◌ reading").count(), 2, "{reading}");
    let mut data = answers(&dashboard);
    data.rows[0].series[0].status = "PartialData".into();
    data.rows[1] = RowData {
        series: Vec::new(),
        problem: Some("denied: cloudwatch:GetMetricData".into()),
        ..data.rows[1].clone()
    };
    data.rows[2].series.clear();
    assert_snapshot!("failing_100", text_of(&stage.board(&dashboard, Some(&data), 100)));
}

#[test]
fn a_zoomed_chart_has_all_of_its_legend() {
    let mut stage = Stage::new();
    stage.hidden.insert((0, "function-1".into()));
    let chart = metric("timeSeries", "Requests", 4, [0, 0, 6, 6], &json!({"legend": {"position": "hidden"}}));
    assert_snapshot!("zoom_120", stage.zoomed(&chart, 120, 20));
    stage.crosshair = Some(at(-30));
    assert_snapshot!("zoom_80", stage.zoomed(&chart, 80, 20));
}

#[test]
fn a_chosen_link_says_where_it_leads() {
    let text = json!({"type": "text", "width": 6, "height": 6, "properties": {
        "markdown": "# Head\n[a](https://wiki/a) and [b](https://wiki/b)"}});
    let drawn = Stage::new().zoomed(&text, 40, 8);
    assert!(drawn.contains("https://wiki/a") && !drawn.contains("https://wiki/b"), "{drawn}");
}

#[test]
fn values_have_all_digits_or_none() {
    let value = |more: &Value| Stage::new().zoomed(&metric("singleValue", "n", 1, [0, 0, 6, 3], more), 30, 6);
    assert!(value(&json!({"singleValueFullPrecision": true})).contains("90.06"));
    let dashboard = read(&json!([metric("singleValue", "n", 1, [0, 0, 6, 3], &json!({}))]));
    let mut data = answers(&dashboard);
    data.rows[0].series[0].points.clear();
    let empty = text_of(&Stage::new().board(&dashboard, Some(&data), 60));
    assert!(empty.contains('–') && !empty.contains("90"), "{empty}");
}

#[test]
fn hostile_titles_stay_in_their_frames() {
    let stage = Stage::new();
    let titles = ["", "\u{1b}[31mred", "日本語".repeat(40).as_str(), "a\nb", "e\u{301}".repeat(90).as_str()]
        .map(String::from);
    let widgets: Vec<Value> =
        titles.iter().map(|title| metric("timeSeries", title, 2, [0, 0, 6, 3], &json!({}))).collect();
    let dashboard = read(&json!(widgets));
    let data = answers(&dashboard);
    for width in [20, 47, 90] {
        let drawn = text_of(&stage.board(&dashboard, Some(&data), width));
        assert!(!drawn.contains('\u{1b}'));
        assert!(drawn.lines().all(|line| crate::text::width(line) <= usize::from(width) * 2));
    }
}

#[test]
fn ascii_is_ascii() {
    let mut stage = Stage::new();
    stage.theme.ascii = true;
    let dashboard = read(&everything());
    let drawn = text_of(&stage.board(&dashboard, Some(&answers(&dashboard)), 120));
    let odd: Vec<char> = drawn.chars().filter(|c| !c.is_ascii() && !matches!(c, '·' | '\u{a0}')).collect();
    assert!(odd.is_empty(), "{odd:?}\n{drawn}");
}

#[test]
fn any_size_is_drawn() {
    let stage = Stage::new();
    let dashboard = read(&everything());
    let data = answers(&dashboard);
    for width in (0..40).chain([80]) {
        for height in (0..12).chain([30]) {
            for widget in &dashboard.widgets {
                for look in
                    [Look::Board { focused: true }, Look::Zoomed { cursor: 9, scroll: 99, across: 99 }]
                {
                    stage.draw(Some(&data), width, height, |buf, scene| {
                        super::widget(widget, look, buf.area, buf, scene);
                    });
                }
            }
        }
    }
}

#[test]
fn colours_of_the_body_become_roles() {
    use crate::features::dashboards::Rgb;
    let theme = Theme::load("dark", &[], ColorDepth::True, false).unwrap();
    let (red, blue) = (Some(Rgb(0xd6, 0x27, 0x28)), Some(Rgb(0x1f, 0x77, 0xb4)));
    let roles = shown::roles(&[None, red, blue, red, None, blue], &theme);
    assert_eq!(roles[1..4], [Role::Bad, Role::Series1, Role::Bad]);
    assert_eq!(roles[5], Role::Series1);
    assert!(roles[0] != roles[4] && ![Role::Bad, Role::Series1].contains(&roles[0]), "{roles:?}");
    assert_eq!(shown::roles(&[red, None], &Theme::plain()), [Role::Series1, Role::Series2]);
    for (color, state) in [
        (Rgb(0xd6, 0x27, 0x28), Some(Role::Bad)),
        (Rgb(0xff, 0x7f, 0x0e), Some(Role::Warn)),
        (Rgb(0x2c, 0xa0, 0x2c), Some(Role::Ok)),
        (Rgb(0x1f, 0x77, 0xb4), None),
        (Rgb(0xaa, 0xaa, 0xaa), None),
    ] {
        assert_eq!(shown::state(Some(color)), state, "{color:?}");
    }
}

#[test]
fn a_long_text_is_read_as_far_as_it_is_shown() {
    let lines: Vec<String> = (0..2_000).map(|line| format!("line {line} of many\n\n")).collect();
    let text = json!({"type": "text", "width": 12, "height": 6, "properties": {"markdown": lines.concat()}});
    let stage = Stage::new();
    let drawn = text_of(&stage.board(&read(&json!([text])), None, 100));
    assert!(drawn.contains("line 4 of many") && drawn.contains("lines and more"), "{drawn}");
    assert!(stage.zoomed(&text, 40, 8).contains("+1992 lines"), "{}", stage.zoomed(&text, 40, 8));
}
