//! The screen through the real core.

use super::*;
use crate::app::{App, Effect, Input, Msg, Now, PollKey, Polled, Settings};
use crate::aws::meter::OperationUsage;
use crate::aws::{ErrorClass, SourceError, TargetId, TargetSpec, Usage};
use crate::config::Config;
use crate::features::alarms::AlarmList;
use crate::features::session::SessionInfo;
use crate::features::{Link, Payload, Query, Store};
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

fn now(seconds: u64) -> Now {
    let origin: jiff::Timestamp = "2026-11-20T04:00:00Z".parse().unwrap();
    let since_start = Duration::from_secs(seconds);
    Now { since_start, wall: origin + since_start }
}

fn app() -> App {
    let settings = Settings {
        config: Config::default(),
        keymap: crate::app::Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    App::new(Store::new([(TargetSpec::named("prod"), SessionInfo::default())]), settings, Zone::utc())
}

fn polled(app: &mut App, query: Query, result: Result<Payload, SourceError>, at: u64) {
    let key = PollKey::new(&TargetId::new("prod"), query.topic());
    let own = OperationUsage { requests: 1_234, throttled: 2, usd: 0.0123 };
    let usage = Usage {
        requests: 1_234,
        throttled: 2,
        retries: 3,
        usd: 0.0123,
        by_operation: [("cloudwatch:DescribeAlarms".to_owned(), own)].into(),
    };
    let polled = Polled { key, query, result, next_in: Some(Duration::from_secs(30)), usage };
    app.handle(Msg::Polled(Box::new(polled)), now(at));
}

fn key(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.handle(Msg::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))), now(60))
}

fn text(app: &App, width: u16, height: u16) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    app.render(&mut buf, now(60));
    let rows = buf.area.rows().map(|row| {
        let cells = (row.left()..row.right()).filter_map(|x| buf.cell((x, row.y)));
        cells.map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn troubled() -> App {
    let mut app = app();
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(AlarmList::default())), 30);
    let error = SourceError {
        code: Some("AccessDenied".into()),
        request_id: Some("8f2c1d70-4b1e-4a58".into()),
        advice: "ask for sts:GetCallerIdentity".into(),
        ..SourceError::new(ErrorClass::Denied, "sts:GetCallerIdentity", "User x is not authorized to do this")
    };
    polled(&mut app, Query::Identity, Err(error), 40);
    key(&mut app, KeyCode::Char('9'));
    app
}

#[test]
fn pollers_errors_and_cost() {
    let mut app = troubled();
    insta::assert_snapshot!("pollers", text(&app, 80, 24));
    key(&mut app, KeyCode::Tab);
    insta::assert_snapshot!("errors", text(&app, 120, 24));
    key(&mut app, KeyCode::Tab);
    insta::assert_snapshot!("cost", text(&app, 80, 24));
}

#[test]
fn errors_are_one_key_away_and_copied_with_their_request_id() {
    let mut app = troubled();
    key(&mut app, KeyCode::Char('3'));
    key(&mut app, KeyCode::Char('!'));
    assert_eq!(app.panes[app.ui.pane].here(), Link::Diagnostics { panel: Panel::Errors });
    let [Effect::Copy(copied)] = &key(&mut app, KeyCode::Char('y'))[..] else { panic!() };
    assert!(copied.contains("sts:GetCallerIdentity") && copied.contains("8f2c1d70-4b1e-4a58"), "{copied}");
}

#[test]
fn nothing_yet_and_any_size() {
    let mut app = app();
    key(&mut app, KeyCode::Char('9'));
    assert!(text(&app, 80, 24).contains("nothing was polled yet"));
    for want in ["no call has failed", "nothing was asked yet", "LOG"] {
        key(&mut app, KeyCode::Tab);
        assert!(text(&app, 80, 24).contains(want), "{want}");
    }
    let app = troubled();
    for (width, height) in [(0, 0), (60, 15), (80, 5), (250, 70)] {
        assert_eq!(text(&app, width, height), text(&app, width, height));
    }
}
