//! `GetMetricData`: queries in, series out. 500 queries per call, pages followed.

use super::{MetricQuery, Series};
use crate::aws::operation::GET_METRIC_DATA;
use crate::aws::{Conn, SourceError};
use crate::text::sanitize;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Queries per call (source: the API reference of `GetMetricData`).
const PER_CALL: usize = 500;
/// Pages per call that are followed at most; a page holds 100,800 points.
const MAX_PAGES: usize = 20;

/// Asks for these queries between two times, which are widened to whole minutes.
///
/// # Errors
/// The first call that fails; a query that AWS refuses alone comes back with its status instead.
pub async fn fetch(
    conn: &Conn,
    queries: &[MetricQuery],
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<Series>, SourceError> {
    let mut series: Vec<Series> = Vec::new();
    for chunk in queries.chunks(PER_CALL) {
        fetch_chunk(conn, chunk, start, end, &mut series).await?;
    }
    Ok(series)
}

async fn fetch_chunk(
    conn: &Conn,
    queries: &[MetricQuery],
    start: Timestamp,
    end: Timestamp,
    series: &mut Vec<Series>,
) -> Result<(), SourceError> {
    let periods: BTreeMap<&str, i64> = queries.iter().map(|q| (q.id.as_str(), i64::from(q.period))).collect();
    let metrics = queries.iter().filter(|query| query.stat.is_some()).count().max(1) as u64;
    let first = series.len();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let request = conn
            .cloudwatch()
            .get_metric_data()
            .set_metric_data_queries(Some(queries.iter().map(query).collect()))
            .start_time(DateTime::from_secs(start.as_second() / 60 * 60))
            .end_time(DateTime::from_secs((end.as_second() + 59) / 60 * 60))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token.take());
        let answer = conn.call_units(&GET_METRIC_DATA, metrics, request.send()).await?;
        for result in answer.metric_data_results() {
            let id = result.id().unwrap_or_default();
            let points = result.timestamps().iter().zip(result.values()).filter_map(|(at, value)| {
                Some((Timestamp::from_second(at.secs()).ok()?, *value)).filter(|(_, v)| v.is_finite())
            });
            let label = sanitize(result.label().unwrap_or(id)).into_owned();
            // Pages continue series; two results of one id and other labels are an anomaly band.
            let known = series.iter_mut().skip(first).find(|s| s.id == id && s.label == label);
            if let Some(known) = known {
                known.points.extend(points);
            } else {
                let note = result.messages().first().and_then(|message| message.value());
                series.push(Series {
                    id: id.to_owned(),
                    label,
                    period: periods.get(id).copied().unwrap_or(60),
                    points: points.collect(),
                    status: result.status_code().map_or("Complete", |code| code.as_str()).to_owned(),
                    note: note.map(|note| sanitize(note).into_owned()),
                });
            }
        }
        token = answer.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    for known in series.iter_mut().skip(first) {
        known.points.sort_by_key(|(at, _)| *at);
    }
    Ok(())
}

fn query(query: &MetricQuery) -> MetricDataQuery {
    let metric = query.stat.as_ref().map(|stat| {
        let dimensions = stat.dimensions.iter().map(|(n, v)| Dimension::builder().name(n).value(v).build());
        let metric = Metric::builder()
            .namespace(&stat.namespace)
            .metric_name(&stat.name)
            .set_dimensions(Some(dimensions.collect()))
            .build();
        MetricStat::builder().metric(metric).period(query.period).stat(&stat.stat).build()
    });
    let expression_period = query.expression.is_some().then_some(query.period);
    MetricDataQuery::builder()
        .id(&query.id)
        .set_metric_stat(metric)
        .set_expression(query.expression.clone())
        .set_period(expression_period)
        .set_label(query.label.clone())
        .return_data(query.returned)
        .build()
}
