//! The program itself against the emulators, reached as any AWS program would: by `AWS_ENDPOINT_URL`.

use super::{Server, connect, ministack, moto};
use crate::binary::command;
use crate::common::scratch;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use std::process::Command;

pub fn eyewall(test: &str, server: &Server, arguments: &[&str]) -> Command {
    let mut command = command(&scratch(test));
    command
        .env("AWS_ENDPOINT_URL", &server.url)
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "eu-west-2")
        .args(arguments);
    command
}

/// What it prints; it must say that this is not AWS.
async fn prints(mut command: Command) -> String {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("CUSTOM ENDPOINT"), "{said}");
    said
}

#[tokio::test]
async fn a_snapshot_shows_the_alarms_of_ministack() {
    let Some(server) = ministack("a_snapshot_shows_the_alarms") else { return };
    let (conn, _) = connect(server).await;
    let alarm = conn.cloudwatch().put_metric_alarm().alarm_name("snapshot-latency");
    let alarm =
        alarm.namespace("Eyewall/Test").metric_name("Latency").statistic(Statistic::Average).period(60);
    let alarm = alarm.evaluation_periods(1).threshold(0.5);
    alarm.comparison_operator(ComparisonOperator::GreaterThanThreshold).send().await.unwrap();
    let said = prints(eyewall("snapshot-ministack", server, &["snapshot", "alarms", "--keys", "."])).await;
    assert!(said.contains("snapshot-latency"), "{said}");
}

#[tokio::test]
async fn a_snapshot_shows_the_lines_of_a_group_on_moto() {
    let Some(server) = moto("a_snapshot_shows_the_lines") else { return };
    let (conn, clock) = connect(server).await;
    let (group, stream) = ("/snapshot/api", "one");
    conn.logs().create_log_group().log_group_name(group).send().await.unwrap();
    conn.logs().create_log_stream().log_group_name(group).log_stream_name(stream).send().await.unwrap();
    let line = InputLogEvent::builder().timestamp(clock.wall().as_millisecond()).message("card declined");
    let put = conn.logs().put_log_events().log_group_name(group).log_stream_name(stream);
    put.log_events(line.build().unwrap()).send().await.unwrap();
    let said = prints(eyewall("snapshot-moto", server, &["snapshot", "logs", "--open", group])).await;
    assert!(said.contains("card declined"), "{said}");
}
