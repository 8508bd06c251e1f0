//! X-Ray segment documents as flat spans: nested subsegments taken apart, every field in its place or kept
//! under `other`. Texts are sanitized here; this is where they enter.
//!
//! Wrong types and missing fields cost that field and nothing more. What belongs to what is `assemble.rs`'s.

use super::json::Json;
use super::model::{Exceptions, Frame, Http, Kind, Micros, Span, SpanDetail, Sql, Status, Thrown};
use crate::text::{cap, sanitize, sanitize_block};
use std::borrow::Cow;

/// Values kept of one span's free-form blocks. X-Ray's own limit is 64 KB of document.
const MAX_VALUES: usize = 400;
/// Bytes kept of one free-form value or message.
const MAX_TEXT: usize = 4096;
/// Bytes kept of a name or id: X-Ray allows 200 characters.
const MAX_NAME: usize = 256;
/// Exceptions kept of one span, and frames of one exception.
const MAX_THROWN: usize = 20;
const MAX_FRAMES: usize = 100;

/// A span as its document tells it, before it is known what it belongs to.
#[derive(Debug, Clone, Default)]
pub struct Loose {
    /// What is known of it; `parent` and all that follows from the whole trace still open.
    pub span: Span,
    /// Whether its document names a usable start.
    pub timed: bool,
    /// The span whose document it stands in: an index into the same list.
    pub within: Option<usize>,
    /// The trace that its document names; empty in a part of one.
    pub trace: String,
    /// The exception elsewhere that it fails by.
    pub cause: Option<String>,
}

impl Loose {
    /// The part for details, made when something is to be put there.
    pub fn detail(&mut self) -> &mut SpanDetail {
        self.span.detail.get_or_insert_default()
    }
}

/// Adds the spans of one document: the segment first, then all that stands in it.
pub fn flatten(document: Json, out: &mut Vec<Loose>) {
    if let Json::Map(entries) = document {
        segment(entries, None, out);
    }
}

fn segment(entries: Vec<(Cow<str>, Json)>, within: Option<usize>, out: &mut Vec<Loose>) {
    let index = out.len();
    let mut loose = Loose { within, ..Loose::default() };
    let mut told = Told::default();
    let mut parts = Vec::new();
    loose.span.kind = if within.is_some() { Kind::Subsegment } else { Kind::Segment };
    for (key, value) in entries {
        let span = &mut loose.span;
        match key.as_ref() {
            "id" => span.id = name(&value),
            "parent_id" => span.parent_id = Some(name(&value)).filter(|id| !id.is_empty()),
            "trace_id" => loose.trace = name(&value),
            "name" => span.name = name(&value),
            "origin" => span.origin = name(&value),
            "namespace" => span.namespace = name(&value),
            "type" if value.text() == Some("subsegment") => span.kind = Kind::Subsegment,
            "inferred" if value.is_true() => span.kind = Kind::Inferred,
            "start_time" => (span.start, loose.timed) = seconds(&value).map_or((0, false), |at| (at, true)),
            "end_time" => span.end = seconds(&value),
            "error" => told.error = value.is_true(),
            "throttle" => told.throttle = value.is_true(),
            "fault" => told.fault = value.is_true(),
            "http" => span.http = http(&value, &mut told),
            "sql" => loose.detail().sql = sql(value),
            "aws" => aws(&value, loose.detail()),
            "cause" => cause(&value, &mut loose),
            "annotations" => loose.detail().keep(Block::Annotations, "", &value),
            "metadata" => loose.detail().keep(Block::Metadata, "", &value),
            "subsegments" => {
                if let Json::List(list) = value {
                    parts = list;
                }
            }
            // That it still runs is said by the end that is missing.
            "in_progress" | "inferred" | "type" => {}
            other => {
                let value = &value;
                loose.detail().keep(Block::Other, other, value);
            }
        }
    }
    loose.span.status = told.status();
    out.push(loose);
    for part in parts {
        if let Json::Map(entries) = part {
            segment(entries, Some(index), out);
        }
    }
}

/// What a document says of how it went.
#[derive(Debug, Default)]
pub struct Told {
    /// 4xx.
    pub error: bool,
    /// 429.
    pub throttle: bool,
    /// 5xx.
    pub fault: bool,
    /// The code of the answer.
    pub code: Option<u16>,
}

impl Told {
    /// The worst that was said; without a word, what the answer's code means.
    pub fn status(&self) -> Status {
        match (self.fault, self.throttle, self.error, self.code) {
            (true, ..) | (_, false, false, Some(500..=599)) => Status::Fault,
            (_, true, ..) | (_, _, false, Some(429)) => Status::Throttle,
            (_, _, true, _) | (_, _, _, Some(400..=499)) => Status::Error,
            _ => Status::Ok,
        }
    }
}

/// A name or id: one line, not long.
pub fn name(value: &Json) -> String {
    let text = value.text().unwrap_or_default();
    sanitize(cap(text, MAX_NAME).0).into_owned()
}

/// A text that may be long and have several lines.
pub fn block(value: &Json) -> String {
    let text = value.text().unwrap_or_default();
    sanitize_block(cap(text, MAX_TEXT).0).into_owned()
}

/// Seconds since 1970 as X-Ray writes moments; `None` for what is no moment at which AWS existed.
fn seconds(value: &Json) -> Option<Micros> {
    // The last is the year 9999: what a calendar has.
    value.number().filter(|at| (1.0..253_402_200_000.0).contains(at)).map(|at| (at * 1e6).round() as Micros)
}

fn http(value: &Json, told: &mut Told) -> Option<Http> {
    let request = value.get("request").unwrap_or(&Json::Null);
    let response = value.get("response").unwrap_or(&Json::Null);
    let text = |key: &str| request.get(key).map(block_line).unwrap_or_default();
    let status = response.get("status").and_then(Json::whole).and_then(|code| u16::try_from(code).ok());
    told.code = status;
    let http = Http {
        method: text("method"),
        url: text("url"),
        status,
        content_length: response.get("content_length").and_then(Json::whole),
        user_agent: text("user_agent"),
        client_ip: text("client_ip"),
    };
    (http != Http::default()).then_some(http)
}

/// One line that may be long.
pub fn block_line(value: &Json) -> String {
    sanitize(cap(value.text().unwrap_or_default(), MAX_TEXT).0).into_owned()
}

fn sql(value: Json) -> Option<Sql> {
    let Json::Map(entries) = value else { return None };
    let mut sql = Sql::default();
    for (key, value) in entries {
        match key.as_ref() {
            "sanitized_query" => sql.query = block(&value),
            key if value.text().is_some() && sql.facts.len() < MAX_VALUES => {
                sql.facts.push((sanitize(key).into_owned(), block_line(&value)));
            }
            _ => {}
        }
    }
    Some(sql)
}

fn aws(value: &Json, detail: &mut SpanDetail) {
    for log in value.get("cloudwatch_logs").map(Json::list).unwrap_or_default() {
        // arn:aws:logs:REGION:ACCOUNT:log-group:NAME, maybe with :* at its end.
        let in_arn =
            |arn: &str| arn.split_once(":log-group:").map(|(_, name)| name.trim_end_matches(":*").to_owned());
        let group = log.get("log_group").and_then(Json::text).map(str::to_owned);
        let group = group.or_else(|| log.get("arn").and_then(Json::text).and_then(in_arn));
        if let Some(group) = group.filter(|group| !group.is_empty()) {
            let group = sanitize(&group).into_owned();
            if !detail.log_groups.contains(&group) && detail.log_groups.len() < MAX_VALUES {
                detail.log_groups.push(group);
            }
        }
    }
    detail.keep(Block::Aws, "", value);
}

/// Either the id of an exception elsewhere, or the exceptions themselves.
fn cause(value: &Json, loose: &mut Loose) {
    if let Some(id) = value.text() {
        loose.cause = Some(sanitize(id).into_owned());
        return;
    }
    let list = value.get("exceptions").map(Json::list).unwrap_or_default();
    let detail = loose.detail();
    detail.dropped += list.len().saturating_sub(MAX_THROWN);
    detail.exceptions = Exceptions { list: list.iter().take(MAX_THROWN).map(thrown).collect(), from: None };
    for key in ["working_directory", "paths", "message"] {
        if let Some(value) = value.get(key) {
            detail.keep(Block::Other, &format!("cause.{key}"), value);
        }
    }
}

fn thrown(value: &Json) -> Thrown {
    let field = |key: &str| value.get(key).unwrap_or(&Json::Null);
    let stack = field("stack").list();
    let frame = |value: &Json| Frame {
        path: value.get("path").map(block_line).unwrap_or_default(),
        line: value.get("line").and_then(Json::whole),
        label: value.get("label").map(block_line).unwrap_or_default(),
    };
    let left_out = stack.len().saturating_sub(MAX_FRAMES) as u64;
    Thrown {
        id: name(field("id")),
        kind: name(field("type")),
        message: block(field("message")),
        remote: field("remote").is_true(),
        cause: field("cause").text().map(|id| sanitize(id).into_owned()),
        stack: stack.iter().take(MAX_FRAMES).map(frame).collect(),
        truncated: field("truncated").whole().unwrap_or(0).saturating_add(left_out),
    }
}

/// Which free-form block of a span.
#[derive(Debug, Clone, Copy)]
pub enum Block {
    /// `annotations`.
    Annotations,
    /// `metadata`.
    Metadata,
    /// `aws`.
    Aws,
    /// Everything without a place of its own.
    Other,
}

impl SpanDetail {
    /// Adds a value with all that stands in it, by dotted path; counts what there is no room for.
    pub fn keep(&mut self, block: Block, path: &str, value: &Json) {
        let into = match block {
            Block::Annotations => &mut self.annotations,
            Block::Metadata => &mut self.metadata,
            Block::Aws => &mut self.aws,
            Block::Other => &mut self.other,
        };
        let mut path = sanitize(cap(path, MAX_NAME).0).into_owned();
        leaves(&mut path, value, into, &mut self.dropped);
    }
}

fn leaves(path: &mut String, value: &Json, out: &mut Vec<(String, String)>, dropped: &mut usize) {
    let step = |path: &mut String, key: &str, value: &Json, out: &mut Vec<_>, dropped: &mut usize| {
        let before = path.len();
        if before > 0 && !key.starts_with('[') {
            path.push('.');
        }
        path.push_str(&sanitize(cap(key, MAX_NAME).0));
        leaves(path, value, out, dropped);
        path.truncate(before);
    };
    match value {
        Json::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                step(path, key, value, out, dropped);
            }
        }
        Json::List(list) if !list.is_empty() => {
            for (index, value) in list.iter().enumerate() {
                step(path, &format!("[{index}]"), value, out, dropped);
            }
        }
        _ if out.len() >= MAX_VALUES => *dropped += 1,
        Json::Map(_) => out.push((path.clone(), "{}".to_owned())),
        Json::List(_) => out.push((path.clone(), "[]".to_owned())),
        Json::Null => out.push((path.clone(), "null".to_owned())),
        value => out.push((path.clone(), block(value))),
    }
}
