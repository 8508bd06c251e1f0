//! The same as text, for 80 columns: what a person copies (names, ARNs, commands) is never cut or wrapped. The
//! list has a line per shift, as long as it must be.

use super::super::comparing::Compared;
use super::super::mechanism::ecs::AgainFacts;
use super::super::model::{Mechanism, Rollout};
use super::super::plan::{AGAIN, NOT_AGAIN, Plan, SideFacts, Verdict};
use super::super::stages::percent;
use super::super::view::since;
use super::{Fact, verdict};
use crate::aws::TargetId;
use crate::text::{Zone, pad_right, units, width, wrap};
use crate::theme::Glyphs;
use jiff::Timestamp;

/// Columns that lines of sentences keep to.
const WIDTH: usize = 80;
/// Indent of what follows a time: `10:00:00  `.
const INDENT: usize = 10;

/// The list: shifts in flight, then those that ended within a day, each with what its sides did; `several`
/// targets have a column. What CodeDeploy moves goes by its own name.
pub fn list(
    shifts: &[(&TargetId, &Rollout, Compared)],
    several: bool,
    now: Timestamp,
    zone: &Zone,
    glyphs: &Glyphs,
) -> Vec<String> {
    let row = |(target, shift, compared): &(&TargetId, &Rollout, Compared)| {
        let share = if shift.in_progress() { shift.share() } else { None };
        let share = units::or_missing(share, glyphs.missing, |(share, estimate)| {
            format!("{}{}", if estimate { glyphs.estimate } else { "" }, percent(share))
        });
        let (next, at) = match shift.finished_at {
            Some(at) if !shift.in_progress() => (format!("ended {}", zone.near(at, now)), Some(at)),
            _ => (shift.next_words(now), shift.started_at.or(shift.created_at)),
        };
        let age = units::or_missing(at, glyphs.missing, |at| units::age(since(at, now)));
        let target = several.then(|| target.to_string());
        let said = if shift.in_progress() { verdict::word(compared, glyphs) } else { String::new() };
        let (mechanism, owner) = (shift.mechanism.label(), shift.owner.label().to_owned());
        let cells = [mechanism, owner, shift.stage_words(), share, next, said, age];
        std::iter::once(shift.thing().full()).chain(target).chain(cells).collect::<Vec<_>>()
    };
    let titles = ["name", "target", "mechanism", "owner", "stage", "on new", "next", "verdict", "age"];
    let titles = titles.iter().filter(|title| several || **title != "target");
    let head: Vec<String> = titles.map(|title| (*title).to_owned()).collect();
    let (moving, ended): (Vec<_>, Vec<_>) = shifts.iter().partition(|(_, shift, _)| shift.in_progress());
    let rows: Vec<Vec<String>> =
        std::iter::once(head).chain(moving.into_iter().chain(ended).map(row)).collect();
    if rows.len() == 1 {
        return Vec::new();
    }
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, wide)| pad_right(cell, *wide)).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// What is followed, before the first change, and the zone of the times that follow.
pub fn head(target: &TargetId, region: Option<&str>, shift: &Rollout, zone: &Zone) -> Vec<String> {
    let sides = match (&shift.old, &shift.mechanism) {
        (Some(old), _) => format!("{} -> {}", old.label(), shift.new.label()),
        (None, Mechanism::Alb(split)) => split.words(),
        (None, _) => format!("nothing -> {}", shift.new.label()),
    };
    let mut pieces = vec![
        shift.thing().full(),
        format!("{target} {}", region.unwrap_or("no region")),
        shift.mechanism.label(),
        sides,
    ];
    if let Some(at) = shift.started_at.or(shift.created_at) {
        let by = shift.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        pieces.push(format!("started {}{by}", zone.full(at)));
    }
    pieces.push(format!("times in {}", zone.name(shift.read_at)));
    flow("", &pieces, 2)
}

/// What has changed, at this time. What comes next is told with what changes it.
pub fn change_line(shift: &Rollout, changed: &[Fact], now: Timestamp, zone: &Zone) -> Vec<String> {
    let mut pieces: Vec<String> =
        changed.iter().filter(|fact| !fact.text.is_empty()).map(|fact| fact.text.clone()).collect();
    let gone = changed.iter().filter(|fact| fact.text.is_empty()).map(|fact| match fact.name {
        "alarms" => "no alarm any more".to_owned(),
        "hooks" => "the hook was answered".to_owned(),
        name => format!("no {name} any more"),
    });
    pieces.extend(gone.filter(|_| shift.in_progress()));
    let moves = |fact: &Fact| matches!(fact.name, "status" | "lifecycleStage" | "weight" | "hooks");
    if shift.in_progress() && changed.iter().any(moves) && shift.waiting_hook().is_none() {
        pieces.push(format!("next: {}", shift.next_words(now)));
    }
    if pieces.is_empty() {
        return Vec::new();
    }
    flow(&format!("{}  ", zone.second(now)), &pieces, INDENT)
}

/// Pieces side by side, as many as 80 columns take; a longer piece has a line of its own.
fn flow(lead: &str, pieces: &[String], indent: usize) -> Vec<String> {
    let (mut lines, mut line, mut empty) = (Vec::new(), lead.to_owned(), true);
    for piece in pieces {
        if !empty && width(&line) + 2 + width(piece) > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            empty = true;
        }
        if !empty {
            line.push_str("  ");
        }
        line.push_str(piece);
        empty = false;
    }
    lines.push(line);
    lines
}

/// A plan as the dialog shows it, with the command; `compared` are the sides of a shift in flight.
pub fn plan(plan: &Plan, compared: Option<&Compared>, now: Timestamp, glyphs: &Glyphs) -> Vec<String> {
    let place = &plan.place;
    let mut head = Vec::new();
    if place.production {
        head.push("PRODUCTION".to_owned());
    }
    match &place.caller {
        Ok(caller) => {
            let left = plan.credentials_left(now).map(|left| units::age(left.try_into().unwrap_or_default()));
            let left = left.map(|left| format!(" ({left} left)")).unwrap_or_default();
            head.push(format!("{} {} {}", place.target, caller.account, place.region));
            head.push(format!("you are {}{left}", caller.short));
        }
        Err(error) => {
            head.push(format!("{} {}", place.target, place.region));
            head.push(format!("you are not known: {}", error.short()));
        }
    }
    let mut out = flow("", &head, 2);
    out.extend(flow("", &[plan.subject(), format!("owner: {}", plan.owner)], 2));
    let [from, to] = plan.sides();
    let callable = plan.callable();
    if plan.again.is_some() {
        out.push(if callable { AGAIN } else { NOT_AGAIN }.to_owned());
    }
    match plan.undecided() {
        Some(sides) => {
            let labels = std::iter::once(from).chain(std::iter::repeat("      "));
            out.extend(labels.zip(sides).map(|(label, side)| format!("{label}{side}")));
        }
        None => out.extend(side(from, &plan.from, None)),
    }
    if let Some(earlier) = &plan.to {
        out.extend(side(to, earlier, Some(100.0)));
    }
    let mut say = |text: String| {
        let rows = wrap(&text, WIDTH - 2).into_iter().enumerate();
        out.extend(rows.map(|(index, row)| if index == 0 { row } else { format!("  {row}") }));
    };
    if let Some(stands) = &plan.stands {
        say(format!("now at {stands}"));
    }
    if callable {
        say(format!("takes {}", plan.takes));
        plan.again.iter().flat_map(AgainFacts::lines).for_each(&mut say);
    }
    if let Some(labels) = plan.again.as_ref().and_then(AgainFacts::labels) {
        say(format!("earlier revisions: {labels}; --to chooses"));
    }
    if let Some(compared) = compared {
        say(format!("verdict: {}", verdict::sentence(compared)));
    }
    if !plan.alarms.is_empty() {
        say(format!("alarms of this deployment: {}", plan.alarms.join(", ")));
    }
    let command = plan.command();
    if command.is_some() {
        say(format!("does not undo: {}", plan.not_undone.join(", ")));
    }
    let mut checks: Vec<_> = plan.checks.iter().collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.verdict));
    for check in checks {
        let glyph = match check.verdict {
            Verdict::Pass => glyphs.ok,
            Verdict::Warn => glyphs.warn,
            Verdict::NotHere | Verdict::Refuse => glyphs.bad,
        };
        say(format!("{glyph} {}", check.text));
    }
    let params = plan.call.params();
    let names = params.iter().map(|(name, _)| width(name)).max().unwrap_or_default();
    if callable {
        out.push(format!("the call: {}", plan.call.operation()));
        out.extend(params.iter().map(|(name, value)| format!("  {} = {value}", pad_right(name, names))));
        if !plan.call.compared_by_aws() {
            out.push(
                "  AWS compares nothing: what changes in the instant before it is overwritten".to_owned(),
            );
        }
    }
    if let Some(command) = command {
        let what = if callable { "the same as a command" } else { plan.instead_title() };
        out.push(format!("{what}:"));
        out.push(format!("  {command}"));
    }
    out
}

fn side(label: &str, side: &SideFacts, after: Option<f64>) -> Vec<String> {
    let weight = after.map_or_else(|| side.weight_words(), |after| side.weight_to(after));
    let mut pieces = vec![side.label.clone(), weight, side.health_words()];
    pieces.extend(side.images.iter().cloned());
    flow(label, &pieces, width(label))
}
