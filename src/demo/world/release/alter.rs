//! What callers change about deployments by CodeDeploy: stops, continues, new ones; and the alarms that stop
//! them by themselves.

use super::super::World;
use super::super::alter::Alarmed;
use super::super::spec::Offset;
use super::super::types::CodeDeployError;
use super::spec::{ReleaseSpec, RollbackOn};
use super::{Release, ReleaseChanges};
use jiff::Timestamp;

impl World {
    /// `StopDeployment`. Without `back` the group's own setting says whether traffic goes back. A repeat while
    /// it is being stopped changes nothing.
    ///
    /// # Errors
    /// There is no such deployment, it has ended, or it is not CodeDeploy's to stop.
    pub fn stop_code_deployment(
        &mut self,
        id: &str,
        back: Option<bool>,
        at: Timestamp,
    ) -> Result<(), CodeDeployError> {
        let ms = at.as_millisecond();
        let (index, release) = self.open_release(id, ms)?;
        if release.spec.stack.is_some() {
            return Err(CodeDeployError::Stack(id.to_owned()));
        }
        if !release.plan.goes_on(ms) {
            return Ok(());
        }
        let back = back.unwrap_or_else(|| release.spec.rolls_back(RollbackOn::StopOnRequest));
        self.alter_release(index, ms, |changes| changes.stops.push((id.to_owned(), ms, back)));
        Ok(())
    }

    /// `ContinueDeployment`: moves traffic at last, or lets the old tasks go before their time.
    ///
    /// # Errors
    /// There is no such deployment, it has ended, or it does not wait for this.
    pub fn continue_code_deployment(
        &mut self,
        id: &str,
        ends: bool,
        at: Timestamp,
    ) -> Result<(), CodeDeployError> {
        let ms = at.as_millisecond();
        let (index, release) = self.open_release(id, ms)?;
        let plan = &release.plan;
        let ready = plan.at(ms).is_some_and(|step| step.status == "Ready");
        let keeps = plan.keeps.is_some_and(|at| at <= ms) && plan.clears.is_none_or(|at| ms < at);
        if !plan.goes_on(ms) || !(if ends { keeps } else { ready }) {
            return Err(CodeDeployError::NotWaiting(id.to_owned()));
        }
        self.alter_release(index, ms, |changes| {
            let list = if ends { &mut changes.released } else { &mut changes.continued };
            list.push((id.to_owned(), ms));
        });
        Ok(())
    }

    /// `CreateDeployment`: deploys a revision of the group's service or a version of its function, as the last
    /// deployment was.
    ///
    /// # Errors
    /// Another one of the group is going on, or there is no such revision or version.
    pub fn create_code_deployment(
        &mut self,
        application: &str,
        revision: u32,
        at: Timestamp,
    ) -> Result<String, CodeDeployError> {
        let ms = at.as_millisecond();
        let missing = || CodeDeployError::NoRevision(revision.to_string());
        let group = self.code_deploy_groups(at).into_iter().find(|it| it.settings.application == application);
        let group = group.ok_or_else(missing)?;
        if let Some(open) = group.deployments.iter().find(|it| super::open(it.status)) {
            return Err(CodeDeployError::Busy(open.id.clone()));
        }
        let named = |release: &&Release| group.deployments.iter().any(|it| it.id == release.id);
        let found = self.streams.iter().enumerate().find_map(|(index, stream)| {
            let last = stream.course.releases.iter().rev().find(named)?;
            Some((index, last.spec.clone()))
        });
        let (index, like) = found.ok_or_else(missing)?;
        let stream = self.streams.get(index).ok_or_else(missing)?;
        let side = stream.course.sides.iter().find(|side| side.number == revision);
        let known = match &like.function {
            Some(function) => self.versions(function.get_ref()).iter().any(|(number, _)| *number == revision),
            None => side.is_some(),
        };
        if !known {
            return Err(missing());
        }
        let made = ReleaseSpec {
            id: None,
            started: Offset(ms - self.start),
            revision,
            continued: None,
            stopped: None,
            broken: side.and_then(|side| side.broken.clone()),
            by: "role/OnCall".to_owned(),
            stack: None,
            ..like
        };
        self.alter_release(index, ms, |changes| changes.made.push(made));
        let releases = self.streams.get(index).map(|stream| &stream.course.releases);
        let made = releases.and_then(|all| all.iter().find(|it| it.made == ms && it.of.is_none()));
        made.map(|release| release.id.clone()).ok_or_else(missing)
    }

    fn open_release(&self, id: &str, ms: i64) -> Result<(usize, &Release), CodeDeployError> {
        let found = self.release(id).filter(|(_, release)| release.made <= ms);
        let (index, release) = found.ok_or_else(|| CodeDeployError::NotFound(id.to_owned()))?;
        if release.plan.at(ms).is_some_and(|step| super::open(step.status)) {
            Ok((index, release))
        } else {
            Err(CodeDeployError::Completed(id.to_owned()))
        }
    }

    fn alter_release(&mut self, index: usize, ms: i64, alter: impl FnOnce(&mut ReleaseChanges)) {
        alter(self.released.entry(index).or_default());
        self.changed(index, ms);
    }

    /// The first deployment whose alarms go off while it is going on, by stream; among those that none has
    /// stopped yet.
    pub(in crate::demo::world) fn next_release_alarmed(&self) -> Option<(usize, Alarmed)> {
        let streams = self.streams.iter().enumerate();
        let all = streams
            .flat_map(|(index, stream)| stream.course.releases.iter().map(move |release| (index, release)));
        let untouched = |index: usize, id: &str| {
            self.released.get(&index).is_none_or(|it| it.alarms.iter().all(|(of, ..)| of != id))
        };
        let watching = all.filter(|(index, release)| {
            release.spec.alarm_watch && release.of.is_none() && untouched(*index, &release.id)
        });
        let alarmed = watching.filter_map(|(index, release)| {
            let (at, name) = self.first_alarm(&release.spec.alarms, release.made, release.plan.ends())?;
            release.plan.goes_on(at).then(|| (index, (release.id.clone(), at, vec![name])))
        });
        alarmed.min_by_key(|(_, (_, at, _))| *at)
    }
}
