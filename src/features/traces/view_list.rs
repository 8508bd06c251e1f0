//! Drawing the list of traces: its filter, how long requests took, and a row for each.

use super::detail;
use super::filter::Filter;
use super::list::{Histogram, Summary, TraceList};
use super::model::Status;
use super::pane::TracesPane;
use crate::app::Action;
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::{Topic, panel};
use crate::text::{cut_end, units};
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::paint::put;
use crate::widgets::sparkline::spark;
use crate::widgets::table::{Cell, Column, Row, Table};
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// From this height on there is room for the histogram.
const TALL: u16 = 16;
/// Cells before and after the bars of the histogram.
const LABEL: u16 = 9;

pub(super) fn render(pane: &TracesPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let lists = pane.lists(ctx);
    let rows = pane.rows(ctx);
    let [head, rest] = dialog::split_top(area, 1);
    panel::title(head, "TRACES", &about(pane, &lists, &rows, ctx), Topic::Traces, buf, ctx);
    let [line, rest] = dialog::split_top(rest, 1);
    dialog::lines(line, &[expression(&pane.filter, line.width, ctx)], buf);
    let rest = panel::problems(rest, Topic::Traces, buf, ctx);
    let rest = limits(&lists, rest, buf, ctx);
    if rows.is_empty() {
        let lines = nothing(pane, &lists, ctx);
        let style = ctx.theme.style(Role::Dim);
        let lines: Vec<Line> =
            lines.into_iter().map(|text| Line::styled(format!(" {text}"), style)).collect();
        dialog::lines(rest, &lines, buf);
        return;
    }
    let rest = if area.height >= TALL { histogram(&rows, rest, buf, ctx) } else { rest };
    table(pane, &rows, rest, buf, ctx);
}

fn about(
    pane: &TracesPane,
    lists: &[(&TargetId, &TraceList)],
    rows: &[(&TargetId, &Summary)],
    ctx: &Ctx,
) -> String {
    if lists.is_empty() {
        return pane.filter.words();
    }
    let count = |status| rows.iter().filter(|(_, trace)| trace.outcome == status).count();
    let counted = |count: usize, one: &str, many: &str| {
        format!("{} {}", units::grouped(count as u64), if count == 1 { one } else { many })
    };
    let mut parts = vec![counted(rows.len(), "trace", "traces")];
    for (status, one, many) in [
        (Status::Fault, "fault", "faults"),
        (Status::Error, "error", "errors"),
        (Status::Throttle, "throttled", "throttled"),
    ] {
        let count = count(status);
        if count > 0 {
            parts.push(counted(count, one, many));
        }
    }
    parts.push(pane.order.words().to_owned());
    parts.extend(span(lists, ctx));
    parts.push("a sample of all requests".into());
    parts.join(" · ")
}

/// The time that all lists cover together.
fn span(lists: &[(&TargetId, &TraceList)], ctx: &Ctx) -> Option<String> {
    let from = lists.iter().map(|(_, list)| list.from).max()?;
    let to = lists.iter().map(|(_, list)| list.to).min()?;
    let time = |at: Timestamp| ctx.zone.near(at, ctx.now.wall);
    (from < to).then(|| format!("{} to {}", time(from), time(to)))
}

fn expression<'a>(filter: &Filter, width: u16, ctx: &Ctx) -> Line<'a> {
    let theme = ctx.theme;
    let whole = filter.whole();
    let key = |action| ctx.keymap.key(action);
    let slash = Span::styled(format!(" {} ", key(Action::Find)), theme.style(Role::Key));
    if whole.is_empty() {
        let text = format!(
            "all traces · {} only trouble · {} kinds and services",
            key(Action::ShowAll),
            key(Action::Actions)
        );
        return Line::from(vec![slash, Span::styled(text, theme.style(Role::Dim))]);
    }
    let text = cut_end(&whole, usize::from(width.saturating_sub(5)), theme.glyphs().ellipsis).into_owned();
    Line::from(vec![slash, Span::styled(text, theme.style(Role::Text))])
}

/// What keeps the list from being whole, in words.
fn limits(lists: &[(&TargetId, &TraceList)], area: Rect, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    let time = |at: Timestamp| ctx.zone.near(at, ctx.now.wall);
    let many = ctx.many_targets();
    let mut lines = Vec::new();
    for (id, list) in lists {
        let whose = if many { format!("{id}: ") } else { String::new() };
        let mut say = |text: String, role| {
            let glyph = if role == Role::Warn { ctx.theme.glyphs().warn } else { ctx.theme.glyphs().waiting };
            lines.push(Line::styled(format!(" {glyph} {whose}{text}"), ctx.theme.style(role)));
        };
        if list.pending {
            say(format!("read back to {} so far", time(list.from)), Role::Dim);
        } else if list.cut {
            let key = |action| ctx.keymap.key(action);
            let text = format!(
                "read back to {} only, there are more · {} narrows · {} earlier",
                time(list.from),
                key(Action::Actions),
                key(Action::Earlier)
            );
            say(text, Role::Warn);
        }
        if list.dropped > 0 {
            say(format!("{} older traces dropped for room", units::grouped(list.dropped)), Role::Warn);
        }
    }
    lines.truncate(usize::from(area.height.saturating_sub(2)).min(3));
    let [top, rest] = dialog::split_top(area, lines.len() as u16);
    dialog::lines(top, &lines, buf);
    rest
}

/// Why there is no row, and what next.
fn nothing(pane: &TracesPane, lists: &[(&TargetId, &TraceList)], ctx: &Ctx) -> Vec<String> {
    let key = |action| ctx.keymap.key(action);
    if lists.is_empty() {
        return vec![panel::no_answer(Topic::Traces, ctx)];
    }
    if lists.iter().any(|(_, list)| list.pending) {
        return vec![format!("{} nothing so far, reading further back", ctx.theme.glyphs().waiting)];
    }
    let when = span(lists, ctx).unwrap_or_else(|| "in a window this short".into());
    let scanned: u64 = lists.iter().map(|(_, list)| list.scanned).sum();
    if pane.filter.is_empty() {
        return vec![
            format!("no traces {when}"),
            "X-Ray keeps a sample: by default one request a second of a service and 5 % of the rest".into(),
            format!(
                "{} longer window · {} services that were traced",
                key(Action::ZoomOut),
                key(Action::NextPanel)
            ),
        ];
    }
    let looked = match scanned {
        0 => String::new(),
        n => format!(" · {} were looked at", units::grouped(n)),
    };
    vec![
        format!("no trace matches {when}{looked}"),
        format!("{} shows all · {} the filter before", key(Action::Back), key(Action::Older)),
    ]
}

fn histogram(rows: &[(&TargetId, &Summary)], area: Rect, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    let theme = ctx.theme;
    let steps = usize::from(area.width.saturating_sub(2 * LABEL).min(60));
    let histogram = Histogram::new(rows.iter().map(|(_, trace)| *trace), steps);
    let Some(histogram) = histogram.filter(|_| steps >= 20) else { return area };
    let percentile = |share| histogram.percentile(share).map(units::latency).unwrap_or_default();
    let head = format!("p50 {}  p90 {}  p99 {}", percentile(0.5), percentile(0.9), percentile(0.99));
    let x = put(buf, area, area.x + 1, area.y, "DURATION", theme.style(Role::Strong));
    put(buf, area, area.x + x + 3, area.y, &head, theme.style(Role::Dim));
    let mut y = area.y + 1;
    for (label, counts, role) in
        [("fine", &histogram.fine, Role::Ok), ("failed", &histogram.failed, Role::Bad)]
    {
        let total: u32 = counts.iter().sum();
        if total == 0 {
            continue;
        }
        let values: Vec<Option<f64>> =
            counts.iter().map(|count| (*count > 0).then(|| f64::from(*count))).collect();
        let bars = spark(&values, steps, theme.glyphs());
        put(buf, area, area.x + 1, y, label, theme.style(Role::Dim));
        let used = put(buf, area, area.x + LABEL, y, &bars, theme.style(role));
        let count = format!("{:>7}", units::grouped(u64::from(total)));
        put(buf, area, area.x + LABEL + used + 1, y, &count, theme.style(Role::Dim));
        y += 1;
    }
    let mut free = area.x + LABEL;
    for decade in histogram.decades() {
        let x = area.x + LABEL + histogram.step(decade) as u16;
        let text = units::latency(decade);
        if x >= free {
            free = x + put(buf, area, x, y, &text, theme.style(Role::Dim)) + 2;
        }
    }
    dialog::split_top(area, y + 2 - area.y)[1]
}

fn table(pane: &TracesPane, rows: &[(&TargetId, &Summary)], area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let zone = format!("time {}", ctx.zone.name(ctx.now.wall));
    let mut columns = vec![
        Column::new(&zone, 12).priority(1),
        Column::new("took", 8).right(),
        Column::new("state", 14),
        Column::new("request", 20).flex(3),
        Column::new("entry", 12).priority(4),
        Column::new("cause and annotations", 16).flex(4).priority(3),
    ];
    if ctx.many_targets() {
        columns.push(Column::new("target", 10).priority(5));
    }
    let selected = pane.cursor.index(&rows.iter().map(|(_, trace)| trace.id).collect::<Vec<_>>());
    Table::new(&columns, rows.len(), selected).render(area, buf, ctx.theme, &pane.list_top, |index| {
        rows.get(index).map_or_else(Row::default, |(id, trace)| row(id, trace, ctx))
    });
}

fn row<'a>(id: &'a TargetId, trace: &'a Summary, ctx: &Ctx) -> Row<'a> {
    let glyphs = ctx.theme.glyphs();
    let (glyph, word, role) = detail::status(trace.outcome, glyphs);
    let code = trace.code.map(|code| format!(" {code}")).unwrap_or_default();
    let estimate = if trace.partial { glyphs.estimate } else { "" };
    let took = units::or_missing(trace.took(), glyphs.missing, units::latency);
    let mut cells = vec![
        Cell::new(time(trace.start, ctx), Role::Dim),
        Cell::new(format!("{estimate}{took}"), Role::Text),
        Cell::new(format!("{glyph} {word}{code}"), role),
        Cell::new(trace.request(), Role::Text),
        Cell::new(trace.entry.as_str(), Role::Text),
        Cell::new(trace.notes(), Role::Dim),
    ];
    if ctx.many_targets() {
        cells.push(Cell::new(id.as_str(), Role::Dim));
    }
    Row { cells }
}

/// To the second, with the day when it is not today.
pub(super) fn time(at: Timestamp, ctx: &Ctx) -> String {
    let near = ctx.zone.near(at, ctx.now.wall);
    if near == ctx.zone.minute(at) { ctx.zone.second(at) } else { near }
}
