//! ECS: one cluster with its services, deployments and tasks; split by verb group; `writes.rs` has all that changes the world.

pub mod deployments;
pub mod services;
pub mod tasks;
pub mod writes;

use super::{Ctx, paging::Paging};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{Balancer, CLUSTER, Deployment, ListedHook, Side, Strategy};

/// Pages of at most 100, under the names that all ECS lists use.
const fn pages(default: usize) -> Paging {
    Paging {
        size: "maxResults",
        token: "nextToken",
        default,
        most: 100,
        bad_size: "InvalidParameterException",
        bad_token: "InvalidParameterException",
    }
}

pub fn list_clusters(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (arns, token) = pages(100).page(vec![cluster_arn(ctx)], input)?;
    Ok(object([("clusterArns", list(arns)), ("nextToken", token.into())]))
}

fn cluster_arn(ctx: Ctx<'_>) -> String {
    ctx.world.arn("ecs", &format!("cluster/{CLUSTER}"))
}

/// Refuses any cluster but the one there is; no cluster means one named `default`, which there is not.
fn check_cluster(ctx: Ctx<'_>, input: &Value) -> Result<(), Failure> {
    let asked = input.text("cluster").unwrap_or("default");
    if asked == CLUSTER || asked == cluster_arn(ctx) {
        return Ok(());
    }
    Err(Failure::refused("ClusterNotFoundException", "Cluster not found."))
}

/// A service's name from its name or ARN.
fn service_name(asked: &str) -> &str {
    asked.rsplit('/').next().unwrap_or(asked)
}

fn bad_parameter(message: impl Into<String>) -> Failure {
    Failure::refused("InvalidParameterException", message)
}

fn failure(arn: &str) -> Value {
    object([("arn", arn.to_owned().into()), ("reason", "MISSING".into())])
}

/// `deploymentConfiguration` of a deployment, or of a service that never had one.
fn configuration(strategy: Strategy, bake_minutes: u32, deployment: Option<&Deployment>) -> Value {
    let breaker = deployment.map_or(strategy == Strategy::Rolling, |it| it.breaker.is_some());
    let back = deployment.and_then(|it| it.breaker).is_none_or(|breaker| breaker.rollback);
    let mut configuration = object([
        (
            "deploymentCircuitBreaker",
            object([("enable", breaker.into()), ("rollback", (breaker && back).into())]),
        ),
        ("maximumPercent", 200.into()),
        ("minimumHealthyPercent", 100.into()),
        ("strategy", strategy.as_str().into()),
    ]);
    if let Some(deployment) = deployment.filter(|it| !it.alarms.is_empty()) {
        let monitor = object([
            ("alarmNames", list(&deployment.alarms)),
            ("rollback", deployment.alarm_rollback.into()),
            ("enable", deployment.alarm_watch.into()),
        ]);
        configuration = configuration.with("alarms", monitor);
    }
    if deployment.is_some_and(|it| it.deferred) {
        let early = object([
            ("enable", true.into()),
            ("healthyPercent", 100.into()),
            ("sourceServiceRevisionCleanup", "DEFERRED".into()),
        ]);
        configuration = configuration.with("earlySuccessCriteria", early);
    }
    if let Some(deployment) = deployment.filter(|it| !it.listed_hooks.is_empty()) {
        configuration = configuration.with("lifecycleHooks", list(deployment.listed_hooks.iter().map(hook)));
    }
    if strategy != Strategy::Rolling {
        configuration = configuration.with("bakeTimeInMinutes", bake_minutes);
    }
    match strategy {
        Strategy::Rolling | Strategy::BlueGreen => configuration,
        Strategy::Canary { percent, bake_minutes } => configuration.with(
            "canaryConfiguration",
            object([("canaryPercent", percent.into()), ("canaryBakeTimeInMinutes", bake_minutes.into())]),
        ),
        Strategy::Linear { percent, bake_minutes } => configuration.with(
            "linearConfiguration",
            object([("stepPercent", percent.into()), ("stepBakeTimeInMinutes", bake_minutes.into())]),
        ),
    }
}

/// A lifecycle hook as it is configured.
fn hook(hook: &ListedHook) -> Value {
    object([
        ("targetType", hook.kind.into()),
        ("hookTargetArn", hook.function.as_ref().into()),
        ("lifecycleStages", list([&hook.stage])),
        (
            "timeoutConfiguration",
            object([
                ("timeoutInMinutes", hook.timeout_minutes.into()),
                ("action", hook.timeout_action.into()),
            ]),
        ),
    ])
}

/// `loadBalancers` of a service or revision.
fn balancers(ctx: Ctx<'_>, balancer: Option<&Balancer>) -> Value {
    list(balancer.map(|balancer| {
        let advanced = object([
            ("alternateTargetGroupArn", (&balancer.green).into()),
            ("productionListenerRule", (&balancer.rule).into()),
            (
                "roleArn",
                ctx.world
                    .arn("iam", "role/ecsBlueGreen")
                    .replace(&format!(":{}:", ctx.world.region()), "::")
                    .into(),
            ),
        ]);
        object([
            ("targetGroupArn", (&balancer.blue).into()),
            ("containerName", (&balancer.container).into()),
            ("containerPort", i64::from(balancer.port).into()),
            ("advancedConfiguration", advanced),
        ])
    }))
}

/// The counts that every summary of a revision has.
fn counts(side: &Side) -> Value {
    object([
        ("arn", (&side.arn).into()),
        ("requestedTaskCount", side.requested.into()),
        ("runningTaskCount", side.running.into()),
        ("pendingTaskCount", side.pending.into()),
    ])
}
