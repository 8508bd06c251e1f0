//! Keys to verbs, remapped as configured, conflicts refused by name.

use super::action::{ACTIONS, Action};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::collections::BTreeMap;

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    ctrl: bool,
    alt: bool,
}

/// Named keys and what crossterm calls them.
const NAMES: [(&str, KeyCode); 15] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Space", KeyCode::Char(' ')),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
];

/// Keys that belong to terminals and multiplexers: screen and tmux prefixes, flow control.
const RESERVED: [&str; 5] = ["Ctrl-k", "Ctrl-a", "Ctrl-s", "Ctrl-q", "Ctrl-b"];

impl Chord {
    /// Parses `j`, `G`, `Ctrl-d`, `Alt-x`, `Shift-Tab`, `F5`, `Space`.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, ctrl) = text.strip_prefix("Ctrl-").map_or((text, false), |rest| (rest, true));
        let (rest, alt) = rest.strip_prefix("Alt-").map_or((rest, false), |rest| (rest, true));
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => KeyCode::Char(if ctrl { c.to_ascii_lowercase() } else { c }),
            (Some('F'), Some(_)) if rest.len() <= 3 => {
                KeyCode::F(rest.strip_prefix('F')?.parse().ok().filter(|n| (1..=12).contains(n))?)
            }
            _ => NAMES.iter().find(|(name, _)| *name == rest)?.1,
        };
        Some(Self { code, ctrl, alt })
    }

    /// The chord of a key event. Shift is part of the character already.
    pub fn of(key: &KeyEvent) -> Self {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let code = match key.code {
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        Self { code, ctrl, alt: key.modifiers.contains(KeyModifiers::ALT) }
    }
}

impl std::fmt::Display for Chord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.alt {
            f.write_str("Alt-")?;
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(n)) => write!(f, "F{n}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

/// What is wrong with the config's `[keys]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[keys] {action}: {problem}")]
pub struct KeyError {
    /// The verb as named in the config.
    pub action: String,
    /// What is wrong with it: an unknown verb, a key that cannot be read, a reserved key, or a key that two
    /// verbs claim.
    pub problem: String,
}

/// The keys in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    keys: Vec<(Chord, Action)>,
}

impl Keymap {
    /// The defaults with the config's `[keys]` over them: a verb named there loses its default keys.
    ///
    /// # Errors
    /// The first verb of `[keys]` that something is wrong with.
    pub fn new(overrides: &BTreeMap<String, Vec<String>>) -> Result<Self, KeyError> {
        let wrong = |action: &str, problem: String| KeyError { action: action.to_owned(), problem };
        for name in overrides.keys() {
            if Action::by_name(name).is_none() {
                let near = ACTIONS
                    .iter()
                    .map(|info| info.name)
                    .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
                let near = near.unwrap_or_default();
                return Err(wrong(name, format!("there is no such action (did you mean `{near}`?)")));
            }
        }
        let mut keys: Vec<(Chord, Action)> = Vec::new();
        for info in ACTIONS {
            let own = overrides.get(info.name);
            let names: Vec<&str> = match own {
                Some(list) => list.iter().map(String::as_str).collect(),
                None => info.keys.to_vec(),
            };
            for name in names {
                let chord =
                    Chord::parse(name).ok_or_else(|| wrong(info.name, format!("`{name}` is not a key")))?;
                if RESERVED.contains(&name) {
                    return Err(wrong(info.name, format!("{name} belongs to terminals and tmux")));
                }
                if let Some((_, other)) = keys.iter().find(|(taken, _)| *taken == chord) {
                    let other = other.info().name;
                    let problem = format!("{name} is claimed by both `{other}` and `{}`", info.name);
                    // At least one of the two stands in the config: the defaults do not collide.
                    return Err(wrong(if own.is_some() { info.name } else { other }, problem));
                }
                keys.push((chord, info.action));
            }
        }
        Ok(Self { keys })
    }

    /// The verb of a key press.
    pub fn action(&self, key: &KeyEvent) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let chord = Chord::of(key);
        self.keys.iter().find(|(known, _)| *known == chord).map(|(_, action)| *action)
    }

    /// The keys of a verb as shown to people, the first one first.
    pub fn keys(&self, action: Action) -> Vec<String> {
        self.keys.iter().filter(|(_, a)| *a == action).map(|(chord, _)| chord.to_string()).collect()
    }

    /// The first key of a verb, empty when it has none.
    pub fn key(&self, action: Action) -> String {
        self.keys(action).into_iter().next().unwrap_or_default()
    }
}

impl Default for Keymap {
    fn default() -> Self {
        // The defaults are checked by a test; an empty map would only lose keys, never crash.
        Self::new(&BTreeMap::new()).unwrap_or(Self { keys: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        pairs.iter().map(|(k, v)| ((*k).into(), v.iter().map(|s| (*s).into()).collect())).collect()
    }

    #[test]
    fn defaults_have_no_conflict_and_the_table_matches_the_enum() {
        let map = Keymap::new(&BTreeMap::new()).unwrap();
        for (index, info) in ACTIONS.iter().enumerate() {
            assert_eq!(info.action as usize, index);
            assert!(!map.keys(info.action).is_empty(), "{} has no key", info.name);
            for key in map.keys(info.action) {
                assert_eq!(Chord::parse(&key).unwrap().to_string(), key);
            }
        }
    }

    #[test]
    fn remapping_replaces_and_conflicts_are_named() {
        let map = Keymap::new(&overrides(&[("refresh", &["F5"])])).unwrap();
        assert_eq!(map.keys(Action::Refresh), ["F5"]);
        for (pairs, expected) in [
            (overrides(&[("down", &["r"])]), "[keys] down: r is claimed by both `down` and `refresh`"),
            (overrides(&[("refresh", &["j"])]), "[keys] refresh: j is claimed by both `down` and `refresh`"),
            (overrides(&[("refesh", &["F5"])]), "did you mean `refresh`"),
            (overrides(&[("refresh", &["Ctrl-b"])]), "belongs to terminals"),
            (overrides(&[("refresh", &["Hyper-q"])]), "`Hyper-q` is not a key"),
        ] {
            let error = Keymap::new(&pairs).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
