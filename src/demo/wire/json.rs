//! JSON as AWS speaks it in JSON 1.0, JSON 1.1, REST-JSON and event payloads.
//!
//! Times are seconds since 1970 with milliseconds. Encoding writes straight from the value tree; the
//! protocol's headers belong to `mod.rs`.

use super::value::Value;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;

/// Reads a request body; an empty body is an empty structure.
pub fn decode(body: &[u8]) -> Result<Value, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::empty());
    }
    serde_json::from_slice(body).map(convert).map_err(|error| error.to_string())
}

/// Writes a value as JSON bytes.
pub fn encode(value: &Value) -> Vec<u8> {
    // A tree of text keys and plain scalars has no way to fail.
    serde_json::to_vec(&Json(value)).unwrap_or_default()
}

fn convert(value: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or(f64::NAN)), Value::Int)
        }
        Json::String(text) => Value::Text(Cow::Owned(text)),
        Json::Array(items) => Value::List(items.into_iter().map(convert).collect()),
        Json::Object(members) => {
            Value::Map(members.into_iter().map(|(key, value)| (Cow::Owned(key), convert(value))).collect())
        }
    }
}

struct Json<'a>(&'a Value);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Time(time) => serializer.serialize_f64(time.as_millisecond() as f64 / 1000.0),
            Value::List(items) => serializer.collect_seq(items.iter().map(Json)),
            Value::Map(members) => {
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in members.iter().filter(|(_, value)| *value != Value::Null) {
                    map.serialize_entry(key, &Json(value))?;
                }
                map.end()
            }
        }
    }
}
