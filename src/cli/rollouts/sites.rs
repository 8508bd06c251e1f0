//! The targets of a command, connected, with the list of rollouts of each; and rollbacks that earlier runs left
//! without an end.

use super::say::Say;
use super::told;
use crate::aws::{Aws, Conn, ErrorClass, SourceError, TargetId};
use crate::cli::Failure;
use crate::cli::session::Setup;
use crate::config::Config;
use crate::features::discovery::InventorySource;
use crate::features::rollouts::find::{self, Found};
use crate::features::rollouts::mechanism::alb::is_told;
use crate::features::rollouts::op;
use crate::features::rollouts::watch::Watch;
use crate::features::rollouts::wire::{ShiftRef, Shifts, ShiftsQuery, stable_groups};
use crate::features::rollouts::{
    Compared, ListSource, Mechanism, Rollbacks, Rollout, RolloutList, RolloutName, RolloutsQuery,
    ShiftsSource, compare, to_compare,
};
use crate::runtime::clock::Clock;
use futures::future::join_all;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often a list is asked for before its error counts, where trying again may help.
const ATTEMPTS: u32 = 3;
/// Metrics that take longer are done without: a rollback waits for them.
const COMPARE_WITHIN: Duration = Duration::from_secs(5);
/// Candidates that are named when a name is not known.
const CANDIDATES: usize = 8;

/// One target.
pub(super) struct Site {
    pub conn: Conn,
    shifts: ShiftsSource,
    pub list: Result<RolloutList, SourceError>,
    /// What the sides of its shifts did, by deployment.
    compared: BTreeMap<String, Compared>,
}

impl Site {
    pub fn id(&self) -> &TargetId {
        &self.conn.spec().name
    }

    /// What the sides of a shift did.
    pub fn compared(&self, deployment: &str) -> Compared {
        let known = self.compared.get(deployment);
        known.cloned().unwrap_or_else(|| Err("the shift is over".to_owned()))
    }
}

/// All of them.
pub(super) struct Sites {
    pub list: Vec<Site>,
    pub clock: Clock,
    pub journal: PathBuf,
    /// Rollbacks of earlier runs that are not over, and those of this one.
    pub rollbacks: Rollbacks,
    /// The side that the caller says traffic goes back to.
    pub told: Option<String>,
    config: Config,
    simulated: bool,
    /// The simulated world goes on as fast as nothing is waited for: it must not run while a person thinks.
    pub scripted: bool,
}

impl Sites {
    /// Connects to all targets of a run.
    pub async fn open(setup: &Setup, clock: Clock) -> Result<Self, Failure> {
        let aws: Aws = setup.aws(clock)?;
        let open = async |spec| {
            let conn = aws.connect(spec).await;
            let list = Err(SourceError::new(ErrorClass::Service, "rollouts", "not asked yet"));
            Site { shifts: ShiftsSource::new(&conn), conn, list, compared: BTreeMap::new() }
        };
        Ok(Self {
            list: join_all(setup.specs.iter().map(open)).await,
            clock,
            journal: setup.state_folder().join("journal.jsonl"),
            rollbacks: Rollbacks::default(),
            told: None,
            config: setup.config.clone(),
            simulated: setup.common.demo,
            scripted: setup.common.demo && setup.common.at.is_some(),
        })
    }

    /// Reads what shifts in each; of load balancers what may be meant by a name, where one was given and is one's.
    pub async fn read_lists(&mut self, name: Option<&str>) {
        self.read_lists_of(name).await;
        let Some(name) = name.filter(|name| find::find(name, self.lists()).is_empty()) else { return };
        // It may be a service behind a load balancer; and what there is instead is told from all of it.
        let all_read = self.unread().next().is_none() && !self.without_ecs();
        if all_read || self.groups_of(name).next().is_some() {
            self.read_lists_of(None).await;
        }
    }

    async fn read_lists_of(&mut self, name: Option<&str>) {
        let (clock, config) = (self.clock, &self.config);
        join_all(self.list.iter_mut().map(|site| async move {
            let mut source = ListSource::new(&site.conn);
            let found = forwards(&site.conn, name).await;
            let note = found.as_ref().err().map(|error| format!("load balancers: {}", told(error)));
            let (forwards, mut notes) = found.unwrap_or_default();
            let asked = RolloutsQuery::of(config, site.id(), &Arc::new(forwards));
            notes.extend(note);
            for attempt in 1..=ATTEMPTS {
                site.list = source.read(&asked, clock.now()).await.map(|mut list| {
                    list.notes.extend(notes.iter().cloned());
                    list
                });
                let unread = match &site.list {
                    Ok(list) => list.ecs_unread.as_ref(),
                    Err(error) => Some(error),
                };
                match unread {
                    Some(error) if passes(error) && attempt < ATTEMPTS => {
                        tokio::time::sleep(Duration::from_secs(attempt.into())).await;
                    }
                    _ => break,
                }
            }
        }))
        .await;
    }

    /// Compares the sides of what is in flight, as the console does: of one deployment, or of all.
    pub async fn compare(&mut self, deployment: Option<&str>) {
        let (now, config) = (self.clock.wall(), &self.config);
        join_all(self.list.iter_mut().map(|site| async move {
            let shifts = site.list.iter().flat_map(|list| &list.shifts);
            let meant = shifts.filter(|it| deployment.is_none_or(|id| it.deployment == id));
            let (asked, mut compared) = to_compare(meant, config);
            let read = tokio::time::timeout(COMPARE_WITHIN, compare(&site.conn, &asked, now)).await;
            let late = || format!("no answer within {} s", COMPARE_WITHIN.as_secs());
            let read = read.map_err(|_| late()).and_then(|read| read.map_err(|error| error.short()));
            match read {
                Ok(read) => compared.extend(read.into_iter().map(|it| (it.deployment.clone(), Ok(it)))),
                Err(why) => {
                    let why = format!("metrics not read: {why}");
                    compared.extend(asked.into_iter().map(|it| (it.deployment, Err(why.clone()))));
                }
            }
            site.compared = compared;
        }))
        .await;
    }

    /// What the sides of a shift did.
    pub fn compared(&self, id: &TargetId, deployment: &str) -> Compared {
        let gone = || Err(format!("target {id} is gone"));
        self.site(id).map_or_else(gone, |site| site.compared(deployment))
    }

    /// The lists that could be read.
    pub fn lists(&self) -> impl Iterator<Item = (&TargetId, &RolloutList)> {
        self.list.iter().filter_map(|site| Some((site.id(), site.list.as_ref().ok()?)))
    }

    /// The targets that could not be.
    pub fn unread(&self) -> impl Iterator<Item = (&TargetId, &SourceError)> {
        self.list.iter().filter_map(|site| Some((site.id(), site.list.as_ref().err()?)))
    }

    /// Whether a name may be of a service of ECS that could not be read.
    fn without_ecs(&self) -> bool {
        self.lists().any(|(_, list)| list.ecs_unread.is_some())
    }

    /// The same as [`Self::say_unread`]; tells also where services of ECS could not be read.
    pub fn say_missing(&self, say: &mut Say) -> bool {
        for (id, list) in self.lists() {
            if let Some(error) = &list.ecs_unread {
                say.problem(&format!("{id}: services of ECS: {}", told(error)));
            }
        }
        self.say_unread(say)
    }

    /// Tells why targets could not be read; `true` when there are some.
    pub fn say_unread(&self, say: &mut Say) -> bool {
        for (id, error) in self.unread() {
            say.problem(&format!("{id}: {}", told(error)));
        }
        self.unread().next().is_some()
    }

    pub fn site(&self, id: &TargetId) -> Option<&Site> {
        self.list.iter().find(|site| site.id() == id)
    }

    /// The target groups that the config gives a service of this name.
    fn groups_of(&self, service: &str) -> impl Iterator<Item = &String> {
        self.config.services.iter().filter(move |it| it.name == service).flat_map(|it| &it.target_groups)
    }

    /// Rules that divide the traffic of a service that the config calls so.
    fn divided(&self, service: &str) -> Vec<Found> {
        let groups: Vec<String> = self.groups_of(service).cloned().collect();
        let divides = |shift: &&Rollout| match &shift.mechanism {
            Mechanism::Alb(split) => split.groups.iter().any(|(arn, _)| is_told(&groups, arn)),
            _ => false,
        };
        let shifts = self.lists().flat_map(|(id, list)| list.shifts.iter().map(move |shift| (id, shift)));
        shifts.filter(|(_, it)| divides(it)).map(|(id, shift)| (id.clone(), shift.name.clone())).collect()
    }

    /// The one rollout that answers to this name; `None` when it may be among what could not be read.
    ///
    /// # Errors
    /// It is none or several: with the candidates.
    pub fn find(&self, typed: &str) -> Result<Option<Found>, Failure> {
        let mut found = find::find(typed, self.lists());
        if found.is_empty() {
            found = self.divided(typed);
        }
        match found.as_slice() {
            [_] => Ok(found.pop()),
            [] if self.unread().next().is_some() || self.without_ecs() => Ok(None),
            [] => {
                let (near, all) = find::near(typed, self.lists().map(|(_, list)| list), CANDIDATES);
                let more = if all > near.len() { format!(", of {all}") } else { String::new() };
                let there = if near.is_empty() { "there are none".into() } else { near.join(", ") };
                Err(Failure::usage(format!("there is no rollout `{typed}` ({there}{more})")))
            }
            several => {
                let targets: Vec<&str> = several.iter().map(|(id, _)| id.as_str()).collect();
                let alone = targets.iter().all(|id| targets.iter().filter(|it| *it == id).count() == 1);
                let names: Vec<String> =
                    several.iter().map(|(id, name)| format!("{id}: {}", name.full())).collect();
                let hint = if alone { "say which with --target" } else { "give the full name" };
                let several = several.len();
                let names = names.join(", ");
                Err(Failure::usage(format!("`{typed}` is the name of {several} rollouts ({names}); {hint}")))
            }
        }
    }

    /// Reads how the rollbacks ended that earlier runs sent and did not see the end of: told, and written to the
    /// journal. Those still under way stay in `rollbacks`. A simulated world is made anew with each run.
    pub async fn settle_open(&mut self, say: &mut Say<'_>) {
        if self.simulated {
            return;
        }
        let past = match op::read_journal(&self.journal).await {
            Ok(past) => past,
            Err(problem) => return say.problem(&format!("the journal cannot be read: {problem}")),
        };
        let targets: Vec<TargetId> = self.list.iter().map(|site| site.id().clone()).collect();
        // What cannot be followed from here is told by the console: it has the journal to look at.
        let _ = self.rollbacks.take_up(&past, |id| targets.contains(id), self.clock.wall());
        for id in &targets {
            let shifts = self.watched(id);
            if !shifts.is_empty() {
                self.follow(id, shifts, say).await;
            }
        }
        let zone = say.zone().clone();
        for watch in self.rollbacks.flights.iter() {
            say.problem(&format!("from an earlier run: {}", watch.line(&zone)));
        }
    }

    /// The deployments of a target whose rollback is not settled.
    pub fn watched(&self, id: &TargetId) -> Vec<ShiftRef> {
        let open = self.rollbacks.flights.open().filter(|watch| watch.plan.place.target == *id);
        open.map(Watch::shift).collect()
    }

    /// Reads deployments whose rollback is watched, and writes to the journal what ended.
    pub async fn follow(&mut self, id: &TargetId, shifts: Vec<ShiftRef>, say: &mut Say<'_>) {
        let read = self.read(id, shifts, false).await;
        let now = self.clock.wall();
        let ended = match &read {
            Ok(shifts) => {
                let mut ended = self.rollbacks.read(id, shifts, now);
                ended.extend(self.rollbacks.tick(|_| None, now));
                ended
            }
            Err(error) => self.rollbacks.tick(|it| (it == id).then(|| error.clone()), now),
        };
        for entry in ended {
            if let Err(problem) = op::append(&self.journal, &entry).await {
                say.problem(&format!("journal not written: {problem}"));
            }
        }
    }

    /// Exact reads, with credentials that may have come meanwhile.
    pub async fn read(
        &mut self,
        id: &TargetId,
        shifts: Vec<ShiftRef>,
        caller: bool,
    ) -> Result<Shifts, SourceError> {
        let gone = || SourceError::new(ErrorClass::Invalid, "rollouts", format!("target {id} is gone"));
        let site = self.list.iter_mut().find(|site| site.id() == id).ok_or_else(gone)?;
        site.conn.reload_if_changed().await;
        let stable = match &self.told {
            Some(told) => vec![told.clone()],
            None => stable_groups(&self.config, id),
        };
        let read = site.shifts.read(&ShiftsQuery { shifts, stable, caller }, self.clock.now()).await?;
        if let Ok(list) = &mut site.list {
            list.take_newer(&read.shifts);
        }
        Ok(read)
    }

    /// One shift, read exactly; with who would be calling, where that is asked for.
    pub async fn read_one(
        &mut self,
        id: &TargetId,
        shift: &ShiftRef,
        caller: bool,
    ) -> Result<(Rollout, Shifts), SourceError> {
        let mut shifts = self.read(id, vec![shift.clone()], caller).await?;
        if let Some((_, error)) = shifts.failed.pop() {
            return Err(error);
        }
        let none = || SourceError::new(ErrorClass::NotAws, "rollouts", "the answer names no deployment");
        Ok((shifts.shifts.pop().ok_or_else(none)?, shifts))
    }

    /// Waits until it is time to read again; the simulated world may run faster.
    pub async fn wait(&self, time: Duration) {
        tokio::time::sleep(time.div_f64(self.clock.speed())).await;
    }
}

/// Rules and listeners that forward to several groups: of the load balancer that a name means, of all where no
/// name was given, of none where the name is of something else. A rollback waits for this.
async fn forwards(conn: &Conn, name: Option<&str>) -> Result<(Vec<String>, Vec<String>), SourceError> {
    let balancer = match name {
        None => None,
        Some(name) => match (RolloutName::parse(name), name.contains('/')) {
            (Some(RolloutName::Alb { balancer, .. }), _) => Some(balancer),
            (None, false) => Some(name.to_owned()),
            _ => return Ok(Default::default()),
        },
    };
    match InventorySource::forwarding(conn, balancer.as_deref()).await {
        // A short name may be of something else, too.
        Err(error) if error.code.as_deref() == Some("LoadBalancerNotFound") => Ok(Default::default()),
        found => found,
    }
}

/// Whether it may go away when it is tried again.
fn passes(error: &SourceError) -> bool {
    matches!(
        error.class,
        ErrorClass::Throttled | ErrorClass::Network | ErrorClass::NotAws | ErrorClass::Service
    )
}
