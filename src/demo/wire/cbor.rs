//! CBOR bodies of Smithy's RPC v2: the only protocol the Rust SDK speaks to CloudWatch.
//!
//! Times are tag 1. Encoding writes straight from the value tree; headers belong to `mod.rs`.

use super::value::{Value, seconds_to_time};
use ciborium::tag::Required;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;

const EPOCH_TAG: u64 = 1;

/// Reads a request body; an empty body is an empty structure.
pub fn decode(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(Value::empty());
    }
    let value: ciborium::Value = ciborium::from_reader(body).map_err(|error| error.to_string())?;
    convert(value)
}

/// Writes a value as CBOR bytes.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing into memory has no way to fail; a cut body would be seen by the client at once.
    if ciborium::into_writer(&Cbor(value), &mut bytes).is_err() {
        bytes.clear();
    }
    bytes
}

fn convert(value: ciborium::Value) -> Result<Value, String> {
    use ciborium::Value as Cbor;
    Ok(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(flag) => Value::Bool(flag),
        Cbor::Integer(number) => Value::Int(i64::try_from(number).map_err(|error| error.to_string())?),
        Cbor::Float(number) => Value::Float(number),
        Cbor::Text(text) => Value::Text(Cow::Owned(text)),
        Cbor::Tag(EPOCH_TAG, inner) => {
            let seconds = match *inner {
                Cbor::Integer(number) => i64::try_from(number).map_err(|error| error.to_string())? as f64,
                Cbor::Float(number) => number,
                _ => return Err("a time must be a number of seconds".into()),
            };
            Value::Time(seconds_to_time(seconds).ok_or("a time is out of range")?)
        }
        Cbor::Array(items) => Value::List(items.into_iter().map(convert).collect::<Result<_, _>>()?),
        Cbor::Map(members) => {
            let member = |(key, value)| match key {
                Cbor::Text(key) => Ok((Cow::Owned(key), convert(value)?)),
                _ => Err(String::from("a member name must be text")),
            };
            Value::Map(members.into_iter().map(member).collect::<Result<_, _>>()?)
        }
        other => return Err(format!("unexpected CBOR value {other:?}")),
    })
}

struct Cbor<'a>(&'a Value);

impl Serialize for Cbor<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Time(time) => {
                Required::<f64, EPOCH_TAG>(time.as_millisecond() as f64 / 1000.0).serialize(serializer)
            }
            Value::List(items) => {
                // A definite length: `collect_seq` over a filtered iterator would lose it.
                serializer.collect_seq(items.iter().map(Cbor))
            }
            Value::Map(members) => {
                let present = || members.iter().filter(|(_, value)| *value != Value::Null);
                let mut map = serializer.serialize_map(Some(present().count()))?;
                for (key, value) in present() {
                    map.serialize_entry(key, &Cbor(value))?;
                }
                map.end()
            }
        }
    }
}
