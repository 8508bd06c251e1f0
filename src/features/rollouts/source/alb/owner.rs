//! Whose the weights of a rule are: what ECS services claim, and what tags say.
//!
//! A stack or a controller that made the rule or listener would set it again. That a stack made the target
//! groups says nothing about who divides between them, so its tag counts on the rule or listener alone.

use super::{MAX_KNOWN, clean};
use crate::aws::Conn;
use crate::aws::operation::DESCRIBE_TAGS;
use crate::features::rollouts::mechanism::alb::Split;
use crate::features::rollouts::model::Owner;
use crate::features::rollouts::source::ecs::Claims;
use aws_sdk_elasticloadbalancingv2::types::TagDescription;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// ARNs per `DescribeTags`.
const PER_CALL: usize = 20;

/// What tags told, by ARN of the rule or listener, and when.
type Told = HashMap<String, (Timestamp, Result<Owner, String>)>;

/// Finds owners.
pub struct Owners {
    conn: Conn,
    /// How long an answer of tags holds.
    pub age: SignedDuration,
    tags: Told,
}

impl Owners {
    /// One that asks each time.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), age: SignedDuration::ZERO, tags: HashMap::new() }
    }

    /// The owner of a split; who claims it, and why an owner is not known, is noted in it.
    pub async fn of(
        &mut self,
        split: &mut Split,
        claims: Result<Arc<Claims>, String>,
        now: Timestamp,
    ) -> Owner {
        match claims {
            Ok(claims) => {
                let mut things = std::iter::once(&split.arn).chain(split.groups.iter().map(|(arn, _)| arn));
                if let Some((owner, service)) = things.find_map(|arn| claims.get(arn)).cloned() {
                    split.claimed_by = Some(service);
                    return owner;
                }
            }
            Err(why) => split.owner_unread = Some(why),
        }
        match self.told(split, now).await {
            Ok(owner) => owner,
            Err(why) => {
                split.owner_unread.get_or_insert(why);
                Owner::Nobody
            }
        }
    }

    async fn told(&mut self, split: &Split, now: Timestamp) -> Result<Owner, String> {
        if let Some((at, known)) = self.tags.get(&split.arn)
            && now.duration_since(*at) < self.age
        {
            return known.clone();
        }
        let arns = std::iter::once(split.arn.clone()).chain(split.groups.iter().map(|(arn, _)| arn.clone()));
        let request = self.conn.elb().describe_tags().set_resource_arns(Some(arns.take(PER_CALL).collect()));
        let told = match self.conn.call(&DESCRIBE_TAGS, request.send()).await {
            Ok(answer) => {
                let found = answer.tag_descriptions().iter().find_map(|tags| owner(tags, &split.arn));
                Ok(found.unwrap_or(Owner::Nobody))
            }
            Err(error) => Err(error.short()),
        };
        if self.tags.len() >= MAX_KNOWN {
            self.tags.clear();
        }
        self.tags.insert(split.arn.clone(), (now, told.clone()));
        told
    }
}

/// Who says by tags that a resource is his.
fn owner(tags: &TagDescription, split: &str) -> Option<Owner> {
    tags.tags().iter().find_map(|tag| match (tag.key()?, tag.value().unwrap_or_default()) {
        ("aws:cloudformation:stack-name", stack) if tags.resource_arn() == Some(split) => {
            Some(Owner::Stack(clean(stack)))
        }
        (key, _) if key.starts_with("elbv2.k8s.aws/") || key.starts_with("ingress.k8s.aws/") => {
            Some(Owner::Other("Kubernetes".to_owned()))
        }
        _ => None,
    })
}
