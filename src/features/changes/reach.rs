//! How far the trail was read and what it cannot show, in words: an empty list must say what it is worth. Pure.

use super::model::{By, Reach, Subject};
use super::rows::Folded;
use crate::app::pane::Ctx;
use crate::text::units::grouped;
use jiff::Timestamp;

/// What CloudTrail does not know.
pub const UNSEEN: &str = "not seen here: failovers, feature flags, what is inside a database, other accounts";

/// `CloudTrail may lag 15 min, so open after 04:05; read back to 03:05`.
pub fn line(reaches: &[&Reach], range: (Timestamp, Timestamp), ctx: &Ctx) -> String {
    let near = |at: Timestamp| ctx.zone.near(at, ctx.now.wall);
    let glyphs = ctx.theme.glyphs();
    let good: Vec<&&Reach> = reaches.iter().filter(|reach| reach.problem.is_none()).collect();
    let open = good.iter().filter_map(|reach| reach.open_after(range.1)).min();
    let lag = match open {
        Some(at) => format!("CloudTrail may lag 15 min, so open after {}", near(at.max(range.0))),
        None if good.iter().any(|reach| reach.back_to.is_some()) => "CloudTrail is complete".to_owned(),
        None => return format!("{} CloudTrail not read yet", glyphs.waiting),
    };
    // As far back as every stream was read.
    let back = if good.iter().all(|reach| reach.back_to.is_some()) {
        good.iter().filter_map(|reach| reach.back_to).max()
    } else {
        None
    };
    let reading = good.iter().any(|reach| !reach.done);
    let back = match back {
        Some(at) if reading => {
            format!("{} reading, so far back to {} of {}", glyphs.waiting, near(at), near(range.0))
        }
        Some(at) => format!("read back to {}", near(at)),
        None => format!("{} reading", glyphs.waiting),
    };
    let full = if good.iter().any(|reach| reach.full) {
        "; no room for more, a shorter window shows more"
    } else {
        ""
    };
    format!("{lag}; {back}{full}")
}

/// Streams that could not be read: `us-east-1 not reached, denied: cloudtrail:LookupEvents`.
pub fn problems(reaches: &[&Reach]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for reach in reaches {
        let Some(problem) = &reach.problem else { continue };
        let advice =
            if problem.advice.is_empty() { String::new() } else { format!(" · {}", problem.advice) };
        let of = if reach.ask.by == By::GlobalWrites { " (IAM, sign-in, Route 53)" } else { "" };
        let line = format!("{}{of} not reached, {}{advice}", reach.region, problem.short());
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// What of somebody's doings cannot be looked up at all.
pub fn limits(subject: Option<&Subject>) -> Option<&'static str> {
    match subject {
        Some(Subject::Address(_)) => {
            Some("no reads here: CloudTrail cannot look up an address, only writes are searched")
        }
        _ => None,
    }
}

/// Where somebody was looked for: `looked up in us-east-1 eu-central-1`.
pub fn regions(reaches: &[&Reach]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for reach in reaches.iter().filter(|reach| reach.problem.is_none()) {
        if !names.contains(&reach.region.as_str()) {
            names.push(&reach.region);
        }
    }
    names.join(" ")
}

/// `no change by people or pipelines seen on orders 03:05–04:05`.
pub fn nothing(subject: Option<&Subject>, range: (Timestamp, Timestamp), ctx: &Ctx) -> String {
    let near = |at: Timestamp| ctx.zone.near(at, ctx.now.wall);
    let (from, to) = (near(range.0), near(range.1));
    match subject {
        Some(subject) if subject.is_somebody() => {
            format!("nothing that {} did was seen {from}–{to}", subject.words())
        }
        Some(subject) => format!("no change by people or pipelines seen on {} {from}–{to}", subject.words()),
        None => format!("no change by people or pipelines seen {from}–{to}"),
    }
}

/// What is folded, with the keys that show it; empty when nothing is.
pub fn folded(folded: &Folded, all: &str, account: &str) -> String {
    let plural = |n: u64, one: &str, many: &str| {
        (n > 0).then(|| format!("{} {}", grouped(n), if n == 1 { one } else { many }))
    };
    let parts = [
        plural(folded.noise, "service call", "service calls"),
        plural(folded.scaling, "scaling of others", "scalings of others"),
        plural(folded.reads, "read", "reads"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let mut text = String::new();
    if !parts.is_empty() {
        text = format!("{} folded · {all} shows them", parts.join(" · "));
    }
    if let Some(elsewhere) = plural(folded.elsewhere, "other change", "other changes") {
        let gap = if text.is_empty() { "" } else { "   " };
        text = format!("{text}{gap}{elsewhere} in the account · {account} shows them");
    }
    text
}
