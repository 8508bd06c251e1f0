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
fn back_from_where_a_jump_led_does_not_pass_through_a_list() {
    let mut app = app(&["a"]);
    let alarm = |open| crate::features::Link::Alarms { alarm: Some((TargetId::new("a"), "x".into())), open };
    app.goto(&alarm(true), now(0));
    let alarms = app.ui.pane;
    assert_ne!(alarms, 0);
    press(&mut app, KeyCode::Esc, 1);
    assert_eq!(app.ui.pane, 0, "straight back");
    // Through the list it goes back through the list.
    app.goto(&alarm(false), now(2));
    let mut panes = std::mem::take(&mut app.panes);
    panes[alarms].open(&alarm(true), &app.ctx(now(2)));
    app.panes = panes;
    press(&mut app, KeyCode::Esc, 3);
    assert_eq!(app.ui.pane, alarms, "the list first");
    press(&mut app, KeyCode::Esc, 4);
    assert_eq!(app.ui.pane, 0);
}

#[test]
fn news_about_one_question_is_no_news_about_another() {
    let question = |name: &str| {
        Query::AlarmDetail(crate::features::alarms::DetailQuery {
            name: name.into(),
            kind: crate::features::alarms::Kind::Metric,
            metrics: Vec::new(),
            window: Window::default(),
            children: false,
        })
    };
    let denied = SourceError::new(ErrorClass::Denied, "cloudwatch:GetMetricData", "no");
    let mut status = PollStatus::default();
    status.failed(question("a"), denied, now(1), None);
    status.started(&question("a"));
    assert!(matches!(status.freshness(now(2)), Freshness::Failed(..)));
    status.started(&question("b"));
    assert_eq!(status.freshness(now(3)), Freshness::First);
}

/// The screen as text.
fn drawn(app: &App, width: u16, at: u64) -> String {
    let mut buf = Buffer::empty(ratatui::layout::Rect::new(0, 0, width, 24));
    app.render(&mut buf, now(at));
    let rows = buf.content.chunks(width.into());
    rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>() + "\n").collect()
}

fn reload(app: &mut App, text: &str) -> String {
    let config = Config::parse(text, "c.toml").unwrap();
    app.handle(Msg::ConfigLoaded(Box::new(Ok(config))), now(1));
    app.ui.notices.latest().map(|notice| notice.text.clone()).unwrap()
}

#[test]
fn a_changed_config_is_in_force_at_once() {
    let mut app = app(&["a"]);
    app.settings.theme = Theme::load("dark", &[], ColorDepth::True, false).unwrap();
    let text = "read_only = true\n[ui]\nascii = true\ncolor = \"never\"\nzone = \"Europe/Berlin\"\n\
                [window]\ndefault = \"3h\"\n";
    assert_eq!(reload(&mut app, text), "config reloaded");
    assert!(app.store.all_read_only());
    assert!(app.store.target(&TargetId::new("a")).unwrap().session.writes_refused.is_some());
    assert!(app.settings.theme.ascii);
    assert_eq!(app.settings.theme.base().bg, None, "no colour is left");
    assert_ne!(app.ui.zone, Zone::utc());
    assert_eq!(app.ui.window, Window::Live { secs: 3 * 3600 });
    assert!(drawn(&app, 100, 2).contains("READ-ONLY"));

    app.ui.window = Window::Live { secs: 60 };
    let said = reload(&mut app, "[window]\ndefault = \"1d\"\n[[target]]\nname = \"b\"\n");
    assert_eq!(said, "config reloaded; at the next start: [[target]], read_only = false");
    assert!(app.store.all_read_only(), "what was forbidden stays so");
    assert_eq!((app.ui.zone.clone(), app.settings.theme.ascii), (Zone::utc(), false));
    assert_eq!(app.ui.window, Window::Live { secs: 60 }, "a window that was chosen stays");
    assert_eq!(app.ui.default_window, Window::Live { secs: 86_400 });
}

#[test]
fn credentials_that_any_service_refuses_are_told_until_they_are_new() {
    let mut app = app(&["a"]);
    goto_alarms(&mut app);
    let expired = |advice: &str| {
        let error = SourceError::new(ErrorClass::Expired, "cloudwatch:DescribeAlarms", "expired");
        SourceError { advice: advice.into(), ..error }
    };
    app.handle(polled("a", Query::Alarms, Err(expired("run `aws sso login`"))), now(1));
    assert!(drawn(&app, 100, 2).contains("a: expired · run `aws sso login`"), "{}", drawn(&app, 100, 2));
    app.handle(polled("a", Query::Alarms, Err(expired(""))), now(3));
    assert!(drawn(&app, 100, 4).contains("a: expired   "), "no dot without advice");
    app.handle(Msg::Session { target: TargetId::new("a"), info: SessionInfo::default() }, now(5));
    assert!(!drawn(&app, 100, 6).contains("a: expired"));
}

#[test]
fn a_declined_code_says_how_to_be_asked_again() {
    let mut app = app(&["a"]);
    let error = SourceError::new(ErrorClass::MfaNeeded, "sts:AssumeRole", "code");
    let error = SourceError { advice: "type the device's current code".into(), ..error };
    app.handle(polled("a", Query::Identity, Err(error)), now(1));
    assert_eq!(app.ui.overlays.len(), 1);
    press(&mut app, KeyCode::Esc, 2);
    assert!(app.ui.overlays.is_empty());
    assert!(drawn(&app, 100, 3).contains("a: MFA code needed · r asks for the code again"));
}

#[test]
fn badges_and_window_are_never_overwritten() {
    let spec = TargetSpec { read_only: true, ..TargetSpec::named("a-target-with-a-long-name") };
    let endpoint = vec!["http://localhost:4566".to_owned()];
    let session = SessionInfo { endpoints: endpoint, simulated: false, ..SessionInfo::default() };
    let mut app = app(&[]);
    app.store = Store::new([(spec, session)]);
    let end = now(0).wall;
    for hours in [1, 30] {
        app.ui.window = Window::Frozen { start: end - jiff::SignedDuration::from_hours(hours), end };
        let header = drawn(&app, 80, 1).lines().next().unwrap().to_owned();
        for part in [" CUSTOM ENDPOINT ", " READ-ONLY ", "FROZEN ", " → "] {
            assert!(header.contains(part), "{part}: {header}");
        }
    }
}

#[test]
fn the_palette_says_why_a_pasted_thing_cannot_be_opened() {
    for (text, says) in [
        ("arn:aws:s3:::bucket", "can be opened by ARN"),
        ("https://eu-west-2.console.aws.amazon.com/s3", "can be opened by console URL"),
        ("zzzzzz", "nothing matches"),
    ] {
        let mut app = app(&["a"]);
        press(&mut app, KeyCode::Char(':'), 0);
        app.handle(Msg::Input(Input::Paste(text.into())), now(0));
        let screen = drawn(&app, 100, 1).replace(['│', '\n'], " ");
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(says), "{words}");
    }
}

#[test]
fn the_names_of_screens_are_those_of_the_panes() {
    let names: Vec<_> = crate::features::panes().iter().map(|pane| pane.name()).collect();
    assert_eq!(names, crate::features::SCREENS);
}

#[test]
fn an_ascii_frame_is_ascii_on_every_screen() {
    let mut app = app(&["a", "b"]);
    app.settings.theme.ascii = true;
    let area = ratatui::layout::Rect::new(0, 0, 120, 30);
    for pane in 0..app.panes.len() {
        for action in [Action::Repaint, Action::Live, Action::Earlier, Action::Help, Action::Palette] {
            app.ui.pane = pane;
            app.act(action, now(5));
            app.ui.notices.warn("prüfe 漢字 → …");
            let mut buf = Buffer::empty(area);
            app.render(&mut buf, now(5));
            let odd = buf.content.iter().find(|cell| !cell.symbol().is_ascii());
            assert_eq!(odd, None, "screen {pane}, {action:?}");
            let footer: String = area.columns().map(|at| buf[(at.x, 29)].symbol()).collect();
            assert!(footer.starts_with(" pr?fe ? ?  > ~"), "{footer}");
            app.ui.overlays.clear();
            app.ui.notices.clear();
        }
    }
}

#[test]
fn a_passing_line_goes_when_its_place_is_left_unless_something_is_amiss() {
    let mut app = app(&["a"]);
    let shown = |app: &App| app.ui.notices.latest().map(|notice| notice.text.clone());
    press(&mut app, KeyCode::Char('w'), 0);
    assert_eq!(shown(&app).unwrap(), "w: Wrap long lines · not on this screen");
    press(&mut app, KeyCode::Char('j'), 0);
    assert!(shown(&app).is_some(), "still here");
    press(&mut app, KeyCode::Char('9'), 0);
    assert_eq!(shown(&app), None);
    app.ui.notices.warn("amiss");
    press(&mut app, KeyCode::Char('3'), 0);
    assert_eq!(shown(&app).unwrap(), "amiss");
    app.ui.notices.clear();
    app.ui.notices.info("about alarms");
    press(&mut app, KeyCode::Char('?'), 0);
    assert_eq!(shown(&app), None, "an overlay is another place");
}

#[test]
fn a_line_that_was_replaced_does_not_come_back_and_bad_news_does() {
    let mut app = app(&["a"]);
    let shown = |app: &App| app.ui.notices.latest().map(|notice| notice.text.clone());
    app.ui.notices.warn("target a is read-only");
    app.handle(Msg::Tick, now(0));
    app.handle(Msg::Tick, now(3));
    app.ui.notices.info("copied checkout");
    app.handle(Msg::Tick, now(3));
    assert_eq!(shown(&app).unwrap(), "copied checkout");
    app.handle(Msg::Tick, now(10));
    assert_eq!(shown(&app), None, "the first one has been read");
    app.ui.notices.push(Tone::Bad, "not written");
    app.handle(Msg::Tick, now(20));
    app.ui.notices.info("copied checkout");
    app.handle(Msg::Tick, now(21));
    app.handle(Msg::Tick, now(28));
    assert_eq!(shown(&app).unwrap(), "not written");
}

#[test]
fn a_long_reason_takes_the_rows_that_it_needs() {
    let mut app = app(&["a"]);
    let reason = "no rollback of checkout: it has ended and the original task set was removed: going back now is a \
                  new deployment of the previous revision, which is not made here";
    app.ui.notices.warn(reason);
    let screen = drawn(&app, 80, 1);
    let rule = screen.lines().count() - screen.lines().rev().position(|row| row.starts_with('─')).unwrap();
    let rows: Vec<&str> = screen.lines().skip(rule).map(str::trim).collect();
    assert_eq!(rows.join(" "), reason, "{screen}");
    app.ui.notices.warn(&"word ".repeat(100));
    let screen = drawn(&app, 80, 1);
    assert!(screen.lines().last().unwrap().contains('…'), "{screen}");
    app.ui.notices.info(&format!("copied https://{}/end", "x".repeat(200)));
    let screen = drawn(&app, 80, 1);
    let row = screen.lines().last().unwrap();
    assert!(row.starts_with(" copied https://") && row.trim_end().ends_with("/end"), "{screen}");
}

#[test]
fn what_was_copied_is_named() {
    let url = format!("https://eu-west-2.console.aws.amazon.com/{}", "x".repeat(200));
    for (text, says) in [
        ("checkout".to_owned(), "copied checkout".to_owned()),
        (url.clone(), format!("copied {url}")),
        ("\n{\n  \"a\": 1\n}".into(), "copied { …".into()),
        ("y".repeat(100), format!("copied {}…", "y".repeat(59))),
    ] {
        let mut app = app(&["a"]);
        let copied = OpOutcome::Copied { text, result: Ok("sent".into()) };
        app.handle(Msg::OpDone(Box::new(copied)), now(1));
        assert_eq!(app.ui.notices.latest().unwrap().text, says);
    }
}
