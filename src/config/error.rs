//! What is wrong with a file a person wrote: where, which key, and what was probably meant.
//!
//! Themes, scenarios and the config itself report with the same type, so that bad input always reads the
//! same. Nothing here knows the keys.

use crate::text::sanitize;
use std::ops::Range;

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {message}{}", at(*line), hint(suggestion.as_deref()))]
pub struct ConfigError {
    /// The file as named by the user, or what stands in for one (`--theme`).
    pub file: String,
    /// Line, from 1; 0 when the error belongs to no line.
    pub line: usize,
    /// Column in characters, from 1; 0 when the error belongs to no line.
    pub column: usize,
    /// Path of the key, for example `ui.theme` or `target[1].region`; empty for a syntax error.
    pub key: String,
    /// What is wrong, in one line.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

fn at(line: usize) -> String {
    if line == 0 { String::new() } else { format!(":{line}") }
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map(|s| format!(" (did you mean `{s}`?)")).unwrap_or_default()
}

impl ConfigError {
    /// An error about a name that belongs to no line of a file, such as a flag's value.
    pub fn unplaced(file: &str, message: String, suggestion: Option<String>) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0, key: String::new(), message, suggestion }
    }
}

/// A file's name and text: makes errors that know their place.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The file's name for messages.
    pub file: &'a str,
    /// Its whole text.
    pub text: &'a str,
}

impl Origin<'_> {
    /// An error at a byte range of the text; without one, at no line.
    pub fn error(
        self,
        span: Option<Range<usize>>,
        key: &str,
        message: impl Into<String>,
        suggestion: Option<String>,
    ) -> ConfigError {
        // A file may be somebody else's: what it holds must not reach the terminal as it is.
        let message = sanitize(&message.into()).into_owned();
        let (line, column) = span.map_or((0, 0), |span| self.position(span.start));
        ConfigError { file: self.file.to_owned(), line, column, key: key.to_owned(), message, suggestion }
    }

    /// A file that is not TOML at all.
    pub fn syntax(self, error: &toml_edit::TomlError) -> ConfigError {
        let mut message = error.message().lines().collect::<Vec<_>>().join(", ");
        if message == "duplicate key"
            && let Some(key) = error.span().and_then(|span| self.text.get(span))
        {
            message = format!("key `{}` is given twice", key.trim());
        }
        self.error(error.span(), "", message, None)
    }

    /// Line and column of a byte offset, both from 1.
    fn position(self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..self.text.floor_char_boundary(offset)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// The candidate that a mistyped word most probably meant, if any is close enough to be worth saying.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(3)) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_one_line() {
        let origin = Origin { file: "config.toml", text: "a = 1\n  größe = 2\n" };
        let error = origin.error(Some(17..18), "größe", "unknown key `größe`", Some("grid".into()));
        assert_eq!((error.line, error.column), (2, 10));
        assert_eq!(error.to_string(), "config.toml:2: unknown key `größe` (did you mean `grid`?)");
        let error = origin.error(None, "a", "a: `\x1b[2J\u{7}`", None);
        assert_eq!(error.to_string(), "config.toml: a: `␇`");
        let error = ConfigError::unplaced("--theme", "no theme `x`".into(), None);
        assert_eq!(error.to_string(), "--theme: no theme `x`");
    }

    #[test]
    fn only_close_words_are_suggested() {
        let keys = ["theme", "ascii", "zone"];
        let cases = [
            ("theem", Some("theme")),
            ("Theme", Some("theme")),
            ("zones", Some("zone")),
            ("colour", None),
            ("x", None),
            ("", None),
        ];
        for (word, expected) in cases {
            assert_eq!(suggest(word, keys).as_deref(), expected, "{word}");
        }
    }
}
