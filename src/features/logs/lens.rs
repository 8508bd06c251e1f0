//! What the pane shows of the store: filter and search with their results, kept up to date.
//!
//! Few new lines are looked at on the spot; many go to a job over a snapshot. An answer to a filter or a
//! search that has changed since is ignored.

use super::filter::Filter;
use super::pattern::Pattern;
use super::search::{Found, Listing, Matches, Scan};
use super::store::LogStore;
use serde::{Deserialize, Serialize};

/// New lines that are looked at in the loop; a line costs about a microsecond.
const INLINE: u64 = 500;

/// Which of the two results a scan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Lines that the filter leaves.
    Shown,
    /// Shown lines that the search hits.
    Hits,
}

/// A scan as a job.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanJob {
    /// Which question of its part it answers.
    pub rev: u64,
    /// Where its answer goes.
    pub part: Part,
    /// The lines and what to look for.
    pub scan: Scan,
}

/// A job's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScanDone {
    rev: u64,
    part: Part,
    found: Found,
}

impl ScanJob {
    /// Looks through the lines.
    pub fn run(self) -> ScanDone {
        ScanDone { rev: self.rev, part: self.part, found: self.scan.run() }
    }
}

/// One result, which question it answers, and whether a job works on it.
#[derive(Debug, Default)]
struct Result {
    matches: Matches,
    rev: u64,
    running: bool,
}

impl Result {
    /// Begins anew: answers to the old question are ignored.
    fn reset(&mut self) {
        *self = Self { rev: self.rev + 1, ..Self::default() };
    }
}

/// Filter and search with their results.
#[derive(Debug, Default)]
pub struct Lens {
    filter: Option<Filter>,
    pattern: Option<Pattern>,
    shown: Result,
    hits: Result,
    generation: u64,
}

impl Lens {
    /// The filter in force.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// The search in force.
    pub fn pattern(&self) -> Option<&Pattern> {
        self.pattern.as_ref()
    }

    /// Another filter, or none.
    pub fn set_filter(&mut self, filter: Option<Filter>) {
        self.filter = filter;
        self.forget();
    }

    /// Another search, or none.
    pub fn set_pattern(&mut self, pattern: Option<Pattern>) {
        self.pattern = pattern;
        self.hits.reset();
    }

    /// Looks at everything again: these are another target's lines.
    pub fn forget(&mut self) {
        self.shown.reset();
        self.hits.reset();
    }

    /// The lines on show.
    pub fn listing<'a>(&'a self, store: &'a LogStore) -> Listing<'a> {
        // After a fresh reading and before the next update, old row ids mean nothing.
        let valid = self.generation == store.generation();
        Listing::new(
            store.rows(),
            self.filter.is_some().then_some(if valid { &self.shown.matches } else { &EMPTY }),
        )
    }

    /// Rows that the search hits, in order.
    pub fn hits(&self) -> &Matches {
        &self.hits.matches
    }

    /// Filter or search have not looked at every line yet.
    pub fn behind(&self, store: &LogStore) -> bool {
        let late = |wanted: bool, result: &Result| wanted && result.matches.upto() < store.arrivals();
        self.generation != store.generation()
            || late(self.filter.is_some(), &self.shown)
            || late(self.pattern.is_some(), &self.hits)
    }

    /// A job is looking through lines.
    pub fn busy(&self) -> bool {
        self.shown.running || self.hits.running
    }

    /// Looks at lines that came since. Returns the jobs to run when there are too many.
    pub fn update(&mut self, store: &LogStore) -> Vec<ScanJob> {
        if self.generation != store.generation() {
            self.generation = store.generation();
            self.forget();
        }
        let mut jobs = Vec::new();
        let parts = [
            (Part::Shown, &mut self.shown, self.filter.is_some(), None),
            (Part::Hits, &mut self.hits, self.pattern.is_some(), self.pattern.as_ref()),
        ];
        for (part, result, wanted, pattern) in parts {
            result.matches.trim(store.rows());
            let since = result.matches.upto();
            if !wanted || result.running || since >= store.arrivals() {
                continue;
            }
            let scan = Scan {
                rows: store.rows().clone(),
                filter: self.filter.clone(),
                pattern: pattern.cloned(),
                since,
            };
            if store.arrivals() - since <= INLINE || store.rows().len() <= INLINE as usize {
                result.matches.extend(scan.run());
            } else {
                result.running = true;
                jobs.push(ScanJob { rev: result.rev, part, scan });
            }
        }
        jobs
    }

    /// Takes a job's answer. Call [`Lens::update`] after it: more lines may have come meanwhile.
    pub fn done(&mut self, done: &ScanDone) {
        let result = match done.part {
            Part::Shown => &mut self.shown,
            Part::Hits => &mut self.hits,
        };
        if done.rev != result.rev {
            return;
        }
        result.running = false;
        result.matches.extend(done.found.clone());
    }
}

/// What is on show while nothing was looked at.
static EMPTY: Matches = Matches::none();
