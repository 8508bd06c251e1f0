//! From events to rows: filtered, noise folded, repeats counted, grouped. Made for a job: it takes a snapshot
//! and may look at 50,000 events. Pure.

use super::extras::{self, Extra};
use super::lens::Lens;
use super::model::{Event, Nature, Who, mark};
use crate::aws::TargetId;
use crate::features::security::Finding;
use crate::text::Needle;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Equal calls of one caller this close to each other are one row.
const REPEAT: SignedDuration = SignedDuration::from_secs(60);
/// Things that a row of repeats names.
const NAMED: usize = 3;

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Newest first.
    #[default]
    Time,
    /// By who did it.
    Who,
    /// By what it was done to.
    Thing,
}

/// The events of one target and what to look for in them.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Whose.
    pub target: TargetId,
    /// Newest first.
    pub events: Arc<Vec<Arc<Event>>>,
    /// What GuardDuty found whose first event is in the time that is shown.
    pub findings: Vec<Arc<Finding>>,
    /// What belongs to the subject.
    pub lens: Lens,
}

/// What to make rows of.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsJob {
    /// Comes back with the rows.
    pub rev: u64,
    /// Events by target.
    pub parts: Vec<Part>,
    /// Rollouts and alarms.
    pub extras: Vec<Extra>,
    /// From and to, both included.
    pub range: (Timestamp, Timestamp),
    /// What must be in a row, in any letter case.
    pub needle: String,
    /// Fold nothing.
    pub all: bool,
    /// Also what does not belong to the subject.
    pub account: bool,
    /// The order.
    pub order: Order,
}

/// Calls of one caller, equal but for their time and maybe what they were about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    /// The newest of them.
    pub newest: Arc<Event>,
    /// How many.
    pub count: u32,
    /// Time of the oldest.
    pub oldest: Timestamp,
    /// What else they were about, the first few.
    pub others: Vec<Arc<str>>,
    /// Scaling of what is in trouble, or of its callers.
    pub affects: bool,
}

/// What a row shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// CloudTrail's.
    Calls(Calls),
    /// A rollout, an alarm, a finding.
    Extra(Box<Extra>),
    /// The head of a group: its name, and how many rows follow.
    Group(String, usize),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What the cursor stands on: the same as long as the thing is.
    pub key: u64,
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub target: TargetId,
    /// What.
    pub what: What,
}

/// What is not shown, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// Calls of services.
    pub noise: u64,
    /// Scaling of what nobody complains about.
    pub scaling: u64,
    /// Calls that changed nothing.
    pub reads: u64,
    /// Changes that do not belong to the subject.
    pub elsewhere: u64,
}

/// What a job made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RowsDone {
    /// Of the job.
    pub rev: u64,
    /// In order.
    pub rows: Arc<Vec<Row>>,
    /// Their keys.
    pub keys: Arc<Vec<u64>>,
    /// The oldest of them.
    pub oldest: Option<Timestamp>,
    /// What is not shown.
    pub folded: Folded,
    /// Rows that people or pipelines made.
    pub changes: usize,
}

impl RowsJob {
    /// Makes the rows.
    pub fn run(self) -> RowsDone {
        let mut done = RowsDone { rev: self.rev, ..RowsDone::default() };
        let mut rows = Vec::new();
        let needle = Needle::new(&self.needle);
        let mut search = Search { needle: &needle, shared: HashMap::default() };
        for part in &self.parts {
            self.calls(part, &mut search, &mut rows, &mut done);
        }
        let found = |part: &Part| {
            let target = part.target.clone();
            let found = part.findings.clone().into_iter();
            found.filter_map(move |finding| extras::finding(&target, &finding))
        };
        let found: Vec<Extra> = self.parts.iter().flat_map(found).collect();
        for extra in self.extras.iter().chain(&found).filter(|extra| self.wants(extra, &needle)) {
            let key = mark((&extra.target, extra.kind.word(), &extra.name, extra.at));
            let what = What::Extra(Box::new(extra.clone()));
            rows.push(Row { key, at: extra.at, target: extra.target.clone(), what });
        }
        // Calls are in order already, so this costs next to nothing.
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
        done.oldest = rows.last().map(|row| row.at);
        let rows = match self.order {
            Order::Time => rows,
            Order::Who => group(rows, who_of),
            Order::Thing => group(rows, thing_of),
        };
        done.keys = Arc::new(rows.iter().map(|row| row.key).collect());
        done.rows = Arc::new(rows);
        done
    }

    fn calls(&self, part: &Part, search: &mut Search, rows: &mut Vec<Row>, done: &mut RowsDone) {
        let (from, to) = self.range;
        let begin = part.events.partition_point(|event| event.at > to);
        let end = part.events.partition_point(|event| event.at >= from);
        let somebody = part.lens.subject.as_ref().is_some_and(super::Subject::is_somebody);
        let belongs = part.lens.belongs();
        let folded = &mut done.folded;
        let mut open: HashMap<u64, usize, BuildHasherDefault<AsIs>> = HashMap::default();
        for event in part.events.get(begin..end).unwrap_or_default() {
            if !self.account && !belongs(event) {
                folded.elsewhere += u64::from(event.nature == Nature::Change);
                continue;
            }
            if !search.finds(event) {
                continue;
            }
            let affects = event.nature == Nature::Scaling && part.lens.affects(event);
            let fold = match event.nature {
                Nature::Change => None,
                Nature::Scaling => (!affects).then_some(&mut folded.scaling),
                Nature::Noise => Some(&mut folded.noise),
                Nature::Read => (!somebody).then_some(&mut folded.reads),
            };
            if let Some(count) = fold.filter(|_| !self.all) {
                *count += 1;
                continue;
            }
            // Changes of different things are different changes.
            let apart = affects || event.nature == Nature::Change;
            let same = if apart { event.marks.call_on } else { event.marks.call };
            let known = open.entry(same).or_insert(usize::MAX);
            if let Some(Row { what: What::Calls(calls), .. }) = rows.get_mut(*known)
                && calls.oldest.duration_since(event.at) <= REPEAT
            {
                calls.count += 1;
                calls.oldest = event.at;
                if event.on != calls.newest.on
                    && calls.others.len() < NAMED
                    && !calls.others.contains(&event.on)
                {
                    calls.others.push(Arc::clone(&event.on));
                }
                continue;
            }
            *known = rows.len();
            done.changes += usize::from(event.nature == Nature::Change);
            let calls =
                Calls { newest: Arc::clone(event), count: 1, oldest: event.at, others: Vec::new(), affects };
            let what = What::Calls(calls);
            rows.push(Row { key: mark(&event.id), at: event.at, target: part.target.clone(), what });
        }
    }

    fn wants(&self, extra: &Extra, needle: &Needle) -> bool {
        let (from, to) = self.range;
        if extra.at < from || extra.at > to {
            return false;
        }
        let lens = self.parts.iter().find(|part| part.target == extra.target).map(|part| &part.lens);
        let Some(lens) = lens else { return false };
        if !self.account && !extra.belongs(lens) {
            return false;
        }
        needle.is_in(&extra.name) || needle.is_in(&extra.text)
    }
}

/// Takes a number as its own hash: it is one already.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn write_usize(&mut self, address: usize) {
        // Addresses are multiples of eight and near each other.
        self.0 = (address as u64 >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What a row is grouped by: a text, and where in memory it stands when many rows share it.
type GroupOf = fn(&Row) -> (Option<usize>, fn(&Row) -> String);

fn who_of(row: &Row) -> (Option<usize>, fn(&Row) -> String) {
    let shared = match &row.what {
        What::Calls(calls) => Some(Arc::as_ptr(&calls.newest.who).addr()),
        What::Extra(_) | What::Group(..) => None,
    };
    (shared, |row| match &row.what {
        What::Calls(calls) => calls.newest.who.words(),
        What::Extra(extra) => format!("{}s", extra.kind.word()),
        What::Group(name, _) => name.clone(),
    })
}

fn thing_of(row: &Row) -> (Option<usize>, fn(&Row) -> String) {
    fn thing(event: &Event) -> &Arc<str> {
        if event.on.is_empty() { &event.service } else { &event.on }
    }
    let shared = match &row.what {
        What::Calls(calls) => Some(Arc::as_ptr(thing(&calls.newest)).addr()),
        What::Extra(_) | What::Group(..) => None,
    };
    (shared, |row| match &row.what {
        What::Calls(calls) => thing(&calls.newest).to_string(),
        What::Extra(extra) => extra.service.clone().unwrap_or_else(|| extra.name.clone()),
        What::Group(name, _) => name.clone(),
    })
}

/// Puts rows of one name together under a head, the group with the newest row first. A name is written once
/// for all rows that share its text.
fn group(rows: Vec<Row>, of: GroupOf) -> Vec<Row> {
    let mut known: HashMap<usize, usize, BuildHasherDefault<AsIs>> = HashMap::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    // Name, number of rows, and the first of them: the newest.
    let mut groups: Vec<(String, usize, usize)> = Vec::new();
    let mut of_row = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let (shared, name) = of(row);
        let place = shared.and_then(|shared| known.get(&shared).copied()).unwrap_or_else(|| {
            let name = name(row);
            let place = *places.entry(name).or_insert_with_key(|name| {
                groups.push((name.clone(), 0, index));
                groups.len() - 1
            });
            known.extend(shared.map(|shared| (shared, place)));
            place
        });
        if let Some((_, count, _)) = groups.get_mut(place) {
            *count += 1;
        }
        of_row.push(place);
    }
    let mut sorted: Vec<Option<Row>> = Vec::new();
    sorted.resize_with(rows.len() + groups.len(), || None);
    let mut next = Vec::with_capacity(groups.len());
    let mut begin = 0;
    for (name, count, first) in groups {
        if let (Some(slot), Some(row)) = (sorted.get_mut(begin), rows.get(first)) {
            let key = mark(("group", &name));
            *slot = Some(Row { key, at: row.at, target: row.target.clone(), what: What::Group(name, count) });
        }
        next.push(begin + 1);
        begin += count + 1;
    }
    for (row, place) in rows.into_iter().zip(of_row) {
        let Some(at) = next.get_mut(place) else { continue };
        if let Some(slot) = sorted.get_mut(*at) {
            *slot = Some(row);
        }
        *at += 1;
    }
    sorted.into_iter().flatten().collect()
}

/// What is looked for, and which of the texts that events share have it: each is looked through once.
struct Search<'a> {
    needle: &'a Needle,
    shared: HashMap<usize, bool, BuildHasherDefault<AsIs>>,
}

impl Search<'_> {
    /// Whether an event has it anywhere that a row or its detail shows.
    fn finds(&mut self, event: &Event) -> bool {
        let shared = [&event.name, &event.on, &event.service, &event.address, &event.region];
        self.needle.is_empty()
            || shared.into_iter().chain(&event.key).any(|text| self.is_in(text))
            || self.is_about(&event.who)
            || self.needle.is_in(&event.what)
            || event.error.as_deref().is_some_and(|error| self.needle.is_in(error))
    }

    fn is_in(&mut self, text: &Arc<str>) -> bool {
        let place = Arc::as_ptr(text).addr();
        *self.shared.entry(place).or_insert_with(|| self.needle.is_in(text))
    }

    fn is_about(&mut self, who: &Arc<Who>) -> bool {
        let names = || std::iter::once(&who.name).chain(&who.session);
        let place = Arc::as_ptr(who).addr();
        *self.shared.entry(place).or_insert_with(|| names().any(|name| self.needle.is_in(name)))
    }
}
