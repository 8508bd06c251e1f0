//! What the waterfall remembers: the span under the cursor, what is folded, which part of the axis is shown.
//!
//! It knows spans by their ids, so that it stands where it stood when the trace is read again.

use super::rows::Rows;
use crate::app::Action;
use crate::features::traces::model::{Micros, Trace};
use std::cell::Cell;
use std::collections::BTreeSet;

/// How far a page key moves; the exact height does not matter to the finger.
const PAGE: usize = 20;

/// State of one opened trace.
#[derive(Debug, Clone, Default)]
pub struct WaterfallState {
    /// The span under the cursor; before the first move the one that failed first.
    cursor: Option<String>,
    folded: BTreeSet<String>,
    /// Only what failed, with all above it.
    pub(super) only_bad: bool,
    /// The part of the axis that is shown; all of it when absent.
    zoom: Option<(Micros, Micros)>,
    /// All that is known of the span stands over the waterfall, from this line on.
    pub(super) full: Option<usize>,
    /// The first visible line, and the last line that details can start from: memory of the view.
    pub(super) top: Cell<usize>,
    pub(super) last: Cell<usize>,
}

impl WaterfallState {
    /// The span under the cursor: an index into [`Trace::spans`].
    pub fn selected(&self, trace: &Trace) -> Option<usize> {
        let rows = self.rows(trace);
        rows.spans.get(self.row(trace, &rows)).copied()
    }

    /// Puts the cursor on a span and unfolds what hides it.
    pub fn select(&mut self, trace: &Trace, index: usize) {
        let Some(span) = trace.spans.get(index) else { return };
        self.cursor = Some(span.id.clone());
        let mut above = span.parent;
        while let Some(span) = above.and_then(|index| trace.spans.get(index)) {
            self.folded.remove(&span.id);
            above = span.parent;
        }
    }

    /// A verb; `false` when it has no meaning here.
    pub fn on_action(&mut self, action: Action, trace: &Trace) -> bool {
        if let Some(top) = self.full {
            return self.on_full(action, top);
        }
        let rows = self.rows(trace);
        let row = self.row(trace, &rows);
        let Some(index) = rows.spans.get(row).copied() else {
            return action == Action::ShowAll && self.show_all();
        };
        let last = rows.spans.len() - 1;
        let to = match action {
            Action::Down => row + 1,
            Action::Up => row.saturating_sub(1),
            Action::HalfDown => row + PAGE / 2,
            Action::HalfUp => row.saturating_sub(PAGE / 2),
            Action::PageDown => row + PAGE,
            Action::PageUp => row.saturating_sub(PAGE),
            Action::Top => 0,
            Action::Bottom => last,
            _ => return self.on_span(action, trace, index),
        };
        self.cursor =
            rows.spans.get(to.min(last)).and_then(|index| trace.spans.get(*index)).map(|s| s.id.clone());
        true
    }

    /// The part of the axis that is shown.
    pub fn shown(&self, trace: &Trace) -> (Micros, Micros) {
        let (start, end) = (trace.start, trace.end.max(trace.start.saturating_add(1)));
        self.zoom.map_or((start, end), |(from, to)| (from.max(start), to.min(end)))
    }

    /// Only a part of the axis is shown.
    pub fn zoomed(&self) -> bool {
        self.zoom.is_some()
    }

    /// The details of the span cover the waterfall.
    pub fn covered(&self) -> bool {
        self.full.is_some()
    }

    pub(super) fn rows(&self, trace: &Trace) -> Rows {
        Rows::of(trace, &self.folded, self.only_bad)
    }

    pub(super) fn row(&self, trace: &Trace, rows: &Rows) -> usize {
        let cursor = self.cursor.as_deref().and_then(|id| trace.position(id));
        rows.row_of(cursor.or(trace.first_fault).unwrap_or(0))
    }

    pub(super) fn is_folded(&self, id: &str) -> bool {
        self.folded.contains(id)
    }

    fn on_full(&mut self, action: Action, top: usize) -> bool {
        let last = self.last.get();
        let top = top.min(last);
        let top = match action {
            Action::Down => top + 1,
            Action::Up => top.saturating_sub(1),
            Action::HalfDown => top + PAGE / 2,
            Action::HalfUp => top.saturating_sub(PAGE / 2),
            Action::PageDown => top + PAGE,
            Action::PageUp => top.saturating_sub(PAGE),
            Action::Top => 0,
            Action::Bottom => last,
            Action::Open | Action::Back => {
                self.full = None;
                return true;
            }
            _ => return false,
        };
        self.full = Some(top.min(last));
        true
    }

    fn on_span(&mut self, action: Action, trace: &Trace, index: usize) -> bool {
        let Some(span) = trace.spans.get(index) else { return false };
        match action {
            Action::Open => self.full = Some(0),
            Action::ShowAll => return self.show_all(),
            Action::Left if span.descendants > 0 && !self.is_folded(&span.id) => {
                self.folded.insert(span.id.clone());
                self.cursor = Some(span.id.clone());
            }
            Action::Left => self.select(trace, span.parent.unwrap_or(index)),
            Action::Right if self.folded.remove(&span.id) => {}
            Action::Right if span.descendants > 0 => self.select(trace, index + 1),
            Action::Right => {}
            Action::NextError | Action::PrevError => {
                let failed = |index: &usize| trace.spans.get(*index).is_some_and(|span| span.status.failed());
                let found = if action == Action::NextError {
                    (index + 1..trace.spans.len()).find(failed)
                } else {
                    (0..index).rev().find(failed)
                };
                if let Some(found) = found {
                    self.select(trace, found);
                }
            }
            Action::ZoomIn | Action::ZoomOut | Action::Earlier | Action::Later | Action::Live => {
                self.on_time(action, trace, index);
            }
            _ => return false,
        }
        true
    }

    fn show_all(&mut self) -> bool {
        self.only_bad = !self.only_bad;
        true
    }

    /// `z` halves the part around the span under the cursor, `Z` doubles it, `<` and `>` move by half of it.
    fn on_time(&mut self, action: Action, trace: &Trace, index: usize) {
        let (from, to) = self.shown(trace);
        let length = to - from;
        let bar = trace.spans.get(index).map_or((from, to), |span| span.shown);
        let center = (bar.0.max(from) / 2 + bar.1.min(to) / 2).clamp(from, to);
        let (from, length) = match action {
            Action::ZoomIn if length > 20 => (center - length / 4, length / 2),
            Action::ZoomOut => (from - length / 2, length.saturating_mul(2)),
            Action::Earlier => (from - length / 2, length),
            Action::Later => (from + length / 2, length),
            Action::Live => (trace.start, trace.length()),
            _ => return,
        };
        let whole = trace.length();
        if length >= whole {
            self.zoom = None;
            return;
        }
        let from = from.clamp(trace.start, trace.end - length);
        self.zoom = Some((from, from + length));
    }
}
