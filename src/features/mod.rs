//! The wiring file: what there is to poll, to run and to show. Adding an AWS concern is a folder here and
//! one line in each list; the compiler asks for the rest.

pub mod alarms;
pub mod changes;
pub mod dashboards;
pub mod diagnostics;
pub mod discovery;
pub mod jumps;
mod links;
pub mod logs;
pub mod metrics;
mod op;
pub mod overview;
pub mod panel;
pub mod place;
pub mod rollouts;
pub mod security;
pub mod session;
mod source;
mod store;
pub mod traces;

pub use jumps::{jump_from_alarm, jump_from_log_group, jump_from_service, service_links};
pub use links::{console_command, link_of, link_problem, open_link, remembered_groups, remembered_link};
pub use op::{Job, JobOutput, Op, OpCtx, OpOutcome, run_job, run_op};
pub use source::{Source, SourceCtx};
pub use store::{ErrorEntry, Store, TargetStore};

use crate::app::pane::{Command, Ctx, Pane, Tone};
use crate::app::{Cadence, Effect, Level, Overlay, PollPlan};
use crate::aws::{Conn, SourceError, TargetId};
use crate::runtime::poller::Spawner;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What can be polled, one poller per target and topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Topic {
    /// Who we are.
    Identity,
    /// All alarms and mute rules.
    Alarms,
    /// One alarm's metrics and history.
    AlarmDetail,
    /// Which dashboards there are.
    Dashboards,
    /// What is in one dashboard.
    Dashboard,
    /// The metrics of the widgets on screen.
    DashboardData,
    /// Log groups, for the picker.
    LogGroups,
    /// The lines of the picked log groups.
    LogTail,
    /// ECS services and their traffic shifts.
    Rollouts,
    /// One service's finished deployments, events and metrics.
    RolloutDetail,
    /// Whether the new sides of listed shifts are worse.
    Verdicts,
    /// Exact reads for the rollback dialog and for rollbacks being watched.
    Shifts,
    /// What services are made of.
    Inventory,
    /// What services' callers see.
    Traffic,
    /// Traces of the window.
    Traces,
    /// Who calls whom.
    ServiceGraph,
    /// The opened trace.
    Trace,
    /// Its log lines.
    TraceLogs,
    /// What GuardDuty found.
    Findings,
    /// Everything one finding says.
    Finding,
    /// What people and pipelines changed.
    Trail,
}

impl Topic {
    /// Another question is about another thing, so that the last answer says nothing about it.
    pub fn is_about_one_thing(self) -> bool {
        matches!(
            self,
            Self::AlarmDetail
                | Self::Dashboard
                | Self::RolloutDetail
                | Self::Traces
                | Self::Trace
                | Self::TraceLogs
                | Self::Finding
        )
    }
}

/// A question with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Query {
    /// Who we are.
    Identity,
    /// All alarms and mute rules.
    Alarms,
    /// One alarm's metrics and history.
    AlarmDetail(alarms::DetailQuery),
    /// Which dashboards there are.
    Dashboards(dashboards::ListQuery),
    /// What is in one dashboard of the account, by name.
    Dashboard(String),
    /// The metrics of the widgets on screen.
    DashboardData(Arc<dashboards::DataQuery>),
    /// Log groups, for the picker.
    LogGroups,
    /// The lines of the picked log groups.
    LogTail(logs::TailQuery),
    /// ECS services and their traffic shifts.
    Rollouts(rollouts::RolloutsQuery),
    /// One service's finished deployments, events and metrics.
    RolloutDetail(rollouts::DetailQuery),
    /// Whether the new sides of listed shifts are worse.
    Verdicts(Vec<rollouts::MetricsQuery>),
    /// Exact reads for the rollback dialog and for rollbacks being watched.
    Shifts(rollouts::ShiftsQuery),
    /// What services are made of.
    Inventory(discovery::InventoryQuery),
    /// What services' callers see.
    Traffic(overview::TrafficQuery),
    /// Traces of the window.
    Traces(traces::ListQuery),
    /// Who calls whom.
    ServiceGraph(traces::GraphQuery),
    /// The opened trace.
    Trace(traces::TraceQuery),
    /// Its log lines.
    TraceLogs(traces::LogsQuery),
    /// What GuardDuty found.
    Findings(security::ListQuery),
    /// Everything one finding says.
    Finding(security::DetailQuery),
    /// What people and pipelines changed.
    Trail(changes::TrailQuery),
}

impl Query {
    /// The topic it belongs to.
    pub fn topic(&self) -> Topic {
        match self {
            Self::Identity => Topic::Identity,
            Self::Alarms => Topic::Alarms,
            Self::AlarmDetail(_) => Topic::AlarmDetail,
            Self::Dashboards(_) => Topic::Dashboards,
            Self::Dashboard(_) => Topic::Dashboard,
            Self::DashboardData(_) => Topic::DashboardData,
            Self::LogGroups => Topic::LogGroups,
            Self::LogTail(_) => Topic::LogTail,
            Self::Rollouts(_) => Topic::Rollouts,
            Self::RolloutDetail(_) => Topic::RolloutDetail,
            Self::Verdicts(_) => Topic::Verdicts,
            Self::Shifts(_) => Topic::Shifts,
            Self::Inventory(_) => Topic::Inventory,
            Self::Traffic(_) => Topic::Traffic,
            Self::Traces(_) => Topic::Traces,
            Self::ServiceGraph(_) => Topic::ServiceGraph,
            Self::Trace(_) => Topic::Trace,
            Self::TraceLogs(_) => Topic::TraceLogs,
            Self::Findings(_) => Topic::Findings,
            Self::Finding(_) => Topic::Finding,
            Self::Trail(_) => Topic::Trail,
        }
    }
}

/// A good answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Payload {
    /// Who we are.
    Identity(session::Identity),
    /// All alarms and mute rules.
    Alarms(alarms::AlarmList),
    /// One alarm's metrics and history.
    AlarmDetail(alarms::AlarmDetail),
    /// Which dashboards there are.
    Dashboards(dashboards::DashboardList),
    /// What is in one dashboard.
    Dashboard(Box<dashboards::Found>),
    /// The metrics of the widgets on screen.
    DashboardData(Box<dashboards::DashboardData>),
    /// Log groups, as far as they were read.
    LogGroups(logs::GroupList),
    /// New log lines.
    LogBatch(logs::Batch),
    /// ECS services and their traffic shifts.
    Rollouts(rollouts::RolloutList),
    /// One service's finished deployments, events and metrics.
    RolloutDetail(rollouts::RolloutDetail),
    /// Whether the new sides of listed shifts are worse.
    Verdicts(Vec<rollouts::Comparison>),
    /// Exact reads for the rollback dialog and for rollbacks being watched.
    Shifts(rollouts::Shifts),
    /// What services are made of.
    Inventory(Box<crate::service::Inventory>),
    /// What services' callers see.
    Traffic(overview::TrafficList),
    /// Traces of the window.
    Traces(traces::TraceList),
    /// Who calls whom.
    ServiceGraph(Box<traces::Graph>),
    /// The opened trace.
    Trace(traces::TraceRead),
    /// Its log lines.
    TraceLogs(traces::TraceLogs),
    /// What GuardDuty found.
    Findings(Box<security::FindingList>),
    /// Everything one finding says.
    Finding(Box<security::FindingDetail>),
    /// Events of the trail.
    Trail(changes::Batch),
}

/// Where to go: a screen and what to show on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Link {
    /// Alarms, with the cursor on one, maybe opened.
    Alarms {
        /// Which alarm: target and name.
        alarm: Option<(TargetId, String)>,
        /// Show its detail.
        open: bool,
    },
    /// Dashboards, with the cursor on one, maybe opened; or those about a service.
    Dashboards {
        /// Which one.
        dashboard: Option<dashboards::Key>,
        /// Show what is in it.
        open: bool,
        /// The widget in focus, by its index.
        widget: Option<usize>,
        /// Only those about this service.
        about: Option<dashboards::About>,
    },
    /// Logs of these groups around a moment.
    Logs {
        /// Whose.
        target: TargetId,
        /// Log group names.
        groups: Vec<String>,
        /// Where to put the cursor.
        at: Option<Timestamp>,
        /// A filter to start with.
        filter: String,
    },
    /// Rollouts, with the cursor on one, maybe opened.
    Rollouts {
        /// Which one.
        shift: Option<rollouts::Key>,
        /// Show its detail.
        open: bool,
    },
    /// Overview, with the cursor on a thing.
    Overview {
        /// Which.
        thing: Option<overview::Thing>,
    },
    /// Security, with the cursor on a finding, maybe opened.
    Security {
        /// Which one.
        finding: Option<security::Key>,
        /// Show its detail.
        open: bool,
    },
    /// Changes of a thing around a moment.
    Changes {
        /// Whose.
        target: TargetId,
        /// What about; `None` for everything.
        subject: Option<changes::Subject>,
        /// The moment to look back from: the first breaching datapoint, or when it was seen.
        at: Option<Timestamp>,
    },
    /// Traces: the list, the services or one trace.
    Traces(traces::Place),
    /// Diagnostics.
    Diagnostics {
        /// Which part of it.
        panel: diagnostics::Panel,
    },
}

impl Link {
    /// It leads into one thing, or to what a list has of one, not to a list of all.
    pub fn opens(&self) -> bool {
        match self {
            Self::Alarms { open, .. }
            | Self::Dashboards { open, .. }
            | Self::Rollouts { open, .. }
            | Self::Security { open, .. } => *open,
            Self::Traces(place) => {
                place.trace.is_some() || place.filter.as_ref().is_some_and(|it| !it.is_empty())
            }
            _ => false,
        }
    }
}

/// The names of all screens, in the order of [`panes`].
pub const SCREENS: &[&str] =
    &["overview", "rollouts", "alarms", "dashboards", "logs", "traces", "security", "changes", "diagnostics"];

/// All screens in the order of their keys.
pub fn panes() -> Vec<Box<dyn Pane>> {
    vec![
        Box::new(overview::OverviewPane::default()),
        Box::new(rollouts::RolloutsPane::default()),
        Box::new(alarms::AlarmsPane::default()),
        Box::new(dashboards::DashboardsPane::default()),
        Box::new(logs::LogsPane::default()),
        Box::new(traces::TracesPane::default()),
        Box::new(security::SecurityPane::default()),
        Box::new(changes::ChangesPane::default()),
        Box::new(diagnostics::DiagnosticsPane::default()),
    ]
}

/// Starts one poller per topic for a target.
pub fn spawn_sources(conn: &Conn, spawner: &mut Spawner) {
    spawner.spawn(conn, Topic::Identity, session::IdentitySource::new);
    spawner.spawn(conn, Topic::Alarms, alarms::ListSource::new);
    spawner.spawn(conn, Topic::AlarmDetail, alarms::DetailSource::new);
    spawner.spawn(conn, Topic::Dashboards, dashboards::ListSource::new);
    spawner.spawn(conn, Topic::Dashboard, dashboards::BodySource::new);
    spawner.spawn(conn, Topic::DashboardData, dashboards::DataSource::new);
    spawner.spawn(conn, Topic::LogGroups, logs::GroupsSource::new);
    spawner.spawn(conn, Topic::LogTail, logs::TailSource::new);
    spawner.spawn(conn, Topic::Rollouts, rollouts::ListSource::new);
    spawner.spawn(conn, Topic::RolloutDetail, rollouts::DetailSource::new);
    spawner.spawn(conn, Topic::Verdicts, rollouts::VerdictsSource::new);
    spawner.spawn(conn, Topic::Shifts, rollouts::ShiftsSource::new);
    spawner.spawn(conn, Topic::Inventory, discovery::InventorySource::new);
    spawner.spawn(conn, Topic::Traffic, overview::TrafficSource::new);
    spawner.spawn(conn, Topic::Traces, traces::ListSource::new);
    spawner.spawn(conn, Topic::ServiceGraph, traces::GraphSource::new);
    spawner.spawn(conn, Topic::Trace, traces::TraceSource::new);
    spawner.spawn(conn, Topic::TraceLogs, traces::LogsSource::new);
    spawner.spawn(conn, Topic::Findings, security::ListSource::new);
    spawner.spawn(conn, Topic::Finding, security::DetailSource::new);
    spawner.spawn(conn, Topic::Trail, changes::TrailSource::new);
}

/// What is polled whatever is shown.
pub fn base_wants(ctx: &Ctx, plan: &mut PollPlan) {
    for target in ctx.targets() {
        plan.want(target, Level::Background, Cadence::secs(300), Query::Identity);
    }
    rollouts::base_wants(ctx, plan);
    discovery::base_wants(ctx, plan);
}

/// Lines under the header, what matters most first: rollbacks being watched, credentials that need something.
pub fn status_lines(ctx: &Ctx) -> Vec<(Tone, String)> {
    let mut lines = rollouts::status_lines(ctx);
    lines.extend(session::status_lines(ctx));
    lines
}

/// What `!` does.
pub fn errors_view() -> Vec<Command> {
    vec![Command::Goto(Link::Diagnostics { panel: diagnostics::Panel::Errors })]
}

/// What `@` does.
pub fn journal_view() -> Vec<Command> {
    let read = Command::Effect(Effect::Run(Box::new(Op::ReadJournal)));
    vec![read, Command::Open(Box::new(rollouts::JournalView::default()))]
}

/// What the program does once at its start. Without anybody to look, the journal stays unread.
pub fn at_start(headless: bool) -> Vec<Op> {
    if headless { vec![Op::ReadDashboards] } else { vec![Op::ReadJournal, Op::ReadDashboards] }
}

/// An error of a poller that did not come from AWS.
pub fn internal(operation: &str, message: impl Into<String>) -> SourceError {
    SourceError::new(crate::aws::ErrorClass::Service, operation, message)
}

/// An overlay that must be up now, whatever is shown.
pub fn wanted_overlay(ctx: &Ctx) -> Option<(TargetId, Box<dyn Overlay>)> {
    session::wanted_overlay(ctx)
}
