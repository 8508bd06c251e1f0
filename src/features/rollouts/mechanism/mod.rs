//! The mechanisms that move traffic, behind one model: what each one is, and the one place where they meet.
//!
//! Every question that has another answer for each mechanism is asked here and matched without a rest, so
//! that the compiler lists what a new one has to answer. The answers are in one folder each; what is the same
//! for all is in `stages.rs`, `plan.rs`, `preflight.rs` and `watch.rs`. Pure.

pub mod ecs;

use super::model::{Rollout, Standing};
use super::preflight::Check;
use super::stages::{ByItself, Due, Next, StageItem};
use super::watch::{Ending, Seen};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How traffic moves, with what only this mechanism knows of a shift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Mechanism {
    /// A deployment of an ECS service.
    Ecs(ecs::Strategy),
}

impl Mechanism {
    /// As it stands in lists and dialogs: `ECS CANARY`.
    pub fn label(&self) -> String {
        match self {
            Self::Ecs(strategy) => format!("ECS {}", strategy.label()),
        }
    }

    /// The same where the kind of thing is known: `CANARY`.
    pub fn short(&self) -> &str {
        match self {
            Self::Ecs(strategy) => strategy.label(),
        }
    }

    /// Whether traffic is split by weights, so that a share of 0 % is known and not guessed.
    pub fn has_weights(&self) -> bool {
        match self {
            Self::Ecs(strategy) => strategy.has_weights(),
        }
    }

    /// Whether all traffic moves at once, so that the old side has none to compare with afterwards.
    pub fn at_once(&self) -> bool {
        match self {
            Self::Ecs(strategy) => *strategy == ecs::Strategy::BlueGreen,
        }
    }

    /// How ECS deploys, if it is ECS.
    pub fn strategy(&self) -> Option<&ecs::Strategy> {
        match self {
            Self::Ecs(strategy) => Some(strategy),
        }
    }
}

impl Rollout {
    /// What its state allows.
    pub fn standing(&self) -> Standing {
        match &self.mechanism {
            Mechanism::Ecs(_) => self.status.standing(),
        }
    }

    /// What happens next, and when.
    pub fn next(&self) -> Next {
        match self.standing() {
            Standing::Ended => return Next::Nothing,
            Standing::Returning => return Next::GoingBack,
            Standing::Unknown => return Next::Unknown,
            Standing::Open => {}
        }
        match &self.mechanism {
            Mechanism::Ecs(strategy) => ecs::next(self, strategy),
        }
    }

    /// When all traffic is due on the new side, where that can be told.
    pub fn due_100(&self) -> Option<Due> {
        match &self.mechanism {
            Mechanism::Ecs(strategy) => ecs::due_100(self, strategy),
        }
    }

    /// Where an open shift stands, in one word or two.
    pub(super) fn open_words(&self) -> String {
        match &self.mechanism {
            Mechanism::Ecs(_) => ecs::stage_words(self),
        }
    }

    /// The stage bar of an open shift, first stage first.
    pub(super) fn open_bar(&self, now: Timestamp) -> Vec<StageItem> {
        match &self.mechanism {
            Mechanism::Ecs(_) => ecs::stage_bar(self, now),
        }
    }

    /// Whether the mechanism would undo this without anybody's doing.
    pub fn by_itself(&self) -> ByItself {
        match &self.mechanism {
            Mechanism::Ecs(strategy) => ecs::by_itself(self, strategy),
        }
    }
}

/// The one call that a rollback makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// To ECS.
    Ecs(ecs::Call),
}

impl Call {
    /// The call that undoes a shift.
    pub(super) fn undoing(rollout: &Rollout) -> Self {
        match &rollout.mechanism {
            Mechanism::Ecs(_) => Self::Ecs(ecs::call(rollout)),
        }
    }

    /// `ecs:StopServiceDeployment`, which is also the IAM action.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Ecs(call) => call.operation(),
        }
    }

    /// The parameters, exactly as sent and in this order.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ecs(call) => call.params(),
        }
    }

    /// The same as a shell command, for somebody who may.
    pub fn command(&self, region: &str) -> String {
        match self {
            Self::Ecs(call) => call.command(region),
        }
    }
}

/// What must not change between the plan that was confirmed and the one that is sent, beside the account and
/// what names the shift: field and value in words, in the order shown.
pub(super) fn guarded(rollout: &Rollout) -> Vec<(String, String)> {
    match &rollout.mechanism {
        Mechanism::Ecs(_) => ecs::guarded(rollout),
    }
}

/// How long a rollback takes, in words, and whether tasks have to start again for it.
pub(super) fn takes(rollout: &Rollout) -> (String, bool) {
    match &rollout.mechanism {
        Mechanism::Ecs(strategy) => ecs::takes(rollout, strategy),
    }
}

/// The checks that only this mechanism makes before a rollback.
pub(super) fn checks(rollout: &Rollout) -> Vec<Check> {
    match &rollout.mechanism {
        Mechanism::Ecs(_) => ecs::checks(rollout),
    }
}

/// How a rollback that was sent has ended, as a read tells; `None` while it goes on.
pub(super) fn judge(seen: &Seen, rollout: &Rollout) -> Option<(Ending, String)> {
    match &rollout.mechanism {
        Mechanism::Ecs(_) => ecs::judge(seen, rollout),
    }
}
