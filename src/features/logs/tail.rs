//! Where a polling tail stands: what to ask CloudWatch for next, and what it has told us already.
//!
//! Pure: the source asks [`TailCursor::ask`], calls AWS, and reports with [`TailCursor::admit`] and
//! [`TailCursor::page`]. Each group has two passes. The *tail* reads from the watermark minus an overlap,
//! oldest first, for ever. The *backfill* reads the window before it, newest first, once and bounded, so
//! that the lines before you came appear without holding up the new ones.
//!
//! The watermark is the latest *ingestion* time seen, so a wrong local clock or a writer with a wrong
//! clock cannot make the tail skip lines; the overlap catches what was ingested out of order.

use super::model::{EventId, Gap, LATE_AFTER};
use super::seen::Seen;
use crate::text::units;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// How far before the watermark each tail pass begins.
pub const OVERLAP: SignedDuration = SignedDuration::from_secs(120);
/// The longest stretch of history that is read by itself.
pub const MAX_BACKFILL: SignedDuration = SignedDuration::from_hours(24);
/// The most lines of history per group that are read by themselves.
pub const MAX_BACKFILL_EVENTS: usize = 10_000;
/// A complete answer without newer lines moves the watermark up to this much before the present: a group
/// that is quiet for hours must not be read for hours each time. Wider than any clock error that AWS
/// signatures tolerate.
const QUIET_SLACK: SignedDuration = SignedDuration::from_mins(5);
/// A window that begins this much earlier than before is worth another backfill.
const WINDOW_STEP: SignedDuration = SignedDuration::from_secs(60);

/// The stretch of time that is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Where it begins.
    pub start: Timestamp,
    /// Where it ends, when it does not follow the clock.
    pub end: Option<Timestamp>,
}

/// Which of a group's two passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is new.
    Tail,
    /// What was before.
    Backfill,
}

/// One page to ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// First timestamp wanted.
    pub start: Timestamp,
    /// Last timestamp wanted (inclusive), or everything after `start`.
    pub end: Option<Timestamp>,
    /// Order of pages and of lines in them.
    pub newest_first: bool,
    /// Where to go on, as CloudWatch said.
    pub token: Option<String>,
}

/// A pass over a stretch of time, page by page.
#[derive(Debug)]
struct Pass {
    ask: Ask,
    asked_at: Timestamp,
    events: usize,
    oldest: Option<Timestamp>,
}

#[derive(Debug)]
struct Progress {
    watermark: Timestamp,
    newest_ingested: Option<Timestamp>,
    tail: Option<Pass>,
    backfill: Option<Pass>,
    /// The earliest start that a backfill was asked for.
    asked_from: Timestamp,
    /// Everything from here on was read.
    covered_from: Timestamp,
    backfilled: bool,
}

/// Where the tail of several groups stands.
#[derive(Debug, Default)]
pub struct TailCursor {
    groups: HashMap<Arc<str>, Progress>,
    seen: Seen,
}

impl TailCursor {
    /// The next page to ask for, or `None` when this part of the group has nothing to ask now.
    pub fn ask(&mut self, group: &Arc<str>, part: Part, window: Window, now: Timestamp) -> Option<Ask> {
        let progress = self.groups.entry(Arc::clone(group)).or_insert_with(|| Progress::new(window, now));
        let pass = match part {
            Part::Tail => {
                if window.end.is_none() && progress.tail.is_none() {
                    let start = (progress.watermark - OVERLAP).max(progress.asked_from.min(window.start));
                    progress.tail = Some(Pass::new(start, None, false, now));
                }
                &progress.tail
            }
            Part::Backfill => {
                progress.plan_backfill(window, now);
                &progress.backfill
            }
        };
        pass.as_ref().map(|pass| pass.ask.clone())
    }

    /// Takes note of a line. `Some(late)` when it is new, `None` when it was read before.
    pub fn admit(
        &mut self,
        group: &str,
        part: Part,
        id: EventId,
        timestamp: Timestamp,
        ingested: Timestamp,
    ) -> Option<bool> {
        if let Some(progress) = self.groups.get_mut(group) {
            progress.newest_ingested = progress.newest_ingested.max(Some(ingested));
            if let Some(pass) = progress.pass(part).as_mut() {
                pass.events += 1;
                pass.oldest = Some(pass.oldest.map_or(timestamp, |oldest| oldest.min(timestamp)));
            }
        }
        self.seen.insert(id).then(|| ingested.duration_since(timestamp) > LATE_AFTER)
    }

    /// A page was read. `token` is where CloudWatch goes on; a page may be empty and still have one.
    /// Returns the stretch that is left unread, when the backfill ends at its bound.
    pub fn page(&mut self, group: &str, part: Part, token: Option<String>) -> Option<Gap> {
        let progress = self.groups.get_mut(group)?;
        let pass = progress.pass(part).as_mut()?;
        // The same token again would be the same page again.
        let more = token.is_some() && token != pass.ask.token;
        let cut = part == Part::Backfill && more && pass.events >= MAX_BACKFILL_EVENTS;
        pass.ask.token = token;
        if more && !cut {
            return None;
        }
        let pass = progress.pass(part).take()?;
        match part {
            Part::Tail => {
                let quiet = pass.asked_at - QUIET_SLACK;
                let newest = progress.newest_ingested.unwrap_or(quiet).max(quiet);
                progress.watermark = progress.watermark.max(newest);
                None
            }
            Part::Backfill => {
                progress.backfilled = true;
                let unread = cut.then_some(pass.oldest).flatten().filter(|oldest| *oldest > pass.ask.start);
                progress.covered_from = progress.covered_from.min(unread.unwrap_or(pass.ask.start));
                unread.map(|oldest| Gap {
                    from: pass.ask.start,
                    to: oldest,
                    reason: format!("limit of {} lines", units::grouped(pass.events as u64)),
                })
            }
        }
    }

    /// A page was refused: begin its pass again without the token, which may have expired.
    pub fn restart(&mut self, group: &str, part: Part) {
        if let Some(pass) = self.groups.get_mut(group).and_then(|progress| progress.pass(part).as_mut()) {
            pass.ask.token = None;
        }
    }

    /// Keeps only these groups: the others are no longer picked.
    pub fn retain(&mut self, groups: &[Arc<str>]) {
        self.groups.retain(|name, _| groups.contains(name));
    }

    /// Whether any of these groups has pages left that the next poll reads.
    pub fn rest_pending<'a>(&self, groups: impl IntoIterator<Item = &'a Arc<str>>) -> bool {
        let more = |pass: &Option<Pass>| pass.as_ref().is_some_and(|pass| pass.ask.token.is_some());
        let pending =
            |progress: &Progress| !progress.backfilled || more(&progress.tail) || more(&progress.backfill);
        groups.into_iter().any(|group| self.groups.get(group).is_none_or(pending))
    }

    /// From where on all of these groups were read; `None` until each has answered.
    pub fn covered_from<'a>(&self, groups: impl IntoIterator<Item = &'a Arc<str>>) -> Option<Timestamp> {
        let covered = |group: &Arc<str>| {
            self.groups
                .get(group)
                .filter(|progress| progress.backfilled)
                .map(|progress| progress.covered_from)
        };
        groups.into_iter().map(covered).collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// The latest ingestion time seen in any group.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.groups.values().filter_map(|progress| progress.newest_ingested).max()
    }
}

impl Progress {
    fn new(window: Window, now: Timestamp) -> Self {
        // The tail begins just before the present; what is older is the backfill's.
        let split = window.end.unwrap_or((now - OVERLAP).max(window.start));
        Self {
            watermark: now,
            newest_ingested: None,
            tail: None,
            backfill: None,
            asked_from: split,
            covered_from: split,
            backfilled: false,
        }
    }

    fn pass(&mut self, part: Part) -> &mut Option<Pass> {
        match part {
            Part::Tail => &mut self.tail,
            Part::Backfill => &mut self.backfill,
        }
    }

    /// Starts a backfill when the window begins earlier than what was asked for.
    fn plan_backfill(&mut self, window: Window, now: Timestamp) {
        if self.backfill.is_some() {
            return;
        }
        let floor = window.start.max(window.end.unwrap_or(now) - MAX_BACKFILL);
        let first = !self.backfilled && floor <= self.asked_from;
        if first || floor < self.asked_from - WINDOW_STEP {
            self.backfill = Some(Pass::new(floor, Some(self.covered_from), true, now));
            self.asked_from = floor;
        } else {
            self.backfilled = true;
        }
    }
}

impl Pass {
    fn new(start: Timestamp, end: Option<Timestamp>, newest_first: bool, now: Timestamp) -> Self {
        Self { ask: Ask { start, end, newest_first, token: None }, asked_at: now, events: 0, oldest: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn id(n: i64) -> EventId {
        EventId::from_parts(&[&n.to_be_bytes()])
    }

    const LIVE: fn(i64) -> Window = |start| Window { start: at(start), end: None };

    fn group() -> Arc<str> {
        "/ecs/checkout".into()
    }

    #[test]
    fn the_tail_follows_ingestion_with_an_overlap() {
        let (mut cursor, group) = (TailCursor::default(), group());
        let ask = cursor.ask(&group, Part::Tail, LIVE(-3_600), at(0)).unwrap();
        assert_eq!((ask.start, ask.end, ask.newest_first), (at(-120), None, false));
        // Ingested ahead of our clock: still what counts.
        assert_eq!(cursor.admit(&group, Part::Tail, id(1), at(-3), at(2)), Some(false));
        assert_eq!(cursor.page(&group, Part::Tail, None), None);
        assert_eq!(cursor.watermark(), Some(at(2)));
        let ask = cursor.ask(&group, Part::Tail, LIVE(-3_600), at(5)).unwrap();
        assert_eq!(ask.start, at(2 - 120));
        assert_eq!(cursor.admit(&group, Part::Tail, id(1), at(-3), at(2)), None, "read before");
        assert_eq!(cursor.admit(&group, Part::Tail, id(2), at(-57), at(4)), Some(true), "61 s late");
        assert_eq!(cursor.admit(&group, Part::Tail, id(3), at(-56), at(4)), Some(false), "60 s is not");
    }

    #[test]
    fn empty_pages_are_followed_and_tokens_kept_over_polls() {
        let (mut cursor, group) = (TailCursor::default(), group());
        let window = LIVE(-600);
        cursor.ask(&group, Part::Backfill, window, at(0)).unwrap();
        assert!(cursor.rest_pending([&group]), "what was before is still to be read");
        cursor.page(&group, Part::Backfill, None);
        assert!(!cursor.rest_pending([&group]));
        cursor.ask(&group, Part::Tail, window, at(0)).unwrap();
        assert_eq!(cursor.page(&group, Part::Tail, Some("a".into())), None);
        assert!(cursor.rest_pending([&group]));
        let ask = cursor.ask(&group, Part::Tail, window, at(30)).unwrap();
        assert_eq!((ask.start, ask.token.as_deref()), (at(-120), Some("a")), "the same pass");
        cursor.restart(&group, Part::Tail);
        assert_eq!(cursor.ask(&group, Part::Tail, window, at(30)).unwrap().token, None);
        cursor.page(&group, Part::Tail, Some("b".into()));
        cursor.page(&group, Part::Tail, Some("b".into()));
        assert!(!cursor.rest_pending([&group]), "the same token again is an end");
    }

    #[test]
    fn a_quiet_group_is_not_read_further_and_further_back() {
        let (mut cursor, group) = (TailCursor::default(), group());
        for minute in 0..120 {
            cursor.ask(&group, Part::Tail, LIVE(-3_600), at(minute * 60)).unwrap();
            cursor.page(&group, Part::Tail, None);
        }
        let ask = cursor.ask(&group, Part::Tail, LIVE(-3_600), at(7_200)).unwrap();
        assert!(ask.start >= at(7_140 - 300 - 120), "{}", ask.start);
    }

    #[test]
    fn backfill_is_newest_first_bounded_and_once() {
        let (mut cursor, group) = (TailCursor::default(), group());
        let window = LIVE(-3_600);
        cursor.ask(&group, Part::Tail, window, at(0)).unwrap();
        let ask = cursor.ask(&group, Part::Backfill, window, at(0)).unwrap();
        assert_eq!((ask.start, ask.end, ask.newest_first), (at(-3_600), Some(at(-120)), true));
        assert_eq!(cursor.covered_from([&group]), None);
        cursor.page(&group, Part::Backfill, None);
        assert_eq!(cursor.covered_from([&group]), Some(at(-3_600)));
        assert_eq!(
            cursor.ask(&group, Part::Backfill, LIVE(-3_540), at(60)),
            None,
            "a live window only slides"
        );
        let earlier = cursor.ask(&group, Part::Backfill, LIVE(-7_200), at(60)).unwrap();
        assert_eq!((earlier.start, earlier.end), (at(-7_200), Some(at(-3_600))));
    }

    #[test]
    fn a_cut_backfill_says_what_is_missing() {
        let (mut cursor, group) = (TailCursor::default(), group());
        let window = LIVE(-3_600);
        cursor.ask(&group, Part::Backfill, window, at(0)).unwrap();
        for n in 0..10_000 {
            cursor.admit(&group, Part::Backfill, id(n), at(-200 - n / 10), at(-200));
        }
        let gap = cursor.page(&group, Part::Backfill, Some("more".into())).unwrap();
        assert_eq!((gap.from, gap.to), (at(-3_600), at(-200 - 999)));
        assert_eq!(gap.reason, "limit of 10 000 lines");
        assert_eq!(cursor.covered_from([&group]), Some(gap.to));
        assert_eq!(cursor.ask(&group, Part::Backfill, window, at(5)), None);
        assert!(!cursor.rest_pending([&group]));
    }

    #[test]
    fn long_windows_are_cut_and_fixed_ones_have_no_tail() {
        let (mut cursor, group) = (TailCursor::default(), group());
        let week = Window { start: at(-7 * 86_400), end: None };
        assert_eq!(cursor.ask(&group, Part::Backfill, week, at(0)).unwrap().start, at(-86_400));
        let mut cursor = TailCursor::default();
        let fixed = Window { start: at(-900), end: Some(at(-600)) };
        assert_eq!(cursor.ask(&group, Part::Tail, fixed, at(0)), None);
        let ask = cursor.ask(&group, Part::Backfill, fixed, at(0)).unwrap();
        assert_eq!((ask.start, ask.end), (at(-900), Some(at(-600))));
        cursor.page(&group, Part::Backfill, None);
        assert_eq!(cursor.ask(&group, Part::Backfill, fixed, at(60)), None);
    }
}
