//! What the commands without a screen say, and that `docs/json.md` describes it.

use super::alb::lab;
use super::world::Lab;
use super::*;
use crate::features::rollouts::Compared;
use crate::features::rollouts::find;
use crate::features::rollouts::report::{self, json};
use crate::features::rollouts::wire::RolloutList;
use crate::text::Zone;
use crate::theme::Glyphs;
use serde_json::Value;
use std::collections::BTreeSet;

/// A shift that has one of everything.
fn full() -> Rollout {
    let mut shift = canary();
    shift.hooks.push(Hook {
        id: "h-1".into(),
        kind: "PAUSE".into(),
        status: "AWAITING_ACTION".into(),
        expires_at: Some(at(600)),
        timeout_action: Some("ROLLBACK".into()),
    });
    shift.breaker = Some(Breaker { status: None, failures: 1, threshold: 3, enabled: true, rollback: true });
    shift.alarms = AlarmWatch {
        names: vec!["checkout-5xx".into()],
        triggered: vec!["checkout-5xx".into()],
        enabled: true,
        ..AlarmWatch::default()
    };
    shift
}

/// The places of all values: `new.images[].name`.
fn fields(value: &Value, place: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                fields(value, &place, into);
            }
        }
        Value::Array(list) => {
            let place = format!("{place}[]");
            match list.first() {
                Some(first) => fields(first, &place, into),
                None => drop(into.insert(place)),
            }
        }
        _ => drop(into.insert(place.to_owned())),
    }
}

/// The fields that a section of `docs/json.md` lists.
fn documented(section: &str) -> BTreeSet<String> {
    let docs = include_str!("../../../../docs/json.md");
    let (_, rest) = docs.split_once(&format!("\n## {section}\n")).unwrap();
    let rows = rest.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|line| line.split('|').nth(1).unwrap());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[track_caller]
fn same(section: &str, value: &Value, skipped: &str) {
    let mut there = BTreeSet::new();
    fields(value, "", &mut there);
    there.retain(|field| skipped.is_empty() || !field.starts_with(skipped));
    let mut documented = documented(section);
    // An object has a row of its own where it may be null; its fields are what is there.
    documented.retain(|field| !there.iter().any(|other| other.starts_with(&format!("{field}."))));
    documented.retain(|field| skipped.is_empty() || !field.starts_with(skipped.trim_end_matches('.')));
    assert_eq!(there, documented, "{section}");
}

#[test]
fn the_json_is_what_its_description_says() {
    let prod = TargetId::new("prod");
    let shift = full();
    let deployed = Rollout { mechanism: super::codedeploy::shifting().mechanism, ..full() };
    let worse = Ok(compared((10_836.0, 9.0), (2_709.0, 171.0)));
    same("rollout", &json::rollout(&prod, Some("eu-west-2"), &deployed, &worse), "");
    let changed = report::changed(None, &report::facts(&shift));
    same("change", &json::change(&prod, Some("eu-west-2"), &shift, &changed), "rollout.");
    same("error", &json::error(&error(ErrorClass::Expired)), "");
    let mut plan = plan_of(&shift);
    plan.alarms = shift.alarms.triggered.clone();
    insta::assert_snapshot!("plan_json", format!("{:#}", json::plan(&plan, &worse)));
    plan.again = plan_of(&super::again_screen::ended()).again;
    same("plan", &json::plan(&plan, &worse), "parameters.");
    insta::assert_snapshot!(
        "rollout_json",
        format!("{:#}", json::rollout(&prod, Some("eu-west-2"), &shift, &worse))
    );
}

#[tokio::test(start_paused = true)]
async fn a_side_of_any_mechanism_is_identified_by_what_it_is_or_by_null() {
    let docs = include_str!("../../../../docs/json.md");
    let strategies = docs.lines().find(|line| line.starts_with("| `strategy`")).unwrap();
    for (scenario, version) in [
        ("bad-deploy", false),
        ("rolling", false),
        ("alb-weights", false),
        ("codedeploy-ecs", false),
        ("lambda-canary", true),
        ("codedeploy-lambda", true),
    ] {
        let lab =
            if scenario == "alb-weights" { lab(&["search-blue"]).await } else { Lab::new(scenario).await };
        let list = lab.list().await;
        assert!(!list.shifts.is_empty(), "{scenario}");
        for shift in list.shifts.iter().chain(list.recent.iter()) {
            let value = json::rollout(&TargetId::new("prod"), None, shift, &Err("not read".to_owned()));
            let ecs = shift.mechanism.strategy().is_some();
            let (strategy, name) = (value["strategy"].as_str().unwrap(), &value["name"]);
            assert!(strategies.contains(&format!("`{strategy}`")), "{scenario}: {strategy}");
            for side in ["new", "old"].map(|side| &value[side]).into_iter().filter(|side| side.is_object()) {
                let revision = side["serviceRevisionArn"].as_str();
                assert_eq!(revision.is_some(), ecs, "{scenario} {name}: {side}");
                assert!(revision.is_none_or(|arn| arn.contains(":service-revision/")), "{scenario}: {side}");
                let number = side["version"].as_str();
                assert_eq!(number.is_some(), version && !ecs, "{scenario} {name}: {side}");
                assert!(number.is_none_or(|it| it.parse::<u32>().is_ok()), "{scenario}: {side}");
            }
        }
    }
    // An alias of one version has no second one to name.
    let mut alias = Lab::new("lambda-canary").await.list().await.shifts.remove(0);
    alias.new = Side { called: Some("no other version".into()), ..Side::of("") };
    let value = json::rollout(&TargetId::new("prod"), None, &alias, &Err("not read".to_owned()));
    assert!(value["new"]["version"].is_null() && value["new"]["serviceRevisionArn"].is_null());
}

#[test]
fn nothing_goes_away_where_nothing_is_known() {
    let mut shift = canary();
    (shift.old, shift.stage, shift.started_at) = (None, None, None);
    let keys = |shift: &Rollout| -> Vec<String> {
        let value = json::rollout(&TargetId::new("prod"), None, shift, &Err("not read".to_owned()));
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&shift), keys(&full()));
    let value = json::rollout(&TargetId::new("prod"), None, &shift, &Err("not read".to_owned()));
    assert!(value["old"].is_null() && value["region"].is_null() && value["lifecycleStage"].is_null());
}

#[test]
fn a_line_for_each_change_and_none_for_what_did_not() {
    let mut lines = Vec::new();
    let mut before = None;
    let mut read = |shift: &Rollout, seconds| {
        let facts = report::facts(shift);
        let changed = report::changed(before.as_deref(), &facts);
        before = Some(facts);
        lines.extend(report::change_line(shift, &changed, at(seconds), &Zone::utc()));
    };
    let mut shift = canary();
    read(&shift, 0);
    read(&shift, 5);
    shift.new.tasks.as_mut().unwrap().running = 3;
    read(&shift, 10);
    shift.alarms.triggered.push("checkout-5xx".into());
    read(&shift, 15);
    shift.alarms.triggered.clear();
    read(&shift, 20);
    shift.hooks = full().hooks;
    read(&shift, 25);
    shift.hooks[0].status = "SUCCEEDED".into();
    shift.new.weight = Some(100.0);
    read(&shift, 30);
    shift.status = Status::new("SUCCESSFUL");
    shift.stage = None;
    read(&shift, 35);
    insta::assert_snapshot!(lines.join("\n"));
    assert!(lines.iter().all(|line| crate::text::width(line) <= 80), "{lines:#?}");
}

#[test]
fn the_list_and_the_plan_as_text() {
    let (prod, mut ended) = (TargetId::new("prod"), canary());
    ended.status = Status::new("ROLLBACK_SUCCESSFUL");
    ended.name = RolloutName::ecs("shop", "a-service-with-a-rather-long-name");
    ended.finished_at = Some(at(-90_000));
    let worse: Compared = Ok(compared((10_836.0, 9.0), (2_709.0, 171.0)));
    let over = Err("the shift is over".to_owned());
    let shifts = [(&prod, &canary(), worse.clone()), (&prod, &ended, over)];
    let list = report::list(&shifts, true, at(0), &Zone::utc(), &Glyphs::UNICODE);
    let one = report::list(&shifts[..1], false, at(0), &Zone::utc(), &Glyphs::UNICODE);
    assert!(one[1].contains("ECS CANARY  ECS  ") && one[1].contains("WORSE"), "{one:#?}");
    let mut plan = plan_of(&full());
    plan.alarms = vec!["checkout-5xx".into()];
    let plan = report::plan(&plan, Some(&worse), at(0), &Glyphs::UNICODE);
    let head = report::head(&prod, Some("eu-west-2"), &canary(), &Zone::utc());
    insta::assert_snapshot!([list, one, head, plan].map(|lines| lines.join("\n")).join("\n\n"));
    assert_eq!(report::list(&[], false, at(0), &Zone::utc(), &Glyphs::UNICODE), Vec::<String>::new());
}

#[test]
fn a_name_means_one_rollout_or_tells_all_it_could_mean() {
    let list = |clusters: &[&str]| RolloutList {
        shifts: clusters
            .iter()
            .map(|cluster| {
                let mut shift = canary();
                shift.name = RolloutName::ecs(*cluster, "checkout");
                shift
            })
            .collect(),
        ..RolloutList::default()
    };
    let (prod, test) = (TargetId::new("prod"), TargetId::new("test"));
    let (one, two) = (list(&["shop"]), list(&["shop", "shop-eu"]));
    for (typed, lists, count) in [
        ("checkout", vec![(&prod, &one)], 1),
        ("ecs/shop/checkout", vec![(&prod, &one)], 1),
        ("checkout", vec![(&prod, &two)], 2),
        ("ecs/shop/checkout", vec![(&prod, &two)], 1),
        ("checkout", vec![(&prod, &one), (&test, &one)], 2),
        ("ecs/shop/checkout", vec![(&prod, &one), (&test, &one)], 2),
        ("ecs/shop", vec![(&prod, &one)], 0),
        ("check", vec![(&prod, &one)], 0),
        ("", vec![(&prod, &one)], 0),
    ] {
        assert_eq!(find::find(typed, lists.iter().copied()).len(), count, "{typed}");
    }
    let name = canary().name;
    let word = |lists: &[(&TargetId, &RolloutList)]| find::word(&name, &prod, lists.iter().copied());
    assert_eq!(word(&[(&prod, &one)]), "checkout");
    assert_eq!(word(&[(&prod, &two)]), "ecs/shop/checkout");
    assert_eq!(word(&[(&prod, &one), (&test, &one)]), "prod/checkout");
    assert_eq!(find::near("chekcout", [&two].into_iter(), 1), (vec!["ecs/shop/checkout".to_owned()], 2));
}

#[test]
fn only_the_old_side_can_take_the_traffic_back() {
    let shift = canary();
    let revision = shift.old.as_ref().unwrap().revision.clone();
    for to in ["old", "rev 41", "41", "web-checkout:41", &revision] {
        assert_eq!(find::side(to, &shift), Ok(()), "{to}");
    }
    for to in ["new", "rev 42", "42", "", "green"] {
        let said = find::side(to, &shift).unwrap_err();
        assert!(said.contains("rev 41") && said.contains("rev 42"), "{to}: {said}");
    }
}
