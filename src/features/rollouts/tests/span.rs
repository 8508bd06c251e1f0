//! Which minutes are compared: when a split began that nothing dates, and until when minutes are whole. And where
//! each answer can be seen.

use super::alb::{SEARCH, lab, shift, somebody_sets};
use super::world::Lab;
use super::{Comparison, Counts, Minute, SignedDuration, Timestamp, at, detail_query};
use crate::config::Config;
use crate::features::rollouts::DetailSource;
use crate::features::rollouts::comparing::metrics_query;
use crate::features::rollouts::span::{LONGEST, SETTLE, SOUGHT, Start, settled};
use crate::features::rollouts::verdict::{Lack, Ruling};
use crate::features::rollouts::wire::{DetailQuery, MetricsQuery};

/// Old and new requests of so many minutes each, one after the other.
fn minutes(stretches: &[(usize, f64, f64)]) -> Vec<Minute> {
    let each = |(count, old, new): &(usize, f64, f64)| vec![(*old, *new); *count];
    let side = |requests: f64| (requests > 0.0).then_some(Counts { requests, failed: 0.0 });
    let all = stretches.iter().flat_map(each).enumerate();
    all.map(|(n, (old, new))| Minute { at: minute(n), old: side(old), new: side(new) }).collect()
}

fn minute(n: usize) -> Timestamp {
    at(n as i64 * 60)
}

/// After how many minutes a split at this share now began.
fn began(stretches: &[(usize, f64, f64)], share: f64, found: Option<usize>) -> Option<usize> {
    let minutes = minutes(stretches);
    let now = minute(minutes.len()) + SETTLE;
    let start = Start::Sought { share, found: found.map(minute) }.find(&minutes, now)?;
    minutes.iter().position(|it| it.at == start)
}

#[test]
fn an_earlier_shift_between_the_same_groups_is_another_one() {
    // Yesterday to what is the new side now, then all on that, and back on the way at last.
    let reused = [(30, 200.0, 1800.0), (600, 0.0, 2000.0), (700, 2000.0, 0.0), (9, 1800.0, 200.0)];
    assert_eq!(began(&reused, 10.0, None), Some(1330));
    // Straight from all on the new side.
    assert_eq!(began(&[(30, 1800.0, 200.0), (60, 0.0, 2000.0), (5, 200.0, 1800.0)], 90.0, None), Some(90));
    // Taken back for a few minutes and tried again.
    assert_eq!(began(&[(12, 1800.0, 200.0), (4, 2000.0, 0.0), (6, 1800.0, 200.0)], 10.0, None), Some(16));
    assert_eq!(began(&[(12, 1800.0, 200.0), (4, 2000.0, 0.0), (6, 1800.0, 200.0)], 10.0, Some(0)), Some(16));
    // Set a moment ago: what was before is not it.
    assert_eq!(began(&[(30, 200.0, 1800.0), (60, 2000.0, 0.0)], 10.0, None), None);
    assert_eq!(began(&[(30, 200.0, 1800.0), (60, 2000.0, 0.0), (1, 1800.0, 190.0)], 10.0, None), Some(90));
    // Somebody's tests on the new side all day are no share of the traffic.
    assert_eq!(began(&[(900, 500.0, 1.0), (7, 450.0, 50.0)], 10.0, None), Some(900));
    assert_eq!(began(&[], 10.0, None), None);
}

#[test]
fn minutes_without_a_request_by_chance_end_nothing() {
    // Ten requests a minute, a tenth of them to the new side, which goes without for minutes.
    let quiet = [(1, 9.0, 1.0), (6, 10.0, 0.0), (2, 8.0, 2.0), (9, 10.0, 0.0), (1, 9.0, 1.0), (4, 10.0, 0.0)];
    assert_eq!(began(&quiet, 10.0, None), Some(0));
    // Nobody came at all, or one side did not report for two minutes.
    assert_eq!(began(&[(9, 900.0, 100.0), (240, 0.0, 0.0), (9, 900.0, 100.0)], 10.0, None), Some(0));
    assert_eq!(began(&[(9, 900.0, 100.0), (2, 900.0, 0.0), (9, 900.0, 100.0)], 10.0, None), Some(0));
    // So long is no chance any more, even there.
    assert_eq!(began(&[(9, 9.0, 1.0), (120, 10.0, 0.0), (3, 9.0, 1.0)], 10.0, None), Some(129));
}

#[test]
fn a_start_once_found_is_kept_while_the_split_goes_on() {
    // The share grows fiftyfold. Who comes late begins with the growth, who saw the start keeps it.
    let growing = [(60, 2000.0, 0.0), (120, 1980.0, 20.0), (9, 1000.0, 1000.0)];
    assert_eq!(began(&growing[..2], 1.0, None), Some(60));
    assert_eq!(began(&growing, 50.0, Some(60)), Some(60));
    assert_eq!(began(&growing, 50.0, None), Some(180));
    // A split of many days: it is looked for within one, and then neither slides nor grows without end.
    let now = at(0);
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let earliest = |found| Start::Sought { share: 50.0, found }.earliest(now);
    assert_eq!(earliest(None), now - SOUGHT);
    assert_eq!(earliest(Some(ago(40))), ago(40));
    assert_eq!(earliest(Some(now - LONGEST)), now - SOUGHT);
    assert_eq!(Start::Told(ago(90)).earliest(now), now - LONGEST);
}

#[test]
fn a_minute_settles_for_two() {
    let ended = at(60);
    assert!(!settled(at(0), ended + SETTLE - SignedDuration::from_secs(1)));
    assert!(settled(at(0), ended + SETTLE));
}

async fn compared(lab: &Lab, name: &str) -> (MetricsQuery, Comparison) {
    let shift = shift(lab, name).await;
    let asked = metrics_query(&shift, &Config::default()).unwrap();
    let query = DetailQuery { metrics: Some(Box::new(asked.clone())), ..detail_query(&shift.name) };
    let read = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap().metrics.unwrap();
    (asked, *read)
}

#[tokio::test(start_paused = true)]
async fn a_later_split_of_the_same_groups_is_compared_alone() {
    // At 10 % since nine minutes, which fail; then all goes to the failing side, and a quarter of an hour later it
    // is the old one.
    let mut lab = lab(&["search-blue"]).await;
    let search = shift(&lab, SEARCH).await;
    lab.pass(180).await;
    assert_eq!(compared(&lab, SEARCH).await.1.verdict.ruling, Ruling::Worse);
    somebody_sets(&lab, &search, &[0, 100]).await;
    lab.pass(15 * 60).await;
    lab.query.stable = std::sync::Arc::new(["search-green".to_owned()].into());
    somebody_sets(&lab, &search, &[20, 80]).await;
    let again = lab.now().wall;
    // No minute of it is whole yet, and the earlier one says nothing of it.
    lab.pass(60).await;
    let (_, read) = compared(&lab, SEARCH).await;
    assert_eq!((read.verdict.lack, read.from), (Some(Lack::New), None), "{read:?}");
    lab.pass(7 * 60).await;
    let (asked, read) = compared(&lab, SEARCH).await;
    assert!(matches!(asked.start, Start::Sought { share: 20.0, found: None }), "{asked:?}");
    let from = read.from.unwrap();
    assert!(from <= again && again.duration_since(from) < SignedDuration::from_mins(1), "{from} {again}");
    assert_eq!((read.verdict.ruling, read.verdict.minutes), (Ruling::Better, 6), "{read:?}");
    assert!(read.until.unwrap() <= lab.now().wall - SETTLE, "{read:?}");
}

#[tokio::test(start_paused = true)]
async fn each_answer_can_be_seen_in_a_simulated_account() {
    let invoices = "codedeploy/AppLambda-invoices/invoices-live";
    let cases = [
        ("bad-deploy", 0, "ecs/shop/checkout", Ruling::Worse),
        ("codedeploy-lambda", 300, invoices, Ruling::Better),
        ("lambda-canary", 0, "lambda/mailer:prod", Ruling::Same),
        ("lambda-canary", 0, invoices, Ruling::TooLittle),
        ("blue-green", 0, "ecs/shop/checkout", Ruling::NoData),
    ];
    for (scenario, seconds, name, ruling) in cases {
        let lab = Lab::new(scenario).await;
        lab.pass(seconds).await;
        let (_, read) = compared(&lab, name).await;
        assert_eq!(read.verdict.ruling, ruling, "{name} in {scenario} after {seconds} s: {read:?}");
    }
}
