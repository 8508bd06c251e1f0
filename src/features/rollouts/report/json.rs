//! The JSON of `rollouts`, `rollouts watch` and `rollback`, version 1: what `docs/json.md` describes.
//!
//! Fields carry AWS's names where AWS has one. Every field is always there; what is not known is `null`, which
//! is another thing than zero or an empty list.

use super::super::comparing::Compared;
use super::super::mechanism::codedeploy::{Deployment, Lifecycle};
use super::super::model::{Health, Rollout, RolloutName, Side, Tasks};
use super::super::plan::{Plan, SideFacts, Verdict};
use super::super::side::TargetGroup;
use super::super::stages::{Due, Next};
use super::{Fact, verdict};
use crate::aws::{SourceError, TargetId};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Version of the shape. It goes up when a field goes away or changes its meaning; new fields do not count.
pub const VERSION: u32 = 1;

/// An object of its own: `{"v": 1, "kind": .., "at": .., ..}`.
pub fn document(kind: &str, at: Timestamp, rest: Value) -> Value {
    let mut all = Map::new();
    all.insert("v".into(), VERSION.into());
    all.insert("kind".into(), kind.into());
    all.insert("at".into(), at.to_string().into());
    if let Value::Object(rest) = rest {
        all.extend(rest);
    }
    Value::Object(all)
}

/// One shift, and what its sides did.
pub fn rollout(target: &TargetId, region: Option<&str>, shift: &Rollout, compared: &Compared) -> Value {
    let by_itself = shift.by_itself();
    let value = json!({
        "target": target.as_str(),
        "region": region,
        "name": shift.name.full(),
        "shortName": shift.thing().short(),
        "mechanism": shift.mechanism.label(),
        "strategy": shift.mechanism.short(),
        "owner": shift.owner.label(),
        "deployment": shift.deployment,
        "currentDeployment": shift.current,
        "status": shift.status.0,
        "statusReason": shift.status_reason,
        "lifecycleStage": shift.stage,
        "inProgress": shift.in_progress(),
        "new": side(shift, &shift.new),
        "old": shift.old.as_ref().map(|old| side(shift, old)),
        "nextStep": next(shift),
        "rollsBackByItself": by_itself.yes,
        "rollsBackReason": by_itself.why,
        "bakeTimeInMinutes": shift.bake.map(|bake| bake.as_secs() / 60),
        "alarms": {
            "status": shift.alarms.status,
            "alarmNames": shift.alarms.names,
            "triggeredAlarmNames": shift.alarms.triggered,
            "enable": shift.alarms.enabled,
            "rollback": shift.alarms.rollback,
        },
        "circuitBreaker": shift.breaker.as_ref().map(|breaker| json!({
            "status": breaker.status,
            "failureCount": breaker.failures,
            "threshold": breaker.threshold,
            "enable": breaker.enabled,
            "rollback": breaker.rollback,
        })),
        "hooks": shift.hooks.iter().map(|hook| json!({
            "hookId": hook.id,
            "targetType": hook.kind,
            "status": hook.status,
            "expiresAt": time(hook.expires_at),
            "timeoutAction": hook.timeout_action,
        })).collect::<Vec<_>>(),
        "moves": shift.thing().full(),
        "codeDeploy": shift.mechanism.codedeploy().map(codedeploy),
        "startedBy": shift.by,
        "createdAt": time(shift.created_at),
        "startedAt": time(shift.started_at),
        "updatedAt": time(shift.updated_at),
        "finishedAt": time(shift.finished_at),
        "readAt": shift.read_at.to_string(),
    });
    with(value, verdict::json(compared))
}

fn with(mut value: Value, more: [(&'static str, Value); 2]) -> Value {
    if let Value::Object(object) = &mut value {
        object.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    value
}

/// What is not as it was, and the shift as it is.
pub fn change(target: &TargetId, region: Option<&str>, shift: &Rollout, changed: &[Fact]) -> Value {
    let names: Vec<&str> = changed.iter().map(|fact| fact.name).collect();
    let unread = Err("sides are not compared while a shift is followed".to_owned());
    let rest = json!({ "changed": names, "rollout": rollout(target, region, shift, &unread) });
    document("change", shift.read_at, rest)
}

/// A call that failed.
pub fn error(error: &SourceError) -> Value {
    json!({
        "class": error.class,
        "operation": error.operation,
        "code": error.code,
        "message": error.message,
        "requestId": error.request_id,
        "advice": error.advice,
    })
}

/// What a rollback would do, and what the sides did.
pub fn plan(plan: &Plan, compared: &Compared) -> Value {
    let callable = plan.callable();
    let caller = plan.place.caller.as_ref().ok();
    let params = plan.call.params().into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    let value = json!({
        "target": plan.place.target.as_str(),
        "region": plan.place.region,
        "production": plan.place.production,
        "name": plan.name.full(),
        "confirm": plan.place.word,
        "mechanism": plan.mechanism,
        "owner": plan.owner,
        "account": caller.map(|caller| &caller.account),
        "caller": caller.map(|caller| &caller.arn),
        "credentialsExpireAt": time(caller.and_then(|caller| caller.expires_at)),
        "from": facts(&plan.from),
        "to": plan.to.as_ref().map(facts),
        "operation": callable.then(|| plan.call.operation()),
        "parameters": callable.then(|| params.collect::<Map<_, _>>()),
        "command": plan.command(),
        "refused": plan.refused(),
        "checks": plan.checks.iter().map(|check| json!({
            "verdict": match check.verdict {
                Verdict::Pass => "PASS",
                Verdict::Warn => "WARN",
                Verdict::NotHere | Verdict::Refuse => "REFUSE",
            },
            "text": check.text,
        })).collect::<Vec<_>>(),
        "takes": callable.then_some(&plan.takes),
        "notUndone": plan.not_undone,
        "again": plan.again.as_ref().map(|again| json!({
            "running": again.running,
            "brings": again.restores,
            "lost": again.lost,
            "keeps": again.keeps,
            "choices": again.choices.iter().map(|it| json!({
                "label": it.label(),
                "serviceRevisionArn": it.revision,
                "taskDefinition": it.definition,
                "createdAt": time(it.made),
            })).collect::<Vec<_>>(),
        })),
        "triggeredAlarmNames": plan.alarms,
        "readAt": plan.read_at.to_string(),
    });
    with(value, verdict::json(compared))
}

fn side(shift: &Rollout, side: &Side) -> Value {
    let count = |of: fn(&Tasks) -> u32| side.tasks.as_ref().map(of);
    // What identifies a side is of another kind for each mechanism, and of some nothing does.
    let id = Some(side.revision.as_str()).filter(|id| !id.is_empty());
    let is_lambda = matches!(shift.thing(), RolloutName::Lambda { .. });
    let images = side.images.iter().map(|image| json!({ "name": image.name, "digest": image.digest }));
    json!({
        "label": side.label(),
        "serviceRevisionArn": id.filter(|id| id.contains(":service-revision/")),
        "version": id.filter(|_| is_lambda),
        "taskDefinition": side.task_definition,
        "images": images.collect::<Vec<_>>(),
        "weight": side.weight,
        "testWeight": side.test_weight,
        "requestedTaskCount": count(|it| it.requested),
        "runningTaskCount": count(|it| it.running),
        "pendingTaskCount": count(|it| it.pending),
        "targetGroups": side.groups.iter().map(group).collect::<Vec<_>>(),
    })
}

/// What only CodeDeploy says of a deployment.
fn codedeploy(it: &Deployment) -> Value {
    let event = |event: &Lifecycle| {
        let said = event.diagnostics.as_ref();
        json!({
            "lifecycleEventName": event.name,
            "status": event.status,
            "startTime": time(event.started),
            "endTime": time(event.ended),
            "errorCode": said.map(|said| &said.code),
            "message": said.map(|said| &said.message),
            "logTail": said.map(|said| &said.log_tail),
        })
    };
    let (code, message) = it.error.clone().unzip();
    json!({
        "computePlatform": it.platform.name(),
        "deploymentConfigName": it.config,
        "creator": it.creator,
        "revision": it.revision,
        "previousRevision": it.previous,
        "lifecycleEvents": it.events.iter().map(event).collect::<Vec<_>>(),
        "instanceTerminationWaitTimeStarted": it.terminating,
        "autoRollbackEvents": it.auto_rollback,
        "errorCode": code,
        "errorMessage": message,
        "rollbackDeploymentId": it.back.as_ref().map(|back| &back.id),
        "rollbackStatus": it.back.as_ref().map(|back| &back.status),
        "rollbackTriggeringDeploymentId": it.back_of,
        "unread": it.unread,
    })
}

fn group(group: &TargetGroup) -> Value {
    let (healthy, total, unreadable) = health(&group.health);
    json!({
        "targetGroupArn": group.arn,
        "ruleArn": group.rule,
        "weight": group.rule_share,
        "healthyCount": healthy,
        "targetCount": total,
        "healthError": unreadable,
    })
}

fn health(health: &Health) -> (Option<u32>, Option<u32>, Option<&str>) {
    match health {
        Health::Counted { healthy, total } => (Some(*healthy), Some(*total), None),
        Health::Unread => (None, None, None),
        Health::Unreadable(why) => (None, None, Some(why)),
    }
}

fn facts(side: &SideFacts) -> Value {
    let (healthy, total, unreadable) = health(&side.health);
    json!({
        "label": side.label,
        "images": side.images,
        "weight": side.weight,
        "runningTaskCount": side.running.map(|(running, _)| running),
        "requestedTaskCount": side.running.map(|(_, requested)| requested),
        "healthyCount": healthy,
        "targetCount": total,
        "healthError": unreadable,
    })
}

fn next(shift: &Rollout) -> Value {
    let step = |kind: &str, weight: Option<f64>, due: Option<Due>, then: Option<String>| {
        json!({
            "kind": kind,
            "weight": weight,
            "at": time(due.map(|due| due.at)),
            "estimated": due.map(|due| due.estimate),
            "timeoutAction": then,
        })
    };
    match shift.next() {
        Next::Shift(weight, due) => step("SHIFT", Some(weight), due, None),
        Next::CleanUp(due) => step("CLEAN_UP", None, due, None),
        Next::End | Next::Ends => step("END", None, None, None),
        Next::Removal(due) => step("OLD_REMOVED", None, due, None),
        Next::Hook { until, then } => step("HOOK", None, until.map(|at| Due { at, estimate: false }), then),
        Next::Stays => step("STAYS", None, None, None),
        Next::Tasks => step("TASKS", None, None, None),
        Next::GoingBack => step("ROLLBACK", None, None, None),
        Next::Nothing => step("NONE", None, None, None),
        Next::Unknown => step("UNKNOWN", None, None, None),
    }
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}
