//! Traffic shifts of ECS services and their rollback.
//!
//! `model` and `stages` are what a shift is and what follows from it; `plan`, `rollback`, `watch` and
//! `journal` are the rollback from the first look to its end, as values. All of these are pure.

pub mod journal;
pub mod model;
pub mod plan;
pub mod rollback;
pub mod stages;
pub mod watch;

#[cfg(test)]
mod tests;
