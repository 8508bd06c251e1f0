//! The Logs screen: its state, what it wants polled, links to and from it. Keys are in `verbs.rs`, drawing
//! in `view.rs`, filter and search in `lens.rs`.

use super::detail;
use super::filter::Filter;
use super::lens::Lens;
use super::model::{Level, LogEvent, TailQuery, TailStatus};
use super::picker;
use super::row::{self, Layout};
use super::rows::RowId;
use super::search::Listing;
use super::store::LogStore;
use crate::app::pane::{Command, Ctx, EditEvent, Pane};
use crate::app::{self, Action, Cadence, PollKey, PollPlan, Window};
use crate::aws::TargetId;
use crate::features::{JobOutput, Link, Query, Topic};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;
use std::sync::Arc;

/// Lines that `x` writes at most.
const MAX_EXPORT: usize = 50_000;

/// State of the screen.
#[derive(Default)]
pub struct LogsPane {
    pub(super) target: Option<TargetId>,
    pub(super) groups: Vec<String>,
    /// Filter and search.
    pub(super) lens: Lens,
    /// Whose lines filter and search have looked at.
    pub(super) looked_at: Option<TargetId>,
    /// The row under the cursor; `None` before the first one.
    pub(super) cursor: Option<RowId>,
    /// The cursor was moved off the newest line.
    pub(super) held: bool,
    /// Nothing is polled until it goes on.
    pub(super) paused: bool,
    /// Wrapping, once it was chosen here; the config's before.
    pub(super) wrap: Option<bool>,
    /// The cursor goes to a hit once the search has looked at every line.
    pub(super) seeking: bool,
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
    pub(super) fn event<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a LogEvent> {
        let store = self.store(ctx)?;
        let row = match self.open {
            Some(row) => row,
            None => self.selected(&self.lens.listing(store), ctx)?,
        };
        store.rows().get(row).map(|entry| &entry.event)
    }
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
        let JobOutput::LogScan(done) = output else { return Vec::new() };
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
            return vec![
                Action::Back,
                Action::Traces,
                Action::Changes,
                Action::Copy,
                Action::Logs,
                Action::Url,
            ];
        }
        if self.groups(ctx).is_empty() {
            return vec![Action::Pick];
        }
        let mut hints = vec![Action::Open, Action::Filter, Action::Find, Action::NextError, Action::Traces];
        // It follows from the start: the key is worth its place once the cursor was moved away.
        if !self.follows() {
            hints.push(Action::Follow);
        }
        hints.extend([
            Action::Pause,
            Action::Pick,
            Action::Changes,
            Action::Wrap,
            Action::ShowAll,
            Action::Copy,
        ]);
        hints
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
