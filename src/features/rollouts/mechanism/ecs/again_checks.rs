//! What is checked before an earlier revision is deployed again.
//!
//! Only what ECS would refuse, or what would not be what it seems, refuses; everything else a person should know
//! before they decide. Pure.

use super::Strategy;
use super::again::{Again, Earlier, Wanted};
use crate::features::rollouts::model::{Rollout, Standing, arn_tail};
use crate::features::rollouts::preflight::{Check, Verdict};

/// All of them, in the order they are made.
pub fn checks(rollout: &Rollout, again: &Again) -> Vec<Check> {
    let mut list = Vec::new();
    let mut note = |verdict, text: String| list.push(Check { verdict, text });
    match (&again.newer, rollout.standing()) {
        (Some(newer), _) if newer.status.in_progress() => {
            let brings = newer.definition.as_deref().map_or("something", arn_tail);
            let text =
                format!("a deployment of {brings} is {}: R offers to roll that one back", newer.status.0);
            note(Verdict::Refuse, text);
        }
        (Some(newer), _) => {
            let text = format!("the service has moved on to deployment {}", arn_tail(&newer.deployment));
            note(Verdict::Refuse, text);
        }
        (None, Standing::Ended) => note(Verdict::Pass, "no deployment is in progress".to_owned()),
        (None, _) => {
            let text = format!("the deployment is {}: R offers to roll it back", rollout.status.0);
            note(Verdict::Refuse, text);
        }
    }
    if rollout.current.is_none() {
        note(Verdict::Warn, "the service does not say which deployment is current".to_owned());
    }
    if again.express {
        let text = "an Express service: change it by aws ecs update-express-gateway-service";
        note(Verdict::Refuse, text.to_owned());
    }
    match again.chosen() {
        Some(chosen) => {
            let (verdict, text) = definition(again, chosen);
            note(verdict, text);
            chosen_checks(rollout, again, chosen, &mut note);
        }
        None => note(Verdict::Refuse, nothing_to_choose(rollout, again)),
    }
    if let Some(why) = &again.unread {
        note(Verdict::Warn, format!("not all earlier deployments could be read: {why}"));
    }
    list
}

fn nothing_to_choose(rollout: &Rollout, again: &Again) -> String {
    if let Wanted::Revision(arn) = &again.wanted {
        return format!("{} is not among the revisions that the service ran earlier", arn_tail(arn));
    }
    if rollout.sources == 0 && again.unread.is_none() {
        return "a first deployment: the service ran no earlier revision".to_owned();
    }
    "ECS lists no other revision that the service ran to the end".to_owned()
}

/// ECS starts no tasks of a task definition that is not ACTIVE and takes it for no service.
fn definition(again: &Again, chosen: &Earlier) -> (Verdict, String) {
    let name = arn_tail(&chosen.definition);
    match &again.definition {
        Ok(Some(status)) if status == "ACTIVE" => (Verdict::Pass, format!("{name} is ACTIVE")),
        Ok(Some(status)) if matches!(status.as_str(), "INACTIVE" | "DELETE_IN_PROGRESS") => {
            let text = format!(
                "{name} is {status}: ECS deploys no service with it; register it anew and deploy that"
            );
            (Verdict::Refuse, text)
        }
        Ok(Some(status)) => (Verdict::Warn, format!("{name} is {status}, which is new to this version")),
        Ok(None) => (Verdict::Refuse, format!("{name} was deleted: AWS no longer knows it")),
        Err(why) => (Verdict::Warn, format!("whether {name} is still ACTIVE could not be read: {why}")),
    }
}

fn chosen_checks(rollout: &Rollout, again: &Again, chosen: &Earlier, note: &mut impl FnMut(Verdict, String)) {
    if chosen.is_newer_than(&again.running) {
        let text = format!("{} is newer than what runs: this goes forward", chosen.label());
        note(Verdict::Warn, text);
    }
    if again.unproven.as_ref() == Some(&chosen.revision) {
        let text =
            format!("{} never came to its end as far as ECS lists: it was deployed over", chosen.label());
        note(Verdict::Warn, text);
    }
    // A tag is resolved once more: where both revisions have the same one, the earlier image is gone from it.
    for image in &chosen.images {
        let moved = |now: &&crate::features::rollouts::model::Image| {
            now.name == image.name
                && now.digest.is_some()
                && image.digest.is_some()
                && now.digest != image.digest
        };
        if rollout.new.images.iter().any(|now| moved(&now)) {
            let text = format!(
                "both revisions name {}, which has moved to another image since: the earlier image may not come back",
                image.name
            );
            note(Verdict::Warn, text);
        }
    }
    if rollout.status.0.starts_with("ROLLBACK") {
        let text = format!(
            "the last deployment ended {}: {} runs, and this goes one further back",
            rollout.status.0,
            rollout.new.label()
        );
        note(Verdict::Warn, text);
    }
    for hook in &again.hooks {
        note(Verdict::Warn, format!("the service has a hook, {hook}: the new deployment waits for it"));
    }
    if again.desired == 0 {
        note(Verdict::Warn, "the service wants 0 tasks: nothing will run".to_owned());
    }
    if let Strategy::Other(name) = &again.strategy {
        note(Verdict::Warn, format!("strategy {name} is new to this version"));
    }
    note(
        Verdict::Warn,
        "a pipeline deploys its own revision again at its next run: stop it, or revert there".to_owned(),
    );
}
