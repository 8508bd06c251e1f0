//! What GuardDuty and the trail say of credentials in the wrong hands.

use jiff::Timestamp;

/// One API call made with leaked credentials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeakedCall<'a> {
    /// When.
    pub at: Timestamp,
    /// The IAM user whose key it was.
    pub user: &'a str,
    /// Its unique id.
    pub principal_id: &'a str,
    /// The key's id.
    pub access_key: &'a str,
    /// Where it came from.
    pub address: &'a str,
    /// With what it was made.
    pub agent: &'a str,
    /// The service, as in an event's source without `.amazonaws.com`.
    pub service: &'a str,
    /// The operation.
    pub event: &'a str,
    /// It changed nothing.
    pub read_only: bool,
    /// The error code it was answered with.
    pub error: Option<&'a str>,
    /// Type and name of what it was about.
    pub on: Option<(&'a str, &'a str)>,
    /// Request parameters.
    pub parameters: &'a toml::Table,
}

/// A finding as it stood at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    /// 32 hexadecimal digits.
    pub id: String,
    /// `Purpose:ResourceType/Family.Mechanism!Artifact`
    pub kind: &'a str,
    /// 1.0 to 10.0.
    pub severity: f64,
    /// One line.
    pub title: &'a str,
    /// A sentence or more.
    pub description: &'a str,
    /// When it came up.
    pub created: Timestamp,
    /// When it grew last.
    pub updated: Timestamp,
    /// Its first event.
    pub first: Timestamp,
    /// Its last event so far.
    pub last: Timestamp,
    /// Events so far.
    pub count: u32,
    /// Put away by hand or by a rule.
    pub archived: bool,
    /// `resource`, in the API's words.
    pub resource: &'a toml::Table,
    /// More of `service`, in the API's words.
    pub service: &'a toml::Table,
    /// What an attack sequence is made of so far.
    pub signals: Vec<Signal<'a>>,
}

/// A part of an attack sequence as it stood at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal<'a> {
    /// Unique in its sequence.
    pub id: String,
    /// `FINDING`, `CLOUD_TRAIL`, ..
    pub kind: &'a str,
    /// What happened.
    pub name: &'a str,
    /// A sentence.
    pub description: Option<&'a str>,
    /// 1.0 to 10.0.
    pub severity: f64,
    /// How often so far.
    pub count: u32,
    /// First seen.
    pub first: Timestamp,
    /// Last seen so far.
    pub last: Timestamp,
    /// Indicator keys with their values.
    pub indicators: &'a [(String, Vec<String>)],
}
