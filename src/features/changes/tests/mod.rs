//! Builders that the tests of this folder share: events as CloudTrail writes them.
#![expect(clippy::needless_pass_by_value, reason = "json literals read best when given by value")]

mod answers;
mod kept;
mod records;
mod rows;
mod screen;

use super::model::Event;
use super::record::{Outline, Shared, read};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Seconds after the test's origin, 2026-11-20 04:00:00 UTC.
pub fn at(seconds: i64) -> Timestamp {
    let origin: Timestamp = "2026-11-20T04:00:00Z".parse().unwrap();
    origin + SignedDuration::from_secs(seconds)
}

/// A session of a role.
pub fn role(name: &str, session: &str) -> Json {
    json!({
        "type": "AssumedRole",
        "principalId": format!("AROAEXAMPLE:{session}"),
        "arn": format!("arn:aws:sts::111122223333:assumed-role/{name}/{session}"),
        "sessionContext": { "sessionIssuer": { "type": "Role", "userName": name } },
    })
}

/// The linked role that scales ECS services.
pub fn scaler() -> Json {
    let mut role =
        role("AWSServiceRoleForApplicationAutoScaling_ECSService", "AutoScaling-UpdateDesiredCapacity");
    role["invokedBy"] = "ecs.application-autoscaling.amazonaws.com".into();
    role
}

/// A user.
pub fn user(name: &str) -> Json {
    json!({ "type": "IAMUser", "userName": name, "principalId": "AIDAEXAMPLE" })
}

/// One event: `service:Name` at some seconds, by somebody, with its parameters.
pub fn event(id: &str, seconds: i64, call: &str, who: &Json, params: &Json) -> Arc<Event> {
    event_with(id, seconds, call, who, params, &json!({}))
}

/// The same with more fields of the record.
pub fn event_with(id: &str, seconds: i64, call: &str, who: &Json, params: &Json, more: &Json) -> Arc<Event> {
    let (service, name) = call.split_once(':').unwrap();
    let mut record = json!({
        "userIdentity": who,
        "requestParameters": params,
        "responseElements": null,
        "awsRegion": "eu-west-2",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31",
        "readOnly": false,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        record[key] = value.clone();
    }
    let record = record.to_string();
    let source = format!("{service}.amazonaws.com");
    let key = who["accessKeyId"].as_str();
    let outline = Outline {
        id,
        at: at(seconds),
        name,
        source: &source,
        key,
        record: &record,
        region: "eu-west-2",
        ..Outline::default()
    };
    Arc::new(read(&outline, &mut Shared::default()))
}

/// `UpdateService` of a service in the cluster `shop`.
pub fn update(id: &str, seconds: i64, service: &str, who: &Json, params: Json) -> Arc<Event> {
    let mut all = json!({ "cluster": "shop", "service": service });
    for (key, value) in params.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    event(id, seconds, "ecs:UpdateService", who, &all)
}
