//! `GetMetricData`: queries in, series out. 500 queries per call, pages followed.

use super::{MetricQuery, Series};
use crate::aws::operation::GET_METRIC_DATA;
use crate::aws::{Conn, SourceError};
use crate::text::sanitize;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, LabelOptions, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Queries per call (source: the API reference of `GetMetricData`).
const PER_CALL: usize = 500;
/// Pages per call that are followed at most; a page holds 100,800 points.
const MAX_PAGES: usize = 20;

/// What a call may say beside its queries.
#[derive(Debug, Clone, Copy, Default)]
pub struct Aside<'a> {
    /// Another account than that of the credentials, which must monitor it.
    pub account: Option<&'a str>,
    /// The zone, `+hhmm`, of times that CloudWatch writes into labels.
    pub timezone: Option<&'a str>,
    /// Metrics that its searches are known to touch: they are paid for like others.
    pub searched: u64,
}

/// Asks for these queries between two times, which are widened to whole minutes.
///
/// # Errors
/// The first call that fails; a query that AWS refuses alone comes back with its status instead.
pub async fn fetch(
    conn: &Conn,
    queries: &[MetricQuery],
    range: (Timestamp, Timestamp),
) -> Result<Vec<Series>, SourceError> {
    fetch_with(conn, queries, range, Aside::default()).await
}

/// The same, saying more.
///
/// # Errors
/// As [`fetch`].
pub async fn fetch_with(
    conn: &Conn,
    queries: &[MetricQuery],
    range: (Timestamp, Timestamp),
    aside: Aside<'_>,
) -> Result<Vec<Series>, SourceError> {
    let mut series: Vec<Series> = Vec::new();
    for chunk in queries.chunks(PER_CALL) {
        series.extend(fetch_chunk(conn, chunk, range, aside).await?);
    }
    Ok(series)
}

async fn fetch_chunk(
    conn: &Conn,
    queries: &[MetricQuery],
    (start, end): (Timestamp, Timestamp),
    aside: Aside<'_>,
) -> Result<Vec<Series>, SourceError> {
    let mut series = Vec::new();
    let periods: BTreeMap<&str, i64> = queries.iter().map(|q| (q.id.as_str(), i64::from(q.period))).collect();
    let metrics = queries.iter().filter(|query| query.stat.is_some()).count() as u64 + aside.searched;
    let labels = aside.timezone.map(|zone| LabelOptions::builder().timezone(zone).build());
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let request = conn
            .cloudwatch()
            .get_metric_data()
            .set_metric_data_queries(Some(queries.iter().map(|one| query(one, aside.account)).collect()))
            .start_time(DateTime::from_secs(start.as_second() / 60 * 60))
            .end_time(DateTime::from_secs((end.as_second() + 59) / 60 * 60))
            .scan_by(ScanBy::TimestampAscending)
            .set_label_options(labels.clone())
            .set_next_token(token.take());
        let answer = conn.call_units(&GET_METRIC_DATA, metrics.max(1), request.send()).await?;
        add_page(&mut series, &periods, answer.metric_data_results());
        token = answer.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    if token.is_some() {
        for known in &mut series {
            known.note.get_or_insert_with(|| format!("cut after {MAX_PAGES} pages"));
        }
    }
    for known in &mut series {
        known.points.sort_by_key(|(at, _)| *at);
    }
    Ok(series)
}

/// Adds a page: it continues the series of the pages before. Results of one page are series of their own, even
/// under the same label: an anomaly band, a search whose label says too little.
fn add_page(series: &mut Vec<Series>, periods: &BTreeMap<&str, i64>, page: &[MetricDataResult]) {
    let before = series.len();
    let mut continued = vec![false; before];
    for result in page {
        let id = result.id().unwrap_or_default();
        let points = result.timestamps().iter().zip(result.values()).filter_map(|(at, value)| {
            Some((Timestamp::from_second(at.secs()).ok()?, *value)).filter(|(_, v)| v.is_finite())
        });
        let label = sanitize(result.label().unwrap_or(id)).into_owned();
        let mut earlier = series.iter_mut().zip(&mut continued);
        let known = earlier.find(|(known, taken)| !**taken && known.id == id && known.label == label);
        if let Some((known, taken)) = known {
            *taken = true;
            known.points.extend(points);
            continue;
        }
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

fn query(query: &MetricQuery, account: Option<&str>) -> MetricDataQuery {
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
        .set_account_id(account.map(str::to_owned))
        .return_data(query.returned)
        .build()
}
