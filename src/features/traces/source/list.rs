//! `GetTraceSummaries`: the traces of a window, each stretch of time asked for once.

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

/// Pages of one answer. A page costs by the traces that X-Ray looks at for it.
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
}

/// What one stretch had.
#[derive(Default)]
struct Part {
    traces: Vec<Summary>,
    scanned: u64,
    /// How far back it was read, when pages ran out.
    reached: Option<Timestamp>,
}

impl ListSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), asked: None, reading: Reading::default() }
    }

    async fn read(&self, stretch: Stretch, expression: &str, pages: &mut u32) -> Result<Part, SourceError> {
        let (mut part, mut token, mut newest) = (Part::default(), None, stretch.1);
        loop {
            let request = self
                .conn
                .xray()
                .get_trace_summaries()
                .start_time(seconds(stretch.0))
                .end_time(seconds(stretch.1))
                .set_filter_expression((!expression.is_empty()).then(|| expression.to_owned()))
                .set_next_token(token.take());
            let page = self.conn.call(&GET_TRACE_SUMMARIES, request.send()).await?;
            *pages += 1;
            part.scanned += page.traces_processed_count().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
            part.traces.extend(page.trace_summaries().iter().filter_map(summary));
            // Pages run backwards in time, and each says where it starts.
            let oldest = part.traces.iter().map(|trace| trace.start).min();
            newest = page.approximate_time().and_then(moment).or(oldest).unwrap_or(newest);
            token = page.next_token;
            if token.is_none() {
                return Ok(part);
            }
            if *pages >= MAX_PAGES {
                part.reached = Some(newest);
                return Ok(part);
            }
        }
    }
}

impl Source for ListSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Traces(query) = query else { return Err(internal("Traces", "not a list's question")) };
        let asked = (query.window, query.expression.clone());
        match &self.asked {
            Some((_, expression)) if *expression != query.expression => self.reading = Reading::default(),
            Some((window, _)) if *window != query.window => self.reading.go_on(),
            _ => {}
        }
        self.asked = Some(asked);
        let now = ctx.now.wall;
        let (from, to) = query.window.range(now);
        let stretch = (whole(from), whole(to.min(now.checked_sub(LAG).unwrap_or(now))));
        let (mut pages, mut pending) = (0, false);
        for part in self.reading.missing(stretch) {
            if pages >= MAX_PAGES {
                pending = true;
                break;
            }
            let read = self.read(part, &query.expression, &mut pages).await?;
            let cut = read.reached.is_some();
            self.reading.take(part, read.traces, read.scanned, read.reached);
            if cut {
                break;
            }
        }
        Ok(Payload::Traces(self.reading.list(query, stretch, pending)))
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
