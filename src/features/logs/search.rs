//! Scans over many lines: what a filter leaves, where a search hits, the next error.
//!
//! [`Scan::run`] is made for a job: it takes a snapshot and returns row ids, nothing else. It is also how
//! a result grows: a second scan looks only at lines that arrived since, and [`Matches::extend`] merges.

use super::filter::Filter;
use super::model::LogEvent;
use super::pattern::Pattern;
use super::rows::{Entry, RowId, Rows};
use serde::{Deserialize, Serialize};

/// What to look for in which lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// The lines.
    pub rows: Rows,
    /// Lines that are hidden do not count.
    pub filter: Option<Filter>,
    /// What must be in the line.
    pub pattern: Option<Pattern>,
    /// Only lines that arrived after this one; 0 for all.
    pub since: u64,
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// The rows, in order.
    pub rows: Vec<RowId>,
    /// The newest arrival that was looked at: the next scan's `since`.
    pub upto: u64,
}

impl Scan {
    /// Looks at every line that arrived since.
    pub fn run(&self) -> Found {
        let mut found = Found { rows: Vec::new(), upto: self.since };
        for chunk in self.rows.chunks().filter(|chunk| chunk.newest_arrival() > self.since) {
            found.upto = found.upto.max(chunk.newest_arrival());
            let new = chunk.entries().iter().filter(|entry| entry.seq > self.since);
            found.rows.extend(new.filter(|entry| self.wants(&entry.event)).map(Entry::id));
        }
        found
    }

    fn wants(&self, event: &LogEvent) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(event))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(&event.message))
    }
}

/// Rows that match, kept in order while lines come and go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matches {
    rows: Vec<RowId>,
    upto: u64,
}

impl Matches {
    /// No rows, and nothing looked at.
    pub const fn none() -> Self {
        Self { rows: Vec::new(), upto: 0 }
    }

    /// The rows in order.
    pub fn rows(&self) -> &[RowId] {
        &self.rows
    }

    /// Every arrival up to this one was looked at.
    pub fn upto(&self) -> u64 {
        self.upto
    }

    /// Adds what a later scan found.
    pub fn extend(&mut self, found: Found) {
        let in_order = match (self.rows.last(), found.rows.first()) {
            (Some(last), Some(first)) => last < first,
            _ => true,
        };
        self.rows.extend(found.rows);
        if !in_order {
            self.rows.sort_unstable();
            self.rows.dedup();
        }
        self.upto = self.upto.max(found.upto);
    }

    /// Forgets rows that the store has dropped.
    pub fn trim(&mut self, rows: &Rows) {
        let oldest = rows.first();
        let gone = oldest.map_or(self.rows.len(), |oldest| self.rows.partition_point(|row| *row < oldest));
        self.rows.drain(..gone);
    }

    /// The first match after `from`, or, going round, the first of all.
    pub fn next(&self, from: RowId) -> Option<RowId> {
        let at = self.rows.partition_point(|row| *row <= from);
        self.rows.get(at).or_else(|| self.rows.first()).copied()
    }

    /// The last match before `from`, or, going round, the last of all.
    pub fn previous(&self, from: RowId) -> Option<RowId> {
        let at = self.rows.partition_point(|row| *row < from);
        at.checked_sub(1).and_then(|at| self.rows.get(at)).or_else(|| self.rows.last()).copied()
    }

    /// Which match `row` is, from 1: `3 of 37`.
    pub fn ordinal(&self, row: RowId) -> Option<usize> {
        self.rows.binary_search(&row).ok().map(|at| at + 1)
    }
}

/// The lines that are on show: all, or those that a filter left.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    rows: &'a Rows,
    matches: Option<&'a [RowId]>,
}

impl<'a> Listing<'a> {
    /// All lines, or only `matches`.
    pub fn new(rows: &'a Rows, matches: Option<&'a Matches>) -> Self {
        Self { rows, matches: matches.map(Matches::rows) }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.matches.map_or(self.rows.len(), <[RowId]>::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many stand before `id`: its index, or the one it would have.
    pub fn rank(&self, id: RowId) -> usize {
        match self.matches {
            Some(matches) => matches.partition_point(|row| *row < id),
            None => self.rows.rank(id),
        }
    }

    /// The row at an index.
    pub fn id_at(&self, index: usize) -> Option<RowId> {
        match self.matches {
            Some(matches) => matches.get(index).copied(),
            None => self.rows.nth(index).map(Entry::id),
        }
    }

    /// The row itself or, when it is hidden or gone, its nearest newer neighbour, else the last one.
    pub fn nearest(&self, id: RowId) -> Option<RowId> {
        self.id_at(self.rank(id).min(self.len().checked_sub(1)?))
    }

    /// The newest row.
    pub fn last(&self) -> Option<RowId> {
        self.id_at(self.len().checked_sub(1)?)
    }

    /// Lines from an index on, towards newer ones.
    pub fn window(&self, index: usize) -> impl Iterator<Item = &'a Entry> {
        let rows = self.rows;
        let of_matches = self.matches.and_then(|matches| matches.get(index..)).unwrap_or_default();
        let all = match self.matches {
            Some(_) => None,
            None => rows.nth(index).map(|entry| rows.from(entry.id())),
        };
        of_matches.iter().filter_map(|id| rows.get(*id)).chain(all.into_iter().flatten())
    }

    /// The next error after `from`; errors that are hidden do not count.
    pub fn next_error(&self, from: RowId) -> Option<RowId> {
        let Some(matches) = self.matches else {
            let mut after = self.rows.from(from).filter(|entry| entry.id() > from);
            return after.find(|entry| entry.event.is_error()).map(Entry::id);
        };
        let after = matches.get(matches.partition_point(|row| *row <= from)..)?;
        after.iter().copied().find(|row| self.is_error(*row))
    }

    /// The last error before `from`.
    pub fn previous_error(&self, from: RowId) -> Option<RowId> {
        let Some(matches) = self.matches else {
            return self.rows.before(from).find(|entry| entry.event.is_error()).map(Entry::id);
        };
        let before = matches.get(..matches.partition_point(|row| *row < from))?;
        before.iter().rev().copied().find(|row| self.is_error(*row))
    }

    fn is_error(&self, row: RowId) -> bool {
        self.rows.get(row).is_some_and(|entry| entry.event.is_error())
    }
}
