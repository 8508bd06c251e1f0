//! What holds of one trace: the questions of filter expressions, answered from the world.
//!
//! Summaries say the same facts (`summary.rs`), so a filter and the member of a summary can never disagree.
//! Flags of a trace are those of its root; `throttle` of any call.

use super::filter::{Cause, Expr, Flag, NumberKey, Selector, TextKey, Wanted};
use crate::demo::world::{ACCOUNT, Call, Note, Trace, TraceNode, World};
use jiff::Timestamp;

/// Groups that the account has, with their expressions.
pub const GROUPS: [(&str, &str); 2] = [("Default", ""), ("slow", "responsetime > 1")];

/// One trace as it is known at a time.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Where it comes from.
    pub world: &'a World,
    /// It.
    pub trace: &'a Trace,
    now_us: i64,
}

/// What a keyword is asked of.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Trace,
    /// A call, or one step of a root cause: its place in the list and the length of that.
    Call(&'a Call, Option<(usize, usize)>),
}

impl<'a> Facts<'a> {
    /// The facts of a trace at a time.
    pub fn new(world: &'a World, trace: &'a Trace, now: Timestamp) -> Self {
        Self { world, trace, now_us: now.as_microsecond() }
    }

    /// The call that everything began with.
    pub fn root(&self) -> Option<&'a Call> {
        self.trace.calls.first()
    }

    /// The node of a call.
    pub fn node(&self, call: &Call) -> TraceNode<'a> {
        self.world.trace_node(call)
    }

    /// Whether a call has ended.
    pub fn done(&self, call: &Call) -> bool {
        call.to_us <= self.now_us
    }

    /// Whether something of it is still going on.
    pub fn partial(&self) -> bool {
        !self.trace.calls.iter().all(|call| self.done(call))
    }

    /// Seconds from its first beginning to its last end.
    pub fn duration(&self) -> f64 {
        let (from, to) = self.trace.span_us();
        (to.min(self.now_us) - from) as f64 / 1_000_000.0
    }

    /// Seconds that its root took; none while it does.
    pub fn response_time(&self) -> Option<f64> {
        self.root().filter(|root| self.done(root)).map(Call::seconds)
    }

    /// Whether any call was throttled.
    pub fn throttled(&self) -> bool {
        self.trace.calls.iter().any(|call| self.done(call) && call.throttle)
    }

    /// Calls from the root down to the last one that answered so.
    pub fn cause(&self, cause: Cause) -> Vec<&'a Call> {
        let of = |call: &Call| {
            self.done(call)
                && match cause {
                    Cause::Fault => call.fault,
                    Cause::Error => call.error,
                    Cause::ResponseTime => true,
                }
        };
        let mut path: Vec<&Call> = Vec::new();
        let mut at = self.root().filter(|root| of(root)).map(|root| (0, root));
        while let Some((index, call)) = at {
            path.push(call);
            let below = self.trace.calls.iter().enumerate().skip(index + 1);
            let below = below.filter(|(_, callee)| callee.caller == Some(index) && of(callee));
            at = match cause {
                // Half of the caller's time is what makes a callee the reason.
                Cause::ResponseTime => below
                    .filter(|(_, callee)| callee.seconds() > call.seconds() / 2.0)
                    .max_by(|left, right| left.1.seconds().total_cmp(&right.1.seconds())),
                Cause::Fault | Cause::Error => below.min_by_key(|(_, callee)| callee.from_us),
            };
        }
        path
    }

    /// Whether an expression holds.
    pub fn hold(&self, expr: &Expr) -> bool {
        self.holds(expr, Scope::Trace)
    }

    fn holds(&self, expr: &Expr, scope: Scope<'_>) -> bool {
        match expr {
            Expr::And(left, right) => self.holds(left, scope) && self.holds(right, scope),
            Expr::Or(left, right) => self.holds(left, scope) || self.holds(right, scope),
            Expr::Not(inner) => !self.holds(inner, scope),
            Expr::Flag(flag, wanted) => self.flag(*flag, scope) == *wanted,
            Expr::Number(key, order, wanted) => {
                self.number(*key, scope).is_some_and(|value| order.holds(value, *wanted))
            }
            Expr::Text(key, order, wanted) => {
                self.texts(*key, scope).iter().any(|value| order.holds(value, wanted))
            }
            Expr::Annotation(key, wanted) => self.annotation(key, wanted.as_ref(), scope),
            Expr::Service(selector, inner) => {
                let inner = inner.as_deref();
                let mut meant = self.trace.calls.iter().filter(|call| self.selected(selector, call));
                meant.any(|call| inner.is_none_or(|inner| self.holds(inner, Scope::Call(call, None))))
            }
            Expr::Edge(from, to, inner) => {
                let inner = inner.as_deref();
                let mut meant = self.trace.calls.iter().filter(|call| {
                    let caller = call.caller.and_then(|caller| self.trace.calls.get(caller));
                    caller.is_some_and(|caller| self.selected(from, caller)) && self.selected(to, call)
                });
                meant.any(|call| inner.is_none_or(|inner| self.holds(inner, Scope::Call(call, None))))
            }
            Expr::Group(order, wanted) => GROUPS.iter().any(|(name, expression)| {
                order.holds(name, wanted)
                    && super::filter::parse(expression).map_or(true, |expr| self.holds(&expr, Scope::Trace))
            }),
            Expr::RootCause(cause, inner) => {
                let path = self.cause(*cause);
                let inner = inner.as_deref();
                let step = |(index, call): (usize, &&Call)| {
                    inner.is_none_or(|inner| self.holds(inner, Scope::Call(call, Some((index, path.len())))))
                };
                path.iter().enumerate().any(step)
            }
        }
    }

    fn selected(&self, selector: &Selector, call: &Call) -> bool {
        let node = self.node(call);
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
        is(&selector.name, node.name) && is(&selector.kind, node.kind) && is(&selector.account, ACCOUNT)
    }

    fn flag(&self, flag: Flag, scope: Scope<'_>) -> bool {
        let (call, place) = match scope {
            Scope::Trace => match flag {
                Flag::Throttle => return self.throttled(),
                Flag::Partial => return self.partial(),
                _ => match self.root() {
                    Some(root) => (root, None),
                    None => return false,
                },
            },
            Scope::Call(call, place) => (call, place),
        };
        let done = self.done(call);
        match flag {
            Flag::Ok => done && !call.error && !call.fault,
            Flag::Error => done && call.error,
            Flag::Throttle => done && call.throttle,
            Flag::Fault => done && call.fault,
            Flag::Partial => !done,
            Flag::Inferred => self.node(call).inferred,
            Flag::Remote => self.node(call).kind == "remote",
            Flag::Root => call.caller.is_none(),
            Flag::First => place.is_some_and(|(index, _)| index == 0),
            Flag::Last => place.is_some_and(|(index, length)| index + 1 == length),
        }
    }

    fn number(&self, key: NumberKey, scope: Scope<'_>) -> Option<f64> {
        let (call, place) = match scope {
            Scope::Trace => (self.root()?, None),
            Scope::Call(call, place) => (call, place),
        };
        match (key, scope) {
            (NumberKey::Duration, Scope::Trace) => Some(self.duration()),
            (NumberKey::ResponseTime | NumberKey::Duration, _) => self.done(call).then(|| call.seconds()),
            (NumberKey::Status, _) => call.status.filter(|_| self.done(call)).map(f64::from),
            (NumberKey::Index, _) => place.map(|(index, _)| index as f64),
            (NumberKey::Coverage, _) => {
                place.and(self.response_time()).map(|whole| call.seconds() / whole.max(f64::MIN_POSITIVE))
            }
        }
    }

    fn texts(&self, key: TextKey, scope: Scope<'_>) -> Vec<String> {
        let one;
        // A trace has the names of all its services, and the request of its root.
        let (calls, front) = match scope {
            Scope::Trace => (self.trace.calls.as_slice(), self.root()),
            Scope::Call(call, _) => {
                one = [*call];
                (one.as_slice(), Some(call))
            }
        };
        let http = || front.and_then(|call| self.world.call_http(call));
        match key {
            TextKey::Url => http().map(|http| http.url).into_iter().collect(),
            TextKey::Method => http().map(|http| http.method.to_owned()).into_iter().collect(),
            TextKey::Agent => http().and_then(|http| http.agent).into_iter().collect(),
            TextKey::Client => http().and_then(|http| http.client).into_iter().collect(),
            TextKey::User => front.and_then(|call| self.world.call_user(call)).into_iter().collect(),
            TextKey::Name => calls.iter().map(|call| self.node(call).name.to_owned()).collect(),
            TextKey::Type => calls.iter().map(|call| self.node(call).kind.to_owned()).collect(),
            TextKey::Account => vec![ACCOUNT.to_owned()],
            TextKey::Message => {
                let failed = calls.iter().filter(|call| self.done(call));
                failed.filter_map(|call| Some(self.world.call_failure(call)?.message)).collect()
            }
            TextKey::Zone => {
                calls.iter().filter_map(|call| Some(self.world.call_place(call)?.zone)).collect()
            }
            TextKey::Instance => Vec::new(),
            TextKey::Resource => calls.iter().filter_map(|call| self.resource(call)).collect(),
        }
    }

    /// The ARN of what a call ran on.
    pub fn resource(&self, call: &Call) -> Option<String> {
        let node = self.node(call);
        match node.kind {
            "AWS::Lambda::Function" => Some(self.world.arn("lambda", &format!("function:{}", node.name))),
            "AWS::SQS::Queue" => Some(self.world.arn("sqs", node.name)),
            _ => Some(self.world.call_place(call)?.task),
        }
    }

    fn annotation(&self, key: &str, wanted: Option<&Wanted>, scope: Scope<'_>) -> bool {
        let is = |call: &Call| {
            let notes = self.world.call_notes(call);
            notes.iter().filter(|(known, _)| *known == key).any(|(_, note)| match (wanted, note) {
                (None, _) => true,
                (Some(Wanted::Text(order, wanted)), Note::Text(text)) => order.holds(text, wanted),
                (Some(Wanted::Number(order, wanted)), Note::Number(number)) => order.holds(*number, *wanted),
                (Some(Wanted::Flag(wanted)), Note::Flag(flag)) => flag == wanted,
                _ => false,
            })
        };
        match scope {
            Scope::Trace => self.trace.calls.iter().any(is),
            Scope::Call(call, _) => is(call),
        }
    }
}
