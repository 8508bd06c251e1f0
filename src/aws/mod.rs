//! How Eyewall reaches AWS: targets, credentials, the one choke point for calls, error classes, budget.
//!
//! Sources get a [`Conn`] and make every request through [`Conn::call`], which waits for the rate
//! limiter, counts the request and its price, and turns every SDK error into a [`SourceError`]. Nothing
//! outside this folder builds an SDK client or reads an SDK error.

pub mod error;
pub mod operation;
pub mod target;

pub use error::{ErrorClass, SourceError};
pub use operation::{Family, Operation};
pub use target::{TargetId, TargetSpec};
