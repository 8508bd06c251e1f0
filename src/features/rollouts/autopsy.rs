//! Why tasks of the new side stopped: what ECS says of each, and the last lines it wrote.
//!
//! ECS forgets a stopped task after about an hour, so what is not listed may still have happened. Tasks that
//! a deployment or scaling stopped in an orderly way are counted only. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the dead of one side tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autopsy {
    /// Tasks that stopped and should not have, newest first. At most 5.
    pub tasks: Vec<StoppedTask>,
    /// Such tasks beyond that.
    pub more: u32,
    /// Tasks that were stopped by a deployment or by scaling.
    pub orderly: u32,
    /// ECS had more stopped tasks of the service than one page.
    pub cut: bool,
}

/// One task that stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedTask {
    /// Last part of its ARN.
    pub id: String,
    /// When it stopped.
    pub at: Option<Timestamp>,
    /// AWS's stop code: `EssentialContainerExited`, `TaskFailedToStart` …
    pub code: Option<String>,
    /// AWS's reason: also what a health check or the registry said.
    pub reason: Option<String>,
    /// Its containers.
    pub containers: Vec<StoppedContainer>,
    /// Its last log lines, oldest first, or why there are none. At most 20.
    pub lines: Result<Vec<LastLine>, String>,
}

/// One container of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedContainer {
    /// Its name.
    pub name: String,
    /// What it ended with; `None` when it never ran.
    pub exit: Option<i32>,
    /// AWS's reason.
    pub reason: Option<String>,
    /// Its own health check said it was unhealthy.
    pub unhealthy: bool,
}

/// One log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLine {
    /// When.
    pub at: Timestamp,
    /// What, sanitized; a stack trace has several lines.
    pub text: String,
}

impl StoppedTask {
    /// Whether a deployment or scaling stopped it, and nothing was wrong with it.
    pub fn is_orderly(&self) -> bool {
        let scheduled = self.code.as_deref() == Some("ServiceSchedulerInitiated");
        let reason = self.reason.as_deref().unwrap_or_default().to_lowercase();
        scheduled && !["health check", "unhealthy", "failed"].iter().any(|word| reason.contains(word))
    }

    /// The exit code that matters: the first that is not 0.
    pub fn exit(&self) -> Option<i32> {
        let exits = || self.containers.iter().filter_map(|container| container.exit);
        exits().find(|exit| *exit != 0).or_else(|| exits().next())
    }

    /// What happened in two or three words, from AWS's words and codes.
    pub fn cause(&self) -> String {
        let containers = self.containers.iter().filter_map(|container| container.reason.as_deref());
        let said: Vec<String> =
            self.reason.as_deref().into_iter().chain(containers).map(str::to_lowercase).collect();
        let says = |words: &[&str]| said.iter().any(|text| words.iter().any(|word| text.contains(word)));
        let cause = if says(&["outofmemory", "out of memory", "memory usage"]) {
            "out of memory"
        } else if says(&["cannotpullcontainer", "pull image", "pulling image"]) {
            "image not pulled"
        } else if says(&["elb health check", "target-group", "target group"]) {
            "unhealthy to the load balancer"
        } else if says(&["container health check", "unhealthy"])
            || self.containers.iter().any(|container| container.unhealthy)
        {
            "unhealthy by its own check"
        } else if says(&["resourceinitialization", "secret"]) {
            "secrets or log set-up failed"
        } else if says(&["spot"]) || self.code.as_deref() == Some("SpotInterruption") {
            "spot capacity taken back"
        } else {
            ""
        };
        match (self.exit(), cause) {
            (Some(exit), "") => format!("exit {exit}{}", signal(exit)),
            (Some(exit), cause) => format!("{cause}, exit {exit}"),
            (None, "") => self.code.clone().unwrap_or_else(|| "no reason given".to_owned()),
            (None, cause) => cause.to_owned(),
        }
    }
}

/// What an exit code says of a signal.
fn signal(exit: i32) -> &'static str {
    match exit {
        134 => " (aborted)",
        137 => " (killed)",
        139 => " (segmentation fault)",
        143 => " (asked to end)",
        _ => "",
    }
}

impl Autopsy {
    /// For the side's line: `2 stopped: exit 137`.
    pub fn short(&self) -> Option<String> {
        let first = self.tasks.first()?;
        let count = self.tasks.len() as u32 + self.more;
        let why = first.exit().map_or_else(|| first.cause(), |exit| format!("exit {exit}"));
        Some(format!("{count} stopped: {why}"))
    }
}
