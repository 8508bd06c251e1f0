//! What follows from a shift and the time, as far as it is the same for all mechanisms: step history, next
//! step, when 100 % is due, the stage bar. What each mechanism says to that is in `mechanism`.
//!
//! AWS reports where a shift stands, not when a step began. So a step's start is what was seen between two
//! reads, or, at the first read, AWS's time of the last change, which is marked as an estimate. What
//! cannot be derived is said to be unknown and never guessed. Pure.

use super::mechanism::Outcome;
use super::model::{Rollout, Standing};
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
    pub(super) fn weight_since(&self) -> Option<&Point> {
        let weight = self.points.last()?.weight;
        self.points.iter().rev().take_while(|point| point.weight == weight).last()
    }

    /// Since when the present stage holds.
    pub(super) fn stage_since(&self) -> Option<&Point> {
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
    pub(super) fn after(point: &Point, wait: Duration) -> Option<Self> {
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

/// A share of traffic; an estimate is rounded and marked: `~63 %`.
pub fn share_words(share: f64, estimate: bool, mark: &str) -> String {
    if estimate { format!("{mark}{}", percent(share.round())) } else { percent(share) }
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
    /// The old side is removed; when is unknown where `None`.
    Removal(Option<Due>),
    /// It ends: nothing else is left to do.
    Ends,
    /// Somebody has to answer a hook, or it runs out and does this.
    Hook {
        /// When it runs out.
        until: Option<Timestamp>,
        /// `CONTINUE` or `ROLLBACK`.
        then: Option<String>,
    },
    /// Tasks are replaced: there are no steps.
    Tasks,
    /// Nothing: the weights stay until somebody changes them.
    Stays,
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

impl StageItem {
    /// An item.
    pub fn new(label: &str, state: StageState) -> Self {
        Self { label: label.to_owned(), state }
    }
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
            Next::Removal(due) => format!("old removed {}", within(&due)),
            Next::Ends => "ends".to_owned(),
            Next::Hook { until, then } => {
                let then = then.unwrap_or_else(|| "it fails".to_owned());
                match until {
                    Some(until) => format!(
                        "{then} in {} unless answered",
                        Due { at: until, estimate: false }.countdown(now)
                    ),
                    None => format!("waits for an answer, then {then}"),
                }
            }
            Next::Tasks => "replaces tasks".to_owned(),
            Next::Stays => "stays until changed".to_owned(),
            Next::GoingBack => "going back to old".to_owned(),
            Next::Nothing => "–".to_owned(),
            Next::Unknown => "unknown".to_owned(),
        }
    }

    /// The same in at most 16 cells, as far as AWS's own words allow, for lists.
    pub fn next_short(&self, now: Timestamp) -> String {
        let at = |due: &Due| if due.at <= now { "now".to_owned() } else { due.countdown(now) };
        match self.next() {
            Next::CleanUp(Some(due)) => format!("bake ends {}", at(&due)),
            Next::Removal(Some(due)) => format!("old gone {}", at(&due)),
            Next::Removal(None) => "old removed".to_owned(),
            Next::Hook { until: None, .. } => "waits for answer".to_owned(),
            Next::Hook { until: Some(until), then } => {
                let then = then.as_deref().unwrap_or("fails");
                let left = Due { at: until, estimate: false };
                format!("{} in {}", then.strip_suffix("_DEPLOYMENT").unwrap_or(then), left.countdown(now))
            }
            Next::Stays => "stays as it is".to_owned(),
            Next::GoingBack => "going back".to_owned(),
            _ => self.next_words(now),
        }
    }

    /// Where it stands in one word or two: the stage in plain words, or AWS's own name for it.
    pub fn stage_words(&self) -> String {
        match self.standing() {
            Standing::Open => self.open_words(),
            Standing::Ended if self.cleaning_up().is_some() => "cleaning up".to_owned(),
            _ => self.status_words(),
        }
    }

    /// Tasks of the old side that still run although the shift was successful: ECS removes them afterwards where
    /// the service says `DEFERRED`. `None` when there are none.
    pub fn cleaning_up(&self) -> Option<u32> {
        let old = self
            .old
            .as_ref()
            .filter(|_| self.status.0 == "SUCCESSFUL" && self.mechanism.again().is_none())?;
        let left = old.tasks.map(|it| it.running + it.pending)?;
        (left > 0).then_some(left)
    }

    /// The stage bar, first stage first.
    pub fn stage_bar(&self, now: Timestamp) -> Vec<StageItem> {
        match self.standing() {
            Standing::Open => self.open_bar(now),
            Standing::Returning => vec![
                StageItem::new("rollback asked for", StageState::Done),
                StageItem::new(&self.status_words(), StageState::Running),
                StageItem::new("old has 100 %", StageState::Ahead),
            ],
            Standing::Ended => {
                let state = match self.status.0.as_str() {
                    "ROLLBACK_FAILED" | "STOPPED" => StageState::Failed,
                    "Failed" | "Stopped" if self.outcome() == Some(Outcome::Failed) => StageState::Failed,
                    _ => StageState::Done,
                };
                let mut bar = vec![StageItem::new(&self.status_words(), state)];
                bar.extend(self.cleaning_up().map(|left| {
                    let tasks = if left == 1 { "task" } else { "tasks" };
                    StageItem::new(&format!("cleaning up, {left} old {tasks}"), StageState::Running)
                }));
                bar
            }
            Standing::Unknown => vec![StageItem::new(&self.status.0, StageState::Unknown)],
        }
    }
}
