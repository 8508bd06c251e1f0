//! Drawing the list of rollouts, and what the drawing of one shift shares with it.

use super::comparing::{seen_of, sides_query};
use super::detail;
use super::model::{Owner, Rollout};
use super::pane::{RolloutsPane, Row};
use super::stages::share_words;
use super::tone::tone;
use super::verdict_view;
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::{Topic, panel};
use crate::service::Inventory;
use crate::text::{cut_middle, units, width, wrap};
use crate::theme::{Glyphs, Role};
use crate::widgets::dialog;
use crate::widgets::progress::full_cells;
use crate::widgets::table::{Cell, Column, Row as TableRow, Table, layout};
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::borrow::Cow;
use std::time::Duration;

/// Lines for what could not be read.
const MAX_NOTES: usize = 3;
/// Cells of the traffic bar in the list.
const BAR: u16 = 7;
/// The same where there is little room.
const SMALL_BAR: u16 = 3;
/// Cells that a service's name has at least.
const NAME: u16 = 12;

pub(super) fn render(pane: &RolloutsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    match (&pane.open, pane.opened(ctx)) {
        (Some(_), Some(row)) => detail::render(pane, &row, area, buf, ctx),
        (Some(key), None) if unread(ctx).iter().any(|(target, _)| *target == &key.target) => {
            let text = format!(" {} {}", ctx.theme.glyphs().waiting, not_read(ctx));
            dialog::lines(area, &[Line::styled(text, ctx.theme.style(Role::Dim))], buf);
        }
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

/// The line in rows of at most this width. What goes on stands under its text's beginning, where there is room.
pub(super) fn fold(mut line: Line<'_>, room: usize) -> Vec<Line<'_>> {
    if line.width() <= room {
        return vec![line];
    }
    let Some(text) = line.spans.pop() else { return vec![line] };
    let lead = line.width();
    let indent = if lead > 3 && lead * 2 <= room { lead } else { 3 };
    let rows = wrap(&text.content, room.saturating_sub(lead.max(indent))).into_iter().enumerate();
    let mut start = std::mem::take(&mut line.spans);
    let folded = rows.map(|(index, row)| {
        let mut spans = std::mem::take(&mut start);
        if index > 0 {
            spans.push(Span::raw(" ".repeat(indent)));
        }
        spans.push(Span::styled(row, text.style));
        Line { spans, ..line.clone() }
    });
    folded.collect()
}

/// Text in a role.
pub(super) fn span<'a>(text: impl Into<Cow<'a, str>>, role: Role, ctx: &Ctx) -> Span<'a> {
    Span::styled(text, ctx.theme.style(role))
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
    // The first cell of a row belongs to the cursor.
    let shown = columns(&rows, area.width.saturating_sub(1), ctx);
    let keys: Vec<_> = rows.iter().map(Row::key).collect();
    let table = Table::new(&shown.columns, rows.len(), pane.cursor.index(&keys));
    table.render(body, buf, ctx.theme, &pane.list_top, |index| {
        rows.get(index).map_or_else(TableRow::default, |row| line(row, &shown, ctx))
    });
}

/// The columns, and what of a row was cut for them.
struct Shown {
    columns: Vec<Column<'static>>,
    /// Cells of a name.
    name: usize,
    /// Cells of the traffic bar.
    bar: usize,
}

/// The columns for so many cells. Names and the bar shrink before a column goes; the share of traffic stays as a
/// number.
fn columns(rows: &[Row], room: u16, ctx: &Ctx) -> Shown {
    let glyphs = ctx.theme.glyphs();
    let widest = |least: usize, most: usize, cell: &dyn Fn(&Row) -> usize| {
        rows.iter().map(cell).max().unwrap_or_default().clamp(least, most) as u16
    };
    let target = ctx.many_targets().then(|| widest(6, 12, &|row| width(row.target.as_str())));
    let mechanism = widest(9, 17, &|row| width(&mechanism(row)));
    let owner = widest(5, 10, &|row| width(owner(row)));
    let stage = widest(8, 22, &|row| width(&stage(row, glyphs)));
    let next = widest(8, 16, &|row| width(&next(row, ctx.now.wall)));
    let longest = widest(usize::from(NAME), 24, &|row| width(&row.thing().shown()));
    let all = |(name, bar): (u16, u16)| -> Vec<Column> {
        let traffic = if bar < BAR { "on new" } else { "traffic on new" };
        let head = [Column::new("service", name).flex(2)].into_iter();
        let rest = [
            Column::new("mechanism", mechanism).priority(5),
            Column::new("owner", owner).priority(6),
            Column::new("stage", stage).flex(1),
            Column::new(traffic, bar + 6 + u16::from(bar > 0)),
            Column::new("next", next).flex(1).priority(1),
            Column::new("verdict", 10),
            Column::new("age", 6).right().priority(4),
        ];
        head.chain(target.map(|wide| Column::new("target", wide).priority(3))).chain(rest).collect()
    };
    let missing = |size: &(u16, u16)| {
        let columns = all(*size);
        columns.len() - layout(&columns, room).len()
    };
    // Where nobody said which side is the old one there is no share to draw.
    let drawn = |shift: &Rollout| shift.in_progress() && shift.share().is_some();
    let drawn = rows.iter().any(|row| row.shift.is_some_and(drawn));
    let sizes =
        [(longest, BAR), (longest, SMALL_BAR), (NAME, BAR), (NAME, SMALL_BAR), (longest, 0), (NAME, 0)];
    let sizes = sizes.into_iter().filter(|(_, bar)| drawn || *bar == 0);
    let size = sizes.min_by_key(missing).unwrap_or((NAME, 0));
    let columns = all(size);
    let name = layout(&columns, room).first().map_or(0, |(_, _, wide)| usize::from(*wide));
    Shown { columns, name, bar: usize::from(size.1) }
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
    // What is not known yet is no 0.
    if !unread(ctx).is_empty() {
        title = format!("{title} · {} {}", ctx.theme.glyphs().waiting, not_read(ctx));
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
        match (unread(ctx).is_empty(), ctx.theme.glyphs().waiting) {
            (true, _) => "no shift in flight and none within a day · . shows all services".to_owned(),
            (false, waiting) => format!("{waiting} {}; nothing else within a day", not_read(ctx)),
        }
    }
}

/// What of a target's shifts was not asked yet, target by target.
fn unread<'a>(ctx: &Ctx<'a>) -> Vec<(&'a TargetId, &'a str)> {
    let targets =
        ctx.store.active_targets().filter_map(|(id, data)| Some((id, data, data.rollouts.as_ref()?)));
    targets
        .flat_map(|(id, data, list)| {
            // Which rules of load balancers divide is known only once discovery has seen them.
            let known = data.inventory.as_ref().is_some_and(Inventory::is_whole);
            let rules = (!known || list.forwards != data.derived.forwards).then_some("load balancers");
            list.pending.iter().map(String::as_str).chain(rules).map(move |what| (id, what))
        })
        .collect()
}

/// The same in words: `load balancers not read yet`.
fn not_read(ctx: &Ctx) -> String {
    let all: std::collections::BTreeSet<&str> = unread(ctx).into_iter().map(|(_, what)| what).collect();
    format!("{} not read yet", all.into_iter().collect::<Vec<_>>().join(" and "))
}

fn mechanism(row: &Row) -> String {
    let at_rest = || {
        row.service.map(|it| match it.owner {
            Owner::CodeDeploy => "CodeDeploy ECS".to_owned(),
            _ => format!("ECS {}", it.strategy.label()),
        })
    };
    row.shift.map(|it| it.mechanism.label()).or_else(at_rest).unwrap_or_default()
}

fn owner<'a>(row: &Row<'a>) -> &'a str {
    match row.shift.map(|it| &it.owner).or(row.service.map(|it| &it.owner)) {
        Some(Owner::Stack(_)) => "CFn stack",
        Some(owner) => owner.label(),
        None => "",
    }
}

fn stage(row: &Row, glyphs: &Glyphs) -> String {
    let Some(shift) = row.shift else { return "at rest".to_owned() };
    let mark = shift.failing().map(|_| format!("{} ", glyphs.warn)).unwrap_or_default();
    format!("{mark}{}", shift.stage_words())
}

/// Whether ECS told nothing, or what it told is old.
fn ecs_unread(ctx: &Ctx) -> bool {
    let mut lists = ctx.store.active_targets().filter_map(|(_, target)| target.rollouts.as_ref());
    lists.any(|list| list.ecs_unread.is_some())
}

fn line<'a>(row: &Row<'a>, shown: &Shown, ctx: &Ctx) -> TableRow<'a> {
    let now = ctx.now.wall;
    let glyphs = ctx.theme.glyphs();
    let (text, role) = match row.shift {
        Some(shift) if shift.in_progress() => (Role::Text, tone(shift).role()),
        Some(shift) => (Role::Muted, tone(shift).role()),
        None => (Role::Muted, Role::Muted),
    };
    let moving = row.shift.filter(|shift| shift.in_progress());
    // The ends of long names tell them apart.
    let name = cut_middle(&row.thing().shown(), shown.name, glyphs.ellipsis).into_owned();
    let mut cells = vec![
        Cell::new(name, text),
        Cell::new(mechanism(row), text),
        Cell::new(owner(row), Role::Dim),
        Cell::new(stage(row, glyphs), role),
        moving.map_or_else(Cell::default, |shift| traffic(shift, shown.bar, glyphs)),
        Cell::new(next(row, now), text),
        verdict(row, ctx),
        Cell::new(age(row, ctx), text),
    ];
    if ctx.many_targets() {
        cells.insert(1, Cell::new(row.target.as_str(), Role::Dim));
    }
    TableRow { cells }
}

fn next(row: &Row, now: Timestamp) -> String {
    let moving = row.shift.filter(|shift| shift.in_progress());
    moving.map(|shift| shift.next_short(now)).unwrap_or_default()
}

/// The verdict on a shift in flight; what keeps it from being read says so.
fn verdict<'a>(row: &Row, ctx: &Ctx) -> Cell<'a> {
    let Some(shift) = row.shift.filter(|shift| shift.in_progress()) else { return Cell::default() };
    let Some(data) = ctx.store.target(row.target) else { return Cell::default() };
    if let Some(comparison) = seen_of(data, &shift.deployment) {
        let (text, role) = verdict_view::word(&comparison.verdict);
        return Cell::new(text, role);
    }
    let glyphs = ctx.theme.glyphs();
    if sides_query(shift, ctx.config).is_err() {
        return Cell::new(glyphs.missing, Role::Dim);
    }
    match ctx.store.poll(row.target, Topic::Verdicts).and_then(|poll| poll.error.as_ref()) {
        Some(error) => Cell::new(format!("{} {}", glyphs.warn, error.class.word()), Role::Warn),
        None => Cell::new(glyphs.waiting, Role::Dim),
    }
}

/// Time since it began or ended. Where AWS does not say when it began, it is older than what was compared.
fn age(row: &Row, ctx: &Ctx) -> String {
    let missing = ctx.theme.glyphs().missing;
    let Some(shift) = row.shift else { return missing.to_owned() };
    if let Some(at) = shift.finished_at.or(shift.started_at).or(shift.created_at) {
        return units::age(since(at, ctx.now.wall));
    }
    let data = ctx.store.target(row.target);
    let compared = data.and_then(|data| seen_of(data, &shift.deployment));
    let minutes = compared.map(|it| u64::from(it.verdict.minutes)).filter(|minutes| *minutes > 0);
    units::or_missing(minutes, missing, |minutes| {
        format!(">{}", units::age(Duration::from_secs(minutes * 60)))
    })
}

/// `██░░░░░ 20 %`; a share that is only an estimate is marked.
fn traffic<'a>(shift: &Rollout, bar: usize, glyphs: &Glyphs) -> Cell<'a> {
    let Some((share, estimate)) = shift.share() else { return Cell::new(glyphs.missing, Role::Dim) };
    let text = share_words(share, estimate, glyphs.estimate);
    if bar == 0 {
        return Cell::new(text, Role::Text);
    }
    let full = usize::from(full_cells(share / 100.0, bar as u16));
    Cell::new(glyphs.bar[0].repeat(full), Role::New)
        .and(glyphs.bar[1].repeat(bar - full), Role::Old)
        .and(format!(" {text}"), Role::Text)
}
