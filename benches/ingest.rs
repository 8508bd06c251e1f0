//! How fast log lines come in and are looked through. Budgets: a page of 10,000 lines parsed and stored
//! within 30 ms, of which the store's part (on the UI loop) within 2 ms; literal search 100 MB/s.

use divan::{Bencher, black_box};
use eyewall::features::logs::filter::Filter;
use eyewall::features::logs::model::{Batch, EventId, GroupId, LogEvent, Mode, TailStatus};
use eyewall::features::logs::parse::facts;
use eyewall::features::logs::pattern::Pattern;
use eyewall::features::logs::rows::Rows;
use eyewall::features::logs::search::Scan;
use eyewall::features::logs::store::LogStore;
use eyewall::text::sanitize_block;
use jiff::Timestamp;

fn main() {
    divan::main();
}

/// Every fourth line is text, the others JSON with a trace id: about 200 bytes each.
fn raw(n: i64) -> String {
    let level = if n % 100 == 7 { "error" } else { "info" };
    match n % 4 {
        0 => format!(
            "2026-11-22T04:19:02.391Z {} checkout::pool request {n} served in {} ms for customer {}",
            level.to_uppercase(),
            n % 900,
            n * 7919
        ),
        _ => format!(
            r#"{{"ts":"2026-11-22T04:19:02.391Z","level":"{level}","msg":"request {n} served","status":{},"duration_ms":{},"path":"/pay","trace_id":"1-67a1b2c3-0123456789abcdef{n:08x}"}}"#,
            200 + n % 3 * 151,
            n % 900
        ),
    }
}

fn event(n: i64, raw: &str) -> Option<LogEvent> {
    let message = sanitize_block(raw);
    let timestamp = Timestamp::from_millisecond(1_800_000_000_000 + n * 3).ok()?;
    Some(LogEvent {
        group: GroupId(0),
        stream: "web/1".into(),
        id: EventId::from_parts(&[&n.to_be_bytes()]),
        timestamp,
        ingested: timestamp,
        facts: facts(&message),
        message: message.as_ref().into(),
        late: false,
    })
}

fn batch(range: std::ops::Range<i64>) -> Batch {
    Batch {
        fresh: false,
        groups: vec!["/ecs/checkout".into()],
        events: range.filter_map(|n| event(n, &raw(n))).collect(),
        gaps: Vec::new(),
        status: TailStatus {
            mode: Mode::Poll,
            covered_from: None,
            watermark: None,
            lag: None,
            pages: 1,
            repeated: 0,
            rest_pending: false,
            failed: Vec::new(),
        },
    }
}

fn rows(lines: i64) -> Rows {
    let mut store = LogStore::new(usize::MAX);
    store.push(batch(0..lines));
    store.rows().clone()
}

#[divan::bench]
fn parse_10_000(bencher: Bencher) {
    let raw: Vec<String> = (0..10_000).map(raw).collect();
    bencher.bench(|| raw.iter().zip(0..).filter_map(|(raw, n)| event(n, raw)).collect::<Vec<_>>());
}

#[divan::bench]
fn store_10_000(bencher: Bencher) {
    bencher.with_inputs(|| (LogStore::default(), batch(0..10_000))).bench_values(|(mut store, batch)| {
        store.push(batch);
        store
    });
}

#[divan::bench]
fn store_10_000_between_others(bencher: Bencher) {
    let setup = || {
        let mut store = LogStore::default();
        let (mut even, mut odd) = (batch(0..20_000), batch(0..20_000));
        even.events = even.events.into_iter().step_by(2).collect();
        odd.events = odd.events.into_iter().skip(1).step_by(2).collect();
        store.push(even);
        (store, odd)
    };
    bencher.with_inputs(setup).bench_values(|(mut store, odd)| {
        store.push(odd);
        store
    });
}

#[divan::bench(args = ["declined", "/decl.*ned/", "Declined"])]
fn search_200_000(bencher: Bencher, text: &str) {
    let scan = Scan { rows: rows(200_000), filter: None, pattern: Pattern::parse(text).ok(), since: 0 };
    bencher.bench(|| black_box(&scan).run());
}

#[divan::bench(args = ["level>=error", "status>=500", "served -customer"])]
fn filter_200_000(bencher: Bencher, text: &str) {
    let filter = Filter::parse(text).ok().flatten();
    let scan = Scan { rows: rows(200_000), filter, pattern: None, since: 0 };
    bencher.bench(|| black_box(&scan).run());
}
