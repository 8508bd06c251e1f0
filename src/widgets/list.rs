//! The cursor of a list: it stays on the thing, not on the row number.

use crate::app::Action;

/// How far a page key moves; the exact height does not matter to the finger.
const PAGE: usize = 20;

/// Remembers the thing under it, and its row for when the thing goes away.
#[derive(Debug, Clone)]
pub struct Cursor<K> {
    key: Option<K>,
    row: usize,
}

impl<K> Default for Cursor<K> {
    fn default() -> Self {
        Self { key: None, row: 0 }
    }
}

impl<K: PartialEq + Clone> Cursor<K> {
    /// The thing it was put on.
    pub fn key(&self) -> Option<&K> {
        self.key.as_ref()
    }

    /// Puts it on a thing.
    pub fn set(&mut self, key: K) {
        self.key = Some(key);
    }

    /// Its row among these: the thing's own, or where the thing was.
    pub fn index(&self, keys: &[K]) -> Option<usize> {
        self.index_by(keys.len(), |key| keys.iter().position(|k| k == key))
    }

    /// The same for `len` things that are found, not listed: drawing need not copy every key.
    pub fn index_by(&self, len: usize, find: impl FnOnce(&K) -> Option<usize>) -> Option<usize> {
        let last = len.checked_sub(1)?;
        Some(self.key.as_ref().and_then(find).unwrap_or(self.row.min(last)))
    }

    /// Moves; `false` when the verb is not about moving.
    pub fn on_action(&mut self, action: Action, keys: &[K]) -> bool {
        let find = |key: &K| keys.iter().position(|k| k == key);
        self.on_action_by(action, keys.len(), find, |row| keys.get(row).cloned())
    }

    /// The same for `len` things that are found and named one at a time.
    pub fn on_action_by(
        &mut self,
        action: Action,
        len: usize,
        find: impl FnOnce(&K) -> Option<usize>,
        name: impl FnOnce(usize) -> Option<K>,
    ) -> bool {
        let last = len.saturating_sub(1);
        let at = self.index_by(len, find).unwrap_or(0);
        let to = match action {
            Action::Down => at + 1,
            Action::Up => at.saturating_sub(1),
            Action::HalfDown => at + PAGE / 2,
            Action::HalfUp => at.saturating_sub(PAGE / 2),
            Action::PageDown => at + PAGE,
            Action::PageUp => at.saturating_sub(PAGE),
            Action::Top => 0,
            Action::Bottom => last,
            _ => return false,
        };
        self.row = to.min(last);
        self.key = name(self.row);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_on_the_thing_and_then_on_the_row() {
        let mut cursor = Cursor::default();
        assert_eq!(cursor.index(&["a", "b", "c"]), Some(0));
        cursor.on_action(Action::Down, &["a", "b", "c"]);
        assert_eq!(cursor.index(&["x", "a", "b", "c"]), Some(2), "follows b");
        assert_eq!(cursor.index(&["a", "c"]), Some(1), "b went: its row stays");
        assert_eq!(cursor.index(&["a"]), Some(0));
        assert_eq!(cursor.index(&[]), None::<usize>);
        assert!(!cursor.on_action(Action::Open, &["a"]));
    }
}
