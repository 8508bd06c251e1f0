//! What a value axis spans, its ticks, and the sums that stacked series stand on.
//!
//! Pure. Zero is in view whenever no value is negative, so that heights can be compared; only a minimum
//! given by the caller lifts the floor.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Timestamp;

use super::ticks::{nice_range, ticks};
use super::units::Scale;
use super::{Axis, Chart, Series, Side, Style};

/// A value axis with its numbers decided.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueAxis {
    low: f64,
    high: f64,
    /// Values and their texts, ascending.
    pub ticks: Vec<(f64, String)>,
    /// The unit or the label, shown once; may be empty.
    pub unit: String,
}

impl ValueAxis {
    /// The row nearest to `value` of `rows`, counted from the top; -1 and `rows` stand for outside.
    pub fn row(&self, value: f64, rows: usize) -> i32 {
        let rows = i32::try_from(rows).unwrap_or(i32::MAX);
        // Halved before subtracting, so that no difference of finite values overflows.
        let share = (self.high / 2.0 - value / 2.0) / (self.high / 2.0 - self.low / 2.0);
        let row = (share * f64::from(rows - 1)).round();
        if row.is_nan() { rows } else { row.clamp(-1.0, f64::from(rows)) as i32 }
    }
}

/// The axis of `side` for `rows` cells, or `None` if nothing is measured on it.
///
/// `series` are those of the chart, after [`stacked`].
pub fn value_axis(
    chart: &Chart,
    series: &[Cow<Series>],
    side: Side,
    rows: u16,
    ascii: bool,
) -> Option<ValueAxis> {
    let plain = Axis::default();
    let axis = match side {
        Side::Left => &chart.left,
        Side::Right => chart.right.as_ref().unwrap_or(&plain),
    };
    let shown = || series.iter().filter(|series| !series.hidden && chart.side(series.axis) == side);
    let lines = chart.thresholds.iter().filter(|line| chart.side(line.axis) == side).map(|line| line.value);
    let values = shown().flat_map(|series| series.points.iter());
    let values = values.filter(|point| chart.x.contains(point.at)).filter_map(|point| point.value);
    let mut extent: Option<(f64, f64)> = None;
    for value in values.chain(lines).filter(|value| value.is_finite()) {
        extent = Some(extent.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
    }
    // Beyond this, scaling could overflow; no metric is there, but a broken one may be.
    let (mut low, mut high) = extent.map(|(low, high)| (low.max(-1e290), high.min(1e290)))?;
    if low >= 0.0 || shown().any(|series| series.style == Style::Stacked) {
        low = low.min(0.0);
    }
    let fixed = |bound: Option<f64>| bound.filter(|bound| bound.is_finite());
    let (fixed_low, fixed_high) = match (fixed(axis.min), fixed(axis.max)) {
        (Some(min), Some(max)) if min >= max => (None, None),
        bounds => bounds,
    };
    low = fixed_low.unwrap_or(low);
    high = fixed_high.unwrap_or(high);
    if low >= high && (fixed_low.is_some() || fixed_high.is_some()) {
        // All data lies beyond the one given bound: show some room on its other side.
        let room = low.abs().max(high.abs()).max(1.0) / 10.0;
        (low, high) = if fixed_low.is_some() { (low, low + room) } else { (high - room, high) };
    }

    let unit = common_unit(shown().map(AsRef::as_ref));
    let scale = Scale::new(unit, low.abs().max(high.abs()));
    let wanted = usize::from(rows * 2 / 3).clamp(2, 5);
    let (nice_low, nice_high) = nice_range(low / scale.divisor, high / scale.divisor, wanted);
    let low = fixed_low.unwrap_or(nice_low * scale.divisor);
    let high = fixed_high.unwrap_or(nice_high * scale.divisor);
    let clean = ticks(low / scale.divisor, high / scale.divisor, wanted);
    let decimals = clean.decimals();
    let text = |scaled: &f64| {
        let value = scaled * scale.divisor;
        (value, scale.tick(value, decimals))
    };
    let unit = match (axis.hide_unit, axis.label.is_empty()) {
        (_, false) => axis.label.clone(),
        (true, true) => String::new(),
        (false, true) => scale.unit(ascii).to_owned(),
    };
    Some(ValueAxis { low, high, ticks: clean.values.iter().map(text).collect(), unit })
}

/// The unit all of them have, or none.
pub fn common_unit<'a>(mut series: impl Iterator<Item = &'a Series>) -> &'a str {
    let Some(first) = series.next() else { return "" };
    if series.all(|other| other.unit == first.unit) { &first.unit } else { "" }
}

/// The series as they are drawn: stacked ones carry the sum of themselves and those below them.
pub fn stacked<'a>(chart: &Chart<'a>) -> Vec<Cow<'a, Series>> {
    let mut sums: [HashMap<Timestamp, f64>; 2] = [HashMap::new(), HashMap::new()];
    let stack = |series: &'a Series| {
        if series.style != Style::Stacked || series.hidden {
            return Cow::Borrowed(series);
        }
        let sums = &mut sums[usize::from(chart.side(series.axis) == Side::Right)];
        let mut series = series.clone();
        for point in &mut series.points {
            if let Some(value) = point.value.as_mut().filter(|value| value.is_finite()) {
                let sum = sums.entry(point.at).or_insert(0.0);
                *sum += *value;
                *value = *sum;
            }
        }
        Cow::Owned(series)
    };
    chart.series.iter().map(stack).collect()
}
