//! The Logs screen as its users see it: keys and answers in, wants, effects and text out.

mod finding;

use super::model::GroupClass::{self, InfrequentAccess, Standard};
use super::model::{Batch, EventId, Gap, GroupId, LogEvent, LogGroup, Mode, TailStatus};
use super::{TailQuery, parse};
use crate::app::{
    Action, App, Cadence, Effect, Input, Keymap, Msg, Now, PollKey, PollPlan, Polled, Settings, Window,
};
use crate::aws::{ErrorClass, SourceError, TargetId, TargetSpec, Usage};
use crate::config::Config;
use crate::features::session::SessionInfo;
use crate::features::{Job, Link, Payload, Query, Store, Topic, run_job};
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

const START: i64 = 1_800_000_000;

fn now(secs: u64) -> Now {
    let wall = Timestamp::from_second(START + secs as i64).unwrap();
    Now { since_start: Duration::from_secs(secs), wall }
}

fn target() -> TargetId {
    TargetId::new("prod")
}

/// An app on the Logs screen with these groups picked.
fn logs(groups: &[&str]) -> App {
    let targets = [(TargetSpec::named("prod"), SessionInfo::default())];
    let settings = Settings {
        config: Config::default(),
        keymap: Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    let mut app = App::new(Store::new(targets), settings, Zone::utc());
    app.act(Action::Screen5, now(0));
    if !groups.is_empty() {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        app.goto(&Link::Logs { target: target(), groups, at: None, filter: String::new() }, now(0));
    }
    app
}

fn event(second: i64, message: &str) -> LogEvent {
    let timestamp = Timestamp::from_second(START + second).unwrap();
    LogEvent {
        group: GroupId(0),
        stream: "web/1".into(),
        id: EventId::from_parts(&[&second.to_be_bytes(), message.as_bytes()]),
        timestamp,
        ingested: timestamp,
        message: message.into(),
        late: false,
        facts: parse::facts(message),
    }
}

fn batch(groups: &[&str], events: Vec<LogEvent>) -> Batch {
    Batch {
        fresh: false,
        groups: groups.iter().map(|group| (*group).into()).collect(),
        events,
        gaps: Vec::new(),
        status: TailStatus {
            mode: Mode::Poll,
            covered_from: Timestamp::from_second(START - 3_600).ok(),
            watermark: None,
            lag: Some(SignedDuration::from_secs(2)),
            pages: 1,
            repeated: 0,
            rest_pending: false,
            failed: Vec::new(),
        },
    }
}

fn tail_of(plan: &PollPlan) -> Option<&TailQuery> {
    match &plan.get(&PollKey::new(&target(), Topic::LogTail))?.query {
        Query::LogTail(query) => Some(query),
        _ => None,
    }
}

/// Answers the question that is asked now.
fn answer(app: &mut App, result: Result<Batch, SourceError>, at: u64) -> Vec<Effect> {
    let query = Query::LogTail(tail_of(&app.plan(now(at))).expect("a tail is wanted").clone());
    app.handle(
        Msg::Polled(Box::new(Polled {
            key: PollKey::new(&target(), Topic::LogTail),
            query,
            result: result.map(Payload::LogBatch),
            next_in: Some(Duration::from_secs(5)),
            usage: Usage::default(),
        })),
        now(at),
    )
}

fn type_line(app: &mut App, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for code in text.chars().map(KeyCode::Char).chain([KeyCode::Enter]) {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        effects.extend(app.handle(Msg::Input(Input::Key(key)), now(10)));
    }
    effects
}

/// Runs the jobs asked for until none is left.
fn run(app: &mut App, mut effects: Vec<Effect>) -> usize {
    let mut jobs = 0;
    while let Some(effect) = effects.pop() {
        if let Effect::Compute(job) = effect {
            jobs += 1;
            let output = run_job(*job);
            effects.extend(app.handle(Msg::Computed(Box::new(output)), now(10)));
        }
    }
    jobs
}

fn screen(app: &App, width: u16, height: u16) -> Vec<String> {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    app.render(&mut buf, now(10));
    let mut again = buf.clone();
    app.render(&mut again, now(10));
    assert_eq!(buf, again, "drawing twice is the same");
    let row = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(row).collect()
}

fn shows(app: &App, text: &str) {
    let screen = screen(app, 120, 24);
    assert!(screen.iter().any(|line| line.contains(text)), "{text:?} in\n{}", screen.join("\n"));
}

/// The row under the cursor.
fn cursor(app: &App) -> String {
    let screen = screen(app, 120, 24);
    screen.iter().find(|line| line.starts_with('▌')).cloned().unwrap_or_default()
}

const GROUPS: [&str; 2] = ["/ecs/checkout", "/ecs/orders"];

fn filled(lines: i64) -> App {
    let mut app = logs(&GROUPS);
    let level = |n| if n % 10 == 5 { "ERROR" } else { "INFO" };
    let events = (0..lines).map(|n| event(n - lines, &format!("{} line {n}", level(n)))).collect();
    let effects = answer(&mut app, Ok(batch(&GROUPS, events)), 1);
    assert_eq!(run(&mut app, effects), 0, "nothing is computed without filter or search");
    app
}

#[test]
fn without_groups_the_picker_is_offered_and_filled() {
    let mut app = logs(&[]);
    assert!(tail_of(&app.plan(now(0))).is_none());
    assert!(app.plan(now(0)).get(&PollKey::new(&target(), Topic::LogGroups)).is_some());
    shows(&app, "Enter or p picks log groups");
    let group = |name: &str, class: GroupClass| LogGroup {
        name: name.into(),
        arn: None,
        class,
        stored_bytes: Some(2048),
        retention_days: None,
    };
    let groups =
        vec![group("/ecs/cart", Standard), group("/ecs/checkout", Standard), group("/old", InfrequentAccess)];
    app.handle(
        Msg::Polled(Box::new(Polled {
            key: PollKey::new(&target(), Topic::LogGroups),
            query: Query::LogGroups,
            result: Ok(Payload::LogGroups(super::GroupList { groups, complete: true, truncated: false })),
            next_in: None,
            usage: Usage::default(),
        })),
        now(1),
    );
    shows(&app, "3 log groups");
    app.act(Action::Pick, now(1));
    shows(&app, "2 KiB");
    type_line(&mut app, "check");
    let plan = app.plan(now(2));
    assert_eq!(tail_of(&plan).unwrap().groups, ["/ecs/checkout".into()]);
    // A group that nothing can tail is refused with the reason, and the others stay.
    app.act(Action::Pick, now(1));
    app.handle(Msg::Input(Input::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE))), now(2));
    app.handle(Msg::Input(Input::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE))), now(2));
    app.handle(Msg::Input(Input::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE))), now(2));
    type_line(&mut app, "");
    let plan = app.plan(now(2));
    assert_eq!(tail_of(&plan).unwrap().groups, ["/ecs/cart".into(), "/ecs/checkout".into()]);
    shows(&app, "/old is not tailed: infrequent access");
}

#[test]
fn the_tail_is_asked_while_it_is_seen() {
    let mut app = filled(3);
    let want = |app: &App| app.plan(now(9)).get(&PollKey::new(&target(), Topic::LogTail)).cloned();
    let asked = want(&app).unwrap();
    assert_eq!(asked.cadence, Cadence::secs(5));
    let query = TailQuery { groups: GROUPS.map(Into::into).to_vec(), window: Window::default() };
    assert_eq!(asked.query, Query::LogTail(query));
    let mut pending = batch(&GROUPS, Vec::new());
    pending.status.rest_pending = true;
    answer(&mut app, Ok(pending), 2);
    assert_eq!(want(&app).unwrap().cadence, Cadence::secs(1), "there is more to read");
    app.act(Action::Pause, now(9));
    assert_eq!(want(&app), None);
    shows(&app, "PAUSED");
    app.act(Action::Pause, now(9));
    app.act(Action::Screen3, now(9));
    assert_eq!(want(&app), None, "another screen");
}

#[test]
fn the_screen_as_drawn() {
    let mut app = logs(&GROUPS);
    let mut first = batch(
        &GROUPS,
        vec![
            event(
                -120,
                r#"{"level":"error","msg":"card declined","status":502,"trace_id":"1-67a1b2c3-0123456789abcdef01c0ffee"}"#,
            ),
            event(-60, "ERROR panic in handler\n at pool.rs:88\n at handler.rs:41"),
            LogEvent { group: GroupId(1), ..event(-2, "WARN slow query 1204 ms") },
        ],
    );
    let at = |secs| Timestamp::from_second(START + secs).unwrap();
    first.gaps.push(Gap { from: at(-30), to: at(-20), reason: "limit of 10 000 lines".into() });
    answer(&mut app, Ok(first), 1);
    let lines = screen(&app, 120, 16);
    let expected = [
        " /ecs/checkout + orders  POLL  3 lines",
        " errors",
        " 07:58:00.000Z ERROR checkout card declined  status=502   trace …c0ffee",
        " 07:59:00.000Z ERROR checkout ▾ panic in handler … 2 more",
        " ── 07:59:30 – 07:59:40 not read: limit of 10 000 lines · z narrows the window, [ goes back ──",
        "▌07:59:58.000Z WARN  orders   slow query 1204 ms",
    ];
    for (line, expected) in lines[3..].iter().zip(expected) {
        // The sparkline's exact steps are its own tests' business.
        if expected.contains("errors") {
            assert!(
                line.contains("08:00   errors 2 · 1/min   times in UTC") && line.ends_with("following"),
                "{line}"
            );
        } else {
            assert_eq!(line, expected, "in\n{}", lines.join("\n"));
        }
    }
}

#[test]
fn time_that_was_not_read_does_not_look_like_time_without_errors() {
    let at = |secs| Timestamp::from_second(START + secs).ok();
    for (covered_from, rest_pending, says, never) in [
        (at(-3_600), false, "errors 2 · 0/min", "░"),
        (None, true, "░ 08:00   errors 2+, reading", "read from"),
        (at(-1_800), false, "errors 2+ · 0/min", "reading"),
    ] {
        let mut app = logs(&GROUPS);
        let mut read = batch(&GROUPS, vec![event(-600, "ERROR a"), event(-300, "ERROR b")]);
        (read.status.covered_from, read.status.rest_pending) = (covered_from, rest_pending);
        answer(&mut app, Ok(read), 1);
        let screen = screen(&app, 160, 24).join("\n");
        assert!(screen.contains(says) && !screen.contains(never), "{says}\n{screen}");
        let partly = covered_from == at(-1_800);
        assert_eq!(screen.contains("read from 07:30"), partly, "{screen}");
        assert_eq!(screen.contains('░'), covered_from != at(-3_600), "{screen}");
    }
    let mut app = logs(&GROUPS);
    let mut nothing = batch(&GROUPS, Vec::new());
    (nothing.status.covered_from, nothing.status.rest_pending) = (None, true);
    answer(&mut app, Ok(nothing), 1);
    shows(&app, "errors –, reading");
}

#[test]
fn narrow_lines_are_cut_not_painted_over() {
    let app = filled(30);
    let narrow = screen(&app, 60, 15);
    let line = &narrow[4];
    assert!(line.contains("errors 3 · 3/min") && line.ends_with(" following"), "{line}");
    assert!(!line.contains("times in"), "{line}");
}

#[test]
fn keys_that_would_change_nothing_are_not_offered_and_say_why() {
    let mut app = filled(30);
    let offered = |app: &App| screen(app, 120, 24).last().unwrap().contains("f follow");
    assert!(!offered(&app));
    app.act(Action::Up, now(10));
    assert!(offered(&app));
    app.act(Action::Open, now(10));
    app.act(Action::Wrap, now(10));
    shows(&app, "an opened line is always wrapped; w wraps the list");
}

#[test]
fn following_holds_when_the_cursor_moves_and_the_line_keeps_it() {
    let mut app = filled(100);
    assert!(cursor(&app).contains("line 99"));
    app.act(Action::Up, now(10));
    app.act(Action::Up, now(10));
    assert!(cursor(&app).contains("line 97"));
    answer(&mut app, Ok(batch(&GROUPS, vec![event(1, "INFO newest"), event(-60, "INFO late")])), 2);
    assert!(cursor(&app).contains("line 97"), "{}", cursor(&app));
    shows(&app, "99 of 102");
    app.act(Action::Follow, now(10));
    assert!(cursor(&app).contains("newest"), "{}", cursor(&app));
    app.act(Action::Top, now(10));
    assert!(cursor(&app).contains("line 0"));
    app.act(Action::PageDown, now(10));
    app.act(Action::HalfUp, now(10));
    app.act(Action::Bottom, now(10));
    assert!(cursor(&app).contains("newest"));
}

#[test]
fn failures_stand_beside_what_was_read() {
    let mut app = filled(3);
    let denied = SourceError::new(ErrorClass::Denied, "logs:FilterLogEvents", "no");
    let mut partial = batch(&GROUPS, Vec::new());
    partial.status.failed.push(("/ecs/orders".into(), denied.clone()));
    answer(&mut app, Ok(partial), 2);
    shows(&app, "/ecs/orders: denied: logs:FilterLogEvents · no");
    shows(&app, "line 2");
    answer(&mut app, Err(denied), 7);
    shows(&app, "line 2");
    assert!(screen(&app, 120, 24)[3].ends_with("denied: logs:FilterLogEvents"));
}

#[test]
fn any_size_is_drawn() {
    let mut app = filled(50);
    answer(&mut app, Ok(batch(&GROUPS, vec![event(1, &"日本語 long ".repeat(200)), event(2, "a\nb\nc")])), 2);
    for wrap in [false, true] {
        for open in [false, true] {
            if open {
                app.act(Action::Open, now(10));
            }
            for (width, height) in [(0, 0), (1, 1), (60, 15), (61, 16), (80, 24), (120, 40), (200, 60)] {
                screen(&app, width, height);
            }
            app.act(Action::Up, now(10));
        }
        app.act(Action::Back, now(10));
        if !wrap {
            app.act(Action::Wrap, now(10));
        }
    }
    app.act(Action::Bottom, now(10));
    assert!(screen(&app, 120, 24).iter().any(|line| line.starts_with('▌')), "the cursor is on screen");
}
