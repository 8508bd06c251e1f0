//! What can be asked about changes, what an event of CloudTrail is, and how far the trail was read. Pure.
//!
//! All text in these types is sanitized already. Nothing here fetches, draws or knows the present.

use crate::app::Window;
use crate::aws::SourceError;
use crate::aws::console::partition;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// An event can be looked up this long after the call at the latest (AWS: "typically within 15 minutes").
pub const LAG: SignedDuration = SignedDuration::from_mins(15);
/// How far back `LookupEvents` goes.
pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Where services without regions write their events, for a target in this region; `None` where that is not
/// known.
pub fn global_region(home: Option<&str>) -> Option<&'static str> {
    match partition(home?) {
        "aws" => Some("us-east-1"),
        "aws-us-gov" => Some("us-gov-west-1"),
        "aws-cn" => Some("cn-north-1"),
        _ => None,
    }
}

/// Whose or what's changes are looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A service by its name: changes of what it is made of, of what it depends on, and of its callers.
    Service(String),
    /// One resource, by name, id or ARN.
    Resource(String),
    /// What a person, user or role session did: the name that CloudTrail has as `Username`.
    User(String),
    /// What was done with an access key, by its id (`AKIA…`, `ASIA…`).
    AccessKey(String),
    /// What came from an IP address.
    Address(String),
}

impl Subject {
    /// What a text names that somebody typed: a key's id, an address, `user/NAME`, a service that is known, else a
    /// resource.
    pub fn of_text(text: &str, is_service: bool) -> Self {
        let owned = text.to_owned();
        if is_service {
            Self::Service(owned)
        } else if text.len() >= 16 && (text.starts_with("AKIA") || text.starts_with("ASIA")) {
            Self::AccessKey(owned)
        } else if text.parse::<std::net::IpAddr>().is_ok() {
            Self::Address(owned)
        } else if let Some(name) = text.strip_prefix("user/") {
            Self::User(name.to_owned())
        } else {
            Self::Resource(owned)
        }
    }

    /// What it names.
    pub fn name(&self) -> &str {
        match self {
            Self::Service(name)
            | Self::Resource(name)
            | Self::User(name)
            | Self::AccessKey(name)
            | Self::Address(name) => name,
        }
    }

    /// With its kind: `user reports-export`. A service is called by its name alone.
    pub fn words(&self) -> String {
        match self {
            Self::Service(name) | Self::Resource(name) => name.clone(),
            Self::User(name) => format!("user {name}"),
            Self::AccessKey(id) => format!("key {id}"),
            Self::Address(address) => format!("address {address}"),
        }
    }

    /// Somebody's doings, wherever they did them: reads and refusals count, and every region does.
    pub fn is_somebody(&self) -> bool {
        matches!(self, Self::User(_) | Self::AccessKey(_) | Self::Address(_))
    }
}

/// What kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// An IAM or Identity Center user.
    User,
    /// A session of a role.
    Role,
    /// An AWS service by itself.
    Service,
    /// The root user.
    Root,
    /// Anything else, another account among them.
    Other,
}

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Who {
    /// What kind of caller. It stands before the name that recordings hide by it.
    pub kind: Kind,
    /// Name of the user, of the role, or of the service.
    pub name: String,
    /// Name of the role's session.
    pub session: Option<String>,
    /// The service that made the call for somebody, by its host.
    pub via: Option<String>,
}

impl Who {
    /// As shown: `user alice`, `role ci-deploy`, `ecs.amazonaws.com`, `root`.
    pub fn words(&self) -> String {
        match self.kind {
            Kind::User => format!("user {}", self.name),
            Kind::Role => match self.linked() {
                Some("ApplicationAutoScaling" | "AutoScaling") => "auto scaling".to_owned(),
                Some(service) => format!("{service} (AWS)"),
                None => format!("role {}", self.name),
            },
            Kind::Root => "root".to_owned(),
            Kind::Service | Kind::Other => self.name.clone(),
        }
    }

    /// The name alone: `alice`, `ci-deploy`, `auto scaling`.
    pub fn short(&self) -> &str {
        match self.linked() {
            Some("ApplicationAutoScaling" | "AutoScaling") => "auto scaling",
            Some(service) => service,
            None => &self.name,
        }
    }

    /// AWS itself, not a person or a pipeline.
    pub fn is_aws(&self) -> bool {
        self.kind == Kind::Service
            || self.linked().is_some()
            || self
                .via
                .as_deref()
                .is_some_and(|via| via.ends_with(".amazonaws.com") && via != "cloudformation.amazonaws.com")
    }

    /// The service whose linked role it is.
    fn linked(&self) -> Option<&str> {
        let service = self.name.strip_prefix("AWSServiceRoleFor")?;
        Some(service.split('_').next().unwrap_or(service))
    }
}

/// What an event means to somebody who looks for a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Nature {
    /// A person or a pipeline changed something, or tried to.
    Change,
    /// AWS made something larger or smaller by a rule.
    Scaling,
    /// Services that call each other.
    Noise,
    /// It changed nothing.
    Read,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id, unique everywhere.
    pub id: Box<str>,
    /// When the call was made, to the second.
    pub at: Timestamp,
    /// Where.
    pub region: Arc<str>,
    /// The service's short name: `ecs`.
    pub service: Arc<str>,
    /// The operation: `UpdateService`.
    pub name: Arc<str>,
    /// Who called.
    pub who: Arc<Who>,
    /// Id of the key that signed it.
    pub key: Option<Arc<str>>,
    /// Where it came from: an address, or a service's host.
    pub address: Arc<str>,
    /// With what, as the client says of itself.
    pub agent: Arc<str>,
    /// Why it was refused: code and message.
    pub error: Option<Box<str>>,
    /// What it means.
    pub nature: Nature,
    /// What it was about, for a column: `checkout`. Empty when nothing tells.
    pub on: Arc<str>,
    /// In plain words: `task definition web-checkout:41 → web-checkout:42`.
    pub what: Box<str>,
    /// What it touched, in the form of `things.rs`.
    pub things: Box<[Arc<str>]>,
    /// Request parameters as compact JSON, cut at 600 bytes.
    pub params: Box<str>,
    /// What was answered, as far as it tells more than the call: a member and its value in each line.
    pub answer: Box<str>,
    /// Stands for the calls that are equal to it.
    pub marks: Marks,
}

/// What stands for an event where fifty thousand of them are compared: hashes, made once where it is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Of the caller, the operation, the region and whether it was refused.
    pub call: u64,
    /// The same and what it was about.
    pub call_on: u64,
}

/// Stands for a value, as for an event's id: those of fifty thousand are kept more than once, and eight bytes
/// each are enough. The same in every run.
pub fn mark(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Event {
    /// Bytes that it takes, shared texts not counted.
    pub fn cost(&self) -> usize {
        let texts = self.id.len() + self.what.len() + self.params.len() + self.answer.len();
        let error = self.error.as_ref().map_or(0, |error| error.len());
        size_of::<Self>() + 64 + texts + error + self.things.len() * size_of::<Arc<str>>()
    }

    /// One line: `UpdateService checkout: task definition web-checkout:41 → web-checkout:42`.
    pub fn sentence(&self) -> String {
        let mut text = self.name.to_string();
        if !self.on.is_empty() {
            text = format!("{text} {}", self.on);
        }
        if !self.what.is_empty() {
            text = format!("{text}: {}", self.what);
        }
        text
    }
}

/// Which events to look up. AWS takes one attribute at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum By {
    /// Everything that writes.
    Writes,
    /// What writes to services without regions: IAM, sign-in, Route 53.
    GlobalWrites,
    /// By user name or role session.
    User(String),
    /// By access key.
    Key(String),
    /// By resource name.
    Resource(String),
}

/// One stream of events: asked for, read and remembered by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ask {
    /// In which region; the target's own when `None`.
    pub region: Option<String>,
    /// Which events.
    pub by: By,
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrailQuery {
    /// Which streams, most wanted first.
    pub asks: Vec<Ask>,
    /// Which time.
    pub window: Window,
    /// Counts batches that did not arrive: another number asks for everything again.
    pub missed: u32,
}

/// How far one stream was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// Which stream.
    pub ask: Ask,
    /// The region's name.
    pub region: String,
    /// The time that was asked for.
    pub wanted: (Timestamp, Timestamp),
    /// Everything from here to the end of that time was read; `None` before the first page.
    pub back_to: Option<Timestamp>,
    /// When its newest events were read.
    pub read_at: Option<Timestamp>,
    /// Nothing of the window is left to read.
    pub done: bool,
    /// Not read further back: no room for more events.
    pub full: bool,
    /// What went wrong last.
    pub problem: Option<SourceError>,
}

impl Reach {
    /// Nothing is left to read of a stretch of time that begins here.
    pub fn covers(&self, from: Timestamp) -> bool {
        self.done && self.wanted.0 <= from
    }

    /// From here on events may still come in; `None` where the window ends before it.
    pub fn open_after(&self, end: Timestamp) -> Option<Timestamp> {
        let settled = self.read_at?.checked_sub(LAG).ok()?;
        (settled < end).then_some(settled)
    }
}

/// What a poll of the trail brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Number of the first of these events among all that this source ever sent.
    pub first: u64,
    /// Number of the one after the last.
    pub next: u64,
    /// These are all events that there are: what was known before is not needed.
    pub whole: bool,
    /// New events.
    pub events: Vec<Arc<Event>>,
    /// How far each stream was read that was asked for.
    pub reaches: Vec<Reach>,
}
