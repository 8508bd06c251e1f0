//! What an opened service has beside the list: its deployments of the last day, its events, and what both
//! sides did. Deployments that have ended are described once.

use super::super::model::{Rollout, RolloutName, Status};
use super::super::wire::{DetailQuery, RolloutDetail};
use super::autopsy::Coroner;
use super::ecs::{self, Reader};
use super::{BALANCER_AGE, DAY, codedeploy, metrics};
use crate::app::Now;
use crate::aws::operation::LIST_SERVICE_DEPLOYMENTS;
use crate::aws::{Conn, SourceError};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use aws_sdk_ecs::types::{CreatedAt, Service, ServiceDeploymentStatus};
use jiff::Timestamp;
use std::collections::BTreeMap;

const MAX_HISTORY: usize = 20;

impl Source for DetailSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::RolloutDetail(query) = query else {
            return Err(internal("rollouts", "not asked for a detail"));
        };
        self.read(query, ctx.now).await.map(Payload::RolloutDetail)
    }
}

/// What an opened service has beside the list.
pub struct DetailSource {
    conn: Conn,
    reader: Reader,
    codedeploy: codedeploy::Reader,
    coroner: Coroner,
    /// Ended deployments of the opened service, by ARN.
    known: BTreeMap<String, Rollout>,
}

impl DetailSource {
    /// A source for one target.
    pub fn new(conn: &Conn) -> Self {
        Self {
            conn: conn.clone(),
            reader: Reader::new(conn, BALANCER_AGE),
            codedeploy: codedeploy::Reader::new(conn, BALANCER_AGE),
            coroner: Coroner::new(conn),
            known: BTreeMap::new(),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// When the service or its deployments cannot be read. Metrics and stopped tasks
    /// that cannot be are said to be missing.
    pub async fn read(&mut self, query: &DetailQuery, now: Now) -> Result<RolloutDetail, SourceError> {
        let name = &query.name;
        let (mut service, mut history, mut place) = (None, Vec::new(), None);
        match name {
            RolloutName::Ecs { cluster, service: named } => {
                service =
                    self.reader.services(cluster, std::slice::from_ref(named)).await?.into_iter().next();
                if let Some(service) = &service {
                    history = self.history(service, now.wall).await?;
                }
                place = Some((cluster.clone(), named.clone()));
            }
            RolloutName::Lambda { .. } | RolloutName::Alb { .. } => {}
            RolloutName::CodeDeploy { application, group } => {
                let since = now.wall.checked_sub(DAY).unwrap_or(now.wall);
                let group = (application.as_str(), group.as_str());
                history = self.codedeploy.history(group, since, MAX_HISTORY, now.wall).await?;
                if query.stopped.is_some() {
                    place = self.codedeploy.service_of(group, now.wall).await?;
                }
            }
        }
        let (metrics, metrics_error) = match query.metrics.as_deref() {
            Some(asked) => match metrics::read(&self.conn, std::slice::from_ref(asked), now.wall).await {
                Ok(mut read) => (read.pop().map(Box::new), None),
                Err(error) => (None, Some(error.short())),
            },
            None => (None, None),
        };
        let events = service.as_ref().map(ecs::events).unwrap_or_default();
        let stopped = match (&query.stopped, place) {
            (Some(definition), Some((cluster, service))) => {
                let found = self.coroner.examine(&cluster, &service, definition, now.wall).await;
                Some((definition.clone(), found.map_err(|error| error.short())))
            }
            _ => None,
        };
        Ok(RolloutDetail { name: name.clone(), history, events, metrics, metrics_error, stopped })
    }

    async fn history(&mut self, service: &Service, now: Timestamp) -> Result<Vec<Rollout>, SourceError> {
        let since = now.checked_sub(DAY).unwrap_or(now);
        let since = aws_smithy_types::DateTime::from_secs(since.as_second());
        let request = ecs::deployments_of(&self.conn, service)
            .created_at(CreatedAt::builder().after(since).build())
            .max_results(MAX_HISTORY as i32);
        let answer = self.conn.call(&LIST_SERVICE_DEPLOYMENTS, request.send()).await?;
        let ended = |status: Option<&ServiceDeploymentStatus>| {
            !Status(ecs::text(status.map(ServiceDeploymentStatus::as_str))).in_progress()
        };
        let briefs = answer.service_deployments().iter().filter(|it| ended(it.status()));
        let arns: Vec<String> =
            briefs.filter_map(|it| it.service_deployment_arn().map(str::to_owned)).collect();
        let missing: Vec<String> =
            arns.iter().filter(|arn| !self.known.contains_key(*arn)).cloned().collect();
        let deployments = self.reader.deployments(&missing).await?;
        let pairs: Vec<_> = deployments.iter().map(|deployment| (service, deployment)).collect();
        let found = self.reader.finished(&pairs, now).await?;
        self.known.retain(|arn, _| arns.contains(arn));
        self.known.extend(found.into_iter().map(|shift| (shift.deployment.clone(), shift)));
        let mut history: Vec<Rollout> = self.known.values().cloned().collect();
        history.sort_by_key(|shift| std::cmp::Reverse(shift.created_at));
        let current = service.current_service_deployment();
        if let Some(last) = history.first_mut().filter(|it| current.is_none_or(|at| at == it.deployment)) {
            self.reader.add_balancers(std::slice::from_mut(last), now).await;
        }
        Ok(history)
    }
}
