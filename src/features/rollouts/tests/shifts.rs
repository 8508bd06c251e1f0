//! Names, health, next steps, stage bars.

use super::*;
use crate::features::rollouts::stages::{Due, Next, StageState, countdown, percent};

#[test]
fn names_come_from_arns() {
    let name = |cluster: &str, service: &str| Some(RolloutName::ecs(cluster, service));
    let cases = [
        ("arn:aws:ecs:eu-west-2:1:service/shop/checkout", name("shop", "checkout")),
        (DEPLOYMENT, name("shop", "checkout")),
        ("arn:aws:ecs:eu-west-2:1:service/checkout", None),
        ("arn:aws:ecs:eu-west-2:1:service//checkout", None),
        ("", None),
    ];
    for (arn, expected) in cases {
        assert_eq!(RolloutName::of_ecs_arn(arn), expected, "{arn}");
    }
    let checkout = canary().name;
    assert_eq!(checkout.full(), "ecs/shop/checkout");
    for (typed, expected) in
        [("checkout", true), ("ecs/shop/checkout", true), ("shop/checkout", false), ("Checkout", false)]
    {
        assert_eq!(checkout.answers_to(typed), expected, "{typed}");
    }
}

#[test]
fn images_lose_registry_and_keep_the_digest() {
    let cases = [
        ("1.dkr.ecr.eu.amazonaws.com/team/web:7f3c2a", Some("sha256:abc"), "web:7f3c2a", Some("abc")),
        ("web@sha256:def", None, "web", Some("def")),
        ("web:1@sha256:def", Some("sha256:ghi"), "web:1", Some("ghi")),
        ("nginx", None, "nginx", None),
    ];
    for (reference, digest, name, expected) in cases {
        let image = Image::new(reference, digest);
        assert_eq!((image.name.as_str(), image.digest.as_deref()), (name, expected), "{reference}");
    }
}

#[test]
fn statuses_stand_for_what_they_allow() {
    let cases = [
        ("PENDING", Standing::Open),
        ("IN_PROGRESS", Standing::Open),
        ("STOP_REQUESTED", Standing::Returning),
        ("ROLLBACK_REQUESTED", Standing::Returning),
        ("ROLLBACK_IN_PROGRESS", Standing::Returning),
        ("SUCCESSFUL", Standing::Ended),
        ("STOPPED", Standing::Ended),
        ("ROLLBACK_SUCCESSFUL", Standing::Ended),
        ("ROLLBACK_FAILED", Standing::Ended),
        ("MEDITATING", Standing::Unknown),
    ];
    for (name, standing) in cases {
        assert_eq!(Status::new(name).standing(), standing, "{name}");
        assert_eq!(Status::new(name).in_progress(), standing != Standing::Ended, "{name}");
    }
}

#[test]
fn health_of_several_groups_is_only_as_known_as_the_least_known() {
    let counted = |healthy| Health::Counted { healthy, total: 4 };
    let cases = [
        (vec![], Health::Unread),
        (vec![counted(4), counted(3)], Health::Counted { healthy: 7, total: 8 }),
        (vec![counted(4), Health::Unread], Health::Unread),
        (vec![Health::Unreadable("denied".into()), counted(4)], Health::Unreadable("denied".into())),
    ];
    for (groups, expected) in cases {
        let mut subject = side(41, 80.0, 4);
        let group = subject.groups[0].clone();
        subject.groups =
            groups.iter().map(|health| TargetGroup { health: health.clone(), ..group.clone() }).collect();
        assert_eq!(subject.health(), expected);
    }
}

#[test]
fn a_rule_that_disagrees_by_more_than_a_point_is_told() {
    for (share, expected) in [
        (None, None),
        (Some(20.0), None),
        (Some(21.0), None),
        (Some(21.1), Some(21.1)),
        (Some(0.0), Some(0.0)),
    ] {
        let mut new = side(42, 20.0, 4);
        new.groups[0].rule_share = share;
        assert_eq!(new.rule_disagrees(), expected, "{share:?}");
    }
}

#[test]
fn failed_percent_needs_requests() {
    let of = |requests, failed| SideMetrics { requests, failed, p99: None }.failed_percent();
    assert_eq!(of(Some(200.0), Some(5.0)), Some(2.5));
    assert_eq!(of(Some(0.0), Some(0.0)), None);
    assert_eq!(of(None, Some(1.0)), None);
    assert_eq!(of(Some(10.0), None), None);
}

#[test]
fn a_rolling_share_is_an_estimate_from_tasks() {
    let mut rollout = canary();
    assert_eq!(rollout.share(), Some((20.0, false)));
    rollout.mechanism = Mechanism::Ecs(Strategy::Rolling);
    assert_eq!(rollout.share(), Some((50.0, true)));
    rollout.old = None;
    assert_eq!(rollout.share(), Some((100.0, true)));
    rollout.new.tasks.as_mut().unwrap().running = 0;
    assert_eq!(rollout.share(), None);
}

#[test]
fn the_time_of_a_change_is_as_good_as_the_reads_around_it() {
    // (previous read, AWS's last change, this read) -> (time, estimate)
    let cases = [
        (None, Some(-30), 0, (Some(-30), true)),
        (None, Some(30), 0, (Some(0), true)),
        (None, None, 0, (None, true)),
        (Some(-5), Some(-2), 0, (Some(-2), false)),
        (Some(-5), Some(-9), 0, (Some(0), false)),
        (Some(-60), None, 0, (Some(0), false)),
        (Some(-61), None, 0, (Some(0), true)),
    ];
    for (before, updated, read, (time, estimate)) in cases {
        let mut progress = Progress::default();
        if let Some(before) = before {
            progress.observe(Some("SCALE_UP"), Some(0.0), None, at(before));
        }
        progress.observe(Some("PRODUCTION_TRAFFIC_SHIFT"), Some(20.0), updated.map(at), at(read));
        let last = progress.points.last().unwrap();
        assert_eq!((last.at, last.estimate), (time.map(at), estimate), "{before:?} {updated:?}");
    }
}

#[test]
fn seeing_the_same_twice_adds_nothing_and_the_history_is_bounded() {
    let mut progress = Progress::default();
    for second in 0..10 {
        progress.observe(Some("BAKE_TIME"), Some(100.0), None, at(second));
    }
    assert_eq!(progress.points.len(), 1);
    for second in 0..500 {
        progress.observe(Some("PRODUCTION_TRAFFIC_SHIFT"), Some(f64::from(second)), None, at(second.into()));
    }
    assert_eq!(progress.points.len(), 64);
    assert_eq!(progress.points.last().unwrap().weight, Some(499.0));
}

type Step<'a> = (&'a Strategy, Option<&'a str>, f64, Next, Option<Due>);

#[test]
fn the_next_step_follows_from_strategy_stage_weight_and_time() {
    let canary20 = Strategy::Canary { percent: 20.0, bake: minutes(13) };
    let linear = Strategy::Linear { step: 10.0, bake: minutes(6) };
    let shift = "PRODUCTION_TRAFFIC_SHIFT";
    // The present (stage, weight) began at -100 s.
    let due = |seconds, estimate| Some(Due { at: at(seconds), estimate });
    let cases: &[Step] = &[
        (&canary20, None, 0.0, Next::Shift(20.0, None), None),
        (&canary20, Some("SCALE_UP"), 0.0, Next::Shift(20.0, None), None),
        (&canary20, Some("PRE_PRODUCTION_TRAFFIC_SHIFT"), 0.0, Next::Shift(20.0, None), None),
        (&canary20, Some(shift), 20.0, Next::Shift(100.0, due(680, false)), due(680, false)),
        (&canary20, Some(shift), 100.0, Next::CleanUp(None), None),
        (&canary20, Some("BAKE_TIME"), 100.0, Next::CleanUp(due(500, false)), None),
        (&canary20, Some("CLEAN_UP"), 100.0, Next::End, None),
        (&canary20, Some("LEVITATE"), 20.0, Next::Unknown, None),
        (&linear, Some(shift), 0.0, Next::Shift(10.0, None), None),
        (&linear, Some(shift), 30.0, Next::Shift(40.0, due(260, false)), due(260 + 6 * 360, true)),
        (&linear, Some(shift), 95.0, Next::Shift(100.0, due(260, false)), due(260, false)),
        (&Strategy::BlueGreen, Some("TEST_TRAFFIC_SHIFT"), 0.0, Next::Shift(100.0, None), None),
        (&Strategy::BlueGreen, Some(shift), 100.0, Next::CleanUp(None), None),
        (&Strategy::Rolling, None, 0.0, Next::Tasks, None),
        (&Strategy::Other("SPIRAL".into()), Some(shift), 20.0, Next::Unknown, None),
    ];
    for (strategy, stage, weight, next, due_100) in cases {
        let mut rollout = canary();
        rollout.mechanism = Mechanism::Ecs((*strategy).clone());
        rollout.stage = stage.map(str::to_owned);
        rollout.new.weight = Some(*weight);
        rollout.progress = Progress::default();
        rollout.progress.observe(None, None, None, at(-110));
        rollout.progress.observe(*stage, Some(*weight), None, at(-100));
        assert_eq!(&rollout.next(), next, "{strategy:?} {stage:?} {weight}");
        assert_eq!(&rollout.due_100(), due_100, "{strategy:?} {stage:?} {weight}");
    }
}

#[test]
fn stage_changes_within_a_step_do_not_restart_its_clock() {
    let mut rollout = canary();
    rollout.progress.observe(Some("POST_PRODUCTION_TRAFFIC_SHIFT"), Some(20.0), None, at(-20));
    rollout.stage = Some("POST_PRODUCTION_TRAFFIC_SHIFT".into());
    assert_eq!(rollout.next(), Next::Shift(100.0, Some(Due { at: at(-540 + 780), estimate: false })));
}

#[test]
fn what_stops_a_shift_comes_before_its_steps() {
    let mut rollout = canary();
    let hook = Hook {
        id: "h-1".into(),
        kind: "PAUSE".into(),
        status: "AWAITING_ACTION".into(),
        expires_at: Some(at(300)),
        timeout_action: Some("ROLLBACK".into()),
    };
    rollout.hooks = vec![Hook { status: "SUCCEEDED".into(), ..hook.clone() }, hook];
    assert_eq!(rollout.next(), Next::Hook { until: Some(at(300)), then: Some("ROLLBACK".into()) });
    assert_eq!(rollout.next_words(at(0)), "ROLLBACK in 5m00 unless answered");
    assert!(rollout.by_itself().yes);
    for (status, next) in [
        ("ROLLBACK_IN_PROGRESS", Next::GoingBack),
        ("SUCCESSFUL", Next::Nothing),
        ("NEW_STATUS", Next::Unknown),
    ] {
        rollout.status = Status::new(status);
        assert_eq!(rollout.next(), next, "{status}");
    }
}

#[test]
fn the_stage_bar_reads_like_the_shift() {
    let labels = |rollout: &Rollout| {
        rollout
            .stage_bar(at(0))
            .iter()
            .map(|item| {
                let mark = match item.state {
                    StageState::Done => '✔',
                    StageState::Running => '▶',
                    StageState::Ahead => '○',
                    StageState::Failed => '●',
                    StageState::Unknown => '?',
                };
                format!("{mark} {}", item.label)
            })
            .collect::<Vec<_>>()
            .join("  ")
    };
    let mut rollout = canary();
    assert_eq!(
        labels(&rollout),
        "✔ scale up  ✔ test traffic  ▶ production shift 20 %  ○ 100 % in 4m00  ○ bake 10m  ○ clean up"
    );
    rollout.stage = Some("BAKE_TIME".into());
    rollout.new.weight = Some(100.0);
    rollout.progress.observe(Some("BAKE_TIME"), Some(100.0), None, at(-500));
    assert_eq!(
        labels(&rollout),
        "✔ scale up  ✔ test traffic  ✔ production shift  ▶ bake, 1m40 left  ○ clean up"
    );
    rollout.stage = Some("LEVITATE".into());
    assert_eq!(
        labels(&rollout),
        "▶ LEVITATE  ? scale up  ? test traffic  ? production shift  ? bake 10m  ? clean up"
    );
    rollout.status = Status::new("ROLLBACK_IN_PROGRESS");
    assert_eq!(labels(&rollout), "✔ rollback asked for  ▶ ROLLBACK_IN_PROGRESS  ○ old has 100 %");
    rollout.status = Status::new("ROLLBACK_FAILED");
    assert_eq!(labels(&rollout), "● ROLLBACK_FAILED");
    rollout.status = Status::new("IN_PROGRESS");
    rollout.mechanism = Mechanism::Ecs(Strategy::Rolling);
    assert_eq!(labels(&rollout), "▶ replace tasks 4/4  ○ steady");
}

#[test]
fn whether_it_rolls_back_by_itself_has_a_reason() {
    let watch = |enabled, rollback, status: Option<&str>| AlarmWatch {
        status: status.map(str::to_owned),
        names: vec!["checkout-5xx".into()],
        triggered: Vec::new(),
        enabled,
        rollback,
    };
    let cases = [
        (AlarmWatch::default(), false, "no alarms set"),
        (watch(true, true, Some("MONITORING")), true, "on its alarm"),
        (watch(true, false, Some("MONITORING")), false, "alarm rollback off"),
        (watch(false, true, None), false, "alarms not watched"),
        (watch(true, true, Some("MONITORING_COMPLETE")), false, "alarms no longer watched"),
    ];
    for (alarms, yes, why) in cases {
        let mut rollout = canary();
        rollout.alarms = alarms;
        let by_itself = rollout.by_itself();
        assert_eq!((by_itself.yes, by_itself.why.as_str()), (yes, why));
    }
    // The circuit breaker counts for rolling deployments only.
    let mut rollout = canary();
    rollout.breaker =
        Some(Breaker { status: None, failures: 2, threshold: 3, enabled: true, rollback: true });
    assert!(!rollout.by_itself().yes);
    rollout.mechanism = Mechanism::Ecs(Strategy::Rolling);
    assert_eq!(rollout.by_itself().why, "circuit breaker, 2 of 3 failures");
}

#[test]
fn numbers_and_times_read_well() {
    for (seconds, text) in
        [(-5, "0s"), (59, "59s"), (60, "1m00"), (250, "4m10"), (599, "9m59"), (600, "10m00"), (3720, "1h02")]
    {
        assert_eq!(countdown(SignedDuration::from_secs(seconds)), text);
    }
    for (value, text) in [(0.0, "0 %"), (0.1, "0.1 %"), (20.0, "20 %"), (33.333, "33.3 %"), (99.99, "100 %")]
    {
        assert_eq!(percent(value), text);
    }
}
