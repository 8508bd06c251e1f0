//! JSON read as far as it goes: what stands before an error or a cut is kept, and the error is said.
//!
//! Not `serde_json`'s reader: that one gives nothing back for a truncated document, and its depth limit is
//! less than that of segment documents. Texts and numbers are borrowed from the document; nothing is
//! sanitized here.

use std::borrow::Cow;

/// Containers in containers: 64 subsegments, each in a list of its own, with room for what the last holds.
const MAX_DEPTH: usize = 160;

/// A value, or as much of it as could be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Json<'a> {
    /// `null`, and what could not be read.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A text without its escapes.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object, its keys in order.
    Map(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// A field of an object; the first of that name.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The elements of a list; none for anything else.
    pub fn list(&self) -> &[Self] {
        if let Self::List(list) = self { list } else { &[] }
    }

    /// A text, or a number or truth value as written.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(text) => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// A finite number, also one that stands in quotes.
    pub fn number(&self) -> Option<f64> {
        let text = match self {
            Self::Number(text) => text,
            Self::Text(text) => text.trim(),
            _ => return None,
        };
        text.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// A whole number that is not negative, also one that stands in quotes.
    pub fn whole(&self) -> Option<u64> {
        match self.text()?.trim().parse() {
            Ok(whole) => Some(whole),
            Err(_) => self.number().filter(|number| (0.0..1e18).contains(number)).map(|number| number as u64),
        }
    }

    /// Whether it is `true`, also in quotes.
    pub fn is_true(&self) -> bool {
        self.text() == Some("true")
    }
}

/// Reads the first value of a text; the error says what is wrong and where.
pub fn read(text: &str) -> (Json<'_>, Option<String>) {
    let mut reader = Reader { text, at: 0, too_deep: false };
    let mut json = Json::Null;
    let result = reader.value(&mut json, MAX_DEPTH);
    let problem = match result {
        Err(what) => Some(format!("{what} at byte {}", reader.at)),
        Ok(()) if reader.too_deep => Some(format!("nested deeper than {MAX_DEPTH}: left out")),
        Ok(()) => None,
    };
    (json, problem)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    too_deep: bool,
}

type Read = Result<(), &'static str>;

impl<'a> Reader<'a> {
    /// Fills `slot` while it reads, so that an error leaves there what came before it.
    fn value(&mut self, slot: &mut Json<'a>, room: usize) -> Read {
        match self.next_token().ok_or("cut off")? {
            b'{' | b'[' if room == 0 => self.skip(),
            b'{' => self.map(slot, room - 1),
            b'[' => self.list(slot, room - 1),
            b'"' => {
                *slot = Json::Text(self.string()?);
                Ok(())
            }
            b't' => self.word("true", slot, Json::Bool(true)),
            b'f' => self.word("false", slot, Json::Bool(false)),
            b'n' => self.word("null", slot, Json::Null),
            b'-' | b'0'..=b'9' => {
                let rest = self.rest();
                let of_number = |byte: u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let end = rest.bytes().position(|byte| !of_number(byte));
                let number = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                self.at += number.len();
                *slot = Json::Number(number);
                Ok(())
            }
            _ => Err("unexpected character"),
        }
    }

    fn map(&mut self, slot: &mut Json<'a>, room: usize) -> Read {
        self.at += 1;
        *slot = Json::Map(Vec::with_capacity(8));
        let Json::Map(entries) = slot else { return Ok(()) };
        while !self.ends(b'}')? {
            if self.next_token() != Some(b'"') {
                return Err("a key is missing");
            }
            let key = self.string()?;
            if self.next_token().ok_or("cut off")? != b':' {
                return Err("a colon is missing");
            }
            self.at += 1;
            let entry = entries.push_mut((key, Json::Null));
            self.value(&mut entry.1, room)?;
        }
        Ok(())
    }

    fn list(&mut self, slot: &mut Json<'a>, room: usize) -> Read {
        self.at += 1;
        *slot = Json::List(Vec::new());
        let Json::List(list) = slot else { return Ok(()) };
        while !self.ends(b']')? {
            self.value(list.push_mut(Json::Null), room)?;
        }
        Ok(())
    }

    /// Takes commas and the end of a container; whether it has ended.
    fn ends(&mut self, end: u8) -> Result<bool, &'static str> {
        loop {
            match self.next_token().ok_or("cut off")? {
                b',' => self.at += 1,
                byte if byte == end => {
                    self.at += 1;
                    return Ok(true);
                }
                _ => return Ok(false),
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, &'static str> {
        let start = self.at;
        let mut at = start + 1;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(at..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return Err("a text is cut off");
            };
            at += found;
            if rest.get(found) == Some(&b'"') {
                break;
            }
            escaped = true;
            at += 2;
        }
        self.at = at + 1;
        let plain = self.text.get(start + 1..at).unwrap_or_default();
        // Wrong escapes are no reason to lose a name.
        let unescaped =
            escaped.then(|| self.text.get(start..=at).and_then(|raw| serde_json::from_str(raw).ok()));
        Ok(unescaped.flatten().map_or(Cow::Borrowed(plain), Cow::Owned))
    }

    fn word(&mut self, word: &str, slot: &mut Json<'a>, value: Json<'a>) -> Read {
        if !self.rest().starts_with(word) {
            return Err("unexpected word");
        }
        self.at += word.len();
        *slot = value;
        Ok(())
    }

    /// Passes over a container without looking into it, however deep it is.
    fn skip(&mut self) -> Read {
        self.too_deep = true;
        let mut open = 0_usize;
        loop {
            match self.next_token().ok_or("cut off")? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
    }

    fn next_token(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        // Documents come without blanks, mostly.
        if let Some(byte) = bytes.get(self.at).filter(|byte| **byte > b' ') {
            return Some(*byte);
        }
        let rest = bytes.get(self.at..)?;
        let blank = rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))?;
        self.at += blank;
        rest.get(blank).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stands_before_an_error_is_kept() {
        let cases = [
            (r#"{"a":1,"b":[tr"#, r#"{"a":1,"b":[null]}"#, Some("unexpected word at byte 12")),
            (r#"{"a":1,"b":"cut"#, r#"{"a":1,"b":null}"#, Some("a text is cut off at byte 15")),
            (r#"{"a":{"b":{"c":2"#, r#"{"a":{"b":{"c":2}}}"#, Some("cut off at byte 16")),
            (r#"{"a":1,,"b":2,}"#, r#"{"a":1,"b":2}"#, None),
            (r#"{"a" 1}"#, "{}", Some("a colon is missing at byte 5")),
            (r"{1:2}", "{}", Some("a key is missing at byte 1")),
            ("", "null", Some("cut off at byte 0")),
            ("<html>", "null", Some("unexpected character at byte 0")),
            (r#""a\u00e9\n\q""#, r#""a\\u00e9\\n\\q""#, None),
            (r#""a\u00e9""#, r#""aé""#, None),
        ];
        for (text, expected, problem) in cases {
            let (json, found) = read(text);
            assert_eq!(plain(&json).to_string(), expected, "{text}");
            assert_eq!(found.as_deref(), problem, "{text}");
        }
    }

    #[test]
    fn what_is_too_deep_is_passed_over() {
        let text = format!(r#"{{"a":{}"]"{},"b":1}}"#, "[".repeat(5_000), "]".repeat(5_000));
        let (json, problem) = read(&text);
        assert_eq!(json.get("b").and_then(Json::whole), Some(1));
        assert!(problem.is_some_and(|problem| problem.starts_with("nested deeper")));
    }

    #[test]
    fn numbers_may_stand_in_quotes() {
        for (text, number, whole) in [
            ("1.5", Some(1.5), Some(1)),
            ("\"1.5\"", Some(1.5), Some(1)),
            ("-3", Some(-3.0), None),
            ("18446744073709551615", Some(18_446_744_073_709_551_615.0), Some(u64::MAX)),
            ("1e999", None, None),
            ("\"x\"", None, None),
            ("true", None, None),
        ] {
            let (json, _) = read(text);
            assert_eq!((json.number(), json.whole()), (number, whole), "{text}");
        }
    }

    fn plain(json: &Json) -> serde_json::Value {
        match json {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(text) => serde_json::from_str(text).unwrap_or_default(),
            Json::Text(text) => text.as_ref().into(),
            Json::List(list) => list.iter().map(plain).collect(),
            Json::Map(entries) => {
                entries.iter().map(|(key, value)| (key.clone().into_owned(), plain(value))).collect()
            }
        }
    }

    proptest! {
        #[test]
        fn good_documents_are_read_as_serde_reads_them(
            texts in proptest::collection::vec((".{0,8}", any::<i64>(), any::<bool>()), 0..6)
        ) {
            let value: serde_json::Value = texts
                .iter()
                .map(|(text, number, truth)| serde_json::json!({"text": text, "n": [number, truth, null]}))
                .collect();
            for text in [value.to_string(), format!("{value:#}")] {
                let (json, problem) = read(&text);
                prop_assert_eq!(problem, None);
                prop_assert_eq!(plain(&json), value.clone());
            }
        }

        #[test]
        fn any_text_and_any_cut_is_survived(text in r#"[\[\]{}",:0-9a-z\\ é]{0,60}"#) {
            let _ = read(&text);
        }
    }
}
