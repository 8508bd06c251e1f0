//! A trace of 10,000 spans with about 400 bytes of document each. Budgets: parsed and assembled within 25 ms, the
//! first screen drawn at 200x60 within 1 ms.
#![expect(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use divan::{Bencher, black_box};
use eyewall::app::Action;
use eyewall::features::traces::waterfall::{WaterfallState, render};
use eyewall::features::traces::{Trace, read};
use eyewall::theme::{ColorDepth, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::fmt::Write;

fn main() {
    divan::main();
}

/// Spans of one document: with more, X-Ray's 64 KB would not hold it.
const PER_DOCUMENT: usize = 100;
const AREA: Rect = Rect { x: 0, y: 0, width: 200, height: 60 };

/// Segments of 100 spans each, every one called by a span of the one before: calls with HTTP, with SQL, of AWS.
fn documents(spans: usize) -> Vec<String> {
    (0..spans / PER_DOCUMENT).map(document).collect()
}

fn document(number: usize) -> String {
    let start = 1_732_505_026.0 + number as f64 * 0.01;
    let parent = number.checked_sub(1).map(|before| format!(r#","parent_id":"{:016x}""#, before * 1000 + 7));
    let mut text = format!(
        r#"{{"trace_id":"1-6743f1c2-0123456789abcdef01234567","id":"{:016x}"{},"name":"service-{number}","start_time":{start:.6},"end_time":{:.6},"origin":"AWS::ECS::Container","http":{{"request":{{"method":"GET","url":"https://service-{number}.shop.internal/orders/9?customer=8812","client_ip":"10.0.1.7"}},"response":{{"status":200,"content_length":2048}}}},"aws":{{"account_id":"111122223333","ecs":{{"container_id":"c0ffee123456"}}}},"subsegments":["#,
        number * 1000,
        parent.unwrap_or_default(),
        start + 1.0,
    );
    for part in 1..PER_DOCUMENT {
        let from = start + part as f64 * 0.009;
        let id = number * 1000 + part;
        let what = match part % 3 {
            0 => {
                r#""namespace":"remote","sql":{"url":"jdbc:postgresql://orders.cluster-abc.eu-west-2.rds.amazonaws.com:5432/orders","database_type":"PostgreSQL","user":"orders_rw","sanitized_query":"SELECT id, total FROM orders WHERE id = ? AND customer = ?"}"#
            }
            1 => {
                r#""namespace":"aws","http":{"response":{"status":200,"content_length":60}},"aws":{"table_name":"scorekeep-user","operation":"GetItem","request_id":"3AIENM5J4ELQ3SPODHKBIRVIC3VV4KQNSO5AEMVJF66Q9ASUAAJG","region":"eu-west-2"}"#
            }
            _ => {
                r#""namespace":"remote","http":{"request":{"method":"POST","url":"http://cart.shop.internal/cart/items?customer=8812"},"response":{"status":200}},"annotations":{"customer_tier":"gold","side":"new"}"#
            }
        };
        let fault = if id.is_multiple_of(997) { r#""fault":true,"# } else { "" };
        let comma = if part > 1 { "," } else { "" };
        write!(
            text,
            r#"{comma}{{"id":"{id:016x}","name":"call-{part}-of-service-{number}","start_time":{from:.6},"end_time":{:.6},{fault}{what}}}"#,
            from + 0.008
        )
        .expect("a text can be written");
    }
    text.push_str("]}");
    text
}

fn assembled(documents: &[String]) -> Trace {
    read::trace(None, documents.iter().map(String::as_str))
}

#[divan::bench(sample_count = 40)]
fn parse_and_assemble_10_000_spans(bencher: Bencher) {
    let documents = documents(10_000);
    let bytes: usize = documents.iter().map(String::len).sum();
    assert!((300..500).contains(&(bytes / 10_000)), "{} bytes a span", bytes / 10_000);
    bencher.counter(divan::counter::BytesCount::new(bytes)).bench_local(|| black_box(assembled(&documents)));
}

/// All unfolded, from the first row; the last rows, with a critical path of many parts.
#[divan::bench(args = ["first", "last"], sample_count = 50)]
fn draw_10_000_spans(bencher: Bencher, what: &str) {
    let trace = assembled(&documents(10_000));
    assert_eq!(trace.spans.len(), 10_000);
    let mut state = WaterfallState::default();
    let actions: &[Action] = match what {
        "last" => &[Action::Bottom],
        _ => &[Action::Top],
    };
    for action in actions {
        assert!(state.on_action(*action, &trace));
    }
    let theme = Theme::load("dark", &[], ColorDepth::True, false).expect("a shipped theme");
    bencher
        .with_inputs(|| Buffer::empty(AREA))
        .bench_local_refs(|buf| render(&trace, &state, true, AREA, buf, &theme));
}

/// A key on 10,000 rows: budget 2 ms for all that handling does.
#[divan::bench(args = [Action::Down, Action::NextError, Action::Left], sample_count = 50)]
fn a_key(bencher: Bencher, action: Action) {
    let trace = assembled(&documents(10_000));
    let mut state = WaterfallState::default();
    state.on_action(Action::Top, &trace);
    bencher.with_inputs(|| state.clone()).bench_local_refs(|state| state.on_action(action, &trace));
}
