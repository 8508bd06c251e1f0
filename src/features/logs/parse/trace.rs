//! Trace ids in text: X-Ray's `1-<8>-<24>` and W3C's `00-<32>-<16>-<2>`, labelled or bare.
//!
//! Labelled forms win over bare ones, X-Ray's over W3C's, the first over later ones. One walk over the
//! hyphens: a line without an id costs a `memchr` scan and nothing more.

use crate::features::logs::model::TraceId;

/// The trace id of a line: `AWS-XRAY-TRACE-ID: …`, `XRAY TraceId: …`, then bare forms.
pub fn in_text(text: &str) -> Option<TraceId> {
    let (xray, w3c) = bare(text);
    // Most lines have one id or none; the label only matters when it can point at another one.
    if xray.is_some() {
        for label in ["AWS-XRAY-TRACE-ID:", "XRAY TraceId:"] {
            let labelled = memchr::memmem::find(text.as_bytes(), label.as_bytes())
                .and_then(|at| text.get(at + label.len()..))
                .and_then(|rest| bare(rest).0);
            if labelled.is_some() {
                return labelled;
            }
        }
    }
    xray.or(w3c)
}

/// The id in the value of a field that is known to hold one; 32 bare hex digits count here.
pub fn in_value(value: &str) -> Option<TraceId> {
    let (xray, w3c) = bare(value);
    xray.or(w3c).or_else(|| TraceId::from_hex(value.trim()))
}

/// The first X-Ray id and the first W3C one.
fn bare(text: &str) -> (Option<TraceId>, Option<TraceId>) {
    let bytes = text.as_bytes();
    let (mut xray, mut w3c) = (None, None);
    for hyphen in memchr::memchr_iter(b'-', bytes) {
        if xray.is_none() && starts(bytes, hyphen, b"1") {
            xray = xray_at(text, hyphen + 1);
            if xray.is_some() {
                break;
            }
        }
        if w3c.is_none() && starts(bytes, hyphen, b"00") {
            w3c = w3c_at(text, hyphen + 1);
        }
    }
    (xray, w3c)
}

/// Whether `prefix` stands right before `hyphen` and nothing alphanumeric before it.
fn starts(bytes: &[u8], hyphen: usize, prefix: &[u8]) -> bool {
    let Some(start) = hyphen.checked_sub(prefix.len()) else { return false };
    bytes.get(start..hyphen) == Some(prefix)
        && start
            .checked_sub(1)
            .and_then(|i| bytes.get(i))
            .is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'-')
}

/// Whether the byte at `at` ends a hex run.
fn ends(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_none_or(|b| !b.is_ascii_alphanumeric())
}

fn xray_at(text: &str, at: usize) -> Option<TraceId> {
    let (time, rest) = (text.get(at..at + 8)?, text.get(at + 9..at + 33)?);
    (text.as_bytes().get(at + 8) == Some(&b'-') && ends(text, at + 33)).then_some(())?;
    TraceId::from_hex(&[time, rest].concat())
}

fn w3c_at(text: &str, at: usize) -> Option<TraceId> {
    let (id, span, flags) =
        (text.get(at..at + 32)?, text.get(at + 33..at + 49)?, text.get(at + 50..at + 52)?);
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let hyphen = |i: usize| text.as_bytes().get(i) == Some(&b'-');
    (hyphen(at + 32) && hyphen(at + 49) && hex(span) && hex(flags) && ends(text, at + 52)).then_some(())?;
    TraceId::from_hex(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "1-67a1b2c3-0123456789abcdef01234567";
    const OTHER: &str = "1-00000001-0123456789abcdef01234567";

    #[test]
    fn every_form() {
        let w3c = "67a1b2c30123456789abcdef01234567";
        for (text, expected) in [
            (format!("AWS-XRAY-TRACE-ID: {X}@0123456789abcdef msg"), Some(X)),
            (format!("AWS-XRAY-TRACE-ID: Root={X};Parent=0123456789abcdef;Sampled=1"), Some(X)),
            (format!("caused by {OTHER}, AWS-XRAY-TRACE-ID: {X} msg"), Some(X)),
            (format!("REPORT\nXRAY TraceId: {X}\tSegmentId: 01\tSampled: true"), Some(X)),
            (format!("bare {X}."), Some(X)),
            (format!("traceparent 00-{w3c}-0123456789abcdef-01"), Some(X)),
            (format!("00-{w3c}-0123456789abcdef-01 and {OTHER}"), Some(OTHER)),
            ("21-67a1b2c3-0123456789abcdef01234567".to_owned(), None),
            (format!("{X}89"), None),
            ("1-67a1b2c3-0123456789abcdef0123456".to_owned(), None),
            (format!("00-{w3c}-0123456789abcdeg-01"), None),
            (format!("00-{}-0123456789abcdef-01", "0".repeat(32)), None),
            (w3c.to_owned(), None),
            ("1-ä7a1b2c3-0123456789abcdef01234567".to_owned(), None),
            ("-".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(in_text(&text).map(TraceId::xray).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn values_may_be_bare_hex() {
        assert_eq!(in_value("67a1b2c30123456789abcdef01234567").map(TraceId::xray).as_deref(), Some(X));
        assert_eq!(
            in_value("Root=1-67a1b2c3-0123456789abcdef01234567").map(TraceId::xray).as_deref(),
            Some(X)
        );
        assert_eq!(in_value("5208512171318403364"), None);
    }
}
