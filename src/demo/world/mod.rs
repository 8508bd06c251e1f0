//! The simulated world: a pure function of (scenario, seed, region, time).
//!
//! It stores only what callers changed (`alter.rs`) and what it worked out once and may
//! forget. Metrics, logs, the service map and alarm states are views of one request stream
//! (`traffic.rs`), so they agree: each 5xx of a metric has its ERROR line with its trace id. It knows
//! no wire format (`svc/`, `wire/`) and no clock: every question carries its time.
//!
//! Where to go next: `scenario.rs` says what a scenario file may hold, `stages.rs` how a deployment goes,
//! `traffic.rs` what a request is; the other files answer the questions of one AWS service each.

mod alarms;
mod alter;
mod balancer;
mod calls;
mod catalogue;
mod database;
mod deployment;
mod ecs;
mod events;
mod findings;
mod functions;
mod gauge;
mod generate;
mod hash;
mod islands;
mod leak;
mod lines;
mod logs;
mod metrics;
mod release;
mod scenario;
mod shift;
mod spec;
mod spread;
mod stages;
mod tasks;
#[cfg(test)]
mod tests;
mod traces;
mod traffic;
mod trail;
mod types;
mod verdict;

pub use islands::Island;
pub use scenario::{Scenario, ScenarioError};
pub use traces::{Call, Trace, TraceNode, minutes_of};
pub use trail::TrailEvent;
pub use types::*;

use functions::Routing;
pub use functions::{AliasError, AliasState};
use hash::Dice;
use jiff::Timestamp;
use release::ReleaseChanges;
use shift::{Changes, Course};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};
use traffic::{Stream, Trouble};

/// One region of the simulated AWS.
#[derive(Debug)]
pub struct World {
    scenario: Arc<Scenario>,
    region: String,
    /// Unix milliseconds: when the console starts, to which the scenario's times are relative.
    start: i64,
    dice: Dice,
    /// Services in the scenario's order, then functions.
    streams: Vec<Stream>,
    /// Streams that neither call nor are called by another.
    islands: Vec<usize>,
    /// Index into `streams` by name.
    by_name: BTreeMap<String, usize>,
    alarms: Vec<AlarmDef>,
    groups: Vec<LogGroup>,
    /// Every metric, once somebody asks.
    catalogue: OnceLock<Vec<Metric>>,
    /// What callers did to deployments and what became of them by itself, per service.
    changes: HashMap<usize, Changes>,
    /// The same of deployments by CodeDeploy, per stream.
    released: HashMap<usize, ReleaseChanges>,
    /// What callers made of the alias of a function, by its index, in order of time.
    routings: HashMap<usize, Vec<Routing>>,
    /// Alarm transitions worked out so far. Forgotten when a caller changes the world.
    memo: Mutex<HashMap<String, verdict::Memo>>,
}

impl World {
    /// The world of a region; `start` is the time to which the scenario's times are relative.
    pub fn new(scenario: Arc<Scenario>, seed: u64, region: &str, start: Timestamp) -> Self {
        let dice = Dice::new(seed).named(region);
        let start = start.as_millisecond();
        let services = scenario.services.iter().enumerate().map(|(index, spec)| {
            let caller = spec.caller.as_ref().map(|caller| caller.get_ref().as_str());
            let caller =
                caller.and_then(|name| scenario.services.iter().position(|other| other.name == name));
            Stream {
                name: spec.name.clone(),
                dice: dice.named(&spec.name),
                rpm: spec.rpm,
                error_rate: spec.error_rate,
                client_error_rate: spec.client_error_rate,
                p50_ms: spec.p50_ms,
                p99_ms: spec.p99_ms,
                caller: caller.filter(|caller| *caller < index).map(|caller| (caller, spec.share)),
                function: false,
                spill: spec.spill,
                grown: scenario.grown(&spec.name, start),
                troubles: scenario.troubles(&spec.name, start),
                course: Course::default(),
            }
        });
        let functions = scenario.functions.iter().map(|spec| Stream {
            name: spec.name.clone(),
            dice: dice.named(&spec.name),
            rpm: spec.rpm,
            error_rate: spec.error_rate,
            client_error_rate: 0.0,
            p50_ms: spec.p50_ms,
            p99_ms: spec.p99_ms,
            caller: None,
            function: true,
            spill: 0.0,
            grown: Vec::new(),
            troubles: Vec::new(),
            course: Course::at_rest(spec.version),
        });
        let streams: Vec<Stream> = services.chain(functions).collect();
        let by_name =
            streams.iter().enumerate().map(|(index, stream)| (stream.name.clone(), index)).collect();
        let mut world = Self {
            region: region.to_owned(),
            start,
            dice,
            streams,
            islands: Vec::new(),
            by_name,
            alarms: Vec::new(),
            groups: Vec::new(),
            catalogue: OnceLock::new(),
            changes: HashMap::new(),
            released: HashMap::new(),
            routings: HashMap::new(),
            memo: Mutex::default(),
            scenario,
        };
        for index in 0..world.streams.len() {
            world.lay_out(index);
        }
        world.islands = (0..world.streams.len()).filter(|index| world.is_island(*index)).collect();
        world.groups = world.make_groups();
        world.alarms = world.make_alarms();
        world.heed_alarms();
        world
    }

    /// The region's name.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// When the console starts, to which the scenario's times are relative.
    pub fn start(&self) -> Timestamp {
        time(self.start)
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{ACCOUNT}:{resource}", self.region)
    }

    /// A service's specification and stream.
    fn find_service(&self, name: &str) -> Option<(&spec::ServiceSpec, &Stream)> {
        let index = *self.by_name.get(name)?;
        Some((self.scenario.services.get(index)?, self.streams.get(index)?))
    }

    /// A function's specification and stream.
    fn find_function(&self, name: &str) -> Option<(&spec::FunctionSpec, &Stream)> {
        let index = *self.by_name.get(name)?;
        let function = index.checked_sub(self.scenario.services.len())?;
        Some((self.scenario.functions.get(function)?, self.streams.get(index)?))
    }
}

impl Scenario {
    /// When a service was given tasks, and how many it had and has.
    fn grown(&self, service: &str, start: i64) -> Vec<(i64, u32, u32)> {
        let own = self.scales.iter().filter(|scale| scale.service.get_ref() == service);
        let mut grown: Vec<_> = own.map(|scale| (start + scale.at.0, scale.from, scale.to)).collect();
        grown.sort_unstable();
        grown
    }

    fn troubles(&self, service: &str, start: i64) -> Vec<Trouble> {
        let own = self.troubles.iter().filter(|trouble| trouble.service.get_ref() == service);
        own.map(|spec| Trouble {
            from: start + spec.from.0,
            until: spec.until.map_or(i64::MAX, |until| start + until.0),
            spec: spec.clone(),
        })
        .collect()
    }
}

/// A time from Unix milliseconds.
fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// A long time ago, for things that have always been there: 90 days before the start.
const LONG_AGO: i64 = 90 * 86_400_000;
