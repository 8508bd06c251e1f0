//! ECS tasks, running and lately stopped, and task definitions.

use super::{bad_parameter, check_cluster, cluster_arn, failure, pages, service_name};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::Task;
use std::borrow::Cow;

pub fn list_tasks(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    check_cluster(ctx, input)?;
    let stopped = match input.text("desiredStatus").unwrap_or("RUNNING") {
        "RUNNING" => false,
        "STOPPED" => true,
        other => return Err(bad_parameter(format!("{other} is not a valid desired status."))),
    };
    let mut tasks = match input.text("serviceName") {
        Some(name) if ctx.world.service(service_name(name), ctx.now).is_none() => {
            return Err(Failure::refused("ServiceNotFoundException", "Service not found."));
        }
        Some(name) => ctx.world.tasks(service_name(name), ctx.now),
        None => ctx.world.service_names().iter().flat_map(|name| ctx.world.tasks(name, ctx.now)).collect(),
    };
    tasks.retain(|task| (task.status == "STOPPED") == stopped);
    let (page, token) = pages(100).page(tasks, input)?;
    Ok(object([("taskArns", list(page.into_iter().map(|task| task.arn))), ("nextToken", token.into())]))
}

pub fn describe_tasks(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    check_cluster(ctx, input)?;
    let asked = input.texts("tasks");
    if !(1..=100).contains(&asked.len()) {
        return Err(bad_parameter("Tasks must have from 1 to 100 elements."));
    }
    // A task's name does not tell its service; with 500 services it pays to stop at the last one found.
    let mut missing: Vec<&str> = asked;
    let mut tasks = Vec::new();
    for service in ctx.world.service_names() {
        if missing.is_empty() {
            break;
        }
        for task in ctx.world.tasks(service, ctx.now) {
            let named = |name: &&str| task.arn == *name || task.arn.rsplit('/').next() == Some(name);
            if let Some(at) = missing.iter().position(named) {
                missing.swap_remove(at);
                tasks.push(describe(ctx, &task));
            }
        }
    }
    let failures = missing.into_iter().map(failure);
    Ok(object([("tasks", tasks.into()), ("failures", list(failures))]))
}

fn describe(ctx: Ctx<'_>, task: &Task) -> Value {
    let definition = ctx.world.task_definition(&task.task_definition);
    let id = task.arn.rsplit('/').next().unwrap_or_default();
    let container = definition.as_ref().map(|definition| {
        let interface = object([
            ("attachmentId", format!("eni-attach-{id}").into()),
            ("privateIpv4Address", (&task.ip).into()),
        ]);
        object([
            ("containerArn", task.arn.replace(":task/", ":container/").into()),
            ("taskArn", (&task.arn).into()),
            ("name", (&definition.container).into()),
            ("image", (&definition.image).into()),
            ("imageDigest", (&definition.digest).into()),
            ("runtimeId", format!("{id}-0527074092").into()),
            ("lastStatus", task.status.into()),
            ("exitCode", task.exit_code.into()),
            ("reason", task.container_reason.as_ref().into()),
            ("networkInterfaces", list([interface])),
            ("healthStatus", "UNKNOWN".into()),
        ])
    });
    object([
        ("taskArn", (&task.arn).into()),
        ("clusterArn", cluster_arn(ctx).into()),
        ("taskDefinitionArn", (&task.task_definition).into()),
        ("availabilityZone", (&task.zone).into()),
        ("containers", list(container)),
        ("cpu", definition.as_ref().map(|definition| definition.cpu.to_string()).into()),
        ("memory", definition.as_ref().map(|definition| definition.memory.to_string()).into()),
        ("group", format!("service:{}", task.service).into()),
        ("desiredStatus", if task.stopped.is_some() { "STOPPED" } else { "RUNNING" }.into()),
        ("lastStatus", task.status.into()),
        ("healthStatus", "UNKNOWN".into()),
        ("launchType", "FARGATE".into()),
        ("platformVersion", "1.4.0".into()),
        ("platformFamily", "Linux".into()),
        ("createdAt", task.started.into()),
        ("startedAt", task.started.into()),
        ("stoppedAt", task.stopped.into()),
        ("stoppingAt", task.stopped.into()),
        ("stopCode", task.stop_code.into()),
        ("stoppedReason", task.stopped_reason.as_ref().into()),
        ("connectivity", "CONNECTED".into()),
        ("version", 3.into()),
    ])
}

pub fn describe_task_definition(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let name =
        input.text("taskDefinition").ok_or_else(|| bad_parameter("taskDefinition must not be null."))?;
    let definition = ctx.world.task_definition(name);
    let definition = definition
        .ok_or_else(|| Failure::refused("ClientException", "Unable to describe task definition."))?;
    let options = [
        ("awslogs-group", Value::from(definition.log_group)),
        ("awslogs-region", ctx.world.region().to_owned().into()),
        ("awslogs-stream-prefix", definition.stream_prefix.into()),
    ];
    let options = Value::Map(options.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect());
    let container = object([
        ("name", definition.container.into()),
        ("image", definition.image.into()),
        ("cpu", 0.into()),
        (
            "portMappings",
            list([object([
                ("containerPort", 8080.into()),
                ("hostPort", 8080.into()),
                ("protocol", "tcp".into()),
            ])]),
        ),
        ("essential", true.into()),
        ("environment", Value::List(Vec::new())),
        ("logConfiguration", object([("logDriver", "awslogs".into()), ("options", options)])),
    ]);
    let described = object([
        ("taskDefinitionArn", definition.arn.into()),
        ("containerDefinitions", list([container])),
        ("family", definition.family.into()),
        ("revision", definition.revision.into()),
        ("networkMode", "awsvpc".into()),
        ("status", definition.status.into()),
        ("compatibilities", list(["EC2", "FARGATE"])),
        ("requiresCompatibilities", list(["FARGATE"])),
        ("cpu", definition.cpu.to_string().into()),
        ("memory", definition.memory.to_string().into()),
        ("registeredAt", definition.registered.into()),
    ]);
    Ok(object([("taskDefinition", described), ("tags", Value::List(Vec::new()))]))
}
