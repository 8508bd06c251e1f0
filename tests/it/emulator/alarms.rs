//! CloudWatch alarms, as ministack evaluates them and as moto does not speak them.

use super::{connect, ministack, moto};
use crate::common::poll;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricDatum, StandardUnit, Statistic};
use eyewall::app::Window;
use eyewall::aws::{Conn, ErrorClass};
use eyewall::features::alarms::{Alarm, AlarmState, DetailSource, ListSource};
use eyewall::features::{Payload, Query};
use eyewall::runtime::clock::Clock;
use std::time::Duration;

const NAMESPACE: &str = "Eyewall/Test";
const METRIC: &str = "PaymentErrors";

/// An alarm that watches the metric, and one breaching point a minute for the last three minutes.
async fn breach(conn: &Conn, clock: Clock, alarm: &str) {
    let cloudwatch = conn.cloudwatch();
    cloudwatch
        .put_metric_alarm()
        .alarm_name(alarm)
        .namespace(NAMESPACE)
        .metric_name(METRIC)
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .threshold(5.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .send()
        .await
        .unwrap();
    for minutes in 0..3 {
        let datum = MetricDatum::builder()
            .metric_name(METRIC)
            // A second ago: on the minute, the minute that begins is not asked for yet.
            .timestamp(DateTime::from_secs(clock.wall().as_second() - 1 - minutes * 60))
            .value(40.0 + minutes as f64)
            .unit(StandardUnit::Count)
            .build();
        cloudwatch.put_metric_data().namespace(NAMESPACE).metric_data(datum).send().await.unwrap();
    }
}

async fn read(source: &mut ListSource, clock: Clock, name: &str) -> Alarm {
    match poll(source, &Query::Alarms, clock).await {
        Ok(Payload::Alarms(list)) => list.get(name).expect("the alarm is listed").clone(),
        other => panic!("no alarms: {other:?}"),
    }
}

#[tokio::test]
async fn an_alarm_on_ministack_turns_by_itself_and_its_detail_says_why() {
    let Some(server) = ministack("an_alarm_on_ministack_turns_by_itself") else { return };
    let (conn, clock) = connect(server).await;
    breach(&conn, clock, "payment-errors").await;

    let mut source = ListSource::new(&conn);
    let turned = async {
        let mut every = tokio::time::interval(Duration::from_millis(250));
        loop {
            every.tick().await;
            let alarm = read(&mut source, clock, "payment-errors").await;
            if alarm.state == AlarmState::Alarm {
                return alarm;
            }
        }
    };
    let alarm = tokio::time::timeout(Duration::from_secs(30), turned).await.expect("it turns to ALARM");
    assert_eq!(alarm.threshold, Some(5.0));
    assert_eq!(alarm.operator(), ">");
    assert!(alarm.since.is_some() && !alarm.reason.is_empty(), "{alarm:?}");

    let query = Query::AlarmDetail(alarm.detail_query(Window::Live { secs: 3_600 }, clock.now()));
    let Ok(Payload::AlarmDetail(detail)) = poll(&mut DetailSource::new(&conn), &query, clock).await else {
        panic!("no detail")
    };
    assert_eq!(detail.missing, [""; 0]);
    let values: Vec<f64> =
        detail.series.iter().flat_map(|series| &series.points).map(|point| point.1).collect();
    for value in [40.0, 41.0, 42.0] {
        assert!(values.contains(&value), "{value} in {values:?}");
    }
    assert!(detail.history.iter().any(|item| item.kind == "StateUpdate"), "{:?}", detail.history);
}

/// moto does not know the path of RPC-v2 CBOR: it answers with a web page.
#[tokio::test]
async fn a_web_page_instead_of_an_answer_is_told_as_such() {
    let Some(server) = moto("a_web_page_instead_of_an_answer") else { return };
    let (conn, clock) = connect(server).await;
    let error = poll(&mut ListSource::new(&conn), &Query::Alarms, clock).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::NotAws, "{error:?}");
    assert!(!error.advice.is_empty());
    assert!(!format!("{error:?}").contains('<'), "no markup reaches a screen: {error:?}");
}
