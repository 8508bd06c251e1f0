//! The reads that make up one shift: service, deployment, revisions, listener rules, target health.
//!
//! Shared by the list, by the dialog's re-reads and by the last read before sending. What never changes
//! (revisions) is kept; what the load balancer says may be a few seconds old where the caller allows it. A
//! load balancer that may not be read leaves health unreadable and the rest of the shift as it is.

use super::convert::{self, RevisionFacts};
use crate::aws::operation::{
    DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICE_REVISIONS, DESCRIBE_SERVICES, DESCRIBE_TARGET_HEALTH,
};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::rollouts::model::{Health, Rollout, TargetGroup, arn_tail};
use crate::features::rollouts::source::alb::{RULES_PER_CALL, rules_there};
use crate::features::rollouts::stages::Progress;
use aws_sdk_ecs::operation::list_service_deployments::builders::ListServiceDeploymentsFluentBuilder;
use aws_sdk_ecs::types::{Service, ServiceDeployment};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Services per `DescribeServices`.
pub const SERVICES_PER_CALL: usize = 10;
/// ARNs per `DescribeServiceDeployments` and `DescribeServiceRevisions`.
pub const ARNS_PER_CALL: usize = 20;
/// Entries kept of anything that is remembered between reads.
const MAX_KEPT: usize = 512;

/// Reads shifts of one target and remembers what it must not ask twice.
pub struct Reader {
    pub(super) conn: Conn,
    /// How old the load balancer's answers may be.
    balancer_age: SignedDuration,
    pub(super) revisions: BTreeMap<String, RevisionFacts>,
    progress: BTreeMap<String, Progress>,
    health: BTreeMap<String, (Timestamp, Health)>,
    shares: BTreeMap<String, (Timestamp, f64)>,
}

/// The question for deployments of a service.
pub fn deployments_of(conn: &Conn, service: &Service) -> ListServiceDeploymentsFluentBuilder {
    let request = conn.ecs().list_service_deployments();
    let request = request.set_cluster(service.cluster_arn().map(str::to_owned));
    request.set_service(service.service_arn().map(str::to_owned))
}

fn room<T>(map: &mut BTreeMap<String, T>) {
    while map.len() >= MAX_KEPT {
        map.pop_first();
    }
}

impl Reader {
    /// A reader; load balancer facts younger than `balancer_age` are not asked for again.
    pub fn new(conn: &Conn, balancer_age: SignedDuration) -> Self {
        Self {
            // What a rollback rests on is never refused for its price.
            conn: conn.uncapped(),
            balancer_age,
            revisions: BTreeMap::new(),
            progress: BTreeMap::new(),
            health: BTreeMap::new(),
            shares: BTreeMap::new(),
        }
    }

    /// Services by name, in one cluster. Names that AWS does not know are left out.
    pub async fn services(&self, cluster: &str, names: &[String]) -> Result<Vec<Service>, SourceError> {
        let mut found = Vec::new();
        for chunk in names.chunks(SERVICES_PER_CALL) {
            let request = self.conn.ecs().describe_services().cluster(cluster);
            let request = request.set_services(Some(chunk.to_vec()));
            let answer = self.conn.call(&DESCRIBE_SERVICES, request.send()).await?;
            found.extend(answer.services.unwrap_or_default());
        }
        Ok(found)
    }

    /// Deployments by ARN. Those that AWS no longer knows are left out.
    pub async fn deployments(&self, arns: &[String]) -> Result<Vec<ServiceDeployment>, SourceError> {
        let mut found = Vec::new();
        for chunk in arns.chunks(ARNS_PER_CALL) {
            let request = self.conn.ecs().describe_service_deployments();
            let request = request.set_service_deployment_arns(Some(chunk.to_vec()));
            let answer = self.conn.call(&DESCRIBE_SERVICE_DEPLOYMENTS, request.send()).await?;
            found.extend(answer.service_deployments.unwrap_or_default());
        }
        Ok(found)
    }

    /// One shift, read whole.
    ///
    /// # Errors
    /// Also when the service or the deployment is no longer there.
    pub async fn shift(
        &mut self,
        (cluster, name): (&str, &str),
        deployment: &str,
        now: Timestamp,
    ) -> Result<Rollout, SourceError> {
        let gone = |operation: &str, what: &str| {
            SourceError::new(ErrorClass::Service, operation, format!("{what} is no longer there"))
        };
        let services = self.services(cluster, &[name.to_owned()]).await?;
        let service =
            services.first().ok_or_else(|| gone(DESCRIBE_SERVICES.action, &format!("{cluster}/{name}")))?;
        let deployments = self.deployments(&[deployment.to_owned()]).await?;
        let found = deployments
            .first()
            .ok_or_else(|| gone(DESCRIBE_SERVICE_DEPLOYMENTS.action, arn_tail(deployment)))?;
        let mut shifts = self.shifts(&[(service, found)], now).await?;
        shifts.pop().ok_or_else(|| {
            let operation = DESCRIBE_SERVICE_DEPLOYMENTS.action;
            SourceError::new(ErrorClass::NotAws, operation, "the answer names no target revision")
        })
    }

    /// Shifts from services and their deployments, completed with everything else there is to read.
    pub async fn shifts(
        &mut self,
        pairs: &[(&Service, &ServiceDeployment)],
        now: Timestamp,
    ) -> Result<Vec<Rollout>, SourceError> {
        let mut shifts = self.finished(pairs, now).await?;
        self.add_balancers(&mut shifts, now).await;
        for shift in &mut shifts {
            if !self.progress.contains_key(&shift.deployment) {
                room(&mut self.progress);
            }
            let progress = self.progress.entry(shift.deployment.clone()).or_default();
            progress.observe(shift.stage.as_deref(), shift.new.weight, shift.updated_at, now);
            shift.progress = progress.clone();
        }
        Ok(shifts)
    }

    /// Adds what the load balancer says of both sides.
    pub async fn add_balancers(&mut self, shifts: &mut [Rollout], now: Timestamp) {
        self.read_balancers(shifts, now).await;
        for side in shifts.iter_mut().flat_map(|shift| shift.old.iter_mut().chain([&mut shift.new])) {
            for group in &mut side.groups {
                group.health = self.health.get(&group.arn).map_or(Health::Unread, |(_, it)| it.clone());
                group.rule_share = self.shares.get(&group.arn).map(|(_, share)| *share);
            }
        }
    }

    /// The same for shifts that have ended: without health and progress, which say nothing any more.
    pub async fn finished(
        &mut self,
        pairs: &[(&Service, &ServiceDeployment)],
        now: Timestamp,
    ) -> Result<Vec<Rollout>, SourceError> {
        self.read_revisions(pairs).await?;
        let facts = |arn: &str| self.revisions.get(arn);
        let convert = |(service, deployment): &(&Service, &ServiceDeployment)| {
            convert::rollout(service, deployment, facts, now)
        };
        Ok(pairs.iter().filter_map(convert).collect())
    }

    async fn read_revisions(&mut self, pairs: &[(&Service, &ServiceDeployment)]) -> Result<(), SourceError> {
        let arns = pairs.iter().flat_map(|(_, deployment)| convert::revision_arns(deployment));
        self.read_revisions_of(arns.collect()).await
    }

    /// Reads the revisions of these that are not known.
    pub(super) async fn read_revisions_of(&mut self, mut missing: Vec<String>) -> Result<(), SourceError> {
        missing.retain(|arn| !self.revisions.contains_key(arn));
        missing.dedup();
        self.learn(&missing).await
    }

    /// Reads revisions that are not known yet. Without the permission they stay unknown.
    pub async fn learn(&mut self, missing: &[String]) -> Result<(), SourceError> {
        for chunk in missing.chunks(ARNS_PER_CALL) {
            let request = self.conn.ecs().describe_service_revisions();
            let request = request.set_service_revision_arns(Some(chunk.to_vec()));
            let answer = self.conn.call(&DESCRIBE_SERVICE_REVISIONS, request.send()).await;
            let answer = match answer {
                Ok(answer) => answer,
                // Without this permission a shift is still worth showing: by revision ids.
                Err(error) if error.class == ErrorClass::Denied => return Ok(()),
                Err(error) => return Err(error),
            };
            for revision in answer.service_revisions() {
                if let Some(arn) = revision.service_revision_arn() {
                    room(&mut self.revisions);
                    self.revisions.insert(arn.to_owned(), RevisionFacts::new(revision));
                }
            }
        }
        Ok(())
    }

    /// Target groups of a revision, each with the production rule that sends to it, as far as it is known.
    pub fn placed(&self, revision: &str) -> &[(String, Option<String>)] {
        self.revisions.get(revision).map(RevisionFacts::groups).unwrap_or_default()
    }

    /// Whether a revision was read.
    pub fn knows(&self, revision: &str) -> bool {
        self.revisions.contains_key(revision)
    }

    /// Health and rule shares of all target groups that are due.
    async fn read_balancers(&mut self, shifts: &[Rollout], now: Timestamp) {
        let sides = shifts.iter().flat_map(|shift| shift.old.iter().chain([&shift.new]));
        let groups: Vec<_> = sides.flat_map(|side| &side.groups).collect();
        let age = self.balancer_age;
        let young = |at: &Timestamp| now.duration_since(*at) < age;
        let due: BTreeSet<&str> = groups
            .iter()
            .filter(|group| !self.health.get(&group.arn).is_some_and(|(at, _)| young(at)))
            .map(|group| group.arn.as_str())
            .collect();
        let rules: BTreeSet<&str> = groups
            .iter()
            .filter(|group| !self.shares.get(&group.arn).is_some_and(|(at, _)| young(at)))
            .filter_map(|group| group.rule.as_deref())
            .collect();
        let answers = join_all(due.iter().map(|arn| self.group_health(arn))).await;
        let (read, shares) = self.rule_shares(&rules).await;
        for (arn, health) in due.into_iter().zip(answers) {
            room(&mut self.health);
            self.health.insert(arn.to_owned(), (now, health));
        }
        // A share that could not be read again must not stay: it would look like a disagreement.
        self.shares.retain(|_, (at, _)| young(at));
        let asked = |group: &&&TargetGroup| group.rule.as_ref().is_some_and(|rule| read.contains(rule));
        for group in groups.iter().filter(asked) {
            room(&mut self.shares);
            // A rule that was read and does not name a group sends it nothing.
            let share = shares.get(&group.arn).copied().unwrap_or(0.0);
            self.shares.insert(group.arn.clone(), (now, share));
        }
    }

    async fn group_health(&self, arn: &str) -> Health {
        let request = self.conn.elb().describe_target_health().target_group_arn(arn);
        match self.conn.call(&DESCRIBE_TARGET_HEALTH, request.send()).await {
            Ok(answer) => convert::health(answer.target_health_descriptions()),
            Err(error) => Health::Unreadable(error.short()),
        }
    }

    /// Which rules could be read, and what those send to their target groups, in percent. Of the others the
    /// cross-check is not shown. A network load balancer has listeners in the place of rules, and no weights there.
    async fn rule_shares(&self, rules: &BTreeSet<&str>) -> (BTreeSet<String>, BTreeMap<String, f64>) {
        let arns: Vec<String> =
            rules.iter().filter(|arn| is_rule(arn)).map(|arn| (*arn).to_owned()).collect();
        let mut read = Vec::new();
        for chunk in arns.chunks(RULES_PER_CALL) {
            read.extend(rules_there(&self.conn, chunk).await.unwrap_or_default());
        }
        let known = read.iter().filter_map(|rule| rule.rule_arn().map(str::to_owned)).collect();
        (known, read.iter().flat_map(convert::shares).collect())
    }

    /// Forgets the progress of deployments that are not followed any more.
    pub fn keep_progress(&mut self, deployments: &BTreeSet<String>) {
        self.progress.retain(|deployment, _| deployments.contains(deployment));
    }
}

fn is_rule(arn: &str) -> bool {
    arn.contains(":listener-rule/")
}
