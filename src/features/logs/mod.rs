//! Logs: pick groups, tail them, filter and search what came.
//!
//! `source.rs` is the only SDK code: it reads pages as [`tail::TailCursor`] says, sanitizes and parses
//! each line once ([`parse::facts`]) and returns a [`model::Batch`]. [`store::LogStore`] puts lines in
//! order and bounds them; [`lens::Lens`] keeps filter and search up to date over it, with
//! [`search::Scan`] as a job for many lines; [`row`] and [`detail`] turn lines into text with roles.

pub mod detail;
pub mod filter;
pub mod lens;
pub mod model;
mod pane;
pub mod parse;
pub mod pattern;
mod picker;
pub mod row;
pub mod rows;
pub mod search;
pub mod seen;
mod source;
pub mod store;
pub mod tail;
mod verbs;
mod view;

#[cfg(test)]
mod pane_tests;
#[cfg(test)]
mod source_tests;
#[cfg(test)]
mod tests;

pub use lens::{ScanDone, ScanJob};
pub use model::{Batch, GroupList, TailQuery};
pub use pane::LogsPane;
pub use source::{GroupsSource, TailSource};
pub use store::LogStore;
