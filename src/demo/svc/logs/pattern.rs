//! CloudWatch Logs filter patterns: terms, `?any`, `-not`, `"phrases"`, and JSON `{ $.x = .. }`.
//!
//! Really evaluated, unlike in most emulators. Space-delimited patterns and regular expressions are
//! refused in words. Pure.

use serde_json::Value as Json;
use std::cmp::Ordering;

/// Conditions nest no deeper than this.
const MAX_DEPTH: usize = 32;

/// A filter pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// Everything matches.
    All,
    /// Words in the text.
    Terms {
        /// All of these.
        all: Vec<String>,
        /// At least one of these, unless there are none.
        any: Vec<String>,
        /// None of these.
        none: Vec<String>,
    },
    /// A condition on a JSON message; a message that is not JSON does not match.
    Json(Condition),
}

/// A condition on a JSON message.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// One of them.
    Or(Vec<Condition>),
    /// A member compared with a number or a text; `*` in text stands for anything.
    Compare(Vec<Step>, Op, Literal),
    /// `IS NULL`, `IS TRUE`, `IS FALSE`.
    Is(Vec<Step>, Json),
    /// `NOT EXISTS`.
    Missing(Vec<Step>),
    /// `EXISTS`.
    Exists(Vec<Step>),
}

/// One step of a selector.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `.name`
    Member(String),
    /// `[0]`
    Index(usize),
    /// `[*]`
    Any,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a member is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::All);
        }
        if let Some(inner) = text.strip_prefix('{') {
            let inner = inner.strip_suffix('}').ok_or("the pattern must end with }")?;
            let mut parser = Parser { rest: inner, depth: 0 };
            let condition = parser.alternatives()?;
            parser.skip();
            return if parser.rest.is_empty() { Ok(Self::Json(condition)) } else { Err(parser.unexpected()) };
        }
        if text.starts_with('[') {
            return Err("space-delimited patterns are not simulated".into());
        }
        terms(text)
    }

    /// Whether a message matches.
    pub fn matches(&self, message: &str) -> bool {
        match self {
            Self::All => true,
            Self::Terms { all, any, none } => {
                let has = |term: &String| message.contains(term.as_str());
                all.iter().all(has) && (any.is_empty() || any.iter().any(has)) && !none.iter().any(has)
            }
            Self::Json(condition) => {
                serde_json::from_str::<Json>(message).is_ok_and(|document| condition.holds(&document))
            }
        }
    }
}

fn terms(text: &str) -> Result<Pattern, String> {
    let (mut all, mut any, mut none) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        let (list, term) = match rest.chars().next() {
            Some('?') => (&mut any, rest.strip_prefix('?').unwrap_or_default()),
            Some('-') => (&mut none, rest.strip_prefix('-').unwrap_or_default()),
            Some('%') => return Err("regular expressions are not simulated".into()),
            _ => (&mut all, rest),
        };
        let (term, after) = if let Some(quoted) = term.strip_prefix('"') {
            quoted_text(quoted)?
        } else {
            let (term, after) = term.split_at(term.find(char::is_whitespace).unwrap_or(term.len()));
            if let Some(odd) = term.chars().find(|c| !c.is_alphanumeric() && *c != '_') {
                return Err(format!("the term {term} needs quotes, because of {odd}"));
            }
            (term.to_owned(), after)
        };
        if term.is_empty() {
            return Err("a term is empty".into());
        }
        list.push(term);
        rest = after.trim_start();
    }
    Ok(Pattern::Terms { all, any, none })
}

/// The text up to the closing quote, and what follows; `\"` and `\\` are escapes.
fn quoted_text(text: &str) -> Result<(String, &str), String> {
    let mut found = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok((found, chars.as_str())),
            '\\' => found.extend(chars.next()),
            c => found.push(c),
        }
    }
    Err("a quote is not closed".into())
}

impl Condition {
    fn holds(&self, document: &Json) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(document)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(document)),
            Self::Compare(path, op, literal) => {
                select(document, path).into_iter().any(|value| compare(value, *op, literal))
            }
            Self::Is(path, wanted) => select(document, path).into_iter().any(|value| value == wanted),
            Self::Missing(path) => select(document, path).is_empty(),
            Self::Exists(path) => !select(document, path).is_empty(),
        }
    }
}

fn select<'a>(document: &'a Json, path: &[Step]) -> Vec<&'a Json> {
    let mut found = vec![document];
    for step in path {
        found = found
            .into_iter()
            .flat_map(|value| -> Vec<&Json> {
                match step {
                    Step::Member(name) => value.get(name).into_iter().collect(),
                    Step::Index(index) => value.get(*index).into_iter().collect(),
                    Step::Any => value.as_array().into_iter().flatten().collect(),
                }
            })
            .collect();
    }
    found
}

fn compare(value: &Json, op: Op, literal: &Literal) -> bool {
    let order = match literal {
        Literal::Number(number) => match value.as_f64() {
            Some(value) => value.partial_cmp(number),
            None => return op == Op::NotEqual && !value.is_null(),
        },
        Literal::Text(pattern) => {
            let text = match value {
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                _ => return op == Op::NotEqual,
            };
            let equal = glob(pattern, &text);
            return match op {
                Op::Equal => equal,
                Op::NotEqual => !equal,
                _ => false,
            };
        }
    };
    let Some(order) = order else { return false };
    match op {
        Op::Equal => order == Ordering::Equal,
        Op::NotEqual => order != Ordering::Equal,
        Op::Less => order == Ordering::Less,
        Op::LessOrEqual => order != Ordering::Greater,
        Op::Greater => order == Ordering::Greater,
        Op::GreaterOrEqual => order != Ordering::Less,
    }
}

/// Whether a text fits a pattern in which `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        match text.split_once(part) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    true
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn accept(&mut self, sign: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn unexpected(&self) -> String {
        let near: String = self.rest.chars().take(12).collect();
        if near.is_empty() { "the pattern ends too early".into() } else { format!("unexpected {near}") }
    }

    fn alternatives(&mut self) -> Result<Condition, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the pattern is nested too deeply".into());
        }
        let mut parts = vec![self.all()?];
        while self.accept("||") {
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Or(parts) })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.condition()?];
        while self.accept("&&") {
            parts.push(self.condition()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::And(parts) })
    }

    fn condition(&mut self) -> Result<Condition, String> {
        if self.accept("(") {
            let inner = self.alternatives()?;
            return if self.accept(")") { Ok(inner) } else { Err("`)` is missing".into()) };
        }
        let path = self.selector()?;
        for (words, condition) in [
            ("IS NULL", Condition::Is(path.clone(), Json::Null)),
            ("IS TRUE", Condition::Is(path.clone(), Json::Bool(true))),
            ("IS FALSE", Condition::Is(path.clone(), Json::Bool(false))),
            ("NOT EXISTS", Condition::Missing(path.clone())),
            ("EXISTS", Condition::Exists(path.clone())),
        ] {
            if self.accept(words) {
                return Ok(condition);
            }
        }
        let ops = [
            ("!=", Op::NotEqual),
            ("<=", Op::LessOrEqual),
            (">=", Op::GreaterOrEqual),
            ("=", Op::Equal),
            ("<", Op::Less),
            (">", Op::Greater),
        ];
        let op = ops.into_iter().find(|(sign, _)| self.accept(sign)).ok_or_else(|| self.unexpected())?.1;
        Ok(Condition::Compare(path, op, self.literal()?))
    }

    fn selector(&mut self) -> Result<Vec<Step>, String> {
        if !self.accept("$") {
            return Err(self.unexpected());
        }
        let mut path = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix('.') {
                self.rest = rest;
                let name = self.word(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@'));
                path.push(Step::Member(if name.is_empty() {
                    return Err(self.unexpected());
                } else {
                    name.to_owned()
                }));
            } else if let Some(rest) = self.rest.strip_prefix('[') {
                self.rest = rest;
                let inside = self.word(|c| c != ']');
                path.push(match inside.trim() {
                    "*" => Step::Any,
                    quoted if quoted.starts_with(['"', '\'']) => {
                        Step::Member(quoted.trim_matches(['"', '\'']).to_owned())
                    }
                    index => Step::Index(index.parse().map_err(|_| format!("{index} is not an index"))?),
                });
                if !self.accept("]") {
                    return Err("`]` is missing".into());
                }
            } else {
                return Ok(path);
            }
        }
    }

    fn word(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let (word, rest) = self.rest.split_at(self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn literal(&mut self) -> Result<Literal, String> {
        self.skip();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (text, after) = quoted_text(quoted)?;
            self.rest = after;
            return Ok(Literal::Text(text));
        }
        let word = self.word(|c| !c.is_whitespace() && !matches!(c, ')' | '&' | '|'));
        if word.is_empty() {
            return Err(self.unexpected());
        }
        Ok(word.parse().map_or_else(|_| Literal::Text(word.to_owned()), Literal::Number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_messages() {
        let json = r#"{"level":"ERROR","status":503,"msg":"PoolExhausted: no free","path":"/checkout","ok":false,
            "user":null,"tags":["a","b"],"cause":{"code":"E42"}}"#;
        for (pattern, message, expected) in [
            ("", "anything", true),
            ("ERROR", "2026 ERROR timeout", true),
            ("ERROR", "error", false),
            ("ERROR timeout", "timeout ERROR", true),
            ("ERROR timeout", "ERROR", false),
            ("?ERROR ?WARN", "WARN x", true),
            ("?ERROR ?WARN", "INFO x", false),
            ("ERROR -health", "ERROR health", false),
            ("ERROR -health", "ERROR pool", true),
            ("\"free connection\" -\"a b\"", "no free connection", true),
            ("\"say \\\"hi\\\"\"", "say \"hi\"", true),
            ("{ $.level = \"ERROR\" }", json, true),
            ("{ $.level = ERROR }", json, true),
            ("{ $.level = \"ERR*\" }", json, true),
            ("{ $.msg = \"*Exhausted*free\" }", json, true),
            ("{ $.msg = \"*Exhausted*full\" }", json, false),
            ("{ $.level != \"ERROR\" }", json, false),
            ("{ $.status >= 500 }", json, true),
            ("{ $.status = 503 }", json, true),
            ("{ $.status < 500 }", json, false),
            ("{ ($.status >= 500) && ($.path = \"/cart\") }", json, false),
            ("{ ($.status >= 500 && $.path = \"/checkout\") || $.x = 1 }", json, true),
            ("{ $.tags[0] = a }", json, true),
            ("{ $.tags[*] = \"b\" }", json, true),
            ("{ $.cause.code = \"E*\" }", json, true),
            ("{ $.user IS NULL }", json, true),
            ("{ $.ok IS FALSE }", json, true),
            ("{ $.nope NOT EXISTS }", json, true),
            ("{ $.level EXISTS }", json, true),
            ("{ $.level = \"ERROR\" }", "ERROR not json", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(message), expected, "{pattern} on {message}");
        }
    }

    #[test]
    fn wrong_patterns_say_why() {
        for (pattern, reason) in [
            ("\"open", "not closed"),
            ("a-b", "needs quotes"),
            ("{ $.x = 1", "must end with }"),
            ("{ $.x }", "ends too early"),
            ("{ x = 1 }", "unexpected x"),
            ("{ $.x = }", "ends too early"),
            ("{ ($.x = 1 }", "`)` is missing"),
            ("{ $.x[y] = 1 }", "not an index"),
            ("[ip, user]", "not simulated"),
            ("%re%", "not simulated"),
            ("?", "empty"),
        ] {
            let error = Pattern::parse(pattern).unwrap_err();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
        let deep = format!("{{ {} }}", "(".repeat(5_000));
        assert!(Pattern::parse(&deep).unwrap_err().contains("too deeply"));
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_panics(pattern in "\\PC{0,40}|\\{ ([$().a-z0-9*=<>&|\" \\[\\]]|NOT EXISTS|IS NULL){0,30} \\}", message: String) {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                let _ = pattern.matches(&message);
            }
        }
    }
}
