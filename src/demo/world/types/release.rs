//! What CodeDeploy runs: groups, deployments, their targets, and the task sets that ECS keeps for it.
//!
//! Plain data only, as in `types/mod.rs`.

use super::Side;
use jiff::Timestamp;

/// How a deployment configuration moves traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// `TimeBasedCanary`: percent, then minutes until the rest follows.
    Canary(u32, u32),
    /// `TimeBasedLinear`: percent of each step, minutes between them.
    Linear(u32, u32),
    /// `AllAtOnce`.
    AllAtOnce,
}

/// What a deployment group is set to.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSettings {
    /// Name of the application.
    pub application: String,
    /// Name of the group.
    pub group: String,
    /// Name of the deployment configuration.
    pub config: String,
    /// What that is.
    pub moves: Moves,
    /// `ECS` or `Lambda`.
    pub platform: &'static str,
    /// Minutes that it waits for somebody before traffic moves; none when it does not wait.
    pub ready_minutes: Option<u32>,
    /// Minutes that old tasks are kept.
    pub termination_minutes: u32,
    /// When it rolls back by itself, in AWS's words.
    pub rollback_on: Vec<&'static str>,
    /// Names of its alarms.
    pub alarms: Vec<String>,
    /// Whether one of them that goes off stops a deployment.
    pub alarm_watch: bool,
    /// The ECS service; none for Lambda.
    pub service: Option<GroupService>,
}

/// The ECS service of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupService {
    /// Its name.
    pub name: String,
    /// Names of its two target groups.
    pub target_groups: [String; 2],
    /// ARN of the listener with the production traffic.
    pub listener: String,
}

/// A deployment group at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeDeployGroup {
    /// UUID.
    pub id: String,
    /// What it is set to.
    pub settings: GroupSettings,
    /// Its deployments, the newest first.
    pub deployments: Vec<CodeDeployment>,
}

/// A deployment by CodeDeploy at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeDeployment {
    /// `d-` and nine letters and digits.
    pub id: String,
    /// What its group is set to.
    pub settings: GroupSettings,
    /// `Created`, `InProgress`, `Ready`, `Succeeded`, `Failed` or `Stopped`.
    pub status: &'static str,
    /// `user`, `codeDeployRollback` or `CloudFormation`.
    pub creator: &'static str,
    /// ARN of the stack that made it.
    pub stack: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub completed: Option<Timestamp>,
    /// When anything about it last changed.
    pub updated: Timestamp,
    /// AWS's code and sentence for why it did not go on.
    pub error: Option<(&'static str, String)>,
    /// The deployment that takes it back.
    pub taken_back_by: Option<String>,
    /// The deployment that it takes back.
    pub takes_back: Option<String>,
    /// SHA-256 of the `AppSpec` file that it brings.
    pub revision: String,
    /// That of the one before.
    pub previous: String,
    /// Whether the wait has begun after which the old tasks go.
    pub waits_to_clear: bool,
    /// Lifecycle events in order.
    pub events: Vec<LifecycleEvent>,
    /// What it changes.
    pub target: CodeDeployTarget,
}

/// What a deployment changes.
#[derive(Debug, Clone, PartialEq)]
pub enum CodeDeployTarget {
    /// An ECS service: its ARN, and its task sets with the label that they have in this deployment.
    Service {
        /// Service name.
        name: String,
        /// Service ARN.
        arn: String,
        /// `Blue` or `Green`, and the task set.
        sets: Vec<(&'static str, TaskSet)>,
    },
    /// The alias of a function.
    Alias {
        /// Function name.
        function: String,
        /// Alias name.
        alias: String,
        /// ARN of the alias.
        arn: String,
        /// Version that traffic comes from.
        current: u32,
        /// Version that traffic goes to.
        wanted: u32,
        /// Percent of the traffic on the version it goes to.
        weight: f64,
    },
}

/// A lifecycle event at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct LifecycleEvent {
    /// AWS's name.
    pub name: &'static str,
    /// `Pending`, `InProgress`, `Succeeded`, `Failed` or `Skipped`.
    pub status: &'static str,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// AWS's sentence for why it failed.
    pub message: Option<String>,
}

/// A task set of a service at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSet {
    /// `ecs-svc/` and 19 digits.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Its revision, tasks, target group and percent of the traffic.
    pub side: Side,
    /// `PRIMARY`, `ACTIVE` or `DRAINING`.
    pub status: &'static str,
    /// Whether as many tasks run as are wanted.
    pub steady: bool,
    /// The deployment that made it, where CodeDeploy did.
    pub deployment: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When its tasks or its traffic last changed.
    pub updated: Timestamp,
}

/// Why a deployment could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeDeployError {
    /// There is no such deployment.
    #[error("The deployment {0} could not be found")]
    NotFound(String),
    /// It has ended, or is being stopped.
    #[error("Deployment {0} is already in a completed state and cannot be changed")]
    Completed(String),
    /// CloudFormation made it and alone can stop it.
    #[error("Deployment {0} was created by CloudFormation: it can be stopped only through its stack")]
    Stack(String),
    /// It does not wait.
    #[error("Deployment {0} does not wait to be continued")]
    NotWaiting(String),
    /// Another one of the group is going on.
    #[error("The Deployment Group already has an active Deployment '{0}'")]
    Busy(String),
    /// The new revision or version is not known.
    #[error("{0} does not exist")]
    NoRevision(String),
}
