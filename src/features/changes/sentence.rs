//! What a call did, in plain words, from its parameters. Pure.
//!
//! A few calls that on-call people meet every day have words of their own; of all others the parameters are
//! written out, so that nothing new is silent.

use serde_json::Value as Json;

/// Parameters that name what a call is about, the most telling first.
const SUBJECTS: [&str; 46] = [
    "service",
    "functionName",
    "dBClusterIdentifier",
    "dBInstanceIdentifier",
    "resourceId",
    "family",
    "serviceName",
    "serviceDeploymentArn",
    "taskDefinition",
    "targetGroupArn",
    "ruleArn",
    "listenerArn",
    "loadBalancerArn",
    "alarmName",
    "alarmNames",
    "userName",
    "roleName",
    "groupName",
    "policyArn",
    "bucketName",
    "queueUrl",
    "queueName",
    "tableName",
    "secretId",
    "repositoryName",
    "stackName",
    "autoScalingGroupName",
    "replicationGroupId",
    "cacheClusterId",
    "logGroupName",
    "instanceId",
    "instancesSet",
    "imageId",
    "certificateArn",
    "hostedZoneId",
    "distributionId",
    "keyName",
    "keyId",
    "topicArn",
    "stateMachineArn",
    "trailName",
    "resourceArn",
    "resource",
    "clusterName",
    "name",
    "cluster",
];
/// Parameters that tell nothing.
const DULL: [&str; 12] = [
    "clientToken",
    "clientRequestToken",
    "dryRun",
    "cluster",
    "serviceNamespace",
    "scalableDimension",
    "policyType",
    "serviceToken",
    "encryptionContext",
    "requestId",
    "accept",
    "applyImmediately",
];
/// Parameters written out at most.
const MOST: usize = 4;
/// Characters of one value.
const VALUE: usize = 48;

/// What it is about, and what was done to it.
pub fn of(
    service: &str,
    name: &str,
    params: &Json,
    response: &Json,
    resources: &[(String, String)],
) -> (String, String) {
    let subject = SUBJECTS.iter().find_map(|key| Some((*key, first_text(params.get(*key)?)?)));
    let on = subject.map(|(_, text)| short(text)).or_else(|| resources.first().map(|(_, name)| short(name)));
    let (on, used) = (on.unwrap_or_default(), subject.map(|(key, _)| key));
    let what = match (service, name) {
        ("ecs", "UpdateService") => update_service(params, response),
        ("ecs", "RegisterTaskDefinition") => register(params, response),
        ("ecs", "StopServiceDeployment") => {
            format!(
                "stop of the deployment, {}",
                text(params, "stopType").unwrap_or("ROLLBACK").to_lowercase()
            )
        }
        ("ecr", "PutImage") => text(params, "imageTag").map(|tag| format!("image {tag}")).unwrap_or_default(),
        ("signin", "ConsoleLogin") => text(response, "ConsoleLogin").unwrap_or_default().to_lowercase(),
        ("lambda", name) if name.starts_with("UpdateFunctionCode") => "new code".to_owned(),
        _ => generic(params, used),
    };
    (on, what)
}

fn text<'a>(value: &'a Json, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
}

/// A text, or the first of a list of texts.
fn first_text(value: &Json) -> Option<&str> {
    value.as_str().or_else(|| value.as_array()?.first()?.as_str()).filter(|text| !text.is_empty())
}

/// A deployment's or service's ARN as its service, another ARN or path as its last part.
fn short(text: &str) -> String {
    if let Some(thing) = super::things::of_arn(text) {
        let resource = thing.split_once(':').map_or(thing.as_str(), |(_, resource)| resource);
        if let Some(path) = resource.strip_prefix("targetgroup/") {
            return path.split('/').next().unwrap_or(path).to_owned();
        }
        if resource.starts_with("listener-rule/") || resource.starts_with("listener/") {
            return resource.split('/').nth(2).unwrap_or(resource).to_owned();
        }
        if let Some(group) = resource.strip_prefix("log-group:") {
            return group.to_owned();
        }
        return resource.rsplit(['/', ':']).next().unwrap_or(resource).to_owned();
    }
    match text.strip_prefix("service/").or_else(|| text.strip_prefix("https://")) {
        Some(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
        None => text.to_owned(),
    }
}

fn update_service(params: &Json, response: &Json) -> String {
    let mut parts = Vec::new();
    let service = response.get("service").unwrap_or(&Json::Null);
    if let Some(new) = text(params, "taskDefinition") {
        let deployments = service.get("deployments").and_then(Json::as_array).into_iter().flatten();
        let mut old = deployments.filter(|it| text(it, "status") == Some("ACTIVE"));
        let old = old.find_map(|it| text(it, "taskDefinition")).map(definition);
        let new = definition(new);
        parts.push(match old {
            Some(old) if old != new => format!("task definition {old} → {new}"),
            _ => format!("task definition {new}"),
        });
    }
    if let Some(count) = params.get("desiredCount").and_then(Json::as_i64) {
        let running = service.get("runningCount").and_then(Json::as_i64).filter(|running| *running != count);
        parts.push(match running {
            Some(running) => format!("running {running} → desired {count}"),
            None => format!("desired count {count}"),
        });
    }
    if params.get("forceNewDeployment").and_then(Json::as_bool) == Some(true) {
        parts.push("a new deployment forced".to_owned());
    }
    if parts.is_empty() { generic(params, Some("service")) } else { parts.join(", ") }
}

/// `web-checkout:42` of an ARN, too.
fn definition(text: &str) -> String {
    text.rsplit('/').next().unwrap_or(text).to_owned()
}

fn register(params: &Json, response: &Json) -> String {
    let revision = response.get("taskDefinition").and_then(|it| it.get("revision")).and_then(Json::as_i64);
    let revision = revision.map(|revision| format!("revision {revision}"));
    let containers = params.get("containerDefinitions").and_then(Json::as_array).into_iter().flatten();
    let mut images = containers.filter_map(|it| text(it, "image"));
    let image = images.next().map(|image| format!("image {}", definition(image)));
    [revision, image].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The parameters that are not said yet, as words.
fn generic(params: &Json, used: Option<&str>) -> String {
    let mut parts = Vec::new();
    write(params, used, 0, &mut parts);
    parts.join(", ")
}

fn write(value: &Json, used: Option<&str>, depth: usize, parts: &mut Vec<String>) {
    let Some(members) = value.as_object() else { return };
    for (key, value) in members {
        if parts.len() >= MOST {
            return;
        }
        if Some(key.as_str()) == used || DULL.contains(&key.as_str()) {
            continue;
        }
        match value {
            Json::Object(_) if depth < 2 => write(value, None, depth + 1, parts),
            Json::String(text) if !text.is_empty() => {
                let text: String = short(text).chars().take(VALUE).collect();
                parts.push(format!("{} {text}", words(key)));
            }
            Json::Number(number) => parts.push(format!("{} {number}", words(key))),
            Json::Bool(flag) => parts.push(format!("{} {flag}", words(key))),
            Json::Array(items) => {
                let texts: Vec<&str> = items.iter().filter_map(Json::as_str).take(3).collect();
                if !texts.is_empty() {
                    let more = if items.len() > texts.len() { " …" } else { "" };
                    parts.push(format!("{} {}{more}", words(key), texts.join(" ")));
                }
            }
            _ => {}
        }
    }
}

/// `maxCapacity` as `max capacity`.
fn words(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    let mut before = false;
    for c in key.chars().take(40) {
        if c.is_uppercase() && before {
            out.push(' ');
        }
        before = c.is_lowercase() || c.is_ascii_digit();
        out.extend(c.to_lowercase());
    }
    out
}
