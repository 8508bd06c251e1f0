//! Metric math: evaluates the expressions of `GetMetricData`, which `parse.rs` reads.
//!
//! Arithmetic, comparisons, `AND`/`OR`, `FILL`, `IF`, `RATE`, `DIFF`, `ABS`, `CEIL`, `FLOOR`, `PERIOD`,
//! and `SUM`, `AVG`, `MIN`, `MAX` over one series or a list. Pure: the caller resolves ids. Points that
//! exist on one side only, or whose value would not be a number, are left out, as CloudWatch leaves them.

mod parse;

pub use parse::{Expr, Op, parse};

use std::collections::BTreeMap;

/// Points by second since 1970, in order.
pub type Series = Vec<(i64, f64)>;

/// What an expression gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// One number.
    Scalar(f64),
    /// One time series.
    Series(Series),
    /// Several, each with a name.
    Group(Vec<(String, Series)>),
}

/// What an expression is evaluated in.
pub struct Scope<'a> {
    /// The value of an id; an error for an unknown one or a circle.
    pub resolve: &'a dyn Fn(&str) -> Result<Operand, String>,
    /// Every plain metric of the request, for `METRICS()`.
    pub metrics: &'a dyn Fn() -> Vec<(String, Series)>,
    /// Seconds per point.
    pub period: i64,
    /// The points that the time range has, for `FILL`.
    pub grid: &'a [i64],
}

impl Op {
    fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        #[expect(clippy::float_cmp, reason = "an exact comparison is what the expression asks for")]
        match self {
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

impl Expr {
    /// Every id in it.
    pub fn ids(&self) -> Vec<&str> {
        match self {
            Self::Number(_) | Self::Text(_) => Vec::new(),
            Self::Id(id) => vec![id],
            Self::Negate(inner) => inner.ids(),
            Self::Binary(_, left, right) => [left.ids(), right.ids()].concat(),
            Self::Call(_, items) | Self::List(items) => items.iter().flat_map(Self::ids).collect(),
        }
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Operand, String> {
        Ok(match self {
            Self::Number(number) => Operand::Scalar(*number),
            Self::Text(text) => return Err(format!("unexpected text \"{text}\"")),
            Self::Id(id) => (scope.resolve)(id)?,
            Self::Negate(inner) => each(inner.evaluate(scope)?, |value| -value),
            Self::Binary(op, left, right) => join(*op, left.evaluate(scope)?, right.evaluate(scope)?)?,
            Self::List(items) => {
                let mut group = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    match item.evaluate(scope)? {
                        Operand::Series(series) => group.push((index.to_string(), series)),
                        Operand::Group(more) => group.extend(more),
                        Operand::Scalar(_) => return Err("a list may hold only time series".into()),
                    }
                }
                Operand::Group(group)
            }
            Self::Call(name, arguments) => call(name, arguments, scope)?,
        })
    }
}

fn call(name: &str, arguments: &[Expr], scope: &Scope<'_>) -> Result<Operand, String> {
    let argument =
        |at: usize| arguments.get(at).ok_or_else(|| format!("{name} needs more arguments"))?.evaluate(scope);
    Ok(match (name, arguments) {
        ("METRICS", []) => Operand::Group((scope.metrics)()),
        ("METRICS", [Expr::Text(part)]) => Operand::Group(
            (scope.metrics)().into_iter().filter(|(id, _)| id.contains(part.as_str())).collect(),
        ),
        ("PERIOD", [_]) => Operand::Scalar(scope.period as f64),
        ("SUM" | "AVG" | "MIN" | "MAX", [_]) => aggregate(name, argument(0)?),
        ("ABS", [_]) => each(argument(0)?, f64::abs),
        ("CEIL", [_]) => each(argument(0)?, f64::ceil),
        ("FLOOR", [_]) => each(argument(0)?, f64::floor),
        ("RATE", [_]) => steps(argument(0)?, |seconds, change| change / seconds as f64),
        ("DIFF", [_]) => steps(argument(0)?, |_, change| change),
        ("FILL", [_, Expr::Id(how)]) if how == "REPEAT" => fill(argument(0)?, scope.grid, None)?,
        ("FILL", [_, _]) => match argument(1)? {
            Operand::Scalar(value) => fill(argument(0)?, scope.grid, Some(value))?,
            _ => return Err("FILL needs a number or REPEAT".into()),
        },
        ("IF", [_, _]) => choose(argument(0)?, argument(1)?, None)?,
        ("IF", [_, _, _]) => choose(argument(0)?, argument(1)?, Some(argument(2)?))?,
        _ => return Err(format!("unsupported function {name} with {} arguments", arguments.len())),
    })
}

fn each(operand: Operand, change: impl Fn(f64) -> f64) -> Operand {
    map(operand, |series| series.into_iter().map(|(at, value)| (at, change(value))).collect(), &change)
}

fn map(operand: Operand, whole: impl Fn(Series) -> Series, single: &dyn Fn(f64) -> f64) -> Operand {
    match operand {
        Operand::Scalar(value) => Operand::Scalar(single(value)),
        Operand::Series(series) => Operand::Series(whole(series)),
        Operand::Group(group) => {
            Operand::Group(group.into_iter().map(|(id, series)| (id, whole(series))).collect())
        }
    }
}

fn steps(operand: Operand, value: impl Fn(i64, f64) -> f64) -> Operand {
    let between = |series: Series| {
        let pairs = series.iter().zip(series.iter().skip(1));
        pairs.map(|((before, old), (at, new))| (*at, value(at - before, new - old))).collect()
    };
    map(operand, between, &|_| 0.0)
}

fn fill(operand: Operand, grid: &[i64], value: Option<f64>) -> Result<Operand, String> {
    if matches!(operand, Operand::Scalar(_)) {
        return Err("FILL needs a time series".into());
    }
    let whole = |series: Series| {
        let mut points: BTreeMap<i64, f64> = series.into_iter().collect();
        let mut last = None;
        for at in grid {
            match (points.get(at), value.or(last)) {
                (Some(known), _) => last = Some(*known),
                (None, Some(filler)) => {
                    points.insert(*at, filler);
                }
                (None, None) => {}
            }
        }
        points.into_iter().collect()
    };
    Ok(map(operand, whole, &|number| number))
}

fn aggregate(name: &str, operand: Operand) -> Operand {
    let reduce = |values: &[f64]| match name {
        "SUM" => values.iter().sum(),
        "AVG" => values.iter().sum::<f64>() / values.len() as f64,
        "MIN" => values.iter().copied().fold(f64::INFINITY, f64::min),
        _ => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    };
    match operand {
        Operand::Scalar(value) => Operand::Scalar(value),
        Operand::Series(series) => {
            Operand::Scalar(reduce(&series.into_iter().map(|(_, value)| value).collect::<Vec<_>>()))
        }
        Operand::Group(group) => {
            let mut columns: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
            for (at, value) in group.into_iter().flat_map(|(_, series)| series) {
                columns.entry(at).or_default().push(value);
            }
            Operand::Series(columns.into_iter().map(|(at, values)| (at, reduce(&values))).collect())
        }
    }
}

fn join(op: Op, left: Operand, right: Operand) -> Result<Operand, String> {
    use Operand::{Group, Scalar, Series};
    let finite =
        |series: Vec<(i64, f64)>| series.into_iter().filter(|(_, value)| value.is_finite()).collect();
    Ok(match (left, right) {
        (Scalar(a), Scalar(b)) => Scalar(op.apply(a, b)),
        (Series(a), Scalar(b)) => Series(finite(a.into_iter().map(|(at, a)| (at, op.apply(a, b))).collect())),
        (Scalar(a), Series(b)) => Series(finite(b.into_iter().map(|(at, b)| (at, op.apply(a, b))).collect())),
        (Series(a), Series(b)) => {
            let b: BTreeMap<i64, f64> = b.into_iter().collect();
            let both = a.into_iter().filter_map(|(at, a)| b.get(&at).map(|b| (at, op.apply(a, *b))));
            Series(finite(both.collect()))
        }
        (Group(group), other) if !matches!(other, Group(_)) => {
            let one = |(id, series)| Ok((id, series_of(join(op, Series(series), other.clone())?)?));
            Group(group.into_iter().map(one).collect::<Result<_, String>>()?)
        }
        (other, Group(group)) if !matches!(other, Group(_)) => {
            let one = |(id, series)| Ok((id, series_of(join(op, other.clone(), Series(series))?)?));
            Group(group.into_iter().map(one).collect::<Result<_, String>>()?)
        }
        _ => return Err("two lists of time series cannot be joined".into()),
    })
}

fn series_of(operand: Operand) -> Result<Series, String> {
    if let Operand::Series(series) = operand { Ok(series) } else { Err("a time series is needed".into()) }
}

/// `IF(condition, then, else)`; without `else`, points where the condition fails are left out.
fn choose(condition: Operand, then: Operand, otherwise: Option<Operand>) -> Result<Operand, String> {
    let condition = match condition {
        Operand::Scalar(value) if value != 0.0 => return Ok(then),
        Operand::Scalar(_) => return otherwise.ok_or_else(|| "IF needs a time series".into()),
        other => series_of(other)?,
    };
    let lookup = |operand: Operand| -> Result<Box<dyn Fn(i64) -> Option<f64>>, String> {
        Ok(match operand {
            Operand::Scalar(value) => Box::new(move |_| Some(value)),
            other => {
                let points: BTreeMap<i64, f64> = series_of(other)?.into_iter().collect();
                Box::new(move |at| points.get(&at).copied())
            }
        })
    };
    let then = lookup(then)?;
    let otherwise = otherwise.map(lookup).transpose()?;
    let pick = |(at, holds): (i64, f64)| {
        let value = if holds == 0.0 { otherwise.as_ref().and_then(|value| value(at)) } else { then(at) };
        value.map(|value| (at, value))
    };
    Ok(Operand::Series(condition.into_iter().filter_map(pick).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Operand, String> {
        let named = |id: &str| match id {
            "m1" => Ok(vec![(60, 10.0), (120, 20.0), (240, 40.0)]),
            "m2" => Ok(vec![(60, 2.0), (120, 0.0), (180, 5.0), (240, 4.0)]),
            other => Err(format!("unknown id {other}")),
        };
        let scope = Scope {
            resolve: &|id| named(id).map(Operand::Series),
            metrics: &|| ["m1", "m2"].map(|id| (id.to_owned(), named(id).unwrap())).to_vec(),
            period: 60,
            grid: &[60, 120, 180, 240],
        };
        parse(text)?.evaluate(&scope)
    }

    #[test]
    fn expressions_give_series() {
        for (text, expected) in [
            ("m1", vec![(60, 10.0), (120, 20.0), (240, 40.0)]),
            ("m1/m2", vec![(60, 5.0), (240, 10.0)]),
            ("100 * m2 / m1", vec![(60, 20.0), (120, 0.0), (240, 10.0)]),
            ("m1 - 2 - 3", vec![(60, 5.0), (120, 15.0), (240, 35.0)]),
            ("-m1 * 2 + 1", vec![(60, -19.0), (120, -39.0), (240, -79.0)]),
            ("(m1 + 2) * 2", vec![(60, 24.0), (120, 44.0), (240, 84.0)]),
            ("FILL(m1, 0)", vec![(60, 10.0), (120, 20.0), (180, 0.0), (240, 40.0)]),
            ("fill(m1, REPEAT)", vec![(60, 10.0), (120, 20.0), (180, 20.0), (240, 40.0)]),
            ("IF(m1 > 15, m1, 1)", vec![(60, 1.0), (120, 20.0), (240, 40.0)]),
            ("IF(m1 > 15 AND m1 < 30, m1)", vec![(120, 20.0)]),
            ("m1 >= 20", vec![(60, 0.0), (120, 1.0), (240, 1.0)]),
            ("RATE(m1)", vec![(120, 10.0 / 60.0), (240, 20.0 / 120.0)]),
            ("DIFF(m1)", vec![(120, 10.0), (240, 20.0)]),
            ("SUM(METRICS())", vec![(60, 12.0), (120, 20.0), (180, 5.0), (240, 44.0)]),
            ("SUM(METRICS(\"m2\"))", vec![(60, 2.0), (120, 0.0), (180, 5.0), (240, 4.0)]),
            ("MAX([m1, m2])", vec![(60, 10.0), (120, 20.0), (180, 5.0), (240, 40.0)]),
            ("m1 / PERIOD(m1)", vec![(60, 10.0 / 60.0), (120, 20.0 / 60.0), (240, 40.0 / 60.0)]),
            ("m1 * 0 + SUM(m2)", vec![(60, 11.0), (120, 11.0), (240, 11.0)]),
        ] {
            assert_eq!(value(text), Ok(Operand::Series(expected)), "{text}");
        }
        assert_eq!(value("AVG(m1) + MIN(m2) ^ 2"), Ok(Operand::Scalar(70.0 / 3.0)));
        assert!(matches!(value("METRICS() * 2"), Ok(Operand::Group(group)) if group.len() == 2));
    }

    #[test]
    fn wrong_expressions_say_why() {
        for (text, reason) in [
            ("", "ends too early"),
            ("m1 +", "ends too early"),
            ("(m1", "`)` is missing"),
            ("m1 m2", "unexpected `m2`"),
            ("m9", "unknown id m9"),
            ("NOPE(m1)", "unsupported function NOPE"),
            ("m1 $ 2", "unexpected `$`"),
            ("\"m1", "not closed"),
            ("METRICS() / METRICS()", "two lists"),
            ("1.2.3", "not a number"),
        ] {
            let error = value(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(value(&"(".repeat(10_000)).unwrap_err().contains("too deeply"));
        assert!(value(&"-".repeat(10_000)).unwrap_err().contains("too deeply"));
    }

    proptest::proptest! {
        #[test]
        fn no_expression_panics(text in "([-+*/^()<>=,.\" 0-9\\[\\]]|m1|m2|FILL|IF|SUM|METRICS|AND|REPEAT){0,24}") {
            let _ = value(&text);
        }
    }
}
