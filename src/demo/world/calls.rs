//! The calls of a trace from near: which node each is, when it was at work, and what it said of itself.
//!
//! Everything follows from the request and is asked for piece by piece, since summaries of thousands of
//! traces need little of it. What a failed call says is what its log line says (`lines.rs`), and the task
//! that served it is the one whose stream has the line.

use super::logs::TASK_STARTS;
use super::spec::ServiceSpec;
use super::traces::{Call, TraceNode};
use super::traffic::{Outcome, Request, Stream};
use super::types::{Blame, Failure, HttpCall, Note, Place};
use super::{World, lines};

/// Where receipts are handed to; it is not ours and sends no segments.
const RELAY: &str = "smtp.mail.example";
/// Microseconds between a caller and the callee in it, at least.
const WIRE: i64 = 300;

/// What of the world a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A service, by stream.
    Service(usize),
    /// Lambda itself, for a function by stream.
    Lambda(usize),
    /// A function, by stream.
    Function(usize),
    /// A query (by number) of a service (by stream) to a database.
    Query(usize, usize, u32),
    /// A message to the queue of a function, by stream.
    Send(usize),
    /// Mail.
    Relay,
}

impl Part {
    /// A number that differs between the calls of one request.
    pub(super) fn key(self) -> u64 {
        match self {
            Self::Service(_) | Self::Function(_) => 0,
            Self::Lambda(_) => 1,
            Self::Relay => 2,
            Self::Send(stream) => 3 + 4 * stream as u64,
            Self::Query(_, database, number) => 1_000 + 100 * database as u64 + u64::from(number),
        }
    }
}

const QUERIES: [&str; 4] = [
    "SELECT * FROM orders WHERE id = $1",
    "SELECT sku, quantity, price FROM order_items WHERE order_id = $1 ORDER BY position",
    "UPDATE orders SET state = $2, updated_at = now() WHERE id = $1",
    "INSERT INTO order_events (order_id, kind, body) VALUES ($1, $2, $3)",
];

impl World {
    /// The node that a call is of.
    pub fn trace_node(&self, call: &Call) -> TraceNode<'_> {
        self.node_of(call.part)
    }

    pub(super) fn node_of(&self, part: Part) -> TraceNode<'_> {
        let stream = |stream: usize| self.streams.get(stream).map_or("", |stream| stream.name.as_str());
        let (name, kind, inferred) = match part {
            Part::Service(index) => (stream(index), "AWS::ECS::Container", false),
            Part::Lambda(index) => (stream(index), "AWS::Lambda", false),
            Part::Function(index) => (stream(index), "AWS::Lambda::Function", false),
            Part::Query(_, database, _) => {
                let database = self.scenario.databases.get(database);
                (database.map_or("", |database| database.name.as_str()), "Database::SQL", true)
            }
            Part::Send(index) => (self.queue_of(index).unwrap_or_default(), "AWS::SQS::Queue", true),
            Part::Relay => (RELAY, "remote", true),
        };
        TraceNode { name, kind, inferred }
    }

    /// Name of the queue that feeds a function.
    pub fn trace_queue(&self, call: &Call) -> Option<&str> {
        match call.part {
            Part::Lambda(index) | Part::Function(index) | Part::Send(index) => self.queue_of(index),
            Part::Service(_) | Part::Query(..) | Part::Relay => None,
        }
    }

    fn queue_of(&self, stream: usize) -> Option<&str> {
        let spec = self.scenario.functions.get(stream.checked_sub(self.scenario.services.len())?)?;
        Some(spec.queue.as_str()).filter(|queue| !queue.is_empty())
    }

    /// Adds the call or calls that a request is.
    pub(super) fn add_request(
        &self,
        stream: usize,
        request: &Request,
        caller: Option<usize>,
        above: Option<&Call>,
        calls: &mut Vec<Call>,
    ) {
        let took = (request.latency_ms * 1000.0) as i64;
        let fault = request.outcome == Outcome::Failed;
        if stream >= self.scenario.services.len() {
            let from_us = request.at * 1000;
            let function = Call {
                caller: Some(calls.len()),
                from_us,
                to_us: from_us + took,
                status: None,
                error: false,
                fault,
                throttle: false,
                part: Part::Function(stream),
                request: *request,
            };
            calls.push(Call {
                caller,
                to_us: function.to_us + 2_000,
                status: Some(if fault { 500 } else { 200 }),
                part: Part::Lambda(stream),
                ..function
            });
            calls.push(Call { from_us: from_us + 900, ..function });
            return;
        }
        // Within the millisecond in which it is logged.
        let mut to_us = request.at * 1000 + 999;
        if let Some(above) = above.filter(|above| took + 2 * WIRE < above.to_us - above.from_us) {
            to_us = to_us.clamp(above.from_us + WIRE + took, above.to_us - WIRE);
        }
        // Nothing begins before its cause, even if it cannot end in time.
        let earliest = above.map_or(i64::MIN, |above| above.from_us + WIRE);
        let status = request.status();
        calls.push(Call {
            caller,
            from_us: (to_us - took).max(earliest),
            to_us,
            status: Some(status),
            error: request.outcome == Outcome::Refused,
            fault,
            throttle: status == 429,
            part: Part::Service(stream),
            request: *request,
        });
    }

    /// Adds what a request did that only its caller knows of.
    pub(super) fn add_inferred(&self, own: usize, calls: &mut Vec<Call>) {
        let Some(call) = calls.get(own).copied() else { return };
        let mut add = |from_us: i64, to_us: i64, fault: bool, part: Part, caller: usize| {
            let quiet = Call { caller: Some(caller), from_us, to_us, fault, part, ..call };
            calls.push(Call { status: None, error: false, throttle: false, ..quiet });
        };
        let took = call.to_us - call.from_us;
        match call.part {
            Part::Lambda(_) => {
                let from_us = call.from_us + 900 + took / 8;
                add(from_us, call.to_us - 2_000 - took / 50, call.fault, Part::Relay, own + 1);
            }
            Part::Service(index) if call.request.outcome != Outcome::Refused => {
                let spec = self.scenario.services.get(index);
                for (database, known) in self.scenario.databases.iter().enumerate() {
                    if !spec.is_some_and(|spec| spec.databases.contains(&known.name)) {
                        continue;
                    }
                    let dice = call.request.dice.on(53).on(database as u64);
                    let queries = 1 + dice.below(3) as u32;
                    let each = (took as f64 * (0.5 + 0.3 * dice.on(1).unit()) / f64::from(queries)) as i64;
                    for query in 0..queries {
                        let from_us = call.from_us + took / 12 + i64::from(query) * (each + took / 40);
                        // Waiting for the database is what a request without an own fault fails of.
                        let fault = call.fault && query + 1 == queries;
                        add(
                            from_us,
                            (from_us + each).min(call.to_us),
                            fault,
                            Part::Query(index, database, query),
                            own,
                        );
                    }
                }
                if call.request.outcome == Outcome::Good
                    && let Some(function) = self.sends_to(index, &call.request)
                {
                    let from_us = call.to_us - took / 10;
                    add(from_us, call.to_us - took / 60, false, Part::Send(function), own);
                }
            }
            _ => {}
        }
    }

    /// The function (by stream) that a good request of a service leaves a message for.
    pub(super) fn sends_to(&self, service: usize, request: &Request) -> Option<usize> {
        let stream = self.streams.get(service)?;
        let (index, function) = self.scenario.functions.iter().enumerate().find(|(_, function)| {
            function.sender.as_ref().is_some_and(|sender| *sender.get_ref() == stream.name)
        })?;
        let share = function.rpm / stream.rpm.max(1.0);
        (request.dice.on(51).unit() < share).then_some(self.scenario.services.len() + index)
    }

    /// The trace and the segment that a function's message came from, when that trace is kept.
    pub fn trace_cause(&self, call: &Call) -> Option<(String, String)> {
        let (Part::Lambda(index) | Part::Function(index)) = call.part else { return None };
        let spec = self.scenario.functions.get(index.checked_sub(self.scenario.services.len())?)?;
        let (_, stream) = self.find_service(spec.sender.as_ref()?.get_ref())?;
        let sender = *self.by_name.get(&stream.name)?;
        // A message waits some seconds; which one this was does not matter, as long as it was one.
        let minute = (call.request.at - 4_000).div_euclid(super::traffic::MINUTE);
        let requests = self.requests(stream, minute);
        let senders: Vec<&Request> = (0..requests.len())
            .filter(|at| super::traces::sampled(&requests, *at))
            .filter_map(|at| requests.get(at))
            .filter(|request| request.at + 500 < call.request.at && request.outcome == Outcome::Good)
            .filter(|request| self.sends_to(sender, request) == Some(index))
            .collect();
        let cause = call.dice().on(1).pick(&senders)?;
        Some((cause.trace_id(), cause.segment_id()))
    }

    /// Ids of a call's segment, and of the subsegment that its caller has for it.
    pub fn call_ids(&self, call: &Call) -> (String, String) {
        let segment = match call.part {
            Part::Service(_) | Part::Function(_) => call.request.segment_id(),
            _ => call.dice().on(43).hex(16),
        };
        (segment, call.dice().on(44).hex(16))
    }

    /// The id of something else about a call: a part of its segment, or an exception.
    pub fn call_extra_id(&self, call: &Call, number: u64) -> String {
        call.dice().on(70 + number).hex(16)
    }

    fn service_of(&self, call: &Call) -> Option<(&ServiceSpec, &Stream)> {
        let Part::Service(index) = call.part else { return None };
        Some((self.scenario.services.get(index)?, self.streams.get(index)?))
    }

    /// Method, address and client of a call over HTTP.
    pub fn call_http(&self, call: &Call) -> Option<HttpCall> {
        let (spec, stream) = self.service_of(call)?;
        let (method, path) = lines::asked(spec, &call.request);
        let dice = call.dice();
        let outside = stream.caller.is_none();
        let url = if outside {
            format!("https://shop.example{path}")
        } else {
            format!("http://{}.shop.internal:8080{path}", spec.name)
        };
        let usual = [
            "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
            "shop-android/8.14.2",
        ];
        let agent = lines::hostile_agent(&call.request)
            .or_else(|| dice.on(1).pick(&usual).map(|agent| (*agent).to_owned()));
        let byte = |key: u64| dice.on(key).below(254) + 1;
        Some(HttpCall {
            method,
            url,
            agent: agent.filter(|_| outside),
            client: outside.then(|| format!("203.0.113.{}", byte(2))),
            length: 120 + dice.on(3).below(9_000),
        })
    }

    /// Who asked, for a call from outside.
    pub fn call_user(&self, call: &Call) -> Option<String> {
        let (_, stream) = self.service_of(call)?;
        let customer = call.request.trace.on(8).below(40_000);
        stream.caller.is_none().then(|| format!("customer-{customer:05}"))
    }

    /// What programs note about themselves and the request.
    pub fn call_notes(&self, call: &Call) -> Vec<(&'static str, Note)> {
        if let Some((_, stream)) = self.service_of(call) {
            let side = stream.course.sides.get(call.request.side);
            let (number, blue) = side.map_or((0, true), |side| (side.number, side.blue));
            let tiers = ["free", "free", "free", "plus", "plus", "business"];
            let tier = call.request.trace.on(9).pick(&tiers).copied().unwrap_or("free");
            return vec![
                ("side", Note::Text(if blue { "blue" } else { "green" }.to_owned())),
                ("version", Note::Number(number.into())),
                ("customer_tier", Note::Text(tier.to_owned())),
            ];
        }
        let Part::Function(_) = call.part else { return Vec::new() };
        let cold = call.dice().on(4).below(200) == 0;
        vec![("cold_start", Note::Flag(cold))]
    }

    /// The task that served a call.
    pub fn call_place(&self, call: &Call) -> Option<Place> {
        let (spec, stream) = self.service_of(call)?;
        let request = &call.request;
        let tasks = self.tasks_at(spec, request.at - TASK_STARTS);
        let life = self.server(stream, request.side, tasks, request.at, request.dice.on(11))?;
        let (ip, zone) = self.address(&life);
        let number = stream.course.sides.get(life.side).map_or(0, |side| side.number);
        Some(Place {
            task: self.arn("ecs", &format!("task/{}/{}", super::types::CLUSTER, life.id)),
            container: format!("{}-{:010}", life.id, life.dice.on(3).below(10u64.pow(10))),
            ip,
            zone,
            family: spec.family.clone(),
            revision: number,
            service_revision: self.revision_arn(stream, life.side),
            log_stream: format!("ecs/{}/{}", spec.name, life.id),
        })
    }

    /// The log group that a call's program writes to.
    pub fn call_log_group(&self, call: &Call) -> Option<String> {
        let node = self.trace_node(call);
        match call.part {
            Part::Service(_) => Some(format!("/ecs/{}", node.name)),
            Part::Function(_) => Some(format!("/aws/lambda/{}", node.name)),
            _ => None,
        }
    }

    /// The `RequestId` of an invocation, as in its log lines.
    pub fn call_invocation(&self, call: &Call) -> Option<String> {
        matches!(call.part, Part::Lambda(_) | Part::Function(_)).then(|| call.request.dice.on(41).uuid())
    }

    /// The statement of a query.
    pub fn call_query(&self, call: &Call) -> Option<&'static str> {
        let Part::Query(_, _, number) = call.part else { return None };
        let first = call.request.dice.on(55).below(QUERIES.len() as u64) as usize;
        QUERIES.get((first + number as usize) % QUERIES.len()).copied()
    }

    /// The callee that a failed request blames although it has no segment of this request.
    pub fn call_blamed(&self, call: &Call) -> Option<&str> {
        let Part::Service(own) = call.part else { return None };
        let callees = || {
            self.streams.iter().filter(move |stream| stream.caller.is_some_and(|(caller, _)| caller == own))
        };
        let blamed = callees().find(|stream| stream.is_blamed()).or_else(|| callees().next())?;
        Some(&blamed.name)
    }

    /// Why a call failed, in the words of its log line; none for one that did not, or has no words itself.
    pub fn call_failure(&self, call: &Call) -> Option<Failure> {
        if !call.fault {
            return None;
        }
        let frames = |frames: &[(&str, &str, u32)]| {
            let own =
                |(label, path, line): &(&str, &str, u32)| ((*label).to_owned(), (*path).to_owned(), *line);
            frames.iter().map(own).collect()
        };
        let message = |stream: &Stream, broken: bool| {
            let trouble = stream.trouble(call.request.at).map(|(trouble, _)| trouble.message.as_str());
            lines::complaint(&call.request, broken, trouble)
        };
        match call.part {
            Part::Service(_) => {
                let (spec, stream) = self.service_of(call)?;
                let side = stream.course.sides.get(call.request.side);
                let broken = side.is_some_and(|side| side.broken.is_some());
                let message = message(stream, broken);
                if message.contains("PoolExhausted") {
                    let kind = "PoolExhausted".to_owned();
                    let stack = frames(&lines::POOL_FRAMES);
                    return Some(Failure { kind, message, stack, blame: Blame::Pool });
                }
                let blame = if spec.databases.is_empty() { Blame::Client } else { Blame::Query };
                Some(Failure { kind: kind_of(&message).to_owned(), message, stack: Vec::new(), blame })
            }
            Part::Function(_) => Some(Failure {
                kind: "TimeoutError".to_owned(),
                message: "mail relay did not answer".to_owned(),
                stack: frames(&[("send", "/var/task/mail.py", 17), ("handler", "/var/task/app.py", 48)]),
                blame: Blame::Client,
            }),
            Part::Query(service, ..) => {
                let message = message(self.streams.get(service)?, false);
                let kind = kind_of(&message).to_owned();
                Some(Failure { kind, message, stack: Vec::new(), blame: Blame::Query })
            }
            Part::Lambda(_) | Part::Send(_) | Part::Relay => None,
        }
    }
}

/// The exception type of a message.
fn kind_of(message: &str) -> &'static str {
    let kinds = [
        ("connection slots", "TooManyConnections"),
        ("no connection", "UpstreamUnavailable"),
        ("reset the connection", "ConnectionReset"),
        ("deadline", "DeadlineExceeded"),
        ("unexpected end", "UnexpectedEof"),
    ];
    kinds.iter().find(|(part, _)| message.contains(part)).map_or("Error", |(_, kind)| kind)
}
