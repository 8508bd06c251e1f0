//! What is read off an opened dashboard: points, series, links, alarms, tables.

use super::*;

#[test]
fn the_crosshair_reads_the_points_of_all_charts() {
    let mut app = opened();
    key(&mut app, KeyCode::Left);
    let drawn = draw(&app, 120, 40);
    // The minute before the one that is filling: 04:19, one minute back.
    assert_eq!(drawn.matches("04:19  a Invocations").count(), 4, "{drawn}");
    for value in ["101", "201", "301"] {
        assert!(drawn.contains(&format!("a Invocations  {value}")), "{value}\n{drawn}");
    }
    key(&mut app, KeyCode::Left);
    assert!(draw(&app, 120, 40).contains("04:18  a Invocations  102"));
    key(&mut app, KeyCode::Right);
    key(&mut app, KeyCode::Right);
    assert!(!draw(&app, 120, 40).contains("04:20  a"), "the filling minute is not read");
    key(&mut app, KeyCode::Left);
    key(&mut app, KeyCode::Esc);
    let drawn = draw(&app, 120, 40);
    assert!(!drawn.contains("04:19  a") && drawn.contains("31 widgets"), "Esc takes the crosshair first");
}

#[test]
fn the_crosshair_starts_where_values_are() {
    let mut app = opened();
    let mut data = app.store.target(&prod()).unwrap().dashboard_data.clone().unwrap();
    for series in data.rows.iter_mut().flat_map(|row| &mut row.series) {
        series.points.truncate(series.points.len() - 3);
    }
    answer(&mut app, Topic::DashboardData, Payload::DashboardData(Box::new(data)));
    key(&mut app, KeyCode::Left);
    assert!(draw(&app, 120, 40).contains("04:17  a Invocations  103"), "{}", draw(&app, 120, 40));
}

#[test]
fn series_are_switched_off_and_on() {
    let mut app = opened();
    key(&mut app, KeyCode::Tab);
    key(&mut app, KeyCode::Enter);
    let visible = |app: &App| {
        let drawn = draw(app, 120, 40);
        ["Invocations", "Errors"]
            .map(|name| drawn.lines().any(|line| line.contains(&format!(" {name} ")) && line.contains("101")))
    };
    assert_eq!(visible(&app), [true, true]);
    keys(&mut app, "j ");
    assert_eq!(visible(&app), [true, false]);
    keys(&mut app, ".");
    assert_eq!(visible(&app), [true, true], "all are shown again");
    keys(&mut app, ".");
    assert_eq!(visible(&app), [false, true], "only the chosen one");
}

#[test]
fn links_of_a_text_lead_on() {
    let mut app = opened();
    key(&mut app, KeyCode::Enter);
    draw(&app, 120, 40);
    keys(&mut app, "j");
    let effects = key(&mut app, KeyCode::Enter);
    assert!(effects.contains(&Effect::Copy("https://wiki/run".into())), "{effects:?}");
    keys(&mut app, "k");
    key(&mut app, KeyCode::Enter);
    assert_eq!(asked(&app, Topic::Dashboard), Some(Query::Dashboard("my other".into())));
    key(&mut app, KeyCode::Esc);
    let drawn = draw(&app, 120, 40);
    assert!(drawn.contains("wiki") && !drawn.contains("chart"), "back to the zoomed text\n{drawn}");
}

#[test]
fn a_widget_is_found_by_its_title() {
    let mut app = opened();
    keys(&mut app, "/chart 27");
    key(&mut app, KeyCode::Enter);
    assert!(draw(&app, 120, 40).contains("▌chart 27"));
    keys(&mut app, "/chart 2");
    key(&mut app, KeyCode::Enter);
    keys(&mut app, "n");
    assert!(draw(&app, 120, 40).contains("▌chart 28"), "{}", draw(&app, 120, 40));
}

#[test]
fn values_are_copied_with_where_they_come_from() {
    let mut app = opened();
    key(&mut app, KeyCode::Tab);
    let effects = key(&mut app, KeyCode::Char('y'));
    let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(text.lines().next(), Some("Invocations  101  AWS/Lambda Invocations Sum {FunctionName=pay}"));
    let effects = key(&mut app, KeyCode::Char('o'));
    assert!(effects.is_empty(), "a file has no address");
    let effects = key(&mut app, KeyCode::Char('x'));
    let [Effect::Run(op)] = effects.as_slice() else { panic!("{effects:?}") };
    let crate::features::Op::Export { content, .. } = op.as_ref() else { panic!("{op:?}") };
    let content: Value = serde_json::from_str(content).unwrap();
    assert_eq!(content["widgets_drawn"], 31);
    assert_eq!(content["widgets"][1]["series"][0]["points"].as_array().unwrap().len(), 61);
}

#[test]
fn alarms_on_a_board_are_opened() {
    let mut app = app();
    let body = json!({"widgets": [{"type": "alarm", "width": 12, "height": 4, "properties": {
        "alarms": ["arn:aws:cloudwatch:eu-west-2:111122223333:alarm:a", "arn:aws:cloudwatch:eu-west-2:111122223333:alarm:b"]}}]});
    app.store.local_dashboards = vec![local("alarms", &body.to_string())];
    let alarm = |name: &str, state| view::tests::alarm(name, state, 7);
    let alarms = vec![alarm("a", AlarmState::Ok).into(), alarm("b", AlarmState::Alarm).into()];
    answer(&mut app, Topic::Alarms, Payload::Alarms(AlarmList { alarms, ..AlarmList::default() }));
    key(&mut app, KeyCode::Enter);
    assert!(draw(&app, 120, 40).contains("1 in ALARM · 1 OK"));
    key(&mut app, KeyCode::Enter);
    keys(&mut app, "j");
    key(&mut app, KeyCode::Enter);
    let drawn = draw(&app, 120, 40);
    assert!(asked(&app, Topic::AlarmDetail).is_some(), "{drawn}");
    key(&mut app, KeyCode::Esc);
    key(&mut app, KeyCode::Esc);
    assert!(draw(&app, 120, 40).contains("1 in ALARM"), "and back to the board");
}

#[test]
fn a_query_leads_to_the_logs_that_it_reads() {
    let log = |region: &str| {
        json!({"type": "log", "width": 24, "height": 4, "properties": {
        "title": region, "region": region, "query": "SOURCE '/ecs/pay' | fields @message"}})
    };
    let mut app = app();
    let body = json!({"widgets": [log("eu-west-2"), log("us-east-1")]});
    app.store.local_dashboards = vec![local("logs", &body.to_string())];
    key(&mut app, KeyCode::Enter);
    key(&mut app, KeyCode::Tab);
    keys(&mut app, "l");
    assert!(draw(&app, 120, 40).contains("these logs are in us-east-1"), "{}", draw(&app, 120, 40));
    key(&mut app, KeyCode::BackTab);
    keys(&mut app, "l");
    let drawn = draw(&app, 120, 40);
    assert!(drawn.contains("/ecs/pay") && !drawn.contains("Logs Insights"), "{drawn}");
}

#[test]
fn a_table_moves_sideways_and_never_past_its_end() {
    let mut app = app();
    let rows: Vec<Value> = (0..2).map(|row| json!(["AWS/Lambda", format!("m{row}")])).collect();
    let table = json!({"type": "metric", "width": 24, "height": 6, "properties": {
        "view": "table", "period": 60, "metrics": rows, "table": {"layout": "vertical", "summaryColumns": []}}});
    let across = json!({"type": "metric", "width": 24, "height": 6, "properties": {
        "view": "table", "period": 60, "metrics": rows, "table": {"summaryColumns": []}}});
    let body = json!({"widgets": [table, across]});
    app.store.local_dashboards = vec![local("tables", &body.to_string())];
    key(&mut app, KeyCode::Enter);
    draw(&app, 120, 40);
    data(&mut app, &Name::file("tables"), 0..2);
    key(&mut app, KeyCode::Enter);
    let last = |app: &App| draw(app, 80, 24).lines().nth(20).unwrap().trim_matches(['│', ' ']).to_owned();
    draw(&app, 80, 24);
    key(&mut app, KeyCode::Char('G'));
    let end = last(&app);
    assert!(end.starts_with("03:20"), "{}", draw(&app, 80, 24));
    key(&mut app, KeyCode::Char('k'));
    assert!(last(&app).starts_with("+2 more"), "one step up moves at once: {}", draw(&app, 80, 24));
    key(&mut app, KeyCode::Tab);
    let head = |app: &App| draw(app, 80, 24).lines().nth(5).unwrap().to_owned();
    assert!(head(&app).contains("04:20  04:19"), "{}", head(&app));
    key(&mut app, KeyCode::Right);
    assert!(head(&app).contains("04:19  04:18") && !head(&app).contains("04:20"), "{}", head(&app));
    for _ in 0..99 {
        key(&mut app, KeyCode::Right);
        draw(&app, 80, 24);
    }
    assert!(head(&app).contains("03:20"), "{}", head(&app));
    key(&mut app, KeyCode::Left);
    assert!(head(&app).contains("03:21  03:20"), "{}", head(&app));
}
