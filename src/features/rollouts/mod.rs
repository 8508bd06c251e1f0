//! Traffic shifts of ECS services and their rollback.
//!
//! `model` and `stages` are what a shift is and what follows from it; `plan`, `rollback`, `watch` and
//! `journal` are the rollback from the first look to its end, as values. All of these are pure.

pub mod journal;
pub mod model;
pub mod op;
pub mod plan;
pub mod rollback;
mod source;
pub mod stages;
pub mod state;
pub mod watch;
pub mod wire;

#[cfg(test)]
mod tests;
