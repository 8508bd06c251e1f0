//! The question behind the widgets on screen: what must be asked, each thing once. Pure.
//!
//! A drawn row needs the rows that its expression names; rows that nobody draws and nobody needs are not
//! asked for. Widgets with `METRICS()` are asked as a whole, because it sees every metric of its call.
//! Periods follow the window, what CloudWatch still keeps and what the widget was written with.
//! `pack.rs` makes calls of it.

use super::data::{Ask, Company, DataQuery, Draw, DrawnAs, RowKey, Scope, Stretch};
use super::expression::{count_calls, id_filters, ids, is_sql, raise_search_periods, rename};
use super::label;
use super::metric::{MetricWidget, SeriesSource, SeriesSpec};
use super::model::{Moment, Name, OwnRange, PeriodOverride};
use crate::app::Window;
use crate::features::metrics::{MetricQuery, Stat, kept, period_for};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// Points of a series at most when the period adapts: two per column of a wide terminal.
const MAX_POINTS: i64 = 400;
/// Periods up to this start their stretch at the window; longer ones reach further back, in seconds.
const HOUR: i32 = 3_600;
/// Storage metrics of S3 come once a day (source: S3 metrics and dimensions).
const DAILY: [&str; 2] = ["BucketSizeBytes", "NumberOfObjects"];

/// What a plan depends on beside the widgets.
#[derive(Debug, Clone, Copy)]
pub struct PlanCtx<'a> {
    /// Which dashboard.
    pub name: &'a Name,
    /// Whether periods adapt.
    pub period_override: PeriodOverride,
    /// Over which time.
    pub window: Window,
    /// The present; it counts only where data are old enough to be kept more coarsely, and in pinned windows.
    pub now: Timestamp,
    /// The target's region, when it is known.
    pub region: Option<&'a str>,
    /// The target's account, when it is known.
    pub account: Option<&'a str>,
}

/// Plans for these widgets, by their index. Those about an alarm must have its metrics filled in
/// ([`MetricWidget::of_alarm`]).
pub fn plan(widgets: &[(usize, &MetricWidget)], ctx: &PlanCtx) -> DataQuery {
    let mut planner = Planner { asks: Vec::new(), known: HashMap::new(), notes: Vec::new() };
    for (index, metric) in widgets {
        let times = Times::new(metric, ctx);
        Sheet { index: *index, metric, ctx, times, names: label::names(&metric.series) }.ask(&mut planner);
    }
    planner.notes.sort_by_key(|(key, _)| *key);
    DataQuery { dashboard: ctx.name.clone(), window: ctx.window, asks: planner.asks, notes: planner.notes }
}

/// A time range that a widget brings along, at this moment.
pub fn resolve(range: OwnRange, now: Timestamp) -> (Timestamp, Timestamp) {
    let at = |moment| match moment {
        Moment::Ago(seconds) => now.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(now),
        Moment::At(at) => at,
    };
    let (start, end) = (at(range.start), at(range.end));
    (start.min(end), end)
}

/// Asks so far; equal ones are shared.
struct Planner {
    asks: Vec<Ask>,
    known: HashMap<(Scope, Vec<MetricQuery>), usize>,
    notes: Vec<(RowKey, String)>,
}

impl Planner {
    fn add(&mut self, scope: Scope, company: Company, queries: Vec<MetricQuery>, draws: Vec<Draw>) {
        let key = (scope, queries);
        if let Some(ask) = self.known.get(&key).and_then(|at| self.asks.get_mut(*at)) {
            for draw in draws {
                match ask.draws.iter_mut().find(|known| known.query == draw.query) {
                    Some(known) => known.rows.extend(draw.rows),
                    None => ask.draws.push(draw),
                }
            }
            return;
        }
        let (scope, queries) = key.clone();
        self.known.insert(key, self.asks.len());
        self.asks.push(Ask { scope, company, queries, draws });
    }
}

/// The periods of one widget.
struct Times {
    window: Window,
    range: Option<OwnRange>,
    kept: i64,
    /// One period over everything, in seconds.
    whole: Option<i64>,
    inherit: bool,
    now: Timestamp,
}

impl Times {
    fn new(metric: &MetricWidget, ctx: &PlanCtx) -> Self {
        let window = match metric.range {
            Some(range) => {
                let (start, end) = resolve(range, ctx.now);
                Window::Frozen { start, end }
            }
            None => ctx.window,
        };
        let (start, end) = window.range(ctx.now);
        let (kept, secs) = (kept(start, ctx.now), end.duration_since(start).as_secs().max(1));
        // In a pinned window the range grows: in steps, so that it is not another question every second.
        let step = if secs > i64::from(HOUR) { kept.max(300) } else { kept };
        let whole = metric.whole_range.then(|| (secs + step - 1) / step * step);
        let inherit = ctx.period_override == PeriodOverride::Inherit;
        Self { window, range: metric.range, kept, whole, inherit, now: ctx.now }
    }

    fn secs(&self) -> i64 {
        let (start, end) = self.window.range(self.now);
        end.duration_since(start).as_secs()
    }

    /// The period of a row in seconds: never finer than it was written or than CloudWatch keeps.
    fn period(&self, own: i32, stat: Option<&Stat>) -> i32 {
        if let Some(whole) = self.whole {
            return i32::try_from(whole).unwrap_or(i32::MAX);
        }
        let own = if stat.is_some_and(is_daily) { own.max(86_400) } else { own };
        // Another multiple than of what is kept gives nothing.
        let least = (i64::from(own.max(1)) + self.kept - 1) / self.kept * self.kept;
        let least = i32::try_from(least).unwrap_or(i32::MAX);
        if self.inherit { least } else { period_for(self.window, self.now, least, MAX_POINTS) }
    }

    fn stretch(&self, longest: i32) -> Stretch {
        match (self.range, self.whole) {
            (Some(range), Some(whole)) => Stretch::OwnWhole(range, whole),
            (Some(range), None) => Stretch::Own(range),
            (None, Some(whole)) => Stretch::Whole(whole),
            (None, None) if longest > HOUR => Stretch::Days,
            (None, None) => Stretch::Window,
        }
    }
}

fn is_daily(stat: &Stat) -> bool {
    stat.namespace == "AWS/S3" && DAILY.contains(&stat.name.as_str())
}

/// One widget being planned.
struct Sheet<'a> {
    index: usize,
    metric: &'a MetricWidget,
    ctx: &'a PlanCtx<'a>,
    times: Times,
    names: Vec<String>,
}

/// Region and account of a row; `None` is the target's.
type Site<'a> = (Option<&'a str>, Option<&'a str>);

impl<'a> Sheet<'a> {
    fn ask(&self, planner: &mut Planner) {
        let whole_sites = self.whole_sites();
        for site in &whole_sites {
            self.ask_whole(*site, planner);
        }
        for (at, spec) in self.metric.series.iter().enumerate() {
            if !spec.visible || whole_sites.contains(&self.site(spec)) {
                continue;
            }
            if let Err(problem) = self.ask_row(at, planner) {
                planner.notes.push((self.key(spec), problem));
            } else if let Some(note) = self.note(spec) {
                planner.notes.push((self.key(spec), note));
            }
        }
    }

    /// Regions and accounts where an expression sees every metric of its call.
    fn whole_sites(&self) -> Vec<Site<'a>> {
        let mut sites = Vec::new();
        for spec in &self.metric.series {
            let sees_all = expression(spec).is_some_and(|text| count_calls(text, "METRICS") > 0);
            if sees_all && !sites.contains(&self.site(spec)) {
                sites.push(self.site(spec));
            }
        }
        sites
    }

    fn site(&self, spec: &'a SeriesSpec) -> Site<'a> {
        let region = spec.region.as_deref().or(self.metric.region.as_deref());
        let account = spec.account.as_deref();
        (
            region.filter(|own| Some(*own) != self.ctx.region),
            account.filter(|own| Some(*own) != self.ctx.account),
        )
    }

    fn scope(&self, site: Site, queries: &[MetricQuery]) -> Scope {
        let longest = queries.iter().map(|query| query.period).max().unwrap_or(60);
        let has_time = queries.iter().any(|query| query.label.as_deref().is_some_and(label::has_time));
        let timezone = self.metric.timezone.filter(|_| has_time).map(|minutes| {
            let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
            format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
        });
        Scope {
            region: site.0.map(str::to_owned),
            account: site.1.map(str::to_owned),
            stretch: self.times.stretch(longest),
            timezone,
        }
    }

    fn ask_row(&self, at: usize, planner: &mut Planner) -> Result<(), String> {
        let Some(spec) = self.metric.series.get(at) else { return Ok(()) };
        if self.too_short_for_daily(spec) {
            return Err("it has one point a day: look at a day or more (Z)".into());
        }
        let needed = self.needed(at, spec)?;
        let rows = || needed.iter().filter_map(|at| self.metric.series.get(*at));
        let id = |place: usize| format!("i{place}");
        let mut by_id: HashMap<&str, String> = HashMap::new();
        for (place, row) in rows().enumerate() {
            // Of two rows with one id the first of the widget has it.
            let own = row.id.as_deref().filter(|own| self.by_id(own) == needed.get(place).copied());
            by_id.extend(own.map(|own| (own, id(place))));
        }
        let last = needed.len().saturating_sub(1);
        let queries: Vec<MetricQuery> = rows()
            .enumerate()
            .map(|(place, row)| {
                let query = self.query(row, id(place), place == last);
                let expression = query.expression.map(|text| rename(&text, |id| by_id.get(id).cloned()));
                MetricQuery { expression, ..query }
            })
            .collect();
        let sql = queries.iter().filter_map(|query| query.expression.as_deref()).any(is_sql);
        let company = if sql { Company::Alone } else { Company::Shared };
        let draws = vec![Draw { query: last, rows: vec![self.drawn(spec, at)] }];
        planner.add(self.scope(self.site(spec), &queries), company, queries, draws);
        Ok(())
    }

    /// The rows that one needs, inputs first, itself last; or why it cannot be computed.
    fn needed(&self, at: usize, spec: &'a SeriesSpec) -> Result<Vec<usize>, String> {
        let mut needed = Vec::new();
        self.collect(at, &mut Vec::new(), &mut needed)?;
        let mut rows = needed.iter().filter_map(|at| self.metric.series.get(*at));
        match rows.find(|other| self.site(other) != self.site(spec)) {
            Some(other) => Err(format!(
                "its inputs are in {} and {}: CloudWatch computes within one region and account",
                self.place(spec),
                self.place(other)
            )),
            None => Ok(needed),
        }
    }

    /// Adds the rows that one needs, inputs first, itself last.
    fn collect(&self, at: usize, path: &mut Vec<usize>, needed: &mut Vec<usize>) -> Result<(), String> {
        if needed.contains(&at) {
            return Ok(());
        }
        if path.contains(&at) {
            return Err("it is computed from itself".into());
        }
        path.push(at);
        let text = self.metric.series.get(at).and_then(expression).unwrap_or_default();
        for id in ids(text) {
            let input = self.by_id(id).ok_or_else(|| format!("it uses {id}, which no row defines"))?;
            self.collect(input, path, needed)?;
        }
        path.pop();
        needed.push(at);
        Ok(())
    }

    /// The row that an id means.
    fn by_id(&self, id: &str) -> Option<usize> {
        self.metric.series.iter().position(|spec| spec.id.as_deref() == Some(id))
    }

    /// All rows of one region and account, in one call of their own.
    fn ask_whole(&self, site: Site<'a>, planner: &mut Planner) {
        let mut rows: Vec<(usize, &SeriesSpec)> = Vec::new();
        for (at, spec) in self.metric.series.iter().enumerate().filter(|(_, spec)| self.site(spec) == site) {
            // One that cannot be computed would have the whole call refused.
            match self.needed(at, spec) {
                Ok(_) => rows.push((at, spec)),
                Err(problem) if spec.visible => planner.notes.push((self.key(spec), problem)),
                Err(_) => {}
            }
        }
        if !rows.iter().any(|(_, spec)| spec.visible) {
            return;
        }
        let prefix = generated_prefix(&rows);
        let queries: Vec<MetricQuery> = rows
            .iter()
            .map(|(at, spec)| {
                let own = spec.id.clone().filter(|id| self.by_id(id) == Some(*at));
                self.query(spec, own.unwrap_or_else(|| format!("{prefix}{at}")), spec.visible)
            })
            .collect();
        let drawn = rows.iter().enumerate().filter(|(_, (_, spec))| spec.visible);
        let draws =
            drawn.map(|(query, (at, spec))| Draw { query, rows: vec![self.drawn(spec, *at)] }).collect();
        planner.add(self.scope(site, &queries), Company::Alone, queries, draws);
    }

    fn query(&self, spec: &SeriesSpec, id: String, returned: bool) -> MetricQuery {
        let own = spec.period.unwrap_or(self.metric.period);
        let (stat, expression) = match &spec.source {
            SeriesSource::Metric(stat) => (Some(stat.clone()), None),
            SeriesSource::Expression(text) => (None, Some(text.as_str())),
        };
        let period = self.times.period(own, stat.as_deref());
        // Fixed names of metrics are put on here, so that equal metrics stay equal questions.
        let label = spec.label.clone().filter(|label| expression.is_some() || label::is_dynamic(label));
        let label = label.filter(|_| returned);
        let expression = expression.map(|text| raise_search_periods(text, period));
        MetricQuery { id, stat, expression, label, period, returned }
    }

    fn drawn(&self, spec: &SeriesSpec, at: usize) -> DrawnAs {
        let unnamed = self.names.get(at).cloned().unwrap_or_default();
        let label = match (&spec.source, &spec.label) {
            (SeriesSource::Expression(_), _) => None,
            (_, Some(label)) if label::is_dynamic(label) => None,
            (_, Some(label)) if !label.is_empty() => Some(label.clone()),
            _ => Some(unnamed.clone()),
        };
        let live = self.metric.live_data || self.metric.whole_range;
        DrawnAs { key: self.key(spec), label, unnamed, live }
    }

    fn key(&self, spec: &SeriesSpec) -> RowKey {
        RowKey { widget: self.index, row: spec.row }
    }

    fn too_short_for_daily(&self, spec: &SeriesSpec) -> bool {
        matches!(&spec.source, SeriesSource::Metric(stat) if is_daily(stat)) && self.times.secs() < 86_400
    }

    /// Why nothing may come for a row.
    fn note(&self, spec: &'a SeriesSpec) -> Option<String> {
        let SeriesSource::Metric(stat) = &spec.source else { return None };
        let region = self.site(spec).0.or(self.ctx.region)?;
        let only_there = matches!(stat.namespace.as_str(), "AWS/CloudFront" | "AWS/Route53");
        let elsewhere = only_there && region != "us-east-1" && !region.starts_with("cn-");
        elsewhere
            .then(|| format!("{} metrics are in us-east-1 only, this row asks in {region}", stat.namespace))
    }

    fn place(&self, spec: &'a SeriesSpec) -> String {
        let (region, account) = self.site(spec);
        let region = region.or(self.ctx.region).unwrap_or("the target's region");
        account.map_or_else(|| region.to_owned(), |account| format!("{region} of {account}"))
    }
}

fn expression(spec: &SeriesSpec) -> Option<&str> {
    match &spec.source {
        SeriesSource::Expression(text) => Some(text),
        SeriesSource::Metric(_) => None,
    }
}

/// How generated ids begin: so that no `METRICS("..")` picks them by accident.
fn generated_prefix(rows: &[(usize, &SeriesSpec)]) -> &'static str {
    let filters: Vec<&str> =
        rows.iter().filter_map(|(_, spec)| expression(spec)).flat_map(id_filters).collect();
    let free =
        |prefix: &&str| !filters.iter().any(|filter| prefix.contains(filter) || filter.contains(prefix));
    ["q", "zz", "yy_", "xx_"].into_iter().find(free).unwrap_or("q")
}
