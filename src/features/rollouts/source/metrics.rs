//! What both sides did, from the metrics of target groups or of a function's versions: requests and failures per
//! minute, p99.
//!
//! One `GetMetricData` for both sides of all shifts asked about: five metrics per target group, three per version,
//! whatever the span. Failed at a target group is requests minus 2XX, 3XX and 4XX, so that requests which got no
//! answer count. Which minutes count is in `span.rs`.

use super::super::model::SideMetrics;
use super::super::span::{self, BEFORE, LONGEST, MINUTE};
use super::super::verdict::{Against, Counts, Minute, judge};
use super::super::wire::{Comparison, MetricsQuery, Sides};
use crate::aws::{Conn, SourceError};
use crate::features::metrics::{MetricQuery, Series, Stat, source::fetch};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Seconds per datapoint.
const PERIOD: i32 = 60;
/// Target groups per side: more are not compared, since they would cost without telling more.
const MAX_GROUPS: usize = 4;

/// What a metric of a side says.
#[derive(Clone, Copy)]
enum Says {
    Requests,
    /// Requests that did not fail.
    Answered,
    Failed,
    P99,
    P99Milliseconds,
}

type Metric = (&'static str, &'static str, Says);

const TARGET_GROUP: [Metric; 5] = [
    ("RequestCount", "Sum", Says::Requests),
    ("HTTPCode_Target_2XX_Count", "Sum", Says::Answered),
    ("HTTPCode_Target_3XX_Count", "Sum", Says::Answered),
    ("HTTPCode_Target_4XX_Count", "Sum", Says::Answered),
    ("TargetResponseTime", "p99", Says::P99),
];

/// Lambda reports zero errors too.
const VERSION: [Metric; 3] = [
    ("Invocations", "Sum", Says::Requests),
    ("Errors", "Sum", Says::Failed),
    ("Duration", "p99", Says::P99Milliseconds),
];

/// Compares the sides of shifts that are listed and not opened.
pub struct VerdictsSource {
    conn: Conn,
}

impl VerdictsSource {
    /// A source for one target.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone() }
    }
}

impl Source for VerdictsSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Verdicts(asked) = query else {
            return Err(internal("rollouts", "not asked for verdicts"));
        };
        read(&self.conn, asked, ctx.now.wall).await.map(Payload::Verdicts)
    }
}

/// Both sides of each shift, in the order asked.
pub async fn read(
    conn: &Conn,
    asked: &[MetricsQuery],
    now: Timestamp,
) -> Result<Vec<Comparison>, SourceError> {
    // A metric costs the same, however long the time that is asked for.
    let earliest = asked.iter().map(|it| it.start.earliest(now)).min();
    let Some(earliest) = earliest else { return Ok(Vec::new()) };
    let bound = now.checked_sub(LONGEST).unwrap_or(earliest);
    let from = earliest.checked_sub(BEFORE).unwrap_or(earliest).max(bound);
    let queries: Vec<_> = asked.iter().enumerate().flat_map(|(at, shift)| queries(at, shift)).collect();
    let series = fetch(conn, &queries, (from, now)).await?;
    Ok(asked.iter().enumerate().map(|(at, shift)| compare(at, shift, &series, now)).collect())
}

/// Where a side's metrics are.
struct Parts {
    namespace: &'static str,
    metrics: &'static [Metric],
    /// Per side the dimensions of each of its parts.
    sides: [(char, Vec<Dimensions>); 2],
}

fn parts(sides: &Sides) -> Parts {
    match sides {
        Sides::TargetGroups { old, new } => {
            let groups = |groups: &[(String, String)]| {
                let own = groups.iter().take(MAX_GROUPS);
                own.map(|(balancer, target)| {
                    dimensions([("LoadBalancer", balancer), ("TargetGroup", target)])
                })
                .collect()
            };
            let sides = [('o', groups(old)), ('n', groups(new))];
            Parts { namespace: "AWS/ApplicationELB", metrics: &TARGET_GROUP, sides }
        }
        Sides::Versions { function, alias, old, new } => {
            let resource = format!("{function}:{alias}");
            let version = |version: &str| {
                let resource = resource.as_str();
                vec![dimensions([
                    ("FunctionName", function),
                    ("Resource", resource),
                    ("ExecutedVersion", version),
                ])]
            };
            let sides = [('o', version(old)), ('n', version(new))];
            Parts { namespace: "AWS/Lambda", metrics: &VERSION, sides }
        }
    }
}

type Dimensions = Vec<(String, String)>;

fn dimensions<const N: usize>(pairs: [(&str, &str); N]) -> Dimensions {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn queries(shift: usize, asked: &MetricsQuery) -> impl Iterator<Item = MetricQuery> {
    let Parts { namespace, metrics, sides } = parts(&asked.sides);
    sides.into_iter().flat_map(move |(side, parts)| {
        parts.into_iter().enumerate().flat_map(move |(part, dimensions)| {
            metrics.iter().enumerate().map(move |(index, (name, stat, _))| MetricQuery {
                id: format!("{side}{shift}_{index}_{part}"),
                stat: Some(Arc::new(Stat {
                    namespace: namespace.to_owned(),
                    name: (*name).to_owned(),
                    dimensions: dimensions.clone(),
                    stat: (*stat).to_owned(),
                })),
                expression: None,
                label: None,
                period: PERIOD,
                returned: true,
            })
        })
    })
}

/// What one side did in one minute.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// `None` when no request was reported, which is not zero.
    requests: Option<f64>,
    answered: f64,
    /// Where failures are reported themselves.
    failed: Option<f64>,
    p99: Option<f64>,
}

impl Tally {
    fn add(&mut self, says: Says, value: f64) {
        match says {
            Says::Requests => *self.requests.get_or_insert(0.0) += value,
            Says::Answered => self.answered += value,
            Says::Failed => *self.failed.get_or_insert(0.0) += value,
            Says::P99 => self.p99 = Some(self.p99.map_or(value, |most| most.max(value))),
            Says::P99Milliseconds => self.add(Says::P99, value / 1000.0),
        }
    }

    /// `None` without requests, and where failures should be reported themselves and were not: missing is not
    /// zero, and not all of them either.
    fn counts(&self, reports_failures: bool) -> Option<Counts> {
        let requests = self.requests?.max(0.0);
        let failed = if reports_failures { self.failed? } else { requests - self.answered };
        Some(Counts { requests, failed: failed.clamp(0.0, requests) })
    }
}

fn compare(shift: usize, asked: &MetricsQuery, series: &[Series], now: Timestamp) -> Comparison {
    let Parts { metrics, .. } = parts(&asked.sides);
    let reports_failures = metrics.iter().any(|(.., says)| matches!(says, Says::Failed));
    let old = tallies(&format!("o{shift}_"), metrics, series, now);
    let new = tallies(&format!("n{shift}_"), metrics, series, now);
    let mut minutes: BTreeMap<Timestamp, Minute> = BTreeMap::new();
    let empty = |at: Timestamp| Minute { at, old: None, new: None };
    for (at, tally) in &old {
        minutes.entry(*at).or_insert_with(|| empty(*at)).old = tally.counts(reports_failures);
    }
    for (at, tally) in &new {
        minutes.entry(*at).or_insert_with(|| empty(*at)).new = tally.counts(reports_failures);
    }
    let minutes: Vec<Minute> = minutes.into_values().collect();
    let newest = minutes.last().map(|it| it.at);
    let from = asked.start.find(&minutes, now);
    // What is missing is told of the newest minute, when nothing counts yet.
    let began = from.or(newest).unwrap_or(now);
    let least = began.checked_sub(BEFORE).unwrap_or(began);
    let read = minutes.get(minutes.partition_point(|it| it.at < least)..).unwrap_or_default();
    let verdict = judge(read, began, asked.settings);
    let p99 = |tallies: &BTreeMap<Timestamp, Tally>, earlier: bool| {
        let within = tallies.range(least..).filter(|(at, _)| (**at < began) == earlier);
        within.filter_map(|(_, tally)| tally.p99).reduce(f64::max)
    };
    let busy = |it: &&Minute| it.at >= began && it.new.is_some_and(|new| new.requests > 0.0);
    let first = from.and_then(|_| minutes.iter().find(busy)).map(|it| it.at);
    let side = |counts: Option<Counts>, p99| SideMetrics {
        requests: counts.map(|it| it.requests),
        failed: counts.map(|it| it.failed),
        p99,
    };
    Comparison {
        deployment: asked.deployment.clone(),
        old: side(verdict.old, p99(&old, asked.settings.against == Against::Before)),
        new: side(verdict.new, p99(&new, false)),
        read_at: now,
        from: first,
        until: newest.and_then(|at| at.checked_add(MINUTE).ok()),
        verdict,
    }
}

/// One side's minutes that count.
fn tallies(
    prefix: &str,
    metrics: &[Metric],
    series: &[Series],
    now: Timestamp,
) -> BTreeMap<Timestamp, Tally> {
    let mut minutes: BTreeMap<Timestamp, Tally> = BTreeMap::new();
    for series in series {
        let index = series.id.strip_prefix(prefix).and_then(|rest| rest.split('_').next()?.parse().ok());
        let Some((.., says)) = index.and_then(|index: usize| metrics.get(index)) else { continue };
        for (at, value) in &series.points {
            minutes.entry(*at).or_default().add(*says, *value);
        }
    }
    answer_in_time(&mut minutes);
    minutes.retain(|at, _| span::settled(*at, now));
    minutes
}

/// A request counts in the minute in which it came and its answer in the one in which that was given: answers that
/// a minute has more than requests belong to the minutes before it. Without that, slow answers at the turn of each
/// minute would read as failures, and more so the less traffic there is.
fn answer_in_time(minutes: &mut BTreeMap<Timestamp, Tally>) {
    let mut late = 0.0;
    for tally in minutes.values_mut().rev() {
        tally.answered += late;
        late = (tally.answered - tally.requests.unwrap_or_default()).max(0.0);
        tally.answered -= late;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::span::{SETTLE, Start};
    use super::super::super::verdict::{Lack, Ruling, Settings};
    use super::*;
    use jiff::SignedDuration;

    fn at(minute: i64) -> Timestamp {
        let origin: Timestamp = "2026-11-20T04:00:00Z".parse().unwrap();
        origin + SignedDuration::from_mins(minute)
    }

    /// A value per minute from minute -1 on.
    fn series(id: &str, values: &[f64]) -> Series {
        Series {
            id: id.into(),
            label: id.into(),
            period: 60,
            points: values.iter().enumerate().map(|(n, value)| (at(n as i64 - 1), *value)).collect(),
            status: "Complete".into(),
            note: None,
        }
    }

    fn asked(groups: usize) -> MetricsQuery {
        let groups = |side: &str| {
            let group = |n| ("app/lb/1".into(), format!("targetgroup/{side}{n}/1"));
            (0..groups).map(group).collect()
        };
        MetricsQuery {
            deployment: "d".into(),
            sides: Sides::TargetGroups { old: groups("o"), new: groups("n") },
            start: Start::Told(at(0)),
            settings: Settings { against: Against::Beside, margin: 0.5, false_alarms: 0.01 },
        }
    }

    #[test]
    fn whole_minutes_that_both_sides_have_are_compared_and_missing_is_not_zero() {
        let all = [
            series("o0_0_0", &[500.0, 100.0, 120.0, 90.0]),
            series("o0_0_1", &[0.0, 10.0]),
            series("o0_1_0", &[500.0, 90.0, 110.0, 90.0]),
            series("o0_3_0", &[0.0, 5.0]),
            series("o0_4_0", &[9.0, 0.5, 0.3, 0.4]),
            series("n0_0_0", &[0.0, 20.0]),
            series("n0_1_0", &[0.0, 19.0]),
            series("n1_0_0", &[7.0, 7.0]),
        ];
        // The third minute still settles.
        let now = at(2) + SETTLE + SignedDuration::from_secs(59);
        let read = compare(0, &asked(1), &all, now);
        assert_eq!(read.old, SideMetrics { requests: Some(110.0), failed: Some(15.0), p99: Some(0.5) });
        assert_eq!(read.new, SideMetrics { requests: Some(20.0), failed: Some(1.0), p99: None });
        assert_eq!((read.verdict.minutes, read.verdict.ruling), (1, Ruling::TooLittle));
        assert_eq!((read.from, read.until), (Some(at(0)), Some(at(2))));
        // Of the second shift one side is missing, of the third both.
        let read = compare(1, &asked(1), &all, now);
        assert_eq!((read.old, read.new.requests), (SideMetrics::default(), Some(7.0)));
        assert_eq!(read.verdict.lack, Some(Lack::Old));
        assert_eq!(compare(2, &asked(1), &all, now).verdict.lack, Some(Lack::Nothing));
    }

    #[test]
    fn versions_of_a_function_report_their_failures_themselves() {
        let sides = Sides::Versions {
            function: "f".into(),
            alias: "live".into(),
            old: "17".into(),
            new: "18".into(),
        };
        let start = Start::Sought { share: 20.0, found: None };
        let asked = MetricsQuery { sides, start, ..asked(1) };
        let all = [
            series("o0_0_0", &[100.0, 100.0]),
            series("o0_1_0", &[1.0, 1.0]),
            series("o0_2_0", &[250.0, 300.0]),
            series("n0_0_0", &[20.0, 20.0]),
            series("n0_1_0", &[0.0, 3.0]),
        ];
        let read = compare(0, &asked, &all, at(2) + SETTLE);
        assert_eq!(read.old, SideMetrics { requests: Some(200.0), failed: Some(2.0), p99: Some(0.3) });
        assert_eq!(read.new, SideMetrics { requests: Some(40.0), failed: Some(3.0), p99: None });
        // Without errors reported nothing is known of failures: that is not all of them.
        let read = compare(0, &asked, &[series("o0_0_0", &[100.0]), series("n0_0_0", &[20.0])], at(9));
        assert_eq!((read.old, read.new), (SideMetrics::default(), SideMetrics::default()));
        let ids: Vec<_> = queries(0, &asked).map(|query| query.id).collect();
        assert_eq!(ids, ["o0_0_0", "o0_1_0", "o0_2_0", "n0_0_0", "n0_1_0", "n0_2_0"]);
    }

    #[test]
    fn a_minute_counts_when_its_answers_can_have_come() {
        // Of the newest minute of the new side only the requests are there, not yet their 2XX.
        let all = [
            series("o0_0_0", &[900.0; 6]),
            series("o0_1_0", &[899.0; 6]),
            series("n0_0_0", &[0.0, 100.0, 100.0, 100.0, 100.0, 100.0]),
            series("n0_1_0", &[0.0, 100.0, 100.0, 100.0, 100.0]),
        ];
        for (seconds, minutes) in [(0, 3), (59, 3), (60, 4), (119, 4)] {
            let now = at(5) + SignedDuration::from_secs(seconds);
            let read = compare(0, &asked(1), &all, now);
            assert_eq!(read.verdict.minutes, minutes, "{seconds} s after its end");
            assert_eq!(read.until, Some(at(i64::from(minutes))));
            assert_eq!(read.new.failed, Some(0.0));
            assert!(!read.verdict.says_roll_back(), "{:?}", read.verdict);
        }
        // That is what it is for: missing answers of one minute would be enough.
        let read = compare(0, &asked(1), &all, at(5) + SETTLE);
        assert!(read.verdict.says_roll_back(), "{:?}", read.verdict);
    }

    #[test]
    fn answers_that_come_in_the_next_minute_are_no_failures() {
        let all = [
            series("o0_0_0", &[100.0; 6]),
            series("o0_1_0", &[100.0; 6]),
            // Each minute some answers are given after its end, in the last one twenty, and five requests failed.
            series("n0_0_0", &[0.0, 100.0, 100.0, 100.0, 100.0, 0.0]),
            series("n0_1_0", &[0.0, 90.0, 105.0, 95.0, 85.0, 20.0]),
        ];
        let read = compare(0, &asked(1), &all, at(5) + SETTLE);
        assert_eq!((read.new.requests, read.new.failed), (Some(400.0), Some(5.0)), "{read:?}");
        // The minute after may not have settled: what it answers still counts for the one before.
        let read = compare(0, &asked(1), &all, at(4) + SETTLE);
        assert_eq!((read.new.requests, read.new.failed), (Some(400.0), Some(5.0)), "{read:?}");
    }

    #[test]
    fn each_target_group_is_asked_for_five_metrics() {
        let ids: Vec<_> = queries(3, &asked(6)).map(|query| query.id).collect();
        assert_eq!(ids.len(), 40);
        assert_eq!((ids[0].as_str(), ids[39].as_str()), ("o3_0_0", "n3_4_3"));
    }
}
