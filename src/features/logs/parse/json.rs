//! JSON lines: what is recognised on entry, one field for a filter, the one-line summary, the pretty
//! text for the detail view.
//!
//! Decoding can bring escape sequences back (`\u001b` is harmless until decoded), so every decoded string
//! is sanitized again here. Pretty printing only moves white space: numbers stay as they were written.

use super::trace;
use crate::features::logs::model::{Level, TraceId};
use crate::text::sanitize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Objects below this depth are not searched for trace ids.
const MAX_DEPTH: u8 = 3;
const TRACE_KEYS: [&str; 6] =
    ["trace_id", "traceId", "xray_trace_id", "xrayTraceId", "X-Amzn-Trace-Id", "traceparent"];
const LEVEL_KEYS: [&str; 8] =
    ["level", "severity", "lvl", "log.level", "levelname", "loglevel", "severityText", "severity_text"];
const MESSAGE_KEYS: [&str; 5] = ["msg", "message", "@message", "event", "body"];
const TIME_KEYS: [&str; 6] = ["time", "timestamp", "ts", "@timestamp", "asctime", "datetime"];
/// Shown right after the message, in this order; the others follow as written.
const FIRST_FIELDS: [&str; 12] = [
    "error",
    "err",
    "exception",
    "status",
    "statusCode",
    "method",
    "path",
    "route",
    "url",
    "duration_ms",
    "latency_ms",
    "duration",
];
/// Characters of one field's value in the summary.
const VALUE_CHARS: usize = 120;
/// Fields in the summary; the detail view has all.
const MAX_FIELDS: usize = 24;

/// What a JSON line says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its level.
    pub level: Option<Level>,
    /// Its trace id, from one of the known keys.
    pub trace: Option<TraceId>,
}

/// The value of one field.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A string, decoded and *not* sanitized: for comparing.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// `null`.
    Null,
    /// An object or a list.
    Nested,
}

/// A JSON line in one line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The message field's first line; empty when there is none.
    pub message: String,
    /// Lines of the message field that follow the first.
    pub more_lines: usize,
    /// The other fields, important ones first. Time, level and trace are left out: they have columns.
    pub fields: Vec<(String, String)>,
}

/// Whether text can be an object at all: saves parsing every text line.
fn looks_like_object(text: &str) -> bool {
    let text = text.trim_ascii();
    text.starts_with('{') && text.ends_with('}')
}

fn walk<'de, V>(text: &'de str, visitor: V) -> Option<()>
where
    V: DeserializeSeed<'de, Value = ()>,
{
    if !looks_like_object(text) {
        return None;
    }
    let mut json = serde_json::Deserializer::from_str(text);
    visitor.deserialize(&mut json).ok()?;
    json.end().ok()
}

/// Level and trace of a JSON object; `None` when `text` is not exactly one.
pub fn scan(text: &str) -> Option<Found> {
    let mut found = Found::default();
    walk(text, Scan { found: &mut found, depth: 0, key: Key::Other })?;
    Some(found)
}

/// The value at a dotted path; keys that contain dots themselves are found too.
pub fn field(text: &str, path: &str) -> Option<Scalar> {
    let mut value = None;
    walk(text, Find { value: &mut value, path: Some(path) })?;
    value
}

#[derive(Clone, Copy, PartialEq)]
enum Key {
    Level,
    Trace,
    Log,
    Other,
}

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl Visitor<'_> for Keys {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(match key {
                    "log" => Key::Log,
                    _ if LEVEL_KEYS.contains(&key) => Key::Level,
                    _ if TRACE_KEYS.contains(&key) => Key::Trace,
                    _ => Key::Other,
                })
            }
        }
        deserializer.deserialize_str(Keys)
    }
}

/// Walks an object without building it, keeping only level and trace.
struct Scan<'a> {
    found: &'a mut Found,
    depth: u8,
    key: Key,
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        match self.key {
            Key::Level if self.found.level.is_none() => self.found.level = Level::from_word(text.trim()),
            Key::Trace if self.found.trace.is_none() => self.found.trace = trace::in_value(text),
            _ => {}
        }
        Ok(())
    }

    /// pino and bunyan write 10, 20, … 60.
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        if self.key == Key::Level && self.found.level.is_none() && number.is_multiple_of(10) {
            let at = usize::try_from(number / 10).unwrap_or(0);
            self.found.level = at.checked_sub(1).and_then(|at| Level::ALL.get(at)).copied();
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.depth >= MAX_DEPTH {
            return IgnoredAny.visit_map(map).map(drop);
        }
        // A level deeper down is somebody else's, except in ECS's `"log": {"level": …}`.
        let level_counts = self.depth == 0 || self.key == Key::Log;
        while let Some(key) = map.next_key::<Key>()? {
            let key = if key == Key::Level && !level_counts { Key::Other } else { key };
            map.next_value_seed(Scan { found: &mut *self.found, depth: self.depth + 1, key })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        IgnoredAny.visit_seq(seq).map(drop)
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Walks an object without building it, keeping only one value. Below the path it is `Some("")`, off
/// the path `None`.
struct Find<'a> {
    value: &'a mut Option<Scalar>,
    path: Option<&'a str>,
}

impl Find<'_> {
    /// Keeps the value when the path ends here.
    fn set(self, value: Scalar) {
        if self.path == Some("") && self.value.is_none() {
            *self.value = Some(value);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_none() {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

/// What of `path` is left below a key: `None` when the key is not on it.
struct Below<'a>(&'a str);

impl<'de, 'a> DeserializeSeed<'de> for Below<'a> {
    type Value = Option<&'a str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Below<'a> {
    type Value = Option<&'a str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self
            .0
            .strip_prefix(key)
            .and_then(|rest| if rest.is_empty() { Some("") } else { rest.strip_prefix('.') }))
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.set(Scalar::Text(text.to_owned()));
        Ok(())
    }
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.set(Scalar::Bool(value));
        Ok(())
    }
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.set(Scalar::Number(number as f64));
        Ok(())
    }
    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.set(Scalar::Number(number as f64));
        Ok(())
    }
    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.set(Scalar::Number(number));
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.set(Scalar::Null);
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        IgnoredAny.visit_seq(seq)?;
        self.set(Scalar::Nested);
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let path = match self.path {
            Some(path) if !path.is_empty() => path,
            _ => {
                IgnoredAny.visit_map(map)?;
                self.set(Scalar::Nested);
                return Ok(());
            }
        };
        while let Some(below) = map.next_key_seed(Below(path))? {
            map.next_value_seed(Find { value: &mut *self.value, path: below })?;
        }
        Ok(())
    }
}

/// The one-line form of a JSON line; `None` when it is not an object.
pub fn summary(text: &str) -> Option<Summary> {
    if !looks_like_object(text) {
        return None;
    }
    let Ok(Value::Object(mut object)) = serde_json::from_str(text) else { return None };
    let mut summary = Summary::default();
    if let Some(key) = MESSAGE_KEYS.into_iter().find(|key| object.get(*key).is_some_and(Value::is_string))
        && let Some(Value::String(message)) = object.shift_remove(key)
    {
        let mut lines = message.lines();
        summary.message = sanitize(lines.next().unwrap_or_default()).into_owned();
        summary.more_lines = lines.count();
    }
    let known = LEVEL_KEYS.iter().chain(&TIME_KEYS).chain(&TRACE_KEYS);
    known.for_each(|key| drop(object.shift_remove(*key)));
    let first: Vec<_> = FIRST_FIELDS.into_iter().filter_map(|key| object.shift_remove_entry(key)).collect();
    summary.fields = first
        .into_iter()
        .chain(object)
        .take(MAX_FIELDS)
        .map(|(key, value)| (sanitize(&key).into_owned(), short(&value)))
        .collect();
    Some(summary)
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(VALUE_CHARS) {
        Some((cut, _)) => format!("{}…", sanitize(text.get(..cut).unwrap_or_default())),
        None => sanitize(&text).into_owned(),
    }
}

/// The same JSON, indented by two. Only white space outside strings changes.
pub fn pretty(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut chars = text.trim_ascii().chars().peekable();
    let newline = |out: &mut String, depth: usize| {
        out.push('\n');
        // Deep nesting must not turn a line of brackets into megabytes of spaces.
        out.extend(std::iter::repeat_n("  ", depth.min(32)));
    };
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.peek().is_some_and(char::is_ascii_whitespace) {
                    chars.next();
                }
                if chars.peek().is_some_and(|next| matches!(next, '}' | ']')) {
                    out.extend(chars.next());
                } else {
                    depth += 1;
                    newline(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                newline(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                newline(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_and_trace_by_key() {
        let id = "67a1b2c30123456789abcdef01234567";
        for (line, level, traced) in [
            (r#"{"level":"ERROR"}"#.to_owned(), Some(Level::Error), false),
            (r#"{"severity":"Warning"}"#.to_owned(), Some(Level::Warn), false),
            (r#"{"lvl":50,"level":"x"}"#.to_owned(), Some(Level::Error), false),
            (r#"{"level":35}"#.to_owned(), None, false),
            (r#"{"log":{"level":"fatal"}}"#.to_owned(), Some(Level::Fatal), false),
            (r#"{"log.level":"info"}"#.to_owned(), Some(Level::Info), false),
            (r#"{"a":{"level":"info"}}"#.to_owned(), None, false),
            (format!(r#"{{"a":{{"b":{{"traceId":"{id}"}}}}}}"#), None, true),
            (format!(r#"{{"a":{{"b":{{"c":{{"traceId":"{id}"}}}}}}}}"#), None, false),
            (r#"{"trace_id":"none"}"#.to_owned(), None, false),
            (r#"{"trace_id":null,"level":["x"],"n":-1,"f":1.5,"b":true}"#.to_owned(), None, false),
        ] {
            let found = scan(&line).unwrap_or_else(|| panic!("not JSON: {line}"));
            assert_eq!((found.level, found.trace.is_some()), (level, traced), "{line}");
        }
        for text in ["", "{", "{}x", "[1]", "{\"a\":1} {\"b\":2}", "text {}", "\"s\""] {
            assert_eq!(scan(text), None, "{text}");
        }
    }

    #[test]
    fn one_field() {
        let line = r#"{"status":502,"http":{"path":"/pay","a.b":true},"x.y":null,"l":[1],"s":"1"}"#;
        for (path, expected) in [
            ("status", Some(Scalar::Number(502.0))),
            ("http.path", Some(Scalar::Text("/pay".into()))),
            ("http.a.b", Some(Scalar::Bool(true))),
            ("x.y", Some(Scalar::Null)),
            ("http", Some(Scalar::Nested)),
            ("l", Some(Scalar::Nested)),
            ("path", None),
            ("stat", None),
            ("status.more", None),
        ] {
            assert_eq!(field(line, path), expected, "{path}");
        }
    }

    #[test]
    fn summaries_show_the_message_then_what_matters() {
        let line = r#"{"ts":1,"level":"error","user":"u1","msg":"no\nconnection\n","status":502,"error":{"a":1},"traceId":"x"}"#;
        let summary = summary(line).unwrap();
        assert_eq!((summary.message.as_str(), summary.more_lines), ("no", 1));
        let fields: Vec<_> = summary.fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(fields, ["error={\"a\":1}", "status=502", "user=u1"]);
    }

    #[test]
    fn decoded_escapes_do_not_come_back() {
        let line = r#"{"msg":"a\u001b[31mb","\u001bk":"v\u009b1m"}"#;
        let summary = summary(line).unwrap();
        let all = format!("{summary:?}{}", pretty(line));
        assert!(!all.chars().any(|c| c.is_control() && c != '\n'), "{all:?}");
    }

    #[test]
    fn pretty_changes_white_space_only() {
        let line = r#"{"a":1.50,"b":[],"c":[1,{"d":"x, \"y\": {"}],"big":12345678901234567890123}"#;
        let expected = "{\n  \"a\": 1.50,\n  \"b\": [],\n  \"c\": [\n    1,\n    {\n      \"d\": \"x, \\\"y\\\": {\"\n    }\n  ],\n  \"big\": 12345678901234567890123\n}";
        assert_eq!(pretty(line), expected);
        assert_eq!(pretty(&pretty(line)), expected);
    }
}
