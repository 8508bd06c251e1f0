//! The one reader of the clock. Everything else gets a [`Now`].
//!
//! Built on tokio's clock, so that a paused runtime moves the console, its timers, the SDK and the
//! simulated world together.

use crate::app::Now;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// Tells the time: monotonic since start, and wall-clock time, which the demo may scale or fix.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    base: Timestamp,
    speed: f64,
    fixed: bool,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        let base = Timestamp::now();
        Self::starting_at(base)
    }

    /// Wall time starts here and runs at its usual speed.
    pub fn starting_at(base: Timestamp) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
        let start = Instant::now();
        Self { start, base, speed: 1.0, fixed: false }
    }

    /// Wall time runs this many times faster; monotonic time does not.
    #[must_use]
    pub fn with_speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// Wall time stands still, so that output is the same every time.
    #[must_use]
    pub fn frozen(self) -> Self {
        Self { fixed: true, ..self }
    }

    /// How much faster the world runs than the console.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Monotonic time since start.
    pub fn since_start(&self) -> Duration {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
        let now = Instant::now();
        now.saturating_duration_since(self.start)
    }

    /// Wall-clock time.
    pub fn wall(&self) -> Timestamp {
        if self.fixed {
            return self.base;
        }
        let passed = self.since_start().mul_f64(self.speed);
        let passed = SignedDuration::try_from(passed).unwrap_or_default();
        self.base.checked_add(passed).unwrap_or(self.base)
    }

    /// Both, as a value.
    pub fn now(&self) -> Now {
        Now { since_start: self.since_start(), wall: self.wall() }
    }
}
