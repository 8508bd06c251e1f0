//! `LookupEvents`: the only SDK code of this feature.
//!
//! AWS answers two requests a second for everybody in an account and region, so one is in flight, what was
//! read is remembered, and a poll asks each stream for one page at most: the next poll goes on. The newest
//! events are read again every minute at most.

use super::model::{Ask, Batch, By, Event, KEPT, Reach, TrailQuery, mark};
use super::record::{Outline, Shared, read};
use super::trail::{MAX_BYTES, MAX_EVENTS};
use super::walk::Coverage;
use crate::aws::operation::LOOKUP_EVENTS;
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Events on a page: as many as AWS gives.
const PAGE: i32 = 50;
/// Streams that are remembered.
const MOST_STREAMS: usize = 64;
/// Services that write their events in one region whatever region they are called from.
const GLOBAL_SERVICES: [&str; 7] = [
    "iam.amazonaws.com",
    "signin.amazonaws.com",
    "route53.amazonaws.com",
    "cloudfront.amazonaws.com",
    "organizations.amazonaws.com",
    "globalaccelerator.amazonaws.com",
    "sso.amazonaws.com",
];

/// Reads a target's trail.
pub struct TrailSource {
    conn: Conn,
    streams: BTreeMap<Ask, Stream>,
    shared: Shared,
    /// All events in the order in which they came, with their numbers.
    sent: Vec<(u64, Arc<Event>)>,
    /// Their ids, by [`mark`].
    known: std::collections::HashSet<u64>,
    bytes: usize,
    next: u64,
    /// The number after the last one that was handed over.
    handed: u64,
    /// Hand over everything.
    again: bool,
    /// How many answers did not arrive, as the store has it.
    missed: u32,
}

#[derive(Default)]
struct Stream {
    coverage: Coverage,
    problem: Option<SourceError>,
    /// Not asked before then, after a problem.
    rests_until: Duration,
    /// Not read further back: there is no room.
    full: bool,
}

impl TrailSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self {
            conn: conn.clone(),
            streams: BTreeMap::new(),
            shared: Shared::default(),
            sent: Vec::new(),
            known: std::collections::HashSet::new(),
            bytes: 0,
            next: 0,
            handed: 0,
            again: true,
            missed: 0,
        }
    }

    /// Reads one page of a stream, if there is one to read. Says whether it asked.
    async fn step(&mut self, ask: &Ask, span: (i64, i64), ctx: &SourceCtx) -> Result<bool, SourceError> {
        let now = ctx.now.wall.as_second();
        let full = self.known.len() >= MAX_EVENTS || self.bytes >= MAX_BYTES;
        let stream = self.streams.entry(ask.clone()).or_default();
        // A walk through time that nobody looks at any more.
        if stream.coverage.walk.as_ref().is_some_and(|walk| walk.reached < span.0 || walk.span.0 > span.1) {
            stream.coverage.walk = None;
        }
        stream.full = full;
        if stream.coverage.walk.is_none() {
            let Some(span) = stream.coverage.next(span, now) else { return Ok(false) };
            // With no room left only what is new is read.
            let newest = stream.coverage.head_read().is_none_or(|at| span.1 > at);
            if full && !newest {
                return Ok(false);
            }
            stream.coverage.begin(span, now);
        }
        let Some(walk) = stream.coverage.walk.clone() else { return Ok(false) };
        let conn = match &ask.region {
            Some(region) => self.conn.in_region(region).await,
            None => self.conn.clone(),
        };
        let request = conn
            .cloudtrail()
            .lookup_events()
            .set_lookup_attributes(attribute(&ask.by).map(|attribute| vec![attribute]))
            .start_time(DateTime::from_secs(walk.span.0))
            .end_time(DateTime::from_secs(walk.span.1))
            .max_results(PAGE)
            .set_next_token(walk.token.clone());
        let page = match conn.call(&LOOKUP_EVENTS, request.send()).await {
            Ok(page) => page,
            Err(error) => {
                // A token that is not taken any more: the rest is asked for anew.
                if error.class == ErrorClass::Invalid
                    && let Some(stream) = self.streams.get_mut(ask)
                {
                    stream.coverage.walk = None;
                }
                return Err(error);
            }
        };
        let region = conn.region().unwrap_or_default();
        let oldest = self.take(&page, &region, ask.by == By::GlobalWrites);
        if let Some(stream) = self.streams.get_mut(ask) {
            stream.coverage.page(oldest, page.next_token().map(str::to_owned));
            if full {
                stream.coverage.stop();
            }
        }
        Ok(true)
    }

    /// Keeps the events of a page; the second of the oldest one.
    fn take(&mut self, page: &LookupEventsOutput, region: &str, only_global: bool) -> Option<i64> {
        let mut oldest = None;
        for event in page.events() {
            let at = event.event_time().and_then(|at| Timestamp::from_second(at.secs()).ok());
            let Some(at) = at else { continue };
            oldest = Some(oldest.map_or(at.as_second(), |oldest: i64| oldest.min(at.as_second())));
            let source = event.event_source().unwrap_or_default();
            let id = event.event_id().unwrap_or_default();
            if self.known.contains(&mark(id)) || only_global && !GLOBAL_SERVICES.contains(&source) {
                continue;
            }
            let outline = Outline {
                id,
                at,
                name: event.event_name().unwrap_or_default(),
                source,
                username: event.username(),
                key: event.access_key_id(),
                read: event.read_only() == Some("true"),
                resources: event
                    .resources()
                    .iter()
                    .map(|on| {
                        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                        (text(on.resource_type()), text(on.resource_name()))
                    })
                    .collect(),
                record: event.cloud_trail_event().unwrap_or_default(),
                region,
            };
            let event = Arc::new(read(&outline, &mut self.shared));
            if !self.known.insert(mark(&event.id)) {
                continue;
            }
            self.bytes += event.cost();
            self.sent.push((self.next, event));
            self.next += 1;
        }
        self.trim();
        oldest
    }

    /// Forgets the oldest events beyond what the store keeps.
    fn trim(&mut self) {
        if self.known.len() <= MAX_EVENTS && self.bytes <= MAX_BYTES {
            return;
        }
        let mut times: Vec<Timestamp> = self.sent.iter().map(|(_, event)| event.at).collect();
        times.sort_unstable();
        // Some more than must go, so that this is not done for every page.
        let Some(oldest) = times.get(times.len() / 50).copied() else { return };
        self.sent.retain(|(_, event)| {
            let keep = event.at > oldest;
            if !keep {
                self.known.remove(&mark(&event.id));
                self.bytes = self.bytes.saturating_sub(event.cost());
            }
            keep
        });
    }

    fn reach(&self, ask: &Ask, span: (i64, i64), now: i64) -> Reach {
        let stream = self.streams.get(ask);
        let time = |at: Option<i64>| at.and_then(|at| Timestamp::from_second(at).ok());
        let coverage = stream.map(|stream| &stream.coverage);
        let problem = stream.and_then(|stream| stream.problem.clone());
        let full = stream.is_some_and(|stream| stream.full);
        let rest = coverage.is_none_or(|it| it.walk.is_some() || it.next(span, now).is_some());
        Reach {
            ask: ask.clone(),
            region: ask.region.clone().or_else(|| self.conn.region()).unwrap_or_default(),
            wanted: (time(Some(span.0)).unwrap_or_default(), time(Some(span.1)).unwrap_or_default()),
            back_to: time(coverage.and_then(|it| it.back_to(span, now))),
            read_at: time(coverage.and_then(Coverage::head_read)),
            done: !rest || full || problem.is_some(),
            full: full && rest,
            problem,
        }
    }
}

impl Source for TrailSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Trail(query) = query else { return Err(internal("Trail", "asked for something else")) };
        if query.missed != self.missed {
            (self.missed, self.again) = (query.missed, true);
        }
        let (from, to) = query.window.range(ctx.now.wall);
        let oldest = ctx.now.wall.checked_sub(KEPT).unwrap_or(from);
        let span = (from.max(oldest).as_second(), to.min(ctx.now.wall).as_second());
        if self.streams.len() > MOST_STREAMS {
            self.streams.retain(|ask, _| query.asks.contains(ask));
        }
        let since = ctx.now.since_start;
        let rests = |stream: Option<&Stream>| stream.is_some_and(|stream| stream.rests_until > since);
        // When all of them rest it is the poller that waits: its turn is a try.
        let all_rest = query.asks.iter().all(|ask| rests(self.streams.get(ask)));
        let mut first_error = None;
        let mut failed = 0;
        for ask in &query.asks {
            if !all_rest && rests(self.streams.get(ask)) {
                failed += 1;
                continue;
            }
            let result = self.step(ask, span, ctx).await;
            let stream = self.streams.entry(ask.clone()).or_default();
            match result {
                Ok(true) => stream.problem = None,
                // Nothing was asked: what is known of an old problem stays.
                Ok(false) => failed += usize::from(stream.problem.is_some()),
                // Elsewhere a region may only not be switched on for this account.
                Err(error) if error.class.parks() && ask.region.is_none() => return Err(error),
                Err(error) => {
                    stream.rests_until = since + rest(error.class);
                    stream.problem = Some(error.clone());
                    failed += 1;
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if failed == query.asks.len() => Err(error),
            _ => Ok(Payload::Trail(self.hand_over(query, span, ctx.now.wall.as_second()))),
        }
    }

    /// Nothing to end. An answer that is not taken is missed by the store, which asks for everything again.
    async fn close(&mut self) {}
}

impl TrailSource {
    fn hand_over(&mut self, query: &TrailQuery, span: (i64, i64), now: i64) -> Batch {
        let whole = std::mem::take(&mut self.again);
        let first = if whole { 0 } else { self.handed };
        let new = self.sent.iter().filter(|(number, _)| *number >= first);
        let events = new.map(|(_, event)| Arc::clone(event)).collect();
        let reaches = query.asks.iter().map(|ask| self.reach(ask, span, now)).collect();
        self.handed = self.next;
        Batch { first, next: self.next, whole, events, reaches }
    }
}

/// How long a stream is left alone after a problem, while others go on.
fn rest(class: ErrorClass) -> Duration {
    match class {
        ErrorClass::Denied | ErrorClass::NotEnabled | ErrorClass::BadKeys => Duration::from_mins(10),
        ErrorClass::Throttled => Duration::from_secs(10),
        _ => Duration::from_mins(1),
    }
}

fn attribute(by: &By) -> Option<LookupAttribute> {
    let (key, value) = match by {
        By::Writes | By::GlobalWrites => (LookupAttributeKey::ReadOnly, "false"),
        By::User(name) => (LookupAttributeKey::Username, name.as_str()),
        By::Key(id) => (LookupAttributeKey::AccessKeyId, id.as_str()),
        By::Resource(name) => (LookupAttributeKey::ResourceName, name.as_str()),
    };
    LookupAttribute::builder().attribute_key(key).attribute_value(value).build().ok()
}
