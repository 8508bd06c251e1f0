//! What is looked for in a line: a literal or a regular expression, smart-case.
//!
//! Text without upper-case letters matches any case. A literal with them is a plain substring search,
//! everything else one compiled regex; both are linear in the line.

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};
use std::ops::Range;

/// Bytes a compiled regex may take; a larger one is refused rather than slow.
const REGEX_BYTES: usize = 1 << 20;

/// A compiled search text.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matcher: Matcher,
}

#[derive(Debug, Clone)]
enum Matcher {
    Exact(Box<Finder<'static>>),
    Regex(Regex),
}

/// Two patterns are equal when they were typed alike: then they match alike.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        let kind = |pattern: &Self| matches!(pattern.matcher, Matcher::Exact(_));
        self.text == other.text && kind(self) == kind(other)
    }
}

impl Pattern {
    /// What `/` searches for: `/regex/` when it begins and ends so, otherwise the literal text.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|regex| !regex.is_empty())
        {
            Some(regex) => Self::regex(regex),
            None => Self::literal(text),
        }
    }

    /// A literal.
    pub fn literal(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("nothing to look for".into());
        }
        let matcher = if has_upper(text) {
            Matcher::Exact(Box::new(Finder::new(text).into_owned()))
        } else {
            Matcher::Regex(compile(&regex::escape(text), true)?)
        };
        Ok(Self { text: text.into(), matcher })
    }

    /// A regular expression. The error is one sentence.
    pub fn regex(text: &str) -> Result<Self, String> {
        // An escape such as \S or \W is not an upper-case letter that was meant.
        let mut escaped = false;
        let meant: String = text
            .chars()
            .filter(|c| {
                let skip = escaped;
                escaped = !escaped && *c == '\\';
                !skip
            })
            .collect();
        Ok(Self { text: text.into(), matcher: Matcher::Regex(compile(text, !has_upper(&meant))?) })
    }

    /// As typed, without the slashes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is in `line`.
    pub fn matches(&self, line: &str) -> bool {
        match &self.matcher {
            Matcher::Exact(finder) => finder.find(line.as_bytes()).is_some(),
            Matcher::Regex(regex) => regex.is_match(line),
        }
    }

    /// Where it is in `line`: byte ranges in order, none empty, none overlapping.
    pub fn ranges(&self, line: &str) -> Vec<Range<usize>> {
        match &self.matcher {
            Matcher::Exact(finder) => {
                finder.find_iter(line.as_bytes()).map(|at| at..at + self.text.len()).collect()
            }
            Matcher::Regex(regex) => {
                regex.find_iter(line).map(|found| found.range()).filter(|range| !range.is_empty()).collect()
            }
        }
    }
}

fn has_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
}

fn compile(pattern: &str, any_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(any_case)
        .multi_line(true)
        .size_limit(REGEX_BYTES)
        .build()
        .map_err(|error| explain(&error))
}

/// The regex crate draws its errors over several lines; the last one says what is wrong.
fn explain(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "this regular expression is too large".into(),
        other => {
            let text = other.to_string();
            let last = text.lines().next_back().unwrap_or_default();
            format!("not a regular expression: {}", last.trim().trim_start_matches("error: "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smart_case() {
        for (pattern, line, hits) in [
            ("error", "ERROR Error error", vec![0..5, 6..11, 12..17]),
            ("Error", "ERROR Error error Error", vec![6..11, 18..23]),
            ("a.c", "abc a.c a.c", vec![4..7, 8..11]),
            ("/a.c/", "abc a.c", vec![0..3, 4..7]),
            (r"/\S+x/", "ABX yx", vec![0..3, 4..6]),
            ("/x*/", "yyy", vec![]),
            ("straße", "STRAßE straße", vec![0..7, 8..15]),
            ("/", "a/b/", vec![1..2, 3..4]),
            ("//", "a//b//", vec![1..3, 4..6]),
        ] {
            let compiled = Pattern::parse(pattern).unwrap();
            assert_eq!(compiled.ranges(line), hits, "{pattern} in {line}");
        }
        assert!(Pattern::parse("ERROR").unwrap() != Pattern::parse("error").unwrap());
    }

    #[test]
    fn refusals_are_one_sentence() {
        for bad in ["", "/(/", "/[z-a]/", "/x{1000000}/"] {
            let message = Pattern::parse(bad).unwrap_err();
            assert!(!message.is_empty() && !message.contains('\n'), "{bad}: {message}");
        }
    }
}
