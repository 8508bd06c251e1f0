//! Rollbacks that another run of the program sent and did not see the end of.

use super::*;
use crate::features::rollouts::journal::{Entry, Step};
use crate::features::rollouts::watch::Ending;
use crate::features::rollouts::wire::Shifts;
use crate::features::rollouts::{Past, Rollbacks};

fn steps(later: Vec<Step>) -> Vec<Step> {
    let plan = Some(Box::new(plan_of(&canary())));
    std::iter::once(Step::Sending { plan }).chain(later).collect()
}

fn journal_of(steps: Vec<Step>) -> Past {
    let plan = plan_of(&canary());
    let lines = steps.into_iter().enumerate().map(|(index, step)| {
        Entry::new(&plan, at(0), at(i64::try_from(index).unwrap()), step).line().unwrap()
    });
    Past::parse(&lines.collect::<String>())
}

fn reads(status: &str) -> Shifts {
    let shift = match status {
        "ROLLBACK_SUCCESSFUL" => gone_back(canary()),
        _ => Rollout { status: Status::new(status), ..canary() },
    };
    Shifts { shifts: vec![shift], failed: Vec::new(), caller: None, no_writes: None }
}

fn sent() -> Step {
    Step::Sent { request_id: Some("8f3".into()) }
}

fn lost() -> Step {
    Step::Lost { error: error(ErrorClass::Network) }
}

fn unknown() -> Step {
    Step::Ended { outcome: Ending::Unknown.word().into(), why: "it takes longer".into() }
}

#[test]
fn what_became_of_it_is_read_and_told() {
    let prod = TargetId::new("prod");
    for (case, later, status, ending) in [
        ("killed while sending", vec![], "ROLLBACK_SUCCESSFUL", Some(Ending::Done)),
        ("killed before it was sent", vec![], "IN_PROGRESS", Some(Ending::Failed)),
        ("killed after the answer", vec![sent()], "ROLLBACK_SUCCESSFUL", Some(Ending::Done)),
        ("AWS still at it", vec![sent()], "ROLLBACK_IN_PROGRESS", None),
        ("it went wrong", vec![sent()], "ROLLBACK_FAILED", Some(Ending::Failed)),
        ("the answer was lost", vec![lost()], "ROLLBACK_SUCCESSFUL", Some(Ending::Done)),
        ("it never arrived", vec![lost()], "IN_PROGRESS", Some(Ending::Failed)),
        ("unknown then, known now", vec![sent(), unknown()], "ROLLBACK_SUCCESSFUL", Some(Ending::Done)),
    ] {
        let past = journal_of(steps(later));
        let mut rollbacks = Rollbacks::default();
        assert_eq!(rollbacks.take_up(&past, |id| *id == prod, at(120)), None, "{case}");
        let entries = rollbacks.read(&prod, &reads(status), at(120));
        let ended = rollbacks.flights.iter().next().unwrap().ended.as_ref().map(|ended| ended.ending);
        assert_eq!(ended, ending, "{case}");
        assert_eq!(entries.len(), usize::from(ending.is_some()), "{case}");
        for entry in entries {
            assert_eq!(entry.id, past.entries[0].id, "{case}: the same rollback goes on");
        }
    }
}

#[test]
fn while_it_is_under_way_there_is_no_second_one() {
    let mut rollbacks = Rollbacks::default();
    rollbacks.take_up(&journal_of(steps(vec![sent()])), |_| true, at(60));
    assert!(rollbacks.flights.in_flight(&TargetId::new("prod"), &canary().name).is_some());
}

#[test]
fn what_cannot_be_followed_is_told_for_a_week() {
    let past = journal_of(steps(vec![sent()]));
    let mut rollbacks = Rollbacks::default();
    let said = rollbacks.take_up(&past, |_| false, at(60)).unwrap();
    assert!(said.contains("ecs/shop/checkout") && said.contains("@ shows it"), "{said}");
    assert_eq!(rollbacks.take_up(&past, |_| false, at(8 * 86_400)), None);
    let old = journal_of(vec![Step::Sending { plan: None }, sent()]);
    assert!(rollbacks.take_up(&old, |_| true, at(60)).is_some(), "written by an earlier version");
    assert_eq!(rollbacks.flights.iter().count(), 0);
    let over = Step::Ended { outcome: "done".into(), why: String::new() };
    assert_eq!(rollbacks.take_up(&journal_of(steps(vec![sent(), over])), |_| false, at(60)), None);
}
