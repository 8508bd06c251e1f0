//! Traffic shifts and their rollback.
//!
//! `model` and `stages` are what a shift is and what follows from it, `mechanism` what differs from one way
//! of moving traffic to another; `wire` is what is asked and answered; `verdict` says whether the new side is
//! worse, `comparing` what is read for that and `verdict_view` the words; `plan`, `preflight`, `rollback`,
//! `watch`, `state` and `journal` are the rollback from the first look to its end, as values. `source` has
//! the SDK's reads and calls, `op` sends; `pane`, `view`, `detail`, `sides_view` and `events_view`
//! are the screen, `dialog` and `dialog_view` the dialog.

pub mod autopsy;
mod autopsy_view;
mod comparing;
mod detail;
pub mod dialog;
mod dialog_view;
mod events_view;
pub mod find;
mod followed;
pub mod journal;
pub mod mechanism;
pub mod model;
mod name;
pub mod op;
mod owner;
mod pane;
pub mod past;
pub mod plan;
pub mod preflight;
pub mod report;
pub mod rollback;
pub mod side;
mod sides_view;
mod source;
pub mod span;
pub mod stages;
pub mod state;
mod tone;
pub mod verdict;
mod verdict_view;
mod view;
pub mod watch;
pub mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub use comparing::{Compared, LastSeen, seen_of, to_compare, want_verdicts};
pub use dialog::{base_wants, status_lines};
pub use journal::Entry;
pub use model::{Mechanism, Rollout, RolloutName};
pub use pane::{Key, RolloutsPane};
pub use past::{JournalView, Past};
pub use plan::Plan;
pub use rollback::SendResult;
pub use source::{DetailSource, ListSource, ShiftsSource, VerdictsSource, compare};
pub use state::Rollbacks;
pub use tone::{tone, trouble};
pub use verdict_view::phrase;
pub use wire::{
    Comparison, DetailQuery, MetricsQuery, RolloutDetail, RolloutList, RolloutsQuery, ServiceSummary, Shifts,
    ShiftsQuery,
};
