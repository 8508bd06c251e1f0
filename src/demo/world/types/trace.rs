//! What traced programs say about a call: HTTP, place, notes, failure.
//!
//! Plain data only, as in `types/mod.rs`.

/// A call over HTTP, as its server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// For example `GET`.
    pub method: &'static str,
    /// With scheme and host.
    pub url: String,
    /// `User-Agent`, hostile bytes included; none for calls from within.
    pub agent: Option<String>,
    /// Client address; none for calls from within.
    pub client: Option<String>,
    /// Bytes of the answer.
    pub length: u64,
}

/// The value of an annotation.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
}

/// The task that served a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Task ARN.
    pub task: String,
    /// Container runtime id.
    pub container: String,
    /// Private address.
    pub ip: String,
    /// Availability zone.
    pub zone: String,
    /// Task definition family.
    pub family: String,
    /// Task definition revision.
    pub revision: u32,
    /// Service revision ARN.
    pub service_revision: String,
    /// Log stream of its lines.
    pub log_stream: String,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Exception type.
    pub kind: String,
    /// Its message.
    pub message: String,
    /// Function, file and line, the innermost first.
    pub stack: Vec<(String, String, u32)>,
    /// What within the call failed first.
    pub blame: Blame,
}

/// What within a call failed first, when none of its callees answered with a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// It got no connection from its own pool.
    Pool,
    /// Its client for another service.
    Client,
    /// A query.
    Query,
}
