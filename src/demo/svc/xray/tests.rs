//! Filter expressions: what is one, what is not, and what each means for known traces.

use super::facts::Facts;
use super::filter::{Expr, Flag, Order, TextKey, TextOrder, parse};
use crate::demo::world::{Scenario, Trace, World};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

#[test]
fn operators_bind_as_documented() {
    let fault = || Box::new(Expr::Flag(Flag::Fault, true));
    let error = || Box::new(Expr::Flag(Flag::Error, true));
    let ok = || Box::new(Expr::Flag(Flag::Ok, true));
    let cases = [
        ("fault", *fault()),
        ("!fault", Expr::Not(fault())),
        ("NOT fault", Expr::Not(fault())),
        ("fault = false", Expr::Flag(Flag::Fault, false)),
        ("fault != true", Expr::Flag(Flag::Fault, false)),
        ("fault OR error AND ok", Expr::Or(fault(), Box::new(Expr::And(error(), ok())))),
        ("(fault OR error) AND ok", Expr::And(Box::new(Expr::Or(fault(), error())), ok())),
        ("!(fault or error)", Expr::Not(Box::new(Expr::Or(fault(), error())))),
        ("responsetime>=0.5", Expr::Number(super::filter::NumberKey::ResponseTime, Order::AtLeast, 0.5)),
        (
            r#"http.url CONTAINS "a\"b\\c""#,
            Expr::Text(TextKey::Url, TextOrder::Contains, r#"a"b\c"#.to_owned()),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_expression_is_refused_with_its_place() {
    let cases = [
        ("", "expected a keyword but the expression ends"),
        ("fault AND", "expected a keyword but the expression ends"),
        ("fault error", "expected AND, OR or the end but found error at position 6"),
        ("speed > 5", "expected a keyword but found speed at position 0"),
        ("responsetime > fast", "expected a number but found fast at position 15"),
        ("responsetime CONTAINS \"5\"", "expected one of = != < <= > >= but found CONTAINS at position 13"),
        ("http.url > 5", "expected one of = != CONTAINS BEGINSWITH ENDSWITH but found > at position 9"),
        ("http.url = 5", "expected a text in double quotes but found 5 at position 11"),
        ("service(\"a\") { fault", "expected } but the expression ends"),
        ("edge(\"a\")", "expected , but found ) at position 8"),
        ("service(id(colour: \"a\"))", "expected name, type or account.id but found colour at position 11"),
        ("name = \"abc", "the text that begins at position 7 does not end"),
        ("(fault", "expected ) but the expression ends"),
        ("fault & error", "unexpected & at position 6"),
        ("responsetime > 1.2.3", "1.2.3 at position 15 is no number"),
        ("annotation[]", "expected the key of an annotation but found ] at position 11"),
        ("fault = maybe", "expected true or false but found maybe at position 8"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).unwrap_err(), expected, "{text}");
    }
    assert_eq!(parse(&"(".repeat(100)).unwrap_err(), "it is nested too deeply");
    assert_eq!(parse(&"!".repeat(100)).unwrap_err(), "it is nested too deeply");
    assert!(parse(&format!("{}fault", "fault OR ".repeat(300))).unwrap_err().contains("longer"));
}

const START: &str = "2026-11-22T04:19:02Z";

/// The sampled traces of some bad minutes.
fn bad_minutes() -> (World, Vec<Trace>, Timestamp) {
    let start: Timestamp = START.parse().unwrap();
    let now = start + SignedDuration::from_mins(20);
    let world = World::new(Scenario::builtin("bad-deploy").unwrap(), 7, "eu-west-2", start);
    let minute = start.as_second() / 60;
    let traces = (minute + 6..minute + 12)
        .flat_map(|minute| world.traces(minute, 0, now))
        .map(|(_, trace)| trace)
        .collect();
    (world, traces, now)
}

#[test]
fn expressions_hold_for_the_traces_that_they_describe() {
    type Check<'a> = Box<dyn Fn(&Facts<'_>) -> bool + 'a>;
    let (world, traces, now) = bad_minutes();
    let has =
        |facts: &Facts<'_>, name: &str| facts.trace.calls.iter().any(|call| facts.node(call).name == name);
    let call = |facts: &Facts<'_>, name: &str| {
        facts.trace.calls.iter().find(|call| facts.node(call).name == name).copied()
    };
    let root = |facts: &Facts<'_>| *facts.root().unwrap();
    let cases: Vec<(&str, Check<'_>)> = vec![
        ("fault", Box::new(|facts| root(facts).fault)),
        ("error AND !throttle", Box::new(|facts| root(facts).error && !facts.throttled())),
        ("throttle", Box::new(|facts| facts.trace.calls.iter().any(|call| call.throttle))),
        ("ok = true", Box::new(|facts| !root(facts).fault && !root(facts).error)),
        ("responsetime > 0.9", Box::new(|facts| root(facts).seconds() > 0.9)),
        ("duration >= 0.2 AND duration < 0.4", Box::new(|facts| (0.2..0.4).contains(&facts.duration()))),
        ("http.status = 502", Box::new(|facts| root(facts).status == Some(502))),
        (
            "http.url ENDSWITH \"7\" AND http.method = \"POST\"",
            Box::new(|facts| {
                let http = facts.world.call_http(&root(facts));
                http.is_some_and(|http| http.url.ends_with('7') && http.method == "POST")
            }),
        ),
        ("service(\"orders\")", Box::new(|facts| has(facts, "orders"))),
        (
            "service(\"orders\") { fault }",
            Box::new(|facts| call(facts, "orders").is_some_and(|call| call.fault)),
        ),
        ("service() { name = \"cart\" }", Box::new(|facts| has(facts, "cart"))),
        (
            "!service(\"cart\") AND service(\"checkout\")",
            Box::new(|facts| has(facts, "checkout") && !has(facts, "cart")),
        ),
        ("service(id(name: \"receipts\", type: \"AWS::Lambda\"))", Box::new(|facts| has(facts, "receipts"))),
        ("service(id(type: \"Database::SQL\")) { inferred }", Box::new(|facts| has(facts, "orders-db"))),
        (
            "edge(\"orders\", \"orders-db\") { responsetime > 0.03 }",
            Box::new(|facts| {
                facts
                    .trace
                    .calls
                    .iter()
                    .any(|call| facts.node(call).name == "orders-db" && call.seconds() > 0.03)
            }),
        ),
        ("edge(\"cart\", \"orders-db\")", Box::new(|_| false)),
        (
            "annotation.side = \"green\" AND annotation[version] >= 42",
            Box::new(|facts| facts.world.call_place(&root(facts)).is_some_and(|place| place.revision == 42)),
        ),
        ("annotation.cold_start", Box::new(|facts| has(facts, "receipts"))),
        (
            "message CONTAINS \"PoolExhausted\"",
            Box::new(|facts| {
                facts.world.call_failure(&root(facts)).is_some_and(|failure| failure.kind == "PoolExhausted")
            }),
        ),
        (
            "user BEGINSWITH \"customer-0\"",
            Box::new(|facts| {
                facts.world.call_user(&root(facts)).is_some_and(|user| user.starts_with("customer-0"))
            }),
        ),
        (
            "rootcause.fault.service { last AND name = \"orders-db\" }",
            Box::new(|facts| root(facts).fault && call(facts, "orders").is_some_and(|call| call.fault)),
        ),
        ("group.name = \"slow\"", Box::new(|facts| root(facts).seconds() > 1.0)),
        ("group.name = \"nobody\"", Box::new(|_| false)),
        ("partial OR instance.id = \"i-1\"", Box::new(|_| false)),
    ];
    for (text, holds) in cases {
        let expr = parse(text).unwrap();
        let mut found = 0;
        for trace in &traces {
            let facts = Facts::new(&world, trace, now);
            assert_eq!(facts.hold(&expr), holds(&facts), "{text} for {trace:?}");
            found += usize::from(facts.hold(&expr));
        }
        let never =
            text.contains("nobody") || text.contains("cart\", \"orders-db") || text.contains("partial");
        assert_eq!(found == 0, never, "{text} holds for {found} of {}", traces.len());
        assert!(found < traces.len(), "{text} holds for all");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in r#"[a-z!=<>(){}\[\]",:. 0-9\\é]{0,60}"#) {
        let _ = parse(&text);
    }

    #[test]
    fn a_quoted_text_comes_back(name in "[^\u{0}]{0,20}") {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        let expr = parse(&format!("user = \"{escaped}\"")).unwrap();
        prop_assert_eq!(expr, Expr::Text(TextKey::User, TextOrder::Is, name));
    }
}
