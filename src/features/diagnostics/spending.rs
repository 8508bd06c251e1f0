//! What the last hour cost, from totals since the start. Pure; at most one sample a minute for an hour.

use crate::app::Now;
use std::collections::VecDeque;

/// Minutes looked back.
const HOUR: u64 = 60;

/// Totals at the end of each minute.
#[derive(Debug, Clone, Default)]
pub struct Spending {
    /// Minute since the start and dollars spent up to its end, oldest first.
    minutes: VecDeque<(u64, f64)>,
}

impl Spending {
    /// Notes the dollars spent since the start.
    pub fn note(&mut self, total_usd: f64, now: Now) {
        let minute = now.since_start.as_secs() / 60;
        match self.minutes.back_mut() {
            Some((last, total)) if *last >= minute => *total = total_usd,
            Some((_, total)) if (*total - total_usd).abs() < f64::EPSILON => {}
            _ => self.minutes.push_back((minute, total_usd)),
        }
        // One sample older than the hour stays: it is what the hour began with.
        while self.minutes.get(1).is_some_and(|(next, _)| next + HOUR <= minute) {
            self.minutes.pop_front();
        }
    }

    /// Dollars of the last 60 minutes.
    pub fn last_hour_usd(&self, now: Now) -> f64 {
        let minute = now.since_start.as_secs() / 60;
        let total = self.minutes.back().map_or(0.0, |(_, total)| *total);
        let before = self.minutes.iter().rev().find(|(at, _)| at + HOUR <= minute);
        total - before.map_or(0.0, |(_, total)| *total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_hour_slides() {
        let at = |minute: u64| Now {
            since_start: Duration::from_secs(minute * 60 + 5),
            wall: jiff::Timestamp::UNIX_EPOCH,
        };
        let mut spending = Spending::default();
        assert!(spending.last_hour_usd(at(0)).abs() < 1e-9);
        for (minute, total) in [(0, 0.01), (10, 0.03), (10, 0.04), (50, 0.05), (75, 0.09)] {
            spending.note(total, at(minute));
        }
        for (minute, want) in [(75, 0.05), (109, 0.05), (110, 0.04), (200, 0.0)] {
            let got = spending.last_hour_usd(at(minute));
            assert!((got - want).abs() < 1e-9, "{minute}: {got}");
        }
        for minute in 76..500 {
            spending.note(f64::from(minute as u32), at(minute));
        }
        assert!(spending.minutes.len() <= 62);
    }
}
