//! What callers see of the world: plain data, in the words of the AWS APIs.
//!
//! Nothing here computes anything or knows a wire format; `svc/` turns these into answers. Optional
//! fields are what AWS leaves out of an answer.

mod observe;
mod refusal;
mod release;
mod run;
mod security;
mod stat;
mod trace;

pub use observe::*;
pub use refusal::*;
pub use release::*;
pub use run::*;
pub use security::*;
pub use stat::*;
pub use trace::*;

/// The account of every simulated resource.
pub const ACCOUNT: &str = "111122223333";
/// The one ECS cluster.
pub const CLUSTER: &str = "shop";
