//! The rollback dialog as a state machine: what a key, a newer plan or an answer does to it.
//!
//! It owns the typed name and the rule when a call may leave: only `Enter`, only on an exact match, only
//! after the complete plan was drawn, and once. It sends nothing itself: it answers with the plan to send,
//! and `op.rs` reads once more before it does. What happens after sending is in `watch.rs`. Pure; `dialog.rs`
//! draws it.

mod answer;

pub use answer::{Journaled, SendResult};

use super::plan::{GuardedChange, Plan};
use crate::aws::{ErrorClass, SourceError, TargetId};
use std::cell::Cell;

use super::model::RolloutName;

/// Longest text that can be typed, in characters: longer than any `TARGET/ecs/CLUSTER/SERVICE`.
const MAX_TYPED: usize = 600;

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A printable key.
    Char(char),
    /// Removes the last character.
    Backspace,
    /// Removes all of it.
    Clear,
    /// Text that came in one piece: refused, whatever it says.
    Paste,
    /// Sends, if everything holds.
    Enter,
    /// Cancels, as long as nothing is on its way.
    Esc,
}

/// What the dialog asks for after an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Nothing but drawing.
    Stay,
    /// The dialog is over and nothing was sent.
    Close,
    /// Read once more and, if this still holds, send it.
    Send(Box<Plan>),
    /// Copy this command.
    Copy(String),
    /// Ask for the MFA code of [`Dialog::code_needed`].
    AskCode,
}

/// Which credentials wait for an MFA code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Those that read.
    Reads,
    /// Those for writes.
    Writes,
}

/// Where the dialog stands.
#[derive(Debug, Clone, PartialEq)]
enum State {
    /// The name is typed.
    Asking,
    /// The plan is read once more and then sent: no way back from here but the answer.
    Sending,
    /// AWS refused: there is nothing to type, only a command to hand over.
    Locked(SourceError),
}

/// The dialog of one rollback.
#[derive(Debug, Clone)]
pub struct Dialog {
    /// The target.
    pub target: TargetId,
    /// The service.
    pub name: RolloutName,
    plan: Option<Plan>,
    problem: Option<SourceError>,
    /// The credentials for writes are not good, seen at sending or when asking who is calling. Only a caller
    /// that was read with them takes it back: good reads say nothing about them.
    rejection: Option<SourceError>,
    typed: String,
    changes: Vec<GuardedChange>,
    /// The plan that those changes are counted from: it stood when something was typed last, or first of all.
    base: Option<Box<Plan>>,
    /// Something had been typed for the plan before those changes.
    typed_before: bool,
    note: Option<String>,
    state: State,
    /// The command was copied, as it is now.
    copied: bool,
    /// Viewport memory: whether call and input line of the present plan are on the screen in full.
    drawn: Cell<bool>,
    /// The same since [`Dialog::newly_drawn`] was asked last.
    fresh: Cell<bool>,
}

impl Dialog {
    /// A dialog that waits for its plan.
    pub fn open(target: TargetId, name: RolloutName) -> Self {
        Self {
            target,
            name,
            plan: None,
            problem: None,
            rejection: None,
            typed: String::new(),
            changes: Vec::new(),
            base: None,
            typed_before: false,
            note: None,
            state: State::Asking,
            copied: false,
            drawn: Cell::new(false),
            fresh: Cell::new(false),
        }
    }

    /// The plan, once read.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// What has been typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The guarded fields that changed since something was typed last, or while this was open.
    pub fn changes(&self) -> &[GuardedChange] {
        &self.changes
    }

    /// Why the last read failed, while it is the last.
    pub fn problem(&self) -> Option<&SourceError> {
        self.problem.as_ref()
    }

    /// Whether the plan is being read once more and sent.
    pub fn sending(&self) -> bool {
        self.state == State::Sending
    }

    /// Whether the drawn call and input line are live: keys typed before this are dropped.
    pub fn armed(&self) -> bool {
        self.drawn.get()
            && self.state == State::Asking
            && self.plan.as_ref().is_some_and(|plan| !plan.refused())
    }

    /// Whether there is a line to type in. Keys count only once it is also drawn: see [`Self::armed`].
    pub fn typing(&self) -> bool {
        self.state == State::Asking && self.plan.as_ref().is_some_and(|plan| !plan.refused())
    }

    /// Called at every drawing: whether call and input line of the present plan are on the screen in full.
    pub fn set_drawn(&self, in_full: bool) {
        let drawn = in_full && self.plan.is_some();
        self.fresh.set(drawn && (self.fresh.get() || !self.drawn.get()));
        self.drawn.set(drawn);
    }

    /// Whether the present plan is on the screen.
    pub fn drawn(&self) -> bool {
        self.drawn.get()
    }

    /// Whether a plan came on the screen that was not there before: what is still queued of the keyboard was typed
    /// for something else, and whoever queues it has to drop it. `true` once for each.
    pub fn newly_drawn(&self) -> bool {
        self.fresh.replace(false)
    }

    /// Whether `Enter` would send, once this is drawn.
    pub fn ready(&self) -> bool {
        self.typing()
            && self.blocked().is_none()
            && self.plan.as_ref().is_some_and(|plan| plan.place.word == self.typed)
    }

    /// The credentials that must be good again before anything can be sent.
    fn blocked(&self) -> Option<&SourceError> {
        let reads = self.problem.as_ref().filter(|problem| problem.class.parks());
        self.rejection.as_ref().or(reads)
    }

    /// Whose MFA code is needed before anything can be sent.
    pub fn code_needed(&self) -> Option<Need> {
        let needed = |error: &SourceError| error.class == ErrorClass::MfaNeeded;
        if self.rejection.as_ref().is_some_and(needed) {
            return Some(Need::Writes);
        }
        self.problem.as_ref().is_some_and(needed).then_some(Need::Reads)
    }

    /// Takes what a person did.
    pub fn input(&mut self, input: Input) -> Reply {
        match (&self.state, input) {
            (State::Sending, Input::Esc) => {
                self.note = Some("it is on its way and cannot be called back".to_owned());
                Reply::Stay
            }
            (State::Sending, _) => Reply::Stay,
            (_, Input::Esc) => Reply::Close,
            (_, Input::Char('y')) if self.closed() => self.offer().map_or(Reply::Stay, Reply::Copy),
            (State::Locked(_), _) => Reply::Stay,
            (State::Asking, Input::Enter) if self.code_needed().is_some() => Reply::AskCode,
            (State::Asking, _) if !self.armed() => Reply::Stay,
            (State::Asking, Input::Enter) => self.enter(),
            (State::Asking, other) => {
                self.edit(other);
                Reply::Stay
            }
        }
    }

    fn edit(&mut self, input: Input) {
        self.note = None;
        match input {
            Input::Char(c) if self.typed.chars().count() < MAX_TYPED => {
                self.typed.push(c);
                self.base = None;
            }
            Input::Backspace => {
                self.typed.pop();
            }
            Input::Clear => self.typed.clear(),
            Input::Paste => self.note = Some("paste is refused: type the name".to_owned()),
            Input::Char(_) | Input::Enter | Input::Esc => {}
        }
    }

    fn enter(&mut self) -> Reply {
        if self.armed() && self.ready() {
            let Some(plan) = self.plan.clone() else { return Reply::Stay };
            self.state = State::Sending;
            self.note = None;
            return Reply::Send(Box::new(plan));
        }
        self.note = Some(if self.blocked().is_some() {
            "log in first: what you typed stays".to_owned()
        } else if self.typed.is_empty() {
            "type the name first".to_owned()
        } else {
            "not the name: nothing was sent".to_owned()
        });
        Reply::Stay
    }

    /// Whether there is nothing to type: AWS or the plan refused.
    fn closed(&self) -> bool {
        matches!(self.state, State::Locked(_)) || self.plan.as_ref().is_some_and(Plan::refused)
    }

    /// The command that `y` copies, where there is nothing to type and something to hand over.
    fn offer(&self) -> Option<String> {
        self.plan.as_ref().filter(|_| self.closed()).and_then(Plan::command)
    }

    /// Notes that the command arrived where it was copied to.
    pub fn set_copied(&mut self) {
        self.copied = true;
    }

    /// Whether the command was copied, as it is now.
    pub fn copied(&self) -> bool {
        self.copied && self.offer().is_some()
    }

    /// Takes a newer read of the plan. While it is being sent the sending's own re-read decides.
    pub fn plan_read(&mut self, newer: Plan) {
        self.problem = None;
        match &newer.place.caller {
            Ok(_) => self.rejection = None,
            Err(error) if error.class.parks() => self.rejection = Some(error.clone()),
            Err(_) => {}
        }
        if self.state != State::Sending {
            self.take(newer);
        }
    }

    fn take(&mut self, newer: Plan) {
        let changes = self.plan.as_ref().map(|plan| plan.diff(&newer)).unwrap_or_default();
        self.copied &= self.plan.as_ref().is_some_and(|plan| plan.command() == newer.command());
        // A different word to type means another thing to confirm.
        let word_changed = self.plan.as_ref().is_some_and(|plan| plan.place.word != newer.place.word);
        if !changes.is_empty() || word_changed {
            self.typed_before |= !self.typed.is_empty();
            self.typed.clear();
            let base = self.base.take().or_else(|| self.plan.take().map(Box::new));
            self.changes = base.as_ref().map(|base| base.diff(&newer)).unwrap_or_default();
            self.base = base;
            self.drawn.set(false);
            self.note = None;
        }
        self.plan = Some(newer);
    }

    /// Forgets the plan and what was typed: another one was asked for. `false` when it is being sent.
    pub fn start_over(&mut self) -> bool {
        if self.state != State::Asking {
            return false;
        }
        (self.plan, self.problem, self.note, self.copied) = (None, None, None, false);
        self.typed.clear();
        self.changes.clear();
        (self.typed_before, self.base) = (false, None);
        self.drawn.set(false);
        true
    }

    /// Notes that a read failed. The last plan and what was typed stay.
    pub fn read_failed(&mut self, error: SourceError) {
        self.problem = Some(error);
    }

    /// Takes the answer of the sending. `true` when the dialog is over and a watch begins.
    pub fn answered(&mut self, result: SendResult) -> bool {
        match result {
            SendResult::Sent { .. } | SendResult::Lost { .. } => return true,
            SendResult::Rejected(error) => {
                self.typed.clear();
                self.state = match error.class {
                    // Keys that ended are renewed, and then the same plan is typed again.
                    class if class.parks() => {
                        let what =
                            if error.unsent { "nothing was sent" } else { "AWS refused it, nothing changed" };
                        self.note = Some(format!("{what}: {}", error.short()));
                        self.rejection = Some(error);
                        State::Asking
                    }
                    // Credentials that only could not be reached may be the next time.
                    ErrorClass::Network | ErrorClass::Throttled | ErrorClass::Service if error.unsent => {
                        self.note = Some("nothing was sent: no credentials could be had for it".to_owned());
                        self.problem = Some(error);
                        State::Asking
                    }
                    _ => State::Locked(error),
                };
            }
            SendResult::Changed(newer) => {
                self.state = State::Asking;
                self.take(*newer);
                self.note = Some("nothing was sent: the plan no longer holds".to_owned());
            }
            SendResult::Beaten { newer, .. } => {
                self.state = State::Asking;
                self.take(*newer);
                self.note = Some("nothing changed: AWS refused, somebody was faster".to_owned());
            }
            SendResult::Unread(error) => {
                self.state = State::Asking;
                self.note = Some("nothing was sent: the last read before sending failed".to_owned());
                self.problem = Some(error);
            }
        }
        false
    }

    /// Whether AWS was asked and refused.
    pub fn was_refused(&self) -> bool {
        matches!(&self.state, State::Locked(error) if !error.unsent)
    }

    /// The lines above the input line: what is wrong, what changed, what to do. Worst first.
    pub fn notices(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let State::Locked(error) = &self.state {
            lines.push(format!("nothing changed: {error}"));
            if error.class == ErrorClass::Denied {
                lines.push(format!("missing: {}", error.operation));
            }
            if self.offer().is_some() {
                let whose = if error.class == ErrorClass::Denied { " for someone who may" } else { "" };
                lines.push(format!("y copies the command{whose}"));
            }
        }
        for problem in self.rejection.iter().chain(&self.problem) {
            lines.push(problem.short());
            if !problem.advice.is_empty() {
                lines.push(problem.advice.clone());
            }
        }
        if self.code_needed().is_some() {
            lines.push("Enter asks for the code".to_owned());
        }
        if !self.changes.is_empty() {
            let since = match (self.closed(), self.typed_before) {
                (false, true) => "changed since you typed, so type the name again:",
                _ => "changed while this was open:",
            };
            lines.push(since.to_owned());
            lines.extend(self.changes.iter().map(ToString::to_string));
        }
        lines.extend(self.note.clone());
        lines
    }

    /// The input line without what was typed.
    pub fn prompt(&self) -> String {
        let Some(plan) = &self.plan else { return "reading the plan".to_owned() };
        if self.sending() {
            return format!("reading once more, then {}", plan.call.operation());
        }
        if self.closed() {
            let offer = match self.offer() {
                None => "",
                Some(_) if self.copied => ": the command was copied",
                Some(_) => ": y copies the command",
            };
            return format!("nothing to type{offer}");
        }
        if self.ready() {
            return format!("Enter sends {}:", plan.call.operation());
        }
        let what = match plan.again.as_ref().and_then(|again| again.choice()) {
            Some(earlier) => format!("deploy {} again", earlier.label()),
            None => "roll back".to_owned(),
        };
        format!("type  {}  to {what}:", plan.place.word)
    }
}
