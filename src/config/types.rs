//! The keys of the config file and their defaults. The doc comments here are the schema's descriptions.
//!
//! Plain data: what a value means to the program is decided where it is used. `config.example.toml` shows
//! every key; a test keeps the two equal.

use super::{Service, SeverityRule, Span, Target};
use crate::text::Zone;
use crate::theme::ColorDepth;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole config file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// No verb that changes AWS is offered, on any target.
    pub read_only: bool,
    /// How the screen looks.
    pub ui: Ui,
    /// The window of time that all panes share.
    pub window: Window,
    /// How often what is on screen is read again. Hidden panes are not read at all.
    pub poll: Poll,
    /// What reading may cost.
    pub cost: Cost,
    /// When the new side of a rollout counts as better, same or worse.
    pub verdict: Verdict,
    /// The Logs pane.
    pub logs: Logs,
    /// The Security and Changes panes.
    pub security: Security,
    /// Keys by the name of their action; what is given here replaces the action's own keys, and an empty list
    /// takes its keys away.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Vec<String>>,
    /// The embedded simulated AWS.
    pub demo: Demo,
    /// Accounts and regions. Without any, one target is made from the default credential chain.
    #[serde(rename = "target", skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Services, to complete or correct what is found by itself.
    #[serde(rename = "service", skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// How severe alarms are, by name; the first that fits counts.
    #[serde(rename = "severity", skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<SeverityRule>,
}

/// How the screen looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ui {
    /// A shipped theme (dark, light, high-contrast, colour-blind, ansi16, mono) or one from the `themes`
    /// folder next to this file.
    pub theme: String,
    /// Draw without box drawing and braille.
    pub ascii: bool,
    /// Whether to use colour.
    pub color: ColorChoice,
    /// The zone that times are shown in: `local`, `utc`, or a name like `Europe/London`.
    pub zone: String,
    /// The pane to start with; afterwards the last one is remembered per target.
    pub start: String,
}

impl Ui {
    /// The zone as a value; `None` when this machine's database has none of that name.
    pub fn time_zone(&self, local: &Zone) -> Option<Zone> {
        match self.zone.as_str() {
            "local" => Some(local.clone()),
            "utc" => Some(Zone::utc()),
            name => TimeZone::get(name).ok().map(Zone::from),
        }
    }
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            theme: "dark".into(),
            ascii: false,
            color: ColorChoice::Auto,
            zone: "local".into(),
            start: "overview".into(),
        }
    }
}

/// Whether to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColorChoice {
    /// As many as the terminal says it has; none when `NO_COLOR` is set.
    #[default]
    Auto,
    /// 24 bits, whatever the terminal says.
    Always,
    /// None.
    Never,
}

impl ColorChoice {
    /// How many colours to use on a terminal that has `terminal` of them.
    pub fn depth(self, terminal: ColorDepth) -> ColorDepth {
        match self {
            Self::Auto => terminal,
            Self::Always => ColorDepth::True,
            Self::Never => ColorDepth::None,
        }
    }
}

/// The window of time that all panes share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Window {
    /// How far back it reaches at the start, from 1m to 2w.
    pub default: Span,
}

impl Default for Window {
    fn default() -> Self {
        Self { default: Span::seconds(3600) }
    }
}

/// How often what is on screen is read again, from the end of one read to the start of the next; each from
/// 1s to 1d.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Poll {
    /// The states of all alarms.
    pub alarms: Span,
    /// Metrics of what is visible. CloudWatch bills each metric of each read.
    pub metrics: Span,
    /// Services and their deployments while nothing shifts.
    pub rollouts: Span,
    /// A shift in progress.
    pub shift: Span,
    /// New events of a log tail.
    pub logs: Span,
    /// The list of log groups.
    pub log_groups: Span,
    /// What there is: clusters, services, load balancers, functions, dependencies.
    pub discovery: Span,
    /// GuardDuty's findings. Five times slower while only the badge needs them.
    pub findings: Span,
}

impl Default for Poll {
    fn default() -> Self {
        Self {
            alarms: Span::seconds(30),
            metrics: Span::seconds(60),
            rollouts: Span::seconds(15),
            shift: Span::seconds(5),
            logs: Span::seconds(5),
            log_groups: Span::seconds(300),
            discovery: Span::seconds(300),
            findings: Span::seconds(60),
        }
    }
}

/// What reading may cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// US dollars per hour at list price, above 0. Reads slow down to stay below; a rollback's reads never do.
    pub max_usd_per_hour: f64,
}

impl Default for Cost {
    fn default() -> Self {
        Self { max_usd_per_hour: 1.0 }
    }
}

/// When the new side of a rollout counts as better, same or worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Verdict {
    /// Percentage points of failed requests, 0.01 to 50: what is surely less is `same`, and a rollback is only
    /// advised from there on.
    pub margin: f64,
    /// Chance that sides which are alike are called better or worse at any look of a whole shift, 0.0001 to
    /// 0.2. Less means waiting longer for certainty.
    pub false_alarms: f64,
}

impl Default for Verdict {
    fn default() -> Self {
        Self { margin: 0.5, false_alarms: 0.01 }
    }
}

/// The Logs pane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    /// Memory for log lines in MiB, from 4 to 4096. The oldest are dropped beyond it, and counted.
    pub max_memory_mib: u32,
    /// Wrap long lines.
    pub wrap: bool,
    /// Log groups to tail when none are remembered.
    pub groups: Vec<String>,
}

impl Default for Logs {
    fn default() -> Self {
        Self { max_memory_mib: 64, wrap: false, groups: Vec::new() }
    }
}

/// The Security and Changes panes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// Regions whose findings are read, and in which Changes looks for what a principal did. The target's own
    /// when empty.
    pub regions: Vec<String>,
}

/// The embedded simulated AWS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Demo {
    /// What happens in it: bad-deploy, rolling, blue-green, linear, lambda-canary, alb-weights, codedeploy-ecs,
    /// codedeploy-lambda, found-late, db-connections, leaked-key, quiet, big, or the path of a scenario file.
    pub scenario: String,
    /// The same seed gives the same world.
    pub seed: u32,
}

impl Default for Demo {
    fn default() -> Self {
        Self { scenario: "bad-deploy".into(), seed: 1 }
    }
}
