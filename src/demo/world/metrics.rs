//! What metrics are worth: views of the request stream, the tasks and the gauges of the scenario.
//!
//! Everything is worked out per minute and put together for longer periods. As at AWS, a count of zero
//! errors is no datapoint at all, and metrics of one minute do not come together: it appears a quarter of a
//! minute after its end, what targets answered well another minute later. Which metrics there are is in
//! `catalogue.rs`, how samples spread within a period in `spread.rs`.

use super::database::{Basin, Ledger};
use super::hash::Dice;
use super::release::open;
use super::spec::{DatabaseSpec, GaugeSpec, ServiceSpec};
use super::spread::Spread;
use super::tasks::Life;
use super::traffic::{Curve, MINUTE, Slice, Stream};
use super::types::{Metric, Stat, in_progress};
use super::{World, time};
use jiff::Timestamp;

/// Milliseconds from the end of a minute until its datapoint can be read.
pub(super) const PUBLISHED_AFTER: i64 = 15_000;
/// These come so many milliseconds later.
const LATER: ([&str; 2], i64) = (["HTTPCode_Target_2XX_Count", "HTTPCode_Target_4XX_Count"], MINUTE);
/// Percentiles of longer periods look at this many minutes of it.
const MINUTES_FOR_PERCENTILE: i64 = 12;
/// More datapoints than this are not given for one series.
const MOST_POINTS: i64 = 100_800;

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

/// What a load balancer says of its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Open,
    New,
    Bytes,
}

/// What Container Insights says of a service's tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crew {
    Running,
    Desired,
    Pending,
    Deployments,
}

/// Where a metric comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// Requests of some streams, of one colour or both.
    Traffic { streams: &'a [Stream], blue: Option<bool>, what: What },
    /// Failed requests, of one colour or both, where zero is reported too: Lambda and programs do, load balancers
    /// do not.
    Errors { stream: &'a Stream, blue: Option<bool> },
    /// Requests in work at once.
    Concurrency(&'a Stream),
    /// Always 0.
    Zero,
    /// Requests that the load balancer answered itself because a target was gone.
    Lost(&'a [Stream]),
    /// Connections of a load balancer, which follow its requests.
    Wire { streams: &'a [Stream], what: Wire },
    /// Targets of one colour.
    Hosts { spec: &'a ServiceSpec, stream: &'a Stream, blue: bool, healthy: bool },
    /// Requests of one colour, divided by its healthy targets.
    PerTarget { spec: &'a ServiceSpec, stream: &'a Stream, blue: bool },
    /// Tasks of a service, as ECS counts them.
    Crew { spec: &'a ServiceSpec, stream: &'a Stream, what: Crew },
    /// Percent of a service's CPU or memory.
    Usage { stream: &'a Stream, memory: bool },
    /// What a database cluster reports.
    Database(&'a DatabaseSpec, Ledger),
    /// What waits in a function's queue.
    Queue(&'a Stream, Basin),
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

    fn stat(&self, stat: Stat) -> Option<f64> {
        Some(match stat {
            Stat::Sum => self.sum,
            Stat::Average => self.sum / self.count,
            Stat::Minimum => self.min,
            Stat::Maximum => self.max,
            Stat::SampleCount => self.count,
            spread => return Spread::even(self.min, self.max, self.count).stat(spread),
        })
    }
}

impl World {
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
        let later = if LATER.0.contains(&metric.name.as_str()) { LATER.1 } else { 0 };
        let published = published(now.as_millisecond() - later);
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
        if let Source::Traffic { streams, blue, what: what @ (What::Seconds | What::Millis) } = source
            && !stat.is_plain()
        {
            let step = ((last - first + 1) / MINUTES_FOR_PERCENTILE).max(1);
            let minutes = (first..=last).step_by(step as usize);
            let slices = minutes.flat_map(|minute| self.coloured(streams, *blue, minute));
            let curves: Vec<(f64, Curve)> =
                slices.map(|slice| (f64::from(slice.count) * step as f64, slice.curve)).collect();
            let unit = if *what == What::Seconds { 1000.0 } else { 1.0 };
            return Spread::mixed(curves, unit)?.stat(stat);
        }
        let minutes = (first..=last).filter_map(|minute| self.minute(source, minute));
        minutes.reduce(Summary::join)?.stat(stat)
    }

    /// The value of a source that has one sample a minute.
    pub(super) fn single(&self, source: &Source, minute: i64) -> Option<f64> {
        self.minute(source, minute).map(|summary| summary.sum / summary.count)
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
            Source::Errors { stream, blue } => {
                let slices = self.coloured(std::slice::from_ref(stream), *blue, minute);
                let (failed, all) =
                    slices.fold((0, 0), |(failed, all), slice| (failed + slice.failed, all + slice.count));
                // A version that was not invoked reports nothing.
                if blue.is_some() && all == 0 {
                    return None;
                }
                let all = f64::from(all);
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
            Source::Wire { streams, what } => {
                let requests: u32 = streams.iter().map(|stream| self.count(stream, minute)).sum();
                let dice = self.dice.named("wire").on(minute as u64);
                let noise = 1.0 + 0.03 * dice.swing();
                let value = match what {
                    Wire::Open => 40.0 + 0.6 * f64::from(requests),
                    Wire::New => 0.21 * f64::from(requests),
                    Wire::Bytes => 8_400.0 * f64::from(requests),
                };
                Some(Summary::one((value * noise).round()))
            }
            Source::Hosts { spec, stream, blue, healthy } => {
                self.hosts(spec, stream, *blue, *healthy, minute).map(Summary::one)
            }
            Source::PerTarget { spec, stream, blue } => {
                let targets = self.hosts(spec, stream, *blue, true, minute).filter(|count| *count > 0.0)?;
                let slices = self.coloured(std::slice::from_ref(*stream), Some(*blue), minute);
                let requests: u32 = slices.map(|slice| slice.count).sum();
                (requests > 0).then(|| Summary::one(f64::from(requests) / targets))
            }
            Source::Crew { spec, stream, what } => {
                let ms = minute * MINUTE + MINUTE / 2;
                let count = |is: fn(&Life, i64) -> bool| {
                    let sides = 0..stream.course.sides.len();
                    let lives = sides.flat_map(|side| self.lives(stream, side, spec.tasks, ms, ms));
                    lives.filter(|life| is(life, ms)).count() as u32
                };
                Some(Summary::one(f64::from(match what {
                    Crew::Running => count(Life::runs),
                    Crew::Pending => count(Life::pends),
                    Crew::Desired => self.tasks_at(spec, ms),
                    Crew::Deployments => {
                        let newest = stream.course.shifts.iter().rev().find_map(|shift| shift.plan.at(ms));
                        let goes_on = newest.is_some_and(|step| in_progress(step.status));
                        let released = stream.course.releases.iter().rev();
                        let released = released.filter_map(|it| it.plan.at(ms)).any(|step| open(step.status));
                        1 + u32::from(goes_on || released)
                    }
                })))
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
            Source::Database(spec, what) => Some(Summary::one(self.ledger(spec, *what, minute))),
            Source::Queue(stream, what) => Some(Summary::one(self.basin(stream, *what, minute))),
            Source::Gauge(gauge, dice) => self.gauge_value(gauge, *dice, minute).map(Summary::one),
        }
    }

    /// Targets of one colour; none when the group has none, because then it reports nothing.
    fn hosts(
        &self,
        spec: &ServiceSpec,
        stream: &Stream,
        blue: bool,
        healthy: bool,
        minute: i64,
    ) -> Option<f64> {
        let ms = minute * MINUTE + MINUTE / 2;
        let sides = stream.course.sides.iter().enumerate().filter(|(_, side)| side.blue == blue);
        let lives: Vec<Life> =
            sides.flat_map(|(side, _)| self.lives(stream, side, spec.tasks, ms, ms)).collect();
        let running = lives.iter().filter(|life| life.runs(ms));
        let count = running.filter(|life| life.is_healthy(ms) == healthy).count();
        (!lives.is_empty()).then_some(count as f64)
    }

    /// Times at which the source's behaviour changes; an hour after it, it is at rest, but for noise.
    pub(super) fn changes(&self, source: &Source) -> Vec<i64> {
        match source {
            Source::Traffic { streams, .. } | Source::Lost(streams) | Source::Wire { streams, .. } => {
                streams.iter().flat_map(|stream| self.stream_changes(stream)).collect()
            }
            Source::Errors { stream, .. }
            | Source::Concurrency(stream)
            | Source::Usage { stream, .. }
            | Source::Queue(stream, _)
            | Source::PerTarget { stream, .. }
            | Source::Crew { stream, .. }
            | Source::Hosts { stream, .. } => self.stream_changes(stream),
            Source::Zero => Vec::new(),
            Source::Database(spec, _) => {
                let dimensions = [("DBClusterIdentifier", spec.name.as_str())];
                let connections = Metric::new("AWS/RDS", "DatabaseConnections", &dimensions);
                self.gauge(&connections).map(|gauge| self.changes(&gauge)).unwrap_or_default()
            }
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
