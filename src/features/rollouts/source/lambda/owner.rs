//! Whose the weights of an alias are: a deployment of CodeDeploy that moves it, or the stack of its function.
//!
//! Only the targets of a deployment tell which alias it moves. They never change and are remembered, so that a read
//! costs two calls beside those for deployments that are new. A deployment has none before it begins: until then any
//! alias may be what it is about to move, unless it waits behind another one of its group.

use super::MAX_KNOWN;
use crate::aws::operation::LIST_TAGS;
use crate::aws::{Conn, SourceError};
use crate::features::rollouts::model::{Owner, Unread};
use crate::features::rollouts::source::codedeploy::calls::{self, OPEN, PER_CALL};
use crate::features::rollouts::source::ecs::text;
use aws_sdk_codedeploy::types::{ComputePlatform, DeploymentInfo, DeploymentTarget};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// Pages of ids that are followed.
const MAX_PAGES: usize = 5;
/// Deployments whose targets are asked for in one read: two calls each.
const MAX_ASKED: usize = 25;
/// What is deployed to where no aliases are.
const ELSEWHERE: [&str; 2] = ["ECS", "Server"];

/// Function and alias.
type Alias = (String, String);

/// A deployment of CodeDeploy that is not over and may move aliases.
struct Open {
    id: String,
    /// Application and deployment group.
    group: (String, String),
    /// What it moves; `None` while that is not told.
    moves: Option<Vec<Alias>>,
}

/// All of them.
struct Look {
    open: Vec<Open>,
    /// Those among them whose targets were not asked for yet.
    unasked: usize,
}

impl Look {
    /// The deployment that moves an alias.
    fn mover(&self, function: &str, alias: &str) -> Result<Option<String>, Unread> {
        // A function may be told by its ARN.
        let is_it = |(of, named): &Alias| named == alias && of.rsplit(':').next() == Some(function);
        if let Some(it) = self.open.iter().find(|it| it.moves.iter().flatten().any(is_it)) {
            return Ok(Some(it.id.clone()));
        }
        if self.unasked > 0 {
            let why = format!(
                "of {} deployments in progress {} are not looked into yet",
                self.open.len(),
                self.unasked
            );
            return Err(Unread::passing(why));
        }
        // A group deploys one at a time, and goes on deploying to what it deploys to.
        let waits =
            |it: &Open| self.open.iter().any(|other| other.group == it.group && other.moves.is_some());
        match self.open.iter().find(|it| it.moves.is_none() && !waits(it)) {
            Some(it) => Err(Unread::passing(format!("deployment {} has not told what it moves", it.id))),
            None => Ok(None),
        }
    }
}

/// Finds owners.
pub struct Owners {
    conn: Conn,
    /// How long an answer holds.
    age: SignedDuration,
    known: HashMap<String, (Timestamp, Owner)>,
    /// What all aliases of one read share.
    look: Option<(Timestamp, Result<Arc<Look>, Unread>)>,
    /// What deployments move, by id.
    moves: HashMap<String, Vec<Alias>>,
}

impl Owners {
    /// One whose answers hold for so long; with zero it asks in each read.
    pub fn new(conn: &Conn, age: SignedDuration) -> Self {
        // What a rollback rests on is never refused for its price.
        let conn = conn.uncapped();
        Self { conn, age, known: HashMap::new(), look: None, moves: HashMap::new() }
    }

    /// Who owns the weights of an alias.
    pub async fn of(&mut self, function: &str, alias: &str, arn: &str, now: Timestamp) -> Owner {
        if let Some((at, known)) = self.known.get(arn)
            && now.duration_since(*at) < self.age
        {
            return known.clone();
        }
        let owner = match self.mover(function, alias, now).await {
            Ok(Some(id)) => Owner::Deployment(id),
            unmoved => match (self.stack_of(arn, alias).await, unmoved.err()) {
                (Ok(Some(stack)), _) => Owner::Stack(stack),
                (Ok(None), None) => Owner::Nobody,
                (Ok(None), Some(unread)) => Owner::NotKnown(unread),
                (Err(error), unread) => Owner::NotKnown(Unread::of(&error).and(unread)),
            },
        };
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(arn.to_owned(), (now, owner.clone()));
        owner
    }

    /// The deployment that moves an alias.
    async fn mover(&mut self, function: &str, alias: &str, now: Timestamp) -> Result<Option<String>, Unread> {
        let look = match &self.look {
            Some((at, look)) if *at == now => look.clone(),
            _ => {
                let look = self.look_at_all().await.map(Arc::new);
                self.look.insert((now, look)).1.clone()
            }
        }?;
        look.mover(function, alias)
    }

    async fn look_at_all(&mut self) -> Result<Look, Unread> {
        let unread = |error: SourceError| Unread::of(&error);
        let (ids, more) = calls::ids(&self.conn, &OPEN, None, MAX_PAGES).await.map_err(unread)?;
        if more {
            return Err(Unread::passing(format!("more than {} deployments are in progress", ids.len())));
        }
        let infos = calls::infos(&self.conn, &ids).await.map_err(unread)?;
        let (mut look, mut asked) = (Look { open: Vec::new(), unasked: 0 }, 0);
        for raw in &ids {
            let info = infos.iter().find(|info| info.deployment_id() == Some(raw.as_str()));
            let platform = info.and_then(DeploymentInfo::compute_platform).map(ComputePlatform::as_str);
            if platform.is_some_and(|platform| ELSEWHERE.contains(&platform)) {
                continue;
            }
            let known = self.moves.get(raw).cloned();
            let moves = match known {
                Some(known) => Some(known),
                None if asked < MAX_ASKED => {
                    asked += 1;
                    self.moves_of(raw).await.map_err(unread)?
                }
                None => {
                    look.unasked += 1;
                    None
                }
            };
            let group = (
                text(info.and_then(DeploymentInfo::application_name)),
                text(info.and_then(DeploymentInfo::deployment_group_name)),
            );
            look.open.push(Open { id: text(Some(raw)), group, moves });
        }
        Ok(look)
    }

    /// What a deployment moves; `None` before it has told.
    async fn moves_of(&mut self, id: &str) -> Result<Option<Vec<Alias>>, SourceError> {
        let ids = calls::target_ids(&self.conn, id).await?.into_iter().take(PER_CALL).collect();
        let targets = calls::targets(&self.conn, id, ids).await?;
        let moves = told(&targets);
        if let Some(moves) = &moves {
            if self.moves.len() >= MAX_KNOWN {
                self.moves.clear();
            }
            self.moves.insert(id.to_owned(), moves.clone());
        }
        Ok(moves)
    }

    /// The stack that the function belongs to, if any.
    async fn stack_of(&self, arn: &str, alias: &str) -> Result<Option<String>, SourceError> {
        let function = arn.strip_suffix(&format!(":{alias}")).unwrap_or(arn);
        let request = self.conn.lambda().list_tags().resource(function);
        let answer = self.conn.call(&LIST_TAGS, request.send()).await?;
        let stack = answer.tags().and_then(|tags| tags.get("aws:cloudformation:stack-name"));
        Ok(stack.map(|name| text(Some(name))))
    }
}

/// The aliases that targets tell of; `None` where one of them does not say what it is.
fn told(targets: &[DeploymentTarget]) -> Option<Vec<Alias>> {
    let mut moves = Vec::new();
    for target in targets {
        let elsewhere = [
            target.ecs_target().is_some(),
            target.instance_target().is_some(),
            target.cloud_formation_target().is_some(),
        ];
        if !elsewhere.contains(&true) {
            let info = target.lambda_target()?.lambda_function_info()?;
            moves.push((text(Some(info.function_name()?)), text(Some(info.function_alias()?))));
        }
    }
    (!targets.is_empty()).then_some(moves)
}

#[cfg(test)]
#[path = "owner_tests.rs"]
mod tests;
