//! Reads `CloudTrailEvent`, the JSON record of one call, into an [`Event`]. Pure.
//!
//! Records are what AWS and every client wrote into them: anything may be missing, of a wrong type or
//! hostile. What cannot be read is left out; the event itself never is.

use super::model::{Event, Kind, Marks, Nature, Who, mark};
use super::{answer, nature, sentence, things};
use crate::text::{cap, sanitize};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::collections::HashSet;
use std::sync::Arc;

/// Bytes of a short text that are kept.
const SHORT: usize = 200;
/// Bytes of request parameters that are kept.
const PARAMS: usize = 600;
/// Bytes of an error that are kept.
const ERROR: usize = 400;
/// A longer record is not looked into.
const LONGEST: usize = 1 << 20;
/// Shared texts; beyond, they are shared anew.
const MOST_SHARED: usize = 20_000;

/// What `LookupEvents` says of an event beside its record.
#[derive(Debug, Clone, Default)]
pub struct Outline<'a> {
    /// `EventId`
    pub id: &'a str,
    /// `EventTime`
    pub at: Timestamp,
    /// `EventName`
    pub name: &'a str,
    /// `EventSource`
    pub source: &'a str,
    /// `Username`
    pub username: Option<&'a str>,
    /// `AccessKeyId`
    pub key: Option<&'a str>,
    /// `ReadOnly` is `true`.
    pub read: bool,
    /// `Resources`: type and name.
    pub resources: Vec<(String, String)>,
    /// `CloudTrailEvent`
    pub record: &'a str,
    /// Region that was asked.
    pub region: &'a str,
}

/// Makes one text of many equal ones.
#[derive(Debug, Default)]
pub struct Shared {
    texts: HashSet<Arc<str>>,
    callers: HashSet<Arc<Who>>,
}

impl Shared {
    fn text(&mut self, text: &str) -> Arc<str> {
        let text = clean(text, SHORT);
        if let Some(known) = self.texts.get(text.as_str()) {
            return Arc::clone(known);
        }
        if self.texts.len() >= MOST_SHARED {
            self.texts.clear();
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    fn caller(&mut self, who: Who) -> Arc<Who> {
        if let Some(known) = self.callers.get(&who) {
            return Arc::clone(known);
        }
        if self.callers.len() >= MOST_SHARED {
            self.callers.clear();
        }
        let who = Arc::new(who);
        self.callers.insert(Arc::clone(&who));
        who
    }
}

/// One line of remote text, at most so many bytes of it.
fn clean(text: &str, most: usize) -> String {
    sanitize(cap(text, most).0).into_owned()
}

/// Reads an event.
pub fn read(outline: &Outline, shared: &mut Shared) -> Event {
    let record: Json = if outline.record.len() <= LONGEST {
        serde_json::from_str(outline.record).unwrap_or_default()
    } else {
        Json::Null
    };
    let text = |key: &str| record.get(key).and_then(Json::as_str).unwrap_or_default();
    let null = Json::Null;
    let (params, response) =
        (record.get("requestParameters").unwrap_or(&null), record.get("responseElements").unwrap_or(&null));
    let service = outline.source.strip_suffix(".amazonaws.com").unwrap_or(outline.source);
    let who = who(record.get("userIdentity").unwrap_or(&null), outline.username);
    let read = record.get("readOnly").and_then(Json::as_bool).unwrap_or(outline.read);
    let error = text("errorCode");
    let (on, what) = sentence::of(service, outline.name, params, response, &outline.resources);
    let touched = things::of_event(service, params, &outline.resources);
    let nature = match nature::of(service, outline.name, &who, params) {
        _ if read => Nature::Read,
        nature => nature,
    };
    let answered = answer::of(response, params);
    let params = match params {
        Json::Null => String::new(),
        params => params.to_string(),
    };
    let mut event = Event {
        id: clean(outline.id, SHORT).into(),
        at: outline.at,
        region: shared.text(if text("awsRegion").is_empty() { outline.region } else { text("awsRegion") }),
        service: shared.text(service),
        name: shared.text(outline.name),
        who: shared.caller(who),
        key: outline.key.map(|key| shared.text(key)),
        address: shared.text(text("sourceIPAddress")),
        agent: shared.text(text("userAgent")),
        error: (!error.is_empty()).then(|| match text("errorMessage") {
            "" => clean(error, ERROR).into(),
            message => clean(&format!("{error}: {message}"), ERROR).into(),
        }),
        nature,
        on: shared.text(&on),
        what: clean(&what, SHORT).into(),
        things: touched.iter().map(|thing| shared.text(thing)).collect(),
        params: clean(&params, PARAMS).into(),
        answer: answered.into(),
        marks: Marks::default(),
    };
    event.marks = marks(&event);
    event
}

fn marks(event: &Event) -> Marks {
    let call = mark((&event.service, &event.name, &event.who, &event.region, event.error.is_some()));
    Marks { call, call_on: mark((call, &event.on)) }
}

/// Who called, from `userIdentity`.
fn who(identity: &Json, username: Option<&str>) -> Who {
    let text = |value: &Json, key: &str| {
        value.get(key).and_then(Json::as_str).filter(|text| !text.is_empty()).map(|text| clean(text, SHORT))
    };
    let null = Json::Null;
    let issuer = identity.get("sessionContext").and_then(|it| it.get("sessionIssuer")).unwrap_or(&null);
    let via = text(identity, "invokedBy");
    let username = username.map(|name| clean(name, SHORT));
    let after = |text: String| text.split_once(':').map(|(_, session)| session.to_owned());
    match text(identity, "type").as_deref() {
        Some("AssumedRole") => {
            let session = text(identity, "principalId").and_then(after).or(username);
            let from_arn = || text(identity, "arn")?.split('/').nth(1).map(str::to_owned);
            let name = text(issuer, "userName").or_else(from_arn).or_else(|| session.clone());
            Who { kind: Kind::Role, name: name.unwrap_or_else(|| "a role".into()), session, via }
        }
        Some("IAMUser" | "IdentityCenterUser" | "SAMLUser" | "WebIdentityUser" | "FederatedUser") => {
            let name = text(identity, "userName").or(username).or_else(|| text(identity, "principalId"));
            Who { kind: Kind::User, name: name.unwrap_or_else(|| "a user".into()), session: None, via }
        }
        Some("Root") => Who { kind: Kind::Root, name: "root".into(), session: None, via },
        Some("AWSService") => {
            let name = via.clone().unwrap_or_else(|| "an AWS service".into());
            Who { kind: Kind::Service, name, session: None, via }
        }
        Some("AWSAccount") => {
            let account = text(identity, "accountId").unwrap_or_else(|| "?".into());
            Who { kind: Kind::Other, name: format!("account {account}"), session: None, via }
        }
        other => {
            let name = username.or_else(|| other.map(str::to_owned)).unwrap_or_else(|| "unknown".into());
            Who { kind: Kind::Other, name, session: None, via }
        }
    }
}
