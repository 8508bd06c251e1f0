//! Hiding who a recording is about: account ids and IP addresses become made-up ones.
//!
//! The same id becomes the same made-up id everywhere in a file, so that a replay still joins what belongs
//! together. Twelve digits in a row count as an account id, wherever they stand, ARNs included.

use ciborium::Value;
use std::collections::HashMap;
use std::net::IpAddr;

/// The made-up names given so far.
#[derive(Debug, Default)]
pub struct Mask {
    accounts: HashMap<String, String>,
    addresses: HashMap<IpAddr, String>,
}

impl Mask {
    /// Masks all texts in a value, keys included.
    pub fn value(&mut self, value: &mut Value) {
        match value {
            Value::Text(text) => *text = self.text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::Map(entries) => {
                for (key, value) in entries {
                    self.value(key);
                    self.value(value);
                }
            }
            Value::Tag(_, value) => self.value(value),
            _ => {}
        }
    }

    /// Masks one text.
    pub fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut word = String::new();
        for c in text.chars() {
            // What account ids and addresses are made of.
            if c.is_ascii_alphanumeric() || matches!(c, '.' | ':') {
                word.push(c);
            } else {
                self.word(&word, &mut out);
                word.clear();
                out.push(c);
            }
        }
        self.word(&word, &mut out);
        out
    }

    fn word(&mut self, word: &str, out: &mut String) {
        if word.len() < 3 {
            return out.push_str(word);
        }
        // A port after an IPv4 address, or a full stop after either, is not part of it.
        let bare = word.trim_end_matches(['.', ':']);
        if let Some(masked) = self.address(bare) {
            out.push_str(&masked);
            return out.push_str(word.strip_prefix(bare).unwrap_or_default());
        }
        if let Some((host, port)) = bare.rsplit_once(':')
            && host.contains('.')
            && let Some(masked) = self.address(host)
        {
            out.push_str(&masked);
            out.push(':');
            out.push_str(port);
            return out.push_str(word.strip_prefix(bare).unwrap_or_default());
        }
        let mut digits = String::new();
        for c in word.chars().chain(std::iter::once('\0')) {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            if digits.len() == 12 {
                out.push_str(self.account(&digits));
            } else {
                out.push_str(&digits);
            }
            digits.clear();
            if c != '\0' {
                out.push(c);
            }
        }
    }

    fn address(&mut self, text: &str) -> Option<String> {
        // `::` and times such as 04:19 are no addresses of anybody.
        let address: IpAddr = text.parse().ok()?;
        if address.is_loopback() || address.is_unspecified() {
            return None;
        }
        let number = self.addresses.len() + 1;
        let made_up = self.addresses.entry(address).or_insert_with(|| match address {
            // 198.18.0.0/15 and 2001:db8::/32 are nobody's.
            IpAddr::V4(_) => format!("198.18.{}.{}", (number / 256) % 256, number % 256),
            IpAddr::V6(_) => format!("2001:db8::{number:x}"),
        });
        Some(made_up.clone())
    }

    fn account(&mut self, id: &str) -> &str {
        let number = self.accounts.len() + 1;
        self.accounts.entry(id.to_owned()).or_insert_with(|| format!("{number:012}"))
    }
}
