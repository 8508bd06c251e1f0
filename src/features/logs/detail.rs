//! One event in full: where it is from, when, what it belongs to, and its whole text, JSON indented.

use super::model::{Format, LogEvent, TraceId};
use super::parse::{json, request_id};
use super::pattern::Pattern;
use super::row::{Line, Segment, highlighted, level_role, time};
use crate::text::{Zone, sanitize_block};
use crate::theme::Role;

/// Lines of text that the detail view holds at most; a line of a log can be a megabyte of brackets.
const MAX_LINES: usize = 20_000;

/// The lines of the detail view, not yet wrapped. `missing` is the theme's glyph for no value.
pub fn lines(
    event: &LogEvent,
    group: &str,
    zone: &Zone,
    pattern: Option<&Pattern>,
    missing: &str,
) -> Vec<Line> {
    let delay = event.ingested.duration_since(event.timestamp);
    let late = if event.late { format!(", {} s after it happened", delay.as_secs()) } else { String::new() };
    let level = event.facts.level;
    let or_missing = |value: Option<String>| value.unwrap_or_else(|| missing.to_owned());
    let facts = [
        ("time", time(event.timestamp, zone, true), Role::Text),
        (
            "ingested",
            time(event.ingested, zone, true) + &late,
            if event.late { Role::Warn } else { Role::Text },
        ),
        ("level", or_missing(level.map(|level| level.word().to_owned())), level_role(level)),
        ("group", group.to_owned(), Role::Text),
        ("stream", event.stream.to_string(), Role::Text),
        ("trace", or_missing(event.facts.trace.map(TraceId::xray)), Role::Text),
        ("request", or_missing(request_id(&event.message)), Role::Text),
    ];
    let facts = facts.into_iter().map(|(name, value, role)| {
        vec![Segment::new(format!("{name:<9} "), Role::Dim), Segment::new(value, role)]
    });
    let text = text(event);
    let text = text.lines().take(MAX_LINES).map(|line| {
        let line = vec![Segment::new(line, Role::Text)];
        match pattern {
            Some(pattern) => highlighted(&line, pattern),
            None => line,
        }
    });
    facts.chain([Line::new()]).chain(text).collect()
}

/// The whole text of an event, as `y` copies it: JSON indented, anything else as it came.
pub fn text(event: &LogEvent) -> String {
    match event.facts.format {
        // Indenting moves white space only, but costs nothing to check again before it is shown.
        Format::Json => sanitize_block(&json::pretty(&event.message)).into_owned(),
        Format::Text => event.message.to_string(),
    }
}
