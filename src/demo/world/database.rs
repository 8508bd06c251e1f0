//! What a database cluster and a queue say of themselves, derived from the requests that reach them.
//!
//! A cluster suffers as its connections run out: the nearer to its limit, the slower it reads and writes.
//! Connections are a gauge of the scenario where it has one, so that whatever fills them is felt.

use super::World;
use super::spec::DatabaseSpec;
use super::traffic::Stream;
use super::types::Metric;

/// What a cluster reports (`AWS/RDS` by `DBClusterIdentifier`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ledger {
    Connections,
    Processor,
    Memory,
    Load,
    Read,
    Write,
    Commit,
    Selects,
    Changes,
    Deadlocks,
}

impl Ledger {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "DatabaseConnections" => Self::Connections,
            "CPUUtilization" => Self::Processor,
            "FreeableMemory" => Self::Memory,
            "DBLoad" => Self::Load,
            "ReadLatency" => Self::Read,
            "WriteLatency" => Self::Write,
            "CommitLatency" => Self::Commit,
            "SelectThroughput" => Self::Selects,
            "DMLThroughput" => Self::Changes,
            "Deadlocks" => Self::Deadlocks,
            _ => return None,
        })
    }
}

/// What waits in a queue (`AWS/SQS` by `QueueName`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basin {
    /// Age of the oldest message, seconds.
    Age,
    /// Visible messages.
    Depth,
}

impl World {
    /// What a cluster reports in a minute.
    pub(super) fn ledger(&self, spec: &DatabaseSpec, what: Ledger, minute: i64) -> f64 {
        let dice = self.dice.named(&spec.name).on(what as u64).on(minute as u64);
        let noise = 1.0 + 0.04 * dice.swing();
        let limit = f64::from(spec.max_connections.max(1));
        let connections = self.connections(spec, minute);
        // 0 up to seven tenths of the limit, then up to 1.
        let crowd = ((connections / limit - 0.7) / 0.3).clamp(0.0, 1.0);
        let slower = |worst: f64| 1.0 + (worst - 1.0) * crowd * crowd;
        match what {
            Ledger::Connections => connections,
            Ledger::Processor => ((24.0 + 55.0 * crowd) * noise).min(100.0),
            Ledger::Memory => (13.5e9 - 9.5e6 * connections) * (1.0 + 0.004 * dice.swing()),
            Ledger::Load => 1.9 * noise * slower(9.0),
            Ledger::Read => 0.0011 * noise * slower(14.0),
            Ledger::Write => 0.0024 * noise * slower(22.0),
            Ledger::Commit => 3.2 * noise * slower(30.0),
            Ledger::Selects => 3.1 * self.calls_per_second(spec, minute) * noise,
            Ledger::Changes => 1.2 * self.calls_per_second(spec, minute) * noise,
            Ledger::Deadlocks => 0.0,
        }
    }

    fn connections(&self, spec: &DatabaseSpec, minute: i64) -> f64 {
        let dimensions = [("DBClusterIdentifier", spec.name.as_str())];
        let metric = Metric::new("AWS/RDS", "DatabaseConnections", &dimensions);
        let said = self.gauge(&metric).and_then(|gauge| self.single(&gauge, minute));
        said.unwrap_or_else(|| {
            let dice = self.dice.named(&spec.name).named("connections").on(minute as u64);
            (f64::from(spec.max_connections) * (0.55 + 0.01 * dice.swing())).round()
        })
    }

    /// Requests per second of the services that use a cluster.
    fn calls_per_second(&self, spec: &DatabaseSpec, minute: i64) -> f64 {
        let services = self.scenario.services.iter().zip(&self.streams);
        let users = services.filter(|(service, _)| service.databases.contains(&spec.name));
        users.map(|(_, stream)| f64::from(self.count(stream, minute))).sum::<f64>() / 60.0
    }

    /// What waits in the queue of a function that keeps up.
    pub(super) fn basin(&self, stream: &Stream, what: Basin, minute: i64) -> f64 {
        let dice = stream.dice.named("queue").on(minute as u64);
        match what {
            Basin::Depth => {
                (f64::from(self.count(stream, minute)) * 0.05 * (1.0 + 0.4 * dice.swing())).round()
            }
            Basin::Age => 1.0 + (4.0 * dice.on(1).unit()).floor(),
        }
    }
}
