//! Runs without anybody at the keys: they end by themselves once everything has settled.

use super::{Ended, Loop};
use crate::app::{App, Input, Msg, Now};
use ratatui::Terminal;
use ratatui::backend::Backend;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

/// When a headless run ends.
pub struct Until {
    /// At the latest after this long.
    pub timeout: Duration,
    /// Shows a thing by name, once everything has settled for the first time; `false` when there is none.
    pub open: Option<Opener>,
    /// Keys to send, each after everything has settled.
    pub keys: VecDeque<Input>,
}

/// Finds a thing among what has come, and shows it.
pub type Opener = Box<dyn FnOnce(&mut App, Now) -> bool + Send>;

impl Loop {
    /// What a headless run does after each turn; nothing for the console.
    pub(super) fn headless<B: Backend>(
        &mut self,
        app: &mut App,
        terminal: &mut Terminal<B>,
    ) -> Result<ControlFlow<Ended>, B::Error> {
        if self.shell.until.is_none() {
            return Ok(ControlFlow::Continue(()));
        }
        let now = self.shell.clock.now();
        let settled = self.settled(app);
        let Some(until) = &mut self.shell.until else { return Ok(ControlFlow::Continue(())) };
        let ended = if now.since_start >= until.timeout {
            Ended::TimedOut
        } else if !settled {
            return Ok(ControlFlow::Continue(()));
        } else if let Some(open) = until.open.take() {
            if open(app, now) {
                self.dirty = true;
                return Ok(ControlFlow::Continue(()));
            }
            Ended::NotFound
        } else if let Some(input) = until.keys.pop_front() {
            // The next turn handles it, and everything settles again before the one after.
            self.work.spawn(std::future::ready(Msg::Input(input)));
            self.busy += 1;
            return Ok(ControlFlow::Continue(()));
        } else {
            Ended::Settled
        };
        self.draw(app, terminal)?;
        Ok(ControlFlow::Break(ended))
    }
}
