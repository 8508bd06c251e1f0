//! `eyewall open WHAT`: the console, started at an ARN, a console URL or a trace id as pasted from a page.

use super::args::Common;
use super::env::Environment;
use super::out::Out;
use super::session::Setup;
use super::{Failure, console};
use crate::features::place;

/// Runs the console there.
///
/// # Errors
/// Something that is none of these, or that no target reaches.
pub fn run(mut common: Common, env: Environment, what: &str, out: &mut Out) -> Result<(), Failure> {
    let place = place::parse(what).map_err(Failure::Usage)?;
    let setup = Setup::new(common.clone(), env.clone())?;
    // Without targets of one's own, the thing's region is where it is.
    let own_region =
        common.region.is_some() || !common.targets.is_empty() || !setup.config.targets.is_empty();
    let setup = match place.region {
        Some(region) if !own_region => {
            common.region = Some(region);
            Setup::new(common, env)?
        }
        _ => setup,
    };
    console::run(&setup, Some(what), out)
}
