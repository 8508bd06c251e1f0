//! The one operation that changes AWS: journal, read once more, compare, send once, journal.
//!
//! It never sends when the read failed or a guarded field differs, and never sends twice: an answer that was
//! lost is reported as lost, and reading settles it. A journal that cannot be written warns and never
//! blocks: at 4 a.m. a full disk must not keep a bad release in service.

use super::journal::{Entry, Step};
use super::past::Past;
use super::plan::Plan;
use super::rollback::{Journaled, SendResult};
use super::source::{self, Readers, read_caller};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::{OpCtx, OpOutcome};
use jiff::Timestamp;
use std::io::SeekFrom;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// A journal that takes longer is told as not written: a rollback does not wait for a folder that hangs.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(3);
/// How much of a long journal is read, in bytes.
const MAX_JOURNAL: usize = 4 * 1024 * 1024;

/// Carries out a confirmed plan on its target's connection.
pub async fn rollback(plan: Box<Plan>, ctx: &OpCtx) -> OpOutcome {
    let result = if let Some(conn) = ctx.conn(&plan.place.target) {
        send(&plan, conn, &ctx.journal(), || ctx.clock.wall()).await
    } else {
        let message = format!("target {} is gone", plan.place.target);
        SendResult::Rejected(SourceError::new(ErrorClass::Invalid, plan.call.operation(), message).unsent())
    };
    OpOutcome::Rollback { plan, result: Box::new(result) }
}

/// Carries out a confirmed plan. `clock` is the wall clock.
pub async fn send(plan: &Plan, conn: &Conn, journal: &Path, clock: impl Fn() -> Timestamp) -> SendResult {
    let began = clock();
    let sending = Step::Sending { plan: Some(Box::new(plan.clone())) };
    let mut unwritten = append(journal, &Entry::new(plan, began, began, sending)).await.err();
    let re_read = Box::pin(re_read(plan, conn, began));
    let mut result = call_if_it_holds(plan, re_read, || Box::pin(call(plan, conn, began, &clock))).await;
    let step = step(plan, &result);
    if let Err(problem) = append(journal, &Entry::new(plan, began, clock(), step)).await {
        unwritten.get_or_insert(problem);
    }
    if let SendResult::Sent { journal, .. } | SendResult::Lost { journal, .. } = &mut result {
        journal.problem = unwritten;
    }
    result
}

/// Reads once more, and calls only when that could be read and the plan still holds.
pub(super) async fn call_if_it_holds<F: Future<Output = SendResult>>(
    plan: &Plan,
    re_read: impl Future<Output = Result<Plan, SourceError>>,
    call: impl FnOnce() -> F,
) -> SendResult {
    match re_read.await {
        Ok(newer) if plan.refused() || newer.refused() || !plan.diff(&newer).is_empty() => {
            SendResult::Changed(Box::new(newer))
        }
        Ok(_) => call().await,
        Err(error) => SendResult::Unread(error),
    }
}

/// The plan as it would be made now.
async fn re_read(plan: &Plan, conn: &Conn, now: Timestamp) -> Result<Plan, SourceError> {
    let told = plan.call.told();
    let shift = Readers::again(conn).shift(&plan.shift(), &told, now).await?;
    let mut place = plan.place.clone();
    (place.caller, place.no_writes) = read_caller(conn).await;
    Ok(Plan::new(&shift, place, now))
}

async fn call(plan: &Plan, conn: &Conn, began: Timestamp, clock: &impl Fn() -> Timestamp) -> SendResult {
    let writer = match conn.for_writes().await {
        Ok(writer) => writer,
        Err(error) => return SendResult::Rejected(error),
    };
    let look = match source::look(plan, conn).await {
        Ok(Some(look)) => look,
        Ok(None) => {
            return match Box::pin(re_read(plan, conn, clock())).await {
                Ok(newer) => SendResult::Changed(Box::new(newer)),
                Err(error) => SendResult::Unread(error),
            };
        }
        Err(error) => return SendResult::Unread(error),
    };
    let at = clock();
    let answer = source::undo(&plan.call, look, &writer).await;
    let journal = Journaled { began, problem: None };
    match answer {
        Ok(request_id) => SendResult::Sent { at, request_id, journal },
        Err(error) if may_have_arrived(&error) => SendResult::Lost { at, error, journal },
        Err(error) if source::lost_race(&plan.call, &error) => {
            // What reads need the credentials for writes may lack.
            match Box::pin(re_read(plan, conn, clock())).await {
                Ok(newer) if newer.refused() || !plan.diff(&newer).is_empty() => {
                    SendResult::Beaten { newer: Box::new(newer), error }
                }
                Ok(_) | Err(_) => SendResult::Rejected(error),
            }
        }
        Err(error) => SendResult::Rejected(error),
    }
}

/// Whether AWS may have acted although no good answer came. A refusal is a 4xx, which is of no such class.
fn may_have_arrived(error: &SourceError) -> bool {
    !error.unsent && matches!(error.class, ErrorClass::Network | ErrorClass::NotAws | ErrorClass::Service)
}

fn step(plan: &Plan, result: &SendResult) -> Step {
    match result {
        SendResult::Sent { request_id, .. } => Step::Sent { request_id: request_id.clone() },
        SendResult::Lost { error, .. } => Step::Lost { error: error.clone() },
        SendResult::Rejected(error) => Step::Rejected { error: error.clone() },
        SendResult::Unread(error) => Step::Unread { error: error.clone() },
        SendResult::Changed(newer) => changed(plan, newer, None),
        SendResult::Beaten { newer, error } => changed(plan, newer, error.request_id.clone()),
    }
}

fn changed(plan: &Plan, newer: &Plan, request_id: Option<String>) -> Step {
    let refusals = newer.refusals().map(str::to_owned).collect();
    Step::Changed { changes: plan.diff(newer), refusals, request_id }
}

/// Reads the journal's newest part.
///
/// # Errors
/// The file system's, in words. No journal is an empty one.
pub async fn read_journal(journal: &Path) -> Result<Past, String> {
    let bytes = match tokio::fs::read(journal).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.to_string()),
    };
    let newest = bytes.len().saturating_sub(MAX_JOURNAL);
    Ok(Past::parse(&String::from_utf8_lossy(bytes.get(newest..).unwrap_or_default())))
}

/// Appends one line and waits until the disk has it.
///
/// # Errors
/// Why it could not be written, in one sentence.
pub async fn append(journal: &Path, entry: &Entry) -> Result<(), String> {
    let mut line = entry.line().map_err(|error| error.to_string())?;
    let write = async {
        if let Some(folder) = journal.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        let mut file =
            tokio::fs::OpenOptions::new().create(true).read(true).append(true).open(journal).await?;
        if file.metadata().await?.len() > 0 {
            file.seek(SeekFrom::End(-1)).await?;
            // A line torn by a crash or a full disk must not take this one with it.
            if file.read_u8().await? != b'\n' {
                line.insert(0, '\n');
            }
        }
        file.write_all(line.as_bytes()).await?;
        file.flush().await?;
        file.sync_all().await
    };
    match tokio::time::timeout(JOURNAL_PATIENCE, write).await {
        Ok(written) => written.map_err(|error: std::io::Error| error.to_string()),
        Err(_) => Err(format!("not written within {} s", JOURNAL_PATIENCE.as_secs())),
    }
}
