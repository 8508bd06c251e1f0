//! Rollouts and rollbacks without a screen: as lines of text and as JSON. `docs/json.md` describes the JSON, and
//! a test holds the two together.
//!
//! Only writes down what the model says; what to read and when to print is in `cli`. Pure.

mod changes;
pub mod json;
mod text;
mod verdict;

pub use changes::{Fact, changed, facts};
pub use text::{change_line, head, list, plan};
