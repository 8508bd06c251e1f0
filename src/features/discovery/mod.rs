//! What there is in a target: the parts that services are made of, read rarely.
//!
//! ECS services come from Rollouts and log groups from Logs; `source.rs` reads the rest. Putting it
//! together is [`crate::service`]'s; here it is only fed, and only when something it rests on changed.

mod source;

pub use source::InventorySource;

use super::{Query, TargetStore, Topic, traces};
use crate::app::pane::Ctx;
use crate::app::{Cadence, Level, PollPlan, Window};
use crate::aws::TargetId;
use crate::config::Config;
use crate::service::{EcsService, Found, Inventory, Node, Services, Watched, merge};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// While parts of a large account are still to be read, the next one follows after this long.
const NEXT_PART: Duration = Duration::from_secs(1);
/// While task definitions are still to be read, the next ones follow after this long.
const MORE_SOON: Duration = Duration::from_secs(5);
/// The service map that says what calls what.
const MAP_WINDOW: Window = Window::Live { secs: 3_600 };

/// What to look up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryQuery {
    /// Task definitions in use, as `family:number`, sorted.
    pub task_definitions: Arc<Vec<String>>,
}

/// Services of a target and what they were made from.
#[derive(Debug, Default)]
pub struct Derived {
    /// The services.
    pub services: Services,
    /// Who calls whom, from the last service map that covers enough.
    pub map: Vec<Node>,
    /// The question that follows from the list of ECS services.
    pub query: InventoryQuery,
    /// ARNs of the rules and listeners that forward to several groups, sorted: Rollouts looks at them.
    pub forwards: Arc<Vec<String>>,
    /// Stands for the answers that `services` rests on.
    rests_on: [u64; SOURCES.len()],
    /// What the config said of services then.
    config: Vec<crate::config::Service>,
}

/// Polled whatever is shown: every jump rests on it.
pub fn base_wants(ctx: &Ctx, plan: &mut PollPlan) {
    for (id, target) in ctx.store.active_targets() {
        let cadence = match &target.inventory {
            Some(inventory) if inventory.unread_parts > 0 => NEXT_PART,
            Some(inventory) if inventory.unread_definitions > 0 => MORE_SOON,
            _ => ctx.config.poll.discovery.duration(),
        };
        let query = Query::Inventory(target.derived.query.clone());
        plan.want(id, Level::Background, Cadence::Every(cadence), query);
        let map = Query::ServiceGraph(traces::GraphQuery { window: MAP_WINDOW });
        let cadence = ctx.config.poll.discovery.duration();
        plan.want(id, Level::Background, Cadence::Every(cadence), map);
    }
}

/// Whether all that has been begun to be read of what there is was read whole.
pub fn settled(ctx: &Ctx) -> bool {
    let mut inventories = ctx.store.active_targets().filter_map(|(_, target)| target.inventory.as_ref());
    inventories.all(Inventory::is_whole)
}

/// Answers that services rest on.
const SOURCES: [Topic; 5] =
    [Topic::Alarms, Topic::Rollouts, Topic::Inventory, Topic::LogGroups, Topic::ServiceGraph];

/// Brings a target's services up to date, if anything they rest on changed: an answer to `topic`, or any answer
/// and the config.
pub fn derive(id: &TargetId, target: &mut TargetStore, config: &Config, topic: Option<Topic>) {
    // A map of a few minutes may lack what is rarely called: it does not replace a longer one.
    if topic.is_none_or(|topic| topic == Topic::ServiceGraph)
        && let Some(graph) = target.graph.as_ref().filter(|it| it.is_whole() || target.derived.map.is_empty())
    {
        target.derived.map = graph.nodes();
    }
    let mut rests_on = target.derived.rests_on;
    for (own, source) in rests_on.iter_mut().zip(SOURCES) {
        if topic.is_none_or(|topic| topic == source) {
            *own = fingerprint(source, target);
        }
    }
    let config_changed = topic.is_none() && target.derived.config != config.services;
    if rests_on == target.derived.rests_on && !config_changed {
        return;
    }
    let rollouts = target.rollouts.as_ref();
    let ecs: Vec<EcsService> = rollouts
        .iter()
        .flat_map(|list| list.services.iter())
        .filter_map(|service| {
            let (cluster, name) = service.name.ecs_parts()?;
            Some(EcsService {
                cluster,
                service: name,
                task_definition: &service.task_definition,
                groups: &service.groups,
            })
        })
        .collect();
    let definitions: BTreeSet<&str> = ecs.iter().map(|service| service.task_definition).collect();
    let definitions: Vec<String> = definitions.into_iter().map(str::to_owned).collect();
    let alarms: Vec<Watched> = target
        .alarms
        .iter()
        .flat_map(|list| &list.alarms)
        .map(|alarm| Watched {
            alarm: &alarm.name,
            dimensions: alarm
                .metrics
                .iter()
                .filter_map(|metric| metric.stat.as_ref())
                .map(|stat| stat.dimensions.as_slice())
                .collect(),
            rule: &alarm.rule,
            log_groups: &alarm.log_groups,
        })
        .collect();
    let groups: Vec<&str> =
        target.log_groups.iter().flat_map(|list| &list.groups).map(|group| group.name.as_ref()).collect();
    let services = merge(&Found {
        target: id,
        ecs: &ecs,
        inventory: target.inventory.as_ref(),
        graph: &target.derived.map,
        log_groups: &groups,
        alarms: &alarms,
        config: &config.services,
    });
    if *target.derived.query.task_definitions != definitions {
        target.derived.query.task_definitions = Arc::new(definitions);
    }
    target.derived.forwards =
        Arc::new(target.inventory.as_ref().map(Inventory::forwarding).unwrap_or_default());
    target.derived.services = services;
    target.derived.rests_on = rests_on;
    if topic.is_none() {
        target.derived.config.clone_from(&config.services);
    }
}

/// Stands for an answer's names and relations: states, counts and weights change without changing what belongs
/// together. It is worked out for one answer at a time, for there may be thousands of names in each.
fn fingerprint(source: Topic, target: &TargetStore) -> u64 {
    let mut hash = DefaultHasher::new();
    match source {
        Topic::Alarms => target.alarms.as_ref().map(|list| list.relations).hash(&mut hash),
        Topic::Inventory => target.inventory.hash(&mut hash),
        Topic::ServiceGraph => target.derived.map.hash(&mut hash),
        Topic::LogGroups => {
            for group in target.log_groups.iter().flat_map(|list| &list.groups) {
                group.name.hash(&mut hash);
            }
        }
        _ => {
            for service in target.rollouts.iter().flat_map(|list| list.services.iter()) {
                (&service.name, &service.task_definition, &service.groups).hash(&mut hash);
            }
        }
    }
    hash.finish()
}
