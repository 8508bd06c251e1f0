//! The properties of a metric widget.

use super::annotations::annotations;
use super::read::{Props, line, moment, timezone, whole};
use super::rows::{Defaults, account, rows};
use crate::features::dashboards::metric::{Axis, Legend, MetricWidget, Summary, TableOptions, View};
use crate::features::dashboards::model::{Moment, OwnRange};
use serde_json::Value;

/// The period of a widget that names none, in seconds (source: the dashboard body reference).
const DEFAULT_PERIOD: i32 = 300;

/// Reads a metric widget. Remarks stay in `props`.
pub fn metric(props: &mut Props, values: &[(String, String)]) -> MetricWidget {
    let view = props.read("view", "a view that is known here", view).unwrap_or_default();
    let (stat, account) = (props.text("stat"), account(props));
    let list = props.list("metrics");
    let defaults =
        Defaults { stat: stat.as_deref().unwrap_or("Average"), account: account.as_deref(), values };
    let mut remarks = Vec::new();
    let series = rows(list, &defaults, &mut remarks);
    let annotations = annotations(props.take("annotations"), &mut remarks);
    props.remarks.append(&mut remarks);
    let mut axes = props.inner("yAxis");
    let (left, right) = (axis(&mut axes, "left"), axis(&mut axes, "right"));
    props.absorb("yAxis", axes);
    if view == View::Gauge && (left.min.is_none() || left.max.is_none()) {
        props.remarks.push("a gauge without yAxis.left.min and max: its range is that of its values".into());
    }
    let mut legend = props.inner("legend");
    let position = legend.read("position", "a place for the legend", legend_position).unwrap_or_default();
    props.absorb("legend", legend);
    MetricWidget {
        view,
        stacked: props.flag("stacked").unwrap_or(false) && view == View::TimeSeries,
        series,
        region: props.region("region"),
        period: props.read("period", "a period", period).unwrap_or(DEFAULT_PERIOD),
        annotations,
        left,
        right,
        legend: position,
        live_data: props.flag("liveData").unwrap_or(false),
        timezone: props.read("timezone", "a zone like +0130", timezone),
        sparkline: props.flag("sparkline").unwrap_or(false),
        whole_range: props.flag("setPeriodToTimeRange").unwrap_or(false),
        full_precision: props.flag("singleValueFullPrecision").unwrap_or(false),
        table: table(props),
        range: range(props),
    }
}

/// A time range of its own: `start` with, maybe, `end`.
pub fn range(props: &mut Props) -> Option<OwnRange> {
    let start = props.read("start", "a duration or a time", moment);
    let end = props.read("end", "a duration or a time", moment);
    start.map(|start| OwnRange { start, end: end.unwrap_or(Moment::Ago(0)) })
}

/// A period in seconds. `Auto`, which some tools write, leaves it to the reader.
fn period(value: &Value) -> Option<i32> {
    let seconds = i32::try_from(whole(value)?).ok()?;
    (1..=86_400 * 30).contains(&seconds).then_some(seconds)
}

fn view(value: &Value) -> Option<View> {
    Some(match value.as_str()? {
        "timeSeries" => View::TimeSeries,
        "singleValue" => View::SingleValue,
        "gauge" => View::Gauge,
        "bar" => View::Bar,
        "pie" => View::Pie,
        "table" => View::Table,
        _ => return None,
    })
}

fn legend_position(value: &Value) -> Option<Legend> {
    match value.as_str()? {
        "bottom" => Some(Legend::Bottom),
        "right" => Some(Legend::Right),
        "hidden" => Some(Legend::Hidden),
        _ => None,
    }
}

fn axis(axes: &mut Props, key: &str) -> Axis {
    let mut props = axes.inner(key);
    let axis = Axis {
        min: props.number("min"),
        max: props.number("max"),
        label: props.text("label").unwrap_or_default(),
        show_units: props.flag("showUnits").unwrap_or(true),
    };
    axes.absorb(key, props);
    axis
}

fn table(props: &mut Props) -> TableOptions {
    let mut table = props.inner("table");
    let default = TableOptions::default();
    let columns = table.take("summaryColumns");
    let options = TableOptions {
        vertical: table.text("layout").as_deref() == Some("vertical"),
        sticky_summary: table.flag("stickySummary").unwrap_or(false),
        points: table.flag("showTimeSeriesData").unwrap_or(true),
        summary: match columns {
            Some(Value::Array(columns)) => columns.iter().filter_map(summary).collect(),
            _ => default.summary,
        },
    };
    props.absorb("table", table);
    options
}

fn summary(value: &Value) -> Option<Summary> {
    match value.as_str().map(line)?.as_str() {
        "MIN" => Some(Summary::Min),
        "MAX" => Some(Summary::Max),
        "SUM" => Some(Summary::Sum),
        "AVG" => Some(Summary::Avg),
        _ => None,
    }
}
