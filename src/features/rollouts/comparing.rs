//! What to read to compare a shift's sides, why that cannot be, and the newest comparison there is.
//!
//! An opened shift is compared with its detail; those in a list together, in one call. Ten metrics a minute
//! and shift are 0.6 cents an hour. Pure.

use super::mechanism::codedeploy::Deployment;
use super::model::{Mechanism, Rollout, RolloutName, Side, Standing, TargetGroup};
use super::span::Start;
use super::verdict::{Against, Ruling, Settings};
use super::wire::{Comparison, MetricsQuery, Sides};
use crate::app::pane::Ctx;
use crate::app::{Cadence, Level, PollPlan};
use crate::config::Config;
use crate::features::{Query, TargetStore};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Shifts of a target that are compared while only listed.
const MAX_LISTED: usize = 8;
/// Deployments of a target whose last comparison is kept.
const MAX_SEEN: usize = 64;

/// What both sides of a shift did, or why that is not compared, in words.
pub type Compared = Result<Comparison, String>;

/// A time from which on all minutes may hold traffic of the new side. Where the first of it was not seen, that
/// is when the shift began: AWS tells only the last change, and a minute without traffic is not counted.
fn first_traffic(shift: &Rollout) -> Option<Timestamp> {
    let moved = shift.progress.points.iter().find(|point| point.weight.is_some_and(|weight| weight > 0.0))?;
    let began = shift.started_at.or(shift.created_at).filter(|_| moved.estimate);
    began.or(moved.at)
}

/// What to read to compare a shift's sides.
///
/// # Errors
/// Why they cannot be, in words.
pub(super) fn metrics_query(shift: &Rollout, config: &Config) -> Result<MetricsQuery, &'static str> {
    if !shift.in_progress() {
        return Err("the shift is over");
    }
    let Some(old) = &shift.old else {
        return Err(match shift.mechanism {
            Mechanism::Alb(_) => "nobody said which group is the old one (stable_target_group)",
            _ => "a first deployment has no old side",
        });
    };
    if !shift.mechanism.has_weights() {
        return Err("both revisions serve the same target group, which counts them together");
    }
    let against = if shift.mechanism.at_once() { Against::Before } else { Against::Beside };
    between(shift, [old, &shift.new], against, config)
}

/// The same between these sides of it.
fn between(
    shift: &Rollout,
    [old, new]: [&Side; 2],
    against: Against,
    config: &Config,
) -> Result<MetricsQuery, &'static str> {
    let (sides, start) = match &shift.mechanism {
        Mechanism::Ecs(_) | Mechanism::EcsAgain(_) => {
            if [old, new].iter().any(|side| side.task_definition.is_none()) {
                return Err("its revisions could not be read: ecs:DescribeServiceRevisions");
            }
            (target_groups(old, new)?, Start::Told(first_traffic_known(shift)?))
        }
        Mechanism::Alb(_) => (target_groups(old, new)?, undated(new)?),
        Mechanism::Lambda(alias) => {
            let (function, alias, old) = (alias.function.clone(), alias.alias.clone(), alias.version.clone());
            (Sides::Versions { function, alias, old, new: new.revision.clone() }, undated(new)?)
        }
        Mechanism::CodeDeploy(it) => {
            (deployed(it, old, new)?, Start::Told(first_traffic_allowed(shift, it)?))
        }
    };
    let (margin, false_alarms) = (config.verdict.margin, config.verdict.false_alarms);
    let settings = Settings { against, margin, false_alarms };
    Ok(MetricsQuery { deployment: shift.deployment.clone(), sides, start, settings })
}

/// The same for the screen: also of a rule whose old side nobody told its two groups beside each other, the one with
/// more traffic first. More than two are not compared.
///
/// # Errors
/// Why the sides cannot be compared, in words.
pub(super) fn sides_query(shift: &Rollout, config: &Config) -> Result<MetricsQuery, &'static str> {
    let why = match metrics_query(shift, config) {
        Err(why) if shift.in_progress() && shift.old.is_none() => why,
        asked => return asked,
    };
    let Mechanism::Alb(split) = &shift.mechanism else { return Err(why) };
    let Some([more, less]) = split.peers() else { return Err(why) };
    let [more, less] = [more, less].map(|arn| split.side(arn, &shift.new.groups));
    between(shift, [&more, &less], Against::Peer, config)
}

/// AWS does not say when weights were set.
fn undated(new: &Side) -> Result<Start, &'static str> {
    let share = new.weight.ok_or("the weights are not known")?;
    Ok(Start::Sought { share, found: None })
}

/// The same with what was found of the split before: its start is kept as long as it goes on.
pub(super) fn metrics_query_again(
    shift: &Rollout,
    data: &TargetStore,
    config: &Config,
) -> Result<MetricsQuery, &'static str> {
    let mut query = sides_query(shift, config)?;
    if let Start::Sought { found, .. } = &mut query.start {
        *found = seen_of(data, &shift.deployment).and_then(|it| it.from);
    }
    Ok(query)
}

fn target_groups(old: &Side, new: &Side) -> Result<Sides, &'static str> {
    let groups = |side: &Side| -> Vec<(String, String)> {
        side.groups.iter().filter_map(TargetGroup::dimensions).collect()
    };
    let (old, new) = (groups(old), groups(new));
    if old.is_empty() || new.is_empty() {
        return Err("no application load balancer's target groups are known of both sides");
    }
    if old == new {
        return Err("both revisions serve the same target group, which counts them together");
    }
    Ok(Sides::TargetGroups { old, new })
}

/// The sides of a CodeDeploy deployment.
fn deployed(it: &Deployment, old: &Side, new: &Side) -> Result<Sides, &'static str> {
    match &it.moves {
        Some(RolloutName::Lambda { function, alias }) => Ok(Sides::Versions {
            function: function.clone(),
            alias: alias.clone(),
            old: old.revision.clone(),
            new: new.revision.clone(),
        }),
        _ => target_groups(old, new),
    }
}

/// When CodeDeploy began to move traffic: it says so itself.
fn first_traffic_allowed(shift: &Rollout, it: &Deployment) -> Result<Timestamp, &'static str> {
    // One that goes back had traffic on the new side until then.
    let moved =
        shift.standing() == Standing::Returning || shift.new.weight.is_some_and(|weight| weight > 0.0);
    match it.traffic_since() {
        Some(at) if moved => Ok(at),
        _ => first_traffic_known(shift),
    }
}

fn first_traffic_known(shift: &Rollout) -> Result<Timestamp, &'static str> {
    first_traffic(shift).ok_or(match shift.new.weight {
        Some(weight) if weight > 0.0 => "when traffic began to move is not known",
        _ => "no traffic has moved yet",
    })
}

/// Compares the sides of the shifts in flight, for lists that show a verdict.
pub fn want_verdicts(ctx: &Ctx, plan: &mut PollPlan) {
    for (target, data) in ctx.store.active_targets() {
        let shifts = data.rollouts.iter().flat_map(|list| &list.shifts);
        let asked = shifts.filter_map(|shift| metrics_query_again(shift, data, ctx.config).ok());
        let asked: Vec<MetricsQuery> = asked.take(MAX_LISTED).collect();
        if !asked.is_empty() {
            let cadence = Cadence::Every(ctx.config.poll.metrics.duration());
            plan.want(target, Level::Visible, cadence, Query::Verdicts(asked));
        }
    }
}

/// What to read to compare these shifts in one call, and why the others are not compared, by deployment.
pub fn to_compare<'a>(
    shifts: impl Iterator<Item = &'a Rollout>,
    config: &Config,
) -> (Vec<MetricsQuery>, BTreeMap<String, Compared>) {
    let (mut asked, mut others) = (Vec::new(), BTreeMap::new());
    for shift in shifts {
        let why = match metrics_query(shift, config) {
            Ok(query) if asked.len() < MAX_LISTED => {
                asked.push(query);
                continue;
            }
            Ok(_) => format!("only {MAX_LISTED} shifts are compared at once"),
            Err(why) => why.to_owned(),
        };
        others.insert(shift.deployment.clone(), Err(why));
    }
    (asked, others)
}

/// What was compared last of each deployment: once a shift is over there is nothing to compare any more.
#[derive(Debug, Default)]
pub struct LastSeen(BTreeMap<String, Comparison>);

impl LastSeen {
    /// Keeps the newest of each, those that say something before those that do not. At most 64.
    pub fn keep(&mut self, seen: &Comparison) {
        let says_less = seen.verdict.ruling == Ruling::NoData && self.0.contains_key(&seen.deployment);
        if says_less || !seen.verdict.told() {
            return;
        }
        self.0.insert(seen.deployment.clone(), seen.clone());
        if self.0.len() > MAX_SEEN {
            let oldest = self.0.values().min_by_key(|it| it.read_at).map(|it| it.deployment.clone());
            self.0.retain(|deployment, _| Some(deployment) != oldest.as_ref());
        }
    }

    /// The last of a deployment.
    pub fn get(&self, deployment: &str) -> Option<&Comparison> {
        self.0.get(deployment)
    }
}

/// The newest comparison of both sides of a deployment, also where nobody said which of them is the old one.
pub fn seen_of<'a>(data: &'a TargetStore, deployment: &str) -> Option<&'a Comparison> {
    let opened = data.rollout_detail.iter().filter_map(|detail| detail.metrics.as_deref());
    let all = opened.chain(&data.verdicts).filter(|it| it.deployment == deployment);
    all.max_by_key(|it| it.read_at)
}
