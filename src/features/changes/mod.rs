//! Changes: what people and pipelines did (CloudTrail), on one time line with rollouts, alarms and findings.
//!
//! `model.rs` has what a trail event is and what can be asked about, `source.rs` the SDK, `pane.rs` verbs
//! and state, `view.rs` the drawing.

mod model;

pub use model::Subject;
