//! The request stream: how many requests reach which side, how they end and how long they take.
//!
//! A [`Slice`] is a stretch of at most one minute in which the weights do not change. Its counts cost a
//! few hashes, so a week of them is cheap; the single requests of a slice are made only when somebody
//! asks for logs, and are made so that they add up to its counts and its percentiles exactly.

use super::World;
use super::hash::Dice;
use super::shift::{Course, SideSpec};
use super::spec::TroubleSpec;

/// Milliseconds per minute.
pub(super) const MINUTE: i64 = 60_000;

/// A source of requests: an ECS service or a Lambda function.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) dice: Dice,
    /// Requests per minute at noon.
    pub(super) rpm: f64,
    pub(super) error_rate: f64,
    pub(super) client_error_rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Index of the stream whose requests come here, and the share of them that does.
    pub(super) caller: Option<(usize, f64)>,
    /// A Lambda function, whose requests are named after their beginning and not their end.
    pub(super) function: bool,
    /// Share that also fails here when all of the caller's traffic is on a broken side.
    pub(super) spill: f64,
    /// When it was given more tasks (Unix milliseconds), from how many, to how many. In order of time.
    pub(super) grown: Vec<(i64, u32, u32)>,
    pub(super) troubles: Vec<Trouble>,
    pub(super) course: Course,
}

/// A time in which a service fails. Unix milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) spec: TroubleSpec,
}

impl Stream {
    /// Whether its caller fails because of it, when it fails because of a callee.
    pub(super) fn is_blamed(&self) -> bool {
        self.spill > 0.0 || !self.troubles.is_empty()
    }

    /// What troubles it at a time, and how much of it is there (0 to 1).
    pub(super) fn trouble(&self, ms: i64) -> Option<(&TroubleSpec, f64)> {
        let trouble = self.troubles.iter().find(|trouble| (trouble.from..trouble.until).contains(&ms))?;
        let age = (ms - trouble.from) as f64 / MINUTE as f64;
        Some((&trouble.spec, (age / trouble.spec.ramp_minutes.max(0.01)).clamp(0.0, 1.0)))
    }
}

/// How long requests take: milliseconds at the quantiles of [`QUANTILES`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Curve([f64; 5]);

const QUANTILES: [f64; 5] = [0.0, 0.5, 0.9, 0.99, 1.0];

impl Curve {
    pub(super) fn new(p50: f64, p99: f64) -> Self {
        let p99 = p99.max(p50 * 1.05);
        Self([p50 * 0.35, p50, p50 * (p99 / p50).powf(0.45), p99, p99 * 1.35])
    }

    /// Milliseconds at a quantile (0 to 1).
    pub(super) fn at(&self, quantile: f64) -> f64 {
        for index in 1..QUANTILES.len() {
            let (low, high) = (QUANTILES[index - 1], QUANTILES[index]);
            if quantile <= high || index + 1 == QUANTILES.len() {
                let part = ((quantile - low) / (high - low)).clamp(0.0, 1.0);
                return self.0[index - 1] + (self.0[index] - self.0[index - 1]) * part;
            }
        }
        self.0[4]
    }

    /// The quantile of a time in milliseconds: the inverse of [`Curve::at`].
    pub(super) fn quantile(&self, ms: f64) -> f64 {
        if ms <= self.0[0] {
            return 0.0;
        }
        for index in 1..QUANTILES.len() {
            if ms <= self.0[index] {
                let part = (ms - self.0[index - 1]) / (self.0[index] - self.0[index - 1]);
                return QUANTILES[index - 1] + (QUANTILES[index] - QUANTILES[index - 1]) * part;
            }
        }
        1.0
    }

    /// Mean, milliseconds.
    pub(super) fn mean(&self) -> f64 {
        (1..QUANTILES.len())
            .map(|index| {
                (QUANTILES[index] - QUANTILES[index - 1]) * (self.0[index] + self.0[index - 1]) / 2.0
            })
            .sum()
    }

    /// Shortest and longest, milliseconds.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.0[0], self.0[4])
    }
}

/// The requests of one side in a stretch of time without a change of weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slice {
    /// Unix milliseconds.
    pub(super) from: i64,
    /// Unix milliseconds, exclusive.
    pub(super) to: i64,
    /// Index into the course's sides.
    pub(super) side: usize,
    /// All requests.
    pub(super) count: u32,
    /// 5xx.
    pub(super) failed: u32,
    /// 4xx.
    pub(super) refused: u32,
    pub(super) curve: Curve,
    pub(super) dice: Dice,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Good,
    /// 4xx.
    Refused,
    /// 5xx.
    Failed,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Request {
    /// When it was answered (an invocation: when it began), Unix milliseconds.
    pub(super) at: i64,
    pub(super) side: usize,
    pub(super) outcome: Outcome,
    pub(super) latency_ms: f64,
    /// Its trace.
    pub(super) trace: Dice,
    /// When the trace's first request began, Unix milliseconds.
    pub(super) trace_at: i64,
    /// For everything else about it.
    pub(super) dice: Dice,
}

impl Request {
    /// `1-67a1b2c3-0123456789abcdef01234567`
    pub(super) fn trace_id(&self) -> String {
        format!("1-{:08x}-{}", self.trace_at.div_euclid(1000), self.trace.hex(24))
    }

    /// Of the segment that its server sends.
    pub(super) fn segment_id(&self) -> String {
        self.dice.on(43).hex(16)
    }
}

impl Slice {
    /// The single requests, in order of time.
    ///
    /// Each gets a rank from a shuffled list; the rank decides the outcome and the latency, so that counts
    /// and percentiles come out as in the slice.
    pub(super) fn requests(&self) -> impl Iterator<Item = Request> {
        let slice = *self;
        let ranks = shuffled(self.count, self.dice.on(1));
        let step = (self.to - self.from) as f64 / f64::from(self.count.max(1));
        ranks.into_iter().enumerate().map(move |(index, rank)| {
            let dice = slice.dice.on(1000 + index as u64);
            let at = slice.from + ((index as f64 + dice.unit()) * step) as i64;
            // The lowest ranks fail and are the slowest; the highest are refused at once.
            let outcome = if rank < slice.failed {
                Outcome::Failed
            } else if rank >= slice.count - slice.refused {
                Outcome::Refused
            } else {
                Outcome::Good
            };
            let latency_ms = slice.curve.at(1.0 - (f64::from(rank) + 0.5) / f64::from(slice.count));
            Request { at, side: slice.side, outcome, latency_ms, trace: dice.on(7), trace_at: at, dice }
        })
    }
}

/// The numbers below `count` in an order that follows from the dice.
fn shuffled(count: u32, dice: Dice) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count).collect();
    for index in (1..order.len()).rev() {
        order.swap(index, dice.on(index as u64).below(index as u64 + 1) as usize);
    }
    order
}

/// Share of the noon traffic at a minute of the day, 0.55 to 1, in UTC.
fn diurnal(minute: i64) -> f64 {
    let day = minute.rem_euclid(1440) as f64 / 1440.0;
    0.775 - 0.225 * (std::f64::consts::TAU * (day - 1.0 / 24.0)).cos()
}

impl World {
    /// All requests of a stream in a minute (Unix minutes).
    pub(super) fn count(&self, stream: &Stream, minute: i64) -> u32 {
        if stream.course.born.is_some_and(|born| minute * MINUTE < born) {
            return 0;
        }
        if let Some((caller, share)) = stream.caller {
            return self
                .streams
                .get(caller)
                .map_or(0, |caller| (f64::from(self.count(caller, minute)) * share) as u32);
        }
        // The traffic at the start is as the scenario says, whatever time of day the console starts.
        let level = diurnal(minute) / diurnal(self.start.div_euclid(MINUTE));
        let noise = 1.0 + 0.04 * stream.dice.on(minute as u64).named("count").swing();
        stream.dice.on(minute as u64).round(stream.rpm * level * noise)
    }

    /// The slices of a stream in a minute (Unix minutes), old side before new.
    pub(super) fn slices(&self, stream: &Stream, minute: i64) -> Vec<Slice> {
        let (from, to) = (minute * MINUTE, (minute + 1) * MINUTE);
        let total = f64::from(self.count(stream, minute));
        let spill = match stream.caller {
            Some((caller, _)) if stream.spill > 0.0 => {
                let caller = self.streams.get(caller);
                stream.spill * caller.map_or(0.0, |caller| caller.course.broken_share(from + MINUTE / 2))
            }
            _ => 0.0,
        };
        let splits = stream.course.splits_between(from, to);
        let mut slices = Vec::with_capacity(splits.len() * 2);
        for (index, split) in splits.iter().enumerate() {
            let begin = split.at.max(from);
            let end = splits.get(index + 1).map_or(to, |next| next.at);
            let until = |ms: i64| (total * (ms - from) as f64 / MINUTE as f64).floor();
            let count = (until(end) - until(begin)) as u32;
            let dice = stream.dice.on(minute as u64).on(index as u64);
            let new = dice.named("weight").round(f64::from(count) * split.share).min(count);
            for (side, count) in [(split.old, count - new), (split.new, new)] {
                if count > 0
                    && let Some(spec) = stream.course.sides.get(side)
                {
                    slices.push(slice(
                        stream,
                        (side, spec),
                        count,
                        (begin, end),
                        spill,
                        dice.on(1 + side as u64),
                    ));
                }
            }
        }
        slices
    }

    /// The single requests of a stream in a minute, in order of time.
    pub(super) fn requests(&self, stream: &Stream, minute: i64) -> Vec<Request> {
        let Some(caller) = stream.caller.and_then(|(caller, _)| self.streams.get(caller)) else {
            return self.own_requests(stream, minute);
        };
        let callers = self.requests(caller, minute);
        self.caused(stream, minute, &callers).into_iter().map(|(request, _)| request).collect()
    }

    /// The requests of a stream by its slices alone.
    fn own_requests(&self, stream: &Stream, minute: i64) -> Vec<Request> {
        let slices = self.slices(stream, minute);
        let mut own: Vec<Request> = slices.iter().flat_map(Slice::requests).collect();
        for request in &mut own {
            if stream.function {
                // An invocation ends in the minute it belongs to, so that its events stay in order.
                let latest = (minute + 1) * MINUTE - 1 - request.latency_ms as i64;
                request.at = request.at.min(latest);
                request.trace_at = request.at;
            } else {
                request.trace_at = request.at - request.latency_ms as i64;
            }
        }
        own.sort_by_key(|request| request.at);
        own
    }

    /// The requests of a stream that those of its caller in the same minute caused, in order of time, each
    /// with the index of its cause.
    ///
    /// They carry its trace: failed ones that of a failed request, so that a trace fails all the way up. A
    /// slow one has a slow cause, so that it fits into it.
    pub(super) fn caused(
        &self,
        stream: &Stream,
        minute: i64,
        callers: &[Request],
    ) -> Vec<(Request, Option<usize>)> {
        let own = self.own_requests(stream, minute);
        let all = |wanted: &dyn Fn(&Request) -> bool| -> Vec<usize> {
            (0..callers.len()).filter(|index| callers.get(*index).is_some_and(wanted)).collect()
        };
        let failed = all(&|caller| caller.outcome == Outcome::Failed);
        // What the blamed callee answers well did not make its caller fail; a refusal calls nobody.
        let blamed = stream.is_blamed();
        let good = all(&|caller| match caller.outcome {
            Outcome::Good => true,
            Outcome::Refused => false,
            Outcome::Failed => !blamed,
        });
        let (bad_own, good_own): (Vec<Request>, Vec<Request>) =
            own.into_iter().partition(|request| request.outcome == Outcome::Failed);
        let spare = bad_own.len().saturating_sub(failed.len());
        let mut caused = Vec::with_capacity(bad_own.len() + good_own.len());
        let (over, bad_own) = bad_own.split_at(spare);
        for (own, causes) in [(bad_own, &failed), (over, &good), (good_own.as_slice(), &good)] {
            let mut own = own.to_vec();
            let mut causes: Vec<usize> = (0..own.len())
                .filter_map(|turn| causes.get(turn * causes.len() / own.len()))
                .copied()
                .collect();
            let latency = |index: &usize| callers.get(*index).map_or(0.0, |caller| caller.latency_ms);
            own.sort_by(|left, right| left.latency_ms.total_cmp(&right.latency_ms));
            causes.sort_by(|left, right| latency(left).total_cmp(&latency(right)));
            let mut causes = causes.into_iter();
            caused.extend(own.into_iter().map(|request| (request, causes.next())));
        }
        for (request, cause) in &mut caused {
            if let Some(cause) = cause.and_then(|cause| callers.get(cause)) {
                request.trace = cause.trace;
                request.trace_at = cause.trace_at;
                request.at =
                    answered(request, cause, blamed).clamp(minute * MINUTE, (minute + 1) * MINUTE - 1);
            }
        }
        caused.sort_by_key(|(request, _)| request.at);
        caused
    }
}

/// When a request within another one is answered: those to the blamed callee come last.
fn answered(request: &Request, cause: &Request, blamed: bool) -> i64 {
    let slack = cause.latency_ms - request.latency_ms;
    let part = if blamed { 0.5 } else { 0.1 } + 0.3 * request.dice.on(9).unit();
    let began = cause.at as f64 - cause.latency_ms + slack.max(0.0) * part;
    (began + request.latency_ms) as i64
}

fn slice(
    stream: &Stream,
    (side, spec): (usize, &SideSpec),
    count: u32,
    (from, to): (i64, i64),
    spill: f64,
    dice: Dice,
) -> Slice {
    let mut rate = stream.error_rate + spill;
    let (mut p50, mut p99) = (stream.p50_ms, stream.p99_ms);
    if spill > 0.0 {
        p99 *= 1.0 + 400.0 * spill;
    }
    if let Some(broken) = &spec.broken {
        let age = (i64::midpoint(from, to) - spec.first_traffic) as f64 / MINUTE as f64;
        let part = (age / broken.ramp_minutes.max(0.01)).clamp(0.0, 1.0);
        rate += (broken.error_rate - rate) * part;
        p50 += (broken.p50_ms - p50) * part;
        p99 += (broken.p99_ms - p99) * part;
    }
    if let Some((trouble, part)) = stream.trouble(i64::midpoint(from, to)) {
        rate += (trouble.error_rate - rate) * part;
        p50 += (trouble.p50_ms - p50) * part;
        p99 += (trouble.p99_ms - p99) * part;
    }
    let noise = 1.0 + 0.07 * dice.named("errors").swing();
    let failed = dice.round(f64::from(count) * rate * noise).min(count);
    let refused = dice.on(3).round(f64::from(count) * stream.client_error_rate).min(count - failed);
    let wobble = 1.0 + 0.05 * dice.on(4).swing();
    Slice { from, to, side, count, failed, refused, curve: Curve::new(p50 * wobble, p99 * wobble), dice }
}
