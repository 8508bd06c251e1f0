//! Draws the axes of a chart around its plot.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Side;
use super::draw::Plot;
use super::layout::Parts;
use super::time::time_ticks;
use crate::text::cut_end;
use crate::theme::Role;
use crate::widgets::paint::{cells, dot, put, put_right};

impl Plot<'_> {
    /// Both value axes: line, ticks, numbers, and the unit in the corner.
    pub(super) fn value_axes(&self, parts: &Parts, buf: &mut Buffer) {
        let (rule, dim) = (self.theme.style(Role::Rule), self.theme.style(Role::Dim));
        let corner = !parts.line.is_empty();
        if let Some(axis) = self.left.as_ref().filter(|_| !parts.left.is_empty()) {
            let x = parts.left.right() - 1;
            // One cell of air between the numbers and the edge of the area is in `axis_width`.
            let numbers = Rect { width: parts.left.width - 1, ..parts.left };
            for y in 0..self.area.height {
                dot(buf, parts.left, x, self.area.y + y, self.lines.side, rule);
            }
            for (value, text) in &axis.ticks {
                let Some(y) = self.cell_row(Side::Left, *value) else { continue };
                dot(buf, parts.left, x, self.area.y + y, self.lines.left_tick, rule);
                put_right(buf, numbers, self.area.y + y, text, dim);
            }
            if corner {
                dot(buf, parts.left, x, parts.line.y, self.lines.left_corner, rule);
                if cells(&axis.unit) <= numbers.width {
                    put_right(buf, numbers, parts.line.y, &axis.unit, dim);
                }
            }
        }
        if let Some(axis) = self.right.as_ref().filter(|_| !parts.right.is_empty()) {
            let x = parts.right.x;
            for y in 0..self.area.height {
                dot(buf, parts.right, x, self.area.y + y, self.lines.side, rule);
            }
            for (value, text) in &axis.ticks {
                let Some(y) = self.cell_row(Side::Right, *value) else { continue };
                dot(buf, parts.right, x, self.area.y + y, self.lines.right_tick, rule);
                put(buf, parts.right, x + 1, self.area.y + y, text, dim);
            }
            if corner {
                dot(buf, parts.right, x, parts.line.y, self.lines.right_corner, rule);
                let unit =
                    cut_end(&axis.unit, usize::from(parts.right.width - 1), self.theme.glyphs().ellipsis);
                put(buf, parts.right, x + 1, parts.line.y, &unit, dim);
            }
        }
    }

    /// The time axis with round times and the marks of events on it.
    pub(super) fn time_axis(&self, parts: &Parts, buf: &mut Buffer) {
        if parts.line.is_empty() {
            return;
        }
        let (rule, dim) = (self.theme.style(Role::Rule), self.theme.style(Role::Dim));
        for x in parts.line.left()..parts.line.right() {
            dot(buf, parts.line, x, parts.line.y, self.lines.flat, rule);
        }
        let mut free = parts.labels.x;
        for tick in time_ticks(self.chart.x, self.chart.zone, usize::from(self.area.width / 10).clamp(1, 12))
        {
            let Some(column) = self.cell_column(tick.at) else { continue };
            let x = self.area.x + column;
            let wide = cells(&tick.label);
            let most = parts.labels.right().saturating_sub(wide);
            let at = x.saturating_sub(wide / 2).min(most);
            if at < free || wide > parts.labels.width {
                continue;
            }
            dot(buf, parts.line, x, parts.line.y, self.lines.time_tick, rule);
            put(buf, parts.labels, at, parts.labels.y, &tick.label, dim);
            free = at + wide + 1;
        }
        self.marks(parts, buf);
    }

    fn marks(&self, parts: &Parts, buf: &mut Buffer) {
        let mut marks: Vec<_> =
            self.chart.marks.iter().filter_map(|mark| Some((self.cell_column(mark.at)?, mark))).collect();
        marks.sort_by_key(|(x, _)| *x);
        for (index, (x, mark)) in marks.iter().enumerate() {
            let style = self.theme.style(mark.role);
            let end = marks.get(index + 1).map_or(parts.line.width, |(next, _)| next.saturating_sub(1));
            put(buf, parts.line, parts.line.x + x, parts.line.y, mark.glyph, style);
            let wide = cells(&mark.label).saturating_add(1);
            if !mark.label.is_empty() && x.saturating_add(1).saturating_add(wide) < end {
                put(buf, parts.line, parts.line.x + x + 1, parts.line.y, &format!(" {} ", mark.label), style);
            }
        }
    }
}
