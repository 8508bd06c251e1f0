//! What GuardDuty found: written in the scenario, told as it stood at a moment.
//!
//! A finding comes up some minutes after its first event and grows with later ones; an attack sequence
//! knows only the signals that there have been. What a resource or an action looks like is in the
//! service's own words in the scenario: `svc/` passes it on.

use super::hash::Dice;
use super::spec::Offset;
use super::types::{Finding, Signal};
use super::{World, time};
use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

/// Events become a finding this much later, unless the scenario says when.
const REPORTED_AFTER: i64 = 5 * 60_000;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FindingSpec {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) severity: f64,
    pub(super) title: String,
    pub(super) description: String,
    /// The first and the last event.
    pub(super) first: Spanned<Offset>,
    pub(super) last: Offset,
    /// Events between them.
    #[serde(default = "one")]
    pub(super) count: u32,
    /// When it came up.
    #[serde(default)]
    pub(super) reported: Option<Offset>,
    #[serde(default)]
    pub(super) archived: bool,
    /// Where it was found; everywhere when empty, like the rest of the scenario.
    #[serde(default)]
    pub(super) regions: Vec<String>,
    /// `resource` of the finding as the API has it.
    pub(super) resource: toml::Table,
    /// What its `service` has besides counts and times, as the API has it.
    #[serde(default)]
    pub(super) service: toml::Table,
    /// What an attack sequence is made of.
    #[serde(default, rename = "signal")]
    pub(super) signals: Vec<SignalSpec>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignalSpec {
    /// `FINDING`, `CLOUD_TRAIL`, ..
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    pub(super) severity: f64,
    #[serde(default = "one")]
    pub(super) count: u32,
    pub(super) first: Offset,
    pub(super) last: Offset,
    /// What it stands for: indicator key and values.
    #[serde(default)]
    pub(super) indicators: Vec<(String, Vec<String>)>,
}

fn one() -> u32 {
    1
}

impl World {
    /// The findings of this region as they stood at `now`, in the scenario's order.
    pub fn findings(&self, now: Timestamp) -> Vec<Finding<'_>> {
        let now = now.as_millisecond();
        let here = |spec: &&FindingSpec| spec.regions.is_empty() || spec.regions.contains(&self.region);
        let listed = self.scenario.findings.iter().enumerate();
        let listed = listed.filter(|(_, spec)| here(spec));
        listed.filter_map(|(index, spec)| self.finding(spec, self.finding_dice(index), now)).collect()
    }

    fn finding_dice(&self, index: usize) -> Dice {
        self.dice.named("finding").on(index as u64)
    }

    /// Whether the account has anything to see in a region.
    pub fn uses(&self, region: &str) -> bool {
        let regions = &self.scenario.regions;
        regions.is_empty() || regions.iter().any(|used| used == region)
    }

    /// The account that administers GuardDuty for this one.
    pub fn administrator(&self) -> Option<&str> {
        self.scenario.administrator.as_deref()
    }

    /// The id of GuardDuty's detector in this region.
    pub fn detector(&self) -> String {
        self.dice.named("detector").hex(32)
    }

    fn finding<'a>(&'a self, spec: &'a FindingSpec, dice: Dice, now: i64) -> Option<Finding<'a>> {
        let first = self.start + spec.first.get_ref().0;
        let created = spec.reported.map_or(first + REPORTED_AFTER, |at| self.start + at.0);
        if now < created {
            return None;
        }
        let end = self.start + spec.last.0;
        let last = end.clamp(first, now.max(first));
        let signals = spec.signals.iter().enumerate();
        let signals = signals.filter_map(|(index, signal)| self.signal(signal, dice.on(index as u64), now));
        Some(Finding {
            id: dice.hex(32),
            kind: &spec.kind,
            severity: spec.severity,
            title: &spec.title,
            description: &spec.description,
            created: time(created),
            updated: time(created.max((last + REPORTED_AFTER).min(now))),
            first: time(first),
            last: time(last),
            count: part(spec.count, first, last, end),
            archived: spec.archived,
            resource: &spec.resource,
            service: &spec.service,
            signals: signals.collect(),
        })
    }

    fn signal<'a>(&self, spec: &'a SignalSpec, dice: Dice, now: i64) -> Option<Signal<'a>> {
        let first = self.start + spec.first.0;
        let end = self.start + spec.last.0;
        let last = end.clamp(first, now.max(first));
        (first <= now).then(|| Signal {
            id: dice.hex(32),
            kind: &spec.kind,
            name: &spec.name,
            description: spec.description.as_deref(),
            severity: spec.severity,
            count: part(spec.count, first, last, end),
            first: time(first),
            last: time(last),
            indicators: &spec.indicators,
        })
    }
}

/// How many of `count` events there have been by `now`, when they come evenly; at least the first.
fn part(count: u32, first: i64, now: i64, last: i64) -> u32 {
    if now >= last || last <= first {
        return count;
    }
    let share = (now - first) as f64 / (last - first) as f64;
    (1.0 + share * f64::from(count.saturating_sub(1))) as u32
}
