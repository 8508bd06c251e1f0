//! What people, pipelines and scaling did, as the rest of the world shows it: each deployment, each stop, each
//! change of a service's size has its call here, at its time.

use super::super::World;
use super::super::shift::Shift;
use super::super::spec::{HookAction, ServiceSpec, StrategyName};
use super::super::types::CLUSTER;
use super::Deed;
use super::who::Who;
use serde_json::json;

/// Milliseconds from a push of the image to the deployment.
const PUSHED: i64 = 300_000;
/// Milliseconds from the task definition to the deployment.
const REGISTERED: i64 = 120_000;

const ECS_ROLE: Who =
    Who::Linked { role: "AWSServiceRoleForECS", session: "ecs-service-scheduler", host: "ecs.amazonaws.com" };
const SCALING_ROLE: Who = Who::Linked {
    role: "AWSServiceRoleForApplicationAutoScaling_ECSService",
    session: "AutoScaling-UpdateDesiredCapacity",
    host: "ecs.application-autoscaling.amazonaws.com",
};

impl World {
    /// Deployments, their shifts of traffic, and their stops.
    pub(super) fn shift_deeds(&self, from: i64, to: i64, deeds: &mut Vec<Deed>) {
        for (spec, stream) in self.scenario.services.iter().zip(&self.streams) {
            for shift in &stream.course.shifts {
                // Its calls lie between the push and the last step.
                if shift.started - PUSHED < to && shift.plan.ends() >= from {
                    self.deeds_of(spec, shift, deeds);
                }
            }
        }
    }

    fn deeds_of(&self, spec: &ServiceSpec, shift: &Shift, deeds: &mut Vec<Deed>) {
        let Some((_, stream)) = self.find_service(&spec.name) else { return };
        let dice = stream.dice.named("trail").named(&shift.id);
        let side = |side: usize| stream.course.sides.get(side).map_or(0, |side| side.number);
        let (old, new) = (side(shift.source()), side(shift.target));
        let family = &spec.family;
        let definition = |number: u32| self.arn("ecs", &format!("task-definition/{family}:{number}"));
        let service = self.arn("ecs", &format!("service/{CLUSTER}/{}", spec.name));
        let image =
            self.task_definition(&format!("{family}:{new}")).map(|known| known.image).unwrap_or_default();
        let by = |session: &str| match Who::parse(&shift.spec.by, None) {
            Who::Role { role, .. } => Who::role(&role, session),
            other => other,
        };
        let session = format!("github-{}", 4_000 + dice.below(900));
        let tag = image.rsplit(':').next().unwrap_or_default().to_owned();
        deeds.push(
            Deed::new(shift.started - PUSHED, "ecr", "PutImage", by(&session), dice)
                .with(json!({ "repositoryName": family, "imageTag": tag }), json!(null))
                .on("AWS::ECR::Repository", self.arn("ecr", &format!("repository/{family}"))),
        );
        deeds.push(
            Deed::new(shift.started - REGISTERED, "ecs", "RegisterTaskDefinition", by(&session), dice).with(
                json!({ "family": family, "containerDefinitions": [{ "name": spec.name, "image": image }] }),
                json!({ "taskDefinition": { "taskDefinitionArn": definition(new), "family": family, "revision": new } }),
            ),
        );
        let count = self.tasks_at(spec, shift.started);
        deeds.push(
            Deed::new(shift.started, "ecs", "UpdateService", by(&session), dice)
                .with(
                    json!({ "cluster": CLUSTER, "service": spec.name, "taskDefinition": format!("{family}:{new}") }),
                    json!({ "service": {
                        "serviceArn": service, "serviceName": spec.name,
                        "desiredCount": count, "runningCount": count, "taskDefinition": definition(new),
                        "deployments": [
                            { "status": "PRIMARY", "taskDefinition": definition(new), "desiredCount": count, "runningCount": 0 },
                            { "status": "ACTIVE", "taskDefinition": definition(old), "desiredCount": count, "runningCount": count },
                        ],
                    }}),
                )
                .on("AWS::ECS::Service", &service),
        );
        if let Some(at) = shift.plan.enters("SCALE_UP") {
            let blue = stream.course.sides.get(shift.target).is_some_and(|side| side.blue);
            let group = self.target_group_arn(&spec.name, blue);
            for slot in 0..i64::from(count) {
                let dice = dice.on(slot.cast_unsigned());
                deeds.push(
                    Deed::new(at + slot * 20_000, "ec2", "CreateNetworkInterface", ECS_ROLE, dice)
                        .with(json!({ "subnetId": format!("subnet-{}", dice.hex(17)) }), json!(null)),
                );
                deeds.push(
                    Deed::new(
                        at + slot * 20_000 + 30_000,
                        "elasticloadbalancing",
                        "RegisterTargets",
                        ECS_ROLE,
                        dice,
                    )
                    .with(json!({ "targetGroupArn": group }), json!(null)),
                );
            }
        }
        let mut weight = 0.0;
        let weighted = shift.spec.strategy != StrategyName::Rolling && self.balancer(&spec.name).is_some();
        for step in shift.plan.steps.iter().filter(|_| weighted) {
            if (step.weight - weight).abs() > f64::EPSILON {
                weight = step.weight;
                let rule = self.balancer(&spec.name).map(|balancer| balancer.rule).unwrap_or_default();
                deeds.push(Deed::new(step.at, "elasticloadbalancing", "ModifyRule", ECS_ROLE, dice).with(
                    json!({ "ruleArn": rule, "actions": [{ "type": "forward", "weight": weight }] }),
                    json!(null),
                ));
            }
        }
        let arn = self.arn("ecs", &format!("service-deployment/{CLUSTER}/{}/{}", spec.name, shift.id));
        let mut by_person = |at: i64, asked: bool, call: &str, params: serde_json::Value| {
            let who = Who::role("OnCall", if asked { "demo" } else { "alice" });
            let deed = Deed::new(at, "ecs", call, who, dice).with(params, json!(null));
            deeds.push(deed.on("AWS::ECS::ServiceDeployment", &arn));
        };
        if let Some(at) = shift.asked() {
            let asked =
                self.changes.values().any(|changes| changes.stops.iter().any(|(id, _)| *id == shift.id));
            let params = json!({ "serviceDeploymentArn": arn, "stopType": "ROLLBACK" });
            by_person(at, asked, "StopServiceDeployment", params);
        }
        for hook in &shift.plan.hooks {
            let answers = self.changes.values().flat_map(|changes| &changes.answers);
            let asked =
                answers.into_iter().find(|(id, ..)| *id == hook.id).map(|(_, at, action)| (*at, *action));
            let listed = shift.spec.hooks.iter().filter_map(|spec| Some((spec.answered?, spec.answer)));
            let listed =
                listed.map(|(at, action)| (self.start + at.0, action)).find(|(at, _)| *at == hook.ended);
            let Some((at, action)) = asked.or(listed) else { continue };
            let action = if action == HookAction::Rollback { "ROLLBACK" } else { "CONTINUE" };
            let params = json!({ "serviceDeploymentArn": arn, "hookId": hook.id, "action": action });
            by_person(at, asked.is_some(), "ContinueServiceDeployment", params);
        }
    }

    /// Services that became larger.
    pub(super) fn scale_deeds(&self, from: i64, to: i64, deeds: &mut Vec<Deed>) {
        for scale in &self.scenario.scales {
            let at = self.start + scale.at.0;
            let Some((spec, stream)) = self.find_service(scale.service.get_ref()) else { continue };
            if !(from..to).contains(&at) {
                continue;
            }
            let service = self.arn("ecs", &format!("service/{CLUSTER}/{}", spec.name));
            let by = scale.by.as_deref().map_or(SCALING_ROLE, |by| Who::parse(by, None));
            deeds.push(
                Deed::new(at, "ecs", "UpdateService", by, stream.dice.named("scale").on(at.cast_unsigned()))
                    .with(
                        json!({ "cluster": CLUSTER, "service": spec.name, "desiredCount": scale.to }),
                        json!({ "service": {
                            "serviceArn": service, "serviceName": spec.name,
                            "desiredCount": scale.to, "runningCount": scale.from,
                        }}),
                    )
                    .on("AWS::ECS::Service", &service),
            );
        }
    }

    /// What the scenario lists itself.
    pub(super) fn listed_deeds(&self, from: i64, to: i64, deeds: &mut Vec<Deed>) {
        for (index, call) in self.scenario.calls.iter().enumerate() {
            if call.region.as_ref().is_some_and(|region| *region != self.region) {
                continue;
            }
            for turn in 0..i64::from(call.times) {
                let at = self.start + call.at.0 + turn * 1_000;
                if !(from..to).contains(&at) {
                    continue;
                }
                let dice = self.dice.named("call").on(index as u64).on(turn.cast_unsigned());
                let who = Who::parse(&call.by, call.key.clone());
                deeds.push(Deed {
                    resources: call.resources.clone(),
                    read: call.read,
                    error: call.error.clone(),
                    ip: call.ip.clone(),
                    agent: call.agent.clone(),
                    ..Deed::new(at, &call.source, &call.name, who, dice)
                        .with(call.params.clone(), call.response.clone())
                });
            }
        }
    }

    /// What was done with credentials in the wrong hands.
    pub(super) fn leaked_deeds(&self, from: i64, to: i64, deeds: &mut Vec<Deed>) {
        for (index, call) in self.leaked_calls().into_iter().enumerate() {
            let at = call.at.as_millisecond();
            if !(from..to).contains(&at) {
                continue;
            }
            let dice = self.dice.named("leak").on(index as u64);
            let who = Who::User(call.user.to_owned(), Some(call.access_key.to_owned()));
            let refused = |code: &str| {
                let action = format!("{}:{}", call.service, call.event);
                let user = format!("arn:aws:iam::{}:user/{}", super::ACCOUNT, call.user);
                (code.to_owned(), format!("User: {user} is not authorized to perform: {action}"))
            };
            deeds.push(Deed {
                resources: call
                    .on
                    .iter()
                    .map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned()))
                    .collect(),
                read: call.read_only,
                error: call.error.map(refused),
                ..Deed::new(at, call.service, call.event, who, dice)
                    .with(serde_json::to_value(call.parameters).unwrap_or_default(), json!(null))
                    .address(call.address)
                    .by_agent(call.agent)
            });
        }
    }

    /// What people do around the incident and every day.
    pub(super) fn people_deeds(&self, from: i64, to: i64, deeds: &mut Vec<Deed>) {
        for mute in &self.scenario.mutes {
            let at = self.start + mute.started.0 - 60_000;
            if (from..to).contains(&at) {
                let dice = self.dice.named("mute").named(&mute.name);
                deeds.push(
                    Deed::new(at, "monitoring", "PutAlarmMuteRule", Who::role("OnCall", "bob"), dice).with(
                        json!({ "name": mute.name, "muteTargets": { "alarmNames": mute.alarms } }),
                        json!(null),
                    ),
                );
            }
        }
        let hour = from.div_euclid(3_600_000);
        let dice = self.dice.named("people").on(hour.cast_unsigned());
        for (key, name) in [(1, "alice"), (2, "bob"), (3, "carol")] {
            let dice = dice.on(key);
            if dice.below(5) == 0 {
                let at = from + dice.on(1).signed(3_600_000);
                let login = Deed::new(at, "signin", "ConsoleLogin", Who::user(name), dice);
                let browser =
                    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/142.0.0.0 Safari/537.36";
                deeds.push(login.with(json!(null), json!({ "ConsoleLogin": "Success" })).by_agent(browser));
            }
        }
        // A client that writes whatever it likes into its own name.
        let dice = dice.on(9);
        if dice.below(4) == 0 {
            let at = from + dice.on(1).signed(3_600_000);
            let group = "/aws/lambda/receipts";
            deeds.push(
                Deed::new(at, "logs", "TagResource", Who::role("tagger", "nightly"), dice)
                    .with(
                        json!({ "resourceArn": self.arn("logs", &format!("log-group:{group}")),
                                "tags": { "owner": "\u{1b}[31mshop\u{202e}\u{7}" } }),
                        json!(null),
                    )
                    .by_agent("tagger/1.0 \u{1b}]0;owned\u{7}\u{1b}[2J\r\n\u{9b}31m"),
            );
        }
    }
}
