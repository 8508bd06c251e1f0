//! `eyewall rollouts watch NAME`: a line for each change of one shift, until it ends.
//!
//! The exit code says how: 0 success, 3 rolled back, 4 failed, 5 timed out. An alias or a rule that divides no more
//! names only one side: which one that is follows from the last read in which it had two. A read that fails is told
//! and tried again, also with credentials that come meanwhile.

use super::say::Say;
use super::sites::Sites;
use super::{block_on, told};
use crate::aws::TargetId;
use crate::cli::Failure;
use crate::cli::args::WatchShift;
use crate::cli::out::Out;
use crate::cli::session::Setup;
use crate::features::rollouts::Rollout;
use crate::features::rollouts::mechanism::Outcome as Ended;
use crate::features::rollouts::report::{self, Fact, json};
use crate::features::rollouts::wire::ShiftRef;
use serde_json::json;
use std::time::Duration;

/// The shift is read again this often.
const CADENCE: Duration = Duration::from_secs(5);
/// The same while reading fails.
const FAILING: Duration = Duration::from_secs(15);

/// How a shift ended, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Success,
    RolledBack,
    Failed,
    Untold,
    TimedOut,
}

impl Outcome {
    fn of(shift: &Rollout) -> Option<Self> {
        Some(match shift.outcome()? {
            Ended::Success => Self::Success,
            Ended::RolledBack => Self::RolledBack,
            Ended::Failed => Self::Failed,
            Ended::Untold => Self::Untold,
        })
    }

    fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::RolledBack => 3,
            Self::Failed | Self::Untold => 4,
            Self::TimedOut => 5,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::RolledBack => "ROLLED_BACK",
            Self::Failed | Self::Untold => "FAILED",
            Self::TimedOut => "TIMED_OUT",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Success => "success: new has all traffic",
            Self::RolledBack => "rolled back: old has all traffic again",
            Self::Failed => "failed: it neither finished nor went back by itself",
            Self::Untold => "ended: whether it finished or went back is not known",
            Self::TimedOut => "timed out: it goes on without being followed",
        }
    }
}

/// Follows.
///
/// # Errors
/// A name that is none or several; nothing to follow; and each end but success, with its exit code.
pub fn run(setup: &Setup, args: &WatchShift, out: &mut Out) -> Result<(), Failure> {
    let mut say = Say::new(setup, args.json, out);
    block_on(setup, async {
        let clock = setup.running_clock();
        let mut sites = Sites::open(setup, clock).await?;
        sites.read_lists(Some(&args.name)).await;
        sites.settle_open(&mut say).await;
        let unread = sites.say_missing(&mut say);
        let Some((target, name)) = sites.find(&args.name)? else { return Err(Failure::Silent) };
        let list = sites.site(&target).and_then(|site| site.list.as_ref().ok());
        let Some(shift) = list.and_then(|list| list.shift_of(&name)).cloned() else {
            let whole = if unread { "; not every target could be read" } else { "" };
            return Err(Failure::Failed(format!("{} has no deployment within a day{whole}", name.full())));
        };
        let mut following = Following { target, before: None, problem: None };
        let outcome = Box::pin(following.follow(&mut sites, shift, args.timeout, &mut say)).await?;
        match outcome {
            Outcome::Success => Ok(()),
            other => Err(Failure::Ended(other.code())),
        }
    })
}

/// What was told so far.
struct Following {
    target: TargetId,
    before: Option<Vec<Fact>>,
    problem: Option<String>,
}

impl Following {
    async fn follow(
        &mut self,
        sites: &mut Sites,
        mut shift: Rollout,
        timeout: Duration,
        say: &mut Say<'_>,
    ) -> Result<Outcome, Failure> {
        let clock = sites.clock;
        let until = clock.since_start() + timeout;
        let asked = ShiftRef::of(&shift);
        let region = sites.site(&self.target).and_then(|site| site.conn.region());
        let zone = say.zone().clone();
        say.lines(&report::head(&self.target, region.as_deref(), &shift, &zone))?;
        loop {
            self.tell(&shift, region.as_deref(), say)?;
            if let Some(outcome) = Outcome::of(&shift) {
                return self.end(outcome, &shift, sites, say);
            }
            loop {
                let every = if self.problem.is_some() { FAILING } else { CADENCE };
                let left = until.saturating_sub(clock.since_start());
                if left.is_zero() {
                    return self.end(Outcome::TimedOut, &shift, sites, say);
                }
                let timed_out = tokio::time::timeout(left, sites.wait(every)).await.is_err();
                if timed_out {
                    return self.end(Outcome::TimedOut, &shift, sites, say);
                }
                match sites.read_one(&self.target, &asked, false).await {
                    Ok((read, _)) => {
                        shift = read.after(&shift);
                        break;
                    }
                    Err(error) => {
                        let text = told(&error);
                        if self.problem.as_ref() != Some(&text) {
                            let at = clock.wall();
                            say.at(at, &format!("cannot be read, trying on: {text}"))?;
                            let target = self.target.as_str();
                            let rest = json!({ "target": target, "error": json::error(&error) });
                            say.value(&json::document("error", at, rest))?;
                            self.problem = Some(text);
                        }
                    }
                }
            }
        }
    }

    /// Tells what is not as it was.
    fn tell(&mut self, shift: &Rollout, region: Option<&str>, say: &mut Say) -> Result<(), Failure> {
        let zone = say.zone().clone();
        if self.problem.take().is_some() {
            say.at(shift.read_at, "read again")?;
        }
        let facts = report::facts(shift);
        let changed = report::changed(self.before.as_deref(), &facts);
        self.before = Some(facts);
        if changed.is_empty() {
            return Ok(());
        }
        say.lines(&report::change_line(shift, &changed, shift.read_at, &zone))?;
        say.value(&json::change(&self.target, region, shift, &changed))
    }

    fn end(
        &self,
        outcome: Outcome,
        shift: &Rollout,
        sites: &Sites,
        say: &mut Say,
    ) -> Result<Outcome, Failure> {
        let at = sites.clock.wall();
        // When it was seen, as all lines before it: when it came to be is another thing.
        let since = shift.finished_at.filter(|_| outcome != Outcome::TimedOut);
        let since = since.map(|at| format!(" (ended {})", say.zone().second(at))).unwrap_or_default();
        let why = if outcome == Outcome::TimedOut { shift.status_reason.clone() } else { shift.end_words() };
        // AWS's reason was told when it changed.
        let who = why.as_ref().filter(|_| shift.status_reason.is_none());
        let who = who.map(|who| format!(" ({who})")).unwrap_or_default();
        say.at(at, &format!("{}{who}{since}", outcome.words()))?;
        let rest = json!({
            "target": self.target.as_str(),
            "name": shift.name.full(),
            "outcome": outcome.name(),
            "exitCode": outcome.code(),
            "status": shift.status.0,
            "why": why.iter().collect::<Vec<_>>(),
        });
        say.value(&json::document("end", at, rest))?;
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::rollouts::model::Status;
    use crate::features::rollouts::tests::canary;

    #[test]
    fn each_end_has_its_exit_code() {
        for (status, code) in [
            ("PENDING", None),
            ("IN_PROGRESS", None),
            ("ROLLBACK_REQUESTED", None),
            ("ROLLBACK_IN_PROGRESS", None),
            ("SOMETHING_NEW", None),
            ("SUCCESSFUL", Some(0)),
            ("ROLLBACK_SUCCESSFUL", Some(3)),
            ("ROLLBACK_FAILED", Some(4)),
            ("STOPPED", Some(4)),
        ] {
            let mut shift = canary();
            shift.status = Status::new(status);
            assert_eq!(Outcome::of(&shift).map(Outcome::code), code, "{status}");
        }
    }
}
