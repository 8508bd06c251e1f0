//! Draws a chart: from the back over the series and the thresholds to the axes and the legend.
//!
//! Decides nothing about values: ranges come from `range`, places from `layout`.

use std::borrow::Cow;
use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Pen};
use super::downsample::{Column, downsample};
use super::layout::{self, Parts, Wishes};
use super::lines::{ASCII, Lines, UNICODE, ascii_mark, letter};
use super::range::{ValueAxis, common_unit, stacked, value_axis};
use super::time::clock;
use super::units::value_text;
use super::{Chart, HLine, Legend, Marker, Series, Side, Style, legend};
use crate::text::cut_end;
use crate::theme::{Role, Theme};
use crate::widgets::paint::{cells, dot, put};

/// How many cells from its end a line may be named.
const ENDS: usize = 24;

/// A chart in the middle of being drawn.
pub struct Plot<'a> {
    pub(super) chart: &'a Chart<'a>,
    pub(super) theme: &'a Theme,
    pub(super) lines: &'static Lines,
    pub(super) area: Rect,
    canvas: Canvas,
    pub(super) left: Option<ValueAxis>,
    pub(super) right: Option<ValueAxis>,
    /// Areas cover the plot, so lines that matter are drawn over them.
    filled: bool,
}

/// What is drawn over the dots of the series.
#[derive(Default)]
struct Over {
    /// Cells of breaching points.
    breaches: Vec<(u16, u16)>,
    /// Where each series ends.
    ends: Vec<End>,
}

/// The end of a line.
struct End {
    /// Its series.
    index: usize,
    role: Role,
    /// Its last few cells, the last one first.
    cells: Vec<(u16, u16)>,
}

/// Draws `chart` into `area`, which lies inside of the buffer.
pub fn chart(chart: &Chart, entries: &[legend::Entry], area: Rect, buf: &mut Buffer, theme: &Theme) {
    if area.is_empty() {
        return;
    }
    let series = stacked(chart);
    let rows = layout::rows(area, wishes(chart, entries, area.width));
    let left = value_axis(chart, &series, Side::Left, rows.plot, theme.ascii);
    let right =
        chart.right.as_ref().and_then(|_| value_axis(chart, &series, Side::Right, rows.plot, theme.ascii));
    let legend_width = layout::right_legend(area, chart.legend, legend::list_width(entries));
    let values = threshold_width(chart, theme);
    let right_width = right.as_ref().map_or(values, axis_width);
    let parts = layout::parts(area, rows, left.as_ref().map_or(0, axis_width), right_width, legend_width);

    let marker = chart.marker.unwrap_or(if theme.ascii { Marker::Ascii } else { Marker::Braille });
    let marker = if theme.ascii { Marker::Ascii } else { marker };
    let mut plot = Plot {
        chart,
        theme,
        lines: if theme.ascii { &ASCII } else { &UNICODE },
        area: parts.plot,
        canvas: Canvas::new(marker, parts.plot.width, parts.plot.height),
        left,
        right,
        filled: series.iter().any(|series| series.style == Style::Stacked && !series.hidden),
    };
    let Over { breaches, ends } = plot.series(&series);
    plot.canvas.draw(plot.area, buf, theme);
    if legend::lettered(chart, theme) {
        plot.letters(&ends, buf);
    }
    plot.upright(buf);
    plot.thresholds(&parts, buf);
    for (x, y) in breaches {
        dot(buf, plot.area, plot.area.x + x, plot.area.y + y, theme.glyphs().bad, theme.style(Role::Bad));
    }
    if chart.series.iter().filter(|series| !series.hidden).all(|series| series.max(chart.x).is_none()) {
        plot.no_data(buf);
    }
    plot.value_axes(&parts, buf);
    plot.time_axis(&parts, buf);
    plot.bands(&parts, buf);
    plot.marks(&parts, buf);

    let legend_shown = !parts.legend.is_empty() && chart.legend != Legend::None;
    if legend_shown && (legend_width > 0 || chart.legend == Legend::List) {
        legend::list(chart, entries, parts.legend, buf, theme);
    } else if legend_shown {
        legend::flow(chart, entries, parts.legend, buf, theme);
    }
    if !parts.title.is_empty() {
        // A label too long for the corner of its axis goes to the title line.
        let fits = cells(&chart.left.label) < parts.left.width;
        let label = if fits { "" } else { chart.left.label.as_str() };
        legend::title(chart, label, (!legend_shown).then_some(entries), parts.title, buf, theme);
    }
}

/// What `chart` would like to have around its plot.
pub fn wishes(chart: &Chart, entries: &[legend::Entry], width: u16) -> Wishes {
    let legend_rows = match chart.legend {
        Legend::List => u16::try_from(entries.len() + 1).unwrap_or(u16::MAX),
        _ => legend::rows(entries, legend::prefix(chart), width),
    };
    Wishes {
        title: !chart.title.is_empty() || chart.note.is_some(),
        legend: chart.legend,
        legend_rows,
        several: entries.len() > 1,
    }
}

/// Cells for the labels of an axis and its line.
fn axis_width(axis: &ValueAxis) -> u16 {
    let numbers = axis.ticks.iter().map(|(_, text)| cells(text)).max().unwrap_or(0);
    // Units are short; labels given by the caller may not be, and then do not widen the axis.
    let unit = cells(&axis.unit);
    numbers.max(if unit <= 8 { unit } else { 0 }) + 2
}

/// Cells for the values of thresholds at the right of the plot.
fn threshold_width(chart: &Chart, theme: &Theme) -> u16 {
    let widths = chart.thresholds.iter().map(|line| cells(&threshold_text(chart, line, theme)) + 1);
    widths.max().unwrap_or(0)
}

fn threshold_text(chart: &Chart, line: &HLine, theme: &Theme) -> String {
    let unit = common_unit(chart.on(chart.side(line.axis)));
    value_text(line.value, unit, theme.ascii)
}

impl Plot<'_> {
    pub(super) fn axis(&self, side: Side) -> Option<&ValueAxis> {
        match self.chart.side(side) {
            Side::Left => self.left.as_ref(),
            Side::Right => self.right.as_ref(),
        }
    }

    /// The cell row of a value, or `None` outside of the plot.
    pub(super) fn cell_row(&self, side: Side, value: f64) -> Option<u16> {
        self.canvas.cell_y(self.axis(side)?.row(value, self.canvas.dots().1))
    }

    /// The cell column of a time inside the range.
    pub(super) fn cell_column(&self, at: jiff::Timestamp) -> Option<u16> {
        let inside = self.chart.x.contains(at) && self.area.width > 0;
        inside.then(|| self.canvas.cell_x(self.chart.x.column(at, self.canvas.dots().0)))
    }

    /// Puts all series on the canvas.
    fn series(&mut self, series: &[Cow<Series>]) -> Over {
        let (across, down) = self.canvas.dots();
        let mut over = Over::default();
        let drawn = |style| series.iter().enumerate().filter(move |(_, s)| s.style == style && !s.hidden);
        // The tallest area first: each lower one then takes its share back.
        for (index, series) in drawn(Style::Stacked).rev().chain(drawn(Style::Line)) {
            let Some(axis) = self.axis(series.axis).cloned() else { continue };
            let columns = downsample(series, self.chart.x, across);
            let row = |value: f64| axis.row(value, down);
            let pen = Pen { role: series.role, mark: ascii_mark(index) };
            if series.style == Style::Stacked {
                self.stack(&columns, row, pen, index);
            } else {
                self.line(&columns, row, pen);
            }
            for (column, (low, high)) in columns.iter().filter_map(|column| Some((column, column.breach?))) {
                let x = self.canvas.cell_x(column.x);
                let cells = [low, high].into_iter().filter_map(|v| Some((x, self.canvas.cell_y(row(v))?)));
                over.breaches.extend(cells);
            }
            let end = columns.iter().rev();
            let end = end.filter_map(|column| {
                Some((self.canvas.cell_x(column.x), self.canvas.cell_y(row(column.last))?))
            });
            over.ends.push(End { index, role: series.role, cells: end.take(ENDS).collect() });
        }
        over
    }

    /// Names the lines where they end, each in the last of its cells that no other name has.
    fn letters(&self, ends: &[End], buf: &mut Buffer) {
        let mut taken = HashSet::new();
        let mut text = [0; 4];
        for end in ends {
            let Some((x, y)) = end.cells.iter().find(|cell| !taken.contains(*cell)) else { continue };
            taken.insert((*x, *y));
            let letter = letter(end.index).encode_utf8(&mut text);
            dot(buf, self.area, self.area.x + x, self.area.y + y, letter, self.theme.style(end.role));
        }
    }

    fn line(&mut self, columns: &[Column], row: impl Fn(f64) -> i32, pen: Pen) {
        let mut before: Option<&Column> = None;
        for (at, column) in columns.iter().enumerate() {
            let pen = if column.partial { Pen { role: Role::Dim, ..pen } } else { pen };
            let (top, bottom) = (row(column.max), row(column.min));
            if let Some(before) = before.filter(|_| column.joined) {
                self.canvas.line((before.x, row(before.last)), (column.x, row(column.first)), pen);
            } else if top == bottom && columns.get(at + 1).is_none_or(|next| !next.joined) {
                // A point on its own would be a speck.
                let beside = if column.x + 1 < self.canvas.dots().0 {
                    column.x + 1
                } else {
                    column.x.saturating_sub(1)
                };
                let thick = if top > 0 { top - 1 } else { top + 1 };
                self.canvas.column(beside, top, thick, pen);
                self.canvas.column(column.x, top, thick, pen);
            }
            self.canvas.column(column.x, bottom, top, pen);
            before = Some(column);
        }
    }

    /// An area from zero up. Each series has its own pattern under its edge, so that areas can be told
    /// apart without colour.
    fn stack(&mut self, columns: &[Column], row: impl Fn(f64) -> i32, pen: Pen, index: usize) {
        let base = row(0.0);
        let mut before: Option<&Column> = None;
        for column in columns {
            let pen = if column.partial { Pen { role: Role::Dim, ..pen } } else { pen };
            let (from, start) = match before.filter(|_| column.joined) {
                Some(before) => (before.x + 1, before.last),
                None => (column.x, column.max),
            };
            let steps = (column.x + 1 - from.min(column.x)) as f64;
            for x in from..=column.x {
                let share = (x + 1 - from) as f64 / steps;
                let top = if x == column.x { column.max } else { start + (column.first - start) * share };
                self.fill(x, row(top), base, pen, index);
            }
            before = Some(column);
        }
    }

    fn fill(&mut self, x: usize, top: i32, base: i32, pen: Pen, index: usize) {
        let down = i32::try_from(self.canvas.dots().1).unwrap_or(i32::MAX);
        let (from, to) = (top.min(base).max(0), top.max(base).min(down - 1));
        // Coarser dots than braille would make a mess of patterns.
        let patterned = self.canvas.dots().0 > usize::from(self.area.width);
        for y in from..=to {
            let x_odd = x % 2 == 1;
            let solid = match index % 3 {
                0 => true,
                1 => x_odd == (y % 2 == 1),
                _ => y % 2 == 0,
            };
            self.canvas.set(x, y, pen);
            if y != top && !solid && patterned {
                self.canvas.clear(x, y);
            }
        }
    }

    /// States stand out by more than colour where there is none, as underlined, which no line should be.
    pub(super) fn line_style(&self, role: Role, plain: Role) -> ratatui::style::Style {
        self.theme.style(if self.theme.has_colors() { role } else { plain })
    }

    /// Vertical lines: events and the crosshair, which stands over areas but behind lines.
    fn upright(&self, buf: &mut Buffer) {
        let events = self.chart.marks.iter().filter(|mark| mark.line);
        let events = events.map(|mark| (mark.at, self.lines.event, mark.role));
        let cross = self.chart.crosshair.map(|at| (at, self.lines.side, Role::Accent));
        for (at, glyph, role) in events.chain(cross) {
            let Some(x) = self.cell_column(at) else { continue };
            for y in 0..self.area.height {
                if self.filled || !self.canvas.is_drawn(x, y) {
                    dot(buf, self.area, self.area.x + x, self.area.y + y, glyph, self.theme.style(role));
                }
            }
        }
    }

    fn thresholds(&self, parts: &Parts, buf: &mut Buffer) {
        let mut written = Vec::new();
        for line in self.chart.thresholds {
            let Some(y) = self.cell_row(line.axis, line.value) else { continue };
            let style = self.line_style(line.role, Role::Threshold);
            let free = |x: u16| self.filled || !self.canvas.is_drawn(x, y);
            for x in (0..self.area.width).filter(|x| free(*x)) {
                let dash = self.lines.dash[usize::from(x % 2)];
                dot(buf, self.area, self.area.x + x, self.area.y + y, dash, style);
            }
            let value = threshold_text(self.chart, line, self.theme);
            let beside = self.right.is_none() && !parts.right.is_empty();
            let text = match (beside, line.label.is_empty()) {
                (true, _) => line.label.clone(),
                (false, true) => value.clone(),
                (false, false) => format!("{} {value}", line.label),
            };
            // Of two lines in one row the first one's value is written.
            if beside && !written.contains(&y) {
                put(buf, parts.right, parts.right.x + 1, self.area.y + y, &value, style);
                written.push(y);
            }
            // On the line itself only where it covers no data.
            let wide = cells(&text).saturating_add(2);
            let mut starts = 1..self.area.width.saturating_sub(wide);
            if !text.is_empty()
                && let Some(x) = starts.find(|start| (*start..start + wide).all(free))
            {
                put(buf, self.area, self.area.x + x, self.area.y + y, &format!(" {text} "), style);
            }
        }
    }

    fn no_data(&self, buf: &mut Buffer) {
        let (start, end) = (self.chart.x.start, self.chart.x.end);
        let (start, end) = (clock(start, self.chart.zone), clock(end, self.chart.zone));
        let long = format!("no data {start}{}{end}", self.lines.to);
        let room = self.area.width;
        let text = if cells(&long) <= room { long.as_str() } else { "no data" };
        let text = cut_end(text, usize::from(room), self.theme.glyphs().ellipsis);
        let x = self.area.x + (room - cells(&text).min(room)) / 2;
        let y = self.area.y + self.area.height.saturating_sub(1) / 2;
        put(buf, self.area, x, y, &text, self.theme.style(Role::Dim));
    }
}
