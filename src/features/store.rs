//! What AWS has said, keyed by target. Written only through [`super::super::app::App::handle`].

use super::{
    Op, OpOutcome, Payload, Topic, alarms, changes, dashboards, diagnostics, discovery, logs, overview,
    rollouts, security, session, traces,
};
use crate::app::pane::{Notices, Tone};
use crate::app::{Effect, Now, PollKey, PollStatus};
use crate::aws::endpoint::CONFIG_READ_ONLY;
use crate::aws::meter::Usage;
use crate::aws::{ErrorClass, SourceError, TargetId, TargetSpec};
use crate::config::Config;
use crate::text::{cut_end, width};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Cells of a copied text that its notice shows.
const MAX_COPIED: usize = 60;

/// How many errors are kept.
const MAX_ERRORS: usize = 200;

/// One failed call, for Diagnostics.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorEntry {
    /// Whose.
    pub target: TargetId,
    /// What happened.
    pub error: SourceError,
    /// When it happened last.
    pub at: Now,
    /// How often it happened in a row.
    pub count: u32,
}

/// The newest errors; equal ones in a row are counted.
#[derive(Debug, Default)]
pub struct Errors {
    /// Oldest first.
    pub list: VecDeque<ErrorEntry>,
    /// How many were dropped for room.
    pub dropped: u64,
}

impl Errors {
    /// Adds one.
    pub fn push(&mut self, target: TargetId, error: SourceError, at: Now) {
        let same = |entry: &&mut ErrorEntry| {
            entry.target == target
                && entry.error.operation == error.operation
                && entry.error.class == error.class
        };
        if let Some(entry) = self.list.iter_mut().rev().take(8).find(same) {
            entry.count += 1;
            entry.error = error;
            entry.at = at;
            return;
        }
        if self.list.len() == MAX_ERRORS {
            self.list.pop_front();
            self.dropped += 1;
        }
        self.list.push_back(ErrorEntry { target, error, at, count: 1 });
    }
}

/// What one target has said.
#[derive(Debug, Default)]
pub struct TargetStore {
    /// How it is reached.
    pub spec: Option<TargetSpec>,
    /// Badge of a custom endpoint, and why writes are refused, as the connection found them.
    pub session: session::SessionInfo,
    /// Who we are there.
    pub identity: Option<session::Identity>,
    /// All alarms.
    pub alarms: Option<alarms::AlarmList>,
    /// The opened alarm.
    pub alarm_detail: Option<alarms::AlarmDetail>,
    /// Which dashboards there are.
    pub dashboards: Option<dashboards::DashboardList>,
    /// The opened dashboard, unless it is a file.
    pub dashboard: Option<dashboards::Found>,
    /// The metrics of its widgets, as far as they were looked at.
    pub dashboard_data: Option<dashboards::DashboardData>,
    /// Log groups, as far as they were read.
    pub log_groups: Option<logs::GroupList>,
    /// Lines of the picked log groups.
    pub logs: logs::LogStore,
    /// Services and shifts.
    pub rollouts: Option<rollouts::RolloutList>,
    /// The opened service.
    pub rollout_detail: Option<rollouts::RolloutDetail>,
    /// The sides of listed shifts, compared.
    pub verdicts: Vec<rollouts::Comparison>,
    /// What was compared last of each shift, also of those that are over.
    pub compared: rollouts::LastSeen,
    /// The last exact reads of shifts.
    pub shifts: Option<rollouts::Shifts>,
    /// What services are made of.
    pub inventory: Option<crate::service::Inventory>,
    /// The services, put together.
    pub derived: discovery::Derived,
    /// Traffic of the services on screen.
    pub traffic: Option<overview::TrafficList>,
    /// Traces of the window.
    pub traces: Option<traces::TraceList>,
    /// Who calls whom.
    pub graph: Option<traces::Graph>,
    /// The opened trace.
    pub trace: Option<traces::TraceRead>,
    /// Its log lines.
    pub trace_logs: Option<traces::TraceLogs>,
    /// What GuardDuty found.
    pub findings: Option<security::FindingList>,
    /// Everything the opened finding says.
    pub finding: Option<security::FindingDetail>,
    /// What people and pipelines changed.
    pub trail: changes::Trail,
}

/// Everything AWS has said.
#[derive(Debug, Default)]
pub struct Store {
    /// By target.
    pub targets: BTreeMap<TargetId, TargetStore>,
    /// Which targets are on.
    active: BTreeSet<TargetId>,
    /// The pollers' state.
    pub polls: BTreeMap<PollKey, PollStatus>,
    /// Failed calls.
    pub errors: Errors,
    /// Targets whose MFA code was asked for already.
    pub asked: BTreeSet<TargetId>,
    /// How many MFA codes were given.
    pub codes: u64,
    /// How many texts were copied.
    pub copies: u64,
    /// Dashboards given as files, in their order.
    pub local_dashboards: Vec<dashboards::LocalDashboard>,
    /// The journal of rollbacks, once it was read.
    pub past: Option<Result<rollouts::Past, String>>,
    /// Requests and dollars since start.
    pub usage: BTreeMap<TargetId, Usage>,
    /// Rollbacks of this run.
    pub rollbacks: rollouts::Rollbacks,
    /// What the last hour cost.
    pub spending: diagnostics::Spending,
}

impl Store {
    /// A store for these targets, all of them on.
    pub fn new(targets: impl IntoIterator<Item = (TargetSpec, session::SessionInfo)>) -> Self {
        let mut store = Self::default();
        for (spec, session) in targets {
            let id = spec.name.clone();
            store.active.insert(id.clone());
            store.targets.insert(id, TargetStore { spec: Some(spec), session, ..TargetStore::default() });
        }
        store
    }

    /// Targets that are on, in order.
    pub fn active(&self) -> impl Iterator<Item = &TargetId> {
        self.active.iter()
    }

    /// What one target has said.
    pub fn target(&self, id: &TargetId) -> Option<&TargetStore> {
        self.targets.get(id)
    }

    /// Targets that are on, with what they said.
    pub fn active_targets(&self) -> impl Iterator<Item = (&TargetId, &TargetStore)> {
        self.targets.iter().filter(|(id, _)| self.active.contains(*id))
    }

    /// The state of one poller.
    pub fn poll(&self, target: &TargetId, topic: super::Topic) -> Option<&PollStatus> {
        self.polls.get(&PollKey::new(target, topic))
    }

    /// What keeps a target's credentials from working, whichever topic met it first.
    pub fn parked(&self, target: &TargetId) -> Option<&SourceError> {
        let own = self.polls.iter().filter(|(key, _)| key.target == *target);
        own.filter_map(|(_, poll)| poll.error.as_ref()).find(|error| error.class.parks())
    }

    /// Takes what a connection says of itself. Credentials may be new: what was wrong with the old ones is
    /// forgotten, also by topics that nobody asks for now.
    pub fn connected(&mut self, id: &TargetId, info: session::SessionInfo) {
        self.forget_parked(id);
        if let Some(target) = self.targets.get_mut(id) {
            target.session = info;
        }
    }

    fn forget_parked(&mut self, target: &TargetId) {
        for (_, poll) in self.polls.iter_mut().filter(|(key, _)| key.target == *target) {
            poll.error.take_if(|error| error.class.parks());
        }
    }

    /// Switches targets on; an empty or unknown choice changes nothing.
    pub fn set_active(&mut self, targets: &[TargetId]) {
        let known: BTreeSet<_> =
            targets.iter().filter(|id| self.targets.contains_key(*id)).cloned().collect();
        if !known.is_empty() {
            self.active = known;
        }
    }

    /// Takes a good answer.
    pub fn apply(&mut self, key: &PollKey, payload: Payload, now: Now) -> Vec<Effect> {
        let Some(target) = self.targets.get_mut(&key.target) else { return Vec::new() };
        match payload {
            Payload::Identity(identity) => target.identity = Some(identity),
            Payload::Alarms(list) => target.alarms = Some(list),
            Payload::AlarmDetail(detail) => target.alarm_detail = Some(detail),
            Payload::Dashboards(list) => target.dashboards = Some(list),
            Payload::Dashboard(found) => target.dashboard = Some(*found),
            Payload::DashboardData(data) => {
                let before = target.dashboard_data.take();
                let data = target.dashboard_data.insert(*data);
                if let Some(before) = before {
                    data.keep(before);
                }
            }
            Payload::LogGroups(list) => target.log_groups = Some(list),
            Payload::LogBatch(batch) => drop(target.logs.push(batch)),
            Payload::Rollouts(mut list) => {
                list.take_newer(target.shifts.as_ref().map_or(&[], |it| &it.shifts));
                target.rollouts = Some(list);
            }
            Payload::RolloutDetail(detail) => {
                if let Some(seen) = &detail.metrics {
                    target.compared.keep(seen);
                }
                target.rollout_detail = Some(detail);
            }
            Payload::Verdicts(read) => {
                for seen in &read {
                    target.compared.keep(seen);
                }
                target.verdicts = read;
            }
            Payload::Inventory(inventory) => target.inventory = Some(*inventory),
            Payload::Traffic(list) => target.traffic = Some(list),
            Payload::Traces(list) => target.traces = Some(list),
            Payload::ServiceGraph(graph) => target.graph = Some(*graph),
            Payload::Trace(read) => target.trace = Some(read),
            Payload::TraceLogs(logs) => target.trace_logs = Some(logs),
            Payload::Findings(list) => target.findings = Some(*list),
            Payload::Finding(detail) => target.finding = Some(*detail),
            Payload::Trail(batch) => target.trail.push(batch),
            Payload::Shifts(shifts) => {
                let ended = self.rollbacks.read(&key.target, &shifts, now.wall);
                if let Some(list) = &mut target.rollouts {
                    list.take_newer(&shifts.shifts);
                }
                target.shifts = Some(shifts);
                return journal(ended);
            }
        }
        Vec::new()
    }

    /// Takes the end of an operation.
    pub fn apply_op(&mut self, outcome: OpOutcome, now: Now, notices: &mut Notices) -> Vec<Effect> {
        match outcome {
            OpOutcome::Exported(Ok(path)) => notices.push(Tone::Ok, format!("written to {path}")),
            OpOutcome::MfaGiven(target) => {
                // A wrong code asks again.
                self.forget_parked(&target);
                self.asked.remove(&target);
                self.codes += 1;
                return vec![Effect::Wake];
            }
            OpOutcome::Copied { text, result: Ok(_) } => {
                self.copies += 1;
                notices.push(Tone::Ok, format!("copied {}", short(&text)));
            }
            OpOutcome::Copied { result: Err(problem), .. } => notices.push(Tone::Warn, problem),
            OpOutcome::Rollback { plan, result } => self.rollbacks.answered(*plan, *result),
            OpOutcome::JournalRead(read) => {
                // Taken up once, when the program starts; `@` reads it again for itself.
                if let (None, Ok(past)) = (&self.past, &read) {
                    self.take_up(past, now, notices);
                }
                self.past = Some(read.map(|past| *past));
            }
            OpOutcome::DashboardsRead(local) => self.local_dashboards = local,
            OpOutcome::Journaled(Ok(())) => {}
            OpOutcome::Journaled(Err(problem)) => {
                notices.push(Tone::Warn, format!("journal not written: {problem}"));
            }
            OpOutcome::Exported(Err(problem)) => notices.push(Tone::Bad, format!("not written: {problem}")),
        }
        Vec::new()
    }

    /// Goes on with rollbacks that earlier runs did not see the end of. A simulated world is made anew with
    /// each run, so nothing of an earlier one is left in it.
    fn take_up(&mut self, past: &rollouts::Past, now: Now, notices: &mut Notices) {
        if self.targets.values().all(|target| target.session.simulated) {
            return;
        }
        let targets = &self.targets;
        let known = |id: &TargetId| targets.get(id).is_some_and(|target| !target.session.simulated);
        if let Some(warning) = self.rollbacks.take_up(past, known, now.wall) {
            notices.push(Tone::Warn, warning);
        }
    }

    /// Recomputes what follows from several answers; `None` means anything may have changed.
    pub fn derive(&mut self, config: &Config, key: Option<&PollKey>) {
        for (id, target) in &mut self.targets {
            target.logs.set_max_bytes(config.logs.max_memory_mib as usize * 1024 * 1024);
            if key.is_none_or(|key| key.target == *id) {
                discovery::derive(id, target, config, key.map(|key| key.topic));
            }
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Now) -> Vec<Effect> {
        self.spending.note(self.usage.values().map(|usage| usage.usd).sum(), now);
        let polls = &self.polls;
        let problem = |target: &TargetId| polls.get(&PollKey::new(target, Topic::Shifts))?.error.clone();
        journal(self.rollbacks.tick(problem, now.wall))
    }

    /// A rollback that was sent and is not decided yet.
    pub fn in_flight_rollback(&self) -> Option<String> {
        self.rollbacks.in_flight().map(|watch| watch.name().short().to_owned())
    }

    /// No active target lets anything be changed.
    pub fn all_read_only(&self) -> bool {
        self.active_targets().all(|(_, target)| target.spec.as_ref().is_some_and(|spec| spec.read_only))
    }

    /// Makes every target read-only for the rest of the run.
    pub fn forbid_writes(&mut self) {
        for target in self.targets.values_mut() {
            if let Some(spec) = &mut target.spec {
                spec.read_only = true;
            }
            target.session.writes_refused.get_or_insert_with(|| CONFIG_READ_ONLY.to_owned());
        }
    }

    /// A target in a few words.
    pub fn describe(&self, id: &TargetId) -> String {
        session::describe(self.targets.get(id))
    }

    /// Targets and identity for the header.
    pub fn header(&self, narrow: bool) -> String {
        session::header(self, narrow)
    }

    /// Loud marks in the header: custom endpoints, read-only.
    pub fn header_badges(&self) -> Vec<String> {
        session::badges(self)
    }

    /// The colour that an active production target wears.
    pub fn production_color(&self) -> Option<&str> {
        self.active_targets()
            .filter_map(|(_, target)| target.spec.as_ref())
            .find(|spec| spec.production)
            .map(|spec| spec.color.as_deref().unwrap_or("red"))
    }

    /// The shortest time that credentials of an active target still last.
    pub fn credentials_left(&self, now: Now) -> Option<Duration> {
        self.active_targets()
            .filter_map(|(_, target)| target.identity.as_ref()?.expires_at)
            .map(|at| Duration::try_from(at.duration_since(now.wall)).unwrap_or_default())
            .min()
    }

    /// A call was refused for its price.
    pub fn over_budget(&self) -> bool {
        self.polls.values().any(|p| p.error.as_ref().is_some_and(|e| e.class == ErrorClass::OverBudget))
    }
}

/// What was copied, in a line: an address as it is, of anything longer the beginning.
fn short(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default().trim();
    if first.starts_with("https://") {
        return first.to_owned();
    }
    let more = if lines.next().is_some() && width(first) <= MAX_COPIED { " …" } else { "" };
    format!("{}{more}", cut_end(first, MAX_COPIED, "…"))
}

fn journal(entries: Vec<rollouts::Entry>) -> Vec<Effect> {
    entries.into_iter().map(|entry| Effect::Run(Box::new(Op::Journal(Box::new(entry))))).collect()
}
