//! SERVICES: all services, those in trouble first, with what is known of each. Pure.

use super::traffic::{Traffic, TrafficList};
use crate::app::pane::{Ctx, Tone};
use crate::aws::TargetId;
use crate::features::rollouts::Rollout;
use crate::features::rollouts::model::Tasks;
use crate::service::{DependencyKind, Service};
use std::collections::{HashMap, HashSet};

/// A row of SERVICES.
#[derive(Debug, Clone)]
pub struct ServiceRow<'a> {
    /// Whose.
    pub target: &'a TargetId,
    /// Which.
    pub service: &'a Service,
    /// Bad: an alarm on it. Warn: one on what it depends on, or tasks missing. Info: it shifts. Ok: neither.
    /// `None` while its alarms are not read: nobody knows.
    pub tone: Option<Tone>,
    /// Its shift in flight.
    pub shift: Option<&'a Rollout>,
    /// Its tasks.
    pub tasks: Option<Tasks>,
    /// Its traffic and the list it is in.
    pub traffic: Option<(&'a TrafficList, &'a Traffic)>,
    /// What it depends on that is in trouble itself.
    pub troubled: Vec<&'a str>,
}

/// While it shifts both sides run, and what is wanted is what both want together: the service's own count
/// is one side's.
fn wanted(tasks: Tasks, shift: Option<&Rollout>) -> Tasks {
    let sides = shift.map(|shift| {
        let old = shift.old.as_ref().map_or(0, |old| old.tasks.requested);
        shift.new.tasks.requested + old
    });
    Tasks { requested: tasks.requested.max(sides.unwrap_or_default()), ..tasks }
}

/// All services of all active targets, those in trouble first, by name within.
pub fn services<'a>(ctx: &Ctx<'a>) -> Vec<ServiceRow<'a>> {
    let store = ctx.store;
    let mut rows = Vec::new();
    for (id, target) in store.active_targets() {
        let alarms = target.alarms.iter().flat_map(|list| &list.alarms);
        let firing = alarms.filter(|alarm| alarm.counts(ctx.now));
        let (mut bad, mut dependencies) = (HashSet::new(), HashMap::<&str, Vec<&str>>::new());
        for owner in firing.flat_map(|alarm| target.derived.services.of_alarm(&alarm.name)) {
            match owner.dependency {
                None => drop(bad.insert(owner.service.name.as_str())),
                Some(on) => dependencies.entry(&owner.service.name).or_default().push(&on.name),
            }
        }
        for service in target.derived.services.list() {
            let name = service.name.as_str();
            let troubled = |on: &&crate::service::Dependency| {
                let own = dependencies.get(name).is_some_and(|list| list.contains(&on.name.as_str()));
                let other = on.kind == DependencyKind::Service
                    && (bad.contains(on.name.as_str()) || dependencies.contains_key(on.name.as_str()));
                own || other
            };
            let troubled: Vec<&str> =
                service.depends_on.iter().filter(troubled).map(|on| on.name.as_str()).collect();
            let list = target.rollouts.as_ref();
            // Hundreds of services are looked up for each redraw: names are compared where they are.
            let place = service.ecs.as_ref().map(|place| (place.cluster.as_str(), place.service.as_str()));
            let summary = place.and_then(|place| {
                let services = &list?.services;
                services
                    .binary_search_by(|it| it.name.ecs_parts().cmp(&Some(place)))
                    .ok()
                    .and_then(|at| services.get(at))
            });
            let shift = place.and_then(|place| {
                list?.shifts.iter().find(|shift| shift.in_progress() && shift.name.ecs_parts() == Some(place))
            });
            let tasks = summary.map(|summary| wanted(summary.tasks, shift));
            let missing = tasks.is_some_and(|tasks| tasks.running < tasks.requested);
            let tone = if bad.contains(name) {
                Some(Tone::Bad)
            } else if missing || dependencies.contains_key(name) {
                Some(Tone::Warn)
            } else if shift.is_some() {
                Some(Tone::Info)
            } else {
                target.alarms.is_some().then_some(Tone::Ok)
            };
            let traffic = target.traffic.as_ref().and_then(|list| Some((list, list.get(name)?)));
            rows.push(ServiceRow { target: id, service, tone, shift, tasks, traffic, troubled });
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
