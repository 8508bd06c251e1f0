//! The contract of every source: what it answers when all is well, when there is nothing, when there are many
//! pages, and which class of error each fault of AWS becomes. No fault may panic.

use crate::common::{connect, poll, simulator, start};
use eyewall::app::Window;
use eyewall::aws::{Conn, ErrorClass};
use eyewall::demo::Faults;
use eyewall::features::alarms::{Alarm, AlarmList, DetailSource, ListSource};
use eyewall::features::session::IdentitySource;
use eyewall::features::{Payload, Query, Source};
use eyewall::runtime::clock::Clock;

/// A fault as the simulator takes it, and what a source must make of it.
const FAULTS: [(&str, ErrorClass); 7] = [
    ("throttle", ErrorClass::Throttled),
    ("deny", ErrorClass::Denied),
    ("expire", ErrorClass::Expired),
    ("garbage", ErrorClass::NotAws),
    ("garbage:502", ErrorClass::NotAws),
    ("cut:20", ErrorClass::NotAws),
    ("delay:20s", ErrorClass::Network),
];

/// Answers when all is well; each fault of `calls` (`service:Operation`) becomes its class.
async fn holds<S: Source>(calls: &str, make: fn(&Conn) -> S, query: &Query) {
    let clock = Clock::starting_at(start());
    let sim = simulator("bad-deploy", clock);
    let conn = connect(&sim, clock).await;
    poll(&mut make(&conn), query, clock).await.unwrap_or_else(|error| panic!("{calls}: {error:?}"));
    for (fault, class) in FAULTS {
        sim.set_faults(Faults::parse([format!("{calls}={fault}").as_str()]).unwrap());
        let mut source = make(&conn);
        match poll(&mut source, query, clock).await {
            Ok(_) => panic!("{calls}={fault}: answered all the same"),
            Err(error) => {
                assert_eq!(error.class, class, "{calls}={fault}: {error:?}");
                let service = calls.split(':').next().unwrap();
                assert!(error.operation.starts_with(service), "{calls}={fault}: {error:?}");
                assert!(!error.message.is_empty(), "{calls}={fault}: says nothing");
            }
        }
        // The same source goes on once the fault is over: it keeps nothing broken.
        sim.set_faults(Faults::default());
        let again = poll(&mut source, query, clock).await;
        again.unwrap_or_else(|error| panic!("{calls} after {fault}: {error:?}"));
    }
}

async fn alarms(scenario: &str) -> (AlarmList, Conn, Clock) {
    let clock = Clock::starting_at(start());
    let conn = connect(&simulator(scenario, clock), clock).await;
    match poll(&mut ListSource::new(&conn), &Query::Alarms, clock).await {
        Ok(Payload::Alarms(list)) => (list, conn, clock),
        other => panic!("no alarms: {other:?}"),
    }
}

fn detail_of(alarm: &Alarm, clock: Clock) -> Query {
    Query::AlarmDetail(alarm.detail_query(Window::Live { secs: 3_600 }, clock.now()))
}

#[tokio::test(start_paused = true)]
async fn identity() {
    holds("sts:GetCallerIdentity", IdentitySource::new, &Query::Identity).await;
}

#[tokio::test(start_paused = true)]
async fn alarm_list() {
    holds("cloudwatch:DescribeAlarms", ListSource::new, &Query::Alarms).await;
}

#[tokio::test(start_paused = true)]
async fn alarm_detail() {
    let (list, _, clock) = alarms("bad-deploy").await;
    let query = detail_of(list.get("checkout-5xx").unwrap(), clock);
    holds("cloudwatch:*", DetailSource::new, &query).await;
}

#[tokio::test(start_paused = true)]
async fn no_alarms_is_an_answer() {
    let (list, ..) = alarms("empty").await;
    assert_eq!(list, AlarmList::default());
}

#[tokio::test(start_paused = true)]
async fn every_page_of_alarms_is_read_once() {
    let (list, ..) = alarms("big").await;
    assert_eq!(list.alarms.len(), 2_000);
    assert!(list.alarms.is_sorted_by(|a, b| a.name < b.name), "sorted, and none twice");
}

/// Metrics and history may be denied alone: what can be read is shown, the rest is named.
#[tokio::test(start_paused = true)]
async fn half_of_an_alarms_detail_is_better_than_none() {
    let clock = Clock::starting_at(start());
    let sim = simulator("bad-deploy", clock);
    let conn = connect(&sim, clock).await;
    let (list, ..) = alarms("bad-deploy").await;
    let query = detail_of(list.get("checkout-5xx").unwrap(), clock);
    sim.set_faults(Faults::parse(["cloudwatch:GetMetricData=deny"]).unwrap());
    let Ok(Payload::AlarmDetail(detail)) = poll(&mut DetailSource::new(&conn), &query, clock).await else {
        panic!("no detail")
    };
    assert_eq!(detail.missing, ["metrics: denied: cloudwatch:GetMetricData"]);
    assert!(detail.series.is_empty() && !detail.history.is_empty());
}
