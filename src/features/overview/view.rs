//! Drawing Overview: NOW, SERVICES, and the timeline where there is room for it.
//!
//! Nothing here changes from one second to the next by itself: ages and countdowns move in steps, so that
//! a screen on which nothing happens sends nothing.

use super::board::Item;
use super::now::now_row;
use super::pane::{OverviewPane, Row, Shown};
use super::services::ServiceRow;
use super::timeline::timeline;
use super::{axis, traffic::Bucket};
use crate::app::pane::{Ctx, Tone};
use crate::features::alarms::AlarmState;
use crate::features::rollouts::Rollout;
use crate::features::{Topic, panel};
use crate::service::Dependency;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::sparkline::{spark_between, spark_trend};
use crate::widgets::table::{Cell, Column, Row as TableRow, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use std::time::Duration;

/// NOW takes at most this many lines on a low screen, half of a high one.
const NOW_LOW: u16 = 12;
/// Percent of errors that fill a sparkline at least: a rare one must not look like an outage.
const FULL_ERRORS: f64 = 1.0;
/// Lines of the timeline with the empty one above it.
const TIMELINE: u16 = 7;
/// Lines of SERVICES that it does not go below: empty line, title, columns, two services.
const SERVICES: u16 = 5;

pub(super) fn render(pane: &OverviewPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let shown = pane.shown(ctx);
    let fold = u16::from(shown.folds());
    let problems = panel::count(Topic::Alarms, ctx) + panel::count(Topic::Rollouts, ctx);
    let wanted = 1 + problems + (shown.rows.len().clamp(1, 500) as u16) + fold;
    let most = NOW_LOW.max(area.height / 2);
    let [now, rest] = dialog::split_top(area, wanted.min(most));
    // On a low screen the axis goes without its row of findings.
    let fits = |rows: &u16| rest.height >= rows + SERVICES;
    let axis_height = [TIMELINE, TIMELINE - 1].into_iter().find(fits).unwrap_or_default();
    let services = 3 + shown.services.len().clamp(1, 500) as u16 + panel::count(Topic::Traffic, ctx);
    // The axis follows the services; what is left over stays empty at the bottom.
    let [middle, rest] = dialog::split_top(rest, services.min(rest.height - axis_height));
    now_panel(pane, &shown, now, buf, ctx);
    services_panel(pane, &shown, middle, buf, ctx);
    if axis_height > 0 {
        let [_, rest] = dialog::split_top(rest, 1);
        axis::render(&timeline(ctx), rest, buf, ctx);
    }
}

fn now_panel(pane: &OverviewPane, shown: &Shown, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let [head, body] = dialog::split_top(area, 1);
    panel::title(head, "NOW", &summary(pane, shown), Topic::Alarms, buf, ctx);
    let body = panel::problems(body, Topic::Alarms, buf, ctx);
    let body = panel::problems(body, Topic::Rollouts, buf, ctx);
    let folded = shown.board.folded.words();
    let [body, foot] = dialog::split_bottom(body, u16::from(!folded.is_empty()));
    if shown.rows.is_empty() {
        dialog::lines(body, &[nothing(pane, ctx)], buf);
    } else {
        let target = Column::new("target", if ctx.many_targets() { 10 } else { 0 }).priority(6);
        let columns = [
            Column::new("kind", 11),
            Column::new("name", 16).flex(1),
            target,
            Column::new("facts", 20).flex(3).priority(3),
            Column::new("since", 5).right(),
        ];
        let columns: Vec<Column> = columns.into_iter().filter(|column| column.min > 0).collect();
        let at = shown.at.filter(|at| *at < shown.rows.len());
        let table =
            Table { focused: at.is_some(), header: false, ..Table::new(&columns, shown.rows.len(), at) };
        table.render(body, buf, ctx.theme, &pane.now_top, |index| {
            shown.rows.get(index).map_or_else(TableRow::default, |row| now_row(row, ctx))
        });
    }
    if foot.height > 0 {
        let line = Line::styled(format!("   {folded}"), ctx.theme.style(Role::Muted));
        line.render(foot.intersection(buf.area), buf);
        if shown.at == Some(shown.rows.len()) {
            mark(foot, buf, ctx);
        }
    }
}

/// The cursor on a line that is no table's.
fn mark(line: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let line = line.intersection(buf.area);
    buf.set_style(line, ctx.theme.style(Role::Selected));
    buf.set_stringn(line.x, line.y, ctx.theme.glyphs().focus, 1, ctx.theme.style(Role::Accent));
}

fn summary(pane: &OverviewPane, shown: &Shown) -> String {
    let shifts = |bad: bool| {
        let items = shown.rows.iter().filter_map(|row| match row {
            Row::Item(Item::Rollout(_, _, tone)) => Some(*tone == Tone::Bad),
            _ => None,
        });
        items.filter(|own| *own == bad).count()
    };
    let plural =
        |n: usize, one: &str, many: &str| (n > 0).then(|| format!("{n} {}", if n == 1 { one } else { many }));
    let parts = [
        plural(shifts(true), "rollout in trouble", "rollouts in trouble"),
        plural(shifts(false), "rollout", "rollouts"),
        plural(shown.board.alarms, "alarm", "alarms"),
        plural(shown.board.findings, "finding", "findings"),
        (!pane.filter.is_empty()).then(|| format!("/{}", pane.filter)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Why NOW is empty, and what it rests on.
fn nothing<'a>(pane: &OverviewPane, ctx: &Ctx) -> Line<'a> {
    let glyphs = ctx.theme.glyphs();
    let lists = || ctx.store.active_targets().filter_map(|(_, target)| target.alarms.as_ref());
    if lists().next().is_none() {
        let text = if panel::waiting(Topic::Alarms, ctx) {
            format!(" {} waiting for the first answer about alarms", glyphs.waiting)
        } else {
            format!(" {} alarms are not read: what is broken is not known", glyphs.missing)
        };
        return Line::styled(text, ctx.theme.style(Role::Dim));
    }
    if !pane.filter.is_empty() {
        let text = format!(" nothing matches /{} · Esc clears it", pane.filter);
        return Line::styled(text, ctx.theme.style(Role::Dim));
    }
    let ok = lists().flat_map(|list| &list.alarms).filter(|alarm| alarm.state == AlarmState::Ok).count();
    let unread = ctx.store.active_targets().filter(|(_, target)| target.alarms.is_none()).count();
    if unread > 0 {
        let read = lists().count();
        let text = format!(
            " {} nothing is broken in {read} of {} targets · the others' alarms are not read",
            glyphs.missing,
            read + unread
        );
        return Line::styled(text, ctx.theme.style(Role::Dim));
    }
    let known = ctx.store.active_targets().all(|(_, target)| target.rollouts.is_some());
    let lists = || ctx.store.active_targets().filter_map(|(_, target)| target.rollouts.as_ref());
    let partly = lists().any(|list| list.ecs_unread.is_some());
    let shifts = match (known, partly) {
        (false, _) => "rollouts are not read yet",
        (true, true) => "ECS's rollouts could not be read",
        (true, false) => "no rollout in flight",
    };
    let alarms = if ok == 1 { "alarm" } else { "alarms" };
    let found = ctx.store.active_targets().all(|(_, target)| target.findings.is_some());
    let found = if found { "" } else { " · findings are not read" };
    let text = format!(" {} nothing is broken · {ok} {alarms} OK · {shifts}{found}", glyphs.ok);
    Line::styled(text, ctx.theme.style(Role::Ok))
}

fn services_panel(pane: &OverviewPane, shown: &Shown, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let [_, area] = dialog::split_top(area, 1);
    let [head, body] = dialog::split_top(area, 1);
    let rows = &shown.services;
    let mut about = health(rows);
    let inventories = ctx.store.active_targets().filter_map(|(_, target)| target.inventory.as_ref());
    for note in inventories.flat_map(|inventory| &inventory.notes).take(2) {
        about = format!("{about} · {note}");
    }
    if rows.is_empty() {
        about.clear();
    }
    panel::title(head, "SERVICES", &about, Topic::Traffic, buf, ctx);
    let body = panel::problems(body, Topic::Traffic, buf, ctx);
    let body = if rows.is_empty() { panel::problems(body, Topic::Inventory, buf, ctx) } else { body };
    if rows.is_empty() {
        let known = ctx.store.active_targets().any(|(_, target)| target.inventory.is_some());
        let text = match (known, pane.filter.is_empty()) {
            (true, true) => {
                "no ECS service, no function found · [[service]] in the config names others".to_owned()
            }
            (true, false) => format!("no service matches /{}", pane.filter),
            (false, _) if panel::waiting(Topic::Inventory, ctx) => {
                format!("{} looking for services", ctx.theme.glyphs().waiting)
            }
            (false, _) => format!("{} services are not read", ctx.theme.glyphs().missing),
        };
        dialog::lines(body, &[Line::styled(format!(" {text}"), ctx.theme.style(Role::Dim))], buf);
        return;
    }
    let columns = [
        Column::new("", 16).flex(1),
        Column::new("target", if ctx.many_targets() { 10 } else { 0 }).priority(7),
        Column::new("requests", 10).priority(5),
        Column::new("/min", 7).right(),
        Column::new("errors", 7).right(),
        Column::new("", 8).priority(6),
        Column::new("p99", 8).right(),
        Column::new("", 8).priority(4),
        Column::new("tasks", 6).right().priority(3),
        Column::new("depends on", 14).flex(3).priority(2),
    ];
    let keep: Vec<bool> = columns.iter().map(|column| column.min > 0).collect();
    let columns: Vec<Column> = columns.into_iter().filter(|column| column.min > 0).collect();
    let at = shown.at.and_then(|at| at.checked_sub(shown.rows.len() + usize::from(shown.folds())));
    let table = Table { focused: at.is_some(), ..Table::new(&columns, rows.len(), at) };
    pane.services_room.set(usize::from(body.height.saturating_sub(1)));
    table.render(body, buf, ctx.theme, &pane.services_top, |index| {
        let mut cells = rows.get(index).map(|row| service_row(row, ctx)).unwrap_or_default();
        let mut keep = keep.iter();
        cells.retain(|_| keep.next().copied().unwrap_or(true));
        TableRow { cells }
    });
}

/// How many services are in trouble, and how many nobody knows about.
fn health(rows: &[ServiceRow]) -> String {
    let troubled = rows.iter().filter(|row| row.tone >= Some(Tone::Warn)).count();
    let unknown = rows.iter().filter(|row| row.tone.is_none()).count();
    let all = rows.len();
    match (troubled, unknown) {
        (0, unknown @ 1..) => format!("health of {unknown} of {all} not known"),
        (troubled, 0) => format!("{troubled} of {all} in trouble"),
        (troubled, unknown) => format!("{troubled} of {all} in trouble, health of {unknown} not known"),
    }
}

fn service_row<'a>(row: &ServiceRow<'a>, ctx: &Ctx<'a>) -> Vec<Cell<'a>> {
    let glyphs = ctx.theme.glyphs();
    let traffic = row.traffic(ctx);
    let (glyph, role) = match row.tone {
        Some(Tone::Bad) => (glyphs.bad, Role::Bad),
        Some(Tone::Warn) => (glyphs.warn, Role::Warn),
        Some(Tone::Info) => (glyphs.stage[0], Role::Info),
        Some(Tone::Ok) => (glyphs.ok, Role::Ok),
        None => (glyphs.missing, Role::Muted),
    };
    let range = ctx.window.range(ctx.now.wall);
    let line = |value: fn(&Bucket) -> Option<f64>, width: usize| {
        let values = traffic.map(|(list, traffic)| traffic.values(range, list.period, value));
        Cell::new(spark_trend(&values.unwrap_or_default(), width, glyphs), Role::Dim)
    };
    let percent = traffic.map(|(list, traffic)| traffic.values(range, list.period, Bucket::percent));
    let percent = percent.unwrap_or_default();
    let most = percent.iter().flatten().copied().fold(FULL_ERRORS, f64::max);
    let errors = Cell::new(spark_between(&percent, 8, 0.0, most, glyphs), Role::Dim);
    let last = traffic.and_then(|(list, traffic)| Some((list, traffic.last()?)));
    let number = |value: Option<f64>, write: fn(f64) -> String| {
        let role = if value.is_some() { Role::Text } else { Role::Dim };
        Cell::new(units::or_missing(value, glyphs.missing, write), role)
    };
    let rate = last.and_then(|(list, bucket)| Some(list.per_minute(bucket.requests?)));
    let tasks = match row.tasks(ctx) {
        Some(tasks) if tasks.running < tasks.requested => {
            Cell::new(format!("{}/{} {}", tasks.running, tasks.requested, glyphs.warn), Role::Warn)
        }
        Some(tasks) => Cell::new(format!("{}/{}", tasks.running, tasks.requested), Role::Text),
        None => Cell::new("", Role::Dim),
    };
    vec![
        Cell::new(format!("{glyph} "), role).and(row.service.name.as_str(), Role::Strong),
        Cell::new(row.target.as_str(), Role::Dim),
        line(|bucket| bucket.requests, 10),
        number(rate, |rate| units::count(rate.round())),
        number(last.and_then(|(_, bucket)| bucket.percent()), |percent| units::percent(percent, 1)),
        errors,
        number(last.and_then(|(_, bucket)| bucket.p99), units::latency),
        line(|bucket| bucket.p99, 8),
        tasks,
        depends(row, traffic.and_then(|(_, traffic)| traffic.oldest), ctx),
    ]
}

/// The split while it shifts, the queue's oldest message when it is old (seconds), dependencies in trouble, the
/// others.
fn depends<'a>(row: &ServiceRow<'a>, oldest: Option<f64>, ctx: &Ctx) -> Cell<'a> {
    let glyphs = ctx.theme.glyphs();
    let mut cell = Cell::default();
    if let Some((new, estimate)) = row.shift.and_then(Rollout::share) {
        let mark = if estimate { glyphs.estimate } else { "" };
        if row.shift.is_some_and(|shift| shift.old.is_some()) {
            cell = cell.and(format!("old {mark}{:.0} ", 100.0 - new), Role::Old);
        }
        cell = cell.and(format!("new {mark}{new:.0}  "), Role::New);
    }
    let troubled = |on: &&Dependency| row.troubled.contains(&on.name.as_str());
    for on in row.service.depends_on.iter().filter(troubled) {
        cell = cell.and(format!("{} {}  ", on.name, glyphs.warn), Role::Warn);
    }
    if let Some(oldest) = oldest.filter(|oldest| *oldest >= 60.0) {
        let age = units::age(Duration::from_secs(oldest as u64));
        cell = cell.and(format!("oldest message {age}  "), Role::Text);
    }
    for on in row.service.depends_on.iter().filter(|on| !troubled(on)) {
        cell = cell.and(format!("{}  ", on.name), Role::Dim);
    }
    cell
}
