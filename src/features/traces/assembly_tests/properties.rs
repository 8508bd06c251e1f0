//! Any documents: every span once, in order, without a panic.

use super::*;
use proptest::prelude::*;

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
