//! What CloudTrail records: the calls behind the world's deployments, its scaling, its people, and the noise
//! of services that call each other.
//!
//! Made hour by hour while somebody reads backwards; nothing is kept. `deeds.rs` says what was done, `noise.rs`
//! what services do all day, `who.rs` how a caller is written. Paging and attributes are `svc/cloudtrail.rs`'s.

mod deeds;
mod noise;
mod spec;
#[cfg(test)]
mod tests;
mod who;

pub(super) use spec::CallSpec;
pub(super) use who::Who;

use super::hash::Dice;
use super::types::ACCOUNT;
use super::{LONG_AGO, World, time};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// Milliseconds of a chunk.
const HOUR: i64 = 3_600_000;
/// One event in so many takes far longer than the others until it can be looked up.
const SLOW_EVERY: u64 = 40;
/// Where services without regions write their events.
const GLOBAL: &str = "us-east-1";

/// One management event, as `LookupEvents` gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrailEvent {
    /// UUID.
    pub id: String,
    /// When the call was made, to the second.
    pub at: Timestamp,
    /// From when on it can be looked up: usually one to five minutes later, at most fifteen.
    pub visible: Timestamp,
    /// For example `UpdateService`.
    pub name: String,
    /// For example `ecs.amazonaws.com`.
    pub source: String,
    /// Name of the user, or of the role's session; services have none.
    pub username: Option<String>,
    /// Id of the access key that signed the call.
    pub access_key: Option<String>,
    /// It changed nothing.
    pub read_only: bool,
    /// Type and name of what it was about.
    pub resources: Vec<(String, String)>,
    /// The whole record, a JSON text.
    pub document: String,
}

/// One call before it is written down.
pub(super) struct Deed {
    /// Unix milliseconds.
    at: i64,
    source: String,
    name: String,
    who: Who,
    params: Json,
    response: Json,
    resources: Vec<(String, String)>,
    read: bool,
    /// Error code and message of a call that was refused.
    error: Option<(String, String)>,
    ip: Option<String>,
    agent: Option<String>,
    dice: Dice,
}

impl Deed {
    pub(super) fn new(at: i64, source: &str, name: &str, who: Who, dice: Dice) -> Self {
        Self {
            at: at.div_euclid(1_000) * 1_000,
            source: source.to_owned(),
            name: name.to_owned(),
            who,
            params: Json::Null,
            response: Json::Null,
            resources: Vec::new(),
            read: false,
            error: None,
            ip: None,
            agent: None,
            dice,
        }
    }

    pub(super) fn with(mut self, params: Json, response: Json) -> Self {
        (self.params, self.response) = (params, response);
        self
    }

    pub(super) fn on(mut self, kind: &str, name: impl Into<String>) -> Self {
        self.resources.push((kind.to_owned(), name.into()));
        self
    }

    fn reading(mut self) -> Self {
        self.read = true;
        self
    }

    fn address(mut self, ip: &str) -> Self {
        self.ip = Some(ip.to_owned());
        self
    }

    fn by_agent(mut self, agent: &str) -> Self {
        self.agent = Some(agent.to_owned());
        self
    }
}

impl World {
    /// Events between two times (inclusive) that can be looked up by `now`, newest first. Made while it is
    /// read, so that a page costs no more than a page.
    pub fn trail(
        &self,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    ) -> impl Iterator<Item = TrailEvent> + '_ {
        let first = from.as_millisecond().max(self.start - LONG_AGO).div_euclid(HOUR);
        let last = to.min(now).as_millisecond().div_euclid(HOUR);
        let hours = (first..=last).rev().flat_map(move |hour| self.trail_hour(hour));
        hours.filter(move |event| from <= event.at && event.at <= to && event.visible <= now)
    }

    /// Everything that was called in an hour, newest first.
    fn trail_hour(&self, hour: i64) -> Vec<TrailEvent> {
        let (from, to) = (hour * HOUR, (hour + 1) * HOUR);
        let mut deeds = Vec::new();
        self.shift_deeds(from, to, &mut deeds);
        self.release_deeds(from, to, &mut deeds);
        self.scale_deeds(from, to, &mut deeds);
        self.listed_deeds(from, to, &mut deeds);
        self.leaked_deeds(from, to, &mut deeds);
        self.people_deeds(from, to, &mut deeds);
        self.noise_deeds(from, to, &mut deeds);
        deeds.retain(|deed| (from..to).contains(&deed.at) && self.records(&deed.source));
        let mut events: Vec<TrailEvent> = deeds.into_iter().map(|deed| self.record(deed)).collect();
        events.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        events
    }

    /// Whether a service's events are in this region.
    fn records(&self, source: &str) -> bool {
        self.region == GLOBAL
            || !matches!(source, "iam" | "signin" | "route53" | "cloudfront" | "organizations")
    }

    fn record(&self, deed: Deed) -> TrailEvent {
        let dice = deed.dice.named(&deed.name).on(deed.at.cast_unsigned());
        let slow = dice.on(1).below(SLOW_EVERY) == 0;
        let late =
            if slow { 420_000 + dice.on(2).signed(420_000) } else { 60_000 + dice.on(2).signed(240_000) };
        let id = dice.on(3).uuid();
        let identity = deed.who.identity(dice, deed.at);
        let address = deed.ip.or_else(|| deed.who.address()).unwrap_or_else(|| office(dice));
        let agent = deed.agent.unwrap_or_else(|| deed.who.agent().to_owned());
        let (code, message) = deed.error.unzip();
        let mut document = json!({
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": time(deed.at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "eventSource": format!("{}.amazonaws.com", deed.source),
            "eventName": deed.name,
            "awsRegion": self.region,
            "sourceIPAddress": address,
            "userAgent": agent,
            "requestParameters": deed.params,
            "responseElements": deed.response,
            "requestID": dice.on(4).uuid(),
            "eventID": id,
            "readOnly": deed.read,
            "eventType": if deed.source == "signin" { "AwsConsoleSignIn" } else { "AwsApiCall" },
            "managementEvent": true,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        });
        if let (Some(fields), Some(code)) = (document.as_object_mut(), code) {
            fields.insert("errorCode".into(), code.into());
            fields.insert("errorMessage".into(), message.unwrap_or_default().into());
        }
        TrailEvent {
            at: time(deed.at),
            visible: time(deed.at + late),
            name: deed.name,
            source: format!("{}.amazonaws.com", deed.source),
            username: deed.who.username(),
            access_key: identity.get("accessKeyId").and_then(Json::as_str).map(str::to_owned),
            read_only: deed.read,
            resources: deed.resources,
            document: document.to_string(),
            id,
        }
    }
}

/// An address of the shop's own people.
fn office(dice: Dice) -> String {
    format!("203.0.113.{}", 10 + dice.on(9).below(40))
}
