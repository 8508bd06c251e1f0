//! STS: who is calling, and a role's temporary credentials. Nothing is checked and nothing is secret.

use super::Ctx;
use crate::demo::wire::{Failure, Value, object};
use crate::demo::world::ACCOUNT;
use jiff::SignedDuration;

const USER_ID: &str = "AROAEXAMPLEONCALL00:demo";

#[expect(clippy::unnecessary_wraps, reason = "every handler has this shape")]
pub fn get_caller_identity(_: Ctx<'_>, _: &Value) -> Result<Value, Failure> {
    Ok(object([("Arn", caller_arn().into()), ("UserId", USER_ID.into()), ("Account", ACCOUNT.into())]))
}

/// The ARN of every caller.
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
    Ok(object([
        (
            "Credentials",
            object([
                ("AccessKeyId", "ASIAEXAMPLEDEMO00000".into()),
                ("SecretAccessKey", "demo".into()),
                ("SessionToken", "demo".into()),
                ("Expiration", (ctx.now + SignedDuration::from_secs(seconds)).into()),
            ]),
        ),
        (
            "AssumedRoleUser",
            object([
                ("AssumedRoleId", format!("AROAEXAMPLEDEMO00000:{session}").into()),
                ("Arn", format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}").into()),
            ]),
        ),
    ]))
}
