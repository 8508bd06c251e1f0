//! Widgets: the pieces every screen is drawn from.
//!
//! Each takes plain values and draws into a buffer by roles of the theme. None knows a feature, reads a
//! clock or does IO; drawing twice gives the same buffer, and any area from 0x0 up is fine.

pub mod chart;
pub mod input;
pub mod paint;
pub mod progress;
pub mod sparkline;
pub mod table;

#[cfg(test)]
pub(crate) mod testing {
    //! What the tests of all widgets need.

    use ratatui::buffer::{Buffer, Cell};

    use crate::theme::Theme;

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
}
