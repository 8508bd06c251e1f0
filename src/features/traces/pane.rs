//! The Traces screen: its state, what it wants polled, links to and from it. Keys are in `verbs.rs`, drawing
//! in `view_list.rs`, `view_services.rs` and `view_trace.rs`.

use super::filter::Filter;
use super::graph::{Graph, GraphQuery, GraphService};
use super::list::{ListQuery, Order, Sorted, Summary, TraceList};
use super::model::{Status, Trace, TraceId};
use super::opened::{LogsQuery, TraceLogs, TraceQuery, TraceRead};
use super::place::{Panel, Place};
use super::served::{Served, served};
use super::waterfall::WaterfallState;
use crate::app::pane::{Badge, Command, Ctx, EditEvent, Pane, Tone};
use crate::app::{Action, Cadence, Level, PollKey, PollPlan};
use crate::aws::TargetId;
use crate::features::{Link, Query, Topic};
use crate::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::{Cell, RefCell};

/// Filters that `[` and `]` step through.
const MAX_HISTORY: usize = 50;

/// A service of the map: whose, name and type.
pub(super) type ServiceKey = (TargetId, String, String);

/// A row of the service table: whose, its map's place, itself.
pub(super) type ServiceRow<'a> = (&'a TargetId, usize, &'a GraphService);

/// State of the screen.
#[derive(Default)]
pub struct TracesPane {
    pub(super) filter: Filter,
    pub(super) order: Order,
    pub(super) panel: Panel,
    /// The cursor stays on the trace, not on the row number.
    pub(super) cursor: Cursor<TraceId>,
    pub(super) services: Cursor<ServiceKey>,
    pub(super) open: Option<Opened>,
    /// Filters used, oldest first; the one in force stands at `at`. Empty before the first choice.
    pub(super) history: Vec<Filter>,
    pub(super) at: usize,
    /// The order of the rows, kept until the lists change.
    sorted: RefCell<Sorted>,
    pub(super) list_top: Cell<usize>,
    pub(super) services_top: Cell<usize>,
}

/// Which part of an opened trace has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Focus {
    #[default]
    Spans,
    Logs,
}

/// The opened trace.
pub(super) struct Opened {
    /// Whose; any active target when absent.
    pub target: Option<TargetId>,
    pub id: TraceId,
    pub focus: Focus,
    pub waterfall: WaterfallState,
    /// The row of the log line under the cursor.
    pub line: usize,
    pub lines_top: Cell<usize>,
    /// Where its log lines are looked for, once the trace is known.
    pub logs: Option<(TargetId, LogsQuery)>,
    /// Which sides of rollouts served it.
    pub served: Vec<Served>,
}

impl Opened {
    pub(super) fn new(target: Option<TargetId>, id: TraceId) -> Self {
        Self {
            target,
            id,
            focus: Focus::Spans,
            waterfall: WaterfallState::default(),
            line: 0,
            lines_top: Cell::new(0),
            logs: None,
            served: Vec::new(),
        }
    }

    /// Targets that may know it.
    fn targets<'a>(&self, ctx: &Ctx<'a>) -> Vec<&'a TargetId> {
        let store = ctx.store;
        store.active().filter(|id| self.target.as_ref().is_none_or(|target| target == *id)).collect()
    }

    /// The last answers about it, those that know it first.
    pub(super) fn read<'a>(&self, ctx: &Ctx<'a>) -> Option<(&'a TargetId, &'a TraceRead)> {
        let store = ctx.store;
        let reads = self.targets(ctx).into_iter().filter_map(|id| {
            let read = store.target(id)?.trace.as_ref().filter(|read| read.id == self.id)?;
            Some((id, read))
        });
        let reads: Vec<_> = reads.collect();
        reads.iter().find(|(_, read)| read.trace.is_some()).or(reads.first()).copied()
    }

    pub(super) fn trace<'a>(&self, ctx: &Ctx<'a>) -> Option<(&'a TargetId, &'a Trace)> {
        let (target, read) = self.read(ctx)?;
        Some((target, read.trace.as_deref()?))
    }

    /// Its log lines, once they came.
    pub(super) fn lines<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a TraceLogs> {
        let (target, _) = self.logs.as_ref()?;
        let store = ctx.store;
        store.target(target)?.trace_logs.as_ref().filter(|logs| logs.id == self.id)
    }

    fn wants(&self, ctx: &Ctx, plan: &mut PollPlan) {
        for target in self.targets(ctx) {
            let read = ctx.store.target(target).and_then(|store| store.trace.as_ref());
            let done = read.is_some_and(|read| read.id == self.id && !read.unfinished);
            let cadence = if done { Cadence::Once } else { Cadence::secs(10) };
            plan.want(target, Level::Visible, cadence, Query::Trace(TraceQuery { id: self.id }));
        }
        if let Some((target, query)) = &self.logs {
            let open = query.is_open(ctx.now.wall);
            let cadence = if open { Cadence::secs(15) } else { Cadence::Once };
            plan.want(target, Level::Visible, cadence, Query::TraceLogs(query.clone()));
        }
    }
}

impl TracesPane {
    /// The question of the list.
    pub(super) fn query(&self, ctx: &Ctx) -> ListQuery {
        ListQuery::new(ctx.window, &self.filter)
    }

    /// The answers to the list's question: lists of another expression say nothing about this one.
    pub(super) fn lists<'a>(&self, ctx: &Ctx<'a>) -> Vec<(&'a TargetId, &'a TraceList)> {
        let wanted = self.filter.whole();
        let store = ctx.store;
        let lists = store.active_targets().filter_map(|(id, target)| Some((id, target.traces.as_ref()?)));
        lists.filter(|(_, list)| list.query.expression == wanted).collect()
    }

    /// The rows as shown.
    pub(super) fn rows<'a>(&self, ctx: &Ctx<'a>) -> Vec<(&'a TargetId, &'a Summary)> {
        let (from, to) = ctx.window.range(ctx.now.wall);
        let lists = self.lists(ctx);
        let mut sorted = self.sorted.borrow_mut();
        sorted.update(self.order, lists.iter().map(|(_, list)| &list.traces));
        let rows = sorted.places().iter().filter_map(|(list, place)| {
            let (id, list) = lists.get(*list)?;
            Some((*id, list.traces.get(*place)?))
        });
        rows.filter(|(_, trace)| trace.start >= from && trace.start <= to).collect()
    }

    pub(super) fn selected<'a>(&self, ctx: &Ctx<'a>) -> Option<(&'a TargetId, &'a Summary)> {
        let rows = self.rows(ctx);
        let keys: Vec<TraceId> = rows.iter().map(|(_, trace)| trace.id).collect();
        self.cursor.index(&keys).and_then(|index| rows.get(index).copied())
    }

    /// Rows of the service table: those in trouble first, then the busiest.
    pub(super) fn service_rows<'a>(ctx: &Ctx<'a>) -> Vec<ServiceRow<'a>> {
        let store = ctx.store;
        let graphs = store.active_targets().filter_map(|(id, target)| Some((id, target.graph.as_ref()?)));
        let mut rows: Vec<ServiceRow> = graphs
            .flat_map(|(id, graph)| graph.services.iter().enumerate().map(move |(place, it)| (id, place, it)))
            .filter(|(_, _, service)| !service.is_client())
            .collect();
        rows.sort_by_key(|(id, _, service)| {
            let outcome = service.counts.outcome().map_or(Status::Ok, |(outcome, _)| outcome);
            (std::cmp::Reverse((outcome, service.counts.total)), &service.name, *id)
        });
        rows
    }

    pub(super) fn selected_service<'a>(&self, ctx: &Ctx<'a>) -> Option<ServiceRow<'a>> {
        let rows = Self::service_rows(ctx);
        let keys: Vec<ServiceKey> = rows.iter().map(service_key).collect();
        self.services.index(&keys).and_then(|index| rows.get(index).copied())
    }

    /// Takes another filter; `[` leads back to the one before.
    pub(super) fn set_filter(&mut self, filter: Filter) {
        if filter == self.filter {
            return;
        }
        if self.history.is_empty() {
            self.history.push(self.filter.clone());
        }
        self.history.truncate(self.at + 1);
        self.history.push(filter.clone());
        if self.history.len() > MAX_HISTORY {
            self.history.remove(0);
        }
        self.at = self.history.len() - 1;
        self.filter = filter;
    }

    /// Opens a trace.
    pub(super) fn show(&mut self, target: Option<TargetId>, id: TraceId, ctx: &Ctx) {
        self.open = Some(Opened::new(target, id));
        self.relate(ctx);
    }

    /// Finds what belongs to the opened trace once its documents are there: its log groups, and which sides of
    /// rollouts served it.
    fn relate(&mut self, ctx: &Ctx) {
        let Some(open) = &mut self.open else { return };
        let Some((target, trace)) = open.trace(ctx) else { return };
        let Some(store) = ctx.store.target(target) else { return };
        let query = LogsQuery::new(open.id, trace, &store.derived.services);
        let served = served(trace, store);
        open.logs = query.map(|query| (target.clone(), query));
        open.served = served;
    }
}

pub(super) fn service_key((target, _, service): &ServiceRow) -> ServiceKey {
    ((*target).clone(), service.name.clone(), service.kind.clone())
}

impl Pane for TracesPane {
    fn name(&self) -> &'static str {
        "traces"
    }

    fn title(&self) -> &'static str {
        "Traces"
    }

    fn badge(&self, ctx: &Ctx) -> Option<Badge> {
        let graphs = ctx.store.active_targets().filter_map(|(_, target)| target.graph.as_ref());
        let failing = graphs.flat_map(Graph::troubled).filter(|(_, outcome)| *outcome == Status::Fault);
        let count = failing.count();
        (count > 0).then_some(Badge { tone: Tone::Bad, count })
    }

    fn wants(&self, visible: bool, ctx: &Ctx, plan: &mut PollPlan) {
        if !visible {
            return;
        }
        if let Some(open) = &self.open {
            open.wants(ctx, plan);
            return;
        }
        for target in ctx.targets() {
            match self.panel {
                Panel::List => {
                    let list = ctx.store.target(target).and_then(|target| target.traces.as_ref());
                    let soon = list.is_some_and(|list| list.pending);
                    let cadence = Cadence::secs(if soon { 1 } else { 60 });
                    plan.want(target, Level::Visible, cadence, Query::Traces(self.query(ctx)));
                }
                Panel::Services => {
                    let query = Query::ServiceGraph(GraphQuery { window: ctx.window });
                    plan.want(target, Level::Visible, Cadence::secs(60), query);
                }
            }
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.open.is_some() {
            return self.on_trace(action, ctx);
        }
        match self.panel {
            Panel::List => self.on_list(action, ctx),
            Panel::Services => self.on_services(action, ctx),
        }
    }

    fn on_edit(&mut self, _purpose: &str, event: EditEvent, _ctx: &Ctx) -> Vec<Command> {
        if let EditEvent::Submitted(text) = event {
            self.set_filter(Filter { expression: text.trim().to_owned(), ..self.filter.clone() });
        }
        Vec::new()
    }

    fn on_change(&mut self, key: Option<&PollKey>, ctx: &Ctx) -> Vec<Command> {
        if key.is_none_or(|key| matches!(key.topic, Topic::Trace | Topic::Inventory | Topic::Rollouts)) {
            self.relate(ctx);
        }
        Vec::new()
    }

    fn open(&mut self, link: &Link, ctx: &Ctx) -> bool {
        let Link::Traces(place) = link else { return false };
        self.panel = place.panel;
        if let Some(filter) = &place.filter {
            self.set_filter(filter.clone());
        }
        match place.trace {
            // On the way back it stands as it was left.
            Some(id) if self.open.as_ref().is_some_and(|open| open.id == id) => {}
            Some(id) => self.show(place.target.clone(), id, ctx),
            None => self.open = None,
        }
        true
    }

    fn here(&self) -> Link {
        let open = self.open.as_ref();
        Link::Traces(Place {
            filter: Some(self.filter.clone()),
            panel: self.panel,
            trace: open.map(|open| open.id),
            target: open.and_then(|open| open.target.clone()),
        })
    }

    fn hints(&self, _ctx: &Ctx) -> Vec<Action> {
        self.named_verbs()
    }

    fn settled(&self, ctx: &Ctx) -> bool {
        let pending = self.panel == Panel::List && self.lists(ctx).iter().any(|(_, list)| list.pending);
        self.open.is_some() || !pending
    }

    fn export(&self, ctx: &Ctx) -> Option<String> {
        if let Some(open) = &self.open {
            let (_, trace) = open.trace(ctx)?;
            return serde_json::to_string_pretty(
                &serde_json::json!({ "trace": trace, "logs": open.lines(ctx) }),
            )
            .ok();
        }
        match self.panel {
            Panel::List => {
                let rows: Vec<&Summary> = self.rows(ctx).into_iter().map(|(_, trace)| trace).collect();
                serde_json::to_string_pretty(&rows).ok()
            }
            Panel::Services => {
                let rows: Vec<&GraphService> = Self::service_rows(ctx).into_iter().map(|row| row.2).collect();
                serde_json::to_string_pretty(&rows).ok()
            }
        }
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        match (&self.open, self.panel) {
            (Some(open), _) => super::view_trace::render(open, area, buf, ctx),
            (None, Panel::List) => super::view_list::render(self, area, buf, ctx),
            (None, Panel::Services) => super::view_services::render(self, area, buf, ctx),
        }
    }
}
