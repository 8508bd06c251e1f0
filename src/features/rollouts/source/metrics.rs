//! What both sides did, from the load balancer's metrics: requests, failures, p99.
//!
//! One `GetMetricData` for both sides: five metrics per target group, whatever the span. Failed is requests
//! minus 2XX, 3XX and 4XX of the target group, so that requests which got no answer count.

use super::super::model::SideMetrics;
use super::super::wire::{Comparison, MetricsQuery};
use crate::aws::{Conn, SourceError};
use crate::features::metrics::{MetricQuery, Series, Stat, source::fetch};
use jiff::{SignedDuration, Timestamp};

/// Seconds per datapoint.
const PERIOD: i32 = 60;
/// Longest span that is compared: a stage of a shift lasts no longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// Target groups per side: more are not compared, since they would cost without telling more.
const MAX_GROUPS: usize = 4;

const METRICS: [(&str, &str); 5] = [
    ("RequestCount", "Sum"),
    ("HTTPCode_Target_2XX_Count", "Sum"),
    ("HTTPCode_Target_3XX_Count", "Sum"),
    ("HTTPCode_Target_4XX_Count", "Sum"),
    ("TargetResponseTime", "p99"),
];

/// Both sides and the span they cover.
pub async fn read(conn: &Conn, asked: &MetricsQuery, now: Timestamp) -> Result<Comparison, SourceError> {
    let from = asked.from.max(now.checked_sub(LONGEST).unwrap_or(asked.from));
    let queries: Vec<_> = queries('o', &asked.old).chain(queries('n', &asked.new)).collect();
    let series = fetch(conn, &queries, (from, now)).await?;
    Ok(Comparison { old: side('o', &series), new: side('n', &series), from, to: now })
}

fn queries(side: char, groups: &[(String, String)]) -> impl Iterator<Item = MetricQuery> {
    groups.iter().take(MAX_GROUPS).enumerate().flat_map(move |(group, (balancer, target))| {
        METRICS.iter().enumerate().map(move |(index, (name, stat))| MetricQuery {
            id: format!("{side}{index}_{group}"),
            stat: Some(Stat {
                namespace: "AWS/ApplicationELB".to_owned(),
                name: (*name).to_owned(),
                dimensions: vec![
                    ("LoadBalancer".to_owned(), balancer.clone()),
                    ("TargetGroup".to_owned(), target.clone()),
                ],
                stat: (*stat).to_owned(),
            }),
            expression: None,
            label: None,
            period: PERIOD,
            returned: true,
        })
    })
}

/// Adds up one side. A side without any request count has no data, which is not zero.
fn side(side: char, series: &[Series]) -> SideMetrics {
    let of = |index: usize| {
        let prefix = format!("{side}{index}_");
        let own = series.iter().filter(move |series| series.id.starts_with(&prefix));
        own.flat_map(|series| series.points.iter().map(|(_, value)| *value))
    };
    let requests = of(0).next().is_some().then(|| of(0).sum::<f64>());
    let answered: f64 = (1..=3).flat_map(of).sum();
    SideMetrics {
        requests,
        failed: requests.map(|requests| (requests - answered).max(0.0)),
        p99: of(4).reduce(f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(id: &str, values: &[f64]) -> Series {
        let at: Timestamp = "2026-11-20T04:00:00Z".parse().unwrap();
        Series {
            id: id.into(),
            label: id.into(),
            period: 60,
            points: values.iter().map(|value| (at, *value)).collect(),
            status: "Complete".into(),
            note: None,
        }
    }

    #[test]
    fn sides_add_up_and_missing_is_not_zero() {
        let all = [
            series("o0_0", &[100.0, 120.0]),
            series("o0_1", &[10.0]),
            series("o1_0", &[90.0, 110.0]),
            series("o3_0", &[5.0]),
            series("o4_0", &[0.2, 0.5, 0.3]),
            series("n1_0", &[7.0]),
        ];
        let old = side('o', &all);
        assert_eq!(old, SideMetrics { requests: Some(230.0), failed: Some(25.0), p99: Some(0.5) });
        assert_eq!(side('n', &all), SideMetrics::default());
    }

    #[test]
    fn each_target_group_is_asked_for_five_metrics() {
        let groups: Vec<_> = (0..6).map(|n| ("app/lb/1".to_owned(), format!("targetgroup/t{n}/1"))).collect();
        let ids: Vec<_> = queries('n', &groups).map(|query| query.id).collect();
        assert_eq!(ids.len(), 20);
        assert_eq!((ids[0].as_str(), ids[19].as_str()), ("n0_0", "n4_3"));
    }
}
