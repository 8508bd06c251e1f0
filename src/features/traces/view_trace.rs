//! Drawing an opened trace: what it is, its waterfall, and its log lines at their times.

use super::detail;
use super::model::{Trace, moment};
use super::opened::{LogsQuery, TraceLine, TraceLogs, TraceRead, began};
use super::pane::{Focus, Opened};
use super::served::{Served, Which};
use super::view_list::time;
use super::waterfall::{self, length};
use crate::app::Action;
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::logs::model::Level;
use crate::features::logs::parse::{json, level};
use crate::features::logs::row::level_role;
use crate::features::{Topic, panel};
use crate::text::{units, width};
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
    let rest = served(&open.served, rest, buf, ctx);
    let notes = notes(trace, ctx);
    let [top, rest] = dialog::split_top(rest, (notes.len() as u16).min(rest.height / 4));
    dialog::lines(top, &notes, buf);
    // What is known of one span takes all the room when it is opened.
    if open.waterfall.covered() {
        waterfall::render(trace, &open.waterfall, true, rest, buf, ctx.theme);
        return;
    }
    let wanted = open.lines(ctx).map_or(1, |logs| (logs.lines.len() + logs.notes.len()) as u16) + 1;
    let focused = if open.focus == Focus::Logs { rest.height / 2 } else { rest.height / 3 };
    let [body, logs] = dialog::split_bottom(rest, wanted.min(focused.max(3)));
    waterfall::render(trace, &open.waterfall, open.focus == Focus::Spans, body, buf, ctx.theme);
    lines(open, trace, logs, buf, ctx);
}

fn title(open: &Opened, target: &TargetId, trace: &Trace, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let glyphs = ctx.theme.glyphs();
    let id = crate::text::cut_middle(&open.id.xray(), 20, glyphs.ellipsis).into_owned();
    let status = trace.spans.iter().map(|span| span.status).max().unwrap_or_default();
    let status = trace.root().map_or(status, |root| root.status);
    let (glyph, word, role) = detail::status(status, glyphs);
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

/// Which sides of rollouts served the request, when that is known of any.
fn served(all: &[Served], area: Rect, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    if all.iter().all(|served| served.which == Which::Unknown) {
        return area;
    }
    let theme = ctx.theme;
    let mut spans = vec![Span::styled(" served by  ", theme.style(Role::Dim))];
    let rollout = [
        Span::styled(format!("{} ", ctx.keymap.key(Action::Rollback)), theme.style(Role::Key)),
        Span::styled("its rollout", theme.style(Role::Dim)),
    ];
    let wide = |spans: &[Span]| spans.iter().map(Span::width).sum::<usize>();
    let room = usize::from(area.width).saturating_sub(wide(&rollout));
    for served in all {
        let role = match served.which {
            Which::New => Role::New,
            Which::Old => Role::Old,
            Which::Unknown => Role::Dim,
        };
        let text = format!("{}   ", served.words());
        if wide(&spans) + width(&text) + 2 > room {
            spans.push(Span::styled(format!("{} ", theme.glyphs().ellipsis), theme.style(Role::Dim)));
            break;
        }
        spans.push(Span::styled(text, theme.style(role)));
    }
    spans.extend(rollout);
    let [line, rest] = dialog::split_top(area, 1);
    dialog::lines(line, &[Line::from(spans)], buf);
    rest
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
    let after = line.at.as_microsecond().saturating_sub(trace.start);
    let sign = if after < 0 { "-" } else { "+" };
    let after = format!("{sign}{}", length(after.saturating_abs()));
    let group = logs.groups.get(line.group).map(|group| group.rsplit('/').next().unwrap_or(group));
    let word = line.level.map_or(ctx.theme.glyphs().missing, Level::word);
    Row {
        cells: vec![
            Cell::new(ctx.zone.milli(line.at), Role::Dim),
            Cell::new(after, Role::Text),
            Cell::new(word, level_role(line.level)),
            Cell::new(group.unwrap_or_default(), Role::Dim),
            Cell::new(message(line), Role::Text),
        ],
    }
}

/// What a line says, in one line; of JSON its message and first fields.
fn message(line: &TraceLine) -> String {
    let Some(summary) = json::summary(&line.message) else {
        let first = line.message.lines().next().unwrap_or_default();
        return level::without_prefix(first, line.level).to_owned();
    };
    let fields = summary.fields.iter().map(|(key, value)| format!("  {key}={value}"));
    std::iter::once(summary.message.clone()).chain(fields).collect()
}
