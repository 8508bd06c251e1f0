//! Changes as marks on a time axis: what people and pipelines did, and scaling of what is in trouble. Pure.
//!
//! Made anew for every frame, so it looks only at what changed something and at no more than fits an axis.

use super::lens::Lens;
use super::model::{Event, Nature};
use crate::app::pane::Ctx;
use crate::features::TargetStore;
use jiff::{SignedDuration, Timestamp};

/// Marks that are made at most, the newest first.
const MOST: usize = 500;
/// Equal changes of one caller this close to each other are one mark.
const REPEAT: SignedDuration = SignedDuration::from_secs(60);

/// One mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What and who: `UpdateService (ci-deploy)`.
    pub label: String,
    /// Scaling of a service in trouble, or of its callers.
    pub affects: bool,
}

/// The marks of a target in a stretch of time.
pub fn marks(target: &TargetStore, (from, to): (Timestamp, Timestamp), ctx: &Ctx) -> Vec<Mark> {
    let changes = target.trail.changes();
    let begin = changes.partition_point(|event| event.at > to);
    let end = changes.partition_point(|event| event.at >= from);
    let within = changes.get(begin..end).unwrap_or_default();
    let mut lens = None;
    let mut marks: Vec<(Mark, &Event, u32)> = Vec::new();
    for event in within.iter().map(AsRef::as_ref) {
        // What was refused changed nothing, and to come in is no change.
        if event.error.is_some() || &*event.service == "signin" {
            continue;
        }
        let scaling = event.nature == Nature::Scaling;
        let affects = scaling && lens.get_or_insert_with(|| Lens::new(None, target, ctx)).affects(event);
        if scaling && !affects {
            continue;
        }
        if let Some((mark, last, count)) = marks.last_mut()
            && (&last.name, &last.who) == (&event.name, &event.who)
            && mark.at.duration_since(event.at) <= REPEAT
        {
            (*count, mark.at) = (*count + 1, event.at);
            continue;
        }
        if marks.len() == MOST {
            break;
        }
        let label = format!("{} ({})", event.name, event.who.short());
        marks.push((Mark { at: event.at, label, affects }, event, 1));
    }
    let counted = |(mark, _, count): (Mark, &Event, u32)| match count {
        1 => mark,
        _ => Mark { label: format!("{} ×{count}", mark.label), ..mark },
    };
    marks.into_iter().map(counted).collect()
}
