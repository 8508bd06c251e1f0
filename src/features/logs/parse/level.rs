//! The level that a plain text line states: one pass over its head, no regex.
//!
//! The first statement wins, because loggers put the level before the message. A word counts only in a
//! form that loggers use (`ERROR`, `[error]`, `error:`, `level=error`, `E0422 `), never as prose.

use crate::features::logs::model::Level;

/// Bytes of the first line that are looked at. Prefixes with time, host, request id and logger fit.
const HEAD: usize = 200;

/// The level stated in a text line.
pub fn in_text(message: &str) -> Option<Level> {
    let first = message.lines().next().unwrap_or_default().as_bytes();
    let head = first.get(..HEAD.min(first.len())).unwrap_or_default();
    klog(head).or_else(|| stated(head)).or_else(|| known_phrase(message))
}

/// klog and glog: `E0422 10:11:12.131415       1 file.go:12] message`.
fn klog(head: &[u8]) -> Option<Level> {
    let [letter, rest @ ..] = head else { return None };
    if !(rest.len() >= 5 && rest.iter().take(4).all(u8::is_ascii_digit) && rest.get(4) == Some(&b' ')) {
        return None;
    }
    match letter {
        b'I' => Some(Level::Info),
        b'W' => Some(Level::Warn),
        b'E' => Some(Level::Error),
        b'F' => Some(Level::Fatal),
        _ => None,
    }
}

fn stated(head: &[u8]) -> Option<Level> {
    let mut at = 0;
    while at < head.len() {
        let start = at + head.get(at..)?.iter().position(u8::is_ascii_alphabetic)?;
        let len = head.get(start..)?.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let word = head.get(start..start + len)?;
        at = start + len;
        let before = start.checked_sub(1).and_then(|i| head.get(i)).copied();
        let after = head.get(at).copied();
        if after == Some(b'=') && is_level_key(word) {
            if let Some(level) = value_after(head.get(at + 1..)?) {
                return Some(level);
            }
        } else if let Some(level) = as_level(word, before, after) {
            return Some(level);
        }
    }
    None
}

fn is_level_key(word: &[u8]) -> bool {
    [&b"level"[..], b"lvl", b"severity", b"loglevel"].iter().any(|key| key.eq_ignore_ascii_case(word))
}

fn value_after(rest: &[u8]) -> Option<Level> {
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let len = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    Level::from_word(std::str::from_utf8(rest.get(..len)?).ok()?)
}

/// Whether this word, between these two bytes, is a statement of a level.
fn as_level(word: &[u8], before: Option<u8>, after: Option<u8>) -> Option<Level> {
    // The longest level word has 11 letters; exception class names are longer.
    let text = std::str::from_utf8(word).ok()?;
    let thrown = text.starts_with(|c: char| c.is_ascii_uppercase())
        && (text.ends_with("Exception") || text.ends_with("Error"))
        && text.len() > "Error".len();
    if thrown && after == Some(b':') {
        return Some(Level::Error);
    }
    let level = (text.len() >= 3).then(|| Level::from_word(text)).flatten()?;
    let shouted = text.bytes().all(|b| b.is_ascii_uppercase());
    let enclosed = matches!(
        (before, after),
        (Some(b'['), Some(b']' | b' ' | b':')) | (Some(b'<'), Some(b'>')) | (Some(b'('), Some(b')'))
    );
    let labelled = after == Some(b':')
        && before.is_none_or(|b| b.is_ascii_whitespace() || b == b']' || b == b':')
        && !text.eq_ignore_ascii_case("log");
    // Postgres's `LOG:` is a level, a shouted LOG elsewhere is a name.
    let postgres_log = text != "LOG" || after == Some(b':');
    let free = |b: Option<u8>| {
        b.is_none_or(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'-' | b'/' | b'.'))
    };
    ((shouted && postgres_log && free(before) && free(after)) || enclosed || labelled).then_some(level)
}

/// A line without the time and level it begins with: the list has columns for both. `level` is the one
/// that was recognised. A line of nothing else is left alone.
pub fn without_prefix(line: &str, level: Option<Level>) -> &str {
    let mut rest = line;
    for _ in 0..2 {
        let before = rest;
        rest = without_time(rest).unwrap_or(rest);
        rest = level.and_then(|level| without_level(rest, level)).unwrap_or(rest);
        if rest == before {
            break;
        }
    }
    if rest.is_empty() { line } else { rest }
}

/// Behind `2026-11-22T04:19:02`, its fraction and its zone.
fn without_time(line: &str) -> Option<&str> {
    let shape = b"0000-00-00T00:00:00";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b' '),
        other => byte == other,
    };
    let stamp = line.as_bytes().get(..shape.len())?;
    stamp.iter().zip(shape).all(fits).then_some(())?;
    let rest = line.get(shape.len()..)?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '+' | ':'));
    let rest = rest.strip_prefix('Z').or_else(|| rest.strip_prefix(" UTC")).unwrap_or(rest);
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

/// Behind the word for the level, in brackets or not.
fn without_level(line: &str, level: Level) -> Option<&str> {
    let inner = line.strip_prefix(['[', '<']).unwrap_or(line);
    let end = inner.find(|c: char| !c.is_ascii_alphabetic())?;
    let (word, rest) = inner.split_at_checked(end)?;
    (Level::from_word(word) == Some(level)).then_some(())?;
    let rest = rest.strip_prefix([']', '>', ':']).unwrap_or(rest);
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

/// Failures that runtimes announce without a level.
fn known_phrase(message: &str) -> Option<Level> {
    let first = message.lines().next().unwrap_or_default();
    if first.starts_with("Traceback (most recent call last)") || first.contains(" Task timed out after ") {
        return Some(Level::Error);
    }
    (first.starts_with("thread '") && first.contains("panicked at")).then_some(Level::Fatal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_loggers_use() {
        use Level::{Debug, Error, Fatal, Info, Trace, Warn};
        for (line, level) in [
            ("ERROR boom", Some(Error)),
            ("2026-11-22T04:19:02.391Z  WARN orders::db: slow query", Some(Warn)),
            ("2026-11-22 04:19:02,391 [main] INFO  c.e.App - started", Some(Info)),
            ("2026/11/22 04:19:02 [error] 31#31: *1 connect() failed", Some(Error)),
            ("[ERROR]\t2026-11-22T04:19:02.391Z\t8c1a\tboom", Some(Error)),
            ("2026-11-22T04:19:02.391Z\t8c1a2b3c\tERROR\tInvoke Error", Some(Error)),
            ("E0422 10:11:12.131415       1 file.go:12] boom", Some(Error)),
            ("I0422 10:11:12.131415       1 file.go:12] fine", Some(Info)),
            ("E04 no", None),
            ("2026-11-22 04:19:02 UTC:10.0.0.1(4242):app@orders:[123]:ERROR:  duplicate key", Some(Error)),
            ("2026-11-22 04:19:02 UTC::@:[1]:LOG:  checkpoint starting", Some(Info)),
            ("FATAL:  remaining connection slots are reserved", Some(Fatal)),
            ("time=2026-11-22T04:19:02Z level=error msg=\"got INFO\"", Some(Error)),
            ("ts=1 lvl=\"warning\" msg=x", Some(Warn)),
            ("level=strange WARN", Some(Warn)),
            ("<debug> hello", Some(Debug)),
            ("[trace] hello", Some(Trace)),
            ("error: could not compile", Some(Error)),
            ("java.lang.IllegalStateException: boom", Some(Error)),
            ("TypeError: x is not a function", Some(Error)),
            ("Traceback (most recent call last):", Some(Error)),
            ("2026-11-22T04:19:02.391Z 8c1a Task timed out after 3.00 seconds", Some(Error)),
            ("thread 'main' panicked at src/main.rs:1:1:", Some(Fatal)),
            ("no error here", None),
            ("GET /error HTTP/1.1", None),
            ("GET /ERROR-page 200", None),
            ("information wants to be free", None),
            ("changed log to LOG file", None),
            ("START RequestId: 8c1a Version: $LATEST", None),
            ("", None),
            ("äöü ERROR", Some(Error)),
            ("first\nERROR second", None),
        ] {
            assert_eq!(in_text(line), level, "{line:?}");
        }
        assert_eq!(in_text(&format!("{} ERROR", "x".repeat(300))), None, "only the head counts");
    }

    #[test]
    fn what_has_a_column_is_not_said_twice() {
        for (line, rest) in [
            ("2026-11-22T04:19:02.391Z  WARN orders::db: slow", "orders::db: slow"),
            ("2026-11-22 04:19:02,391 [main] INFO  started", "[main] INFO  started"),
            ("[ERROR]    2026-11-22T04:19:02.391Z    8c1a    boom", "8c1a    boom"),
            ("ERROR: boom", "boom"),
            ("ERROR", "ERROR"),
            ("error in the engine", "in the engine"),
            ("2026-11-22 04:19:02 UTC [123] ERROR:  duplicate key", "[123] ERROR:  duplicate key"),
            ("2026-11-22", "2026-11-22"),
            ("2026-11-22T04:19:02Z ", "2026-11-22T04:19:02Z "),
            ("ERRORS everywhere", "ERRORS everywhere"),
            ("plain", "plain"),
            ("", ""),
        ] {
            let level = in_text(line).or(Some(Level::Error));
            assert_eq!(without_prefix(line, level), rest, "{line:?}");
        }
        assert_eq!(without_prefix("INFO x", None), "INFO x");
    }
}
