//! The detail source through a real SDK client against the simulated AWS.

use super::source::DetailSource;
use super::{DetailQuery, Kind};
use crate::app::{Now, Window};
use crate::aws::{Access, Aws, Clocks, TargetSpec};
use crate::demo::sim::SimAws;
use crate::demo::world::Scenario;
use crate::features::{Payload, Query, Source, SourceCtx};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "the paused clock of the test drives the limiter")]
async fn a_composite_names_its_children() {
    let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    let wall = Arc::new(move || start);
    let sim = SimAws::new(Scenario::builtin("quiet").unwrap(), 7, start, wall.clone());
    let began = tokio::time::Instant::now();
    let clocks = Clocks {
        monotonic: Arc::new(move || began.elapsed()),
        wall,
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    };
    let aws = Aws::new(Access::Simulated { http: SharedHttpClient::new(sim) }, clocks, None);
    let conn = aws.connect(&TargetSpec { region: Some("eu-west-1".into()), ..TargetSpec::named("t") }).await;
    let query = Query::AlarmDetail(DetailQuery {
        name: "prod-health".into(),
        kind: Kind::Composite,
        metrics: Vec::new(),
        window: Window::Live { secs: 3_600 },
        children: true,
    });
    let ctx = SourceCtx { now: Now { since_start: Duration::ZERO, wall: start } };
    let answer = DetailSource::new(&conn).poll(&query, &ctx).await.unwrap();
    let Payload::AlarmDetail(detail) = answer else { panic!("{answer:?}") };
    assert_eq!(detail.missing, Vec::<String>::new());
    assert!(detail.children.iter().any(|(name, _)| name == "cart-5xx"), "{:?}", detail.children);
}
