//! Rollbacks of this run, as the store keeps them: what was sent, how it goes, what the dialog must hear.
//!
//! Changed only by answers and by time; what has to be written to the journal comes out as entries. Pure.

use super::journal::{Entry, Step};
use super::model::RolloutName;
use super::past::Past;
use super::plan::Plan;
use super::rollback::SendResult;
use super::watch::{Ended, Flights, Watch};
use super::wire::Shifts;
use crate::aws::{SourceError, TargetId};
use crate::text::sanitize;
use jiff::{SignedDuration, Timestamp};

/// A rollback whose end was not seen is looked for this long.
const LOOKED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Answers of sendings that a dialog may still have to hear.
const MAX_ANSWERS: usize = 8;

/// All rollbacks of this run.
#[derive(Debug, Clone, Default)]
pub struct Rollbacks {
    /// What was sent and how it goes.
    pub flights: Flights,
    answers: Vec<Answer>,
    sent: u64,
}

/// How one sending was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Counts up: a dialog hears only what is newer than itself.
    pub number: u64,
    /// Whose.
    pub target: TargetId,
    /// Which service.
    pub name: RolloutName,
    /// What came back.
    pub result: SendResult,
}

impl Rollbacks {
    /// Takes the answer of a sending.
    pub fn answered(&mut self, plan: Plan, result: SendResult) {
        self.sent += 1;
        if self.answers.len() == MAX_ANSWERS {
            self.answers.remove(0);
        }
        let (target, name) = (plan.place.target.clone(), plan.name.clone());
        if let Some(watch) = Watch::begin(plan, &result) {
            self.flights.add(watch);
        }
        self.answers.push(Answer { number: self.sent, target, name, result });
    }

    /// Goes on with what earlier runs sent and did not see the end of. Gives what to say of those that cannot
    /// be followed from here: their target is not `known`, or the journal does not have their plan.
    pub fn take_up(
        &mut self,
        past: &Past,
        known: impl Fn(&TargetId) -> bool,
        now: Timestamp,
    ) -> Option<String> {
        let (mut last, mut others) = (None, 0);
        for open in &past.unfinished {
            let Some(entry) = open.steps.last().filter(|it| now.duration_since(it.at) < LOOKED_FOR) else {
                continue;
            };
            match Watch::resume(open).filter(|watch| known(&watch.plan.place.target)) {
                Some(watch) => self.flights.add(watch),
                None => others += usize::from(last.replace(&entry.name).is_some()),
            }
        }
        let more = if others > 0 { format!(" and {others} more") } else { String::new() };
        let name = sanitize(last?);
        Some(format!("a rollback of {name} was sent and its end was not seen{more}: @ shows it"))
    }

    /// One that was sent and is not decided yet.
    pub fn in_flight(&self) -> Option<&Watch> {
        self.flights.iter().find(|watch| watch.ended.is_none())
    }

    /// How many sendings have been answered.
    pub fn answered_count(&self) -> u64 {
        self.sent
    }

    /// The answer about a service that is newer than this number.
    pub fn answer_since(&self, number: u64, target: &TargetId, name: &RolloutName) -> Option<&Answer> {
        self.answers
            .iter()
            .rev()
            .find(|answer| answer.number > number && answer.target == *target && answer.name == *name)
    }

    /// Takes exact reads of a target's shifts; what ended goes to the journal.
    pub fn read(&mut self, target: &TargetId, shifts: &Shifts, now: Timestamp) -> Vec<Entry> {
        let mut entries = Vec::new();
        for watch in self.flights.iter_mut().filter(|watch| watch.plan.place.target == *target) {
            let asked = watch.shift();
            let ended = match shifts.shifts.iter().find(|it| asked.is(it)) {
                Some(shift) => watch.read(shift, now),
                None => match shifts.failed.iter().find(|(it, _)| *it == asked) {
                    Some((_, error)) => watch.read_failed(error.clone(), now),
                    None => false,
                },
            };
            if ended {
                entries.extend(entry(watch));
            }
        }
        entries
    }

    /// Lets time pass. `problem` is why a target cannot be read at the moment, if it cannot.
    pub fn tick(&mut self, problem: impl Fn(&TargetId) -> Option<SourceError>, now: Timestamp) -> Vec<Entry> {
        let mut entries = Vec::new();
        for watch in self.flights.iter_mut().filter(|watch| !watch.settled()) {
            let ended = match problem(&watch.plan.place.target) {
                Some(error) => watch.read_failed(error, now),
                None => watch.tick(now),
            };
            if ended {
                entries.extend(entry(watch));
            }
        }
        entries
    }
}

fn entry(watch: &Watch) -> Option<Entry> {
    let Ended { ending, why, at, .. } = watch.ended.clone()?;
    let step = Step::Ended { outcome: ending.word().to_owned(), why };
    Some(Entry::new(&watch.plan, watch.journal.began, at, step))
}
