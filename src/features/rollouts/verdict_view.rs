//! The verdict in words: the table of an opened shift, the cell of the list, the phrase of other screens.

use super::comparing::metrics_query;
use super::model::Rollout;
use super::verdict::{Against, Lack, Ruling, Verdict};
use super::wire::{Comparison, RolloutDetail};
use crate::app::pane::Ctx;
use crate::text::{pad_left, pad_right, units};
use crate::theme::Role;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Width of the labels at the left.
const LABEL: usize = 20;

/// A word or two for a list.
pub(super) fn word(verdict: &Verdict) -> (&'static str, Role) {
    match verdict.ruling {
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
    let text = match (verdict.ruling, verdict.lack) {
        (Ruling::Worse, _) if verdict.says_roll_back() && in_progress => {
            "new is WORSE than old: roll back".to_owned()
        }
        (Ruling::Worse, _) if verdict.says_roll_back() => "new is WORSE than old".to_owned(),
        (Ruling::Worse, _) => format!("new is WORSE than old, by less than {margin} points"),
        (Ruling::Better, _) => "new is BETTER than old".to_owned(),
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
        Lack::New => "no whole minute with requests on new yet",
        Lack::Old => "old had no request to compare with",
        Lack::Apart => "no minute in which both sides had requests",
    }
}

fn span<'a>(text: impl Into<std::borrow::Cow<'a, str>>, role: Role, ctx: &Ctx) -> Span<'a> {
    Span::styled(text, ctx.theme.style(role))
}

fn said<'a>(text: &str, role: Role, ctx: &Ctx) -> Line<'a> {
    Line::from(vec![span(" verdict: ", Role::Dim, ctx), span(text.to_owned(), role, ctx)])
}

/// What both sides did and what follows, for an opened shift; or why there is nothing of it.
pub(super) fn lines<'a>(
    shift: &Rollout,
    data: Option<&RolloutDetail>,
    comparison: Option<&Comparison>,
    room: u16,
    ctx: &Ctx,
) -> Vec<Line<'a>> {
    let glyphs = ctx.theme.glyphs();
    let error = data.and_then(|data| data.metrics_error.as_ref());
    let mut lines = Vec::new();
    if let Some(error) = error {
        lines.push(Line::styled(format!(" {} metrics: {error}", glyphs.warn), ctx.theme.style(Role::Warn)));
    }
    match (comparison, metrics_query(shift, ctx.config)) {
        (Some(comparison), Ok(_)) => lines.extend(table(shift, comparison, room, ctx)),
        (None, Ok(_)) if error.is_some() => lines.push(said("NO DATA: metrics not read", Role::Warn, ctx)),
        (None, Ok(_)) => {
            lines.push(said(&format!("{} reading metrics", glyphs.waiting), Role::Dim, ctx));
        }
        (_, Err(why)) if shift.in_progress() => lines.push(said(&format!("NO DATA: {why}"), Role::Dim, ctx)),
        (_, Err(_)) => {}
    }
    lines
}

fn table<'a>(shift: &Rollout, comparison: &Comparison, room: u16, ctx: &Ctx) -> Vec<Line<'a>> {
    let glyphs = ctx.theme.glyphs();
    let verdict = &comparison.verdict;
    let column = if room < 100 { 10 } else { 16 };
    let row = |label: &str, old: String, new: String, note: String, role| {
        Line::from(vec![
            span(format!(" {}", pad_right(label, LABEL - 1)), Role::Dim, ctx),
            span(pad_left(&old, column), Role::Text, ctx),
            span(pad_left(&new, column), Role::Text, ctx),
            span(format!("   {note}"), role, ctx),
        ])
    };
    let (old, new) = (&comparison.old, &comparison.new);
    let count = |value| units::or_missing(value, glyphs.missing, units::count);
    let failed = |value| units::or_missing(value, glyphs.missing, |value| units::percent(value, 2));
    let latency = |value| units::or_missing(value, glyphs.missing, units::latency);
    let (said_text, role) = sentence(verdict, shift.in_progress());
    let mark = match verdict.ruling {
        Ruling::Worse => glyphs.warn,
        Ruling::Better | Ruling::Same => glyphs.ok,
        Ruling::TooLittle | Ruling::NoData => "",
    };
    let effect = effect(verdict).map(|text| format!("{mark} {text}").trim_start().to_owned());
    let before = verdict.settings.against == Against::Before;
    let mut lines = vec![
        row("", if before { "old, before" } else { "old" }.into(), "new".into(), String::new(), Role::Dim),
        row(
            "requests",
            count(old.requests),
            count(new.requests),
            span_words(verdict, undated(shift, ctx)),
            Role::Dim,
        ),
        row(
            "failed",
            failed(old.failed_percent()),
            failed(new.failed_percent()),
            effect.unwrap_or_default(),
            role,
        ),
        row("p99, worst minute", latency(old.p99), latency(new.p99), "shown, not tested".into(), Role::Dim),
        said(&said_text, role, ctx),
    ];
    if before {
        let text = " old is from the hour before the shift: what changed elsewhere counts too";
        lines.push(Line::styled(text, ctx.theme.style(Role::Dim)));
    }
    lines
}

/// What was compared: `over 9m side by side`, and whether minutes scatter more than counting makes them.
fn span_words(verdict: &Verdict, undated: bool) -> String {
    if verdict.minutes == 0 {
        return String::new();
    }
    let minutes = units::age(Duration::from_secs(u64::from(verdict.minutes) * 60));
    let whose = if verdict.settings.against == Against::Before { "of new" } else { "side by side" };
    // Less than a fifth more width is nothing to speak of.
    let wider = verdict.scatter.sqrt();
    let bursts = if wider >= 1.2 { format!(", bursts ×{wider:.1}") } else { String::new() };
    let reach = if undated { " in the last day" } else { "" };
    format!("over {minutes} {whose}{reach}{bursts}")
}

/// Whether nothing says when the shift began: then it is looked at over the last day.
fn undated(shift: &Rollout, ctx: &Ctx) -> bool {
    metrics_query(shift, ctx.config).is_ok_and(|asked| asked.from.is_none())
}
