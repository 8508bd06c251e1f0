//! A deployment that is itself the rollback of an earlier one: an earlier revision that was sent from here.
//!
//! AWS does not tell one deployment from another. What was sent in this run is known, what earlier runs sent the
//! journal knows: it is the first deployment of exactly that task definition which began right after. Pure.

use super::journal::{Entry, Step};
use super::mechanism::{Call, ecs};
use super::model::{Rollout, arn_tail};
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::Store;
use crate::theme::Role;
use jiff::{SignedDuration, Timestamp};
use ratatui::text::Line;

/// AWS's clock and ours may differ by so much.
const SKEW: SignedDuration = SignedDuration::from_mins(1);
/// A deployment begins within so long after it was asked for.
const BEGINS: SignedDuration = SignedDuration::from_mins(5);

/// A rollback that was sent from here and is a deployment of its own.
pub(super) struct Sent {
    /// When.
    pub at: Timestamp,
    /// The deployment that it takes the place of; `None` where only the journal knows of it.
    pub of: Option<String>,
}

/// The rollback that a deployment is, if one was sent from here.
pub(super) fn rollback(store: &Store, target: &TargetId, shift: &Rollout) -> Option<Sent> {
    let definition = shift.new.task_definition.as_deref()?;
    let began = shift.created_at.or(shift.started_at)?;
    let follows = |sent: Timestamp| {
        let after = began.duration_since(sent);
        after >= -SKEW && after <= BEGINS
    };
    let own = store.rollbacks.flights.iter().find(|watch| {
        let sent = match &watch.plan.call {
            Call::Ecs(ecs::Call::Deploy { definition, .. }) => arn_tail(definition),
            _ => return false,
        };
        watch.target() == target
            && *watch.name() == shift.name
            && watch.plan.guard.deployment != shift.deployment
            && sent == definition
            && follows(watch.sent_at)
    });
    if let Some(watch) = own {
        return Some(Sent { at: watch.sent_at, of: Some(watch.plan.guard.deployment.clone()) });
    }
    let name = shift.name.full();
    let is_it = |entry: &&Entry| {
        let sent = entry.params.get("taskDefinition").map(|arn| arn_tail(arn));
        matches!(entry.step, Step::Sent { .. } | Step::Lost { .. })
            && entry.name == name
            && entry.target == target.as_str()
            && sent == Some(definition)
            && follows(entry.at)
    };
    let past = store.past.as_ref().and_then(|past| past.as_ref().ok())?;
    past.entries.iter().find(is_it).map(|entry| Sent { at: entry.at, of: None })
}

/// The same in a line: then the revision that comes back is the new side.
pub(super) fn line<'a>(target: &TargetId, shift: &Rollout, ctx: &Ctx) -> Option<Line<'a>> {
    let sent = rollback(ctx.store, target, shift)?;
    let bad = shift.old.as_ref().map(|old| format!(" of {}", old.label())).unwrap_or_default();
    let at = ctx.zone.second(sent.at);
    let text = format!(" this is the rollback{bad}, sent from here {at}: {} comes back", shift.new.label());
    Some(Line::styled(text, ctx.theme.style(Role::Info)))
}
