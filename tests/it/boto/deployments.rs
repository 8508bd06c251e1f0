//! Deployments as boto3 stops, answers and replaces them, refusals included.

use super::{Served, check};
use crate::emulator::skipped;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_answers_hooks_and_stops_deployments() {
    if skipped("boto3_answers_hooks_and_stops_deployments") {
        return;
    }
    let served = Served::start("linear").await;
    let said = check(&served.address, "deployments", served.now().as_second()).await;
    for line in [
        "ecs continue_service_deployment: InvalidParameterException",
        "ecs continue_service_deployment: ServiceDeploymentNotFoundException",
        "ecs continue_service_deployment: without an action it continues",
        "ecs stop_service_deployment: InvalidParameterException",
        "ecs stop_service_deployment: ROLLBACK_REQUESTED, a repeat is harmless",
        "ecs stop_service_deployment: ConflictException",
        "ecs update_service: another deployment is current",
    ] {
        assert!(said.contains(line), "no `{line}` in\n{said}");
    }
    served.stop().await;
}
