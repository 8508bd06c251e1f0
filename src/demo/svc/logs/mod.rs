//! CloudWatch Logs: groups, streams, `FilterLogEvents` with its partial and empty pages, and Live Tail.

pub mod events;
pub mod pattern;
pub mod tail;

pub use events::filter_log_events;

use super::{Ctx, paging::Paging};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::LogGroup;

/// Groups and streams come 50 to a page.
const PAGES: Paging = Paging {
    size: "limit",
    token: "nextToken",
    default: 50,
    most: 50,
    bad_size: "InvalidParameterException",
    bad_token: "InvalidParameterException",
};

fn bad_parameter(message: impl Into<String>) -> Failure {
    Failure::refused("InvalidParameterException", message)
}

pub fn describe_log_groups(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let prefix = input.text("logGroupNamePrefix");
    let part = input.text("logGroupNamePattern").map(str::to_lowercase);
    if prefix.is_some() && part.is_some() {
        return Err(bad_parameter("logGroupNamePrefix and logGroupNamePattern cannot be used together."));
    }
    let asked = input.texts("logGroupIdentifiers");
    let names: Vec<&str> = asked.iter().map(|identifier| group_name(identifier)).collect();
    let class = input.text("logGroupClass");
    let wanted = |group: &&LogGroup| {
        prefix.is_none_or(|prefix| group.name.starts_with(prefix))
            && part.as_ref().is_none_or(|part| group.name.to_lowercase().contains(part))
            && (names.is_empty() || names.contains(&group.name.as_str()))
            && class.is_none_or(|class| group.class == class)
    };
    let (page, token) = PAGES.page(ctx.world.log_groups().iter().filter(wanted).collect(), input)?;
    let describe = |group: &LogGroup| {
        let arn = group_arn(ctx, &group.name);
        object([
            ("logGroupName", (&group.name).into()),
            ("creationTime", group.created.as_millisecond().into()),
            ("retentionInDays", group.retention_days.into()),
            ("metricFilterCount", 0.into()),
            ("arn", format!("{arn}:*").into()),
            ("logGroupArn", arn.into()),
            ("storedBytes", group.stored_bytes.into()),
            ("logGroupClass", group.class.into()),
        ])
    };
    Ok(object([("logGroups", list(page.into_iter().map(describe))), ("nextToken", token.into())]))
}

pub fn describe_log_streams(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let group = find(ctx, input)?;
    let prefix = input.text("logStreamNamePrefix");
    let by_time = input.text("orderBy") == Some("LastEventTime");
    if by_time && prefix.is_some() {
        return Err(bad_parameter("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    // The world answers the newest first.
    let mut names = ctx.world.log_streams(&group.name, ctx.now);
    names.retain(|name| prefix.is_none_or(|prefix| name.starts_with(prefix)));
    let descending = input.flag("descending").unwrap_or(false);
    if !by_time {
        names.sort_unstable();
    }
    if by_time != descending {
        names.reverse();
    }
    let (page, token) = PAGES.page(names, input)?;
    let describe = |name: String| {
        object([
            ("arn", format!("{}:log-stream:{name}", group_arn(ctx, &group.name)).into()),
            ("logStreamName", name.into()),
            ("creationTime", group.created.as_millisecond().into()),
            ("storedBytes", 0.into()),
        ])
    };
    Ok(object([("logStreams", list(page.into_iter().map(describe))), ("nextToken", token.into())]))
}

/// The group that `logGroupName` or `logGroupIdentifier` (exactly one) names.
fn find<'a>(ctx: Ctx<'a>, input: &Value) -> Result<&'a LogGroup, Failure> {
    let asked = match (input.text("logGroupName"), input.text("logGroupIdentifier")) {
        (Some(name), None) => name,
        (None, Some(identifier)) => group_name(identifier),
        _ => return Err(bad_parameter("Specify either logGroupName or logGroupIdentifier, and not both.")),
    };
    named(ctx, asked)
}

fn named<'a>(ctx: Ctx<'a>, name: &str) -> Result<&'a LogGroup, Failure> {
    let groups = ctx.world.log_groups();
    let found =
        groups.binary_search_by(|group| group.name.as_str().cmp(name)).ok().and_then(|at| groups.get(at));
    found.ok_or_else(|| {
        Failure::refused("ResourceNotFoundException", "The specified log group does not exist.")
    })
}

/// A group's name from its name or ARN.
fn group_name(identifier: &str) -> &str {
    let name = identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name)
}

/// The ARN without the trailing `:*`, which is what other calls want.
fn group_arn(ctx: Ctx<'_>, name: &str) -> String {
    ctx.world.arn("logs", &format!("log-group:{name}"))
}
