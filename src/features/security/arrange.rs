//! The rows of the list: filtered, grouped, ordered. Pure.
//!
//! Worked out when something changed, never while drawing: ten thousand findings take a millisecond or two.

use super::model::{Finding, FindingList, Level};
use crate::aws::TargetId;
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
    let needle = wanted.filter.to_lowercase();
    let mut found: Vec<(usize, usize, &Finding)> = Vec::new();
    for (list, (_, findings)) in lists.iter().enumerate() {
        let listed = findings.findings.iter().enumerate();
        let listed = listed.filter(|(_, it)| !wanted.high_only || it.level() >= Level::High);
        found.extend(listed.filter(|(_, it)| matches(it, &needle)).map(|(at, it)| (list, at, it)));
    }
    // Each list is in this order already; several are merged.
    if lists.len() > 1 {
        found.sort_by(|(.., a), (.., b)| {
            let severity = |it: &Finding| it.severity.unwrap_or(4.0);
            severity(b).total_cmp(&severity(a)).then_with(|| b.seen().cmp(&a.seen()))
        });
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<(&str, Vec<(usize, usize, &Finding)>)> = Vec::new();
    for entry in found {
        let label = match wanted.grouping {
            Grouping::Severity => entry.2.level().word(),
            Grouping::Resource => entry.2.on(),
            Grouping::Kind => entry.2.kind.as_str(),
        };
        let place = *places.entry(label).or_insert_with(|| {
            groups.push((label, Vec::new()));
            groups.len() - 1
        });
        if let Some((_, group)) = groups.get_mut(place) {
            group.push(entry);
        }
    }
    let worst = |group: &[(usize, usize, &Finding)]| group.iter().map(|(.., it)| it.level()).max();
    // The worst group first, of equal ones the largest.
    groups.sort_by_cached_key(|(label, group)| {
        (Reverse(worst(group)), Reverse(group.len()), label.to_lowercase())
    });
    let mut rows = Vec::new();
    for (label, group) in groups {
        let worst = worst(&group).unwrap_or(Level::Low);
        rows.push(Row::Group { label: label.to_owned(), count: group.len(), worst });
        rows.extend(group.into_iter().map(|(list, at, _)| Row::Finding(list, at)));
    }
    rows
}

/// Whether a text that people see of it holds the needle, which is in small letters.
fn matches(finding: &Finding, needle: &str) -> bool {
    if needle.is_empty() {
        return true;
    }
    let holds = |text: &str| contains(text, needle);
    holds(&finding.kind)
        || holds(&finding.title)
        || holds(&finding.region)
        || holds(&finding.account)
        || finding.who.as_ref().is_some_and(|who| holds(&who.name) || holds(&who.key))
        || finding.addresses.iter().any(|address| holds(address))
        || finding.resources.iter().any(|it| holds(&it.name) || holds(&it.id))
}

/// Whether `text` holds `needle` whatever its case, without a copy where it is ASCII.
fn contains(text: &str, needle: &str) -> bool {
    if !text.is_ascii() || !needle.is_ascii() {
        return text.to_lowercase().contains(needle);
    }
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    text.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
}
