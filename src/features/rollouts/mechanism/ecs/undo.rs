//! The rollback of an ECS deployment: its call, what is guarded, what is checked, and how it ends.
//!
//! `StopServiceDeployment` with `stopType=ROLLBACK`, or at a PAUSE hook `ContinueServiceDeployment` with
//! `action=ROLLBACK`. The deployment's ARN is the guard AWS gives: a late stop cannot hit a newer one. The status
//! alone does not say that it is done: new must have no traffic left, and ECS says which revision it went back to.

use super::{Part, Strategy, part_of};
use crate::features::rollouts::mechanism::Outcome;
use crate::features::rollouts::model::{Health, Rollout, Side, Standing, Tasks, arn_tail};
use crate::features::rollouts::preflight::{Check, Verdict};
use crate::features::rollouts::stages::percent;
use crate::features::rollouts::watch::{Ending, LOST_GRACE, Seen};
use crate::text::quoted;
use serde::{Deserialize, Serialize};

/// The call that undoes a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// `StopServiceDeployment` with `stopType=ROLLBACK`. `ABORT` is never sent: it is no rollback.
    Stop {
        /// The deployment to undo.
        deployment: String,
    },
    /// `ContinueServiceDeployment` with `action=ROLLBACK`, at a PAUSE hook. The action is always sent:
    /// without it AWS takes CONTINUE.
    AnswerHook {
        /// The deployment to undo.
        deployment: String,
        /// The hook that waits.
        hook: String,
    },
    /// `UpdateService` with an earlier task definition: a new deployment, once the last one has ended.
    Deploy {
        /// ARN of the cluster.
        cluster: String,
        /// Service name.
        service: String,
        /// Task definition ARN.
        definition: String,
    },
}

impl Call {
    /// The IAM action.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Stop { .. } => "ecs:StopServiceDeployment",
            Self::AnswerHook { .. } => "ecs:ContinueServiceDeployment",
            Self::Deploy { .. } => "ecs:UpdateService",
        }
    }

    /// The parameters in the order sent.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Stop { deployment } => {
                vec![("serviceDeploymentArn", deployment.clone()), ("stopType", "ROLLBACK".to_owned())]
            }
            Self::AnswerHook { deployment, hook } => vec![
                ("serviceDeploymentArn", deployment.clone()),
                ("hookId", hook.clone()),
                ("action", "ROLLBACK".to_owned()),
            ],
            Self::Deploy { cluster, service, definition } => vec![
                ("cluster", cluster.clone()),
                ("service", service.clone()),
                ("taskDefinition", definition.clone()),
            ],
        }
    }

    /// The call as a shell command.
    pub fn command(&self, region: &str) -> String {
        let (verb, options): (&str, &[&str]) = match self {
            Self::Stop { .. } => ("stop-service-deployment", &["--service-deployment-arn", "--stop-type"]),
            Self::AnswerHook { .. } => {
                ("continue-service-deployment", &["--service-deployment-arn", "--hook-id", "--action"])
            }
            Self::Deploy { .. } => ("update-service", &["--cluster", "--service", "--task-definition"]),
        };
        let mut text = format!("aws ecs {verb}");
        for (option, (_, value)) in options.iter().zip(self.params()) {
            text.push(' ');
            text.push_str(option);
            text.push(' ');
            text.push_str(&quoted(&value));
        }
        text.push_str(" --region ");
        text.push_str(&quoted(region));
        text
    }
}

/// The hook to answer: a Lambda hook is nobody's to answer.
fn pause_hook(rollout: &Rollout) -> Option<&str> {
    rollout.waiting_hook().filter(|hook| hook.kind == "PAUSE").map(|hook| hook.id.as_str())
}

/// The call that undoes a deployment where it stands.
pub fn call(rollout: &Rollout) -> Call {
    let deployment = rollout.deployment.clone();
    match pause_hook(rollout) {
        Some(hook) => Call::AnswerHook { deployment, hook: hook.to_owned() },
        None => Call::Stop { deployment },
    }
}

/// What must not change: progress of the same deployment is never among it.
pub fn guarded(rollout: &Rollout) -> Vec<(String, String)> {
    // A service that does not name its current deployment is taken to mean this one.
    let current = rollout.current.as_deref().unwrap_or(&rollout.deployment);
    [
        ("current deployment", current),
        ("target revision", &rollout.new.revision),
        ("status", rollout.standing().word()),
        ("waiting hook", pause_hook(rollout).unwrap_or("none")),
    ]
    .map(|(field, value)| (field.to_owned(), value.to_owned()))
    .to_vec()
}

/// How long it takes, and whether tasks have to start again.
pub fn takes(rollout: &Rollout, strategy: &Strategy) -> (String, bool) {
    let part = rollout.stage.as_deref().and_then(part_of);
    let running = rollout.new.tasks.unwrap_or_default().running;
    let words = match (strategy, part) {
        (Strategy::Rolling, _) if running == 0 => {
            "about 1 minute (no new task runs, old still serves)".to_owned()
        }
        (Strategy::Rolling, _) => format!("several minutes: {running} tasks are replaced again"),
        (_, Some(Part::CleanUp)) => "several minutes: old tasks are going away and start again".to_owned(),
        (_, Some(_)) if rollout.new.weight == Some(0.0) => {
            "about 1 minute (no traffic has moved, old still runs)".to_owned()
        }
        (_, Some(_)) => "about 1 minute (weights only, old still runs)".to_owned(),
        (_, None) => "not known".to_owned(),
    };
    (words, *strategy == Strategy::Rolling || part == Some(Part::CleanUp))
}

/// Whether ECS would take the call, and what it would go back to.
pub fn checks(rollout: &Rollout) -> Vec<Check> {
    let mut list = Vec::new();
    let mut note = |verdict, text: String| list.push(Check { verdict, text });
    match rollout.status.standing() {
        Standing::Open if rollout.old.is_none() => {}
        Standing::Open => note(Verdict::Pass, format!("{} can be rolled back", rollout.status.0)),
        Standing::Returning => {
            note(Verdict::Warn, format!("already {}: asking again changes nothing", rollout.status.0));
        }
        Standing::Ended if rollout.outcome() == Some(Outcome::RolledBack) => {
            note(Verdict::Refuse, format!("it was taken back already: {}", rollout.status.0));
        }
        Standing::Ended => {
            let text = format!(
                "the deployment has ended: {}; going back now is a new deployment, which R offers next",
                rollout.status.0
            );
            note(Verdict::Refuse, text);
        }
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
    if let Some(old) = &rollout.old
        && is_older(&rollout.new, old)
    {
        let (old, new) = (old.label(), rollout.new.label());
        let text = format!(
            "{new} is older than {old}: somebody goes back with it, and this goes forward again to {old}"
        );
        note(Verdict::Warn, text);
    }
    if rollout.sources > 1 {
        let text = format!("{} earlier revisions are active: ECS chooses", rollout.sources);
        note(Verdict::Warn, text);
    }
    match &rollout.old {
        None => note(Verdict::Refuse, "a first deployment: there is nothing to go back to".to_owned()),
        Some(old) => {
            let (verdict, text) = old_side(old, rollout.mechanism.has_weights());
            note(verdict, text);
        }
    }
    list
}

/// Whether a side runs an earlier revision of the same task definition family than the other.
fn is_older<'a>(side: &'a Side, than: &'a Side) -> bool {
    let parts = |side: &'a Side| {
        let (family, number) = side.task_definition.as_deref()?.rsplit_once(':')?;
        Some((family, number.parse::<u64>().ok()?))
    };
    parts(side).zip(parts(than)).is_some_and(|((family, own), (other, newer))| family == other && own < newer)
}

/// Whether the old side can take all traffic, as far as can be seen.
pub fn old_side(old: &Side, apart: bool) -> (Verdict, String) {
    let label = old.label();
    let few = |it: &Tasks| it.running < it.requested || it.running == 0;
    if let Some(tasks) = old.tasks.filter(few) {
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
            let text = match old.tasks.filter(|_| !apart) {
                Some(it) => {
                    format!("old ({label}) runs {} tasks, their health is not told apart", it.running)
                }
                None if old.task_definition.is_none() && old.revision.contains(":service-revision/") => {
                    format!(
                        "health of old ({label}) not known: ecs:DescribeServiceRevisions told nothing of it"
                    )
                }
                None => format!("health of old ({label}) not known: no target group was read"),
            };
            (Verdict::Warn, text)
        }
    }
}

/// How it ended once ECS says that it is back: by what new has left, and by where it went.
fn back(seen: &Seen, rollout: &Rollout) -> Option<(Ending, String)> {
    let unknown = |why: &str| {
        let text = format!("{}, but {why}", rollout.status.0);
        seen.is_over().then_some((Ending::Unknown, text))
    };
    // A service behind nothing has no weights, whatever its strategy.
    if rollout.mechanism.has_weights() && seen.plan.from.weight.is_some() {
        match rollout.new.weight {
            None => return unknown("AWS does not say what traffic new still has"),
            Some(weight) if weight > 0.0 => {
                return unknown(&format!("new still has {}", percent(weight)));
            }
            Some(_) => {}
        }
    }
    let Some(went) = rollout.rollback.as_ref().and_then(|it| it.revision.as_deref()) else {
        return unknown("AWS does not say which revision it went back to");
    };
    let planned = seen.plan.to.as_ref();
    if planned.is_some_and(|to| to.revision == went) {
        return Some((Ending::Done, "old has all traffic again".to_owned()));
    }
    let read = rollout.old.as_ref().filter(|old| old.revision == went);
    let label = read.map_or_else(|| arn_tail(went).to_owned(), Side::label);
    let planned = planned.map(|to| format!(" and not to {} as planned", to.label)).unwrap_or_default();
    Some((Ending::Done, format!("new has no traffic, ECS went back to {label}{planned}")))
}

/// How it ended, by what ECS says of the deployment.
pub fn judge(seen: &Seen, rollout: &Rollout) -> Option<(Ending, String)> {
    let status = rollout.status.0.as_str();
    let reason = rollout.status_reason.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    match status {
        "ROLLBACK_SUCCESSFUL" => return back(seen, rollout),
        "ROLLBACK_FAILED" => {
            return Some((Ending::Failed, format!("ROLLBACK_FAILED{reason}; this needs a person")));
        }
        _ => {}
    }
    // Another deployment ends the one before it: that is neither ours nor a failure.
    if let Some(newer) = rollout.superseded_by() {
        let why = format!("the service moved on to deployment {}", arn_tail(newer));
        return Some((Ending::Superseded, why));
    }
    match (status, rollout.status.standing()) {
        ("SUCCESSFUL", _) => {
            return Some((Ending::Failed, "the shift finished before the call had an effect".to_owned()));
        }
        (_, Standing::Ended) => {
            return Some((Ending::Failed, format!("{status}{reason}; it did not go back")));
        }
        _ => {}
    }
    if seen.lost && rollout.status.standing() == Standing::Open && seen.waited > LOST_GRACE {
        return Some((Ending::Failed, format!("the call never arrived, AWS still says {status}")));
    }
    seen.overdue.then(|| (Ending::Unknown, format!("still {status}; look at the deployment's events")))
}
