//! STS: who is calling, and a role's temporary credentials. Nothing is checked and nothing is secret: the session token
//! of a role says who its bearer is.

use super::Ctx;
use crate::demo::wire::{Failure, Value, object};
use crate::demo::world::ACCOUNT;
use jiff::SignedDuration;

const USER_ID: &str = "AROAEXAMPLEONCALL00:demo";

#[expect(clippy::unnecessary_wraps, reason = "every handler has this shape")]
pub fn get_caller_identity(ctx: Ctx<'_>, _: &Value) -> Result<Value, Failure> {
    let arn = if ctx.token.starts_with("arn:") { ctx.token.to_owned() } else { caller_arn() };
    let account = account_of(&arn).to_owned();
    Ok(object([("Arn", arn.into()), ("UserId", USER_ID.into()), ("Account", account.into())]))
}

fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or(ACCOUNT)
}

/// The ARN of every caller without a role.
pub fn caller_arn() -> String {
    format!("arn:aws:sts::{ACCOUNT}:assumed-role/OnCall/demo")
}

pub fn assume_role(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let missing = |name: &str| {
        Failure::refused(
            "ValidationError",
            format!("1 validation error detected: Value at '{name}' must not be null"),
        )
    };
    let role = input.text("RoleArn").ok_or_else(|| missing("roleArn"))?;
    let session = input.text("RoleSessionName").ok_or_else(|| missing("roleSessionName"))?;
    let seconds = input.int("DurationSeconds").unwrap_or(3600).clamp(900, 43_200);
    let name = role.rsplit('/').next().unwrap_or(role);
    let arn = format!("arn:aws:sts::{}:assumed-role/{name}/{session}", account_of(role));
    Ok(object([
        (
            "Credentials",
            object([
                ("AccessKeyId", "ASIAEXAMPLEDEMO00000".into()),
                ("SecretAccessKey", "demo".into()),
                ("SessionToken", (&arn).into()),
                ("Expiration", (ctx.now + SignedDuration::from_secs(seconds)).into()),
            ]),
        ),
        (
            "AssumedRoleUser",
            object([
                ("AssumedRoleId", format!("AROAEXAMPLEDEMO00000:{session}").into()),
                ("Arn", arn.into()),
            ]),
        ),
    ]))
}
