//! Every resource, action and service detail there is, decoded by the real SDK from canned answers:
//! golden text, and no leaf of a document is lost.
//!
//! `documents/write.py` made the documents from botocore's model.

use super::source::canned;
use crate::features::security::facts;
use crate::features::security::head;
use crate::features::security::model::{DetailQuery, Finding, FindingDetail};
use crate::features::security::phrase::kind_words;
use crate::features::{Payload, Query, Source};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// What titles and lists tell, or what is told in other words.
/// Ids only tie the parts of a sequence together.
const TOLD: &[&str] = &[
    "actionType",
    "actorIds",
    "archived",
    "cloudPartition",
    "count",
    "countryCode",
    "createdAt",
    "description",
    "detectorId",
    "direction",
    "endpointIds",
    "eventFirstSeen",
    "eventLastSeen",
    "firstSeenAt",
    "id",
    "key",
    "lastSeenAt",
    "lat",
    "lon",
    "mfaStatus",
    "resourceRole",
    "resourceType",
    "resourceUids",
    "schemaVersion",
    "service",
    "serviceName",
    "severity",
    "title",
    "uid",
    "updatedAt",
];

fn documents() -> BTreeMap<String, Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/features/security/tests/documents");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        })
        .collect()
}

/// Reads a document as the console does: through a request, the SDK and the source.
async fn read(document: &Value) -> FindingDetail {
    let conn = canned(json!({ "findings": [document] })).await;
    let query = DetailQuery {
        region: "us-east-1".into(),
        detector: "d".into(),
        id: document["id"].as_str().unwrap_or_default().into(),
        updated: None,
    };
    let mut source = crate::features::security::DetailSource::new(&conn);
    match source.poll(&Query::Finding(query), &super::source::ctx(0)).await.unwrap() {
        Payload::Finding(detail) => *detail,
        other => panic!("{other:?}"),
    }
}

fn text(finding: &Finding, detail: &FindingDetail) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} — {}", finding.kind, kind_words(&finding.kind));
    for resource in &finding.resources {
        let _ = writeln!(
            out,
            "on {} {} ({}) in `{}`",
            resource.kind, resource.name, resource.id, resource.within
        );
    }
    if let Some(who) = &finding.who {
        let _ = writeln!(out, "by {} {} {} {}", who.kind, who.name, who.key, who.principal);
    }
    for address in &finding.addresses {
        let _ = writeln!(out, "from {address}");
    }
    for signal in &detail.signals {
        let _ = writeln!(out, "signal {signal:?}");
    }
    for section in &detail.sections {
        let _ = writeln!(out, "{}", section.title.to_uppercase());
        for fact in &section.facts {
            let _ = writeln!(out, "  {}: {}", fact.label, fact.value);
        }
    }
    out
}

async fn golden(prefix: &str) -> String {
    let mut out = String::new();
    for (name, document) in documents().iter().filter(|(name, _)| name.starts_with(prefix)) {
        let finding = head::finding(document, "us-east-1").unwrap();
        let _ = writeln!(out, "== {name}\n{}", text(&finding, &read(document).await));
    }
    out
}

#[tokio::test(start_paused = true)]
async fn every_resource_is_told() {
    insta::assert_snapshot!(golden("resource-").await);
}

#[tokio::test(start_paused = true)]
async fn every_action_is_told() {
    insta::assert_snapshot!(golden("action-").await);
}

#[tokio::test(start_paused = true)]
async fn every_detail_of_the_service_is_told() {
    insta::assert_snapshot!(golden("service-").await);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_is_told_as_it_is() {
    insta::assert_snapshot!(golden("unknown").await);
}

/// Texts and numbers at the ends of a document, with the keys that lead there.
fn leaves<'a>(value: &'a Value, path: &str, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| leaves(value, &format!("{path}.{key}"), found));
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, path, found)),
        Value::Null | Value::Bool(_) => {}
        _ => found.push((path.to_owned(), value)),
    }
}

#[tokio::test(start_paused = true)]
async fn no_leaf_of_any_document_is_lost() {
    let documents = documents();
    assert!(documents.len() >= 35, "{}", documents.len());
    let mut lost = Vec::new();
    for (name, document) in &documents {
        let finding = head::finding(document, "us-east-1").unwrap();
        let said = text(&finding, &read(document).await);
        let mut all = Vec::new();
        leaves(document, "", &mut all);
        for (path, leaf) in all {
            let key = path.rsplit('.').next().unwrap_or_default();
            let wanted = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
            let numbered = leaf.is_number() && leaf.to_string().starts_with("17953");
            if !TOLD.contains(&key) && !numbered && !said.contains(&wanted) {
                lost.push(format!("{name}{path} = {wanted}"));
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn hostile_text_is_made_harmless() {
    let evil = "\u{1b}[2J\u{202e}evil\u{7}\n";
    let document = json!({
        "id": "x", "type": evil, "title": evil, "description": evil,
        "resource": { "resourceType": evil, "accessKeyDetails": { "userName": evil, "accessKeyId": evil } },
        "service": {
            "action": { "awsApiCallAction": { "userAgent": evil, "remoteIpDetails": { "ipAddressV4": evil } } },
            evil: evil,
            "detection": { "sequence": { "signals": [{ "name": evil, "signalIndicators": [{ "key": evil, "values": [evil] }] }],
                "actors": [{ "user": { "name": evil } }], "endpoints": [{ "ip": evil }] } },
        },
    });
    let finding = head::finding(&document, "us-east-1").unwrap();
    let detail = facts::detail(&document, "us-east-1");
    let said = serde_json::to_string(&(&finding, &detail)).unwrap();
    for forbidden in ["\\u001b", "\u{202e}", "\\u0007", "\\u009b"] {
        assert!(!said.contains(forbidden), "{forbidden:?} in {said}");
    }
    assert!(said.contains("evil"));
}

#[test]
fn wrong_types_are_survived() {
    for document in [
        json!(null),
        json!([]),
        json!({ "id": 7 }),
        json!({ "id": "x", "severity": "8.5", "service": [], "resource": "no", "updatedAt": -1e300 }),
        json!({ "id": "x", "service": { "action": [1], "detection": { "sequence": { "signals": 4, "actors": "a" } } } }),
    ] {
        facts::detail(&document, "r");
        if let Some(finding) = head::finding(&document, "r") {
            assert_eq!(finding.severity, document["severity"].as_str().map(|_| 8.5));
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 128, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(
                prop_oneof![
                    "[a-zA-Z]{1,12}",
                    Just("port".into()),
                    Just("ipAddressV4".into()),
                    Just("key".into())
                ],
                inner,
                0..6
            )
            .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_survived(service in any_json(), resource in any_json(), sequence in any_json()) {
        let document = json!({
            "id": "x", "service": service, "resource": resource,
        });
        facts::detail(&document, "r");
        head::finding(&document, "r");
        let document = json!({ "id": "x", "service": { "detection": { "sequence": sequence } } });
        facts::detail(&document, "r");
        head::finding(&document, "r");
    }
}
