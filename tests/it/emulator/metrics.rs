//! A dashboard's series against ministack, beside what boto3 reads there for the same queries.

use super::{connect, ministack, python};
use crate::common::poll;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use eyewall::app::Window;
use eyewall::aws::Conn;
use eyewall::features::dashboards::{DataSource, MetricWidget, Name, PlanCtx, WidgetKind, pack, parse, plan};
use eyewall::features::{Payload, Query};
use eyewall::runtime::clock::Clock;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
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
