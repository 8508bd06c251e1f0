//! Text: making remote text safe, and fitting values into cells. Pure.

use std::borrow::Cow;

/// Makes one line of remote text safe for a terminal: escape sequences are removed as units, control
/// characters become visible symbols, newlines too.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().map(|c| if c.is_control() { '␦' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// As [`sanitize`], but newlines stay.
pub fn sanitize_block(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.lines().map(|line| sanitize(line).into_owned()).collect::<Vec<_>>().join("\n"))
}

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}
