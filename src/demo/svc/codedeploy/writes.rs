//! The CodeDeploy calls that change the world: stop, continue and make a deployment.

use super::{deployment_id, group, refusal};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, object};
use crate::demo::world::World;
use jiff::Timestamp;

/// Left out, the group's own setting says whether traffic goes back.
pub fn stop_deployment(world: &mut World, now: Timestamp, input: &Value) -> Result<Value, Failure> {
    let id = deployment_id(input)?;
    world
        .stop_code_deployment(id, input.flag("autoRollbackEnabled"), now)
        .map_err(|error| refusal(&error))?;
    let message = "No more commands will be scheduled for execution in the deployment targets";
    Ok(object([("status", "Pending".into()), ("statusMessage", message.into())]))
}

pub fn continue_deployment(world: &mut World, now: Timestamp, input: &Value) -> Result<Value, Failure> {
    let id = deployment_id(input)?;
    let ends = match input.text("deploymentWaitType") {
        None | Some("READY_WAIT") => false,
        Some("TERMINATION_WAIT") => true,
        Some(other) => {
            let message = format!("{other} is not a valid wait type");
            return Err(Failure::refused("InvalidDeploymentWaitTypeException", message));
        }
    };
    world.continue_code_deployment(id, ends, now).map_err(|error| refusal(&error))?;
    Ok(Value::empty())
}

/// Takes an `AppSpec` file in JSON: of it only the task definition, or the version, that it brings.
pub fn create_deployment(world: &mut World, now: Timestamp, input: &Value) -> Result<Value, Failure> {
    let ctx = Ctx::new(world, now);
    let group = group(ctx, input)?;
    let content = input.get("revision").and_then(|revision| revision.get("appSpecContent"));
    let content = content.and_then(|content| content.text("content"));
    let content = content
        .ok_or_else(|| Failure::refused("RevisionRequiredException", "An AppSpec file is required"))?;
    let bad = || Failure::refused("InvalidRevisionException", "The AppSpec file brings no known revision");
    let file: serde_json::Value = serde_json::from_str(content).map_err(|_| bad())?;
    let wanted = brought(&file).ok_or_else(bad)?;
    let id = world.create_code_deployment(&group.settings.application, wanted, now);
    let id = id.map_err(|error| refusal(&error))?;
    Ok(object([("deploymentId", id.into())]))
}

/// The revision number of a task definition's ARN, or the version of a function.
fn brought(file: &serde_json::Value) -> Option<u32> {
    let resource = file.get("Resources")?.as_array()?.first()?.as_object()?.values().next()?;
    let properties = resource.get("Properties")?;
    let wanted = properties.get("TaskDefinition").or(properties.get("TargetVersion"))?.as_str()?;
    wanted.rsplit(':').next()?.parse().ok()
}
