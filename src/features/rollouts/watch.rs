//! What becomes of a rollback after it was sent: one line in the header until it is known how it ended.
//!
//! A watch never sends anything again. A lost answer is settled by reading; credentials that end pause the
//! reading and nothing else, since AWS carries on. `Unknown` is said when the deadline passes, and taken
//! back when a later read tells the truth. Pure.

use super::journal::{Step, Unfinished};
use super::mechanism;
use super::mechanism::ecs::Earlier;
use super::model::{Rollout, RolloutName, Standing};
use super::plan::Plan;
use super::rollback::{Journaled, SendResult};
use super::stages::percent;
use super::wire::ShiftRef;
use crate::aws::{ErrorClass, SourceError, TargetId};
use crate::text::Zone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a rollback that only moves weights may take before its state is called unknown.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// The same where tasks have to start again.
const PATIENCE_TASKS: SignedDuration = SignedDuration::from_mins(60);
/// How long after a lost answer an untouched deployment means that the request never arrived. Longer than
/// the call's own timeout, so that a request still on its way has landed.
pub(super) const LOST_GRACE: SignedDuration = SignedDuration::from_secs(60);
/// Rollbacks remembered. Settled ones make room first.
const MAX_FLIGHTS: usize = 32;

/// How a rollback ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The mechanism says that it is back.
    Done,
    /// The service moved on to another deployment meanwhile.
    Superseded,
    /// It did not come back, or the call had no effect.
    Failed,
    /// It cannot be told (yet).
    Unknown,
}

/// An ending and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Which.
    pub ending: Ending,
    /// In one sentence.
    pub why: String,
    /// When it was seen.
    pub at: Timestamp,
    /// When it came to be, where AWS says so.
    pub since: Option<Timestamp>,
}

/// What a watch shows of a read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Status as AWS reports it.
    pub status: String,
    /// Share of traffic on the new side in percent.
    pub weight: Option<f64>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What a mechanism judges a read by.
pub struct Seen<'a> {
    /// What was sent.
    pub plan: &'a Plan,
    /// No answer came: it may never have arrived.
    pub lost: bool,
    /// Time since it was sent.
    pub waited: SignedDuration,
    /// It takes longer than it should.
    pub overdue: bool,
    /// Time since what was to be undone ended; `None` while it goes on.
    pub over: Option<SignedDuration>,
}

impl Seen<'_> {
    /// Whether it ended long enough ago that what follows by itself would be there.
    pub fn is_over(&self) -> bool {
        self.over.is_some_and(|over| over > LOST_GRACE)
    }
}

/// One rollback after sending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// What was sent.
    pub plan: Box<Plan>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// AWS's request id.
    pub request_id: Option<String>,
    /// Why the answer was lost, if it was.
    pub lost: Option<SourceError>,
    /// The journal of it.
    pub journal: Journaled,
    /// When what was to be undone ended: as AWS says, or when a read first found it over.
    pub over_at: Option<Timestamp>,
    /// Status and new side's weight at the last read.
    pub seen: Option<(String, Option<f64>)>,
    /// Why the last read failed, while it is the last.
    pub problem: Option<SourceError>,
    /// How it ended. An `Unknown` may still change.
    pub ended: Option<Ended>,
}

impl Watch {
    /// Begins when a sending was answered, or its answer lost; `None` when nothing was sent.
    pub fn begin(plan: Plan, result: &SendResult) -> Option<Self> {
        let (sent_at, request_id, lost, journal) = match result {
            SendResult::Sent { at, request_id, journal } => (*at, request_id.clone(), None, journal.clone()),
            SendResult::Lost { at, error, journal } => {
                (*at, error.request_id.clone(), Some(error.clone()), journal.clone())
            }
            SendResult::Rejected(_)
            | SendResult::Changed(_)
            | SendResult::Beaten { .. }
            | SendResult::Unread(_) => return None,
        };
        let plan = Box::new(plan);
        Some(Self {
            plan,
            sent_at,
            request_id,
            lost,
            journal,
            over_at: None,
            seen: None,
            problem: None,
            ended: None,
        })
    }

    /// Goes on with one that another run of the program sent and whose end it did not see. `None` when the
    /// journal no longer has its plan.
    pub fn resume(open: &Unfinished) -> Option<Self> {
        let plan = Box::new(open.plan()?.clone());
        let began = open.steps.first()?.at;
        let died = "the program ended before an answer came";
        let mut watch = Self {
            lost: Some(SourceError::new(ErrorClass::Network, plan.call.operation(), died)),
            plan,
            sent_at: began,
            request_id: None,
            journal: Journaled { began, problem: None },
            over_at: None,
            seen: None,
            problem: None,
            ended: None,
        };
        for entry in &open.steps {
            match &entry.step {
                Step::Sent { request_id } => (watch.request_id, watch.lost) = (request_id.clone(), None),
                Step::Lost { error } => watch.lost = Some(error.clone()),
                Step::Ended { why, .. } => {
                    let (why, at) = (why.clone(), entry.at);
                    watch.ended = Some(Ended { ending: Ending::Unknown, why, at, since: None });
                }
                _ => {}
            }
        }
        Some(watch)
    }

    /// The target.
    pub fn target(&self) -> &TargetId {
        &self.plan.place.target
    }

    /// The service.
    pub fn name(&self) -> &RolloutName {
        &self.plan.name
    }

    /// Whether it is known how it ended.
    pub fn settled(&self) -> bool {
        self.ended.as_ref().is_some_and(|ended| ended.ending != Ending::Unknown)
    }

    /// What is read to follow it.
    pub fn shift(&self) -> ShiftRef {
        self.plan.shift()
    }

    /// Takes a read of the deployment. `true` when how it ended has just changed, for the journal.
    pub fn read(&mut self, rollout: &Rollout, now: Timestamp) -> bool {
        if self.settled() || !self.shift().is(rollout) {
            return false;
        }
        self.problem = None;
        let look = mechanism::look(rollout);
        self.seen = look.as_ref().map(|look| (look.status.clone(), look.weight));
        self.over_at = match (rollout.standing(), self.over_at) {
            (Standing::Ended, Some(at)) => Some(at),
            // AWS has a clock of its own: by ours it was not before the sending, nor after this read.
            (Standing::Ended, None) => {
                Some(rollout.finished_at.unwrap_or(now).clamp(self.sent_at.min(now), now))
            }
            _ => None,
        };
        let ended = self.judge(rollout, now);
        self.end(ended, now, look.and_then(|look| look.finished_at))
    }

    /// Notes that a read failed. `true` when that makes the outcome unknown.
    pub fn read_failed(&mut self, error: SourceError, now: Timestamp) -> bool {
        if self.settled() {
            return false;
        }
        self.problem = Some(error);
        self.tick(now)
    }

    /// Lets time pass. `true` when the deadline has just gone by.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        if self.ended.is_some() || !self.overdue(now) {
            return false;
        }
        let why = match &self.problem {
            Some(problem) => format!("could not be read: {}", problem.short()),
            None => "it takes longer than it should".to_owned(),
        };
        self.end(Some((Ending::Unknown, format!("{why}; look at the deployment's events"))), now, None)
    }

    fn overdue(&self, now: Timestamp) -> bool {
        let patience = if self.plan.slow { PATIENCE_TASKS } else { PATIENCE };
        let waits = SignedDuration::try_from(self.plan.waits).unwrap_or_default();
        now.duration_since(self.sent_at).saturating_sub(waits) > patience
    }

    fn end(&mut self, ended: Option<(Ending, String)>, at: Timestamp, since: Option<Timestamp>) -> bool {
        let Some((ending, why)) = ended else {
            // Reading works again and it is still going on: the deadline's word stands.
            return false;
        };
        if self.ended.as_ref().is_some_and(|before| before.ending == ending) {
            return false;
        }
        self.ended = Some(Ended { ending, why, at, since });
        true
    }

    fn judge(&self, rollout: &Rollout, now: Timestamp) -> Option<(Ending, String)> {
        let seen = Seen {
            plan: &self.plan,
            lost: self.lost.is_some(),
            waited: now.duration_since(self.sent_at),
            overdue: self.overdue(now),
            over: self.over_at.map(|at| now.duration_since(at)),
        };
        mechanism::judge(&seen, rollout)
    }

    /// The header line, without its glyph. Changes only when something is learnt.
    pub fn line(&self, zone: &Zone) -> String {
        let name = &self.plan.called;
        let clock = |at: Timestamp| zone.second(at);
        let mut line = match &self.ended {
            Some(Ended { ending: Ending::Done, why, at, since }) => {
                format!("{name} rolled back {}: {why}", clock(since.unwrap_or(*at)))
            }
            Some(Ended { ending, why, .. }) => format!("{name} rollback {}: {why}", ending.word()),
            None => self.going_on(&clock),
        };
        if let Some(why) = &self.journal.problem {
            line.push_str(" · journal not written: ");
            line.push_str(why);
        }
        line
    }

    fn going_on(&self, clock: &impl Fn(Timestamp) -> String) -> String {
        let name = &self.plan.called;
        let sent = clock(self.sent_at);
        let id = self.request_id.as_deref().map(|id| format!(", request id {id}")).unwrap_or_default();
        if let Some(problem) = &self.problem {
            let advice = if problem.advice.is_empty() { problem.short() } else { problem.advice.clone() };
            return format!("{name} rollback sent {sent}{id}, AWS carries on · {advice}");
        }
        // Of a deployment of an earlier revision that one is the new side, and nobody would call it so.
        let again = self.plan.again.as_ref().and_then(|again| again.choice());
        let side = again.map_or_else(|| "new".to_owned(), Earlier::label);
        let state = match &self.seen {
            Some((status, Some(weight))) => format!("{status} · {side} {}", percent(*weight)),
            Some((status, None)) => status.clone(),
            None if self.lost.is_some() => "no answer, reading what became of it".to_owned(),
            None => format!("AWS took it{id}"),
        };
        format!("{name} rollback sent {sent} · {state}")
    }
}

impl Ending {
    /// As it stands in lines and in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Superseded => "superseded",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// All rollbacks of this run, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Flights {
    list: Vec<Watch>,
}

impl Flights {
    /// Adds one. An earlier one of the same service gives way: it has ended, else there is no second.
    pub fn add(&mut self, watch: Watch) {
        let (target, name) = (watch.plan.place.target.clone(), watch.plan.name.clone());
        self.list.retain(|other| other.plan.place.target != target || other.plan.name != name);
        if self.list.len() == MAX_FLIGHTS {
            let oldest = self.list.iter().position(Watch::settled).unwrap_or(0);
            self.list.remove(oldest);
        }
        self.list.push(watch);
    }

    /// The one of this service that is not over: a second rollback is refused meanwhile.
    pub fn in_flight(&self, target: &TargetId, name: &RolloutName) -> Option<&Watch> {
        self.list.iter().find(|watch| {
            watch.plan.place.target == *target && watch.plan.name == *name && watch.ended.is_none()
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Watch> {
        self.list.iter()
    }

    /// All of them, to take reads.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Watch> {
        self.list.iter_mut()
    }

    /// Those that are still read: not settled.
    pub fn open(&self) -> impl Iterator<Item = &Watch> {
        self.list.iter().filter(|watch| !watch.settled())
    }

    /// Takes settled ones off the header.
    pub fn dismiss_settled(&mut self) {
        self.list.retain(|watch| !watch.settled());
    }
}
