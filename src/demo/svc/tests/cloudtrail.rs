//! `LookupEvents`: attributes, pages, lag, refusals, and that the trail tells what the rest of the world shows.

use super::Bench;
use aws_sdk_cloudtrail::error::ProvideErrorMetadata;
use aws_sdk_cloudtrail::operation::lookup_events::builders::LookupEventsFluentBuilder;
use aws_sdk_cloudtrail::types::{Event, EventCategory, LookupAttribute, LookupAttributeKey};

fn ask(bench: &Bench, attributes: &[(LookupAttributeKey, &str)]) -> LookupEventsFluentBuilder {
    let attributes = attributes.iter().map(|(key, value)| {
        LookupAttribute::builder().attribute_key(key.clone()).attribute_value(*value).build().unwrap()
    });
    aws_sdk_cloudtrail::Client::new(&bench.config)
        .lookup_events()
        .set_lookup_attributes(Some(attributes.collect()))
        .start_time(bench.ago(4 * 3_600))
}

/// All pages. Each waits a second, as the quota wants it.
async fn all(bench: &Bench, attributes: &[(LookupAttributeKey, &str)], size: i32) -> Vec<Event> {
    let (mut events, mut token) = (Vec::new(), None);
    loop {
        bench.advance(1);
        let request = ask(bench, attributes).end_time(bench.ago(30)).max_results(size).set_next_token(token);
        let page = request.send().await.unwrap();
        events.extend(page.events().to_vec());
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return events;
        }
    }
}

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().filter_map(Event::event_id).collect()
}

#[tokio::test]
async fn pages_are_newest_first_and_miss_nothing() {
    let bench = Bench::new("bad-deploy");
    let writes = [(LookupAttributeKey::ReadOnly, "false")];
    let large = all(&bench, &writes, 50).await;
    let small = all(&bench, &writes, 7).await;
    assert!(large.len() > 100, "{}", large.len());
    let mut unique = ids(&small);
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), small.len(), "none twice");
    // Some seconds later a few more may have come in.
    assert!(ids(&large).iter().all(|id| unique.contains(id)), "none missing");
    assert!(small.is_sorted_by_key(|event| std::cmp::Reverse(event.event_time().unwrap().secs())));
}

#[tokio::test]
async fn each_attribute_filters() {
    let bench = Bench::new("bad-deploy");
    let some = all(&bench, &[(LookupAttributeKey::EventName, "UpdateService")], 50).await;
    let [event] = some.as_slice() else { panic!("{some:?}") };
    let document: serde_json::Value = serde_json::from_str(event.cloud_trail_event().unwrap()).unwrap();
    assert_eq!(document["requestParameters"]["taskDefinition"], "web-checkout:42");
    assert_eq!(document["eventID"], event.event_id().unwrap());
    let service = event.resources()[0].resource_name().unwrap();
    for (key, value) in [
        (LookupAttributeKey::EventId, event.event_id().unwrap()),
        (LookupAttributeKey::EventSource, "ecs.amazonaws.com"),
        (LookupAttributeKey::Username, event.username().unwrap()),
        (LookupAttributeKey::AccessKeyId, event.access_key_id().unwrap()),
        (LookupAttributeKey::ResourceType, "AWS::ECS::Service"),
        (LookupAttributeKey::ResourceName, service),
        (LookupAttributeKey::ReadOnly, "false"),
    ] {
        let found = all(&bench, &[(key.clone(), value)], 50).await;
        assert!(ids(&found).contains(&event.event_id().unwrap()), "{key:?} = {value}");
        let none = all(&bench, &[(key.clone(), if value == "false" { "true" } else { "nobody" })], 50).await;
        assert!(!ids(&none).contains(&event.event_id().unwrap()), "{key:?}");
    }
}

#[tokio::test]
async fn events_come_late_but_within_a_quarter_of_an_hour() {
    let bench = Bench::new("db-connections");
    let began = bench.now();
    let newest = |events: &[Event]| events.iter().map(|event| event.event_time().unwrap().secs()).max();
    let writes = [(LookupAttributeKey::ReadOnly, "false")];
    let now = all(&bench, &writes, 50).await;
    assert!(newest(&now).unwrap() <= began.as_second() - 60, "none within the first minute");
    bench.advance(900);
    let client = aws_sdk_cloudtrail::Client::new(&bench.config);
    let later = client.lookup_events().end_time(aws_smithy_types::DateTime::from_secs(began.as_second()));
    let later = later.send().await.unwrap();
    assert!(newest(later.events()).unwrap() >= newest(&now).unwrap());
}

#[tokio::test]
async fn refusals_are_cloudtrails_own() {
    let bench = Bench::new("quiet");
    let name = || LookupAttributeKey::EventName;
    for (request, code) in [
        (ask(&bench, &[(name(), "a"), (name(), "b")]), "InvalidLookupAttributesException"),
        (ask(&bench, &[(name(), "")]), "InvalidLookupAttributesException"),
        (ask(&bench, &[("Colour".into(), "red")]), "InvalidLookupAttributesException"),
        (ask(&bench, &[(LookupAttributeKey::ReadOnly, "maybe")]), "InvalidLookupAttributesException"),
        (ask(&bench, &[]).max_results(51), "InvalidMaxResultsException"),
        (ask(&bench, &[]).max_results(0), "InvalidMaxResultsException"),
        (ask(&bench, &[]).next_token("elsewhere"), "InvalidNextTokenException"),
        (ask(&bench, &[]).end_time(bench.ago(5 * 3_600)), "InvalidTimeRangeException"),
        (ask(&bench, &[]).event_category("data".into()), "InvalidEventCategoryException"),
    ] {
        bench.advance(1);
        let error = request.send().await.unwrap_err();
        assert_eq!(error.code(), Some(code));
    }
    bench.advance(1);
    let insights = ask(&bench, &[]).event_category(EventCategory::Insight).send().await.unwrap();
    assert!(insights.events().is_empty());
}

#[tokio::test]
async fn the_third_request_of_a_second_is_throttled() {
    let bench = Bench::new("quiet");
    for _ in 0..2 {
        ask(&bench, &[]).send().await.unwrap();
    }
    let error = ask(&bench, &[]).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
    bench.advance(1);
    ask(&bench, &[]).send().await.unwrap();
}
