//! The deployments in flight and those that ended within a day, for the list of rollouts.
//!
//! `ListDeployments` by status is one call for all applications together; what is open is then described, what
//! has ended is described once. A deployment that takes another one back is no row of its own: it belongs to the
//! one that it takes back, which stays in flight until then.

use super::calls::{self, OPEN, PER_CALL, statuses};
use super::{Depth, Reader, convert};
use crate::app::Now;
use crate::aws::operation::LIST_DEPLOYMENTS;
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::rollouts::model::{Rollout, Standing};
use crate::features::rollouts::source::{BALANCER_AGE, DAY, KEPT};
use aws_sdk_codedeploy::types::{ComputePlatform, DeploymentInfo, TimeRange};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const ENDED: [&str; 3] = ["Succeeded", "Failed", "Stopped"];
/// Deployments in flight that are read whole.
const MAX_OPEN: usize = 10;
/// Ended ones whose targets are read at a look.
const MAX_INTO: usize = 5;
/// Pages of ids that are followed.
const MAX_PAGES: usize = 3;
/// Shortest time between two looks at what is open.
const LOOK_AGE: Duration = Duration::from_secs(9);
/// The same for what has ended.
const ENDED_AGE: Duration = Duration::from_secs(55);
/// The same where CodeDeploy may not be asked, and for what of an ended one could not be read.
const DENIED_AGE: Duration = Duration::from_mins(5);

/// Reads them.
pub struct ListReader {
    reader: Reader,
    looked_at: Option<Duration>,
    ended_at: Option<Duration>,
    /// In flight, as read last.
    shifts: Vec<Rollout>,
    /// Ended within a day, newest first.
    ended: Vec<Rollout>,
    /// Deployments that have ended and are known, also those that are no row.
    known: BTreeSet<String>,
    /// Ended ones whose targets were read.
    looked_into: BTreeSet<String>,
    /// When those that could not be read were let in again last.
    forgot_at: Option<Duration>,
    notes: Vec<String>,
    /// CodeDeploy may not be asked.
    denied: bool,
    /// It told something at the last look.
    told: bool,
}

fn made_since(at: Timestamp) -> TimeRange {
    TimeRange::builder().start(DateTime::from_secs(at.as_second())).build()
}

/// A row for each, without those that only take another one back.
fn ended(infos: &[DeploymentInfo], now: Timestamp) -> Vec<Rollout> {
    let by_id: BTreeMap<String, &DeploymentInfo> =
        infos.iter().filter_map(|info| Some((convert::id(info)?, info))).collect();
    let taken: BTreeSet<String> = infos.iter().filter_map(convert::rolled_back_by).collect();
    let rows = infos.iter().filter(|info| !convert::id(info).is_some_and(|id| taken.contains(&id)));
    rows.filter_map(|info| {
        let mut shift = convert::rollout(info, now)?;
        let back = convert::rolled_back_by(info).and_then(|id| by_id.get(&id).copied());
        if let Some(back) = back.and_then(convert::back) {
            super::with_back(&mut shift, back);
        }
        Some(shift)
    })
    .collect()
}

impl ListReader {
    /// A reader for one target.
    pub fn new(conn: &Conn) -> Self {
        Self {
            reader: Reader::new(conn, BALANCER_AGE),
            looked_at: None,
            ended_at: None,
            shifts: Vec::new(),
            ended: Vec::new(),
            known: BTreeSet::new(),
            looked_into: BTreeSet::new(),
            forgot_at: None,
            notes: Vec::new(),
            denied: false,
            told: false,
        }
    }

    /// Reads what shifts, with what could not be read. Where it is to be whole, also what the ended ones moved.
    ///
    /// # Errors
    /// When a login or a key is missing; anything else is a note, so that the other mechanisms stay seen.
    pub async fn read(&mut self, whole: bool, now: Now) -> Result<(Vec<Rollout>, Vec<String>), SourceError> {
        let age = if self.denied { DENIED_AGE } else { LOOK_AGE };
        let due = |at: Option<Duration>, age| at.is_none_or(|at| now.since_start.saturating_sub(at) >= age);
        if due(self.looked_at, age) {
            self.notes.clear();
            self.denied = false;
            let mut result = self.look(now.wall).await;
            if result.is_ok() && due(self.ended_at, ENDED_AGE) {
                result = self.look_back(now.wall).await;
                self.ended_at = result.is_ok().then_some(now.since_start);
            }
            if due(self.forgot_at, DENIED_AGE) {
                self.forget_unread();
                self.forgot_at = Some(now.since_start);
            }
            if result.is_ok() && whole {
                result = self.look_into(now.wall).await;
            }
            self.told = result.is_ok();
            match result {
                Ok(()) => {}
                Err(error) if error.class.parks() => return Err(error),
                Err(error) => {
                    self.denied = error.class == ErrorClass::Denied;
                    self.notes.push(format!("CodeDeploy: {}", error.short()));
                }
            }
            self.looked_at = Some(now.since_start);
        }
        Ok((self.shifts.clone(), self.notes.clone()))
    }

    /// Whether CodeDeploy told something at the last look.
    pub fn told(&self) -> bool {
        self.told
    }

    /// Deployments that ended within a day, newest first.
    pub fn ended(&self) -> &[Rollout] {
        &self.ended
    }

    /// Ids of deployments with one of these statuses, made since then.
    async fn ids(&mut self, names: &[&str], since: Option<Timestamp>) -> Result<Vec<String>, SourceError> {
        let (ids, more) = calls::ids(&self.reader.conn, names, since.map(made_since), MAX_PAGES).await?;
        if more {
            let read = ids.len();
            self.notes.push(format!("CodeDeploy: more than {read} deployments: the others were not read"));
        }
        Ok(ids)
    }

    /// What is open, and what was.
    async fn look(&mut self, now: Timestamp) -> Result<(), SourceError> {
        let mut ids = self.ids(&OPEN, None).await?;
        // One that was open may have ended; one that is taken back is followed until that is over.
        let before: Vec<String> = self.shifts.iter().map(|shift| shift.deployment.clone()).collect();
        ids.extend(before.into_iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>());
        let mut infos = calls::infos(&self.reader.conn, &ids).await?;
        // What an open one takes back is in flight with it, also when only that is listed.
        let first: Vec<String> = infos.iter().filter_map(convert::takes_back).collect();
        let first: Vec<String> = first.into_iter().filter(|id| !ids.contains(id)).collect();
        if !first.is_empty() {
            infos.extend(calls::infos(&self.reader.conn, &first).await?);
        }
        let taken: BTreeSet<String> = infos.iter().filter_map(convert::rolled_back_by).collect();
        infos.retain(|info| !convert::id(info).is_some_and(|id| taken.contains(&id)));
        // Those to instances move no traffic: they take no place of one that does.
        infos.sort_by_key(|info| info.compute_platform() == Some(&ComputePlatform::Server));
        if infos.len() > MAX_OPEN {
            let text =
                format!("CodeDeploy: {} more deployments in flight are not read", infos.len() - MAX_OPEN);
            self.notes.push(text);
            infos.truncate(MAX_OPEN);
        }
        let mut shifts = Vec::new();
        for info in &infos {
            let shift = self.reader.complete(info, Depth::Listed, now).await?;
            if shift.standing() == Standing::Ended {
                self.looked_into.insert(shift.deployment.clone());
                self.end(shift);
            } else {
                shifts.push(shift);
            }
        }
        self.known.extend(taken);
        self.shifts = shifts;
        Ok(())
    }

    /// What has ended and is not known yet.
    async fn look_back(&mut self, now: Timestamp) -> Result<(), SourceError> {
        let since = now.checked_sub(DAY).unwrap_or(now);
        self.ended.retain(|shift| shift.finished_at.is_some_and(|at| now.duration_since(at) < DAY));
        let mut ids = self.ids(&ENDED, Some(since)).await?;
        if self.known.len() > 4 * super::MAX_KEPT {
            self.known.clear();
        }
        let open: BTreeSet<&String> = self.shifts.iter().map(|shift| &shift.deployment).collect();
        ids.retain(|id| !self.known.contains(id) && !open.contains(id));
        let infos = calls::infos(&self.reader.conn, &ids).await?;
        for shift in ended(&infos, now) {
            self.end(shift);
        }
        self.known.extend(ids);
        Ok(())
    }

    /// Reads the targets of some more that have ended, newest first: they say what each moved, and take two calls
    /// each.
    async fn look_into(&mut self, now: Timestamp) -> Result<(), SourceError> {
        let ids = self.ended.iter().map(|shift| &shift.deployment);
        let next = ids.clone().filter(|id| !self.looked_into.contains(*id));
        let next: Vec<String> = next.take(MAX_INTO).cloned().collect();
        self.looked_into = ids.filter(|id| self.looked_into.contains(*id)).cloned().collect();
        let infos = calls::infos(&self.reader.conn, &next).await?;
        // One that cannot be read keeps its own name, and keeps none of the others from theirs.
        let answered = |id: &String| infos.iter().any(|info| convert::id(info).as_ref() == Some(id));
        self.looked_into.extend(next.iter().filter(|id| !answered(id)).cloned());
        for info in infos {
            self.looked_into.extend(convert::id(&info));
            let shift = self.reader.complete(&info, Depth::Listed, now).await?;
            self.end(shift);
        }
        Ok(())
    }

    /// Lets those be looked into again of which not all could be read.
    fn forget_unread(&mut self) {
        for shift in &self.ended {
            if shift.mechanism.codedeploy().is_some_and(|it| !it.unread.is_empty()) {
                self.looked_into.remove(&shift.deployment);
            }
        }
    }

    fn end(&mut self, shift: Rollout) {
        self.known.insert(shift.deployment.clone());
        self.ended.retain(|other| other.deployment != shift.deployment);
        self.ended.push(shift);
        self.ended.sort_by_key(|shift| std::cmp::Reverse(shift.finished_at));
        self.ended.truncate(KEPT);
    }
}

impl Reader {
    /// The ECS service that a group deploys to, if it does.
    ///
    /// # Errors
    /// When the group cannot be read.
    pub async fn service_of(
        &mut self,
        group: (&str, &str),
        now: Timestamp,
    ) -> Result<Option<(String, String)>, SourceError> {
        self.facts.group(group, now).await.map(|group| group.service)
    }

    /// Deployments of one group that ended since then, newest first; at most `most`.
    ///
    /// # Errors
    /// When they cannot be listed or described.
    pub async fn history(
        &mut self,
        (application, group): (&str, &str),
        since: Timestamp,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<Rollout>, SourceError> {
        let request = self
            .conn
            .codedeploy()
            .list_deployments()
            .application_name(application)
            .deployment_group_name(group)
            .set_include_only_statuses(Some(statuses(&ENDED)))
            .create_time_range(made_since(since));
        let answer = self.conn.call(&LIST_DEPLOYMENTS, request.send()).await?;
        let ids: Vec<String> = answer.deployments.unwrap_or_default().into_iter().take(PER_CALL).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let infos = calls::infos(&self.conn, &ids).await?;
        let mut shifts = ended(&infos, now);
        shifts.retain(|shift| shift.standing() == Standing::Ended);
        shifts.sort_by_key(|shift| std::cmp::Reverse(shift.created_at));
        shifts.truncate(most);
        Ok(shifts)
    }
}
