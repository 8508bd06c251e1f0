//! Metric math that works point by point: operators, rounding, changes along a series, `IF`.
//!
//! A missing point counts as 0 in arithmetic and comparisons when the other side has one; values that
//! would not be numbers (a division by zero, the logarithm of nothing) are left out.

use super::{Line, Op, Operand, Points, Scope, fill};
use std::collections::BTreeMap;

impl Op {
    fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        #[expect(clippy::float_cmp, reason = "an exact comparison is what the expression asks for")]
        match self {
            // What is not there is not true or false either.
            _ if left.is_nan() || right.is_nan() => f64::NAN,
            Self::Or => truth(left != 0.0 || right != 0.0),
            Self::And => truth(left != 0.0 && right != 0.0),
            Self::Less => truth(left < right),
            Self::LessOrEqual => truth(left <= right),
            Self::Greater => truth(left > right),
            Self::GreaterOrEqual => truth(left >= right),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Power => left.powf(right),
        }
    }
}

impl Line {
    /// The same line with other points, of which only the finite ones stay.
    fn with(self, points: impl Iterator<Item = (i64, f64)>) -> Self {
        let points = points.filter(|(_, value)| value.is_finite()).collect();
        Self { points, ..self }
    }
}

/// Changes every value.
pub(super) fn each(operand: Operand, change: impl Fn(f64) -> f64) -> Operand {
    let line = |mut line: Line| {
        let points = std::mem::take(&mut line.points);
        line.with(points.into_iter().map(|(at, value)| (at, change(value))))
    };
    match operand {
        Operand::Scalar(value) => Operand::Scalar(change(value)),
        Operand::Series(series) => Operand::Series(line(series)),
        Operand::Array(lines) => Operand::Array(lines.into_iter().map(line).collect()),
    }
}

/// `RATE`, `DIFF`, `DIFF_TIME`, `RUNNING_SUM`.
pub(super) fn along(name: &str, operand: Operand) -> Result<Operand, String> {
    let line = |mut line: Line| {
        let points = std::mem::take(&mut line.points);
        if name == "RUNNING_SUM" {
            let sums = points.iter().scan(0.0, |sum, (at, value)| {
                *sum += value;
                Some((*at, *sum))
            });
            return line.with(sums);
        }
        let pairs = points.iter().zip(points.iter().skip(1));
        line.with(pairs.map(|((before, old), (at, new))| {
            let seconds = (at - before) as f64;
            let value = match name {
                "RATE" => (new - old) / seconds,
                "DIFF" => new - old,
                _ => seconds,
            };
            (*at, value)
        }))
    };
    match operand {
        Operand::Scalar(_) => Err(format!("{name} needs a time series")),
        Operand::Series(series) => Ok(Operand::Series(line(series))),
        Operand::Array(lines) => Ok(Operand::Array(lines.into_iter().map(line).collect())),
    }
}

/// Two sides and an operator.
pub(super) fn join(op: Op, left: Operand, right: Operand) -> Result<Operand, String> {
    use Operand::{Array, Scalar, Series};
    Ok(match (left, right) {
        (Scalar(a), Scalar(b)) => Scalar(op.apply(a, b)),
        (left, Scalar(b)) => each(left, |a| op.apply(a, b)),
        (Scalar(a), right) => each(right, |b| op.apply(a, b)),
        (Series(a), Series(b)) => Series(pair(op, &a, &b)),
        (Array(lines), Series(b)) => {
            Array(lines.into_iter().map(|a| Line { points: pair(op, &a, &b).points, ..a }).collect())
        }
        (Series(a), Array(lines)) => {
            Array(lines.into_iter().map(|b| Line { points: pair(op, &a, &b).points, ..b }).collect())
        }
        (Array(_), Array(_)) => return Err("two arrays of time series cannot be joined".into()),
    })
}

fn pair(op: Op, left: &Line, right: &Line) -> Line {
    let mut both: BTreeMap<i64, (f64, f64)> = left.points.iter().map(|(at, a)| (*at, (*a, 0.0))).collect();
    for (at, b) in &right.points {
        both.entry(*at).or_default().1 = *b;
    }
    let line = Line { name: left.name.clone(), of: None, points: Vec::new() };
    line.with(both.into_iter().map(|(at, (a, b))| (at, op.apply(a, b))))
}

/// `IF(condition, then[, otherwise])`.
pub(super) fn choose(
    condition: Operand,
    then: Operand,
    otherwise: Option<Operand>,
    scope: &dyn Scope,
) -> Result<Operand, String> {
    let condition = match condition {
        Operand::Scalar(holds) => {
            let chosen = if holds == 0.0 || holds.is_nan() { otherwise } else { Some(then) };
            return Ok(match chosen {
                Some(Operand::Scalar(value)) => fill::constant(value, scope.grid()),
                Some(other) => other,
                None => Operand::Series(Line::default()),
            });
        }
        Operand::Series(condition) => condition,
        Operand::Array(_) => return Err("the condition of IF must be one time series or a number".into()),
    };
    let name = match &then {
        Operand::Series(line) => line.name.clone(),
        _ => condition.name.clone(),
    };
    let (then, otherwise) = (Branch::new(then)?, otherwise.map(Branch::new).transpose()?);
    let points = condition.points.iter().filter_map(|(at, holds)| {
        let value = if *holds == 0.0 {
            otherwise.as_ref()?.at(*at)?
        } else {
            // Documented: a point that is missing where the condition holds is 0, elsewhere it is dropped.
            then.at(*at).unwrap_or(0.0)
        };
        Some((*at, value))
    });
    Ok(Operand::Series(Line { name, of: None, points: Vec::new() }.with(points)))
}

/// One side of an `IF`.
enum Branch {
    Same(f64),
    Each(BTreeMap<i64, f64>),
}

impl Branch {
    fn new(operand: Operand) -> Result<Self, String> {
        match operand {
            Operand::Scalar(value) => Ok(Self::Same(value)),
            Operand::Series(line) => Ok(Self::Each(line.points.into_iter().collect())),
            Operand::Array(_) => Err("the branches of IF must be one time series or a number".into()),
        }
    }

    fn at(&self, at: i64) -> Option<f64> {
        match self {
            Self::Same(value) => Some(*value),
            Self::Each(points) => points.get(&at).copied(),
        }
    }
}

/// The values of points.
pub(super) fn values(points: &Points) -> impl Iterator<Item = f64> + Clone + '_ {
    points.iter().map(|(_, value)| *value)
}
