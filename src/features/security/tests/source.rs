//! The sources through a real SDK client, against the simulated AWS and canned answers.

use crate::app::Now;
use crate::aws::{Access, Aws, Clocks, Conn, ErrorClass, SourceError, TargetSpec};
use crate::demo::world::Scenario;
use crate::demo::{Faults, SimAws};
use crate::features::security::model::{Coverage, Finding, FindingList, Level, ListQuery};
use crate::features::security::{DetailQuery, DetailSource, ListSource};
use crate::features::{Payload, Query, Source, SourceCtx};
use crate::runtime::clock::Clock;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_runtime_api::shared::IntoShared;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

const START: &str = "2026-11-22T04:19:00Z";

pub(super) fn ctx(seconds: u64) -> SourceCtx {
    let start: Timestamp = START.parse().unwrap();
    let since_start = Duration::from_secs(seconds);
    SourceCtx { now: Now { since_start, wall: start + since_start }, refreshes: 0 }
}

async fn connect(http: SharedHttpClient, clock: Clock, region: &str) -> Conn {
    let clocks = Clocks {
        monotonic: Arc::new(move || clock.since_start()),
        wall: Arc::new(move || clock.wall()),
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    };
    let spec = TargetSpec { region: Some(region.into()), ..TargetSpec::named("prod") };
    Aws::new(Access::Simulated { http }, clocks, None).connect(&spec).await
}

/// Gives one answer to everything.
#[derive(Debug)]
struct Canned(Vec<u8>);

impl HttpConnector for Canned {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = StatusCode::try_from(200).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.0.clone()))))
    }
}

/// A connection to something that gives this answer to everything.
pub(super) async fn canned(answer: Value) -> Conn {
    let connector = SharedHttpConnector::new(Canned(answer.to_string().into_bytes()));
    let http = http_client_fn(move |_, _| connector.clone());
    connect(http, Clock::starting_at(START.parse().unwrap()), "us-east-1").await
}

/// A simulated AWS and a source that reads it.
pub(super) struct Lab {
    sim: SimAws,
    pub(super) conn: Conn,
    source: ListSource,
    regions: Vec<String>,
}

impl Lab {
    pub(super) async fn new(scenario: &str, region: &str, regions: &[&str]) -> Self {
        Self::with(Scenario::builtin(scenario).unwrap(), region, regions).await
    }

    async fn with(scenario: Arc<Scenario>, region: &str, regions: &[&str]) -> Self {
        let clock = Clock::starting_at(START.parse().unwrap());
        let sim = SimAws::new(scenario, 1, START.parse().unwrap(), Arc::new(move || clock.wall()));
        let conn = connect(sim.clone().into_shared(), clock, region).await;
        let source = ListSource::new(&conn);
        Self { sim, conn, source, regions: regions.iter().map(|it| (*it).to_owned()).collect() }
    }

    pub(super) async fn read(&mut self, seconds: u64) -> Result<FindingList, SourceError> {
        let query = Query::Findings(ListQuery { regions: self.regions.clone() });
        match self.source.poll(&query, &ctx(seconds)).await? {
            Payload::Findings(list) => Ok(*list),
            other => panic!("{other:?}"),
        }
    }

    /// Reads until nothing is left to read.
    async fn whole(&mut self) -> FindingList {
        for second in 0..20 {
            let list = self.read(second).await.unwrap();
            if !list.reading() {
                return list;
            }
        }
        panic!("there was no end");
    }

    fn faults(&self, rules: &[&str]) {
        self.sim.set_faults(Faults::parse(rules.iter().copied()).unwrap());
    }

    fn calls(&self, operation: &str) -> u64 {
        self.sim.ceilings().iter().filter(|it| it.operation == operation).map(|it| it.total).sum()
    }
}

#[tokio::test(start_paused = true)]
async fn a_leaked_key_is_found_worst_first() {
    let mut lab = Lab::new("leaked-key", "us-east-1", &[]).await;
    let first = lab.read(0).await.unwrap();
    let list = lab.whole().await;
    assert_eq!(first.findings, list.findings, "they do not wait for how it is set up");
    let kinds: Vec<(&str, Level)> = list.findings.iter().map(|it| (it.kind.as_str(), it.level())).collect();
    assert_eq!(
        kinds,
        [
            ("AttackSequence:IAM/CompromisedCredentials", Level::Critical),
            ("Exfiltration:S3/AnomalousBehavior", Level::High),
            ("UnauthorizedAccess:IAMUser/MaliciousIPCaller", Level::Medium),
            ("Persistence:IAMUser/AnomalousBehavior", Level::Medium),
            ("Stealth:IAMUser/CloudTrailLoggingDisabled", Level::Low),
            ("Recon:EC2/PortProbeUnprotectedPort", Level::Low),
        ]
    );
    assert!(
        list.findings.iter().all(|it| it.who.as_ref().is_none_or(|who| who.key == "AKIAEXAMPLEREPORTS00"))
    );
    let region = list.region("us-east-1").unwrap();
    assert_eq!((&region.coverage, region.reading), (&Coverage::On, false));
    assert_eq!(region.administrator.as_deref(), Some("999988887777"));
    assert!(region.features_off.contains(&"EKS_AUDIT_LOGS".to_owned()));

    let first = &list.findings[0];
    let query = DetailQuery {
        region: first.region.clone(),
        detector: region.detector.clone(),
        id: first.id.clone(),
        updated: first.updated,
    };
    let answer = DetailSource::new(&lab.conn).poll(&Query::Finding(query), &ctx(0)).await.unwrap();
    let Payload::Finding(detail) = answer else { panic!("{answer:?}") };
    assert_eq!(detail.signals.len(), 14);
    assert!(detail.signals.is_sorted_by_key(|signal| signal.first));
    assert!(detail.sections.iter().any(|section| section.title == "sequence indicators"));
}

#[tokio::test(start_paused = true)]
async fn other_regions_are_read_and_those_without_a_detector_are_named() {
    let mut lab = Lab::new("leaked-key", "us-east-1", &["us-east-1", "eu-central-1", "sa-east-1"]).await;
    let list = lab.read(0).await.unwrap();
    let mined =
        list.findings.iter().find(|it| it.region == "eu-central-1" && it.level() == Level::High).unwrap();
    assert_eq!(mined.kind, "CryptoCurrency:EC2/BitcoinTool.B!DNS");
    assert!(mined.actor && mined.resources[0].within.starts_with("vpc-"));
    assert_eq!(list.region("sa-east-1").unwrap().coverage, Coverage::Off);
    assert_eq!(list.regions.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn later_polls_ask_only_for_what_changed() {
    let mut lab = Lab::new("leaked-key", "us-east-1", &[]).await;
    let first = lab.read(0).await.unwrap();
    assert_eq!((lab.calls("ListDetectors"), lab.calls("ListFindings"), lab.calls("GetFindings")), (1, 1, 1));
    tokio::time::advance(Duration::from_mins(1)).await;
    let second = lab.read(60).await.unwrap();
    assert_eq!((lab.calls("ListDetectors"), lab.calls("ListFindings")), (1, 2));
    assert_eq!(first.findings.len(), second.findings.len());
    // Nothing changed since 65 minutes: nothing to get.
    tokio::time::advance(Duration::from_mins(20)).await;
    lab.read(1_260).await.unwrap();
    let got = lab.calls("GetFindings");
    tokio::time::advance(Duration::from_mins(1)).await;
    lab.read(1_320).await.unwrap();
    assert_eq!((lab.calls("ListDetectors"), lab.calls("GetFindings")), (2, got));
    // After some minutes all ids are listed again, and none of them needs its document.
    let listed = lab.calls("ListFindings");
    tokio::time::advance(Duration::from_mins(10)).await;
    let last = lab.read(1_920).await.unwrap();
    assert_eq!(last.findings.len(), first.findings.len());
    assert_eq!((lab.calls("ListFindings"), lab.calls("GetFindings")), (listed + 2, got));
    // What is not listed any more was archived.
    let region = lab.source.regions.get_mut("us-east-1").unwrap();
    let gone = Arc::new(Finding { id: "gone".into(), ..(*first.findings[0]).clone() });
    region.found.insert(gone.id.clone(), gone);
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(lab.read(1_980).await.unwrap().findings.len(), first.findings.len() + 1);
    tokio::time::advance(Duration::from_mins(5)).await;
    assert_eq!(lab.read(2_280).await.unwrap().findings.len(), first.findings.len());
}

#[tokio::test(start_paused = true)]
async fn many_findings_come_in_pages_over_several_polls() {
    let text = "name = \"many\"\nsummary = \"many findings\"\n[generate]\nfindings = 700\n";
    let mut lab = Lab::with(Scenario::parse(text, "many.toml").unwrap(), "us-east-1", &[]).await;
    let first = lab.read(0).await.unwrap();
    assert!(first.reading());
    assert_eq!(first.findings.len(), 300);
    let worst = first.findings.last().unwrap().severity;
    let last = lab.whole().await;
    assert_eq!((last.findings.len(), last.reading()), (700, false));
    assert!(last.findings.iter().skip(300).all(|it| it.severity <= worst), "the worst come first");
}

#[tokio::test(start_paused = true)]
async fn failures_say_what_they_are() {
    for (rule, class) in [
        ("guardduty:ListDetectors=deny", ErrorClass::Denied),
        ("guardduty:ListFindings=throttle", ErrorClass::Throttled),
        ("guardduty:GetFindings=expire", ErrorClass::Expired),
        ("guardduty:GetFindings=garbage", ErrorClass::NotAws),
        ("guardduty:GetFindings=cut:300", ErrorClass::NotAws),
    ] {
        let mut lab = Lab::new("leaked-key", "us-east-1", &[]).await;
        lab.faults(&[rule]);
        let error = lab.read(0).await.unwrap_err();
        assert_eq!(error.class, class, "{rule}: {error}");
        lab.faults(&[]);
        assert_eq!(lab.read(60).await.unwrap().findings.len(), 6, "{rule}: it recovers");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_administrators_action_only_that_is_unknown() {
    let mut lab = Lab::new("leaked-key", "us-east-1", &[]).await;
    lab.faults(&["guardduty:GetAdministratorAccount=deny"]);
    let list = lab.whole().await;
    assert_eq!(list.findings.len(), 6);
    let note = list.region("us-east-1").unwrap().note.clone().unwrap();
    assert!(note.contains("administrator account unknown: denied"), "{note}");
    let mut lab = Lab::new("leaked-key", "us-east-1", &[]).await;
    lab.faults(&["guardduty:GetDetector=deny"]);
    let list = lab.whole().await;
    let region = list.region("us-east-1").unwrap();
    assert_eq!((list.findings.len(), &region.coverage), (6, &Coverage::On));
    assert!(region.note.as_ref().unwrap().contains("settings unknown: denied"), "{region:?}");
}
