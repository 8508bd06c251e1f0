//! How the samples of a period spread, and the statistics that need to know it: percentiles, trimmed means,
//! ranks.
//!
//! Times to answer are a mixture of the curves of their slices. Of anything else only the range is known;
//! samples count as evenly spread over it.

use super::traffic::Curve;
use super::types::{Bound, Cut, Stat, Trim};

/// A trimmed mean is the mean of this many samples at even distances.
const SAMPLES: u32 = 40;

/// The samples of a period.
pub(super) enum Spread {
    /// Requests and their curve in milliseconds, and the milliseconds of one unit.
    Mixed(Vec<(f64, Curve)>, f64),
    /// Lowest, highest, and how many.
    Even(f64, f64, f64),
}

impl Spread {
    /// A mixture of curves; none when there is no request.
    pub(super) fn mixed(curves: Vec<(f64, Curve)>, unit: f64) -> Option<Self> {
        let total: f64 = curves.iter().map(|(count, _)| count).sum();
        (total > 0.0).then_some(Self::Mixed(curves, unit))
    }

    /// Samples of which only the range is known.
    pub(super) fn even(min: f64, max: f64, count: f64) -> Self {
        Self::Even(min, max, count)
    }

    /// A statistic; none for the plain ones, and when no sample lies between the bounds.
    pub(super) fn stat(&self, stat: Stat) -> Option<f64> {
        match stat {
            Stat::Percentile(rank) => Some(self.at(rank / 100.0)),
            Stat::Rank(cut) => {
                let (from, to) = self.ends(cut);
                Some(100.0 * (to - from).max(0.0))
            }
            Stat::Trimmed(trim, cut) => {
                let (from, to) = self.ends(cut);
                let share = Some(to - from).filter(|share| *share > 0.0)?;
                let step = share / f64::from(SAMPLES);
                let samples = (0..SAMPLES).map(|index| self.at(from + (f64::from(index) + 0.5) * step));
                let mean = samples.sum::<f64>() / f64::from(SAMPLES);
                Some(match trim {
                    Trim::Mean => mean,
                    Trim::Winsorized => from * self.at(from) + share * mean + (1.0 - to) * self.at(to),
                    Trim::Count => (share * self.count()).round(),
                    Trim::Sum => share * self.count() * mean,
                })
            }
            Stat::Sum | Stat::Average | Stat::Minimum | Stat::Maximum | Stat::SampleCount => None,
        }
    }

    /// Both bounds as shares of the samples, 0 to 1.
    fn ends(&self, cut: Cut) -> (f64, f64) {
        let share = |bound| match bound {
            Bound::Percent(percent) => percent / 100.0,
            Bound::Value(value) => self.below(value),
        };
        (share(cut.from), share(cut.to))
    }

    fn count(&self) -> f64 {
        match self {
            Self::Mixed(curves, _) => curves.iter().map(|(count, _)| count).sum(),
            Self::Even(_, _, count) => *count,
        }
    }

    /// The value below which a share of the samples lies.
    fn at(&self, share: f64) -> f64 {
        match self {
            Self::Even(min, max, _) => min + (max - min) * share,
            Self::Mixed(curves, unit) => {
                if let [(_, only)] = curves.as_slice() {
                    return only.at(share) / unit;
                }
                let ends = curves.iter().map(|(_, curve)| curve.ends());
                let (mut low, mut high) =
                    ends.fold((f64::INFINITY, 0.0_f64), |all, one| (all.0.min(one.0), all.1.max(one.1)));
                while high - low > 0.25 {
                    let middle = f64::midpoint(low, high);
                    if self.below(middle / unit) < share { low = middle } else { high = middle }
                }
                high / unit
            }
        }
    }

    /// The share of the samples below a value.
    fn below(&self, value: f64) -> f64 {
        match self {
            Self::Even(min, max, _) if max > min => ((value - min) / (max - min)).clamp(0.0, 1.0),
            Self::Even(min, ..) => f64::from(u8::from(value >= *min)),
            Self::Mixed(curves, unit) => {
                let below = curves.iter().map(|(count, curve)| count * curve.quantile(value * unit));
                below.sum::<f64>() / self.count()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_an_even_spread_are_what_geometry_says() {
        let spread = Spread::even(0.0, 100.0, 1000.0);
        for (text, expected) in [
            ("p50", 50.0),
            ("p99.5", 99.5),
            ("tm90", 45.0),
            ("IQM", 50.0),
            ("TM(10%:90%)", 50.0),
            ("TM(20:40)", 30.0),
            // Below 10 counts as 10, above 90 as 90.
            ("WM(10%:90%)", 50.0),
            ("wm80", 0.8 * 40.0 + 0.2 * 80.0),
            ("tc90", 900.0),
            ("ts50", 500.0 * 25.0),
            ("PR(:30)", 30.0),
            ("PR(20:45)", 25.0),
        ] {
            let value = spread.stat(Stat::parse(text).unwrap()).unwrap();
            assert!((value - expected).abs() < 1e-6, "{text}: {value}");
        }
        assert_eq!(spread.stat(Stat::parse("TM(200:300)").unwrap()), None);
    }

    #[test]
    fn a_mixture_lies_between_its_curves() {
        let curves = vec![(300.0, Curve::new(10.0, 40.0)), (100.0, Curve::new(200.0, 900.0))];
        let spread = Spread::mixed(curves, 1000.0).unwrap();
        let of = |text: &str| spread.stat(Stat::parse(text).unwrap()).unwrap();
        assert!((0.010..0.015).contains(&of("p50")), "{}", of("p50"));
        assert!((0.2..0.9).contains(&of("p90")), "{}", of("p90"));
        assert!((of("PR(:0.054)") - 75.0).abs() < 0.5, "{}", of("PR(:0.054)"));
        assert!(of("tm75") < of("tm95"));
        assert!(Spread::mixed(Vec::new(), 1.0).is_none());
    }
}
