//! Other people's stops at random moments of a CodeDeploy deployment: before the last read, in the gap behind
//! it, and none. No call may follow a read that differs in a guarded field, and there is never more than one.

use super::world::Lab;
use super::*;
use crate::features::rollouts::rollback::SendResult;

/// Rounds. Each has a world of its own, since a deployment ends only once.
const ROUNDS: u64 = 150;

/// The same numbers in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Somebody stops it, with or without its traffic going back.
    async fn interfere(&mut self, lab: &Lab, id: &str) {
        let call = lab.conn.codedeploy().stop_deployment().deployment_id(id);
        // One that is over by itself is not theirs to stop either.
        let _ = call.auto_rollback_enabled(self.below(2) == 0).send().await;
        lab.pass(self.below(20)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_follows_a_read_that_differs() {
    // No journal: waiting for the disk twice in each round is all that it would add.
    let path = std::path::Path::new("/dev/null/journal.jsonl");
    let mut chance = Chance(11);
    let (mut sent, mut seen_before, mut seen_by_aws) = (0, 0, 0);
    for round in 0..ROUNDS {
        let scenario = if chance.below(2) == 0 { "codedeploy-ecs" } else { "codedeploy-lambda" };
        let lab = Lab::new(scenario).await;
        lab.pass(chance.below(240)).await;
        let shifts = lab.list().await.shifts;
        let shift = shifts.iter().find(|it| it.owner == Owner::CodeDeploy).expect("one is in flight");
        let plan = lab.plan_of(shift).await;
        let moment = chance.below(3);
        if moment == 0 {
            chance.interfere(&lab, &shift.deployment).await;
        }
        let newer = lab.plan_of(shift).await;
        let differs = !plan.diff(&newer).is_empty() || newer.refused();
        let before = lab.calls("StopDeployment");
        let result = if moment == 1 {
            // Who calls is asked after the last read: meanwhile somebody is faster.
            lab.faults(&["sts:GetCallerIdentity=delay:30s"]);
            let (result, ()) = tokio::join!(lab.send(&plan, path), async {
                tokio::time::sleep(Duration::from_secs(2)).await;
                chance.interfere(&lab, &shift.deployment).await;
            });
            result
        } else {
            lab.send(&plan, path).await
        };
        let own = lab.calls("StopDeployment") - before - u64::from(moment == 1);
        match &result {
            SendResult::Changed(_) if own == 0 => seen_before += 1,
            SendResult::Beaten { .. } => seen_by_aws += 1,
            SendResult::Sent { .. } => sent += 1,
            other => panic!("{round}: {other:?}"),
        }
        assert!(own <= 1, "{round}: {own} calls");
        assert!(!differs || own == 0, "{round} {scenario}: called after a read that differs: {result:?}");
    }
    assert!(sent > ROUNDS / 4 && seen_before > ROUNDS / 8, "{sent} {seen_before} {seen_by_aws}");
    println!("{ROUNDS} rounds: sent {sent}, held back {seen_before}, refused by AWS {seen_by_aws}");
}
