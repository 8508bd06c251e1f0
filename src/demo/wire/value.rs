//! One value tree for every protocol: requests are decoded into it, answers are built in it.
//!
//! A handler never knows which protocol asked. Scalars are read leniently (a number may arrive as
//! text in Query, a time as seconds, as text or as a CBOR tag) and written strictly. It must not
//! know any operation.

use jiff::Timestamp;
use std::borrow::Cow;

/// A protocol-neutral value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Left out of maps when encoded.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number the model calls float or double, so `20` is written `20.0`.
    Float(f64),
    /// Text.
    Text(Cow<'static, str>),
    /// A point in time, written as each protocol writes times.
    Time(Timestamp),
    /// A list.
    List(Vec<Value>),
    /// A structure or map, in writing order.
    Map(Vec<(Cow<'static, str>, Value)>),
}

/// A structure from its members; members without a value are left out.
pub fn object<const N: usize>(members: [(&'static str, Value); N]) -> Value {
    let present = members.into_iter().filter(|(_, value)| *value != Value::Null);
    Value::Map(present.map(|(name, value)| (Cow::Borrowed(name), value)).collect())
}

/// A list of anything that becomes a value.
pub fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::List(items.into_iter().map(Into::into).collect())
}

impl Value {
    /// The structure without members.
    pub fn empty() -> Self {
        Self::Map(Vec::new())
    }

    /// A structure with one more member.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if let (Self::Map(members), false) = (&mut self, value == Self::Null) {
            members.push((Cow::Borrowed(name), value));
        }
        self
    }

    /// The member of this name, when it is there and not null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(key, value)| key == name && *value != Self::Null).map(|(_, value)| value)
    }

    /// This value as text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A text member; empty text counts as absent, as AWS treats it.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text().filter(|text| !text.is_empty())
    }

    /// A whole-number member.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Self::Int(number) => Some(*number),
            Self::Float(number) if number.fract() == 0.0 => Some(*number as i64),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A true-or-false member.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Self::Bool(flag) => Some(*flag),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A time member: a time, seconds since 1970, or ISO 8601 text.
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        match self.get(name)? {
            Self::Time(time) => Some(*time),
            Self::Int(seconds) => Timestamp::from_second(*seconds).ok(),
            Self::Float(seconds) => seconds_to_time(*seconds),
            Self::Text(text) => text.parse().ok().or_else(|| text.parse().ok().and_then(seconds_to_time)),
            _ => None,
        }
    }

    /// A list member; nothing when absent.
    pub fn list(&self, name: &str) -> &[Value] {
        if let Some(Self::List(items)) = self.get(name) { items } else { &[] }
    }

    /// A list member's texts.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name).iter().filter_map(Value::as_text).collect()
    }
}

/// Seconds since 1970, to the millisecond.
pub fn seconds_to_time(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    if millis.is_finite() { Timestamp::from_millisecond(millis as i64).ok() } else { None }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $build:expr;)*) => {
        $(impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $build
            }
        })*
    };
}

from! {
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Int(value);
    i32 => |value| Self::Int(value.into());
    u32 => |value| Self::Int(value.into());
    u64 => |value| Self::Int(i64::try_from(value).unwrap_or(i64::MAX));
    usize => |value| Self::Int(i64::try_from(value).unwrap_or(i64::MAX));
    f64 => |value| Self::Float(value);
    &'static str => |value| Self::Text(Cow::Borrowed(value));
    String => |value| Self::Text(Cow::Owned(value));
    &String => |value| Self::Text(Cow::Owned(value.clone()));
    Timestamp => |value| Self::Time(value);
    Vec<Value> => |value| Self::List(value);
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
