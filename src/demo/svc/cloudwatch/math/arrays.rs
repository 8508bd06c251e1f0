//! Metric math on arrays of time series: `SUM` and its like, `SORT`, `SLICE`.
//!
//! The same names give a number for one series and a series for an array, as the user guide has it.

use super::points::values;
use super::{Line, Operand};
use std::collections::BTreeMap;

/// The lines of an array; one series is an array of one.
pub(super) fn array(operand: Operand) -> Result<Vec<Line>, String> {
    match operand {
        Operand::Array(lines) => Ok(lines),
        Operand::Series(line) => Ok(vec![line]),
        Operand::Scalar(_) => Err("an array of time series is needed".into()),
    }
}

/// One number of many; not a number when there are none, but a sum and a count are 0 then.
pub fn reduce(name: &str, values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count() as f64;
    let sum: f64 = values.clone().sum();
    match name {
        "SUM" => sum,
        "DATAPOINT_COUNT" => count,
        "AVG" => sum / count,
        "MIN" => values.reduce(f64::min).unwrap_or(f64::NAN),
        "MAX" => values.reduce(f64::max).unwrap_or(f64::NAN),
        _ => {
            let mean = sum / count;
            (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
        }
    }
}

/// `SUM`, `AVG`, `MIN`, `MAX`, `STDDEV`, `DATAPOINT_COUNT`.
pub(super) fn aggregate(name: &str, operand: Operand) -> Operand {
    match operand {
        Operand::Scalar(value) => Operand::Scalar(value),
        Operand::Series(line) => Operand::Scalar(reduce(name, values(&line.points))),
        Operand::Array(lines) => {
            let size = lines.len() as f64;
            let mut columns: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
            for (at, value) in lines.into_iter().flat_map(|line| line.points) {
                columns.entry(at).or_default().push(value);
            }
            let points = columns.into_iter().map(|(at, column)| {
                let column = column.into_iter();
                // Documented for AVG alone: who has no point counts as 0.
                let value = if name == "AVG" { column.sum::<f64>() / size } else { reduce(name, column) };
                (at, value)
            });
            Operand::Series(Line { name: name.to_owned(), of: None, points: points.collect() })
        }
    }
}

/// `SLICE(array, from[, to])`.
pub(super) fn slice(
    operand: Operand,
    from: Option<&Operand>,
    to: Option<&Operand>,
) -> Result<Operand, String> {
    let lines = array(operand)?;
    let from = index(from)?.unwrap_or(0);
    let to = index(to)?.unwrap_or(lines.len());
    let count = to.saturating_sub(from);
    Ok(Operand::Array(lines.into_iter().skip(from).take(count).collect()))
}

/// `SORT(array, AVG|MIN|MAX|SUM, ASC|DESC[, count])`; a series without points comes last.
pub(super) fn sort(
    operand: Operand,
    by: &str,
    order: &str,
    count: Option<&Operand>,
) -> Result<Operand, String> {
    if !["AVG", "MIN", "MAX", "SUM"].contains(&by) {
        return Err(format!("SORT goes by AVG, MIN, MAX or SUM, not by {by}"));
    }
    let descending = match order {
        "ASC" => false,
        "DESC" => true,
        _ => return Err(format!("SORT goes ASC or DESC, not {order}")),
    };
    let mut lines: Vec<(f64, Line)> = array(operand)?
        .into_iter()
        .map(|line| (if line.points.is_empty() { f64::NAN } else { reduce(by, values(&line.points)) }, line))
        .collect();
    lines.sort_by(|(left, _), (right, _)| {
        let order = left.is_nan().cmp(&right.is_nan());
        order.then(if descending { right.total_cmp(left) } else { left.total_cmp(right) })
    });
    let count = index(count)?.unwrap_or(lines.len());
    Ok(Operand::Array(lines.into_iter().take(count).map(|(_, line)| line).collect()))
}

/// A number that counts lines.
fn index(operand: Option<&Operand>) -> Result<Option<usize>, String> {
    match operand {
        None => Ok(None),
        Some(Operand::Scalar(value)) if *value >= 0.0 => Ok(Some(*value as usize)),
        Some(_) => Err("a number from 0 on is needed to count time series".into()),
    }
}
