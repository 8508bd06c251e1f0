//! How fresh a topic is: the state of one poller as the core sees it.
//!
//! The last good data live in the store, typed; this says how old they are and what went wrong since.

use super::msg::Now;
use crate::aws::{ErrorClass, SourceError};
use crate::features::Query;
use std::time::Duration;

/// One poller's state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PollStatus {
    /// The question that was answered last, well or badly.
    pub answered: Option<Query>,
    /// When the last good answer came.
    pub ok_at: Option<Now>,
    /// The error since then.
    pub error: Option<SourceError>,
    /// A request is out.
    pub in_flight: bool,
    /// Next attempt, in time since start.
    pub next_at: Option<Duration>,
    /// Answers so far, good and bad.
    pub polls: u64,
    /// Of those, errors.
    pub errors: u64,
    /// Of those, throttled.
    pub throttled: u64,
    /// The usual time between answers, once known.
    pub cadence: Option<Duration>,
}

/// What a panel's title says about its data.
#[derive(Debug, Clone, PartialEq)]
pub enum Freshness<'a> {
    /// No answer yet.
    First,
    /// Within twice the cadence: nothing is said.
    Fresh,
    /// The last good data are this old (in steps).
    Stale(Duration),
    /// The last attempt failed; the next one comes in this long.
    Failed(&'a SourceError, Option<Duration>),
}

impl PollStatus {
    /// A request is out. What went wrong with another question is no news about this one.
    pub(super) fn started(&mut self, query: &Query) {
        self.in_flight = true;
        if self.answered.as_ref().is_some_and(|answered| answered != query) {
            self.error = None;
            if query.topic().is_about_one_thing() {
                self.ok_at = None;
            }
        }
    }

    pub(super) fn succeeded(&mut self, query: Query, now: Now, next_in: Option<Duration>) {
        self.answered = Some(query);
        self.ok_at = Some(now);
        self.error = None;
        self.in_flight = false;
        self.polls += 1;
        self.next_at = next_in.map(|wait| now.since_start + wait);
        self.cadence = next_in;
    }

    pub(super) fn failed(&mut self, query: Query, error: SourceError, now: Now, next_in: Option<Duration>) {
        self.answered = Some(query);
        self.in_flight = false;
        self.polls += 1;
        self.errors += 1;
        self.throttled += u64::from(error.class == ErrorClass::Throttled);
        self.error = Some(error);
        self.next_at = next_in.map(|wait| now.since_start + wait);
    }

    /// What to say about this topic now.
    pub fn freshness(&self, now: Now) -> Freshness<'_> {
        if let Some(error) = &self.error {
            let wait = self.next_at.map(|at| at.saturating_sub(now.since_start));
            return Freshness::Failed(error, wait);
        }
        let Some(ok_at) = self.ok_at else { return Freshness::First };
        let age = now.since_start.saturating_sub(ok_at.since_start);
        match self.cadence {
            Some(cadence) if age > cadence * 2 + Duration::from_secs(5) => Freshness::Stale(step(age)),
            _ => Freshness::Fresh,
        }
    }
}

/// Ages move in steps, so that a clock does not repaint a screen.
pub fn step(age: Duration) -> Duration {
    let secs = age.as_secs();
    let unit = match secs {
        0..60 => 15,
        60..600 => 60,
        600..3600 => 300,
        _ => 3600,
    };
    Duration::from_secs(secs / unit * unit)
}
