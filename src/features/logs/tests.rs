//! The log engine as a whole: store, filter, search and rows over made-up lines, and properties that must
//! hold for any text.

use super::filter::Filter;
use super::model::{Batch, EventId, Facts, Gap, GroupId, LogEvent, Mode, TailStatus, TraceId};
use super::parse;
use super::pattern::Pattern;
use super::row::{self, Layout, Line};
use super::rows::{Chunk, Entry, RowId};
use super::search::{Listing, Matches, Scan};
use super::store::LogStore;
use crate::text::{Zone, sanitize_block, width};
use crate::theme::Role;
use jiff::Timestamp;
use proptest::prelude::*;

const START: i64 = 1_800_000_000_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(START + ms).unwrap()
}

/// A line at `ms` after the start; its id is made from both, as CloudWatch's would be.
fn event(ms: i64, message: &str) -> LogEvent {
    let message = sanitize_block(message);
    LogEvent {
        group: GroupId(0),
        stream: "web/1".into(),
        id: EventId::from_parts(&[&ms.to_be_bytes(), message.as_bytes()]),
        timestamp: at(ms),
        ingested: at(ms + 100),
        facts: parse::facts(&message),
        message: message.as_ref().into(),
        late: false,
    }
}

fn batch(events: Vec<LogEvent>) -> Batch {
    Batch {
        groups: vec!["/ecs/checkout".into()],
        fresh: false,
        events,
        gaps: Vec::new(),
        status: TailStatus {
            mode: Mode::Poll,
            covered_from: Some(at(0)),
            watermark: None,
            lag: None,
            pages: 1,
            repeated: 0,
            rest_pending: false,
            failed: Vec::new(),
        },
    }
}

fn filled(lines: i64) -> LogStore {
    let mut store = LogStore::default();
    store.push(batch((0..lines).map(|n| event(n, &format!("INFO line {n}"))).collect()));
    store
}

fn messages(store: &LogStore) -> Vec<String> {
    store.rows().from(RowId::at(at(-1_000_000))).map(|entry| entry.event.message.to_string()).collect()
}

/// Order, index, neighbours and sums agree.
fn check(store: &LogStore) {
    let rows = store.rows();
    let all: Vec<_> = rows.chunks().flat_map(Chunk::entries).collect();
    assert!(all.is_sorted_by(|a, b| a.id() < b.id()), "strictly in order");
    assert_eq!(all.len(), rows.len());
    assert_eq!(all.iter().map(|entry| entry.event.bytes()).sum::<usize>(), rows.bytes());
    assert!(rows.chunks().all(|chunk| !chunk.entries().is_empty() && chunk.entries().len() <= 1_024));
    for (index, entry) in all.iter().enumerate().step_by(97) {
        assert_eq!(rows.rank(entry.id()), index);
        assert_eq!(rows.nth(index).map(Entry::id), Some(entry.id()));
        assert_eq!(rows.get(entry.id()).map(|entry| entry.seq), Some(entry.seq));
        assert_eq!(rows.before(entry.id()).count(), index);
    }
}

#[test]
fn late_lines_stand_where_they_happened() {
    let mut store = filled(5_000);
    let cursor = store.rows().nth(2_000).unwrap().id();
    assert_eq!(store.push(batch(vec![event(10, "late a"), event(4_999, "late b"), event(-5, "first")])), 3);
    check(&store);
    let all = messages(&store);
    assert_eq!((all[0].as_str(), all[12].as_str()), ("first", "late a"));
    assert_eq!(all.last().unwrap(), "late b", "same time: after what came before");
    assert_eq!(store.rows().get(cursor).unwrap().event.message.as_ref(), "INFO line 2000");
    assert_eq!(store.rows().rank(cursor), 2_002, "the cursor's line moved, its name did not");
}

#[test]
fn interleaved_batches_of_several_groups() {
    let mut store = LogStore::default();
    for round in 0..20 {
        for offset in [0, 3, 1] {
            let events =
                (0..500).map(|n| event(round * 5_000 + n * 10 + offset, &format!("{round} {n} {offset}")));
            store.push(batch(events.collect()));
        }
    }
    assert_eq!(store.rows().len(), 30_000);
    check(&store);
}

#[test]
fn lines_read_before_are_skipped() {
    let mut store = filled(300);
    assert_eq!(store.push(batch((200..400).map(|n| event(n, &format!("INFO line {n}"))).collect())), 100);
    assert_eq!(store.rows().len(), 400);
    let generation = store.generation();
    let again = Batch { fresh: true, ..batch(vec![event(1, "INFO line 1")]) };
    assert_eq!(store.push(again), 1, "a fresh reading takes it again");
    assert_eq!((store.rows().len(), store.generation()), (1, generation + 1));
    assert_eq!(store.arrivals(), 401, "arrivals go on");
}

#[test]
fn the_bound_holds_and_says_what_was_dropped() {
    let mut store = LogStore::new(1024 * 1024);
    for n in 0..50_i64 {
        store.push(batch((0..200).map(|i| event(n * 200 + i, &"x".repeat(300))).collect()));
    }
    check(&store);
    assert!(store.rows().bytes() <= 1024 * 1024);
    assert_eq!(store.dropped() + store.rows().len() as u64, 10_000);
    assert!(store.dropped() > 0);
    // One line larger than the bound stays until a newer one comes.
    store.push(batch(vec![event(1_000_000, &"y".repeat(2 * 1024 * 1024))]));
    assert_eq!(store.rows().last().unwrap().ms, START + 1_000_000);
}

#[test]
fn a_snapshot_does_not_change() {
    let mut store = filled(100);
    let snapshot = store.rows().clone();
    store.push(batch(vec![event(50, "later"), event(200, "newer")]));
    assert_eq!((snapshot.len(), store.rows().len()), (100, 102));
    assert!(snapshot.chunks().flat_map(Chunk::entries).all(|entry| entry.event.message.contains("line")));
}

#[test]
fn errors_per_minute_know_missing_from_zero() {
    let mut store = LogStore::default();
    let mut events: Vec<_> = (0..3).map(|n| event(60_000 + n, &format!("ERROR {n}"))).collect();
    events.push(event(180_000, "FATAL x"));
    events.push(event(180_001, "WARN x"));
    store.push(batch(events));
    assert_eq!(store.errors_per_minute(at(180_000), 5), [None, Some(0), Some(3), Some(0), Some(1)]);
    assert_eq!(store.errors_since(at(180_000), 5), 4);
    let mut unread = batch(vec![event(0, "ERROR early"), event(120_000, "INFO x")]);
    unread.status.covered_from = None;
    let mut store = LogStore::default();
    store.push(unread);
    let counts = store.errors_per_minute(at(120_000), 3);
    assert_eq!(counts, [Some(1), None, None], "what was found already is a lower bound, not nothing");
    assert!(store.reading());
}

#[test]
fn levels_are_counted() {
    let mut store = LogStore::default();
    store.push(batch(vec![event(0, "ERROR a"), event(1, "WARN b"), event(2, "FATAL c")]));
    let levels = store.rows().levels();
    assert_eq!((levels.errors(), levels.of(super::model::Level::Warn), levels.unknown()), (2, 1, 0));
}

#[test]
fn gaps_are_kept_and_bounded() {
    let mut store = LogStore::default();
    for n in 0..150 {
        let gap = Gap { from: at(n), to: at(n + 1), reason: "x".into() };
        store.push(Batch { gaps: vec![gap], ..batch(Vec::new()) });
    }
    assert_eq!(store.gaps().count(), 100);
    assert_eq!(store.gaps().next().unwrap().from, at(50));
}

#[test]
fn batches_travel_in_recordings() {
    let sent = batch(vec![event(1, r#"{"level":"error","trace_id":"1-67a1b2c3-0123456789abcdef01234567"}"#)]);
    let text = serde_json::to_string(&sent).unwrap();
    assert_eq!(serde_json::from_str::<Batch>(&text).unwrap(), sent);
}

#[test]
fn filters() {
    let json = r#"{"level":"error","msg":"card declined","status":502,"http":{"path":"/pay"},"user":"Ann","trace_id":"67a1b2c30123456789abcdef01234567"}"#;
    let text = "2026-11-22 WARN slow query took=1204 path=/orders of Ann Smith";
    let plain = "nothing special";
    for (filter, shown) in [
        ("declined", [true, false, false]),
        ("DECLINED", [false, false, false]),
        ("ann", [true, true, false]),
        ("Ann -smith", [true, false, false]),
        ("\"of Ann\"", [false, true, false]),
        ("-\"of Ann\"", [true, false, true]),
        ("level=error", [true, false, false]),
        ("level>=warn", [true, true, false]),
        ("level<error", [false, true, false]),
        ("-level>=warn", [false, false, true]),
        ("level!=error", [false, true, true]),
        ("status=502", [true, false, false]),
        ("status>=500", [true, false, false]),
        ("status>502", [false, false, false]),
        ("status!=502", [false, true, true]),
        ("http.path=/pay", [true, false, false]),
        ("path=/orders", [false, true, false]),
        ("took>1000", [false, true, false]),
        ("took>1000 level=warn slow", [false, true, false]),
        ("user=ann", [true, false, false]),
        ("user=ANN", [false, false, false]),
        ("user=\"Ann\"", [true, false, false]),
        ("/dec.*ed/", [true, false, false]),
        ("/of ann/ slow", [false, true, false]),
        ("-/[0-9]/", [false, false, true]),
        ("/pay", [true, false, false]),
        ("trace=1-67a1b2c3-0123456789abcdef01234567", [true, false, false]),
        ("stream=web", [true, true, true]),
        ("stream=db", [false, false, false]),
        ("-", [false, true, false]),
    ] {
        let compiled = Filter::parse(filter).unwrap().unwrap();
        let seen = [json, text, plain].map(|line| compiled.matches(&event(0, line)));
        assert_eq!(seen, shown, "{filter}");
    }
    assert_eq!(Filter::parse("  "), Ok(None));
    let id = TraceId::from_hex("67a1b2c30123456789abcdef01234567").unwrap();
    assert!(Filter::of_trace(id).matches(&event(0, json)));
    assert_eq!(Filter::parse(Filter::of_trace(id).text()), Ok(Some(Filter::of_trace(id))));
}

#[test]
fn filter_errors_point_at_the_place() {
    for (filter, place, word) in [
        ("a \"open", 2, "quote"),
        ("level=loud", 6, "level"),
        ("a -level=loud", 9, "level"),
        ("ä status>x", 9, "numbers"),
        ("status=", 7, "value"),
        ("x /(/", 2, "regular expression"),
        ("trace=12", 6, "trace id"),
    ] {
        let error = Filter::parse(filter).unwrap_err();
        assert_eq!(error.at, place, "{filter}: {error}");
        assert!(error.message.contains(word) && !error.message.contains('\n'), "{filter}: {error}");
    }
}

#[test]
fn matches_grow_with_the_store() {
    let mut store = filled(3_000);
    let scan = |store: &LogStore, since| {
        let filter = Filter::parse("/7$/").unwrap();
        Scan { rows: store.rows().clone(), filter, pattern: None, since }.run()
    };
    let mut matches = Matches::default();
    matches.extend(scan(&store, 0));
    assert_eq!((matches.rows().len(), matches.upto()), (300, 3_000));
    store.push(batch(vec![event(5, "late 7"), event(5_000, "new 7"), event(5_001, "new 8")]));
    let grown = scan(&store, matches.upto());
    assert_eq!(grown.rows.len(), 2, "only what arrived since");
    matches.extend(grown);
    assert_eq!(matches.rows(), scan(&store, 0).rows, "the same as from scratch");
    assert_eq!(matches.upto(), store.arrivals());

    let mut small = LogStore::new(300 * 1024);
    small.push(batch((0..3_000).map(|n| event(n, &format!("INFO line {n}"))).collect()));
    let mut matches = Matches::default();
    matches.extend(scan(&small, 0));
    let before = matches.rows().len();
    small.push(batch((3_000..5_000).map(|n| event(n, &format!("INFO line {n}"))).collect()));
    matches.trim(small.rows());
    assert!(matches.rows().len() < before);
    assert!(matches.rows().iter().all(|row| small.rows().get(*row).is_some()));
}

#[test]
fn going_to_hits_and_errors() {
    let mut store = LogStore::default();
    let level = |n: i64| if n % 1_000 == 500 { "ERROR" } else { "INFO" };
    store.push(batch((0..5_000).map(|n| event(n, &format!("{} line {n}", level(n)))).collect()));
    let mut hits = Matches::default();
    let pattern = Some(Pattern::parse("/line [24]000/").unwrap());
    hits.extend(Scan { rows: store.rows().clone(), filter: None, pattern, since: 0 }.run());
    let id = |n: usize| store.rows().nth(n).unwrap().id();
    assert_eq!(hits.next(id(0)), Some(id(2_000)));
    assert_eq!(hits.next(id(2_000)), Some(id(4_000)));
    assert_eq!(hits.next(id(4_000)), Some(id(2_000)), "round the end");
    assert_eq!(hits.previous(id(2_000)), Some(id(4_000)), "round the start");
    assert_eq!((hits.ordinal(id(4_000)), hits.ordinal(id(1))), (Some(2), None));
    assert_eq!(Matches::default().next(id(0)), None);

    let mut odd = Matches::default();
    let filter = Filter::parse("-/[135]500/").unwrap();
    odd.extend(Scan { rows: store.rows().clone(), filter, pattern: None, since: 0 }.run());
    for (listing, expected) in [
        (Listing::new(store.rows(), None), [Some(1_500), Some(500), None, None]),
        (Listing::new(store.rows(), Some(&odd)), [Some(2_500), Some(500), None, None]),
    ] {
        let found = [
            listing.next_error(id(500)),
            listing.previous_error(id(1_500)),
            listing.next_error(id(4_500)),
            listing.previous_error(id(500)),
        ];
        assert_eq!(found, expected.map(|n| n.map(id)));
    }
}

#[test]
fn listings_index_both_ways() {
    let store = filled(3_000);
    let mut matches = Matches::default();
    let filter = Filter::parse("/0$/").unwrap();
    matches.extend(Scan { rows: store.rows().clone(), filter, pattern: None, since: 0 }.run());
    for (listing, step) in
        [(Listing::new(store.rows(), None), 1), (Listing::new(store.rows(), Some(&matches)), 10)]
    {
        assert_eq!(listing.len(), 3_000 / step);
        for index in [0, 1, 150, listing.len() - 1] {
            let id = listing.id_at(index).unwrap();
            assert_eq!((id.ms - START) as usize, index * step);
            assert_eq!(listing.rank(id), index);
            let window: Vec<_> = listing.window(index).take(3).map(Entry::id).collect();
            assert_eq!(window.first(), Some(&id));
            assert_eq!(window.len(), 3.min(listing.len() - index));
        }
        assert_eq!(listing.id_at(listing.len()), None);
        assert_eq!(listing.nearest(RowId::at(at(9_999_999))), listing.last());
        assert_eq!(listing.nearest(RowId::at(at(-9_999))), listing.id_at(0));
    }
    let empty = LogStore::default();
    let listing = Listing::new(empty.rows(), None);
    assert_eq!(
        (listing.nearest(RowId::at(at(0))), listing.last(), listing.window(0).count()),
        (None, None, 0)
    );
}

fn layout<'a>(zone: &'a Zone, pattern: Option<&'a Pattern>) -> Layout<'a> {
    Layout { width: 100, zone, date: false, wrap: false, group: 8, ascii: false, pattern }
}

fn text(line: &Line) -> String {
    line.iter().map(|segment| segment.text.as_str()).collect()
}

#[test]
fn rows_as_on_the_screen() {
    let utc = Zone::utc();
    let plain = layout(&utc, None);
    let trace = r#""trace_id":"67a1b2c30123456789abcdef01c0ffee""#;
    let json = format!(r#"{{"level":"error","msg":"card declined","status":502,{trace}}}"#);
    for (message, layout, expected) in [
        (
            json.as_str(),
            plain.clone(),
            vec!["08:00:00.113Z ERROR checkout card declined  status=502   trace …c0ffee"],
        ),
        (
            "WARN panic\n at pool.rs\n at handler.rs",
            plain.clone(),
            vec!["08:00:00.113Z WARN  checkout ▾ panic … 2 more"],
        ),
        (
            "WARN panic\n at pool.rs",
            Layout { wrap: true, group: 0, ..plain.clone() },
            vec!["08:00:00.113Z WARN  ▾ panic", "                     at pool.rs"],
        ),
        (
            "0123456789",
            Layout { wrap: true, group: 0, width: 24, ..plain.clone() },
            vec!["08:00:00.113Z       0123", "                    4567", "                    89"],
        ),
        ("0123456789", Layout { group: 0, width: 24, ..plain.clone() }, vec!["08:00:00.113Z       012…"]),
        (
            "日本語テキスト",
            Layout { group: 0, width: 26, ..plain.clone() },
            vec!["08:00:00.113Z       日本…"],
        ),
        ("x", Layout { width: 10, date: true, ..plain.clone() }, vec!["15 Jan 08…"]),
        ("x\ny", Layout { group: 0, ascii: true, ..plain.clone() }, vec!["08:00:00.113Z       + x ~ 1 more"]),
        ("x", Layout { width: 0, ..plain.clone() }, vec![""]),
    ] {
        let lines = row::lines(&event(113, message), "/ecs/checkout", &layout);
        assert_eq!(lines.iter().map(text).collect::<Vec<_>>(), expected, "{message}");
    }
    let late = LogEvent { late: true, ..event(113, "x") };
    assert!(text(&row::lines(&late, "/ecs/checkout", &plain)[0]).ends_with("checkout late x"));
}

#[test]
fn hits_are_marked_across_pieces() {
    let utc = Zone::utc();
    let pattern = Pattern::parse("d  status=5").unwrap();
    let line = event(0, r#"{"msg":"declined","status":502}"#);
    let lines = row::lines(&line, "g", &layout(&utc, Some(&pattern)));
    let marked: Vec<_> = lines[0]
        .iter()
        .filter(|segment| segment.role == Role::Match)
        .map(|segment| segment.text.as_str())
        .collect();
    assert_eq!(marked, ["d", "  status=", "5"]);
    assert!(text(&lines[0]).ends_with("declined  status=502"));
}

#[test]
fn the_detail_view_has_everything() {
    let line = r#"{"level":"error","requestId":"8c1a2b3c","n":1.50}"#;
    let lines = super::detail::lines(&event(0, line), "/ecs/checkout", &Zone::utc(), None, "–");
    let text: Vec<String> = lines.iter().map(text).collect();
    for expected in
        ["level     ERROR", "group     /ecs/checkout", "trace     –", "request   8c1a2b3c", "  \"n\": 1.50"]
    {
        assert!(text.iter().any(|line| line == expected), "{expected} in {text:#?}");
    }
    assert_eq!(super::detail::text(&event(0, "a\nb")), "a\nb");
}

/// No byte of an escape sequence, no control character, no newline.
fn harmless(line: &Line) -> bool {
    line.iter().all(|segment| !segment.text.chars().any(char::is_control))
}

/// Text with the pieces that parsers look for, and hostile ones, mixed in.
fn any_line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[ -~]{0,40}",
        prop::sample::select(vec![
            "{\"msg\":\"",
            "\"}",
            "{",
            "}",
            "[",
            "\\u001b[31m",
            "\u{1b}[2J",
            "\u{9b}1m",
            "\u{1b}]52;c;AA\u{7}",
            "\n",
            "\r",
            "\t",
            "level=",
            "ERROR",
            "1-67a1b2c3-0123456789abcdef01234567",
            "00-",
            "-",
            "\"",
            "/",
            "é",
            "日",
            "\u{202e}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_line_is_parsed_and_drawn_without_harm(
        line in any_line(), typed in any_line(), width_ in 0_usize..120, wrap: bool, ascii: bool,
    ) {
        let event = event(0, &line);
        let pattern = Pattern::parse(&typed).ok();
        let utc = Zone::utc();
        let layout = Layout { width: width_, zone: &utc, date: false, wrap, group: 6, ascii, pattern: pattern.as_ref() };
        for line in row::lines(&event, "/ecs/checkout", &layout) {
            prop_assert!(harmless(&line), "{line:?}");
            prop_assert!(width(&text(&line)) <= width_, "{:?} in {width_}", text(&line));
        }
        for line in super::detail::lines(&event, "g", &utc, pattern.as_ref(), "-") {
            prop_assert!(harmless(&line), "{line:?}");
        }
    }

    #[test]
    fn any_filter_compiles_or_explains(typed in any_line(), line in any_line()) {
        match Filter::parse(&typed) {
            Ok(Some(filter)) => drop(filter.matches(&event(0, &line))),
            Ok(None) => prop_assert!(typed.trim().is_empty()),
            Err(error) => prop_assert!(error.at <= typed.chars().count() && !error.message.is_empty()),
        }
    }

    #[test]
    fn any_batches_end_in_order(batches in prop::collection::vec(prop::collection::vec(-50_i64..50, 0..80), 0..12)) {
        let mut store = LogStore::default();
        let mut expected = 0;
        for (n, times) in batches.iter().enumerate() {
            let events = times.iter().enumerate().map(|(i, ms)| event(*ms, &format!("{n} {i}"))).collect();
            expected += store.push(batch(events));
        }
        check(&store);
        prop_assert_eq!(store.rows().len(), expected);
    }

    #[test]
    fn marking_never_changes_the_text(line in any_line(), typed in any_line()) {
        prop_assume!(!typed.is_empty());
        if let Ok(pattern) = Pattern::parse(&typed) {
            let line = sanitize_block(&line).replace('\n', " ");
            let (head, tail) = line.split_at(line.floor_char_boundary(5));
            let pieces = [row::Segment::new(head, Role::Text), row::Segment::new(tail, Role::Dim)];
            prop_assert_eq!(text(&row::highlighted(&pieces, &pattern)), line);
        }
    }
}

#[test]
fn facts_default_is_one_unknown_line() {
    assert_eq!(parse::facts("x"), Facts { lines: 1, ..Facts::default() });
}
