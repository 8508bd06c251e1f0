//! Target groups, rules, functions, their queues and task definitions. The only SDK code
//! of discovery.
//!
//! Each part may fail alone: it then keeps what was read before and says why in a note. Only when nothing
//! was ever read, or the credentials are to blame, does the poll fail.

use crate::app::Now;
use crate::aws::operation::{
    DESCRIBE_LISTENERS, DESCRIBE_LOAD_BALANCERS, DESCRIBE_RULES, DESCRIBE_TARGET_GROUPS,
    DESCRIBE_TASK_DEFINITION, LIST_EVENT_SOURCE_MAPPINGS, LIST_FUNCTIONS,
};
use crate::aws::{Conn, SourceError};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use crate::service::{Forward, Function, Inventory, Mapping, TargetGroup, TaskDefinition};
use crate::text::sanitize;
use aws_sdk_ecs::types::TaskDefinition as SdkDefinition;
use aws_sdk_elasticloadbalancingv2::types::{Action, ForwardActionConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A part is read again after this long; polls in between only read task definitions.
const PARTS_AGE: Duration = Duration::from_mins(4);
/// With more target groups than this an account is large: each part takes many calls, and an answer comes after
/// each, so that what rests on the first, such as where the metrics of a service are, need not wait for the last.
const LARGE: usize = 200;
/// Task definitions read per poll. A definition never changes: each is read once.
const NEW_DEFINITIONS: usize = 40;
/// Task definitions remembered.
const MAX_DEFINITIONS: usize = 5_000;
const MAX_GROUPS: usize = 3_000;
const MAX_BALANCERS: usize = 50;
const MAX_RULE_PAGES: usize = 50;
const MAX_FUNCTIONS: usize = 1_000;
const MAX_MAPPINGS: usize = 1_000;

/// What is read apart from task definitions, in this order: what others rest on first, what is slow last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Groups,
    Forwards,
    Mappings,
    Functions,
}

const PARTS: [Part; 4] = [Part::Groups, Part::Forwards, Part::Mappings, Part::Functions];

/// Reads what there is in a target. A poll may be dropped half way, when the question changes: what was read
/// of it stays.
pub struct InventorySource {
    conn: Conn,
    /// When each part was read last, and what there is to say about it.
    read: BTreeMap<Part, (Duration, Vec<String>)>,
    known: Inventory,
    definitions: BTreeMap<String, TaskDefinition>,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Groups => "target groups",
            Self::Forwards => "listener rules",
            Self::Mappings => "event sources",
            Self::Functions => "functions",
        }
    }
}

/// What is incomplete about a part.
#[derive(Default)]
struct Failures {
    notes: Vec<String>,
}

impl Failures {
    fn cut(&mut self, name: &str, most: usize) {
        self.notes.push(format!("only the first {most} {name} are read"));
    }
}

impl InventorySource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self {
            conn: conn.clone(),
            read: BTreeMap::new(),
            known: Inventory::default(),
            definitions: BTreeMap::new(),
        }
    }

    /// Reads the parts whose time has come: all of them, or the next one of a large account.
    async fn read_parts(&mut self, now: Now) -> Result<(), SourceError> {
        let (mut read, mut first) = (0, None);
        for part in PARTS {
            if !self.is_due(part, now) {
                continue;
            }
            let mut failures = Failures::default();
            match self.read_part(part, &mut failures).await {
                // Without target groups no rule is asked for, and nothing was read.
                Ok(()) => read += usize::from(part != Part::Forwards),
                Err(error) if error.class.parks() => return Err(error),
                Err(error) => {
                    failures.notes.push(format!("{}: {}", part.name(), error.short()));
                    first.get_or_insert(error);
                }
            }
            self.read.insert(part, (now.since_start, failures.notes));
            if self.known.target_groups.len() > LARGE {
                break;
            }
        }
        match first {
            // Nothing of it is told as good, so all of it is due again.
            Some(error) if read == 0 && self.known == Inventory::default() => {
                self.read.clear();
                Err(error)
            }
            _ => Ok(()),
        }
    }

    fn is_due(&self, part: Part, now: Now) -> bool {
        let read = self.read.get(&part);
        read.is_none_or(|(at, _)| now.since_start.saturating_sub(*at) >= PARTS_AGE)
    }

    async fn read_part(&mut self, part: Part, failures: &mut Failures) -> Result<(), SourceError> {
        match part {
            Part::Groups => self.known.target_groups = self.groups(failures).await?,
            Part::Forwards => self.known.forwards = self.forwards(self.balancers(), failures).await?,
            Part::Mappings => self.known.mappings = self.mappings(failures).await?,
            Part::Functions => self.known.functions = self.functions(failures).await?,
        }
        Ok(())
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

    /// Rules and listeners that forward to several groups, read now: of one load balancer by its name, or of
    /// all; and what was cut. For commands that have no discovery going on.
    ///
    /// # Errors
    /// When load balancers, listeners or rules cannot be read.
    pub async fn forwarding(
        conn: &Conn,
        balancer: Option<&str>,
    ) -> Result<(Vec<String>, Vec<String>), SourceError> {
        let (mut source, mut failures) = (Self::new(conn), Failures::default());
        let balancers = if let Some(name) = balancer {
            let request = conn.elb().describe_load_balancers().names(name);
            let found = conn.call(&DESCRIBE_LOAD_BALANCERS, request.send()).await?;
            found.load_balancers().iter().filter_map(|it| it.load_balancer_arn().map(clean)).collect()
        } else {
            source.known.target_groups = source.groups(&mut failures).await?;
            source.balancers()
        };
        source.known.forwards = source.forwards(balancers, &mut failures).await?;
        Ok((source.known.forwarding(), failures.notes))
    }

    /// The load balancers that target groups say they are behind.
    fn balancers(&self) -> BTreeSet<String> {
        self.known.target_groups.iter().flat_map(|group| group.load_balancers.iter().cloned()).collect()
    }

    /// Which target groups stand side by side: only rules that send to several say so.
    async fn forwards(
        &self,
        balancers: BTreeSet<String>,
        failures: &mut Failures,
    ) -> Result<Vec<Forward>, SourceError> {
        if balancers.len() > MAX_BALANCERS {
            failures.cut("load balancers", MAX_BALANCERS);
        }
        let mut forwards = Vec::new();
        let mut pages = 0;
        for balancer in balancers.into_iter().take(MAX_BALANCERS) {
            let request = self.conn.elb().describe_listeners().load_balancer_arn(&balancer);
            let answer = self.conn.call(&DESCRIBE_LISTENERS, request.send()).await?;
            for listener in answer.listeners() {
                forwards.extend(forward(listener.listener_arn(), listener.default_actions()));
                // Only application load balancers have rules beside the default.
                let Some(arn) = listener.listener_arn().filter(|_| balancer.contains("loadbalancer/app/"))
                else {
                    continue;
                };
                let mut marker = None;
                while pages < MAX_RULE_PAGES {
                    let request = self.conn.elb().describe_rules().listener_arn(arn).page_size(400);
                    let page = self.conn.call(&DESCRIBE_RULES, request.set_marker(marker).send()).await?;
                    forwards.extend(page.rules().iter().filter_map(|rule| {
                        // The default rule is the listener's default action.
                        let own = rule.rule_arn().filter(|_| rule.is_default() != Some(true));
                        forward(own, rule.actions())
                    }));
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
        forwards.dedup_by(|later, earlier| {
            let same = later.groups == earlier.groups;
            if same {
                earlier.at.append(&mut later.at);
                earlier.at.sort();
            }
            same
        });
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
        self.read_parts(ctx.now).await?;
        let wanted = &query.task_definitions;
        let unread = PARTS.iter().filter(|part| self.is_due(**part, ctx.now)).count();
        // Of task definitions there may be hundreds: they come when all else is known.
        let most = if unread == 0 { NEW_DEFINITIONS } else { 0 };
        let mut inventory = self.known.clone();
        inventory.unread_parts = u32::try_from(unread).unwrap_or(u32::MAX);
        inventory.notes = self.read.values().flat_map(|(_, notes)| notes.iter().cloned()).collect();
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

fn forward(arn: Option<&str>, actions: &[Action]) -> Option<Forward> {
    let groups = actions
        .iter()
        .filter_map(|action| action.forward_config())
        .flat_map(ForwardActionConfig::target_groups);
    let groups: BTreeSet<String> = groups.filter_map(|group| group.target_group_arn().map(clean)).collect();
    (groups.len() > 1)
        .then(|| Forward { at: arn.map(clean).into_iter().collect(), groups: groups.into_iter().collect() })
}

fn clean(text: &str) -> String {
    sanitize(text).into_owned()
}
