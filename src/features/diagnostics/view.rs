//! Drawing Diagnostics: a line that names the panels, and the one that is shown.
//!
//! Ages move in steps. The log is tui-logger's widget over its global ring: the one thing on any screen
//! that is not in the store.

use super::pane::{DiagnosticsPane, Panel, errors};
use crate::app::fetched::step;
use crate::app::pane::Ctx;
use crate::app::{PollKey, PollStatus};
use crate::features::ErrorEntry;
use crate::text::{units, width};
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::table::{Cell, Column, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tui_logger::{TuiLoggerLevelOutput, TuiLoggerWidget};

/// A poller whose next attempt is overdue by this much is off: nobody wants its topic.
const OVERDUE: Duration = Duration::from_secs(30);

pub(super) fn render(pane: &DiagnosticsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let [head, body] = dialog::split_top(area, 1);
    dialog::lines(head, &[titles(pane, ctx)], buf);
    match pane.panel {
        Panel::Pollers => pollers(pane, body, buf, ctx),
        Panel::Errors => failures(pane, body, buf, ctx),
        Panel::Cost => cost(pane, body, buf, ctx),
        Panel::Log => log(pane, body, buf, ctx),
    }
}

fn titles<'a>(pane: &DiagnosticsPane, ctx: &Ctx) -> Line<'a> {
    let spent: f64 = ctx.store.usage.values().map(|usage| usage.usd).sum();
    let mut spans = Vec::new();
    for panel in Panel::ALL {
        let text = match panel {
            Panel::Pollers => format!("POLLERS {}", ctx.store.polls.len()),
            Panel::Errors => format!("ERRORS {}", ctx.store.errors.list.len()),
            Panel::Cost => format!("COST {}", units::dollars(spent)),
            Panel::Log => "LOG".to_owned(),
        };
        let (mark, role) =
            if panel == pane.panel { (ctx.theme.glyphs().focus, Role::Accent) } else { (" ", Role::Dim) };
        spans.push(Span::styled(format!("{mark}{text}   "), ctx.theme.style(role)));
    }
    Line::from(spans)
}

fn pollers(pane: &DiagnosticsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let polls: Vec<(&PollKey, &PollStatus)> = ctx.store.polls.iter().collect();
    if polls.is_empty() {
        return say(area, "nothing was polled yet", buf, ctx);
    }
    let columns = [
        Column::new("topic", 14),
        Column::new("target", 10).flex(1),
        Column::new("state", 16).flex(2),
        Column::new("age", 6).right(),
        Column::new("next", 6).right(),
        Column::new("polls", 7).right().priority(2),
        Column::new("errors", 7).right().priority(1),
        Column::new("throttled", 9).right().priority(3),
    ];
    let table = Table::new(&columns, polls.len(), Some(pane.row));
    table.render(area, buf, ctx.theme, &pane.top, |index| {
        polls.get(index).map_or_else(Row::default, |(key, status)| poller(key, status, ctx))
    });
}

fn poller<'a>(key: &'a PollKey, status: &PollStatus, ctx: &Ctx) -> Row<'a> {
    let glyphs = ctx.theme.glyphs();
    let now = ctx.now.since_start;
    let off = !status.in_flight && status.next_at.is_none_or(|at| now > at + OVERDUE);
    let (glyph, word, role) = match &status.error {
        Some(error) => (glyphs.warn, error.short(), Role::Warn),
        None if status.ok_at.is_none() => (glyphs.waiting, "first read".to_owned(), Role::Dim),
        None if off => (" ", "off".to_owned(), Role::Dim),
        None => (glyphs.ok, "ok".to_owned(), Role::Ok),
    };
    let age = status.ok_at.map(|at| step(now.saturating_sub(at.since_start)));
    let next = status.next_at.filter(|_| !off).map(|at| at.saturating_sub(now).as_secs().div_ceil(15) * 15);
    let count = |n: u64, role: Role| Cell::new(units::grouped(n), if n == 0 { Role::Dim } else { role });
    Row {
        cells: vec![
            Cell::new(format!("{:?}", key.topic), Role::Text),
            Cell::new(key.target.as_str(), Role::Dim),
            Cell::new(format!("{glyph} "), role).and(word, role),
            Cell::new(units::or_missing(age, glyphs.missing, units::age), Role::Text),
            Cell::new(
                units::or_missing(next, glyphs.missing, |secs| units::age(Duration::from_secs(secs))),
                Role::Dim,
            ),
            count(status.polls, Role::Text),
            count(status.errors, Role::Warn),
            count(status.throttled, Role::Warn),
        ],
    }
}

fn failures(pane: &DiagnosticsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let entries: Vec<&ErrorEntry> = errors(ctx).collect();
    if entries.is_empty() {
        return say(area, "no call has failed since the start", buf, ctx);
    }
    let chosen = entries.get(pane.row.min(entries.len() - 1)).copied();
    let about = chosen.map(|entry| details(entry, area.width, ctx)).unwrap_or_default();
    let room = (about.len() as u16 + 1).min(area.height / 2);
    let [list, foot] = dialog::split_bottom(area, room);
    let columns = [
        Column::new("last", 15),
        Column::new("times", 5).right().priority(3),
        Column::new("target", if ctx.many_targets() { 10 } else { 0 }).priority(4),
        Column::new("what", 14).priority(1),
        Column::new("call", 20).flex(2),
        Column::new("request id", 12).flex(3).priority(2),
    ];
    let keep: Vec<bool> = columns.iter().map(|column| column.min > 0).collect();
    let columns: Vec<Column> = columns.into_iter().filter(|column| column.min > 0).collect();
    let table = Table::new(&columns, entries.len(), Some(pane.row));
    table.render(list, buf, ctx.theme, &pane.top, |index| {
        let Some(entry) = entries.get(index) else { return Row::default() };
        let missing = ctx.theme.glyphs().missing;
        let mut cells = vec![
            Cell::new(
                format!("{} {}", ctx.zone.day(entry.at.wall), ctx.zone.second(entry.at.wall)),
                Role::Dim,
            ),
            Cell::new(entry.count.to_string(), Role::Text),
            Cell::new(entry.target.as_str(), Role::Dim),
            Cell::new(entry.error.class.word(), Role::Warn),
            Cell::new(entry.error.operation.as_str(), Role::Text),
            Cell::new(entry.error.request_id.as_deref().unwrap_or(missing), Role::Dim),
        ];
        let mut keep = keep.iter();
        cells.retain(|_| keep.next().copied().unwrap_or(true));
        Row { cells }
    });
    let [_, foot] = dialog::split_top(foot, 1);
    dialog::lines(foot, &about, buf);
}

/// What AWS said, wrapped, and what to do about it.
fn details<'a>(entry: &ErrorEntry, room: u16, ctx: &Ctx) -> Vec<Line<'a>> {
    let code = entry.error.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
    let text = wrap(&format!("{code}{}", entry.error.message), room);
    let advice = wrap(&entry.error.advice, room);
    let line = |role: Role| move |text: String| Line::styled(format!(" {text}"), ctx.theme.style(role));
    text.into_iter().map(line(Role::Text)).chain(advice.into_iter().map(line(Role::Info))).collect()
}

/// Words on lines of this width; a word that is wider than a line is cut by the screen.
fn wrap(text: &str, room: u16) -> Vec<String> {
    let room = usize::from(room).saturating_sub(2);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.truncate(6);
    lines
}

fn cost(pane: &DiagnosticsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let hour = ctx.store.spending.last_hour_usd(ctx.now);
    let cap = ctx.config.cost.max_usd_per_hour;
    let percent = if cap > 0.0 { 100.0 * hour / cap } else { 0.0 };
    let role = if ctx.store.over_budget() { Role::Bad } else { Role::Text };
    let requests: u64 = ctx.store.usage.values().map(|usage| usage.requests).sum();
    let retries: u64 = ctx.store.usage.values().map(|usage| usage.retries).sum();
    let lines = [
        Line::styled(
            format!(
                " {} in the last hour of {} allowed ({percent:.0} %) · list prices, before free tiers",
                units::dollars(hour),
                units::dollars(cap)
            ),
            ctx.theme.style(role),
        ),
        Line::styled(
            format!(
                " {} requests, {} retried by the SDK, since the start",
                units::grouped(requests),
                units::grouped(retries)
            ),
            ctx.theme.style(Role::Dim),
        ),
    ];
    let [head, body] = dialog::split_top(area, 3);
    dialog::lines(head, &lines, buf);
    let usage = ctx.store.usage.iter();
    let mut rows: Vec<_> = usage
        .flat_map(|(id, usage)| usage.by_operation.iter().map(move |(name, own)| (id, name, own)))
        .collect();
    if rows.is_empty() {
        return say(body, "nothing was asked yet", buf, ctx);
    }
    rows.sort_by(|a, b| b.2.usd.total_cmp(&a.2.usd).then(b.2.requests.cmp(&a.2.requests)).then(a.1.cmp(b.1)));
    let columns = [
        Column::new("call", 26).flex(2),
        Column::new("target", 10).flex(1).priority(1),
        Column::new("requests", 8).right(),
        Column::new("throttled", 9).right().priority(2),
        Column::new("dollars", 9).right(),
    ];
    let table = Table::new(&columns, rows.len(), Some(pane.row));
    table.render(body, buf, ctx.theme, &pane.top, |index| {
        let Some((id, name, own)) = rows.get(index) else { return Row::default() };
        let throttled = if own.throttled > 0 { Role::Warn } else { Role::Dim };
        let dollars = if own.usd > 0.0 { format!("${:.4}", own.usd) } else { "free".to_owned() };
        Row {
            cells: vec![
                Cell::new(name.as_str(), Role::Text),
                Cell::new(id.as_str(), Role::Dim),
                Cell::new(units::grouped(own.requests), Role::Text),
                Cell::new(units::grouped(own.throttled), throttled),
                Cell::new(dollars, if own.usd > 0.0 { Role::Text } else { Role::Dim }),
            ],
        }
    });
}

fn log(pane: &DiagnosticsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    // Nothing else moves what was logged into the ring: its own thread would wake ten times a second.
    tui_logger::move_events();
    let area = area.intersection(buf.area);
    TuiLoggerWidget::default()
        .style(ctx.theme.style(Role::Text))
        .style_error(ctx.theme.style(Role::Bad))
        .style_warn(ctx.theme.style(Role::Warn))
        .style_debug(ctx.theme.style(Role::Dim))
        .style_trace(ctx.theme.style(Role::Dim))
        .output_separator(' ')
        .output_level(Some(TuiLoggerLevelOutput::Abbreviated))
        .output_file(false)
        .output_line(false)
        .state(&pane.log)
        .render(area, buf);
    // The ring does not say how much it holds; what it drew does.
    let drawn = area.positions().any(|at| buf.cell(at).is_some_and(|cell| cell.symbol() != " "));
    if !drawn {
        say(area, &nothing_logged(), buf, ctx);
    }
}

fn nothing_logged() -> String {
    // The level is the subscriber's, a part of the same named exception as the ring.
    match LevelFilter::current() {
        LevelFilter::OFF => "nothing is logged · --log-level info starts it".to_owned(),
        level @ (LevelFilter::DEBUG | LevelFilter::TRACE) => format!("nothing logged at {level}"),
        level => format!("nothing logged at {level} · --log-level debug shows more"),
    }
}

fn say(area: Rect, text: &str, buf: &mut Buffer, ctx: &Ctx) {
    dialog::lines(area, &[Line::styled(format!(" {text}"), ctx.theme.style(Role::Dim))], buf);
}
