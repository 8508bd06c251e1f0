//! What sending a rollback came back with. Pure.

use crate::aws::SourceError;
use crate::features::rollouts::plan::Plan;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How the journal of a sending went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journaled {
    /// When the sending began: with the deployment it names this rollback in the journal.
    pub began: Timestamp,
    /// Why a line could not be written, if so.
    pub problem: Option<String>,
}

/// What the operation that re-reads and sends came back with. `at` is when the request left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SendResult {
    /// AWS took it.
    Sent {
        /// When.
        at: Timestamp,
        /// AWS's request id.
        request_id: Option<String>,
        /// The journal of it.
        journal: Journaled,
    },
    /// It was sent and no answer came: it may or may not have arrived, and is never sent again.
    Lost {
        /// When.
        at: Timestamp,
        /// What happened to the answer.
        error: SourceError,
        /// The journal of it.
        journal: Journaled,
    },
    /// AWS said no, or the request never left: nothing changed.
    Rejected(SourceError),
    /// The plan no longer holds: nothing was sent.
    Changed(Box<Plan>),
    /// AWS refused because somebody was faster: nothing changed by us.
    Beaten {
        /// The plan as it is now.
        newer: Box<Plan>,
        /// How AWS refused.
        error: SourceError,
    },
    /// The last read before sending failed: nothing was sent.
    Unread(SourceError),
}
