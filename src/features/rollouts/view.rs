//! Drawing rollouts: the list, and one shift with its sides, its numbers and its events.

use super::comparing::{comparison_of, metrics_query};
use super::detail;
use super::model::{Owner, Rollout};
use super::pane::{RolloutsPane, Row, tone};
use super::verdict_view;
use crate::app::pane::Ctx;
use crate::features::{TargetStore, Topic, panel};
use crate::service::Inventory;
use crate::text::{units, width};
use crate::theme::{Glyphs, Role};
use crate::widgets::dialog;
use crate::widgets::table::{Cell, Column, Row as TableRow, Table};
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Lines for what could not be read.
const MAX_NOTES: usize = 3;
/// Cells of the traffic bar in the list.
const BAR: usize = 8;

pub(super) fn render(pane: &RolloutsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    match (&pane.open, pane.opened(ctx)) {
        (Some(_), Some(row)) => detail::render(pane, &row, area, buf, ctx),
        (Some(key), None) => {
            let text = format!(" {} is not among the services of {}", key.name.full(), key.target);
            dialog::lines(area, &[Line::styled(text, ctx.theme.style(Role::Warn))], buf);
        }
        (None, _) => list(pane, area, buf, ctx),
    }
}

/// Time since something; nothing for what lies ahead.
pub(super) fn since(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

/// Puts pieces side by side into rows of at most this width; a piece that no longer fits begins a new row.
pub(super) fn flow(pieces: Vec<Vec<Span<'_>>>, indent: usize, room: usize) -> Vec<Line<'_>> {
    let mut rows: Vec<Line> = Vec::new();
    for piece in pieces {
        let wide: usize = piece.iter().map(Span::width).sum();
        match rows.last_mut() {
            Some(row) if row.width() + 3 + wide <= room => {
                row.spans.push(Span::raw("   "));
                row.spans.extend(piece);
            }
            last => {
                let pad = if last.is_some() { indent } else { 0 };
                let mut row = Line::from(Span::raw(" ".repeat(pad)));
                row.spans.extend(piece);
                rows.push(row);
            }
        }
    }
    rows
}

fn list(pane: &RolloutsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let rows = pane.rows(ctx);
    let [head, body] = dialog::split_top(area, 1);
    panel::title(head, "ROLLOUTS", &title(pane, ctx), Topic::Rollouts, buf, ctx);
    let body = panel::problems(body, Topic::Rollouts, buf, ctx);
    let body = notes(body, buf, ctx);
    if rows.is_empty() {
        let text = format!(" {}", empty(pane, ctx));
        dialog::lines(body, &[Line::styled(text, ctx.theme.style(Role::Dim))], buf);
        return;
    }
    let many = ctx.many_targets();
    let owners = rows.iter().filter_map(|row| row.shift.map(|shift| width(shift.owner.label())));
    let owner = owners.max().unwrap_or_default().clamp(6, 14);
    let mechanisms = rows.iter().filter_map(|row| row.shift.map(|shift| width(&shift.mechanism.label())));
    let mechanism = mechanisms.max().unwrap_or_default().clamp(14, 17);
    let stages = rows.iter().filter_map(|row| row.shift.map(|shift| width(&shift.stage_words())));
    let stage = stages.max().unwrap_or_default().clamp(16, 19);
    let columns = [
        Column::new("service", 14).flex(2),
        Column::new("target", if many { 10 } else { 0 }).priority(3),
        Column::new("mechanism", mechanism as u16).priority(4),
        Column::new("owner", owner as u16).priority(6),
        Column::new("stage", stage as u16).flex(1),
        Column::new("traffic on new", (BAR + 7) as u16).priority(2),
        Column::new("next", 14).flex(1).priority(1),
        Column::new("verdict", 10),
        Column::new("age", 6).right(),
    ];
    let columns: Vec<Column> = columns.into_iter().filter(|column| column.min > 0).collect();
    let keys: Vec<_> = rows.iter().map(Row::key).collect();
    let table = Table::new(&columns, rows.len(), pane.cursor.index(&keys));
    table.render(body, buf, ctx.theme, &pane.list_top, |index| {
        rows.get(index).map_or_else(TableRow::default, |row| line(row, many, ctx))
    });
}

fn title(pane: &RolloutsPane, ctx: &Ctx) -> String {
    let lists = || ctx.store.active_targets().filter_map(|(_, target)| target.rollouts.as_ref());
    let filter = (!pane.filter.is_empty()).then(|| format!("/{}", pane.filter));
    if lists().next().is_none() {
        return filter.unwrap_or_default();
    }
    let moving: usize = lists().map(|list| list.shifts.len()).sum();
    let services: usize = lists().map(|list| list.services.len()).sum();
    let dropped: u32 = lists().map(|list| list.dropped).sum();
    let mut title =
        format!("{moving} in flight · {services} service{}", if services == 1 { "" } else { "s" });
    if dropped > 0 {
        title = format!("{title} ({dropped} more not read)");
    }
    match filter {
        Some(filter) => format!("{title} · {filter}"),
        None => title,
    }
}

/// What could not be read; returns what is left.
fn notes(area: Rect, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    let lists = ctx.store.active_targets().filter_map(|(_, target)| target.rollouts.as_ref());
    let mut notes: Vec<String> = lists.flat_map(|list| list.notes.iter().cloned()).collect();
    if notes.len() > MAX_NOTES {
        let more = notes.len() + 1 - MAX_NOTES;
        notes.truncate(MAX_NOTES - 1);
        notes.push(format!("{more} more like these"));
    }
    let warn = ctx.theme.glyphs().warn;
    let lines: Vec<Line> = notes
        .iter()
        .map(|note| Line::styled(format!(" {warn} {note}"), ctx.theme.style(Role::Warn)))
        .collect();
    let [top, rest] = dialog::split_top(area, lines.len() as u16);
    dialog::lines(top, &lines, buf);
    rest
}

fn empty(pane: &RolloutsPane, ctx: &Ctx) -> String {
    let known = ctx.store.active_targets().any(|(_, target)| target.rollouts.is_some());
    if !known {
        panel::no_answer(Topic::Rollouts, ctx)
    } else if !pane.filter.is_empty() {
        format!("nothing matches /{} · Esc clears it", pane.filter)
    } else if ecs_unread(ctx) {
        "none among what could be read".to_owned()
    } else if pane.all {
        "no ECS services in this account and region".to_owned()
    } else {
        // Which rules of load balancers divide is known only once discovery has seen them.
        let looked =
            |(_, target): (_, &TargetStore)| target.inventory.as_ref().is_some_and(Inventory::is_whole);
        let rules =
            if ctx.store.active_targets().all(looked) { "" } else { " · load balancers not looked at yet" };
        format!("no shift in flight and none within a day{rules} · . shows all services")
    }
}

/// Whether ECS told nothing, or what it told is old.
fn ecs_unread(ctx: &Ctx) -> bool {
    let mut lists = ctx.store.active_targets().filter_map(|(_, target)| target.rollouts.as_ref());
    lists.any(|list| list.ecs_unread.is_some())
}

fn line<'a>(row: &Row<'a>, many: bool, ctx: &Ctx) -> TableRow<'a> {
    let now = ctx.now.wall;
    let glyphs = ctx.theme.glyphs();
    let (text, role) = match row.shift {
        Some(shift) if shift.in_progress() => (Role::Text, tone(shift).role()),
        Some(shift) => (Role::Muted, tone(shift).role()),
        None => (Role::Muted, Role::Muted),
    };
    let at_rest = row.service.map(|it| match it.owner {
        Owner::CodeDeploy => "CodeDeploy ECS".to_owned(),
        _ => format!("ECS {}", it.strategy.label()),
    });
    let mechanism = row.shift.map(|it| it.mechanism.label()).or(at_rest);
    let owner = row.shift.map(|it| &it.owner).or(row.service.map(|it| &it.owner));
    let mut cells = vec![
        Cell::new(row.thing().shown(), text),
        Cell::new(mechanism.unwrap_or_default(), text),
        Cell::new(owner.map_or("", |it| it.label()), Role::Dim),
        Cell::new(row.shift.map_or_else(|| "at rest".to_owned(), Rollout::stage_words), role),
        row.shift
            .filter(|shift| shift.in_progress())
            .map_or_else(Cell::default, |shift| traffic(shift, glyphs)),
        Cell::new(row.shift.map_or_else(String::new, |shift| next(shift, now)), text),
        verdict(row, ctx),
        Cell::new(age(row.shift, now, glyphs), text),
    ];
    if many {
        cells.insert(1, Cell::new(row.target.as_str(), Role::Dim));
    }
    TableRow { cells }
}

fn next(shift: &Rollout, now: Timestamp) -> String {
    if shift.in_progress() { shift.next_words(now) } else { String::new() }
}

/// The verdict on a shift in flight; what keeps it from being read says so.
fn verdict<'a>(row: &Row, ctx: &Ctx) -> Cell<'a> {
    let Some(shift) = row.shift.filter(|shift| shift.in_progress()) else { return Cell::default() };
    let Some(data) = ctx.store.target(row.target) else { return Cell::default() };
    if let Some(comparison) = comparison_of(data, &shift.deployment) {
        let (text, role) = verdict_view::word(&comparison.verdict);
        return Cell::new(text, role);
    }
    let glyphs = ctx.theme.glyphs();
    if metrics_query(shift, ctx.config).is_err() {
        return Cell::new(glyphs.missing, Role::Dim);
    }
    match ctx.store.poll(row.target, Topic::Verdicts).and_then(|poll| poll.error.as_ref()) {
        Some(error) => Cell::new(format!("{} {}", glyphs.warn, error.class.word()), Role::Warn),
        None => Cell::new(glyphs.waiting, Role::Dim),
    }
}

fn age(shift: Option<&Rollout>, now: Timestamp, glyphs: &Glyphs) -> String {
    let at = shift.and_then(|shift| shift.finished_at.or(shift.started_at).or(shift.created_at));
    units::or_missing(at, glyphs.missing, |at| units::age(since(at, now)))
}

/// `██░░░░░░░░ 20 %`; a share that is only an estimate is marked.
fn traffic<'a>(shift: &Rollout, glyphs: &Glyphs) -> Cell<'a> {
    let Some((share, estimate)) = shift.share() else { return Cell::new(glyphs.missing, Role::Dim) };
    let full = ((share / 100.0 * BAR as f64).round() as usize).min(BAR);
    // Some traffic is never drawn as none, and not all never as all.
    let full = if share > 0.0 && share < 100.0 { full.clamp(1, BAR - 1) } else { full };
    let (mark, share) = if estimate { (glyphs.estimate, share.round()) } else { ("", share) };
    Cell::new(glyphs.bar[0].repeat(full), Role::New)
        .and(glyphs.bar[1].repeat(BAR - full), Role::Old)
        .and(format!(" {mark}{}", super::stages::percent(share)), Role::Text)
}
