//! How fast the simulated AWS answers. Budget: a dashboard of 500 metrics over three hours, 90,000 points,
//! within 100 ms, encoding included.

use bytes::Bytes;
use divan::{Bencher, black_box};
use eyewall::demo::{SimAws, world::Scenario};
use http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

fn main() {
    divan::main();
}

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap_or_default()
}

fn call(operation: &str, input: &Value) -> Request<Bytes> {
    let credential = "Credential=AKID/20270115/eu-west-2/monitoring/aws4_request";
    Request::post("http://localhost/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("GraniteServiceVersion20100801.{operation}"))
        .header("authorization", format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"))
        .body(Bytes::from(input.to_string()))
        .unwrap_or_default()
}

/// The names of 500 metrics of a namespace, in an account of real size, asked for over three hours.
#[divan::bench(args = ["AWS/ApplicationELB", "AWS/ECS", "ECS/ContainerInsights", "AWS/Lambda", "Shop/App"])]
fn five_hundred_metrics(bencher: Bencher, namespace: &str) {
    let Ok(scenario) = Scenario::builtin("big") else { return };
    let sim = SimAws::new(scenario, 7, start(), Arc::new(start));
    let listed = sim.respond(&call("ListMetrics", &json!({ "Namespace": namespace })));
    let listed: Value = serde_json::from_slice(listed.body()).unwrap_or_default();
    let metrics = listed["Metrics"].as_array().cloned().unwrap_or_default();
    let statistics = ["Sum", "Average", "p99", "Maximum"];
    let queries = metrics.iter().zip(statistics.iter().cycle()).enumerate().map(|(index, (metric, stat))| {
        json!({ "Id": format!("m{index}"), "MetricStat": { "Metric": metric, "Period": 60, "Stat": stat } })
    });
    let request = call(
        "GetMetricData",
        &json!({
            "MetricDataQueries": queries.collect::<Vec<_>>(),
            "StartTime": (start() - SignedDuration::from_hours(3)).as_second(),
            "EndTime": start().as_second(),
        }),
    );
    bencher.bench(|| black_box(sim.respond(&request)));
}

/// A search with metric math over what it finds.
#[divan::bench]
fn five_hundred_found(bencher: Bencher) {
    let Ok(scenario) = Scenario::builtin("big") else { return };
    let sim = SimAws::new(scenario, 7, start(), Arc::new(start));
    let search = "SEARCH('{Shop/App,ClusterName,ServiceName} MetricName=\"Requests\"', 'Sum', 60)";
    let request = call(
        "GetMetricData",
        &json!({
            "MetricDataQueries": [{ "Id": "e", "Expression": format!("SORT(FILL({search}, 0), MAX, DESC)") }],
            "StartTime": (start() - SignedDuration::from_hours(3)).as_second(),
            "EndTime": start().as_second(),
        }),
    );
    bencher.bench(|| black_box(sim.respond(&request)));
}
