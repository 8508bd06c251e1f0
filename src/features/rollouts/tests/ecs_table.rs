//! Each ECS strategy against the simulated AWS, through the real clients: what others do before, between and
//! after, what AWS answers, and the calls that it received. Never more than one of ours.

use super::world::{Lab, journal};
use super::*;
use crate::features::rollouts::op::send;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::watch::{Ending, Watch};
use std::cell::Cell;

/// Scenario and what is sent in it.
const STRATEGIES: [(&str, &str); 4] = [
    ("rolling", "StopServiceDeployment"),
    ("blue-green", "StopServiceDeployment"),
    ("linear", "ContinueServiceDeployment"),
    ("bad-deploy", "StopServiceDeployment"),
];

/// What happens between the plan and the last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    /// It goes on a little.
    GoesOn,
    /// Somebody is faster.
    RolledBack,
    /// Somebody deploys once more.
    Deployed,
    /// Hours pass, and it ends by itself.
    Ended,
    /// Somebody answers the hook.
    Answered(bool),
}

impl Lab {
    /// Somebody else's doing.
    async fn meanwhile(&self, what: Meanwhile, plan: &Plan) {
        let (ecs, arn) = (self.conn.ecs(), plan.guard.deployment.as_str());
        let hook = || plan.guard.field("waiting hook").unwrap_or_default().to_owned();
        match what {
            Meanwhile::Nothing => {}
            Meanwhile::GoesOn => self.pass(45).await,
            Meanwhile::RolledBack => {
                let call = ecs.stop_service_deployment().service_deployment_arn(arn);
                call.stop_type("ROLLBACK".into()).send().await.unwrap();
                self.pass(2).await;
            }
            Meanwhile::Deployed => {
                let call = ecs.update_service().cluster("shop").service("checkout");
                call.force_new_deployment(true).send().await.unwrap();
                self.pass(2).await;
            }
            Meanwhile::Ended => self.pass(4 * 3600).await,
            Meanwhile::Answered(back) => {
                let call = ecs.continue_service_deployment().service_deployment_arn(arn).hook_id(hook());
                let action = if back { "ROLLBACK" } else { "CONTINUE" };
                call.action(action.into()).send().await.unwrap();
                self.pass(2).await;
            }
        }
    }

    fn mutations(&self) -> u64 {
        ["StopServiceDeployment", "ContinueServiceDeployment", "UpdateService"]
            .map(|operation| self.calls(operation))
            .iter()
            .sum()
    }

    /// Follows a rollback until it is known how it ended.
    async fn follow(&self, plan: &Plan, result: &SendResult) -> Watch {
        let mut watch = Watch::begin(plan.clone(), result).unwrap();
        for _ in 0..60 {
            self.pass(20).await;
            let reads = self.reads_of(plan).await;
            watch.read(&reads.shifts[0], self.now().wall);
            if watch.settled() {
                break;
            }
        }
        watch
    }
}

#[tokio::test(start_paused = true)]
async fn normally_there_is_one_call_and_it_goes_back() {
    for (scenario, operation) in STRATEGIES {
        for meanwhile in [Meanwhile::Nothing, Meanwhile::GoesOn] {
            let lab = Lab::new(scenario).await;
            let plan = lab.plan_for("checkout").await;
            lab.meanwhile(meanwhile, &plan).await;
            let result = lab.send(&plan, &journal("normal")).await;
            assert!(matches!(result, SendResult::Sent { .. }), "{scenario} {meanwhile:?}: {result:?}");
            assert_eq!((lab.calls(operation), lab.mutations()), (1, 1), "{scenario}");
            let watch = lab.follow(&plan, &result).await;
            assert_eq!(watch.ended.unwrap().ending, Ending::Done, "{scenario} {meanwhile:?}");
            assert_eq!(lab.mutations(), 1, "{scenario}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_did_meanwhile_is_seen_and_nothing_is_sent() {
    for (scenario, _) in STRATEGIES {
        let mut others = vec![Meanwhile::RolledBack, Meanwhile::Deployed, Meanwhile::Ended];
        if scenario == "linear" {
            others.extend([Meanwhile::Answered(true), Meanwhile::Answered(false)]);
        }
        for meanwhile in others {
            let lab = Lab::new(scenario).await;
            let plan = lab.plan_for("checkout").await;
            lab.meanwhile(meanwhile, &plan).await;
            let theirs = lab.mutations();
            let result = lab.send(&plan, &journal("meanwhile")).await;
            let SendResult::Changed(newer) = &result else { panic!("{scenario} {meanwhile:?}: {result:?}") };
            assert!(!plan.diff(newer).is_empty(), "{scenario} {meanwhile:?}");
            assert_eq!(lab.mutations(), theirs, "{scenario} {meanwhile:?}: ours were sent");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_change_nothing() {
    for (scenario, operation) in STRATEGIES {
        for fault in ["deny", "expire", "throttle"] {
            let lab = Lab::new(scenario).await;
            let plan = lab.plan_for("checkout").await;
            lab.faults(&[&format!("ecs:{operation}={fault}")]);
            let result = lab.send(&plan, &journal("refused")).await;
            assert!(matches!(result, SendResult::Rejected(_)), "{scenario} {fault}: {result:?}");
            assert_eq!(lab.mutations(), 1, "{scenario} {fault}");
            assert_eq!(lab.plan_for("checkout").await.guard, plan.guard, "{scenario} {fault}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled_by_reading() {
    for (scenario, operation) in STRATEGIES {
        // The answer is cut off and AWS carries on; or something before AWS answered.
        for (fault, arrived) in [("cut:1", true), ("garbage", false), ("garbage:502", false)] {
            let lab = Lab::new(scenario).await;
            let plan = lab.plan_for("checkout").await;
            lab.faults(&[&format!("ecs:{operation}={fault}")]);
            let result = lab.send(&plan, &journal("lost")).await;
            assert!(matches!(result, SendResult::Lost { .. }), "{scenario} {fault}: {result:?}");
            let watch = lab.follow(&plan, &result).await;
            let ended = watch.ended.unwrap();
            let expected = if arrived { Ending::Done } else { Ending::Failed };
            assert_eq!(ended.ending, expected, "{scenario} {fault}: {}", ended.why);
            assert_eq!(lab.mutations(), 1, "{scenario} {fault}: never sent again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_ends_between_the_last_read_and_the_call_is_refused_by_aws() {
    for (scenario, _) in STRATEGIES {
        let lab = Lab::new(scenario).await;
        let plan = lab.plan_for("checkout").await;
        let looks = Cell::new(0);
        // The clock is looked at when the sending begins, and once more right before the call.
        let clock = || {
            looks.set(looks.get() + 1);
            if looks.get() == 2 {
                lab.skip(4 * 3600);
            }
            lab.now().wall
        };
        let result = send(&plan, &lab.conn, &journal("gap"), clock).await;
        let SendResult::Beaten { newer, error } = &result else { panic!("{scenario}: {result:?}") };
        assert!(newer.refused() && !plan.diff(newer).is_empty(), "{scenario}: {newer:?}");
        let code = if scenario == "linear" { "InvalidParameterException" } else { "ConflictException" };
        assert_eq!(error.code.as_deref(), Some(code), "{scenario}");
        assert_eq!(lab.mutations(), 1, "{scenario}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_after_ours_supersedes_it() {
    for (scenario, _) in STRATEGIES {
        let lab = Lab::new(scenario).await;
        let plan = lab.plan_for("checkout").await;
        let result = lab.send(&plan, &journal("superseded")).await;
        lab.meanwhile(Meanwhile::Deployed, &plan).await;
        let watch = lab.follow(&plan, &result).await;
        assert_eq!(watch.ended.unwrap().ending, Ending::Superseded, "{scenario}");
        assert_eq!(lab.mutations(), 2, "{scenario}: ours, and theirs");
    }
}
