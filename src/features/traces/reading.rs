//! Which time to ask for: every stretch once, at most six hours at a time, the newest of a new list first.
//!
//! Reading a trace costs money, so what was read is kept and only what is missing of a window is asked for.
//! Pure; `source` asks.

use super::list::{ListQuery, Summary, TraceList};
use super::model::TraceId;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest stretch that X-Ray answers at once.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(6);
/// Traces that are kept; the newest stay.
const MAX_KEPT: usize = 5_000;

/// A stretch of time: its first moment and its end.
pub type Stretch = (Timestamp, Timestamp);

/// What was read so far for one expression.
#[derive(Debug, Default)]
pub struct Reading {
    /// Everything in between was read.
    covered: Option<Stretch>,
    /// Reading back stopped at its pages.
    cut: bool,
    traces: BTreeMap<(Timestamp, TraceId), Summary>,
    scanned: u64,
    dropped: u64,
}

impl Reading {
    /// What is still to be asked for to cover this stretch, in the order to ask in. A stretch that does not
    /// touch what was read begins anew.
    pub fn missing(&mut self, (from, to): Stretch) -> Vec<Stretch> {
        if from >= to {
            return Vec::new();
        }
        if self.covered.is_some_and(|(first, last)| to < first || from > last) {
            *self = Self::default();
        }
        let Some((first, last)) = self.covered else { return split_back((from, to)) };
        // Each answer must touch what was read before it.
        let mut stretches = split_on((last, to));
        if !self.cut {
            stretches.extend(split_back((from, first)));
        }
        stretches
    }

    /// Whether a stretch that starts at this moment leaves no hole between what was read and itself.
    pub fn reaches(&self, start: Timestamp) -> bool {
        self.covered.is_none_or(|(_, last)| start <= last)
    }

    /// Another window was chosen: what stopped at its pages may go on.
    pub fn go_on(&mut self) {
        self.cut = false;
    }

    /// Takes what one stretch had. `reached` says how far back it was read when its pages ran out.
    pub fn take(
        &mut self,
        stretch: Stretch,
        traces: impl IntoIterator<Item = Summary>,
        scanned: u64,
        reached: Option<Timestamp>,
    ) {
        self.scanned += scanned;
        self.traces.extend(traces.into_iter().map(|trace| ((trace.start, trace.id), trace)));
        let from = reached.map_or(stretch.0, |reached| reached.clamp(stretch.0, stretch.1));
        self.cut |= reached.is_some();
        self.covered = Some(match self.covered {
            Some((first, last)) if from <= last => (first.min(from), last.max(stretch.1)),
            // Too much came since the last answer: between the two something is missing, the older part goes.
            Some(_) => {
                self.traces.retain(|(start, _), _| *start >= from);
                (from, stretch.1)
            }
            None => (from, stretch.1),
        });
        while self.traces.len() > MAX_KEPT {
            let Some((oldest, _)) = self.traces.pop_first() else { break };
            self.dropped += 1;
            self.cut = true;
            if let Some((first, _)) = &mut self.covered {
                *first = oldest.0.max(*first);
            }
        }
    }

    /// The answer to a question about this stretch.
    pub fn list(&self, query: &ListQuery, (from, to): Stretch, pending: bool) -> TraceList {
        let inside = self.traces.iter().rev().map(|(_, trace)| trace);
        let traces = inside.filter(|trace| trace.start >= from && trace.start <= to).cloned().collect();
        let (first, last) = self.covered.unwrap_or((to, to));
        TraceList {
            query: query.clone(),
            traces: Arc::new(traces),
            from: first.max(from),
            to: last.min(to),
            cut: self.cut && first > from,
            pending,
            scanned: self.scanned,
            dropped: self.dropped,
        }
    }
}

/// Parts of at most [`LONGEST`], the newest first.
pub fn split_back((from, to): Stretch) -> Vec<Stretch> {
    let (mut parts, mut end) = (Vec::new(), to);
    while end > from {
        let start = end.checked_sub(LONGEST).unwrap_or(from).max(from);
        parts.push((start, end));
        end = start;
    }
    parts
}

/// Parts of at most [`LONGEST`], the oldest first.
fn split_on((from, to): Stretch) -> Vec<Stretch> {
    let (mut parts, mut start) = (Vec::new(), from);
    while start < to {
        let end = start.checked_add(LONGEST).unwrap_or(to).min(to);
        parts.push((start, end));
        start = end;
    }
    parts
}
