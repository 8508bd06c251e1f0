//! What bodies become: the traps of the format one by one, broken input, and random bodies.
#![expect(clippy::format_collect, reason = "a few short lines of a test")]
#![expect(clippy::needless_pass_by_value, reason = "json literals read best when given by value")]

use super::*;
use crate::features::dashboards::metric::{Fill, MetricWidget, SeriesSource, Side, View};
use crate::features::dashboards::model::{Explained, LogGroups, Moment, OwnRange, Place, Replaces, Rgb};
use proptest::prelude::*;
use serde_json::json;

fn read(body: &Value) -> Dashboard {
    parse(Name::account("test"), &body.to_string()).unwrap()
}

/// A dashboard of one metric widget with these properties.
fn metric_of(properties: Value) -> MetricWidget {
    let dashboard = read(&json!({"widgets": [{"type": "metric", "properties": properties}]}));
    match &dashboard.widgets[0].kind {
        WidgetKind::Metric(metric) => (**metric).clone(),
        other => panic!("{other:?}"),
    }
}

fn explained_of(widget: Value) -> Explained {
    let dashboard = read(&json!({"widgets": [widget]}));
    match &dashboard.widgets[0].kind {
        WidgetKind::Explained(explained) => explained.clone(),
        other => panic!("{other:?}"),
    }
}

/// A row as `NAMESPACE NAME DIMENSION=VALUE.. STAT`, or its expression.
fn words(metric: &MetricWidget) -> Vec<String> {
    let row = |spec: &super::super::metric::SeriesSpec| match &spec.source {
        SeriesSource::Expression(text) => text.clone(),
        SeriesSource::Metric(stat) => {
            let dimensions: String =
                stat.dimensions.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("{} {}{dimensions} {}", stat.namespace, stat.name, stat.stat)
        }
    };
    metric.series.iter().map(row).collect()
}

fn rows_of(rows: Value) -> Vec<String> {
    words(&metric_of(json!({"metrics": rows})))
}

fn remarks_of(widget: Value) -> Vec<String> {
    read(&json!({"widgets": [widget]})).widgets[0].remarks.clone()
}

#[test]
fn trap_1_a_dot_copies_by_place_not_by_name() {
    let rows = json!([
        ["ns", "m", "ServiceName", "s", "ClusterName", "c"],
        [".", ".", "ClusterName", "."],
        [".", "other", ".", "d"],
    ]);
    let expected = [
        "ns m ServiceName=s ClusterName=c Average",
        "ns m ClusterName=s Average",
        "ns other ClusterName=d Average",
    ];
    assert_eq!(rows_of(rows), expected);
}

#[test]
fn trap_2_dots_copy_the_metric_and_never_the_options() {
    let metric = metric_of(json!({"stat": "Sum", "metrics": [
        ["ns", "m", "D", "v1", {"stat": "p99", "color": "#d62728", "id": "m1", "visible": false}],
        ["...", {"yAxis": "right"}],
        ["…", "v2"],
        ["ns2", "..."],
    ]}));
    let expected = ["ns m D=v1 p99", "ns m D=v1 Sum", "ns m D=v2 Sum", "ns2 m D=v2 Sum"];
    assert_eq!(words(&metric), expected);
    let options: Vec<_> = metric.series.iter().map(|row| (row.visible, row.side, row.color)).collect();
    assert_eq!(options[0], (false, Side::Left, Some(Rgb(0xd6, 0x27, 0x28))));
    assert_eq!(options[1], (true, Side::Right, None));
    assert_eq!(options[2], (true, Side::Left, None));
}

#[test]
fn trap_3_expressions_are_not_the_row_before() {
    let rows = json!([
        [{"expression": "m1 * 100", "id": "e1"}],
        ["ns", "m", {"id": "m1", "visible": false}],
        [{"expression": "SELECT AVG(x)\nFROM \"ns\"", "id": "q1"}],
        [".", "n"],
    ]);
    assert_eq!(rows_of(rows), ["m1 * 100", "ns m Average", "SELECT AVG(x) FROM \"ns\"", "ns n Average"]);
    let first = json!({"type": "metric", "properties": {"metrics": [["...", "v"], ["ns", "m"]]}});
    assert_eq!(remarks_of(first), ["row 1: `...` with no metric before it"]);
}

#[test]
fn trap_4_whole_dashboards_without_places() {
    let widget = json!({"type": "text", "properties": {"markdown": "x"}});
    let wide = json!({"type": "text", "width": 24, "height": 1, "properties": {"markdown": "x"}});
    let dashboard = read(&json!({"widgets": [widget, widget, wide, widget]}));
    let places: Vec<Place> = dashboard.widgets.iter().map(|widget| widget.place).collect();
    let place = |x, y, width, height| Place { x, y, width, height };
    assert_eq!(places, [place(0, 0, 6, 6), place(6, 0, 6, 6), place(0, 6, 24, 1), place(12, 0, 6, 6)]);
}

#[test]
fn trap_5_unsorted_and_overlapping_widgets() {
    let text = |x: u32, y: u32| json!({"type": "text", "x": x, "y": y, "properties": {"markdown": "x"}});
    let dashboard = read(&json!({"widgets": [text(6, 6), text(0, 0), text(0, 0), text(9, 0)]}));
    let corners: Vec<_> = dashboard.widgets.iter().map(|widget| (widget.place.x, widget.place.y)).collect();
    assert_eq!(corners, [(6, 6), (0, 0), (0, 6), (9, 0)]);
}

#[test]
fn trap_6_a_heading_one_row_high() {
    let dashboard = read(&json!({"widgets": [
        {"type": "text", "x": 0, "y": 0, "width": 24, "height": 1, "properties": {"markdown": "# Queues"}},
    ]}));
    assert_eq!(dashboard.widgets[0].place.height, 1);
    let expected = TextWidget { markdown: "# Queues".into(), transparent: false };
    assert_eq!(dashboard.widgets[0].kind, WidgetKind::Text(expected));
}

#[test]
fn trap_7_an_empty_label_is_a_label() {
    let metric = metric_of(json!({"metrics": [
        [{"expression": "SEARCH('{ns,D} m', 'Sum', 60)", "label": ""}],
        [{"expression": "SEARCH('{ns,D} m', 'Sum', 60)"}],
    ]}));
    assert_eq!(metric.series[0].label.as_deref(), Some(""));
    assert_eq!(metric.series[1].label, None);
}

#[test]
fn trap_8_a_gauge_without_a_range() {
    let gauge = |axis: Value| json!({"type": "metric", "properties": {"view": "gauge", "yAxis": axis, "metrics": [["ns", "m"]]}});
    assert_eq!(
        remarks_of(gauge(json!({"left": {"min": 0}}))),
        ["a gauge without yAxis.left.min and max: its range is that of its values"]
    );
    assert_eq!(remarks_of(gauge(json!({"left": {"min": "0", "max": 100}}))), [""; 0]);
}

#[test]
fn trap_9_lines_beside_an_alarm() {
    let metric = metric_of(json!({"annotations": {
        "alarms": ["arn:aws:cloudwatch:eu-west-2:111122223333:alarm:a"],
        "horizontal": [{"value": 5}],
    }}));
    assert_eq!(metric.alarm(), Some("arn:aws:cloudwatch:eu-west-2:111122223333:alarm:a"));
    assert_eq!(metric.annotations.horizontal.len(), 1);
    // With metrics of its own it is about these, and the alarm's threshold is drawn in.
    let metric = metric_of(json!({"metrics": [["ns", "m"]], "annotations": {"alarms": ["arn"]}}));
    assert_eq!((metric.alarm(), metric.annotations.alarms.len()), (None, 1));
}

#[test]
fn trap_15_numbers_as_strings() {
    let dashboard =
        read(&json!({"widgets": [{"type": "metric", "x": "6", "y": "0", "width": "12", "height": "3",
        "properties": {
            "period": "60", "stacked": "true", "metrics": [["ns", "m", "Code", 5, {"period": "900"}]],
            "annotations": {"horizontal": [{"value": "80"}]}, "yAxis": {"left": {"max": "100"}},
        }}]}));
    assert_eq!(dashboard.widgets[0].place, Place { x: 6, y: 0, width: 12, height: 3 });
    assert_eq!(dashboard.widgets[0].remarks, [""; 0]);
    let WidgetKind::Metric(metric) = &dashboard.widgets[0].kind else { panic!() };
    assert_eq!((metric.period, metric.stacked, metric.left.max), (60, true, Some(100.0)));
    assert_eq!((metric.series[0].period, metric.annotations.horizontal[0].line.value), (Some(900), 80.0));
    assert_eq!(words(metric), ["ns m Code=5 Average"]);
}

#[test]
fn trap_16_a_row_that_is_not_nested() {
    assert_eq!(
        rows_of(json!(["AWS/Lambda", "Errors", "FunctionName", "f"])),
        ["AWS/Lambda Errors FunctionName=f Average"]
    );
    assert_eq!(rows_of(json!([{"expression": "m1"}, ["ns", "m", {"id": "m1"}]])), ["m1", "ns m Average"]);
}

#[test]
fn trap_17_annotations_without_their_list() {
    let metric = metric_of(json!({"metrics": [["ns", "m"]], "annotations": {
        "horizontal": {"value": 3, "fill": "above", "label": "limit", "color": "#aaa"},
        "vertical": {"value": "2026-11-22T04:00:00Z", "fill": "after"},
    }}));
    let line = &metric.annotations.horizontal[0];
    assert_eq!(
        (line.line.value, line.fill, line.line.color),
        (3.0, Fill::After, Some(Rgb(0xaa, 0xaa, 0xaa)))
    );
    assert_eq!(metric.annotations.vertical[0].fill, Fill::After);
}

#[test]
fn trap_18_account_id_in_both_spellings() {
    let metric = metric_of(json!({"accountId": "111122223333", "metrics": [
        ["ns", "m"], ["ns", "m", {"accountId": "444455556666"}], ["ns", "m", {"accountID": 444_455_556_666_u64}],
    ]}));
    let accounts: Vec<_> = metric.series.iter().map(|row| row.account.as_deref().unwrap()).collect();
    assert_eq!(accounts, ["111122223333", "444455556666", "444455556666"]);
    assert_eq!(
        metric_of(json!({"accountID": "111122223333", "metrics": [["ns", "m"]]})).series[0]
            .account
            .as_deref(),
        Some("111122223333")
    );
}

#[test]
fn bands_hidden_lines_and_lines_without_a_value() {
    let metric = metric_of(json!({"metrics": [["ns", "m"]], "annotations": {"horizontal": [
        [{"value": 1, "label": "low", "fill": "above", "yAxis": "right"}, {"value": 2}],
        {"value": 3, "visible": false},
        {"label": "no value"},
    ], "vertical": [[{"value": "2026-11-22T04:00:00Z"}, {"value": "2026-11-22T05:00:00Z"}], {"value": "soon"}]}}));
    let [band] = metric.annotations.horizontal.as_slice() else { panic!("{:?}", metric.annotations) };
    assert_eq!((band.line.value, band.to.as_ref().map(|to| to.value)), (1.0, Some(2.0)));
    assert_eq!((band.fill, band.side), (Fill::None, Side::Right));
    assert_eq!(metric.annotations.vertical.len(), 1);
    assert!(metric.annotations.vertical[0].to.is_some());
}

#[test]
fn what_is_not_drawn_says_what_it_is_and_where_to_look() {
    let log = explained_of(json!({"type": "log", "properties": {
        "query": "SOURCE '/ecs/checkout' | SOURCE '/ecs/cart' | fields @message\n| filter @message like /a|b/", "region": "eu-west-2"}}));
    assert_eq!(log.look, "The Logs screen reads /ecs/checkout, /ecs/cart: l.");
    assert_eq!(log.text, "fields @message\n| filter @message like /a|b/");
    let groups = ["/ecs/checkout", "/ecs/cart"].map(str::to_owned).to_vec();
    assert_eq!(log.logs, Some(LogGroups { region: Some("eu-west-2".into()), groups }));
    let prefix = explained_of(json!({"type": "log", "properties": {
        "query": "SOURCE logGroups(namePrefix: ['/aws/lambda']) | fields @message"}}));
    assert_eq!((prefix.logs, prefix.look.as_str()), (None, "In the AWS console: o."));
    let custom = explained_of(json!({"type": "custom", "properties": {"endpoint": "arn:aws:lambda:f"}}));
    assert!(custom.why.contains("arn:aws:lambda:f") && custom.why.contains("never called"), "{}", custom.why);
    let explorer = explained_of(json!({"type": "explorer", "properties": {
        "metrics": [{"metricName": "CPUUtilization", "resourceType": "AWS::EC2::Instance", "stat": "Average"}],
        "labels": [{"key": "team", "value": "shop"}]}}));
    assert_eq!(
        explorer.why,
        "CPUUtilization of every AWS::EC2::Instance tagged team = shop; resources are not looked up by tag."
    );
    let rule = explained_of(json!({"type": "metric", "properties": {"insightRule": {"ruleName": "top"}}}));
    assert!(rule.why.contains("rule top"), "{}", rule.why);
    assert!(
        explained_of(json!({"type": "trace", "properties": {"params": {"group": "g"}}}))
            .why
            .contains("group g")
    );
    assert!(explained_of(json!({"type": "chart"})).why.contains("chart"));
    for drawn_elsewhere in ["log", "custom", "explorer", "trace", "chart", "logQuery"] {
        assert!(
            !explained_of(json!({"type": drawn_elsewhere, "properties": {}})).failed,
            "{drawn_elsewhere}"
        );
    }
}

#[test]
fn what_is_broken_says_why_and_the_rest_is_drawn() {
    let dashboard = read(&json!({"widgets": [
        7,
        {"properties": {}},
        {"type": "text", "properties": {"markdown": 7}},
        {"type": "alarm", "properties": {"alarms": []}},
        {"type": "metric", "properties": {"metrics": [["ns", "m", "D"]]}},
        {"type": "metric", "properties": {"metrics": [["ns", "m", "D"], ["ns", "m"]], "view": "heatmap"}},
        {"type": "metric", "properties": "none"},
    ]}));
    let why = |index: usize| match &dashboard.widgets[index].kind {
        WidgetKind::Explained(explained) => (explained.failed, explained.why.clone()),
        _ => (false, String::new()),
    };
    assert_eq!(why(0), (true, "the widget is not an object: 7".into()));
    assert_eq!(why(1), (true, "It has no type.".into()));
    assert_eq!(why(2), (true, "It has no text.".into()));
    assert_eq!(why(3), (true, "It names no alarms.".into()));
    assert_eq!(why(4), (true, "No row can be read; row 1: the dimension D has no value".into()));
    let WidgetKind::Metric(metric) = &dashboard.widgets[5].kind else { panic!() };
    assert_eq!((metric.view, metric.series.len(), metric.series[0].row), (View::TimeSeries, 1, 1));
    assert_eq!(
        dashboard.widgets[5].remarks,
        ["view: not a view that is known here: \"heatmap\"", "row 1: the dimension D has no value"]
    );
    assert_eq!(why(6), (false, "It names no metrics.".into()));
    assert_eq!(dashboard.census(), super::super::model::Census { drawn: 1, explained: 1, failed: 5 });
}

#[test]
fn bodies_that_are_no_dashboard_say_where() {
    let parse = |body: &str| parse(Name::account("x"), body).unwrap_err();
    assert_eq!(
        parse("{\"widgets\": [\n  {]}"),
        "the body is no JSON: key must be a string at line 2 column 4"
    );
    assert_eq!(parse(""), "the body is no JSON: EOF while parsing a value at line 1 column 0");
    assert_eq!(parse("[1]"), "the body is no JSON object but [1]");
    assert!(parse(&"[".repeat(1_000_000)).contains("recursion limit"));
    assert!(parse(&" ".repeat(MAX_BYTES + 1)).contains("are read"));
}

#[test]
fn a_megabyte_and_500_widgets() {
    let rows: Vec<_> = (0..20).map(|n| json!(["AWS/Lambda", "Errors", "FunctionName", format!("function-{n}"), {"label": "x".repeat(40)}])).collect();
    let widgets: Vec<_> = (0..520)
        .map(|n| json!({"type": "metric", "properties": {"title": n.to_string(), "metrics": rows}}))
        .collect();
    let body = json!({"widgets": widgets}).to_string();
    assert!(body.len() > 1_000_000);
    let dashboard = parse(Name::account("big"), &body).unwrap();
    assert_eq!((dashboard.widgets.len(), dashboard.census().drawn), (500, 500));
    assert_eq!(dashboard.remarks, ["20 widgets over 500 are left out"]);
}

#[test]
fn unknown_keys_are_kept_and_hostile_text_is_made_safe() {
    let dashboard = read(&json!({"version": 2, "widgets": [{"type": "metric", "id": 9, "properties": {
        "title": "a\u{1b}]0;pwned\u{7}b\nc", "metrics": [["n\u{202e}s", "m"]], "trend": true, "x\u{1b}[1m": "\u{9b}31m"}}]}));
    let widget = &dashboard.widgets[0];
    assert_eq!(widget.title, "ab␊c");
    assert_eq!(dashboard.unknown, *json!({"version": 2}).as_object().unwrap());
    assert_eq!(widget.unknown, *json!({"id": 9, "trend": true, "x": "␦31m"}).as_object().unwrap());
    let WidgetKind::Metric(metric) = &widget.kind else { panic!() };
    assert_eq!(words(metric), ["n<U+202E>s m Average"]);
}

#[test]
fn ranges_and_periods_of_the_dashboard() {
    let dashboard = read(&json!({"start": "-PT6H", "periodOverride": "inherit", "widgets": []}));
    assert_eq!(dashboard.range, Some(OwnRange { start: Moment::Ago(21_600), end: Moment::Ago(0) }));
    assert_eq!(dashboard.period_override, PeriodOverride::Inherit);
    let widget = metric_of(json!({"metrics": [["ns", "m"]], "start": "-PT72H", "end": "P0D"}));
    assert_eq!(widget.range, Some(OwnRange { start: Moment::Ago(259_200), end: Moment::Ago(0) }));
}

#[test]
fn defaults_of_variables_are_put_in() {
    let body = json!({
        "variables": [
            {"id": "r", "type": "property", "property": "region", "label": "Region", "defaultValue": "us-west-2"},
            {"id": "f", "type": "property", "property": "FunctionName", "defaultValue": "pay\"s", "values": [{"value": "pay", "label": "Pay"}]},
            {"id": "p", "type": "pattern", "pattern": "stage-[a-z]+", "defaultValue": "stage-prod"},
            {"id": "n", "type": "property", "property": "Namespace", "defaultValue": ""},
            {"id": "s", "type": "property", "property": "Cluster", "defaultValue": "__FIRST"},
        ],
        "widgets": [{"type": "metric", "properties": {"region": "eu-west-2", "title": "stage-test", "metrics": [
            ["AWS/Lambda", "Errors", "FunctionName", "x"],
            ["...", "y"],
            [{"expression": "SEARCH('{AWS/Lambda,FunctionName} FunctionName=\"x\" OtherFunctionName=\"z\"', 'Sum')"}],
            ["ContainerInsights", "m", "Namespace", "kept"],
        ]}}],
    });
    let dashboard = read(&body);
    let WidgetKind::Metric(metric) = &dashboard.widgets[0].kind else { panic!() };
    assert_eq!(
        (metric.region.as_deref(), dashboard.widgets[0].title.as_str()),
        (Some("us-west-2"), "stage-prod")
    );
    let expected = [
        "AWS/Lambda Errors FunctionName=pay\"s Average",
        "AWS/Lambda Errors FunctionName=pay\"s Average",
        "SEARCH('{AWS/Lambda,FunctionName} FunctionName=\"pays\" OtherFunctionName=\"z\"', 'Sum')",
        "ContainerInsights m Namespace=kept Average",
    ];
    assert_eq!(words(metric), expected);
    assert_eq!(dashboard.variables.len(), 5);
    assert_eq!(dashboard.variables[1].values, [("pay".to_owned(), "Pay".to_owned())]);
    assert_eq!(dashboard.variables[2].replaces, Replaces::Pattern("stage-[a-z]+".into()));
    assert_eq!(dashboard.variables[4].value, None);
    assert_eq!(
        dashboard.remarks,
        ["variable: s takes the first value that a search finds: shown as written"]
    );
}

/// Values as they may stand anywhere in a body.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e3..1e6_f64).prop_map(Value::from),
        prop::sample::select(vec![
            ".",
            "...",
            "…",
            "metric",
            "text",
            "alarm",
            "log",
            "-PT3H",
            "#abc",
            "m1",
            "left",
            "ns",
            "gauge",
            "\u{1b}[0m",
        ])
        .prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "metrics",
        "expression",
        "id",
        "label",
        "period",
        "annotations",
        "horizontal",
        "vertical",
        "alarms",
        "value",
        "yAxis",
        "left",
        "view",
        "title",
        "markdown",
        "query",
        "region",
        "stat",
        "visible",
        "table",
        "start",
        "other",
    ]);
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((key.clone().prop_map(str::to_owned), inner), 0..8)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn any_widget() -> impl Strategy<Value = Value> {
    let kind =
        prop::sample::select(vec!["metric", "text", "alarm", "log", "explorer", "custom", "trace", "new"]);
    (kind, any_value(), prop::collection::vec(any_value(), 4)).prop_map(|(kind, properties, place)| {
        let [x, y, width, height] = <[Value; 4]>::try_from(place).unwrap();
        json!({"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties})
    })
}

/// Text that a terminal would act on.
fn unsafe_text(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().any(|c| c.is_control() && c != '\n'),
        Value::Array(list) => list.iter().any(unsafe_text),
        Value::Object(map) => {
            map.iter().any(|(key, value)| key.chars().any(char::is_control) || unsafe_text(value))
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn every_widget_of_any_body_gets_a_place_and_no_escape_passes(
        widgets in prop::collection::vec(prop_oneof![4 => any_widget(), 1 => any_value()], 0..12),
        rest in any_value(),
    ) {
        let body = json!({"widgets": widgets, "variables": rest, "start": rest, "periodOverride": rest});
        let dashboard = read(&body);
        prop_assert_eq!(dashboard.widgets.len(), widgets.len());
        for (index, widget) in dashboard.widgets.iter().enumerate() {
            prop_assert_eq!(widget.index, index);
            prop_assert!(widget.place.width >= 1 && widget.place.height >= 1);
        }
        prop_assert!(!unsafe_text(&serde_json::to_value(&dashboard).unwrap()));
    }

    #[test]
    fn no_text_panics(body in "\\PC{0,200}") {
        let _ = parse(Name::account("x"), &body);
    }
}
