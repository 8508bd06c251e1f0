//! Every operation through the real SDK clients, in process: happy, paged, refused, and broken.

mod balancing;
mod cloudtrail;
mod cloudwatch;
mod codedeploy;
mod codedeploy_alias;
mod dashboards;
mod ecs;
mod ecs_writes;
mod faults;
mod logs;
mod metrics;
mod xray;

use crate::demo::sim::SimAws;
use crate::demo::world::Scenario;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A simulator with a clock that tests set, and a client configuration for it.
struct Bench {
    sim: SimAws,
    config: SdkConfig,
    seconds: Arc<AtomicI64>,
}

impl Bench {
    fn new(scenario: &str) -> Self {
        let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let seconds = Arc::new(AtomicI64::new(start.as_second()));
        let told = Arc::clone(&seconds);
        let clock = move || Timestamp::from_second(told.load(Ordering::Relaxed)).unwrap();
        let sim = SimAws::new(Scenario::builtin(scenario).unwrap(), 7, start, Arc::new(clock));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_demo()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .http_client(sim.clone())
            .build();
        Self { sim, config, seconds }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::Relaxed)).unwrap()
    }

    fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// SDK time of so many seconds ago.
    fn ago(&self, seconds: i64) -> aws_smithy_types::DateTime {
        aws_smithy_types::DateTime::from_secs((self.now() - SignedDuration::from_secs(seconds)).as_second())
    }
}

trait ForDemo {
    fn for_demo() -> Self;
}

impl ForDemo for Credentials {
    fn for_demo() -> Self {
        Self::new("AKIAEXAMPLE", "not-a-secret", None, None, "demo")
    }
}
