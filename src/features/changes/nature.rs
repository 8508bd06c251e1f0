//! Which events are changes, which are scaling, and which are services that call each other. Pure.
//!
//! What is not known to be noise is a change: a cause must not be folded away because it is new.

use super::model::{Nature, Who};
use serde_json::Value as Json;

/// Calls that services make all day, whoever they make them for.
const NOISE: [&str; 22] = [
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "GetSessionToken",
    "GetFederationToken",
    "CreateLogStream",
    "PutLogEvents",
    "RegisterContainerInstance",
    "SubmitTaskStateChange",
    "SubmitContainerStateChange",
    "UpdateInstanceInformation",
    "UpdateInstanceAssociationStatus",
    "PutInventory",
    "GenerateDataKey",
    "Decrypt",
    "CreateGrant",
    "RetireGrant",
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "CreateNetworkInterfacePermission",
    "PutComplianceItems",
    "SendTaskHeartbeat",
];

/// What a call means, apart from whether it only read.
pub fn of(service: &str, name: &str, who: &Who, params: &Json) -> Nature {
    if NOISE.contains(&name) {
        return Nature::Noise;
    }
    if !who.is_aws() && !scheduled(name, who) {
        return Nature::Change;
    }
    let resizes = match (service, name) {
        ("ecs", "UpdateService") => params.get("desiredCount").is_some(),
        (
            "autoscaling",
            "SetDesiredCapacity" | "UpdateAutoScalingGroup" | "TerminateInstanceInAutoScalingGroup",
        )
        | ("lambda", "PutProvisionedConcurrencyConfig")
        | ("dynamodb", "UpdateTable")
        | (
            "rds",
            "CreateDBInstance"
            | "DeleteDBInstance"
            | "ModifyDBCluster"
            | "FailoverDBCluster"
            | "ModifyCurrentDBClusterCapacity",
        )
        | (
            "elasticache",
            "IncreaseReplicaCount" | "DecreaseReplicaCount" | "ModifyReplicationGroupShardConfiguration",
        )
        | ("ec2", "RunInstances" | "TerminateInstances" | "CreateFleet") => true,
        _ => false,
    };
    if resizes { Nature::Scaling } else { Nature::Noise }
}

/// A job that a schedule starts under a role of its own.
fn scheduled(name: &str, who: &Who) -> bool {
    matches!(name, "RunTask" | "StartTask") && who.via.is_none() && who.name.ends_with("scheduler")
}
