//! Which spans stand in which line: folded parts and what is fine left out, the detached lane announced.
//!
//! One walk over the trace, without looking at leaves twice: 10,000 spans in well under a millisecond.

use crate::features::traces::model::{Span, Trace};
use std::collections::BTreeSet;

/// What stands in the lines of a waterfall.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Spans by index, in draw order.
    pub spans: Vec<usize>,
    /// The first row of the detached lane: a heading stands above it.
    pub lane: Option<usize>,
}

impl Rows {
    /// The rows of a trace.
    pub fn of(trace: &Trace, folded: &BTreeSet<String>, only_bad: bool) -> Self {
        let mut rows = Self::default();
        let bad = if only_bad { failures(&trace.spans) } else { Vec::new() };
        let mut index = 0;
        while let Some(span) = trace.spans.get(index) {
            let below = span.descendants as usize;
            // Up to and with a span, so that the difference is what its subtree has.
            let count = |at: usize| at.checked_sub(1).and_then(|at| bad.get(at)).copied().unwrap_or(0);
            if only_bad && count(index + 1 + below) == count(index) {
                index += 1 + below;
                continue;
            }
            if span.detached && rows.lane.is_none() {
                rows.lane = Some(rows.spans.len());
            }
            rows.spans.push(index);
            let fold = below > 0 && !folded.is_empty() && folded.contains(&span.id);
            index += 1 + if fold { below } else { 0 };
        }
        rows
    }

    /// The row of a span, or of the nearest one above it that has a row.
    pub fn row_of(&self, span: usize) -> usize {
        self.spans.partition_point(|shown| *shown <= span).saturating_sub(1)
    }

    /// How many lines they take, the heading of the lane included.
    pub fn lines(&self) -> usize {
        self.spans.len() + usize::from(self.lane.is_some())
    }

    /// The line that a row stands in.
    pub fn line_of(&self, row: usize) -> usize {
        row + usize::from(self.lane.is_some_and(|lane| row >= lane))
    }

    /// The span that stands in a line; `None` for the heading of the lane and beyond the last.
    pub fn at(&self, line: usize) -> Option<usize> {
        match self.lane {
            Some(lane) if line == lane => None,
            Some(lane) if line > lane => self.spans.get(line - 1).copied(),
            _ => self.spans.get(line).copied(),
        }
    }
}

/// For each span how many up to and with it have failed.
fn failures(spans: &[Span]) -> Vec<u32> {
    let count = |sum: &mut u32, span: &Span| {
        *sum += u32::from(span.status.failed());
        Some(*sum)
    };
    spans.iter().scan(0, count).collect()
}
