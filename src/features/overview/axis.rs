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

/// Lines with every row.
const ALL: u16 = 6;
/// Cells before the axis.
const LABEL: u16 = 12;

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
    if area.height >= ALL
        && let Some(row) = next("findings", buf)
    {
        let none = timeline.findings_known.then_some("none");
        moments(&timeline.findings, none, timeline, row, buf, ctx);
    }
    if let Some(row) = next("changes", buf) {
        let none = timeline.changes_known.then_some("none by people or pipelines");
        moments(&timeline.changes, none, timeline, row, buf, ctx);
        open_end(timeline, row, buf, ctx);
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

/// A shift in its cells.
struct Placed<'a> {
    from: usize,
    to: usize,
    span: &'a Span,
}

impl<'a> Placed<'a> {
    fn of(span: &'a Span, timeline: &Timeline, cells: usize) -> Self {
        let end = span.end.unwrap_or(timeline.range.end);
        let from = timeline.range.column(span.start, cells);
        Self { from, to: timeline.range.column(end, cells).max(from), span }
    }
}

fn spans(timeline: &Timeline, row: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let glyphs = ctx.theme.glyphs();
    let cells = usize::from(row.width);
    if timeline.spans.is_empty() {
        nothing(timeline.spans_known, "none", row, buf, ctx);
        return;
    }
    let placed: Vec<Placed> = timeline.spans.iter().map(|span| Placed::of(span, timeline, cells)).collect();
    // Where several lie over each other, the worst is seen; and where each begins and ends is never covered.
    let mut by_tone: Vec<&Placed> = placed.iter().collect();
    by_tone.sort_by_key(|it| it.span.tone);
    for Placed { from, to, span } in &by_tone {
        put(buf, row, *from, &glyphs.rule.repeat(to - from), ctx.theme.style(span.tone.role()));
    }
    let (open, close) = if ctx.theme.ascii { ("|", "|") } else { ("├", "┤") };
    for Placed { from, to, span } in &by_tone {
        let style = ctx.theme.style(span.tone.role());
        put(buf, row, *from, if span.start < timeline.range.start { glyphs.rule } else { open }, style);
        put(buf, row, *to, if span.end.is_none() { glyphs.stage[0] } else { close }, style);
    }
    let mut groups: Vec<(usize, Vec<&Placed>)> = Vec::new();
    for it in &placed {
        match groups.last_mut() {
            Some((to, group)) if it.from <= *to => {
                *to = it.to.max(*to);
                group.push(it);
            }
            _ => groups.push((it.to, vec![it])),
        }
    }
    for (index, (to, group)) in groups.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| groups.get(index)).map_or(0, |(to, _)| to + 2);
        let after =
            groups.get(index + 1).and_then(|(_, next)| next.first()).map_or(cells, |next| next.from - 1);
        names(group, (before, *to, after), row, buf, ctx);
    }
}

/// Cells of a name within its bar, with the space around it.
const MIN_NAME: usize = 6;
/// Cells of a count after a name.
const COUNT: usize = 3;

/// Names those that lie over each other: each within its bar, as far as that is free, the last with how many have no
/// room. Where none has, one of them and how many more stand beside the bars, between where what is left of them ends
/// and what is right of them begins; and where that has no room either, how many there are.
fn names(
    group: &[&Placed],
    (before, to, after): (usize, usize, usize),
    row: Rect,
    buf: &mut Buffer,
    ctx: &Ctx,
) {
    let least = MIN_NAME + if group.len() > 1 { COUNT } else { 0 };
    let free = |(index, it): (usize, &&Placed)| {
        let until = group.get(index + 1).map_or(it.to, |next| next.from.min(it.to));
        until.saturating_sub(it.from + 1)
    };
    let room: Vec<usize> = group.iter().enumerate().map(free).collect();
    let unnamed = room.iter().filter(|room| **room < least).count();
    let count = |more: usize| if more > 0 { format!(" +{more}") } else { String::new() };
    let mut within = |it: &Placed, room: usize, text: &str| {
        let at = it.from + 1 + room.saturating_sub(width(text)) / 3;
        put(buf, row, at, text, ctx.theme.style(it.span.tone.role()));
    };
    if let Some(last) = room.iter().rposition(|room| *room >= least) {
        for (index, (it, room)) in
            group.iter().zip(&room).enumerate().filter(|(_, (_, room))| **room >= least)
        {
            let count = count(if index == last { unnamed } else { 0 });
            let room_of_label = (room - 4).saturating_sub(width(&count));
            let label = cut_end(&it.span.label, room_of_label, ctx.theme.glyphs().ellipsis);
            within(it, *room, &format!(" {label}{count} "));
        }
        return;
    }
    let Some(worst) = group.iter().max_by_key(|it| (it.span.tone, it.from)) else { return };
    let name = format!("{}{}", worst.span.label, count(group.len() - 1));
    let (long, left) = (width(&name), group.first().map_or(0, |first| first.from));
    let style = ctx.theme.style(worst.span.tone.role());
    if to + 2 + long <= after {
        put(buf, row, to + 2, &name, style);
    } else if before + long < left {
        put(buf, row, left - long - 1, &name, style);
    } else if let Some((it, room)) = group.iter().zip(&room).max_by_key(|(_, room)| **room)
        && (group.len() > 1 && *room >= COUNT)
    {
        within(it, *room, &format!(" {} ", group.len()));
    }
}

/// Says from where on the trail may not be complete, where the marks leave room for it.
fn open_end(timeline: &Timeline, row: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let Some(open) = timeline.changes_open.filter(|open| *open < timeline.range.end) else { return };
    let cells = usize::from(row.width);
    let from = timeline.range.column(open.max(timeline.range.start), cells);
    let taken = |column: usize| {
        let at = (row.x.saturating_add(column as u16), row.y);
        buf.cell(at).is_some_and(|cell| cell.symbol() != " ")
    };
    let free = (0..cells).rev().find(|column| taken(*column)).map_or(0, |last| last + 2);
    let from = from.max(free);
    let shade = ctx.theme.glyphs().bar[1];
    let labels = [" CloudTrail may lag", " may lag", ""].map(|label| format!("{shade}{label}"));
    if let Some(label) = labels.iter().find(|label| from + width(label) <= cells) {
        put(buf, row, from, label, ctx.theme.style(Role::Dim));
    }
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
    let mut marks = placed.chunk_by(|(a, _), (b, _)| a == b).peekable();
    while let Some(mark) = marks.next() {
        let Some((column, first)) = mark.first() else { continue };
        let tone = mark.iter().map(|(_, moment)| moment.tone).max().unwrap_or(first.tone);
        let glyph = match tone {
            Tone::Bad => glyphs.bad,
            Tone::Ok => glyphs.ok,
            Tone::Warn => glyphs.warn,
            Tone::Info => glyphs.stage[0],
        };
        let style = ctx.theme.style(tone.role());
        put(buf, row, *column, glyph, style);
        // One cell stays free before the next sign.
        let next = marks.peek().and_then(|next| next.first());
        let room = next.map_or(cells - 1, |(next, _)| next - 1).saturating_sub(*column);
        put(buf, row, column + 1, &name(first, mark.len() - 1, room), style);
    }
}

/// What stands after a sign: the name or its last part, and how many more there are in this column; at least
/// how many. Never so much that it would stand at another sign's time.
fn name(first: &Moment, more: usize, room: usize) -> String {
    let label = first.label.as_str();
    // Of a change what was done, without who did it.
    let tail = match label.split_once(" (") {
        Some((what, _)) => what,
        None => label.rsplit(['-', '_', '/', '.', ':']).next().unwrap_or(label),
    };
    let count = if more > 0 { format!(" +{more}") } else { String::new() };
    let all = if more > 0 { format!("{}", more + 1) } else { String::new() };
    let texts = [format!("{label}{count}"), format!("{tail}{count}"), all];
    texts.into_iter().find(|text| width(text) <= room).unwrap_or_default()
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
