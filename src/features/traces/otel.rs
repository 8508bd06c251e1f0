//! OpenTelemetry spans as flat spans: one a document as CloudWatch keeps them (`aws/spans`, `ListRetrievedTraces`
//! with format OTEL), or many as collectors write them to files (OTLP's JSON form, `resourceSpans`). Texts are
//! sanitized here; this is where they enter.
//!
//! Attributes come as a map of dotted keys or as OTLP's list of key and typed value; both are read.

use super::json::Json;
use super::model::{Frame, Http, Kind, Micros, Sql, Status, Thrown};
use super::segment::{Block, Loose, Told, block, block_line, name};

/// Whether a document is a span of OpenTelemetry.
pub fn is_span(document: &Json) -> bool {
    document.get("spanId").is_some() || document.get("startTimeUnixNano").is_some()
}

/// The spans of an export: below each resource its instrumentations, below each of those its spans. `None` for a
/// document that is no export.
pub fn exported(document: &Json) -> Option<Vec<Loose>> {
    let mut spans = Vec::new();
    for part in document.get("resourceSpans")?.list() {
        let resource = part.get("resource").unwrap_or(&Json::Null);
        // The second is the name it had before OTLP 0.15.
        let scopes =
            ["scopeSpans", "instrumentationLibrarySpans"].into_iter().filter_map(|key| part.get(key));
        let documents =
            scopes.flat_map(Json::list).filter_map(|scope| scope.get("spans")).flat_map(Json::list);
        spans.extend(documents.map(|document| told(document, resource)));
    }
    Some(spans)
}

/// The span of one document.
pub fn span(document: &Json) -> Loose {
    told(document, document.get("resource").unwrap_or(&Json::Null))
}

fn told(document: &Json, resource: &Json) -> Loose {
    let field = |key: &str| document.get(key).unwrap_or(&Json::Null);
    let attributes = Attributes(field("attributes"));
    let resource = Attributes(resource.get("attributes").unwrap_or(&Json::Null));
    let mut loose = Loose::default();
    let span = &mut loose.span;
    span.id = name(field("spanId"));
    span.parent_id = Some(name(field("parentSpanId"))).filter(|id| !id.is_empty());
    span.kind = kind(field("kind"));
    span.name = title(document, &attributes, &resource, span.kind);
    span.origin = resource.first(&["cloud.platform"]).map(name).unwrap_or_default();
    let start = nanos(field("startTimeUnixNano"));
    span.start = start.unwrap_or_default();
    span.end = nanos(field("endTimeUnixNano"));
    span.http = http(&attributes);
    span.status = status(field("status"), span.http.as_ref());
    loose.timed = start.is_some();
    loose.trace = name(field("traceId"));
    let query = attributes.first(&["db.query.text", "db.statement"]);
    if let Some(query) = query {
        loose.detail().sql = Some(Sql { query: block(query), facts: Vec::new() });
    }
    for event in field("events").list().iter().chain(field("spanEvents").list()) {
        if let Some(thrown) = thrown(event) {
            loose.detail().exceptions.list.push(thrown);
        }
    }
    if let Some(message) = field("status").get("message") {
        loose.detail().keep(Block::Other, "status.message", message);
    }
    // A statement is long: once is enough.
    attributes.each(|key, value| {
        if query == Some(value) {
            return;
        }
        let aws = key.strip_prefix("aws.");
        loose.detail().keep(if aws.is_some() { Block::Aws } else { Block::Other }, aws.unwrap_or(key), value);
    });
    resource.each(|key, value| {
        loose.detail().keep(Block::Metadata, key, value);
        if key == "aws.log.group.names" {
            let groups = value.list().iter().chain(value.text().is_some().then_some(value)).map(name);
            let groups = groups.filter(|group| !group.is_empty());
            loose.detail().log_groups.extend(groups);
        }
    });
    loose
}

/// Attributes in either form.
struct Attributes<'j, 'a>(&'j Json<'a>);

impl<'j, 'a> Attributes<'j, 'a> {
    fn first(&self, keys: &[&str]) -> Option<&'j Json<'a>> {
        keys.iter().find_map(|key| match self.0 {
            Json::List(list) => {
                let entry = list.iter().find(|entry| entry.get("key").and_then(Json::text) == Some(key))?;
                entry.get("value").map(typed)
            }
            map => map.get(key).map(typed),
        })
    }

    fn each(&self, mut visit: impl FnMut(&str, &Json)) {
        match self.0 {
            Json::Map(entries) => entries.iter().for_each(|(key, value)| visit(key, typed(value))),
            Json::List(list) => {
                for entry in list {
                    let key = entry.get("key").and_then(Json::text);
                    if let Some((key, value)) = key.zip(entry.get("value")) {
                        visit(key, typed(value));
                    }
                }
            }
            _ => {}
        }
    }
}

/// OTLP wraps each value in an object that names its type: `{"stringValue": "x"}`.
fn typed<'j, 'a>(value: &'j Json<'a>) -> &'j Json<'a> {
    match value {
        Json::Map(entries) => match entries.as_slice() {
            [(key, inner)] if key.ends_with("Value") => inner.get("values").unwrap_or(inner),
            _ => value,
        },
        _ => value,
    }
}

fn kind(value: &Json) -> Kind {
    match value.text().unwrap_or_default().trim_start_matches("SPAN_KIND_") {
        "SERVER" | "CONSUMER" | "2" | "5" => Kind::Server,
        "CLIENT" | "PRODUCER" | "3" | "4" => Kind::Client,
        _ => Kind::Internal,
    }
}

/// A service is called by its name, a call by what it calls, work by what it does.
fn title(document: &Json, attributes: &Attributes, resource: &Attributes, kind: Kind) -> String {
    let service = match kind {
        Kind::Server => {
            attributes.first(&["aws.local.service"]).or_else(|| resource.first(&["service.name"]))
        }
        Kind::Client => attributes.first(&["aws.remote.service", "peer.service", "server.address"]),
        _ => None,
    };
    service.or_else(|| document.get("name")).map(name).unwrap_or_default()
}

/// Nanoseconds since 1970, as number or text; `None` for what is no moment at which AWS existed.
fn nanos(value: &Json) -> Option<Micros> {
    let at = value.whole().filter(|at| *at >= 1_000_000_000)?;
    Micros::try_from(at / 1000).ok()
}

fn http(attributes: &Attributes) -> Option<Http> {
    let text = |keys: &[&str]| attributes.first(keys).map(block_line).unwrap_or_default();
    let number = |keys: &[&str]| attributes.first(keys).and_then(Json::whole);
    let http = Http {
        method: text(&["http.request.method", "http.method"]),
        url: text(&["url.full", "http.url", "url.path", "http.target", "http.route"]),
        status: number(&["http.response.status_code", "http.status_code"])
            .and_then(|code| u16::try_from(code).ok()),
        content_length: number(&["http.response.body.size", "http.response_content_length"]),
        user_agent: text(&["user_agent.original", "http.user_agent"]),
        client_ip: text(&["client.address", "http.client_ip"]),
    };
    (http != Http::default()).then_some(http)
}

/// The answer's code says more than `ERROR`, which may be the caller's mistake or the service's own.
fn status(value: &Json, http: Option<&Http>) -> Status {
    let failed =
        matches!(value.get("code").unwrap_or(value).text(), Some("ERROR" | "STATUS_CODE_ERROR" | "2"));
    let code = http.and_then(|http| http.status);
    match (Told { code, ..Told::default() }).status() {
        Status::Ok if failed => Status::Fault,
        status => status,
    }
}

fn thrown(event: &Json) -> Option<Thrown> {
    let attributes = Attributes(event.get("attributes")?);
    let (kind, message) = (attributes.first(&["exception.type"]), attributes.first(&["exception.message"]));
    (kind.is_some() || message.is_some()).then(|| {
        let (kind, message) = (kind.map(name).unwrap_or_default(), message.map(block).unwrap_or_default());
        let stack = attributes.first(&["exception.stacktrace"]).map(block).unwrap_or_default();
        // A stack of OpenTelemetry is one text in the language's own form: each line is a frame, but for the
        // first where that repeats what was thrown.
        let head = format!("{kind}: {message}");
        let stack = stack.strip_prefix(head.as_str()).unwrap_or(&stack);
        let frames = stack.lines().map(str::trim).filter(|line| !line.is_empty());
        let frames = frames.map(|line| Frame { label: line.to_owned(), ..Frame::default() });
        Thrown { stack: frames.collect(), kind, message, ..Thrown::default() }
    })
}
