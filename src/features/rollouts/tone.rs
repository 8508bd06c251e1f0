//! How bad a rollout looks: in the badge, in the order of the list and in its colours. Pure.

use super::comparing::seen_of;
use super::mechanism::Outcome;
use super::model::{Rollout, Standing};
use super::verdict::Ruling;
use crate::app::pane::Tone;
use crate::features::TargetStore;

/// How bad a shift in flight is: what it says itself, and what its sides' numbers say.
pub fn trouble(shift: &Rollout, data: &TargetStore) -> Tone {
    let compared = match seen_of(data, &shift.deployment).map(|it| &it.verdict) {
        Some(verdict) if verdict.says_roll_back() => Tone::Bad,
        Some(verdict) if verdict.sets_apart() => Tone::Warn,
        // Surely worse, and by less than what matters.
        Some(verdict) if verdict.ruling == Ruling::Worse && verdict.told() => Tone::Warn,
        _ => Tone::Info,
    };
    tone(shift).max(compared)
}

/// How a shift looks in the list.
pub fn tone(shift: &Rollout) -> Tone {
    let failed = matches!(shift.status.0.as_str(), "ROLLBACK_FAILED" | "STOPPED")
        || (shift.mechanism.codedeploy().is_some() && shift.outcome() == Some(Outcome::Failed));
    if failed || (!shift.alarms.triggered.is_empty() && shift.in_progress()) {
        return Tone::Bad;
    }
    if let Some((_, tripped)) = shift.failing() {
        return if tripped { Tone::Bad } else { Tone::Warn };
    }
    match shift.standing() {
        Standing::Returning | Standing::Unknown => Tone::Warn,
        Standing::Open if shift.waiting_hook().is_some() => Tone::Warn,
        Standing::Open => Tone::Info,
        Standing::Ended => match shift.outcome() {
            Some(Outcome::Success) => Tone::Ok,
            Some(Outcome::Untold) | None => Tone::Info,
            Some(Outcome::RolledBack | Outcome::Failed) => Tone::Warn,
        },
    }
}
