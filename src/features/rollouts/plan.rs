//! The plan of a rollback: the exact call, what it hits, what was checked, and what it does not undo.
//!
//! A plan is made from one read of a shift and compared with the next one. Only a change of a *guarded*
//! field (what the call means or whom it hits) makes the operator type the name again; progress of the same
//! shift never does. Nothing is sent from here: see `rollback.rs` for when and `op.rs` for how. Pure.

use super::mechanism;
pub use super::mechanism::Call;
use super::mechanism::ecs::{self, AgainFacts};
use super::model::{Does, HandOver, Health, Image, Rollout, RolloutName, Side};
use super::preflight;
pub use super::preflight::{Check, Verdict};
use super::stages::{percent, share_words};
use super::wire::ShiftRef;
use crate::aws::{SourceError, TargetId};
use crate::text::{pad_right, units, width};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is said first of a plan after a shift has ended.
pub const AGAIN: &str = "the shift has ended: this is a NEW deployment, of an earlier revision";
/// And where there is none to make.
pub const NOT_AGAIN: &str =
    "the shift has ended: going back would be a new deployment of an earlier revision";

/// What changes the call's meaning or its victim. Equal guards mean the same call on the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Account that is called, when the caller's identity could be read.
    pub account: Option<String>,
    /// What names the shift in AWS: the deployment.
    pub deployment: String,
    /// What else is guarded, as the mechanism says: field and value, in the order shown.
    pub fields: Vec<(String, String)>,
}

impl Guard {
    /// What it says of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// One guarded field that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardedChange {
    /// What it is.
    pub field: String,
    /// As it was when the name was typed.
    pub was: String,
    /// As it is now.
    pub is: String,
}

impl std::fmt::Display for GuardedChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} was {}, is {}", self.field, self.was, self.is)
    }
}

/// One side as the dialog shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SideFacts {
    /// What names it in AWS: a service revision's ARN, a version, a task set; empty where nothing does.
    pub revision: String,
    /// `rev 42`.
    pub label: String,
    /// Images with digests.
    pub images: Vec<String>,
    /// Share of traffic now, in percent.
    pub weight: Option<f64>,
    /// Whether that is only estimated, from the tasks that run.
    #[serde(default)]
    pub estimate: bool,
    /// Health of its targets.
    pub health: Health,
    /// Running and requested tasks; `None` where there are none to count.
    pub running: Option<(u32, u32)>,
    /// When it was published, where that is known.
    pub published: Option<Timestamp>,
}

impl SideFacts {
    fn of(side: &Side, share: Option<(f64, bool)>) -> Self {
        Self {
            revision: side.revision.clone(),
            label: side.label(),
            images: side.images.iter().map(Image::with_digest).collect(),
            weight: share.map(|(share, _)| share),
            estimate: share.is_some_and(|(_, estimate)| estimate),
            health: side.health(),
            running: side.tasks.map(|it| (it.running, it.requested)),
            published: side.published,
        }
    }
}

/// Who is calling, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Account id.
    pub account: String,
    /// The region that is called.
    #[serde(default)]
    pub region: String,
    /// The caller's ARN.
    pub arn: String,
    /// The caller in short: `oncall@Admin`.
    pub short: String,
    /// When the credentials end; `None` when they do not, or it is not known.
    pub expires_at: Option<Timestamp>,
}

/// What a plan needs to know beside the shift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// The target.
    pub target: TargetId,
    /// Its region.
    pub region: String,
    /// Whether it is a production target.
    pub production: bool,
    /// Who would call, or why that could not be read.
    pub caller: Result<Caller, SourceError>,
    /// Why this target takes no writes: read-only, or an endpoint that is not loopback.
    pub no_writes: Option<String>,
    /// What has to be typed: see [`confirm_word`].
    pub word: String,
}

/// The plan of one rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The service.
    pub name: RolloutName,
    /// What it is called in short: the service or function, also where CodeDeploy moves it.
    pub called: String,
    /// Where, and by whom.
    pub place: Circumstances,
    /// `ECS CANARY`.
    pub mechanism: String,
    /// `ECS`.
    pub owner: String,
    /// The side that loses its traffic.
    pub from: SideFacts,
    /// The side that takes it; `None` on a first deployment.
    pub to: Option<SideFacts>,
    /// The call.
    pub call: Call,
    /// The command with which the split's owner would undo it, or that says what is missing, where that is not
    /// the call.
    pub instead: Option<HandOver>,
    /// What must not change.
    pub guard: Guard,
    /// Pre-flight, in the order it was made.
    pub checks: Vec<Check>,
    /// How long it takes, in words.
    pub takes: String,
    /// Whether tasks have to start again, so that minutes pass before it can be over.
    pub slow: bool,
    /// What it waits for on purpose: steps and bake time.
    pub waits: Duration,
    /// The shift has ended: what deploying an earlier revision again means.
    pub again: Option<AgainFacts>,
    /// What it does not undo.
    pub not_undone: Vec<String>,
    /// Where it stands while it goes on: stage, age, what is next and when.
    #[serde(default)]
    pub stands: Option<String>,
    /// Alarms of the deployment that went off.
    pub alarms: Vec<String>,
    /// When its facts were read.
    pub read_at: Timestamp,
}

impl Plan {
    /// Makes the plan for one read of a shift.
    pub fn new(rollout: &Rollout, place: Circumstances, now: Timestamp) -> Self {
        let guard = Guard {
            account: place.caller.as_ref().ok().map(|caller| caller.account.clone()),
            deployment: rollout.deployment.clone(),
            fields: mechanism::guarded(rollout),
        };
        let (takes, slow) = mechanism::takes(rollout);
        Self {
            name: rollout.name.clone(),
            called: rollout.thing().shown(),
            mechanism: rollout.mechanism.label(),
            owner: rollout.owner.label().to_owned(),
            from: SideFacts::of(&rollout.new, rollout.share()),
            to: rollout.old.as_ref().map(|old| SideFacts::of(old, rollout.old_share())),
            call: Call::undoing(rollout),
            instead: mechanism::instead(rollout, &place.region),
            guard,
            checks: preflight::checks(rollout, &place, now),
            takes,
            slow,
            waits: mechanism::waits(rollout),
            again: rollout.mechanism.again().map(|again| ecs::again::facts(rollout, again)),
            not_undone: not_undone(),
            stands: stands(rollout, now),
            alarms: rollout.alarms.triggered.clone(),
            read_at: rollout.read_at,
            place,
        }
    }

    /// What the sides are called, the one that loses its traffic first.
    pub fn sides(&self) -> [&'static str; 2] {
        match self.again {
            Some(_) => ["from  running     ", "to    earlier     "],
            None if !self.call.decided() => ["sides ", "to    "],
            None => ["from  new (green) ", "to    old (blue)  "],
        }
    }

    /// What is read to make it again, and to follow it once it is sent.
    pub fn shift(&self) -> ShiftRef {
        ShiftRef {
            name: self.name.clone(),
            deployment: self.guard.deployment.clone(),
            again: self.again.as_ref().map(AgainFacts::wanted),
        }
    }

    /// The checks that make it impossible or not ours.
    pub fn refusals(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().filter(|check| check.verdict >= Verdict::NotHere).map(|check| check.text.as_str())
    }

    /// Whether nothing may be typed.
    pub fn refused(&self) -> bool {
        self.refusals().next().is_some()
    }

    /// The guarded fields in which a newer plan differs. Progress of the same shift is never among them.
    pub fn diff(&self, newer: &Self) -> Vec<GuardedChange> {
        let (was, is) = (&self.guard, &newer.guard);
        let mut changes = Vec::new();
        let mut compare = |field: &str, was: &str, is: &str| {
            if was != is {
                changes.push(GuardedChange {
                    field: field.to_owned(),
                    was: was.to_owned(),
                    is: is.to_owned(),
                });
            }
        };
        // An identity that cannot be read for a moment is no change of account.
        if let (Some(was), Some(is)) = (&was.account, &is.account) {
            compare("account", was, is);
        }
        compare("deployment", &was.deployment, &is.deployment);
        let none = "none";
        for (field, value) in &was.fields {
            compare(field, value, is.field(field).unwrap_or(none));
        }
        for (field, value) in is.fields.iter().filter(|(field, _)| was.field(field).is_none()) {
            compare(field, none, value);
        }
        changes
    }

    /// Whether somebody could make this very call: we, or whoever may where it is only not made from here.
    pub fn callable(&self) -> bool {
        self.instead.is_none() && self.checks.iter().all(|check| check.verdict != Verdict::Refuse)
    }

    /// The command for somebody who may: what is handed over instead of the call, or the call. `None` where
    /// nothing that could be run would undo it.
    pub fn command(&self) -> Option<String> {
        let call = || self.callable().then(|| self.call.command(&self.place.region));
        self.instead.as_ref().map(|it| it.command.clone()).or_else(call)
    }

    /// The mechanism and what the call changes, by its id without what all ids of its kind begin with:
    /// `ECS CANARY, deployment shop/checkout/Nn4`.
    pub fn subject(&self) -> String {
        let arn = self.guard.deployment.as_str();
        let id = arn.split_once('/').or_else(|| arn.split_once(":function:")).map_or(arn, |(_, id)| id);
        match self.call.noun() {
            // The mechanism is called by what it changes.
            noun if self.mechanism.ends_with(noun) => format!("{} {id}", self.mechanism),
            noun => format!("{}, {noun} {id}", self.mechanism),
        }
    }

    /// What the command is that is handed over instead of the call.
    pub fn instead_title(&self) -> &'static str {
        match self.instead.as_ref().map(|it| it.does) {
            Some(Does::TellsSides) => "what says which side is the old one: put its name after --to",
            Some(Does::Shows) => "what shows whose it is and how it stands",
            Some(Does::Undoes) | None => "the owner's command",
        }
    }

    /// The sides where it is not known which of them is the old one: one line each.
    pub fn undecided(&self) -> Option<Vec<String>> {
        if self.call.decided() {
            return None;
        }
        let names = || self.from.images.iter().filter_map(|side| side.split_once(' '));
        let wide = names().map(|(name, _)| width(name)).max().unwrap_or_default();
        Some(names().map(|(name, rest)| format!("{} {rest}", pad_right(name, wide))).collect())
    }

    /// Time left of the caller's credentials; `None` when they do not end or are not known.
    pub fn credentials_left(&self, now: Timestamp) -> Option<SignedDuration> {
        let expires_at = self.place.caller.as_ref().ok()?.expires_at?;
        Some(expires_at.duration_since(now))
    }
}

/// What a person types to confirm: what it is `called` in short, with the target when several targets have it, in full
/// when one target has it twice.
pub fn confirm_word(
    name: &RolloutName,
    called: &str,
    target: &TargetId,
    same_target: usize,
    targets: usize,
) -> String {
    let word = if same_target > 1 { name.full() } else { called.to_owned() };
    if targets > 1 { format!("{target}/{word}") } else { word }
}

fn stands(rollout: &Rollout, now: Timestamp) -> Option<String> {
    if !rollout.goes_on() {
        return None;
    }
    let began = rollout.started_at.or(rollout.created_at);
    let age = began.map(|at| units::age(now.duration_since(at).try_into().unwrap_or_default()));
    let age = age.map(|age| format!(", {age} after its start")).unwrap_or_default();
    Some(format!("{}{age}; next {}", rollout.stage_words(), rollout.next_words(now)))
}

fn not_undone() -> Vec<String> {
    ["database migrations", "parameters and secrets", "queued messages"].map(str::to_owned).to_vec()
}

impl SideFacts {
    /// `3/4 healthy`, or what is known instead.
    pub fn health_words(&self) -> String {
        match &self.health {
            Health::Counted { healthy, total } => format!("{healthy}/{total} healthy"),
            Health::Unread => match (self.running, self.published) {
                (Some((running, requested)), _) => format!("{running}/{requested} running"),
                (None, Some(at)) => format!("published {}", at.strftime("%Y-%m-%d %H:%M UTC")),
                (None, None) => "health not known".to_owned(),
            },
            // A check says why.
            Health::Unreadable(_) => "health unreadable".to_owned(),
        }
    }

    /// `20 %`, `~63 %` where it is an estimate, or `–` when not known.
    pub fn weight_words(&self) -> String {
        self.weight.map_or_else(|| "–".to_owned(), |weight| share_words(weight, self.estimate, "~"))
    }

    /// The same with what it will be: `80 % -> 100 %`, or `keeps 100 %`.
    pub fn weight_to(&self, after: f64) -> String {
        let (now, after) = (self.weight_words(), percent(after));
        if now.trim_start_matches('~') == after {
            format!("keeps {now}")
        } else {
            format!("{now} -> {after}")
        }
    }
}
