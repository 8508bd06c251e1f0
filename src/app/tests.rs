//! The core as its users see it: keys in, effects and plans out.

use super::*;
use crate::aws::{ErrorClass, SourceError, TargetId, TargetSpec, Usage};
use crate::features::session::SessionInfo;
use crate::features::{Payload, Query, Topic};
use crate::text::Zone;
use crate::theme::ColorDepth;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;

fn now(secs: u64) -> Now {
    let wall = jiff::Timestamp::from_second(1_800_000_000 + secs as i64).unwrap();
    Now { since_start: Duration::from_secs(secs), wall }
}

fn app(targets: &[&str]) -> App {
    let targets = targets.iter().map(|name| (TargetSpec::named(name), SessionInfo::default()));
    let settings = Settings {
        config: Config::default(),
        keymap: Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    App::new(Store::new(targets), settings, Zone::utc())
}

fn press(app: &mut App, code: KeyCode, at: u64) -> Vec<Effect> {
    app.handle(Msg::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))), now(at))
}

fn goto_alarms(app: &mut App) {
    press(app, KeyCode::Char('3'), 0);
}

fn polled(target: &str, query: Query, result: Result<Payload, SourceError>) -> Msg {
    let key = PollKey::new(&TargetId::new(target), query.topic());
    Msg::Polled(Box::new(Polled {
        key,
        query,
        result,
        next_in: Some(Duration::from_secs(30)),
        usage: Usage::default(),
    }))
}

#[test]
fn the_plan_follows_what_is_seen() {
    let mut app = app(&["a", "b"]);
    goto_alarms(&mut app);
    let plan = app.plan(now(0));
    for target in ["a", "b"] {
        let want = plan.get(&PollKey::new(&TargetId::new(target), Topic::Alarms)).unwrap();
        assert_eq!(want.level, Level::Visible);
    }
    app.store.set_active(&[TargetId::new("b")]);
    let plan = app.plan(now(0));
    assert!(plan.get(&PollKey::new(&TargetId::new("a"), Topic::Alarms)).is_none(), "a is off");
}

#[test]
fn refresh_asks_again_only_for_what_is_visible() {
    let mut app = app(&["a"]);
    goto_alarms(&mut app);
    let before = app.plan(now(0));
    press(&mut app, KeyCode::Char('r'), 0);
    let after = app.plan(now(0));
    let target = TargetId::new("a");
    let count = |plan: &PollPlan, topic| plan.get(&PollKey::new(&target, topic)).map(|want| want.refreshes);
    assert_ne!(count(&before, Topic::Alarms), count(&after, Topic::Alarms));
    assert_eq!(count(&before, Topic::Identity), count(&after, Topic::Identity));
}

#[test]
fn an_answer_to_an_old_question_changes_nothing() {
    let mut app = app(&["a"]);
    // Nobody has opened an alarm, so nobody asks for a detail.
    let query = Query::AlarmDetail(crate::features::alarms::DetailQuery {
        name: "x".into(),
        kind: crate::features::alarms::Kind::Metric,
        metrics: Vec::new(),
        window: Window::default(),
        children: false,
    });
    let error = SourceError::new(ErrorClass::Throttled, "cloudwatch:GetMetricData", "slow down");
    app.handle(polled("a", query, Err(error)), now(1));
    assert!(app.store.errors.list.is_empty());
    assert!(app.store.polls.values().all(|poll| poll.error.is_none()));
}

#[test]
fn one_target_failing_leaves_the_others_data_alone() {
    let mut app = app(&["a", "b"]);
    goto_alarms(&mut app);
    let list = crate::features::alarms::AlarmList::default();
    app.handle(polled("a", Query::Alarms, Ok(Payload::Alarms(list.clone()))), now(1));
    let denied = SourceError::new(ErrorClass::Denied, "cloudwatch:DescribeAlarms", "no");
    app.handle(polled("b", Query::Alarms, Err(denied.clone())), now(2));
    app.handle(polled("a", Query::Alarms, Err(denied)), now(60));
    let a = app.store.target(&TargetId::new("a")).unwrap();
    assert_eq!(a.alarms, Some(list), "the last good data stay");
    let status = app.store.poll(&TargetId::new("a"), Topic::Alarms).unwrap();
    assert!(matches!(status.freshness(now(61)), Freshness::Failed(..)));
}

#[test]
fn quitting_is_a_key_or_two_but_never_an_accident() {
    let mut app = app(&["a"]);
    let here = app.panes[0].here();
    app.goto(&here, now(0));
    assert_eq!(press(&mut app, KeyCode::Char('q'), 0), [], "back to where we came from");
    assert_eq!(press(&mut app, KeyCode::Char('q'), 0), [Effect::Quit]);
    let ctrl_c = || Msg::Input(Input::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)));
    assert_eq!(app.handle(ctrl_c(), now(10)), []);
    assert_eq!(app.handle(ctrl_c(), now(14)), [], "too late for a double press");
    assert_eq!(app.handle(ctrl_c(), now(15)), [Effect::Quit]);
}

#[test]
fn no_single_key_anywhere_runs_an_operation_on_aws() {
    for info in action::ACTIONS {
        for screen in 0..9 {
            let mut app = app(&["a"]);
            app.ui.pane = screen % app.panes.len();
            let effects = app.act(info.action, now(1));
            let harmless = effects.iter().all(|effect| match effect {
                Effect::Run(op) => !op.changes_aws(),
                _ => true,
            });
            assert!(harmless, "{} on screen {screen}", info.name);
        }
    }
}

#[test]
fn drawing_twice_is_the_same_and_no_size_is_too_small() {
    let mut app = app(&["a"]);
    goto_alarms(&mut app);
    for (width, height) in [(0, 0), (1, 1), (59, 14), (60, 15), (80, 24), (120, 40), (250, 70)] {
        let area = ratatui::layout::Rect::new(0, 0, width, height);
        let mut first = Buffer::empty(area);
        let mut second = Buffer::empty(area);
        app.render(&mut first, now(5));
        app.render(&mut second, now(5));
        assert_eq!(first, second, "{width}x{height}");
    }
}

#[test]
fn an_unchanged_screen_stays_the_same_for_a_minute() {
    let app = app(&["a"]);
    let area = ratatui::layout::Rect::new(0, 0, 80, 24);
    let mut frames = (0..40).map(|second| {
        let mut buf = Buffer::empty(area);
        app.render(&mut buf, now(second));
        buf
    });
    let first = frames.next().unwrap();
    assert!(frames.all(|frame| frame == first));
}

#[test]
fn the_names_of_screens_are_those_of_the_panes() {
    let names: Vec<_> = crate::features::panes().iter().map(|pane| pane.name()).collect();
    assert_eq!(names, crate::features::SCREENS);
}

#[test]
fn a_verb_without_its_screen_is_offered_nowhere() {
    let mut app = app(&["a"]);
    let area = ratatui::layout::Rect::new(0, 0, 100, 120);
    for key in ['?', ':'] {
        press(&mut app, KeyCode::Char(key), 1);
        let mut buf = Buffer::empty(area);
        app.render(&mut buf, now(1));
        let text: String = buf.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(!text.contains("Traces") && !text.contains("traces-of"), "{key}: {text}");
        press(&mut app, KeyCode::Esc, 1);
    }
}
