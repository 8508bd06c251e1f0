//! Alarms: all kinds, why they are silent, and one alarm's own metrics with its threshold and history.
//!
//! `model.rs` has the types and what follows from them, `source.rs` the SDK, `pane.rs` verbs and state,
//! `view.rs` the drawing.

mod model;
mod pane;
mod source;
#[cfg(test)]
mod source_tests;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use model::{
    Alarm, AlarmDetail, AlarmList, AlarmState, DetailQuery, HistoryItem, Kind, Silent, severity, short,
};
pub use pane::AlarmsPane;
pub use source::{DetailSource, ListSource};
