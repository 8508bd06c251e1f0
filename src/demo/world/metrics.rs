//! Metrics as views of the request stream, the tasks and the gauges of the scenario.
//!
//! Everything is worked out per minute and put together for longer periods. As at AWS, a count of zero
//! errors is no datapoint at all, and a minute appears a quarter of a minute after its end.

use super::hash::Dice;
use super::spec::{GaugeSpec, ServiceSpec};
use super::tasks::Life;
use super::traffic::{Curve, MINUTE, Slice, Stream};
use super::types::{CLUSTER, Metric, Stat};
use super::{World, time};
use jiff::Timestamp;

/// Milliseconds from the end of a minute until its datapoint can be read.
pub(super) const PUBLISHED_AFTER: i64 = 15_000;
/// Percentiles of longer periods look at this many minutes of it.
const MINUTES_FOR_PERCENTILE: i64 = 12;
/// More datapoints than this are not given for one series.
const MOST_POINTS: i64 = 100_800;

const LOST: &str = "HTTPCode_ELB_5XX_Count";
const ELB: &str = "AWS/ApplicationELB";
const LAMBDA: &str = "AWS/Lambda";
const ECS: &str = "AWS/ECS";
/// What the shop's programs publish about themselves, old and new side together.
pub(super) const APP: &str = "Shop/App";

/// What of a request is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Count,
    Good,
    Refused,
    Failed,
    Seconds,
    Millis,
}

/// Where a metric comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// Requests of some streams, of one colour or both.
    Traffic { streams: &'a [Stream], blue: Option<bool>, what: What },
    /// Failed requests of both sides, where zero is reported too: Lambda and programs do, load balancers do not.
    Errors(&'a Stream),
    /// Requests in work at once.
    Concurrency(&'a Stream),
    /// Always 0.
    Zero,
    /// Requests that the load balancer answered itself because a target was gone.
    Lost(&'a [Stream]),
    /// Targets of one colour.
    Hosts { spec: &'a ServiceSpec, stream: &'a Stream, blue: bool, healthy: bool },
    /// Percent of a service's CPU or memory.
    Usage { stream: &'a Stream, memory: bool },
    /// A value from the scenario.
    Gauge(&'a GaugeSpec, Dice),
}

/// What is known of a minute or a longer period.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Summary {
    sum: f64,
    count: f64,
    min: f64,
    max: f64,
}

impl Summary {
    fn one(value: f64) -> Self {
        Self { sum: value, count: 1.0, min: value, max: value }
    }

    /// A count: each sample is 1.
    fn ones(count: f64) -> Option<Self> {
        (count > 0.0).then_some(Self { sum: count, count, min: 1.0, max: 1.0 })
    }

    fn join(self, other: Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            count: self.count + other.count,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    fn stat(&self, stat: Stat) -> f64 {
        match stat {
            Stat::Sum => self.sum,
            Stat::Average => self.sum / self.count,
            Stat::Minimum => self.min,
            Stat::Maximum => self.max,
            Stat::SampleCount => self.count,
            // Without a curve the spread within a minute is unknown; the range stands in for it.
            Stat::Percentile(rank) => self.min + (self.max - self.min) * rank / 100.0,
        }
    }
}

impl World {
    /// Every metric there is.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut all = Vec::new();
        let balancers = self.scenario.services.len().div_ceil(50);
        for index in 0..balancers {
            let balancer = self.balancer_path(index);
            for name in [
                "RequestCount",
                "HTTPCode_Target_2XX_Count",
                "HTTPCode_Target_4XX_Count",
                "HTTPCode_Target_5XX_Count",
                "TargetResponseTime",
                LOST,
            ] {
                all.push(Metric::new(ELB, name, &[("LoadBalancer", &balancer)]));
            }
        }
        for spec in &self.scenario.services {
            let balancer = self.balancer_of(&spec.name).unwrap_or_default();
            for blue in [true, false] {
                let group = self.target_group_path(&spec.name, blue);
                let both = [("LoadBalancer", balancer.as_str()), ("TargetGroup", group.as_str())];
                for name in [
                    "RequestCount",
                    "HTTPCode_Target_2XX_Count",
                    "HTTPCode_Target_4XX_Count",
                    "HTTPCode_Target_5XX_Count",
                    "TargetResponseTime",
                    "HealthyHostCount",
                    "UnHealthyHostCount",
                ] {
                    all.push(Metric::new(ELB, name, &both));
                    all.push(Metric::new(ELB, name, &[("TargetGroup", &group)]));
                }
            }
            let service = [("ClusterName", CLUSTER), ("ServiceName", spec.name.as_str())];
            for name in ["CPUUtilization", "MemoryUtilization"] {
                all.push(Metric::new(ECS, name, &service));
            }
            for name in ["Requests", "Faults", "Latency"] {
                all.push(Metric::new(APP, name, &service));
            }
        }
        for spec in &self.scenario.functions {
            for name in ["Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"] {
                all.push(Metric::new(LAMBDA, name, &[("FunctionName", &spec.name)]));
                let alias = format!("{}:{}", spec.name, spec.alias);
                all.push(Metric::new(LAMBDA, name, &[("FunctionName", &spec.name), ("Resource", &alias)]));
            }
        }
        all.retain(|metric| self.gauge(metric).is_none());
        all.extend(self.scenario.gauges.iter().map(GaugeSpec::identity));
        all
    }

    /// Datapoints with period starts in `from..to`, oldest first, as far as published by `now`. Missing
    /// periods are left out. Periods are whole minutes, at least one.
    pub fn series(
        &self,
        metric: &Metric,
        stat: Stat,
        period: u32,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    ) -> Vec<(Timestamp, f64)> {
        let Some(source) = self.source(metric) else { return Vec::new() };
        let step = i64::from(period.div_ceil(60).max(1));
        let first = from.as_millisecond().div_euclid(MINUTE * step) * step;
        let last = (to.as_millisecond() + MINUTE - 1).div_euclid(MINUTE).min(first + MOST_POINTS * step);
        let published = published(now.as_millisecond());
        let mut points = Vec::new();
        let mut minute = first;
        while minute < last && minute <= published {
            let end = (minute + step - 1).min(published);
            if let Some(value) = self.value(&source, stat, minute, end) {
                points.push((time(minute * MINUTE), value));
            }
            minute += step;
        }
        points
    }

    /// One statistic over the minutes `first..=last`.
    pub(super) fn value(&self, source: &Source, stat: Stat, first: i64, last: i64) -> Option<f64> {
        if let (
            Stat::Percentile(rank),
            Source::Traffic { streams, blue, what: What::Seconds | What::Millis },
        ) = (stat, source)
        {
            let step = ((last - first + 1) / MINUTES_FOR_PERCENTILE).max(1) as usize;
            let slices =
                (first..=last).step_by(step).flat_map(|minute| self.coloured(streams, *blue, minute));
            let curves: Vec<(f64, Curve)> =
                slices.map(|slice| (f64::from(slice.count), slice.curve)).collect();
            let unit =
                if matches!(source, Source::Traffic { what: What::Seconds, .. }) { 1000.0 } else { 1.0 };
            return percentile(&curves, rank / 100.0).map(|ms| ms / unit);
        }
        let minutes = (first..=last).filter_map(|minute| self.minute(source, minute));
        minutes.reduce(Summary::join).map(|summary| summary.stat(stat))
    }

    /// Where a metric comes from; none when there is no such metric.
    pub(super) fn source(&self, metric: &Metric) -> Option<Source<'_>> {
        // What a scenario says itself wins over what the requests would say.
        if let Some(gauge) = self.gauge(metric) {
            return Some(gauge);
        }
        match metric.namespace.as_str() {
            ELB => self.balancer_source(metric),
            APP => {
                let (_, stream) = self.find_service(metric.dimension("ServiceName")?)?;
                let what = match metric.name.as_str() {
                    "Requests" => What::Count,
                    "Faults" => return Some(Source::Errors(stream)),
                    "Latency" => What::Millis,
                    _ => return None,
                };
                Some(Source::Traffic { streams: std::slice::from_ref(stream), blue: None, what })
            }
            LAMBDA
                if metric
                    .dimension("FunctionName")
                    .is_some_and(|name| self.find_function(name).is_some()) =>
            {
                let (_, stream) = self.find_function(metric.dimension("FunctionName")?)?;
                let traffic =
                    |what| Source::Traffic { streams: std::slice::from_ref(stream), blue: None, what };
                match metric.name.as_str() {
                    "Invocations" => Some(traffic(What::Count)),
                    "Duration" => Some(traffic(What::Millis)),
                    "Errors" => Some(Source::Errors(stream)),
                    "Throttles" => Some(Source::Zero),
                    "ConcurrentExecutions" => Some(Source::Concurrency(stream)),
                    _ => None,
                }
            }
            ECS => {
                let (_, stream) = self.find_service(metric.dimension("ServiceName")?)?;
                let memory = match metric.name.as_str() {
                    "CPUUtilization" => false,
                    "MemoryUtilization" => true,
                    _ => return None,
                };
                Some(Source::Usage { stream, memory })
            }
            _ => None,
        }
    }

    fn balancer_source(&self, metric: &Metric) -> Option<Source<'_>> {
        let what = match metric.name.as_str() {
            "RequestCount" => What::Count,
            "HTTPCode_Target_2XX_Count" => What::Good,
            "HTTPCode_Target_4XX_Count" => What::Refused,
            "HTTPCode_Target_5XX_Count" | LOST => What::Failed,
            "TargetResponseTime" | "HealthyHostCount" | "UnHealthyHostCount" => What::Seconds,
            _ => return None,
        };
        let Some(group) = metric.dimension("TargetGroup") else {
            let balancers = self.scenario.services.len().div_ceil(50);
            let wanted = metric.dimension("LoadBalancer")?;
            let index = (0..balancers).find(|index| self.balancer_path(*index) == wanted)?;
            let streams = self.behind(index);
            return Some(if metric.name == LOST {
                Source::Lost(streams)
            } else {
                Source::Traffic { streams, blue: None, what }
            });
        };
        let (service, colour) = group.split('/').nth(1)?.rsplit_once('-')?;
        let blue = colour == "blue";
        let (spec, stream) = self.find_service(service)?;
        if self.target_group_path(service, blue) != group {
            return None;
        }
        match metric.name.as_str() {
            "HealthyHostCount" => Some(Source::Hosts { spec, stream, blue, healthy: true }),
            "UnHealthyHostCount" => Some(Source::Hosts { spec, stream, blue, healthy: false }),
            LOST => None,
            _ => Some(Source::Traffic { streams: std::slice::from_ref(stream), blue: Some(blue), what }),
        }
    }

    /// Slices of a minute, of one colour or both.
    fn coloured<'a>(
        &'a self,
        streams: &'a [Stream],
        blue: Option<bool>,
        minute: i64,
    ) -> impl Iterator<Item = Slice> + 'a {
        streams.iter().flat_map(move |stream| {
            let is =
                move |side: usize| stream.course.sides.get(side).is_some_and(|side| Some(side.blue) == blue);
            self.slices(stream, minute).into_iter().filter(move |slice| blue.is_none() || is(slice.side))
        })
    }

    fn minute(&self, source: &Source, minute: i64) -> Option<Summary> {
        match source {
            Source::Traffic { streams, blue, what } => {
                let slices = self.coloured(streams, *blue, minute);
                let parts = slices.filter_map(|slice| {
                    let count = match what {
                        What::Count => slice.count,
                        What::Good => slice.count - slice.failed - slice.refused,
                        What::Refused => slice.refused,
                        What::Failed => slice.failed,
                        What::Seconds | What::Millis => {
                            let unit = if *what == What::Seconds { 1000.0 } else { 1.0 };
                            let (min, max) = slice.curve.ends();
                            let count = f64::from(slice.count);
                            let sum = count * slice.curve.mean() / unit;
                            return Some(Summary { sum, count, min: min / unit, max: max / unit });
                        }
                    };
                    Summary::ones(f64::from(count))
                });
                parts.reduce(Summary::join)
            }
            Source::Errors(stream) => {
                let failed: u32 = self.slices(stream, minute).iter().map(|slice| slice.failed).sum();
                let all = f64::from(self.count(stream, minute));
                Some(Summary { sum: f64::from(failed), count: all, min: 0.0, max: f64::from(failed.min(1)) })
            }
            Source::Concurrency(stream) => {
                let busy = |slice: &Slice| f64::from(slice.count) * slice.curve.mean() / MINUTE as f64;
                let busy: f64 = self.slices(stream, minute).iter().map(busy).sum();
                Some(Summary::one(busy.ceil().max(1.0)))
            }
            Source::Zero => Some(Summary::one(0.0)),
            Source::Lost(streams) => {
                let deaths =
                    streams.iter().map(|stream| self.deaths(stream, minute * MINUTE, (minute + 1) * MINUTE));
                Summary::ones(f64::from(deaths.sum::<u32>() * 4))
            }
            Source::Hosts { spec, stream, blue, healthy } => {
                let ms = minute * MINUTE + MINUTE / 2;
                let sides = stream.course.sides.iter().enumerate().filter(|(_, side)| side.blue == *blue);
                let lives: Vec<Life> =
                    sides.flat_map(|(side, _)| self.lives(stream, side, spec.tasks, ms, ms)).collect();
                let running = lives.iter().filter(|life| life.runs(ms));
                let count = running.filter(|life| life.is_healthy(ms) == *healthy).count();
                // A group without targets reports nothing.
                (!lives.is_empty()).then(|| Summary::one(count as f64))
            }
            Source::Usage { stream, memory } => {
                let dice = stream.dice.named(if *memory { "memory" } else { "cpu" }).on(minute as u64);
                let broken = stream.course.broken_share(minute * MINUTE + MINUTE / 2);
                let (base, growth) = if *memory { (47.0, 40.0) } else { (31.0, 22.0) };
                let value = base + growth * broken + 2.5 * dice.swing();
                Some(Summary {
                    sum: value * 4.0,
                    count: 4.0,
                    min: value * 0.9,
                    max: (value * 1.12).min(100.0),
                })
            }
            Source::Gauge(gauge, dice) => self.gauge_value(gauge, *dice, minute).map(Summary::one),
        }
    }

    /// Times at which the source's behaviour changes; an hour after it, it is at rest, but for noise.
    pub(super) fn changes(&self, source: &Source) -> Vec<i64> {
        match source {
            Source::Traffic { streams, .. } | Source::Lost(streams) => {
                streams.iter().flat_map(|stream| self.stream_changes(stream)).collect()
            }
            Source::Errors(stream)
            | Source::Concurrency(stream)
            | Source::Usage { stream, .. }
            | Source::Hosts { stream, .. } => self.stream_changes(stream),
            Source::Zero => Vec::new(),
            Source::Gauge(gauge, _) => {
                let steps = gauge.steps.iter().map(|(at, _)| *at).chain(gauge.silent);
                let mut changes: Vec<i64> = steps.map(|at| self.start + at.0).collect();
                let strained =
                    gauge.strain.as_ref().and_then(|strain| self.find_service(strain.service.get_ref()));
                if let Some((_, stream)) = strained {
                    changes.extend(self.stream_changes(stream));
                }
                changes
            }
        }
    }

    fn stream_changes(&self, stream: &Stream) -> Vec<i64> {
        let mut changes: Vec<i64> = stream.course.splits.iter().skip(1).map(|split| split.at).collect();
        changes.extend(stream.grown.iter().map(|(at, ..)| *at));
        changes.extend(stream.troubles.iter().flat_map(|trouble| [trouble.from, trouble.until]));
        if let Some(caller) = stream.caller.and_then(|(caller, _)| self.streams.get(caller)) {
            changes.extend(caller.course.splits.iter().skip(1).map(|split| split.at));
        }
        changes
    }
}

/// The last minute that can be read at a time.
pub(super) fn published(ms: i64) -> i64 {
    (ms - PUBLISHED_AFTER).div_euclid(MINUTE) - 1
}

/// The value below which `quantile` of all requests lie: the mixture of the curves, inverted.
fn percentile(curves: &[(f64, Curve)], quantile: f64) -> Option<f64> {
    let total: f64 = curves.iter().map(|(count, _)| count).sum();
    if total <= 0.0 {
        return None;
    }
    if let [(_, only)] = curves {
        return Some(only.at(quantile));
    }
    let ends = curves.iter().map(|(_, curve)| curve.ends());
    let (mut low, mut high) = ends.reduce(|left, right| (left.0.min(right.0), left.1.max(right.1)))?;
    while high - low > 0.25 {
        let middle = f64::midpoint(low, high);
        let below: f64 = curves.iter().map(|(count, curve)| count * curve.quantile(middle)).sum();
        if below < quantile * total { low = middle } else { high = middle }
    }
    Some(high)
}
