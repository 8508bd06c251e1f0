//! The dialog: what keys, plans and answers do to it.

use super::*;
use crate::features::rollouts::rollback::{Dialog, Input, Reply, SendResult};

fn opened(rollout: &Rollout) -> Dialog {
    let mut dialog = Dialog::open(TargetId::new("prod"), rollout.name.clone());
    dialog.plan_read(plan_of(rollout));
    dialog.set_drawn(true);
    dialog
}

fn write(dialog: &mut Dialog, text: &str) {
    for c in text.chars() {
        assert_eq!(dialog.input(Input::Char(c)), Reply::Stay);
    }
}

#[test]
fn nothing_typed_before_the_plan_was_drawn_counts() {
    let rollout = canary();
    let mut dialog = Dialog::open(TargetId::new("prod"), rollout.name.clone());
    dialog.set_drawn(true);
    write(&mut dialog, "checkout");
    assert_eq!(dialog.input(Input::Enter), Reply::Stay);
    dialog.plan_read(plan_of(&rollout));
    write(&mut dialog, "checkout");
    assert_eq!(dialog.input(Input::Enter), Reply::Stay);
    assert_eq!(dialog.typed(), "");
    dialog.set_drawn(true);
    write(&mut dialog, "checkout");
    assert_eq!(dialog.input(Input::Enter), Reply::Send(Box::new(plan_of(&rollout))));
}

#[test]
fn what_is_not_on_the_screen_any_more_takes_no_keys() {
    let mut dialog = opened(&canary());
    write(&mut dialog, "checkou");
    dialog.set_drawn(false);
    write(&mut dialog, "t");
    assert_eq!(dialog.input(Input::Enter), Reply::Stay);
    assert_eq!(dialog.typed(), "checkou");
    dialog.set_drawn(true);
    write(&mut dialog, "t");
    assert!(matches!(dialog.input(Input::Enter), Reply::Send(_)));
}

#[test]
fn enter_sends_only_on_an_exact_match() {
    for typed in ["", "check", "Checkout", "checkout ", " checkout", "checkoutt", "ecs/shop/checkout", "y"] {
        let mut dialog = opened(&canary());
        write(&mut dialog, typed);
        assert!(!dialog.ready(), "{typed}");
        assert_eq!(dialog.input(Input::Enter), Reply::Stay, "{typed}");
        assert_eq!(dialog.typed(), typed);
        assert!(!dialog.notices().is_empty(), "{typed}");
    }
    let mut dialog = opened(&canary());
    write(&mut dialog, "checkouts");
    assert_eq!(dialog.prompt(), "type  checkout  to roll back:");
    dialog.input(Input::Backspace);
    assert_eq!(dialog.prompt(), "Enter sends ecs:StopServiceDeployment:");
    dialog.input(Input::Clear);
    assert_eq!(dialog.typed(), "");
}

#[test]
fn paste_is_refused() {
    let mut dialog = opened(&canary());
    write(&mut dialog, "check");
    assert_eq!(dialog.input(Input::Paste), Reply::Stay);
    assert_eq!(dialog.typed(), "check");
    assert_eq!(dialog.notices(), ["paste is refused: type the name"]);
}

#[test]
fn a_second_enter_sends_nothing_and_esc_cannot_call_it_back() {
    let mut dialog = opened(&canary());
    write(&mut dialog, "checkout");
    assert!(matches!(dialog.input(Input::Enter), Reply::Send(_)));
    for input in [Input::Enter, Input::Char('x'), Input::Paste, Input::Esc, Input::Enter] {
        assert_eq!(dialog.input(input), Reply::Stay);
    }
    assert!(dialog.sending());
    assert_eq!(dialog.prompt(), "reading once more, then ecs:StopServiceDeployment");
}

#[test]
fn progress_keeps_what_was_typed_and_a_guarded_change_clears_it() {
    let mut dialog = opened(&canary());
    write(&mut dialog, "checkou");
    let mut further = canary();
    further.new.weight = Some(100.0);
    further.stage = Some("BAKE_TIME".into());
    dialog.plan_read(plan_of(&further));
    assert_eq!(dialog.typed(), "checkou");
    write(&mut dialog, "t");
    assert!(dialog.ready());

    further.new.revision = "arn:aws:ecs:eu-west-2:1:service-revision/shop/checkout/43".into();
    dialog.plan_read(plan_of(&further));
    assert_eq!((dialog.typed(), dialog.changes().len()), ("", 1));
    // Until the change has been drawn, keys are dropped again.
    write(&mut dialog, "checkout");
    assert_eq!(dialog.input(Input::Enter), Reply::Stay);
    assert_eq!(dialog.typed(), "");
    dialog.set_drawn(true);
    write(&mut dialog, "checkout");
    assert!(matches!(dialog.input(Input::Enter), Reply::Send(plan) if *plan == plan_of(&further)));
}

#[test]
fn a_change_says_retype_only_to_who_typed_and_can_type() {
    let mut other = canary();
    other.new.revision = "arn:aws:ecs:eu-west-2:1:service-revision/shop/checkout/43".into();
    let mut over = canary();
    over.status = Status::new("ROLLBACK_SUCCESSFUL");
    let head = |typed: &str, newer: &Rollout| {
        let mut dialog = opened(&canary());
        write(&mut dialog, typed);
        dialog.plan_read(plan_of(newer));
        dialog.notices().into_iter().next().unwrap()
    };
    assert_eq!(head("check", &other), "changed since you typed, so type the name again:");
    assert_eq!(head("", &other), "changed while this was open:");
    // Somebody else's rollback has ended it: there is nothing to type any more.
    assert_eq!(head("check", &over), "changed while this was open:");
    assert_eq!(head("", &over), "changed while this was open:");
}

#[test]
fn changes_add_up_until_something_is_typed() {
    let mut dialog = opened(&canary());
    let revision = |number: u32, other: &mut Rollout| {
        other.new.revision = format!("arn:aws:ecs:eu-west-2:1:service-revision/shop/checkout/{number}");
    };
    let mut other = canary();
    revision(43, &mut other);
    dialog.plan_read(plan_of(&other));
    other.hooks = vec![pause_hook("e485a", 600)];
    dialog.plan_read(plan_of(&other));
    let fields = |dialog: &Dialog| dialog.changes().iter().map(|it| it.field.clone()).collect::<Vec<_>>();
    assert_eq!(fields(&dialog), ["target revision", "waiting hook"]);
    dialog.set_drawn(true);
    write(&mut dialog, "c");
    revision(44, &mut other);
    dialog.plan_read(plan_of(&other));
    assert_eq!(fields(&dialog), ["target revision"]);
}

#[test]
fn another_word_to_type_clears_the_old_one() {
    let mut dialog = opened(&canary());
    write(&mut dialog, "checkout");
    let renamed = Circumstances { word: "prod/checkout".into(), ..place() };
    dialog.plan_read(Plan::new(&canary(), renamed, at(5)));
    assert_eq!((dialog.typed(), dialog.armed()), ("", false));
}

#[test]
fn a_call_that_is_impossible_leaves_nothing_to_type_and_nothing_to_copy() {
    let mut rollout = canary();
    rollout.status = Status::new("SUCCESSFUL");
    let mut dialog = opened(&rollout);
    write(&mut dialog, "checkout");
    assert_eq!(dialog.input(Input::Enter), Reply::Stay);
    assert_eq!((dialog.typed(), dialog.prompt().as_str()), ("", "nothing to type"));
    assert_eq!(dialog.input(Input::Char('y')), Reply::Stay);
    assert_eq!(dialog.input(Input::Esc), Reply::Close);
}

#[test]
fn a_call_that_is_only_not_made_here_is_handed_over() {
    let read_only = Circumstances { no_writes: Some("target prod is read-only".into()), ..place() };
    let plan = Plan::new(&canary(), read_only, at(0));
    let mut dialog = Dialog::open(TargetId::new("prod"), canary().name);
    dialog.plan_read(plan.clone());
    dialog.set_drawn(true);
    write(&mut dialog, "checkout");
    assert_eq!((dialog.typed(), dialog.prompt().as_str()), ("", "nothing to type: y copies the command"));
    let command = plan.command().unwrap();
    assert!(command.starts_with("aws ecs stop-service-deployment "), "{command}");
    assert_eq!(dialog.input(Input::Char('y')), Reply::Copy(command));
    dialog.set_copied();
    assert_eq!(dialog.prompt(), "nothing to type: the command was copied");
    // What was copied is not the command of another plan.
    dialog.plan_read(Plan::new(
        &Rollout { deployment: format!("{DEPLOYMENT}9"), current: None, ..canary() },
        plan.place,
        at(5),
    ));
    assert_eq!(dialog.prompt(), "nothing to type: y copies the command");
}

#[test]
fn credentials_that_end_while_typing_wait_for_a_login() {
    let mut dialog = opened(&canary());
    write(&mut dialog, "checkout");
    dialog.read_failed(error(ErrorClass::Expired));
    assert_eq!(dialog.input(Input::Enter), Reply::Stay);
    assert!(dialog.notices().contains(&"aws sso login --profile prod".to_owned()));
    dialog.plan_read(plan_of(&canary()));
    assert_eq!(dialog.typed(), "checkout");
    assert!(matches!(dialog.input(Input::Enter), Reply::Send(_)));
}

#[test]
fn credentials_for_writes_are_good_again_only_when_the_caller_says_so() {
    let advice = "aws sso login --profile prod".to_owned();
    let as_caller = |caller| Plan::new(&canary(), Circumstances { caller, ..place() }, at(5));
    let mut dialog = sending();
    assert!(!dialog.answered(SendResult::Rejected(error(ErrorClass::Expired))));
    let told =
        |dialog: &Dialog| dialog.notices().iter().any(|it| it.starts_with("AWS refused it, nothing changed"));
    assert!(told(&dialog), "{:?}", dialog.notices());
    // Neither a read that fails nor one that does not know the caller takes the login command away.
    dialog.read_failed(error(ErrorClass::Network));
    dialog.plan_read(as_caller(Err(error(ErrorClass::Network))));
    assert!(dialog.notices().contains(&advice), "{:?}", dialog.notices());
    assert!(told(&dialog), "it stays until a key: {:?}", dialog.notices());
    write(&mut dialog, "checkout");
    assert!(!dialog.ready() && !told(&dialog));
    assert_eq!(dialog.input(Input::Enter), Reply::Stay);
    dialog.plan_read(as_caller(place().caller));
    assert!(!dialog.notices().contains(&advice));
    assert!(matches!(dialog.input(Input::Enter), Reply::Send(_)));

    // It need not be tried to find out.
    let mut dialog = opened(&canary());
    dialog.plan_read(as_caller(Err(error(ErrorClass::Expired))));
    write(&mut dialog, "checkout");
    assert_eq!(dialog.input(Input::Enter), Reply::Stay);
    assert!(dialog.notices().contains(&advice));
    dialog.plan_read(as_caller(Err(error(ErrorClass::MfaNeeded))));
    assert_eq!(dialog.input(Input::Enter), Reply::AskCode);
}

#[test]
fn a_read_that_fails_otherwise_does_not_block() {
    let mut dialog = opened(&canary());
    write(&mut dialog, "checkout");
    dialog.read_failed(error(ErrorClass::Throttled));
    // The sending reads once more anyway, and sends nothing if that fails too.
    assert!(matches!(dialog.input(Input::Enter), Reply::Send(_)));
}

fn sending() -> Dialog {
    let mut dialog = opened(&canary());
    write(&mut dialog, "checkout");
    assert!(matches!(dialog.input(Input::Enter), Reply::Send(_)));
    dialog
}

#[test]
fn answers_end_the_dialog_or_give_it_back() {
    let sent = SendResult::Sent { at: at(1), request_id: None, journal: journaled() };
    assert!(sending().answered(sent));
    let lost = SendResult::Lost { at: at(1), error: error(ErrorClass::Network), journal: journaled() };
    assert!(sending().answered(lost));

    let mut dialog = sending();
    let mut ended = canary();
    ended.status = Status::new("ROLLBACK_REQUESTED");
    assert!(!dialog.answered(SendResult::Changed(Box::new(plan_of(&ended)))));
    assert_eq!((dialog.typed(), dialog.sending(), dialog.armed()), ("", false, false));
    assert!(dialog.notices().join("\n").contains("status was in progress, is already rolling back"));

    let mut dialog = sending();
    assert!(!dialog.answered(SendResult::Unread(error(ErrorClass::Network))));
    assert_eq!((dialog.typed(), dialog.sending()), ("checkout", false));
    assert!(dialog.notices().iter().any(|line| line.starts_with("nothing was sent")));

    let mut dialog = sending();
    assert!(!dialog.answered(SendResult::Rejected(error(ErrorClass::Denied))));
    assert_eq!(dialog.input(Input::Enter), Reply::Stay);
    assert!(dialog.notices().iter().any(|line| line == "missing: ecs:StopServiceDeployment"));
    dialog.plan_read(plan_of(&canary()));
    assert_eq!(dialog.input(Input::Char('y')), Reply::Copy(plan_of(&canary()).command().unwrap()));

    let mut dialog = sending();
    assert!(!dialog.answered(SendResult::Rejected(error(ErrorClass::Network).unsent())));
    let said = dialog.notices().join("\n");
    assert!(said.contains("nothing was sent") && !dialog.prompt().starts_with("nothing to type"), "{said}");
    write(&mut dialog, "checkout");
    assert!(matches!(dialog.input(Input::Enter), Reply::Send(_)), "it is typed again");

    let mut dialog = sending();
    assert!(!dialog.answered(SendResult::Rejected(error(ErrorClass::Expired))));
    assert_eq!(dialog.typed(), "");
    dialog.plan_read(plan_of(&canary()));
    write(&mut dialog, "checkout");
    assert!(matches!(dialog.input(Input::Enter), Reply::Send(_)));
}

#[test]
fn plans_read_while_sending_are_left_to_the_sending() {
    let mut dialog = sending();
    let mut ended = canary();
    ended.status = Status::new("SUCCESSFUL");
    dialog.plan_read(plan_of(&ended));
    assert!(dialog.sending());
    assert_eq!(dialog.plan(), Some(&plan_of(&canary())));
}
