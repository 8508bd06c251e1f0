//! From points to columns of dots, losing no spike and closing no gap.
//!
//! Each column keeps the least and the greatest value that fall into it, so a spike of one period stays
//! visible however long the range is. Pure.

use std::borrow::Cow;

use super::{Point, Series, TimeRange};

/// What one column of dots shows of a series. Columns without a value do not exist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Counted from the left, below the asked number of columns.
    pub x: usize,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// The earliest value.
    pub first: f64,
    /// The latest value.
    pub last: f64,
    /// No gap lies between this column and the one before it.
    pub joined: bool,
    /// The least and the greatest breaching value.
    pub breach: Option<(f64, f64)>,
    /// Holds only the newest point, which is still filling.
    pub partial: bool,
}

/// The columns of `series` in `range`, ascending by `x`.
///
/// A missing value, NaN or infinity ends a line, and so does a distance of more than one and a half
/// periods between two points.
pub fn downsample(series: &Series, range: TimeRange, columns: usize) -> Vec<Column> {
    let mut out: Vec<Column> = Vec::new();
    if columns == 0 {
        return out;
    }
    let points = sorted(&series.points);
    let newest = if series.partial_last { points.last().map(|point| point.at) } else { None };
    // Half a period of slack: points sit on a grid, but alarms may report a few seconds beside it.
    let reach = f64::from(series.period) * 1.5;
    let span = range.seconds();
    let mut before: Option<f64> = None;
    for point in points.iter() {
        if point.at < range.start || point.at > range.end {
            before = None;
            continue;
        }
        let Some(value) = point.value.filter(|value| value.is_finite()) else {
            before = None;
            continue;
        };
        let second = range.seconds_to(point.at);
        let joined = before.is_some_and(|at| series.period == 0 || second - at <= reach);
        before = Some(second);
        let x = TimeRange::column_of(second, span, columns);
        let breach = point.breaching.then_some((value, value));
        let partial = newest == Some(point.at);
        let Some(column) = out.last_mut().filter(|column| column.x == x) else {
            let (min, max, first, last) = (value, value, value, value);
            out.push(Column { x, min, max, first, last, joined, breach, partial });
            continue;
        };
        column.min = column.min.min(value);
        column.max = column.max.max(value);
        column.last = value;
        column.partial = false;
        column.breach = match (column.breach, breach) {
            (Some((low, high)), Some(_)) => Some((low.min(value), high.max(value))),
            (old, new) => old.or(new),
        };
    }
    out
}

/// Points in order of time. They nearly always are; then nothing is copied.
fn sorted(points: &[Point]) -> Cow<'_, [Point]> {
    if points.is_sorted_by_key(|point| point.at) {
        return Cow::Borrowed(points);
    }
    let mut points = points.to_vec();
    points.sort_by_key(|point| point.at);
    Cow::Owned(points)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn series(values: &[Option<f64>]) -> Series {
        let points = (0..).zip(values).map(|(i, value)| Point::new(at(i * 60), *value));
        Series { period: 60, points: points.collect(), ..Series::default() }
    }

    fn range(minutes: i64) -> TimeRange {
        TimeRange { start: at(0), end: at(minutes * 60) }
    }

    #[test]
    fn a_spike_survives_any_width() {
        let mut values = vec![Some(1.0); 10_000];
        values[7_777] = Some(99.0);
        values[3_333] = Some(-5.0);
        let series = series(&values);
        for columns in [1, 2, 7, 80, 400, 9_999, 50_000] {
            let got = downsample(&series, range(10_000), columns);
            assert!(got.iter().any(|column| column.max > 98.0), "{columns}");
            assert!(got.iter().any(|column| column.min < -4.0), "{columns}");
            assert!(got.windows(2).all(|pair| pair[0].x < pair[1].x) && got.iter().all(|c| c.x < columns));
        }
    }

    #[test]
    fn gaps_stay_open() {
        let gap = [Some(1.0), Some(2.0), None, Some(4.0), Some(f64::NAN), Some(6.0), Some(7.0)];
        let joined: Vec<_> = downsample(&series(&gap), range(6), 7).iter().map(|c| (c.x, c.joined)).collect();
        assert_eq!(joined, [(0, false), (1, true), (3, false), (5, false), (6, true)]);

        let mut missing = series(&[Some(1.0), Some(2.0), Some(3.0), Some(4.0)]);
        missing.points.remove(2);
        let joined: Vec<_> = downsample(&missing, range(3), 4).iter().map(|c| c.joined).collect();
        assert_eq!(joined, [false, true, false]);
        missing.period = 0;
        assert!(downsample(&missing, range(3), 4).iter().skip(1).all(|c| c.joined), "no period, no gaps");
    }

    #[test]
    fn a_column_keeps_first_last_and_breaches() {
        let mut series = series(&[Some(3.0), Some(9.0), Some(1.0), Some(2.0)]);
        series.points[1].breaching = true;
        series.partial_last = true;
        let got = downsample(&series, range(3), 1);
        let want = Column {
            x: 0,
            min: 1.0,
            max: 9.0,
            first: 3.0,
            last: 2.0,
            joined: false,
            breach: Some((9.0, 9.0)),
            partial: false,
        };
        assert_eq!(got, [want]);
        let partial: Vec<_> = downsample(&series, range(3), 4).iter().map(|c| c.partial).collect();
        assert_eq!(partial, [false, false, false, true]);
    }

    #[test]
    fn order_and_range_do_not_matter() {
        let mut backwards = series(&[Some(1.0), Some(2.0), Some(3.0)]);
        backwards.points.reverse();
        assert_eq!(
            downsample(&backwards, range(2), 3),
            downsample(&series(&[Some(1.0), Some(2.0), Some(3.0)]), range(2), 3)
        );
        assert!(downsample(&backwards, TimeRange { start: at(500), end: at(900) }, 9).is_empty());
        assert!(downsample(&backwards, range(2), 0).is_empty());
        assert_eq!(downsample(&backwards, range(0), 5).len(), 1, "a range of no length holds its instant");
    }
}
