//! What else happened: rollouts, alarms and findings as rows of the time line. Pure.

use super::lens::Lens;
use crate::app::pane::{Ctx, Tone};
use crate::aws::TargetId;
use crate::config::Severity;
use crate::features::alarms::{self, AlarmState};
use crate::features::rollouts::mechanism::Outcome;
use crate::features::rollouts::{self, Rollout};
use crate::features::security::{self, Finding, Level};
use crate::features::{Link, TargetStore, jumps};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A rollout began or ended.
    Rollout,
    /// An alarm changed its state.
    Alarm,
    /// GuardDuty found something.
    Finding,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rollout => "rollout",
            Self::Alarm => "alarm",
            Self::Finding => "finding",
        }
    }
}

/// How it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mood {
    /// Broken.
    Bad,
    /// Worth a look.
    Warn,
    /// Fine.
    Ok,
    /// Neither.
    Plain,
}

impl Mood {
    /// The tone it is drawn in.
    pub fn tone(self) -> Tone {
        match self {
            Self::Bad => Tone::Bad,
            Self::Warn => Tone::Warn,
            Self::Ok => Tone::Ok,
            Self::Plain => Tone::Info,
        }
    }
}

/// Something that happened and is not CloudTrail's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extra {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub target: TargetId,
    /// What kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What happened, in words.
    pub text: String,
    /// How it looks.
    pub mood: Mood,
    /// The service it is about.
    pub service: Option<String>,
    /// Keys, names, addresses and resources that it is about beside its name.
    pub about: Vec<String>,
    /// What Enter opens.
    pub link: Link,
}

impl Extra {
    /// Whether it belongs to a subject.
    pub fn belongs(&self, lens: &Lens) -> bool {
        match &lens.subject {
            None => true,
            Some(subject) => {
                self.name == subject.name()
                    || self.about.iter().any(|about| about == subject.name())
                    || self.service.as_ref().is_some_and(|service| lens.services.contains(service))
                    || self.kind == Kind::Alarm && lens.alarms.contains(&self.name)
            }
        }
    }
}

/// Rollouts and alarms of a target in a stretch of time.
pub fn of_target(
    id: &TargetId,
    target: &TargetStore,
    range: (Timestamp, Timestamp),
    ctx: &Ctx,
) -> Vec<Extra> {
    let mut all = Vec::new();
    let list = target.rollouts.iter();
    for shift in list.flat_map(|list| list.shifts.iter().chain(list.recent.iter())) {
        rollout(id, target, shift, &mut all);
    }
    let alarms = target.alarms.iter().flat_map(|list| &list.alarms);
    let alarms = alarms.filter(|alarm| alarm.since.is_some_and(|at| within(at, range)));
    for alarm in alarms.filter(|alarm| !alarm.scaling() && !alarm.muted()) {
        all.extend(transition(id, target, alarm, ctx));
    }
    all
}

/// Findings of a target in a stretch of time. A job makes rows of them: there may be ten thousand.
pub fn findings(target: &TargetStore, range: (Timestamp, Timestamp)) -> Vec<Arc<Finding>> {
    let all = target.findings.iter().flat_map(|list| &list.findings);
    all.filter(|finding| when(finding).is_some_and(|at| within(at, range))).cloned().collect()
}

/// Where a finding stands: at its first event, which is what a cause is looked for around.
fn when(finding: &Finding) -> Option<Timestamp> {
    finding.first.or(finding.updated)
}

fn within(at: Timestamp, (from, to): (Timestamp, Timestamp)) -> bool {
    from <= at && at <= to
}

/// The row of a finding.
pub fn finding(id: &TargetId, finding: &Finding) -> Option<Extra> {
    let mood = match finding.level() {
        Level::Critical | Level::High => Mood::Bad,
        Level::Medium => Mood::Warn,
        Level::Low => Mood::Plain,
    };
    let who = finding.who.iter().flat_map(|who| [who.name.clone(), who.key.clone()]);
    let resources = finding.resources.iter().map(|on| on.name.clone());
    let about = who.chain(resources).chain(finding.addresses.iter().cloned());
    let name = finding.kind.split_once(':').map_or(finding.kind.as_str(), |(_, what)| what);
    Some(Extra {
        at: when(finding)?,
        target: id.clone(),
        kind: Kind::Finding,
        name: name.to_owned(),
        text: finding.title.clone(),
        mood,
        service: None,
        about: about.filter(|text| !text.is_empty()).collect(),
        link: Link::Security {
            finding: Some(security::Key {
                target: id.clone(),
                region: finding.region.clone(),
                id: finding.id.clone(),
            }),
            open: true,
        },
    })
}

fn rollout(id: &TargetId, target: &TargetStore, shift: &Rollout, all: &mut Vec<Extra>) {
    let service = jumps::of_shift(&target.derived.services, shift);
    let name = service.map_or(shift.thing().short(), |service| service.name.as_str());
    let key = rollouts::Key {
        target: id.clone(),
        name: shift.name.clone(),
        deployment: Some(shift.deployment.clone()),
    };
    let mut add = |at: Option<Timestamp>, text: String, mood: Mood| {
        all.extend(at.map(|at| Extra {
            at,
            target: id.clone(),
            kind: Kind::Rollout,
            name: name.to_owned(),
            text,
            mood,
            service: Some(name.to_owned()),
            about: Vec::new(),
            link: Link::Rollouts { shift: Some(key.clone()), open: true },
        }));
    };
    let from = shift.old.as_ref().map(|old| format!("{} → ", old.label())).unwrap_or_default();
    let what = format!("{} {from}{}", shift.mechanism.short(), shift.new.label());
    add(shift.started_at.or(shift.created_at), format!("{what} started"), Mood::Plain);
    let mood = match (shift.outcome(), shift.status.0.as_str()) {
        (Some(Outcome::Success), _) => Mood::Ok,
        (Some(Outcome::Failed), "ROLLBACK_FAILED" | "Failed" | "Stopped") => Mood::Bad,
        _ => Mood::Warn,
    };
    let status = shift.status_words().to_lowercase().replace('_', " ");
    add(shift.finished_at, format!("{what}: {status}"), mood);
}

fn transition(id: &TargetId, target: &TargetStore, alarm: &alarms::Alarm, ctx: &Ctx) -> Option<Extra> {
    let owner = target.derived.services.of_alarm(&alarm.name).next();
    let (word, mood) = match (&alarm.state, alarms::severity(alarm, ctx.config)) {
        (AlarmState::Ok, _) => ("OK again", Mood::Ok),
        (AlarmState::Alarm, Severity::High | Severity::Critical) => ("in ALARM", Mood::Bad),
        (AlarmState::Alarm, _) => ("in ALARM", Mood::Warn),
        _ => ("without data", Mood::Plain),
    };
    let condition = if alarm.firing() { alarm.condition() } else { String::new() };
    let text = if condition.is_empty() { word.to_owned() } else { format!("{word}: {condition}") };
    Some(Extra {
        at: alarm.since?,
        target: id.clone(),
        kind: Kind::Alarm,
        name: alarm.name.clone(),
        text,
        mood,
        service: owner.map(|owner| owner.service.name.clone()),
        about: Vec::new(),
        link: Link::Alarms { alarm: Some((id.clone(), alarm.name.clone())), open: true },
    })
}
