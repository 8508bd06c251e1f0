//! What ties signals together: services, the places where their signals are, and what they depend on.
//!
//! `found.rs` is what discovery read, `merge.rs` puts it together with the configuration, `attach.rs` says
//! whose an alarm is, `model.rs` is the result with its lookups. All of it is pure: reading is
//! `features/discovery`.

mod attach;
mod found;
mod merge;
mod model;
#[cfg(test)]
mod tests;

pub use attach::children;
pub use found::{
    EcsService, Forward, Found, Function, Inventory, Mapping, Node, TargetGroup, TaskDefinition, Watched,
};
pub use merge::merge;
pub use model::{Dependency, DependencyKind, EcsPlace, Kind, Owner, Service, Services, SideGroup};
