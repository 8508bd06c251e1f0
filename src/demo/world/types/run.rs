//! What runs: ECS services and deployments, load balancers, functions.
//!
//! Plain data only, as in `types/mod.rs`.

use jiff::Timestamp;

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
    /// Platform version.
    pub platform: String,
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
    /// Whether nothing ran before it: then it has no source, whatever `source` says.
    pub first: bool,
    /// Whether it is successful before its old tasks are gone.
    pub deferred: bool,
    /// Other revisions that were active when it began.
    pub more_sources: Vec<Side>,
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
    /// When it was kept from going on.
    pub stopped: Option<Timestamp>,
    /// When and why traffic began to go back, while or after it did.
    pub rollback: Option<(Timestamp, String)>,
    /// Hooks called so far.
    pub hooks: Vec<Hook>,
    /// Hooks that are configured.
    pub listed_hooks: Vec<ListedHook>,
    /// Circuit breaker, where it is switched on.
    pub breaker: Option<Breaker>,
    /// Names of the deployment alarms.
    pub alarms: Vec<String>,
    /// Whether they are switched on.
    pub alarm_watch: bool,
    /// Whether they are switched on and roll back.
    pub alarm_rollback: bool,
    /// Those that turned it.
    pub triggered: Vec<String>,
    /// Who asked for it.
    pub created_by: String,
}

impl Deployment {
    /// Whether it is one of the five states that AWS counts as in progress.
    pub fn in_progress(&self) -> bool {
        in_progress(self.status)
    }
}

/// Whether a status is one of the five that AWS counts as in progress.
pub fn in_progress(status: &str) -> bool {
    matches!(
        status,
        "PENDING" | "IN_PROGRESS" | "STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS"
    )
}

/// A lifecycle hook that was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// UUID.
    pub id: String,
    /// `PAUSE` or `AWS_LAMBDA`.
    pub kind: &'static str,
    /// ARN of the function; none for `PAUSE`.
    pub function: Option<String>,
    /// `AWAITING_ACTION`, `IN_PROGRESS`, `SUCCEEDED`, `FAILED` or `TIMED_OUT`.
    pub status: &'static str,
    /// When it runs out.
    pub expires: Timestamp,
    /// `CONTINUE` or `ROLLBACK`: what happens then.
    pub timeout_action: &'static str,
}

/// A lifecycle hook as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedHook {
    /// Stage at which it is called.
    pub stage: String,
    /// `PAUSE` or `AWS_LAMBDA`.
    pub kind: &'static str,
    /// ARN of the function; none for `PAUSE`.
    pub function: Option<String>,
    /// Minutes until it runs out.
    pub timeout_minutes: u32,
    /// `CONTINUE` or `ROLLBACK`: what happens then.
    pub timeout_action: &'static str,
}

/// The circuit breaker of a rolling deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Whether it rolls back.
    pub rollback: bool,
    /// Tasks that did not become healthy at which it goes off.
    pub threshold: u32,
    /// Tasks that did not become healthy so far.
    pub failures: u32,
    /// Whether it went off.
    pub tripped: bool,
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
    /// Who deploys it: `ECS`, `CODE_DEPLOY` or, where a stack does, `EXTERNAL`.
    pub controller: &'static str,
    /// Minutes of bake time.
    pub bake_minutes: u32,
    /// The newest deployment: in progress, or the last one.
    pub deployment: Option<Deployment>,
    /// Its task sets, the primary one first, where CodeDeploy or a stack deploys it.
    pub task_sets: Option<Vec<super::TaskSet>>,
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
    /// What the container says about its end.
    pub container_reason: Option<String>,
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
    /// `ACTIVE` or `INACTIVE`.
    pub status: &'static str,
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
    /// Its alias.
    pub alias: String,
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
