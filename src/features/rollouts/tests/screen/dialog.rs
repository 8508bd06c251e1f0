//! The dialog through the real core: what is typed, pasted, read anew and sent, and the watch that follows.

use super::*;

#[test]
fn every_size_draws_and_too_small_a_screen_arms_nothing() {
    for (width, height) in [(0, 0), (1, 1), (20, 5), (60, 15), (79, 16), (81, 23), (93, 60), (250, 70)] {
        let app = app_with_dialog();
        screen(&app, width, height, 1);
    }
    let mut app = app();
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift(), 1);
    screen(&app, 60, 9, 1);
    write(&mut app, "checkout", 1);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 1)).is_none());
}

#[test]
fn a_screen_made_too_small_disarms_the_dialog() {
    for (width, height) in [(50, 12), (60, 9), (40, 40), (200, 7)] {
        let mut app = app_with_dialog();
        write(&mut app, "checkou", 2);
        // Drawn too small: nothing that is typed then counts.
        screen(&app, width, height, 2);
        write(&mut app, "t", 2);
        assert!(sent_plan(&key(&mut app, KeyCode::Enter, 2)).is_none(), "{width}x{height}");
        // Back at a good size it does, and a resize alone disarms until something is drawn.
        screen(&app, 120, 40, 2);
        write(&mut app, "t", 2);
        app.handle(Msg::Input(Input::Resize(width, height)), now(2));
        assert!(sent_plan(&key(&mut app, KeyCode::Enter, 2)).is_none(), "{width}x{height}");
        screen(&app, 120, 40, 2);
        assert!(sent_plan(&key(&mut app, KeyCode::Enter, 2)).is_some(), "{width}x{height}");
    }
}

#[test]
fn notices_give_way_to_the_call_and_the_input_line() {
    let mut app = app_with_dialog();
    let mut further = shift();
    further.status = Status::new("ROLLBACK_REQUESTED");
    further.new.revision = format!("{REVISION}43");
    answer_dialog(&mut app, further, 6);
    let shown = screen(&app, 60, 15, 6);
    for part in ["ecs:StopServiceDeployment", "stopType", "more lines", "type  checkout  to roll back:"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    write(&mut app, "checkout", 7);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 7)).is_some());
}

#[test]
fn the_typed_name_sends_once_and_the_header_watches() {
    let mut app = app_with_dialog();
    write(&mut app, "checkout", 2);
    let shown = screen(&app, 120, 40, 2);
    assert!(shown.contains("Enter sends ecs:StopServiceDeployment"), "{shown}");
    let effects = key(&mut app, KeyCode::Enter, 2);
    let plan = sent_plan(&effects).expect("sent").clone();
    assert_eq!(plan.guard.deployment, DEPLOYMENT);
    assert_eq!(key(&mut app, KeyCode::Enter, 2), [], "a second Enter");

    let sent = SendResult::Sent { at: at(3), request_id: Some("8f3".into()), journal: journaled() };
    app.handle(
        Msg::OpDone(Box::new(OpOutcome::Rollback { plan: Box::new(plan), result: Box::new(sent) })),
        now(3),
    );
    assert!(app.ui.overlays.is_empty(), "nothing is modal after sending");
    // Quitting meanwhile is asked about, and declined here.
    app.ui.jumps.clear();
    assert_eq!(key(&mut app, KeyCode::Char('q'), 3), []);
    assert_eq!(app.ui.overlays.len(), 1);
    key(&mut app, KeyCode::Char('n'), 3);
    assert!(app.ui.overlays.is_empty());
    assert!(
        screen(&app, 120, 40, 3).contains("checkout rollback sent 04:00:03 · AWS took it, request id 8f3")
    );
    // The watch is read whatever is shown, and a second rollback of the same service is refused.
    key(&mut app, KeyCode::Char('3'), 3);
    let shifts = vec![ShiftRef::of(&shift())];
    assert_eq!(
        asked(&app, Topic::Shifts),
        Some(Query::Shifts(ShiftsQuery { shifts, stable: Vec::new(), caller: false }))
    );
    key(&mut app, KeyCode::Char('2'), 3);
    key(&mut app, KeyCode::Char('R'), 3);
    assert!(app.ui.overlays.is_empty());
    // It says so in words that are no lie when it has ended.
    assert!(
        screen(&app, 80, 24, 3).contains("a rollback of checkout was sent 04:00:03: its line is at the top")
    );

    let back = gone_back(shift());
    let effects = answer_dialog(&mut app, back, 30);
    let [Effect::Run(op)] = effects.as_slice() else { panic!("{effects:?}") };
    let Op::Journal(entry) = op.as_ref() else { panic!("{op:?}") };
    assert!(matches!(&entry.step, Step::Ended { outcome, .. } if outcome == "done"));
    assert!(screen(&app, 120, 40, 31).contains("checkout rolled back 04:00:30"));
    assert_eq!(asked(&app, Topic::Shifts), None, "nothing left to watch");
    assert!(!screen(&app, 120, 40, 200).contains("rolled back 04:00:30"), "good news goes away");
}

#[test]
fn where_no_writes_are_taken_the_dialog_hands_the_command_over() {
    let mut app = app_with(read_only());
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift(), 1);
    let shown = screen(&app, 80, 24, 1);
    for part in ["● target prod is read-only", "would call ecs:StopServiceDeployment", "y copies the command"]
    {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains("before sending") && !shown.contains("type  checkout"), "{shown}");
    write(&mut app, "checkout", 2);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 2)).is_none());
    let effects = key(&mut app, KeyCode::Char('y'), 2);
    let [Effect::Copy(command)] = effects.as_slice() else { panic!("{effects:?}") };
    let exact =
        format!("aws ecs stop-service-deployment --service-deployment-arn {DEPLOYMENT} --stop-type ROLLBACK");
    assert!(command.starts_with(&exact), "{command}");
    assert!(screen(&app, 80, 24, 2).contains("y copies the command"), "not before it was");
    let copied = OpOutcome::Copied { text: command.clone(), result: Ok("sent".into()) };
    app.handle(Msg::OpDone(Box::new(copied)), now(3));
    assert!(screen(&app, 80, 24, 3).contains("nothing to type: the command was copied"));
}

#[test]
fn what_is_not_shown_is_told_on_a_row_of_its_own_with_its_warnings() {
    let mut app = app();
    key(&mut app, KeyCode::Char('R'), 0);
    let mut poor = shift();
    poor.old.as_mut().unwrap().tasks.as_mut().unwrap().running = 1;
    answer_dialog(&mut app, poor, 1);
    let all = screen(&app, 120, 50, 1);
    assert!(!all.contains("arrows scroll") && all.contains("▲ old (rev 41) runs 1 of 4 tasks"), "{all}");
    let shown = screen(&app, 60, 18, 1);
    let hint = shown.lines().find(|line| line.contains("arrows scroll")).unwrap_or_else(|| panic!("{shown}"));
    let words = hint.trim_matches(|c: char| c == '│' || c == ' ');
    assert!(words.ends_with("more (1 ▲), arrows scroll"), "{hint}");
    assert!(words.chars().next().is_some_and(|c| c.is_ascii_digit()), "nothing else is on its row: {hint}");
    for _ in 0..40 {
        key(&mut app, KeyCode::Down, 1);
        screen(&app, 60, 18, 1);
    }
    let shown = screen(&app, 60, 18, 1);
    assert!(shown.contains(" above, arrows scroll") && shown.contains("✔ it is the service's"), "{shown}");
    assert!(!shown.contains("▲ old (rev 41)"), "it stands before what it is like: {shown}");
}

#[test]
fn the_title_is_what_has_to_be_typed() {
    let mut app = app();
    key(&mut app, KeyCode::Char('R'), 0);
    let mut other = list();
    other.shifts.push(Rollout { name: RolloutName::ecs("second", "checkout"), ..shift() });
    polled(&mut app, Query::Rollouts(RolloutsQuery::default()), Ok(Payload::Rollouts(other)), 0);
    answer_dialog(&mut app, shift(), 1);
    let shown = screen(&app, 120, 40, 1);
    assert!(
        shown.contains("Roll back ecs/shop/checkout ") && shown.contains("type  ecs/shop/checkout  to"),
        "{shown}"
    );
}

#[test]
fn keys_before_the_plan_and_pastes_do_nothing() {
    let mut app = app();
    key(&mut app, KeyCode::Char('R'), 0);
    write(&mut app, "checkout", 0);
    answer_dialog(&mut app, shift(), 1);
    // Read, but not yet drawn.
    write(&mut app, "checkout", 1);
    screen(&app, 120, 40, 1);
    assert_eq!(key(&mut app, KeyCode::Enter, 1), []);
    app.handle(Msg::Input(Input::Paste("checkout".into())), now(1));
    assert_eq!(key(&mut app, KeyCode::Enter, 1), []);
    assert!(screen(&app, 120, 40, 1).contains("type the name"));
}

#[test]
fn reads_from_before_the_dialog_are_not_its_plan() {
    let mut app = app_with_dialog();
    key(&mut app, KeyCode::Esc, 2);
    assert!(app.ui.overlays.is_empty());
    key(&mut app, KeyCode::Char('R'), 60);
    assert!(screen(&app, 120, 40, 60).contains("reading the plan"));
    write(&mut app, "checkout", 60);
    assert_eq!(key(&mut app, KeyCode::Enter, 60), []);
}

#[test]
fn a_guarded_change_is_marked_and_progress_is_not() {
    let mut app = app_with_dialog();
    write(&mut app, "check", 2);
    let mut further = shift();
    further.new.weight = Some(100.0);
    answer_dialog(&mut app, further.clone(), 6);
    assert!(screen(&app, 120, 40, 6).contains("to roll back:  check "));
    further.status = Status::new("ROLLBACK_REQUESTED");
    answer_dialog(&mut app, further, 11);
    let shown = screen(&app, 120, 40, 11);
    assert!(shown.contains("status was in progress, is already rolling back"), "{shown}");
    assert!(!shown.contains("to roll back:  check "));
}

#[test]
fn expired_credentials_show_the_login_and_keep_what_was_typed() {
    let mut app = app_with_dialog();
    write(&mut app, "checkout", 2);
    let query = asked(&app, Topic::Shifts).unwrap();
    polled(&mut app, query, Err(error(ErrorClass::Expired)), 6);
    assert_eq!(key(&mut app, KeyCode::Enter, 6), []);
    assert!(screen(&app, 120, 40, 6).contains("aws sso login --profile prod"));
    answer_dialog(&mut app, shift(), 11);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 11)).is_some());
}

#[test]
fn a_write_role_gets_its_mfa_code_over_the_dialog() {
    let mut app = app_with_dialog();
    let needed = || Err(error(ErrorClass::MfaNeeded));
    answer_as(&mut app, shift(), needed(), 6);
    assert!(app.ui.overlays.len() == 2 && app.secret(), "the prompt lies over the dialog");
    answer_as(&mut app, shift(), needed(), 11);
    assert_eq!(app.ui.overlays.len(), 2, "asked once");
    write(&mut app, "123456", 12);
    let effects = key(&mut app, KeyCode::Enter, 12);
    let [Effect::Run(op)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(matches!(op.as_ref(), Op::GiveMfa { writes: true, .. }), "{op:?}");
    app.handle(Msg::OpDone(Box::new(OpOutcome::MfaGiven(prod()))), now(12));
    assert_eq!(app.ui.overlays.len(), 1, "what was read before the code asks for nothing");

    // A wrong code is asked for again; declined, the prompt comes back with Enter.
    answer_as(&mut app, shift(), needed(), 16);
    assert_eq!(app.ui.overlays.len(), 2);
    key(&mut app, KeyCode::Esc, 17);
    answer_as(&mut app, shift(), needed(), 21);
    assert_eq!(app.ui.overlays.len(), 1);
    screen(&app, 120, 40, 21);
    write(&mut app, "checkout", 21);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 21)).is_none());
    assert_eq!(app.ui.overlays.len(), 2);
    key(&mut app, KeyCode::Esc, 22);
    answer_dialog(&mut app, shift(), 26);
    assert!(sent_plan(&key(&mut app, KeyCode::Enter, 26)).is_some());
}

#[test]
fn the_watch_is_read_as_often_as_the_dialog_and_does_not_hide_its_question() {
    let mut app = app_with_dialog();
    let other = Rollout { status: Status::new("ROLLBACK_IN_PROGRESS"), current: None, ..ended() };
    let sent = SendResult::Sent { at: at(2), request_id: None, journal: journaled() };
    app.store.rollbacks.answered(plan_of(&other), sent);
    let (mine, watched) = (ShiftRef::of(&shift()), ShiftRef::of(&other));
    let query = ShiftsQuery { shifts: vec![watched.clone(), mine.clone()], stable: Vec::new(), caller: true };
    assert_eq!(asked(&app, Topic::Shifts), Some(Query::Shifts(query.clone())));

    // Its own read failed, the other one's did not.
    let failed = vec![(mine, error(ErrorClass::Throttled))];
    let reads = Shifts { shifts: vec![other], failed, caller: Some(place().caller), no_writes: None };
    polled(&mut app, Query::Shifts(query), Ok(Payload::Shifts(reads)), 6);
    assert!(screen(&app, 120, 40, 6).contains("throttled"));

    key(&mut app, KeyCode::Esc, 7);
    let plan = app.plan(now(7));
    let want = plan.get(&PollKey::new(&prod(), Topic::Shifts)).unwrap();
    let query = Query::Shifts(ShiftsQuery { shifts: vec![watched], stable: Vec::new(), caller: false });
    assert_eq!((want.level, want.cadence, &want.query), (Level::Visible, Cadence::secs(5), &query));
}

#[test]
fn rollbacks_that_are_not_over_lead_the_header_and_none_is_dropped_silently() {
    let mut app = app();
    for (number, service) in ["done", "a", "b", "c"].into_iter().enumerate() {
        let named = Rollout {
            name: RolloutName::ecs(shift().name.place(), service),
            deployment: format!("{DEPLOYMENT}{number}"),
            ..shift()
        };
        let sent = SendResult::Sent { at: at(2), request_id: None, journal: journaled() };
        app.store.rollbacks.answered(plan_of(&named), sent);
        if service == "done" {
            let over = gone_back(named);
            let reads = Shifts { shifts: vec![over], failed: Vec::new(), caller: None, no_writes: None };
            app.store.rollbacks.read(&prod(), &reads, at(3));
        }
    }
    let expired = Err(error(ErrorClass::Expired));
    polled(&mut app, Query::Identity, expired, 4);
    for width in [80, 120] {
        let shown = screen(&app, width, 24, 4);
        let lines: Vec<&str> = shown.lines().skip(3).take(3).collect();
        for (line, service) in lines.iter().zip(["a", "b", "c"]) {
            assert!(line.contains(&format!(" {service} rollback sent")), "{shown}");
        }
        assert!(lines[2].ends_with("+2 more (!)"), "{shown}");
    }
}
