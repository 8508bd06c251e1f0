//! When to poll next: a pure function of cadence, level, what happened and a random number.

use crate::app::{Cadence, Level};
use crate::aws::{ErrorClass, SourceError};
use std::time::Duration;

/// Failures back off to at most this.
const MAX_BACKOFF: Duration = Duration::from_mins(2);
/// Denied and not enabled are tried again this often.
const PARKED: Duration = Duration::from_mins(10);
/// Expired and missing credentials are tried again this often; new ones wake the poller at once.
const CREDENTIALS: Duration = Duration::from_mins(1);
/// Throttling doubles the cadence up to this many times.
const MAX_SLOWDOWN: u32 = 3;
/// What nobody looks at is polled this many times less often.
const BACKGROUND: u32 = 4;

/// What happened to one poller so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// Failures in a row.
    pub failures: u32,
    /// Doublings of the cadence after throttling; one is taken back per good answer.
    pub slowdown: u32,
}

impl History {
    /// What this answer adds to it.
    #[must_use]
    pub fn after(self, error: Option<&SourceError>) -> Self {
        match error.map(|error| error.class) {
            None => Self { failures: 0, slowdown: self.slowdown.saturating_sub(1) },
            Some(ErrorClass::Throttled) => {
                Self { failures: self.failures + 1, slowdown: (self.slowdown + 1).min(MAX_SLOWDOWN) }
            }
            Some(_) => Self { failures: self.failures + 1, ..self },
        }
    }
}

/// How long to wait after an answer. `None`: nothing to do until the question changes.
///
/// `random` is in 0..1: +/-10 % jitter after a good answer, full jitter on back-off.
pub fn next_delay(
    cadence: Cadence,
    level: Level,
    history: History,
    error: Option<&SourceError>,
    random: f64,
) -> Option<Duration> {
    let usual = match (cadence, level) {
        (Cadence::Every(every), Level::Visible) => Some(every),
        (Cadence::Every(every), Level::Background) => Some(every * BACKGROUND),
        (Cadence::Once, _) => None,
    };
    let jitter = 0.9 + 0.2 * random.clamp(0.0, 1.0);
    let Some(error) = error else {
        return usual.map(|usual| (usual * 2_u32.pow(history.slowdown)).mul_f64(jitter));
    };
    Some(match error.class {
        class if class.parks() => CREDENTIALS.mul_f64(jitter),
        ErrorClass::Denied | ErrorClass::NotEnabled => PARKED.mul_f64(jitter),
        ErrorClass::OverBudget => CREDENTIALS.mul_f64(jitter),
        // A refused request will be refused again: only a new question or `r` helps.
        ErrorClass::Invalid => return None,
        _ => {
            let step = Duration::from_secs(2).saturating_mul(2_u32.saturating_pow(history.failures.min(10)));
            let capped = step.min(MAX_BACKOFF);
            let wait = capped.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0));
            let slowed = usual.unwrap_or_default() * 2_u32.pow(history.slowdown);
            let throttled = error.class == ErrorClass::Throttled;
            wait.max(error.retry_after.unwrap_or_default()).max(if throttled {
                slowed
            } else {
                Duration::ZERO
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(class: ErrorClass) -> SourceError {
        SourceError::new(class, "x:Y", "")
    }

    fn secs(delay: Option<Duration>) -> f64 {
        delay.unwrap().as_secs_f64()
    }

    #[test]
    fn good_answers_keep_the_cadence_with_jitter() {
        let history = History::default();
        let every = Cadence::secs(30);
        for (level, random, expected) in [
            (Level::Visible, 0.0, 27.0),
            (Level::Visible, 0.5, 30.0),
            (Level::Visible, 1.0, 33.0),
            (Level::Background, 0.5, 120.0),
        ] {
            assert!((secs(next_delay(every, level, history, None, random)) - expected).abs() < 1e-6);
        }
        assert_eq!(next_delay(Cadence::Once, Level::Visible, history, None, 0.5), None);
    }

    #[test]
    fn throttling_doubles_and_recovers_stepwise() {
        let throttled = error(ErrorClass::Throttled);
        let mut history = History::default();
        for _ in 0..5 {
            history = history.after(Some(&throttled));
        }
        assert_eq!(history.slowdown, 3);
        let every = Cadence::secs(30);
        assert!(secs(next_delay(every, Level::Visible, history, Some(&throttled), 0.0)) >= 240.0 - 1e-6);
        for expected in [120.0, 60.0, 30.0, 30.0] {
            history = history.after(None);
            assert!((secs(next_delay(every, Level::Visible, history, None, 0.5)) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn failures_back_off_to_a_ceiling_and_parking_classes_wait() {
        let every = Cadence::secs(5);
        let mut history = History::default();
        let mut last = 0.0;
        for _ in 0..20 {
            history = history.after(Some(&error(ErrorClass::Network)));
            let wait =
                secs(next_delay(every, Level::Visible, history, Some(&error(ErrorClass::Network)), 1.0));
            assert!(wait >= last && wait <= 120.0, "{wait}");
            last = wait;
        }
        assert!((last - 120.0).abs() < 1e-6);
        for (class, expected) in
            [(ErrorClass::Denied, 600.0), (ErrorClass::Expired, 60.0), (ErrorClass::NotEnabled, 600.0)]
        {
            let wait = secs(next_delay(every, Level::Visible, history, Some(&error(class)), 0.5));
            assert!((wait - expected).abs() < 1e-6);
        }
        assert_eq!(next_delay(every, Level::Visible, history, Some(&error(ErrorClass::Invalid)), 0.5), None);
    }

    #[test]
    fn aws_is_obeyed_when_it_names_a_wait() {
        let mut slow = error(ErrorClass::Throttled);
        slow.retry_after = Some(Duration::from_secs(77));
        let history = History::default().after(Some(&slow));
        assert!(secs(next_delay(Cadence::secs(5), Level::Visible, history, Some(&slow), 0.0)) >= 77.0);
    }
}
