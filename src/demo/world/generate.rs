//! Things made by the hundred, for scenarios that ask for an account of real size.
//!
//! Filled in before a scenario is checked, so that a scenario may refer to what is made here. Names and
//! numbers follow from the position alone: the same in every region and for every seed.

use super::findings::FindingSpec;
use super::hash::Dice;
use super::scenario::Scenario;
use super::spec::{
    Absent, ActionsSpec, AlarmSpec, FunctionSpec, LineFormat, Offset, ServiceSpec, StrategyName, WatchSpec,
};
use toml::Spanned;

const DOMAINS: [&str; 20] = [
    "billing", "catalog", "search", "identity", "shipping", "pricing", "media", "ledger", "risk", "inbox",
    "loyalty", "returns", "supply", "partner", "content", "session", "profile", "report", "stock", "voucher",
];
const ROLES: [&str; 5] = ["api", "worker", "gateway", "sync", "index"];

impl Scenario {
    /// Adds services, functions and alarms until there are as many as asked for.
    pub(super) fn expand(&mut self) {
        let wanted = self.generate.clone();
        let listed = self.services.len();
        for index in 0..(wanted.services as usize).saturating_sub(listed) {
            self.services.push(service(index));
        }
        let listed = self.functions.len();
        for index in 0..(wanted.functions as usize).saturating_sub(listed) {
            self.functions.push(function(index));
        }
        for service in &wanted.storm {
            for step in 1..=9u32 {
                let threshold = 0.3 + f64::from(step) * 0.08;
                let name = format!("{service}-5xx-route-{step}");
                self.alarms.push(alarm(name, WatchSpec::Errors(spanned(service)), threshold));
            }
        }
        let listed = self.findings.len();
        for index in 0..(wanted.findings as usize).saturating_sub(listed) {
            self.findings.push(finding(index));
        }
        let missing = (wanted.alarms as usize).saturating_sub(self.alarms.len());
        let services: Vec<String> = self.services.iter().map(|service| service.name.clone()).collect();
        for index in 0..missing {
            let Some(service) = services.get(index % services.len().max(1)) else { return };
            let round = index / services.len();
            let (name, watch, threshold) = match round % 3 {
                0 => (format!("{service}-errors"), WatchSpec::Errors(spanned(service)), 4.0),
                1 => (format!("{service}-latency"), WatchSpec::P99(spanned(service)), 4_000.0),
                _ => (format!("{service}-error-lines"), WatchSpec::ErrorLines(spanned(service)), 400.0),
            };
            let name = if round < 3 { name } else { format!("{name}-{}", round / 3 + 1) };
            self.alarms.push(alarm(name, watch, threshold));
        }
    }

    /// Names of log groups of which nothing else is known.
    pub(super) fn generated_groups(&self) -> impl Iterator<Item = String> {
        let known = self.services.len() + self.functions.len() + self.databases.len();
        let count = (self.generate.log_groups as usize).saturating_sub(known);
        (0..count).map(|index| {
            let kind = ["/aws/apigateway", "/aws/codebuild", "/aws/vpc", "/archive/jobs", "/aws/states"]
                .get(index % 5)
                .copied()
                .unwrap_or_default();
            format!(
                "{kind}/{}-{:04}",
                DOMAINS.get(index / 5 % DOMAINS.len()).copied().unwrap_or_default(),
                index / 5
            )
        })
    }
}

/// The nth generated name: `billing-api`, `catalog-api`, .., `billing-worker`, .., `billing-api-2`.
fn name(index: usize) -> String {
    let domain = DOMAINS.get(index % DOMAINS.len()).copied().unwrap_or_default();
    let role = ROLES.get(index / DOMAINS.len() % ROLES.len()).copied().unwrap_or_default();
    match index / (DOMAINS.len() * ROLES.len()) {
        0 => format!("{domain}-{role}"),
        more => format!("{domain}-{role}-{}", more + 1),
    }
}

fn service(index: usize) -> ServiceSpec {
    let name = name(index);
    let dice = Dice::new(0).named(&name);
    let p50_ms = 12.0 + 60.0 * dice.unit();
    ServiceSpec {
        rpm: 60.0 + 180.0 * dice.on(1).unit(),
        caller: None,
        share: 0.0,
        spill: 0.0,
        error_rate: 0.000_4,
        client_error_rate: 0.01,
        p50_ms,
        p99_ms: p50_ms * (3.0 + 3.0 * dice.on(2).unit()),
        tasks: 2 + dice.on(3).below(3) as u32,
        family: name.clone(),
        revision: 1 + dice.on(4).below(80) as u32,
        path: format!("/{name}"),
        logs: if dice.on(5).below(3) == 0 { LineFormat::Text } else { LineFormat::Json },
        databases: Vec::new(),
        deregistered: Vec::new(),
        strategy: StrategyName::Rolling,
        name,
    }
}

fn function(index: usize) -> FunctionSpec {
    let name = format!("{}-fn", name(index));
    let dice = Dice::new(0).named(&name);
    let p50_ms = 20.0 + 200.0 * dice.unit();
    FunctionSpec {
        rpm: 1.0 + 30.0 * dice.on(1).unit(),
        error_rate: 0.001,
        p50_ms,
        p99_ms: p50_ms * 5.0,
        alias: "live".to_owned(),
        version: 1 + dice.on(2).below(40) as u32,
        queue: String::new(),
        sender: None,
        memory: 256,
        canary: None,
        name,
    }
}

fn alarm(name: String, watch: WatchSpec, threshold: f64) -> AlarmSpec {
    AlarmSpec {
        name,
        description: None,
        watch,
        threshold,
        below: false,
        points: (3, 3),
        period: 60,
        missing: Absent::NotBreaching,
        actions: ActionsSpec::Page,
    }
}

fn spanned(name: &str) -> Spanned<String> {
    Spanned::new(0..0, name.to_owned())
}

/// What old findings of a large account are about: type and severity.
const FINDINGS: [(&str, f64); 6] = [
    ("Recon:EC2/PortProbeUnprotectedPort", 2.0),
    ("UnauthorizedAccess:EC2/SSHBruteForce", 2.0),
    ("Recon:EC2/Portscan", 5.0),
    ("Behavior:EC2/NetworkPortUnusual", 5.0),
    ("Trojan:EC2/DNSDataExfiltration", 8.0),
    ("Impact:EC2/WinRMBruteForce", 2.0),
];

/// An instance that was found to do or suffer something, one to 80 days ago.
fn finding(index: usize) -> FindingSpec {
    let dice = Dice::new(0).named("finding").on(index as u64);
    let (kind, severity) = dice.pick(&FINDINGS).copied().unwrap_or_default();
    let first = -86_400_000 * (1 + dice.on(1).signed(80));
    let instance = format!("i-{}", dice.on(2).hex(17));
    let details = toml::Table::from_iter([("instanceId".to_owned(), instance.clone().into())]);
    let resource =
        [("resourceType".to_owned(), "Instance".into()), ("instanceDetails".to_owned(), details.into())];
    FindingSpec {
        kind: kind.to_owned(),
        severity,
        title: format!("{kind} on {instance}"),
        description: format!("The EC2 instance {instance} was found by GuardDuty: {kind}."),
        first: Spanned::new(0..0, Offset(first)),
        last: Offset(first + 3_600_000),
        count: 1 + dice.on(3).below(200) as u32,
        reported: None,
        archived: false,
        regions: Vec::new(),
        resource: toml::Table::from_iter(resource),
        service: toml::Table::new(),
        signals: Vec::new(),
    }
}
