//! From when to when the sides of a shift are compared. Pure.
//!
//! To when: metrics of one minute do not come together, and a count of requests without the answers that belong
//! to it reads as failures. So a minute counts [`SETTLE`] after its end. From when: AWS dates its own deployments
//! but not weights that are set by hand. There the minutes themselves tell, from requests and never from
//! failures, so that the choice favours no answer; and a start once found is kept, because an interval that
//! holds at all looks holds from one start on.

use super::verdict::{Counts, Minute};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Length of a datapoint.
pub const MINUTE: SignedDuration = SignedDuration::from_secs(60);
/// After the end of a minute until all metrics of it are taken to be whole. Application Load Balancers and Lambda
/// send theirs a minute apart, each by itself, and `CloudWatch` shows them some seconds to two minutes later; it
/// promises nothing.
pub const SETTLE: SignedDuration = SignedDuration::from_mins(2);
/// What the old side did so long before the start is read too.
pub const BEFORE: SignedDuration = SignedDuration::from_hours(1);
/// A start that nothing dates is looked for so far back.
pub const SOUGHT: SignedDuration = SignedDuration::from_hours(24);
/// Longest span that is compared. A stage of a shift lasts no more than half of it; a split by hand may last for
/// weeks: it is begun anew then, once a day and not at every look.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(48);

/// Minutes that a side must be away for at least: one that failed to report for a moment is still there.
const AWAY: usize = 3;
/// Requests that it would have had in them: with fewer it may be away by chance.
const EXPECTED: f64 = 10.0;
/// A side with less than this part of what it would have is away: somebody's tests are no share.
const FAINT: f64 = 0.05;

/// When traffic began to move.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Start {
    /// AWS says so, or said so while the shift was watched.
    Told(Timestamp),
    /// Nothing says so: it is looked for.
    Sought {
        /// Share of the new side now in percent, 0 to 100.
        share: f64,
        /// What was found of this split before.
        found: Option<Timestamp>,
    },
}

impl Start {
    /// From when on minutes may belong to the shift.
    pub fn earliest(&self, now: Timestamp) -> Timestamp {
        let ago = |span| now.checked_sub(span).unwrap_or(now);
        match *self {
            Self::Told(at) => at.max(ago(LONGEST)),
            Self::Sought { found: Some(at), .. } if at > ago(LONGEST) => at,
            Self::Sought { .. } => ago(SOUGHT),
        }
    }

    /// When the shift began, of these minutes in order; `None` when it has not yet as far as they show.
    pub fn find(&self, minutes: &[Minute], now: Timestamp) -> Option<Timestamp> {
        let earliest = self.earliest(now);
        match *self {
            Self::Told(at) => Some(at),
            Self::Sought { share, found } => {
                let known = found.is_some_and(|at| at == earliest);
                let minutes: Vec<&Minute> = minutes.iter().filter(|it| it.at >= earliest).collect();
                began(&minutes, share, known.then_some(earliest))
            }
        }
    }
}

/// Whether all metrics of the minute that begins at `at` are taken to be there.
pub fn settled(at: Timestamp, now: Timestamp) -> bool {
    at.checked_add(MINUTE + SETTLE).is_ok_and(|whole| whole <= now)
}

/// Requests of the old and of the new side.
type Requests = [f64; 2];

/// Where the last run of minutes begins in which both sides had their part of the requests. A side that was away
/// ends a run: away is measured by its share now, and of a run that was found before by what it had in it if that
/// was less, so that a share that grows ends nothing that is known.
fn began(minutes: &[&Minute], share: f64, found: Option<Timestamp>) -> Option<Timestamp> {
    let count = |counts: Option<Counts>| counts.map_or(0.0, |it| it.requests);
    let requests = |it: &&Minute| (it.at, [count(it.old), count(it.new)]);
    // Nothing at all tells nothing.
    let busy = minutes.iter().map(requests).filter(|(_, [old, new])| old + new > 0.0);
    let busy: Vec<(Timestamp, Requests)> = busy.collect();
    let now = [100.0 - share, share];
    let (mut start, mut known) = (found, found.map(|_| [0.0; 2]));
    for (last, (at, minute)) in busy.iter().enumerate() {
        let until = busy.get(..=last).unwrap_or_default();
        let away = |side| {
            // Before anything is known of it (no number) the share now counts.
            let had = known.map_or(f64::INFINITY, |it| odds(it, side));
            is_away(until, side, odds(now, side).min(had), start.is_some())
        };
        if away(0) || away(1) {
            (start, known) = (None, None);
        } else if start.is_none() && minute.iter().all(|it| *it > 0.0) {
            start = Some(*at);
        }
        known = known.map(|[old, new]| [old + minute[0], new + minute[1]]);
    }
    start
}

/// Requests of a side for each of the other's.
fn odds([old, new]: Requests, side: usize) -> f64 {
    if side == 0 { old / new } else { new / old }
}

/// Whether a side is away at the end of these minutes, if it has `odds` requests for each of the other side's. It
/// takes more to end a run (`running`) than not to begin one.
fn is_away(until: &[(Timestamp, Requests)], side: usize, odds: f64, running: bool) -> bool {
    let (mut had, mut expected) = (0.0, 0.0);
    for (back, (_, requests)) in until.iter().rev().enumerate() {
        let [own, other] = if side == 0 { *requests } else { [requests[1], requests[0]] };
        had += own;
        expected += odds * other;
        if back + 1 >= AWAY && expected >= EXPECTED {
            return had < FAINT * expected;
        }
    }
    !running && had < FAINT * expected
}
