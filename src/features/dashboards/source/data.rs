//! The metrics of the widgets on screen, in the fewest calls.
//!
//! Answers are kept for a while, so that scrolling asks only for what is new. A call that fails touches only
//! its own rows, which keep their last good series; a call that CloudWatch refuses because of one
//! expression is halved until the one is found. Priced per metric: see `pack.rs` for what is shared.

use crate::app::Window;
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::dashboards::data::{Ask, DashboardData, DataQuery, DrawnAs, RowData, Scope};
use crate::features::dashboards::expression::{count_calls, is_sql};
use crate::features::dashboards::pack::{Call, pack};
use crate::features::metrics::source::{Aside, fetch_with};
use crate::features::metrics::{MetricQuery, Series};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How old an answer may be that another question takes over.
const FRESH: Duration = Duration::from_secs(45);
/// How long what was refused or denied is not asked again.
const REFUSED: Duration = Duration::from_mins(10);
/// How long answers are kept that nobody looks at.
const KEPT: Duration = Duration::from_mins(10);
/// Answers that are kept.
const MAX_ANSWERS: usize = 2_000;
/// How long a question must stand before it is sent, unless it is the first.
const SETTLE: Duration = Duration::from_millis(150);
/// Calls in flight.
const AT_ONCE: usize = 4;
/// Calls of one poll, those of halving included.
const MAX_CALLS: usize = 64;

/// What makes two asks the same to CloudWatch.
type AskKey = (Scope, Window, Vec<MetricQuery>);

/// By the place of the ask: of each draw its series.
type Answers = Vec<(usize, Vec<Vec<Series>>)>;

/// Reads the metrics of widgets.
pub struct DataSource {
    conn: Conn,
    answers: HashMap<AskKey, Answer>,
    /// Regions and accounts that said no, with what they said.
    denied: HashMap<(Option<String>, Option<String>), (Duration, SourceError)>,
    last: Option<Arc<DataQuery>>,
}

/// What came for an ask, kept.
struct Answer {
    /// When it came; `None` when only a refusal did.
    at: Option<Duration>,
    seen: Duration,
    /// Of each draw its series.
    series: Vec<Vec<Series>>,
    /// CloudWatch refuses this ask: since when, and why.
    refused: Option<(Duration, String)>,
}

/// How a call ended.
struct Done {
    asks: Vec<usize>,
    result: Result<Answers, SourceError>,
}

impl DataSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), answers: HashMap::new(), denied: HashMap::new(), last: None }
    }

    /// Places of the asks that must be sent, and why others are not.
    fn due(
        &mut self,
        query: &DataQuery,
        again: bool,
        now: Duration,
    ) -> (Vec<usize>, HashMap<usize, SourceError>) {
        self.denied.retain(|_, (at, _)| now.saturating_sub(*at) < REFUSED);
        let (mut due, mut barred) = (Vec::new(), HashMap::new());
        for (place, ask) in query.asks.iter().enumerate() {
            let site = (ask.scope.region.clone(), ask.scope.account.clone());
            if let Some((_, error)) = self.denied.get(&site) {
                barred.insert(place, error.clone());
                continue;
            }
            let answer = self.answers.get_mut(&key(query, ask));
            let fresh = answer.is_some_and(|answer| {
                answer.seen = now;
                let refused =
                    answer.refused.as_ref().is_some_and(|(at, _)| now.saturating_sub(*at) < REFUSED);
                let good = answer.at.is_some_and(|at| now.saturating_sub(at) < FRESH);
                refused || (good && !again)
            });
            if !fresh {
                due.push(place);
            }
        }
        (due, barred)
    }

    async fn send(&self, query: &DataQuery, call: Call, now: Timestamp) -> Done {
        let conn = match &call.scope.region {
            Some(region) => self.conn.in_region(region).await,
            None => self.conn.clone(),
        };
        let aside = Aside {
            account: call.scope.account.as_deref(),
            timezone: call.scope.timezone.as_deref(),
            searched: call
                .asks
                .iter()
                .filter_map(|(place, _)| Some(self.searched(query, query.asks.get(*place)?)))
                .sum(),
        };
        let result = fetch_with(&conn, &call.queries, call.range(query.window, now), aside).await;
        let asks = call.asks.iter().map(|(place, _)| *place).collect();
        Done { asks, result: result.map(|series| hand_out(query, &call, series)) }
    }

    /// Metrics that the searches of an ask touch, as far as its last answer tells.
    fn searched(&self, query: &DataQuery, ask: &Ask) -> u64 {
        let expressions = ask.queries.iter().filter_map(|query| query.expression.as_deref());
        let searches = expressions.filter(|text| is_sql(text) || count_calls(text, "SEARCH") > 0).count();
        if searches == 0 {
            return 0;
        }
        let known =
            self.answers.get(&key(query, ask)).map_or(0, |answer| answer.series.iter().map(Vec::len).sum());
        known.max(searches) as u64
    }

    /// Takes the ends of calls; gives back asks to be tried in smaller calls.
    fn take(
        &mut self,
        query: &DataQuery,
        done: Vec<Done>,
        now: Duration,
        failed: &mut HashMap<usize, SourceError>,
    ) -> Vec<Vec<usize>> {
        let mut smaller = Vec::new();
        for Done { asks, result } in done {
            match result {
                Ok(answers) => {
                    for (place, series) in answers {
                        let Some(ask) = query.asks.get(place) else { continue };
                        let answer = Answer { at: Some(now), seen: now, series, refused: None };
                        self.answers.insert(key(query, ask), answer);
                    }
                }
                Err(error) if error.class == ErrorClass::Invalid => match asks.as_slice() {
                    [place] => self.refuse(query, *place, now, &error),
                    several => {
                        let (left, right) = several.split_at(several.len() / 2);
                        smaller.extend([left.to_vec(), right.to_vec()]);
                    }
                },
                Err(error) => {
                    for place in asks {
                        if let (ErrorClass::Denied, Some(ask)) = (error.class, query.asks.get(place)) {
                            let site = (ask.scope.region.clone(), ask.scope.account.clone());
                            self.denied.insert(site, (now, error.clone()));
                        }
                        failed.insert(place, error.clone());
                    }
                }
            }
        }
        smaller
    }

    fn refuse(&mut self, query: &DataQuery, place: usize, now: Duration, error: &SourceError) {
        let Some(ask) = query.asks.get(place) else { return };
        let empty = || Answer { at: None, seen: now, series: Vec::new(), refused: None };
        let answer = self.answers.entry(key(query, ask)).or_insert_with(empty);
        answer.refused = Some((now, format!("refused: {}", error.message)));
    }

    fn rows(&self, query: &DataQuery, failed: &HashMap<usize, SourceError>, now: Timestamp) -> Vec<RowData> {
        let mut rows: Vec<RowData> = Vec::new();
        for (place, ask) in query.asks.iter().enumerate() {
            let answer = self.answers.get(&key(query, ask));
            let problem = match (failed.get(&place), answer.and_then(|answer| answer.refused.as_ref())) {
                (Some(error), _) => Some(said(error, &ask.scope)),
                (None, refused) => refused.map(|(_, why)| why.clone()),
            };
            for (index, draw) in ask.draws.iter().enumerate() {
                let id = ask.queries.get(draw.query).map(|query| query.id.as_str()).unwrap_or_default();
                let series =
                    answer.and_then(|answer| answer.series.get(index)).map(Vec::as_slice).unwrap_or_default();
                for row in &draw.rows {
                    let series = series.iter().map(|one| drawn(one, id, row, now)).collect();
                    rows.push(RowData { key: row.key, series, problem: problem.clone() });
                }
            }
        }
        rows.sort_by_key(|row| row.key);
        for (key, note) in &query.notes {
            match rows.binary_search_by_key(key, |row| row.key) {
                Ok(at) => {
                    let empty = |row: &&mut RowData| row.series.iter().all(|series| series.points.is_empty());
                    if let Some(row) = rows.get_mut(at).filter(empty) {
                        row.problem.get_or_insert_with(|| note.clone());
                    }
                }
                Err(at) => {
                    rows.insert(at, RowData { key: *key, series: Vec::new(), problem: Some(note.clone()) });
                }
            }
        }
        rows
    }

    fn forget(&mut self, now: Duration) {
        self.answers.retain(|_, answer| now.saturating_sub(answer.seen) < KEPT);
        if self.answers.len() > MAX_ANSWERS {
            self.answers.retain(|_, answer| answer.seen == now);
        }
    }
}

impl Source for DataSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::DashboardData(query) = query else {
            return Err(internal("DashboardData", "asked for something else"));
        };
        let (now, wall) = (ctx.now.since_start, ctx.now.wall);
        let again = self.last.as_ref() == Some(query);
        if !again && self.last.is_some() {
            // Somebody may still be scrolling: what is not sent is not paid for.
            tokio::time::sleep(SETTLE).await;
        }
        let (due, mut failed) = self.due(query, again, now);
        let mut batches = vec![due];
        let mut calls = 0;
        while !batches.is_empty() && calls < MAX_CALLS {
            let packed: Vec<Call> = batches
                .iter()
                .flat_map(|batch| {
                    let asks = batch.iter().filter_map(|place| Some((*place, query.asks.get(*place)?)));
                    pack(asks, query.window, wall)
                })
                .collect();
            calls += packed.len();
            let sending = packed.into_iter().map(|call| self.send(query, call, wall));
            // In one list first: borrowing while they run, they are taken after.
            let done: Vec<Done> = stream::iter(sending).buffer_unordered(AT_ONCE).collect().await;
            batches = self.take(query, done, now, &mut failed);
        }
        self.last = Some(query.clone());
        let rows = self.rows(query, &failed, wall);
        self.forget(now);
        let nothing = rows.iter().all(|row| row.series.is_empty());
        let worst =
            failed.into_values().reduce(|worst, error| if error.class.parks() { error } else { worst });
        match worst {
            // All rows would say the same: the panel does, and the poller knows when to try again.
            Some(error) if error.class.parks() || nothing => {
                self.denied.clear();
                Err(error)
            }
            _ => Ok(Payload::DashboardData(Box::new(DashboardData {
                dashboard: query.dashboard.clone(),
                window: query.window,
                rows,
                calls,
            }))),
        }
    }
}

fn key(query: &DataQuery, ask: &Ask) -> AskKey {
    (ask.scope.clone(), query.window, ask.queries.clone())
}

/// The series of a call, by ask and draw.
fn hand_out(query: &DataQuery, call: &Call, series: Vec<Series>) -> Answers {
    let mut by_id: HashMap<String, Vec<Series>> = HashMap::new();
    for one in series {
        by_id.entry(one.id.clone()).or_default().push(one);
    }
    let of = |place: Option<&usize>| {
        let id = place.and_then(|place| call.queries.get(*place)).map(|query| query.id.as_str());
        id.and_then(|id| by_id.get(id)).cloned().unwrap_or_default()
    };
    let asks = call.asks.iter().filter_map(|(place, queries)| {
        let ask = query.asks.get(*place)?;
        Some((*place, ask.draws.iter().map(|draw| of(queries.get(draw.query))).collect()))
    });
    asks.collect()
}

/// A series as a row draws it.
fn drawn(series: &Series, id: &str, row: &DrawnAs, now: Timestamp) -> Series {
    let mut series = series.clone();
    // CloudWatch gives back the id where it has no name; in a shared call that id is not even the row's.
    let unnamed = series.label == series.id || series.label == id;
    match &row.label {
        Some(label) => series.label.clone_from(label),
        None if unnamed => series.label.clone_from(&row.unnamed),
        None => {}
    }
    if !row.live {
        let period = series.period;
        series.points.retain(|(at, _)| now.duration_since(*at).as_secs() >= period);
    }
    series
}

/// Why rows have nothing new.
fn said(error: &SourceError, scope: &Scope) -> String {
    let region = scope.region.as_deref().map(|region| format!(" in {region}"));
    let account = scope.account.as_deref().map(|account| format!(" of account {account}"));
    format!("{}{}{}", error.short(), region.unwrap_or_default(), account.unwrap_or_default())
}
