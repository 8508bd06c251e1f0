//! A finding's document as sections of labelled facts: what was done, to what, by whom, from where. Pure.
//!
//! One walk serves every resource and action there is: keys become labels, a few well-known shapes (an
//! address with its place, a port, tags) become one fact. A member that nobody here knows is a fact like any
//! other, so a newer kind of finding is shown as AWS wrote it. Only [`MAX_FACTS`] bounds it.

use super::head::{items, number, text};
use super::model::{Fact, FindingDetail, Section};
use super::phrase::words;
use super::sequence::{signals, teller};
use crate::text::{cap, sanitize};
use serde_json::{Map, Value};

/// Facts that are kept of one finding.
const MAX_FACTS: usize = 600;
/// Bytes of a value that are kept.
const VALUE_CAP: usize = 1_000;
/// Scalars of a list that are told.
const MAX_LISTED: usize = 40;
/// A part with more facts than this is a section by itself.
const LARGE: usize = 3;
/// How deep objects are taken apart; what is deeper stands as JSON.
const DEPTH: usize = 10;

/// Members of `service` that lists and titles tell already, or that mean nothing to people.
const TOLD: [&str; 9] = [
    "archived",
    "count",
    "detectorId",
    "eventFirstSeen",
    "eventLastSeen",
    "resourceRole",
    "serviceName",
    "action",
    "detection",
];
/// Members of the document that lists and titles tell already.
const HEAD: [&str; 7] = ["description", "resource", "service", "severity", "title", "type", "schemaVersion"];

/// Everything a document says.
pub(super) fn detail(document: &Value, region: &str) -> FindingDetail {
    let service = &document["service"];
    let detection = &service["detection"];
    let sequence = &detection["sequence"];
    let mut out = Sections::default();
    let (signals, more) = signals(sequence);
    out.parts("action", &service["action"], "actionType");
    cast(sequence, &mut out);
    out.parts("resource", &document["resource"], "resourceType");
    for (key, part) in members(detection).filter(|(key, _)| *key != "sequence") {
        out.section(&title(key), key, part, 0);
    }
    // What is a single value stands together at the end.
    let (parts, plain): (Vec<_>, Vec<_>) =
        members(service).filter(|(key, _)| !TOLD.contains(key)).partition(|(_, value)| is_part(value));
    for (key, part) in parts {
        out.section(&title(key), key, part, 0);
    }
    out.begin("about");
    for (key, value) in plain.into_iter().chain(members(document).filter(|(key, _)| !HEAD.contains(key))) {
        out.walk(&label(key), key, value, 0);
    }
    FindingDetail {
        region: region.to_owned(),
        id: text(document, "id"),
        sections: out.finish(),
        signals,
        dropped: out.dropped + more,
    }
}

/// Who and what an attack sequence is about, what it points to, and what its signals say.
fn cast(sequence: &Value, out: &mut Sections) {
    let (parts, plain): (Vec<_>, Vec<_>) = members(sequence).partition(|(_, value)| is_part(value));
    for (key, part) in parts {
        let Some(tell) = teller(key) else {
            out.section(&title(key), key, part, 0);
            continue;
        };
        out.begin(&title(key));
        for item in items(part) {
            let entry = tell(item);
            out.fact(&entry.label, &entry.value);
            for (key, value) in entry.rest {
                out.walk(&join(&entry.label, &label(key)), key, value, 1);
            }
        }
    }
    out.begin("sequence");
    for (key, value) in plain {
        out.walk(&label(key), key, value, 0);
    }
}

/// Has members of its own.
fn is_part(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flat_map(Map::iter);
    members.filter(|(_, value)| !empty(value)).map(|(key, value)| (key.as_str(), value))
}

/// Says nothing: null, an empty text, an empty list.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(empty),
        Value::Object(members) => members.values().all(empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[derive(Default)]
struct Sections {
    list: Vec<Section>,
    facts: usize,
    dropped: usize,
}

impl Sections {
    /// Facts that follow belong to this section. One of the same name goes on.
    fn begin(&mut self, title: &str) {
        let title = sanitize(cap(title, VALUE_CAP).0).into_owned();
        if self.list.last().is_none_or(|last| last.title != title) {
            self.list.retain(|section| !section.facts.is_empty());
            self.list.push(Section { title, facts: Vec::new() });
        }
    }

    /// An action or a resource: a section for each of its parts. Its type says the same as the title of the
    /// only part.
    fn parts(&mut self, name: &str, whole: &Value, kind: &str) {
        let (parts, plain): (Vec<_>, Vec<_>) = members(whole).partition(|(_, part)| is_part(part));
        let plain: Vec<_> = plain.into_iter().filter(|(key, _)| *key != kind || parts.is_empty()).collect();
        self.begin(name);
        for (key, value) in plain {
            self.walk(&label(key), key, value, 0);
        }
        for (key, part) in parts {
            self.section(&title(key), key, part, 0);
        }
    }

    /// A part of the document under its own title; of several equal things each has its own. What is large in
    /// it follows as a section by itself.
    fn section(&mut self, title: &str, key: &str, part: &Value, depth: usize) {
        let objects = items(part).iter().filter(|item| item.is_object()).count();
        if objects == 0 || compact(key, part).is_some() {
            self.begin(title);
            return self.walk(title, key, part, depth);
        }
        for (at, item) in items(part).iter().enumerate() {
            let title = if objects > 1 { format!("{title} {}", at + 1) } else { title.to_owned() };
            self.begin(&title);
            let (large, small): (Vec<_>, Vec<_>) =
                members(item).partition(|(key, value)| depth < DEPTH && is_large(key, value));
            for (key, value) in small {
                self.walk(&label(key), key, value, depth + 1);
            }
            for (key, value) in large {
                let inner = if depth == 0 { label(key) } else { join(&title, &label(key)) };
                self.section(&inner, key, value, depth + 1);
            }
        }
    }

    fn fact(&mut self, label: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        if self.facts == MAX_FACTS {
            self.dropped += 1;
            return;
        }
        self.facts += 1;
        let (kept, cut) = cap(value, VALUE_CAP);
        let mut value = sanitize(kept).into_owned();
        if cut > 0 {
            value = format!("{value} (+{cut} bytes)");
        }
        let label = sanitize(cap(label, VALUE_CAP).0).into_owned();
        if let Some(section) = self.list.last_mut() {
            section.facts.push(Fact { label, value });
        }
    }

    /// A value and all that is in it.
    fn walk(&mut self, label: &str, key: &str, value: &Value, depth: usize) {
        if empty(value) {
            return;
        }
        if let Some((text, rest)) = compact(key, value) {
            self.fact(label, &text);
            for (key, value) in rest {
                self.walk(&join(label, &self::label(key)), key, value, depth + 1);
            }
            return;
        }
        match value {
            _ if depth >= DEPTH => self.fact(label, &value.to_string()),
            Value::Object(_) => {
                for (key, value) in members(value) {
                    self.walk(&join(label, &self::label(key)), key, value, depth + 1);
                }
            }
            Value::Array(entries) if entries.iter().any(|entry| entry.is_object() || entry.is_array()) => {
                let one = entries.len() == 1;
                for (at, entry) in entries.iter().enumerate() {
                    let label = if one { label.to_owned() } else { format!("{label} {}", at + 1) };
                    self.walk(&label, key, entry, depth + 1);
                }
            }
            Value::Array(entries) => self.fact(label, &listed(entries)),
            // Details that AWS packs into a text.
            Value::String(text) if text.starts_with('{') => match serde_json::from_str(text) {
                Ok(inner @ Value::Object(_)) => self.walk(label, key, &inner, depth + 1),
                _ => self.fact(label, text),
            },
            _ => self.fact(label, &scalar(key, value)),
        }
    }

    fn finish(&mut self) -> Vec<Section> {
        self.list.retain(|section| !section.facts.is_empty());
        std::mem::take(&mut self.list)
    }
}

/// `awsApiCallAction` -> `AWS API call`.
fn title(key: &str) -> String {
    let words = words(key);
    let short = words.strip_suffix(" details").or_else(|| words.strip_suffix(" action"));
    short.map_or_else(|| words.clone(), str::to_owned)
}

/// `remoteIpDetails` -> `remote IP`.
fn label(key: &str) -> String {
    let words = words(key);
    words.strip_suffix(" details").map(str::to_owned).unwrap_or(words)
}

/// Puts a label behind another, without saying a word twice: `process` and `process name`.
fn join(label: &str, more: &str) -> String {
    let last = label.rsplit(' ').next().unwrap_or_default();
    match more.split_once(' ') {
        Some((first, rest)) if first == last => format!("{label} {rest}"),
        _ if more == last => label.to_owned(),
        _ => format!("{label} {more}").trim().to_owned(),
    }
}

/// Tells more than fits behind one label.
fn is_large(key: &str, value: &Value) -> bool {
    fn leaves(key: &str, value: &Value) -> usize {
        match value {
            _ if compact(key, value).is_some() => 1,
            Value::Object(_) => members(value).map(|(key, value)| leaves(key, value)).sum(),
            Value::Array(entries) if entries.iter().any(is_part) => {
                entries.iter().map(|entry| leaves(key, entry)).sum()
            }
            _ => 1,
        }
    }
    is_part(value) && leaves(key, value) > LARGE
}

fn listed(entries: &[Value]) -> String {
    let told = entries.iter().filter(|entry| !empty(entry)).take(MAX_LISTED);
    let text = told.map(|entry| scalar("", entry)).collect::<Vec<_>>().join(", ");
    let more = entries.len().saturating_sub(MAX_LISTED);
    if more > 0 { format!("{text} and {more} more") } else { text }
}

fn scalar(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        // Numbers of seconds or milliseconds mean nothing to people.
        Value::Number(_) if ["At", "Time", "Date"].iter().any(|end| key.ends_with(end)) => {
            super::head::time(value).map_or_else(|| value.to_string(), |at| at.to_string())
        }
        other => other.to_string(),
    }
}

/// Members that a short form leaves over, with their keys.
type Rest<'a> = Vec<(&'a str, &'a Value)>;

/// Shapes that everybody knows, in one line; what else is in them is left to the walk.
fn compact<'a>(key: &str, value: &'a Value) -> Option<(String, Rest<'a>)> {
    match value {
        Value::Array(entries) if !entries.is_empty() => {
            let pairs = entries.iter().map(|entry| pair(key, entry)).collect::<Option<Vec<_>>>()?;
            Some((pairs.join(", "), Rest::new()))
        }
        Value::Object(members)
            if members.contains_key("ipAddressV4") || members.contains_key("ipAddressV6") =>
        {
            Some(address(value))
        }
        Value::Object(members) if members.contains_key("port") && members.len() <= 3 => {
            let port = number(&value["port"])?;
            let name = value["portName"].as_str().unwrap_or_default();
            let rest = rest(value, &["port", "portName"]);
            Some((format!("{port} {name}").trim_end().to_owned(), rest))
        }
        _ => None,
    }
}

/// Tags and security groups: `team=platform`, `sg-1 (bastion)`.
fn pair(key: &str, entry: &Value) -> Option<String> {
    let members = entry.as_object()?;
    let get = |name: &str| members.get(name).and_then(Value::as_str);
    if members.len() > 2 {
        return None;
    }
    match (get("key"), get("value"), get("groupId")) {
        (Some(name), value, _) => Some(format!("{name}={}", value.unwrap_or_default())),
        (_, _, Some(id)) if key == "securityGroups" => {
            Some(get("groupName").map_or_else(|| id.to_owned(), |name| format!("{id} ({name})")))
        }
        _ => None,
    }
}

/// `203.0.113.77 · Amsterdam, Netherlands · AS64500 Example Hosting`
fn address(details: &Value) -> (String, Rest<'_>) {
    let get = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let organization = &details["organization"];
    let mut named = vec![get(organization, "asnOrg"), get(organization, "org"), get(organization, "isp")];
    named.dedup();
    let org = joined(&named, ", ");
    let asn = get(organization, "asn");
    let asn = if asn.is_empty() { asn } else { format!("AS{asn}") };
    let place = joined(&[get(&details["city"], "cityName"), get(&details["country"], "countryName")], ", ");
    let network = joined(&[asn, org], " ");
    let ips = [get(details, "ipAddressV4"), get(details, "ipAddressV6")];
    let text = joined(&[joined(&ips, " "), place, network], " · ");
    let known = ["ipAddressV4", "ipAddressV6", "city", "country", "geoLocation", "organization"];
    (text, rest(details, &known))
}

fn joined(parts: &[String], by: &str) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(by)
}

fn rest<'a>(value: &'a Value, known: &[&str]) -> Rest<'a> {
    members(value).filter(|(key, _)| !known.contains(key)).collect()
}
