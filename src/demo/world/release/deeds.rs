//! The calls behind deployments by CodeDeploy: who made and stopped them, and what CodeDeploy did itself.

use super::super::World;
use super::super::trail::{Deed, Who};
use super::super::types::CLUSTER;
use super::Release;
use super::plan::Cause;
use serde_json::json;

/// Milliseconds from the task definition, or the version, to the deployment.
const REGISTERED: i64 = 120_000;

impl World {
    /// Deployments by CodeDeploy, their shifts of traffic, and their stops.
    pub(in crate::demo::world) fn release_deeds(&self, from: i64, to: i64, deeds: &mut Vec<Deed>) {
        for (index, stream) in self.streams.iter().enumerate() {
            for release in &stream.course.releases {
                if release.made - REGISTERED < to && release.plan.ends() >= from {
                    self.deeds_of_release(index, release, deeds);
                }
            }
        }
    }

    fn deeds_of_release(&self, index: usize, release: &Release, deeds: &mut Vec<Deed>) {
        let spec = &release.spec;
        let name = spec.name();
        let Some(settings) = self.group_settings(index, spec) else { return };
        let dice = self.dice.named("release trail").named(&release.id);
        let role =
            if settings.service.is_some() { "AWSCodeDeployRoleForECS" } else { "AWSCodeDeployRoleForLambda" };
        let own = || Who::role(role, "AWSCodeDeploy");
        let (application, group) = (&settings.application, &settings.group);
        let parameters = json!({ "applicationName": application, "deploymentGroupName": group });
        let answer = json!({ "deploymentId": release.id });
        let family = self.scenario.services.get(index).map(|service| service.family.as_str());
        if release.of.is_none() {
            let by = match Who::parse(&spec.by, None) {
                _ if spec.stack.is_some() => Who::Service("cloudformation.amazonaws.com".to_owned()),
                Who::Role { role, .. } => Who::role(&role, &format!("github-{}", 4_000 + dice.below(900))),
                other => other,
            };
            let (source, call, params) = match family {
                Some(family) => ("ecs", "RegisterTaskDefinition", json!({ "family": family })),
                None => ("lambda", "PublishVersion20150331", json!({ "functionName": name })),
            };
            deeds.push(
                Deed::new(release.made - REGISTERED, source, call, by.clone(), dice)
                    .with(params, json!(null)),
            );
            deeds.push(
                Deed::new(release.made, "codedeploy", "CreateDeployment", by, dice)
                    .with(parameters, answer)
                    .on("AWS::CodeDeploy::DeploymentGroup", group),
            );
        } else {
            let by = Who::Service("codedeploy.amazonaws.com".to_owned());
            deeds.push(
                Deed::new(release.made, "codedeploy", "CreateDeployment", by, dice).with(parameters, answer),
            );
        }
        if let Some(at) = release.plan.installs {
            let service = self.arn("ecs", &format!("service/{CLUSTER}/{name}"));
            let definition = format!("{}:{}", family.unwrap_or_default(), release.numbers.1);
            deeds.push(
                Deed::new(at, "ecs", "CreateTaskSet", own(), dice)
                    .with(
                        json!({ "cluster": CLUSTER, "service": name, "taskDefinition": definition }),
                        json!(null),
                    )
                    .on("AWS::ECS::Service", service),
            );
        }
        for (at, share) in release.turns() {
            let (source, call, params) = match &settings.service {
                Some(service) => {
                    ("elasticloadbalancing", "ModifyListener", json!({ "listenerArn": service.listener }))
                }
                None => (
                    "lambda",
                    "UpdateAlias20150331",
                    json!({ "functionName": name, "routingConfig": { "additionalVersionWeights": {
                        release.numbers.1.to_string(): share } } }),
                ),
            };
            deeds.push(Deed::new(at, source, call, own(), dice).with(params, json!(null)));
        }
        if let Some(turn) = release.plan.turn.as_ref().filter(|turn| turn.cause == Cause::Asked) {
            let asked = self.released.values().any(|it| it.stops.iter().any(|(id, ..)| *id == release.id));
            let who = Who::role("OnCall", if asked { "demo" } else { "alice" });
            let params = json!({ "deploymentId": release.id, "autoRollbackEnabled": turn.back });
            deeds.push(
                Deed::new(turn.at, "codedeploy", "StopDeployment", who, dice)
                    .with(params, json!({ "status": "Pending" }))
                    .on("AWS::CodeDeploy::DeploymentGroup", group),
            );
        }
    }
}
