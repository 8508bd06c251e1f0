//! What services' callers see: requests, errors and latency per period. Questions, answers, readings.
//!
//! Errors are what a caller suffers: 5xx of targets and of a load balancer that is the service's own,
//! errors and throttles of functions. Pure; `source.rs` asks.

use crate::app::Window;
use crate::features::metrics::{MetricQuery, Series, Stat};
use crate::service::Service;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whose traffic, and over which time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrafficQuery {
    /// Sorted by name, so that their order on screen asks nothing anew.
    pub services: Vec<Place>,
    /// The shared window.
    pub window: Window,
}

/// Where a service's metrics are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The service's name.
    pub service: String,
    /// Load balancer and target group dimensions.
    pub groups: Vec<(String, String)>,
    /// The load balancer that is its own.
    pub balancer: Option<String>,
    /// Its function.
    pub function: Option<String>,
    /// Its queue.
    pub queue: Option<String>,
}

/// Target groups of one service that are read: its two sides, with room for two load balancers.
const MAX_GROUPS: usize = 4;

impl Place {
    /// The places of a service; `None` when it has no metrics that are known.
    pub fn of(service: &Service) -> Option<Self> {
        let groups = service
            .target_groups
            .iter()
            .filter_map(|group| Some((group.load_balancer.clone()?, group.dimension.clone())));
        let place = Self {
            service: service.name.clone(),
            groups: groups.take(MAX_GROUPS).collect(),
            balancer: service.own_balancer.clone(),
            function: service.lambda.clone(),
            queue: service.queue.clone(),
        };
        (!place.groups.is_empty() || place.function.is_some()).then_some(place)
    }

    /// What to ask CloudWatch, with ids that begin with `prefix`.
    pub fn queries(&self, prefix: &str, period: i32) -> Vec<MetricQuery> {
        let mut queries = Vec::new();
        let mut ask = |letter: &str, namespace: &str, name: &str, dimensions: &[(&str, &str)], stat: &str| {
            let dimensions = dimensions.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            let (namespace, name, stat) = (namespace.to_owned(), name.to_owned(), stat.to_owned());
            queries.push(MetricQuery {
                id: format!("{prefix}{letter}"),
                stat: Some(Arc::new(Stat { namespace, name, dimensions, stat })),
                expression: None,
                label: None,
                period,
                returned: true,
            });
        };
        let elb = "AWS/ApplicationELB";
        for (index, (balancer, group)) in self.groups.iter().enumerate() {
            let both = [("LoadBalancer", balancer.as_str()), ("TargetGroup", group.as_str())];
            ask(&format!("r{index}"), elb, "RequestCount", &both, "Sum");
            ask(&format!("e{index}"), elb, "HTTPCode_Target_5XX_Count", &both, "Sum");
            ask(&format!("l{index}"), elb, "TargetResponseTime", &both, "p99");
        }
        if let Some(balancer) = &self.balancer {
            ask("x", elb, "HTTPCode_ELB_5XX_Count", &[("LoadBalancer", balancer)], "Sum");
        }
        if let Some(function) = &self.function {
            let own = [("FunctionName", function.as_str())];
            ask("i", "AWS/Lambda", "Invocations", &own, "Sum");
            ask("f", "AWS/Lambda", "Errors", &own, "Sum");
            ask("t", "AWS/Lambda", "Throttles", &own, "Sum");
            ask("d", "AWS/Lambda", "Duration", &own, "p99");
        }
        if let Some(queue) = &self.queue {
            ask("q", "AWS/SQS", "ApproximateAgeOfOldestMessage", &[("QueueName", queue)], "Maximum");
        }
        queries
    }
}

/// One period. What has no datapoint is `None`; errors are zero where requests were counted, since load
/// balancers report no zeros.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its start.
    pub at: Timestamp,
    /// Requests in it.
    pub requests: Option<f64>,
    /// Failed ones, as callers see them.
    pub errors: Option<f64>,
    /// The slowest side's p99, in seconds.
    pub p99: Option<f64>,
}

impl Bucket {
    /// Failed of all, in percent.
    pub fn percent(&self) -> Option<f64> {
        match (self.errors, self.requests) {
            (Some(errors), Some(requests)) if requests > 0.0 => Some((100.0 * errors / requests).min(100.0)),
            (Some(errors), None) if errors > 0.0 => Some(100.0),
            _ => None,
        }
    }
}

/// One service's traffic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// The service's name.
    pub service: String,
    /// Periods that are over, oldest first; those without any datapoint are not among them.
    pub buckets: Vec<Bucket>,
    /// Age of the oldest message in its queue, in seconds.
    pub oldest: Option<f64>,
}

/// Traffic of some services.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrafficList {
    /// Sorted by name.
    pub services: Vec<Traffic>,
    /// Seconds per bucket.
    pub period: i64,
    /// Metrics that AWS refused or gave in part, and what it says.
    pub notes: Vec<String>,
}

impl TrafficList {
    /// One service's.
    pub fn get(&self, service: &str) -> Option<&Traffic> {
        let place = self.services.binary_search_by(|traffic| traffic.service.as_str().cmp(service));
        place.ok().and_then(|index| self.services.get(index))
    }

    /// A count per bucket as a rate per minute.
    pub fn per_minute(&self, count: f64) -> f64 {
        count * 60.0 / self.period.max(1) as f64
    }
}

impl Traffic {
    /// Puts the answers to [`Place::queries`] together. Buckets that are still filling are left out.
    pub fn assemble(place: &Place, prefix: &str, series: &[Series], now: Timestamp) -> Self {
        let mut buckets: BTreeMap<Timestamp, Bucket> = BTreeMap::new();
        let mut oldest = None;
        let own = series.iter().filter_map(|series| Some((series.id.strip_prefix(prefix)?, series)));
        for (letter, series) in own {
            let over = |at: Timestamp| now.duration_since(at).as_secs() >= series.period + 30;
            if letter == "q" {
                oldest = series.last_complete(now);
                continue;
            }
            for (at, value) in series.points.iter().copied().filter(|(at, _)| over(*at)) {
                let empty = Bucket { at, requests: None, errors: None, p99: None };
                let bucket = buckets.entry(at).or_insert(empty);
                match letter.chars().next() {
                    Some('r' | 'i') => plus(&mut bucket.requests, value),
                    Some('e' | 'x' | 'f') => plus(&mut bucket.errors, value),
                    Some('t') => {
                        // A throttled call is not an invocation, but a request that failed.
                        plus(&mut bucket.errors, value);
                        plus(&mut bucket.requests, value);
                    }
                    Some('l') => most(&mut bucket.p99, value),
                    Some('d') => most(&mut bucket.p99, value / 1_000.0),
                    _ => {}
                }
            }
        }
        let buckets = buckets
            .into_values()
            .map(|bucket| Bucket { errors: bucket.errors.or(bucket.requests.map(|_| 0.0)), ..bucket });
        Self { service: place.service.clone(), buckets: buckets.collect(), oldest }
    }

    /// The newest bucket.
    pub fn last(&self) -> Option<&Bucket> {
        self.buckets.last()
    }

    /// One value per period from `start` to `end`, with gaps where there is none.
    pub fn values(
        &self,
        (start, end): (Timestamp, Timestamp),
        period: i64,
        value: impl Fn(&Bucket) -> Option<f64>,
    ) -> Vec<Option<f64>> {
        let period = period.max(1);
        let first = start.as_second().div_euclid(period);
        // The newest bucket that can be over ends the row: an empty one at its end would look like a gap.
        let newest = self.buckets.last().map_or(end, |bucket| bucket.at).min(end);
        let count = usize::try_from(newest.as_second().div_euclid(period) - first + 1).unwrap_or_default();
        let mut values = vec![None; count.min(2_000)];
        for bucket in &self.buckets {
            let place = usize::try_from(bucket.at.as_second().div_euclid(period) - first);
            if let Some(slot) = place.ok().and_then(|place| values.get_mut(place)) {
                *slot = value(bucket);
            }
        }
        values
    }
}

fn plus(sum: &mut Option<f64>, value: f64) {
    *sum = Some(sum.unwrap_or_default() + value);
}

fn most(most: &mut Option<f64>, value: f64) {
    *most = Some(most.map_or(value, |known| known.max(value)));
}
