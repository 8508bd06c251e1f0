//! CodeDeploy as the SDK sees it: groups, deployments, targets, each answer and each refusal.

#![expect(clippy::float_cmp, reason = "the weights of a scenario are exact")]

use super::Bench;
use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::error::ProvideErrorMetadata;
use aws_sdk_codedeploy::types::{
    AppSpecContent, DeploymentCreator, DeploymentInfo, DeploymentReadyAction, DeploymentStatus as Status,
    DeploymentTarget, DeploymentTargetType, DeploymentWaitType, EcsTarget, ErrorCode, LifecycleEventStatus,
    RevisionLocation, RevisionLocationType, StopStatus, TargetLabel, TimeRange, TrafficRoutingType,
};

const APPLICATION: &str = "AppECS-shop-checkout";
const GROUP: &str = "DgpECS-shop-checkout";

async fn ids(client: &Client, group: Option<(&str, &str)>, states: &[Status]) -> Vec<String> {
    let (application, group) = group.map(|(app, group)| (app.to_owned(), group.to_owned())).unzip();
    let call = client.list_deployments().set_application_name(application).set_deployment_group_name(group);
    let call = states.iter().fold(call, |call, state| call.include_only_statuses(state.clone()));
    call.send().await.unwrap().deployments().to_vec()
}

async fn info(client: &Client, id: &str) -> DeploymentInfo {
    client.get_deployment().deployment_id(id).send().await.unwrap().deployment_info().unwrap().clone()
}

async fn target(client: &Client, id: &str) -> DeploymentTarget {
    let listed = client.list_deployment_targets().deployment_id(id).send().await.unwrap();
    let call = client.batch_get_deployment_targets().deployment_id(id);
    let call = call.set_target_ids(Some(listed.target_ids().to_vec()));
    call.send().await.unwrap().deployment_targets()[0].clone()
}

async fn ecs_target(client: &Client, id: &str) -> EcsTarget {
    target(client, id).await.ecs_target().unwrap().clone()
}

fn weights(target: &EcsTarget) -> Vec<(TargetLabel, f64, String)> {
    let sets = target.task_sets_info().iter();
    sets.map(|set| {
        (set.task_set_label().unwrap().clone(), set.traffic_weight(), set.status().unwrap().to_owned())
    })
    .collect()
}

#[tokio::test]
async fn deployments_are_listed_by_group_state_and_time() {
    let bench = Bench::new("codedeploy-ecs");
    let client = Client::new(&bench.config);
    let applications = client.list_applications().send().await.unwrap();
    assert_eq!(applications.applications(), ["AppECS-shop-cart", APPLICATION, "AppECS-shop-orders"]);
    let groups = client.list_deployment_groups().application_name(APPLICATION).send().await.unwrap();
    assert_eq!(groups.deployment_groups(), [GROUP]);
    let all = ids(&client, None, &[]).await;
    assert_eq!(all.len(), 3);
    let open = ids(&client, None, &[Status::InProgress, Status::Ready]).await;
    assert_eq!(open, all[..2]);
    let own = ids(&client, Some((APPLICATION, GROUP)), &[]).await;
    assert_eq!(own, [all[1].clone()]);
    let since = TimeRange::builder().start(bench.ago(3_600)).end(bench.ago(600)).build();
    let made = client.list_deployments().create_time_range(since).send().await.unwrap();
    assert_eq!(made.deployments(), own);

    let list = || client.list_deployments();
    let calls = [
        (list().application_name(APPLICATION), "DeploymentGroupNameRequiredException"),
        (list().deployment_group_name(GROUP), "ApplicationNameRequiredException"),
        (list().application_name("x").deployment_group_name(GROUP), "ApplicationDoesNotExistException"),
        (
            list().application_name(APPLICATION).deployment_group_name("x"),
            "DeploymentGroupDoesNotExistException",
        ),
        (list().include_only_statuses("Late".into()), "InvalidDeploymentStatusException"),
        (list().next_token("x"), "InvalidNextTokenException"),
        (
            list().create_time_range(TimeRange::builder().start(bench.ago(1)).end(bench.ago(2)).build()),
            "InvalidTimeRangeException",
        ),
    ];
    for (call, code) in calls {
        assert_eq!(call.send().await.unwrap_err().code(), Some(code));
    }
}

#[tokio::test]
async fn a_group_says_what_it_does_by_itself() {
    let bench = Bench::new("codedeploy-ecs");
    let client = Client::new(&bench.config);
    let got = client.get_deployment_group().application_name(APPLICATION).deployment_group_name(GROUP);
    let group = got.send().await.unwrap().deployment_group_info().unwrap().clone();
    let names = group.auto_rollback_configuration().unwrap();
    assert!(names.enabled() && names.events().len() == 2, "{names:?}");
    let pair = &group.load_balancer_info().unwrap().target_group_pair_info_list()[0];
    assert_eq!(pair.target_groups()[1].name(), Some("checkout-green"));
    assert!(pair.prod_traffic_route().unwrap().listener_arns()[0].contains(":listener/app/shop-web/"));
    assert_eq!(group.ecs_services()[0].service_name(), Some("checkout"));
    assert_eq!(group.alarm_configuration().unwrap().alarms()[0].name(), Some("checkout-5xx"));
    let batch = client.batch_get_deployment_groups().application_name(APPLICATION);
    let batch = batch.deployment_group_names(GROUP).deployment_group_names("x").send().await.unwrap();
    assert_eq!(batch.deployment_groups_info(), std::slice::from_ref(&group));
    assert_eq!(batch.error_message(), Some("No deployment group found for x"));
    let name = group.deployment_config_name().unwrap();
    let config = client.get_deployment_config().deployment_config_name(name).send().await.unwrap();
    let routing = config.deployment_config_info().unwrap().traffic_routing_config().unwrap();
    assert_eq!(routing.r#type(), Some(&TrafficRoutingType::TimeBasedLinear));
    let linear = routing.time_based_linear().unwrap();
    assert_eq!((linear.linear_percentage(), linear.linear_interval()), (20, 5));
    let unknown = client.get_deployment_config().deployment_config_name("x").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("DeploymentConfigDoesNotExistException"));
}

#[tokio::test]
async fn a_deployment_tells_its_stage_and_its_task_sets() {
    let bench = Bench::new("codedeploy-ecs");
    let client = Client::new(&bench.config);
    let id = ids(&client, Some((APPLICATION, GROUP)), &[]).await.remove(0);
    let now = info(&client, &id).await;
    assert_eq!((now.status(), now.creator()), (Some(&Status::InProgress), Some(&DeploymentCreator::User)));
    assert!(now.start_time() > now.create_time() && now.complete_time().is_none());
    assert!(now.rollback_info().is_none() && now.error_information().is_none());
    assert_ne!(now.revision(), now.previous_revision());
    let blue_green = now.blue_green_deployment_configuration().unwrap();
    let ready = blue_green.deployment_ready_option().unwrap();
    assert_eq!(ready.action_on_timeout(), Some(&DeploymentReadyAction::ContinueDeployment));
    let ends = blue_green.terminate_blue_instances_on_deployment_success().unwrap();
    assert_eq!(ends.termination_wait_time_in_minutes(), 60);
    let many = client.batch_get_deployments().deployment_ids(&id).deployment_ids("d-UNKNOWN").send().await;
    assert_eq!(many.unwrap().deployments_info(), [now]);

    let target = ecs_target(&client, &id).await;
    assert_eq!(target.target_id(), Some("shop:checkout"));
    assert_eq!(
        weights(&target),
        [(TargetLabel::Blue, 60.0, "PRIMARY".to_owned()), (TargetLabel::Green, 40.0, "ACTIVE".to_owned())]
    );
    let event = &target.lifecycle_events()[6];
    assert_eq!(
        (event.lifecycle_event_name(), event.status()),
        (Some("AllowTraffic"), Some(&LifecycleEventStatus::InProgress))
    );
    assert!(event.start_time().is_some() && event.end_time().is_none());

    // ECS shows the same task sets, and no deployments of its own.
    let ecs = aws_sdk_ecs::Client::new(&bench.config);
    let services = ecs.describe_services().cluster("shop").services("checkout").send().await.unwrap();
    let service = &services.services()[0];
    assert_eq!(service.deployment_controller().unwrap().r#type().as_str(), "CODE_DEPLOY");
    assert!(service.deployments().is_empty() && service.current_service_deployment().is_none());
    let [blue, green] = service.task_sets() else { panic!("{:?}", service.task_sets()) };
    assert_eq!((blue.status(), green.status()), (Some("PRIMARY"), Some("ACTIVE")));
    assert_eq!((blue.external_id(), green.external_id()), (None, Some(id.as_str())));
    assert_eq!(green.id(), target.task_sets_info()[1].identifer());
    assert!(green.task_definition().unwrap().ends_with(":task-definition/web-checkout:41"));
    assert_eq!((service.running_count(), green.running_count()), (8, 4));
    // And it lets nobody else deploy.
    let refused = ecs.update_service().cluster("shop").service("checkout").force_new_deployment(true);
    let refused = refused.send().await.unwrap_err();
    assert!(refused.message().unwrap().starts_with("Cannot force a new deployment"), "{refused:?}");
    let refused = ecs.update_service().cluster("shop").service("checkout").task_definition("web-checkout:40");
    let refused = refused.send().await.unwrap_err();
    assert!(refused.message().unwrap().starts_with("Unable to update task definition"), "{refused:?}");
    let arn = service.service_arn().unwrap().replace(":service/", ":service-deployment/") + "/x";
    let refused = ecs.stop_service_deployment().service_deployment_arn(arn).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterException"));
}

#[tokio::test]
async fn a_stop_is_pending_then_stopped_and_a_rollback_succeeds() {
    let bench = Bench::new("codedeploy-ecs");
    let client = Client::new(&bench.config);
    let id = ids(&client, Some((APPLICATION, GROUP)), &[]).await.remove(0);
    let stop = |id: &str| client.stop_deployment().deployment_id(id).auto_rollback_enabled(true).send();
    let answer = stop(&id).await.unwrap();
    assert_eq!(answer.status(), Some(&StopStatus::Pending));
    assert_eq!(stop(&id).await.unwrap().status(), Some(&StopStatus::Pending), "a repeat is harmless");
    bench.advance(5);
    let stopped = info(&client, &id).await;
    assert_eq!(stopped.status(), Some(&Status::Stopped));
    assert_eq!(stopped.error_information().unwrap().code(), Some(&ErrorCode::ManualStop));
    let back = stopped.rollback_info().unwrap().rollback_deployment_id().unwrap().to_owned();
    let early = client.list_deployment_targets().deployment_id(&back).send().await.unwrap_err();
    assert_eq!(early.code(), Some("DeploymentNotStartedException"));
    bench.advance(3);
    let rollback = info(&client, &back).await;
    assert_eq!(rollback.creator(), Some(&DeploymentCreator::CodeDeployRollback));
    let triggered_by = rollback.rollback_info().unwrap().rollback_triggering_deployment_id();
    assert_eq!(triggered_by, Some(id.as_str()));
    assert_eq!(weights(&ecs_target(&client, &back).await)[1].1, 40.0);
    bench.advance(30);
    assert_eq!(info(&client, &back).await.status(), Some(&Status::Succeeded));
    let there: Vec<f64> = weights(&ecs_target(&client, &back).await).iter().map(|set| set.1).collect();
    assert_eq!(there, [100.0, 0.0]);
    assert_eq!(stop(&id).await.unwrap_err().code(), Some("DeploymentAlreadyCompletedException"));
    assert_eq!(stop("d-UNKNOWN").await.unwrap_err().code(), Some("DeploymentDoesNotExistException"));
    assert_eq!(stop("unknown").await.unwrap_err().code(), Some("InvalidDeploymentIdException"));
    let none = client.stop_deployment().deployment_id("").send().await.unwrap_err();
    assert_eq!(none.code(), Some("DeploymentIdRequiredException"));

    // The next one.
    let spec = r#"{"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":
        {"TaskDefinition":"arn:aws:ecs:eu-west-1:111122223333:task-definition/web-checkout:41"}}}]}"#;
    let content = AppSpecContent::builder().content(spec).build();
    let kind = RevisionLocationType::AppSpecContent;
    let revision = RevisionLocation::builder().revision_type(kind).app_spec_content(content).build();
    let create = || {
        let call = client.create_deployment().application_name(APPLICATION).deployment_group_name(GROUP);
        call.revision(revision.clone()).send()
    };
    let next = create().await.unwrap().deployment_id().unwrap().to_owned();
    assert_eq!(ids(&client, None, &[Status::Created]).await, [next]);
    assert_eq!(create().await.unwrap_err().code(), Some("DeploymentLimitExceededException"));
}

#[tokio::test]
async fn a_stack_s_deployment_is_told_and_refused() {
    let bench = Bench::new("codedeploy-ecs");
    let client = Client::new(&bench.config);
    let cart = Some(("AppECS-shop-cart", "DgpECS-shop-cart"));
    let id = ids(&client, cart, &[]).await.remove(0);
    let made = info(&client, &id).await;
    assert_eq!(made.creator(), Some(&DeploymentCreator::CloudFormation));
    assert!(made.external_id().unwrap().contains(":stack/shop-cart/"));
    let target = target(&client, &id).await;
    assert_eq!(target.deployment_target_type(), Some(&DeploymentTargetType::CloudformationTarget));
    assert_eq!(target.cloud_formation_target().unwrap().target_version_weight(), 10.0);
    let refused = client.stop_deployment().deployment_id(&id).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("UnsupportedActionForDeploymentTypeException"));
    let waits = client.continue_deployment().deployment_id(&id);
    let waits = waits.deployment_wait_type(DeploymentWaitType::ReadyWait).send().await.unwrap_err();
    assert_eq!(waits.code(), Some("DeploymentIsNotInReadyStateException"));

    let many = (0..26).map(|number| format!("d-{number}")).collect::<Vec<_>>();
    let many = client.batch_get_deployments().set_deployment_ids(Some(many)).send().await.unwrap_err();
    assert_eq!(many.code(), Some("BatchLimitExceededException"));
    let none = client.batch_get_deployments().set_deployment_ids(Some(Vec::new())).send().await.unwrap_err();
    assert_eq!(none.code(), Some("DeploymentIdRequiredException"));
    let wrong = client.batch_get_deployment_targets().deployment_id(&id).target_ids("x").send().await;
    assert_eq!(wrong.unwrap_err().code(), Some("DeploymentTargetDoesNotExistException"));
    let none = client.batch_get_deployment_targets().deployment_id(&id).set_target_ids(Some(Vec::new()));
    assert_eq!(none.send().await.unwrap_err().code(), Some("DeploymentTargetIdRequiredException"));
}
