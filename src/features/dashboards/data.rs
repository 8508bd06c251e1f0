//! What is asked for the widgets on screen, and what came back. Pure data; `plan.rs` makes the question,
//! `pack.rs` its calls, `source.rs` sends them.

use super::model::{Name, OwnRange};
use crate::app::Window;
use crate::features::metrics::{MetricQuery, Series};
use serde::{Deserialize, Serialize};

/// Rows whose answers are kept while others are looked at.
const MAX_ROWS: usize = 5_000;

/// Everything the widgets on screen need. Two equal questions are one: it names no time but the window's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataQuery {
    /// Of which dashboard.
    pub dashboard: Name,
    /// Over which time; asks with a range of their own keep it.
    pub window: Window,
    /// What to ask for, each once.
    pub asks: Vec<Ask>,
    /// What is known about rows before anything is asked: why one cannot be asked, or why nothing may come.
    pub notes: Vec<(RowKey, String)>,
}

/// One thing to ask for: a drawn row with what its expression needs, or all rows of a widget whose
/// expressions see all of it (`METRICS()`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Where and when to ask.
    pub scope: Scope,
    /// Whether it may share a call.
    pub company: Company,
    /// Inputs come before what uses them. Ids are of this ask alone.
    pub queries: Vec<MetricQuery>,
    /// Who draws which of them.
    pub draws: Vec<Draw>,
}

/// Which query of an ask is drawn, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// Its place in [`Ask::queries`].
    pub query: usize,
    /// The rows.
    pub rows: Vec<DrawnAs>,
}

/// How a row draws what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnAs {
    /// Which row.
    pub key: RowKey,
    /// Its name; `None` leaves naming to CloudWatch, which knows values and dimensions.
    pub label: Option<String>,
    /// Its name where CloudWatch has none and gives back the id.
    pub unnamed: String,
    /// Points that still fill are shown.
    pub live: bool,
}

/// A row of a widget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowKey {
    /// The widget's index.
    pub widget: usize,
    /// The row's place in it.
    pub row: usize,
}

/// What one call can have only one of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// Region; `None` is the target's.
    pub region: Option<String>,
    /// Account; `None` is the target's.
    pub account: Option<String>,
    /// Which stretch of time.
    pub stretch: Stretch,
    /// Zone of times in labels, `+hhmm`; `None` when no label has one.
    pub timezone: Option<String>,
}

/// Which stretch of time a call covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stretch {
    /// The window, its start moved back to a multiple of the longest period, so that points do not wander.
    Window,
    /// The same for periods over an hour, whose start moves back further.
    Days,
    /// Exactly one period of so many seconds, up to the end of the window.
    Whole(i64),
    /// A range of its own.
    Own(OwnRange),
    /// One period of so many seconds, up to the end of a range of its own.
    OwnWhole(OwnRange, i64),
}

/// Whether an ask may share a call with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Company {
    /// It may; ids are then given anew.
    Shared,
    /// Never: it selects by SQL (one such query per call) or sees every metric of its call. Its ids stay.
    Alone,
}

/// What came back, by widget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DashboardData {
    /// Of which dashboard.
    pub dashboard: Name,
    /// Over which time.
    pub window: Window,
    /// Sorted by widget and row. Rows that nobody asked for are not in it.
    pub rows: Vec<RowData>,
    /// How many calls were sent for it; answers that were fresh enough were not asked for again.
    pub calls: usize,
}

impl DashboardData {
    /// The rows of a widget.
    pub fn widget(&self, index: usize) -> &[RowData] {
        let start = self.rows.partition_point(|row| row.key.widget < index);
        let end = self.rows.partition_point(|row| row.key.widget <= index);
        self.rows.get(start..end).unwrap_or_default()
    }

    /// One row of a widget.
    pub fn row(&self, key: RowKey) -> Option<&RowData> {
        let at = self.rows.binary_search_by_key(&key, |row| row.key).ok()?;
        self.rows.get(at)
    }

    /// Adds rows of an earlier answer that this one does not have, so that scrolling back shows them at once.
    pub fn keep(&mut self, before: Self) {
        if before.dashboard != self.dashboard || before.window != self.window {
            return;
        }
        let room = MAX_ROWS.saturating_sub(self.rows.len());
        let missing = before.rows.into_iter().filter(|row| self.row(row.key).is_none());
        let missing: Vec<RowData> = missing.take(room).collect();
        self.rows.extend(missing);
        self.rows.sort_by_key(|row| row.key);
    }
}

/// What came back for one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowData {
    /// Which row.
    pub key: RowKey,
    /// One series, or several of a search; none when nothing matched or the call failed. A series whose status
    /// is not `Complete` says why in its note.
    pub series: Vec<Series>,
    /// Why there is nothing, or why what is here is old: one line.
    pub problem: Option<String>,
}
