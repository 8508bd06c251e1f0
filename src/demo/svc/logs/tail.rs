//! Live Tail: one session's state, and its update of each second.
//!
//! An update holds what was ingested since the last one, at most 500 events, and says when it is a
//! sample. The stream around it, with its clock, is in `sim.rs`.

use super::{bad_parameter, group_arn, group_name, named, pattern::Pattern};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::LogEvent;

/// Events in one update.
const MOST_EVENTS: usize = 500;
/// Events may be this late and still be seen.
const LATEST_MS: i64 = 180_000;
/// A session ends after this.
const SESSION_MS: i64 = 3 * 3_600_000;

/// One Live Tail session.
#[derive(Debug)]
pub struct Tail {
    groups: Vec<String>,
    streams: Vec<String>,
    prefixes: Vec<String>,
    filter: Option<String>,
    pattern: Pattern,
    opened_ms: i64,
    seen_ms: i64,
}

impl Tail {
    /// Opens a session, with AWS's limits.
    pub fn open(ctx: Ctx<'_>, input: &Value) -> Result<Self, Failure> {
        let identifiers = input.texts("logGroupIdentifiers");
        if !(1..=10).contains(&identifiers.len()) {
            return Err(bad_parameter("logGroupIdentifiers must have from 1 to 10 elements."));
        }
        let mut groups = Vec::with_capacity(identifiers.len());
        for identifier in identifiers {
            if !identifier.starts_with("arn:") || identifier.ends_with(":*") {
                return Err(bad_parameter(format!(
                    "{identifier} is not the ARN of a log group without a trailing :*."
                )));
            }
            let group = named(ctx, group_name(identifier))?;
            if group.class != "STANDARD" {
                return Err(Failure::refused(
                    "InvalidOperationException",
                    format!("Live Tail is not supported for log groups of class {}.", group.class),
                ));
            }
            groups.push(group.name.clone());
        }
        let owned = |name: &str| input.texts(name).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let (streams, prefixes) = (owned("logStreamNames"), owned("logStreamNamePrefixes"));
        if !(streams.is_empty() && prefixes.is_empty()) && groups.len() > 1 {
            return Err(bad_parameter("Streams can be chosen only with exactly one log group."));
        }
        if !streams.is_empty() && !prefixes.is_empty() {
            return Err(bad_parameter("logStreamNames and logStreamNamePrefixes cannot be used together."));
        }
        let filter = input.text("logEventFilterPattern").map(str::to_owned);
        let pattern = Pattern::parse(filter.as_deref().unwrap_or_default())
            .map_err(|reason| bad_parameter(format!("Invalid filter pattern: {reason}")))?;
        let opened_ms = ctx.now.as_millisecond();
        Ok(Self { groups, streams, prefixes, filter, pattern, opened_ms, seen_ms: opened_ms })
    }

    /// The session's first event.
    pub fn session_start(&self, ctx: Ctx<'_>, request_id: &str, session_id: &str) -> Value {
        object([
            ("requestId", request_id.to_owned().into()),
            ("sessionId", session_id.to_owned().into()),
            ("logGroupIdentifiers", list(self.groups.iter().map(|group| group_arn(ctx, group)))),
            ("logStreamNames", list(&self.streams)),
            ("logStreamNamePrefixes", list(&self.prefixes)),
            ("logEventFilterPattern", self.filter.clone().unwrap_or_default().into()),
        ])
    }

    /// What was ingested since the last update; `None` when the session's three hours are over.
    pub fn update(&mut self, ctx: Ctx<'_>) -> Option<Value> {
        let now = ctx.now.as_millisecond();
        if now - self.opened_ms > SESSION_MS {
            return None;
        }
        let since = std::mem::replace(&mut self.seen_ms, now);
        let mut found: Vec<(&str, LogEvent)> = Vec::new();
        for group in &self.groups {
            let events = ctx.world.events(group, since - LATEST_MS, now, ctx.now);
            found.extend(
                events.filter(|event| self.wants(event, since, now)).map(|event| (group.as_str(), event)),
            );
        }
        found.sort_by_key(|(_, event)| event.ingested_ms);
        let sampled = found.len() > MOST_EVENTS;
        let step = found.len().div_ceil(MOST_EVENTS).max(1);
        let results = found.into_iter().step_by(step).map(|(group, event)| {
            object([
                ("logStreamName", event.stream.into()),
                ("logGroupIdentifier", group_arn(ctx, group).into()),
                ("message", event.message.into()),
                ("timestamp", event.at_ms.into()),
                ("ingestionTime", event.ingested_ms.into()),
            ])
        });
        Some(object([
            ("sessionMetadata", object([("sampled", sampled.into())])),
            ("sessionResults", list(results)),
        ]))
    }

    fn wants(&self, event: &LogEvent, since: i64, now: i64) -> bool {
        event.ingested_ms > since
            && event.ingested_ms <= now
            && (self.streams.is_empty() || self.streams.contains(&event.stream))
            && (self.prefixes.is_empty()
                || self.prefixes.iter().any(|prefix| event.stream.starts_with(prefix)))
            && self.pattern.matches(&event.message)
    }
}
