//! Sparklines: a row of values in a few cells of text.
//!
//! A missing value is a space and never looks like zero. When there are more values than cells, each cell
//! shows the greatest of its values, so that a spike stays visible. The newest value is at the right.

use crate::theme::Glyphs;

/// `values`, oldest first, in exactly `width` cells, from zero (or the least value, if negative) up to the
/// greatest.
pub fn spark(values: &[Option<f64>], width: usize, glyphs: &Glyphs) -> String {
    let (low, high) = extent(values);
    spark_between(values, width, low.min(0.0), high, glyphs)
}

/// As [`spark`], for values whose changes matter more than their size: steady ones run along the middle, and
/// less than half of the greatest value never fills the height, so that noise does not look like a storm.
pub fn spark_trend(values: &[Option<f64>], width: usize, glyphs: &Glyphs) -> String {
    let (low, high) = extent(values);
    let (middle, half) = (low / 2.0 + high / 2.0, (high / 2.0 - low / 2.0).max(high.abs() / 4.0));
    spark_between(values, width, middle - half, middle + half, glyphs)
}

/// As [`spark`], between two bounds shared with other sparklines; values outside take the edge.
pub fn spark_between(values: &[Option<f64>], width: usize, low: f64, high: f64, glyphs: &Glyphs) -> String {
    let shown = values.len().min(width);
    let mut out = " ".repeat(width - shown);
    for cell in 0..shown {
        let bucket = &values[cell * values.len() / shown..(cell + 1) * values.len() / shown];
        let most = bucket.iter().flatten().copied().filter(|value| value.is_finite()).reduce(f64::max);
        out.push_str(most.map_or(" ", |value| glyphs.spark[step(value, low, high)]));
    }
    out
}

fn extent(values: &[Option<f64>]) -> (f64, f64) {
    let finite = || values.iter().flatten().copied().filter(|value| value.is_finite());
    (finite().reduce(f64::min).unwrap_or(0.0), finite().reduce(f64::max).unwrap_or(0.0))
}

fn step(value: f64, low: f64, high: f64) -> usize {
    // Halves, so that the span of two huge bounds stays finite.
    let span = high / 2.0 - low / 2.0;
    if span > 0.0 {
        let share = (value / 2.0 - low / 2.0) / span;
        return (share * 7.0).round().clamp(0.0, 7.0) as usize;
    }
    if value == 0.0 { 0 } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn sparklines_by_example() {
        let ramp = some(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let holes = [Some(0.0), None, Some(f64::NAN), Some(7.0)];
        for (values, width, want) in [
            (&ramp[..], 8, "▁▂▃▄▅▆▇█"),
            (&ramp, 4, "▂▄▆█"),
            (&ramp, 10, "  ▁▂▃▄▅▆▇█"),
            (&ramp, 0, ""),
            (&holes, 4, "▁  █"),
            (&some(&[0.0; 3]), 3, "▁▁▁"),
            (&some(&[5.0; 3]), 3, "███"),
            (&some(&[100.0, 101.0]), 2, "██"),
            (&some(&[-7.0, 0.0]), 2, "▁█"),
            (&some(&[f64::MIN, f64::MAX]), 2, "▁█"),
            (&[None, None], 3, "   "),
            (&[], 2, "  "),
        ] {
            assert_eq!(spark(values, width, &Glyphs::UNICODE), want, "{values:?}");
        }
    }

    #[test]
    fn trends_show_changes_but_not_noise() {
        assert_eq!(spark_trend(&some(&[50.0, 100.0]), 2, &Glyphs::UNICODE), "▁█");
        assert_eq!(spark_trend(&some(&[100.0, 101.0]), 2, &Glyphs::UNICODE), "▄▅");
        assert_eq!(spark_trend(&some(&[100.0; 2]), 2, &Glyphs::UNICODE), "▅▅");
        assert_eq!(spark_between(&some(&[-1.0, 5.0, 50.0]), 3, 0.0, 10.0, &Glyphs::UNICODE), "▁▅█");
    }

    #[test]
    fn a_spike_survives_and_ascii_is_ascii() {
        let mut values = vec![Some(1.0); 1_000];
        values[501] = Some(90.0);
        assert_eq!(spark(&values, 20, &Glyphs::UNICODE).matches('█').count(), 1);
        assert!(spark(&values, 20, &Glyphs::ASCII).is_ascii());
    }
}
