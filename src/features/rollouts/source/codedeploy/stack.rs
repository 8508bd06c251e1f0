//! What a stack of `CloudFormation` moves with CodeDeploy: of such a target only the share of the new side is told.
//!
//! Which service it is says the deployment group; which task sets are its sides, the service: of the two, the one
//! made later is the new side. Where that cannot be told the sides stay without names, tasks and health.

use super::convert::TaskSet;
use super::{Reader, part};
use crate::aws::SourceError;
use crate::features::rollouts::mechanism::codedeploy::{Deployment, open};
use crate::features::rollouts::model::{Rollout, RolloutName, Side, Standing, Tasks};
use aws_sdk_codedeploy::types::DeploymentInfo;
use aws_sdk_ecs::types::TaskSet as EcsTaskSet;
use jiff::Timestamp;

impl Reader {
    /// Both sides of a service that a stack moves, `weight` percent of it on the new one.
    pub(super) async fn stack(
        &mut self,
        info: &DeploymentInfo,
        weight: f64,
        shift: &mut Rollout,
        it: &mut Deployment,
        now: Timestamp,
    ) -> Result<(), SourceError> {
        let side = |called: &str, weight| Side {
            called: Some(called.to_owned()),
            weight: Some(weight),
            ..Side::of("")
        };
        shift.old = Some(side("original", 100.0 - weight));
        shift.new = side("replacement", weight);
        let RolloutName::CodeDeploy { application, group } = &shift.name else { return Ok(()) };
        let read = self.facts.group((application, group), now).await;
        let service = part(read, "its group", it)?.and_then(|group| group.service);
        let Some((cluster, service)) = service else { return Ok(()) };
        it.moves = Some(RolloutName::ecs(&cluster, &service));
        if open(&shift.status.0) == Standing::Ended {
            return Ok(());
        }
        let read = self.ecs.services(&cluster, &[service]).await;
        let Some(service) = part(read, "task sets", it)?.and_then(|read| read.into_iter().next()) else {
            return Ok(());
        };
        let [first, second] = service.task_sets() else { return Ok(()) };
        let made = |set: &EcsTaskSet| set.created_at().map(|at| (at.secs(), at.subsec_nanos()));
        if made(first) == made(second) {
            it.unread.push("which of its task sets is the new side: both were made at once".to_owned());
            return Ok(());
        }
        let first_is_new = made(first) > made(second);
        let sets = [(first, first_is_new), (second, !first_is_new)].map(|(set, new)| TaskSet {
            id: super::ecs::text(set.id()),
            green: Some(new),
            weight: if new { weight } else { 100.0 - weight },
            tasks: tasks(set),
        });
        self.facts.task_sets(info, Some(&service), sets.into(), shift, it).await
    }
}

fn tasks(set: &EcsTaskSet) -> Tasks {
    let count = |value: i32| u32::try_from(value).unwrap_or_default();
    Tasks {
        requested: count(set.computed_desired_count()),
        running: count(set.running_count()),
        pending: count(set.pending_count()),
    }
}
