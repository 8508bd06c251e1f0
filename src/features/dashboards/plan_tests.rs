//! What is asked for which widgets, and in how many calls: periods, sharing, splitting, the traps of it.
#![expect(clippy::format_collect, reason = "a few short lines of a test")]
#![expect(clippy::needless_pass_by_value, reason = "json literals read best when given by value")]

mod traps;

use super::metric::MetricWidget;
use super::model::{Dashboard, Name, WidgetKind};
use super::pack::{Call, MAX_POINTS, MAX_QUERIES, pack};
use super::parse::parse;
use super::plan::{PlanCtx, plan};
use super::{Company, DataQuery, RowKey, Stretch};
use crate::app::Window;
use crate::features::metrics::MetricQuery;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn now() -> Timestamp {
    "2026-11-22T04:19:30Z".parse().unwrap()
}

fn read(widgets: &[Value]) -> Dashboard {
    let widgets: Vec<Value> =
        widgets.iter().map(|properties| json!({"type": "metric", "properties": properties})).collect();
    parse(Name::account("x"), &json!({ "widgets": widgets }).to_string()).unwrap()
}

fn live(secs: i64) -> Window {
    Window::Live { secs }
}

fn plan_of(dashboard: &Dashboard, window: Window) -> DataQuery {
    let widgets: Vec<(usize, &MetricWidget)> = dashboard
        .widgets
        .iter()
        .filter_map(|widget| match &widget.kind {
            WidgetKind::Metric(metric) => Some((widget.index, &**metric)),
            _ => None,
        })
        .collect();
    let ctx = PlanCtx {
        name: &dashboard.name,
        period_override: dashboard.period_override,
        window,
        now: now(),
        region: Some("eu-west-2"),
        account: Some("111122223333"),
    };
    plan(&widgets, &ctx)
}

fn calls(query: &DataQuery) -> Vec<Call> {
    pack(query.asks.iter().enumerate(), query.window, now())
}

fn planned(widgets: &[Value], window: Window) -> (DataQuery, Vec<Call>) {
    let query = plan_of(&read(widgets), window);
    let calls = calls(&query);
    (query, calls)
}

/// A query as `id=NAME VALUE.. STAT/period`, or `id=expression`; a `!` marks one that is returned.
fn words(query: &MetricQuery) -> String {
    let mark = if query.returned { "!" } else { "" };
    match (&query.stat, &query.expression) {
        (Some(stat), _) => {
            let values: String = stat.dimensions.iter().map(|(_, value)| format!(" {value}")).collect();
            format!("{mark}{}={}{values} {}/{}", query.id, stat.name, stat.stat, query.period)
        }
        (None, expression) => format!("{mark}{}={}", query.id, expression.as_deref().unwrap_or_default()),
    }
}

fn call_words(call: &Call) -> Vec<String> {
    call.queries.iter().map(words).collect()
}

fn periods(rows: Value, window: Window) -> Vec<i32> {
    let (_, calls) = planned(&[json!({"metrics": rows})], window);
    calls.iter().flat_map(|call| &call.queries).map(|query| query.period).collect()
}

#[test]
fn widgets_share_a_call_and_what_they_share_is_asked_once() {
    let widgets = [
        json!({"period": 60, "metrics": [
            ["ns", "Errors", {"id": "m1", "stat": "Sum", "label": "bad"}],
            ["ns", "Requests", {"id": "m2", "stat": "Sum", "visible": false}],
            ["ns", "Unused", {"visible": false}],
            [{"expression": "100 * m1 / m2", "id": "rate", "label": "errors %"}],
        ]}),
        json!({"period": 60, "metrics": [
            ["ns", "Requests", {"id": "m1", "stat": "Sum"}],
            ["ns", "Errors", {"stat": "Sum", "label": "${LAST}"}],
        ]}),
    ];
    let (query, calls) = planned(&widgets, live(HOUR));
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    let expected = ["!q0=Errors Sum/60", "!q1=Requests Sum/60", "!q2=100 * q0 / q1", "!q3=Errors Sum/60"];
    assert_eq!(call_words(call), expected);
    // The one that CloudWatch names is another question than the one named here.
    assert_eq!(call.queries[3].label.as_deref(), Some("${LAST}"));
    let labels: Vec<_> = query
        .asks
        .iter()
        .flat_map(|ask| &ask.draws)
        .flat_map(|draw| &draw.rows)
        .map(|row| (row.key.widget, row.key.row, row.label.as_deref()))
        .collect();
    let expected = [(0, 0, Some("bad")), (0, 3, None), (1, 0, Some("Requests")), (1, 1, None)];
    assert_eq!(labels, expected);
}

#[test]
fn equal_rows_of_two_widgets_are_one_ask() {
    let widget = json!({"metrics": [["ns", "m"], [{"expression": "SEARCH('{ns} m', 'Sum', 300)"}]]});
    let (query, calls) = planned(&[widget.clone(), widget], live(HOUR));
    assert_eq!((query.asks.len(), calls.len(), calls[0].queries.len()), (2, 1, 2));
    let rows: Vec<RowKey> = query.asks[0].draws[0].rows.iter().map(|row| row.key).collect();
    assert_eq!(rows, [RowKey { widget: 0, row: 0 }, RowKey { widget: 1, row: 0 }]);
}

#[test]
fn regions_accounts_and_ranges_are_calls_of_their_own() {
    let widgets = [
        json!({"region": "eu-west-2", "accountId": "111122223333", "metrics": [["ns", "m"]]}),
        json!({"region": "us-east-1", "metrics": [["ns", "m"], ["ns", "n", {"region": "eu-west-2"}]]}),
        json!({"accountId": "444455556666", "metrics": [["ns", "m"]]}),
        json!({"start": "-PT72H", "metrics": [["ns", "m"]]}),
        json!({"setPeriodToTimeRange": true, "view": "singleValue", "metrics": [["ns", "m"]]}),
        json!({"period": 86400, "metrics": [["ns", "m"]]}),
    ];
    let (_, calls) = planned(&widgets, live(HOUR));
    let scopes: Vec<_> = calls
        .iter()
        .map(|call| {
            (
                call.scope.region.as_deref(),
                call.scope.account.as_deref(),
                call.queries.len(),
                call.queries[0].period,
            )
        })
        .collect();
    assert_eq!(calls.len(), 6, "{scopes:?}");
    for expected in [
        (None, None, 2, 300),
        (Some("us-east-1"), None, 1, 300),
        (None, Some("444455556666"), 1, 300),
        (None, None, 1, 3_600),
        (None, None, 1, 900),
        (None, None, 1, 86_400),
    ] {
        assert!(scopes.contains(&expected), "{expected:?} in {scopes:?}");
    }
}

#[test]
fn times_are_aligned_so_that_points_do_not_wander() {
    let range = |properties: Value, window: Window| {
        let (_, calls) = planned(&[properties], window);
        let (start, end) = calls[0].range(window, now());
        (start.to_string(), end.to_string())
    };
    let row = json!([["ns", "m"]]);
    let pair = |start: &str, end: &str| (start.to_owned(), end.to_owned());
    assert_eq!(
        range(json!({"metrics": row}), live(HOUR)),
        pair("2026-11-22T03:15:00Z", "2026-11-22T04:20:00Z")
    );
    assert_eq!(
        range(json!({"metrics": row, "period": 86400}), live(HOUR)),
        pair("2026-11-22T00:00:00Z", "2026-11-22T04:20:00Z")
    );
    // One value over the range: exactly one period.
    assert_eq!(
        range(json!({"metrics": row, "setPeriodToTimeRange": true}), live(HOUR)),
        pair("2026-11-22T03:20:00Z", "2026-11-22T04:20:00Z")
    );
    // 20 days: CloudWatch keeps five minutes, and rounds the start to them.
    assert_eq!(
        range(json!({"metrics": row, "period": 60, "start": "-P20D", "end": "-P19D"}), live(HOUR)),
        pair("2026-11-02T04:15:00Z", "2026-11-03T04:20:00Z")
    );
}

#[test]
fn periods_adapt_to_the_window_and_stay_multiples_of_their_own() {
    for (own, window, expected) in [
        (60, HOUR, 60),
        (60, 3 * HOUR, 60),
        (60, 12 * HOUR, 300),
        (60, 7 * DAY, 3_600),
        (300, HOUR, 300),
        (300, 7 * DAY, 3_600),
        (900, 12 * HOUR, 900),
        (2_592_000, HOUR, 2_592_000),
    ] {
        assert_eq!(
            periods(json!([["ns", "m", {"period": own}]]), live(window)),
            [expected],
            "{own} in {window}"
        );
    }
    let mut dashboard = read(&[json!({"metrics": [["ns", "m", {"period": 60}]]})]);
    dashboard.period_override = super::PeriodOverride::Inherit;
    assert_eq!(calls(&plan_of(&dashboard, live(7 * DAY)))[0].queries[0].period, 60);
}

#[test]
fn queries_in_sql_are_alone_with_what_uses_them() {
    let (_, calls) = planned(
        &[json!({"period": 60, "metrics": [
            [{"expression": "SELECT AVG(cpu) FROM ns GROUP BY host", "id": "q1"}],
            [{"expression": "q1 * 100"}],
            ["ns", "m"],
        ]})],
        live(HOUR),
    );
    let words: Vec<Vec<String>> = calls.iter().map(call_words).collect();
    let sql = "SELECT AVG(cpu) FROM ns GROUP BY host";
    assert_eq!(words[0], [format!("!i0={sql}")]);
    assert_eq!(words[1], [format!("i0={sql}"), "!i1=i0 * 100".to_owned()]);
    assert_eq!(words[2], ["!q0=m Average/60"]);
}

#[test]
fn what_cannot_be_computed_says_why() {
    let (query, calls) = planned(
        &[json!({"region": "us-east-1", "metrics": [
            [{"expression": "m1 + m9"}],
            [{"expression": "b + 1", "id": "a"}],
            [{"expression": "a + 1", "id": "b"}],
            ["ns", "m", {"id": "m1", "region": "eu-west-2"}],
            [{"expression": "m1 * 2"}],
        ]})],
        live(HOUR),
    );
    let notes: Vec<&str> = query.notes.iter().map(|(_, note)| note.as_str()).collect();
    let expected = [
        "it uses m9, which no row defines",
        "it is computed from itself",
        "it is computed from itself",
        "its inputs are in us-east-1 and eu-west-2: CloudWatch computes within one region and account",
    ];
    assert_eq!(notes, expected);
    assert_eq!(calls.iter().flat_map(call_words).collect::<Vec<_>>(), ["!q0=m Average/300"]);
}

#[test]
fn calls_end_at_500_queries_and_100_800_points() {
    let rows = |count: usize| {
        (0..count).map(|n| json!(["ns", "m", "D", n.to_string(), {"period": 60}])).collect::<Vec<_>>()
    };
    let sizes = |widgets: &[Value], window: Window| {
        let (_, calls) = planned(widgets, window);
        calls.iter().map(|call| call.queries.len()).collect::<Vec<_>>()
    };
    let three = [json!({"metrics": rows(400)}), json!({"metrics": rows(300)})];
    assert_eq!(sizes(&three, live(HOUR)), [400]);
    let other =
        (0..300).map(|n| json!(["ns", "other", "D", n.to_string(), {"period": 60}])).collect::<Vec<_>>();
    assert_eq!(sizes(&[three[0].clone(), json!({"metrics": other})], live(HOUR)), [500, 200]);
    // What an expression computes with is there already: it takes one place, the last one too.
    let ratio = |n: usize| {
        let row = |name: &str, id: &str| json!(["ns", name, "D", n.to_string(), {"period": 60, "id": id}]);
        json!({"metrics": [row("bad", "b"), row("all", "a"), row("slow", "c"), row("late", "d"),
            [{"expression": "100 * b / a"}]]})
    };
    assert_eq!(sizes(&(0..100).map(ratio).collect::<Vec<_>>(), live(3 * HOUR)), [500]);
    // 500 series of three hours by the minute are one call; of six hours they are two.
    assert_eq!(sizes(&[json!({"metrics": rows(500)})], live(3 * HOUR)), [500]);
    assert_eq!(sizes(&[json!({"metrics": rows(500)})], live(6 * HOUR)), [279, 221]);
    let searches = (0..120)
        .map(|n| json!([{"expression": format!("SEARCH('{{ns}} m{n}', 'Sum', 60)")}]))
        .collect::<Vec<_>>();
    assert_eq!(sizes(&[json!({"metrics": searches})], live(HOUR)), [100, 20]);
}

#[test]
fn a_live_window_asks_the_same_question_a_minute_later() {
    let dashboard = read(&[
        json!({"metrics": [["ns", "m"], ["ns", "n", {"period": 60}]]}),
        json!({"setPeriodToTimeRange": true, "metrics": [["ns", "m"]]}),
    ]);
    let WidgetKind::Metric(first) = &dashboard.widgets[0].kind else { panic!() };
    let WidgetKind::Metric(second) = &dashboard.widgets[1].kind else { panic!() };
    let at = |seconds: i64| {
        let ctx = PlanCtx {
            name: &dashboard.name,
            period_override: dashboard.period_override,
            window: live(HOUR),
            now: Timestamp::from_second(now().as_second() + seconds).unwrap(),
            region: None,
            account: None,
        };
        plan(&[(0, first), (1, second)], &ctx)
    };
    assert_eq!(at(0), at(61));
}

/// Rows whose expressions name each other at random.
fn any_rows() -> impl Strategy<Value = Vec<Value>> {
    let expression = prop::sample::select(vec![
        "m0 + m1",
        "SUM([m0, m2])",
        "m3 / m4",
        "METRICS()",
        "SUM(METRICS('m'))",
        "SEARCH('{ns} x', 'Sum', 60)",
        "SELECT AVG(a) FROM b",
        "FILL(m5, 0)",
        "",
        "'",
    ]);
    let row = (0..6_u8, prop::option::of(expression), any::<bool>(), 0..3_u8).prop_map(
        |(id, expression, visible, region)| {
            let mut options = json!({"id": format!("m{id}"), "visible": visible});
            if region == 0 {
                options["region"] = json!("us-east-1");
            }
            match expression {
                Some(text) => {
                    options["expression"] = json!(text);
                    json!([options])
                }
                None => json!(["ns", format!("x{id}"), options]),
            }
        },
    );
    prop::collection::vec(row, 0..8)
}

proptest! {
    #[test]
    fn every_drawn_row_is_asked_for_once_or_says_why(widgets in prop::collection::vec(any_rows(), 0..6), hours in 1..400_i64) {
        let widgets: Vec<Value> = widgets.into_iter().map(|rows| json!({"metrics": rows})).collect();
        let dashboard = read(&widgets);
        let query = plan_of(&dashboard, live(hours * HOUR));
        let mut answered: Vec<RowKey> = query.asks.iter().flat_map(|ask| &ask.draws).flat_map(|draw| &draw.rows).map(|row| row.key).collect();
        answered.extend(query.notes.iter().map(|(key, _)| *key));
        answered.sort_unstable();
        let drawn: Vec<RowKey> = dashboard.widgets.iter().filter_map(|widget| match &widget.kind {
            WidgetKind::Metric(metric) => Some((widget.index, metric)),
            _ => None,
        }).flat_map(|(index, metric)| metric.series.iter().filter(|row| row.visible).map(move |row| RowKey { widget: index, row: row.row })).collect();
        prop_assert_eq!(answered, drawn);
        let calls = calls(&query);
        let mut asks: Vec<usize> = calls.iter().flat_map(|call| &call.asks).map(|(place, _)| *place).collect();
        asks.sort_unstable();
        prop_assert_eq!(asks, (0..query.asks.len()).collect::<Vec<_>>());
        for call in &calls {
            prop_assert!(call.queries.len() <= MAX_QUERIES);
            let ids: BTreeSet<&str> = call.queries.iter().map(|query| query.id.as_str()).collect();
            prop_assert_eq!(ids.len(), call.queries.len(), "ids are unique");
            for expression in call.queries.iter().filter_map(|query| query.expression.as_deref()) {
                prop_assert!(super::expression::ids(expression).iter().all(|id| ids.contains(id)), "{}", expression);
            }
            let (start, end) = call.range(query.window, now());
            let secs = end.duration_since(start).as_secs();
            let points: i64 = call.queries.iter().map(|query| secs / i64::from(query.period)).sum();
            prop_assert!(call.asks.len() == 1 || points <= MAX_POINTS);
        }
    }
}
