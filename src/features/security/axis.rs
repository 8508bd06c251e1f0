//! An attack sequence on a time axis: one line per signal, its stretch where it happened. Drawing only.

use super::model::{Level, Signal};
use super::view::level;
use crate::app::pane::Ctx;
use crate::text::{cut_end, pad_left, pad_right, units, width};
use crate::theme::Role;
use crate::widgets::chart::TimeRange;
use jiff::{SignedDuration, Timestamp};
use ratatui::text::{Line, Span};

/// Cells of the axis at least, so that it says something.
const LEAST: usize = 16;
/// Cells of a signal's name at least and at most.
const NAME: (usize, usize) = (18, 48);

/// Lines for these signals, oldest first, headed by the axis.
pub(super) fn lines<'a>(signals: &[Signal], room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let theme = ctx.theme;
    let dim = theme.style(Role::Dim);
    let Some(range) = span(signals) else {
        return signals.iter().map(|signal| Line::styled(format!("   {}", signal.name), dim)).collect();
    };
    let longest = signals.iter().map(|signal| width(&signal.name)).max().unwrap_or_default();
    // Glyph, time, name, count, axis, with spaces between.
    let fixed = 3 + 6 + 7;
    let name = longest.clamp(NAME.0, NAME.1).min(room.saturating_sub(fixed + LEAST).max(NAME.0));
    let axis = room.saturating_sub(fixed + name + 2);
    let mut lines = vec![Line::from(vec![
        Span::raw(" ".repeat(fixed + name)),
        Span::styled(ruler(range, axis, ctx), dim),
    ])];
    lines.extend(signals.iter().map(|signal| line(signal, name, axis, range, ctx)));
    lines
}

fn line<'a>(signal: &Signal, name: usize, axis: usize, range: TimeRange, ctx: &Ctx) -> Line<'a> {
    let theme = ctx.theme;
    let glyphs = theme.glyphs();
    let worst = signal.severity.map_or(Level::Medium, Level::of);
    let (glyph, _, role) = level(worst, ctx);
    let at = units::or_missing(signal.first.or(signal.last), glyphs.missing, |at| ctx.zone.minute(at));
    let count = signal.count.filter(|count| *count != 1).map(|count| format!("×{count}")).unwrap_or_default();
    let count = if theme.ascii { count.replace('×', "x") } else { count };
    vec![
        Span::styled(format!(" {glyph} "), theme.style(role)),
        Span::styled(pad_right(&at, 6), theme.style(Role::Dim)),
        Span::styled(pad_right(&cut_end(&signal.name, name, glyphs.ellipsis), name), theme.style(Role::Text)),
        Span::styled(format!("{} ", pad_left(&count, 6)), theme.style(Role::Dim)),
        Span::styled(stretch(signal, axis, range, glyph, glyphs.rule), theme.style(role)),
    ]
    .into()
}

/// A sign at the first and the last event, and a rule between them.
fn stretch(signal: &Signal, axis: usize, range: TimeRange, glyph: &str, rule: &str) -> String {
    let (Some(first), Some(last)) = (signal.first.or(signal.last), signal.last.or(signal.first)) else {
        return String::new();
    };
    if axis == 0 {
        return String::new();
    }
    let (from, to) = (range.column(first, axis), range.column(last, axis));
    let mut text = " ".repeat(from);
    text.push_str(glyph);
    if to > from {
        text.push_str(&rule.repeat(to - from - 1));
        text.push_str(glyph);
    }
    text
}

/// First and last time at the ends of a rule.
fn ruler(range: TimeRange, axis: usize, ctx: &Ctx) -> String {
    let near = |at: Timestamp| ctx.zone.near(at, ctx.now.wall);
    let (left, right) = (near(range.start), format!("{} {}", near(range.end), ctx.zone.name(range.end)));
    let between = axis.saturating_sub(width(&left) + width(&right) + 2);
    if between == 0 {
        return cut_end(&left, axis, ctx.theme.glyphs().ellipsis).into_owned();
    }
    format!("{left} {} {right}", ctx.theme.glyphs().rule.repeat(between))
}

/// From the first to the last event of all signals; at least a minute.
fn span(signals: &[Signal]) -> Option<TimeRange> {
    let times = || signals.iter().flat_map(|signal| [signal.first, signal.last]).flatten();
    let (start, end) = (times().min()?, times().max()?);
    let least = start.checked_add(SignedDuration::from_mins(1)).unwrap_or(end);
    Some(TimeRange { start, end: end.max(least) })
}
