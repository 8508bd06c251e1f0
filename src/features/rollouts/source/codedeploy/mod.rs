//! Deployments of CodeDeploy, and the call that stops one and takes it back.
//!
//! Nothing is swept: CodeDeploy lists deployments by their status without being told applications. A deployment
//! is read with its targets (weights, lifecycle events), its configuration (steps) and its group (alarms); of an
//! ECS service also the task sets and the load balancer, of an alias its versions and its own weights. Only the
//! deployment and the one that takes it back must be readable: sending a rollback rests on nothing else. Whether
//! it is done rests on the load balancer or the alias as well, so an exact read asks them also when it is over.

pub mod calls;
mod convert;
mod facts;
mod list;
mod stack;

pub use list::ListReader;

use super::{ecs, lambda};
use crate::aws::operation::{BATCH_GET_DEPLOYMENTS, GET_ALIAS, LIST_DEPLOYMENTS, STOP_DEPLOYMENT};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::rollouts::mechanism::codedeploy::{Back, Call, Deployment};
use crate::features::rollouts::model::{Mechanism, Rollout, RolloutName, Standing};
use crate::features::rollouts::stages::Progress;
use aws_sdk_codedeploy::operation::RequestId;
use aws_sdk_codedeploy::types::{DeploymentInfo, DeploymentTarget, TimeRange};
use calls::PER_CALL;
use convert::Target;
use facts::Facts;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Entries kept of anything that is remembered between reads.
const MAX_KEPT: usize = 512;
/// Events of a shift, which are CodeDeploy's and the service's.
const MAX_EVENTS: usize = 100;
/// Somebody was faster, or it ended by itself.
pub const ALREADY_OVER: &str = "DeploymentAlreadyCompletedException";

/// Makes the call, once, and gives its request id.
pub async fn undo(call: &Call, conn: &Conn) -> Result<Option<String>, SourceError> {
    // Left out, the group's own setting would decide; without it a stop leaves the traffic where it is.
    let request =
        conn.codedeploy().stop_deployment().deployment_id(&call.deployment).auto_rollback_enabled(true);
    let answer = conn.mutate(&STOP_DEPLOYMENT, request.send()).await;
    answer.map(|answer| answer.request_id().map(str::to_owned))
}

/// Reads deployments whole.
pub struct Reader {
    conn: Conn,
    ecs: ecs::Reader,
    lambda: lambda::Reader,
    facts: Facts,
    progress: BTreeMap<String, Progress>,
    /// Targets of a deployment, which never change.
    targets: BTreeMap<String, Vec<String>>,
}

/// Makes room for one more.
fn room<K: Ord, V>(map: &mut BTreeMap<K, V>) {
    while map.len() >= MAX_KEPT {
        map.pop_first();
    }
}

/// How much of a deployment is read.
enum Depth {
    /// For the list: what is over is not asked where its traffic is.
    Listed,
    /// All of it, also when it is over: a rollback is judged by it. With the deployment that takes it back,
    /// where that is known although the deployment itself does not name it yet.
    Exact(Option<Back>),
}

/// What a failed read of a part means: a login or a key is missing, or the part is.
fn part<T>(read: Result<T, SourceError>, what: &str, it: &mut Deployment) -> Result<Option<T>, SourceError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.class.parks() => Err(error),
        Err(error) => {
            it.unread.push(format!("{what}: {}", error.short()));
            Ok(None)
        }
    }
}

impl Reader {
    /// A reader; load balancer facts younger than `balancer_age` are not asked for again.
    pub fn new(conn: &Conn, balancer_age: SignedDuration) -> Self {
        Self {
            // What a rollback rests on is never refused for its price.
            conn: conn.uncapped(),
            ecs: ecs::Reader::new(conn, balancer_age),
            lambda: lambda::Reader::new(conn),
            facts: Facts::new(conn),
            progress: BTreeMap::new(),
            targets: BTreeMap::new(),
        }
    }

    /// One deployment, with what came after it in its group once it is over.
    ///
    /// # Errors
    /// Also when it is no longer there.
    pub async fn shift(&mut self, id: &str, now: Timestamp) -> Result<Rollout, SourceError> {
        let infos = calls::infos(&self.conn, &[id.to_owned()]).await?;
        let info = infos.first().ok_or_else(|| {
            let text = format!("deployment {} is no longer there", ecs::text(Some(id)));
            SourceError::new(ErrorClass::Service, BATCH_GET_DEPLOYMENTS.action, text)
        })?;
        let mut shift = self.complete(info, Depth::Exact(None), now).await?;
        if shift.standing() == Standing::Ended {
            let (newer, back) = self.later(info, &shift).await?;
            if let Some(back) = back {
                shift = self.complete(info, Depth::Exact(Some(back)), now).await?;
            }
            shift.current = newer;
        }
        Ok(shift)
    }

    /// The newest deployment of a group after this one, and the one that takes it back where that was made since
    /// the deployment was read.
    async fn later(
        &self,
        info: &DeploymentInfo,
        shift: &Rollout,
    ) -> Result<(Option<String>, Option<Back>), SourceError> {
        let request = self
            .conn
            .codedeploy()
            .list_deployments()
            .set_application_name(info.application_name().map(str::to_owned))
            .set_deployment_group_name(info.deployment_group_name().map(str::to_owned))
            .create_time_range(TimeRange::builder().set_start(info.create_time().copied()).build());
        let answer = self.conn.call(&LIST_DEPLOYMENTS, request.send()).await?;
        let back = convert::rolled_back_by(info);
        let mut ids: Vec<String> = answer.deployments.unwrap_or_default();
        ids.retain(|id| *id != shift.deployment && Some(id) != back.as_ref());
        ids.truncate(PER_CALL);
        if ids.is_empty() {
            return Ok((None, None));
        }
        let found = calls::infos(&self.conn, &ids).await?;
        let takes_back = |it: &&DeploymentInfo| convert::takes_back(it).as_ref() == Some(&shift.deployment);
        let back = found.iter().find(takes_back).and_then(convert::back);
        // Only the start of the time range is exact to the second.
        let after = |it: &&DeploymentInfo| ecs::time(it.create_time()) > shift.created_at;
        let newer = found.iter().filter(|it| after(it) && !takes_back(it));
        Ok((newer.max_by_key(|it| ecs::time(it.create_time())).and_then(convert::id), back))
    }

    /// A deployment with everything else there is to read of it.
    async fn complete(
        &mut self,
        info: &DeploymentInfo,
        depth: Depth,
        now: Timestamp,
    ) -> Result<Rollout, SourceError> {
        let unnamed = || {
            let text = "the answer names no application or group";
            SourceError::new(ErrorClass::NotAws, BATCH_GET_DEPLOYMENTS.action, text)
        };
        let mut shift = convert::rollout(info, now).ok_or_else(unnamed)?;
        let (exact, known) = match depth {
            Depth::Listed => (false, None),
            Depth::Exact(known) => (true, known),
        };
        let back = match (known, convert::rolled_back_by(info)) {
            (Some(back), _) => Some(back),
            (None, Some(id)) => calls::infos(&self.conn, &[id]).await?.first().and_then(convert::back),
            (None, None) => None,
        };
        if let Some(back) = back {
            with_back(&mut shift, back);
        }
        let mut it = shift.mechanism.codedeploy().cloned().ok_or_else(unnamed)?;
        let live = it.standing(&shift.status.0) != Standing::Ended;
        if live || exact {
            self.facts.complete(info, &mut shift, &mut it, now).await?;
        }
        if it.platform.has_weights() {
            // One that did not succeed does not say where its traffic is now.
            let asks = live || exact || shift.status.0 != "Succeeded";
            self.targets(info, &mut shift, &mut it, asks, now).await?;
        }
        if live || exact {
            self.ecs.add_balancers(std::slice::from_mut(&mut shift), now).await;
            it.group_share = it.group_share.or_else(|| self.facts.share(info, &shift.new));
        }
        let ready = shift.status.0 == "Ready";
        shift.stage = convert::stage(&it, ready);
        if ready {
            shift.hooks = vec![convert::hook(info, it.last_end().or(shift.updated_at))];
        }
        let mut own = convert::events(&it.events);
        own.append(&mut shift.events);
        own.sort_by_key(|event| std::cmp::Reverse(event.at));
        own.truncate(MAX_EVENTS);
        shift.events = own;
        shift.mechanism = Mechanism::CodeDeploy(Box::new(it));
        if live {
            if !self.progress.contains_key(&shift.deployment) {
                room(&mut self.progress);
            }
            let progress = self.progress.entry(shift.deployment.clone()).or_default();
            progress.observe(shift.stage.as_deref(), shift.new.weight, shift.updated_at, now);
            shift.progress = progress.clone();
        }
        Ok(shift)
    }

    /// Weights and lifecycle events; `asks` also for the service or the alias as it is now.
    async fn targets(
        &mut self,
        info: &DeploymentInfo,
        shift: &mut Rollout,
        it: &mut Deployment,
        asks: bool,
        now: Timestamp,
    ) -> Result<(), SourceError> {
        let read = self.read_targets(&shift.deployment).await;
        for target in part(read, "targets", it)?.unwrap_or_default() {
            let (target, events, updated) = convert::target(&target);
            it.events = events;
            shift.updated_at = updated;
            match target {
                Target::Ecs { place, sets } => {
                    it.moves = Some(RolloutName::ecs(&place.0, &place.1));
                    let service = if asks {
                        let read = self.ecs.services(&place.0, std::slice::from_ref(&place.1)).await;
                        part(read, "task sets", it)?.and_then(|read| read.into_iter().next())
                    } else {
                        None
                    };
                    self.facts.task_sets(info, service.as_ref(), sets, shift, it).await?;
                }
                Target::Lambda { function, alias, current, target, weight } => {
                    let sides = [&current, &target];
                    let has = if asks { self.alias(&function, &alias, sides, it).await? } else { None };
                    let share = has.map(|[_, new]| new);
                    it.alias_share = share;
                    let said = percent_of(weight, share);
                    // The traffic goes where the alias sends it, whatever a deployment that was stopped says.
                    let differs = has.filter(|[_, new]| (new - said).abs() > 1.0);
                    it.said = differs.map(|_| said);
                    let [old, weight] = differs.unwrap_or([100.0 - said, said]);
                    if !current.is_empty() {
                        shift.old = Some(self.lambda.side(&function, &current, old).await);
                    }
                    if !target.is_empty() {
                        shift.new = self.lambda.side(&function, &target, weight).await;
                    }
                    it.moves = Some(RolloutName::Lambda { function, alias });
                }
                Target::Stack { weight } => self.stack(info, weight, shift, it, now).await?,
                Target::Other => {}
            }
        }
        Ok(())
    }

    async fn read_targets(&mut self, id: &str) -> Result<Vec<DeploymentTarget>, SourceError> {
        let ids = if let Some(known) = self.targets.get(id) {
            known.clone()
        } else {
            // A deployment to a service or an alias has one target.
            let ids: Vec<String> = calls::target_ids(&self.conn, id).await?.into_iter().take(1).collect();
            if !ids.is_empty() {
                room(&mut self.targets);
                self.targets.insert(id.to_owned(), ids.clone());
            }
            ids
        };
        calls::targets(&self.conn, id, ids).await
    }

    /// Shares of two versions in percent, as the alias itself has them.
    async fn alias(
        &self,
        function: &str,
        alias: &str,
        versions: [&String; 2],
        it: &mut Deployment,
    ) -> Result<Option<[f64; 2]>, SourceError> {
        let request = self.conn.lambda().get_alias().function_name(function).name(alias);
        let read = self.conn.call(&GET_ALIAS, request.send()).await;
        let Some(answer) = part(read, "the alias", it)? else { return Ok(None) };
        let weights = answer.routing_config().and_then(|routing| routing.additional_version_weights());
        let all: f64 = weights.into_iter().flat_map(|weights| weights.values()).sum();
        let share = |version: &String| match weights.and_then(|weights| weights.get(version)) {
            Some(share) => share * 100.0,
            None if answer.function_version() == Some(version.as_str()) => (1.0 - all) * 100.0,
            None => 0.0,
        };
        Ok(Some(versions.map(share)))
    }
}

/// The documentation calls a version's weight a percentage. Should it be a share from 0 to 1, the alias tells.
fn percent_of(weight: f64, alias: Option<f64>) -> f64 {
    match alias {
        Some(share) if weight <= 1.0 && (share - weight * 100.0).abs() < 0.5 => weight * 100.0,
        _ => weight,
    }
}

/// A deployment with the one that takes it back: it ends when that does.
fn with_back(shift: &mut Rollout, back: Back) {
    let status = shift.status.0.clone();
    let Mechanism::CodeDeploy(it) = &mut shift.mechanism else { return };
    shift.rollback.get_or_insert_default().started_at = back.created_at;
    shift.rollback.get_or_insert_default().revision = Some(back.id.clone());
    let finished_at = back.finished_at.or(shift.finished_at);
    it.back = Some(back);
    shift.finished_at = if it.standing(&status) == Standing::Ended { finished_at } else { None };
}

#[cfg(test)]
mod tests;
