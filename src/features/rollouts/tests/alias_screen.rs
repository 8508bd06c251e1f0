//! A divided alias on the screen and in the dialog: ours to undo, and somebody else's.

use super::screen::{answer_dialog, asked, body, key, opened, polled, screen};
use super::*;
use crate::features::rollouts::mechanism::lambda::Alias;
use crate::features::rollouts::wire::{Comparison, RolloutDetail, Sides};
use crate::features::{Payload, Query, Topic};
use crossterm::event::KeyCode;

/// `receipts:live`, 20 % on version 18.
pub fn divided() -> Rollout {
    let side = |version: &str, weight, published| Side {
        called: Some(format!("version {version}")),
        published: Some(at(published)),
        images: vec![Image { name: "code".into(), digest: Some(format!("{version}Hk1lqTzX9vC0")) }],
        weight: Some(weight),
        ..Side::of(version)
    };
    let arn = "arn:aws:lambda:eu-west-2:111122223333:function:receipts:live";
    let mut progress = Progress::default();
    progress.observe(None, Some(20.0), None, at(0));
    Rollout {
        name: RolloutName::parse("lambda/receipts:live").unwrap(),
        deployment: arn.into(),
        current: None,
        owner: Owner::Nobody,
        mechanism: Mechanism::Lambda(Alias {
            function: "receipts".into(),
            alias: "live".into(),
            version: "17".into(),
            routing: vec![("18".into(), 0.2)],
            divided: None,
            revision: Some("827a5016-59fb-4680-afbb-d914ace80009".into()),
        }),
        status: Status::new("split"),
        stage: None,
        old: Some(side("17", 80.0, -950_400)),
        new: side("18", 20.0, -780),
        progress,
        bake: None,
        created_at: None,
        started_at: None,
        updated_at: None,
        ..canary()
    }
}

#[test]
fn a_divided_alias_at_both_sizes() {
    let shift = divided();
    let mut app = opened(&shift);
    let query = asked(&app, Topic::RolloutDetail).expect("the detail is asked for");
    let Query::RolloutDetail(detail) = &query else { panic!("{query:?}") };
    let sides = &detail.metrics.as_ref().expect("both versions are compared").sides;
    let Sides::Versions { old, new, .. } = sides else { panic!("{sides:?}") };
    assert_eq!((old.as_str(), new.as_str()), ("17", "18"));
    let metrics =
        Comparison { deployment: shift.deployment.clone(), ..compared((35_923.0, 75.0), (1_028.0, 81.0)) };
    let detail = RolloutDetail {
        name: shift.name.clone(),
        history: Vec::new(),
        events: Vec::new(),
        metrics: Some(Box::new(metrics)),
        metrics_error: None,
        stopped: None,
    };
    polled(&mut app, query, Ok(Payload::RolloutDetail(detail)), 0);
    insta::assert_snapshot!("alias_120", body(&app, 120, 20, 0));
    insta::assert_snapshot!("alias_80", body(&app, 80, 24, 0));
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    insta::assert_snapshot!("alias_dialog_80", screen(&app, 80, 24, 1));
}

#[test]
fn what_somebody_else_owns_hands_over_the_owners_command() {
    let shift = Rollout { owner: Owner::Deployment("d-4QW8Z1KXM".into()), ..divided() };
    let mut app = opened(&shift);
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    insta::assert_snapshot!("alias_not_ours_80", screen(&app, 80, 24, 1));
    let effects = key(&mut app, KeyCode::Char('y'), 2);
    let command = "aws deploy stop-deployment --deployment-id d-4QW8Z1KXM --auto-rollback-enabled \
                   --region eu-west-2";
    assert_eq!(effects, [crate::app::Effect::Copy(command.to_owned())]);
}
