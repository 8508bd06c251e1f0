//! Other people change a shift in any order between the plan, the last read and the call: nothing is ever sent
//! after a read that differs in what is guarded, and what is not guarded never holds a rollback up.
//!
//! The real decision of the operation over a made-up AWS, ten thousand times; what may differ is told here in
//! words of its own and not by the plan's comparison.

use super::*;
use crate::features::rollouts::mechanism::ecs;
use crate::features::rollouts::op::call_if_it_holds;
use crate::features::rollouts::plan::Call;
use crate::features::rollouts::rollback::SendResult;
use std::cell::RefCell;

const ROUNDS: u64 = 10_000;

/// A fixed sequence of numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

/// What AWS would say now.
#[derive(Clone)]
struct Aws {
    shift: Rollout,
    place: Circumstances,
    readable: bool,
}

impl Aws {
    fn plan(&self) -> Plan {
        Plan::new(&self.shift, self.place.clone(), at(0))
    }

    /// One change by somebody else, or by time.
    fn meddle(&mut self, dice: &mut Dice) {
        let Self { shift, place, readable } = self;
        match dice.below(16) {
            0 => shift.current = Some(format!("{DEPLOYMENT}{}", dice.below(3))),
            1 => shift.current = Some(DEPLOYMENT.into()),
            2 => shift.current = None,
            3 => {
                let all = ["PENDING", "IN_PROGRESS", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED"];
                shift.status = Status::new(dice.of(&all));
            }
            4 => {
                let all = ["ROLLBACK_IN_PROGRESS", "SUCCESSFUL", "STOPPED", "ROLLBACK_FAILED", "NEW_IN_2027"];
                shift.status = Status::new(dice.of(&all));
            }
            5 => shift.status = Status::new("IN_PROGRESS"),
            6 => shift.new.revision = format!("{REVISION}{}", 42 + dice.below(2)),
            7 => shift.hooks.push(Hook {
                id: format!("hook-{}", dice.below(3)),
                kind: dice.of(&["PAUSE", "PAUSE", "AWS_LAMBDA"]).into(),
                status: "AWAITING_ACTION".into(),
                expires_at: Some(at(300)),
                timeout_action: Some("ROLLBACK".into()),
            }),
            8 => shift.hooks.iter_mut().for_each(|hook| hook.status = "SUCCEEDED".into()),
            9 => *readable = dice.below(3) > 0,
            10 => {
                let account = dice.of(&["111122223333", "111122223333", "444455556666"]);
                if let Ok(caller) = &mut place.caller {
                    caller.account = account.into();
                }
            }
            // From here on it only goes on, or gets worse.
            11 => {
                let weight = dice.below(101) as f64;
                shift.new.weight = Some(weight);
                shift.old.iter_mut().for_each(|old| old.weight = Some(100.0 - weight));
            }
            12 => {
                let stages =
                    ["PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "NEW_STAGE"];
                shift.stage = Some(dice.of(&stages).into());
            }
            13 => shift.alarms.triggered = vec!["checkout-5xx".into()],
            14 => shift.new.tasks.as_mut().unwrap().running = dice.below(5) as u32,
            _ => {
                let health = Health::Counted { healthy: dice.below(5) as u32, total: 4 };
                shift.old.iter_mut().for_each(|old| old.groups[0].health = health.clone());
            }
        }
    }

    /// What must be the same when it is sent as when the name was typed.
    fn guarded(&self) -> (String, String, &'static str, Option<String>, Option<String>) {
        let shift = &self.shift;
        let standing = match shift.status.0.as_str() {
            "PENDING" | "IN_PROGRESS" => "open",
            "STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" => "returning",
            "SUCCESSFUL" | "STOPPED" | "ROLLBACK_FAILED" => "ended",
            _ => "unknown",
        };
        let first = shift.hooks.iter().find(|hook| hook.status == "AWAITING_ACTION");
        let hook = first.filter(|hook| hook.kind == "PAUSE").map(|hook| hook.id.clone());
        let current = shift.current.clone().unwrap_or_else(|| DEPLOYMENT.into());
        let account = self.place.caller.as_ref().ok().map(|caller| caller.account.clone());
        (current, shift.new.revision.clone(), standing, hook, account)
    }

    /// Whether no rollback is possible at all.
    fn impossible(&self) -> bool {
        let (current, _, standing, _, account) = self.guarded();
        let elsewhere = account.is_some_and(|account| account != "111122223333");
        standing == "ended" || current != DEPLOYMENT || elsewhere
    }
}

#[tokio::test]
async fn no_call_follows_a_read_that_differs_in_what_is_guarded() {
    let (mut sent, mut held, mut unread) = (0, 0, 0);
    for round in 0..ROUNDS {
        let mut dice = Dice(round);
        let mut aws = Aws { shift: canary(), place: place(), readable: true };
        for _ in 0..dice.below(3) {
            aws.meddle(&mut dice);
        }
        let confirmed = aws.clone();
        let plan = confirmed.plan();
        let read = RefCell::new(None);
        let calls = RefCell::new(Vec::new());
        let meddles = dice.below(5);
        let re_read = async {
            for _ in 0..meddles {
                aws.meddle(&mut dice);
            }
            *read.borrow_mut() = Some(aws.clone());
            if aws.readable { Ok(aws.plan()) } else { Err(error(ErrorClass::Throttled)) }
        };
        let result = call_if_it_holds(&plan, re_read, || async {
            calls.borrow_mut().push(plan.call.clone());
            SendResult::Sent { at: at(0), request_id: None, journal: journaled() }
        })
        .await;
        let (read, calls) = (read.into_inner().unwrap(), calls.into_inner());
        let same = read.guarded() == confirmed.guarded();
        assert!(calls.len() <= 1, "round {round}");
        match result {
            SendResult::Sent { .. } => {
                sent += 1;
                assert!(read.readable && same && !read.impossible(), "round {round}: {:?}", read.guarded());
                // And it is the call for what was read: this deployment, this hook.
                let hook = read.guarded().3;
                let expected = match hook {
                    Some(hook) => ecs::Call::AnswerHook { deployment: DEPLOYMENT.into(), hook },
                    None => ecs::Call::Stop { deployment: DEPLOYMENT.into() },
                };
                assert_eq!(calls, [Call::Ecs(expected)], "round {round}");
            }
            SendResult::Changed(_) => {
                held += 1;
                assert!(calls.is_empty() && read.readable, "round {round}");
                assert!(!same || read.impossible(), "round {round}: progress held it up");
            }
            SendResult::Unread(_) => {
                unread += 1;
                assert!(calls.is_empty() && !read.readable, "round {round}");
            }
            other => panic!("round {round}: {other:?}"),
        }
    }
    assert!(sent > 1_000 && held > 1_000 && unread > 100, "sent {sent}, held {held}, unread {unread}");
    println!("{ROUNDS} rounds: sent {sent}, held back {held}, unreadable {unread}");
}
