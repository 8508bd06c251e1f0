//! What the load balancers say: rules with the weights in force, and the health of targets.
//!
//! One load balancer carries fifty services; the first is `app/shop-web/50dc6c495c0c9188`. Weights follow
//! the deployments (`shift.rs`), health follows the tasks (`tasks.rs`).

use super::types::{Balancer, Listener, LoadBalancer, Rule, TargetGroup, TargetHealth};
use super::{LONG_AGO, World, time};
use jiff::Timestamp;

/// Services per load balancer.
const SERVICES_EACH: usize = 50;
/// The port of every container.
const PORT: u16 = 8080;
/// A deregistered target drains for half a minute.
const DRAINS: i64 = 30_000;

impl World {
    /// All load balancers.
    pub fn load_balancers(&self) -> Vec<LoadBalancer> {
        let count = self.scenario.services.len().div_ceil(SERVICES_EACH);
        let balancers = (0..count).map(|index| {
            let path = self.balancer_path(index);
            let name = path.split('/').nth(1).unwrap_or_default().to_owned();
            LoadBalancer {
                arn: self.arn("elasticloadbalancing", &format!("loadbalancer/{path}")),
                dns: format!("{name}-1234567890.{}.elb.amazonaws.com", self.region),
                name,
                created: time(self.start - 4 * LONG_AGO),
            }
        });
        balancers.collect()
    }

    /// All listeners: one on port 443 per load balancer.
    pub fn listeners(&self) -> Vec<Listener> {
        let count = self.scenario.services.len().div_ceil(SERVICES_EACH);
        let listeners = (0..count).map(|index| Listener {
            arn: self.listener_arn(index),
            load_balancer: self
                .arn("elasticloadbalancing", &format!("loadbalancer/{}", self.balancer_path(index))),
            port: 443,
        });
        listeners.collect()
    }

    /// All target groups: a blue and a green one per service.
    pub fn target_groups(&self) -> Vec<TargetGroup> {
        let services = self.scenario.services.iter().enumerate();
        services
            .flat_map(|(index, spec)| {
                let balancer = self.balancer_path(index / SERVICES_EACH);
                [true, false].map(|blue| TargetGroup {
                    arn: self.target_group_arn(&spec.name, blue),
                    name: format!("{}-{}", spec.name, colour(blue)),
                    port: PORT,
                    health_path: "/healthz".to_owned(),
                    load_balancers: vec![
                        self.arn("elasticloadbalancing", &format!("loadbalancer/{balancer}")),
                    ],
                })
            })
            .collect()
    }

    /// All listener rules at a time, the default ones included.
    pub fn rules(&self, now: Timestamp) -> Vec<Rule> {
        let ms = now.as_millisecond();
        let mut rules = Vec::with_capacity(self.scenario.services.len() + 1);
        for (index, (spec, stream)) in self.scenario.services.iter().zip(&self.streams).enumerate() {
            let split = stream.course.split(ms);
            let blue_is = |side: usize| stream.course.sides.get(side).is_some_and(|side| side.blue);
            let new = (split.share * 100.0).round() as u32;
            // ECS keeps both groups in the rule, also with weight 0. A rolling deployment stays within one.
            let blue = match (blue_is(split.old) == blue_is(split.new), blue_is(split.new)) {
                (true, true) => 100,
                (true, false) => 0,
                (false, true) => new,
                (false, false) => 100 - new,
            };
            rules.push(Rule {
                arn: self.rule_arn(index, &spec.name),
                listener: self.listener_arn(index / SERVICES_EACH),
                priority: Some((index % SERVICES_EACH) as u32 * 10 + 10),
                path: format!("{}*", spec.path),
                targets: vec![
                    (self.target_group_arn(&spec.name, true), blue),
                    (self.target_group_arn(&spec.name, false), 100 - blue),
                ],
            });
        }
        for index in 0..self.scenario.services.len().div_ceil(SERVICES_EACH) {
            let id = self.dice.named("default rule").on(index as u64).hex(16);
            rules.push(Rule {
                arn: format!("{}/{id}", self.listener_arn(index).replace(":listener/", ":listener-rule/")),
                listener: self.listener_arn(index),
                priority: None,
                path: String::new(),
                targets: Vec::new(),
            });
        }
        rules
    }

    /// The targets of a group at a time; none when there is no such group.
    pub fn target_health(&self, target_group_arn: &str, now: Timestamp) -> Option<Vec<TargetHealth>> {
        let ms = now.as_millisecond();
        let prefix = self.arn("elasticloadbalancing", "targetgroup/");
        let (name, _) = target_group_arn.strip_prefix(&prefix)?.split_once('/')?;
        let (service, colour) = name.rsplit_once('-')?;
        let blue = colour == "blue";
        let (spec, stream) = self.find_service(service)?;
        if self.target_group_arn(service, blue) != target_group_arn {
            return None;
        }
        let sides = stream.course.sides.iter().enumerate().filter(|(_, side)| side.blue == blue);
        let lives = sides.flat_map(|(side, _)| self.lives(stream, side, spec.tasks, ms - DRAINS, ms));
        let targets = lives.filter(|life| life.started <= ms).map(|life| {
            let (ip, zone) = self.address(&life);
            let (state, reason, description) = if !life.runs(ms) {
                (
                    "draining",
                    Some("Target.DeregistrationInProgress"),
                    Some("Target deregistration is in progress"),
                )
            } else if life.is_healthy(ms) {
                ("healthy", None, None)
            } else {
                ("initial", Some("Elb.RegistrationInProgress"), Some("Target registration is in progress"))
            };
            TargetHealth { ip, port: PORT, zone, state, reason, description }
        });
        Some(targets.collect())
    }

    /// How a service is wired.
    pub(super) fn balancer(&self, service: &str) -> Option<Balancer> {
        let index = *self.by_name.get(service)?;
        Some(Balancer {
            blue: self.target_group_arn(service, true),
            green: self.target_group_arn(service, false),
            rule: self.rule_arn(index, service),
            container: service.to_owned(),
            port: PORT,
        })
    }

    /// `targetgroup/NAME/ID`, which is also the metric dimension.
    pub(super) fn target_group_path(&self, service: &str, blue: bool) -> String {
        let name = format!("{service}-{}", colour(blue));
        format!("targetgroup/{name}/{}", self.dice.named(&name).hex(16))
    }

    pub(super) fn target_group_arn(&self, service: &str, blue: bool) -> String {
        self.arn("elasticloadbalancing", &self.target_group_path(service, blue))
    }

    /// `app/NAME/ID` of the load balancer that carries a service, which is also the metric dimension.
    pub(super) fn balancer_of(&self, service: &str) -> Option<String> {
        self.by_name.get(service).map(|index| self.balancer_path(index / SERVICES_EACH))
    }

    /// `app/NAME/ID` of the nth load balancer.
    pub(super) fn balancer_path(&self, index: usize) -> String {
        if index == 0 {
            return "app/shop-web/50dc6c495c0c9188".to_owned();
        }
        format!("app/shop-web-{}/{}", index + 1, self.dice.named("balancer").on(index as u64).hex(16))
    }

    /// Streams of the services behind the nth load balancer.
    pub(super) fn behind(&self, balancer: usize) -> &[super::traffic::Stream] {
        let first = balancer * SERVICES_EACH;
        let last = (first + SERVICES_EACH).min(self.scenario.services.len());
        self.streams.get(first..last).unwrap_or_default()
    }

    /// ARN of the listener that carries the nth service.
    pub(super) fn listener_of(&self, service: usize) -> String {
        self.listener_arn(service / SERVICES_EACH)
    }

    fn listener_arn(&self, index: usize) -> String {
        let id = if index == 0 {
            "f2f7dc8efc522ab2".to_owned()
        } else {
            self.dice.named("listener").on(index as u64).hex(16)
        };
        self.arn("elasticloadbalancing", &format!("listener/{}/{id}", self.balancer_path(index)))
    }

    fn rule_arn(&self, index: usize, service: &str) -> String {
        let listener = self.listener_arn(index / SERVICES_EACH).replace(":listener/", ":listener-rule/");
        format!("{listener}/{}", self.dice.named("rule").named(service).hex(16))
    }
}

fn colour(blue: bool) -> &'static str {
    if blue { "blue" } else { "green" }
}
