//! ECS service deployments and revisions.

use super::{bad_parameter, balancers, check_cluster, configuration, counts, failure, pages, service_name};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{Deployment, Hook, Side};
use jiff::Timestamp;

const STATES: [&str; 9] = [
    "PENDING",
    "SUCCESSFUL",
    "STOPPED",
    "STOP_REQUESTED",
    "IN_PROGRESS",
    "ROLLBACK_REQUESTED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_SUCCESSFUL",
    "ROLLBACK_FAILED",
];

pub fn list_service_deployments(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    check_cluster(ctx, input)?;
    let name = service_name(input.text("service").ok_or_else(|| bad_parameter("Service must not be null."))?);
    let service = ctx.world.service(name, ctx.now);
    let service =
        service.ok_or_else(|| Failure::refused("ServiceNotFoundException", "Service not found."))?;
    let states = input.texts("status");
    if let Some(unknown) = states.iter().find(|state| !STATES.contains(state)) {
        return Err(bad_parameter(format!("{unknown} is not a service deployment status.")));
    }
    let span = input.get("createdAt").cloned().unwrap_or_else(Value::empty);
    let (after, before) = (span.time("after"), span.time("before"));
    let mut found = ctx.world.deployments(name, ctx.now);
    found.retain(|deployment| {
        (states.is_empty() || states.contains(&deployment.status))
            && after.is_none_or(|after| deployment.created > after)
            && before.is_none_or(|before| deployment.created < before)
    });
    let (page, token) = pages(20).page(found, input)?;
    let brief = |deployment: Deployment| {
        object([
            ("serviceDeploymentArn", deployment.arn.into()),
            ("serviceArn", (&service.arn).into()),
            ("clusterArn", (&service.cluster_arn).into()),
            ("startedAt", deployment.started.into()),
            ("createdAt", deployment.created.into()),
            ("finishedAt", deployment.finished.into()),
            ("targetServiceRevisionArn", deployment.target.arn.into()),
            ("status", deployment.status.into()),
            ("statusReason", deployment.status_reason.into()),
        ])
    };
    Ok(object([("serviceDeployments", list(page.into_iter().map(brief))), ("nextToken", token.into())]))
}

pub fn describe_service_deployments(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in asked(input, "serviceDeploymentArns")? {
        match ctx.world.deployment(arn, ctx.now) {
            Some(deployment) => found.push(describe(ctx, &deployment)),
            None => failures.push(failure(arn)),
        }
    }
    Ok(object([("serviceDeployments", found.into()), ("failures", failures.into())]))
}

fn describe(ctx: Ctx<'_>, deployment: &Deployment) -> Value {
    let service = ctx.world.service(&deployment.service, ctx.now);
    let side = |side: &Side| {
        counts(side)
            .with("requestedTestTrafficWeight", side.test_weight)
            .with("requestedProductionTrafficWeight", side.weight)
    };
    let rollback = deployment.rollback.as_ref().map(|(at, reason)| {
        object([
            ("reason", reason.into()),
            ("startedAt", (*at).into()),
            ("serviceRevisionArn", (&deployment.source.arn).into()),
        ])
    });
    let settings = configuration(deployment.strategy, deployment.bake_minutes, Some(deployment));
    let sources = std::iter::once(&deployment.source).chain(&deployment.more_sources);
    let sources = sources.filter(|_| !deployment.first);
    object([
        ("serviceDeploymentArn", (&deployment.arn).into()),
        ("serviceArn", service.as_ref().map(|service| &service.arn).into()),
        ("clusterArn", service.as_ref().map(|service| &service.cluster_arn).into()),
        ("createdAt", deployment.created.into()),
        ("startedAt", deployment.started.into()),
        ("finishedAt", deployment.finished.into()),
        ("stoppedAt", deployment.stopped.into()),
        ("updatedAt", deployment.updated.into()),
        ("sourceServiceRevisions", list(sources.map(side))),
        ("targetServiceRevision", side(&deployment.target)),
        ("status", deployment.status.into()),
        ("statusReason", deployment.status_reason.as_ref().into()),
        ("lifecycleStage", deployment.stage.into()),
        ("deploymentConfiguration", settings),
        ("rollback", rollback.into()),
        ("lifecycleHookDetails", list(deployment.hooks.iter().map(hook))),
        ("deploymentCircuitBreaker", breaker(deployment)),
        ("alarms", alarms(deployment)),
    ])
}

fn hook(hook: &Hook) -> Value {
    object([
        ("hookId", (&hook.id).into()),
        ("targetType", hook.kind.into()),
        ("targetArn", hook.function.as_ref().into()),
        ("status", hook.status.into()),
        ("expiresAt", hook.expires.into()),
        ("timeoutAction", hook.timeout_action.into()),
    ])
}

fn breaker(deployment: &Deployment) -> Value {
    let (failures, threshold) = deployment.breaker.map_or((0, 0), |it| (it.failures, it.threshold));
    let on = deployment.breaker.is_some();
    let tripped = deployment.breaker.is_some_and(|breaker| breaker.tripped);
    object([
        ("status", monitor(on, tripped, deployment).into()),
        ("failureCount", failures.into()),
        ("threshold", threshold.into()),
    ])
}

/// State of what watches a deployment.
fn monitor(on: bool, tripped: bool, deployment: &Deployment) -> &'static str {
    match (on, tripped, deployment.in_progress()) {
        (false, ..) => "DISABLED",
        (true, true, _) => "TRIGGERED",
        (true, false, true) => "MONITORING",
        (true, false, false) => "MONITORING_COMPLETE",
    }
}

fn alarms(deployment: &Deployment) -> Value {
    let tripped = !deployment.triggered.is_empty();
    object([
        ("status", monitor(deployment.alarm_watch, tripped, deployment).into()),
        ("alarmNames", list(&deployment.alarms)),
        ("triggeredAlarmNames", list(&deployment.triggered)),
    ])
}

pub fn describe_service_revisions(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in asked(input, "serviceRevisionArns")? {
        match ctx.world.revision(arn, ctx.now) {
            Some((service, side, created)) => found.push(revision(ctx, &service, side, created)),
            None => failures.push(failure(arn)),
        }
    }
    Ok(object([("serviceRevisions", found.into()), ("failures", failures.into())]))
}

/// The same for all: three subnets, one security group.
fn network() -> Value {
    let vpc = object([
        ("subnets", list(["subnet-0a1b2c3d", "subnet-1b2c3d4e", "subnet-2c3d4e5f"])),
        ("securityGroups", list(["sg-0f1e2d3c"])),
        ("assignPublicIp", "DISABLED".into()),
    ]);
    object([("awsvpcConfiguration", vpc)])
}

fn revision(ctx: Ctx<'_>, service: &str, side: Side, created: Timestamp) -> Value {
    let service = ctx.world.service(service, ctx.now);
    let balancer = service.as_ref().and_then(|service| service.balancer.as_ref());
    let images = ctx.world.task_definition(&side.task_definition).map(|definition| {
        object([
            ("containerName", definition.container.into()),
            ("imageDigest", definition.digest.into()),
            ("image", definition.image.into()),
        ])
    });
    let resolved = balancer.zip(side.target_group.as_ref()).map(|(balancer, group)| {
        object([("targetGroupArn", group.into()), ("productionListenerRule", (&balancer.rule).into())])
    });
    object([
        ("serviceRevisionArn", side.arn.into()),
        ("serviceArn", service.as_ref().map(|service| &service.arn).into()),
        ("clusterArn", service.as_ref().map(|service| &service.cluster_arn).into()),
        ("taskDefinition", side.task_definition.into()),
        ("launchType", "FARGATE".into()),
        ("platformVersion", side.platform.into()),
        ("platformFamily", "Linux".into()),
        ("networkConfiguration", network()),
        ("loadBalancers", balancers(ctx, balancer)),
        ("containerImages", list(images)),
        ("guardDutyEnabled", false.into()),
        ("createdAt", created.into()),
        ("resolvedConfiguration", object([("loadBalancers", list(resolved))])),
    ])
}

fn asked<'a>(input: &'a Value, name: &str) -> Result<Vec<&'a str>, Failure> {
    let arns = input.texts(name);
    if (1..=20).contains(&arns.len()) {
        Ok(arns)
    } else {
        Err(bad_parameter(format!("{name} must have from 1 to 20 elements.")))
    }
}
