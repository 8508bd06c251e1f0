//! Drawing the rows of NOW: one line for each thing that is fresh and bad.

use super::board::{Item, Storm, Thing};
use super::pane::Row;
use crate::app::pane::{Ctx, Tone};
use crate::aws::TargetId;
use crate::features::alarms::Alarm;
use crate::features::rollouts::stages::Next;
use crate::features::rollouts::{self, Rollout};
use crate::features::security::Finding;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::table::{Cell, Row as TableRow};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

pub(super) fn now_row<'a>(row: &Row<'a>, ctx: &Ctx<'a>) -> TableRow<'a> {
    let glyphs = ctx.theme.glyphs();
    let item = match row {
        Row::Item(item) => item,
        Row::Gone(thing) => return gone(thing, ctx),
    };
    let role = item.tone().role();
    let glyph = match item.tone() {
        Tone::Bad => glyphs.bad,
        Tone::Warn => glyphs.warn,
        Tone::Ok => glyphs.ok,
        Tone::Info => glyphs.stage[0],
    };
    let kind = |word: String| Cell::new(format!("{glyph} "), role).and(word, role);
    let (target, mut cells) = match item {
        Item::Rollout(id, shift, _) => (
            id,
            vec![
                kind("ROLLOUT".into()),
                Cell::new(shift.thing().shown(), Role::Strong),
                rollout_facts(id, shift, ctx),
                age(shift.started_at, ctx),
            ],
        ),
        Item::Alarm(id, alarm, _) => (
            id,
            vec![
                kind("ALARM".into()),
                Cell::new(alarm.name.as_str(), Role::Strong),
                alarm_facts(alarm, id, ctx),
                age(alarm.since, ctx),
            ],
        ),
        Item::Finding(id, finding) => (
            id,
            vec![
                kind("FINDING".into()),
                Cell::new(finding.threat(), Role::Strong),
                finding_facts(finding),
                age(finding.first, ctx),
            ],
        ),
        Item::Storm(storm) => (
            &storm.target,
            vec![
                kind(format!("{} ALARMS", storm.count)),
                Cell::new(storm_services(storm), Role::Strong),
                storm_facts(storm, ctx),
                age(storm.first.since, ctx),
            ],
        ),
    };
    if ctx.many_targets() {
        cells.insert(2, Cell::new(target.as_str(), Role::Dim));
    }
    TableRow { cells }
}

fn gone<'a>(thing: &Thing, ctx: &Ctx) -> TableRow<'a> {
    let name = match thing {
        Thing::Rollout(target, name) => {
            let list = ctx.store.target(target).and_then(|it| it.rollouts.as_ref());
            list.map_or(name.short(), |list| rollouts::find::called(list, name)).to_owned()
        }
        Thing::Alarm(_, name) | Thing::Storm(_, name) | Thing::Service(_, name) => name.clone(),
        Thing::Finding(_) => "finding".to_owned(),
        Thing::Folded => String::new(),
    };
    let kind = Cell::new(format!("{} over", ctx.theme.glyphs().ok), Role::Ok);
    TableRow { cells: vec![kind, Cell::new(name, Role::Dim)] }
}

fn age<'a>(since: Option<Timestamp>, ctx: &Ctx) -> Cell<'a> {
    let age = since.map(|at| Duration::try_from(ctx.now.wall.duration_since(at)).unwrap_or_default());
    // Seconds would repaint a row that says nothing new.
    let text = units::or_missing(age, ctx.theme.glyphs().missing, |age| {
        if age < Duration::from_mins(1) { "<1m".to_owned() } else { units::age(age) }
    });
    Cell::new(text, Role::Text)
}

/// Between two facts; without a colour of its own, which the row with the cursor would show.
const GAP: &str = "   ";

fn rollout_facts<'a>(target: &TargetId, shift: &Rollout, ctx: &Ctx) -> Cell<'a> {
    let now = stepped(shift, ctx.now.wall);
    let stage = format!("{} {}", shift.mechanism.short(), shift.stage_words());
    let seen = ctx.store.target(target).and_then(|data| rollouts::seen_of(data, &shift.deployment));
    // What is bad is not what is cut on a small screen.
    let mut cell = match seen.map(|it| rollouts::phrase(&it.verdict)) {
        Some((text, Role::Bad)) => Cell::new(text, Role::Bad).and(GAP, Role::Text).and(stage, Role::Text),
        Some((text, role)) => Cell::new(stage, Role::Text).and(GAP, Role::Text).and(text, role),
        None => Cell::new(stage, Role::Text),
    };
    cell = cell.and(format!("   {}", shift.next_words(now)), Role::Text);
    let triggered = shift.alarms.triggered.len();
    if triggered > 0 {
        let plural = if triggered == 1 { "alarm" } else { "alarms" };
        cell = cell.and(GAP, Role::Text).and(format!("{triggered} {plural} triggered"), Role::Bad);
    }
    let itself = if shift.by_itself().yes { "yes" } else { "no" };
    cell.and(format!("   rolls back itself: {itself}"), Role::Dim)
}

/// A time at which the countdown to the next step shows whole half minutes, and whole ten seconds below one.
fn stepped(shift: &Rollout, now: Timestamp) -> Timestamp {
    let due = match shift.next() {
        Next::Shift(_, Some(due)) | Next::CleanUp(Some(due)) | Next::Removal(Some(due)) => due.at,
        _ => return now,
    };
    let left = due.duration_since(now).as_secs();
    let step = if left >= 60 { 30 } else { 10 };
    let shown = SignedDuration::from_secs((left + step - 1).div_euclid(step) * step);
    due.checked_sub(shown).unwrap_or(now)
}

fn alarm_facts<'a>(alarm: &'a Alarm, target: &crate::aws::TargetId, ctx: &Ctx<'a>) -> Cell<'a> {
    let condition = alarm.condition();
    let first = alarm.reason.lines().next().unwrap_or_default();
    let mut cell = if alarm.threshold.is_some() {
        Cell::new(condition, Role::Text)
    } else {
        Cell::new(first, Role::Text)
    };
    if let Some((m, n)) = alarm.datapoints {
        cell = cell.and(format!("   {m} of {n} points"), Role::Dim);
    }
    let owner = ctx.store.target(target).and_then(|it| it.derived.services.of_alarm(&alarm.name).next());
    if let Some(on) = owner.as_ref().and_then(|owner| owner.dependency) {
        let service = owner.map(|owner| owner.service.name.as_str()).unwrap_or_default();
        cell = cell.and(format!("   {} of {service}", on.name), Role::Dim);
    }
    cell
}

/// `orders cart +3`
fn storm_services(storm: &Storm) -> String {
    let mut text = storm.services.iter().take(2).cloned().collect::<Vec<_>>().join(" ");
    match storm.services.len() {
        0 => storm.first.name.clone_into(&mut text),
        1 | 2 => {}
        n => text = format!("{text} +{}", n - 2),
    }
    text
}

fn storm_facts<'a>(storm: &Storm<'a>, ctx: &Ctx) -> Cell<'a> {
    let since = storm.first.since.map(|at| ctx.zone.near(at, ctx.now.wall));
    let since = since.map(|at| format!("since {at} · ")).unwrap_or_default();
    Cell::new(since, Role::Text).and("first ", Role::Dim).and(storm.first.name.as_str(), Role::Text)
}

fn finding_facts(finding: &Finding) -> Cell<'_> {
    let number = finding.severity.map(|number| format!(" {number:.1}")).unwrap_or_default();
    let mut cell =
        Cell::new(finding.on(), Role::Text).and(format!("   {}{number}", finding.level().word()), Role::Text);
    if let Some(address) = finding.addresses.first() {
        cell = cell.and(format!("   from {address}"), Role::Dim);
    }
    cell.and(format!("   {}", finding.region), Role::Dim)
}
