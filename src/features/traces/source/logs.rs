//! `FilterLogEvents`: the lines that name a trace, in either form of its id, from all of its log groups.

use super::clean;
use crate::aws::operation::FILTER_LOG_EVENTS;
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::logs::parse;
use crate::features::traces::opened::{LogsQuery, TraceLine, TraceLogs};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use crate::text::{cap, sanitize_block};
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::Timestamp;

/// Pages per group and answer.
const MAX_PAGES: usize = 5;
/// Lines of a trace that are kept.
const MAX_LINES: usize = 500;
/// Bytes of a line that are kept; the Logs screen has the rest.
const MAX_LINE: usize = 4_096;

/// Reads the log lines of a trace.
pub struct LogsSource {
    conn: Conn,
}

impl LogsSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone() }
    }

    /// The lines of one group, and whether there are more.
    async fn group(
        &self,
        query: &LogsQuery,
        group: &str,
    ) -> Result<(Vec<(Timestamp, String)>, bool), SourceError> {
        // Hyphens need quotes; `?` makes it one or the other.
        let pattern = format!(r#"?"{}" ?"{}""#, query.id.xray(), query.id.w3c());
        let (mut lines, mut token) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self
                .conn
                .logs()
                .filter_log_events()
                .log_group_name(group)
                .filter_pattern(&pattern)
                .start_time(query.from.as_millisecond())
                .end_time(query.to.as_millisecond())
                .set_next_token(token);
            let page = self.conn.call(&FILTER_LOG_EVENTS, request.send()).await?;
            lines.extend(page.events().iter().filter_map(line));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok((lines, false));
            }
        }
        Ok((lines, true))
    }
}

impl Source for LogsSource {
    async fn poll(&mut self, query: &Query, _ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::TraceLogs(query) = query else {
            return Err(internal("TraceLogs", "not a question about a trace's logs"));
        };
        let (mut lines, mut notes, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (place, group) in query.groups.iter().enumerate() {
            match self.group(query, group).await {
                Ok((read, more)) => {
                    if more {
                        notes.push(format!("{group}: more lines than are read"));
                    }
                    lines.extend(read.into_iter().map(|(at, message)| {
                        let level = parse::facts(&message).level;
                        TraceLine { at, group: place, level, message }
                    }));
                }
                Err(error) if error.class.parks() || error.class == ErrorClass::Throttled => {
                    return Err(error);
                }
                Err(error) => {
                    notes.push(format!("{}: {}", clean(group), error.short()));
                    failed.push(error);
                }
            }
        }
        if failed.len() == query.groups.len()
            && let Some(error) = failed.into_iter().next()
        {
            return Err(error);
        }
        lines.sort_by_key(|line| line.at);
        if lines.len() > MAX_LINES {
            notes.push(format!("the first {MAX_LINES} of {} lines", lines.len()));
            lines.truncate(MAX_LINES);
        }
        Ok(Payload::TraceLogs(TraceLogs { id: query.id, groups: query.groups.clone(), lines, notes }))
    }
}

fn line(event: &FilteredLogEvent) -> Option<(Timestamp, String)> {
    let at = Timestamp::from_millisecond(event.timestamp().or(event.ingestion_time())?).ok()?;
    let message =
        sanitize_block(event.message().unwrap_or_default().trim_end_matches(['\n', '\r'])).into_owned();
    Some((at, cap(&message, MAX_LINE).0.to_owned()))
}
