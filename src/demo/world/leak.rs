//! Credentials in the wrong hands: whose, from where, and what was done with them, region by region.
//!
//! One list for two services: the trail tells each call, GuardDuty tells what it makes of them, so that
//! principal, key, address and times agree. Calls name their region; the world of another one has none.

use super::spec::Offset;
use super::types::LeakedCall;
use super::{World, time};
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeakSpec {
    /// The IAM user whose key it is.
    pub(super) user: String,
    /// Its unique id (`AIDA…`).
    pub(super) principal_id: String,
    /// The key's id (`AKIA…`).
    pub(super) access_key: String,
    /// Where the calls come from.
    pub(super) address: String,
    /// With what they are made.
    pub(super) agent: String,
    #[serde(default, rename = "call")]
    pub(super) calls: Vec<CallSpec>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallSpec {
    pub(super) at: Offset,
    /// Where it is logged: us-east-1 for the global services.
    pub(super) region: String,
    /// As in the event's source, without `.amazonaws.com`: `iam`, `ec2`.
    pub(super) service: String,
    /// The operation.
    pub(super) event: String,
    #[serde(default)]
    pub(super) read_only: bool,
    /// The error code it was answered with.
    #[serde(default)]
    pub(super) error: Option<String>,
    /// So many of them, one every five seconds.
    #[serde(default = "one")]
    pub(super) count: u32,
    /// Type and name of what it was about.
    #[serde(default)]
    pub(super) on: Option<(String, String)>,
    /// Its request parameters.
    #[serde(default)]
    pub(super) parameters: toml::Table,
}

fn one() -> u32 {
    1
}

/// Milliseconds between calls of one burst.
const EVERY: i64 = 5_000;

impl World {
    /// Every call made with leaked credentials in this region, in the scenario's order, later ones included.
    pub fn leaked_calls(&self) -> Vec<LeakedCall<'_>> {
        let mut calls = Vec::new();
        for leak in &self.scenario.leaks {
            for call in leak.calls.iter().filter(|call| call.region == self.region) {
                calls.extend((0..i64::from(call.count)).map(|nth| LeakedCall {
                    at: time(self.start + call.at.0 + nth * EVERY),
                    user: &leak.user,
                    principal_id: &leak.principal_id,
                    access_key: &leak.access_key,
                    address: &leak.address,
                    agent: &leak.agent,
                    service: &call.service,
                    event: &call.event,
                    read_only: call.read_only,
                    error: call.error.as_deref(),
                    on: call.on.as_ref().map(|(kind, name)| (kind.as_str(), name.as_str())),
                    parameters: &call.parameters,
                }));
            }
        }
        calls
    }
}
