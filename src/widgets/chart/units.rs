//! CloudWatch's units on an axis: which power to show and how to write a value.
//!
//! Unit names are CloudWatch's (`Bytes/Second`, `Percent`). A scale is picked once per axis, so that its
//! ticks share one unit; a lone value picks its own. Unknown units are shown as they are.

/// Steps of a family of units: the size of a step and its name.
type Ladder = &'static [(f64, &'static str)];

const BYTES: Ladder = &[
    (1.0, "B"),
    (1024.0, "KiB"),
    (1_048_576.0, "MiB"),
    (1_073_741_824.0, "GiB"),
    (1_099_511_627_776.0, "TiB"),
    (1_125_899_906_842_624.0, "PiB"),
];
const BITS: Ladder = &[(1.0, "bit"), (1e3, "kbit"), (1e6, "Mbit"), (1e9, "Gbit"), (1e12, "Tbit")];
const TIME: Ladder =
    &[(1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3_600.0, "h"), (86_400.0, "d")];
const PLAIN: Ladder = &[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"), (1e15, "P")];

/// How the values of one axis are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Divide a value by this before writing it.
    pub factor: f64,
    /// The unit, shown once per axis; empty for plain counts.
    pub unit: String,
    /// Goes right behind every number: `k` in `1.5k`.
    pub suffix: &'static str,
}

impl Scale {
    /// The scale that writes values of about `size` (their largest absolute value) with few digits.
    pub fn new(unit: &str, size: f64) -> Self {
        let (base, per) = match unit.strip_suffix("/Second") {
            Some(base) => (base, "/s"),
            None => (unit, ""),
        };
        let (ladder, times) = match base {
            "Bytes" => (BYTES, 1.0),
            "Kilobytes" => (BYTES, 1024.0),
            "Megabytes" => (BYTES, 1_048_576.0),
            "Gigabytes" => (BYTES, 1_073_741_824.0),
            "Terabytes" => (BYTES, 1_099_511_627_776.0),
            "Bits" => (BITS, 1.0),
            "Kilobits" => (BITS, 1e3),
            "Megabits" => (BITS, 1e6),
            "Gigabits" => (BITS, 1e9),
            "Terabits" => (BITS, 1e12),
            "Seconds" => (TIME, 1.0),
            "Milliseconds" => (TIME, 1e-3),
            "Microseconds" => (TIME, 1e-6),
            "Percent" => return Self { factor: 1.0, unit: format!("%{per}"), suffix: "" },
            other => {
                let name = if matches!(other, "Count" | "None" | "") { "" } else { other };
                let (size, suffix) = step(PLAIN, size);
                return Self { factor: size, unit: format!("{name}{per}"), suffix };
            }
        };
        let (size, name) = step(ladder, size * times);
        Self { factor: size / times, unit: format!("{name}{per}"), suffix: "" }
    }

    /// The unit in ASCII where `ascii` says so.
    pub fn unit(&self, ascii: bool) -> String {
        if ascii { self.unit.replace('µ', "u") } else { self.unit.clone() }
    }

    /// A tick of this axis, without its unit. `decimals` counts for the scaled value.
    pub fn tick(&self, value: f64, decimals: usize) -> String {
        let scaled = value / self.factor;
        if scaled.abs() >= 1e7 {
            return format!("{scaled:.0e}");
        }
        let text = format!("{scaled:.decimals$}");
        let zero = text.chars().all(|c| matches!(c, '0' | '.' | '-'));
        if zero { "0".to_owned() } else { format!("{text}{}", self.suffix) }
    }
}

/// One value with its unit, three digits: `1.41 s`, `410 ms`, `1.5k`, `1.33 %`.
pub fn value_text(value: f64, unit: &str, ascii: bool) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    // Seconds are said as a person would: never 0.41 s, but 410 ms; and 1.94 s, not 0.03 min.
    let scale = Scale::new(unit, value.abs());
    let scaled = (value / scale.factor).abs();
    let decimals = if scaled < 0.0095 && scaled > 0.0 {
        4
    } else if scaled < 9.995 {
        2
    } else {
        usize::from(scaled < 99.95)
    };
    let mut text = if scaled >= 1e7 || (scaled > 0.0 && scaled < 0.000_05) {
        format!("{:.2e}", value / scale.factor)
    } else {
        format!("{:.decimals$}", value / scale.factor)
    };
    if text.contains('.') && !text.contains('e') {
        let short = text.trim_end_matches('0').trim_end_matches('.').len();
        text.truncate(short);
    }
    if text == "-0" {
        text.remove(0);
    }
    text.push_str(scale.suffix);
    let unit = scale.unit(ascii);
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}

/// The largest step not above `size`. Zero takes the step that is 1, so that it reads `0 s`, not `0 µs`.
fn step(ladder: Ladder, size: f64) -> (f64, &'static str) {
    let size = if size.is_finite() && size > 0.0 { size } else { 1.0 };
    // A hair of tolerance: 0.9995 ms and up is 1 ms when rounded.
    let fits = ladder.iter().rev().find(|(step, _)| size >= step * 0.9995);
    fits.or(ladder.first()).copied().unwrap_or((1.0, ""))
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
            (3.0, "Tasks", "3 Tasks"),
            (1e30, "Count", "1.00e15P"),
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
