//! The chart: series over time with axes, thresholds, marks, a crosshair and a legend.
//!
//! This file owns what a chart is made of; `layout` decides what fits, `draw` draws. A chart shows values
//! as they are: it neither aggregates over time nor fills gaps, and keeps spikes at any width
//! ([`downsample`]). It reads no clock: the range, the crosshair and the zone come from the caller.

mod axes;
pub mod canvas;
pub mod downsample;
mod draw;
mod layout;
mod legend;
mod lines;
mod range;
pub mod ticks;
pub mod time;
pub mod units;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::theme::{Role, Theme};

/// The time a chart shows, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The left edge.
    pub start: Timestamp,
    /// The right edge.
    pub end: Timestamp,
}

impl TimeRange {
    /// A range around two times whose ends move in steps of minutes or more, so that the chart of a window that
    /// runs on is not redrawn for every second.
    pub fn steady(start: Timestamp, end: Timestamp) -> Self {
        let step = (end.duration_since(start).as_secs() / 300 / 60).max(1) * 60;
        let edge = |at: Timestamp, up: i64| {
            let steps = at.as_second().div_euclid(step) + up;
            Timestamp::from_second(steps.saturating_mul(step)).unwrap_or(at)
        };
        Self { start: edge(start, 0), end: edge(end, 1) }
    }

    /// Its length; zero or negative for an empty range.
    pub fn seconds(self) -> f64 {
        self.seconds_to(self.end)
    }

    /// Seconds from the start to `at`.
    pub fn seconds_to(self, at: Timestamp) -> f64 {
        let whole = at.as_second() - self.start.as_second();
        let rest = at.subsec_nanosecond() - self.start.subsec_nanosecond();
        whole as f64 + f64::from(rest) * 1e-9
    }

    /// The column nearest to `at` when the range is `columns` wide. Times outside take the edge.
    pub fn column(self, at: Timestamp, columns: usize) -> usize {
        Self::column_of(self.seconds_to(at), self.seconds(), columns)
    }

    /// The same for a time `second` seconds into a range of `span` seconds.
    fn column_of(second: f64, span: f64, columns: usize) -> usize {
        let share = if span > 0.0 { (second / span).clamp(0.0, 1.0) } else { 0.0 };
        (share * columns.saturating_sub(1) as f64).round() as usize
    }

    /// Whether `at` is shown.
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at <= self.end
    }
}

/// One value of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The start of its period.
    pub at: Timestamp,
    /// The value; `None` is a gap, as are NaN and infinities.
    pub value: Option<f64>,
    /// It crosses the alarm's threshold.
    pub breaching: bool,
}

impl Point {
    /// A point that does not breach.
    pub fn new(at: Timestamp, value: Option<f64>) -> Self {
        Self { at, value, breaching: false }
    }
}

/// The side of a value axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// The left axis.
    #[default]
    Left,
    /// The right axis.
    Right,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// A line.
    #[default]
    Line,
    /// An area on top of the stacked series before it.
    Stacked,
}

/// Values over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub label: String,
    /// CloudWatch's name of its unit; empty for none.
    pub unit: String,
    /// Its points, by time.
    pub points: Vec<Point>,
    /// Seconds between two points; 0 when unknown, then only missing values are gaps.
    pub period: u32,
    /// The axis it is measured on.
    pub axis: Side,
    /// Its colour.
    pub role: Role,
    /// The newest point is still filling: drawn dim and left out of the legend's last value.
    pub partial_last: bool,
    /// Listed in the legend, but not drawn.
    pub hidden: bool,
    /// Line or stacked area.
    pub style: Style,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            label: String::new(),
            unit: String::new(),
            points: Vec::new(),
            period: 0,
            axis: Side::Left,
            role: Role::Series1,
            partial_last: false,
            hidden: false,
            style: Style::Line,
        }
    }
}

/// A value axis. The default takes its range and its unit from the series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// Fixes the lower end.
    pub min: Option<f64>,
    /// Fixes the upper end.
    pub max: Option<f64>,
    /// Takes the place of the unit.
    pub label: String,
    /// Do not show the unit.
    pub hide_unit: bool,
}

/// A horizontal line: a threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct HLine {
    /// Where.
    pub value: f64,
    /// Written on the line where there is room; may be empty.
    pub label: String,
    /// Its colour, mostly [`Role::Threshold`].
    pub role: Role,
    /// The axis it is measured on.
    pub axis: Side,
}

/// A part of the plot that means something: marked on its axis, so that the data stay readable.
#[derive(Debug, Clone, PartialEq)]
pub enum Band {
    /// All values between two; an open end reaches the edge.
    Values {
        /// The lower end.
        from: Option<f64>,
        /// The upper end.
        to: Option<f64>,
        /// The axis it is measured on.
        axis: Side,
        /// Its colour.
        role: Role,
    },
    /// All times between two; an open end reaches the edge.
    Times {
        /// The earlier end.
        from: Option<Timestamp>,
        /// The later end.
        to: Option<Timestamp>,
        /// Its colour.
        role: Role,
    },
}

/// Something that happened, shown on the time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// One cell: `▲` for a rollout, the bad glyph for an alarm.
    pub glyph: &'static str,
    /// Written beside the glyph where there is room; may be empty.
    pub label: String,
    /// Its colour.
    pub role: Role,
    /// Also draw a thin line through the plot.
    pub line: bool,
}

/// Where the legend stands, if there is room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Legend {
    /// Below the time axis, one entry after the other.
    #[default]
    Bottom,
    /// Below the time axis, one entry per row.
    List,
    /// At the right of the plot.
    Right,
    /// Nowhere; the title line shows the last value.
    None,
}

/// The dots lines are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// Two by four dots in a cell.
    Braille,
    /// Two half blocks in a cell.
    Block,
    /// One dot in a cell.
    Dot,
    /// One ASCII character in a cell, another for each series.
    Ascii,
}

/// A chart of values over time. Make one from [`Chart::new`] and fill in what it has.
#[derive(Debug, Clone)]
pub struct Chart<'a> {
    /// What is drawn, the first at the back.
    pub series: &'a [Series],
    /// The time shown.
    pub x: TimeRange,
    /// The zone of the time labels.
    pub zone: &'a TimeZone,
    /// Strong text at the top left; empty for none.
    pub title: &'a str,
    /// Freshness or an error at the top right.
    pub note: Option<(&'a str, Role)>,
    /// The left axis.
    pub left: Axis,
    /// The right axis; without one, every series is measured on the left.
    pub right: Option<Axis>,
    /// Horizontal lines.
    pub thresholds: &'a [HLine],
    /// Parts that mean something.
    pub bands: &'a [Band],
    /// Events on the time axis.
    pub marks: &'a [Mark],
    /// The time whose values the legend shows.
    pub crosshair: Option<Timestamp>,
    /// Where the legend stands.
    pub legend: Legend,
    /// The series whose entry has the cursor, where the legend has one entry per row.
    pub cursor: Option<usize>,
    /// `None` takes braille, or ASCII where the theme says so.
    pub marker: Option<Marker>,
}

/// What the legend says of each series of a chart.
#[derive(Debug, Clone)]
pub struct Entries(Vec<legend::Entry>);

impl<'a> Chart<'a> {
    /// A chart of `series` over `x` with nothing around it.
    pub fn new(series: &'a [Series], x: TimeRange, zone: &'a TimeZone) -> Self {
        Self {
            series,
            x,
            zone,
            title: "",
            note: None,
            left: Axis::default(),
            right: None,
            thresholds: &[],
            bands: &[],
            marks: &[],
            crosshair: None,
            legend: Legend::default(),
            cursor: None,
            marker: None,
        }
    }

    /// Draws into `area`, with less around the plot the smaller it is.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        self.render_with(&self.entries(theme), area, buf, theme);
    }

    /// The same for a chart whose entries are known already.
    pub fn render_with(&self, entries: &Entries, area: Rect, buf: &mut Buffer, theme: &Theme) {
        draw::chart(self, &entries.0, area.intersection(buf.area), buf, theme);
    }

    /// What legend or title say of the series, for the questions below: every point is looked at for it.
    pub fn entries(&self, theme: &Theme) -> Entries {
        Entries(legend::entries(self, theme))
    }

    /// What a title line says of the series where no legend does: the value of a lone series, or label and
    /// value of each. The crosshair's time comes first.
    ///
    /// For frames that have the title in their border.
    pub fn headline(&self, entries: &Entries) -> Vec<(String, Role)> {
        legend::headline(self, &entries.0)
    }

    /// Whether a chart of this size has a legend of its own.
    pub fn shows_legend(&self, area: Rect, entries: &Entries) -> bool {
        layout::rows(area, draw::wishes(self, &entries.0, area.width)).legend > 0
            || layout::right_legend(area, self.legend, legend::list_width(&entries.0)) > 0
    }

    /// The axis a side is measured on: the right one only if there is a right axis.
    fn side(&self, side: Side) -> Side {
        if self.right.is_some() { side } else { Side::Left }
    }

    /// Series that are drawn on `side`.
    fn on(&self, side: Side) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(move |series| !series.hidden && self.side(series.axis) == side)
    }
}

impl Series {
    /// The newest finished value inside `range`.
    pub fn last(&self, range: TimeRange) -> Option<f64> {
        let newest = if self.partial_last { self.points.iter().map(|point| point.at).max() } else { None };
        let done = self.points.iter().filter(|point| range.contains(point.at) && Some(point.at) != newest);
        done.filter(|point| point.value.is_some_and(f64::is_finite)).max_by_key(|point| point.at)?.value
    }

    /// The greatest value inside `range`.
    pub fn max(&self, range: TimeRange) -> Option<f64> {
        let shown = self.points.iter().filter(|point| range.contains(point.at));
        shown.filter_map(|point| point.value).filter(|value| value.is_finite()).reduce(f64::max)
    }

    /// The value whose period holds `at`: of the newest point not after it, unless that point is more
    /// than a period back.
    pub fn value_at(&self, at: Timestamp) -> Option<f64> {
        let point = self.points.iter().filter(|point| point.at <= at).max_by_key(|point| point.at)?;
        let back = at.duration_since(point.at).as_secs();
        let value = point.value.filter(|value| value.is_finite());
        value.filter(|_| self.period == 0 || back < i64::from(self.period))
    }
}
