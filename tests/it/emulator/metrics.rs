//! A dashboard's series and what the crosshair says of them against ministack, beside what boto3 reads there
//! for the same queries.

use super::{connect, ministack, python};
use crate::common::poll;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use eyewall::app::pane::Command as PaneCommand;
use eyewall::app::{Action, App, Keymap, Now, PollKey, Settings, Window};
use eyewall::aws::{Conn, TargetSpec};
use eyewall::config::Config;
use eyewall::features::dashboards::{
    Dashboard, DashboardData, DataSource, Found, Key, LocalDashboard, MetricWidget, Name, PlanCtx,
    WidgetKind, pack, parse, plan,
};
use eyewall::features::session::SessionInfo;
use eyewall::features::{Link, Payload, Query, Store, Topic};
use eyewall::runtime::clock::Clock;
use eyewall::text::Zone;
use eyewall::theme::{ColorDepth, Theme};
use eyewall::widgets::chart::units::value_text;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;

const NAMESPACE: &str = "Eyewall/Dashboard";

/// Three points a minute over the last half hour, for two services.
async fn publish(conn: &Conn, clock: Clock) {
    let minute = clock.wall().as_second() / 60 * 60;
    for service in ["checkout", "cart"] {
        let data = (1..=30).flat_map(|minutes| (0..3).map(move |n| (minutes, n)));
        let data = data.map(|(minutes, n)| {
            MetricDatum::builder()
                .metric_name("Latency")
                .dimensions(Dimension::builder().name("Service").value(service).build())
                .timestamp(DateTime::from_secs(minute - minutes * 60 + n * 7))
                .value((minutes * 10 + n) as f64 + if service == "cart" { 0.5 } else { 0.0 })
                .build()
        });
        let request = conn.cloudwatch().put_metric_data().namespace(NAMESPACE);
        request.set_metric_data(Some(data.collect())).send().await.unwrap();
    }
}

/// What boto3 reads for a query written by hand.
async fn boto(url: &str, range: (i64, i64), queries: &Value) -> BTreeMap<String, Vec<(i64, f64)>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/emulator/metric_data.py");
    let arguments = [url.to_owned(), range.0.to_string(), range.1.to_string(), queries.to_string()];
    let said = Command::new(python()).arg(script).args(arguments).output().await.unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).unwrap()
}

#[tokio::test]
async fn a_charts_values_on_ministack_are_those_that_boto3_reads() {
    let Some(server) = ministack("a_charts_values_on_ministack") else { return };
    let (conn, clock) = connect(server).await;
    publish(&conn, clock).await;
    let body = json!({"widgets": [
        {"type": "metric", "properties": {"stat": "Sum", "period": 60, "liveData": true, "metrics": [
            [NAMESPACE, "Latency", "Service", "checkout"],
            ["...", "cart", {"stat": "p90"}],
        ]}},
        {"type": "metric", "properties": {"period": 300, "liveData": true, "metrics": [
            [NAMESPACE, "Latency", "Service", "checkout"],
            ["...", {"stat": "Maximum", "period": 60}],
            ["...", {"stat": "SampleCount"}],
        ]}},
    ]});
    let dashboard = parse(Name::file("test"), &body.to_string()).unwrap();
    let widgets: Vec<(usize, &MetricWidget)> =
        dashboard.widgets.iter().filter_map(|widget| Some((widget.index, metric(&widget.kind)?))).collect();
    let window = Window::Frozen { start: minutes_ago(clock, 40), end: clock.wall() };
    let ctx = PlanCtx {
        name: &dashboard.name,
        period_override: dashboard.period_override,
        window,
        now: clock.wall(),
        region: Some("eu-west-2"),
        account: None,
    };
    let query = Arc::new(plan(&widgets, &ctx));
    let [call] = &pack(query.asks.iter().enumerate(), window, clock.wall())[..] else { panic!("one call") };
    let range = call.range(window, clock.wall());

    let by_hand = |id: &str, service: &str, stat: &str, period: u32| {
        json!({"Id": id, "MetricStat": {"Period": period, "Stat": stat, "Metric": {
            "Namespace": NAMESPACE, "MetricName": "Latency", "Dimensions": [{"Name": "Service", "Value": service}]}}})
    };
    let queries = json!([
        by_hand("w0r0", "checkout", "Sum", 60),
        by_hand("w0r1", "cart", "p90", 60),
        by_hand("w1r0", "checkout", "Average", 300),
        by_hand("w1r1", "checkout", "Maximum", 60),
        by_hand("w1r2", "checkout", "SampleCount", 300),
    ]);
    let expected = boto(&server.url, (range.0.as_second(), range.1.as_second()), &queries).await;

    let answer = poll(&mut DataSource::new(&conn), &Query::DashboardData(query), clock).await;
    let Ok(Payload::DashboardData(data)) = answer else { panic!("no data: {answer:?}") };
    let read: BTreeMap<String, Vec<(i64, f64)>> = data
        .rows
        .iter()
        .map(|row| {
            assert_eq!((row.problem.as_deref(), row.series.len()), (None, 1), "{:?}", row.key);
            let points = row.series[0].points.iter().map(|(at, value)| (at.as_second(), *value)).collect();
            (format!("w{}r{}", row.key.widget, row.key.row), points)
        })
        .collect();
    assert!(expected.values().all(|points| points.len() >= 5), "{expected:?}");
    assert_eq!(read, expected);
    let mut screen = Screen::new(dashboard, *data, window, clock);
    for (widget, periods) in [(0, &[60, 60][..]), (1, &[300, 60, 300])] {
        let mut values = 0;
        for (at, shown) in screen.crosshair(widget, periods.len()) {
            let boto = periods.iter().enumerate().map(|(row, period)| {
                let points = &expected[&format!("w{widget}r{row}")];
                let value = points.iter().find(|(start, _)| (*start..start + period).contains(&at));
                value.map_or_else(|| "–".to_owned(), |(_, value)| value_text(*value, "", false))
            });
            let boto: Vec<String> = boto.collect();
            assert_eq!(shown, boto, "widget {widget} at {at}");
            values += boto.iter().filter(|value| *value != "–").count();
        }
        assert!(values >= 40, "{values} values of widget {widget}");
    }
}

/// The console with one dashboard and what was read for it.
struct Screen {
    app: App,
    key: Key,
    now: Now,
}

impl Screen {
    fn new(dashboard: Dashboard, data: DashboardData, window: Window, clock: Clock) -> Self {
        let settings = Settings {
            config: Config::default(),
            keymap: Keymap::default(),
            user_themes: Vec::new(),
            depth: ColorDepth::True,
            theme: Theme::plain(),
        };
        let now = Now { since_start: Duration::from_secs(1), wall: clock.wall() };
        let store = Store::new([(TargetSpec::named("test"), SessionInfo::default())]);
        let mut app = App::new(store, settings, Zone::utc());
        let target = app.store.active().next().unwrap().clone();
        let key = Key { target: target.clone(), name: dashboard.name.clone() };
        let found = Found { name: dashboard.name.clone(), dashboard: Ok(dashboard) };
        app.store.local_dashboards =
            vec![LocalDashboard { path: "test.json".into(), found, about: BTreeSet::new() }];
        app.store.apply(
            &PollKey::new(&target, Topic::DashboardData),
            Payload::DashboardData(Box::new(data)),
            now,
        );
        app.run_commands(vec![PaneCommand::Window(window)], now);
        Self { app, key, now }
    }

    fn lines(&self) -> Vec<String> {
        let mut buf = Buffer::empty(Rect::new(0, 0, 140, 40));
        self.app.render(&mut buf, self.now);
        buf.content().chunks(140).map(|row| row.iter().map(Cell::symbol).collect()).collect()
    }

    /// What the legend of a zoomed widget says at the crosshair, minute by minute back: the time in seconds and
    /// a value for each row.
    fn crosshair(&mut self, widget: usize, rows: usize) -> Vec<(i64, Vec<String>)> {
        let dashboard = Some(self.key.clone());
        let link = Link::Dashboards { dashboard, open: true, widget: Some(widget), about: None };
        self.app.goto(&link, self.now);
        self.lines();
        let midnight = self.now.wall.as_second() / 86_400 * 86_400;
        let mut read = Vec::new();
        for _ in 0..30 {
            self.app.act(Action::Left, self.now);
            let lines = self.lines();
            let words = |line: &str| -> Vec<String> {
                line.trim_end_matches(['│', ' ']).split_whitespace().map(str::to_owned).collect()
            };
            // The first line of the frame has the time, those below it a series each.
            let top = lines.iter().position(|line| line.starts_with('┌')).unwrap() + 1;
            let time = words(&lines[top]).into_iter().rev().find(|word| word.contains(':')).unwrap();
            let (hours, minutes) = time.split_once(':').unwrap();
            let at = midnight + hours.parse::<i64>().unwrap() * 3_600 + minutes.parse::<i64>().unwrap() * 60;
            let at = if at > self.now.wall.as_second() { at - 86_400 } else { at };
            let values = lines[top + 1..=top + rows].iter().map(|line| words(line).pop().unwrap());
            read.push((at, values.collect()));
        }
        read
    }
}

fn minutes_ago(clock: Clock, minutes: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(clock.wall().as_second() - minutes * 60).unwrap()
}

fn metric(kind: &WidgetKind) -> Option<&MetricWidget> {
    match kind {
        WidgetKind::Metric(metric) => Some(metric),
        _ => None,
    }
}
