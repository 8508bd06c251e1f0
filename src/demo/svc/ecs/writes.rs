//! The ECS calls that change the world: stop or answer a deployment, deploy a revision.

use super::services::describe;
use super::{bad_parameter, check_cluster, service_name};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, object};
use crate::demo::world::{AnswerError, StopError, UpdateError, World};
use jiff::Timestamp;

pub fn stop_service_deployment(world: &mut World, now: Timestamp, input: &Value) -> Result<Value, Failure> {
    let arn = deployment(input)?;
    match input.text("stopType") {
        None | Some("ROLLBACK") => {}
        Some(other) => return Err(bad_parameter(format!("{other} is not a valid stop type. Use ROLLBACK."))),
    }
    world.stop_deployment(arn, now).map_err(|error| {
        let code = match error {
            StopError::NotFound => "ServiceDeploymentNotFoundException",
            StopError::Terminal | StopError::NothingBefore => "ConflictException",
            StopError::NotOurs(_) => "InvalidParameterException",
        };
        Failure::refused(code, error.to_string())
    })?;
    Ok(object([("serviceDeploymentArn", arn.to_owned().into())]))
}

/// Without an action AWS continues.
pub fn continue_service_deployment(
    world: &mut World,
    now: Timestamp,
    input: &Value,
) -> Result<Value, Failure> {
    let arn = deployment(input)?;
    let hook = input.text("hookId").ok_or_else(|| bad_parameter("hookId must not be null."))?;
    let back = match input.text("action") {
        None | Some("CONTINUE") => false,
        Some("ROLLBACK") => true,
        Some(other) => return Err(bad_parameter(format!("{other} is not a valid action."))),
    };
    world.answer_hook(arn, hook, back, now).map_err(|error| {
        let code = match error {
            AnswerError::NotFound => "ServiceDeploymentNotFoundException",
            AnswerError::NoHook | AnswerError::Answered => "InvalidParameterException",
        };
        Failure::refused(code, error.to_string())
    })?;
    Ok(object([("serviceDeploymentArn", arn.to_owned().into())]))
}

pub fn update_service(world: &mut World, now: Timestamp, input: &Value) -> Result<Value, Failure> {
    check_cluster(Ctx::new(world, now), input)?;
    let asked = input.text("service").ok_or_else(|| bad_parameter("Service must not be null."))?;
    let name = service_name(asked).to_owned();
    let insists = input.flag("forceNewDeployment").unwrap_or(false);
    world.update_service(&name, input.text("taskDefinition"), insists, now).map_err(|error| {
        let code = match error {
            UpdateError::NoService => "ServiceNotFoundException",
            UpdateError::NoDefinition | UpdateError::Inactive => "ClientException",
            UpdateError::NotOurs(..) => "InvalidParameterException",
        };
        Failure::refused(code, error.to_string())
    })?;
    let ctx = Ctx::new(world, now);
    let service = ctx.world.service(&name, now).map(|service| describe(ctx, &service));
    Ok(object([("service", service.into())]))
}

fn deployment(input: &Value) -> Result<&str, Failure> {
    input.text("serviceDeploymentArn").ok_or_else(|| bad_parameter("serviceDeploymentArn must not be null."))
}
