//! What the trail says agrees with what the world shows.

use super::super::{Scenario, World};
use jiff::{SignedDuration, Timestamp};

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

fn world(scenario: &str, region: &str) -> World {
    World::new(Scenario::builtin(scenario).unwrap(), 7, region, at(0))
}

#[test]
fn connections_run_out_after_the_scaling_and_everything_says_so() {
    let world = world("db-connections", "eu-west-2");
    let scaled = world.trail(at(-60), at(0), at(0)).find(|event| event.name == "UpdateService").unwrap();
    assert_eq!(scaled.at, at(-21));
    assert!(scaled.document.contains("\"desiredCount\":40"), "{}", scaled.document);
    for (minutes, tasks) in [(-30, 4), (-21, 40), (0, 40)] {
        assert_eq!(world.service("orders", at(minutes)).unwrap().desired, tasks, "{minutes}");
    }
    assert_eq!(world.service("orders", at(-19)).unwrap().running, 40);
    assert_eq!(world.service("orders", at(-30)).unwrap().running, 4);
    for alarm in ["orders-db-connections", "orders-5xx", "checkout-5xx", "checkout-p99", "orders-p99"] {
        let status = world.alarm_status(alarm, at(0)).unwrap();
        assert_eq!(status.state.as_str(), "ALARM", "{alarm}");
        assert!(status.since > scaled.at, "{alarm}: after its cause");
        assert_eq!(world.alarm_status(alarm, at(-25)).unwrap().state.as_str(), "OK", "{alarm}");
    }
    for alarm in ["cart-5xx", "orders-db-cpu"] {
        assert_eq!(world.alarm_status(alarm, at(0)).unwrap().state.as_str(), "OK", "{alarm}");
    }
    let refused = |group: &str| {
        let lines = world.events(group, at(-2).as_millisecond(), at(0).as_millisecond(), at(0));
        lines.filter(|line| line.message.contains("connection slots are reserved")).count()
    };
    assert!(refused("/ecs/orders") > 50, "orders says why it fails");
    assert!(refused("/aws/rds/cluster/orders-db/postgresql") > 50, "and so does the database");
    assert!(world.deployments("orders", at(0)).iter().all(|deployment| deployment.finished.is_some()));
}

#[test]
fn a_deployment_and_its_calls_are_the_same() {
    let world = world("bad-deploy", "eu-west-2");
    let deployment = world.deployments("checkout", at(0)).remove(0);
    let named = |name: &str| world.trail(at(-60), at(0), at(0)).find(|event| event.name == name).unwrap();
    assert_eq!(named("UpdateService").at, deployment.created);
    let registered = world.task_definition("web-checkout:42").unwrap().registered;
    assert_eq!(named("RegisterTaskDefinition").at, registered);
    assert!(named("UpdateService").document.contains("role/ci-deploy"));
}

#[test]
fn global_services_write_in_one_region() {
    let logins = |region: &str| {
        let world = world("quiet", region);
        world.trail(at(-2_880), at(0), at(0)).filter(|event| event.source.starts_with("signin")).count()
    };
    assert!(logins("us-east-1") > 3);
    assert_eq!(logins("eu-west-2"), 0);
}

#[test]
fn ids_are_unique_and_answers_repeat() {
    let (left, right) = (world("bad-deploy", "eu-west-2"), world("bad-deploy", "eu-west-2"));
    let events: Vec<_> = left.trail(at(-1_440), at(0), at(0)).collect();
    assert_eq!(events, right.trail(at(-1_440), at(0), at(0)).collect::<Vec<_>>());
    let mut ids: Vec<_> = events.iter().map(|event| &event.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), events.len());
    for event in &events {
        assert!(event.visible > event.at && event.visible <= event.at + SignedDuration::from_mins(15));
        let document: serde_json::Value = serde_json::from_str(&event.document).unwrap();
        assert_eq!(document["readOnly"], event.read_only, "{}", event.name);
    }
}
