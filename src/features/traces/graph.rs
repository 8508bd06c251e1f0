//! The service map: who calls whom, how often, how it went and how long it took.
//!
//! Counts are X-Ray's, over the traces it kept; percentiles come from its histograms and are estimates.
//! Source: `GetServiceGraph`. Pure.

use super::model::Status;
use crate::app::Window;
use crate::service::Node;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From this share of failed requests on, in percent, a service is in trouble.
const TROUBLE: f64 = 1.0;
/// From this share of requests refused with 4xx on; some always are.
const REFUSALS: f64 = 5.0;
/// A shorter map may lack what is rarely called: it does not say what depends on what.
const ENOUGH: i64 = 3_500;

/// Which map to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphQuery {
    /// The time it covers.
    pub window: Window,
}

/// How requests to a service, or along an edge, went.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Answered well.
    pub ok: u64,
    /// 4xx other than 429.
    pub errors: u64,
    /// 429.
    pub throttles: u64,
    /// 5xx.
    pub faults: u64,
    /// All of them.
    pub total: u64,
    /// Their response times together, in seconds.
    pub seconds: f64,
}

impl Counts {
    /// What weighs most, with its share in percent; `None` without requests.
    pub fn outcome(&self) -> Option<(Status, f64)> {
        let share = |count: u64| 100.0 * count as f64 / self.total as f64;
        (self.total > 0).then_some(())?;
        Some(if share(self.faults) >= TROUBLE {
            (Status::Fault, share(self.faults))
        } else if share(self.throttles) >= TROUBLE {
            (Status::Throttle, share(self.throttles))
        } else if share(self.errors) >= REFUSALS {
            (Status::Error, share(self.errors))
        } else {
            (Status::Ok, share(self.ok))
        })
    }

    fn add(&mut self, other: &Self) {
        self.ok += other.ok;
        self.errors += other.errors;
        self.throttles += other.throttles;
        self.faults += other.faults;
        self.total += other.total;
        self.seconds += other.seconds;
    }
}

/// Calls from one service to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// The called one, by its place in [`Graph::services`].
    pub to: usize,
    /// How the calls went.
    pub counts: Counts,
    /// The caller does not wait.
    pub asynchronous: bool,
}

/// A node of the map.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GraphService {
    /// Its name.
    pub name: String,
    /// Its type, for example `AWS::ECS::Container`, `Database::SQL`, `client`.
    pub kind: String,
    /// Its account, when X-Ray names one.
    pub account: Option<String>,
    /// Requests enter here.
    pub root: bool,
    /// How its requests went.
    pub counts: Counts,
    /// Response times: seconds and how many.
    pub times: Vec<(f64, u64)>,
    /// Whom it calls.
    pub calls: Vec<Edge>,
}

impl GraphService {
    /// It stands for whoever calls from outside.
    pub fn is_client(&self) -> bool {
        self.kind == "client"
    }

    /// Seconds that this share (0 to 1) of its requests stayed within.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let total: u64 = self.times.iter().map(|(_, count)| count).sum();
        let mut left = (share * total as f64).ceil().max(1.0) as u64;
        let mut steps = self.times.iter();
        steps
            .find(|(_, count)| {
                let reached = left <= *count;
                left = left.saturating_sub(*count);
                reached
            })
            .map(|(seconds, _)| *seconds)
    }
}

/// The map of a stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// Where it starts; later than asked for windows longer than a day.
    pub from: Timestamp,
    /// Where it ends.
    pub to: Timestamp,
    /// All nodes, by name and type.
    pub services: Vec<GraphService>,
    /// Not all pages were read.
    pub cut: bool,
}

/// One node as an answer has it: its calls name numbers of the same answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawService {
    /// Its number.
    pub id: i32,
    /// The node without calls.
    pub service: GraphService,
    /// Number of the called one, counts, asynchronous.
    pub calls: Vec<(i32, Counts, bool)>,
}

impl Graph {
    /// Puts answers for parts of the time together. Numbers differ between answers; name and type do not.
    pub fn merge(from: Timestamp, to: Timestamp, answers: &[Vec<RawService>], cut: bool) -> Self {
        let key = |raw: &RawService| (raw.service.name.clone(), raw.service.kind.clone());
        let mut merged: BTreeMap<(String, String), GraphService> = BTreeMap::new();
        for raw in answers.iter().flatten() {
            let empty = || GraphService { name: raw.service.name.clone(), ..GraphService::default() };
            let node = merged.entry(key(raw)).or_insert_with(empty);
            node.kind.clone_from(&raw.service.kind);
            node.account = node.account.take().or_else(|| raw.service.account.clone());
            node.root |= raw.service.root;
            node.counts.add(&raw.service.counts);
            node.times.extend(&raw.service.times);
        }
        let places: BTreeMap<(String, String), usize> =
            merged.keys().cloned().enumerate().map(|(place, key)| (key, place)).collect();
        let mut services: Vec<GraphService> = merged.into_values().collect();
        for answer in answers {
            let by_id: BTreeMap<i32, usize> =
                answer.iter().filter_map(|raw| Some((raw.id, *places.get(&key(raw))?))).collect();
            for raw in answer {
                let Some(node) = by_id.get(&raw.id).and_then(|place| services.get_mut(*place)) else {
                    continue;
                };
                for (id, counts, asynchronous) in &raw.calls {
                    let Some(to) = by_id.get(id).copied() else { continue };
                    match node.calls.iter_mut().find(|edge| edge.to == to) {
                        Some(edge) => edge.counts.add(counts),
                        None => node.calls.push(Edge { to, counts: *counts, asynchronous: *asynchronous }),
                    }
                }
            }
        }
        for node in &mut services {
            node.times.sort_by(|a, b| a.0.total_cmp(&b.0));
            node.calls.sort_by_key(|edge| edge.to);
        }
        Self { from, to, services, cut }
    }

    /// Minutes that it covers; more than zero.
    pub fn minutes(&self) -> f64 {
        (self.to.duration_since(self.from).as_secs_f64() / 60.0).max(1.0 / 60.0)
    }

    /// Names of those that call a service, clients as `clients`.
    pub fn callers<'a>(&'a self, place: usize) -> Vec<&'a str> {
        let calls = |node: &&GraphService| node.calls.iter().any(|edge| edge.to == place);
        let name = |node: &'a GraphService| if node.is_client() { "clients" } else { node.name.as_str() };
        self.services.iter().filter(calls).map(name).collect()
    }

    /// Services of which a share worth a look fails, those that call from outside left out.
    pub fn troubled(&self) -> impl Iterator<Item = (&GraphService, Status)> {
        let real = self.services.iter().filter(|service| !service.is_client());
        real.filter_map(|service| Some((service, service.counts.outcome()?.0)))
            .filter(|(_, outcome)| outcome.failed())
    }

    /// It covers enough to say what depends on what.
    pub fn is_whole(&self) -> bool {
        self.to.duration_since(self.from).as_secs() >= ENOUGH
    }

    /// The map without counts, for finding services.
    pub fn nodes(&self) -> Vec<Node> {
        let id = |place: usize| i32::try_from(place).unwrap_or(i32::MAX);
        let nodes = self.services.iter().enumerate().map(|(place, service)| Node {
            id: id(place),
            name: service.name.clone(),
            kind: service.kind.clone(),
            calls: service.calls.iter().map(|edge| id(edge.to)).collect(),
        });
        nodes.collect()
    }
}
