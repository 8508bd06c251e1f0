//! Services and their lookups. Built by [`super::merge()`]; never changed afterwards.
//!
//! Lookups go through hash maps, so that 500 services and 2,000 alarms cost nothing per frame.

use crate::aws::TargetId;
use std::collections::HashMap;

/// How a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An ECS service.
    Ecs,
    /// A Lambda function.
    Lambda,
    /// Known only from the configuration.
    Configured,
}

/// Where an ECS service is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EcsPlace {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
}

/// A target group with the dimensions that CloudWatch knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideGroup {
    /// Its name.
    pub name: String,
    /// `targetgroup/NAME/ID`.
    pub dimension: String,
    /// `app/NAME/ID` of the load balancer in front of it, when there is one.
    pub load_balancer: Option<String>,
}

/// What a service depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyKind {
    /// Another service in the list.
    Service,
    /// A database cluster or instance.
    Database,
    /// A queue.
    Queue,
    /// A table.
    Table,
    /// A cache.
    Cache,
    /// Something else, for example a host outside.
    Other,
}

/// One thing a service depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DependencyKind,
    /// Its own log groups, where it has some.
    pub log_groups: Vec<String>,
    /// Alarms on it.
    pub alarms: Vec<String>,
}

/// A service and the places where its signals are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Unique within a target.
    pub name: String,
    /// Whose.
    pub target: TargetId,
    /// How it runs.
    pub kind: Kind,
    /// Its ECS service.
    pub ecs: Option<EcsPlace>,
    /// Its target groups: both sides, where a rule sends to two.
    pub target_groups: Vec<SideGroup>,
    /// The load balancer that carries this service and no other, by its CloudWatch dimension.
    pub own_balancer: Option<String>,
    /// Its Lambda function.
    pub lambda: Option<String>,
    /// The alias that is called.
    pub alias: Option<String>,
    /// The queue that feeds it.
    pub queue: Option<String>,
    /// Its log groups.
    pub log_groups: Vec<String>,
    /// Its name in X-Ray.
    pub xray: Option<String>,
    /// Alarms on it. Those on a dependency stand there.
    pub alarms: Vec<String>,
    /// Dashboards about it.
    pub dashboards: Vec<String>,
    /// What it depends on.
    pub depends_on: Vec<Dependency>,
}

impl Service {
    /// A service of which only the name is known.
    pub(super) fn named(name: &str, target: &TargetId, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            target: target.clone(),
            kind,
            ecs: None,
            target_groups: Vec::new(),
            own_balancer: None,
            lambda: None,
            alias: None,
            queue: None,
            log_groups: Vec::new(),
            xray: None,
            alarms: Vec::new(),
            dashboards: Vec::new(),
            depends_on: Vec::new(),
        }
    }

    /// Adds a dependency unless it is known; a more exact kind wins over [`DependencyKind::Other`].
    pub(super) fn depend(&mut self, name: &str, kind: DependencyKind) {
        if name == self.name {
            return;
        }
        match self.depends_on.iter_mut().find(|known| known.name == name) {
            Some(known) if known.kind == DependencyKind::Other => known.kind = kind,
            Some(_) => {}
            None => self.depends_on.push(Dependency {
                name: name.to_owned(),
                kind,
                log_groups: Vec::new(),
                alarms: Vec::new(),
            }),
        }
    }
}

/// Whose an alarm is.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Its place in [`Services::list`].
    pub place: usize,
    /// The service.
    pub service: &'a Service,
    /// The dependency of it that the alarm is really on.
    pub dependency: Option<&'a Dependency>,
}

/// All services of a target.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Services {
    list: Vec<Service>,
    by_name: HashMap<String, usize>,
    by_alarm: HashMap<String, Vec<(usize, Option<usize>)>>,
    by_group: HashMap<String, usize>,
    by_ecs: HashMap<EcsPlace, usize>,
    by_lambda: HashMap<String, usize>,
    by_xray: HashMap<String, usize>,
}

impl Services {
    /// Indexes a finished list, sorted by name.
    pub(super) fn new(mut list: Vec<Service>) -> Self {
        list.sort_by(|a, b| a.name.cmp(&b.name));
        let mut all = Self { list, ..Self::default() };
        for (index, service) in all.list.iter().enumerate() {
            all.by_name.insert(service.name.clone(), index);
            for alarm in &service.alarms {
                // A service's own alarms come before those of its dependencies.
                all.by_alarm.entry(alarm.clone()).or_default().insert(0, (index, None));
            }
            for (place, dependency) in service.depends_on.iter().enumerate() {
                for alarm in &dependency.alarms {
                    all.by_alarm.entry(alarm.clone()).or_default().push((index, Some(place)));
                }
                for group in &dependency.log_groups {
                    all.by_group.entry(group.clone()).or_insert(index);
                }
            }
            for group in &service.log_groups {
                all.by_group.insert(group.clone(), index);
            }
            all.by_ecs.extend(service.ecs.clone().map(|place| (place, index)));
            all.by_lambda.extend(service.lambda.clone().map(|function| (function, index)));
            all.by_xray.extend(service.xray.clone().map(|name| (name, index)));
        }
        all
    }

    /// All of them, by name.
    pub fn list(&self) -> &[Service] {
        &self.list
    }

    /// One by its name.
    pub fn get(&self, name: &str) -> Option<&Service> {
        self.list.get(self.place_of(name)?)
    }

    /// The place of one in [`Self::list`].
    pub fn place_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Whose an alarm is: services it is on first, then those that depend on what it is on.
    pub fn of_alarm(&self, alarm: &str) -> impl Iterator<Item = Owner<'_>> {
        let places = self.by_alarm.get(alarm).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|(place, dependency)| {
            let service = self.list.get(*place)?;
            let dependency = dependency.and_then(|place| service.depends_on.get(place));
            Some(Owner { place: *place, service, dependency })
        })
    }

    /// The service that writes to a log group, or depends on what does.
    pub fn of_log_group(&self, group: &str) -> Option<&Service> {
        self.list.get(*self.by_group.get(group)?)
    }

    /// The service of an ECS service.
    pub fn of_ecs(&self, cluster: &str, service: &str) -> Option<&Service> {
        self.list.get(self.place_of_ecs(cluster, service)?)
    }

    /// Its place in [`Self::list`].
    pub fn place_of_ecs(&self, cluster: &str, service: &str) -> Option<usize> {
        let place = EcsPlace { cluster: cluster.to_owned(), service: service.to_owned() };
        self.by_ecs.get(&place).copied()
    }

    /// The service of this name in X-Ray.
    pub fn of_xray(&self, name: &str) -> Option<&Service> {
        self.list.get(*self.by_xray.get(name)?)
    }

    /// The service of a Lambda function.
    pub fn of_lambda(&self, function: &str) -> Option<&Service> {
        self.list.get(*self.by_lambda.get(function)?)
    }
}
