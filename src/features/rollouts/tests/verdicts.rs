//! The verdict on the screens: the five answers, what keeps it from being read, and what is asked for it.

use super::screen::*;
use super::{DEPLOYMENT, ErrorClass, at, compared, error};
use crate::app::PollKey;
use crate::config::Config;
use crate::features::rollouts::comparing::metrics_query;
use crate::features::rollouts::model::{
    AlarmWatch, Mechanism, Rollout, RolloutName, SideMetrics, Status, Strategy,
};
use crate::features::rollouts::span::Start;
use crate::features::rollouts::stages::Progress;
use crate::features::rollouts::verdict::{Against, Lack, Ruling};
use crate::features::rollouts::wire::{Comparison, RolloutDetail, RolloutList};
use crate::features::{Payload, Query, Topic};
use crossterm::event::KeyCode;

/// The opened shift with this comparison.
fn opened(comparison: Option<Comparison>, problem: Option<&str>) -> crate::app::App {
    let mut app = app();
    key(&mut app, KeyCode::Enter, 0);
    let query = asked(&app, Topic::RolloutDetail).unwrap();
    let detail = RolloutDetail {
        history: Vec::new(),
        metrics: comparison.map(Box::new),
        metrics_error: problem.map(str::to_owned),
        ..detail()
    };
    polled(&mut app, query, Ok(Payload::RolloutDetail(detail)), 0);
    app
}

fn nothing_on_new() -> Comparison {
    let mut none = compared((10_836.0, 9.0), (0.0, 0.0));
    none.new = SideMetrics::default();
    assert_eq!(none.verdict.lack, Some(Lack::New));
    none
}

fn before() -> Comparison {
    let mut before = compared((90_000.0, 90.0), (13_500.0, 14.0));
    before.verdict.settings.against = Against::Before;
    before
}

#[test]
fn the_five_answers_opened_at_both_sizes() {
    let cases = [
        ("worse", compared((10_836.0, 9.0), (2_709.0, 171.0)), Ruling::Worse),
        ("better", compared((10_836.0, 540.0), (2_709.0, 9.0)), Ruling::Better),
        ("same", compared((108_360.0, 90.0), (27_090.0, 27.0)), Ruling::Same),
        ("too_little", compared((108.0, 0.0), (27.0, 1.0)), Ruling::TooLittle),
        ("no_data", nothing_on_new(), Ruling::NoData),
        ("before", before(), Ruling::Same),
    ];
    for (name, comparison, ruling) in cases {
        assert_eq!(comparison.verdict.ruling, ruling, "{name}");
        let app = opened(Some(comparison), None);
        // Sides and verdict; header, events and footer are in other snapshots.
        let part = |width| {
            let text = body(&app, width, 30, 0);
            let lines = text.lines().skip_while(|line| !line.starts_with(" old (blue)"));
            lines.take_while(|line| !line.starts_with(" EVENTS")).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(format!("verdict_{name}"), format!("{}\n{}", part(120), part(80)));
    }
}

#[test]
fn what_keeps_it_from_being_read_is_said() {
    let shown = body(&opened(None, Some("denied: cloudwatch:GetMetricData")), 120, 30, 0);
    assert!(shown.contains("metrics: denied: cloudwatch:GetMetricData"), "{shown}");
    assert!(shown.contains("verdict: NO DATA: metrics not read"), "{shown}");
    let mut unread = app();
    key(&mut unread, KeyCode::Enter, 0);
    assert!(body(&unread, 120, 30, 0).contains("reading metrics"));

    let config = Config::default();
    let why = |change: &dyn Fn(&mut Rollout)| {
        let mut shift = shift();
        change(&mut shift);
        metrics_query(&shift, &config).unwrap_err()
    };
    let shared = "both revisions serve the same target group, which counts them together";
    assert_eq!(why(&|it| it.mechanism = Mechanism::Ecs(Strategy::Rolling)), shared);
    assert_eq!(why(&|it| it.new.groups = it.old.as_ref().unwrap().groups.clone()), shared);
    assert_eq!(why(&|it| it.old = None), "a first deployment has no old side");
    assert_eq!(why(&|it| it.status = Status::new("SUCCESSFUL")), "the shift is over");
    assert!(why(&|it| it.new.groups.clear()).starts_with("no application load balancer"));
    let unseen = |weight: f64| {
        move |it: &mut Rollout| {
            it.progress = Progress::default();
            it.new.weight = Some(weight);
        }
    };
    assert_eq!(why(&unseen(0.0)), "no traffic has moved yet");
    assert_eq!(why(&unseen(20.0)), "when traffic began to move is not known");
    // Opened when it had all traffic already: everything since the shift began.
    let mut late = shift();
    late.progress = Progress::default();
    late.progress.observe(Some("BAKE_TIME"), Some(100.0), Some(at(-30)), at(0));
    assert_eq!(metrics_query(&late, &config).unwrap().start, Start::Told(late.started_at.unwrap()));
    let mut at_once = shift();
    at_once.mechanism = Mechanism::Ecs(Strategy::BlueGreen);
    assert_eq!(metrics_query(&at_once, &config).unwrap().settings.against, Against::Before);
}

#[test]
fn the_list_asks_for_all_in_one_call_and_shows_a_word() {
    let mut app = app();
    let query = asked(&app, Topic::Verdicts).expect("the list compares");
    let Query::Verdicts(shifts) = &query else { panic!("{query:?}") };
    assert_eq!(shifts.len(), 1);
    assert_eq!(shifts[0].deployment, DEPLOYMENT);
    let worse = compared((10_836.0, 9.0), (2_709.0, 171.0));
    polled(&mut app, query.clone(), Ok(Payload::Verdicts(vec![worse])), 0);
    assert!(body(&app, 120, 20, 0).contains("WORSE"));
    assert!(body(&app, 80, 24, 0).contains("WORSE"));
    // An opened shift is compared with its detail.
    key(&mut app, KeyCode::Enter, 0);
    assert_eq!(asked(&app, Topic::Verdicts), None);
    assert!(body(&app, 120, 30, 0).contains("new is WORSE than old: roll back"));

    // Of another deployment it says nothing, and a refusal is not silence.
    let mut app = super::screen::app();
    let other = Comparison { deployment: "other".into(), ..compared((108.0, 0.0), (27.0, 1.0)) };
    polled(&mut app, query.clone(), Ok(Payload::Verdicts(vec![other])), 0);
    assert!(!body(&app, 120, 20, 0).contains("too little"));
    polled(&mut app, query, Err(error(ErrorClass::Denied)), 1);
    assert!(app.store.polls.contains_key(&PollKey::new(&prod(), Topic::Verdicts)));
    assert!(body(&app, 120, 20, 1).contains("denied"));
}

#[test]
fn what_is_in_trouble_stands_above_what_is_newer() {
    let mut app = app();
    let quiet = || Rollout { alarms: AlarmWatch::default(), ..shift() };
    let other = |name: &str, minutes: i64| Rollout {
        name: RolloutName::ecs("shop", name),
        deployment: name.into(),
        started_at: Some(at(minutes * 60)),
        ..quiet()
    };
    let shifts = vec![quiet(), other("newer", -2), other("newest", -1)];
    let listed = RolloutList { shifts, ..list() };
    let query = asked(&app, Topic::Rollouts).unwrap();
    polled(&mut app, query, Ok(Payload::Rollouts(listed)), 1);
    let order = |app: &crate::app::App| -> Vec<String> {
        let shown = body(app, 120, 20, 0);
        let letters = |word: &str| word.trim_start_matches(|c: char| !c.is_alphabetic()).to_owned();
        let names = shown.lines().flat_map(|line| line.split_whitespace().take(2)).map(letters);
        names.filter(|it| ["newest", "newer", "checkout", "orders"].contains(&it.as_str())).collect()
    };
    assert_eq!(order(&app), ["newest", "newer", "checkout", "orders"]);
    let worse = compared((10_836.0, 9.0), (2_709.0, 171.0));
    let asked = asked(&app, Topic::Verdicts).unwrap();
    polled(&mut app, asked, Ok(Payload::Verdicts(vec![worse])), 0);
    assert_eq!(order(&app), ["checkout", "newest", "newer", "orders"]);
    assert!(screen(&app, 120, 20, 0).contains("Rollouts ●3"), "{}", screen(&app, 120, 20, 0));
}

#[test]
fn the_dialog_says_it_too() {
    let mut app = app();
    let query = asked(&app, Topic::Verdicts).unwrap();
    let worse = compared((10_836.0, 9.0), (2_709.0, 171.0));
    polled(&mut app, query, Ok(Payload::Verdicts(vec![worse])), 0);
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift(), 1);
    let shown = screen(&app, 120, 40, 1);
    assert!(shown.contains("verdict: new is WORSE than old: roll back, worse by 6.2 points"), "{shown}");
}
