//! CloudWatch: alarms and their history, mute rules, dashboards, metric data with metric math.

pub mod alarms;
pub mod dashboards;
mod evaluate;
mod label;
mod math;
pub mod metrics;
pub mod mutes;
mod request;
mod search;
mod sql;

use super::paging::Paging;
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::Metric;

/// Pages of at most 100 records.
const RECORDS: Paging = Paging {
    size: "MaxRecords",
    token: "NextToken",
    default: 50,
    most: 100,
    bad_size: "ValidationError",
    bad_token: "InvalidNextToken",
};

fn invalid(message: impl Into<String>) -> Failure {
    Failure::refused("ValidationError", message)
}

fn invalid_value(message: impl Into<String>) -> Failure {
    Failure::refused("InvalidParameterValue", message)
}

fn math_error(id: &str, reason: &str) -> Failure {
    invalid(format!("Error in expression '{id}': {reason}"))
}

fn dimensions(metric: &Metric) -> Value {
    list(
        metric
            .dimensions
            .iter()
            .map(|(name, value)| object([("Name", name.into()), ("Value", value.into())])),
    )
}

fn metric_value(metric: &Metric) -> Value {
    object([
        ("Namespace", (&metric.namespace).into()),
        ("MetricName", (&metric.name).into()),
        ("Dimensions", dimensions(metric)),
    ])
}
