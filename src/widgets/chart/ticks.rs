//! Clean steps for value axes. Pure arithmetic; says nothing about units or cells.

/// Values beyond this are clamped, so that sums and differences of two bounds stay finite.
const HUGE: f64 = 1e300;

/// Clean values along an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticks {
    /// Ascending multiples of `step`, all inside the asked range.
    pub values: Vec<f64>,
    /// 1, 2 or 5 times a power of ten.
    pub step: f64,
}

impl Ticks {
    /// Decimals needed to tell the ticks apart.
    pub fn decimals(&self) -> usize {
        (-self.step.log10().floor()).clamp(0.0, 12.0) as usize
    }
}

/// At most `n` (at least 1) multiples of 1, 2 or 5 times a power of ten inside `min..=max`.
///
/// The bounds may come in any order and be equal, infinite or NaN.
pub fn ticks(min: f64, max: f64, n: usize) -> Ticks {
    let (min, max) = sane(min, max);
    let step = step_for(max - min, n, |step| count(min, max, step));
    let (first, last) = ((min / step - 1e-9).ceil(), (max / step + 1e-9).floor());
    let steps = (last - first).clamp(-1.0, 1_000.0);
    let values =
        (0..=steps as usize).filter(|_| steps >= 0.0).map(|i| (first + i as f64) * step + 0.0).collect();
    Ticks { values, step }
}

/// The smallest range with clean bounds around `min..=max` that has at most `n` (at least 2) ticks,
/// counting both bounds.
pub fn nice_range(min: f64, max: f64, n: usize) -> (f64, f64) {
    let (min, max) = sane(min, max);
    let step = step_for(max - min, n.max(2), |step| {
        ((max / step - 1e-9).ceil() - (min / step + 1e-9).floor()) + 1.0
    });
    ((min / step + 1e-9).floor() * step + 0.0, (max / step - 1e-9).ceil() * step + 0.0)
}

/// Finite, ordered bounds with a span that arithmetic can divide.
fn sane(min: f64, max: f64) -> (f64, f64) {
    let clean = |value: f64| if value.is_nan() { 0.0 } else { value.clamp(-HUGE, HUGE) };
    let (min, max) = (clean(min).min(clean(max)), clean(min).max(clean(max)));
    let size = min.abs().max(max.abs());
    if max - min > size * 1e-9 && max - min > 1e-290 {
        return (min, max);
    }
    // Equal values: as wide as they are big, with zero at the nearer end.
    if size < 1e-290 {
        (0.0, 1.0)
    } else if max > 0.0 {
        (0.0, max)
    } else {
        (min, 0.0)
    }
}

fn count(min: f64, max: f64, step: f64) -> f64 {
    (max / step + 1e-9).floor() - (min / step - 1e-9).ceil() + 1.0
}

/// The smallest clean step with which `count` is at most `n`.
fn step_for(span: f64, n: usize, count: impl Fn(f64) -> f64) -> f64 {
    let n = n.max(1);
    let mut power = (span / n as f64).log10().floor() as i32 - 1;
    loop {
        let unit = 10_f64.powi(power);
        for step in [unit, 2.0 * unit, 5.0 * unit] {
            // One tick at zero can hold for any step, so a step beyond the span ends the search.
            if step > 0.0 && (count(step) <= n as f64 || step > span * 2.0) {
                return step;
            }
        }
        power += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_clean_and_few() {
        let cases: &[(f64, f64, usize, &[f64])] = &[
            (0.0, 1.41, 5, &[0.0, 0.5, 1.0]),
            (0.0, 1.41, 3, &[0.0, 0.5, 1.0]),
            (0.0, 1.5, 4, &[0.0, 0.5, 1.0, 1.5]),
            (0.0, 100.0, 5, &[0.0, 50.0, 100.0]),
            (0.0, 100.0, 6, &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]),
            (-3.0, 7.0, 5, &[-2.0, 0.0, 2.0, 4.0, 6.0]),
            (-30.0, -10.0, 5, &[-30.0, -25.0, -20.0, -15.0, -10.0]),
            (450.0, 462.0, 4, &[450.0, 455.0, 460.0]),
            (7.0, 7.0, 3, &[0.0, 5.0]),
            (0.0, 0.0, 3, &[0.0, 0.5, 1.0]),
            (5.0, 0.0, 3, &[0.0, 2.0, 4.0]),
            (0.0, 0.003, 4, &[0.0, 0.001, 0.002, 0.003]),
        ];
        for (min, max, n, want) in cases {
            let got = ticks(*min, *max, *n);
            assert_eq!(got.values.len(), want.len(), "{min}..{max} by {n}: {got:?}");
            for (a, b) in got.values.iter().zip(*want) {
                assert!((a - b).abs() <= got.step * 1e-6, "{min}..{max} by {n}: {got:?}");
            }
        }
    }

    #[test]
    fn ranges_have_clean_bounds_around_the_data() {
        for (min, max, n, want) in [
            (0.0, 1.41, 5, (0.0, 1.5)),
            (0.0, 1.41, 3, (0.0, 2.0)),
            (0.0, 462.0, 5, (0.0, 600.0)),
            (-3.0, 7.0, 4, (-5.0, 10.0)),
            (0.0, 0.0, 3, (0.0, 1.0)),
            (42.0, 42.0, 4, (0.0, 60.0)),
            (-42.0, -42.0, 4, (-60.0, 0.0)),
            (0.0, 100.0, 2, (0.0, 100.0)),
        ] {
            let got = nice_range(min, max, n);
            assert!((got.0 - want.0).abs() < 1e-9 && (got.1 - want.1).abs() < 1e-9, "{min}..{max}: {got:?}");
        }
    }

    #[test]
    fn odd_bounds_give_finite_ticks() {
        let odd = [0.0, -0.0, 1.0, -1.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, f64::NAN, 5e-324];
        let odd = odd.into_iter().chain([f64::INFINITY, f64::NEG_INFINITY, 1e15, 1e15 + 1.0]);
        for min in odd.clone() {
            for max in odd.clone() {
                for n in 0..7 {
                    let got = ticks(min, max, n);
                    assert!(got.values.len() <= n.max(1), "{min} {max} {n}: {got:?}");
                    assert!(got.step.is_finite() && got.step > 0.0);
                    assert!(got.values.iter().all(|v| v.is_finite()));
                    assert!(got.values.windows(2).all(|pair| pair[0] < pair[1]), "{min} {max} {n}: {got:?}");
                    let (low, high) = nice_range(min, max, n);
                    assert!(
                        low.is_finite() && high.is_finite() && low < high,
                        "{min} {max} {n}: {low} {high}"
                    );
                }
            }
        }
    }

    #[test]
    fn decimals_tell_ticks_apart() {
        for (step, want) in [(1.0, 0), (5.0, 0), (0.5, 1), (0.2, 1), (0.05, 2), (200.0, 0), (0.001, 3)] {
            assert_eq!(Ticks { values: vec![], step }.decimals(), want, "{step}");
        }
    }
}
