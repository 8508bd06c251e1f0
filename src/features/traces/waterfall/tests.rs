//! The waterfall as its users see it: keys in, rows and cells out, at every size.

use super::axis::{Axis, Tick, length};
use super::{WaterfallState, height, render};
use crate::app::Action;
use crate::features::traces::{Trace, read};
use crate::theme::{ColorDepth, Theme};
use crate::widgets::testing::{ascii, lines};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const FAULT: &str = include_str!("../../../../tests/traces/fault.json");
const ODD: &str = include_str!("../../../../tests/traces/odd.jsonl");
const RUNNING: &str = include_str!("../../../../tests/traces/running.jsonl");

fn trace(text: &str) -> Trace {
    read::file(text).unwrap().remove(0)
}

fn draw(trace: &Trace, state: &WaterfallState, (width, height): (u16, u16), theme: &Theme) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    render(trace, state, true, buf.area, &mut buf, theme);
    buf
}

fn text(trace: &Trace, state: &WaterfallState, size: (u16, u16)) -> String {
    lines(&draw(trace, state, size, &Theme::plain()))
}

fn press(state: &mut WaterfallState, trace: &Trace, actions: &[Action]) {
    for action in actions {
        assert!(state.on_action(*action, trace), "{action:?} has no meaning");
    }
}

fn selected(state: &WaterfallState, trace: &Trace) -> String {
    let span = &trace.spans[state.selected(trace).unwrap()];
    format!("{} {}", span.name, span.id.trim_start_matches(|c: char| c != '0').trim_start_matches('0'))
}

#[test]
fn a_fault_at_every_size() {
    let trace = trace(FAULT);
    let state = WaterfallState::default();
    insta::assert_snapshot!("fault_120", text(&trace, &state, (120, 30)));
    insta::assert_snapshot!("fault_80", text(&trace, &state, (80, 20)));
    insta::assert_snapshot!("fault_60", text(&trace, &state, (60, 11)));
    insta::assert_snapshot!("fault_ascii", lines(&draw(&trace, &state, (80, 20), &ascii())));
}

#[test]
fn odd_and_running_traces() {
    insta::assert_snapshot!("odd_100", text(&trace(ODD), &WaterfallState::default(), (100, 24)));
    insta::assert_snapshot!("running_100", text(&trace(RUNNING), &WaterfallState::default(), (100, 16)));
}

#[test]
fn a_span_in_full() {
    let trace = trace(FAULT);
    let mut state = WaterfallState::default();
    press(&mut state, &trace, &[Action::Open]);
    insta::assert_snapshot!("full_80", text(&trace, &state, (80, 24)));
    assert!(state.covered());
    let at_top = text(&trace, &state, (80, 8));
    press(&mut state, &trace, &[Action::Bottom]);
    let at_end = text(&trace, &state, (80, 8));
    assert!(at_end != at_top && at_end.contains("sampling") != at_top.contains("PoolExhausted"), "{at_end}");
    press(&mut state, &trace, &[Action::Down, Action::Down, Action::Up]);
    assert_ne!(text(&trace, &state, (80, 8)), at_end, "one up from the end is seen at once");
    press(&mut state, &trace, &[Action::Back]);
    assert!(!state.covered());
    assert!(!state.on_action(Action::Back, &trace), "then it leads out");
}

#[test]
fn the_cursor_starts_at_the_first_fault_and_finds_the_others() {
    use Action::{Bottom, Down, NextError, PrevError, Top};
    let trace = trace(FAULT);
    let mut state = WaterfallState::default();
    assert_eq!(selected(&state, &trace), "orders-db@orders.cluster-abc.eu-west-2.rds.amazonaws.com 2");
    for (actions, expected) in [
        (&[PrevError][..], "orders 1"),
        (&[PrevError, PrevError, PrevError], "checkout 2"),
        (&[Top, PrevError], "edge 1"),
        (&[NextError, NextError, NextError], "orders 4"),
        (&[Bottom, NextError], "orders-db@orders.cluster-abc.eu-west-2.rds.amazonaws.com 1"),
        (&[Top, Down, Down, Down], "cart 2"),
    ] {
        press(&mut state, &trace, actions);
        assert_eq!(selected(&state, &trace), expected);
    }
}

#[test]
fn parts_fold_and_unfold() {
    use Action::{Left, NextError, Right, Top};
    let trace = trace(FAULT);
    let mut state = WaterfallState::default();
    let rows = |state: &WaterfallState| state.rows(&trace).spans.len();
    assert_eq!(rows(&state), 10);
    // From a call to its parent; there it folds; once more goes to the next parent.
    press(&mut state, &trace, &[Top, NextError, NextError, Left]);
    assert_eq!((selected(&state, &trace), rows(&state)), ("checkout 1".into(), 3));
    assert!(text(&trace, &state, (80, 20)).contains("▸ checkout +7"));
    press(&mut state, &trace, &[Left]);
    assert_eq!(selected(&state, &trace), "checkout 2");
    press(&mut state, &trace, &[Right, Right]);
    assert_eq!((selected(&state, &trace), rows(&state)), ("checkout 1".into(), 10), "unfolds, then enters");
    // A fault in a folded part is found.
    press(&mut state, &trace, &[Left, NextError]);
    assert_eq!((selected(&state, &trace), rows(&state)), ("orders 4".into(), 10));
    // The cursor of a folded part stands where the part is.
    press(&mut state, &trace, &[Top, Left]);
    assert_eq!((selected(&state, &trace), rows(&state)), ("edge 1".into(), 1));
}

#[test]
fn only_what_failed_may_be_shown() {
    let trace = trace(FAULT);
    let mut state = WaterfallState::default();
    press(&mut state, &trace, &[Action::ShowAll]);
    let shown = text(&trace, &state, (120, 30));
    assert!(!shown.contains("cart") && shown.contains("orders-db"), "{shown}");
    press(&mut state, &trace, &[Action::ShowAll]);
    assert!(text(&trace, &state, (120, 30)).contains("cart"));
    let fine = super::super::read::trace(None, [r#"{"id":"a","name":"x","start_time":1,"end_time":2}"#]);
    press(&mut state, &fine, &[Action::ShowAll]);
    assert!(text(&fine, &state, (80, 10)).contains("nothing failed"));
    press(&mut state, &fine, &[Action::ShowAll]);
    assert!(text(&fine, &state, (80, 10)).contains("1 span"));
}

#[test]
fn the_axis_zooms_around_the_cursor_and_moves() {
    use Action::{Earlier, Later, Live, ZoomIn, ZoomOut};
    let trace = trace(FAULT);
    let mut state = WaterfallState::default();
    let ms = |state: &WaterfallState| {
        let (from, to) = state.shown(&trace);
        ((from - trace.start) / 1000, (to - trace.start) / 1000)
    };
    for (actions, expected) in [
        (&[ZoomIn][..], (628, 1598)),
        (&[ZoomIn], (871, 1356)),
        (&[Earlier], (628, 1113)),
        (&[Later, Later], (1113, 1598)),
        (&[Later, Later, Later], (1455, 1940)),
        (&[ZoomOut], (970, 1940)),
        (&[ZoomOut], (0, 1940)),
        (&[ZoomIn, ZoomIn, Live], (0, 1940)),
        (&[Earlier], (0, 1940)),
    ] {
        press(&mut state, &trace, actions);
        assert_eq!(ms(&state), expected, "{actions:?}");
    }
    for _ in 0..60 {
        press(&mut state, &trace, &[ZoomIn]);
    }
    let (from, to) = state.shown(&trace);
    assert!(to - from >= 10, "never to nothing");
    let zoomed = text(&trace, &state, (120, 30));
    assert!(zoomed.contains("zoomed") && zoomed.contains('‹'), "{zoomed}");
}

#[test]
fn ticks_are_round_and_their_labels_fit() {
    for (from, to, cells, expected) in [
        (0, 1_940_000, 60, "0@0 500@15 1000@31 1500 ms@46"),
        (0, 1_940_000, 30, "0@0 1000 ms@15"),
        (500_000, 1_000_000, 60, "500@0 600@12 700@24 800@36 900 ms@48"),
        (0, 900, 40, "0@0 500 µs@22"),
        (0, 90_000_000, 60, "0@0 20@13 40@27 60@40 80 s@53"),
        (0, 1, 24, "0 µs@0"),
        (0, 500_000, 4, "0 ms@0"),
    ] {
        let axis = Axis { origin: 0, from, to: to.max(from + 1), cells };
        let ticks: Vec<String> =
            axis.ticks().iter().map(|Tick { cell, label }| format!("{label}@{cell}")).collect();
        assert_eq!(ticks.join(" "), expected, "{from}..{to} in {cells}");
    }
    assert_eq!([length(84), length(410_000), length(1_410_000)], ["84 µs", "410 ms", "1.41 s"]);
}

#[test]
fn bars_have_a_cell_and_critical_parts_share_none() {
    let axis = Axis { origin: 0, from: 0, to: 100, cells: 10 };
    for (bar, expected) in [
        ((0, 100), Some((0, 10))),
        ((12, 38), Some((1, 4))),
        ((50, 50), Some((5, 6))),
        ((100, 100), Some((9, 10))),
        ((-50, -1), None),
        ((120, 130), None),
        ((-50, 30), Some((0, 3))),
    ] {
        assert_eq!(axis.cells(bar), expected, "{bar:?}");
    }
    assert_eq!(axis.covered(&[(0, 14), (16, 20), (46, 60)], (0, 10)), [0, 1, 5]);
    assert_eq!(axis.covered(&[(50, 51)], (5, 6)), [5], "a bar of one cell");
    assert_eq!(axis.covered(&[(50, 51)], (5, 7)), [0; 0]);
}

#[test]
fn any_size_is_drawn_and_drawing_twice_is_the_same() {
    let traces = [trace(FAULT), trace(ODD), trace(RUNNING), Trace::default()];
    let mut covered = WaterfallState::default();
    covered.on_action(Action::Open, &traces[0]);
    for trace in &traces {
        for state in [&WaterfallState::default(), &covered] {
            for theme in [Theme::plain(), ascii()] {
                for width in (0..40).chain([60, 80, 120, 300]) {
                    for height in [0, 1, 2, 3, 5, 6, 9, 24, 60] {
                        let first = draw(trace, state, (width, height), &theme);
                        assert_eq!(first, draw(trace, state, (width, height), &theme), "{width}x{height}");
                    }
                }
            }
        }
    }
}

/// Every piece of a waterfall in a terminal without Unicode, and in one without colours, still tells.
#[test]
fn neither_colour_nor_unicode_is_needed() {
    let mut drawn = draw(&trace(FAULT), &WaterfallState::default(), (100, 20), &ascii());
    crate::app::ascii::plain(&mut drawn);
    let drawn = lines(&drawn);
    assert!(drawn.is_ascii() && drawn.contains("first fault"), "{drawn}");
    let mono = Theme::load("mono", &[], ColorDepth::None, false).unwrap();
    let drawn = draw(&trace(FAULT), &WaterfallState::default(), (100, 20), &mono);
    assert!(drawn.content.iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
}

#[test]
fn a_long_trace_shows_the_row_under_the_cursor() {
    let parts: Vec<String> = (0..500)
        .map(|i| {
            format!(r#"{{"id":"s{i}","name":"step-{i}","start_time":{},"end_time":{}}}"#, 10 + i, 11 + i)
        })
        .collect();
    let text = format!(
        r#"{{"id":"a","name":"root","start_time":10,"end_time":510,"subsegments":[{}]}}"#,
        parts.join(",")
    );
    let trace = trace(&text);
    let mut state = WaterfallState::default();
    press(&mut state, &trace, &[Action::Bottom]);
    let drawn = self::text(&trace, &state, (100, 24));
    assert!(drawn.contains("▌✔ └ step-499"), "{drawn}");
    assert_eq!(height(&trace), 502);
}
