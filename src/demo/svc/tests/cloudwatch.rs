//! CloudWatch over CBOR.

use super::Bench;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::types::{
    AlarmType, Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StateValue,
};
use std::collections::BTreeSet;

fn all_types() -> Vec<AlarmType> {
    vec![AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm]
}

#[tokio::test]
async fn alarm_types_left_out_mean_metric_alarms() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let plain = client.describe_alarms().send().await.unwrap();
    assert!(!plain.metric_alarms().is_empty());
    assert!(plain.composite_alarms().is_empty() && plain.log_alarms().is_empty());
    let all = client.describe_alarms().set_alarm_types(Some(all_types())).send().await.unwrap();
    assert!(!all.composite_alarms().is_empty());
    let composite = &all.composite_alarms()[0];
    assert!(composite.alarm_rule().unwrap().starts_with("ALARM(\""));
    for alarm in all.metric_alarms() {
        assert!(alarm.state_transitioned_timestamp().is_some(), "{:?}", alarm.alarm_name());
        assert_eq!(alarm.metric_name().is_some(), alarm.metrics().is_empty(), "{:?}", alarm.alarm_name());
    }
}

#[tokio::test]
async fn alarms_come_in_pages_without_loss() {
    let bench = Bench::new("big");
    let client = Client::new(&bench.config);
    let mut names = BTreeSet::new();
    let mut token = None;
    let mut pages = 0;
    loop {
        let request = client.describe_alarms().set_alarm_types(Some(all_types())).max_records(100);
        let page = request.set_next_token(token).send().await.unwrap();
        pages += 1;
        names.extend(page.metric_alarms().iter().map(|alarm| alarm.alarm_name().unwrap().to_owned()));
        names.extend(page.composite_alarms().iter().map(|alarm| alarm.alarm_name().unwrap().to_owned()));
        names.extend(page.log_alarms().iter().map(|alarm| alarm.alarm_name().unwrap().to_owned()));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!((names.len(), pages), (2000, 20));
}

#[tokio::test]
async fn alarms_are_found_by_name_prefix_state_and_parent() {
    let bench = Bench::new("bad-deploy");
    bench.advance(180);
    let client = Client::new(&bench.config);
    let by_prefix = client.describe_alarms().alarm_name_prefix("checkout-").send().await.unwrap();
    assert!(
        by_prefix.metric_alarms().iter().all(|alarm| alarm.alarm_name().unwrap().starts_with("checkout-"))
    );
    let name = by_prefix.metric_alarms()[0].alarm_name().unwrap();
    let by_name = client.describe_alarms().alarm_names(name).send().await.unwrap();
    assert_eq!(by_name.metric_alarms().len(), 1);
    let in_alarm = client.describe_alarms().state_value(StateValue::Alarm).send().await.unwrap();
    assert!(!in_alarm.metric_alarms().is_empty());
    assert!(in_alarm.metric_alarms().iter().all(|alarm| alarm.state_value() == Some(&StateValue::Alarm)));

    let composite = client.describe_alarms().alarm_types(AlarmType::CompositeAlarm).send().await.unwrap();
    let parent = composite.composite_alarms()[0].alarm_name().unwrap();
    let children = client.describe_alarms().children_of_alarm_name(parent).send().await.unwrap();
    let child = &children.metric_alarms()[0];
    assert!(child.state_value().is_some() && child.threshold().is_none());
    let parents =
        client.describe_alarms().parents_of_alarm_name(child.alarm_name().unwrap()).send().await.unwrap();
    assert!(parents.composite_alarms().iter().any(|alarm| alarm.alarm_name() == Some(parent)));

    let wrong = client.describe_alarms().children_of_alarm_name(parent).alarm_names("x").send().await;
    assert_eq!(wrong.unwrap_err().code(), Some("InvalidParameterCombination"));
    let wrong = client.describe_alarms().next_token("nonsense").send().await.unwrap_err();
    assert!(wrong.as_service_error().unwrap().is_invalid_next_token());
}

#[tokio::test]
async fn history_and_mute_rules_are_told() {
    let bench = Bench::new("bad-deploy");
    bench.advance(180);
    let client = Client::new(&bench.config);
    let first = client
        .describe_alarm_history()
        .set_alarm_types(Some(all_types()))
        .max_records(2)
        .send()
        .await
        .unwrap();
    assert_eq!(first.alarm_history_items().len(), 2);
    let token = first.next_token().unwrap();
    let request = client.describe_alarm_history().set_alarm_types(Some(all_types())).max_records(2);
    let second = request.next_token(token).send().await.unwrap();
    let newest = first.alarm_history_items()[1].timestamp().unwrap();
    assert!(second.alarm_history_items()[0].timestamp().unwrap() <= newest);

    let rules = client.list_alarm_mute_rules().send().await.unwrap();
    let arn = rules.alarm_mute_rule_summaries()[0].alarm_mute_rule_arn().unwrap();
    let name = arn.rsplit(':').next().unwrap();
    let rule = client.get_alarm_mute_rule().alarm_mute_rule_name(name).send().await.unwrap();
    assert!(!rule.mute_targets().unwrap().alarm_names().is_empty());
    assert!(rule.rule().unwrap().schedule().unwrap().expression().unwrap().contains('('));
    let missing = client.get_alarm_mute_rule().alarm_mute_rule_name("nope").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_resource_not_found_exception());
}

/// A query for a metric of the first load balancer.
fn metric(id: &str, name: &str, balancer: &str, stat: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("LoadBalancer").value(balancer).build();
    let metric =
        Metric::builder().namespace("AWS/ApplicationELB").metric_name(name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat(stat).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

fn math(id: &str, expression: &str) -> MetricDataQuery {
    MetricDataQuery::builder().id(id).expression(expression).build()
}

const BALANCER: &str = "app/shop-web/50dc6c495c0c9188";

#[tokio::test]
async fn metric_data_with_math() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let request = client.get_metric_data().start_time(bench.ago(3600)).end_time(bench.ago(300));
    let queries = vec![
        metric("m1", "RequestCount", BALANCER, "Sum"),
        metric("m2", "TargetResponseTime", BALANCER, "p99"),
        math("e1", "m1 * 2"),
        math("e2", "IF(m1 > 0, 100 * m1 / m1)"),
        math("e3", "SUM(METRICS()) * 0 + SUM(m1)"),
    ];
    let answer = request.set_metric_data_queries(Some(queries)).send().await.unwrap();
    let of = |id: &str| answer.metric_data_results().iter().find(|result| result.id() == Some(id)).unwrap();
    let m1 = of("m1");
    assert_eq!(m1.values().len(), 55);
    assert!(m1.timestamps()[0] > m1.timestamps()[1], "newest first is the default");
    assert!(m1.values().iter().all(|value| *value > 0.0));
    assert!(of("m2").values().iter().all(|value| (0.0..30.0).contains(value)));
    let doubled: Vec<f64> = m1.values().iter().map(|value| value * 2.0).collect();
    assert_eq!(of("e1").values(), doubled);
    assert!(of("e2").values().iter().all(|value| (*value - 100.0).abs() < 1e-9));
    assert!((of("e3").values()[0] - m1.values().iter().sum::<f64>()).abs() < 1e-6);
}

#[tokio::test]
async fn metric_data_comes_in_pages_of_points() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let ask = |token: Option<String>, most: i32| {
        let queries = vec![
            metric("m1", "RequestCount", BALANCER, "Sum"),
            metric("none", "NoSuchMetric", BALANCER, "Sum"),
            math("e1", "m1 + 1"),
        ];
        let request = client.get_metric_data().start_time(bench.ago(3600)).end_time(bench.ago(600));
        let request = request.scan_by(ScanBy::TimestampAscending).max_datapoints(most);
        request.set_next_token(token).set_metric_data_queries(Some(queries)).send()
    };
    let whole = ask(None, 100_800).await.unwrap();
    let values = |results: &[MetricDataResult], id: &str| -> Vec<f64> {
        results
            .iter()
            .filter(|result| result.id() == Some(id))
            .flat_map(|result| result.values().to_vec())
            .collect()
    };
    let (mut pages, mut token, mut found) = (0, None, Vec::new());
    loop {
        let page = ask(token, 40).await.unwrap();
        pages += 1;
        found.extend(page.metric_data_results().to_vec());
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    for id in ["m1", "e1"] {
        assert_eq!(values(&found, id), values(whole.metric_data_results(), id));
    }
    assert_eq!(values(&found, "m1").len(), 50);
    assert_eq!(found.iter().filter(|result| result.id() == Some("none")).count(), 1);
    assert!(found.iter().any(|result| result.status_code().unwrap().as_str() == "PartialData"));
}

#[tokio::test]
async fn wrong_metric_queries_are_refused_in_words() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    for (queries, reason) in [
        (vec![math("e1", "1 +")], "Error in expression 'e1': the expression ends too early"),
        (vec![math("e1", "m9")], "m9 is not defined"),
        (vec![math("e1", "e2"), math("e2", "e1")], "in a circle"),
        (vec![math("e1", "5")], "must be a time series"),
        (vec![math("Up", "5")], "must begin with a lower-case letter"),
        (vec![metric("m1", "X", BALANCER, "p101")], "p101 for parameter Stat"),
        (vec![metric("m1", "X", BALANCER, "Sum"), metric("m1", "X", BALANCER, "Sum")], "more than once"),
        (vec![], "from 1 to 500"),
    ] {
        let request = client.get_metric_data().start_time(bench.ago(600)).end_time(bench.ago(0));
        let error = request.set_metric_data_queries(Some(queries)).send().await.unwrap_err();
        assert_eq!(error.code(), Some("ValidationError"));
        assert!(error.message().unwrap().contains(reason), "{reason}: {:?}", error.message());
    }
}

#[tokio::test]
async fn metrics_are_listed_by_dimension() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let all = client.list_metrics().send().await.unwrap();
    assert!(all.metrics().len() > 20);
    let alb = client
        .list_metrics()
        .namespace("AWS/ApplicationELB")
        .metric_name("RequestCount")
        .send()
        .await
        .unwrap();
    assert!(!alb.metrics().is_empty());
    assert!(alb.metrics().iter().all(|metric| metric.metric_name() == Some("RequestCount")));
}
