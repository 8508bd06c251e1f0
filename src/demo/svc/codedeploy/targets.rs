//! What a deployment changes: the task sets of a service, the alias of a function, or what a stack tells of
//! them.

use super::{PAGES, deployment};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{CLUSTER, CodeDeployTarget, CodeDeployment, LifecycleEvent, TaskSet};

/// Targets in one `BatchGetDeploymentTargets`.
const MOST: usize = 25;

pub fn list_deployment_targets(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let deployment = begun(deployment(ctx, input)?)?;
    let (ids, token) = PAGES.page(vec![target_id(&deployment)], input)?;
    Ok(object([("targetIds", list(ids)), ("nextToken", token.into())]))
}

pub fn batch_get_deployment_targets(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let deployment = begun(deployment(ctx, input)?)?;
    let ids = input.texts("targetIds");
    if ids.is_empty() {
        let message = "At least one target id is required";
        return Err(Failure::refused("DeploymentTargetIdRequiredException", message));
    }
    if ids.len() > MOST {
        let message = format!("At most {MOST} targets can be asked for at once");
        return Err(Failure::refused("DeploymentTargetListSizeExceededException", message));
    }
    let known = target_id(&deployment);
    if let Some(unknown) = ids.iter().find(|id| **id != known) {
        let message = format!("The deployment target {unknown} does not exist in {}", deployment.id);
        return Err(Failure::refused("DeploymentTargetDoesNotExistException", message));
    }
    Ok(object([("deploymentTargets", list(ids.iter().map(|_| describe(&deployment))))]))
}

/// Before it begins there are no targets.
fn begun(deployment: CodeDeployment) -> Result<CodeDeployment, Failure> {
    if deployment.started.is_some() {
        return Ok(deployment);
    }
    let message = format!("Deployment {} has not started yet", deployment.id);
    Err(Failure::refused("DeploymentNotStartedException", message))
}

fn target_id(deployment: &CodeDeployment) -> String {
    match &deployment.target {
        CodeDeployTarget::Service { name, .. } => format!("{CLUSTER}:{name}"),
        CodeDeployTarget::Alias { function, alias, .. } => format!("{function}:{alias}"),
    }
}

fn describe(deployment: &CodeDeployment) -> Value {
    let status = match deployment.status {
        "Created" | "Queued" => "Pending",
        "Stopped" => "Failed",
        other => other,
    };
    let common = object([
        ("deploymentId", (&deployment.id).into()),
        ("targetId", target_id(deployment).into()),
        ("lastUpdatedAt", deployment.updated.into()),
        ("lifecycleEvents", list(deployment.events.iter().map(event))),
        ("status", status.into()),
    ]);
    let stack = deployment.creator == "CloudFormation";
    match &deployment.target {
        CodeDeployTarget::Service { sets, .. } if stack => {
            let green = sets.iter().find(|(label, _)| *label == "Green");
            let target = common
                .with("resourceType", "AWS::ECS::TaskSet")
                .with("targetVersionWeight", green.map_or(0.0, |(_, set)| set.side.weight));
            object([
                ("deploymentTargetType", "CloudFormationTarget".into()),
                ("cloudFormationTarget", target),
            ])
        }
        CodeDeployTarget::Service { arn, sets, .. } => {
            let target = common.with("targetArn", arn).with("taskSetsInfo", list(sets.iter().map(task_set)));
            object([("deploymentTargetType", "ECSTarget".into()), ("ecsTarget", target)])
        }
        CodeDeployTarget::Alias { function, alias, arn, current, wanted, weight } => {
            let info = object([
                ("functionName", function.into()),
                ("functionAlias", alias.into()),
                ("currentVersion", current.to_string().into()),
                ("targetVersion", wanted.to_string().into()),
                ("targetVersionWeight", (*weight).into()),
            ]);
            let target = common.with("targetArn", arn).with("lambdaFunctionInfo", info);
            object([("deploymentTargetType", "LambdaTarget".into()), ("lambdaTarget", target)])
        }
    }
}

fn event(event: &LifecycleEvent) -> Value {
    let diagnostics = event.message.as_ref().map(|message| {
        object([
            ("errorCode", "ScriptFailed".into()),
            ("scriptName", event.name.into()),
            ("message", message.into()),
            ("logTail", "".into()),
        ])
    });
    object([
        ("lifecycleEventName", event.name.into()),
        ("diagnostics", diagnostics.into()),
        ("startTime", event.started.into()),
        ("endTime", event.ended.into()),
        ("status", event.status.into()),
    ])
}

/// AWS spells the first member so.
fn task_set((label, set): &(&'static str, TaskSet)) -> Value {
    let group = set.side.target_group.as_ref().and_then(|arn| arn.split('/').nth(1));
    object([
        ("identifer", (&set.id).into()),
        ("desiredCount", set.side.requested.into()),
        ("pendingCount", set.side.pending.into()),
        ("runningCount", set.side.running.into()),
        ("status", set.status.into()),
        ("trafficWeight", set.side.weight.into()),
        ("targetGroup", group.map(|name| object([("name", name.to_owned().into())])).into()),
        ("taskSetLabel", (*label).into()),
    ])
}
