//! Traces: which requests were traced, what each one did, and which of its steps broke it.
//!
//! The list: `filter.rs` says what it is limited to, `list.rs` what it is, `reading.rs` which time to ask for.
//! The services: `graph.rs`. One trace: `json.rs` reads a segment document leniently, `segment.rs` and
//! `otel.rs` turn documents into flat spans, `assemble.rs` makes one tree of them and `path.rs` says where the
//! time went and what failed first; `waterfall/` holds the state and the drawing of it, `detail.rs` what is
//! known of one span, `opened.rs` what is asked about it, `served.rs` which rollout it met. `source/` is the SDK,
//! `pane.rs` and `verbs.rs` the screen's state and keys, `only.rs` its menu, `view_*.rs` its drawing.

mod assemble;
mod detail;
mod filter;
mod graph;
mod json;
mod list;
mod model;
mod only;
mod opened;
mod otel;
mod pane;
mod path;
mod place;
pub mod print;
pub mod read;
mod reading;
mod segment;
mod served;
mod source;
mod verbs;
mod view_list;
mod view_services;
mod view_trace;
pub mod waterfall;

#[cfg(test)]
mod assembly_tests;
#[cfg(test)]
mod pane_tests;
#[cfg(test)]
mod tests;

pub use filter::{Filter, Quick};
pub use graph::{Counts, Edge, Graph, GraphQuery, GraphService, RawService};
pub use list::{ListQuery, Order, Summary, TraceList};
pub use model::{
    Exceptions, Fit, Frame, Http, Kind, Micros, Span, SpanDetail, Sql, Status, Thrown, Trace, TraceId, id_in,
    moment,
};
pub use opened::{LogsQuery, TraceLine, TraceLogs, TraceQuery, TraceRead};
pub use pane::TracesPane;
pub use place::{Panel, Place};
pub use source::{GraphSource, ListSource, LogsSource, TraceSource, traces};
