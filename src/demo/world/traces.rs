//! Traces: which requests are traced, and the calls that each of them is made of.
//!
//! A view of the request stream like the logs: the same requests, times, outcomes and ids. A root request
//! is sampled as X-Ray's default rule does, the first of each second and 5 % of the others; those calls are
//! what summaries and graphs count. Of the rest, traces in which something failed are kept and open by
//! their id, so that the trace id of every ERROR line leads somewhere; they are in no count. What a call
//! looks like from near is in `calls.rs`; documents are written in `svc/xray/`.

use super::World;
use super::calls::Part;
use super::hash::Dice;
use super::traffic::{MINUTE, Outcome, Request};
use jiff::Timestamp;

/// One request in so many is sampled, besides the first of each second.
pub(super) const ONE_IN: u64 = 20;
/// No request takes longer, so a trace ends at most so many minutes after the one it began in.
pub(super) const MOST_MINUTES: i64 = 1;

/// A traced request with everything it caused.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// `1-67a1b2c3-0123456789abcdef01234567`
    pub id: String,
    /// Unix milliseconds of its first request's beginning; the id tells the second of it.
    pub began_ms: i64,
    /// Whether sampling chose it, so that it counts.
    pub sampled: bool,
    /// The root first, callers before callees. Never empty.
    pub calls: Vec<Call>,
}

/// What one node did for a trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call {
    /// Index of its caller in the trace.
    pub caller: Option<usize>,
    /// Unix microseconds.
    pub from_us: i64,
    /// Unix microseconds; in the future while it goes on.
    pub to_us: i64,
    /// HTTP status; none for what is not HTTP.
    pub status: Option<u16>,
    /// 4xx.
    pub error: bool,
    /// 5xx.
    pub fault: bool,
    /// 429; also an error.
    pub throttle: bool,
    pub(super) part: Part,
    /// The request that it answers or is a part of.
    pub(super) request: Request,
}

/// What X-Ray knows a node by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceNode<'a> {
    /// Service name.
    pub name: &'a str,
    /// For example `AWS::ECS::Container`.
    pub kind: &'static str,
    /// Whether it sends nothing itself: what is known of it, its callers said.
    pub inferred: bool,
}

/// Requests of one stream in a minute, with who caused them.
struct Member {
    stream: usize,
    /// Index of the caller's member.
    caller: Option<usize>,
    requests: Vec<Request>,
    /// Cause and effect by index, sorted.
    causes: Vec<(usize, usize)>,
}

/// Whether sampling chooses a request of a list in order of time.
pub(super) fn sampled(requests: &[Request], index: usize) -> bool {
    let second = |request: &Request| request.at.div_euclid(1000);
    let Some(request) = requests.get(index) else { return false };
    let before = index.checked_sub(1).and_then(|index| requests.get(index));
    before.is_none_or(|before| second(before) != second(request)) || request.dice.on(61).below(ONE_IN) == 0
}

/// Whether a root request's trace is kept: it is sampled, or it failed.
pub(super) fn kept(requests: &[Request], index: usize) -> bool {
    sampled(requests, index) || requests.get(index).is_some_and(|request| request.outcome == Outcome::Failed)
}

impl World {
    /// The sampled traces whose root was answered in a minute (Unix minutes), the newest first, as far as
    /// they have come by `now`. Each is made when it is asked for, and counted: `skip` passes over so many.
    pub fn traces(
        &self,
        minute: i64,
        skip: usize,
        now: Timestamp,
    ) -> impl Iterator<Item = (usize, Trace)> + '_ {
        self.traces_from(self.roots().collect(), minute, skip, now)
    }

    /// The same of requests that reach more than one stream: all but those of the islands.
    pub fn chains(&self, minute: i64, now: Timestamp) -> impl Iterator<Item = Trace> + '_ {
        let roots = self.roots().filter(|root| self.islands.binary_search(root).is_err());
        self.traces_from(roots.collect(), minute, 0, now).map(|(_, trace)| trace)
    }

    fn traces_from(
        &self,
        roots: Vec<usize>,
        minute: i64,
        skip: usize,
        now: Timestamp,
    ) -> impl Iterator<Item = (usize, Trace)> + '_ {
        let requests = roots.into_iter().map(|root| (root, self.requests_of(root, minute)));
        let families: Vec<Vec<Member>> =
            requests.map(|(root, requests)| self.family(root, minute, requests)).collect();
        let mut chosen: Vec<(i64, usize, usize)> = Vec::new();
        for (family, members) in families.iter().enumerate() {
            let Some(Member { stream, requests, .. }) = members.first() else { continue };
            let function = self.streams.get(*stream).is_some_and(|stream| stream.function);
            for (index, request) in requests.iter().enumerate().filter(|(index, _)| sampled(requests, *index))
            {
                let ends = if function { request.latency_ms } else { 0.0 };
                chosen.push((request.at * 1000 + (ends * 1000.0) as i64, family, index));
            }
        }
        chosen.sort_unstable_by(|left, right| right.cmp(left));
        let now = now.as_microsecond();
        chosen.into_iter().enumerate().skip(skip).filter_map(move |(turn, (_, family, index))| {
            Some((turn, self.trace_of(families.get(family)?, index)?.seen(now)?))
        })
    }

    /// A trace by its id, if it was kept. The id tells the time, so nothing is searched.
    pub fn trace(&self, id: &str, now: Timestamp) -> Option<Trace> {
        let (second, rest) = id.strip_prefix("1-")?.split_once('-')?;
        let second = i64::from_str_radix(second, 16).ok()?;
        let minute = second.div_euclid(60);
        for minute in minute..=minute + MOST_MINUTES {
            for root in self.roots() {
                let requests = self.requests_of(root, minute);
                let is = |request: &Request| {
                    request.trace_at.div_euclid(1000) == second && request.trace.hex(24) == rest
                };
                let Some(index) = requests.iter().position(is) else { continue };
                let trace = self.trace_of(&self.family(root, minute, requests), index)?;
                let failed = trace.calls.iter().any(|call| call.fault);
                return trace.seen(now.as_microsecond()).filter(|trace| trace.sampled || failed);
            }
        }
        None
    }

    /// Streams into which requests come from outside.
    fn roots(&self) -> impl Iterator<Item = usize> {
        (0..self.streams.len())
            .filter(|index| self.streams.get(*index).is_some_and(|stream| stream.caller.is_none()))
    }

    fn requests_of(&self, stream: usize, minute: i64) -> Vec<Request> {
        self.streams.get(stream).map(|stream| self.requests(stream, minute)).unwrap_or_default()
    }

    /// A root stream and all streams that it reaches, callers before callees.
    fn family(&self, root: usize, minute: i64, requests: Vec<Request>) -> Vec<Member> {
        let mut family = vec![Member { stream: root, caller: None, requests, causes: Vec::new() }];
        if root >= self.scenario.services.len() || self.islands.binary_search(&root).is_ok() {
            return family;
        }
        // Callers come first in a scenario.
        for (index, stream) in self.streams.iter().enumerate().skip(root + 1) {
            let Some((caller, _)) = stream.caller else { continue };
            let Some(caller) = family.iter().position(|member| member.stream == caller) else { continue };
            let callers = family.get(caller).map(|member| member.requests.as_slice()).unwrap_or_default();
            let caused = self.caused(stream, minute, callers);
            let mut causes: Vec<(usize, usize)> = caused
                .iter()
                .enumerate()
                .filter_map(|(effect, (_, cause))| Some(((*cause)?, effect)))
                .collect();
            causes.sort_unstable();
            let requests = caused.into_iter().map(|(request, _)| request).collect();
            family.push(Member { stream: index, caller: Some(caller), requests, causes });
        }
        family
    }

    fn trace_of(&self, family: &[Member], index: usize) -> Option<Trace> {
        let requests = &family.first()?.requests;
        let root = requests.get(index)?;
        let mut calls = Vec::with_capacity(6);
        self.add(family, (0, index), None, &mut calls);
        Some(Trace { id: root.trace_id(), began_ms: root.trace_at, sampled: sampled(requests, index), calls })
    }

    /// Adds a request and everything it caused.
    fn add(
        &self,
        family: &[Member],
        (member, index): (usize, usize),
        caller: Option<usize>,
        calls: &mut Vec<Call>,
    ) {
        let Some(known) = family.get(member) else { return };
        let Some(request) = known.requests.get(index) else { return };
        let above = caller.and_then(|caller| calls.get(caller)).copied();
        let own = calls.len();
        self.add_request(known.stream, request, caller, above.as_ref(), calls);
        for (callee, below) in family.iter().enumerate().filter(|(_, below)| below.caller == Some(member)) {
            let first = below.causes.partition_point(|(cause, _)| *cause < index);
            let effects = below.causes.iter().skip(first).take_while(|(cause, _)| *cause == index);
            for (_, effect) in effects {
                self.add(family, (callee, *effect), Some(own), calls);
            }
        }
        self.add_inferred(own, calls);
    }
}

impl Trace {
    /// What had been seen of it at a time; nothing before it began.
    fn seen(mut self, now_us: i64) -> Option<Self> {
        let begun = |call: &Call| call.from_us <= now_us;
        if !self.calls.iter().all(begun) {
            let mut places = Vec::with_capacity(self.calls.len());
            let mut calls: Vec<Call> = Vec::with_capacity(self.calls.len());
            for mut call in self.calls {
                let caller = call.caller.map(|caller| places.get(caller).copied().flatten());
                // What follows from something unseen is unseen.
                let shown = begun(&call) && caller != Some(None);
                places.push(shown.then_some(calls.len()));
                if shown {
                    call.caller = caller.flatten();
                    calls.push(call);
                }
            }
            self.calls = calls;
        }
        (!self.calls.is_empty()).then_some(self)
    }

    /// Unix microseconds of the first beginning and the last end.
    pub fn span_us(&self) -> (i64, i64) {
        let from = self.calls.iter().map(|call| call.from_us).min().unwrap_or(self.began_ms * 1000);
        (from, self.calls.iter().map(|call| call.to_us).max().unwrap_or(from))
    }
}

impl Call {
    /// Seconds it took.
    pub fn seconds(&self) -> f64 {
        (self.to_us - self.from_us) as f64 / 1_000_000.0
    }

    /// For choices about it that no other view of the request shares.
    pub(super) fn dice(&self) -> Dice {
        self.request.dice.on(62).on(self.part.key())
    }
}

/// Minutes (Unix minutes) in which the roots of traces that began in `from..=to` were answered.
pub fn minutes_of(from: Timestamp, to: Timestamp) -> std::ops::RangeInclusive<i64> {
    let minute = |time: Timestamp| time.as_millisecond().div_euclid(MINUTE);
    minute(from)..=minute(to) + MOST_MINUTES
}
