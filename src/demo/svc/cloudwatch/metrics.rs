//! `GetMetricData` with metric math and paging by points, and `ListMetrics`.

use super::math::{self, Expr, Operand, Scope, Series};
use super::{invalid, metric_value};
use crate::demo::svc::{
    Ctx,
    paging::{self, Paging},
};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::{Metric, Stat};
use jiff::Timestamp;
use std::cell::RefCell;
use std::collections::HashMap;

/// Points in one answer.
const MOST_POINTS: u32 = 100_800;
/// Expressions that refer to expressions: each level takes stack.
const MOST_NESTED: usize = 50;

const LISTED: Paging = Paging {
    size: "",
    token: "NextToken",
    default: 500,
    most: 500,
    bad_size: "InvalidParameterValue",
    bad_token: "InvalidParameterValue",
};

struct Query {
    id: String,
    label: Option<String>,
    returned: bool,
    period: u32,
    what: What,
}

enum What {
    Metric(Metric, Stat),
    Math(Expr),
}

pub fn list_metrics(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let filters = input.list("Dimensions");
    let fits = |metric: &Metric| {
        input.text("Namespace").is_none_or(|namespace| metric.namespace == namespace)
            && input.text("MetricName").is_none_or(|name| metric.name == name)
            && filters.iter().all(|filter| {
                let value = metric.dimension(filter.text("Name").unwrap_or_default());
                value.is_some_and(|value| filter.text("Value").is_none_or(|wanted| wanted == value))
            })
    };
    let found = ctx
        .world
        .metrics()
        .iter()
        .filter(|metric| fits(metric) && ctx.world.is_listed(metric, ctx.now))
        .collect();
    let (page, token) = LISTED.page(found, input)?;
    Ok(object([("Metrics", list(page.into_iter().map(metric_value))), ("NextToken", token.into())]))
}

pub fn get_metric_data(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let from = input.time("StartTime").ok_or_else(|| invalid("The parameter StartTime is required."))?;
    let to = input.time("EndTime").ok_or_else(|| invalid("The parameter EndTime is required."))?;
    if from >= to {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let newest_first = match input.text("ScanBy") {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => return Err(invalid(format!("{other} is not a valid ScanBy."))),
    };
    let limit = match input.int("MaxDatapoints") {
        None => MOST_POINTS as usize,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=MOST_POINTS as usize).contains(limit))
            .ok_or_else(|| invalid("MaxDatapoints must be from 1 to 100800."))?,
    };
    let start = match input.text("NextToken") {
        None => 0,
        Some(token) => paging::position(token)
            .ok_or_else(|| Failure::refused("InvalidNextToken", "The NextToken is not valid."))?,
    };
    let queries = queries(input)?;
    let evaluation =
        Evaluation { ctx, queries: &queries, from, to, known: RefCell::default(), open: RefCell::default() };

    let mut results = Vec::new();
    for query in queries.iter().filter(|query| query.returned) {
        let label = query.label.clone();
        match evaluation.value(&query.id)? {
            Operand::Scalar(_) => {
                return Err(math_error(&query.id, "The final result of an expression must be a time series"));
            }
            Operand::Series(series) => {
                let label = label.unwrap_or_else(|| match &query.what {
                    What::Metric(metric, _) => metric.name.clone(),
                    What::Math(..) => query.id.clone(),
                });
                results.push((query.id.clone(), label, series));
            }
            Operand::Group(group) => {
                results.extend(group.into_iter().map(|(of, series)| {
                    (query.id.clone(), label.clone().unwrap_or_else(|| format!("{} {of}", query.id)), series)
                }));
            }
        }
    }
    Ok(page(results, start, limit, newest_first))
}

/// Cuts the results into pages by points: a series may begin on one page and end on the next.
fn page(results: Vec<(String, String, Series)>, start: usize, limit: usize, newest_first: bool) -> Value {
    let end = start.saturating_add(limit);
    let total: usize = results.iter().map(|(_, _, series)| series.len()).sum();
    let mut begins = 0;
    let mut answers = Vec::new();
    for (id, label, mut series) in results {
        let ends = begins + series.len();
        let here = if series.is_empty() {
            (start..end).contains(&begins) || (begins == total && begins <= end && begins >= start)
        } else {
            begins < end && ends > start
        };
        if here {
            if newest_first {
                series.reverse();
            }
            let points = series.into_iter().skip(start.saturating_sub(begins)).take(end - start.max(begins));
            let (times, values): (Vec<Value>, Vec<Value>) =
                points.map(|(at, value)| (time(at).into(), Value::Float(value))).unzip();
            answers.push(object([
                ("Id", id.into()),
                ("Label", label.into()),
                ("Timestamps", times.into()),
                ("Values", values.into()),
                ("StatusCode", if ends > end { "PartialData" } else { "Complete" }.into()),
            ]));
        }
        begins = ends;
    }
    object([
        ("MetricDataResults", answers.into()),
        ("NextToken", (total > end).then(|| paging::token(end)).into()),
        ("Messages", Value::List(Vec::new())),
    ])
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn queries(input: &Value) -> Result<Vec<Query>, Failure> {
    let asked = input.list("MetricDataQueries");
    if asked.is_empty() || asked.len() > 500 {
        return Err(invalid("MetricDataQueries must have from 1 to 500 elements."));
    }
    let mut queries: Vec<Query> = Vec::with_capacity(asked.len());
    for asked in asked {
        let query = query(asked)?;
        if queries.iter().any(|known| known.id == query.id) {
            return Err(invalid(format!("The id {} is used more than once.", query.id)));
        }
        queries.push(query);
    }
    Ok(queries)
}

fn query(asked: &Value) -> Result<Query, Failure> {
    let id = asked.text("Id").unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !id.starts_with(|first: char| first.is_ascii_lowercase()) || !id.chars().all(legal) {
        return Err(invalid(format!(
            "The id \"{id}\" is not valid: it must begin with a lower-case letter and hold only letters, digits and _."
        )));
    }
    let (what, period) = match (asked.get("MetricStat"), asked.text("Expression")) {
        (Some(stat), None) => {
            let text = stat.text("Stat").unwrap_or_default();
            let parsed = Stat::parse(text);
            let parsed = parsed
                .ok_or_else(|| invalid(format!("The value {text} for parameter Stat is not supported.")))?;
            let metric = metric(stat.get("Metric").unwrap_or(&Value::Null))?;
            (What::Metric(metric, parsed), stat.int("Period"))
        }
        (None, Some(text)) => {
            let parsed = math::parse(text).map_err(|error| math_error(id, &error))?;
            (What::Math(parsed), asked.int("Period").or(Some(0)))
        }
        _ => return Err(invalid(format!("The query {id} needs either MetricStat or Expression."))),
    };
    let legal = |period: &u32| matches!(period, 1 | 5 | 10 | 20 | 30) || period.is_multiple_of(60);
    let period = period.and_then(|period| u32::try_from(period).ok()).filter(legal);
    let period = period.filter(|period| *period > 0 || matches!(what, What::Math(..)));
    let period = period.ok_or_else(|| {
        invalid(format!("The Period of {id} must be 1, 5, 10, 20, 30 or a multiple of 60."))
    })?;
    Ok(Query {
        id: id.to_owned(),
        label: asked.text("Label").map(str::to_owned),
        returned: asked.flag("ReturnData").unwrap_or(true),
        period,
        what,
    })
}

fn metric(asked: &Value) -> Result<Metric, Failure> {
    let (Some(namespace), Some(name)) = (asked.text("Namespace"), asked.text("MetricName")) else {
        return Err(invalid("A metric needs a Namespace and a MetricName."));
    };
    let pairs: Vec<(&str, &str)> = asked
        .list("Dimensions")
        .iter()
        .map(|pair| (pair.text("Name").unwrap_or_default(), pair.text("Value").unwrap_or_default()))
        .collect();
    Ok(Metric::new(namespace, name, &pairs))
}

fn math_error(id: &str, reason: &str) -> Failure {
    invalid(format!("Error in expression '{id}': {reason}"))
}

/// Values of one request's queries, each worked out once.
struct Evaluation<'a> {
    ctx: Ctx<'a>,
    queries: &'a [Query],
    from: Timestamp,
    to: Timestamp,
    known: RefCell<HashMap<String, Operand>>,
    /// Expressions being worked out, to notice circles.
    open: RefCell<Vec<String>>,
}

impl Evaluation<'_> {
    fn value(&self, id: &str) -> Result<Operand, Failure> {
        if let Some(known) = self.known.borrow().get(id) {
            return Ok(known.clone());
        }
        let query = self.queries.iter().find(|query| query.id == id);
        let query = query.ok_or_else(|| invalid(format!("The id {id} is not defined.")))?;
        let value = match &query.what {
            What::Metric(metric, stat) => Operand::Series(self.series(metric, *stat, query.period)),
            What::Math(expr) => self.math(query, expr)?,
        };
        self.known.borrow_mut().insert(id.to_owned(), value.clone());
        Ok(value)
    }

    fn math(&self, query: &Query, expr: &Expr) -> Result<Operand, Failure> {
        let open = self.open.borrow().len();
        if open >= MOST_NESTED || self.open.borrow().contains(&query.id) {
            return Err(math_error(&query.id, "expressions refer to each other in a circle or too deeply"));
        }
        self.open.borrow_mut().push(query.id.clone());
        let period = i64::from(self.period_of(query, expr));
        let first = self.from.as_second().div_euclid(period) * period;
        let grid: Vec<i64> = (0..i64::from(MOST_POINTS))
            .map(|n| first + n * period)
            .take_while(|at| *at < self.to.as_second())
            .collect();
        let scope = Scope {
            resolve: &|id| self.value(id).map_err(|failure| failure.message),
            metrics: &|| self.metrics(),
            period,
            grid: &grid,
        };
        let value = expr.evaluate(&scope).map_err(|reason| math_error(&query.id, &reason));
        self.open.borrow_mut().truncate(open);
        value
    }

    /// An expression's period: its own, else the shortest of the metrics in it or in the request.
    fn period_of(&self, query: &Query, expr: &Expr) -> u32 {
        let referred = expr.ids();
        let metric = |other: &&Query| matches!(other.what, What::Metric(..));
        let shortest = |queries: &mut dyn Iterator<Item = &Query>| queries.map(|other| other.period).min();
        let metrics = || self.queries.iter().filter(metric);
        Some(query.period)
            .filter(|period| *period > 0)
            .or_else(|| shortest(&mut metrics().filter(|other| referred.contains(&other.id.as_str()))))
            .or_else(|| shortest(&mut metrics()))
            .unwrap_or(60)
    }

    fn metrics(&self) -> Vec<(String, Series)> {
        let plain = self.queries.iter().filter_map(|query| match &query.what {
            What::Metric(metric, stat) => Some((query.id.clone(), self.series(metric, *stat, query.period))),
            What::Math(..) => None,
        });
        plain.collect()
    }

    fn series(&self, metric: &Metric, stat: Stat, period: u32) -> Series {
        let length = i64::from(period);
        let from = time(self.from.as_second().div_euclid(length) * length);
        let points = self.ctx.world.series(metric, stat, period, from, self.to, self.ctx.now);
        points.into_iter().map(|(at, value)| (at.as_second(), value)).collect()
    }
}
