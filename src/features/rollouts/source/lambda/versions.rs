//! What both versions behind an alias did, from Lambda's metrics by executed version: invocations, errors, p99.

use crate::aws::{Conn, SourceError};
use crate::features::metrics::{MetricQuery, Series, Stat, source::fetch};
use crate::features::rollouts::model::SideMetrics;
use crate::features::rollouts::wire::{Comparison, VersionsQuery};
use jiff::{SignedDuration, Timestamp};

/// Seconds per datapoint.
const PERIOD: i32 = 60;
/// AWS does not say when weights were set, so this much of the past is compared.
const SPAN: SignedDuration = SignedDuration::from_hours(1);

const METRICS: [(&str, &str); 3] = [("Invocations", "Sum"), ("Errors", "Sum"), ("Duration", "p99")];

/// Both versions and the span they cover.
pub async fn read(conn: &Conn, asked: &VersionsQuery, now: Timestamp) -> Result<Comparison, SourceError> {
    let from = now.checked_sub(SPAN).unwrap_or(now);
    let queries: Vec<_> = queries('o', asked, &asked.old).chain(queries('n', asked, &asked.new)).collect();
    let series = fetch(conn, &queries, (from, now)).await?;
    Ok(Comparison { old: side('o', &series), new: side('n', &series), from, to: now })
}

fn queries<'a>(
    side: char,
    asked: &'a VersionsQuery,
    version: &'a str,
) -> impl Iterator<Item = MetricQuery> + 'a {
    METRICS.iter().enumerate().map(move |(index, (name, stat))| MetricQuery {
        id: format!("{side}{index}"),
        stat: Some(Stat {
            namespace: "AWS/Lambda".to_owned(),
            name: (*name).to_owned(),
            dimensions: [
                ("FunctionName", asked.function.clone()),
                ("Resource", format!("{}:{}", asked.function, asked.alias)),
                ("ExecutedVersion", version.to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
            stat: (*stat).to_owned(),
        }),
        expression: None,
        label: None,
        period: PERIOD,
        returned: true,
    })
}

/// Adds up one side. Lambda reports zero errors too, so a side with invocations has both.
fn side(side: char, series: &[Series]) -> SideMetrics {
    let of = |index: usize| {
        let id = format!("{side}{index}");
        let own = series.iter().filter(move |series| series.id == id);
        own.flat_map(|series| series.points.iter().map(|(_, value)| *value))
    };
    let requests = of(0).next().is_some().then(|| of(0).sum::<f64>());
    SideMetrics {
        requests,
        failed: requests.map(|_| of(1).sum()),
        // Milliseconds at Lambda.
        p99: of(2).reduce(f64::max).map(|ms| ms / 1000.0),
    }
}
