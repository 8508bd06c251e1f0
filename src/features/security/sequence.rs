//! Attack sequences: their signals in time, and a line for each of who and what took part. Pure.

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
        severity: number(&signal["severity"]),
        count: number(&signal["count"]).map(|count| count as i64),
        first: seen("firstSeenAt", "createdAt"),
        last: seen("lastSeenAt", "updatedAt"),
    }
}

/// One entry of a list of a sequence.
pub(super) struct Entry<'a> {
    /// What it is.
    pub(super) label: String,
    /// The most telling of it, in a line.
    pub(super) value: String,
    /// Its members that the line does not tell.
    pub(super) rest: Vec<(&'a str, &'a Value)>,
}

/// How the entries of a list of a sequence are put in a line each; `None` for lists that are not known.
pub(super) fn teller(list: &str) -> Option<fn(&Value) -> Entry<'_>> {
    Some(match list {
        "actors" => actor,
        "resources" => resource,
        "endpoints" => endpoint,
        "sequenceIndicators" => indicator,
        "signals" => told_signal,
        _ => return None,
    })
}

/// `reports-export · IAMUser · AKIA… · without MFA`
fn actor(actor: &Value) -> Entry<'_> {
    let (user, session, process) = (&actor["user"], &actor["session"], &actor["process"]);
    let mfa = match session["mfaStatus"].as_str() {
        Some("ENABLED") => "with MFA",
        Some("DISABLED") => "without MFA",
        _ => "",
    };
    let value = parts(&[
        text(user, "name"),
        text(user, "type"),
        text(user, "credentialUid"),
        mfa.to_owned(),
        text(process, "name"),
        text(process, "path"),
    ]);
    let mut rest = leftover(user, &["name", "type", "credentialUid"]);
    rest.extend(leftover(session, &["uid", "mfaStatus"]));
    rest.extend(leftover(process, &["name", "path"]));
    rest.extend(leftover(actor, &["id", "user", "session", "process"]));
    let label = if process.is_object() && !user.is_object() { "process" } else { "who" };
    Entry { label: label.to_owned(), value, rest }
}

/// `shop-orders-export · us-east-1 · 111122223333`
fn resource(resource: &Value) -> Entry<'_> {
    let name = text(resource, "name");
    let name = if name.is_empty() { text(resource, "uid") } else { name };
    // Its data stand under the name of their kind, which the label says already.
    let kinds = resource["data"].as_object().into_iter().flatten();
    let mut rest: Vec<_> = kinds.flat_map(|(_, data)| leftover(data, &[])).collect();
    let known = ["uid", "name", "resourceType", "region", "service", "cloudPartition", "accountId", "data"];
    rest.extend(leftover(resource, &known));
    let value = parts(&[name, text(resource, "region"), text(resource, "accountId")]);
    Entry { label: words(&text(resource, "resourceType")), value, rest }
}

/// `203.0.113.77 · Amsterdam, NL · AS64500 Example Hosting · inbound`
fn endpoint(endpoint: &Value) -> Entry<'_> {
    let (location, network) = (&endpoint["location"], &endpoint["autonomousSystem"]);
    let numbered =
        |value: &Value, before: &str| number(value).map(|it| format!("{before}{it}")).unwrap_or_default();
    let place = [text(location, "city"), text(location, "country")];
    let place = place.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ");
    let network = format!("{} {}", numbered(&network["number"], "AS"), text(network, "name"));
    let value = parts(&[
        text(endpoint, "ip"),
        text(endpoint, "domain"),
        numbered(&endpoint["port"], "port "),
        place,
        network.trim().to_owned(),
        text(&endpoint["connection"], "direction").to_lowercase(),
    ]);
    let known = ["id", "ip", "domain", "port", "location", "autonomousSystem", "connection"];
    Entry { label: "from".to_owned(), value, rest: leftover(endpoint, &known) }
}

/// `attack tactic` and `Discovery, Persistence`
fn indicator(indicator: &Value) -> Entry<'_> {
    let title = text(indicator, "title");
    let values = items(&indicator["values"]).iter().filter_map(Value::as_str);
    Entry {
        label: if title.is_empty() { words(&text(indicator, "key")) } else { title },
        value: values.collect::<Vec<_>>().join(", "),
        rest: leftover(indicator, &["key", "title", "values"]),
    }
}

/// `CreateUser` and `cloud trail · high risk API iam:CreateUser`
fn told_signal(signal: &Value) -> Entry<'_> {
    let mut told = vec![words(&text(signal, "type")), text(signal, "description")];
    told.extend(
        items(&signal["signalIndicators"])
            .iter()
            .map(indicator)
            .map(|it| format!("{} {}", it.label, it.value)),
    );
    // Times, count and severity stand on the axis; ids tie it to what stands above.
    let axis = ["createdAt", "updatedAt", "firstSeenAt", "lastSeenAt", "severity", "count"];
    let ids = ["uid", "resourceUids", "actorIds", "endpointIds"];
    let known = ["type", "description", "name", "signalIndicators"];
    let rest = leftover(signal, &[&axis[..], &ids, &known].concat());
    Entry { label: text(signal, "name"), value: parts(&told), rest }
}

fn parts(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" · ")
}

fn leftover<'a>(value: &'a Value, known: &[&str]) -> Vec<(&'a str, &'a Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, value)| (key.as_str(), value)).filter(|(key, _)| !known.contains(key)).collect()
}
