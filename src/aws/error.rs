//! What can go wrong with a call, as plain data: the class decides how it looks and what to advise.
//!
//! Pure types only; `classify.rs` fills them from SDK errors.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How an error is shown and how polling goes on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// No credentials were found at all: parked until the chain finds some.
    NoCredentials,
    /// Credentials are past their end: parked, with the exact login command.
    Expired,
    /// An MFA code is needed before the role can be assumed: parked until it is typed.
    MfaNeeded,
    /// AWS does not know these keys, or the signature or the clock is wrong: parked.
    BadKeys,
    /// The caller lacks an IAM action: tried again every ten minutes.
    Denied,
    /// AWS asked for fewer requests: the interval doubles and recovers stepwise.
    Throttled,
    /// Eyewall itself did not send it: the cap on dollars per hour is reached. Slows down like throttling.
    OverBudget,
    /// The feature or resource is not there in this region: tried again every ten minutes.
    NotEnabled,
    /// Not reached: DNS, connection, TLS, timeout.
    Network,
    /// The answer is not AWS's (a proxy page, a cut body, garbage).
    NotAws,
    /// AWS refused the request itself: a bad parameter.
    Invalid,
    /// AWS failed inside, or anything else.
    Service,
}

impl ErrorClass {
    /// Whether polling stops until something changes (credentials, a permission), not only slows down.
    pub fn parks(self) -> bool {
        matches!(self, Self::NoCredentials | Self::Expired | Self::MfaNeeded | Self::BadKeys)
    }

    /// The word for it in titles and lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoCredentials => "no credentials",
            Self::Expired => "expired",
            Self::MfaNeeded => "MFA code needed",
            Self::BadKeys => "bad keys",
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::OverBudget => "over budget",
            Self::NotEnabled => "not enabled",
            Self::Network => "network",
            Self::NotAws => "not AWS's answer",
            Self::Invalid => "refused",
            Self::Service => "AWS error",
        }
    }
}

/// One failed call. All text in it is sanitized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{operation}: {}: {message}", class.word())]
pub struct SourceError {
    /// How to show it and how to go on.
    pub class: ErrorClass,
    /// `service:Operation`, which is also the IAM action for nearly every call.
    pub operation: String,
    /// AWS's error code, when there was one.
    pub code: Option<String>,
    /// What AWS (or the network) said.
    pub message: String,
    /// AWS's request id, for a support case.
    pub request_id: Option<String>,
    /// What to do about it, in one sentence; empty when there is nothing useful to say.
    pub advice: String,
    /// How long AWS asked to wait, when it said so.
    pub retry_after: Option<Duration>,
    /// The request is known not to have left: no credentials could be had for it, it could not be made, or it was not
    /// tried. `false` is not known.
    #[serde(default)]
    pub unsent: bool,
}

impl SourceError {
    /// An error with a class and a message, and nothing else known yet.
    pub fn new(class: ErrorClass, operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class,
            operation: operation.into(),
            code: None,
            message: message.into(),
            request_id: None,
            advice: String::new(),
            retry_after: None,
            unsent: false,
        }
    }

    /// The same of a request that was not even tried.
    #[must_use]
    pub fn unsent(self) -> Self {
        Self { unsent: true, ..self }
    }

    /// One line for a panel: `denied: cloudwatch:GetMetricData`.
    pub fn short(&self) -> String {
        match self.class {
            ErrorClass::Denied => format!("denied: {}", self.operation),
            class => class.word().to_owned(),
        }
    }
}
