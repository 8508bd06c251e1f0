//! `ListDetectors`, `ListFindings`, `GetFindings`: the only SDK code of this feature.
//!
//! Findings are read worst first, some pages at each poll until all are there, afterwards only those that
//! changed; every few minutes the ids are listed again, because a finding that was archived changes nothing. A
//! region that fails says so and the others go on. Documents are taken from the answer's body
//! ([`super::head`] says why).

use super::model::{
    Coverage, DetailQuery, Finding, FindingList, ListQuery, MAX_BYTES, MAX_FINDINGS, RegionState,
};
use super::{facts, head};
use crate::aws::operation::{
    GET_ADMINISTRATOR_ACCOUNT, GET_DETECTOR, GET_FINDINGS, LIST_DETECTORS, LIST_FINDINGS,
};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use crate::text::sanitize;
use aws_sdk_guardduty::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_guardduty::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_guardduty::error::BoxError;
use aws_sdk_guardduty::types::{Condition, FindingCriteria, OrderBy, SortCriteria};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Findings in a page and in a question for documents: the most that GuardDuty takes.
const PAGE: i32 = 50;
/// Pages that one poll reads at most, so that the first findings are on screen soon.
const PAGES: usize = 6;
/// Detectors are looked for this often.
const DETECTOR_EVERY: Duration = Duration::from_mins(10);
/// All ids are listed again this often: what was archived goes then.
const LIST_EVERY: Duration = Duration::from_mins(30);
/// The same where one poll can list them all.
const LIST_FEW_EVERY: Duration = Duration::from_mins(5);
/// Changes are asked for from this long before the last poll: updates become visible late.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// Reads the findings of a target.
pub struct ListSource {
    conn: Conn,
    pub(super) regions: BTreeMap<String, Region>,
}

/// What is known of a region.
#[derive(Default)]
pub(super) struct Region {
    detector: Option<Detector>,
    /// When the detector was looked for last.
    checked: Option<Duration>,
    /// How it is set up was read since then.
    told: bool,
    pub(super) found: BTreeMap<String, Arc<Finding>>,
    /// The listing of all ids that is under way.
    pass: Option<Pass>,
    /// When the last listing of all ids ended.
    listed: Option<Duration>,
    /// There were more than are kept.
    capped: bool,
    /// Changes are asked for from here on.
    since: Timestamp,
}

/// A listing of all ids, worst first.
#[derive(Default)]
struct Pass {
    token: Option<String>,
    seen: BTreeSet<String>,
    began: Timestamp,
}

#[derive(Debug, Clone, Default)]
struct Detector {
    id: String,
    suspended: bool,
    features_off: Vec<String>,
    administrator: Option<String>,
    note: Option<String>,
}

impl ListSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), regions: BTreeMap::new() }
    }

    async fn list(&mut self, query: &ListQuery, ctx: &SourceCtx) -> Result<FindingList, SourceError> {
        let own = self.conn.region().unwrap_or_default();
        let mut names: Vec<String> = if query.regions.is_empty() { vec![own] } else { query.regions.clone() };
        let mut known = BTreeSet::new();
        names.retain(|name| known.insert(name.clone()));
        self.regions.retain(|name, _| known.contains(name));
        let mut list = FindingList::default();
        let mut failed: Option<SourceError> = None;
        for name in &names {
            let conn = self.conn.in_region(name).await;
            let region = self.regions.entry(name.clone()).or_default();
            let answer = region.read(&conn, name, ctx).await;
            let error = answer.as_ref().err();
            list.regions.push(region.state(name, error));
            list.findings.extend(region.found.values().cloned());
            if let Err(error) = answer {
                // Credentials that do not work work nowhere.
                if error.class.parks() {
                    return Err(error);
                }
                failed.get_or_insert(error);
            }
        }
        // What was read before stays on screen; the poller knows how to go on after each kind of error.
        let all_failed = list.regions.iter().all(|region| matches!(region.coverage, Coverage::Failed(_)));
        if let Some(error) = failed.filter(|_| all_failed) {
            return Err(error);
        }
        list.settle(MAX_FINDINGS, MAX_BYTES);
        Ok(list)
    }
}

impl Source for ListSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Findings(query) = query else {
            return Err(internal("security", "not a list of findings"));
        };
        self.list(query, ctx).await.map(Box::new).map(Payload::Findings)
    }
}

impl Region {
    /// Reads what is due. Pages that were read before an error stay. How GuardDuty is set up can wait until
    /// the first findings are on screen: each call takes its turn.
    async fn read(&mut self, conn: &Conn, region: &str, ctx: &SourceCtx) -> Result<(), SourceError> {
        let now = ctx.now.since_start;
        if self.checked.is_none_or(|at| now.saturating_sub(at) >= DETECTOR_EVERY) {
            let id = detector(conn).await?;
            let known = self.detector.take();
            let new = |id: String| Detector { id, ..Detector::default() };
            self.detector = id.map(|id| known.filter(|known| known.id == id).unwrap_or_else(|| new(id)));
            (self.checked, self.told) = (Some(now), false);
        }
        let Some(detector) = self.detector.as_ref().map(|detector| detector.id.clone()) else {
            self.found.clear();
            self.pass = None;
            return Ok(());
        };
        let every = if self.found.len() <= PAGES * PAGE as usize { LIST_FEW_EVERY } else { LIST_EVERY };
        let first = self.listed.is_none();
        if self.pass.is_some() || self.listed.is_none_or(|at| now.saturating_sub(at) >= every) {
            let answer = self.all(conn, region, &detector, ctx).await;
            // A page's token does not keep for ever: from the start again.
            if answer.as_ref().is_err_and(|error| error.class == ErrorClass::Invalid) {
                self.pass = None;
            }
            if first || self.pass.is_some() || answer.is_err() {
                return answer;
            }
        }
        self.changed(conn, region, &detector, ctx.now.wall).await?;
        if let Some(detector) = self.detector.as_mut().filter(|_| !self.told) {
            about(conn, detector).await?;
            self.told = true;
        }
        Ok(())
    }

    async fn all(
        &mut self,
        conn: &Conn,
        region: &str,
        detector: &str,
        ctx: &SourceCtx,
    ) -> Result<(), SourceError> {
        let pass = self.pass.get_or_insert_with(|| Pass { began: ctx.now.wall, ..Pass::default() });
        for _ in 0..PAGES {
            let (ids, next) = page(conn, detector, criteria(None), pass.token.clone()).await?;
            let new = ids.iter().filter(|id| !self.found.contains_key(*id)).cloned().collect();
            fetch(conn, region, detector, new, &mut self.found).await?;
            pass.seen.extend(ids);
            pass.token = next;
            self.capped = pass.token.is_some() && pass.seen.len() >= MAX_FINDINGS;
            if pass.token.is_none() || self.capped {
                self.found.retain(|id, _| pass.seen.contains(id));
                if self.listed.is_none() {
                    self.since = pass.began;
                }
                self.listed = Some(ctx.now.since_start);
                self.pass = None;
                return Ok(());
            }
        }
        Ok(())
    }

    async fn changed(
        &mut self,
        conn: &Conn,
        region: &str,
        detector: &str,
        now: Timestamp,
    ) -> Result<(), SourceError> {
        let from = self.since.checked_sub(OVERLAP).unwrap_or(self.since);
        let mut token = None;
        for _ in 0..PAGES {
            let (ids, next) = page(conn, detector, criteria(Some(from)), token).await?;
            fetch(conn, region, detector, ids, &mut self.found).await?;
            token = next;
            if token.is_none() {
                self.since = now;
                return Ok(());
            }
        }
        // More than one poll can read: all are listed again, some pages at a time.
        self.listed = None;
        Ok(())
    }

    fn state(&self, name: &str, error: Option<&SourceError>) -> RegionState {
        let detector = self.detector.as_ref();
        let capped =
            self.capped.then(|| format!("more than {MAX_FINDINGS} findings: the mildest are not read"));
        let coverage = match (error, detector) {
            (Some(error), _) => Coverage::Failed(error.short()),
            (None, Some(detector)) if detector.suspended => Coverage::Suspended,
            (None, Some(_)) => Coverage::On,
            (None, None) => Coverage::Off,
        };
        RegionState {
            region: sanitize(name).into_owned(),
            detector: detector.map(|it| it.id.clone()).unwrap_or_default(),
            coverage,
            administrator: detector.and_then(|it| it.administrator.clone()),
            features_off: detector.map(|it| it.features_off.clone()).unwrap_or_default(),
            reading: detector.is_some() && self.listed.is_none(),
            // One that cannot be read has its reason in the coverage.
            told: self.told || detector.is_none() || error.is_some(),
            note: capped.or_else(|| detector.and_then(|it| it.note.clone())),
        }
    }
}

/// The region's detector: there is one, or GuardDuty is not enabled.
async fn detector(conn: &Conn) -> Result<Option<String>, SourceError> {
    let listed = conn.call(&LIST_DETECTORS, conn.guardduty().list_detectors().send()).await?;
    Ok(listed.detector_ids().first().cloned())
}

/// How a detector is set up. A caller that may not ask for this may still read findings.
async fn about(conn: &Conn, detector: &mut Detector) -> Result<(), SourceError> {
    let client = conn.guardduty();
    detector.note = None;
    match conn.call(&GET_DETECTOR, client.get_detector().detector_id(&detector.id).send()).await {
        Ok(about) => {
            let disabled = |status: Option<&str>| status == Some("DISABLED");
            let off = about.features().iter().filter(|it| disabled(it.status().map(AsRef::as_ref)));
            let off = off.filter_map(|it| Some(sanitize(it.name()?.as_str()).into_owned()));
            detector.features_off = off.collect();
            detector.suspended = disabled(about.status().map(AsRef::as_ref));
        }
        Err(error) if error.class.parks() => return Err(error),
        Err(error) => detector.note = Some(format!("settings unknown: {}", error.short())),
    }
    let request = client.get_administrator_account().detector_id(&detector.id);
    match conn.call(&GET_ADMINISTRATOR_ACCOUNT, request.send()).await {
        Ok(answer) => {
            let account = answer.administrator().and_then(|it| it.account_id());
            detector.administrator = account.filter(|it| !it.is_empty()).map(|it| sanitize(it).into_owned());
        }
        Err(error) if error.class.parks() => return Err(error),
        Err(error) => {
            let unknown = format!("administrator account unknown: {}", error.short());
            detector.note.get_or_insert(unknown);
        }
    }
    Ok(())
}

/// Findings that are not archived, maybe only those that changed since.
fn criteria(since: Option<Timestamp>) -> FindingCriteria {
    let current = Condition::builder().equals("false").build();
    let criteria = FindingCriteria::builder().criterion("service.archived", current);
    let Some(since) = since else { return criteria.build() };
    let changed = Condition::builder().greater_than_or_equal(since.as_millisecond()).build();
    criteria.criterion("updatedAt", changed).build()
}

/// Takes the documents of these findings in; those that were archived meanwhile go.
async fn fetch(
    conn: &Conn,
    region: &str,
    detector: &str,
    ids: Vec<String>,
    found: &mut BTreeMap<String, Arc<Finding>>,
) -> Result<(), SourceError> {
    if ids.is_empty() {
        return Ok(());
    }
    for document in documents(conn, detector, ids).await? {
        let Some(finding) = head::finding(&document, region) else { continue };
        if finding.archived {
            found.remove(&finding.id);
        } else {
            found.insert(finding.id.clone(), Arc::new(finding));
        }
    }
    Ok(())
}

async fn page(
    conn: &Conn,
    detector: &str,
    criteria: FindingCriteria,
    token: Option<String>,
) -> Result<(Vec<String>, Option<String>), SourceError> {
    let worst = SortCriteria::builder().attribute_name("severity").order_by(OrderBy::Desc).build();
    let request = conn
        .guardduty()
        .list_findings()
        .detector_id(detector)
        .finding_criteria(criteria)
        .sort_criteria(worst)
        .max_results(PAGE)
        .set_next_token(token);
    let page = conn.call(&LIST_FINDINGS, request.send()).await?;
    let next = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
    Ok((page.finding_ids.unwrap_or_default(), next))
}

/// The documents of at most [`PAGE`] findings.
async fn documents(conn: &Conn, detector: &str, ids: Vec<String>) -> Result<Vec<Value>, SourceError> {
    let body = Body::default();
    let request = conn.guardduty().get_findings().detector_id(detector).set_finding_ids(Some(ids));
    conn.call(&GET_FINDINGS, request.customize().interceptor(body.clone()).send()).await?;
    let answer: Value = serde_json::from_slice(&body.take()).unwrap_or_default();
    Ok(match answer {
        Value::Object(mut members) => match members.remove("findings") {
            Some(Value::Array(findings)) => findings,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    })
}

/// Keeps the body of the answer that the SDK took apart.
#[derive(Debug, Clone, Default)]
struct Body(Arc<Mutex<Vec<u8>>>);

impl Body {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Body {
    fn name(&self) -> &'static str {
        "GuardDutyDocuments"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        Ok(())
    }
}

/// Reads everything that one finding says.
pub struct DetailSource {
    conn: Conn,
}

impl DetailSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone() }
    }

    async fn read(&self, query: &DetailQuery) -> Result<Payload, SourceError> {
        let conn = self.conn.in_region(&query.region).await;
        let documents = documents(&conn, &query.detector, vec![query.id.clone()]).await?;
        let Some(document) = documents.first() else {
            let gone = "the finding is not there any more: GuardDuty keeps findings for 90 days";
            return Err(SourceError::new(ErrorClass::Invalid, GET_FINDINGS.action, gone));
        };
        Ok(Payload::Finding(Box::new(facts::detail(document, &query.region))))
    }
}

impl Source for DetailSource {
    async fn poll(&mut self, query: &Query, _ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Finding(query) = query else { return Err(internal("security", "not a finding")) };
        self.read(query).await
    }
}
