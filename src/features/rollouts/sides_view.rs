//! Drawing both sides of an opened shift: traffic, health, tasks and what each one runs, a line for each.
//!
//! What has no room goes whole, what a side runs first: a number is never cut.

use super::autopsy::Autopsy;
use super::model::{Health, Mechanism, Rollout, Side, TargetGroup, Tasks};
use super::stages::share_words;
use super::view::span;
use super::wire::RolloutDetail;
use crate::app::pane::Ctx;
use crate::text::{cut_middle, pad_left, pad_right, units, width};
use crate::theme::{Glyphs, Role};
use crate::widgets::progress::full_cells;
use ratatui::text::{Line, Span};
use std::borrow::Cow;

/// Least width of the labels at the left of both sides.
const LABEL: usize = 20;
/// Cells that a side's line needs beside its label and bar.
const TEXT: usize = 62;
/// Cells of the smallest bar, of the share at its right and of the spaces before them.
const SHARE: usize = 17;
/// Cells of the tasks.
const COUNTS: usize = 13;
/// Fewer cells than this do not tell what a side runs.
const MIN_IMAGE: usize = 10;

/// A side with what it is called and its share of traffic in percent, and whether that is an estimate.
struct Shown<'a> {
    label: String,
    side: Cow<'a, Side>,
    role: Role,
    share: Option<(f64, bool)>,
}

/// A line for each side.
pub(super) fn lines<'a>(
    shift: &Rollout,
    room: usize,
    data: Option<&RolloutDetail>,
    ctx: &Ctx,
) -> Vec<Line<'a>> {
    let ellipsis = ctx.theme.glyphs().ellipsis;
    let mut sides = sides(shift);
    // Both bars begin in the same column, however long the names are.
    let longest = sides.iter().map(|it| width(&it.label)).max().unwrap_or_default();
    let counts = if sides.iter().any(|it| it.side.tasks.is_some()) { COUNTS } else { 0 };
    let most = room.saturating_sub(SHARE + 14 + counts).max(LABEL);
    let label = longest.max(LABEL).min(most);
    let bar = room.saturating_sub(TEXT + label).clamp(if room < 80 { 6 } else { 8 }, 40);
    for it in &mut sides {
        it.label = pad_right(&cut_middle(&it.label, label, ellipsis), label);
        if let Some(ended) = data.and_then(|data| after_the_end(shift, &it.side, data)) {
            it.side = Cow::Owned(ended);
        }
    }
    sides.iter().map(|it| line(it, shift, bar, room, ctx)).collect()
}

/// The sides with what they are called. Where nobody said which of several groups is the old one, each is shown
/// as what it is.
fn sides(shift: &Rollout) -> Vec<Shown<'_>> {
    if let (Mechanism::Alb(split), None) = (&shift.mechanism, &shift.old) {
        let alone = |group: &TargetGroup| {
            let side = split.side(&group.arn, &shift.new.groups);
            let share = side.weight.map(|weight| (weight, false));
            Shown { label: format!(" {}", side.label()), side: Cow::Owned(side), role: Role::Text, share }
        };
        return shift.new.groups.iter().map(alone).collect();
    }
    let labelled = |word: &str, side: &Side| format!(" {} {}", pad_right(word, 11), side.label());
    let shown = |word: &str, side, role, share| Shown {
        label: labelled(word, side),
        side: Cow::Borrowed(side),
        role,
        share,
    };
    let old = shift.old.iter().map(|old| shown("old (blue)", old, Role::Old, shift.old_share()));
    old.chain([shown("new (green)", &shift.new, Role::New, shift.share())]).collect()
}

/// A side of a shift that is over with the health that was read beside the list, if it has traffic: what has none is
/// not meant to be healthy.
fn after_the_end(shift: &Rollout, side: &Side, data: &RolloutDetail) -> Option<Side> {
    if shift.in_progress() || side.health() != Health::Unread || side.weight.is_none_or(|it| it <= 0.0) {
        return None;
    }
    let read = data.history.iter().find(|it| it.deployment == shift.deployment)?;
    let read = read.old.iter().chain([&read.new]).find(|it| it.revision == side.revision)?;
    Some(Side { groups: read.groups.clone(), ..side.clone() })
}

fn line<'a>(it: &Shown, shift: &Rollout, bar_cells: usize, room: usize, ctx: &Ctx) -> Line<'a> {
    let glyphs = ctx.theme.glyphs();
    let side = &it.side;
    let mut parts = vec![span(it.label.clone(), it.role, ctx)];
    if shift.mechanism.has_weights() || side.tasks.is_some() {
        parts.push(span("  ", Role::Text, ctx));
        parts.extend(bar(it.share.map(|(share, _)| share), it.role, bar_cells, glyphs, ctx));
        let share = units::or_missing(it.share, glyphs.missing, |(share, estimate)| {
            share_words(share, estimate, glyphs.estimate)
        });
        parts.push(span(pad_left(&share, 7), Role::Text, ctx));
    }
    // Without weights both sides are behind one target group, which does not tell them apart.
    if shift.mechanism.has_weights() {
        let (health, role) = health(side, glyphs);
        parts.push(span(format!("  {}", pad_right(&health, if room < 80 { 11 } else { 12 })), role, ctx));
    }
    if let Some(counted) = side.tasks {
        let (text, role) = tasks(counted, room);
        parts.push(span(format!("  {text}"), role, ctx));
    }
    let published = side.published.map(|at| format!("published {}", ctx.zone.near(at, ctx.now.wall)));
    // What runs in a target group is not known to the load balancer.
    let missing = if matches!(shift.mechanism, Mechanism::Alb(_)) { "" } else { glyphs.missing };
    let image = published.or_else(|| side.image()).unwrap_or_else(|| missing.to_owned());
    let left = room.saturating_sub(parts.iter().map(Span::width).sum::<usize>() + 3);
    if width(&image) <= left || left >= MIN_IMAGE {
        parts.push(span(format!("  {}", cut_middle(&image, left, glyphs.ellipsis)), Role::Dim, ctx));
    }
    Line::from(parts)
}

/// How many tasks run of how many, how many start, and that what is left over goes away.
fn tasks(it: Tasks, room: usize) -> (String, Role) {
    let left = it.running + it.pending;
    match it.requested {
        0 if left > 0 => (format!("{left} draining"), Role::Dim),
        0 => ("no tasks".to_owned(), Role::Dim),
        wanted if it.pending > 0 && room >= 80 => {
            (format!("{}/{wanted} tasks, {} starting", it.running, it.pending), Role::Warn)
        }
        wanted if it.running < wanted => (format!("{}/{wanted} tasks", it.running), Role::Warn),
        wanted => (format!("{}/{wanted} tasks", it.running), Role::Dim),
    }
}

/// Why the health of a side could not be read.
pub(super) fn unreadable<'a>(shift: &Rollout, ctx: &Ctx) -> Option<Line<'a>> {
    if !shift.mechanism.has_weights() {
        return None;
    }
    let why = shift.old.iter().chain([&shift.new]).find_map(|side| match side.health() {
        Health::Unreadable(why) => Some(why),
        Health::Counted { .. } | Health::Unread => None,
    })?;
    Some(Line::from(span(format!(" {} health {why}", ctx.theme.glyphs().warn), Role::Warn, ctx)))
}

/// That tasks of the new side stopped; why that is not known.
pub(super) fn stopped<'a>(shift: &Rollout, data: Option<&RolloutDetail>, ctx: &Ctx) -> Option<Line<'a>> {
    let (definition, found) = data?.stopped.as_ref()?;
    let glyphs = ctx.theme.glyphs();
    if shift.new.task_definition.as_ref() != Some(definition) {
        return None;
    }
    let (text, role) = match found {
        Ok(autopsy) => {
            (format!("{}, Enter shows why{}", autopsy.short()?, uncounted(shift, autopsy)), Role::Bad)
        }
        Err(error) => (format!("stopped tasks: {error}"), Role::Warn),
    };
    Some(Line::from(vec![
        span(" ".repeat(LABEL + 2), role, ctx),
        span(format!("{} {text}", glyphs.warn), role, ctx),
    ]))
}

/// That the circuit breaker counts more failures than tasks are listed.
pub(super) fn uncounted(shift: &Rollout, autopsy: &Autopsy) -> String {
    let listed = autopsy.tasks.len() as u32 + autopsy.more;
    match shift.breaker.as_ref().filter(|it| it.enabled && it.failures > listed) {
        Some(breaker) => format!(" · the circuit breaker counts {} failures", breaker.failures),
        None => String::new(),
    }
}

fn bar<'a>(weight: Option<f64>, role: Role, cells: usize, glyphs: &Glyphs, ctx: &Ctx) -> Vec<Span<'a>> {
    let Some(weight) = weight else { return vec![span(" ".repeat(cells), Role::Text, ctx)] };
    let full = usize::from(full_cells(weight / 100.0, cells as u16));
    vec![
        span(glyphs.bar[0].repeat(full), role, ctx),
        span(glyphs.bar[1].repeat(cells - full), Role::Dim, ctx),
    ]
}

fn health(side: &Side, glyphs: &Glyphs) -> (String, Role) {
    match side.health() {
        Health::Counted { healthy, total } if healthy < total || total == 0 => {
            (format!("{healthy}/{total} healthy"), Role::Warn)
        }
        Health::Counted { healthy, total } => (format!("{healthy}/{total} healthy"), Role::Ok),
        // Why stands below, where it has room.
        Health::Unreadable(_) => (format!("{} unreadable", glyphs.warn), Role::Warn),
        Health::Unread => (glyphs.missing.to_owned(), Role::Dim),
    }
}
