//! CloudWatch Logs over JSON 1.1, and Live Tail as an event stream.

use super::Bench;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::StalledStreamProtectionConfig;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, StartLiveTailResponseStream};
use std::collections::HashSet;

const GROUP: &str = "/ecs/checkout";

#[tokio::test]
async fn groups_come_fifty_to_a_page() {
    let bench = Bench::new("big");
    let client = Client::new(&bench.config);
    let mut pages = client.describe_log_groups().into_paginator().send();
    let (mut count, mut names) = (0, HashSet::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.log_groups().len() <= 50);
        count += 1;
        names.extend(page.log_groups().iter().map(|group| group.log_group_name().unwrap().to_owned()));
    }
    assert_eq!((count, names.len()), (100, 5000));
    let wrong = client.describe_log_groups().limit(51).send().await.unwrap_err();
    assert!(wrong.as_service_error().unwrap().is_invalid_parameter_exception());
}

#[tokio::test]
async fn groups_are_found_by_prefix_or_part() {
    let bench = Bench::new("bad-deploy");
    let client = Client::new(&bench.config);
    let by_prefix = client.describe_log_groups().log_group_name_prefix("/ecs/").send().await.unwrap();
    assert!(by_prefix.log_groups().len() >= 3);
    let by_part = client.describe_log_groups().log_group_name_pattern("CHECK").send().await.unwrap();
    let group = &by_part.log_groups()[0];
    assert_eq!(group.log_group_name(), Some(GROUP));
    assert_eq!(group.arn().unwrap().strip_suffix(":*"), group.log_group_arn());
    let streams = client.describe_log_streams().log_group_name(GROUP).send().await.unwrap();
    assert!(!streams.log_streams().is_empty());
}

/// All pages of a read: the events and how many pages there were.
async fn read(
    bench: &Bench,
    limit: i32,
    pattern: Option<&str>,
    newest_first: bool,
) -> (Vec<FilteredLogEvent>, usize) {
    let client = Client::new(&bench.config);
    let (mut events, mut pages, mut token) = (Vec::new(), 0, None);
    let now = bench.now().as_millisecond();
    loop {
        let request =
            client.filter_log_events().log_group_name(GROUP).start_time(now - 60_000).end_time(now - 30_000);
        let request = request.limit(limit).set_filter_pattern(pattern.map(str::to_owned));
        let request = if newest_first { request.start_from_head(false) } else { request };
        let page = request.set_next_token(token).send().await.unwrap();
        pages += 1;
        assert!(page.events().len() <= limit as usize);
        events.extend(page.events().to_vec());
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return (events, pages);
        }
    }
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing() {
    let bench = Bench::new("bad-deploy");
    bench.advance(1);
    let (whole, one) = read(&bench, 10_000, None, false).await;
    assert_eq!(one, 1);
    assert!(whole.len() > 100, "{}", whole.len());
    assert!(whole.is_sorted_by_key(FilteredLogEvent::timestamp));
    let ids: HashSet<_> = whole.iter().filter_map(|event| event.event_id()).collect();
    assert_eq!(ids.len(), whole.len());
    let (paged, pages) = read(&bench, 37, None, false).await;
    assert_eq!(pages, whole.len().div_ceil(37));
    assert_eq!(paged, whole);
    let (mut backward, _) = read(&bench, 37, None, true).await;
    backward.reverse();
    assert_eq!(backward, whole);
}

#[tokio::test]
async fn patterns_are_evaluated_and_bad_ones_refused() {
    let bench = Bench::new("bad-deploy");
    let (all, _) = read(&bench, 10_000, None, false).await;
    let (errors, _) = read(&bench, 10_000, Some("{ $.level = \"ERROR\" }"), false).await;
    let expected = all.iter().filter(|event| {
        let message: Option<serde_json::Value> =
            event.message().and_then(|text| serde_json::from_str(text).ok());
        message.is_some_and(|message| message["level"] == "ERROR")
    });
    assert_eq!(errors.len(), expected.count());
    assert!(!errors.is_empty());
    let client = Client::new(&bench.config);
    let wrong =
        client.filter_log_events().log_group_name(GROUP).filter_pattern("{ $.x = ").send().await.unwrap_err();
    assert!(wrong.message().unwrap().contains("Invalid filter pattern"));
    let missing = client.filter_log_events().log_group_name("/nope").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_resource_not_found_exception());
    let both = client
        .filter_log_events()
        .log_group_name(GROUP)
        .log_group_identifier(GROUP)
        .send()
        .await
        .unwrap_err();
    assert!(both.as_service_error().unwrap().is_invalid_parameter_exception());
}

#[tokio::test]
async fn now_and_then_a_first_page_is_empty() {
    let bench = Bench::new("bad-deploy");
    let mut empty = 0;
    for _ in 0..32 {
        bench.advance(1);
        let client = Client::new(&bench.config);
        let arn = format!("arn:aws:logs:eu-west-1:111122223333:log-group:{GROUP}");
        let start = bench.now().as_millisecond() - 5_000;
        let page =
            client.filter_log_events().log_group_identifier(&arn).start_time(start).send().await.unwrap();
        if page.events().is_empty() && page.next_token().is_some() {
            empty += 1;
            let next = client.filter_log_events().log_group_identifier(&arn).start_time(start);
            let next = next.set_next_token(page.next_token().map(str::to_owned)).send().await.unwrap();
            assert!(!next.events().is_empty());
        }
    }
    assert_eq!(empty, 2);
}

#[tokio::test(start_paused = true)]
async fn a_live_tail_tells_each_second() {
    let bench = Bench::new("bad-deploy");
    let config = aws_sdk_cloudwatchlogs::config::Builder::from(&bench.config)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let client = Client::from_conf(config.build());
    let arn = format!("arn:aws:logs:eu-west-1:111122223333:log-group:{GROUP}");
    let mut tail = client.start_live_tail().log_group_identifiers(&arn).send().await.unwrap().response_stream;
    let Some(StartLiveTailResponseStream::SessionStart(start)) = tail.recv().await.unwrap() else {
        panic!("no session start");
    };
    assert_eq!(start.log_group_identifiers(), std::slice::from_ref(&arn));
    let mut seen = 0;
    for _ in 0..5 {
        bench.advance(1);
        let Some(StartLiveTailResponseStream::SessionUpdate(update)) = tail.recv().await.unwrap() else {
            panic!("no update");
        };
        assert!(!update.session_metadata().unwrap().sampled());
        seen += update.session_results().len();
        assert!(update.session_results().iter().all(|event| event.log_group_identifier() == Some(&arn)));
    }
    assert!(seen > 20, "{seen}");
    bench.advance(3 * 3600);
    let ended = tail.recv().await.unwrap_err();
    assert!(ended.as_service_error().unwrap().is_session_timeout_exception());

    let name = client.start_live_tail().log_group_identifiers(GROUP).send().await.unwrap_err();
    assert!(name.as_service_error().unwrap().is_invalid_parameter_exception());
}
