//! ECS service deployments and revisions, and the one call here that changes the world: the rollback.

use super::{bad_parameter, balancers, check_cluster, configuration, counts, failure, pages, service_name};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{AlarmState, Deployment, Side, StopError, World};
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
    let strategy = deployment.strategy;
    let settings =
        configuration(strategy, deployment.bake_minutes, &deployment.alarms, deployment.alarm_rollback);
    object([
        ("serviceDeploymentArn", (&deployment.arn).into()),
        ("serviceArn", service.as_ref().map(|service| &service.arn).into()),
        ("clusterArn", service.as_ref().map(|service| &service.cluster_arn).into()),
        ("createdAt", deployment.created.into()),
        ("startedAt", deployment.started.into()),
        ("finishedAt", deployment.finished.into()),
        ("stoppedAt", deployment.stopped.into()),
        ("updatedAt", deployment.updated.into()),
        ("sourceServiceRevisions", list([side(&deployment.source)])),
        ("targetServiceRevision", side(&deployment.target)),
        ("status", deployment.status.into()),
        ("statusReason", deployment.status_reason.as_ref().into()),
        ("lifecycleStage", deployment.stage.into()),
        ("deploymentConfiguration", settings),
        ("rollback", rollback.into()),
        (
            "deploymentCircuitBreaker",
            object([("status", "DISABLED".into()), ("failureCount", 0.into()), ("threshold", 0.into())]),
        ),
        ("alarms", alarms(ctx, deployment)),
    ])
}

fn alarms(ctx: Ctx<'_>, deployment: &Deployment) -> Value {
    let in_alarm = |name: &&String| {
        let status = ctx.world.alarm_status(name, ctx.now);
        status.is_some_and(|status| status.state == AlarmState::Alarm)
    };
    let triggered: Vec<&String> = deployment.alarms.iter().filter(in_alarm).collect();
    let status = match (deployment.alarm_rollback, deployment.in_progress()) {
        (false, _) => "DISABLED",
        (true, true) if !triggered.is_empty() => "TRIGGERED",
        (true, true) => "MONITORING",
        (true, false) => "MONITORING_COMPLETE",
    };
    object([
        ("status", status.into()),
        ("alarmNames", list(&deployment.alarms)),
        ("triggeredAlarmNames", list(if deployment.alarm_rollback { triggered } else { Vec::new() })),
    ])
}

pub fn describe_service_revisions(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in asked(input, "serviceRevisionArns")? {
        match ctx.world.revision(arn, ctx.now) {
            Some((service, side, created)) => found.push(revision(ctx, &service, &side, created)),
            None => failures.push(failure(arn)),
        }
    }
    Ok(object([("serviceRevisions", found.into()), ("failures", failures.into())]))
}

fn revision(ctx: Ctx<'_>, service: &str, side: &Side, created: Timestamp) -> Value {
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
        ("serviceRevisionArn", (&side.arn).into()),
        ("serviceArn", service.as_ref().map(|service| &service.arn).into()),
        ("clusterArn", service.as_ref().map(|service| &service.cluster_arn).into()),
        ("taskDefinition", (&side.task_definition).into()),
        ("launchType", "FARGATE".into()),
        ("platformVersion", "1.4.0".into()),
        ("platformFamily", "Linux".into()),
        ("loadBalancers", balancers(ctx, balancer)),
        ("containerImages", list(images)),
        ("guardDutyEnabled", false.into()),
        ("createdAt", created.into()),
        ("resolvedConfiguration", object([("loadBalancers", list(resolved))])),
    ])
}

pub fn stop_service_deployment(world: &mut World, now: Timestamp, input: &Value) -> Result<Value, Failure> {
    let arn = input.text("serviceDeploymentArn");
    let arn = arn.ok_or_else(|| bad_parameter("serviceDeploymentArn must not be null."))?;
    match input.text("stopType") {
        None | Some("ROLLBACK") => {}
        Some(other) => return Err(bad_parameter(format!("{other} is not a valid stop type. Use ROLLBACK."))),
    }
    let deployment = world.deployment(arn, now).ok_or_else(|| stop_failure(StopError::NotFound))?;
    if deployment.source.arn.is_empty() {
        return Err(Failure::refused(
            "ConflictException",
            "The first deployment of a service has nothing to go back to.",
        ));
    }
    world.stop_deployment(arn, now).map_err(stop_failure)?;
    Ok(object([("serviceDeploymentArn", arn.to_owned().into())]))
}

fn stop_failure(error: StopError) -> Failure {
    let code = match error {
        StopError::NotFound => "ServiceDeploymentNotFoundException",
        StopError::Terminal => "ConflictException",
    };
    Failure::refused(code, error.to_string())
}

fn asked<'a>(input: &'a Value, name: &str) -> Result<Vec<&'a str>, Failure> {
    let arns = input.texts(name);
    if (1..=20).contains(&arns.len()) {
        Ok(arns)
    } else {
        Err(bad_parameter(format!("{name} must have from 1 to 20 elements.")))
    }
}
