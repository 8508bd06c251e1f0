//! 50,000 events of the trail. Budgets: any grouping or filter within 20 ms, a page of 50 taken by the store (on
//! the UI loop) within 2 ms; together with 10,000 findings in at most 60 MiB, counted in the process.
#![expect(clippy::print_stderr, reason = "memory is told beside the times")]

use divan::{Bencher, black_box};
use eyewall::aws::TargetId;
use eyewall::features::changes::Subject;
use eyewall::features::changes::lens::Lens;
use eyewall::features::changes::model::{Batch, Event, mark};
use eyewall::features::changes::record::{Outline, Shared, read};
use eyewall::features::changes::rows::{Order, Part, RowsJob};
use eyewall::features::changes::trail::{MAX_EVENTS, Trail};
use eyewall::features::security::{
    Finding, FindingList, MAX_BYTES as MAX_FINDING_BYTES, MAX_FINDINGS, Resource, Who,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// All that is kept at most, on both sides of the queue.
struct Kept {
    trail: Trail,
    /// As the source numbers them.
    sent: Vec<(u64, Arc<Event>)>,
    /// Their ids, as the source knows them.
    known: HashSet<u64>,
    findings: FindingList,
    /// The same by id, as the source has them.
    found: BTreeMap<String, Arc<Finding>>,
}

fn main() {
    let before = resident();
    let kept = everything();
    let took = resident().zip(before).map(|(after, before)| after.saturating_sub(before) as f64 / MIB);
    let (events, findings) = (kept.trail.events().len(), kept.findings.findings.len());
    let counted = kept.trail.bytes() + kept.findings.findings.iter().map(|it| it.bytes()).sum::<usize>();
    assert!(events == MAX_EVENTS && findings == MAX_FINDINGS, "{events} events, {findings} findings");
    assert!(kept.sent.len() == kept.known.len() && kept.found.len() == findings);
    eprintln!(
        "{events} events and {findings} findings: {:.1} MiB counted, {} MiB more in the process",
        counted as f64 / MIB,
        took.map_or("unknown".to_owned(), |took| format!("{took:.1}")),
    );
    assert!(took.is_none_or(|took| took <= 60.0), "more than 60 MiB");
    drop(kept);
    divan::main();
}

const MIB: f64 = 1_048_576.0;

/// Bytes of the process in memory, where the system tells.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<usize>().ok().map(|kib| kib * 1024)
}

fn everything() -> Kept {
    let trail = kept();
    let sent: Vec<_> = (0..).zip(trail.events().iter().cloned()).collect();
    let known = sent.iter().map(|(_, event)| mark(&event.id)).collect();
    let found: BTreeMap<_, _> =
        (0..MAX_FINDINGS).map(finding).map(|finding| (finding.id.clone(), Arc::new(finding))).collect();
    let mut findings = FindingList { findings: found.values().cloned().collect(), ..FindingList::default() };
    findings.settle(MAX_FINDINGS, MAX_FINDING_BYTES);
    Kept { trail, sent, known, findings, found }
}

/// A finding as those of GuardDuty are long: a bucket, a key and its user, an address.
fn finding(n: usize) -> Finding {
    let id = format!("{n:032x}");
    let user = format!("pipeline-user-{}", n % 300);
    let key = format!("AKIA{:016}", n % 300);
    let bucket = format!("team-{}-exports-eu-west-2", n % 700);
    let resource = |kind: &str, name: &str, within: &str| Resource {
        kind: kind.into(),
        name: name.into(),
        id: name.into(),
        within: within.into(),
    };
    Finding {
        arn: format!(
            "arn:aws:guardduty:eu-west-2:111122223333:detector/12abc34d567e8fa901bc2d34e56789f0/finding/{id}"
        ),
        id,
        region: "eu-west-2".into(),
        account: "111122223333".into(),
        kind: "Exfiltration:S3/AnomalousBehavior".into(),
        severity: Some([2.0, 5.0, 8.0][n % 3]),
        title: format!("User {user} is anomalously reading objects of the bucket {bucket}."),
        description: format!(
            "APIs commonly used to collect data from an S3 bucket, GetObject among them, were invoked by the user {user} \
             under anomalous circumstances: from an address and with a client that this account has not seen before. \
             The bucket {bucket} is one that this user does not read usually, and the volume of what was read is \
             far beyond what is read on other days. Look at what the key did since, and make it inactive if this was not you."
        ),
        updated: Some(at(1_800_000_000 - n as i64)),
        first: Some(at(1_799_990_000 - n as i64)),
        last: Some(at(1_800_000_000 - n as i64)),
        count: Some(n as i64 % 90),
        who: Some(Who {
            name: user.clone(),
            kind: "IAMUser".into(),
            key: key.clone(),
            principal: format!("AIDA{n:017}"),
        }),
        addresses: vec![format!("203.0.113.{}", n % 250)],
        resources: vec![resource("S3Bucket", &bucket, ""), resource("AccessKey", &key, &user)],
        ..Finding::default()
    }
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
        name: ["UpdateService", "RegisterTargets", "CreateNetworkInterface", "ModifyRule"]
            [n.rem_euclid(4) as usize],
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
        parts: vec![Part {
            target: TargetId::new("prod"),
            events: Arc::clone(events),
            findings: Vec::new(),
            lens,
        }],
        extras: Vec::new(),
        range: (at(0), at(2_000_000_000)),
        needle: needle.to_owned(),
        all,
        account: false,
        order,
    }
}

const CASES: [&str; 9] = [
    "as it opens",
    "all",
    "by who",
    "by thing",
    "a letter",
    "filter",
    "filter by thing",
    "nothing fits",
    "a service",
];

#[divan::bench(args = CASES, sample_count = 30)]
fn rows_of_50_000_events(bencher: Bencher, case: &str) {
    let trail = kept();
    let events = trail.events();
    let make = || match case {
        "all" => job(events, None, "", true, Order::Time),
        "by who" => job(events, None, "", true, Order::Who),
        "by thing" => job(events, None, "", true, Order::Thing),
        "a letter" => job(events, None, "e", true, Order::Time),
        "filter by thing" => job(events, None, "update", true, Order::Thing),
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
