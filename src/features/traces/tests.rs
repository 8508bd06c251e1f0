//! Lists, maps and what is still to be read, without a screen.

use super::graph::{Counts, Graph, GraphService, RawService};
use super::list::{Histogram, ListQuery, Order, Sorted, Summary};
use super::model::{Span, SpanDetail, Status, Trace, TraceId};
use super::opened::{LogsQuery, began};
use super::reading::{Reading, Stretch, split_back};
use crate::app::Window;
use crate::service::Services;
use jiff::Timestamp;
use proptest::prelude::*;
use std::sync::Arc;

pub(super) const NOW: i64 = 1_800_000_000;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).unwrap()
}

pub(super) fn id(number: i64) -> TraceId {
    TraceId::from_hex(&format!("{:08x}{number:024x}", NOW - number)).unwrap()
}

/// A trace that began so many seconds before the present.
pub(super) fn summary(ago: i64, took: f64, outcome: Status) -> Summary {
    Summary {
        id: id(ago),
        start: at(-ago),
        duration: Some(took),
        response_time: None,
        outcome,
        partial: false,
        method: "GET".into(),
        url: "https://shop.example/pay".into(),
        code: Some(if outcome.failed() { 502 } else { 200 }),
        entry: "checkout".into(),
        services: vec!["checkout".into(), "orders".into()],
        annotations: Vec::new(),
        users: Vec::new(),
        cause: None,
    }
}

fn hours(from: i64, to: i64) -> Stretch {
    (at(from * 3_600), at(to * 3_600))
}

#[test]
fn a_long_stretch_is_asked_for_in_parts_newest_first() {
    assert_eq!(split_back(hours(-13, 0)), [hours(-6, 0), hours(-12, -6), hours(-13, -12)]);
    assert_eq!(split_back(hours(0, 0)), []);
}

#[test]
fn only_what_is_missing_is_asked_for() {
    let mut reading = Reading::default();
    assert_eq!(reading.missing(hours(-1, 0)), [hours(-1, 0)]);
    reading.take(hours(-1, 0), [summary(60, 1.0, Status::Ok)], 5, None);
    let later = (at(-3_540), at(60));
    assert_eq!(reading.missing(later), [(at(0), at(60))], "the clock moved on");
    assert_eq!(reading.missing(hours(-1, 0)), [], "nothing new");
    assert_eq!(reading.missing((at(-1_800), at(-600))), [], "a part of what was read");
    assert_eq!(reading.missing(hours(-8, 0)), [hours(-7, -1), hours(-8, -7)], "zoomed out");
    assert_eq!(reading.missing(hours(-30, -20)), [hours(-26, -20), hours(-30, -26)], "elsewhere: anew");
}

#[test]
fn pages_that_ran_out_are_not_asked_for_again_in_the_same_window() {
    let (mut reading, window) = (Reading::default(), hours(-1, 0));
    let query = ListQuery { window: Window::Live { secs: 3_600 }, expression: String::new() };
    let (newest, oldest) = (summary(60, 1.0, Status::Ok), summary(1_200, 1.0, Status::Ok));
    reading.take(window, [newest, oldest], 1_000, Some(at(-1_200)));
    let list = reading.list(&query, window, false);
    assert_eq!((list.from, list.to, list.cut, list.scanned), (at(-1_200), at(0), true, 1_000));
    assert_eq!(list.traces.iter().map(|trace| trace.start).collect::<Vec<_>>(), [at(-60), at(-1_200)]);
    assert_eq!(reading.missing(window), []);
    assert_eq!(reading.missing((at(-3_540), at(60))), [(at(0), at(60))], "what is new is");
    reading.go_on();
    assert_eq!(reading.missing(window), [(at(-3_600), at(-1_200))], "another window may go on");
    // More came since than pages hold: what is older than the hole goes, and that is said.
    reading.take((at(0), at(600)), [summary(-500, 1.0, Status::Ok)], 9, Some(at(300)));
    let list = reading.list(&query, (at(-3_000), at(600)), false);
    assert_eq!((list.from, list.to, list.cut, list.traces.len()), (at(300), at(600), true, 1));
}

#[test]
fn what_is_kept_is_bounded_and_said() {
    let mut reading = Reading::default();
    let query = ListQuery { window: Window::Live { secs: 21_600 }, expression: String::new() };
    let traces = (0..12_000).map(|ago| summary(ago, 0.1, Status::Ok));
    reading.take(hours(-6, 0), traces, 12_000, None);
    let list = reading.list(&query, hours(-6, 0), false);
    assert_eq!((list.traces.len(), list.dropped, list.cut), (5_000, 7_000, true));
    assert!(list.from > at(-5_100) && list.from < at(-4_900));
}

proptest! {
    /// However windows move, no moment is asked for twice and all of the window is, in touching parts.
    #[test]
    fn no_time_is_asked_for_twice(windows in prop::collection::vec((-90_000_i64..0, 1_i64..90_000), 1..12)) {
        let mut reading = Reading::default();
        let mut asked: Vec<Stretch> = Vec::new();
        for (from, length) in windows {
            let window = (at(from), at(from + length));
            let parts = reading.missing(window);
            for part in &parts {
                prop_assert!(part.1 > part.0 && part.1.duration_since(part.0).as_hours() <= 6);
                let anew = asked.iter().all(|known| part.1 < known.0 || part.0 > known.1);
                if anew {
                    asked.clear();
                }
                prop_assert!(asked.iter().all(|known| part.1 <= known.0 || part.0 >= known.1), "{part:?}");
                asked.push(*part);
                reading.take(*part, [], 0, None);
            }
            prop_assert_eq!(reading.missing(window), []);
        }
    }
}

#[test]
fn orders_put_what_is_unknown_last() {
    let unknown = Summary { duration: None, ..summary(5, 0.0, Status::Ok) };
    let traces = [
        summary(10, 0.5, Status::Ok),
        summary(20, 3.0, Status::Ok),
        summary(30, 1.0, Status::Fault),
        summary(40, 1.0, Status::Error),
        unknown,
    ];
    let mut sorted = Sorted::default();
    for (order, expected) in [
        (Order::Newest, [5, 10, 20, 30, 40]),
        (Order::Slowest, [20, 30, 40, 10, 5]),
        (Order::Worst, [30, 40, 20, 10, 5]),
    ] {
        let lists = traces.chunks(2).map(|part| Arc::new(part.to_vec())).collect::<Vec<_>>();
        sorted.update(order, lists.iter());
        let ago = |(list, place): &(usize, usize)| NOW - lists[*list][*place].start.as_second();
        assert_eq!(sorted.places().iter().map(ago).collect::<Vec<_>>(), expected, "{order:?}");
    }
    let one = [Arc::new(traces[..1].to_vec())];
    sorted.update(Order::Worst, one.iter());
    assert_eq!(sorted.places(), [(0, 0)], "other lists, another order");
}

#[test]
fn durations_fall_into_steps_of_equal_ratio() {
    let traces: Vec<Summary> =
        [(0.012, Status::Ok), (0.1, Status::Ok), (0.1, Status::Ok), (9.0, Status::Fault)]
            .into_iter()
            .zip(1..)
            .map(|((took, status), ago)| summary(ago, took, status))
            .collect();
    let histogram = Histogram::new(traces.iter(), 30).unwrap();
    assert_eq!((histogram.low, histogram.high), (0.01, 10.0));
    assert_eq!(histogram.fine.iter().sum::<u32>(), 3);
    assert_eq!(histogram.failed.iter().sum::<u32>(), 1);
    assert_eq!((histogram.step(0.01), histogram.step(0.1), histogram.step(1.0)), (0, 10, 20));
    assert_eq!((histogram.fine[10], histogram.failed[29]), (2, 1));
    assert_eq!((histogram.percentile(0.5), histogram.percentile(0.99)), (Some(0.1), Some(9.0)));
    let decades: Vec<f64> = histogram.decades().collect();
    assert_eq!(decades.len(), 4, "{decades:?}");
    // One duration, zero, and none at all have no width, no logarithm and no picture.
    for took in [0.0, 1.0, 1e9] {
        let one = [summary(1, took, Status::Ok)];
        let histogram = Histogram::new(one.iter(), 10).unwrap();
        assert!(histogram.low < histogram.high && histogram.fine.iter().sum::<u32>() == 1, "{histogram:?}");
    }
    let unknown = [Summary { duration: Some(f64::NAN), ..summary(1, 1.0, Status::Ok) }];
    assert!(Histogram::new(unknown.iter(), 10).is_none());
}

#[test]
fn a_request_is_named_by_what_is_known() {
    let of = |method: &str, url: &str| {
        Summary { method: method.into(), url: url.into(), ..summary(1, 1.0, Status::Ok) }.request()
    };
    for (method, url, expected) in [
        ("GET", "https://shop.example/pay?x=1", "GET /pay?x=1"),
        ("GET", "https://shop.example", "GET https://shop.example"),
        ("", "/pay", "/pay"),
        ("POST", "", "POST"),
        ("", "", "checkout"),
    ] {
        assert_eq!(of(method, url), expected);
    }
    let noted = Summary {
        cause: Some("orders: PoolExhausted".into()),
        annotations: vec![("side".into(), "new".into())],
        users: vec!["bob".into()],
        ..summary(1, 1.0, Status::Fault)
    };
    assert_eq!(noted.notes(), "orders: PoolExhausted  side=new  user=bob");
}

pub(super) fn counts(ok: u64, errors: u64, throttles: u64, faults: u64) -> Counts {
    let total = ok + errors + throttles + faults;
    Counts { ok, errors, throttles, faults, total, seconds: total as f64 * 0.2 }
}

pub(super) fn raw(id: i32, name: &str, kind: &str, counts: Counts, calls: &[(i32, Counts)]) -> RawService {
    let times = vec![(0.05, counts.total / 2), (0.2, counts.total / 3), (1.9, counts.total / 6)];
    RawService {
        id,
        service: GraphService {
            name: name.into(),
            kind: kind.into(),
            counts,
            times,
            ..GraphService::default()
        },
        calls: calls.iter().map(|(to, counts)| (*to, *counts, false)).collect(),
    }
}

#[test]
fn health_is_what_weighs_most() {
    for (counts, expected) in [
        (counts(0, 0, 0, 0), None),
        (counts(1_000, 0, 0, 9), Some(Status::Ok)),
        (counts(1_000, 0, 0, 11), Some(Status::Fault)),
        (counts(1_000, 500, 20, 20), Some(Status::Fault)),
        (counts(1_000, 500, 20, 0), Some(Status::Throttle)),
        (counts(1_000, 40, 0, 0), Some(Status::Ok)),
        (counts(1_000, 60, 0, 0), Some(Status::Error)),
    ] {
        assert_eq!(counts.outcome().map(|(status, _)| status), expected, "{counts:?}");
    }
}

#[test]
fn maps_of_parts_are_put_together_by_name_and_type() {
    let first = vec![
        raw(0, "client", "client", counts(60, 0, 0, 0), &[(7, counts(60, 0, 0, 0))]),
        raw(7, "checkout", "AWS::ECS::Container", counts(60, 0, 0, 0), &[(9, counts(30, 0, 0, 0))]),
        raw(9, "orders", "AWS::ECS::Container", counts(30, 0, 0, 0), &[]),
    ];
    // Other numbers, an edge to nowhere, and a database of a service's name.
    let second = vec![
        raw(1, "orders", "AWS::ECS::Container", counts(10, 0, 0, 0), &[]),
        raw(
            2,
            "checkout",
            "AWS::ECS::Container",
            counts(0, 0, 0, 60),
            &[(1, counts(10, 0, 0, 0)), (55, counts(1, 0, 0, 0))],
        ),
        raw(3, "orders", "Database::SQL", counts(5, 0, 0, 0), &[]),
    ];
    let graph = Graph::merge(at(-7_200), at(0), &[first, second], false);
    let names: Vec<(&str, &str)> =
        graph.services.iter().map(|it| (it.name.as_str(), it.kind.as_str())).collect();
    assert_eq!(
        names,
        [
            ("checkout", "AWS::ECS::Container"),
            ("client", "client"),
            ("orders", "AWS::ECS::Container"),
            ("orders", "Database::SQL"),
        ]
    );
    let checkout = &graph.services[0];
    assert_eq!((checkout.counts.total, checkout.counts.faults), (120, 60));
    assert_eq!(checkout.calls.len(), 1);
    assert_eq!((checkout.calls[0].to, checkout.calls[0].counts.total), (2, 40));
    assert_eq!((graph.callers(0), graph.callers(2)), (vec!["clients"], vec!["checkout"]));
    assert_eq!(graph.troubled().map(|(service, _)| service.name.as_str()).collect::<Vec<_>>(), ["checkout"]);
    assert_eq!((checkout.percentile(0.5), checkout.percentile(0.99)), (Some(0.05), Some(1.9)));
    assert_eq!(GraphService::default().percentile(0.5), None);
    assert_eq!((graph.minutes(), graph.is_whole()), (120.0, true));
    assert_eq!(graph.nodes()[0].calls, [2]);
}

#[test]
fn log_groups_come_from_the_trace_or_its_functions() {
    let span = |name: &str, origin: &str, groups: &[&str]| Span {
        name: name.into(),
        origin: origin.into(),
        detail: Some(Box::new(SpanDetail {
            log_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..SpanDetail::default()
        })),
        ..Span::default()
    };
    let trace = |spans: Vec<Span>| Trace {
        spans,
        start: NOW * 1_000_000,
        end: (NOW + 2) * 1_000_000,
        ..Trace::default()
    };
    let services = Services::default();
    let function = span("receipts", "AWS::Lambda::Function", &[]);
    let told = trace(vec![span("checkout", "AWS::ECS::Container", &["/ecs/checkout"]), function.clone()]);
    let query = LogsQuery::new(id(1), &told, &services).unwrap();
    assert_eq!(
        (query.groups.as_slice(), query.from, query.to),
        (&["/ecs/checkout".to_owned()][..], at(-60), at(302))
    );
    assert!(query.is_open(at(301)) && !query.is_open(at(302)));
    let untold = trace(vec![span("checkout", "AWS::ECS::Container", &[]), function]);
    assert_eq!(LogsQuery::new(id(1), &untold, &services).unwrap().groups, ["/aws/lambda/receipts"]);
    assert_eq!(LogsQuery::new(id(1), &trace(Vec::new()), &services), None);
}

#[test]
fn only_ids_of_the_last_month_tell_a_time() {
    let made = |seconds: i64| TraceId::from_hex(&format!("{:08x}{:024x}", NOW + seconds, 1)).unwrap();
    for (seconds, known) in
        [(0, true), (-60, true), (600, true), (-29 * 86_400, true), (-31 * 86_400, false), (86_400, false)]
    {
        assert_eq!(began(made(seconds), at(0)), known.then(|| at(seconds)), "{seconds}");
    }
}
