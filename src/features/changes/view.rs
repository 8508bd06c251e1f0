//! Drawing Changes: what was asked, how far it was read, and one line per change. The opened event is in
//! `detail.rs`.

use super::extras::{self, Extra};
use super::model::Nature;
use super::pane::ChangesPane;
use super::reach;
use super::rows::{Calls, Order, Row, What};
use crate::app::Action;
use crate::app::pane::{Ctx, Tone};
use crate::features::{Topic, panel};
use crate::text::{cut_end, width};
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::table::{Cell, Column, Row as TableRow, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Below this many columns a list is narrow.
const NARROW: u16 = 100;

pub(super) fn render(pane: &ChangesPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    if let Some(Row { target, what: What::Calls(calls), .. }) = pane.open.and(pane.selected()) {
        super::detail::render(pane, target, calls, area, buf, ctx);
        return;
    }
    let [head, body] = dialog::split_top(area, 1);
    title(pane, head, buf, ctx);
    let body = panel::problems(body, Topic::Trail, buf, ctx);
    let body = how_far(pane, body, buf, ctx);
    let all = ctx.keymap.key(Action::ShowAll);
    let folded = reach::folded(&pane.folded, &all, &ctx.keymap.key(Action::NextPanel));
    let [body, foot] = dialog::split_bottom(body, u16::from(!folded.is_empty()));
    let folded = cut_end(&folded, usize::from(foot.width).saturating_sub(2), ctx.theme.glyphs().ellipsis);
    dialog::lines(foot, &[Line::styled(format!(" {folded}"), ctx.theme.style(Role::Muted))], buf);
    if pane.rows.is_empty() {
        nothing(pane, body, buf, ctx);
        return;
    }
    // Nothing but alarms and rollouts is still nothing that anybody did.
    let read = pane.reaches(ctx).iter().any(|reach| reach.back_to.is_some());
    let body = if read && pane.changes == 0 && pane.filter.is_empty() {
        let text = reach::nothing(pane.subject.as_ref(), ctx.window.range(ctx.now.wall), ctx);
        let lines = [format!(" {text}"), format!(" {}", reach::UNSEEN)];
        let [top, rest] = dialog::split_top(body, 2);
        dialog::lines(top, &lines.map(|line| Line::styled(line, ctx.theme.style(Role::Dim))), buf);
        rest
    } else {
        body
    };
    table(pane, body, buf, ctx);
}

fn title(pane: &ChangesPane, head: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let mut about = match &pane.subject {
        None => "of the whole account".to_owned(),
        Some(subject @ super::Subject::Service(_)) => {
            format!("of {}, what it depends on and what calls it", subject.words())
        }
        Some(subject) if subject.is_somebody() => {
            format!("by {} in {}", subject.words(), reach::regions(&pane.reaches(ctx)))
        }
        Some(subject) => format!("of {}", subject.words()),
    };
    if pane.account && pane.subject.is_some() {
        about = format!("{about}, and all others");
    }
    if !pane.filter.is_empty() {
        about = format!("{about} · /{}", pane.filter);
    }
    match pane.order {
        Order::Time => {}
        Order::Who => about.push_str(" · by who"),
        Order::Thing => about.push_str(" · by thing"),
    }
    match (&pane.target, &pane.subject) {
        (Some(target), Some(_)) => {
            panel::title_one(head, "CHANGES", &about, Role::Dim, target, Topic::Trail, buf, ctx);
        }
        _ => panel::title(head, "CHANGES", &about, Topic::Trail, buf, ctx),
    }
}

/// The lines that say what the list rests on.
fn how_far(pane: &ChangesPane, body: Rect, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    let reaches = pane.reaches(ctx);
    let range = ctx.window.range(ctx.now.wall);
    let text = reach::line(&reaches, range, ctx);
    let short = width(&text) < usize::from(body.width);
    let parts: Vec<&str> = if short { vec![text.as_str()] } else { text.split("; ").collect() };
    let mut lines: Vec<Line> =
        parts.iter().map(|part| Line::styled(format!(" {part}"), ctx.theme.style(Role::Dim))).collect();
    let limits = reach::limits(pane.subject.as_ref()).map(|text| format!(" {text}"));
    lines.extend(limits.map(|text| {
        let room = usize::from(body.width).saturating_sub(1);
        let text = cut_end(&text, room, ctx.theme.glyphs().ellipsis).into_owned();
        Line::styled(text, ctx.theme.style(Role::Dim))
    }));
    let warn = ctx.theme.glyphs().warn;
    let problems = reach::problems(&reaches).into_iter().take(4);
    lines.extend(problems.map(|text| Line::styled(format!(" {warn} {text}"), ctx.theme.style(Role::Warn))));
    let dropped: u64 = ctx.store.active_targets().map(|(_, target)| target.trail.dropped).sum();
    if dropped > 0 {
        let text = format!(" {} older events were dropped for room", crate::text::units::grouped(dropped));
        lines.push(Line::styled(text, ctx.theme.style(Role::Warn)));
    }
    let [top, rest] = dialog::split_top(body, lines.len() as u16);
    dialog::lines(top, &lines, buf);
    rest
}

fn nothing(pane: &ChangesPane, body: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let reaches = pane.reaches(ctx);
    let unread = reaches.iter().all(|reach| reach.back_to.is_none());
    let text = if reaches.is_empty() || unread {
        panel::no_answer(Topic::Trail, ctx)
    } else if !pane.filter.is_empty() {
        format!("nothing matches /{} · Esc clears it", pane.filter)
    } else {
        reach::nothing(pane.subject.as_ref(), ctx.window.range(ctx.now.wall), ctx)
    };
    let mut lines = vec![Line::default(), Line::styled(format!(" {text}"), ctx.theme.style(Role::Text))];
    if !unread && !reaches.is_empty() {
        lines.push(Line::styled(format!(" {}", reach::UNSEEN), ctx.theme.style(Role::Dim)));
    }
    dialog::lines(body, &lines, buf);
}

fn table(pane: &ChangesPane, body: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let zone = ctx.zone.name(ctx.now.wall);
    let wide = if spans_days(pane, ctx) { 15 } else { 8 };
    // Where there is little room, what was done and to what stand together, and who did it gives way.
    let narrow = body.width < NARROW;
    // Of somebody's doings it is known who did them, and matters where.
    let somebody = pane.subject.as_ref().is_some_and(super::Subject::is_somebody);
    let source = match (somebody, narrow) {
        (true, _) => 18,
        (false, true) => 0,
        (false, false) => 8,
    };
    let columns = [
        Column::new(&zone, wide + 2),
        Column::new("target", if ctx.many_targets() { 8 } else { 0 }).priority(6),
        Column::new("who", if somebody { 0 } else { 14 }).flex(1).priority(4),
        Column::new("what", 20).flex(if narrow { 3 } else { 1 }),
        Column::new("on what", if narrow { 0 } else { 13 }).flex(1),
        Column::new("", 15).flex(if narrow { 4 } else { 5 }).priority(3),
        Column::new("source", source).priority(5),
    ];
    let keep: Vec<bool> = columns.iter().map(|column| column.min > 0).collect();
    let columns: Vec<Column> = columns.into_iter().filter(|column| column.min > 0).collect();
    let table = Table::new(&columns, pane.rows.len(), pane.at_row());
    table.render(body, buf, ctx.theme, &pane.list_top, |index| {
        let mut cells = pane.rows.get(index).map(|row| cells(row, ctx)).unwrap_or_default();
        if narrow && let [_, _, _, what, on, ..] = cells.as_mut_slice() {
            what.spans.push((" ".into(), Role::Text));
            what.spans.append(&mut on.spans);
        }
        let mut keep = keep.iter();
        cells.retain(|_| keep.next().copied().unwrap_or(true));
        TableRow { cells }
    });
}

/// Whether the list needs days beside its times.
fn spans_days(pane: &ChangesPane, ctx: &Ctx) -> bool {
    pane.oldest.is_some_and(|at| ctx.zone.near(at, ctx.now.wall).len() > 5)
}

fn cells<'a>(row: &'a Row, ctx: &Ctx) -> Vec<Cell<'a>> {
    let time = || {
        let near = ctx.zone.near(row.at, ctx.now.wall);
        if near.len() > 5 {
            format!("{} {}", ctx.zone.day(row.at), ctx.zone.second(row.at))
        } else {
            ctx.zone.second(row.at)
        }
    };
    let target = Cell::new(row.target.as_str(), Role::Dim);
    match &row.what {
        What::Group(name, count) => vec![
            Cell::default(),
            Cell::default(),
            Cell::default(),
            Cell::new(name.as_str(), Role::Strong),
            Cell::new(format!("{count} {}", if *count == 1 { "row" } else { "rows" }), Role::Dim),
        ],
        What::Calls(calls) => {
            let home = ctx.store.target(&row.target).and_then(|target| target.session.region.as_deref());
            let mut cells = call(calls, home != Some(&*calls.newest.region), ctx);
            cells.insert(0, target);
            cells.insert(0, mark(calls, ctx).and(time(), Role::Dim));
            cells
        }
        What::Extra(extra) => {
            let mut cells = other(extra);
            cells.insert(0, target);
            let role = extra.mood.tone().role();
            cells.insert(0, Cell::new(format!("{} ", glyph(extra, ctx)), role).and(time(), Role::Dim));
            cells
        }
    }
}

/// The sign of a call: refused, scaling of what is in trouble, a change, or neither.
fn mark<'a>(calls: &Calls, ctx: &Ctx) -> Cell<'a> {
    let glyphs = ctx.theme.glyphs();
    let event = &calls.newest;
    if event.error.is_some() {
        return Cell::new(format!("{} ", glyphs.missing), Role::Warn);
    }
    match event.nature {
        _ if calls.affects => Cell::new(format!("{} ", glyphs.warn), Role::Warn),
        Nature::Change => Cell::new(format!("{} ", glyphs.stage[0]), Role::Info),
        Nature::Scaling | Nature::Noise | Nature::Read => Cell::new("  ", Role::Muted),
    }
}

fn call<'a>(calls: &'a Calls, away: bool, ctx: &Ctx) -> Vec<Cell<'a>> {
    let event = &calls.newest;
    let role = match event.nature {
        Nature::Change => Role::Text,
        _ if calls.affects => Role::Text,
        _ => Role::Muted,
    };
    let strong = if role == Role::Text { Role::Strong } else { Role::Muted };
    let mut who = Cell::new(event.who.words(), role);
    let session = event.who.session.as_deref().filter(|session| **session != *event.who.name);
    // What AWS calls its own sessions says nothing more.
    if let Some(session) = session.filter(|_| !event.who.is_aws()) {
        who = who.and(format!(" {session}"), Role::Dim);
    }
    let mut what = Cell::new(&*event.name, strong);
    if calls.count > 1 {
        let times = if ctx.theme.ascii { "x" } else { "×" };
        what = what.and(format!(" {times}{}", calls.count), role);
    }
    let mut on = Cell::new(&*event.on, role);
    for other in &calls.others {
        on = on.and(format!(" {other}"), Role::Dim);
    }
    let words = match &event.error {
        Some(error) => Cell::new(format!("refused: {error}"), Role::Warn),
        None => Cell::new(&*event.what, role),
    };
    let source = Cell::new(&*event.service, Role::Dim);
    let source = if away { source.and(format!(" {}", event.region), Role::Dim) } else { source };
    vec![who, what, on, words, source]
}

fn other(extra: &Extra) -> Vec<Cell<'_>> {
    let role = match extra.mood.tone() {
        Tone::Info => Role::Text,
        tone => tone.role(),
    };
    let kind = extra.kind.word().to_uppercase();
    let service = extra.service.as_deref().unwrap_or_default();
    vec![
        Cell::new("", Role::Dim),
        Cell::new(kind, role),
        Cell::new(
            if extra.kind == extras::Kind::Rollout { service } else { extra.name.as_str() },
            Role::Strong,
        ),
        Cell::new(extra.text.as_str(), Role::Text),
        Cell::new("", Role::Dim),
    ]
}

fn glyph(extra: &Extra, ctx: &Ctx) -> &'static str {
    let glyphs = ctx.theme.glyphs();
    match extra.mood.tone() {
        Tone::Bad => glyphs.bad,
        Tone::Warn => glyphs.warn,
        Tone::Ok => glyphs.ok,
        Tone::Info => glyphs.stage[1],
    }
}
