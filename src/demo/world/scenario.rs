//! What a scenario file may say, and how a wrong one is refused.
//!
//! The tables are in `spec.rs`; names that refer to something are checked here, with their line. Nothing
//! here computes a value.

use super::findings::FindingSpec;
use super::leak::LeakSpec;
use super::release::ReleaseSpec;
use super::spec::{
    AlarmSpec, DatabaseSpec, DeploymentSpec, FunctionSpec, GaugeSpec, Generate, MuteSpec, ScaleSpec,
    ServiceSpec, TroubleSpec, WatchSpec,
};
use super::trail::CallSpec;
use serde::Deserialize;
use std::sync::Arc;
use toml::Spanned;

/// A parsed scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// Regions in which the account has something to see, the first one above all; any region when empty.
    #[serde(default)]
    pub regions: Vec<String>,
    /// The account that administers GuardDuty for this one.
    #[serde(default)]
    pub(super) administrator: Option<String>,
    /// ECS services.
    #[serde(default, rename = "service")]
    pub(super) services: Vec<ServiceSpec>,
    /// Lambda functions with a queue each.
    #[serde(default, rename = "function")]
    pub(super) functions: Vec<FunctionSpec>,
    /// Database clusters.
    #[serde(default, rename = "database")]
    pub(super) databases: Vec<DatabaseSpec>,
    /// Deployments, past and running.
    #[serde(default, rename = "deployment")]
    pub(super) deployments: Vec<DeploymentSpec>,
    /// Deployments by CodeDeploy, of services whose controller it is and of functions.
    #[serde(default, rename = "codedeploy")]
    pub(super) releases: Vec<ReleaseSpec>,
    /// Services that were given more tasks.
    #[serde(default, rename = "scale")]
    pub(super) scales: Vec<ScaleSpec>,
    /// Times in which a service fails.
    #[serde(default, rename = "trouble")]
    pub(super) troubles: Vec<TroubleSpec>,
    /// Calls that CloudTrail recorded, beside those that follow from the rest.
    #[serde(default, rename = "call")]
    pub(super) calls: Vec<CallSpec>,
    /// Metrics that do not come from requests.
    #[serde(default, rename = "gauge")]
    pub(super) gauges: Vec<GaugeSpec>,
    /// Alarms.
    #[serde(default, rename = "alarm")]
    pub(super) alarms: Vec<AlarmSpec>,
    /// Alarm mute rules.
    #[serde(default, rename = "mute")]
    pub(super) mutes: Vec<MuteSpec>,
    /// Credentials in the wrong hands.
    #[serde(default, rename = "leak")]
    pub(super) leaks: Vec<LeakSpec>,
    /// What GuardDuty found.
    #[serde(default, rename = "finding")]
    pub(super) findings: Vec<FindingSpec>,
    /// Things made by the hundred.
    #[serde(default)]
    pub(super) generate: Generate,
}

/// Why a scenario was refused: file, line, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}{}: {message}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ScenarioError {
    /// The file, or the name of a shipped scenario.
    pub origin: String,
    /// 1-based; none when no file was read.
    pub line: Option<usize>,
    /// Names the key and, where there is a list, what would be right.
    pub message: String,
}

/// The shipped scenarios, the default first.
const SHIPPED: [(&str, &str); 12] = [
    ("bad-deploy", include_str!("../scenarios/bad-deploy.toml")),
    ("rolling", include_str!("../scenarios/rolling.toml")),
    ("blue-green", include_str!("../scenarios/blue-green.toml")),
    ("linear", include_str!("../scenarios/linear.toml")),
    ("lambda-canary", include_str!("../scenarios/lambda-canary.toml")),
    ("codedeploy-ecs", include_str!("../scenarios/codedeploy-ecs.toml")),
    ("codedeploy-lambda", include_str!("../scenarios/codedeploy-lambda.toml")),
    ("found-late", include_str!("../scenarios/found-late.toml")),
    ("db-connections", include_str!("../scenarios/db-connections.toml")),
    ("leaked-key", include_str!("../scenarios/leaked-key.toml")),
    ("quiet", include_str!("../scenarios/quiet.toml")),
    ("big", include_str!("../scenarios/big.toml")),
];

impl Scenario {
    /// Names of the shipped scenarios, the default first.
    pub fn names() -> [&'static str; SHIPPED.len()] {
        SHIPPED.map(|(name, _)| name)
    }

    /// A shipped scenario; an unknown name is refused with the names that exist.
    pub fn builtin(name: &str) -> Result<Arc<Self>, ScenarioError> {
        match SHIPPED.iter().find(|(known, _)| *known == name) {
            Some((known, text)) => Self::parse(text, known),
            None => Err(ScenarioError {
                origin: "scenario".to_owned(),
                line: None,
                message: format!("no scenario `{name}`; there are {}", Self::names().join(", ")),
            }),
        }
    }

    /// Reads a scenario; `origin` names its file in errors.
    pub fn parse(text: &str, origin: &str) -> Result<Arc<Self>, ScenarioError> {
        let fail = |start: usize, message: String| ScenarioError {
            origin: origin.to_owned(),
            line: Some(1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count()),
            message,
        };
        let mut scenario: Self = toml::from_str(text)
            .map_err(|error| fail(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
        scenario.expand();
        scenario.check().map_err(|(start, message)| fail(start, message))?;
        Ok(Arc::new(scenario))
    }

    /// What the types cannot say: that names which refer to something refer to something.
    fn check(&self) -> Result<(), (usize, String)> {
        let services: Vec<&str> = self.services.iter().map(|service| service.name.as_str()).collect();
        let functions: Vec<&str> = self.functions.iter().map(|function| function.name.as_str()).collect();
        for (index, service) in self.services.iter().enumerate() {
            if let Some(caller) = &service.caller {
                // Only earlier ones, so that the request stream can never run in a circle.
                known("caller", caller, services.get(..index).unwrap_or_default())?;
            }
        }
        for sender in self.functions.iter().filter_map(|function| function.sender.as_ref()) {
            known("sender", sender, &services)?;
        }
        for deployment in &self.deployments {
            known("service", &deployment.service, &services)?;
            if !(0.1..=100.0).contains(&deployment.percent) {
                let at = deployment.service.span().start;
                return Err((at, format!("percent = {} is not between 0.1 and 100", deployment.percent)));
            }
            for hook in &deployment.hooks {
                hook.check().map_err(|message| (deployment.service.span().start, message))?;
            }
        }
        for release in &self.releases {
            release.check()?;
            if let Some(service) = &release.service {
                known("service", service, &services)?;
                if self.deployments.iter().any(|it| it.service.get_ref() == service.get_ref()) {
                    let message = format!("{} is deployed by ECS, or by CodeDeploy", service.get_ref());
                    return Err((service.span().start, message));
                }
            }
            if let Some(function) = &release.function {
                known("function", function, &functions)?;
            }
        }
        for scale in &self.scales {
            known("service", &scale.service, &services)?;
            if scale.from >= scale.to {
                let message = format!("a service grows from {} to {}", scale.from, scale.to);
                return Err((scale.service.span().start, message));
            }
        }
        for trouble in &self.troubles {
            known("service", &trouble.service, &services)?;
        }
        for gauge in &self.gauges {
            if let Some(strain) = &gauge.strain {
                known("strain.service", &strain.service, &services)?;
            }
        }
        let backwards = self.findings.iter().find(|finding| finding.last < *finding.first.get_ref());
        if let Some(finding) = backwards {
            return Err((finding.first.span().start, format!("{} ends before it begins", finding.kind)));
        }
        for alarm in &self.alarms {
            match &alarm.watch {
                WatchSpec::Errors(name) | WatchSpec::P99(name) | WatchSpec::ErrorLines(name) => {
                    known("watch", name, &services)?;
                }
                WatchSpec::FunctionErrors(name) => known("watch", name, &functions)?,
                WatchSpec::Gauge(gauge) => {
                    let (namespace, metric, value) = gauge.get_ref();
                    let found = self.gauges.iter().any(|known| known.is(namespace, metric, value));
                    if !found {
                        let message = format!("watch names no gauge: {namespace} {metric} {value}");
                        return Err((gauge.span().start, message));
                    }
                }
                WatchSpec::AnyOf(_) | WatchSpec::AnyOfUnless(..) => {}
            }
        }
        Ok(())
    }
}

fn known(key: &str, name: &Spanned<String>, names: &[&str]) -> Result<(), (usize, String)> {
    if names.contains(&name.get_ref().as_str()) {
        return Ok(());
    }
    let message =
        format!("{key} = \"{}\" names nothing here; there are: {}", name.get_ref(), names.join(", "));
    Err((name.span().start, message))
}
