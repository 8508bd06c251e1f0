//! The closed set of things that can change the program. The stream is serializable: `--record` writes
//! it and `replay` feeds it back.

use super::plan::PollKey;
use crate::aws::meter::Usage;
use crate::aws::{SourceError, TargetId};
use crate::config::Config;
use crate::features::session::SessionInfo;
use crate::features::{JobOutput, OpOutcome, Payload, Query};
use crossterm::event::KeyEvent;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The present, as a value. `since_start` is monotonic and drives schedules; `wall` is what is shown and
/// what AWS is asked about (in the demo it is the simulated world's time).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Now {
    /// Monotonic time since the program started.
    pub since_start: Duration,
    /// Wall-clock time.
    pub wall: jiff::Timestamp,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// A bracketed paste. Remote text like any other.
    Paste(String),
    /// The terminal's new size: columns, rows.
    Resize(u16, u16),
}

/// One finished poll.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Polled {
    /// Which target and topic.
    pub key: PollKey,
    /// The question this answers.
    pub query: Query,
    /// The answer.
    pub result: Result<Payload, SourceError>,
    /// When it will be asked again; `None` when it waits for something to change.
    pub next_in: Option<Duration>,
    /// What the target's calls cost since it last reported.
    pub usage: Usage,
}

/// Everything that can change the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Msg {
    /// Keys, paste, resize.
    Input(Input),
    /// A poller sent its request.
    PollStarted {
        /// Which target and topic.
        key: PollKey,
        /// What it asks.
        query: Query,
    },
    /// A poller dropped its running request: the question changed or went away.
    PollDropped {
        /// Which target and topic.
        key: PollKey,
    },
    /// A poller has an answer or an error.
    Polled(Box<Polled>),
    /// An operation ended.
    OpDone(Box<OpOutcome>),
    /// A job ended.
    Computed(Box<JobOutput>),
    /// The config file changed: the new configuration, or why it cannot be used.
    ConfigLoaded(Box<Result<Config, String>>),
    /// The user's theme folder changed: names and texts.
    ThemesLoaded(Vec<(String, String)>),
    /// A target connected, or its credentials changed: what its connection knows of itself.
    Session {
        /// Whose.
        target: TargetId,
        /// What is known.
        info: SessionInfo,
    },
    /// A line that stays in the header: a replay, and how far it goes.
    Banner(String),
    /// Back from `Ctrl-z`.
    Resumed,
    /// Once a second, so that ages and countdowns move.
    Tick,
}
