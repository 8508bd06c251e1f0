//! The rollback of a CodeDeploy deployment: its call, what is guarded, what is checked, and how it ends.
//!
//! `StopDeployment` with `autoRollbackEnabled=true`, always: left out, the group's own setting would decide, and
//! `false` leaves the traffic where it is. The id names one deployment, so a late stop cannot hit a newer one.
//! The stop makes another deployment, which takes this one back: only when that has succeeded is it done.

use super::{Deployment, Original, Platform, open};
use crate::features::rollouts::mechanism::{self, ecs};
use crate::features::rollouts::model::{Health, Rollout, Standing};
use crate::features::rollouts::preflight::{Check, Verdict};
use crate::features::rollouts::stages::percent;
use crate::features::rollouts::watch::{Ending, LOST_GRACE, Seen};
use crate::text::quoted;
use serde::{Deserialize, Serialize};

/// The call that stops a deployment and takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The deployment's id.
    pub deployment: String,
}

impl Call {
    /// The IAM action.
    pub fn operation(&self) -> &'static str {
        "codedeploy:StopDeployment"
    }

    /// The parameters in the order sent.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        vec![("deploymentId", self.deployment.clone()), ("autoRollbackEnabled", "true".to_owned())]
    }

    /// The call as a shell command.
    pub fn command(&self, region: &str) -> String {
        format!(
            "aws deploy stop-deployment --deployment-id {} --auto-rollback-enabled --region {}",
            quoted(&self.deployment),
            quoted(region)
        )
    }
}

/// The call that undoes a deployment.
pub fn call(rollout: &Rollout) -> Call {
    Call { deployment: rollout.deployment.clone() }
}

/// What must not change beside the id. What a deployment is about is fixed with its id, and stands here so that
/// a reading that mixes two of them is seen.
pub fn guarded(rollout: &Rollout, it: &Deployment) -> Vec<(String, String)> {
    let none = || "none".to_owned();
    [
        ("deployment group", rollout.name.full()),
        ("revision", it.revision.clone().unwrap_or_else(none)),
        ("owner", rollout.owner.label().to_owned()),
        ("status", rollout.standing().word().to_owned()),
    ]
    .map(|(field, value)| (field.to_owned(), value))
    .to_vec()
}

/// How long it takes.
pub fn takes(rollout: &Rollout, it: &Deployment) -> String {
    let moved = rollout.new.weight.is_some_and(|weight| weight > 0.0);
    match (&it.platform, rollout.status.0.as_str()) {
        (_, "Created" | "Queued") => "seconds (it has not begun)".to_owned(),
        (Platform::Lambda, _) => {
            format!("about 1 minute (weights only); what runs may still end on {}", rollout.new.label())
        }
        (Platform::Ecs, _) if it.terminating => {
            "about 1 minute (the original task set still runs)".to_owned()
        }
        (Platform::Ecs, _) if moved => "about 1 minute (weights only, old still runs)".to_owned(),
        (Platform::Ecs, _) => "about 1 minute (no traffic has moved, old still runs)".to_owned(),
        _ => "not known".to_owned(),
    }
}

/// Why a deployment that is over cannot be taken back here, and what could.
pub fn over(rollout: &Rollout, it: &Deployment) -> String {
    let status = &rollout.status.0;
    match &it.back {
        Some(back) if back.status == "Succeeded" => {
            format!("it was taken back already, by deployment {}", back.id)
        }
        Some(back) => format!("{status}, and its rollback {} {}: this needs a person", back.id, back.status),
        None if status == "Succeeded" => {
            let gone = match (&it.platform, it.original) {
                (Platform::Ecs, Original::Removed(_)) => ", and the original task set was removed",
                _ => "",
            };
            let hash = it.previous.as_deref().map(|hash| format!(" (sha256 {hash})")).unwrap_or_default();
            format!(
                "it has ended ({status}{gone}): going back now is a new deployment of the previous \
                 revision{hash}, which is not made here"
            )
        }
        None => format!("it has ended ({status}) and nothing takes it back: that needs a new deployment"),
    }
}

/// Whether CodeDeploy would take the call, and what it would go back to.
pub fn checks(rollout: &Rollout, it: &Deployment) -> Vec<Check> {
    let mut list = Vec::new();
    let mut note = |verdict, text: String| list.push(Check { verdict, text });
    let status = &rollout.status.0;
    match &it.platform {
        Platform::Ecs | Platform::Lambda => {}
        Platform::Server => {
            let text =
                "computePlatform Server: machines are replaced or installed anew, which is not followed here";
            note(Verdict::NotHere, text.to_owned());
        }
        Platform::Other(name) => {
            note(Verdict::NotHere, format!("computePlatform `{name}` is not known to this version"));
        }
    }
    match rollout.standing() {
        // What a stack drives CodeDeploy lets nobody stop.
        Standing::Open if !mechanism::owned_by_itself(rollout) => {}
        Standing::Open => note(Verdict::Pass, format!("{status} can be stopped and taken back")),
        Standing::Returning => {
            let id = it.back.as_ref().map(|back| back.id.as_str()).unwrap_or_default();
            note(Verdict::Refuse, format!("already {status}: deployment {id} takes it back"));
        }
        Standing::Ended => note(Verdict::Refuse, over(rollout, it)),
        Standing::Unknown => {
            note(Verdict::Warn, format!("status {status} is new to this version: AWS may refuse"));
        }
    }
    if let Some(first) = &it.back_of {
        let text =
            format!("this is itself the rollback of {first}: stopping it goes back to what that deployed");
        note(Verdict::Warn, text);
    }
    if it.terminating {
        note(Verdict::Pass, "termination wait: the original task set still runs".to_owned());
    }
    match (&it.platform, &rollout.old) {
        (Platform::Ecs, Some(old)) if old.tasks.is_none() && old.health() == Health::Unread => {
            note(Verdict::Warn, format!("tasks and health of old ({}) not known", old.label()));
        }
        (Platform::Ecs, Some(old)) => {
            let (verdict, text) = ecs::old_side(old, true);
            note(verdict, text);
        }
        (Platform::Lambda, Some(old)) => note(Verdict::Pass, format!("{} gets everything back", old.label())),
        (Platform::Ecs | Platform::Lambda, None) if rollout.standing() == Standing::Open => {
            note(Verdict::Warn, "the side that gets the traffic back is not known".to_owned());
        }
        _ => {}
    }
    for problem in &it.unread {
        note(Verdict::Warn, format!("not read: {problem}"));
    }
    list
}

/// How it ended, by the deployment and the one that takes it back.
pub fn judge(seen: &Seen, rollout: &Rollout, it: &Deployment) -> Option<(Ending, String)> {
    let status = rollout.status.0.as_str();
    if let Some(back) = &it.back {
        let id = &back.id;
        return match (open(&back.status), back.status.as_str()) {
            (Standing::Ended, "Succeeded") => taken_back(seen, it, id),
            (Standing::Ended, ended) => Some(if let Some(newer) = rollout.superseded_by() {
                (Ending::Superseded, format!("its rollback {id} {ended}, {newer} came after it"))
            } else {
                let why = back.problem.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                (Ending::Failed, format!("rollback deployment {id} {ended}{why}; this needs a person"))
            }),
            (_, going) => {
                seen.overdue.then(|| (Ending::Unknown, format!("rollback deployment {id} still {going}")))
            }
        };
    }
    // The deployment that takes it back is made a little later, and somebody's next one may be listed before it.
    let may_come = rollout.standing() == Standing::Ended && status != "Succeeded" && !seen.is_over();
    if let Some(newer) = rollout.superseded_by().filter(|_| !may_come) {
        return Some((Ending::Superseded, format!("the group moved on to deployment {newer}")));
    }
    let reason = rollout.status_reason.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    match (status, rollout.standing()) {
        ("Succeeded", _) if seen.lost => {
            return Some((Ending::Failed, "the call never arrived: the shift has finished".to_owned()));
        }
        ("Succeeded", _) => return Some((Ending::Superseded, "somebody finished the shift".to_owned())),
        // The deployment that takes it back is made a little later.
        (_, Standing::Ended) if seen.is_over() => return Some(left(rollout, it, &reason)),
        (_, Standing::Open) if seen.lost && seen.waited > LOST_GRACE => {
            return Some((Ending::Failed, format!("the call never arrived, AWS still says {status}")));
        }
        _ => {}
    }
    seen.overdue.then(|| (Ending::Unknown, format!("still {status}; look at the deployment's events")))
}

/// How it ended once the deployment that takes it back has succeeded: by what the load balancer or the alias says.
fn taken_back(seen: &Seen, it: &Deployment, id: &str) -> Option<(Ending, String)> {
    let unknown = |why: String| (Ending::Unknown, format!("deployment {id} succeeded, but {why}"));
    match it.routed() {
        Some(share) if share > 0.0 => {
            seen.is_over().then(|| unknown(format!("new still has {}", percent(share))))
        }
        None if it.platform.has_weights() => seen.is_over().then(|| {
            let why = if it.unread.is_empty() { "nothing says".to_owned() } else { it.unread.join(", ") };
            unknown(format!("whether new has traffic left is not known: {why}"))
        }),
        Some(_) | None => Some((Ending::Done, format!("deployment {id} took it back: old has all traffic"))),
    }
}

/// How it ended where nothing takes it back: by what had moved until then.
fn left(rollout: &Rollout, it: &Deployment, reason: &str) -> (Ending, String) {
    let status = &rollout.status.0;
    let read_all = it.unread.is_empty();
    let never_began = rollout.started_at.is_none() && it.events.is_empty() && it.moves.is_none() && read_all;
    let weight = if never_began { Some(0.0) } else { rollout.new.weight };
    match (weight, it.routed()) {
        (Some(0.0), None | Some(0.0)) => {
            (Ending::Done, format!("{status} before traffic moved: old has all of it"))
        }
        (None, None) => {
            let why = if read_all { String::new() } else { format!(": {}", it.unread.join(", ")) };
            let text = format!("{status}{reason}, and nothing takes it back; what new has is not known{why}");
            (Ending::Unknown, text)
        }
        _ => (Ending::Failed, format!("{status}{reason}, and nothing takes it back: the split stays")),
    }
}
