//! What callers see of the world: plain data, in the words of the AWS APIs.
//!
//! Nothing here computes anything or knows a wire format; `svc/` turns these into answers. Optional
//! fields are what AWS leaves out of an answer.

use jiff::Timestamp;

/// The account of every simulated resource.
pub const ACCOUNT: &str = "111122223333";
/// The one ECS cluster.
pub const CLUSTER: &str = "shop";

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

/// A statistic over a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat {
    /// Sum of all samples.
    Sum,
    /// Sum divided by the sample count.
    Average,
    /// Smallest sample.
    Minimum,
    /// Largest sample.
    Maximum,
    /// How many samples there were.
    SampleCount,
    /// A percentile, 0 to 100.
    Percentile(f64),
}

impl Stat {
    /// Reads `Sum`, `Average`, .., `p99`, `p99.9`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Sum" => Some(Self::Sum),
            "Average" => Some(Self::Average),
            "Minimum" => Some(Self::Minimum),
            "Maximum" => Some(Self::Maximum),
            "SampleCount" => Some(Self::SampleCount),
            _ => {
                let rank: f64 = text.strip_prefix('p')?.parse().ok()?;
                (0.0..=100.0).contains(&rank).then_some(Self::Percentile(rank))
            }
        }
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

/// How an ECS service deployment moves traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strategy {
    /// Replaces tasks in place; no weights.
    Rolling,
    /// All at once.
    BlueGreen,
    /// One small step, then all.
    Canary {
        /// Percent of the first step.
        percent: f64,
        /// Minutes before the rest follows.
        bake_minutes: u32,
    },
    /// Equal steps.
    Linear {
        /// Percent per step.
        percent: f64,
        /// Minutes between steps.
        bake_minutes: u32,
    },
}

impl Strategy {
    /// AWS's word: `ROLLING`, `BLUE_GREEN`, `CANARY` or `LINEAR`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rolling => "ROLLING",
            Self::BlueGreen => "BLUE_GREEN",
            Self::Canary { .. } => "CANARY",
            Self::Linear { .. } => "LINEAR",
        }
    }
}

/// One side of a deployment, or the only revision that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Service revision ARN.
    pub arn: String,
    /// Task definition ARN.
    pub task_definition: String,
    /// Task definition revision number.
    pub number: u32,
    /// Target group ARN it registers in; none for a service without a load balancer.
    pub target_group: Option<String>,
    /// Tasks wanted.
    pub requested: u32,
    /// Tasks running.
    pub running: u32,
    /// Tasks starting.
    pub pending: u32,
    /// Percent of production traffic.
    pub weight: f64,
    /// Percent of test traffic.
    pub test_weight: f64,
}

/// A service deployment at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// `arn:aws:ecs:REGION:ACCOUNT:service-deployment/CLUSTER/SERVICE/ID`
    pub arn: String,
    /// Service name.
    pub service: String,
    /// How traffic moves.
    pub strategy: Strategy,
    /// Minutes both sides run on after 100 %.
    pub bake_minutes: u32,
    /// `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `ROLLBACK_..`, as AWS writes them.
    pub status: &'static str,
    /// AWS's sentence about it.
    pub status_reason: Option<String>,
    /// `lifecycleStage` as AWS writes it; none once finished and for `ROLLING`.
    pub stage: Option<&'static str>,
    /// The side traffic comes from.
    pub source: Side,
    /// The side traffic goes to.
    pub target: Side,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it began.
    pub started: Timestamp,
    /// When its state last changed.
    pub updated: Timestamp,
    /// When it ended, in whatever way.
    pub finished: Option<Timestamp>,
    /// When a stop was asked for.
    pub stopped: Option<Timestamp>,
    /// When and why traffic began to go back, while or after it did.
    pub rollback: Option<(Timestamp, String)>,
    /// Names of the deployment alarms.
    pub alarms: Vec<String>,
    /// Whether the deployment alarms are switched on, and roll back.
    pub alarm_rollback: bool,
    /// Who asked for it.
    pub created_by: String,
}

impl Deployment {
    /// Whether it is one of the five states that AWS counts as in progress.
    pub fn in_progress(&self) -> bool {
        matches!(
            self.status,
            "PENDING" | "IN_PROGRESS" | "STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS"
        )
    }
}

/// Why a deployment could not be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// No such deployment.
    #[error("The specified service deployment was not found.")]
    NotFound,
    /// It has ended.
    #[error("The service deployment has already completed and cannot be stopped.")]
    Terminal,
}

/// An ECS service at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct EcsService {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// ARN of the cluster.
    pub cluster_arn: String,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks running, of both sides.
    pub running: u32,
    /// Tasks starting, of both sides.
    pub pending: u32,
    /// Task definition ARN of the primary revision.
    pub task_definition: String,
    /// How its deployments move traffic.
    pub strategy: Strategy,
    /// Minutes of bake time.
    pub bake_minutes: u32,
    /// The newest deployment: in progress, or the last one.
    pub deployment: Option<Deployment>,
    /// The revisions that run now, the primary first.
    pub revisions: Vec<Side>,
    /// Both target groups and the production listener rule, when it is behind the load balancer.
    pub balancer: Option<Balancer>,
    /// When it was made.
    pub created: Timestamp,
}

/// How a service is wired to the load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balancer {
    /// Target group ARN of the blue side.
    pub blue: String,
    /// Target group ARN of the green side.
    pub green: String,
    /// Listener rule ARN.
    pub rule: String,
    /// Container name in the task definition.
    pub container: String,
    /// Container port.
    pub port: u16,
}

/// One service event.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceEvent {
    /// UUID.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Text.
    pub message: String,
}

/// One ECS task at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// ARN.
    pub arn: String,
    /// Service name.
    pub service: String,
    /// Task definition ARN.
    pub task_definition: String,
    /// Private address.
    pub ip: String,
    /// Availability zone.
    pub zone: String,
    /// `PENDING`, `RUNNING` or `STOPPED`.
    pub status: &'static str,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it stopped.
    pub stopped: Option<Timestamp>,
    /// For example `EssentialContainerExited`.
    pub stop_code: Option<&'static str>,
    /// AWS's sentence.
    pub stopped_reason: Option<String>,
    /// Exit code of the container.
    pub exit_code: Option<i32>,
}

/// A task definition revision.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskDefinition {
    /// ARN.
    pub arn: String,
    /// Family.
    pub family: String,
    /// Revision number.
    pub revision: u32,
    /// Container name.
    pub container: String,
    /// Image with tag.
    pub image: String,
    /// `sha256:..`
    pub digest: String,
    /// awslogs group.
    pub log_group: String,
    /// awslogs stream prefix.
    pub stream_prefix: String,
    /// CPU units.
    pub cpu: u32,
    /// Mebibytes.
    pub memory: u32,
    /// When it was registered.
    pub registered: Timestamp,
}

/// A load balancer.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadBalancer {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// DNS name.
    pub dns: String,
    /// When it was made.
    pub created: Timestamp,
}

/// A listener of a load balancer.
#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    /// ARN.
    pub arn: String,
    /// ARN of its load balancer.
    pub load_balancer: String,
    /// Port.
    pub port: u16,
}

/// A target group.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetGroup {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Port.
    pub port: u16,
    /// Health check path.
    pub health_path: String,
    /// ARNs of the load balancers that use it.
    pub load_balancers: Vec<String>,
}

/// A listener rule at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// ARN.
    pub arn: String,
    /// ARN of its listener.
    pub listener: String,
    /// 1 to 50000; none for the default rule.
    pub priority: Option<u32>,
    /// Path pattern; empty for the default rule.
    pub path: String,
    /// Target group ARN and weight (0 to 999). Empty answers a fixed 404.
    pub targets: Vec<(String, u32)>,
}

/// One registered target at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetHealth {
    /// Private address.
    pub ip: String,
    /// Port.
    pub port: u16,
    /// Availability zone.
    pub zone: String,
    /// `initial`, `healthy`, `unhealthy`, `unused` or `draining`.
    pub state: &'static str,
    /// For example `Target.FailedHealthChecks`.
    pub reason: Option<&'static str>,
    /// AWS's sentence.
    pub description: Option<&'static str>,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// Alias and the version it points at.
    pub alias: Option<(String, u32)>,
    /// Log group.
    pub log_group: String,
    /// For example `python3.13`.
    pub runtime: &'static str,
    /// Mebibytes.
    pub memory: u32,
    /// Seconds.
    pub timeout: u32,
    /// The queue that feeds it.
    pub queue_arn: Option<String>,
    /// UUID of the event source mapping.
    pub mapping: Option<String>,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// A node of the service map over a span of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Reference id in this answer.
    pub id: i32,
    /// X-Ray service name.
    pub name: String,
    /// For example `AWS::ECS::Container`; `client` for the edge.
    pub kind: &'static str,
    /// Whether requests enter here.
    pub root: bool,
    /// What it answered.
    pub stats: NodeStats,
    /// Calls from here: reference id of the callee, and what it answered.
    pub edges: Vec<(i32, NodeStats)>,
}

/// Counts of a node or an edge.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NodeStats {
    /// Good answers.
    pub ok: u64,
    /// 4xx.
    pub errors: u64,
    /// 5xx.
    pub faults: u64,
    /// Sum of response times, seconds.
    pub seconds: f64,
}

impl NodeStats {
    /// All answers.
    pub fn total(&self) -> u64 {
        self.ok + self.errors + self.faults
    }
}
