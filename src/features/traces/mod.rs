//! Traces: which requests were traced, what each one did, and which of its steps broke it.
//!
//! `json.rs` reads a segment document leniently, `segment.rs` and `otel.rs` turn documents into flat
//! spans, `assemble.rs` makes one tree of them and `path.rs` says where the time went and what failed
//! first. `waterfall/` holds the state and the drawing of one trace, `detail.rs` what is known of one span.

mod assemble;
mod json;
mod model;
mod otel;
mod path;
pub mod read;
mod segment;

#[cfg(test)]
mod assembly_tests;

pub use model::{
    Exceptions, Fit, Frame, Http, Kind, Micros, Span, SpanDetail, Sql, Status, Thrown, Trace, TraceId, id_in,
    moment,
};
