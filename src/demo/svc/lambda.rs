//! Lambda: functions, their aliases and what feeds them.

use super::{Ctx, paging::Paging};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{ACCOUNT, AliasError, AliasState, Function, World};
use jiff::Timestamp;

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
    let function = find(ctx, input.text("FunctionName").unwrap_or_default())?;
    let state = ctx.world.alias(&function.name, &function.alias, ctx.now);
    let aliases = state.iter().map(|state| alias_configuration(&function, state));
    Ok(object([("Aliases", list(aliases))]))
}

pub fn get_alias(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let function = find(ctx, input.text("FunctionName").unwrap_or_default())?;
    let name = input.text("Name").unwrap_or_default();
    let state = ctx.world.alias(&function.name, name, ctx.now);
    let state = state.ok_or_else(|| not_found(format!("Cannot find alias arn: {}:{name}", function.arn)))?;
    Ok(alias_configuration(&function, &state))
}

/// What is left out stays as it is: only an empty map takes the second version out.
pub fn update_alias(world: &mut World, now: Timestamp, input: &Value) -> Result<Value, Failure> {
    let ctx = Ctx::new(world, now);
    let function = find(ctx, input.text("FunctionName").unwrap_or_default())?;
    let invalid = |message: String| Failure::refused("InvalidParameterValueException", message);
    let number = |text: &str| text.parse::<u32>().map_err(|_| invalid(format!("Invalid version {text}")));
    let version = input.text("FunctionVersion").map(number).transpose()?;
    let extra = match input.get("RoutingConfig").and_then(|it| it.get("AdditionalVersionWeights")) {
        None => None,
        Some(Value::Map(weights)) if weights.len() > 1 => {
            return Err(invalid("AdditionalVersionWeights takes at most one version".to_owned()));
        }
        Some(Value::Map(weights)) => Some(match weights.iter().next() {
            None => None,
            Some((version, weight)) => Some((
                number(version)?,
                share(weight).ok_or_else(|| {
                    invalid(format!("The weight of version {version} is not between 0.0 and 1.0"))
                })?,
            )),
        }),
        Some(_) => return Err(invalid("AdditionalVersionWeights is a map".to_owned())),
    };
    let name = input.text("Name").unwrap_or_default().to_owned();
    let state = world
        .update_alias((&function.name, &name), version, extra, input.text("RevisionId"), now)
        .map_err(|error| match error {
            AliasError::NotFound(_) => not_found(error.to_string()),
            AliasError::Changed => {
                Failure { status: 412, ..Failure::refused("PreconditionFailedException", error.to_string()) }
            }
        })?;
    Ok(alias_configuration(&function, &state))
}

fn share(weight: &Value) -> Option<f64> {
    let share = match weight {
        Value::Float(number) => *number,
        Value::Int(number) => *number as f64,
        _ => return None,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

fn alias_configuration(function: &Function, state: &AliasState) -> Value {
    let weights = state.extra.map(|(version, share)| {
        let mut map = Value::empty();
        if let Value::Map(members) = &mut map {
            members.push((version.to_string().into(), share.into()));
        }
        object([("AdditionalVersionWeights", map)])
    });
    object([
        ("AliasArn", format!("{}:{}", function.arn, function.alias).into()),
        ("Name", (&function.alias).into()),
        ("FunctionVersion", state.version.to_string().into()),
        ("RoutingConfig", weights.into()),
        ("RevisionId", (&state.revision).into()),
    ])
}

pub fn list_versions(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let function = find(ctx, input.text("FunctionName").unwrap_or_default())?;
    let versions = ctx.world.versions(&function.name);
    let (versions, marker) = PAGES.page(versions, &at_most_fifty(input)?)?;
    let versions = versions.into_iter().map(|version| version_configuration(&function, version));
    Ok(object([("Versions", list(versions)), ("NextMarker", marker.into())]))
}

pub fn get_function_configuration(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let function = find(ctx, input.text("FunctionName").unwrap_or_default())?;
    let wanted = input.text("Qualifier").unwrap_or_default();
    let found =
        ctx.world.versions(&function.name).into_iter().find(|(version, _)| version.to_string() == wanted);
    let found = found.ok_or_else(|| not_found(format!("Function not found: {}:{wanted}", function.arn)))?;
    Ok(version_configuration(&function, found))
}

fn version_configuration(function: &Function, (version, published): (u32, Timestamp)) -> Value {
    object([
        ("FunctionName", (&function.name).into()),
        ("FunctionArn", format!("{}:{version}", function.arn).into()),
        ("Runtime", function.runtime.into()),
        ("LastModified", published.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string().into()),
        ("CodeSha256", format!("{version:08}Hk1lqTzX9vC0mWn3uYb7RfGe5sJd2aPo4iUtLx=").into()),
        ("Version", version.to_string().into()),
    ])
}

pub fn list_tags(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let function = find(ctx, input.text("Resource").unwrap_or_default())?;
    let mut tags = Value::empty();
    if let Some(stack) = ctx.world.stack_of_function(&function.name) {
        tags = tags.with("aws:cloudformation:stack-name", stack.to_owned());
    }
    Ok(object([("Tags", tags)]))
}

fn not_found(message: String) -> Failure {
    Failure { status: 404, ..Failure::refused("ResourceNotFoundException", message) }
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
    found.ok_or_else(|| not_found(format!("Function not found: {name}")))
}
