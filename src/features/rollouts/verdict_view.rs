//! The verdict in words: the table of an opened shift, the cell of the list, the phrase of other screens.

use super::comparing::sides_query;
use super::mechanism::alb::group_name;
use super::model::{Mechanism, Rollout};
use super::verdict::{Against, Lack, Ruling, Verdict};
use super::view::{fold, span};
use super::wire::{Comparison, RolloutDetail};
use crate::app::pane::Ctx;
use crate::text::{cut_end, cut_middle, pad_left, pad_right, units, width};
use crate::theme::Role;
use ratatui::text::Line;
use std::time::Duration;

/// Width of the labels at the left.
const LABEL: usize = 20;

/// A word or two for a list.
pub(super) fn word(verdict: &Verdict) -> (&'static str, Role) {
    match verdict.ruling {
        Ruling::Worse | Ruling::Better if !verdict.told() => ("differ", Role::Bad),
        Ruling::Worse => ("WORSE", Role::Bad),
        Ruling::Better => ("better", Role::Ok),
        Ruling::Same => ("same", Role::Ok),
        Ruling::TooLittle => ("too little", Role::Dim),
        Ruling::NoData => ("no data", Role::Dim),
    }
}

/// A few words for screens that show more than rollouts: `new WORSE by 6.2 points`.
pub fn phrase(verdict: &Verdict) -> (String, Role) {
    let by = verdict.effect.map(|it| number(it.points.abs(), it.points)).unwrap_or_default();
    let text = match verdict.ruling {
        Ruling::Worse | Ruling::Better if !verdict.told() => format!("one group fails more by {by} points"),
        Ruling::Same if !verdict.told() => "both groups the same".to_owned(),
        Ruling::Worse => format!("new WORSE by {by} points"),
        Ruling::Better => format!("new better by {by} points"),
        Ruling::Same => "new same as old".to_owned(),
        Ruling::TooLittle => "too little traffic to compare".to_owned(),
        Ruling::NoData => "no data to compare".to_owned(),
    };
    (text, word(verdict).1)
}

/// The interval in words: `worse by 6.2 points (4.9 to 7.7)`.
pub(super) fn effect(verdict: &Verdict) -> Option<String> {
    let it = verdict.effect?;
    let sure = matches!(verdict.ruling, Ruling::Worse | Ruling::Better);
    let size = it.low.abs().max(it.high.abs());
    Some(if !sure {
        format!("{} to {} points", signed(it.low, size), signed(it.high, size))
    } else if !verdict.told() {
        let (least, most) = (it.low.abs().min(it.high.abs()), size);
        let [points, low, high] = [it.points.abs(), least, most].map(|value| number(value, size));
        format!("{points} points apart ({low} to {high})")
    } else if it.points > 0.0 {
        let [points, low, high] = [it.points, it.low, it.high].map(|value| number(value, size));
        format!("worse by {points} points ({low} to {high})")
    } else {
        let [points, low, high] = [-it.points, -it.high, -it.low].map(|value| number(value, size));
        format!("better by {points} points ({low} to {high})")
    })
}

/// One decimal, two where the largest of what stands together is below one.
fn number(value: f64, size: f64) -> String {
    format!("{value:.*}", if size.abs() < 0.95 { 2 } else { 1 })
}

fn signed(value: f64, size: f64) -> String {
    let text = number(value, size);
    match value {
        v if v > 0.0 => format!("+{text}"),
        _ => text.strip_prefix('-').map_or_else(|| text.clone(), |size| format!("-{size}")),
    }
}

/// The sentence and its glyph's role.
pub(super) fn sentence(verdict: &Verdict, in_progress: bool) -> (String, Role) {
    let margin = units::count(verdict.settings.margin);
    let is = if in_progress { "is" } else { "was" };
    let text = match (verdict.ruling, verdict.lack) {
        (Ruling::Worse, _) if verdict.says_roll_back() && in_progress => {
            "new is WORSE than old: roll back".to_owned()
        }
        (Ruling::Worse, _) if verdict.says_roll_back() => format!("new {is} WORSE than old"),
        (Ruling::Worse, _) => format!("new {is} WORSE than old, by less than {margin} points"),
        (Ruling::Better, _) => format!("new {is} BETTER than old"),
        (Ruling::Same, _) => format!("SAME: surely no difference of {margin} points or more"),
        (Ruling::TooLittle, _) => "TOO LITTLE TRAFFIC to tell better from worse".to_owned(),
        (Ruling::NoData, lack) => format!("NO DATA: {}", lack.map_or("nothing was read", missing)),
    };
    (text, word(verdict).1)
}

fn missing(lack: Lack) -> &'static str {
    match lack {
        Lack::Nothing => "neither side reported a request (CloudWatch lags a minute or two)",
        Lack::Idle => "neither side had a request",
        Lack::New => "no requests on new yet (a minute counts 2m after its end)",
        Lack::Old => "old had no request to compare with",
        Lack::Apart => "no minute in which both sides had requests",
    }
}

/// The two groups of a split of which nobody said which is the old one: what stands in the place of old and of new.
fn peers(shift: &Rollout) -> Option<[&str; 2]> {
    let Mechanism::Alb(split) = &shift.mechanism else { return None };
    Some(split.peers()?.map(group_name))
}

/// What is found of two groups, without a word of old and new.
fn peer_sentence(verdict: &Verdict, [more, less]: [&str; 2]) -> (String, Role) {
    match (verdict.ruling, verdict.lack) {
        (Ruling::Worse, _) => (format!("{less} fails more than {more}"), Role::Bad),
        (Ruling::Better, _) => (format!("{more} fails more than {less}"), Role::Bad),
        (Ruling::NoData, Some(Lack::New)) => {
            (format!("NO DATA: no requests on {less} yet (a minute counts 2m after its end)"), Role::Dim)
        }
        (Ruling::NoData, Some(Lack::Old)) => (format!("NO DATA: {more} had no request"), Role::Dim),
        (Ruling::Same | Ruling::TooLittle | Ruling::NoData, _) => sentence(verdict, true),
    }
}

fn said<'a>(label: &str, text: &str, role: Role, ctx: &Ctx) -> Line<'a> {
    Line::from(vec![span(format!(" {label}: "), Role::Dim, ctx), span(text.to_owned(), role, ctx)])
}

/// What both sides did, and what follows from it.
#[derive(Default)]
pub(super) struct Numbers<'a> {
    /// The counts.
    pub(super) table: Vec<Line<'a>>,
    /// The verdict, or why there is none.
    pub(super) said: Vec<Line<'a>>,
}

/// What both sides did and what follows, for an opened shift; or why there is nothing of it. Of one that is over the
/// comparison is the last that was seen while it went on.
pub(super) fn numbers<'a>(
    shift: &Rollout,
    data: Option<&RolloutDetail>,
    comparison: Option<&Comparison>,
    room: usize,
    ctx: &Ctx,
) -> Numbers<'a> {
    let glyphs = ctx.theme.glyphs();
    let error = data.and_then(|data| data.metrics_error.as_ref());
    let mut out = Numbers::default();
    if let Some(error) = error {
        let text = format!(" {} metrics: {error}", glyphs.warn);
        out.said.push(Line::styled(text, ctx.theme.style(Role::Warn)));
    }
    let none = |text: &str, role| said("verdict", text, role, ctx);
    match (comparison, sides_query(shift, ctx.config)) {
        (Some(comparison), asked) if asked.is_ok() || !shift.in_progress() => {
            table(shift, comparison, room, &mut out, ctx);
        }
        (_, Ok(_)) if error.is_some() => out.said.push(none("NO DATA: metrics not read", Role::Warn)),
        (_, Ok(_)) => out.said.push(none(&format!("{} reading metrics", glyphs.waiting), Role::Dim)),
        (_, Err(why)) if shift.in_progress() => out.said.push(none(&format!("NO DATA: {why}"), Role::Dim)),
        // Without weights there never was one.
        (_, Err(_)) if shift.mechanism.has_weights() => {
            out.said.push(none("none was seen while it went on", Role::Dim));
        }
        (_, Err(_)) => {}
    }
    out.said = out.said.into_iter().flat_map(|line| fold(line, room)).collect();
    out
}

fn table(shift: &Rollout, comparison: &Comparison, room: usize, out: &mut Numbers, ctx: &Ctx) {
    let glyphs = ctx.theme.glyphs();
    let verdict = &comparison.verdict;
    let before = verdict.settings.against == Against::Before;
    let (label, column) = match room {
        0..80 => (LABEL - 1, 9),
        80..100 => (LABEL, 10 + usize::from(before)),
        _ => (LABEL, 16),
    };
    let peers = peers(shift).filter(|_| !verdict.told());
    // Names take what they need, so far as the numbers keep their place.
    let longest = peers.iter().flatten().map(|name| width(name) + 2).max().unwrap_or_default();
    let column = column.max(longest.min(if room < 80 { 14 } else { 20 }));
    let left = room.saturating_sub(label + 2 * column + 3);
    let row = |name: &str, old: String, new: String, note: String, role| {
        Line::from(vec![
            span(format!(" {}", pad_right(name, label - 1)), Role::Dim, ctx),
            span(pad_left(&old, column), Role::Text, ctx),
            span(pad_left(&new, column), Role::Text, ctx),
            span(format!("   {}", cut_end(&note, left, glyphs.ellipsis)), role, ctx),
        ])
    };
    let (old, new) = (&comparison.old, &comparison.new);
    let count = |value| units::or_missing(value, glyphs.missing, units::count);
    let failed = |value| units::or_missing(value, glyphs.missing, |value| units::percent(value, 2));
    let latency = |value| units::or_missing(value, glyphs.missing, units::latency);
    let (said_text, role) = match peers {
        Some(peers) => peer_sentence(verdict, peers),
        // What goes back already needs no advice.
        None => sentence(verdict, shift.goes_on()),
    };
    let mark = match verdict.ruling {
        Ruling::Worse => glyphs.warn,
        Ruling::Better if peers.is_some() => glyphs.warn,
        Ruling::Better | Ruling::Same => glyphs.ok,
        Ruling::TooLittle | Ruling::NoData => "",
    };
    let effect = effect(verdict).map(|text| format!("{mark} {text}").trim_start().to_owned());
    let effect = effect.unwrap_or_default();
    // Beside the counts where it fits, below the verdict where it does not.
    let (beside, below) = if width(&effect) <= left { (effect, None) } else { (String::new(), Some(effect)) };
    let whose = match (before, column < 11) {
        (false, _) => "old",
        (true, true) => "before",
        (true, false) => "old, before",
    };
    let [old_head, new_head] = match peers {
        Some(names) => names.map(|name| cut_middle(name, column - 2, glyphs.ellipsis).into_owned()),
        None => [whose.to_owned(), "new".to_owned()],
    };
    out.table.extend([
        row("", old_head, new_head, String::new(), Role::Dim),
        row(
            "requests",
            count(old.requests),
            count(new.requests),
            span_words(comparison, left, ctx),
            Role::Dim,
        ),
        row("failed", failed(old.failed_percent()), failed(new.failed_percent()), beside, role),
        row("p99, worst minute", latency(old.p99), latency(new.p99), "shown, not tested".into(), Role::Dim),
    ]);
    let label = if peers.is_some() {
        "compared".to_owned()
    } else if shift.in_progress() {
        "verdict".to_owned()
    } else {
        format!("verdict while it went on, {}", ctx.zone.near(comparison.read_at, ctx.now.wall))
    };
    out.said.push(said(&label, &said_text, role, ctx));
    out.said.extend(below.map(|effect| Line::from(span(format!("   {effect}"), role, ctx))));
    if peers.is_some() {
        out.said.push(said(
            "verdict",
            "none, since nobody said which group is the old one (stable_target_group)",
            Role::Dim,
            ctx,
        ));
    }
    if before {
        let text = " old is from the hour before the shift: what changed elsewhere counts too";
        out.said.push(Line::styled(text, ctx.theme.style(Role::Dim)));
    }
}

/// What was compared: `9m side by side, 04:08 to 04:17`, and whether minutes scatter more than counting makes
/// them. From when to when only where all of it has room.
fn span_words(comparison: &Comparison, room: usize, ctx: &Ctx) -> String {
    let verdict = &comparison.verdict;
    if verdict.minutes == 0 {
        return String::new();
    }
    let minutes = units::age(Duration::from_secs(u64::from(verdict.minutes) * 60));
    let whose = if verdict.settings.against == Against::Before { "of new" } else { "side by side" };
    let reach = comparison.from.zip(comparison.until).map(|(from, until)| {
        format!(", {} to {}", ctx.zone.near(from, until), ctx.zone.near(until, ctx.now.wall))
    });
    // Less than a fifth more width is nothing to speak of.
    let wider = verdict.scatter.sqrt();
    let bursts = if wider >= 1.2 { format!(", bursts ×{wider:.1}") } else { String::new() };
    let text = format!("{minutes} {whose}{}{bursts}", reach.unwrap_or_default());
    if width(&text) <= room { text } else { format!("{minutes} {whose}{bursts}") }
}
