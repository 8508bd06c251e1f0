//! `ListDashboards` and `GetDashboard`: the two dashboards of the shop, whose bodies are the files in
//! `src/demo/dashboards/`.
//!
//! Each region has a world of its own, so a body names the region that asks (at AWS a dashboard is global
//! and names the regions it was written for). The shop's pipeline writes the time of its last deployment
//! into the body, as many real pipelines do.

use super::invalid_value;
use crate::demo::svc::{Ctx, paging::Paging};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::ACCOUNT;
use jiff::SignedDuration;

/// Name, body with places to fill in, and the hours before the start at which it was last changed.
const DASHBOARDS: [(&str, &str, i64); 2] = [
    ("checkout", include_str!("../../dashboards/checkout.json"), 31),
    ("shop-overview", include_str!("../../dashboards/shop-overview.json"), 26 * 24),
];

const LISTED: Paging = Paging {
    size: "",
    token: "NextToken",
    default: 1000,
    most: 1000,
    bad_size: "InvalidParameterValue",
    bad_token: "InvalidParameterValue",
};

pub fn list_dashboards(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let prefix = input.text("DashboardNamePrefix").unwrap_or_default();
    if !prefix.chars().all(legal) {
        return Err(invalid_value("The value for field DashboardNamePrefix contains invalid characters."));
    }
    let found = DASHBOARDS.iter().filter(|(name, ..)| name.starts_with(prefix)).collect();
    let (page, token) = LISTED.page(found, input)?;
    let entries = page.into_iter().map(|(name, body, age)| {
        let changed = ctx.world.start() - SignedDuration::from_hours(*age);
        object([
            ("DashboardName", (*name).into()),
            ("DashboardArn", arn(name).into()),
            ("LastModified", changed.into()),
            ("Size", fill_in(body, ctx).len().into()),
        ])
    });
    Ok(object([("DashboardEntries", list(entries)), ("NextToken", token.into())]))
}

pub fn get_dashboard(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let name = input.text("DashboardName").filter(|name| name.chars().all(legal));
    let name = name.ok_or_else(|| {
        invalid_value("The value for field DashboardName contains invalid characters or is empty.")
    })?;
    let found = DASHBOARDS.iter().find(|(known, ..)| *known == name);
    let (name, body, _) = found.ok_or_else(|| Failure {
        status: 404,
        ..Failure::refused("ResourceNotFound", format!("Dashboard {name} does not exist"))
    })?;
    Ok(object([
        ("DashboardArn", arn(name).into()),
        ("DashboardBody", fill_in(body, ctx).into()),
        ("DashboardName", (*name).into()),
    ]))
}

/// `A-Z`, `a-z`, `0-9`, `-` and `_`, as `PutDashboard` allows.
fn legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Dashboards have no region.
fn arn(name: &str) -> String {
    format!("arn:aws:cloudwatch::{ACCOUNT}:dashboard/{name}")
}

fn fill_in(body: &str, ctx: Ctx<'_>) -> String {
    let service = ctx.world.service("checkout", ctx.now);
    let deployed = service.and_then(|service| service.deployment).map(|last| last.created);
    let deployed = deployed.unwrap_or_else(|| ctx.world.start() - SignedDuration::from_hours(24));
    body.replace("{region}", ctx.world.region())
        .replace("{account}", ACCOUNT)
        .replace("{checkout-deployed}", &deployed.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
