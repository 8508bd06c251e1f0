//! The one time window that all panes share.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Which stretch of time is shown. Equality does not depend on the clock, so that a live window does not
/// look like a new query every second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Window {
    /// The last so many seconds, following the clock.
    Live {
        /// Length in seconds.
        secs: i64,
    },
    /// From a fixed start to now, so that a recovery is seen.
    Pinned {
        /// Where it starts.
        start: Timestamp,
    },
    /// Both ends fixed.
    Frozen {
        /// Where it starts.
        start: Timestamp,
        /// Where it ends.
        end: Timestamp,
    },
}

/// The lengths that zooming steps through, in seconds.
const STEPS: [i64; 8] = [300, 900, 3_600, 10_800, 43_200, 86_400, 604_800, 1_209_600];

impl Default for Window {
    fn default() -> Self {
        Self::Live { secs: 3_600 }
    }
}

impl Window {
    /// Start and end at this moment.
    pub fn range(self, wall: Timestamp) -> (Timestamp, Timestamp) {
        match self {
            Self::Live { secs } => (before(wall, secs), wall),
            Self::Pinned { start } => (start.min(wall), wall),
            Self::Frozen { start, end } => (start, end),
        }
    }

    /// Pins the start half an hour before a breach, leaving the end running.
    pub fn pinned_before(breach: Timestamp) -> Self {
        Self::Pinned { start: before(breach, 1_800) }
    }

    /// The next shorter (`inward`) or longer window; fixes both ends unless it was live.
    #[must_use]
    pub fn zoom(self, inward: bool, wall: Timestamp) -> Self {
        let (start, end) = self.range(wall);
        let secs = end.duration_since(start).as_secs();
        let next = if inward {
            STEPS.iter().rev().find(|&&step| step < secs).copied().unwrap_or(STEPS[0])
        } else {
            STEPS.iter().find(|&&step| step > secs).copied().unwrap_or(STEPS[7])
        };
        if matches!(self, Self::Live { .. }) {
            return Self::Live { secs: next };
        }
        let middle = before(end, secs / 2);
        let end = before(middle, -next / 2).min(wall);
        Self::Frozen { start: before(end, next), end }
    }

    /// Half a window earlier or later, both ends fixed.
    #[must_use]
    pub fn shift(self, earlier: bool, wall: Timestamp) -> Self {
        let (start, end) = self.range(wall);
        let secs = end.duration_since(start).as_secs();
        let by = if earlier { secs / 2 } else { -secs / 2 };
        let end = before(end, by).min(wall);
        Self::Frozen { start: before(end, secs), end }
    }

    /// Parses `15m`, `1h`, `3h`, `12h`, `1d`, `1w`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match text.strip_prefix(digits)? {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return None,
        };
        let count: i64 = digits.parse().ok()?;
        let secs = count.checked_mul(unit)?;
        (60..=STEPS[7]).contains(&secs).then_some(Self::Live { secs })
    }
}

/// A length as `15m`, `3h`, `2d`.
pub fn length(secs: i64) -> String {
    match secs {
        s if s % 604_800 == 0 => format!("{}w", s / 604_800),
        s if s % 86_400 == 0 => format!("{}d", s / 86_400),
        s if s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

fn before(at: Timestamp, secs: i64) -> Timestamp {
    at.checked_sub(SignedDuration::from_secs(secs)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    #[test]
    fn live_follows_and_pinned_grows() {
        let live = Window::Live { secs: 900 };
        assert_eq!(live.range(at(10_000)), (at(9_100), at(10_000)));
        assert_eq!(live.range(at(10_060)), (at(9_160), at(10_060)));
        let pinned = Window::pinned_before(at(10_000));
        assert_eq!(pinned.range(at(10_300)), (at(8_200), at(10_300)));
    }

    #[test]
    fn zooming_steps_and_stops_at_both_ends() {
        let mut window = Window::Live { secs: 3_600 };
        for expected in [900, 300, 300] {
            window = window.zoom(true, at(1_000_000));
            assert_eq!(window, Window::Live { secs: expected });
        }
        let long = Window::Live { secs: 1_209_600 }.zoom(false, at(10_000_000));
        assert_eq!(long, Window::Live { secs: 1_209_600 });
    }

    #[test]
    fn shifting_freezes_and_never_passes_now() {
        let earlier = Window::Live { secs: 3_600 }.shift(true, at(100_000));
        assert_eq!(earlier, Window::Frozen { start: at(94_600), end: at(98_200) });
        assert_eq!(earlier.shift(false, at(100_000)).range(at(0)).1, at(100_000));
        assert_eq!(earlier.shift(false, at(98_300)).range(at(0)).1, at(98_300));
    }

    #[test]
    fn parses_what_config_and_flags_allow() {
        for (text, secs) in [("15m", 900), ("1h", 3_600), ("1w", 604_800), ("90s", 90)] {
            assert_eq!(Window::parse(text), Some(Window::Live { secs }), "{text}");
        }
        for text in ["", "h", "0m", "-1h", "1y", "99w", "1h30m"] {
            assert_eq!(Window::parse(text), None, "{text}");
        }
    }
}
