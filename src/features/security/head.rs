//! AWS's document of a finding, read as far as lists need it. Pure.
//!
//! Documents are read as JSON and not through the SDK's types: these know the variants of the day they were
//! made, and what a newer GuardDuty says of a newer thing must not be dropped. Whatever is missing or of
//! another type than expected is left empty; nothing here fails.

use super::model::{Finding, Resource, Who};
use crate::text::{cap, sanitize, sanitize_block};
use jiff::Timestamp;
use serde_json::Value;

/// Bytes of a name, id or title that are kept.
const NAME_CAP: usize = 300;
/// Bytes of a description that are kept.
const DESCRIPTION_CAP: usize = 2_000;
/// Resources that are kept.
const MAX_RESOURCES: usize = 8;
/// Addresses that are kept.
const MAX_ADDRESSES: usize = 4;
/// Levels of a document that are looked through for addresses.
const DEPTH: usize = 12;

/// A finding from its document; `None` when it has no id.
pub(super) fn finding(document: &Value, region: &str) -> Option<Finding> {
    let id = text(document, "id");
    if id.is_empty() {
        return None;
    }
    let service = &document["service"];
    let resource = &document["resource"];
    let sequence = &service["detection"]["sequence"];
    let description = document["description"].as_str().unwrap_or_default();
    let mut addresses = Vec::new();
    remote_addresses(&service["action"], 0, &mut addresses);
    for endpoint in items(&sequence["endpoints"]) {
        add(&mut addresses, text(endpoint, "ip"));
    }
    Some(Finding {
        id,
        arn: text(document, "arn"),
        // The region of the client that asked is right even where the document has none.
        region: region.to_owned(),
        account: text(document, "accountId"),
        kind: text(document, "type"),
        severity: number(&document["severity"]),
        title: text(document, "title"),
        description: sanitize_block(cap(description, DESCRIPTION_CAP).0).into_owned(),
        updated: time(&document["updatedAt"]),
        first: time(&service["eventFirstSeen"]),
        last: time(&service["eventLastSeen"]),
        count: number(&service["count"]).map(|count| count as i64),
        archived: service["archived"].as_bool().unwrap_or_default(),
        actor: service["resourceRole"].as_str() == Some("ACTOR"),
        who: who(resource, sequence),
        addresses,
        resources: resources(resource, sequence),
    })
}

/// A text member, sanitized; empty when it is not there or no text.
pub(super) fn text(object: &Value, key: &str) -> String {
    let text = object[key].as_str().unwrap_or_default();
    sanitize(cap(text, NAME_CAP).0).into_owned()
}

/// A list's entries; a single thing counts as a list of one.
pub(super) fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Object(_) => std::slice::from_ref(value),
        _ => &[],
    }
}

/// A number, also one that was written as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
}

/// A time: ISO 8601, or seconds since 1970, or milliseconds when they are too many for seconds.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str().and_then(|text| text.parse().ok()) {
        return Some(text);
    }
    let number = number(value)?;
    let seconds = if number.abs() > 1e11 { number / 1000.0 } else { number };
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
}

fn who(resource: &Value, sequence: &Value) -> Option<Who> {
    let key = &resource["accessKeyDetails"];
    if key.is_object() {
        return Some(Who {
            name: text(key, "userName"),
            kind: text(key, "userType"),
            key: text(key, "accessKeyId"),
            principal: text(key, "principalId"),
        });
    }
    let user = items(&sequence["actors"]).iter().map(|actor| &actor["user"]).find(|user| user.is_object());
    if let Some(user) = user {
        return Some(Who {
            name: text(user, "name"),
            kind: text(user, "type"),
            key: text(user, "credentialUid"),
            principal: text(user, "uid"),
        });
    }
    let user = &resource["kubernetesDetails"]["kubernetesUserDetails"];
    let database = &resource["rdsDbUserDetails"];
    let named = |name: String, kind: &str| {
        (!name.is_empty()).then(|| Who { name, kind: kind.to_owned(), ..Who::default() })
    };
    named(text(user, "username"), "Kubernetes user")
        .or_else(|| named(text(database, "user"), "database user"))
}

/// Addresses of `remoteIpDetails`, wherever in an action they are.
fn remote_addresses(value: &Value, depth: usize, found: &mut Vec<String>) {
    if depth > DEPTH {
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if key == "remoteIpDetails" {
                    add(found, text(member, "ipAddressV4"));
                    add(found, text(member, "ipAddressV6"));
                } else {
                    remote_addresses(member, depth + 1, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| remote_addresses(item, depth + 1, found)),
        _ => {}
    }
}

fn add(found: &mut Vec<String>, address: String) {
    if !address.is_empty() && found.len() < MAX_ADDRESSES && !found.contains(&address) {
        found.push(address);
    }
}

/// Where name, id and surrounding thing stand in the known parts of `resource`, the most telling first. What is
/// not here is found by its spelling.
const PLACES: &[(&str, &str, &str, &str, &str)] = &[
    ("s3BucketDetails", "S3Bucket", "name", "name", ""),
    ("lambdaDetails", "Lambda", "functionName", "functionName", ""),
    (
        "rdsDbInstanceDetails",
        "RDSDBInstance",
        "dbInstanceIdentifier",
        "dbInstanceIdentifier",
        "dbClusterIdentifier",
    ),
    (
        "rdsLimitlessDbDetails",
        "RDSLimitlessDB",
        "dbShardGroupIdentifier",
        "dbShardGroupArn",
        "dbClusterIdentifier",
    ),
    ("ecsClusterDetails", "ECSCluster", "name", "arn", ""),
    ("eksClusterDetails", "EKSCluster", "name", "arn", "vpcId"),
    ("bedrockGuardrailDetails", "BedrockGuardrail", "guardrailArn", "guardrailArn", ""),
    ("modelDetails", "Model", "modelId", "modelId", ""),
    ("recoveryPointDetails", "RecoveryPoint", "recoveryPointArn", "recoveryPointArn", "backupVaultName"),
    ("ebsSnapshotDetails", "EBSSnapshot", "snapshotArn", "snapshotArn", ""),
    ("ec2ImageDetails", "EC2Image", "imageArn", "imageArn", ""),
    ("containerDetails", "Container", "name", "id", ""),
];

fn resources(resource: &Value, sequence: &Value) -> Vec<Resource> {
    let mut found = Vec::new();
    instance(&resource["instanceDetails"], &mut found);
    for (place, kind, name, id, within) in PLACES {
        for entry in items(&resource[*place]) {
            let named = text(entry, name);
            let id = text(entry, id);
            let name = if named.is_empty() { id.clone() } else { last_step(&named) };
            push(&mut found, Resource { kind: (*kind).to_owned(), name, id, within: text(entry, within) });
        }
    }
    task(&resource["ecsClusterDetails"], &mut found);
    workload(&resource["kubernetesDetails"]["kubernetesWorkloadDetails"], &mut found);
    let volumes = &resource["ebsVolumeDetails"];
    for volume in
        items(&volumes["scannedVolumeDetails"]).iter().chain(items(&volumes["skippedVolumeDetails"]))
    {
        let id = text(volume, "volumeArn");
        push(
            &mut found,
            Resource { kind: "EBSVolume".into(), name: last_step(&id), id, within: String::new() },
        );
    }
    key(&resource["accessKeyDetails"], &mut found);
    for entry in items(&sequence["resources"]) {
        sequence_resource(entry, &mut found);
    }
    if found.is_empty() {
        // A newer kind of thing: its type, and whatever name it bears.
        let kind = text(resource, "resourceType");
        let name = resource.as_object().and_then(|members| members.values().find_map(any_name));
        let name = name.unwrap_or_default();
        if !kind.is_empty() || !name.is_empty() {
            push(
                &mut found,
                Resource { kind, id: name.clone(), name: last_step(&name), within: String::new() },
            );
        }
    }
    found
}

fn push(found: &mut Vec<Resource>, resource: Resource) {
    if found.len() < MAX_RESOURCES && !found.contains(&resource) {
        found.push(resource);
    }
}

/// An instance is known by its `Name` tag.
fn instance(details: &Value, found: &mut Vec<Resource>) {
    let id = text(details, "instanceId");
    if id.is_empty() {
        return;
    }
    let tag = items(&details["tags"]).iter().find(|tag| tag["key"].as_str() == Some("Name"));
    let name = tag.map(|tag| text(tag, "value")).filter(|name| !name.is_empty());
    let interface = items(&details["networkInterfaces"]).first().unwrap_or(&Value::Null);
    let within = text(interface, "vpcId");
    push(found, Resource { kind: "Instance".into(), name: name.unwrap_or_else(|| id.clone()), id, within });
}

fn task(cluster: &Value, found: &mut Vec<Resource>) {
    let id = text(&cluster["taskDetails"], "arn");
    if !id.is_empty() {
        let within = text(cluster, "name");
        push(found, Resource { kind: "ECSTask".into(), name: last_step(&id), id, within });
    }
}

fn workload(details: &Value, found: &mut Vec<Resource>) {
    let name = text(details, "name");
    if !name.is_empty() {
        let kind = format!("Kubernetes {}", text(details, "type"));
        push(found, Resource { kind, id: name.clone(), name, within: text(details, "namespace") });
    }
}

fn key(details: &Value, found: &mut Vec<Resource>) {
    let id = text(details, "accessKeyId");
    let within = text(details, "userName");
    if !id.is_empty() || !within.is_empty() {
        let name = if id.is_empty() { within.clone() } else { id.clone() };
        push(found, Resource { kind: "AccessKey".into(), name, id, within });
    }
}

/// `ACCESS_KEY` and its kin in the words of `resource.resourceType`.
fn sequence_resource(entry: &Value, found: &mut Vec<Resource>) {
    let word = text(entry, "resourceType");
    let known = [
        ("ACCESS_KEY", "AccessKey"),
        ("S3_BUCKET", "S3Bucket"),
        ("EC2_INSTANCE", "Instance"),
        ("EKS_CLUSTER", "EKSCluster"),
        ("ECS_CLUSTER", "ECSCluster"),
        ("ECS_TASK", "ECSTask"),
        ("CONTAINER", "Container"),
    ];
    let kind = known.iter().find(|(from, _)| *from == word).map_or(word.as_str(), |(_, to)| *to).to_owned();
    let (id, name) = (text(entry, "uid"), text(entry, "name"));
    let name = if name.is_empty() { last_step(&id) } else { name };
    let within = match kind.as_str() {
        "AccessKey" => text(&entry["data"]["accessKey"], "userName"),
        "Instance" => {
            let interface = items(&entry["data"]["ec2Instance"]["ec2NetworkInterfaceUids"]);
            interface
                .first()
                .and_then(Value::as_str)
                .map(|uid| sanitize(uid).into_owned())
                .unwrap_or_default()
        }
        _ => String::new(),
    };
    let id = if matches!(kind.as_str(), "S3Bucket" | "Instance") { last_step(&id) } else { id };
    push(found, Resource { kind, name, id, within });
}

/// The name in an ARN or path: what stands after its last slash or, in an ARN, its last colon.
fn last_step(name: &str) -> String {
    let step = name.rsplit('/').next().unwrap_or(name);
    let step = if name.starts_with("arn:") { step.rsplit(':').next().unwrap_or(step) } else { step };
    if step.is_empty() { name.to_owned() } else { step.to_owned() }
}

/// The first member that looks like a name.
fn any_name(part: &Value) -> Option<String> {
    let members = items(part).first()?.as_object()?;
    let ends = |ending: &str| {
        let named = members.iter().filter(|(key, _)| key.to_lowercase().ends_with(ending));
        named.filter_map(|(_, value)| value.as_str()).find(|name| !name.is_empty())
    };
    let name = ends("name").or_else(|| ends("arn")).or_else(|| ends("id"))?;
    Some(sanitize(cap(name, NAME_CAP).0).into_owned())
}
