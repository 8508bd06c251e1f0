//! Search expressions: `{Namespace,Dimension} MetricName="x" (a OR b) NOT c`.
//!
//! Rules are those of the CloudWatch user guide, "Search expression syntax": exact matches in quotes, partial
//! ones by tokens (camel case, digits, punctuation), properties, `AND`, `OR`, `NOT`, parentheses.

use crate::demo::world::{ACCOUNT, Metric};
use std::collections::HashSet;

/// Characters of a search.
const LONGEST: usize = 1024;
/// Parentheses nest no deeper than this.
const DEEPEST: usize = 32;

/// A parsed search.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Namespace and dimension names.
    schema: Option<(String, Vec<String>)>,
    term: Option<Term>,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    /// The whole name or value.
    Exact(Option<String>, String),
    /// Tokens that follow each other in it.
    Partial(Option<String>, String),
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
}

impl Search {
    /// Whether it finds a metric.
    pub fn finds(&self, metric: &Metric) -> bool {
        let schema = self.schema.as_ref().is_none_or(|(namespace, dimensions)| {
            metric.namespace == *namespace
                && (dimensions.is_empty()
                    || dimensions.len() == metric.dimensions.len()
                        && dimensions.iter().all(|name| metric.dimension(name).is_some()))
        });
        schema && self.term.as_ref().is_none_or(|term| term.finds(metric))
    }
}

impl Term {
    fn finds(&self, metric: &Metric) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.finds(metric)),
            Self::Any(terms) => terms.iter().any(|term| term.finds(metric)),
            Self::Not(term) => !term.finds(metric),
            Self::Exact(property, wanted) => {
                texts(metric, property.as_deref()).into_iter().any(|text| text == wanted)
            }
            Self::Partial(property, wanted) => {
                let (whole, parts) = (bare(wanted), tokens(wanted));
                texts(metric, property.as_deref()).into_iter().any(|text| {
                    bare(text) == whole
                        || !parts.is_empty() && tokens(text).windows(parts.len()).any(|found| found == parts)
                })
            }
        }
    }
}

/// The texts of a metric that a property names; all of them without one.
fn texts<'a>(metric: &'a Metric, property: Option<&str>) -> Vec<&'a str> {
    match property {
        None => {
            let dimensions =
                metric.dimensions.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
            [metric.namespace.as_str(), metric.name.as_str()].into_iter().chain(dimensions).collect()
        }
        Some("MetricName") => vec![&metric.name],
        Some("Namespace") => vec![&metric.namespace],
        Some(":aws.AccountId") => vec![ACCOUNT, "LOCAL"],
        Some(dimension) => metric.dimension(dimension).into_iter().collect(),
    }
}

/// Letters and digits alone, in lower case.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Cut at punctuation, between digits and letters, and where camel case begins a word; in lower case.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut found: Vec<String> = Vec::new();
    let mut fresh = true;
    for (index, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            fresh = true;
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| chars.get(before));
        let cut = before.is_some_and(|before| {
            before.is_numeric() != c.is_numeric()
                || before.is_lowercase() && c.is_uppercase()
                || before.is_uppercase()
                    && c.is_uppercase()
                    && chars.get(index + 1).is_some_and(|next| next.is_lowercase())
        });
        match found.last_mut() {
            Some(token) if !fresh && !cut => token.extend(c.to_lowercase()),
            _ => found.push(c.to_lowercase().collect()),
        }
        fresh = false;
    }
    found
}

/// What tells metrics apart: the parts of their names that are not the same in all.
pub fn names(metrics: &[&Metric]) -> Vec<String> {
    let varies = |texts: HashSet<Option<&str>>| texts.len() > 1;
    let name = varies(metrics.iter().map(|metric| Some(metric.name.as_str())).collect());
    let mut dimensions: Vec<&str> = Vec::new();
    for metric in metrics {
        for (dimension, _) in &metric.dimensions {
            if !dimensions.contains(&dimension.as_str()) {
                dimensions.push(dimension);
            }
        }
    }
    dimensions.retain(|dimension| varies(metrics.iter().map(|metric| metric.dimension(dimension)).collect()));
    let one = |metric: &&Metric| {
        let values = dimensions.iter().filter_map(|dimension| metric.dimension(dimension));
        let parts: Vec<&str> = values.chain(name.then_some(metric.name.as_str())).collect();
        if parts.is_empty() { metric.name.clone() } else { parts.join(" ") }
    };
    metrics.iter().map(one).collect()
}

/// Parses a search.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse(text: &str) -> Result<Search, String> {
    if text.chars().count() > LONGEST {
        return Err(format!("the search is longer than {LONGEST} characters"));
    }
    let mut rest = text.trim();
    let mut schema = None;
    if let Some(inner) = rest.strip_prefix('{') {
        let (names, after) = inner.split_once('}').ok_or("`}` is missing in the search")?;
        let mut names = names.split(',').map(|name| name.trim().trim_matches('"').to_owned());
        let namespace = names.next().filter(|name| !name.is_empty());
        schema = Some((namespace.ok_or("the search names no namespace")?, names.collect()));
        rest = after.trim_start().trim_start_matches(',');
    }
    let words = words(rest)?;
    let mut parser = Parser { words: &words, depth: 0 };
    let term = if words.is_empty() { None } else { Some(parser.any(None)?) };
    match parser.words.first() {
        Some(word) => Err(format!("unexpected {word:?} in the search")),
        None if schema.is_none() && term.is_none() => Err("the search is empty".into()),
        None => Ok(Search { schema, term }),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Open,
    Close,
    Equals,
    Quoted(String),
    Plain(String),
}

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '(' => found.push(Word::Open),
            ')' => found.push(Word::Close),
            '=' => found.push(Word::Equals),
            // A single quote is what a search inside double quotes has instead.
            '"' | '\'' => {
                let mut inner = String::new();
                loop {
                    match chars.next().ok_or("a quote is not closed in the search")? {
                        '\\' => inner.extend(chars.next()),
                        end if end == c => break,
                        other => inner.push(other),
                    }
                }
                found.push(Word::Quoted(inner));
            }
            c => {
                let mut word = String::from(c);
                while let Some(next) =
                    chars.next_if(|next| !next.is_whitespace() && !matches!(next, '(' | ')' | '=' | '"'))
                {
                    word.push(next);
                }
                found.push(Word::Plain(word));
            }
        }
    }
    Ok(found)
}

struct Parser<'a> {
    words: &'a [Word],
    depth: usize,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a Word> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn accept(&mut self, operator: &str) -> bool {
        let found = matches!(self.words.first(), Some(Word::Plain(word)) if word == operator);
        if found {
            self.next();
        }
        found
    }

    fn any(&mut self, property: Option<&str>) -> Result<Term, String> {
        let mut terms = vec![self.all(property)?];
        while self.accept("OR") {
            terms.push(self.all(property)?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::Any(terms) })
    }

    fn all(&mut self, property: Option<&str>) -> Result<Term, String> {
        let mut terms = vec![self.one(property)?];
        loop {
            let and = self.accept("AND");
            match self.words.first() {
                Some(Word::Plain(word)) if word == "OR" && !and => break,
                Some(Word::Close) | None if !and => break,
                _ => terms.push(self.one(property)?),
            }
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::All(terms) })
    }

    fn one(&mut self, property: Option<&str>) -> Result<Term, String> {
        if self.accept("NOT") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err("the search is nested too deeply".into());
            }
            let term = self.one(property)?;
            self.depth -= 1;
            return Ok(Term::Not(Box::new(term)));
        }
        let (text, exact) = match self.next() {
            Some(Word::Open) => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err("the search is nested too deeply".into());
                }
                let term = self.any(property)?;
                self.depth -= 1;
                return match self.next() {
                    Some(Word::Close) => Ok(term),
                    _ => Err("`)` is missing in the search".into()),
                };
            }
            Some(Word::Plain(word)) => (word, false),
            Some(Word::Quoted(text)) => (text, true),
            Some(Word::Close) => return Err("unexpected `)` in the search".into()),
            Some(Word::Equals) => return Err("unexpected `=` in the search".into()),
            None => return Err("the search ends too early".into()),
        };
        if property.is_none() && self.words.first() == Some(&Word::Equals) {
            self.next();
            return self.one(Some(text));
        }
        let property = property.map(str::to_owned);
        Ok(if exact { Term::Exact(property, text.clone()) } else { Term::Partial(property, text.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_user_guide() {
        for (text, expected) in [
            ("CustomCount1", vec!["custom", "count", "1"]),
            ("SDBFailure", vec!["sdb", "failure"]),
            ("Project2-trial333", vec!["project", "2", "trial", "333"]),
            ("couNT", vec!["cou", "nt"]),
            ("HTTPCode_Target_5XX_Count", vec!["http", "code", "target", "5", "xx", "count"]),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn searches_find_what_the_user_guide_says() {
        let custom = Metric::new("MyNamespace", "CustomCount1", &[("Project", "ProjectA")]);
        let lambda = Metric::new("AWS/Lambda", "Errors", &[("FunctionName", "orders-fn")]);
        let network =
            Metric::new("AWS/EC2", "Network-Errors-2", &[("InstanceId", "i-1"), ("Odd Name", "a(b)")]);
        let all = [&custom, &lambda, &network];
        for (text, expected) in [
            ("count", [true, false, false]),
            ("COUNT", [true, false, false]),
            ("couNT", [false, false, false]),
            ("CustomCount", [true, false, false]),
            ("Count1", [true, false, false]),
            ("customcount", [false, false, false]),
            ("\"CustomCount1\"", [true, false, false]),
            ("\"customcount1\"", [false, false, false]),
            ("\"Custom\"", [false, false, false]),
            ("errors", [false, true, true]),
            ("network/errors", [false, false, true]),
            ("Network_Errors", [false, false, true]),
            ("MetricName=\"Errors\"", [false, true, false]),
            ("MetricName=errors NOT network", [false, true, false]),
            ("NOT Namespace=AWS", [true, false, false]),
            ("FunctionName=orders", [false, true, false]),
            ("FunctionName=(orders OR cart) errors", [false, true, false]),
            ("(custom OR network) AND NOT ProjectA", [false, false, true]),
            ("custom OR MetricName=\"Errors\" orders", [true, true, false]),
            ("{AWS/Lambda,FunctionName}", [false, true, false]),
            ("{AWS/Lambda, FunctionName }, MetricName=\"Errors\"", [false, true, false]),
            ("{AWS/Lambda,FunctionName,Resource}", [false, false, false]),
            ("{\"AWS/EC2\",\"Odd Name\",InstanceId} \"a\\(b\\)\"", [false, false, true]),
            ("{MyNamespace} \"CustomCount1\"", [true, false, false]),
            (":aws.AccountId='LOCAL' custom", [true, false, false]),
        ] {
            let search = parse(text).unwrap_or_else(|reason| panic!("{text}: {reason}"));
            assert_eq!(all.map(|metric| search.finds(metric)), expected, "{text}");
        }
    }

    #[test]
    fn wrong_searches_say_why() {
        for (text, reason) in [
            ("", "empty"),
            ("{", "`}` is missing"),
            ("{}", "no namespace"),
            ("(a", "`)` is missing"),
            ("a)", "unexpected"),
            ("a OR", "ends too early"),
            ("a AND", "ends too early"),
            ("NOT", "ends too early"),
            ("\"a", "not closed"),
            ("= a", "unexpected `=`"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(parse(&"(".repeat(1000)).unwrap_err().contains("too deeply"));
        assert!(parse(&"a".repeat(1025)).unwrap_err().contains("longer"));
    }

    #[test]
    fn names_tell_apart() {
        let metric = |name: &str, of: &str| Metric::new("N", name, &[("A", of), ("B", "same")]);
        let (a, b, c) = (metric("X", "1"), metric("X", "2"), metric("Y", "2"));
        assert_eq!(names(&[&a]), ["X"]);
        assert_eq!(names(&[&a, &b]), ["1", "2"]);
        assert_eq!(names(&[&b, &c]), ["X", "Y"]);
        assert_eq!(names(&[&a, &c]), ["1 X", "2 Y"]);
    }

    proptest::proptest! {
        #[test]
        fn no_search_panics(text in "([(){}=,\"\\\\ ']|AND|OR|NOT|MetricName|[a-zA-Z0-9/é]){0,24}") {
            let metric = Metric::new("AWS/Lambda", "Errors", &[("FunctionName", "orders-fn")]);
            if let Ok(search) = parse(&text) {
                search.finds(&metric);
            }
        }
    }
}
