//! `FilterLogEvents`: pages of at most 10,000 events or 1 MB, and now and then an empty one with a token,
//! as the service really gives: a client has to follow tokens until there is none.

use super::{bad_parameter, find, pattern::Pattern};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, object};
use crate::demo::world::LogEvent;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Events in one page.
const MOST_EVENTS: i64 = 10_000;
/// Message bytes in one page.
const MOST_BYTES: usize = 1_000_000;
/// Events looked at for one page; reached only by patterns that match rarely.
const MOST_SCANNED: usize = 50_000;
/// One first page in this many is empty.
const EMPTY_EVERY: i64 = 16;
/// How far back an open start reaches. The world has no beginning.
const LONGEST_MS: i64 = 14 * 86_400_000;
/// Newest-first reads go back in steps of this.
const BACKWARD_STEP_MS: i64 = 30_000;

/// Where a read goes on: a time, and how many events of that millisecond were already given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    at_ms: i64,
    skip: usize,
}

pub fn filter_log_events(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let group = find(ctx, input)?;
    if group.class != "STANDARD" {
        return Err(Failure::refused(
            "InvalidOperationException",
            format!("FilterLogEvents is not supported for log groups of class {}.", group.class),
        ));
    }
    let streams = input.texts("logStreamNames");
    let prefix = input.text("logStreamNamePrefix");
    if !streams.is_empty() && prefix.is_some() {
        return Err(bad_parameter("logStreamNames and logStreamNamePrefix cannot be used together."));
    }
    let limit = input.int("limit").unwrap_or(MOST_EVENTS);
    if !(1..=MOST_EVENTS).contains(&limit) {
        return Err(bad_parameter("limit must be from 1 to 10000."));
    }
    let pattern = Pattern::parse(input.text("filterPattern").unwrap_or_default())
        .map_err(|reason| bad_parameter(format!("Invalid filter pattern: {reason}")))?;
    let now = ctx.now.as_millisecond();
    let to = input.int("endTime").unwrap_or(now).min(now);
    let from = input.int("startTime").unwrap_or(0).max(now - LONGEST_MS);
    let cursor = match input.text("nextToken") {
        Some(token) => {
            Some(decode(token).ok_or_else(|| bad_parameter("The specified nextToken is invalid."))?)
        }
        None => None,
    };
    let oldest_first = input.flag("startFromHead").unwrap_or(true);
    let mut page = Page { events: Vec::new(), bytes: 0, limit: limit as usize, scanned: 0 };
    let wanted = |event: &LogEvent| {
        (streams.is_empty() || streams.contains(&event.stream.as_str()))
            && prefix.is_none_or(|prefix| event.stream.starts_with(prefix))
            && pattern.matches(&event.message)
    };
    let first_empty = cursor.is_none() && (now / 1000) % EMPTY_EVERY == 0 && from < to;
    let start = cursor.unwrap_or(Cursor { at_ms: if oldest_first { from } else { to }, skip: 0 });
    let next = if first_empty {
        Some(start)
    } else if oldest_first {
        page.fill(ctx.world.events(&group.name, start.at_ms.max(from), to, ctx.now), start.skip, wanted)
    } else {
        backward(ctx, &group.name, from, start, &mut page, wanted)
    };
    let events = page.events.into_iter().map(describe).collect::<Vec<_>>();
    let searched: Vec<Value> = Vec::new();
    Ok(object([
        ("events", events.into()),
        ("searchedLogStreams", searched.into()),
        ("nextToken", next.map(encode).into()),
    ]))
}

/// Newest first: whole steps of time are read and turned around.
fn backward(
    ctx: Ctx<'_>,
    group: &str,
    from: i64,
    start: Cursor,
    page: &mut Page,
    wanted: impl Fn(&LogEvent) -> bool,
) -> Option<Cursor> {
    let (mut to, mut skip) = (start.at_ms, start.skip);
    while to >= from {
        let since = (to - BACKWARD_STEP_MS + 1).max(from);
        let mut step: Vec<LogEvent> = ctx.world.events(group, since, to, ctx.now).collect();
        step.reverse();
        let next = page.fill(step.into_iter(), skip, &wanted);
        if next.is_some() {
            return next;
        }
        (to, skip) = (since - 1, 0);
    }
    None
}

struct Page {
    events: Vec<LogEvent>,
    bytes: usize,
    limit: usize,
    scanned: usize,
}

impl Page {
    /// Takes events until the page is full; where to go on, if events are left.
    ///
    /// `skip` counts events of the first millisecond, matching or not.
    fn fill(
        &mut self,
        events: impl Iterator<Item = LogEvent>,
        skip: usize,
        wanted: impl Fn(&LogEvent) -> bool,
    ) -> Option<Cursor> {
        let mut here = Cursor { at_ms: i64::MIN, skip: 0 };
        for (index, event) in events.enumerate() {
            here = if event.at_ms == here.at_ms {
                Cursor { skip: here.skip + 1, ..here }
            } else {
                Cursor { at_ms: event.at_ms, skip: 0 }
            };
            if index < skip {
                continue;
            }
            if self.events.len() >= self.limit || self.bytes >= MOST_BYTES || self.scanned >= MOST_SCANNED {
                return Some(here);
            }
            self.scanned += 1;
            if wanted(&event) {
                self.bytes += event.message.len() + 26;
                self.events.push(event);
            }
        }
        None
    }
}

fn describe(event: LogEvent) -> Value {
    object([
        ("logStreamName", event.stream.into()),
        ("timestamp", event.at_ms.into()),
        ("message", event.message.into()),
        ("ingestionTime", event.ingested_ms.into()),
        ("eventId", event.event_id.into()),
    ])
}

fn encode(cursor: Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("at:{}:{}", cursor.at_ms, cursor.skip))
}

fn decode(token: &str) -> Option<Cursor> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (at_ms, skip) = text.strip_prefix("at:")?.split_once(':')?;
    Some(Cursor { at_ms: at_ms.parse().ok()?, skip: skip.parse().ok()? })
}
