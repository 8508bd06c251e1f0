//! features

pub mod logs;
