//! Deployments of CodeDeploy to ECS services and Lambda aliases: what CodeDeploy says of one, and what follows
//! from that in time.
//!
//! What a rollback of one is, is in `undo.rs`. CodeDeploy names lifecycle events and not steps: where in a
//! canary or linear shift a deployment stands follows from the weight and from when `AllowTraffic` began. A
//! rollback is a deployment of its own, which belongs to the one that it takes back.

mod undo;

pub use undo::Call;
pub use undo::over;
pub(super) use undo::{call, checks, guarded, judge, takes};

use crate::features::rollouts::model::{Hook, Rollout, RolloutName, Standing};
use crate::features::rollouts::stages::{ByItself, Due, Next, StageItem, StageState, percent};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What `ContinueDeployment` calls the wait before traffic moves: nobody is asked for it here.
pub const READY_WAIT: &str = "READY_WAIT";
/// What it calls the wait before the original side is removed.
pub const TERMINATION_WAIT: &str = "TERMINATION_WAIT";
/// The lifecycle event in which traffic moves.
const ALLOW_TRAFFIC: &str = "AllowTraffic";

/// Where a deployment goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Platform {
    /// An ECS service, by two task sets.
    Ecs,
    /// An alias of a Lambda function.
    Lambda,
    /// Machines.
    Server,
    /// A name this version does not know; empty when AWS sent none.
    Other(String),
}

impl Platform {
    /// As AWS has it.
    pub fn name(&self) -> &str {
        match self {
            Self::Ecs => "ECS",
            Self::Lambda => "Lambda",
            Self::Server => "Server",
            Self::Other(name) => name,
        }
    }

    /// Whether traffic is split by weights that can be followed.
    pub fn has_weights(&self) -> bool {
        matches!(self, Self::Ecs | Self::Lambda)
    }
}

/// How the deployment configuration moves traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Routing {
    /// All of it at once.
    AtOnce,
    /// One small step, then all the rest.
    Canary {
        /// Percent of the first step.
        step: f64,
        /// Time until the second.
        wait: Duration,
    },
    /// Equal steps, the first of them at once.
    Linear {
        /// Percent per step.
        step: f64,
        /// Time between steps.
        wait: Duration,
    },
    /// It could not be read, or has a name that this version does not know.
    Unknown,
}

/// What a script or function said at the end of a lifecycle event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// `ScriptFailed`, `ScriptTimedOut` …
    pub code: String,
    /// In AWS's words.
    pub message: String,
    /// The end of its log, at most 4 KB.
    pub log_tail: String,
}

/// One lifecycle event, in the order in which AWS has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// `AllowTraffic` …
    pub name: String,
    /// `Pending`, `InProgress`, `Succeeded`, `Failed`, `Skipped` …, as AWS names it.
    pub status: String,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What went wrong, where it says so.
    pub diagnostics: Option<Diagnostics>,
}

/// What becomes of the original side at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Original {
    /// It is removed after this wait, where that is known.
    Removed(Option<Duration>),
    /// It stays.
    Kept,
    /// There is nothing to remove (Lambda), or AWS does not say.
    Unsaid,
}

/// The deployment that takes another one back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// Its id.
    pub id: String,
    /// Its status, as AWS names it.
    pub status: String,
    /// What went wrong with it.
    pub problem: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// A deployment, as far as only CodeDeploy knows of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Where it goes.
    pub platform: Platform,
    /// The service or alias that it moves; `None` until CodeDeploy says so.
    pub moves: Option<RolloutName>,
    /// Name of the deployment configuration.
    pub config: Option<String>,
    /// What that says of steps.
    pub routing: Routing,
    /// Hash of the revision that is deployed.
    pub revision: Option<String>,
    /// Hash of the one that was deployed before.
    pub previous: Option<String>,
    /// `user`, `codeDeployRollback`, `CloudFormation` …, as AWS names it.
    pub creator: Option<String>,
    /// Lifecycle events, in AWS's order.
    pub events: Vec<Lifecycle>,
    /// What becomes of the original side.
    pub original: Original,
    /// All traffic is on the new side, and the original one is kept for a while.
    pub terminating: bool,
    /// What rolls it back by itself: `DEPLOYMENT_FAILURE` … Empty when that is switched off.
    pub auto_rollback: Vec<String>,
    /// Code and message of what ended it badly.
    pub error: Option<(String, String)>,
    /// The deployment that takes this one back.
    pub back: Option<Back>,
    /// The deployment that this one takes back.
    pub back_of: Option<String>,
    /// Share of the new version as the alias itself has it, in percent.
    pub alias_share: Option<f64>,
    /// Share of the new version as CodeDeploy has it, where that is not what is: more than a point beside it.
    pub said: Option<f64>,
    /// Share of the new task set as the listener rules have it, in percent: 0 once ECS has no such task set.
    pub group_share: Option<f64>,
    /// What could not be read of it, and why.
    pub unread: Vec<String>,
}

impl Deployment {
    /// What a status allows. One that was stopped goes on as long as its rollback does.
    pub fn standing(&self, status: &str) -> Standing {
        match (open(status), &self.back) {
            (Standing::Ended, Some(back)) if open(&back.status) != Standing::Ended => Standing::Returning,
            (standing, _) => standing,
        }
    }

    /// Share of the new side in percent as the load balancer or the alias itself has it: a deployment's own
    /// numbers are those of its end. `None` where that was not read.
    pub fn routed(&self) -> Option<f64> {
        self.alias_share.or(self.group_share)
    }

    /// Whether the deployment that takes it back has succeeded.
    pub fn went_back(&self) -> bool {
        self.back.as_ref().is_some_and(|back| back.status == "Succeeded")
    }

    /// Where it stands once it is no longer open: AWS's status, and whether it went back.
    pub fn status_words(&self, status: &str) -> String {
        match &self.back {
            None => status.to_owned(),
            Some(back) => match (open(&back.status), back.status.as_str()) {
                (Standing::Ended, "Succeeded") => format!("{status}, went back"),
                (Standing::Ended, _) => format!("{status}, NOT back"),
                _ => format!("{status}, going back"),
            },
        }
    }

    /// The event that is going on.
    pub fn running(&self) -> Option<&Lifecycle> {
        self.events.iter().find(|event| event.status == "InProgress")
    }

    /// When traffic began to move, as far as AWS says.
    pub fn traffic_since(&self) -> Option<Timestamp> {
        self.events.iter().find(|event| event.name == ALLOW_TRAFFIC)?.started
    }

    /// When the last event ended.
    pub fn last_end(&self) -> Option<Timestamp> {
        self.events.iter().filter_map(|event| event.ended).max()
    }

    /// What there is to know beside the weights: a word and what it says.
    pub fn facts(&self, name: &RolloutName) -> Vec<(&'static str, String)> {
        let group = name.full();
        let group = ("group", group.strip_prefix("codedeploy/").unwrap_or(&group).to_owned());
        let config = self.config.clone().map(|config| ("config", config));
        let by = self.creator.clone().map(|creator| ("creator", creator));
        std::iter::once(group).chain(config).chain(by).collect()
    }

    /// What went wrong or could not be read, in sentences.
    pub fn troubles(&self) -> Vec<String> {
        let failed = self.events.iter().filter(|event| event.status == "Failed").map(|event| {
            let said = event.diagnostics.as_ref().map(|it| format!(": {} {}", it.code, it.message));
            format!("{} failed{}", event.name, said.unwrap_or_default().trim_end())
        });
        let back = self.back.as_ref().map(|back| {
            let why = back.problem.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("rollback deployment {} {}{why}", back.id, back.status)
        });
        let said =
            self.said.map(|said| format!("CodeDeploy says {} on new; the alias does not", percent(said)));
        failed.chain(back).chain(said).chain(self.unread.iter().cloned()).collect()
    }
}

/// What a status alone allows.
pub fn open(status: &str) -> Standing {
    match status {
        "Created" | "Queued" | "InProgress" | "Baking" | "Ready" => Standing::Open,
        "Succeeded" | "Failed" | "Stopped" => Standing::Ended,
        _ => Standing::Unknown,
    }
}

/// The wait before traffic moves, as a hook that somebody answers or that runs out.
pub fn ready_hook(minutes: Option<u64>, action: Option<&str>, since: Option<Timestamp>) -> Hook {
    let wait = minutes.and_then(|minutes| i64::try_from(minutes).ok()).map(SignedDuration::from_mins);
    Hook {
        id: READY_WAIT.to_owned(),
        kind: READY_WAIT.to_owned(),
        status: "AWAITING_ACTION".to_owned(),
        expires_at: since.zip(wait).and_then(|(since, wait)| since.checked_add(wait).ok()),
        timeout_action: action.map(str::to_owned),
    }
}

/// What happens next to an open deployment.
pub(super) fn next(rollout: &Rollout, it: &Deployment) -> Next {
    if let Some(hook) = rollout.waiting_hook() {
        return Next::Hook { until: hook.expires_at, then: hook.timeout_action.clone() };
    }
    if !it.platform.has_weights() {
        return Next::Unknown;
    }
    if it.terminating {
        return Next::Removal(removal(rollout, it));
    }
    match rollout.new.weight {
        Some(weight) if weight >= 100.0 => match it.original {
            Original::Removed(_) => Next::Removal(None),
            Original::Kept | Original::Unsaid => Next::Ends,
        },
        Some(weight) if weight > 0.0 => next_shift(rollout, it, weight),
        _ => match it.routing {
            Routing::AtOnce => Next::Shift(100.0, None),
            Routing::Canary { step, .. } | Routing::Linear { step, .. } => Next::Shift(step, None),
            Routing::Unknown => Next::Unknown,
        },
    }
}

fn next_shift(rollout: &Rollout, it: &Deployment, weight: f64) -> Next {
    let (to, wait, done) = match it.routing {
        Routing::AtOnce => return Next::Shift(100.0, None),
        Routing::Unknown => return Next::Unknown,
        Routing::Canary { wait, .. } => (100.0, wait, 1.0),
        Routing::Linear { step, wait } => (
            (weight + step).min(100.0),
            wait,
            if step > 0.0 { (weight / step).round().max(1.0) } else { 1.0 },
        ),
    };
    let seen = rollout.progress.weight_since().filter(|point| !point.estimate);
    let due = match seen {
        Some(point) => Due::after(point, wait),
        // The first step is taken when the event begins, the others after a wait each.
        None => it.traffic_since().and_then(|from| {
            let all = SignedDuration::try_from(wait.checked_mul(done as u32)?).ok()?;
            Some(Due { at: from.checked_add(all).ok()?, estimate: true })
        }),
    };
    Next::Shift(to, due)
}

/// When the original side goes away.
fn removal(rollout: &Rollout, it: &Deployment) -> Option<Due> {
    let Original::Removed(Some(wait)) = it.original else { return None };
    if let Some(point) = rollout.progress.stage_since().filter(|point| !point.estimate) {
        return Due::after(point, wait);
    }
    let at = it.last_end()?.checked_add(SignedDuration::try_from(wait).ok()?).ok()?;
    Some(Due { at, estimate: true })
}

/// When all traffic is due on the new side.
pub(super) fn due_100(rollout: &Rollout, it: &Deployment) -> Option<Due> {
    let Next::Shift(to, Some(due)) = rollout.next() else { return None };
    if to >= 100.0 {
        return Some(due);
    }
    let Routing::Linear { step, wait } = it.routing else { return None };
    if step <= 0.0 {
        return None;
    }
    let more = ((100.0 - to) / step).ceil().clamp(0.0, 1000.0) as u32;
    let at = due.at.checked_add(SignedDuration::try_from(wait.checked_mul(more)?).ok()?).ok()?;
    Some(Due { at, estimate: true })
}

/// Where an open deployment stands: the lifecycle event, by AWS's name.
pub(super) fn stage_words(rollout: &Rollout, it: &Deployment) -> String {
    if rollout.waiting_hook().is_some() {
        return "PAUSED: READY wait".to_owned();
    }
    if it.terminating {
        return "termination wait".to_owned();
    }
    match it.running() {
        Some(event) => event_words(event, rollout.new.weight),
        None => rollout.status.0.clone(),
    }
}

fn event_words(event: &Lifecycle, weight: Option<f64>) -> String {
    match weight {
        Some(weight) if event.name == ALLOW_TRAFFIC && event.status == "InProgress" => {
            format!("{} {}", event.name, percent(weight))
        }
        _ => event.name.clone(),
    }
}

/// The stage bar of an open deployment: its lifecycle events, and the waits between them. Skipped ones are in
/// the list of events only.
pub(super) fn stage_bar(rollout: &Rollout, it: &Deployment, now: Timestamp) -> Vec<StageItem> {
    let mut bar = Vec::with_capacity(it.events.len() + 2);
    let mut ready = rollout.waiting_hook().is_some();
    if it.events.is_empty() {
        bar.push(StageItem::new(&rollout.status.0, StageState::Running));
    }
    for event in it.events.iter().filter(|event| event.status != "Skipped") {
        let state = match event.status.as_str() {
            "Pending" => StageState::Ahead,
            "InProgress" => StageState::Running,
            "Succeeded" => StageState::Done,
            "Failed" => StageState::Failed,
            _ => StageState::Unknown,
        };
        if ready && state == StageState::Ahead {
            bar.push(StageItem::new("READY wait PAUSED", StageState::Running));
            ready = false;
        }
        bar.push(StageItem::new(&event_words(event, rollout.new.weight), state));
        let moving = event.name == ALLOW_TRAFFIC && state == StageState::Running;
        if moving && matches!(rollout.next(), Next::Shift(_, Some(_))) {
            bar.push(StageItem::new(&rollout.next_words(now), StageState::Ahead));
        }
    }
    if let Original::Removed(_) = it.original {
        let state = if it.terminating { StageState::Running } else { StageState::Ahead };
        let left = removal(rollout, it).filter(|_| it.terminating);
        let left = left.map(|due| format!(", {} left", due.countdown(now))).unwrap_or_default();
        bar.push(StageItem::new(&format!("termination wait{left}"), state));
    }
    bar
}

/// Whether CodeDeploy would roll this back without anybody's doing.
pub(super) fn by_itself(rollout: &Rollout, it: &Deployment) -> ByItself {
    let answer = |yes, why: &str| ByItself { yes, why: why.to_owned() };
    if let Some(hook) = rollout.waiting_hook()
        && hook.timeout_action.as_deref() == Some("STOP_DEPLOYMENT")
    {
        return answer(true, "it stops when nobody continues it");
    }
    let has = |event: &str| it.auto_rollback.iter().any(|it| it == event);
    let watched = rollout.alarms.enabled && !rollout.alarms.names.is_empty();
    match (has("DEPLOYMENT_FAILURE"), has("DEPLOYMENT_STOP_ON_ALARM") && watched) {
        (true, true) => answer(true, "when it fails or on its alarms"),
        (true, false) => answer(true, "only when it fails"),
        (false, true) => answer(true, "on its alarms"),
        (false, false) if it.auto_rollback.is_empty() => answer(false, "auto rollback off"),
        (false, false) if has("DEPLOYMENT_STOP_ON_ALARM") => answer(false, "no alarms set"),
        (false, false) => answer(false, "only when it is stopped"),
    }
}
