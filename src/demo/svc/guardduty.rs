//! GuardDuty: the detector, and findings with criteria, order and pages as the service has them.
//!
//! A region that the scenario does not name has no detector: GuardDuty was never enabled there.

use super::{Ctx, paging::Paging};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{ACCOUNT, Finding, Signal};
use jiff::Timestamp;
use std::borrow::Cow;

const PAGES: Paging = Paging {
    size: "maxResults",
    token: "nextToken",
    default: 50,
    most: 50,
    bad_size: "BadRequestException",
    bad_token: "BadRequestException",
};

/// What can be asked of a finding, besides what is under `resource.` and `service.`.
const FIELDS: [&str; 8] =
    ["accountId", "confidence", "createdAt", "id", "region", "severity", "type", "updatedAt"];

/// The one field of `service` that stands at a finding's head too.
const ARCHIVED: &str = "service.archived";

#[expect(clippy::unnecessary_wraps, reason = "every handler has this shape")]
pub fn list_detectors(ctx: Ctx<'_>, _: &Value) -> Result<Value, Failure> {
    let detector = enabled(ctx).then(|| ctx.world.detector());
    Ok(object([("detectorIds", list(detector)), ("nextToken", "".into())]))
}

pub fn get_detector(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    check_detector(ctx, input)?;
    let features = [
        ("CLOUD_TRAIL", true),
        ("DNS_LOGS", true),
        ("FLOW_LOGS", true),
        ("S3_DATA_EVENTS", true),
        ("EKS_AUDIT_LOGS", false),
        ("EBS_MALWARE_PROTECTION", false),
        ("RDS_LOGIN_EVENTS", true),
        ("LAMBDA_NETWORK_LOGS", true),
        ("RUNTIME_MONITORING", false),
    ];
    let status = |on: bool| if on { "ENABLED" } else { "DISABLED" };
    let features = features.map(|(name, on)| object([("name", name.into()), ("status", status(on).into())]));
    Ok(object([
        ("status", "ENABLED".into()),
        ("findingPublishingFrequency", "FIFTEEN_MINUTES".into()),
        ("serviceRole", format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty").into()),
        ("createdAt", "2024-05-02T08:00:00.000Z".into()),
        ("updatedAt", "2025-11-12T09:30:00.000Z".into()),
        ("tags", Value::empty()),
        ("features", list(features)),
    ]))
}

pub fn get_administrator_account(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    check_detector(ctx, input)?;
    let administrator = ctx.world.administrator().map(|account| {
        object([
            ("accountId", account.to_owned().into()),
            ("invitationId", "84b097800250d17d1872b34c4daadcf5".into()),
            ("relationshipStatus", "Enabled".into()),
            ("invitedAt", "2024-05-02T08:00:00.000Z".into()),
        ])
    });
    Ok(object([("administrator", administrator.into())]))
}

pub fn list_findings(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    check_detector(ctx, input)?;
    let criteria = Criteria::read(input)?;
    let order = Order::read(input)?;
    // Of thousands, most are asked for by what stands at their head, and then no more of them is made.
    let mut asked: Vec<&str> = criteria.0.iter().map(|(field, _)| *field).collect();
    asked.push(order.by);
    let deep = !asked.iter().all(|field| is_head(field));
    let made = |finding| if deep { describe(ctx, finding) } else { head(ctx, &finding, &asked) };
    let all = ctx.world.findings(ctx.now).into_iter().map(made);
    let found = order.sort(all.filter(|finding| criteria.fit(finding)).collect());
    let ids: Vec<String> = found.iter().filter_map(|it| it.text("id").map(str::to_owned)).collect();
    let (ids, next) = PAGES.page(ids, input)?;
    // The last page has an empty token, not none.
    Ok(object([("findingIds", list(ids)), ("nextToken", next.unwrap_or_default().into())]))
}

pub fn get_findings(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    check_detector(ctx, input)?;
    let wanted = input.texts("findingIds");
    if wanted.is_empty() || wanted.len() > PAGES.most {
        return Err(invalid("findingIds"));
    }
    let mut all = ctx.world.findings(ctx.now);
    all.retain(|finding| wanted.contains(&finding.id.as_str()));
    all.sort_by_key(|finding| wanted.iter().position(|id| *id == finding.id));
    let mut found: Vec<Value> = all.into_iter().map(|finding| describe(ctx, finding)).collect();
    if input.get("sortCriteria").is_some() {
        found = Order::read(input)?.sort(found);
    }
    Ok(object([("findings", list(found))]))
}

fn enabled(ctx: Ctx<'_>) -> bool {
    ctx.world.uses(ctx.world.region())
}

fn check_detector(ctx: Ctx<'_>, input: &Value) -> Result<(), Failure> {
    if enabled(ctx) && input.text("DetectorId") == Some(ctx.world.detector().as_str()) {
        return Ok(());
    }
    let why = "The request is rejected because the input detectorId is not owned by the current account.";
    Err(Failure::refused("BadRequestException", why))
}

fn invalid(parameter: &str) -> Failure {
    let why = format!("The request is rejected because the parameter {parameter} has an invalid value.");
    Failure::refused("BadRequestException", why)
}

/// Whether a field is told by a finding without its resource and the details of its service.
fn is_head(field: &str) -> bool {
    FIELDS.contains(&field) || field == ARCHIVED
}

fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// What a finding's head says of the asked fields, and its id.
fn head(ctx: Ctx<'_>, finding: &Finding<'_>, asked: &[&str]) -> Value {
    let mut members = vec![(Cow::Borrowed("id"), Value::from(&finding.id))];
    for field in FIELDS.into_iter().filter(|field| asked.contains(field)) {
        let value = match field {
            "accountId" => ACCOUNT.into(),
            "createdAt" => finding.created.into(),
            "region" => ctx.world.region().to_owned().into(),
            "severity" => finding.severity.into(),
            "type" => finding.kind.to_owned().into(),
            "updatedAt" => finding.updated.into(),
            // GuardDuty gives no confidence with its findings; the id is there already.
            _ => continue,
        };
        members.push((Cow::Borrowed(field), value));
    }
    if asked.contains(&ARCHIVED) {
        members.push((Cow::Borrowed("service"), object([("archived", finding.archived.into())])));
    }
    Value::Map(members)
}

/// A finding as the service writes it.
fn describe(ctx: Ctx<'_>, finding: Finding<'_>) -> Value {
    let detector = ctx.world.detector();
    let arn = ctx.world.arn("guardduty", &format!("detector/{detector}/finding/{}", finding.id));
    let mut service = object([
        ("serviceName", "guardduty".into()),
        ("detectorId", detector.into()),
        ("archived", finding.archived.into()),
        ("count", finding.count.into()),
        ("eventFirstSeen", iso(finding.first).into()),
        ("eventLastSeen", iso(finding.last).into()),
    ]);
    let mut more = convert(finding.service);
    if !finding.signals.is_empty() {
        add_signals(&mut more, &finding.signals);
    }
    if let (Value::Map(service), Value::Map(more)) = (&mut service, more) {
        service.extend(more);
    }
    object([
        ("schemaVersion", "2.0".into()),
        ("accountId", ACCOUNT.into()),
        ("region", ctx.world.region().to_owned().into()),
        ("partition", "aws".into()),
        ("id", finding.id.into()),
        ("arn", arn.into()),
        ("type", finding.kind.to_owned().into()),
        ("title", finding.title.to_owned().into()),
        ("description", finding.description.to_owned().into()),
        ("severity", finding.severity.into()),
        ("createdAt", iso(finding.created).into()),
        ("updatedAt", iso(finding.updated).into()),
        ("resource", convert(finding.resource)),
        ("service", service),
    ])
}

/// Puts the signals into the sequence that the scenario describes.
fn add_signals(service: &mut Value, signals: &[Signal<'_>]) {
    let signals = list(signals.iter().map(signal));
    let path = ["detection", "sequence"];
    let mut at = service;
    for step in path {
        let Value::Map(members) = at else { return };
        let Some((_, next)) = members.iter_mut().find(|(key, _)| key == step) else { return };
        at = next;
    }
    if let Value::Map(members) = at {
        members.push((Cow::Borrowed("signals"), signals));
    }
}

fn signal(signal: &Signal<'_>) -> Value {
    let indicators = signal
        .indicators
        .iter()
        .map(|(key, values)| object([("key", key.into()), ("values", list(values.iter()))]));
    object([
        ("uid", (&signal.id).into()),
        ("type", signal.kind.to_owned().into()),
        ("name", signal.name.to_owned().into()),
        ("description", signal.description.map(str::to_owned).into()),
        ("severity", signal.severity.into()),
        ("count", signal.count.into()),
        ("createdAt", signal.first.into()),
        ("updatedAt", signal.last.into()),
        ("firstSeenAt", signal.first.into()),
        ("lastSeenAt", signal.last.into()),
        ("signalIndicators", list(indicators)),
    ])
}

/// A table of a scenario file as an answer has it.
fn convert(table: &toml::Table) -> Value {
    Value::Map(table.iter().map(|(key, value)| (Cow::Owned(key.clone()), convert_value(value))).collect())
}

fn convert_value(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(flag) => (*flag).into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => Value::List(items.iter().map(convert_value).collect()),
        toml::Value::Table(table) => convert(table),
    }
}

/// The values at a path; lists on the way stand for each of their entries.
fn values<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for step in path.split('.') {
        let each = |value: &'a Value| match value {
            Value::List(items) => items.iter().collect::<Vec<_>>(),
            other => vec![other],
        };
        found = found.into_iter().flat_map(each).filter_map(|value| value.get(step)).collect();
    }
    found
        .into_iter()
        .flat_map(|value| if let Value::List(items) = value { items.iter().collect() } else { vec![value] })
        .collect()
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Time(at) => Some(iso(*at)),
        _ => None,
    }
}

/// Numbers as they are; the times of a finding as milliseconds since 1970.
fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::Time(at) => Some(at.as_millisecond() as f64),
        Value::Text(text) => text.parse::<Timestamp>().ok().map(|at| at.as_millisecond() as f64),
        _ => None,
    }
}

/// What findings must fulfil, all of it.
struct Criteria<'a>(Vec<(&'a str, Test<'a>)>);

enum Test<'a> {
    OneOf(Vec<&'a str>),
    NoneOf(Vec<&'a str>),
    Like(Vec<&'a str>),
    Unlike(Vec<&'a str>),
    Number(fn(f64, f64) -> bool, f64),
}

impl<'a> Criteria<'a> {
    fn read(input: &'a Value) -> Result<Self, Failure> {
        let wrong = || invalid("findingCriteria");
        let criterion = input.get("findingCriteria").and_then(|criteria| criteria.get("criterion"));
        let Some(Value::Map(fields)) = criterion else { return Ok(Self(Vec::new())) };
        let mut tests = Vec::new();
        for (field, condition) in fields {
            let known = FIELDS.contains(&field.as_ref())
                || field.starts_with("resource.")
                || field.starts_with("service.");
            let Value::Map(conditions) = condition else { return Err(wrong()) };
            if !known || conditions.is_empty() {
                return Err(wrong());
            }
            for (name, operand) in conditions {
                let texts = || {
                    let texts = condition.texts(name);
                    if texts.is_empty() { Err(wrong()) } else { Ok(texts) }
                };
                let number = || condition.int(name).map(|number| number as f64).ok_or_else(wrong);
                let test = match name.as_ref() {
                    "eq" | "equals" => Test::OneOf(texts()?),
                    "neq" | "notEquals" => Test::NoneOf(texts()?),
                    "matches" => Test::Like(texts()?),
                    "notMatches" => Test::Unlike(texts()?),
                    "gt" | "greaterThan" => Test::Number(|a, b| a > b, number()?),
                    "gte" | "greaterThanOrEqual" => Test::Number(|a, b| a >= b, number()?),
                    "lt" | "lessThan" => Test::Number(|a, b| a < b, number()?),
                    "lte" | "lessThanOrEqual" => Test::Number(|a, b| a <= b, number()?),
                    _ if *operand == Value::Null => continue,
                    _ => return Err(wrong()),
                };
                tests.push((field.as_ref(), test));
            }
        }
        Ok(Self(tests))
    }

    fn fit(&self, finding: &Value) -> bool {
        self.0.iter().all(|(field, test)| {
            let values = values(finding, field);
            let any =
                |fits: &dyn Fn(&str) -> bool| values.iter().filter_map(|it| as_text(it)).any(|it| fits(&it));
            match test {
                Test::OneOf(texts) => any(&|value| texts.contains(&value)),
                Test::NoneOf(texts) => !any(&|value| texts.contains(&value)),
                Test::Like(patterns) => any(&|value| patterns.iter().any(|pattern| like(pattern, value))),
                Test::Unlike(patterns) => !any(&|value| patterns.iter().any(|pattern| like(pattern, value))),
                Test::Number(holds, bound) => {
                    values.iter().filter_map(|it| as_number(it)).any(|number| holds(number, *bound))
                }
            }
        })
    }
}

/// `*` is any text, `?` any one character.
fn like(pattern: &str, text: &str) -> bool {
    crate::config::Glob::new(pattern).matches(text)
}

/// In which order findings come; the newest first when nothing is said.
struct Order<'a> {
    by: &'a str,
    descending: bool,
}

impl<'a> Order<'a> {
    fn read(input: &'a Value) -> Result<Self, Failure> {
        let Some(sort) = input.get("sortCriteria") else {
            return Ok(Self { by: "updatedAt", descending: true });
        };
        let descending = match sort.text("orderBy") {
            Some("DESC") => true,
            Some("ASC") | None => false,
            Some(_) => return Err(invalid("sortCriteria")),
        };
        Ok(Self { by: sort.text("attributeName").ok_or_else(|| invalid("sortCriteria"))?, descending })
    }

    fn sort(&self, findings: Vec<Value>) -> Vec<Value> {
        let key = |finding: &Value| {
            let first = values(finding, self.by).first().copied();
            let number = first.and_then(as_number);
            (number, if number.is_none() { first.and_then(as_text) } else { None })
        };
        let mut keyed: Vec<_> = findings.into_iter().map(|finding| (key(&finding), finding)).collect();
        keyed.sort_by(|((a, a_text), _), ((b, b_text), _)| {
            let order = match (a, b) {
                (Some(a), Some(b)) => a.total_cmp(b),
                _ => a_text.cmp(b_text),
            };
            if self.descending { order.reverse() } else { order }
        });
        keyed.into_iter().map(|(_, finding)| finding).collect()
    }
}
