//! The filter line of the pane (`&`): which lines are shown.
//!
//! Terms are separated by spaces and all must hold: words and `"phrases"` (smart-case), `-term` (must not
//! hold), `/regex/`, `level>=warn`, `field=value` and `field>=number` on JSON fields or `key=value` text,
//! `trace=ID` in either form, `stream=TEXT`.

use super::model::{Format, Level, LogEvent, TraceId};
use super::parse::{json, logfmt, trace};
use super::pattern::Pattern;
use memchr::memmem::Finder;
use std::cmp::Ordering;
use std::fmt;

/// A compiled filter.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

/// Filters are equal when they were typed alike.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Why a filter was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// Where, in characters from the start of the line.
    pub at: usize,
    /// What is wrong and what would be right, in one sentence.
    pub message: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.at + 1, self.message)
    }
}

#[derive(Debug, Clone)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Text(Pattern),
    Level(Compare, Level),
    Field(Box<Field>),
    Trace(TraceId),
    Stream(Pattern),
}

#[derive(Debug, Clone)]
struct Field {
    path: String,
    /// The last part of the path: a line without it cannot have the field.
    key: Finder<'static>,
    compare: Compare,
    value: String,
    number: Option<f64>,
    any_case: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Is,
    Not,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Compare {
    /// Longest first, so that `>=` is not read as `>`.
    const SIGNS: [(&'static str, Compare); 6] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("!=", Self::Not),
        ("=", Self::Is),
        (">", Self::More),
        ("<", Self::Less),
    ];

    fn holds(self, order: Option<Ordering>) -> bool {
        match (self, order) {
            (Self::Is, order) => order == Some(Ordering::Equal),
            (Self::Not, order) => order != Some(Ordering::Equal),
            (Self::Less, order) => order == Some(Ordering::Less),
            (Self::AtMost, order) => order.is_some_and(Ordering::is_le),
            (Self::More, order) => order == Some(Ordering::Greater),
            (Self::AtLeast, order) => order.is_some_and(Ordering::is_ge),
        }
    }
}

impl Filter {
    /// Compiles what was typed; `Ok(None)` for nothing but spaces.
    pub fn parse(text: &str) -> Result<Option<Self>, FilterError> {
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Ok(None);
        }
        let terms = tokens.into_iter().map(Token::compile).collect::<Result<_, _>>()?;
        Ok(Some(Self { text: text.trim().into(), terms }))
    }

    /// A filter that shows one trace.
    pub fn of_trace(id: TraceId) -> Self {
        Self { text: format!("trace={id}"), terms: vec![Term { negated: false, test: Test::Trace(id) }] }
    }

    /// As typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the line is shown.
    pub fn matches(&self, event: &LogEvent) -> bool {
        self.terms.iter().all(|term| term.test.holds(event) != term.negated)
    }
}

impl Test {
    fn holds(&self, event: &LogEvent) -> bool {
        match self {
            Self::Text(pattern) => pattern.matches(&event.message),
            Self::Level(compare, level) => compare.holds(event.facts.level.map(|stated| stated.cmp(level))),
            Self::Field(field) => field.holds(event),
            // A line may name several traces; the one recognised is only the first.
            Self::Trace(id) => {
                event.facts.trace == Some(*id)
                    || event.message.contains(&id.xray())
                    || event.message.contains(&id.w3c())
            }
            Self::Stream(pattern) => pattern.matches(&event.stream),
        }
    }
}

impl Field {
    fn holds(&self, event: &LogEvent) -> bool {
        if self.key.find(event.message.as_bytes()).is_none() {
            return self.compare == Compare::Not;
        }
        let order = match event.facts.format {
            Format::Json => match json::field(&event.message, &self.path) {
                Some(json::Scalar::Number(number)) => {
                    self.number.and_then(|wanted| number.partial_cmp(&wanted))
                }
                Some(json::Scalar::Text(text)) => self.order(&text),
                Some(json::Scalar::Bool(value)) => self.order(if value { "true" } else { "false" }),
                Some(json::Scalar::Null) => self.order("null"),
                Some(json::Scalar::Nested) | None => None,
            },
            Format::Text => logfmt::field(&event.message, &self.path).and_then(|text| self.order(text)),
        };
        self.compare.holds(order)
    }

    /// Numbers compare as numbers when both are; text is compared only for being the same.
    fn order(&self, text: &str) -> Option<Ordering> {
        if let (Some(wanted), Ok(number)) = (self.number, text.parse::<f64>()) {
            return number.partial_cmp(&wanted);
        }
        let same = if self.any_case {
            text.chars().flat_map(char::to_lowercase).eq(self.value.chars())
        } else {
            text == self.value
        };
        same.then_some(Ordering::Equal)
    }
}

/// One term as typed.
#[derive(Debug)]
struct Token {
    at: usize,
    negated: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Word(String),
    Phrase(String),
    Regex(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    let char_at = |i: usize| chars.get(i).copied();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = char_at(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let negated = c == '-' && char_at(at + 1).is_some_and(|next| !next.is_whitespace());
        at += usize::from(negated);
        let (kind, end) = match char_at(at) {
            Some('"') => {
                let end = close(&chars, at, '"')
                    .ok_or_else(|| error(at, "this quote is not closed: add \" at its end"))?;
                (Kind::Phrase(chars.get(at + 1..end).unwrap_or_default().iter().collect()), end + 1)
            }
            // A word such as /pay is a path: only a slash before a space or the end makes it a regex.
            Some('/') => match close_regex(&chars, at) {
                Some(end) => {
                    (Kind::Regex(chars.get(at + 1..end).unwrap_or_default().iter().collect()), end + 1)
                }
                None => word(&chars, at),
            },
            _ => word(&chars, at),
        };
        tokens.push(Token { at: start, negated, kind });
        at = end;
    }
    Ok(tokens)
}

/// A word; a quoted part of it (`msg="a b"`) may hold spaces.
fn word(chars: &[char], start: usize) -> (Kind, usize) {
    let mut word = String::new();
    let mut at = start;
    let mut quoted = false;
    while let Some(c) = chars.get(at) {
        if c.is_whitespace() && !quoted {
            break;
        }
        let opens = !quoted && word.ends_with('=') && close(chars, at, '"').is_some();
        if *c == '"' && (quoted || opens) {
            quoted = !quoted;
        } else {
            word.push(*c);
        }
        at += 1;
    }
    (Kind::Word(word), at)
}

/// Where the next `delimiter` after `open` is, unless a backslash stands before it.
fn close(chars: &[char], open: usize, delimiter: char) -> Option<usize> {
    let mut escaped = false;
    chars.iter().enumerate().skip(open + 1).find_map(|(at, c)| {
        let here = !escaped && *c == delimiter;
        escaped = !escaped && *c == '\\';
        here.then_some(at)
    })
}

fn close_regex(chars: &[char], open: usize) -> Option<usize> {
    let mut from = open;
    loop {
        let end = close(chars, from, '/')?;
        if end > open + 1 && chars.get(end + 1).is_none_or(|next| next.is_whitespace()) {
            return Some(end);
        }
        from = end;
    }
}

fn error(at: usize, message: impl Into<String>) -> FilterError {
    FilterError { at, message: message.into() }
}

impl Token {
    fn compile(self) -> Result<Term, FilterError> {
        let Self { at, negated, kind } = self;
        let at = at + usize::from(negated);
        let text = |pattern: Result<Pattern, String>| pattern.map_err(|message| error(at, message));
        let test = match kind {
            Kind::Regex(regex) => Test::Text(text(Pattern::regex(&regex))?),
            Kind::Phrase(phrase) => Test::Text(text(Pattern::literal(&phrase))?),
            Kind::Word(word) => match comparison(&word) {
                Some((key, compare, value)) => compile_comparison(at, key, compare, value)?,
                None => Test::Text(text(Pattern::literal(&word))?),
            },
        };
        Ok(Term { negated, test })
    }
}

/// `key OP value`, when the word before the sign can be a field name.
fn comparison(word: &str) -> Option<(&str, Compare, &str)> {
    let sign = word.find(['=', '>', '<', '!'])?;
    let (key, rest) = word.split_at_checked(sign)?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-' | '$');
    if key.is_empty() || !key.chars().all(is_name) {
        return None;
    }
    Compare::SIGNS.iter().find_map(|(sign, compare)| Some((key, *compare, rest.strip_prefix(sign)?)))
}

fn compile_comparison(at: usize, key: &str, compare: Compare, value: &str) -> Result<Test, FilterError> {
    let value_at = at + key.chars().count() + 1;
    if value.is_empty() {
        return Err(error(value_at, format!("a value is missing after {key}, for example {key}=502")));
    }
    let equality = compare == Compare::Is;
    match key {
        "level" => Level::from_word(value).map(|level| Test::Level(compare, level)).ok_or_else(|| {
            error(value_at, format!("{value} is not a level: use trace, debug, info, warn, error or fatal"))
        }),
        "trace" if equality => trace::in_value(value)
            .map(Test::Trace)
            .ok_or_else(|| error(value_at, "a trace id is 1-8hex-24hex or 32 hex digits")),
        "stream" if equality => {
            Pattern::literal(value).map(Test::Stream).map_err(|message| error(value_at, message))
        }
        _ => {
            let number = value.parse::<f64>().ok();
            if number.is_none() && !matches!(compare, Compare::Is | Compare::Not) {
                return Err(error(value_at, format!("only numbers can be compared: {value} is none")));
            }
            let last = key.rsplit('.').next().unwrap_or(key);
            Ok(Test::Field(Box::new(Field {
                path: key.into(),
                key: Finder::new(last).into_owned(),
                compare,
                value: value.into(),
                number,
                any_case: !value.chars().any(char::is_uppercase),
            })))
        }
    }
}
