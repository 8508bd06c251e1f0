//! X-Ray: trace summaries with filter expressions, trace documents, and service graphs.
//!
//! All are views of the world's traces, so they agree with each other, with the logs and with the metrics.
//! `filter.rs` reads expressions and `facts.rs` says what holds; `summary.rs`, `document.rs` and `graph.rs`
//! word the three answers.

mod document;
mod facts;
mod filter;
mod graph;
mod summary;
#[cfg(test)]
mod tests;
mod token;

pub use document::batch_get_traces;
pub use graph::{get_service_graph, get_trace_graph};
pub use summary::get_trace_summaries;

use crate::demo::wire::{Failure, Value};
use jiff::{SignedDuration, Timestamp};

/// The longest span that the service answers.
const LONGEST: SignedDuration = SignedDuration::from_hours(6);

fn wrong(message: impl Into<String>) -> Failure {
    Failure::refused("InvalidRequestException", message)
}

/// `StartTime` and `EndTime`.
fn span(input: &Value) -> Result<(Timestamp, Timestamp), Failure> {
    let from = input.time("StartTime").ok_or_else(|| wrong("StartTime is required."))?;
    let to = input.time("EndTime").ok_or_else(|| wrong("EndTime is required."))?;
    if from >= to {
        return Err(wrong("StartTime must be before EndTime."));
    }
    if to.duration_since(from) > LONGEST {
        return Err(wrong("Time range cannot be longer than 6 hours"));
    }
    Ok((from, to))
}

/// `TraceIds`, at most `most`, all of the right form.
fn trace_ids(input: &Value, most: usize) -> Result<Vec<&str>, Failure> {
    let ids = input.texts("TraceIds");
    if ids.is_empty() || ids.len() > most {
        return Err(wrong(format!("TraceIds must have from 1 to {most} members.")));
    }
    let hex =
        |text: &str, digits: usize| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let right = |id: &&str| {
        let parts: Vec<&str> = id.split('-').collect();
        matches!(parts.as_slice(), ["1", second, rest] if hex(second, 8) && hex(rest, 24))
    };
    match ids.iter().find(|id| !right(id)) {
        Some(id) => Err(wrong(format!("Invalid trace id: {id}"))),
        None => Ok(ids),
    }
}
