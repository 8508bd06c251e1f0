//! A target: an account and region reached by a profile and/or role. Plain data.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A target's name, unique in one run. Cheap to clone; every poll, error, badge and cost carries one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetId(pub Arc<str>);

impl TargetId {
    /// A target id from its name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for TargetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One `[[target]]`, or the one made from the default credential chain and the flags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetSpec {
    /// Its name, shown in every list when more than one target is on.
    pub name: TargetId,
    /// Profile of the shared config files; the default chain when absent.
    pub profile: Option<String>,
    /// Region; the profile's own when absent.
    pub region: Option<String>,
    /// Role to assume on top.
    pub role_arn: Option<String>,
    /// External id for that role.
    pub external_id: Option<String>,
    /// MFA device for `role_arn`, or for the profile's role: its code is asked for on screen.
    pub mfa_serial: Option<String>,
    /// Endpoint for every service, instead of AWS's.
    pub endpoint_url: Option<String>,
    /// Allow rollbacks through a custom endpoint that is not loopback.
    pub allow_writes: bool,
    /// A theme colour name or `#rrggbb`, worn by the header rule.
    pub color: Option<String>,
    /// No verb that changes AWS is offered.
    pub read_only: bool,
    /// Wears its colour on every screen, and `PRODUCTION` in the rollback dialog.
    pub production: bool,
    /// Profile used only for writes, when the rollback dialog opens.
    pub write_profile: Option<String>,
    /// Role used only for writes, when the rollback dialog opens.
    pub write_role_arn: Option<String>,
}

impl TargetSpec {
    /// A target that leaves everything to the default chain.
    pub fn named(name: &str) -> Self {
        Self {
            name: TargetId::new(name),
            profile: None,
            region: None,
            role_arn: None,
            external_id: None,
            mfa_serial: None,
            endpoint_url: None,
            allow_writes: false,
            color: None,
            read_only: false,
            production: false,
            write_profile: None,
            write_role_arn: None,
        }
    }

    /// The same as it is reached for writes. The region is the one that was read, whatever the other profile says.
    pub(super) fn for_writes(&self, region: Option<String>) -> Self {
        let mut write = Self { region: region.or_else(|| self.region.clone()), ..self.clone() };
        if let Some(profile) = &self.write_profile {
            write.profile = Some(profile.clone());
            write.role_arn = None;
        }
        if let Some(role_arn) = &self.write_role_arn {
            write.role_arn = Some(role_arn.clone());
        }
        if write.role_arn.is_none() && self.write_profile.is_some() {
            write.mfa_serial = None;
            write.external_id = None;
        }
        write
    }
}
