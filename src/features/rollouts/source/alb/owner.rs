//! Whose the weights of a rule are: what ECS services claim, and what tags say.
//!
//! A stack or a controller that made the rule or listener would set it again. That a stack made the target groups,
//! the listener of a rule or the load balancer says nothing certain about who divides between them: many a stack
//! does not set weights, and CloudFormation has tagged listeners and rules only since 2026. So that is told to the
//! person who decides, and refuses nothing.

use super::{MAX_KNOWN, balancer_of, clean, listener_of};
use crate::aws::Conn;
use crate::aws::operation::DESCRIBE_TAGS;
use crate::features::rollouts::mechanism::alb::{Split, group_name};
use crate::features::rollouts::model::{Owner, Unread};
use crate::features::rollouts::source::ecs::Claims;
use aws_sdk_elasticloadbalancingv2::types::TagDescription;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// ARNs per `DescribeTags`, of any kinds.
const PER_CALL: usize = 20;
/// What CloudFormation tags with the stack that made a thing.
const STACK: &str = "aws:cloudformation:stack-name";

/// What tags told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    owner: Option<Owner>,
    /// Stacks beside it, and what each made.
    stacks: Vec<(String, String)>,
}

/// Finds owners.
pub struct Owners {
    conn: Conn,
    /// How long an answer of tags holds.
    pub age: SignedDuration,
    /// What tags told, by ARN of the rule or listener, and when.
    tags: HashMap<String, (Timestamp, Result<Told, Unread>)>,
}

impl Owners {
    /// One that asks each time.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), age: SignedDuration::ZERO, tags: HashMap::new() }
    }

    /// The owner of a split; the service that claims it and the stacks beside it are noted in it.
    pub async fn of(
        &mut self,
        split: &mut Split,
        claims: Result<Arc<Claims>, Unread>,
        now: Timestamp,
    ) -> Owner {
        let unclaimed = match claims {
            Ok(claims) => {
                let mut things = std::iter::once(&split.arn).chain(split.groups.iter().map(|(arn, _)| arn));
                if let Some((owner, service)) = things.find_map(|arn| claims.get(arn)).cloned() {
                    split.claimed_by = Some(service);
                    return owner;
                }
                None
            }
            Err(unread) => Some(unread),
        };
        match self.told(split, now).await {
            Ok(told) => {
                split.stacks = told.stacks;
                told.owner.unwrap_or_else(|| unclaimed.map_or(Owner::Nobody, Owner::NotKnown))
            }
            Err(unread) => Owner::NotKnown(unread.and(unclaimed)),
        }
    }

    async fn told(&mut self, split: &Split, now: Timestamp) -> Result<Told, Unread> {
        if let Some((at, known)) = self.tags.get(&split.arn)
            && now.duration_since(*at) < self.age
        {
            return known.clone();
        }
        let arns = std::iter::once(split.arn.clone())
            .chain(split.groups.iter().map(|(arn, _)| arn.clone()))
            .chain(listener_of(&split.arn))
            .chain(balancer_of(&split.arn));
        let request = self.conn.elb().describe_tags().set_resource_arns(Some(arns.take(PER_CALL).collect()));
        let told = match self.conn.call(&DESCRIBE_TAGS, request.send()).await {
            Ok(answer) => Ok(read(answer.tag_descriptions(), &split.arn)),
            Err(error) => Err(Unread::of(&error)),
        };
        if self.tags.len() >= MAX_KNOWN {
            self.tags.clear();
        }
        self.tags.insert(split.arn.clone(), (now, told.clone()));
        told
    }
}

/// What the tags of a split and of what it stands on say of it.
pub fn read(all: &[TagDescription], split: &str) -> Told {
    let mut told = Told::default();
    for described in all {
        let arn = described.resource_arn().unwrap_or_default();
        for tag in described.tags() {
            match (tag.key().unwrap_or_default(), tag.value().unwrap_or_default()) {
                (STACK, stack) if arn == split => told.owner = Some(Owner::Stack(clean(stack))),
                (STACK, stack) => {
                    let (stack, made) = (clean(stack), called(arn));
                    match told.stacks.iter_mut().find(|(name, _)| *name == stack) {
                        Some((_, all)) => *all = format!("{all}, {made}"),
                        None => told.stacks.push((stack, made)),
                    }
                }
                (key, _) if key.starts_with("elbv2.k8s.aws/") || key.starts_with("ingress.k8s.aws/") => {
                    told.owner.get_or_insert_with(|| Owner::Other("Kubernetes".to_owned()));
                }
                _ => {}
            }
        }
    }
    told
}

/// What a thing is, and its name where it has one.
fn called(arn: &str) -> String {
    let arn = clean(arn);
    if arn.contains(":targetgroup/") {
        format!("target group {}", group_name(&arn))
    } else if arn.contains(":loadbalancer/") {
        format!("load balancer {}", group_name(&arn))
    } else {
        "the rule's listener".to_owned()
    }
}
