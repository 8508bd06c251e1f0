//! What is made of a record: who, what, on what; also of records that lie, break or are not there.

use super::super::model::{Kind, Nature};
use super::super::record::{Outline, Shared, read};
use super::super::{nature, sentence, things};
use super::*;
use proptest::prelude::*;

#[test]
fn sentences_say_what_was_done() {
    let cases: [(&str, Json, Json, &str); 16] = [
        (
            "ecs:UpdateService",
            json!({ "cluster": "shop", "service": "checkout", "taskDefinition": "web-checkout:42" }),
            json!({ "service": { "deployments": [
                { "status": "PRIMARY", "taskDefinition": "arn:aws:ecs:r:1:task-definition/web-checkout:42" },
                { "status": "ACTIVE", "taskDefinition": "arn:aws:ecs:r:1:task-definition/web-checkout:41" },
            ]}}),
            "checkout: task definition web-checkout:41 → web-checkout:42",
        ),
        (
            "ecs:UpdateService",
            json!({ "service": "arn:aws:ecs:eu-west-2:1:service/shop/orders", "desiredCount": 40 }),
            json!({ "service": { "runningCount": 4 } }),
            "orders: running 4 → desired 40",
        ),
        (
            "ecs:UpdateService",
            json!({ "service": "cart", "forceNewDeployment": true }),
            json!(null),
            "cart: a new deployment forced",
        ),
        (
            "ecs:RegisterTaskDefinition",
            json!({ "family": "web", "containerDefinitions": [{ "image": "1.dkr.ecr.r.amazonaws.com/web:7f3c2a" }] }),
            json!({ "taskDefinition": { "revision": 42 } }),
            "web: revision 42, image web:7f3c2a",
        ),
        (
            "ecs:StopServiceDeployment",
            json!({ "serviceDeploymentArn": "arn:aws:ecs:r:1:service-deployment/shop/checkout/7Kq2", "stopType": "ROLLBACK" }),
            json!(null),
            "checkout: stop of the deployment, rollback",
        ),
        (
            "application-autoscaling:RegisterScalableTarget",
            json!({ "serviceNamespace": "ecs", "resourceId": "service/shop/orders", "minCapacity": 4, "maxCapacity": 60 }),
            json!({}),
            "orders: min capacity 4, max capacity 60",
        ),
        (
            "rds:ModifyDBCluster",
            json!({ "dBClusterIdentifier": "orders-db", "applyImmediately": true, "masterUserPassword": "****",
                    "serverlessV2ScalingConfiguration": { "maxCapacity": 2.0 } }),
            json!(null),
            "orders-db: master user password ****, max capacity 2.0",
        ),
        (
            "lambda:UpdateFunctionCode20150331v2",
            json!({ "functionName": "receipts", "dryRun": false }),
            json!(null),
            "receipts: new code",
        ),
        (
            "iam:AttachUserPolicy",
            json!({ "userName": "svc", "policyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess" }),
            json!(null),
            "svc: policy arn AmazonS3FullAccess",
        ),
        (
            "elasticloadbalancing:ModifyTargetGroup",
            json!({ "targetGroupArn": "arn:aws:elasticloadbalancing:r:1:targetgroup/checkout-blue/50dc", "healthCheckPath": "/up" }),
            json!(null),
            "checkout-blue: health check path /up",
        ),
        ("signin:ConsoleLogin", json!(null), json!({ "ConsoleLogin": "Failure" }), ": failure"),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            json!({ "groupId": "sg-1", "ipPermissions": { "items": [] } }),
            json!(null),
            ": group id sg-1",
        ),
        (
            "sqs:SetQueueAttributes",
            json!({ "queueUrl": "https://sqs.r.amazonaws.com/1/receipts" }),
            json!(null),
            "receipts: ",
        ),
        ("monitoring:DeleteAlarms", json!({ "alarmNames": ["a", "b"] }), json!(null), "a: "),
        (
            "new:Thing",
            json!({ "a": { "b": { "c": { "d": 1 } } }, "list": ["x", "y", "z", "w"] }),
            json!(null),
            ": list x y z …",
        ),
        ("new:Thing", json!("not an object"), json!(7), ": "),
    ];
    for (call, params, response, expected) in cases {
        let (service, name) = call.split_once(':').unwrap();
        let (on, what) = sentence::of(service, name, &params, &response, &[]);
        assert_eq!(format!("{on}: {what}"), expected, "{call}");
    }
}

#[test]
fn things_have_one_form_wherever_they_are_named() {
    let cases = [
        ("arn:aws:ecs:eu-west-2:1:service/shop/orders", Some("ecs:service/shop/orders")),
        ("arn:aws:ecs:eu-west-2:1:service-deployment/shop/orders/7Kq2", Some("ecs:service/shop/orders")),
        ("arn:aws:ecs:eu-west-2:1:service-revision/shop/orders/18", Some("ecs:service/shop/orders")),
        ("arn:aws:ecs:eu-west-2:1:task-definition/web-orders:18", Some("ecs:task-definition/web-orders")),
        ("arn:aws-cn:lambda:cn-north-1:1:function:receipts:live", Some("lambda:function:receipts")),
        ("arn:aws:logs:eu-west-2:1:log-group:/ecs/orders:*", Some("logs:log-group:/ecs/orders")),
        ("arn:aws:rds:eu-west-2:1:cluster:orders-db", Some("rds:cluster:orders-db")),
        ("arn:aws:iam::1:role/ci-deploy", Some("iam:role/ci-deploy")),
        ("arn:aws:s3:::bucket/key", Some("s3:bucket/key")),
        ("arn:aws:lambda", None),
        ("arn:", None),
        ("orders", None),
    ];
    for (arn, thing) in cases {
        assert_eq!(things::of_arn(arn).as_deref(), thing, "{arn}");
    }
    let of = |service: &str, params: Json| things::of_event(service, &params, &[]);
    assert_eq!(
        of("ecs", json!({ "cluster": "arn:aws:ecs:r:1:cluster/shop", "service": "orders" }))[0],
        "ecs:service/shop/orders"
    );
    assert_eq!(of("ecs", json!({ "service": "orders" })), ["ecs:service/default/orders"]);
    assert_eq!(
        of("application-autoscaling", json!({ "resourceId": "service/shop/orders" })),
        ["ecs:service/shop/orders"]
    );
    assert_eq!(of("rds", json!({ "dBClusterIdentifier": "orders-db" })), ["rds:cluster:orders-db"]);
    assert_eq!(of("sqs", json!({ "queueUrl": "https://sqs.r.amazonaws.com/1/q" })), ["sqs:q"]);
    let deep = json!({ "a": [{ "b": "arn:aws:s3:::x" }] });
    assert_eq!(of("config", deep), ["s3:x"], "ARNs count wherever they are");
}

#[test]
fn callers_are_named_as_people_know_them() {
    let words = |who: &Json| {
        let event = event("1", 0, "ecs:X", who, &json!(null));
        (event.who.kind, event.who.words(), event.who.is_aws())
    };
    let cases = [
        (user("alice"), Kind::User, "user alice", false),
        (role("ci-deploy", "github-1"), Kind::Role, "role ci-deploy", false),
        (scaler(), Kind::Role, "auto scaling", true),
        (role("AWSServiceRoleForECS", "x"), Kind::Role, "ECS (AWS)", true),
        (
            json!({ "type": "AWSService", "invokedBy": "ecs.amazonaws.com" }),
            Kind::Service,
            "ecs.amazonaws.com",
            true,
        ),
        (json!({ "type": "Root" }), Kind::Root, "root", false),
        (json!({ "type": "AWSAccount", "accountId": "999" }), Kind::Other, "account 999", false),
        (
            json!({ "type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/r/s" }),
            Kind::Role,
            "role r",
            false,
        ),
        (json!({ "type": "Martian" }), Kind::Other, "Martian", false),
        (json!(null), Kind::Other, "unknown", false),
        (json!([1, 2]), Kind::Other, "unknown", false),
    ];
    for (who, kind, expected, aws) in cases {
        assert_eq!(words(&who), (kind, expected.to_owned(), aws), "{who}");
    }
    // What CloudFormation does, somebody asked it to do.
    let mut through = role("ci-deploy", "s");
    through["invokedBy"] = "cloudformation.amazonaws.com".into();
    assert!(!words(&through).2);
}

#[test]
fn only_what_services_do_by_themselves_is_noise() {
    let ci = role("ci-deploy", "s");
    let cases = [
        ("ecs:UpdateService", ci.clone(), json!({}), Nature::Change),
        ("ecs:UpdateService", scaler(), json!({ "desiredCount": 3 }), Nature::Scaling),
        ("ecs:UpdateService", user("alice"), json!({ "desiredCount": 3 }), Nature::Change),
        ("sts:AssumeRole", ci.clone(), json!({}), Nature::Noise),
        ("logs:CreateLogStream", role("fn-role", "fn"), json!({}), Nature::Noise),
        ("elasticloadbalancing:RegisterTargets", role("AWSServiceRoleForECS", "x"), json!({}), Nature::Noise),
        ("elasticloadbalancing:RegisterTargets", user("alice"), json!({}), Nature::Change),
        ("ecs:RunTask", role("reports-scheduler", "r"), json!({}), Nature::Noise),
        ("ecs:RunTask", user("alice"), json!({}), Nature::Change),
        ("rds:FailoverDBCluster", role("AWSServiceRoleForRDS", "x"), json!({}), Nature::Scaling),
        ("unheard:OfThing", ci, json!({}), Nature::Change),
    ];
    for (call, who, params, expected) in cases {
        let event = event("1", 0, call, &who, &params);
        assert_eq!(event.nature, expected, "{call} {who}");
        let (service, name) = call.split_once(':').unwrap();
        assert_eq!(nature::of(service, name, &event.who, &params), expected);
    }
    let read =
        event_with("1", 0, "ecs:DescribeServices", &user("a"), &json!({}), &json!({ "readOnly": true }));
    assert_eq!(read.nature, Nature::Read);
}

#[test]
fn a_broken_record_leaves_what_the_outline_says() {
    for record in
        ["", "{", "[]", "\"text\"", "{\"userIdentity\": 7, \"requestParameters\": \"x\", \"errorCode\": []}"]
    {
        let outline = Outline {
            id: "e1",
            at: at(0),
            name: "UpdateService",
            source: "ecs.amazonaws.com",
            username: Some("alice"),
            key: Some("AKIAEXAMPLE"),
            resources: vec![("AWS::ECS::Service".into(), "arn:aws:ecs:r:1:service/shop/orders".into())],
            record,
            region: "eu-west-2",
            ..Outline::default()
        };
        let event = read(&outline, &mut Shared::default());
        assert_eq!(
            (&*event.name, &*event.service, &*event.region),
            ("UpdateService", "ecs", "eu-west-2"),
            "{record}"
        );
        assert_eq!((event.who.name.as_str(), event.key.as_deref()), ("alice", Some("AKIAEXAMPLE")));
        assert_eq!((&*event.on, &*event.things[0]), ("orders", "ecs:service/shop/orders"));
        assert_eq!((event.nature, event.error), (Nature::Change, None));
    }
}

#[test]
fn hostile_text_is_harmless_and_short() {
    let evil = "\u{1b}]52;c;eA==\u{7}\u{1b}[31m\u{202e}\r\n\u{9b}x";
    let long = format!("{evil}{}", "y".repeat(100_000));
    let who = json!({ "type": "IAMUser", "userName": long });
    let params =
        json!({ "name": long, "tags": { long.clone(): long }, "arn": format!("arn:aws:s3:::{long}") });
    let more = json!({ "userAgent": long, "sourceIPAddress": long, "errorCode": long, "errorMessage": long });
    let event = event_with(&long, 0, "s3:PutBucketTagging", &who, &params, &more);
    let all = serde_json::to_string(&event).unwrap();
    assert!(!all.chars().any(|c| c.is_control() || c == '\u{202e}'), "{all}");
    assert!(event.cost() < 4_000, "{}", event.cost());
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        "\\PC{0,20}".prop_map(Json::from),
        Just(Json::from("arn:aws:ecs:r:1:service/a/b")),
    ];
    let key = prop_oneof![
        Just("service".to_owned()),
        Just("userIdentity".to_owned()),
        Just("requestParameters".to_owned()),
        Just("type".to_owned()),
        Just("AssumedRole".to_owned()),
        "[a-zA-Z]{1,12}"
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_record_panics_and_none_is_lost(record in any_json(), cut in 0_usize..200, name in "\\PC{0,30}") {
        let text: String = record.to_string().chars().take(if cut > 150 { usize::MAX } else { cut }).collect();
        let outline = Outline { id: "x", at: at(0), name: &name, source: &name, record: &text, ..Outline::default() };
        let event = read(&outline, &mut Shared::default());
        prop_assert_eq!(event.at, at(0));
        let shown = format!("{} {} {} {}", event.sentence(), event.who.words(), event.params, event.things.join(" "));
        prop_assert!(!shown.chars().any(char::is_control));
    }
}
