//! Puts what was found together into services, then lets the configuration complete and correct it.
//!
//! Joins go by what AWS guarantees (ARNs, task definitions, function names) and, between X-Ray and the
//! rest, by equal names; nothing is guessed from names that merely look alike.

use super::attach;
use super::found::{EcsService, Found, Inventory, Node, TargetGroup};
use super::model::{DependencyKind, EcsPlace, Kind, Service, Services, SideGroup};
use crate::config;
use crate::config::Glob;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// All services of a target.
pub fn merge(found: &Found) -> Services {
    let empty = Inventory::default();
    let inventory = found.inventory.unwrap_or(&empty);
    let mut services = ecs(found, inventory);
    lambda(found, inventory, &mut services);
    for entry in
        found.config.iter().filter(|entry| entry.target.as_deref().is_none_or(|t| t == found.target.as_str()))
    {
        configure(entry, found, inventory, &mut services);
    }
    own_balancers(&mut services);
    edges(found.graph, &mut services);
    databases(found.log_groups, &mut services);
    attach::attach(found.alarms, &mut services);
    Services::new(services)
}

fn ecs(found: &Found, inventory: &Inventory) -> Vec<Service> {
    let balancing = Balancing::new(inventory);
    let mut names = HashSet::new();
    found
        .ecs
        .iter()
        .map(|own| {
            // Two clusters may have a service of one name.
            let first = names.insert(own.service);
            let name = if first { own.service.to_owned() } else { full_name(own) };
            let mut service = Service::named(&name, found.target, Kind::Ecs);
            service.ecs = Some(EcsPlace { cluster: own.cluster.to_owned(), service: own.service.to_owned() });
            service.xray = first.then(|| own.service.to_owned());
            service.target_groups = balancing.sides(own.groups);
            if let Some(definition) = inventory.task_definitions.get(own.task_definition) {
                service.log_groups.clone_from(&definition.log_groups);
            }
            service
        })
        .collect()
}

fn full_name(own: &EcsService) -> String {
    format!("{}/{}", own.cluster, own.service)
}

/// Target groups by ARN, and which of them stand beside each other in a rule.
struct Balancing<'a> {
    groups: HashMap<&'a str, &'a TargetGroup>,
    beside: HashMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Balancing<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let groups = inventory.target_groups.iter().map(|group| (group.arn.as_str(), group)).collect();
        let mut beside: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for forward in &inventory.forwards {
            for group in &forward.groups {
                beside.entry(group).or_default().extend(forward.groups.iter().map(String::as_str));
            }
        }
        Self { groups, beside }
    }

    /// A service's own target groups and those that its rules also send to.
    fn sides(&self, own: &[String]) -> Vec<SideGroup> {
        let mut all: BTreeSet<&str> = own.iter().map(String::as_str).collect();
        for group in own {
            all.extend(self.beside.get(group.as_str()).into_iter().flatten());
        }
        all.into_iter().filter_map(|arn| self.side(arn)).collect()
    }

    fn side(&self, arn: &str) -> Option<SideGroup> {
        let dimension = after(arn, ":")?;
        let known = self.groups.get(arn);
        Some(SideGroup {
            name: dimension.split('/').nth(1).unwrap_or(dimension).to_owned(),
            dimension: dimension.to_owned(),
            load_balancer: known
                .and_then(|group| group.load_balancers.first())
                .and_then(|arn| arn.split_once("loadbalancer/"))
                .map(|(_, path)| path.to_owned()),
        })
    }
}

fn lambda(found: &Found, inventory: &Inventory, services: &mut Vec<Service>) {
    let mut feeds: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for mapping in &inventory.mappings {
        feeds.entry(&mapping.function).or_default().push(mapping);
    }
    let names: HashSet<String> = services.iter().map(|service| service.name.clone()).collect();
    for function in &inventory.functions {
        let taken = names.contains(&function.name);
        let name = if taken { format!("lambda/{}", function.name) } else { function.name.clone() };
        let mut service = Service::named(&name, found.target, Kind::Lambda);
        service.lambda = Some(function.name.clone());
        service.xray = Some(function.name.clone());
        let own = || format!("/aws/lambda/{}", function.name);
        service.log_groups = vec![function.log_group.clone().unwrap_or_else(own)];
        for mapping in feeds.get(function.name.as_str()).into_iter().flatten() {
            service.alias = service.alias.or_else(|| mapping.alias.clone());
            let Some((name, kind)) = source(&mapping.source) else { continue };
            if kind == DependencyKind::Queue {
                service.queue.get_or_insert_with(|| name.to_owned());
            }
            service.depend(name, kind);
        }
        services.push(service);
    }
}

/// Name and kind of what feeds a function.
fn source(arn: &str) -> Option<(&str, DependencyKind)> {
    let kind = arn.split(':').nth(2)?;
    let resource = arn.splitn(6, ':').nth(5)?;
    Some(match kind {
        "sqs" => (resource, DependencyKind::Queue),
        "dynamodb" => (resource.split('/').nth(1)?, DependencyKind::Table),
        _ => (resource.split('/').nth(1).unwrap_or(resource), DependencyKind::Other),
    })
}

fn configure(entry: &config::Service, found: &Found, inventory: &Inventory, services: &mut Vec<Service>) {
    let place = entry.ecs.as_deref().and_then(|text| text.split_once('/'));
    let (function, alias) = match entry.lambda.as_deref() {
        Some(text) => match text.split_once(':') {
            Some((function, alias)) => (Some(function), Some(alias)),
            None => (Some(text), None),
        },
        None => (None, None),
    };
    let is = |service: &Service| match (place, function) {
        (Some((cluster, name)), _) => {
            service.ecs.as_ref().is_some_and(|ecs| ecs.cluster == cluster && ecs.service == name)
        }
        (None, Some(function)) => service.lambda.as_deref() == Some(function),
        (None, None) => service.name == entry.name,
    };
    let index = services.iter().position(is).unwrap_or_else(|| {
        services.push(Service::named(&entry.name, found.target, Kind::Configured));
        services.len() - 1
    });
    // A name that another service had by itself is that one's no longer.
    for (other, service) in services.iter_mut().enumerate() {
        if other != index && service.name == entry.name {
            service.name = match &service.ecs {
                Some(place) => format!("{}/{}", place.cluster, place.service),
                None => format!("lambda/{}", service.name),
            };
        }
    }
    let Some(service) = services.get_mut(index) else { return };
    service.name.clone_from(&entry.name);
    if let Some((cluster, name)) = place {
        service.ecs = Some(EcsPlace { cluster: cluster.to_owned(), service: name.to_owned() });
    }
    if let Some(function) = function {
        service.lambda = Some(function.to_owned());
        service.alias = alias.map(str::to_owned).or(service.alias.take());
    }
    service.xray = entry.xray.clone().or(service.xray.take());
    let balancing = Balancing::new(inventory);
    for name in &entry.target_groups {
        let known = inventory.target_groups.iter().find(|group| group.name == *name);
        let side = known.and_then(|group| balancing.side(&group.arn));
        if let Some(side) = side.filter(|side| !service.target_groups.contains(side)) {
            service.target_groups.push(side);
        }
    }
    add(&mut service.log_groups, &entry.log_groups);
    add(&mut service.dashboards, &entry.dashboards);
    for name in &entry.depends_on {
        service.depend(name, DependencyKind::Other);
    }
    for pattern in entry.alarms.iter().map(|pattern| Glob::new(pattern)) {
        let fits = found.alarms.iter().filter(|alarm| pattern.matches(alarm.alarm));
        add(&mut service.alarms, &fits.map(|alarm| alarm.alarm.to_owned()).collect::<Vec<_>>());
    }
}

fn add(list: &mut Vec<String>, more: &[String]) {
    for text in more {
        if !list.contains(text) {
            list.push(text.clone());
        }
    }
}

/// A load balancer's own errors are a service's only where it carries no other.
fn own_balancers(services: &mut [Service]) {
    let mut carried: HashMap<String, HashSet<usize>> = HashMap::new();
    for (index, service) in services.iter().enumerate() {
        for balancer in service.target_groups.iter().filter_map(|group| group.load_balancer.clone()) {
            carried.entry(balancer).or_default().insert(index);
        }
    }
    for service in services {
        service.own_balancer = service
            .target_groups
            .iter()
            .filter_map(|group| group.load_balancer.as_ref())
            .find(|balancer| carried.get(*balancer).is_some_and(|by| by.len() == 1))
            .cloned();
    }
}

/// X-Ray's edges, and names that turn out to be services.
fn edges(graph: &[Node], services: &mut [Service]) {
    let nodes: HashMap<i32, &Node> = graph.iter().map(|node| (node.id, node)).collect();
    let by_xray: HashMap<String, String> =
        services.iter().filter_map(|service| Some((service.xray.clone()?, service.name.clone()))).collect();
    let calls: HashMap<&str, &[i32]> = graph
        .iter()
        .filter(|node| node.kind != "client" && !node.calls.is_empty())
        .map(|node| (node.name.as_str(), node.calls.as_slice()))
        .collect();
    for service in services.iter_mut() {
        let own = service.xray.as_deref().and_then(|name| calls.get(name)).copied().unwrap_or_default();
        for node in own.iter().filter_map(|id| nodes.get(id)) {
            match by_xray.get(&node.name) {
                Some(name) => service.depend(name, DependencyKind::Service),
                None => service.depend(plain(&node.name), kind(&node.kind)),
            }
        }
    }
    let names: HashSet<String> = services.iter().map(|service| service.name.clone()).collect();
    for dependency in services.iter_mut().flat_map(|service| &mut service.depends_on) {
        if names.contains(&dependency.name) {
            dependency.kind = DependencyKind::Service;
        }
    }
}

/// The name behind X-Ray's: `orders@orders-db.cluster-x1.eu-west-2.rds.amazonaws.com` is `orders-db`, a
/// queue's URL is its last part.
fn plain(name: &str) -> &str {
    let host = name.split_once('@').map_or(name, |(_, host)| host);
    if host.contains(".rds.amazonaws.com") || host.contains(".cache.amazonaws.com") {
        return host.split('.').next().unwrap_or(host);
    }
    if host.contains("://") { host.rsplit('/').next().unwrap_or(host) } else { name }
}

fn kind(xray: &str) -> DependencyKind {
    match xray {
        "AWS::SQS::Queue" | "AWS::SQS" => DependencyKind::Queue,
        "AWS::DynamoDB::Table" | "AWS::DynamoDB" => DependencyKind::Table,
        text if text.starts_with("Database::") || text.starts_with("AWS::RDS") => DependencyKind::Database,
        text if text.starts_with("AWS::ElastiCache") => DependencyKind::Cache,
        _ => DependencyKind::Other,
    }
}

/// `/aws/rds/cluster/NAME/*` are the logs of the database NAME, wherever it is a dependency.
fn databases(groups: &[&str], services: &mut [Service]) {
    let mut logs: HashMap<&str, Vec<&str>> = HashMap::new();
    for group in groups {
        let rest = ["/aws/rds/cluster/", "/aws/rds/instance/"].iter().find_map(|p| group.strip_prefix(p));
        if let Some((name, _)) = rest.and_then(|rest| rest.split_once('/')) {
            logs.entry(name).or_default().push(group);
        }
    }
    for dependency in services.iter_mut().flat_map(|service| &mut service.depends_on) {
        if let Some(own) = logs.get(dependency.name.as_str()) {
            dependency.log_groups = own.iter().map(|&group| group.to_owned()).collect();
            if dependency.kind == DependencyKind::Other {
                dependency.kind = DependencyKind::Database;
            }
        }
    }
}

/// What follows the last separator of an ARN.
fn after<'a>(arn: &'a str, separator: &str) -> Option<&'a str> {
    arn.rsplit(separator).next().filter(|rest| !rest.is_empty() && *rest != arn)
}
