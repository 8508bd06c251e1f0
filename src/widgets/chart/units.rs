//! CloudWatch's units on an axis and in a legend.
//!
//! The steps themselves (`KiB`, `ms`, `k/s`) are `text`'s. This file decides how an axis shows its unit
//! once, and how a lone value keeps three digits without ever turning into a false zero.

use crate::text::units;

/// How the values of one axis are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Divide a value by this before writing it.
    pub divisor: f64,
    /// The unit, shown once per axis; empty for plain counts.
    pub unit: &'static str,
    /// Goes right behind every number: `k` in `1.5k`.
    pub suffix: &'static str,
}

impl Scale {
    /// The scale that writes values of about `size` (their largest absolute value) with few digits.
    pub fn new(unit: &str, size: f64) -> Self {
        // A hair more, because 999.96 ms would be rounded to 1000 ms.
        let units::Scale { divisor, suffix } = units::scale(unit, size.abs() * 1.0005);
        match suffix {
            "k" | "M" | "G" | "T" => Self { divisor, unit: "", suffix },
            "k/s" => Self { divisor, unit: "/s", suffix: "k" },
            "M/s" => Self { divisor, unit: "/s", suffix: "M" },
            "G/s" => Self { divisor, unit: "/s", suffix: "G" },
            unit => Self { divisor, unit, suffix: "" },
        }
    }

    /// The unit, in ASCII where `ascii` says so.
    pub fn unit(&self, ascii: bool) -> &'static str {
        if ascii && self.unit == "µs" { "us" } else { self.unit }
    }

    /// A tick of this axis, without its unit. `decimals` counts for the scaled value.
    pub fn tick(&self, value: f64, decimals: usize) -> String {
        let scaled = value / self.divisor;
        if scaled.abs() >= 1e7 {
            return format!("{scaled:.0e}");
        }
        let text = format!("{scaled:.decimals$}");
        let zero = text.chars().all(|c| matches!(c, '0' | '.' | '-'));
        if zero { "0".to_owned() } else { format!("{text}{}", self.suffix) }
    }
}

/// One value with its unit, three digits: `1.41 s`, `410 ms`, `1.5k`, `1.33 %`, `0.003`.
pub fn value_text(value: f64, unit: &str, ascii: bool) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    let scale = Scale::new(unit, value);
    let scaled = value / scale.divisor;
    let size = scaled.abs();
    let mut text = if size >= 1e7 || (size > 0.0 && size < 0.000_05) {
        format!("{scaled:.2e}")
    } else {
        let decimals = match size {
            s if s < 0.0095 => 4,
            s if s < 9.995 => 2,
            s => usize::from(s < 99.95),
        };
        format!("{scaled:.decimals$}")
    };
    if text.contains('.') && !text.contains('e') {
        let short = text.trim_end_matches('0').trim_end_matches('.').len();
        text.truncate(short);
    }
    if text == "-0" {
        text.remove(0);
    }
    text.push_str(scale.suffix);
    match scale.unit(ascii) {
        "" => text,
        unit => format!("{text} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        for (value, unit, want) in [
            (1.41, "Seconds", "1.41 s"),
            (0.41, "Seconds", "410 ms"),
            (410.0, "Milliseconds", "410 ms"),
            (1_940.0, "Milliseconds", "1.94 s"),
            (0.000_25, "Seconds", "250 µs"),
            (90.0, "Seconds", "1.5 min"),
            (0.0, "Seconds", "0 s"),
            (1.33, "Percent", "1.33 %"),
            (0.0, "Percent", "0 %"),
            (-0.0, "Count", "0"),
            (1_500.0, "Count", "1.5k"),
            (462.0, "Count", "462"),
            (12.0, "Count/Second", "12 /s"),
            (2_500_000.0, "None", "2.5M"),
            (1_536.0, "Bytes", "1.5 KiB"),
            (3.0, "Kilobytes", "3 KiB"),
            (5_242_880.0, "Bytes/Second", "5 MiB/s"),
            (1_200.0, "Kilobits/Second", "1.2 Mbit/s"),
            (-1_500.0, "Count", "-1.5k"),
            (0.003, "Count", "0.003"),
            (3.0, "Tasks", "3"),
            (0.999_96, "Seconds", "1 s"),
            (1e30, "Count", "1.00e18T"),
            (f64::NAN, "Count", "?"),
        ] {
            assert_eq!(value_text(value, unit, false), want, "{value} {unit}");
        }
        assert_eq!(value_text(0.000_25, "Seconds", true), "250 us");
    }

    #[test]
    fn one_scale_per_axis() {
        for (unit, size, ticks, want) in [
            ("Seconds", 2.0, [0.0, 0.5, 2.0], ["0", "0.5", "2.0"]),
            ("Milliseconds", 2_000.0, [0.0, 500.0, 2_000.0], ["0", "0.5", "2.0"]),
            ("Count", 2_000.0, [0.0, 500.0, 2_000.0], ["0", "0.5k", "2.0k"]),
            ("Bytes", 4_096.0, [0.0, 512.0, 2_048.0], ["0", "0.5", "2.0"]),
        ] {
            let scale = Scale::new(unit, size);
            assert_eq!(ticks.map(|tick| scale.tick(tick, 1)), want, "{unit}");
        }
        assert_eq!(Scale::new("Milliseconds", 2_000.0).unit, "s");
        assert_eq!(Scale::new("Count/Second", 2_000.0).unit, "/s");
    }
}
