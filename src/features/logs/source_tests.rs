//! The sources through real SDK clients against the simulated AWS: nothing is lost, nothing comes twice,
//! nothing hostile passes, whatever goes wrong on the way.

use super::model::{Batch, EventId, GroupList, TailQuery};
use super::source::{GroupsSource, TailSource};
use super::store::LogStore;
use crate::app::{Now, Window};
use crate::aws::{Access, Aws, Clocks, Conn, ErrorClass, SourceError, TargetSpec};
use crate::demo::fault::Faults;
use crate::demo::sim::SimAws;
use crate::demo::world::Scenario;
use crate::features::{Payload, Query, Source, SourceCtx};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const GROUPS: [&str; 2] = ["/ecs/checkout", "/ecs/orders"];

/// A tail over the simulated AWS, with a wall clock that the test sets.
struct Bench {
    sim: SimAws,
    conn: Conn,
    tail: TailSource,
    store: LogStore,
    seconds: Arc<AtomicI64>,
    start: Timestamp,
}

#[expect(clippy::disallowed_methods, reason = "the paused clock of the test drives the limiter")]
async fn bench(scenario: &str) -> Bench {
    let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    let seconds = Arc::new(AtomicI64::new(start.as_second()));
    let told = Arc::clone(&seconds);
    let wall = Arc::new(move || Timestamp::from_second(told.load(Ordering::Relaxed)).unwrap());
    let sim = SimAws::new(Scenario::builtin(scenario).unwrap(), 7, start, wall.clone());
    let began = tokio::time::Instant::now();
    let clocks = Clocks {
        monotonic: Arc::new(move || began.elapsed()),
        wall,
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    };
    let aws = Aws::new(Access::Simulated { http: SharedHttpClient::new(sim.clone()) }, clocks, None);
    let conn = aws.connect(&TargetSpec { region: Some("eu-west-1".into()), ..TargetSpec::named("t") }).await;
    Bench { sim, tail: TailSource::new(&conn), conn, store: LogStore::default(), seconds, start }
}

fn query(groups: &[&str], window: Window) -> TailQuery {
    TailQuery { groups: groups.iter().map(|group| (*group).into()).collect(), window }
}

/// The last three minutes.
fn live() -> TailQuery {
    query(&GROUPS, Window::Live { secs: 180 })
}

impl Bench {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::Relaxed)).unwrap()
    }

    fn ctx(&self) -> SourceCtx {
        let since_start = Duration::try_from(self.now().duration_since(self.start)).unwrap();
        SourceCtx { now: Now { since_start, wall: self.now() }, refreshes: 0 }
    }

    fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    async fn poll(&mut self, query: &TailQuery) -> Result<Batch, SourceError> {
        let ctx = self.ctx();
        match self.tail.poll(&Query::LogTail(query.clone()), &ctx).await? {
            Payload::LogBatch(batch) => Ok(batch),
            other => panic!("{other:?}"),
        }
    }

    /// Polls, and gives the store what came.
    async fn take(&mut self, query: &TailQuery) {
        let batch = self.poll(query).await.unwrap();
        self.store.push(batch);
    }

    /// Polls until nothing is pending.
    async fn settle(&mut self, query: &TailQuery) {
        for _ in 0..50 {
            self.take(query).await;
            let status = self.store.status().unwrap();
            if !status.rest_pending && status.covered_from.is_some() {
                return;
            }
        }
        panic!("never settled");
    }

    /// What CloudWatch itself says was written to these groups in a stretch of time.
    async fn truth(&self, groups: &[&str], start: Timestamp, end: Timestamp) -> HashSet<EventId> {
        let mut ids = HashSet::new();
        for group in groups {
            let request = self.conn.logs().filter_log_events().log_group_name(*group);
            let request = request.start_time(start.as_millisecond()).end_time(end.as_millisecond());
            let mut pages = request.into_paginator().send();
            while let Some(page) = pages.next().await {
                let id = |event: &aws_sdk_cloudwatchlogs::types::FilteredLogEvent| {
                    EventId::from_parts(&[group.as_bytes(), event.event_id().unwrap().as_bytes()])
                };
                ids.extend(page.unwrap().events().iter().map(id));
            }
        }
        ids
    }

    /// Everything that was written between `from` and 30 s ago is stored, once.
    async fn assert_complete(&self, groups: &[&str], from: Timestamp) {
        let end = self.now() - SignedDuration::from_secs(30);
        let truth = self.truth(groups, from, end).await;
        assert!(truth.len() > 200, "{} lines prove nothing", truth.len());
        let entries = self.store.rows().chunks().flat_map(super::rows::Chunk::entries);
        let stored: Vec<EventId> = entries
            .filter(|entry| (from..=end).contains(&entry.event.timestamp))
            .map(|entry| entry.event.id)
            .collect();
        let set: HashSet<EventId> = stored.iter().copied().collect();
        assert_eq!(set.len(), stored.len(), "no line twice");
        let missing = truth.difference(&set).count();
        assert_eq!((missing, set.len()), (0, truth.len()), "no line missing, none made up");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tail_has_every_line_once() {
    let mut bench = bench("bad-deploy").await;
    let from = bench.start - SignedDuration::from_secs(170);
    bench.settle(&live()).await;
    for _ in 0..6 {
        bench.advance(10);
        bench.take(&live()).await;
    }
    bench.assert_complete(&GROUPS, from).await;
    let status = bench.store.status().unwrap();
    assert!(status.repeated > 0, "the overlap was read again");
    assert!(status.failed.is_empty() && bench.store.dropped() == 0);
    let entries = bench.store.rows().chunks().flat_map(super::rows::Chunk::entries);
    let events: Vec<_> = entries.map(|entry| &entry.event).collect();
    assert!(events.iter().any(|event| event.facts.trace.is_some() && event.is_error()));
    for event in events {
        let hostile = event.message.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(hostile, None, "{:?}", event.message);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_is_sent_again() {
    let mut bench = bench("bad-deploy").await;
    let from = bench.start - SignedDuration::from_secs(170);
    bench.settle(&live()).await;
    bench.advance(5);
    let lost = bench.poll(&live()).await.unwrap();
    assert!(!lost.events.is_empty());
    // The screen was left while the answer was on its way, so it was ignored.
    bench.tail.close().await;
    bench.advance(60);
    bench.take(&live()).await;
    // A longer window is another question; the answer before it may be ignored too.
    bench.advance(5);
    bench.poll(&live()).await.unwrap();
    let longer = query(&GROUPS, Window::Live { secs: 360 });
    bench.settle(&longer).await;
    bench.assert_complete(&GROUPS, from - SignedDuration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn other_groups_and_fixed_windows_begin_anew() {
    let mut bench = bench("bad-deploy").await;
    assert!(bench.poll(&live()).await.unwrap().fresh);
    assert!(!bench.poll(&live()).await.unwrap().fresh, "the first answer was taken");
    let one = query(&GROUPS[..1], Window::Live { secs: 300 });
    assert!(bench.poll(&one).await.unwrap().fresh);
    let at = |secs| bench.start - SignedDuration::from_secs(secs);
    let (start, end) = (at(7_200), at(7_000));
    let fixed = query(&GROUPS[..1], Window::Frozen { start, end });
    bench.settle(&fixed).await;
    let rows = bench.store.rows();
    let truth = bench.truth(&GROUPS[..1], start, end).await;
    assert_eq!(rows.len(), truth.len());
    assert!(rows.first().unwrap().ms >= start.as_millisecond());
    assert!(rows.last().unwrap().ms <= end.as_millisecond());
    let calls = || bench.sim.ceilings().iter().map(|ceiling| ceiling.total).sum::<u64>();
    let before = calls();
    let ctx = bench.ctx();
    bench.tail.poll(&Query::LogTail(fixed), &ctx).await.unwrap();
    assert_eq!(calls(), before, "a fixed window is read once");
}

#[tokio::test(start_paused = true)]
async fn failures_lose_nothing() {
    for (fault, class) in [
        ("logs:FilterLogEvents=throttle*4", ErrorClass::Throttled),
        ("logs:FilterLogEvents=deny*2", ErrorClass::Denied),
        ("logs:FilterLogEvents=expire*2", ErrorClass::Expired),
        ("logs:FilterLogEvents=cut:900*4", ErrorClass::NotAws),
        ("logs:FilterLogEvents=garbage:200*4", ErrorClass::NotAws),
    ] {
        let mut bench = bench("bad-deploy").await;
        let one = query(&GROUPS[..1], Window::Live { secs: 60 });
        let from = bench.start - SignedDuration::from_secs(50);
        bench.settle(&one).await;
        bench.advance(5);
        bench.sim.set_faults(Faults::parse([fault]).unwrap());
        let mut errors = Vec::new();
        for _ in 0..6 {
            match bench.poll(&one).await {
                Ok(batch) => errors.extend(batch.status.failed.iter().map(|(_, error)| error.class)),
                Err(error) => errors.push(error.class),
            }
            // Whatever came is ignored: the screen was left.
            bench.tail.close().await;
        }
        assert!(!errors.is_empty() && errors.iter().all(|error| *error == class), "{fault}: {errors:?}");
        bench.sim.set_faults(Faults::default());
        bench.advance(60);
        bench.settle(&one).await;
        bench.assert_complete(&GROUPS[..1], from).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_group_failing_leaves_the_others() {
    let mut bench = bench("bad-deploy").await;
    let groups = query(&["/ecs/checkout", "/no/such/group"], Window::Live { secs: 300 });
    let batch = bench.poll(&groups).await.unwrap();
    assert!(!batch.events.is_empty());
    let (group, error) = &batch.status.failed[0];
    assert_eq!((group.as_ref(), batch.status.failed.len()), ("/no/such/group", 1));
    assert!(error.message.contains("does not exist"), "{error}");
    let alone = query(&["/no/such/group"], Window::Live { secs: 300 });
    assert!(bench.poll(&alone).await.is_err());
}

async fn groups(bench: &Bench, source: &mut GroupsSource) -> GroupList {
    match source.poll(&Query::LogGroups, &bench.ctx()).await.unwrap() {
        Payload::LogGroups(list) => list,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn thousands_of_groups_come_in_parts() {
    let bench = bench("big").await;
    let mut source = GroupsSource::new(&bench.conn);
    let first = groups(&bench, &mut source).await;
    assert!(!first.complete && first.groups.len() >= 300, "something to pick from at once");
    let mut list = first;
    for _ in 0..20 {
        if list.complete {
            break;
        }
        list = groups(&bench, &mut source).await;
    }
    assert_eq!((list.complete, list.truncated, list.groups.len()), (true, false, 5_000));
    assert!(list.groups.is_sorted_by(|a, b| a.name < b.name));
    bench.advance(300);
    assert_eq!(groups(&bench, &mut source).await, list, "the old list stays while the new one is read");
}
