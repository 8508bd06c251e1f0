//! The events of a target that are known, newest first, bounded, each once. Pure.
//!
//! The list is shared: a job gets a cheap snapshot of it. What changes something is kept apart, too, because
//! Overview draws it on every frame.

use super::model::{Batch, Event, Nature, Reach, mark};
use std::collections::HashSet;
use std::sync::Arc;

/// Events that are kept at most.
pub const MAX_EVENTS: usize = 50_000;
/// Bytes that they take at most.
pub const MAX_BYTES: usize = 40 << 20;

/// Up to so many events are put in place one by one.
const FEW: usize = 200;

/// What is known of a target's trail.
#[derive(Debug, Default)]
pub struct Trail {
    /// Newest first.
    events: Arc<Vec<Arc<Event>>>,
    /// Those that change something, newest first.
    changes: Vec<Arc<Event>>,
    /// Their ids, by [`mark`].
    ids: HashSet<u64>,
    bytes: usize,
    /// How far the streams were read that were asked for last.
    pub reaches: Vec<Reach>,
    /// Events dropped for room, the oldest first.
    pub dropped: u64,
    /// Batches that did not arrive.
    pub missed: u32,
    next: u64,
}

impl Trail {
    /// All events, newest first.
    pub fn events(&self) -> &Arc<Vec<Arc<Event>>> {
        &self.events
    }

    /// Those that change something, newest first.
    pub fn changes(&self) -> &[Arc<Event>] {
        &self.changes
    }

    /// Bytes that all of it takes, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes what a poll brought.
    pub fn push(&mut self, batch: Batch) {
        if !batch.whole && batch.first != self.next {
            // An answer was lost on the way: the next question asks for all of it.
            self.missed = self.missed.wrapping_add(1);
        }
        self.next = batch.next;
        self.reaches = batch.reaches;
        let new: Vec<Arc<Event>> =
            batch.events.into_iter().filter(|event| self.ids.insert(mark(&event.id))).collect();
        if new.is_empty() {
            return;
        }
        self.bytes += new.iter().map(|event| event.cost()).sum::<usize>();
        add(&mut self.changes, new.iter().filter(|event| event.nature <= Nature::Scaling).cloned().collect());
        let events = Arc::make_mut(&mut self.events);
        add(events, new);
        while events.len() > MAX_EVENTS || self.bytes > MAX_BYTES {
            let Some(oldest) = events.pop() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.cost());
            self.ids.remove(&mark(&oldest.id));
            if self.changes.last().is_some_and(|last| last.id == oldest.id) {
                self.changes.pop();
            }
            self.dropped += 1;
        }
    }

    /// No more events fit: reading further back would only drop what was read.
    pub fn full(&self) -> bool {
        self.events.len() >= MAX_EVENTS || self.bytes >= MAX_BYTES
    }
}

/// Adds events to a list that is newest first. A page finds its places one by one: sorting all would cost more
/// than a frame.
fn add(list: &mut Vec<Arc<Event>>, new: Vec<Arc<Event>>) {
    let order = |a: &Event, b: &Event| (b.at, &b.id).cmp(&(a.at, &a.id));
    if new.len() > FEW {
        list.extend(new);
        list.sort_by(|a, b| order(a, b));
        return;
    }
    for event in new {
        let place = list.partition_point(|known| order(known, &event).is_lt());
        list.insert(place, event);
    }
}
