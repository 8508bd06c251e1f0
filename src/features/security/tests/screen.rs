//! The screen through the real core: answers and keys in, cells and commands out.

use super::model::{finding, list, now};
use super::source::{Lab, ctx};
use crate::app::{App, Effect, Input, Keymap, Msg, Now, PollKey, Polled, Settings};
use crate::aws::{ErrorClass, SourceError, TargetId, TargetSpec, Usage};
use crate::config::Config;
use crate::features::security::model::{Coverage, FindingList, ListQuery, RegionState};
use crate::features::session::SessionInfo;
use crate::features::{Payload, Query, Source, Store, Topic};
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use std::time::Duration;

fn prod() -> TargetId {
    TargetId::new("prod")
}

fn empty() -> App {
    let settings = Settings {
        config: Config::default(),
        keymap: Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    let session = SessionInfo { region: Some("us-east-1".into()), ..SessionInfo::default() };
    let mut app = App::new(Store::new([(TargetSpec::named("prod"), session)]), settings, Zone::utc());
    press(&mut app, "7");
    app
}

fn polled(app: &mut App, query: Query, result: Result<Payload, SourceError>) {
    let key = PollKey::new(&prod(), query.topic());
    let next_in = Some(Duration::from_mins(1));
    let polled = Polled { key, query, result, next_in, usage: Usage::default() };
    app.handle(Msg::Polled(Box::new(polled)), now());
}

fn answered(app: &mut App, list: FindingList) {
    polled(app, Query::Findings(ListQuery::default()), Ok(Payload::Findings(Box::new(list))));
}

/// Presses keys one after the other; `\n` is Enter, `\u{1b}` Esc. What the last one led to.
fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            key => KeyCode::Char(key),
        };
        effects = app.handle(Msg::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))), now());
    }
    effects
}

fn screen(app: &App, width: u16, height: u16, at: Now) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    app.render(&mut buf, at);
    let rows = buf.content().chunks(usize::from(width.max(1)));
    let rows = rows.map(|row| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

/// What stands between header and footer.
fn body(app: &App, width: u16, height: u16) -> String {
    let screen = screen(app, width, height, now());
    let lines: Vec<&str> = screen.lines().collect();
    lines.get(3..lines.len() - 2).unwrap_or_default().join("\n")
}

/// The console on Security with what the simulated AWS says of the leaked key in two regions.
async fn leaked() -> (App, Lab) {
    let mut lab = Lab::new("leaked-key", "us-east-1", &["us-east-1", "eu-central-1", "sa-east-1"]).await;
    let list = lab.read(0).await.unwrap();
    let mut app = empty();
    answered(&mut app, list);
    (app, lab)
}

/// Opens the finding under the cursor and answers what is asked then.
async fn open(app: &mut App, lab: &Lab) {
    press(app, "\n");
    let query = app.plan(now()).get(&PollKey::new(&prod(), Topic::Finding)).unwrap().query.clone();
    let answer = crate::features::security::DetailSource::new(&lab.conn).poll(&query, &ctx(0)).await;
    polled(app, query, answer);
}

#[tokio::test(start_paused = true)]
async fn the_list() {
    let (mut app, _) = leaked().await;
    insta::assert_snapshot!("list_120", body(&app, 120, 24));
    insta::assert_snapshot!("list_80", body(&app, 80, 24));
    insta::assert_snapshot!("list_60", body(&app, 60, 15));
    press(&mut app, "s");
    insta::assert_snapshot!("by_resource_120", body(&app, 120, 24));
    press(&mut app, "s.");
    insta::assert_snapshot!("high_by_type_80", body(&app, 80, 24));
}

#[tokio::test(start_paused = true)]
async fn a_sequence_opened() {
    let (mut app, lab) = leaked().await;
    press(&mut app, "\n");
    assert!(body(&app, 120, 40).contains("reading what AWS says of it"));
    press(&mut app, "\u{1b}");
    open(&mut app, &lab).await;
    insta::assert_snapshot!("sequence_120", body(&app, 120, 48));
    insta::assert_snapshot!("sequence_80", body(&app, 80, 24));
    press(&mut app, "G");
    insta::assert_snapshot!("sequence_80_end", body(&app, 80, 24));
    assert_eq!(body(&app, 80, 24), body(&app, 80, 24), "drawing twice is the same");
}

#[tokio::test(start_paused = true)]
async fn an_instance_opened() {
    let (mut app, lab) = leaked().await;
    press(&mut app, "/bitcoin\n");
    open(&mut app, &lab).await;
    insta::assert_snapshot!("instance_120", body(&app, 120, 40));
    let effects = press(&mut app, "y");
    let copied =
        effects.iter().find_map(|it| if let Effect::Copy(text) = it { Some(text.clone()) } else { None });
    assert!(copied.unwrap().contains("--instance-id i-0c0ffee0c0ffee001"));
    let effects = press(&mut app, "o");
    let url = "https://eu-central-1.console.aws.amazon.com/guardduty/home?region=eu-central-1#/findings?search=id%3D";
    assert!(
        effects.iter().any(|it| matches!(it, Effect::Copy(text) if text.starts_with(url))),
        "{effects:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_cursor_stays_on_its_finding_and_the_way_back_restores_it() {
    let (mut app, mut lab) = leaked().await;
    press(&mut app, "j");
    let at_cursor =
        |app: &App| body(app, 120, 40).lines().find(|line| line.starts_with('▌')).unwrap().to_owned();
    let before = at_cursor(&app);
    assert!(before.contains("CryptoCurrency:EC2/BitcoinTool.B!DNS"), "{before}");
    let list = lab.read(60).await.unwrap();
    answered(&mut app, list);
    press(&mut app, "ss");
    assert_eq!(at_cursor(&app), before);
    press(&mut app, "\n");
    assert!(body(&app, 120, 40).starts_with(" CryptoCurrency:EC2/BitcoinTool.B!DNS"));
    press(&mut app, "\u{1b}");
    assert_eq!(at_cursor(&app), before);
}

#[test]
fn what_is_not_there_is_said() {
    let state = |coverage: Coverage| RegionState {
        region: "us-east-1".into(),
        detector: String::new(),
        coverage,
        administrator: None,
        features_off: Vec::new(),
        reading: false,
        note: None,
        told: true,
    };
    let region = |state: RegionState| FindingList { regions: vec![state], ..FindingList::default() };
    let reading = RegionState { reading: true, ..state(Coverage::On) };
    let dropped = FindingList { dropped: 7, ..list(vec![finding("a", "Trojan:EC2/X", 8.0, 5)]) };
    let archived = list(vec![finding("a", "Recon:EC2/X", 2.0, 5)]);
    for (name, list, keys, expected) in [
        ("off", region(state(Coverage::Off)), "", "GuardDuty is not enabled in us-east-1"),
        ("suspended", region(state(Coverage::Suspended)), "", "GuardDuty is suspended in us-east-1"),
        ("failed", region(state(Coverage::Failed("denied: x".into()))), "", "could not be read: denied: x"),
        ("reading", region(reading), "", "still reading, worst first"),
        ("none", region(state(Coverage::On)), "", "no finding that is not archived"),
        ("dropped", dropped, "", "7 more findings were dropped for room"),
        ("no high ones", archived.clone(), ".", "no finding is high or critical · 1 others · . shows all"),
        ("filtered", archived, "/zzz\n", "nothing matches /zzz · Esc clears it"),
    ] {
        let mut app = empty();
        answered(&mut app, list);
        press(&mut app, keys);
        let said = body(&app, 120, 40);
        assert!(said.contains(expected), "{name}: no `{expected}` in\n{said}");
    }
    let mut app = empty();
    assert!(body(&app, 80, 24).contains("first read"));
    let mut error = SourceError::new(ErrorClass::Denied, "guardduty:ListDetectors", "not authorized");
    error.advice = "ask for guardduty:ListDetectors".into();
    polled(&mut app, Query::Findings(ListQuery::default()), Err(error));
    let said = body(&app, 80, 24);
    assert!(said.contains("denied: guardduty:ListDetectors · ask for"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn no_size_panics() {
    let (mut app, lab) = leaked().await;
    for opened in [false, true] {
        if opened {
            open(&mut app, &lab).await;
        }
        for (width, height) in
            [(0, 0), (1, 1), (7, 3), (59, 14), (60, 15), (80, 5), (109, 40), (110, 9), (300, 100)]
        {
            screen(&app, width, height, now());
        }
    }
}
