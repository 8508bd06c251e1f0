//! X-Ray through the SDK client: pages, filters, documents, graphs, refusals.

use super::Bench;
use aws_sdk_xray::Client;
use aws_sdk_xray::types::{SamplingStrategy, SamplingStrategyName, Service, TraceSummary};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// All pages of the summaries of the last seconds, and how many traces were looked at.
async fn summaries(bench: &Bench, seconds: i64, filter: Option<&str>) -> (Vec<TraceSummary>, i64) {
    let client = Client::new(&bench.config);
    let (mut all, mut processed, mut token) = (Vec::new(), 0, None);
    loop {
        let request = client
            .get_trace_summaries()
            .start_time(bench.ago(seconds))
            .end_time(bench.ago(0))
            .set_filter_expression(filter.map(str::to_owned))
            .set_next_token(token);
        let page = request.send().await.unwrap();
        processed += page.traces_processed_count().unwrap();
        assert!(page.approximate_time().is_some());
        all.extend(page.trace_summaries().iter().cloned());
        token = page.next_token;
        if token.is_none() {
            return (all, processed);
        }
    }
}

/// The parsed documents of a trace.
async fn documents(bench: &Bench, id: &str) -> Vec<Value> {
    let answer = Client::new(&bench.config).batch_get_traces().trace_ids(id).send().await.unwrap();
    assert_eq!(answer.unprocessed_trace_ids(), [""; 0]);
    let segments = answer.traces()[0].segments().iter();
    segments.map(|segment| serde_json::from_str(segment.document().unwrap()).unwrap()).collect()
}

/// A document with everything nested in it.
fn flat<'a>(value: &'a Value, all: &mut Vec<&'a Value>) {
    all.push(value);
    for below in value["subsegments"].as_array().into_iter().flatten() {
        flat(below, all);
    }
}

#[tokio::test]
async fn summaries_come_newest_first_on_pages_without_loss() {
    let bench = Bench::new("bad-deploy");
    let (all, processed) = summaries(&bench, 600, None).await;
    assert!(all.len() > 1_000, "{}", all.len());
    assert_eq!(processed, all.len() as i64);
    let ids: BTreeSet<_> = all.iter().map(|summary| summary.id().unwrap()).collect();
    assert_eq!(ids.len(), all.len(), "none comes twice");
    let end = |summary: &TraceSummary| {
        summary.start_time().unwrap().as_secs_f64() + summary.response_time().unwrap_or(60.0)
    };
    assert!(
        all.windows(2)
            .all(|pair| end(&pair[0]) >= end(&pair[1]) - 3e-3 || pair[0].is_partial() == Some(true))
    );
    let from = bench.ago(600).secs();
    assert!(all.iter().all(|summary| summary.start_time().unwrap().secs() >= from));
    // The id tells the second in which the trace began.
    for summary in &all {
        let second = i64::from_str_radix(summary.id().unwrap().get(2..10).unwrap(), 16).unwrap();
        assert_eq!(summary.start_time().unwrap().secs(), second);
    }
    assert!(all.iter().any(|summary| summary.is_partial() == Some(true)), "some are still going on");
}

#[tokio::test]
async fn a_page_does_not_change_while_time_goes_on() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let ask = || client.get_trace_summaries().start_time(bench.ago(300)).end_time(bench.ago(0));
    let first = ask().send().await.unwrap();
    let token = first.next_token().unwrap();
    let page = |answer: &aws_sdk_xray::operation::get_trace_summaries::GetTraceSummariesOutput| {
        answer.trace_summaries().iter().map(|summary| summary.id().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (from, to) = (bench.ago(300), bench.ago(0));
    let ask = |token: &str| client.get_trace_summaries().start_time(from).end_time(to).next_token(token);
    let now = page(&ask(token).send().await.unwrap());
    bench.advance(20);
    assert_eq!(page(&ask(token).send().await.unwrap()), now);
    assert!(ask("nonsense").send().await.unwrap_err().into_service_error().is_invalid_request_exception());
}

#[tokio::test]
async fn filters_are_evaluated_and_bad_ones_refused() {
    type Holds = fn(&TraceSummary) -> bool;
    let bench = Bench::new("bad-deploy");
    let (all, processed) = summaries(&bench, 420, None).await;
    let cases: [(&str, Holds); 4] = [
        ("fault", |summary| summary.has_fault() == Some(true)),
        ("responsetime > 0.8", |summary| summary.response_time() > Some(0.8)),
        ("service(\"cart\")", |summary| {
            summary.service_ids().iter().any(|service| service.name() == Some("cart"))
        }),
        ("annotation.customer_tier = \"business\"", |summary| {
            let tiers = summary.annotations().and_then(|all| all.get("customer_tier"));
            tiers.into_iter().flatten().any(|tier| {
                let value = tier.annotation_value().and_then(|value| value.as_string_value().ok());
                value.map(String::as_str) == Some("business")
            })
        }),
    ];
    for (filter, holds) in cases {
        let (found, looked) = summaries(&bench, 420, Some(filter)).await;
        let expected: Vec<_> = all.iter().filter(|summary| holds(summary)).cloned().collect();
        assert!(!expected.is_empty(), "{filter}");
        assert_eq!(found, expected, "{filter}");
        assert_eq!(looked, processed, "{filter}");
    }
    let faulty = all.iter().filter(|summary| summary.has_fault() == Some(true));
    for summary in faulty {
        let cause = &summary.fault_root_causes()[0].services()[0];
        assert!(!cause.entity_path()[0].exceptions().is_empty(), "{summary:?}");
    }
    let client = Client::new(&bench.config);
    let ask = |from: i64| client.get_trace_summaries().start_time(bench.ago(from)).end_time(bench.ago(0));
    for (request, message) in [
        (
            ask(60).filter_expression("speed > 5"),
            "Invalid filter expression: expected a keyword but found speed at position 0",
        ),
        (ask(7 * 3_600), "Time range cannot be longer than 6 hours"),
        (ask(0), "StartTime must be before EndTime."),
        (ask(-60), "StartTime must be before EndTime."),
    ] {
        let error = request.send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_request_exception());
        assert_eq!(error.meta().message(), Some(message));
    }
}

#[tokio::test]
async fn sampling_looks_at_a_share_and_says_how_many() {
    let bench = Bench::new("quiet");
    let client = Client::new(&bench.config);
    let ask = |rate: Option<f64>| {
        let strategy = rate.map(|rate| {
            SamplingStrategy::builder().name(SamplingStrategyName::FixedRate).value(rate).build()
        });
        let request = client.get_trace_summaries().start_time(bench.ago(60)).end_time(bench.ago(0));
        request.sampling(rate.is_some()).set_sampling_strategy(strategy).send()
    };
    let whole = ask(None).await.unwrap();
    let half = ask(Some(0.5)).await.unwrap();
    let share =
        half.traces_processed_count().unwrap() as f64 / whole.traces_processed_count().unwrap() as f64;
    assert!((0.35..0.65).contains(&share), "{share}");
    assert_eq!(ask(Some(0.0)).await.unwrap().trace_summaries(), []);
    assert!(ask(Some(2.0)).await.is_err());
}

#[tokio::test]
async fn documents_tell_the_whole_trace() {
    let bench = Bench::new("bad-deploy");
    let (all, _) = summaries(&bench, 420, None).await;
    let mut seen = BTreeMap::new();
    for summary in all.iter().filter(|summary| summary.is_partial() == Some(false)).step_by(7) {
        let documents = documents(&bench, summary.id().unwrap()).await;
        let mut parts = Vec::new();
        for document in &documents {
            flat(document, &mut parts);
        }
        let ids: BTreeSet<&str> = parts.iter().map(|part| part["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), parts.len(), "each id once");
        assert!(ids.iter().all(|id| id.len() == 16));
        let roots: Vec<_> = documents.iter().filter(|document| document["parent_id"].is_null()).collect();
        assert_eq!(roots.len(), 1, "{documents:#?}");
        let mut ends = (f64::MAX, 0.0f64);
        for document in &documents {
            assert_eq!(document["trace_id"], summary.id().unwrap());
            if let Some(parent) = document["parent_id"].as_str() {
                assert!(ids.contains(parent), "{documents:#?}");
            }
            ends.0 = ends.0.min(document["start_time"].as_f64().unwrap());
            ends.1 = ends.1.max(document["end_time"].as_f64().unwrap());
            let origin = document["origin"].as_str().or(document["type"].as_str()).unwrap_or("remote");
            *seen.entry(origin.to_owned()).or_insert(0) += 1;
        }
        assert!((summary.duration().unwrap() - (ends.1 - ends.0)).abs() < 1e-4);
        assert_eq!(summary.has_fault(), Some(roots[0]["fault"] == true));
        assert_eq!(summary.has_error(), Some(roots[0]["error"] == true));
        if let Some(http) = summary.http() {
            assert_eq!(
                http.http_status(),
                roots[0]["http"]["response"]["status"].as_i64().map(|status| status as i32)
            );
            assert_eq!(http.http_url(), roots[0]["http"]["request"]["url"].as_str());
        }
        for part in parts.iter().filter(|part| part["sql"].is_object()) {
            assert!(part["sql"]["sanitized_query"].as_str().is_some_and(|query| query.contains("order")));
        }
    }
    for origin in [
        "AWS::ECS::Container",
        "AWS::Lambda",
        "AWS::Lambda::Function",
        "AWS::SQS::Queue",
        "Database::SQL",
        "remote",
        "subsegment",
    ] {
        assert!(seen.contains_key(origin), "no {origin} in {seen:?}");
    }
}

#[tokio::test]
async fn a_failing_request_of_the_new_side_names_the_pool() {
    let bench = Bench::new("bad-deploy");
    let filter = "fault AND annotation.version = 42 AND !service(\"orders\")";
    let (failing, _) = summaries(&bench, 420, Some(filter)).await;
    let documents = documents(&bench, failing[0].id().unwrap()).await;
    let root = documents.iter().find(|document| document["parent_id"].is_null()).unwrap();
    assert_eq!(root["service"]["version"], "42");
    assert_eq!(root["aws"]["ecs"]["task_revision"], "42");
    assert_eq!(root["annotations"]["side"], "green");
    assert_eq!(root["aws"]["cloudwatch_logs"][0]["log_group"], "/ecs/checkout");
    let own = &root["cause"]["exceptions"][0];
    assert!(own["message"].as_str().unwrap().starts_with("card declined upstream: PoolExhausted after "));
    let mut parts = Vec::new();
    flat(root, &mut parts);
    let thrown: Vec<_> =
        parts.iter().filter(|part| part["cause"]["exceptions"][0]["id"] == own["cause"]).collect();
    assert_eq!(thrown.len(), 1, "{root:#}");
    assert_eq!(thrown[0]["name"], "pool.get");
    assert_eq!(thrown[0]["cause"]["exceptions"][0]["type"], "PoolExhausted");
    assert_eq!(thrown[0]["cause"]["exceptions"][0]["stack"][0]["path"], "src/pool.rs");
}

#[tokio::test]
async fn ids_that_are_unknown_are_unprocessed_and_wrong_ones_refused() {
    let bench = Bench::new("quiet");
    let client = Client::new(&bench.config);
    let unknown = "1-67a1b2c3-0123456789abcdef01234567";
    let answer = client.batch_get_traces().trace_ids(unknown).send().await.unwrap();
    assert!(answer.traces().is_empty());
    assert_eq!(answer.unprocessed_trace_ids(), [unknown]);
    for ids in [vec!["nonsense"; 1], vec![unknown; 6], vec!["1-67a1b2c3-01234567"]] {
        let ids = Some(ids.into_iter().map(str::to_owned).collect());
        let error =
            client.batch_get_traces().set_trace_ids(ids).send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_request_exception());
    }
}

fn named<'a>(services: &'a [Service], name: &str, kind: &str) -> &'a Service {
    services.iter().find(|service| service.name() == Some(name) && service.r#type() == Some(kind)).unwrap()
}

#[tokio::test]
async fn the_service_graph_counts_the_traces_of_the_summaries() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let graph =
        client.get_service_graph().start_time(bench.ago(600)).end_time(bench.ago(0)).send().await.unwrap();
    let services = graph.services();
    let ids: BTreeSet<_> = services.iter().map(|service| service.reference_id().unwrap()).collect();
    assert_eq!(ids.len(), services.len());
    for service in services {
        for edge in service.edges() {
            assert!(ids.contains(&edge.reference_id().unwrap()));
            let bars: i32 =
                edge.response_time_histogram().iter().map(aws_sdk_xray::types::HistogramEntry::count).sum();
            assert_eq!(i64::from(bars), edge.summary_statistics().unwrap().total_count().unwrap());
        }
        assert_eq!(
            service.state(),
            Some(
                if service.name() == Some("client")
                    || service.edges().is_empty() && service.r#type() != Some("AWS::ECS::Container")
                    || service.r#type() == Some("AWS::SQS::Queue")
                {
                    "unknown"
                } else {
                    "active"
                }
            ),
            "{service:?}"
        );
    }
    let checkout = named(services, "checkout", "AWS::ECS::Container");
    let callees: BTreeSet<_> = checkout
        .edges()
        .iter()
        .filter_map(|edge| services.iter().find(|service| service.reference_id() == edge.reference_id()))
        .map(|service| service.name().unwrap())
        .collect();
    assert_eq!(callees, BTreeSet::from(["cart", "orders", "receipts-queue"]));
    let clients = named(services, "client", "client");
    assert_eq!(clients.edges().len(), 1);
    assert_eq!(clients.edges()[0].reference_id(), checkout.reference_id());
    let (all, _) = summaries(&bench, 600, None).await;
    let own: Vec<_> = all
        .iter()
        .filter(|summary| summary.is_partial() == Some(false))
        .filter(|summary| summary.entry_point().unwrap().name() == Some("checkout"))
        .collect();
    let statistics = checkout.summary_statistics().unwrap();
    assert_eq!(statistics.total_count(), Some(own.len() as i64));
    let faults = own.iter().filter(|summary| summary.has_fault() == Some(true)).count();
    assert_eq!(statistics.fault_statistics().unwrap().total_count(), Some(faults as i64));
    let seconds: f64 = own.iter().map(|summary| summary.response_time().unwrap()).sum();
    assert!((statistics.total_response_time().unwrap() - seconds).abs() < 0.01);
    let queue = named(services, "receipts-queue", "AWS::SQS::Queue");
    assert_eq!(queue.edges()[0].edge_type(), Some("link"));
}

#[tokio::test]
async fn graphs_are_by_group_or_by_trace_and_span_at_most_six_hours() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let ask = |from: i64| client.get_service_graph().start_time(bench.ago(from)).end_time(bench.ago(0));
    let long = ask(7 * 3_600).send().await;
    assert!(long.unwrap_err().as_service_error().unwrap().is_invalid_request_exception());
    let total = |services: &[Service]| {
        named(services, "checkout", "AWS::ECS::Container")
            .summary_statistics()
            .unwrap()
            .total_count()
            .unwrap()
    };
    let all = ask(300).send().await.unwrap();
    let slow = ask(300).group_name("slow").send().await.unwrap();
    assert!(total(slow.services()) > 0 && total(slow.services()) < total(all.services()) / 10);
    assert!(ask(300).group_name("nobody").send().await.is_err());
    let (found, _) = summaries(&bench, 300, Some("service(\"orders\") AND !partial")).await;
    let one = client.get_trace_graph().trace_ids(found[0].id().unwrap()).send().await.unwrap();
    assert_eq!(total(one.services()), 1);
    assert_eq!(one.services().len(), found[0].service_ids().len() + 1, "and the client");
}

#[tokio::test]
async fn services_that_call_nobody_are_counted_about_right() {
    let bench = Bench::new("big");
    let client = Client::new(&bench.config);
    let from = bench.ago(60);
    let ask = client.get_service_graph().start_time(from).end_time(bench.ago(0));
    let graph = ask.send().await.unwrap();
    let services = graph.services();
    let island = named(services, "billing-worker", "AWS::ECS::Container").summary_statistics().unwrap();
    let (all, _) = summaries(&bench, 60, Some("service(\"billing-worker\")")).await;
    let (counted, listed) = (island.total_count().unwrap() as f64, all.len() as f64);
    assert!((counted / listed - 1.0).abs() < 0.15, "{counted} {listed}");
    let mean = |seconds: f64, count: f64| seconds / count;
    let own: f64 = all.iter().filter_map(TraceSummary::response_time).sum();
    let (left, right) = (mean(island.total_response_time().unwrap(), counted), mean(own, listed));
    assert!((left / right - 1.0).abs() < 0.25, "{left} {right}");
    let client = named(services, "client", "client");
    assert!(client.edges().len() > 400, "{}", client.edges().len());
}
