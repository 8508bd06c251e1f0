//! The wire: turns an HTTP request of any AWS protocol into a [`Call`], and a result back into a response.
//!
//! Region and service come from the signature's credential scope, which the SDKs and botocore write
//! alike. Signatures are not checked: the simulator has no secrets. Handlers in `svc/` see only
//! [`Value`]s; everything about headers, status codes and error shapes is decided here.

pub mod cbor;
pub mod eventstream;
pub mod json;
pub mod query;
pub mod refusal;
pub mod rest;
#[cfg(test)]
mod tests;
pub mod value;

pub use value::{Value, list, object};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use std::borrow::Cow;

/// How a request was written, and so how its answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON 1.0.
    Json10,
    /// JSON 1.1.
    Json11,
    /// Form parameters in, XML out.
    Query,
    /// Smithy RPC v2 with CBOR bodies.
    Cbor,
    /// REST with JSON bodies.
    RestJson,
}

/// One request, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// How to answer.
    pub protocol: Protocol,
    /// IAM prefix of the service: `cloudwatch`, `logs`, `ecs`, `elasticloadbalancing`, `lambda`, `xray`, `sts`.
    pub service: String,
    /// Operation name as in the API reference; `GET /path` when a REST path is unknown.
    pub operation: String,
    /// Region of the credential scope.
    pub region: String,
    /// The session token of the caller; empty without one.
    pub token: String,
    /// The input structure.
    pub input: Value,
}

/// An AWS error to answer with.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// HTTP status.
    pub status: u16,
    /// Error code as a client sees it.
    pub code: Cow<'static, str>,
    /// What AWS would say.
    pub message: String,
}

impl Failure {
    /// A refusal of the request itself (status 400).
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code: Cow::Borrowed(code), message: message.into() }
    }

    /// The answer to an operation that the service does not have.
    pub fn unknown_operation(operation: &str) -> Self {
        Self::refused("UnknownOperationException", format!("The operation {operation} is not simulated."))
    }
}

/// Understands a request.
///
/// # Errors
/// The protocol to answer in, the service's name, and the refusal, when the body cannot be read.
pub fn decode(request: &Request<Bytes>) -> Result<Call, (Protocol, String, Failure)> {
    let headers = request.headers();
    let path = request.uri().path();
    let content_type = text_header(headers, header::CONTENT_TYPE.as_str());
    let target = text_header(headers, "x-amz-target");
    let (service, region) = scope(headers, request.uri().host());

    let rpc: Option<&str> = path.split_once("/operation/").map(|(_, operation)| operation);
    let protocol = match (rpc, target.is_empty()) {
        (Some(_), _) => Protocol::Cbor,
        (None, false) if content_type.contains("json-1.0") => Protocol::Json10,
        (None, false) => Protocol::Json11,
        (None, true) if content_type.contains("x-www-form-urlencoded") => Protocol::Query,
        (None, true) => Protocol::RestJson,
    };
    let body = request.body();
    let understood = match protocol {
        Protocol::Cbor => cbor::decode(body).map(|input| (rpc.unwrap_or_default().to_owned(), input)),
        Protocol::Json10 | Protocol::Json11 => {
            let operation = target.rsplit_once('.').map_or(target, |(_, operation)| operation);
            json::decode(body).map(|input| (operation.to_owned(), input))
        }
        Protocol::Query => query::decode(body)
            .map(|input| (input.text("Action").unwrap_or("(no Action parameter)").to_owned(), input)),
        Protocol::RestJson => {
            let form = request.uri().query().unwrap_or_default();
            rest::decode(&service, request.method().as_str(), path, form, body)
        }
    };
    match understood {
        Ok((operation, input)) => {
            let token = text_header(headers, "x-amz-security-token").to_owned();
            Ok(Call { protocol, service, operation, region, token, input })
        }
        Err(reason) => Err((protocol, service, Failure::refused("SerializationException", reason))),
    }
}

/// Writes a successful answer.
pub fn encode(call: &Call, result: &Value, request_id: &str) -> Response<Bytes> {
    let body = match call.protocol {
        Protocol::Cbor => cbor::encode(result),
        Protocol::Query => {
            query::encode(&call.operation, namespace(&call.service), result, request_id).into_bytes()
        }
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => json::encode(result),
    };
    respond(StatusCode::OK, call.protocol, body, request_id)
}

/// Writes an error the way the protocol and the service do.
pub fn encode_failure(
    protocol: Protocol,
    service: &str,
    failure: &Failure,
    request_id: &str,
) -> Response<Bytes> {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::BAD_REQUEST);
    let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
    let shape = shape_name(service, &failure.code);
    let described = || object([("__type", shape.clone().into()), ("message", (&failure.message).into())]);
    let body = match protocol {
        Protocol::Cbor => cbor::encode(&described()),
        Protocol::Query => {
            query::encode_error(namespace(service), fault, &failure.code, &failure.message, request_id)
                .into_bytes()
        }
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => json::encode(&described()),
    };
    let mut response = respond(status, protocol, body, request_id);
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    if protocol == Protocol::RestJson {
        set("x-amzn-errortype", &failure.code);
    }
    if service == "cloudwatch" && protocol != Protocol::Query {
        set("x-amzn-query-error", &format!("{};{fault}", failure.code));
    }
    response
}

/// An empty response with the headers that open an event stream.
pub fn event_stream_head(request_id: &str) -> Response<()> {
    let mut response = Response::new(());
    *response.headers_mut() = headers_for("application/vnd.amazon.eventstream", request_id);
    response
}

fn respond(status: StatusCode, protocol: Protocol, body: Vec<u8>, request_id: &str) -> Response<Bytes> {
    let content_type = match protocol {
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Json11 => "application/x-amz-json-1.1",
        Protocol::Query => "text/xml",
        Protocol::Cbor => "application/cbor",
        Protocol::RestJson => "application/json",
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers_for(content_type, request_id);
    if protocol == Protocol::Cbor {
        response.headers_mut().insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    response
}

fn headers_for(content_type: &'static str, request_id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    headers
}

/// CloudWatch's modelled error shapes have other names than the codes that clients see.
fn shape_name(service: &str, code: &str) -> String {
    match (service, code) {
        ("cloudwatch", "InvalidParameterValue" | "InvalidParameterCombination") => format!("{code}Exception"),
        ("cloudwatch", "ResourceNotFound") => "DashboardNotFoundError".into(),
        ("cloudwatch", "MissingParameter") => "MissingRequiredParameterException".into(),
        _ => code.to_owned(),
    }
}

fn namespace(service: &str) -> &'static str {
    match service {
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        "elasticloadbalancing" => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
        _ => "http://monitoring.amazonaws.com/doc/2010-08-01/",
    }
}

/// Service and region of a request: from the credential scope, else from the host name.
fn scope(headers: &HeaderMap, host: Option<&str>) -> (String, String) {
    let authorization = text_header(headers, header::AUTHORIZATION.as_str());
    let credential = authorization.split_once("Credential=").map_or("", |(_, rest)| rest);
    let mut parts = credential.split([',', ' ']).next().unwrap_or_default().split('/').skip(2);
    if let (Some(region), Some(service)) = (parts.next(), parts.next()) {
        return (iam_prefix(service).to_owned(), region.to_owned());
    }
    let host = host.unwrap_or_else(|| text_header(headers, header::HOST.as_str()));
    let mut labels = host.split('.');
    let service = labels.next().unwrap_or_default();
    let region = labels.next().filter(|label| label.contains('-')).unwrap_or("us-east-1");
    (iam_prefix(service.strip_prefix("stream-").unwrap_or(service)).to_owned(), region.to_owned())
}

fn iam_prefix(signing_name: &str) -> &str {
    if signing_name == "monitoring" { "cloudwatch" } else { signing_name }
}

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
