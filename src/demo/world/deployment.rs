//! The tables of a scenario file about deployments: strategy, hooks, circuit breaker, what is wrong with a
//! revision, and what somebody else does to it meanwhile.
//!
//! Data only, as `spec.rs`, which names the rest of a scenario.

use super::spec::Offset;
use serde::Deserialize;
use toml::Spanned;

/// Platform version of what no table says it of.
pub(super) const PLATFORM: &str = "1.4.0";

/// AWS's names of the strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum StrategyName {
    Rolling,
    BlueGreen,
    #[default]
    Canary,
    Linear,
}

/// A deployment. One that starts while another one of its service is going on ends that one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeploymentSpec {
    pub(super) service: Spanned<String>,
    pub(super) started: Offset,
    pub(super) strategy: StrategyName,
    /// Percent of the canary, or of each linear step.
    #[serde(default = "ten")]
    pub(super) percent: f64,
    /// Minutes between steps; of a `ROLLING` one in which a quarter of the tasks is replaced.
    #[serde(default)]
    pub(super) step_minutes: u32,
    #[serde(default)]
    pub(super) bake_minutes: u32,
    /// Revision number it brings.
    pub(super) revision: u32,
    /// When somebody rolled it back.
    #[serde(default)]
    pub(super) stopped: Option<Offset>,
    #[serde(default)]
    pub(super) broken: Option<Broken>,
    /// Deployment alarms.
    #[serde(default)]
    pub(super) alarms: Vec<String>,
    /// Whether they are watched; then one that goes off stops the deployment.
    #[serde(default)]
    pub(super) alarm_watch: bool,
    /// Whether they are watched and roll back.
    #[serde(default)]
    pub(super) alarm_rollback: bool,
    /// Lifecycle hooks, in the order they are called within a stage.
    #[serde(default)]
    pub(super) hooks: Vec<HookSpec>,
    /// Circuit breaker of a `ROLLING` one.
    #[serde(default)]
    pub(super) breaker: BreakerSpec,
    /// Whether the service begins with it: nothing ran before, and there is nothing to go back to.
    #[serde(default)]
    pub(super) first: bool,
    /// Minutes in which the old tasks of a `ROLLING` one go away after it was successful (its cleanup is
    /// `DEFERRED`); 0 where they go before.
    #[serde(default)]
    pub(super) drain_minutes: u32,
    /// Platform version that its service revision has.
    #[serde(default = "platform")]
    pub(super) platform: String,
    /// Whether the way back does not work.
    #[serde(default)]
    pub(super) stuck: bool,
    /// Seconds by which the load balancer's weights, and so the traffic, follow those that ECS reports.
    #[serde(default)]
    pub(super) rule_lag: u32,
    #[serde(default = "pipeline")]
    pub(super) by: String,
}

impl DeploymentSpec {
    /// Whether its alarms are watched.
    pub(super) fn watches(&self) -> bool {
        self.alarm_watch || self.alarm_rollback
    }
}

/// What is wrong with a new revision.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Broken {
    pub(super) error_rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Minutes from its first request until it is as bad as that.
    pub(super) ramp_minutes: f64,
    /// Whether one of its tasks runs out of memory again and again.
    #[serde(default)]
    pub(super) out_of_memory: bool,
    /// Why none of its tasks ever becomes healthy, if so.
    #[serde(default)]
    pub(super) start: Option<BadStart>,
}

/// Why a task never becomes healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BadStart {
    /// Its image cannot be pulled.
    Pull,
    /// Its program ends at once.
    Exit,
    /// The load balancer never gets a good answer.
    Health,
}

/// Who holds a shift up at a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum HookKind {
    /// Somebody has to answer.
    Pause,
    /// A function that is called.
    AwsLambda,
}

/// What goes on after a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum HookAction {
    /// The shift.
    #[default]
    Continue,
    /// The way back.
    Rollback,
}

/// A lifecycle hook.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HookSpec {
    /// Stage, as AWS names it.
    pub(super) stage: String,
    pub(super) kind: HookKind,
    /// The function that is called.
    #[serde(default)]
    pub(super) function: String,
    /// Minutes that the function takes.
    #[serde(default)]
    pub(super) minutes: u32,
    /// Whether the function says no.
    #[serde(default)]
    pub(super) fails: bool,
    /// Minutes until it runs out.
    #[serde(default = "a_day")]
    pub(super) timeout_minutes: u32,
    /// What happens then.
    #[serde(default = "back")]
    pub(super) timeout_action: HookAction,
    /// When somebody answers, and how.
    #[serde(default)]
    pub(super) answered: Option<Offset>,
    #[serde(default)]
    pub(super) answer: HookAction,
}

/// Stages at which ECS calls hooks.
const HOOK_STAGES: [&str; 8] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];

impl HookSpec {
    /// What ECS would not take.
    pub(super) fn check(&self) -> Result<(), String> {
        let stage = self.stage.as_str();
        if !HOOK_STAGES.contains(&stage) {
            return Err(format!("a hook's stage = \"{stage}\" is not one of {}", HOOK_STAGES.join(", ")));
        }
        if self.kind == HookKind::Pause && matches!(stage, "TEST_TRAFFIC_SHIFT" | "PRODUCTION_TRAFFIC_SHIFT")
        {
            return Err(format!("a PAUSE hook cannot be at {stage}"));
        }
        Ok(())
    }
}

/// The circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BreakerSpec {
    pub(super) enable: bool,
    pub(super) rollback: bool,
    /// Failures at which it goes off, where it is not half of the tasks and at least three.
    pub(super) threshold: Option<u32>,
}

impl Default for BreakerSpec {
    fn default() -> Self {
        Self { enable: true, rollback: true, threshold: None }
    }
}

impl BreakerSpec {
    /// Failures at which it goes off, of a service with so many tasks.
    pub(super) fn threshold(self, tasks: u32) -> u32 {
        self.threshold.unwrap_or_else(|| tasks.div_ceil(2).clamp(3, 200))
    }
}

fn ten() -> f64 {
    10.0
}

fn platform() -> String {
    PLATFORM.to_owned()
}

fn pipeline() -> String {
    "role/ci-deploy".to_owned()
}

fn a_day() -> u32 {
    1440
}

fn back() -> HookAction {
    HookAction::Rollback
}
