//! The list of ECS services with their shifts.
//!
//! Nothing is swept that need not be: services are described ten to a call and at most about one call a
//! second, a deployment that has ended is never asked for again, and everything else is read only for
//! services in flight or opened.

use super::claims::{self, Claims};
use super::convert;
use super::read::{Reader, SERVICES_PER_CALL, deployments_of};
use crate::app::Now;
use crate::aws::operation::{LIST_CLUSTERS, LIST_SERVICE_DEPLOYMENTS, LIST_SERVICES};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::rollouts::model::{Rollout, RolloutName, Status, Tasks, Unread, arn_tail};
use crate::features::rollouts::source::{BALANCER_AGE, DAY, KEPT};
use crate::features::rollouts::wire::{RolloutList, ServiceSummary};
use crate::text::sanitize;
use aws_sdk_ecs::types::{Service, ServiceDeployment, ServiceDeploymentStatus};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const MAX_SERVICES: usize = 2_000;
const MAX_SHIFTS: usize = 100;
/// Clusters and services come and go rarely.
const LIST_AGE: Duration = Duration::from_mins(5);
/// Shortest time between two looks at all services.
const SWEEP_AGE: Duration = Duration::from_secs(14);

fn status_of(deployment: &ServiceDeployment) -> Status {
    Status(convert::text(deployment.status().map(aws_sdk_ecs::types::ServiceDeploymentStatus::as_str)))
}

/// All services and the shifts among them.
pub struct ListReader {
    conn: Conn,
    reader: Reader,
    names: BTreeMap<String, Vec<String>>,
    listed_at: Option<Duration>,
    swept_at: Option<Duration>,
    dropped: u32,
    /// What the listing of names left out.
    notes: Vec<String>,
    /// Clusters whose services may not be listed.
    denied: Vec<String>,
    /// What the last look at services and shifts left out.
    left_out: Vec<String>,
    services: Arc<Vec<ServiceSummary>>,
    /// Services to look at between sweeps.
    moving: Vec<RolloutName>,
    /// Deployments that have ended: never asked for again.
    ended: BTreeSet<String>,
    recent: Arc<Vec<Rollout>>,
    /// Rules and target groups that owners of services move, as the last sweep told; `None` before there was one.
    claims: Option<Arc<Claims>>,
}

impl ListReader {
    /// A reader for one target.
    pub fn new(conn: &Conn) -> Self {
        Self {
            conn: conn.clone(),
            reader: Reader::new(conn, BALANCER_AGE),
            names: BTreeMap::new(),
            listed_at: None,
            swept_at: None,
            dropped: 0,
            notes: Vec::new(),
            left_out: Vec::new(),
            denied: Vec::new(),
            services: Arc::default(),
            moving: Vec::new(),
            ended: BTreeSet::new(),
            recent: Arc::default(),
            claims: None,
        }
    }

    /// Rules and target groups that owners of services move, as the last sweep told; `None` before there was one.
    pub fn claimed(&self) -> Option<Arc<Claims>> {
        self.claims.clone()
    }

    /// Whether all services were looked at in the read of this time.
    pub fn swept(&self, now: Now) -> bool {
        self.swept_at == Some(now.since_start)
    }

    /// The same as [`Self::claimed`], read now.
    ///
    /// # Errors
    /// When clusters or services cannot be read, or not all of them.
    pub async fn claims(&mut self) -> Result<Arc<Claims>, Unread> {
        self.list_names().await.map_err(|error| Unread::of(&error))?;
        self.left_out.clear();
        self.sweep().await.map_err(|error| Unread::of(&error))?;
        if self.dropped > 0 {
            let all = MAX_SERVICES as u32 + self.dropped;
            return Err(Unread::passing(format!("of {all} ECS services only {MAX_SERVICES} are read")));
        }
        if let Some(note) = self.notes.first() {
            return Err(Unread::passing(note.clone()));
        }
        if let Some(why) = self.denied.iter().chain(&self.left_out).next() {
            return Err(Unread { why: why.clone(), denied: true });
        }
        Ok(self.claims.clone().unwrap_or_default())
    }

    /// Reads the list.
    ///
    /// # Errors
    /// When clusters, services or deployments cannot be read. A denied cluster beside others becomes a note.
    pub async fn read(&mut self, now: Now) -> Result<RolloutList, SourceError> {
        let due = |at: Option<Duration>, age| at.is_none_or(|at| now.since_start.saturating_sub(at) >= age);
        if due(self.listed_at, LIST_AGE) {
            self.list_names().await?;
            self.listed_at = Some(now.since_start);
        }
        let sweeping = due(self.swept_at, self.sweep_age());
        if sweeping {
            // A sweep counts once all that followed from it was read: until then what moves is not known.
            self.swept_at = None;
        }
        self.left_out.clear();
        let services = if sweeping { self.sweep().await? } else { self.describe_moving().await? };
        let shifts = self.read_shifts(&services, now.wall).await?;
        if sweeping {
            self.swept_at = Some(now.since_start);
        }
        let mut notes: Vec<String> = self.notes.iter().chain(&self.denied).cloned().collect();
        notes.append(&mut self.left_out);
        Ok(RolloutList {
            services: self.services.clone(),
            shifts,
            recent: self.recent.clone(),
            dropped: self.dropped,
            notes,
            ..RolloutList::default()
        })
    }

    /// A sweep takes a call per ten services; on average no more than one call a second is spent on it.
    fn sweep_age(&self) -> Duration {
        let calls = self.names.values().map(|names| names.len().div_ceil(SERVICES_PER_CALL)).sum::<usize>();
        SWEEP_AGE.max(Duration::from_secs(calls as u64))
    }

    async fn list_names(&mut self) -> Result<(), SourceError> {
        let mut names = BTreeMap::new();
        let (mut room, mut dropped, mut notes, mut denied) = (MAX_SERVICES, 0, Vec::new(), Vec::new());
        let (clusters, more_clusters) = self.clusters().await?;
        if more_clusters {
            notes.push(format!("more than {} clusters: the others were not listed", clusters.len()));
        }
        for cluster in clusters {
            let mut found = match self.services_of(&cluster).await {
                Ok((found, more)) => {
                    if more {
                        let (listed, cluster) = (found.len(), sanitize(&cluster));
                        notes.push(format!(
                            "{cluster}: more than {listed} services: the others were not listed"
                        ));
                    }
                    found
                }
                Err(error) if error.class == ErrorClass::Denied => {
                    denied.push(denial(&cluster, &error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            dropped += found.len().saturating_sub(room) as u32;
            found.truncate(room);
            room -= found.len();
            names.insert(cluster, found);
        }
        (self.names, self.dropped, self.notes, self.denied) = (names, dropped, notes, denied);
        Ok(())
    }

    /// Names, and whether there are more.
    async fn clusters(&self) -> Result<(Vec<String>, bool), SourceError> {
        let (mut names, mut token) = (Vec::new(), None);
        loop {
            let request = self.conn.ecs().list_clusters().set_next_token(token);
            let answer = self.conn.call(&LIST_CLUSTERS, request.send()).await?;
            names.extend(answer.cluster_arns().iter().map(|arn| arn_tail(arn).to_owned()));
            token = answer.next_token;
            if token.is_none() || names.len() >= MAX_SERVICES {
                return Ok((names, token.is_some()));
            }
        }
    }

    /// Names, and whether there are more.
    async fn services_of(&self, cluster: &str) -> Result<(Vec<String>, bool), SourceError> {
        let (mut names, mut token) = (Vec::new(), None);
        loop {
            let request = self.conn.ecs().list_services().cluster(cluster).max_results(100);
            let answer = self.conn.call(&LIST_SERVICES, request.set_next_token(token).send()).await?;
            names.extend(answer.service_arns().iter().map(|arn| arn_tail(arn).to_owned()));
            token = answer.next_token;
            if token.is_none() || names.len() > 2 * MAX_SERVICES {
                names.sort();
                return Ok((names, token.is_some()));
            }
        }
    }

    /// Describes all services.
    async fn sweep(&mut self) -> Result<Vec<Service>, SourceError> {
        let clusters = self.names.iter().map(|(cluster, names)| (cluster.as_str(), names.as_slice()));
        let (services, denied) = describe(&self.reader, clusters).await?;
        self.left_out.extend(denied);
        let mut summaries: Vec<_> = services.iter().filter_map(summary).collect();
        summaries.sort_by(|a, b| a.name.cmp(&b.name));
        self.services = Arc::new(summaries);
        self.note_claims(&services).await?;
        Ok(services)
    }

    async fn note_claims(&mut self, services: &[Service]) -> Result<(), SourceError> {
        let revisions = |service: &Service| -> Vec<String> {
            let revisions = service.current_service_revisions().iter();
            revisions.filter_map(|it| it.arn().map(str::to_owned)).collect()
        };
        // Only a revision says where ECS put a service that it made the load balancer for.
        let express = services.iter().filter(|service| claims::is_express(service));
        let mut unknown: Vec<String> = express.flat_map(revisions).collect();
        unknown.retain(|arn| !self.reader.knows(arn));
        self.reader.learn(&unknown).await?;
        let claims = services.iter().flat_map(|service| {
            let placed = revisions(service)
                .iter()
                .flat_map(|arn| self.reader.placed(arn).to_vec())
                .collect::<Vec<_>>();
            claims::of(service, &placed)
        });
        self.claims = Some(Arc::new(claims.collect()));
        Ok(())
    }

    /// Describes only the services that were in flight at the last read.
    async fn describe_moving(&mut self) -> Result<Vec<Service>, SourceError> {
        let mut by_cluster: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in &self.moving {
            if let Some((cluster, service)) = name.ecs_parts() {
                by_cluster.entry(cluster).or_default().push(service.to_owned());
            }
        }
        let clusters = by_cluster.iter().map(|(cluster, names)| (*cluster, names.as_slice()));
        let (services, denied) = describe(&self.reader, clusters).await?;
        self.left_out.extend(denied);
        Ok(services)
    }

    async fn read_shifts(
        &mut self,
        services: &[Service],
        now: Timestamp,
    ) -> Result<Vec<Rollout>, SourceError> {
        let mut asked: Vec<(String, &Service)> = Vec::new();
        let mut denied = BTreeSet::new();
        for service in services {
            match service.current_service_deployment() {
                Some(arn) if self.ended.contains(arn) => {}
                Some(arn) => asked.push((arn.to_owned(), service)),
                None if is_moving(service) => match in_progress(&self.conn, service).await {
                    Ok(found) => asked.extend(found.map(|arn| (arn, service))),
                    Err(error) if error.class == ErrorClass::Denied => {
                        denied.insert(denial(arn_tail(service.cluster_arn().unwrap_or_default()), &error));
                    }
                    Err(error) => return Err(error),
                },
                None => {}
            }
        }
        self.left_out.extend(denied);
        let arns: Vec<String> = asked.iter().map(|(arn, _)| arn.clone()).collect();
        let deployments = self.reader.deployments(&arns).await?;
        let service_of = |deployment: &ServiceDeployment| {
            let arn = deployment.service_deployment_arn()?;
            asked.iter().find(|(asked, _)| asked == arn).map(|(_, service)| *service)
        };
        let pairs: Vec<_> = deployments.iter().filter_map(|it| Some((service_of(it)?, it))).collect();
        let (mut running, ended): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(_, deployment)| status_of(deployment).in_progress());
        if running.len() > MAX_SHIFTS {
            self.left_out.push(format!("{} more shifts in flight are not read", running.len() - MAX_SHIFTS));
        }
        running.truncate(MAX_SHIFTS);
        self.note_ended(&ended, now).await?;
        let shifts = self.reader.shifts(&running, now).await?;
        self.moving = shifts.iter().map(|shift| shift.name.clone()).collect();
        self.reader.keep_progress(&shifts.iter().map(|shift| shift.deployment.clone()).collect());
        Ok(shifts)
    }

    async fn note_ended(
        &mut self,
        ended: &[(&Service, &ServiceDeployment)],
        now: Timestamp,
    ) -> Result<(), SourceError> {
        let fresh = |at: Option<Timestamp>| at.is_some_and(|at| now.duration_since(at) < DAY);
        let mut recent: Vec<_> = ended
            .iter()
            .copied()
            .filter(|(_, deployment)| fresh(convert::time(deployment.finished_at())))
            .collect();
        recent.sort_by_key(|(_, it)| std::cmp::Reverse(convert::time(it.finished_at())));
        recent.truncate(KEPT);
        if !recent.is_empty() || self.recent.iter().any(|shift| !fresh(shift.finished_at)) {
            let mut list = self.reader.finished(&recent, now).await?;
            let known: BTreeSet<String> = list.iter().map(|shift| shift.deployment.clone()).collect();
            let old = self.recent.iter().filter(|old| !known.contains(&old.deployment));
            list.extend(old.filter(|old| fresh(old.finished_at)).cloned());
            list.sort_by_key(|shift| std::cmp::Reverse(shift.finished_at));
            list.truncate(KEPT);
            self.recent = Arc::new(list);
        }
        if self.ended.len() > 4 * MAX_SERVICES {
            self.ended.clear();
        }
        // One that was successful before its old tasks were gone is looked at until they are.
        let over = ended.iter().filter(|(service, it)| !convert::is_draining(service, it));
        self.ended.extend(over.filter_map(|(_, it)| it.service_deployment_arn().map(str::to_owned)));
        Ok(())
    }
}

/// What is said of a cluster that may not be read.
pub fn denial(cluster: &str, error: &SourceError) -> String {
    format!("{}: {}", sanitize(cluster), error.short())
}

/// Services cluster by cluster, and which clusters may not be described. When none may, that is the error.
pub async fn describe(
    reader: &Reader,
    clusters: impl Iterator<Item = (&str, &[String])>,
) -> Result<(Vec<Service>, Vec<String>), SourceError> {
    let (mut services, mut denied, mut last) = (Vec::new(), Vec::new(), None);
    for (cluster, names) in clusters {
        match reader.services(cluster, names).await {
            Ok(found) => services.extend(found),
            Err(error) if error.class == ErrorClass::Denied => {
                denied.push(denial(cluster, &error));
                last = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    match last {
        Some(error) if services.is_empty() => Err(error),
        _ => Ok((services, denied)),
    }
}

/// Whether a service that names no current deployment looks as if it had one in flight.
fn is_moving(service: &Service) -> bool {
    let rolling = |state: &str| state == "IN_PROGRESS";
    service.current_service_revisions().len() > 1
        || service.deployments().len() > 1
        || service.deployments().iter().any(|it| it.rollout_state().is_some_and(|it| rolling(it.as_str())))
}

async fn in_progress(conn: &Conn, service: &Service) -> Result<Option<String>, SourceError> {
    let states = ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"];
    let request =
        deployments_of(conn, service).set_status(Some(states.map(ServiceDeploymentStatus::from).to_vec()));
    let answer = conn.call(&LIST_SERVICE_DEPLOYMENTS, request.send()).await?;
    Ok(answer.service_deployments().first().and_then(|it| it.service_deployment_arn().map(str::to_owned)))
}

fn summary(service: &Service) -> Option<ServiceSummary> {
    let count = |value: i32| u32::try_from(value).unwrap_or_default();
    let task_definition = convert::text(service.task_definition());
    let groups = service.load_balancers().iter().filter_map(|it| it.target_group_arn());
    Some(ServiceSummary {
        name: convert::service_name(service)?,
        owner: convert::owner(service),
        strategy: convert::strategy(service.deployment_configuration()),
        tasks: Tasks {
            requested: count(service.desired_count()),
            running: count(service.running_count()),
            pending: count(service.pending_count()),
        },
        task_definition: arn_tail(&task_definition).to_owned(),
        groups: groups.map(|arn| convert::text(Some(arn))).collect(),
        deployment: service.current_service_deployment().map(|arn| convert::text(Some(arn))),
    })
}
