//! Which metrics there are, by the names, dimensions and units that AWS publishes, and where each comes from.
//!
//! As at AWS, a metric is found by exactly its set of dimensions. What a metric is worth at a time is
//! worked out in `metrics.rs`.

use super::World;
use super::database::{Basin, Ledger};
use super::metrics::{Crew, Source, What, Wire};
use super::spec::GaugeSpec;
use super::types::{CLUSTER, Metric};
use jiff::Timestamp;

/// Milliseconds after its last datapoint for which a metric is listed: two weeks.
const LISTED: i64 = 14 * 86_400_000;

const LOST: [&str; 2] = ["HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_502_Count"];
const ELB: &str = "AWS/ApplicationELB";
const LAMBDA: &str = "AWS/Lambda";
const ECS: &str = "AWS/ECS";
const INSIGHTS: &str = "ECS/ContainerInsights";
const RDS: &str = "AWS/RDS";
const SQS: &str = "AWS/SQS";
/// What the shop's programs publish about themselves, old and new side together.
pub(super) const APP: &str = "Shop/App";

const OF_REQUESTS: [&str; 5] = [
    "RequestCount",
    "HTTPCode_Target_2XX_Count",
    "HTTPCode_Target_4XX_Count",
    "HTTPCode_Target_5XX_Count",
    "TargetResponseTime",
];
const OF_BALANCERS: [&str; 3] = ["ActiveConnectionCount", "NewConnectionCount", "ProcessedBytes"];
const OF_GROUPS: [&str; 3] = ["HealthyHostCount", "UnHealthyHostCount", "RequestCountPerTarget"];
const OF_CREWS: [&str; 4] = ["RunningTaskCount", "DesiredTaskCount", "PendingTaskCount", "DeploymentCount"];
/// Of a version that an alias sends a share to.
const OF_VERSIONS: [&str; 4] = ["Invocations", "Errors", "Throttles", "Duration"];
const OF_FUNCTIONS: [&str; 5] = ["Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"];
const OF_DATABASES: [&str; 10] = [
    "DatabaseConnections",
    "CPUUtilization",
    "FreeableMemory",
    "DBLoad",
    "ReadLatency",
    "WriteLatency",
    "CommitLatency",
    "SelectThroughput",
    "DMLThroughput",
    "Deadlocks",
];
const OF_QUEUES: [&str; 6] = [
    "ApproximateAgeOfOldestMessage",
    "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible",
    "NumberOfMessagesSent",
    "NumberOfMessagesReceived",
    "NumberOfMessagesDeleted",
];

impl World {
    /// Every metric there is. Worked out once: it follows from the scenario alone.
    pub fn metrics(&self) -> &[Metric] {
        self.catalogue.get_or_init(|| self.make_catalogue())
    }

    /// Whether a metric is listed and found by searches: it had data in the last two weeks.
    pub fn is_listed(&self, metric: &Metric, now: Timestamp) -> bool {
        let gauge = self.scenario.gauges.iter().find(|gauge| gauge.matches(metric));
        let silent = gauge.and_then(|gauge| gauge.silent);
        silent.is_none_or(|silent| self.start + silent.0 > now.as_millisecond() - LISTED)
    }

    fn make_catalogue(&self) -> Vec<Metric> {
        let mut all = Vec::new();
        let mut add = |namespace: &str, names: &[&str], dimensions: &[(&str, &str)]| {
            all.extend(names.iter().map(|name| Metric::new(namespace, name, dimensions)));
        };
        for index in 0..self.balancers() {
            let balancer = self.balancer_path(index);
            for names in [&OF_REQUESTS[..], &OF_BALANCERS, &LOST] {
                add(ELB, names, &[("LoadBalancer", &balancer)]);
            }
        }
        for spec in &self.scenario.services {
            let balancer = self.balancer_of(&spec.name).unwrap_or_default();
            for group in [true, false].map(|blue| self.target_group_path(&spec.name, blue)) {
                for names in [&OF_REQUESTS[..], &OF_GROUPS] {
                    add(ELB, names, &[("LoadBalancer", &balancer), ("TargetGroup", &group)]);
                    add(ELB, names, &[("TargetGroup", &group)]);
                }
            }
            let service = [("ClusterName", CLUSTER), ("ServiceName", spec.name.as_str())];
            add(ECS, &["CPUUtilization", "MemoryUtilization"], &service);
            add(INSIGHTS, &OF_CREWS, &service);
            add(APP, &["Requests", "Faults", "Latency"], &service);
        }
        for spec in &self.scenario.functions {
            let alias = format!("{}:{}", spec.name, spec.alias);
            add(LAMBDA, &OF_FUNCTIONS, &[("FunctionName", &spec.name)]);
            add(LAMBDA, &OF_FUNCTIONS, &[("FunctionName", &spec.name), ("Resource", &alias)]);
            for version in self.weighted_versions(spec) {
                let version = version.to_string();
                let by_version = [
                    ("ExecutedVersion", version.as_str()),
                    ("FunctionName", &spec.name),
                    ("Resource", &alias),
                ];
                add(LAMBDA, &OF_VERSIONS, &by_version);
            }
            if !spec.queue.is_empty() {
                add(SQS, &OF_QUEUES, &[("QueueName", &spec.queue)]);
            }
        }
        for spec in &self.scenario.databases {
            add(RDS, &OF_DATABASES, &[("DBClusterIdentifier", &spec.name)]);
        }
        all.retain(|metric| self.gauge(metric).is_none());
        all.extend(self.scenario.gauges.iter().map(GaugeSpec::identity));
        all
    }

    /// Where a metric comes from; none when there is no such metric.
    pub(super) fn source(&self, metric: &Metric) -> Option<Source<'_>> {
        // What a scenario says itself wins over what the requests would say.
        if let Some(gauge) = self.gauge(metric) {
            return Some(gauge);
        }
        let name = metric.name.as_str();
        let dimensions: Vec<(&str, &str)> =
            metric.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        match (metric.namespace.as_str(), dimensions.as_slice()) {
            (ELB, [("LoadBalancer", balancer)]) => self.balancer_source(name, balancer),
            (ELB, [("LoadBalancer", balancer), ("TargetGroup", group)]) => {
                self.group_source(name, group, Some(balancer))
            }
            (ELB, [("TargetGroup", group)]) => self.group_source(name, group, None),
            (ECS | INSIGHTS | APP, [("ClusterName", CLUSTER), ("ServiceName", service)]) => {
                self.service_source(&metric.namespace, name, service)
            }
            (LAMBDA, [("ExecutedVersion", version), ("FunctionName", function), ("Resource", _)]) => {
                self.version_source(name, function, version.parse().ok()?)
            }
            // By alias, too: there is one.
            (LAMBDA, [("FunctionName", function), ..] | [_, ("FunctionName", function), ..]) => {
                self.function_source(name, function)
            }
            (SQS, [("QueueName", queue)]) => {
                let spec = self.scenario.functions.iter().find(|spec| spec.queue == *queue)?;
                let (_, stream) = self.find_function(&spec.name)?;
                let traffic =
                    |what| Source::Traffic { streams: std::slice::from_ref(stream), blue: None, what };
                Some(match name {
                    "NumberOfMessagesSent" | "NumberOfMessagesReceived" => traffic(What::Count),
                    "NumberOfMessagesDeleted" => traffic(What::Good),
                    "ApproximateNumberOfMessagesNotVisible" => Source::Concurrency(stream),
                    "ApproximateAgeOfOldestMessage" => Source::Queue(stream, Basin::Age),
                    "ApproximateNumberOfMessagesVisible" => Source::Queue(stream, Basin::Depth),
                    _ => return None,
                })
            }
            (RDS, [("DBClusterIdentifier", cluster)]) => {
                let spec = self.scenario.databases.iter().find(|spec| spec.name == *cluster)?;
                Some(Source::Database(spec, Ledger::named(name)?))
            }
            _ => None,
        }
    }

    fn balancers(&self) -> usize {
        self.scenario.services.len().div_ceil(50)
    }

    fn balancer_source(&self, name: &str, balancer: &str) -> Option<Source<'_>> {
        let index = (0..self.balancers()).find(|index| self.balancer_path(*index) == balancer)?;
        let streams = self.behind(index);
        let wire = |what| Source::Wire { streams, what };
        Some(match name {
            "ActiveConnectionCount" => wire(Wire::Open),
            "NewConnectionCount" => wire(Wire::New),
            "ProcessedBytes" => wire(Wire::Bytes),
            lost if LOST.contains(&lost) => Source::Lost(streams),
            other => Source::Traffic { streams, blue: None, what: of_requests(other)? },
        })
    }

    fn group_source(&self, name: &str, group: &str, balancer: Option<&str>) -> Option<Source<'_>> {
        let (service, colour) = group.split('/').nth(1)?.rsplit_once('-')?;
        let blue = colour == "blue";
        let (spec, stream) = self.find_service(service)?;
        let known = self.target_group_path(service, blue) == group
            && balancer.is_none_or(|balancer| self.balancer_of(service).as_deref() == Some(balancer));
        let hosts = |healthy| Source::Hosts { spec, stream, blue, healthy };
        known.then_some(())?;
        Some(match name {
            "HealthyHostCount" => hosts(true),
            "UnHealthyHostCount" => hosts(false),
            "RequestCountPerTarget" => Source::PerTarget { spec, stream, blue },
            other => Source::Traffic {
                streams: std::slice::from_ref(stream),
                blue: Some(blue),
                what: of_requests(other)?,
            },
        })
    }

    fn service_source(&self, namespace: &str, name: &str, service: &str) -> Option<Source<'_>> {
        let (spec, stream) = self.find_service(service)?;
        let traffic = |what| Source::Traffic { streams: std::slice::from_ref(stream), blue: None, what };
        let crew = |what| Source::Crew { spec, stream, what };
        Some(match (namespace, name) {
            (ECS, "CPUUtilization") => Source::Usage { stream, memory: false },
            (ECS, "MemoryUtilization") => Source::Usage { stream, memory: true },
            (INSIGHTS, "RunningTaskCount") => crew(Crew::Running),
            (INSIGHTS, "DesiredTaskCount") => crew(Crew::Desired),
            (INSIGHTS, "PendingTaskCount") => crew(Crew::Pending),
            (INSIGHTS, "DeploymentCount") => crew(Crew::Deployments),
            (APP, "Requests") => traffic(What::Count),
            (APP, "Faults") => Source::Errors { stream, blue: None },
            (APP, "Latency") => traffic(What::Millis),
            _ => return None,
        })
    }

    /// What one version did.
    fn version_source(&self, name: &str, function: &str, version: u32) -> Option<Source<'_>> {
        let (_, stream) = self.find_function(function)?;
        let side = stream.course.sides.iter().find(|side| side.number == version)?;
        let streams = std::slice::from_ref(stream);
        let traffic = |what| Source::Traffic { streams, blue: Some(side.blue), what };
        Some(match name {
            "Invocations" => traffic(What::Count),
            "Duration" => traffic(What::Millis),
            "Errors" => Source::Errors { stream, blue: Some(side.blue) },
            "Throttles" => Source::Zero,
            _ => return None,
        })
    }

    fn function_source(&self, name: &str, function: &str) -> Option<Source<'_>> {
        let (_, stream) = self.find_function(function)?;
        let traffic = |what| Source::Traffic { streams: std::slice::from_ref(stream), blue: None, what };
        Some(match name {
            "Invocations" => traffic(What::Count),
            "Duration" => traffic(What::Millis),
            "Errors" => Source::Errors { stream, blue: None },
            "Throttles" => Source::Zero,
            "ConcurrentExecutions" => Source::Concurrency(stream),
            _ => return None,
        })
    }
}

fn of_requests(name: &str) -> Option<What> {
    Some(match name {
        "RequestCount" => What::Count,
        "HTTPCode_Target_2XX_Count" => What::Good,
        "HTTPCode_Target_4XX_Count" => What::Refused,
        "HTTPCode_Target_5XX_Count" => What::Failed,
        "TargetResponseTime" => What::Seconds,
        _ => return None,
    })
}

impl Metric {
    /// The unit that it is published in, as `StandardUnit` spells it.
    pub fn unit(&self) -> &'static str {
        match self.name.as_str() {
            "TargetResponseTime" | "ApproximateAgeOfOldestMessage" | "ReadLatency" | "WriteLatency" => {
                "Seconds"
            }
            "Duration" | "Latency" | "CommitLatency" => "Milliseconds",
            "CPUUtilization" | "MemoryUtilization" | "CacheHitRate" => "Percent",
            "ProcessedBytes" | "FreeableMemory" => "Bytes",
            "SelectThroughput" | "DMLThroughput" | "Deadlocks" => "Count/Second",
            "DBLoad" => "None",
            _ => "Count",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::types::Stat;
    use super::super::{Scenario, time};
    use super::*;
    use std::collections::HashSet;

    const START: &str = "2026-11-22T04:19:02Z";
    const CONNECTIONS: [&str; 4] = ["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", "orders-db"];

    fn world(scenario: &str) -> World {
        World::new(Scenario::builtin(scenario).unwrap(), 7, "eu-west-2", START.parse().unwrap())
    }

    /// Values per minute from so many minutes before the start to so many before it.
    fn values(world: &World, metric: &[&str], stat: Stat, from: i64, to: i64) -> Vec<f64> {
        let dimensions: Vec<(&str, &str)> = metric[2..].chunks(2).map(|pair| (pair[0], pair[1])).collect();
        let metric = Metric::new(metric[0], metric[1], &dimensions);
        let start = world.start();
        let at = |minutes: i64| time(start.as_millisecond() - minutes * 60_000);
        world.series(&metric, stat, 60, at(from), at(to), start).into_iter().map(|(_, value)| value).collect()
    }

    #[test]
    fn every_metric_is_there_once_and_has_a_source() {
        for scenario in Scenario::names() {
            let world = world(scenario);
            let mut seen = HashSet::new();
            for metric in world.metrics() {
                assert!(seen.insert(metric), "{scenario}: {metric:?} is listed twice");
                assert!(world.source(metric).is_some(), "{scenario}: {metric:?}");
            }
        }
    }

    #[test]
    fn only_the_exact_dimensions_find_a_metric() {
        let world = world("bad-deploy");
        let mut metric = Metric::new("AWS/ECS", "CPUUtilization", &[("ServiceName", "orders")]);
        assert!(world.source(&metric).is_none());
        metric.dimensions.push(("ClusterName".into(), "shop".into()));
        metric.dimensions.sort();
        assert!(world.source(&metric).is_some());
        metric.dimensions.push(("TaskId".into(), "1".into()));
        assert!(world.source(&metric).is_none());
    }

    #[test]
    fn a_metric_is_listed_until_two_weeks_after_its_last_point() {
        let world = world("bad-deploy");
        let export = Metric::new("Shop/App", "ExportRows", &[("Job", "nightly-export")]);
        let lag = Metric::new("Shop/App", "IndexLag", &[("Index", "products")]);
        assert!(world.metrics().contains(&export) && world.metrics().contains(&lag));
        assert!(!world.is_listed(&export, world.start()), "silent for thirty days");
        assert!(world.is_listed(&lag, world.start()), "silent for forty minutes");
    }

    #[test]
    fn what_follows_from_requests_agrees_with_them() {
        let world = world("bad-deploy");
        let queue =
            |name| values(&world, &["AWS/SQS", name, "QueueName", "receipts-queue"], Stat::Sum, 60, 5);
        let lambda =
            |name| values(&world, &["AWS/Lambda", name, "FunctionName", "receipts"], Stat::Sum, 60, 5);
        assert_eq!(queue("NumberOfMessagesSent"), lambda("Invocations"));
        let done = lambda("Invocations").into_iter().zip(lambda("Errors")).map(|(all, failed)| all - failed);
        assert_eq!(queue("NumberOfMessagesDeleted"), done.collect::<Vec<_>>());

        let group = world.target_group_path("checkout", true);
        let of =
            |name, stat| values(&world, &["AWS/ApplicationELB", name, "TargetGroup", &group], stat, 60, 5);
        let each =
            of("RequestCountPerTarget", Stat::Sum).into_iter().zip(of("HealthyHostCount", Stat::Minimum));
        for (all, (each, hosts)) in of("RequestCount", Stat::Sum).into_iter().zip(each) {
            assert!((all - each * hosts).abs() < 1e-6, "{all} is not {hosts} times {each}");
        }
        let crew = |name| {
            let metric = ["ECS/ContainerInsights", name, "ClusterName", "shop", "ServiceName", "checkout"];
            values(&world, &metric, Stat::Average, 60, 1)
        };
        assert_eq!((crew("RunningTaskCount")[0], crew("DeploymentCount")[0]), (4.0, 1.0));
        assert!(crew("RunningTaskCount").last() > Some(&5.0), "both sides run");
        assert_eq!(crew("DeploymentCount").last(), Some(&2.0));
        assert!(crew("DesiredTaskCount").iter().all(|tasks| (*tasks - 4.0).abs() < 1e-9));
    }

    #[test]
    fn a_database_suffers_when_its_connections_run_out() {
        let world = world("bad-deploy");
        let of = |name| {
            let metric = ["AWS/RDS", name, "DBClusterIdentifier", "orders-db"];
            let points = values(&world, &metric, Stat::Average, 120, 1);
            (points[0], *points.last().unwrap())
        };
        let connections = values(&world, &CONNECTIONS, Stat::Maximum, 120, 1);
        assert!(connections[0] < 330.0 && connections.last() > Some(&440.0), "{connections:?}");
        for name in ["CommitLatency", "WriteLatency", "ReadLatency", "DBLoad"] {
            let (before, after) = of(name);
            assert!(after > 3.0 * before, "{name}: {before}, then {after}");
        }
        let (before, after) = of("FreeableMemory");
        assert!(after < before && after > 1e9, "memory: {before}, then {after}");
    }

    #[test]
    fn statistics_of_a_latency_are_in_order() {
        let world = world("bad-deploy");
        let metric = ["Shop/App", "Latency", "ClusterName", "shop", "ServiceName", "checkout"];
        let of = |stat: &str| values(&world, &metric, Stat::parse(stat).unwrap(), 6, 1)[0];
        let order = ["Minimum", "p10", "IQM", "tm95", "Average", "p99", "p99.9", "Maximum"];
        let found = order.map(of);
        assert!(found.is_sorted(), "{order:?}: {found:?}");
        // A whole is the sum of its trimmed parts.
        let parts = of("TS(:50%)") + of("TS(50%:)");
        assert!((parts / of("Sum") - 1.0).abs() < 0.02, "{parts} and {}", of("Sum"));
        assert!((of("TC(:50%)") / of("SampleCount") - 0.5).abs() < 0.01);
        assert!((of("PR(:150)") + of("PR(150:)") - 100.0).abs() < 1e-6);
    }
}
