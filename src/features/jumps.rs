//! From a thing to its service's logs, changes and rollout: what `l`, `c` and `R` mean on an alarm, a service, a
//! shift.
//!
//! Pure: services are looked up in the store, what comes out are commands. A jump that leads nowhere says
//! why, and where the missing piece could be configured.

use super::changes::Subject;
use super::{Link, TargetStore, Topic, alarms, changes, dashboards, rollouts, traces};
use crate::app::pane::{Command, Ctx, Tone};
use crate::app::{Action, Now, Window};
use crate::aws::TargetId;
use crate::service::{Owner, Service, Services, children};
use jiff::Timestamp;

/// Services whose logs are opened together for a composite alarm.
const MAX_OWNERS: usize = 8;

/// `l t c d R` on an alarm: to its service's logs, traces and rollout.
pub fn jump_from_alarm(action: Action, target: &TargetId, alarm: &alarms::Alarm, ctx: &Ctx) -> Vec<Command> {
    let services = ctx.store.target(target).map(|target| &target.derived.services);
    let owners = services.map(|services| owners(services, target, alarm, ctx)).unwrap_or_default();
    match action {
        Action::Logs => {
            let mut groups = alarm.log_groups.clone();
            for owner in &owners {
                let own = owner.dependency.iter().flat_map(|dependency| &dependency.log_groups);
                add(&mut groups, own.chain(&owner.service.log_groups));
            }
            let pin = alarm.first_breach.or(alarm.since);
            match owners.first() {
                None if groups.is_empty() => say(format!("no logs: {}", unknown(&alarm.name, target, ctx))),
                owner => {
                    let about = owner.map_or(alarm.name.as_str(), |owner| owner.service.name.as_str());
                    logs(target, groups, pin.filter(|_| alarm.firing()), about)
                }
            }
        }
        Action::Traces => {
            let pin = alarm.first_breach.or(alarm.since).filter(|_| alarm.firing());
            match owners.first() {
                Some(owner) => traces_of(owner.service, pin),
                None => say(format!("no traces: {}", unknown(&alarm.name, target, ctx))),
            }
        }
        Action::Board => match owners.first() {
            Some(owner) => board(owner.service),
            None => say(format!("no dashboard: {}", unknown(&alarm.name, target, ctx))),
        },
        Action::Rollback => {
            let shifts = owners.iter().find(|owner| shift(owner.service, ctx).is_some());
            match shifts.or(owners.first()) {
                Some(owner) => rollback(owner.service, ctx),
                None => say(format!("no rollout: {}", unknown(&alarm.name, target, ctx))),
            }
        }
        Action::Changes => {
            let subject = owners.first().map(|owner| Subject::Service(owner.service.name.clone()));
            let at = alarm.first_breach.or(alarm.since).filter(|_| alarm.firing());
            changes::goto(target, subject, at, ctx)
        }
        _ => Vec::new(),
    }
}

/// Whose an alarm is. A composite that is nobody's stands for those of its children that fire, or for all
/// of them when none does; of any other alarm the first owner is meant.
fn owners<'a>(services: &'a Services, target: &TargetId, alarm: &alarms::Alarm, ctx: &Ctx) -> Vec<Owner<'a>> {
    if let Some(own) = services.of_alarm(&alarm.name).next() {
        return vec![own];
    }
    let list = ctx.store.target(target).and_then(|target| target.alarms.as_ref());
    let fires = |name: &str| list.and_then(|list| list.get(name)).is_some_and(alarms::Alarm::firing);
    let mut names = children(&alarm.rule);
    if names.iter().any(|name| fires(name)) {
        names.retain(|name| fires(name));
    }
    let owners = names.into_iter().filter_map(|name| services.of_alarm(name).next());
    owners.take(MAX_OWNERS).collect()
}

/// `l t c d` on a shift: to its service's logs, traces, changes and dashboard.
pub fn jump_from_service(
    action: Action,
    target: &TargetId,
    name: &rollouts::RolloutName,
    shift: Option<&rollouts::Rollout>,
    ctx: &Ctx,
) -> Vec<Command> {
    let services = ctx.store.target(target).map(|target| &target.derived.services);
    let name = shift.map_or(name, rollouts::Rollout::thing);
    let found = services.and_then(|services| match shift {
        Some(shift) => of_shift(services, shift),
        None => service_of(services, name),
    });
    match found {
        Some(service) => {
            let since = shift.filter(|shift| shift.in_progress()).and_then(|shift| shift.started_at);
            jump(action, service, since, ctx)
        }
        None if matches!(action, Action::Logs | Action::Traces | Action::Board) => {
            say(format!("{} was not looked up yet", name.short()))
        }
        None if action == Action::Changes => {
            changes::goto(target, Some(Subject::Service(name.short().to_owned())), None, ctx)
        }
        None => Vec::new(),
    }
}

/// `t c d R` on a log line: to the service that writes this group.
pub fn jump_from_log_group(action: Action, target: &TargetId, group: &str, ctx: &Ctx) -> Vec<Command> {
    let services = ctx.store.target(target).map(|target| &target.derived.services);
    match services.and_then(|services| services.of_log_group(group)) {
        Some(service) => jump(action, service, None, ctx),
        None if action == Action::Rollback => say(format!("no rollout: {}", unknown(group, target, ctx))),
        None if action == Action::Traces => {
            say(format!("this line names no trace, and {}", unknown(group, target, ctx)))
        }
        None if action == Action::Changes => {
            changes::goto(target, Some(Subject::Resource(group.to_owned())), None, ctx)
        }
        None if action == Action::Board => say(format!("no dashboard: {}", unknown(group, target, ctx))),
        None => Vec::new(),
    }
}

/// `l t c d R` on a service, its window pinned before `since`.
pub fn jump(action: Action, service: &Service, since: Option<Timestamp>, ctx: &Ctx) -> Vec<Command> {
    match action {
        Action::Logs => logs(&service.target, service.log_groups.clone(), since, &service.name),
        Action::Traces => traces_of(service, since),
        Action::Board => board(service),
        Action::Rollback => rollback(service, ctx),
        Action::Changes => {
            let at = since.or_else(|| first_breach(service, ctx));
            changes::goto(&service.target, Some(Subject::Service(service.name.clone())), at, ctx)
        }
        _ => Vec::new(),
    }
}

/// The first datapoint that breached of the alarms that go off now on a service or on what it depends on.
fn first_breach(service: &Service, ctx: &Ctx) -> Option<Timestamp> {
    let list = ctx.store.target(&service.target)?.alarms.as_ref()?;
    let names = service.alarms.iter().chain(service.depends_on.iter().flat_map(|on| &on.alarms));
    let firing = names.filter_map(|name| list.get(name)).filter(|alarm| alarm.counts(ctx.now));
    firing.filter_map(|alarm| alarm.first_breach.or(alarm.since)).min()
}

/// Services for the palette: name, hint, link.
pub fn service_links(ctx: &Ctx) -> Vec<(String, String, Link)> {
    let services = ctx.store.active_targets().flat_map(|(_, target)| target.derived.services.list());
    services
        .map(|service| {
            let what = match (&service.ecs, &service.lambda) {
                (Some(place), _) => format!("ECS {}/{}", place.cluster, place.service),
                (None, Some(function)) => format!("Lambda {function}"),
                (None, None) => "configured".to_owned(),
            };
            let hint = if ctx.many_targets() { format!("{what} · {}", service.target) } else { what };
            (service.name.clone(), hint, link(service, ctx))
        })
        .collect()
}

/// Where Enter on a service leads: its shift when there is one, else its logs.
pub fn link(service: &Service, ctx: &Ctx) -> Link {
    match shift(service, ctx) {
        Some(key) => Link::Rollouts { shift: Some(key), open: true },
        None => Link::Logs {
            target: service.target.clone(),
            groups: service.log_groups.clone(),
            at: None,
            filter: String::new(),
        },
    }
}

/// The service's shift in flight, or the one that ended last.
fn shift(service: &Service, ctx: &Ctx) -> Option<rollouts::Key> {
    let list = ctx.store.target(&service.target)?.rollouts.as_ref()?;
    let shift = list.shift_of(&name_of(service, list)?)?;
    let deployment = Some(shift.deployment.clone());
    Some(rollouts::Key { target: service.target.clone(), name: shift.name.clone(), deployment })
}

/// Rollouts' name of a service: of a rule that divides its traffic while ECS does not, of ECS, or of an alias of
/// its function that divides its invocations.
fn name_of(service: &Service, list: &rollouts::RolloutList) -> Option<rollouts::RolloutName> {
    let own = ecs_name(service);
    let deploys =
        own.as_ref().and_then(|name| list.shift_of(name)).is_some_and(rollouts::Rollout::in_progress);
    let divided = list.shifts.iter().find(|shift| stands_behind(service, shift));
    if let Some(split) = divided.filter(|_| !deploys) {
        return Some(split.name.clone());
    }
    own.or_else(|| {
        let own = service.lambda.as_deref()?;
        list.names().chain(list.movers().map(rollouts::Rollout::thing)).find_map(|name| match name {
            rollouts::RolloutName::Lambda { function, .. } if function == own => Some(name.clone()),
            _ => None,
        })
    })
}

/// Whether a service has one of the target groups that a load balancer divides between.
fn stands_behind(service: &Service, shift: &rollouts::Rollout) -> bool {
    let is_own = |arn: &str| {
        // Asked for each service while Overview is drawn.
        let own = |group: &crate::service::SideGroup| {
            arn.strip_suffix(&*group.dimension).is_some_and(|rest| rest.ends_with(':'))
        };
        service.target_groups.iter().any(own)
    };
    let rollouts::Mechanism::Alb(split) = &shift.mechanism else { return false };
    split.groups.iter().any(|(arn, _)| is_own(arn))
}

/// The service that a rollout is of.
fn service_of<'a>(services: &'a Services, name: &rollouts::RolloutName) -> Option<&'a Service> {
    match name {
        rollouts::RolloutName::Ecs { cluster, service } => services.of_ecs(cluster, service),
        rollouts::RolloutName::Lambda { function, .. } => services.of_lambda(function),
        // Only the groups of its shift say whose a rule is. What CodeDeploy moves is asked for instead: see
        // `Rollout::thing`.
        rollouts::RolloutName::Alb { .. } | rollouts::RolloutName::CodeDeploy { .. } => None,
    }
}

/// The service whose traffic a shift moves.
pub fn of_shift<'a>(services: &'a Services, shift: &rollouts::Rollout) -> Option<&'a Service> {
    let behind = || services.list().iter().find(|service| stands_behind(service, shift));
    service_of(services, shift.thing()).or_else(behind)
}

/// Alarms that are in ALARM on the service whose traffic a shift moves, each with whether it went off after the shift
/// began: one from before is not its doing. `None` where one of both times is not known.
pub fn alarms_of<'a>(
    target: &'a TargetStore,
    shift: &rollouts::Rollout,
    now: Now,
) -> Vec<(&'a alarms::Alarm, Option<bool>)> {
    let Some(list) = &target.alarms else { return Vec::new() };
    let began = shift.started_at.or(shift.created_at);
    let names = of_shift(&target.derived.services, shift).map(|service| service.alarms.as_slice());
    let firing = names.unwrap_or_default().iter().filter_map(|name| list.get(name));
    let firing = firing.filter(|alarm| alarm.counts(now));
    firing.map(|alarm| (alarm, alarm.since.zip(began).map(|(since, began)| since >= began))).collect()
}

/// Rollouts' name of a service that runs on ECS.
pub fn ecs_name(service: &Service) -> Option<rollouts::RolloutName> {
    let place = service.ecs.as_ref()?;
    Some(rollouts::RolloutName::ecs(&place.cluster, &place.service))
}

fn logs(target: &TargetId, groups: Vec<String>, since: Option<Timestamp>, about: &str) -> Vec<Command> {
    if groups.is_empty() {
        return say(format!("no log group is known for {about} · [[service]] log_groups in the config"));
    }
    let link = Link::Logs { target: target.clone(), groups, at: None, filter: String::new() };
    // The window changes after the jump, so that the way back restores the old one.
    let pin = since.map(|at| Command::Window(Window::pinned_before(at)));
    std::iter::once(Command::Goto(link)).chain(pin).collect()
}

/// The traces through a service, its window pinned before `since`.
fn traces_of(service: &Service, since: Option<Timestamp>) -> Vec<Command> {
    let Some(name) = &service.xray else {
        return say(format!(
            "no name in X-Ray is known for {} · [[service]] xray in the config",
            service.name
        ));
    };
    let place = traces::Place::of_service(&service.target, name);
    let pin = since.map(|at| Command::Window(Window::pinned_before(at)));
    std::iter::once(Command::Goto(Link::Traces(place))).chain(pin).collect()
}

/// The dashboard that the config names, or those that turn out to be about the service.
fn board(service: &Service) -> Vec<Command> {
    let about = dashboards::About::of(service);
    let dashboard = match service.dashboards.as_slice() {
        [only] => Some(dashboards::Key {
            target: service.target.clone(),
            name: dashboards::Name::account(only.clone()),
        }),
        _ => None,
    };
    let open = dashboard.is_some();
    let about = Some(about).filter(|_| !open);
    vec![Command::Goto(Link::Dashboards { dashboard, open, widget: None, about })]
}

fn rollback(service: &Service, ctx: &Ctx) -> Vec<Command> {
    let list = ctx.store.target(&service.target).and_then(|target| target.rollouts.as_ref());
    let name = list.map_or_else(|| ecs_name(service), |list| name_of(service, list));
    let Some(name) = name else {
        return say(format!("no rollout of {}: no traffic of it is divided by weights", service.name));
    };
    let dialog = rollouts::dialog::open(ctx, &service.target, &name);
    let shift = shift(service, ctx).filter(|_| matches!(dialog, Command::Open(_)));
    let goto = shift.map(|key| Command::Goto(Link::Rollouts { shift: Some(key), open: true }));
    goto.into_iter().chain([dialog]).collect()
}

fn say(text: String) -> Vec<Command> {
    vec![Command::Notify(Tone::Info, text)]
}

/// Why nothing leads on from a thing: no service has it, or services are still being put together.
fn unknown(thing: &str, target: &TargetId, ctx: &Ctx) -> String {
    let awaited = |topic| ctx.store.poll(target, topic).is_none_or(|poll| poll.answered.is_none());
    if [Topic::Rollouts, Topic::Inventory].into_iter().any(awaited) {
        return "services are still being looked up, in a moment it works".to_owned();
    }
    format!("no service is known for {thing}")
}

fn add<'a>(groups: &mut Vec<String>, more: impl Iterator<Item = &'a String>) {
    for group in more {
        if !groups.contains(group) {
            groups.push(group.clone());
        }
    }
}
