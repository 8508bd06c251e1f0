//! What belongs to a subject: which events, and whose scaling is never folded away. Pure.

use super::model::{Event, Subject};
use super::things;
use crate::app::pane::Ctx;
use crate::features::TargetStore;
use crate::service::{DependencyKind, Service};
use std::collections::HashSet;

/// A subject with all that belongs to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lens {
    /// What is looked at; `None` is everything.
    pub subject: Option<Subject>,
    /// Things of the service, of what it depends on and of its callers.
    pub around: HashSet<String>,
    /// Things of the service and its callers; without a subject, of services in trouble and theirs.
    pub affected: HashSet<String>,
    /// Names of the services that belong to it.
    pub services: HashSet<String>,
    /// Names of alarms on them.
    pub alarms: HashSet<String>,
}

impl Lens {
    /// The lens for a subject in a target.
    pub fn new(subject: Option<&Subject>, target: &TargetStore, ctx: &Ctx) -> Self {
        let mut lens = Self { subject: subject.cloned(), ..Self::default() };
        let services = &target.derived.services;
        let calls = |caller: &Service, callee: &str| {
            caller.depends_on.iter().any(|on| on.kind == DependencyKind::Service && on.name == callee)
        };
        let callers = |callee: &str| -> Vec<&Service> {
            services.list().iter().filter(|service| calls(service, callee)).collect()
        };
        let rollouts = target.rollouts.as_ref();
        match subject {
            Some(Subject::Service(name)) => {
                let own = services.get(name);
                let callees = own.into_iter().flat_map(|own| &own.depends_on);
                let callees = callees.filter_map(|on| services.get(&on.name));
                let callers = callers(name);
                for service in own.into_iter().chain(callers.iter().copied()) {
                    things::of_service(service, rollouts, &mut lens.affected);
                }
                for service in own.into_iter().chain(callees).chain(callers) {
                    things::of_service(service, rollouts, &mut lens.around);
                    lens.services.insert(service.name.clone());
                    let on = service.depends_on.iter().flat_map(|on| &on.alarms);
                    lens.alarms.extend(service.alarms.iter().chain(on).cloned());
                }
            }
            Some(_) => {}
            None => {
                let alarms = target.alarms.iter().flat_map(|list| &list.alarms);
                let firing = alarms.filter(|alarm| alarm.counts(ctx.now));
                let owners: HashSet<&str> = firing
                    .flat_map(|alarm| services.of_alarm(&alarm.name))
                    .map(|owner| owner.service.name.as_str())
                    .collect();
                for service in services.list() {
                    let caller = service.depends_on.iter().any(|on| owners.contains(on.name.as_str()));
                    if owners.contains(service.name.as_str()) || caller {
                        things::of_service(service, rollouts, &mut lens.affected);
                    }
                }
            }
        }
        lens
    }

    /// Tells of events whether they belong to the subject.
    pub fn belongs(&self) -> impl Fn(&Event) -> bool {
        // Of an ARN, what events have of it.
        let thing = self.subject.as_ref().and_then(|subject| things::of_arn(subject.name()));
        move |event| match &self.subject {
            None => true,
            Some(Subject::Service(_)) if !self.around.is_empty() => {
                event.things.iter().any(|thing| self.around.contains(&**thing))
            }
            Some(Subject::Service(name) | Subject::Resource(name)) => named(event, name, thing.as_deref()),
            Some(Subject::User(name)) => {
                event.who.name == *name || event.who.session.as_deref() == Some(name)
            }
            Some(Subject::AccessKey(id)) => event.key.as_deref() == Some(id),
            Some(Subject::Address(address)) => *event.address == **address,
        }
    }

    /// Whether an event is about the service itself or its callers, or about what is in trouble.
    pub fn affects(&self, event: &Event) -> bool {
        event.things.iter().any(|thing| self.affected.contains(&**thing))
    }
}

/// Whether an event is about a thing of this name or id, or about the thing of an ARN.
fn named(event: &Event, name: &str, thing: Option<&str>) -> bool {
    event.things.iter().any(|known| {
        let known: &str = known;
        known == name
            || thing == Some(known)
            || known.strip_suffix(name).is_some_and(|rest| rest.ends_with(['/', ':']))
    })
}
