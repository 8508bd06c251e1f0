//! Pre-flight of a rollback: what passes, what the operator should know, and what makes it impossible.
//!
//! Only an impossible call or one that is not ours to make refuses. A poor or unreadable old side warns: at
//! 4 a.m. it may still be the better one. Pure.

use super::model::{Health, Owner, Rollout, Side, Standing, arn_tail};
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
        note(Verdict::Refuse, why.clone());
    }
    if rollout.owner != Owner::Ecs {
        let text = format!("{} owns this split: roll back there", rollout.owner.label());
        note(Verdict::Refuse, text);
    }
    match rollout.status.standing() {
        Standing::Open => note(Verdict::Pass, format!("{} can be rolled back", rollout.status.0)),
        Standing::Returning => {
            note(Verdict::Warn, format!("already {}: asking again changes nothing", rollout.status.0));
        }
        Standing::Ended => note(Verdict::Refuse, format!("the deployment has ended: {}", rollout.status.0)),
        Standing::Unknown => {
            note(
                Verdict::Warn,
                format!("status {} is new to this version: AWS may refuse", rollout.status.0),
            );
        }
    }
    match rollout.superseded_by() {
        Some(newer) => {
            note(Verdict::Refuse, format!("the service has moved on to {}", arn_tail(newer)));
        }
        None if rollout.current.is_some() => {
            note(Verdict::Pass, "it is the service's current deployment".to_owned());
        }
        None => note(Verdict::Warn, "the service does not say which deployment is current".to_owned()),
    }
    if rollout.sources > 1 {
        let text = format!("{} earlier revisions are active: ECS chooses", rollout.sources);
        note(Verdict::Warn, text);
    }
    match &rollout.old {
        None => note(Verdict::Refuse, "a first deployment: there is nothing to go back to".to_owned()),
        Some(old) => {
            let (verdict, text) = old_side(old);
            note(verdict, text);
        }
    }
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

/// Whether the old side can take all traffic, as far as can be seen.
fn old_side(old: &Side) -> (Verdict, String) {
    let tasks = old.tasks;
    let label = old.label();
    if tasks.running < tasks.requested || tasks.running == 0 {
        let text = format!("old ({label}) runs {} of {} tasks", tasks.running, tasks.requested);
        return (Verdict::Warn, text);
    }
    match old.health() {
        Health::Counted { healthy, total } if healthy == 0 || healthy < total => {
            (Verdict::Warn, format!("old ({label}) has {healthy} of {total} targets healthy"))
        }
        Health::Counted { healthy, total } => {
            (Verdict::Pass, format!("old ({label}) has {healthy} of {total} targets healthy"))
        }
        Health::Unreadable(why) => (Verdict::Warn, format!("health of old ({label}) unreadable: {why}")),
        Health::Unread => {
            (Verdict::Warn, format!("health of old ({label}) not known: no target group was read"))
        }
    }
}
