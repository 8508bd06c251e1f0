//! Target groups, rules, functions, their queues and task definitions. The only SDK code
//! of discovery.
//!
//! Each part may fail alone: it then keeps what was read before and says why in a note. Only when nothing
//! could be read, or the credentials are to blame, does the poll fail.

use crate::aws::operation::{
    DESCRIBE_LISTENERS, DESCRIBE_RULES, DESCRIBE_TARGET_GROUPS, DESCRIBE_TASK_DEFINITION,
    LIST_EVENT_SOURCE_MAPPINGS, LIST_FUNCTIONS,
};
use crate::aws::{Conn, SourceError};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use crate::service::{Forward, Function, Inventory, Mapping, TargetGroup, TaskDefinition};
use crate::text::sanitize;
use aws_sdk_ecs::types::TaskDefinition as SdkDefinition;
use aws_sdk_elasticloadbalancingv2::types::{Action, ForwardActionConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Parts are read again after this long; polls in between only read task definitions.
const PARTS_AGE: Duration = Duration::from_mins(4);
/// Task definitions read per poll. A definition never changes: each is read once.
const NEW_DEFINITIONS: usize = 40;
/// As many are read in the poll that reads the parts: what rests on the parts, such as where the metrics of a
/// service are, must not wait for hundreds of definitions.
const FIRST_DEFINITIONS: usize = 8;
/// Task definitions remembered.
const MAX_DEFINITIONS: usize = 5_000;
const MAX_GROUPS: usize = 3_000;
const MAX_BALANCERS: usize = 50;
const MAX_RULE_PAGES: usize = 50;
const MAX_FUNCTIONS: usize = 1_000;
const MAX_MAPPINGS: usize = 1_000;

/// Reads what there is in a target.
pub struct InventorySource {
    conn: Conn,
    read_at: Option<Duration>,
    known: Inventory,
    definitions: BTreeMap<String, TaskDefinition>,
}

/// Errors of the parts of one reading.
#[derive(Default)]
struct Failures {
    errors: Vec<SourceError>,
    notes: Vec<String>,
    good: usize,
}

impl Failures {
    /// The part's value, or nothing and a note. Credentials are everybody's problem.
    fn part<T>(&mut self, name: &str, result: Result<T, SourceError>) -> Result<Option<T>, SourceError> {
        match result {
            Ok(value) => {
                self.good += 1;
                Ok(Some(value))
            }
            Err(error) if error.class.parks() => Err(error),
            Err(error) => {
                self.notes.push(format!("{name}: {}", error.short()));
                self.errors.push(error);
                Ok(None)
            }
        }
    }

    fn cut(&mut self, name: &str, most: usize) {
        self.notes.push(format!("only the first {most} {name} are read"));
    }
}

impl InventorySource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), read_at: None, known: Inventory::default(), definitions: BTreeMap::new() }
    }

    async fn read_parts(&mut self) -> Result<(), SourceError> {
        let mut failures = Failures::default();
        let groups = self.groups(&mut failures).await;
        if let Some(groups) = failures.part("target groups", groups)? {
            self.known.target_groups = groups;
        }
        // Without target groups no rule is asked for, and nothing was read.
        if !self.known.target_groups.is_empty() {
            let forwards = self.forwards(&mut failures).await;
            if let Some(forwards) = failures.part("listener rules", forwards)? {
                self.known.forwards = forwards;
            }
        }
        let functions = self.functions(&mut failures).await;
        if let Some(functions) = failures.part("functions", functions)? {
            self.known.functions = functions;
        }
        let mappings = self.mappings(&mut failures).await;
        if let Some(mappings) = failures.part("event sources", mappings)? {
            self.known.mappings = mappings;
        }
        self.known.notes = failures.notes;
        match failures.errors.into_iter().next() {
            Some(error) if failures.good == 0 => Err(error),
            _ => Ok(()),
        }
    }

    async fn groups(&self, failures: &mut Failures) -> Result<Vec<TargetGroup>, SourceError> {
        let (mut groups, mut marker) = (Vec::new(), None);
        loop {
            let request = self.conn.elb().describe_target_groups().page_size(400).set_marker(marker);
            let page = self.conn.call(&DESCRIBE_TARGET_GROUPS, request.send()).await?;
            groups.extend(page.target_groups().iter().filter_map(|group| {
                Some(TargetGroup {
                    arn: clean(group.target_group_arn()?),
                    name: clean(group.target_group_name()?),
                    load_balancers: group.load_balancer_arns().iter().map(|arn| clean(arn)).collect(),
                })
            }));
            marker = page.next_marker;
            if marker.is_none() {
                return Ok(groups);
            }
            if groups.len() >= MAX_GROUPS {
                failures.cut("target groups", MAX_GROUPS);
                return Ok(groups);
            }
        }
    }

    /// Which target groups stand side by side: only rules that send to several say so.
    async fn forwards(&self, failures: &mut Failures) -> Result<Vec<Forward>, SourceError> {
        let balancers: BTreeSet<&String> =
            self.known.target_groups.iter().flat_map(|group| &group.load_balancers).collect();
        if balancers.len() > MAX_BALANCERS {
            failures.cut("load balancers", MAX_BALANCERS);
        }
        let mut forwards = Vec::new();
        let mut pages = 0;
        for balancer in balancers.into_iter().take(MAX_BALANCERS) {
            let request = self.conn.elb().describe_listeners().load_balancer_arn(balancer);
            let answer = self.conn.call(&DESCRIBE_LISTENERS, request.send()).await?;
            for listener in answer.listeners() {
                forwards.extend(forward(listener.default_actions()));
                // Only application load balancers have rules beside the default.
                let Some(arn) = listener.listener_arn().filter(|_| balancer.contains("loadbalancer/app/"))
                else {
                    continue;
                };
                let mut marker = None;
                while pages < MAX_RULE_PAGES {
                    let request = self.conn.elb().describe_rules().listener_arn(arn).page_size(400);
                    let page = self.conn.call(&DESCRIBE_RULES, request.set_marker(marker).send()).await?;
                    forwards.extend(page.rules().iter().filter_map(|rule| forward(rule.actions())));
                    pages += 1;
                    marker = page.next_marker;
                    if marker.is_none() {
                        break;
                    }
                }
            }
        }
        if pages >= MAX_RULE_PAGES {
            failures.cut("pages of listener rules", MAX_RULE_PAGES);
        }
        forwards.sort_by(|a, b| a.groups.cmp(&b.groups));
        forwards.dedup();
        Ok(forwards)
    }

    async fn functions(&self, failures: &mut Failures) -> Result<Vec<Function>, SourceError> {
        let (mut functions, mut marker) = (Vec::new(), None);
        loop {
            let request = self.conn.lambda().list_functions().set_marker(marker);
            let page = self.conn.call(&LIST_FUNCTIONS, request.send()).await?;
            functions.extend(page.functions().iter().filter_map(|function| {
                let name = clean(function.function_name()?);
                let group = function.logging_config().and_then(|config| config.log_group()).map(clean);
                Some(Function { name, log_group: group })
            }));
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(functions);
            }
            if functions.len() >= MAX_FUNCTIONS {
                failures.cut("functions", MAX_FUNCTIONS);
                return Ok(functions);
            }
        }
    }

    async fn mappings(&self, failures: &mut Failures) -> Result<Vec<Mapping>, SourceError> {
        let (mut mappings, mut marker) = (Vec::new(), None);
        loop {
            let request = self.conn.lambda().list_event_source_mappings().set_marker(marker);
            let page = self.conn.call(&LIST_EVENT_SOURCE_MAPPINGS, request.send()).await?;
            mappings.extend(page.event_source_mappings().iter().filter_map(|mapping| {
                // arn:aws:lambda:REGION:ACCOUNT:function:NAME or :NAME:ALIAS
                let mut parts = mapping.function_arn()?.split(':').skip(6);
                Some(Mapping {
                    function: clean(parts.next()?),
                    alias: parts.next().map(clean),
                    source: clean(mapping.event_source_arn()?),
                })
            }));
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(mappings);
            }
            if mappings.len() >= MAX_MAPPINGS {
                failures.cut("event sources", MAX_MAPPINGS);
                return Ok(mappings);
            }
        }
    }

    /// Reads task definitions that are not known yet, some per poll.
    async fn read_definitions(&mut self, wanted: &[String], most: usize) -> Result<(), SourceError> {
        if self.definitions.len() > MAX_DEFINITIONS {
            self.definitions.retain(|name, _| wanted.contains(name));
        }
        let new: Vec<_> = wanted.iter().filter(|name| !self.definitions.contains_key(*name)).collect();
        for name in new.into_iter().take(most) {
            let definition = self.definition(name).await?;
            self.definitions.insert(name.clone(), definition);
        }
        Ok(())
    }

    async fn definition(&self, name: &str) -> Result<TaskDefinition, SourceError> {
        let request = self.conn.ecs().describe_task_definition().task_definition(name);
        let answer = self.conn.call(&DESCRIBE_TASK_DEFINITION, request.send()).await?;
        let containers =
            answer.task_definition().map(SdkDefinition::container_definitions).unwrap_or_default();
        let groups: BTreeSet<String> = containers
            .iter()
            .filter_map(|container| container.log_configuration())
            .filter(|logs| logs.log_driver().as_str() == "awslogs")
            .filter_map(|logs| logs.options()?.get("awslogs-group"))
            .map(|group| clean(group))
            .collect();
        Ok(TaskDefinition { log_groups: groups.into_iter().collect() })
    }
}

impl Source for InventorySource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Inventory(query) = query else { return Err(internal("inventory", "another question")) };
        let now = ctx.now.since_start;
        let mut most = NEW_DEFINITIONS;
        if self.read_at.is_none_or(|at| now.saturating_sub(at) >= PARTS_AGE) {
            self.read_parts().await?;
            self.read_at = Some(now);
            most = FIRST_DEFINITIONS;
        }
        let wanted = &query.task_definitions;
        let mut inventory = self.known.clone();
        if let Err(error) = self.read_definitions(wanted, most).await {
            if error.class.parks() {
                return Err(error);
            }
            inventory.notes.push(format!("task definitions: {}", error.short()));
        }
        let known = |name: &String| Some((name.clone(), self.definitions.get(name)?.clone()));
        inventory.task_definitions = wanted.iter().filter_map(known).collect();
        let unread = wanted.len() - inventory.task_definitions.len();
        inventory.unread_definitions = u32::try_from(unread).unwrap_or(u32::MAX);
        if unread > 0 {
            let read = inventory.task_definitions.len();
            inventory.notes.push(format!("{read} of {} task definitions read", wanted.len()));
        }
        Ok(Payload::Inventory(Box::new(inventory)))
    }
}

fn forward(actions: &[Action]) -> Option<Forward> {
    let groups = actions
        .iter()
        .filter_map(|action| action.forward_config())
        .flat_map(ForwardActionConfig::target_groups);
    let groups: BTreeSet<String> = groups.filter_map(|group| group.target_group_arn().map(clean)).collect();
    (groups.len() > 1).then(|| Forward { groups: groups.into_iter().collect() })
}

fn clean(text: &str) -> String {
    sanitize(text).into_owned()
}
