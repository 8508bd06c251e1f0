//! How a split of target groups ended: a rule that divides no more does not say between what it did. Pure.

use super::{Divided, Split, group_name};
use crate::features::rollouts::mechanism::Outcome;
use crate::features::rollouts::model::Standing;

impl Split {
    /// Takes over, from a read before, between what it divided.
    pub fn follow(&mut self, before: &Self) {
        self.divided = match before.standing() {
            Standing::Open => {
                Some(Divided { stable: before.stable.clone(), groups: before.used().cloned().collect() })
            }
            _ => before.divided.clone(),
        };
    }

    /// How it ended, once it divides no more. Which group was the new one is known only where the stable one was
    /// told.
    pub fn outcome(&self) -> Outcome {
        let Some(before) = &self.divided else { return Outcome::Untold };
        match (self.used().next(), &before.stable) {
            (Some(only), Some(stable)) if only == stable => Outcome::RolledBack,
            (Some(only), _) if !before.groups.contains(only) => Outcome::Failed,
            (Some(_), Some(_)) => Outcome::Success,
            (Some(_), None) => Outcome::Untold,
            (None, _) => Outcome::Failed,
        }
    }

    /// Who has what, once it divides no more.
    pub fn end_words(&self) -> String {
        let who = self.used().next().map_or("no group", |arn| group_name(arn));
        let told =
            if self.outcome() == Outcome::Untold { ", and which side is new was not told" } else { "" };
        format!("{who} has all traffic{told}")
    }
}
