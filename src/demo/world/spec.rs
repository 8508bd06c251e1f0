//! The tables of a scenario file, as they are read.
//!
//! Data only: `scenario.rs` says what is wrong with one, the other files what it means. Times are relative
//! to the moment the console starts: `-14m`, `+4m`, `-6d`. Everything a table does not say is at rest.

pub(super) use super::deployment::{
    BadStart, Broken, DeploymentSpec, HookAction, HookKind, HookSpec, StrategyName,
};
use serde::Deserialize;
use toml::Spanned;

/// A time relative to the start, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Offset(pub(super) i64);

impl TryFrom<String> for Offset {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bad = || format!("`{text}` is not a time like -14m, +4m, -6d or -30s");
        let mut chars = text.chars();
        let (sign, unit) = (chars.next(), chars.next_back());
        let sign = match sign {
            Some('-') => -1,
            Some('+') => 1,
            _ => return Err(bad()),
        };
        let unit = match unit {
            Some('s') => 1_000,
            Some('m') => 60_000,
            Some('h') => 3_600_000,
            Some('d') => 86_400_000,
            _ => return Err(bad()),
        };
        let count: i64 =
            chars.as_str().parse().ok().filter(|count| (0..=100_000).contains(count)).ok_or_else(bad)?;
        Ok(Self(sign * count * unit))
    }
}

/// How log lines of a service look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LineFormat {
    /// One JSON object per line.
    #[default]
    Json,
    /// Plain text.
    Text,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceSpec {
    pub(super) name: String,
    /// Requests per minute at noon; ignored for a service that is called by another.
    #[serde(default)]
    pub(super) rpm: f64,
    /// The service whose requests reach this one, and which share of them.
    #[serde(default)]
    pub(super) caller: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) share: f64,
    /// Share of requests that also fail here while the caller's new side is broken, at full strain.
    #[serde(default)]
    pub(super) spill: f64,
    pub(super) error_rate: f64,
    #[serde(default)]
    pub(super) client_error_rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) tasks: u32,
    /// Task definition family.
    pub(super) family: String,
    /// Revision that ran before the first deployment listed.
    pub(super) revision: u32,
    /// Path prefix of its requests.
    pub(super) path: String,
    #[serde(default)]
    pub(super) logs: LineFormat,
    /// Database clusters it uses.
    #[serde(default)]
    pub(super) databases: Vec<String>,
    /// Revisions of its task definition that were deregistered: nothing new can be deployed with them.
    #[serde(default)]
    pub(super) deregistered: Vec<u32>,
    /// How its deployments move traffic when none is listed.
    #[serde(default)]
    pub(super) strategy: StrategyName,
    /// It runs on instances and not on ECS, and people divide its traffic by the weights of a listener rule.
    #[serde(default)]
    pub(super) weights: Option<WeightsSpec>,
}

/// Weights of both target groups of a service, set by hand. Before that the blue one has everything.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeightsSpec {
    /// What the green group's targets run.
    pub(super) revision: u32,
    pub(super) blue: u32,
    pub(super) green: u32,
    pub(super) since: Offset,
    /// How the green one fails.
    #[serde(default)]
    pub(super) broken: Option<Broken>,
    /// Seconds for which a client keeps its group.
    #[serde(default)]
    pub(super) sticky: Option<u32>,
    /// Users log in before requests are forwarded.
    #[serde(default)]
    pub(super) login: bool,
    /// It is the listener's default action, and not a rule.
    #[serde(default)]
    pub(super) default: bool,
    /// Tags of the rule or listener.
    #[serde(default)]
    pub(super) tags: Vec<(String, String)>,
    /// Tags of both target groups.
    #[serde(default)]
    pub(super) group_tags: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionSpec {
    pub(super) name: String,
    pub(super) rpm: f64,
    pub(super) error_rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) alias: String,
    pub(super) version: u32,
    pub(super) queue: String,
    /// The service whose requests leave the messages there.
    #[serde(default)]
    pub(super) sender: Option<Spanned<String>>,
    pub(super) memory: u32,
    /// A second version that its alias sends a part of the invocations to.
    #[serde(default)]
    pub(super) canary: Option<CanarySpec>,
}

/// Weights of an alias.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CanarySpec {
    pub(super) version: u32,
    pub(super) percent: f64,
    pub(super) since: Offset,
    #[serde(default)]
    pub(super) broken: Option<Broken>,
    /// The stack that the function belongs to.
    #[serde(default)]
    pub(super) stack: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatabaseSpec {
    pub(super) name: String,
    /// Log lines per minute at rest.
    pub(super) lines_per_minute: f64,
    /// Most connections it takes.
    pub(super) max_connections: u32,
}

/// A service that was given more tasks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleSpec {
    pub(super) service: Spanned<String>,
    pub(super) at: Offset,
    pub(super) from: u32,
    pub(super) to: u32,
    /// Who did it, as in `[[call]]`; without it application auto scaling.
    #[serde(default)]
    pub(super) by: Option<String>,
}

/// A time in which a service fails, whatever revision runs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TroubleSpec {
    pub(super) service: Spanned<String>,
    pub(super) from: Offset,
    #[serde(default)]
    pub(super) until: Option<Offset>,
    pub(super) error_rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Minutes until it is as bad as that.
    pub(super) ramp_minutes: f64,
    /// What its ERROR lines say.
    pub(super) message: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GaugeSpec {
    pub(super) namespace: String,
    pub(super) metric: String,
    pub(super) dimensions: Vec<(String, String)>,
    pub(super) base: f64,
    /// Noise to both sides.
    #[serde(default)]
    pub(super) spread: f64,
    /// From these times on the base is another one.
    #[serde(default)]
    pub(super) steps: Vec<(Offset, f64)>,
    /// From this time on there are no datapoints.
    #[serde(default)]
    pub(super) silent: Option<Offset>,
    /// Grows with the traffic on a broken side.
    #[serde(default)]
    pub(super) strain: Option<StrainSpec>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StrainSpec {
    pub(super) service: Spanned<String>,
    /// Added when all traffic is on a broken side.
    pub(super) add: f64,
    /// Minutes it takes to get there, and back.
    pub(super) minutes: u32,
    pub(super) cap: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlarmSpec {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    pub(super) watch: WatchSpec,
    #[serde(default)]
    pub(super) threshold: f64,
    #[serde(default)]
    pub(super) below: bool,
    /// M and N of "M of N".
    #[serde(default = "three_of_three")]
    pub(super) points: (u32, u32),
    #[serde(default = "sixty")]
    pub(super) period: u32,
    #[serde(default)]
    pub(super) missing: Absent,
    #[serde(default)]
    pub(super) actions: ActionsSpec,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WatchSpec {
    /// Percent of 5xx of a service, both sides.
    Errors(Spanned<String>),
    /// p99 in milliseconds of a service, both sides.
    P99(Spanned<String>),
    /// ERROR lines of a service per period.
    ErrorLines(Spanned<String>),
    /// Errors of a function per period.
    FunctionErrors(Spanned<String>),
    /// Average of a gauge: namespace, metric, and the value of its first dimension.
    Gauge(Spanned<(String, String, String)>),
    /// Any of these alarms.
    AnyOf(Vec<String>),
    /// Any of these alarms (first), silenced by that one (second).
    AnyOfUnless(Vec<String>, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Absent {
    Missing,
    #[default]
    NotBreaching,
    Breaching,
    Ignore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ActionsSpec {
    /// Pages somebody.
    #[default]
    Page,
    /// Runs scaling policies only.
    Scale,
    /// Has none.
    None,
    /// Pages somebody, but is switched off.
    Off,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MuteSpec {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) alarms: Vec<String>,
    pub(super) started: Offset,
    pub(super) hours: u32,
}

/// Things are made until there are so many of each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generate {
    #[serde(default)]
    pub(super) services: u32,
    #[serde(default)]
    pub(super) functions: u32,
    #[serde(default)]
    pub(super) alarms: u32,
    #[serde(default)]
    pub(super) log_groups: u32,
    #[serde(default)]
    pub(super) findings: u32,
    /// Services that get nine more alarms each, all of them low.
    #[serde(default)]
    pub(super) storm: Vec<String>,
}

fn three_of_three() -> (u32, u32) {
    (3, 3)
}

fn sixty() -> u32 {
    60
}
