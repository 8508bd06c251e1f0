//! What the list makes of the parts that were read.

use super::*;
use crate::aws::ErrorClass;
use crate::features::rollouts::tests::{at, canary};

fn ended(id: usize, seconds: i64) -> Rollout {
    Rollout { deployment: id.to_string(), finished_at: Some(at(seconds)), ..canary() }
}

#[test]
fn what_ended_is_the_newest_of_all_mechanisms_newest_first() {
    let ecs: Vec<Rollout> = (0..40).map(|index| ended(index, -10 * index as i64)).collect();
    let others: Vec<Rollout> = (0..30).map(|index| ended(100 + index, -10 * index as i64 - 5)).collect();
    let others: Vec<&Rollout> = others.iter().collect();
    let mut list = RolloutList { recent: Arc::new(ecs), ..RolloutList::default() };
    newest(&mut list, &others);
    assert_eq!(list.recent.len(), MAX_RECENT);
    assert!(list.recent.is_sorted_by_key(|shift| std::cmp::Reverse(shift.finished_at)), "{:?}", list.recent);
    assert_eq!(list.recent[1].deployment, "100", "the second newest is not of ECS");
    assert_eq!(list.notes, ["of those that ended within a day only the newest 50 are kept"]);

    let mut list = RolloutList { recent: Arc::new(vec![ended(0, -60)]), ..RolloutList::default() };
    newest(&mut list, &[&ended(1, -5), &ended(2, -90)]);
    let order: Vec<&str> = list.recent.iter().map(|shift| shift.deployment.as_str()).collect();
    assert_eq!((order, list.notes.len()), (vec!["1", "0", "2"], 0));
}

#[test]
fn a_hostile_name_of_a_cluster_is_noted_safely() {
    let error = SourceError::new(ErrorClass::Denied, "ecs:ListServices", "no");
    let note = ecs::denial("sh\u{1b}]0;x\u{7}op", &error);
    assert!(note.ends_with(": denied: ecs:ListServices") && !note.contains(['\u{1b}', '\u{7}']), "{note:?}");
}
