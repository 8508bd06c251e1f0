//! Works out the queries of one `GetMetricData` request, each once, from the world's metrics.
//!
//! It knows AWS's rules on time: which starts are rounded, which periods are kept for how long, which period
//! an expression has. The functions of metric math are in `math/`.

use super::label::Labels;
use super::math::{Expr, Line, Operand, Origin, Points, Scope};
use super::request::{MOST_POINTS, Query, Request, What};
use super::{invalid, math_error, search};
use crate::demo::svc::Ctx;
use crate::demo::wire::Failure;
use crate::demo::world::{Metric, Stat};
use jiff::{SignedDuration, Timestamp};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// Expressions that refer to expressions: each level takes stack.
const MOST_NESTED: usize = 50;
/// Lines that one expression gives.
pub const MOST_LINES: usize = 500;
/// Seconds per point where nothing says.
const USUAL_PERIOD: u32 = 300;

/// Values of one request's queries.
pub struct Evaluation<'a> {
    ctx: Ctx<'a>,
    request: &'a Request,
    by_id: HashMap<&'a str, &'a Query>,
    known: RefCell<HashMap<&'a str, Operand>>,
    /// Periods of expressions.
    periods: RefCell<HashMap<&'a str, u32>>,
    /// Expressions being worked out, to notice circles.
    open: RefCell<Vec<&'a str>>,
    /// Whether a search or a query found more than [`MOST_LINES`].
    cut: Cell<bool>,
}

impl<'a> Evaluation<'a> {
    pub fn new(ctx: Ctx<'a>, request: &'a Request) -> Self {
        let by_id = request.queries.iter().map(|query| (query.id.as_str(), query)).collect();
        Self {
            ctx,
            request,
            by_id,
            known: RefCell::default(),
            periods: RefCell::default(),
            open: RefCell::default(),
            cut: Cell::new(false),
        }
    }

    /// What labels of this request are made with.
    pub fn labels(&self) -> Labels<'a> {
        Labels { region: self.ctx.world.region(), now: self.ctx.now, zone: &self.request.zone }
    }

    /// Whether more lines were found than are given.
    pub fn was_cut(&self) -> bool {
        self.cut.get()
    }

    /// The value of an id.
    pub fn value(&self, id: &str) -> Result<Operand, Failure> {
        if let Some(known) = self.known.borrow().get(id) {
            return Ok(known.clone());
        }
        let query = *self.by_id.get(id).ok_or_else(|| invalid(format!("The id {id} is not defined.")))?;
        let value = match &query.what {
            What::Metric { .. } => Operand::Series(self.metric(query)),
            What::Math(expr) => self.math(query, expr)?,
            What::Sql(select) => {
                let period = query.period.unwrap_or(USUAL_PERIOD);
                let series = |metric: &Metric, stat| self.points(metric, stat, period);
                let (lines, cut) = select.evaluate(self.listed(), &series);
                self.cut.set(self.cut.get() || cut);
                if select.is_grouped() {
                    Operand::Array(lines)
                } else {
                    Operand::Series(lines.into_iter().next().unwrap_or_default())
                }
            }
        };
        self.known.borrow_mut().insert(&query.id, value.clone());
        Ok(value)
    }

    fn math(&self, query: &'a Query, expr: &Expr) -> Result<Operand, Failure> {
        let depth = self.open.borrow().len();
        if depth >= MOST_NESTED || self.open.borrow().contains(&query.id.as_str()) {
            return Err(math_error(&query.id, "expressions refer to each other in a circle or too deeply"));
        }
        let period = self.period_of(query);
        self.open.borrow_mut().push(&query.id);
        let scope = Within { evaluation: self, period, grid: self.grid(period) };
        let value = expr.evaluate(&scope).map_err(|reason| math_error(&query.id, &reason));
        self.open.borrow_mut().truncate(depth);
        let mut value = value?;
        if let Operand::Array(lines) = &mut value
            && lines.len() > MOST_LINES
        {
            lines.truncate(MOST_LINES);
            self.cut.set(true);
        }
        Ok(value)
    }

    /// Starts of the periods that the request's time range has and that have begun.
    fn grid(&self, period: u32) -> Vec<i64> {
        let period = i64::from(period);
        let end = self.request.to.min(self.ctx.now).as_second();
        let first = self.start().as_second().div_euclid(period) * period;
        (0..i64::from(MOST_POINTS)).map(|n| first + n * period).take_while(|at| *at < end).collect()
    }

    /// The request's start, rounded down the more the longer ago it is.
    fn start(&self) -> Timestamp {
        let from = self.request.from;
        let round = match self.age().as_hours() {
            0..360 => 60,
            360..1512 => 300,
            _ => 3600,
        };
        Timestamp::from_second(from.as_second().div_euclid(round) * round).unwrap_or(from)
    }

    fn age(&self) -> SignedDuration {
        self.ctx.now.duration_since(self.request.from).max(SignedDuration::ZERO)
    }

    /// An expression's period: its own, else the shortest of what it refers to, else of all metrics.
    fn period_of(&self, query: &'a Query) -> u32 {
        if let Some(period) = query.period {
            return period;
        }
        let What::Math(expr) = &query.what else { return USUAL_PERIOD };
        if let Some(known) = self.periods.borrow().get(query.id.as_str()) {
            return *known;
        }
        // Known before it is: a circle, which is refused elsewhere, must end here too.
        self.periods.borrow_mut().insert(&query.id, USUAL_PERIOD);
        let referred = expr.ids().into_iter().filter_map(|id| self.by_id.get(id));
        let referred = referred.map(|other| self.period_of(other)).min();
        let plain = self.request.queries.iter().filter(|other| matches!(other.what, What::Metric { .. }));
        let period = expr
            .searched_period()
            .into_iter()
            .chain(referred)
            .min()
            .or_else(|| plain.filter_map(|other| other.period).min())
            .unwrap_or(USUAL_PERIOD);
        self.periods.borrow_mut().insert(&query.id, period);
        period
    }

    fn metric(&self, query: &Query) -> Line {
        let What::Metric { metric, stat, spelled, unit } = &query.what else { return Line::default() };
        let period = query.period.unwrap_or(USUAL_PERIOD);
        // Units are not converted: another one finds nothing. Nor does another account.
        let found = !query.foreign && unit.as_ref().is_none_or(|unit| unit == metric.unit());
        let points = if found { self.points(metric, *stat, period) } else { Points::new() };
        let origin = Origin { metric: metric.clone(), stat: spelled.clone(), period };
        Line { name: metric.name.clone(), of: Some(Rc::new(origin)), points }
    }

    fn points(&self, metric: &Metric, stat: Stat, period: u32) -> Points {
        self.points_earlier(metric, stat, period, SignedDuration::ZERO)
    }

    /// Points of so long before, at the times of the request.
    fn points_earlier(&self, metric: &Metric, stat: Stat, period: u32, by: SignedDuration) -> Points {
        // Older points are kept only for longer periods.
        let kept = match self.age().as_hours() {
            0..360 => 1,
            360..1512 => 300,
            _ => 3600,
        };
        if !period.is_multiple_of(kept) {
            return Points::new();
        }
        let length = i64::from(period);
        let first = self.start().as_second().div_euclid(length) * length;
        let Ok(from) = Timestamp::from_second(first) else { return Points::new() };
        let series =
            self.ctx.world.series(metric, stat, period, from - by, self.request.to - by, self.ctx.now);
        series.into_iter().map(|(at, value)| ((at + by).as_second(), value)).collect()
    }

    fn listed(&self) -> impl Iterator<Item = &'a Metric> + 'a {
        let ctx = self.ctx;
        ctx.world.metrics().iter().filter(move |metric| ctx.world.is_listed(metric, ctx.now))
    }
}

/// What one expression sees.
struct Within<'e, 'a> {
    evaluation: &'e Evaluation<'a>,
    period: u32,
    grid: Vec<i64>,
}

impl Scope for Within<'_, '_> {
    fn resolve(&self, id: &str) -> Result<Operand, String> {
        self.evaluation.value(id).map_err(|failure| failure.message)
    }

    fn metrics(&self) -> Vec<(String, Line)> {
        let queries = self.evaluation.request.queries.iter();
        let plain = queries.filter(|query| matches!(query.what, What::Metric { .. }));
        plain
            .filter_map(|query| match self.evaluation.value(&query.id) {
                Ok(Operand::Series(line)) => {
                    let name = self.evaluation.labels().label(query.label.as_deref(), &line, false);
                    Some((query.id.clone(), Line { name, ..line }))
                }
                _ => None,
            })
            .collect()
    }

    fn search(&self, query: &str, stat: &str, period: Option<u32>) -> Result<Vec<Line>, String> {
        let parsed = Stat::parse(stat).ok_or_else(|| format!("the statistic {stat} is not supported"))?;
        let period = period.unwrap_or(self.period);
        if period == 0 {
            return Err("the period of a search must be above 0".into());
        }
        let search = search::parse(query)?;
        let mut found: Vec<&Metric> =
            self.evaluation.listed().filter(|metric| search.finds(metric)).take(MOST_LINES + 1).collect();
        if found.len() > MOST_LINES {
            found.truncate(MOST_LINES);
            self.evaluation.cut.set(true);
        }
        let names = search::names(&found);
        let lines = found.into_iter().zip(names).map(|(metric, name)| {
            let origin = Origin { metric: metric.clone(), stat: stat.to_owned(), period };
            let points = self.evaluation.points(metric, parsed, period);
            Line { name, of: Some(Rc::new(origin)), points }
        });
        Ok(lines.collect())
    }

    fn earlier(&self, origin: &Origin, days: i64) -> Points {
        let stat = Stat::parse(&origin.stat).unwrap_or(Stat::Average);
        let by = SignedDuration::from_hours(24 * days);
        self.evaluation.points_earlier(&origin.metric, stat, origin.period, by)
    }

    fn period(&self) -> i64 {
        i64::from(self.period)
    }

    fn grid(&self) -> &[i64] {
        &self.grid
    }
}
