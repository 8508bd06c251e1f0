//! Traces as `eyewall trace` prints them: documents in the shape of AWS's documented examples, as golden text.
//!
//! The fixtures in `tests/traces/` are written after the X-Ray developer guide: a service behind another with
//! SQL and exceptions, an application that calls `DynamoDB` and SNS, a function with its two segments, a request
//! that still runs, spans of OpenTelemetry, and all that can be wrong with documents.

use crate::binary::command;
use crate::common::scratch;
use std::path::Path;
use std::process::{Output, Stdio};

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces").join(name).display().to_string()
}

fn eyewall(test: &str, arguments: &[&str]) -> Output {
    command(&scratch(test)).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// What it prints, and nothing on standard error.
#[track_caller]
fn printed(test: &str, arguments: &[&str]) -> String {
    let output = eyewall(test, arguments);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_documented_examples_as_text() {
    for name in ["fault.json", "dynamodb.json", "lambda.json", "running.jsonl", "otel.json", "odd.jsonl"] {
        let text = printed("trace_text", &["trace", &fixture(name), "--width", "110"]);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{name} lets something through");
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn a_trace_as_data() {
    let text = printed("trace_json", &["trace", &fixture("dynamodb.json"), "--format", "json"]);
    let data: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&data["format"], &data["version"]), (&"eyewall-trace".into(), &1.into()));
    insta::assert_snapshot!("dynamodb.data", text);
}

#[test]
fn a_trace_as_a_picture_and_without_unicode() {
    let svg = printed("trace_svg", &["trace", &fixture("fault.json"), "--format", "svg"]);
    assert!(svg.starts_with("<svg") && svg.contains("first fault"), "{svg}");
    let ascii = printed("trace_ascii", &["trace", &fixture("odd.jsonl"), "--ascii"]);
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn several_traces_in_one_file_come_one_after_the_other() {
    let folder = scratch("trace_several");
    let doc = |trace: char, id: char| {
        format!(
            r#"{{"trace_id":"1-6743f1c2-00000000000000000000000{trace}","id":"{id}","name":"n{id}","start_time":1732505026,"end_time":1732505027}}"#
        )
    };
    std::fs::write(folder.join("two.jsonl"), [doc('1', 'a'), doc('2', 'b'), doc('1', 'c')].join("\n"))
        .unwrap();
    let output = command(&folder).args(["trace", "two.jsonl"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let ids: Vec<&str> = text.lines().filter(|line| line.starts_with(" 1-")).collect();
    assert_eq!(ids.len(), 2, "{text}");
}

#[test]
fn what_cannot_be_printed_is_said_with_its_exit_code() {
    let folder = scratch("trace_wrong");
    std::fs::write(folder.join("empty.json"), "{}").unwrap();
    std::fs::write(folder.join("page.html"), "<html>503</html>").unwrap();
    let unknown = "1-6743f1c2-ffffffffffffffffffffffff";
    for (arguments, code, said) in [
        (&["trace"][..], 2, "FILE or ID"),
        (&["trace", "checkout"], 2, "neither a file nor a trace id"),
        (&["trace", "."], 2, "directory"),
        (&["trace", "empty.json"], 1, "no segment document and no span"),
        (&["trace", "page.html"], 1, "unexpected character at byte 0"),
        (&["trace", "empty.json", "--width", "5"], 2, "60..=1000"),
        (&["trace", unknown, "--demo", "--at", "2026-11-22T10:00:00Z"], 1, "X-Ray has no trace 1-6743f1c2-"),
    ] {
        let output = command(&folder).args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
}
