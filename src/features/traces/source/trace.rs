//! `BatchGetTraces`: the documents of traces, five at a time, put together.

use crate::aws::operation::BATCH_GET_TRACES;
use crate::aws::{Conn, SourceError};
use crate::features::traces::model::{Trace, TraceId, id_in};
use crate::features::traces::opened::{TraceRead, began};
use crate::features::traces::read;
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use aws_sdk_xray::types::Segment;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Traces of one request.
const BATCH: usize = 5;
/// Pages of one request.
const MAX_PAGES: usize = 20;
/// What is not complete is read again this often, beside the first time.
const MAX_REPEATS: u32 = 6;
/// Segments of a request that is older than this are not waited for.
const SETTLED: SignedDuration = SignedDuration::from_mins(10);
/// A complete trace is not read again so soon: a repeat was due when it turned out complete.
const JUST_READ: SignedDuration = SignedDuration::from_secs(15);

/// Reads one trace.
pub struct TraceSource {
    conn: Conn,
    last: Option<Last>,
}

struct Last {
    read: TraceRead,
    repeats: u32,
    at: Timestamp,
}

impl TraceSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), last: None }
    }
}

impl Source for TraceSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Trace(query) = query else { return Err(internal("Trace", "not a trace's question")) };
        let now = ctx.now.wall;
        let last = self.last.take().filter(|last| last.read.id == query.id);
        if let Some(last) = last {
            let age = now.duration_since(last.at);
            let fresh = age >= SignedDuration::ZERO && age < JUST_READ;
            let repeats = last.repeats;
            if fresh && !last.read.unfinished {
                let read = last.read.clone();
                self.last = Some(last);
                return Ok(Payload::Trace(read));
            }
            return self.read(query.id, repeats + 1, now).await;
        }
        self.read(query.id, 0, now).await
    }
}

impl TraceSource {
    async fn read(&mut self, id: TraceId, repeats: u32, now: Timestamp) -> Result<Payload, SourceError> {
        let trace = traces(&self.conn, &[id]).await?.remove(&id);
        // Segments arrive some seconds after what they tell of.
        let young = || began(id, now).is_none_or(|at| now.duration_since(at) < SETTLED);
        let incomplete = trace.as_ref().is_none_or(Trace::in_progress) && young();
        let unfinished = incomplete && repeats < MAX_REPEATS;
        let read = TraceRead { id, trace: trace.map(Arc::new), unfinished };
        self.last = Some(Last { read: read.clone(), repeats, at: now });
        Ok(Payload::Trace(read))
    }
}

/// The traces that X-Ray has by these ids, assembled.
///
/// # Errors
/// What the service or the way to it answered.
pub async fn traces(conn: &Conn, ids: &[TraceId]) -> Result<BTreeMap<TraceId, Trace>, SourceError> {
    let mut found = BTreeMap::new();
    let mut again = Vec::new();
    for batch in ids.chunks(BATCH) {
        again.extend(fetch(conn, batch, &mut found).await?);
    }
    // What was left unprocessed is asked for once more; what then is, X-Ray does not have.
    for batch in again.chunks(BATCH) {
        fetch(conn, batch, &mut found).await?;
    }
    Ok(found)
}

/// Reads a batch; the ids that were not processed.
async fn fetch(
    conn: &Conn,
    ids: &[TraceId],
    found: &mut BTreeMap<TraceId, Trace>,
) -> Result<Vec<TraceId>, SourceError> {
    let (mut unprocessed, mut token) = (Vec::new(), None);
    let mut documents: BTreeMap<TraceId, (Vec<String>, bool)> = BTreeMap::new();
    for _ in 0..MAX_PAGES {
        let ids = ids.iter().map(|id| id.xray()).collect();
        let request = conn.xray().batch_get_traces().set_trace_ids(Some(ids)).set_next_token(token);
        let page = conn.call(&BATCH_GET_TRACES, request.send()).await?;
        unprocessed.extend(page.unprocessed_trace_ids().iter().filter_map(|id| id_in(id)));
        for trace in page.traces.unwrap_or_default() {
            let Some(id) = trace.id().and_then(id_in) else { continue };
            let (texts, limited) = documents.entry(id).or_default();
            *limited |= trace.limit_exceeded() == Some(true);
            texts
                .extend(trace.segments.unwrap_or_default().into_iter().filter_map(|it: Segment| it.document));
        }
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    for (id, (texts, limited)) in documents {
        if texts.is_empty() {
            continue;
        }
        let mut trace = read::trace(Some(id), texts.iter().map(String::as_str));
        trace.limit_exceeded |= limited;
        if token.is_some() && trace.problems.len() < Trace::MAX_PROBLEMS {
            trace.problems.push("more pages of segments than are read".to_owned());
        }
        found.insert(id, trace);
    }
    Ok(unprocessed)
}
