//! A dashboard of 100 widgets with 500 metrics: read, expanded and planned in at most 5 ms, and one call where
//! the rules allow; laid out for a wide terminal.
#![expect(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use divan::{Bencher, black_box};
use eyewall::app::Window;
use eyewall::features::dashboards::{
    Dashboard, DataQuery, MetricWidget, Name, PlanCtx, WidgetKind, layout, pack, parse, plan,
};
use jiff::Timestamp;
use serde_json::json;

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
    let metric = |kind: &'_ WidgetKind| match kind {
        WidgetKind::Metric(metric) => Some(&**metric),
        _ => None,
    };
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
