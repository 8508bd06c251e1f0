//! One trace as a waterfall: a tree of spans, each with its bar on one time axis.
//!
//! `state.rs` is the cursor, what is folded and which part of the axis is shown; `rows.rs` which spans that
//! leaves; `view.rs` draws it, `axis.rs` places bars and ticks, `under.rs` draws the details below. What is
//! known of one span is `detail.rs`.

mod axis;
mod rows;
mod state;
#[cfg(test)]
mod tests;
mod under;
mod view;

pub use axis::length;
pub use state::WaterfallState;
pub use view::{height, print, render};
