//! Drawing an opened trace: what it is, its waterfall, and its log lines at their times.

use super::model::{Micros, Trace, moment};
use super::opened::{LogsQuery, TraceLine, TraceLogs, TraceRead, began};
use super::pane::{Focus, Opened};
use super::view_list::{state, time};
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::{Topic, panel};
use crate::text::{cut_end, units};
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::table::{Cell, Column, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn render(open: &Opened, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let [head, rest] = dialog::split_top(area, 1);
    let Some((target, trace)) = open.trace(ctx) else {
        let about = began(open.id, ctx.now.wall).map(|at| time(at, ctx)).unwrap_or_default();
        panel::title(head, &open.id.xray(), &about, Topic::Trace, buf, ctx);
        let rest = panel::problems(rest, Topic::Trace, buf, ctx);
        let lines: Vec<Line> = unread(open.read(ctx).map(|(_, read)| read), open, ctx)
            .into_iter()
            .map(|text| Line::styled(format!(" {text}"), ctx.theme.style(Role::Dim)))
            .collect();
        dialog::lines(rest, &lines, buf);
        return;
    };
    title(open, target, trace, head, buf, ctx);
    let rest = panel::problems(rest, Topic::Trace, buf, ctx);
    let notes = notes(trace, ctx);
    let [top, rest] = dialog::split_top(rest, (notes.len() as u16).min(rest.height / 4));
    dialog::lines(top, &notes, buf);
    let wanted = open.lines(ctx).map_or(1, |logs| (logs.lines.len() + logs.notes.len()) as u16) + 1;
    let focused = if open.focus == Focus::Logs { rest.height / 2 } else { rest.height / 3 };
    let [body, logs] = dialog::split_bottom(rest, wanted.min(focused.max(3)));
    spans(open, trace, body, buf, ctx);
    lines(open, trace, logs, buf, ctx);
}

fn title(open: &Opened, target: &TargetId, trace: &Trace, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let glyphs = ctx.theme.glyphs();
    let id = crate::text::cut_middle(&open.id.xray(), 20, glyphs.ellipsis).into_owned();
    let status = trace.spans.iter().map(|span| span.status).max().unwrap_or_default();
    let status = trace.root().map_or(status, |root| root.status);
    let (glyph, word, role) = state(status, glyphs);
    let mut parts = Vec::new();
    if let Some(root) = trace.root() {
        parts.push(format!("{} {}", root.name, root.what()).trim().to_owned());
    }
    parts.push(length(trace.length()));
    let code = trace.root().and_then(|root| root.http.as_ref()?.status);
    parts.push(format!("{glyph} {word}{}", code.map(|code| format!(" {code}")).unwrap_or_default()));
    parts.extend(moment(trace.start).map(|at| format!("{} {}", time(at, ctx), ctx.zone.name(at))));
    panel::title_one(area, &id, &parts.join("   "), role, target, Topic::Trace, buf, ctx);
}

fn length(micros: Micros) -> String {
    units::latency(micros as f64 / 1e6)
}

/// Why there is no trace to draw, and what next.
fn unread(read: Option<&TraceRead>, open: &Opened, ctx: &Ctx) -> Vec<String> {
    let Some(read) = read else { return vec![panel::no_answer(Topic::Trace, ctx)] };
    let mut lines = vec![format!("X-Ray has no trace {}", open.id.xray())];
    match began(open.id, ctx.now.wall) {
        _ if read.unfinished => lines.push("it may still be on its way: asked again every 10 s".into()),
        Some(at) => lines.push(format!(
            "its request began {}: it was not sampled, or its service sent nothing",
            time(at, ctx)
        )),
        None => lines
            .push("X-Ray keeps traces for 30 days; an id made by OpenTelemetry may not be indexed".into()),
    }
    lines
}

/// What the trace lacks, in words.
fn notes<'a>(trace: &'a Trace, ctx: &Ctx) -> Vec<Line<'a>> {
    let mut texts = Vec::new();
    if trace.limit_exceeded {
        texts.push("X-Ray cut this trace at its size limit: spans are missing".to_owned());
    }
    if trace.dropped > 0 {
        texts.push(format!("{} spans are not shown", units::grouped(trace.dropped as u64)));
    }
    texts.extend(trace.problems.first().map(|problem| match trace.problems.len() {
        1 => format!("not all could be read: {problem}"),
        n => format!("not all could be read: {problem} (and {} more)", n - 1),
    }));
    let glyph = ctx.theme.glyphs().warn;
    let style = ctx.theme.style(Role::Warn);
    texts.into_iter().map(|text| Line::styled(format!(" {glyph} {text}"), style)).collect()
}

fn spans(open: &Opened, trace: &Trace, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let glyphs = ctx.theme.glyphs();
    let columns = [
        Column::new("state", 10),
        Column::new("span", 24).flex(2),
        Column::new("what", 20).flex(3).priority(1),
        Column::new("after", 8).right().priority(2),
        Column::new("took", 8).right(),
    ];
    let selected = Some(open.spans.key().copied().unwrap_or_default());
    let focused = open.focus == Focus::Spans;
    let table = Table { focused, ..Table::new(&columns, trace.spans.len(), selected) };
    table.render(area, buf, ctx.theme, &open.spans_top, |index| {
        trace.spans.get(index).map_or_else(Row::default, |span| {
            let (glyph, word, role) = state(span.status, glyphs);
            let took = span.duration().map_or_else(|| glyphs.missing.to_owned(), length);
            let name = format!("{}{}", "  ".repeat(usize::from(span.depth)), span.name);
            Row {
                cells: vec![
                    Cell::new(format!("{glyph} {word}"), role),
                    Cell::new(name, Role::Text),
                    Cell::new(span.what(), Role::Dim),
                    Cell::new(length(span.start.saturating_sub(trace.start)), Role::Dim),
                    Cell::new(took, Role::Text),
                ],
            }
        })
    });
}

fn lines(open: &Opened, trace: &Trace, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let [head, rest] = dialog::split_top(area, 1);
    let theme = ctx.theme;
    let focused = open.focus == Focus::Logs;
    let Some((target, query)) = &open.logs else {
        let text = "LOGS of this trace";
        let about = "no log group is known for its services · [[service]] log_groups in the config";
        let line = Line::from(vec![
            Span::styled(format!(" {text}  "), theme.style(Role::Strong)),
            Span::styled(about, theme.style(Role::Dim)),
        ]);
        dialog::lines(head, &[line], buf);
        return;
    };
    let logs = open.lines(ctx);
    let about = about(query, logs, ctx);
    panel::title_one(head, "LOGS of this trace", &about, Role::Dim, target, Topic::TraceLogs, buf, ctx);
    let Some(logs) = logs else { return };
    let notes: Vec<Line> = logs
        .notes
        .iter()
        .map(|note| Line::styled(format!(" {} {note}", theme.glyphs().warn), theme.style(Role::Warn)))
        .collect();
    let [top, rest] = dialog::split_top(rest, notes.len().min(2) as u16);
    dialog::lines(top, &notes, buf);
    let columns = [
        Column::new("time", 13).priority(2),
        Column::new("after", 9).right().priority(1),
        Column::new("level", 5).priority(3),
        Column::new("group", 16).priority(4),
        Column::new("message", 20).flex(1),
    ];
    let selected = focused.then_some(open.line);
    let table = Table { header: false, focused, ..Table::new(&columns, logs.lines.len(), selected) };
    table.render(rest, buf, theme, &open.lines_top, |index| {
        logs.lines.get(index).map_or_else(Row::default, |line| row(line, logs, trace, ctx))
    });
}

fn about(query: &LogsQuery, logs: Option<&TraceLogs>, ctx: &Ctx) -> String {
    let groups = match query.groups.as_slice() {
        [one] => one.clone(),
        groups => format!("{} groups", groups.len()),
    };
    match logs {
        None => format!("{groups}  {} reading", ctx.theme.glyphs().waiting),
        Some(logs) if logs.lines.is_empty() => format!("no line of {groups} names this trace"),
        Some(logs) => format!("{} in {groups}", units::grouped(logs.lines.len() as u64)),
    }
}

fn row<'a>(line: &'a TraceLine, logs: &'a TraceLogs, trace: &Trace, ctx: &Ctx) -> Row<'a> {
    use crate::features::logs::model::Level;
    let role = match line.level {
        Some(Level::Error | Level::Fatal) => Role::Bad,
        Some(Level::Warn) => Role::Warn,
        _ => Role::Dim,
    };
    let after = line.at.as_microsecond().saturating_sub(trace.start);
    let sign = if after < 0 { "-" } else { "+" };
    let after = format!("{sign}{}", length(after.saturating_abs()));
    let group = logs.groups.get(line.group).map(|group| group.rsplit('/').next().unwrap_or(group));
    let level = line.level.map_or(ctx.theme.glyphs().missing, Level::word);
    let message = line.message.lines().next().unwrap_or_default();
    let message = cut_end(message, 400, ctx.theme.glyphs().ellipsis);
    Row {
        cells: vec![
            Cell::new(ctx.zone.milli(line.at), Role::Dim),
            Cell::new(after, Role::Text),
            Cell::new(level, role),
            Cell::new(group.unwrap_or_default(), Role::Dim),
            Cell::new(message, Role::Text),
        ],
    }
}
