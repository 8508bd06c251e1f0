//! Deployments of ECS services: the strategies, and what follows from a shift in time.
//!
//! What a rollback of one is, is in `undo.rs`, and once it has ended in `again.rs`. ECS has finer stages than people think in; one that this
//! version does not know is shown by its name. What cannot be derived is unknown and never guessed.

pub mod again;
mod again_checks;
mod undo;

pub use again::{Again, AgainFacts, Earlier, Wanted};
pub(super) use again_checks::checks as again_checks;
pub use undo::Call;
pub(super) use undo::{call, checks, guarded, judge, old_side, takes};

use crate::features::rollouts::model::Rollout;
use crate::features::rollouts::stages::{ByItself, Due, Next, StageItem, StageState, percent};
use crate::text::units;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How traffic moves to the new side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Strategy {
    /// Tasks are replaced a few at a time; there are no weights.
    Rolling,
    /// All traffic at once, then a bake time.
    BlueGreen,
    /// Equal steps.
    Linear {
        /// Percent per step, 3 to 100.
        step: f64,
        /// Wait after each step.
        bake: Duration,
    },
    /// One small step, then all the rest.
    Canary {
        /// Percent of the first step, 0.1 to 100.
        percent: f64,
        /// Wait after the first step.
        bake: Duration,
    },
    /// A name this version does not know.
    Other(String),
}

impl Strategy {
    /// As it stands in lists: `CANARY`.
    pub fn label(&self) -> &str {
        match self {
            Self::Rolling => "ROLLING",
            Self::BlueGreen => "BLUE_GREEN",
            Self::Linear { .. } => "LINEAR",
            Self::Canary { .. } => "CANARY",
            Self::Other(name) => name,
        }
    }

    /// Whether traffic is split by weights, so that a share of 0 % is known and not guessed.
    pub fn has_weights(&self) -> bool {
        !matches!(self, Self::Rolling)
    }
}

/// The parts of a shift as people think of them. ECS has finer stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// New tasks start.
    ScaleUp,
    /// The test listener shifts.
    TestTraffic,
    /// Production traffic shifts.
    Production,
    /// Everything is on the new side and watched.
    Bake,
    /// Old tasks go away.
    CleanUp,
}

/// Which part a lifecycle stage belongs to; `None` for a name this version does not know.
pub fn part_of(stage: &str) -> Option<Part> {
    Some(match stage {
        "RECONCILE_SERVICE" | "PRE_SCALE_UP" | "SCALE_UP" | "POST_SCALE_UP" => Part::ScaleUp,
        "TEST_TRAFFIC_SHIFT" | "POST_TEST_TRAFFIC_SHIFT" => Part::TestTraffic,
        "PRE_PRODUCTION_TRAFFIC_SHIFT" | "PRODUCTION_TRAFFIC_SHIFT" | "POST_PRODUCTION_TRAFFIC_SHIFT" => {
            Part::Production
        }
        "BAKE_TIME" => Part::Bake,
        "CLEAN_UP" => Part::CleanUp,
        _ => return None,
    })
}

/// What happens next to an open shift.
pub(super) fn next(rollout: &Rollout, strategy: &Strategy) -> Next {
    if let Some(hook) = rollout.waiting_hook() {
        return Next::Hook { until: hook.expires_at, then: hook.timeout_action.clone() };
    }
    if *strategy == Strategy::Rolling {
        return Next::Tasks;
    }
    match rollout.stage.as_deref().map(part_of) {
        Some(Some(Part::Bake)) => Next::CleanUp(
            rollout.bake.zip(rollout.progress.stage_since()).and_then(|(bake, from)| Due::after(from, bake)),
        ),
        Some(Some(Part::CleanUp)) => Next::End,
        Some(None) => Next::Unknown,
        Some(Some(Part::Production)) => next_shift(rollout, strategy),
        Some(Some(Part::ScaleUp | Part::TestTraffic)) | None => first_shift(strategy),
    }
}

fn first_shift(strategy: &Strategy) -> Next {
    match strategy {
        Strategy::Canary { percent, .. } => Next::Shift(*percent, None),
        Strategy::Linear { step, .. } => Next::Shift(*step, None),
        Strategy::BlueGreen => Next::Shift(100.0, None),
        Strategy::Rolling => Next::Tasks,
        Strategy::Other(_) => Next::Unknown,
    }
}

fn next_shift(rollout: &Rollout, strategy: &Strategy) -> Next {
    let Some(weight) = rollout.new.weight else { return Next::Unknown };
    if weight >= 100.0 {
        // The bake time follows at once; its end cannot be known before it begins.
        return Next::CleanUp(None);
    }
    if weight <= 0.0 {
        return first_shift(strategy);
    }
    let since = rollout.progress.weight_since();
    let due = |wait: Duration| since.and_then(|from| Due::after(from, wait));
    match strategy {
        Strategy::Canary { bake, .. } => Next::Shift(100.0, due(*bake)),
        Strategy::Linear { step, bake } => Next::Shift((weight + step).min(100.0), due(*bake)),
        Strategy::BlueGreen => Next::Shift(100.0, None),
        Strategy::Rolling | Strategy::Other(_) => Next::Unknown,
    }
}

/// When all traffic is due on the new side. For LINEAR an estimate: each further step may take longer.
pub(super) fn due_100(rollout: &Rollout, strategy: &Strategy) -> Option<Due> {
    let Next::Shift(to, Some(due)) = rollout.next() else { return None };
    if to >= 100.0 {
        return Some(due);
    }
    let Strategy::Linear { step, bake } = strategy else { return None };
    if *step <= 0.0 {
        return None;
    }
    let more = ((100.0 - to) / step).ceil().clamp(0.0, 1000.0) as u32;
    let at = due.at.checked_add(SignedDuration::try_from(bake.checked_mul(more)?).ok()?).ok()?;
    Some(Due { at, estimate: true })
}

/// Where an open shift stands: the stage in plain words, or AWS's own name for it.
pub(super) fn stage_words(rollout: &Rollout) -> String {
    if rollout.waiting_hook().is_some() {
        return "PAUSED at a hook".to_owned();
    }
    if let Some((breaker, tripped)) = rollout.failing() {
        let how = if tripped { "FAILED" } else { "failing" };
        return format!("{how}, {} of {}", breaker.failures, breaker.threshold);
    }
    match rollout.stage.as_deref() {
        None if !rollout.mechanism.has_weights() && rollout.status.0 == "IN_PROGRESS" => {
            let tasks = rollout.new.tasks.unwrap_or_default();
            format!("tasks {}/{}", tasks.running, tasks.requested)
        }
        None => rollout.status.0.clone(),
        Some(stage) => match part_of(stage) {
            Some(Part::ScaleUp) => "scale up".to_owned(),
            Some(Part::TestTraffic) => "test traffic".to_owned(),
            Some(Part::Production) => match rollout.new.weight {
                Some(weight) => format!("step {}", percent(weight)),
                None => "production shift".to_owned(),
            },
            Some(Part::Bake) => "bake".to_owned(),
            Some(Part::CleanUp) => "clean up".to_owned(),
            None => stage.to_owned(),
        },
    }
}

/// The stage bar of an open shift.
pub(super) fn stage_bar(rollout: &Rollout, now: Timestamp) -> Vec<StageItem> {
    let item = StageItem::new;
    if !rollout.mechanism.has_weights() {
        let tasks = rollout.new.tasks.unwrap_or_default();
        return vec![
            item(&format!("replace tasks {}/{}", tasks.running, tasks.requested), StageState::Running),
            item("steady", StageState::Ahead),
        ];
    }
    let current = rollout.stage.as_deref().map(part_of);
    let state = |part: Part| match current {
        Some(None) => StageState::Unknown,
        Some(Some(now_at)) if part < now_at => StageState::Done,
        Some(Some(now_at)) if part == now_at => StageState::Running,
        None | Some(Some(_)) => StageState::Ahead,
    };
    let mut bar = Vec::with_capacity(7);
    if let (Some(None), Some(raw)) = (current, rollout.stage.as_deref()) {
        bar.push(item(raw, StageState::Running));
    }
    for (part, label) in [(Part::ScaleUp, "scale up"), (Part::TestTraffic, "test traffic")] {
        let here = rollout.waiting_hook().is_some() && current == Some(Some(part));
        bar.push(item(&if here { format!("{label} PAUSED") } else { label.to_owned() }, state(part)));
    }
    let in_production = current == Some(Some(Part::Production));
    let mut shift = match rollout.new.weight {
        Some(weight) if in_production => format!("production shift {}", percent(weight)),
        _ => "production shift".to_owned(),
    };
    if in_production && rollout.waiting_hook().is_some() {
        shift.push_str(" PAUSED");
    }
    bar.push(item(&shift, state(Part::Production)));
    if in_production && matches!(rollout.next(), Next::Shift(..)) && rollout.new.weight > Some(0.0) {
        bar.push(item(&rollout.next_words(now), StageState::Ahead));
    }
    let bake = match (rollout.next(), rollout.bake) {
        (Next::CleanUp(Some(due)), _) => format!("bake, {} left", due.countdown(now)),
        (_, Some(bake)) => format!("bake {}", units::age(bake)),
        (_, None) => "bake".to_owned(),
    };
    bar.push(item(&bake, state(Part::Bake)));
    bar.push(item("clean up", state(Part::CleanUp)));
    bar
}

/// Whether ECS would roll this back without anybody's doing.
pub(super) fn by_itself(rollout: &Rollout, strategy: &Strategy) -> ByItself {
    let answer = |yes, why: &str| ByItself { yes, why: why.to_owned() };
    if let Some(hook) = rollout.waiting_hook()
        && hook.timeout_action.as_deref() == Some("ROLLBACK")
    {
        return answer(true, "when the hook runs out");
    }
    if let Some(breaker) = &rollout.breaker
        && *strategy == Strategy::Rolling
        && breaker.enabled
        && breaker.rollback
    {
        let why = format!("circuit breaker, {} of {} failures", breaker.failures, breaker.threshold);
        return answer(true, &why);
    }
    let watch = &rollout.alarms;
    if watch.names.is_empty() {
        return answer(false, "no alarms set");
    }
    if !watch.rollback {
        return answer(false, "alarm rollback off");
    }
    if !watch.enabled {
        return answer(false, "alarms not watched");
    }
    if watch.status.as_deref() == Some("MONITORING_COMPLETE") {
        return answer(false, "alarms no longer watched");
    }
    answer(true, if watch.names.len() == 1 { "on its alarm" } else { "on its alarms" })
}
