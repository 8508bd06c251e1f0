//! ECS services: the list and the full description, at most ten at a time.

use super::{bad_parameter, balancers, check_cluster, configuration, counts, failure, pages, service_name};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{ACCOUNT, Balancer, Deployment, EcsService, ServiceEvent, TaskSet};

pub fn list_services(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    check_cluster(ctx, input)?;
    let names = ctx.world.service_names();
    let (names, token) = pages(10).page(names, input)?;
    let arns = names
        .iter()
        .map(|name| ctx.world.arn("ecs", &format!("service/{}/{name}", crate::demo::world::CLUSTER)));
    Ok(object([("serviceArns", list(arns)), ("nextToken", token.into())]))
}

pub fn describe_services(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    check_cluster(ctx, input)?;
    let asked = input.texts("services");
    if asked.is_empty() {
        return Err(bad_parameter("Services cannot be empty."));
    }
    if asked.len() > 10 {
        return Err(bad_parameter("Services cannot have more than 10 elements."));
    }
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        match ctx.world.service(service_name(name), ctx.now) {
            Some(service) => services.push(describe(ctx, &service)),
            None => failures.push(failure(name)),
        }
    }
    Ok(object([("services", services.into()), ("failures", failures.into())]))
}

pub(super) fn describe(ctx: Ctx<'_>, service: &EcsService) -> Value {
    let deployment = service.deployment.as_ref();
    let event = |event: ServiceEvent| {
        object([("id", event.id.into()), ("createdAt", event.at.into()), ("message", event.message.into())])
    };
    // With another controller than ECS it has task sets in place of deployments and revisions.
    let sets = service.task_sets.as_ref();
    let sets = sets.map(|sets| list(sets.iter().map(|set| task_set(service, set))));
    let (load_balancers, settings, deployments, revisions) = if sets.is_some() {
        let percents = object([("maximumPercent", 200.into()), ("minimumHealthyPercent", 100.into())]);
        let group = service.balancer.as_ref().map(|balancer| wired(balancer, &balancer.blue));
        (list(group), percents, Value::List(Vec::new()), &[][..])
    } else {
        let settings = configuration(service.strategy, service.bake_minutes, deployment);
        let wired = balancers(ctx, service.balancer.as_ref());
        (wired, settings, deployments(service), service.revisions.as_slice())
    };
    object([
        ("serviceArn", (&service.arn).into()),
        ("serviceName", (&service.name).into()),
        ("clusterArn", (&service.cluster_arn).into()),
        ("loadBalancers", load_balancers),
        ("serviceRegistries", Value::List(Vec::new())),
        ("status", "ACTIVE".into()),
        ("desiredCount", service.desired.into()),
        ("runningCount", service.running.into()),
        ("pendingCount", service.pending.into()),
        ("launchType", "FARGATE".into()),
        ("platformVersion", "LATEST".into()),
        ("platformFamily", "Linux".into()),
        ("taskDefinition", (&service.task_definition).into()),
        ("deploymentConfiguration", settings),
        ("taskSets", sets.into()),
        ("deployments", deployments),
        ("events", list(ctx.world.service_events(&service.name, ctx.now).into_iter().take(100).map(event))),
        ("createdAt", service.created.into()),
        ("currentServiceDeployment", deployment.map(|deployment| &deployment.arn).into()),
        ("currentServiceRevisions", list(revisions.iter().map(counts))),
        ("schedulingStrategy", "REPLICA".into()),
        ("deploymentController", object([("type", service.controller.into())])),
        ("createdBy", format!("arn:aws:iam::{ACCOUNT}:role/deploy").into()),
        ("enableECSManagedTags", true.into()),
        ("propagateTags", "NONE".into()),
        ("enableExecuteCommand", false.into()),
        ("resourceManagementType", "CUSTOMER".into()),
    ])
}

/// A target group with the container behind it.
fn wired(balancer: &Balancer, group: &str) -> Value {
    object([
        ("targetGroupArn", group.to_owned().into()),
        ("containerName", (&balancer.container).into()),
        ("containerPort", i64::from(balancer.port).into()),
    ])
}

fn task_set(service: &EcsService, set: &TaskSet) -> Value {
    let group = service.balancer.as_ref().zip(set.side.target_group.as_ref());
    let stable = if set.steady { "STEADY_STATE" } else { "STABILIZING" };
    object([
        ("id", (&set.id).into()),
        ("taskSetArn", (&set.arn).into()),
        ("serviceArn", (&service.arn).into()),
        ("clusterArn", (&service.cluster_arn).into()),
        ("startedBy", set.deployment.as_ref().map(|_| "CODE_DEPLOY").into()),
        ("externalId", set.deployment.as_ref().into()),
        ("status", set.status.into()),
        ("taskDefinition", (&set.side.task_definition).into()),
        ("computedDesiredCount", set.side.requested.into()),
        ("pendingCount", set.side.pending.into()),
        ("runningCount", set.side.running.into()),
        ("createdAt", set.created.into()),
        ("updatedAt", set.updated.into()),
        ("launchType", "FARGATE".into()),
        ("platformVersion", "1.4.0".into()),
        ("platformFamily", "Linux".into()),
        ("loadBalancers", list(group.map(|(balancer, group)| wired(balancer, group)))),
        ("serviceRegistries", Value::List(Vec::new())),
        ("scale", object([("value", 100.0.into()), ("unit", "PERCENT".into())])),
        ("stabilityStatus", stable.into()),
        ("stabilityStatusAt", set.updated.into()),
        ("tags", Value::List(Vec::new())),
    ])
}

/// The older view of the same thing: one entry per revision that runs, the primary first.
fn deployments(service: &EcsService) -> Value {
    let entry = |(index, side): (usize, &crate::demo::world::Side)| {
        let target = |deployment: &&Deployment| deployment.target.arn == side.arn;
        let newest = service.deployment.as_ref().filter(target);
        let breaker = newest.and_then(|deployment| deployment.breaker);
        let state = match newest {
            Some(_) if breaker.is_some_and(|breaker| breaker.tripped) => "FAILED",
            Some(deployment) if deployment.in_progress() => "IN_PROGRESS",
            _ => "COMPLETED",
        };
        let (created, updated) = newest.map_or((service.created, service.created), |deployment| {
            (deployment.created, deployment.updated)
        });
        let id = side.arn.rsplit('/').next().unwrap_or_default();
        object([
            ("id", format!("ecs-svc/{id}").into()),
            ("status", if index == 0 { "PRIMARY" } else { "ACTIVE" }.into()),
            ("taskDefinition", (&side.task_definition).into()),
            ("desiredCount", side.requested.into()),
            ("pendingCount", side.pending.into()),
            ("runningCount", side.running.into()),
            ("failedTasks", breaker.map_or(0, |breaker| breaker.failures).into()),
            ("createdAt", created.into()),
            ("updatedAt", updated.into()),
            ("launchType", "FARGATE".into()),
            ("platformVersion", "1.4.0".into()),
            ("platformFamily", "Linux".into()),
            ("rolloutState", state.into()),
        ])
    };
    list(service.revisions.iter().enumerate().map(entry))
}
