//! What is asked about rollouts and what the answers carry.
//!
//! These travel in messages and recordings, so all of them are plain data. The shift itself is in
//! `model.rs`.

use super::autopsy::Autopsy;
use super::mechanism::ecs::Wanted;
use super::model::{Event, Owner, Rollout, RolloutName, SideMetrics, Strategy, Tasks};
use super::plan::Caller;
use super::span::Start;
use super::verdict::{Settings, Verdict};
use crate::aws::{SourceError, TargetId};
use crate::config::{self, Config};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An ECS service, in flight or at rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceSummary {
    /// Which.
    pub name: RolloutName,
    /// Who may change its split.
    pub owner: Owner,
    /// How its deployments move traffic.
    pub strategy: Strategy,
    /// Task counts of all revisions together.
    pub tasks: Tasks,
    /// `family:number` of its task definition.
    pub task_definition: String,
    /// Target groups it was given.
    pub groups: Vec<String>,
    /// Its current (or last) deployment.
    pub deployment: Option<String>,
}

/// What to look at beside what is found by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutsQuery {
    /// Lambda functions that the config names, sorted.
    pub functions: Arc<Vec<String>>,
    /// ARNs of the rules, and of the listeners for their default actions, that forward to several groups, as
    /// discovery found them, sorted.
    pub forwards: Arc<Vec<String>>,
    /// Names of the groups that the config says are the stable ones.
    pub stable: Arc<Vec<String>>,
}

impl RolloutsQuery {
    /// What the config and discovery say to look at in a target.
    pub fn of(config: &Config, target: &TargetId, forwards: &Arc<Vec<String>>) -> Self {
        let named = config.services.iter().filter_map(|service| service.lambda.as_deref());
        let functions: BTreeSet<&str> = named.map(|name| name.split(':').next().unwrap_or(name)).collect();
        Self {
            functions: Arc::new(functions.into_iter().map(str::to_owned).collect()),
            forwards: forwards.clone(),
            stable: Arc::new(stable_groups(config, target)),
        }
    }
}

/// The target groups that the config says are the stable ones in a target.
pub fn stable_groups(config: &Config, target: &TargetId) -> Vec<String> {
    let here = |service: &&config::Service| service.target.as_deref().is_none_or(|it| it == target.as_str());
    let services = config.services.iter().filter(here);
    services.filter_map(|service| service.stable_target_group.clone()).collect()
}

/// Ended shifts in the list.
pub const MAX_RECENT: usize = 50;

/// What the list knows of one target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RolloutList {
    /// All services, by name. At most 2,000.
    pub services: Arc<Vec<ServiceSummary>>,
    /// Shifts in flight. At most 100.
    pub shifts: Vec<Rollout>,
    /// Shifts that ended within a day, of all mechanisms, newest first. At most [`MAX_RECENT`].
    pub recent: Arc<Vec<Rollout>>,
    /// Services beyond the bound.
    pub dropped: u32,
    /// What could not be read or was left out, in sentences.
    pub notes: Vec<String>,
    /// What was not asked yet: mechanisms that take long are left out of the first answer.
    pub pending: Vec<String>,
    /// The rules and listeners that were looked at, as asked: discovery may know of others since.
    pub forwards: Arc<Vec<String>>,
    /// Why ECS could not be read: its services and shifts are those of an earlier read, or none at all.
    pub ecs_unread: Option<SourceError>,
}

impl RolloutList {
    /// Takes what exact reads saw later of the shifts in flight, so that a list does not contradict the watch of a
    /// rollback. How far each one came is seen by the list alone.
    pub fn take_newer(&mut self, exact: &[Rollout]) {
        for shift in &mut self.shifts {
            let asked = ShiftRef::of(shift);
            let newer = |it: &&Rollout| asked.is(it) && it.name == shift.name && it.read_at >= shift.read_at;
            if let Some(newer) = exact.iter().find(newer) {
                let newer = newer.clone().after(shift);
                *shift = Rollout { progress: std::mem::take(&mut shift.progress), ..newer };
            }
        }
    }

    /// Whether all mechanisms were asked.
    pub fn is_whole(&self) -> bool {
        self.pending.is_empty()
    }

    /// The names there are: of all services, and of what shifts or did.
    pub fn names(&self) -> impl Iterator<Item = &RolloutName> {
        let shifts = self.shifts.iter().chain(self.recent.iter()).map(|shift| &shift.name);
        self.services.iter().map(|service| &service.name).chain(shifts)
    }

    /// The shift of a service: the one in flight, else the one that ended last.
    /// Something else may move it.
    pub fn shift_of(&self, name: &RolloutName) -> Option<&Rollout> {
        let own = self.shifts.iter().chain(self.recent.iter()).find(|shift| shift.name == *name);
        own.or_else(|| self.mover_of(name))
    }

    /// Shifts of something that has another name: a service or alias that CodeDeploy moves.
    pub fn movers(&self) -> impl Iterator<Item = &Rollout> {
        self.shifts.iter().chain(self.recent.iter()).filter(|shift| *shift.thing() != shift.name)
    }

    /// The shift that moves a thing of another name: the one in flight, else the one that ended last.
    pub fn mover_of(&self, thing: &RolloutName) -> Option<&Rollout> {
        self.movers().find(|shift| shift.thing() == thing)
    }
}

/// One deployment to read exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftRef {
    /// Its service.
    pub name: RolloutName,
    /// Its ARN.
    pub deployment: String,
    /// It has ended: which earlier revision of the service is to be deployed again. `None` for the shift itself.
    pub again: Option<Wanted>,
}

impl ShiftRef {
    /// The reference to a shift.
    pub fn of(shift: &Rollout) -> Self {
        Self { name: shift.name.clone(), deployment: shift.deployment.clone(), again: None }
    }

    /// Whether a read is what this asks for.
    pub fn is(&self, read: &Rollout) -> bool {
        self.deployment == read.deployment
            && self.again.as_ref() == read.mechanism.again().map(|it| &it.wanted)
    }
}

/// Which deployments to read exactly: the dialog's and those of rollbacks being watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftsQuery {
    /// Which.
    pub shifts: Vec<ShiftRef>,
    /// Names or ARNs of the target groups that are said to be the stable ones.
    pub stable: Vec<String>,
    /// Also who would be calling, with the credentials for writes: the dialog is open.
    pub caller: bool,
}

/// Exact reads of some deployments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shifts {
    /// Those that could be read.
    pub shifts: Vec<Rollout>,
    /// Those that could not.
    pub failed: Vec<(ShiftRef, SourceError)>,
    /// Who would be calling, when asked for.
    pub caller: Option<Result<Caller, SourceError>>,
    /// Why the target takes no writes.
    pub no_writes: Option<String>,
}

/// What to read of an opened service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetailQuery {
    /// Which.
    pub name: RolloutName,
    /// The sides' target groups and since when; `None` when there is no shift to compare.
    pub metrics: Option<Box<MetricsQuery>>,
    /// Task definition (`family:number`) of the side whose stopped tasks are to be read.
    pub stopped: Option<String>,
    /// The newest event and the failures that the list knows: it is read again at once when there are others, so
    /// that what stopped is not told later than that something did.
    #[serde(default)]
    pub seen: (Option<Timestamp>, u32),
}

/// Whose metrics tell what each side did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Sides {
    /// Target groups of a load balancer: their `LoadBalancer` and `TargetGroup` dimensions.
    TargetGroups {
        /// The old side's.
        old: Vec<(String, String)>,
        /// The new side's.
        new: Vec<(String, String)>,
    },
    /// Versions of a function behind an alias.
    Versions {
        /// Function name.
        function: String,
        /// Alias name.
        alias: String,
        /// The version that the alias points at.
        old: String,
        /// The one that it sends a share to.
        new: String,
    },
}

/// Whose metrics to compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricsQuery {
    /// The shift's deployment.
    pub deployment: String,
    /// The sides.
    pub sides: Sides,
    /// When traffic began to move.
    pub start: Start,
    /// How to compare.
    pub settings: Settings,
}

/// What an opened service has beside the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolloutDetail {
    /// Which service.
    pub name: RolloutName,
    /// Its deployments of the last day, newest first, the one in flight left out. At most 20. Of the newest the
    /// health is read, unless another one is in flight: it serves.
    pub history: Vec<Rollout>,
    /// Its events, newest first.
    pub events: Vec<Event>,
    /// What both sides did.
    pub metrics: Option<Box<Comparison>>,
    /// Why the metrics could not be read.
    pub metrics_error: Option<String>,
    /// Which task definition's stopped tasks were read, and what they tell or why not.
    pub stopped: Option<(String, Result<Autopsy, String>)>,
}

/// What both sides of a shift did, and whether the new one is worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The shift's deployment.
    pub deployment: String,
    /// The old side, in the minutes that were compared.
    pub old: SideMetrics,
    /// The new side, in the same.
    pub new: SideMetrics,
    /// When it was read.
    pub read_at: Timestamp,
    /// The first minute of the shift in which the new side had requests; `None` when it had none yet.
    pub from: Option<Timestamp>,
    /// The end of the newest minute that counts: younger ones may not be whole. `None` without any.
    pub until: Option<Timestamp>,
    /// What follows from the counts.
    pub verdict: Verdict,
}
