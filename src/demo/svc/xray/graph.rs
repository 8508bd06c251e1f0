//! Service graphs: the nodes and edges of many traces, with counts, times and histograms.
//!
//! `GetServiceGraph` counts the sampled traces of a span, `GetTraceGraph` those of some ids. Both go through
//! the same sums, so a graph's counts are those of the summaries of the same span; only the counts of
//! services that call nobody are estimated, which a group's graph leaves out.

use super::facts::Facts;
use super::filter::{self, Expr};
use super::{facts, span, trace_ids, wrong};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{ACCOUNT, Call, Island, Trace, TraceNode, World, minutes_of};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Ids that one `GetTraceGraph` takes.
const MOST_IDS: usize = 100;
/// Nobody sends segments for the clients outside.
const CLIENT: TraceNode<'static> = TraceNode { name: "client", kind: "client", inferred: true };

pub fn get_service_graph(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (from, to) = span(input)?;
    let group = input.text("GroupName").or_else(|| input.text("GroupARN")?.rsplit('/').next());
    let filter = match group {
        Some(name) => group_filter(name)?,
        None => None,
    };
    let mut graph = Graph::default();
    for minute in minutes_of(from, to.min(ctx.now)) {
        for trace in ctx.world.chains(minute, ctx.now) {
            let facts = Facts::new(ctx.world, &trace, ctx.now);
            if (from.as_millisecond()..=to.as_millisecond()).contains(&trace.began_ms)
                && filter.as_ref().is_none_or(|filter| facts.hold(filter))
            {
                graph.add(ctx.world, &trace, ctx.now);
            }
        }
    }
    if filter.is_none() {
        ctx.world.islands(from, to.min(ctx.now)).iter().for_each(|island| graph.add_island(island));
    }
    Ok(object([
        ("StartTime", from.into()),
        ("EndTime", to.into()),
        ("Services", graph.services((from, to))),
        ("ContainsOldGroupVersions", false.into()),
    ]))
}

pub fn get_trace_graph(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let mut graph = Graph::default();
    let (mut first, mut last) = (ctx.now, Timestamp::UNIX_EPOCH);
    for id in trace_ids(input, MOST_IDS)? {
        if let Some(trace) = ctx.world.trace(id, ctx.now) {
            let (from, to) = trace.span_us();
            first = first.min(Timestamp::from_microsecond(from).unwrap_or(first));
            last = last.max(Timestamp::from_microsecond(to).unwrap_or(last));
            graph.add(ctx.world, &trace, ctx.now);
        }
    }
    Ok(object([("Services", graph.services((first, last.max(first))))]))
}

/// What a group of the account filters by.
fn group_filter(name: &str) -> Result<Option<Expr>, Failure> {
    match facts::GROUPS.iter().find(|(known, _)| *known == name) {
        Some((_, expression)) => Ok(filter::parse(expression).ok()),
        None => Err(wrong(format!("Group {name} not found"))),
    }
}

#[derive(Default)]
struct Graph<'a> {
    nodes: BTreeMap<TraceNode<'a>, Stats>,
    edges: BTreeMap<(TraceNode<'a>, TraceNode<'a>), Stats>,
    roots: BTreeSet<TraceNode<'a>>,
}

#[derive(Default)]
struct Stats {
    ok: u64,
    errors: u64,
    throttles: u64,
    faults: u64,
    seconds: f64,
    /// Counts by time in hundred-thousandths of a second, to two digits.
    times: BTreeMap<u64, u64>,
    /// A message was left, and taken later.
    link: bool,
}

impl<'a> Graph<'a> {
    fn add(&mut self, world: &'a World, trace: &Trace, now: Timestamp) {
        let done = |call: &&Call| call.to_us <= now.as_microsecond();
        for call in trace.calls.iter().filter(done) {
            let node = world.trace_node(call);
            self.nodes.entry(node).or_default().count(call);
            match call.caller.and_then(|caller| trace.calls.get(caller)) {
                Some(caller) => {
                    self.edges.entry((world.trace_node(caller), node)).or_default().count(call);
                }
                None => self.enter(world, call, node),
            }
        }
    }

    fn add_island(&mut self, island: &Island<'a>) {
        let total = island.ok + island.errors + island.throttles + island.faults;
        let Some(first) = island.nodes.first().filter(|_| total > 0) else { return };
        let mut caller = None;
        if first.kind != "AWS::Lambda" {
            self.nodes.entry(CLIENT).or_default();
            caller = Some(CLIENT);
        }
        self.roots.insert(*first);
        for node in &island.nodes {
            self.nodes.entry(*node).or_default().count_island(island);
            if let Some(caller) = caller {
                self.edges.entry((caller, *node)).or_default().count_island(island);
            }
            caller = Some(*node);
        }
    }

    /// A root was called by the clients, or by a queue.
    fn enter(&mut self, world: &'a World, call: &Call, node: TraceNode<'a>) {
        self.roots.insert(node);
        let from = match world.trace_queue(call) {
            Some(name) => TraceNode { name, kind: "AWS::SQS::Queue", inferred: true },
            None if node.kind == "AWS::Lambda" => return,
            None => CLIENT,
        };
        let stats = self.edges.entry((from, node)).or_default();
        stats.count(call);
        stats.link = from != CLIENT;
        self.nodes.entry(from).or_default();
    }

    fn services(&self, (from, to): (Timestamp, Timestamp)) -> Value {
        // Reference ids are small numbers.
        let ids: BTreeMap<_, usize> = self.nodes.keys().enumerate().map(|(id, node)| (*node, id)).collect();
        let id = |node: &TraceNode<'_>| Value::from(ids.get(node).copied());
        let services = self.nodes.iter().map(|(node, stats)| {
            let edges = self.edges.range((*node, CLIENT_FIRST)..);
            let edges = edges.take_while(|((caller, _), _)| caller == node).map(|((_, callee), stats)| {
                object([
                    ("ReferenceId", id(callee)),
                    ("StartTime", from.into()),
                    ("EndTime", to.into()),
                    ("SummaryStatistics", stats.summary()),
                    ("ResponseTimeHistogram", stats.histogram()),
                    ("Aliases", Value::List(Vec::new())),
                    ("EdgeType", stats.link.then_some("link").into()),
                ])
            });
            let state = if node.inferred { "unknown" } else { "active" };
            object([
                ("ReferenceId", id(node)),
                ("Name", node.name.to_owned().into()),
                ("Names", list([node.name.to_owned()])),
                ("Root", self.roots.contains(node).then_some(true).into()),
                ("AccountId", if *node == CLIENT { Value::Null } else { ACCOUNT.into() }),
                ("Type", node.kind.into()),
                ("State", state.into()),
                ("StartTime", from.into()),
                ("EndTime", to.into()),
                ("Edges", list(edges)),
                ("SummaryStatistics", stats.summary()),
                ("DurationHistogram", stats.histogram()),
                ("ResponseTimeHistogram", stats.histogram()),
            ])
        });
        list(services)
    }
}

/// Comes before every node.
const CLIENT_FIRST: TraceNode<'static> = TraceNode { name: "", kind: "", inferred: false };

impl Stats {
    fn count(&mut self, call: &Call) {
        match call {
            Call { fault: true, .. } => self.faults += 1,
            Call { throttle: true, .. } => self.throttles += 1,
            Call { error: true, .. } => self.errors += 1,
            _ => self.ok += 1,
        }
        self.seconds += call.seconds();
        *self.times.entry(two_digits((call.seconds() * 100_000.0) as u64)).or_default() += 1;
    }

    fn count_island(&mut self, island: &Island<'_>) {
        self.ok += island.ok;
        self.errors += island.errors;
        self.throttles += island.throttles;
        self.faults += island.faults;
        self.seconds += island.seconds;
        for (seconds, count) in &island.times {
            *self.times.entry(two_digits((seconds * 100_000.0) as u64)).or_default() += count;
        }
    }

    fn summary(&self) -> Value {
        object([
            ("OkCount", self.ok.into()),
            (
                "ErrorStatistics",
                object([
                    ("ThrottleCount", self.throttles.into()),
                    ("OtherCount", self.errors.into()),
                    ("TotalCount", (self.throttles + self.errors).into()),
                ]),
            ),
            (
                "FaultStatistics",
                object([("OtherCount", self.faults.into()), ("TotalCount", self.faults.into())]),
            ),
            ("TotalCount", (self.ok + self.errors + self.throttles + self.faults).into()),
            ("TotalResponseTime", self.seconds.into()),
        ])
    }

    fn histogram(&self) -> Value {
        let bar = |(time, count): (&u64, &u64)| {
            object([("Value", (*time as f64 / 100_000.0).into()), ("Count", (*count).into())])
        };
        list(self.times.iter().map(bar))
    }
}

/// A number with all but its first two digits made zero.
fn two_digits(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number + unit / 2) / unit * unit
}
