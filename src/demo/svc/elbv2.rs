//! Elastic Load Balancing v2: balancers, listeners, rules with their weights, target groups and health.
//!
//! The weights of a rule follow the deployment that owns it.

use super::{Ctx, paging::Paging};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{Listener, LoadBalancer, Rule, TargetGroup, TargetHealth};

const PAGES: Paging = Paging {
    size: "PageSize",
    token: "Marker",
    default: 400,
    most: 400,
    bad_size: "ValidationError",
    bad_token: "ValidationError",
};
const VPC: &str = "vpc-0d2c8e5b7a9f41c33";

pub fn describe_load_balancers(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (arns, names) = (input.texts("LoadBalancerArns"), input.texts("Names"));
    let mut found = ctx.world.load_balancers();
    let missing = missing(&arns, found.iter().map(|balancer| &balancer.arn))
        .or_else(|| missing(&names, found.iter().map(|balancer| &balancer.name)));
    if let Some(missing) = missing {
        return Err(not_found("LoadBalancerNotFound", "Load balancers", missing));
    }
    found.retain(|balancer| wanted(&arns, &balancer.arn) && wanted(&names, &balancer.name));
    let (page, marker) = PAGES.page(found, input)?;
    let region = ctx.world.region();
    let describe = |balancer: LoadBalancer| {
        let zones = ["a", "b"].map(|zone| {
            object([
                ("ZoneName", format!("{region}{zone}").into()),
                ("SubnetId", format!("subnet-0a1b2c3d4e5f6a7b{zone}").into()),
                ("LoadBalancerAddresses", Value::List(Vec::new())),
            ])
        });
        object([
            ("LoadBalancerArn", balancer.arn.into()),
            ("DNSName", balancer.dns.into()),
            ("CanonicalHostedZoneId", "Z35SXDOTRQ7X7K".into()),
            ("CreatedTime", balancer.created.into()),
            ("LoadBalancerName", balancer.name.into()),
            ("Scheme", "internet-facing".into()),
            ("VpcId", VPC.into()),
            ("State", object([("Code", "active".into())])),
            ("Type", "application".into()),
            ("AvailabilityZones", list(zones)),
            ("SecurityGroups", list(["sg-0f3a9c1d2b4e5f607"])),
            ("IpAddressType", "ipv4".into()),
        ])
    };
    Ok(object([("LoadBalancers", list(page.into_iter().map(describe))), ("NextMarker", marker.into())]))
}

pub fn describe_target_groups(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let (arns, names) = (input.texts("TargetGroupArns"), input.texts("Names"));
    let balancer = input.text("LoadBalancerArn");
    let mut found = ctx.world.target_groups();
    let missing = missing(&arns, found.iter().map(|group| &group.arn))
        .or_else(|| missing(&names, found.iter().map(|group| &group.name)));
    if let Some(missing) = missing {
        return Err(not_found("TargetGroupNotFound", "Target groups", missing));
    }
    found.retain(|group| {
        wanted(&arns, &group.arn)
            && wanted(&names, &group.name)
            && balancer.is_none_or(|arn| group.load_balancers.iter().any(|used| used == arn))
    });
    let (page, marker) = PAGES.page(found, input)?;
    let describe = |group: TargetGroup| {
        object([
            ("TargetGroupArn", group.arn.into()),
            ("TargetGroupName", group.name.into()),
            ("Protocol", "HTTP".into()),
            ("Port", i64::from(group.port).into()),
            ("VpcId", VPC.into()),
            ("HealthCheckProtocol", "HTTP".into()),
            ("HealthCheckPort", "traffic-port".into()),
            ("HealthCheckEnabled", true.into()),
            ("HealthCheckIntervalSeconds", 15.into()),
            ("HealthCheckTimeoutSeconds", 5.into()),
            ("HealthyThresholdCount", 2.into()),
            ("UnhealthyThresholdCount", 3.into()),
            ("HealthCheckPath", group.health_path.into()),
            ("Matcher", object([("HttpCode", "200".into())])),
            ("LoadBalancerArns", list(group.load_balancers)),
            ("TargetType", "ip".into()),
            ("ProtocolVersion", "HTTP1".into()),
            ("IpAddressType", "ipv4".into()),
        ])
    };
    Ok(object([("TargetGroups", list(page.into_iter().map(describe))), ("NextMarker", marker.into())]))
}

pub fn describe_listeners(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let arns = input.texts("ListenerArns");
    let balancer = input.text("LoadBalancerArn");
    let mut found = ctx.world.listeners();
    if let Some(missing) = missing(&arns, found.iter().map(|listener| &listener.arn)) {
        return Err(not_found("ListenerNotFound", "Listeners", missing));
    }
    if let Some(arn) = balancer.filter(|arn| ctx.world.load_balancers().iter().all(|known| known.arn != *arn))
    {
        return Err(not_found("LoadBalancerNotFound", "Load balancers", arn));
    }
    found.retain(|listener| {
        wanted(&arns, &listener.arn) && balancer.is_none_or(|arn| listener.load_balancer == arn)
    });
    let rules = ctx.world.rules(ctx.now);
    let (page, marker) = PAGES.page(found, input)?;
    let describe = |listener: Listener| {
        let default = rules.iter().find(|rule| rule.listener == listener.arn && rule.priority.is_none());
        let protocol = if listener.port == 443 { "HTTPS" } else { "HTTP" };
        object([
            ("ListenerArn", listener.arn.into()),
            ("LoadBalancerArn", listener.load_balancer.into()),
            ("Port", i64::from(listener.port).into()),
            ("Protocol", protocol.into()),
            ("DefaultActions", list([action(default.map_or(&[], |rule| &rule.targets))])),
        ])
    };
    Ok(object([("Listeners", list(page.into_iter().map(describe))), ("NextMarker", marker.into())]))
}

pub fn describe_rules(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let arns = input.texts("RuleArns");
    let listener = input.text("ListenerArn");
    if arns.is_empty() == listener.is_none() {
        return Err(Failure::refused("ValidationError", "Specify either a listener ARN or rule ARNs."));
    }
    let mut found = ctx.world.rules(ctx.now);
    if let Some(missing) = missing(&arns, found.iter().map(|rule| &rule.arn)) {
        return Err(not_found("RuleNotFound", "Rules", missing));
    }
    if let Some(arn) = listener.filter(|arn| ctx.world.listeners().iter().all(|known| known.arn != *arn)) {
        return Err(not_found("ListenerNotFound", "Listeners", arn));
    }
    found.retain(|rule| wanted(&arns, &rule.arn) && listener.is_none_or(|arn| rule.listener == arn));
    let (page, marker) = PAGES.page(found, input)?;
    let describe = |rule: Rule| {
        let condition = (!rule.path.is_empty()).then(|| {
            object([
                ("Field", "path-pattern".into()),
                ("Values", list([&rule.path])),
                ("PathPatternConfig", object([("Values", list([&rule.path]))])),
            ])
        });
        let priority = rule.priority.map_or_else(|| "default".to_owned(), |priority| priority.to_string());
        object([
            ("RuleArn", rule.arn.into()),
            ("Priority", priority.into()),
            ("Conditions", list(condition)),
            ("Actions", list([action(&rule.targets)])),
            ("IsDefault", rule.priority.is_none().into()),
        ])
    };
    Ok(object([("Rules", list(page.into_iter().map(describe))), ("NextMarker", marker.into())]))
}

pub fn describe_target_health(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let arn = input.text("TargetGroupArn").unwrap_or_default();
    let targets = ctx.world.target_health(arn, ctx.now);
    let targets = targets.ok_or_else(|| not_found("TargetGroupNotFound", "Target groups", arn))?;
    let describe = |target: TargetHealth| {
        object([
            (
                "Target",
                object([
                    ("Id", target.ip.into()),
                    ("Port", i64::from(target.port).into()),
                    ("AvailabilityZone", target.zone.into()),
                ]),
            ),
            ("HealthCheckPort", target.port.to_string().into()),
            (
                "TargetHealth",
                object([
                    ("State", target.state.into()),
                    ("Reason", target.reason.into()),
                    ("Description", target.description.into()),
                ]),
            ),
        ])
    };
    Ok(object([("TargetHealthDescriptions", list(targets.into_iter().map(describe)))]))
}

/// A forward action, or the fixed answer of a rule without targets.
fn action(targets: &[(String, u32)]) -> Value {
    if targets.is_empty() {
        let answer = object([("StatusCode", "404".into()), ("ContentType", "text/plain".into())]);
        return object([
            ("Type", "fixed-response".into()),
            ("Order", 1.into()),
            ("FixedResponseConfig", answer),
        ]);
    }
    let groups = targets
        .iter()
        .map(|(arn, weight)| object([("TargetGroupArn", arn.into()), ("Weight", (*weight).into())]));
    let only = if let [(arn, _)] = targets { Some(arn) } else { None };
    object([
        ("Type", "forward".into()),
        ("TargetGroupArn", only.into()),
        ("Order", 1.into()),
        (
            "ForwardConfig",
            object([
                ("TargetGroups", list(groups)),
                ("TargetGroupStickinessConfig", object([("Enabled", false.into())])),
            ]),
        ),
    ])
}

fn wanted(asked: &[&str], known: &str) -> bool {
    asked.is_empty() || asked.contains(&known)
}

fn missing<'a, 'b>(asked: &[&'a str], known: impl Iterator<Item = &'b String>) -> Option<&'a str> {
    let known: std::collections::HashSet<&str> = known.map(String::as_str).collect();
    asked.iter().copied().find(|name| !known.contains(name))
}

fn not_found(code: &'static str, what: &str, name: &str) -> Failure {
    Failure::refused(code, format!("{what} '{name}' not found"))
}
