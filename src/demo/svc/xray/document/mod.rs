//! `BatchGetTraces`: the segment documents of traces, as programs and Lambda send them.
//!
//! A call by a node of ours is a segment; what it called is a subsegment in it, and a segment that X-Ray
//! infers when the callee sends none itself. Some subsegments come as documents of their own, as from
//! programs that stream. Nothing is made up here: times, flags and messages are the world's.

mod cause;

use super::facts::Facts;
use super::{trace_ids, wrong};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, json, list, object};
use crate::demo::world::{ACCOUNT, Blame, Call, Note};

/// Ids of one call.
const MOST_IDS: usize = 5;

pub fn batch_get_traces(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let ids = trace_ids(input, MOST_IDS)?;
    if input.text("NextToken").is_some() {
        return Err(wrong("The NextToken is not valid."));
    }
    let (mut traces, mut unprocessed) = (Vec::new(), Vec::new());
    for id in ids {
        let Some(trace) = ctx.world.trace(id, ctx.now) else {
            unprocessed.push(id.to_owned());
            continue;
        };
        let facts = Facts::new(ctx.world, &trace, ctx.now);
        let segment = |(id, document): (String, Value)| {
            let text = String::from_utf8_lossy(&json::encode(&document)).into_owned();
            object([("Id", id.into()), ("Document", text.into())])
        };
        traces.push(object([
            ("Id", (&trace.id).into()),
            ("Duration", facts.duration().into()),
            ("LimitExceeded", false.into()),
            ("Segments", list(documents(&facts).into_iter().map(segment))),
        ]));
    }
    Ok(object([("Traces", Value::List(traces)), ("UnprocessedTraceIds", list(unprocessed))]))
}

/// Epoch seconds.
fn seconds(us: i64) -> Value {
    (us as f64 / 1_000_000.0).into()
}

/// Ids and documents of a trace, in the order in which they were sent: what ends first, first.
fn documents(facts: &Facts<'_>) -> Vec<(String, Value)> {
    let mut sent: Vec<(i64, String, Value)> = Vec::new();
    for (index, call) in facts.trace.calls.iter().enumerate() {
        let (id, _) = facts.world.call_ids(call);
        let writer = Writer { facts, index, call, id: id.clone() };
        if let Some((extra, document)) = writer.streamed() {
            sent.push((call.to_us - 1, extra, document));
        }
        let document = if facts.node(call).inferred { writer.inferred() } else { writer.segment() };
        sent.push((call.to_us, id, document));
    }
    sent.sort_by_key(|(at, ..)| *at);
    sent.into_iter().map(|(_, id, document)| (id, document)).collect()
}

/// Writes what one call sends.
struct Writer<'a> {
    facts: &'a Facts<'a>,
    index: usize,
    call: &'a Call,
    id: String,
}

impl Writer<'_> {
    /// Id and times of something; in progress while it is.
    fn timed(&self, id: impl Into<Value>, name: impl Into<Value>, call: &Call, from: i64, to: i64) -> Value {
        let done = self.facts.done(call);
        object([
            ("id", id.into()),
            ("name", name.into()),
            ("start_time", seconds(from)),
            ("end_time", if done { seconds(to) } else { Value::Null }),
            ("in_progress", (!done).then_some(true).into()),
        ])
    }

    /// `fault`, `error`, `throttle`, as far as they are so.
    fn flags(&self, value: Value, call: &Call) -> Value {
        let shown = |flag: bool| (flag && self.facts.done(call)).then_some(true);
        value
            .with("fault", shown(call.fault))
            .with("error", shown(call.error))
            .with("throttle", shown(call.throttle))
    }

    /// The id of the segment that this one hangs under.
    fn parent(&self) -> Option<String> {
        let caller = self.facts.trace.calls.get(self.call.caller?)?;
        let (segment, _) = self.facts.world.call_ids(caller);
        let (_, client) = self.facts.world.call_ids(self.call);
        // Lambda starts the function itself: there is no request in between.
        let direct = self.facts.node(self.call).kind == "AWS::Lambda::Function";
        Some(if direct { segment } else { client })
    }

    fn callees(&self) -> impl Iterator<Item = &Call> {
        self.facts.trace.calls.iter().filter(|call| call.caller == Some(self.index))
    }

    fn took(&self) -> i64 {
        self.call.to_us - self.call.from_us
    }

    fn inferred(&self) -> Value {
        let node = self.facts.node(self.call);
        let origin = (node.kind != "remote").then_some(node.kind);
        let (call, name) = (self.call, node.name.to_owned());
        let document = self
            .timed(&self.id, name, call, call.from_us, call.to_us)
            .with("trace_id", &self.facts.trace.id)
            .with("parent_id", self.parent())
            .with("inferred", true)
            .with("origin", origin)
            .with("aws", self.queue())
            .with("sql", self.sql(call));
        self.flags(document, call)
    }

    fn segment(&self) -> Value {
        let Self { facts, call, .. } = self;
        let (world, node) = (facts.world, facts.node(call));
        let place = world.call_place(call);
        let done = facts.done(call);
        let answer = |length: Option<u64>| {
            let status = call.status.filter(|_| done).map(u32::from);
            status.map(|status| object([("status", status.into()), ("content_length", length.into())]))
        };
        let http = match world.call_http(call) {
            Some(http) => Some(object([
                (
                    "request",
                    object([
                        ("method", http.method.into()),
                        ("url", http.url.into()),
                        ("user_agent", http.agent.into()),
                        ("x_forwarded_for", http.client.is_some().then_some(true).into()),
                        ("client_ip", http.client.into()),
                    ]),
                ),
                ("response", answer(Some(http.length)).into()),
            ])),
            None => answer(None).map(|answer| object([("response", answer)])),
        };
        let version = place.as_ref().map(|place| object([("version", place.revision.to_string().into())]));
        let notes = world.call_notes(call).into_iter().map(|(key, note)| {
            let value = match note {
                Note::Text(text) => text.into(),
                Note::Number(number) if number.fract() == 0.0 => Value::Int(number as i64),
                Note::Number(number) => number.into(),
                Note::Flag(flag) => flag.into(),
            };
            (key.into(), value)
        });
        let notes: Vec<_> = notes.collect();
        let metadata = place.as_ref().map(|place| {
            let deployment = object([
                ("service_revision", (&place.service_revision).into()),
                ("log_stream", (&place.log_stream).into()),
            ]);
            object([("deployment", deployment)])
        });
        let link = world.trace_cause(call).filter(|_| node.kind == "AWS::Lambda").map(|(trace, segment)| {
            let attributes = object([("ReferenceType", "parent".into())]);
            object([("trace_id", trace.into()), ("id", segment.into()), ("attributes", attributes)])
        });
        let document = self
            .timed(&self.id, node.name.to_owned(), call, call.from_us, call.to_us)
            .with("trace_id", &facts.trace.id)
            .with("parent_id", self.parent())
            .with("origin", node.kind)
            .with("user", world.call_user(call))
            .with("service", version)
            .with("http", http)
            .with("aws", self.aws())
            .with("links", link.map(|link| Value::List(vec![link])))
            .with("annotations", (!notes.is_empty()).then_some(Value::Map(notes)))
            .with("metadata", metadata)
            .with("cause", self.cause());
        let subsegments = self.subsegments();
        let subsegments = (!subsegments.is_empty()).then_some(Value::List(subsegments));
        self.flags(document, call).with("subsegments", subsegments)
    }

    fn aws(&self) -> Value {
        let Self { facts, call, .. } = self;
        let (world, node) = (facts.world, facts.node(call));
        let group = world.call_log_group(call).map(|group| {
            let arn = world.arn("logs", &format!("log-group:{group}"));
            list([object([("log_group", group.into()), ("arn", arn.into())])])
        });
        let ecs = world.call_place(call).map(|place| {
            object([
                ("container", format!("ip-{}", place.ip.replace('.', "-")).into()),
                ("container_id", place.container.into()),
                ("cluster_arn", world.arn("ecs", "cluster/shop").into()),
                ("task_arn", place.task.into()),
                ("task_family", place.family.into()),
                ("task_revision", place.revision.to_string().into()),
                ("launch_type", "FARGATE".into()),
            ])
        });
        let rule = if facts.trace.sampled { "Default" } else { "anomaly-capture" };
        let sdk = ecs.is_some().then(|| {
            object([
                ("sdk", "opentelemetry for rust".into()),
                ("sdk_version", "0.31.0".into()),
                ("auto_instrumentation", false.into()),
                ("sampling_rule_name", rule.into()),
            ])
        });
        let function =
            world.call_invocation(call).map(|_| world.arn("lambda", &format!("function:{}", node.name)));
        object([
            ("account_id", ACCOUNT.into()),
            ("region", world.region().to_owned().into()),
            ("request_id", world.call_invocation(call).into()),
            ("function_arn", function.clone().into()),
            ("resource_names", function.map(|_| list([node.name.to_owned()])).into()),
            ("ecs", ecs.into()),
            ("xray", sdk.into()),
            ("cloudwatch_logs", group.into()),
        ])
    }

    /// What is known of a queue's side of a message.
    fn queue(&self) -> Option<Value> {
        let world = self.facts.world;
        let queue = world.trace_queue(self.call)?;
        let url = format!("https://sqs.{}.amazonaws.com/{ACCOUNT}/{queue}", world.region());
        Some(object([
            ("operation", "SendMessage".into()),
            ("region", world.region().to_owned().into()),
            ("queue_url", url.into()),
            ("resource_names", list([queue.to_owned()])),
            ("request_id", world.call_extra_id(self.call, 4).into()),
        ]))
    }

    fn sql(&self, call: &Call) -> Option<Value> {
        let world = self.facts.world;
        let query = world.call_query(call)?;
        let host =
            format!("{}.cluster-c7q2x.{}.rds.amazonaws.com", self.facts.node(call).name, world.region());
        Some(object([
            ("url", format!("postgresql://{host}:5432/shop").into()),
            ("database_type", "PostgreSQL".into()),
            ("database_version", "16.6".into()),
            ("user", "shop".into()),
            ("preparation", "statement".into()),
            ("sanitized_query", query.into()),
        ]))
    }

    /// The subsegments that the segment itself holds, in order of time.
    fn subsegments(&self) -> Vec<Value> {
        let (from, took) = (self.call.from_us, self.took());
        let mut parts: Vec<(i64, Value)> = Vec::new();
        let remote: Vec<(i64, Value)> =
            self.callees().filter_map(|callee| Some((callee.from_us, self.client(callee)?))).collect();
        if self.facts.node(self.call).kind == "AWS::Lambda::Function" {
            let invocation = self.part(1, "Invocation", from + 400, self.call.to_us - 600);
            let held = list(remote.into_iter().map(|(_, part)| part));
            let invocation = self.flags(invocation, self.call).with("cause", self.exception());
            parts.push((from + 400, invocation.with("subsegments", held)));
            if self.facts.done(self.call) {
                parts.push((
                    self.call.to_us - 500,
                    self.part(2, "Overhead", self.call.to_us - 500, self.call.to_us),
                ));
            }
            return parts.into_iter().map(|(_, part)| part).collect();
        }
        parts.extend(remote);
        if self.call.caller.is_none() && self.facts.node(self.call).kind == "AWS::ECS::Container" {
            let begin = from + took / 60;
            parts.push((begin, self.part(1, "authorize", begin, begin + took / 25)));
        }
        match self.failure().map(|failure| failure.blame) {
            Some(Blame::Pool) if self.failed_callee().is_none() => {
                let (begin, end) = (from + took / 14, self.call.to_us - took / 100);
                let waited = self.part(3, "pool.get", begin + took / 200, end - took / 200);
                let waited = waited.with("fault", true).with("cause", self.exception());
                let charge = self.part(2, "charge", begin, end).with("fault", true);
                let charge = charge.with("cause", self.facts.world.call_extra_id(self.call, 9));
                parts.push((begin, charge.with("subsegments", Value::List(vec![waited]))));
            }
            Some(Blame::Client) if self.failed_callee().is_none() => {
                let (begin, end) = (from + took / 10, self.call.to_us - took / 50);
                // Its request never came to a server of the callee.
                let blamed = self.facts.world.call_blamed(self.call);
                let name = blamed.unwrap_or("handler").to_owned();
                let fetch = self.part(2, name, begin, end).with("fault", true);
                let fetch = fetch.with("namespace", blamed.map(|_| "remote"));
                parts.push((begin, fetch.with("cause", self.exception())));
            }
            _ => {}
        }
        parts.sort_by_key(|(at, _)| *at);
        parts.into_iter().map(|(_, part)| part).collect()
    }

    /// A subsegment about the program itself.
    fn part(&self, number: u64, name: impl Into<Value>, from: i64, to: i64) -> Value {
        self.timed(self.facts.world.call_extra_id(self.call, number), name, self.call, from, to)
    }

    /// The caller's view of a callee; Lambda has none of its function.
    fn client(&self, callee: &Call) -> Option<Value> {
        let Self { facts, .. } = self;
        let node = facts.node(callee);
        if node.kind == "AWS::Lambda::Function" {
            return None;
        }
        let (_, id) = facts.world.call_ids(callee);
        // A request is on its way for a moment before and after its server has it.
        let wire = if node.inferred { 0 } else { 200 };
        let name = if node.kind == "AWS::SQS::Queue" { "SQS".to_owned() } else { node.name.to_owned() };
        let namespace = if node.kind == "AWS::SQS::Queue" { "aws" } else { "remote" };
        let http = facts.world.call_http(callee).map(|http| {
            let response = callee.status.filter(|_| facts.done(callee)).map(|status| {
                object([("status", u32::from(status).into()), ("content_length", http.length.into())])
            });
            let request = object([("method", http.method.into()), ("url", http.url.into())]);
            object([("request", request), ("response", response.into())])
        });
        let below = Writer { facts, index: usize::MAX, call: callee, id: String::new() };
        let failed = facts.done(callee) && callee.fault;
        let message = match callee.status {
            Some(status) => format!("{name} answered {status}"),
            None => facts
                .world
                .call_failure(callee)
                .map_or_else(|| "no answer".to_owned(), |failure| failure.message),
        };
        let exception = failed.then(|| {
            object([(
                "exceptions",
                Value::List(vec![object([
                    ("id", facts.world.call_extra_id(callee, 8).into()),
                    (
                        "type",
                        facts
                            .world
                            .call_failure(callee)
                            .map_or_else(|| "UpstreamError".to_owned(), |failure| failure.kind)
                            .into(),
                    ),
                    ("message", message.into()),
                    ("remote", true.into()),
                ])]),
            )])
        });
        let value = self
            .timed(id, name, callee, callee.from_us - wire, callee.to_us + wire)
            .with("namespace", namespace)
            .with("http", http)
            .with("sql", below.sql(callee))
            .with("aws", if namespace == "aws" { below.queue() } else { None })
            .with("cause", exception);
        Some(self.flags(value, callee))
    }

    /// A subsegment that is sent by itself, with its id: a program without clients streams its own parts.
    fn streamed(&self) -> Option<(String, Value)> {
        let own = self.facts.node(self.call).kind == "AWS::ECS::Container";
        if !own
            || self.call.caller.is_none()
            || self.callees().next().is_some()
            || !self.facts.done(self.call)
        {
            return None;
        }
        let id = self.facts.world.call_extra_id(self.call, 5);
        let (begin, took) = (self.call.from_us, self.took());
        let part = self.part(5, "handler", begin + took / 20, self.call.to_us - took / 30);
        let part = part.with("trace_id", &self.facts.trace.id).with("parent_id", &self.id);
        Some((id, self.flags(part.with("type", "subsegment"), self.call)))
    }
}
