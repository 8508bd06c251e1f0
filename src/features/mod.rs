//! features

pub mod rollouts;
