//! Which side of a rollout served a request: the tasks that a trace names, looked up among the shifts. Pure.

use super::model::{Span, Trace};
use crate::features::TargetStore;
use crate::features::jumps::ecs_name;
use crate::features::rollouts::Rollout;
use crate::features::rollouts::side::Side;

/// Which side it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The new (green) side of a shift.
    New,
    /// The old (blue) one.
    Old,
    /// Neither, or no shift is known.
    Unknown,
}

/// A service of a trace and what of it served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its name in X-Ray.
    pub service: String,
    /// Which side of its shift.
    pub which: Which,
    /// `rev 42`, as its task definition is numbered.
    pub revision: String,
}

impl Served {
    /// `checkout new (green) rev 42`.
    pub fn words(&self) -> String {
        let side = match self.which {
            Which::New => "new (green) ",
            Which::Old => "old (blue) ",
            Which::Unknown => "",
        };
        format!("{} {side}{}", self.service, self.revision)
    }
}

/// The services of a trace that tell what they run, each side once, in draw order.
pub fn served(trace: &Trace, target: &TargetStore) -> Vec<Served> {
    let mut all = Vec::new();
    for span in &trace.spans {
        let Some(number) = number(span) else { continue };
        let service = target.derived.services.of_xray(&span.name);
        let shift = service.and_then(ecs_name).and_then(|name| target.rollouts.as_ref()?.shift_of(&name));
        let which = shift.map_or(Which::Unknown, |shift| side(span, shift));
        let served = Served { service: span.name.clone(), which, revision: format!("rev {number}") };
        if !all.contains(&served) {
            all.push(served);
        }
    }
    all
}

/// The number of the task definition it ran from: told by ECS, else its service's version where that is one.
fn number(span: &Span) -> Option<&str> {
    let version = || {
        let other = &span.detail.as_deref()?.other;
        let (_, value) = other.iter().find(|(key, _)| key == "service.version")?;
        value.bytes().all(|byte| byte.is_ascii_digit()).then_some(value.as_str())
    };
    span.aws("ecs.task_revision").or_else(version).filter(|number| !number.is_empty())
}

fn side(span: &Span, shift: &Rollout) -> Which {
    if runs(span, &shift.new) {
        Which::New
    } else if shift.old.as_ref().is_some_and(|old| runs(span, old)) {
        Which::Old
    } else {
        Which::Unknown
    }
}

/// Whether a span is from a task of this side: by service revision where its makers tell it, else by task
/// definition.
fn runs(span: &Span, side: &Side) -> bool {
    let metadata = span.detail.as_deref().map(|detail| detail.metadata.as_slice()).unwrap_or_default();
    if !side.revision.is_empty() && metadata.iter().any(|(_, value)| *value == side.revision) {
        return true;
    }
    let definition = side.task_definition.as_deref().and_then(|name| name.rsplit_once(':'));
    let Some((family, number_of_side)) = definition else { return false };
    let same_family = span.aws("ecs.task_family").is_none_or(|own| own == family);
    same_family && number(span) == Some(number_of_side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::traces::model::SpanDetail;

    fn span(aws: &[(&str, &str)], metadata: &[(&str, &str)], other: &[(&str, &str)]) -> Span {
        let pairs =
            |list: &[(&str, &str)]| list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let detail = SpanDetail {
            aws: pairs(aws),
            metadata: pairs(metadata),
            other: pairs(other),
            ..SpanDetail::default()
        };
        Span { name: "checkout".into(), detail: Some(Box::new(detail)), ..Span::default() }
    }

    #[test]
    fn a_task_is_known_by_its_revision_or_its_definition() {
        let side = Side { task_definition: Some("web-checkout:42".into()), ..Side::of("arn:rev/9") };
        for (span, expected) in [
            (span(&[("ecs.task_family", "web-checkout"), ("ecs.task_revision", "42")], &[], &[]), true),
            (span(&[("ecs.task_family", "web-checkout"), ("ecs.task_revision", "41")], &[], &[]), false),
            (span(&[("ecs.task_family", "web-orders"), ("ecs.task_revision", "42")], &[], &[]), false),
            (span(&[], &[("deployment.service_revision", "arn:rev/9")], &[]), true),
            (span(&[], &[], &[("service.version", "42")]), true),
            (span(&[], &[], &[("service.version", "v42")]), false),
            (Span::default(), false),
        ] {
            assert_eq!(runs(&span, &side), expected, "{span:?}");
        }
    }

    #[test]
    fn what_nobody_knows_of_is_named_by_its_number() {
        let told = span(&[("ecs.task_revision", "42")], &[], &[]);
        let trace = Trace { spans: vec![told.clone(), told, Span::default()], ..Trace::default() };
        let all = served(&trace, &TargetStore::default());
        assert_eq!(all.iter().map(Served::words).collect::<Vec<_>>(), ["checkout rev 42"]);
    }
}
