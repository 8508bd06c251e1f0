//! Changes: what people and pipelines did (CloudTrail), on one time line with rollouts, alarms and findings.
//!
//! `model.rs` has what a trail event is and what can be asked about; `record.rs`, `sentence.rs`, `answer.rs`,
//! `nature.rs` and `things.rs` make sense of a record. `source.rs` is the SDK, `walk.rs` what was read already,
//! `trail.rs` what is kept. `lens.rs`, `extras.rs` and `rows.rs` make the list, `pane.rs` has verbs and state,
//! `reach.rs`, `view.rs` and `detail.rs` the words and the drawing.

mod answer;
mod asks;
mod detail;
pub mod extras;
pub mod lens;
mod marks;
pub mod model;
mod nature;
mod pane;
mod reach;
pub mod record;
pub mod rows;
mod sentence;
mod source;
mod starter;
#[cfg(test)]
mod tests;
mod things;
pub mod trail;
mod view;
mod walk;

pub use marks::{Mark, marks};
pub use model::{Ask, Batch, By, LAG, Subject, TrailQuery};
pub use pane::{ChangesPane, goto, want};
pub use rows::{RowsDone, RowsJob};
pub use source::TrailSource;
pub use starter::starter;
pub use trail::Trail;
