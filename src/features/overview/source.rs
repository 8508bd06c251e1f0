//! Traffic of the services on screen, by one `GetMetricData`. Nothing else is asked here.

use super::traffic::{Traffic, TrafficList};
use crate::aws::{Conn, SourceError};
use crate::features::metrics::{period_for, source::fetch};
use crate::features::{Payload, Query, Source, SourceCtx, internal};

/// Buckets per service: more than a sparkline and the timeline can show would only cost.
const MAX_BUCKETS: i64 = 120;

/// Reads what services' callers see.
pub struct TrafficSource {
    conn: Conn,
}

impl TrafficSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone() }
    }
}

impl Source for TrafficSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Traffic(query) = query else { return Err(internal("traffic", "another question")) };
        let now = ctx.now.wall;
        let period = period_for(query.window, now, 60, MAX_BUCKETS);
        let prefix = |index: usize| format!("s{index}_");
        let asked = query.services.iter().enumerate();
        let queries: Vec<_> =
            asked.flat_map(|(index, place)| place.queries(&prefix(index), period)).collect();
        let series = if queries.is_empty() {
            Vec::new()
        } else {
            fetch(&self.conn, &queries, query.window.range(now)).await?
        };
        let services = query.services.iter().enumerate();
        let mut list = TrafficList {
            services: services
                .map(|(index, place)| Traffic::assemble(place, &prefix(index), &series, now))
                .collect(),
            period: i64::from(period),
            notes: Vec::new(),
        };
        let partial = series.iter().filter(|series| series.status != "Complete");
        list.notes.extend(partial.map(|series| format!("{}: {}", series.label, series.status)).take(3));
        list.services.sort_by(|a, b| a.service.cmp(&b.service));
        Ok(Payload::Traffic(list))
    }
}
