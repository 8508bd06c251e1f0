//! Drawing the services of the map: how each does, and the calls of the one under the cursor.

use super::detail;
use super::graph::{Counts, Graph, GraphService};
use super::pane::{ServiceRow, TracesPane, service_key};
use crate::app::pane::Ctx;
use crate::features::{Topic, panel};
use crate::text::{pad_left, pad_right, units, width};
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::table::{Cell, Column, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Lines of the calls of one service, at most.
const MAX_CALLS: usize = 8;

pub(super) fn render(pane: &TracesPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let rows = TracesPane::service_rows(ctx);
    let [head, rest] = dialog::split_top(area, 1);
    panel::title(head, "SERVICES", &about(&rows, ctx), Topic::ServiceGraph, buf, ctx);
    let rest = panel::problems(rest, Topic::ServiceGraph, buf, ctx);
    if rows.is_empty() {
        let known = ctx.store.active_targets().any(|(_, target)| target.graph.is_some());
        let text = if known {
            "no service was traced in this time · Z longer window".to_owned()
        } else {
            panel::no_answer(Topic::ServiceGraph, ctx)
        };
        dialog::lines(rest, &[Line::styled(format!(" {text}"), ctx.theme.style(Role::Dim))], buf);
        return;
    }
    let calls = pane.selected_service(ctx).map(|row| calls(row, ctx)).unwrap_or_default();
    let room = if calls.len() > 1 { (rest.height / 2).min(calls.len() as u16 + 1) } else { 0 };
    let [top, bottom] = dialog::split_top(rest, (rest.height - room).min(rows.len() as u16 + 1));
    table(pane, &rows, top, buf, ctx);
    dialog::lines(dialog::split_top(bottom, 1)[1], &calls, buf);
}

fn about(rows: &[ServiceRow], ctx: &Ctx) -> String {
    let graphs: Vec<&Graph> = ctx.store.active_targets().filter_map(|(_, it)| it.graph.as_ref()).collect();
    let Some(from) = graphs.iter().map(|graph| graph.from).min() else { return String::new() };
    let to = graphs.iter().map(|graph| graph.to).max().unwrap_or(from);
    let troubled = graphs.iter().map(|graph| graph.troubled().count()).sum::<usize>();
    let time = |at| ctx.zone.near(at, ctx.now.wall);
    let mut text = format!("{}, {troubled} in trouble · {} to {}", rows.len(), time(from), time(to));
    if graphs.iter().any(|graph| graph.cut) {
        text.push_str(" · not all pages were read");
    }
    text.push_str(" · counts of traced requests");
    text
}

fn table(pane: &TracesPane, rows: &[ServiceRow], area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let mut columns = vec![
        Column::new("state", 16),
        Column::new("service", 16).flex(3),
        Column::new("type", 8).priority(4),
        Column::new("req/min", 8).right().priority(1),
        Column::new("p50", 8).right().priority(2),
        Column::new("p99", 8).right(),
        Column::new("called by", 12).flex(2).priority(5),
        Column::new("calls", 12).flex(3).priority(3),
    ];
    if ctx.many_targets() {
        columns.push(Column::new("target", 10).priority(6));
    }
    let keys: Vec<_> = rows.iter().map(service_key).collect();
    let table = Table::new(&columns, rows.len(), pane.services.index(&keys));
    table.render(area, buf, ctx.theme, &pane.services_top, |index| {
        rows.get(index).map_or_else(Row::default, |row| service(row, ctx))
    });
}

fn service<'a>((id, place, service): &ServiceRow<'a>, ctx: &Ctx<'a>) -> Row<'a> {
    let missing = ctx.theme.glyphs().missing;
    let store = ctx.store;
    let graph = store.target(id).and_then(|target| target.graph.as_ref());
    let (text, role) = how(service.counts, ctx);
    let latency = |share| units::or_missing(service.percentile(share), missing, units::latency);
    let minutes = graph.map_or(1.0, Graph::minutes);
    let callers = graph.map(|graph| graph.callers(*place).join(" ")).unwrap_or_default();
    let called = |to: usize| Some(graph?.services.get(to)?.name.as_str());
    let calls: Vec<&str> = service.calls.iter().filter_map(|edge| called(edge.to)).collect();
    let mut cells = vec![
        Cell::new(text, role),
        Cell::new(service.name.as_str(), Role::Text),
        Cell::new(kind(service), Role::Dim),
        Cell::new(rate(service.counts, minutes), Role::Text),
        Cell::new(latency(0.5), Role::Text),
        Cell::new(latency(0.99), Role::Text),
        Cell::new(callers, Role::Dim),
        Cell::new(calls.join(" "), Role::Dim),
    ];
    if ctx.many_targets() {
        cells.push(Cell::new(id.as_str(), Role::Dim));
    }
    Row { cells }
}

/// How requests went: what weighs most, with its share; what is fine needs none.
fn how(counts: Counts, ctx: &Ctx) -> (String, Role) {
    let glyphs = ctx.theme.glyphs();
    match counts.outcome() {
        None => (format!("{} no requests", glyphs.missing), Role::Muted),
        Some((status, share)) => {
            let (glyph, word, role) = detail::status(status, glyphs);
            // A share too small to worry about is still said: a long window thins out what just began.
            let faults = 100.0 * counts.faults as f64 / counts.total as f64;
            let share = if status.failed() {
                format!(" {}", units::percent(share, 1))
            } else if counts.faults > 0 {
                format!("  {} 5xx", units::percent(faults, 2))
            } else {
                String::new()
            };
            (format!("{glyph} {word}{share}"), role)
        }
    }
}

fn rate(counts: Counts, minutes: f64) -> String {
    units::count(counts.total as f64 / minutes)
}

/// `AWS::ECS::Container` is `ECS`, `Database::SQL` is `SQL`. Lambda has two nodes: its service and the function.
fn kind(service: &GraphService) -> &str {
    let kind = service.kind.as_str();
    if kind == "AWS::Lambda::Function" {
        return "function";
    }
    match kind.strip_prefix("AWS::") {
        Some(rest) => rest.split("::").next().unwrap_or(rest),
        None => kind.strip_prefix("Database::").unwrap_or(kind),
    }
}

/// The calls of a service, one line each, under a heading.
fn calls<'a>((id, place, service): ServiceRow<'a>, ctx: &Ctx<'a>) -> Vec<Line<'a>> {
    let theme = ctx.theme;
    let store = ctx.store;
    let Some(graph) = store.target(id).and_then(|target| target.graph.as_ref()) else { return Vec::new() };
    let heading = vec![
        Span::styled(" CALLS ", theme.style(Role::Strong)),
        Span::styled(format!("of {}", service.name), theme.style(Role::Dim)),
    ];
    let mut lines = vec![Line::from(heading)];
    let to = service.calls.iter().filter_map(|edge| {
        Some(("to", graph.services.get(edge.to)?.name.as_str(), edge.counts, edge.asynchronous))
    });
    let from = graph.services.iter().flat_map(|node| {
        let name = if node.is_client() { "clients" } else { node.name.as_str() };
        let edges = node.calls.iter().filter(move |edge| edge.to == place);
        edges.map(move |edge| ("from", name, edge.counts, edge.asynchronous))
    });
    let all: Vec<_> = from.chain(to).collect();
    let names = all.iter().map(|(_, name, ..)| width(name)).max().unwrap_or(0).min(40);
    for (way, name, counts, asynchronous) in all.iter().take(MAX_CALLS) {
        let (text, role) = how(*counts, ctx);
        let mean = (counts.total > 0).then(|| units::latency(counts.seconds / counts.total as f64));
        let mean = units::or_missing(mean, theme.glyphs().missing, |text| text);
        let rate = format!("{}/min", rate(*counts, graph.minutes()));
        let waits = if *asynchronous { "  not waited for" } else { "" };
        lines.push(Line::from(vec![
            Span::styled(format!("   {way:<5}"), theme.style(Role::Dim)),
            Span::styled(pad_right(name, names), theme.style(Role::Text)),
            Span::styled(format!("  {}", pad_right(&text, 16)), theme.style(role)),
            Span::styled(pad_left(&rate, 12), theme.style(Role::Text)),
            Span::styled(format!("   mean {mean}{waits}"), theme.style(Role::Dim)),
        ]));
    }
    if all.len() > MAX_CALLS {
        lines.push(Line::styled(format!("   and {} more", all.len() - MAX_CALLS), theme.style(Role::Dim)));
    }
    lines
}
