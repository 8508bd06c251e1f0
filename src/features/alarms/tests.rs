//! What follows from an alarm.

use super::*;
use crate::app::Now;
use crate::config::{Config, Severity, SeverityRule};
use jiff::Timestamp;
use std::time::Duration;

const NOW: i64 = 1_800_000_000;

fn now() -> Now {
    Now { since_start: Duration::from_mins(1), wall: Timestamp::from_second(NOW).unwrap() }
}

/// A fresh, loud alarm.
pub fn alarm(name: &str) -> Alarm {
    Alarm {
        name: name.into(),
        arn: format!("arn:aws:cloudwatch:eu-west-2:111122223333:alarm:{name}"),
        kind: Kind::Metric,
        state: AlarmState::Alarm,
        since: Timestamp::from_second(NOW - 180).ok(),
        reason: "Threshold Crossed".into(),
        description: String::new(),
        silent: None,
        actions: vec!["arn:aws:sns:eu-west-2:111122223333:oncall".into()],
        threshold: Some(1.0),
        comparison: "GreaterThanThreshold".into(),
        value: Some(1.333),
        first_breach: None,
        datapoints: Some((3, 3)),
        treat_missing: "missing".into(),
        metrics: Vec::new(),
        rule: String::new(),
        log_groups: Vec::new(),
        evaluation: None,
    }
}

/// What makes a fresh, loud alarm something else.
type Change = fn(&mut Alarm);

#[test]
fn only_fresh_loud_alarms_count() {
    let scaling = "arn:aws:autoscaling:eu-west-2:111122223333:scalingPolicy:x:resource/ecs/service/shop/cart";
    let cases: [(&str, Change, bool); 7] = [
        ("fresh", |_| {}, true),
        ("ok", |a| a.state = AlarmState::Ok, false),
        ("chronic", |a| a.since = Timestamp::from_second(NOW - 90_000).ok(), false),
        ("muted", |a| a.silent = Some(Silent::Muted("night".into())), false),
        ("actions off", |a| a.silent = Some(Silent::ActionsOff), false),
        ("no actions still counts", |a| a.silent = Some(Silent::NoActions), true),
        ("unknown age counts", |a| a.since = None, true),
    ];
    for (name, change, expected) in cases {
        let mut alarm = alarm(name);
        change(&mut alarm);
        assert_eq!(alarm.counts(now()), expected, "{name}");
    }
    let mut scaled = alarm("scaling");
    scaled.actions = vec![scaling.into()];
    assert!(scaled.scaling() && !scaled.counts(now()));
    scaled.actions.push("arn:aws:sns:eu-west-2:111122223333:oncall".into());
    assert!(!scaled.scaling(), "it also pages somebody");
}

#[test]
fn breaching_follows_the_operator() {
    for (comparison, value, expected) in [
        ("GreaterThanThreshold", 1.0, Some(false)),
        ("GreaterThanOrEqualToThreshold", 1.0, Some(true)),
        ("LessThanThreshold", 0.5, Some(true)),
        ("LessThanOrEqualToThreshold", 1.5, Some(false)),
        ("LessThanLowerOrGreaterThanUpperThreshold", 9.0, None),
    ] {
        let alarm = Alarm { comparison: comparison.into(), ..alarm("x") };
        assert_eq!(alarm.breaches(value), expected, "{comparison}");
    }
    assert_eq!(Alarm { threshold: None, ..alarm("x") }.breaches(9.0), None);
}

#[test]
fn numbers_keep_what_matters() {
    for (value, text) in
        [(1.333, "1.33"), (800.0, "800"), (0.5, "0.5"), (12.34, "12.3"), (0.0, "0"), (1e6, "1000000")]
    {
        assert_eq!(short(value), text);
    }
    assert_eq!(alarm("x").condition(), "1.33 > 1");
    assert_eq!(Alarm { value: None, ..alarm("x") }.condition(), "> 1");
}

#[test]
fn severity_comes_from_the_config_first() {
    let mut config = Config::default();
    let composite = Alarm { kind: Kind::Composite, ..alarm("prod-health") };
    assert!(severity(&composite, &config) > severity(&alarm("x"), &config));
    config.severities = vec![SeverityRule { pattern: "checkout-*".into(), severity: Severity::Low }];
    assert_eq!(severity(&alarm("checkout-5xx"), &config), Severity::Low);
    assert_eq!(severity(&alarm("orders-5xx"), &config), Severity::High);
}
