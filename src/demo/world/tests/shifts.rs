//! How deployments go, per strategy, and what may happen to them: hooks, breakers, alarms, other people.

use super::{MINUTE, at, time};
use crate::demo::world::{AnswerError, Deployment, Scenario, StopError, World};

const HEAD: &str = r#"
name = "x"
summary = "y"

[[service]]
name = "checkout"
rpm = 1500
error_rate = 0.0008
p50_ms = 62
p99_ms = 212
tasks = 4
family = "web-checkout"
revision = 40
path = "/checkout"

[[alarm]]
name = "checkout-5xx"
watch = { errors = "checkout" }
threshold = 1
"#;

/// A world with one service and these deployments of it; times in minutes from the start.
fn world(deployments: &[&str]) -> World {
    let mut text = HEAD.to_owned();
    for deployment in deployments {
        text.push_str("\n[[deployment]]\nservice = \"checkout\"\n");
        text.push_str(deployment);
    }
    World::new(Scenario::parse(&text, "test").unwrap(), 7, "eu-west-2", super::START.parse().unwrap())
}

fn all(world: &World, minutes: f64) -> Vec<Deployment> {
    world.deployments("checkout", at(minutes))
}

fn newest(world: &World, minutes: f64) -> Deployment {
    all(world, minutes).remove(0)
}

/// Status, stage, and percent on the new side.
fn state(world: &World, minutes: f64) -> (&'static str, &'static str, f64) {
    let now = newest(world, minutes);
    (now.status, now.stage.unwrap_or("-"), now.target.weight)
}

/// Requested, running and pending tasks of the old and of the new side.
fn tasks(world: &World, minutes: f64) -> [(u32, u32, u32); 2] {
    let now = newest(world, minutes);
    [now.source, now.target].map(|side| (side.requested, side.running, side.pending))
}

/// Share of the requests that the second of two sides had in a minute, in percent.
fn traffic(world: &World, minutes: f64) -> f64 {
    let (_, stream) = world.find_service("checkout").unwrap();
    let slices = world.slices(stream, at(minutes).as_millisecond().div_euclid(MINUTE));
    let all: u32 = slices.iter().map(|slice| slice.count).sum();
    let new: u32 = slices.iter().filter(|slice| slice.side == 1).map(|slice| slice.count).sum();
    (100.0 * f64::from(new) / f64::from(all)).round()
}

#[test]
fn each_strategy_has_its_stages_in_order() {
    let canary = "started = \"+1m\"\nstrategy = \"CANARY\"\npercent = 5\nstep_minutes = 10\nbake_minutes = 4\nrevision = 41\n";
    let linear = canary.replace("CANARY", "LINEAR").replace("percent = 5", "percent = 30");
    let blue_green = canary.replace("CANARY", "BLUE_GREEN");
    let before = [
        (1.0, "PENDING", "-", 0.0),
        (1.1, "IN_PROGRESS", "PRE_SCALE_UP", 0.0),
        (3.0, "IN_PROGRESS", "SCALE_UP", 0.0),
        (4.75, "IN_PROGRESS", "POST_SCALE_UP", 0.0),
        (5.0, "IN_PROGRESS", "TEST_TRAFFIC_SHIFT", 0.0),
        (5.5, "IN_PROGRESS", "POST_TEST_TRAFFIC_SHIFT", 0.0),
        (5.9, "IN_PROGRESS", "PRE_PRODUCTION_TRAFFIC_SHIFT", 0.0),
    ];
    let shifting = "PRODUCTION_TRAFFIC_SHIFT";
    let cases = [
        (canary, vec![(6.1, 5.0), (16.1, 100.0)], 16.0),
        (linear.as_str(), vec![(6.1, 30.0), (16.1, 60.0), (26.1, 90.0), (36.1, 100.0)], 36.0),
        (blue_green.as_str(), vec![(6.1, 100.0)], 6.0),
    ];
    for (deployment, steps, full) in cases {
        let world = world(&[deployment]);
        for (minutes, status, stage, weight) in before {
            assert_eq!(state(&world, minutes), (status, stage, weight), "at {minutes} of {deployment}");
        }
        for (minutes, weight) in &steps {
            assert_eq!(
                state(&world, *minutes),
                ("IN_PROGRESS", shifting, *weight),
                "at {minutes}: {deployment}"
            );
            assert_eq!(traffic(&world, minutes + 0.9).round(), *weight, "at {minutes}: {deployment}");
        }
        if steps.len() > 1 {
            // The stage before every step, for its hooks.
            let (_, stage, weight) = state(&world, steps[1].0 - 0.2);
            assert_eq!((stage, weight), ("PRE_PRODUCTION_TRAFFIC_SHIFT", steps[0].1), "{deployment}");
        }
        let after = [
            (0.2, "IN_PROGRESS", "POST_PRODUCTION_TRAFFIC_SHIFT"),
            (2.0, "IN_PROGRESS", "BAKE_TIME"),
            (4.5, "IN_PROGRESS", "CLEAN_UP"),
            (5.5, "SUCCESSFUL", "-"),
        ];
        for (minutes, status, stage) in after {
            assert_eq!(state(&world, full + minutes), (status, stage, 100.0), "{minutes} after 100 %");
        }
        // Both sides run in full until the old one is cleaned up.
        assert_eq!(tasks(&world, 3.0), [(4, 4, 0), (4, 4, 0)]);
        assert_eq!(tasks(&world, 1.7), [(4, 4, 0), (4, 1, 1)]);
        assert_eq!(tasks(&world, full + 2.0), [(4, 4, 0), (4, 4, 0)]);
        assert_eq!(tasks(&world, full + 6.0), [(0, 0, 0), (4, 4, 0)]);
        assert_eq!(newest(&world, full + 6.0).finished, Some(newest(&world, full + 6.0).updated));
    }
}

#[test]
fn a_rolling_deployment_replaces_tasks_and_has_no_weights() {
    let rolling = "started = \"+1m\"\nstrategy = \"ROLLING\"\nrevision = 41\n";
    let world = world(&[rolling]);
    assert_eq!(state(&world, 2.5), ("IN_PROGRESS", "-", 0.0));
    assert_eq!(newest(&world, 2.5).source.weight, 0.0);
    assert_eq!(tasks(&world, 1.1), [(4, 4, 0), (0, 0, 0)]);
    assert_eq!(tasks(&world, 1.5), [(4, 4, 0), (4, 0, 1)]);
    assert_eq!(tasks(&world, 3.5), [(2, 2, 0), (4, 2, 1)]);
    assert_eq!(tasks(&world, 6.0), [(0, 0, 0), (4, 4, 0)]);
    assert!((30.0..60.0).contains(&traffic(&world, 3.5)));
    assert_eq!(traffic(&world, 6.5), 100.0);
    assert_eq!(state(&world, 6.6).0, "SUCCESSFUL");
    // Both revisions are behind the one target group.
    let now = newest(&world, 3.5);
    assert_eq!(now.source.target_group, now.target.target_group);
    assert!(world.rules(at(3.5))[0].targets.contains(&(now.target.target_group.unwrap(), 100)));

    // Half way back.
    let mut world = self::world(&[rolling]);
    let arn = newest(&world, 3.5).arn;
    world.stop_deployment(&arn, at(3.5)).unwrap();
    assert_eq!(state(&world, 4.0).0, "ROLLBACK_IN_PROGRESS");
    assert_eq!(tasks(&world, 4.5), [(4, 3, 0), (3, 3, 0)]);
    assert_eq!(state(&world, 7.5).0, "ROLLBACK_SUCCESSFUL");
    assert_eq!(tasks(&world, 7.5), [(4, 4, 0), (0, 0, 0)]);
    assert_eq!(traffic(&world, 8.0), 0.0);
    assert_eq!(world.service("checkout", at(8.0)).unwrap().revisions.len(), 1);
}

const PAUSED: &str = r#"started = "+1m"
strategy = "CANARY"
step_minutes = 5
revision = 41
hooks = [{ stage = "POST_TEST_TRAFFIC_SHIFT", kind = "PAUSE", timeout_minutes = 10, timeout_action = "ACTION" }]
"#;

#[test]
fn a_pause_hook_waits_for_an_answer_or_runs_out() {
    let paused = || world(&[&PAUSED.replace("ACTION", "ROLLBACK")]);
    let world = paused();
    assert_eq!(newest(&world, 5.0).hooks, []);
    let hook = newest(&world, 6.0).hooks.remove(0);
    assert_eq!((hook.status, hook.kind, hook.timeout_action), ("AWAITING_ACTION", "PAUSE", "ROLLBACK"));
    assert_eq!(hook.expires, time(at(15.0).as_millisecond() + 20_000));
    assert_eq!(state(&world, 15.0), ("IN_PROGRESS", "POST_TEST_TRAFFIC_SHIFT", 0.0));
    assert_eq!(
        (newest(&world, 15.4).hooks[0].status, state(&world, 15.4).0),
        ("TIMED_OUT", "ROLLBACK_REQUESTED")
    );
    assert_eq!(state(&world, 17.0).0, "ROLLBACK_SUCCESSFUL");
    let goes_on = self::world(&[&PAUSED.replace("ACTION", "CONTINUE")]);
    assert_eq!(state(&goes_on, 16.5).1, "PRODUCTION_TRAFFIC_SHIFT");

    for (back, status, stage) in [
        (false, "SUCCEEDED", ("IN_PROGRESS", "PRODUCTION_TRAFFIC_SHIFT", 10.0)),
        (true, "FAILED", ("ROLLBACK_SUCCESSFUL", "-", 0.0)),
    ] {
        let mut world = paused();
        let arn = newest(&world, 6.0).arn;
        assert_eq!(world.answer_hook(&arn, "nope", back, at(6.0)), Err(AnswerError::NoHook));
        assert_eq!(
            world.answer_hook(&arn, &hook.id, back, at(5.0)),
            Err(AnswerError::NoHook),
            "not called yet"
        );
        assert_eq!(world.answer_hook("arn:nope", &hook.id, back, at(6.0)), Err(AnswerError::NotFound));
        assert_eq!(world.answer_hook(&arn, &hook.id, back, at(6.0)), Ok(()));
        assert_eq!(world.answer_hook(&arn, &hook.id, true, at(6.1)), Err(AnswerError::Answered));
        assert_eq!((newest(&world, 7.2).hooks[0].status, state(&world, 7.2)), (status, stage));
    }
    // A stop does it as well, and nobody waits any more.
    let mut world = paused();
    let arn = newest(&world, 6.0).arn;
    world.stop_deployment(&arn, at(6.0)).unwrap();
    assert_eq!(
        (newest(&world, 6.1).hooks[0].status, state(&world, 7.0).0),
        ("FAILED", "ROLLBACK_SUCCESSFUL")
    );
}

#[test]
fn a_lambda_hook_takes_its_time_and_may_say_no() {
    let hooked = PAUSED.replace("\"PAUSE\"", "\"AWS_LAMBDA\", function = \"smoke\", minutes = 3");
    let good = world(&[&hooked.replace("ACTION", "ROLLBACK")]);
    let hook = newest(&good, 6.0).hooks.remove(0);
    assert_eq!((hook.status, hook.kind), ("IN_PROGRESS", "AWS_LAMBDA"));
    assert!(hook.function.unwrap().ends_with(":function:smoke"));
    assert_eq!(
        (newest(&good, 9.0).hooks[0].status, state(&good, 9.2).1),
        ("SUCCEEDED", "PRODUCTION_TRAFFIC_SHIFT")
    );
    let bad =
        world(&[&hooked.replace("ACTION", "ROLLBACK").replace("minutes = 3", "minutes = 3, fails = true")]);
    assert_eq!((newest(&bad, 9.0).hooks[0].status, state(&bad, 9.2).0), ("FAILED", "ROLLBACK_SUCCESSFUL"));
    assert_eq!(
        newest(&bad, 10.0).status_reason.as_deref(),
        Some("Service deployment rolled back because a lifecycle hook failed.")
    );
}

#[test]
fn a_circuit_breaker_counts_and_goes_off() {
    let broken = r#"started = "+1m"
strategy = "ROLLING"
revision = 41
broken = { error_rate = 0.0, p50_ms = 22, p99_ms = 84, ramp_minutes = 1, start = "exit" }
breaker = { BREAKER }
"#;
    let with = |breaker: &str| world(&[&broken.replace("BREAKER", breaker)]);
    let world = with("");
    for (minutes, failures, tripped) in [(1.6, 0, false), (1.8, 1, false), (2.6, 2, false), (3.3, 3, true)] {
        let breaker = newest(&world, minutes).breaker.unwrap();
        assert_eq!(
            (breaker.failures, breaker.threshold, breaker.tripped),
            (failures, 3, tripped),
            "{minutes}"
        );
    }
    assert_eq!(tasks(&world, 2.0), [(4, 4, 0), (4, 0, 1)]);
    let task = world.tasks("checkout", at(2.0)).into_iter().find(|task| task.exit_code == Some(1)).unwrap();
    assert_eq!(task.stop_code, Some("EssentialContainerExited"));
    assert_eq!(state(&world, 4.0).0, "ROLLBACK_SUCCESSFUL");
    assert_eq!(tasks(&world, 5.0), [(4, 4, 0), (0, 0, 0)]);
    assert_eq!(newest(&world, 60.0).breaker.unwrap().failures, 3, "no more are started");
    assert_eq!(
        newest(&world, 4.0).status_reason.as_deref(),
        Some("Service deployment rolled back because the circuit breaker threshold was exceeded.")
    );
    assert_eq!(
        (state(&with("rollback = false"), 4.0).0, state(&with("enable = false"), 60.0).0),
        ("STOPPED", "IN_PROGRESS")
    );
    assert!(newest(&with("enable = false"), 60.0).finished.is_none());
}

#[test]
fn alarms_that_go_off_roll_back_or_stop() {
    let watched = r#"started = "+1m"
strategy = "CANARY"
percent = 50
step_minutes = 30
revision = 41
alarms = ["checkout-5xx"]
broken = { error_rate = 0.2, p50_ms = 62, p99_ms = 212, ramp_minutes = 1 }
"#;
    let unwatched = world(&[watched]);
    assert_eq!((state(&unwatched, 14.0).0, newest(&unwatched, 14.0).triggered.len()), ("IN_PROGRESS", 0));
    let back = world(&[&format!("{watched}alarm_rollback = true\n")]);
    let deployment = newest(&back, 14.0);
    assert_eq!(
        (deployment.status, deployment.triggered.as_slice()),
        ("ROLLBACK_SUCCESSFUL", &["checkout-5xx".to_owned()][..])
    );
    let alarm = back.alarm_status("checkout-5xx", deployment.stopped.unwrap()).unwrap();
    assert_eq!((alarm.state.as_str(), Some(alarm.since)), ("ALARM", deployment.stopped));
    assert_eq!(back.alarm_status("checkout-5xx", at(20.0)).unwrap().state.as_str(), "OK", "it helped");
    let stops = world(&[&format!("{watched}alarm_watch = true\n")]);
    assert_eq!((state(&stops, 14.0).0, traffic(&stops, 14.0)), ("STOPPED", 50.0), "it stays half way");
    // What somebody does before the alarm goes off, wins; afterwards it changes nothing.
    let mut first = world(&[&format!("{watched}alarm_rollback = true\n")]);
    let arn = newest(&first, 7.0).arn;
    first.stop_deployment(&arn, at(7.0)).unwrap();
    assert_eq!((newest(&first, 14.0).stopped, newest(&first, 14.0).triggered.len()), (Some(at(7.0)), 0));
}

#[test]
fn another_deployment_ends_the_one_before() {
    let first = "started = \"+1m\"\nstrategy = \"CANARY\"\nstep_minutes = 20\nrevision = 41\n";
    let second = first.replace("+1m", "+10m").replace("41", "42");
    for made in [false, true] {
        let mut world = if made {
            let mut world =
                self::world(&[first, "started = \"-60m\"\nstrategy = \"ROLLING\"\nrevision = 39\n"]);
            world.update_service("checkout", Some("web-checkout:39"), true, at(10.0)).unwrap();
            world
        } else {
            self::world(&[first, &second])
        };
        let before = newest(&world, 9.0);
        assert_eq!(world.service("checkout", at(9.0)).unwrap().deployment.unwrap().arn, before.arn);
        let found = all(&world, 11.0);
        assert_eq!((found[1].status, &found[1].arn), ("STOPPED", &before.arn));
        assert_eq!(
            found[1].status_reason.as_deref(),
            Some("Service deployment stopped because a new service deployment was started.")
        );
        assert_ne!(world.service("checkout", at(11.0)).unwrap().deployment.unwrap().arn, before.arn);
        assert_eq!(state(&world, 10.2), ("IN_PROGRESS", "RECONCILE_SERVICE", 0.0));
        // Both that were active are named; the one with the most traffic keeps it all.
        assert_eq!(
            (found[0].source.arn.clone(), found[0].more_sources.len()),
            (before.source.arn.clone(), 1)
        );
        assert_eq!(found[0].more_sources[0].arn, before.target.arn);
        assert_eq!(world.revision(&before.source.arn, at(11.0)).unwrap().1.weight, 100.0);
        assert_eq!(world.revision(&before.target.arn, at(12.0)).unwrap().1.running, 0);
        assert_eq!(state(&world, 15.6), ("IN_PROGRESS", "PRODUCTION_TRAFFIC_SHIFT", 10.0));
        assert_eq!(world.stop_deployment(&before.arn, at(11.0)), Err(StopError::Terminal));
    }
}

#[test]
fn a_rollback_may_fail_and_the_load_balancer_may_lag() {
    let stuck = "started = \"+1m\"\nstrategy = \"CANARY\"\nstep_minutes = 20\nrevision = 41\nstuck = true\nstopped = \"+8m\"\n";
    let world = self::world(&[stuck]);
    assert_eq!(state(&world, 9.0), ("ROLLBACK_IN_PROGRESS", "PRODUCTION_TRAFFIC_SHIFT", 10.0));
    assert_eq!((state(&world, 12.0), traffic(&world, 12.0)), (("ROLLBACK_FAILED", "-", 10.0), 10.0));
    let late = self::world(&["started = \"+1m\"\nstrategy = \"BLUE_GREEN\"\nrevision = 41\nrule_lag = 90\n"]);
    let green = newest(&late, 7.0).target.target_group.unwrap();
    let rule = |minutes: f64| {
        let rules = late.rules(at(minutes));
        rules[0].targets.iter().find(|(group, _)| *group == green).unwrap().1
    };
    assert_eq!((state(&late, 7.0).2, rule(7.0), rule(8.0)), (100.0, 0, 100));
}

#[test]
fn hooks_that_ecs_would_not_take_are_refused() {
    for (stage, kind, problem) in [
        ("SCALE_UP", "PAUSE", "a hook's stage = \"SCALE_UP\""),
        ("PRODUCTION_TRAFFIC_SHIFT", "PAUSE", "a PAUSE hook cannot be at PRODUCTION_TRAFFIC_SHIFT"),
    ] {
        let text = format!(
            "{HEAD}[[deployment]]\nservice = \"checkout\"\nstarted = \"-1m\"\nstrategy = \"CANARY\"\nrevision = 41\n\
             hooks = [{{ stage = \"{stage}\", kind = \"{kind}\" }}]\n"
        );
        let error = Scenario::parse(&text, "test").unwrap_err();
        assert!(error.message.starts_with(problem), "{error}");
    }
}
