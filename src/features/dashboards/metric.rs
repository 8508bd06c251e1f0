//! What is inside a metric widget: its series, axes, annotations and how it is viewed. Pure data.
//!
//! Rows are expanded already (`parse/rows.rs`): no `.` and `...` are left, options stand as fields.

use super::model::{OwnRange, Rgb};
use crate::features::alarms::Alarm;
use crate::features::metrics::Stat;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A widget of `"type": "metric"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricWidget {
    /// How it is drawn.
    pub view: View,
    /// Series stand on top of each other (time series only).
    pub stacked: bool,
    /// In the order of the body; [`SeriesSpec::row`] is the place here. Hidden ones too.
    pub series: Vec<SeriesSpec>,
    /// Region of rows without one of their own; `None`: the target's.
    pub region: Option<String>,
    /// Seconds, of rows without one of their own; a multiple of 60.
    pub period: i32,
    /// Lines, bands and alarms.
    pub annotations: Annotations,
    /// The left axis; gauges have their range here.
    pub left: Axis,
    /// The right axis.
    pub right: Axis,
    /// Where the legend stands.
    pub legend: Legend,
    /// The newest, still filling point is shown. Otherwise it is left out.
    pub live_data: bool,
    /// Minutes east of UTC, when the widget asks for a zone of its own.
    pub timezone: Option<i32>,
    /// A small line under single values.
    pub sparkline: bool,
    /// One value over the whole range instead of the newest point.
    pub whole_range: bool,
    /// All digits of single values, not `1.2k`.
    pub full_precision: bool,
    /// How a table is laid out.
    pub table: TableOptions,
    /// Its own time range, which the window does not move.
    pub range: Option<OwnRange>,
}

impl MetricWidget {
    /// The alarm that this widget is about: it names one and brings no metrics.
    pub fn alarm(&self) -> Option<&str> {
        self.annotations.alarms.first().map(String::as_str).filter(|_| self.series.is_empty())
    }

    /// The widget with an alarm's own metrics and its threshold drawn in.
    #[must_use]
    pub fn of_alarm(&self, alarm: &Alarm) -> Self {
        let mut widget = self.clone();
        widget.series = alarm
            .metrics
            .iter()
            .enumerate()
            .map(|(row, query)| SeriesSpec {
                row,
                id: Some(query.id.clone()),
                source: match (&query.stat, &query.expression) {
                    (Some(stat), _) => SeriesSource::Metric(stat.clone()),
                    (None, expression) => SeriesSource::Expression(expression.clone().unwrap_or_default()),
                },
                label: query.label.clone(),
                region: None,
                account: None,
                period: Some(query.period),
                color: None,
                side: Side::Left,
                visible: query.returned,
            })
            .collect();
        widget.add_threshold(alarm);
        widget
    }

    /// The values of all dimensions, those that searches name in quotes too.
    pub fn dimension_values(&self) -> impl Iterator<Item = String> {
        self.series.iter().flat_map(|spec| match &spec.source {
            SeriesSource::Metric(stat) => stat.dimensions.iter().map(|(_, value)| value.clone()).collect(),
            // Every second piece stands between quotes.
            SeriesSource::Expression(text) => {
                text.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
            }
        })
    }

    /// Draws an alarm's threshold in, when it has a fixed one.
    pub fn add_threshold(&mut self, alarm: &Alarm) {
        let Some(value) = alarm.threshold else { return };
        let label = format!("{} {} {}", alarm.name, alarm.operator(), crate::features::alarms::short(value));
        let line = Level { value, label, color: None };
        let fill = Fill::None;
        self.annotations.horizontal.push(Horizontal { line, to: None, fill, side: Side::Left, alarm: true });
    }
}

/// How metrics are drawn (`view`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum View {
    /// Over time.
    #[default]
    TimeSeries,
    /// Numbers.
    SingleValue,
    /// Dials; their range is that of the left axis.
    Gauge,
    /// A bar per series.
    Bar,
    /// Shares of a whole.
    Pie,
    /// Series as rows.
    Table,
}

/// One row of `metrics`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesSpec {
    /// Its place in the widget: what data know it by.
    pub row: usize,
    /// What expressions call it.
    pub id: Option<String>,
    /// Where its values come from.
    pub source: SeriesSource,
    /// As written, with CloudWatch's dynamic parts (`${LAST}`); empty on purpose for a search that is to show
    /// only the metrics' own labels.
    pub label: Option<String>,
    /// Its region, when it is not the widget's.
    pub region: Option<String>,
    /// Account, when it is not the target's.
    pub account: Option<String>,
    /// Seconds, when it is not the widget's.
    pub period: Option<i32>,
    /// The colour asked for.
    pub color: Option<Rgb>,
    /// Which axis it belongs to.
    pub side: Side,
    /// It is drawn, not only used by expressions.
    pub visible: bool,
}

/// Where the values of a row come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeriesSource {
    /// One metric with its statistic.
    Metric(Arc<Stat>),
    /// Metric math, a search or a Metrics Insights query.
    Expression(String),
}

/// Left or right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// Left.
    #[default]
    Left,
    /// Right.
    Right,
}

/// A value axis. Its range grows where the data or annotations need it, unless it is fixed here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Its lower end.
    pub min: Option<f64>,
    /// Its upper end.
    pub max: Option<f64>,
    /// Its name; empty when it has none.
    pub label: String,
    /// Units are written at it.
    pub show_units: bool,
}

impl Default for Axis {
    fn default() -> Self {
        Self { min: None, max: None, label: String::new(), show_units: true }
    }
}

/// Where the legend stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Legend {
    /// Below.
    #[default]
    Bottom,
    /// At the right.
    Right,
    /// Nowhere.
    Hidden,
}

/// What is drawn over the series. Annotations that are not visible are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Annotations {
    /// At values.
    pub horizontal: Vec<Horizontal>,
    /// At times.
    pub vertical: Vec<Vertical>,
    /// ARNs of alarms.
    pub alarms: Vec<String>,
}

/// A value with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// In the unit of the axis.
    pub value: f64,
    /// What it means; empty when it has none.
    pub label: String,
    /// The colour asked for.
    pub color: Option<Rgb>,
}

/// A line at a value, or a band between two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Horizontal {
    /// The line.
    pub line: Level,
    /// The other end of a band; `None` for a line.
    pub to: Option<Level>,
    /// Which side of a line is shaded; nothing for bands.
    pub fill: Fill,
    /// Its axis.
    pub side: Side,
    /// It is an alarm's threshold.
    pub alarm: bool,
}

/// A time with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What it means; empty when it has none.
    pub label: String,
    /// The colour asked for.
    pub color: Option<Rgb>,
}

/// A line at a time, or a span between two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vertical {
    /// The line.
    pub line: Mark,
    /// The other end of a span; `None` for a line.
    pub to: Option<Mark>,
    /// Which side of a line is shaded; nothing for spans.
    pub fill: Fill,
}

/// Which side of a line is shaded: of a time, `Before` it or after it; of a value, below it or above.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fill {
    /// Neither.
    #[default]
    None,
    /// Below, or before.
    Before,
    /// Above, or after.
    After,
}

/// How a table is laid out (`table`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableOptions {
    /// Series are columns and times rows (`vertical`), not the other way round.
    pub vertical: bool,
    /// The summary stays in view.
    pub sticky_summary: bool,
    /// The points are shown, not only the summary.
    pub points: bool,
    /// The summary columns.
    pub summary: Vec<Summary>,
}

impl Default for TableOptions {
    fn default() -> Self {
        let summary = vec![Summary::Min, Summary::Max, Summary::Sum, Summary::Avg];
        Self { vertical: false, sticky_summary: false, points: true, summary }
    }
}

/// A figure over the drawn points; not a statistic of CloudWatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Summary {
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// All together.
    Sum,
    /// Their mean.
    Avg,
}
