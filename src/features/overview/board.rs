//! NOW: what is fresh and bad, by severity, oldest first within one; the rest folded into counts.
//!
//! It shows the present whatever the window is. Pure; the order on screen may lag behind by the two seconds
//! that rows stand still after a key ([`super::pane`]).

use crate::app::pane::{Ctx, Tone};
use crate::aws::TargetId;
use crate::config::Severity;
use crate::features::alarms::{Alarm, AlarmState, severity};
use crate::features::jumps;
use crate::features::rollouts::{self, Rollout, RolloutName};
use crate::features::security::{self, Finding};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// More alarms than this are a storm, and fold.
const STORM: usize = 8;
/// Alarms that start this close to each other belong to one burst.
const BURST_GAP: i64 = 60;

/// What the cursor can stand on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Thing {
    /// A shift.
    Rollout(TargetId, RolloutName),
    /// An alarm.
    Alarm(TargetId, String),
    /// Alarms that started together, by the one that was first.
    Storm(TargetId, String),
    /// A finding.
    Finding(security::Key),
    /// The line of what does not count.
    Folded,
    /// A service.
    Service(TargetId, String),
}

/// A row of NOW.
#[derive(Debug, Clone)]
pub enum Item<'a> {
    /// A shift in flight.
    Rollout(&'a TargetId, &'a Rollout, Tone),
    /// One alarm.
    Alarm(&'a TargetId, &'a Alarm, Severity),
    /// Alarms that started together.
    Storm(Storm<'a>),
    /// A finding that matters.
    Finding(&'a TargetId, &'a Finding),
}

/// Alarms that started together.
#[derive(Debug, Clone)]
pub struct Storm<'a> {
    /// Whose.
    pub target: &'a TargetId,
    /// The one that was first.
    pub first: &'a Alarm,
    /// How many.
    pub count: usize,
    /// Services they are on, those with most alarms first.
    pub services: Vec<String>,
    /// The worst of them.
    pub severity: Severity,
}

/// What does not count, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Folded {
    /// In ALARM for over a day.
    pub chronic: usize,
    /// Their only actions are scaling policies.
    pub scaling: usize,
    /// Muted, suppressed, or with their actions off.
    pub muted: usize,
    /// Without data since less than a day.
    pub no_data: usize,
    /// Findings that matter but were last seen over a day ago.
    pub old_findings: usize,
    /// Fresh findings beyond those that have a row.
    pub more_findings: usize,
}

/// NOW.
#[derive(Debug, Clone, Default)]
pub struct Board<'a> {
    /// Worst first.
    pub items: Vec<Item<'a>>,
    /// What does not count.
    pub folded: Folded,
    /// Alarms that count, folded into storms or not.
    pub alarms: usize,
    /// Findings that count.
    pub findings: usize,
}

impl Folded {
    fn add(&mut self, alarm: &Alarm, ctx: &Ctx) {
        // One reason each: the one that says most about why nobody needs to look.
        match alarm.state {
            AlarmState::Alarm if alarm.muted() => self.muted += 1,
            AlarmState::Alarm if alarm.scaling() => self.scaling += 1,
            AlarmState::Alarm if alarm.chronic(ctx.now) => self.chronic += 1,
            AlarmState::InsufficientData if !alarm.chronic(ctx.now) => self.no_data += 1,
            _ => {}
        }
    }

    /// Nothing but findings is folded.
    pub fn only_findings(&self) -> bool {
        self.chronic + self.scaling + self.muted + self.no_data == 0
    }

    /// In words, most telling first; empty when nothing is folded.
    pub fn words(&self) -> String {
        let plural = |n: usize, one: &str, many: &str| {
            (n > 0).then(|| format!("{n} {}", if n == 1 { one } else { many }))
        };
        let parts = [
            plural(self.chronic, "alarm over 24 h", "alarms over 24 h"),
            plural(self.scaling, "scaling alarm", "scaling alarms"),
            plural(self.muted, "muted", "muted"),
            plural(self.no_data, "newly without data", "newly without data"),
            plural(self.more_findings, "more finding", "more findings"),
            plural(self.old_findings, "finding over 24 h", "findings over 24 h"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

impl Item<'_> {
    /// What the cursor stands on.
    pub fn thing(&self) -> Thing {
        match self {
            Self::Rollout(target, shift, _) => Thing::Rollout((*target).clone(), shift.name.clone()),
            Self::Alarm(target, alarm, _) => Thing::Alarm((*target).clone(), alarm.name.clone()),
            Self::Storm(storm) => Thing::Storm(storm.target.clone(), storm.first.name.clone()),
            Self::Finding(target, finding) => Thing::Finding(security::Key::of(target, finding)),
        }
    }

    /// How bad it is.
    pub fn tone(&self) -> Tone {
        match self {
            Self::Rollout(_, _, tone) => *tone,
            Self::Alarm(_, _, severity) => tone(*severity),
            Self::Storm(storm) => tone(storm.severity),
            Self::Finding(_, finding) => tone(of_finding(finding)),
        }
    }

    fn rank(&self) -> (Reverse<Severity>, Option<Timestamp>) {
        match self {
            // A shift in trouble is what can be undone: it stands with the worst. One that goes well is last.
            Self::Rollout(_, shift, tone) => {
                let severity = match tone {
                    Tone::Bad => Severity::Critical,
                    Tone::Warn => Severity::Medium,
                    Tone::Ok | Tone::Info => Severity::Low,
                };
                (Reverse(severity), shift.started_at)
            }
            Self::Alarm(_, alarm, severity) => (Reverse(*severity), alarm.since),
            Self::Storm(storm) => (Reverse(storm.severity), storm.first.since),
            Self::Finding(_, finding) => (Reverse(of_finding(finding)), finding.first),
        }
    }
}

/// High and critical are bad; the rest is worth a look.
fn tone(severity: Severity) -> Tone {
    if severity >= Severity::High { Tone::Bad } else { Tone::Warn }
}

fn of_finding(finding: &Finding) -> Severity {
    match finding.level() {
        security::Level::Critical => Severity::Critical,
        security::Level::High => Severity::High,
        security::Level::Medium => Severity::Medium,
        security::Level::Low => Severity::Low,
    }
}

/// NOW over all active targets.
pub fn board<'a>(ctx: &Ctx<'a>) -> Board<'a> {
    let store = ctx.store;
    let mut board = Board::default();
    for (id, target) in store.active_targets() {
        let mut alarms: Vec<(&Alarm, Severity)> = Vec::new();
        for alarm in target.alarms.iter().flat_map(|list| &list.alarms) {
            if alarm.counts(ctx.now) {
                alarms.push((alarm, severity(alarm, ctx.config)));
            } else {
                board.folded.add(alarm, ctx);
            }
        }
        board.alarms += alarms.len();
        if alarms.len() > STORM {
            let services = |alarm: &str| {
                let owner = target.derived.services.of_alarm(alarm).next();
                owner.map(|owner| owner.service.name.clone())
            };
            bursts(id, alarms, services, &mut board.items);
        } else {
            let rows = alarms.into_iter().map(|(alarm, severity)| Item::Alarm(id, alarm, severity));
            board.items.extend(rows);
        }
        for shift in target.rollouts.iter().flat_map(|list| &list.shifts).filter(|it| it.in_progress()) {
            board.items.push(Item::Rollout(id, shift, shift_tone(id, shift, ctx)));
        }
    }
    findings(&mut board, ctx);
    board.items.sort_by_key(Item::rank);
    board
}

/// Findings that matter: fresh ones worst first, as many as alarms have rows; the rest is counted.
fn findings<'a>(board: &mut Board<'a>, ctx: &Ctx<'a>) {
    for (id, target) in ctx.store.active_targets() {
        let worth = target.findings.iter().flat_map(|list| list.at_least(security::Level::Medium));
        for finding in worth.filter(|it| it.matters()) {
            if finding.old(ctx.now) {
                board.folded.old_findings += 1;
                continue;
            }
            board.findings += 1;
            if board.findings > STORM {
                board.folded.more_findings += 1;
            } else {
                board.items.push(Item::Finding(id, finding));
            }
        }
    }
}

/// A shift is in trouble when it is itself, or when an alarm on its service went off.
fn shift_tone(id: &TargetId, shift: &Rollout, ctx: &Ctx) -> Tone {
    let Some(target) = ctx.store.target(id) else { return Tone::Info };
    let own = rollouts::trouble(shift, target);
    let alarms = jumps::alarms_of(target, shift, ctx.now);
    if alarms.iter().any(|(_, after)| *after == Some(true)) {
        return Tone::Bad;
    }
    if alarms.is_empty() { own } else { own.max(Tone::Warn) }
}

/// Folds alarms that started within a minute of each other; one alone stays itself.
fn bursts<'a>(
    id: &'a TargetId,
    mut alarms: Vec<(&'a Alarm, Severity)>,
    service: impl Fn(&str) -> Option<String>,
    items: &mut Vec<Item<'a>>,
) {
    alarms.sort_by(|(a, _), (b, _)| (a.since, &a.name).cmp(&(b.since, &b.name)));
    let together = |(a, _): &(&Alarm, Severity), (b, _): &(&Alarm, Severity)| match (a.since, b.since) {
        (Some(a), Some(b)) => b.as_second() - a.as_second() <= BURST_GAP,
        (None, None) => true,
        _ => false,
    };
    for burst in alarms.chunk_by(together) {
        let Some((first, severity)) = burst.first().copied() else { continue };
        if burst.len() == 1 {
            items.push(Item::Alarm(id, first, severity));
            continue;
        }
        let mut services: Vec<(String, usize)> = Vec::new();
        for name in burst.iter().filter_map(|(alarm, _)| service(&alarm.name)) {
            match services.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => services.push((name, 1)),
            }
        }
        services.sort_by_key(|(_, count)| Reverse(*count));
        items.push(Item::Storm(Storm {
            target: id,
            first,
            count: burst.len(),
            services: services.into_iter().map(|(name, _)| name).collect(),
            severity: burst.iter().map(|(_, severity)| *severity).max().unwrap_or(severity),
        }));
    }
}
