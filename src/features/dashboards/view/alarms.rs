//! A grid of alarm states, from the alarms that the target's list holds.

use super::Scene;
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::alarms::{Alarm, AlarmState};
use crate::features::dashboards::model::{AlarmSort, AlarmsWidget};
use crate::text::{cut_end, units};
use crate::theme::Role;
use crate::widgets::paint::{cells, put, put_right};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cmp::Reverse;

/// Cells of a tile, at least, where names are cut.
const LEAST: u16 = 26;

/// An alarm of the grid; unknown ones have only the name in their ARN.
pub struct Tile<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the list says of it.
    pub alarm: Option<&'a Alarm>,
}

/// The alarms of a widget in its order. Those that the target does not list come last.
pub fn tiles<'a>(widget: &'a AlarmsWidget, target: &TargetId, ctx: &Ctx<'a>) -> Vec<Tile<'a>> {
    let list = ctx.store.target(target).and_then(|target| target.alarms.as_ref());
    let known = |arn: &str| {
        list.and_then(|list| list.alarms.iter().map(AsRef::as_ref).find(|alarm: &&Alarm| alarm.arn == arn))
    };
    let name = |arn: &'a str| arn.split_once(":alarm:").map_or(arn, |(_, name)| name);
    let tile = |arn: &'a String| Tile { name: name(arn), alarm: known(arn) };
    let mut tiles: Vec<Tile> = widget.alarms.iter().map(tile).collect();
    let wanted = |alarm: &Alarm| widget.states.is_empty() || widget.states.contains(&alarm.state);
    tiles.retain(|tile| tile.alarm.is_none_or(wanted));
    match widget.sort {
        AlarmSort::Name => tiles.sort_by_key(|tile| (tile.alarm.is_none(), tile.name)),
        AlarmSort::Recent => tiles.sort_by_key(|tile| Reverse(tile.alarm.and_then(|alarm| alarm.since))),
        AlarmSort::State => tiles.sort_by_key(|tile| {
            let rank = tile.alarm.map_or(4, |alarm| match alarm.state {
                AlarmState::Alarm => 0,
                AlarmState::InsufficientData => 1,
                AlarmState::Ok => 2,
                AlarmState::Other(_) => 3,
            });
            (rank, Reverse(tile.alarm.and_then(|alarm| alarm.since)))
        }),
    }
    tiles
}

/// `2 in ALARM · 5 OK`, and how bad that is.
pub fn counts(tiles: &[Tile]) -> (String, Role) {
    let count =
        |state: &AlarmState| tiles.iter().filter(|t| t.alarm.is_some_and(|a| a.state == *state)).count();
    let (bad, ok) = (count(&AlarmState::Alarm), count(&AlarmState::Ok));
    let other = tiles.len() - bad - ok;
    let mut text = format!("{bad} in ALARM · {ok} OK");
    if other > 0 {
        text = format!("{text} · {other} other");
    }
    (text, if bad > 0 { Role::Bad } else { Role::Dim })
}

/// Draws the grid; `cursor` is the chosen alarm, kept in view.
pub fn grid(tiles: &[Tile], cursor: Option<usize>, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    if tiles.is_empty() {
        put(buf, area, area.x + 1, area.y, "no alarm is in the states asked for", theme.style(Role::Dim));
        return;
    }
    let widest = tiles.iter().map(|tile| cells(tile.name)).max().unwrap_or(0);
    // The sign, the name, the age.
    let wide = (widest + 9).clamp(18, area.width.max(18));
    let mut columns = (area.width / wide).max(1);
    let rows = usize::from(area.height);
    // Names are cut before alarms are left out.
    while tiles.len().div_ceil(usize::from(columns)) > rows && area.width / (columns + 1) >= LEAST {
        columns += 1;
    }
    let columns = usize::from(columns);
    let lines = tiles.len().div_ceil(columns);
    let at = cursor.unwrap_or(0) / columns;
    let fits = lines <= rows;
    let shown = if fits { lines } else { rows.saturating_sub(1) };
    let top = (at + 1).saturating_sub(shown.max(1)).min(lines - shown);
    for (index, tile) in tiles.iter().enumerate().skip(top * columns).take(shown * columns) {
        let (row, column) = (index / columns - top, index % columns);
        let x = area.width * column as u16 / columns as u16;
        let end = area.width * (column + 1) as u16 / columns as u16;
        let place = Rect::new(area.x + x, area.y + row as u16, end - x, 1);
        self::tile(tile, cursor == Some(index), place, buf, scene);
    }
    if !fits && !area.is_empty() {
        let text = format!("+{} more ", tiles.len() - (shown * columns).min(tiles.len()));
        put_right(buf, area, area.bottom() - 1, &text, theme.style(Role::Dim));
    }
}

fn tile(tile: &Tile, chosen: bool, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    let glyphs = theme.glyphs();
    let (glyph, role) = match tile.alarm.map(|alarm| &alarm.state) {
        Some(AlarmState::Alarm) => (glyphs.bad, Role::Bad),
        Some(AlarmState::Ok) => (glyphs.ok, Role::Ok),
        Some(AlarmState::InsufficientData) => (glyphs.missing, Role::Muted),
        Some(AlarmState::Other(_)) => (glyphs.waiting, Role::Warn),
        None => ("?", Role::Muted),
    };
    let style = |role| {
        let style = theme.style(role);
        if chosen { style.patch(theme.style(Role::Selected)) } else { style }
    };
    if chosen {
        put(buf, area, area.x, area.y, glyphs.focus, theme.style(Role::Accent));
    }
    put(buf, area, area.x + 1, area.y, glyph, style(role));
    let now = scene.ctx.now;
    let age = tile.alarm.filter(|alarm| alarm.firing()).and_then(|alarm| alarm.age(now)).map(units::age);
    let age = age.unwrap_or_default();
    let line = Rect { width: area.width.saturating_sub(1), ..area };
    let used = put_right(buf, line, area.y, &age, theme.style(Role::Dim));
    let room = usize::from(line.width.saturating_sub(used + 4));
    let name = cut_end(tile.name, room, glyphs.ellipsis);
    let text = if role == Role::Bad { Role::Strong } else { Role::Text };
    put(buf, line, area.x + 3, area.y, &name, style(if tile.alarm.is_some() { text } else { Role::Muted }));
}
