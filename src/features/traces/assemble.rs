//! One tree out of flat spans: duplicates settled, children under their parents, inferred spans where
//! nobody else told, what has no way to a root in a lane of its own, clocks that differ evened out.
//!
//! Every span that comes in goes out exactly once, but for duplicates and for inferred spans that gave way.
//! Facts: how X-Ray joins segments is told in the X-Ray developer guide, "Segment documents".

use super::model::{Exceptions, Fit, Kind, Micros, Span, Thrown, Trace, TraceId};
use super::path;
use super::segment::Loose;
use std::collections::HashMap;

/// Clocks of one host are no better than this, and moments written as floating seconds no finer.
const SLACK: Micros = 1_000;

/// Assembles the spans of one trace.
pub fn assemble(id: Option<TraceId>, mut loose: Vec<Loose>) -> Trace {
    let mut trace = Trace { id, ..Trace::default() };
    let tree = Tree::of(&mut loose, &mut trace.replaced);
    let order = tree.draw_order(&loose);
    trace.dropped = order.len().saturating_sub(Trace::MAX_SPANS);
    let mut place = vec![None; loose.len()];
    trace.spans.reserve_exact(order.len().min(Trace::MAX_SPANS));
    for step in order.into_iter().take(Trace::MAX_SPANS) {
        let Some(found) = loose.get_mut(step.loose) else { continue };
        let mut span = std::mem::take(&mut found.span);
        span.parent = step.parent.and_then(|parent| place.get(parent).copied().flatten());
        span.depth = step.depth.min(Trace::MAX_DEPTH);
        span.detached = step.detached;
        span.fit = if found.timed { Fit::Inside } else { Fit::Unknown };
        if let Some(place) = place.get_mut(step.loose) {
            *place = Some(trace.spans.len());
        }
        trace.spans.push(span);
    }
    count_descendants(&mut trace.spans);
    share_exceptions(&loose, &place, &mut trace.spans);
    even_out(&mut trace);
    path::measure(&mut trace);
    trace
}

/// What hangs under what, by index into the flat spans.
struct Tree {
    /// The first child of each and the next sibling of each would do; lists are easier to sort.
    children: Vec<Vec<usize>>,
    /// Spans without a parent in the trace, by start: those that name none first.
    roots: Vec<usize>,
    orphans: Vec<usize>,
    /// Spans that are drawn at all.
    kept: Vec<usize>,
}

/// One span's turn in the draw order.
struct Step {
    loose: usize,
    parent: Option<usize>,
    depth: u16,
    detached: bool,
}

impl Tree {
    fn of(loose: &mut [Loose], replaced: &mut usize) -> Self {
        // What has no id gets one of its own.
        for (index, loose) in loose.iter_mut().enumerate().filter(|(_, loose)| loose.span.id.is_empty()) {
            loose.span.id = format!("?{index}");
        }
        let (mut canon, mut parents) = identify(loose);
        replace_inferred(loose, &mut canon, &mut parents, replaced);
        let kept: Vec<usize> = (0..loose.len()).filter(|index| canon.get(*index) == Some(index)).collect();
        let mut tree = Self { children: vec![Vec::new(); loose.len()], roots: vec![], orphans: vec![], kept };
        for index in &tree.kept {
            let parent = parents.get(*index).copied().flatten().and_then(|parent| canon.get(parent).copied());
            match parent.and_then(|parent| tree.children.get_mut(parent)) {
                Some(siblings) => siblings.push(*index),
                None if loose.get(*index).is_some_and(|loose| loose.span.parent_id.is_some()) => {
                    tree.orphans.push(*index);
                }
                None => tree.roots.push(*index),
            }
        }
        let start = |index: &usize| loose.get(*index).map(start_of);
        for list in tree.children.iter_mut().chain([&mut tree.roots, &mut tree.orphans, &mut tree.kept]) {
            list.sort_by_key(start);
        }
        // A request whose caller sends its spans elsewhere: its first span is its root all the same.
        if tree.roots.is_empty() && !tree.orphans.is_empty() {
            tree.roots.push(tree.orphans.remove(0));
        }
        tree
    }

    fn draw_order(&self, loose: &[Loose]) -> Vec<Step> {
        let mut order = Vec::with_capacity(self.kept.len());
        let mut seen = vec![false; loose.len()];
        let lanes = [(&self.roots, false), (&self.orphans, true), (&self.kept, true)];
        // What is left after roots and orphans hangs below itself: such a circle is entered at its start.
        for (start, detached) in
            lanes.into_iter().flat_map(|(lane, detached)| lane.iter().map(move |i| (*i, detached)))
        {
            let mut stack = vec![Step { loose: start, parent: None, depth: 0, detached }];
            while let Some(step) = stack.pop() {
                let Some(seen) = seen.get_mut(step.loose).filter(|seen| !**seen) else { continue };
                *seen = true;
                let children = self.children.get(step.loose).into_iter().flatten().rev();
                stack.extend(children.map(|child| Step {
                    loose: *child,
                    parent: Some(step.loose),
                    depth: step.depth.saturating_add(1),
                    detached,
                }));
                order.push(step);
            }
        }
        order
    }
}

/// Spans without a time stand after their siblings.
fn start_of(loose: &Loose) -> Micros {
    if loose.timed { loose.span.start } else { Micros::MAX }
}

/// For each span the one that stands for its id: one that has ended before one that has not, then the later.
/// And its parent: the span it stands in, else the one it names.
fn identify(loose: &[Loose]) -> (Vec<usize>, Vec<Option<usize>>) {
    let mut best: HashMap<&str, usize> = HashMap::with_capacity(loose.len());
    let mut twice = false;
    for (index, found) in loose.iter().enumerate() {
        let ended = |index: usize| loose.get(index).is_some_and(|loose| loose.span.end.is_some());
        best.entry(found.span.id.as_str())
            .and_modify(|best| {
                twice = true;
                if ended(index) || !ended(*best) {
                    *best = index;
                }
            })
            .or_insert(index);
    }
    let by_id = |id: &str| best.get(id).copied();
    let stands = |(index, loose): (usize, &Loose)| by_id(&loose.span.id).unwrap_or(index);
    let canon =
        if twice { loose.iter().enumerate().map(stands).collect() } else { (0..loose.len()).collect() };
    let named = |loose: &Loose| by_id(loose.span.parent_id.as_deref()?);
    (canon, loose.iter().map(|loose| loose.within.or_else(|| named(loose))).collect())
}

/// An inferred span is what X-Ray makes up for a callee that said nothing. When one did say something, that
/// stands in its place, for those below it too.
fn replace_inferred(
    loose: &[Loose],
    canon: &mut [usize],
    parents: &mut [Option<usize>],
    replaced: &mut usize,
) {
    let stands = |canon: &[usize], index: usize| canon.get(index) == Some(&index);
    let mut told: HashMap<usize, usize> = HashMap::new();
    for (index, (found, parent)) in loose.iter().zip(parents.iter()).enumerate() {
        let parent = parent.and_then(|parent| canon.get(parent).copied());
        if let Some(parent) = parent.filter(|_| found.span.kind == Kind::Segment && stands(canon, index)) {
            told.entry(parent).or_insert(index);
        }
    }
    for (index, found) in loose.iter().enumerate().filter(|(_, loose)| loose.span.kind == Kind::Inferred) {
        let parent = parents.get(index).copied().flatten().and_then(|parent| canon.get(parent).copied());
        let real = parent.and_then(|parent| told.get(&parent).copied());
        if let Some(real) =
            real.filter(|real| stands(canon, index) && *real != index && found.within.is_none())
        {
            *replaced += 1;
            for canon in canon.iter_mut().filter(|canon| **canon == index) {
                *canon = real;
            }
            // The real one must not come to hang below itself.
            if let Some(own) = parents.get_mut(real).filter(|own| **own == Some(index)) {
                *own = parent;
            }
        }
    }
}

fn count_descendants(spans: &mut [Span]) {
    for index in (0..spans.len()).rev() {
        let (parent, below) = spans.get(index).map_or((None, 0), |span| (span.parent, span.descendants + 1));
        if let Some(parent) = parent.and_then(|parent| spans.get_mut(parent)) {
            parent.descendants += below;
        }
    }
}

/// Gives a span that fails by another's exception that exception, with what caused it.
fn share_exceptions(loose: &[Loose], place: &[Option<usize>], spans: &mut [Span]) {
    let wanted: Vec<(usize, &str)> = loose
        .iter()
        .zip(place)
        .filter_map(|(loose, place)| Some(((*place)?, loose.cause.as_deref()?)))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let found: HashMap<String, (usize, Vec<Thrown>)> = spans
        .iter()
        .enumerate()
        .filter_map(|(index, span)| Some((index, span.detail.as_deref()?)))
        .flat_map(|(index, detail)| {
            let list = &detail.exceptions.list;
            list.iter().enumerate().map(move |(at, thrown)| {
                (thrown.id.clone(), (index, list.get(at..).unwrap_or_default().to_vec()))
            })
        })
        .collect();
    for (index, id) in wanted {
        let Some(detail) = spans.get_mut(index).map(|span| span.detail.get_or_insert_default()) else {
            continue;
        };
        match found.get(id).filter(|_| !id.is_empty()) {
            Some((from, list)) => {
                detail.exceptions =
                    Exceptions { list: list.clone(), from: Some(*from).filter(|from| *from != index) };
            }
            None => detail.other.push(("cause".to_owned(), id.to_owned())),
        }
    }
}

/// The time that a span leaves to those below it: its start, its end unless it runs, and by how much the
/// clock is set forward.
type Room = (Micros, Option<Micros>, Micros);

/// Where each bar stands, and the axis around all of them.
fn even_out(trace: &mut Trace) {
    let mut rooms: Vec<Option<Room>> = Vec::with_capacity(trace.spans.len());
    for span in &mut trace.spans {
        let room = span.parent.and_then(|parent| rooms.get(parent).copied().flatten());
        // What has no times of its own sets its children no bounds either.
        rooms.push(if span.fit == Fit::Unknown { room } else { Some(fit(span, room)) });
    }
    let timed = || trace.spans.iter().filter(|span| span.fit != Fit::Unknown);
    trace.start = timed().map(|span| span.shown.0).min().unwrap_or_default();
    trace.end = timed().map(|span| span.shown.1).max().unwrap_or_default();
    for index in 0..trace.spans.len() {
        let (before, rest) = trace.spans.split_at_mut(index);
        let Some(span) = rest.first_mut() else { break };
        if span.fit == Fit::Unknown {
            span.start = span.parent.and_then(|parent| before.get(parent)).map_or(trace.start, |p| p.shown.0);
            (span.end, span.shown) = (Some(span.start), (span.start, span.start));
        } else if span.end.is_none() {
            span.shown.1 = trace.end;
        }
    }
}

/// Puts one bar into the room that its parent leaves.
fn fit(span: &mut Span, room: Option<Room>) -> Room {
    let backwards = span.end.is_some_and(|end| end < span.start);
    if backwards {
        span.end = Some(span.start);
    }
    let (first, last, shift) = room.unwrap_or((Micros::MIN, None, 0));
    let last = last.unwrap_or(Micros::MAX).max(first);
    let (start, end) = (span.start.saturating_add(shift), span.end.map(|end| end.saturating_add(shift)));
    let early = start.saturating_add(SLACK) < first;
    let late = end.unwrap_or(start) > last.saturating_add(SLACK);
    // Work inside a service goes by that service's clock: it cannot be skewed.
    let same_clock = !matches!(span.kind, Kind::Segment | Kind::Inferred | Kind::Server);
    let room = if early && same_clock {
        span.fit = Fit::Before;
        (start, end, shift)
    } else if early && end.is_some_and(|end| end <= first) {
        // All of it before its parent: it keeps its length, and what hangs below it comes along.
        span.fit = Fit::Skewed;
        let forward = first - start;
        (first, end.map(|end| (end + forward).min(last)), shift + forward)
    } else if late && !early && (same_clock || start >= last) {
        span.fit = Fit::After;
        (start.max(first), end, shift)
    } else {
        if early || late {
            span.fit = Fit::Skewed;
        }
        let start = start.clamp(first, last);
        (start, end.map(|end| end.clamp(start, last)), shift)
    };
    span.shown = (room.0, room.1.unwrap_or(room.0));
    if backwards {
        // When it ended is not known: it sets what hangs below it no end either.
        span.fit = Fit::Backwards;
        return (room.0, None, room.2);
    }
    room
}
