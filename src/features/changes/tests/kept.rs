//! What is kept of the trail: each event once, newest first, bounded, and nothing lost unnoticed.

use super::super::model::{Ask, Batch, By, Reach};
use super::super::trail::{MAX_BYTES, MAX_EVENTS, Trail};
use super::*;

fn batch(first: u64, events: Vec<Arc<Event>>) -> Batch {
    let next = first + events.len() as u64;
    Batch { first, next, whole: first == 0, events, reaches: Vec::new() }
}

fn numbered(numbers: impl Iterator<Item = i64>) -> Vec<Arc<Event>> {
    numbers.map(|n| update(&format!("{n:06}"), -n, "orders", &user("a"), json!({}))).collect()
}

#[test]
fn each_event_is_kept_once_newest_first() {
    let mut trail = Trail::default();
    trail.push(batch(0, numbered(10..20)));
    trail.push(batch(10, numbered(0..15)));
    assert_eq!(trail.events().len(), 20);
    assert!(trail.events().is_sorted_by(|a, b| a.at > b.at));
    assert_eq!((trail.missed, trail.dropped, trail.changes().len()), (0, 0, 20));
}

#[test]
fn a_lost_answer_is_noticed() {
    let mut trail = Trail::default();
    trail.push(batch(0, numbered(0..5)));
    trail.push(batch(9, numbered(9..12)));
    assert_eq!(trail.missed, 1, "numbers 5 to 8 never came");
    trail.push(Batch { whole: true, ..batch(0, numbered(0..12)) });
    assert_eq!((trail.missed, trail.events().len()), (1, 12));
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    let mut trail = Trail::default();
    let one = numbered(0..1).remove(0);
    let many = |range: std::ops::Range<i64>| -> Vec<Arc<Event>> {
        range
            .map(|n| Arc::new(Event { id: format!("{n:07}").into(), at: at(-n), ..(*one).clone() }))
            .collect()
    };
    let most = MAX_EVENTS as i64;
    trail.push(batch(0, many(100..most + 100)));
    assert!(trail.full() && trail.dropped == 0);
    trail.push(batch(most as u64, many(0..100)));
    assert_eq!((trail.events().len(), trail.dropped), (MAX_EVENTS, 100));
    assert_eq!((trail.events()[0].at, trail.changes().len()), (at(0), MAX_EVENTS));
    assert!(trail.bytes() <= MAX_BYTES, "{} bytes", trail.bytes());
    assert!(trail.events().iter().all(|event| event.at > at(-most)));
}

#[test]
fn the_words_about_the_reach_are_honest() {
    let app = super::screen::app();
    let ctx = app.ctx(super::screen::now(0));
    let range = (at(-3_600), at(0));
    let reach = |back: Option<i64>, done| Reach {
        ask: Ask { region: None, by: By::Writes },
        region: "eu-west-2".into(),
        wanted: range,
        back_to: back.map(at),
        read_at: back.map(|_| at(0)),
        done,
        full: false,
        problem: None,
    };
    let line =
        |reaches: &[Reach]| super::super::reach::line(&reaches.iter().collect::<Vec<_>>(), range, &ctx);
    assert_eq!(line(&[]), "◌ CloudTrail not read yet");
    assert_eq!(line(&[reach(None, false)]), "◌ CloudTrail not read yet");
    let lag = "CloudTrail may lag 15 min, so open after 03:45";
    assert_eq!(line(&[reach(Some(-3_600), true)]), format!("{lag}; read back to 03:00"));
    assert_eq!(line(&[reach(Some(-900), false)]), format!("{lag}; ◌ reading, so far back to 03:45 of 03:00"));
    // As far as the slowest stream.
    assert_eq!(line(&[reach(Some(-3_600), true), reach(None, false)]), format!("{lag}; ◌ reading"));
    let full = Reach { full: true, ..reach(Some(-1_800), true) };
    assert!(line(&[full]).ends_with("read back to 03:30; no room for more, a shorter window shows more"));
    let old =
        Reach { wanted: (at(-9_000), at(-5_000)), back_to: Some(at(-9_000)), ..reach(Some(-3_600), true) };
    let text = super::super::reach::line(&[&old], (at(-9_000), at(-5_000)), &ctx);
    assert_eq!(text, "CloudTrail is complete; read back to 01:30");
}
