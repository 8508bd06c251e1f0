//! What CloudWatch and its logs show: metrics, alarms, log events.
//!
//! Plain data only, as in `types/mod.rs`.

use super::Stat;
use jiff::Timestamp;

/// A metric's identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Metric {
    /// For example `AWS/ApplicationELB`.
    pub namespace: String,
    /// For example `RequestCount`.
    pub name: String,
    /// Name and value, sorted by name.
    pub dimensions: Vec<(String, String)>,
}

impl Metric {
    /// A metric with its dimensions brought into order.
    pub fn new(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Self {
        let mut dimensions: Vec<_> =
            dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        dimensions.sort();
        Self { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
    }

    /// The value of one dimension.
    pub fn dimension(&self, name: &str) -> Option<&str> {
        self.dimensions.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The three states of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlarmState {
    /// Within bounds.
    Ok,
    /// Breaching.
    Alarm,
    /// Too few datapoints.
    InsufficientData,
}

impl AlarmState {
    /// AWS's word: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// What an alarm looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Watch {
    /// One metric.
    Metric(Metric, Stat),
    /// `100 * part / whole`, as metric math over the sums of both.
    Percent {
        /// Above the line.
        part: Metric,
        /// Below the line.
        whole: Metric,
    },
    /// Any of these alarms.
    Composite {
        /// Children, by name.
        children: Vec<String>,
        /// The alarm that silences this one while it is in ALARM.
        suppressor: Option<String>,
    },
    /// A scheduled Logs Insights query that counts errors in a log group.
    Log {
        /// The group it reads.
        group: String,
        /// The query.
        query: String,
    },
}

/// An alarm as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmDef {
    /// Its name, unique in the region.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// What it looks at.
    pub watch: Watch,
    /// AWS's operator name, for example `GreaterThanThreshold`.
    pub comparison: &'static str,
    /// Compared with each datapoint.
    pub threshold: f64,
    /// Seconds per datapoint.
    pub period: u32,
    /// N of "M of N".
    pub evaluation_periods: u32,
    /// M of "M of N".
    pub datapoints_to_alarm: u32,
    /// `missing`, `notBreaching`, `breaching` or `ignore`.
    pub treat_missing: &'static str,
    /// Whether its actions run.
    pub actions_enabled: bool,
    /// ARNs.
    pub alarm_actions: Vec<String>,
    /// ARNs.
    pub ok_actions: Vec<String>,
    /// When the configuration was last changed.
    pub configured_at: Timestamp,
}

/// An alarm's state at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmStatus {
    /// The state.
    pub state: AlarmState,
    /// AWS's sentence.
    pub reason: String,
    /// `StateReasonData`, a JSON text; none for the initial state.
    pub reason_data: Option<String>,
    /// `StateTransitionedTimestamp`: since when it is in this state.
    pub since: Timestamp,
    /// `StateUpdatedTimestamp`.
    pub updated: Timestamp,
    /// `Alarm` while a composite's actions are suppressed, and why.
    pub suppressed: Option<(&'static str, String)>,
}

/// One line of an alarm's history (`DescribeAlarmHistory`).
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmHistory {
    /// The alarm.
    pub alarm: String,
    /// `MetricAlarm`, `CompositeAlarm` or `LogAlarm`.
    pub alarm_type: &'static str,
    /// When.
    pub at: Timestamp,
    /// `StateUpdate`, `Action` or `ConfigurationUpdate`.
    pub item_type: &'static str,
    /// AWS's one line.
    pub summary: String,
    /// JSON.
    pub data: String,
}

/// An alarm mute rule.
#[derive(Debug, Clone, PartialEq)]
pub struct MuteRule {
    /// Its name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The alarms it mutes.
    pub alarms: Vec<String>,
    /// `cron(..)` or `at(..)`.
    pub expression: String,
    /// ISO 8601, for example `PT8H`.
    pub duration: String,
    /// Time zone name.
    pub timezone: String,
    /// `SCHEDULED`, `ACTIVE` or `EXPIRED`.
    pub status: &'static str,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// A log group.
#[derive(Debug, Clone, PartialEq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Bytes, compressed.
    pub stored_bytes: u64,
    /// None keeps for ever.
    pub retention_days: Option<u32>,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    pub class: &'static str,
}

/// One log event. The message is as its program wrote it, hostile bytes included.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvent {
    /// Unix milliseconds.
    pub at_ms: i64,
    /// Unix milliseconds; later than `at_ms`, now and then by more than a minute.
    pub ingested_ms: i64,
    /// The log stream.
    pub stream: String,
    /// 56 digits, unique and ordered by time.
    pub event_id: String,
    /// The text.
    pub message: String,
}
