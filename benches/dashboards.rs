//! A dashboard of 100 widgets with 500 metrics: read, expanded and planned in at most 5 ms, and one call where
//! the rules allow; laid out for a wide terminal; redrawn with three hours of data in at most 2 ms.
#![expect(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use divan::{Bencher, black_box};
use eyewall::app::{Action, App, Keymap, Now, PollKey, Settings, Window};
use eyewall::aws::TargetSpec;
use eyewall::config::Config;
use eyewall::features::dashboards::{
    Dashboard, DashboardData, DataQuery, Found, Key, LocalDashboard, MetricWidget, Name, PlanCtx, RowData,
    RowKey, WidgetKind, layout, pack, parse, plan,
};
use eyewall::features::metrics::Series;
use eyewall::features::session::SessionInfo;
use eyewall::features::{Link, Payload, Store, Topic};
use eyewall::text::Zone;
use eyewall::theme::{ColorDepth, Theme};
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const AREA: Rect = Rect { x: 0, y: 0, width: 200, height: 60 };
const WINDOW: Window = Window::Live { secs: 3 * 3_600 };

fn main() {
    divan::main();
}

/// 100 widgets of five rows each: four metrics with shorthand and an expression over them.
fn body() -> String {
    let widgets: Vec<_> = (0..100)
        .map(|n| {
            json!({"type": "metric", "x": n % 4 * 6, "y": n / 4 * 6, "width": 6, "height": 6, "properties": {
                "title": format!("service {n}"), "region": "eu-west-2", "period": 60, "stat": "Sum",
                "yAxis": {"left": {"min": 0, "label": "requests"}},
                "annotations": {"horizontal": [{"value": 100, "label": "limit", "fill": "above"}]},
                "metrics": [
                    ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", format!("app/lb/{n}"), {"id": "all"}],
                    [".", "HTTPCode_Target_5XX_Count", ".", ".", {"id": "bad", "color": "#d62728"}],
                    ["...", {"stat": "SampleCount", "visible": true}],
                    [".", "TargetResponseTime", ".", ".", {"stat": "p99", "yAxis": "right", "label": "p99 ${LAST}"}],
                    [{"expression": "100 * bad / all", "label": "failed %", "id": "rate"}],
                ],
            }})
        })
        .collect();
    json!({ "widgets": widgets }).to_string()
}

fn read(body: &str) -> Dashboard {
    parse(Name::account("bench"), body).expect("a dashboard")
}

fn plan_all(dashboard: &Dashboard) -> DataQuery {
    let widgets: Vec<(usize, &MetricWidget)> =
        dashboard.widgets.iter().filter_map(|widget| Some((widget.index, metric(&widget.kind)?))).collect();
    let ctx = PlanCtx {
        name: &dashboard.name,
        period_override: dashboard.period_override,
        window: WINDOW,
        now: now(),
        region: Some("eu-west-2"),
        account: None,
    };
    plan(&widgets, &ctx)
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).expect("a time")
}

#[divan::bench]
fn read_expand_plan_and_pack(bencher: Bencher) {
    let body = body();
    bencher.bench(|| {
        let dashboard = read(black_box(&body));
        let query = plan_all(&dashboard);
        let calls = pack(query.asks.iter().enumerate(), WINDOW, now());
        assert_eq!((query.asks.len(), calls.len()), (500, 1));
        calls
    });
}

#[divan::bench]
fn plan_alone(bencher: Bencher) {
    let dashboard = read(&body());
    bencher.bench(|| plan_all(black_box(&dashboard)));
}

#[divan::bench]
fn lay_out(bencher: Bencher) {
    let dashboard = read(&body());
    bencher.bench(|| layout(black_box(&dashboard), 200));
}

fn metric(kind: &WidgetKind) -> Option<&MetricWidget> {
    match kind {
        WidgetKind::Metric(metric) => Some(metric),
        _ => None,
    }
}

/// Five series of three hours for each of the 100 widgets.
fn answer(dashboard: &Dashboard) -> DashboardData {
    let series = |widget: usize, row: usize| {
        let point = |minute: i64| {
            let at = now() - SignedDuration::from_mins(180 - minute);
            (at, (minute as f64 / 9.0 + (widget * 5 + row) as f64).sin() * 100.0 + 150.0)
        };
        Series {
            id: "q".into(),
            label: format!("series {row}"),
            period: 60,
            points: (0..=180).map(point).collect(),
            status: "Complete".into(),
            note: None,
        }
    };
    let row = |widget: usize, row: usize| RowData {
        key: RowKey { widget, row },
        series: vec![series(widget, row)],
        problem: None,
    };
    let rows = (0..dashboard.widgets.len()).flat_map(|widget| (0..5).map(move |n| row(widget, n))).collect();
    DashboardData { dashboard: dashboard.name.clone(), window: WINDOW, rows, calls: 1 }
}

/// The board at 200x60, all of its data in: budget 2 ms.
#[divan::bench(sample_count = 100)]
fn redraw(bencher: Bencher) {
    let name = Name::file("bench");
    let dashboard = parse(name.clone(), &body()).expect("a dashboard");
    let data = answer(&dashboard);
    let settings = Settings {
        config: Config::default(),
        keymap: Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    let store = Store::new([(TargetSpec::named("bench"), SessionInfo::default())]);
    let mut app = App::new(store, settings, Zone::utc());
    let found = Found { name: name.clone(), dashboard: Ok(dashboard) };
    app.store.local_dashboards =
        vec![LocalDashboard { path: "bench.json".into(), found, about: BTreeSet::new() }];
    let target = app.store.active().next().expect("one target").clone();
    let present = Now { since_start: Duration::from_secs(1), wall: now() };
    let key = PollKey::new(&target, Topic::DashboardData);
    app.store.apply(&key, Payload::DashboardData(Box::new(data)), present);
    let link =
        Link::Dashboards { dashboard: Some(Key { target, name }), open: true, widget: None, about: None };
    app.goto(&link, present);
    // From one hour to three.
    app.act(Action::ZoomOut, present);
    bencher.with_inputs(|| Buffer::empty(AREA)).bench_local_refs(|buf| app.render(buf, present));
}
