//! The Logs screen: verbs to state, wants and links. Drawing is in `view.rs`, filter and search in
//! `lens.rs`.

use super::detail;
use super::filter::Filter;
use super::lens::Lens;
use super::model::{Level, LogEvent, TailQuery, TailStatus};
use super::pattern::Pattern;
use super::picker::{self, GroupPicker};
use super::row::{self, Layout};
use super::rows::RowId;
use super::search::Listing;
use super::store::LogStore;
use crate::app::pane::{Command, Ctx, Edit, EditEvent, Pane, Tone};
use crate::app::{self, Action, Cadence, Effect, PollKey, PollPlan, Window};
use crate::aws::TargetId;
use crate::aws::console::ConsoleLink;
use crate::features::{Job, JobOutput, Link, Query, Topic};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;
use std::sync::Arc;

/// Lines that `x` writes at most.
const MAX_EXPORT: usize = 50_000;

/// State of the screen.
#[derive(Default)]
pub struct LogsPane {
    target: Option<TargetId>,
    groups: Vec<String>,
    /// Filter and search.
    pub(super) lens: Lens,
    /// The row under the cursor; `None` before the first one.
    cursor: Option<RowId>,
    /// The cursor was moved off the newest line.
    held: bool,
    /// Nothing is polled until it goes on.
    pub(super) paused: bool,
    /// Wrapping, once it was chosen here; the config's before.
    wrap: Option<bool>,
    /// The cursor goes to a hit once the search has looked at every line.
    seeking: bool,
    /// The opened line.
    pub(super) open: Option<RowId>,
    /// First line of the opened event on screen; drawing clamps it.
    pub(super) scroll: Cell<usize>,
    /// First row on screen, as drawn last.
    pub(super) top: Cell<Option<RowId>>,
    /// Rows of the list, as drawn last: what a page is.
    pub(super) height: Cell<u16>,
}

impl LogsPane {
    /// Whose logs: the picked target while it is on, else the first one.
    pub(super) fn target<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a TargetId> {
        let store = ctx.store;
        let picked = store.active().find(|id| Some(*id) == self.target.as_ref());
        picked.or_else(|| store.active().next())
    }

    /// The groups to tail: those picked, else the config's.
    pub(super) fn groups<'a>(&'a self, ctx: &'a Ctx) -> &'a [String] {
        if self.groups.is_empty() { &ctx.config.logs.groups } else { &self.groups }
    }

    pub(super) fn store<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a LogStore> {
        let store = ctx.store;
        store.target(self.target(ctx)?).map(|target| &target.logs)
    }

    pub(super) fn wraps(&self, ctx: &Ctx) -> bool {
        self.wrap.unwrap_or(ctx.config.logs.wrap)
    }

    /// The cursor goes with the newest line.
    pub(super) fn follows(&self) -> bool {
        !self.held
    }

    /// The row under the cursor.
    pub(super) fn selected(&self, listing: &Listing, ctx: &Ctx) -> Option<RowId> {
        match (self.held, self.cursor, ctx.window) {
            (true, Some(cursor), _) => listing.nearest(cursor),
            // A fixed window ends where it ends, even when newer lines are still stored.
            (_, _, Window::Frozen { end, .. }) => {
                let after = listing.rank(RowId { ms: end.as_millisecond() + 1, seq: 0 });
                listing.id_at(after.saturating_sub(1))
            }
            _ => listing.last(),
        }
    }

    /// The event under the cursor, or the opened one.
    fn event<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a LogEvent> {
        let store = self.store(ctx)?;
        let row = match self.open {
            Some(row) => row,
            None => self.selected(&self.lens.listing(store), ctx)?,
        };
        store.rows().get(row).map(|entry| &entry.event)
    }

    fn go(&mut self, row: RowId) -> Vec<Command> {
        self.cursor = Some(row);
        self.held = true;
        Vec::new()
    }

    fn step(&mut self, action: Action, ctx: &Ctx) -> bool {
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

    fn on_detail(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
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
            _ => return self.on_both(action, ctx),
        };
        self.scroll.set(to);
        Some(Vec::new())
    }

    fn on_list(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
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
        if !matches!(action, Action::Copy | Action::Url | Action::Logs) {
            return None;
        }
        let Some(event) = self.event(ctx) else {
            return Some(notify(Tone::Info, "no line under the cursor"));
        };
        Some(match action {
            Action::Copy => vec![Command::Effect(Effect::Copy(detail::text(event)))],
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

    fn set_filter(&mut self, text: &str, ctx: &Ctx) -> Vec<Command> {
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

    fn set_pattern(&mut self, text: &str, ctx: &Ctx) -> Vec<Command> {
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
    fn seek(&mut self, ctx: &Ctx) -> Vec<Command> {
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
    fn scan(&mut self, ctx: &Ctx) -> Vec<Command> {
        let Some(store) = self.store(ctx) else { return Vec::new() };
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

impl Pane for LogsPane {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn title(&self) -> &'static str {
        "Logs"
    }

    fn wants(&self, visible: bool, ctx: &Ctx, plan: &mut PollPlan) {
        let Some(target) = self.target(ctx).filter(|_| visible) else { return };
        let groups: Vec<Arc<str>> = self.groups(ctx).iter().map(|name| name.as_str().into()).collect();
        if groups.is_empty() {
            picker::want(target, ctx, plan);
            return;
        }
        if self.paused {
            return;
        }
        let rest =
            self.store(ctx).and_then(LogStore::status).is_some_and(|status: &TailStatus| status.rest_pending);
        let cadence = match (rest, ctx.window) {
            (true, _) => Cadence::secs(1),
            (false, Window::Frozen { .. }) => Cadence::secs(60),
            (false, _) => Cadence::Every(ctx.config.poll.logs.duration()),
        };
        plan.want(
            target,
            app::Level::Visible,
            cadence,
            Query::LogTail(TailQuery { groups, window: ctx.window }),
        );
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.open.is_some() { self.on_detail(action, ctx) } else { self.on_list(action, ctx) }
    }

    fn on_edit(&mut self, purpose: &str, event: EditEvent, ctx: &Ctx) -> Vec<Command> {
        match (purpose, event) {
            ("filter", EditEvent::Submitted(text)) => self.set_filter(text, ctx),
            ("search", EditEvent::Submitted(text)) => {
                let mut commands = self.set_pattern(text, ctx);
                self.seeking = self.lens.pattern().is_some();
                commands.extend(self.seek(ctx));
                commands
            }
            _ => Vec::new(),
        }
    }

    fn on_change(&mut self, key: Option<&PollKey>, ctx: &Ctx) -> Vec<Command> {
        if key.is_some_and(|key| key.topic != Topic::LogTail) {
            return Vec::new();
        }
        let gone = |row: RowId| self.store(ctx).is_none_or(|store| store.rows().get(row).is_none());
        if self.open.is_some_and(gone) {
            self.open = None;
        }
        self.scan(ctx)
    }

    fn on_computed(&mut self, output: &JobOutput, ctx: &Ctx) -> Vec<Command> {
        let JobOutput::LogScan(done) = output;
        self.lens.done(done);
        let mut commands = self.scan(ctx);
        commands.extend(self.seek(ctx));
        commands
    }

    fn open(&mut self, link: &Link, _ctx: &Ctx) -> bool {
        let Link::Logs { target, groups, at, filter } = link else { return false };
        if !groups.is_empty() {
            self.target = Some(target.clone());
            self.groups.clone_from(groups);
        }
        self.held = at.is_some();
        self.cursor = at.map(RowId::at);
        self.open = None;
        self.paused = false;
        if self.lens.filter().map_or("", Filter::text) != filter {
            // What a link carries was a filter before; one that is not any more shows everything. The next
            // answer brings the result up to date.
            self.lens.set_filter(Filter::parse(filter).unwrap_or_default());
        }
        true
    }

    fn here(&self) -> Link {
        let at = self.cursor.filter(|_| self.held);
        Link::Logs {
            target: self.target.clone().unwrap_or_else(|| TargetId::new("")),
            groups: self.groups.clone(),
            at: at.and_then(|row| jiff::Timestamp::from_millisecond(row.ms).ok()),
            filter: self.lens.filter().map_or("", Filter::text).to_owned(),
        }
    }

    fn hints(&self, ctx: &Ctx) -> Vec<Action> {
        if self.open.is_some() {
            return vec![Action::Back, Action::Copy, Action::Logs, Action::Url];
        }
        if self.groups(ctx).is_empty() {
            return vec![Action::Pick];
        }
        vec![
            Action::Open,
            Action::Filter,
            Action::Find,
            Action::NextError,
            Action::Follow,
            Action::Pause,
            Action::Pick,
            Action::Wrap,
            Action::ShowAll,
            Action::Copy,
        ]
    }

    fn settled(&self, ctx: &Ctx) -> bool {
        let Some(store) = self.store(ctx) else { return true };
        let rest = store.status().is_some_and(|status| status.rest_pending);
        self.paused || !self.lens.behind(store) && !rest
    }

    fn export(&self, ctx: &Ctx) -> Option<String> {
        let store = self.store(ctx)?;
        if let Some(row) = self.open {
            return store.rows().get(row).map(|entry| detail::text(&entry.event));
        }
        let listing = self.lens.listing(store);
        let first = listing.len().saturating_sub(MAX_EXPORT);
        let lines = listing.window(first).map(|entry| {
            let event = &entry.event;
            let level = event.facts.level.map_or(ctx.theme.glyphs().missing, Level::word);
            format!("{} {level} {} {}", event.timestamp, store.group(event.group), event.message)
        });
        Some(lines.collect::<Vec<_>>().join("\n"))
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        super::view::render(self, area, buf, ctx);
    }
}

/// How rows are laid out now.
pub(super) fn layout<'a>(pane: &'a LogsPane, groups: &[Arc<str>], width: u16, ctx: &Ctx<'a>) -> Layout<'a> {
    let (start, end) = ctx.window.range(ctx.now.wall);
    Layout {
        width: usize::from(width),
        zone: ctx.zone,
        date: end.duration_since(start).as_hours() >= 24,
        wrap: pane.wraps(ctx),
        group: row::group_width(groups.iter().map(AsRef::as_ref), 16),
        ascii: ctx.theme.ascii,
        pattern: pane.lens.pattern(),
    }
}
