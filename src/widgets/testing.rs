//! What the tests of all widgets need.
#![expect(clippy::missing_panics_doc, reason = "a failed test is the point")]

use ratatui::buffer::{Buffer, Cell};

use crate::theme::{ColorDepth, Theme};

/// The buffer as text, without spaces at the ends of lines.
pub fn lines(buf: &Buffer) -> String {
    let rows = buf.content().chunks(usize::from(buf.area.width.max(1)));
    let rows = rows.map(|row| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

/// A theme for terminals without Unicode.
pub fn ascii() -> Theme {
    let mut theme = Theme::plain();
    theme.ascii = true;
    theme
}

/// The theme that ships as the default, in full colour.
pub fn dark() -> Theme {
    Theme::load("dark", &[], ColorDepth::True, false).unwrap()
}
