//! Attack sequences: their signals in time, and the lines of who and what took part. Pure.

use super::head::{items, number, text, time};
use super::model::Signal;
use super::phrase::words;
use serde_json::Value;

/// Signals that are kept; AWS puts at most a few dozen into a sequence.
const MAX_SIGNALS: usize = 200;

/// Signals, oldest first, and how many were left out.
pub(super) fn signals(sequence: &Value) -> (Vec<Signal>, usize) {
    let all = items(&sequence["signals"]);
    let mut signals: Vec<Signal> = all.iter().take(MAX_SIGNALS).map(signal).collect();
    signals.sort_by(|a, b| (a.first.or(a.last), a.last).cmp(&(b.first.or(b.last), b.last)));
    (signals, all.len().saturating_sub(MAX_SIGNALS))
}

fn signal(signal: &Value) -> Signal {
    let seen = |seen: &str, else_at: &str| time(&signal[seen]).or_else(|| time(&signal[else_at]));
    Signal {
        kind: text(signal, "type"),
        name: text(signal, "name"),
        description: text(signal, "description"),
        severity: number(&signal["severity"]),
        count: number(&signal["count"]).map(|count| count as i64),
        first: seen("firstSeenAt", "createdAt"),
        last: seen("lastSeenAt", "updatedAt"),
        indicators: items(&signal["signalIndicators"]).iter().map(indicator).collect(),
    }
}

/// `attack tactic Discovery, Persistence`
fn indicator(indicator: &Value) -> String {
    let values = items(&indicator["values"]).iter().filter_map(Value::as_str);
    let values = values.map(|value| crate::text::sanitize(value).into_owned()).collect::<Vec<_>>().join(", ");
    format!("{} {values}", words(&text(indicator, "key"))).trim_end().to_owned()
}

/// The lists of a sequence whose entries make one line each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cast {
    Actors,
    Resources,
    Endpoints,
    Indicators,
    Signals,
}

impl Cast {
    /// By the list's key.
    pub(super) fn of(key: &str) -> Option<Self> {
        Some(match key {
            "actors" => Self::Actors,
            "resources" => Self::Resources,
            "endpoints" => Self::Endpoints,
            "sequenceIndicators" => Self::Indicators,
            "signals" => Self::Signals,
            _ => return None,
        })
    }

    /// Label and value of an entry, and its members that they do not tell.
    pub(super) fn line(self, item: &Value) -> (String, String, Vec<(&str, &Value)>) {
        let parts = |parts: &[String]| {
            parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ")
        };
        let number = |value: &Value, before: &str| {
            number(value).map(|number| format!("{before}{number}")).unwrap_or_default()
        };
        let (label, value, known): (String, String, &[&str]) = match self {
            Self::Actors => {
                let user = &item["user"];
                let session = &item["session"];
                let mfa = match session["mfaStatus"].as_str() {
                    Some("ENABLED") => "with MFA".to_owned(),
                    Some("DISABLED") => "without MFA".to_owned(),
                    _ => String::new(),
                };
                let process = &item["process"];
                let who = parts(&[
                    text(user, "name"),
                    text(user, "type"),
                    text(user, "credentialUid"),
                    mfa,
                    text(process, "name"),
                    text(process, "path"),
                ]);
                // Their parts that have no place in the line follow it.
                let mut rest = leftover(user, &["name", "type", "credentialUid"]);
                rest.extend(leftover(session, &["uid", "mfaStatus"]));
                rest.extend(leftover(process, &["name", "path"]));
                rest.extend(leftover(item, &["id", "user", "session", "process"]));
                let label = if user.is_object() || !process.is_object() { "who" } else { "process" };
                return (label.to_owned(), who, rest);
            }
            Self::Resources => {
                let name = text(item, "name");
                let name = if name.is_empty() { text(item, "uid") } else { name };
                let known =
                    &["uid", "name", "resourceType", "region", "service", "cloudPartition", "accountId"];
                (words(&text(item, "resourceType")), parts(&[name, text(item, "region")]), known)
            }
            Self::Endpoints => {
                let (location, network) = (&item["location"], &item["autonomousSystem"]);
                let place = [text(location, "city"), text(location, "country")];
                let place = place.iter().filter(|it| !it.is_empty()).cloned().collect::<Vec<_>>().join(", ");
                let asn = format!("{} {}", number(&network["number"], "AS"), text(network, "name"));
                let from = parts(&[
                    text(item, "ip"),
                    text(item, "domain"),
                    number(&item["port"], "port "),
                    place,
                    asn.trim().to_owned(),
                    text(&item["connection"], "direction").to_lowercase(),
                ]);
                let known = &["id", "ip", "domain", "port", "location", "autonomousSystem", "connection"];
                ("from".to_owned(), from, known)
            }
            Self::Indicators => {
                let title = text(item, "title");
                let key = if title.is_empty() { words(&text(item, "key")) } else { title };
                let values = items(&item["values"]).iter().filter_map(Value::as_str);
                (key, values.collect::<Vec<_>>().join(", "), &["key", "title", "values"])
            }
            Self::Signals => {
                let mut told = vec![words(&text(item, "type")), text(item, "description")];
                told.extend(items(&item["signalIndicators"]).iter().map(indicator));
                // Times, count and severity stand on the axis; ids tie it to what stands above.
                let known = &[
                    "uid",
                    "type",
                    "description",
                    "name",
                    "createdAt",
                    "updatedAt",
                    "firstSeenAt",
                    "lastSeenAt",
                    "severity",
                    "count",
                    "resourceUids",
                    "actorIds",
                    "endpointIds",
                    "signalIndicators",
                ];
                (text(item, "name"), parts(&told), known)
            }
        };
        (label, value, leftover(item, known))
    }
}

fn leftover<'a>(value: &'a Value, known: &[&str]) -> Vec<(&'a str, &'a Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, value)| (key.as_str(), value)).filter(|(key, _)| !known.contains(key)).collect()
}
