//! The journal of rollbacks: one JSON line per step, written before a call is sent and after each answer.
//!
//! Types and their text form only; `op.rs` appends them to the file. A line holds everything needed to find
//! out later what was done, by whom and to what, without the program.

use super::plan::{GuardedChange, Plan};
use super::watch::Ending;
use crate::aws::SourceError;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// Version of the line's shape.
pub const VERSION: u32 = 1;

/// A step of a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// About to read once more and send. Without a later line of the same id the program died in between.
    Sending {
        /// All of the plan, so that whoever comes next can find out how it ended. `None` when it was written
        /// by a version whose plans are not ours.
        #[serde(default, deserialize_with = "readable", skip_serializing_if = "Option::is_none")]
        plan: Option<Box<Plan>>,
    },
    /// Not sent: the plan no longer held. With a request id it was sent, and AWS refused for that reason.
    Changed {
        /// What differed.
        changes: Vec<GuardedChange>,
        /// Why it was refused, where that is the reason.
        refusals: Vec<String>,
        /// AWS's request id, where it was AWS that refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
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
    /// AWS refused it, or, where the error says so, it never left: nothing changed.
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
            id: id(plan, sending),
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

    /// Whether it is the same line as another one, whatever of it was kept.
    pub fn is_step(&self, other: &Self) -> bool {
        self.id == other.id
            && self.at == other.at
            && std::mem::discriminant(&self.step) == std::mem::discriminant(&other.step)
    }

    /// Whether this step leaves the rollback open: a reader looks for what became of it.
    pub fn open(&self) -> bool {
        match &self.step {
            Step::Sending { .. } | Step::Sent { .. } | Step::Lost { .. } => true,
            Step::Ended { outcome, .. } => outcome == Ending::Unknown.word(),
            _ => false,
        }
    }
}

/// What names a rollback in the journal: its plan, and when its sending began.
pub fn id(plan: &Plan, sending: Timestamp) -> String {
    format!("{}@{}", plan.guard.deployment, sending.as_millisecond())
}

fn readable<'de, D: Deserializer<'de>>(plan: D) -> Result<Option<Box<Plan>>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(plan)?).ok())
}

/// A rollback that has no end in the journal, or none that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    /// Its lines, oldest first; never none.
    pub steps: Vec<Entry>,
}

impl Unfinished {
    /// The plan, where the journal still has it.
    pub fn plan(&self) -> Option<&Plan> {
        self.steps.iter().find_map(|entry| match &entry.step {
            Step::Sending { plan } => plan.as_deref(),
            _ => None,
        })
    }
}

/// The rollbacks that have no end in these lines, oldest first.
pub fn unfinished<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Unfinished> {
    let mut open: Vec<Unfinished> = Vec::new();
    for entry in entries {
        let at = open.iter().position(|it| it.steps.first().is_some_and(|first| first.id == entry.id));
        match at {
            Some(at) if !entry.open() => drop(open.remove(at)),
            Some(at) => {
                if let Some(known) = open.get_mut(at) {
                    known.steps.push(entry.clone());
                }
            }
            None if entry.open() => open.push(Unfinished { steps: vec![entry.clone()] }),
            None => {}
        }
    }
    open
}
