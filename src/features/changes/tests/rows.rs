//! What is listed, what is folded, and in which order.

use super::super::extras::{Extra, Kind, Mood};
use super::super::lens::Lens;
use super::super::rows::{Order, Part, Row, RowsDone, RowsJob, What};
use super::super::{Batch, Mark, Subject, marks, starter};
use super::screen;
use super::*;
use crate::aws::TargetId;
use crate::features::{Link, TargetStore};

fn job(events: Vec<Arc<Event>>, lens: Lens) -> RowsJob {
    let mut events = events;
    events.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    RowsJob {
        rev: 1,
        parts: vec![Part {
            target: TargetId::new("prod"),
            events: Arc::new(events),
            findings: Vec::new(),
            lens,
        }],
        extras: Vec::new(),
        range: (at(-3_600), at(0)),
        needle: String::new(),
        all: false,
        account: false,
        order: Order::Time,
    }
}

/// `-60 UpdateService orders`, with counts and groups.
fn shown(done: &RowsDone) -> Vec<String> {
    let word = |row: &Row| match &row.what {
        What::Calls(calls) if calls.count > 1 => {
            format!("{} {} ×{}", calls.newest.name, calls.newest.on, calls.count)
        }
        What::Calls(calls) => format!("{} {}", calls.newest.name, calls.newest.on),
        What::Extra(extra) => format!("{} {}", extra.kind.word(), extra.name),
        What::Group(name, count) => format!("[{name} {count}]"),
    };
    done.rows.iter().map(word).collect()
}

/// Events around an incident of `orders`, which `checkout` calls.
fn incident() -> Vec<Arc<Event>> {
    let ci = role("ci-deploy", "github-1");
    let mut events = vec![
        update("a", -100, "checkout", &ci, json!({ "taskDefinition": "web-checkout:42" })),
        update("b", -200, "orders", &scaler(), json!({ "desiredCount": 40 })),
        update("c", -300, "cart", &scaler(), json!({ "desiredCount": 6 })),
        event(
            "d",
            -400,
            "rds:ModifyDBCluster",
            &user("carol"),
            &json!({ "dBClusterIdentifier": "orders-db" }),
        ),
        event("e", -500, "s3:PutBucketPolicy", &user("carol"), &json!({ "bucketName": "photos" })),
        event_with("r", -700, "ecs:DescribeServices", &user("bob"), &json!({}), &json!({ "readOnly": true })),
    ];
    let scheduler = role("reports-scheduler", "reports");
    events.extend((0..40).map(|n| {
        event(
            &format!("n{n:02}"),
            -1_000 - n,
            "ecs:RunTask",
            &scheduler,
            &json!({ "taskDefinition": "reports:12" }),
        )
    }));
    events
}

fn lens(subject: Option<&Subject>) -> Lens {
    let app = screen::app();
    let ctx = app.ctx(screen::now(0));
    let target = ctx.store.target(&screen::prod()).unwrap();
    Lens::new(subject, target, &ctx)
}

fn orders() -> Lens {
    lens(Some(&Subject::Service("orders".into())))
}

#[test]
fn scaling_of_the_service_is_shown_and_noise_is_not() {
    let done = job(incident(), orders()).run();
    assert_eq!(shown(&done), ["UpdateService checkout", "UpdateService orders", "ModifyDBCluster orders-db"]);
    assert_eq!((done.folded.elsewhere, done.changes), (1, 2));
    let scaling = &done.rows[1];
    assert!(matches!(&scaling.what, What::Calls(calls) if calls.affects));
    // Cart is nobody's dependency here: its scaling is folded, and counted where the account is shown.
    let done = RowsJob { account: true, ..job(incident(), orders()) }.run();
    assert_eq!((done.folded.noise, done.folded.scaling, done.folded.reads), (40, 1, 1));
    assert_eq!(shown(&done)[3], "PutBucketPolicy photos");
}

#[test]
fn callers_scaling_is_never_folded() {
    let grown = vec![update("a", -10, "checkout", &scaler(), json!({ "desiredCount": 9 }))];
    assert_eq!(shown(&job(grown, orders()).run()), ["UpdateService checkout"]);
}

#[test]
fn without_a_subject_the_scaling_of_what_is_in_trouble_is_shown() {
    // An alarm of orders fires in this store.
    let done = job(incident(), lens(None)).run();
    assert!(shown(&done).contains(&"UpdateService orders".to_owned()), "{:?}", shown(&done));
    assert!(!shown(&done).contains(&"UpdateService cart".to_owned()));
    assert_eq!(done.folded.scaling, 1);
}

#[test]
fn repeats_are_one_row_and_everything_can_be_unfolded() {
    let done = RowsJob { all: true, ..job(incident(), lens(None)) }.run();
    assert!(shown(&done).contains(&"RunTask reports:12 ×40".to_owned()), "{:?}", shown(&done));
    assert_eq!(done.folded, super::super::rows::Folded::default());
    let total: u32 =
        done.rows.iter().map(|row| if let What::Calls(calls) = &row.what { calls.count } else { 0 }).sum();
    assert_eq!(total as usize, incident().len(), "none is lost");
    // More than a minute apart they are two.
    let apart = [0, 61, 100].map(|s| update(&s.to_string(), -s, "cart", &user("a"), json!({})));
    assert_eq!(
        shown(&job(apart.to_vec(), lens(None)).run()),
        ["UpdateService cart", "UpdateService cart ×2"]
    );
}

#[test]
fn somebody_is_followed_with_reads_and_refusals() {
    let mut thief = user("reports-export");
    thief["accessKeyId"] = "AKIAEXAMPLE".into();
    let events = vec![
        event_with("1", -10, "s3:ListBuckets", &thief, &json!({}), &json!({ "readOnly": true })),
        event_with(
            "2",
            -20,
            "iam:CreateRole",
            &thief,
            &json!({ "roleName": "x" }),
            &json!({ "errorCode": "AccessDenied" }),
        ),
        event("3", -30, "iam:CreateUser", &thief, &json!({ "userName": "svc" })),
        event("4", -40, "iam:CreateUser", &user("alice"), &json!({ "userName": "bob" })),
    ];
    for subject in [Subject::AccessKey("AKIAEXAMPLE".into()), Subject::User("reports-export".into())] {
        let lens = Lens { subject: Some(subject), ..Lens::default() };
        let done = job(events.clone(), lens).run();
        assert_eq!(shown(&done), ["ListBuckets ", "CreateRole x", "CreateUser svc"]);
    }
    let lens = Lens { subject: Some(Subject::Address("203.0.113.7".into())), ..Lens::default() };
    assert_eq!(job(events, lens).run().rows.len(), 4);
}

#[test]
fn a_resource_is_found_by_name_id_and_arn() {
    for name in ["orders-db", "rds:cluster:orders-db", "arn:aws:rds:eu-west-2:1:cluster:orders-db"] {
        let lens = Lens { subject: Some(Subject::Resource(name.into())), ..Lens::default() };
        assert_eq!(shown(&job(incident(), lens).run()), ["ModifyDBCluster orders-db"], "{name}");
    }
    let lens = Lens { subject: Some(Subject::Resource("db".into())), ..Lens::default() };
    assert_eq!(job(incident(), lens).run().rows.len(), 0, "not by a part of its name");
}

#[test]
fn a_filter_looks_into_everything_that_is_shown() {
    for (needle, expected) in [
        ("bucket", vec!["PutBucketPolicy photos"]),
        ("carol", vec!["ModifyDBCluster orders-db", "PutBucketPolicy photos"]),
        ("web-checkout:42", vec!["UpdateService checkout"]),
        (
            "203.0.113.7",
            vec![
                "UpdateService checkout",
                "UpdateService orders",
                "ModifyDBCluster orders-db",
                "PutBucketPolicy photos",
            ],
        ),
        ("nowhere", vec![]),
    ] {
        let done = RowsJob { needle: needle.into(), ..job(incident(), lens(None)) }.run();
        assert_eq!(shown(&done), expected, "{needle}");
    }
}

#[test]
fn groups_keep_rows_together() {
    let by = |order| shown(&RowsJob { order, ..job(incident(), lens(None)) }.run());
    assert_eq!(
        by(Order::Who),
        [
            "[role ci-deploy 1]",
            "UpdateService checkout",
            "[auto scaling 1]",
            "UpdateService orders",
            "[user carol 2]",
            "ModifyDBCluster orders-db",
            "PutBucketPolicy photos",
        ]
    );
    assert_eq!(by(Order::Thing)[..2], ["[checkout 1]", "UpdateService checkout"]);
}

#[test]
fn alarms_and_rollouts_stand_between_the_calls() {
    let extra = |seconds, kind, name: &str, service: &str| Extra {
        at: at(seconds),
        target: TargetId::new("prod"),
        kind,
        name: name.into(),
        text: String::new(),
        mood: Mood::Bad,
        service: Some(service.into()),
        about: Vec::new(),
        link: Link::Rollouts { shift: None, open: false },
    };
    let extras = vec![
        extra(-150, Kind::Alarm, "orders-5xx", "orders"),
        extra(-50, Kind::Alarm, "cart-5xx", "cart"),
        extra(-450, Kind::Rollout, "checkout", "checkout"),
        extra(-9_000, Kind::Alarm, "orders-p99", "orders"),
    ];
    let done = RowsJob { extras, ..job(incident(), orders()) }.run();
    assert_eq!(
        shown(&done),
        [
            "UpdateService checkout",
            "alarm orders-5xx",
            "UpdateService orders",
            "ModifyDBCluster orders-db",
            "rollout checkout"
        ]
    );
}

#[test]
fn marks_are_changes_and_scaling_that_matters() {
    let mut app = screen::app();
    let mut events = incident();
    events.extend(
        (0..3).map(|n| event(&format!("x{n}"), -600 - n, "s3:PutBucketPolicy", &user("dave"), &json!({}))),
    );
    events.push(event_with(
        "y",
        -5,
        "s3:DeleteBucket",
        &user("dave"),
        &json!({}),
        &json!({ "errorCode": "AccessDenied" }),
    ));
    screen::polled(&mut app, events, 0);
    let ctx = app.ctx(screen::now(0));
    let target = ctx.store.target(&screen::prod()).unwrap();
    let found = marks(target, (at(-3_600), at(0)), &ctx);
    let labels: Vec<&str> = found.iter().map(|mark| mark.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "UpdateService (ci-deploy)",
            "UpdateService (auto scaling)",
            "ModifyDBCluster (carol)",
            "PutBucketPolicy (carol)",
            "PutBucketPolicy (dave) ×3",
        ]
    );
    let affected: Vec<&Mark> = found.iter().filter(|mark| mark.affects).collect();
    assert_eq!(affected.len(), 1);
}

#[test]
fn who_began_a_deployment_is_the_call_nearest_to_it() {
    let mut shift = crate::features::rollouts::tests::canary();
    shift.created_at = Some(at(0));
    let deploy = |id, seconds, service, name| {
        update(id, seconds, service, &role(name, "github-1"), json!({ "taskDefinition": "web:42" }))
    };
    let scale = |id, seconds| update(id, seconds, "checkout", &scaler(), json!({ "desiredCount": 9 }));
    let began_by = |mut events: Vec<Arc<Event>>| {
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        let mut target = TargetStore::default();
        let next = events.len() as u64;
        target.trail.push(Batch { first: 0, next, whole: true, events, reaches: Vec::new() });
        starter(&target, &shift)
    };
    let others =
        || vec![deploy("1", 0, "orders", "other"), scale("2", 0), deploy("3", -3_000, "checkout", "old")];
    assert_eq!(began_by(others()), None);
    let own = vec![deploy("4", -2, "checkout", "ci-deploy"), deploy("5", 60, "checkout", "late")];
    assert_eq!(began_by([others(), own].concat()), Some("ci-deploy".to_owned()));
}
