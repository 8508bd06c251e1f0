//! Recognising what a log line says about itself: level, JSON, trace, number of lines.
//!
//! [`facts`] runs once per event, where it enters (in the source, off the UI loop), and must stay under
//! 2 µs for an ordinary line: no allocation, no regex. What only the detail view needs is found when it
//! is opened ([`json::summary`], [`json::pretty`], [`request_id`]).

pub mod json;
pub mod level;
pub mod logfmt;
pub mod trace;

use super::model::{Facts, Format};

/// What `message` says about itself. It must be sanitized and have no trailing newline.
pub fn facts(message: &str) -> Facts {
    let lines = 1 + memchr::memchr_iter(b'\n', message.as_bytes()).count() as u32;
    match json::scan(message) {
        Some(found) => Facts {
            level: found.level,
            format: Format::Json,
            trace: found.trace.or_else(|| trace::in_text(message)),
            lines,
        },
        None => Facts {
            level: level::in_text(message),
            format: Format::Text,
            trace: trace::in_text(message),
            lines,
        },
    }
}

/// The request id of a line, as Lambda and JSON loggers write it.
pub fn request_id(message: &str) -> Option<String> {
    const FIELDS: [&str; 6] =
        ["requestId", "request_id", "AWSRequestId", "awsRequestId", "record.requestId", "reqId"];
    let of_json = FIELDS.iter().find_map(|path| match json::field(message, path) {
        Some(json::Scalar::Text(id)) if !id.is_empty() => Some(crate::text::sanitize(&id).into_owned()),
        _ => None,
    });
    of_json.or_else(|| {
        let (_, rest) = message.split_once("RequestId: ")?;
        let id: String = rest.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').take(64).collect();
        (id.len() >= 8).then_some(id)
    })
}

#[cfg(test)]
mod tests {
    use super::super::model::Level;
    use super::*;

    #[test]
    fn facts_of_whole_lines() {
        let report = "REPORT RequestId: 8c1a2b3c-1111-2222-3333-444455556666\tDuration: 12.3 ms\n\
                      XRAY TraceId: 1-67a1b2c3-0123456789abcdef01234567\tSegmentId: 0123456789abcdef\tSampled: true";
        let found = facts(report);
        assert_eq!(found.trace.unwrap().xray(), "1-67a1b2c3-0123456789abcdef01234567");
        assert_eq!((found.lines, found.level, found.format), (2, None, Format::Text));
        assert_eq!(request_id(report).unwrap(), "8c1a2b3c-1111-2222-3333-444455556666");

        let lambda_json = r#"{"type":"platform.report","record":{"requestId":"8c1a2b3c","tracing":{"value":"Root=1-67a1b2c3-0123456789abcdef01234567"}}}"#;
        assert!(facts(lambda_json).trace.is_some());
        assert_eq!(request_id(lambda_json).unwrap(), "8c1a2b3c");

        let json = r#"{"level":"error","msg":"no","nested":{"level":"info"}}"#;
        assert_eq!((facts(json).level, facts(json).format), (Some(Level::Error), Format::Json));
        assert_eq!(facts("").lines, 1);
    }
}
