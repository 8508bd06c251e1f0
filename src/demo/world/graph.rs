//! Lambda functions, and the service map that X-Ray would draw of the requests.

use super::traffic::{MINUTE, Stream};
use super::types::{Function, Node, NodeStats};
use super::{World, time};
use jiff::Timestamp;

/// X-Ray answers at most six hours at once.
const LONGEST: i64 = 6 * 60;

impl World {
    /// All Lambda functions.
    pub fn functions(&self) -> Vec<Function> {
        let functions = self.scenario.functions.iter().map(|spec| Function {
            name: spec.name.clone(),
            arn: self.arn("lambda", &format!("function:{}", spec.name)),
            alias: Some((spec.alias.clone(), spec.version)),
            log_group: format!("/aws/lambda/{}", spec.name),
            runtime: "python3.13",
            memory: spec.memory,
            timeout: 30,
            queue_arn: (!spec.queue.is_empty()).then(|| self.arn("sqs", &spec.queue)),
            mapping: (!spec.queue.is_empty()).then(|| self.dice.named("mapping").named(&spec.name).uuid()),
            modified: time(self.start - 11 * 86_400_000),
        });
        functions.collect()
    }

    /// The service map over a span of time, of at most six hours.
    pub fn graph(&self, from: Timestamp, to: Timestamp) -> Vec<Node> {
        let first = from.as_millisecond().div_euclid(MINUTE);
        let last = to.as_millisecond().div_euclid(MINUTE).min(first + LONGEST);
        let services = self.scenario.services.len();
        let mut nodes = Vec::with_capacity(self.streams.len() + self.scenario.databases.len() + 1);
        let stats: Vec<NodeStats> =
            self.streams.iter().map(|stream| self.stream_stats(stream, first, last)).collect();
        let database_id = |index: usize| node_id(self.streams.len() + index);
        let client_id = node_id(self.streams.len() + self.scenario.databases.len());
        let mut entries = Vec::new();
        for (index, (stream, own)) in self.streams.iter().zip(&stats).enumerate() {
            let mut edges: Vec<(i32, NodeStats)> = Vec::new();
            for (callee, other) in self.streams.iter().take(services).enumerate() {
                if other.caller.is_some_and(|(caller, _)| caller == index) {
                    edges.extend(stats.get(callee).map(|stats| (node_id(callee), *stats)));
                }
            }
            let spec = self.scenario.services.get(index);
            for (database, known) in self.scenario.databases.iter().enumerate() {
                if spec.is_some_and(|spec| spec.databases.contains(&known.name)) {
                    edges.push((database_id(database), *own));
                }
            }
            let root = stream.caller.is_none() && index < services;
            if root {
                entries.push((node_id(index), *own));
            }
            nodes.push(Node {
                id: node_id(index),
                name: stream.name.clone(),
                kind: if index < services { "AWS::ECS::Container" } else { "AWS::Lambda::Function" },
                root,
                stats: *own,
                edges,
            });
        }
        for (index, database) in self.scenario.databases.iter().enumerate() {
            let calls =
                nodes.iter().flat_map(|node| &node.edges).filter(|(callee, _)| *callee == database_id(index));
            let stats = calls.fold(NodeStats::default(), |sum, (_, stats)| sum.plus(stats));
            nodes.push(Node {
                id: database_id(index),
                name: database.name.clone(),
                kind: "Database::SQL",
                root: false,
                stats,
                edges: Vec::new(),
            });
        }
        let stats = entries.iter().fold(NodeStats::default(), |sum, (_, stats)| sum.plus(stats));
        nodes.push(Node {
            id: client_id,
            name: "client".to_owned(),
            kind: "client",
            root: true,
            stats,
            edges: entries,
        });
        nodes
    }

    fn stream_stats(&self, stream: &Stream, first: i64, last: i64) -> NodeStats {
        let slices = (first..last).flat_map(|minute| self.slices(stream, minute));
        slices.fold(NodeStats::default(), |sum, slice| {
            sum.plus(&NodeStats {
                ok: u64::from(slice.count - slice.failed - slice.refused),
                errors: u64::from(slice.refused),
                faults: u64::from(slice.failed),
                seconds: f64::from(slice.count) * slice.curve.mean() / 1000.0,
            })
        })
    }
}

impl NodeStats {
    fn plus(self, other: &Self) -> Self {
        Self {
            ok: self.ok + other.ok,
            errors: self.errors + other.errors,
            faults: self.faults + other.faults,
            seconds: self.seconds + other.seconds,
        }
    }
}

/// Reference ids are small numbers.
fn node_id(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
