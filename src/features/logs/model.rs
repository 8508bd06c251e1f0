//! What a log line is here: ids, levels, the event itself, and the batch that a source's poll returns.
//!
//! Plain data and small derivations. All text in these types is sanitized already (`source.rs` does it);
//! nothing here fetches, draws or knows the present.

use crate::app::Window;
use crate::aws::SourceError;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// An event that was ingested this much after its own timestamp is marked late.
pub const LATE_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// How bad a line says it is, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Finest detail.
    Trace,
    /// For developers.
    Debug,
    /// Ordinary; also `NOTICE` and Postgres's `LOG`.
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Error,
    /// The process or the session ended; also `CRITICAL`, `PANIC`, `ALERT`, `EMERG`.
    Fatal,
}

impl Level {
    /// Every level, mildest first.
    pub const ALL: [Level; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The level that a word means in any letter case, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        const WORDS: [(&str, Level); 22] = [
            ("info", Level::Info),
            ("error", Level::Error),
            ("warn", Level::Warn),
            ("warning", Level::Warn),
            ("debug", Level::Debug),
            ("trace", Level::Trace),
            ("fatal", Level::Fatal),
            ("err", Level::Error),
            ("inf", Level::Info),
            ("wrn", Level::Warn),
            ("dbg", Level::Debug),
            ("information", Level::Info),
            ("notice", Level::Info),
            ("log", Level::Info),
            ("severe", Level::Error),
            ("critical", Level::Fatal),
            ("crit", Level::Fatal),
            ("panic", Level::Fatal),
            ("alert", Level::Fatal),
            ("emerg", Level::Fatal),
            ("emergency", Level::Fatal),
            ("verbose", Level::Trace),
        ];
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, level)| *level)
    }

    /// Five cells at most, as in the level column.
    pub fn word(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    /// Whether `e` stops here and the error histogram counts it.
    pub fn is_error(self) -> bool {
        self >= Self::Error
    }
}

/// What an event is told apart by: 128 bits of hash of CloudWatch's event id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId([u64; 2]);

impl EventId {
    /// From CloudWatch's event id or, for events that have none, from everything that tells them apart
    /// (group, stream, times, message).
    pub fn from_parts(parts: &[&[u8]]) -> Self {
        // FNV-1a with 128 bits: stable across runs and builds, so that recordings replay the same.
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
        let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        for part in parts {
            for byte in part.iter().chain(&[0xff]) {
                hash = (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
            }
        }
        Self([(hash >> 64) as u64, hash as u64])
    }
}

/// A trace id: 128 bits, written by X-Ray as `1-<8 hex>-<24 hex>` and by W3C as 32 hex digits. In exported and
/// recorded data it stands as X-Ray writes it: many readers of JSON round numbers of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TraceId([u64; 2]);

impl From<TraceId> for String {
    fn from(id: TraceId) -> Self {
        id.xray()
    }
}

impl TryFrom<String> for TraceId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        super::parse::trace::in_value(&text).ok_or("not a trace id")
    }
}

impl TraceId {
    /// From 32 hex digits; `None` for anything else and for the invalid all-zero id.
    pub fn from_hex(hex: &str) -> Option<Self> {
        if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let bits = u128::from_str_radix(hex, 16).ok().filter(|bits| *bits != 0)?;
        Some(Self([(bits >> 64) as u64, bits as u64]))
    }

    /// `1-67a1b2c3-0123456789abcdef01234567`, as the X-Ray API wants it.
    pub fn xray(self) -> String {
        let hex = self.w3c();
        format!("1-{}-{}", hex.get(..8).unwrap_or_default(), hex.get(8..).unwrap_or_default())
    }

    /// 32 hex digits, as OpenTelemetry writes it.
    pub fn w3c(self) -> String {
        format!("{:016x}{:016x}", self.0[0], self.0[1])
    }

    /// The last six digits: enough to tell ids apart at a glance.
    pub fn tail(self) -> String {
        format!("{:06x}", self.0[1] & 0xff_ffff)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.xray())
    }
}

/// Index into a table of log group names: [`Batch::groups`] while travelling, the store's after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub u32);

/// Whether a message is a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Anything else.
    #[default]
    Text,
    /// One JSON object, nothing around it.
    Json,
}

/// What was recognised in a message, once, when it entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The level that the line states, if it does.
    pub level: Option<Level>,
    /// JSON or not.
    pub format: Format,
    /// The trace it belongs to.
    pub trace: Option<TraceId>,
    /// How many lines the message has, at least 1.
    pub lines: u32,
}

/// One log event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogEvent {
    /// Which log group it is from.
    pub group: GroupId,
    /// Its log stream.
    pub stream: Arc<str>,
    /// What tells it apart from any other.
    pub id: EventId,
    /// When the writer says it happened; whole milliseconds.
    pub timestamp: Timestamp,
    /// When CloudWatch took it.
    pub ingested: Timestamp,
    /// Sanitized text; newlines are kept, a trailing one is not.
    pub message: Arc<str>,
    /// It arrived more than [`LATE_AFTER`] after it happened.
    pub late: bool,
    /// What was recognised in the message.
    pub facts: Facts,
}

impl LogEvent {
    /// What it costs in memory, in bytes, for the store's bound.
    pub fn bytes(&self) -> usize {
        // 24: the store's sequence number and the reference counts before the text.
        size_of::<Self>() + self.message.len() + 24
    }

    /// The first line of the message.
    pub fn first_line(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// Whether `e` stops at it.
    pub fn is_error(&self) -> bool {
        self.facts.level.is_some_and(Level::is_error)
    }
}

/// How the tail is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// `FilterLogEvents`, again and again.
    Poll,
}

impl Mode {
    /// As in the title line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Poll => "POLL",
        }
    }
}

/// A stretch of time that was not read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Where it begins.
    pub from: Timestamp,
    /// Where it ends.
    pub to: Timestamp,
    /// Why it was not, in a few words.
    pub reason: String,
}

/// How far a tail has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TailStatus {
    /// How it is read.
    pub mode: Mode,
    /// Everything from here on was asked for; `None` before the first answer.
    pub covered_from: Option<Timestamp>,
    /// Latest ingestion time seen.
    pub watermark: Option<Timestamp>,
    /// How long the newest event took from its timestamp to CloudWatch.
    pub lag: Option<SignedDuration>,
    /// Pages that this poll read, empty ones included.
    pub pages: u32,
    /// Events that were read before and skipped now.
    pub repeated: u32,
    /// CloudWatch has more that the next poll reads.
    pub rest_pending: bool,
    /// Groups that could not be read, by name, with the reason.
    pub failed: Vec<(Arc<str>, SourceError)>,
}

/// What one poll of the tail returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// A new reading: what was stored before is of other groups or another time.
    pub fresh: bool,
    /// Names that [`LogEvent::group`] indexes in this batch.
    pub groups: Vec<Arc<str>>,
    /// New events, in CloudWatch's order within each group.
    pub events: Vec<LogEvent>,
    /// Stretches that were not read.
    pub gaps: Vec<Gap>,
    /// How far the tail has come.
    pub status: TailStatus,
}

/// Which reader a log group allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupClass {
    /// Everything works.
    Standard,
    /// Only Insights reads it: no tail, no filter.
    InfrequentAccess,
    /// A pass-through for deliveries: nothing reads it.
    Delivery,
    /// A class that Eyewall does not know, as AWS names it.
    Other(String),
}

/// One log group, for the picker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Its name.
    pub name: Arc<str>,
    /// Its ARN without the trailing `:*`, when AWS gives one.
    pub arn: Option<String>,
    /// Its class.
    pub class: GroupClass,
    /// Bytes stored, as of AWS's last count.
    pub stored_bytes: Option<u64>,
    /// Days until events expire; `None` means never.
    pub retention_days: Option<u32>,
}

impl LogGroup {
    /// Why it cannot be tailed, or `None` when it can.
    pub fn refusal(&self) -> Option<&'static str> {
        match self.class {
            GroupClass::Standard | GroupClass::Other(_) => None,
            GroupClass::InfrequentAccess => Some("infrequent access: only Insights reads it"),
            GroupClass::Delivery => Some("delivery class: nothing reads it"),
        }
    }
}

/// The log groups of a target, as far as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GroupList {
    /// The groups, by name.
    pub groups: Vec<LogGroup>,
    /// All of them were read; otherwise the next poll goes on.
    pub complete: bool,
    /// There are more than Eyewall lists.
    pub truncated: bool,
}

/// Which lines to tail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TailQuery {
    /// Log groups by name, or by ARN for those of a linked account.
    pub groups: Vec<Arc<str>>,
    /// The shared window: where history begins, and whether the tail follows the clock.
    pub window: Window,
}

impl TailQuery {
    /// Whether lines read for `other` are part of the answer to this too. A fixed stretch of time is a
    /// reading of its own; live and pinned windows only differ in how far back they go.
    pub fn continues(&self, other: &Self) -> bool {
        let fixed = |query: &Self| matches!(query.window, Window::Frozen { .. });
        self.groups == other.groups && (self.window == other.window || !fixed(self) && !fixed(other))
    }
}

/// The short name of a log group: what follows the last `/`, with the part before it when it is too
/// general to stand alone (`postgresql` of `/aws/rds/cluster/orders-db/postgresql`).
pub fn short_name(group: &str) -> &str {
    const GENERAL: [&str; 8] =
        ["postgresql", "error", "audit", "slowquery", "general", "application", "access", "app"];
    let name = group.rsplit('/').find(|part| !part.is_empty()).unwrap_or(group);
    if GENERAL.contains(&name) {
        group.rsplit('/').filter(|part| !part.is_empty()).nth(1).unwrap_or(name)
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_tell_parts_apart() {
        assert_eq!(EventId::from_parts(&[b"a"]), EventId::from_parts(&[b"a"]));
        assert_ne!(EventId::from_parts(&[b"ab", b"c"]), EventId::from_parts(&[b"a", b"bc"]));
    }

    #[test]
    fn both_forms_of_a_trace_id() {
        let id = TraceId::from_hex("67a1b2c30123456789abcdef01234567").unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"1-67a1b2c3-0123456789abcdef01234567\"", "as X-Ray writes it");
        assert_eq!(serde_json::from_str::<TraceId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<TraceId>("\"1-67a1b2c3\"").is_err());
        assert_eq!(id.xray(), "1-67a1b2c3-0123456789abcdef01234567");
        assert_eq!(id.w3c(), "67a1b2c30123456789abcdef01234567");
        assert_eq!(id.tail(), "234567");
        for bad in ["", "00000000000000000000000000000000", "+7a1b2c30123456789abcdef01234567", "ä"] {
            assert_eq!(TraceId::from_hex(bad), None, "{bad}");
        }
    }

    #[test]
    fn short_names() {
        for (group, short) in [
            ("/ecs/checkout", "checkout"),
            ("/aws/lambda/receipts", "receipts"),
            ("/aws/rds/cluster/orders-db/postgresql", "orders-db"),
            ("plain", "plain"),
            ("error", "error"),
            ("/", "/"),
            ("", ""),
        ] {
            assert_eq!(short_name(group), short, "{group}");
        }
    }
}
