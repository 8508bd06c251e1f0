//! From asks to the fewest `GetMetricData` calls. Pure.
//!
//! One call has one region, account and stretch of time, at most 500 queries and about 100,800 points
//! (source: the API reference of `GetMetricData`). Equal queries of one call are one query, so that inputs
//! which several widgets use are paid for once; ids are given anew and expressions rewritten. Asks that must
//! be alone keep their ids.

use super::data::{Ask, Company, Scope, Stretch};
use super::expression::{count_calls, rename};
use super::plan::resolve;
use crate::app::Window;
use crate::features::metrics::{MetricQuery, kept};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// Queries of one call.
pub const MAX_QUERIES: usize = 500;
/// Points of one answer; more come in further pages.
pub const MAX_POINTS: i64 = 100_800;
/// Searches of one call: as many as one graph of the console may have.
const MAX_SEARCHES: usize = 100;

/// One call of `GetMetricData`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Where and when.
    pub scope: Scope,
    /// What is asked, with ids that are unique in the call.
    pub queries: Vec<MetricQuery>,
    /// Places of the asks it answers, each with the places of its queries in [`Call::queries`].
    pub asks: Vec<(usize, Vec<usize>)>,
}

impl Call {
    /// Start and end at this moment.
    pub fn range(&self, window: Window, now: Timestamp) -> (Timestamp, Timestamp) {
        let longest = self.queries.iter().map(|query| i64::from(query.period)).max().unwrap_or(60);
        range(self.scope.stretch, window, now, longest)
    }
}

/// A call being filled.
struct Open {
    call: Call,
    /// Query without its id and whether it is returned -> its place.
    known: HashMap<MetricQuery, usize>,
    points: i64,
    searches: usize,
}

/// Packs these asks, given with their places.
pub fn pack<'a>(
    asks: impl IntoIterator<Item = (usize, &'a Ask)>,
    window: Window,
    now: Timestamp,
) -> Vec<Call> {
    let mut done = Vec::new();
    let mut open: BTreeMap<&Scope, Open> = BTreeMap::new();
    for (place, ask) in asks {
        if ask.company == Company::Alone {
            let places = (0..ask.queries.len()).collect();
            done.push(Call {
                scope: ask.scope.clone(),
                queries: ask.queries.clone(),
                asks: vec![(place, places)],
            });
            continue;
        }
        let fresh = || Open {
            call: Call { scope: ask.scope.clone(), queries: Vec::new(), asks: Vec::new() },
            known: HashMap::new(),
            points: 0,
            searches: 0,
        };
        let slot = open.entry(&ask.scope).or_insert_with(fresh);
        let mut found = slot.resolve(ask);
        if !slot.call.asks.is_empty() && !slot.holds(&found, window, now) {
            done.push(std::mem::replace(slot, fresh()).call);
            found = slot.resolve(ask);
        }
        slot.add(place, ask, found, window, now);
    }
    done.extend(open.into_values().map(|open| open.call));
    done
}

impl Open {
    /// Whether an ask still fits: what it shares with others is there already.
    fn holds(&self, found: &[(MetricQuery, usize)], window: Window, now: Timestamp) -> bool {
        let known = self.call.queries.len();
        let new: BTreeMap<usize, &MetricQuery> =
            found.iter().filter(|(_, at)| *at >= known).map(|(bare, at)| (*at, bare)).collect();
        let stretch = self.call.scope.stretch;
        known + new.len() <= MAX_QUERIES
            && self.points + new.values().map(|it| points(it, stretch, window, now)).sum::<i64>()
                <= MAX_POINTS
            && self.searches + new.values().map(|it| searches(it)).sum::<usize>() <= MAX_SEARCHES
    }

    /// The queries of an ask without ids and whether they are returned, each with its place in the call.
    fn resolve(&self, ask: &Ask) -> Vec<(MetricQuery, usize)> {
        let mut found: Vec<(MetricQuery, usize)> = Vec::with_capacity(ask.queries.len());
        let mut ids: HashMap<&str, String> = HashMap::new();
        let mut next = self.call.queries.len();
        for query in &ask.queries {
            let expression = query.expression.as_deref().map(|text| rename(text, |id| ids.get(id).cloned()));
            let bare = MetricQuery { id: String::new(), expression, returned: false, ..query.clone() };
            let twin = || found.iter().find(|(other, _)| *other == bare).map(|(_, at)| *at);
            let at = self.known.get(&bare).copied().or_else(twin).unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            ids.insert(&query.id, id(at));
            found.push((bare, at));
        }
        found
    }

    fn add(
        &mut self,
        place: usize,
        ask: &Ask,
        found: Vec<(MetricQuery, usize)>,
        window: Window,
        now: Timestamp,
    ) {
        // Of each query of the ask, its place in the call.
        let mut places: Vec<usize> = Vec::with_capacity(ask.queries.len());
        for ((bare, at), query) in found.into_iter().zip(&ask.queries) {
            if at == self.call.queries.len() {
                self.points += points(&bare, self.call.scope.stretch, window, now);
                self.searches += searches(&bare);
                self.call.queries.push(MetricQuery { id: id(at), ..bare.clone() });
                self.known.insert(bare, at);
            }
            if let Some(known) = self.call.queries.get_mut(at) {
                known.returned |= query.returned;
            }
            places.push(at);
        }
        self.call.asks.push((place, places));
    }
}

fn searches(query: &MetricQuery) -> usize {
    query.expression.as_deref().map_or(0, |text| count_calls(text, "SEARCH"))
}

fn id(place: usize) -> String {
    format!("q{place}")
}

/// Points of one query at most. A search may give several series; their pages are followed.
fn points(query: &MetricQuery, stretch: Stretch, window: Window, now: Timestamp) -> i64 {
    let period = i64::from(query.period.max(1));
    let (start, end) = range(stretch, window, now, period);
    (end.duration_since(start).as_secs() + period - 1) / period
}

/// Start and end of a stretch at this moment, given the longest period asked for, in seconds.
fn range(stretch: Stretch, window: Window, now: Timestamp, longest: i64) -> (Timestamp, Timestamp) {
    let (start, end) = match stretch {
        Stretch::Window | Stretch::Days | Stretch::Whole(_) => window.range(now),
        Stretch::Own(own) | Stretch::OwnWhole(own, _) => resolve(own, now),
    };
    let end = up(end, 60);
    match stretch {
        Stretch::Whole(whole) | Stretch::OwnWhole(_, whole) => (back(end, whole), end),
        Stretch::Window | Stretch::Days | Stretch::Own(_) => {
            // CloudWatch counts periods from the start: one that moves by the minute would move every point.
            (down(start, longest.clamp(60, 86_400).max(kept(start, now))), end)
        }
    }
}

fn down(at: Timestamp, step: i64) -> Timestamp {
    back(at, at.as_second().rem_euclid(step))
}

fn up(at: Timestamp, step: i64) -> Timestamp {
    back(at, -(-at.as_second()).rem_euclid(step))
}

/// So many seconds earlier, whole seconds only.
fn back(at: Timestamp, seconds: i64) -> Timestamp {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    whole.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(whole)
}
