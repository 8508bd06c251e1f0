//! Security: what GuardDuty found, in every region asked for, and what stands behind one finding.
//!
//! A finding is kept as what lists need (`model.rs`, read from AWS's document by `head.rs`); its whole
//! document becomes labelled facts when it is opened (`facts.rs`, `sequence.rs`), whatever is in it.
//! `phrase.rs` puts its type in words, `contain.rs` knows the command that would contain it, `arrange.rs`
//! orders rows, `source.rs` has the SDK, `pane.rs` the verbs, `view.rs` and `detail_view.rs` the drawing.

mod arrange;
mod axis;
mod contain;
mod detail_view;
mod facts;
mod head;
mod model;
mod pane;
mod phrase;
mod sequence;
mod source;
#[cfg(test)]
mod tests;
mod view;

pub use model::{
    Coverage, DetailQuery, Finding, FindingDetail, FindingList, Level, ListQuery, MAX_BYTES, MAX_FINDINGS,
    RegionState, Resource, Who, badge, fresh,
};
pub use pane::{Key, SecurityPane, act, link, want};
pub use source::{DetailSource, ListSource};
