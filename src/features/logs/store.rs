//! The log store of one target: lines bounded in bytes, what was dropped, errors per minute.
//!
//! Pushing a batch only sorts and moves: parsing and sanitizing happened in the source. Every line is
//! put where its timestamp says, however late it comes; a line that was read before is skipped.

use super::model::{Batch, Gap, GroupId, LogEvent, TailStatus};
use super::rows::{Entry, Rows};
use super::seen::Seen;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Memory for lines unless the config says otherwise.
pub const DEFAULT_BYTES: usize = 64 * 1024 * 1024;
/// Gaps that are remembered; the oldest go first.
const MAX_GAPS: usize = 100;
/// Minutes in the error histogram: a week, the longest window.
const MAX_MINUTES: usize = 7 * 24 * 60;

/// The lines of one target's tail.
#[derive(Debug)]
pub struct LogStore {
    rows: Rows,
    groups: Vec<Arc<str>>,
    seen: Seen,
    arrivals: u64,
    generation: u64,
    max_bytes: usize,
    dropped: u64,
    errors: BTreeMap<i64, u32>,
    gaps: VecDeque<Gap>,
    status: Option<TailStatus>,
    covered_from: Option<Timestamp>,
}

impl Default for LogStore {
    fn default() -> Self {
        Self::new(DEFAULT_BYTES)
    }
}

impl LogStore {
    /// An empty store that holds at most about `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            rows: Rows::default(),
            groups: Vec::new(),
            seen: Seen::default(),
            arrivals: 0,
            generation: 0,
            max_bytes,
            dropped: 0,
            errors: BTreeMap::new(),
            gaps: VecDeque::new(),
            status: None,
            covered_from: None,
        }
    }

    /// Another bound; it counts from the next batch on.
    pub fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// Takes a batch in. Returns how many of its lines were new.
    pub fn push(&mut self, batch: Batch) -> usize {
        if batch.fresh {
            // Arrival numbers go on: a scan of the old lines must never be taken for one of the new.
            let (arrivals, generation) = (self.arrivals, self.generation + 1);
            *self = Self { arrivals, generation, ..Self::new(self.max_bytes) };
        }
        let groups: Vec<GroupId> = batch.groups.into_iter().map(|name| self.intern(name)).collect();
        let mut entries = Vec::with_capacity(batch.events.len());
        for event in batch.events {
            let Some(group) = groups.get(event.group.0 as usize).copied() else { continue };
            if !self.seen.insert(event.id) {
                continue;
            }
            self.count(&event);
            // The first arrival is 1, so that `RowId::at` stands before every row of its millisecond.
            self.arrivals += 1;
            entries.push(Entry { seq: self.arrivals, event: LogEvent { group, ..event } });
        }
        let new = entries.len();
        entries.sort_by_key(Entry::id);
        self.rows.insert(entries);
        self.dropped += self.rows.evict(self.max_bytes) as u64;
        self.gaps.extend(batch.gaps);
        self.gaps.drain(..self.gaps.len().saturating_sub(MAX_GAPS));
        // A tail that was started again has covered nothing yet; what is stored is still there.
        self.covered_from = batch.status.covered_from.or(self.covered_from);
        self.status = Some(batch.status);
        new
    }

    /// The lines; clone it to give a job its snapshot.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// A group's name.
    pub fn group(&self, id: GroupId) -> &str {
        self.groups.get(id.0 as usize).map_or("", |name| name)
    }

    /// Every group that was read, in the order of their first appearance.
    pub fn groups(&self) -> &[Arc<str>] {
        &self.groups
    }

    /// The arrival number of the newest line: a scan that has come this far has seen everything.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// Counts fresh readings: rows of an older one mean nothing any more.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Lines that were dropped, oldest first, to stay within the bound.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Stretches that were not read, as they were reported.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter()
    }

    /// How far the tail has come, once it has answered.
    pub fn status(&self) -> Option<&TailStatus> {
        self.status.as_ref()
    }

    /// Errors in each of the `minutes` minutes that end with the one of `end`, oldest first. `None`
    /// where nothing was read: that is not zero. While a minute is still being read its count is a lower bound.
    pub fn errors_per_minute(&self, end: Timestamp, minutes: u32) -> Vec<Option<u32>> {
        let last = minute(end);
        let covered = self.covered_from.map(minute);
        (0..i64::from(minutes))
            .rev()
            .map(|back| last - back)
            .map(|at| match self.errors.get(&at) {
                Some(count) => Some(*count),
                None => (covered? <= at).then_some(0),
            })
            .collect()
    }

    /// Errors within the `minutes` minutes that end with the one of `end`, dropped lines included.
    pub fn errors_since(&self, end: Timestamp, minutes: u32) -> u64 {
        self.errors_per_minute(end, minutes).into_iter().flatten().map(u64::from).sum()
    }

    /// More of what was asked for is still to be read.
    pub fn reading(&self) -> bool {
        self.covered_from.is_none() || self.status.as_ref().is_none_or(|status| status.rest_pending)
    }

    /// Where the time that was read begins.
    pub fn covered_from(&self) -> Option<Timestamp> {
        self.covered_from
    }

    fn count(&mut self, event: &LogEvent) {
        if !event.is_error() {
            return;
        }
        *self.errors.entry(minute(event.timestamp)).or_default() += 1;
        if self.errors.len() > MAX_MINUTES {
            self.errors.pop_first();
        }
    }

    fn intern(&mut self, name: Arc<str>) -> GroupId {
        let at = self.groups.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.groups.push(name);
            self.groups.len() - 1
        });
        GroupId(at as u32)
    }
}

fn minute(time: Timestamp) -> i64 {
    time.as_second().div_euclid(60)
}
