//! `eyewall config print|check|schema`.

use super::Failure;
use super::args::{Common, ConfigCommand};
use super::env::Environment;
use super::out::Out;
use super::session::{Setup, read_config};
use crate::config::{self, Paths};

/// Does what was asked with the config.
///
/// # Errors
/// What is wrong with it.
pub fn run(common: Common, env: Environment, what: ConfigCommand, out: &mut Out) -> Result<(), Failure> {
    match what {
        ConfigCommand::Schema => out.text(&config::schema()),
        ConfigCommand::Print => out.text(&config::print(&Setup::new(common, env)?.config)),
        ConfigCommand::Check => {
            let (file, text) = read_config(&common, Paths::of_user().as_ref())?;
            let setup = Setup::new(common, env)?;
            let found = if text.is_empty() { "no config there, the defaults hold" } else { "fine" };
            let targets = setup.config.targets.len();
            let targets = if targets == 1 { "1 target".to_owned() } else { format!("{targets} targets") };
            out.text(&format!("{}: {found}; {targets}, theme {}", file.display(), setup.theme.name))
        }
    }
}
