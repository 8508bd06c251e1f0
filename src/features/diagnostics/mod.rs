//! Diagnostics: the program about itself. Pollers, errors with their request ids, money, its own log.
//!
//! `pane.rs` has the verbs, `view.rs` the drawing, `spending.rs` what the last hour cost. It polls nothing.

mod pane;
mod spending;
#[cfg(test)]
mod tests;
mod view;

pub use pane::{DiagnosticsPane, Panel};
pub use spending::Spending;
