//! After a shift has ended: an earlier revision of its service deployed again.
//!
//! `UpdateService` with an earlier task definition is a new deployment forward, by the service's own strategy. It
//! brings back what the containers run and nothing else of that revision. AWS compares nothing for us, so the
//! service's current deployment, what it runs and what is chosen are guarded. The call is in `undo.rs`, what is
//! checked before it in `again_checks.rs`. Pure.

use super::{Call, Strategy};
use crate::features::rollouts::mechanism;
use crate::features::rollouts::model::{Image, Rollout, Side, Standing, Status, arn_tail};
use crate::features::rollouts::watch::{Ending, LOST_GRACE, Look, Seen};
use crate::text::units;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which earlier revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// The one before the one that runs.
    Before,
    /// The one with this service revision ARN.
    Revision(String),
}

/// A revision that the service ran earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// Service revision ARN.
    pub revision: String,
    /// Task definition ARN, as it is sent.
    pub definition: String,
    /// Images of its containers, as they were resolved then.
    pub images: Vec<Image>,
    /// When the service revision was made.
    pub made: Option<Timestamp>,
}

impl Earlier {
    /// `rev 41`, as of its task definition.
    pub fn label(&self) -> String {
        let number = self.definition.rsplit(':').next();
        format!("rev {}", number.unwrap_or_else(|| arn_tail(&self.revision)))
    }

    /// Whether it is of a later task definition than this one.
    pub fn is_newer_than(&self, definition: &str) -> bool {
        let number = |arn: &str| arn.rsplit(':').next().and_then(|it| it.parse::<u64>().ok());
        number(&self.definition) > number(definition)
    }

    /// Whether it is what a person means: its number, label, task definition or one of its ARNs.
    pub fn answers_to(&self, asked: &str) -> bool {
        let label = self.label();
        let number = label.trim_start_matches("rev ");
        [&label, number, &self.definition, arn_tail(&self.definition), &self.revision].contains(&asked)
    }
}

/// What two service revisions differ in beside what their containers run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What: `platform version`.
    pub what: String,
    /// Of the revision that runs: this stays.
    pub running: String,
    /// Of the earlier one: this does not come back.
    pub earlier: String,
}

/// A deployment that is the service's current one instead of the one that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Newer {
    /// Its ARN.
    pub deployment: String,
    /// Its status.
    pub status: Status,
    /// AWS's reason for it.
    pub reason: Option<String>,
    /// ARN of the task definition that it brings; `None` when its revision could not be read.
    pub definition: Option<String>,
    /// Share of traffic on it in percent, where there are weights.
    pub weight: Option<f64>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// A deployment after the one that was looked at and before the one that is current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Between {
    /// Its ARN.
    pub deployment: String,
    /// ARN of the task definition that it brought; `None` when its revision could not be read.
    pub definition: Option<String>,
}

/// A service whose last deployment has ended, and what could be deployed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Again {
    /// How the service deploys.
    pub strategy: Strategy,
    /// What was asked for.
    pub wanted: Wanted,
    /// ARN of the task definition that the service runs.
    pub running: String,
    /// The revisions that it ran earlier and could run again, newest first. At most 20.
    pub earlier: Vec<Earlier>,
    /// The one of them that was deployed over before it came to its end.
    #[serde(default)]
    pub unproven: Option<String>,
    /// Why not all of them could be read.
    pub unread: Option<String>,
    /// Status of the chosen one's task definition; `None` when AWS knows none; why it could not be read.
    pub definition: Result<Option<String>, String>,
    /// What differs between the revision that runs and the chosen one, beside the task definition.
    pub differences: Vec<Difference>,
    /// Lifecycle hooks of the service: `PAUSE at POST_TEST_TRAFFIC_SHIFT`.
    pub hooks: Vec<String>,
    /// Tasks that the service is to have.
    pub desired: u32,
    /// Whether ECS runs the service as an Express service.
    pub express: bool,
    /// The deployment that is current now, where that is another one.
    pub newer: Option<Newer>,
    /// What was deployed before that one and after the one that was looked at, oldest first, at most 20; or why
    /// that could not be read.
    pub between: Result<Vec<Between>, String>,
}

impl Again {
    /// The revision that is to be deployed again.
    pub fn chosen(&self) -> Option<&Earlier> {
        match &self.wanted {
            Wanted::Before => self.earlier.first(),
            Wanted::Revision(arn) => self.earlier.iter().find(|it| it.revision == *arn),
        }
    }

    /// What it waits for by its strategy, beside starting tasks: steps and bake time.
    pub fn waits(&self, bake: Option<Duration>) -> Duration {
        let steps = match &self.strategy {
            Strategy::Canary { bake, .. } => *bake,
            Strategy::Linear { step, bake } if *step > 0.0 => {
                let waits = ((100.0 / step).ceil() as u32).saturating_sub(1);
                bake.checked_mul(waits).unwrap_or_default()
            }
            _ => Duration::ZERO,
        };
        steps + bake.unwrap_or_default()
    }
}

/// What a plan shows of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgainFacts {
    /// The revision that runs: `rev 42`.
    pub running: String,
    /// All that could be chosen, newest first.
    pub choices: Vec<Earlier>,
    /// ARN of the chosen one's service revision; `None` when there is none to choose.
    pub chosen: Option<String>,
    /// What it brings back.
    pub restores: Vec<String>,
    /// What the earlier revision had and does not get back.
    pub lost: Vec<String>,
    /// What stays as it is now.
    pub keeps: Vec<String>,
    /// Why a command that names no revision must not take the one before: whoever runs it twice would go from one
    /// revision to the next.
    pub unasked: Option<String>,
}

impl AgainFacts {
    /// The chosen one and those beside it.
    pub fn choice(&self) -> Option<&Earlier> {
        self.choices.iter().find(|it| Some(&it.revision) == self.chosen.as_ref())
    }

    /// What it is, in sentences, in the order read.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.restores.is_empty() {
            lines.push(format!("brings back: {}", self.restores.join("; ")));
            if !self.lost.is_empty() {
                lines.push(format!("does not bring back: {}", self.lost.join("; ")));
            }
            lines.push(format!("leaves as it is: {}", self.keeps.join("; ")));
        }
        lines
    }

    /// All that could be chosen, where there is a choice: `rev 41, rev 40`.
    pub fn labels(&self) -> Option<String> {
        let labels: Vec<String> = self.choices.iter().map(Earlier::label).collect();
        (labels.len() > 1).then(|| labels.join(", "))
    }

    /// What was asked for.
    pub fn wanted(&self) -> Wanted {
        self.chosen.clone().map_or(Wanted::Before, Wanted::Revision)
    }
}

/// What a plan shows beside the call.
pub fn facts(rollout: &Rollout, again: &Again) -> AgainFacts {
    let running = arn_tail(&again.running);
    let chosen = again.chosen();
    let mut restores = Vec::new();
    if let Some(chosen) = chosen {
        restores.push(format!("task definition {} (now {running})", arn_tail(&chosen.definition)));
        let now = images(&rollout.new.images);
        for image in &chosen.images {
            let image = image.with_digest();
            let same = if now.contains(&image) { " (the same now)" } else { "" };
            restores.push(format!("image {image}{same}"));
        }
    }
    let lost = again.differences.iter();
    let lost = lost.map(|it| format!("{} {} (stays {})", it.what, it.earlier, it.running)).collect();
    let what =
        ["network", "load balancers", "platform version", "capacity provider", "volumes", "service connect"];
    let differ = |what: &&&str| again.differences.iter().any(|it| it.what == ***what);
    let same: Vec<&str> = what.iter().filter(|what| !differ(what)).copied().collect();
    let mut keeps = Vec::new();
    if chosen.is_some() && !same.is_empty() {
        keeps.push(format!("{} (the same in both)", same.join(", ")));
    }
    keeps.push(format!("desired count {}", again.desired));
    AgainFacts {
        running: rollout.new.label(),
        choices: again.earlier.clone(),
        chosen: chosen.map(|it| it.revision.clone()),
        restores,
        lost,
        keeps,
        unasked: unasked(rollout, again),
    }
}

fn unasked(rollout: &Rollout, again: &Again) -> Option<String> {
    let status = &rollout.status.0;
    if status.starts_with("ROLLBACK") {
        return Some(format!("its last deployment was rolled back already ({status})"));
    }
    let chosen = again.chosen().filter(|chosen| chosen.is_newer_than(&again.running))?;
    Some(format!("the revision before is {}, which is newer than the one that runs", chosen.label()))
}

fn images(images: &[Image]) -> Vec<String> {
    images.iter().map(Image::with_digest).collect()
}

/// The call that deploys the chosen revision.
pub fn call(rollout: &Rollout, again: &Again) -> Call {
    let (cluster, service) = rollout.name.ecs_parts().unwrap_or_default();
    // The cluster's ARN names its account and region, so that the call cannot hit a cluster of that name elsewhere. The
    // service is documented by its name alone.
    let arn = rollout.deployment.split_once(":service-deployment/");
    let cluster = arn.map_or_else(|| cluster.to_owned(), |(home, _)| format!("{home}:cluster/{cluster}"));
    let definition = again.chosen().map(|it| it.definition.clone()).unwrap_or_default();
    Call::Deploy { cluster, service: service.to_owned(), definition }
}

/// The side that would run again: it has no tasks and no traffic now.
pub fn side(earlier: &Earlier) -> Side {
    Side {
        task_definition: Some(arn_tail(&earlier.definition).to_owned()),
        images: earlier.images.clone(),
        published: earlier.made,
        ..Side::of(&earlier.revision)
    }
}

/// What is guarded of the service itself, and looked at once more right before the call: its current deployment
/// and its task definition.
pub fn service_fields(current: String, running: String) -> [(&'static str, String); 2] {
    [("current deployment", current), ("running task definition", running)]
}

/// What must not change.
pub fn guarded(rollout: &Rollout, again: &Again) -> Vec<(String, String)> {
    let none = || "none".to_owned();
    let current = rollout.current.clone().unwrap_or_else(|| rollout.deployment.clone());
    let [current, running] = service_fields(current, again.running.clone());
    [
        current,
        running,
        ("revision to deploy", again.chosen().map_or_else(none, |it| it.revision.clone())),
        ("its task definition", again.chosen().map_or_else(none, |it| it.definition.clone())),
        ("status", rollout.standing().word().to_owned()),
    ]
    .map(|(field, value)| (field.to_owned(), value))
    .to_vec()
}

/// How long it takes, in words: what is waited for on purpose is known beforehand, the rest from the last time.
pub fn takes(rollout: &Rollout, again: &Again) -> String {
    let waits = again.waits(rollout.bake);
    let mut parts = Vec::new();
    match &again.strategy {
        Strategy::Canary { percent, bake } => {
            parts.push(format!("{} at {}", units::age(*bake), super::percent(*percent)));
        }
        Strategy::Linear { step, bake } => {
            parts.push(format!("steps of {} every {}", super::percent(*step), units::age(*bake)));
        }
        _ => {}
    }
    parts
        .extend(rollout.bake.filter(|bake| !bake.is_zero()).map(|bake| format!("bake {}", units::age(bake))));
    let strategy = again.strategy.label();
    let tasks = if again.desired == 1 { "1 task".to_owned() } else { format!("{} tasks", again.desired) };
    let mut words = if parts.is_empty() {
        format!("{strategy}: {tasks} replaced; nothing says how long that takes")
    } else {
        let waits = units::age(waits);
        format!("{strategy}: {waits} of waits ({}), and the start of {tasks}", parts.join(", "))
    };
    let took = rollout.started_at.zip(rollout.finished_at).map(|(from, to)| to.duration_since(from));
    if let Some(took) = took.and_then(|took| Duration::try_from(took).ok()) {
        words = format!("{words}; the last deployment took {}", units::age(took));
    }
    words
}

/// What the deployment that was asked for is doing, once there is one.
pub fn look(again: &Again) -> Option<Look> {
    let newer = again.newer.as_ref()?;
    Some(Look { status: newer.status.0.clone(), weight: newer.weight, finished_at: newer.finished_at })
}

/// How it ended: by the deployment of exactly what was sent, or by somebody's of something else.
pub fn judge(seen: &Seen, again: &Again) -> Option<(Ending, String)> {
    let mechanism::Call::Ecs(Call::Deploy { definition, .. }) = &seen.plan.call else { return None };
    let sent = arn_tail(definition);
    let Some(newer) = &again.newer else {
        if seen.lost && seen.waited > LOST_GRACE {
            let why = "the call never arrived: the service has no newer deployment".to_owned();
            return Some((Ending::Failed, why));
        }
        return seen.overdue.then(|| {
            (Ending::Unknown, "no new deployment has begun; look at the service's deployments".to_owned())
        });
    };
    let id = arn_tail(&newer.deployment);
    match &newer.definition {
        Some(other) if other != definition => {
            let why = format!("somebody deployed {} (deployment {id})", arn_tail(other));
            return Some((Ending::Superseded, why));
        }
        None => {
            let why = format!("what deployment {id} brings cannot be read; look at it");
            return seen.overdue.then_some((Ending::Unknown, why));
        }
        Some(_) => {}
    }
    let reason = newer.reason.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    match (newer.status.0.as_str(), newer.status.standing()) {
        ("SUCCESSFUL", _) => {
            let replaced = replaced(again, definition);
            Some((Ending::Done, format!("{sent} is deployed again (deployment {id}){replaced}")))
        }
        (status, Standing::Ended) => Some((
            Ending::Failed,
            format!("deployment {id} of {sent} ended {status}{reason}; this needs a person"),
        )),
        (status, _) => {
            let why = format!("deployment {id} is still {status}; look at its events");
            seen.overdue.then_some((Ending::Unknown, why))
        }
    }
}

/// What somebody deployed since the plan, which the deployment of what was `sent` took the place of.
fn replaced(again: &Again, sent: &str) -> String {
    let between = match &again.between {
        Ok(between) => between,
        Err(why) => return format!("; what was deployed just before it is not known: {why}"),
    };
    let others = between.iter().filter(|it| it.definition.as_deref() != Some(sent));
    let others = others.map(|it| {
        let what = it.definition.as_deref().map_or("what cannot be read", arn_tail);
        format!("{what} (deployment {})", arn_tail(&it.deployment))
    });
    let others: Vec<String> = others.collect();
    if others.is_empty() {
        return String::new();
    }
    format!("; it replaced what somebody deployed since the plan: {}", others.join(", "))
}
