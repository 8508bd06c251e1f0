//! What was found in AWS, before anybody says what belongs together. Plain data, sanitized by its source.
//!
//! Each part may be missing for reasons of its own, which stand in [`Inventory::notes`].

use crate::aws::TargetId;
use crate::config;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one target has, as far as it may be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Inventory {
    /// Task definitions in use, by `family:number`.
    pub task_definitions: BTreeMap<String, TaskDefinition>,
    /// How many task definitions in use are still to be read.
    pub unread_definitions: u32,
    /// Parts of a large account that are still to be read, or to be read again.
    pub unread_parts: u32,
    /// All target groups.
    pub target_groups: Vec<TargetGroup>,
    /// Which target groups one listener rule sends to.
    pub forwards: Vec<Forward>,
    /// Lambda functions.
    pub functions: Vec<Function>,
    /// What feeds them.
    pub mappings: Vec<Mapping>,
    /// What could not be read or was cut, and why.
    pub notes: Vec<String>,
}

impl Inventory {
    /// Whether all parts of it were read.
    pub fn is_whole(&self) -> bool {
        self.unread_parts == 0
    }

    /// ARNs of all rules and listeners that forward to several groups, sorted.
    pub fn forwarding(&self) -> Vec<String> {
        let all: std::collections::BTreeSet<&String> =
            self.forwards.iter().flat_map(|forward| &forward.at).collect();
        all.into_iter().cloned().collect()
    }
}

/// What matters of a task definition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// Log groups that its containers write to by the `awslogs` driver.
    pub log_groups: Vec<String>,
}

/// A target group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// ARNs of the load balancers in front of it.
    pub load_balancers: Vec<String>,
}

/// Target groups that one rule sends to: the two sides of a service, as a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Forward {
    /// ARNs of the rules that do, and of the listeners whose default action does, sorted.
    pub at: Vec<String>,
    /// ARNs.
    pub groups: Vec<String>,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its log group, when it was given another one than `/aws/lambda/NAME`.
    pub log_group: Option<String>,
}

/// An event source mapping.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mapping {
    /// Name of the function.
    pub function: String,
    /// Its alias, when the mapping names one.
    pub alias: Option<String>,
    /// ARN of the queue, stream or table.
    pub source: String,
}

/// A node of the service map.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Node {
    /// Its number within the map.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// Its type, for example `AWS::ECS::Container` or `Database::SQL`.
    pub kind: String,
    /// Numbers of the nodes it calls.
    pub calls: Vec<i32>,
}

/// An ECS service, as Rollouts lists it.
#[derive(Debug, Clone, Copy)]
pub struct EcsService<'a> {
    /// Its cluster.
    pub cluster: &'a str,
    /// Its name.
    pub service: &'a str,
    /// `family:number`.
    pub task_definition: &'a str,
    /// ARNs of its target groups.
    pub groups: &'a [String],
}

/// What an alarm watches.
#[derive(Debug, Clone)]
pub struct Watched<'a> {
    /// The alarm's name.
    pub alarm: &'a str,
    /// Dimensions of each of its metrics.
    pub dimensions: Vec<&'a [(String, String)]>,
    /// The rule of a composite; empty for others.
    pub rule: &'a str,
    /// Log groups that a log alarm reads.
    pub log_groups: &'a [String],
}

/// Everything that is put together.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Whose.
    pub target: &'a TargetId,
    /// ECS services.
    pub ecs: &'a [EcsService<'a>],
    /// The rest, once it was read.
    pub inventory: Option<&'a Inventory>,
    /// Who calls whom, as X-Ray saw it.
    pub graph: &'a [Node],
    /// Log groups known to exist.
    pub log_groups: &'a [&'a str],
    /// Alarms.
    pub alarms: &'a [Watched<'a>],
    /// What the configuration says.
    pub config: &'a [config::Service],
}
