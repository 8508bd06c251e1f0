//! Drawing the rollback dialog: facts that may scroll, and below them the call and the input line, which are
//! always on the screen in full. Only then may a key count, so this is where the plan is marked as drawn.

use super::comparing::{metrics_query, seen_of};
use super::dialog::RollbackDialog;
use super::model::Rollout;
use super::plan::{AGAIN, NOT_AGAIN, Plan, SideFacts, Verdict};
use super::verdict::Ruling;
use super::verdict_view;
use super::view::{flow, since};
use crate::app::pane::Ctx;
use crate::features::{TargetStore, Topic, changes, jumps};
use crate::text::{cut_end, units, width, wrap};
use crate::theme::Role;
use crate::widgets::dialog::{frame, lines, split_bottom};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Widest dialog; on a narrower screen it fills the screen.
const WIDTH: u16 = 92;
/// Cells that what is typed has beside the prompt, with the gaps around it.
const MIN_TYPED: usize = 12;
/// A parameter that takes more rows than this beside its name is written below it.
const MANY_ROWS: usize = 3;
/// Indent of the call's parameters.
const INDENT: usize = 11;

pub(super) fn render(overlay: &RollbackDialog, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let dialog = &overlay.dialog;
    let outer = if area.width < WIDTH + 2 { area.width } else { WIDTH };
    let inner = usize::from(outer.saturating_sub(4));
    let (facts, call) = match dialog.plan() {
        Some(plan) => (facts(plan, inner, ctx), call(plan, inner, ctx)),
        None => (vec![Line::styled("reading the plan", ctx.theme.style(Role::Dim))], Vec::new()),
    };
    let notices = notices(overlay, inner, ctx);
    let mut input = input_lines(overlay, inner, ctx);
    if call.is_empty() && notices.is_empty() {
        // One empty row above it is enough.
        input.remove(0);
    }
    let wanted = (facts.len() + 1 + call.len() + notices.len() + input.len()) as u16 + 2;
    // What stands there is what has to be typed.
    let word = dialog.plan().map_or_else(|| dialog.name.shown(), |plan| plan.place.word.clone());
    let title = format!(" Roll back {word} ");
    let height = if area.width < WIDTH + 2 { area.height } else { wanted };
    let inside = frame(area, outer, height, &title, "", buf, ctx.theme);
    // Where there is not enough room the notices give way: call and input line are never cut for them.
    let room = (inside.height as usize).saturating_sub(1 + call.len() + input.len());
    let mut foot = call;
    foot.extend(cut(notices, room, ctx));
    foot.extend(input);
    let [top, bottom] = split_bottom(inside, foot.len() as u16);
    // The row between the facts and the call says what of them is not shown.
    let [top, between] = split_bottom(top, 1);
    let room = top.height as usize;
    let most = facts.len().saturating_sub(room);
    overlay.most.set(most);
    let first = overlay.top.min(most);
    if most > 0 {
        lines(between, &[more(&facts, first, room, ctx)], buf);
    }
    lines(top, facts.get(first..).unwrap_or_default(), buf);
    lines(bottom, &foot, buf);
    // Without room for the whole call and the input line nothing can be confirmed, nor where it would not show
    // that there is more to read.
    let told = most == 0 || !between.is_empty();
    dialog.set_drawn(told && usize::from(bottom.height) == foot.len() && inside.width > 40);
}

/// At most so many lines; the last one says how many are missing.
fn cut<'a>(mut lines: Vec<Line<'a>>, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let missing = (lines.len() + 1).saturating_sub(room);
    if missing > 1 {
        lines.truncate(room.saturating_sub(1));
        if room > 0 {
            lines.push(Line::styled(format!("+{missing} more lines"), ctx.theme.style(Role::Warn)));
        }
    }
    lines
}

/// How many of the facts are not shown, and how many of them warn.
fn more<'a>(facts: &[Line], first: usize, room: usize, ctx: &Ctx) -> Line<'a> {
    let warn = ctx.theme.glyphs().warn;
    let warns = |line: &&Line| line.spans.first().is_some_and(|span| span.content.starts_with(warn));
    let below = facts.get(first + room..).unwrap_or_default();
    let (above, warnings) = (facts.get(..first).unwrap_or_default(), below.iter().filter(warns).count());
    let text = match (below.len(), warnings) {
        (0, _) => format!("{} above, arrows scroll", above.len()),
        (below, 0) => format!("{below} more, arrows scroll"),
        (below, warnings) => format!("{below} more ({warnings} {warn}), arrows scroll"),
    };
    let role = if warnings > 0 { Role::Warn } else { Role::Dim };
    Line::styled(text, ctx.theme.style(role)).right_aligned()
}

fn styled<'a>(text: impl Into<String>, role: Role, ctx: &Ctx) -> Span<'a> {
    Span::styled(text.into(), ctx.theme.style(role))
}

fn wrapped<'a>(text: &str, indent: usize, room: usize, role: Role, ctx: &Ctx) -> Vec<Line<'a>> {
    let rows = wrap(text, room.saturating_sub(indent)).into_iter().enumerate();
    rows.map(|(index, row)| {
        let pad = if index == 0 { String::new() } else { " ".repeat(indent) };
        Line::styled(format!("{pad}{row}"), ctx.theme.style(role))
    })
    .collect()
}

fn facts<'a>(plan: &Plan, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let place = &plan.place;
    let mut out = Vec::new();
    let mut head = Vec::new();
    if place.production {
        head.push(vec![Span::styled("PRODUCTION", ctx.theme.style(Role::Bad).add_modifier(Modifier::BOLD))]);
    }
    match &place.caller {
        Ok(caller) => {
            let left = plan.credentials_left(ctx.now.wall);
            let left = left.map(|left| units::age(Duration::try_from(left).unwrap_or_default()));
            let left = left.map(|left| format!(" ({left} left)")).unwrap_or_default();
            let account = format!("{} · {} · {}", place.target, caller.account, place.region);
            head.push(vec![styled(account, Role::Text, ctx)]);
            head.push(vec![styled(format!("you are {}{left}", caller.short), Role::Text, ctx)]);
        }
        Err(error) => {
            head.push(vec![styled(format!("{} · {}", place.target, place.region), Role::Text, ctx)]);
            head.push(vec![styled(format!("you are not known: {}", error.short()), Role::Warn, ctx)]);
        }
    }
    out.extend(flow(head, 0, room));
    out.push(Line::default());
    // What makes it impossible is read first, and never scrolled for.
    for text in plan.refusals() {
        out.extend(wrapped(&format!("{} {text}", ctx.theme.glyphs().bad), 2, room, Role::Bad, ctx));
    }
    let (subject, owner) = (plan.subject(), format!("owner: {}", plan.owner));
    let both = format!("{subject}   {owner}");
    let rows = if width(&both) <= room { vec![both] } else { vec![subject, owner] };
    out.extend(rows.iter().flat_map(|text| wrapped(text, 0, room, Role::Text, ctx)));
    let [from, to] = plan.sides();
    let callable = plan.callable();
    if plan.again.is_some() {
        out.extend(wrapped(if callable { AGAIN } else { NOT_AGAIN }, 2, room, Role::Strong, ctx));
    }
    match plan.undecided() {
        Some(sides) => {
            for (label, side) in std::iter::once(from).chain(std::iter::repeat("      ")).zip(sides) {
                out.extend(wrapped(&format!("{label}{side}"), width(label), room, Role::Text, ctx));
            }
        }
        None => out.extend(side(from, &plan.from, None, Role::New, room, ctx)),
    }
    if let Some(earlier) = &plan.to {
        out.extend(side(to, earlier, Some(100.0), Role::Old, room, ctx));
    }
    // What speaks against it or for it comes before what it is like: it is not scrolled for.
    out.extend(checked(plan, Verdict::Warn, room, ctx));
    if let Some((text, role)) = verdict(plan, ctx) {
        out.extend(wrapped(&text, 2, room, role, ctx));
    }
    for (text, role) in alarms(plan, ctx) {
        out.extend(wrapped(&text, 2, room, role, ctx));
    }
    // How long it takes and what it does is said of a call that could be made.
    if callable {
        out.extend(wrapped(&format!("takes {}", plan.takes), 0, room, Role::Text, ctx));
    }
    if let Some(stands) = &plan.stands {
        let by = starter(plan, ctx).map(|by| format!("; started by {by}")).unwrap_or_default();
        out.extend(wrapped(&format!("now at {stands}{by}"), 2, room, Role::Text, ctx));
    }
    if let Some(again) = &plan.again {
        let lines = if callable { again.lines() } else { Vec::new() };
        out.extend(lines.iter().flat_map(|line| wrapped(line, 2, room, Role::Text, ctx)));
        if let Some(labels) = again.labels() {
            let text = format!("earlier revisions: {labels}; left and right choose an older or newer one");
            out.extend(wrapped(&text, 2, room, Role::Dim, ctx));
        }
    }
    if plan.command().is_some() {
        let text = format!("does not undo: {}", plan.not_undone.join(", "));
        out.extend(wrapped(&text, 2, room, Role::Text, ctx));
    }
    out.extend(checked(plan, Verdict::Pass, room, ctx));
    out
}

/// The checks that came out so.
fn checked<'a>(plan: &Plan, verdict: Verdict, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let glyphs = ctx.theme.glyphs();
    let (glyph, role) =
        if verdict == Verdict::Pass { (glyphs.ok, Role::Ok) } else { (glyphs.warn, Role::Warn) };
    let own = plan.checks.iter().filter(|check| check.verdict == verdict);
    own.flat_map(|check| wrapped(&format!("{glyph} {}", check.text), 2, room, role, ctx)).collect()
}

/// Alarms that the deployment watches and that went off, and those of its service that are in ALARM now, with those
/// that it cannot have set off.
fn alarms(plan: &Plan, ctx: &Ctx) -> Vec<(String, Role)> {
    let mut lines = Vec::new();
    if !plan.alarms.is_empty() {
        lines.push((format!("alarms of this deployment: {}", plan.alarms.join(", ")), Role::Bad));
    }
    let Some((data, shift)) = listed(plan, ctx) else { return lines };
    let firing = jumps::alarms_of(data, shift, ctx.now).into_iter();
    let firing = firing.filter(|(alarm, _)| !plan.alarms.contains(&alarm.name));
    let (before, since): (Vec<_>, Vec<_>) = firing.partition(|(_, after)| *after == Some(false));
    for (alarms, when, role) in [(since, "", Role::Bad), (before, " since before it began", Role::Warn)] {
        if !alarms.is_empty() {
            let names: Vec<&str> = alarms.iter().map(|(alarm, _)| alarm.name.as_str()).collect();
            lines.push((format!("in ALARM{when}: {}", names.join(", ")), role));
        }
    }
    lines
}

/// The shift as it is listed.
fn listed<'a>(plan: &Plan, ctx: &Ctx<'a>) -> Option<(&'a TargetStore, &'a Rollout)> {
    let data = ctx.store.target(&plan.place.target)?;
    Some((data, data.rollouts.as_ref()?.shift_of(&plan.name)?))
}

/// Who began it, as CloudTrail tells.
fn starter(plan: &Plan, ctx: &Ctx) -> Option<String> {
    let (data, shift) = listed(plan, ctx)?;
    (shift.deployment == plan.guard.deployment).then(|| changes::starter(data, shift))?
}

/// What the comparison of both sides says, where it still says something of what runs: of a shift that has ended
/// only what it found of that one's new side, by its name.
fn verdict(plan: &Plan, ctx: &Ctx) -> Option<(String, Role)> {
    let (data, shift) = listed(plan, ctx)?;
    if plan.again.is_none() && plan.stands.is_none() {
        // It is over or goes back already: there is nothing left to advise.
        return None;
    }
    let seen = seen_of(data, &plan.guard.deployment).filter(|it| it.verdict.told());
    let Some(compared) = seen else {
        let poll = ctx.store.poll(&plan.place.target, Topic::Verdicts);
        let detail = data.rollout_detail.as_ref().filter(|detail| detail.name == plan.name);
        let unread = poll.is_some_and(|poll| poll.error.is_some())
            || detail.is_some_and(|detail| detail.metrics_error.is_some());
        let asked = metrics_query(shift, ctx.config).is_ok();
        return (asked && unread).then(|| ("verdict: NO DATA: metrics not read".to_owned(), Role::Warn));
    };
    let found = &compared.verdict;
    let effect = verdict_view::effect(found);
    let Some(again) = &plan.again else {
        let (text, role) = verdict_view::sentence(found, true);
        let effect = effect.map(|it| format!(", {it}")).unwrap_or_default();
        return Some((format!("verdict: {text}{effect}"), role));
    };
    let list = data.rollouts.as_ref()?;
    let ended = list.recent.iter().find(|shift| shift.deployment == plan.guard.deployment)?;
    let (new, running) = (ended.new.label(), &again.running);
    let (word, role) = match found.ruling {
        Ruling::Worse => ("WORSE", Role::Bad),
        Ruling::Better => ("BETTER", Role::Ok),
        Ruling::Same | Ruling::TooLittle | Ruling::NoData => return None,
    };
    let role = if new == *running { role } else { Role::Text };
    // `worse by 6.2 points (4.9 to 7.7)` without its first word, which stands there already.
    let by = effect.as_deref().and_then(|it| it.split_once(' ')).map(|(_, by)| format!(" {by}"));
    Some((format!("verdict then: {new} was {word}{}; {running} runs now", by.unwrap_or_default()), role))
}

fn side<'a>(
    label: &str,
    side: &SideFacts,
    after: Option<f64>,
    role: Role,
    room: usize,
    ctx: &Ctx,
) -> Vec<Line<'a>> {
    let weight = after.map_or_else(|| side.weight_words(), |after| side.weight_to(after));
    let mut pieces = vec![
        vec![styled(label, role, ctx), styled(side.label.clone(), Role::Text, ctx)],
        vec![styled(weight, Role::Text, ctx)],
        vec![styled(side.health_words(), Role::Text, ctx)],
    ];
    pieces.extend(side.images.iter().map(|image| vec![styled(image.clone(), Role::Dim, ctx)]));
    flow(pieces, width(label), room)
}

/// The exact call. Values are wrapped and never cut.
fn call<'a>(plan: &Plan, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    if let Some(it) = &plan.instead {
        let mut out = wrapped(plan.instead_title(), 2, room, Role::Dim, ctx);
        out.extend(wrapped(&it.command, 2, room, Role::Text, ctx));
        return out;
    }
    if !plan.callable() {
        return Vec::new();
    }
    let [will, then] =
        if plan.refused() { ["would call ", ""] } else { ["will call  ", " and before sending"] };
    let params = plan.call.params();
    let names = params.iter().map(|(name, _)| width(name)).max().unwrap_or_default();
    let mut out = vec![Line::from(vec![
        styled(will, Role::Dim, ctx),
        styled(plan.call.operation(), Role::Strong, ctx),
    ])];
    let indent = INDENT + names + 3;
    for (name, value) in params {
        if width(&value) > MANY_ROWS * room.saturating_sub(indent) {
            // A long list gets the whole width, so that all of it stays on a small screen.
            out.push(Line::styled(format!("{}{name} =", " ".repeat(INDENT)), ctx.theme.style(Role::Dim)));
            let rows = wrap(&value, room.saturating_sub(2)).into_iter();
            out.extend(rows.map(|row| Line::from(styled(format!("  {row}"), Role::Text, ctx))));
            continue;
        }
        for (index, row) in wrap(&value, room.saturating_sub(indent)).into_iter().enumerate() {
            let lead = if index == 0 {
                format!("{}{name}{} = ", " ".repeat(INDENT), " ".repeat(names - width(name)))
            } else {
                " ".repeat(indent)
            };
            out.push(Line::from(vec![styled(lead, Role::Dim, ctx), styled(row, Role::Text, ctx)]));
        }
    }
    let age = since(plan.read_at, ctx.now.wall);
    let read = if age.as_secs() < 15 { "just now".to_owned() } else { format!("{} ago", units::age(age)) };
    let unseen = if plan.call.compared_by_aws() { "" } else { "; AWS compares nothing" };
    let text = format!("read {read}, again every 5 s{then}{unseen}");
    out.extend(wrapped(&text, 2, room, Role::Dim, ctx));
    out
}

fn notices<'a>(overlay: &RollbackDialog, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let lines = overlay.dialog.notices();
    lines.iter().flat_map(|text| wrapped(text, 2, room, Role::Warn, ctx)).collect()
}

/// An empty line, the prompt (a long one on lines of its own) and what was typed.
fn input_lines<'a>(overlay: &RollbackDialog, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let dialog = &overlay.dialog;
    let role = match (dialog.ready(), dialog.copied()) {
        (true, _) => Role::Bad,
        (_, true) => Role::Ok,
        _ => Role::Text,
    };
    let prompt = dialog.prompt();
    let hint = if dialog.sending() { "" } else { "Esc cancels" };
    let mut out = vec![Line::default()];
    let (mut parts, mut used) = (Vec::new(), 0);
    if width(&prompt) + width(hint) + MIN_TYPED > room {
        out.extend(wrapped(&prompt, 2, room, role, ctx));
    } else {
        used = width(&prompt) + 2;
        parts.push(styled(format!("{prompt}  "), role, ctx));
    }
    if dialog.typing() {
        // The end of a long name matters: that is where the cursor is.
        let space = room.saturating_sub(used + width(hint) + 3);
        let typed = dialog.typed();
        let skip = typed.chars().count().saturating_sub(space);
        let tail: String = typed.chars().skip(skip).collect();
        used += width(&tail) + 1;
        parts.push(styled(tail, Role::Input, ctx));
        let cursor = ctx.theme.style(Role::Input).add_modifier(Modifier::REVERSED);
        parts.push(Span::styled(" ".to_owned(), cursor));
    }
    let gap = room.saturating_sub(used + width(hint));
    parts.push(styled(" ".repeat(gap), Role::Text, ctx));
    parts.push(styled(cut_end(hint, room, ctx.theme.glyphs().ellipsis).into_owned(), Role::Dim, ctx));
    out.push(Line::from(parts));
    out
}
