//! Eyewall: a terminal console for on-call engineers on AWS.
//!
//! A pure core and a thin shell. Everything that can change the program arrives as one closed
//! [`app::Msg`]; [`app::App::handle`] changes state and returns [`app::Effect`]s as plain data; the
//! runtime turns effects into calls whose results come back as messages. What is polled is not
//! commanded but derived: after each message the runtime asks the app for its [`app::PollPlan`].
//!
//! # Invariants
//! 1. `app`, `widgets`, `service`, `text` and every `model.rs`, `pane.rs`, `view.rs` do no IO and never
//!    mention tokio, the SDK, the environment, the file system or `now()`.
//! 2. `App::handle` is the only writer of state. One queue, one order. Rendering reads.
//! 3. Rendering changes nothing but viewport memory; drawing twice gives the same buffer.
//! 4. The UI loop awaits nothing but its own `select!`, and `handle` takes at most 2 ms.
//! 5. A poller never exits on error and never has two requests in flight; one target's failure never
//!    touches another's panels.
//! 6. A mutation runs only from `Effect::Run`, only after a typed confirmation of a plan, only if the
//!    plan still holds, and is never retried by itself.
//! 7. Model types contain no colours or spans; views contain no SDK types.
//! 8. Missing data and zero are different values and look different.
//! 9. Text from AWS is sanitized once, where it enters (`source.rs`).
//! 10. Every list and ring is bounded in bytes or items, and says what it dropped.
//!
//! `ARCHITECTURE.md` says which test guards which.

pub mod app;
pub mod aws;
pub mod cli;
pub mod config;
pub mod demo;
pub mod features;
pub mod runtime;
pub mod service;
pub mod text;
pub mod theme;
pub mod widgets;
