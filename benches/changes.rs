//! 50,000 events of the trail. Budgets: any grouping or filter within 20 ms, a page of 50 taken by the store (on
//! the UI loop) within 2 ms, all of it in at most 40 MiB.

use divan::{Bencher, black_box};
use eyewall::aws::TargetId;
use eyewall::features::changes::Subject;
use eyewall::features::changes::lens::Lens;
use eyewall::features::changes::model::{Batch, Event};
use eyewall::features::changes::record::{Outline, Shared, read};
use eyewall::features::changes::rows::{Order, Part, RowsJob};
use eyewall::features::changes::trail::{MAX_BYTES, MAX_EVENTS, Trail};
use jiff::Timestamp;
use std::sync::Arc;

fn main() {
    let trail = kept();
    let bytes = trail.bytes();
    assert!(trail.events().len() == MAX_EVENTS && bytes <= MAX_BYTES, "{bytes} bytes");
    divan::main();
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}

/// A record of about 1,300 bytes: deployments, scaling, calls of services, by many callers on many services.
fn event(n: i64, shared: &mut Shared) -> Arc<Event> {
    let (role, via) = match n % 7 {
        0..=2 => ("AWSServiceRoleForECS", r#""invokedBy":"ecs.amazonaws.com","#),
        3 => (
            "AWSServiceRoleForApplicationAutoScaling_ECSService",
            r#""invokedBy":"ecs.application-autoscaling.amazonaws.com","#,
        ),
        _ => ("ci-deploy", ""),
    };
    let service = format!("service-{}", n * 31 % 400);
    let record = format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE:session-{}",{via}"arn":"arn:aws:sts::111122223333:assumed-role/{role}/session","accountId":"111122223333","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/{role}","userName":"{role}"}},"attributes":{{"mfaAuthenticated":"false"}}}}}},"eventSource":"ecs.amazonaws.com","eventName":"UpdateService","awsRegion":"eu-west-2","sourceIPAddress":"203.0.113.{}","userAgent":"Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux#6.8.0","requestParameters":{{"cluster":"shop","service":"{service}","desiredCount":{},"taskDefinition":"web-{service}:{}"}},"responseElements":{{"service":{{"runningCount":4,"deployments":[{{"status":"PRIMARY"}},{{"status":"ACTIVE","taskDefinition":"arn:aws:ecs:eu-west-2:111122223333:task-definition/web-{service}:{}"}}]}}}},"requestID":"0c4e2b7a-1111-4222-a333-{n:012x}","readOnly":false}}"#,
        n % 300,
        n % 250,
        n % 40,
        n % 90 + 1,
        n % 90,
    );
    let outline = Outline {
        id: &format!("{:08x}-0000-4000-a000-{n:012x}", n.wrapping_mul(0x9e37_79b9) & 0xffff_ffff),
        at: at(1_800_000_000 - n * 3),
        name: ["UpdateService", "RegisterTargets", "CreateNetworkInterface", "ModifyRule"][(n % 4) as usize],
        source: "ecs.amazonaws.com",
        username: Some("session"),
        key: Some("ASIAEXAMPLE"),
        record: &record,
        region: "eu-west-2",
        ..Outline::default()
    };
    Arc::new(read(&outline, shared))
}

fn events(range: std::ops::Range<i64>) -> Vec<Arc<Event>> {
    let mut shared = Shared::default();
    range.map(|n| event(n, &mut shared)).collect()
}

fn batch(first: u64, events: Vec<Arc<Event>>) -> Batch {
    Batch { first, next: first + events.len() as u64, whole: first == 0, events, reaches: Vec::new() }
}

fn kept() -> Trail {
    let mut trail = Trail::default();
    trail.push(batch(0, events(0..MAX_EVENTS as i64)));
    trail
}

fn job(
    events: &Arc<Vec<Arc<Event>>>,
    subject: Option<Subject>,
    needle: &str,
    all: bool,
    order: Order,
) -> RowsJob {
    let lens = Lens { subject, ..Lens::default() };
    RowsJob {
        rev: 1,
        parts: vec![Part { target: TargetId::new("prod"), events: Arc::clone(events), lens }],
        extras: Vec::new(),
        range: (at(0), at(2_000_000_000)),
        needle: needle.to_owned(),
        all,
        account: false,
        order,
    }
}

const CASES: [&str; 7] = ["as it opens", "all", "by who", "by thing", "filter", "nothing fits", "a service"];

#[divan::bench(args = CASES, sample_count = 30)]
fn rows_of_50_000_events(bencher: Bencher, case: &str) {
    let trail = kept();
    let events = trail.events();
    let make = || match case {
        "all" => job(events, None, "", true, Order::Time),
        "by who" => job(events, None, "", true, Order::Who),
        "by thing" => job(events, None, "", true, Order::Thing),
        "filter" => job(events, None, "service-77", true, Order::Time),
        "nothing fits" => job(events, None, "zebra crossing", true, Order::Time),
        "a service" => job(events, Some(Subject::Service("service-77".into())), "", true, Order::Time),
        _ => job(events, None, "", false, Order::Time),
    };
    bencher.with_inputs(make).bench_values(RowsJob::run);
}

#[divan::bench(sample_count = 30)]
fn take_a_page(bencher: Bencher) {
    let page = || events(-50..0);
    bencher.with_inputs(|| (kept(), page())).bench_local_values(|(mut trail, page)| {
        trail.push(batch(MAX_EVENTS as u64, page));
        trail
    });
}

#[divan::bench(sample_count = 100)]
fn read_a_page(bencher: Bencher) {
    bencher.bench(|| events(black_box(0..50)));
}
