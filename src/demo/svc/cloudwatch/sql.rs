//! Metrics Insights: `SELECT MAX(metric) FROM SCHEMA("Namespace", dim) WHERE dim = 'v' GROUP BY dim ORDER BY MAX()
//! DESC LIMIT 5`, as the CloudWatch user guide, "Query components and syntax", has it.
//!
//! A query takes whole metrics and puts their samples together period by period. Reading and meaning are
//! both here; where the metrics come from is the caller's business.

use super::evaluate::MOST_LINES;
use super::math::{Line, Points, reduce};
use crate::demo::world::{Metric, Stat};
use std::collections::BTreeMap;

/// Metrics that one query looks at.
const MOST_METRICS: usize = 10_000;

/// A parsed query.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    function: Function,
    metric: String,
    namespace: String,
    /// The exact dimensions; none takes every set of them.
    schema: Option<Vec<String>>,
    /// Name, whether it must be equal, value.
    filters: Vec<(String, bool, String)>,
    group: Vec<String>,
    /// The function that sorts, and whether the highest come first.
    order: Option<(Function, bool)>,
    limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Avg,
    Count,
    Max,
    Min,
    Sum,
}

impl Function {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "AVG" => Self::Avg,
            "COUNT" => Self::Count,
            "MAX" => Self::Max,
            "MIN" => Self::Min,
            "SUM" => Self::Sum,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Avg => "AVG",
            Self::Count => "COUNT",
            Self::Max => "MAX",
            Self::Min => "MIN",
            Self::Sum => "SUM",
        }
    }
}

impl Select {
    /// Whether it gives one line per group, and not a single one.
    pub fn is_grouped(&self) -> bool {
        !self.group.is_empty()
    }

    /// The lines, and whether more were found than are given. `series` tells points of a metric.
    pub fn evaluate<'a>(
        &self,
        metrics: impl Iterator<Item = &'a Metric>,
        series: &dyn Fn(&Metric, Stat) -> Points,
    ) -> (Vec<Line>, bool) {
        let mut groups: BTreeMap<Vec<&str>, BTreeMap<i64, Samples>> = BTreeMap::new();
        if !self.is_grouped() {
            groups.entry(Vec::new()).or_default();
        }
        for metric in metrics.filter(|metric| self.takes(metric)).take(MOST_METRICS) {
            // Who lacks the key is in the group that AWS calls Other.
            let keys = self.group.iter().map(|key| metric.dimension(key).unwrap_or("Other"));
            let group = groups.entry(keys.collect()).or_default();
            let mut add = |stat, join: fn(&mut Samples, f64)| {
                for (at, value) in series(metric, stat) {
                    join(group.entry(at).or_default(), value);
                }
            };
            match self.function {
                Function::Sum => add(Stat::Sum, |samples, value| samples.sum += value),
                Function::Count => add(Stat::SampleCount, |samples, value| samples.count += value),
                Function::Max => add(Stat::Maximum, |samples, value| samples.top(value, f64::max)),
                Function::Min => add(Stat::Minimum, |samples, value| samples.top(value, f64::min)),
                Function::Avg => {
                    add(Stat::Sum, |samples, value| samples.sum += value);
                    add(Stat::SampleCount, |samples, value| samples.count += value);
                }
            }
        }
        let single = format!("{}({})", self.function.name(), self.metric);
        let mut lines: Vec<Line> = groups
            .into_iter()
            .map(|(keys, points)| Line {
                name: if keys.is_empty() { single.clone() } else { keys.join(" ") },
                of: None,
                points: points.into_iter().map(|(at, samples)| (at, samples.value(self.function))).collect(),
            })
            .collect();
        if let Some((function, descending)) = self.order {
            let weight = |line: &Line| {
                let name = if function == Function::Count { "DATAPOINT_COUNT" } else { function.name() };
                reduce(name, line.points.iter().map(|(_, value)| *value))
            };
            lines.sort_by(|left, right| {
                let order = weight(left).total_cmp(&weight(right));
                if descending { order.reverse() } else { order }
            });
        }
        let cut = lines.len() > MOST_LINES && self.limit.is_none();
        lines.truncate(self.limit.unwrap_or(MOST_LINES).min(MOST_LINES));
        (lines, cut)
    }

    fn takes(&self, metric: &Metric) -> bool {
        metric.namespace == self.namespace
            && metric.name == self.metric
            && self.schema.as_ref().is_none_or(|names| {
                names.len() == metric.dimensions.len()
                    && names.iter().all(|name| metric.dimension(name).is_some())
            })
            && self
                .filters
                .iter()
                .all(|(name, equal, value)| (metric.dimension(name) == Some(value.as_str())) == *equal)
    }
}

/// The samples of a period, as far as the function needs them.
#[derive(Default)]
struct Samples {
    sum: f64,
    count: f64,
    end: Option<f64>,
}

impl Samples {
    fn top(&mut self, value: f64, pick: fn(f64, f64) -> f64) {
        self.end = Some(self.end.map_or(value, |known| pick(known, value)));
    }

    fn value(&self, function: Function) -> f64 {
        match function {
            Function::Sum => self.sum,
            Function::Count => self.count,
            Function::Avg => self.sum / self.count,
            Function::Max | Function::Min => self.end.unwrap_or_default(),
        }
    }
}

/// Parses a query.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse(text: &str) -> Result<Select, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens };
    let select = parser.select()?;
    match parser.tokens.first() {
        None => Ok(select),
        Some(token) => Err(format!("unexpected {} in the query", token.text())),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A bare word: a keyword or a name.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// A value in single quotes.
    Value(String),
    Sign(&'static str),
}

impl Token {
    fn text(&self) -> String {
        match self {
            Self::Word(text) => format!("`{text}`"),
            Self::Name(text) => format!("\"{text}\""),
            Self::Value(text) => format!("'{text}'"),
            Self::Sign(sign) => format!("`{sign}`"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let legal = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        rest = if let Some(quoted) = rest.strip_prefix(['"', '\'']) {
            let (inner, after) = quoted.split_once(first).ok_or("a quote is not closed")?;
            let inner = inner.to_owned();
            found.push(if first == '"' { Token::Name(inner) } else { Token::Value(inner) });
            after
        } else if legal(first) {
            let (word, after) = rest.split_at(rest.find(|c| !legal(c)).unwrap_or(rest.len()));
            found.push(Token::Word(word.to_owned()));
            after
        } else {
            let sign = ["!=", "=", "(", ")", ","].into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| format!("unexpected `{first}`"))?;
            found.push(Token::Sign(sign));
            rest.strip_prefix(sign).unwrap_or_default()
        }
        .trim_start();
    }
    Ok(found)
}

struct Parser<'a> {
    tokens: &'a [Token],
}

impl<'a> Parser<'a> {
    fn select(&mut self) -> Result<Select, String> {
        self.expect("SELECT")?;
        let function = self.function()?;
        self.sign("(")?;
        let metric = self.name("a metric")?;
        self.sign(")")?;
        self.expect("FROM")?;
        let (namespace, schema) = self.source()?;
        let mut filters = Vec::new();
        if self.accept("WHERE") {
            loop {
                filters.push(self.filter()?);
                if !self.accept("AND") {
                    break;
                }
            }
        }
        let mut group = Vec::new();
        if self.accept("GROUP") {
            self.expect("BY")?;
            group = self.names("a label key")?;
        }
        let mut order = None;
        if self.accept("ORDER") {
            self.expect("BY")?;
            let function = self.function()?;
            self.sign("(")?;
            self.sign(")")?;
            let descending = self.accept("DESC");
            if !descending {
                self.accept("ASC");
            }
            order = Some((function, descending));
        }
        let mut limit = None;
        if self.accept("LIMIT") {
            let count = match self.next() {
                Some(Token::Word(word)) => word.parse().ok().filter(|count| (1..=MOST_LINES).contains(count)),
                _ => None,
            };
            limit = Some(count.ok_or("LIMIT needs a number from 1 to 500")?);
        }
        Ok(Select { function, metric, namespace, schema, filters, group, order, limit })
    }

    fn source(&mut self) -> Result<(String, Option<Vec<String>>), String> {
        let name = self.name("a namespace")?;
        let is_schema = name.eq_ignore_ascii_case("SCHEMA") && self.tokens.first() == Some(&Token::Sign("("));
        if !is_schema {
            return Ok((name, None));
        }
        self.sign("(")?;
        let mut names = self.names("a namespace")?.into_iter();
        self.sign(")")?;
        Ok((names.next().unwrap_or_default(), Some(names.collect())))
    }

    fn filter(&mut self) -> Result<(String, bool, String), String> {
        let key = self.name("a label key")?;
        let equal = match self.next() {
            Some(Token::Sign("=")) => true,
            Some(Token::Sign("!=")) => false,
            _ => return Err(format!("`=` or `!=` is missing after {key}")),
        };
        match self.next() {
            Some(Token::Value(value)) => Ok((key, equal, value.clone())),
            _ => Err(format!("{key} is compared with no value in single quotes")),
        }
    }

    fn names(&mut self, what: &str) -> Result<Vec<String>, String> {
        let mut names = vec![self.name(what)?];
        while self.tokens.first() == Some(&Token::Sign(",")) {
            self.next();
            names.push(self.name(what)?);
        }
        Ok(names)
    }

    fn function(&mut self) -> Result<Function, String> {
        let found = match self.next() {
            Some(Token::Word(word)) => Function::named(word),
            _ => None,
        };
        found.ok_or_else(|| "AVG, COUNT, MAX, MIN or SUM is missing in the query".into())
    }

    fn name(&mut self, what: &str) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(name) | Token::Name(name)) => Ok(name.clone()),
            Some(token) => Err(format!("{what} is missing before {}", token.text())),
            None => Err("the query ends too early".into()),
        }
    }

    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn accept(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.tokens.first(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, keyword: &str) -> Result<(), String> {
        if self.accept(keyword) { Ok(()) } else { Err(format!("{keyword} is missing in the query")) }
    }

    fn sign(&mut self, sign: &'static str) -> Result<(), String> {
        match self.next() {
            Some(Token::Sign(found)) if *found == sign => Ok(()),
            _ => Err(format!("`{sign}` is missing in the query")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> Vec<Metric> {
        let one =
            |service: &str, zone: &str| Metric::new("Shop", "Hits", &[("Service", service), ("Zone", zone)]);
        vec![
            one("a", "x"),
            one("a", "y"),
            one("b", "x"),
            Metric::new("Shop", "Hits", &[("Service", "c")]),
            Metric::new("Shop", "Other", &[("Service", "a")]),
            Metric::new("Else", "Hits", &[("Service", "a")]),
        ]
    }

    /// Sums of 10, 20, 30, .. in two periods, of two samples each, from 1 up to the sum.
    fn series(metric: &Metric, stat: Stat) -> Points {
        let position = metrics().iter().position(|known| known == metric).unwrap();
        let sum = 10.0 * (position + 1) as f64;
        let value = match stat {
            Stat::Sum | Stat::Maximum => sum,
            Stat::SampleCount => 2.0,
            _ => sum / 10.0,
        };
        vec![(0, value), (60, value + 1.0)]
    }

    fn run(text: &str) -> Vec<(String, Vec<f64>)> {
        let metrics = metrics();
        let (lines, _) = parse(text).unwrap().evaluate(metrics.iter(), &series);
        let values = |line: Line| line.points.iter().map(|(_, value)| *value).collect();
        lines.into_iter().map(|line| (line.name.clone(), values(line))).collect()
    }

    #[test]
    fn queries_are_evaluated() {
        let line = |name: &str, values: &[f64]| (name.to_owned(), values.to_vec());
        for (text, expected) in [
            ("SELECT SUM(Hits) FROM Shop", vec![line("SUM(Hits)", &[100.0, 104.0])]),
            ("select sum(\"Hits\") from \"Shop\"", vec![line("SUM(Hits)", &[100.0, 104.0])]),
            ("SELECT SUM(Hits) FROM SCHEMA(Shop, Zone, Service)", vec![line("SUM(Hits)", &[60.0, 63.0])]),
            ("SELECT COUNT(Hits) FROM Shop", vec![line("COUNT(Hits)", &[8.0, 12.0])]),
            ("SELECT AVG(Hits) FROM SCHEMA(Shop, Service)", vec![line("AVG(Hits)", &[20.0, 41.0 / 3.0])]),
            ("SELECT MAX(Hits) FROM Shop WHERE Zone = 'x'", vec![line("MAX(Hits)", &[30.0, 31.0])]),
            (
                "SELECT MIN(Hits) FROM Shop WHERE Zone='x' AND Service!='a'",
                vec![line("MIN(Hits)", &[3.0, 4.0])],
            ),
            (
                "SELECT SUM(Hits) FROM Shop GROUP BY Service",
                vec![line("a", &[30.0, 32.0]), line("b", &[30.0, 31.0]), line("c", &[40.0, 41.0])],
            ),
            (
                "SELECT SUM(Hits) FROM Shop GROUP BY Service, Zone ORDER BY SUM() DESC LIMIT 2",
                vec![line("c Other", &[40.0, 41.0]), line("b x", &[30.0, 31.0])],
            ),
            ("SELECT SUM(Nope) FROM Shop", vec![line("SUM(Nope)", &[])]),
            ("SELECT SUM(Nope) FROM Shop GROUP BY Service", vec![]),
        ] {
            assert_eq!(run(text), expected, "{text}");
        }
    }

    #[test]
    fn wrong_queries_say_why() {
        for (text, reason) in [
            ("SELECT", "AVG, COUNT"),
            ("SELECT MEDIAN(a) FROM b", "AVG, COUNT"),
            ("SELECT SUM(a)", "FROM is missing"),
            ("SELECT SUM('a') FROM b", "a metric is missing before 'a'"),
            ("SELECT SUM(a) FROM", "ends too early"),
            ("SELECT SUM(a) FROM SCHEMA(b", "`)` is missing"),
            ("SELECT SUM(a) FROM b WHERE c = d", "single quotes"),
            ("SELECT SUM(a) FROM b WHERE c > 'd'", "unexpected `>`"),
            ("SELECT SUM(a) FROM b WHERE c = 'd' OR e = 'f'", "unexpected `OR`"),
            ("SELECT SUM(a) FROM b ORDER BY SUM", "`(` is missing"),
            ("SELECT SUM(a) FROM b LIMIT 0", "from 1 to 500"),
            ("SELECT SUM(a) FROM \"b", "not closed"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_query_panics(text in "SELECT ([(),='\"!]| |SUM|FROM|SCHEMA|WHERE|AND|GROUP BY|ORDER BY|LIMIT|[a-z0-9é]){0,20}") {
            let _ = parse(&text);
        }
    }
}
