//! The contract of the sources behind Traces, and their way through the console: a failing request found, opened
//! and followed to its log line.

use crate::common::{Driver, connect, poll, simulator, start};
use crate::sources::holds;
use eyewall::app::Window;
use eyewall::aws::{Conn, ErrorClass};
use eyewall::features::traces::{
    GraphQuery, GraphSource, ListQuery, ListSource, LogsQuery, LogsSource, Summary, TraceId, TraceList,
    TraceQuery, TraceSource,
};
use eyewall::features::{Payload, Query};
use eyewall::runtime::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

fn list_of(window: Window, expression: &str) -> Query {
    Query::Traces(ListQuery { window, expression: expression.into() })
}

fn hour() -> Window {
    Window::Live { secs: 3_600 }
}

async fn target(scenario: &str) -> (Conn, Clock) {
    let clock = Clock::starting_at(start());
    (connect(&simulator(scenario, clock), clock).await, clock)
}

async fn list(source: &mut ListSource, query: &Query, clock: Clock) -> TraceList {
    match poll(source, query, clock).await {
        Ok(Payload::Traces(list)) => list,
        other => panic!("no list: {other:?}"),
    }
}

/// A request that failed, as the list has it.
async fn failed(conn: &Conn, clock: Clock) -> Summary {
    let list = list(&mut ListSource::new(conn), &list_of(hour(), "fault"), clock).await;
    list.traces.first().expect("a fault in a bad deploy").clone()
}

#[tokio::test(start_paused = true)]
async fn trace_list() {
    holds("xray:GetTraceSummaries", ListSource::new, &list_of(hour(), "fault")).await;
}

#[tokio::test(start_paused = true)]
async fn service_graph() {
    let query = Query::ServiceGraph(GraphQuery { window: hour() });
    holds("xray:GetServiceGraph", GraphSource::new, &query).await;
}

#[tokio::test(start_paused = true)]
async fn one_trace() {
    let (conn, clock) = target("bad-deploy").await;
    let id = failed(&conn, clock).await.id;
    holds("xray:BatchGetTraces", TraceSource::new, &Query::Trace(TraceQuery { id })).await;
}

#[tokio::test(start_paused = true)]
async fn log_lines_of_a_trace() {
    let (from, to) = (start(), start());
    let id = TraceId::from_hex("67a1b2c30123456789abcdef01234567").unwrap();
    let groups = vec!["/ecs/checkout".to_owned()];
    let query = Query::TraceLogs(LogsQuery { id, groups, from, to });
    holds("logs:FilterLogEvents", LogsSource::new, &query).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_traced_is_an_answer() {
    let (conn, clock) = target("empty").await;
    let found = list(&mut ListSource::new(&conn), &list_of(hour(), ""), clock).await;
    assert!(found.traces.is_empty() && !found.cut && !found.pending, "{found:?}");
    let query = Query::ServiceGraph(GraphQuery { window: hour() });
    let graph = poll(&mut GraphSource::new(&conn), &query, clock).await;
    let Ok(Payload::ServiceGraph(graph)) = graph else { panic!("no map: {graph:?}") };
    assert!(graph.services.iter().all(|service| service.counts.total == 0), "{graph:?}");
    let id = TraceId::from_hex("67a1b2c30123456789abcdef01234567").unwrap();
    let read = poll(&mut TraceSource::new(&conn), &Query::Trace(TraceQuery { id }), clock).await;
    let Ok(Payload::Trace(read)) = read else { panic!("no answer: {read:?}") };
    assert_eq!((read.trace, read.unfinished), (None, true), "random ids tell no time: it may come");
}

#[tokio::test(start_paused = true)]
async fn what_the_service_refuses_is_told_in_its_words() {
    let (conn, clock) = target("bad-deploy").await;
    let error = poll(&mut ListSource::new(&conn), &list_of(hour(), "service("), clock).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid, "{error:?}");
    assert!(!error.message.is_empty());
}

/// As time goes on only new time is asked for, and no trace is listed twice or lost.
#[tokio::test(start_paused = true)]
async fn a_list_grows_without_asking_for_any_time_twice() {
    let (conn, clock) = target("bad-deploy").await;
    let mut source = ListSource::new(&conn);
    let query = list_of(Window::Pinned { start: ago(900) }, "fault");
    let first = list(&mut source, &query, clock).await;
    let scanned = first.scanned;
    assert!(scanned > 0 && first.traces.iter().all(|trace| trace.outcome.failed()));
    let again = list(&mut source, &query, clock).await;
    assert_eq!(again.scanned, scanned, "nothing new, nothing asked");
    tokio::time::advance(Duration::from_mins(5)).await;
    let grown = list(&mut source, &query, clock).await;
    assert_eq!(grown.to.duration_since(first.to), SignedDuration::from_secs(300));
    let ids = |list: &TraceList| list.traces.iter().map(|trace| trace.id).collect::<BTreeSet<_>>();
    assert!(ids(&grown).is_superset(&ids(&first)) && grown.traces.len() > first.traces.len());
    assert_eq!(ids(&grown).len(), grown.traces.len(), "none twice");
    // Another source that reads all of it at once finds the same.
    let whole = list(&mut ListSource::new(&conn), &query, clock).await;
    assert_eq!(ids(&whole), ids(&grown));
    assert!(grown.scanned <= whole.scanned + 2, "{} and {}", grown.scanned, whole.scanned);
}

/// The first traces are seen after a page or two; the pages that follow add what is older, each trace once.
#[tokio::test(start_paused = true)]
async fn a_busy_hour_is_read_a_few_pages_at_a_time() {
    let (conn, clock) = target("bad-deploy").await;
    let mut source = ListSource::new(&conn);
    let query = list_of(hour(), "");
    let mut last = list(&mut source, &query, clock).await;
    assert!(last.pending && !last.cut && (100..=400).contains(&last.traces.len()), "{}", last.traces.len());
    while last.pending {
        tokio::time::advance(Duration::from_secs(1)).await;
        let more = list(&mut source, &query, clock).await;
        assert!(more.from < last.from && more.traces.len() > last.traces.len() && more.to == last.to);
        last = more;
    }
    assert!(last.cut, "an hour has more than ten pages");
    assert_eq!(last.traces.iter().map(|trace| trace.id).collect::<BTreeSet<_>>().len(), last.traces.len());
    assert_eq!(last.scanned, last.traces.len() as u64, "each was paid for once");
    // What came since fills several pages: until they touch, the list stays as it is, and nothing of it goes.
    tokio::time::advance(Duration::from_mins(5)).await;
    let before = last;
    let mut last = list(&mut source, &query, clock).await;
    assert!(last.pending && (last.from, last.to) == (before.from, before.to), "{} {}", last.from, last.to);
    while last.pending {
        last = list(&mut source, &query, clock).await;
    }
    assert_eq!((last.from, last.to.duration_since(before.to).as_secs() >= 300), (before.from, true));
    assert!(last.traces.len() > before.traces.len() + 400);
}

fn ago(seconds: i64) -> Timestamp {
    start().checked_sub(SignedDuration::from_secs(seconds)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_week_is_read_back_in_parts() {
    let (conn, clock) = target("quiet").await;
    let query = list_of(Window::Live { secs: 604_800 }, "fault AND http.status = 599");
    let list = list(&mut ListSource::new(&conn), &query, clock).await;
    assert!(list.pending || list.cut, "{list:?}");
    assert!(list.from < list.to);
}

/// What failed is the same in the list, the documents and the log lines.
#[tokio::test(start_paused = true)]
async fn a_failing_request_has_its_documents_and_its_lines() {
    let (conn, clock) = target("bad-deploy").await;
    let summary = failed(&conn, clock).await;
    let id = summary.id;
    let read = poll(&mut TraceSource::new(&conn), &Query::Trace(TraceQuery { id }), clock).await;
    let Ok(Payload::Trace(read)) = read else { panic!("no trace: {read:?}") };
    assert!(!read.unfinished);
    let trace = read.trace.unwrap();
    assert!(trace.first_fault.is_some() && trace.problems.is_empty(), "{:?}", trace.problems);
    let groups = trace.log_groups().into_iter().map(str::to_owned).collect();
    let around = |by| summary.start.checked_add(SignedDuration::from_secs(by)).unwrap();
    let query = Query::TraceLogs(LogsQuery { id, groups, from: around(-60), to: around(300) });
    let logs = poll(&mut LogsSource::new(&conn), &query, clock).await;
    let Ok(Payload::TraceLogs(logs)) = logs else { panic!("no lines: {logs:?}") };
    assert!(logs.notes.is_empty() && !logs.lines.is_empty(), "{logs:?}");
    assert!(logs.lines.is_sorted_by_key(|line| line.at));
}

/// One group that may not be read leaves the lines of the others, with a note.
#[tokio::test(start_paused = true)]
async fn lines_lack_only_what_cannot_be_read() {
    let (conn, clock) = target("bad-deploy").await;
    let summary = failed(&conn, clock).await;
    let groups = vec!["/no/such".to_owned(), "/ecs/checkout".to_owned()];
    let to = summary.start.checked_add(SignedDuration::from_mins(5)).unwrap();
    let query = Query::TraceLogs(LogsQuery { id: summary.id, groups, from: ago(7_200), to });
    let logs = poll(&mut LogsSource::new(&conn), &query, clock).await;
    let Ok(Payload::TraceLogs(logs)) = logs else { panic!("no lines: {logs:?}") };
    assert!(logs.notes.iter().any(|note| note.starts_with("/no/such: ")), "{:?}", logs.notes);
    let alone = LogsQuery { groups: vec!["/no/such".to_owned()], ..wanted(&query) };
    assert!(poll(&mut LogsSource::new(&conn), &Query::TraceLogs(alone), clock).await.is_err());
}

fn wanted(query: &Query) -> LogsQuery {
    match query {
        Query::TraceLogs(query) => query.clone(),
        other => panic!("{other:?}"),
    }
}

/// From the failing service to the failing span and its log line, by keys alone.
#[tokio::test(start_paused = true)]
async fn a_bad_deploy_from_its_alarm_to_the_failing_trace() {
    let mut driver = Driver::bad_deploy("traces").await;
    driver.settle().await;
    driver.press("3").await;
    driver.settle().await;
    driver.press("t").await;
    driver.wait_for("FAULT", Duration::from_secs(20)).await;
    driver.shows("service(\"checkout\")");
    driver.press("<Enter>").await;
    driver.wait_for("LOGS of this trace", Duration::from_secs(20)).await;
    driver.settle().await;
    driver.shows("new (green)");
    driver.press("<Backspace>").await;
    driver.shows("service(\"checkout\")");
    driver.press("<Backspace>").await;
    driver.shows("ALARM");
}
