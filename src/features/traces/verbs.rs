//! What each key does in Traces: the list, the services, one opened trace. State is in `pane.rs`.

use super::filter::{Filter, Quick};
use super::model::{TraceId, moment};
use super::only::OnlyMenu;
use super::opened::TraceLine;
use super::pane::{Focus, Opened, ServiceKey, TracesPane, service_key};
use super::place::Panel;
use crate::app::pane::{Command, Ctx, Edit, Tone};
use crate::app::{Action, Effect, Window};
use crate::aws::TargetId;
use crate::aws::console::ConsoleLink;
use crate::features::logs::filter::Filter as LogFilter;
use crate::features::logs::model::Level;
use crate::features::{Link, Topic, console_command, jumps, panel};
use crate::service::Service;
use jiff::Timestamp;

/// Verbs on a service, whichever way one came to it.
const ABOUT: [Action; 3] = [Action::Changes, Action::Board, Action::Rollback];

impl TracesPane {
    pub(super) fn named_verbs(&self) -> Vec<Action> {
        if let Some(open) = &self.open {
            let own = match open.focus {
                Focus::Spans => vec![Action::Open, Action::NextError, Action::Logs],
                Focus::Logs => vec![Action::Open, Action::Logs],
            };
            let rest = [Action::Changes, Action::NextPanel, Action::Rollback, Action::Copy, Action::Url];
            return std::iter::once(Action::Back).chain(own).chain(rest).collect();
        }
        match self.panel {
            Panel::List => vec![
                Action::Open,
                Action::NextPanel,
                Action::ShowAll,
                Action::Find,
                Action::Sort,
                Action::Actions,
                Action::Logs,
                Action::Changes,
                Action::Copy,
                Action::Url,
            ],
            Panel::Services => {
                vec![Action::Open, Action::NextPanel, Action::Logs, Action::Changes, Action::Rollback]
            }
        }
    }

    pub(super) fn on_list(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let keys: Vec<TraceId> = self.rows(ctx).iter().map(|(_, trace)| trace.id).collect();
        if self.cursor.on_action(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::Open => {
                let Some((target, trace)) = self.selected(ctx) else { return Some(Vec::new()) };
                let (target, id) = (target.clone(), trace.id);
                self.cursor.set(id);
                self.show(Some(target), id, ctx);
            }
            Action::NextPanel | Action::PrevPanel => self.panel = Panel::Services,
            Action::Find => {
                let initial = self.filter.expression.clone();
                return Some(vec![Command::Edit(Edit {
                    purpose: "expression",
                    label: "/ ".into(),
                    initial,
                })]);
            }
            Action::ShowAll => {
                let quick = if self.filter.quick.is_some() { None } else { Some(Quick::Bad) };
                self.set_filter(Filter { quick, ..self.filter.clone() });
            }
            Action::Actions => return Some(vec![Command::Open(Box::new(OnlyMenu::new(&self.filter, ctx)))]),
            Action::Sort => self.order = self.order.next(),
            Action::Older | Action::Newer => return Some(self.step_history(action == Action::Older)),
            Action::NextError | Action::PrevError => return Some(self.next_failed(action, ctx)),
            Action::Back if !self.filter.is_empty() => self.set_filter(Filter::default()),
            _ => return self.on_summary(action, ctx),
        }
        Some(Vec::new())
    }

    /// Verbs on the trace under the cursor.
    fn on_summary(&self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let mine = [Action::Copy, Action::Url, Action::Logs, Action::Traces];
        if !mine.contains(&action) && !ABOUT.contains(&action) {
            return None;
        }
        let Some((target, trace)) = self.selected(ctx) else { return Some(Vec::new()) };
        let names = std::iter::once(&trace.entry).chain(&trace.services);
        let known: Vec<&Service> = names.filter_map(|name| service(target, name, ctx)).collect();
        Some(match action {
            Action::Copy => vec![Command::Effect(Effect::Copy(trace.id.xray()))],
            Action::Url => console_command(ctx, target, &ConsoleLink::Trace(trace.id)),
            Action::Logs => {
                let mut groups: Vec<String> = Vec::new();
                for group in known.iter().flat_map(|service| &service.log_groups) {
                    if !groups.contains(group) {
                        groups.push(group.clone());
                    }
                }
                logs_of(target, trace.id, groups, trace.start, ctx)
            }
            Action::Traces => notify("these are the traces: Enter opens one"),
            _ => match known.first() {
                Some(service) => jumps::jump(action, service, None, ctx),
                None => notify(&format!("no service is known by the name {} in X-Ray", trace.entry)),
            },
        })
    }

    fn next_failed(&mut self, action: Action, ctx: &Ctx) -> Vec<Command> {
        let rows = self.rows(ctx);
        let keys: Vec<TraceId> = rows.iter().map(|(_, trace)| trace.id).collect();
        let at = self.cursor.index(&keys).unwrap_or(0);
        let failed = |place: &usize| rows.get(*place).is_some_and(|(_, trace)| trace.outcome.failed());
        let found = if action == Action::NextError {
            (at + 1..rows.len()).find(failed)
        } else {
            (0..at).rev().find(failed)
        };
        match found.and_then(|place| keys.get(place)) {
            Some(id) => {
                self.cursor.set(*id);
                Vec::new()
            }
            None if self.lists(ctx).is_empty() => notify(&panel::no_answer(Topic::Traces, ctx)),
            None => notify("no trace in trouble that way"),
        }
    }

    /// To the filter used before, or on again.
    fn step_history(&mut self, older: bool) -> Vec<Command> {
        let to = if older { self.at.checked_sub(1) } else { Some(self.at + 1) };
        let Some((to, filter)) = to.and_then(|to| Some((to, self.history.get(to)?.clone()))) else {
            return notify("no other filter that way");
        };
        (self.at, self.filter) = (to, filter);
        Vec::new()
    }

    pub(super) fn on_services(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let keys: Vec<ServiceKey> = Self::service_rows(ctx).iter().map(service_key).collect();
        if self.services.on_action(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::NextPanel | Action::PrevPanel | Action::Back => self.panel = Panel::List,
            Action::Open | Action::Traces => {
                let Some((_, _, service)) = self.selected_service(ctx) else { return Some(Vec::new()) };
                let name = Some(service.name.clone());
                self.set_filter(Filter { service: name, ..self.filter.clone() });
                self.panel = Panel::List;
            }
            Action::Copy => {
                let (_, _, service) = self.selected_service(ctx)?;
                return Some(vec![Command::Effect(Effect::Copy(service.name.clone()))]);
            }
            _ if ABOUT.contains(&action) || action == Action::Logs => {
                let Some((target, _, node)) = self.selected_service(ctx) else { return Some(Vec::new()) };
                return Some(match service(target, &node.name, ctx) {
                    Some(service) => jumps::jump(action, service, None, ctx),
                    None => notify(&format!("no service is known by the name {} in X-Ray", node.name)),
                });
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    pub(super) fn on_trace(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let open = self.open.as_mut()?;
        let own = match open.focus {
            Focus::Spans => open.on_spans(action, ctx),
            Focus::Logs => open.on_lines(action, ctx),
        };
        if own.is_some() {
            return own;
        }
        match action {
            Action::NextPanel | Action::PrevPanel => {
                open.focus = match open.focus {
                    Focus::Spans => Focus::Logs,
                    Focus::Logs => Focus::Spans,
                };
            }
            Action::Copy => return Some(vec![Command::Effect(Effect::Copy(open.id.xray()))]),
            Action::Back | Action::Quit => self.open = None,
            Action::Older | Action::Newer => return Some(self.neighbour(action == Action::Newer, ctx)),
            _ => return open.on_both(action, ctx),
        }
        Some(Vec::new())
    }

    /// The next trace of the list the opened one came from.
    fn neighbour(&mut self, next: bool, ctx: &Ctx) -> Vec<Command> {
        let rows = self.rows(ctx);
        let at = self.open.as_ref().and_then(|open| rows.iter().position(|(_, trace)| trace.id == open.id));
        let to = at.and_then(|at| if next { Some(at + 1) } else { at.checked_sub(1) });
        let Some((target, trace)) = to.and_then(|to| rows.get(to)) else {
            return notify("no other trace of the list that way");
        };
        let (target, id) = ((*target).clone(), trace.id);
        self.cursor.set(id);
        self.show(Some(target), id, ctx);
        Vec::new()
    }
}

impl Opened {
    fn on_spans(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let (_, trace) = self.trace(ctx)?;
        let before = self.waterfall.selected(trace);
        if !self.waterfall.on_action(action, trace) {
            return None;
        }
        let searched = matches!(action, Action::NextError | Action::PrevError);
        if searched && self.waterfall.selected(trace) == before {
            return Some(notify("no failed span that way"));
        }
        Some(Vec::new())
    }

    fn on_lines(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let (target, _) = self.logs.as_ref()?;
        let logs = self.lines(ctx)?;
        let last = logs.lines.len().saturating_sub(1);
        self.line = match action {
            Action::Down => self.line + 1,
            Action::Up => self.line.saturating_sub(1),
            Action::HalfDown | Action::PageDown => self.line + 5,
            Action::HalfUp | Action::PageUp => self.line.saturating_sub(5),
            Action::Top => 0,
            Action::Bottom => last,
            Action::Open | Action::Copy => {
                let line = logs.lines.get(self.line)?;
                if action == Action::Copy {
                    return Some(vec![Command::Effect(Effect::Copy(line.message.clone()))]);
                }
                let group = logs.groups.get(line.group)?.clone();
                let link = Link::Logs {
                    target: target.clone(),
                    groups: vec![group],
                    at: Some(line.at),
                    filter: String::new(),
                };
                return Some(around(link, line.at, ctx));
            }
            _ => return None,
        }
        .min(last);
        Some(Vec::new())
    }

    /// Verbs that mean the same on the waterfall and on its log lines.
    fn on_both(&self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let mine = [Action::Url, Action::Logs, Action::Traces];
        if !mine.contains(&action) && !ABOUT.contains(&action) {
            return None;
        }
        let Some((target, trace)) = self.trace(ctx) else { return Some(notify("the trace is not read yet")) };
        Some(match action {
            Action::Url => console_command(ctx, target, &ConsoleLink::Trace(self.id)),
            Action::Logs => {
                let groups = self.logs.as_ref().map(|(_, query)| query.groups.clone()).unwrap_or_default();
                let at = self.failure(ctx).or(moment(trace.start)).unwrap_or(ctx.now.wall);
                logs_of(target, self.id, groups, at, ctx)
            }
            _ => match self.service(target, trace, ctx) {
                Some(service) => jumps::jump(action, service, None, ctx),
                None => notify("no service is known for this span"),
            },
        })
    }

    /// When its log lines first tell of a failure: the line that is looked for, so the cursor is put there.
    fn failure(&self, ctx: &Ctx) -> Option<Timestamp> {
        let failed = |line: &&TraceLine| line.level.is_some_and(|level| level >= Level::Error);
        self.lines(ctx)?.lines.iter().find(failed).map(|line| line.at)
    }

    /// The service that the span under the cursor is a part of, else the one the request came to.
    fn service<'a>(
        &self,
        target: &TargetId,
        trace: &super::model::Trace,
        ctx: &Ctx<'a>,
    ) -> Option<&'a Service> {
        let mut place = self.waterfall.selected(trace);
        while let Some(span) = place.and_then(|place| trace.spans.get(place)) {
            if let Some(found) = service(target, &span.name, ctx) {
                return Some(found);
            }
            place = span.parent;
        }
        trace.spans.iter().find_map(|span| service(target, &span.name, ctx))
    }
}

fn service<'a>(target: &TargetId, name: &str, ctx: &Ctx<'a>) -> Option<&'a Service> {
    let store = ctx.store;
    store.target(target)?.derived.services.of_xray(name)
}

/// The log lines of a trace in Logs.
fn logs_of(target: &TargetId, id: TraceId, groups: Vec<String>, at: Timestamp, ctx: &Ctx) -> Vec<Command> {
    if groups.is_empty() {
        return notify("no log group is known for this trace · [[service]] log_groups in the config");
    }
    let filter = LogFilter::of_trace(id).text().to_owned();
    around(Link::Logs { target: target.clone(), groups, at: Some(at), filter }, at, ctx)
}

/// A jump to a moment, the window moved only when the moment is outside.
fn around(link: Link, at: Timestamp, ctx: &Ctx) -> Vec<Command> {
    let (from, to) = ctx.window.range(ctx.now.wall);
    let outside = at < from || at > to;
    let window = outside.then(|| Command::Window(Window::pinned_before(at)));
    std::iter::once(Command::Goto(link)).chain(window).collect()
}

fn notify(text: &str) -> Vec<Command> {
    vec![Command::Notify(Tone::Info, text.into())]
}
