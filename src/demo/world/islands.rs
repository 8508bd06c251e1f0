//! What tracing counts of streams that neither call nor are called by another: islands of the service map.
//!
//! An account of real size has a thousand of them and millions of their traces per hour. A graph needs only
//! their sums, which are estimated here from the slices; every other view has their single traces.

use super::World;
use super::calls::Part;
use super::traces::{ONE_IN, TraceNode};
use super::traffic::{MINUTE, Slice, Stream};
use jiff::Timestamp;

/// Times by which the distribution of a slice is told.
const STEPS: u64 = 12;

/// The counts of an island over a span of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Island<'a> {
    /// Its nodes, each the caller of the next.
    pub nodes: Vec<TraceNode<'a>>,
    /// Sampled traces without a fault or an error.
    pub ok: u64,
    /// 4xx but 429.
    pub errors: u64,
    /// 429
    pub throttles: u64,
    /// 5xx
    pub faults: u64,
    /// Sum of all their seconds.
    pub seconds: f64,
    /// Seconds, and how many took about that.
    pub times: Vec<(f64, u64)>,
}

impl World {
    /// Whether a stream has traces of itself alone.
    pub(super) fn is_island(&self, stream: usize) -> bool {
        if self.streams.get(stream).is_none_or(|own| own.caller.is_some()) {
            return false;
        }
        let called =
            self.streams.iter().any(|other| other.caller.is_some_and(|(caller, _)| caller == stream));
        let services = self.scenario.services.len();
        match (self.scenario.services.get(stream), stream.checked_sub(services)) {
            (Some(spec), _) => {
                let sends = self.scenario.functions.iter().any(|function| {
                    function.sender.as_ref().is_some_and(|sender| *sender.get_ref() == spec.name)
                });
                !called && !sends && spec.databases.is_empty()
            }
            (None, Some(index)) => {
                self.scenario.functions.get(index).is_some_and(|function| function.queue.is_empty())
            }
            (None, None) => false,
        }
    }

    /// The islands over the whole minutes of a span.
    pub fn islands(&self, from: Timestamp, to: Timestamp) -> Vec<Island<'_>> {
        let minute = |time: Timestamp| time.as_millisecond().div_euclid(MINUTE);
        let islands = self.islands.iter().filter_map(|index| {
            let stream = self.streams.get(*index)?;
            let nodes = if stream.function {
                vec![Part::Lambda(*index), Part::Function(*index), Part::Relay]
            } else {
                vec![Part::Service(*index)]
            };
            let nodes = nodes.into_iter().map(|part| self.node_of(part)).collect();
            Some(self.tally(stream, nodes, minute(from)..minute(to)))
        });
        islands.collect()
    }

    fn tally<'a>(
        &self,
        stream: &Stream,
        nodes: Vec<TraceNode<'a>>,
        minutes: std::ops::Range<i64>,
    ) -> Island<'a> {
        let mut island =
            Island { nodes, ok: 0, errors: 0, throttles: 0, faults: 0, seconds: 0.0, times: Vec::new() };
        for slice in minutes.flat_map(|minute| self.slices(stream, minute)) {
            let all = u64::from(slice.count);
            let traced = sampled_of(&slice);
            let share = |count: u32| {
                u64::from(slice.dice.on(63).round(f64::from(count) * traced as f64 / all as f64))
            };
            let faults = share(slice.failed).min(traced);
            let refused = share(slice.refused).min(traced - faults);
            // One of the seven refusals is a throttle.
            let throttles = refused / 7;
            island.ok += traced - faults - refused;
            island.errors += refused - throttles;
            island.throttles += throttles;
            island.faults += faults;
            island.seconds += traced as f64 * slice.curve.mean() / 1000.0;
            let steps = traced.min(STEPS);
            for step in 0..steps {
                let count = traced * (step + 1) / steps - traced * step / steps;
                let time = slice.curve.at((step as f64 + 0.5) / steps as f64);
                island.times.push((time / 1000.0, count));
            }
        }
        island
    }
}

/// The first of each second, and one in so many of the others.
fn sampled_of(slice: &Slice) -> u64 {
    let all = u64::from(slice.count);
    let seconds = ((slice.to - slice.from) / 1000).max(1).cast_unsigned();
    let first = all.min(seconds);
    first + (all - first) / ONE_IN
}
