//! REST-JSON: which operation a method and path mean, and the input gathered from path, query and body.
//!
//! X-Ray, Lambda and GuardDuty speak it here. An unknown path is an unknown operation, not an error of its own.

use super::{json, query, value::Value};
use std::borrow::Cow;

/// The operation's name and its input.
pub fn decode(
    service: &str,
    method: &str,
    path: &str,
    form: &str,
    body: &[u8],
) -> Result<(String, Value), String> {
    let steps: Vec<String> = path
        .split('/')
        .filter(|step| !step.is_empty())
        .map(|step| query::percent_decode(&step.replace('+', "%2B")))
        .collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let mut input = json::decode(body)?;
    if let Value::Map(members) = &mut input {
        members
            .extend(query::pairs(form).map(|(key, value)| (Cow::Owned(key), Value::Text(Cow::Owned(value)))));
    }
    let detector = |input: Value, id: &str| input.with("DetectorId", id.to_owned());
    let named = |input: Value, name: &str| input.with("FunctionName", name.to_owned());
    Ok(match (service, method, steps.as_slice()) {
        ("xray", "POST", ["TraceSummaries"]) => ("GetTraceSummaries".into(), input),
        ("xray", "POST", ["Traces"]) => ("BatchGetTraces".into(), input),
        ("xray", "POST", ["ServiceGraph"]) => ("GetServiceGraph".into(), input),
        ("xray", "POST", ["TraceGraph"]) => ("GetTraceGraph".into(), input),
        ("lambda", "GET", [_, "functions"]) => ("ListFunctions".into(), input),
        ("lambda", "GET", [_, "functions", name, "aliases"]) => ("ListAliases".into(), named(input, name)),
        ("lambda", "GET", [_, "functions", name, "aliases", alias]) => {
            ("GetAlias".into(), named(input, name).with("Name", (*alias).to_owned()))
        }
        ("lambda", "PUT", [_, "functions", name, "aliases", alias]) => {
            ("UpdateAlias".into(), named(input, name).with("Name", (*alias).to_owned()))
        }
        ("lambda", "GET", [_, "functions", name, "versions"]) => {
            ("ListVersionsByFunction".into(), named(input, name))
        }
        ("lambda", "GET", [_, "functions", name, "configuration"]) => {
            ("GetFunctionConfiguration".into(), named(input, name))
        }
        ("lambda", "GET", [_, "tags", arn]) => ("ListTags".into(), input.with("Resource", (*arn).to_owned())),
        ("lambda", "GET", [_, "event-source-mappings"]) => ("ListEventSourceMappings".into(), input),
        ("guardduty", "GET", ["detector"]) => ("ListDetectors".into(), input),
        ("guardduty", "GET", ["detector", id]) => ("GetDetector".into(), detector(input, id)),
        ("guardduty", "GET", ["detector", id, "administrator"]) => {
            ("GetAdministratorAccount".into(), detector(input, id))
        }
        ("guardduty", "POST", ["detector", id, "findings"]) => ("ListFindings".into(), detector(input, id)),
        ("guardduty", "POST", ["detector", id, "findings", "get"]) => {
            ("GetFindings".into(), detector(input, id))
        }
        _ => (format!("{method} {path}"), input),
    })
}
