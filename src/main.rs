//! The binary: hands the arguments to [`eyewall::cli`] and its answer to the shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(eyewall::cli::main(std::env::args_os()))
}
