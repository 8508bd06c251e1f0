//! The mechanisms that move traffic, behind one model: what each one is, and the one place where they meet.
//!
//! Every question that has another answer for each mechanism is asked here and matched without a rest, so
//! that the compiler lists what a new one has to answer. The answers are in one folder each; what is the same
//! for all is in `stages.rs`, `plan.rs`, `preflight.rs` and `watch.rs`. Pure.

pub mod alb;
pub mod codedeploy;
pub mod ecs;
pub mod lambda;
mod outcome;

pub use outcome::Outcome;

use super::model::{HandOver, Owner, Rollout, RolloutName, Standing};
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
    /// A deployment of CodeDeploy.
    CodeDeploy(Box<codedeploy::Deployment>),
}

impl Mechanism {
    /// As it stands in lists and dialogs: `ECS CANARY`.
    pub fn label(&self) -> String {
        match self {
            Self::Ecs(strategy) => format!("ECS {}", strategy.label()),
            Self::EcsAgain(again) => format!("ECS {}", again.strategy.label()),
            Self::Lambda(_) => "Lambda alias".to_owned(),
            Self::Alb(_) => "ALB weights".to_owned(),
            Self::CodeDeploy(it) => format!("CodeDeploy {}", it.platform.name()),
        }
    }

    /// The same where the kind of thing is known: `CANARY`.
    pub fn short(&self) -> &str {
        match self {
            Self::Ecs(strategy) => strategy.label(),
            Self::EcsAgain(again) => again.strategy.label(),
            Self::Lambda(_) => "Lambda alias",
            Self::Alb(_) => "ALB weights",
            Self::CodeDeploy(_) => "CodeDeploy",
        }
    }

    /// Whether traffic is split by weights, so that a share of 0 % is known and not guessed.
    pub fn has_weights(&self) -> bool {
        match self {
            Self::Ecs(strategy) => strategy.has_weights(),
            Self::EcsAgain(again) => again.strategy.has_weights(),
            Self::Lambda(_) | Self::Alb(_) => true,
            Self::CodeDeploy(it) => it.platform.has_weights(),
        }
    }

    /// Whether all traffic moves at once, so that the old side has none to compare with afterwards.
    pub fn at_once(&self) -> bool {
        match self {
            Self::Ecs(strategy) => *strategy == ecs::Strategy::BlueGreen,
            Self::EcsAgain(_) | Self::Lambda(_) | Self::Alb(_) => false,
            Self::CodeDeploy(it) => it.routing == codedeploy::Routing::AtOnce,
        }
    }

    /// How ECS deploys, if it is ECS.
    pub fn strategy(&self) -> Option<&ecs::Strategy> {
        match self {
            Self::Ecs(strategy) => Some(strategy),
            Self::EcsAgain(again) => Some(&again.strategy),
            Self::Lambda(_) | Self::Alb(_) | Self::CodeDeploy(_) => None,
        }
    }

    /// What only CodeDeploy knows of it, if it is CodeDeploy's.
    pub fn codedeploy(&self) -> Option<&codedeploy::Deployment> {
        match self {
            Self::CodeDeploy(it) => Some(it),
            Self::Ecs(_) | Self::EcsAgain(_) | Self::Lambda(_) | Self::Alb(_) => None,
        }
    }

    /// The shift has ended: what could be deployed again.
    pub fn again(&self) -> Option<&ecs::Again> {
        match self {
            Self::EcsAgain(again) => Some(again),
            Self::Ecs(_) | Self::Lambda(_) | Self::Alb(_) | Self::CodeDeploy(_) => None,
        }
    }
}

impl Rollout {
    /// What shifts: the service or alias, where a deployment of something else moves it.
    pub fn thing(&self) -> &RolloutName {
        self.mechanism.codedeploy().and_then(|it| it.moves.as_ref()).unwrap_or(&self.name)
    }

    /// What only this mechanism has to tell of an opened shift: a word and what it says.
    pub(super) fn more_facts(&self) -> Vec<(&'static str, String)> {
        self.mechanism.codedeploy().map(|it| it.facts(&self.name)).unwrap_or_default()
    }

    /// What went wrong or was not read that only this mechanism can tell, in sentences.
    pub(super) fn troubles(&self) -> Vec<String> {
        self.mechanism.codedeploy().map(codedeploy::Deployment::troubles).unwrap_or_default()
    }

    /// Why a shift that is over cannot be undone, where this mechanism has no way back then.
    pub(super) fn over_words(&self) -> Option<String> {
        self.mechanism.codedeploy().map(|it| codedeploy::over(self, it))
    }

    /// What its state allows.
    pub fn standing(&self) -> Standing {
        match &self.mechanism {
            Mechanism::Ecs(_) | Mechanism::EcsAgain(_) => self.status.standing(),
            Mechanism::Lambda(alias) => alias.standing(),
            Mechanism::Alb(split) => split.standing(),
            Mechanism::CodeDeploy(it) => it.standing(&self.status.0),
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
            Mechanism::CodeDeploy(it) => codedeploy::next(self, it),
        }
    }

    /// When all traffic is due on the new side, where that can be told.
    pub fn due_100(&self) -> Option<Due> {
        match &self.mechanism {
            Mechanism::Ecs(strategy) => ecs::due_100(self, strategy),
            Mechanism::EcsAgain(_) | Mechanism::Lambda(_) | Mechanism::Alb(_) => None,
            Mechanism::CodeDeploy(it) => codedeploy::due_100(self, it),
        }
    }

    /// Where an open shift stands, in one word or two.
    pub(super) fn open_words(&self) -> String {
        match &self.mechanism {
            Mechanism::Ecs(_) | Mechanism::EcsAgain(_) => ecs::stage_words(self),
            Mechanism::Lambda(_) => lambda::stage_words(self),
            Mechanism::Alb(split) => alb::stage_words(self, split),
            Mechanism::CodeDeploy(it) => codedeploy::stage_words(self, it),
        }
    }

    /// The stage bar of an open shift, first stage first.
    pub(super) fn open_bar(&self, now: Timestamp) -> Vec<StageItem> {
        match &self.mechanism {
            Mechanism::Ecs(_) | Mechanism::EcsAgain(_) => ecs::stage_bar(self, now),
            Mechanism::Lambda(_) => lambda::stage_bar(self),
            Mechanism::Alb(split) => alb::stage_bar(self, split),
            Mechanism::CodeDeploy(it) => codedeploy::stage_bar(self, it, now),
        }
    }

    /// Whether the mechanism would undo this without anybody's doing.
    pub fn by_itself(&self) -> ByItself {
        match &self.mechanism {
            Mechanism::Ecs(strategy) => ecs::by_itself(self, strategy),
            Mechanism::EcsAgain(again) => ecs::by_itself(self, &again.strategy),
            Mechanism::Lambda(_) => ByItself { yes: false, why: "nothing watches an alias".to_owned() },
            Mechanism::Alb(_) => ByItself { yes: false, why: "nothing watches a rule".to_owned() },
            Mechanism::CodeDeploy(it) => codedeploy::by_itself(self, it),
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
    /// To CodeDeploy.
    CodeDeploy(codedeploy::Call),
}

impl Call {
    /// The call that undoes a shift.
    pub(super) fn undoing(rollout: &Rollout) -> Self {
        match &rollout.mechanism {
            Mechanism::Ecs(_) => Self::Ecs(ecs::call(rollout)),
            Mechanism::EcsAgain(again) => Self::Ecs(ecs::again::call(rollout, again)),
            Mechanism::Lambda(alias) => Self::Lambda(lambda::call(rollout, alias)),
            Mechanism::Alb(split) => Self::Alb(alb::call(split)),
            Mechanism::CodeDeploy(_) => Self::CodeDeploy(codedeploy::call(rollout)),
        }
    }

    /// `ecs:StopServiceDeployment`, which is also the IAM action.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Ecs(call) => call.operation(),
            Self::Lambda(call) => call.operation(),
            Self::Alb(call) => call.operation(),
            Self::CodeDeploy(call) => call.operation(),
        }
    }

    /// The parameters, exactly as sent and in this order.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ecs(call) => call.params(),
            Self::Lambda(call) => call.params(),
            Self::Alb(call) => call.params(),
            Self::CodeDeploy(call) => call.params(),
        }
    }

    /// Names of the side that traffic goes back to, where AWS does not know it and it was told.
    pub(super) fn told(&self) -> Vec<String> {
        match self {
            Self::Ecs(_) | Self::Lambda(_) | Self::CodeDeploy(_) => Vec::new(),
            Self::Alb(call) => vec![call.stable.clone()],
        }
    }

    /// What it changes, in a word: `deployment`.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Ecs(_) | Self::CodeDeploy(_) => "deployment",
            Self::Lambda(_) => "alias",
            Self::Alb(call) if call.default => "listener",
            Self::Alb(_) => "rule",
        }
    }

    /// Whether AWS refuses the call when somebody was faster. Where it does not, what was read right before the call
    /// is all that is known, and a change in the instant between both is overwritten unseen.
    pub fn compared_by_aws(&self) -> bool {
        !matches!(self, Self::Alb(_) | Self::Ecs(ecs::Call::Deploy { .. }))
    }

    /// Whether it is known which side traffic goes back to.
    pub fn decided(&self) -> bool {
        match self {
            Self::Ecs(_) | Self::Lambda(_) | Self::CodeDeploy(_) => true,
            Self::Alb(call) => !call.stable.is_empty(),
        }
    }

    /// The same as a shell command, for somebody who may.
    pub fn command(&self, region: &str) -> String {
        match self {
            Self::Ecs(call) => call.command(region),
            Self::Lambda(call) => call.command(region),
            Self::Alb(call) => call.command(region),
            Self::CodeDeploy(call) => call.command(region),
        }
    }
}

/// Whether the split is the mechanism's own to change, and not somebody's who would set it again.
pub(super) fn owned_by_itself(rollout: &Rollout) -> bool {
    match &rollout.mechanism {
        Mechanism::Ecs(_) | Mechanism::EcsAgain(_) => rollout.owner == Owner::Ecs,
        Mechanism::Lambda(_) | Mechanism::Alb(_) => rollout.owner.is_free(),
        Mechanism::CodeDeploy(_) => rollout.owner == Owner::CodeDeploy,
    }
}

/// The command that is handed over instead of the call, where it is not ours to make, or where it is not known
/// which side traffic goes back to.
pub(super) fn instead(rollout: &Rollout, region: &str) -> Option<HandOver> {
    match &rollout.mechanism {
        Mechanism::Alb(split) => alb::instead(rollout, split, region),
        _ if owned_by_itself(rollout) => None,
        mechanism => rollout.owner.command(mechanism, region),
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
        Mechanism::CodeDeploy(it) => codedeploy::guarded(rollout, it),
    }
}

/// How long a rollback takes, in words, and whether tasks have to start again for it.
pub(super) fn takes(rollout: &Rollout) -> (String, bool) {
    match &rollout.mechanism {
        Mechanism::Ecs(strategy) => ecs::takes(rollout, strategy),
        Mechanism::EcsAgain(again) => (ecs::again::takes(rollout, again), true),
        Mechanism::Lambda(_) => (lambda::takes(rollout), false),
        Mechanism::Alb(split) => (alb::takes(split), false),
        Mechanism::CodeDeploy(it) => (codedeploy::takes(rollout, it), false),
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
        Mechanism::Ecs(_) | Mechanism::Lambda(_) | Mechanism::Alb(_) | Mechanism::CodeDeploy(_) => {
            Some(Look {
                status: rollout.status.0.clone(),
                // ECS says 0 of a rolling deployment, whatever its tasks serve.
                weight: rollout.new.weight.filter(|_| rollout.mechanism.has_weights()),
                finished_at: rollout.finished_at,
            })
        }
    }
}

/// The checks that only this mechanism makes before a rollback.
pub(super) fn checks(rollout: &Rollout) -> Vec<Check> {
    match &rollout.mechanism {
        Mechanism::Ecs(_) => ecs::checks(rollout),
        Mechanism::EcsAgain(again) => ecs::again_checks(rollout, again),
        Mechanism::Lambda(alias) => lambda::checks(rollout, alias),
        Mechanism::Alb(split) => alb::checks(rollout, split),
        Mechanism::CodeDeploy(it) => codedeploy::checks(rollout, it),
    }
}

/// How a rollback that was sent has ended, as a read tells; `None` while it goes on.
pub(super) fn judge(seen: &Seen, rollout: &Rollout) -> Option<(Ending, String)> {
    match &rollout.mechanism {
        Mechanism::Ecs(_) => ecs::judge(seen, rollout),
        Mechanism::EcsAgain(again) => ecs::again::judge(seen, again),
        Mechanism::Lambda(alias) => lambda::judge(seen, rollout, alias),
        Mechanism::Alb(split) => alb::judge(seen, split),
        Mechanism::CodeDeploy(it) => codedeploy::judge(seen, rollout, it),
    }
}
