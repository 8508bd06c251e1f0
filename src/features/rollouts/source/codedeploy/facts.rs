//! What a deployment's configuration, group, task sets and listener rules say: the parts that change rarely,
//! and that are remembered.

use super::convert::{self, TaskSet};
use super::{part, room};
use crate::aws::operation::{
    DESCRIBE_RULES, DESCRIBE_TASK_DEFINITION, GET_DEPLOYMENT_CONFIG, GET_DEPLOYMENT_GROUP,
};
use crate::aws::{Conn, SourceError};
use crate::features::rollouts::mechanism::codedeploy::{Deployment, Routing};
use crate::features::rollouts::model::{Health, Image, Rollout, RolloutName, Side, TargetGroup, arn_tail};
use crate::features::rollouts::source::ecs::{shares, some_text, text};
use aws_sdk_codedeploy::types::{AlarmConfiguration, DeploymentInfo};
use aws_sdk_ecs::types::{Service, TaskDefinition, TaskSet as EcsTaskSet};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How long a group's settings and a listener's rules hold.
const SETTINGS_AGE: SignedDuration = SignedDuration::from_mins(1);
/// Pages of a listener's rules that are read; a listener has 100 rules unless its quota was raised.
const MAX_RULE_PAGES: usize = 10;

/// A listener rule and the target groups it sends to.
type Rule = (String, Vec<String>);

/// What a deployment group says.
#[derive(Clone, Default)]
pub struct Group {
    alarms: Option<AlarmConfiguration>,
    /// Cluster and name of the ECS service that it deploys to.
    pub service: Option<(String, String)>,
}

/// Reads them, and remembers them.
pub struct Facts {
    conn: Conn,
    /// Configurations never change.
    configs: BTreeMap<String, Routing>,
    groups: BTreeMap<(String, String), (Timestamp, Group)>,
    /// Images by task definition, which never changes.
    images: BTreeMap<String, Vec<Image>>,
    rules: BTreeMap<String, (Timestamp, Vec<Rule>)>,
}

impl Facts {
    /// For one target.
    pub fn new(conn: &Conn) -> Self {
        Self {
            conn: conn.uncapped(),
            configs: BTreeMap::new(),
            groups: BTreeMap::new(),
            images: BTreeMap::new(),
            rules: BTreeMap::new(),
        }
    }

    /// Steps and alarms; for an ECS service also the rules of its production listeners.
    pub async fn complete(
        &mut self,
        info: &DeploymentInfo,
        shift: &mut Rollout,
        it: &mut Deployment,
        now: Timestamp,
    ) -> Result<(), SourceError> {
        if let Some(name) = info.deployment_config_name().filter(|_| it.platform.has_weights()) {
            let read = self.routing(name).await;
            it.routing = part(read, "its steps", it)?.unwrap_or(Routing::Unknown);
        }
        if let RolloutName::CodeDeploy { application, group } = &shift.name {
            let read = self.group((application, group), now).await;
            if let Some(group) = part(read, "its alarms", it)? {
                shift.alarms = convert::alarms(group.alarms.as_ref(), info);
            }
        }
        for listener in convert::listeners(info) {
            let read = self.read_rules(&listener, now).await;
            part(read, "listener rules", it)?;
        }
        Ok(())
    }

    async fn routing(&mut self, name: &str) -> Result<Routing, SourceError> {
        if let Some(known) = self.configs.get(name) {
            return Ok(known.clone());
        }
        let request = self.conn.codedeploy().get_deployment_config().deployment_config_name(name);
        let answer = self.conn.call(&GET_DEPLOYMENT_CONFIG, request.send()).await?;
        let routing =
            convert::routing(answer.deployment_config_info().and_then(|it| it.traffic_routing_config()));
        room(&mut self.configs);
        self.configs.insert(name.to_owned(), routing.clone());
        Ok(routing)
    }

    /// A deployment group's settings.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn group(
        &mut self,
        (application, group): (&str, &str),
        now: Timestamp,
    ) -> Result<Group, SourceError> {
        let key = (application.to_owned(), group.to_owned());
        if let Some((at, known)) = self.groups.get(&key)
            && now.duration_since(*at) < SETTINGS_AGE
        {
            return Ok(known.clone());
        }
        let request = self.conn.codedeploy().get_deployment_group();
        let request = request.application_name(application).deployment_group_name(group);
        let answer = self.conn.call(&GET_DEPLOYMENT_GROUP, request.send()).await?;
        let info = answer.deployment_group_info();
        let service = info.and_then(|it| it.ecs_services().first());
        let service =
            service.and_then(|it| Some((some_text(it.cluster_name())?, some_text(it.service_name())?)));
        let found = Group { alarms: info.and_then(|it| it.alarm_configuration()).cloned(), service };
        room(&mut self.groups);
        self.groups.insert(key, (now, found.clone()));
        Ok(found)
    }

    /// Which of a listener's rules send to which target groups. How much they send is read with the health.
    async fn read_rules(&mut self, listener: &str, now: Timestamp) -> Result<(), SourceError> {
        if self.rules.get(listener).is_some_and(|(at, _)| now.duration_since(*at) < SETTINGS_AGE) {
            return Ok(());
        }
        let (mut rules, mut marker) = (Vec::new(), None);
        for _ in 0..MAX_RULE_PAGES {
            let request = self.conn.elb().describe_rules().listener_arn(listener).set_marker(marker);
            let answer = self.conn.call(&DESCRIBE_RULES, request.send()).await?;
            rules.extend(answer.rules().iter().filter_map(|rule| {
                let groups = shares(rule).into_iter().map(|(group, _)| group).collect();
                Some((some_text(rule.rule_arn())?, groups))
            }));
            marker = answer.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                room(&mut self.rules);
                self.rules.insert(listener.to_owned(), (now, rules));
                return Ok(());
            }
        }
        // A group that was not found among a part of them may be on another.
        self.rules.remove(listener);
        Ok(())
    }

    /// Both sides of an ECS service: task sets as CodeDeploy counts them, with what ECS says each one runs.
    pub async fn task_sets(
        &mut self,
        info: &DeploymentInfo,
        service: Option<&Service>,
        sets: Vec<TaskSet>,
        shift: &mut Rollout,
        it: &mut Deployment,
    ) -> Result<(), SourceError> {
        shift.events = service.map(super::ecs::events).unwrap_or_default();
        let all = service.map(Service::task_sets).unwrap_or_default();
        let own = Some(shift.deployment.as_str());
        let mut there = all.iter().any(|known| known.external_id() == own);
        for set in sets {
            let known = all.iter().find(|known| known.id() == Some(set.id.as_str()));
            // A task set bears the id of the deployment that made it.
            let made_by = known.and_then(EcsTaskSet::external_id);
            let green = set.green.or_else(|| made_by.map(|id| id == shift.deployment));
            there |= green == Some(true) && known.is_some();
            let side = self.side(info, known, set, it).await?;
            match green {
                Some(true) => shift.new = side,
                Some(false) => shift.old = Some(side),
                None if service.is_some() => {
                    it.unread.push(format!("{} bears no label: it is shown as neither side", side.label()));
                }
                None => {}
            }
        }
        if service.is_some() && !there {
            // What ECS has no longer gets nothing, whatever the deployment says of its own end.
            it.group_share = Some(0.0);
        }
        Ok(())
    }

    /// Share of a side in percent, as the listener rules have it; `None` where they could not be read.
    pub fn share(&self, info: &DeploymentInfo, side: &Side) -> Option<f64> {
        let listeners = convert::listeners(info);
        let read = !listeners.is_empty() && listeners.iter().all(|it| self.rules.contains_key(it));
        let share = |group: &TargetGroup| match &group.rule {
            Some(_) => group.rule_share,
            // No rule of its listeners sends to it.
            None => read.then_some(0.0),
        };
        let shares: Option<Vec<f64>> = side.groups.iter().map(share).collect();
        shares?.into_iter().reduce(f64::max)
    }

    async fn side(
        &mut self,
        info: &DeploymentInfo,
        known: Option<&EcsTaskSet>,
        set: TaskSet,
        it: &mut Deployment,
    ) -> Result<Side, SourceError> {
        let definition = known.and_then(EcsTaskSet::task_definition);
        let images = match definition {
            Some(definition) => {
                let read = self.images(definition).await;
                part(read, "images", it)?.unwrap_or_default()
            }
            None => Vec::new(),
        };
        let definition = definition.map(|arn| arn_tail(&text(Some(arn))).to_owned());
        let called = definition.is_none().then(|| format!("task set {}", arn_tail(&set.id)));
        let balancers = known.map(EcsTaskSet::load_balancers).unwrap_or_default();
        let groups = balancers.iter().filter_map(|it| some_text(it.target_group_arn()));
        let rules: Vec<&Rule> = convert::listeners(info)
            .iter()
            .filter_map(|listener| self.rules.get(listener))
            .flat_map(|(_, rules)| rules)
            .collect();
        let rule_of = |arn: &String| rules.iter().find(|(_, groups)| groups.contains(arn));
        let groups = groups.map(|arn| TargetGroup {
            rule: rule_of(&arn).map(|(rule, _)| rule.clone()),
            arn,
            rule_share: None,
            health: Health::Unread,
        });
        Ok(Side {
            called,
            task_definition: definition,
            images,
            weight: Some(set.weight),
            tasks: Some(set.tasks),
            groups: groups.collect(),
            ..Side::of(&set.id)
        })
    }

    async fn images(&mut self, definition: &str) -> Result<Vec<Image>, SourceError> {
        if let Some(known) = self.images.get(definition) {
            return Ok(known.clone());
        }
        let request = self.conn.ecs().describe_task_definition().task_definition(definition);
        let answer = self.conn.call(&DESCRIBE_TASK_DEFINITION, request.send()).await?;
        let containers =
            answer.task_definition().map(TaskDefinition::container_definitions).unwrap_or_default();
        let images: Vec<Image> =
            containers.iter().map(|container| Image::new(&text(container.image()), None)).collect();
        room(&mut self.images);
        self.images.insert(definition.to_owned(), images.clone());
        Ok(images)
    }
}
