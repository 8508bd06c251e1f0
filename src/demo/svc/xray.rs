//! X-Ray: the service map of a span of time.

use super::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{ACCOUNT, NodeStats};
use jiff::SignedDuration;

/// The longest span that the service answers.
const LONGEST: SignedDuration = SignedDuration::from_hours(6);

pub fn get_service_graph(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let wrong = |message: &str| Failure::refused("InvalidRequestException", message);
    let from = input.time("StartTime").ok_or_else(|| wrong("StartTime is required."))?;
    let to = input.time("EndTime").ok_or_else(|| wrong("EndTime is required."))?;
    if from >= to {
        return Err(wrong("StartTime must be before EndTime."));
    }
    if to.duration_since(from) > LONGEST {
        return Err(wrong("Time range cannot be longer than 6 hours"));
    }
    // The future has no traces.
    let nodes = if from < ctx.now { ctx.world.graph(from, to.min(ctx.now)) } else { Vec::new() };
    let describe = |node: crate::demo::world::Node| {
        let edges = node.edges.iter().map(|(callee, stats)| {
            object([
                ("ReferenceId", (*callee).into()),
                ("StartTime", from.into()),
                ("EndTime", to.into()),
                ("SummaryStatistics", statistics(*stats)),
                ("ResponseTimeHistogram", histogram(*stats)),
                ("Aliases", Value::List(Vec::new())),
            ])
        });
        object([
            ("ReferenceId", node.id.into()),
            ("Name", (&node.name).into()),
            ("Names", list([&node.name])),
            ("Root", node.root.then_some(true).into()),
            ("AccountId", ACCOUNT.into()),
            ("Type", node.kind.into()),
            ("State", "active".into()),
            ("StartTime", from.into()),
            ("EndTime", to.into()),
            ("Edges", list(edges)),
            ("SummaryStatistics", statistics(node.stats)),
            ("ResponseTimeHistogram", histogram(node.stats)),
            ("DurationHistogram", histogram(node.stats)),
        ])
    };
    Ok(object([
        ("StartTime", from.into()),
        ("EndTime", to.into()),
        ("Services", list(nodes.into_iter().map(describe))),
        ("ContainsOldGroupVersions", false.into()),
    ]))
}

fn statistics(stats: NodeStats) -> Value {
    object([
        ("OkCount", stats.ok.into()),
        (
            "ErrorStatistics",
            object([
                ("ThrottleCount", 0.into()),
                ("OtherCount", stats.errors.into()),
                ("TotalCount", stats.errors.into()),
            ]),
        ),
        (
            "FaultStatistics",
            object([("OtherCount", stats.faults.into()), ("TotalCount", stats.faults.into())]),
        ),
        ("TotalCount", stats.total().into()),
        ("TotalResponseTime", stats.seconds.into()),
    ])
}

/// One bar at the mean: the world keeps no finer shape of a span of time.
fn histogram(stats: NodeStats) -> Value {
    let bar = (stats.total() > 0).then(|| {
        object([("Value", (stats.seconds / stats.total() as f64).into()), ("Count", stats.total().into())])
    });
    list(bar)
}
