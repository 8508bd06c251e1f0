//! Keys as text, for `snapshot --keys` and tests: `jj<Enter>`, `<Ctrl-d>`, `<Space>`.
//!
//! One character is one key; a name in angle brackets is one key, named as in the config; spaces between keys
//! mean nothing. A bare name between spaces (`j j Enter`) is understood too.

use crate::app::Input;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Names of keys that are no character.
const NAMES: [(&str, KeyCode); 17] = [
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
    ("lt", KeyCode::Char('<')),
    ("gt", KeyCode::Char('>')),
];

/// The keys in a text, in order.
///
/// # Errors
/// A sentence that names what is no key.
pub fn parse(text: &str) -> Result<Vec<Input>, String> {
    let mut keys = Vec::new();
    for word in text.split_whitespace() {
        if let Some(key) = named(word) {
            keys.push(key);
            continue;
        }
        let mut rest = word;
        while let Some(c) = rest.chars().next() {
            let bracketed = rest.strip_prefix('<').and_then(|inner| inner.split_once('>'));
            rest = match bracketed {
                // `<` alone is the key that goes earlier in time.
                Some((name, after)) if !name.is_empty() && !name.contains('<') => {
                    keys.push(
                        named(name)
                            .or_else(|| single(name))
                            .ok_or_else(|| format!("`<{name}>` is not a key"))?,
                    );
                    after
                }
                _ => {
                    keys.push(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
                    rest.strip_prefix(c).unwrap_or_default()
                }
            };
        }
    }
    Ok(keys.into_iter().map(Input::Key).collect())
}

fn single(name: &str) -> Option<KeyEvent> {
    let mut chars = name.chars();
    let c = chars.next()?;
    chars.next().is_none().then(|| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
}

fn named(name: &str) -> Option<KeyEvent> {
    let modified = [("Ctrl-", KeyModifiers::CONTROL), ("Alt-", KeyModifiers::ALT)];
    for (prefix, modifiers) in modified {
        if let Some(key) = name.strip_prefix(prefix) {
            let mut key = named(key).or_else(|| single(key))?;
            key.modifiers |= modifiers;
            return Some(key);
        }
    }
    let function = name.strip_prefix('F').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n));
    let code = NAMES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code);
    code.or(function.map(KeyCode::F)).map(|code| KeyEvent::new(code, KeyModifiers::NONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<(KeyCode, KeyModifiers)> {
        let keys = parse(text).unwrap();
        keys.into_iter()
            .map(|input| if let Input::Key(key) = input { (key.code, key.modifiers) } else { panic!() })
            .collect()
    }

    #[test]
    fn keys_are_read_in_both_spellings() {
        let none = KeyModifiers::NONE;
        let j = (KeyCode::Char('j'), none);
        let enter = (KeyCode::Enter, none);
        let cases: [(&str, Vec<_>); 9] = [
            ("", vec![]),
            ("jj<Enter>", vec![j, j, enter]),
            ("j j Enter", vec![j, j, enter]),
            ("3j", vec![(KeyCode::Char('3'), none), j]),
            ("<Ctrl-d>", vec![(KeyCode::Char('d'), KeyModifiers::CONTROL)]),
            ("<Space><j>", vec![(KeyCode::Char(' '), none), j]),
            ("<", vec![(KeyCode::Char('<'), none)]),
            ("< >", vec![(KeyCode::Char('<'), none), (KeyCode::Char('>'), none)]),
            ("<F5>é", vec![(KeyCode::F(5), none), (KeyCode::Char('é'), none)]),
        ];
        for (text, expected) in cases {
            assert_eq!(codes(text), expected, "{text}");
        }
        assert_eq!(parse("j<Entr>").unwrap_err(), "`<Entr>` is not a key");
    }
}
