//! `key=value` pairs in text lines, so that `field=value` filters work without JSON.

/// The value of `key` in a text line: up to the next space, or between quotes.
pub fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.match_indices(key).find_map(|(at, _)| {
        let opens = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | '(' | '{');
        let bounded = text.get(..at)?.chars().next_back().is_none_or(opens);
        let value = text.get(at + key.len()..)?.strip_prefix('=')?;
        let closes = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | ')' | '}');
        bounded.then_some(())?;
        match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => value.split(closes).next(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (text, key, expected) in [
            ("status=502 path=/pay", "status", Some("502")),
            ("a=1 msg=\"two words\" b=2", "msg", Some("two words")),
            ("substatus=1 status=2", "status", Some("2")),
            ("status: 502", "status", None),
            ("[status=502]", "status", Some("502")),
            ("status=", "status", Some("")),
            ("", "status", None),
            ("ä=1 b=2", "ä", Some("1")),
        ] {
            assert_eq!(field(text, key), expected, "{text}");
        }
    }
}
