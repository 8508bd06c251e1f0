//! Keys from the terminal, with split escape sequences rejoined.
//!
//! Over a slow link an arrow key may arrive as Esc, `[`, `A`. An Esc is held for 50 ms: when the rest
//! follows, it was a key; when nothing follows, it was Esc.

use crate::app::Input;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::{Stream, StreamExt};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

/// How long an Esc waits for the rest of its sequence.
pub const ESC_HOLD: Duration = Duration::from_millis(50);

/// Takes all that has come already, without waiting, and gives what was neither typed nor pasted.
///
/// It asks with the waker of the task that runs it: a terminal's stream keeps the waker that it was asked with, and
/// asked with one that wakes nobody it would be silent from then on.
pub async fn drop_typed(events: &mut (impl Stream<Item = Event> + Unpin)) -> Vec<Event> {
    poll_fn(|context| {
        let mut rest = Vec::new();
        while let Poll::Ready(Some(event)) = events.poll_next_unpin(context) {
            if !matches!(event, Event::Key(_) | Event::Paste(_)) {
                rest.push(event);
            }
        }
        Poll::Ready(rest)
    })
    .await
}

/// The rejoiner: events in, inputs out.
#[derive(Debug, Default)]
pub struct Rejoin {
    /// Esc and what came after it, and when the Esc came.
    held: Vec<KeyEvent>,
    since: Option<Duration>,
}

impl Rejoin {
    /// When [`Self::expire`] must be called, if anything is held.
    pub fn deadline(&self) -> Option<Duration> {
        self.since.map(|since| since + ESC_HOLD)
    }

    /// Takes a terminal event at a time (since start).
    pub fn on_event(&mut self, event: Event, at: Duration) -> Vec<Input> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Event::Key(key) => self.on_key(key, at),
            Event::Paste(text) => self.flush_then(Input::Paste(text)),
            Event::Resize(columns, rows) => self.flush_then(Input::Resize(columns, rows)),
            _ => Vec::new(),
        }
    }

    /// Nothing followed in time: what was held is what it looked like.
    pub fn expire(&mut self) -> Vec<Input> {
        self.since = None;
        std::mem::take(&mut self.held).into_iter().map(Input::Key).collect()
    }

    fn flush_then(&mut self, input: Input) -> Vec<Input> {
        let mut inputs = self.expire();
        inputs.push(input);
        inputs
    }

    fn on_key(&mut self, key: KeyEvent, at: Duration) -> Vec<Input> {
        let plain = key.modifiers == KeyModifiers::NONE || key.modifiers == KeyModifiers::SHIFT;
        match (self.held.len(), key.code) {
            (0, KeyCode::Esc) if key.modifiers == KeyModifiers::NONE => {
                self.held.push(key);
                self.since = Some(at);
                Vec::new()
            }
            (0, _) => vec![Input::Key(key)],
            (1, KeyCode::Char('[' | 'O')) if plain => {
                self.held.push(key);
                Vec::new()
            }
            (2, KeyCode::Char(c)) if plain => match sequence(c) {
                Some(code) => {
                    self.held.clear();
                    self.since = None;
                    vec![Input::Key(KeyEvent::new(code, KeyModifiers::NONE))]
                }
                None => self.flush_then(Input::Key(key)),
            },
            _ => self.flush_then(Input::Key(key)),
        }
    }
}

/// The key of `ESC [ c` or `ESC O c`.
fn sequence(c: char) -> Option<KeyCode> {
    Some(match c {
        'A' => KeyCode::Up,
        'B' => KeyCode::Down,
        'C' => KeyCode::Right,
        'D' => KeyCode::Left,
        'H' => KeyCode::Home,
        'F' => KeyCode::End,
        'Z' => KeyCode::BackTab,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> Event {
        Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn codes(inputs: &[Input]) -> Vec<KeyCode> {
        inputs.iter().filter_map(|i| if let Input::Key(k) = i { Some(k.code) } else { None }).collect()
    }

    #[test]
    fn a_split_arrow_is_one_key() {
        let mut rejoin = Rejoin::default();
        let at = Duration::from_millis(100);
        assert!(rejoin.on_event(key(KeyCode::Esc), at).is_empty());
        assert_eq!(rejoin.deadline(), Some(at + ESC_HOLD));
        assert!(rejoin.on_event(key(KeyCode::Char('[')), at).is_empty());
        assert_eq!(codes(&rejoin.on_event(key(KeyCode::Char('A')), at)), [KeyCode::Up]);
        assert_eq!(rejoin.deadline(), None);
    }

    #[test]
    fn a_lone_esc_comes_after_the_hold_and_other_keys_release_it() {
        let mut rejoin = Rejoin::default();
        rejoin.on_event(key(KeyCode::Esc), Duration::ZERO);
        assert_eq!(codes(&rejoin.expire()), [KeyCode::Esc]);
        rejoin.on_event(key(KeyCode::Esc), Duration::ZERO);
        assert_eq!(
            codes(&rejoin.on_event(key(KeyCode::Char('j')), Duration::ZERO)),
            [KeyCode::Esc, KeyCode::Char('j')]
        );
        rejoin.on_event(key(KeyCode::Esc), Duration::ZERO);
        rejoin.on_event(key(KeyCode::Char('[')), Duration::ZERO);
        let all = codes(&rejoin.on_event(key(KeyCode::Char('q')), Duration::ZERO));
        assert_eq!(all, [KeyCode::Esc, KeyCode::Char('['), KeyCode::Char('q')]);
    }
}
