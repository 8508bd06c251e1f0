//! The command line: arguments to a run, a run to an exit code.
//!
//! `args.rs` is the grammar; `session.rs` makes what the console and the headless commands share out of
//! arguments, config and environment; each command is a file. Only `env.rs` reads the environment and only
//! `out.rs` writes to the standard streams. Exit codes: 0 fine, 1 failed, 2 bad usage or bad config.

pub mod args;
mod configs;
mod console;
mod doctor;
mod env;
mod failure;
pub mod keys;
mod logging;
mod open;
mod out;
pub mod picture;
mod policy;
mod reload;
mod replay;
mod rollouts;
mod serve;
mod session;
mod shell;
mod simulated;
mod snapshot;
mod targets;
mod themes;
mod trace;

#[cfg(test)]
mod tests;

pub use failure::Failure;

use args::{Cli, Command, RolloutsCommand};
use clap::{CommandFactory, Parser};
use env::Environment;
use out::Out;
use session::Setup;
use std::ffi::OsString;

/// Runs the command that these arguments ask for and gives the exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no failure.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    let mut out = Out::standard();
    match dispatch(cli, &mut out) {
        Ok(()) => 0,
        Err(failure) => {
            out.error(&failure.to_string());
            failure.code()
        }
    }
}

fn dispatch(cli: Cli, out: &mut Out) -> Result<(), Failure> {
    let Cli { common, command } = cli;
    let env = Environment::read();
    match command {
        None => console::run(&Setup::new(common, env)?, None, out),
        Some(Command::Demo { serve: Some(address) }) => {
            serve::run(&Setup::new(common.in_demo(), env)?, address, out)
        }
        Some(Command::Demo { serve: None }) => console::run(&Setup::new(common.in_demo(), env)?, None, out),
        Some(Command::Open { what }) => open::run(common, env, &what, out),
        Some(Command::Snapshot(snapshot)) => snapshot::run(Setup::new(common, env)?, &snapshot, out),
        Some(Command::Trace(args)) => trace::run(Setup::new(common, env)?, &args, out),
        Some(Command::Rollouts(args)) => {
            let setup = Setup::new(common, env)?;
            match &args.what {
                None => rollouts::list(&setup, args.json, out),
                Some(RolloutsCommand::Watch(args)) => rollouts::watch(&setup, args, out),
            }
        }
        Some(Command::Rollback(args)) => rollouts::rollback(&Setup::new(common, env)?, &args, out),
        Some(Command::Doctor) => doctor::run(&Setup::new(common, env)?, out),
        Some(Command::Policy { rollback }) => {
            if rollback {
                out.error(policy::NOTE);
            }
            out.text(&policy::text(rollback))
        }
        Some(Command::Replay { file }) => replay::run(&Setup::new(common.replaying(), env)?, &file, out),
        Some(Command::Config { what }) => configs::run(common, env, what, out),
        Some(Command::Themes) => themes::run(&Setup::new(common, env)?, out),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "eyewall", &mut text);
            out.bytes(&text)
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut text).map_err(Failure::failed)?;
            out.bytes(&text)
        }
    }
}
