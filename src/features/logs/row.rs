//! One log line as pieces of text with roles: what the list shows.
//!
//! Pure formatting: no buffer, no colours. Only visible rows come here, so JSON is summarised at this
//! point rather than stored twice.

use super::model::{Format, Level, LogEvent, short_name};
use super::parse::{json, level};
use super::pattern::Pattern;
use crate::text::{Zone, width};
use crate::theme::Role;
use jiff::Timestamp;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Bytes of a message that the list shows at most; the detail view has all of it.
const SHOWN_BYTES: usize = 4_096;
/// Screen lines that one event takes at most when lines wrap.
const MAX_LINES: usize = 20;

/// A piece of a screen line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Sanitized text without newlines.
    pub text: String,
    /// What it means.
    pub role: Role,
}

impl Segment {
    /// A piece of text.
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role }
    }
}

/// One screen line.
pub type Line = Vec<Segment>;

/// How rows are laid out.
#[derive(Debug, Clone)]
pub struct Layout<'a> {
    /// Cells per line.
    pub width: usize,
    /// Zone of the time column.
    pub zone: &'a Zone,
    /// The window is longer than a day: show the date too.
    pub date: bool,
    /// Break long lines instead of cutting them, and show the lines of a multi-line event.
    pub wrap: bool,
    /// Cells for the group's short name; 0 when there is only one group.
    pub group: usize,
    /// No glyphs outside ASCII.
    pub ascii: bool,
    /// What to mark.
    pub pattern: Option<&'a Pattern>,
}

impl Layout<'_> {
    fn ellipsis(&self) -> &'static str {
        if self.ascii { "~" } else { "…" }
    }
}

/// Cells that the short names of these groups need, at most `limit`; 0 for a single group.
pub fn group_width<'a>(groups: impl ExactSizeIterator<Item = &'a str>, limit: usize) -> usize {
    if groups.len() < 2 {
        0
    } else {
        groups.map(|name| width(short_name(name))).max().unwrap_or(0).min(limit)
    }
}

/// The screen lines of an event: one, or more when lines wrap.
pub fn lines(event: &LogEvent, group: &str, layout: &Layout<'_>) -> Vec<Line> {
    let mut head = vec![Segment::new(time(event.timestamp, layout.zone, layout.date), Role::Dim)];
    let level = event.facts.level;
    head.push(Segment::new(format!(" {:<5} ", level.map_or("", Level::word)), level_role(level)));
    if layout.group > 0 {
        let name = fit(&[Segment::new(short_name(group), Role::Dim)], layout.group, layout.ellipsis());
        let pad = layout.group.saturating_sub(cells(&name)) + 1;
        head.extend(name);
        head.push(Segment::new(" ".repeat(pad), Role::Dim));
    }
    if event.late {
        head.push(Segment::new("late ", Role::Warn));
    }
    let indent = cells(&head);
    let room = layout.width.saturating_sub(indent);
    let mut lines = body(event, layout, room).into_iter();
    head.extend(lines.next().unwrap_or_default());
    let first = if indent > layout.width { fit(&head, layout.width, layout.ellipsis()) } else { head };
    let indented = lines.map(|line| {
        let mut indented = vec![Segment::new(" ".repeat(indent.min(layout.width)), Role::Dim)];
        indented.extend(line);
        indented
    });
    std::iter::once(first).chain(indented).collect()
}

/// `04:19:02.113Z`, with the day in front when asked for.
pub fn time(time: Timestamp, zone: &Zone, date: bool) -> String {
    if date { format!("{} {}", zone.day(time), zone.milli(time)) } else { zone.milli(time) }
}

/// How a level looks; its word always goes with it.
pub fn level_role(level: Option<Level>) -> Role {
    match level {
        Some(Level::Error | Level::Fatal) => Role::Bad,
        Some(Level::Warn) => Role::Warn,
        Some(Level::Info) => Role::Text,
        Some(Level::Debug | Level::Trace) | None => Role::Dim,
    }
}

/// The message itself, in lines of at most `room` cells.
fn body(event: &LogEvent, layout: &Layout<'_>, room: usize) -> Vec<Line> {
    let role =
        if event.facts.level.is_some_and(|level| level < Level::Info) { Role::Dim } else { Role::Text };
    let shown = cut(&event.message, SHOWN_BYTES);
    let summary = (event.facts.format == Format::Json).then(|| json::summary(&event.message)).flatten();
    let (mut texts, more) = if let Some(summary) = summary {
        (vec![summarised(&summary, role)], summary.more_lines)
    } else {
        let take = if layout.wrap { MAX_LINES } else { 1 };
        let mut texts: Vec<Line> =
            shown.lines().take(take).map(|line| vec![Segment::new(line, role)]).collect();
        if let Some(first) = texts.first_mut().and_then(|line| line.first_mut()) {
            first.text = level::without_prefix(&first.text, event.facts.level).to_owned();
        }
        let more = (event.facts.lines as usize).saturating_sub(texts.len().max(1));
        (texts, more)
    };
    if let Some(pattern) = layout.pattern {
        texts = texts.iter().map(|text| highlighted(text, pattern)).collect();
    }
    let fold = if layout.ascii { "+ " } else { "▾ " };
    if event.facts.lines > 1
        && let Some(first) = texts.first_mut()
    {
        first.insert(0, Segment::new(fold, Role::Dim));
    }
    let mut tail = Line::new();
    if more > 0 {
        tail.push(Segment::new(format!(" {} {more} more", layout.ellipsis()), Role::Dim));
    }
    // The text matters more: the trace is named only where it leaves three quarters of the room.
    let trace = event.facts.trace.map(|trace| format!("   trace {}{}", layout.ellipsis(), trace.tail()));
    tail.extend(trace.filter(|trace| width(trace) * 4 <= room).map(|trace| Segment::new(trace, Role::Dim)));
    if layout.wrap {
        if let Some(last) = texts.last_mut() {
            last.extend(tail);
        }
        let wrapped = texts.iter().flat_map(|text| wrap(text, room, MAX_LINES));
        return wrapped.take(MAX_LINES).collect();
    }
    let text = texts.into_iter().next().unwrap_or_default();
    // The tail stays whole while the text keeps at least half the room.
    let kept = if cells(&tail) * 2 <= room { tail } else { Line::new() };
    let mut line = fit(&text, room.saturating_sub(cells(&kept)), layout.ellipsis());
    line.extend(kept);
    vec![line]
}

fn summarised(summary: &json::Summary, role: Role) -> Line {
    let mut line = vec![Segment::new(cut(&summary.message, SHOWN_BYTES), role)];
    for (key, value) in &summary.fields {
        let gap = if line.iter().all(|segment| segment.text.is_empty()) { "" } else { "  " };
        line.push(Segment::new(format!("{gap}{key}="), Role::Dim));
        line.push(Segment::new(value.as_str(), role));
    }
    line
}

/// Marks every hit; a hit may span pieces.
pub fn highlighted(line: &[Segment], pattern: &Pattern) -> Line {
    let whole: String = line.iter().map(|segment| segment.text.as_str()).collect();
    let hits = pattern.ranges(&whole);
    if hits.is_empty() {
        return line.to_vec();
    }
    let mut out = Line::new();
    let mut start = 0;
    for segment in line {
        let end = start + segment.text.len();
        let mut at = start;
        let inside = |range: &Range<usize>| range.start.max(start)..range.end.min(end);
        for hit in hits.iter().map(inside).filter(|hit| hit.start < hit.end) {
            push(&mut out, &whole, at..hit.start, segment.role);
            push(&mut out, &whole, hit.clone(), Role::Match);
            at = hit.end;
        }
        push(&mut out, &whole, at..end, segment.role);
        start = end;
    }
    out
}

fn push(out: &mut Line, whole: &str, range: Range<usize>, role: Role) {
    if let Some(text) = whole.get(range).filter(|text| !text.is_empty()) {
        out.push(Segment::new(text, role));
    }
}

/// Cells that a line takes.
pub fn cells(line: &[Segment]) -> usize {
    line.iter().map(|segment| width(&segment.text)).sum()
}

/// At most `bytes` bytes, cut between characters.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// The part of `text` that fits into `room` cells, and the cells it takes.
fn prefix(text: &str, room: usize) -> (&str, usize) {
    if text.is_ascii() {
        let end = text.len().min(room);
        return (text.get(..end).unwrap_or(text), end);
    }
    let (mut end, mut used) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let cells = width(grapheme);
        if used + cells > room {
            break;
        }
        used += cells;
        end = at + grapheme.len();
    }
    (text.get(..end).unwrap_or_default(), used)
}

/// Cuts a line to `room` cells, ending in an ellipsis when something was cut.
pub fn fit(line: &[Segment], room: usize, ellipsis: &str) -> Line {
    if cells(line) <= room {
        return line.to_vec();
    }
    let Some(mut left) = room.checked_sub(width(ellipsis)) else { return Line::new() };
    let mut out = Line::new();
    for segment in line {
        let (text, used) = prefix(&segment.text, left);
        left -= used;
        let whole = text.len() == segment.text.len();
        if !text.is_empty() {
            out.push(Segment::new(text, segment.role));
        }
        if !whole {
            break;
        }
    }
    out.push(Segment::new(ellipsis, Role::Dim));
    out
}

/// Breaks a line into lines of at most `room` cells, about `max` of them. Breaks anywhere: ids and paths have no spaces.
pub fn wrap(line: &[Segment], room: usize, max: usize) -> Vec<Line> {
    let mut lines = vec![Line::new()];
    let mut left = room;
    for segment in line {
        let mut rest = segment.text.as_str();
        while !rest.is_empty() && lines.len() <= max {
            let (text, used) = prefix(rest, left);
            if text.is_empty() {
                if left == room {
                    return lines; // not even one character fits
                }
                lines.push(Line::new());
                left = room;
                continue;
            }
            left -= used;
            rest = rest.get(text.len()..).unwrap_or_default();
            if let Some(last) = lines.last_mut() {
                last.push(Segment::new(text, segment.role));
            }
        }
    }
    lines
}
