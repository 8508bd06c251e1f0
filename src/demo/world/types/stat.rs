//! Statistics over a period, as `Stat` and `ExtendedStatistic` spell them.
//!
//! Plain data and its reading; `world/spread.rs` works the ones out that depend on how samples spread.

use std::fmt;

/// A statistic over a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat {
    /// Sum of all samples.
    Sum,
    /// Sum divided by the sample count.
    Average,
    /// Smallest sample.
    Minimum,
    /// Largest sample.
    Maximum,
    /// How many samples there were.
    SampleCount,
    /// A percentile, 0 to 100.
    Percentile(f64),
    /// The samples between two bounds.
    Trimmed(Trim, Cut),
    /// Percent of the samples that lie between two bounds.
    Rank(Cut),
}

/// What is made of the samples between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// `TM`: their mean.
    Mean,
    /// `WM`: the mean of all, those outside counted as if they were at the bounds.
    Winsorized,
    /// `TC`: how many they are.
    Count,
    /// `TS`: their sum.
    Sum,
}

/// Two bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The lower one.
    pub from: Bound,
    /// The upper one.
    pub to: Bound,
}

/// One bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Percent of the samples, 0 to 100.
    Percent(f64),
    /// A value, in the metric's unit.
    Value(f64),
}

impl Stat {
    /// Reads `Sum`, `Average`, .., `p99`, `p99.9`, `tm90`, `IQM`, `TM(10%:90%)`, `PR(:300)`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Sum" => return Some(Self::Sum),
            "Average" => return Some(Self::Average),
            "Minimum" => return Some(Self::Minimum),
            "Maximum" => return Some(Self::Maximum),
            "SampleCount" => return Some(Self::SampleCount),
            "IQM" => {
                let cut = Cut { from: Bound::Percent(25.0), to: Bound::Percent(75.0) };
                return Some(Self::Trimmed(Trim::Mean, cut));
            }
            _ => {}
        }
        if let Some(rank) = text.strip_prefix('p') {
            return percent(rank).map(Self::Percentile);
        }
        let (kind, rest) = text.split_at_checked(2)?;
        if let Some(bounds) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            let cut = Cut::parse(bounds)?;
            return match kind {
                // Percent of percent would say nothing: a rank needs a value.
                "PR" => matches!((cut.from, cut.to), (Bound::Value(_), _) | (_, Bound::Value(_)))
                    .then_some(Self::Rank(cut)),
                _ => Trim::parse(&kind.to_ascii_lowercase())
                    .filter(|_| kind.chars().all(|c| c.is_ascii_uppercase()))
                    .map(|trim| Self::Trimmed(trim, cut)),
            };
        }
        let cut = Cut { from: Bound::Percent(0.0), to: Bound::Percent(percent(rest)?) };
        Trim::parse(kind).map(|trim| Self::Trimmed(trim, cut))
    }

    /// Whether it is one of the five that need no more than sum, count and range.
    pub fn is_plain(self) -> bool {
        !matches!(self, Self::Percentile(_) | Self::Trimmed(..) | Self::Rank(_))
    }
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum => f.write_str("Sum"),
            Self::Average => f.write_str("Average"),
            Self::Minimum => f.write_str("Minimum"),
            Self::Maximum => f.write_str("Maximum"),
            Self::SampleCount => f.write_str("SampleCount"),
            Self::Percentile(rank) => write!(f, "p{rank}"),
            Self::Rank(cut) => write!(f, "PR({cut})"),
            Self::Trimmed(trim, cut) => {
                let name = match trim {
                    Trim::Mean => "TM",
                    Trim::Winsorized => "WM",
                    Trim::Count => "TC",
                    Trim::Sum => "TS",
                };
                write!(f, "{name}({cut})")
            }
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = |bound: Bound| match bound {
            Bound::Percent(0.0 | 100.0) => String::new(),
            Bound::Percent(percent) => format!("{percent}%"),
            Bound::Value(value) => value.to_string(),
        };
        write!(f, "{}:{}", bound(self.from), bound(self.to))
    }
}

impl Trim {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "tm" => Some(Self::Mean),
            "wm" => Some(Self::Winsorized),
            "tc" => Some(Self::Count),
            "ts" => Some(Self::Sum),
            _ => None,
        }
    }
}

impl Cut {
    /// `10%:90%`, `:90%`, `5%:`, `150:1000`, `:300`; both of one kind, in order.
    fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once(':')?;
        let bound = |text: &str| match text.trim() {
            "" => None,
            text => Some(match text.strip_suffix('%') {
                Some(number) => percent(number).map(Bound::Percent),
                None => number(text).map(Bound::Value),
            }),
        };
        match (bound(from), bound(to)) {
            (None, None) => None,
            (Some(from), None) => Some(Self { from: from?, to: Bound::Percent(100.0) }),
            (None, Some(to)) => Some(Self { from: Bound::Percent(0.0), to: to? }),
            (Some(from), Some(to)) => {
                let ordered = match (from?, to?) {
                    (Bound::Percent(from), Bound::Percent(to)) | (Bound::Value(from), Bound::Value(to)) => {
                        from < to
                    }
                    _ => false,
                };
                ordered.then_some(Self { from: from?, to: to? })
            }
        }
    }
}

fn percent(text: &str) -> Option<f64> {
    number(text).filter(|number| (0.0..=100.0).contains(number))
}

/// Digits with at most one point: no sign, no exponent, no infinity.
fn number(text: &str) -> Option<f64> {
    let digits = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_: &f64| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read_as_aws_spells_them() {
        let percents = |from, to| Cut { from: Bound::Percent(from), to: Bound::Percent(to) };
        for (text, expected) in [
            ("Sum", Stat::Sum),
            ("p99", Stat::Percentile(99.0)),
            ("p99.95", Stat::Percentile(99.95)),
            ("tm90", Stat::Trimmed(Trim::Mean, percents(0.0, 90.0))),
            ("wm98", Stat::Trimmed(Trim::Winsorized, percents(0.0, 98.0))),
            ("IQM", Stat::Trimmed(Trim::Mean, percents(25.0, 75.0))),
            ("TM(10%:90%)", Stat::Trimmed(Trim::Mean, percents(10.0, 90.0))),
            ("TC(5%:)", Stat::Trimmed(Trim::Count, percents(5.0, 100.0))),
            (
                "TS(150:1000)",
                Stat::Trimmed(Trim::Sum, Cut { from: Bound::Value(150.0), to: Bound::Value(1000.0) }),
            ),
            ("PR(:300)", Stat::Rank(Cut { from: Bound::Percent(0.0), to: Bound::Value(300.0) })),
            ("PR(100:)", Stat::Rank(Cut { from: Bound::Value(100.0), to: Bound::Percent(100.0) })),
        ] {
            assert_eq!(Stat::parse(text), Some(expected), "{text}");
            assert_eq!(Stat::parse(&expected.to_string()), Some(expected), "{text}: {expected}");
        }
        for text in [
            "",
            "sum",
            "p",
            "p101",
            "p-1",
            "p1e1",
            "pinf",
            "tm",
            "tm200",
            "xx90",
            "TM()",
            "TM(:)",
            "TM(90%:10%)",
            "TM(10%:500)",
            "tm(10%:90%)",
            "PR(10%:90%)",
            "PR(:50%)",
            "é",
            "TM(1:2",
        ] {
            assert_eq!(Stat::parse(text), None, "{text}");
        }
    }
}
