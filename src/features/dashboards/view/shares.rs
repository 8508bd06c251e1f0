//! Bars, one per series; and pies, as one bar of shares with its legend.

use super::Scene;
use crate::features::dashboards::shown::Shown;
use crate::text::cut_end;
use crate::theme::{Role, Theme};
use crate::widgets::chart::units::value_text;
use crate::widgets::paint::{cells, put, put_right};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A series with its one value.
struct Item<'a> {
    label: &'a str,
    value: Option<f64>,
    text: String,
    role: Role,
    /// Names its part of a bar where colours cannot.
    letter: char,
}

fn items<'a>(shown: &'a [Shown], scene: &Scene) -> Vec<Item<'a>> {
    let theme = scene.ctx.theme;
    let item = |(shown, letter): (&'a Shown, char)| {
        let value = shown.value(scene.ctx.now.wall);
        let text = value.map_or_else(
            || theme.glyphs().missing.to_owned(),
            |value| value_text(value, shown.unit, theme.ascii),
        );
        Item { label: &shown.data.label, value, text, role: shown.role, letter }
    };
    let letters = ('a'..='z').chain('A'..='Z').cycle();
    shown.iter().filter(|shown| !shown.hidden).zip(letters).map(item).collect()
}

/// A bar per series, all on one scale from zero.
pub fn bars(shown: &[Shown], area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    let items = items(shown, scene);
    let most = items.iter().filter_map(|item| item.value).map(f64::abs).fold(0.0, f64::max);
    let number = items.iter().map(|item| cells(&item.text)).max().unwrap_or(0);
    let name = items.iter().map(|item| cells(item.label)).max().unwrap_or(0).min(area.width * 2 / 5);
    // Beside each other with a free line between where there is room.
    let step = if usize::from(area.height) > items.len() * 2 { 2 } else { 1 };
    let fitting = fitting(items.len(), usize::from(area.height / step));
    for (item, y) in items.iter().take(fitting).zip((area.y..).step_by(usize::from(step))) {
        let line = Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: 1 };
        let label = cut_end(item.label, usize::from(name), theme.glyphs().ellipsis);
        put(buf, line, line.x, y, &label, theme.style(Role::Text));
        put_right(buf, line, y, &item.text, theme.style(Role::Strong));
        let room = line.width.saturating_sub(name + number + 2);
        if let Some(value) = item.value {
            let share = if most > 0.0 { value.abs() / most } else { 0.0 };
            put(buf, line, line.x + name + 1, y, &bar(share, room, theme), theme.style(item.role));
        }
    }
    more(items.len() - fitting, area, buf, theme);
}

/// A bar of a share of `width` cells, to an eighth of a cell; something is never nothing.
fn bar(share: f64, width: u16, theme: &Theme) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * f64::from(width) * 8.0).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    let full = theme.glyphs().bar[0];
    if theme.ascii {
        return full.repeat(eighths.div_ceil(8));
    }
    format!("{}{}", full.repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// Shares of the sum: one bar of all, then a line for each.
pub fn pie(shown: &[Shown], area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    let items = items(shown, scene);
    let part = |item: &Item| item.value.filter(|value| *value > 0.0).unwrap_or(0.0);
    let sum: f64 = items.iter().map(part).sum();
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let thick = if area.height >= 8 && usize::from(area.height) > items.len() + 3 { 2 } else { 1 };
    let lettered = !theme.has_colors() || theme.ascii || items.len() > 6;
    let full = theme.glyphs().bar[0];
    let mut before = 0.0;
    for item in items.iter().filter(|_| sum > 0.0) {
        let edge = |at: f64| (at / sum * f64::from(line.width)).round() as u16;
        let (from, to) = (edge(before), edge(before + part(item)));
        before += part(item);
        let piece = if lettered { item.letter.to_string() } else { full.to_owned() };
        for y in line.y..(line.y + thick).min(area.bottom()) {
            put(buf, line, line.x + from, y, &piece.repeat(usize::from(to - from)), theme.style(item.role));
        }
    }
    if sum <= 0.0 {
        put(buf, line, line.x, line.y, "nothing to share", theme.style(Role::Dim));
    }
    let gap = u16::from(usize::from(area.height) > items.len() + usize::from(thick));
    let top = area.y + thick + gap;
    let room = usize::from(area.bottom().saturating_sub(top));
    let fitting = fitting(items.len(), room);
    let number = items.iter().map(|item| cells(&item.text)).max().unwrap_or(0);
    for (item, y) in items.iter().take(fitting).zip(top..) {
        let sample = if lettered { item.letter.to_string() } else { full.to_owned() };
        put(buf, line, line.x, y, &sample, theme.style(item.role));
        let share = if sum > 0.0 { percent(part(item) / sum) } else { String::new() };
        put_right(buf, line, y, &share, theme.style(Role::Strong));
        let values = Rect { width: line.width.saturating_sub(7), ..line };
        put_right(buf, values, y, &item.text, theme.style(Role::Dim));
        let room = usize::from(values.width.saturating_sub(number + 3));
        let label = cut_end(item.label, room, theme.glyphs().ellipsis);
        put(buf, line, line.x + 2, y, &label, theme.style(Role::Text));
    }
    more(items.len() - fitting, area, buf, theme);
}

/// A share in percent; something is never nothing.
fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.005 { "<1 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}

/// How many of so many lines are drawn: when not all fit, the last line is for the count.
fn fitting(count: usize, room: usize) -> usize {
    if count > room { room.saturating_sub(1) } else { count }
}

fn more(left: usize, area: Rect, buf: &mut Buffer, theme: &Theme) {
    if left > 0 && !area.is_empty() {
        let text = format!("+{left} more ");
        put_right(buf, area, area.bottom() - 1, &text, theme.style(Role::Dim));
    }
}
