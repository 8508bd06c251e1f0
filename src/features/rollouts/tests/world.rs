//! The reads and the one write against the simulated AWS, through the real SDK clients.

mod sending;

use super::*;
use crate::app::Now;
use crate::aws::{Access, Aws, Clocks, Conn, MfaCode, TargetSpec};
use crate::config::Config;
use crate::demo::world::Scenario;
use crate::demo::{Faults, SimAws};
use crate::features::rollouts::comparing::metrics_query;
use crate::features::rollouts::journal::{Entry, Step, unfinished};
use crate::features::rollouts::op::{append, send};
use crate::features::rollouts::plan::GuardedChange;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::source::ecs::Reader;
use crate::features::rollouts::source::ecs::describe;
use crate::features::rollouts::stages::Next;
use crate::features::rollouts::verdict::Ruling;
use crate::features::rollouts::watch::{Ending, Watch};
use crate::features::rollouts::wire::{
    DetailQuery, RolloutList, RolloutsQuery, ShiftRef, Shifts, ShiftsQuery,
};
use crate::features::rollouts::{DetailSource, ListSource, ShiftsSource};
use crate::runtime::clock::Clock;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::shared::IntoShared;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A simulated AWS on tokio's paused clock, and a connection to it.
pub struct Lab {
    sim: SimAws,
    pub conn: Conn,
    clock: Clock,
    /// What the list looks at, and which target groups are told to be the stable ones.
    pub query: RolloutsQuery,
    /// Seconds by which AWS's clock is ahead of ours.
    ahead: Arc<AtomicI64>,
}

impl Lab {
    pub async fn new(scenario: &str) -> Self {
        Self::with(scenario, TargetSpec::named("prod")).await
    }

    pub async fn with(scenario: &str, spec: TargetSpec) -> Self {
        Self::of(Scenario::builtin(scenario).unwrap(), spec).await
    }

    pub async fn of(scenario: Arc<Scenario>, spec: TargetSpec) -> Self {
        let clock = Clock::starting_at(at(0));
        let ahead = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&ahead);
        let theirs = move || clock.wall() + SignedDuration::from_secs(told.load(Ordering::Relaxed));
        let sim = SimAws::new(scenario, 1, at(0), Arc::new(theirs));
        let clocks = Clocks {
            monotonic: Arc::new(move || clock.since_start()),
            wall: Arc::new(move || clock.wall()),
            sleep: SharedAsyncSleep::new(TokioSleep::new()),
        };
        let access = Access::Simulated { http: sim.clone().into_shared() };
        let spec = TargetSpec { region: Some("eu-west-2".into()), ..spec };
        let conn = Aws::new(access, clocks, None).connect(&spec).await;
        Self { sim, conn, clock, query: RolloutsQuery::default(), ahead }
    }

    /// Moves AWS's clock on, at once.
    pub fn skip(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn now(&self) -> Now {
        self.clock.now()
    }

    pub async fn pass(&self, seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    pub fn faults(&self, rules: &[&str]) {
        self.sim.set_faults(Faults::parse(rules.iter().copied()).unwrap());
    }

    pub fn calls(&self, operation: &str) -> u64 {
        self.sim.ceilings().iter().filter(|it| it.operation == operation).map(|it| it.total).sum()
    }

    pub async fn list(&self) -> RolloutList {
        ListSource::new(&self.conn).read(&self.query, self.now()).await.unwrap()
    }

    pub async fn shifts(&self, shift: &Rollout, caller: bool) -> Shifts {
        let query =
            ShiftsQuery { shifts: vec![ShiftRef::of(shift)], stable: self.query.stable.to_vec(), caller };
        ShiftsSource::new(&self.conn).read(&query, self.now()).await.unwrap()
    }

    /// The shift of this name, wherever it stands.
    pub async fn named(&self, name: &RolloutName) -> Rollout {
        let shifts = vec![ShiftRef { name: name.clone(), deployment: String::new(), again: None }];
        let query = ShiftsQuery { shifts, stable: Vec::new(), caller: false };
        ShiftsSource::new(&self.conn).read(&query, self.now()).await.unwrap().shifts.remove(0)
    }

    /// The plan for the first shift in flight, as the dialog makes it.
    pub async fn plan(&self) -> Plan {
        self.plan_of(&self.list().await.shifts[0]).await
    }

    /// The same for one of several.
    pub async fn plan_for(&self, service: &str) -> Plan {
        let list = self.list().await;
        self.plan_of(list.shifts.iter().find(|shift| shift.name.short() == service).unwrap()).await
    }

    /// What a plan's deployment is like now.
    pub async fn reads_of(&self, plan: &Plan) -> Shifts {
        let query =
            ShiftsQuery { shifts: vec![plan.shift()], stable: self.query.stable.to_vec(), caller: false };
        ShiftsSource::new(&self.conn).read(&query, self.now()).await.unwrap()
    }

    /// The plan for a shift.
    pub async fn plan_of(&self, shift: &Rollout) -> Plan {
        self.plan_for_ref(&ShiftRef::of(shift)).await
    }

    /// The plan for what is asked for, as the dialog makes it.
    pub async fn plan_for_ref(&self, asked: &ShiftRef) -> Plan {
        let query =
            ShiftsQuery { shifts: vec![asked.clone()], stable: self.query.stable.to_vec(), caller: true };
        let reads = ShiftsSource::new(&self.conn).read(&query, self.now()).await.unwrap();
        let place = Circumstances {
            caller: reads.caller.unwrap(),
            no_writes: reads.no_writes,
            target: TargetId::new("prod"),
            region: "eu-west-2".into(),
            production: true,
            word: "checkout".into(),
        };
        Plan::new(&reads.shifts[0], place, self.now().wall)
    }

    pub async fn send(&self, plan: &Plan, journal: &Path) -> SendResult {
        send(plan, &self.conn, journal, || self.now().wall).await
    }
}

/// A journal of its own for each test.
pub fn journal(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("eyewall-rollouts-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder.join("journal.jsonl")
}

pub fn entries(journal: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(journal).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_shift_in_flight_is_read_whole() {
    let lab = Lab::new("bad-deploy").await;
    let list = lab.list().await;
    assert!(list.services.iter().any(|service| service.name.full() == "ecs/shop/checkout"));
    assert!(list.services.is_sorted_by(|a, b| a.name < b.name));
    let [shift] = list.shifts.as_slice() else { panic!("{:?}", list.shifts) };
    assert_eq!(shift.name.full(), "ecs/shop/checkout");
    assert!(matches!(shift.mechanism, Mechanism::Ecs(Strategy::Canary { percent: 20.0, .. })));
    assert_eq!(shift.share(), Some((20.0, false)));
    let old = shift.old.as_ref().unwrap();
    assert_eq!((old.label().as_str(), shift.new.label().as_str()), ("rev 41", "rev 42"));
    assert_eq!(old.weight, Some(80.0));
    assert!(matches!(old.health(), Health::Counted { healthy, total } if healthy == total && total > 0));
    assert!(shift.new.images[0].digest.is_some());
    assert_eq!(shift.new.groups[0].rule_share, Some(20.0));
    assert_eq!(shift.new.rule_disagrees(), None);
    assert!(matches!(shift.next(), Next::Shift(100.0, Some(due)) if due.estimate));
    assert!(!shift.events.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_twice_that_cannot_have_changed() {
    let lab = Lab::new("bad-deploy").await;
    let mut source = ListSource::new(&lab.conn);
    source.read(&RolloutsQuery::default(), lab.now()).await.unwrap();
    let (services, deployments) = (lab.calls("DescribeServices"), lab.calls("DescribeServiceDeployments"));
    let before = ["ListClusters", "ListServices", "DescribeServiceRevisions"].map(|it| lab.calls(it));
    for _ in 0..2 {
        lab.pass(5).await;
        source.read(&RolloutsQuery::default(), lab.now()).await.unwrap();
    }
    let after = ["ListClusters", "ListServices", "DescribeServiceRevisions"].map(|it| lab.calls(it));
    assert_eq!(before, after);
    // Only the service in flight, and only its deployment.
    assert_eq!(lab.calls("DescribeServices"), services + 2);
    assert_eq!(lab.calls("DescribeServiceDeployments"), deployments + 2);
}

#[tokio::test(start_paused = true)]
async fn a_shift_that_ends_moves_to_the_recent_ones() {
    let lab = Lab::new("bad-deploy").await;
    let mut source = ListSource::new(&lab.conn);
    let first = source.read(&RolloutsQuery::default(), lab.now()).await.unwrap();
    // Past the shift to 100 %, the bake time and the clean-up.
    lab.pass(3600).await;
    let list = source.read(&RolloutsQuery::default(), lab.now()).await.unwrap();
    assert_eq!(list.shifts, []);
    assert_eq!(list.recent[0].deployment, first.shifts[0].deployment);
    assert_eq!(list.recent[0].status, Status::new("SUCCESSFUL"));
    let asked = lab.calls("DescribeServiceDeployments");
    lab.pass(60).await;
    assert_eq!(source.read(&RolloutsQuery::default(), lab.now()).await.unwrap().recent, list.recent);
    assert_eq!(lab.calls("DescribeServiceDeployments"), asked, "what has ended is not asked for again");
}

#[tokio::test(start_paused = true)]
async fn the_new_side_of_the_bad_deploy_fails_more() {
    let lab = Lab::new("bad-deploy").await;
    let shift = lab.list().await.shifts.remove(0);
    let metrics = metrics_query(&shift, &Config::default()).unwrap();
    let query = DetailQuery { metrics: Some(Box::new(metrics)), ..detail_query(&shift.name) };
    let detail = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap();
    assert_eq!(detail.metrics_error, None);
    let metrics = detail.metrics.unwrap();
    let (old, new) = (metrics.old.failed_percent().unwrap(), metrics.new.failed_percent().unwrap());
    assert!(new > 3.0 && old < 1.0, "old {old} new {new}");
    assert!(metrics.new.p99 > metrics.old.p99);
    assert!(metrics.old.requests > metrics.new.requests);
    assert_eq!(metrics.verdict.ruling, Ruling::Worse);
    assert!(metrics.verdict.says_roll_back());
    assert!(detail.history.iter().all(|shift| !shift.in_progress()));
}

#[tokio::test(start_paused = true)]
async fn the_task_that_ran_out_of_memory_is_explained_with_its_last_lines() {
    let lab = Lab::new("bad-deploy").await;
    let shift = lab.list().await.shifts.remove(0);
    let query = DetailQuery { stopped: shift.new.task_definition.clone(), ..detail_query(&shift.name) };
    let mut source = DetailSource::new(&lab.conn);
    let (definition, found) = source.read(&query, lab.now()).await.unwrap().stopped.unwrap();
    assert_eq!(definition, "web-checkout:42");
    let autopsy = found.unwrap();
    let [first, ..] = autopsy.tasks.as_slice() else { panic!("{autopsy:?}") };
    assert_eq!(first.cause(), "out of memory, exit 137");
    let lines = first.lines.as_ref().unwrap();
    assert_eq!(lines.len(), 20, "{lines:?}");
    assert!(lines.is_sorted_by_key(|line| line.at) && lines.last().unwrap().at <= first.at.unwrap());
    // The long dead say nothing new: their lines are not asked for again.
    lab.pass(150).await;
    source.read(&query, lab.now()).await.unwrap();
    let asked = lab.calls("FilterLogEvents");
    lab.pass(30).await;
    source.read(&query, lab.now()).await.unwrap();
    assert_eq!(lab.calls("FilterLogEvents"), asked);
    assert_eq!(lab.calls("DescribeTaskDefinition"), 1);

    lab.faults(&["ecs:DescribeTasks=deny"]);
    let (_, denied) = source.read(&query, lab.now()).await.unwrap().stopped.unwrap();
    assert_eq!(denied.unwrap_err(), "denied: ecs:DescribeTasks");
    lab.faults(&["logs:*=deny"]);
    let (_, found) = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap().stopped.unwrap();
    assert_eq!(found.unwrap().tasks[0].lines, Err("denied: logs:FilterLogEvents".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_may_not_be_read_leaves_the_shift() {
    let lab = Lab::new("bad-deploy").await;
    lab.faults(&["elasticloadbalancing:*=deny", "ecs:DescribeServiceRevisions=deny"]);
    let shift = lab.list().await.shifts.remove(0);
    // Without revisions there are no target groups either; the weights are ECS's own.
    assert_eq!(shift.share(), Some((20.0, false)));
    assert_eq!(shift.new.health(), Health::Unread);
    lab.faults(&["elasticloadbalancing:*=deny"]);
    let shift = lab.list().await.shifts.remove(0);
    assert!(matches!(shift.new.health(), Health::Unreadable(why) if why.contains("DescribeTargetHealth")));
    assert_eq!(shift.new.groups[0].rule_share, None);
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_list_keep_their_class() {
    for (fault, class) in [
        ("*:*=deny", ErrorClass::Denied),
        ("ecs:DescribeServices=expire", ErrorClass::Expired),
        ("*:*=garbage", ErrorClass::NotAws),
    ] {
        let lab = Lab::new("bad-deploy").await;
        lab.faults(&[fault]);
        let error = ListSource::new(&lab.conn).read(&RolloutsQuery::default(), lab.now()).await.unwrap_err();
        assert_eq!(error.class, class, "{fault}: {error}");
    }
    // One cluster that may not be listed is a note, not a failure.
    let lab = Lab::new("bad-deploy").await;
    lab.faults(&["ecs:ListServices=deny"]);
    assert_eq!(lab.list().await.notes, ["shop: denied: ecs:ListServices"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_read_does_not_hide_what_is_in_flight() {
    let lab = Lab::new("bad-deploy").await;
    let mut source = ListSource::new(&lab.conn);
    lab.faults(&["ecs:DescribeServiceDeployments=garbage"]);
    let list = source.read(&RolloutsQuery::default(), lab.now()).await.unwrap();
    assert!(list.shifts.is_empty() && list.ecs_unread.is_some());
    lab.faults(&[]);
    // Long before the next sweep is due.
    lab.pass(2).await;
    assert_eq!(source.read(&RolloutsQuery::default(), lab.now()).await.unwrap().shifts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_denied_cluster_does_not_take_the_others() {
    let lab = Lab::new("bad-deploy").await;
    let reader = Reader::new(&lab.conn, SignedDuration::ZERO);
    let names = ["checkout".to_owned()];
    let clusters = [("other", names.as_slice()), ("shop", names.as_slice())];
    lab.faults(&["ecs:DescribeServices=deny*1"]);
    let (services, denied) = describe(&reader, clusters.into_iter()).await.unwrap();
    assert_eq!((services.len(), denied), (1, vec!["other: denied: ecs:DescribeServices".to_owned()]));
    lab.faults(&["ecs:DescribeServices=deny"]);
    let error = describe(&reader, clusters.into_iter()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Denied, "when none may be read, that is the error");
}

#[tokio::test(start_paused = true)]
async fn exact_reads_go_on_where_a_poller_would_wait_for_minutes() {
    let lab = Lab::new("bad-deploy").await;
    let shift = lab.list().await.shifts.remove(0);
    lab.faults(&["ecs:DescribeServices=deny"]);
    let reads = lab.shifts(&shift, false).await;
    assert!(matches!(reads.failed.as_slice(), [(it, error)]
        if *it == ShiftRef::of(&shift) && error.class == ErrorClass::Denied));
    lab.faults(&["ecs:DescribeServices=expire"]);
    let query = ShiftsQuery { shifts: vec![ShiftRef::of(&shift)], stable: Vec::new(), caller: false };
    let error = ShiftsSource::new(&lab.conn).read(&query, lab.now()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Expired);
    lab.faults(&[]);
    let gone = Rollout { deployment: format!("{}x", shift.deployment), ..shift };
    let query = ShiftsQuery { shifts: vec![ShiftRef::of(&gone)], stable: Vec::new(), caller: false };
    let error = ShiftsSource::new(&lab.conn).read(&query, lab.now()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Service, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_write_role_with_mfa_takes_a_code_of_its_own() {
    let spec = TargetSpec {
        write_role_arn: Some("arn:aws:iam::111122223333:role/Breakglass".into()),
        mfa_serial: Some("arn:aws:iam::111122223333:mfa/ana".into()),
        ..TargetSpec::named("prod")
    };
    let lab = Lab::with("bad-deploy", spec).await;
    let shift = lab.list().await.shifts.remove(0);
    let needed =
        |reads: &Shifts| matches!(&reads.caller, Some(Err(error)) if error.class == ErrorClass::MfaNeeded);
    assert!(needed(&lab.shifts(&shift, true).await));
    // A code for the reads is not the writer's to use up.
    lab.conn.give_mfa(MfaCode::new("111111"));
    assert!(needed(&lab.shifts(&shift, true).await));
    lab.conn.give_write_mfa(MfaCode::new("222222"));
    let caller = lab.shifts(&shift, true).await.caller.unwrap().unwrap();
    assert!(caller.expires_at.is_some(), "the role's, not the machine's: {caller:?}");
    assert_eq!(lab.conn.usage().by_operation["sts:AssumeRole"].requests, 1);
    let plan = lab.plan().await;
    assert!(matches!(lab.send(&plan, &journal("mfa")).await, SendResult::Sent { .. }));
}

#[tokio::test(start_paused = true)]
async fn the_quiet_world_has_no_shift() {
    let lab = Lab::new("quiet").await;
    let list = lab.list().await;
    assert_eq!(list.shifts, []);
    assert!(!list.services.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_blue_green_shift_opened_late_is_compared_with_the_hour_before() {
    let lab = Lab::new("blue-green").await;
    lab.pass(60).await;
    let shift = lab.list().await.shifts.remove(0);
    assert_eq!(shift.share(), Some((100.0, false)));
    let metrics = metrics_query(&shift, &Config::default()).unwrap();
    let query = DetailQuery { metrics: Some(Box::new(metrics)), ..detail_query(&shift.name) };
    let detail = DetailSource::new(&lab.conn).read(&query, lab.now()).await.unwrap();
    let verdict = detail.metrics.unwrap().verdict;
    assert_eq!(verdict.lack, None, "{verdict:?}");
    assert!(verdict.minutes >= 1, "{verdict:?}");
}
