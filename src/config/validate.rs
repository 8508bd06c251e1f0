//! The sense of values: ranges, shapes, names that must exist or be given once.
//!
//! `values` judges a file by itself. [`check_names`] judges what only other parts know: which themes, panes,
//! actions and scenarios there are.

use super::read::span_of;
use super::{Config, ConfigError, Origin, Service, Span, Target, suggest};
use crate::text::Zone;
use crate::theme::parse_color;
use std::collections::HashSet;
use toml_edit::Document;

/// Regions there are. Others are accepted when they look like one and are not nearly one of these: AWS adds
/// some every year.
const REGIONS: [&str; 47] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "ca-west-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eusc-de-east-1",
    "af-south-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "us-gov-east-1",
    "us-gov-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "eu-isoe-west-1",
];

/// Names that other parts of the program know.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Shipped and user themes.
    pub themes: &'a [String],
    /// Panes.
    pub panes: &'a [&'a str],
    /// Actions that keys can be given to.
    pub actions: &'a [&'a str],
    /// Shipped scenarios.
    pub scenarios: &'a [&'a str],
}

/// Checks the names in a config that parsed. `text` and `file` are those it was parsed from.
pub fn check_names(config: &Config, text: &str, file: &str, known: &Known<'_>) -> Vec<ConfigError> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let mut checks = Checks { origin: Origin { file, text }, document: &document, errors: Vec::new() };
    let themes: Vec<&str> = known.themes.iter().map(String::as_str).collect();
    checks.one_of(&["ui", "theme"], &config.ui.theme, "theme", &themes);
    checks.one_of(&["ui", "start"], &config.ui.start, "pane", known.panes);
    let zone = &config.ui.zone;
    let exists = config.ui.time_zone(&Zone::utc()).is_some();
    checks.require(exists, &["ui", "zone"], &format!("there is no zone `{zone}`"));
    // A scenario may also be a file.
    if !config.demo.scenario.contains(['/', '.']) {
        checks.one_of(&["demo", "scenario"], &config.demo.scenario, "scenario", known.scenarios);
    }
    for action in config.keys.keys() {
        checks.one_of(&["keys", action], action, "action", known.actions);
    }
    checks.errors
}

/// An error about the value at `path` of a config that parsed.
pub fn error_at(text: &str, file: &str, path: &[&str], message: &str) -> ConfigError {
    let origin = Origin { file, text };
    let span = Document::parse(text).ok().and_then(|document| span_of(&document, path));
    let key = path.join(".");
    origin.error(span, &key, format!("{key}: {message}"), None)
}

/// Checks the values of a config that has the right keys and types.
pub(super) fn values(config: &Config, origin: Origin<'_>, document: &Document<&str>) -> Vec<ConfigError> {
    let mut checks = Checks { origin, document, errors: Vec::new() };
    checks.zone(&config.ui.zone);
    checks.span(&["window", "default"], config.window.default, "1m", "2w");
    let poll = &config.poll;
    let cadences = [
        ("alarms", poll.alarms),
        ("metrics", poll.metrics),
        ("rollouts", poll.rollouts),
        ("shift", poll.shift),
        ("logs", poll.logs),
        ("log_groups", poll.log_groups),
        ("discovery", poll.discovery),
        ("findings", poll.findings),
    ];
    for (key, span) in cadences {
        checks.span(&["poll", key], span, "1s", "1d");
    }
    let cost = config.cost.max_usd_per_hour;
    let path = ["cost", "max_usd_per_hour"];
    checks.require(cost > 0.0 && cost.is_finite(), &path, "must be above 0");
    let verdict = &config.verdict;
    let fits = (0.01..=50.0).contains(&verdict.margin);
    checks.require(fits, &["verdict", "margin"], "must be from 0.01 to 50");
    let fits = (0.0001..=0.2).contains(&verdict.false_alarms);
    checks.require(fits, &["verdict", "false_alarms"], "must be from 0.0001 to 0.2");
    let memory = config.logs.max_memory_mib;
    checks.require((4..=4096).contains(&memory), &["logs", "max_memory_mib"], "must be from 4 to 4096");
    for (action, keys) in &config.keys {
        let empty = keys.iter().any(|key| key.trim().is_empty());
        checks.require(!empty, &["keys", action], "a key is written by its name, for example \"R\"");
    }
    for (at, region) in config.security.regions.iter().enumerate() {
        checks.region(&["security", "regions", &at.to_string()], region);
    }
    checks.targets(&config.targets);
    checks.services(&config.services, &config.targets);
    for (at, rule) in config.severities.iter().enumerate() {
        let at = at.to_string();
        checks.require(!rule.pattern.is_empty(), &["severity", &at, "match"], "a name or pattern is needed");
    }
    checks.errors
}

struct Checks<'a> {
    origin: Origin<'a>,
    document: &'a Document<&'a str>,
    errors: Vec<ConfigError>,
}

impl Checks<'_> {
    fn fail(&mut self, path: &[&str], message: &str, suggestion: Option<String>) {
        let key = path.iter().fold(String::new(), |key, step| match step.parse::<usize>() {
            Ok(at) => format!("{key}[{at}]"),
            Err(_) if key.is_empty() => (*step).to_owned(),
            Err(_) => format!("{key}.{step}"),
        });
        let span = span_of(self.document, path);
        self.errors.push(self.origin.error(span, &key, format!("{key}: {message}"), suggestion));
    }

    fn require(&mut self, holds: bool, path: &[&str], message: &str) {
        if !holds {
            self.fail(path, message, None);
        }
    }

    fn one_of(&mut self, path: &[&str], name: &str, what: &str, known: &[&str]) {
        if !known.contains(&name) {
            let suggestion = suggest(name, known.iter().copied());
            self.fail(path, &format!("there is no {what} `{name}`"), suggestion);
        }
    }

    fn span(&mut self, path: &[&str], span: Span, least: &str, most: &str) {
        let bound = |text: &str| text.parse::<Span>().ok();
        let inside = bound(least).is_none_or(|l| span >= l) && bound(most).is_none_or(|m| span <= m);
        self.require(inside, path, &format!("must be from {least} to {most}"));
    }

    /// Whether the zone exists is found out where zones are read; here only its shape is checked.
    fn zone(&mut self, zone: &str) {
        let area = zone.split_once('/').is_some_and(|(area, place)| {
            let fits = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
            !area.is_empty() && !place.is_empty() && fits(area) && fits(place)
        });
        if !area && !matches!(zone, "local" | "utc") {
            let suggestion = suggest(zone, ["local", "utc"]);
            self.fail(&["ui", "zone"], "must be local, utc, or a name like Europe/London", suggestion);
        }
    }

    fn region(&mut self, path: &[&str], region: &str) {
        if !is_region(region) {
            let message = format!("`{region}` does not look like a region such as eu-west-2");
            self.fail(path, &message, suggest(region, REGIONS));
        } else if let Some(near) = nearly_region(region) {
            self.fail(path, &format!("there is no region `{region}`"), Some(near.to_owned()));
        }
    }

    fn targets(&mut self, targets: &[Target]) {
        let mut names = HashSet::new();
        for (at, target) in targets.iter().enumerate() {
            let at = at.to_string();
            let path = |key| ["target", at.as_str(), key];
            self.name(&path("name"), &target.name, names.insert(target.name.as_str()));
            if let Some(region) = &target.region {
                self.region(&path("region"), region);
            }
            let roles = [("role_arn", &target.role_arn), ("write_role_arn", &target.write_role_arn)];
            for (key, role) in roles {
                let fits = role.as_deref().is_none_or(is_role);
                self.require(fits, &path(key), "must look like arn:aws:iam::111122223333:role/NAME");
            }
            for key in ["external_id", "mfa_serial"] {
                let given = if key == "external_id" { &target.external_id } else { &target.mfa_serial };
                let useless = given.is_some() && target.role_arn.is_none();
                self.require(!useless, &path(key), "belongs to a role: role_arn is missing");
            }
            let endpoint = target.endpoint_url.as_deref();
            let fits = endpoint.is_none_or(|url| ["http://", "https://"].iter().any(|s| url.starts_with(s)));
            self.require(fits, &path("endpoint_url"), "must start with http:// or https://");
            let fits = target.color.as_deref().is_none_or(|color| parse_color(color).is_some());
            self.require(fits, &path("color"), "must be a colour name, #rrggbb or an index in quotes");
        }
    }

    fn services(&mut self, services: &[Service], targets: &[Target]) {
        let mut names = HashSet::new();
        let target_names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        for (at, service) in services.iter().enumerate() {
            let at = at.to_string();
            let path = |key| ["service", at.as_str(), key];
            let first = names.insert((service.target.as_deref(), service.name.as_str()));
            self.name(&path("name"), &service.name, first);
            if let Some(target) = &service.target {
                self.one_of(&path("target"), target, "target", &target_names);
            }
            let fits = service.ecs.as_deref().is_none_or(|ecs| is_pair(ecs, '/'));
            self.require(fits, &path("ecs"), "must be CLUSTER/SERVICE");
            let fits = service.lambda.as_deref().is_none_or(|l| is_pair(l, ':') || is_plain(l, ':'));
            self.require(fits, &path("lambda"), "must be FUNCTION or FUNCTION:ALIAS");
            if let Some(stable) = &service.stable_target_group {
                let groups: Vec<&str> = service.target_groups.iter().map(String::as_str).collect();
                self.one_of(&path("stable_target_group"), stable, "target group in target_groups", &groups);
            }
            let itself = service.depends_on.contains(&service.name);
            self.require(!itself, &path("depends_on"), "a service cannot depend on itself");
            let lists = [
                ("target_groups", &service.target_groups),
                ("log_groups", &service.log_groups),
                ("alarms", &service.alarms),
                ("dashboards", &service.dashboards),
                ("depends_on", &service.depends_on),
            ];
            for (key, list) in lists {
                let empty = list.iter().any(String::is_empty);
                self.require(!empty, &path(key), "holds an empty name");
            }
        }
    }

    /// A name that must be given, and only once. Without it the entry itself is pointed at.
    fn name(&mut self, path: &[&str], name: &str, first: bool) {
        if name.is_empty() {
            self.fail(path, "a name is needed", None);
        } else if !first {
            self.fail(path, &format!("`{name}` is already taken"), None);
        }
    }
}

/// Letters, dashes and a number at the end, like `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    let lower = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    words.len() >= 2
        && words.iter().all(|word| lower(word))
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// The region that was most probably meant. One more in a place known already has a new number only.
fn nearly_region(text: &str) -> Option<&'static str> {
    let place = |region: &str| region.rsplit_once('-').map(|(place, _)| place.to_owned());
    if REGIONS.iter().any(|region| place(region) == place(text)) {
        return None;
    }
    let near = REGIONS.iter().map(|region| (strsim::damerau_levenshtein(region, text), *region));
    near.filter(|(distance, _)| *distance <= 2).min().map(|(_, region)| region)
}

fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

fn is_pair(text: &str, separator: char) -> bool {
    text.split_once(separator).is_some_and(|(a, b)| is_plain(a, separator) && is_plain(b, separator))
}

fn is_plain(text: &str, without: char) -> bool {
    !text.is_empty() && !text.contains(without)
}
