//! The Dashboards screen: the list, and one opened dashboard. Verbs to state, wants and links; what an opened
//! one remembers is in `opened.rs`, what its widgets answer to in `verbs.rs`, drawing in `view/`.

use super::about::{About, found};
use super::data::DashboardData;
use super::metric::MetricWidget;
use super::model::{Dashboard, Key, ListQuery, Name, Origin, WidgetKind};
use super::opened::{Opened, Reach, Size, Zoom};
use super::plan::{PlanCtx, plan};
use super::{export, view};
use crate::app::pane::{Command, Ctx, Edit, EditEvent, Pane, Tone};
use crate::app::{Action, Cadence, Level, PollKey, PollPlan, Window};
use crate::aws::TargetId;
use crate::aws::console::ConsoleLink;
use crate::features::{Link, Query, Topic};
use crate::widgets::list::Cursor;
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

/// Dashboards whose place is remembered.
const MAX_PLACES: usize = 32;
/// The size a board is taken to have before it was drawn.
const UNDRAWN: Size = Size { width: 120, height: 36 };

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By name, files first.
    #[default]
    Name,
    /// Last written first, files before them.
    Modified,
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// Which.
    pub key: Key,
    /// When it was last written.
    pub modified: Option<Timestamp>,
    /// How long its body is, in bytes.
    pub bytes: Option<u64>,
    /// Of a file: its path, or why it cannot be read.
    pub file: Option<Result<&'a str, &'a str>>,
}

/// State of the screen.
pub struct DashboardsPane {
    pub(super) cursor: Cursor<Key>,
    pub(super) list_top: Cell<usize>,
    pub(super) filter: String,
    pub(super) order: Order,
    /// Only those about a service.
    pub(super) about: Option<About>,
    pub(super) open: Option<Opened>,
    /// Where closed dashboards were left, the newest last.
    places: Vec<Opened>,
    /// The size of the board when it was last drawn.
    pub(super) size: Cell<Size>,
    /// How far the zoomed widget can be scrolled.
    pub(super) reach: Cell<Reach>,
}

impl Default for DashboardsPane {
    fn default() -> Self {
        Self {
            cursor: Cursor::default(),
            list_top: Cell::new(0),
            filter: String::new(),
            order: Order::default(),
            about: None,
            open: None,
            places: Vec::new(),
            size: Cell::new(UNDRAWN),
            reach: Cell::default(),
        }
    }
}

impl DashboardsPane {
    /// The dashboards that are listed, in order.
    pub(super) fn rows<'a>(&self, ctx: &Ctx<'a>) -> Vec<Row<'a>> {
        let needle = self.filter.to_lowercase();
        let store = ctx.store;
        let mut rows = Vec::new();
        for (id, target) in store.active_targets() {
            let key = |name| Key { target: id.clone(), name };
            rows.extend(store.local_dashboards.iter().map(|local| Row {
                key: key(local.found.name.clone()),
                modified: None,
                bytes: None,
                file: Some(match &local.found.dashboard {
                    Ok(_) => Ok(local.path.as_str()),
                    Err(problem) => Err(problem.as_str()),
                }),
            }));
            let listed = target.dashboards.iter().flat_map(|list| &list.dashboards);
            rows.extend(listed.map(|listed| Row {
                key: key(Name::account(listed.name.clone())),
                modified: listed.modified,
                bytes: listed.bytes,
                file: None,
            }));
        }
        if let Some(about) = &self.about {
            let own = about.dashboards(ctx);
            rows.retain(|row| own.contains(&row.key));
        }
        rows.retain(|row| needle.is_empty() || row.key.name.name.to_lowercase().contains(&needle));
        match self.order {
            Order::Name => {
                rows.sort_by(|a, b| (&a.key.name, &a.key.target).cmp(&(&b.key.name, &b.key.target)));
            }
            Order::Modified => rows.sort_by_key(|row| (row.key.name.origin, std::cmp::Reverse(row.modified))),
        }
        rows
    }

    /// The opened dashboard, once it was read.
    pub(super) fn dashboard<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Dashboard> {
        found(&self.open.as_ref()?.key, ctx)?.dashboard.as_ref().ok()
    }

    /// What came back for the opened dashboard.
    pub(super) fn data<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a DashboardData> {
        let key = &self.open.as_ref()?.key;
        let store = ctx.store;
        store.target(&key.target)?.dashboard_data.as_ref().filter(|data| data.dashboard == key.name)
    }

    fn open_at(&mut self, key: Key) {
        self.close();
        let known = self.places.iter().position(|place| place.key == key);
        let place = known.map(|at| self.places.remove(at));
        self.open = Some(place.unwrap_or_else(|| Opened::new(key)));
    }

    /// Goes back to the list, remembering how the dashboard was left.
    pub(super) fn close(&mut self) {
        let Some(mut left) = self.open.take() else { return };
        (left.zoom, left.crosshair) = (None, None);
        self.cursor.set(left.key.clone());
        if self.places.len() == MAX_PLACES {
            self.places.remove(0);
        }
        self.places.push(left);
    }

    fn on_list(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let keys: Vec<Key> = self.rows(ctx).into_iter().map(|row| row.key).collect();
        if self.cursor.on_action(action, &keys) {
            return Some(Vec::new());
        }
        let chosen = self.cursor.index(&keys).and_then(|index| keys.get(index));
        match action {
            Action::Open => {
                if let Some(key) = chosen {
                    self.open_at(key.clone());
                }
            }
            Action::Find => {
                let initial = self.filter.clone();
                return Some(vec![Command::Edit(Edit { purpose: "filter", label: "/".into(), initial })]);
            }
            Action::Sort => {
                self.order = if self.order == Order::Name { Order::Modified } else { Order::Name };
            }
            Action::ShowAll => self.about = None,
            Action::Back if !self.filter.is_empty() => self.filter.clear(),
            Action::Back if self.about.is_some() => self.about = None,
            Action::Copy => return chosen.map(|key| vec![super::verbs::copy(key.name.name.clone())]),
            Action::Url => return chosen.map(|key| console(key, ctx)),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Opens the only dashboard about a service, once it is known to be the only one.
    fn settle_about(&mut self, ctx: &Ctx) {
        let Some(about) = self.about.as_ref().filter(|_| self.open.is_none()) else { return };
        let list = ctx.store.target(&about.target).and_then(|target| target.dashboards.as_ref());
        if let ([only], true) = (about.dashboards(ctx).as_slice(), list.is_some_and(About::is_settled)) {
            self.about = None;
            self.open_at(only.clone());
        }
    }

    /// The question behind the widgets on screen.
    fn want_data(&self, opened: &Opened, dashboard: &Dashboard, ctx: &Ctx, poll: &mut PollPlan) {
        let target = &opened.key.target;
        let metrics: Vec<(usize, Cow<MetricWidget>)> = opened
            .wanted(dashboard, self.size.get())
            .into_iter()
            .filter_map(|index| match &dashboard.widget(index)?.kind {
                WidgetKind::Metric(metric) => Some((index, view::resolved(metric, target, ctx).ok()?)),
                _ => None,
            })
            .collect();
        let widgets: Vec<(usize, &MetricWidget)> =
            metrics.iter().map(|(index, metric)| (*index, metric.as_ref())).collect();
        let store = ctx.store.target(target);
        let plan = plan(
            &widgets,
            &PlanCtx {
                name: &opened.key.name,
                period_override: dashboard.period_override,
                window: ctx.window,
                now: ctx.now.wall,
                region: store.and_then(|target| target.session.region.as_deref()),
                account: store.and_then(|t| t.identity.as_ref()).map(|identity| identity.account.as_str()),
            },
        );
        if plan.asks.is_empty() && plan.notes.is_empty() {
            return;
        }
        let cadence = match ctx.window {
            Window::Frozen { .. } => Cadence::Once,
            Window::Live { .. } | Window::Pinned { .. } => Cadence::secs(60),
        };
        poll.want(target, Level::Visible, cadence, Query::DashboardData(Arc::new(plan)));
    }
}

/// `o` on a dashboard.
pub(super) fn console(key: &Key, ctx: &Ctx) -> Vec<Command> {
    if key.name.origin == Origin::File {
        return vec![Command::Notify(Tone::Info, "a file is not in the AWS console".into())];
    }
    crate::features::console_command(ctx, &key.target, &ConsoleLink::Dashboard(&key.name.name))
}

impl Pane for DashboardsPane {
    fn name(&self) -> &'static str {
        "dashboards"
    }

    fn title(&self) -> &'static str {
        "Dashboards"
    }

    fn wants(&self, visible: bool, ctx: &Ctx, plan: &mut PollPlan) {
        if !visible {
            return;
        }
        let Some(opened) = &self.open else {
            let bodies = |target: &TargetId| self.about.as_ref().is_some_and(|about| about.target == *target);
            for target in ctx.targets() {
                let query = Query::Dashboards(ListQuery { bodies: bodies(target) });
                plan.want(target, Level::Visible, Cadence::secs(300), query);
            }
            return;
        };
        if opened.key.name.origin == Origin::Account {
            let query = Query::Dashboard(opened.key.name.name.clone());
            plan.want(&opened.key.target, Level::Visible, Cadence::secs(300), query);
        }
        if let Some(dashboard) = self.dashboard(ctx) {
            self.want_data(opened, dashboard, ctx, plan);
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.open.is_some() { self.on_opened(action, ctx) } else { self.on_list(action, ctx) }
    }

    fn on_edit(&mut self, purpose: &str, event: EditEvent, ctx: &Ctx) -> Vec<Command> {
        let text = match event {
            EditEvent::Changed(text) | EditEvent::Submitted(text) => text,
            EditEvent::Cancelled => "",
        };
        if purpose == "filter" {
            text.clone_into(&mut self.filter);
            return Vec::new();
        }
        let (dashboard, size) = (self.dashboard(ctx), self.size.get());
        if let (Some(opened), Some(dashboard)) = (&mut self.open, dashboard) {
            text.clone_into(&mut opened.find);
            let found = text.is_empty() || opened.find(true, true, dashboard, size);
            if !found && matches!(event, EditEvent::Submitted(_)) {
                return vec![Command::Notify(Tone::Info, format!("no widget is called {text}"))];
            }
        }
        Vec::new()
    }

    fn on_change(&mut self, key: Option<&PollKey>, ctx: &Ctx) -> Vec<Command> {
        if key.is_none_or(|key| key.topic == Topic::Dashboards) {
            self.settle_about(ctx);
        }
        Vec::new()
    }

    fn open(&mut self, link: &Link, ctx: &Ctx) -> bool {
        let Link::Dashboards { dashboard, open, widget, about } = link else { return false };
        self.about.clone_from(about);
        self.close();
        if let Some(key) = dashboard {
            self.cursor.set(key.clone());
            if *open {
                self.open_at(key.clone());
            }
        }
        if let (Some(opened), Some(widget)) = (&mut self.open, widget) {
            opened.focus = Some(*widget);
            opened.zoom = Some(Zoom::default());
        }
        self.settle_about(ctx);
        true
    }

    fn here(&self) -> Link {
        let opened = self.open.as_ref();
        Link::Dashboards {
            dashboard: opened.map(|opened| opened.key.clone()).or_else(|| self.cursor.key().cloned()),
            open: opened.is_some(),
            widget: opened.and_then(|opened| opened.focus.filter(|_| opened.zoom.is_some())),
            about: self.about.clone(),
        }
    }

    fn hints(&self, ctx: &Ctx) -> Vec<Action> {
        match &self.open {
            Some(opened) => self.hints_opened(opened, ctx),
            None => vec![Action::Open, Action::Find, Action::Sort, Action::Copy, Action::Url],
        }
    }

    fn export(&self, ctx: &Ctx) -> Option<String> {
        match (&self.open, self.dashboard(ctx)) {
            (Some(opened), Some(dashboard)) => export::opened(opened, dashboard, self.data(ctx)),
            (Some(_), None) => None,
            (None, _) => export::list(&self.rows(ctx)),
        }
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        view::render(self, area, buf, ctx);
    }
}
