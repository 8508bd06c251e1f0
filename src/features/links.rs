//! Links made of what people give: an ARN or console URL as pasted, a name on the command line, what was
//! remembered. Pure; panes open them.

use super::place::{self, Thing};
use super::rollouts::{RolloutList, RolloutName};
use super::{Link, changes, dashboards, rollouts, security, traces};
use crate::app::Effect;
use crate::app::pane::{Command, Ctx, Tone};
use crate::aws::TargetId;
use crate::aws::console::{ConsoleLink, console_url};
use std::collections::BTreeSet;

/// Reads an ARN, a console URL or a trace id as pasted.
///
/// # Errors
/// A sentence that says what is not understood, or that no target reaches it.
pub fn link_of(text: &str, ctx: &Ctx) -> Result<Link, String> {
    let place = place::parse(text)?;
    let reaches = |target: &&TargetId| {
        let store = ctx.store.target(target);
        let region = store.and_then(|target| target.session.region.as_deref());
        let account =
            store.and_then(|target| target.identity.as_ref()).map(|identity| identity.account.as_str());
        let fits = |wanted: &Option<String>, known: Option<&str>| {
            wanted.as_deref().zip(known).is_none_or(|(wanted, known)| wanted == known)
        };
        // Findings are read in more regions than a target's own.
        let anywhere = matches!(place.thing, Thing::Finding(_));
        (anywhere || fits(&place.region, region)) && fits(&place.account, account)
    };
    let target = ctx.targets().find(reaches).ok_or_else(|| {
        let (region, account) = (place.region.as_deref().unwrap_or("?"), place.account.as_deref());
        format!(
            "no target is in {region}{}",
            account.map(|id| format!(" of account {id}")).unwrap_or_default()
        )
    })?;
    Ok(match place.thing {
        Thing::Alarm(name) => Link::Alarms { alarm: Some((target.clone(), name)), open: true },
        Thing::Dashboard(name) => dashboard_link(target, dashboards::Name::account(name)),
        Thing::LogGroup(name) => logs_link(target, name),
        Thing::EcsService { cluster, service } => rollout_link(target, RolloutName::ecs(cluster, service)),
        Thing::Finding(id) => security::link(target, place.region.unwrap_or_default(), id),
        // An id says nothing about where it is: any target may know it, unless the address names a region.
        Thing::Trace(id) => Link::Traces(traces::Place::of_trace(place.region.map(|_| target.clone()), id)),
    })
}

/// What is wrong with a text that is meant as something to open; `None` when it is not, or nothing is wrong.
pub fn link_problem(text: &str, ctx: &Ctx) -> Option<String> {
    place::is_pasted(text).then(|| link_of(text, ctx).err()).flatten()
}

/// A thing of a pane, by name, looked up in what has come: `snapshot PANE --open NAME`.
///
/// # Errors
/// There is no such thing, or nothing in this pane is opened by name.
pub fn open_link(pane: &str, name: &str, ctx: &Ctx) -> Result<Link, String> {
    let missing = |what: &str, names: Vec<&str>| {
        let near = crate::config::suggest(name, names).map(|near| format!(" (did you mean `{near}`?)"));
        format!("there is no {what} `{name}`{}", near.unwrap_or_default())
    };
    let targets: Vec<_> = ctx.store.active_targets().collect();
    match pane {
        "alarms" => {
            let alarms = targets.iter().flat_map(|(id, target)| {
                target
                    .alarms
                    .iter()
                    .flat_map(|list| &list.alarms)
                    .map(move |alarm| (*id, alarm.name.as_str()))
            });
            let found = alarms.clone().find(|(_, known)| *known == name);
            let (target, _) =
                found.ok_or_else(|| missing("alarm", alarms.map(|(_, name)| name).collect()))?;
            Ok(Link::Alarms { alarm: Some((target.clone(), name.to_owned())), open: true })
        }
        "dashboards" => {
            // A file is read over the first target, as `file` above the account's own.
            let (first, _) = targets.first().ok_or("there is no target")?;
            let local = ctx.store.local_dashboards.iter().map(|local| (*first, &local.found.name));
            let local: Vec<_> = local.map(|(target, name)| (target, name.clone())).collect();
            let lists = targets.iter().filter_map(|(id, target)| Some((*id, target.dashboards.as_ref()?)));
            let own = lists.flat_map(|(id, list)| {
                list.dashboards.iter().map(move |listed| (id, dashboards::Name::account(listed.name.clone())))
            });
            let all: Vec<_> = local.into_iter().chain(own).collect();
            let found = all.iter().find(|(_, known)| known.name == name);
            let (target, name) = found.ok_or_else(|| {
                missing("dashboard", all.iter().map(|(_, name)| name.name.as_str()).collect())
            })?;
            Ok(dashboard_link(target, name.clone()))
        }
        "logs" => {
            let (target, _) = targets.first().ok_or("there is no target")?;
            Ok(logs_link(target, name.to_owned()))
        }
        "rollouts" => {
            let services: BTreeSet<_> = targets
                .iter()
                .flat_map(|(id, target)| {
                    target.rollouts.iter().flat_map(RolloutList::names).map(move |name| (*id, name))
                })
                .collect();
            let found: Vec<_> = services.iter().filter(|(_, known)| known.answers_to(name)).collect();
            match found.as_slice() {
                [(target, name)] => Ok(rollout_link(target, (*name).clone())),
                [] => Err(missing("service", services.iter().map(|(_, name)| name.short()).collect())),
                several => {
                    let names: Vec<String> =
                        several.iter().map(|(target, name)| format!("{} in {target}", name.full())).collect();
                    Err(format!("`{name}` is several services: {}", names.join(", ")))
                }
            }
        }
        "traces" => {
            if let Some(id) = traces::id_in(name) {
                return Ok(Link::Traces(traces::Place::of_trace(None, id)));
            }
            let services = targets.iter().flat_map(|(id, target)| {
                let graph = target.graph.iter().flat_map(|graph| &graph.services);
                graph.map(move |service| (*id, service.name.as_str()))
            });
            let (target, _) = services
                .clone()
                .find(|(_, known)| *known == name)
                .ok_or_else(|| missing("trace id or traced service", services.map(|it| it.1).collect()))?;
            Ok(Link::Traces(traces::Place::of_service(target, name)))
        }
        "security" => {
            let findings = targets.iter().flat_map(|(id, target)| {
                target.findings.iter().flat_map(|list| &list.findings).map(move |finding| (*id, finding))
            });
            let called = |finding: &security::Finding| {
                [&finding.id, &finding.arn, &finding.kind].into_iter().any(|own| own == name)
            };
            let (target, finding) = findings
                .clone()
                .find(|(_, finding)| called(finding))
                .ok_or_else(|| missing("finding", findings.map(|(_, it)| it.kind.as_str()).collect()))?;
            Ok(security::link(target, finding.region.clone(), finding.id.clone()))
        }
        "changes" => {
            let own = targets.iter().find(|(_, target)| target.derived.services.get(name).is_some());
            let (target, _) = own.or(targets.first()).ok_or("there is no target")?;
            let subject = Some(changes::Subject::of_text(name, own.is_some()));
            Ok(Link::Changes { target: (*target).clone(), subject, at: None })
        }
        _ => Err(format!("--open: nothing in {pane} is opened by name")),
    }
}

fn dashboard_link(target: &TargetId, name: dashboards::Name) -> Link {
    let dashboard = Some(dashboards::Key { target: target.clone(), name });
    Link::Dashboards { dashboard, open: true, widget: None, about: None }
}

fn logs_link(target: &TargetId, group: String) -> Link {
    Link::Logs { target: target.clone(), groups: vec![group], at: None, filter: String::new() }
}

fn rollout_link(target: &TargetId, name: RolloutName) -> Link {
    Link::Rollouts {
        shift: Some(rollouts::Key { target: target.clone(), name, deployment: None }),
        open: true,
    }
}

/// `o`: shows and copies the AWS console's address of a thing.
pub fn console_command(ctx: &Ctx, target: &TargetId, link: &ConsoleLink) -> Vec<Command> {
    let store = ctx.store.target(target);
    let region = store.and_then(|target| target.session.region.as_deref()).unwrap_or_default();
    let partition =
        store.and_then(|target| target.identity.as_ref()).map(|identity| identity.partition.as_str());
    let partition = partition.unwrap_or_else(|| crate::aws::console::partition(region));
    match console_url(partition, region, *link) {
        Some(url) => {
            vec![Command::Notify(Tone::Info, url.clone()), Command::Effect(Effect::Copy(url))]
        }
        None => vec![Command::Notify(Tone::Warn, format!("partition {partition} has no console address"))],
    }
}

/// Brings back the log groups that were tailed when a target was last seen.
pub fn remembered_link(target: &str, groups: &[String]) -> Option<Link> {
    let target = TargetId::new(target);
    let link = || Link::Logs { target, groups: groups.to_vec(), at: None, filter: String::new() };
    (!groups.is_empty()).then(link)
}

/// The log groups of a target that a place shows, to be remembered.
pub fn remembered_groups(target: &TargetId, place: &Link) -> Option<Vec<String>> {
    match place {
        Link::Logs { target: of, groups, .. } if of == target => Some(groups.clone()),
        _ => None,
    }
}
