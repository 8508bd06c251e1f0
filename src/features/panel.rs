//! Panel titles and in-panel problems, the same on every screen: freshness only when it matters, errors
//! with their advice, one target's failure beside the other targets' data.

use super::Topic;
use crate::app::Freshness;
use crate::app::pane::Ctx;
use crate::aws::{ErrorClass, SourceError, TargetId};
use crate::text::{cut_end, units, width};
use crate::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

/// What stands at the right of a title, if anything.
pub fn freshness(target: &TargetId, topic: Topic, ctx: &Ctx) -> Option<(String, Role)> {
    let glyphs = ctx.theme.glyphs();
    let Some(status) = ctx.store.poll(target, topic) else {
        return Some((format!("{} first read", glyphs.waiting), Role::Dim));
    };
    match status.freshness(ctx.now) {
        Freshness::Fresh => None,
        Freshness::First => Some((format!("{} first read", glyphs.waiting), Role::Dim)),
        Freshness::Stale(age) => Some((format!("stale {}", units::age(age)), Role::Warn)),
        Freshness::Failed(error, wait) => Some((failed(error, wait), Role::Warn)),
    }
}

fn failed(error: &SourceError, wait: Option<std::time::Duration>) -> String {
    match wait {
        // A countdown that moved every second would repaint a screen that only waits.
        Some(wait) if error.class == ErrorClass::Throttled || error.class == ErrorClass::Network => {
            let steps = wait.as_secs().div_ceil(5) * 5;
            format!("{}, retry {steps}s", error.short())
        }
        _ => error.short(),
    }
}

/// A panel's title line over all active targets.
pub fn title(area: Rect, title: &str, about: &str, topic: Topic, buf: &mut Buffer, ctx: &Ctx) {
    let notes: Vec<(String, Role)> = ctx
        .targets()
        .filter_map(|id| {
            let (text, role) = freshness(id, topic, ctx)?;
            Some((if ctx.many_targets() { format!("{id}: {text}") } else { text }, role))
        })
        .collect();
    let role = notes.first().map_or(Role::Dim, |(_, role)| *role);
    let right = notes.into_iter().map(|(text, _)| text).collect::<Vec<_>>().join("  ");
    draw(area, title, about, Role::Dim, &right, role, buf, ctx);
}

/// A panel's title line about what is not polled.
pub fn title_still(area: Rect, title: &str, buf: &mut Buffer, ctx: &Ctx) {
    draw(area, title, "", Role::Dim, "", Role::Dim, buf, ctx);
}

/// A panel's title line about one target's thing.
pub fn title_one(
    area: Rect,
    title: &str,
    about: &str,
    about_role: Role,
    target: &TargetId,
    topic: Topic,
    buf: &mut Buffer,
    ctx: &Ctx,
) {
    let (right, role) = freshness(target, topic, ctx).unwrap_or((String::new(), Role::Dim));
    draw(area, title, about, about_role, &right, role, buf, ctx);
}

fn draw(
    area: Rect,
    title: &str,
    about: &str,
    about_role: Role,
    right: &str,
    right_role: Role,
    buf: &mut Buffer,
    ctx: &Ctx,
) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let theme = ctx.theme;
    let right_width = (width(right) as u16).min(area.width / 2);
    let end = area.right().saturating_sub(right_width + 2);
    let room = |x: u16| end.saturating_sub(x) as usize;
    let (x, _) = buf.set_stringn(area.x + 1, area.y, title, room(area.x + 1), theme.style(Role::Strong));
    let about = cut_end(about, room(x + 2), theme.glyphs().ellipsis);
    buf.set_stringn(x + 2, area.y, about, room(x + 2), theme.style(about_role));
    let x = area.right().saturating_sub(right_width + 1);
    buf.set_stringn(x, area.y, right, right_width as usize, theme.style(right_role));
}

/// Whether a first answer may still come: of some active target none has failed so far.
pub fn waiting(topic: Topic, ctx: &Ctx) -> bool {
    ctx.targets().any(|id| ctx.store.poll(id, topic).is_none_or(|poll| poll.error.is_none()))
}

/// What stands in a list of which no active target has said anything.
pub fn no_answer(topic: Topic, ctx: &Ctx) -> String {
    let glyphs = ctx.theme.glyphs();
    if waiting(topic, ctx) {
        format!("{} waiting for the first answer", glyphs.waiting)
    } else {
        format!("{} not read", glyphs.missing)
    }
}

/// How many lines [`problems`] takes for a topic, given room.
pub fn count(topic: Topic, ctx: &Ctx) -> u16 {
    let errors = ctx.targets().filter_map(|id| ctx.store.poll(id, topic)?.error.as_ref());
    errors.filter(|error| !error.class.parks()).count().min(4) as u16
}

/// Writes what went wrong with a topic, with its advice, above the data; returns what is left.
pub fn problems(area: Rect, topic: Topic, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    problems_of(ctx.targets(), area, topic, buf, ctx)
}

/// The same for what is one target's alone: what befell another target is no matter there.
pub fn problems_one(area: Rect, target: &TargetId, topic: Topic, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    problems_of(std::iter::once(target), area, topic, buf, ctx)
}

fn problems_of<'a>(
    targets: impl Iterator<Item = &'a TargetId>,
    area: Rect,
    topic: Topic,
    buf: &mut Buffer,
    ctx: &Ctx,
) -> Rect {
    let mut lines = Vec::new();
    for id in targets {
        let Some(error) = ctx.store.poll(id, topic).and_then(|poll| poll.error.as_ref()) else { continue };
        // Expired and missing credentials stand under the header already.
        if error.class.parks() {
            continue;
        }
        let target = if ctx.many_targets() { format!("{id}: ") } else { String::new() };
        let advice = if error.advice.is_empty() { &error.message } else { &error.advice };
        let text = format!(" {} {target}{} · {advice}", ctx.theme.glyphs().warn, error.short());
        lines.push(Line::styled(text, ctx.theme.style(Role::Warn)));
    }
    lines.truncate(area.height.saturating_sub(1).min(4) as usize);
    let mut y = area.y;
    for line in &lines {
        line.render(Rect { y, height: 1, ..area }.intersection(buf.area), buf);
        y += 1;
    }
    Rect { y, height: area.bottom().saturating_sub(y), ..area }
}
