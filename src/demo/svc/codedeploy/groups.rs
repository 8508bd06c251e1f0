//! Applications, deployment groups and the configurations that say how traffic moves.

use super::{PAGES, application, group, revision, settings};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{ACCOUNT, CLUSTER, CodeDeployGroup, CodeDeployment, GroupSettings, Moves};

/// Groups in one `BatchGetDeploymentGroups`.
const MOST: usize = 100;

pub fn list_applications(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let groups = ctx.world.code_deploy_groups(ctx.now);
    let mut names: Vec<String> = groups.into_iter().map(|group| group.settings.application).collect();
    names.sort();
    let (names, token) = PAGES.page(names, input)?;
    Ok(object([("applications", list(names)), ("nextToken", token.into())]))
}

pub fn list_deployment_groups(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (name, groups) = application(ctx, input)?;
    let names = groups.into_iter().map(|group| group.settings.group).collect();
    let (names, token) = PAGES.page::<String>(names, input)?;
    Ok(object([
        ("applicationName", name.to_owned().into()),
        ("deploymentGroups", list(names)),
        ("nextToken", token.into()),
    ]))
}

pub fn get_deployment_group(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    Ok(object([("deploymentGroupInfo", describe(&group(ctx, input)?))]))
}

/// Those that there are not are told of in one sentence.
pub fn batch_get_deployment_groups(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (_, groups) = application(ctx, input)?;
    let names = input.texts("deploymentGroupNames");
    if names.is_empty() {
        let message = "At least one deployment group name is required";
        return Err(Failure::refused("DeploymentGroupNameRequiredException", message));
    }
    if names.len() > MOST {
        let message = format!("At most {MOST} deployment groups can be asked for at once");
        return Err(Failure::refused("BatchLimitExceededException", message));
    }
    let known = |name: &&&str| groups.iter().any(|group| group.settings.group == ***name);
    let missing: Vec<&str> = names.iter().filter(|name| !known(name)).copied().collect();
    let found = groups.iter().filter(|group| names.contains(&group.settings.group.as_str()));
    let error =
        (!missing.is_empty()).then(|| format!("No deployment group found for {}", missing.join(", ")));
    Ok(object([("deploymentGroupsInfo", list(found.map(describe))), ("errorMessage", error.into())]))
}

fn describe(group: &CodeDeployGroup) -> Value {
    let set = &group.settings;
    let last = group.deployments.first();
    let succeeded = group.deployments.iter().find(|deployment| deployment.status == "Succeeded");
    let alarms = set.alarms.iter().map(|name| object([("name", name.into())]));
    let services = set
        .service
        .iter()
        .map(|service| object([("serviceName", (&service.name).into()), ("clusterName", CLUSTER.into())]));
    let [style, rollback, blue_green, balancer] = settings(set);
    object([
        ("applicationName", (&set.application).into()),
        ("deploymentGroupId", (&group.id).into()),
        ("deploymentGroupName", (&set.group).into()),
        ("deploymentConfigName", (&set.config).into()),
        ("serviceRoleArn", format!("arn:aws:iam::{ACCOUNT}:role/AWSCodeDeployRole").into()),
        ("targetRevision", last.map(|last| revision(&last.revision)).into()),
        (
            "alarmConfiguration",
            object([
                ("enabled", set.alarm_watch.into()),
                ("ignorePollAlarmFailure", false.into()),
                ("alarms", list(alarms)),
            ]),
        ),
        rollback,
        style,
        ("outdatedInstancesStrategy", "UPDATE".into()),
        blue_green,
        balancer,
        ("lastSuccessfulDeployment", succeeded.map(brief).into()),
        ("lastAttemptedDeployment", last.map(brief).into()),
        ("computePlatform", set.platform.into()),
        ("ecsServices", list(services)),
    ])
}

fn brief(deployment: &CodeDeployment) -> Value {
    object([
        ("deploymentId", (&deployment.id).into()),
        ("status", deployment.status.into()),
        ("endTime", deployment.completed.into()),
        ("createTime", deployment.created.into()),
    ])
}

pub fn get_deployment_config(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let name = input.text("deploymentConfigName").ok_or_else(|| {
        Failure::refused("DeploymentConfigNameRequiredException", "Deployment configuration name is required")
    })?;
    let groups = ctx.world.code_deploy_groups(ctx.now);
    let deployments = groups.iter().flat_map(|group| &group.deployments);
    let mut all = groups.iter().map(|group| &group.settings).chain(deployments.map(|it| &it.settings));
    let found: Option<&GroupSettings> = all.find(|settings| settings.config == name);
    let found = found.ok_or_else(|| {
        let message = format!("No Deployment Configuration found for name: {name}");
        Failure::refused("DeploymentConfigDoesNotExistException", message)
    })?;
    let info = object([
        ("deploymentConfigName", (&found.config).into()),
        ("createTime", (ctx.world.start() - jiff::SignedDuration::from_hours(24 * 300)).into()),
        ("computePlatform", found.platform.into()),
        ("trafficRoutingConfig", routing(found.moves)),
    ]);
    Ok(object([("deploymentConfigInfo", info)]))
}

fn routing(moves: Moves) -> Value {
    match moves {
        Moves::Canary(percent, minutes) => object([
            ("type", "TimeBasedCanary".into()),
            (
                "timeBasedCanary",
                object([("canaryPercentage", percent.into()), ("canaryInterval", minutes.into())]),
            ),
        ]),
        Moves::Linear(percent, minutes) => object([
            ("type", "TimeBasedLinear".into()),
            (
                "timeBasedLinear",
                object([("linearPercentage", percent.into()), ("linearInterval", minutes.into())]),
            ),
        ]),
        Moves::AllAtOnce => object([("type", "AllAtOnce".into())]),
    }
}
