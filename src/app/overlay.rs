//! What lies over a pane and takes the keys: help, palette, pickers, dialogs.

use super::action::Action;
use super::msg::Input;
use super::pane::{Command, Ctx};
use super::plan::{PollKey, PollPlan};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What an overlay answers.
#[derive(Default)]
pub struct Reply {
    /// It is done and goes away.
    pub close: bool,
    /// What to do about it.
    pub commands: Vec<Command>,
}

impl Reply {
    /// Stay open, do nothing.
    pub fn stay() -> Self {
        Self::default()
    }

    /// Go away.
    pub fn close() -> Self {
        Self { close: true, commands: Vec::new() }
    }

    /// Go away and do this.
    pub fn close_with(command: Command) -> Self {
        Self { close: true, commands: vec![command] }
    }

    /// Stay open and do this.
    pub fn with(commands: Vec<Command>) -> Self {
        Self { close: false, commands }
    }
}

/// A layer over the panes. The topmost one gets all input first.
pub trait Overlay {
    /// Raw input, with the verb its key stands for.
    fn on_input(&mut self, input: &Input, action: Option<Action>, ctx: &Ctx) -> Reply;
    /// The store changed; `None` means anywhere.
    fn on_change(&mut self, _key: Option<&PollKey>, _ctx: &Ctx) -> Reply {
        Reply::stay()
    }
    /// What it needs polled while it is open.
    fn wants(&self, _ctx: &Ctx, _plan: &mut PollPlan) {}
    /// Draws itself inside `area`, which is the whole screen.
    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx);
    /// It is not on the screen (any more): what only counts when seen must not count now.
    fn hidden(&self) {}
    /// What the last drawing showed takes the place of something else, and keys typed before it was seen could mean
    /// harm. `true` once for each.
    fn newly_drawn(&self) -> bool {
        false
    }
    /// What is typed must not be recorded.
    fn secret(&self) -> bool {
        false
    }
}
