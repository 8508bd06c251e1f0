//! What the legend and the title line say about each series, and how entries flow into rows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::units::value_text;
use super::{Chart, Series, time};
use crate::text::cut_end;
use crate::theme::{Role, Theme};
use crate::widgets::paint::{cells, put, put_right};

/// Cells between two entries in a row.
const SPACE: u16 = 3;

/// One series in the legend.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// A sample of its line.
    pub sample: char,
    /// Its colour, muted if it is hidden.
    pub role: Role,
    /// Its name.
    pub label: String,
    /// The value at the crosshair, or the last one; empty for a hidden series.
    pub value: String,
    /// The greatest value; empty with a crosshair.
    pub max: String,
}

impl Entry {
    fn width(&self) -> u16 {
        let part = |text: &str| if text.is_empty() { 0 } else { cells(text).saturating_add(2) };
        cells(&self.label).saturating_add(2).saturating_add(part(&self.value)).saturating_add(part(&self.max))
    }

    /// Draws the entry from `x` and returns where it ends.
    fn draw(&self, area: Rect, x: u16, y: u16, buf: &mut Buffer, theme: &Theme) -> u16 {
        let mut sample = [0; 4];
        let muted = self.role == Role::Muted;
        let label = if muted { Role::Muted } else { Role::Text };
        let sample: &str = self.sample.encode_utf8(&mut sample);
        let mut at = x + put(buf, area, x, y, sample, theme.style(self.role)) + 1;
        at += put(buf, area, at, y, &self.label, theme.style(label));
        for (text, role) in [(&self.value, Role::Strong), (&self.max, Role::Dim)] {
            if !text.is_empty() {
                at += 2;
                at += put(buf, area, at, y, text, theme.style(role));
            }
        }
        at
    }
}

/// An entry per series, in order.
pub fn entries(chart: &Chart, theme: &Theme) -> Vec<Entry> {
    let entry = |(index, series): (usize, &Series)| {
        let sample = if theme.ascii { super::lines::ascii_mark(index) } else { '━' };
        let role = if series.hidden { Role::Muted } else { series.role };
        let (mut value, mut max) = (String::new(), String::new());
        if !series.hidden {
            value = value_of(chart, series, theme);
            if let (None, Some(most)) = (chart.crosshair, series.max(chart.x)) {
                max = format!("max {}", value_text(most, &series.unit, theme.ascii));
            }
        }
        Entry { sample, role, label: series.label.clone(), value, max }
    };
    chart.series.iter().enumerate().map(entry).collect()
}

fn value_of(chart: &Chart, series: &Series, theme: &Theme) -> String {
    let value = match chart.crosshair {
        Some(at) => series.value_at(at),
        None => series.last(chart.x),
    };
    value.map_or_else(
        || theme.glyphs().missing.to_owned(),
        |value| value_text(value, &series.unit, theme.ascii),
    )
}

/// How many rows the entries take when they flow at `width`.
pub fn rows(entries: &[Entry], prefix: u16, width: u16) -> u16 {
    let (mut rows, mut x) = (u16::from(!entries.is_empty()), prefix);
    for entry in entries {
        let wide = entry.width();
        if x > prefix && x.saturating_add(wide) > width {
            rows += 1;
            x = prefix;
        }
        x = x.saturating_add(wide).saturating_add(SPACE);
    }
    rows
}

/// The time at the crosshair, as the legend begins with it.
pub fn crosshair_text(chart: &Chart) -> String {
    chart.crosshair.map_or_else(String::new, |at| time::clock(at, chart.zone))
}

/// Draws the entries one after the other, and says how many did not fit.
pub fn flow(chart: &Chart, entries: &[Entry], area: Rect, buf: &mut Buffer, theme: &Theme) {
    let start = area.x + prefix(chart);
    put(buf, area, area.x, area.y, &crosshair_text(chart), theme.style(Role::Accent));
    let (mut x, mut y) = (start, area.y);
    for (index, entry) in entries.iter().enumerate() {
        let wide = entry.width();
        if x > start && x.saturating_add(wide) > area.right() {
            (x, y) = (start, y + 1);
        }
        if y >= area.bottom() {
            let rest = format!(" +{} more", entries.len() - index);
            put_right(buf, area, area.bottom().saturating_sub(1), &rest, theme.style(Role::Dim));
            return;
        }
        x = entry.draw(area, x, y, buf, theme).saturating_add(SPACE);
    }
}

/// Cells at the start of a row of the legend that belong to the crosshair's time.
pub fn prefix(chart: &Chart) -> u16 {
    if chart.crosshair.is_some() { cells(&crosshair_text(chart)) + 2 } else { 0 }
}

/// Draws one entry per row, values right-aligned.
pub fn list(chart: &Chart, entries: &[Entry], area: Rect, buf: &mut Buffer, theme: &Theme) {
    let ellipsis = theme.glyphs().ellipsis;
    let mut y = area.y;
    if chart.crosshair.is_some() {
        put(buf, area, area.x, y, &crosshair_text(chart), theme.style(Role::Accent));
        y += 1;
    }
    for (index, entry) in entries.iter().enumerate() {
        if y + 1 >= area.bottom() && index + 1 < entries.len() {
            let rest = format!("+{} more", entries.len() - index);
            put(buf, area, area.x, y, &rest, theme.style(Role::Dim));
            return;
        }
        let room = area.width.saturating_sub(cells(&entry.value) + 3);
        let label = cut_end(&entry.label, usize::from(room), ellipsis).into_owned();
        let short = Entry { label, value: String::new(), max: String::new(), ..entry.clone() };
        short.draw(area, area.x, y, buf, theme);
        put_right(buf, area, y, &entry.value, theme.style(Role::Strong));
        y += 1;
    }
}

/// The title line: title, then the values if there is no legend, then the note.
pub fn title(
    chart: &Chart,
    axis_label: &str,
    values: Option<&[Entry]>,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) {
    let ellipsis = theme.glyphs().ellipsis;
    let mut room = area;
    if let Some((note, role)) = chart.note {
        let used = put_right(
            buf,
            room,
            area.y,
            &cut_end(note, usize::from(area.width / 2), ellipsis),
            theme.style(role),
        );
        room.width = room.width.saturating_sub(used + 2);
    }
    let shown: Vec<_> = values.unwrap_or_default().iter().filter(|entry| !entry.value.is_empty()).collect();
    // The title keeps at least half of the line; values that do not fit are left out from the last.
    let mut right = room;
    let half = room.x + room.width / 2;
    let crosshair = if values.is_some() { crosshair_text(chart) } else { String::new() };
    let texts = shown.iter().map(|entry| match shown.len() {
        1 => (entry.value.clone(), Role::Strong),
        _ => (format!("{} {}", entry.label, entry.value), entry.role),
    });
    let title_end = room.x.saturating_add(cells(chart.title)).saturating_add(2).min(half);
    let mut fitting = Vec::new();
    let mut used = 0_u16;
    let head = (!crosshair.is_empty()).then_some((crosshair, Role::Accent));
    for (text, role) in head.into_iter().chain(texts) {
        let wide = cells(&text).saturating_add(if fitting.is_empty() { 0 } else { 2 });
        if title_end.saturating_add(used).saturating_add(wide) > room.right() {
            break;
        }
        used += wide;
        fitting.push((text, role));
    }
    for (text, role) in fitting.into_iter().rev() {
        let drawn = put_right(buf, right, area.y, &text, theme.style(role));
        right.width = right.width.saturating_sub(drawn + 2);
    }
    let text = cut_end(chart.title, usize::from(right.width), ellipsis);
    let end = put(buf, right, area.x, area.y, &text, theme.style(Role::Strong));
    if !axis_label.is_empty() {
        let rest = usize::from(right.width.saturating_sub(end + 2));
        let text = cut_end(axis_label, rest, ellipsis);
        put(buf, right, area.x + end + 2, area.y, &text, theme.style(Role::Dim));
    }
}
