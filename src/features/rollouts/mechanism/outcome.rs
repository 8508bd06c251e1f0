//! How a shift that is over ended, as each mechanism tells it.
//!
//! ECS and CodeDeploy say so themselves. An alias or a rule that divides no more names only what is left: which side
//! that was follows from the last read that saw it divide. Pure.

use super::Mechanism;
use crate::features::rollouts::model::Rollout;

/// How a shift that is over ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// New has all traffic.
    Success,
    /// Old has all traffic again.
    RolledBack,
    /// Neither, as far as can be told.
    Failed,
    /// One side has all traffic, and which one that is was not told.
    Untold,
}

impl Rollout {
    /// How it ended; `None` while it goes on.
    pub fn outcome(&self) -> Option<Outcome> {
        if self.in_progress() {
            return None;
        }
        Some(match (&self.mechanism, self.status.0.as_str()) {
            (Mechanism::Lambda(alias), _) => alias.outcome(),
            (Mechanism::Alb(split), _) => split.outcome(),
            (Mechanism::CodeDeploy(_), "Succeeded")
            | (Mechanism::Ecs(_) | Mechanism::EcsAgain(_), "SUCCESSFUL") => Outcome::Success,
            (Mechanism::CodeDeploy(it), _) if it.went_back() => Outcome::RolledBack,
            (Mechanism::Ecs(_) | Mechanism::EcsAgain(_), "ROLLBACK_SUCCESSFUL") => Outcome::RolledBack,
            (Mechanism::Ecs(_) | Mechanism::EcsAgain(_) | Mechanism::CodeDeploy(_), _) => Outcome::Failed,
        })
    }

    /// This read of what is over, with the sides that it had at a read before: an alias or a rule that divides no
    /// more does not say between what it did.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        if self.in_progress() || self.deployment != before.deployment {
            return self;
        }
        let mut sides = (before.old.clone(), before.new.clone());
        let both = sides.0.iter_mut().chain([&mut sides.1]);
        match (&mut self.mechanism, &before.mechanism) {
            (Mechanism::Lambda(now), Mechanism::Lambda(then)) => {
                now.follow(then);
                both.for_each(|side| side.weight = Some(now.share(&side.revision)));
            }
            (Mechanism::Alb(now), Mechanism::Alb(then)) => {
                now.follow(then);
                for side in both {
                    let shares = side.groups.iter_mut().map(|group| {
                        group.rule_share = Some(now.share(&group.arn).unwrap_or(0.0));
                        group.rule_share.unwrap_or_default()
                    });
                    let share = shares.sum();
                    side.weight = side.weight.map(|_| share);
                }
            }
            _ => return self,
        }
        (self.old, self.new) = sides;
        self
    }

    /// Status in words, once it is no longer open.
    pub fn status_words(&self) -> String {
        match (&self.mechanism, self.outcome()) {
            (Mechanism::CodeDeploy(it), _) => it.status_words(&self.status.0),
            (Mechanism::Lambda(_) | Mechanism::Alb(_), Some(Outcome::Success)) => "promoted".to_owned(),
            (Mechanism::Lambda(_) | Mechanism::Alb(_), Some(Outcome::RolledBack)) => "went back".to_owned(),
            (Mechanism::Ecs(_) | Mechanism::EcsAgain(_) | Mechanism::Lambda(_) | Mechanism::Alb(_), _) => {
                self.status.0.clone()
            }
        }
    }

    /// Who has what at the end, or AWS's reason for it; `None` where the status says it all.
    pub fn end_words(&self) -> Option<String> {
        match &self.mechanism {
            Mechanism::Lambda(alias) => Some(alias.end_words()),
            Mechanism::Alb(split) => Some(split.end_words()),
            Mechanism::Ecs(_) | Mechanism::EcsAgain(_) | Mechanism::CodeDeploy(_) => {
                self.status_reason.clone()
            }
        }
    }
}
