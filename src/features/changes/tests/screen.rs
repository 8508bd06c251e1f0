//! The screen through the real core: answers and keys in, cells and commands out.
#![expect(clippy::unnecessary_wraps, reason = "it is compared with what may be missing")]

use super::super::model::{Ask, Batch, By, Reach};
use super::super::{ChangesPane, Subject};
use super::*;
use crate::app::pane::Pane as _;
use crate::app::{App, Effect, Input, Msg, Now, PollKey, Polled, Settings, Window};
use crate::aws::{ErrorClass, SourceError, TargetId, TargetSpec, Usage};
use crate::config::Config;
use crate::features::alarms::{Alarm, AlarmList, AlarmState, Kind};
use crate::features::metrics::{MetricQuery, Stat};
use crate::features::rollouts::model::{Owner, RolloutName, Strategy, Tasks};
use crate::features::rollouts::{RolloutList, ServiceSummary};
use crate::features::session::SessionInfo;
use crate::features::traces::{Counts, Graph, GraphService, RawService};
use crate::features::{Link, Payload, Query, Store, Topic, run_job};
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use std::time::Duration;

pub fn now(seconds: i64) -> Now {
    Now { since_start: Duration::from_secs((1_000 + seconds) as u64), wall: at(seconds) }
}

pub fn prod() -> TargetId {
    TargetId::new("prod")
}

/// Orders, which checkout calls and which uses orders-db; an alarm of orders fires since 02:59.
pub fn app() -> App {
    let settings = Settings {
        config: Config::default(),
        keymap: crate::app::Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    let session = SessionInfo { region: Some("eu-west-2".into()), ..SessionInfo::default() };
    let mut app = App::new(Store::new([(TargetSpec::named("prod"), session)]), settings, Zone::utc());
    answer(&mut app, Query::Alarms, Payload::Alarms(alarms()), 0);
    answer(
        &mut app,
        Query::Rollouts(crate::features::rollouts::RolloutsQuery::default()),
        Payload::Rollouts(rollouts()),
        0,
    );
    let query = app.plan(now(0)).get(&PollKey::new(&prod(), Topic::ServiceGraph)).unwrap().query.clone();
    answer(&mut app, query, Payload::ServiceGraph(Box::new(graph())), 0);
    app
}

fn answer(app: &mut App, query: Query, payload: Payload, seconds: i64) {
    let key = PollKey::new(&prod(), query.topic());
    let next_in = Some(Duration::from_mins(1));
    let polled = Polled { key, query, result: Ok(payload), next_in, usage: Usage::default() };
    let effects = app.handle(Msg::Polled(Box::new(polled)), now(seconds));
    settle(app, effects, seconds);
}

/// Runs the jobs that were asked for.
fn settle(app: &mut App, effects: Vec<Effect>, seconds: i64) {
    for effect in effects {
        if let Effect::Compute(job) = effect {
            let output = run_job(*job);
            let more = app.handle(Msg::Computed(Box::new(output)), now(seconds));
            settle(app, more, seconds);
        }
    }
}

/// The trail answers with these events, everything read.
pub fn polled(app: &mut App, events: Vec<Arc<Event>>, seconds: i64) {
    polled_with(app, events, seconds, |_| {});
}

fn polled_with(app: &mut App, events: Vec<Arc<Event>>, seconds: i64, change: impl Fn(&mut Reach)) {
    let wall = now(seconds).wall;
    let key = PollKey::new(&prod(), Topic::Trail);
    let Some(Query::Trail(query)) = app.plan(now(seconds)).get(&key).map(|want| want.query.clone()) else {
        panic!("nobody asks for the trail")
    };
    let wanted = query.window.range(wall);
    let reach = |ask: &Ask| {
        let mut reach = Reach {
            ask: ask.clone(),
            region: ask.region.clone().unwrap_or_else(|| "eu-west-2".into()),
            wanted,
            back_to: Some(wanted.0),
            read_at: Some(wall),
            done: true,
            full: false,
            problem: None,
        };
        change(&mut reach);
        reach
    };
    let reaches = query.asks.iter().map(reach).collect();
    let batch = Batch { first: 0, next: events.len() as u64, whole: true, events, reaches };
    answer(app, Query::Trail(query), Payload::Trail(batch), seconds);
}

fn alarms() -> AlarmList {
    let alarm = |name: &str, dimension: (&str, &str), seconds: i64| Alarm {
        name: name.into(),
        arn: format!("arn:aws:cloudwatch:eu-west-2:111122223333:alarm:{name}"),
        kind: Kind::Metric,
        state: AlarmState::Alarm,
        since: Some(at(seconds)),
        reason: "Threshold Crossed".into(),
        description: String::new(),
        silent: None,
        actions: vec!["arn:aws:sns:eu-west-2:111122223333:oncall".into()],
        threshold: Some(450.0),
        comparison: "GreaterThanThreshold".into(),
        value: Some(479.0),
        first_breach: Some(at(seconds - 180)),
        datapoints: Some((2, 2)),
        treat_missing: "missing".into(),
        metrics: vec![MetricQuery {
            id: "m1".into(),
            stat: Some(Arc::new(Stat {
                namespace: "AWS/RDS".into(),
                name: "DatabaseConnections".into(),
                dimensions: vec![(dimension.0.into(), dimension.1.into())],
                stat: "Average".into(),
            })),
            expression: None,
            label: None,
            period: 60,
            returned: true,
        }],
        rule: String::new(),
        log_groups: Vec::new(),
        evaluation: None,
    };
    AlarmList::new(
        vec![Arc::new(alarm("orders-db-connections", ("DBClusterIdentifier", "orders-db"), -150))],
        None,
    )
}

fn rollouts() -> RolloutList {
    let service = |name: &str| ServiceSummary {
        name: RolloutName::ecs("shop", name),
        owner: Owner::Ecs,
        strategy: Strategy::Rolling,
        tasks: Tasks { requested: 4, running: 4, pending: 0 },
        task_definition: format!("web-{name}:7"),
        groups: Vec::new(),
        deployment: None,
    };
    let services = ["cart", "checkout", "orders"].map(service).to_vec();
    RolloutList { services: Arc::new(services), ..RolloutList::default() }
}

fn graph() -> Graph {
    let node = |id, name: &str, kind: &str, calls: &[i32]| RawService {
        id,
        service: GraphService { name: name.into(), kind: kind.into(), ..GraphService::default() },
        calls: calls.iter().map(|to| (*to, Counts::default(), false)).collect(),
    };
    let nodes = vec![
        node(1, "checkout", "AWS::ECS::Container", &[2]),
        node(2, "orders", "AWS::ECS::Container", &[3]),
        node(3, "orders-db", "Database::SQL", &[]),
    ];
    Graph::merge(at(-3_600), at(0), &[nodes], false)
}

fn goto(app: &mut App, subject: Option<Subject>, moment: Option<i64>) {
    let commands = super::super::goto(&prod(), subject, moment.map(at), &app.ctx(now(0)));
    let effects = app.run_commands(commands, now(0));
    settle(app, effects, 0);
}

fn orders() -> Option<Subject> {
    Some(Subject::Service("orders".into()))
}

fn key(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.handle(Msg::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))), now(0))
}

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let mut last = Vec::new();
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        last = key(app, code);
        settle(app, last.clone(), 0);
    }
    last
}

/// The buffer as text, without spaces at the ends of lines.
fn lines(buf: &Buffer) -> String {
    let rows = buf.content().chunks(usize::from(buf.area.width.max(1)));
    let rows = rows
        .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

fn draw(app: &App, width: u16, height: u16) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    app.render(&mut buf, now(0));
    lines(&buf)
}

fn pane(app: &App) -> Vec<String> {
    draw(app, 120, 40).lines().map(str::to_owned).collect()
}

/// The incident: scaling of orders at 03:39, a deployment of cart, noise.
fn incident() -> Vec<Arc<Event>> {
    let mut events = vec![
        event_with(
            "b1b1b1b1-0000-4000-8000-000000000001",
            -1_260,
            "ecs:UpdateService",
            &scaler(),
            &json!({ "cluster": "shop", "service": "orders", "desiredCount": 40 }),
            &json!({ "responseElements": { "service": { "runningCount": 4 } } }),
        ),
        event(
            "a2",
            -2_280,
            "application-autoscaling:PutScalingPolicy",
            &user("carol"),
            &json!({
                "policyName": "cpu-target", "resourceId": "service/shop/orders", "serviceNamespace": "ecs",
            }),
        ),
        update(
            "a3",
            -600,
            "cart",
            &role("ci-deploy", "github-4711"),
            json!({ "taskDefinition": "web-cart:9" }),
        ),
        event_with(
            "a4",
            -900,
            "rds:ModifyDBCluster",
            &user("dave"),
            &json!({ "dBClusterIdentifier": "orders-db" }),
            &json!({ "errorCode": "AccessDenied", "errorMessage": "not yours" }),
        ),
    ];
    events.extend((0..12).map(|n| {
        event(
            &format!("n{n}"),
            -1_500 - n,
            "elasticloadbalancing:RegisterTargets",
            &role("AWSServiceRoleForECS", "x"),
            &json!({}),
        )
    }));
    events
}

fn opened() -> App {
    let mut app = app();
    goto(&mut app, orders(), Some(-330));
    polled(&mut app, incident(), 0);
    app
}

#[test]
fn the_screen_at_three_sizes() {
    let app = opened();
    for (width, height) in [(120, 40), (80, 24), (60, 15)] {
        insta::assert_snapshot!(format!("orders_{width}x{height}"), draw(&app, width, height));
    }
}

#[test]
fn an_opened_event_at_three_sizes() {
    let mut app = opened();
    press(&mut app, "\n");
    for (width, height) in [(120, 40), (80, 24), (60, 15)] {
        insta::assert_snapshot!(format!("event_{width}x{height}"), draw(&app, width, height));
    }
    assert!(draw(&app, 120, 40).contains("auto scaling"));
    press(&mut app, "\u{1b}");
    assert!(draw(&app, 120, 40).contains("CHANGES"));
}

#[test]
fn a_jump_lands_on_the_change_before_the_breach() {
    let mut app = opened();
    press(&mut app, "\n");
    let text = draw(&app, 120, 40);
    assert!(text.contains("UpdateService") && text.contains("running 4 → desired 40"), "{text}");
    // An event that comes late may be a nearer cause; one after the breach is none.
    press(&mut app, "\u{1b}");
    let late = update("late", -400, "orders", &user("erin"), json!({ "desiredCount": 50 }));
    let after = update("after", -300, "orders", &user("erin"), json!({ "desiredCount": 60 }));
    let mut events = incident();
    events.extend([late, after]);
    polled(&mut app, events.clone(), 60);
    press(&mut app, "\n");
    let text = draw(&app, 120, 40);
    assert!(text.contains("desired count 50"), "{text}");
    // Who moved the cursor is left alone.
    press(&mut app, "\u{1b}jk");
    events.push(update("later", -335, "orders", &user("erin"), json!({ "desiredCount": 55 })));
    polled(&mut app, events, 120);
    press(&mut app, "\n");
    let text = draw(&app, 120, 40);
    assert!(text.contains("desired count 50"), "{text}");
}

#[test]
fn a_jump_shows_the_hour_before_the_first_breach() {
    let app = opened();
    assert_eq!(app.ui.window, Window::Pinned { start: at(-330 - 3_600) });
    let mut app = self::app();
    goto(&mut app, orders(), Some(-100_000));
    assert_eq!(app.ui.window, Window::Frozen { start: at(-103_600), end: at(-98_200) }, "long over");
    let mut app = self::app();
    goto(&mut app, None, None);
    assert_eq!(app.ui.window, Window::default());
}

#[test]
fn c_on_an_alarm_of_a_database_leads_to_the_service_that_uses_it() {
    let mut app = app();
    press(&mut app, "3c");
    assert_eq!(
        app.panes[app.ui.pane].here(),
        Link::Changes { target: prod(), subject: orders(), at: Some(at(-330)) }
    );
    press(&mut app, "\u{1b}");
    assert_eq!(app.panes[app.ui.pane].name(), "alarms", "and back");
    assert_eq!(app.ui.window, Window::default());
}

#[test]
fn finding_nothing_is_an_answer() {
    let mut app = self::app();
    goto(&mut app, orders(), None);
    polled(&mut app, Vec::new(), 0);
    let text = draw(&app, 120, 40);
    assert!(text.contains("no change by people or pipelines seen on orders 03:00–04:00"), "{text}");
    assert!(text.contains("not seen here: failovers, feature flags"), "{text}");
    assert!(text.contains("CloudTrail may lag 15 min, so open after 03:45; read back to 03:00"), "{text}");
    let mut app = self::app();
    goto(&mut app, Some(Subject::AccessKey("AKIAEXAMPLE0000000".into())), None);
    polled(&mut app, Vec::new(), 0);
    assert!(draw(&app, 120, 40).contains("nothing that key AKIAEXAMPLE0000000 did was seen 03:00–04:00"));
    let mut app = self::app();
    goto(&mut app, Some(Subject::Address("203.0.113.9".into())), None);
    polled(&mut app, Vec::new(), 0);
    assert!(draw(&app, 80, 24).contains("no reads here: CloudTrail cannot look up an address, only writes"));
}

#[test]
fn before_the_first_answer_and_after_a_refusal_it_says_so() {
    let mut app = self::app();
    goto(&mut app, orders(), None);
    assert!(draw(&app, 120, 40).contains("CloudTrail not read yet"));
    let key = PollKey::new(&prod(), Topic::Trail);
    let query = app.plan(now(0)).get(&key).unwrap().query.clone();
    let error = SourceError::new(ErrorClass::Denied, "cloudtrail:LookupEvents", "no");
    let polled = Polled { key, query, result: Err(error), next_in: None, usage: Usage::default() };
    app.handle(Msg::Polled(Box::new(polled)), now(0));
    let text = draw(&app, 120, 40);
    assert!(text.contains("denied: cloudtrail:LookupEvents"), "{text}");
    assert!(!text.contains("no change by people"), "what was not read is not nothing: {text}");
}

#[test]
fn an_unreached_region_is_named_with_its_reason() {
    let mut app = self::app();
    goto(&mut app, orders(), None);
    polled_with(&mut app, incident(), 0, |reach| {
        if reach.ask.by == By::GlobalWrites {
            let error = SourceError::new(ErrorClass::Throttled, "cloudtrail:LookupEvents", "Rate exceeded");
            (reach.problem, reach.back_to, reach.read_at) = (Some(error), None, None);
        }
    });
    let text = draw(&app, 120, 40);
    assert!(text.contains("us-east-1 (IAM, sign-in, Route 53) not reached, throttled"), "{text}");
    assert!(text.contains("UpdateService"), "the rest is there");
}

#[test]
fn verbs() {
    let mut app = opened();
    assert!(!draw(&app, 120, 40).contains("RegisterTargets"));
    press(&mut app, "\t.");
    let text = draw(&app, 120, 40);
    assert!(text.contains("RegisterTargets ×12") && text.contains("cart"), "{text}");
    press(&mut app, "\t.");
    assert!(!draw(&app, 120, 40).contains("RegisterTargets"));
    press(&mut app, "/carol\n");
    assert!(pane(&app).iter().any(|line| line.contains("PutScalingPolicy")));
    assert!(!pane(&app).iter().any(|line| line.contains("UpdateService")));
    press(&mut app, "\u{1b}s");
    assert!(pane(&app).iter().any(|line| line.contains("by who")), "{}", draw(&app, 120, 40));
    press(&mut app, "ss");
    let effects = press(&mut app, "gjjy");
    assert!(
        matches!(&effects[..], [Effect::Copy(id)] if id == "b1b1b1b1-0000-4000-8000-000000000001"),
        "{effects:?}"
    );
    let effects = press(&mut app, "o");
    assert!(
        matches!(&effects[..], [Effect::Copy(url)] if url.contains("cloudtrailv2/home?region=eu-west-2#/events/b1b1")),
        "{effects:?}"
    );
    let effects = press(&mut app, "x");
    assert!(matches!(&effects[..], [Effect::Run(_)]), "{effects:?}");
}

#[test]
fn enter_on_an_alarm_goes_there_and_c_follows_the_caller() {
    let mut app = opened();
    press(&mut app, "g\n");
    assert_eq!(app.panes[app.ui.pane].name(), "alarms");
    press(&mut app, "\u{1b}");
    assert_eq!(app.panes[app.ui.pane].name(), "changes");
    polled(&mut app, incident(), 0);
    press(&mut app, "Gc");
    let here = app.panes[app.ui.pane].here();
    assert!(matches!(here, Link::Changes { subject: Some(Subject::User(name)), .. } if name == "carol"));
}

#[test]
fn rows_of_another_question_never_stand_under_this_one() {
    let mut app = opened();
    goto(&mut app, Some(Subject::User("alice".into())), None);
    assert!(!draw(&app, 120, 40).contains("PutScalingPolicy"));
    // An answer to the job of before comes late: it is ignored.
    let pane = ChangesPane::default();
    assert!(!pane.settled(&app.ctx(now(0))));
}

#[test]
fn a_running_window_is_one_question() {
    let mut app = opened();
    let key = PollKey::new(&prod(), Topic::Trail);
    let asked = |app: &App, seconds| app.plan(now(seconds)).get(&key).unwrap().clone();
    assert_eq!(asked(&app, 0), asked(&app, 30));
    assert_eq!(asked(&app, 0).cadence, crate::app::Cadence::secs(60), "never faster once all is read");
    press(&mut app, "Z");
    assert_eq!(asked(&app, 0).cadence, crate::app::Cadence::secs(1), "there is more to read");
    press(&mut app, "1");
    let want = asked(&app, 0);
    assert!(
        matches!(&want.query, Query::Trail(query) if query.asks[0].by == By::Writes),
        "Overview asks, too"
    );
    press(&mut app, "5");
    assert!(app.plan(now(0)).get(&key).is_none(), "nobody looks");
}

#[test]
fn no_size_and_no_text_breaks_it() {
    let mut app = opened();
    let evil = "\u{1b}[31m\u{202e}漢字🦀é\u{301}".repeat(20);
    let mut who = user(&evil);
    who["accessKeyId"] = evil.clone().into();
    let events = vec![event_with(
        "evil",
        -10,
        "ecs:UpdateService",
        &who,
        &json!({ "cluster": "shop", "service": "orders", "tags": [{ "key": evil, "value": evil }] }),
        &json!({ "userAgent": evil, "sourceIPAddress": evil, "errorCode": evil, "errorMessage": evil }),
    )];
    polled(&mut app, [incident(), events].concat(), 0);
    for keys in ["", "g\n", "\u{1b}s", "s", ".", "\t"] {
        press(&mut app, keys);
        for width in 0..130 {
            for height in [0, 1, 2, 5, 8, 15, 24, 40] {
                let area = Rect::new(0, 0, width, height);
                let (mut once, ctx) = (Buffer::empty(area), app.ctx(now(0)));
                app.panes[app.ui.pane].render(area, &mut once, &ctx);
                let mut buf = once.clone();
                app.panes[app.ui.pane].render(area, &mut buf, &ctx);
                assert_eq!(once, buf, "drawing twice is drawing once");
                assert!(!lines(&buf).chars().any(|c| c == '\u{1b}' || c == '\u{202e}'));
            }
        }
    }
}

#[test]
fn overview_marks_changes_and_where_the_trail_may_lag() {
    let mut app = app();
    polled(&mut app, incident(), 0);
    let text = draw(&app, 120, 40);
    let row = text.lines().find(|line| line.starts_with(" changes")).unwrap();
    assert!(row.contains("PutScalingPolicy (carol)") && row.contains("▲UpdateService "), "{row}");
    assert!(row.contains("░"), "{row}");
    let mut app = self::app();
    let row =
        |app: &App| draw(app, 120, 40).lines().find(|line| line.starts_with(" changes")).unwrap().to_owned();
    assert!(row(&app).contains("not read"), "{}", row(&app));
    polled(&mut app, Vec::new(), 0);
    assert!(row(&app).contains("none by people or pipelines"), "{}", row(&app));
}
