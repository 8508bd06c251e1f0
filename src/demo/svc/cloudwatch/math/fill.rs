//! Metric math that needs the whole time range: `FILL`, `TIME_SERIES`, the clock functions and the band.

use super::arrays::reduce;
use super::{Line, Operand, Points, Scope};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// What takes the place of missing points.
pub(super) enum Filler {
    Value(f64),
    /// The last point before.
    Repeat,
    /// The straight line between the points before and after.
    Linear,
    /// The point of another series at that time.
    From(BTreeMap<i64, f64>),
}

/// `FILL`.
pub(super) fn fill(operand: Operand, filler: &Filler, grid: &[i64]) -> Result<Operand, String> {
    let line = |line: Line| {
        let points: BTreeMap<i64, f64> = line.points.iter().copied().collect();
        let filled = grid.iter().filter_map(|at| {
            let value = points.get(at).copied().or_else(|| {
                let before = || points.range(..at).next_back();
                let after = || points.range(at..).next();
                match filler {
                    Filler::Value(value) => Some(*value).filter(|value| value.is_finite()),
                    Filler::Repeat => before().map(|(_, value)| *value),
                    Filler::Linear => {
                        let ((from, low), (to, high)) = (before()?, after()?);
                        Some(low + (high - low) * (at - from) as f64 / (to - from) as f64)
                    }
                    Filler::From(other) => other.get(at).copied(),
                }
            });
            value.map(|value| (*at, value))
        });
        let filled: BTreeMap<i64, f64> = filled.collect();
        // Points between those of the grid stay.
        let all: BTreeMap<i64, f64> = points.iter().map(|(at, value)| (*at, *value)).chain(filled).collect();
        Line { points: all.into_iter().collect(), ..line }
    };
    match operand {
        Operand::Scalar(_) => Err("FILL needs a time series".into()),
        Operand::Series(series) => Ok(Operand::Series(line(series))),
        Operand::Array(lines) => Ok(Operand::Array(lines.into_iter().map(line).collect())),
    }
}

/// `TIME_SERIES`.
pub(super) fn constant(value: f64, grid: &[i64]) -> Operand {
    let points = grid.iter().filter(|_| value.is_finite()).map(|at| (*at, value)).collect();
    Operand::Series(Line { points, ..Line::default() })
}

/// `MINUTE`, `HOUR`, `DAY` (Monday is 1), `DATE`, `MONTH`, `YEAR`, `EPOCH`, in UTC.
pub(super) fn clock(name: &str, grid: &[i64]) -> Operand {
    let value = |at: i64| {
        let time = Timestamp::from_second(at).ok()?.to_zoned(TimeZone::UTC);
        Some(match name {
            "MINUTE" => f64::from(time.minute()),
            "HOUR" => f64::from(time.hour()),
            "DAY" => f64::from(time.weekday().to_monday_one_offset()),
            "DATE" => f64::from(time.day()),
            "MONTH" => f64::from(time.month()),
            "YEAR" => f64::from(time.year()),
            _ => at as f64,
        })
    };
    let points = grid.iter().filter_map(|at| value(*at).map(|value| (*at, value))).collect();
    Operand::Series(Line { name: name.to_owned(), of: None, points })
}

/// `ANOMALY_DETECTION_BAND(metric[, deviations])`: the upper and the lower line.
///
/// AWS trains a model; here the middle is the mean of the same time on the three days before, and the
/// deviation that of those days from it over the whole range.
pub(super) fn band(
    operand: Operand,
    deviations: Option<&Operand>,
    scope: &dyn Scope,
) -> Result<Operand, String> {
    let Operand::Series(Line { name, of: Some(origin), .. }) = operand else {
        return Err("ANOMALY_DETECTION_BAND needs the id of a metric".into());
    };
    let width = match deviations {
        None => 2.0,
        Some(Operand::Scalar(value)) if *value > 0.0 => *value,
        Some(_) => return Err("ANOMALY_DETECTION_BAND needs a number of deviations above 0".into()),
    };
    let mut days: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (at, value) in (1..=3).flat_map(|day| scope.earlier(&origin, day)) {
        days.entry(at).or_default().push(value);
    }
    let middle = |values: &[f64]| reduce("AVG", values.iter().copied());
    let misses: Vec<f64> = days
        .values()
        .flat_map(|values| {
            let middle = middle(values);
            values.iter().map(move |value| (value - middle).powi(2))
        })
        .collect();
    let deviation = reduce("AVG", misses.iter().copied()).sqrt();
    let edge = |sign: f64| -> Points {
        days.iter().map(|(at, values)| (*at, middle(values) + sign * width * deviation)).collect()
    };
    let line = |points, side: &str| Line { name: format!("{name} ({side})"), of: None, points };
    Ok(Operand::Array(vec![line(edge(1.0), "expected high"), line(edge(-1.0), "expected low")]))
}
