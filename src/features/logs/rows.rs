//! The lines in order: sealed, shared chunks, each sorted by time, all of them together too.
//!
//! Order is by timestamp, then by arrival, so a late line stands where it happened. A row is named by
//! that key, not by its position: the cursor stays on its line when others are inserted or dropped.
//! Cloning costs one reference count per chunk, which is what a job gets; a chunk that somebody else
//! holds is copied before it changes.

use super::model::{Level, LogEvent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Lines in a full chunk.
const CHUNK_ROWS: usize = 1_024;
/// Bytes in a full chunk; a single line may be larger.
const CHUNK_BYTES: usize = 256 * 1024;

/// Names a row for as long as it is stored, and its place in the order after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowId {
    /// Timestamp of the line, in milliseconds since 1970.
    pub ms: i64,
    /// Number of its arrival in this store.
    pub seq: u64,
}

impl RowId {
    /// Before every row at or after `time`.
    pub fn at(time: Timestamp) -> Self {
        Self { ms: time.as_millisecond(), seq: 0 }
    }
}

/// One stored line.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Number of its arrival.
    pub seq: u64,
    /// The line; its group indexes the store's table.
    pub event: LogEvent,
}

impl Entry {
    /// Its name.
    pub fn id(&self) -> RowId {
        RowId { ms: self.event.timestamp.as_millisecond(), seq: self.seq }
    }
}

/// Lines per level; lines without one are counted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LevelCounts {
    by_level: [u32; Level::ALL.len()],
    unknown: u32,
}

impl LevelCounts {
    /// Lines of this level.
    pub fn of(&self, level: Level) -> u32 {
        self.by_level.get(level as usize).copied().unwrap_or(0)
    }

    /// Lines at which `e` stops.
    pub fn errors(&self) -> u32 {
        self.of(Level::Error) + self.of(Level::Fatal)
    }

    /// Lines whose level is not known.
    pub fn unknown(&self) -> u32 {
        self.unknown
    }

    fn add(&mut self, level: Option<Level>) {
        match level.and_then(|level| self.by_level.get_mut(level as usize)) {
            Some(count) => *count += 1,
            None => self.unknown += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.by_level.iter_mut().zip(other.by_level).for_each(|(sum, count)| *sum += count);
        self.unknown += other.unknown;
    }
}

/// A run of neighbouring lines, never empty once stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chunk {
    entries: Vec<Entry>,
    bytes: usize,
    levels: LevelCounts,
    newest_arrival: u64,
}

impl Chunk {
    /// Its lines in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Lines per level.
    pub fn levels(&self) -> &LevelCounts {
        &self.levels
    }

    /// The highest arrival number in it: a scan for new lines skips chunks that are older.
    pub fn newest_arrival(&self) -> u64 {
        self.newest_arrival
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.event.bytes();
        self.levels.add(entry.event.facts.level);
        self.newest_arrival = self.newest_arrival.max(entry.seq);
        self.entries.push(entry);
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= CHUNK_ROWS || self.bytes >= CHUNK_BYTES
    }

    fn last(&self) -> Option<RowId> {
        self.entries.last().map(Entry::id)
    }

    /// How many of its rows stand before `id`.
    fn before(&self, id: RowId) -> usize {
        self.entries.partition_point(|entry| entry.id() < id)
    }
}

/// All lines, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    chunks: VecDeque<Arc<Chunk>>,
    len: usize,
    bytes: usize,
}

impl Rows {
    /// How many lines.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes they take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The chunks in order, for scans.
    pub fn chunks(&self) -> impl DoubleEndedIterator<Item = &Chunk> {
        self.chunks.iter().map(Arc::as_ref)
    }

    /// Lines per level over all.
    pub fn levels(&self) -> LevelCounts {
        let mut sum = LevelCounts::default();
        self.chunks().for_each(|chunk| sum.merge(&chunk.levels));
        sum
    }

    /// The oldest row.
    pub fn first(&self) -> Option<RowId> {
        self.chunks.front().and_then(|chunk| chunk.entries.first()).map(Entry::id)
    }

    /// The newest row.
    pub fn last(&self) -> Option<RowId> {
        self.chunks.back().and_then(|chunk| chunk.last())
    }

    /// The line named `id`, unless it was dropped.
    pub fn get(&self, id: RowId) -> Option<&Entry> {
        let chunk = self.chunks.get(self.chunk_for(id))?;
        chunk.entries.get(chunk.before(id)).filter(|entry| entry.id() == id)
    }

    /// How many rows stand before `id`; its own index when it is stored.
    pub fn rank(&self, id: RowId) -> usize {
        let at = self.chunk_for(id);
        let before: usize = self.chunks.iter().take(at).map(|chunk| chunk.entries.len()).sum();
        before + self.chunks.get(at).map_or(0, |chunk| chunk.before(id))
    }

    /// The line at an index.
    pub fn nth(&self, mut index: usize) -> Option<&Entry> {
        for chunk in &self.chunks {
            match chunk.entries.get(index) {
                Some(entry) => return Some(entry),
                None => index -= chunk.entries.len(),
            }
        }
        None
    }

    /// Lines from `id` (included) towards newer ones.
    pub fn from(&self, id: RowId) -> impl Iterator<Item = &Entry> {
        let at = self.chunk_for(id);
        let skip = self.chunks.get(at).map_or(0, |chunk| chunk.before(id));
        self.chunks.iter().skip(at).flat_map(|chunk| &chunk.entries).skip(skip)
    }

    /// Lines before `id` (not included) towards older ones.
    pub fn before(&self, id: RowId) -> impl Iterator<Item = &Entry> {
        let at = self.chunk_for(id);
        let head = self.chunks.get(at).map_or(0, |chunk| chunk.before(id));
        let head = self.chunks.get(at).and_then(|chunk| chunk.entries.get(..head)).unwrap_or_default();
        let older = self.chunks.iter().take(at).rev().flat_map(|chunk| chunk.entries.iter().rev());
        head.iter().rev().chain(older)
    }

    /// The first chunk whose last row is not before `id`.
    fn chunk_for(&self, id: RowId) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last < id))
    }

    /// Puts lines where they belong. `entries` must be sorted; only chunks that they fall into are
    /// touched, so appending costs nothing but the append.
    pub(super) fn insert(&mut self, entries: Vec<Entry>) {
        self.len += entries.len();
        self.bytes += entries.iter().map(|entry| entry.event.bytes()).sum::<usize>();
        let mut entries = entries.into_iter().peekable();
        while let Some(first) = entries.peek().map(Entry::id) {
            let at = self.chunk_for(first);
            let Some(bound) = self.chunks.get(at).and_then(|chunk| chunk.last()) else {
                entries.by_ref().for_each(|entry| self.append(entry));
                return;
            };
            let mut merged: Vec<Entry> =
                std::iter::from_fn(|| entries.next_if(|entry| entry.id() < bound)).collect();
            if let Some(chunk) = self.chunks.remove(at) {
                merged.extend(Arc::unwrap_or_clone(chunk).entries);
            }
            // Two sorted runs: the standard sort recognises them and merges in one pass.
            merged.sort_by_key(Entry::id);
            for (offset, chunk) in split(merged).into_iter().enumerate() {
                self.chunks.insert(at + offset, Arc::new(chunk));
            }
        }
    }

    fn append(&mut self, entry: Entry) {
        match self.chunks.back_mut() {
            Some(open) if !open.is_full() => Arc::make_mut(open).push(entry),
            _ => {
                let mut open = Chunk::default();
                open.push(entry);
                self.chunks.push_back(Arc::new(open));
            }
        }
    }

    /// Drops oldest chunks until at most `bytes` are held; the newest chunk always stays. Returns how
    /// many lines went.
    pub(super) fn evict(&mut self, bytes: usize) -> usize {
        let held = self.len;
        while self.bytes > bytes && self.chunks.len() > 1 {
            if let Some(chunk) = self.chunks.pop_front() {
                self.len -= chunk.entries.len();
                self.bytes -= chunk.bytes;
            }
        }
        held - self.len
    }
}

/// Cuts a sorted run into chunks that are not overfull.
fn split(entries: Vec<Entry>) -> Vec<Chunk> {
    let mut chunks = vec![Chunk::default()];
    for entry in entries {
        if chunks.last().is_none_or(Chunk::is_full) {
            chunks.push(Chunk::default());
        }
        if let Some(open) = chunks.last_mut() {
            open.push(entry);
        }
    }
    chunks.retain(|chunk| !chunk.entries.is_empty());
    chunks
}
