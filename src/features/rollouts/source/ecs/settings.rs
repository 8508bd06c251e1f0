//! What a service revision has beside its task definition, in words: what a new deployment of an earlier task
//! definition does not bring back. Compared, and shown where it differs.

use super::convert::text;
use crate::features::rollouts::model::arn_tail;
use aws_sdk_ecs::types::{self as ecs, LoadBalancer, ServiceRevision};

/// Name and value of each setting, always all of them and in the same order.
pub fn settings(revision: &ServiceRevision) -> Vec<(&'static str, String)> {
    vec![
        ("network", network(revision)),
        ("load balancers", joined(revision.load_balancers().iter().map(balancer))),
        ("platform version", text(revision.platform_version())),
        ("capacity provider", capacity(revision)),
        ("volumes", joined(revision.volume_configurations().iter().map(volume))),
        ("service connect", connect(revision)),
        ("service discovery", joined(revision.service_registries().iter().map(|it| text(it.registry_arn())))),
        (
            "VPC Lattice",
            joined(revision.vpc_lattice_configurations().iter().map(|it| text(Some(it.target_group_arn())))),
        ),
    ]
    .into_iter()
    .map(|(name, value)| (name, if value.is_empty() { "none".to_owned() } else { value }))
    .collect()
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn names(list: &[String]) -> String {
    joined(list.iter().map(|it| text(Some(it))))
}

fn network(revision: &ServiceRevision) -> String {
    let vpc = revision.network_configuration().and_then(ecs::NetworkConfiguration::awsvpc_configuration);
    vpc.map_or_else(String::new, |vpc| {
        let public = text(vpc.assign_public_ip().map(ecs::AssignPublicIp::as_str));
        let (mut subnets, mut groups) = (vpc.subnets().to_vec(), vpc.security_groups().to_vec());
        // AWS gives no order to either.
        subnets.sort();
        groups.sort();
        format!("{} with {}, public address {public}", names(&subnets), names(&groups))
    })
}

fn balancer(it: &LoadBalancer) -> String {
    let group = text(it.target_group_arn().map(group_name).or(it.load_balancer_name()));
    let port = it.container_port().map(|port| format!(":{port}")).unwrap_or_default();
    let other = it.advanced_configuration().and_then(|it| it.alternate_target_group_arn());
    let other = other.map(|arn| format!(" and {}", text(Some(group_name(arn))))).unwrap_or_default();
    format!("{group}{other} to {}{port}", text(it.container_name()))
}

fn group_name(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or(arn)
}

fn capacity(revision: &ServiceRevision) -> String {
    let strategy = revision.capacity_provider_strategy();
    if strategy.is_empty() {
        return text(revision.launch_type().map(ecs::LaunchType::as_str));
    }
    joined(strategy.iter().map(|it| {
        format!("{} base {} weight {}", text(Some(it.capacity_provider())), it.base(), it.weight())
    }))
}

fn volume(it: &ecs::ServiceVolumeConfiguration) -> String {
    let name = text(Some(it.name()));
    it.managed_ebs_volume().map_or(name.clone(), |volume| {
        let size = volume.size_in_gib().map(|size| format!(" {size} GiB")).unwrap_or_default();
        let iops = volume.iops().map(|iops| format!(" {iops} IOPS")).unwrap_or_default();
        let snapshot = volume.snapshot_id().map(|id| format!(" of {}", text(Some(id)))).unwrap_or_default();
        format!("{name} {}{size}{iops}{snapshot}", text(volume.volume_type()))
    })
}

fn connect(revision: &ServiceRevision) -> String {
    let Some(connect) = revision.service_connect_configuration().filter(|it| it.enabled()) else {
        return String::new();
    };
    let services = joined(connect.services().iter().map(|it| text(Some(it.port_name()))));
    format!("{} {services}", text(connect.namespace().map(arn_tail))).trim_end().to_owned()
}
