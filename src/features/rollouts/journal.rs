//! The journal of rollbacks: one JSON line per step, written before a call is sent and after each answer.
//!
//! Types and their text form only; `op.rs` appends them to the file. A line holds everything needed to find
//! out later what was done, by whom and to what, without the program.

use super::plan::{GuardedChange, Plan};
use crate::aws::SourceError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the line's shape.
pub const VERSION: u32 = 1;

/// A step of a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// About to read once more and send. Without a later line of the same id the program died in between.
    Sending,
    /// Not sent: the plan no longer held.
    Changed {
        /// What differed.
        changes: Vec<GuardedChange>,
        /// Why it was refused, where that is the reason.
        refusals: Vec<String>,
    },
    /// Not sent: the last read failed.
    Unread {
        /// Why.
        error: SourceError,
    },
    /// AWS took it.
    Sent {
        /// AWS's request id.
        request_id: Option<String>,
    },
    /// AWS refused it: nothing changed.
    Rejected {
        /// Why.
        error: SourceError,
    },
    /// No answer came: it may have arrived.
    Lost {
        /// What happened.
        error: SourceError,
    },
    /// How it ended.
    Ended {
        /// `done`, `superseded`, `FAILED` or `UNKNOWN`.
        outcome: String,
        /// In one sentence.
        why: String,
    },
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// [`VERSION`] of the writer.
    pub v: u32,
    /// The same for all steps of one rollback.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The caller's ARN, when it could be read.
    pub who: Option<String>,
    /// Account id, when it could be read.
    pub account: Option<String>,
    /// Region.
    pub region: String,
    /// Target's name.
    pub target: String,
    /// `ecs/CLUSTER/SERVICE`.
    pub name: String,
    /// The call: `ecs:StopServiceDeployment`.
    pub operation: String,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// The side that loses its traffic, and its share before.
    pub from: String,
    /// The side that takes it.
    pub to: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub step: Step,
}

impl Entry {
    /// The line for a step. `sending` is when the sending began: it makes the id.
    pub fn new(plan: &Plan, sending: Timestamp, at: Timestamp, step: Step) -> Self {
        let caller = plan.place.caller.as_ref().ok();
        let side = |side: &super::plan::SideFacts| {
            format!("{} {} {}", side.label, side.images.join(", "), side.weight_words())
        };
        Self {
            v: VERSION,
            id: format!("{}@{}", plan.guard.deployment, sending.as_millisecond()),
            at,
            who: caller.map(|caller| caller.arn.clone()),
            account: caller.map(|caller| caller.account.clone()),
            region: plan.place.region.clone(),
            target: plan.place.target.to_string(),
            name: plan.name.full(),
            operation: plan.call.operation().to_owned(),
            params: plan.call.params().into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            from: side(&plan.from),
            to: plan.to.as_ref().map(side),
            step,
        }
    }

    /// One JSON object and a newline.
    pub fn line(&self) -> Result<String, serde_json::Error> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        Ok(line)
    }

    /// Whether this step leaves the rollback open: a reader looks for what became of it.
    pub fn open(&self) -> bool {
        matches!(self.step, Step::Sending | Step::Sent { .. } | Step::Lost { .. })
    }
}

/// The entries whose rollback has no end in this journal, one per rollback, oldest first. Lines that cannot
/// be read (a cut last line, another version) are skipped.
pub fn unfinished(journal: &str) -> Vec<Entry> {
    let mut open: Vec<Entry> = Vec::new();
    for entry in journal.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok()) {
        open.retain(|before| before.id != entry.id);
        if entry.open() {
            open.push(entry);
        }
    }
    open
}
