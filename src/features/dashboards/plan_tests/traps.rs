//! The traps of metric widgets that their questions must not fall into.

use super::*;

#[test]
fn trap_7_an_empty_label_is_asked_for_as_one() {
    let search = "SEARCH('{ns,D} m', 'Sum', 60)";
    let rows =
        json!([[{"expression": search, "label": ""}], [{"expression": search}], ["ns", "m", {"label": ""}]]);
    let (query, calls) = planned(&[json!({"period": 60, "metrics": rows})], live(HOUR));
    let labels: Vec<_> = calls[0].queries.iter().map(|query| query.label.as_deref()).collect();
    assert_eq!(labels, [Some(""), None, None]);
    // A metric has no name of CloudWatch's to fall back on but its own.
    assert_eq!(query.asks[2].draws[0].rows[0].label.as_deref(), Some("m"));
}

#[test]
fn trap_10_hidden_inputs_with_metrics_stay_together_and_alone() {
    let widgets = [
        json!({"period": 60, "metrics": [
            [{"expression": "SUM(METRICS(\"q\")) / SUM(METRICS())", "id": "e1"}],
            ["ns", "a", {"id": "q_a", "visible": false}],
            ["ns", "b", {"visible": false}],
            ["ns", "c"],
        ]}),
        json!({"period": 60, "metrics": [["ns", "other"]]}),
    ];
    let (query, calls) = planned(&widgets, live(HOUR));
    let words: Vec<Vec<String>> = calls.iter().map(call_words).collect();
    let whole = [
        "!e1=SUM(METRICS(\"q\")) / SUM(METRICS())",
        "q_a=a Average/60",
        "zz2=b Average/60",
        "!zz3=c Average/60",
    ];
    assert_eq!(words, [whole.map(str::to_owned).to_vec(), vec!["!q0=other Average/60".to_owned()]]);
    assert_eq!(query.asks[0].company, Company::Alone);
    let drawn: Vec<_> = query.asks[0].draws.iter().map(|draw| (draw.query, draw.rows[0].key.row)).collect();
    assert_eq!(drawn, [(0, 0), (3, 3)]);
}

#[test]
fn trap_11_a_period_of_one_second_is_a_minute() {
    assert_eq!(periods(json!([["ns", "m", {"period": 1}]]), live(HOUR)), [60]);
    // Other odd ones go up to the next that CloudWatch takes.
    assert_eq!(periods(json!([["ns", "m", {"period": 90}]]), live(HOUR)), [120]);
}

#[test]
fn trap_12_old_data_are_kept_more_coarsely() {
    let row =
        json!([["ns", "m", {"period": 60}], [{"expression": "SEARCH('{ns} x', 'Sum', 60)", "period": 60}]]);
    for (start, end, expected) in
        [("-P14D", "-P13D", 300), ("-P16D", "-PT372H", 300), ("-P64D", "-P63D", 3_600)]
    {
        let (_, calls) = planned(&[json!({"metrics": row, "start": start, "end": end})], live(HOUR));
        let queries = &calls[0].queries;
        assert_eq!((queries[0].period, queries[1].period), (expected, expected), "{start}");
        assert_eq!(
            queries[1].expression.as_deref(),
            Some(format!("SEARCH('{{ns}} x', 'Sum', {expected})").as_str())
        );
    }
    // Even when the dashboard insists on its periods.
    let mut dashboard =
        read(&[json!({"metrics": [["ns", "m", {"period": 420}]], "start": "-P16D", "end": "-P15D"})]);
    dashboard.period_override = crate::features::dashboards::PeriodOverride::Inherit;
    assert_eq!(calls(&plan_of(&dashboard, live(HOUR)))[0].queries[0].period, 600);
}

#[test]
fn trap_13_daily_metrics_want_a_day() {
    let row = json!([["AWS/S3", "BucketSizeBytes", "BucketName", "b", "StorageType", "StandardStorage"]]);
    let (query, calls) = planned(&[json!({"metrics": row})], live(3 * HOUR));
    assert!(calls.is_empty());
    assert_eq!(
        query.notes,
        [(RowKey { widget: 0, row: 0 }, "it has one point a day: look at a day or more (Z)".to_owned())]
    );
    let (query, calls) = planned(&[json!({"metrics": row})], live(7 * DAY));
    assert_eq!(
        (calls[0].queries[0].period, calls[0].scope.stretch, query.notes.len()),
        (86_400, Stretch::Days, 0)
    );
}

#[test]
fn trap_14_rows_of_global_services_are_asked_where_they_are() {
    let rows = json!([
        ["AWS/CloudFront", "Requests", "Region", "Global", "DistributionId", "E1", {"region": "us-east-1"}],
        ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", "app/x/1"],
        ["AWS/Route53", "HealthCheckStatus", "HealthCheckId", "h"],
    ]);
    let (query, calls) = planned(&[json!({"metrics": rows, "region": "eu-west-2"})], live(HOUR));
    let regions: Vec<_> = calls.iter().map(|call| (call.scope.region.as_deref(), call_words(call))).collect();
    assert_eq!(
        regions[0],
        (
            None,
            vec![
                "!q0=RequestCount app/x/1 Average/300".to_owned(),
                "!q1=HealthCheckStatus h Average/300".to_owned()
            ]
        )
    );
    assert_eq!(regions[1], (Some("us-east-1"), vec!["!q0=Requests Global E1 Average/300".to_owned()]));
    // Somebody forgot to pin the third.
    let expected = "AWS/Route53 metrics are in us-east-1 only, this row asks in eu-west-2".to_owned();
    assert_eq!(query.notes, [(RowKey { widget: 0, row: 2 }, expected)]);
}
