//! What can be asked about changes, and what a change is. Pure.

use serde::{Deserialize, Serialize};

/// Whose or what's changes are looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A service by its name: changes of what it is made of, of what it depends on, and of its callers.
    Service(String),
    /// One resource, by name, id or ARN.
    Resource(String),
    /// What a person, user or role session did: the name that CloudTrail has as `Username`.
    User(String),
    /// What was done with an access key, by its id (`AKIA…`, `ASIA…`).
    AccessKey(String),
    /// What came from an IP address.
    Address(String),
}

impl Subject {
    /// What it names.
    pub fn name(&self) -> &str {
        match self {
            Self::Service(name)
            | Self::Resource(name)
            | Self::User(name)
            | Self::AccessKey(name)
            | Self::Address(name) => name,
        }
    }
}
