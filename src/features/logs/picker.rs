//! `p` in Logs: which log groups to tail, by fuzzy search over all of the target's.

use super::model::{GroupList, LogGroup};
use crate::app::pane::{Command, Ctx, Tone};
use crate::app::picker::{Picked, Picker};
use crate::app::{Action, Cadence, Input, Level, Overlay, PollKey, PollPlan, Reply};
use crate::aws::TargetId;
use crate::features::{Link, Query, Topic};
use crate::text::units;
use crate::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A tail reads each group in turn: with more, lines come late.
const MAX_PICKED: usize = 20;

/// The overlay.
pub struct GroupPicker {
    target: TargetId,
    picker: Picker,
}

impl GroupPicker {
    /// The groups of a target; `picked` are tailed already.
    pub fn new(target: TargetId, picked: &[String], ctx: &Ctx) -> Self {
        let picker = Picker::new(items(&target, ctx), picked.iter().cloned());
        Self { target, picker }
    }

    fn chosen(&self, names: Vec<String>, ctx: &Ctx) -> Reply {
        let list = list(&self.target, ctx);
        let refusal = |name: &String| {
            let group = list.and_then(|list| list.groups.iter().find(|group| *group.name == **name));
            group.and_then(LogGroup::refusal)
        };
        let mut commands = Vec::new();
        let (mut groups, refused): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| refusal(name).is_none());
        if let Some(name) = refused.first() {
            let why = refusal(name).unwrap_or_default();
            commands.push(Command::Notify(Tone::Warn, format!("{name} is not tailed: {why}")));
        }
        if groups.len() > MAX_PICKED {
            groups.truncate(MAX_PICKED);
            commands
                .push(Command::Notify(Tone::Warn, format!("only the first {MAX_PICKED} groups are tailed")));
        }
        if !groups.is_empty() {
            let target = self.target.clone();
            commands.push(Command::Goto(Link::Logs { target, groups, at: None, filter: String::new() }));
        }
        Reply { close: true, commands }
    }
}

fn list<'a>(target: &TargetId, ctx: &Ctx<'a>) -> Option<&'a GroupList> {
    let store = ctx.store;
    store.target(target)?.log_groups.as_ref()
}

fn items(target: &TargetId, ctx: &Ctx) -> Vec<(String, String)> {
    let missing = ctx.theme.glyphs().missing;
    let hint = |group: &LogGroup| match group.refusal() {
        Some(refusal) => refusal.to_owned(),
        None => units::or_missing(group.stored_bytes, missing, |bytes| units::bytes(bytes as f64)),
    };
    let groups = list(target, ctx).map_or(&[][..], |list| &list.groups);
    groups.iter().map(|group| (group.name.to_string(), hint(group))).collect()
}

/// Asks for the groups of a target: quickly until all are there, then at the usual cadence.
pub(super) fn want(target: &TargetId, ctx: &Ctx, plan: &mut PollPlan) {
    let complete = list(target, ctx).is_some_and(|list| list.complete);
    let usual = Cadence::Every(ctx.config.poll.log_groups.duration());
    plan.want(target, Level::Visible, if complete { usual } else { Cadence::secs(1) }, Query::LogGroups);
}

impl Overlay for GroupPicker {
    fn on_input(&mut self, input: &Input, _action: Option<Action>, ctx: &Ctx) -> Reply {
        match self.picker.on_input(input) {
            Picked::Open => Reply::stay(),
            Picked::Cancelled => Reply::close(),
            Picked::Chosen(names) => self.chosen(names, ctx),
        }
    }

    fn on_change(&mut self, key: Option<&PollKey>, ctx: &Ctx) -> Reply {
        if key.is_none_or(|key| key.topic == Topic::LogGroups) {
            self.picker.set_items(items(&self.target, ctx));
        }
        Reply::stay()
    }

    fn wants(&self, ctx: &Ctx, plan: &mut PollPlan) {
        want(&self.target, ctx, plan);
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        let list = list(&self.target, ctx);
        let count = match list {
            Some(GroupList { truncated: true, .. }) => {
                format!("the first {}", units::grouped(self.picker.len() as u64))
            }
            Some(GroupList { complete: true, .. }) => units::grouped(self.picker.len() as u64),
            Some(_) => format!("{}, reading on", units::grouped(self.picker.len() as u64)),
            None => "reading".to_owned(),
        };
        let title = format!(" Log groups of {}: {count} ", self.target);
        let hint = " Space marks  Enter tails  Esc closes ";
        let inner = dialog::frame(area, 96, area.height.min(24), &title, hint, buf, ctx.theme);
        let error = ctx.store.poll(&self.target, Topic::LogGroups).and_then(|poll| poll.error.as_ref());
        let empty = match (error, list) {
            (Some(error), _) => format!("{} · {}", error.short(), error.advice),
            (None, None) => format!("{} first read", ctx.theme.glyphs().waiting),
            (None, Some(list)) if list.groups.is_empty() => "no log groups in this region".to_owned(),
            (None, Some(_)) => "nothing matches".to_owned(),
        };
        self.picker.render(inner, &empty, buf, ctx.theme);
    }
}
