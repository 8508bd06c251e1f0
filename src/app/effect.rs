//! What the core asks the shell to do. Plain data: a test asserts it without a network.

use crate::features::{Job, Op};

/// One thing to do outside the core.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Run an operation; its outcome comes back as `Msg::OpDone`. The only way to change anything in AWS.
    Run(Box<Op>),
    /// Compute something off the loop; the answer comes back as `Msg::Computed`.
    Compute(Box<Job>),
    /// Put text on the clipboard (OSC 52, tmux buffer).
    Copy(String),
    /// Stop the process as the shell's job control does; `Msg::Resumed` follows.
    Suspend,
    /// Parked pollers try again now: credentials changed.
    Wake,
    /// Redraw from scratch, whatever the terminal shows.
    Repaint,
    /// End the program.
    Quit,
}
