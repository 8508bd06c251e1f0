//! Which rollout a person means who typed a name, what has to be typed to confirm, and which side is meant.
//!
//! Shared by the dialog and by the commands without a screen. A name means one rollout or none: where it
//! could mean several, all of them are told. Pure.

use super::mechanism::ecs::{AgainFacts, Earlier, Wanted};
use super::model::{Mechanism, Owner, Rollout, RolloutName, Standing};
use super::plan::confirm_word;
use super::wire::{RolloutList, ShiftRef};
use crate::aws::TargetId;
use std::collections::BTreeSet;

/// A rollout's name and where it is.
pub type Found = (TargetId, RolloutName);

/// The names in a list, each once. What something else moves goes by the name of that.
fn names(list: &RolloutList) -> BTreeSet<&RolloutName> {
    list.names().map(|name| list.shift_of(name).map_or(name, |shift| &shift.name)).collect()
}

/// What a rollout is called in short: what CodeDeploy moves, by the name of that.
pub fn called<'a>(list: &'a RolloutList, name: &'a RolloutName) -> &'a str {
    list.shift_of(name).map_or(name, Rollout::thing).short()
}

/// All rollouts that answer to a name, short or in full.
pub fn find<'a>(typed: &str, lists: impl Iterator<Item = (&'a TargetId, &'a RolloutList)>) -> Vec<Found> {
    let mut found = Vec::new();
    for (target, list) in lists {
        // A service answers to its own name too when CodeDeploy moves it.
        let moved = list.movers().filter(|shift| shift.thing().answers_to(typed));
        let moved = moved.filter_map(|shift| list.shift_of(shift.thing()));
        let moved: BTreeSet<&RolloutName> = moved.map(|shift| &shift.name).collect();
        let answers = |name: &&RolloutName| name.answers_to(typed) || moved.contains(name);
        let names = names(list).into_iter().filter(answers);
        found.extend(names.map(|name| (target.clone(), name.clone())));
    }
    found
}

/// Full names that are much like the one typed, or just the first ones; at most `most`.
pub fn near<'a>(
    typed: &str,
    lists: impl Iterator<Item = &'a RolloutList>,
    most: usize,
) -> (Vec<String>, usize) {
    let all: BTreeSet<&RolloutName> = lists.flat_map(names).collect();
    let (start, needle) = (typed.chars().take(3).collect::<String>().to_lowercase(), typed.to_lowercase());
    let like = |name: &&&RolloutName| {
        let full = name.full().to_lowercase();
        full.contains(&needle) || name.short().to_lowercase().starts_with(&start)
    };
    let close: Vec<&&RolloutName> = all.iter().filter(like).collect();
    let shown = if close.is_empty() { all.iter().collect() } else { close };
    (shown.iter().take(most).map(|name| name.full()).collect(), all.len())
}

/// What has to be typed to confirm a rollback of this one.
pub fn word<'a>(
    name: &RolloutName,
    target: &TargetId,
    lists: impl Iterator<Item = (&'a TargetId, &'a RolloutList)>,
) -> String {
    let lists: Vec<_> = lists.collect();
    let own = lists.iter().find(|(other, _)| *other == target);
    let short = own.map_or(name.short(), |(_, list)| called(list, name));
    let (mut same_target, mut targets) = (0, 0);
    for (other, list) in &lists {
        let count = names(list).into_iter().filter(|it| called(list, it) == short).count();
        targets += usize::from(count > 0);
        if *other == target {
            same_target = count;
        }
    }
    confirm_word(name, short, target, same_target, targets)
}

/// What a rollback of a service would undo: the shift in flight, or else what an earlier revision deployed again
/// takes the place of.
///
/// # Errors
/// Why there is none, in words.
pub fn to_undo(list: &RolloutList, name: &RolloutName) -> Result<ShiftRef, String> {
    let shift = list.shift_of(name);
    if let Some(shift) = shift.filter(|shift| shift.standing() != Standing::Ended) {
        return Ok(ShiftRef::of(shift));
    }
    if let Some(why) = shift.and_then(Rollout::over_words) {
        return Err(why);
    }
    if let RolloutName::Lambda { .. } = name {
        return Err("its alias divides nothing: one version has all".to_owned());
    }
    if let RolloutName::Alb { .. } = name {
        return Err("its rule divides nothing: one group has all".to_owned());
    }
    let service = list.services.iter().find(|service| service.name == *name);
    if service.is_some_and(|service| service.owner == Owner::CodeDeploy) {
        return Err("CodeDeploy moves it: no deployment in flight".to_owned());
    }
    // What the service says is newer than what was seen to end.
    let deployment = service.and_then(|it| it.deployment.clone()).or(shift.map(|it| it.deployment.clone()));
    let deployment = deployment.ok_or_else(|| "ECS knows no deployment of it".to_owned())?;
    Ok(ShiftRef { name: name.clone(), deployment, again: Some(Wanted::Before) })
}

/// Which of the earlier revisions a person means.
///
/// # Errors
/// What could have been given.
pub fn earlier(to: &str, again: &AgainFacts) -> Result<Wanted, String> {
    if matches!(to, "old" | "before") {
        return Ok(Wanted::Before);
    }
    if let Some(found) = again.choices.iter().find(|it| it.answers_to(to)) {
        return Ok(Wanted::Revision(found.revision.clone()));
    }
    let labels: Vec<String> = again.choices.iter().map(Earlier::label).collect();
    let running = &again.running;
    Err(if labels.is_empty() {
        format!("no earlier revision is known, and {running} runs")
    } else {
        format!("the shift has ended and {running} runs; it ran {} earlier", labels.join(", "))
    })
}

/// Why it has to be said which side traffic goes back to: weights of target groups know no old side. `None` where
/// that is known, or where it is not ours to change.
pub fn undecided(shift: &Rollout) -> Option<String> {
    let Mechanism::Alb(split) = &shift.mechanism else { return None };
    (split.stable.is_none() && shift.owner.is_none_known()).then(|| {
        format!(
            "{} divides between {}: which of them is the old side is not known: {}",
            shift.name.full(),
            split.words(),
            split.how_to_tell()
        )
    })
}

/// Checks the side that a person wants to go back to. Only the old one can be: `old`, or its revision by
/// number, label, task definition or ARN. Of target groups any can be, by name or ARN.
///
/// # Errors
/// What could have been given.
pub fn side(to: &str, shift: &Rollout) -> Result<(), String> {
    if let Mechanism::Alb(split) = &shift.mechanism {
        let known = split.stable_among(&[to.to_owned()]).is_some();
        return if known { Ok(()) } else { Err(format!("the target groups are {}", split.words())) };
    }
    let Some(old) = &shift.old else {
        return Err("a first deployment has no other side".to_owned());
    };
    let label = old.label();
    let number = label.rsplit(' ').next().unwrap_or(&label);
    let known =
        [Some("old"), Some(&label), Some(number), old.task_definition.as_deref(), Some(&old.revision)];
    if known.contains(&Some(to)) {
        return Ok(());
    }
    let new = shift.new.label();
    Err(format!("there are old ({label}), which takes the traffic back, and new ({new}), which loses it"))
}
