//! Rules and default actions of load balancers that divide between target groups, and the call that undoes it.
//!
//! Listeners are not swept here: discovery does that every few minutes and says which forwards have several
//! groups. What ECS, CodeDeploy, a stack or a Kubernetes controller moves is theirs. There is no
//! compare-and-swap, so the list is read right before the call, and is not sent when it is another one.

mod actions;
mod list;
mod owner;
#[cfg(test)]
mod tests;

pub use list::ListReader;

use super::ecs::{self, Claims};
use crate::aws::operation::{
    DESCRIBE_LISTENERS, DESCRIBE_LOAD_BALANCERS, DESCRIBE_RULES, DESCRIBE_TARGET_HEALTH, MODIFY_LISTENER,
    MODIFY_RULE,
};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::rollouts::mechanism::alb::{Call, Split, group_name, weights_in};
use crate::features::rollouts::model::{
    Health, Image, Mechanism, Rollout, RolloutName, Side, Standing, Status, TargetGroup, Unread,
};
use crate::features::rollouts::stages::{Progress, percent};
use crate::text::sanitize;
use aws_sdk_elasticloadbalancingv2::operation::RequestId;
use aws_sdk_elasticloadbalancingv2::types::{Action, Listener, Rule, TargetHealthDescription};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Shifts, owners and load balancers remembered.
const MAX_KNOWN: usize = 500;
/// How long it holds which rules and groups ECS services claim.
const CLAIMS_AGE: SignedDuration = SignedDuration::from_mins(5);

fn clean(text: &str) -> String {
    sanitize(text).into_owned()
}

/// Finds out what ECS services claim, and remembers it for a while.
struct Claiming {
    ecs: Box<ecs::ListReader>,
    known: Option<(Timestamp, Arc<Claims>)>,
}

impl Claiming {
    async fn claims(&mut self, now: Timestamp) -> Result<Arc<Claims>, Unread> {
        if let Some((at, claims)) = &self.known
            && now.duration_since(*at) < CLAIMS_AGE
        {
            return Ok(claims.clone());
        }
        let claims = Box::pin(self.ecs.claims()).await?;
        Ok(self.known.insert((now, claims)).1.clone())
    }
}

/// Reads splits whole.
pub struct Reader {
    conn: Conn,
    /// Finds out who claims what; `None` where others know it.
    claims: Option<Claiming>,
    owners: owner::Owners,
    /// Enabled zones of load balancers, by ARN; `None` where the list does without.
    zones: Option<HashMap<String, Vec<String>>>,
    progress: HashMap<String, Progress>,
}

/// Listener rules per call.
pub const RULES_PER_CALL: usize = 20;

async fn rules(conn: &Conn, arns: &[String]) -> Result<Vec<Rule>, SourceError> {
    let request = conn.elb().describe_rules().set_rule_arns(Some(arns.to_vec()));
    Ok(conn.call(&DESCRIBE_RULES, request.send()).await?.rules.unwrap_or_default())
}

/// Rules by ARN, those that are there; at most [`RULES_PER_CALL`]. One that is gone makes AWS refuse all of them: then each
/// is asked for alone.
///
/// # Errors
/// When they cannot be read.
pub async fn rules_there(conn: &Conn, arns: &[String]) -> Result<Vec<Rule>, SourceError> {
    let gone = |error: &SourceError| error.code.as_deref() == Some("RuleNotFound");
    match rules(conn, arns).await {
        Err(error) if gone(&error) => {
            let mut found = Vec::new();
            for arn in arns {
                match rules(conn, std::slice::from_ref(arn)).await {
                    Ok(rules) => found.extend(rules),
                    Err(error) if gone(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(found)
        }
        other => other,
    }
}

impl Reader {
    /// A reader that finds out itself which ECS services claim what.
    pub fn new(conn: &Conn) -> Self {
        let claims = Claiming { ecs: Box::new(ecs::ListReader::new(conn)), known: None };
        Self { claims: Some(claims), zones: Some(HashMap::new()), ..Self::quick(conn) }
    }

    /// A reader for the last read before a call, which must be quick: what ECS claims was found out for the
    /// plan.
    pub fn again(conn: &Conn) -> Self {
        Self { zones: Some(HashMap::new()), ..Self::quick(conn) }
    }

    fn quick(conn: &Conn) -> Self {
        // What a rollback rests on is never refused for its price.
        let conn = conn.uncapped();
        Self { owners: owner::Owners::new(&conn), conn, claims: None, zones: None, progress: HashMap::new() }
    }

    /// One split, by the ARN of its rule or listener.
    ///
    /// # Errors
    /// When it cannot be read, or is no longer there.
    pub async fn split(
        &mut self,
        name: &RolloutName,
        arn: &str,
        told: &[String],
        now: Timestamp,
    ) -> Result<Rollout, SourceError> {
        let split = actions::split(arn, is_listener(arn), &self.actions(arn).await?);
        let claims = match &mut self.claims {
            None => Ok(Arc::default()),
            Some(claiming) => claiming.claims(now).await,
        };
        Ok(self.rollout(name.clone(), split, told, claims, now).await)
    }

    /// What a rule or listener does now.
    async fn actions(&self, arn: &str) -> Result<Vec<Action>, SourceError> {
        let gone =
            |operation: &str| SourceError::new(ErrorClass::Service, operation, "it is no longer there");
        if is_listener(arn) {
            let listeners = self.listeners(&[arn.to_owned()]).await?;
            let listener = listeners.into_iter().next().ok_or_else(|| gone(DESCRIBE_LISTENERS.action))?;
            return Ok(listener.default_actions.unwrap_or_default());
        }
        let rules = rules(&self.conn, &[arn.to_owned()]).await?;
        let rule = rules.into_iter().next().ok_or_else(|| gone(DESCRIBE_RULES.action))?;
        Ok(rule.actions.unwrap_or_default())
    }

    async fn listeners(&self, arns: &[String]) -> Result<Vec<Listener>, SourceError> {
        let request = self.conn.elb().describe_listeners().set_listener_arns(Some(arns.to_vec()));
        Ok(self.conn.call(&DESCRIBE_LISTENERS, request.send()).await?.listeners.unwrap_or_default())
    }

    /// The rollout that a split is.
    async fn rollout(
        &mut self,
        name: RolloutName,
        mut split: Split,
        told: &[String],
        claims: Result<Arc<Claims>, Unread>,
        now: Timestamp,
    ) -> Rollout {
        split.stable = split.stable_among(told);
        let owner = self.owners.of(&mut split, claims, now).await;
        let arns: Vec<String> = split.groups.iter().map(|(arn, _)| arn.clone()).collect();
        let targets = join_all(arns.iter().map(|arn| self.targets(arn))).await;
        if let Some(at) = arns.iter().position(|arn| Some(arn) == split.stable.as_ref())
            && let Some(Ok(targets)) = targets.get(at)
        {
            split.uncovered = self.uncovered(&split.arn, targets).await;
        }
        let groups: Vec<TargetGroup> = arns
            .iter()
            .zip(targets)
            .map(|(arn, targets)| TargetGroup {
                arn: arn.clone(),
                rule: Some(split.arn.clone()),
                rule_share: split.share(arn),
                health: match targets {
                    Ok(targets) => ecs::health(&targets),
                    Err(error) => Health::Unreadable(error.short()),
                },
            })
            .collect();
        let (old, new) = sides(&split, &groups);
        if self.progress.len() >= MAX_KNOWN {
            self.progress.clear();
        }
        let progress = self.progress.entry(split.arn.clone()).or_default();
        progress.observe(None, new.weight, None, now);
        let status = if split.standing() == Standing::Open { "split" } else { "one group" };
        let (arn, progress) = (split.arn.clone(), progress.clone());
        let (mechanism, status) = (Mechanism::Alb(split), Status::new(status));
        Rollout { old, progress, ..Rollout::bare(name, arn, owner, mechanism, status, new, now) }
    }

    async fn targets(&self, arn: &str) -> Result<Vec<TargetHealthDescription>, SourceError> {
        let request = self.conn.elb().describe_target_health().target_group_arn(arn);
        let answer = self.conn.call(&DESCRIBE_TARGET_HEALTH, request.send()).await?;
        Ok(answer.target_health_descriptions.unwrap_or_default())
    }

    /// Enabled zones without a healthy target, where the targets and the load balancer tell their zones.
    async fn uncovered(&mut self, arn: &str, targets: &[TargetHealthDescription]) -> Option<Vec<String>> {
        let healthy = targets.iter().filter(|it| {
            it.target_health().and_then(|it| it.state()).is_some_and(|state| state.as_str() == "healthy")
        });
        let zones = healthy.map(|it| it.target()?.availability_zone().filter(|zone| *zone != "all"));
        let served: BTreeSet<String> = zones.map(|zone| zone.map(clean)).collect::<Option<_>>()?;
        let enabled = self.enabled_zones(arn).await?;
        Some(enabled.into_iter().filter(|zone| !served.contains(zone)).collect())
    }

    async fn enabled_zones(&mut self, arn: &str) -> Option<Vec<String>> {
        let balancer = balancer_of(arn)?;
        let known = self.zones.as_mut()?;
        if let Some(zones) = known.get(&balancer) {
            return Some(zones.clone());
        }
        let request = self.conn.elb().describe_load_balancers().load_balancer_arns(&balancer);
        let answer = self.conn.call(&DESCRIBE_LOAD_BALANCERS, request.send()).await.ok()?;
        let zones = answer.load_balancers().first()?.availability_zones();
        let zones: Vec<String> = zones.iter().filter_map(|zone| zone.zone_name().map(clean)).collect();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(balancer, zones.clone());
        Some(zones)
    }
}

/// Whether an ARN is a listener's, whose default action is meant, and not a rule's.
fn is_listener(arn: &str) -> bool {
    !arn.contains(":listener-rule/")
}

/// The listener of a rule; none of a listener.
fn listener_of(arn: &str) -> Option<String> {
    let (listener, _) = arn.rsplit_once('/').filter(|_| !is_listener(arn))?;
    Some(listener.replace(":listener-rule/", ":listener/"))
}

/// ARN of the load balancer that a rule or listener belongs to: `…:loadbalancer/app/NAME/ID`.
fn balancer_of(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(5, '/');
    let (kind, app, name, id) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (prefix, _) = kind.rsplit_once(':')?;
    Some(format!("{prefix}:loadbalancer/{app}/{name}/{id}"))
}

/// Name of the load balancer that a listener belongs to, as it is shown.
fn balancer_name(listener: &str) -> Option<String> {
    listener.split('/').nth(2).map(clean)
}

/// The old and the new side. Without being told which group is stable there is one side, of all groups.
fn sides(split: &Split, groups: &[TargetGroup]) -> (Option<Side>, Side) {
    let side = |called: String, groups: Vec<&TargetGroup>, weight: Option<f64>| Side {
        called: Some(called),
        weight,
        // Of several groups each is told with what it gets.
        images: match groups.as_slice() {
            [_] => Vec::new(),
            several => several.iter().map(|group| Image { name: described(group), digest: None }).collect(),
        },
        groups: groups.into_iter().cloned().collect(),
        ..Side::of("")
    };
    let count = |groups: usize| format!("{groups} target group{}", if groups == 1 { "" } else { "s" });
    let Some(stable) = &split.stable else {
        return (None, side(count(groups.len()), groups.iter().collect(), None));
    };
    let (old, new): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.arn == *stable);
    let weight = split.share(stable);
    let called = match new.as_slice() {
        [only] => group_name(&only.arn).to_owned(),
        several => count(several.len()),
    };
    (Some(side(group_name(stable).to_owned(), old, weight)), side(called, new, weight.map(|old| 100.0 - old)))
}

fn described(group: &TargetGroup) -> String {
    let share = group.rule_share.map(|share| format!(" {}", percent(share))).unwrap_or_default();
    let health = match &group.health {
        Health::Counted { healthy, total } => format!(", {healthy}/{total} healthy"),
        Health::Unreadable(_) | Health::Unread => ", health not known".to_owned(),
    };
    format!("{}{share}{health}", group.name())
}

/// Reads the list right before the call and gives the one to write; `None` when it is not the list that was
/// confirmed.
pub async fn look(call: &Call, conn: &Conn) -> Result<Option<Vec<Action>>, SourceError> {
    let actions = Reader::again(conn).actions(&call.arn).await?;
    let after = actions::with_weights(actions.clone(), &weights_in(&call.after));
    let confirmed = actions::to_json(&actions) == call.before && actions::to_json(&after) == call.after;
    Ok(confirmed.then_some(after))
}

/// Makes the call, once, and gives its request id.
pub async fn undo(call: &Call, after: Vec<Action>, conn: &Conn) -> Result<Option<String>, SourceError> {
    if call.default {
        let request = conn.elb().modify_listener().listener_arn(&call.arn).set_default_actions(Some(after));
        let answer = conn.mutate(&MODIFY_LISTENER, request.send()).await?;
        return Ok(answer.request_id().map(str::to_owned));
    }
    let request = conn.elb().modify_rule().rule_arn(&call.arn).set_actions(Some(after));
    let answer = conn.mutate(&MODIFY_RULE, request.send()).await?;
    Ok(answer.request_id().map(str::to_owned))
}
