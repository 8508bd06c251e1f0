//! Drawing Overview: NOW, SERVICES, and the timeline where there is room for it.
//!
//! Nothing here changes from one second to the next by itself: ages and countdowns move in steps, so that
//! a screen on which nothing happens sends nothing.

use super::board::{Item, Storm, Thing};
use super::pane::{OverviewPane, Row, Shown};
use super::services::ServiceRow;
use super::timeline::timeline;
use super::{axis, traffic::Bucket};
use crate::app::pane::{Ctx, Tone};
use crate::features::alarms::{Alarm, AlarmState};
use crate::features::rollouts::Rollout;
use crate::features::rollouts::stages::Next;
use crate::features::{Topic, panel};
use crate::service::Dependency;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::sparkline::{spark_between, spark_trend};
use crate::widgets::table::{Cell, Column, Row as TableRow, Table};
use jiff::{SignedDuration, Timestamp};
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
const TIMELINE: u16 = 6;
/// Lines of SERVICES that it does not go below: empty line, title, columns, two services.
const SERVICES: u16 = 5;

pub(super) fn render(pane: &OverviewPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let shown = pane.shown(ctx);
    let fold = u16::from(shown.folds());
    let problems = panel::count(Topic::Alarms, ctx) + panel::count(Topic::Rollouts, ctx);
    let wanted = 1 + problems + (shown.rows.len().clamp(1, 500) as u16) + fold;
    let most = NOW_LOW.max(area.height / 2);
    let [now, rest] = dialog::split_top(area, wanted.min(most));
    let axis_height = if rest.height >= TIMELINE + SERVICES { TIMELINE } else { 0 };
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
    let shifts = if known { "no rollout in flight" } else { "rollouts are not read yet" };
    let alarms = if ok == 1 { "alarm" } else { "alarms" };
    let text = format!(" {} nothing is broken · {ok} {alarms} OK · {shifts}", glyphs.ok);
    Line::styled(text, ctx.theme.style(Role::Ok))
}

fn now_row<'a>(row: &Row<'a>, ctx: &Ctx<'a>) -> TableRow<'a> {
    let glyphs = ctx.theme.glyphs();
    let item = match row {
        Row::Item(item) => item,
        Row::Gone(thing) => return gone(thing, ctx),
    };
    let role = item.tone().role();
    let glyph = match item.tone() {
        Tone::Bad => glyphs.bad,
        Tone::Warn => glyphs.warn,
        Tone::Ok => glyphs.ok,
        Tone::Info => glyphs.stage[0],
    };
    let kind = |word: String| Cell::new(format!("{glyph} "), role).and(word, role);
    let (target, mut cells) = match item {
        Item::Rollout(id, shift, _) => (
            id,
            vec![
                kind("ROLLOUT".into()),
                Cell::new(shift.name.service.as_str(), Role::Strong),
                rollout_facts(shift, ctx),
                age(shift.started_at, ctx),
            ],
        ),
        Item::Alarm(id, alarm, _) => (
            id,
            vec![
                kind("ALARM".into()),
                Cell::new(alarm.name.as_str(), Role::Strong),
                alarm_facts(alarm, id, ctx),
                age(alarm.since, ctx),
            ],
        ),
        Item::Storm(storm) => (
            &storm.target,
            vec![
                kind(format!("{} ALARMS", storm.count)),
                Cell::new(storm_services(storm), Role::Strong),
                storm_facts(storm, ctx),
                age(storm.first.since, ctx),
            ],
        ),
    };
    if ctx.many_targets() {
        cells.insert(2, Cell::new(target.as_str(), Role::Dim));
    }
    TableRow { cells }
}

fn gone<'a>(thing: &Thing, ctx: &Ctx) -> TableRow<'a> {
    let name = match thing {
        Thing::Rollout(_, name) => name.service.clone(),
        Thing::Alarm(_, name) | Thing::Storm(_, name) | Thing::Service(_, name) => name.clone(),
        Thing::Folded => String::new(),
    };
    let kind = Cell::new(format!("{} over", ctx.theme.glyphs().ok), Role::Ok);
    TableRow { cells: vec![kind, Cell::new(name, Role::Dim)] }
}

fn age<'a>(since: Option<Timestamp>, ctx: &Ctx) -> Cell<'a> {
    let age = since.map(|at| Duration::try_from(ctx.now.wall.duration_since(at)).unwrap_or_default());
    // Seconds would repaint a row that says nothing new.
    let text = units::or_missing(age, ctx.theme.glyphs().missing, |age| {
        if age < Duration::from_mins(1) { "<1m".to_owned() } else { units::age(age) }
    });
    Cell::new(text, Role::Text)
}

fn rollout_facts<'a>(shift: &Rollout, ctx: &Ctx) -> Cell<'a> {
    let now = stepped(shift, ctx.now.wall);
    let mut cell = Cell::new(format!("{} {}, ", shift.strategy.label(), shift.stage_words()), Role::Text)
        .and(shift.next_words(now), Role::Text);
    let triggered = shift.alarms.triggered.len();
    if triggered > 0 {
        let plural = if triggered == 1 { "alarm" } else { "alarms" };
        cell = cell.and(format!("   {triggered} {plural} triggered"), Role::Bad);
    }
    let itself = if shift.by_itself().yes { "yes" } else { "no" };
    cell.and(format!("   rolls back itself: {itself}"), Role::Dim)
}

/// A time at which the countdown to the next step shows whole half minutes, and whole ten seconds below one.
fn stepped(shift: &Rollout, now: Timestamp) -> Timestamp {
    let due = match shift.next() {
        Next::Shift(_, Some(due)) | Next::CleanUp(Some(due)) => due.at,
        _ => return now,
    };
    let left = due.duration_since(now).as_secs();
    let step = if left >= 60 { 30 } else { 10 };
    let shown = SignedDuration::from_secs((left + step - 1).div_euclid(step) * step);
    due.checked_sub(shown).unwrap_or(now)
}

fn alarm_facts<'a>(alarm: &'a Alarm, target: &crate::aws::TargetId, ctx: &Ctx<'a>) -> Cell<'a> {
    let condition = alarm.condition();
    let first = alarm.reason.lines().next().unwrap_or_default();
    let mut cell = if alarm.threshold.is_some() {
        Cell::new(condition, Role::Text)
    } else {
        Cell::new(first, Role::Text)
    };
    if let Some((m, n)) = alarm.datapoints {
        cell = cell.and(format!("   {m} of {n} points"), Role::Dim);
    }
    let owner = ctx.store.target(target).and_then(|it| it.derived.services.of_alarm(&alarm.name).next());
    if let Some(on) = owner.as_ref().and_then(|owner| owner.dependency) {
        let service = owner.map(|owner| owner.service.name.as_str()).unwrap_or_default();
        cell = cell.and(format!("   {} of {service}", on.name), Role::Dim);
    }
    cell
}

/// `orders cart +3`
fn storm_services(storm: &Storm) -> String {
    let mut text = storm.services.iter().take(2).cloned().collect::<Vec<_>>().join(" ");
    match storm.services.len() {
        0 => storm.first.name.clone_into(&mut text),
        1 | 2 => {}
        n => text = format!("{text} +{}", n - 2),
    }
    text
}

fn storm_facts<'a>(storm: &Storm<'a>, ctx: &Ctx) -> Cell<'a> {
    let since = storm.first.since.map(|at| ctx.zone.near(at, ctx.now.wall));
    let since = since.map(|at| format!("since {at} · ")).unwrap_or_default();
    Cell::new(since, Role::Text).and("first ", Role::Dim).and(storm.first.name.as_str(), Role::Text)
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

fn service_row<'a>(row: &ServiceRow<'a>, ctx: &Ctx) -> Vec<Cell<'a>> {
    let glyphs = ctx.theme.glyphs();
    let (glyph, role) = match row.tone {
        Some(Tone::Bad) => (glyphs.bad, Role::Bad),
        Some(Tone::Warn) => (glyphs.warn, Role::Warn),
        Some(Tone::Info) => (glyphs.stage[0], Role::Info),
        Some(Tone::Ok) => (glyphs.ok, Role::Ok),
        None => (glyphs.missing, Role::Muted),
    };
    let range = ctx.window.range(ctx.now.wall);
    let line = |value: fn(&Bucket) -> Option<f64>, width: usize| {
        let values = row.traffic.map(|(list, traffic)| traffic.values(range, list.period, value));
        Cell::new(spark_trend(&values.unwrap_or_default(), width, glyphs), Role::Dim)
    };
    let percent = row.traffic.map(|(list, traffic)| traffic.values(range, list.period, Bucket::percent));
    let percent = percent.unwrap_or_default();
    let most = percent.iter().flatten().copied().fold(FULL_ERRORS, f64::max);
    let errors = Cell::new(spark_between(&percent, 8, 0.0, most, glyphs), Role::Dim);
    let last = row.traffic.and_then(|(list, traffic)| Some((list, traffic.last()?)));
    let number = |value: Option<f64>, write: fn(f64) -> String| {
        let role = if value.is_some() { Role::Text } else { Role::Dim };
        Cell::new(units::or_missing(value, glyphs.missing, write), role)
    };
    let rate = last.and_then(|(list, bucket)| Some(list.per_minute(bucket.requests?)));
    let tasks = match row.tasks {
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
        depends(row, ctx),
    ]
}

/// The split while it shifts, the queue's oldest message when it is old, dependencies in trouble, the others.
fn depends<'a>(row: &ServiceRow<'a>, ctx: &Ctx) -> Cell<'a> {
    let glyphs = ctx.theme.glyphs();
    let mut cell = Cell::default();
    if let Some((new, estimate)) = row.shift.and_then(Rollout::share) {
        let mark = if estimate { glyphs.estimate } else { "" };
        cell = cell.and(format!("old {mark}{:.0} ", 100.0 - new), Role::Old);
        cell = cell.and(format!("new {mark}{new:.0}  "), Role::New);
    }
    let troubled = |on: &&Dependency| row.troubled.contains(&on.name.as_str());
    for on in row.service.depends_on.iter().filter(troubled) {
        cell = cell.and(format!("{} {}  ", on.name, glyphs.warn), Role::Warn);
    }
    if let Some(oldest) = row.traffic.and_then(|(_, traffic)| traffic.oldest).filter(|oldest| *oldest >= 60.0)
    {
        let age = units::age(Duration::from_secs(oldest as u64));
        cell = cell.and(format!("oldest message {age}  "), Role::Text);
    }
    for on in row.service.depends_on.iter().filter(|on| !troubled(on)) {
        cell = cell.and(format!("{}  ", on.name), Role::Dim);
    }
    cell
}
