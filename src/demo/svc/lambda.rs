//! Lambda: functions, their aliases and what feeds them.

use super::{Ctx, paging::Paging};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{ACCOUNT, Function};

const PAGES: Paging = Paging {
    size: "MaxItems",
    token: "Marker",
    default: 50,
    most: 10_000,
    bad_size: "InvalidParameterValueException",
    bad_token: "InvalidParameterValueException",
};

pub fn list_functions(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    // AWS takes up to 10,000 and still answers at most 50 to a page.
    let input = at_most_fifty(input)?;
    let (functions, marker) = PAGES.page(ctx.world.functions(), &input)?;
    let describe = |function: Function| {
        object([
            ("FunctionName", (&function.name).into()),
            ("FunctionArn", (&function.arn).into()),
            ("Runtime", function.runtime.into()),
            ("Role", format!("arn:aws:iam::{ACCOUNT}:role/lambda-{}", function.name).into()),
            ("Handler", "app.handler".into()),
            ("CodeSize", 48_213.into()),
            ("Timeout", function.timeout.into()),
            ("MemorySize", function.memory.into()),
            ("LastModified", function.modified.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string().into()),
            ("Version", "$LATEST".into()),
            ("TracingConfig", object([("Mode", "Active".into())])),
            ("PackageType", "Zip".into()),
            ("Architectures", list(["arm64"])),
            (
                "LoggingConfig",
                object([("LogFormat", "Text".into()), ("LogGroup", function.log_group.into())]),
            ),
        ])
    };
    Ok(object([("Functions", list(functions.into_iter().map(describe))), ("NextMarker", marker.into())]))
}

pub fn list_aliases(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let name = input.text("FunctionName").unwrap_or_default();
    let function = find(ctx, name)?;
    let aliases = function.alias.map(|(alias, version)| {
        object([
            ("AliasArn", format!("{}:{alias}", function.arn).into()),
            ("Name", alias.into()),
            ("FunctionVersion", version.to_string().into()),
            ("RevisionId", "3f1c5a52-60c1-4b53-9d3b-6d0f7c1d8a10".into()),
        ])
    });
    Ok(object([("Aliases", list(aliases))]))
}

pub fn list_event_source_mappings(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let mut functions = match input.text("FunctionName") {
        Some(name) => vec![find(ctx, name)?],
        None => ctx.world.functions(),
    };
    functions.retain(|function| {
        let wanted = input.text("EventSourceArn");
        function.mapping.is_some() && wanted.is_none_or(|arn| function.queue_arn.as_deref() == Some(arn))
    });
    let input = at_most_fifty(input)?;
    let (functions, marker) = PAGES.page(functions, &input)?;
    let describe = |function: Function| {
        object([
            ("UUID", function.mapping.into()),
            ("BatchSize", 10.into()),
            ("EventSourceArn", function.queue_arn.into()),
            ("FunctionArn", function.arn.into()),
            ("LastModified", function.modified.into()),
            ("State", "Enabled".into()),
            ("StateTransitionReason", "USER_INITIATED".into()),
        ])
    };
    Ok(object([
        ("EventSourceMappings", list(functions.into_iter().map(describe))),
        ("NextMarker", marker.into()),
    ]))
}

fn at_most_fifty(input: &Value) -> Result<Value, Failure> {
    let marker = input.text("Marker").map(str::to_owned);
    let size = PAGES.size(input)?.min(50);
    Ok(object([("MaxItems", size.into()), ("Marker", marker.into())]))
}

/// By name or ARN.
fn find(ctx: Ctx<'_>, name: &str) -> Result<Function, Failure> {
    let found =
        ctx.world.functions().into_iter().find(|function| function.name == name || function.arn == name);
    found.ok_or_else(|| Failure {
        status: 404,
        ..Failure::refused("ResourceNotFoundException", format!("Function not found: {name}"))
    })
}
