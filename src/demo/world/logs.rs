//! Log groups, streams and events: views of the requests, the tasks and the databases.
//!
//! Events are made minute by minute while somebody iterates; nothing is kept. What the lines say is in
//! `lines.rs`.

use super::hash::Dice;
use super::spec::{DatabaseSpec, FunctionSpec, ServiceSpec};
use super::tasks::Why;
use super::traffic::{MINUTE, Outcome, Request, Stream};
use super::types::{LogEvent, LogGroup};
use super::{LONG_AGO, World, time};
use super::{lines, traces};
use jiff::Timestamp;

/// Milliseconds until a task that was added takes requests.
pub(super) const TASK_STARTS: i64 = 120_000;
/// One event in so many is ingested late.
const LATE_EVERY: u64 = 500;

/// Who writes into a group.
#[derive(Debug, Clone, Copy)]
enum Writer<'a> {
    Service(&'a ServiceSpec, &'a Stream),
    Function(&'a FunctionSpec, &'a Stream),
    Database(&'a DatabaseSpec),
    /// Something that only says that it lives.
    Idle(&'a str),
}

/// An event before it has an id.
struct Line {
    at: i64,
    stream: String,
    text: String,
}

impl World {
    /// All log groups, sorted by name.
    pub fn log_groups(&self) -> &[LogGroup] {
        &self.groups
    }

    /// Stream names of a group, the newest first.
    pub fn log_streams(&self, group: &str, now: Timestamp) -> Vec<String> {
        let ms = now.as_millisecond();
        match self.writer(group) {
            Some(Writer::Service(spec, stream)) => {
                let sides = (0..stream.course.sides.len()).rev();
                let lives = sides.flat_map(|side| self.lives(stream, side, spec.tasks, ms - 86_400_000, ms));
                lives.map(|life| task_stream(&spec.name, &life.id)).collect()
            }
            Some(Writer::Function(spec, stream)) => {
                (0..FUNCTION_STREAMS).map(|slot| function_stream(spec, stream.dice, ms, slot)).collect()
            }
            Some(Writer::Database(spec)) => vec![format!("{}-instance-1", spec.name)],
            Some(Writer::Idle(_)) => vec!["main".to_owned()],
            None => Vec::new(),
        }
    }

    /// Events of a group with times in `from_ms..=to_ms` that are ingested by `now`, oldest first. Made
    /// while it is read, so the end of a long window costs nothing to those who stop early.
    pub fn events<'a>(
        &'a self,
        group: &str,
        from_ms: i64,
        to_ms: i64,
        now: Timestamp,
    ) -> Box<dyn Iterator<Item = LogEvent> + Send + 'a> {
        let Some(writer) = self.writer(group) else { return Box::new(std::iter::empty()) };
        let now = now.as_millisecond();
        let dice = self.dice.named(group);
        // Nobody kept anything from before the groups were made.
        let first = from_ms.max(self.start - LONG_AGO).div_euclid(MINUTE);
        let last = to_ms.min(now).div_euclid(MINUTE);
        let minutes = (first..=last).flat_map(move |minute| self.minute_events(writer, dice, minute));
        Box::new(
            minutes.filter(move |event| {
                from_ms <= event.at_ms && event.at_ms <= to_ms && event.ingested_ms <= now
            }),
        )
    }

    fn writer(&self, group: &str) -> Option<Writer<'_>> {
        if let Some((spec, stream)) = group.strip_prefix("/ecs/").and_then(|name| self.find_service(name)) {
            return Some(Writer::Service(spec, stream));
        }
        if let Some((spec, stream)) =
            group.strip_prefix("/aws/lambda/").and_then(|name| self.find_function(name))
        {
            return Some(Writer::Function(spec, stream));
        }
        if let Some(cluster) =
            group.strip_prefix("/aws/rds/cluster/").and_then(|rest| rest.strip_suffix("/postgresql"))
        {
            return self.scenario.databases.iter().find(|spec| spec.name == cluster).map(Writer::Database);
        }
        let at = self.groups.binary_search_by(|known| known.name.as_str().cmp(group)).ok()?;
        self.groups.get(at).map(|known| Writer::Idle(&known.name))
    }

    fn minute_events(&self, writer: Writer, dice: Dice, minute: i64) -> Vec<LogEvent> {
        let mut lines = Vec::new();
        match writer {
            Writer::Service(spec, stream) => self.service_lines(spec, stream, minute, &mut lines),
            Writer::Function(spec, stream) => self.function_lines(spec, stream, minute, &mut lines),
            Writer::Database(spec) => self.database_lines(spec, minute, &mut lines),
            Writer::Idle(name) => {
                let dice = dice.on(minute as u64).named("idle");
                let at = minute * MINUTE + dice.signed(MINUTE as u64);
                lines.push(Line { at, stream: "main".to_owned(), text: lines::idle(name, at) });
            }
        }
        lines.sort_by_key(|line| line.at);
        let events = lines.into_iter().enumerate().map(|(index, line)| {
            let dice = dice.on(minute as u64).on(index as u64);
            let late = dice.on(1).below(LATE_EVERY) == 0;
            let delay =
                if late { 65_000 + dice.on(2).signed(50_000) } else { 250 + dice.on(2).signed(1_300) };
            let low = |key: u64| dice.on(key).below(10u64.pow(18));
            LogEvent {
                at_ms: line.at,
                ingested_ms: line.at + delay,
                stream: line.stream,
                event_id: format!("3{:013}{index:06}{:018}{:018}", line.at, low(3), low(4)),
                message: line.text,
            }
        });
        events.collect()
    }

    fn service_lines(&self, spec: &ServiceSpec, stream: &Stream, minute: i64, lines: &mut Vec<Line>) {
        for request in self.requests(stream, minute) {
            let tasks = self.tasks_at(spec, request.at - TASK_STARTS);
            let Some(task) = self.server(stream, request.side, tasks, request.at, request.dice.on(11)) else {
                continue;
            };
            let side = stream.course.sides.get(request.side);
            let (number, broken) = side.map_or((0, false), |side| (side.number, side.broken.is_some()));
            let name = task_stream(&spec.name, &task.id);
            let mut add = |at: i64, text: String| lines.push(Line { at, stream: name.clone(), text });
            let trouble = stream.trouble(request.at).map(|(trouble, _)| trouble.message.as_str());
            add(request.at, lines::request(spec, number, broken, trouble, &request));
            if broken && request.outcome == Outcome::Failed && request.dice.on(12).below(3) == 0 {
                add(request.at, lines::panic_trace(request.dice));
            }
            if let Some(text) = lines::hostile(&request) {
                add(request.at, text);
            }
        }
        let (from, to) = (minute * MINUTE, (minute + 1) * MINUTE);
        for (side, known) in stream.course.sides.iter().enumerate() {
            for life in self.lives(stream, side, spec.tasks, from, to) {
                let name = task_stream(&spec.name, &life.id);
                if (from..to).contains(&life.started) {
                    let text = lines::started(spec, known.number, life.started);
                    lines.push(Line { at: life.started, stream: name.clone(), text });
                }
                if let Some((at, Why::OutOfMemory)) = life.stopped
                    && (from..to).contains(&at)
                {
                    lines.push(Line { at, stream: name, text: lines::out_of_memory(spec, at) });
                }
            }
        }
    }

    fn function_lines(&self, spec: &FunctionSpec, stream: &Stream, minute: i64, lines: &mut Vec<Line>) {
        let requests = self.requests(stream, minute);
        for (index, request) in requests.iter().enumerate() {
            let name =
                function_stream(spec, stream.dice, request.at, request.dice.on(11).below(FUNCTION_STREAMS));
            let traced = traces::kept(&requests, index);
            for (after, text) in lines::invocation(spec, request, request.at, traced) {
                lines.push(Line { at: request.at + after, stream: name.clone(), text });
            }
        }
    }

    fn database_lines(&self, spec: &DatabaseSpec, minute: i64, lines: &mut Vec<Line>) {
        let dice = self.dice.named(&spec.name).on(minute as u64);
        let strain = self.database_strain(spec, minute * MINUTE + MINUTE / 2);
        let name = format!("{}-instance-1", spec.name);
        let calm = dice.round(spec.lines_per_minute);
        let refused = dice.on(1).round(120.0 * strain);
        for index in 0..u64::from(calm + refused) {
            let dice = dice.on(100 + index);
            let at = minute * MINUTE + dice.signed(MINUTE as u64);
            let text = lines::database(spec, dice, at, index >= u64::from(calm));
            lines.push(Line { at, stream: name.clone(), text });
        }
    }

    /// Share of broken traffic (0 to 1) that reaches a database, directly or through one more service.
    fn database_strain(&self, spec: &DatabaseSpec, ms: i64) -> f64 {
        let users = self.scenario.services.iter().zip(&self.streams);
        let users = users.filter(|(service, _)| service.databases.contains(&spec.name));
        let shares = users.map(|(_, stream)| {
            let caller = stream.caller.and_then(|(caller, _)| self.streams.get(caller));
            let broken = caller.map_or(0.0, |caller| caller.course.broken_share(ms));
            broken.max(stream.course.broken_share(ms)).max(stream.trouble(ms).map_or(0.0, |(_, part)| part))
        });
        shares.fold(0.0, f64::max)
    }

    pub(super) fn make_groups(&self) -> Vec<LogGroup> {
        let services = self.scenario.services.iter().map(|spec| format!("/ecs/{}", spec.name));
        let functions = self.scenario.functions.iter().map(|spec| format!("/aws/lambda/{}", spec.name));
        let databases =
            self.scenario.databases.iter().map(|spec| format!("/aws/rds/cluster/{}/postgresql", spec.name));
        let mut names: Vec<String> = services.chain(functions).chain(databases).collect();
        names.extend(self.scenario.generated_groups());
        names.sort();
        names.dedup();
        let groups = names.into_iter().map(|name| {
            let dice = self.dice.named("group").named(&name);
            LogGroup {
                created: time(self.start - LONG_AGO - dice.signed(500) * 86_400_000),
                stored_bytes: 1_000_000 + dice.on(1).below(40_000_000_000),
                retention_days: dice.on(2).pick(&[Some(14), Some(30), Some(90), None]).copied().flatten(),
                class: if name.contains("/archive/") { "INFREQUENT_ACCESS" } else { "STANDARD" },
                name,
            }
        });
        groups.collect()
    }
}

/// Lambda environments of a function at once.
const FUNCTION_STREAMS: u64 = 3;

/// `ecs/CONTAINER/TASK`, as the awslogs driver names it.
fn task_stream(service: &str, task: &str) -> String {
    format!("ecs/{service}/{task}")
}

/// `2026/11/22/[17]0123..`, a new one each day.
fn function_stream(spec: &FunctionSpec, dice: Dice, ms: i64, slot: u64) -> String {
    let day = ms.div_euclid(86_400_000);
    let id = dice.named("environment").on(day as u64).on(slot).hex(32);
    format!("{}[{}]{id}", time(ms).strftime("%Y/%m/%d/"), spec.version)
}

impl Request {
    /// HTTP status.
    pub(super) fn status(&self) -> u16 {
        let dice = self.dice.on(21);
        match self.outcome {
            Outcome::Good => {
                if dice.below(8) == 0 {
                    201
                } else {
                    200
                }
            }
            Outcome::Refused => dice.pick(&[400, 401, 402, 404, 404, 409, 429]).copied().unwrap_or(400),
            Outcome::Failed => dice.pick(&[500, 502, 503]).copied().unwrap_or(500),
        }
    }
}
