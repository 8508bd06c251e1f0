//! Dashboards over CBOR, and that what they draw exists.

use super::Bench;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use serde_json::Value;

#[tokio::test]
async fn dashboards_are_listed_and_fetched() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let listed = client.list_dashboards().send().await.unwrap();
    let entries = listed.dashboard_entries();
    let names: Vec<&str> = entries.iter().filter_map(|entry| entry.dashboard_name()).collect();
    assert_eq!(names, ["checkout", "shop-overview"]);
    assert!(listed.next_token().is_none());
    for entry in entries {
        let name = entry.dashboard_name().unwrap();
        let fetched = client.get_dashboard().dashboard_name(name).send().await.unwrap();
        let body = fetched.dashboard_body().unwrap();
        assert_eq!(entry.size(), Some(body.len() as i64), "{name}");
        assert_eq!(fetched.dashboard_arn(), entry.dashboard_arn(), "{name}");
        assert_eq!(
            fetched.dashboard_arn(),
            Some(format!("arn:aws:cloudwatch::111122223333:dashboard/{name}").as_str())
        );
        assert!(entry.last_modified().unwrap().secs() < bench.now().as_second());
        let body: Value = serde_json::from_str(body).unwrap();
        assert!(body["widgets"].as_array().unwrap().len() >= 12, "{name}");
        let text = body.to_string();
        for place in ["{region}", "{account}", "{checkout-deployed}"] {
            assert!(!text.contains(place), "{name}: {place} is not filled in");
        }
    }
    let some = client.list_dashboards().dashboard_name_prefix("shop").send().await.unwrap();
    assert_eq!(some.dashboard_entries().len(), 1);
    let none = client.list_dashboards().dashboard_name_prefix("nope").send().await.unwrap();
    assert!(none.dashboard_entries().is_empty());
}

#[tokio::test]
async fn wrong_dashboards_are_refused_as_aws_does() {
    let bench = Bench::new("quiet");
    let client = Client::new(&bench.config);
    let missing = client.get_dashboard().dashboard_name("nope").send().await.unwrap_err();
    assert_eq!(missing.raw_response().unwrap().status().as_u16(), 404);
    assert!(missing.as_service_error().unwrap().is_dashboard_not_found_error(), "{missing:?}");
    assert_eq!(missing.message(), Some("Dashboard nope does not exist"));
    let wrong = client.get_dashboard().dashboard_name("a b").send().await.unwrap_err();
    assert!(wrong.as_service_error().unwrap().is_invalid_parameter_value_exception());
    let wrong = client.list_dashboards().next_token("nonsense").send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("InvalidParameterValue"));
}
