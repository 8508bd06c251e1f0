//! The list sections of the config file: `[[target]]`, `[[service]]`, `[[severity]]`.

use crate::aws::{TargetId, TargetSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An account and region, reached by a profile and/or role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// Its name in lists and after `--target`. Must be given, and only once.
    pub name: String,
    /// Profile of the shared AWS config files; the default credential chain when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Region; the profile's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Role to assume on top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// External id for that role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// MFA device for that role: its code is asked for on screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa_serial: Option<String>,
    /// Endpoint for every service instead of AWS's; read-only unless it is this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// Allow rollbacks through an endpoint that is not this machine.
    pub allow_writes: bool,
    /// Colour of the header rule: a name, `#rrggbb` or an index in quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// No verb that changes AWS is offered.
    pub read_only: bool,
    /// Wears its colour on every screen, and `PRODUCTION` in the rollback dialog.
    pub production: bool,
    /// Profile used only to change AWS, when the rollback dialog opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_profile: Option<String>,
    /// Role assumed only to change AWS, when the rollback dialog opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_role_arn: Option<String>,
}

impl From<&Target> for TargetSpec {
    fn from(target: &Target) -> Self {
        let target = target.clone();
        Self {
            name: TargetId::new(&target.name),
            profile: target.profile,
            region: target.region,
            role_arn: target.role_arn,
            external_id: target.external_id,
            mfa_serial: target.mfa_serial,
            endpoint_url: target.endpoint_url,
            allow_writes: target.allow_writes,
            color: target.color,
            read_only: target.read_only,
            production: target.production,
            write_profile: target.write_profile,
            write_role_arn: target.write_role_arn,
        }
    }
}

/// A service: a name and the places where its signals are. What is given here is added to what is found by
/// itself, or replaces it where there can be only one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Its name. Must be given, and only once per target.
    pub name: String,
    /// The target it is in; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// ECS service as `CLUSTER/SERVICE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecs: Option<String>,
    /// Target groups by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_groups: Vec<String>,
    /// The one of `target_groups` that a rollback of listener weights goes back to: weights alone do not say
    /// which side is the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_target_group: Option<String>,
    /// Lambda function and alias as `FUNCTION:ALIAS`, or `FUNCTION`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda: Option<String>,
    /// Log groups by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_groups: Vec<String>,
    /// Name of its node in X-Ray.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xray: Option<String>,
    /// Alarms by name; `*` is any text, `?` any one character.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<String>,
    /// Dashboards by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dashboards: Vec<String>,
    /// What it depends on: services, databases, queues, tables, caches, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

/// How severe the alarms of this name are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SeverityRule {
    /// Alarm names; `*` is any text, `?` any one character.
    #[serde(rename = "match")]
    pub pattern: String,
    /// How severe they are.
    pub severity: Severity,
}

/// How severe an alarm is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a look.
    Medium,
    /// Broken. What an alarm is when nothing else is said.
    #[default]
    High,
    /// Broken, and the first thing to look at.
    Critical,
}
