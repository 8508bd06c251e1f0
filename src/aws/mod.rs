//! How Eyewall reaches AWS: targets, credentials, the one choke point for calls, error classes, budget.
//!
//! Sources get a [`Conn`] and make every request through [`Conn::call`], which waits for the rate
//! limiter, counts the request and its price, and turns every SDK error into a [`SourceError`]. Nothing
//! outside this folder builds an SDK client or reads an SDK error.

mod advice;
mod budget;
mod classify;
mod clients;
pub mod conn;
pub mod console;
pub mod endpoint;
pub mod error;
pub mod http;
pub mod identity;
pub mod meter;
mod mfa;
pub mod operation;
pub mod probe;
mod profile;
mod setup;
pub mod target;
mod watch;

pub use budget::Monotonic;
pub use conn::{Aws, Clocks, Conn};
pub use error::{ErrorClass, SourceError};
pub use identity::{Identity, identity};
pub use meter::Usage;
pub use mfa::MfaCode;
pub use operation::{Family, Operation};
pub use profile::{CredentialsSource, Env};
pub use setup::{Access, WallClock};
pub use target::{TargetId, TargetSpec};

#[cfg(test)]
mod tests;
