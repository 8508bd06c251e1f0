//! A deployment that is itself the rollback of an earlier one: an earlier revision that was sent from here.
//!
//! AWS does not tell one deployment from another. What was sent in this run is known, what earlier runs sent the
//! journal knows: it is the first deployment of exactly that task definition which began right after. Pure.

use super::journal::{Entry, Step};
use super::mechanism::{Call, ecs};
use super::model::{Rollout, arn_tail};
use super::watch::Watch;
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

/// Whether a deployment is what was sent then: this task definition, and it began right after.
fn is_it(shift: &Rollout, definition: &str, sent: Timestamp) -> bool {
    let began = shift.created_at.or(shift.started_at).map(|began| began.duration_since(sent));
    began.is_some_and(|after| after >= -SKEW && after <= BEGINS)
        && shift.new.task_definition.as_deref() == Some(arn_tail(definition))
}

/// Whether a deployment is what this rollback of this run asked for.
pub(super) fn is_sent(watch: &Watch, target: &TargetId, shift: &Rollout) -> bool {
    let Call::Ecs(ecs::Call::Deploy { definition, .. }) = &watch.plan.call else { return false };
    watch.target() == target
        && *watch.name() == shift.name
        && watch.plan.guard.deployment != shift.deployment
        && is_it(shift, definition, watch.sent_at)
}

/// When the rollback that a deployment is was sent, if it was sent from here.
fn sent_at(store: &Store, target: &TargetId, shift: &Rollout) -> Option<Timestamp> {
    if let Some(watch) = store.rollbacks.flights.iter().find(|watch| is_sent(watch, target, shift)) {
        return Some(watch.sent_at);
    }
    let name = shift.name.full();
    let sent = |entry: &&Entry| {
        matches!(entry.step, Step::Sent { .. } | Step::Lost { .. })
            && entry.name == name
            && entry.target == target.as_str()
            && entry.params.get("taskDefinition").is_some_and(|it| is_it(shift, it, entry.at))
    };
    let past = store.past.as_ref().and_then(|past| past.as_ref().ok())?;
    past.entries.iter().find(sent).map(|entry| entry.at)
}

/// The same in a line: then the revision that comes back is the new side.
pub(super) fn line<'a>(target: &TargetId, shift: &Rollout, ctx: &Ctx) -> Option<Line<'a>> {
    let sent = sent_at(ctx.store, target, shift)?;
    let bad = shift.old.as_ref().map(|old| format!(" of {}", old.label())).unwrap_or_default();
    let at = ctx.zone.second(sent);
    let text = format!(" this is the rollback{bad}, sent from here {at}: {} comes back", shift.new.label());
    Some(Line::styled(text, ctx.theme.style(Role::Info)))
}
