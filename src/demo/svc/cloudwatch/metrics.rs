//! `GetMetricData` with its labels and paging by points, and `ListMetrics`.
//!
//! `request.rs` reads what is asked, `evaluate.rs` works it out; here it becomes an answer.

use super::evaluate::Evaluation;
use super::math::{Line, Operand};
use super::request::{self, Query, Request, What};
use super::{math_error, metric_value};
use crate::demo::svc::{
    Ctx,
    paging::{self, Paging},
};
use crate::demo::wire::{Failure, Value, list, object};
use jiff::Timestamp;

const LISTED: Paging = Paging {
    size: "",
    token: "NextToken",
    default: 500,
    most: 500,
    bad_size: "InvalidParameterValue",
    bad_token: "InvalidParameterValue",
};

pub fn list_metrics(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let filters = input.list("Dimensions");
    let found = ctx.world.metrics().iter().filter(|metric| {
        input.text("Namespace").is_none_or(|namespace| metric.namespace == namespace)
            && input.text("MetricName").is_none_or(|name| metric.name == name)
            && filters.iter().all(|filter| {
                let value = metric.dimension(filter.text("Name").unwrap_or_default());
                value.is_some_and(|value| filter.text("Value").is_none_or(|wanted| wanted == value))
            })
            && ctx.world.is_listed(metric, ctx.now)
    });
    let (page, token) = LISTED.page(found.collect(), input)?;
    Ok(object([("Metrics", list(page.into_iter().map(metric_value))), ("NextToken", token.into())]))
}

/// One result before it is cut into pages.
struct Answer<'a> {
    query: &'a Query,
    label: String,
    points: Vec<(i64, f64)>,
}

pub fn get_metric_data(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let request = request::read(input)?;
    let evaluation = Evaluation::new(ctx, &request);
    let labels = evaluation.labels();
    let mut answers = Vec::new();
    for query in request.queries.iter().filter(|query| query.returned) {
        let template = query.label.as_deref();
        match evaluation.value(&query.id)? {
            Operand::Scalar(_) => {
                return Err(math_error(&query.id, "the final result must be a time series, not a number"));
            }
            Operand::Series(line) => {
                // An expression is called by its id, unless it says otherwise.
                let name = if matches!(query.what, What::Math(_)) { query.id.clone() } else { line.name };
                let line = Line { name, ..line };
                answers.push(Answer {
                    query,
                    label: labels.label(template, &line, false),
                    points: line.points,
                });
            }
            Operand::Array(lines) => answers.extend(lines.into_iter().map(|line| Answer {
                query,
                label: labels.label(template, &line, true),
                points: line.points,
            })),
        }
    }
    let mut messages = Vec::new();
    if evaluation.was_cut() {
        messages
            .push(message("MaxMetricsExceeded", "The maximum number of allowed metrics, 500, was exceeded"));
    }
    Ok(page(&request, answers, messages))
}

fn message(code: &'static str, text: &'static str) -> Value {
    object([("Code", code.into()), ("Value", text.into())])
}

/// Cuts the results into pages by points: a series may begin on one page and end on the next.
fn page(request: &Request, answers: Vec<Answer<'_>>, messages: Vec<Value>) -> Value {
    let (start, end) = (request.start, request.start.saturating_add(request.limit));
    let total: usize = answers.iter().map(|answer| answer.points.len()).sum();
    let mut begins = 0;
    let mut results = Vec::new();
    for Answer { query, label, mut points } in answers {
        let ends = begins + points.len();
        let here = if points.is_empty() {
            (start..end).contains(&begins) || (begins == total && begins <= end && begins >= start)
        } else {
            begins < end && ends > start
        };
        if here {
            if request.newest_first {
                points.reverse();
            }
            let points = points.into_iter().skip(start.saturating_sub(begins)).take(end - start.max(begins));
            let (times, values): (Vec<Value>, Vec<Value>) =
                points.map(|(at, value)| (time(at).into(), Value::Float(value))).unzip();
            let forbidden = query.foreign.then(|| {
                message("Forbidden", "This account may not see the metrics of the account that was asked for")
            });
            let status = match (query.foreign, ends > end) {
                (true, _) => "Forbidden",
                (_, true) => "PartialData",
                _ => "Complete",
            };
            results.push(object([
                ("Id", (&query.id).into()),
                ("Label", label.into()),
                ("Timestamps", times.into()),
                ("Values", values.into()),
                ("StatusCode", status.into()),
                ("Messages", forbidden.map(|forbidden| Value::List(vec![forbidden])).into()),
            ]));
        }
        begins = ends;
    }
    object([
        ("MetricDataResults", results.into()),
        ("NextToken", (total > end).then(|| paging::token(end)).into()),
        ("Messages", messages.into()),
    ])
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}
