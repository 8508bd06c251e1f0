//! The journal on the screen: what is under way, what ended unseen, and rows that are wider than the screen.

use super::screen::{app, key, screen};
use super::*;
use crate::app::App;
use crate::features::rollouts::Past;
use crate::features::rollouts::journal::{Entry, Step};
use crate::features::rollouts::rollback::SendResult;
use crossterm::event::KeyCode;

/// The journal of a rollback that was sent, opened; `watched` where it is of this run.
fn journal(name: &str, watched: bool) -> App {
    let plan = plan_of(&Rollout { name: RolloutName::parse(name).unwrap(), ..canary() });
    let step = |at: Timestamp, step: Step| Entry::new(&plan, journaled().began, at, step).line().unwrap();
    let lines = [
        step(at(9), Step::Sending { plan: None }),
        step(at(10), Step::Sent { request_id: Some("8f3".into()) }),
    ];
    let mut app = app();
    app.store.past = Some(Ok(Past::parse(&lines.concat())));
    if watched {
        let sent = SendResult::Sent { at: at(10), request_id: Some("8f3".into()), journal: journaled() };
        app.store.rollbacks.answered(plan, sent);
    }
    key(&mut app, KeyCode::Char('@'), 11);
    app
}

#[test]
fn a_rollback_under_way_is_not_called_unseen() {
    let mut app = journal("ecs/shop/checkout", true);
    let shown = screen(&app, 120, 40, 11);
    assert!(shown.contains("(in flight, being watched)") && !shown.contains("not seen"), "{shown}");
    let flight = app.store.rollbacks.flights.iter_mut().next().unwrap();
    let over = gone_back(canary());
    assert!(flight.read(&over, at(30)));
    assert!(screen(&app, 120, 40, 31).contains("(has ended: done)"));
    assert!(screen(&journal("ecs/shop/checkout", false), 120, 40, 11).contains("(its end was not seen)"));
}

#[test]
fn every_row_tells_all_of_it_at_both_sizes() {
    let long = "codedeploy/AppECS-shop-checkout-payments/DgpECS-shop-checkout-payments";
    let app = journal(long, false);
    insta::assert_snapshot!("journal_120", screen(&app, 120, 16, 11));
    let shown = screen(&app, 80, 24, 11);
    for part in [long, "prod eu-west-2", "(its end was not seen)", "times in UTC", "to rev 41"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    insta::assert_snapshot!("journal_80", shown);
}
