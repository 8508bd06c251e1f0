//! CodeDeploy, as far as it is needed to see who owns the weights of a Lambda alias.

use super::Ctx;
use crate::demo::wire::{Failure, Value, list, object};

#[expect(clippy::unnecessary_wraps, reason = "every handler may refuse")]
pub fn list_deployments(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let wanted = input.texts("includeOnlyStatuses");
    let all = ctx.world.alias_deployments();
    let open = wanted.is_empty() || wanted.contains(&"InProgress");
    Ok(object([("deployments", list(all.into_iter().filter(|_| open).map(|it| it.0)))]))
}

pub fn list_deployment_targets(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let id = input.text("deploymentId").unwrap_or_default();
    let (_, function, alias, ..) = find(ctx, id)?;
    Ok(object([("targetIds", list([format!("{function}:{alias}")]))]))
}

pub fn batch_get_deployment_targets(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let id = input.text("deploymentId").unwrap_or_default();
    let (_, function, alias, from, to) = find(ctx, id)?;
    let info = object([
        ("functionName", (&function).into()),
        ("functionAlias", (&alias).into()),
        ("currentVersion", from.to_string().into()),
        ("targetVersion", to.to_string().into()),
    ]);
    let target = object([
        ("deploymentId", id.to_owned().into()),
        ("targetId", format!("{function}:{alias}").into()),
        ("status", "InProgress".into()),
        ("lambdaFunctionInfo", info),
    ]);
    let wrapped = object([("deploymentTargetType", "LambdaTarget".into()), ("lambdaTarget", target)]);
    Ok(object([("deploymentTargets", list([wrapped]))]))
}

fn find(ctx: Ctx<'_>, id: &str) -> Result<(String, String, String, u32, u32), Failure> {
    let found = ctx.world.alias_deployments().into_iter().find(|it| it.0 == id);
    found.ok_or_else(|| {
        Failure::refused("DeploymentDoesNotExistException", format!("The deployment {id} could not be found"))
    })
}
