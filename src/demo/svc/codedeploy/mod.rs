//! CodeDeploy: applications and groups, deployments of ECS services and Lambda aliases, their targets, and the
//! calls that change them.
//!
//! Pages are a hundred long: no operation takes a size.

pub mod deployments;
pub mod groups;
pub mod targets;
pub mod writes;

use super::{Ctx, paging::Paging};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{CodeDeployError, CodeDeployGroup, CodeDeployment, GroupSettings};

const PAGES: Paging = Paging {
    size: "(none)",
    token: "nextToken",
    default: 100,
    most: 100,
    bad_size: "InvalidInputException",
    bad_token: "InvalidNextTokenException",
};

/// The deployment that the input names.
fn deployment(ctx: Ctx<'_>, input: &Value) -> Result<CodeDeployment, Failure> {
    let id = deployment_id(input)?;
    let missing = || refusal(&CodeDeployError::NotFound(id.to_owned()));
    ctx.world.code_deployment(id, ctx.now).ok_or_else(missing)
}

/// The id of a deployment, if it looks like one.
fn deployment_id(input: &Value) -> Result<&str, Failure> {
    let id = input.text("deploymentId");
    let id =
        id.ok_or_else(|| Failure::refused("DeploymentIdRequiredException", "Deployment id is required"))?;
    check_id(id)
}

fn check_id(id: &str) -> Result<&str, Failure> {
    let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    if id.strip_prefix("d-").is_some_and(|rest| !rest.is_empty() && rest.chars().all(legal)) {
        return Ok(id);
    }
    Err(Failure::refused("InvalidDeploymentIdException", format!("{id} is not a valid deployment id")))
}

/// The groups of an application.
fn application<'a>(ctx: Ctx<'_>, input: &'a Value) -> Result<(&'a str, Vec<CodeDeployGroup>), Failure> {
    let name = input.text("applicationName");
    let name = name.ok_or_else(|| {
        Failure::refused("ApplicationNameRequiredException", "Application name is required")
    })?;
    let mut groups = ctx.world.code_deploy_groups(ctx.now);
    groups.retain(|group| group.settings.application == name);
    if groups.is_empty() {
        let message = format!("No application found for name: {name}");
        return Err(Failure::refused("ApplicationDoesNotExistException", message));
    }
    Ok((name, groups))
}

/// The group that the input names.
fn group(ctx: Ctx<'_>, input: &Value) -> Result<CodeDeployGroup, Failure> {
    let (_, groups) = application(ctx, input)?;
    let name = input.text("deploymentGroupName").ok_or_else(|| {
        Failure::refused("DeploymentGroupNameRequiredException", "Deployment group name is required")
    })?;
    groups.into_iter().find(|group| group.settings.group == name).ok_or_else(|| {
        let message = format!("No Deployment Group found for name: {name}");
        Failure::refused("DeploymentGroupDoesNotExistException", message)
    })
}

/// What a group and its deployments say alike: `deploymentStyle` and what follows it.
fn settings(settings: &GroupSettings) -> [(&'static str, Value); 4] {
    let style = object([
        ("deploymentType", "BLUE_GREEN".into()),
        ("deploymentOption", "WITH_TRAFFIC_CONTROL".into()),
    ]);
    let rollback = object([
        ("enabled", (!settings.rollback_on.is_empty()).into()),
        ("events", list(settings.rollback_on.iter().copied())),
    ]);
    // Lambda has no tasks to wait for.
    let blue_green = settings.service.as_ref().map(|_| {
        let waits = settings.ready_minutes;
        let action = if waits.is_some() { "STOP_DEPLOYMENT" } else { "CONTINUE_DEPLOYMENT" };
        object([
            (
                "terminateBlueInstancesOnDeploymentSuccess",
                object([
                    ("action", "TERMINATE".into()),
                    ("terminationWaitTimeInMinutes", settings.termination_minutes.into()),
                ]),
            ),
            (
                "deploymentReadyOption",
                object([
                    ("actionOnTimeout", action.into()),
                    ("waitTimeInMinutes", waits.unwrap_or(0).into()),
                ]),
            ),
        ])
    });
    let balancer = settings.service.as_ref().map(|service| {
        let names = service.target_groups.iter().map(|name| object([("name", name.into())]));
        let route = object([("listenerArns", list([&service.listener]))]);
        let pair = object([("targetGroups", list(names)), ("prodTrafficRoute", route)]);
        object([("targetGroupPairInfoList", list([pair]))])
    });
    [
        ("deploymentStyle", style),
        ("autoRollbackConfiguration", rollback),
        ("blueGreenDeploymentConfiguration", blue_green.into()),
        ("loadBalancerInfo", balancer.into()),
    ]
}

/// An `AppSpec` file is told of by its hash alone.
fn revision(hash: &str) -> Value {
    let content = object([("sha256", hash.to_owned().into())]);
    object([("revisionType", "AppSpecContent".into()), ("appSpecContent", content)])
}

fn refusal(error: &CodeDeployError) -> Failure {
    let code = match error {
        CodeDeployError::NotFound(_) => "DeploymentDoesNotExistException",
        CodeDeployError::Completed(_) => "DeploymentAlreadyCompletedException",
        CodeDeployError::Stack(_) => "UnsupportedActionForDeploymentTypeException",
        CodeDeployError::NotWaiting(_) => "DeploymentIsNotInReadyStateException",
        CodeDeployError::Busy(_) => "DeploymentLimitExceededException",
        CodeDeployError::NoRevision(_) => "InvalidRevisionException",
    };
    Failure::refused(code, error.to_string())
}
