//! Dashboards end to end but for their drawing: the sources against the simulator, and bodies that others
//! wrote.

use crate::common::{Driver, connect, poll, scratch, simulator, start};
use eyewall::app::Window;
use eyewall::aws::{Conn, ErrorClass};
use eyewall::demo::{Faults, SimAws};
use eyewall::features::dashboards::{
    BodySource, Dashboard, DashboardData, DashboardList, DataQuery, DataSource, ListQuery, ListSource,
    MetricWidget, Name, PlanCtx, RowKey, WidgetKind, layout, pack, parse, plan, read_files,
};
use eyewall::features::{Payload, Query};
use eyewall::runtime::clock::Clock;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const HOUR: Window = Window::Live { secs: 3_600 };

fn metrics(dashboard: &Dashboard) -> Vec<(usize, &MetricWidget)> {
    let widgets = dashboard.widgets.iter();
    widgets.filter_map(|widget| Some((widget.index, metric(&widget.kind)?))).collect()
}

fn plan_of(dashboard: &Dashboard, clock: Clock) -> DataQuery {
    let ctx = PlanCtx {
        name: &dashboard.name,
        period_override: dashboard.period_override,
        window: HOUR,
        now: clock.wall(),
        region: Some("eu-west-2"),
        account: None,
    };
    plan(&metrics(dashboard), &ctx)
}

fn dashboard_of(widgets: &[Value]) -> Dashboard {
    let widgets: Vec<Value> =
        widgets.iter().map(|properties| json!({"type": "metric", "properties": properties})).collect();
    parse(Name::file("test"), &json!({ "widgets": widgets }).to_string()).unwrap()
}

async fn world(scenario: &str) -> (SimAws, Conn, Clock) {
    let clock = Clock::starting_at(start());
    let sim = simulator(scenario, clock);
    let conn = connect(&sim, clock).await;
    (sim, conn, clock)
}

async fn list(conn: &Conn, clock: Clock, bodies: bool) -> DashboardList {
    match poll(&mut ListSource::new(conn), &Query::Dashboards(ListQuery { bodies }), clock).await {
        Ok(Payload::Dashboards(list)) => list,
        other => panic!("no list: {other:?}"),
    }
}

async fn body(conn: &Conn, clock: Clock, name: &str) -> Dashboard {
    match poll(&mut BodySource::new(conn), &Query::Dashboard(name.to_owned()), clock).await {
        Ok(Payload::Dashboard(found)) => found.dashboard.unwrap(),
        other => panic!("no body: {other:?}"),
    }
}

async fn data(source: &mut DataSource, query: &Arc<DataQuery>, clock: Clock) -> DashboardData {
    match poll(source, &Query::DashboardData(query.clone()), clock).await {
        Ok(Payload::DashboardData(data)) => *data,
        other => panic!("no data: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn dashboards_are_listed_and_looked_into_when_asked() {
    let (_, conn, clock) = world("bad-deploy").await;
    let plain = list(&conn, clock, false).await;
    let names: Vec<&str> = plain.dashboards.iter().map(|listed| listed.name.as_str()).collect();
    assert_eq!(names, ["checkout", "shop-overview"]);
    assert!(plain.dashboards.iter().all(|listed| listed.about.is_none() && listed.bytes > Some(1_000)));
    let deep = list(&conn, clock, true).await;
    let about = deep.dashboards[0].about.as_ref().unwrap();
    assert!(about.contains("checkout") && about.contains("checkout-5xx"), "{about:?}");
    assert_eq!(deep.unread, None);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_may_not_be_read_are_said_and_the_list_stays() {
    let (sim, conn, clock) = world("bad-deploy").await;
    sim.set_faults(Faults::parse(["cloudwatch:GetDashboard=deny"]).unwrap());
    let list = list(&conn, clock, true).await;
    assert_eq!((list.dashboards.len(), list.unread.as_deref()), (2, Some("denied: cloudwatch:GetDashboard")));
}

#[tokio::test(start_paused = true)]
async fn every_row_of_the_simulated_dashboards_has_data() {
    let (_, conn, clock) = world("bad-deploy").await;
    for name in ["checkout", "shop-overview"] {
        let dashboard = body(&conn, clock, name).await;
        assert_eq!(dashboard.census().failed, 0);
        let query = Arc::new(plan_of(&dashboard, clock));
        let data = data(&mut DataSource::new(&conn), &query, clock).await;
        assert!(!data.rows.is_empty());
        for row in &data.rows {
            let title = &dashboard.widgets[row.key.widget].title;
            assert_eq!(row.problem, None, "{name}: {title}, row {}", row.key.row);
            assert!(
                row.series.iter().any(|series| !series.points.is_empty()),
                "{name}: {title}, row {}",
                row.key.row
            );
            assert!(row.series.iter().all(|series| series.status == "Complete"), "{name}: {title}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_question_asks_only_for_what_is_new() {
    let (_, conn, clock) = world("bad-deploy").await;
    let row = |name: &str| json!({"metrics": [["AWS/ECS", name, "ClusterName", "shop", "ServiceName", "checkout"]]});
    let (one, both) = (
        dashboard_of(&[row("CPUUtilization")]),
        dashboard_of(&[row("CPUUtilization"), row("MemoryUtilization")]),
    );
    let (one, both) = (Arc::new(plan_of(&one, clock)), Arc::new(plan_of(&both, clock)));
    let mut source = DataSource::new(&conn);
    // A metric costs $0.000 01.
    let metrics = || (conn.usage().by_operation["cloudwatch:GetMetricData"].usd * 100_000.0).round() as u64;
    assert_eq!(data(&mut source, &one, clock).await.rows.len(), 1);
    let before = metrics();
    assert_eq!(data(&mut source, &both, clock).await.rows.len(), 2);
    assert_eq!(metrics() - before, 1, "the first row is fresh");
    // The same question again is a refresh: everything is asked.
    data(&mut source, &both, clock).await;
    assert_eq!(metrics() - before, 3);
}

#[tokio::test(start_paused = true)]
async fn an_expression_that_is_refused_harms_no_other_row() {
    let (_, conn, clock) = world("bad-deploy").await;
    let mut rows = vec![
        json!(["AWS/ECS", "CPUUtilization", "ClusterName", "shop", "ServiceName", "checkout", {"id": "m1"}]),
    ];
    rows.push(json!([{"expression": "NO_SUCH_FUNCTION(m1)"}]));
    rows.extend(["m1 * 2", "m1 + 1", "m1 - 1"].map(|text| json!([{ "expression": text }])));
    let dashboard = dashboard_of(&[json!({ "metrics": rows })]);
    let query = Arc::new(plan_of(&dashboard, clock));
    let mut source = DataSource::new(&conn);
    let first = data(&mut source, &query, clock).await;
    for row in &first.rows {
        if row.key.row == 1 {
            assert!(
                row.problem.as_deref().is_some_and(|why| why.starts_with("refused: ")),
                "{:?}",
                row.problem
            );
            assert!(row.series.is_empty());
        } else {
            assert_eq!(row.problem, None, "row {}", row.key.row);
            assert!(!row.series[0].points.is_empty());
        }
    }
    // It is not tried again with every refresh.
    assert_eq!(data(&mut source, &query, clock).await.calls, 1);
}

#[tokio::test(start_paused = true)]
async fn one_region_denied_leaves_the_others() {
    let (sim, conn, clock) = world("bad-deploy").await;
    let row = json!([["AWS/ECS", "CPUUtilization", "ClusterName", "shop", "ServiceName", "checkout"]]);
    let dashboard = dashboard_of(&[json!({"metrics": row}), json!({"metrics": row, "region": "us-east-1"})]);
    let query = Arc::new(plan_of(&dashboard, clock));
    let mut source = DataSource::new(&conn);
    // Which of the two is answered first is not said.
    sim.set_faults(Faults::parse(["cloudwatch:GetMetricData=deny*1"]).unwrap());
    let data = data(&mut source, &query, clock).await;
    let problems: Vec<&str> = data.rows.iter().filter_map(|row| row.problem.as_deref()).collect();
    assert!(
        matches!(problems.as_slice(), [one] if one.starts_with("denied: cloudwatch:GetMetricData")),
        "{problems:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn old_series_stay_when_a_refresh_fails() {
    let (sim, conn, clock) = world("bad-deploy").await;
    let row = |region: &str| json!({"region": region, "metrics": [["AWS/ECS", "CPUUtilization", "ClusterName", "shop", "ServiceName", "checkout"]]});
    let query = Arc::new(plan_of(&dashboard_of(&[row("eu-west-2")]), clock));
    let mut source = DataSource::new(&conn);
    let good = data(&mut source, &query, clock).await;
    sim.set_faults(Faults::parse(["cloudwatch:GetMetricData=throttle"]).unwrap());
    let stale = data(&mut source, &query, clock).await;
    let key = RowKey { widget: 0, row: 0 };
    assert_eq!(stale.row(key).unwrap().series, good.row(key).unwrap().series);
    assert_eq!(stale.row(key).unwrap().problem.as_deref(), Some("throttled"));
    let error = poll(&mut DataSource::new(&conn), &Query::DashboardData(query), clock).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Throttled, "nothing to show: the panel says it");
}

#[tokio::test(start_paused = true)]
async fn from_an_alarm_to_the_dashboards_of_its_service_and_back() {
    let mut driver = Driver::bad_deploy("dashboards-of-an-alarm").await;
    driver.settle().await;
    driver.press("3/checkout-5xx<Enter>d").await;
    driver.shows("about checkout");
    driver.shows("shop-overview");
    driver.press("<Enter>").await;
    driver.shows("Failed, percent by side");
    driver.press("<Esc><Esc><Esc>").await;
    driver.shows("checkout-5xx");
}

#[tokio::test(start_paused = true)]
async fn a_small_chart_of_an_alarm_says_the_value_at_the_crosshair() {
    let mut driver = Driver::bad_deploy("crosshair-of-an-alarm").await;
    driver.resize(80, 24).await;
    driver.settle().await;
    driver.press("3/checkout-p99<Enter><Enter>").await;
    let read = |driver: &Driver| -> Option<Vec<String>> {
        let text = driver.text();
        let line = text.lines().find(|line| line.starts_with("Latency"))?;
        Some(line.split_whitespace().skip(1).map(str::to_owned).collect())
    };
    assert_eq!(read(&driver), None, "no legend fits");
    driver.press("<Left><Left>").await;
    let newer = read(&driver).unwrap();
    driver.press("<Left>").await;
    let older = read(&driver).unwrap();
    assert!(newer.len() == 2 && older.len() == 2 && older[0] < newer[0], "{older:?} {newer:?}");
}

#[tokio::test]
async fn files_are_read_and_broken_ones_say_why() {
    let folder = scratch("dashboard-files");
    for (name, text) in
        [("good.json", r#"{"widgets": []}"#), ("broken.json", "{\"widgets\": [\n}"), ("more/good.json", "{}")]
    {
        std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    }
    let files = ["good.json", "broken.json", "more/good.json", "gone.json"].map(|name| folder.join(name));
    let read = read_files(&files).await;
    let names: Vec<&str> = read.iter().map(|local| local.found.name.name.as_str()).collect();
    assert_eq!(names, ["good", "broken", "good (2)", "gone"]);
    assert!(read[0].found.dashboard.is_ok());
    assert_eq!(
        read[1].found.dashboard.as_ref().unwrap_err(),
        "the body is no JSON: expected value at line 2 column 1"
    );
    assert!(read[3].found.dashboard.as_ref().unwrap_err().contains("No such file"));
}

/// Dashboards of other people stand beside this repository where it is built by its makers; elsewhere there is
/// nothing to read. They are not ours to copy.
#[tokio::test(start_paused = true)]
async fn dashboards_of_others_are_read_laid_out_and_planned() {
    let clock = Clock::starting_at(start());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(folder) =
        root.ancestors().map(|above| above.join("shared/data/dashboards")).find(|folder| folder.is_dir())
    else {
        return;
    };
    let (mut drawn, mut explained, mut files) = (0, 0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let dashboard = parse(Name::file(file.clone()), &std::fs::read_to_string(&path).unwrap()).unwrap();
        let census = dashboard.census();
        assert_eq!(census.failed, 0, "{file}");
        // All of their rows can be read, and all else but the times that one template was to fill in.
        let remarks = dashboard.widgets.iter().flat_map(|widget| &widget.remarks).chain(&dashboard.remarks);
        let odd: Vec<&String> = remarks.filter(|remark| !remark.contains("monday-9am-est")).collect();
        let lines =
            odd.iter().filter(|remark| *remark == &"annotations: a vertical line without a time").count();
        assert_eq!((odd.len(), lines > 0), (lines, file.starts_with("claims-")), "{file}: {odd:?}");
        for width in [80, 120, 200] {
            let board = layout(&dashboard, width);
            let spots: BTreeSet<usize> = board.spots.iter().map(|spot| spot.widget).collect();
            assert_eq!(spots.len(), dashboard.widgets.len(), "{file} at {width}");
        }
        let query = plan_of(&dashboard, clock);
        let asked: usize = query.asks.iter().flat_map(|ask| &ask.draws).map(|draw| draw.rows.len()).sum();
        let rows: usize = metrics(&dashboard)
            .iter()
            .map(|(_, metric)| metric.series.iter().filter(|row| row.visible).count())
            .sum();
        assert_eq!(
            asked + query.notes.iter().filter(|(key, _)| !is_asked(&query, *key)).count(),
            rows,
            "{file}"
        );
        assert!(pack(query.asks.iter().enumerate(), HOUR, clock.wall()).len() <= query.asks.len());
        (drawn, explained, files) = (drawn + census.drawn, explained + census.explained, files + 1);
    }
    assert_eq!((files, drawn, explained), (11, 169, 58));
}

fn is_asked(query: &DataQuery, key: RowKey) -> bool {
    query.asks.iter().flat_map(|ask| &ask.draws).flat_map(|draw| &draw.rows).any(|row| row.key == key)
}

fn metric(kind: &WidgetKind) -> Option<&MetricWidget> {
    match kind {
        WidgetKind::Metric(metric) => Some(metric),
        _ => None,
    }
}
