//! Points in time as text, in the zone that the screen shows.
//!
//! The zone is a value passed in: nothing here looks one up or knows what time it is.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The zone that times are shown in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Self {
        Self(zone)
    }
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone itself, for arithmetic.
    pub fn tz(&self) -> &TimeZone {
        &self.0
    }

    /// The name to show with times of about this moment: `UTC`, `CET`, `+03`.
    pub fn name(&self, at: Timestamp) -> String {
        self.0.to_offset_info(at).abbreviation().to_owned()
    }

    /// `04:19`
    pub fn minute(&self, at: Timestamp) -> String {
        let t = self.civil(at);
        format!("{:02}:{:02}", t.hour(), t.minute())
    }

    /// `04:19:02`
    pub fn second(&self, at: Timestamp) -> String {
        let t = self.civil(at);
        format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())
    }

    /// `04:19:02.113Z`; the `Z` only in UTC.
    pub fn milli(&self, at: Timestamp) -> String {
        let t = self.civil(at);
        let z = if self.0 == TimeZone::UTC { "Z" } else { "" };
        format!("{:02}:{:02}:{:02}.{:03}{z}", t.hour(), t.minute(), t.second(), t.millisecond())
    }

    /// `21 Nov 04:19`
    pub fn day_minute(&self, at: Timestamp) -> String {
        format!("{} {}", self.day(at), self.minute(at))
    }

    /// `21 Nov`
    pub fn day(&self, at: Timestamp) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let t = self.civil(at);
        let month = usize::try_from(t.month() - 1).ok().and_then(|m| MONTHS.get(m)).copied();
        format!("{} {}", t.day(), month.unwrap_or_default())
    }

    /// `2026-11-21 04:19:02`, for details and exports.
    pub fn full(&self, at: Timestamp) -> String {
        let t = self.civil(at);
        format!("{:04}-{:02}-{:02} {}", t.year(), t.month(), t.day(), self.second(at))
    }

    /// The minute alone when it is on the same day as `now`, else with its day.
    pub fn near(&self, at: Timestamp, now: Timestamp) -> String {
        if self.civil(at).date() == self.civil(now).date() { self.minute(at) } else { self.day_minute(at) }
    }

    fn civil(&self, at: Timestamp) -> DateTime {
        self.0.to_datetime(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::offset;

    #[test]
    fn a_moment_in_two_zones() {
        let at: Timestamp = "2026-11-21T04:19:02.113Z".parse().unwrap();
        let utc = Zone::utc();
        let west = Zone::from(TimeZone::fixed(offset(-5)));
        let cases = [
            (utc.name(at), "UTC"),
            (utc.minute(at), "04:19"),
            (utc.second(at), "04:19:02"),
            (utc.milli(at), "04:19:02.113Z"),
            (utc.day_minute(at), "21 Nov 04:19"),
            (utc.full(at), "2026-11-21 04:19:02"),
            (west.name(at), "-05"),
            (west.milli(at), "23:19:02.113"),
            (west.day_minute(at), "20 Nov 23:19"),
        ];
        for (actual, expected) in cases {
            assert_eq!(actual, expected);
        }
    }

    #[test]
    fn a_day_is_named_only_when_it_is_another() {
        let now: Timestamp = "2026-11-21T04:19:00Z".parse().unwrap();
        let cases = [("2026-11-21T00:01:00Z", "00:01"), ("2026-11-20T23:59:00Z", "20 Nov 23:59")];
        for (at, expected) in cases {
            assert_eq!(Zone::utc().near(at.parse().unwrap(), now), expected);
        }
    }
}
