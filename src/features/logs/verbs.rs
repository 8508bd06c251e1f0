//! What each key does in Logs: the list, the opened event, filter and search. State is in `pane.rs`.

use super::detail;
use super::filter::Filter;
use super::pane::LogsPane;
use super::pattern::Pattern;
use super::picker::GroupPicker;
use super::rows::RowId;
use crate::app::pane::{Command, Ctx, Edit, Tone};
use crate::app::{Action, Effect};
use crate::aws::console::ConsoleLink;
use crate::features::{Job, Link, traces};

impl LogsPane {
    pub(super) fn go(&mut self, row: RowId) -> Vec<Command> {
        self.cursor = Some(row);
        self.held = true;
        Vec::new()
    }

    pub(super) fn step(&mut self, action: Action, ctx: &Ctx) -> bool {
        let page = usize::from(self.height.get().max(2)) - 1;
        let Some(store) = self.store(ctx) else { return false };
        let listing = self.lens.listing(store);
        let at = self.selected(&listing, ctx).map_or(0, |row| listing.rank(row));
        let last = listing.len().saturating_sub(1);
        let to = match action {
            Action::Down => at + 1,
            Action::Up => at.saturating_sub(1),
            Action::HalfDown => at + page / 2,
            Action::HalfUp => at.saturating_sub(page / 2),
            Action::PageDown => at + page,
            Action::PageUp => at.saturating_sub(page),
            Action::Top => 0,
            Action::Bottom => last,
            _ => return false,
        };
        let row = listing.id_at(to.min(last));
        self.cursor = row;
        self.held = action != Action::Bottom && row.is_some();
        true
    }

    pub(super) fn on_detail(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let at = self.scroll.get();
        let page = usize::from(self.height.get().max(2)) - 1;
        let to = match action {
            Action::Back | Action::Quit | Action::Open => {
                self.open = None;
                0
            }
            Action::Down => at + 1,
            Action::Up => at.saturating_sub(1),
            Action::HalfDown => at + page / 2,
            Action::HalfUp => at.saturating_sub(page / 2),
            Action::PageDown => at + page,
            Action::PageUp => at.saturating_sub(page),
            Action::Top => 0,
            Action::Bottom => usize::MAX,
            Action::Wrap => {
                let text =
                    format!("an opened line is always wrapped; {} wraps the list", ctx.keymap.key(action));
                return Some(notify(Tone::Info, &text));
            }
            _ => return self.on_both(action, ctx),
        };
        self.scroll.set(to);
        Some(Vec::new())
    }

    pub(super) fn on_list(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.step(action, ctx) {
            return Some(Vec::new());
        }
        let store = self.store(ctx)?;
        let listing = self.lens.listing(store);
        let from = self.selected(&listing, ctx);
        Some(match action {
            Action::Open => match from {
                Some(row) => {
                    self.open = Some(row);
                    self.scroll.set(0);
                    self.go(row)
                }
                None => self.pick(ctx),
            },
            Action::Follow => {
                self.held = !self.held && from.is_some();
                self.cursor = from;
                Vec::new()
            }
            Action::Pause => {
                self.paused = !self.paused;
                Vec::new()
            }
            Action::Wrap => {
                self.wrap = Some(!self.wraps(ctx));
                Vec::new()
            }
            Action::Find => edit("search", "/", self.lens.pattern().map_or("", Pattern::text)),
            Action::Filter => edit("filter", "& ", self.lens.filter().map_or("", Filter::text)),
            Action::ShowAll => {
                let bad = if self.lens.filter().is_some() { "" } else { "level>=error" };
                self.set_filter(bad, ctx)
            }
            Action::Back if self.lens.pattern().is_some() => {
                self.lens.set_pattern(None);
                self.scan(ctx)
            }
            Action::Back if self.lens.filter().is_some() => self.set_filter("", ctx),
            Action::NextHit | Action::PrevHit if self.lens.pattern().is_none() => {
                notify(Tone::Info, "nothing is searched for: / starts a search")
            }
            Action::NextHit => self.go_or(from.and_then(|row| self.lens.hits().next(row)), "no hits"),
            Action::PrevHit => self.go_or(from.and_then(|row| self.lens.hits().previous(row)), "no hits"),
            Action::NextError => {
                self.go_or(from.and_then(|row| listing.next_error(row)), "no error after this line")
            }
            Action::PrevError => {
                self.go_or(from.and_then(|row| listing.previous_error(row)), "no error before this line")
            }
            Action::Older => vec![Command::Act(Action::Earlier)],
            Action::Newer => vec![Command::Act(Action::Later)],
            _ => return self.on_both(action, ctx),
        })
    }

    /// Verbs that mean the same in the list and in the opened event.
    fn on_both(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if action == Action::Pick {
            return Some(self.pick(ctx));
        }
        let about_service =
            [Action::Rollback, Action::Traces, Action::Changes, Action::Board].contains(&action);
        if !about_service && !matches!(action, Action::Copy | Action::Url | Action::Logs) {
            return None;
        }
        let Some(event) = self.event(ctx) else {
            return Some(notify(Tone::Info, "no line under the cursor"));
        };
        Some(match action {
            Action::Copy => vec![Command::Effect(Effect::Copy(detail::text(event)))],
            Action::Traces if event.facts.trace.is_some() => {
                let place = traces::Place::of_trace(self.target(ctx).cloned(), event.facts.trace?);
                vec![Command::Goto(Link::Traces(place))]
            }
            _ if about_service => {
                let (target, store) = (self.target(ctx)?, self.store(ctx)?);
                crate::features::jump_from_log_group(action, target, store.group(event.group), ctx)
            }
            Action::Url => {
                let (target, store) = (self.target(ctx)?, self.store(ctx)?);
                crate::features::console_command(
                    ctx,
                    target,
                    &ConsoleLink::LogGroup(store.group(event.group)),
                )
            }
            _ => match event.facts.trace {
                Some(trace) => {
                    self.open = None;
                    self.set_filter(Filter::of_trace(trace).text(), ctx)
                }
                None => notify(Tone::Info, "this line names no trace"),
            },
        })
    }

    fn pick(&self, ctx: &Ctx) -> Vec<Command> {
        match self.target(ctx) {
            Some(target) => {
                let picker = GroupPicker::new(target.clone(), self.groups(ctx), ctx);
                vec![Command::Open(Box::new(picker))]
            }
            None => notify(Tone::Warn, "no target is on"),
        }
    }

    fn go_or(&mut self, row: Option<RowId>, none: &str) -> Vec<Command> {
        match row {
            Some(row) => self.go(row),
            None if self.lens.busy() => notify(Tone::Info, "still looking"),
            None => notify(Tone::Info, none),
        }
    }

    pub(super) fn set_filter(&mut self, text: &str, ctx: &Ctx) -> Vec<Command> {
        match Filter::parse(text) {
            Ok(filter) => {
                self.lens.set_filter(filter);
                self.scan(ctx)
            }
            Err(error) => {
                let mut commands = notify(Tone::Warn, &format!("filter {error}"));
                commands.extend(edit("filter", "& ", text));
                commands
            }
        }
    }

    pub(super) fn set_pattern(&mut self, text: &str, ctx: &Ctx) -> Vec<Command> {
        if text.is_empty() {
            self.lens.set_pattern(None);
            return self.scan(ctx);
        }
        match Pattern::parse(text) {
            Ok(pattern) => {
                self.lens.set_pattern(Some(pattern));
                self.scan(ctx)
            }
            Err(error) => {
                let mut commands = notify(Tone::Warn, &error);
                commands.extend(edit("search", "/", text));
                commands
            }
        }
    }

    /// Puts the cursor on a hit after a search: its own row, else the nearest before it, because in a tail
    /// what matters just happened.
    pub(super) fn seek(&mut self, ctx: &Ctx) -> Vec<Command> {
        if !self.seeking || self.lens.busy() {
            return Vec::new();
        }
        self.seeking = false;
        let row = self.store(ctx).and_then(|store| self.selected(&self.lens.listing(store), ctx));
        match row.and_then(|row| {
            self.lens.hits().ordinal(row).map(|_| row).or_else(|| self.lens.hits().previous(row))
        }) {
            Some(row) => self.go(row),
            None => notify(Tone::Info, "no hits"),
        }
    }

    /// Brings filter and search up to date.
    pub(super) fn scan(&mut self, ctx: &Ctx) -> Vec<Command> {
        let (Some(store), target) = (self.store(ctx), self.target(ctx)) else { return Vec::new() };
        if self.looked_at.as_ref() != target {
            self.looked_at = target.cloned();
            self.lens.forget();
        }
        let jobs = self.lens.update(store);
        jobs.into_iter().map(|job| Command::Effect(Effect::Compute(Box::new(Job::LogScan(job))))).collect()
    }
}

fn edit(purpose: &'static str, label: &str, initial: &str) -> Vec<Command> {
    vec![Command::Edit(Edit { purpose, label: label.into(), initial: initial.into() })]
}

fn notify(tone: Tone, text: &str) -> Vec<Command> {
    vec![Command::Notify(tone, text.into())]
}
