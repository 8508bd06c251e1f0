//! The simulated AWS as the flags want it: scenario, faults, and the way to it.

use super::Failure;
use super::args::Common;
use crate::aws::Access;
use crate::config::Config;
use crate::demo::world::Scenario;
use crate::demo::{Faults, SimAws};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::sync::Arc;

/// The scenario that flag or config names: a shipped one, or a file.
///
/// # Errors
/// No such scenario, or what is wrong with the file.
pub fn scenario(common: &Common, config: &Config) -> Result<Arc<Scenario>, Failure> {
    let name = common.scenario.as_ref().unwrap_or(&config.demo.scenario);
    if name.contains(['/', '\\', '.']) {
        let text =
            std::fs::read_to_string(name).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        return Scenario::parse(&text, name).map_err(|error| Failure::usage(error.to_string()));
    }
    if !Scenario::names().contains(&name.as_str()) {
        return Err(Failure::unknown("scenario", name, Scenario::names()));
    }
    Scenario::builtin(name).map_err(|error| Failure::usage(error.to_string()))
}

/// What goes wrong in it.
///
/// # Errors
/// A rule that cannot be read.
pub fn faults(common: &Common) -> Result<Faults, Failure> {
    Faults::parse(common.faults.iter().map(String::as_str)).map_err(|error| Failure::usage(error.to_string()))
}

/// The way to it, for the SDK.
pub fn access(sim: SimAws) -> Access {
    Access::Simulated { http: SharedHttpClient::new(sim) }
}
