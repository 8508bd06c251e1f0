//! The sources through a real SDK client against the simulated AWS.

use super::source::{DetailSource, ListSource};
use super::{AlarmState, DetailQuery, Kind};
use crate::app::{Now, Window};
use crate::aws::{Access, Aws, Clocks, Conn, TargetSpec};
use crate::demo::sim::SimAws;
use crate::demo::world::Scenario;
use crate::features::{Payload, Query, Source, SourceCtx};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const START: &str = "2026-11-22T10:00:00Z";

/// A connection to a scenario's account, in which it is as long after the start as the minutes say.
#[expect(clippy::disallowed_methods, reason = "the paused clock of the test drives the limiter")]
async fn connect(scenario: &str, minutes: &Arc<AtomicI64>) -> (Conn, SimAws) {
    let start: Timestamp = START.parse().unwrap();
    let minutes = minutes.clone();
    let wall = Arc::new(move || start + SignedDuration::from_mins(minutes.load(Ordering::Relaxed)));
    let sim = SimAws::new(Scenario::builtin(scenario).unwrap(), 7, start, wall.clone());
    let began = tokio::time::Instant::now();
    let clocks = Clocks {
        monotonic: Arc::new(move || began.elapsed()),
        wall,
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    };
    let aws = Aws::new(Access::Simulated { http: SharedHttpClient::new(sim.clone()) }, clocks, None);
    let region = Some("us-east-1".into());
    (aws.connect(&TargetSpec { region, ..TargetSpec::named("t") }).await, sim)
}

fn calls(sim: &SimAws) -> u64 {
    sim.ceilings().iter().map(|ceiling| ceiling.total).sum()
}

fn after(minutes: i64) -> SourceCtx {
    let wall = START.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes);
    SourceCtx { now: Now { since_start: Duration::from_secs(minutes as u64 * 60), wall }, refreshes: 0 }
}

async fn states(source: &mut ListSource, minutes: i64) -> Vec<(String, AlarmState)> {
    states_by(source, after(minutes)).await
}

async fn states_by(source: &mut ListSource, ctx: SourceCtx) -> Vec<(String, AlarmState)> {
    let answer = source.poll(&Query::Alarms, &ctx).await.unwrap();
    let Payload::Alarms(list) = answer else { panic!("{answer:?}") };
    list.alarms.iter().map(|alarm| (alarm.name.clone(), alarm.state.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn of_thousands_only_those_that_may_have_changed_are_read_again() {
    let minutes = Arc::new(AtomicI64::new(0));
    let (conn, sim) = connect("big", &minutes).await;
    let mut source = ListSource::new(&conn);
    let mut before = states(&mut source, 0).await;
    let mut moved = 0;
    for minute in 1..9 {
        minutes.store(minute, Ordering::Relaxed);
        let seen = calls(&sim);
        let now = states(&mut source, minute).await;
        let requests = calls(&sim) - seen;
        assert!(minute % 5 == 0 || requests < 10, "{requests} requests in minute {minute}");
        assert_eq!(now, states(&mut ListSource::new(&conn), minute).await, "minute {minute}");
        moved += usize::from(now != before);
        before = now;
    }
    assert!(moved > 0, "no state changed: nothing was shown");
    // Whoever asks anew gets all of them anew, once.
    for (refreshes, all) in [(1, true), (1, false), (0, false), (1, false), (2, true)] {
        let seen = calls(&sim);
        states_by(&mut source, SourceCtx { refreshes, ..after(8) }).await;
        assert_eq!(calls(&sim) - seen >= 10, all, "{refreshes}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_composite_names_its_children() {
    let (conn, _) = connect("quiet", &Arc::default()).await;
    let query = Query::AlarmDetail(DetailQuery {
        name: "prod-health".into(),
        kind: Kind::Composite,
        metrics: Vec::new(),
        window: Window::Live { secs: 3_600 },
        children: true,
    });
    let answer = DetailSource::new(&conn).poll(&query, &after(0)).await.unwrap();
    let Payload::AlarmDetail(detail) = answer else { panic!("{answer:?}") };
    assert_eq!(detail.missing, Vec::<String>::new());
    assert!(detail.children.iter().any(|(name, _)| name == "cart-5xx"), "{:?}", detail.children);
}
