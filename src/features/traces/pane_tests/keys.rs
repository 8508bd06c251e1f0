//! What keys do: filters, services, an opened trace and the way on from it.

use super::*;

#[test]
fn a_filter_is_asked_for_and_can_be_taken_back() {
    let mut app = app(&["prod"]);
    let expression = |app: &App| match asked(app, "prod", Topic::Traces) {
        Some(Query::Traces(query)) => query.expression,
        other => panic!("{other:?}"),
    };
    listed(&mut app, traces());
    shows(&app, "43 traces");
    press(&mut app, KeyCode::Char('.'));
    assert_eq!(expression(&app), "fault OR error OR throttle");
    shows(&app, "waiting for the first answer");
    press(&mut app, KeyCode::Char('/'));
    typed(&mut app, "duration > 1");
    press(&mut app, KeyCode::Enter);
    assert_eq!(expression(&app), "(fault OR error OR throttle) AND (duration > 1)");
    press(&mut app, KeyCode::Char('['));
    assert_eq!(expression(&app), "fault OR error OR throttle");
    press(&mut app, KeyCode::Char('['));
    assert_eq!(expression(&app), "");
    shows(&app, "43 traces");
    press(&mut app, KeyCode::Char(']'));
    press(&mut app, KeyCode::Char(']'));
    press(&mut app, KeyCode::Char(']'));
    assert_eq!(expression(&app), "(fault OR error OR throttle) AND (duration > 1)");
    press(&mut app, KeyCode::Esc);
    assert_eq!(expression(&app), "", "Esc shows all");
}

#[test]
fn the_menu_limits_to_kinds_and_services() {
    let mut app = app(&["prod"]);
    mapped(&mut app);
    press(&mut app, KeyCode::Char('a'));
    shows(&app, "90 faults of 2 990 traced");
    typed(&mut app, "orders");
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Char('a'));
    typed(&mut app, "slow");
    press(&mut app, KeyCode::Enter);
    let Some(Query::Traces(query)) = asked(&app, "prod", Topic::Traces) else { panic!() };
    assert_eq!(query.expression, r#"service("orders") { responsetime > 1 }"#);
}

#[test]
fn a_refused_expression_is_told_under_the_line() {
    let mut app = app(&["prod"]);
    let query = asked(&app, "prod", Topic::Traces).unwrap();
    let message = "Invalid filter expression: unexpected `)`";
    let error = SourceError::new(ErrorClass::Invalid, "xray:GetTraceSummaries", message);
    answer(&mut app, "prod", query, Err(error));
    shows(&app, message);
    shows(&app, "not read");
}

#[test]
fn empty_lists_say_why_and_what_next() {
    let mut app = app(&["prod"]);
    listed(&mut app, Vec::new());
    shows(&app, "no traces");
    shows(&app, "one request a second");
    press(&mut app, KeyCode::Char('.'));
    listed(&mut app, Vec::new());
    shows(&app, "no trace matches");
    shows(&app, "1 204 were looked at");
    let query = asked(&app, "prod", Topic::Traces).unwrap();
    let Query::Traces(wanted) = &query else { panic!() };
    let cut = TraceList { cut: true, from: at(-600), ..list(wanted.clone(), traces()) };
    answer(&mut app, "prod", query, Ok(Payload::Traces(cut)));
    shows(&app, "read back to");
}

#[test]
fn services_lead_to_their_traces() {
    let mut app = app(&["prod"]);
    mapped(&mut app);
    press(&mut app, KeyCode::Tab);
    shows(&app, "FAULT 2.6 %");
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    let Some(Query::Traces(query)) = asked(&app, "prod", Topic::Traces) else { panic!() };
    assert_eq!(query.expression, r#"service("orders")"#, "both fail, checkout has more requests");
    shows(&app, r#"service("orders")"#);
}

#[test]
fn failing_services_stand_on_the_tab() {
    let mut app = app(&["prod"]);
    mapped(&mut app);
    app.act(Action::Screen1, now(0));
    shows(&app, "6 Traces ●2");
}

#[test]
fn an_opened_trace_leads_to_its_log_lines() {
    let mut app = opened();
    assert!(asked(&app, "prod", Topic::Traces).is_none(), "the list under it is not polled");
    shows(&app, "denied: logs:FilterLogEvents");
    assert_eq!(copied(&press(&mut app, KeyCode::Char('y'))), id(90).xray());
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Down);
    assert!(copied(&press(&mut app, KeyCode::Char('y'))).starts_with("panic in handler"));
    press(&mut app, KeyCode::Enter);
    let Link::Logs { groups, at: Some(moment), .. } = app.panes[app.ui.pane].here() else {
        panic!("not in Logs")
    };
    assert_eq!(
        (groups.as_slice(), moment.as_millisecond()),
        (&["/ecs/checkout".to_owned()][..], (NOW - 90) * 1_000 + 1_702)
    );
    press(&mut app, KeyCode::Esc);
    shows(&app, "panic in handler");
    press(&mut app, KeyCode::Char('l'));
    let Link::Logs { filter, at: Some(moment), .. } = app.panes[app.ui.pane].here() else {
        panic!("not in Logs")
    };
    assert!(filter.contains(&id(90).xray()), "{filter}");
    assert_eq!(moment.as_millisecond(), (NOW - 90) * 1_000 + 1_702, "the line that tells of the failure");
}

#[test]
fn the_log_lines_of_an_old_trace_move_the_window() {
    let mut app = opened();
    app.run_commands(vec![crate::app::Command::Window(Window::Live { secs: 60 })], now(0));
    press(&mut app, KeyCode::Char('l'));
    let told = jiff::Timestamp::from_millisecond((NOW - 90) * 1_000 + 1_702).unwrap();
    assert_eq!(app.ui.window, Window::pinned_before(told));
}

#[test]
fn traces_are_read_again_only_while_something_is_missing() {
    let mut app = app(&["prod"]);
    app.goto(&Link::Traces(super::super::Place::of_trace(None, id(90))), now(0));
    let cadence = |app: &App| {
        app.plan(now(0)).get(&PollKey::new(&TargetId::new("prod"), Topic::Trace)).map(|want| want.cadence)
    };
    assert_eq!(cadence(&app), Some(crate::app::Cadence::secs(10)));
    read(&mut app, None, true);
    shows(&app, "X-Ray has no trace");
    shows(&app, "asked again every 10 s");
    assert_eq!(cadence(&app), Some(crate::app::Cadence::secs(10)));
    read(&mut app, Some(opened_trace()), false);
    assert_eq!(cadence(&app), Some(crate::app::Cadence::Once));
    press(&mut app, KeyCode::Esc);
    assert_eq!(cadence(&app), None);
}

#[test]
fn a_search_for_failures_says_when_there_is_none() {
    let mut app = app(&["prod"]);
    press(&mut app, KeyCode::Char('e'));
    shows(&app, "waiting for the first answer");
    let notice = |app: &App| draw(app, 120, 40).lines().last().unwrap_or_default().trim().to_owned();
    assert_eq!(notice(&app), "◌ waiting for the first answer", "nothing is known yet");
    let mut app = opened();
    press(&mut app, KeyCode::Char('E'));
    assert!(draw(&app, 120, 40).contains("▌● └ orders"), "the failure above the first");
    press(&mut app, KeyCode::Char('e'));
    press(&mut app, KeyCode::Char('e'));
    assert_eq!(notice(&app), "no failed span that way");
}

#[test]
fn the_neighbours_of_a_trace_are_a_key_away() {
    let mut app = opened();
    press(&mut app, KeyCode::Char(']'));
    let Some(Query::Trace(query)) = asked(&app, "prod", Topic::Trace) else { panic!() };
    assert_eq!(query.id, id(300), "the throttled one comes after the fault");
    press(&mut app, KeyCode::Char('['));
    press(&mut app, KeyCode::Char('['));
    shows(&app, "no other trace of the list that way");
}

#[test]
fn hostile_text_stays_text() {
    let mut app = app(&["prod"]);
    let wide = "名".repeat(500);
    let hostile = Summary {
        url: wide.clone(),
        entry: wide.clone(),
        cause: Some(wide),
        ..summary(90, 1e300, Status::Fault)
    };
    listed(&mut app, vec![hostile]);
    for width in [60, 80, 120] {
        draw(&app, width, 24);
    }
}
