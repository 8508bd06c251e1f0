//! Fitting text into cells: display width, cutting, padding. All widths are terminal cells.
//!
//! Text is cut between grapheme clusters, never inside one. The ellipsis comes from the theme's glyphs, so
//! that `--ascii` stays ASCII.

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A text of at most `max` cells, its end replaced by the ellipsis when it is longer.
pub fn cut_end<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let Some(room) = max.checked_sub(width(ellipsis)) else {
        return Cow::Borrowed(head(text, max));
    };
    Cow::Owned(format!("{}{ellipsis}", head(text, room)))
}

/// A text of at most `max` cells, its middle replaced by the ellipsis when it is longer: for ids and paths,
/// whose two ends tell them apart. The head gets three fifths.
pub fn cut_middle<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let Some(room) = max.checked_sub(width(ellipsis)) else {
        return Cow::Borrowed(head(text, max));
    };
    let tail = tail(text, room * 2 / 5);
    Cow::Owned(format!("{}{ellipsis}{tail}", head(text, room - width(tail))))
}

/// The text with spaces after it, `to` cells wide; longer text is left alone.
pub fn pad_right(text: &str, to: usize) -> String {
    format!("{text}{:1$}", "", to.saturating_sub(width(text)))
}

/// The text with spaces before it, `to` cells wide: for numbers.
pub fn pad_left(text: &str, to: usize) -> String {
    format!("{:1$}{text}", "", to.saturating_sub(width(text)))
}

/// The text in lines of at most this width; words are kept together where
/// they fit, and nothing is cut.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut rows = Vec::new();
    let mut row = String::new();
    for word in text.split_inclusive(' ') {
        if !row.is_empty() && width(&row) + width(word.trim_end()) > room {
            rows.push(std::mem::take(&mut row).trim_end().to_owned());
        }
        for c in word.chars() {
            let cell = UnicodeWidthChar::width(c).unwrap_or(0);
            if width(&row) + cell > room {
                rows.push(std::mem::take(&mut row).trim_end().to_owned());
            }
            // A space that a line has no room for ends it and does not begin the next one.
            if c != ' ' || !row.is_empty() || rows.is_empty() {
                row.push(c);
            }
        }
    }
    if !row.trim_end().is_empty() {
        rows.push(row.trim_end().to_owned());
    }
    rows
}

/// The longest beginning that fits.
fn head(text: &str, max: usize) -> &str {
    let mut used = 0;
    let end = text.grapheme_indices(true).find(|(_, cluster)| {
        used += width(cluster);
        used > max
    });
    end.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// The longest end that fits.
fn tail(text: &str, max: usize) -> &str {
    let mut used = 0;
    let start = text.grapheme_indices(true).rev().find(|(_, cluster)| {
        used += width(cluster);
        used > max
    });
    start.and_then(|(at, cluster)| text.get(at + cluster.len()..)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_end_is_cut() {
        let cases = [
            ("checkout", 8, "checkout"),
            ("checkout", 7, "checko…"),
            ("checkout", 1, "…"),
            ("checkout", 0, ""),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
        ];
        for (text, max, expected) in cases {
            assert_eq!(cut_end(text, max, "…"), expected, "{text} in {max}");
        }
    }

    #[test]
    fn the_middle_is_cut() {
        let cases = [
            ("app/web/50dc6c495c0c9f3c", 12, "app/web…9f3c"),
            ("app/web/50dc6c495c0c9f3c", 24, "app/web/50dc6c495c0c9f3c"),
            ("abcdef", 3, "ab…"),
            ("abcdef", 1, "…"),
            ("日本語日本語", 6, "日…語"),
        ];
        for (text, max, expected) in cases {
            assert_eq!(cut_middle(text, max, "…"), expected, "{text} in {max}");
        }
    }

    #[test]
    fn padding_counts_cells() {
        assert_eq!(pad_right("日本", 6), "日本  ");
        assert_eq!(pad_left("1.41 s", 8), "  1.41 s");
        assert_eq!(pad_left("longer", 3), "longer");
    }

    proptest! {
        #[test]
        fn a_cut_always_fits(text in "\\PC{0,20}", max in 0usize..25) {
            prop_assert!(width(&cut_end(&text, max, "…")) <= max);
            prop_assert!(width(&cut_middle(&text, max, "...")) <= max);
        }
    }
}
