//! Overview: what is broken now, which services suffer, and what happened when, on one screen.
//!
//! `board.rs` decides what NOW shows, `services.rs` what SERVICES shows, `timeline.rs` what happened;
//! `traffic.rs` and `source.rs` bring the metrics. `pane.rs` has the verbs, `view.rs`, `now.rs` and `axis.rs` the
//! drawing.

mod axis;
mod board;
mod now;
mod pane;
mod services;
mod source;
#[cfg(test)]
mod tests;
mod timeline;
mod traffic;
mod view;

pub use board::Thing;
pub use pane::OverviewPane;
pub use source::TrafficSource;
pub use traffic::{Bucket, Place, Traffic, TrafficList, TrafficQuery};
