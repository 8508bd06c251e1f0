//! What is followed of a shift: the facts of one read, and which of them are not as they were.

use super::super::model::{Health, Rollout, Side};
use super::super::stages::percent;

/// One fact: under which name it changes, and how it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its name, as `changed` has it in the JSON.
    pub name: &'static str,
    /// In a few words; empty when there is nothing to say.
    pub text: String,
}

/// The facts of one read, in the order in which they are told. Countdowns are not among them: they always
/// change and never mean anything new.
pub fn facts(shift: &Rollout) -> Vec<Fact> {
    let fact = |name, text| Fact { name, text };
    let weight = shift.share().map(|(share, estimate)| {
        let mark = if estimate { "~" } else { "" };
        format!("new {mark}{}", percent(share))
    });
    let counts = |word, known: Option<&Side>| known.and_then(|it| side(word, it)).unwrap_or_default();
    let triggered = &shift.alarms.triggered;
    let alarms = if triggered.is_empty() { String::new() } else { format!("ALARM {}", triggered.join(", ")) };
    let hook = shift.waiting_hook().map(|hook| {
        let then = hook.timeout_action.as_deref().unwrap_or("FAIL");
        format!("{} hook {} waits for an answer, then {then}", hook.kind, hook.id)
    });
    vec![
        fact("status", shift.status.0.clone()),
        fact("lifecycleStage", shift.stage.clone().unwrap_or_default()),
        fact("weight", weight.unwrap_or_default()),
        fact("new", counts("new", Some(&shift.new))),
        fact("old", counts("old", shift.old.as_ref())),
        fact("alarms", alarms),
        fact("hooks", hook.unwrap_or_default()),
        fact("statusReason", shift.status_reason.clone().unwrap_or_default()),
    ]
}

/// Those that are not as they were before; all that say something when there was no read before.
pub fn changed(before: Option<&[Fact]>, now: &[Fact]) -> Vec<Fact> {
    let is_new = |fact: &&Fact| match before {
        Some(before) => !before.contains(fact),
        None => !fact.text.is_empty(),
    };
    now.iter().filter(is_new).cloned().collect()
}

/// Tasks and health of a side, where its tasks are counted.
fn side(word: &str, side: &Side) -> Option<String> {
    let it = side.tasks?;
    let tasks = match (it.requested, it.running + it.pending) {
        (0, 0) => format!("{word} no tasks"),
        (0, left) => format!("{word} {left} draining"),
        (wanted, _) => format!("{word} {}/{wanted} running", it.running),
    };
    Some(match side.health() {
        Health::Counted { healthy, total } => format!("{tasks}, {healthy}/{total} healthy"),
        Health::Unread | Health::Unreadable(_) => tasks,
    })
}
