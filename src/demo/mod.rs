//! The simulated AWS: an in-process HTTP client for the real SDK, over a world that is a pure function
//! of scenario, seed and time.
//!
//! `world/` knows what happens and no wire format; `svc/` knows AWS's rules; `wire/` knows its
//! protocols; `sim.rs` joins them, and `serve.rs` puts the same behind a loopback socket. Nothing
//! outside this folder knows that AWS is simulated.

pub mod fault;
pub mod serve;
pub mod sim;
mod svc;
mod wire;
pub mod world;

pub use fault::{FaultError, Faults};
pub use sim::SimAws;
