//! What a reload of the connection for reads does to the one for writes.

use super::*;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Opening sends nothing.
#[derive(Debug)]
struct Silent;

impl HttpClient for Silent {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        unreachable!("nothing is sent")
    }
}

#[tokio::test(start_paused = true)]
async fn writes_go_to_the_region_that_is_read_now() {
    let clock = crate::runtime::clock::Clock::starting_at("2026-11-22T01:00:00Z".parse().unwrap());
    let clocks = Clocks {
        monotonic: Arc::new(move || clock.since_start()),
        wall: Arc::new(move || clock.wall()),
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    };
    let http = SharedHttpClient::new(Silent);
    let spec = TargetSpec {
        write_role_arn: Some("arn:aws:iam::111122223333:role/Breakglass".into()),
        ..TargetSpec::named("prod")
    };
    let conn = Aws::new(Access::Simulated { http }, clocks, None).connect(&spec).await;
    let writer = conn.for_writes().await.unwrap();
    assert_eq!(writer.region(), conn.region());
    let again = conn.for_writes().await.unwrap();
    assert!(Arc::ptr_eq(&writer.inner, &again.inner), "one for as long as nothing changes");

    // As when the profile on disk names another region, which the poller takes up.
    let moved = TargetSpec { region: Some("eu-west-2".into()), ..spec };
    let inner = &conn.inner;
    let live = Inner::load(&inner.aws, &moved, &inner.extras(), Stamp::default()).await;
    *inner.live.lock().unwrap() = live;
    let writer = conn.for_writes().await.unwrap();
    assert_eq!(writer.region().as_deref(), Some("eu-west-2"));
    let again = conn.for_writes().await.unwrap();
    assert!(Arc::ptr_eq(&writer.inner, &again.inner));
    assert_eq!(again.spec().write_role_arn, conn.spec().write_role_arn);
}
