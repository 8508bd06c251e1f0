//! `DescribeAlarms`, mute rules, history, and the alarm's own metrics. The only SDK code of this feature.

use super::model::{Alarm, AlarmDetail, AlarmList, AlarmState, DetailQuery, HistoryItem, Kind, Silent};
use crate::aws::operation::{
    DESCRIBE_ALARM_HISTORY, DESCRIBE_ALARMS, GET_ALARM_MUTE_RULE, LIST_ALARM_MUTE_RULES,
};
use crate::aws::{Conn, SourceError};
use crate::features::metrics::{MetricQuery, Stat, source::fetch};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use crate::text::{sanitize, sanitize_block};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    self as sdk, AlarmMuteRuleStatus, AlarmType, HistoryItemType, MetricDataQuery, ScanBy,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Alarms that are read at most: AWS allows 5,000 per region by default.
const MAX_ALARMS: usize = 20_000;
/// Mute rules are asked for this often.
const MUTES_EVERY: Duration = Duration::from_mins(5);
/// Mute rules that are looked into at most.
const MAX_MUTE_RULES: usize = 50;
/// History entries that are read.
const HISTORY: i32 = 100;

/// Reads all alarms of a target.
pub struct ListSource {
    conn: Conn,
    mutes: Mutes,
}

#[derive(Default)]
struct Mutes {
    read_at: Option<Duration>,
    /// Alarm name -> rule name.
    by_alarm: BTreeMap<String, String>,
    unknown: Option<String>,
}

impl ListSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), mutes: Mutes::default() }
    }

    async fn list(&self) -> Result<Vec<Alarm>, SourceError> {
        let mut alarms = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let request = self
                .conn
                .cloudwatch()
                .describe_alarms()
                // Left out, only metric alarms come back.
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .alarm_types(AlarmType::from("LogAlarm"))
                .max_records(100)
                .set_next_token(token.take());
            let page = self.conn.call(&DESCRIBE_ALARMS, request.send()).await?;
            alarms.extend(page.metric_alarms().iter().map(metric));
            alarms.extend(page.composite_alarms().iter().map(composite));
            alarms.extend(page.log_alarms().iter().map(log));
            token = page.next_token().map(str::to_owned);
            if token.is_none() || alarms.len() >= MAX_ALARMS {
                break;
            }
        }
        alarms.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(alarms)
    }

    /// Mute rules say nothing about their targets in lists: each active one is asked for.
    async fn read_mutes(&mut self, now: Duration) {
        if self.mutes.read_at.is_some_and(|at| now.saturating_sub(at) < MUTES_EVERY) {
            return;
        }
        self.mutes.read_at = Some(now);
        match self.active_mutes().await {
            Ok(by_alarm) => self.mutes = Mutes { read_at: Some(now), by_alarm, unknown: None },
            Err(error) => self.mutes.unknown = Some(error.short()),
        }
    }

    async fn active_mutes(&self) -> Result<BTreeMap<String, String>, SourceError> {
        let request = self.conn.cloudwatch().list_alarm_mute_rules().statuses(AlarmMuteRuleStatus::Active);
        let rules = self.conn.call(&LIST_ALARM_MUTE_RULES, request.send()).await?;
        let mut by_alarm = BTreeMap::new();
        for rule in rules.alarm_mute_rule_summaries().iter().take(MAX_MUTE_RULES) {
            // A summary names its rule by ARN: arn:..:alarm-mute-rule:NAME.
            let name = rule.alarm_mute_rule_arn().and_then(|arn| arn.rsplit([':', '/']).next());
            let Some(name) = name else { continue };
            let request = self.conn.cloudwatch().get_alarm_mute_rule().alarm_mute_rule_name(name);
            let rule = self.conn.call(&GET_ALARM_MUTE_RULE, request.send()).await?;
            for alarm in rule.mute_targets().map(sdk::MuteTargets::alarm_names).unwrap_or_default() {
                by_alarm.insert(sanitize(alarm).into_owned(), sanitize(name).into_owned());
            }
        }
        Ok(by_alarm)
    }
}

impl Source for ListSource {
    async fn poll(&mut self, _query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let mut alarms = self.list().await?;
        self.read_mutes(ctx.now.since_start).await;
        for alarm in &mut alarms {
            if let Some(rule) = self.mutes.by_alarm.get(&alarm.name) {
                alarm.silent = Some(Silent::Muted(rule.clone()));
            }
        }
        Ok(Payload::Alarms(AlarmList { alarms, mutes_unknown: self.mutes.unknown.clone() }))
    }
}

/// Reads what stands behind one alarm.
pub struct DetailSource {
    conn: Conn,
}

impl DetailSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone() }
    }

    async fn history(&self, query: &DetailQuery, now: Timestamp) -> Result<Vec<HistoryItem>, SourceError> {
        let request = self
            .conn
            .cloudwatch()
            .describe_alarm_history()
            .alarm_name(&query.name)
            .set_alarm_types(Some(vec![
                AlarmType::MetricAlarm,
                AlarmType::CompositeAlarm,
                AlarmType::from("LogAlarm"),
            ]))
            .end_date(DateTime::from_secs(now.as_second()))
            .scan_by(ScanBy::TimestampDescending)
            .max_records(HISTORY);
        let page = self.conn.call(&DESCRIBE_ALARM_HISTORY, request.send()).await?;
        Ok(page
            .alarm_history_items()
            .iter()
            .filter_map(|item| {
                Some(HistoryItem {
                    at: time(item.timestamp()?)?,
                    kind: clean_line(item.history_item_type().map_or("", HistoryItemType::as_str)),
                    summary: sanitize(item.history_summary().unwrap_or_default()).into_owned(),
                })
            })
            .collect())
    }

    async fn children(&self, query: &DetailQuery) -> Result<Vec<(String, AlarmState)>, SourceError> {
        let request = self
            .conn
            .cloudwatch()
            .describe_alarms()
            // Beside it AWS takes only MaxRecords and NextToken.
            .children_of_alarm_name(&query.name);
        let page = self.conn.call(&DESCRIBE_ALARMS, request.send()).await?;
        let metric = page.metric_alarms().iter().map(|a| (a.alarm_name(), a.state_value()));
        let composite = page.composite_alarms().iter().map(|a| (a.alarm_name(), a.state_value()));
        let all = metric.chain(composite);
        Ok(all
            .map(|(name, state)| (sanitize(name.unwrap_or_default()).into_owned(), parse_state(state)))
            .collect())
    }
}

impl Source for DetailSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::AlarmDetail(query) = query else {
            return Err(internal("AlarmDetail", "asked for something else"));
        };
        let mut detail = AlarmDetail {
            name: query.name.clone(),
            series: Vec::new(),
            history: Vec::new(),
            children: Vec::new(),
            missing: Vec::new(),
        };
        // Each part may be denied alone: what can be read is shown, the rest is named.
        let mut first_error = None;
        let mut parts = 0;
        if !query.metrics.is_empty() {
            parts += 1;
            match fetch(&self.conn, &query.metrics, query.window.range(ctx.now.wall)).await {
                Ok(series) => detail.series = series,
                Err(error) => note(&mut detail.missing, &mut first_error, "metrics", error),
            }
        }
        parts += 1;
        match self.history(query, ctx.now.wall).await {
            Ok(history) => detail.history = history,
            Err(error) => note(&mut detail.missing, &mut first_error, "history", error),
        }
        if query.children {
            parts += 1;
            match self.children(query).await {
                Ok(children) => detail.children = children,
                Err(error) => note(&mut detail.missing, &mut first_error, "children", error),
            }
        }
        match first_error {
            Some(error) if detail.missing.len() == parts => Err(error),
            _ => Ok(Payload::AlarmDetail(detail)),
        }
    }
}

fn note(missing: &mut Vec<String>, first: &mut Option<SourceError>, part: &str, error: SourceError) {
    missing.push(format!("{part}: {}", error.short()));
    first.get_or_insert(error);
}

fn time(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}

fn parse_state(state: Option<&sdk::StateValue>) -> AlarmState {
    AlarmState::parse(&sanitize(state.map_or("", sdk::StateValue::as_str)))
}

fn clean(text: Option<&str>) -> String {
    sanitize_block(text.unwrap_or_default()).into_owned()
}

fn clean_line(text: &str) -> String {
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

fn metric(alarm: &sdk::MetricAlarm) -> Alarm {
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

fn composite(alarm: &sdk::CompositeAlarm) -> Alarm {
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

fn log(alarm: &sdk::LogAlarm) -> Alarm {
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
        stat: Some(Stat {
            namespace: clean_line(namespace),
            name: clean_line(name),
            dimensions: dimensions(alarm.dimensions()),
            stat: clean_line(stat),
        }),
        expression: None,
        label: None,
        period,
        returned: true,
    }]
}

fn math(query: &MetricDataQuery, period: i32) -> MetricQuery {
    let stat = query.metric_stat().and_then(|stat| {
        let metric = stat.metric()?;
        Some(Stat {
            namespace: clean_line(metric.namespace()?),
            name: clean_line(metric.metric_name()?),
            dimensions: dimensions(metric.dimensions()),
            stat: clean_line(stat.stat().unwrap_or("Average")),
        })
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
