//! The source through a real SDK client against the simulated AWS: pages, only unread time, regions, faults.

use super::super::model::{Ask, Batch, By, TrailQuery};
use super::super::source::TrailSource;
use super::super::trail::Trail;
use crate::app::Window;
use crate::aws::{Access, Aws, Clocks, Conn, ErrorClass, SourceError, TargetSpec};
use crate::demo::Faults;
use crate::demo::sim::SimAws;
use crate::demo::world::Scenario;
use crate::features::{Payload, Query, Source, SourceCtx};
use crate::runtime::clock::Clock;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

struct Bench {
    sim: SimAws,
    clock: Clock,
    conn: Conn,
    source: TrailSource,
    trail: Trail,
}

impl Bench {
    async fn new(scenario: &str) -> Self {
        let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        let scenario = Scenario::builtin(scenario).unwrap();
        let sim = SimAws::new(scenario, 7, start, Arc::new(move || clock.wall()));
        let clocks = Clocks {
            monotonic: Arc::new(move || clock.since_start()),
            wall: Arc::new(move || clock.wall()),
            sleep: SharedAsyncSleep::new(TokioSleep::new()),
        };
        let aws = Aws::new(Access::Simulated { http: SharedHttpClient::new(sim.clone()) }, clocks, None);
        let spec = TargetSpec { region: Some("eu-west-2".into()), ..TargetSpec::named("t") };
        let conn = aws.connect(&spec).await;
        Self { sim, clock, source: TrailSource::new(&conn), conn, trail: Trail::default() }
    }

    fn asked(&self) -> u64 {
        let calls = self.sim.ceilings();
        calls.iter().find(|call| call.operation == "LookupEvents").map_or(0, |call| call.total)
    }

    async fn poll(&mut self, query: &TrailQuery) -> Result<Batch, SourceError> {
        let ctx = SourceCtx { now: self.clock.now(), refreshes: 0 };
        match self.source.poll(&Query::Trail(query.clone()), &ctx).await? {
            Payload::Trail(batch) => {
                self.trail.push(batch.clone());
                Ok(batch)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Polls until everything was read, as the console does.
    async fn all(&mut self, query: &TrailQuery) -> Batch {
        for _ in 0..200 {
            let batch = self.poll(query).await.unwrap();
            if batch.reaches.iter().all(|reach| reach.done) {
                return batch;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("there was no end");
    }
}

fn ask(region: Option<&str>, by: By) -> Ask {
    Ask { region: region.map(str::to_owned), by }
}

fn hours(hours: i64) -> TrailQuery {
    let window = Window::Live { secs: hours * 3_600 };
    TrailQuery { asks: vec![ask(None, By::Writes)], window, missed: 0 }
}

#[tokio::test(start_paused = true)]
async fn a_window_is_read_page_by_page_and_then_rests() {
    let mut bench = Bench::new("bad-deploy").await;
    let first = bench.poll(&hours(12)).await.unwrap();
    assert_eq!(first.events.len(), 50);
    assert!(!first.reaches[0].done && first.reaches[0].back_to.is_some(), "progress is told");
    let last = bench.all(&hours(12)).await;
    let reach = &last.reaches[0];
    assert!(reach.back_to.unwrap() <= bench.clock.wall() - SignedDuration::from_hours(11));
    assert!(bench.trail.events().len() > 150, "{}", bench.trail.events().len());
    let asked = bench.asked();
    // A minute has not passed: nothing is asked, whatever is polled.
    for _ in 0..3 {
        assert!(bench.poll(&hours(12)).await.unwrap().events.is_empty());
    }
    assert!(bench.poll(&hours(1)).await.unwrap().reaches[0].done, "a part of what was read");
    assert_eq!(bench.asked(), asked);
    tokio::time::sleep(Duration::from_secs(61)).await;
    bench.all(&hours(12)).await;
    assert_eq!(bench.asked(), asked + 1, "only what may be new");
    assert_eq!(bench.trail.missed, 0);
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_is_found_without_repeats() {
    let mut bench = Bench::new("db-connections").await;
    bench.all(&hours(1)).await;
    let before = bench.trail.events().len();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(61)).await;
        bench.all(&hours(1)).await;
    }
    let events = bench.trail.events();
    assert!(events.len() > before);
    // All that can be looked up of the first hour is there, each once.
    let mut fresh = Bench::new("db-connections").await;
    let start = fresh.clock.wall();
    tokio::time::sleep(Duration::from_mins(20)).await;
    let window = Window::Frozen { start: start - SignedDuration::from_hours(1), end: start };
    fresh.all(&TrailQuery { window, ..hours(1) }).await;
    for event in fresh.trail.events().iter() {
        assert_eq!(events.iter().filter(|known| known.id == event.id).count(), 1, "{}", event.sentence());
    }
}

#[tokio::test(start_paused = true)]
async fn one_region_that_is_not_reached_is_named_and_the_others_are_read() {
    let mut bench = Bench::new("leaked-key").await;
    let key = By::Key("AKIAEXAMPLEREPORTS00".into());
    let regions = [None, Some("us-east-1"), Some("eu-central-1"), Some("ap-southeast-1")];
    let asks = regions.map(|region| ask(region, key.clone())).to_vec();
    let query = TrailQuery { asks, window: Window::Live { secs: 7_200 }, missed: 0 };
    // The first two calls are answered, then one is refused.
    bench.poll(&query).await.unwrap();
    let regions: BTreeSet<&str> = bench.trail.events().iter().map(|event| &*event.region).collect();
    assert_eq!(regions.into_iter().collect::<Vec<_>>(), ["ap-southeast-1", "eu-central-1", "us-east-1"]);
    assert!(bench.trail.events().iter().all(|event| event.key.as_deref() == Some("AKIAEXAMPLEREPORTS00")));
    assert!(bench.trail.events().iter().any(|event| event.error.is_some()), "refused calls, too");

    let mut bench = Bench::new("leaked-key").await;
    bench.sim.set_faults(Faults::parse(["cloudtrail:LookupEvents=deny*1"]).unwrap());
    let batch = bench.poll(&query).await.unwrap();
    let problem = batch.reaches[0].problem.as_ref().unwrap();
    assert_eq!((problem.class, batch.reaches[0].region.as_str()), (ErrorClass::Denied, "eu-west-2"));
    assert!(batch.reaches[1..].iter().all(|reach| reach.problem.is_none() && reach.done));
    assert!(!bench.trail.events().is_empty());
    // It is left alone for a while, and tried again then.
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert!(bench.poll(&query).await.unwrap().reaches[0].problem.is_some());
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(bench.poll(&query).await.unwrap().reaches[0].problem.is_none());
}

#[tokio::test(start_paused = true)]
async fn colleagues_may_use_up_the_quota() {
    let mut bench = Bench::new("quiet").await;
    // Two requests of others in this second.
    let client = bench.conn.cloudtrail();
    for _ in 0..2 {
        client.lookup_events().send().await.unwrap();
    }
    let error = bench.poll(&hours(1)).await;
    // The SDK may have tried again by itself by now.
    if let Err(error) = error {
        assert_eq!(error.class, ErrorClass::Throttled);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    bench.all(&hours(1)).await;
    assert!(!bench.trail.events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_when_an_answer_is_not_taken() {
    let mut bench = Bench::new("bad-deploy").await;
    let ctx = SourceCtx { now: bench.clock.now(), refreshes: 0 };
    let query = Query::Trail(hours(1));
    // An answer that nobody takes, then the poller closes the source: its question changed.
    let Payload::Trail(lost) = bench.source.poll(&query, &ctx).await.unwrap() else { panic!() };
    bench.source.close().await;
    bench.poll(&hours(1)).await.unwrap();
    assert_eq!(bench.trail.missed, 1, "the store notices");
    let batch = bench.all(&TrailQuery { missed: 1, ..hours(1) }).await;
    assert_eq!(bench.trail.missed, 1);
    assert!(!lost.events.is_empty() && lost.events.iter().all(|event| bench.trail.events().contains(event)));
    // Another question, and nothing was lost: what is known is not sent again.
    bench.source.close().await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    let later = bench.poll(&TrailQuery { missed: 1, ..hours(2) }).await.unwrap();
    assert!(batch.whole && !later.whole);
    assert!(later.events.iter().all(|event| !lost.events.contains(event)));
}

#[tokio::test(start_paused = true)]
async fn global_services_are_read_where_they_write() {
    let mut bench = Bench::new("quiet").await;
    let asks = vec![ask(None, By::Writes), ask(Some("us-east-1"), By::GlobalWrites)];
    let query = TrailQuery { asks, window: Window::Live { secs: 86_400 }, missed: 0 };
    bench.all(&query).await;
    let elsewhere: Vec<_> =
        bench.trail.events().iter().filter(|event| &*event.region == "us-east-1").cloned().collect();
    assert!(!elsewhere.is_empty());
    assert!(elsewhere.iter().all(|event| &*event.service == "signin" || &*event.service == "iam"));
}

/// By user and by resource the console has what CloudTrail has, no more and no less.
#[tokio::test(start_paused = true)]
async fn what_is_looked_up_is_what_there_is() {
    let service = "arn:aws:ecs:eu-west-2:111122223333:service/shop/checkout";
    for by in [By::User("reports".into()), By::Resource(service.into())] {
        let mut bench = Bench::new("bad-deploy").await;
        let (key, value) = match &by {
            By::User(name) => (LookupAttributeKey::Username, name.clone()),
            By::Resource(name) => (LookupAttributeKey::ResourceName, name.clone()),
            other => panic!("{other:?}"),
        };
        let query = TrailQuery { asks: vec![ask(None, by)], ..hours(6) };
        bench.all(&query).await;
        let own: BTreeSet<String> = bench.trail.events().iter().map(|event| event.id.to_string()).collect();
        let attribute = LookupAttribute::builder().attribute_key(key).attribute_value(value).build().unwrap();
        let start = DateTime::from_secs(bench.clock.wall().as_second() - 6 * 3_600);
        let client = bench.conn.cloudtrail();
        let (mut there, mut token) = (BTreeSet::new(), None);
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let request = client.lookup_events().lookup_attributes(attribute.clone()).start_time(start);
            let page = request.max_results(7).set_next_token(token).send().await.unwrap();
            there.extend(page.events().iter().filter_map(|event| event.event_id().map(str::to_owned)));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        assert!(!there.is_empty());
        assert_eq!(own, there);
    }
}
