//! What `GetMetricData` is asked: its queries, read and checked as AWS does before anything is worked out.
//!
//! A wrong query refuses the whole request, in words. Nothing is evaluated here.

use super::math::{self, Expr};
use super::sql::{self, Select};
use super::{invalid, math_error};
use crate::demo::svc::paging;
use crate::demo::wire::{Failure, Value};
use crate::demo::world::{ACCOUNT, Metric, Stat};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use std::collections::HashSet;

/// Points in one answer.
pub const MOST_POINTS: u32 = 100_800;
/// Queries in one request.
const MOST_QUERIES: usize = 500;
/// Characters of an expression.
const LONGEST: usize = 2048;

/// A request.
pub struct Request {
    pub queries: Vec<Query>,
    pub from: Timestamp,
    pub to: Timestamp,
    pub newest_first: bool,
    /// Points per answer.
    pub limit: usize,
    /// The first point of this answer, of all.
    pub start: usize,
    /// For times in labels.
    pub zone: TimeZone,
}

/// One query of it.
pub struct Query {
    pub id: String,
    pub label: Option<String>,
    pub returned: bool,
    /// Seconds; none for an expression that does not say.
    pub period: Option<u32>,
    /// Asks for another account, which this one may not see.
    pub foreign: bool,
    pub what: What,
}

/// What a query asks for.
pub enum What {
    Metric {
        metric: Metric,
        stat: Stat,
        /// As the caller spelled the statistic.
        spelled: String,
        unit: Option<String>,
    },
    Math(Expr),
    Sql(Select),
}

/// Reads a request.
pub fn read(input: &Value) -> Result<Request, Failure> {
    let time = |name| input.time(name).ok_or_else(|| invalid(format!("The parameter {name} is required.")));
    let (from, to) = (time("StartTime")?, time("EndTime")?);
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
    let zone = match input.get("LabelOptions").and_then(|options| options.text("Timezone")) {
        None => TimeZone::UTC,
        Some(text) => {
            zone(text).ok_or_else(|| invalid(format!("The Timezone {text} is not like +0130 or -0600.")))?
        }
    };
    Ok(Request { queries: queries(input)?, from, to, newest_first, limit, start, zone })
}

/// `+hhmm` or `-hhmm`.
fn zone(text: &str) -> Option<TimeZone> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2).filter(|(_, minutes)| minutes.len() == 2)?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let legal = (0..=14).contains(&hours) && (0..60).contains(&minutes);
    let offset = Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok().filter(|_| legal)?;
    Some(TimeZone::fixed(offset))
}

fn queries(input: &Value) -> Result<Vec<Query>, Failure> {
    let asked = input.list("MetricDataQueries");
    if asked.is_empty() || asked.len() > MOST_QUERIES {
        return Err(invalid("MetricDataQueries must have from 1 to 500 elements."));
    }
    let queries: Vec<Query> = asked.iter().map(query).collect::<Result<_, _>>()?;
    let mut ids = HashSet::new();
    if let Some(twice) = queries.iter().find(|query| !ids.insert(query.id.as_str())) {
        return Err(invalid(format!("The id {} is used more than once.", twice.id)));
    }
    if queries.iter().filter(|query| matches!(query.what, What::Sql(_))).count() > 1 {
        return Err(invalid("A request may hold one Metrics Insights query."));
    }
    if !queries.iter().any(|query| query.returned) {
        return Err(invalid("At least one of the MetricDataQueries must have ReturnData set to true."));
    }
    Ok(queries)
}

fn query(asked: &Value) -> Result<Query, Failure> {
    let id = asked.text("Id").unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if id.len() > 255 || !id.starts_with(|first: char| first.is_ascii_lowercase()) || !id.chars().all(legal) {
        return Err(invalid(format!(
            "The id \"{id}\" is not valid: it must begin with a lower-case letter and hold only letters, digits and _."
        )));
    }
    let (what, period) = match (asked.get("MetricStat"), asked.text("Expression")) {
        (Some(stat), None) => {
            let spelled = stat.text("Stat").unwrap_or_default();
            let parsed = Stat::parse(spelled).ok_or_else(|| {
                invalid(format!("The value {spelled} for parameter Stat is not supported."))
            })?;
            let what = What::Metric {
                metric: metric(stat.get("Metric").unwrap_or(&Value::Null))?,
                stat: parsed,
                spelled: spelled.to_owned(),
                unit: stat.text("Unit").map(str::to_owned),
            };
            let period = stat.int("Period");
            (what, Some(period.ok_or_else(|| invalid(format!("The Period of {id} is required.")))?))
        }
        (None, Some(text)) => (expression(id, text)?, asked.int("Period")),
        _ => return Err(invalid(format!("The query {id} needs either MetricStat or Expression."))),
    };
    let legal =
        |period: &u32| matches!(period, 1 | 5 | 10 | 20 | 30) || (*period > 0 && period.is_multiple_of(60));
    let wrong = || invalid(format!("The Period of {id} must be 1, 5, 10, 20, 30 or a multiple of 60."));
    let period =
        period.map(|period| u32::try_from(period).ok().filter(legal).ok_or_else(wrong)).transpose()?;
    Ok(Query {
        id: id.to_owned(),
        label: asked.text("Label").map(str::to_owned),
        returned: asked.flag("ReturnData").unwrap_or(true),
        period,
        foreign: asked.text("AccountId").is_some_and(|account| account != ACCOUNT),
        what,
    })
}

fn expression(id: &str, text: &str) -> Result<What, Failure> {
    if text.chars().count() > LONGEST {
        return Err(invalid(format!("The expression of {id} is longer than {LONGEST} characters.")));
    }
    let trimmed = text.trim_start();
    let sql = trimmed.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("select"));
    let what = if sql { sql::parse(trimmed).map(What::Sql) } else { math::parse(text).map(What::Math) };
    what.map_err(|reason| math_error(id, &reason))
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
    if pairs.len() > 30 {
        return Err(invalid("A metric has at most 30 dimensions."));
    }
    Ok(Metric::new(namespace, name, &pairs))
}
