//! What a trace is: spans in the order in which a waterfall draws them. Pure.
//!
//! Facts: the X-Ray segment documents of the X-Ray developer guide, and spans as OpenTelemetry writes them.
//! All texts are sanitized before they get here; nothing here knows how a document or a screen looks.

pub use crate::features::logs::model::TraceId;

use crate::features::logs::parse::trace;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Microseconds: since 1970 in UTC for moments, plain for lengths of time.
pub type Micros = i64;

/// The trace id in a text that a person or a field gives: X-Ray's `1-<8>-<24>`, 32 hex digits, a
/// `traceparent`, an `X-Amzn-Trace-Id` header.
pub fn id_in(text: &str) -> Option<TraceId> {
    trace::in_value(text)
}

/// One request as far as its documents tell. Spans stand in draw order: a span is followed by all that it
/// caused, siblings by their start, roots first, spans without a known parent last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Its id; `None` when no document names one.
    pub id: Option<TraceId>,
    /// In draw order; at most [`Trace::MAX_SPANS`].
    pub spans: Vec<Span>,
    /// Where the time axis starts; 0 when no span has a time.
    pub start: Micros,
    /// Where the time axis ends, never before its start.
    pub end: Micros,
    /// The span whose failure came before all others: an index into `spans`.
    pub first_fault: Option<usize>,
    /// AWS cut the trace at its limit: `LimitExceeded` of `BatchGetTraces`.
    pub limit_exceeded: bool,
    /// Spans beyond [`Trace::MAX_SPANS`].
    pub dropped: usize,
    /// Inferred spans that gave way to what the called service itself sent.
    pub replaced: usize,
    /// What could not be read, in words; at most [`Trace::MAX_PROBLEMS`].
    pub problems: Vec<String>,
}

impl Trace {
    /// Spans kept at most.
    pub const MAX_SPANS: usize = 10_000;
    /// Problems kept at most.
    pub const MAX_PROBLEMS: usize = 20;
    /// Spans deeper than this are drawn no further to the right.
    pub const MAX_DEPTH: u16 = 64;

    /// The length of the time axis.
    pub fn length(&self) -> Micros {
        self.end.saturating_sub(self.start)
    }

    /// The span that the request entered by.
    pub fn root(&self) -> Option<&Span> {
        self.spans.first().filter(|span| !span.detached)
    }

    /// Something of it still runs, or has not been told yet.
    pub fn in_progress(&self) -> bool {
        self.spans.iter().any(Span::in_progress)
    }

    /// How many spans failed in this way.
    pub fn count(&self, status: Status) -> usize {
        self.spans.iter().filter(|span| span.status == status).count()
    }

    /// The place of a span among [`Trace::spans`].
    pub fn position(&self, id: &str) -> Option<usize> {
        self.spans.iter().position(|span| span.id == id)
    }

    /// The spans below one, at any depth: a range of [`Trace::spans`].
    pub fn below(&self, index: usize) -> std::ops::Range<usize> {
        let descendants = self.spans.get(index).map_or(0, |span| span.descendants as usize);
        index + 1..(index + 1 + descendants).min(self.spans.len())
    }

    /// The log groups that its spans say they write to, each once, in draw order.
    pub fn log_groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for group in self.spans.iter().filter_map(|span| span.detail.as_deref()).flat_map(|d| &d.log_groups) {
            if !groups.contains(&group.as_str()) {
                groups.push(group);
            }
        }
        groups
    }
}

/// A moment of a trace. `None` beyond what a calendar has.
pub fn moment(at: Micros) -> Option<Timestamp> {
    Timestamp::from_microsecond(at).ok()
}

/// One step of a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// 16 hex digits as AWS writes them; whatever else a document says; unique within the trace.
    pub id: String,
    /// The span that caused it: an index into [`Trace::spans`], always before its own.
    pub parent: Option<usize>,
    /// The parent that its document names, in the trace or not.
    pub parent_id: Option<String>,
    /// What it calls itself: a service, a remote host, a function.
    pub name: String,
    /// How it came to be.
    pub kind: Kind,
    /// What runs it, such as `AWS::ECS::Container`; empty when not told.
    pub origin: String,
    /// `aws`, `remote`, or empty for work inside a service.
    pub namespace: String,
    /// When it started. Without a known time it is its parent's.
    pub start: Micros,
    /// When it ended, never before its start; `None` while in progress. Where [`Span::fit`] says that the times
    /// are none, it says nothing.
    pub end: Option<Micros>,
    /// How it went.
    pub status: Status,
    /// How far from the root, at most [`Trace::MAX_DEPTH`].
    pub depth: u16,
    /// How many spans stand below it at any depth, right after it in draw order.
    pub descendants: u32,
    /// No way leads from a root to it: its parent was not sampled, has not come, or hangs below itself.
    pub detached: bool,
    /// How its time goes with its parent's.
    pub fit: Fit,
    /// Where its bar stands on the axis: its times, moved into its parent's when clocks differ, up to the
    /// axis' end while in progress.
    pub shown: (Micros, Micros),
    /// Time spent in itself: its length less what its children cover. In progress: up to the axis' end.
    pub self_time: Micros,
    /// The parts of its own time that the end of the request waited for, in order, apart from each other.
    pub critical: Vec<(Micros, Micros)>,
    /// What was asked and answered.
    pub http: Option<Http>,
    /// All else; absent when the document said nothing else.
    pub detail: Option<Box<SpanDetail>>,
}

impl Span {
    /// It has started and not ended, as far as is known.
    pub fn in_progress(&self) -> bool {
        self.end.is_none() && self.fit != Fit::Unknown
    }

    /// How long it took; `None` while in progress and when its times are not known.
    pub fn duration(&self) -> Option<Micros> {
        let known = !matches!(self.fit, Fit::Unknown | Fit::Backwards);
        self.end.filter(|_| known).map(|end| end.saturating_sub(self.start))
    }

    /// What it did in a few words: `GET /pay`, `SELECT orders`, `GetItem table`, or nothing.
    pub fn what(&self) -> String {
        if let Some(http) = &self.http
            && !(http.method.is_empty() && http.url.is_empty())
        {
            return format!("{} {}", http.method, path_of(&http.url)).trim().to_owned();
        }
        let Some(detail) = self.detail.as_deref() else { return String::new() };
        if let Some(sql) = &detail.sql
            && !sql.query.is_empty()
        {
            return sql.query.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        let resource = ["table_name", "queue_url", "bucket_name", "function_name", "topic_arn"];
        let resource = resource.into_iter().find_map(|key| self.aws(key)).unwrap_or_default();
        let resource = resource.rsplit(['/', ':']).next().unwrap_or_default();
        format!("{} {resource}", self.aws("operation").unwrap_or_default()).trim().to_owned()
    }

    /// A field of its `aws` block by its dotted path: `operation`, `ecs.container_id`.
    pub fn aws(&self, path: &str) -> Option<&str> {
        let aws = &self.detail.as_deref()?.aws;
        aws.iter().find(|(key, _)| key == path).map(|(_, value)| value.as_str())
    }

    /// An annotation by its key.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        let annotations = &self.detail.as_deref()?.annotations;
        annotations.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The first thing thrown, the one that tells most.
    pub fn exception(&self) -> Option<&Thrown> {
        self.detail.as_deref()?.exceptions.list.first()
    }
}

/// Path and query of an address; the whole of what is none.
fn path_of(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else { return url };
    rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or("/")
}

/// How a span came to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A service's own account of a request.
    #[default]
    Segment,
    /// A part of it: a call, a query, a piece of code.
    Subsegment,
    /// What X-Ray infers of a called thing that sends nothing itself.
    Inferred,
    /// OpenTelemetry's server or consumer.
    Server,
    /// OpenTelemetry's client or producer.
    Client,
    /// OpenTelemetry's internal work.
    Internal,
}

impl Kind {
    /// The word in details.
    pub fn word(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Subsegment => "subsegment",
            Self::Inferred => "inferred",
            Self::Server => "server",
            Self::Client => "client",
            Self::Internal => "internal",
        }
    }
}

/// How a span went, best first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nothing was wrong.
    #[default]
    Ok,
    /// The caller's mistake: 4xx.
    Error,
    /// Refused for being too much: 429.
    Throttle,
    /// The service's own failure: 5xx.
    Fault,
}

impl Status {
    /// X-Ray's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Throttle => "throttle",
            Self::Fault => "fault",
        }
    }

    /// What the span is called that failed so before all others; a refusal is no fault.
    pub fn first(self) -> &'static str {
        match self {
            Self::Ok => "first",
            Self::Error => "first error",
            Self::Throttle => "first throttle",
            Self::Fault => "first fault",
        }
    }

    /// It is none of the good ones.
    pub fn failed(self) -> bool {
        self != Self::Ok
    }
}

/// How a span's time goes with its parent's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Within its parent, or it has none.
    #[default]
    Inside,
    /// It sticks out of its parent: their hosts' clocks differ. Its times are as told; its bar is clamped.
    Skewed,
    /// Its document says that it ended before it started: when it started is known, how long it took is not.
    Backwards,
    /// It began before its parent, by the same clock: what Lambda does before it calls a function.
    Before,
    /// It went on after its parent had ended: handed over, not waited for.
    After,
    /// Its document has no usable times.
    Unknown,
}

/// What was asked over HTTP and answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Http {
    /// `GET`; empty when not told.
    pub method: String,
    /// The address, or its path; empty when not told.
    pub url: String,
    /// The answer's code.
    pub status: Option<u16>,
    /// The answer's bytes.
    pub content_length: Option<u64>,
    /// Who asked, in its own words.
    pub user_agent: String,
    /// From where.
    pub client_ip: String,
}

/// A call of a database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sql {
    /// The statement without its values; may have several lines.
    pub query: String,
    /// All else as told, such as `database_type`, `url`, `user`.
    pub facts: Vec<(String, String)>,
}

/// What is looked at for one span at a time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SpanDetail {
    /// A call of a database.
    pub sql: Option<Sql>,
    /// What was thrown.
    pub exceptions: Exceptions,
    /// Indexed keys that its makers gave it.
    pub annotations: Vec<(String, String)>,
    /// What else its makers gave it, by dotted path.
    pub metadata: Vec<(String, String)>,
    /// The `aws` block, or OpenTelemetry's attributes of `aws.`, by dotted path.
    pub aws: Vec<(String, String)>,
    /// Log groups that it says it writes to.
    pub log_groups: Vec<String>,
    /// Everything that this program has no place for, by dotted path.
    pub other: Vec<(String, String)>,
    /// Values left out because there were too many.
    pub dropped: usize,
}

/// What was thrown, the outermost first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Exceptions {
    /// What was thrown.
    pub list: Vec<Thrown>,
    /// The span that it was thrown in first, an index into [`Trace::spans`]; `None` when it is this one.
    pub from: Option<usize>,
}

/// One exception.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Thrown {
    /// Its id in the documents.
    pub id: String,
    /// Its class.
    pub kind: String,
    /// What it says; may have several lines.
    pub message: String,
    /// It was thrown by a called service.
    pub remote: bool,
    /// The id of the exception that caused it.
    pub cause: Option<String>,
    /// Where it was thrown, innermost frame first.
    pub stack: Vec<Frame>,
    /// Frames left out, by its makers or here.
    pub truncated: u64,
}

/// One line of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The file.
    pub path: String,
    /// The line in it.
    pub line: Option<u64>,
    /// The function.
    pub label: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_all_forms() {
        let id = TraceId::from_hex("67a1b2c30123456789abcdef01234567");
        for text in [
            "1-67a1b2c3-0123456789abcdef01234567",
            "67a1b2c30123456789abcdef01234567",
            "00-67a1b2c30123456789abcdef01234567-0123456789abcdef-01",
            "Root=1-67a1b2c3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1",
        ] {
            assert_eq!(id_in(text), id, "{text}");
        }
        assert_eq!(id_in("checkout"), None);
    }

    #[test]
    fn a_span_says_what_it_did() {
        let http = |method: &str, url: &str| Span {
            http: Some(Http { method: method.into(), url: url.into(), ..Http::default() }),
            ..Span::default()
        };
        let aws = |pairs: &[(&str, &str)]| Span {
            detail: Some(Box::new(SpanDetail {
                aws: pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                ..SpanDetail::default()
            })),
            ..Span::default()
        };
        let sql = SpanDetail {
            sql: Some(Sql { query: "SELECT *\n  FROM orders".into(), ..Sql::default() }),
            ..SpanDetail::default()
        };
        let cases = [
            (http("GET", "https://shop.example/pay?x=1"), "GET /pay?x=1"),
            (http("GET", "https://shop.example"), "GET /"),
            (http("", "/pay"), "/pay"),
            (http("POST", ""), "POST"),
            (aws(&[("operation", "GetItem"), ("table_name", "carts")]), "GetItem carts"),
            (
                aws(&[("operation", "SendMessage"), ("queue_url", "https://sqs.x.amazonaws.com/1/receipts")]),
                "SendMessage receipts",
            ),
            (Span { detail: Some(Box::new(sql)), ..Span::default() }, "SELECT * FROM orders"),
            (Span::default(), ""),
        ];
        for (span, expected) in cases {
            assert_eq!(span.what(), expected);
        }
    }
}
