//! From events to rows: filtered, noise folded, repeats counted, grouped. Made for a job: it takes a snapshot
//! and may look at 50,000 events. Pure.

use super::extras::Extra;
use super::lens::Lens;
use super::model::{Event, Nature, Who};
use crate::aws::TargetId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
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
    /// Rollouts, alarms and findings.
    pub extras: Vec<Extra>,
    /// From and to, both included.
    pub range: (Timestamp, Timestamp),
    /// What must be in a row, in lower case.
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
        for part in &self.parts {
            self.calls(part, &mut rows, &mut done.folded);
        }
        for extra in self.extras.iter().filter(|extra| self.wants(extra)) {
            let key = hash((&extra.target, extra.kind.word(), &extra.name, extra.at));
            let what = What::Extra(Box::new(extra.clone()));
            rows.push(Row { key, at: extra.at, target: extra.target.clone(), what });
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.at, row.key)));
        let change =
            |row: &&Row| matches!(&row.what, What::Calls(calls) if calls.newest.nature == Nature::Change);
        done.oldest = rows.last().map(|row| row.at);
        done.changes = rows.iter().filter(change).count();
        match self.order {
            Order::Time => {}
            Order::Who => group(&mut rows, who_of),
            Order::Thing => group(&mut rows, thing_of),
        }
        done.keys = Arc::new(rows.iter().map(|row| row.key).collect());
        done.rows = Arc::new(rows);
        done
    }

    fn calls(&self, part: &Part, rows: &mut Vec<Row>, folded: &mut Folded) {
        let (from, to) = self.range;
        let begin = part.events.partition_point(|event| event.at > to);
        let end = part.events.partition_point(|event| event.at >= from);
        let somebody = part.lens.subject.as_ref().is_some_and(super::Subject::is_somebody);
        let mut open: HashMap<RepeatKey, usize> = HashMap::new();
        for event in part.events.get(begin..end).unwrap_or_default() {
            if !self.account && !part.lens.matches(event) {
                folded.elsewhere += u64::from(event.nature == Nature::Change);
                continue;
            }
            if !self.needle.is_empty() && !contains(event, self.needle.as_bytes()) {
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
            let same = RepeatKey::of(event, affects);
            let row = open.get(&same).and_then(|index| rows.get_mut(*index));
            if let Some(Row { what: What::Calls(calls), .. }) = row
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
            open.insert(same, rows.len());
            let calls =
                Calls { newest: Arc::clone(event), count: 1, oldest: event.at, others: Vec::new(), affects };
            let key = hash(&event.id);
            rows.push(Row { key, at: event.at, target: part.target.clone(), what: What::Calls(calls) });
        }
    }

    fn wants(&self, extra: &Extra) -> bool {
        let (from, to) = self.range;
        if extra.at < from || extra.at > to {
            return false;
        }
        let lens = self.parts.iter().find(|part| part.target == extra.target).map(|part| &part.lens);
        let Some(lens) = lens else { return false };
        if !self.account && !extra.belongs(lens) {
            return false;
        }
        let needle = self.needle.as_bytes();
        needle.is_empty() || [&extra.name, &extra.text].into_iter().any(|text| finds(text.as_bytes(), needle))
    }
}

/// What makes two calls equal.
#[derive(PartialEq, Eq, Hash)]
struct RepeatKey<'a> {
    service: &'a str,
    name: &'a str,
    who: &'a Who,
    region: &'a str,
    failed: bool,
    /// Changes of different things are different changes.
    on: &'a str,
}

impl<'a> RepeatKey<'a> {
    fn of(event: &'a Event, affects: bool) -> Self {
        let apart = affects || event.nature == Nature::Change;
        Self {
            service: &event.service,
            name: &event.name,
            who: &event.who,
            region: &event.region,
            failed: event.error.is_some(),
            on: if apart { &event.on } else { "" },
        }
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn who_of(row: &Row) -> String {
    match &row.what {
        What::Calls(calls) => calls.newest.who.words(),
        What::Extra(extra) => format!("{}s", extra.kind.word()),
        What::Group(name, _) => name.clone(),
    }
}

fn thing_of(row: &Row) -> String {
    match &row.what {
        What::Calls(calls) if calls.newest.on.is_empty() => calls.newest.service.to_string(),
        What::Calls(calls) => calls.newest.on.to_string(),
        What::Extra(extra) => extra.service.clone().unwrap_or_else(|| extra.name.clone()),
        What::Group(name, _) => name.clone(),
    }
}

/// Puts rows of one name together under a head, the group with the newest row first.
fn group(rows: &mut Vec<Row>, name: fn(&Row) -> String) {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(String, Vec<Row>)> = Vec::new();
    for row in rows.drain(..) {
        let name = name(&row);
        let place = *places.entry(name.clone()).or_insert_with(|| {
            groups.push((name, Vec::new()));
            groups.len() - 1
        });
        if let Some((_, group)) = groups.get_mut(place) {
            group.push(row);
        }
    }
    for (name, group) in groups {
        let Some(first) = group.first() else { continue };
        let head = Row {
            key: hash(("group", &name)),
            at: first.at,
            target: first.target.clone(),
            what: What::Group(name, group.len()),
        };
        rows.push(head);
        rows.extend(group);
    }
}

/// Whether an event has the needle, in lower case, anywhere that a row or its detail shows.
fn contains(event: &Event, needle: &[u8]) -> bool {
    let who = &event.who;
    let optional = [who.session.as_deref(), event.key.as_deref(), event.error.as_deref()];
    let always: [&str; 7] =
        [&event.name, &event.on, &event.what, &who.name, &event.service, &event.address, &event.region];
    always.into_iter().chain(optional.into_iter().flatten()).any(|text| finds(text.as_bytes(), needle))
}

/// Whether a text has the needle in any letter case of ASCII.
fn finds(text: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else { return true };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text)
        .any(|at| text.get(at + 1..at + 1 + rest.len()).is_some_and(|found| found.eq_ignore_ascii_case(rest)))
}
