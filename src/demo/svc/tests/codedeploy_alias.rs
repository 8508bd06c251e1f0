//! CodeDeploy on a Lambda alias as the SDKs see it, and a stop whose answer is lost.

use super::Bench;
use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::types::{DeploymentStatus as Status, LambdaFunctionInfo};
use aws_sdk_lambda::types::AliasRoutingConfiguration;

const APPLICATION: &str = "AppLambda-receipts";
const GROUP: &str = "receipts-live";

/// The deployment of the alias.
async fn deployment(client: &Client) -> String {
    let call = client.list_deployments().application_name(APPLICATION).deployment_group_name(GROUP);
    call.send().await.unwrap().deployments()[0].clone()
}

async fn status(client: &Client, id: &str) -> (Status, Option<String>) {
    let answer = client.get_deployment().deployment_id(id).send().await.unwrap();
    let info = answer.deployment_info().unwrap();
    let back = info.rollback_info().and_then(|info| info.rollback_deployment_id());
    (info.status().unwrap().clone(), back.map(str::to_owned))
}

async fn function(client: &Client, id: &str) -> LambdaFunctionInfo {
    let call = client.batch_get_deployment_targets().deployment_id(id).target_ids("receipts:live");
    let answer = call.send().await.unwrap();
    answer.deployment_targets()[0].lambda_target().unwrap().lambda_function_info().unwrap().clone()
}

/// The version that the alias points at and the weights of others.
async fn alias(client: &aws_sdk_lambda::Client) -> (String, Vec<(String, f64)>) {
    let alias = client.get_alias().function_name("receipts").name("live").send().await.unwrap();
    let weights = alias.routing_config().and_then(|it| it.additional_version_weights());
    let weights = weights.into_iter().flatten().map(|(version, weight)| (version.clone(), *weight));
    (alias.function_version().unwrap().to_owned(), weights.collect())
}

#[tokio::test]
async fn an_alias_shows_the_weights_that_codedeploy_gave_it() {
    let bench = Bench::new("codedeploy-lambda");
    let (client, lambda) = (Client::new(&bench.config), aws_sdk_lambda::Client::new(&bench.config));
    let id = deployment(&client).await;
    let info = function(&client, &id).await;
    assert_eq!((info.function_name(), info.function_alias()), (Some("receipts"), Some("live")));
    assert_eq!((info.current_version(), info.target_version()), (Some("17"), Some("18")));
    assert_eq!(info.target_version_weight().to_string(), "30");
    assert_eq!(alias(&lambda).await, ("17".to_owned(), vec![("18".to_owned(), 0.3)]));
    // Lambda takes a change of what is not the caller's; the next step of CodeDeploy overrides it.
    let empty = AliasRoutingConfiguration::builder().set_additional_version_weights(Some([].into()));
    let by_hand = lambda.update_alias().function_name("receipts").name("live").routing_config(empty.build());
    by_hand.send().await.unwrap();
    assert_eq!(alias(&lambda).await, ("17".to_owned(), Vec::new()));
    bench.advance(180);
    assert_eq!(alias(&lambda).await, ("17".to_owned(), vec![("18".to_owned(), 0.4)]));
}

#[tokio::test]
async fn a_stop_whose_answer_is_lost_was_carried_out() {
    let bench = Bench::new("codedeploy-lambda");
    let (client, lambda) = (Client::new(&bench.config), aws_sdk_lambda::Client::new(&bench.config));
    let id = deployment(&client).await;
    bench.sim.add_fault("codedeploy:StopDeployment=cut:0".parse().unwrap());
    let lost = client.stop_deployment().deployment_id(&id).auto_rollback_enabled(true).send().await;
    assert!(lost.unwrap_err().into_service_error().meta().code().is_none());
    bench.advance(5);
    let (stopped, back) = status(&client, &id).await;
    assert_eq!(stopped, Status::Stopped);
    bench.advance(25);
    assert_eq!(status(&client, &back.unwrap()).await, (Status::Succeeded, None));
    assert_eq!(alias(&lambda).await, ("17".to_owned(), Vec::new()));
    // Nothing is done where the answer is a refusal.
    let bench = Bench::new("codedeploy-lambda");
    let client = Client::new(&bench.config);
    for fault in ["codedeploy:StopDeployment=throttle*1", "codedeploy:StopDeployment=deny*1"] {
        bench.sim.add_fault(fault.parse().unwrap());
        client.stop_deployment().deployment_id(&id).auto_rollback_enabled(true).send().await.unwrap_err();
    }
    bench.advance(5);
    assert_eq!(status(&client, &id).await, (Status::InProgress, None));
}
