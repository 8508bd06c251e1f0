//! What follows from a shift and the time: step history, next step, when 100 % is due, the stage bar, and
//! whether it would roll back by itself.
//!
//! ECS reports where a shift stands, not when a step began. So a step's start is what was seen between two
//! reads, or, at the first read, AWS's time of the last change, which is marked as an estimate. What
//! cannot be derived is said to be unknown and never guessed. Pure.

use super::model::{Rollout, Standing, Strategy};
use crate::text::units;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Changes kept per shift. LINEAR has at most 34 steps and there are 11 stages.
const MAX_POINTS: usize = 64;
/// Reads closer together than this make a seen change's time good enough to count down from.
const CLOSE_READS: SignedDuration = SignedDuration::from_secs(60);

/// A change that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When it happened, as well as can be told; `None` when it was there at the first read and AWS gave
    /// no time.
    pub at: Option<Timestamp>,
    /// Whether `at` is an estimate.
    pub estimate: bool,
    /// Stage from then on.
    pub stage: Option<String>,
    /// Weight of the new side from then on.
    pub weight: Option<f64>,
}

/// What was seen of one shift.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Changes, oldest first.
    pub points: Vec<Point>,
    /// The read before this one.
    pub last_read: Option<Timestamp>,
}

impl Progress {
    /// Notes what a read at `read_at` found. `updated_at` is AWS's time of the last change of any kind.
    pub fn observe(
        &mut self,
        stage: Option<&str>,
        weight: Option<f64>,
        updated_at: Option<Timestamp>,
        read_at: Timestamp,
    ) {
        let before = self.last_read.replace(read_at);
        if self.points.last().is_some_and(|last| last.stage.as_deref() == stage && last.weight == weight) {
            return;
        }
        let (at, estimate) = match (before, updated_at) {
            (Some(before), Some(updated)) if before < updated && updated <= read_at => (Some(updated), false),
            (Some(before), _) => (Some(read_at), read_at.duration_since(before) > CLOSE_READS),
            (None, updated) => (updated.map(|at| at.min(read_at)), true),
        };
        if self.points.len() == MAX_POINTS {
            self.points.remove(0);
        }
        self.points.push(Point { at, estimate, stage: stage.map(str::to_owned), weight });
    }

    /// Since when the present weight holds.
    fn weight_since(&self) -> Option<&Point> {
        let weight = self.points.last()?.weight;
        self.points.iter().rev().take_while(|point| point.weight == weight).last()
    }

    /// Since when the present stage holds.
    fn stage_since(&self) -> Option<&Point> {
        let stage = &self.points.last()?.stage;
        self.points.iter().rev().take_while(|point| point.stage == *stage).last()
    }
}

/// A time to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// Whether it rests on an estimate, or may be later.
    pub estimate: bool,
}

impl Due {
    fn after(point: &Point, wait: Duration) -> Option<Self> {
        let at = point.at?.checked_add(SignedDuration::try_from(wait).ok()?).ok()?;
        Some(Self { at, estimate: point.estimate })
    }

    /// `4m10`, `~4m10`, or `now` once it has passed.
    pub fn countdown(&self, now: Timestamp) -> String {
        let left = self.at.duration_since(now);
        let mark = if self.estimate { "~" } else { "" };
        if left.is_positive() { format!("{mark}{}", countdown(left)) } else { "now".to_owned() }
    }
}

/// A remaining time: `42s`, `4m10`, `1h05`; `0s` once it has passed.
pub fn countdown(left: SignedDuration) -> String {
    units::countdown(Duration::try_from(left).unwrap_or_default())
}

/// Percent with at most one decimal: `20 %`, `0.5 %`.
pub fn percent(value: f64) -> String {
    units::percent(value, usize::from((value - value.round()).abs() >= 0.05))
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

/// What happens next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Next {
    /// Traffic goes to this percent; when is unknown where `None`.
    Shift(f64, Option<Due>),
    /// The bake time ends and old tasks are removed.
    CleanUp(Option<Due>),
    /// Only removing the old tasks is left.
    End,
    /// Somebody has to answer a hook, or it runs out and does this.
    Hook {
        /// When it runs out.
        until: Option<Timestamp>,
        /// `CONTINUE` or `ROLLBACK`.
        then: Option<String>,
    },
    /// Tasks are replaced: there are no steps.
    Tasks,
    /// It goes back to the old side.
    GoingBack,
    /// It is over.
    Nothing,
    /// AWS reports something this version does not know.
    Unknown,
}

/// State of one item of the stage bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StageState {
    /// Behind us.
    Done,
    /// Happening.
    Running,
    /// To come.
    Ahead,
    /// Went wrong.
    Failed,
    /// Cannot be told.
    Unknown,
}

/// One item of the stage bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageItem {
    /// A few words.
    pub label: String,
    /// How it stands.
    pub state: StageState,
}

/// Whether the mechanism would undo this by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByItself {
    /// Yes or no.
    pub yes: bool,
    /// Why, in a few words.
    pub why: String,
}

impl Rollout {
    /// What happens next, and when.
    pub fn next(&self) -> Next {
        match self.status.standing() {
            Standing::Ended => return Next::Nothing,
            Standing::Returning => return Next::GoingBack,
            Standing::Unknown => return Next::Unknown,
            Standing::Open => {}
        }
        if let Some(hook) = self.waiting_hook() {
            return Next::Hook { until: hook.expires_at, then: hook.timeout_action.clone() };
        }
        if self.strategy == Strategy::Rolling {
            return Next::Tasks;
        }
        match self.stage.as_deref().map(part_of) {
            Some(Some(Part::Bake)) => Next::CleanUp(
                self.bake.zip(self.progress.stage_since()).and_then(|(bake, from)| Due::after(from, bake)),
            ),
            Some(Some(Part::CleanUp)) => Next::End,
            Some(None) => Next::Unknown,
            Some(Some(Part::Production)) => self.next_shift(),
            Some(Some(Part::ScaleUp | Part::TestTraffic)) | None => self.first_shift(),
        }
    }

    fn first_shift(&self) -> Next {
        match &self.strategy {
            Strategy::Canary { percent, .. } => Next::Shift(*percent, None),
            Strategy::Linear { step, .. } => Next::Shift(*step, None),
            Strategy::BlueGreen => Next::Shift(100.0, None),
            Strategy::Rolling => Next::Tasks,
            Strategy::Other(_) => Next::Unknown,
        }
    }

    fn next_shift(&self) -> Next {
        let Some(weight) = self.new.weight else { return Next::Unknown };
        if weight >= 100.0 {
            // The bake time follows at once; its end cannot be known before it begins.
            return Next::CleanUp(None);
        }
        if weight <= 0.0 {
            return self.first_shift();
        }
        let since = self.progress.weight_since();
        let due = |wait: Duration| since.and_then(|from| Due::after(from, wait));
        match &self.strategy {
            Strategy::Canary { bake, .. } => Next::Shift(100.0, due(*bake)),
            Strategy::Linear { step, bake } => Next::Shift((weight + step).min(100.0), due(*bake)),
            Strategy::BlueGreen => Next::Shift(100.0, None),
            Strategy::Rolling | Strategy::Other(_) => Next::Unknown,
        }
    }

    /// When all traffic is due on the new side. For LINEAR an estimate: each further step may take longer.
    pub fn due_100(&self) -> Option<Due> {
        let Next::Shift(to, Some(due)) = self.next() else { return None };
        if to >= 100.0 {
            return Some(due);
        }
        let Strategy::Linear { step, bake } = &self.strategy else { return None };
        if *step <= 0.0 {
            return None;
        }
        let more = ((100.0 - to) / step).ceil().clamp(0.0, 1000.0) as u32;
        let at = due.at.checked_add(SignedDuration::try_from(bake.checked_mul(more)?).ok()?).ok()?;
        Some(Due { at, estimate: true })
    }

    /// Next step in words: `100 % in 4m10`.
    pub fn next_words(&self, now: Timestamp) -> String {
        let within = |due: &Option<Due>| match due {
            Some(due) if due.at <= now => "due now".to_owned(),
            Some(due) => format!("in {}", due.countdown(now)),
            None => "when ready".to_owned(),
        };
        match self.next() {
            Next::Shift(to, due) => format!("{} {}", percent(to), within(&due)),
            Next::CleanUp(Some(due)) => format!("bake ends {}", within(&Some(due))),
            Next::CleanUp(None) => "bake".to_owned(),
            Next::End => "clean up".to_owned(),
            Next::Hook { until, then } => {
                let then = then.unwrap_or_else(|| "it fails".to_owned());
                match until {
                    Some(until) => format!(
                        "waits for an answer, {then} in {}",
                        Due { at: until, estimate: false }.countdown(now)
                    ),
                    None => format!("waits for an answer, then {then}"),
                }
            }
            Next::Tasks => "replaces tasks".to_owned(),
            Next::GoingBack => "going back to old".to_owned(),
            Next::Nothing => "–".to_owned(),
            Next::Unknown => "unknown".to_owned(),
        }
    }

    /// Where it stands in one word or two: the stage in plain words, or AWS's own name for it.
    pub fn stage_words(&self) -> String {
        if self.status.standing() != Standing::Open {
            return self.status.0.clone();
        }
        if self.waiting_hook().is_some() {
            return "PAUSED at a hook".to_owned();
        }
        match self.stage.as_deref() {
            None => self.status.0.clone(),
            Some(stage) => match part_of(stage) {
                Some(Part::ScaleUp) => "scale up".to_owned(),
                Some(Part::TestTraffic) => "test traffic".to_owned(),
                Some(Part::Production) => match self.new.weight {
                    Some(weight) => format!("step {}", percent(weight)),
                    None => "production shift".to_owned(),
                },
                Some(Part::Bake) => "bake".to_owned(),
                Some(Part::CleanUp) => "clean up".to_owned(),
                None => stage.to_owned(),
            },
        }
    }

    /// The stage bar, first stage first.
    pub fn stage_bar(&self, now: Timestamp) -> Vec<StageItem> {
        let item = |label: &str, state| StageItem { label: label.to_owned(), state };
        match self.status.standing() {
            Standing::Returning => {
                return vec![
                    item("rollback asked for", StageState::Done),
                    item(&self.status.0, StageState::Running),
                    item("old has 100 %", StageState::Ahead),
                ];
            }
            Standing::Ended => {
                let state = match self.status.0.as_str() {
                    "ROLLBACK_FAILED" | "STOPPED" => StageState::Failed,
                    _ => StageState::Done,
                };
                return vec![item(&self.status.0, state)];
            }
            Standing::Unknown => return vec![item(&self.status.0, StageState::Unknown)],
            Standing::Open => {}
        }
        if !self.strategy.has_weights() {
            let tasks = self.new.tasks;
            return vec![
                item(&format!("replace tasks {}/{}", tasks.running, tasks.requested), StageState::Running),
                item("steady", StageState::Ahead),
            ];
        }
        let current = self.stage.as_deref().map(part_of);
        let state = |part: Part| match current {
            Some(None) => StageState::Unknown,
            Some(Some(now_at)) if part < now_at => StageState::Done,
            Some(Some(now_at)) if part == now_at => StageState::Running,
            None | Some(Some(_)) => StageState::Ahead,
        };
        let mut bar = Vec::with_capacity(7);
        if let (Some(None), Some(raw)) = (current, self.stage.as_deref()) {
            bar.push(item(raw, StageState::Running));
        }
        bar.push(item("scale up", state(Part::ScaleUp)));
        bar.push(item("test traffic", state(Part::TestTraffic)));
        let in_production = current == Some(Some(Part::Production));
        let shift = match self.new.weight {
            Some(weight) if in_production => format!("production shift {}", percent(weight)),
            _ => "production shift".to_owned(),
        };
        bar.push(item(&shift, state(Part::Production)));
        if in_production && matches!(self.next(), Next::Shift(..)) && self.new.weight > Some(0.0) {
            bar.push(item(&self.next_words(now), StageState::Ahead));
        }
        let bake = match (self.next(), self.bake) {
            (Next::CleanUp(Some(due)), _) => format!("bake, {} left", due.countdown(now)),
            (_, Some(bake)) => format!("bake {}", units::age(bake)),
            (_, None) => "bake".to_owned(),
        };
        bar.push(item(&bake, state(Part::Bake)));
        bar.push(item("clean up", state(Part::CleanUp)));
        bar
    }

    /// Whether ECS would roll this back without anybody's doing.
    pub fn by_itself(&self) -> ByItself {
        let answer = |yes, why: &str| ByItself { yes, why: why.to_owned() };
        if let Some(hook) = self.waiting_hook()
            && hook.timeout_action.as_deref() == Some("ROLLBACK")
        {
            return answer(true, "when the hook runs out");
        }
        if let Some(breaker) = &self.breaker
            && self.strategy == Strategy::Rolling
            && breaker.enabled
            && breaker.rollback
        {
            let why = format!("circuit breaker, {} of {} failures", breaker.failures, breaker.threshold);
            return answer(true, &why);
        }
        let watch = &self.alarms;
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
}
