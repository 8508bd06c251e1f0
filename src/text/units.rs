//! Numbers for people: counts, bytes, durations, shares, money, and CloudWatch's units.
//!
//! Every function writes a value with its unit after a plain space, or a compact form for narrow columns.
//! A value that is missing is written by [`or_missing`], never as zero; what is not finite counts as missing
//! too and must be filtered before.

use std::time::Duration;

/// The value, or the theme's sign for a missing one.
pub fn or_missing<T>(value: Option<T>, missing: &str, write: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| missing.to_owned(), write)
}

/// A whole number with its thousands apart: `12 408`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A count or rate: `0`, `0.25`, `7.5`, `702`, `1 505`, and from a million on `1.21M`.
pub fn count(value: f64) -> String {
    let size = value.abs();
    if size >= 999_999.5 {
        return si(value);
    }
    let sign = if value < 0.0 { "-" } else { "" };
    if size < 10.0 {
        let text = trimmed(size, 2);
        return if text == "0" { text } else { format!("{sign}{text}") };
    }
    format!("{sign}{}", grouped(size.round() as u64))
}

/// A number in at most five cells: `950`, `1.5k`, `12k`, `3.2M`.
pub fn si(value: f64) -> String {
    let (scaled, suffix) = stepped(value, 1000.0, &["", "k", "M", "G", "T", "P"]);
    format!("{}{suffix}", three_digits(scaled))
}

/// An amount of bytes in binary steps: `512 B`, `1.5 KiB`, `2.4 GiB`.
pub fn bytes(value: f64) -> String {
    let (scaled, suffix) = stepped(value, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);
    format!("{} {suffix}", three_digits(scaled))
}

/// A latency given in seconds: `84 µs`, `410 ms`, `1.41 s`, `2m05`.
pub fn latency(seconds: f64) -> String {
    match seconds.abs() {
        0.0 => "0 ms".to_owned(),
        s if s < 0.000_999_5 => format!("{} µs", three_digits(seconds * 1e6)),
        s if s < 0.999_5 => format!("{} ms", three_digits(seconds * 1e3)),
        s if s < 59.95 => format!("{} s", three_digits(seconds)),
        _ => countdown(Duration::from_secs_f64(seconds.clamp(0.0, 1e9))),
    }
}

/// A share in percent (0 to 100) with this many decimals: `0.08 %`.
pub fn percent(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$} %")
}

/// How long ago, in the largest useful step: `42s`, `7m`, `3h12`, `2d`.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h{:02}", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long until, to the second below an hour: `42s`, `4m10`, `1h05`.
pub fn countdown(left: Duration) -> String {
    let seconds = left.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}", seconds / 60, seconds % 60),
        _ => age(left),
    }
}

/// Money: `$0.02`, `$43.20`. Less than a cent, but not nothing, is `<$0.01`.
pub fn dollars(usd: f64) -> String {
    // The sum of nothing is -0.0.
    let usd = usd + 0.0;
    if usd > 0.0 && usd < 0.01 { "<$0.01".to_owned() } else { format!("${usd:.2}") }
}

/// How values in one of CloudWatch's units are written on an axis: divide by `divisor`, write `suffix`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// What to divide a value by.
    pub divisor: f64,
    /// The unit then, empty for plain numbers.
    pub suffix: &'static str,
}

impl Scale {
    /// A value with its unit: `1.5 KiB/s`.
    pub fn write(self, value: f64) -> String {
        let number = three_digits(value / self.divisor);
        match self.suffix {
            "" => number,
            suffix => format!("{number} {suffix}"),
        }
    }
}

/// The scale for values up to `largest` (in the unit itself) of a CloudWatch unit, so that the largest has
/// one to three digits before its point. Units that are not known are plain numbers.
pub fn scale(unit: &str, largest: f64) -> Scale {
    const TIME: &[(f64, &str)] =
        &[(1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d")];
    const PLAIN: &[(f64, &str)] = &[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")];
    const RATE: &[(f64, &str)] = &[(1.0, "/s"), (1e3, "k/s"), (1e6, "M/s"), (1e9, "G/s")];
    const BYTES: &[(f64, &str)] = &[
        (1.0, "B"),
        (1024.0, "KiB"),
        (1_048_576.0, "MiB"),
        (1_073_741_824.0, "GiB"),
        (1_099_511_627_776.0, "TiB"),
    ];
    const BYTE_RATE: &[(f64, &str)] =
        &[(1.0, "B/s"), (1024.0, "KiB/s"), (1_048_576.0, "MiB/s"), (1_073_741_824.0, "GiB/s")];
    const BITS: &[(f64, &str)] = &[(1.0, "bit"), (1e3, "kbit"), (1e6, "Mbit"), (1e9, "Gbit"), (1e12, "Tbit")];
    const BIT_RATE: &[(f64, &str)] = &[(1.0, "bit/s"), (1e3, "kbit/s"), (1e6, "Mbit/s"), (1e9, "Gbit/s")];

    let (base, per_second) = match unit.strip_suffix("/Second") {
        Some(base) => (base, true),
        None => (unit, false),
    };
    // One unit in the steps' own unit.
    let (one, steps) = match base {
        "Seconds" => (1.0, TIME),
        "Milliseconds" => (1e-3, TIME),
        "Microseconds" => (1e-6, TIME),
        "Percent" => return Scale { divisor: 1.0, suffix: "%" },
        "Count" if per_second => (1.0, RATE),
        _ => match (prefix(base), per_second) {
            (Some((power, true)), false) => (1024_f64.powi(power), BYTES),
            (Some((power, true)), true) => (1024_f64.powi(power), BYTE_RATE),
            (Some((power, false)), false) => (1000_f64.powi(power), BITS),
            (Some((power, false)), true) => (1000_f64.powi(power), BIT_RATE),
            (None, _) => (1.0, PLAIN),
        },
    };
    let size = largest.abs() * one;
    let (step, suffix) = steps
        .iter()
        .rev()
        .find(|(step, _)| size >= *step)
        .or_else(|| if size == 0.0 { steps.iter().find(|s| s.0 >= one) } else { steps.first() })
        .copied()
        .unwrap_or((1.0, ""));
    Scale { divisor: step / one, suffix }
}

/// The power in `Kilobytes`, `Megabits` and their kin, and whether it is bytes.
fn prefix(unit: &str) -> Option<(i32, bool)> {
    let lower = unit.to_ascii_lowercase();
    let (prefix, is_bytes) = match lower.strip_suffix("bytes") {
        Some(prefix) => (prefix, true),
        None => (lower.strip_suffix("bits")?, false),
    };
    let power = match prefix {
        "" => 0,
        "kilo" => 1,
        "mega" => 2,
        "giga" => 3,
        "tera" => 4,
        _ => return None,
    };
    Some((power, is_bytes))
}

/// Divides by `step` until the number is below one step; rounding up to a full step moves on too.
fn stepped(value: f64, step: f64, names: &'static [&'static str]) -> (f64, &'static str) {
    let mut scaled = value;
    for name in names {
        if scaled.abs() < step - 0.5 {
            return (scaled, name);
        }
        scaled /= step;
    }
    (scaled * step, names.last().copied().unwrap_or_default())
}

/// Three significant digits: `1.41`, `12.5`, `410`, `1 010`; trailing zeros of a fraction go.
fn three_digits(value: f64) -> String {
    match value.abs() {
        v if v < 9.995 => trimmed(value, 2),
        v if v < 99.95 => trimmed(value, 1),
        v if v < 999.5 => trimmed(value, 0),
        v => format!("{}{}", if value < 0.0 { "-" } else { "" }, grouped(v.round() as u64)),
    }
}

fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases = [
            (grouped(0), "0"),
            (grouped(999), "999"),
            (grouped(12_408), "12 408"),
            (grouped(1_234_567), "1 234 567"),
            (count(0.0), "0"),
            (count(-0.001), "0"),
            (count(0.25), "0.25"),
            (count(7.5), "7.5"),
            (count(1505.4), "1 505"),
            (count(-702.0), "-702"),
            (count(1_210_000.0), "1.21M"),
            (si(950.0), "950"),
            (si(999.9), "1k"),
            (si(1500.0), "1.5k"),
            (si(-12_345.0), "-12.3k"),
            (si(3e18), "3 000P"),
            (bytes(0.0), "0 B"),
            (bytes(512.0), "512 B"),
            (bytes(1536.0), "1.5 KiB"),
            (bytes(64.0 * 1_048_576.0), "64 MiB"),
            (latency(0.0), "0 ms"),
            (latency(0.000_084), "84 µs"),
            (latency(0.0845), "84.5 ms"),
            (latency(0.41), "410 ms"),
            (latency(0.9996), "1 s"),
            (latency(1.41), "1.41 s"),
            (latency(125.0), "2m05"),
            (percent(0.08, 2), "0.08 %"),
            (percent(100.0, 0), "100 %"),
            (dollars(0.0), "$0.00"),
            (dollars(-0.0), "$0.00"),
            (dollars(0.004), "<$0.01"),
            (dollars(0.02), "$0.02"),
            (dollars(43.2), "$43.20"),
            (or_missing(None, "–", count), "–"),
            (or_missing(Some(0.0), "–", count), "0"),
        ];
        for (at, (actual, expected)) in cases.iter().enumerate() {
            assert_eq!(actual, expected, "case {at}");
        }
    }

    #[test]
    fn spans() {
        let cases = [
            (0, "0s", "0s"),
            (59, "59s", "59s"),
            (60, "1m", "1m00"),
            (250, "4m", "4m10"),
            (3599, "59m", "59m59"),
            (3900, "1h05", "1h05"),
            (11_520, "3h12", "3h12"),
            (86_399, "23h59", "23h59"),
            (200_000, "2d", "2d"),
        ];
        for (seconds, as_age, as_countdown) in cases {
            assert_eq!(age(Duration::from_secs(seconds)), as_age);
            assert_eq!(countdown(Duration::from_secs(seconds)), as_countdown);
        }
    }

    #[test]
    fn cloudwatch_units() {
        let cases = [
            ("Seconds", 1.41, "1.41 s"),
            ("Seconds", 0.41, "410 ms"),
            ("Seconds", 0.000_5, "500 µs"),
            ("Seconds", 150.0, "2.5 min"),
            ("Seconds", 0.0, "0 s"),
            ("Milliseconds", 1940.0, "1.94 s"),
            ("Milliseconds", 84.0, "84 ms"),
            ("Milliseconds", 0.0, "0 ms"),
            ("Microseconds", 7.0, "7 µs"),
            ("Bytes", 1536.0, "1.5 KiB"),
            ("Bytes", 0.0, "0 B"),
            ("Bytes", 0.5, "0.5 B"),
            ("Megabytes", 2048.0, "2 GiB"),
            ("Bytes/Second", 2048.0, "2 KiB/s"),
            ("Kilobits/Second", 1500.0, "1.5 Mbit/s"),
            ("Gigabits", 0.5, "500 Mbit"),
            ("Percent", 0.08, "0.08 %"),
            ("Count", 702.0, "702"),
            ("Count", 15_000.0, "15 k"),
            ("Count/Second", 25.1, "25.1 /s"),
            ("None", 0.3, "0.3"),
            ("Furlongs", -2500.0, "-2.5 k"),
        ];
        for (unit, value, expected) in cases {
            assert_eq!(scale(unit, value).write(value), expected, "{value} {unit}");
        }
    }
}
