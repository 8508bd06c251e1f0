//! What follows from a finding: its band, its folding, what contains it, where it leads.
#![expect(clippy::unnecessary_wraps, reason = "it is compared with what may be missing")]

use crate::app::Now;
use crate::aws::TargetId;
use crate::features::changes::Subject;
use crate::features::security::arrange::{Grouping, Row, Wanted, arrange};
use crate::features::security::contain::command;
use crate::features::security::model::{Finding, FindingList, Level, Resource, Who, badge};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn now() -> Now {
    Now { since_start: Duration::from_mins(10), wall: "2026-11-22T04:19:00Z".parse().unwrap() }
}

pub(super) fn ago(minutes: i64) -> Option<Timestamp> {
    Timestamp::from_second(now().wall.as_second() - 60 * minutes).ok()
}

pub(super) fn finding(id: &str, kind: &str, severity: f64, minutes: i64) -> Finding {
    Finding {
        id: id.into(),
        arn: format!("arn:aws:guardduty:us-east-1:111122223333:detector/d/finding/{id}"),
        region: "us-east-1".into(),
        account: "111122223333".into(),
        kind: kind.into(),
        severity: Some(severity),
        title: format!("{kind} was found."),
        description: format!("{kind} was found, and this is a longer sentence about it."),
        updated: ago(minutes),
        first: ago(minutes + 30),
        last: ago(minutes),
        count: Some(12),
        ..Finding::default()
    }
}

fn resource(kind: &str, name: &str, id: &str, within: &str) -> Resource {
    Resource { kind: kind.into(), name: name.into(), id: id.into(), within: within.into() }
}

fn who(kind: &str, name: &str, key: &str) -> Option<Who> {
    Some(Who { name: name.into(), kind: kind.into(), key: key.into(), principal: "AIDA".into() })
}

#[test]
fn bands_are_guarddutys() {
    for (severity, level) in [
        (1.0, Level::Low),
        (3.9, Level::Low),
        (4.0, Level::Medium),
        (6.9, Level::Medium),
        (7.0, Level::High),
        (8.9, Level::High),
        (9.0, Level::Critical),
        (10.0, Level::Critical),
    ] {
        assert_eq!(Level::of(severity), level, "{severity}");
    }
}

#[test]
fn the_short_name_tells_the_threat() {
    for (kind, short) in [
        ("UnauthorizedAccess:IAMUser/MaliciousIPCaller", "MaliciousIPCaller"),
        ("Exfiltration:S3/AnomalousBehavior", "Exfiltration/AnomalousBehavior"),
        ("Execution:Kubernetes/AnomalousBehavior.ExecInPod", "Execution/AnomalousBehavior.ExecInPod"),
        ("nonsense", "nonsense"),
    ] {
        assert_eq!(finding("a", kind, 5.0, 5).threat(), short);
    }
}

#[test]
fn only_what_matters_now_counts() {
    let iam = "Persistence:IAMUser/AnomalousBehavior";
    let archived = Finding { archived: true, ..finding("x", "Trojan:EC2/X", 8.0, 5) };
    let unknown = Finding { severity: None, ..finding("x", iam, 0.0, 5) };
    for (name, finding, matters, counts) in [
        ("high", finding("a", "Trojan:EC2/X", 8.0, 5), true, true),
        ("medium", finding("a", "Recon:EC2/Portscan", 5.0, 5), false, false),
        ("medium about an identity", finding("a", iam, 5.0, 5), true, true),
        ("low about an identity", finding("a", iam, 2.0, 5), false, false),
        ("unknown severity about an identity", unknown, true, true),
        ("high of yesterday", finding("a", "Trojan:EC2/X", 8.0, 24 * 60 + 1), true, false),
        ("put away", archived, false, false),
    ] {
        assert_eq!(finding.matters(), matters, "{name}");
        let list = FindingList { findings: vec![finding.into()], ..FindingList::default() };
        assert_eq!(badge([&list].into_iter(), now()).is_some(), counts, "{name}");
    }
}

#[test]
fn a_finding_leads_to_its_key_user_address_or_resource() {
    let mut case = finding("a", "UnauthorizedAccess:IAMUser/X", 5.0, 5);
    assert_eq!(case.subject(), None);
    case.resources = vec![resource("Instance", "web-1", "i-1", "vpc-1")];
    assert_eq!(case.subject(), Some(Subject::Resource("web-1".into())));
    case.addresses = vec!["203.0.113.77".into()];
    assert_eq!(case.subject(), Some(Subject::Address("203.0.113.77".into())));
    // CloudTrail knows a role's session, not the role.
    case.who = who("AssumedRole", "web-task", "");
    assert_eq!(case.subject(), Some(Subject::User("web-task".into())));
    case.who = who("AssumedRole", "web-task", "ASIAEXAMPLE");
    assert_eq!(case.subject(), Some(Subject::AccessKey("ASIAEXAMPLE".into())));
    case.who.as_mut().unwrap().principal = "AROAEXAMPLE:i-0c0ffee".into();
    assert_eq!(case.subject(), Some(Subject::User("i-0c0ffee".into())));
    case.who = who("IAMUser", "reports", "AKIAEXAMPLE");
    assert_eq!(case.subject(), Some(Subject::AccessKey("AKIAEXAMPLE".into())));
}

#[test]
fn what_contains_it_is_a_command_that_can_be_undone() {
    let now = now().wall;
    let base = finding("f1", "X:Y/Z", 8.0, 5);
    let with = |resources: Vec<Resource>| Finding { resources, ..base.clone() };
    for (name, finding, expected) in [
        ("nothing", base.clone(), vec![]),
        (
            "a user's key",
            Finding { who: who("IAMUser", "reports", "AKIA1"), ..base.clone() },
            vec!["aws iam update-access-key --user-name reports --access-key-id AKIA1 --status Inactive"],
        ),
        (
            "a role's sessions",
            Finding { who: who("AssumedRole", "web-task", "ASIA1"), ..base.clone() },
            vec![
                "aws iam put-role-policy --role-name web-task --policy-name AWSRevokeOlderSessions",
                r#"{"aws:TokenIssueTime":"2026-11-22T04:19:00Z"}"#,
            ],
        ),
        ("root", Finding { who: who("Root", "Root", "AKIA1"), ..base.clone() }, vec![]),
        (
            "a bucket",
            with(vec![resource("S3Bucket", "shop", "shop", "")]),
            vec!["aws s3api put-public-access-block --bucket shop", "RestrictPublicBuckets=true"],
        ),
        (
            "an instance",
            with(vec![resource("Instance", "web", "i-1", "vpc-1")]),
            vec!["create-security-group --group-name quarantine-i-1", "--vpc-id vpc-1", "--instance-id i-1"],
        ),
        ("an instance in no known network", with(vec![resource("Instance", "web", "i-1", "")]), vec![]),
        (
            "a function",
            with(vec![resource("Lambda", "pay", "pay", "")]),
            vec![
                "put-function-concurrency --function-name pay --reserved-concurrent-executions 0 --region us-east-1",
            ],
        ),
        (
            "a task",
            with(vec![resource("ECSTask", "0f3a", "arn:aws:ecs:r:1:task/shop/0f3a", "shop")]),
            vec!["aws ecs stop-task --cluster shop --task arn:aws:ecs:r:1:task/shop/0f3a"],
        ),
        (
            "a pod",
            with(vec![resource("Kubernetes pods", "web", "web", "prod")]),
            vec!["kubectl --namespace prod delete pod web"],
        ),
        (
            "a hostile name",
            with(vec![resource("S3Bucket", "x", "x; rm -rf $HOME '", "")]),
            vec![r"--bucket 'x; rm -rf $HOME '\''' "],
        ),
        ("something new", with(vec![resource("TimeMachine", "x", "x", "")]), vec![]),
    ] {
        let said = command(&finding, now);
        assert_eq!(said.is_some(), !expected.is_empty(), "{name}: {said:?}");
        for part in expected {
            assert!(
                said.as_deref().is_some_and(|said| said.contains(part)),
                "{name}: no `{part}` in {said:?}"
            );
        }
    }
}

pub(super) fn list(mut findings: Vec<Finding>) -> FindingList {
    for finding in &mut findings {
        if finding.resources.is_empty() {
            finding.resources = vec![resource("Instance", "web-1", "i-1", "vpc-1")];
        }
    }
    let findings = findings.into_iter().map(Arc::new).collect();
    let mut list = FindingList { findings, ..FindingList::default() };
    list.settle(100, usize::MAX);
    list
}

/// Rows as text: groups with their count, findings by their id.
fn rows(list: &FindingList, wanted: &Wanted) -> Vec<String> {
    let target = TargetId::new("prod");
    let rows = arrange(&[(&target, list)], wanted);
    let text = |row: Row| match row {
        Row::Group { label, count, worst } => format!("{label} {count} {}", worst.word()),
        Row::Finding(_, at) => format!("  {}", list.findings[at].id),
    };
    rows.into_iter().map(text).collect()
}

#[test]
fn rows_stand_under_what_they_have_in_common() {
    let mut other = finding("d", "Recon:EC2/Portscan", 5.0, 3);
    other.resources = vec![resource("Instance", "db-1", "i-2", "vpc-1")];
    let list = list(vec![
        finding("a", "Recon:EC2/Portscan", 5.0, 5),
        finding("b", "Trojan:EC2/X", 8.0, 50),
        finding("c", "Trojan:EC2/X", 8.0, 5),
        other,
    ]);
    let mut wanted = Wanted::default();
    assert_eq!(rows(&list, &wanted), ["HIGH 2 HIGH", "  c", "  b", "medium 2 medium", "  d", "  a"]);
    wanted.grouping = Grouping::Resource;
    assert_eq!(rows(&list, &wanted), ["web-1 3 HIGH", "  c", "  b", "  a", "db-1 1 medium", "  d"]);
    wanted.grouping = Grouping::Kind;
    let kinds = ["Trojan:EC2/X 2 HIGH", "  c", "  b", "Recon:EC2/Portscan 2 medium", "  d", "  a"];
    assert_eq!(rows(&list, &wanted), kinds);
    wanted.high_only = true;
    assert_eq!(rows(&list, &wanted), ["Trojan:EC2/X 2 HIGH", "  c", "  b"]);
    wanted = Wanted { filter: "DB-".into(), ..Wanted::default() };
    assert_eq!(rows(&list, &wanted), ["medium 1 medium", "  d"]);
    wanted.filter = "nothing such".into();
    assert_eq!(rows(&list, &wanted), Vec::<String>::new());
}

#[test]
fn what_there_is_no_room_for_is_counted() {
    let finding = |at: i32| Arc::new(finding(&format!("{at:02}"), "X:Y/Z", 1.0 + f64::from(at % 9), 5));
    let findings = || (0..20).map(finding);
    let mut list = FindingList { findings: findings().collect(), ..FindingList::default() };
    list.settle(15, usize::MAX);
    assert_eq!((list.findings.len(), list.dropped), (15, 5));
    assert!(list.findings.iter().all(|it| it.severity >= Some(2.0)), "the mildest went");
    let mut list = FindingList { findings: findings().collect(), ..FindingList::default() };
    let each = list.findings[0].bytes();
    list.settle(100, each * 4 + each / 2);
    assert_eq!((list.findings.len(), list.dropped), (4, 16));
}
