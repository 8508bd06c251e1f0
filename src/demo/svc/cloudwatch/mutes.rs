//! Alarm mute rules: the list says nothing about targets, the rule itself does.

use super::RECORDS;
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::MuteRule;

pub fn list_alarm_mute_rules(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let statuses = input.texts("Statuses");
    let alarm = input.text("AlarmName");
    let mut rules = ctx.world.mute_rules(ctx.now);
    rules.retain(|rule| {
        (statuses.is_empty() || statuses.contains(&rule.status))
            && alarm.is_none_or(|alarm| rule.alarms.iter().any(|name| name == alarm))
    });
    let (page, token) = RECORDS.page(rules, input)?;
    let describe = |rule: MuteRule| {
        object([
            ("AlarmMuteRuleArn", arn(ctx, &rule.name).into()),
            ("Status", rule.status.into()),
            ("MuteType", mute_type(&rule).into()),
            ("LastUpdatedTimestamp", rule.updated.into()),
        ])
    };
    Ok(object([
        ("AlarmMuteRuleSummaries", list(page.into_iter().map(describe))),
        ("NextToken", token.into()),
    ]))
}

pub fn get_alarm_mute_rule(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let name = input.text("AlarmMuteRuleName").unwrap_or_default();
    let rule = ctx
        .world
        .mute_rules(ctx.now)
        .into_iter()
        .find(|rule| rule.name == name || arn(ctx, &rule.name) == name);
    let rule = rule.ok_or_else(|| Failure {
        status: 404,
        ..Failure::refused("ResourceNotFoundException", format!("Alarm mute rule {name} was not found."))
    })?;
    let schedule = object([
        ("Expression", (&rule.expression).into()),
        ("Duration", (&rule.duration).into()),
        ("Timezone", (&rule.timezone).into()),
    ]);
    Ok(object([
        ("Name", (&rule.name).into()),
        ("AlarmMuteRuleArn", arn(ctx, &rule.name).into()),
        ("Description", (&rule.description).into()),
        ("Rule", object([("Schedule", schedule)])),
        ("MuteTargets", object([("AlarmNames", list(&rule.alarms))])),
        ("Status", rule.status.into()),
        ("LastUpdatedTimestamp", rule.updated.into()),
        ("MuteType", mute_type(&rule).into()),
    ]))
}

fn mute_type(rule: &MuteRule) -> &'static str {
    if rule.expression.starts_with("at(") { "ONE_TIME" } else { "RECURRING" }
}

fn arn(ctx: Ctx<'_>, name: &str) -> String {
    ctx.world.arn("cloudwatch", &format!("alarm-mute-rule:{name}"))
}
