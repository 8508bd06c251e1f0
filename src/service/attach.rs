//! Whose an alarm is, by the dimensions of what it watches; a composite is whose its children are.
//!
//! An alarm on something that several services share belongs to each of them through the dependency, and to
//! none of them where nothing says so (a load balancer with many services).

use super::found::Watched;
use super::model::{DependencyKind, Service};
use std::collections::{BTreeSet, HashMap};

/// A place that a dimension names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    Own(usize),
    Dependency(usize, usize),
}

/// Attaches alarms to services and dependencies.
pub(super) fn attach(alarms: &[Watched], services: &mut [Service]) {
    let index = Index::new(services);
    let mut owners: HashMap<String, BTreeSet<Place>> = HashMap::new();
    // What the configuration has attached counts for composites too.
    for (place, service) in services.iter().enumerate() {
        for alarm in &service.alarms {
            owners.entry(alarm.clone()).or_default().insert(Place::Own(place));
        }
    }
    for alarm in alarms.iter().filter(|alarm| alarm.rule.is_empty()) {
        let groups = alarm.log_groups.iter().filter_map(|group| index.groups.get(group));
        let dimensions = alarm.dimensions.iter().flat_map(|own| index.places(own));
        let places: BTreeSet<Place> = dimensions.chain(groups.copied()).collect();
        if !places.is_empty() {
            owners.entry(alarm.alarm.to_owned()).or_default().extend(places);
        }
    }
    for alarm in alarms.iter().filter(|alarm| !alarm.rule.is_empty()) {
        let children = children(alarm.rule).into_iter().filter_map(|child| owners.get(child));
        let whose: BTreeSet<usize> = children.flatten().map(Place::service).collect();
        if let Some(only) = whose.first().filter(|_| whose.len() == 1) {
            owners.entry(alarm.alarm.to_owned()).or_default().insert(Place::Own(*only));
        }
    }
    let mut owners: Vec<_> = owners.into_iter().collect();
    owners.sort();
    for (alarm, places) in owners {
        for place in places {
            let list = match place {
                Place::Own(service) => services.get_mut(service).map(|service| &mut service.alarms),
                Place::Dependency(service, dependency) => services
                    .get_mut(service)
                    .and_then(|service| service.depends_on.get_mut(dependency))
                    .map(|dependency| &mut dependency.alarms),
            };
            if let Some(list) = list.filter(|list| !list.contains(&alarm)) {
                list.push(alarm.clone());
            }
        }
    }
}

impl Place {
    fn service(&self) -> usize {
        match self {
            Self::Own(service) | Self::Dependency(service, _) => *service,
        }
    }
}

/// Names of alarms in a composite's rule: `ALARM("a b") OR NOT OK(c)`. An ARN counts as its name.
pub fn children(rule: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = rule;
    while let Some((_, inside)) = rest.split_once('(') {
        let inside = inside.trim_start();
        let name = if let Some(quoted) = inside.strip_prefix('"') {
            let Some((name, tail)) = quoted.split_once('"') else { break };
            rest = tail;
            name
        } else {
            let (name, tail) = inside.split_at(inside.find(['(', ')']).unwrap_or(inside.len()));
            rest = tail;
            if tail.starts_with('(') {
                // A bracket around an expression, not around a name.
                continue;
            }
            name.trim()
        };
        names.push(name.split_once(":alarm:").map_or(name, |(_, name)| name));
    }
    names
}

/// Places by (dimension, value).
struct Index {
    places: HashMap<(&'static str, String), Vec<Place>>,
    /// `ServiceName` alone is enough where only one cluster has it; with a cluster both count.
    ecs: HashMap<String, Vec<(String, usize)>>,
    /// By log group, for alarms on a query of logs.
    groups: HashMap<String, Place>,
}

impl Index {
    fn new(services: &[Service]) -> Self {
        let mut index = Self { places: HashMap::new(), ecs: HashMap::new(), groups: HashMap::new() };
        for (at, service) in services.iter().enumerate() {
            index.groups.extend(service.log_groups.iter().map(|group| (group.clone(), Place::Own(at))));
            if let Some(ecs) = &service.ecs {
                index.ecs.entry(ecs.service.clone()).or_default().push((ecs.cluster.clone(), at));
            }
            for group in &service.target_groups {
                index.add("TargetGroup", &group.dimension, Place::Own(at));
            }
            if let Some(balancer) = &service.own_balancer {
                index.add("LoadBalancer", balancer, Place::Own(at));
            }
            if let Some(function) = &service.lambda {
                index.add("FunctionName", function, Place::Own(at));
            }
            for (place, dependency) in service.depends_on.iter().enumerate() {
                for dimension in dimensions(dependency.kind) {
                    index.add(dimension, &dependency.name, Place::Dependency(at, place));
                }
            }
        }
        index
    }

    fn add(&mut self, dimension: &'static str, value: &str, place: Place) {
        self.places.entry((dimension, value.to_owned())).or_default().push(place);
    }

    fn places(&self, dimensions: &[(String, String)]) -> Vec<Place> {
        let value = |name: &str| dimensions.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
        if let Some(of_name) = value("ServiceName").and_then(|name| self.ecs.get(name)) {
            let own: Vec<_> = match value("ClusterName") {
                Some(cluster) => of_name.iter().filter(|(known, _)| known == cluster).collect(),
                None if of_name.len() == 1 => of_name.iter().collect(),
                None => Vec::new(),
            };
            return own.into_iter().map(|(_, at)| Place::Own(*at)).collect();
        }
        // The most exact dimension first: a target group's metric names its load balancer too.
        NAMES
            .iter()
            .find_map(|name| self.places.get(&(*name, value(name)?.to_owned())))
            .cloned()
            .unwrap_or_default()
    }
}

const NAMES: [&str; 10] = [
    "TargetGroup",
    "LoadBalancer",
    "FunctionName",
    "QueueName",
    "DBClusterIdentifier",
    "DBInstanceIdentifier",
    "TableName",
    "CacheClusterId",
    "ReplicationGroupId",
    "StreamName",
];

/// The dimensions that name a thing of this kind. What is not known may be anything.
fn dimensions(kind: DependencyKind) -> &'static [&'static str] {
    match kind {
        DependencyKind::Service => &[],
        DependencyKind::Database => &["DBClusterIdentifier", "DBInstanceIdentifier"],
        DependencyKind::Queue => &["QueueName"],
        DependencyKind::Table => &["TableName"],
        DependencyKind::Cache => &["CacheClusterId", "ReplicationGroupId"],
        DependencyKind::Other => &[
            "QueueName",
            "DBClusterIdentifier",
            "DBInstanceIdentifier",
            "TableName",
            "CacheClusterId",
            "ReplicationGroupId",
            "StreamName",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::children;

    #[test]
    fn names_in_a_rule() {
        for (rule, want) in [
            ("ALARM(a) OR ALARM(b)", vec!["a", "b"]),
            (r#"ALARM("a (b)") AND NOT OK( c )"#, vec!["a (b)", "c"]),
            ("TRUE", vec![]),
            ("(ALARM(a) OR (OK(b)))", vec!["a", "b"]),
            ("ALARM(arn:aws:cloudwatch:eu-west-2:1:alarm:a)", vec!["a"]),
            ("ALARM(", vec![""]),
        ] {
            assert_eq!(children(rule), want, "{rule}");
        }
    }
}
