//! What the calls cost: requests, throttles, retries and dollars per target, and the cap per hour.
//!
//! A meter belongs to one target; the cap belongs to the run, since the bill does. Prices stand in
//! `operation.rs`; refusing a call that is too dear is `conn.rs`'s.

use super::error::{ErrorClass, SourceError};
use super::operation::Operation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What one operation has cost so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OperationUsage {
    /// Calls made, not counting the SDK's own retries.
    pub requests: u64,
    /// Calls that ended throttled.
    pub throttled: u64,
    /// List price in US dollars.
    pub usd: f64,
}

/// What one target has cost since the start of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Calls made, not counting the SDK's own retries.
    pub requests: u64,
    /// Calls that ended throttled.
    pub throttled: u64,
    /// Attempts the SDK made again by itself.
    pub retries: u64,
    /// List price in US dollars, before free tiers.
    pub usd: f64,
    /// The same by IAM action.
    pub by_operation: BTreeMap<String, OperationUsage>,
}

/// Sums of prices are compared with this tolerance: far below the price of one request.
const ROUNDING_USD: f64 = 1e-9;

/// The cap on dollars in any 60 minutes, over all targets.
#[derive(Debug, Default)]
pub struct Cap {
    limit_usd: Mutex<Option<f64>>,
    /// (minute, dollars), oldest first, at most 60.
    minutes: Mutex<VecDeque<(u64, f64)>>,
}

impl Cap {
    /// A cap of so many dollars per hour; `None` never stops anything.
    pub fn new(limit_usd: Option<f64>) -> Self {
        Self { limit_usd: Mutex::new(limit_usd), minutes: Mutex::default() }
    }

    /// Dollars per hour allowed, when limited.
    pub fn limit_usd(&self) -> Option<f64> {
        *self.limit_usd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another cap from now on; what was spent stays spent.
    pub fn set_limit_usd(&self, limit_usd: Option<f64>) {
        *self.limit_usd.lock().unwrap_or_else(PoisonError::into_inner) = limit_usd;
    }

    /// Dollars spent in the last 60 minutes before `now` (time since start).
    pub fn spent_usd(&self, now: Duration) -> f64 {
        let oldest = (now.as_secs() / 60).saturating_sub(59);
        let minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        minutes.iter().filter(|(minute, _)| *minute >= oldest).map(|(_, usd)| usd).sum()
    }

    /// Whether `usd` more would pass the cap. What is free always fits.
    pub fn refuses(&self, now: Duration, usd: f64) -> bool {
        usd > 0.0 && self.limit_usd().is_some_and(|limit| self.spent_usd(now) + usd > limit + ROUNDING_USD)
    }

    fn spend(&self, now: Duration, usd: f64) {
        if usd <= 0.0 {
            return;
        }
        let minute = now.as_secs() / 60;
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        match minutes.back_mut() {
            Some((last, sum)) if *last >= minute => *sum += usd,
            _ => minutes.push_back((minute, usd)),
        }
        while minutes.len() > 60 {
            minutes.pop_front();
        }
    }
}

/// The meter of one target. Shared by all its pollers and operations.
#[derive(Debug)]
pub struct Meter {
    cap: Arc<Cap>,
    usage: Mutex<Usage>,
}

impl Meter {
    /// A meter at zero under `cap`.
    pub fn new(cap: Arc<Cap>) -> Self {
        Self { cap, usage: Mutex::default() }
    }

    /// All that was counted since the start of the run.
    pub fn snapshot(&self) -> Usage {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nothing more that costs anything fits under the cap.
    pub fn over_cap(&self, now: Duration) -> bool {
        self.cap.limit_usd().is_some_and(|limit| self.cap.spent_usd(now) + ROUNDING_USD >= limit)
    }

    /// The refusal of a call of `units` when it would pass the cap.
    pub(super) fn check(&self, op: &Operation, units: u64, now: Duration) -> Result<(), SourceError> {
        if !self.cap.refuses(now, price(op, units)) {
            return Ok(());
        }
        let (spent, limit) = (self.cap.spent_usd(now), self.cap.limit_usd().unwrap_or_default());
        let message = format!("${spent:.2} spent in the last hour, the cap is ${limit:.2}");
        Err(SourceError {
            advice: "raise `max_usd_per_hour` in the config, or wait".to_owned(),
            ..SourceError::new(ErrorClass::OverBudget, op.action, message)
        })
    }

    /// Counts a call before it is sent.
    pub(super) fn count(&self, op: &Operation, units: u64, now: Duration) {
        let usd = price(op, units);
        self.cap.spend(now, usd);
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.requests += 1;
        usage.usd += usd;
        let operation = usage.by_operation.entry(op.action.to_owned()).or_default();
        operation.requests += 1;
        operation.usd += usd;
    }

    /// Counts a call that ended throttled.
    pub(super) fn count_throttled(&self, op: &Operation) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.throttled += 1;
        usage.by_operation.entry(op.action.to_owned()).or_default().throttled += 1;
    }

    /// Counts an attempt that the SDK made by itself.
    pub(super) fn count_retry(&self) {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).retries += 1;
    }
}

fn price(op: &Operation, units: u64) -> f64 {
    op.usd * units as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::operation::{DESCRIBE_ALARMS, FILTER_LOG_EVENTS, GET_METRIC_DATA};

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn prices_are_per_unit() {
        let meter = Meter::new(Arc::default());
        for (op, units) in [(&GET_METRIC_DATA, 500), (&DESCRIBE_ALARMS, 1), (&FILTER_LOG_EVENTS, 1)] {
            meter.count(op, units, Duration::ZERO);
        }
        meter.count_throttled(&DESCRIBE_ALARMS);
        let usage = meter.snapshot();
        assert_eq!((usage.requests, usage.throttled), (3, 1));
        assert!(close(usage.usd, 0.005_01), "{}", usage.usd);
        assert!(close(usage.by_operation["cloudwatch:GetMetricData"].usd, 0.005));
        assert_eq!(usage.by_operation["cloudwatch:DescribeAlarms"].throttled, 1);
        assert!(close(usage.by_operation["logs:FilterLogEvents"].usd, 0.0));
    }

    #[test]
    fn the_cap_counts_one_hour_over_all_targets_and_lets_free_calls_pass() {
        let cap = Arc::new(Cap::new(Some(0.01)));
        let (one, two) = (Meter::new(cap.clone()), Meter::new(cap.clone()));
        let minute = |n: u64| Duration::from_secs(60 * n);
        one.count(&GET_METRIC_DATA, 400, minute(0));
        assert!(one.check(&GET_METRIC_DATA, 500, minute(0)).is_ok());
        two.count(&GET_METRIC_DATA, 500, minute(10));
        let refusal = one.check(&GET_METRIC_DATA, 500, minute(10)).unwrap_err();
        assert_eq!(refusal.class, ErrorClass::OverBudget);
        assert!(one.check(&GET_METRIC_DATA, 50, minute(10)).is_ok(), "a small call still fits");
        assert!(one.check(&FILTER_LOG_EVENTS, 1, minute(10)).is_ok());
        two.count(&GET_METRIC_DATA, 100, minute(11));
        assert!(one.over_cap(minute(11)) && two.over_cap(minute(59)));
        assert!(!one.over_cap(minute(60)), "what was spent in minute 0 is an hour old");
        assert!(close(cap.spent_usd(minute(60)), 0.006));
        assert!(close(cap.spent_usd(minute(500)), 0.0));
        cap.set_limit_usd(Some(1.0));
        assert!(!one.over_cap(minute(59)), "a higher cap holds at once");
        cap.set_limit_usd(Some(0.001));
        assert!(two.check(&GET_METRIC_DATA, 1, minute(60)).is_err(), "a lower one too");
    }

    #[test]
    fn no_cap_never_refuses() {
        let meter = Meter::new(Arc::default());
        meter.count(&GET_METRIC_DATA, 1_000_000_000, Duration::ZERO);
        assert!(!meter.over_cap(Duration::ZERO));
    }
}
