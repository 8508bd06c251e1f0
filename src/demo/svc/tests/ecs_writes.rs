//! The ECS calls that change the world, as the SDK sees them: each answer, each refusal.

use super::Bench;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{
    DeploymentLifecycleHookAction as Action, DeploymentLifecycleHookStatus as HookStatus,
    DeploymentLifecycleHookTargetType, ServiceDeployment, ServiceDeploymentRollbackMonitorsStatus as Monitor,
    ServiceDeploymentStatus as Status, StopServiceDeploymentStopType,
};

async fn current(client: &Client, service: &str) -> ServiceDeployment {
    let services = client.describe_services().cluster("shop").services(service).send().await.unwrap();
    let arn = services.services()[0].current_service_deployment().unwrap();
    deployment(client, arn).await
}

async fn deployment(client: &Client, arn: &str) -> ServiceDeployment {
    let answer = client.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap();
    answer.service_deployments()[0].clone()
}

#[tokio::test]
async fn a_pause_hook_is_told_and_answered() {
    for (action, status, hook_status) in [
        (Some(Action::Rollback), Status::RollbackRequested, HookStatus::Failed),
        (Some(Action::Continue), Status::InProgress, HookStatus::Succeeded),
        // As AWS does: no action means that it goes on.
        (None, Status::InProgress, HookStatus::Succeeded),
    ] {
        let bench = Bench::new("linear");
        let client = Client::new(&bench.config);
        let shift = current(&client, "checkout").await;
        assert_eq!(shift.lifecycle_stage().unwrap().as_str(), "PRE_PRODUCTION_TRAFFIC_SHIFT");
        let [answered, waiting] = shift.lifecycle_hook_details() else { panic!("{shift:?}") };
        assert_eq!(answered.status(), Some(&HookStatus::Succeeded));
        assert_eq!(waiting.status(), Some(&HookStatus::AwaitingAction));
        assert_eq!(waiting.target_type(), Some(&DeploymentLifecycleHookTargetType::Pause));
        assert_eq!(waiting.timeout_action(), Some(&Action::Rollback));
        assert!(waiting.expires_at().is_some() && waiting.target_arn().is_none());
        let listed = &shift.deployment_configuration().unwrap().lifecycle_hooks()[0];
        assert_eq!(listed.timeout_configuration().unwrap().timeout_in_minutes(), Some(15));

        let arn = shift.service_deployment_arn().unwrap();
        let answer = |arn: &str, hook: &str, action: Option<Action>| {
            let call = client.continue_service_deployment().service_deployment_arn(arn).hook_id(hook);
            call.set_action(action).send()
        };
        let id = waiting.hook_id().unwrap();
        for hook in ["nope", answered.hook_id().unwrap()] {
            let error = answer(arn, hook, Some(Action::Rollback)).await.unwrap_err();
            assert!(error.as_service_error().unwrap().is_invalid_parameter_exception(), "{hook}");
        }
        let error = answer(arn, id, Some("SKIP".into())).await.unwrap_err();
        assert!(error.as_service_error().unwrap().is_invalid_parameter_exception());
        let error = answer(&format!("{arn}x"), id, action.clone()).await.unwrap_err();
        assert!(error.as_service_error().unwrap().is_service_deployment_not_found_exception());

        let said = answer(arn, id, action.clone()).await.unwrap();
        assert_eq!(said.service_deployment_arn(), Some(arn));
        let after = deployment(&client, arn).await;
        assert_eq!(
            (after.status(), after.lifecycle_hook_details()[1].status()),
            (Some(&status), Some(&hook_status))
        );
        let again = answer(arn, id, action).await.unwrap_err();
        assert_eq!(again.code(), Some("InvalidParameterException"), "it waits no longer");
    }
}

#[tokio::test]
async fn a_breaker_goes_off_and_what_has_ended_cannot_be_stopped() {
    let bench = Bench::new("rolling");
    let client = Client::new(&bench.config);
    let shift = current(&client, "cart").await;
    let breaker = shift.deployment_circuit_breaker().unwrap();
    assert_eq!(
        (breaker.status(), breaker.failure_count(), breaker.threshold()),
        (Some(&Monitor::Monitoring), 2, 3)
    );
    let services = client.describe_services().cluster("shop").services("cart").send().await.unwrap();
    assert_eq!(services.services()[0].deployments()[0].failed_tasks(), 2);
    let set = shift.deployment_configuration().unwrap().deployment_circuit_breaker().unwrap();
    assert!(set.enable() && set.rollback());
    bench.advance(120);
    let arn = shift.service_deployment_arn().unwrap();
    let after = deployment(&client, arn).await;
    assert_eq!(after.status(), Some(&Status::RollbackSuccessful));
    assert_eq!(after.deployment_circuit_breaker().unwrap().status(), Some(&Monitor::Triggered));
    let stop = client.stop_service_deployment().service_deployment_arn(arn);
    let stop = stop.stop_type(StopServiceDeploymentStopType::Rollback).send().await.unwrap_err();
    assert!(stop.as_service_error().unwrap().is_conflict_exception());
    let stopped = client.list_tasks().cluster("shop").service_name("cart").desired_status("STOPPED".into());
    let arns = stopped.send().await.unwrap().task_arns().to_vec();
    assert_eq!(arns.len(), 3);
    let tasks = client.describe_tasks().cluster("shop").set_tasks(Some(arns)).send().await.unwrap();
    assert!(
        tasks.tasks().iter().all(|task| task.stopped_reason().unwrap().starts_with("CannotPullContainer"))
    );
}

#[tokio::test]
async fn alarms_roll_back_by_themselves() {
    let bench = Bench::new("blue-green");
    let client = Client::new(&bench.config);
    let shift = current(&client, "checkout").await;
    assert_eq!(shift.lifecycle_stage().unwrap().as_str(), "BAKE_TIME");
    assert_eq!(shift.alarms().unwrap().status(), Some(&Monitor::Monitoring));
    bench.advance(600);
    let after = deployment(&client, shift.service_deployment_arn().unwrap()).await;
    assert_eq!(after.status(), Some(&Status::RollbackSuccessful));
    let alarms = after.alarms().unwrap();
    assert_eq!(
        (alarms.status(), alarms.triggered_alarm_names()),
        (Some(&Monitor::Triggered), &["checkout-5xx".to_owned()][..])
    );
    assert!(after.rollback().unwrap().reason().unwrap().contains("checkout-5xx"));
}

#[tokio::test]
async fn a_service_is_deployed_again() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let before = current(&client, "checkout").await;
    let update = |definition: &str, force: bool| {
        let call = client.update_service().cluster("shop").service("checkout").task_definition(definition);
        call.force_new_deployment(force).send()
    };
    let same = update("web-checkout:42", false).await.unwrap();
    let current_of =
        |service: &aws_sdk_ecs::types::Service| service.current_service_deployment().map(str::to_owned);
    assert_eq!(current_of(same.service().unwrap()).as_deref(), before.service_deployment_arn());
    let error = update("web-checkout:99", false).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_client_exception());
    let error = client.update_service().cluster("shop").service("nope").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_service_not_found_exception());

    let made = update("web-checkout:41", false).await.unwrap();
    assert_ne!(current_of(made.service().unwrap()).as_deref(), before.service_deployment_arn());
    bench.advance(10);
    let old = deployment(&client, before.service_deployment_arn().unwrap()).await;
    assert_eq!(old.status(), Some(&Status::Stopped));
    let new = current(&client, "checkout").await;
    assert_eq!(new.source_service_revisions().len(), 2);
    assert_eq!(new.lifecycle_stage().unwrap().as_str(), "RECONCILE_SERVICE");
    // The same task definition, but another revision of the service.
    assert_ne!(new.target_service_revision().unwrap().arn(), new.source_service_revisions()[0].arn());
}
