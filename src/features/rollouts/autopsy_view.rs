//! Drawing the stopped tasks of an opened shift: one block each, with its last log lines.

use super::autopsy::{Autopsy, StoppedTask};
use super::model::Rollout;
use crate::app::pane::Ctx;
use crate::text::{cut_end, cut_middle, wrap};
use crate::theme::Role;
use crate::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws all of it from its line `top` on.
pub(super) fn render(
    shift: &Rollout,
    autopsy: &Autopsy,
    top: usize,
    area: Rect,
    buf: &mut Buffer,
    ctx: &Ctx,
) {
    let [head, body] = dialog::split_top(area, 1);
    let count = autopsy.tasks.len() as u32 + autopsy.more;
    let about = format!("  {count} of new {}, times in {}", shift.new.label(), ctx.zone.name(ctx.now.wall));
    let title = vec![
        Span::styled(" STOPPED TASKS", ctx.theme.style(Role::Strong)),
        Span::styled(about, ctx.theme.style(Role::Dim)),
    ];
    dialog::lines(head, &[Line::from(title)], buf);
    let room = usize::from(area.width);
    let reach = wrap(&reach(autopsy), room.saturating_sub(2)).into_iter();
    let mut lines: Vec<Line> =
        reach.map(|row| Line::styled(format!(" {row}"), ctx.theme.style(Role::Dim))).collect();
    lines.extend(autopsy.tasks.iter().flat_map(|task| block(task, room, ctx)));
    let first = top.min(lines.len().saturating_sub(body.height as usize));
    let shown: Vec<Line> = lines.into_iter().skip(first).take(body.height as usize).collect();
    dialog::lines(body, &shown, buf);
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

fn block<'a>(task: &StoppedTask, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let glyphs = ctx.theme.glyphs();
    let styled = |text: String, role: Role| Span::styled(text, ctx.theme.style(role));
    let at = task.at.map_or_else(|| glyphs.missing.to_owned(), |at| ctx.zone.second(at));
    let id = cut_middle(&task.id, 13, glyphs.ellipsis).into_owned();
    let mut lines = vec![
        Line::default(),
        Line::from(vec![
            styled(format!(" {} {at}  ", glyphs.bad), Role::Bad),
            styled(task.cause(), Role::Strong),
            styled(format!("   task {id}   {}", task.code.as_deref().unwrap_or("no stop code")), Role::Dim),
        ]),
    ];
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
    match &task.lines {
        Err(why) => say(&format!("last lines: {why}"), Role::Warn),
        Ok(rows) if rows.is_empty() => say("no lines in its last half hour", Role::Dim),
        Ok(rows) => lines.extend(rows.iter().map(|row| {
            let text = cut_end(&row.text, room.saturating_sub(15), glyphs.ellipsis).into_owned();
            Line::from(vec![
                styled(format!("    {}  ", ctx.zone.second(row.at)), Role::Dim),
                styled(text, Role::Text),
            ])
        })),
    }
    lines
}
