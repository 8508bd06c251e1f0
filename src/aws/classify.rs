//! Turns any SDK error into a [`SourceError`]: the class by AWS's code, or by what failed before and after it.
//!
//! Services spell the same thing differently (JSON, query/XML, CBOR), so every code is accepted from every
//! service. All text that leaves here is sanitized. What to do about it is `advice.rs`'s.

use super::advice::{Caller, advice};
use super::error::{ErrorClass, SourceError};
use super::mfa::MfaError;
use super::operation::{ASSUME_ROLE, Operation};
use super::profile::CredentialsSource;
use crate::text::sanitize;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::request_id::RequestId;
use std::error::Error;
use std::time::Duration;

/// Longest message kept, in characters.
const MESSAGE_LIMIT: usize = 400;

/// The class and the advice for a failed call of `op`.
pub fn classify<E>(op: &Operation, error: &SdkError<E, HttpResponse>, caller: &Caller) -> SourceError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut found = match error {
        SdkError::ServiceError(context) => answered(op, context.err().meta(), context.raw()),
        SdkError::ResponseError(context) => not_aws(op, context.raw(), &chain_text(error)),
        SdkError::TimeoutError(_) => SourceError::new(ErrorClass::Network, op.action, chain_text(error)),
        SdkError::ConstructionFailure(_) => unsent(op, error, false, caller),
        _ => unsent(op, error, true, caller),
    };
    if let Some(response) = error.raw_response() {
        found.retry_after = retry_after(response);
        let header = ["x-amzn-requestid", "x-amz-request-id"];
        let in_header = header.iter().find_map(|name| response.headers().get(*name));
        found.request_id = found.request_id.or_else(|| in_header.map(clean));
    }
    found.advice = advice(&found, caller);
    found
}

/// AWS's codes, wherever they come from.
fn class_of_code(code: &str) -> Option<ErrorClass> {
    Some(match code {
        "ExpiredTokenException"
        | "ExpiredToken"
        | "RequestExpired"
        | "UnauthorizedException"
        | "InvalidGrantException" => ErrorClass::Expired,
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "RequestTimeTooSkewed"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => ErrorClass::BadKeys,
        "AccessDeniedException"
        | "AccessDenied"
        | "UnauthorizedOperation"
        | "Client.UnauthorizedOperation"
        | "AuthFailure" => ErrorClass::Denied,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "TransactionInProgressException"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "LimitExceededException"
        | "RequestThrottled"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "EC2ThrottledException" => ErrorClass::Throttled,
        "ResourceNotFoundException"
        | "InvalidAccessException"
        | "UnsupportedFeatureException"
        | "OptInRequired"
        | "SubscriptionRequiredException"
        | "UnknownOperationException"
        | "UnknownOperation"
        | "InvalidAction" => ErrorClass::NotEnabled,
        _ => return None,
    })
}

fn class_of_status(status: u16) -> ErrorClass {
    match status {
        429 => ErrorClass::Throttled,
        403 => ErrorClass::Denied,
        400..=499 => ErrorClass::Invalid,
        _ => ErrorClass::Service,
    }
}

/// There is an answer: AWS's if it has a code or a request id, and did not claim success.
fn answered(op: &Operation, meta: &ErrorMetadata, response: &HttpResponse) -> SourceError {
    let status = response.status().as_u16();
    let request_id = meta.request_id().map(clean);
    let Some(code) = meta.code() else {
        let from_aws = request_id.is_some() || response.headers().get("x-amzn-requestid").is_some();
        if response.status().is_success() || !from_aws {
            return not_aws(op, response, "");
        }
        let message = meta.message().map_or_else(|| format!("HTTP {status} without a reason"), clean);
        return SourceError { request_id, ..SourceError::new(class_of_status(status), op.action, message) };
    };
    let class = class_of_code(code).unwrap_or_else(|| class_of_status(status));
    let message = meta.message().filter(|said| !said.is_empty()).map_or_else(|| clean(code), clean);
    SourceError { code: Some(clean(code)), request_id, ..SourceError::new(class, op.action, message) }
}

/// A page of a proxy, a cut body, garbage: said with what it looked like.
fn not_aws(op: &Operation, response: &HttpResponse, why: &str) -> SourceError {
    let kind = response.headers().get("content-type").unwrap_or("no content type");
    let body = response.body().bytes().unwrap_or_default();
    let start = String::from_utf8_lossy(body.get(..body.len().min(MESSAGE_LIMIT)).unwrap_or_default());
    let mut message = format!("HTTP {} with {kind}", response.status().as_u16());
    let is_page = kind.starts_with("text/");
    let text = if is_page || why.is_empty() { visible_text(&start) } else { why.to_owned() };
    if !text.is_empty() {
        message.push_str(": ");
        message.push_str(&text);
    }
    SourceError::new(ErrorClass::NotAws, op.action, clean(&message))
}

/// The words of a page: tags left out, blanks folded.
fn visible_text(page: &str) -> String {
    let mut in_tag = false;
    let words: String = page
        .chars()
        .map(|c| match c {
            '<' => {
                in_tag = true;
                ' '
            }
            '>' => {
                in_tag = false;
                ' '
            }
            _ if in_tag => ' ',
            c => c,
        })
        .collect();
    words.split_whitespace().take(12).collect::<Vec<_>>().join(" ")
}

/// Nothing was answered: no credentials, no connection, or the request could not even be `made`.
fn unsent(op: &Operation, error: &(dyn Error + 'static), made: bool, caller: &Caller) -> SourceError {
    if let Some(mfa) = chain(error).find_map(|link| link.downcast_ref::<MfaError>()) {
        return SourceError::new(ErrorClass::MfaNeeded, op.action, clean(&mfa.to_string()));
    }
    // Roles are assumed through the same STS crate by the SDK and by us.
    if let Some(refusal) = chain(error).find_map(|link| link.downcast_ref::<AssumeRoleError>())
        && let Some(code) = refusal.meta().code()
    {
        let class = class_of_code(code).unwrap_or(ErrorClass::Service);
        let message = refusal.meta().message().map_or_else(|| clean(code), clean);
        return SourceError {
            code: Some(clean(code)),
            request_id: refusal.meta().request_id().map(clean),
            ..SourceError::new(class, ASSUME_ROLE.action, message)
        };
    }
    let (class, message) = match chain(error).find_map(|link| link.downcast_ref::<CredentialsError>()) {
        Some(failure) => (class_of_credentials(failure, caller), chain_text(failure)),
        // Without a region there is no endpoint to connect to, so nothing was connected to.
        None if made && caller.region.is_some() => (ErrorClass::Network, chain_text(error)),
        None => (ErrorClass::Invalid, chain_text(error)),
    };
    SourceError::new(class, op.action, message)
}

/// The SDK's own providers say why only in words.
fn class_of_credentials(failure: &CredentialsError, caller: &Caller) -> ErrorClass {
    let text = chain_text(failure);
    if let Some(class) = text.split(|c: char| !c.is_ascii_alphanumeric()).find_map(class_of_code) {
        return class;
    }
    if ["has expired", "is expired", "session expired"].iter().any(|words| text.contains(words)) {
        return ErrorClass::Expired;
    }
    // The machine's metadata service is asked last: off AWS it is not there, which says nothing about the network.
    let unreached = matches!(failure, CredentialsError::ProviderTimedOut(_))
        || chain(failure).any(|link| link.to_string().starts_with("dispatch failure"));
    if unreached && caller.source != CredentialsSource::Machine {
        return ErrorClass::Network;
    }
    // A profile that a login command fills, but that is empty: the login is what is missing.
    if caller.source.login_command().is_some() { ErrorClass::Expired } else { ErrorClass::NoCredentials }
}

/// What the SDK's wrappers say and nobody needs to read.
const NOISE: [&str; 6] =
    ["dispatch failure", "response error", "service error", "unhandled error", "other", "Error"];

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |link| (**link).source())
}

/// All that the chain says, each part once.
fn chain_text(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for part in chain(error).map(ToString::to_string) {
        if !part.is_empty() && !NOISE.contains(&part.as_str()) && !text.contains(&part) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&part);
        }
    }
    clean(&text)
}

fn clean(text: &str) -> String {
    // The SDK tells in lines what each provider had to say.
    let lines: Vec<_> =
        text.lines().map(|line| line.trim().trim_end_matches(':')).filter(|line| !line.is_empty()).collect();
    let joined = lines.join("; ");
    let safe = sanitize(&joined);
    match safe.char_indices().nth(MESSAGE_LIMIT) {
        None => safe.into_owned(),
        Some(_) => safe.chars().take(MESSAGE_LIMIT).chain(['…']).collect(),
    }
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let number = |name: &str| response.headers().get(name).and_then(|value| value.trim().parse::<u64>().ok());
    let millis = number("x-amz-retry-after").map(Duration::from_millis);
    millis
        .or_else(|| number("retry-after").map(Duration::from_secs))
        .map(|wait| wait.min(Duration::from_hours(1)))
}
