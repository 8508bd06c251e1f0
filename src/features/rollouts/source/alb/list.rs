//! The splits of load balancers that are nobody else's to show, for the list of rollouts: which rules are looked
//! at, and how often.

use super::{
    MAX_KNOWN, RULES_PER_CALL, Reader, actions, balancer_name, is_listener, listener_of, rules_there,
};
use crate::app::Now;
use crate::aws::{Conn, SourceError};
use crate::features::rollouts::mechanism::alb::Split;
use crate::features::rollouts::model::{Mechanism, Rollout, RolloutName, Standing, Unread};
use crate::features::rollouts::source::ecs::Claims;
use crate::features::rollouts::source::{DAY, KEPT};
use crate::features::rollouts::wire::RolloutsQuery;
use aws_sdk_elasticloadbalancingv2::types::{Listener, Rule};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Forwards to several groups that are looked at.
const MAX_SPLITS: usize = 100;
/// Listeners per call.
const LISTENERS_PER_CALL: usize = 20;
/// Shortest time between two looks.
const LOOK_AGE: Duration = Duration::from_secs(9);
/// How long an answer about the owner holds in the list. Exact reads always ask.
const OWNER_AGE: SignedDuration = SignedDuration::from_mins(1);

/// The splits of load balancers, for the list.
pub struct ListReader {
    reader: Reader,
    looked_at: Option<(Duration, Arc<Vec<String>>)>,
    /// Ports of listeners, by ARN: they do not change while anybody looks.
    ports: BTreeMap<String, u16>,
    /// Those that divided at the last look that told.
    found: Vec<Rollout>,
    /// Those that were seen to end, newest first.
    ended: Vec<Rollout>,
    /// Those of ECS's rules that no deployment moves: somebody set them by hand.
    astray: BTreeSet<String>,
    /// Those that were given at the last read: the end of one that was another shift's is that shift's.
    listed: BTreeSet<String>,
    /// What could not be read.
    notes: Vec<String>,
    /// Something was told at the last look.
    told: bool,
}

impl ListReader {
    /// A reader for one target.
    pub fn new(conn: &Conn) -> Self {
        let mut reader = Reader::quick(conn);
        reader.owners.age = OWNER_AGE;
        Self {
            reader,
            looked_at: None,
            ports: BTreeMap::new(),
            found: Vec::new(),
            ended: Vec::new(),
            astray: BTreeSet::new(),
            listed: BTreeSet::new(),
            notes: Vec::new(),
            told: false,
        }
    }

    /// Reads the splits among the known forwards, with what could not be read. Those that belong to
    /// a shift that is `listed` already are left out; those that ECS owns are left out until the services were
    /// looked at in the same read (`swept`), since a deployment may just have begun.
    ///
    /// # Errors
    /// When a login or a key is missing; anything else is a note, so that other shifts stay seen.
    pub async fn read(
        &mut self,
        asked: &RolloutsQuery,
        claims: &Result<Arc<Claims>, Unread>,
        (listed, swept): (&[Rollout], bool),
        now: Now,
    ) -> Result<(Vec<Rollout>, Vec<String>), SourceError> {
        let sides = listed.iter().flat_map(|shift| shift.old.iter().chain([&shift.new]));
        let shown: BTreeSet<&String> = sides.flat_map(|side| &side.groups).map(|group| &group.arn).collect();
        // What discovery has found since is not known to divide or not.
        let fresh = |(at, forwards): &(Duration, Arc<Vec<String>>)| {
            now.since_start.saturating_sub(*at) < LOOK_AGE && *forwards == asked.forwards
        };
        if !self.looked_at.as_ref().is_some_and(fresh) {
            self.look(asked, claims, now).await?;
            self.looked_at = Some((now.since_start, asked.forwards.clone()));
        }
        let moved: BTreeSet<&RolloutName> = listed.iter().map(Rollout::thing).collect();
        // Whoever claims the rule moves it, also before the target groups of his shift are known.
        let is_shown = |split: &Rollout| {
            claimed_by(split).is_some_and(|name| moved.contains(name))
                || split.new.groups.iter().any(|group| shown.contains(&group.arn))
        };
        let mut splits: Vec<Rollout> = self.found.iter().filter(|split| !is_shown(split)).cloned().collect();
        if swept {
            self.astray = splits.iter().map(|split| split.deployment.clone()).collect();
        }
        splits.retain(|split| claimed_by(split).is_none() || self.astray.contains(&split.deployment));
        self.listed = splits.iter().map(|split| split.deployment.clone()).collect();
        Ok((splits, self.notes.clone()))
    }

    /// Whether anything could be read at the last look.
    pub fn told(&self) -> bool {
        self.told
    }

    /// The splits that were seen to end within a day.
    pub fn ended(&self) -> &[Rollout] {
        &self.ended
    }

    async fn look(
        &mut self,
        asked: &RolloutsQuery,
        claims: &Result<Arc<Claims>, Unread>,
        now: Now,
    ) -> Result<(), SourceError> {
        self.notes.clear();
        self.told = false;
        let mut known: Vec<&String> = asked.forwards.iter().collect();
        // What ECS moves is shown as its deployments: it comes last.
        known.sort_by_key(|arn| claims.as_ref().is_ok_and(|claims| claims.contains_key(*arn)));
        if known.len() > MAX_SPLITS {
            let all = known.len();
            self.notes.push(format!("of {all} forwards to several target groups only {MAX_SPLITS} are read"));
        }
        let known: Vec<String> = known.into_iter().take(MAX_SPLITS).cloned().collect();
        let (listeners, rules): (Vec<String>, Vec<String>) =
            known.into_iter().partition(|arn| is_listener(arn));
        let mut read: Vec<(String, Option<u32>, Split)> = Vec::new();
        let mut unread: BTreeSet<String> = BTreeSet::new();
        for chunk in rules.chunks(RULES_PER_CALL) {
            match rules_there(&self.reader.conn, chunk).await {
                Ok(rules) => {
                    self.told = true;
                    read.extend(rules.iter().filter_map(of_rule));
                }
                Err(error) if error.class.parks() => return Err(error),
                Err(error) => {
                    self.notes.push(format!("listener rules: {}", error.short()));
                    unread.extend(chunk.iter().cloned());
                }
            }
        }
        let wanted = read.iter().map(|(listener, ..)| listener).filter(|arn| !self.ports.contains_key(*arn));
        let wanted: BTreeSet<String> = wanted.chain(&listeners).cloned().collect();
        let wanted: Vec<String> = wanted.into_iter().collect();
        for chunk in wanted.chunks(LISTENERS_PER_CALL) {
            match self.reader.listeners(chunk).await {
                Ok(found) => {
                    self.told = true;
                    read.extend(found.iter().filter_map(|listener| {
                        let arn = listener.listener_arn()?;
                        let port = listener.port().and_then(|port| u16::try_from(port).ok())?;
                        self.ports.insert(arn.to_owned(), port);
                        listeners.iter().any(|it| it == arn).then(|| of_listener(arn, listener))
                    }));
                }
                Err(error) if error.class.parks() => return Err(error),
                Err(error) => {
                    self.notes.push(format!("listeners: {}", error.short()));
                    unread.extend(chunk.iter().cloned());
                }
            }
        }
        self.take(read, &unread, asked, claims, now).await;
        Ok(())
    }

    /// Makes the list of what was read. What could not be read this time stays as it was seen last.
    async fn take(
        &mut self,
        read: Vec<(String, Option<u32>, Split)>,
        unread: &BTreeSet<String>,
        asked: &RolloutsQuery,
        claims: &Result<Arc<Claims>, Unread>,
        now: Now,
    ) {
        let before = std::mem::take(&mut self.found);
        self.ended.retain(|shift| shift.finished_at.is_some_and(|at| now.wall.duration_since(at) < DAY));
        for (listener, priority, split) in read {
            let divided = before.iter().find(|shift| shift.deployment == split.arn);
            let open = split.standing() == Standing::Open;
            if !open && divided.is_none() {
                continue;
            }
            let Some(name) = self.name(&listener, priority) else { continue };
            let shift = self.reader.rollout(name, split, &asked.stable, claims.clone(), now.wall).await;
            if open {
                self.found.push(shift);
            } else if self.listed.contains(&shift.deployment) {
                let shift = divided.into_iter().fold(shift, Rollout::after);
                self.ended.retain(|old| old.deployment != shift.deployment);
                self.ended.insert(0, Rollout { finished_at: Some(now.wall), ..shift });
                self.ended.truncate(KEPT);
            }
        }
        self.found.extend(before.into_iter().filter(|shift| unread.contains(&shift.deployment)));
        self.found.sort_by(|a, b| a.name.cmp(&b.name));
        if self.ports.len() >= MAX_KNOWN {
            self.ports.clear();
        }
    }

    fn name(&self, listener: &str, priority: Option<u32>) -> Option<RolloutName> {
        let balancer = balancer_name(listener)?;
        let port = self.ports.get(listener).copied()?;
        Some(RolloutName::Alb { balancer, port, priority })
    }
}

/// The ECS service that claims a split.
fn claimed_by(split: &Rollout) -> Option<&RolloutName> {
    match &split.mechanism {
        Mechanism::Alb(split) => split.claimed_by.as_ref(),
        _ => None,
    }
}

/// The listener of a rule, its priority and its split. The default rule is its listener's default action.
fn of_rule(rule: &Rule) -> Option<(String, Option<u32>, Split)> {
    let (arn, priority) = (rule.rule_arn()?, rule.priority()?.parse().ok()?);
    Some((listener_of(arn)?, Some(priority), actions::split(arn, false, rule.actions())))
}

fn of_listener(arn: &str, listener: &Listener) -> (String, Option<u32>, Split) {
    (arn.to_owned(), None, actions::split(arn, true, listener.default_actions()))
}
