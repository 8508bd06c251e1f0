//! Metric math of the simulator against the same math in Python, on raw statistics that boto3 read.

use super::{Served, check};
use crate::emulator::skipped;
use std::sync::atomic::Ordering;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_computes_what_the_simulator_computes() {
    if skipped("python_computes_what_the_simulator_computes") {
        return;
    }
    let served = Served::start("bad-deploy").await;
    // By then checkout has lost a few requests, in some minutes and not in most.
    served.ahead.store(1200, Ordering::Relaxed);
    let said = check(&served.address, "metrics", served.now().as_second()).await;
    for line in [
        "cloudwatch get_metric_data: 19 expressions, ",
        "cloudwatch get_metric_data: sorted checkout ",
        "cloudwatch get_dashboard: 2 dashboards, 33 widgets",
    ] {
        assert!(said.contains(line), "no `{line}` in\n{said}");
    }
    served.stop().await;
}
