//! CodeDeploy as boto3 reads and stops it, refusals included; the rollback takes as long as it does.

use super::{Served, check};
use crate::emulator::skipped;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_reads_and_stops_a_codedeploy_deployment() {
    if skipped("boto3_reads_and_stops_a_codedeploy_deployment") {
        return;
    }
    let served = Served::start("codedeploy-ecs").await;
    let said = check(&served.address, "codedeploy", served.now().as_second()).await;
    for line in [
        "codedeploy batch_get_deployments: ['CloudFormation', 'user', 'user']",
        "codedeploy batch_get_deployment_targets: {'Blue': 60.0, 'Green': 40.0}",
        "codedeploy get_deployment_config: CodeDeployDefault.ECSAllAtOnce is AllAtOnce",
        "ecs describe_services: 2 task sets",
        "codedeploy stop_deployment: UnsupportedActionForDeploymentTypeException",
        "codedeploy stop_deployment: Pending",
        "codedeploy rollback: Succeeded {'Blue': 100.0, 'Green': 0.0}",
        "codedeploy stop_deployment: DeploymentAlreadyCompletedException",
    ] {
        assert!(said.contains(line), "no `{line}` in\n{said}");
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_sees_an_alias_move_and_go_back() {
    if skipped("boto3_sees_an_alias_move_and_go_back") {
        return;
    }
    let served = Served::start("codedeploy-lambda").await;
    let said = check(&served.address, "codedeploy", served.now().as_second()).await;
    for line in
        ["codedeploy lambdaTarget: 17 to 18, {'18': 0.3}", "lambda get_alias: 17 alone after the rollback"]
    {
        assert!(said.contains(line), "no `{line}` in\n{said}");
    }
    served.stop().await;
}
