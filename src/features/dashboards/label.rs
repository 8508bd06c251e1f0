//! What rows are called that bring no label. Pure.
//!
//! CloudWatch names a metric by what tells it from the others of its call. Calls here mix widgets, so rows
//! are named by what tells them from the others of their widget.

use super::metric::{SeriesSource, SeriesSpec};
use crate::features::metrics::Stat;
use crate::text::cut_end;

/// Cells of an expression that stands for a name.
const MAX_EXPRESSION: usize = 40;

/// The name of each row without a label of its own, in their order.
pub fn names(series: &[SeriesSpec]) -> Vec<String> {
    let drawn: Vec<&SeriesSpec> = series.iter().filter(|spec| spec.visible).collect();
    let stats: Vec<&Stat> = drawn.iter().filter_map(|spec| stat(spec)).collect();
    let differs = |part: &dyn Fn(&Stat) -> &str| {
        let mut parts = stats.iter().map(|stat| part(stat));
        let first = parts.next();
        parts.any(|part| Some(part) != first)
    };
    let by_name = differs(&|stat| &stat.name);
    let by_stat = differs(&|stat| &stat.stat);
    let by_space = differs(&|stat| &stat.namespace);
    let values = |stat: &Stat| stat.dimensions.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
    let first_values = stats.first().map(|stat| values(stat)).unwrap_or_default();
    let by_values = stats.iter().any(|stat| values(stat) != first_values);
    // Values that all share tell nothing apart.
    let shared = |value: &String| stats.iter().all(|stat| stat.dimensions.iter().any(|(_, v)| v == value));
    let name = |spec: &SeriesSpec| match &spec.source {
        SeriesSource::Expression(text) => {
            spec.id.clone().unwrap_or_else(|| cut_end(text, MAX_EXPRESSION, "…").into_owned())
        }
        SeriesSource::Metric(stat) => {
            let mut parts = Vec::new();
            if by_space && !by_name {
                parts.push(stat.namespace.clone());
            }
            if by_name || !(by_values || by_stat || by_space) {
                parts.push(stat.name.clone());
            }
            if by_values {
                parts.extend(values(stat).into_iter().filter(|value| !shared(value)));
            }
            if by_stat {
                parts.push(stat.stat.clone());
            }
            if parts.is_empty() { stat.name.clone() } else { parts.join(" ") }
        }
    };
    series.iter().map(name).collect()
}

fn stat(spec: &SeriesSpec) -> Option<&Stat> {
    match &spec.source {
        SeriesSource::Metric(stat) => Some(stat),
        SeriesSource::Expression(_) => None,
    }
}

/// CloudWatch fills a label of this kind in itself (source: *Using dynamic labels* of its user guide).
pub fn is_dynamic(label: &str) -> bool {
    label.contains("${")
}

/// The label holds a time, which CloudWatch writes in the zone that it is told.
pub fn has_time(label: &str) -> bool {
    is_dynamic(label) && label.contains("_TIME")
}

#[cfg(test)]
mod tests {
    use crate::features::dashboards::model::{Name, WidgetKind};
    use crate::features::dashboards::parse::parse;
    use serde_json::json;

    #[test]
    fn rows_are_named_by_what_differs() {
        let cases = [
            (json!([["ns", "Errors", "F", "a"]]), vec!["Errors"]),
            (
                json!([["ns", "Errors", "F", "a"], [".", "Invocations", ".", "."]]),
                vec!["Errors", "Invocations"],
            ),
            (json!([["ns", "Errors", "F", "a"], ["...", "b"]]), vec!["a", "b"]),
            (json!([["ns", "CPU", "C", "shop", "S", "a"], ["...", "b"]]), vec!["a", "b"]),
            (json!([["ns", "Latency", {"stat": "p50"}], ["...", {"stat": "p99"}]]), vec!["p50", "p99"]),
            (
                json!([["ns", "Errors", "F", "a"], ["ns", "Throttles", "F", "b"]]),
                vec!["Errors a", "Throttles b"],
            ),
            (json!([["ns", "m"], ["ns", "m"]]), vec!["m", "m"]),
            (json!([["ns1", "m"], ["ns2", "m"]]), vec!["ns1", "ns2"]),
            (json!([["ns", "m", "F", "a"], ["ns", "m"]]), vec!["a", "m"]),
            (
                json!([[{"expression": "m1*2"}], [{"expression": "m1*3", "id": "e2"}], ["ns", "m", {"id": "m1"}]]),
                vec!["m1*2", "e2", "m"],
            ),
        ];
        for (rows, expected) in cases {
            let body = json!({"widgets": [{"type": "metric", "properties": {"metrics": rows}}]}).to_string();
            let dashboard = parse(Name::account("x"), &body).unwrap();
            let WidgetKind::Metric(metric) = &dashboard.widgets[0].kind else { panic!() };
            assert_eq!(super::names(&metric.series), expected, "{rows}");
        }
    }
}
