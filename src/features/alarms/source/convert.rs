//! AWS's alarms of three kinds to ours. It reads nothing; all text is sanitized here.

use crate::features::alarms::model::{Alarm, AlarmState, Kind, Silent};
use crate::features::metrics::{MetricQuery, Stat};
use crate::text::{sanitize, sanitize_block};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{self as sdk, MetricDataQuery};
use jiff::Timestamp;
use std::sync::Arc;

pub(super) fn time(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}

pub(super) fn parse_state(state: Option<&sdk::StateValue>) -> AlarmState {
    AlarmState::parse(&sanitize(state.map_or("", sdk::StateValue::as_str)))
}

fn clean(text: Option<&str>) -> String {
    sanitize_block(text.unwrap_or_default()).into_owned()
}

pub(super) fn clean_line(text: &str) -> String {
    sanitize(text).into_owned()
}

fn clean_all(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| clean_line(text)).collect()
}

fn silent(enabled: Option<bool>, actions: &[String]) -> Option<Silent> {
    match enabled {
        Some(false) => Some(Silent::ActionsOff),
        _ if actions.is_empty() => Some(Silent::NoActions),
        _ => None,
    }
}

/// The fields that all three kinds share, with everything else empty.
fn common(name: Option<&str>, arn: Option<&str>, kind: Kind, state: Option<&sdk::StateValue>) -> Alarm {
    Alarm {
        name: sanitize(name.unwrap_or_default()).into_owned(),
        arn: sanitize(arn.unwrap_or_default()).into_owned(),
        kind,
        state: parse_state(state),
        since: None,
        reason: String::new(),
        description: String::new(),
        silent: None,
        actions: Vec::new(),
        threshold: None,
        comparison: String::new(),
        value: None,
        first_breach: None,
        datapoints: None,
        treat_missing: String::new(),
        metrics: Vec::new(),
        rule: String::new(),
        log_groups: Vec::new(),
        evaluation: None,
    }
}

pub(super) fn metric(alarm: &sdk::MetricAlarm) -> Alarm {
    let data = ReasonData::parse(alarm.state_reason_data());
    let evaluations = alarm.evaluation_periods();
    let base = common(alarm.alarm_name(), alarm.alarm_arn(), Kind::Metric, alarm.state_value());
    let mut alarm_ = Alarm {
        since: alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp()).and_then(time),
        reason: clean(alarm.state_reason()),
        description: clean(alarm.alarm_description()),
        silent: silent(alarm.actions_enabled(), alarm.alarm_actions()),
        actions: clean_all(alarm.alarm_actions()),
        threshold: alarm.threshold(),
        comparison: clean_line(alarm.comparison_operator().map_or("", |operator| operator.as_str())),
        value: data.value,
        datapoints: evaluations.map(|n| (alarm.datapoints_to_alarm().unwrap_or(n), n)),
        treat_missing: clean_line(alarm.treat_missing_data().unwrap_or("missing")),
        metrics: metrics(alarm),
        evaluation: alarm.evaluation_state().map(|state| clean_line(state.as_str())),
        ..base
    };
    let breaching = data.points.iter().filter(|(_, value)| alarm_.breaches(*value) == Some(true));
    alarm_.first_breach = breaching.map(|(at, _)| *at).min();
    alarm_
}

pub(super) fn composite(alarm: &sdk::CompositeAlarm) -> Alarm {
    let suppressed = alarm.actions_suppressed_by().map(|by| {
        let reason = alarm.actions_suppressed_reason().unwrap_or(by.as_str());
        Silent::Suppressed(sanitize(reason).into_owned())
    });
    Alarm {
        since: alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp()).and_then(time),
        reason: clean(alarm.state_reason()),
        description: clean(alarm.alarm_description()),
        silent: suppressed.or_else(|| silent(alarm.actions_enabled(), alarm.alarm_actions())),
        actions: clean_all(alarm.alarm_actions()),
        rule: clean(alarm.alarm_rule()),
        ..common(alarm.alarm_name(), alarm.alarm_arn(), Kind::Composite, alarm.state_value())
    }
}

pub(super) fn log(alarm: &sdk::LogAlarm) -> Alarm {
    let datapoints = alarm.query_results_to_evaluate();
    let query = alarm.scheduled_query_configuration();
    let groups = query.map(sdk::ScheduledQueryConfiguration::log_group_identifiers).unwrap_or_default();
    Alarm {
        log_groups: groups.iter().map(|group| group_name(group)).collect(),
        since: alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp()).and_then(time),
        reason: clean(alarm.state_reason()),
        description: clean(alarm.alarm_description()),
        silent: silent(alarm.actions_enabled(), alarm.alarm_actions()),
        actions: clean_all(alarm.alarm_actions()),
        threshold: alarm.threshold(),
        comparison: clean_line(alarm.comparison_operator().map_or("", |operator| operator.as_str())),
        datapoints: datapoints.map(|n| (alarm.query_results_to_alarm().unwrap_or(n), n)),
        ..common(alarm.alarm_name(), alarm.alarm_arn(), Kind::Log, alarm.state_value())
    }
}

/// A log group's name, also out of `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`.
fn group_name(identifier: &str) -> String {
    let name = identifier.split_once(":log-group:").map_or(identifier, |(_, rest)| rest);
    sanitize(name.strip_suffix(":*").unwrap_or(name)).into_owned()
}

/// What the alarm watches: its math, or its one metric as a query of its own.
fn metrics(alarm: &sdk::MetricAlarm) -> Vec<MetricQuery> {
    let period = alarm.period().unwrap_or(60);
    if !alarm.metrics().is_empty() {
        return alarm.metrics().iter().map(|query| math(query, period)).collect();
    }
    let (Some(namespace), Some(name)) = (alarm.namespace(), alarm.metric_name()) else { return Vec::new() };
    let stat =
        alarm.statistic().map(sdk::Statistic::as_str).or(alarm.extended_statistic()).unwrap_or("Average");
    vec![MetricQuery {
        id: "m1".into(),
        stat: Some(Arc::new(Stat {
            namespace: clean_line(namespace),
            name: clean_line(name),
            dimensions: dimensions(alarm.dimensions()),
            stat: clean_line(stat),
        })),
        expression: None,
        label: None,
        period,
        returned: true,
    }]
}

fn math(query: &MetricDataQuery, period: i32) -> MetricQuery {
    let stat = query.metric_stat().and_then(|stat| {
        let metric = stat.metric()?;
        Some(Arc::new(Stat {
            namespace: clean_line(metric.namespace()?),
            name: clean_line(metric.metric_name()?),
            dimensions: dimensions(metric.dimensions()),
            stat: clean_line(stat.stat().unwrap_or("Average")),
        }))
    });
    MetricQuery {
        id: clean_line(query.id().unwrap_or("m1")),
        stat,
        expression: query.expression().map(clean_line),
        label: query.label().map(clean_line),
        period: query.metric_stat().and_then(sdk::MetricStat::period).or(query.period()).unwrap_or(period),
        returned: query.return_data().unwrap_or(true),
    }
}

fn dimensions(list: &[sdk::Dimension]) -> Vec<(String, String)> {
    let pair = |d: &sdk::Dimension| Some((clean_line(d.name()?), clean_line(d.value()?)));
    list.iter().filter_map(pair).collect()
}

/// `StateReasonData`, read softly: other shapes exist and mean nothing here.
#[derive(Default)]
struct ReasonData {
    value: Option<f64>,
    points: Vec<(Timestamp, f64)>,
}

impl ReasonData {
    fn parse(json: Option<&str>) -> Self {
        let Some(data) = json.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok()) else {
            return Self::default();
        };
        let evaluated = data.get("evaluatedDatapoints").and_then(|list| list.as_array());
        let mut points: Vec<(Timestamp, f64)> = evaluated
            .into_iter()
            .flatten()
            .filter_map(|point| {
                Some((parse_time(point.get("timestamp")?.as_str()?)?, point.get("value")?.as_f64()?))
            })
            .collect();
        points.sort_by_key(|(at, _)| *at);
        let recent = data.get("recentDatapoints").and_then(|list| list.as_array());
        let recent = recent.and_then(|list| list.iter().rev().find_map(serde_json::Value::as_f64));
        Self { value: points.last().map(|(_, value)| *value).or(recent), points }
    }
}

/// `2026-11-22T04:19:00.000+0000`, as CloudWatch writes it.
fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_data_gives_the_newest_value_and_survives_other_shapes() {
        let data = ReasonData::parse(Some(
            r#"{"version":"1.0","recentDatapoints":[1.0,2.0],"threshold":1.0,"evaluatedDatapoints":[
                {"timestamp":"2026-11-22T04:17:00.000+0000","value":2.0},
                {"timestamp":"2026-11-22T04:16:00.000+0000","value":1.5}]}"#,
        ));
        assert_eq!(data.value, Some(2.0));
        assert_eq!(data.points.first().map(|p| p.0.to_string()), Some("2026-11-22T04:16:00Z".to_owned()));
        for other in [None, Some(""), Some("{"), Some("[]"), Some(r#"{"triggeringAlarms":[]}"#)] {
            assert_eq!(ReasonData::parse(other).value, None);
        }
        assert_eq!(ReasonData::parse(Some(r#"{"recentDatapoints":[1.0,null]}"#)).value, Some(1.0));
    }
}
