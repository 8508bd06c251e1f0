//! The rows of the list: filtered, grouped, ordered. Pure.
//!
//! Worked out when something changed, never while drawing: the core waits for it, so nothing of a finding is
//! copied.

use super::model::{Finding, FindingList, Level};
use crate::aws::TargetId;
use crate::text::Needle;
use std::cmp::Reverse;
use std::collections::HashMap;

/// What rows stand under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Grouping {
    /// Critical, high, medium, low.
    #[default]
    Severity,
    /// What the findings are about.
    Resource,
    /// What kind of threat it is.
    Kind,
}

impl Grouping {
    /// The next one.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Severity => Self::Resource,
            Self::Resource => Self::Kind,
            Self::Kind => Self::Severity,
        }
    }

    /// The word in the title.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Severity => "by severity",
            Self::Resource => "by resource",
            Self::Kind => "by type",
        }
    }
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// Findings that follow belong together.
    Group {
        /// What they have in common.
        label: String,
        /// How many they are.
        count: usize,
        /// The worst of them.
        worst: Level,
    },
    /// A finding: its place among the lists, and in its list.
    Finding(usize, usize),
}

/// What is shown of the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What rows stand under.
    pub(super) grouping: Grouping,
    /// Part of a name, type, address or title; empty for all.
    pub(super) filter: String,
    /// High and critical only.
    pub(super) high_only: bool,
}

/// The rows of these lists.
pub(super) fn arrange(lists: &[(&TargetId, &FindingList)], wanted: &Wanted) -> Vec<Row> {
    let needle = Needle::new(&wanted.filter);
    let mut found: Vec<(&Finding, Row)> = Vec::new();
    for (list, (_, findings)) in lists.iter().enumerate() {
        // Worst first: what is high stands before everything else.
        let listed = if wanted.high_only { findings.at_least(Level::High) } else { &findings.findings };
        let listed = listed.iter().enumerate().filter(|(_, it)| needle.is_empty() || matches(it, &needle));
        found.extend(listed.map(|(at, it)| (&**it, Row::Finding(list, at))));
    }
    // Each list is in this order already; several are merged.
    if lists.len() > 1 {
        found.sort_by(|(a, _), (b, _)| a.before(b));
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (finding, row) in found {
        let label = match wanted.grouping {
            Grouping::Severity => finding.level().word(),
            Grouping::Resource => finding.on(),
            Grouping::Kind => finding.kind.as_str(),
        };
        // The next one often is of the group of the one before.
        let last = groups.last().filter(|group| group.label == label).map(|_| groups.len() - 1);
        let place = match last {
            Some(last) => last,
            None => *places.entry(label).or_insert_with(|| {
                groups.push(Group { label, worst: Level::Low, rows: Vec::new() });
                groups.len() - 1
            }),
        };
        if let Some(group) = groups.get_mut(place) {
            group.worst = group.worst.max(finding.level());
            group.rows.push(row);
        }
    }
    // The worst group first, of equal ones the largest.
    groups.sort_by_cached_key(|group| {
        (Reverse(group.worst), Reverse(group.rows.len()), group.label.to_lowercase())
    });
    let mut rows = Vec::with_capacity(groups.iter().map(|group| group.rows.len() + 1).sum());
    for group in groups {
        let (label, count) = (group.label.to_owned(), group.rows.len());
        rows.push(Row::Group { label, count, worst: group.worst });
        rows.extend(group.rows);
    }
    rows
}

/// Findings that belong together.
struct Group<'a> {
    label: &'a str,
    worst: Level,
    rows: Vec<Row>,
}

/// Whether a text that people see of it holds the needle.
fn matches(finding: &Finding, needle: &Needle) -> bool {
    needle.is_in(&finding.kind)
        || needle.is_in(&finding.title)
        || needle.is_in(&finding.region)
        || needle.is_in(&finding.account)
        || finding.who.as_ref().is_some_and(|who| needle.is_in(&who.name) || needle.is_in(&who.key))
        || finding.addresses.iter().any(|address| needle.is_in(address))
        || finding.resources.iter().any(|it| needle.is_in(&it.name) || needle.is_in(&it.id))
}
