//! Other people write weights at random moments: before the plan, before the last reads, in the gap between the
//! very last read and the call, right after it, later. No call may follow a read that differs, there is at most
//! one, and what comes after it is seen and ends as superseded with the difference.
//!
//! AWS has no compare-and-swap here: what somebody writes in the gap is overwritten by the list that was
//! confirmed, whole, and the re-reads find that list and nothing of his.

use super::alb::{SEARCH, lab, shift, somebody_sets, weights};
use super::*;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::watch::{Ending, Watch};

/// Rounds. Each plans, is interfered with and sends, through the real SDK client.
const ROUNDS: u64 = 500;

/// The same numbers in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// What somebody writes: never what we would, nor what was there.
    fn others(&mut self) -> [u32; 2] {
        [[0, 100], [50, 50], [90, 11], [100, 1]][self.below(4) as usize]
    }
}

/// When somebody is at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Never,
    BeforeTheReads,
    BetweenTheReads,
    InTheGap,
    Behind,
    Later,
}

const ALL: [When; 6] =
    [When::Never, When::BeforeTheReads, When::BetweenTheReads, When::InTheGap, When::Behind, When::Later];

#[tokio::test(start_paused = true)]
async fn no_call_follows_a_read_that_differs_and_what_comes_after_it_is_seen() {
    let lab = lab(&["search-blue"]).await;
    let first = shift(&lab, SEARCH).await;
    // No journal: waiting for the disk twice in each round is all that it would add.
    let path = std::path::Path::new("/dev/null/journal.jsonl");
    let mut chance = Chance(11);
    let mut counts = [0_u64; ALL.len()];
    for round in 0..ROUNDS {
        lab.faults(&[]);
        lab.pass(1).await;
        somebody_sets(&lab, &first, &[90, 10]).await;
        let plan = lab.plan_of(&first).await;
        let at = chance.below(ALL.len() as u64) as usize;
        let (when, others) = (ALL[at], chance.others());
        counts[at] += 1;
        if when == When::BeforeTheReads {
            somebody_sets(&lab, &first, &others).await;
        }
        let before = lab.calls("ModifyRule");
        // Each of the two last reads takes four seconds from AWS's look at the list to its answer.
        let moment = match when {
            When::BetweenTheReads => Some(2),
            When::InTheGap => Some(6),
            _ => None,
        };
        let result = match moment {
            None => lab.send(&plan, path).await,
            Some(seconds) => {
                lab.faults(&["elbv2:DescribeRules=delay:4s"]);
                let (result, ()) = tokio::join!(lab.send(&plan, path), async {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    somebody_sets(&lab, &first, &others).await;
                });
                lab.faults(&[]);
                result
            }
        };
        let own = lab.calls("ModifyRule") - before - u64::from(moment.is_some());
        if matches!(when, When::BeforeTheReads | When::BetweenTheReads) {
            let SendResult::Changed(newer) = &result else { panic!("{round} {when:?}: {result:?}") };
            assert!(own == 0 && plan.diff(newer).iter().any(|it| it.field == "weights"), "{round} {when:?}");
            assert_eq!(weights(&lab.shifts(&first, false).await.shifts[0]), others, "{round}: theirs stands");
            continue;
        }
        assert!(matches!(result, SendResult::Sent { .. }) && own == 1, "{round} {when:?}: {own} {result:?}");
        let mut watch = Watch::begin(plan, &result).unwrap();
        if when == When::Behind {
            somebody_sets(&lab, &first, &others).await;
        }
        for seconds in [1, 5, 5] {
            lab.pass(seconds).await;
            if when == When::Later && seconds == 5 && !watch.settled() {
                somebody_sets(&lab, &first, &others).await;
            }
            watch.read(&lab.shifts(&first, false).await.shifts[0], lab.now().wall);
        }
        let ended = watch.ended.unwrap_or_else(|| panic!("{round} {when:?}"));
        let now = weights(&lab.shifts(&first, false).await.shifts[0]);
        if matches!(when, When::Behind | When::Later) {
            let theirs =
                format!("search-blue {}, search-green {}, not search-blue 100", others[0], others[1]);
            assert!(ended.ending == Ending::Superseded && ended.why.contains(&theirs), "{round}: {ended:?}");
            assert_eq!(now, others, "{round}: theirs stands");
        } else {
            assert_eq!((ended.ending, now), (Ending::Done, vec![100, 0]), "{round} {when:?}: {}", ended.why);
        }
    }
    assert!(counts.iter().all(|count| *count > ROUNDS / 10), "{counts:?}");
    println!("{ROUNDS} rounds, by when somebody wrote {ALL:?}: {counts:?}");
}
