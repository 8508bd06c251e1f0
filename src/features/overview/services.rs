//! SERVICES: all services, those in trouble first, with what is known of each. Pure.

use super::traffic::{Traffic, TrafficList};
use crate::app::pane::{Ctx, Tone};
use crate::aws::TargetId;
use crate::features::TargetStore;
use crate::features::jumps;
use crate::features::rollouts::model::Tasks;
use crate::features::rollouts::{self, Rollout};
use crate::service::{Dependency, DependencyKind, Service, Services};
use std::collections::HashSet;

/// A row of SERVICES.
#[derive(Debug, Clone)]
pub struct ServiceRow<'a> {
    /// Whose.
    pub target: &'a TargetId,
    /// Which.
    pub service: &'a Service,
    /// Bad: an alarm on it, or its shift is. Warn: an alarm on what it depends on, tasks missing, or a shift that is
    /// worth a look. Info: it shifts. Ok: none of these.
    /// `None` while its alarms are not read: nobody knows.
    pub tone: Option<Tone>,
    /// Its shift in flight.
    pub shift: Option<&'a Rollout>,
    /// What it depends on that is in trouble itself.
    pub troubled: Vec<&'a str>,
}

impl<'a> ServiceRow<'a> {
    /// Its tasks.
    pub fn tasks(&self, ctx: &Ctx<'a>) -> Option<Tasks> {
        let list = &ctx.store.target(self.target)?.rollouts.as_ref()?.services;
        let place = self.service.ecs.as_ref().map(|place| (place.cluster.as_str(), place.service.as_str()));
        let at = list.binary_search_by(|it| it.name.ecs_parts().cmp(&place)).ok()?;
        Some(wanted(list.get(at)?.tasks, self.shift))
    }

    /// Its traffic and the list it is in.
    pub fn traffic(&self, ctx: &Ctx<'a>) -> Option<(&'a TrafficList, &'a Traffic)> {
        let list = ctx.store.target(self.target)?.traffic.as_ref()?;
        Some((list, list.get(&self.service.name)?))
    }
}

/// While it shifts both sides run, and what is wanted is what both want together: the service's own count
/// is one side's.
fn wanted(tasks: Tasks, shift: Option<&Rollout>) -> Tasks {
    let sides = shift.map(|shift| {
        let sides = shift.old.iter().chain([&shift.new]);
        sides.filter_map(|side| side.tasks).map(|it| it.requested).sum()
    });
    Tasks { requested: tasks.requested.max(sides.unwrap_or_default()), ..tasks }
}

/// What the services of one target suffer from. By their places in its list: there are hundreds of them, looked
/// at for each redraw, and few are in trouble.
struct Suffering<'a> {
    services: &'a Services,
    /// An alarm is on it.
    bad: Vec<bool>,
    /// What it depends on that an alarm is on.
    dependencies: Vec<Vec<&'a str>>,
    /// Names of services in either.
    names: HashSet<&'a str>,
    /// Its shift in flight.
    shifts: Vec<Option<&'a Rollout>>,
    /// Fewer tasks run than are wanted.
    missing: Vec<bool>,
}

impl<'a> Suffering<'a> {
    fn of(target: &'a TargetStore, ctx: &Ctx) -> Self {
        let services = &target.derived.services;
        let len = services.list().len();
        let (mut bad, mut dependencies, mut names) =
            (vec![false; len], vec![Vec::new(); len], HashSet::new());
        let alarms = target.alarms.iter().flat_map(|list| &list.alarms);
        let firing = alarms.filter(|alarm| alarm.counts(ctx.now));
        for owner in firing.flat_map(|alarm| services.of_alarm(&alarm.name)) {
            names.insert(owner.service.name.as_str());
            match (owner.dependency, bad.get_mut(owner.place), dependencies.get_mut(owner.place)) {
                (None, Some(bad), _) => *bad = true,
                (Some(on), _, Some(own)) => own.push(on.name.as_str()),
                _ => {}
            }
        }
        let mut shifts = vec![None; len];
        for shift in target.rollouts.iter().flat_map(|list| &list.shifts).filter(|it| it.in_progress()) {
            let place = jumps::of_shift(services, shift).and_then(|service| services.place_of(&service.name));
            if let Some(slot) = place.and_then(|place| shifts.get_mut(place)) {
                slot.get_or_insert(shift);
            }
        }
        let mut missing = vec![false; len];
        for summary in target.rollouts.iter().flat_map(|list| list.services.iter()) {
            let own = summary.name.ecs_parts().filter(|_| summary.tasks.running < summary.tasks.requested);
            let place = own.and_then(|(cluster, service)| services.place_of_ecs(cluster, service));
            if let Some(missing) = place.and_then(|place| missing.get_mut(place)) {
                *missing = true;
            }
        }
        Self { services, bad, dependencies, names, shifts, missing }
    }

    /// What a service depends on that is in trouble itself.
    fn troubled(&self, service: &'a Service, own: &[&str]) -> Vec<&'a str> {
        let in_trouble = |on: &&Dependency| {
            own.contains(&on.name.as_str())
                || on.kind == DependencyKind::Service && self.names.contains(on.name.as_str())
        };
        service.depends_on.iter().filter(in_trouble).map(|on| on.name.as_str()).collect()
    }
}

/// All services of all active targets, those in trouble first, by name within.
pub fn services<'a>(ctx: &Ctx<'a>) -> Vec<ServiceRow<'a>> {
    let store = ctx.store;
    let mut rows = Vec::new();
    for (id, target) in store.active_targets() {
        let suffering = Suffering::of(target, ctx);
        let each = suffering.services.list().iter().zip(&suffering.bad).zip(&suffering.dependencies);
        let each = each.zip(&suffering.shifts).zip(&suffering.missing);
        for ((((service, bad), depends), shift), missing) in each {
            let troubled = suffering.troubled(service, depends);
            let mut row = ServiceRow { target: id, service, tone: None, shift: *shift, troubled };
            let lacks = |tasks: Tasks| tasks.running < tasks.requested;
            let missing = *missing || shift.is_some() && row.tasks(ctx).is_some_and(lacks);
            let shifts = shift.map(|shift| rollouts::trouble(shift, target));
            row.tone = if *bad {
                Some(Tone::Bad)
            } else if missing || !depends.is_empty() {
                shifts.max(Some(Tone::Warn))
            } else {
                shifts.or_else(|| target.alarms.is_some().then_some(Tone::Ok))
            };
            rows.push(row);
        }
    }
    let rank = |tone| match tone {
        Some(Tone::Bad) => 0,
        Some(Tone::Warn) => 1,
        Some(Tone::Info) => 2,
        None => 3,
        Some(Tone::Ok) => 4,
    };
    // A target's services are sorted by name already.
    if store.active_targets().nth(1).is_some() {
        rows.sort_by(|a, b| (&a.service.name, a.target).cmp(&(&b.service.name, b.target)));
    }
    rows.sort_by_key(|row| rank(row.tone));
    rows
}
