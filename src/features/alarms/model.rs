//! What an alarm is, and what follows from it without asking anybody. Pure.

use crate::app::{Now, Window};
use crate::config::{Config, Glob, Severity};
use crate::features::metrics::{MetricQuery, Series};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// Which of the three alarm types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// On one metric or metric math.
    Metric,
    /// On other alarms.
    Composite,
    /// On a scheduled Logs Insights query.
    Log,
}

impl Kind {
    /// The word in lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Composite => "composite",
            Self::Log => "log",
        }
    }
}

/// The state as AWS has it. Unknown words are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmState {
    /// `ALARM`.
    Alarm,
    /// `INSUFFICIENT_DATA`.
    InsufficientData,
    /// `OK`.
    Ok,
    /// Something newer than this program.
    Other(String),
}

impl AlarmState {
    /// From AWS's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "ALARM" => Self::Alarm,
            "INSUFFICIENT_DATA" => Self::InsufficientData,
            "OK" => Self::Ok,
            other => Self::Other(other.to_owned()),
        }
    }

    /// AWS's word.
    pub fn word(&self) -> &str {
        match self {
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Ok => "OK",
            Self::Other(word) => word,
        }
    }
}

/// Why an alarm tells nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Silent {
    /// `ActionsEnabled` is false.
    ActionsOff,
    /// Its actions suppressor is at work; what AWS says about it.
    Suppressed(String),
    /// A mute rule is active; its name.
    Muted(String),
    /// It has no actions for the state ALARM.
    NoActions,
}

impl Silent {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::ActionsOff => "actions off".into(),
            Self::Suppressed(by) => format!("suppressed: {by}"),
            Self::Muted(rule) => format!("muted by {rule}"),
            Self::NoActions => "no actions".into(),
        }
    }
}

/// One alarm of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Unique in an account and region.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Which type.
    pub kind: Kind,
    /// In which state.
    pub state: AlarmState,
    /// Since when it is in that state (`StateTransitionedTimestamp`, else the last write).
    pub since: Option<Timestamp>,
    /// Why, in AWS's words.
    pub reason: String,
    /// Its description.
    pub description: String,
    /// Why it tells nobody; `None` when it does.
    pub silent: Option<Silent>,
    /// ARNs of its actions for the state ALARM.
    pub actions: Vec<String>,
    /// The fixed threshold; anomaly alarms and composites have none.
    pub threshold: Option<f64>,
    /// AWS's operator, for example `GreaterThanThreshold`.
    pub comparison: String,
    /// The newest evaluated value, from the state's reason data.
    pub value: Option<f64>,
    /// The first datapoint that breached, from the state's reason data.
    pub first_breach: Option<Timestamp>,
    /// Datapoints that must breach, of how many.
    pub datapoints: Option<(i32, i32)>,
    /// What missing data mean: `breaching`, `notBreaching`, `ignore`, `missing`.
    pub treat_missing: String,
    /// What it watches; empty for composites and log alarms.
    pub metrics: Vec<MetricQuery>,
    /// The rule of a composite, as text.
    pub rule: String,
    /// Log groups that a log alarm's query reads.
    pub log_groups: Vec<String>,
    /// AWS says that the state may be wrong: `PARTIAL_DATA`, `EVALUATION_ERROR`, ..
    pub evaluation: Option<String>,
}

/// Severity of an alarm: from the config's `[[severity]]`, else composite before the others.
pub fn severity(alarm: &Alarm, config: &Config) -> Severity {
    let rule = config.severities.iter().find(|rule| Glob::new(&rule.pattern).matches(&alarm.name));
    let by_kind = match alarm.kind {
        Kind::Composite => Severity::Critical,
        Kind::Metric | Kind::Log => Severity::High,
    };
    rule.map_or(by_kind, |rule| rule.severity)
}

/// A state this old is chronic: it stands folded.
const CHRONIC: Duration = Duration::from_hours(24);

impl Alarm {
    /// In ALARM.
    pub fn firing(&self) -> bool {
        self.state == AlarmState::Alarm
    }

    /// How long it has been in its state.
    pub fn age(&self, now: Now) -> Option<Duration> {
        self.since.map(|since| Duration::try_from(now.wall.duration_since(since)).unwrap_or_default())
    }

    /// In its state for over a day.
    pub fn chronic(&self, now: Now) -> bool {
        self.age(now).is_some_and(|age| age > CHRONIC)
    }

    /// Its only actions are scaling policies: it fires in ordinary operation.
    pub fn scaling(&self) -> bool {
        !self.actions.is_empty()
            && self.actions.iter().all(|arn| {
                matches!(arn.split(':').nth(2), Some("autoscaling" | "application-autoscaling"))
                    || arn.contains(":scalingPolicy:")
            })
    }

    /// Fires, is fresh, and tells somebody: it counts in the badge.
    pub fn counts(&self, now: Now) -> bool {
        self.firing() && !self.chronic(now) && !self.scaling() && !self.muted()
    }

    /// Muted or suppressed on purpose.
    pub fn muted(&self) -> bool {
        matches!(self.silent, Some(Silent::Muted(_) | Silent::Suppressed(_) | Silent::ActionsOff))
    }

    /// `>`, `>=`, `<`, `<=`, or AWS's word when it is none of them.
    pub fn operator(&self) -> &str {
        match self.comparison.as_str() {
            "GreaterThanThreshold" => ">",
            "GreaterThanOrEqualToThreshold" => ">=",
            "LessThanThreshold" => "<",
            "LessThanOrEqualToThreshold" => "<=",
            other => other,
        }
    }

    /// Whether a value crosses the threshold; `None` when there is no fixed one.
    pub fn breaches(&self, value: f64) -> Option<bool> {
        let threshold = self.threshold?;
        match self.operator() {
            ">" => Some(value > threshold),
            ">=" => Some(value >= threshold),
            "<" => Some(value < threshold),
            "<=" => Some(value <= threshold),
            _ => None,
        }
    }

    /// `1.33 > 1`, or the reason when there is no number.
    pub fn condition(&self) -> String {
        match (self.value, self.threshold) {
            (Some(value), Some(threshold)) => {
                format!("{} {} {}", short(value), self.operator(), short(threshold))
            }
            (None, Some(threshold)) => format!("{} {}", self.operator(), short(threshold)),
            _ => String::new(),
        }
    }

    /// What its own period is, in seconds.
    pub fn period(&self) -> i32 {
        self.metrics.iter().map(|metric| metric.period).filter(|period| *period > 0).min().unwrap_or(60)
    }

    /// The question behind its detail.
    pub fn detail_query(&self, window: Window, now: Now) -> DetailQuery {
        let period = crate::features::metrics::period_for(window, now.wall, self.period(), 1_000);
        let metrics = self.metrics.iter().map(|metric| MetricQuery { period, ..metric.clone() }).collect();
        DetailQuery {
            name: self.name.clone(),
            kind: self.kind,
            metrics,
            window,
            children: self.kind == Kind::Composite,
        }
    }
}

/// A number with at most three digits that matter.
pub fn short(value: f64) -> String {
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// All alarms of a target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmList {
    /// Sorted by name. The source hands out the same ones again where nothing changed, so that taking in and
    /// letting go of thousands costs nothing.
    pub alarms: Vec<Arc<Alarm>>,
    /// Mute rules could not be read: why alarms are silent may be wrong.
    pub mutes_unknown: Option<String>,
    /// Stands for what the alarms are called and what they watch, not for their states. Made by the source:
    /// thousands of alarms are too many to look through in the loop for each answer.
    pub relations: u64,
}

impl AlarmList {
    /// A list of alarms that are sorted by name.
    pub fn new(alarms: Vec<Arc<Alarm>>, mutes_unknown: Option<String>) -> Self {
        let mut hash = DefaultHasher::new();
        for alarm in &alarms {
            (&alarm.name, &alarm.rule, &alarm.log_groups).hash(&mut hash);
            for stat in alarm.metrics.iter().filter_map(|metric| metric.stat.as_ref()) {
                stat.dimensions.hash(&mut hash);
            }
        }
        Self { relations: hash.finish(), alarms, mutes_unknown }
    }

    /// One alarm by name.
    pub fn get(&self, name: &str) -> Option<&Alarm> {
        self.alarms
            .binary_search_by(|alarm| alarm.name.as_str().cmp(name))
            .ok()
            .and_then(|i| self.alarms.get(i).map(AsRef::as_ref))
    }
}

/// Which alarm to look into, and over which time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetailQuery {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// What it watches, at the period wanted.
    pub metrics: Vec<MetricQuery>,
    /// Which time.
    pub window: Window,
    /// Ask which alarms it is made of.
    pub children: bool,
}

/// One entry of an alarm's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryItem {
    /// When.
    pub at: Timestamp,
    /// `StateUpdate`, `Action`, `ConfigurationUpdate`, ..
    pub kind: String,
    /// In AWS's words.
    pub summary: String,
}

/// What stands behind one alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmDetail {
    /// Whose detail.
    pub name: String,
    /// Its metrics over the window.
    pub series: Vec<Series>,
    /// Newest first.
    pub history: Vec<HistoryItem>,
    /// Children of a composite: name and state.
    pub children: Vec<(String, AlarmState)>,
    /// What could not be read, and why.
    pub missing: Vec<String>,
}
