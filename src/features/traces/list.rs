//! Trace summaries: the list of a window, its orders, and how long its requests took.
//!
//! Plain data and what follows from it. Text is sanitized already; what is unknown is `None` and never zero.
//! X-Ray keeps a sample of all requests, so counts here are counts of traces and not of requests.

use super::filter::Filter;
use super::model::{Status, TraceId};
use crate::app::Window;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListQuery {
    /// When the requests began.
    pub window: Window,
    /// Which of them, in X-Ray's language; empty for all.
    pub expression: String,
}

impl ListQuery {
    /// The traces of a window that a filter lets through.
    pub fn new(window: Window, filter: &Filter) -> Self {
        Self { window, expression: filter.whole() }
    }
}

/// One trace, as lists know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Its id.
    pub id: TraceId,
    /// When the request began.
    pub start: Timestamp,
    /// From the first start to the last end of its segments, in seconds.
    pub duration: Option<f64>,
    /// Until the root answered, in seconds.
    pub response_time: Option<f64>,
    /// How it ended: faults and errors are the root's, throttles anybody's.
    pub outcome: Status,
    /// Some segments have not arrived.
    pub partial: bool,
    /// HTTP method; empty when there is none.
    pub method: String,
    /// HTTP URL; empty when there is none.
    pub url: String,
    /// HTTP status code.
    pub code: Option<i32>,
    /// The service that the request came to first; empty when unknown.
    pub entry: String,
    /// All services it went through.
    pub services: Vec<String>,
    /// Annotations, by key.
    pub annotations: Vec<(String, String)>,
    /// Users it was made for.
    pub users: Vec<String>,
    /// Where it failed and with what, when X-Ray says so: `orders: PoolExhausted`.
    pub cause: Option<String>,
}

impl Summary {
    /// How long it took as far as is known, in seconds.
    pub fn took(&self) -> Option<f64> {
        self.duration.or(self.response_time).filter(|seconds| seconds.is_finite())
    }

    /// Method and address, or the entry where there is none.
    pub fn request(&self) -> String {
        match (self.method.is_empty(), self.url.is_empty()) {
            (false, false) => format!("{} {}", self.method, path(&self.url)),
            (true, false) => path(&self.url).to_owned(),
            (false, true) => self.method.clone(),
            (true, true) => self.entry.clone(),
        }
    }

    /// The cause and the annotations, most telling first.
    pub fn notes(&self) -> String {
        let mut notes: Vec<String> = self.cause.iter().cloned().collect();
        notes.extend(self.annotations.iter().map(|(key, value)| format!("{key}={value}")));
        notes.extend(self.users.iter().map(|user| format!("user={user}")));
        notes.join("  ")
    }
}

/// An address without scheme and host: those are the entry's, which has a column of its own.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or(url)
}

/// The traces of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceList {
    /// What was asked.
    pub query: ListQuery,
    /// Newest first.
    pub traces: Arc<Vec<Summary>>,
    /// From here on everything was read.
    pub from: Timestamp,
    /// Up to here everything was read. Later ones may still be arriving.
    pub to: Timestamp,
    /// Reading stopped at `from` for its pages, later than asked.
    pub cut: bool,
    /// Older ones follow with the next answer.
    pub pending: bool,
    /// Traces that X-Ray looked at, matching or not.
    pub scanned: u64,
    /// Traces that were read and not kept, for room.
    pub dropped: u64,
}

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Those that failed first, the slowest first of each kind.
    #[default]
    Worst,
    /// Slowest first.
    Slowest,
    /// Newest first.
    Newest,
}

impl Order {
    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Worst => Self::Slowest,
            Self::Slowest => Self::Newest,
            Self::Newest => Self::Worst,
        }
    }

    /// In two words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Worst => "worst first",
            Self::Slowest => "slowest first",
            Self::Newest => "newest first",
        }
    }

    fn compare(self, a: &Summary, b: &Summary) -> Ordering {
        // What is unknown is last, not fastest.
        let took = |trace: &Summary| trace.took().unwrap_or(-1.0);
        // Equal ones newest first, so that the order is the same each time.
        let newest = || (Reverse(a.start), a.id).cmp(&(Reverse(b.start), b.id));
        let slowest = || took(b).total_cmp(&took(a)).then_with(newest);
        match self {
            Self::Newest => newest(),
            Self::Slowest => slowest(),
            Self::Worst => b.outcome.cmp(&a.outcome).then_with(slowest),
        }
    }
}

/// The traces of some lists in order, sorted again only when the lists or the order change: drawing asks for them
/// each time.
#[derive(Debug, Default)]
pub struct Sorted {
    order: Order,
    lists: Vec<Arc<Vec<Summary>>>,
    places: Vec<(usize, usize)>,
}

impl Sorted {
    /// Takes the lists that there are now. Lists are never changed, only replaced.
    pub fn update<'a>(&mut self, order: Order, lists: impl Iterator<Item = &'a Arc<Vec<Summary>>> + Clone) {
        let same = |(a, b): (&Arc<_>, &Arc<_>)| Arc::ptr_eq(a, b);
        let known =
            self.lists.len() == lists.clone().count() && self.lists.iter().zip(lists.clone()).all(same);
        if known && self.order == order {
            return;
        }
        (self.order, self.lists) = (order, lists.cloned().collect());
        let all = self.lists.iter().enumerate();
        let mut rows: Vec<(&Summary, (usize, usize))> = all
            .flat_map(|(list, traces)| traces.iter().enumerate().map(move |(at, trace)| (trace, (list, at))))
            .collect();
        rows.sort_by(|(a, _), (b, _)| order.compare(a, b));
        self.places = rows.into_iter().map(|(_, place)| place).collect();
    }

    /// Which list, and which place in it.
    pub fn places(&self) -> &[(usize, usize)] {
        &self.places
    }
}

/// How long requests took, in steps of equal ratio.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Lower edge of the first step, in seconds; more than zero.
    pub low: f64,
    /// Upper edge of the last step, in seconds.
    pub high: f64,
    /// Traces that ended well, one count per step.
    pub fine: Vec<u32>,
    /// All others.
    pub failed: Vec<u32>,
    /// All durations, sorted.
    sorted: Vec<f64>,
}

impl Histogram {
    /// Over these traces in this many steps; `None` when no duration is known.
    pub fn new<'a>(traces: impl Iterator<Item = &'a Summary>, steps: usize) -> Option<Self> {
        let known: Vec<(f64, bool)> =
            traces.filter_map(|trace| Some((trace.took()?.max(0.000_1), !trace.outcome.failed()))).collect();
        let mut sorted: Vec<f64> = known.iter().map(|(seconds, _)| *seconds).collect();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (round_down(*sorted.first()?), round_up(*sorted.last()?));
        let mut histogram = Self { low, high, fine: vec![0; steps], failed: vec![0; steps], sorted };
        for (seconds, fine) in known {
            let step = histogram.step(seconds);
            let counts = if fine { &mut histogram.fine } else { &mut histogram.failed };
            if let Some(count) = counts.get_mut(step) {
                *count += 1;
            }
        }
        Some(histogram)
    }

    /// The step that a duration falls into.
    pub fn step(&self, seconds: f64) -> usize {
        let steps = self.fine.len();
        let share = (seconds / self.low).ln() / (self.high / self.low).ln();
        ((share.clamp(0.0, 1.0) * steps as f64) as usize).min(steps.saturating_sub(1))
    }

    /// Seconds that this share (0 to 1) of the traces stayed within.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let rank = (share * self.sorted.len() as f64).ceil() as usize;
        self.sorted.get(rank.saturating_sub(1)).copied()
    }

    /// Powers of ten inside, for an axis.
    pub fn decades(&self) -> impl Iterator<Item = f64> {
        let (low, high) = (self.low, self.high);
        (-4..=6).map(|power| 10_f64.powi(power)).filter(move |value| *value >= low && *value <= high)
    }
}

/// The next of 1, 2, 5, 10 … below.
fn round_down(seconds: f64) -> f64 {
    let decade = 10_f64.powf(seconds.log10().floor());
    [5.0, 2.0, 1.0].iter().map(|step| step * decade).find(|edge| *edge <= seconds).unwrap_or(decade)
}

/// The next of 1, 2, 5, 10 … above, never the value itself.
fn round_up(seconds: f64) -> f64 {
    let decade = 10_f64.powf(seconds.log10().floor());
    [2.0, 5.0, 10.0].iter().map(|step| step * decade).find(|edge| *edge > seconds).unwrap_or(decade * 20.0)
}
