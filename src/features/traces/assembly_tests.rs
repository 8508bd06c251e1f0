//! From documents to a tree: what belongs where, what is kept of bad documents, what follows for time.

mod forms;
mod meaning;
mod properties;

use super::model::{Fit, Kind, Span, Status, Trace};
use super::{id_in, read};
use serde_json::{Value, json};

const TRACE: &str = "1-67a1b2c3-0123456789abcdef01234567";
/// Documents' times are milliseconds after this many seconds.
const EPOCH: f64 = 1_700_000_000.0;

fn at(ms: f64) -> f64 {
    EPOCH + ms / 1e3
}

/// A document: id, parent or "", name, start and end in milliseconds.
fn doc(id: &str, parent: &str, name: &str, start: f64, end: f64) -> Value {
    let mut doc =
        json!({"trace_id": TRACE, "id": id, "name": name, "start_time": at(start), "end_time": at(end)});
    if !parent.is_empty() {
        doc["parent_id"] = parent.into();
    }
    doc
}

fn with(mut doc: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} has no fields") };
    for (key, value) in more {
        doc[key] = value;
    }
    doc
}

fn sub(id: &str, parent: &str, name: &str, start: f64, end: f64) -> Value {
    with(doc(id, parent, name, start, end), json!({"type": "subsegment"}))
}

fn running(mut doc: Value) -> Value {
    doc.as_object_mut().unwrap().remove("end_time");
    with(doc, json!({"in_progress": true}))
}

fn read(docs: &[Value]) -> Trace {
    let texts: Vec<String> = docs.iter().map(Value::to_string).collect();
    read::trace(id_in(TRACE), texts.iter().map(String::as_str))
}

/// The tree as text: a line per span with the place of its bar in milliseconds and what is said of it.
fn tree(trace: &Trace) -> String {
    let ms = |at: i64| (at as f64 / 1e3 - EPOCH * 1e3).round();
    let line = |span: &Span| {
        let mut line = format!(
            "{}{} {}..{}",
            "  ".repeat(span.depth.into()),
            span.name,
            ms(span.shown.0),
            ms(span.shown.1)
        );
        let words = [
            (span.status.failed(), span.status.word()),
            (span.in_progress(), "running"),
            (span.kind == Kind::Inferred, "inferred"),
            (span.detached, "detached"),
            (span.fit == Fit::Skewed, "skewed"),
            (span.fit == Fit::Backwards, "backwards"),
            (span.fit == Fit::Before, "before"),
            (span.fit == Fit::After, "after"),
            (span.fit == Fit::Unknown, "unknown"),
        ];
        words.iter().filter(|(is, _)| *is).for_each(|(_, word)| line.extend([" ", word]));
        line
    };
    trace.spans.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_tree(docs: &[Value], expected: &str) {
    let expected: Vec<&str> = expected.trim_matches('\n').lines().collect();
    let indent = expected.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let expected: Vec<&str> = expected
        .iter()
        .map(|line| line.get(indent..).unwrap_or_default())
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(tree(&read(docs)), expected.join("\n"));
}

#[test]
fn nested_and_separate_parts_hang_under_what_caused_them() {
    let nested = with(
        doc("a", "", "edge", 0.0, 100.0),
        json!({"subsegments": [
            with(sub("c", "", "late", 60.0, 90.0), json!({"subsegments": [sub("d", "", "deep", 70.0, 80.0)]})),
            sub("b", "", "early", 10.0, 50.0),
        ]}),
    );
    assert_tree(
        &[doc("f", "b", "orders", 20.0, 40.0), sub("e", "d", "query", 72.0, 75.0), nested],
        "
        edge 0..100
          early 10..50
            orders 20..40
          late 60..90
            deep 70..80
              query 72..75
        ",
    );
}

#[test]
fn of_two_accounts_the_finished_one_counts_then_the_later() {
    let early = running(doc("a", "", "edge", 0.0, 0.0));
    let old = doc("a", "", "old", 0.0, 50.0);
    let new = doc("a", "", "new", 0.0, 100.0);
    for (docs, expected) in [
        (vec![early.clone(), new.clone()], "new 0..100"),
        (vec![new.clone(), early.clone()], "new 0..100"),
        (vec![old.clone(), new.clone()], "new 0..100"),
        (vec![new.clone(), old.clone()], "old 0..50"),
        (vec![early.clone(), early.clone()], "edge 0..0 running"),
    ] {
        assert_tree(&docs, expected);
    }
    // What hangs under the account that lost hangs under the one that won.
    let early = with(early, json!({"subsegments": [sub("b", "", "call", 10.0, 20.0)]}));
    assert_tree(&[early, new], "\n        new 0..100\n          call 10..20");
}

#[test]
fn an_inferred_span_gives_way_to_what_the_callee_told() {
    let edge = with(
        doc("a", "", "edge", 0.0, 100.0),
        json!({"subsegments": [
            with(sub("b", "", "orders", 10.0, 60.0), json!({"namespace": "remote"})),
            with(sub("c", "", "DynamoDB", 70.0, 80.0), json!({"namespace": "aws"})),
        ]}),
    );
    let guess = with(doc("x", "b", "orders", 10.0, 60.0), json!({"inferred": true}));
    let real = doc("d", "b", "orders", 12.0, 58.0);
    let table = with(doc("y", "c", "DynamoDB", 70.0, 80.0), json!({"inferred": true}));
    assert_tree(
        &[edge, guess, real, doc("e", "x", "below the guess", 20.0, 30.0), table],
        "
        edge 0..100
          orders 10..60
            orders 12..58
              below the guess 20..30
          DynamoDB 70..80
            DynamoDB 70..80 inferred
        ",
    );
}

#[test]
fn what_has_no_way_to_a_root_is_kept_apart() {
    assert_tree(
        &[
            doc("a", "", "edge", 0.0, 100.0),
            doc("b", "gone", "orphan", 20.0, 30.0),
            doc("c", "b", "its child", 21.0, 22.0),
            doc("d", "e", "circle", 40.0, 50.0),
            doc("e", "d", "back", 41.0, 45.0),
            doc("f", "f", "itself", 60.0, 61.0),
        ],
        "
        edge 0..100
        orphan 20..30 detached
          its child 21..22 detached
        circle 40..50 detached
          back 41..45 detached
        itself 60..61 detached
        ",
    );
    // When nobody is a root, the first is: its caller tells its part elsewhere.
    assert_tree(
        &[doc("b", "gone", "second", 20.0, 30.0), doc("a", "browser", "first", 0.0, 50.0)],
        "\n        first 0..50\n        second 20..30 detached",
    );
}

#[test]
fn clocks_that_differ_are_evened_out_and_said() {
    let edge = doc("a", "", "edge", 0.0, 100.0);
    let child = |start, end| vec![edge.clone(), doc("b", "a", "child", start, end)];
    for (docs, expected) in [
        (child(-20.0, 30.0), "child 0..30 skewed"),
        (child(50.0, 130.0), "child 50..100 skewed"),
        (child(-20.0, 130.0), "child 0..100 skewed"),
        (child(-60.0, -20.0), "child 0..40 skewed"),
        (child(-900.0, -20.0), "child 0..100 skewed"),
        (child(-0.5, 100.9), "child 0..100"),
        (child(120.0, 300.0), "child 120..300 after"),
        (child(60.0, 20.0), "child 60..60 backwards"),
        (vec![edge.clone(), sub("b", "a", "child", 50.0, 130.0)], "child 50..130 after"),
        (vec![edge.clone(), sub("b", "a", "child", -5.0, 20.0)], "child -5..20 before"),
        (vec![edge.clone(), sub("b", "a", "child", -50.0, -20.0)], "child -50..-20 before"),
    ] {
        let expected = format!("edge 0..100\n  {expected}");
        assert_eq!(tree(&read(&docs)), expected);
    }
    // What hangs below a host with another clock moves with it.
    assert_tree(
        &[edge, doc("b", "a", "child", -60.0, -20.0), sub("c", "b", "query", -50.0, -30.0)],
        "
        edge 0..100
          child 0..40 skewed
            query 10..30
        ",
    );
}

#[test]
fn what_still_runs_reaches_to_the_end() {
    assert_tree(
        &[
            running(doc("a", "", "edge", 0.0, 0.0)),
            doc("b", "a", "done", 10.0, 70.0),
            running(sub("c", "b", "hangs", 20.0, 0.0)),
        ],
        "
        edge 0..70 running
          done 10..70
            hangs 20..70 running
        ",
    );
    let trace = read(&[running(doc("a", "", "edge", 0.0, 0.0))]);
    assert!(trace.in_progress() && trace.length() == 0 && trace.spans[0].duration().is_none());
}

#[test]
fn times_that_are_none_cost_only_the_bar() {
    for bad in [json!(-5), json!(0), json!("soon"), json!(null), json!(1e300), json!([1])] {
        let odd = with(doc("b", "a", "odd", 10.0, 20.0), json!({"start_time": bad}));
        let below = doc("c", "b", "below", 30.0, 40.0);
        assert_tree(
            &[doc("a", "", "edge", 0.0, 100.0), odd, below],
            "
            edge 0..100
              odd 0..0 unknown
                below 30..40
            ",
        );
    }
    let text =
        with(doc("a", "", "edge", 0.0, 0.0), json!({"start_time": "1700000000.0", "end_time": "1700000001"}));
    assert_tree(&[text], "edge 0..1000");
    let none = read(&[json!({"id": "a", "name": "edge"})]);
    assert_eq!((none.start, none.end, none.spans[0].fit), (0, 0, Fit::Unknown));
}

/// When it ended is not known, so neither is how long it took: not nothing.
#[test]
fn times_that_run_backwards_tell_the_start_only() {
    let below = sub("c", "b", "below", 30.0, 60.0);
    let docs = [doc("a", "", "edge", 0.0, 100.0), sub("b", "a", "odd", 20.0, 10.0), below];
    assert_tree(
        &docs,
        "
        edge 0..100
          odd 20..20 backwards
            below 30..60
        ",
    );
    let trace = read(&docs);
    assert_eq!((trace.spans[1].duration(), trace.spans[1].in_progress()), (None, false));
}

#[test]
fn bad_documents_are_named_and_cost_no_others() {
    let good = doc("a", "", "edge", 0.0, 100.0).to_string();
    let cut =
        with(doc("b", "a", "cut", 10.0, 20.0), json!({"subsegments": [sub("c", "", "half", 12.0, 14.0)]}));
    let cut = cut.to_string();
    let end = cut.find("\"half\"").unwrap() + 7;
    let docs = [
        &good,
        &cut.chars().take(end).collect::<String>(),
        "",
        "<html>503</html>",
        "[1,2]",
        "{\"x\":1}",
        "null",
    ];
    let trace = read::trace(None, docs);
    let names: Vec<&str> = trace.spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["edge", "cut", "half"]);
    assert_eq!(trace.id, id_in(TRACE), "the documents name it");
    assert_eq!(
        trace.problems,
        [
            format!("cut: cut off at byte {end}"),
            "a document: cut off at byte 0".to_owned(),
            "a document: unexpected character at byte 0".to_owned(),
            "a document is no segment".to_owned(),
            "a document is no segment".to_owned(),
            "a document is no segment".to_owned(),
        ]
    );
    let many = read::trace(None, vec!["?"; 100]);
    assert_eq!(many.problems.len(), Trace::MAX_PROBLEMS + 1, "{:?}", many.problems.last());
}

#[test]
fn depth_is_capped_where_it_is_drawn_only() {
    let mut nested = sub("s63", "", "deepest", 1.0, 2.0);
    for depth in (1..63).rev() {
        nested = with(sub(&format!("s{depth}"), "", "x", 0.0, 100.0), json!({"subsegments": [nested]}));
    }
    let nested = with(doc("s0", "", "root", 0.0, 100.0), json!({"subsegments": [nested]}));
    let trace = read(&[nested]);
    assert_eq!((trace.spans.len(), trace.problems.len()), (64, 0));
    assert_eq!(trace.spans[63].name, "deepest");

    let chain: Vec<Value> = (0..200)
        .map(|i| doc(&format!("{i}"), &(i - 1).to_string().replace("-1", ""), "x", 0.0, 100.0))
        .collect();
    let trace = read(&chain);
    assert_eq!(trace.spans.len(), 200);
    assert_eq!(trace.spans[199].depth, Trace::MAX_DEPTH);
    assert_eq!(trace.spans[199].parent, Some(198));
    assert_eq!(trace.spans[0].descendants, 199);
}

#[test]
fn only_so_many_spans_are_kept() {
    let parts: Vec<Value> =
        (0..Trace::MAX_SPANS + 50).map(|i| sub(&format!("s{i}"), "", "x", 0.0, 1.0)).collect();
    let trace = read(&[with(doc("a", "", "edge", 0.0, 100.0), json!({"subsegments": parts}))]);
    assert_eq!((trace.spans.len(), trace.dropped), (Trace::MAX_SPANS, 51));
}
