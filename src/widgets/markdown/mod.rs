//! CloudWatch's markdown as rows of text: headings, lists, tables, links, buttons and code.
//!
//! Reading (`read`) and fitting into a width (`wrap`) are apart from drawing, so that a screen can keep what
//! they made. HTML is shown as it is written and pictures by their words: a terminal shows neither. Links are
//! listed, never followed here. Pure.

mod read;
mod wrap;

#[cfg(test)]
mod tests;

pub use read::parse;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::put;
use crate::theme::{Role, Theme};

/// A text as it was understood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Markdown {
    blocks: Vec<Block>,
    /// Every link, in reading order.
    pub links: Vec<Destination>,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// As it was written: an address, or `#dashboards:name=NAME`.
    pub url: String,
    /// What stands for it in the text.
    pub text: String,
}

/// A part of a text that stands on rows of its own.
#[derive(Debug, Clone, PartialEq)]
struct Block {
    kind: Kind,
    /// Lists and quotes it is in.
    depth: u16,
    /// What stands before its first row, as `•` or `2.`.
    bullet: Option<Bullet>,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// Its level, 1 to 6.
    Heading(u8, Vec<Piece>),
    Paragraph(Vec<Piece>),
    /// Lines that are not wrapped.
    Code(Vec<String>),
    Table(Grid),
    Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Bullet {
    Dot,
    Number(u64),
    Quote,
}

/// The cells of a table. The first row is its header.
#[derive(Debug, Clone, PartialEq, Default)]
struct Grid {
    /// Columns whose text stands on the right.
    right: Vec<bool>,
    rows: Vec<Vec<Vec<Piece>>>,
}

/// Text of one look.
#[derive(Debug, Clone, PartialEq, Default)]
struct Piece {
    text: String,
    face: Face,
    /// Index of its link.
    link: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Face {
    #[default]
    Plain,
    Strong,
    Code,
    Dim,
}

/// Text of one role in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Of one row.
    pub text: String,
    /// What it is.
    pub role: Role,
    /// Index of the link it belongs to.
    pub link: Option<usize>,
}

/// One row of text.
pub type Row = Vec<Span>;

impl Markdown {
    /// The rows at this width, blocks apart by an empty row where `airy`.
    pub fn lay_out(&self, width: u16, airy: bool, theme: &Theme) -> Vec<Row> {
        wrap::rows(&self.blocks, width, airy, theme)
    }

    /// The rows that suit an area: apart while all of them fit, closed up when they do not.
    pub fn fit(&self, area: Rect, theme: &Theme) -> Vec<Row> {
        let airy = self.lay_out(area.width, true, theme);
        if airy.len() <= usize::from(area.height) { airy } else { self.lay_out(area.width, false, theme) }
    }

    /// A text of nothing but one heading: a bar that divides a dashboard.
    pub fn is_heading(&self) -> bool {
        matches!(self.blocks.as_slice(), [Block { kind: Kind::Heading(..), .. }])
    }
}

/// Plain words broken into lines of this width.
pub fn wrap_plain(text: &str, width: u16, role: Role) -> Vec<Row> {
    wrap::plain(text, usize::from(width), role)
}

/// Draws rows from the top of `area`, the chosen link marked.
pub fn draw(rows: &[Row], link: Option<usize>, area: Rect, buf: &mut Buffer, theme: &Theme) {
    for (row, y) in rows.iter().zip(area.top()..area.bottom()) {
        let mut x = area.x;
        for span in row {
            let chosen = link.is_some() && span.link == link;
            let style = theme.style(span.role);
            let style = if chosen { style.patch(theme.style(Role::Selected)) } else { style };
            x += put(buf, area, x, y, &span.text, style);
        }
    }
}
