//! The Logs screen: errors walked, lines filtered and searched, a line in full, links to lines and back.

use super::*;

#[test]
fn errors_are_walked() {
    let mut app = filled(40);
    app.act(Action::PrevError, now(10));
    assert!(cursor(&app).contains("line 35"));
    app.act(Action::PrevError, now(10));
    assert!(cursor(&app).contains("line 25"));
    app.act(Action::NextError, now(10));
    app.act(Action::NextError, now(10));
    assert!(cursor(&app).contains("line 35"));
    shows(&app, "no error after this line");
}

#[test]
fn filter_and_search_with_their_counts() {
    let mut app = filled(100);
    app.act(Action::Filter, now(10));
    type_line(&mut app, "level=error");
    shows(&app, "& level=error  10 of 100 lines");
    assert!(cursor(&app).contains("line 95"));
    app.act(Action::Find, now(10));
    type_line(&mut app, "/line [35]5/");
    shows(&app, "/ line [35]5 2 of 2");
    assert!(cursor(&app).contains("line 55"));
    app.act(Action::NextHit, now(10));
    assert!(cursor(&app).contains("line 35"), "round the end");
    answer(&mut app, Ok(batch(&GROUPS, vec![event(1, "ERROR newest"), event(2, "INFO newest")])), 2);
    shows(&app, "11 of 102 lines");
    app.act(Action::Back, now(10));
    app.act(Action::Back, now(10));
    shows(&app, "102 lines");
    app.act(Action::Filter, now(10));
    type_line(&mut app, "level=loud");
    shows(&app, "filter at 7: loud is not a level");
    assert!(app.ui.docked.is_some(), "to be corrected");
}

#[test]
fn many_lines_are_looked_through_in_a_job() {
    let mut app = filled(5_000);
    app.act(Action::Filter, now(10));
    let effects = type_line(&mut app, "level=error");
    assert!(matches!(&effects[..], [Effect::Compute(job)] if matches!(**job, Job::LogScan(_))));
    shows(&app, "filtering 5 000 lines");
    assert!(!app.settled(now(10)));
    // More lines come while it runs.
    let more = answer(&mut app, Ok(batch(&GROUPS, vec![event(1, "ERROR newest")])), 2);
    assert_eq!(more, []);
    assert_eq!(run(&mut app, effects), 1);
    shows(&app, "501 of 5 001 lines");
    app.act(Action::Find, now(10));
    let effects = type_line(&mut app, "line 4995");
    assert_eq!(run(&mut app, effects), 1);
    assert!(cursor(&app).contains("line 4995"));
    // An answer to a search that was replaced is ignored.
    app.act(Action::Find, now(10));
    let old = type_line(&mut app, "x");
    app.act(Action::Back, now(10));
    run(&mut app, old);
    shows(&app, "501 of 5 001 lines");
}

#[test]
fn a_line_in_full_and_its_trace() {
    let mut app = logs(&GROUPS);
    let trace = r#"{"level":"error","msg":"no","trace_id":"1-67a1b2c3-0123456789abcdef01c0ffee"}"#;
    answer(&mut app, Ok(batch(&GROUPS, vec![event(-2, "INFO other"), event(-1, trace)])), 1);
    app.act(Action::Open, now(10));
    shows(&app, "trace     1-67a1b2c3-0123456789abcdef01c0ffee");
    shows(&app, "  \"msg\": \"no\",");
    let copied = app.act(Action::Copy, now(10));
    assert!(
        matches!(&copied[..], [Effect::Copy(text)] if text.contains("\n  \"msg\": \"no\"")),
        "{copied:?}"
    );
    app.act(Action::Logs, now(10));
    shows(&app, "& trace=1-67a1b2c3-0123456789abcdef01c0ffee  1 of 2 lines");
    app.act(Action::Back, now(10));
    app.act(Action::Up, now(10));
    app.act(Action::Logs, now(10));
    shows(&app, "this line names no trace");
}

#[test]
fn links_lead_there_and_back() {
    let mut app = filled(100);
    let at = Timestamp::from_second(START - 60).unwrap();
    let link = Link::Logs {
        target: target(),
        groups: vec!["/ecs/checkout".into()],
        at: Some(at),
        filter: "line".into(),
    };
    app.goto(&link, now(10));
    assert_eq!(tail_of(&app.plan(now(10))).unwrap().groups, ["/ecs/checkout".into()]);
    let fresh = Batch {
        fresh: true,
        ..batch(&GROUPS[..1], vec![event(-70, "a line"), event(-59, "b line"), event(-1, "c line")])
    };
    answer(&mut app, Ok(fresh), 11);
    assert!(cursor(&app).contains("b line"), "the first at or after the moment: {}", cursor(&app));
    app.act(Action::Back, now(12));
    app.act(Action::Back, now(12));
    assert_eq!(tail_of(&app.plan(now(12))).unwrap().groups.len(), 2);
}

#[test]
fn another_targets_lines_are_looked_at_anew() {
    let mut app = filled(100);
    app.store.targets.insert(TargetId::new("spare"), crate::features::TargetStore::default());
    app.act(Action::Filter, now(10));
    type_line(&mut app, "level=error");
    shows(&app, "10 of 100 lines");
    let spare = TargetId::new("spare");
    app.store.set_active(std::slice::from_ref(&spare));
    let filter = "level=error".to_owned();
    app.goto(
        &Link::Logs { target: spare.clone(), groups: GROUPS.map(Into::into).to_vec(), at: None, filter },
        now(10),
    );
    let key = PollKey::new(&spare, Topic::LogTail);
    let query = app.plan(now(10)).get(&key).unwrap().query.clone();
    let result = Ok(Payload::LogBatch(batch(&GROUPS, vec![event(1, "ERROR a"), event(2, "INFO b")])));
    let polled = Polled { key, query, result, next_in: None, usage: Usage::default() };
    app.handle(Msg::Polled(Box::new(polled)), now(11));
    shows(&app, "1 of 2 lines");
}
