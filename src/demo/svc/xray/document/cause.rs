//! Why a segment failed: exceptions with their stacks, where they were thrown and where they came up.
//!
//! The outermost has the message of the log line; the others lead down to the part of the segment, or to
//! the callee, that failed first.

use super::Writer;
use crate::demo::wire::{Value, object};
use crate::demo::world::{Blame, Call, Failure};

impl Writer<'_> {
    pub(super) fn failure(&self) -> Option<Failure> {
        self.facts.world.call_failure(self.call).filter(|_| self.facts.done(self.call))
    }

    pub(super) fn failed_callee(&self) -> Option<&Call> {
        self.callees().find(|callee| self.facts.done(callee) && callee.fault)
    }

    /// Why the segment failed: its own exception with the message of the log line, or the id of one further
    /// down.
    pub(super) fn cause(&self) -> Value {
        let Some(failure) = self.failure() else { return Value::Null };
        let world = self.facts.world;
        if let Some(callee) = self.failed_callee()
            && failure.blame == Blame::Query
        {
            return world.call_extra_id(callee, 8).into();
        }
        if self.facts.node(self.call).kind == "AWS::Lambda::Function" {
            return world.call_extra_id(self.call, 9).into();
        }
        let inner = match self.failed_callee() {
            Some(callee) => world.call_extra_id(callee, 8),
            None => world.call_extra_id(self.call, 9),
        };
        let own = object([
            ("id", world.call_extra_id(self.call, 7).into()),
            (
                "type",
                if failure.blame == Blame::Pool { "ChargeError".to_owned() } else { failure.kind }.into(),
            ),
            ("message", failure.message.into()),
            ("remote", false.into()),
            ("cause", inner.into()),
            ("stack", frames(failure.stack.iter().skip(2))),
        ]);
        object([("working_directory", "/app".into()), ("exceptions", Value::List(vec![own]))])
    }

    /// The exception where it was thrown.
    pub(super) fn exception(&self) -> Value {
        let Some(failure) = self.failure() else { return Value::Null };
        let message = match failure.blame {
            Blame::Pool => "no connection available".to_owned(),
            Blame::Client | Blame::Query => failure.message,
        };
        let thrown = object([
            ("id", self.facts.world.call_extra_id(self.call, 9).into()),
            ("type", failure.kind.into()),
            ("message", message.into()),
            ("remote", false.into()),
            ("truncated", 0.into()),
            ("stack", frames(failure.stack.iter())),
        ]);
        object([("exceptions", Value::List(vec![thrown]))])
    }
}

fn frames<'a>(stack: impl Iterator<Item = &'a (String, String, u32)>) -> Value {
    let frame = |(label, path, line): &(String, String, u32)| {
        object([("path", path.into()), ("line", (*line).into()), ("label", label.into())])
    };
    let frames: Vec<Value> = stack.map(frame).collect();
    if frames.is_empty() { Value::Null } else { Value::List(frames) }
}
