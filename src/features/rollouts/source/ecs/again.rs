//! The reads for deploying an earlier revision again once a shift has ended: what the service runs, what it ran
//! earlier, what both differ in, and whether the earlier task definition can still be deployed.
//!
//! Earlier revisions are the targets of deployments that came to their end, and the source of the last one. A
//! revision that was rolled back is never among them.

use super::claims;
use super::convert::{self, main_source, some_text};
use super::read::Reader;
use crate::aws::operation::{
    DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION, LIST_SERVICE_DEPLOYMENTS,
};
use crate::aws::{ErrorClass, SourceError};
use crate::features::rollouts::mechanism::ecs::again::{self, Again, Difference, Earlier, Newer, Wanted};
use crate::features::rollouts::model::{Mechanism, Rollout, Side, Status, arn_tail};
use aws_sdk_ecs::types::{
    DeploymentConfiguration, DeploymentLifecycleHookStage, DeploymentLifecycleHookTargetType, Service,
    ServiceDeployment, ServiceDeploymentStatus, ServiceRevisionSummary, TaskDefinitionStatus,
};
use jiff::Timestamp;

/// Earlier revisions that can be chosen from.
const MAX_EARLIER: usize = 20;

impl Reader {
    /// A service whose last deployment has ended, with the earlier revision that is `wanted`.
    ///
    /// # Errors
    /// Also when the service or the deployment is no longer there. What else cannot be read is said in the answer.
    pub async fn again(
        &mut self,
        (cluster, name): (&str, &str),
        deployment: &str,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<Rollout, SourceError> {
        let gone = |operation: &str, what: &str| {
            SourceError::new(ErrorClass::Service, operation, format!("{what} is no longer there"))
        };
        let services = self.services(cluster, &[name.to_owned()]).await?;
        let service =
            services.first().ok_or_else(|| gone(DESCRIBE_SERVICES.action, &format!("{cluster}/{name}")))?;
        let mut arns = vec![deployment.to_owned()];
        arns.extend(service.current_service_deployment().filter(|it| *it != deployment).map(str::to_owned));
        let deployments = self.deployments(&arns).await?;
        let of = |arn: &String| deployments.iter().find(|it| it.service_deployment_arn() == Some(arn));
        let last = arns.first().and_then(of);
        let last = last.ok_or_else(|| gone(DESCRIBE_SERVICE_DEPLOYMENTS.action, arn_tail(deployment)))?;
        let newer = arns.get(1).and_then(of);

        let (mut revisions, unread) = match self.completed(service).await {
            Ok(targets) => (targets, None),
            Err(error) => (Vec::new(), Some(error.short())),
        };
        let running = running(service, last);
        let successful = last.status() == Some(&ServiceDeploymentStatus::Successful);
        if let Some(source) = main_source(last).and_then(|it| it.arn()).filter(|_| successful) {
            // What the last deployment replaced is the one before, whatever the history still has.
            revisions.retain(|arn| arn != source);
            revisions.insert(0, source.to_owned());
        }
        let newer_target = newer.and_then(|it| it.target_service_revision()).and_then(|it| it.arn());
        let asked = revisions.iter().cloned().chain(running.clone()).chain(newer_target.map(str::to_owned));
        self.read_revisions_of(asked.collect()).await?;

        let mut pairs = self.finished(&[(service, last)], now).await?;
        let mut rollout = pairs.pop().ok_or_else(|| {
            let operation = DESCRIBE_SERVICE_DEPLOYMENTS.action;
            SourceError::new(ErrorClass::NotAws, operation, "the answer names no target revision")
        })?;
        let definition = some_text(service.task_definition()).unwrap_or_default();
        let mut earlier: Vec<Earlier> = Vec::new();
        for revision in revisions.iter().filter_map(|arn| self.earlier(arn)) {
            let known = earlier.iter().any(|it| it.definition == revision.definition);
            if revision.definition != definition && !known && earlier.len() < MAX_EARLIER {
                earlier.push(revision);
            }
        }
        let configuration = service.deployment_configuration();
        let mut again = Again {
            strategy: convert::strategy(configuration),
            wanted: wanted.clone(),
            running: definition,
            earlier,
            unread,
            definition: Ok(None),
            differences: Vec::new(),
            hooks: hooks(configuration),
            desired: u32::try_from(service.desired_count()).unwrap_or_default(),
            express: claims::is_express(service),
            newer: newer.and_then(|it| self.newer(it)),
        };
        let chosen = again.chosen().cloned();
        if let Some(chosen) = &chosen {
            again.definition = self.definition(&chosen.definition).await;
            let facts = |arn: &str| self.revisions.get(arn).map(|facts| facts.settings.as_slice());
            let both = running.as_deref().and_then(facts).zip(facts(&chosen.revision));
            again.differences = both.map(|(now, then)| differences(now, then)).unwrap_or_default();
        }
        rollout.new = self.running_side(&rollout, service, running.as_deref());
        rollout.old = chosen.as_ref().map(again::side);
        rollout.bake = configuration.and_then(convert::bake);
        rollout.mechanism = Mechanism::EcsAgain(Box::new(again));
        let mut read = [rollout];
        self.add_balancers(&mut read, now).await;
        let [rollout] = read;
        Ok(rollout)
    }

    /// Target revisions of the deployments that came to their end, newest first.
    async fn completed(&self, service: &Service) -> Result<Vec<String>, SourceError> {
        let request = self
            .conn
            .ecs()
            .list_service_deployments()
            .set_cluster(service.cluster_arn().map(str::to_owned))
            .set_service(service.service_arn().map(str::to_owned))
            .status(ServiceDeploymentStatus::Successful)
            .max_results(MAX_EARLIER as i32);
        let answer = self.conn.call(&LIST_SERVICE_DEPLOYMENTS, request.send()).await?;
        let mut briefs = answer.service_deployments.unwrap_or_default();
        briefs.sort_by_key(|brief| std::cmp::Reverse(convert::time(brief.created_at())));
        Ok(briefs.into_iter().filter_map(|brief| brief.target_service_revision_arn).collect())
    }

    /// Status of a task definition; none when AWS knows none of this name.
    async fn definition(&self, arn: &str) -> Result<Option<String>, String> {
        let request = self.conn.ecs().describe_task_definition().task_definition(arn);
        match self.conn.call(&DESCRIBE_TASK_DEFINITION, request.send()).await {
            Ok(answer) => {
                let status = answer.task_definition().and_then(|it| it.status());
                Ok(Some(convert::text(status.map(TaskDefinitionStatus::as_str))))
            }
            Err(error) if error.code.as_deref() == Some("ClientException") => Ok(None),
            Err(error) => Err(error.short()),
        }
    }

    /// A revision that was read and names what it ran.
    fn earlier(&self, arn: &str) -> Option<Earlier> {
        let facts = self.revisions.get(arn)?;
        Some(Earlier {
            revision: convert::text(Some(arn)),
            definition: facts.definition.clone()?,
            images: facts.images.clone(),
            made: facts.made,
        })
    }

    fn newer(&self, deployment: &ServiceDeployment) -> Option<Newer> {
        let target = deployment.target_service_revision();
        let facts = target.and_then(|it| it.arn()).and_then(|arn| self.revisions.get(arn));
        let weighted = convert::strategy(deployment.deployment_configuration()).has_weights();
        Some(Newer {
            deployment: some_text(deployment.service_deployment_arn())?,
            status: Status(convert::text(deployment.status().map(ServiceDeploymentStatus::as_str))),
            reason: some_text(deployment.status_reason()),
            definition: facts.and_then(|facts| facts.definition.clone()),
            weight: target
                .and_then(ServiceRevisionSummary::requested_production_traffic_weight)
                .filter(|_| weighted),
            finished_at: convert::time(deployment.finished_at()),
        })
    }

    /// The side that runs: the last deployment's target, or after a rollback its source.
    fn running_side(&self, rollout: &Rollout, service: &Service, running: Option<&str>) -> Side {
        let sides = [Some(&rollout.new), rollout.old.as_ref()];
        let known = sides.into_iter().flatten().find(|side| Some(side.revision.as_str()) == running).cloned();
        let other = || running.and_then(|arn| self.earlier(arn)).map(|it| again::side(&it));
        let mut side = known.or_else(other).unwrap_or_else(|| rollout.new.clone());
        side.tasks = convert::tasks_now(service, &side.revision).unwrap_or(side.tasks);
        side.weight = rollout.mechanism.has_weights().then_some(100.0);
        side
    }
}

/// ARN of the revision that the service runs once its last deployment has ended.
fn running(service: &Service, last: &ServiceDeployment) -> Option<String> {
    let target = || last.target_service_revision().and_then(|it| it.arn());
    let most = service.current_service_revisions().iter().max_by_key(|it| it.running_task_count());
    let back = last.rollback().and_then(|it| it.service_revision_arn());
    let arn = match last.status() {
        Some(ServiceDeploymentStatus::Successful) => target(),
        _ => most.and_then(|it| it.arn()).or(back).or_else(target),
    };
    arn.map(str::to_owned)
}

fn hooks(configuration: Option<&DeploymentConfiguration>) -> Vec<String> {
    let hooks = configuration.map(DeploymentConfiguration::lifecycle_hooks).unwrap_or_default();
    let words = hooks.iter().map(|hook| {
        let stages = hook.lifecycle_stages().iter().map(DeploymentLifecycleHookStage::as_str);
        let stages: Vec<&str> = stages.collect();
        let kind = hook.target_type().map_or("AWS_LAMBDA", DeploymentLifecycleHookTargetType::as_str);
        convert::text(Some(&format!("{kind} at {}", stages.join(", "))))
    });
    words.take(MAX_EARLIER).collect()
}

fn differences(now: &[(&'static str, String)], then: &[(&'static str, String)]) -> Vec<Difference> {
    let pairs = now.iter().zip(then).filter(|(now, then)| now.1 != then.1);
    pairs
        .map(|(now, then)| Difference {
            what: now.0.to_owned(),
            running: now.1.clone(),
            earlier: then.1.clone(),
        })
        .collect()
}
