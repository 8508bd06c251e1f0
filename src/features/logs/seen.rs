//! Which events were read already: a bounded memory of event ids.
//!
//! The tail reads each stretch of time several times on purpose (late events), so it must recognise
//! what it has. Two generations instead of a linked list: the younger fills up, then replaces the older.

use super::model::EventId;
use std::collections::HashSet;

/// Remembers at least the last `capacity` ids that were asked about, and at most twice as many.
#[derive(Debug)]
pub struct Seen {
    young: HashSet<EventId>,
    old: HashSet<EventId>,
    capacity: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self::new(100_000)
    }
}

impl Seen {
    /// A memory of at least `capacity` ids.
    pub fn new(capacity: usize) -> Self {
        Self { young: HashSet::new(), old: HashSet::new(), capacity: capacity.max(1) }
    }

    /// Whether `id` is new; it is remembered from now on.
    pub fn insert(&mut self, id: EventId) -> bool {
        if self.young.contains(&id) {
            return false;
        }
        if self.young.len() >= self.capacity {
            self.old = std::mem::take(&mut self.young);
        }
        // An id that is asked about again is worth keeping: it moves to the young generation.
        let new = !self.old.contains(&id);
        self.young.insert(id);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> EventId {
        EventId::from_parts(&[&n.to_be_bytes()])
    }

    #[test]
    fn remembers_the_last_and_forgets_the_rest() {
        let mut seen = Seen::new(100);
        for n in 0..1_000 {
            assert!(seen.insert(id(n)), "{n} is new");
        }
        for n in 900..1_000 {
            assert!(!seen.insert(id(n)), "{n} is among the last hundred");
        }
        assert!(seen.insert(id(0)), "the first is forgotten");
        assert!(seen.young.len() + seen.old.len() <= 200);
    }

    #[test]
    fn asking_again_keeps_an_id() {
        let mut seen = Seen::new(10);
        assert!(seen.insert(id(0)));
        for n in 1..200 {
            seen.insert(id(n));
            assert!(!seen.insert(id(0)), "kept while asked about, at {n}");
        }
    }
}
