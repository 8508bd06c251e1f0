//! The reads for deploying an earlier revision again once a shift has ended: what the service runs, what it ran
//! earlier, what both differ in, and whether the earlier task definition can still be deployed.
//!
//! Earlier revisions are the targets of deployments that came to their end, and the source of the last one. A
//! revision that was rolled back is never among them. `UpdateService` has no compare-and-swap: the service is
//! looked at once more right before it, and afterwards what was deployed in between is listed.

use super::claims;
use super::convert::{self, main_source, some_text};
use super::read::{ARNS_PER_CALL, Reader, deployments_of};
use crate::aws::operation::{
    DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION, LIST_SERVICE_DEPLOYMENTS,
};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::rollouts::mechanism::ecs::Call;
use crate::features::rollouts::mechanism::ecs::again::{
    self, Again, Between, Difference, Earlier, Newer, Wanted,
};
use crate::features::rollouts::model::{Mechanism, Rollout, Side, Status, arn_tail};
use crate::features::rollouts::plan::Guard;
use aws_sdk_ecs::types::{
    CreatedAt, DeploymentConfiguration, DeploymentLifecycleHookStage, DeploymentLifecycleHookTargetType,
    Service, ServiceDeployment, ServiceDeploymentStatus, ServiceRevisionSummary, TaskDefinitionStatus,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Earlier revisions that can be chosen from.
const MAX_EARLIER: usize = 20;
/// Deployments per page: the most that `ListServiceDeployments` gives.
const PER_PAGE: i32 = 100;
/// Pages in which earlier revisions are looked for.
const MAX_PAGES: usize = 3;
/// Deployments between the plan's and the current one that are told.
const MAX_BETWEEN: i32 = 20;

/// Whether a service is still as its plan has it. Other calls name the deployment that they hit and need no look.
///
/// # Errors
/// When it cannot be read.
pub async fn look(call: &Call, guard: &Guard, conn: &Conn) -> Result<bool, SourceError> {
    let Call::Deploy { cluster, service, .. } = call else { return Ok(true) };
    let reader = Reader::new(conn, SignedDuration::ZERO);
    let services = reader.services(cluster, std::slice::from_ref(service)).await?;
    let Some(service) = services.first() else { return Ok(false) };
    let current = some_text(service.current_service_deployment());
    let current = current.unwrap_or_else(|| guard.deployment.clone());
    let running = some_text(service.task_definition()).unwrap_or_default();
    let fields = again::service_fields(current, running);
    Ok(fields.iter().all(|(field, value)| guard.field(field) == Some(value)))
}

/// Puts what the last deployment replaced among the revisions whose deployments came to their end, newest first. It is
/// the one before, unless all are known and it is none of them: then it was deployed over before it came to its end,
/// nobody saw that it was good, and it is given back to be told so. `target` is what the last deployment brought.
fn replaced(
    revisions: &mut Vec<String>,
    source: &str,
    target: Option<&str>,
    all_known: bool,
) -> Option<String> {
    let others = revisions.iter().any(|arn| Some(arn.as_str()) != target);
    if others && all_known && !revisions.iter().any(|arn| arn == source) {
        revisions.push(source.to_owned());
        return Some(source.to_owned());
    }
    revisions.retain(|arn| arn != source);
    revisions.insert(0, source.to_owned());
    None
}

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

        let (mut revisions, unread) = self.completed(service).await;
        let between = match newer {
            Some(newer) => self.between(service, last, newer).await.map_err(|error| error.short()),
            None => Ok(Vec::new()),
        };
        let running = running(service, last);
        let successful = last.status() == Some(&ServiceDeploymentStatus::Successful);
        let source = main_source(last).and_then(|it| it.arn()).filter(|_| successful);
        let unproven = source.and_then(|source| {
            let target = last.target_service_revision().and_then(|it| it.arn());
            replaced(&mut revisions, source, target, unread.is_none())
        });
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
            unproven,
            unread,
            definition: Ok(None),
            differences: Vec::new(),
            hooks: hooks(configuration),
            desired: u32::try_from(service.desired_count()).unwrap_or_default(),
            express: claims::is_express(service),
            newer: newer.and_then(|it| self.newer(it)),
            between,
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

    /// Target revisions of the deployments that came to their end, newest first, until they are of enough task
    /// definitions: a service may have been deployed many times with the same one. With why there may be more.
    async fn completed(&mut self, service: &Service) -> (Vec<String>, Option<String>) {
        let (mut targets, mut token) = (Vec::new(), None);
        let mut definitions: BTreeSet<String> = BTreeSet::new();
        for _ in 0..MAX_PAGES {
            let request = deployments_of(&self.conn, service)
                .status(ServiceDeploymentStatus::Successful)
                .max_results(PER_PAGE)
                .set_next_token(token);
            let answer = match self.conn.call(&LIST_SERVICE_DEPLOYMENTS, request.send()).await {
                Ok(answer) => answer,
                Err(error) => return (targets, Some(error.short())),
            };
            let mut briefs = answer.service_deployments.unwrap_or_default();
            briefs.sort_by_key(|brief| std::cmp::Reverse(convert::time(brief.created_at())));
            let page: Vec<String> =
                briefs.into_iter().filter_map(|brief| brief.target_service_revision_arn).collect();
            for chunk in page.chunks(ARNS_PER_CALL) {
                targets.extend_from_slice(chunk);
                if let Err(error) = self.read_revisions_of(chunk.to_vec()).await {
                    return (targets, Some(error.short()));
                }
                let known = chunk.iter().filter_map(|arn| self.revisions.get(arn));
                let known: Vec<String> = known.filter_map(|facts| facts.definition.clone()).collect();
                if known.is_empty() {
                    return (targets, Some("ECS does not tell what older ones ran".to_owned()));
                }
                definitions.extend(known);
                // What runs now is one of them.
                if definitions.len() > MAX_EARLIER {
                    return (targets, None);
                }
            }
            token = answer.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return (targets, None);
            }
        }
        let why = format!("only the newest {} were looked at", targets.len());
        (targets, Some(why))
    }

    /// What was deployed after one deployment and before another, oldest first.
    async fn between(
        &mut self,
        service: &Service,
        last: &ServiceDeployment,
        newer: &ServiceDeployment,
    ) -> Result<Vec<Between>, SourceError> {
        let span = CreatedAt::builder()
            .set_after(last.created_at().copied())
            .set_before(newer.created_at().copied())
            .build();
        let request = deployments_of(&self.conn, service).created_at(span).max_results(MAX_BETWEEN);
        let answer = self.conn.call(&LIST_SERVICE_DEPLOYMENTS, request.send()).await?;
        let mut briefs = answer.service_deployments.unwrap_or_default();
        // Nothing says whether both ends of the span are in it.
        let ends = [last.service_deployment_arn(), newer.service_deployment_arn()];
        briefs.retain(|brief| !ends.contains(&brief.service_deployment_arn()));
        briefs.sort_by_key(|brief| convert::time(brief.created_at()));
        let targets = briefs.iter().filter_map(|brief| brief.target_service_revision_arn.clone());
        self.read_revisions_of(targets.collect()).await?;
        let made = briefs.iter().filter_map(|brief| {
            let facts = brief.target_service_revision_arn().and_then(|arn| self.revisions.get(arn));
            Some(Between {
                deployment: some_text(brief.service_deployment_arn())?,
                definition: facts.and_then(|facts| facts.definition.clone()),
            })
        });
        Ok(made.collect())
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
        side.tasks = convert::tasks_now(service, &side.revision).or(side.tasks);
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

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn what_was_deployed_over_is_not_the_one_before() {
        let put = |completed: &[&str], all_known| {
            let mut revisions: Vec<String> = completed.iter().map(|arn| (*arn).to_owned()).collect();
            let unproven = replaced(&mut revisions, "b", Some("c"), all_known);
            (revisions.join(" "), unproven)
        };
        assert_eq!(put(&["c", "b", "a"], true), ("b c a".to_owned(), None));
        assert_eq!(put(&["c", "a"], true), ("c a b".to_owned(), Some("b".to_owned())));
        // ECS lists only what was deployed since it keeps deployments, and not all of it could be read.
        assert_eq!(put(&["c"], true), ("b c".to_owned(), None));
        assert_eq!(put(&["c", "a"], false), ("b c a".to_owned(), None));
    }
}
