//! What callers change about deployments: stops, answers to hooks, new deployments. And what follows by itself:
//! deployment alarms that go off.
//!
//! A change is remembered and the service laid out anew with it, so that the world stays a function of its
//! scenario, its changes and the time.

use super::World;
use super::deployment::{BreakerSpec, PLATFORM};
use super::release::Group;
use super::shift::{Basis, Course};
use super::spec::{DeploymentSpec, HookAction, HookKind, Offset};
use super::stages::HookRun;
use super::types::{AlarmState, AnswerError, StopError, UpdateError};
use jiff::Timestamp;
use toml::Spanned;

/// Alarms that turn deployments in one world; each that does can make others go off later.
const MOST_ALARMED: usize = 64;

/// A deployment whose alarms went off, by id, when, and which.
pub(super) type Alarmed = (String, i64, Vec<String>);

impl World {
    /// Works out the deployments of a stream, with what callers did.
    pub(super) fn lay_out(&mut self, index: usize) {
        let Some(spec) = self.scenario.services.get(index) else {
            self.lay_out_function(index - self.scenario.services.len());
            return;
        };
        let changes = self.changes.entry(index).or_default();
        let listed = self.scenario.deployments.iter();
        let listed = listed.filter(|deployment| *deployment.service.get_ref() == spec.name);
        let released = &*self.released.entry(index).or_default();
        let releases = released.with(&self.scenario.releases, &spec.name);
        if let Some(stream) = self.streams.get_mut(index) {
            let (start, dice) = (self.start, stream.dice);
            stream.course = if releases.is_empty() {
                Course::new(Basis {
                    revision: spec.revision,
                    tasks: spec.tasks,
                    deployments: listed.chain(&changes.made).collect(),
                    start,
                    dice,
                    changes,
                })
            } else {
                let (first, tasks) = (spec.revision, spec.tasks);
                Group { first, tasks, specs: releases, start, dice, changes: released }.of_service()
            };
        }
        if let Ok(mut memo) = self.memo.lock() {
            memo.clear();
        }
    }

    /// Lays a stream out after a change at a time: what followed by itself later may no longer follow.
    pub(super) fn changed(&mut self, index: usize, ms: i64) {
        self.lay_out(index);
        let later = |(_, at, _): &Alarmed| *at > ms;
        let shifts = self.changes.iter_mut().map(|(index, it)| (*index, &mut it.alarms));
        let releases = self.released.iter_mut().map(|(index, it)| (*index, &mut it.alarms));
        let others = shifts.chain(releases).filter(|(_, alarms)| alarms.iter().any(later));
        let others: Vec<usize> = others
            .map(|(index, alarms)| {
                alarms.retain(|alarm| !later(alarm));
                index
            })
            .collect();
        for index in others {
            self.lay_out(index);
        }
        self.heed_alarms();
    }

    /// Lets the alarms of deployments that watch them turn these, the earliest first.
    pub(super) fn heed_alarms(&mut self) {
        for _ in 0..MOST_ALARMED {
            let shift = self.next_alarmed().map(|(index, alarmed)| (index, alarmed, false));
            let release = self.next_release_alarmed().map(|(index, alarmed)| (index, alarmed, true));
            let next = shift.into_iter().chain(release).min_by_key(|(_, (_, at, _), _)| *at);
            let Some((index, alarmed, by_code_deploy)) = next else { return };
            if by_code_deploy {
                self.released.entry(index).or_default().alarms.push(alarmed);
            } else {
                self.changes.entry(index).or_default().alarms.push(alarmed);
            }
            self.lay_out(index);
        }
    }

    /// The first deployment whose alarms go off while it is going on, when, and which; among those that none
    /// has turned yet.
    fn next_alarmed(&self) -> Option<(usize, Alarmed)> {
        let services = self.streams.iter().enumerate().take(self.scenario.services.len());
        let shifts = services.flat_map(|(index, stream)| {
            stream.course.shifts.iter().filter(|shift| shift.spec.watches()).map(move |shift| (index, shift))
        });
        let untouched = |index: usize, id: &str| {
            self.changes.get(&index).is_none_or(|changes| changes.alarms.iter().all(|(of, ..)| of != id))
        };
        let alarmed =
            shifts.filter(|(index, shift)| untouched(*index, &shift.id)).filter_map(|(index, shift)| {
                let (begins, ends) = (shift.started, shift.plan.ends().max(shift.started + 86_400_000));
                let (at, name) = self.first_alarm(&shift.spec.alarms, begins, ends)?;
                let open =
                    shift.plan.at(at).is_some_and(|step| matches!(step.status, "PENDING" | "IN_PROGRESS"));
                open.then(|| (index, (shift.id.clone(), at, vec![name])))
            });
        alarmed.min_by_key(|(_, (_, at, _))| *at)
    }

    /// The first of some alarms that goes off between two times, and when.
    pub(super) fn first_alarm(&self, names: &[String], begins: i64, ends: i64) -> Option<(i64, String)> {
        let goes_off = |name: &String| {
            let changes = self.transitions(self.alarm(name)?, ends);
            // One that is in ALARM already when the deployment begins is not used.
            let before = changes.iter().rev().find(|change| change.at <= begins);
            if before.is_some_and(|change| change.state == AlarmState::Alarm) {
                return None;
            }
            let first = changes.iter().find(|change| change.at > begins && change.state == AlarmState::Alarm);
            first.map(|change| (change.at, name.clone()))
        };
        names.iter().filter_map(goes_off).min()
    }

    /// `StopServiceDeployment` with `ROLLBACK`. A repeat while it goes back changes nothing.
    ///
    /// # Errors
    /// There is no such deployment, it has ended, or nothing ran before it.
    pub fn stop_deployment(&mut self, arn: &str, at: Timestamp) -> Result<(), StopError> {
        let (service, id) = self.deployment_of(arn).ok_or(StopError::NotFound)?;
        if let Some(known) = self.service(&service, at).filter(|it| it.controller != "ECS") {
            return Err(StopError::NotOurs(known.controller));
        }
        let deployment = self.deployment(arn, at).ok_or(StopError::NotFound)?;
        if !deployment.in_progress() {
            return Err(StopError::Terminal);
        }
        if deployment.first {
            return Err(StopError::NothingBefore);
        }
        if !matches!(deployment.status, "PENDING" | "IN_PROGRESS") {
            return Ok(());
        }
        let index = *self.by_name.get(&service).ok_or(StopError::NotFound)?;
        self.changes.entry(index).or_default().stops.push((id, at.as_millisecond()));
        self.changed(index, at.as_millisecond());
        Ok(())
    }

    /// `ContinueServiceDeployment`: answers a hook that waits.
    ///
    /// # Errors
    /// There is no such deployment, or this hook of it does not wait for an answer.
    pub fn answer_hook(
        &mut self,
        arn: &str,
        hook: &str,
        back: bool,
        at: Timestamp,
    ) -> Result<(), AnswerError> {
        let (service, id) = self.deployment_of(arn).ok_or(AnswerError::NotFound)?;
        let index = *self.by_name.get(&service).ok_or(AnswerError::NotFound)?;
        let ms = at.as_millisecond();
        let shifts =
            self.streams.get(index).map(|stream| stream.course.shifts.as_slice()).unwrap_or_default();
        let shift = shifts.iter().find(|shift| shift.id == id && shift.started <= ms);
        let plan = &shift.ok_or(AnswerError::NotFound)?.plan;
        let waits = |run: &&HookRun| run.id == hook && run.kind == HookKind::Pause;
        match plan.hooks.iter().find(waits).map(|run| run.status(ms)) {
            Some(Some("AWAITING_ACTION")) => {}
            Some(Some(_)) => return Err(AnswerError::Answered),
            Some(None) | None => return Err(AnswerError::NoHook),
        }
        let action = if back { HookAction::Rollback } else { HookAction::Continue };
        self.changes.entry(index).or_default().answers.push((hook.to_owned(), ms, action));
        self.changed(index, ms);
        Ok(())
    }

    /// `UpdateService`: deploys a revision of the service's family as the last deployment was. `false` when
    /// that runs already and nobody insists.
    ///
    /// # Errors
    /// There is no such service or no such task definition of it.
    pub fn update_service(
        &mut self,
        name: &str,
        definition: Option<&str>,
        insists: bool,
        at: Timestamp,
    ) -> Result<bool, UpdateError> {
        let index = *self.by_name.get(name).ok_or(UpdateError::NoService)?;
        let now = self.service(name, at).ok_or(UpdateError::NoService)?;
        if now.controller != "ECS" && (insists || definition.is_some()) {
            return Err(UpdateError::NotOurs(definition.is_none(), now.controller));
        }
        let asked = definition.unwrap_or(&now.task_definition);
        let wanted = self.task_definition(asked).ok_or(UpdateError::NoDefinition)?;
        let (spec, stream) = self.find_service(name).ok_or(UpdateError::NoService)?;
        if wanted.family != spec.family {
            return Err(UpdateError::NoDefinition);
        }
        if wanted.status != "ACTIVE" {
            return Err(UpdateError::Inactive);
        }
        // Its primary revision is the one that a deployment in flight brings.
        let primary = now.deployment.as_ref().filter(|it| it.in_progress()).map(|it| it.target.number);
        if !insists && primary.map_or(now.task_definition == wanted.arn, |number| number == wanted.revision) {
            return Ok(false);
        }
        let ms = at.as_millisecond();
        let known = stream.course.sides.iter().find(|side| side.number == wanted.revision);
        let usual = DeploymentSpec {
            service: Spanned::new(0..0, spec.name.clone()),
            started: Offset(0),
            strategy: spec.strategy,
            percent: 10.0,
            step_minutes: 5,
            bake_minutes: 5,
            revision: 0,
            stopped: None,
            broken: None,
            alarms: Vec::new(),
            alarm_watch: false,
            alarm_rollback: false,
            hooks: Vec::new(),
            breaker: BreakerSpec::default(),
            first: false,
            drain_minutes: 0,
            platform: PLATFORM.to_owned(),
            stuck: false,
            rule_lag: 0,
            by: "role/OnCall".to_owned(),
        };
        let last = stream.course.shifts.iter().rev().find(|shift| shift.started <= ms);
        let like = last.map_or(usual, |shift| shift.spec.clone());
        let mut hooks = like.hooks.clone();
        for hook in &mut hooks {
            hook.answered = None;
        }
        let made = DeploymentSpec {
            started: Offset(ms - self.start),
            revision: wanted.revision,
            broken: known.and_then(|side| side.broken.clone()),
            stopped: None,
            first: false,
            hooks,
            by: "role/OnCall".to_owned(),
            ..like
        };
        self.changes.entry(index).or_default().made.push(made);
        self.changed(index, ms);
        Ok(true)
    }
}
