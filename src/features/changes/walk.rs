//! How far a stream of events was read, so that only unread time is asked. Pure; `source.rs` does the asking.
//!
//! Times are whole seconds since 1970, as CloudTrail has them. Events come late: what was read is settled only
//! up to a quarter of an hour before the reading.

use super::model::LAG;

/// Seconds between two readings of the newest events.
pub const REFRESH: i64 = 60;
/// Stretches of read time that are remembered.
const MOST_SPANS: usize = 64;

/// From and to, both included.
pub type Span = (i64, i64);

/// A stretch of time that is being read, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// What is read.
    pub span: Span,
    /// When its first page was asked for.
    pub began: i64,
    /// Where the next page begins, in AWS's words.
    pub token: Option<String>,
    /// Everything after this second was read.
    pub reached: i64,
}

/// What was read of one stream.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// Settled time, in order, apart from each other.
    spans: Vec<Span>,
    /// The newest time that was read to its end: when, and back to where.
    head: Option<(i64, i64)>,
    /// What is being read.
    pub walk: Option<Walk>,
}

impl Coverage {
    /// The newest unread part of a stretch at a time; `None` when all was read, or not long ago.
    pub fn next(&self, wanted: Span, now: i64) -> Option<Span> {
        let wanted = (wanted.0, wanted.1.min(now));
        let gaps = self.gaps(wanted);
        let fresh = self.head.filter(|(at, _)| now - at < REFRESH);
        gaps.into_iter().rev().find(|gap| fresh.is_none_or(|(at, back)| gap.0 < back.max(at - LAG.as_secs())))
    }

    /// What is not settled, in order.
    fn gaps(&self, wanted: Span) -> Vec<Span> {
        let mut gaps = Vec::new();
        let mut from = wanted.0;
        for (begin, end) in self.spans.iter().filter(|span| span.1 >= wanted.0 && span.0 <= wanted.1) {
            if *begin > from {
                gaps.push((from, begin - 1));
            }
            from = from.max(end + 1);
        }
        if from <= wanted.1 {
            gaps.push((from, wanted.1));
        }
        gaps
    }

    /// Begins, or goes on, to read a stretch.
    pub fn begin(&mut self, span: Span, now: i64) -> &mut Walk {
        self.walk.insert(Walk { span, began: now, token: None, reached: span.1 + 1 })
    }

    /// A page came: its oldest second, and the token of the next one.
    pub fn page(&mut self, oldest: Option<i64>, token: Option<String>) {
        let Some(mut walk) = self.walk.take() else { return };
        let settled = walk.span.1.min(walk.began - LAG.as_secs());
        if token.is_none() {
            self.settle((walk.span.0, settled));
            // It reached into the unsettled time: that is what need not be read again for a while.
            if walk.span.1 > settled && self.head.is_none_or(|(at, _)| at <= walk.began) {
                self.head = Some((walk.began, walk.span.0));
            }
            return;
        }
        if let Some(oldest) = oldest {
            // The rest of the oldest second may be on the next page.
            walk.reached = walk.reached.min(oldest + 1);
            self.settle((walk.reached, settled));
        }
        walk.token = token;
        self.walk = Some(walk);
    }

    /// Ends a walk before its end: what is older stays unread.
    pub fn stop(&mut self) {
        if let Some(walk) = self.walk.take()
            && self.head.is_none_or(|(at, _)| at <= walk.began)
        {
            self.head = Some((walk.began, walk.reached));
        }
    }

    fn settle(&mut self, span: Span) {
        if span.0 > span.1 {
            return;
        }
        self.spans.push(span);
        self.spans.sort_unstable();
        let mut joined: Vec<Span> = Vec::with_capacity(self.spans.len());
        for span in self.spans.drain(..) {
            match joined.last_mut() {
                Some(last) if span.0 <= last.1 + 1 => last.1 = last.1.max(span.1),
                _ => joined.push(span),
            }
        }
        // The oldest are forgotten first: they would only be read again.
        joined.drain(..joined.len().saturating_sub(MOST_SPANS));
        self.spans = joined;
    }

    /// Everything from here to the end of the stretch was read at least once; `None` when its end was not.
    pub fn back_to(&self, wanted: Span, now: i64) -> Option<i64> {
        let end = wanted.1.min(now);
        let head = self.head.map(|(at, back)| (back, at));
        let walk = self.walk.as_ref().map(|walk| (walk.reached, walk.span.1)).filter(|span| span.0 <= span.1);
        let mut seen: Vec<Span> = self.spans.iter().copied().chain(head).chain(walk).collect();
        seen.sort_unstable_by_key(|span| std::cmp::Reverse(span.1));
        let mut back: Option<i64> = None;
        for (from, to) in seen {
            let reaches = match back {
                // The newest minute or so is read at the next reading.
                None => from <= end && to + 3 * REFRESH >= end,
                Some(back) => to + 1 >= back,
            };
            if reaches {
                back = Some(back.map_or(from, |back| back.min(from)));
            }
        }
        back.map(|back| back.max(wanted.0))
    }

    /// When the newest events were read last.
    pub fn head_read(&self) -> Option<i64> {
        self.head.map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;
    const NOW: i64 = 1_800_000_000;

    /// Reads what is due, `pages` pages of ten minutes each at most; what was asked.
    fn read(coverage: &mut Coverage, wanted: Span, now: i64, pages: usize) -> Vec<Span> {
        let mut asked = Vec::new();
        for _ in 0..pages {
            if coverage.walk.is_none() {
                let Some(span) = coverage.next(wanted, now) else { break };
                coverage.begin(span, now);
                asked.push(span);
            }
            let walk = coverage.walk.clone().unwrap();
            let oldest = walk.reached - 600;
            let more = oldest > walk.span.0;
            coverage.page(Some(oldest.max(walk.span.0)), more.then(|| "t".to_owned()));
        }
        asked
    }

    #[test]
    fn only_unread_time_is_asked() {
        let mut coverage = Coverage::default();
        let hour = (NOW - HOUR, NOW);
        assert_eq!(read(&mut coverage, hour, NOW, 99), [hour]);
        assert_eq!(coverage.back_to(hour, NOW), Some(NOW - HOUR));
        assert_eq!(read(&mut coverage, hour, NOW + 59, 99), [], "not within a minute");
        let later = (NOW - HOUR + 60, NOW + 60);
        assert_eq!(
            read(&mut coverage, later, NOW + 60, 99),
            [(NOW - 899, NOW + 60)],
            "what may have come late"
        );
        let longer = (NOW - 3 * HOUR, NOW + 61);
        assert_eq!(read(&mut coverage, longer, NOW + 61, 99), [(NOW - 3 * HOUR, NOW - HOUR - 1)]);
        assert_eq!(coverage.back_to(longer, NOW + 61), Some(NOW - 3 * HOUR));
        let yesterday = (NOW - 25 * HOUR, NOW - 24 * HOUR);
        assert_eq!(read(&mut coverage, yesterday, NOW + 62, 99), [yesterday]);
        assert_eq!(read(&mut coverage, yesterday, NOW + 999, 99), [], "settled for ever");
    }

    #[test]
    fn progress_is_told_page_by_page() {
        let mut coverage = Coverage::default();
        let wanted = (NOW - HOUR, NOW);
        assert_eq!(coverage.back_to(wanted, NOW), None);
        read(&mut coverage, wanted, NOW, 2);
        let reached = coverage.walk.as_ref().unwrap().reached;
        assert!(reached < NOW - 1_000 && reached > NOW - HOUR);
        assert_eq!(coverage.back_to(wanted, NOW), Some(reached));
        // The walk was dropped: only what is left is asked for.
        coverage.walk = None;
        let settled = NOW - 900;
        assert_eq!(coverage.next(wanted, NOW), Some((settled + 1, NOW)), "the head was not finished");
        assert_eq!(coverage.gaps(wanted), [(NOW - HOUR, reached - 1), (settled + 1, NOW)]);
    }

    #[test]
    fn an_empty_answer_is_an_answer() {
        let mut coverage = Coverage::default();
        let wanted = (NOW - HOUR, NOW);
        let span = coverage.next(wanted, NOW).unwrap();
        coverage.begin(span, NOW);
        coverage.page(None, None);
        assert_eq!((coverage.next(wanted, NOW), coverage.back_to(wanted, NOW)), (None, Some(NOW - HOUR)));
        // A page may be empty and yet have a next one.
        let mut coverage = Coverage::default();
        coverage.begin(span, NOW);
        coverage.page(None, Some("t".into()));
        assert!(coverage.walk.is_some() && coverage.back_to(wanted, NOW).is_none());
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_looked_at_ends_read(
            looks in proptest::collection::vec((0_i64..90_000, 1_i64..20_000, 0_i64..400), 1..12)
        ) {
            let (mut coverage, mut now) = (Coverage::default(), NOW);
            for (back, length, wait) in looks {
                now += wait;
                let wanted = (now - back - length, now - back);
                read(&mut coverage, wanted, now, 1_000);
                proptest::prop_assert!(coverage.walk.is_none());
                proptest::prop_assert_eq!(coverage.next(wanted, now), None);
                proptest::prop_assert_eq!(coverage.back_to(wanted, now), Some(wanted.0));
            }
        }
    }
}
