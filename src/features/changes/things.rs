//! Names of what was touched, in one form, so that an event and a service can be found to be about the same
//! thing: `SERVICE:RESOURCE` of an ARN, without partition, region, account and revision.
//!
//! Nothing is guessed from names that merely look alike: a parameter counts where its service and key say
//! what it names.

use crate::features::rollouts::RolloutList;
use crate::service::{DependencyKind, Service};
use serde_json::Value as Json;
use std::collections::HashSet;

/// More things than this are not kept of one event.
const MOST: usize = 12;
/// Parameters nested deeper are not looked into.
const DEEPEST: usize = 6;

/// `ecs:service/shop/checkout` of an ARN, revisions and qualifiers left out.
pub fn of_arn(arn: &str) -> Option<String> {
    let mut parts = arn.strip_prefix("arn:")?.splitn(5, ':');
    let (_partition, service) = (parts.next()?, parts.next()?);
    let (_region, _account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let resource = match service {
        "ecs" if resource.starts_with("task-definition/") => {
            resource.rsplit_once(':').map_or(resource, |(family, _)| family)
        }
        // A deployment and a revision are the service's.
        "ecs" if resource.starts_with("service-deployment/") || resource.starts_with("service-revision/") => {
            let (path, _) = resource.rsplit_once('/')?;
            let (_, service) = path.split_once('/')?;
            return Some(format!("ecs:service/{service}"));
        }
        "lambda" => {
            let mut parts = resource.splitn(3, ':');
            return Some(format!("lambda:{}:{}", parts.next()?, parts.next()?));
        }
        "logs" => resource.strip_suffix(":*").unwrap_or(resource),
        _ => resource,
    };
    Some(format!("{service}:{resource}"))
}

/// What an event touched.
pub fn of_event(service: &str, params: &Json, resources: &[(String, String)]) -> Vec<String> {
    let mut things = Vec::new();
    for (_, name) in resources {
        add(&mut things, of_arn(name).unwrap_or_else(|| name.clone()));
    }
    known(service, params, &mut things);
    arns(params, 0, &mut things);
    things
}

fn add(things: &mut Vec<String>, thing: String) {
    if things.len() < MOST && !thing.is_empty() && !things.contains(&thing) {
        things.push(thing);
    }
}

/// Parameters that name something without being an ARN.
fn known(service: &str, params: &Json, things: &mut Vec<String>) {
    let text = |key: &str| params.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let last = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    if service == "ecs" {
        let cluster = last(text("cluster").unwrap_or("default"));
        if let Some(name) = text("service").filter(|name| !name.starts_with("arn:")) {
            add(things, format!("ecs:service/{cluster}/{}", last(name)));
        }
        if let Some(name) = text("serviceName") {
            add(things, format!("ecs:service/{cluster}/{name}"));
        }
        for name in [text("family"), text("taskDefinition")].into_iter().flatten() {
            let family = name.split(':').next().filter(|_| !name.starts_with("arn:"));
            add(things, family.map(|family| format!("ecs:task-definition/{family}")).unwrap_or_default());
        }
    }
    if let Some(id) = text("resourceId").filter(|id| id.starts_with("service/")) {
        add(things, format!("ecs:{id}"));
    }
    for (key, form) in [
        ("functionName", "lambda:function:"),
        ("dBClusterIdentifier", "rds:cluster:"),
        ("dBInstanceIdentifier", "rds:db:"),
        ("tableName", "dynamodb:table/"),
        ("logGroupName", "logs:log-group:"),
        ("alarmName", "cloudwatch:alarm:"),
        ("repositoryName", "ecr:repository/"),
        ("bucketName", "s3:"),
        ("roleName", "iam:role/"),
        ("userName", "iam:user/"),
        ("queueName", "sqs:"),
        ("cacheClusterId", "elasticache:cluster:"),
        ("replicationGroupId", "elasticache:replicationgroup:"),
        ("secretId", "secretsmanager:secret:"),
        ("instanceId", "ec2:instance/"),
        ("accessKeyId", "iam:access-key/"),
    ] {
        if let Some(name) = text(key).filter(|name| !name.starts_with("arn:")) {
            add(things, format!("{form}{name}"));
        }
    }
    if let Some(url) = text("queueUrl") {
        add(things, format!("sqs:{}", last(url)));
    }
    for name in
        params.get("alarmNames").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
    {
        add(things, format!("cloudwatch:alarm:{name}"));
    }
}

fn arns(value: &Json, depth: usize, things: &mut Vec<String>) {
    match value {
        Json::String(text) => {
            things.extend(of_arn(text).filter(|thing| things.len() < MOST && !things.contains(thing)));
        }
        Json::Array(items) if depth < DEEPEST => {
            items.iter().take(50).for_each(|item| arns(item, depth + 1, things));
        }
        Json::Object(members) if depth < DEEPEST => {
            members.values().take(100).for_each(|item| arns(item, depth + 1, things));
        }
        _ => {}
    }
}

/// What a service is made of, and what it depends on that is no service of its own.
pub fn of_service(service: &Service, rollouts: Option<&RolloutList>, things: &mut HashSet<String>) {
    if let Some(place) = &service.ecs {
        things.insert(format!("ecs:service/{}/{}", place.cluster, place.service));
        let summary = rollouts
            .into_iter()
            .flat_map(|list| list.services.iter())
            .find(|known| known.name.ecs_parts() == Some((place.cluster.as_str(), place.service.as_str())));
        let family = summary.and_then(|known| known.task_definition.split(':').next());
        things.extend(family.into_iter().flat_map(|family| {
            [format!("ecs:task-definition/{family}"), format!("ecr:repository/{family}")]
        }));
    }
    for group in &service.target_groups {
        things.insert(format!("elasticloadbalancing:{}", group.dimension));
    }
    things
        .extend(service.own_balancer.iter().map(|path| format!("elasticloadbalancing:loadbalancer/{path}")));
    things.extend(service.lambda.iter().map(|name| format!("lambda:function:{name}")));
    things.extend(service.queue.iter().map(|name| format!("sqs:{name}")));
    things.extend(service.log_groups.iter().map(|name| format!("logs:log-group:{name}")));
    things.extend(service.alarms.iter().map(|name| format!("cloudwatch:alarm:{name}")));
    for on in &service.depends_on {
        let name = &on.name;
        match on.kind {
            // Services are looked up by whoever asks.
            DependencyKind::Service | DependencyKind::Other => {}
            DependencyKind::Database => {
                things.extend([format!("rds:cluster:{name}"), format!("rds:db:{name}")]);
            }
            DependencyKind::Queue => drop(things.insert(format!("sqs:{name}"))),
            DependencyKind::Table => drop(things.insert(format!("dynamodb:table/{name}"))),
            DependencyKind::Cache => things.extend([
                format!("elasticache:cluster:{name}"),
                format!("elasticache:replicationgroup:{name}"),
            ]),
        }
        things.extend(on.log_groups.iter().map(|name| format!("logs:log-group:{name}")));
        things.extend(on.alarms.iter().map(|name| format!("cloudwatch:alarm:{name}")));
    }
}
