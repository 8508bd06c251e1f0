//! What is remembered between runs, per target: the last pane, window and log groups.
//!
//! Pure over the state file's text. A file that cannot be read is forgotten, never an error: nothing in it
//! is worth a start that fails. Names in it are not trusted; who uses them looks them up.

use super::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Targets remembered at most; the ones not used for longest go first.
const MAX_TARGETS: usize = 64;
/// Log groups remembered per target at most.
const MAX_GROUPS: usize = 50;

/// The state file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Counts the saves, so that the oldest entries can be found without a clock.
    #[serde(default)]
    saves: u64,
    #[serde(default)]
    target: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Entry {
    #[serde(default)]
    saved: u64,
    #[serde(flatten)]
    remembered: Remembered,
}

/// What is remembered of one target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// Name of the last pane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pane: Option<String>,
    /// Length of the last live window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// The log groups last tailed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_groups: Vec<String>,
}

impl State {
    /// Reads the state file's text; what cannot be read is forgotten.
    pub fn parse(text: &str) -> Self {
        toml::from_str(text).unwrap_or_default()
    }

    /// The text to write.
    pub fn text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// What is remembered of a target.
    pub fn of(&self, target: &str) -> Remembered {
        self.target.get(target).map(|entry| entry.remembered.clone()).unwrap_or_default()
    }

    /// Remembers a target, and says whether anything is different now and worth writing.
    pub fn remember(&mut self, target: &str, mut remembered: Remembered) -> bool {
        remembered.log_groups.truncate(MAX_GROUPS);
        if self.of(target) == remembered {
            return false;
        }
        self.saves += 1;
        self.target.insert(target.to_owned(), Entry { saved: self.saves, remembered });
        while self.target.len() > MAX_TARGETS {
            let oldest =
                self.target.iter().min_by_key(|(_, entry)| entry.saved).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { break };
            self.target.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(pane: &str) -> Remembered {
        Remembered {
            pane: Some(pane.into()),
            window: Some(Span::seconds(10_800)),
            log_groups: vec!["/ecs/checkout".into()],
        }
    }

    #[test]
    fn what_is_remembered_comes_back() {
        let mut state = State::default();
        assert!(state.remember("prod", sample("logs")));
        assert!(!state.remember("prod", sample("logs")), "nothing new, nothing to write");
        let again = State::parse(&state.text());
        assert_eq!(again, state);
        assert_eq!(again.of("prod"), sample("logs"));
        assert_eq!(again.of("other"), Remembered::default());
    }

    #[test]
    fn a_broken_file_is_forgotten() {
        for text in ["", "[target", "target = 3", "[target.prod]\npane = 7"] {
            assert_eq!(State::parse(text), State::default(), "{text}");
        }
        let newer = "[target.prod]\npane = \"logs\"\nzoom = 3\n";
        assert_eq!(State::parse(newer).of("prod").pane.as_deref(), Some("logs"), "unknown keys are ignored");
    }

    #[test]
    fn it_stays_bounded() {
        let mut state = State::default();
        let many = Remembered { log_groups: vec!["g".into(); 500], ..sample("logs") };
        for at in 0..200 {
            state.remember(&format!("t{at}"), many.clone());
        }
        assert_eq!(state.target.len(), MAX_TARGETS);
        assert_eq!(state.of("t199").log_groups.len(), MAX_GROUPS);
        assert_eq!(state.of("t0"), Remembered::default());
    }
}
