//! The screen: the list of dashboards, the board of an opened one, or the widget that has the screen.

use super::{Look, Scene, reading, widget};
use crate::app::Action;
use crate::app::pane::Ctx;
use crate::features::dashboards::about::{About, found};
use crate::features::dashboards::layout::{Spot, layout};
use crate::features::dashboards::model::{Dashboard, Moment, OwnRange, WidgetKind};
use crate::features::dashboards::opened::{Opened, Size, own_window};
use crate::features::dashboards::pane::{DashboardsPane, Order, Row};
use crate::features::dashboards::plan::resolve;
use crate::features::{Topic, panel};
use crate::text::units;
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::table::{Cell, Column, Row as TableRow, Table};
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::time::Duration;

/// Draws the screen.
pub fn render(pane: &DashboardsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    match &pane.open {
        Some(opened) => self::opened(pane, opened, area, buf, ctx),
        None => list(pane, area, buf, ctx),
    }
}

fn opened(pane: &DashboardsPane, opened: &Opened, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let theme = ctx.theme;
    let [head, rest] = dialog::split_top(area, 1);
    let key = &opened.key;
    let Some(found) = found(key, ctx) else {
        panel::title_one(head, &key.name.name, "", Role::Dim, &key.target, Topic::Dashboard, buf, ctx);
        let rest = panel::problems_one(rest, &key.target, Topic::Dashboard, buf, ctx);
        let text = reading(&key.target, Topic::Dashboard, "the dashboard", ctx);
        let line = Line::styled(format!(" {text}"), theme.style(Role::Dim));
        return dialog::lines(rest, &[line], buf);
    };
    let dashboard = match &found.dashboard {
        Ok(dashboard) => dashboard,
        Err(problem) => {
            panel::title_still(head, &key.name.name, buf, ctx);
            let text = format!(" {} cannot be read: {problem}", theme.glyphs().warn);
            return dialog::lines(rest, &[Line::styled(text, theme.style(Role::Warn))], buf);
        }
    };
    let variables = variables(dashboard);
    let lines: Vec<Line> =
        variables.iter().map(|text| Line::styled(format!(" {text}"), theme.style(Role::Dim))).collect();
    let [above, body] = dialog::split_top(rest, lines.len() as u16);
    dialog::lines(above, &lines, buf);
    let body = panel::problems_one(body, &key.target, Topic::DashboardData, buf, ctx);
    let size = Size { width: body.width, height: body.height };
    pane.size.set(size);
    let scene = Scene {
        ctx,
        target: &key.target,
        data: pane.data(ctx),
        crosshair: opened.crosshair,
        hidden: &opened.hidden,
        reach: &pane.reach,
    };
    let zoomed = opened.zoom.zip(opened.focus.and_then(|index| dashboard.widget(index)));
    let about = match zoomed {
        Some(_) => String::new(),
        None => place(opened, dashboard, size, ctx),
    };
    let metrics = dashboard.widgets.iter().any(|widget| matches!(widget.kind, WidgetKind::Metric(_)));
    // Without metrics nothing but alarms is read for a board.
    let topic = if metrics { Topic::DashboardData } else { Topic::Alarms };
    panel::title_one(head, &key.name.name, &about, Role::Dim, &key.target, topic, buf, ctx);
    if let Some((zoom, one)) = zoomed {
        let look = Look::Zoomed { cursor: zoom.cursor, scroll: zoom.scroll, across: zoom.across };
        return widget(one, look, body, buf, &scene);
    }
    if dashboard.widgets.is_empty() {
        let line = Line::styled(" no widgets on this dashboard", theme.style(Role::Dim));
        return dialog::lines(body, &[line], buf);
    }
    let board = layout(dashboard, body.width);
    let top = opened.top.min(board.height.saturating_sub(u32::from(body.height)));
    let current = opened.current(dashboard, size);
    for spot in board.visible(top, body.height) {
        let look = Look::Board { focused: current == Some(spot.widget) };
        if let Some(one) = dashboard.widget(spot.widget) {
            part(spot, top, body, buf, |area, buf| widget(one, look, area, buf, &scene));
        }
    }
}

/// Draws what of a widget is inside of `view`. Cut off at an edge it is drawn elsewhere first; one higher than
/// the screen is drawn into the part of it that is seen.
fn part(spot: &Spot, top: u32, view: Rect, buf: &mut Buffer, draw: impl Fn(Rect, &mut Buffer)) {
    let x = view.x + spot.x;
    let from = spot.y.max(top);
    let to = spot.bottom().min(top + u32::from(view.height));
    let shown = Rect { x, y: view.y + (from - top) as u16, width: spot.width, height: (to - from) as u16 };
    if shown.height == spot.height || spot.height > view.height {
        return draw(shown, buf);
    }
    let whole = Rect { x, y: 0, width: spot.width, height: spot.height };
    let mut aside = Buffer::empty(whole);
    if let Some(cell) = buf.cell((view.x, view.y)) {
        aside.set_style(whole, cell.style());
    }
    draw(whole, &mut aside);
    let skip = (from - spot.y) as u16;
    for (row, y) in (skip..skip + shown.height).zip(shown.y..) {
        for column in whole.left()..whole.right() {
            if let (Some(cell), Some(to)) = (aside.cell((column, row)), buf.cell_mut((column, y))) {
                *to = cell.clone();
            }
        }
    }
}

/// What was chosen for a dashboard's variables, in a line; nothing when it has none.
fn variables(dashboard: &Dashboard) -> Option<String> {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not chosen".into());
    let all: Vec<String> =
        dashboard.variables.iter().map(|var| format!("{}: {}", var.label, value(&var.value))).collect();
    (!all.is_empty()).then(|| all.join("   "))
}

/// Where on a dashboard one is, and for which time it was made when that is not what is shown.
fn place(opened: &Opened, dashboard: &Dashboard, size: Size, ctx: &Ctx) -> String {
    let board = layout(dashboard, size.width);
    let count = dashboard.widgets.len();
    let mut parts = vec![format!("{count} widget{}", if count == 1 { "" } else { "s" })];
    parts.extend(dashboard.range.and_then(|range| made_for(range, ctx)));
    if board.height > u32::from(size.height) {
        let top = opened.top.min(board.height - u32::from(size.height));
        let end = top + u32::from(size.height);
        parts.push(format!("lines {}-{end} of {}", top + 1, board.height));
    }
    if !opened.find.is_empty() {
        parts.push(format!("/{}", opened.find));
    }
    parts.join(" · ")
}

/// For which time it was made, when that is not what is shown, and the key that shows it.
fn made_for(range: OwnRange, ctx: &Ctx) -> Option<String> {
    let now = ctx.now.wall;
    let own = own_window(range, now);
    if own == Some(ctx.window) {
        return None;
    }
    let (start, end) = resolve(range, now);
    if start >= end {
        return None;
    }
    let text = match (range.start, range.end) {
        (Moment::Ago(start), Moment::Ago(end)) => crate::app::window::length(start - end),
        _ => [start, end].map(|at| ctx.zone.day_minute(at)).join("–"),
    };
    let key = own.map(|_| format!(" ({})", ctx.keymap.key(Action::Live))).unwrap_or_default();
    Some(format!("made for {text}{key}"))
}

fn list(pane: &DashboardsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let theme = ctx.theme;
    let rows = pane.rows(ctx);
    let known = ctx.store.active_targets().any(|(_, target)| target.dashboards.is_some());
    let more = ctx.store.active_targets().any(|(_, t)| t.dashboards.as_ref().is_some_and(|list| list.more));
    let mut parts = Vec::new();
    if known || !rows.is_empty() {
        parts.push(format!("{}{}", units::grouped(rows.len() as u64), if more { " and more" } else { "" }));
    }
    if let Some(about) = &pane.about {
        parts.push(format!("about {}", about.service));
    }
    if pane.order == Order::Modified {
        parts.push("last written first".into());
    }
    if !pane.filter.is_empty() {
        parts.push(format!("/{}", pane.filter));
    }
    let [head, body] = dialog::split_top(area, 1);
    panel::title(head, "DASHBOARDS", &parts.join(" · "), Topic::Dashboards, buf, ctx);
    let body = panel::problems(body, Topic::Dashboards, buf, ctx);
    if rows.is_empty() {
        let text = if !known {
            panel::no_answer(Topic::Dashboards, ctx)
        } else if let Some(about) = &pane.about {
            looking_for(about, ctx)
        } else if !pane.filter.is_empty() {
            format!("nothing matches /{} · Esc clears it", pane.filter)
        } else {
            "this account has no dashboards · --dashboard FILE shows one from a file".to_owned()
        };
        let line = Line::styled(format!(" {text}"), theme.style(Role::Dim));
        return dialog::lines(body, &[line], buf);
    }
    let mut columns = vec![Column::new("dashboard", 24).flex(2)];
    if ctx.many_targets() {
        columns.push(Column::new("target", 10).priority(2));
    }
    columns.extend([
        Column::new("from", 12).flex(3).priority(3),
        Column::new("written", 8).right().priority(4),
        Column::new("size", 8).right().priority(5),
    ]);
    let keys: Vec<_> = rows.iter().map(|row| row.key.clone()).collect();
    let table = Table::new(&columns, rows.len(), pane.cursor.index(&keys));
    table.render(body, buf, theme, &pane.list_top, |index| {
        rows.get(index).map_or_else(TableRow::default, |row| self::row(row, ctx))
    });
}

/// Why no dashboard about a service is listed.
fn looking_for(about: &About, ctx: &Ctx) -> String {
    let service = &about.service;
    let list = ctx.store.target(&about.target).and_then(|target| target.dashboards.as_ref());
    if list.is_some_and(About::is_settled) {
        format!("no dashboard is about {service} · [[service]] dashboards in the config · . shows all")
    } else {
        format!("{} looking for dashboards about {service} · . shows all", ctx.theme.glyphs().waiting)
    }
}

fn row<'a>(row: &Row<'a>, ctx: &Ctx) -> TableRow<'a> {
    let theme = ctx.theme;
    let mut cells = vec![Cell::new(row.key.name.name.clone(), Role::Text)];
    if ctx.many_targets() {
        cells.push(Cell::new(row.key.target.as_str().to_owned(), Role::Dim));
    }
    cells.push(match row.file {
        None => Cell::new("account", Role::Dim),
        Some(Ok(path)) => Cell::new("file ", Role::Text).and(path, Role::Dim),
        Some(Err(problem)) => Cell::new(format!("{} {problem}", theme.glyphs().warn), Role::Warn),
    });
    let age =
        |at: Timestamp| units::age(Duration::try_from(ctx.now.wall.duration_since(at)).unwrap_or_default());
    // What a file cannot say is no gap.
    let of_account = |text: String| if row.file.is_some() { String::new() } else { text };
    let missing = theme.glyphs().missing;
    cells.push(Cell::new(of_account(units::or_missing(row.modified, missing, age)), Role::Text));
    let bytes = units::or_missing(row.bytes, missing, |bytes| units::bytes(bytes as f64));
    cells.push(Cell::new(of_account(bytes), Role::Dim));
    TableRow { cells }
}
