//! `GetTraceSummaries`: the traces of a window, each stretch of time asked for once, a few pages with each answer
//! so that the first traces are seen soon.

use super::{clean, moment, seconds};
use crate::app::Window;
use crate::aws::operation::GET_TRACE_SUMMARIES;
use crate::aws::{Conn, SourceError};
use crate::features::traces::list::Summary;
use crate::features::traces::model::{Status, id_in};
use crate::features::traces::reading::{Reading, Stretch};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use aws_sdk_xray::types::{
    AnnotationValue, FaultRootCause, FaultRootCauseEntity, Http, ServiceId, TraceSummary, ValueWithServiceIds,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// Pages read for one answer: X-Ray is asked at most twice a second.
const PAGES: u32 = 2;
/// Pages read before what is left is given up. A page costs by the traces that X-Ray looks at for it.
const MAX_PAGES: u32 = 10;
/// Traces arrive this late; younger ones are asked for with the next answer.
const LAG: SignedDuration = SignedDuration::from_secs(60);
/// Annotations of one trace that are kept.
const MAX_ANNOTATIONS: usize = 20;

/// Lists traces.
pub struct ListSource {
    conn: Conn,
    asked: Option<(Window, String)>,
    reading: Reading,
    /// What is left of this reading, next first.
    left: VecDeque<Left>,
    /// Pages of this reading so far.
    pages: u32,
}

/// A stretch that was not read to its start.
struct Left {
    asked: Stretch,
    /// Up to here it is still to be read.
    to: Timestamp,
    /// Where its pages go on; `None` before the first.
    token: Option<String>,
    /// What its pages had that is not in the list yet.
    traces: Vec<Summary>,
    scanned: u64,
}

impl Left {
    fn new(asked: Stretch) -> Self {
        Self { asked, to: asked.1, token: None, traces: Vec::new(), scanned: 0 }
    }
}

struct Page {
    traces: Vec<Summary>,
    scanned: u64,
    /// How far back it goes.
    from: Timestamp,
    token: Option<String>,
}

impl ListSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        let reading = Reading::default();
        Self { conn: conn.clone(), asked: None, reading, left: VecDeque::new(), pages: 0 }
    }

    async fn page(&self, left: &Left, expression: &str) -> Result<Page, SourceError> {
        let request = self
            .conn
            .xray()
            .get_trace_summaries()
            .start_time(seconds(left.asked.0))
            .end_time(seconds(left.asked.1))
            .set_filter_expression((!expression.is_empty()).then(|| expression.to_owned()))
            .set_next_token(left.token.clone());
        let page = self.conn.call(&GET_TRACE_SUMMARIES, request.send()).await?;
        let traces: Vec<Summary> = page.trace_summaries().iter().filter_map(summary).collect();
        // Pages run backwards in time, and each says where it starts.
        let oldest = traces.iter().map(|trace| trace.start).min();
        let from = page.approximate_time().and_then(moment).or(oldest).unwrap_or(left.to);
        Ok(Page {
            traces,
            scanned: page.traces_processed_count().and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            from: from.clamp(left.asked.0, left.to),
            token: page.next_token,
        })
    }

    /// Reads on, the next page of what is left.
    async fn read_on(&mut self, expression: &str) -> Result<(), SourceError> {
        let Some(next) = self.left.front() else { return Ok(()) };
        let page = self.page(next, expression).await?;
        let Some(mut left) = self.left.pop_front() else { return Ok(()) };
        self.pages += 1;
        left.traces.extend(page.traces);
        left.scanned += page.scanned;
        left.token = page.token;
        let done = left.token.is_none();
        let cut = !done && self.pages >= MAX_PAGES;
        // What does not touch the rest of the list yet is kept back until it does.
        if done || cut || self.reading.reaches(page.from) {
            let from = if done || cut { left.asked.0 } else { page.from };
            let traces = std::mem::take(&mut left.traces);
            self.reading.take((from, left.to), traces, left.scanned, cut.then_some(page.from));
            (left.to, left.scanned) = (page.from, 0);
        }
        if cut {
            self.left.clear();
        } else if !done {
            self.left.push_front(left);
        }
        Ok(())
    }
}

impl Source for ListSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Traces(query) = query else { return Err(internal("Traces", "not a list's question")) };
        let asked = Some((query.window, query.expression.clone()));
        if self.asked != asked {
            match &self.asked {
                Some((_, expression)) if *expression == query.expression => self.reading.go_on(),
                _ => self.reading = Reading::default(),
            }
            self.asked = asked;
            self.left.clear();
        }
        let now = ctx.now.wall;
        let (from, to) = query.window.range(now);
        let stretch = (whole(from), whole(to.min(now.checked_sub(LAG).unwrap_or(now))));
        if self.left.is_empty() {
            self.left = self.reading.missing(stretch).into_iter().map(Left::new).collect();
            self.pages = 0;
        }
        for _ in 0..PAGES {
            self.read_on(&query.expression).await?;
        }
        Ok(Payload::Traces(self.reading.list(query, stretch, !self.left.is_empty())))
    }
}

/// The service goes by whole seconds.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn summary(trace: &TraceSummary) -> Option<Summary> {
    let id = id_in(trace.id()?)?;
    // The time stands in the id, too; summaries from elsewhere may lack it.
    let in_id = || Timestamp::from_second(i64::from_str_radix(id.w3c().get(..8)?, 16).ok()?).ok();
    let outcome = if trace.has_fault() == Some(true) {
        Status::Fault
    } else if trace.has_throttle() == Some(true) {
        Status::Throttle
    } else if trace.has_error() == Some(true) {
        Status::Error
    } else {
        Status::Ok
    };
    let http = trace.http();
    let text = |text: Option<&str>| clean(text.unwrap_or_default());
    let mut services: Vec<String> =
        trace.service_ids().iter().filter_map(ServiceId::name).map(clean).collect();
    services.sort();
    services.dedup();
    let mut annotations: Vec<(String, String)> = trace
        .annotations()
        .into_iter()
        .flatten()
        .filter_map(|(key, values)| Some((clean(key), values.iter().find_map(annotation)?)))
        .collect();
    annotations.sort();
    annotations.truncate(MAX_ANNOTATIONS);
    Some(Summary {
        id,
        start: trace.start_time().and_then(moment).or_else(in_id)?,
        duration: trace.duration(),
        response_time: trace.response_time(),
        outcome,
        partial: trace.is_partial() == Some(true),
        method: text(http.and_then(Http::http_method)),
        url: text(http.and_then(Http::http_url)),
        code: http.and_then(Http::http_status),
        entry: text(trace.entry_point().and_then(ServiceId::name)),
        services,
        annotations,
        users: trace.users().iter().filter_map(|user| user.user_name()).map(clean).collect(),
        cause: trace.fault_root_causes().iter().find_map(cause),
    })
}

fn annotation(value: &ValueWithServiceIds) -> Option<String> {
    match value.annotation_value()? {
        AnnotationValue::BooleanValue(value) => Some(value.to_string()),
        AnnotationValue::NumberValue(value) => Some(value.to_string()),
        AnnotationValue::StringValue(value) => Some(clean(value)),
        _ => None,
    }
}

/// The innermost service of a chain of failures, and the exception that was thrown there.
fn cause(cause: &FaultRootCause) -> Option<String> {
    let service = cause.services().last()?;
    let name = clean(service.name()?);
    let mut exceptions = service.entity_path().iter().rev().flat_map(FaultRootCauseEntity::exceptions);
    let exception = exceptions.find_map(|exception| exception.name().or(exception.message()));
    Some(match exception {
        Some(exception) => format!("{name}: {}", clean(exception)),
        None => name,
    })
}
