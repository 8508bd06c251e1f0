//! The simulated world agrees with itself: metrics, logs, alarms and shifts tell one story.

#![expect(clippy::float_cmp, reason = "counts and weights are exact, also as floats")]

mod releases;
mod shifts;
mod traces;

use super::traffic::{MINUTE, Outcome, Request};
use super::*;
use std::collections::BTreeSet;

const START: &str = "2026-11-22T04:19:02Z";

fn world(scenario: &str) -> World {
    World::new(Scenario::builtin(scenario).unwrap(), 7, "eu-west-2", START.parse().unwrap())
}

/// Minutes relative to the start.
fn at(minutes: f64) -> Timestamp {
    let start: Timestamp = START.parse().unwrap();
    time(start.as_millisecond() + (minutes * 60_000.0) as i64)
}

fn minute_of(minutes: f64) -> i64 {
    at(minutes).as_millisecond().div_euclid(MINUTE)
}

fn state(world: &World, alarm: &str, minutes: f64) -> &'static str {
    world.alarm_status(alarm, at(minutes)).unwrap().state.as_str()
}

fn checkout(world: &World, minutes: f64) -> Deployment {
    world.service("checkout", at(minutes)).unwrap().deployment.unwrap()
}

fn target_groups(world: &World, name: &str, from: i64, to: i64) -> [f64; 2] {
    let balancer = world.balancer_of("checkout").unwrap();
    [true, false].map(|blue| {
        let group = world.target_group_path("checkout", blue);
        let metric =
            Metric::new("AWS/ApplicationELB", name, &[("LoadBalancer", &balancer), ("TargetGroup", &group)]);
        let points = world.series(&metric, Stat::Sum, 60, time(from), time(to), at(60.0));
        points.iter().map(|(_, value)| value).sum()
    })
}

fn app(name: &str) -> Metric {
    Metric::new("Shop/App", name, &[("ClusterName", "shop"), ("ServiceName", "checkout")])
}

fn error_lines(world: &World, group: &str, from: i64, to: i64) -> Vec<LogEvent> {
    let events = world.events(group, from, to - 1, at(60.0));
    events
        .filter(|event| event.message.contains("\"level\":\"ERROR\"") || event.message.contains(" ERROR "))
        .collect()
}

#[test]
fn every_shipped_scenario_parses_and_says_what_it_is() {
    for name in Scenario::names() {
        let scenario = Scenario::builtin(name).unwrap();
        assert_eq!(scenario.name, name);
        assert!(!scenario.summary.is_empty());
    }
}

#[test]
fn wrong_scenarios_are_refused_with_line_and_key() {
    let head = "name = \"x\"\nsummary = \"y\"\n";
    let cases = [
        ("colour = 1\n", 3, "colour"),
        (
            "[[deployment]]\nservice = \"nope\"\nstarted = \"-1m\"\nstrategy = \"CANARY\"\nrevision = 2\n",
            4,
            "nope",
        ),
        ("[[deployment]]\nservice = \"a\"\nstarted = \"14m\"\n", 5, "-14m"),
        ("[[deployment]]\nservice = \"a\"\nstarted = \"-1m\"\nstrategy = \"SLOW\"\n", 6, "SLOW"),
        ("[[gauge]]\nnamespace = 3\n", 4, "string"),
    ];
    for (text, line, word) in cases {
        let error = Scenario::parse(&format!("{head}{text}"), "my.toml").unwrap_err();
        assert_eq!((error.origin.as_str(), error.line), ("my.toml", Some(line)), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    let error = Scenario::builtin("bad-deplo").unwrap_err();
    assert_eq!(
        error.to_string(),
        "scenario: no scenario `bad-deplo`; there are bad-deploy, rolling, blue-green, linear, \
         lambda-canary, alb-weights, codedeploy-ecs, codedeploy-lambda, found-late, db-connections, leaked-key, quiet, big"
    );
}

#[test]
fn the_same_question_has_the_same_answer() {
    let (left, right) = (world("bad-deploy"), world("bad-deploy"));
    // One of them is asked in another order, and something else before.
    let _ = right.alarm_status("checkout-5xx", at(9.0));
    let range = (at(-2.0).as_millisecond(), at(-1.0).as_millisecond());
    for group in ["/ecs/checkout", "/ecs/orders", "/ecs/cart", "/aws/lambda/receipts"] {
        let events = |world: &World| world.events(group, range.0, range.1, at(0.0)).collect::<Vec<_>>();
        assert!(!events(&left).is_empty());
        assert_eq!(events(&left), events(&right));
    }
    for minutes in [-200.0, -5.0, 0.0, 30.0] {
        for alarm in left.alarms() {
            assert_eq!(
                left.alarm_status(&alarm.name, at(minutes)),
                right.alarm_status(&alarm.name, at(minutes))
            );
        }
        assert_eq!(left.service("checkout", at(minutes)), right.service("checkout", at(minutes)));
    }
    let other = World::new(Scenario::builtin("bad-deploy").unwrap(), 7, "us-east-1", START.parse().unwrap());
    let events = |world: &World| world.events("/ecs/checkout", range.0, range.1, at(0.0)).count();
    assert_ne!(events(&left), events(&other), "another region is another world");
}

#[test]
fn metrics_logs_and_requests_agree_minute_by_minute() {
    let world = world("bad-deploy");
    let (_, stream) = world.find_service("checkout").unwrap();
    let mut failures = 0;
    for minutes in [-5000.0, -60.0, -9.0, -8.0, -3.0, 0.0, 5.0, 20.0] {
        let minute = minute_of(minutes);
        let (from, to) = (minute * MINUTE, (minute + 1) * MINUTE);
        let requests = world.requests(stream, minute);
        let failed: BTreeSet<String> = requests
            .iter()
            .filter(|request| request.outcome == Outcome::Failed)
            .map(Request::trace_id)
            .collect();
        let metric: f64 = target_groups(&world, "HTTPCode_Target_5XX_Count", from, to).iter().sum();
        let lines = error_lines(&world, "/ecs/checkout", from, to);
        assert_eq!(metric, failed.len() as f64, "at {minutes}");
        assert_eq!(lines.len(), failed.len(), "at {minutes}");
        for line in &lines {
            assert!(failed.iter().any(|trace| line.message.contains(trace)), "{}", line.message);
        }
        let all: f64 = target_groups(&world, "RequestCount", from, to).iter().sum();
        assert_eq!(all, requests.len() as f64, "at {minutes}");
        assert!(requests.is_sorted_by_key(|request| request.at));
        failures += failed.len();
    }
    assert!(failures > 100, "{failures}");
}

#[test]
fn both_sides_add_up_to_the_service_and_shift_with_the_weights() {
    let world = world("bad-deploy");
    let share = |minutes: f64| {
        let minute = minute_of(minutes);
        let (from, to) = (minute * MINUTE, (minute + 1) * MINUTE);
        let [blue, green] = target_groups(&world, "RequestCount", from, to);
        let whole = world.series(&app("Requests"), Stat::Sum, 60, time(from), time(to), at(60.0));
        assert_eq!(whole[0].1, blue + green);
        green / (blue + green)
    };
    for (minutes, expected) in [(-12.0, 0.0), (-5.0, 0.2), (3.0, 0.2), (6.0, 1.0)] {
        assert!((share(minutes) - expected).abs() < 0.001, "{} at {minutes}", share(minutes));
    }
    // The minute in which traffic moves is split to the second: 04:10:02 is second 2 of its minute.
    let first = share(-9.0);
    assert!((first - 0.2 * 58.0 / 60.0).abs() < 0.002, "{first}");
}

#[test]
fn the_percentile_of_the_service_is_that_of_its_requests() {
    let world = world("bad-deploy");
    let (_, stream) = world.find_service("checkout").unwrap();
    for minutes in [-60.0, -4.0, 8.0] {
        let minute = minute_of(minutes);
        let mut times: Vec<f64> =
            world.requests(stream, minute).iter().map(|request| request.latency_ms).collect();
        times.sort_by(f64::total_cmp);
        let exact = times[(times.len() as f64 * 0.99) as usize];
        let from = time(minute * MINUTE);
        let points = world.series(
            &app("Latency"),
            Stat::Percentile(99.0),
            60,
            from,
            time((minute + 1) * MINUTE),
            at(60.0),
        );
        assert!((points[0].1 / exact - 1.0).abs() < 0.03, "{} and {exact} at {minutes}", points[0].1);
    }
}

#[test]
fn zero_errors_are_no_datapoint_and_a_minute_appears_after_its_end() {
    let world = world("bad-deploy");
    let group = world.target_group_path("checkout", false);
    let metric = Metric::new("AWS/ApplicationELB", "RequestCount", &[("TargetGroup", &group)]);
    assert_eq!(world.series(&metric, Stat::Sum, 60, at(-60.0), at(-15.0), at(0.0)), []);
    let newest = |now: Timestamp| {
        world.series(&app("Requests"), Stat::Sum, 60, at(-5.0), at(5.0), now).last().unwrap().0
    };
    // The console starts at 04:19:02: 04:18 has ended, but is not published yet.
    assert_eq!(newest(at(0.0)).to_string(), "2026-11-22T04:17:00Z");
    assert_eq!(newest(at(0.25)).to_string(), "2026-11-22T04:18:00Z");
    // Requests come first, what was answered a minute later.
    let blue = world.target_group_path("checkout", true);
    let newest = |name: &str| {
        let metric = Metric::new("AWS/ApplicationELB", name, &[("TargetGroup", &blue)]);
        world.series(&metric, Stat::Sum, 60, at(-5.0), at(5.0), at(0.25)).last().unwrap().0.to_string()
    };
    assert_eq!(newest("RequestCount"), "2026-11-22T04:18:00Z");
    assert_eq!(newest("HTTPCode_Target_2XX_Count"), "2026-11-22T04:17:00Z");
}

#[test]
fn the_deployment_goes_its_way_when_nobody_stops_it() {
    let world = world("bad-deploy");
    let cases = [
        (-13.9, "IN_PROGRESS", Some("PRE_SCALE_UP"), 0.0),
        (-12.0, "IN_PROGRESS", Some("SCALE_UP"), 0.0),
        (-9.9, "IN_PROGRESS", Some("TEST_TRAFFIC_SHIFT"), 0.0),
        (0.0, "IN_PROGRESS", Some("PRODUCTION_TRAFFIC_SHIFT"), 20.0),
        (4.1, "IN_PROGRESS", Some("PRODUCTION_TRAFFIC_SHIFT"), 100.0),
        (10.0, "IN_PROGRESS", Some("BAKE_TIME"), 100.0),
        (14.5, "IN_PROGRESS", Some("CLEAN_UP"), 100.0),
        (16.0, "SUCCESSFUL", None, 100.0),
    ];
    for (minutes, status, stage, weight) in cases {
        let deployment = checkout(&world, minutes);
        assert_eq!((deployment.status, deployment.stage), (status, stage), "at {minutes}");
        assert_eq!(deployment.target.weight, weight, "at {minutes}");
        assert_eq!(deployment.source.weight + deployment.target.weight, 100.0);
    }
    let now = checkout(&world, 0.0);
    assert_eq!((now.source.number, now.target.number), (41, 42));
    assert_eq!((now.source.running, now.target.running), (4, 3), "one task ran out of memory");
    let stopped: Vec<_> =
        world.tasks("checkout", at(0.0)).into_iter().filter(|task| task.exit_code == Some(137)).collect();
    assert_eq!(stopped.len(), 2);
    let health = world.target_health(now.target.target_group.as_deref().unwrap(), at(0.0)).unwrap();
    assert_eq!(health.iter().filter(|target| target.state == "healthy").count(), 3);
    let after = world.service("checkout", at(20.0)).unwrap();
    assert_eq!(after.revisions.len(), 1);
    assert_eq!(after.revisions[0].number, 42);
}

#[test]
fn alarms_breach_minutes_after_the_shift() {
    let world = world("bad-deploy");
    for alarm in ["checkout-5xx", "checkout-p99", "orders-db-connections", "prod-health"] {
        assert_eq!(state(&world, alarm, -9.5), "OK", "{alarm} before the shift");
        assert_eq!(state(&world, alarm, 0.0), "ALARM", "{alarm} at the start");
        let since = world.alarm_status(alarm, at(0.0)).unwrap().since;
        let after = (since.as_millisecond() - at(-9.0).as_millisecond()) / 60_000;
        assert!((3..9).contains(&after), "{alarm} {after} min after the shift");
        assert_eq!(state(&world, alarm, 30.0), "ALARM", "{alarm} at 100 %");
    }
    let status = world.alarm_status("checkout-5xx", at(0.0)).unwrap();
    assert!(
        status.reason.starts_with("Threshold Crossed: 3 out of the last 3 datapoints ["),
        "{}",
        status.reason
    );
    assert!(serde_json::from_str::<serde_json::Value>(&status.reason_data.unwrap()).is_ok());
}

#[test]
fn what_is_skipped_at_rest_changes_no_state() {
    let world = world("bad-deploy");
    for minutes in [-3000, -700, -61, -10, -3, 0, 3, 12] {
        let now = at(f64::from(minutes));
        for name in ["checkout-5xx", "checkout-p99", "orders-db-connections", "cart-cache-hit-rate"] {
            let alarm = world.alarm(name).unwrap();
            let Watch::Metric(metric, stat) = &alarm.watch else { continue };
            let points = world.series(metric, *stat, 60, at(f64::from(minutes) - 4.5), now, now);
            let breach = |value: f64| {
                if alarm.comparison == "LessThanThreshold" {
                    value < alarm.threshold
                } else {
                    value > alarm.threshold
                }
            };
            let newest: Vec<bool> = points
                .iter()
                .rev()
                .take(alarm.evaluation_periods as usize)
                .map(|(_, value)| breach(*value))
                .collect();
            // In the seconds in which the alarm has not looked yet, either is right.
            if newest.iter().all(|breach| *breach) || newest.iter().all(|breach| !*breach) {
                let settled = state(&world, name, f64::from(minutes) + 0.2);
                assert_eq!(settled == "ALARM", newest[0], "{name} at {minutes}: {points:?}");
            }
        }
    }
}

#[test]
fn other_kinds_of_alarms_are_there() {
    let world = world("bad-deploy");
    let status = |name: &str| world.alarm_status(name, at(0.0)).unwrap();
    let days = |name: &str| (at(0.0).as_millisecond() - status(name).since.as_millisecond()) / 86_400_000;
    assert_eq!((state(&world, "receipts-dlq-depth", 0.0), days("receipts-dlq-depth")), ("ALARM", 5));
    let scaling = world.alarms().iter().filter(|alarm| alarm.name.starts_with("TargetTracking"));
    assert_eq!(scaling.filter(|alarm| state(&world, &alarm.name, 0.0) == "ALARM").count(), 3);
    assert!(!world.alarm("cart-cache-hit-rate").unwrap().actions_enabled);
    assert_eq!(status("receipts-health").suppressed.unwrap().0, "Alarm");
    assert_eq!(state(&world, "search-index-lag", 0.0), "INSUFFICIENT_DATA");
    assert_eq!(state(&world, "search-index-lag", -60.0), "OK");
    assert_eq!(state(&world, "nightly-export-rows", 0.0), "INSUFFICIENT_DATA");
    let rules = world.mute_rules(at(0.0));
    assert_eq!(rules.iter().map(|rule| rule.status).collect::<Vec<_>>(), ["ACTIVE", "EXPIRED"]);
    let history = world.alarm_history(Some("checkout-5xx"), at(-20_000.0), at(0.0), at(0.0));
    assert!(history.is_sorted_by_key(|item| std::cmp::Reverse(item.at)));
    // Last week's linear shift went into ALARM and back.
    assert!(history.iter().filter(|item| item.summary == "Alarm updated from OK to ALARM").count() >= 2);
}

#[test]
fn a_stop_brings_everything_back() {
    let mut world = world("bad-deploy");
    let before = checkout(&world, 1.0);
    world.stop_deployment(&before.arn, at(1.0)).unwrap();
    let cases = [
        (1.01, "ROLLBACK_REQUESTED", 20.0),
        (1.1, "ROLLBACK_IN_PROGRESS", 20.0),
        (1.2, "ROLLBACK_IN_PROGRESS", 0.0),
        (1.5, "ROLLBACK_SUCCESSFUL", 0.0),
    ];
    for (minutes, status, weight) in cases {
        let deployment = checkout(&world, minutes);
        assert_eq!((deployment.status, deployment.target.weight), (status, weight), "at {minutes}");
        assert_eq!(deployment.arn, before.arn);
    }
    assert!(checkout(&world, 2.0).rollback.is_some());
    let errors = |world: &World, minutes: f64| {
        let minute = minute_of(minutes);
        error_lines(world, "/ecs/checkout", minute * MINUTE, (minute + 1) * MINUTE).len()
    };
    assert!(errors(&world, 0.0) > 10);
    assert!(errors(&world, 3.0) < 5);
    for alarm in ["checkout-5xx", "checkout-p99", "orders-db-connections", "prod-health"] {
        assert_eq!(state(&world, alarm, 1.5), "ALARM", "{alarm} needs its datapoints");
        assert_eq!(state(&world, alarm, 9.0), "OK", "{alarm}");
    }
    let service = world.service("checkout", at(5.0)).unwrap();
    assert_eq!(service.revisions.iter().map(|side| side.number).collect::<Vec<_>>(), [41]);
    let rules = world.rules(at(5.0));
    assert!(rules[0].targets.contains(&(service.revisions[0].target_group.clone().unwrap(), 100)));
    assert!(
        world.service_events("checkout", at(5.0)).iter().any(|event| event.message.contains("rolled back"))
    );
    // What was before the stop is as it was.
    assert_eq!(checkout(&world, 0.5), checkout(&self::world("bad-deploy"), 0.5));
}

#[test]
fn stops_are_refused_as_aws_refuses_them() {
    let mut world = world("bad-deploy");
    let arn = checkout(&world, 0.0).arn;
    assert_eq!(world.stop_deployment("arn:aws:ecs:x", at(0.0)), Err(StopError::NotFound));
    assert_eq!(world.stop_deployment(&arn, at(40.0)), Err(StopError::Terminal));
    assert_eq!(world.stop_deployment(&arn, at(0.0)), Ok(()));
    assert_eq!(world.stop_deployment(&arn, at(0.1)), Ok(()), "a repeat is harmless");
    assert_eq!(world.stop_deployment(&arn, at(2.0)), Err(StopError::Terminal));
    assert_eq!(checkout(&world, 2.0).stopped, Some(at(0.0)));
}

#[test]
fn traces_of_callees_are_those_of_their_callers() {
    let world = world("bad-deploy");
    let minute = minute_of(-2.0);
    let traces = |name: &str, failed: bool| -> BTreeSet<String> {
        let (_, stream) = world.find_service(name).unwrap();
        let requests = world.requests(stream, minute);
        requests
            .iter()
            .filter(|request| !failed || request.outcome == Outcome::Failed)
            .map(Request::trace_id)
            .collect()
    };
    assert!(traces("orders", false).is_subset(&traces("checkout", false)));
    assert!(!traces("orders", true).is_empty());
    assert!(traces("orders", true).is_subset(&traces("checkout", true)));
}

#[test]
fn logs_are_ordered_unique_and_hostile_now_and_then() {
    let world = world("bad-deploy");
    let (from, to) = (at(-20.0).as_millisecond(), at(0.0).as_millisecond());
    let events: Vec<LogEvent> = world.events("/ecs/checkout", from, to, at(0.0)).collect();
    assert!((20_000..40_000).contains(&events.len()), "about 25 lines per second: {}", events.len());
    assert!(events.is_sorted_by_key(|event| event.at_ms));
    let ids: BTreeSet<&str> = events.iter().map(|event| event.event_id.as_str()).collect();
    assert_eq!(ids.len(), events.len());
    assert!(ids.iter().all(|id| id.len() == 56));
    assert!(events.iter().any(|event| event.message.contains('\u{1b}')));
    assert!(events.iter().any(|event| event.message.contains("\n    at ")));
    assert!(events.iter().any(|event| event.message.contains("OutOfMemoryError")));
    assert!(events.iter().all(|event| event.ingested_ms <= to && event.at_ms >= from));
    let later = world.events("/ecs/checkout", from, to, at(5.0)).count();
    assert!(later > events.len(), "late ones come in later");
    let receipts: Vec<LogEvent> = world.events("/aws/lambda/receipts", from, to, at(0.0)).collect();
    assert!(receipts.is_sorted_by_key(|event| event.at_ms));
    assert!(receipts.iter().any(|event| event.message.contains("\nXRAY TraceId: 1-")));
    let database = world.events("/aws/rds/cluster/orders-db/postgresql", from, to, at(0.0));
    assert!(database.filter(|event| event.message.contains("connection slots")).count() > 20);
    assert_eq!(world.events("/nobody", from, to, at(0.0)).count(), 0);
    let streams = world.log_streams("/ecs/checkout", at(0.0));
    assert!(events.iter().all(|event| streams.contains(&event.stream)));
}

#[test]
fn quiet_is_quiet() {
    let world = world("quiet");
    for minutes in [0.0, 20.0, 200.0] {
        assert!(world.alarms().iter().all(|alarm| state(&world, &alarm.name, minutes) == "OK"));
        for name in world.service_names() {
            assert!(!world.deployments(name, at(minutes)).iter().any(Deployment::in_progress));
        }
    }
    assert!(world.alarms().len() >= 8);
}

#[test]
fn big_is_big_and_stormy() {
    let world = world("big");
    assert_eq!(world.service_names().len(), 500);
    assert_eq!(world.alarms().len(), 2_000);
    assert_eq!(world.log_groups().len(), 5_000);
    assert_eq!(world.functions().len(), 1_000);
    let shifting = world.service_names().into_iter().filter(|name| {
        world
            .service(name, at(0.0))
            .is_some_and(|service| service.deployment.is_some_and(|last| last.in_progress()))
    });
    assert_eq!(shifting.count(), 3);
    let names: BTreeSet<&str> = world.alarms().iter().map(|alarm| alarm.name.as_str()).collect();
    assert_eq!(names.len(), 2_000);
    let bad = world.alarms().iter().filter(|alarm| state(&world, &alarm.name, 0.0) == "ALARM").count();
    assert!((28..=40).contains(&bad), "{bad}");
}

#[test]
fn every_listed_metric_can_be_read_and_every_named_thing_found() {
    let world = world("bad-deploy");
    for metric in world.metrics() {
        assert!(world.source(metric).is_some(), "{metric:?}");
    }
    for name in world.service_names() {
        let service = world.service(name, at(0.0)).unwrap();
        let definition = world.task_definition(&service.task_definition).unwrap();
        assert_eq!(definition.log_group, format!("/ecs/{name}"));
        for deployment in world.deployments(name, at(0.0)) {
            assert_eq!(world.deployment(&deployment.arn, at(0.0)).as_ref(), Some(&deployment));
            assert!(world.revision(&deployment.source.arn, at(0.0)).is_some());
            assert_eq!(
                world.revision(&deployment.target.arn, at(0.0)).unwrap().1.number,
                deployment.target.number
            );
        }
    }
}

#[test]
fn every_strategy_moves_traffic_in_its_own_way() {
    let scenario = |strategy: &str| {
        let text = format!(
            "name = \"x\"\nsummary = \"y\"\n[[service]]\nname = \"a\"\nrpm = 600\nerror_rate = 0\np50_ms = 10\n\
             p99_ms = 50\ntasks = 2\nfamily = \"a\"\nrevision = 1\npath = \"/a\"\n[[deployment]]\nservice = \"a\"\n\
             started = \"-0m\"\nstrategy = \"{strategy}\"\npercent = 40\nstep_minutes = 5\nbake_minutes = 5\n\
             revision = 2\n"
        );
        World::new(Scenario::parse(&text, "x.toml").unwrap(), 7, "eu-west-2", START.parse().unwrap())
    };
    // Share of the requests on the new side, in percent, at minutes after the start.
    let cases = [
        ("ROLLING", [0.0, 0.0, 25.0, 50.0, 75.0], None),
        ("BLUE_GREEN", [0.0, 0.0, 100.0, 100.0, 100.0], Some(100.0)),
        ("CANARY", [0.0, 0.0, 40.0, 100.0, 100.0], Some(40.0)),
        ("LINEAR", [0.0, 0.0, 40.0, 80.0, 100.0], Some(40.0)),
    ];
    for (strategy, shares, weight) in cases {
        let world = scenario(strategy);
        let (_, stream) = world.find_service("a").unwrap();
        for (minutes, share) in [0.5, 2.5, 5.5, 10.5, 15.5].into_iter().zip(shares) {
            let split = stream.course.split(at(minutes).as_millisecond());
            assert_eq!(split.share * 100.0, share, "{strategy} at {minutes}");
        }
        let deployment = world.deployments("a", at(5.5)).remove(0);
        assert_eq!(deployment.strategy.as_str(), strategy);
        // A rolling deployment has no weights and no stages.
        assert_eq!(deployment.stage.is_some(), weight.is_some(), "{strategy}");
        assert_eq!(
            deployment.target.weight,
            if deployment.in_progress() { weight.unwrap_or(0.0) } else { 0.0 }
        );
        assert_eq!(world.deployments("a", at(60.0))[0].status, "SUCCESSFUL");
        assert!(world.deployments("a", at(-1.0)).is_empty());
    }
}

#[test]
fn every_seed_tells_the_same_story() {
    let start: Timestamp = START.parse().unwrap();
    for seed in 0..12u64 {
        // The second of the minute at which the console starts must not matter either.
        let start =
            time(start.as_millisecond() + seed.cast_signed() * 5_300 + seed.cast_signed() * 3_700_000);
        let later = |seconds: i64| time(start.as_millisecond() + seconds * 1000);
        for scenario in ["bad-deploy", "quiet"] {
            let world = World::new(Scenario::builtin(scenario).unwrap(), seed, "us-west-2", start);
            let alarms = |now: Timestamp| -> Vec<&str> {
                let all = world.alarms().iter().map(|alarm| alarm.name.as_str());
                all.filter(|name| world.alarm_status(name, now).unwrap().state == AlarmState::Alarm).collect()
            };
            if scenario == "quiet" {
                assert_eq!(alarms(start), [""; 0], "seed {seed}");
                assert_eq!(alarms(later(3_600)), [""; 0], "seed {seed}");
                continue;
            }
            let hurt = ["checkout-5xx", "checkout-p99", "orders-db-connections", "prod-health"];
            let now = alarms(start);
            assert!(hurt.iter().all(|name| now.contains(name)), "seed {seed}: {now:?}");
            assert_eq!(now.len(), hurt.len() + 9, "seed {seed}: {now:?}");
            let before = alarms(later(-560));
            assert!(hurt.iter().all(|name| !before.contains(name)), "seed {seed}: {before:?}");
        }
    }
}
