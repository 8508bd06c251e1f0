//! Header, tabs, footer and what lies over them. Everything around a pane is drawn here.

use super::App;
use super::action::{ACTIONS, Action};
use super::help::hidden;
use super::msg::Now;
use super::pane::{Ctx, Tone};
use super::window::{Window, length};
use crate::text::{cut_end, cut_middle, units, width, wrap};
use crate::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Duration;

/// Below this there is no room for a screen.
const MIN: (u16, u16) = (60, 15);

/// Below this width names of tabs are cut to two letters and keys of the footer stand closer.
const NARROW: u16 = 100;

/// Most rows that a warning takes at the bottom.
const NOTICE_ROWS: usize = 3;

/// Credentials that end sooner than this are worth a warning.
const CREDENTIALS_SOON: Duration = Duration::from_mins(10);

pub(super) fn render(app: &App, buf: &mut Buffer, now: Now) {
    let area = buf.area;
    if area.is_empty() {
        return;
    }
    let ctx = app.ctx(now);
    buf.set_style(area, ctx.theme.base());
    if area.width < MIN.0 || area.height < MIN.1 {
        let text = format!("eyewall needs {}x{}, has {}x{}", MIN.0, MIN.1, area.width, area.height);
        buf.set_stringn(area.x, area.y, text, area.width as usize, ctx.theme.style(Role::Warn));
        for overlay in &app.ui.overlays {
            overlay.hidden();
        }
        return;
    }
    let statuses = crate::features::status_lines(&ctx);
    let statuses =
        super::status::rows(&statuses, area.width.saturating_sub(2) as usize, ctx.theme.glyphs().ellipsis);
    header(app, &ctx, row(area, 0), buf);
    tabs(app, &ctx, row(area, 1), buf);
    rule(&ctx, row(area, 2), true, buf);
    let mut top = 3;
    for (tone, text) in &statuses {
        line(row(area, top), &[(text.as_str(), ctx.theme.style(tone.role()))], buf);
        top += 1;
    }
    let notice = notice(app, &ctx, area.width.saturating_sub(2) as usize);
    let mut bottom = area.height - 1 - (notice.len() as u16).max(1);
    rule(&ctx, row(area, bottom), false, buf);
    match notice.as_slice() {
        [] => footer(app, &ctx, row(area, area.height - 1), buf),
        rows => {
            for ((text, style), at) in rows.iter().zip(bottom + 1..) {
                line(row(area, at), &[(text, *style)], buf);
            }
        }
    }
    if let Some(docked) = &app.ui.docked {
        bottom -= 1;
        docked.input.render(row(area, bottom), &docked.edit.label, buf, ctx.theme);
    }
    let body = Rect { y: area.y + top, height: bottom.saturating_sub(top), ..area };
    if let Some(pane) = app.panes.get(app.ui.pane) {
        pane.render(body, buf, &ctx);
    }
    for overlay in &app.ui.overlays {
        overlay.render(area, buf, &ctx);
    }
}

fn row(area: Rect, index: u16) -> Rect {
    Rect { y: area.y + index, height: 1, ..area }
}

/// Writes pieces one after the other and returns where it ended.
fn line(area: Rect, pieces: &[(&str, Style)], buf: &mut Buffer) -> u16 {
    let mut x = area.x + 1;
    for (text, style) in pieces {
        let room = area.right().saturating_sub(x) as usize;
        x = buf.set_stringn(x, area.y, text, room, *style).0;
    }
    x
}

fn header(app: &App, ctx: &Ctx, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let narrow = area.width < NARROW;
    let (text, dim) = (theme.style(Role::Text), theme.style(Role::Dim));
    let badges = ctx.store.header_badges();
    let badges_width: usize = badges.iter().map(|badge| width(badge) + 1).sum();
    let mut right = header_right(app, ctx, narrow);
    let taken =
        |right: &[(String, Option<Style>)]| right.iter().map(|(text, _)| width(text) + 2).sum::<usize>();
    let all = area.width as usize;
    // The identity is what gives way first, then cost, credentials and clock; never a badge or the window.
    while right.len() > 1 && taken(&right) + badges_width + 11 > all {
        right.pop();
    }
    let right_width = taken(&right);
    let room = all.saturating_sub(right_width + badges_width + 11);
    let targets = ctx.store.header(narrow);
    let x = line(area, &[("eyewall  ", theme.style(Role::Accent))], buf);
    let left = cut_end(&targets, room, theme.glyphs().ellipsis);
    let (mut x, _) = buf.set_stringn(x, area.y, left, room, text);
    for badge in badges {
        let style = theme.style(Role::Warn);
        x = buf.set_stringn(x + 1, area.y, badge, area.right().saturating_sub(x + 1) as usize, style).0;
    }
    let mut x = area.right().saturating_sub(right_width as u16);
    for (piece, style) in right {
        x = buf
            .set_stringn(x, area.y, &piece, area.right().saturating_sub(x) as usize, style.unwrap_or(dim))
            .0
            + 2;
    }
}

/// Window, clock, credential time left, cost: right-aligned, so that nothing jumps.
fn header_right(app: &App, ctx: &Ctx, narrow: bool) -> Vec<(String, Option<Style>)> {
    let theme = ctx.theme;
    let wall = ctx.now.wall;
    let window = match ctx.window {
        Window::Live { secs } => (format!("LIVE {}", length(secs)), theme.style(Role::Text)),
        Window::Pinned { start } => {
            (format!("PINNED {} → now", ctx.zone.near(start, wall)), theme.style(Role::Info))
        }
        Window::Frozen { start, end } => (
            format!("FROZEN {} → {}", ctx.zone.near(start, wall), ctx.zone.near(end, wall)),
            theme.style(Role::Warn),
        ),
    };
    let mut pieces = Vec::new();
    if let Some(banner) = &app.ui.banner {
        pieces.push((banner.clone(), Some(theme.style(Role::Warn))));
    }
    pieces.push((window.0, Some(window.1)));
    pieces
        .push((format!("{} {}", ctx.zone.minute(wall), ctx.zone.name(wall)), Some(theme.style(Role::Text))));
    if let Some(left) = ctx.store.credentials_left(ctx.now) {
        let soon = (left < CREDENTIALS_SOON).then(|| theme.style(Role::Warn));
        pieces.push((format!("creds {}", units::age(left)), soon));
    }
    let usd: f64 = ctx.store.usage.values().map(|usage| usage.usd).sum();
    let over = ctx.store.over_budget().then(|| theme.style(Role::Bad));
    if !narrow || usd >= 0.01 || over.is_some() {
        pieces.push((units::dollars(usd), over));
    }
    pieces
}

fn tabs(app: &App, ctx: &Ctx, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let narrow = area.width < NARROW;
    let mut x = area.x + 1;
    for (index, pane) in app.panes.iter().enumerate() {
        let selected = index == app.ui.pane;
        let style = if selected { theme.style(Role::Accent) } else { theme.style(Role::Dim) };
        let number = ACTIONS.iter().filter(|info| info.action.screen().is_some());
        let number = number.zip(1..).find(|(info, _)| info.name == pane.name()).map_or(0, |(_, n)| n);
        let title = pane.title();
        let short: String = title.chars().take(2).collect();
        let text = format!("{number} {}", if narrow { &short } else { title });
        x = put(buf, x, area, &text, style);
        if let Some(badge) = pane.badge(ctx) {
            let glyph = match badge.tone {
                Tone::Bad => theme.glyphs().bad,
                Tone::Warn => theme.glyphs().warn,
                Tone::Ok => theme.glyphs().ok,
                Tone::Info => "",
            };
            let space = if narrow { "" } else { " " };
            x = put(buf, x, area, &format!("{space}{glyph}{}", badge.count), theme.style(badge.tone.role()));
        }
        x += 2;
    }
}

fn put(buf: &mut Buffer, x: u16, area: Rect, text: &str, style: Style) -> u16 {
    buf.set_stringn(x, area.y, text, area.right().saturating_sub(x) as usize, style).0
}

fn rule(ctx: &Ctx, area: Rect, top: bool, buf: &mut Buffer) {
    let theme = ctx.theme;
    let style = match ctx.store.production_color().filter(|_| top) {
        Some(color) => theme.target_style(color),
        None => theme.style(Role::Rule),
    };
    buf.set_stringn(
        area.x,
        area.y,
        theme.glyphs().rule.repeat(area.width as usize),
        area.width as usize,
        style,
    );
}

/// The passing line in the place of the keys: a row, or as many as it takes to say why something was not done.
fn notice(app: &App, ctx: &Ctx, room: usize) -> Vec<(String, Style)> {
    let Some(notice) = app.ui.notices.latest() else { return Vec::new() };
    let most = if notice.tone >= Tone::Warn { NOTICE_ROWS } else { 1 };
    let mut rows = wrap(&notice.text, room);
    if rows.len() > most {
        // The end says as much as the beginning: a name in an address, a reason.
        let rest = if most == 1 { notice.text.clone() } else { rows.split_off(most - 1).join(" ") };
        rows.truncate(most - 1);
        rows.push(cut_middle(&rest, room, ctx.theme.glyphs().ellipsis).into_owned());
    }
    let style = ctx.theme.style(notice.tone.role());
    rows.into_iter().map(|row| (row, style)).collect()
}

fn footer(app: &App, ctx: &Ctx, area: Rect, buf: &mut Buffer) {
    let theme = ctx.theme;
    let pane = app.panes.get(app.ui.pane);
    let mut actions = pane.map(|pane| pane.hints(ctx)).unwrap_or_default();
    actions.retain(|action| !hidden(*action, ctx));
    // The two that lead everywhere are never dropped: they come first in room, last in place.
    let tail: Vec<(String, &str)> =
        [Action::Palette, Action::Help].map(|a| (ctx.keymap.key(a), a.info().label)).into();
    // Where there is little of it, room goes to verbs rather than to space.
    let gap = if area.width < NARROW { 2 } else { 3 };
    let cost = |key: &str, label: &str| width(key) + width(label) + 1 + gap;
    let mut room =
        (area.width as usize).saturating_sub(tail.iter().map(|(k, l)| cost(k, l)).sum::<usize>() + 1);
    let mut shown = Vec::new();
    for action in actions {
        let (key, label) = (ctx.keymap.key(action), action.info().label);
        if key.is_empty() || cost(&key, label) > room {
            continue;
        }
        room -= cost(&key, label);
        shown.push((key, label));
    }
    let mut x = area.x + 1;
    for (key, label) in shown.iter().chain(&tail) {
        x = put(buf, x, area, key, theme.style(Role::Key));
        x = put(buf, x + 1, area, label, theme.style(Role::Dim)) + gap as u16;
    }
}
