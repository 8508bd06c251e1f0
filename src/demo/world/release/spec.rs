//! The `[[codedeploy]]` table of a scenario file: a deployment that CodeDeploy makes of an ECS service or a
//! Lambda alias, and what somebody else does to it meanwhile.
//!
//! Data only, as `spec.rs` beside it; `plan.rs` says what follows from it.

use super::super::spec::{Broken, Offset};
use serde::Deserialize;
use toml::Spanned;

/// How traffic moves, with AWS's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(in crate::demo::world) enum Routing {
    /// One step, and after a while the rest.
    TimeBasedCanary {
        /// 1 to 99.
        percent: u32,
        minutes: u32,
    },
    /// Equal steps.
    TimeBasedLinear {
        /// 1 to 99.
        percent: u32,
        minutes: u32,
    },
    AllAtOnce,
}

impl Routing {
    /// The percentages at which it waits, and for how many minutes each.
    pub(super) fn waits(self) -> (Vec<u32>, u32) {
        match self {
            Self::TimeBasedCanary { percent, minutes } => (vec![percent], minutes),
            Self::TimeBasedLinear { percent, minutes } => {
                ((1..100_u32.div_ceil(percent.max(1))).map(|step| step * percent).collect(), minutes)
            }
            Self::AllAtOnce => (Vec::new(), 0),
        }
    }
}

/// When a deployment group rolls back by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(in crate::demo::world) enum RollbackOn {
    #[serde(rename = "DEPLOYMENT_FAILURE")]
    Failure,
    #[serde(rename = "DEPLOYMENT_STOP_ON_ALARM")]
    StopOnAlarm,
    #[serde(rename = "DEPLOYMENT_STOP_ON_REQUEST")]
    StopOnRequest,
}

impl RollbackOn {
    /// AWS's word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "DEPLOYMENT_FAILURE",
            Self::StopOnAlarm => "DEPLOYMENT_STOP_ON_ALARM",
            Self::StopOnRequest => "DEPLOYMENT_STOP_ON_REQUEST",
        }
    }
}

/// A function that is called at a lifecycle event.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::demo::world) struct EventHook {
    /// Lifecycle event, as AWS names it.
    pub(super) event: String,
    /// Minutes it takes.
    #[serde(default)]
    pub(super) minutes: u32,
    /// Whether it says no.
    #[serde(default)]
    pub(super) fails: bool,
}

/// Somebody who stops a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::demo::world) struct Stopped {
    pub(super) at: Offset,
    /// Whether traffic goes back.
    #[serde(default = "yes")]
    pub(super) rollback: bool,
}

/// A deployment by CodeDeploy. One that would start while another one of its group is going on is never made,
/// as AWS takes one at a time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::demo::world) struct ReleaseSpec {
    /// The ECS service; else there is a function.
    #[serde(default)]
    pub(in crate::demo::world) service: Option<Spanned<String>>,
    /// The function whose alias is moved.
    #[serde(default)]
    pub(in crate::demo::world) function: Option<Spanned<String>>,
    /// Its id, where it is to have a certain one.
    #[serde(default)]
    pub(super) id: Option<String>,
    pub(super) started: Offset,
    /// Revision or version number it brings.
    pub(in crate::demo::world) revision: u32,
    pub(super) routing: Routing,
    #[serde(default)]
    pub(super) hooks: Vec<EventHook>,
    /// Minutes that it waits for `ContinueDeployment` before any traffic moves; then it stops. It does not
    /// wait without them.
    #[serde(default)]
    pub(super) ready_minutes: Option<u32>,
    /// When somebody continues it there.
    #[serde(default)]
    pub(super) continued: Option<Offset>,
    /// Minutes that the old tasks are kept after all traffic has moved.
    #[serde(default)]
    pub(super) termination_minutes: u32,
    #[serde(default)]
    pub(super) stopped: Option<Stopped>,
    /// Alarms of the group.
    #[serde(default)]
    pub(super) alarms: Vec<String>,
    /// Whether one of them that goes off stops it.
    #[serde(default)]
    pub(super) alarm_watch: bool,
    #[serde(default = "failures")]
    pub(super) rollback_on: Vec<RollbackOn>,
    #[serde(default)]
    pub(super) broken: Option<Broken>,
    /// Whether the way back does not work.
    #[serde(default)]
    pub(super) stuck: bool,
    /// The CloudFormation stack that makes it of its own task sets, and alone can stop it.
    #[serde(default)]
    pub(super) stack: Option<String>,
    /// Who made it, as in `[[call]]`.
    #[serde(default = "pipeline")]
    pub(super) by: String,
}

/// The lifecycle events of ECS, in order.
pub(super) const ECS_EVENTS: [&str; 8] = [
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
];
/// Those of Lambda.
pub(super) const LAMBDA_EVENTS: [&str; 3] = ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"];
/// Those that CodeDeploy does itself.
const OWN_EVENTS: [&str; 3] = ["Install", "AllowTestTraffic", "AllowTraffic"];

impl ReleaseSpec {
    /// The service or function it is of.
    pub(in crate::demo::world) fn name(&self) -> &str {
        self.service.as_ref().or(self.function.as_ref()).map_or("", |name| name.get_ref())
    }

    /// When it is made, relative to the start.
    pub(in crate::demo::world) fn made(&self) -> Offset {
        self.started
    }

    /// Its lifecycle events, in order.
    pub(super) fn events(&self) -> &'static [&'static str] {
        if self.service.is_some() { &ECS_EVENTS } else { &LAMBDA_EVENTS }
    }

    /// Whether its group rolls back on this by itself.
    pub(super) fn rolls_back(&self, on: RollbackOn) -> bool {
        self.rollback_on.contains(&on)
    }

    /// What CodeDeploy would not take, with the place of its name.
    pub(in crate::demo::world) fn check(&self) -> Result<(), (usize, String)> {
        let at = self.service.as_ref().or(self.function.as_ref()).map_or(0, |name| name.span().start);
        let refuse = |message: String| Err((at, message));
        if self.service.is_some() == self.function.is_some() {
            return refuse("a [[codedeploy]] is of one service or of one function".to_owned());
        }
        if self.function.is_some() && self.stack.is_some() {
            return refuse("a stack moves the task sets of services only".to_owned());
        }
        if let Routing::TimeBasedCanary { percent, .. } | Routing::TimeBasedLinear { percent, .. } =
            self.routing
            && !(1..100).contains(&percent)
        {
            return refuse(format!("percent = {percent} is not between 1 and 99"));
        }
        let hookable = |event: &&&str| !OWN_EVENTS.contains(*event);
        let known: Vec<&str> = self.events().iter().filter(hookable).copied().collect();
        match self.hooks.iter().find(|hook| !known.contains(&hook.event.as_str())) {
            Some(hook) => {
                refuse(format!("a hook's event = \"{}\" is not one of {}", hook.event, known.join(", ")))
            }
            None => Ok(()),
        }
    }
}

fn yes() -> bool {
    true
}

fn failures() -> Vec<RollbackOn> {
    vec![RollbackOn::Failure]
}

fn pipeline() -> String {
    "role/ci-deploy".to_owned()
}
