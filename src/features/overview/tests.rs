//! The screen through the real core: answers and keys in, cells and commands out.

use super::traffic::{Bucket, Traffic, TrafficList};
use super::*;
use crate::app::pane::Command;
use crate::app::{Action, App, Effect, Input, Msg, Now, PollKey, Polled, Settings, Window};
use crate::aws::{ErrorClass, SourceError, TargetId, TargetSpec, Usage};
use crate::config::Config;
use crate::features::alarms::{Alarm, AlarmList, AlarmState, Kind, Silent};
use crate::features::metrics::{MetricQuery, Series, Stat};
use crate::features::rollouts::model::{AlarmWatch, Owner, Rollout, RolloutName, Status, Strategy, Tasks};
use crate::features::rollouts::tests::{at, canary, compared};
use crate::features::rollouts::{RolloutList, ServiceSummary};
use crate::features::session::SessionInfo;
use crate::features::traces::{Counts, Graph, GraphService, RawService};
use crate::features::{Link, Payload, Query, Store, Topic};
use crate::service::{Function, Inventory, Mapping, TargetGroup, TaskDefinition};
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use std::time::Duration;

fn now(seconds: i64) -> Now {
    Now { since_start: Duration::from_secs(1_000 + seconds as u64), wall: at(seconds) }
}

fn prod() -> TargetId {
    TargetId::new("prod")
}

fn empty_app() -> App {
    let settings = Settings {
        config: Config::default(),
        keymap: crate::app::Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    let session = SessionInfo { region: Some("eu-west-2".into()), ..SessionInfo::default() };
    App::new(Store::new([(TargetSpec::named("prod"), session)]), settings, Zone::utc())
}

fn app() -> App {
    let mut app = empty_app();
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(alarms())), 0);
    polled(
        &mut app,
        Query::Rollouts(crate::features::rollouts::RolloutsQuery::default()),
        Ok(Payload::Rollouts(rollouts())),
        0,
    );
    let query = asked(&app, Topic::Inventory);
    polled(&mut app, query, Ok(Payload::Inventory(Box::new(inventory()))), 0);
    let query = asked(&app, Topic::ServiceGraph);
    polled(&mut app, query, Ok(Payload::ServiceGraph(Box::new(graph()))), 0);
    let query = asked(&app, Topic::Traffic);
    polled(&mut app, query, Ok(Payload::Traffic(traffic())), 0);
    app
}

/// What the plan asks of a topic now.
fn asked(app: &App, topic: Topic) -> Query {
    app.plan(now(0)).get(&PollKey::new(&prod(), topic)).unwrap().query.clone()
}

fn polled(app: &mut App, query: Query, result: Result<Payload, SourceError>, at: i64) {
    let key = PollKey::new(&prod(), query.topic());
    let next_in = Some(Duration::from_mins(1));
    let polled = Polled { key, query, result, next_in, usage: Usage::default() };
    app.handle(Msg::Polled(Box::new(polled)), now(at));
}

fn key(app: &mut App, code: KeyCode, at: i64) -> Vec<Effect> {
    app.handle(Msg::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))), now(at))
}

fn alarm(name: &str, minutes: i64, dimensions: &[(&str, &str)]) -> Alarm {
    let dimensions = dimensions.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let stat = Stat { namespace: "N".into(), name: "M".into(), dimensions, stat: "Sum".into() };
    Alarm {
        name: name.into(),
        arn: format!("arn:aws:cloudwatch:eu-west-2:111122223333:alarm:{name}"),
        kind: Kind::Metric,
        state: AlarmState::Alarm,
        since: Some(at(-60 * minutes)),
        reason: "Threshold Crossed".into(),
        description: String::new(),
        silent: None,
        actions: vec!["arn:aws:sns:eu-west-2:111122223333:oncall".into()],
        threshold: Some(1.0),
        comparison: "GreaterThanThreshold".into(),
        value: Some(1.333),
        first_breach: Some(at(-60 * minutes - 180)),
        datapoints: Some((3, 3)),
        treat_missing: "missing".into(),
        metrics: vec![MetricQuery {
            id: "m1".into(),
            stat: Some(Arc::new(stat)),
            expression: None,
            label: None,
            period: 60,
            returned: true,
        }],
        rule: String::new(),
        log_groups: Vec::new(),
        evaluation: None,
    }
}

fn list<A: Into<Arc<Alarm>>>(alarms: impl IntoIterator<Item = A>) -> AlarmList {
    let mut alarms: Vec<Arc<Alarm>> = alarms.into_iter().map(Into::into).collect();
    alarms.sort_by(|a, b| a.name.cmp(&b.name));
    AlarmList::new(alarms, None)
}

fn alarms() -> AlarmList {
    let checkout = [("ClusterName", "shop"), ("ServiceName", "checkout")];
    let scaling = "arn:aws:autoscaling:eu-west-2:111122223333:scalingPolicy:x:resource/ecs/service/shop/cart";
    list(vec![
        alarm("checkout-5xx", 6, &checkout),
        Alarm { threshold: Some(800.0), value: Some(1_410.0), ..alarm("checkout-p99", 5, &checkout) },
        Alarm {
            threshold: Some(450.0),
            value: Some(462.0),
            ..alarm("orders-db-connections", 2, &[("DBClusterIdentifier", "orders-db")])
        },
        alarm("old-certificate", 60 * 40, &[]),
        Alarm { actions: vec![scaling.into()], ..alarm("cart-scale-in", 90, &[]) },
        Alarm { silent: Some(Silent::Muted("move".into())), ..alarm("queue-age", 90, &[]) },
        Alarm { state: AlarmState::InsufficientData, ..alarm("index-lag", 40, &[]) },
        Alarm { state: AlarmState::Ok, ..alarm("cart-5xx", 900, &[]) },
    ])
}

fn group_arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-west-2:111122223333:targetgroup/{name}/9f")
}

fn rollouts() -> RolloutList {
    let service = |name: &str, running: u32| ServiceSummary {
        name: RolloutName::ecs("shop", name),
        owner: Owner::Ecs,
        strategy: Strategy::Rolling,
        tasks: Tasks { requested: 4, running, pending: 0 },
        task_definition: format!("web-{name}:7"),
        groups: vec![group_arn(name)],
        deployment: None,
    };
    let mut shift = canary();
    shift.alarms = AlarmWatch { triggered: vec!["checkout-5xx".into()], ..AlarmWatch::default() };
    RolloutList {
        services: Arc::new(vec![service("cart", 4), service("checkout", 7), service("orders", 4)]),
        shifts: vec![shift],
        ..RolloutList::default()
    }
}

fn inventory() -> Inventory {
    let balancer = "arn:aws:elasticloadbalancing:eu-west-2:111122223333:loadbalancer/app/web/50dc";
    let names = ["cart", "checkout", "orders"];
    let definition =
        |name| (format!("web-{name}:7"), TaskDefinition { log_groups: vec![format!("/ecs/{name}")] });
    let group = |name: &str| TargetGroup {
        arn: group_arn(name),
        name: name.into(),
        load_balancers: vec![balancer.into()],
    };
    Inventory {
        task_definitions: names.map(definition).into(),
        target_groups: names.map(group).into(),
        functions: vec![Function { name: "receipts".into(), log_group: None }],
        mappings: vec![Mapping {
            function: "receipts".into(),
            alias: None,
            source: "arn:aws:sqs:eu-west-2:111122223333:receipts-queue".into(),
        }],
        ..Inventory::default()
    }
}

fn graph() -> Graph {
    let node = |id, name: &str, kind: &str, calls: &[i32]| RawService {
        id,
        service: GraphService { name: name.into(), kind: kind.into(), ..GraphService::default() },
        calls: calls.iter().map(|to| (*to, Counts::default(), false)).collect(),
    };
    let nodes = vec![
        node(0, "checkout", "AWS::ECS::Container", &[1, 2]),
        node(1, "orders", "AWS::ECS::Container", &[3]),
        node(2, "cart", "AWS::ECS::Container", &[]),
        node(3, "orders-db", "Database::SQL", &[]),
    ];
    Graph::merge(at(-3_600), at(0), &[nodes], false)
}

/// An hour of minutes; the errors of checkout begin nine minutes before the end.
fn traffic() -> TrafficList {
    let service = |name: &str, rate: f64, bad: f64, slow: f64| Traffic {
        service: name.into(),
        buckets: (2..60)
            .rev()
            .map(|back| Bucket {
                at: at(-60 * back),
                requests: Some(rate),
                errors: Some(if back < 10 { bad } else { 0.0 }),
                p99: Some(if back < 10 { slow } else { 0.2 }),
            })
            .collect(),
        oldest: None,
    };
    let services = vec![
        service("cart", 912.0, 0.0, 0.084),
        service("checkout", 1_505.0, 20.0, 1.41),
        service("orders", 702.0, 3.0, 0.41),
    ];
    TrafficList { services, period: 60, notes: Vec::new() }
}

fn text(app: &App, width: u16, height: u16, at: i64) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    app.render(&mut buf, now(at));
    let rows = buf.area.rows().map(|row| {
        let cells = (row.left()..row.right()).filter_map(|x| buf.cell((x, row.y)));
        cells.map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_bad_deploy_wide() {
    insta::assert_snapshot!(text(&app(), 120, 40, 0));
}

#[test]
fn a_bad_deploy_at_80x24() {
    insta::assert_snapshot!(text(&app(), 80, 24, 0));
}

#[test]
fn a_bad_deploy_at_60x15() {
    insta::assert_snapshot!(text(&app(), 60, 15, 0));
}

#[test]
fn nothing_known_and_nothing_broken() {
    let mut app = empty_app();
    let waiting = text(&app, 80, 24, 0);
    assert!(waiting.contains("◌ waiting for the first answer about alarms"), "{waiting}");
    assert!(waiting.contains("◌ looking for services"), "{waiting}");
    let mut denied = SourceError::new(ErrorClass::Denied, "cloudwatch:DescribeAlarms", "not allowed");
    denied.advice = "ask for cloudwatch:DescribeAlarms".into();
    polled(&mut app, Query::Alarms, Err(denied), 0);
    let shown = text(&app, 80, 24, 0);
    assert!(shown.contains("denied: cloudwatch:DescribeAlarms · ask for"), "{shown}");
    let fine = list(vec![Alarm { state: AlarmState::Ok, ..alarm("cart-5xx", 900, &[]) }]);
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(fine)), 0);
    polled(
        &mut app,
        Query::Rollouts(crate::features::rollouts::RolloutsQuery::default()),
        Ok(Payload::Rollouts(RolloutList::default())),
        0,
    );
    let query = asked(&app, Topic::Inventory);
    polled(&mut app, query, Ok(Payload::Inventory(Box::default())), 0);
    let shown = text(&app, 80, 24, 0);
    let calm = "✔ nothing is broken · 1 alarm OK · no rollout in flight";
    assert!(shown.contains(&format!("{calm} · findings are not read")), "{shown}");
    let query = asked(&app, Topic::Findings);
    polled(&mut app, query, Ok(Payload::Findings(Box::default())), 0);
    let shown = text(&app, 80, 24, 0);
    assert!(shown.contains(calm) && !shown.contains("findings are not read"), "{shown}");
    assert!(shown.contains("no ECS service, no function found"), "{shown}");
}

#[test]
fn a_storm_folds_by_start() {
    let mut app = app();
    let dims = |name: &'static str| [("ClusterName", "shop"), ("ServiceName", name)];
    let mut storm: Vec<Alarm> = (0..7).map(|n| alarm(&format!("orders-{n}"), 20, &dims("orders"))).collect();
    storm.extend((0..3).map(|n| alarm(&format!("cart-{n}"), 20, &dims("cart"))));
    storm.push(alarm("checkout-5xx", 3, &dims("checkout")));
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(list(storm))), 1);
    let shown = text(&app, 120, 40, 1);
    assert!(shown.contains("● 10 ALARMS  orders cart"), "{shown}");
    assert!(shown.contains("since 03:40 · first cart-0"), "{shown}");
    assert!(shown.contains("● ALARM      checkout-5xx"), "one alone stays itself: {shown}");
}

#[test]
fn rows_stand_still_after_a_key_and_the_cursor_stays_on_its_thing() {
    let mut app = app();
    let rows = |app: &App, at| {
        let shown = text(app, 120, 40, at);
        let of = |name: &str| shown.lines().position(|line| line.contains(name));
        ["checkout-5xx", "checkout-p99", "orders-db-connections"].map(of)
    };
    key(&mut app, KeyCode::Down, 10);
    key(&mut app, KeyCode::Down, 10);
    let before = rows(&app, 10);
    // The first alarm recovers, a worse one comes.
    let mut changed = alarms();
    changed.alarms.retain(|alarm| alarm.name != "checkout-5xx");
    changed.alarms.push(Alarm { kind: Kind::Composite, ..alarm("z-health", 50, &[]) }.into());
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(changed)), 11);
    assert_eq!(rows(&app, 11), before);
    assert!(text(&app, 120, 40, 11).contains("✔ over"));
    let after = rows(&app, 13);
    assert_ne!(after, before, "two seconds later rows may move");
    assert!(text(&app, 120, 40, 13).contains("▌● ALARM      checkout-p99"));
}

#[test]
fn enter_and_l_lead_to_the_thing() {
    let mut app = app();
    key(&mut app, KeyCode::Down, 0);
    key(&mut app, KeyCode::Char('l'), 0);
    let here = app.panes[app.ui.pane].here();
    let groups = vec!["/ecs/checkout".to_owned()];
    assert_eq!(here, Link::Logs { target: prod(), groups, at: None, filter: String::new() });
    assert_eq!(app.ui.window, Window::pinned_before(at(-6 * 60 - 180)));
    key(&mut app, KeyCode::Esc, 0);
    assert_eq!(app.ui.window, Window::Live { secs: 3_600 }, "the way back restores the window");
    key(&mut app, KeyCode::Tab, 0);
    key(&mut app, KeyCode::Enter, 0);
    let Link::Rollouts { shift: Some(shift), open: true } = app.panes[app.ui.pane].here() else { panic!() };
    assert_eq!(shift.name.short(), "checkout");
}

#[test]
fn only_what_is_on_screen_is_read_and_its_order_asks_nothing_anew() {
    let mut app = app();
    let before = asked(&app, Topic::Traffic);
    let Query::Traffic(query) = &before else { panic!() };
    let names: Vec<_> = query.services.iter().map(|place| place.service.as_str()).collect();
    assert_eq!(names, ["cart", "checkout", "orders", "receipts"]);
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(AlarmList::default())), 1);
    assert_eq!(asked(&app, Topic::Traffic), before);
    key(&mut app, KeyCode::Char('3'), 1);
    assert!(app.plan(now(1)).get(&PollKey::new(&prod(), Topic::Traffic)).is_none());
}

#[test]
fn a_screen_on_which_nothing_happens_changes_in_steps() {
    let app = app();
    let changes: Vec<i64> =
        (1..60).filter(|second| text(&app, 120, 40, *second) != text(&app, 120, 40, second - 1)).collect();
    assert_eq!(changes, [30], "the countdown to the next step, in half minutes");
}

#[test]
fn any_size_is_drawn_and_twice_the_same() {
    let app = app();
    for (width, height) in [(0, 0), (1, 1), (59, 14), (60, 15), (61, 16), (80, 8), (200, 60), (300, 5)] {
        assert_eq!(text(&app, width, height, 0), text(&app, width, height, 0), "{width}x{height}");
    }
}

#[test]
fn traffic_counts_what_callers_suffer() {
    let series = |id: &str, points: &[(i64, f64)]| Series {
        id: id.into(),
        label: id.into(),
        period: 60,
        points: points.iter().map(|(minute, value)| (at(60 * minute), *value)).collect(),
        status: "Complete".into(),
        note: None,
    };
    let place = Place { service: "checkout".into(), ..Place::default() };
    let all = [
        series("s1_r0", &[(0, 80.0), (1, 80.0), (9, 1.0)]),
        series("s1_r1", &[(0, 20.0)]),
        series("s1_e1", &[(0, 5.0)]),
        series("s1_l0", &[(0, 0.2)]),
        series("s1_l1", &[(0, 1.9)]),
        series("s1_x", &[(3, 2.0)]),
        series("s10_r0", &[(0, 999.0)]),
    ];
    let traffic = Traffic::assemble(&place, "s1_", &all, at(600));
    let rows: Vec<_> = traffic.buckets.iter().map(|b| (b.requests, b.errors, b.p99)).collect();
    assert_eq!(
        rows,
        [(Some(100.0), Some(5.0), Some(1.9)), (Some(80.0), Some(0.0), None), (None, Some(2.0), None)],
        "no datapoint of errors is zero where requests were counted; what still fills is left out"
    );
    assert_eq!(traffic.buckets[0].percent(), Some(5.0));
    assert_eq!(traffic.buckets[2].percent(), Some(100.0));
    let values = traffic.values((at(0), at(600)), 60, |bucket| bucket.errors);
    assert_eq!(values, [Some(5.0), Some(0.0), None, Some(2.0)]);
    let lambda = [
        series("s1_i", &[(0, 90.0)]),
        series("s1_f", &[(0, 3.0)]),
        series("s1_t", &[(0, 10.0)]),
        series("s1_d", &[(0, 250.0)]),
        series("s1_q", &[(0, 140.0)]),
    ];
    let traffic = Traffic::assemble(&place, "s1_", &lambda, at(600));
    let bucket = traffic.buckets[0];
    assert_eq!((bucket.requests, bucket.errors, bucket.p99), (Some(100.0), Some(13.0), Some(0.25)));
    assert_eq!(traffic.oldest, Some(140.0));
}

#[test]
fn what_is_not_read_is_neither_fine_nor_none() {
    let mut app = empty_app();
    let denied = || SourceError::new(ErrorClass::Denied, "cloudwatch:DescribeAlarms", "not allowed");
    polled(&mut app, Query::Alarms, Err(denied()), 0);
    let shown = text(&app, 120, 40, 0);
    assert!(!shown.contains("waiting for the first answer about alarms"), "it has failed: {shown}");
    assert!(shown.contains("– alarms are not read"), "{shown}");
    let row = |shown: &str, label: &str| {
        let line = shown.lines().find(|line| line.trim_start().starts_with(label)).map(str::to_owned);
        line.unwrap_or_else(|| panic!("no {label}: {shown}"))
    };
    for label in ["rollouts", "alarms  ", "errors/min"] {
        assert!(row(&shown, label).contains("– not read"), "{label}: {shown}");
    }
    let mut calm = RolloutList { shifts: Vec::new(), ..rollouts() };
    Arc::make_mut(&mut calm.services)[1].tasks.running = 3;
    polled(
        &mut app,
        Query::Rollouts(crate::features::rollouts::RolloutsQuery::default()),
        Ok(Payload::Rollouts(calm)),
        0,
    );
    let query = asked(&app, Topic::Inventory);
    polled(&mut app, query, Ok(Payload::Inventory(Box::new(inventory()))), 0);
    let shown = text(&app, 120, 40, 0);
    assert!(shown.contains("1 of 4 in trouble, health of 3 not known"), "tasks are missing: {shown}");
    assert!(shown.contains("– cart") && !shown.contains("✔ cart"), "{shown}");
    assert!(row(&shown, "rollouts").contains("none"), "{shown}");
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(AlarmList::default())), 1);
    let shown = text(&app, 120, 40, 1);
    assert!(shown.contains("1 of 4 in trouble ") && shown.contains("✔ cart"), "{shown}");
    assert!(row(&shown, "alarms  ").contains("none went off"), "{shown}");
}

/// The answer to what Rollouts asks: `shifts` in flight.
fn shifting(app: &mut App, shifts: Vec<Rollout>) {
    let mut list = RolloutList { shifts, ..rollouts() };
    // Both sides have all their tasks.
    Arc::make_mut(&mut list.services)[1].tasks.running = 8;
    let query = Query::Rollouts(crate::features::rollouts::RolloutsQuery::default());
    polled(app, query, Ok(Payload::Rollouts(list)), 0);
}

#[test]
fn a_service_is_in_trouble_when_the_new_side_of_its_shift_is_worse() {
    let mut app = app();
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(AlarmList::default())), 0);
    let mut shift = canary();
    let rule = "arn:aws:elasticloadbalancing:eu-west-2:111122223333:listener-rule/app/web/50dc/1/2";
    for side in shift.old.iter_mut().chain([&mut shift.new]) {
        side.groups[0].rule = Some(rule.into());
    }
    shifting(&mut app, vec![shift]);
    let shown = text(&app, 80, 24, 0);
    assert!(shown.contains("0 of 4 in trouble") && !shown.contains("rollout in trouble"), "{shown}");
    // Surely worse, by less than what matters: worth a look, and not what stands first.
    let little = compared((9_000_000.0, 9_000.0), (9_000_000.0, 18_000.0));
    let query = asked(&app, Topic::Verdicts);
    polled(&mut app, query, Ok(Payload::Verdicts(vec![little])), 0);
    let shown = text(&app, 80, 24, 0);
    assert!(shown.contains("WORSE by 0.1") && !shown.contains("rollout in trouble"), "{shown}");
    let worse = compared((10_836.0, 9.0), (2_709.0, 171.0));
    let query = asked(&app, Topic::Verdicts);
    polled(&mut app, query, Ok(Payload::Verdicts(vec![worse])), 0);
    let shown = text(&app, 80, 24, 0);
    assert!(shown.contains("1 of 4 in trouble") && shown.contains("1 rollout in trouble"), "{shown}");
    assert!(shown.contains("new WORSE by 6.2 points   CANARY "), "it is not cut: {shown}");
    let glyph = Theme::plain().glyphs().bad;
    assert!(shown.lines().any(|line| line.contains(&format!("{glyph} checkout"))), "{shown}");
}

#[test]
fn shifts_that_lie_over_each_other_are_counted_and_each_begins_where_it_did() {
    let shift = |name: &str, started, finished: Option<i64>| Rollout {
        name: RolloutName::ecs("shop", name),
        created_at: Some(at(started)),
        started_at: Some(at(started)),
        finished_at: finished.map(at),
        status: Status::new(if finished.is_some() { "SUCCESSFUL" } else { "IN_PROGRESS" }),
        ..canary()
    };
    let row = |shifts: Vec<Rollout>, width| {
        let mut app = app();
        shifting(&mut app, shifts);
        let shown = text(&app, width, 40, 0);
        shown.lines().find(|line| line.starts_with(" rollouts")).unwrap().trim_end().to_owned()
    };
    let close = || vec![shift("checkout", -1_500, None), shift("cart", -1_380, None)];
    let apart = || vec![shift("checkout", -3_000, None), shift("cart", -1_200, None)];
    let short = || vec![shift("orders", -3_300, Some(-3_200)), shift("cart", -3_250, Some(-3_180))];
    // Neither within them nor beside them is room for a name: then it is how many there are.
    let narrow = || {
        let earlier = shift("orders", -3_300, Some(-900));
        vec![earlier, shift("checkout", -720, None), shift("cart", -420, None)]
    };
    let all = [close(), apart(), short(), [short(), apart()].concat(), narrow()]
        .map(|shifts| [80, 120].map(|width| row(shifts.clone(), width)).join("\n"));
    insta::assert_snapshot!("spans_over_each_other", all.join("\n"));
}

#[test]
fn an_alarm_that_recovered_stays_on_the_timeline() {
    let mut app = app();
    let ok = |name: &str, minutes| Alarm { state: AlarmState::Ok, ..alarm(name, minutes, &[]) };
    let muted = Alarm { silent: Some(Silent::Muted("move".into())), ..ok("muted-lag", 9) };
    let alarms = list(vec![ok("cart-5xx", 20), ok("old-one", 900), muted]);
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(alarms)), 1);
    let shown = text(&app, 120, 40, 1);
    let row = shown.lines().find(|line| line.starts_with(" alarms ")).unwrap();
    assert!(row.contains("✔cart-5xx OK") || row.contains("✔ cart-5xx OK"), "{shown}");
    assert!(!row.contains("old-one") && !row.contains("muted-lag"), "{shown}");
}

#[test]
fn a_composite_over_several_services_leads_to_those_that_fire() {
    let mut app = app();
    let composite = |rule: &str| Alarm {
        kind: Kind::Composite,
        threshold: None,
        metrics: Vec::new(),
        rule: rule.into(),
        ..alarm("a-health", 7, &[])
    };
    let with = |rule: &str| {
        let mut all = alarms().alarms;
        all.push(
            Alarm {
                state: AlarmState::Ok,
                ..alarm("carts", 9, &[("ClusterName", "shop"), ("ServiceName", "cart")])
            }
            .into(),
        );
        all.push(composite(rule).into());
        list(all)
    };
    let mut commands = |rule: &str| {
        polled(&mut app, Query::Alarms, Ok(Payload::Alarms(with(rule))), 1);
        let list = app.store.target(&prod()).unwrap().alarms.clone().unwrap();
        let alarm = list.get("a-health").unwrap();
        crate::features::jump_from_alarm(Action::Logs, &prod(), alarm, &app.ctx(now(1)))
    };
    for (rule, want) in [
        ("ALARM(checkout-5xx) OR ALARM(carts)", vec!["/ecs/checkout"]),
        ("ALARM(checkout-5xx) OR ALARM(orders-db-connections)", vec!["/ecs/checkout", "/ecs/orders"]),
    ] {
        match commands(rule).first() {
            Some(Command::Goto(Link::Logs { groups, .. })) => assert_eq!(*groups, want, "{rule}"),
            _ => panic!("{rule} leads nowhere"),
        }
    }
    match commands("ALARM(nobodys) OR ALARM(old-certificate)").first() {
        Some(Command::Notify(_, text)) => assert_eq!(text, "no logs: no service is known for a-health"),
        _ => panic!("it has no service"),
    }
}

/// Right after the start nobody knows yet whose an alarm is, which is not the same as that it is nobody's.
#[test]
fn a_jump_says_when_services_are_still_looked_up() {
    let mut app = empty_app();
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(alarms())), 1);
    for action in [Action::Logs, Action::Traces, Action::Board, Action::Rollback] {
        let alarms = app.store.target(&prod()).unwrap().alarms.clone().unwrap();
        let alarm = alarms.get("checkout-5xx").unwrap();
        match crate::features::jump_from_alarm(action, &prod(), alarm, &app.ctx(now(1))).first() {
            Some(Command::Notify(_, text)) => assert!(text.contains("still being looked up"), "{text}"),
            _ => panic!("{action:?} cannot know where to"),
        }
    }
}

#[test]
fn lists_count_nothing_before_an_answer() {
    for (screen, query, title) in [
        ('2', Query::Rollouts(crate::features::rollouts::RolloutsQuery::default()), "ROLLOUTS"),
        ('3', Query::Alarms, "ALARMS"),
    ] {
        let mut app = empty_app();
        key(&mut app, KeyCode::Char(screen), 0);
        let waiting = text(&app, 120, 40, 0);
        assert!(waiting.contains("◌ waiting for the first answer"), "{waiting}");
        let head = waiting.lines().find(|line| line.starts_with(&format!(" {title}"))).unwrap();
        assert!(!head.contains('0'), "{waiting}");
        let denied = SourceError::new(ErrorClass::Denied, "x:List", "not allowed");
        polled(&mut app, query, Err(denied), 0);
        let failed = text(&app, 120, 40, 0);
        assert!(!failed.contains("waiting for") && failed.contains("– not read"), "{failed}");
    }
}

#[test]
fn a_composite_has_its_reason_in_the_list() {
    let mut app = app();
    let health = Alarm {
        kind: Kind::Composite,
        threshold: None,
        value: None,
        reason: "checkout-5xx transitioned to ALARM".into(),
        ..alarm("a-health", 7, &[])
    };
    polled(&mut app, Query::Alarms, Ok(Payload::Alarms(list(vec![health]))), 1);
    key(&mut app, KeyCode::Char('3'), 1);
    let shown = text(&app, 120, 40, 1);
    assert!(shown.contains("checkout-5xx trans"), "{shown}");
}
