//! Widgets that are not drawn: what they are, why, and where to look. Nothing here is ever run or called.

use super::read::{Props, block, line, text};
use crate::features::dashboards::model::{Explained, LogGroups};
use serde_json::Value;

/// Where everything can be seen that this program does not draw.
const CONSOLE: &str = "In the AWS console: o.";
/// The same for a dashboard that is a file here, which has no page there to open.
const FILE: &str = "The AWS console draws it.";
/// Names that a sentence lists.
const MAX_NAMES: usize = 4;

/// A widget that is broken.
pub fn broken(kind: &str, why: impl Into<String>) -> Explained {
    Explained {
        kind: kind.to_owned(),
        why: why.into(),
        look: CONSOLE.to_owned(),
        text: String::new(),
        logs: None,
        failed: true,
    }
}

/// A metric widget that shows nothing: no rows and no alarm.
pub fn no_metrics(props: &mut Props) -> Explained {
    if let Some(rule) = props.take("insightRule") {
        let mut rule = Props::new(Some(rule), "insightRule");
        let name = rule.text("ruleName").unwrap_or_else(|| "without a name".to_owned());
        return explained(
            "insight rule",
            format!(
                "Top contributors of the Contributor Insights rule {name}; reports of rules are not read."
            ),
            CONSOLE,
        );
    }
    explained("metric", "It names no metrics.".to_owned(), "")
}

/// A widget of another type than metric, text and alarm.
pub fn other(kind: &str, props: &mut Props) -> Explained {
    match kind {
        "log" | "logQuery" => log(kind, props),
        "explorer" => explorer(props),
        "custom" => {
            let endpoint = props.text("endpoint").unwrap_or_else(|| "that it does not name".to_owned());
            let why = format!(
                "Drawn by the Lambda function {endpoint}. It is code that may act, so it is never called from here."
            );
            explained(kind, why, CONSOLE)
        }
        "trace" => {
            let mut params = props.inner("params");
            let group = params.text("group").filter(|group| !group.is_empty());
            let group = group.map(|group| format!(" of the group {group}")).unwrap_or_default();
            explained(kind, format!("A table of X-Ray traces{group}."), "The Traces screen lists them: t.")
        }
        _ => explained(kind, format!("The type {kind} is not known to this version."), CONSOLE),
    }
}

fn explained(kind: &str, why: String, look: &str) -> Explained {
    Explained {
        kind: kind.to_owned(),
        why,
        look: look.to_owned(),
        text: String::new(),
        logs: None,
        failed: false,
    }
}

fn log(kind: &str, props: &mut Props) -> Explained {
    let query = props.read("query", "a text", |value| value.as_str().map(block)).unwrap_or_default();
    let (sources, rest) = sources(&query);
    let groups: Vec<String> = sources.iter().filter_map(|source| quoted(source)).collect();
    let why =
        "A Logs Insights query. Each run is billed by the gigabyte scanned, so it is not run from here.";
    let look = match groups.as_slice() {
        [] => CONSOLE.to_owned(),
        groups => format!("The Logs screen reads {}: l.", names(groups)),
    };
    let region = props.region("region");
    let logs = (!groups.is_empty()).then_some(LogGroups { region, groups });
    Explained { kind: kind.to_owned(), why: why.to_owned(), look, text: rest, logs, failed: false }
}

/// The clauses that say where a query reads, and the query behind them.
fn sources(query: &str) -> (Vec<&str>, String) {
    let mut rest = query.trim_start();
    let mut sources = Vec::new();
    while rest.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SOURCE")) {
        let (clause, after) = rest.split_once('|').unwrap_or((rest, ""));
        sources.push(clause);
        rest = after.trim_start();
    }
    (sources, rest.to_owned())
}

/// The name of a log group in quotes; `logGroups(..)` has the beginnings of names at most.
fn quoted(clause: &str) -> Option<String> {
    if clause.contains("logGroups") && clause.contains('(') {
        return None;
    }
    let (_, rest) = clause.split_once(['\'', '"'])?;
    Some(rest.split(['\'', '"']).next()?.to_owned()).filter(|name| !name.is_empty())
}

fn explorer(props: &mut Props) -> Explained {
    let metrics = props.list("metrics");
    let field = |metric: &Value, key: &str| metric.get(key).and_then(text);
    let metric_names: Vec<String> = metrics.iter().filter_map(|metric| field(metric, "metricName")).collect();
    let resource = metrics.iter().find_map(|metric| field(metric, "resourceType"));
    let labels: Vec<String> = props
        .list("labels")
        .iter()
        .filter_map(|label| {
            let key = field(label, "key")?;
            Some(field(label, "value").map_or_else(|| key.clone(), |value| format!("{key} = {value}")))
        })
        .collect();
    let tagged = if labels.is_empty() { String::new() } else { format!(" tagged {}", names(&labels)) };
    let why = format!(
        "{} of every {}{tagged}; resources are not looked up by tag.",
        names(&metric_names),
        line(resource.as_deref().unwrap_or("resource")),
    );
    explained("explorer", why, CONSOLE)
}

/// Sends nobody to a page that a dashboard in a file does not have.
pub fn of_file(widget: &mut Explained) {
    if widget.look == CONSOLE {
        FILE.clone_into(&mut widget.look);
    }
}

/// Some names in a sentence.
fn names(list: &[String]) -> String {
    let shown: Vec<&str> = list.iter().take(MAX_NAMES).map(String::as_str).collect();
    match list.len().saturating_sub(MAX_NAMES) {
        0 if shown.is_empty() => "Metrics".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
