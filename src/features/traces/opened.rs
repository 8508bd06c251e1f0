//! What is asked and answered about one opened trace: its documents, and the log lines that name it. Pure.

use super::model::{Trace, TraceId, moment};
use crate::features::logs::model::Level;
use crate::service::Services;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Log groups that are looked through for one trace.
pub const MAX_GROUPS: usize = 10;
/// Lines may be written this long before what the trace says, and this long after.
const BEFORE: SignedDuration = SignedDuration::from_mins(1);
const AFTER: SignedDuration = SignedDuration::from_mins(5);
/// X-Ray keeps traces this long.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Which trace to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceQuery {
    /// Its id.
    pub id: TraceId,
}

/// One trace as read last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceRead {
    /// Its id.
    pub id: TraceId,
    /// What was read; `None` when X-Ray has nothing by this id.
    pub trace: Option<Arc<Trace>>,
    /// Segments may still arrive: it is read again by itself.
    pub unfinished: bool,
}

/// Where to look for a trace's log lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogsQuery {
    /// The trace.
    pub id: TraceId,
    /// Log groups, at most `MAX_GROUPS`.
    pub groups: Vec<String>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

impl LogsQuery {
    /// The groups that the trace names, else those of its functions and services. `None` when none is known.
    pub fn new(id: TraceId, trace: &Trace, services: &Services) -> Option<Self> {
        let mut groups: Vec<String> = trace.log_groups().into_iter().map(str::to_owned).collect();
        if groups.is_empty() {
            for span in &trace.spans {
                let found = services.of_xray(&span.name).map(|service| service.log_groups.clone());
                let function = || vec![format!("/aws/lambda/{}", span.name)];
                let is_function = span.origin.starts_with("AWS::Lambda") && !span.name.is_empty();
                for group in found.or_else(|| is_function.then(function)).into_iter().flatten() {
                    if !groups.contains(&group) {
                        groups.push(group);
                    }
                }
            }
        }
        groups.truncate(MAX_GROUPS);
        let (start, end) = (moment(trace.start)?, moment(trace.end)?);
        let from = start.checked_sub(BEFORE).unwrap_or(start);
        let to = end.checked_add(AFTER).unwrap_or(end);
        (!groups.is_empty()).then_some(Self { id, groups, from, to })
    }

    /// More lines may come.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.to
    }
}

/// One log line of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceLine {
    /// When.
    pub at: Timestamp,
    /// Its log group: a place in [`TraceLogs::groups`].
    pub group: usize,
    /// How bad it says it is.
    pub level: Option<Level>,
    /// Its text; may have several lines.
    pub message: String,
}

/// The log lines of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceLogs {
    /// Of which trace.
    pub id: TraceId,
    /// Log groups that were looked through.
    pub groups: Vec<String>,
    /// Oldest first.
    pub lines: Vec<TraceLine>,
    /// Groups that could not be read and why, and what was left out.
    pub notes: Vec<String>,
}

/// When a request with this id began, if the id tells: ids of OpenTelemetry may be random.
pub fn began(id: TraceId, now: Timestamp) -> Option<Timestamp> {
    let seconds = i64::from_str_radix(id.w3c().get(..8)?, 16).ok()?;
    let at = Timestamp::from_second(seconds).ok()?;
    let age = now.duration_since(at);
    (age >= SignedDuration::from_hours(-1) && age <= KEPT).then_some(at)
}
