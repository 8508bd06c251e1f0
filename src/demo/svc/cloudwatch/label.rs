//! Labels of what `GetMetricData` returns: fixed, dynamic (`${MAX}`, `${PROP('Dim.X')}`), and put together.
//!
//! As the user guide, "Using dynamic labels", has it; how AWS writes numbers and times is not documented.

use super::math::{Line, reduce};
use crate::demo::world::ACCOUNT;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Statistics in one label.
const MOST_VALUES: usize = 5;
/// What stands for a value of a series without points.
const NOTHING: &str = "--";

/// What a label needs to know besides its line.
pub struct Labels<'a> {
    pub region: &'a str,
    pub now: Timestamp,
    pub zone: &'a TimeZone,
}

impl Labels<'_> {
    /// The label of a line. Of several lines of one expression, a fixed label comes before each line's own
    /// name, a dynamic one is worked out for each.
    pub fn label(&self, template: Option<&str>, line: &Line, several: bool) -> String {
        match template {
            None => line.name.clone(),
            Some(template) if template.contains("${") => self.fill_in(template, line),
            Some(template) if several => format!("{template} {}", line.name),
            Some(template) => template.to_owned(),
        }
    }

    fn fill_in(&self, template: &str, line: &Line) -> String {
        let mut text = String::with_capacity(template.len() + 16);
        let mut rest = template;
        let mut values = 0;
        while let Some((before, after)) = rest.split_once("${") {
            text.push_str(before);
            let Some((variable, behind)) = after.split_once('}') else {
                text.push_str("${");
                rest = after;
                continue;
            };
            values += usize::from(variable != "LABEL" && !variable.starts_with("PROP("));
            match self.variable(variable, line).filter(|_| values <= MOST_VALUES) {
                Some(value) => text.push_str(&value),
                // What is no variable stays as it is.
                None => text.extend(["${", variable, "}"]),
            }
            rest = behind;
        }
        text + rest
    }

    fn variable(&self, name: &str, line: &Line) -> Option<String> {
        if name == "LABEL" {
            return Some(line.name.clone());
        }
        if let Some(property) = name.strip_prefix("PROP(").and_then(|rest| rest.strip_suffix(')')) {
            return self.property(property.trim_matches(['\'', '"']), line);
        }
        let values = || line.points.iter().map(|(_, value)| *value);
        if let "AVG" | "SUM" | "MIN" | "MAX" | "DATAPOINT_COUNT" = name {
            let empty = line.points.is_empty() && name != "DATAPOINT_COUNT";
            return Some(if empty { NOTHING.into() } else { number(reduce(name, values())) });
        }
        let ends = Ends::of(line);
        let at = |pick: fn(&Ends) -> (i64, f64)| ends.as_ref().map(pick);
        let value = |pick| at(pick).map_or_else(|| NOTHING.to_owned(), |(_, value)| number(value));
        let time = |pick| at(pick).map_or_else(|| NOTHING.to_owned(), |(at, _)| self.time(at));
        let ago = |pick: fn(&Ends) -> (i64, f64)| {
            at(pick).map_or_else(|| NOTHING.to_owned(), |(at, _)| duration(self.now.as_second() - at))
        };
        let between = |left: fn(&Ends) -> (i64, f64), right: fn(&Ends) -> (i64, f64)| at(left).zip(at(right));
        let range = |left, right| {
            between(left, right).map_or_else(|| NOTHING.to_owned(), |(a, b)| number((b.1 - a.1).abs()))
        };
        let stretch = |left, right| {
            between(left, right).map_or_else(|| NOTHING.to_owned(), |(a, b)| duration((b.0 - a.0).abs()))
        };
        Some(match name {
            "FIRST" => value(|ends| ends.first),
            "LAST" => value(|ends| ends.last),
            "FIRST_TIME" => time(|ends| ends.first),
            "LAST_TIME" => time(|ends| ends.last),
            "MIN_TIME" => time(|ends| ends.min),
            "MAX_TIME" => time(|ends| ends.max),
            "FIRST_TIME_RELATIVE" => ago(|ends| ends.first),
            "LAST_TIME_RELATIVE" => ago(|ends| ends.last),
            "MIN_TIME_RELATIVE" => ago(|ends| ends.min),
            "MAX_TIME_RELATIVE" => ago(|ends| ends.max),
            "FIRST_LAST_RANGE" => range(|ends| ends.first, |ends| ends.last),
            "MIN_MAX_RANGE" => range(|ends| ends.min, |ends| ends.max),
            "FIRST_LAST_TIME_RANGE" => stretch(|ends| ends.first, |ends| ends.last),
            "MIN_MAX_TIME_RANGE" => stretch(|ends| ends.min, |ends| ends.max),
            _ => return None,
        })
    }

    fn property(&self, name: &str, line: &Line) -> Option<String> {
        if let "AccountId" | "AccountLabel" = name {
            return Some(ACCOUNT.to_owned());
        }
        if name == "Region" {
            return Some(self.region.to_owned());
        }
        // A line that shows no single metric has none of the others.
        let of = line.of.as_deref();
        let metric = |value: fn(&super::math::Origin) -> String| Some(of.map(value).unwrap_or_default());
        match name {
            "MetricName" => metric(|of| of.metric.name.clone()),
            "Namespace" => metric(|of| of.metric.namespace.clone()),
            "Stat" => metric(|of| of.stat.clone()),
            "Period" => metric(|of| of.period.to_string()),
            _ => {
                let dimension = name.strip_prefix("Dim.")?;
                let value = of.and_then(|of| of.metric.dimension(dimension));
                Some(value.unwrap_or_default().to_owned())
            }
        }
    }

    fn time(&self, at: i64) -> String {
        let time = Timestamp::from_second(at).unwrap_or_default().to_zoned(self.zone.clone());
        time.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// The points that labels can name.
struct Ends {
    first: (i64, f64),
    last: (i64, f64),
    min: (i64, f64),
    max: (i64, f64),
}

impl Ends {
    fn of(line: &Line) -> Option<Self> {
        let points = || line.points.iter().copied();
        Some(Self {
            first: points().next()?,
            last: points().next_back()?,
            min: points().min_by(|left, right| left.1.total_cmp(&right.1))?,
            max: points().max_by(|left, right| left.1.total_cmp(&right.1))?,
        })
    }
}

/// At most three decimals, none that are 0.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".into() } else { short.to_owned() }
}

/// `2h 5m 10s`, without the parts that are 0.
fn duration(seconds: i64) -> String {
    let parts = [(86_400, "d", i64::MAX), (3600, "h", 24), (60, "m", 60), (1, "s", 60)];
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(length, unit, most)| (seconds / length % most, unit))
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if parts.is_empty() { "0s".into() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::super::math::Origin;
    use super::*;
    use crate::demo::world::Metric;
    use std::rc::Rc;

    #[test]
    fn labels_are_put_together_and_filled_in() {
        let metric = Metric::new("AWS/Lambda", "Errors", &[("FunctionName", "receipts")]);
        let of = Some(Rc::new(Origin { metric, stat: "Sum".into(), period: 60 }));
        let points = vec![(0, 4.75), (60, 9.25), (120, 2.0), (240, 3.0)];
        let line = Line { name: "receipts".into(), of, points };
        let (now, zone) = (Timestamp::from_second(3905).unwrap(), TimeZone::UTC);
        let labels = Labels { region: "eu-west-2", now, zone: &zone };
        for (template, several, expected) in [
            (None, true, "receipts"),
            (Some("Errors"), false, "Errors"),
            (Some("Errors"), true, "Errors receipts"),
            (Some("[max: ${MAX} of ${LABEL}]"), true, "[max: 9.25 of receipts]"),
            (Some("${PROP('Dim.FunctionName')} ${PROP('MetricName')}"), true, "receipts Errors"),
            (Some("${PROP('Dim.Nope')}|${PROP('Stat')}|${PROP('Period')}"), false, "|Sum|60"),
            (Some("${PROP('Region')} ${PROP('Namespace')}"), false, "eu-west-2 AWS/Lambda"),
            (Some("${AVG} ${SUM} ${MIN} ${DATAPOINT_COUNT}"), false, "4.75 19 2 4"),
            (Some("${FIRST}>${LAST} ${FIRST_LAST_RANGE} ${MIN_MAX_RANGE}"), false, "4.75>3 1.75 7.25"),
            (Some("${MAX_TIME} ${LAST_TIME_RELATIVE}"), false, "1970-01-01 00:01:00 1h 1m 5s"),
            (Some("${MIN_MAX_TIME_RANGE} ${FIRST_LAST_TIME_RANGE}"), false, "1m 4m"),
            (Some("${MAX}${MAX}${MAX}${MAX}${MAX}${MAX}"), false, "9.259.259.259.259.25${MAX}"),
            (Some("${NOPE} ${MAX"), false, "${NOPE} ${MAX"),
        ] {
            assert_eq!(labels.label(template, &line, several), expected, "{template:?}");
        }
        let empty = Line { points: Vec::new(), ..line };
        assert_eq!(labels.label(Some("${MAX} ${LAST_TIME} ${DATAPOINT_COUNT}"), &empty, false), "-- -- 0");
    }
}
