//! Alarms as configured, their state and history in AWS's words, and the mute rules.
//!
//! `verdict.rs` evaluates them on the metrics; nothing here decides whether a datapoint breaches.

use super::catalogue::APP;
use super::spec::{Absent, ActionsSpec, AlarmSpec, WatchSpec};
use super::types::{AlarmDef, AlarmHistory, AlarmState, AlarmStatus, CLUSTER, Metric, MuteRule, Stat, Watch};
use super::verdict::Transition;
use super::{LONG_AGO, World, time};
use jiff::Timestamp;

impl World {
    /// All alarms, sorted by name.
    pub fn alarms(&self) -> &[AlarmDef] {
        &self.alarms
    }

    /// An alarm by name.
    pub fn alarm(&self, name: &str) -> Option<&AlarmDef> {
        self.alarms
            .binary_search_by(|alarm| alarm.name.as_str().cmp(name))
            .ok()
            .and_then(|at| self.alarms.get(at))
    }

    /// An alarm's state alone, without the reasons for it; none when there is no such alarm.
    pub fn alarm_state(&self, name: &str, now: Timestamp) -> Option<AlarmState> {
        let transitions = self.transitions(self.alarm(name)?, now.as_millisecond());
        Some(transitions.last().map_or(AlarmState::InsufficientData, |last| last.state))
    }

    /// An alarm's state at a time; none when there is no such alarm.
    pub fn alarm_status(&self, name: &str, now: Timestamp) -> Option<AlarmStatus> {
        let alarm = self.alarm(name)?;
        let transitions = self.transitions(alarm, now.as_millisecond());
        let Some(last) = transitions.last() else {
            return Some(AlarmStatus {
                state: AlarmState::InsufficientData,
                reason: "Unchecked: Initial alarm creation".to_owned(),
                reason_data: None,
                since: alarm.configured_at,
                updated: alarm.configured_at,
                suppressed: None,
            });
        };
        let silenced = match &alarm.watch {
            Watch::Composite { suppressor: Some(suppressor), .. } => self
                .alarm_status(suppressor, now)
                .filter(|status| status.state == AlarmState::Alarm)
                .map(|_| ("Alarm", format!("Suppressed by {suppressor}"))),
            _ => None,
        };
        Some(AlarmStatus {
            state: last.state,
            reason: last.reason(alarm),
            reason_data: Some(last.reason_data(self, alarm)),
            since: time(last.at),
            updated: time(last.at),
            suppressed: silenced,
        })
    }

    /// History of one alarm or of all, the newest first.
    pub fn alarm_history(
        &self,
        name: Option<&str>,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    ) -> Vec<AlarmHistory> {
        let mut items = Vec::new();
        for alarm in self.alarms.iter().filter(|alarm| name.is_none_or(|name| alarm.name == name)) {
            let kind = match alarm.watch {
                Watch::Composite { .. } => "CompositeAlarm",
                Watch::Log { .. } => "LogAlarm",
                Watch::Metric(..) | Watch::Percent { .. } => "MetricAlarm",
            };
            let item = |at: Timestamp, item_type, summary: String, data: String| AlarmHistory {
                alarm: alarm.name.clone(),
                alarm_type: kind,
                at,
                item_type,
                summary,
                data,
            };
            items.push(item(
                alarm.configured_at,
                "ConfigurationUpdate",
                format!("Alarm \"{}\" created", alarm.name),
                serde_json::json!({ "version": "1.0", "type": "Create" }).to_string(),
            ));
            let transitions = self.transitions(alarm, now.as_millisecond());
            for (index, change) in transitions.iter().enumerate() {
                let before = index.checked_sub(1).and_then(|before| transitions.get(before));
                let old = before.map_or(AlarmState::InsufficientData, |before| before.state);
                items.push(item(
                    time(change.at),
                    "StateUpdate",
                    format!("Alarm updated from {} to {}", old.as_str(), change.state.as_str()),
                    self.update_data(alarm, before, change),
                ));
                if change.state == AlarmState::Alarm && alarm.actions_enabled {
                    items.extend(alarm.alarm_actions.iter().map(|action| {
                        item(
                            time(change.at + 400),
                            "Action",
                            format!("Successfully executed action {action}"),
                            serde_json::json!({ "actionState": "Succeeded", "notificationResource": action })
                                .to_string(),
                        )
                    }));
                }
            }
        }
        items.retain(|item| from <= item.at && item.at <= to && item.at <= now);
        items.sort_by_key(|item| std::cmp::Reverse(item.at));
        items
    }

    fn update_data(&self, alarm: &AlarmDef, before: Option<&Transition>, change: &Transition) -> String {
        let state = |transition: &Transition| {
            serde_json::json!({
                "stateValue": transition.state.as_str(),
                "stateReason": transition.reason(alarm),
                "stateReasonData": transition.reason_data(self, alarm),
            })
        };
        let old = before.map_or_else(|| serde_json::json!({ "stateValue": "INSUFFICIENT_DATA" }), state);
        serde_json::json!({ "version": "1.0", "oldState": old, "newState": state(change) }).to_string()
    }

    /// All alarm mute rules.
    pub fn mute_rules(&self, now: Timestamp) -> Vec<MuteRule> {
        let rules = self.scenario.mutes.iter().map(|spec| {
            let begin = self.start + spec.started.0;
            let end = begin + i64::from(spec.hours) * 3_600_000;
            let now = now.as_millisecond();
            MuteRule {
                name: spec.name.clone(),
                description: spec.description.clone(),
                alarms: spec.alarms.clone(),
                expression: format!("at({})", time(begin).strftime("%Y-%m-%dT%H:%M")),
                duration: format!("PT{}H", spec.hours),
                timezone: "UTC".to_owned(),
                status: if now < begin {
                    "SCHEDULED"
                } else if now < end {
                    "ACTIVE"
                } else {
                    "EXPIRED"
                },
                updated: time(begin - 60_000),
            }
        });
        rules.collect()
    }

    pub(super) fn make_alarms(&self) -> Vec<AlarmDef> {
        let mut alarms: Vec<AlarmDef> =
            self.scenario.alarms.iter().filter_map(|spec| self.make_alarm(spec)).collect();
        alarms.sort_by(|left, right| left.name.cmp(&right.name));
        alarms
    }

    fn make_alarm(&self, spec: &AlarmSpec) -> Option<AlarmDef> {
        let watch = match &spec.watch {
            WatchSpec::Errors(service) => {
                let dimensions = [("ClusterName", CLUSTER), ("ServiceName", service.get_ref().as_str())];
                Watch::Percent {
                    part: Metric::new(APP, "Faults", &dimensions),
                    whole: Metric::new(APP, "Requests", &dimensions),
                }
            }
            WatchSpec::P99(service) => {
                let dimensions = [("ClusterName", CLUSTER), ("ServiceName", service.get_ref().as_str())];
                Watch::Metric(Metric::new(APP, "Latency", &dimensions), Stat::Percentile(99.0))
            }
            WatchSpec::ErrorLines(service) => Watch::Log {
                group: format!("/ecs/{}", service.get_ref()),
                query: "fields @timestamp | filter level = \"ERROR\" | stats count(*) as errors".to_owned(),
            },
            WatchSpec::FunctionErrors(function) => Watch::Metric(
                Metric::new("AWS/Lambda", "Errors", &[("FunctionName", function.get_ref())]),
                Stat::Sum,
            ),
            WatchSpec::Gauge(gauge) => {
                let (namespace, metric, value) = gauge.get_ref();
                let gauge = self.scenario.gauges.iter().find(|gauge| gauge.is(namespace, metric, value))?;
                Watch::Metric(gauge.identity(), Stat::Average)
            }
            WatchSpec::AnyOf(children) => Watch::Composite { children: children.clone(), suppressor: None },
            WatchSpec::AnyOfUnless(children, suppressor) => {
                Watch::Composite { children: children.clone(), suppressor: Some(suppressor.clone()) }
            }
        };
        let page = vec![self.arn("sns", "oncall-page")];
        let alarm_actions = match spec.actions {
            ActionsSpec::Page | ActionsSpec::Off => page.clone(),
            ActionsSpec::Scale => vec![self.arn(
                "autoscaling",
                &format!(
                    "scalingPolicy:{}:resource/ecs/service/{CLUSTER}/{}:policyName/target-tracking",
                    self.dice.named(&spec.name).uuid(),
                    spec.name.split('/').next_back().unwrap_or_default()
                ),
            )],
            ActionsSpec::None => Vec::new(),
        };
        let ok_actions =
            if matches!(spec.actions, ActionsSpec::Page | ActionsSpec::Off) { page } else { Vec::new() };
        Some(AlarmDef {
            name: spec.name.clone(),
            description: spec.description.clone(),
            watch,
            comparison: if spec.below { "LessThanThreshold" } else { "GreaterThanThreshold" },
            threshold: spec.threshold,
            period: spec.period,
            evaluation_periods: spec.points.1,
            datapoints_to_alarm: spec.points.0,
            treat_missing: match spec.missing {
                Absent::Missing => "missing",
                Absent::NotBreaching => "notBreaching",
                Absent::Breaching => "breaching",
                Absent::Ignore => "ignore",
            },
            actions_enabled: spec.actions != ActionsSpec::Off,
            alarm_actions,
            ok_actions,
            configured_at: time(self.start - LONG_AGO),
        })
    }
}
