//! The mechanisms that move traffic, behind one model: what each one is, and the one place where they meet.
//!
//! Every question that has another answer for each mechanism is asked here and matched without a rest, so
//! that the compiler lists what a new one has to answer. The answers are in one folder each; what is the same
//! for all is in `stages.rs`, `plan.rs`, `preflight.rs` and `watch.rs`. Pure.

pub mod alb;
pub mod ecs;
pub mod lambda;

use super::model::{Owner, Rollout, Standing};
use super::preflight::Check;
use super::stages::{ByItself, Due, Next, StageItem};
use super::watch::{Ending, Look, Seen};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How traffic moves, with what only this mechanism knows of a shift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Mechanism {
    /// A deployment of an ECS service.
    Ecs(ecs::Strategy),
    /// An ECS service after its deployment, and an earlier revision to deploy again.
    EcsAgain(Box<ecs::Again>),
    /// Weights of a Lambda alias.
    Lambda(lambda::Alias),
    /// Weights of target groups.
    Alb(alb::Split),
}

impl Mechanism {
    /// As it stands in lists and dialogs: `ECS CANARY`.
    pub fn label(&self) -> String {
        match self {
            Self::Ecs(strategy) => format!("ECS {}", strategy.label()),
            Self::EcsAgain(again) => format!("ECS {}", again.strategy.label()),
            Self::Lambda(_) => "Lambda alias".to_owned(),
            Self::Alb(_) => "ALB weights".to_owned(),
        }
    }

    /// The same where the kind of thing is known: `CANARY`.
    pub fn short(&self) -> &str {
        match self {
            Self::Ecs(strategy) => strategy.label(),
            Self::EcsAgain(again) => again.strategy.label(),
            Self::Lambda(_) => "Lambda alias",
            Self::Alb(_) => "ALB weights",
        }
    }

    /// Whether traffic is split by weights, so that a share of 0 % is known and not guessed.
    pub fn has_weights(&self) -> bool {
        match self {
            Self::Ecs(strategy) => strategy.has_weights(),
            Self::EcsAgain(again) => again.strategy.has_weights(),
            Self::Lambda(_) | Self::Alb(_) => true,
        }
    }

    /// Whether its sides run tasks that can be counted.
    pub fn has_tasks(&self) -> bool {
        match self {
            Self::Ecs(_) | Self::EcsAgain(_) => true,
            Self::Lambda(_) | Self::Alb(_) => false,
        }
    }

    /// Whether all traffic moves at once, so that the old side has none to compare with afterwards.
    pub fn at_once(&self) -> bool {
        match self {
            Self::Ecs(strategy) => *strategy == ecs::Strategy::BlueGreen,
            Self::EcsAgain(_) | Self::Lambda(_) | Self::Alb(_) => false,
        }
    }

    /// How ECS deploys, if it is ECS.
    pub fn strategy(&self) -> Option<&ecs::Strategy> {
        match self {
            Self::Ecs(strategy) => Some(strategy),
            Self::EcsAgain(again) => Some(&again.strategy),
            Self::Lambda(_) | Self::Alb(_) => None,
        }
    }

    /// The shift has ended: what could be deployed again.
    pub fn again(&self) -> Option<&ecs::Again> {
        match self {
            Self::EcsAgain(again) => Some(again),
            Self::Ecs(_) | Self::Lambda(_) | Self::Alb(_) => None,
        }
    }
}

impl Rollout {
    /// What its state allows.
    pub fn standing(&self) -> Standing {
        match &self.mechanism {
            Mechanism::Ecs(_) | Mechanism::EcsAgain(_) => self.status.standing(),
            Mechanism::Lambda(alias) => alias.standing(),
            Mechanism::Alb(split) => split.standing(),
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
            Mechanism::EcsAgain(_) => Next::Unknown,
            Mechanism::Lambda(_) | Mechanism::Alb(_) => Next::Stays,
        }
    }

    /// When all traffic is due on the new side, where that can be told.
    pub fn due_100(&self) -> Option<Due> {
        match &self.mechanism {
            Mechanism::Ecs(strategy) => ecs::due_100(self, strategy),
            Mechanism::EcsAgain(_) | Mechanism::Lambda(_) | Mechanism::Alb(_) => None,
        }
    }

    /// Where an open shift stands, in one word or two.
    pub(super) fn open_words(&self) -> String {
        match &self.mechanism {
            Mechanism::Ecs(_) | Mechanism::EcsAgain(_) => ecs::stage_words(self),
            Mechanism::Lambda(_) => lambda::stage_words(self),
            Mechanism::Alb(split) => alb::stage_words(self, split),
        }
    }

    /// The stage bar of an open shift, first stage first.
    pub(super) fn open_bar(&self, now: Timestamp) -> Vec<StageItem> {
        match &self.mechanism {
            Mechanism::Ecs(_) | Mechanism::EcsAgain(_) => ecs::stage_bar(self, now),
            Mechanism::Lambda(_) => lambda::stage_bar(self),
            Mechanism::Alb(split) => alb::stage_bar(self, split),
        }
    }

    /// Whether the mechanism would undo this without anybody's doing.
    pub fn by_itself(&self) -> ByItself {
        match &self.mechanism {
            Mechanism::Ecs(strategy) => ecs::by_itself(self, strategy),
            Mechanism::EcsAgain(again) => ecs::by_itself(self, &again.strategy),
            Mechanism::Lambda(_) => ByItself { yes: false, why: "nothing watches an alias".to_owned() },
            Mechanism::Alb(_) => ByItself { yes: false, why: "nothing watches a rule".to_owned() },
        }
    }
}

/// The one call that a rollback makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// To ECS.
    Ecs(ecs::Call),
    /// To Lambda.
    Lambda(lambda::Call),
    /// To the load balancer.
    Alb(alb::Call),
}

impl Call {
    /// The call that undoes a shift.
    pub(super) fn undoing(rollout: &Rollout) -> Self {
        match &rollout.mechanism {
            Mechanism::Ecs(_) => Self::Ecs(ecs::call(rollout)),
            Mechanism::EcsAgain(again) => Self::Ecs(ecs::again::call(rollout, again)),
            Mechanism::Lambda(alias) => Self::Lambda(lambda::call(alias)),
            Mechanism::Alb(split) => Self::Alb(alb::call(split)),
        }
    }

    /// `ecs:StopServiceDeployment`, which is also the IAM action.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Ecs(call) => call.operation(),
            Self::Lambda(call) => call.operation(),
            Self::Alb(call) => call.operation(),
        }
    }

    /// The parameters, exactly as sent and in this order.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ecs(call) => call.params(),
            Self::Lambda(call) => call.params(),
            Self::Alb(call) => call.params(),
        }
    }

    /// Names of the side that traffic goes back to, where AWS does not know it and it was told.
    pub(super) fn told(&self) -> Vec<String> {
        match self {
            Self::Ecs(_) | Self::Lambda(_) => Vec::new(),
            Self::Alb(call) => vec![call.stable.clone()],
        }
    }

    /// What it changes, in a word: `deployment`.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Ecs(_) | Self::Lambda(_) => "deployment",
            Self::Alb(call) if call.default => "listener",
            Self::Alb(_) => "rule",
        }
    }

    /// Whether it is known which side traffic goes back to.
    pub fn decided(&self) -> bool {
        match self {
            Self::Ecs(_) | Self::Lambda(_) => true,
            Self::Alb(call) => !call.stable.is_empty(),
        }
    }

    /// The same as a shell command, for somebody who may.
    pub fn command(&self, region: &str) -> String {
        match self {
            Self::Ecs(call) => call.command(region),
            Self::Lambda(call) => call.command(region),
            Self::Alb(call) => call.command(region),
        }
    }
}

/// Whether the split is the mechanism's own to change, and not somebody's who would set it again.
pub(super) fn owned_by_itself(rollout: &Rollout) -> bool {
    match &rollout.mechanism {
        Mechanism::Ecs(_) | Mechanism::EcsAgain(_) => rollout.owner == Owner::Ecs,
        Mechanism::Lambda(_) | Mechanism::Alb(_) => rollout.owner == Owner::Nobody,
    }
}

/// The command that is handed over instead of the call, where it is not ours to make and the owner has none of
/// his own, or where it is not known which side traffic goes back to.
pub(super) fn instead(rollout: &Rollout, region: &str) -> Option<String> {
    match &rollout.mechanism {
        Mechanism::Ecs(_) | Mechanism::EcsAgain(_) | Mechanism::Lambda(_) => None,
        Mechanism::Alb(split) => alb::instead(rollout, split, region),
    }
}

/// What must not change between the plan that was confirmed and the one that is sent, beside the account and
/// what names the shift: field and value in words, in the order shown.
pub(super) fn guarded(rollout: &Rollout) -> Vec<(String, String)> {
    match &rollout.mechanism {
        Mechanism::Ecs(_) => ecs::guarded(rollout),
        Mechanism::EcsAgain(again) => ecs::again::guarded(rollout, again),
        Mechanism::Lambda(alias) => lambda::guarded(alias),
        Mechanism::Alb(split) => alb::guarded(split),
    }
}

/// How long a rollback takes, in words, and whether tasks have to start again for it.
pub(super) fn takes(rollout: &Rollout) -> (String, bool) {
    match &rollout.mechanism {
        Mechanism::Ecs(strategy) => ecs::takes(rollout, strategy),
        Mechanism::EcsAgain(again) => (ecs::again::takes(rollout, again), true),
        Mechanism::Lambda(_) => (lambda::takes(rollout), false),
        Mechanism::Alb(split) => (alb::takes(split), false),
    }
}

/// What it waits for on purpose, beside what it does.
pub(super) fn waits(rollout: &Rollout) -> Duration {
    rollout.mechanism.again().map_or(Duration::ZERO, |again| again.waits(rollout.bake))
}

/// What a watch shows of a read: status, weight of the new side, when it ended. `None` before there is anything.
pub(super) fn look(rollout: &Rollout) -> Option<Look> {
    match &rollout.mechanism {
        Mechanism::EcsAgain(again) => ecs::again::look(again),
        Mechanism::Ecs(_) | Mechanism::Lambda(_) | Mechanism::Alb(_) => Some(Look {
            status: rollout.status.0.clone(),
            weight: rollout.new.weight,
            finished_at: rollout.finished_at,
        }),
    }
}

/// The checks that only this mechanism makes before a rollback.
pub(super) fn checks(rollout: &Rollout) -> Vec<Check> {
    match &rollout.mechanism {
        Mechanism::Ecs(_) => ecs::checks(rollout),
        Mechanism::EcsAgain(again) => ecs::again_checks(rollout, again),
        Mechanism::Lambda(alias) => lambda::checks(rollout, alias),
        Mechanism::Alb(split) => alb::checks(rollout, split),
    }
}

/// How a rollback that was sent has ended, as a read tells; `None` while it goes on.
pub(super) fn judge(seen: &Seen, rollout: &Rollout) -> Option<(Ending, String)> {
    match &rollout.mechanism {
        Mechanism::Ecs(_) => ecs::judge(seen, rollout),
        Mechanism::EcsAgain(again) => ecs::again::judge(seen, again),
        Mechanism::Lambda(alias) => lambda::judge(seen, rollout, alias),
        Mechanism::Alb(split) => alb::judge(seen, split),
    }
}
