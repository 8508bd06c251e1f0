//! `GetMetricData` over CBOR: searches, SQL, labels, accounts, retention, and how fast it is.

use super::Bench;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::{
    Dimension, LabelOptions, Metric, MetricDataQuery, MetricDataResult, MetricStat, StandardUnit,
};
use serde_json::Value;

fn math(id: &str, expression: &str) -> MetricDataQuery {
    MetricDataQuery::builder().id(id).expression(expression).build()
}

/// A statistic of a metric per minute; dimensions come in pairs.
fn stat(metric: &[&str], stat: &str, period: i32) -> MetricStat {
    let dimensions =
        metric[2..].chunks(2).map(|pair| Dimension::builder().name(pair[0]).value(pair[1]).build());
    let metric = Metric::builder()
        .namespace(metric[0])
        .metric_name(metric[1])
        .set_dimensions(Some(dimensions.collect()))
        .build();
    MetricStat::builder().metric(metric).period(period).stat(stat).build()
}

fn plain(id: &str, metric: &[&str], statistic: &str) -> MetricDataQuery {
    MetricDataQuery::builder().id(id).metric_stat(stat(metric, statistic, 60)).build()
}

const REQUESTS: [&str; 6] = ["Shop/App", "Requests", "ClusterName", "shop", "ServiceName", "checkout"];

async fn ask(bench: &Bench, minutes: i64, queries: Vec<MetricDataQuery>) -> GetMetricDataOutput {
    let client = Client::new(&bench.config);
    let request = client.get_metric_data().start_time(bench.ago(minutes * 60)).end_time(bench.ago(0));
    request.set_metric_data_queries(Some(queries)).send().await.unwrap()
}

fn labels(answer: &GetMetricDataOutput) -> Vec<&str> {
    answer.metric_data_results().iter().map(|result| result.label().unwrap()).collect()
}

fn of<'a>(answer: &'a GetMetricDataOutput, id: &str) -> &'a MetricDataResult {
    answer.metric_data_results().iter().find(|result| result.id() == Some(id)).unwrap()
}

#[tokio::test]
async fn searches_and_sql_agree_with_the_metrics() {
    let bench = Bench::new("bad-deploy");
    let search = "SEARCH('{Shop/App,ClusterName,ServiceName} MetricName=\"Requests\"', 'Sum', 60)";
    let sql = "SELECT SUM(Requests) FROM SCHEMA(\"Shop/App\", ClusterName, ServiceName) GROUP BY ServiceName \
               ORDER BY SUM() DESC";
    let sql = MetricDataQuery::builder().id("q").expression(sql).period(60).build();
    let queries = vec![
        math("s", search),
        math("total", "SUM(s)"),
        math("busiest", "SORT(s, SUM, DESC, 1)"),
        sql,
        math("same", "FIRST(q) - m"),
        plain("m", &REQUESTS, "Sum"),
    ];
    let answer = ask(&bench, 60, queries).await;
    assert_eq!(
        labels(&answer),
        ["checkout", "orders", "cart", "total", "checkout", "checkout", "cart", "orders", "same", "Requests"]
    );
    assert_eq!(of(&answer, "s").values(), of(&answer, "m").values());
    assert_eq!(of(&answer, "q").values(), of(&answer, "m").values());
    assert!(of(&answer, "same").values().iter().all(|value| value.abs() < 1e-9));
    let parts = answer.metric_data_results().iter().filter(|result| result.id() == Some("s"));
    let newest: f64 = parts.map(|result| result.values()[0]).sum();
    assert!((of(&answer, "total").values()[0] - newest).abs() < 1e-9);
}

#[tokio::test]
async fn labels_are_dynamic() {
    let bench = Bench::new("bad-deploy");
    let labelled = |id: &str, label: &str, query: MetricDataQuery| {
        let mut builder = MetricDataQuery::builder().id(id).label(label);
        builder = match query.expression() {
            Some(expression) => builder.expression(expression),
            None => builder.metric_stat(query.metric_stat().unwrap().clone()),
        };
        builder.build()
    };
    let groups = "SEARCH('{AWS/ApplicationELB,LoadBalancer,TargetGroup} MetricName=\"RequestCount\" \
                  TargetGroup=checkout-green', 'Sum', 60)";
    let client = Client::new(&bench.config);
    let queries = vec![
        labelled("a", "${PROP('Dim.ServiceName')} n=${DATAPOINT_COUNT}", plain("a", &REQUESTS, "Sum")),
        labelled("b", "Requests of", math("b", "METRICS() * 1")),
        labelled("c", "${PROP('Stat')} of ${PROP('Dim.TargetGroup')}", math("c", groups)),
        labelled("d", "at ${FIRST_TIME}", math("d", "a / 2")),
    ];
    let request = client.get_metric_data().start_time(bench.ago(1800)).end_time(bench.ago(600));
    let request = request.label_options(LabelOptions::builder().timezone("+0130").build());
    let answer = request.set_metric_data_queries(Some(queries)).send().await.unwrap();
    let labels = labels(&answer);
    assert_eq!(labels[0], "checkout n=20");
    assert_eq!(labels[1], "Requests of checkout n=20");
    assert!(labels[2].starts_with("Sum of targetgroup/checkout-green/"), "{labels:?}");
    assert_eq!(labels[3], "at 2026-11-22 11:00:00");
}

#[tokio::test]
async fn what_aws_does_not_give_is_not_given() {
    let bench = Bench::new("bad-deploy");
    let with = |id: &str, period: i32, unit: Option<StandardUnit>| {
        let stat = stat(&REQUESTS, "Sum", period);
        let stat = MetricStat::builder()
            .metric(stat.metric().unwrap().clone())
            .period(period)
            .stat("Sum")
            .set_unit(unit)
            .build();
        MetricDataQuery::builder().id(id).metric_stat(stat)
    };
    let count = |answer: &GetMetricDataOutput, id: &str| of(answer, id).values().len();
    let answer = ask(
        &bench,
        60,
        vec![
            with("right", 60, Some(StandardUnit::Count)).build(),
            with("wrong", 60, Some(StandardUnit::Seconds)).build(),
            with("other", 60, None).account_id("999988887777").build(),
            plain("half", &["Shop/App", "Requests", "ServiceName", "checkout"], "Sum"),
            plain("more", &["AWS/ApplicationELB", "RequestCount", "LoadBalancer", "x", "Zone", "y"], "Sum"),
        ],
    )
    .await;
    assert!(count(&answer, "right") > 50);
    assert_eq!([count(&answer, "wrong"), count(&answer, "half"), count(&answer, "more")], [0, 0, 0]);
    let other = of(&answer, "other");
    assert_eq!(other.status_code().unwrap().as_str(), "Forbidden");
    assert_eq!((other.values().len(), other.messages()[0].code()), (0, Some("Forbidden")));

    // Minutes are kept for 15 days, five minutes for 63.
    let day = 1440;
    for (days, period, there) in
        [(14, 60, true), (16, 60, false), (16, 300, true), (64, 300, false), (64, 3600, true)]
    {
        let answer = ask(&bench, days * day, vec![with("m", period, None).build()]).await;
        assert_eq!(count(&answer, "m") > 0, there, "{period} s over {days} days");
    }
}

#[tokio::test]
async fn more_than_500_found_are_cut_and_said() {
    let bench = Bench::new("big");
    let answer =
        ask(&bench, 5, vec![math("s", "SEARCH('{AWS/Lambda,FunctionName} Invocations', 'Sum', 60)")]).await;
    assert_eq!(answer.metric_data_results().len(), 500);
    assert_eq!(answer.messages()[0].code(), Some("MaxMetricsExceeded"));
    let none = ask(&bench, 5, vec![math("s", "SEARCH('{AWS/Nope,X} MetricName=\"a\"', 'Sum', 60)")]).await;
    assert!(none.metric_data_results().is_empty() && none.messages().is_empty());
}

#[tokio::test]
async fn expressions_of_all_kinds_are_taken_or_refused() {
    let bench = Bench::new("bad-deploy");
    // As public dashboards write them, about metrics that the shop does not have.
    for text in [
        "FILL(SEARCH('{AWS/ApiGateway,ApiId,Stage} MetricName=\"5XXError\"', 'Sum', 60), 0)",
        "SUM(SEARCH('{AWS/CloudFront,DistributionId,Region} MetricName=\"Requests\"', 'Sum', 60))",
        "SEARCH(' deployment.environment=\"env\" Noise=(\"Raw\" OR \"Noised\") MetricName=\"request.count\" ', 'Average', 60)",
        "IF(LAST(FILL(SEARCH('{a/b,c} MetricName=\"x\" d=\"e\"', 'Average', 60), 0)) > 0, 1, 0)",
        "SORT(REMOVE_EMPTY(SEARCH('{AWS/Nope,X}', 'p90', 300)), SUM, DESC)",
        "SELECT MAX(\"system.load\") FROM SCHEMA(bidding, Noise, \"service.name\") WHERE \"service.name\" = 'b' \
         GROUP BY label, \"service.name\" ORDER BY MAX() DESC",
        "SELECT AVG(node_cpu) FROM SCHEMA(ContainerInsights, ClusterName)",
    ] {
        let answer = ask(&bench, 60, vec![math("e", text)]).await;
        for result in answer.metric_data_results() {
            assert_eq!(result.status_code().unwrap().as_str(), "Complete", "{text}");
        }
        assert!(answer.metric_data_results().iter().all(|result| result.values().is_empty()), "{text}");
    }
    let client = Client::new(&bench.config);
    let hidden =
        MetricDataQuery::builder().id("m").metric_stat(stat(&REQUESTS, "Sum", 60)).return_data(false);
    for (queries, reason) in [
        (vec![math("e", "NOPE(1)")], "Error in expression 'e': unsupported function NOPE"),
        (vec![math("e", "SEARCH('', 'Sum', 60)")], "the search is empty"),
        (vec![math("e", "SEARCH('{a,b}', 'Median', 60)")], "statistic Median"),
        (vec![math("e", "SELECT SUM(a) FROM b WHERE c")], "Error in expression 'e'"),
        (vec![math("e", "SELECT SUM(a) FROM b"), math("f", "SELECT SUM(a) FROM b")], "one Metrics Insights"),
        (vec![math("e", &format!("1{}", " + 1".repeat(600)))], "longer than 2048"),
        (vec![hidden.build()], "ReturnData"),
        (
            vec![MetricDataQuery::builder().id("m").metric_stat(stat(&REQUESTS, "Sum", 61)).build()],
            "multiple of 60",
        ),
        ((0..501).map(|n| plain(&format!("m{n}"), &REQUESTS, "Sum")).collect(), "from 1 to 500"),
    ] {
        let request = client.get_metric_data().start_time(bench.ago(600)).end_time(bench.ago(0));
        let error = request.set_metric_data_queries(Some(queries)).send().await.unwrap_err();
        assert_eq!(error.code(), Some("ValidationError"), "{reason}");
        assert!(error.message().unwrap().contains(reason), "{reason}: {:?}", error.message());
    }
}

/// The metric rows of a widget with `.` and `...` written out, and its expression rows.
fn rows(widget: &Value) -> Vec<(Vec<String>, Value)> {
    let mut before: Vec<String> = Vec::new();
    let rows = widget["metrics"].as_array().cloned().unwrap_or_default();
    let written = rows.into_iter().map(|row| {
        let mut parts = row.as_array().unwrap().clone();
        let options = parts.pop_if(|last| last.is_object()).unwrap_or_default();
        let mut row: Vec<String> = parts.iter().map(|part| part.as_str().unwrap().to_owned()).collect();
        if row.first().is_some_and(|first| first == "...") {
            row.remove(0);
            let head = before.len() - row.len();
            row = [&before[..head], &row].concat();
        }
        for (index, part) in row.iter_mut().enumerate() {
            if part == "." {
                part.clone_from(&before[index]);
            }
        }
        if !row.is_empty() {
            before.clone_from(&row);
        }
        (row, options)
    });
    written.collect()
}

#[tokio::test]
async fn every_series_of_the_dashboards_has_points() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let alarms = client.describe_alarms().set_alarm_types(Some(
        aws_sdk_cloudwatch::types::AlarmType::values().iter().map(|kind| (*kind).into()).collect(),
    ));
    let alarms = alarms.send().await.unwrap();
    let arns: Vec<&str> = alarms
        .metric_alarms()
        .iter()
        .filter_map(|alarm| alarm.alarm_arn())
        .chain(alarms.composite_alarms().iter().filter_map(|alarm| alarm.alarm_arn()))
        .collect();
    let mut series = 0;
    for name in ["shop-overview", "checkout"] {
        let body = client.get_dashboard().dashboard_name(name).send().await.unwrap();
        let body: Value = serde_json::from_str(body.dashboard_body().unwrap()).unwrap();
        for widget in body["widgets"].as_array().unwrap() {
            let widget = &widget["properties"];
            for list in [&widget["alarms"], &widget["annotations"]["alarms"]] {
                for arn in list.as_array().into_iter().flatten() {
                    assert!(arns.contains(&arn.as_str().unwrap()), "{name}: there is no {arn}");
                }
            }
            let text = |options: &Value, key: &str| {
                options[key].as_str().or_else(|| widget[key].as_str()).unwrap_or("Average").to_owned()
            };
            let queries = rows(widget).into_iter().enumerate().map(|(index, (row, options))| {
                let id = options["id"].as_str().map_or_else(|| format!("row{index}"), str::to_owned);
                let query = MetricDataQuery::builder().id(id).return_data(options["visible"] != false);
                if let Some(expression) = options["expression"].as_str() {
                    query.expression(expression).period(60)
                } else {
                    let row: Vec<&str> = row.iter().map(String::as_str).collect();
                    query.metric_stat(stat(&row, &text(&options, "stat"), 60))
                }
                .build()
            });
            let queries: Vec<MetricDataQuery> = queries.collect();
            if queries.is_empty() {
                continue;
            }
            let answer = ask(&bench, 60, queries).await;
            let title = &widget["title"];
            assert!(!answer.metric_data_results().is_empty(), "{name}: {title} finds nothing");
            for result in answer.metric_data_results() {
                assert!(!result.values().is_empty(), "{name}: {title}: {:?} has no points", result.label());
                series += 1;
            }
        }
    }
    assert!(series > 60, "{series}");
}
