//! Logs: pick groups, tail them, filter and search what came.
//!
//! `source.rs` is the only SDK code: it reads pages as [`tail::TailCursor`] says, sanitizes and parses
//! each line once ([`parse::facts`]) and returns a [`model::Batch`]. [`store::LogStore`] puts lines in
//! order and bounds them; [`search::Scan`] looks through a snapshot of it in a job; [`row`] and
//! [`detail`] turn lines into text with roles.

pub mod detail;
pub mod filter;
pub mod model;
pub mod parse;
pub mod pattern;
pub mod row;
pub mod rows;
pub mod search;
pub mod seen;
pub mod store;
pub mod tail;

#[cfg(test)]
mod tests;
