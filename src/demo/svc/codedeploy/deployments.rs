//! Deployments: the list, and what each one says.

use super::{PAGES, application, check_id, deployment, group, revision, settings};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::CodeDeployment;

const STATES: [&str; 8] =
    ["Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready"];
/// Deployments in one `BatchGetDeployments`.
const MOST: usize = 25;

pub fn list_deployments(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let mut found = match (input.text("applicationName"), input.text("deploymentGroupName")) {
        (None, None) => ctx.world.code_deployments(ctx.now),
        (Some(_), None) => {
            application(ctx, input)?;
            let message = "Deployment group name is required with an application name";
            return Err(Failure::refused("DeploymentGroupNameRequiredException", message));
        }
        (..) => group(ctx, input)?.deployments,
    };
    let states = input.texts("includeOnlyStatuses");
    if let Some(unknown) = states.iter().find(|state| !STATES.contains(state)) {
        let message = format!("{unknown} is not a valid deployment status");
        return Err(Failure::refused("InvalidDeploymentStatusException", message));
    }
    let span = input.get("createTimeRange").cloned().unwrap_or_else(Value::empty);
    let (start, end) = (span.time("start"), span.time("end"));
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        return Err(Failure::refused("InvalidTimeRangeException", "The start of the range is after its end"));
    }
    let stack = input.text("externalId");
    found.retain(|deployment| {
        (states.is_empty() || states.contains(&deployment.status))
            && start.is_none_or(|start| deployment.created >= start)
            && end.is_none_or(|end| deployment.created <= end)
            && stack.is_none_or(|stack| deployment.stack.as_deref() == Some(stack))
    });
    let ids = found.into_iter().map(|deployment| deployment.id).collect();
    let (ids, token) = PAGES.page::<String>(ids, input)?;
    Ok(object([("deployments", list(ids)), ("nextToken", token.into())]))
}

pub fn get_deployment(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    Ok(object([("deploymentInfo", describe(&deployment(ctx, input)?))]))
}

/// Those that there are not are left out.
pub fn batch_get_deployments(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let ids = input.texts("deploymentIds");
    if ids.is_empty() {
        return Err(Failure::refused(
            "DeploymentIdRequiredException",
            "At least one deployment id is required",
        ));
    }
    if ids.len() > MOST {
        let message = format!("At most {MOST} deployments can be asked for at once");
        return Err(Failure::refused("BatchLimitExceededException", message));
    }
    let ids = ids.into_iter().map(check_id).collect::<Result<Vec<_>, _>>()?;
    let found = ids.into_iter().filter_map(|id| ctx.world.code_deployment(id, ctx.now));
    Ok(object([("deploymentsInfo", list(found.map(|deployment| describe(&deployment))))]))
}

fn describe(deployment: &CodeDeployment) -> Value {
    let group = &deployment.settings;
    let error = deployment.error.as_ref();
    let error = error.map(|(code, message)| object([("code", (*code).into()), ("message", message.into())]));
    let [style, rollback, blue_green, balancer] = settings(group);
    object([
        ("applicationName", (&group.application).into()),
        ("deploymentGroupName", (&group.group).into()),
        ("deploymentConfigName", (&group.config).into()),
        ("deploymentId", (&deployment.id).into()),
        ("previousRevision", revision(&deployment.previous)),
        ("revision", revision(&deployment.revision)),
        ("status", deployment.status.into()),
        ("errorInformation", error.into()),
        ("createTime", deployment.created.into()),
        ("startTime", deployment.started.into()),
        ("completeTime", deployment.completed.into()),
        ("deploymentOverview", overview(deployment.status)),
        ("description", description(deployment).into()),
        ("creator", deployment.creator.into()),
        ("ignoreApplicationStopFailures", false.into()),
        rollback,
        ("updateOutdatedInstancesOnly", false.into()),
        ("rollbackInfo", rollback_info(deployment).into()),
        style,
        ("instanceTerminationWaitTimeStarted", deployment.waits_to_clear.into()),
        blue_green,
        balancer,
        ("fileExistsBehavior", "DISALLOW".into()),
        ("deploymentStatusMessages", Value::List(Vec::new())),
        ("computePlatform", group.platform.into()),
        ("externalId", deployment.stack.as_ref().into()),
    ])
}

fn description(deployment: &CodeDeployment) -> Option<String> {
    let of = deployment.takes_back.as_ref()?;
    Some(format!("This deployment rolls back deployment {of}."))
}

/// One target, counted where it is.
fn overview(status: &str) -> Value {
    let here = |states: &[&str]| i64::from(states.contains(&status));
    object([
        ("Pending", here(&["Created", "Queued"]).into()),
        ("InProgress", here(&["InProgress"]).into()),
        ("Succeeded", here(&["Succeeded"]).into()),
        ("Failed", here(&["Failed", "Stopped"]).into()),
        ("Skipped", 0.into()),
        ("Ready", here(&["Ready"]).into()),
    ])
}

fn rollback_info(deployment: &CodeDeployment) -> Option<Value> {
    let (by, of) = (deployment.taken_back_by.as_ref(), deployment.takes_back.as_ref());
    let message = match (by, of) {
        (Some(by), _) => format!("Deployment {} was rolled back by deployment {by}.", deployment.id),
        (None, Some(of)) => format!("Deployment {of} is being rolled back to its previous revision."),
        (None, None) => return None,
    };
    Some(object([
        ("rollbackDeploymentId", by.into()),
        ("rollbackTriggeringDeploymentId", of.into()),
        ("rollbackMessage", message.into()),
    ]))
}
