//! What is done once, outside the core: its description, how it ends, and how it is carried out.
//!
//! Operations are data, so that tests can look at them; only [`run_op`] does anything. The one that changes
//! AWS is in `rollouts`.

use super::{dashboards, internal, rollouts};
use crate::app::Now;
use crate::aws::{Conn, MfaCode, TargetId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something to do once, outside the core.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Write text to a new file in the current folder.
    Export {
        /// File name.
        name: String,
        /// Its content.
        content: String,
    },
    /// Hand an MFA code to the target that waits for it.
    GiveMfa {
        /// Whose.
        target: TargetId,
        /// For its credentials for writes, not for those that read.
        writes: bool,
        /// The code; never printed.
        code: MfaCode,
    },
    /// Undo a traffic shift: the one operation that changes AWS.
    Rollback(Box<rollouts::Plan>),
    /// Add a line to the journal of rollbacks.
    Journal(Box<rollouts::Entry>),
    /// Read the journal of rollbacks.
    ReadJournal,
    /// Read the dashboards given as files.
    ReadDashboards,
}

impl Op {
    /// Whether it changes anything in AWS.
    pub fn changes_aws(&self) -> bool {
        match self {
            Self::Export { .. }
            | Self::GiveMfa { .. }
            | Self::Journal(_)
            | Self::ReadJournal
            | Self::ReadDashboards => false,
            Self::Rollback(_) => true,
        }
    }

    /// What is answered when it ended without an answer of its own. A rollback may have been sent: it
    /// counts as lost, and reading settles it.
    pub fn lost(&self, at: Timestamp) -> OpOutcome {
        const WHY: &str = "it failed inside";
        match self {
            Self::Export { .. } => OpOutcome::Exported(Err(WHY.into())),
            Self::GiveMfa { target, .. } => OpOutcome::MfaGiven(target.clone()),
            Self::Journal(_) => OpOutcome::Journaled(Err(WHY.into())),
            Self::ReadJournal => OpOutcome::JournalRead(Err(WHY.into())),
            Self::ReadDashboards => OpOutcome::DashboardsRead(Vec::new()),
            Self::Rollback(plan) => {
                let error = internal("rollback", WHY);
                let journal = rollouts::rollback::Journaled { began: at, problem: Some(WHY.into()) };
                let result = Box::new(rollouts::SendResult::Lost { at, error, journal });
                OpOutcome::Rollback { plan: plan.clone(), result }
            }
        }
    }

    /// An export named after the pane and the time.
    pub fn export(pane: &str, content: String, now: Now) -> Self {
        let time = now.wall.strftime("%Y%m%dT%H%M%SZ");
        let kind = if content.starts_with(['{', '[']) { "json" } else { "txt" };
        Self::Export { name: format!("eyewall-{pane}-{time}.{kind}"), content }
    }
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum OpOutcome {
    /// Where the export went, or why it did not.
    Exported(Result<String, String>),
    /// A text was copied, or why it was not; then it is shown bare.
    Copied {
        /// The text.
        text: String,
        /// Where it went.
        result: Result<String, String>,
    },
    /// An MFA code was handed over: parked pollers try again.
    MfaGiven(TargetId),
    /// What became of sending a rollback.
    Rollback {
        /// What was confirmed.
        plan: Box<rollouts::Plan>,
        /// How it was answered.
        result: Box<rollouts::SendResult>,
    },
    /// Whether the journal took its line.
    Journaled(Result<(), String>),
    /// The journal, or why it cannot be read.
    JournalRead(Result<Box<rollouts::Past>, String>),
    /// The dashboards given as files.
    DashboardsRead(Vec<dashboards::LocalDashboard>),
}

/// Carries out an operation.
pub async fn run_op(op: Op, ctx: OpCtx) -> OpOutcome {
    match op {
        Op::Export { name, content } => OpOutcome::Exported(
            tokio::fs::write(ctx.folder.join(&name), content)
                .await
                .map(|()| ctx.folder.join(&name).display().to_string())
                .map_err(|error| error.to_string()),
        ),
        Op::GiveMfa { target, writes, code } => {
            match ctx.conn(&target) {
                Some(conn) if writes => conn.give_write_mfa(code),
                Some(conn) => conn.give_mfa(code),
                None => {}
            }
            OpOutcome::MfaGiven(target)
        }
        Op::Rollback(plan) => rollouts::op::rollback(plan, &ctx).await,
        Op::ReadJournal => {
            OpOutcome::JournalRead(rollouts::op::read_journal(&ctx.journal()).await.map(Box::new))
        }
        Op::ReadDashboards => OpOutcome::DashboardsRead(dashboards::read_files(&ctx.dashboards).await),
        Op::Journal(entry) => OpOutcome::Journaled(rollouts::op::append(&ctx.journal(), &entry).await),
    }
}

/// What operations may use.
#[derive(Clone)]
pub struct OpCtx {
    /// Connections by target.
    pub conns: Vec<Conn>,
    /// Where exports go.
    pub folder: std::path::PathBuf,
    /// Where the journal and what is remembered live.
    pub state_folder: std::path::PathBuf,
    /// Dashboards given as files.
    pub dashboards: Vec<std::path::PathBuf>,
    /// Copying goes through tmux.
    pub in_tmux: bool,
    /// The clock.
    pub clock: crate::runtime::clock::Clock,
}

impl OpCtx {
    /// The journal of rollbacks.
    pub fn journal(&self) -> std::path::PathBuf {
        self.state_folder.join("journal.jsonl")
    }

    /// The connection of a target.
    pub fn conn(&self, target: &TargetId) -> Option<&Conn> {
        self.conns.iter().find(|conn| conn.spec().name == *target)
    }
}
