//! What a metric widget shows: its rows and what came back for them, put together. Pure.
//!
//! Names, units, colours and latest values are decided here once for all views; drawing is in `view/`.

use super::data::RowData;
use super::metric::{MetricWidget, SeriesSource, SeriesSpec};
use super::model::{Moment, Rgb};
use crate::app::Window;
use crate::features::metrics::{Series, unit};
use crate::theme::{Role, Theme};
use crate::widgets::chart::TimeRange;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Series that were switched off by hand: their widget and label.
pub type Hidden = BTreeSet<(usize, String)>;

/// The colours of series, in order.
const SERIES: [Role; 6] =
    [Role::Series1, Role::Series2, Role::Series3, Role::Series4, Role::Series5, Role::Series6];

/// A series as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown<'a> {
    /// The row it comes from.
    pub spec: &'a SeriesSpec,
    /// Its points.
    pub data: &'a Series,
    /// CloudWatch's name of its unit; empty where it is not known.
    pub unit: &'static str,
    /// Its colour.
    pub role: Role,
    /// It was switched off.
    pub hidden: bool,
}

impl Shown<'_> {
    /// The value that stands for the series where there is only one: the newest that is finished.
    pub fn value(&self, now: Timestamp) -> Option<f64> {
        self.data.last_complete(now).filter(|value| value.is_finite())
    }

    /// The value of the period that holds a moment.
    pub fn at(&self, at: Timestamp) -> Option<f64> {
        let place = self.data.points.partition_point(|(start, _)| *start <= at);
        let (start, value) = self.data.points.get(place.checked_sub(1)?)?;
        Some(*value).filter(|_| at.duration_since(*start).as_secs() < self.data.period.max(1))
    }
}

/// The series of a widget in the order of its rows.
pub fn shown<'a>(
    index: usize,
    widget: &'a MetricWidget,
    rows: &'a [RowData],
    hidden: &Hidden,
    theme: &Theme,
) -> Vec<Shown<'a>> {
    let of_rows = rows.iter().filter_map(|row| Some((widget.series.get(row.key.row)?, row)));
    let mut all: Vec<Shown> = of_rows
        .filter(|(spec, _)| spec.visible)
        .flat_map(|(spec, row)| {
            let shown =
                move |data| Shown { spec, data, unit: unit_of(spec), role: Role::Series1, hidden: false };
            row.series.iter().map(shown)
        })
        .collect();
    let colors: Vec<Option<Rgb>> = all.iter().map(|shown| shown.spec.color).collect();
    for (shown, role) in all.iter_mut().zip(roles(&colors, theme)) {
        shown.role = role;
        shown.hidden = !hidden.is_empty() && hidden.contains(&(index, shown.data.label.clone()));
    }
    all
}

fn unit_of(spec: &SeriesSpec) -> &'static str {
    match &spec.source {
        SeriesSource::Metric(stat) => unit(stat),
        SeriesSource::Expression(_) => "",
    }
}

/// How many rows are asked for, but not answered yet.
pub fn waiting(widget: &MetricWidget, rows: &[RowData]) -> usize {
    let answered = |spec: &SeriesSpec| rows.iter().any(|row| row.key.row == spec.row);
    widget.series.iter().filter(|spec| spec.visible && !answered(spec)).count()
}

/// What went wrong with a widget's rows, one line each, without repeating itself.
pub fn problems(rows: &[RowData]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut add = |text: String| {
        if !out.contains(&text) {
            out.push(text);
        }
    };
    for row in rows {
        row.problem.iter().cloned().for_each(&mut add);
        for series in row.series.iter().filter(|series| series.status != "Complete") {
            let note = series.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
            add(format!("{} {}{note}", series.label, words(&series.status)));
        }
    }
    out
}

/// `StatusCode` of `GetMetricData` in words.
fn words(status: &str) -> &str {
    match status {
        "PartialData" => "is incomplete",
        "Forbidden" => "is not allowed",
        "InternalError" => "failed in CloudWatch",
        other => other,
    }
}

/// The time a widget shows: its own range, or the window; in steps where it runs on.
pub fn range(widget: &MetricWidget, window: Window, now: Timestamp) -> TimeRange {
    let back = |seconds: i64| now.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(now);
    let moment = |moment: Moment| match moment {
        Moment::Ago(seconds) => back(seconds),
        Moment::At(at) => at,
    };
    let (start, end) = match widget.range {
        Some(own) => (moment(own.start), moment(own.end)),
        None => window.range(now),
    };
    let fixed = match widget.range {
        Some(own) => matches!((own.start, own.end), (Moment::At(_), Moment::At(_))),
        None => matches!(window, Window::Frozen { .. }),
    };
    if fixed {
        return TimeRange { start, end };
    }
    TimeRange::steady(start, end)
}

/// A role for each series: the nearest to the colour asked for, each once while there are enough, and for the
/// others what is left, in order.
pub fn roles(colors: &[Option<Rgb>], theme: &Theme) -> Vec<Role> {
    if !theme.has_colors() {
        return SERIES.into_iter().cycle().take(colors.len()).collect();
    }
    let mut taken: Vec<(Rgb, Role)> = Vec::new();
    let asked: Vec<Option<Role>> = colors
        .iter()
        .map(|color| {
            let color = (*color)?;
            if let Some((_, role)) = taken.iter().find(|(same, _)| *same == color) {
                return Some(*role);
            }
            let all = SERIES.into_iter().chain([Role::Bad]);
            let free = all.clone().filter(|role| !taken.iter().any(|(_, used)| used == role));
            let Rgb(r, g, b) = color;
            let role = theme.nearest((r, g, b), free).or_else(|| theme.nearest((r, g, b), all))?;
            taken.push((color, role));
            Some(role)
        })
        .collect();
    let left: Vec<Role> = SERIES.into_iter().filter(|role| !asked.contains(&Some(*role))).collect();
    let mut rest = left.into_iter().chain(SERIES.into_iter().cycle());
    asked.into_iter().map(|role| role.or_else(|| rest.next()).unwrap_or(Role::Series1)).collect()
}

/// What a colour on a dashboard says: red is bad, orange and yellow worth a look, green fine. Others say
/// nothing.
pub fn state(color: Option<Rgb>) -> Option<Role> {
    let Rgb(r, g, b) = color?;
    let [r, g, b] = [r, g, b].map(f64::from);
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let spread = most - least;
    // Greys have no hue.
    if spread < 40.0 {
        return None;
    }
    let hue = if most <= r {
        60.0 * (g - b) / spread
    } else if most <= g {
        120.0 + 60.0 * (b - r) / spread
    } else {
        240.0 + 60.0 * (r - g) / spread
    };
    match hue.rem_euclid(360.0) {
        0.0..20.0 | 340.0..=360.0 => Some(Role::Bad),
        20.0..70.0 => Some(Role::Warn),
        70.0..170.0 => Some(Role::Ok),
        _ => None,
    }
}
