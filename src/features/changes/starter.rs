//! Who began a deployment of an ECS service: ECS does not say, the trail does. Pure.

use super::model::{Event, Nature};
use crate::features::TargetStore;
use crate::features::rollouts::Rollout;
use jiff::SignedDuration;
use std::sync::Arc;

/// Calls that begin a deployment of an ECS service.
const DEPLOYS: [&str; 2] = ["UpdateService", "CreateService"];
/// So far from a deployment's creation the call that began it may stand.
const NEAR: SignedDuration = SignedDuration::from_secs(90);

/// Who began a deployment of an ECS service, as far as the trail was read: its newest events come minutes late.
pub fn starter(target: &TargetStore, shift: &Rollout) -> Option<String> {
    let (cluster, service) = shift.name.ecs_parts()?;
    let created = shift.created_at?;
    let (from, to) = (created.checked_sub(NEAR).ok()?, created.checked_add(NEAR).ok()?);
    let thing = format!("ecs:service/{cluster}/{service}");
    let changes = target.trail.changes();
    let begin = changes.partition_point(|event| event.at > to);
    let near = changes.iter().skip(begin).take_while(|event| event.at >= from);
    let deploys = |event: &&Arc<Event>| {
        event.error.is_none()
            && &*event.service == "ecs"
            && DEPLOYS.contains(&&*event.name)
            && event.nature != Nature::Scaling
            && event.things.iter().any(|it| **it == *thing)
    };
    let own = near.filter(deploys).min_by_key(|event| event.at.duration_since(created).abs())?;
    Some(own.who.short().to_owned())
}
