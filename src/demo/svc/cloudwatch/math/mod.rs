//! Metric math: evaluates the expressions of `GetMetricData`, which `parse.rs` reads.
//!
//! Rules are those of the CloudWatch user guide, "Using metric math". Pure: ids, metrics and searches are
//! resolved by the caller's [`Scope`]. `points.rs` has what works point by point, `arrays.rs` what works
//! on several series, `fill.rs` what needs the whole time range.

mod arrays;
mod fill;
mod parse;
mod points;
#[cfg(test)]
mod tests;

pub use arrays::reduce;
pub use parse::{Expr, Op, parse};

use crate::demo::world::Metric;
use std::rc::Rc;

/// Time series of one array: `[METRICS(), METRICS(), ..]` could be without end.
const LARGEST: usize = 2500;

/// Points by second since 1970, in order of time.
pub type Points = Vec<(i64, f64)>;

/// A time series with what its label can say of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// Its label when nobody gave one.
    pub name: String,
    /// The metric that it shows; none once several were put together.
    pub of: Option<Rc<Origin>>,
    pub points: Points,
}

/// The metric behind a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    pub metric: Metric,
    /// As the caller spelled it.
    pub stat: String,
    /// Seconds.
    pub period: u32,
}

/// What an expression gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// One number. Not a number when it was taken from a series without points.
    Scalar(f64),
    /// One time series.
    Series(Line),
    /// An array of them.
    Array(Vec<Line>),
}

/// What an expression is evaluated in.
pub trait Scope {
    /// The value of an id; an error for an unknown one or a circle.
    fn resolve(&self, id: &str) -> Result<Operand, String>;
    /// Every plain metric of the request with its id, for `METRICS()`.
    fn metrics(&self) -> Vec<(String, Line)>;
    /// What `SEARCH` finds.
    fn search(&self, query: &str, stat: &str, period: Option<u32>) -> Result<Vec<Line>, String>;
    /// A metric as it was some days ago, at the times of today.
    fn earlier(&self, origin: &Origin, days: i64) -> Points;
    /// Seconds per point.
    fn period(&self) -> i64;
    /// The points that the time range has.
    fn grid(&self) -> &[i64];
}

impl Expr {
    /// Every id in it.
    pub fn ids(&self) -> Vec<&str> {
        let mut ids = Vec::new();
        self.visit(&mut |expr| {
            if let Self::Id(id) = expr {
                ids.push(id.as_str());
            }
        });
        ids
    }

    /// The shortest period that a `SEARCH` in it names.
    pub fn searched_period(&self) -> Option<u32> {
        let mut shortest: Option<u32> = None;
        self.visit(&mut |expr| {
            if let Self::Call(name, arguments) = expr
                && name == "SEARCH"
                && let Some(Self::Number(period)) = arguments.get(2)
            {
                let period = *period as u32;
                shortest = Some(shortest.map_or(period, |known| known.min(period)));
            }
        });
        shortest.filter(|period| *period > 0)
    }

    fn visit<'a>(&'a self, look: &mut impl FnMut(&'a Self)) {
        look(self);
        match self {
            Self::Number(_) | Self::Text(_) | Self::Id(_) => {}
            Self::Negate(inner) => inner.visit(look),
            Self::Binary(_, left, right) => {
                left.visit(look);
                right.visit(look);
            }
            Self::Call(_, items) | Self::List(items) => items.iter().for_each(|item| item.visit(look)),
        }
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Operand, String> {
        Ok(match self {
            Self::Number(number) => Operand::Scalar(*number),
            Self::Text(text) => return Err(format!("unexpected text \"{text}\"")),
            Self::Id(id) => scope.resolve(id)?,
            Self::Negate(inner) => points::each(inner.evaluate(scope)?, |value| -value),
            Self::Binary(op, left, right) => {
                points::join(*op, left.evaluate(scope)?, right.evaluate(scope)?)?
            }
            Self::List(items) => {
                let mut lines = Vec::new();
                for item in items {
                    match item.evaluate(scope)? {
                        Operand::Series(line) => lines.push(line),
                        Operand::Array(more) => lines.extend(more),
                        Operand::Scalar(_) => return Err("an array may hold only time series".into()),
                    }
                    if lines.len() > LARGEST {
                        return Err(format!("an array may hold {LARGEST} time series"));
                    }
                }
                Operand::Array(lines)
            }
            Self::Call(name, arguments) => call(name, arguments, scope)?,
        })
    }
}

fn call(name: &str, arguments: &[Expr], scope: &dyn Scope) -> Result<Operand, String> {
    use Expr::{Id, Number, Text};
    let first = || arguments.first().ok_or_else(|| format!("{name} needs more arguments"))?.evaluate(scope);
    let argument = |at: usize| arguments.get(at).map(|argument| argument.evaluate(scope)).transpose();
    Ok(match (name, arguments) {
        ("METRICS", []) => Operand::Array(scope.metrics().into_iter().map(|(_, line)| line).collect()),
        ("METRICS", [Text(part)]) => {
            let found = scope.metrics().into_iter().filter(|(id, _)| id.contains(part.as_str()));
            Operand::Array(found.map(|(_, line)| line).collect())
        }
        ("SEARCH", [Text(query), Text(stat)]) => Operand::Array(scope.search(query, stat, None)?),
        ("SEARCH", [Text(query), Text(stat), Number(period)]) => {
            Operand::Array(scope.search(query, stat, Some(*period as u32))?)
        }
        ("PERIOD", [_]) => Operand::Scalar(match first()? {
            Operand::Series(Line { of: Some(origin), .. }) => f64::from(origin.period),
            Operand::Series(_) => scope.period() as f64,
            _ => return Err("PERIOD needs one metric".into()),
        }),
        ("SUM" | "AVG" | "MIN" | "MAX" | "STDDEV" | "DATAPOINT_COUNT", [_]) => {
            arrays::aggregate(name, first()?)
        }
        ("ABS", [_]) => points::each(first()?, f64::abs),
        ("CEIL", [_]) => points::each(first()?, f64::ceil),
        ("FLOOR", [_]) => points::each(first()?, f64::floor),
        ("LOG", [_]) => points::each(first()?, f64::ln),
        ("LOG10", [_]) => points::each(first()?, f64::log10),
        ("RATE" | "DIFF" | "DIFF_TIME" | "RUNNING_SUM", [_]) => points::along(name, first()?)?,
        ("IF", [_, _] | [_, _, _]) => {
            let then = argument(1)?.unwrap_or(Operand::Scalar(f64::NAN));
            points::choose(first()?, then, argument(2)?, scope)?
        }
        ("FILL", [_, Id(how)]) if how == "REPEAT" => {
            fill::fill(first()?, &fill::Filler::Repeat, scope.grid())?
        }
        ("FILL", [_, Id(how)]) if how == "LINEAR" => {
            fill::fill(first()?, &fill::Filler::Linear, scope.grid())?
        }
        ("FILL", [_, filler]) => {
            let filler = match filler.evaluate(scope)? {
                Operand::Scalar(value) => fill::Filler::Value(value),
                Operand::Series(line) => fill::Filler::From(line.points.into_iter().collect()),
                Operand::Array(_) => {
                    return Err("FILL needs a number, a time series, REPEAT or LINEAR".into());
                }
            };
            fill::fill(first()?, &filler, scope.grid())?
        }
        ("TIME_SERIES", [_]) => match first()? {
            Operand::Scalar(value) => fill::constant(value, scope.grid()),
            _ => return Err("TIME_SERIES needs a number".into()),
        },
        ("MINUTE" | "HOUR" | "DAY" | "DATE" | "MONTH" | "YEAR" | "EPOCH", [_]) => match first()? {
            Operand::Series(_) => fill::clock(name, scope.grid()),
            _ => return Err(format!("{name} needs one time series")),
        },
        ("METRIC_COUNT", [_]) => Operand::Scalar(arrays::array(first()?)?.len() as f64),
        ("FIRST", [_]) => Operand::Series(arrays::array(first()?)?.into_iter().next().unwrap_or_default()),
        ("LAST", [_]) => Operand::Series(arrays::array(first()?)?.pop().unwrap_or_default()),
        ("REMOVE_EMPTY", [_]) => {
            let lines = arrays::array(first()?)?.into_iter();
            Operand::Array(lines.filter(|line| !line.points.is_empty()).collect())
        }
        ("SLICE", [_, _] | [_, _, _]) => {
            arrays::slice(first()?, argument(1)?.as_ref(), argument(2)?.as_ref())?
        }
        ("SORT", [_, Id(by), Id(order)] | [_, Id(by), Id(order), _]) => {
            arrays::sort(first()?, by, order, argument(3)?.as_ref())?
        }
        ("ANOMALY_DETECTION_BAND", [_] | [_, _]) => fill::band(first()?, argument(1)?.as_ref(), scope)?,
        ("SERVICE_QUOTA", [_]) => match first()? {
            // The shop has no usage metrics, so a right question finds nothing.
            Operand::Series(Line { of: Some(origin), .. }) if origin.metric.namespace == "AWS/Usage" => {
                Operand::Series(Line::default())
            }
            _ => return Err("SERVICE_QUOTA needs a usage metric of the namespace AWS/Usage".into()),
        },
        ("INSIGHT_RULE_METRIC", [Text(rule), _]) => {
            return Err(format!("the Contributor Insights rule {rule} does not exist"));
        }
        ("DB_PERF_INSIGHTS", [_, Text(resource), _]) => {
            return Err(format!("Performance Insights knows no {resource}"));
        }
        ("LAMBDA", [Text(function), ..]) => return Err(format!("the data source {function} does not exist")),
        _ if KNOWN.contains(&name) => {
            return Err(format!("{name} cannot take these {} arguments", arguments.len()));
        }
        _ => return Err(format!("unsupported function {name}")),
    })
}

/// Functions that exist, to tell wrong arguments from wrong names.
const KNOWN: [&str; 39] = [
    "ABS",
    "ANOMALY_DETECTION_BAND",
    "AVG",
    "CEIL",
    "DATAPOINT_COUNT",
    "DATE",
    "DAY",
    "DB_PERF_INSIGHTS",
    "DIFF",
    "DIFF_TIME",
    "EPOCH",
    "FILL",
    "FIRST",
    "FLOOR",
    "HOUR",
    "IF",
    "INSIGHT_RULE_METRIC",
    "LAMBDA",
    "LAST",
    "LOG",
    "LOG10",
    "MAX",
    "METRICS",
    "METRIC_COUNT",
    "MIN",
    "MINUTE",
    "MONTH",
    "PERIOD",
    "RATE",
    "REMOVE_EMPTY",
    "RUNNING_SUM",
    "SEARCH",
    "SERVICE_QUOTA",
    "SLICE",
    "SORT",
    "STDDEV",
    "SUM",
    "TIME_SERIES",
    "YEAR",
];
