//! Which listener rules and target groups are moved by the owner of an ECS service, so that nobody else writes
//! their weights.

use super::convert;
use crate::features::rollouts::model::{Owner, RolloutName};
use aws_sdk_ecs::types::{Service, TaskSet};
use std::collections::BTreeMap;

/// Owner and service by the ARN of what is claimed.
pub type Claims = BTreeMap<String, (Owner, RolloutName)>;

/// Whether ECS made the load balancer for the service itself (Express).
pub fn is_express(service: &Service) -> bool {
    service.resource_management_type().is_some_and(|it| it.as_str() == "ECS")
}

/// What a service's owner moves. A rolling service only has its group in a rule: who divides between several
/// such services does that by hand. `resolved` are the groups and rules of its revisions.
pub fn of(service: &Service, resolved: &[(String, Option<String>)]) -> Vec<(String, (Owner, RolloutName))> {
    let Some(name) = convert::service_name(service) else { return Vec::new() };
    let owner = convert::owner(service);
    let whole = is_express(service) || owner != Owner::Ecs;
    let mut arns: Vec<&str> = Vec::new();
    for balancer in service.load_balancers() {
        let advanced = balancer.advanced_configuration();
        if whole || advanced.is_some() {
            arns.extend(balancer.target_group_arn());
        }
        if let Some(advanced) = advanced {
            arns.extend(advanced.alternate_target_group_arn());
            arns.extend(advanced.production_listener_rule());
            arns.extend(advanced.test_listener_rule());
        }
    }
    let sets = service.task_sets().iter().flat_map(TaskSet::load_balancers);
    arns.extend(sets.filter_map(|balancer| balancer.target_group_arn()));
    if whole {
        arns.extend(
            resolved.iter().flat_map(|(group, rule)| std::iter::once(group).chain(rule)).map(String::as_str),
        );
    }
    arns.into_iter().map(|arn| (convert::text(Some(arn)), (owner.clone(), name.clone()))).collect()
}
