//! Weights of target groups on a rule or a default action of an application load balancer, and their rollback.
//!
//! AWS keeps no old and no new here: which group is the stable one is told (`stable_target_group`, `--to`) and
//! never guessed. The rollback writes the whole list of actions back with other weights, since AWS replaces
//! lists whole. There is no compare-and-swap: the list is read right before the call, and again after it until
//! it has stood for a while. What somebody writes in the instant between that read and our call is overwritten,
//! and AWS tells nobody; what comes after ours is seen.

mod end;

use crate::features::rollouts::mechanism;
use crate::features::rollouts::model::{
    Does, HandOver, Health, Owner, Rollout, RolloutName, Side, Standing, TargetGroup,
};
use crate::features::rollouts::preflight::{Check, Verdict};
use crate::features::rollouts::stages::{StageItem, StageState, percent};
use crate::features::rollouts::watch::{Ending, LOST_GRACE, Seen};
use crate::text::{quoted, units};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A group that gets nothing is given this.
const NOTHING: u32 = 0;
/// The most that AWS takes as a weight.
const MAX_WEIGHT: u32 = 999;
/// After so long the weights are read for the last time before it counts as done: AWS takes a moment, and
/// somebody who wrote at the same time shows.
const SETTLED: SignedDuration = SignedDuration::from_secs(10);
/// Each target may get so many times its requests before that is worth a warning.
const MUCH_MORE: f64 = 1.5;

/// Between what a rule or listener divided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divided {
    /// The group that was told to be the stable one.
    pub stable: Option<String>,
    /// The groups that had traffic.
    pub groups: Vec<String>,
}

/// The actions of a rule or listener, as far as they divide between groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// ARN of the rule, or of the listener whose default action it is.
    pub arn: String,
    /// It is a listener's default action.
    pub default: bool,
    /// All its actions in order, as JSON with AWS's names.
    pub actions: String,
    /// The groups it forwards to and their weights, 0 to 999.
    pub groups: Vec<(String, u32)>,
    /// How long a client stays with the group it was given, when it does.
    pub sticky: Option<Duration>,
    /// The group that traffic goes back to, as told.
    pub stable: Option<String>,
    /// Of one that divides no more: between what it did when it was last seen to.
    pub divided: Option<Divided>,
    /// Enabled zones in which the stable group has no healthy target; `None` where that was not read or
    /// cannot be told.
    pub uncovered: Option<Vec<String>>,
    /// Why the list cannot be written back whole.
    pub unwritable: Option<String>,
    /// The ECS service that claims the rule or one of its groups.
    pub claimed_by: Option<RolloutName>,
    /// Stacks of `CloudFormation` that made what it stands on but, as far as tags tell, not itself: name, and what
    /// each made in words. CloudFormation has tagged listeners and rules only since 2026, so that one of them may
    /// set the weights all the same.
    pub stacks: Vec<(String, String)>,
}

/// Name of a target group, from its ARN.
pub fn group_name(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or(arn)
}

/// Whether these names or ARNs of target groups mean this one.
pub fn is_told(told: &[String], arn: &str) -> bool {
    told.iter().any(|told| told == arn || told == group_name(arn))
}

fn words_of(groups: &[(String, u32)]) -> String {
    let groups = groups.iter().map(|(arn, weight)| format!("{} {weight}", group_name(arn)));
    groups.collect::<Vec<_>>().join(", ")
}

/// The list of groups in the forward action of a list of actions.
fn tuples(actions: &mut Value) -> Option<&mut Vec<Value>> {
    actions
        .as_array_mut()?
        .iter_mut()
        .find_map(|action| action.get_mut("ForwardConfig")?.get_mut("TargetGroups")?.as_array_mut())
}

/// Groups and their weights in actions as JSON.
pub fn weights_in(actions: &str) -> Vec<(String, u32)> {
    let mut actions: Value = serde_json::from_str(actions).unwrap_or_default();
    let groups = tuples(&mut actions).map(std::mem::take).unwrap_or_default();
    let group = |group: Value| {
        let weight = group.get("Weight")?.as_u64().and_then(|weight| u32::try_from(weight).ok())?;
        Some((group.get("TargetGroupArn")?.as_str()?.to_owned(), weight))
    };
    groups.into_iter().filter_map(group).collect()
}

impl Split {
    /// Whether more than one group gets traffic.
    pub fn standing(&self) -> Standing {
        if self.used().count() > 1 { Standing::Open } else { Standing::Ended }
    }

    /// The groups that get traffic.
    fn used(&self) -> impl Iterator<Item = &String> {
        self.groups.iter().filter(|(_, weight)| *weight > 0).map(|(arn, _)| arn)
    }

    /// The groups that get traffic, where there are two of them: first the one that gets more.
    pub fn peers(&self) -> Option<[&str; 2]> {
        let mut used = self.groups.iter().filter(|(_, weight)| *weight > 0);
        let (one, other) = (used.next()?, used.next()?);
        let (more, less) = if other.1 > one.1 { (other, one) } else { (one, other) };
        used.next().is_none().then_some([&more.0, &less.0])
    }

    /// One of its groups as a side of its own, with what was read of it.
    pub fn side(&self, arn: &str, read: &[TargetGroup]) -> Side {
        let groups = read.iter().filter(|group| group.arn == arn).cloned().collect();
        let called = Some(group_name(arn).to_owned());
        Side { called, weight: self.share(arn), groups, ..Side::of(arn) }
    }

    /// Whether there is something to write back, and all of it can be.
    fn writable(&self) -> bool {
        self.standing() == Standing::Open && self.unwritable.is_none()
    }

    /// A group's share in percent; `None` when all weights are 0.
    pub fn share(&self, group: &str) -> Option<f64> {
        let sum: u32 = self.groups.iter().map(|(_, weight)| weight).sum();
        let own = self.groups.iter().find(|(arn, _)| arn == group)?.1;
        (sum > 0).then(|| 100.0 * f64::from(own) / f64::from(sum))
    }

    /// The weights in words: `checkout-blue 90, checkout-green 10`.
    pub fn words(&self) -> String {
        words_of(&self.groups)
    }

    /// The names of its groups: `checkout-blue or checkout-green`.
    pub fn choices(&self) -> String {
        let names: Vec<&str> = self.groups.iter().map(|(arn, _)| group_name(arn)).collect();
        names.join(" or ")
    }

    /// How it is told which of its groups is the old one, in words that can be followed.
    pub fn how_to_tell(&self) -> String {
        let names: Vec<String> =
            self.groups.iter().map(|(arn, _)| format!("\"{}\"", group_name(arn))).collect();
        format!(
            "give --to {}; or in the config, in one [[service]] with any name: target_groups = [{}] and \
             stable_target_group = {}",
            self.choices(),
            names.join(", "),
            names.join(" or ")
        )
    }

    /// Which group these names or ARNs say is the stable one; `None` also when they say it of several.
    pub fn stable_among(&self, told: &[String]) -> Option<String> {
        let mut said = self.groups.iter().map(|(arn, _)| arn).filter(|arn| is_told(told, arn));
        said.next().filter(|_| said.next().is_none()).cloned()
    }

    /// The actions with all traffic on the stable group, everything else as it was.
    fn undone(&self) -> Option<String> {
        let stable = self.stable.as_deref()?;
        let sum: u32 = self.groups.iter().map(|(_, weight)| weight).sum();
        let mut actions: Value = serde_json::from_str(&self.actions).ok()?;
        for group in tuples(&mut actions)? {
            let own = group.get("TargetGroupArn").and_then(Value::as_str) == Some(stable);
            let weight = if own { sum.clamp(1, MAX_WEIGHT) } else { NOTHING };
            group.as_object_mut()?.insert("Weight".to_owned(), weight.into());
        }
        serde_json::to_string(&actions).ok()
    }
}

/// The call that sends all traffic to the stable group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// ARN of the rule or listener.
    pub arn: String,
    /// It is a listener's default action.
    pub default: bool,
    /// The group that gets everything; empty when nobody told.
    pub stable: String,
    /// The actions as they were read: the call is not made when they are others.
    pub before: String,
    /// The actions as they are written, whole.
    pub after: String,
}

impl Call {
    /// The IAM action.
    pub fn operation(&self) -> &'static str {
        if self.default { "elasticloadbalancing:ModifyListener" } else { "elasticloadbalancing:ModifyRule" }
    }

    /// The parameters in the order sent.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        let (arn, actions) =
            if self.default { ("ListenerArn", "DefaultActions") } else { ("RuleArn", "Actions") };
        vec![(arn, self.arn.clone()), (actions, self.after.clone())]
    }

    /// The call as a shell command.
    pub fn command(&self, region: &str) -> String {
        let (verb, arn, actions) = if self.default {
            ("modify-listener", "--listener-arn", "--default-actions")
        } else {
            ("modify-rule", "--rule-arn", "--actions")
        };
        format!(
            "aws elbv2 {verb} {arn} {} {actions} {} --region {}",
            quoted(&self.arn),
            quoted(&self.after),
            quoted(region)
        )
    }
}

/// The call that undoes a split. Without a stable group there is none to send: the plan refuses.
pub fn call(split: &Split) -> Call {
    Call {
        arn: split.arn.clone(),
        default: split.default,
        stable: split.stable.clone().unwrap_or_default(),
        before: split.actions.clone(),
        after: split.undone().unwrap_or_default(),
    }
}

/// What is handed over where the call is not ours to make, or cannot be told: how to see whose the split is, or
/// how to say which side is the old one.
pub fn instead(rollout: &Rollout, split: &Split, region: &str) -> Option<HandOver> {
    if let Some(command) = rollout.owner.command(&rollout.mechanism, region) {
        return Some(command);
    }
    let region = quoted(region);
    match (&rollout.owner, &split.claimed_by) {
        // What stands for the name is none: run as it is, it does nothing but say so.
        (owner, _) if owner.is_free() => {
            let told = split.stable.is_some() || !split.writable();
            let to = quoted(&format!("THE OLD ONE OF {}", split.choices()));
            let command = || format!("eyewall rollback {} --to {to}", quoted(&rollout.name.full()));
            (!told).then(|| HandOver { command: command(), does: Does::TellsSides })
        }
        (Owner::Ecs, Some(service)) => {
            Some(HandOver::undoes(format!("eyewall rollback {}", quoted(&service.full()))))
        }
        (_, Some(RolloutName::Ecs { cluster, service })) => Some(HandOver::shows(format!(
            "aws ecs describe-services --cluster {} --services {} --region {region}",
            quoted(cluster),
            quoted(service)
        ))),
        _ => Some(HandOver::shows(format!(
            "aws elbv2 describe-tags --resource-arns {} --region {region}",
            quoted(&split.arn)
        ))),
    }
}

/// The command that tells which stack made a thing, if one did.
fn stack_of(arn: &str) -> String {
    let region = arn.split(':').nth(3).unwrap_or_default();
    format!(
        "aws cloudformation describe-stack-resources --physical-resource-id {} --region {}",
        quoted(arn),
        quoted(region)
    )
}

/// What must not change: the whole list, as its weights and all else in it, and which group gets them.
pub fn guarded(split: &Split) -> Vec<(String, String)> {
    let mut rest: Value = serde_json::from_str(&split.actions).unwrap_or_default();
    for group in tuples(&mut rest).into_iter().flatten() {
        if let Some(group) = group.as_object_mut() {
            group.remove("Weight");
        }
    }
    let stable = split.stable.as_deref().map_or("not told", group_name);
    [("weights", split.words()), ("stable group", stable.to_owned()), ("other actions", rest.to_string())]
        .map(|(field, value)| (field.to_owned(), value))
        .to_vec()
}

/// Where an open split stands.
pub fn stage_words(rollout: &Rollout, split: &Split) -> String {
    if let Some(weight) = rollout.new.weight.filter(|_| split.stable.is_some()) {
        return format!("split {}", percent(weight));
    }
    let weights: Vec<String> = split.groups.iter().map(|(_, weight)| weight.to_string()).collect();
    format!("split {}", weights.join("/"))
}

/// The stage bar of an open split.
pub fn stage_bar(rollout: &Rollout, split: &Split) -> Vec<StageItem> {
    vec![
        StageItem::new(&stage_words(rollout, split), StageState::Running),
        StageItem::new("one group", StageState::Ahead),
    ]
}

/// How long it takes.
pub fn takes(split: &Split) -> String {
    match split.sticky {
        Some(sticky) => format!(
            "seconds for new clients; clients that were given a group stay there for up to {}",
            units::age(sticky)
        ),
        None => "seconds (weights only)".to_owned(),
    }
}

/// Whether the list can be written back, and whether the stable group can take the traffic.
pub fn checks(rollout: &Rollout, split: &Split) -> Vec<Check> {
    let mut list = Vec::new();
    let mut note = |verdict, text: String| list.push(Check { verdict, text });
    if split.standing() == Standing::Ended {
        note(Verdict::Refuse, "nothing is divided: one group has all traffic".to_owned());
    }
    if let Some(name) = &split.claimed_by {
        note(Verdict::Refuse, format!("{} names this rule or its groups", name.full()));
    }
    if let Some(why) = &split.unwritable {
        note(Verdict::Refuse, format!("the list of actions cannot be written back whole: {why}"));
    }
    for (stack, made) in split.stacks.iter().filter(|_| rollout.owner.is_none_known()) {
        let text = format!(
            "stack {stack} made {made}: should it set the weights too, its next update sets them again; this tells: \
             {}",
            stack_of(&split.arn)
        );
        note(Verdict::Warn, text);
    }
    match (&split.stable, &rollout.old) {
        (Some(stable), Some(old)) => {
            note(Verdict::Pass, format!("{} is the stable group, as told", group_name(stable)));
            for (verdict, text) in stable_side(old, split) {
                note(verdict, text);
            }
        }
        // Of a split that is somebody else's it need not be told.
        _ if mechanism::owned_by_itself(rollout) => {
            note(
                Verdict::Refuse,
                format!("which group is the old one is not known: {}", split.how_to_tell()),
            );
        }
        _ => {}
    }
    if let Some(sticky) = split.sticky {
        let text = format!("sticky: clients keep the group they were given for up to {}", units::age(sticky));
        note(Verdict::Warn, text);
    }
    list
}

/// Whether the stable group can take all traffic: its targets, its zones, and how much more that is for each.
fn stable_side(side: &Side, split: &Split) -> Vec<(Verdict, String)> {
    let label = side.label();
    let mut list = vec![match side.health() {
        Health::Counted { healthy, total } => {
            let poor = healthy == 0 || healthy < total;
            let verdict = if poor { Verdict::Warn } else { Verdict::Pass };
            (verdict, format!("{label} has {healthy} of {total} targets healthy"))
        }
        Health::Unreadable(why) => (Verdict::Warn, format!("health of {label} unreadable: {why}")),
        Health::Unread => (Verdict::Warn, format!("health of {label} not known")),
    }];
    if let Some(zones) = split.uncovered.as_ref().filter(|zones| !zones.is_empty()) {
        list.push((Verdict::Warn, format!("{label} has no healthy target in {}", zones.join(", "))));
    }
    match side.weight {
        Some(weight) if weight <= 0.0 => {
            list.push((
                Verdict::Warn,
                format!("{label} gets no traffic now: whether it can take it is not known"),
            ));
        }
        Some(weight) if 100.0 / weight > MUCH_MORE => {
            let times = 100.0 / weight;
            list.push((
                Verdict::Warn,
                format!("each target of {label} will get {times:.1} times its requests"),
            ));
        }
        _ => {}
    }
    list
}

/// How it ended, by the list as it is read again.
pub fn judge(seen: &Seen, split: &Split) -> Option<(Ending, String)> {
    let mechanism::Call::Alb(sent) = &seen.plan.call else { return None };
    if split.actions == sent.after {
        // Somebody who wrote at the same time may still show.
        let name = group_name(&sent.stable);
        return (seen.waited >= SETTLED).then(|| (Ending::Done, format!("{name} has all traffic again")));
    }
    if split.actions != sent.before {
        return Some((
            Ending::Superseded,
            format!("somebody changed it: {}", difference(split, &sent.after)),
        ));
    }
    if seen.lost && seen.waited > LOST_GRACE {
        return Some((Ending::Failed, "the call never arrived: the weights are as they were".to_owned()));
    }
    if !seen.lost && seen.waited >= SETTLED {
        let why = format!("somebody wrote the old weights again: {}", difference(split, &sent.after));
        return Some((Ending::Superseded, why));
    }
    seen.overdue.then(|| (Ending::Unknown, format!("still {}; look at the rule", split.words())))
}

/// In what the list differs from the one that was written.
fn difference(split: &Split, written: &str) -> String {
    let wanted = weights_in(written);
    if split.groups == wanted {
        return format!("weights are as written ({}), the rest of the actions is not", split.words());
    }
    let now = if split.groups.is_empty() { "no group".to_owned() } else { split.words() };
    format!("weights are {now}, not {}", words_of(&wanted))
}
