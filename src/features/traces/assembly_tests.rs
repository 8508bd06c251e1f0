//! From documents to a tree: what belongs where, what is kept of bad documents, what follows for time.

use super::model::{Fit, Kind, Span, Status, Trace};
use super::{id_in, read};
use proptest::prelude::*;
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
        (child(60.0, 20.0), "child 60..60 skewed"),
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

#[test]
fn status_is_what_was_said_else_what_the_code_means() {
    for (more, expected) in [
        (json!({}), Status::Ok),
        (json!({"fault": true}), Status::Fault),
        (json!({"error": true}), Status::Error),
        (json!({"error": true, "throttle": true}), Status::Throttle),
        (json!({"fault": true, "throttle": true, "error": true}), Status::Fault),
        (json!({"fault": false, "http": {"response": {"status": 200}}}), Status::Ok),
        (json!({"http": {"response": {"status": 503}}}), Status::Fault),
        (json!({"http": {"response": {"status": "429"}}}), Status::Throttle),
        (json!({"http": {"response": {"status": 404}}}), Status::Error),
        (json!({"error": true, "http": {"response": {"status": 500}}}), Status::Error),
        (json!({"fault": "yes", "http": "none"}), Status::Ok),
    ] {
        let trace = read(&[with(doc("a", "", "edge", 0.0, 1.0), more.clone())]);
        assert_eq!(trace.spans[0].status, expected, "{more}");
    }
}

#[test]
fn the_first_fault_is_the_one_that_explains_the_others() {
    let fault = |doc: Value| with(doc, json!({"fault": true}));
    let error = |doc: Value| with(doc, json!({"error": true}));
    let edge = doc("a", "", "edge", 0.0, 100.0);
    let cases = [
        (vec![edge.clone()], None),
        (
            vec![
                fault(edge.clone()),
                fault(doc("b", "a", "orders", 5.0, 95.0)),
                fault(sub("c", "b", "db", 6.0, 90.0)),
            ],
            Some("db"),
        ),
        // Of two that nothing explains, the one that ended first.
        (
            vec![
                fault(edge.clone()),
                fault(sub("b", "a", "late", 5.0, 95.0)),
                fault(sub("c", "a", "soon", 6.0, 50.0)),
            ],
            Some("soon"),
        ),
        // A 404 that was dealt with comes earlier but brought nothing down.
        (
            vec![
                fault(edge.clone()),
                doc("b", "a", "fine", 1.0, 10.0),
                error(sub("c", "b", "cache miss", 2.0, 5.0)),
                fault(sub("d", "a", "db", 20.0, 90.0)),
            ],
            Some("db"),
        ),
        // The called service refused, and that became a fault above it.
        (vec![fault(edge.clone()), error(sub("b", "a", "table", 5.0, 9.0))], Some("table")),
        (vec![edge.clone(), error(sub("b", "a", "only", 5.0, 9.0))], Some("only")),
    ];
    for (docs, expected) in cases {
        let trace = read(&docs);
        let found = trace.first_fault.map(|index| trace.spans[index].name.as_str());
        assert_eq!(found, expected, "{}", tree(&trace));
    }
}

#[test]
fn the_critical_path_is_what_the_end_waited_for() {
    type Found<'a> = (&'a str, Vec<(f64, f64)>, f64);
    let trace = read(&[
        doc("a", "", "edge", 0.0, 100.0),
        sub("b", "a", "first", 10.0, 40.0),
        sub("c", "a", "beside", 20.0, 35.0),
        sub("d", "a", "second", 50.0, 90.0),
        sub("e", "d", "query", 60.0, 85.0),
        sub("f", "a", "background", 80.0, 200.0),
    ]);
    let ms = |at: i64| at as f64 / 1e3 - EPOCH * 1e3;
    let found: Vec<Found> = trace
        .spans
        .iter()
        .map(|span| {
            let parts = span.critical.iter().map(|(from, to)| (ms(*from), ms(*to))).collect();
            (span.name.as_str(), parts, span.self_time as f64 / 1e3)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("edge", vec![(0.0, 10.0), (40.0, 50.0), (90.0, 100.0)], 20.0),
            ("first", vec![(10.0, 40.0)], 30.0),
            ("beside", vec![], 15.0),
            ("second", vec![(50.0, 60.0), (85.0, 90.0)], 15.0),
            ("query", vec![(60.0, 85.0)], 25.0),
            ("background", vec![], 120.0),
        ]
    );
}

#[test]
fn an_exception_may_be_told_elsewhere() {
    let thrown = json!({"working_directory": "/srv", "exceptions": [
        {"id": "e1", "type": "Wrapped", "message": "query failed\nfor orders", "cause": "e2"},
        {"id": "e2", "type": "PoolExhausted", "message": "no connection", "remote": true, "truncated": 3,
         "stack": [{"path": "pool.rs", "line": 42, "label": "acquire"}, {"path": "q.rs"}]},
    ]});
    let trace = read(&[
        with(doc("a", "", "edge", 0.0, 100.0), json!({"fault": true, "cause": "e2"})),
        with(sub("b", "a", "db", 1.0, 9.0), json!({"fault": true, "cause": thrown})),
        with(sub("c", "a", "x", 20.0, 30.0), json!({"cause": "nowhere"})),
    ]);
    let exceptions = |index: usize| &trace.spans[index].detail.as_ref().unwrap().exceptions;
    assert_eq!((exceptions(0).from, exceptions(0).list.len()), (Some(1), 1));
    assert_eq!((exceptions(1).from, exceptions(1).list.len()), (None, 2));
    let pool = &exceptions(0).list[0];
    assert_eq!(
        (pool.kind.as_str(), pool.remote, pool.truncated, pool.stack.len()),
        ("PoolExhausted", true, 3, 2)
    );
    assert_eq!((pool.stack[0].line, pool.stack[0].label.as_str()), (Some(42), "acquire"));
    let other = &trace.spans[2].detail.as_ref().unwrap().other;
    assert_eq!(other, &[("cause".to_owned(), "nowhere".to_owned())]);
}

#[test]
fn every_field_has_its_place_or_is_kept() {
    let trace = read(&[with(
        doc("a", "", "edge", 0.0, 1.0),
        json!({
            "origin": "AWS::ECS::Container", "namespace": "remote", "user": "u1",
            "http": {"request": {"method": "GET", "url": "https://shop.example/pay", "client_ip": "203.0.113.9",
                                 "user_agent": "curl/8", "x_forwarded_for": true},
                     "response": {"status": 200, "content_length": 1024}},
            "sql": {"sanitized_query": "SELECT *\nFROM orders", "database_type": "PostgreSQL"},
            "aws": {"operation": "GetItem", "ecs": {"container_id": "c0ffee"}, "resource_names": ["a", "b"],
                    "cloudwatch_logs": [{"log_group": "/ecs/edge"},
                                        {"arn": "arn:aws:logs:eu-west-2:111122223333:log-group:/ecs/two:*"}]},
            "annotations": {"tier": "gold", "vip": true, "n": 1.50},
            "metadata": {"default": {"cart": {"items": [{"sku": 1}, {"sku": 2}], "empty": {}}}},
            "brand_new": {"a": [null, "x"]},
        }),
    )]);
    let span = &trace.spans[0];
    let detail = span.detail.as_ref().unwrap();
    let pairs = |list: &[(String, String)]| {
        list.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
    };
    assert_eq!((span.origin.as_str(), span.namespace.as_str()), ("AWS::ECS::Container", "remote"));
    assert_eq!(span.what(), "GET /pay");
    let http = span.http.as_ref().unwrap();
    assert_eq!(
        (http.status, http.content_length, http.client_ip.as_str()),
        (Some(200), Some(1024), "203.0.113.9")
    );
    let sql = detail.sql.as_ref().unwrap();
    assert_eq!(
        (sql.query.as_str(), pairs(&sql.facts)),
        ("SELECT *\nFROM orders", vec!["database_type=PostgreSQL".into()])
    );
    assert_eq!(span.aws("ecs.container_id"), Some("c0ffee"));
    assert_eq!(span.annotation("vip"), Some("true"));
    assert_eq!(pairs(&detail.annotations), ["tier=gold", "vip=true", "n=1.5"]);
    assert_eq!(
        pairs(&detail.metadata),
        ["default.cart.items[0].sku=1", "default.cart.items[1].sku=2", "default.cart.empty={}"]
    );
    assert_eq!(pairs(&detail.other), ["user=u1", "brand_new.a[0]=null", "brand_new.a[1]=x"]);
    assert_eq!(trace.log_groups(), ["/ecs/edge", "/ecs/two"]);
}

#[test]
fn spans_of_opentelemetry_are_read_too() {
    let flat = json!({
        "traceId": "67a1b2c30123456789abcdef01234567", "spanId": "0000000000000001", "name": "GET /pay",
        "kind": "SERVER", "startTimeUnixNano": 1_700_000_000_000_000_000_u64,
        "endTimeUnixNano": 1_700_000_000_250_000_000_u64, "status": {"code": "ERROR", "message": "boom"},
        "attributes": {"aws.local.service": "checkout", "http.request.method": "GET", "url.path": "/pay",
                       "http.response.status_code": 502},
        "resource": {"attributes": {"service.name": "other", "aws.log.group.names": ["/ecs/checkout"]}},
    });
    let otlp = json!({
        "traceId": "67a1b2c30123456789abcdef01234567", "spanId": "0000000000000002",
        "parentSpanId": "0000000000000001", "name": "SELECT", "kind": 3,
        "startTimeUnixNano": "1700000000050000000", "endTimeUnixNano": "1700000000200000000",
        "status": {"code": 2},
        "attributes": [{"key": "db.query.text", "value": {"stringValue": "SELECT 1"}},
                       {"key": "server.address", "value": {"stringValue": "orders-db"}}],
        "events": [{"name": "exception", "attributes": {
            "exception.type": "PoolExhausted", "exception.message": "none left",
            "exception.stacktrace": "  at acquire\n  at query"}}],
    });
    assert_tree(
        &[otlp.clone(), flat.clone()],
        "
        checkout 0..250 fault
          orders-db 50..200 fault
        ",
    );
    let trace = read(&[otlp, flat]);
    assert_eq!((trace.spans[0].what(), trace.spans[1].what()), ("GET /pay".into(), "SELECT 1".into()));
    assert_eq!(trace.spans[1].exception().unwrap().stack.len(), 2);
    assert_eq!(trace.log_groups(), ["/ecs/checkout"]);
}

#[test]
fn files_come_in_several_forms() {
    let edge = doc("a", "", "edge", 0.0, 100.0);
    let orders = doc("b", "a", "orders", 10.0, 20.0);
    let other =
        with(doc("z", "", "other", 0.0, 1.0), json!({"trace_id": "1-67a1b2c4-0123456789abcdef01234567"}));
    let segment = |doc: &Value| json!({"Id": doc["id"], "Document": doc.to_string()});
    let answer = json!({"Traces": [{"Id": TRACE, "Duration": 0.1, "LimitExceeded": true,
                                    "Segments": [segment(&edge), segment(&orders)]},
                                   {"Id": other["trace_id"], "Segments": [segment(&other)]}],
                        "UnprocessedTraceIds": ["1-67a1b2c5-0123456789abcdef01234567"]});
    let list = json!([edge, orders, other]);
    let lines = format!("{edge}\n\n{orders}\n{other}\n");
    for (text, limited) in [
        (answer.to_string(), true),
        (format!("{answer:#}"), true),
        (format!("{list:#}"), false),
        (lines, false),
    ] {
        let traces = read::file(&text).unwrap();
        let trees: Vec<String> = traces.iter().map(tree).collect();
        assert_eq!(trees, ["edge 0..100\n  orders 10..20", "other 0..1"], "{text}");
        assert_eq!((traces[0].limit_exceeded, traces[1].limit_exceeded), (limited, false), "{text}");
    }
    assert_eq!(tree(&read::file(&format!("{edge:#}")).unwrap()[0]), "edge 0..100");
    assert_eq!(
        read::file(&answer.to_string()).unwrap()[0].problems,
        ["1 traces were asked for and not answered"]
    );
    let half = read::file(&format!("{edge}\n{{\"id\":\"b\",\"name\":")).unwrap();
    assert_eq!((half[0].spans.len(), half[0].problems.len()), (2, 1));
    for nothing in ["", "hello", "[]", "{}", "{\"Traces\": []}", "3"] {
        assert!(read::file(nothing).is_err(), "{nothing}");
    }
}

/// Documents with few ids, so that they meet: any parent, any order, any time.
fn documents() -> impl Strategy<Value = Vec<Value>> {
    let id = || prop_oneof![(0..8_u8).prop_map(|id| format!("{id:016x}")), Just("\u{1b}[31mx".to_owned())];
    let part =
        (id(), proptest::option::of(id()), -50.0..150.0_f64, proptest::option::of(-50.0..150.0_f64), 0..8_u8);
    let part = part.prop_map(|(id, parent, start, end, bits)| {
        let mut doc = json!({"id": id, "name": format!("\u{1b}]0;{id}\u{7}n{id}"), "start_time": at(start)});
        if let Some(end) = end {
            doc["end_time"] = at(end).into();
        }
        if let Some(parent) = parent {
            doc["parent_id"] = parent.into();
        }
        if bits & 1 > 0 {
            doc["inferred"] = true.into();
        }
        if bits & 2 > 0 {
            doc["fault"] = true.into();
            doc["cause"] = json!({"exceptions": [{"id": "e", "message": "\u{1b}[2Jboom"}]});
        }
        if bits & 4 > 0 {
            doc["metadata"] = json!({"\u{9b}31m": {"k": ["\u{1b}[1m\r\u{202e}"]}});
        }
        doc
    });
    let nested = part.prop_recursive(3, 12, 3, |inner| {
        (inner.clone(), proptest::collection::vec(inner, 0..3))
            .prop_map(|(doc, parts)| with(doc, json!({"subsegments": parts})))
    });
    proptest::collection::vec(nested, 0..8)
}

fn ids(docs: &[Value], out: &mut Vec<String>) {
    for doc in docs {
        out.push(crate::text::sanitize(doc["id"].as_str().unwrap()).into_owned());
        ids(doc["subsegments"].as_array().map_or(&[], Vec::as_slice), out);
    }
}

proptest! {
    #[test]
    fn every_span_is_there_once_and_in_order(docs in documents()) {
        let trace = read(&docs);
        let mut told = Vec::new();
        ids(&docs, &mut told);
        told.sort();
        told.dedup();
        let mut found: Vec<String> = trace.spans.iter().map(|span| span.id.clone()).collect();
        found.sort();
        let count = found.len();
        found.dedup();
        prop_assert_eq!(count, found.len(), "a span stands twice");
        prop_assert!(found.iter().all(|id| told.contains(id)));
        prop_assert_eq!(count + trace.replaced, told.len());
        for (index, span) in trace.spans.iter().enumerate() {
            if let Some(parent) = span.parent {
                prop_assert!(parent < index && trace.below(parent).contains(&index));
                prop_assert_eq!(span.depth, trace.spans[parent].depth + 1);
            } else {
                prop_assert_eq!(span.depth, 0);
            }
            let (from, to) = span.shown;
            prop_assert!(trace.start <= from && from <= to && to <= trace.end, "{:?}", span);
            prop_assert!((0..=to - from).contains(&span.self_time));
            let apart = span.critical.windows(2).all(|pair| pair[0].1 <= pair[1].0);
            prop_assert!(apart && span.critical.iter().all(|(a, b)| from <= *a && a < b && *b <= to));
        }
        let critical: i64 = trace.spans.iter().flat_map(|span| &span.critical).map(|(a, b)| b - a).sum();
        prop_assert!(critical <= trace.length());
        let text = serde_json::to_string(&trace).unwrap();
        let clean = |c: char| !c.is_control() && c != '\u{202e}';
        prop_assert!(text.chars().all(clean) && !text.contains("\\u00"), "{}", text);
        let back: Trace = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(back, trace);
    }

    #[test]
    fn any_cut_of_a_document_is_survived(docs in documents(), cut in 0..2_000_usize) {
        let text = Value::from(docs).to_string();
        let _ = read::file(crate::text::cap(&text, cut).0);
    }

    #[test]
    fn any_text_is_survived(text in ".{0,200}") {
        let _ = read::file(&text);
        let _ = read::trace(None, [text.as_str()]);
    }
}
