//! CloudWatch Logs on the wire: `FilterLogEvents` as a tail, `DescribeLogGroups` for the picker.
//!
//! The only SDK code of this feature. [`TailCursor`] says what to ask; here it is asked, sanitized and
//! parsed. A batch that may not have arrived (the screen was left, the question changed) is sent again
//! with the next one: the store knows lines by id, so twice is harmless and never is a hole.

use super::model::{
    Batch, EventId, Gap, GroupClass, GroupId, GroupList, LogEvent, LogGroup, Mode, TailQuery, TailStatus,
};
use super::parse;
use super::tail::{Ask, Part, TailCursor, Window};
use crate::app;
use crate::aws::operation::{DESCRIBE_LOG_GROUPS, FILTER_LOG_EVENTS};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use crate::text::{sanitize, sanitize_block};
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, LogGroup as SdkGroup, LogGroupClass};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;

/// Pages of new lines per group and poll; what is left comes with the next poll.
const TAIL_PAGES: u32 = 6;
/// Pages of history per group and poll, once the newest lines are on the screen.
const BACKFILL_PAGES: u32 = 4;
/// Lines after which a poll reads no further page: what the store takes in well under 2 ms.
const BATCH_EVENTS: usize = 10_000;
/// Pages of groups per poll, so that the picker fills while it is open. A page has 50.
const GROUP_PAGES: u32 = 8;
/// A complete list is not read again so soon.
const JUST_READ: SignedDuration = SignedDuration::from_secs(5);
/// Names of streams that are kept to be shared by their lines; beyond it the keeping begins anew.
const MAX_STREAMS: usize = 10_000;
/// More groups than this are not listed.
const MAX_GROUPS: usize = 10_000;

/// Tails log groups.
pub struct TailSource {
    conn: Conn,
    query: Option<TailQuery>,
    cursor: TailCursor,
    outbox: Outbox,
    streams: HashSet<Arc<str>>,
    /// The newest event so far, and how long it took to arrive.
    newest: Option<(Timestamp, SignedDuration)>,
}

/// What was read and may not have reached the store yet.
#[derive(Default)]
struct Outbox {
    events: Vec<LogEvent>,
    gaps: Vec<Gap>,
    /// The store must forget what it has.
    fresh: bool,
    /// The last poll returned these.
    sent: bool,
}

/// Counts of one poll.
#[derive(Default)]
struct Tally {
    pages: u32,
    repeated: u32,
}

impl TailSource {
    /// A tail over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self {
            conn: conn.clone(),
            query: None,
            cursor: TailCursor::default(),
            outbox: Outbox::default(),
            streams: HashSet::new(),
            newest: None,
        }
    }

    /// Decides whether this goes on from the last poll or begins anew. Returns whether it is the first
    /// poll of a reading.
    fn begin(&mut self, query: &TailQuery) -> bool {
        let first = !self.query.as_ref().is_some_and(|last| query.continues(last));
        if first {
            self.cursor = TailCursor::default();
            self.streams.clear();
            self.outbox = Outbox { fresh: true, ..Outbox::default() };
            self.newest = None;
        } else if self.outbox.sent && self.query.as_ref() == Some(query) {
            // Asked the same again without a pause: the last answer was taken.
            self.outbox = Outbox::default();
        }
        self.outbox.sent = false;
        self.query = Some(query.clone());
        first
    }

    async fn read(
        &mut self,
        group: (GroupId, &Arc<str>),
        part: Part,
        pages: u32,
        (window, now): (Window, Timestamp),
        tally: &mut Tally,
    ) -> Result<(), SourceError> {
        for _ in 0..pages {
            if self.outbox.events.len() >= BATCH_EVENTS {
                return Ok(());
            }
            let Some(ask) = self.cursor.ask(group.1, part, window, now) else { return Ok(()) };
            let had_token = ask.token.is_some();
            let page = match self.page(group.1, ask).await {
                Ok(page) => page,
                Err(error) => {
                    if had_token && error.class == ErrorClass::Invalid {
                        self.cursor.restart(group.1, part);
                    }
                    return Err(error);
                }
            };
            tally.pages += 1;
            self.take(group, part, &page, tally);
            let token = page.next_token().map(str::to_owned);
            let more = token.is_some();
            self.outbox.gaps.extend(self.cursor.page(group.1, part, token));
            if !more {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn page(&self, group: &Arc<str>, ask: Ask) -> Result<FilterLogEventsOutput, SourceError> {
        let request = self.conn.logs().filter_log_events();
        let request = if group.starts_with("arn:") {
            request.log_group_identifier(group.as_ref())
        } else {
            request.log_group_name(group.as_ref())
        };
        let request = request
            .start_time(ask.start.as_millisecond())
            .set_end_time(ask.end.map(Timestamp::as_millisecond))
            .set_start_from_head(ask.newest_first.then_some(false))
            .set_next_token(ask.token);
        self.conn.call(&FILTER_LOG_EVENTS, request.send()).await
    }

    fn take(
        &mut self,
        group: (GroupId, &Arc<str>),
        part: Part,
        page: &FilterLogEventsOutput,
        tally: &mut Tally,
    ) {
        let events = page.events();
        let stamp = |event: Option<&FilteredLogEvent>| event.and_then(FilteredLogEvent::timestamp);
        // Lines of one millisecond keep their order only if the page runs forward in time.
        let backward = stamp(events.first()) > stamp(events.last());
        let forward: Vec<&FilteredLogEvent> =
            if backward { events.iter().rev().collect() } else { events.iter().collect() };
        for event in forward {
            match self.event(group, part, event) {
                Some(event) => {
                    let took = event.ingested.duration_since(event.timestamp).max(SignedDuration::ZERO);
                    self.newest = self.newest.max(Some((event.timestamp, took)));
                    self.outbox.events.push(event);
                }
                None => tally.repeated += 1,
            }
        }
    }

    /// A line that was not read before, safe to show.
    fn event(
        &mut self,
        (group, name): (GroupId, &Arc<str>),
        part: Part,
        event: &FilteredLogEvent,
    ) -> Option<LogEvent> {
        let millis = |value: Option<i64>| value.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let ingested = millis(event.ingestion_time());
        let timestamp = millis(event.timestamp()).or(ingested)?;
        let ingested = ingested.unwrap_or(timestamp);
        let raw = event.message().unwrap_or_default();
        let stream = event.log_stream_name().unwrap_or_default();
        let id = match event.event_id() {
            Some(id) => EventId::from_parts(&[name.as_bytes(), id.as_bytes()]),
            None => EventId::from_parts(&[
                name.as_bytes(),
                stream.as_bytes(),
                &timestamp.as_millisecond().to_be_bytes(),
                &ingested.as_millisecond().to_be_bytes(),
                raw.as_bytes(),
            ]),
        };
        let late = self.cursor.admit(name, part, id, timestamp, ingested)?;
        let message: Arc<str> = sanitize_block(raw.trim_end_matches(['\n', '\r'])).into();
        let facts = parse::facts(&message);
        Some(LogEvent { group, stream: self.stream(stream), id, timestamp, ingested, message, late, facts })
    }

    fn stream(&mut self, name: &str) -> Arc<str> {
        let name = sanitize(name);
        if let Some(known) = self.streams.get(name.as_ref()) {
            return Arc::clone(known);
        }
        // Short-lived tasks bring new names for ever. Lines keep the names that they have.
        if self.streams.len() >= MAX_STREAMS {
            self.streams.clear();
        }
        let name: Arc<str> = name.into();
        self.streams.insert(Arc::clone(&name));
        name
    }

    fn batch(&mut self, groups: &[Arc<str>], tally: &Tally, failed: Vec<(Arc<str>, SourceError)>) -> Batch {
        self.outbox.sent = true;
        let read = || groups.iter().filter(|name| !failed.iter().any(|(group, _)| group == *name));
        let lag = self.newest.map(|(_, took)| took);
        Batch {
            fresh: self.outbox.fresh,
            groups: groups.iter().map(|name| sanitize(name).into()).collect(),
            events: self.outbox.events.clone(),
            gaps: self.outbox.gaps.clone(),
            status: TailStatus {
                mode: Mode::Poll,
                covered_from: self.cursor.covered_from(read()),
                watermark: self.cursor.watermark(),
                lag,
                pages: tally.pages,
                repeated: tally.repeated,
                rest_pending: self.cursor.rest_pending(read()),
                failed,
            },
        }
    }
}

impl Source for TailSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::LogTail(query) = query else { return Err(internal("LogTail", "not a tail's question")) };
        let now = ctx.now.wall;
        let (start, end) = query.window.range(now);
        let fixed = matches!(query.window, app::Window::Frozen { .. });
        let time = (Window { start, end: fixed.then_some(end) }, now);
        // The first answer is small, so that there is something to read soon.
        let backfill = if self.begin(query) { 1 } else { BACKFILL_PAGES };
        let mut tally = Tally::default();
        let mut failed: Vec<(Arc<str>, SourceError)> = Vec::new();
        for (part, pages) in [(Part::Tail, TAIL_PAGES), (Part::Backfill, backfill)] {
            for (name, id) in query.groups.iter().zip(0..) {
                if failed.iter().any(|(group, _)| group == name) {
                    continue;
                }
                if let Err(error) = self.read((GroupId(id), name), part, pages, time, &mut tally).await {
                    // What stops one call for who we are or how fast we ask stops the next one too.
                    if error.class.parks() || error.class == ErrorClass::Throttled {
                        return Err(error);
                    }
                    failed.push((Arc::clone(name), error));
                }
            }
        }
        match failed.first() {
            Some((_, error)) if failed.len() == query.groups.len() => Err(error.clone()),
            _ => Ok(Payload::LogBatch(self.batch(&query.groups, &tally, failed))),
        }
    }

    async fn close(&mut self) {
        // The last answer may have been ignored because nobody looked any more.
        self.outbox.sent = false;
    }
}

/// Lists log groups, some pages per poll.
pub struct GroupsSource {
    conn: Conn,
    reading: Vec<LogGroup>,
    token: Option<String>,
    /// The last complete list, shown while the next one is read, and when it was read.
    known: GroupList,
    read_at: Option<Timestamp>,
}

impl GroupsSource {
    /// A list over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self {
            conn: conn.clone(),
            reading: Vec::new(),
            token: None,
            known: GroupList::default(),
            read_at: None,
        }
    }
}

impl Source for GroupsSource {
    async fn poll(&mut self, _query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        // The last page of a long list was asked for in haste; the poll right after it was too.
        let age = self.read_at.map(|at| ctx.now.wall.duration_since(at));
        if age.is_some_and(|age| age >= SignedDuration::ZERO && age < JUST_READ) {
            return Ok(Payload::LogGroups(self.known.clone()));
        }
        for _ in 0..GROUP_PAGES {
            let request = self.conn.logs().describe_log_groups().limit(50).set_next_token(self.token.clone());
            let page = match self.conn.call(&DESCRIBE_LOG_GROUPS, request.send()).await {
                Ok(page) => page,
                Err(error) => {
                    // A token that expired must not be asked for ever.
                    if error.class == ErrorClass::Invalid {
                        (self.token, self.reading) = (None, Vec::new());
                    }
                    return Err(error);
                }
            };
            self.reading.extend(page.log_groups().iter().filter_map(group));
            let next = page.next_token().map(str::to_owned).filter(|next| Some(next) != self.token.as_ref());
            let truncated = next.is_some() && self.reading.len() >= MAX_GROUPS;
            self.token = if truncated { None } else { next };
            if self.token.is_none() {
                let mut groups = std::mem::take(&mut self.reading);
                groups.sort_by(|a, b| a.name.cmp(&b.name));
                groups.dedup_by(|a, b| a.name == b.name);
                self.known = GroupList { groups, complete: true, truncated };
                self.read_at = Some(ctx.now.wall);
                return Ok(Payload::LogGroups(self.known.clone()));
            }
        }
        if self.known.complete {
            return Ok(Payload::LogGroups(self.known.clone()));
        }
        Ok(Payload::LogGroups(GroupList { groups: self.reading.clone(), complete: false, truncated: false }))
    }
}

fn group(group: &SdkGroup) -> Option<LogGroup> {
    let name = sanitize(group.log_group_name()?);
    Some(LogGroup {
        name: name.into(),
        arn: group.log_group_arn().map(|arn| sanitize(arn).into_owned()),
        class: match group.log_group_class() {
            None | Some(LogGroupClass::Standard) => GroupClass::Standard,
            Some(LogGroupClass::InfrequentAccess) => GroupClass::InfrequentAccess,
            Some(LogGroupClass::Delivery) => GroupClass::Delivery,
            Some(other) => GroupClass::Other(sanitize(other.as_str()).into_owned()),
        },
        stored_bytes: group.stored_bytes().and_then(|bytes| u64::try_from(bytes).ok()),
        retention_days: group.retention_in_days().and_then(|days| u32::try_from(days).ok()),
    })
}
