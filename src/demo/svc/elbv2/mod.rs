//! Elastic Load Balancing v2: balancers, listeners, rules with their weights, target groups and health.
//!
//! The weights of a rule follow the deployment that owns it, or what people wrote.

mod writes;

pub use writes::{modify_listener, modify_rule};

use super::{Ctx, paging::Paging};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{Listener, LoadBalancer, Rule, TargetGroup, TargetHealth};
use std::borrow::Cow;

/// Resources per `DescribeTags`.
const MOST_TAGGED: usize = 20;

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
    let describe = |it: Listener| {
        let default = rules.iter().find(|rule| rule.listener == it.arn && rule.priority.is_none());
        listener(it, &default.map(actions).unwrap_or_default())
    };
    Ok(object([("Listeners", list(page.into_iter().map(describe))), ("NextMarker", marker.into())]))
}

fn listener(listener: Listener, actions: &[Value]) -> Value {
    let protocol = if listener.port == 443 { "HTTPS" } else { "HTTP" };
    object([
        ("ListenerArn", listener.arn.into()),
        ("LoadBalancerArn", listener.load_balancer.into()),
        ("Port", i64::from(listener.port).into()),
        ("Protocol", protocol.into()),
        ("DefaultActions", list(actions.to_vec())),
    ])
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
    Ok(object([("Rules", list(page.into_iter().map(rule))), ("NextMarker", marker.into())]))
}

fn rule(rule: Rule) -> Value {
    let condition = (!rule.path.is_empty()).then(|| {
        object([
            ("Field", "path-pattern".into()),
            ("Values", list([&rule.path])),
            ("PathPatternConfig", object([("Values", list([&rule.path]))])),
        ])
    });
    let priority = rule.priority.map_or_else(|| "default".to_owned(), |priority| priority.to_string());
    object([
        ("Actions", list(actions(&rule))),
        ("RuleArn", rule.arn.into()),
        ("Priority", priority.into()),
        ("Conditions", list(condition)),
        ("IsDefault", rule.priority.is_none().into()),
    ])
}

pub fn describe_tags(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let arns = input.texts("ResourceArns");
    if arns.is_empty() || arns.len() > MOST_TAGGED {
        return Err(Failure::refused("ValidationError", "Between 1 and 20 resource ARNs can be given."));
    }
    let world = ctx.world;
    let (balancers, listeners) = (world.load_balancers(), world.listeners());
    let (groups, rules) = (world.target_groups(), world.rules(ctx.now));
    let known: Vec<(&'static str, &'static str, Vec<&String>)> = vec![
        (":loadbalancer/", "LoadBalancerNotFound", balancers.iter().map(|it| &it.arn).collect()),
        (":listener/", "ListenerNotFound", listeners.iter().map(|it| &it.arn).collect()),
        (":listener-rule/", "RuleNotFound", rules.iter().map(|it| &it.arn).collect()),
        (":targetgroup/", "TargetGroupNotFound", groups.iter().map(|it| &it.arn).collect()),
    ];
    for arn in &arns {
        let Some((_, code, all)) = known.iter().find(|(part, ..)| arn.contains(part)) else {
            return Err(Failure::refused("ValidationError", format!("'{arn}' is not a valid resource ARN")));
        };
        if !all.iter().any(|known| known == arn) {
            return Err(not_found(code, "Resources", arn));
        }
    }
    let described = arns.iter().map(|arn| {
        let tags = world.tags_of(arn).into_iter();
        let tags = tags.map(|(key, value)| object([("Key", key.into()), ("Value", value.into())]));
        object([("ResourceArn", (*arn).to_owned().into()), ("Tags", list(tags))])
    });
    Ok(object([("TagDescriptions", list(described))]))
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

/// What a rule does: a login, if there is one, and a forward, or the fixed answer of a rule without targets.
fn actions(rule: &Rule) -> Vec<Value> {
    let login = rule.login.as_ref().map(|login| {
        let told = login.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.into()));
        object([
            ("Type", "authenticate-oidc".into()),
            ("Order", 1.into()),
            ("AuthenticateOidcConfig", Value::Map(told.collect())),
        ])
    });
    let order = if login.is_some() { 2 } else { 1 };
    login.into_iter().chain([last_action(rule, order)]).collect()
}

fn last_action(rule: &Rule, order: i32) -> Value {
    let targets = rule.targets.as_slice();
    if targets.is_empty() {
        let answer = object([("StatusCode", "404".into()), ("ContentType", "text/plain".into())]);
        return object([
            ("Type", "fixed-response".into()),
            ("Order", order.into()),
            ("FixedResponseConfig", answer),
        ]);
    }
    let groups = targets
        .iter()
        .map(|(arn, weight)| object([("TargetGroupArn", arn.into()), ("Weight", (*weight).into())]));
    let only = if let [(arn, _)] = targets { Some(arn) } else { None };
    let sticky = object([("Enabled", rule.sticky.is_some().into()), ("DurationSeconds", rule.sticky.into())]);
    object([
        ("Type", "forward".into()),
        ("TargetGroupArn", only.into()),
        ("Order", order.into()),
        ("ForwardConfig", object([("TargetGroups", list(groups)), ("TargetGroupStickinessConfig", sticky)])),
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
