//! Drawing the timeline: one row each for shifts, alarms and errors over one axis.
//!
//! A sign stands in the column of its time and nowhere else; labels go where there is room beside it.

use super::timeline::{Moment, Span, Timeline};
use crate::app::pane::{Ctx, Tone};
use crate::text::{cut_end, width};
use crate::theme::Role;
use crate::widgets::sparkline::spark;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Cells before the axis.
const LABEL: u16 = 12;
/// Signs this close share one label.
const CLOSE: usize = 6;

pub(super) fn render(timeline: &Timeline, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let area = area.intersection(buf.area);
    if area.width < LABEL + 20 || area.height == 0 {
        return;
    }
    let mut rows = area.rows();
    let mut next = |name: &str, buf: &mut Buffer| {
        let row = rows.next()?;
        buf.set_stringn(row.x + 1, row.y, name, usize::from(LABEL), ctx.theme.style(Role::Dim));
        Some(Rect { x: row.x + LABEL, width: row.width - LABEL - 1, ..row })
    };
    if let Some(row) = next("", buf) {
        head(timeline, Rect { x: area.x + 1, width: area.width - 2, ..row }, buf, ctx);
    }
    if let Some(row) = next("rollouts", buf) {
        spans(timeline, row, buf, ctx);
    }
    if let Some(row) = next("alarms", buf) {
        let none = "none went off that still is, none recovered";
        moments(&timeline.alarms, timeline.alarms_known.then_some(none), timeline, row, buf, ctx);
    }
    if let Some(row) = next("changes", buf) {
        open_end(timeline, row, buf, ctx);
        let none = timeline.changes_known.then_some("none by people or pipelines");
        moments(&timeline.changes, none, timeline, row, buf, ctx);
    }
    if let Some(row) = next("errors/min", buf) {
        if timeline.errors.is_empty() {
            nothing(false, "", row, buf, ctx);
            return;
        }
        let cells = columns(&timeline.errors, timeline, row.width);
        let any = timeline.errors.iter().flatten().any(|errors| *errors > 0.0);
        let role = if any { Role::Bad } else { Role::Dim };
        let text = spark(&cells, usize::from(row.width), ctx.theme.glyphs());
        buf.set_stringn(row.x, row.y, text, usize::from(row.width), ctx.theme.style(role));
    }
}

fn head(timeline: &Timeline, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let theme = ctx.theme;
    let now = ctx.now.wall;
    let (start, end) = (timeline.range.start, timeline.range.end);
    let left = ctx.zone.near(start, now);
    let right = format!("{} {}", ctx.zone.near(end, now), ctx.zone.name(end));
    let (x, _) = buf.set_stringn(area.x, area.y, "TIMELINE", area.width.into(), theme.style(Role::Strong));
    let x = x.max(area.x + LABEL - 1);
    let room = |x: u16| usize::from(area.right().saturating_sub(x));
    let (x, _) = buf.set_stringn(x, area.y, left, room(x), theme.style(Role::Dim));
    let from = x + 1;
    let to = area.right().saturating_sub(width(&right) as u16 + 1);
    let rule = theme.glyphs().rule.repeat(usize::from(to.saturating_sub(from)));
    buf.set_stringn(from, area.y, rule, room(from), theme.style(Role::Rule));
    let x = to.max(from) + 1;
    buf.set_stringn(x, area.y, right, room(x), theme.style(Role::Dim));
}

/// One value per column, the greatest of those that fall into it.
fn columns(values: &[Option<f64>], timeline: &Timeline, width: u16) -> Vec<Option<f64>> {
    let seconds = timeline.range.seconds();
    let all = values.len();
    if all == 0 || seconds <= 0.0 {
        return Vec::new();
    }
    let width = usize::from(width);
    (0..width)
        .map(|column| {
            let (from, to) = (column * all / width, ((column + 1) * all).div_ceil(width).min(all));
            let own = values.get(from..to.max(from + 1)).unwrap_or_default();
            own.iter().flatten().copied().reduce(f64::max)
        })
        .collect()
}

fn spans(timeline: &Timeline, row: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let glyphs = ctx.theme.glyphs();
    let cells = usize::from(row.width);
    if timeline.spans.is_empty() {
        nothing(timeline.spans_known, "none", row, buf, ctx);
        return;
    }
    let (open, close) = if ctx.theme.ascii { ("|", "|") } else { ("├", "┤") };
    for Span { start, end, label, tone } in &timeline.spans {
        let style = ctx.theme.style(tone.role());
        let from = timeline.range.column(*start, cells);
        let to = timeline.range.column(end.unwrap_or(timeline.range.end), cells).max(from);
        let begin = if *start < timeline.range.start { glyphs.rule } else { open };
        let finish = if end.is_none() { glyphs.stage[0] } else { close };
        let inside = to.saturating_sub(from).saturating_sub(1);
        let text = if inside >= 6 {
            cut_end(label, inside - 4, glyphs.ellipsis).into_owned()
        } else {
            String::new()
        };
        let text = if text.is_empty() { text } else { format!(" {text} ") };
        let before = inside.saturating_sub(width(&text)) / 3;
        let after = inside.saturating_sub(width(&text) + before);
        let bar = format!("{begin}{}{text}{}", glyphs.rule.repeat(before), glyphs.rule.repeat(after));
        put(buf, row, from, &bar, style);
        put(buf, row, to, finish, style);
        // A span too short for its name has it beside, where nothing else is.
        if text.is_empty() {
            let room = cells.saturating_sub(to + 2);
            let (at, name) = match width(label) {
                long if long <= room => (to + 2, label.as_str()),
                long if long < from => (from - long - 1, label.as_str()),
                _ => continue,
            };
            put(buf, row, at, name, style);
        }
    }
}

/// Marks the end of the axis where the trail may not be complete.
fn open_end(timeline: &Timeline, row: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let Some(open) = timeline.changes_open.filter(|open| *open < timeline.range.end) else { return };
    let cells = usize::from(row.width);
    let from = timeline.range.column(open.max(timeline.range.start), cells);
    let shade = ctx.theme.glyphs().bar[1];
    let room = cells.saturating_sub(from);
    let label = [" CloudTrail may lag", " may lag"].into_iter().find(|label| width(label) + 2 <= room);
    let text = format!("{shade}{}", label.unwrap_or_default());
    put(buf, row, from, &text, ctx.theme.style(Role::Dim));
}

fn moments(list: &[Moment], none: Option<&str>, timeline: &Timeline, row: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let glyphs = ctx.theme.glyphs();
    let cells = usize::from(row.width);
    if list.is_empty() {
        nothing(none.is_some(), none.unwrap_or_default(), row, buf, ctx);
        return;
    }
    let placed: Vec<(usize, &Moment)> =
        list.iter().map(|moment| (timeline.range.column(moment.at, cells), moment)).collect();
    let mut free = 0;
    let mut clusters = placed.chunk_by(|(a, _), (b, _)| b - a <= CLOSE).peekable();
    while let Some(cluster) = clusters.next() {
        let (Some((first, _)), Some((last, _))) = (cluster.first(), cluster.last()) else { continue };
        for (column, moment) in cluster {
            let glyph = match moment.tone {
                Tone::Bad => glyphs.bad,
                Tone::Ok => glyphs.ok,
                Tone::Warn => glyphs.warn,
                Tone::Info => glyphs.stage[0],
            };
            put(buf, row, *column, glyph, ctx.theme.style(moment.tone.role()));
        }
        let tone = cluster.iter().map(|(_, moment)| moment.tone).max().unwrap_or(Tone::Ok);
        let style = ctx.theme.style(tone.role());
        let end = clusters.peek().and_then(|next| next.first()).map_or(cells, |(column, _)| *column);
        let (right, left) = (end.saturating_sub(last + 2), first.saturating_sub(free + 1));
        let room = right.max(left);
        let label = names(cluster, room);
        let long = width(&label);
        if long == 0 {
            free = last + 1;
        } else if long <= right {
            put(buf, row, last + 1, &label, style);
            free = last + 1 + long + 1;
        } else {
            put(buf, row, first - long - 1, &label, style);
            free = last + 1;
        }
    }
}

/// As many names as there is room for, then how many more.
fn names(cluster: &[(usize, &Moment)], room: usize) -> String {
    let all: Vec<&str> = cluster.iter().map(|(_, moment)| moment.label.as_str()).collect();
    (1..=all.len().min(4))
        .rev()
        .map(|count| {
            let text = all.iter().take(count).copied().collect::<Vec<_>>().join(" ");
            if count < all.len() { format!("{text} +{}", all.len() - count) } else { text }
        })
        .find(|text| width(text) <= room)
        .unwrap_or_default()
}

/// An empty row: that there is nothing is only said where it is known.
fn nothing(known: bool, none: &str, row: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let unknown = format!("{} not read", ctx.theme.glyphs().missing);
    put(buf, row, 0, if known { none } else { &unknown }, ctx.theme.style(Role::Dim));
}

fn put(buf: &mut Buffer, row: Rect, column: usize, text: &str, style: Style) {
    let x = row.x.saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
    if x < row.right() {
        buf.set_stringn(x, row.y, text, usize::from(row.right() - x), style);
    }
}
