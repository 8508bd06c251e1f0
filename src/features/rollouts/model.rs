//! What a traffic shift is: one deployment of one service, with its two sides, as plain data.
//!
//! Pure types and small readings of them. What follows from a shift in time (next step, stage bar, what
//! ends it) is in `stages.rs`. Names AWS may extend (status, stage, strategy) are kept as it sent them, so
//! that a new one is shown and never dropped. Nothing here knows colours or the SDK.

pub use super::mechanism::Mechanism;
pub use super::mechanism::ecs::Strategy;
pub use super::name::RolloutName;
pub use super::owner::{Does, HandOver, Owner, Unread};
pub use super::side::{Health, Image, Side, SideMetrics, TargetGroup, Tasks};
use super::stages::Progress;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The last part of an ARN: after the last `/`.
pub fn arn_tail(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// A deployment's status as AWS reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Status(pub String);

/// What a status allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Going on: it can be rolled back.
    Open,
    /// Already stopping or going back: asking again is accepted and changes nothing.
    Returning,
    /// Over.
    Ended,
    /// A status this version does not know.
    Unknown,
}

impl Standing {
    /// In words, for a changed plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "in progress",
            Self::Returning => "already rolling back",
            Self::Ended => "ended",
            Self::Unknown => "in a state this version does not know",
        }
    }
}

impl Status {
    /// A status from AWS's name for it.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// What it allows.
    pub fn standing(&self) -> Standing {
        match self.0.as_str() {
            "PENDING" | "IN_PROGRESS" => Standing::Open,
            "STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" => Standing::Returning,
            "SUCCESSFUL" | "STOPPED" | "ROLLBACK_SUCCESSFUL" | "ROLLBACK_FAILED" => Standing::Ended,
            _ => Standing::Unknown,
        }
    }

    /// Whether the shift is still followed. An unknown status counts, so that it is seen.
    pub fn in_progress(&self) -> bool {
        self.standing() != Standing::Ended
    }
}

/// A lifecycle hook that was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Its id, needed to answer it.
    pub id: String,
    /// `PAUSE` or `AWS_LAMBDA`, as AWS names it.
    pub kind: String,
    /// `AWAITING_ACTION`, `IN_PROGRESS`, `SUCCEEDED` …, as AWS names it.
    pub status: String,
    /// When it runs out.
    pub expires_at: Option<Timestamp>,
    /// What happens then: `CONTINUE` or `ROLLBACK`.
    pub timeout_action: Option<String>,
}

impl Hook {
    /// Whether the shift stands still until somebody answers.
    pub fn awaits(&self) -> bool {
        self.status == "AWAITING_ACTION"
    }
}

/// The alarms a deployment watches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmWatch {
    /// `TRIGGERED`, `MONITORING` …; `None` when AWS sent none.
    pub status: Option<String>,
    /// Configured alarms.
    pub names: Vec<String>,
    /// Those that went off.
    pub triggered: Vec<String>,
    /// Whether watching is switched on.
    pub enabled: bool,
    /// Whether an alarm rolls the deployment back.
    pub rollback: bool,
}

/// The circuit breaker, which exists for rolling deployments only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// `TRIGGERED`, `MONITORING` …
    pub status: Option<String>,
    /// Tasks that failed to start.
    pub failures: u32,
    /// Failures at which it goes off.
    pub threshold: u32,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether it rolls back.
    pub rollback: bool,
}

/// A rollback that is under way or over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackInfo {
    /// Why, in AWS's words.
    pub reason: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// The revision it goes back to.
    pub revision: Option<String>,
}

/// One service event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// AWS's sentence, sanitized.
    pub text: String,
}

/// One traffic shift: a deployment of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// What shifts.
    pub name: RolloutName,
    /// The deployment's ARN; for a rolling service whose deployments cannot be listed, its old-style id.
    pub deployment: String,
    /// What the service says is its current deployment; `None` when it says nothing.
    pub current: Option<String>,
    /// Who may change the split.
    pub owner: Owner,
    /// How traffic moves.
    pub mechanism: Mechanism,
    /// Status as AWS reports it.
    pub status: Status,
    /// AWS's reason for it.
    pub status_reason: Option<String>,
    /// Lifecycle stage as AWS reports it.
    pub stage: Option<String>,
    /// The side traffic comes from; `None` for a first deployment.
    pub old: Option<Side>,
    /// How many source revisions there are: more than one after a deployment over a deployment.
    pub sources: u32,
    /// The side traffic goes to.
    pub new: Side,
    /// What was seen of the shift, and when.
    pub progress: Progress,
    /// Wait after 100 %.
    pub bake: Option<Duration>,
    /// Hooks called so far.
    pub hooks: Vec<Hook>,
    /// Alarms watched.
    pub alarms: AlarmWatch,
    /// Circuit breaker.
    pub breaker: Option<Breaker>,
    /// The rollback, if one was asked for.
    pub rollback: Option<RollbackInfo>,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When AWS last changed it.
    pub updated_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Who asked for it, when known.
    pub by: Option<String>,
    /// Newest first, at most 100 (AWS keeps no more).
    pub events: Vec<Event>,
    /// When this was read.
    pub read_at: Timestamp,
}

impl Rollout {
    /// One of which no more is known yet: without an old side, times and events.
    pub fn bare(
        name: RolloutName,
        deployment: String,
        owner: Owner,
        mechanism: Mechanism,
        status: Status,
        new: Side,
        read_at: Timestamp,
    ) -> Self {
        Self {
            name,
            deployment,
            current: None,
            owner,
            mechanism,
            status,
            status_reason: None,
            stage: None,
            old: None,
            sources: 1,
            new,
            progress: Progress::default(),
            bake: None,
            hooks: Vec::new(),
            alarms: AlarmWatch::default(),
            breaker: None,
            rollback: None,
            created_at: None,
            started_at: None,
            updated_at: None,
            finished_at: None,
            by: None,
            events: Vec::new(),
            read_at,
        }
    }

    /// Whether it belongs in the list of shifts in flight.
    pub fn in_progress(&self) -> bool {
        self.standing() != Standing::Ended
    }

    /// Whether it goes on, and not back.
    pub fn goes_on(&self) -> bool {
        matches!(self.standing(), Standing::Open | Standing::Unknown)
    }

    /// Share of traffic on the new side in percent and whether that is only an estimate (rolling: share of
    /// running tasks). `None` when nothing is known.
    pub fn share(&self) -> Option<(f64, bool)> {
        if self.mechanism.has_weights() {
            return self.new.weight.map(|weight| (weight, false));
        }
        let new = self.new.tasks?.running;
        let old = self.old.as_ref().map_or(Some(0), |side| side.tasks.map(|it| it.running))?;
        let all = old + new;
        (all > 0).then(|| (100.0 * f64::from(new) / f64::from(all), true))
    }

    /// The same of the old side.
    pub fn old_share(&self) -> Option<(f64, bool)> {
        let known = self.old.as_ref().filter(|_| self.mechanism.has_weights()).and_then(|old| old.weight);
        // Both estimates are rounded: together they are 100 %.
        let rest = || {
            self.share().map(|(new, estimate)| (100.0 - if estimate { new.round() } else { new }, estimate))
        };
        known.map(|weight| (weight, false)).or_else(rest)
    }

    /// Whether the circuit breaker of a deployment that still goes on has counted failures, and as many as it
    /// bears.
    pub fn failing(&self) -> Option<(&Breaker, bool)> {
        let breaker = self.breaker.as_ref().filter(|it| it.enabled && it.failures > 0)?;
        let tripped = breaker.status.as_deref() == Some("TRIGGERED")
            || (breaker.threshold > 0 && breaker.failures >= breaker.threshold);
        (self.standing() == Standing::Open).then_some((breaker, tripped))
    }

    /// The hook that holds the shift up, if one does.
    pub fn waiting_hook(&self) -> Option<&Hook> {
        self.hooks.iter().find(|hook| hook.awaits())
    }

    /// Whether the service has moved on to another deployment.
    pub fn superseded_by(&self) -> Option<&str> {
        self.current.as_deref().filter(|current| *current != self.deployment)
    }
}
