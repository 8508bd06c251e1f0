//! Drawing a waterfall: ruler, tree and bars, and below them what is known of the span under the cursor.
//!
//! Only visible rows are looked at. Every state has a glyph or a word besides its colour; the part of a bar
//! that the end of the request waited for is a darker shade, and the words for what is odd about a bar stand
//! beside it, or within.

use super::axis::{Axis, length};
use super::rows::Rows;
use super::state::WaterfallState;
use super::under::{details, full};
use crate::features::logs::row::Line;
use crate::features::traces::detail;
use crate::features::traces::model::{Fit, Kind, Span, Status, Trace};
use crate::text::{cut_end, units, width};
use crate::theme::{Role, Theme};
use crate::widgets::dialog::split_top;
use crate::widgets::paint::{cells, dot, put, put_right};
use crate::widgets::table::scroll;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Cells of the length of time at the right of each row, and of the mark before it.
const LENGTHS: u16 = 10;
const MARK: u16 = 2;
/// Lines of details drawn at most, however long a text is.
const MAX_DETAIL: usize = 5_000;

/// The pieces that bars, ruler and tree are made of.
struct Pieces {
    bar: &'static str,
    critical: &'static str,
    short: &'static str,
    running: &'static str,
    skewed: &'static str,
    before: &'static str,
    after: &'static str,
    grid: &'static str,
    branch: &'static str,
    folded: &'static str,
    beyond: [&'static str; 2],
}

const UNICODE: Pieces = Pieces {
    bar: "░",
    critical: "▓",
    short: "▏",
    running: "~",
    skewed: "≠",
    before: "«",
    after: "»",
    grid: "┊",
    branch: "└ ",
    folded: "▸ ",
    beyond: ["‹", "›"],
};

const ASCII: Pieces = Pieces {
    bar: "-",
    critical: "#",
    short: "|",
    running: "~",
    skewed: "x",
    before: "<",
    after: ">",
    grid: ":",
    branch: "` ",
    folded: "+ ",
    beyond: ["<", ">"],
};

fn pieces(theme: &Theme) -> &'static Pieces {
    if theme.ascii { &ASCII } else { &UNICODE }
}

/// Draws a trace with its cursor, and below it the details of the span under it.
pub fn render(
    trace: &Trace,
    state: &WaterfallState,
    focused: bool,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) {
    let area = area.intersection(buf.area);
    let rows = state.rows(trace);
    let row = state.row(trace, &rows);
    let Some(index) = rows.spans.get(row).copied() else {
        let text =
            if trace.spans.is_empty() { "no span could be read" } else { "nothing failed · . shows all" };
        put(buf, area, area.x + 1, area.y, text, theme.style(Role::Dim));
        return;
    };
    let room = usize::from(area.width.saturating_sub(2));
    let wanted = detail::lines(trace, index, theme.glyphs(), room);
    let lines: Vec<Line> =
        wanted.iter().flat_map(|line| detail::wrapped(line, room)).take(MAX_DETAIL).collect();
    let title = detail::title(trace, index, theme.glyphs());
    if let Some(top) = state.full {
        let last = full(&title, &lines, top, area, buf, theme);
        state.last.set(last);
        return;
    }
    // Where details begin depends on the trace alone: they stay put while the cursor moves. Ruler, rows and a
    // blank line when that leaves a third of the area, else two thirds.
    let whole = u16::try_from(rows.lines() + 2).unwrap_or(u16::MAX);
    let least = if area.height < 6 { 0 } else { area.height / 3 };
    let [chart, below] = split_top(area, whole.min(area.height - least));
    draw(trace, state, &rows, Some((row, focused)), chart, buf, theme);
    details(&title, &lines, below, buf, theme);
}

/// Draws all of a trace without a cursor: for what is printed.
pub fn print(trace: &Trace, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let state = WaterfallState::default();
    let rows = state.rows(trace);
    draw(trace, &state, &rows, None, area, buf, theme);
}

/// How many lines [`print()`] needs.
pub fn height(trace: &Trace) -> usize {
    1 + WaterfallState::default().rows(trace).lines()
}

fn draw(
    trace: &Trace,
    state: &WaterfallState,
    rows: &Rows,
    cursor: Option<(usize, bool)>,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) {
    let tree = (area.width * 2 / 5).clamp(20, 56).min(area.width);
    let bars = area.width.saturating_sub(1 + tree + 1 + MARK + LENGTHS);
    let (from, to) = state.shown(trace);
    let axis = Axis { origin: trace.start, from, to, cells: bars };
    let drawing = Drawing {
        trace,
        state,
        theme,
        axis,
        tree,
        grid: axis.ticks().iter().map(|tick| tick.cell).collect(),
    };
    let [head, body] = split_top(area, 1);
    drawing.ruler(head, buf);
    let line = cursor.map(|(row, _)| rows.line_of(row));
    let first = scroll(state.top.get(), line, rows.lines(), usize::from(body.height));
    if cursor.is_some() {
        state.top.set(first);
    }
    for (y, line_index) in body.rows().zip(first..rows.lines()) {
        let Some(index) = rows.at(line_index) else {
            drawing.lane(rows, y, buf);
            continue;
        };
        drawing.row(index, y, buf);
        if let Some((_, focused)) = cursor.filter(|_| line == Some(line_index)) {
            // Not over the bar: where selection is reversed, its shades would be too.
            let bar = drawing.bars(y);
            let style = theme.style(Role::Selected);
            buf.set_style(Rect { width: bar.x.saturating_sub(y.x), ..y }, style);
            buf.set_style(Rect { x: bar.right(), width: y.right().saturating_sub(bar.right()), ..y }, style);
            let role = if focused { Role::Accent } else { Role::Dim };
            dot(buf, y, y.x, y.y, theme.glyphs().focus, theme.style(role));
        }
    }
}

/// Where lengths of time end: a cell before the edge.
fn lengths(row: Rect) -> Rect {
    Rect { width: row.width.saturating_sub(1), ..row }
}

struct Drawing<'a> {
    trace: &'a Trace,
    state: &'a WaterfallState,
    theme: &'a Theme,
    axis: Axis,
    /// Cells of the tree.
    tree: u16,
    /// Cells of the axis that a tick stands over.
    grid: Vec<u16>,
}

impl Drawing<'_> {
    /// The part of a row where bars stand.
    fn bars(&self, row: Rect) -> Rect {
        let x = row.x + 1 + self.tree + 1;
        Rect { x, width: self.axis.cells, ..row }.intersection(row)
    }

    fn ruler(&self, row: Rect, buf: &mut Buffer) {
        let dim = self.theme.style(Role::Dim);
        let mut text = match self.trace.spans.len() {
            1 => "1 span".to_owned(),
            n => format!("{} spans", units::grouped(n as u64)),
        };
        for status in [Status::Fault, Status::Throttle, Status::Error] {
            let count = self.trace.count(status);
            if count > 0 {
                text = format!("{text} · {count} {}{}", status.word(), if count == 1 { "" } else { "s" });
            }
        }
        text = format!("{text} · {} critical", pieces(self.theme).critical);
        if self.state.only_bad {
            text = format!("only what failed · {text}");
        }
        if self.state.zoomed() {
            text = format!("zoomed, 0 shows all · {text}");
        }
        let place = Rect { x: row.x + 1, width: self.tree, ..row };
        let text = cut_end(&text, usize::from(self.tree), self.theme.glyphs().ellipsis);
        put(buf, place, place.x, place.y, &text, dim);
        let bars = self.bars(row);
        let mut free = 0;
        for tick in self.axis.ticks() {
            // Labels start at their tick; the last may stand to its left.
            let wide = cells(&tick.label);
            let x = tick.cell.min(bars.width.saturating_sub(wide));
            if x >= free && wide <= bars.width {
                put(buf, bars, bars.x + x, bars.y, &tick.label, dim);
                free = x + wide + 1;
            }
        }
        put_right(buf, lengths(row), row.y, &length(self.trace.length()), dim);
    }

    /// The heading of the detached lane.
    fn lane(&self, rows: &Rows, row: Rect, buf: &mut Buffer) {
        let roots = rows.spans.iter().skip(rows.lane.unwrap_or_default());
        let roots =
            roots.filter_map(|index| self.trace.spans.get(*index)).filter(|span| span.parent.is_none());
        let text = format!("DETACHED  {} whose caller is not in the trace", roots.count());
        put(buf, row, row.x + 1, row.y, &text, self.theme.style(Role::Dim));
    }

    fn row(&self, index: usize, row: Rect, buf: &mut Buffer) {
        let Some(span) = self.trace.spans.get(index) else { return };
        self.name(span, Rect { x: row.x + 1, width: self.tree, ..row }.intersection(row), buf);
        let bars = self.bars(row);
        self.bar(index, span, bars, buf);
        let pieces = pieces(self.theme);
        let mark = match span.fit {
            Fit::Skewed | Fit::Backwards => pieces.skewed,
            Fit::Before => pieces.before,
            Fit::After => pieces.after,
            Fit::Inside | Fit::Unknown => "",
        };
        put(buf, row, bars.right(), row.y, mark, self.theme.style(Role::Warn));
        let (text, role) = match span.duration() {
            Some(took) => (length(took), Role::Text),
            None if span.in_progress() => ("running".to_owned(), Role::Warn),
            None => (self.theme.glyphs().missing.to_owned(), Role::Dim),
        };
        put_right(buf, lengths(row), row.y, &text, self.theme.style(role));
    }

    /// Glyph, branch, name, and what it did as far as there is room.
    fn name(&self, span: &Span, place: Rect, buf: &mut Buffer) {
        let theme = self.theme;
        let pieces = pieces(theme);
        let (glyph, role) = detail::glyph(span, theme.glyphs());
        let mut x = place.x;
        put(buf, place, x, place.y, glyph, theme.style(role));
        x += 2;
        let folded = span.descendants > 0 && self.state.is_folded(&span.id);
        if span.depth > 0 || folded {
            // Beyond a third of the tree the depth is a number.
            let most = place.width / 3;
            let indent = (span.depth.saturating_sub(1) * 2).min(most);
            if span.depth.saturating_sub(1) * 2 > most {
                put_right(
                    buf,
                    Rect { x, width: indent, ..place },
                    place.y,
                    &span.depth.to_string(),
                    theme.style(Role::Dim),
                );
            }
            x += indent;
            let branch = if folded { pieces.folded } else { pieces.branch };
            x += put(buf, place, x, place.y, branch, theme.style(Role::Dim));
        }
        let room = |x: u16| usize::from(place.right().saturating_sub(x));
        let more = if folded { format!(" +{}", span.descendants) } else { String::new() };
        let name = if span.name.is_empty() { theme.glyphs().missing } else { &span.name };
        let name = cut_end(name, room(x).saturating_sub(width(&more)), theme.glyphs().ellipsis);
        let name_role = match (span.kind, span.status.failed()) {
            (Kind::Inferred, _) => Role::Dim,
            (_, true) => role,
            _ => Role::Text,
        };
        x += put(buf, place, x, place.y, &name, theme.style(name_role));
        x += put(buf, place, x, place.y, &more, theme.style(Role::Dim));
        let what = if span.kind == Kind::Inferred { "inferred".to_owned() } else { span.what() };
        if room(x) > 6 {
            x += 2;
            let what = cut_end(&what, room(x), theme.glyphs().ellipsis);
            put(buf, place, x, place.y, &what, theme.style(Role::Dim));
        }
    }

    fn bar(&self, index: usize, span: &Span, place: Rect, buf: &mut Buffer) {
        let theme = self.theme;
        let pieces = pieces(theme);
        for cell in &self.grid {
            dot(buf, place, place.x + cell, place.y, pieces.grid, theme.style(Role::Rule));
        }
        if span.fit == Fit::Unknown || place.is_empty() {
            return;
        }
        let (_, role) = detail::glyph(span, theme.glyphs());
        let style = theme.style(role);
        let Some((first, last)) = self.axis.cells(span.shown) else {
            let before = span.shown.1 < self.axis.from;
            let [earlier, later] = pieces.beyond;
            let (x, piece) = if before { (place.x, earlier) } else { (place.right() - 1, later) };
            dot(buf, place, x, place.y, piece, theme.style(Role::Dim));
            return;
        };
        let bar = if self.axis.place(span.shown.1) - self.axis.place(span.shown.0) < 0.5 {
            pieces.short
        } else {
            pieces.bar
        };
        for cell in first..last {
            dot(buf, place, place.x + cell, place.y, bar, style);
        }
        for cell in self.axis.covered(&span.critical, (first, last)) {
            dot(buf, place, place.x + cell, place.y, pieces.critical, style);
        }
        if span.in_progress() {
            dot(buf, place, place.x + last - 1, place.y, pieces.running, theme.style(Role::Warn));
        }
        self.label(index, span, (first, last), place, buf);
    }

    /// What is odd about a bar, in words, right of it, else left of it, else within.
    fn label(&self, index: usize, span: &Span, (first, last): (u16, u16), place: Rect, buf: &mut Buffer) {
        let words = [
            (
                self.trace.first_fault == Some(index),
                span.status.first(),
                detail::glyph(span, self.theme.glyphs()).1,
            ),
            (span.fit == Fit::Skewed, "clock skew", Role::Warn),
            (span.fit == Fit::Backwards, "ends before it starts", Role::Warn),
            (span.fit == Fit::Before, "before its caller", Role::Dim),
            (span.fit == Fit::After, "not waited for", Role::Dim),
        ];
        let (mut right, mut left, mut inside) = (last + 1, first, first + 2);
        for (_, word, role) in words.into_iter().filter(|(is, ..)| *is) {
            let wide = cells(word);
            let x = if right + wide <= place.width {
                right += wide + 1;
                right - wide - 1
            } else if left > wide {
                left -= wide + 1;
                left
            } else if inside + wide + 4 <= last {
                // Spaces around it, so that the bar seems to stand behind it.
                put(
                    buf,
                    place,
                    place.x + inside,
                    place.y,
                    &" ".repeat(usize::from(wide) + 2),
                    self.theme.style(role),
                );
                inside += wide + 3;
                inside - wide - 2
            } else {
                continue;
            };
            put(buf, place, place.x + x, place.y, word, self.theme.style(role));
        }
    }
}
