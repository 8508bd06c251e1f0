//! Metrics: what to ask CloudWatch for and what it answered. Shared by alarms, rollouts and services.
//!
//! `source.rs` is the only caller of `GetMetricData`, which is priced per metric and never free.

pub mod source;

use crate::app::Window;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One metric with its statistic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stat {
    /// For example `AWS/ApplicationELB`.
    pub namespace: String,
    /// For example `RequestCount`.
    pub name: String,
    /// Name and value, in the order of the alarm or dashboard.
    pub dimensions: Vec<(String, String)>,
    /// `Sum`, `Average`, `p99` ..
    pub stat: String,
}

/// One query of a `GetMetricData` call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetricQuery {
    /// Lower-case first letter; expressions name others by it.
    pub id: String,
    /// A metric, unless it is an expression.
    pub stat: Option<Arc<Stat>>,
    /// Metric math over other ids.
    pub expression: Option<String>,
    /// Label; CloudWatch makes one when absent.
    pub label: Option<String>,
    /// Seconds.
    pub period: i32,
    /// It is wanted, not only used by an expression.
    pub returned: bool,
}

/// What CloudWatch says of one query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The query's id.
    pub id: String,
    /// What to call it.
    pub label: String,
    /// Seconds between points.
    pub period: i64,
    /// Oldest first. A missing point is not in it.
    pub points: Vec<(Timestamp, f64)>,
    /// `Complete`, `PartialData`, `Forbidden`, `InternalError`, as AWS says it.
    pub status: String,
    /// Messages of the service about it.
    pub note: Option<String>,
}

impl Series {
    /// The newest point that is no longer filling: CloudWatch's newest minute may still grow.
    pub fn last_complete(&self, now: Timestamp) -> Option<f64> {
        let filling = |at: Timestamp| now.duration_since(at).as_secs() < self.period + 30;
        self.points.iter().rev().find(|(at, _)| !filling(*at)).or(self.points.last()).map(|(_, value)| *value)
    }
}

/// CloudWatch's unit of a metric, by its name and statistic; empty when it is not one of the usual ones.
/// Answers of `GetMetricData` name no units.
pub fn unit(stat: &Stat) -> &'static str {
    if stat.stat == "SampleCount" {
        return "Count";
    }
    match (stat.namespace.as_str(), stat.name.as_str()) {
        ("AWS/ApplicationELB", "TargetResponseTime")
        | ("AWS/SQS", "ApproximateAgeOfOldestMessage")
        | ("AWS/RDS", "ReadLatency" | "WriteLatency") => "Seconds",
        ("AWS/Lambda", "Duration")
        | ("AWS/ApiGateway", "Latency" | "IntegrationLatency")
        | ("AWS/DynamoDB", "SuccessfulRequestLatency") => "Milliseconds",
        (_, "CPUUtilization" | "MemoryUtilization") => "Percent",
        ("AWS/RDS", "FreeStorageSpace" | "FreeableMemory") => "Bytes",
        ("AWS/RDS", "DatabaseConnections") | ("AWS/Lambda", "Invocations" | "Errors" | "Throttles") => {
            "Count"
        }
        ("AWS/SQS", name) if name.starts_with("ApproximateNumberOf") => "Count",
        (space, name) if space.starts_with("AWS/") && name.ends_with("Count") => "Count",
        _ => "",
    }
}

/// The finest period, in seconds, that CloudWatch still keeps for a time: one minute for 15 days, five minutes
/// for 63 days, an hour after that (source: CloudWatch concepts, metric retention).
pub fn kept(at: Timestamp, now: Timestamp) -> i64 {
    match now.duration_since(at).as_secs() / 86_400 {
        ..15 => 60,
        15..63 => 300,
        _ => 3_600,
    }
}

/// The finest period of at most `max` points that CloudWatch still keeps for this window.
pub fn period_for(window: Window, now: Timestamp, own: i32, max: i64) -> i32 {
    let (start, end) = window.range(now);
    let kept = kept(start, now);
    let secs = end.duration_since(start).as_secs();
    let least = i64::from(own.max(60)).max(kept);
    let steps = [1, 5, 15, 60, 180, 360, 1_440].map(|minutes| minutes * 60);
    let fits = steps.into_iter().map(|step| step.max(least)).find(|period| secs / period <= max);
    // Multiples of the own period keep the alarm's statistics comparable.
    let period = fits.unwrap_or(86_400);
    i32::try_from((period + least - 1) / least * least).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_usual_metrics() {
        for (namespace, name, statistic, expected) in [
            ("AWS/ApplicationELB", "TargetResponseTime", "p99", "Seconds"),
            ("AWS/ApplicationELB", "TargetResponseTime", "SampleCount", "Count"),
            ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", "Count"),
            ("AWS/ECS", "CPUUtilization", "Average", "Percent"),
            ("AWS/Lambda", "Duration", "p99", "Milliseconds"),
            ("Shop", "TargetResponseTime", "p99", ""),
            ("Shop", "OrderCount", "Sum", ""),
        ] {
            let (namespace, stat) = (namespace.to_owned(), statistic.to_owned());
            let stat = Stat { namespace, name: name.to_owned(), dimensions: Vec::new(), stat };
            assert_eq!(unit(&stat), expected, "{name} {statistic}");
        }
    }

    #[test]
    fn periods_follow_retention_and_room() {
        let now = Timestamp::from_second(100 * 86_400).unwrap();
        let days = |n: i64| Window::Live { secs: n * 86_400 };
        for (window, own, expected) in [
            (Window::Live { secs: 3_600 }, 60, 60),
            (Window::Live { secs: 10_800 }, 60, 60),
            (days(1), 60, 300),
            (days(7), 60, 900),
            (days(1), 300, 300),
            (days(20), 60, 3_600),
            (Window::Live { secs: 3_600 }, 3_600, 3_600),
        ] {
            assert_eq!(period_for(window, now, own, 1_000), expected, "{window:?} {own}");
        }
    }
}
