//! `[[call]]` in a scenario file: one call that CloudTrail recorded.
//!
//! Data only; `deeds.rs` makes events of it.

use crate::demo::world::spec::Offset;
use serde::Deserialize;
use serde_json::Value as Json;

/// A call to an AWS API.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::demo::world) struct CallSpec {
    /// When.
    pub(super) at: Offset,
    /// The service's short name, as in an IAM action: `ecs`, `iam`.
    pub(super) source: String,
    /// For example `UpdateService`.
    pub(super) name: String,
    /// `user/NAME`, `role/NAME/SESSION`, `service/NAME` or `root`.
    pub(super) by: String,
    /// Only there; without it in every region where the service records.
    #[serde(default)]
    pub(super) region: Option<String>,
    /// Id of the access key that signed it.
    #[serde(default)]
    pub(super) key: Option<String>,
    #[serde(default)]
    pub(super) ip: Option<String>,
    #[serde(default)]
    pub(super) agent: Option<String>,
    /// It changes nothing.
    #[serde(default)]
    pub(super) read: bool,
    /// Code and message of the refusal.
    #[serde(default)]
    pub(super) error: Option<(String, String)>,
    #[serde(default)]
    pub(super) params: Json,
    #[serde(default)]
    pub(super) response: Json,
    /// Type and name of what it was about.
    #[serde(default)]
    pub(super) resources: Vec<(String, String)>,
    /// How many such calls, a second apart.
    #[serde(default = "one")]
    pub(super) times: u32,
}

fn one() -> u32 {
    1
}
