//! `DescribeAlarms` and `DescribeAlarmHistory`, with the rule that surprises everybody: without
//! `AlarmTypes` only metric alarms come back.

use super::{RECORDS, dimensions, invalid, metric_value};
use crate::demo::svc::Ctx;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{AlarmDef, AlarmHistory, AlarmStatus, Metric, Watch};
use jiff::Timestamp;

const TYPES: [&str; 3] = ["MetricAlarm", "CompositeAlarm", "LogAlarm"];

pub fn describe_alarms(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    if let Some(parent) = input.text("ChildrenOfAlarmName") {
        return family(ctx, input, parent, "ChildrenOfAlarmName");
    }
    if let Some(child) = input.text("ParentsOfAlarmName") {
        return family(ctx, input, child, "ParentsOfAlarmName");
    }
    let names = input.texts("AlarmNames");
    let prefix = input.text("AlarmNamePrefix");
    if names.len() > 100 {
        return Err(invalid("AlarmNames must have at most 100 elements."));
    }
    if !names.is_empty() && prefix.is_some() {
        return Err(Failure::refused(
            "InvalidParameterCombination",
            "AlarmNames and AlarmNamePrefix cannot be used together.",
        ));
    }
    let types = alarm_types(input)?;
    let state = input.text("StateValue");
    if let Some(state) = state.filter(|state| !["OK", "ALARM", "INSUFFICIENT_DATA"].contains(state)) {
        return Err(invalid(format!("{state} is not a state value.")));
    }
    let action = input.text("ActionPrefix");
    let wanted = |alarm: &&AlarmDef| {
        types.contains(&alarm_type(alarm))
            && (names.is_empty() || names.contains(&alarm.name.as_str()))
            && prefix.is_none_or(|prefix| alarm.name.starts_with(prefix))
            && action.is_none_or(|prefix| {
                alarm.alarm_actions.iter().chain(&alarm.ok_actions).any(|arn| arn.starts_with(prefix))
            })
            && state.is_none_or(|state| {
                ctx.world.alarm_state(&alarm.name, ctx.now).is_some_and(|now| now.as_str() == state)
            })
    };
    let (page, token) = RECORDS.page(ctx.world.alarms().iter().filter(wanted).collect(), input)?;
    Ok(answer(&page, token, |alarm| describe(ctx, alarm)))
}

/// The children or parents of an alarm: AWS answers their names, ARNs and (for children) states only.
fn family(ctx: Ctx<'_>, input: &Value, name: &str, member: &str) -> Result<Value, Failure> {
    let alone = ["AlarmNames", "AlarmNamePrefix", "AlarmTypes", "StateValue", "ActionPrefix"];
    if let Some(other) = alone.into_iter().find(|other| input.get(other).is_some()) {
        return Err(Failure::refused(
            "InvalidParameterCombination",
            format!("{member} cannot be used together with {other}."),
        ));
    }
    let children_of = |alarm: &AlarmDef| match &alarm.watch {
        Watch::Composite { children, .. } => children.clone(),
        _ => Vec::new(),
    };
    let downward = member == "ChildrenOfAlarmName";
    let children = ctx.world.alarm(name).map(children_of).unwrap_or_default();
    let related = |alarm: &&AlarmDef| {
        if downward {
            children.contains(&alarm.name)
        } else {
            children_of(alarm).iter().any(|child| child == name)
        }
    };
    let (page, token) = RECORDS.page(ctx.world.alarms().iter().filter(related).collect(), input)?;
    Ok(answer(&page, token, |alarm| {
        let status = ctx.world.alarm_status(&alarm.name, ctx.now).filter(|_| downward);
        object([
            ("AlarmName", (&alarm.name).into()),
            ("AlarmArn", arn(ctx, &alarm.name).into()),
            ("StateValue", status.as_ref().map(|status| status.state.as_str()).into()),
            ("StateUpdatedTimestamp", status.map(|status| status.updated).into()),
        ])
    }))
}

fn answer(page: &[&AlarmDef], token: Option<String>, describe: impl Fn(&AlarmDef) -> Value) -> Value {
    let of = |wanted: &str| {
        let alarms = page.iter().filter(|alarm| alarm_type(alarm) == wanted);
        list(alarms.map(|alarm| describe(alarm)))
    };
    object([
        ("CompositeAlarms", of("CompositeAlarm")),
        ("MetricAlarms", of("MetricAlarm")),
        ("LogAlarms", of("LogAlarm")),
        ("NextToken", token.into()),
    ])
}

fn describe(ctx: Ctx<'_>, alarm: &AlarmDef) -> Value {
    let status = ctx.world.alarm_status(&alarm.name, ctx.now);
    let common = common(ctx, alarm, status.as_ref());
    match &alarm.watch {
        Watch::Metric(metric, stat) => {
            let plain = stat.is_plain();
            let evaluated = evaluation(common, alarm)
                .with("MetricName", &metric.name)
                .with("Namespace", &metric.namespace)
                .with("Dimensions", dimensions(metric))
                .with("Period", alarm.period);
            evaluated.with(if plain { "Statistic" } else { "ExtendedStatistic" }, stat.to_string())
        }
        Watch::Percent { part, whole } => {
            evaluation(common, alarm).with("Metrics", percent(alarm, part, whole))
        }
        Watch::Composite { children, suppressor } => {
            let rule: Vec<String> = children.iter().map(|child| format!("ALARM(\"{child}\")")).collect();
            let waits = suppressor.as_ref().map(|_| 60);
            let suppressed = status.and_then(|status| status.suppressed);
            common
                .with("AlarmRule", rule.join(" OR "))
                .with("ActionsSuppressor", suppressor.as_ref().map(|name| arn(ctx, name)))
                .with("ActionsSuppressorWaitPeriod", waits)
                .with("ActionsSuppressorExtensionPeriod", waits)
                .with("ActionsSuppressedBy", suppressed.as_ref().map(|(by, _)| *by))
                .with("ActionsSuppressedReason", suppressed.map(|(_, reason)| reason))
        }
        Watch::Log { group, query } => {
            let configuration = object([
                ("QueryString", query.into()),
                ("LogGroupIdentifiers", list([ctx.world.arn("logs", &format!("log-group:{group}"))])),
                ("QueryARN", ctx.world.arn("logs", &format!("scheduled-query:{}", alarm.name)).into()),
                ("AggregationExpression", "count(*)".into()),
            ]);
            common
                .with("ScheduledQueryConfiguration", configuration)
                .with("QueryResultsToEvaluate", alarm.evaluation_periods)
                .with("QueryResultsToAlarm", alarm.datapoints_to_alarm)
                .with("Threshold", alarm.threshold)
                .with("ComparisonOperator", alarm.comparison)
                .with("TreatMissingData", alarm.treat_missing)
        }
    }
}

fn common(ctx: Ctx<'_>, alarm: &AlarmDef, status: Option<&AlarmStatus>) -> Value {
    object([
        ("AlarmName", (&alarm.name).into()),
        ("AlarmArn", arn(ctx, &alarm.name).into()),
        ("AlarmDescription", alarm.description.as_ref().into()),
        ("AlarmConfigurationUpdatedTimestamp", alarm.configured_at.into()),
        ("ActionsEnabled", alarm.actions_enabled.into()),
        ("OKActions", list(&alarm.ok_actions)),
        ("AlarmActions", list(&alarm.alarm_actions)),
        ("InsufficientDataActions", Value::List(Vec::new())),
        ("StateValue", status.map(|status| status.state.as_str()).into()),
        ("StateReason", status.map(|status| &status.reason).into()),
        ("StateReasonData", status.and_then(|status| status.reason_data.as_ref()).into()),
        ("StateUpdatedTimestamp", status.map(|status| status.updated).into()),
        ("StateTransitionedTimestamp", status.map(|status| status.since).into()),
    ])
}

fn evaluation(common: Value, alarm: &AlarmDef) -> Value {
    common
        .with("EvaluationPeriods", alarm.evaluation_periods)
        .with("DatapointsToAlarm", alarm.datapoints_to_alarm)
        .with("Threshold", alarm.threshold)
        .with("ComparisonOperator", alarm.comparison)
        .with("TreatMissingData", alarm.treat_missing)
}

/// The metric math of a percentage.
fn percent(alarm: &AlarmDef, part: &Metric, whole: &Metric) -> Value {
    let query = |id: &'static str, metric: &Metric| {
        let stat = object([
            ("Metric", metric_value(metric)),
            ("Period", alarm.period.into()),
            ("Stat", "Sum".into()),
        ]);
        object([("Id", id.into()), ("MetricStat", stat), ("ReturnData", false.into())])
    };
    let ratio = object([
        ("Id", "e1".into()),
        ("Expression", "100*m1/m2".into()),
        ("Label", (&alarm.name).into()),
        ("ReturnData", true.into()),
    ]);
    list([query("m1", part), query("m2", whole), ratio])
}

pub fn describe_alarm_history(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let types = alarm_types(input)?;
    let name = input.text("AlarmName");
    let item_type = input.text("HistoryItemType");
    let known = [
        "ConfigurationUpdate",
        "StateUpdate",
        "Action",
        "AlarmContributorStateUpdate",
        "AlarmContributorAction",
    ];
    if let Some(unknown) = item_type.filter(|item_type| !known.contains(item_type)) {
        return Err(invalid(format!("{unknown} is not a history item type.")));
    }
    let from = input.time("StartDate").unwrap_or(Timestamp::UNIX_EPOCH);
    let to = input.time("EndDate").unwrap_or(ctx.now);
    let mut items = ctx.world.alarm_history(name, from, to, ctx.now);
    items.retain(|item| {
        types.contains(&item.alarm_type) && item_type.is_none_or(|item_type| item.item_type == item_type)
    });
    if input.text("ScanBy") == Some("TimestampAscending") {
        items.reverse();
    }
    let (page, token) = RECORDS.page(items, input)?;
    let describe = |item: AlarmHistory| {
        object([
            ("AlarmName", item.alarm.into()),
            ("AlarmType", item.alarm_type.into()),
            ("Timestamp", item.at.into()),
            ("HistoryItemType", item.item_type.into()),
            ("HistorySummary", item.summary.into()),
            ("HistoryData", item.data.into()),
        ])
    };
    Ok(object([("AlarmHistoryItems", list(page.into_iter().map(describe))), ("NextToken", token.into())]))
}

fn alarm_types(input: &Value) -> Result<Vec<&str>, Failure> {
    let types = input.texts("AlarmTypes");
    match types.iter().find(|asked| !TYPES.contains(asked)) {
        Some(unknown) => Err(invalid(format!("{unknown} is not an alarm type."))),
        None if types.is_empty() => Ok(vec!["MetricAlarm"]),
        None => Ok(types),
    }
}

fn alarm_type(alarm: &AlarmDef) -> &'static str {
    match alarm.watch {
        Watch::Metric(..) | Watch::Percent { .. } => "MetricAlarm",
        Watch::Composite { .. } => "CompositeAlarm",
        Watch::Log { .. } => "LogAlarm",
    }
}

fn arn(ctx: Ctx<'_>, name: &str) -> String {
    ctx.world.arn("cloudwatch", &format!("alarm:{name}"))
}
