//! Draws the axes of a chart around its plot.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw::Plot;
use super::layout::Parts;
use super::time::time_ticks;
use super::{Band, Side};
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

    /// The time axis with round times.
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
    }

    /// Bands mark their stretch of the axis and leave the plot to the data. Of two over each other the smaller
    /// one is seen: the worse of two that are open at one end.
    pub(super) fn bands(&self, parts: &Parts, buf: &mut Buffer) {
        let mut stretches: Vec<(Rect, &str, Role)> =
            self.chart.bands.iter().filter_map(|band| self.stretch(band, parts)).collect();
        stretches.sort_by_key(|(stretch, ..)| std::cmp::Reverse(stretch.area()));
        for (stretch, glyph, role) in stretches {
            for at in stretch.positions() {
                dot(buf, stretch, at.x, at.y, glyph, self.line_style(role, Role::Strong));
            }
        }
    }

    /// The cells of an axis that a band takes.
    fn stretch(&self, band: &Band, parts: &Parts) -> Option<(Rect, &'static str, Role)> {
        match *band {
            Band::Values { from, to, axis: side, role } => {
                let axis = self.axis(side)?;
                let rows = usize::from(self.area.height);
                let row = |value: f64| axis.row(value, rows).max(0) as u16;
                let top = to.map_or(0, row).min(self.area.height);
                let bottom = from.map_or(self.area.height, |value| row(value).saturating_add(1));
                let right = self.chart.side(side) == Side::Right;
                let beside = if right { parts.right } else { parts.left };
                // Without room for an axis the edge of the plot stands for it.
                let x = match (beside.is_empty(), right) {
                    (false, true) => beside.x,
                    (false, false) => beside.right() - 1,
                    (true, true) => self.area.right().saturating_sub(1),
                    (true, false) => self.area.x,
                };
                let height = bottom.min(self.area.height).saturating_sub(top);
                Some((Rect { x, y: self.area.y + top, width: 1, height }, self.lines.upright_band, role))
            }
            Band::Times { from, to, role } => {
                let (start, end) = (self.chart.x.start, self.chart.x.end);
                let first = self.cell_column(from.unwrap_or(start).max(start))?;
                let last = self.cell_column(to.unwrap_or(end).min(end))?;
                let width = (last + 1).saturating_sub(first);
                let stretch = Rect { x: self.area.x + first, width, ..parts.line };
                Some((stretch.intersection(parts.line), self.lines.flat_band, role))
            }
        }
    }

    /// Events on the time axis.
    pub(super) fn marks(&self, parts: &Parts, buf: &mut Buffer) {
        let mut marks: Vec<_> =
            self.chart.marks.iter().filter_map(|mark| Some((self.cell_column(mark.at)?, mark))).collect();
        marks.sort_by_key(|(x, _)| *x);
        for (index, (x, mark)) in marks.iter().enumerate().filter(|_| !parts.line.is_empty()) {
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
