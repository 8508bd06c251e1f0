//! The table view: series as rows and times as columns, newest first, or the other way round; with figures
//! over the points that are shown.

use super::Scene;
use crate::features::dashboards::metric::{MetricWidget, Summary};
use crate::features::dashboards::opened::Reach;
use crate::features::dashboards::shown::Shown;
use crate::text::cut_end;
use crate::theme::Role;
use crate::widgets::chart::time::clock;
use crate::widgets::chart::units::value_text;
use crate::widgets::paint::{cells, put, put_right};
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeSet;

/// Cells between two columns.
const SPACE: u16 = 2;

/// Cells for the count of columns left out.
const COUNT: u16 = 5;

/// A column: its heading and the text of each row.
struct Column {
    head: String,
    cells: Vec<String>,
    role: Role,
}

/// Draws the table without the rows and columns that are scrolled away.
pub fn table(
    widget: &MetricWidget,
    shown: &[Shown],
    scroll: Reach,
    area: Rect,
    buf: &mut Buffer,
    scene: &Scene,
) {
    let theme = scene.ctx.theme;
    let shown: Vec<&Shown> = shown.iter().filter(|shown| !shown.hidden).collect();
    let times: Vec<Timestamp> = if widget.table.points {
        let all: BTreeSet<Timestamp> =
            shown.iter().flat_map(|s| s.data.points.iter().map(|(at, _)| *at)).collect();
        all.into_iter().rev().take(500).collect()
    } else {
        Vec::new()
    };
    let (labels, columns) = if widget.table.vertical {
        by_time(widget, &shown, &times, scene)
    } else {
        by_series(widget, &shown, &times, scene)
    };
    if area.height == 0 || labels.is_empty() {
        return;
    }
    let body = usize::from(area.height - 1);
    let most = labels.len().saturating_sub(body);
    let last = columns.len().saturating_sub(1);
    scene.reach.set(Reach { down: most, across: last });
    let (scroll, across) = (scroll.down.min(most), scroll.across.min(last));
    let rest = labels.len() - scroll;
    let rows = if rest > body { body.saturating_sub(1) } else { rest };
    let label = labels.iter().map(|text| cells(text)).max().unwrap_or(0).min(area.width / 2);
    for (text, y) in labels.iter().skip(scroll).take(rows).zip(area.y + 1..) {
        let text = cut_end(text, usize::from(label), theme.glyphs().ellipsis);
        put(buf, area, area.x + 1, y, &text, theme.style(Role::Text));
    }
    let mut x = area.x + 1 + label;
    for (index, column) in columns.iter().enumerate().skip(across) {
        let wide = column.cells.iter().map(|text| cells(text)).max().unwrap_or(0).max(cells(&column.head));
        let wide = wide.min(24) + SPACE;
        // Room for the count of those left out.
        let end = area.right() - if index + 1 < columns.len() { COUNT.min(area.width) } else { 0 };
        if x + wide > end {
            let left = format!("+{}", columns.len() - index);
            put_right(buf, Rect { height: 1, ..area }, area.y, &left, theme.style(Role::Dim));
            break;
        }
        let place = Rect { x: x + SPACE, width: wide - SPACE, ..area };
        let head = cut_end(&column.head, usize::from(place.width), theme.glyphs().ellipsis);
        put_right(buf, place, area.y, &head, theme.style(Role::Dim));
        for (text, y) in column.cells.iter().skip(scroll).take(rows).zip(area.y + 1..) {
            put_right(buf, place, y, text, theme.style(column.role));
        }
        x += wide;
    }
    if rows < rest {
        let text = format!("+{} more", rest - rows);
        put(buf, area, area.x + 1, area.bottom() - 1, &text, theme.style(Role::Dim));
    }
}

fn by_series(
    widget: &MetricWidget,
    shown: &[&Shown],
    times: &[Timestamp],
    scene: &Scene,
) -> (Vec<String>, Vec<Column>) {
    let labels = shown.iter().map(|shown| shown.data.label.clone()).collect();
    let figures = widget.table.summary.iter().map(|summary| Column {
        head: word(*summary).to_owned(),
        cells: shown.iter().map(|shown| write(figure(shown, *summary), shown, scene)).collect(),
        role: Role::Strong,
    });
    let points = times.iter().map(|at| Column {
        head: clock(*at, scene.ctx.zone.tz()),
        cells: shown.iter().map(|shown| write(at_time(shown, *at), shown, scene)).collect(),
        role: Role::Text,
    });
    (labels, figures.chain(points).collect())
}

fn by_time(
    widget: &MetricWidget,
    shown: &[&Shown],
    times: &[Timestamp],
    scene: &Scene,
) -> (Vec<String>, Vec<Column>) {
    let figures = widget.table.summary.iter().map(|summary| word(*summary).to_owned());
    let labels = figures.chain(times.iter().map(|at| clock(*at, scene.ctx.zone.tz()))).collect();
    let column = |shown: &&Shown| {
        let figures = widget.table.summary.iter().map(|summary| figure(shown, *summary));
        let points = times.iter().map(|at| at_time(shown, *at));
        Column {
            head: shown.data.label.clone(),
            cells: figures.chain(points).map(|value| write(value, shown, scene)).collect(),
            role: Role::Text,
        }
    };
    (labels, shown.iter().map(column).collect())
}

fn word(summary: Summary) -> &'static str {
    match summary {
        Summary::Min => "min",
        Summary::Max => "max",
        Summary::Sum => "sum",
        Summary::Avg => "avg",
    }
}

fn figure(shown: &Shown, summary: Summary) -> Option<f64> {
    let values = || shown.data.points.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
    let count = values().count();
    match summary {
        Summary::Min => values().reduce(f64::min),
        Summary::Max => values().reduce(f64::max),
        Summary::Sum => (count > 0).then(|| values().sum()),
        Summary::Avg => (count > 0).then(|| values().sum::<f64>() / count as f64),
    }
}

fn at_time(shown: &Shown, at: Timestamp) -> Option<f64> {
    let found = shown.data.points.binary_search_by_key(&at, |(time, _)| *time).ok()?;
    shown.data.points.get(found).map(|(_, value)| *value)
}

fn write(value: Option<f64>, shown: &Shown, scene: &Scene) -> String {
    let theme = scene.ctx.theme;
    let missing = || theme.glyphs().missing.to_owned();
    value.map_or_else(missing, |value| value_text(value, shown.unit, theme.ascii))
}
