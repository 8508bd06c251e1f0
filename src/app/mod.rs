//! The pure core: messages in, state and effects out.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The present, as a value. `since_start` is monotonic and drives schedules; `wall` is what is shown and
/// what AWS is asked about (in the demo it is the simulated world's time).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Now {
    /// Monotonic time since the program started.
    pub since_start: Duration,
    /// Wall-clock time.
    pub wall: jiff::Timestamp,
}
