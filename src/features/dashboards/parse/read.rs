//! Reading values softly: templates write numbers as strings, people write what they like.
//!
//! [`Props`] hands out the properties of an object one by one; what nobody asked for is left, and what was
//! asked for and not understood becomes a remark. All text is made safe here.

use crate::features::dashboards::model::{Moment, Rgb};
use crate::text::{cap, sanitize, sanitize_block};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// Bytes of a value that a remark shows.
const SHOWN: usize = 40;

/// An object's properties, and what was odd about them.
pub struct Props {
    map: Map<String, Value>,
    /// One line each.
    pub remarks: Vec<String>,
}

impl Props {
    /// Those of an object; of anything else none, with a remark.
    pub fn new(value: Option<Value>, what: &str) -> Self {
        match value {
            Some(Value::Object(map)) => Self { map, remarks: Vec::new() },
            None | Some(Value::Null) => Self { map: Map::new(), remarks: Vec::new() },
            Some(other) => {
                let remarks = vec![format!("{what} is not an object: {}", shown(&other))];
                Self { map: Map::new(), remarks }
            }
        }
    }

    /// Takes a property as it is. `null` counts as absent.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        // The order of what is left stays as it was written.
        self.map.shift_remove(key).filter(|value| !value.is_null())
    }

    /// Takes a property and reads it; what cannot be read is remarked on.
    pub fn read<T>(&mut self, key: &str, what: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = self.take(key)?;
        let result = read(&value);
        if result.is_none() {
            self.remarks.push(format!("{key}: not {what}: {}", shown(&value)));
        }
        result
    }

    /// Takes one line of text.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.read(key, "a text", text)
    }

    /// Takes a number.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        self.read(key, "a number", number)
    }

    /// Takes a whole number that fits.
    pub fn whole<T: TryFrom<i64>>(&mut self, key: &str) -> Option<T> {
        self.read(key, "a whole number", |value| T::try_from(whole(value)?).ok())
    }

    /// Takes yes or no.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        self.read(key, "true or false", flag)
    }

    /// Takes an AWS region's name. Whatever looks otherwise must not become part of a host name.
    pub fn region(&mut self, key: &str) -> Option<String> {
        self.read(key, "a region", region)
    }

    /// Takes a list; one thing alone counts as a list of one.
    pub fn list(&mut self, key: &str) -> Vec<Value> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(list)) => list,
            Some(single) => vec![single],
        }
    }

    /// Takes an object inside.
    pub fn inner(&mut self, key: &str) -> Self {
        Self::new(self.take(key), key)
    }

    /// Remarks of an object inside, under its name.
    pub fn absorb(&mut self, key: &str, inner: Self) {
        self.remarks.extend(inner.remarks.into_iter().map(|remark| format!("{key}: {remark}")));
    }

    /// What nobody asked for, made safe, and the remarks.
    pub fn rest(self) -> (Map<String, Value>, Vec<String>) {
        (self.map.into_iter().map(|(key, value)| (line(&key), clean(value))).collect(), self.remarks)
    }
}

/// A value as a remark shows it: safe and short.
pub fn shown(value: &Value) -> String {
    let text = value.to_string();
    let (start, more) = cap(&text, SHOWN);
    let more = if more > 0 { "…" } else { "" };
    format!("{}{more}", sanitize(start))
}

/// One safe line.
pub fn line(text: &str) -> String {
    sanitize(text).into_owned()
}

/// Safe lines.
pub fn block(text: &str) -> String {
    sanitize_block(text).into_owned()
}

fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(block(&text)),
        Value::Array(list) => list.into_iter().map(clean).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (line(&key), clean(value))).collect(),
        other => other,
    }
}

/// One line of text; numbers and flags as they are written.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(line(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A finite number, also in a string.
pub fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A whole number, also in a string or with a zero fraction.
pub fn whole(value: &Value) -> Option<i64> {
    let number = number(value)?;
    (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn region(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let fits = (6..=32).contains(&text.len())
        && text.contains('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    fits.then(|| text.to_owned())
}

/// `#1f77b4` or `#abc`.
pub fn color(value: &Value) -> Option<Rgb> {
    let digits = value.as_str()?.trim().strip_prefix('#')?;
    let digits: Vec<u8> =
        digits.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    match digits.as_slice() {
        [r, g, b] => Some(Rgb(r * 17, g * 17, b * 17)),
        [r1, r2, g1, g2, b1, b2] => Some(Rgb(r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2)),
        _ => None,
    }
}

/// `-PT3H`, `P0D`, or a time.
pub fn moment(value: &Value) -> Option<Moment> {
    let text = value.as_str()?.trim();
    match duration(text.strip_prefix('-').unwrap_or(text)) {
        Some(seconds) => Some(Moment::Ago(seconds)),
        None => time(text).map(Moment::At),
    }
}

/// An ISO 8601 duration in seconds; a month counts 30 days, a year 365.
fn duration(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P')?;
    let (mut seconds, mut digits, mut in_time) = (0_i64, String::new(), false);
    for c in rest.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match (c, in_time) {
            ('T', false) if digits.is_empty() => {
                in_time = true;
                continue;
            }
            ('Y', false) => 365 * 86_400,
            ('M', false) => 30 * 86_400,
            ('W', false) => 7 * 86_400,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        let count: i64 = digits.parse().ok()?;
        digits.clear();
        seconds = seconds.checked_add(count.checked_mul(unit)?)?;
    }
    // Nothing is kept longer than 455 days; ten years leave room for arithmetic.
    (digits.is_empty() && !rest.is_empty() && seconds <= 3_650 * 86_400).then_some(seconds)
}

/// An ISO 8601 time; without a zone it is UTC.
pub fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<DateTime>().ok().and_then(civil))
        .or_else(|| text.parse::<Date>().ok().and_then(|day| civil(day.at(0, 0, 0, 0))))
}

/// `+0130` in minutes east of UTC; `UTC` is zero.
pub fn timezone(value: &Value) -> Option<i32> {
    let text = value.as_str()?.trim();
    if text.eq_ignore_ascii_case("UTC") {
        return Some(0);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: Vec<i32> = text
        .chars()
        .skip(1)
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(10).map(|d| d as i32))
        .collect::<Option<_>>()?;
    match digits.as_slice() {
        [h1, h2, m1, m2] => {
            let minutes = (h1 * 10 + h2) * 60 + m1 * 10 + m2;
            (minutes < 24 * 60).then_some(sign * minutes)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_and_times() {
        for (text, expected) in [
            ("-PT5M", Some(Moment::Ago(300))),
            ("-PT336H", Some(Moment::Ago(336 * 3_600))),
            ("-P1W", Some(Moment::Ago(604_800))),
            ("-P3M", Some(Moment::Ago(90 * 86_400))),
            ("-P1DT2H30M", Some(Moment::Ago(86_400 + 9_000))),
            ("P0D", Some(Moment::Ago(0))),
            ("2018-12-17T06:00:00.000Z", Some(Moment::At("2018-12-17T06:00:00Z".parse().unwrap()))),
            ("2018-12-17T06:00:00", Some(Moment::At("2018-12-17T06:00:00Z".parse().unwrap()))),
            ("2018-12-17", Some(Moment::At("2018-12-17T00:00:00Z".parse().unwrap()))),
            ("-P", None),
            ("-PT", Some(Moment::Ago(0))),
            ("-P5", None),
            ("-PT5D", None),
            ("-P99999999999999999999D", None),
            ("-P9999Y", None),
            ("yesterday", None),
        ] {
            assert_eq!(moment(&json!(text)), expected, "{text}");
        }
    }

    #[test]
    fn colours_zones_and_regions() {
        assert_eq!(color(&json!("#d62728")), Some(Rgb(0xd6, 0x27, 0x28)));
        assert_eq!(color(&json!("#aAa")), Some(Rgb(0xaa, 0xaa, 0xaa)));
        for wrong in ["red", "#12345", "#ggg", ""] {
            assert_eq!(color(&json!(wrong)), None, "{wrong}");
        }
        assert_eq!(timezone(&json!("+0130")), Some(90));
        assert_eq!(timezone(&json!("-08:00")), Some(-480));
        assert_eq!(timezone(&json!("UTC")), Some(0));
        for wrong in ["0130", "+1", "+9900", "LMT"] {
            assert_eq!(timezone(&json!(wrong)), None, "{wrong}");
        }
        assert_eq!(region(&json!("us-gov-west-1")).as_deref(), Some("us-gov-west-1"));
        for wrong in ["${AWS::Region}", "evil.example/#", "x", "eu-west-2.evil"] {
            assert_eq!(region(&json!(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_as_strings_are_numbers_and_the_rest_is_remarked_on() {
        let body = json!({"a": "80", "b": 1.5, "c": "many", "d": [1], "e": null, "f": "6.0", "kept": {"x": "\u{1b}[31my"}});
        let mut props = Props::new(Some(body), "properties");
        assert_eq!(props.number("a"), Some(80.0));
        assert_eq!(props.whole::<u16>("f"), Some(6));
        assert_eq!(props.whole::<u16>("b"), None);
        assert_eq!((props.number("c"), props.number("d"), props.number("e")), (None, None, None));
        let (rest, remarks) = props.rest();
        assert_eq!(rest, json!({"kept": {"x": "y"}}).as_object().unwrap().clone());
        assert_eq!(
            remarks,
            ["b: not a whole number: 1.5", "c: not a number: \"many\"", "d: not a number: [1]"]
        );
    }
}
