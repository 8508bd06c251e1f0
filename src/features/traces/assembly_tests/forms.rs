//! The forms that documents and files come in, and where each of their fields goes.

use super::*;

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
            "exception.stacktrace": "PoolExhausted: none left\n  at acquire\n  at query"}}],
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
    let frames: Vec<&str> =
        trace.spans[1].exception().unwrap().stack.iter().map(|frame| frame.label.as_str()).collect();
    assert_eq!(frames, ["at acquire", "at query"], "what was thrown stands above them already");
    let other = &trace.spans[1].detail.as_deref().unwrap().other;
    assert_eq!(other, &[("server.address".to_owned(), "orders-db".to_owned())], "the statement is said once");
    assert_eq!(trace.log_groups(), ["/ecs/checkout"]);
}

/// As a collector's file exporter writes them: one export a line, spans below their resources and scopes.
#[test]
fn an_export_of_opentelemetry_is_read() {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let span = |id: u8, parent: &str, name: &str, kind: u8, end: &str| {
        json!({"traceId": "67a1b2c30123456789abcdef01234567", "spanId": format!("{id:016x}"), "name": name,
               "parentSpanId": parent, "kind": kind, "startTimeUnixNano": "1700000000000000000",
               "endTimeUnixNano": end, "attributes": [], "status": {}})
    };
    let export = |service: &str, scopes: &str, spans: Value| {
        json!({"resourceSpans": [{"resource": {"attributes": [text("service.name", service)]},
                                  scopes: [{"scope": {"name": "http"}, "spans": spans}]}]})
    };
    let root = span(1, "", "GET /pay", 2, "1700000000250000000");
    let call = span(2, "0000000000000001", "charge", 1, "1700000000200000000");
    let one = export("checkout", "scopeSpans", json!([root, call]));
    let callee = json!([span(3, "0000000000000002", "GET /orders", 2, "1700000000150000000")]);
    let two = export("orders", "instrumentationLibrarySpans", callee);
    for text in [format!("{one}\n{two}\n"), json!([one, two]).to_string()] {
        let traces = read::file(&text).unwrap();
        assert_eq!(traces.len(), 1, "{text}");
        assert_eq!(tree(&traces[0]), "checkout 0..250\n  charge 0..200\n    orders 0..150", "{text}");
        assert_eq!(traces[0].id, id_in(TRACE));
    }
    assert!(read::file(r#"{"resourceSpans": []}"#).is_err(), "an export of nothing");
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
