//! Drawing the stopped tasks of an opened shift: a line for each, and all that is known of the chosen one with its
//! last log lines, wrapped and never cut.

use super::autopsy::{Autopsy, StoppedTask};
use super::model::Rollout;
use super::pane::RolloutsPane;
use super::sides_view::uncounted;
use crate::app::pane::Ctx;
use crate::text::{cut_middle, width, wrap};
use crate::theme::Role;
use crate::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws the list of them, and below it all that is known of the chosen one, as far as it was scrolled.
pub(super) fn render(
    pane: &RolloutsPane,
    shift: &Rollout,
    autopsy: &Autopsy,
    area: Rect,
    buf: &mut Buffer,
    ctx: &Ctx,
) {
    let count = autopsy.tasks.len() as u32 + autopsy.more;
    let about = format!("  {count} of new {}, times in {}", shift.new.label(), ctx.zone.name(ctx.now.wall));
    let mut head = vec![Line::from(vec![
        Span::styled(" STOPPED TASKS", ctx.theme.style(Role::Strong)),
        Span::styled(about, ctx.theme.style(Role::Dim)),
    ])];
    let room = usize::from(area.width);
    let reach = format!("{}{}", reach(autopsy), uncounted(shift, autopsy));
    let reach = wrap(&reach, room.saturating_sub(2)).into_iter();
    head.extend(reach.map(|row| Line::styled(format!(" {row}"), ctx.theme.style(Role::Dim))));
    let chosen = pane.dead_task.min(autopsy.tasks.len().saturating_sub(1));
    head.extend(autopsy.tasks.iter().enumerate().map(|(at, task)| summary(task, at == chosen, ctx)));
    head.push(Line::default());
    let [top, body] = dialog::split_top(area, head.len() as u16);
    dialog::lines(top, &head, buf);
    let lines = autopsy.tasks.get(chosen).map(|task| block(task, room, ctx)).unwrap_or_default();
    let height = usize::from(body.height);
    let most = lines.len().saturating_sub(height);
    pane.event_most.set(most);
    let first = pane.event_top.min(most);
    let shown: Vec<Line> = lines.into_iter().skip(first).take(height).collect();
    dialog::lines(body, &shown, buf);
    if first < most && height > 0 {
        let text = format!(" {} more lines, PgDn ", most - first);
        let x = body.right().saturating_sub(width(&text) as u16);
        buf.set_stringn(x, body.bottom() - 1, &text, room, ctx.theme.style(Role::Dim));
    }
}

/// What is not shown, and why more may have happened than is listed.
fn reach(autopsy: &Autopsy) -> String {
    let mut parts = Vec::new();
    if autopsy.more > 0 {
        parts.push(format!("the newest {} shown", autopsy.tasks.len()));
    }
    if autopsy.orderly > 0 {
        parts.push(format!("{} more by scaling or deployment", autopsy.orderly));
    }
    if autopsy.cut {
        parts.push("not all of the service were read".to_owned());
    }
    parts.push("ECS forgets a task after about an hour".to_owned());
    parts.join(" · ")
}

/// One task in one line.
fn summary<'a>(task: &StoppedTask, chosen: bool, ctx: &Ctx) -> Line<'a> {
    let glyphs = ctx.theme.glyphs();
    let styled = |text: String, role: Role| Span::styled(text, ctx.theme.style(role));
    let at = task.at.map_or_else(|| glyphs.missing.to_owned(), |at| ctx.zone.second(at));
    let id = cut_middle(&task.id, 13, glyphs.ellipsis).into_owned();
    let mark = if chosen { glyphs.focus } else { " " };
    Line::from(vec![
        styled(mark.to_owned(), Role::Accent),
        styled(format!("{} {at}  ", glyphs.bad), Role::Bad),
        styled(task.cause(), if chosen { Role::Strong } else { Role::Text }),
        styled(format!("   task {id}   {}", task.code.as_deref().unwrap_or("no stop code")), Role::Dim),
    ])
}

/// All that is known of one, with its last lines in full.
fn block<'a>(task: &StoppedTask, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let styled = |text: String, role: Role| Span::styled(text, ctx.theme.style(role));
    let mut lines = Vec::new();
    let mut say = |text: &str, role| {
        for row in wrap(text, room.saturating_sub(5)) {
            lines.push(Line::from(styled(format!("    {row}"), role)));
        }
    };
    say(task.reason.as_deref().unwrap_or("no reason given"), Role::Text);
    for container in &task.containers {
        let exit = container.exit.map_or_else(|| "never ran".to_owned(), |exit| format!("exit {exit}"));
        let health = if container.unhealthy { ", unhealthy by its own check" } else { "" };
        let reason = container.reason.as_deref().map(|it| format!(": {it}")).unwrap_or_default();
        say(&format!("container {}: {exit}{health}{reason}", container.name), Role::Dim);
    }
    if task.lines.as_ref().is_ok_and(|rows| rows.len() > 1) {
        say("its last lines, the newest first", Role::Dim);
    }
    match &task.lines {
        Err(why) => say(&format!("last lines: {why}"), Role::Warn),
        Ok(rows) if rows.is_empty() => say("no lines in its last half hour", Role::Dim),
        // What came last is what a task died of: it is read first.
        Ok(rows) => lines.extend(rows.iter().rev().flat_map(|row| {
            let at = ctx.zone.second(row.at);
            let rows = row.text.lines().flat_map(|line| wrap(line, room.saturating_sub(15)));
            rows.enumerate().map(move |(index, text)| {
                let lead = if index == 0 { at.clone() } else { " ".repeat(width(&at)) };
                Line::from(vec![
                    Span::styled(format!("    {lead}  "), ctx.theme.style(Role::Dim)),
                    Span::styled(text, ctx.theme.style(Role::Text)),
                ])
            })
        })),
    }
    lines
}
