//! Pre-flight of a rollback: what passes, what the operator should know, and what makes it impossible.
//!
//! What only one mechanism has to check, `mechanism` adds. Only an impossible call or one that is not ours
//! to make refuses. A poor or unreadable old side warns: at 4 a.m. it may still be the better one. Pure.

use super::mechanism;
use super::model::Rollout;
use super::plan::Circumstances;
use super::stages::countdown;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Under this much credential time the dialog warns before anything is typed.
pub const CREDENTIALS_SHORT: SignedDuration = SignedDuration::from_secs(5 * 60);

/// How a pre-flight check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// Fine.
    Pass,
    /// The operator should know; the call can be made.
    Warn,
    /// Not made from here, so that nothing can be typed. Who may elsewhere can make exactly this call.
    NotHere,
    /// Impossible, or not ours to make: nothing can be typed.
    Refuse,
}

/// One pre-flight check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, in one sentence.
    pub text: String,
}

/// All checks, in the order they are made.
pub fn checks(rollout: &Rollout, place: &Circumstances, now: Timestamp) -> Vec<Check> {
    let mut list = Vec::new();
    let mut note = |verdict, text: String| list.push(Check { verdict, text });
    if let Some(why) = &place.no_writes {
        note(Verdict::NotHere, why.clone());
    }
    if !mechanism::owned_by_itself(rollout) {
        note(Verdict::Refuse, rollout.owner.instead(&rollout.mechanism));
    } else if let Some(doubt) = rollout.owner.doubt() {
        note(Verdict::Warn, doubt);
    }
    list.extend(elsewhere(rollout, place));
    list.extend(mechanism::checks(rollout));
    let mut note = |verdict, text: String| list.push(Check { verdict, text });
    if let Err(error) = &place.caller {
        note(Verdict::Warn, format!("who is calling could not be read: {}", error.short()));
    }
    let left =
        place.caller.as_ref().ok().and_then(|caller| caller.expires_at).map(|at| at.duration_since(now));
    if let Some(left) = left.filter(|left| *left < CREDENTIALS_SHORT) {
        let text = if left.is_positive() {
            format!("credentials end in {}", countdown(left))
        } else {
            "credentials have ended".to_owned()
        };
        note(Verdict::Warn, text);
    }
    list
}

/// What was read is of one account and region, and the call would go to another: credentials for writes are the
/// target's own, and names are the same everywhere. An id of CodeDeploy's says neither, and is known nowhere else.
fn elsewhere(rollout: &Rollout, place: &Circumstances) -> Vec<Check> {
    let groups = rollout.new.groups.iter().map(|group| group.arn.as_str());
    let mut homes = std::iter::once(rollout.deployment.as_str()).chain(groups).filter_map(home);
    let Some((region, account)) = homes.next() else { return Vec::new() };
    let caller = place.caller.as_ref().ok();
    let called = [
        ("account", account, caller.map(|caller| caller.account.as_str())),
        ("region", region, Some(caller.map_or(place.region.as_str(), |caller| caller.region.as_str()))),
    ];
    let known = called.into_iter().filter_map(|(what, read, called)| {
        Some((what, read, called.filter(|called| !called.is_empty() && *called != read)?))
    });
    known
        .map(|(what, read, called)| Check {
            verdict: Verdict::Refuse,
            text: format!(
                "what was read is in {what} {read}, and the call would go to {what} {called}, to whatever has \
                 the same name there"
            ),
        })
        .collect()
}

/// Region and account of an ARN that names both.
fn home(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.strip_prefix("arn:")?.splitn(5, ':').skip(2);
    let (region, account) = (parts.next()?, parts.next()?);
    (!region.is_empty() && !account.is_empty()).then_some((region, account))
}
