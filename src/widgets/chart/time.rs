//! Round times along a time axis, in a zone.
//!
//! Steps up to an hour follow the clock of the zone at the start of the range; longer ones follow the
//! zone's calendar, so that days start at its midnight even across a change of daylight saving.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::TimeRange;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Every step below a month, in seconds.
const STEPS: [i64; 21] = [
    1,
    5,
    10,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
];

/// Longer steps, in months.
const MONTHS: [i16; 5] = [1, 2, 3, 6, 12];

/// A round time and how to write it.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeTick {
    /// When.
    pub at: Timestamp,
    /// `04:20`, `04:19:30`, `22 Nov` at midnight and for steps of days, or `Nov 2026` for months.
    pub label: String,
}

/// At most `max` round times inside `range`, ascending. Empty for an empty range.
pub fn time_ticks(range: TimeRange, zone: &TimeZone, max: usize) -> Vec<TimeTick> {
    let span = range.seconds();
    if span <= 0.0 || max == 0 {
        return Vec::new();
    }
    // One more than needed may start inside the range, so the choice is checked by counting.
    let from = STEPS.iter().position(|step| span <= max as f64 * *step as f64).unwrap_or(STEPS.len());
    for step in STEPS.into_iter().skip(from) {
        let times = if step <= HOUR { even(range, zone, step) } else { calendar(range, zone, step) };
        if times.len() <= max {
            return times.into_iter().map(|at| TimeTick { at, label: label(at, zone, step) }).collect();
        }
    }
    let monthly =
        MONTHS.into_iter().filter(|step| span <= (max + 1) as f64 * f64::from(*step) * 31.0 * DAY as f64);
    let fitting = monthly.map(|step| months(range, zone, step)).find(|times| times.len() <= max);
    let label = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%b %Y").to_string();
    fitting.into_iter().flatten().map(|at| TimeTick { at, label: label(at) }).collect()
}

/// The clock of a time in a zone: `04:19`, with seconds where they are not zero.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    let format = if at.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    at.strftime(format).to_string()
}

fn label(at: Timestamp, zone: &TimeZone, step: i64) -> String {
    let at = at.to_zoned(zone.clone());
    let format = if step >= DAY || at.time() == Time::midnight() {
        "%-d %b"
    } else if step < MINUTE {
        "%H:%M:%S"
    } else {
        "%H:%M"
    };
    at.strftime(format).to_string()
}

fn even(range: TimeRange, zone: &TimeZone, step: i64) -> Vec<Timestamp> {
    let offset = i64::from(zone.to_offset(range.start).seconds());
    let local = range.start.as_second() + offset;
    // Rounded up, sub-second starts included.
    let up = i64::from(range.start.subsec_nanosecond() > 0);
    let mut second = (local + up + step - 1).div_euclid(step) * step - offset;
    let mut times = Vec::new();
    while let Ok(at) = Timestamp::from_second(second) {
        if at > range.end {
            break;
        }
        times.push(at);
        second += step;
    }
    times
}

fn calendar(range: TimeRange, zone: &TimeZone, step: i64) -> Vec<Timestamp> {
    let mut date = range.start.to_zoned(zone.clone()).date();
    let days = (step / DAY).max(1);
    if days > 1 {
        // Counted from one fixed day, so that ticks stay where they are while the range moves on.
        let since = date.since(jiff::civil::date(2020, 1, 6)).map_or(0, |span| i64::from(span.get_days()));
        let back = since.rem_euclid(days);
        date = date.checked_sub(back.days()).unwrap_or(date);
    }
    let mut times: Vec<Timestamp> = Vec::new();
    loop {
        let Ok(midnight) = date.to_zoned(zone.clone()) else { return times };
        if midnight.timestamp() > range.end {
            return times;
        }
        for part in 0..(DAY / step).max(1) {
            let wanted =
                date.to_datetime(Time::midnight()).checked_add(SignedDuration::from_secs(part * step));
            let Some(at) = wanted.ok().and_then(|wanted| zone.to_ambiguous_zoned(wanted).compatible().ok())
            else {
                continue;
            };
            let at = at.timestamp();
            if at >= range.start && at <= range.end && times.last().is_none_or(|last| *last < at) {
                times.push(at);
            }
        }
        let Ok(next) = date.checked_add(days.days()) else { return times };
        date = next;
    }
}

/// The first of every `step`th month, counted from January.
fn months(range: TimeRange, zone: &TimeZone, step: i16) -> Vec<Timestamp> {
    let first = range.start.to_zoned(zone.clone()).date().first_of_month();
    let mut date =
        first.checked_sub(i64::from((i16::from(first.month()) - 1) % step).months()).unwrap_or(first);
    let mut times = Vec::new();
    while let Ok(midnight) = date.to_zoned(zone.clone()) {
        let at = midnight.timestamp();
        if at > range.end {
            break;
        }
        if at >= range.start {
            times.push(at);
        }
        let Ok(next) = date.checked_add(i64::from(step).months()) else { break };
        date = next;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(start: &str, end: &str, zone: &TimeZone, max: usize) -> String {
        let range = TimeRange { start: start.parse().unwrap(), end: end.parse().unwrap() };
        let ticks = time_ticks(range, zone, max);
        assert!(ticks.iter().all(|tick| tick.at >= range.start && tick.at <= range.end));
        assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at));
        ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn times_are_round() {
        for (start, end, max, want) in [
            ("2026-11-22T03:20:00Z", "2026-11-22T04:20:00Z", 4, "03:30 03:45 04:00 04:15"),
            ("2026-11-22T03:20:00Z", "2026-11-22T04:20:00Z", 7, "03:20 03:30 03:40 03:50 04:00 04:10 04:20"),
            ("2026-11-22T03:20:13Z", "2026-11-22T03:23:13Z", 3, "03:21 03:22 03:23"),
            ("2026-11-22T03:20:13.5Z", "2026-11-22T03:21:13Z", 4, "03:20:15 03:20:30 03:20:45 03:21:00"),
            ("2026-11-21T22:00:00Z", "2026-11-22T01:00:00Z", 4, "22:00 23:00 22 Nov 01:00"),
            ("2026-11-21T04:20:00Z", "2026-11-22T04:20:00Z", 4, "06:00 12:00 18:00 22 Nov"),
            ("2026-11-08T04:20:00Z", "2026-11-22T04:20:00Z", 4, "10 Nov 14 Nov 18 Nov 22 Nov"),
            (
                "2025-08-22T04:20:00Z",
                "2026-11-22T04:20:00Z",
                5,
                "Oct 2025 Jan 2026 Apr 2026 Jul 2026 Oct 2026",
            ),
            ("2026-11-22T03:20:00Z", "2026-11-22T03:20:00Z", 4, ""),
            ("2026-11-22T03:20:00Z", "2026-11-22T02:20:00Z", 4, ""),
            ("2026-11-22T03:20:00Z", "2026-11-22T04:20:00Z", 0, ""),
            ("2026-11-22T03:20:00Z", "2026-11-22T04:20:00Z", 1, "04:00"),
        ] {
            assert_eq!(labels(start, end, &TimeZone::UTC, max), want, "{start} {end} {max}");
        }
    }

    #[test]
    fn ticks_follow_the_zone() {
        let india = TimeZone::fixed(jiff::tz::Offset::from_seconds(5 * 3_600 + 1_800).unwrap());
        assert_eq!(labels("2026-11-22T03:20:00Z", "2026-11-22T04:20:00Z", &india, 2), "09:00 09:30");
        // Berlin leaves summer time on 25 October 2026: the day has 25 hours and still starts at midnight.
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let got = labels("2026-10-24T10:00:00Z", "2026-10-26T10:00:00Z", &berlin, 5);
        assert_eq!(got, "12:00 25 Oct 12:00 26 Oct");
        // And it skips 02:00 on 29 March.
        let got = labels("2026-03-28T22:00:00Z", "2026-03-29T06:00:00Z", &berlin, 5);
        assert_eq!(got, "29 Mar 03:00 04:00 06:00 08:00");
    }

    #[test]
    fn huge_ranges_end() {
        let range = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };
        assert!(time_ticks(range, &TimeZone::UTC, 5).is_empty());
    }
}
