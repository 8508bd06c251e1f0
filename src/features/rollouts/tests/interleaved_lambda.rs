//! Other people's changes at random moments: before the plan, before the last read, in the gap behind it, after
//! the call. No call may follow a read that differs in a guarded field, and none may undo what was not confirmed.

use super::lambda::{alias, somebody_sets};
use super::world::Lab;
use super::*;
use crate::features::rollouts::rollback::SendResult;

/// Rounds. Each plans, is interfered with and sends, through the real SDK client.
const ROUNDS: u64 = 1_000;

/// The same numbers in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// What somebody does: raises, promotes, undoes, takes another version.
    async fn interfere(&mut self, lab: &Lab) {
        let share = 0.1 + 0.1 * self.below(8) as f64;
        match self.below(4) {
            0 => somebody_sets(lab, "18", &[]).await,
            1 => somebody_sets(lab, "17", &[]).await,
            2 => somebody_sets(lab, "17", &[("16", share)]).await,
            _ => somebody_sets(lab, "17", &[("18", share)]).await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_follows_a_read_that_differs() {
    let lab = Lab::new("lambda-canary").await;
    let name = RolloutName::parse("lambda/receipts:live").unwrap();
    // No journal: waiting for the disk twice in each round is all that it would add.
    let path = std::path::Path::new("/dev/null/journal.jsonl");
    let mut chance = Chance(7);
    let (mut sent, mut stopped, mut refused_by_aws) = (0, 0, 0);
    for round in 0..ROUNDS {
        lab.pass(1).await;
        somebody_sets(&lab, "17", &[("18", 0.2)]).await;
        let before = lab.named(&name).await;
        let plan = lab.plan_of(&before).await;
        let (early, late) = (chance.below(3) == 0, chance.below(3) == 0);
        if early {
            chance.interfere(&lab).await;
        }
        let calls = lab.calls("UpdateAlias");
        let result = if late {
            // Who calls is asked after the last read: meanwhile somebody is faster.
            lab.faults(&["sts:GetCallerIdentity=delay:4s"]);
            let (result, ()) = tokio::join!(lab.send(&plan, path), async {
                tokio::time::sleep(Duration::from_secs(2)).await;
                chance.interfere(&lab).await;
            });
            lab.faults(&[]);
            result
        } else {
            lab.send(&plan, path).await
        };
        let own = lab.calls("UpdateAlias") - calls - u64::from(late);
        let now = lab.named(&name).await;
        match (early, late) {
            (true, _) => {
                assert!(matches!(result, SendResult::Changed(_)) && own == 0, "{round}: {own} {result:?}");
                stopped += 1;
            }
            (false, true) => {
                assert!(matches!(result, SendResult::Beaten { .. }) && own == 1, "{round}: {own} {result:?}");
                refused_by_aws += 1;
            }
            (false, false) => {
                assert!(matches!(result, SendResult::Sent { .. }) && own == 1, "{round}: {own} {result:?}");
                assert_eq!((alias(&now).version.as_str(), alias(&now).routing.len()), ("17", 0), "{round}");
                sent += 1;
            }
        }
    }
    assert!(sent > ROUNDS / 4 && stopped > ROUNDS / 4 && refused_by_aws > ROUNDS / 10);
}
