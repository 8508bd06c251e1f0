//! Builders that the tests of this folder share.

mod again;
mod again_race;
mod again_screen;
mod alb;
mod alb_interleaved;
mod alb_screen;
mod alias_screen;
mod autopsy;
mod codedeploy;
mod codedeploy_ends;
mod codedeploy_interleaved;
mod codedeploy_screen;
mod codedeploy_table;
mod dialog_state;
mod ecs_table;
mod elsewhere;
mod ends;
mod interleaved_ecs;
mod interleaved_lambda;
mod lambda;
mod lists;
mod one_row;
mod owners;
mod page;
mod past_screen;
mod plans;
mod report;
mod resumed;
mod screen;
mod shifts;
mod span;
mod verdict;
mod verdict_figures;
mod verdicts;
mod watching;
mod world;

use super::model::*;
use super::plan::{Caller, Circumstances, Plan};
use super::rollback::Journaled;
use super::stages::Progress;
use super::verdict::{Against, Counts, Minute, Settings, judge};
use super::wire::{Comparison, DetailQuery};
use crate::aws::{ErrorClass, SourceError, TargetId};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

pub const DEPLOYMENT: &str = "arn:aws:ecs:eu-west-2:111122223333:service-deployment/shop/checkout/7Kq2";
const REVISION: &str = "arn:aws:ecs:eu-west-2:111122223333:service-revision/shop/checkout/";

/// Seconds after the test's origin, 2026-11-20 04:00:00 UTC.
pub fn at(seconds: i64) -> Timestamp {
    let origin: Timestamp = "2026-11-20T04:00:00Z".parse().unwrap();
    origin + SignedDuration::from_secs(seconds)
}

/// What is asked of an opened shift, and nothing more.
pub fn detail_query(name: &RolloutName) -> DetailQuery {
    DetailQuery { name: name.clone(), metrics: None, stopped: None, seen: (None, 0) }
}

/// A PAUSE hook that waits for so many seconds more, and goes back then.
pub fn pause_hook(id: &str, seconds: i64) -> Hook {
    Hook {
        id: id.to_owned(),
        kind: "PAUSE".into(),
        status: "AWAITING_ACTION".into(),
        expires_at: Some(at(seconds)),
        timeout_action: Some("ROLLBACK".into()),
    }
}

pub fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

pub fn side(number: u32, weight: f64, healthy: u32) -> Side {
    Side {
        task_definition: Some(format!("web-checkout:{number}")),
        images: vec![Image::new(
            &format!("111122223333.dkr.ecr.eu-west-2.amazonaws.com/web:v{number}"),
            Some("sha256:0f3a9c112233445566778899"),
        )],
        weight: Some(weight),
        tasks: Some(Tasks { requested: 4, running: 4, pending: 0 }),
        groups: vec![TargetGroup {
            arn: format!(
                "arn:aws:elasticloadbalancing:eu-west-2:111122223333:targetgroup/checkout-{number}/50dc"
            ),
            rule: None,
            rule_share: None,
            health: Health::Counted { healthy, total: 4 },
        }],
        ..Side::of(&format!("{REVISION}{number}"))
    }
}

/// A CANARY at 20 % whose step began 9 minutes before `at(0)`, read at `at(0)`.
pub fn canary() -> Rollout {
    let mut progress = Progress::default();
    progress.observe(Some("TEST_TRAFFIC_SHIFT"), Some(0.0), None, at(-560));
    progress.observe(Some("PRODUCTION_TRAFFIC_SHIFT"), Some(20.0), None, at(-540));
    Rollout {
        name: RolloutName::ecs("shop", "checkout"),
        deployment: DEPLOYMENT.into(),
        current: Some(DEPLOYMENT.into()),
        owner: Owner::Ecs,
        mechanism: Mechanism::Ecs(Strategy::Canary { percent: 20.0, bake: minutes(13) }),
        status: Status::new("IN_PROGRESS"),
        status_reason: None,
        stage: Some("PRODUCTION_TRAFFIC_SHIFT".into()),
        old: Some(side(41, 80.0, 4)),
        sources: 1,
        new: side(42, 20.0, 3),
        progress,
        bake: Some(minutes(10)),
        hooks: Vec::new(),
        alarms: AlarmWatch::default(),
        breaker: None,
        rollback: None,
        created_at: Some(at(-850)),
        started_at: Some(at(-840)),
        updated_at: Some(at(-540)),
        finished_at: None,
        by: None,
        events: Vec::new(),
        read_at: at(0),
    }
}

/// The same shift once it was rolled back: all traffic is on its old side.
pub fn gone_back(shift: Rollout) -> Rollout {
    let revision = shift.old.as_ref().map(|old| old.revision.clone());
    Rollout {
        status: Status::new("ROLLBACK_SUCCESSFUL"),
        rollback: Some(RollbackInfo { revision, ..RollbackInfo::default() }),
        new: Side { weight: Some(0.0), ..shift.new },
        ..shift
    }
}

pub fn place() -> Circumstances {
    Circumstances {
        target: TargetId::new("prod"),
        region: "eu-west-2".into(),
        production: true,
        caller: Ok(Caller {
            account: "111122223333".into(),
            region: "eu-west-2".into(),
            arn: "arn:aws:sts::111122223333:assumed-role/Admin/oncall".into(),
            short: "oncall@Admin".into(),
            expires_at: Some(at(42 * 60)),
        }),
        no_writes: None,
        word: "checkout".into(),
    }
}

pub fn plan_of(rollout: &Rollout) -> Plan {
    Plan::new(rollout, place(), at(0))
}

pub fn error(class: ErrorClass) -> SourceError {
    let mut error = SourceError::new(class, "ecs:StopServiceDeployment", "no");
    if class == ErrorClass::Expired {
        error.advice = "aws sso login --profile prod".into();
    }
    error
}

pub fn journaled() -> Journaled {
    Journaled { began: at(9), problem: None }
}

/// Both sides' requests and failures over nine minutes, as the verdict reads them.
pub fn compared(old: (f64, f64), new: (f64, f64)) -> Comparison {
    let each = |(requests, failed): (f64, f64)| Counts { requests: requests / 9.0, failed: failed / 9.0 };
    let minute = |n| Minute { at: at(-540 + n * 60), old: Some(each(old)), new: Some(each(new)) };
    let minutes: Vec<Minute> = (0..9_i64).map(minute).collect();
    let settings = Settings { against: Against::Beside, margin: 0.5, false_alarms: 0.01 };
    let side = |(requests, failed), p99| SideMetrics { requests: Some(requests), failed: Some(failed), p99 };
    Comparison {
        deployment: DEPLOYMENT.into(),
        old: side(old, Some(0.212)),
        new: side(new, Some(1.94)),
        read_at: at(0),
        from: Some(at(-540)),
        until: Some(at(0)),
        verdict: judge(&minutes, at(-540), settings),
    }
}
