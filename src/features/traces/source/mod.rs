//! X-Ray and the log lines of a trace on the wire. The only SDK code of this feature.
//!
//! `list` reads summaries as [`super::reading`] says, `graph` the service map, `trace` the documents of one
//! trace, `logs` the lines that name it. Text is sanitized here.

mod graph;
mod list;
mod logs;
mod trace;

pub use graph::GraphSource;
pub use list::ListSource;
pub use logs::LogsSource;
pub use trace::{TraceSource, traces};

use aws_sdk_xray::primitives::DateTime;
use jiff::Timestamp;

fn clean(text: &str) -> String {
    crate::text::sanitize(text).into_owned()
}

fn moment(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}

fn seconds(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_second())
}
