//! config

pub mod error;

pub use error::{ConfigError, Origin, suggest};
