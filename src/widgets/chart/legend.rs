//! What the legend and the title line say about each series, and how entries flow into rows.
//!
//! Where cells are short the greatest values go first, then the ends of labels; what is left out is counted.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::lines::{ascii_mark, letter};
use super::units::value_text;
use super::{Chart, Series, time};
use crate::text::{cut_end, cut_middle};
use crate::theme::{Role, Theme};
use crate::widgets::paint::{cells, put, put_right};

/// Cells between two entries in a row.
const SPACE: u16 = 3;

/// Between the words of a label.
const SEPARATORS: [char; 6] = [' ', '-', '_', '.', '/', ':'];

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
    /// Cells it takes in a row.
    fn width(&self, fit: Fit) -> u16 {
        let part = |text: &str| if text.is_empty() { 0 } else { cells(text).saturating_add(2) };
        let max = if fit.max && !self.max.is_empty() { part(&self.max).saturating_add(4) } else { 0 };
        let value = if fit.value { part(&self.value) } else { 0 };
        cells(&self.label).min(fit.label).saturating_add(2).saturating_add(value).saturating_add(max)
    }

    /// Draws sample and label from `x` and returns where they end.
    fn name(&self, area: Rect, x: u16, y: u16, most: u16, buf: &mut Buffer, theme: &Theme) -> u16 {
        let mut sample = [0; 4];
        let label = if self.role == Role::Muted { Role::Muted } else { Role::Text };
        let sample: &str = self.sample.encode_utf8(&mut sample);
        let at = x + put(buf, area, x, y, sample, theme.style(self.role)) + 1;
        // Of a short piece both ends tell more than the beginning.
        let cut = if most <= 16 { cut_middle } else { cut_end };
        let text = cut(&self.label, usize::from(most), theme.glyphs().ellipsis);
        at + put(buf, area, at, y, &text, theme.style(label))
    }
}

/// How the entries of a flowing legend are cut so that most of them fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fit {
    /// Cells of a label.
    label: u16,
    /// The values are shown.
    value: bool,
    /// The greatest values are shown.
    max: bool,
}

/// The entries as most of them fit into `rows`: as they are, without the greatest values, with short labels, or
/// without values. At a crosshair the values stay, whatever becomes of the labels.
fn fitting(entries: &[Entry], prefix: u16, width: u16, rows: u16) -> (Cow<'_, [Entry]>, Fit) {
    let fits = |entries: &[Entry], fit: &Fit| lay_out(entries, *fit, prefix, width) <= rows;
    let full = Fit { label: width.saturating_sub(prefix) / 2 + 4, value: true, max: true };
    let plain = Fit { max: false, ..full };
    if let Some(fit) = [full, plain].into_iter().find(|fit| fits(entries, fit)) {
        return (Cow::Borrowed(entries), fit);
    }
    let valued = |label: u16| Fit { label: label.min(full.label), ..plain };
    let named = |label: u16| Fit { value: prefix > 0, ..valued(label) };
    let words = distinct(entries, &[' ']);
    if let Some(fit) = [full.label, 24, 16].map(valued).into_iter().find(|fit| fits(&words, fit)) {
        return (Cow::Owned(words), fit);
    }
    let pieces = distinct(entries, &SEPARATORS);
    let fit =
        [valued(16), named(24), named(16), named(12), named(8)].into_iter().find(|fit| fits(&pieces, fit));
    (Cow::Owned(pieces), fit.unwrap_or(named(12)))
}

/// The entries without the words that all their labels begin and end with; each label keeps at least one.
fn distinct(entries: &[Entry], separators: &[char]) -> Vec<Entry> {
    let split = |entry: &'_ Entry| -> Vec<String> {
        entry.label.split_inclusive(separators).map(str::to_owned).collect()
    };
    let words: Vec<Vec<String>> = entries.iter().map(split).collect();
    let least = words.iter().map(Vec::len).min().unwrap_or(0).saturating_sub(1);
    let alike = |word: &dyn Fn(&[String]) -> Option<String>| {
        words.len() > 1 && words.windows(2).all(|pair| word(&pair[0]) == word(&pair[1]))
    };
    let front = (0..least).take_while(|at| alike(&|words| words.get(*at).cloned())).count();
    let back =
        (0..least - front).take_while(|at| alike(&|words| words.iter().rev().nth(*at).cloned())).count();
    let label = |words: &Vec<String>| {
        let kept = words.get(front..words.len() - back).unwrap_or_default().concat();
        kept.trim_end_matches(separators).to_owned()
    };
    entries.iter().zip(&words).map(|(entry, words)| Entry { label: label(words), ..entry.clone() }).collect()
}

/// An entry per series, in order.
pub fn entries(chart: &Chart, theme: &Theme) -> Vec<Entry> {
    let lettered = lettered(chart, theme);
    let entry = |(index, series): (usize, &Series)| {
        let sample = match (lettered, theme.ascii) {
            (true, _) => letter(index),
            (false, true) => ascii_mark(index),
            (false, false) => '━',
        };
        let role = if series.hidden { Role::Muted } else { series.role };
        let (mut value, mut max) = (String::new(), String::new());
        if !series.hidden {
            value = value_of(chart, series, theme);
            if let (None, Some(most)) = (chart.crosshair, series.max(chart.x)) {
                max = value_text(most, &series.unit, theme.ascii);
            }
        }
        Entry { sample, role, label: series.label.clone(), value, max }
    };
    chart.series.iter().enumerate().map(entry).collect()
}

/// Whether colours cannot tell the series apart, so that letters on the lines must.
pub fn lettered(chart: &Chart, theme: &Theme) -> bool {
    let few = chart.series.len() < 2 || theme.ascii && chart.series.len() <= super::lines::ASCII_MARKS.len();
    let alike = |(at, series): (usize, &Series)| chart.series[..at].iter().any(|s| s.role == series.role);
    !few && (theme.ascii || !theme.has_colors() || chart.series.iter().enumerate().any(alike))
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

/// How many rows the entries take when they flow uncut at `width`.
pub fn rows(entries: &[Entry], prefix: u16, width: u16) -> u16 {
    lay_out(entries, Fit { label: u16::MAX, value: true, max: true }, prefix, width)
}

fn lay_out(entries: &[Entry], fit: Fit, prefix: u16, width: u16) -> u16 {
    let (mut rows, mut x) = (u16::from(!entries.is_empty()), prefix);
    for entry in entries {
        let wide = entry.width(fit);
        if x > prefix && x.saturating_add(wide) > width {
            rows = rows.saturating_add(1);
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
    let (entries, fit) = fitting(entries, prefix(chart), area.width, area.height);
    // The last row keeps room for the count of what is left out.
    let all = lay_out(&entries, fit, prefix(chart), area.width) <= area.height;
    let more = if all { 0 } else { cells(&format!(" +{}", entries.len())) };
    let (mut x, mut y) = (start, area.y);
    for (index, entry) in entries.iter().enumerate() {
        let wide = entry.width(fit);
        let end = area.right().saturating_sub(if y + 1 == area.bottom() { more } else { 0 });
        if x > start && x.saturating_add(wide) > end {
            (x, y) = (start, y + 1);
        }
        if y >= area.bottom() {
            let rest = format!(" +{}", entries.len() - index);
            put_right(buf, area, area.bottom().saturating_sub(1), &rest, theme.style(Role::Dim));
            return;
        }
        x = entry.name(area, x, y, fit.label, buf, theme);
        let max = if fit.max && !entry.max.is_empty() { format!("max {}", entry.max) } else { String::new() };
        let value = if fit.value { entry.value.as_str() } else { "" };
        for (text, role) in [(value, Role::Strong), (&max, Role::Dim)] {
            if !text.is_empty() {
                x += 2;
                x += put(buf, area, x, y, text, theme.style(role));
            }
        }
        x = x.saturating_add(SPACE);
    }
}

/// Cells at the start of a row of the legend that belong to the crosshair's time.
pub fn prefix(chart: &Chart) -> u16 {
    if chart.crosshair.is_some() { cells(&crosshair_text(chart)) + 2 } else { 0 }
}

/// Cells that a list of these entries takes with nothing cut.
pub fn list_width(entries: &[Entry]) -> u16 {
    let widest =
        |part: fn(&Entry) -> &String| entries.iter().map(|entry| cells(part(entry))).max().unwrap_or(0);
    let max = widest(|entry| &entry.max);
    let max = if max > 0 { max.max(3) + 2 } else { 0 };
    let value = widest(|entry| &entry.value).max(5);
    widest(|entry| &entry.label).saturating_add(value).saturating_add(max).saturating_add(7)
}

/// Draws one entry per row under a line of headings, values right-aligned, the cursor in view.
pub fn list(chart: &Chart, entries: &[Entry], area: Rect, buf: &mut Buffer, theme: &Theme) {
    let [dim, strong] = [Role::Dim, Role::Strong].map(|role| theme.style(role));
    let widest = |part: fn(&Entry) -> &String| entries.iter().map(|entry| cells(part(entry))).max();
    let value = widest(|entry| &entry.value).unwrap_or(0).max(4);
    let max = widest(|entry| &entry.max).filter(|wide| *wide > 0).map_or(0, |wide| wide.max(3) + 2);
    // Names matter more than the greatest values.
    let name = widest(|entry| &entry.label).unwrap_or(0).min(16);
    let max = if area.width >= name + value + max + 5 { max } else { 0 };
    let value_end = Rect { width: area.width.saturating_sub(max), ..area };
    if chart.crosshair.is_some() {
        put(buf, area, area.x, area.y, &crosshair_text(chart), theme.style(Role::Accent));
    } else {
        put_right(buf, value_end, area.y, "last", dim);
        if max > 0 {
            put_right(buf, area, area.y, "max", dim);
        }
    }
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }.intersection(area);
    // The last row is for the count when not all fit.
    let room = usize::from(body.height);
    let shown = if entries.len() > room { room.saturating_sub(1) } else { room };
    let last_top = entries.len().saturating_sub(shown);
    let top = chart.cursor.map_or(0, |cursor| (cursor + 1).saturating_sub(shown)).min(last_top);
    let label = area.width.saturating_sub(value + max + 5);
    for ((index, entry), y) in entries.iter().enumerate().skip(top).take(shown).zip(body.y..) {
        if chart.cursor == Some(index) {
            put(buf, area, area.x, y, theme.glyphs().focus, theme.style(Role::Accent));
        }
        entry.name(area, area.x + 1, y, label, buf, theme);
        put_right(buf, value_end, y, &entry.value, strong);
        if max > 0 {
            put_right(buf, area, y, &entry.max, dim);
        }
    }
    if shown < entries.len() && !body.is_empty() {
        let text = format!("+{} more", entries.len() - shown);
        put(buf, area, area.x + 1, body.bottom() - 1, &text, dim);
    }
}

/// The value of a lone series, or label and value of each; the crosshair's time comes first.
pub fn headline(chart: &Chart, entries: &[Entry]) -> Vec<(String, Role)> {
    let shown: Vec<_> = entries.iter().filter(|entry| !entry.value.is_empty()).collect();
    let texts = shown.iter().map(|entry| match shown.len() {
        1 => (entry.value.clone(), Role::Strong),
        _ => (format!("{} {}", entry.label, entry.value), entry.role),
    });
    let time = chart.crosshair.map(|_| (crosshair_text(chart), Role::Accent));
    time.into_iter().chain(texts).collect()
}

/// Draws as many of `texts` as fit right-aligned into one row, and returns the cells left of them.
///
/// Texts that do not fit are left out from the last; at most `room` cells are used.
pub fn put_values(
    texts: Vec<(String, Role)>,
    room: u16,
    area: Rect,
    y: u16,
    buf: &mut Buffer,
    theme: &Theme,
) -> Rect {
    let mut used = 0_u16;
    let mut left = area;
    let fits = |(text, _): &(String, Role)| {
        used = used.saturating_add(cells(text)).saturating_add(if used == 0 { 0 } else { 2 });
        used <= room
    };
    let fitting: Vec<_> = texts.into_iter().take_while(fits).collect();
    for (text, role) in fitting.into_iter().rev() {
        let drawn = put_right(buf, left, y, &text, theme.style(role));
        left.width = left.width.saturating_sub(drawn + 2);
    }
    left
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
        let note = cut_end(note, usize::from(area.width / 2), ellipsis);
        let used = put_right(buf, room, area.y, &note, theme.style(role));
        room.width = room.width.saturating_sub(used + 2);
    }
    // The title keeps at least half of the line.
    let title = cells(chart.title).saturating_add(2).min(room.width / 2);
    let texts = values.map(|entries| headline(chart, entries)).unwrap_or_default();
    let left = put_values(texts, room.width - title, room, area.y, buf, theme);
    let text = cut_end(chart.title, usize::from(left.width), ellipsis);
    let end = put(buf, left, area.x, area.y, &text, theme.style(Role::Strong));
    if !axis_label.is_empty() {
        let rest = usize::from(left.width.saturating_sub(end + 2));
        let text = cut_end(axis_label, rest, ellipsis);
        put(buf, left, area.x + end + 2, area.y, &text, theme.style(Role::Dim));
    }
}
