//! ECS over JSON 1.1, with the rollback.

use super::Bench;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{
    DeploymentControllerType, DeploymentStrategy, DesiredStatus, ServiceDeploymentStatus,
    StopServiceDeploymentStopType,
};

#[tokio::test]
async fn services_are_listed_and_described() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let clusters = client.list_clusters().send().await.unwrap();
    let cluster = clusters.cluster_arns()[0].as_str();
    assert!(cluster.ends_with("cluster/shop"));
    let first = client.list_services().cluster(cluster).max_results(2).send().await.unwrap();
    assert_eq!(first.service_arns().len(), 2);
    let rest = client.list_services().cluster(cluster).set_next_token(first.next_token().map(str::to_owned));
    let rest = rest.send().await.unwrap();
    let arns = [first.service_arns(), rest.service_arns()].concat();
    assert!(arns.iter().any(|arn| arn.ends_with("/checkout")));

    let described = client.describe_services().cluster("shop").set_services(Some(arns)).services("nope");
    let described = described.send().await.unwrap();
    assert_eq!(described.failures()[0].reason(), Some("MISSING"));
    let checkout =
        described.services().iter().find(|service| service.service_name() == Some("checkout")).unwrap();
    let configuration = checkout.deployment_configuration().unwrap();
    assert_eq!(configuration.strategy(), Some(&DeploymentStrategy::Canary));
    assert!((configuration.canary_configuration().unwrap().canary_percent().unwrap() - 20.0).abs() < 1e-9);
    assert_eq!(checkout.deployment_controller().unwrap().r#type(), &DeploymentControllerType::Ecs);
    assert!(checkout.current_service_deployment().is_some());
    assert_eq!(checkout.current_service_revisions().len(), 2);
    assert!(!checkout.events().is_empty());
    let balancer = &checkout.load_balancers()[0];
    assert!(balancer.advanced_configuration().unwrap().production_listener_rule().is_some());

    let none = client.list_services().send().await.unwrap_err();
    assert!(none.as_service_error().unwrap().is_cluster_not_found_exception());
    let many =
        client.describe_services().cluster("shop").set_services(Some(vec!["x".into(); 11])).send().await;
    assert!(many.unwrap_err().as_service_error().unwrap().is_invalid_parameter_exception());
}

#[tokio::test]
async fn a_canary_is_followed_and_rolled_back_once() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let listed = client.list_service_deployments().cluster("shop").service("checkout");
    let listed = listed.status(ServiceDeploymentStatus::InProgress).send().await.unwrap();
    let brief = &listed.service_deployments()[0];
    let arn = brief.service_deployment_arn().unwrap();
    let describe = async || {
        let answer = client.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap();
        answer.service_deployments()[0].clone()
    };
    let before = describe().await;
    let target = before.target_service_revision().unwrap();
    assert!(target.requested_production_traffic_weight() == Some(20.0));
    let source = before.source_service_revisions()[0].arn().unwrap().to_owned();
    assert!(before.lifecycle_stage().is_some());

    let revisions = client.describe_service_revisions().service_revision_arns(target.arn().unwrap());
    let revisions = revisions.service_revision_arns("arn:nope").send().await.unwrap();
    let revision = &revisions.service_revisions()[0];
    assert!(revision.container_images()[0].image_digest().unwrap().starts_with("sha256:"));
    assert!(
        revision.resolved_configuration().unwrap().load_balancers()[0].production_listener_rule().is_some()
    );
    assert_eq!(revisions.failures().len(), 1);

    let stop = |arn: &str| {
        let request = client.stop_service_deployment().service_deployment_arn(arn);
        request.stop_type(StopServiceDeploymentStopType::Rollback).send()
    };
    let abort =
        client.stop_service_deployment().service_deployment_arn(arn).stop_type("ABORT".into()).send().await;
    assert!(abort.unwrap_err().as_service_error().unwrap().is_invalid_parameter_exception());
    let missing =
        stop("arn:aws:ecs:eu-west-1:111122223333:service-deployment/shop/checkout/nope").await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_service_deployment_not_found_exception());

    assert_eq!(stop(arn).await.unwrap().service_deployment_arn(), Some(arn));
    assert_eq!(describe().await.status(), Some(&ServiceDeploymentStatus::RollbackRequested));
    // A repeat while it goes back is harmless.
    bench.advance(10);
    stop(arn).await.unwrap();
    assert_eq!(describe().await.status(), Some(&ServiceDeploymentStatus::RollbackInProgress));
    bench.advance(120);
    let after = describe().await;
    assert_eq!(after.status(), Some(&ServiceDeploymentStatus::RollbackSuccessful));
    assert!(after.target_service_revision().unwrap().requested_production_traffic_weight() == Some(0.0));
    assert_eq!(after.rollback().unwrap().service_revision_arn(), Some(source.as_str()));
    assert_eq!(stop(arn).await.unwrap_err().code(), Some("ConflictException"));
}

#[tokio::test]
async fn tasks_and_definitions_are_described() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let running = client.list_tasks().cluster("shop").service_name("checkout").send().await.unwrap();
    assert!(running.task_arns().len() > 2);
    let tasks = client
        .describe_tasks()
        .cluster("shop")
        .set_tasks(Some(running.task_arns().to_vec()))
        .send()
        .await
        .unwrap();
    assert_eq!(tasks.tasks().len(), running.task_arns().len());
    let some = client
        .describe_tasks()
        .cluster("shop")
        .tasks(&running.task_arns()[1])
        .tasks("nope")
        .send()
        .await
        .unwrap();
    assert_eq!(some.tasks()[0].task_arn(), Some(running.task_arns()[1].as_str()));
    assert_eq!(some.failures()[0].arn(), Some("nope"));
    let task = &tasks.tasks()[0];
    assert!(task.containers()[0].network_interfaces()[0].private_ipv4_address().is_some());
    let definition = client.describe_task_definition().task_definition(task.task_definition_arn().unwrap());
    let definition = definition.send().await.unwrap();
    let container = &definition.task_definition().unwrap().container_definitions()[0];
    let options = container.log_configuration().unwrap().options().unwrap();
    assert_eq!(options["awslogs-group"], "/ecs/checkout");
    let stopped =
        client.list_tasks().cluster("shop").desired_status(DesiredStatus::Stopped).send().await.unwrap();
    for arn in stopped.task_arns() {
        let task = client.describe_tasks().cluster("shop").tasks(arn).send().await.unwrap();
        assert!(task.tasks()[0].stopped_reason().is_some());
    }
    let missing = client.describe_task_definition().task_definition("nope:1").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_client_exception());
}
