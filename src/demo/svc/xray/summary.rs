//! Trace summaries: their pages, newest first, and the members of one.
//!
//! A page scans minutes backwards until it is full or has looked at enough, so a rare filter gives small or
//! empty pages with a token, as at AWS. The token remembers the time of the first question: what comes in
//! later moves nothing.

use super::facts::Facts;
use super::filter::{self, Cause, Expr};
use super::{span, wrong};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{ACCOUNT, Call, Note, Trace, TraceNode, minutes_of};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

/// Summaries on a page, and traces looked at for one.
const PAGE: usize = 200;
const SCANNED: usize = 3_000;
/// Share of the traces that is looked at when `Sampling` names no rate. AWS does not say its own.
const RATE: f64 = 0.1;

/// Which time of a trace is compared with the range.
#[derive(Clone, Copy)]
enum RangeType {
    TraceId,
    Event,
    Service,
}

impl RangeType {
    fn holds(self, facts: &Facts<'_>, (from, to): (Timestamp, Timestamp)) -> bool {
        let within = |us: i64| (from.as_microsecond()..=to.as_microsecond()).contains(&us);
        match self {
            Self::TraceId => within(facts.trace.began_ms * 1000),
            Self::Event => within(updated(facts)),
            Self::Service => facts.trace.calls.iter().any(|call| facts.done(call) && within(call.to_us)),
        }
    }
}

/// When the last end, or beginning, of a call was reported.
fn updated(facts: &Facts<'_>) -> i64 {
    let seen = facts.trace.calls.iter().map(|call| if facts.done(call) { call.to_us } else { call.from_us });
    seen.max().unwrap_or_default()
}

pub fn get_trace_summaries(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (from, to) = span(input)?;
    let filter = match input.text("FilterExpression") {
        Some(text) => {
            Some(filter::parse(text).map_err(|why| wrong(format!("Invalid filter expression: {why}")))?)
        }
        None => None,
    };
    let kind = match input.text("TimeRangeType") {
        None | Some("TraceId") => RangeType::TraceId,
        Some("Event") => RangeType::Event,
        Some("Service") => RangeType::Service,
        Some(other) => return Err(wrong(format!("{other} is not a valid TimeRangeType."))),
    };
    let rate = rate(input)?;
    let (now, minute, skip) = match input.text("NextToken") {
        Some(token) => resume(token).ok_or_else(|| wrong("The NextToken is not valid."))?,
        None => (ctx.now, i64::MAX, 0),
    };
    let minutes = minutes_of(from, to.min(now));
    let (first, last) = (*minutes.start(), (*minutes.end()).min(minute));
    let mut page = Page { summaries: Vec::new(), processed: 0, oldest: to.min(now) };
    let mut rest = None;
    'scan: for at in (first..=last).rev() {
        let skip = if at == minute { skip } else { 0 };
        for (index, trace) in ctx.world.traces(at, skip, now) {
            if page.summaries.len() >= PAGE || page.processed >= SCANNED {
                rest = Some(resume_token(now, at, index));
                break 'scan;
            }
            let facts = Facts::new(ctx.world, &trace, now);
            if kind.holds(&facts, (from, to)) && (rate >= 1.0 || chosen(&trace, rate)) {
                page.add(&facts, filter.as_ref(), matches!(kind, RangeType::Event));
            }
        }
    }
    Ok(object([
        ("TraceSummaries", Value::List(page.summaries)),
        ("ApproximateTime", page.oldest.into()),
        ("TracesProcessedCount", page.processed.into()),
        ("NextToken", rest.into()),
    ]))
}

struct Page {
    summaries: Vec<Value>,
    processed: usize,
    oldest: Timestamp,
}

impl Page {
    fn add(&mut self, facts: &Facts<'_>, filter: Option<&Expr>, event: bool) {
        self.processed += 1;
        self.oldest =
            Timestamp::from_millisecond(facts.trace.began_ms).unwrap_or(self.oldest).min(self.oldest);
        if filter.is_none_or(|filter| facts.hold(filter)) {
            self.summaries.push(summary(facts, event));
        }
    }
}

/// Share of the traces that is to be looked at.
fn rate(input: &Value) -> Result<f64, Failure> {
    if !input.flag("Sampling").unwrap_or(false) {
        return Ok(1.0);
    }
    let Some(strategy) = input.get("SamplingStrategy") else { return Ok(RATE) };
    if !matches!(strategy.text("Name"), Some("PartialScan" | "FixedRate")) {
        return Err(wrong("SamplingStrategy.Name must be PartialScan or FixedRate."));
    }
    match strategy.get("Value") {
        None => Ok(RATE),
        Some(Value::Float(rate)) if (0.0..=1.0).contains(rate) => Ok(*rate),
        Some(Value::Int(rate @ 0..=1)) => Ok(*rate as f64),
        Some(_) => Err(wrong("SamplingStrategy.Value must be from 0 to 1.")),
    }
}

/// The same traces for the same rate, whoever asks.
fn chosen(trace: &Trace, rate: f64) -> bool {
    let digits: String = trace.id.chars().rev().take(8).collect();
    let number = u32::from_str_radix(&digits, 16).unwrap_or_default();
    f64::from(number) / f64::from(u32::MAX) < rate
}

fn resume_token(now: Timestamp, minute: i64, index: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("traces:{}:{minute}:{index}", now.as_millisecond()))
}

fn resume(token: &str) -> Option<(Timestamp, i64, usize)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.strip_prefix("traces:")?.split(':');
    let now = Timestamp::from_millisecond(parts.next()?.parse().ok()?).ok()?;
    Some((now, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn stamp(us: i64) -> Value {
    Timestamp::from_microsecond(us).ok().into()
}

fn summary(facts: &Facts<'_>, event: bool) -> Value {
    let Facts { world, trace, .. } = *facts;
    let Some(root) = facts.root() else { return Value::Null };
    let done = facts.done(root);
    let http = world.call_http(root).map(|http| {
        object([
            ("HttpURL", http.url.into()),
            ("HttpStatus", root.status.filter(|_| done).map(u32::from).into()),
            ("HttpMethod", http.method.into()),
            ("UserAgent", http.agent.into()),
            ("ClientIp", http.client.into()),
        ])
    });
    let mut services: Vec<TraceNode> = trace.calls.iter().map(|call| facts.node(call)).collect();
    services.sort_unstable();
    services.dedup();
    let mut zones: Vec<String> =
        trace.calls.iter().filter_map(|call| Some(world.call_place(call)?.zone)).collect();
    zones.sort_unstable();
    zones.dedup();
    let mut arns: Vec<String> = trace.calls.iter().filter_map(|call| facts.resource(call)).collect();
    arns.sort_unstable();
    arns.dedup();
    let user = world.call_user(root).map(|user| {
        object([("UserName", user.into()), ("ServiceIds", Value::List(vec![service(facts.node(root))]))])
    });
    let causes = |cause: Cause| {
        let path = facts.cause(cause);
        // A fast trace has no reason to be slow.
        let slow = !matches!(cause, Cause::ResponseTime) || facts.duration() > 0.5;
        list((!path.is_empty() && slow).then(|| root_cause(facts, cause, &path)))
    };
    object([
        ("Id", (&trace.id).into()),
        ("StartTime", stamp(root.from_us)),
        ("Duration", facts.duration().into()),
        ("ResponseTime", facts.response_time().into()),
        ("HasFault", (done && root.fault).into()),
        ("HasError", (done && root.error).into()),
        ("HasThrottle", facts.throttled().into()),
        ("IsPartial", facts.partial().into()),
        ("Http", http.into()),
        ("Annotations", annotations(facts)),
        ("Users", list(user)),
        ("ServiceIds", list(services.into_iter().map(service))),
        ("ResourceARNs", list(arns.into_iter().map(|arn| object([("ARN", arn.into())])))),
        ("InstanceIds", Value::List(Vec::new())),
        ("AvailabilityZones", list(zones.into_iter().map(|zone| object([("Name", zone.into())])))),
        ("EntryPoint", service(facts.node(root))),
        ("FaultRootCauses", causes(Cause::Fault)),
        ("ErrorRootCauses", causes(Cause::Error)),
        ("ResponseTimeRootCauses", causes(Cause::ResponseTime)),
        ("Revision", (trace.calls.iter().filter(|call| facts.done(call)).count() + 1).into()),
        ("MatchedEventTime", if event { stamp(updated(facts)) } else { Value::Null }),
    ])
}

fn service(node: TraceNode<'_>) -> Value {
    object([
        ("Name", node.name.to_owned().into()),
        ("Names", list([node.name.to_owned()])),
        ("AccountId", ACCOUNT.into()),
        ("Type", node.kind.into()),
    ])
}

/// Each key with its values, and the services that gave them.
fn annotations(facts: &Facts<'_>) -> Value {
    /// Values with the services that gave them.
    type Values = Vec<(Note, Vec<Value>)>;
    let mut all: Vec<(&'static str, Values)> = Vec::new();
    for call in &facts.trace.calls {
        for (key, note) in facts.world.call_notes(call) {
            let at = all.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
                all.push((key, Vec::new()));
                all.len() - 1
            });
            let Some((_, values)) = all.get_mut(at) else { continue };
            let from = service(facts.node(call));
            match values.iter_mut().find(|(known, _)| *known == note) {
                Some((_, services)) => services.push(from),
                None => values.push((note, vec![from])),
            }
        }
    }
    let value = |(note, services): (Note, Vec<Value>)| {
        let note = match note {
            Note::Text(text) => object([("StringValue", text.into())]),
            Note::Number(number) => object([("NumberValue", number.into())]),
            Note::Flag(flag) => object([("BooleanValue", flag.into())]),
        };
        object([("AnnotationValue", note), ("ServiceIds", Value::List(services))])
    };
    let members = all.into_iter().map(|(key, values)| (key.into(), list(values.into_iter().map(value))));
    Value::Map(members.collect())
}

/// The services on the way to where it came from.
fn root_cause(facts: &Facts<'_>, cause: Cause, path: &[&Call]) -> Value {
    let whole = facts.response_time().unwrap_or(f64::MAX);
    let step = |call: &&Call| {
        let node = facts.node(call);
        let exception = facts.world.call_failure(call).filter(|_| matches!(cause, Cause::Fault));
        let exceptions = exception
            .map(|failure| object([("Name", failure.kind.into()), ("Message", failure.message.into())]));
        let coverage = matches!(cause, Cause::ResponseTime).then(|| call.seconds() / whole);
        let entity = object([
            ("Name", node.name.to_owned().into()),
            ("Coverage", coverage.into()),
            ("Exceptions", if coverage.is_none() { list(exceptions) } else { Value::Null }),
            ("Remote", (node.kind == "remote").into()),
        ]);
        let Value::Map(mut members) = service(node) else { return Value::Null };
        members.push(("EntityPath".into(), Value::List(vec![entity])));
        members.push(("Inferred".into(), node.inferred.into()));
        Value::Map(members)
    };
    object([("Services", list(path.iter().map(step))), ("ClientImpacting", true.into())])
}
