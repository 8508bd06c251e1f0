//! The opened page and the list where there is little room, while tasks are replaced, and after the end.

use super::codedeploy::but;
use super::codedeploy_screen::to_lambda;
use super::screen::*;
use super::world::Lab;
use super::*;
use crate::app::App;
use crate::features::alarms::tests::alarm;
use crate::features::alarms::{Alarm, AlarmList, AlarmState};
use crate::features::rollouts::DetailSource;
use crate::features::rollouts::autopsy::{Autopsy, StoppedTask};
use crate::features::rollouts::wire::{Comparison, RolloutDetail, RolloutList, RolloutsQuery};
use crate::features::{Payload, Query, Topic};
use crossterm::event::KeyCode;
use std::sync::Arc;

/// The detail that an opened shift asks for.
fn answer(app: &mut App, detail: RolloutDetail) {
    let query = asked(app, Topic::RolloutDetail).expect("the detail is asked for");
    polled(app, query, Ok(Payload::RolloutDetail(detail)), 0);
}

fn list_of(app: &mut App, shifts: Vec<Rollout>, recent: Vec<Rollout>) {
    let list = RolloutList { shifts, recent: Arc::new(recent), ..list() };
    polled(app, Query::Rollouts(RolloutsQuery::default()), Ok(Payload::Rollouts(list)), 0);
}

fn dead(count: usize) -> Autopsy {
    let task = |n: usize| StoppedTask {
        id: format!("{n}f3a9c11223344556677889900aabbcc"),
        at: Some(at(-60 * n as i64)),
        code: Some("TaskFailedToStart".into()),
        reason: Some("CannotPullContainerError: not found".into()),
        containers: Vec::new(),
        lines: Ok(Vec::new()),
    };
    Autopsy { tasks: (1..=count).map(task).collect(), ..Autopsy::default() }
}

/// A ROLLING deployment with 5 of 8 new tasks, one of them starting, and 3 old ones.
fn rolling() -> Rollout {
    let mut shift = Rollout {
        mechanism: Mechanism::Ecs(Strategy::Rolling),
        stage: None,
        breaker: Some(Breaker {
            status: Some("MONITORING".into()),
            failures: 0,
            threshold: 4,
            enabled: true,
            rollback: true,
        }),
        ..canary()
    };
    (shift.new.weight, shift.new.tasks) = (None, Some(Tasks { requested: 8, running: 5, pending: 1 }));
    shift.new.groups.clear();
    let old = shift.old.as_mut().unwrap();
    (old.weight, old.tasks) = (None, Some(Tasks { requested: 3, running: 3, pending: 0 }));
    old.groups.clear();
    shift
}

#[test]
fn the_smallest_screen_shows_what_decides_and_scrolls_to_the_rest() {
    let mut shift = to_lambda();
    let reason = "Deployment d-9XRJ8QF2K was rolled back by deployment d-R6845Q8QP".to_owned();
    shift.rollback = Some(RollbackInfo { reason: Some(reason), ..RollbackInfo::default() });
    shift.alarms.names = vec!["receipts-errors".into()];
    let mut app = opened(&shift);
    let metrics =
        Comparison { deployment: shift.deployment.clone(), ..compared((10_836.0, 9.0), (2_709.0, 171.0)) };
    answer(
        &mut app,
        RolloutDetail { name: shift.name.clone(), metrics: Some(Box::new(metrics)), ..detail() },
    );
    let first = screen(&app, 60, 15, 0);
    for text in ["old (blue)", "new (green)", "verdict: new is WORSE", "6.31 %", "more lines, PgDn"] {
        assert!(first.contains(text), "{text}: {first}");
    }
    key(&mut app, KeyCode::Char('G'), 0);
    let end = screen(&app, 60, 15, 0);
    assert!(end.contains("ENDED  1 within a day") && !end.contains("more lines"), "{end}");
    assert!(!end.contains("nothing to move through"), "{end}");
    key(&mut app, KeyCode::Char('g'), 0);
    assert!(screen(&app, 60, 15, 0).contains("new (green)"));
    // Between the two every line has been on the screen, and none was cut without a sign.
    let mut seen = screen(&app, 60, 15, 0);
    for _ in 0..40 {
        key(&mut app, KeyCode::Down, 0);
        seen += &screen(&app, 60, 15, 0);
    }
    for text in ["config CodeDeployDefault", "creator user", "d-R6845Q8QP", "6.31 %", "WORSE", "EVENTS"] {
        assert!(seen.contains(text), "{text}: {seen}");
    }
}

#[test]
fn rolling_says_tasks_and_the_same_share_everywhere() {
    let shift = rolling();
    let mut app = opened(&shift);
    for width in [120, 80] {
        let shown = body(&app, width, 24, 0);
        // Together they are all of it.
        for text in ["~37 %", "3/3 tasks", "~63 %", "5/8 tasks, 1 starting", "web:v42"] {
            assert!(shown.contains(text), "{text} at {width}: {shown}");
        }
    }
    let plan = plan_of(&shift);
    assert_eq!(plan.from.weight_words(), "~63 %");
    assert_eq!(plan.to.as_ref().unwrap().weight_to(100.0), "~37 % -> 100 %");
    key(&mut app, KeyCode::Esc, 0);
    assert!(body(&app, 120, 20, 0).contains("~63 %"));
    assert!(body(&app, 120, 20, 0).contains("tasks 5/8"));

    let mut begun = shift;
    begun.new.tasks.as_mut().unwrap().running = 0;
    let plan = plan_of(&begun);
    assert_eq!(plan.to.as_ref().unwrap().weight_to(100.0), "keeps ~100 %");
    answer_dialog_of(&mut app, begun);
    let dialog = screen(&app, 120, 40, 1);
    assert!(dialog.contains("keeps ~100 %") && !dialog.contains("100 % -> 100 %"), "{dialog}");
}

/// Opens the dialog on a list of this shift alone.
fn answer_dialog_of(app: &mut App, shift: Rollout) {
    list_of(app, vec![shift.clone()], Vec::new());
    key(app, KeyCode::Char('R'), 0);
    answer_dialog(app, shift, 1);
}

#[test]
fn tasks_that_fail_are_seen_in_the_list_and_counted_at_once() {
    let failing = |failures| {
        let mut shift = rolling();
        shift.breaker.as_mut().unwrap().failures = failures;
        shift
    };
    let mut app = app();
    list_of(&mut app, vec![failing(2)], Vec::new());
    let shown = body(&app, 120, 20, 0);
    assert!(shown.contains("▲ failing, 2 of 4"), "{shown}");
    assert!(screen(&app, 120, 20, 0).contains("Rollouts ▲1"));
    list_of(&mut app, vec![failing(4)], Vec::new());
    assert!(body(&app, 120, 20, 0).contains("▲ FAILED, 4 of 4"));
    assert!(screen(&app, 120, 20, 0).contains("Rollouts ●1"));
    list_of(&mut app, vec![failing(2)], Vec::new());
    key(&mut app, KeyCode::Enter, 0);
    let before = asked(&app, Topic::RolloutDetail);
    let stopped = Some(("web-checkout:42".to_owned(), Ok(dead(2))));
    answer(&mut app, RolloutDetail { stopped, ..detail() });
    assert!(!body(&app, 80, 24, 0).contains("breaker counts"));
    // A third failure asks again at once, and until that is answered both counts are told.
    list_of(&mut app, vec![failing(3)], Vec::new());
    assert_ne!(asked(&app, Topic::RolloutDetail), before);
    let shown = body(&app, 80, 24, 0);
    assert!(shown.contains("2 stopped: image not pulled"), "{shown}");
    assert!(shown.contains("circuit breaker counts 3"), "{shown}");
    key(&mut app, KeyCode::Enter, 0);
    let shown = body(&app, 80, 24, 0);
    assert!(shown.contains("the circuit breaker counts 3 failures"), "{shown}");
}

#[test]
fn after_the_end_health_and_the_last_verdict_stay() {
    let mut app = app();
    key(&mut app, KeyCode::Enter, 0);
    answer(&mut app, detail());
    assert!(body(&app, 120, 30, 0).contains("new is WORSE than old: roll back"));
    let mut over = shift();
    over.status = Status::new("ROLLBACK_SUCCESSFUL");
    over.finished_at = Some(at(20));
    over.alarms = AlarmWatch::default();
    let (old, new) = (over.old.as_mut().unwrap(), &mut over.new);
    (old.weight, new.weight) = (Some(100.0), Some(0.0));
    new.tasks = Some(Tasks { requested: 0, running: 3, pending: 0 });
    let read = over.clone();
    for side in [over.old.as_mut().unwrap(), &mut over.new] {
        side.groups.iter_mut().for_each(|group| group.health = Health::Unread);
    }
    list_of(&mut app, Vec::new(), vec![over]);
    // It was compared while it went on; its health is read with what ended before.
    answer(&mut app, RolloutDetail { history: vec![read], metrics: None, ..detail() });
    insta::assert_snapshot!("page_ended_120", body(&app, 120, 30, 30));
    insta::assert_snapshot!("page_ended_80", body(&app, 80, 24, 30));
    // Of one that nobody looked at there is none to show, and it says so.
    let mut app = self::app();
    list_of(&mut app, Vec::new(), vec![Rollout { finished_at: Some(at(-60)), ..ended_unseen() }]);
    key(&mut app, KeyCode::Enter, 0);
    answer(&mut app, RolloutDetail { history: Vec::new(), metrics: None, ..detail() });
    assert!(body(&app, 120, 30, 0).contains("verdict: none was seen while it went on"));
}

fn ended_unseen() -> Rollout {
    Rollout { status: Status::new("SUCCESSFUL"), stage: None, ..shift() }
}

#[test]
fn alarms_that_a_deployment_ignores_are_still_told() {
    let alarm = |name: &str, state| Arc::new(Alarm { state, ..alarm(name) });
    let names = ["checkout-5xx", "checkout-cpu", "checkout-p99"];
    let shown = |change: &dyn Fn(&mut Rollout), read: bool| {
        let mut shift = shift();
        shift.alarms = AlarmWatch {
            status: Some("DISABLED".into()),
            names: names.map(str::to_owned).to_vec(),
            ..AlarmWatch::default()
        };
        change(&mut shift);
        let mut app = opened(&shift);
        if read {
            key(&mut app, KeyCode::Char('3'), 0);
            let states = [AlarmState::Alarm, AlarmState::Ok, AlarmState::Alarm];
            let all = names.iter().zip(states).map(|(name, state)| alarm(name, state)).collect();
            polled(&mut app, Query::Alarms, Ok(Payload::Alarms(AlarmList::new(all, None))), 0);
            key(&mut app, KeyCode::Char('2'), 0);
        }
        body(&app, 120, 30, 0)
    };
    let ignored = shown(&|_| {}, true);
    assert!(ignored.contains("alarms: 3 set, this deployment ignores them (2 in ALARM now)"), "{ignored}");
    assert!(ignored.contains("rolls back itself: no (alarm rollback off)"), "{ignored}");
    assert!(shown(&|_| {}, false).contains("alarms: 3 set, this deployment ignores them"));
    let one = shown(&|it| it.alarms.names.truncate(1), true);
    assert!(one.contains("alarms: 1 set, this deployment ignores it (1 in ALARM now)"), "{one}");
    let watched = shown(&|it| it.alarms.status = Some("MONITORING".into()), false);
    assert!(watched.contains("alarms: 3 watched"), "{watched}");
    let over = shown(&|it| it.alarms.status = Some("MONITORING_COMPLETE".into()), false);
    assert!(over.contains("alarms: 3 no longer watched"), "{over}");
    // Whether it would go back is of no matter once it does.
    let back = shown(&|it| it.status = Status::new("ROLLBACK_IN_PROGRESS"), true);
    assert!(!back.contains("rolls back itself"), "{back}");
}

#[test]
fn long_sentences_are_wrapped_and_never_cut() {
    let mut shift = shift();
    shift.hooks = vec![pause_hook("0435646b-613f-412e-a090-7d1f6a5b23a1", 600)];
    shift.new.groups.clear();
    let shown = body(&opened(&shift), 80, 24, 0);
    assert!(shown.contains("0435646b-613f-412e-a090-7d1f6a5b23a1)"), "{shown}");
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("no application load balancer's target groups are known of both sides"),
        "{words}"
    );
}

#[test]
fn both_bars_begin_in_one_column_and_events_too() {
    let mut shift = shift();
    shift.old.as_mut().unwrap().called = Some("original".into());
    shift.new.called = Some("replacement".into());
    shift
        .events
        .push(Event { at: at(-90_000), text: "(service checkout) has reached a steady state.".into() });
    let mut app = opened(&shift);
    answer(&mut app, RolloutDetail { history: vec![shift.clone(), ended_of(&shift)], ..detail() });
    let shown = body(&app, 120, 30, 0);
    let column = |line: &str, text: &str| line.split_once(text).map(|(before, _)| before.chars().count());
    let bars: Vec<_> = shown.lines().filter_map(|line| column(line, "██")).collect();
    assert!(bars.len() == 2 && bars[0] == bars[1], "{bars:?} {shown}");
    let texts = ["has started traffic shift", "has reached a steady state"];
    let texts = texts.map(|text| shown.lines().find_map(|line| column(line, text)).unwrap());
    assert_eq!(texts[0], texts[1], "{shown}");
    // What is open is not among what ended, which stands apart from the events.
    assert!(shown.contains("\n\n ENDED  1 others within a day"), "{shown}");
}

fn ended_of(shift: &Rollout) -> Rollout {
    Rollout {
        deployment: format!("{}x", shift.deployment),
        status: Status::new("SUCCESSFUL"),
        finished_at: Some(at(-7200)),
        ..shift.clone()
    }
}

#[test]
fn what_keeps_no_events_says_so() {
    let shown = body(&opened(&super::alias_screen::divided()), 120, 24, 0);
    assert!(shown.contains("EVENTS  none: an alias has no events; c shows who changed it"), "{shown}");
}

/// Shifts whose words are as long as they get.
fn long_words() -> Vec<Rollout> {
    let deployed = but(|shift, _| {
        shift.name = RolloutName::parse("codedeploy/AppECS-shop-checkout/Dgp").unwrap();
        shift.owner = Owner::Stack("shop".into());
    });
    let unknown = |name: &str| {
        let name = RolloutName::parse(name).unwrap();
        but(|shift, it| (shift.name, it.moves) = (name, None))
    };
    let back = Rollout { status: Status::new("ROLLBACK_IN_PROGRESS"), ..canary() };
    let mut bake = canary();
    bake.mechanism = Mechanism::Ecs(Strategy::BlueGreen);
    bake.stage = Some("BAKE_TIME".into());
    bake.progress.observe(Some("BAKE_TIME"), Some(100.0), Some(at(-30)), at(0));
    bake.new.weight = Some(100.0);
    let mut paused = canary();
    paused.hooks = vec![pause_hook("e485a", 595)];
    let mut all = vec![
        deployed,
        unknown("codedeploy/AppECS-shop-checkout/DgpECS-shop-checkout"),
        unknown("codedeploy/AppECS-shop-orders/DgpECS-shop-orders"),
        back,
        bake,
        paused,
        super::alias_screen::divided(),
    ];
    for (index, shift) in all.iter_mut().enumerate() {
        shift.deployment = format!("{}{index}", shift.deployment);
    }
    all
}

#[test]
fn the_list_keeps_what_matters_at_each_size() {
    let mut app = app();
    list_of(&mut app, long_words(), Vec::new());
    let query = asked(&app, Topic::Verdicts).expect("the list compares");
    let alias = long_words().pop().unwrap().deployment;
    let seen = Comparison { deployment: alias, ..compared((2_001.0, 1.0), (1_974.0, 4.0)) };
    polled(&mut app, query, Ok(Payload::Verdicts(vec![seen])), 0);
    let wide = body(&app, 120, 20, 0);
    for text in ["service", "mechanism", "owner", "stage", "traffic on new", "next", "verdict", "age"] {
        assert!(wide.contains(text), "{text}: {wide}");
    }
    for text in ["bake ends 9m30", "ROLLBACK in 9m55", "stays as it is", "going back", "CFn stack", ">9m"] {
        assert!(wide.contains(text), "{text}: {wide}");
    }
    let small = body(&app, 80, 20, 0);
    for text in ["on new", " 100 %", "bake ends 9m30", "ROLLBACK in 9m55", "verdict", "too little"] {
        assert!(small.contains(text), "{text}: {small}");
    }
    // What tells two names apart is at their ends.
    for shown in [wide, small, body(&app, 60, 20, 0)] {
        assert!(shown.contains("kout  ") && shown.contains("ders  "), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn health_is_read_also_after_the_end() {
    let lab = Lab::new("bad-deploy").await;
    let shift = lab.list().await.shifts.remove(0);
    lab.pass(3600).await;
    let query = detail_query(&shift.name);
    let history = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap().history;
    assert_eq!(history[0].deployment, shift.deployment);
    assert!(
        matches!(history[0].new.health(), Health::Counted { healthy, total } if healthy == total && total > 0)
    );
    assert!(history[1..].iter().all(|it| it.new.health() == Health::Unread), "of the one that serves only");
}

#[test]
fn what_took_the_place_of_the_opened_shift_is_shown() {
    let mut app = opened(&shift());
    let mut newer = shift();
    newer.deployment.push_str("newer");
    newer.new.weight = Some(35.0);
    list_of(&mut app, vec![newer], Vec::new());
    let shown = body(&app, 80, 24, 0);
    assert!(shown.contains("35 %") && !shown.contains("at rest"), "{shown}");
}

#[test]
fn what_was_read_before_ecs_fell_silent_says_so() {
    let mut app = opened(&shift());
    let lost = SourceError::new(ErrorClass::Network, "ecs:DescribeServices", "no route");
    let old = RolloutList { shifts: vec![shift()], ecs_unread: Some(lost.clone()), ..RolloutList::default() };
    polled(&mut app, Query::Rollouts(RolloutsQuery::default()), Ok(Payload::Rollouts(old)), 0);
    let shown = body(&app, 80, 24, 27);
    assert!(shown.contains("as it was 25s ago: ") && shown.contains(&lost.short()), "{shown}");
}

#[test]
fn the_cursor_stays_on_what_a_verb_was_used_on() {
    let mut app = app();
    let named = |name: &str, number: u32| {
        let deployment =
            format!("arn:aws:ecs:eu-west-2:111122223333:service-deployment/shop/{name}/{number}");
        Rollout { name: RolloutName::ecs("shop", name), deployment, ..canary() }
    };
    let (mut first, second) = (named("cart", 1), named("orders", 2));
    first.started_at = Some(at(-100));
    list_of(&mut app, vec![first.clone(), second.clone()], Vec::new());
    key(&mut app, KeyCode::Char('R'), 0);
    key(&mut app, KeyCode::Esc, 0);
    // It is rolled back, and ended ones stand below those in flight.
    (first.status, first.finished_at) = (Status::new("ROLLBACK_SUCCESSFUL"), Some(at(1)));
    list_of(&mut app, vec![second], vec![first]);
    key(&mut app, KeyCode::Enter, 2);
    assert!(body(&app, 80, 24, 2).trim_start().starts_with("cart"), "{}", body(&app, 80, 24, 2));
}
