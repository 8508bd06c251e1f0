//! What follows from an assembled trace: where its time went, what its end waited for, what failed first.
//!
//! All times are those of the bars ([`Span::shown`]): what is drawn and what is counted agree. Walks use
//! stacks of their own, so that no document can be too deep for them.
//!
//! An inferred span repeats what the call above it says: it takes no time from that call and explains no fault.

use super::model::{Kind, Micros, Span, Status, Trace};

/// Fills in self times, the critical path and the first fault.
pub fn measure(trace: &mut Trace) {
    self_times(&mut trace.spans);
    critical_path(&mut trace.spans);
    trace.first_fault = first_fault(&trace.spans);
}

/// The direct children of a span, by index, in draw order.
pub fn children(spans: &[Span], of: usize) -> impl Iterator<Item = usize> {
    let end = spans.get(of).map_or(of, |span| of + span.descendants as usize);
    let mut next = of + 1;
    std::iter::from_fn(move || {
        let child = next;
        let span = spans.get(child).filter(|_| child <= end)?;
        next += 1 + span.descendants as usize;
        Some(child)
    })
}

/// The children that tell something of their own.
fn telling(spans: &[Span], of: usize) -> impl Iterator<Item = (usize, &Span)> {
    let children = children(spans, of).filter_map(|child| Some((child, spans.get(child)?)));
    children.filter(|(_, span)| span.kind != Kind::Inferred || span.descendants > 0)
}

fn self_times(spans: &mut [Span]) {
    for index in 0..spans.len() {
        let Some((start, end)) = spans.get(index).map(|span| span.shown) else { break };
        // Children stand in the order of their starts, nearly: shifted ones may not.
        let mut bars: Vec<(Micros, Micros)> = telling(spans, index).map(|(_, span)| span.shown).collect();
        if !bars.is_sorted() {
            bars.sort_unstable();
        }
        let mut covered = 0;
        let mut until = start;
        for bar in bars {
            let (from, to) = (bar.0.clamp(until, end.max(until)), bar.1.clamp(until, end.max(until)));
            covered += (to - from).max(0);
            until = until.max(to);
        }
        if let Some(span) = spans.get_mut(index) {
            span.self_time = end - start - covered;
        }
    }
}

/// Walks back from the end of the longest root: what ran last before a moment is what that moment waited
/// for; where no child ran, the span itself is.
fn critical_path(spans: &mut [Span]) {
    let roots = children_of_none(spans).filter_map(|index| Some((index, spans.get(index)?.shown)));
    let Some((root, (_, end))) = roots.max_by_key(|(index, bar)| (bar.1 - bar.0, std::cmp::Reverse(*index)))
    else {
        return;
    };
    let mut stack = vec![(root, end)];
    while let Some((index, until)) = stack.pop() {
        let Some((start, end)) = spans.get(index).map(|span| span.shown) else { continue };
        let mut at = end.min(until);
        // What still runs is waited for before what ended at the last moment that is known.
        let mut below: Vec<(Micros, bool, Micros, usize)> = telling(spans, index)
            .map(|(child, span)| (span.shown.1, span.in_progress(), span.shown.0, child))
            .filter(|(_, _, from, _)| *from < at)
            .collect();
        below.sort_unstable();
        let mut own = Vec::new();
        for (to, _, from, child) in below.into_iter().rev() {
            // Beside a later one that is already on the path.
            if to > at || from < start {
                continue;
            }
            if to < at {
                own.push((to, at));
            }
            stack.push((child, to));
            at = from;
        }
        if start < at {
            own.push((start, at));
        }
        own.reverse();
        if let Some(span) = spans.get_mut(index) {
            span.critical = own;
        }
    }
}

/// Roots, by index; spans of the detached lane only when there is nothing else.
fn children_of_none(spans: &[Span]) -> impl Iterator<Item = usize> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let root = next;
        let span = spans.get(root).filter(|span| !span.detached)?;
        next += 1 + span.descendants as usize;
        Some(root)
    })
}

/// Of the failures that no failure below explains, the one that brought down the most above it; of several
/// such the one that ended first.
fn first_fault(spans: &[Span]) -> Option<usize> {
    let failed = |span: &Span| span.status.failed() && (span.kind != Kind::Inferred || span.parent.is_none());
    // The worst status on the unbroken line of failures from each span up to its root.
    let mut above: Vec<Status> = Vec::with_capacity(spans.len());
    let mut explained = vec![false; spans.len()];
    for span in spans {
        let parent = span.parent.and_then(|parent| above.get(parent)).copied().unwrap_or_default();
        above.push(if failed(span) { span.status.max(parent) } else { Status::Ok });
    }
    for (index, span) in spans.iter().enumerate().rev() {
        let failed = failed(span) || explained.get(index) == Some(&true);
        if let Some(parent) = span.parent.and_then(|parent| explained.get_mut(parent)).filter(|_| failed) {
            *parent = true;
        }
    }
    let candidates = spans.iter().enumerate().zip(above).zip(explained);
    let candidates = candidates.filter(|((_, above), explained)| above.failed() && !explained);
    candidates
        .min_by_key(|(((index, span), above), _)| (std::cmp::Reverse(*above), span.shown.1, *index))
        .map(|(((index, _), _), _)| index)
}
