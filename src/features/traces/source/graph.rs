//! `GetServiceGraph`: the service map, which also tells discovery what calls what.

use super::{clean, seconds};
use crate::aws::operation::GET_SERVICE_GRAPH;
use crate::aws::{Conn, SourceError};
use crate::features::traces::graph::{Counts, Graph, GraphService, RawService};
use crate::features::traces::reading::{Stretch, split_back};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use aws_sdk_xray::types::{
    EdgeStatistics, ErrorStatistics, FaultStatistics, HistogramEntry, Service, ServiceStatistics,
};

/// Pages of one answer's stretch.
const MAX_PAGES: usize = 10;
/// Stretches of six hours: a day at most.
const MAX_STRETCHES: usize = 4;

/// Reads the service map.
pub struct GraphSource {
    conn: Conn,
}

impl GraphSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone() }
    }

    async fn read(&self, stretch: Stretch, cut: &mut bool) -> Result<Vec<RawService>, SourceError> {
        let (mut services, mut token) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self
                .conn
                .xray()
                .get_service_graph()
                .start_time(seconds(stretch.0))
                .end_time(seconds(stretch.1))
                .set_next_token(token);
            let page = self.conn.call(&GET_SERVICE_GRAPH, request.send()).await?;
            services.extend(page.services().iter().filter_map(service));
            token = page.next_token;
            if token.is_none() {
                return Ok(services);
            }
        }
        *cut = true;
        Ok(services)
    }
}

impl Source for GraphSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::ServiceGraph(query) = query else {
            return Err(internal("ServiceGraph", "not a map's question"));
        };
        let (from, to) = query.window.range(ctx.now.wall);
        let (mut answers, mut cut, mut reached) = (Vec::new(), false, to);
        for stretch in split_back((from, to)).into_iter().take(MAX_STRETCHES) {
            answers.push(self.read(stretch, &mut cut).await?);
            reached = stretch.0;
        }
        Ok(Payload::ServiceGraph(Box::new(Graph::merge(reached, to, &answers, cut))))
    }
}

fn service(service: &Service) -> Option<RawService> {
    let calls = service.edges().iter().filter_map(|edge| {
        let counts = edge.summary_statistics().map(edge_counts).unwrap_or_default();
        Some((edge.reference_id()?, counts, edge.edge_type() == Some("link")))
    });
    // A service that only answers calls without waiting callers has durations and no response times.
    let times = match service.response_time_histogram() {
        [] => service.duration_histogram(),
        times => times,
    };
    Some(RawService {
        id: service.reference_id()?,
        service: GraphService {
            name: clean(service.name()?),
            kind: clean(service.r#type().unwrap_or_default()),
            account: service.account_id().map(clean),
            root: service.root() == Some(true),
            counts: service.summary_statistics().map(node_counts).unwrap_or_default(),
            times: times.iter().filter_map(time).collect(),
            calls: Vec::new(),
        },
        calls: calls.collect(),
    })
    .filter(|raw: &RawService| !raw.service.name.is_empty())
}

fn time(entry: &HistogramEntry) -> Option<(f64, u64)> {
    let count = u64::try_from(entry.count()).ok().filter(|count| *count > 0)?;
    entry.value().is_finite().then_some((entry.value(), count))
}

fn node_counts(all: &ServiceStatistics) -> Counts {
    let times = all.total_response_time();
    counts(all.ok_count(), all.error_statistics(), all.fault_statistics(), all.total_count(), times)
}

fn edge_counts(all: &EdgeStatistics) -> Counts {
    let times = all.total_response_time();
    counts(all.ok_count(), all.error_statistics(), all.fault_statistics(), all.total_count(), times)
}

/// What nodes and edges both count, under two types of the SDK.
fn counts(
    ok: Option<i64>,
    errors: Option<&ErrorStatistics>,
    faults: Option<&FaultStatistics>,
    total: Option<i64>,
    seconds: Option<f64>,
) -> Counts {
    Counts {
        ok: number(ok),
        errors: number(errors.and_then(ErrorStatistics::other_count)),
        throttles: number(errors.and_then(ErrorStatistics::throttle_count)),
        faults: number(faults.and_then(FaultStatistics::total_count)),
        total: number(total),
        seconds: seconds.unwrap_or_default(),
    }
}

fn number(count: Option<i64>) -> u64 {
    count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_xray::types::Edge;

    #[test]
    fn an_edge_and_a_node_say_the_same_things() {
        let node = ServiceStatistics::builder().ok_count(3).total_count(4).total_response_time(1.5).build();
        let edge = EdgeStatistics::builder().ok_count(3).total_count(4).total_response_time(1.5).build();
        assert_eq!(node_counts(&node), edge_counts(&edge));
        let expected = Counts { ok: 3, total: 4, seconds: 1.5, ..Counts::default() };
        assert_eq!(node_counts(&node), expected);
        let negative = ServiceStatistics::builder().ok_count(-1).build();
        assert_eq!(node_counts(&negative), Counts::default());
    }

    #[test]
    fn useless_steps_of_a_histogram_are_left_out() {
        let entry = |value, count| HistogramEntry::builder().value(value).count(count).build();
        assert_eq!(time(&entry(0.5, 2)), Some((0.5, 2)));
        for useless in [entry(f64::NAN, 2), entry(0.5, 0), entry(0.5, -3)] {
            assert_eq!(time(&useless), None);
        }
    }

    #[test]
    fn edges_of_a_service() {
        let edge = Edge::builder().reference_id(2).edge_type("link").build();
        let raw = service(&Service::builder().reference_id(1).name("a\u{1b}[31m").edges(edge).build());
        let raw = raw.unwrap();
        assert_eq!(raw.calls, [(2, Counts::default(), true)]);
        assert!(!raw.service.name.contains('\u{1b}'));
        assert!(service(&Service::builder().reference_id(1).build()).is_none());
    }
}
