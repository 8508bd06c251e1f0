//! What callers change about listeners and rules: their list of actions, whole.

use super::{actions, not_found};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{Login, Rule, World};
use jiff::Timestamp;

/// Groups in one forward action.
const MOST_GROUPS: usize = 5;
/// Highest weight, and longest stickiness in seconds.
const MOST_WEIGHT: i64 = 999;
const MOST_STICKY: i64 = 604_800;
/// What an OIDC action cannot be without.
const OIDC: [&str; 5] = ["Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint", "ClientId"];

pub fn modify_rule(world: &mut World, now: Timestamp, input: &Value) -> Result<Value, Failure> {
    let arn = input.text("RuleArn").unwrap_or_default();
    let rule = world.rules(now).into_iter().find(|rule| rule.arn == arn);
    let rule = rule.ok_or_else(|| not_found("RuleNotFound", "Rules", arn))?;
    if rule.priority.is_none() {
        return Err(Failure::refused(
            "OperationNotPermitted",
            format!("Default rule '{arn}' cannot be modified"),
        ));
    }
    let written = write(world, now, (arn, &rule), input.list("Actions"))?;
    Ok(object([("Rules", list([super::rule(written)]))]))
}

pub fn modify_listener(world: &mut World, now: Timestamp, input: &Value) -> Result<Value, Failure> {
    let arn = input.text("ListenerArn").unwrap_or_default();
    let listener = world.listeners().into_iter().find(|listener| listener.arn == arn);
    let listener = listener.ok_or_else(|| not_found("ListenerNotFound", "Listeners", arn))?;
    let default = world.rules(now).into_iter().find(|rule| rule.listener == arn && rule.priority.is_none());
    let default = default.ok_or_else(|| not_found("ListenerNotFound", "Listeners", arn))?;
    let written = write(world, now, (arn, &default), input.list("DefaultActions"))?;
    Ok(object([("Listeners", list([super::listener(listener, &actions(&written))]))]))
}

/// Writes a list of actions; without one everything stays.
fn write(
    world: &mut World,
    now: Timestamp,
    (arn, rule): (&str, &Rule),
    list: &[Value],
) -> Result<Rule, Failure> {
    if list.is_empty() {
        return Ok(rule.clone());
    }
    let written = checked(Ctx::new(world, now), rule, list)?;
    if world.write_actions(arn, &written, now) {
        return Ok(written);
    }
    // AWS would take it, and ECS write over it; here only hand-made weights can be written.
    Err(Failure::refused("OperationNotPermitted", format!("The weights of '{arn}' are moved by ECS")))
}

/// The rule with the actions of a request.
fn checked(ctx: Ctx<'_>, rule: &Rule, list: &[Value]) -> Result<Rule, Failure> {
    let invalid = |message: &str| Failure::refused("ValidationError", message);
    let no_action = |message: &str| Failure::refused("InvalidLoadBalancerAction", message);
    let mut list: Vec<&Value> = list.iter().collect();
    list.sort_by_key(|action| action.int("Order").unwrap_or_default());
    let Some((forward, before)) = list.split_last() else { return Err(no_action("Actions are missing")) };
    if forward.text("Type") != Some("forward") {
        return Err(no_action("The last action must be a forward action"));
    }
    let login = match before {
        [] => None,
        [action] if action.text("Type") == Some("authenticate-oidc") => {
            Some(oidc(action.get("AuthenticateOidcConfig"), rule).map_err(|message| no_action(&message))?)
        }
        _ => {
            return Err(no_action(
                "Only one action of type authenticate-oidc can come before a forward action here",
            ));
        }
    };
    let config = forward.get("ForwardConfig");
    let groups = config.map(|config| config.list("TargetGroups")).unwrap_or_default();
    let only = forward.text("TargetGroupArn");
    if only.is_some() && groups.len() > 1 {
        return Err(invalid("A target group ARN cannot be given beside several target groups"));
    }
    if groups.len() > MOST_GROUPS {
        return Err(invalid("At most 5 target groups can be given in a forward action"));
    }
    let mut targets = Vec::new();
    for group in groups {
        let arn = group.text("TargetGroupArn").ok_or_else(|| invalid("TargetGroupArn is missing"))?;
        let weight = group.int("Weight").unwrap_or(1);
        let weight = u32::try_from(weight).ok().filter(|_| weight <= MOST_WEIGHT);
        targets.push((arn.to_owned(), weight.ok_or_else(|| invalid("Weight must be between 0 and 999"))?));
    }
    if targets.is_empty() {
        targets.extend(only.map(|arn| (arn.to_owned(), 1)));
    }
    let known = ctx.world.target_groups();
    if let Some((arn, _)) = targets.iter().find(|(arn, _)| known.iter().all(|group| group.arn != *arn)) {
        return Err(not_found("TargetGroupNotFound", "Target groups", arn));
    }
    if targets.is_empty() {
        return Err(invalid("A forward action needs a target group"));
    }
    let sticky = config.and_then(|config| config.get("TargetGroupStickinessConfig"));
    let sticky = match sticky.filter(|sticky| sticky.flag("Enabled") == Some(true)) {
        None => None,
        Some(sticky) => {
            let seconds = sticky.int("DurationSeconds").filter(|it| (1..=MOST_STICKY).contains(it));
            let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
            Some(seconds.ok_or_else(|| invalid("DurationSeconds must be between 1 and 604800"))?)
        }
    };
    Ok(Rule { targets, sticky, login, ..rule.clone() })
}

/// How users are to log in. The secret is kept by AWS and told to nobody.
fn oidc(config: Option<&Value>, rule: &Rule) -> Result<Login, String> {
    let config = config.ok_or("AuthenticateOidcConfig is missing")?;
    if let Some(missing) = OIDC.iter().find(|name| config.text(name).is_none()) {
        return Err(format!("{missing} is missing"));
    }
    let kept = config.flag("UseExistingClientSecret") == Some(true) && rule.login.is_some();
    if config.text("ClientSecret").is_none() && !kept {
        return Err("A client secret is needed, or UseExistingClientSecret where there is one".to_owned());
    }
    let Value::Map(members) = config else { return Err("AuthenticateOidcConfig is a structure".to_owned()) };
    let told = members
        .iter()
        .filter(|(name, _)| !matches!(name.as_ref(), "ClientSecret" | "UseExistingClientSecret"));
    Ok(told.filter_map(|(name, value)| Some((name.to_string(), value.as_text()?.to_owned()))).collect())
}
