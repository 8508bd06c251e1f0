//! What the simulated programs write into their logs.
//!
//! Plain functions from a request to a text. Now and then a line holds what an attacker would put there:
//! it is made here and must be made harmless by those who read it, never here.

use super::hash::Dice;
use super::spec::{DatabaseSpec, FunctionSpec, LineFormat, ServiceSpec};
use super::time;
use super::traffic::{Outcome, Request};
use std::fmt::Write as _;

/// RFC 3339 with milliseconds.
fn stamp(ms: i64) -> String {
    time(ms).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Method and path of a request.
pub(super) fn asked(spec: &ServiceSpec, request: &Request) -> (&'static str, String) {
    let dice = request.dice.on(31);
    let method = dice.pick(&["GET", "GET", "POST"]).copied().unwrap_or("GET");
    (method, format!("{}/{}", spec.path, dice.on(1).below(9_999)))
}

/// What a service says about a request that failed: on a `broken` side, in a `trouble`, or for no reason.
pub(super) fn complaint(request: &Request, broken: bool, trouble: Option<&str>) -> String {
    if let Some(trouble) = trouble {
        return trouble.to_owned();
    }
    if broken {
        return format!("card declined upstream: PoolExhausted after {} ms", request.latency_ms.round());
    }
    let reasons = ["upstream reset the connection", "deadline exceeded", "unexpected end of response"];
    request.dice.on(31).on(2).pick(&reasons).copied().unwrap_or("failed").to_owned()
}

/// The line of one request: INFO, WARN when it was refused or slow, ERROR when it failed.
pub(super) fn request(
    spec: &ServiceSpec,
    revision: u32,
    broken: bool,
    trouble: Option<&str>,
    request: &Request,
) -> String {
    let status = request.status();
    let (method, path) = asked(spec, request);
    let millis = request.latency_ms.round();
    let (level, text) = match request.outcome {
        Outcome::Failed => ("ERROR", complaint(request, broken, trouble)),
        Outcome::Refused => ("WARN", format!("refused {method} {path}")),
        Outcome::Good if request.latency_ms > 1_000.0 => ("WARN", format!("slow request: {millis} ms")),
        Outcome::Good => ("INFO", format!("{method} {path}")),
    };
    let trace = request.trace_id();
    match spec.logs {
        LineFormat::Json => {
            // Written by hand: the order of keys is fixed and thousands are made per second.
            format!(
                "{{\"ts\":\"{}\",\"level\":\"{level}\",\"service\":\"{}\",\"msg\":\"{text}\",\"method\":\"{method}\",\
                 \"path\":\"{path}\",\"status\":{status},\"duration_ms\":{millis},\"revision\":{revision},\
                 \"trace_id\":\"{trace}\"}}",
                stamp(request.at),
                spec.name,
            )
        }
        LineFormat::Text => {
            format!(
                "{} {level:<5} {} {text} status={status} duration={millis}ms trace_id={trace}",
                stamp(request.at),
                spec.name
            )
        }
    }
}

/// Where a request stands when it finds the pool empty: function, file and line.
pub(super) const POOL_FRAMES: [(&str, &str, u32); 7] = [
    ("pool::Pool::get", "src/pool.rs", 88),
    ("orders::client::fetch", "src/orders/client.rs", 141),
    ("checkout::charge", "src/charge.rs", 57),
    ("checkout::handler", "src/handler.rs", 41),
    ("tower::service::call", "tower-0.5.2/src/util/boxed.rs", 69),
    ("hyper::proto::h1::dispatch", "hyper-1.7.0/src/proto/h1/dispatch.rs", 168),
    ("tokio::runtime::task::core::poll", "tokio-1.48.0/src/runtime/task/core.rs", 365),
];

/// What a crashing handler leaves on stderr: several lines in one event.
pub(super) fn panic_trace(dice: Dice) -> String {
    let mut text = "panic in handler: no connection available".to_owned();
    for (function, file, line) in POOL_FRAMES.iter().take(4 + dice.on(32).below(4) as usize) {
        let _ = write!(text, "\n    at {function} at {file}:{line}");
    }
    text
}

/// The first line of a task.
pub(super) fn started(spec: &ServiceSpec, revision: u32, ms: i64) -> String {
    plain(spec, ms, "INFO", &format!("listening on 0.0.0.0:8080, revision {revision}"))
}

/// The last line of a task that ran out of memory.
pub(super) fn out_of_memory(spec: &ServiceSpec, ms: i64) -> String {
    plain(spec, ms, "FATAL", "java.lang.OutOfMemoryError: Java heap space")
}

fn plain(spec: &ServiceSpec, ms: i64, level: &str, text: &str) -> String {
    match spec.logs {
        LineFormat::Json => format!(
            "{{\"ts\":\"{}\",\"level\":\"{level}\",\"service\":\"{}\",\"msg\":\"{text}\"}}",
            stamp(ms),
            spec.name
        ),
        LineFormat::Text => format!("{} {level:<5} {} {text}", stamp(ms), spec.name),
    }
}

/// One kind of hostile header each comes once in so many requests.
const HOSTILE_EVERY: u64 = 8_000;

/// What a client put into a header: colours, a title change, a clipboard write, reversed text, 6 KB.
pub(super) fn hostile_agent(request: &Request) -> Option<String> {
    Some(match request.dice.on(13).below(HOSTILE_EVERY) {
        0 => "\u{1b}[41;5mOWNED\u{1b}[0m \u{1b}]0;all is well\u{7} \u{1b}[2J\u{1b}[H".to_owned(),
        1 => "\u{1b}]52;c;cm0gLXJmIH4=\u{7}\u{9b}31mcurl\r\u{8}\u{8}".to_owned(),
        2 => "invoice\u{202e}fdp.exe \u{2066}zero\u{200b}width\u{2069}".to_owned(),
        3 => format!("Mozilla/{}", "x".repeat(6_144)),
        _ => return None,
    })
}

/// The line about such a header.
pub(super) fn hostile(request: &Request) -> Option<String> {
    Some(format!("{} WARN  odd user agent: {}", stamp(request.at), hostile_agent(request)?))
}

/// The events of one invocation: milliseconds after its start, and text. Only of a traced one Lambda
/// reports the trace.
pub(super) fn invocation(
    spec: &FunctionSpec,
    request: &Request,
    begin: i64,
    traced: bool,
) -> Vec<(i64, String)> {
    let id = request.dice.on(41).uuid();
    let took = request.latency_ms;
    let end = took as i64;
    let mut lines = vec![(0, format!("START RequestId: {id} Version: {}\n", spec.version))];
    match request.outcome {
        Outcome::Failed => lines.push((
            end,
            format!(
                "[ERROR] TimeoutError: mail relay did not answer\nTraceback (most recent call last):\n  \
                 File \"/var/task/app.py\", line 48, in handler\n    send(receipt)\n  File \"/var/task/mail.py\", \
                 line 17, in send\n    raise TimeoutError(\"mail relay did not answer\")\nRequestId: {id}"
            ),
        )),
        Outcome::Good | Outcome::Refused => {
            let order = request.dice.on(42).below(99_999);
            lines.push((end / 2, format!("[INFO]\t{}\t{id}\tsent receipt for order {order}\n", stamp(begin + end / 2))));
        }
    }
    lines.push((end, format!("END RequestId: {id}\n")));
    let mut report = format!(
        "REPORT RequestId: {id}\tDuration: {took:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t\
         Max Memory Used: {} MB\t\n",
        took.ceil(),
        spec.memory,
        spec.memory * 2 / 3,
    );
    if traced {
        let (trace, segment) = (request.trace_id(), request.segment_id());
        let _ = writeln!(report, "XRAY TraceId: {trace}\tSegmentId: {segment}\tSampled: true\t");
    }
    lines.push((end, report));
    lines
}

/// A line of `PostgreSQL`; `refused` is a client that got no connection.
pub(super) fn database(spec: &DatabaseSpec, dice: Dice, ms: i64, refused: bool) -> String {
    let head = format!(
        "{}:10.0.{}.{}({}):shop@shop:[{}]",
        time(ms).strftime("%Y-%m-%d %H:%M:%S UTC"),
        dice.on(1).below(48),
        4 + dice.on(2).below(250),
        20_000 + dice.on(3).below(40_000),
        100 + dice.on(4).below(30_000)
    );
    if refused {
        return format!(
            "{head}:FATAL:  remaining connection slots are reserved (max_connections {})",
            spec.max_connections
        );
    }
    match dice.on(5).below(3) {
        0 => format!("{head}:LOG:  connection authorized: user=shop database=shop SSL enabled"),
        1 => format!(
            "{head}:LOG:  disconnection: session time: 0:04:{:02}.{:03}",
            dice.on(6).below(60),
            dice.on(7).below(1000)
        ),
        _ => format!(
            "{head}:LOG:  duration: {}.{:03} ms  execute <unnamed>: SELECT * FROM orders WHERE id = $1",
            200 + dice.on(6).below(900),
            dice.on(7).below(1000)
        ),
    }
}

/// A program that has nothing to say.
pub(super) fn idle(name: &str, ms: i64) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    format!("{} INFO  {last} alive", stamp(ms))
}
