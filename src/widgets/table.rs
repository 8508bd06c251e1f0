//! The one list widget: columns that give way when narrow, a cursor that stays in view.
//!
//! Only visible rows are asked for, so the length of a list costs nothing. The only thing kept between two
//! draws is the first visible row, in a cell of the caller. Sorting, filtering and keys are the caller's.

use std::borrow::Cow;
use std::cell::Cell as Memory;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::paint::{cells, dot, put, put_right};
use crate::text::cut_end;
use crate::theme::{Role, Theme};

/// Rows kept visible above and below the cursor.
const SCROLL_OFF: usize = 3;

/// Cells between two columns.
const SPACE: u16 = 2;

/// On which side a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// Text.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column<'a> {
    /// The text of the header.
    pub title: &'a str,
    /// Cells it needs.
    pub min: u16,
    /// Its share of the cells left over; 0 keeps it at `min`.
    pub flex: u16,
    /// The side its text stands on.
    pub align: Align,
    /// When cells are missing, the column with the greatest number goes first. The last one stays.
    pub priority: u8,
}

impl<'a> Column<'a> {
    /// A left-aligned column of `min` cells.
    pub fn new(title: &'a str, min: u16) -> Self {
        Self { title, min, flex: 0, align: Align::Left, priority: 0 }
    }

    /// Lets the column grow.
    #[must_use]
    pub fn flex(self, flex: u16) -> Self {
        Self { flex, ..self }
    }

    /// Aligns the column to the right.
    #[must_use]
    pub fn right(self) -> Self {
        Self { align: Align::Right, ..self }
    }

    /// Sets how early the column goes when cells are missing.
    #[must_use]
    pub fn priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }
}

/// A piece of text and what it means.
pub type Span<'a> = (Cow<'a, str>, Role);

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell<'a> {
    /// From left to right, without space between.
    pub spans: Vec<Span<'a>>,
}

impl<'a> Cell<'a> {
    /// A cell of one span.
    pub fn new(text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        Self { spans: vec![(text.into(), role)] }
    }

    /// Adds a span.
    #[must_use]
    pub fn and(mut self, text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        self.spans.push((text.into(), role));
        self
    }

    fn width(&self) -> u16 {
        self.spans.iter().fold(0, |sum, (text, _)| sum.saturating_add(cells(text)))
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text, Role::Text)
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::new(text, Role::Text)
    }
}

/// The cells of one row, as many as the table has columns; missing ones stay empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row<'a> {
    /// One per column.
    pub cells: Vec<Cell<'a>>,
}

impl<'a, T: Into<Cell<'a>>, const N: usize> From<[T; N]> for Row<'a> {
    fn from(cells: [T; N]) -> Self {
        Self { cells: cells.into_iter().map(Into::into).collect() }
    }
}

/// A list of rows in columns.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    /// From left to right.
    pub columns: &'a [Column<'a>],
    /// How many rows there are.
    pub len: usize,
    /// The row with the cursor.
    pub selected: Option<usize>,
    /// The table has the focus: the cursor is shown.
    pub focused: bool,
    /// Show the titles of the columns.
    pub header: bool,
}

impl<'a> Table<'a> {
    /// A focused table with a header.
    pub fn new(columns: &'a [Column<'a>], len: usize, selected: Option<usize>) -> Self {
        Self { columns, len, selected, focused: true, header: true }
    }

    /// Draws into `area`. `top` remembers the first visible row; `row` is asked for visible rows only.
    pub fn render<'r>(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        top: &Memory<usize>,
        mut row: impl FnMut(usize) -> Row<'r>,
    ) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let mut body = area;
        if self.header && area.height >= 2 {
            body.y += 1;
            body.height -= 1;
        }
        let more = self.len > usize::from(body.height) && body.height >= 4;
        body.height -= u16::from(more);
        let selected = self.selected.map(|selected| selected.min(self.len.saturating_sub(1)));
        let first = scroll(top.get(), selected, self.len, usize::from(body.height));
        top.set(first);

        // The first cell of a row belongs to the cursor.
        let places = layout(self.columns, area.width.saturating_sub(1));
        if body.y > area.y {
            for (index, x, wide) in &places {
                let column = &self.columns[*index];
                let place = Rect::new(area.x + 1 + x, area.y, *wide, 1);
                let title = Cell::new(column.title, Role::Dim);
                draw_cell(&title, column.align, place, buf, theme);
            }
        }
        for (y, index) in body.rows().zip(first..self.len) {
            let cells = row(index).cells;
            for (column, x, wide) in &places {
                let Some(cell) = cells.get(*column) else { continue };
                let place = Rect::new(area.x + 1 + x, y.y, *wide, 1);
                draw_cell(cell, self.columns[*column].align, place, buf, theme);
            }
            if self.focused && selected == Some(index) {
                buf.set_style(y, theme.style(Role::Selected));
                keep_bars(y, buf);
                dot(buf, y, y.x, y.y, theme.glyphs().focus, theme.style(Role::Accent));
            }
        }
        if more {
            let shown = selected.map_or(first + usize::from(body.height), |selected| selected + 1);
            let text = format!("{shown} of {}", self.len);
            put_right(buf, area, body.bottom(), &text, theme.style(Role::Dim));
        }
    }
}

/// Bars are drawn in what is reversed of all else: a full cell would have the colour of an empty one.
fn keep_bars(row: Rect, buf: &mut Buffer) {
    let is_block = |c: char| ('\u{2580}'..='\u{259f}').contains(&c);
    for place in row.positions() {
        if let Some(cell) = buf.cell_mut(place).filter(|cell| cell.symbol().starts_with(is_block)) {
            cell.modifier.remove(Modifier::REVERSED);
        }
    }
}

fn draw_cell(cell: &Cell, align: Align, place: Rect, buf: &mut Buffer, theme: &Theme) {
    let place = place.intersection(buf.area);
    let mut x = match align {
        Align::Right => place.right() - cell.width().min(place.width),
        Align::Left => place.x,
    };
    let mut spans = cell.spans.iter().filter(|(text, _)| !text.is_empty()).peekable();
    while let Some((text, role)) = spans.next() {
        let room = place.right().saturating_sub(x);
        let wide = cells(text);
        let style = theme.style(*role);
        // A span that fits is cut all the same if what follows has no room even for the ellipsis.
        if wide < room || (wide == room && spans.peek().is_none()) {
            x += put(buf, place, x, place.y, text, style);
            continue;
        }
        let ellipsis = theme.glyphs().ellipsis;
        let start = cut_end(text, usize::from(room.saturating_sub(cells(ellipsis))), "");
        x += put(buf, place, x, place.y, &start, style);
        put(buf, place, x, place.y, ellipsis, style);
        return;
    }
}

/// The visible columns with their places: index, cells from the left, width.
pub fn layout(columns: &[Column], width: u16) -> Vec<(usize, u16, u16)> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let need = |kept: &[usize]| {
        let mins: u32 = kept.iter().map(|index| u32::from(columns[*index].min)).sum();
        mins + u32::from(SPACE) * kept.len().saturating_sub(1) as u32
    };
    while kept.len() > 1 && need(&kept) > u32::from(width) {
        // Of equal ones the rightmost goes.
        let least = kept.iter().enumerate().max_by_key(|(place, index)| (columns[**index].priority, *place));
        let Some((place, _)) = least else { break };
        kept.remove(place);
    }
    let spare = u32::from(width).saturating_sub(need(&kept));
    let shares: u32 = kept.iter().map(|index| u32::from(columns[*index].flex)).sum();
    let (mut x, mut given, mut counted) = (0_u16, 0, 0);
    let mut out = Vec::with_capacity(kept.len());
    for index in kept {
        let column = &columns[index];
        // Rounding by running sums, so that all of the spare cells are given away.
        counted += u32::from(column.flex);
        let until = (spare * counted).checked_div(shares).unwrap_or(0);
        let wide = column.min.saturating_add((until - given) as u16).min(width.saturating_sub(x));
        given = until;
        out.push((index, x, wide));
        x = x.saturating_add(wide).saturating_add(SPACE);
    }
    out
}

/// The first visible row: `top` if the cursor is in view from there, else the nearest that shows it with
/// some rows around it.
pub fn scroll(top: usize, cursor: Option<usize>, len: usize, rows: usize) -> usize {
    let end = len.saturating_sub(rows);
    let top = top.min(end);
    let Some(cursor) = cursor.filter(|_| rows > 0) else { return top };
    let around = SCROLL_OFF.min((rows - 1) / 2);
    let lowest = (cursor + around + 1).saturating_sub(rows);
    let highest = cursor.saturating_sub(around);
    top.clamp(lowest.min(highest), highest).min(end)
}

#[cfg(test)]
mod tests;
