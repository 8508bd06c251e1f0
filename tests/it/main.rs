//! Everything that is tested from outside the crate, in one binary: linking the SDK is slow.
//!
//! `common` drives the real loop over the simulated AWS with scripted keys and a paused clock. `emulator`
//! and `boto` set the console and the simulator against programs that others wrote. Units, snapshots and
//! property tests stand beside the code they test.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails is a test that fails"
)]

mod binary;
mod boto;
mod changes;
mod common;
mod dashboards;
mod docs;
mod e2e;
mod emulator;
mod rollout_commands;
mod sources;
mod tidy;
mod trace_command;
mod traces;
