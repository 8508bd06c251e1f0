//! The rollback dialog as a state machine: what a key, a newer plan or an answer does to it.
//!
//! It owns the typed name and the rule when a call may leave: only `Enter`, only on an exact match, only
//! after the complete plan was drawn, and once. It sends nothing itself: it answers with the plan to send,
//! and `op.rs` reads once more before it does. What happens after sending is in `watch.rs`. Pure; `dialog.rs`
//! draws it.

use super::plan::{GuardedChange, Plan};
use crate::aws::{ErrorClass, SourceError, TargetId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
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

/// How the journal of a sending went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journaled {
    /// When the sending began: with the deployment it names this rollback in the journal.
    pub began: Timestamp,
    /// Why a line could not be written, if so.
    pub problem: Option<String>,
}

/// What the operation that re-reads and sends came back with. `at` is when the request left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SendResult {
    /// AWS took it.
    Sent {
        /// When.
        at: Timestamp,
        /// AWS's request id.
        request_id: Option<String>,
        /// The journal of it.
        journal: Journaled,
    },
    /// It was sent and no answer came: it may or may not have arrived, and is never sent again.
    Lost {
        /// When.
        at: Timestamp,
        /// What happened to the answer.
        error: SourceError,
        /// The journal of it.
        journal: Journaled,
    },
    /// AWS said no: nothing changed.
    Rejected(SourceError),
    /// The plan no longer holds: nothing was sent.
    Changed(Box<Plan>),
    /// AWS refused because somebody was faster: nothing changed by us.
    Beaten {
        /// The plan as it is now.
        newer: Box<Plan>,
        /// How AWS refused.
        error: SourceError,
    },
    /// The last read before sending failed: nothing was sent.
    Unread(SourceError),
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
    note: Option<String>,
    state: State,
    /// Viewport memory: whether call and input line of the present plan are on the screen in full.
    drawn: Cell<bool>,
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
            note: None,
            state: State::Asking,
            drawn: Cell::new(false),
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

    /// The guarded fields that changed since the name was last typed.
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
        self.drawn.set(in_full && self.plan.is_some());
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
            (_, Input::Char('y')) if self.hands_over() => match &self.plan {
                Some(plan) => Reply::Copy(plan.command()),
                None => Reply::Stay,
            },
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
            Input::Char(c) if self.typed.chars().count() < MAX_TYPED => self.typed.push(c),
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

    /// Whether `y` copies the command: only where there is nothing to type.
    pub fn hands_over(&self) -> bool {
        matches!(self.state, State::Locked(_)) || self.plan.as_ref().is_some_and(Plan::refused)
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
        // A different word to type means another thing to confirm.
        let word_changed = self.plan.as_ref().is_some_and(|plan| plan.place.word != newer.place.word);
        if !changes.is_empty() || word_changed {
            self.typed.clear();
            self.changes = changes;
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
        (self.plan, self.problem, self.note) = (None, None, None);
        self.typed.clear();
        self.changes.clear();
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
                        self.rejection = Some(error);
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

    /// The lines above the input line: what is wrong, what changed, what to do. Worst first.
    pub fn notices(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let State::Locked(error) = &self.state {
            lines.push(format!("nothing changed: {error}"));
            if error.class == ErrorClass::Denied {
                lines.push(format!("missing: {}", error.operation));
            }
            lines.push("y copies the command for someone who may".to_owned());
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
            lines.push("changed since you typed, so type the name again:".to_owned());
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
        if self.hands_over() {
            return "nothing to type: y copies the command".to_owned();
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
