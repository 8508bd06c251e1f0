//! A metric widget over time: from its series, axes and annotations to a chart.

use super::Scene;
use crate::features::dashboards::metric::{
    Axis, Fill, Horizontal, Legend, MetricWidget, SeriesSource, Side, Vertical,
};
use crate::features::dashboards::shown::{Shown, range, state};
use crate::features::metrics::Stat;
use crate::theme::Role;
use crate::widgets::chart::{self, Band, Chart, HLine, Mark, Point, Series, Style, TimeRange};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Events are marked on a chart as long as they can be told apart.
const MAX_EVENTS: usize = 12;

/// Everything a chart borrows.
pub struct Charted {
    series: Vec<Series>,
    lines: Vec<HLine>,
    bands: Vec<Band>,
    marks: Vec<Mark>,
    zone: Option<TimeZone>,
    range: TimeRange,
    left: chart::Axis,
    right: Option<chart::Axis>,
    legend: chart::Legend,
}

impl Charted {
    /// Puts a widget's chart together.
    pub fn new(widget: &MetricWidget, shown: &[Shown], scene: &Scene) -> Self {
        let range = range(widget, scene.ctx.window, scene.ctx.now.wall);
        let right_used = shown.iter().any(|shown| shown.spec.side == Side::Right)
            || widget.annotations.horizontal.iter().any(|line| line.side == Side::Right);
        let mut bands = Vec::new();
        bands.extend(widget.annotations.horizontal.iter().filter_map(band));
        bands.extend(widget.annotations.vertical.iter().filter_map(span));
        let mut marks: Vec<Mark> =
            widget.annotations.vertical.iter().flat_map(|v| uprights(v, scene)).collect();
        marks.extend(events(widget, range, scene));
        Self {
            series: shown.iter().map(|shown| series(widget, shown, scene)).collect(),
            lines: widget.annotations.horizontal.iter().flat_map(lines).collect(),
            bands,
            marks,
            zone: widget.timezone.map(|minutes| {
                Offset::from_seconds(minutes.saturating_mul(60)).map_or(TimeZone::UTC, TimeZone::fixed)
            }),
            range,
            left: axis(&widget.left),
            right: right_used.then(|| axis(&widget.right)),
            legend: match widget.legend {
                Legend::Bottom => chart::Legend::Bottom,
                Legend::Right => chart::Legend::Right,
                Legend::Hidden => chart::Legend::None,
            },
        }
    }

    /// The chart itself.
    pub fn chart<'a>(&'a self, scene: &'a Scene) -> Chart<'a> {
        Chart {
            left: self.left.clone(),
            right: self.right.clone(),
            thresholds: &self.lines,
            bands: &self.bands,
            marks: &self.marks,
            crosshair: scene.crosshair,
            legend: self.legend,
            ..Chart::new(&self.series, self.range, self.zone.as_ref().unwrap_or(scene.ctx.zone.tz()))
        }
    }
}

fn series(widget: &MetricWidget, shown: &Shown, scene: &Scene) -> Series {
    let period = shown.data.period.max(0);
    let filling = |at: Timestamp| scene.ctx.now.wall.duration_since(at).as_secs() < period + 30;
    Series {
        label: shown.data.label.clone(),
        unit: shown.unit.to_owned(),
        points: shown.data.points.iter().map(|(at, value)| Point::new(*at, Some(*value))).collect(),
        period: u32::try_from(period).unwrap_or(0),
        axis: side(shown.spec.side),
        role: shown.role,
        partial_last: shown.data.points.last().is_some_and(|(at, _)| filling(*at)),
        hidden: shown.hidden,
        style: if widget.stacked { Style::Stacked } else { Style::Line },
    }
}

fn side(side: Side) -> chart::Side {
    match side {
        Side::Left => chart::Side::Left,
        Side::Right => chart::Side::Right,
    }
}

/// The label of an axis stands in the frame, where it has room.
fn axis(axis: &Axis) -> chart::Axis {
    chart::Axis { min: axis.min, max: axis.max, label: String::new(), hide_unit: !axis.show_units }
}

fn lines(annotation: &Horizontal) -> impl Iterator<Item = HLine> {
    let role = if annotation.alarm { Role::Threshold } else { role(annotation.line.color) };
    let axis = side(annotation.side);
    [Some(&annotation.line), annotation.to.as_ref()].into_iter().flatten().map(move |level| HLine {
        value: level.value,
        label: level.label.clone(),
        role,
        axis,
    })
}

fn role(color: Option<crate::features::dashboards::Rgb>) -> Role {
    state(color).unwrap_or(Role::Threshold)
}

fn band(annotation: &Horizontal) -> Option<Band> {
    let value = annotation.line.value;
    let (from, to) = match (&annotation.to, annotation.fill) {
        (Some(other), _) => (Some(value.min(other.value)), Some(value.max(other.value))),
        (None, Fill::After) => (Some(value), None),
        (None, Fill::Before) => (None, Some(value)),
        (None, Fill::None) => return None,
    };
    Some(Band::Values { from, to, axis: side(annotation.side), role: role(annotation.line.color) })
}

fn span(annotation: &Vertical) -> Option<Band> {
    let at = annotation.line.at;
    let (from, to) = match (&annotation.to, annotation.fill) {
        (Some(other), _) => (Some(at.min(other.at)), Some(at.max(other.at))),
        (None, Fill::After) => (Some(at), None),
        (None, Fill::Before) => (None, Some(at)),
        (None, Fill::None) => return None,
    };
    Some(Band::Times { from, to, role: role(annotation.line.color) })
}

fn uprights<'a>(annotation: &'a Vertical, scene: &Scene) -> impl Iterator<Item = Mark> + use<'a> {
    let glyph = if scene.ctx.theme.ascii { "^" } else { "◆" };
    let role = role(annotation.line.color);
    [Some(&annotation.line), annotation.to.as_ref()].into_iter().flatten().map(move |mark| Mark {
        at: mark.at,
        glyph,
        label: mark.label.clone(),
        role,
        line: true,
    })
}

/// Rollouts of the target, and alarms on one of the widget's metrics that went off in the range.
fn events(widget: &MetricWidget, range: TimeRange, scene: &Scene) -> Vec<Mark> {
    let Some(target) = scene.ctx.store.target(scene.target) else { return Vec::new() };
    let list = target.rollouts.iter().flat_map(|list| list.shifts.iter().chain(list.recent.iter()));
    let began = list.filter_map(|shift| Some((shift, shift.started_at.or(shift.created_at)?)));
    let glyphs = scene.ctx.theme.glyphs();
    let values: Vec<String> = widget.dimension_values().collect();
    let concerned = |service: &str| values.iter().any(|value| value.contains(service));
    let mut marks: Vec<Mark> = began
        .filter(|(_, at)| range.contains(*at))
        .map(|(shift, at)| Mark {
            at,
            glyph: if scene.ctx.theme.ascii { "^" } else { "▲" },
            label: format!("{} {}", shift.thing().shown(), shift.new.label()),
            role: Role::Info,
            // Through the plot only where the widget is about the service.
            line: concerned(shift.thing().short()),
        })
        .collect();
    marks.sort_by_key(|mark| std::cmp::Reverse(mark.at));
    marks.truncate(MAX_EVENTS);
    let own: Vec<&Stat> = widget.series.iter().filter_map(|spec| stat(&spec.source)).collect();
    for alarm in target.alarms.iter().flat_map(|list| &list.alarms).filter(|alarm| alarm.firing()) {
        let watched = alarm.metrics.iter().filter_map(|query| query.stat.as_ref());
        let about = watched.into_iter().any(|stat| own.iter().any(|other| same_metric(stat, other)));
        if let Some(at) = alarm.since.filter(|at| about && range.contains(*at)) {
            marks.push(Mark {
                at,
                glyph: glyphs.bad,
                label: alarm.name.clone(),
                role: Role::Bad,
                line: false,
            });
        }
    }
    marks
}

/// The same metric, whatever the statistic and the order of dimensions.
fn same_metric(a: &Stat, b: &Stat) -> bool {
    a.namespace == b.namespace
        && a.name == b.name
        && a.dimensions.len() == b.dimensions.len()
        && a.dimensions.iter().all(|dimension| b.dimensions.contains(dimension))
}

fn stat(source: &SeriesSource) -> Option<&Stat> {
    match source {
        SeriesSource::Metric(stat) => Some(stat),
        SeriesSource::Expression(_) => None,
    }
}
