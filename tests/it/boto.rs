//! The simulator as boto3 reads it, through the socket of `demo --serve`, its raw answers held against the
//! API models that botocore ships. What the script checks is in `boto/check.py`.

mod codedeploy;
mod deployments;
mod findings;
mod metrics;
mod weights;

use crate::emulator::{python, skipped};
use eyewall::demo::serve;
use eyewall::demo::{SimAws, world::Scenario};
use eyewall::runtime::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Runs one part of the script; its lines, or its problems as a failed test.
async fn check(address: &str, part: &str, now: i64) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/boto/check.py");
    let arguments = [address, part, &now.to_string()].map(str::to_owned);
    let output = Command::new(python()).arg(script).args(arguments).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{part}:\n{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// When the world begins: how many traces of the last minutes fail depends on it, and the script asks for some
/// of each kind. What foreign clients take for the present is told to them, and no signature is looked at.
const BEGINS: &str = "2026-11-22T10:00:00Z";

/// A simulator behind its socket.
struct Served {
    address: String,
    clock: Clock,
    /// Its hours can still be moved on.
    ahead: Arc<AtomicI64>,
    cancel: CancellationToken,
    server: JoinHandle<()>,
}

impl Served {
    async fn start(scenario: &str) -> Self {
        let (clock, ahead) = (Clock::starting_at(BEGINS.parse().unwrap()), Arc::new(AtomicI64::new(0)));
        let told = Arc::clone(&ahead);
        let now = move || clock.wall() + SignedDuration::from_secs(told.load(Ordering::Relaxed));
        let sim = SimAws::new(Scenario::builtin(scenario).unwrap(), 7, clock.wall(), Arc::new(now));
        let listener = serve::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let cancel = CancellationToken::new();
        let server = tokio::spawn(serve::run(listener, sim, cancel.clone()));
        Self { address, clock, ahead, cancel, server }
    }

    fn now(&self) -> Timestamp {
        self.clock.wall() + SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed))
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.server.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_reads_the_simulator_and_finds_only_what_the_models_know() {
    if skipped("boto3_reads_the_simulator") {
        return;
    }
    let served = Served::start("bad-deploy").await;
    let said = check(&served.address, "before", served.now().as_second()).await;
    for line in [
        "sts get_caller_identity: 111122223333",
        "elbv2 describe_rules: weights [80, 20]",
        "lambda list_functions: receipts",
        "xray filters: 6 agree",
        "xray batch_get_traces: 4 failing traces agree with their log lines",
        "cloudtrail lookup_events by Username: 3 events",
        "ecs stop_service_deployment: service-deployment/shop/checkout",
    ] {
        assert!(said.contains(line), "no `{line}` in\n{said}");
    }
    let operations =
        said.lines().last().and_then(|line| line.strip_suffix(" operations")?.rsplit(' ').next());
    assert!(operations.and_then(|count| count.parse::<u32>().ok()) >= Some(20), "{said}");
    served.ahead.store(600, Ordering::Relaxed);
    let said = check(&served.address, "after", served.now().as_second()).await;
    assert!(said.contains("ecs describe_service_deployments: ROLLBACK_SUCCESSFUL"), "{said}");
    assert!(said.contains("cloudwatch describe_alarms: checkout-5xx OK"), "{said}");

    served.stop().await;
}
