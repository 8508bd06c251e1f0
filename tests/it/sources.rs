//! The contract of every source: what it answers when all is well, when there is nothing, when there are many
//! pages, and which class of error each fault of AWS becomes. No fault may panic.

use crate::common::{connect, poll, simulator, start};
use eyewall::app::Window;
use eyewall::aws::{Conn, ErrorClass};
use eyewall::demo::Faults;
use eyewall::features::alarms::{Alarm, AlarmList, DetailSource, ListSource};
use eyewall::features::changes::{Ask, By, TrailQuery, TrailSource};
use eyewall::features::dashboards;
use eyewall::features::discovery::{InventoryQuery, InventorySource};
use eyewall::features::logs::{GroupsSource, TailQuery, TailSource};
use eyewall::features::rollouts::{self, RolloutList, RolloutName};
use eyewall::features::session::IdentitySource;
use eyewall::features::{Payload, Query, Source};
use eyewall::runtime::clock::Clock;
use std::time::Duration;

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
pub async fn holds<S: Source>(calls: &str, make: fn(&Conn) -> S, query: &Query) {
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
                assert!(service == "*" || error.operation.starts_with(service), "{calls}={fault}: {error:?}");
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
    assert_eq!(list, AlarmList::new(Vec::new(), None));
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

#[tokio::test(start_paused = true)]
async fn trail() {
    let asks = vec![Ask { region: None, by: By::Writes }];
    let query = Query::Trail(TrailQuery { asks, window: Window::Live { secs: 3_600 }, missed: 0 });
    holds("cloudtrail:LookupEvents", TrailSource::new, &query).await;
}

#[tokio::test(start_paused = true)]
async fn dashboard_list() {
    let query = Query::Dashboards(dashboards::ListQuery::default());
    holds("cloudwatch:ListDashboards", dashboards::ListSource::new, &query).await;
}

#[tokio::test(start_paused = true)]
async fn dashboard_body() {
    let query = Query::Dashboard("checkout".to_owned());
    holds("cloudwatch:GetDashboard", dashboards::BodySource::new, &query).await;
}

#[tokio::test(start_paused = true)]
async fn log_groups() {
    holds("logs:DescribeLogGroups", GroupsSource::new, &Query::LogGroups).await;
}

#[tokio::test(start_paused = true)]
async fn log_tail() {
    let groups = ["/ecs/checkout", "/ecs/orders"].map(Into::into).to_vec();
    let query = Query::LogTail(TailQuery { groups, window: Window::Live { secs: 120 } });
    holds("logs:FilterLogEvents", TailSource::new, &query).await;
}

#[tokio::test(start_paused = true)]
async fn rollouts() {
    // ECS alone takes nothing away from the other mechanisms.
    let query = Query::Rollouts(rollouts::RolloutsQuery::default());
    Box::pin(holds("*:*", rollouts::ListSource::new, &query)).await;
}

#[tokio::test(start_paused = true)]
async fn rollout_detail() {
    let query = Query::RolloutDetail(rollouts::DetailQuery {
        name: checkout(),
        metrics: None,
        stopped: None,
        seen: (None, 0),
    });
    holds("ecs:*", rollouts::DetailSource::new, &query).await;
}

fn checkout() -> RolloutName {
    RolloutName::ecs("shop", "checkout")
}

async fn rollouts_of(scenario: &str, faults: &[&str]) -> RolloutList {
    let clock = Clock::starting_at(start());
    let sim = simulator(scenario, clock);
    sim.set_faults(Faults::parse(faults.iter().copied()).unwrap());
    let conn = connect(&sim, clock).await;
    match poll(
        &mut rollouts::ListSource::new(&conn),
        &Query::Rollouts(rollouts::RolloutsQuery::default()),
        clock,
    )
    .await
    {
        Ok(Payload::Rollouts(list)) => list,
        other => panic!("no rollouts: {other:?}"),
    }
}

/// A load balancer that may not be read leaves the shift as it is, with health unreadable.
#[tokio::test(start_paused = true)]
async fn a_shift_is_seen_without_its_load_balancer() {
    let shift = |list: &RolloutList| list.shift_of(&checkout()).cloned().unwrap();
    let whole = shift(&rollouts_of("bad-deploy", &[]).await);
    for fault in ["elbv2:*=deny", "elbv2:*=garbage", "elbv2:*=cut:30"] {
        let half = shift(&rollouts_of("bad-deploy", &[fault]).await);
        assert_eq!((&half.status, &half.deployment), (&whole.status, &whole.deployment), "{fault}");
        assert_ne!(half.new.health(), whole.new.health(), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_there_is_an_answer() {
    assert_eq!(rollouts_of("empty", &[]).await.services.len(), 0);
    let clock = Clock::starting_at(start());
    let conn = connect(&simulator("empty", clock), clock).await;
    let groups = poll(&mut GroupsSource::new(&conn), &Query::LogGroups, clock).await;
    assert!(matches!(groups, Ok(Payload::LogGroups(list)) if list.groups.is_empty() && list.complete));
}

#[tokio::test(start_paused = true)]
async fn every_page_of_services_and_log_groups_is_read_once() {
    assert_eq!(rollouts_of("big", &[]).await.services.len(), 500);
    let clock = Clock::starting_at(start());
    let conn = connect(&simulator("big", clock), clock).await;
    let mut source = GroupsSource::new(&conn);
    let mut names = Vec::new();
    // A long list comes in parts, so that the picker fills while it is open.
    for _ in 0..40 {
        let Ok(Payload::LogGroups(list)) = poll(&mut source, &Query::LogGroups, clock).await else {
            panic!("no groups")
        };
        names = list.groups.into_iter().map(|group| group.name).collect();
        if list.complete {
            break;
        }
    }
    assert_eq!(names.len(), 5_000);
    assert!(names.is_sorted_by(|a, b| a < b), "sorted, and none twice");
}

#[tokio::test(start_paused = true)]
async fn inventory() {
    holds("*:*", InventorySource::new, &Query::Inventory(InventoryQuery::default())).await;
}

/// A large account comes in parts, so that the first need not wait for the last; a poll that is dropped half
/// way loses none of those before.
#[tokio::test(start_paused = true)]
async fn a_large_inventory_comes_in_parts() {
    let clock = Clock::starting_at(start());
    let conn = connect(&simulator("big", clock), clock).await;
    let query = Query::Inventory(InventoryQuery::default());
    let mut source = InventorySource::new(&conn);
    let mut unread = Vec::new();
    loop {
        // The question changes while listener rules are read, and the poll is dropped.
        if unread.len() == 1 {
            let dropped = tokio::time::timeout(Duration::ZERO, poll(&mut source, &query, clock)).await;
            assert!(dropped.is_err(), "it was done at once");
        }
        let answer = poll(&mut source, &query, clock).await;
        let Ok(Payload::Inventory(found)) = answer else { panic!("no inventory") };
        assert!(found.target_groups.len() > 500, "they come first");
        unread.push(found.unread_parts);
        if found.unread_parts == 0 {
            assert!(
                !found.forwards.is_empty() && !found.functions.is_empty() && found.notes.is_empty(),
                "{found:?}"
            );
            break;
        }
    }
    assert_eq!(unread, [3, 2, 1, 0]);
}

/// What may not be read leaves the rest of the inventory as it is, with a note.
#[tokio::test(start_paused = true)]
async fn an_inventory_lacks_only_what_is_denied() {
    let clock = Clock::starting_at(start());
    let sim = simulator("bad-deploy", clock);
    let conn = connect(&sim, clock).await;
    sim.set_faults(Faults::parse(["lambda:ListFunctions=deny"]).unwrap());
    let query = Query::Inventory(InventoryQuery::default());
    let Ok(Payload::Inventory(found)) = poll(&mut InventorySource::new(&conn), &query, clock).await else {
        panic!("no inventory")
    };
    assert_eq!(found.notes, ["functions: denied: lambda:ListFunctions"]);
    assert!(found.functions.is_empty() && !found.target_groups.is_empty());
}
