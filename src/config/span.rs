//! A length of time as written in the config: `30s`, `5m`, `1h30m`, `1d`, `1w`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Units from the largest, in seconds.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

impl Span {
    /// A span of this many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The span as a duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no length of time; write it like 30s, 5m, 1h30m, 1d");
        let mut seconds = 0u64;
        let mut number = None::<u64>;
        for c in text.chars() {
            if let Some(digit) = c.to_digit(10) {
                let grown = number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(digit.into()));
                number = Some(grown.ok_or_else(wrong)?);
                continue;
            }
            let (_, unit) = UNITS.iter().find(|(name, _)| *name == c).ok_or_else(wrong)?;
            let part = number.take().and_then(|n| n.checked_mul(*unit));
            seconds = part.and_then(|part| seconds.checked_add(part)).ok_or_else(wrong)?;
        }
        if text.is_empty() || number.is_some() { Err(wrong()) } else { Ok(Self::seconds(seconds)) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_secs();
        if left == 0 {
            return f.write_str("0s");
        }
        for (name, unit) in UNITS {
            if left >= unit {
                write!(f, "{}{name}", left / unit)?;
                left %= unit;
            }
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([0-9]+[wdhms])+$", "examples": ["30s", "1h30m"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        let cases = [
            ("30s", 30, "30s"),
            ("90s", 90, "1m30s"),
            ("1h30m", 5400, "1h30m"),
            ("7d", 604_800, "1w"),
            ("0s", 0, "0s"),
        ];
        for (text, seconds, written) in cases {
            let span: Span = text.parse().unwrap();
            assert_eq!(span, Span::seconds(seconds), "{text}");
            assert_eq!(span.to_string(), written);
        }
        for bad in ["", "30", "s", "30 s", "1.5h", "-1s", "1y", "99999999999999999999s", "9999999999999999w"]
        {
            assert!(bad.parse::<Span>().is_err(), "{bad:?}");
        }
    }
}
