//! What follows from a trace once it is put together: how spans went, what failed first, what was waited for.

use super::*;

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
