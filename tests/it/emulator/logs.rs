//! Log groups and lines, as moto keeps them.

use super::{connect, moto};
use crate::common::poll;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use eyewall::app::Window;
use eyewall::aws::Conn;
use eyewall::features::logs::{GroupsSource, TailQuery, TailSource};
use eyewall::features::{Payload, Query};
use eyewall::runtime::clock::Clock;
use std::collections::BTreeMap;

/// More than two pages of 50.
const GROUPS: usize = 120;
const LINES: usize = 400;

/// Writes lines `numbers` to a group's stream, all of this minute.
async fn write(conn: &Conn, clock: Clock, group: &str, stream: &str, numbers: std::ops::Range<usize>) {
    let start = clock.wall().as_millisecond() - 30_000;
    let line = |number: usize| {
        let event =
            InputLogEvent::builder().timestamp(start + number as i64).message(format!("line {number}"));
        event.build().unwrap()
    };
    let lines = conn.logs().put_log_events().log_group_name(group).log_stream_name(stream);
    lines.set_log_events(Some(numbers.map(line).collect())).send().await.unwrap();
}

#[tokio::test]
async fn all_log_groups_of_moto_are_listed_over_its_pages() {
    let Some(server) = moto("all_log_groups_of_moto_are_listed") else { return };
    let (conn, clock) = connect(server).await;
    for number in 0..GROUPS {
        let name = format!("/paged/service-{number:03}");
        conn.logs().create_log_group().log_group_name(name).send().await.unwrap();
    }
    let Ok(Payload::LogGroups(list)) = poll(&mut GroupsSource::new(&conn), &Query::LogGroups, clock).await
    else {
        panic!("no groups")
    };
    let paged = list.groups.iter().filter(|group| group.name.starts_with("/paged/")).count();
    assert_eq!((paged, list.complete, list.truncated), (GROUPS, true, false));
}

#[tokio::test]
async fn hundreds_of_lines_on_moto_are_tailed_exactly_once_while_they_are_written() {
    let Some(server) = moto("hundreds_of_lines_on_moto") else { return };
    let (conn, clock) = connect(server).await;
    let group = "/tailed/payments";
    conn.logs().create_log_group().log_group_name(group).send().await.unwrap();
    for stream in ["a", "b"] {
        let create = conn.logs().create_log_stream().log_group_name(group);
        create.log_stream_name(stream).send().await.unwrap();
    }
    let query = TailQuery { groups: vec![group.into()], window: Window::Live { secs: 900 } };
    let query = Query::LogTail(query);
    let mut source = TailSource::new(&conn);
    let mut seen = BTreeMap::<String, usize>::new();
    // The first lines are there already, the others come between the polls, the two streams in turn.
    for round in 0..8 {
        let numbers = round * LINES / 8..(round + 1) * LINES / 8;
        write(&conn, clock, group, if round % 2 == 0 { "a" } else { "b" }, numbers).await;
        match poll(&mut source, &query, clock).await {
            Ok(Payload::LogBatch(batch)) => {
                for event in batch.events {
                    *seen.entry(event.message.to_string()).or_default() += 1;
                }
            }
            other => panic!("no lines: {other:?}"),
        }
    }
    let twice: Vec<_> = seen.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(seen.len(), LINES);
}
