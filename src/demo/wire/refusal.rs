//! The refusals that every service can give, in each service's own code: throttled, denied, expired,
//! in conflict, and pages that are not AWS's at all.

use super::{Call, Failure, Protocol};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use std::borrow::Cow;

/// Too many requests.
pub fn throttled(call: &Call) -> Failure {
    let (status, code) = match call.service.as_str() {
        "cloudwatch" | "elasticloadbalancing" | "sts" => (400, "Throttling"),
        "xray" => (429, "ThrottledException"),
        "guardduty" | "lambda" => (429, "TooManyRequestsException"),
        _ => (400, "ThrottlingException"),
    };
    Failure { status, code: Cow::Borrowed(code), message: "Rate exceeded".into() }
}

/// The caller lacks the action.
pub fn denied(call: &Call, caller: &str) -> Failure {
    let code = if call.protocol == Protocol::Query { "AccessDenied" } else { "AccessDeniedException" };
    let message = format!(
        "User: {caller} is not authorized to perform: {}:{} on resource: * because no identity-based policy \
         allows the {}:{} action",
        call.service, call.operation, call.service, call.operation,
    );
    Failure { status: status(call.protocol), code: Cow::Borrowed(code), message }
}

/// The session token has ended.
pub fn expired(call: &Call) -> Failure {
    let code = if call.protocol == Protocol::Query { "ExpiredToken" } else { "ExpiredTokenException" };
    let message = "The security token included in the request is expired".into();
    Failure { status: status(call.protocol), code: Cow::Borrowed(code), message }
}

/// Another change of the same thing is under way.
pub fn conflict(call: &Call) -> Failure {
    let (status, code) = match call.service.as_str() {
        "lambda" => (409, "ResourceConflictException"),
        _ => (400, "ConflictException"),
    };
    let message = "The operation cannot be performed at this time. An update is in progress.".into();
    Failure { status, code: Cow::Borrowed(code), message }
}

/// A page of a proxy.
pub fn garbage(status: u16) -> Response<Bytes> {
    let page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Guest network</h1>\
                <p>Please accept the terms of use.</p></body></html>";
    let mut response = Response::new(Bytes::from_static(page.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn status(protocol: Protocol) -> u16 {
    if matches!(protocol, Protocol::Query | Protocol::RestJson) { 403 } else { 400 }
}
