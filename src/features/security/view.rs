//! Drawing the list of findings. One opened finding is drawn by `detail_view.rs`.

use super::arrange::Row;
use super::model::{Coverage, Finding, FindingList, Level, RegionState};
use super::pane::{SecurityPane, finding, lists};
use super::{detail_view, phrase};
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::{Topic, panel};
use crate::text::{cut_end, units};
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::table::{Cell, Column, Row as TableRow, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::collections::BTreeMap;
use std::time::Duration;

/// Lines that say how regions stand, at most.
const MAX_NOTES: usize = 4;

/// From this height on there is room to tell how GuardDuty is set up.
const ROOMY: u16 = 28;

pub(super) fn render(pane: &SecurityPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    match &pane.open {
        Some(key) => detail_view::render(pane, key, area, buf, ctx),
        None => list(pane, area, buf, ctx),
    }
}

/// Glyph, word and role of a level.
pub(super) fn level(level: Level, ctx: &Ctx) -> (&'static str, &'static str, Role) {
    let glyphs = ctx.theme.glyphs();
    match level {
        Level::Critical | Level::High => (glyphs.bad, level.word(), Role::Bad),
        Level::Medium => (glyphs.warn, level.word(), Role::Warn),
        Level::Low => (glyphs.stage[1], level.word(), Role::Muted),
    }
}

/// The number as GuardDuty has it: `8.0`.
pub(super) fn severity(severity: Option<f64>, missing: &str) -> String {
    units::or_missing(severity, missing, |number| format!("{number:.1}"))
}

/// In steps of a minute: seconds would repaint a row that says nothing new.
pub(super) fn age(age: Duration) -> String {
    if age < Duration::from_mins(1) { "<1m".to_owned() } else { units::age(age) }
}

fn list(pane: &SecurityPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let lists: Vec<_> = lists(ctx).collect();
    let [head, body] = dialog::split_top(area, 1);
    panel::title(head, "FINDINGS", &summary(pane, &lists), Topic::Findings, buf, ctx);
    let body = panel::problems(body, Topic::Findings, buf, ctx);
    let notes = notes(&lists, area, ctx);
    let room = body.height.saturating_sub(3).min(MAX_NOTES as u16);
    let [top, body] = dialog::split_top(body, (notes.len() as u16).min(room));
    dialog::lines(top, &notes, buf);
    if pane.places.is_empty() {
        let line = Line::styled(format!(" {}", nothing(pane, &lists, ctx)), ctx.theme.style(Role::Dim));
        dialog::lines(body, &[line], buf);
        return;
    }
    let regions: usize = lists.iter().map(|(_, list)| list.regions.len()).max().unwrap_or_default();
    let width = |wanted: bool, width: u16| if wanted { width } else { 0 };
    let columns = [
        Column::new("severity", 8),
        Column::new("type", 30).flex(5),
        Column::new("target", width(ctx.many_targets(), 10)).priority(6),
        Column::new("account", width(pane.foreign, 12)).priority(5),
        Column::new("region", width(regions > 1, 14)).priority(4),
        Column::new("on", 14).flex(2),
        Column::new("from", 15).priority(3),
        Column::new("events", 6).right().priority(2),
        Column::new("last", 5).right(),
    ];
    let keep: Vec<bool> = columns.iter().map(|column| column.min > 0).collect();
    let columns: Vec<Column> = columns.into_iter().filter(|column| column.min > 0).collect();
    // The cursor counts findings, the table rows: headings stand between them.
    let selected = pane.at(&lists).and_then(|nth| pane.places.get(nth)).map(|row| *row as usize);
    let table = Table::new(&columns, pane.rows.len(), selected);
    table.render(body, buf, ctx.theme, &pane.list_top, |index| {
        let Some(row) = pane.rows.get(index) else { return TableRow::default() };
        let mut cells = match row {
            Row::Group { label, count, worst } => group(label, *count, *worst, ctx),
            Row::Finding(..) => finding(row, &lists).map(|(id, it)| cells(id, it, ctx)).unwrap_or_default(),
        };
        let mut keep = keep.iter();
        cells.retain(|_| keep.next().copied().unwrap_or(true));
        TableRow { cells }
    });
}

/// `2 critical · 3 high · by type`
fn summary(pane: &SecurityPane, lists: &[(&TargetId, &FindingList)]) -> String {
    let mut parts: Vec<String> = Level::ALL
        .iter()
        .zip(pane.counts)
        .filter(|(_, count)| *count > 0)
        .map(|(level, count)| format!("{count} {}", level.word().to_lowercase()))
        .collect();
    if !lists.is_empty() {
        parts.push(pane.wanted.grouping.word().to_owned());
    }
    if pane.wanted.high_only {
        parts.push("high and above only".to_owned());
    }
    if !pane.wanted.filter.is_empty() {
        parts.push(format!("/{}", pane.wanted.filter));
    }
    parts.join(" · ")
}

/// What keeps the list from being whole, most important first.
fn notes<'a>(lists: &[(&TargetId, &FindingList)], area: Rect, ctx: &Ctx) -> Vec<Line<'a>> {
    let glyphs = ctx.theme.glyphs();
    let width = usize::from(area.width);
    let mut quiet: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut notes: Vec<(u8, String, Role)> = Vec::new();
    for (id, list) in lists {
        let whose = if ctx.many_targets() { format!("{id}: ") } else { String::new() };
        for state in &list.regions {
            let place = format!("{whose}{}", state.region);
            let mut note = |rank: u8, text: String, role: Role| notes.push((rank, text, role));
            match &state.coverage {
                Coverage::Failed(why) => {
                    note(0, format!("{} {place} could not be read: {why}", glyphs.warn), Role::Warn);
                }
                Coverage::Off => {
                    note(1, format!("{} GuardDuty is not enabled in {place}", glyphs.missing), Role::Warn);
                }
                Coverage::Suspended => {
                    note(
                        1,
                        format!("{} GuardDuty is suspended in {place}: nothing new is found", glyphs.warn),
                        Role::Warn,
                    );
                }
                Coverage::On => {}
            }
            if state.reading {
                note(2, format!("{} {place}: still reading, worst first", glyphs.waiting), Role::Dim);
            }
            for text in quiet_notes(state) {
                quiet.entry(text).or_default().push(place.clone());
            }
        }
        if list.dropped > 0 {
            let text = format!(
                "{} {whose}{} more findings were dropped for room: the mildest",
                glyphs.warn, list.dropped
            );
            notes.push((3, text, Role::Warn));
        }
    }
    // How things are set up is told where there is room for it.
    let quiet = quiet.into_iter().filter(|_| area.height >= ROOMY);
    notes.extend(quiet.map(|(text, places)| (4, format!("  {}: {text}", places.join(", ")), Role::Dim)));
    notes.sort_by_key(|(rank, ..)| *rank);
    let line = |(_, text, role): &(u8, String, Role)| {
        let text = cut_end(text, width.saturating_sub(2), glyphs.ellipsis).into_owned();
        Line::styled(format!(" {text}"), ctx.theme.style(*role))
    };
    notes.iter().take(MAX_NOTES).map(line).collect()
}

fn quiet_notes(state: &RegionState) -> Vec<String> {
    let administrator = state.administrator.as_ref().map(|account| {
        format!("account {account} administers GuardDuty here: archiving and settings are its own")
    });
    let off = (!state.features_off.is_empty()).then(|| {
        let names: Vec<String> = state.features_off.iter().map(|name| phrase::words(name)).collect();
        format!("not watched: {}", names.join(", "))
    });
    administrator.into_iter().chain(state.note.clone()).chain(off).collect()
}

/// Why the list is empty, and what next.
fn nothing(pane: &SecurityPane, lists: &[(&TargetId, &FindingList)], ctx: &Ctx) -> String {
    let all: usize = lists.iter().map(|(_, list)| list.findings.len()).sum();
    if lists.is_empty() {
        return panel::no_answer(Topic::Findings, ctx);
    }
    if !pane.wanted.filter.is_empty() {
        return format!("nothing matches /{} · Esc clears it", pane.wanted.filter);
    }
    if all > 0 {
        return format!("no finding is high or critical · {all} others · . shows all");
    }
    let regions = || lists.iter().flat_map(|(_, list)| &list.regions);
    let on = regions().filter(|region| region.coverage == Coverage::On).count();
    match (on, regions().any(|region| region.reading)) {
        (_, true) => format!("{} nothing read yet", ctx.theme.glyphs().waiting),
        (0, _) => "nothing is known: GuardDuty finds nothing where it is not at work".to_owned(),
        (1, _) => "no finding that is not archived".to_owned(),
        (on, _) => format!("no finding that is not archived in {on} regions"),
    }
}

fn group<'a>(label: &'a str, count: usize, worst: Level, ctx: &Ctx) -> Vec<Cell<'a>> {
    let (glyph, _, role) = level(worst, ctx);
    let label = if label.is_empty() { ctx.theme.glyphs().missing } else { label };

    if label == worst.word() {
        vec![Cell::new(label.to_uppercase(), Role::Strong), Cell::new(count.to_string(), Role::Dim)]
    } else {
        let count = Cell::new(format!("{glyph} "), role).and(count.to_string(), Role::Dim);
        vec![count, Cell::new(label, Role::Strong)]
    }
}

fn cells<'a>(target: &'a TargetId, finding: &'a Finding, ctx: &Ctx) -> Vec<Cell<'a>> {
    let glyphs = ctx.theme.glyphs();
    let old = finding.old(ctx.now);
    let (glyph, _, role) = level(finding.level(), ctx);
    let (role, text) = if old { (Role::Muted, Role::Muted) } else { (role, Role::Text) };
    let number = severity(finding.severity, glyphs.missing);
    let from = match finding.addresses.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    };
    let events = units::or_missing(finding.count, glyphs.missing, |count| units::count(count as f64));
    vec![
        Cell::new(format!(" {glyph} {number}"), role),
        Cell::new(finding.kind.as_str(), text),
        Cell::new(target.as_str(), Role::Dim),
        Cell::new(finding.account.as_str(), Role::Dim),
        Cell::new(finding.region.as_str(), Role::Dim),
        Cell::new(finding.on(), text),
        Cell::new(from, Role::Dim),
        Cell::new(events, Role::Dim),
        Cell::new(units::or_missing(finding.age(ctx.now), glyphs.missing, age), text),
    ]
}
