//! The services with small surfaces: load balancers and STS over Query, Lambda and X-Ray over REST-JSON.

use super::Bench;
use aws_sdk_elasticloadbalancingv2::types::TargetGroupTuple;
use aws_sdk_sts::error::ProvideErrorMetadata;

#[tokio::test]
async fn identity_and_roles() {
    let bench = Bench::new("quiet");
    let client = aws_sdk_sts::Client::new(&bench.config);
    let identity = client.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("111122223333"));
    assert_eq!(identity.arn(), Some("arn:aws:sts::111122223333:assumed-role/OnCall/demo"));
    let role = client.assume_role().role_arn("arn:aws:iam::111122223333:role/Deploy").role_session_name("me");
    let role = role.send().await.unwrap();
    assert!(role.credentials().unwrap().expiration().secs() > bench.now().as_second());
    assert!(role.assumed_role_user().unwrap().arn().ends_with("assumed-role/Deploy/me"));
    let wrong = client.assume_role().role_arn("x").send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("ValidationError"));
}

#[tokio::test]
async fn weights_follow_the_deployment() {
    let bench = Bench::new("bad-deploy");
    let client = aws_sdk_elasticloadbalancingv2::Client::new(&bench.config);
    let balancers = client.describe_load_balancers().names("shop-web").send().await.unwrap();
    let balancer = balancers.load_balancers()[0].load_balancer_arn().unwrap();
    let listeners = client.describe_listeners().load_balancer_arn(balancer).send().await.unwrap();
    let listener = listeners.listeners()[0].listener_arn().unwrap();
    assert!(!listeners.listeners()[0].default_actions().is_empty());

    let first = client.describe_rules().listener_arn(listener).page_size(1).send().await.unwrap();
    assert_eq!(first.rules().len(), 1);
    assert!(first.next_marker().is_some());
    let weights = async || {
        let rules = client.describe_rules().listener_arn(listener).send().await.unwrap();
        let checkout = rules.rules().iter().find(|rule| {
            rule.conditions()
                .iter()
                .any(|condition| condition.values().iter().any(|path| path.contains("checkout")))
        });
        let forward = checkout.unwrap().actions()[0].forward_config().unwrap().clone();
        let mut weights: Vec<i32> =
            forward.target_groups().iter().filter_map(TargetGroupTuple::weight).collect();
        weights.sort_unstable();
        weights
    };
    assert_eq!(weights().await, [20, 80]);
    bench.advance(6 * 60);
    assert_eq!(weights().await, [0, 100]);

    let groups = client.describe_target_groups().load_balancer_arn(balancer).send().await.unwrap();
    assert!(groups.target_groups().len() >= 6);
    let group = groups.target_groups()[0].target_group_arn().unwrap();
    let health = client.describe_target_health().target_group_arn(group).send().await.unwrap();
    for target in health.target_health_descriptions() {
        assert!(target.target_health().unwrap().state().is_some());
    }
    let missing = client.describe_target_health().target_group_arn("arn:nope").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_target_group_not_found_exception());
    let both = client.describe_rules().send().await.unwrap_err();
    assert_eq!(both.code(), Some("ValidationError"));
}

#[tokio::test]
async fn functions_aliases_and_mappings() {
    let bench = Bench::new("bad-deploy");
    let client = aws_sdk_lambda::Client::new(&bench.config);
    let functions = client.list_functions().send().await.unwrap();
    let receipts =
        functions.functions().iter().find(|function| function.function_name() == Some("receipts")).unwrap();
    assert!(receipts.logging_config().unwrap().log_group().unwrap().starts_with("/aws/lambda/"));
    let aliases = client.list_aliases().function_name("receipts").send().await.unwrap();
    assert_eq!(aliases.aliases()[0].name(), Some("live"));
    let mappings = client.list_event_source_mappings().function_name("receipts").send().await.unwrap();
    assert!(mappings.event_source_mappings()[0].event_source_arn().unwrap().ends_with("receipts-queue"));
    assert!(mappings.event_source_mappings()[0].last_modified().is_some());
    let missing = client.list_aliases().function_name("nope").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_resource_not_found_exception());

    let big = Bench::new("big");
    let client = aws_sdk_lambda::Client::new(&big.config);
    let first = client.list_functions().max_items(500).send().await.unwrap();
    assert_eq!(first.functions().len(), 50, "never more than 50 to a page");
    let second =
        client.list_functions().set_marker(first.next_marker().map(str::to_owned)).send().await.unwrap();
    assert_ne!(first.functions()[0].function_name(), second.functions()[0].function_name());
}
