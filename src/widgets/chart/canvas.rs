//! A grid of dots finer than cells: braille, half blocks, or one mark per cell.
//!
//! A cell has one role, that of the last series that touched it. The canvas knows no values and no time,
//! only dots, and drops those outside of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Marker;
use crate::theme::{Role, Theme};
use crate::widgets::paint;

/// What a series leaves in the cells it touches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pen {
    /// Its role.
    pub role: Role,
    /// Its character where a cell is one mark.
    pub mark: char,
}

/// Dots over a rectangle of cells. Dot (0, 0) is the top left.
#[derive(Debug)]
pub struct Canvas {
    marker: Marker,
    width: usize,
    height: usize,
    cells: Vec<(u8, Option<Pen>)>,
}

impl Canvas {
    /// An empty canvas of `width` x `height` cells.
    pub fn new(marker: Marker, width: u16, height: u16) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self { marker, width, height, cells: vec![(0, None); width * height] }
    }

    /// Columns and rows of dots.
    pub fn dots(&self) -> (usize, usize) {
        let (across, down) = self.marker.dots();
        (self.width * across, self.height * down)
    }

    /// The cell of a dot column.
    pub fn cell_x(&self, x: usize) -> u16 {
        (x / self.marker.dots().0) as u16
    }

    /// The cell of a dot row.
    pub fn cell_y(&self, y: i32) -> Option<u16> {
        let y = usize::try_from(y).ok()? / self.marker.dots().1;
        (y < self.height).then_some(y as u16)
    }

    /// Whether the cell holds any dot.
    pub fn is_drawn(&self, x: u16, y: u16) -> bool {
        let index = usize::from(y) * self.width + usize::from(x);
        self.cells.get(index).is_some_and(|(bits, _)| *bits != 0)
    }

    /// Sets one dot.
    pub fn set(&mut self, x: usize, y: i32, pen: Pen) {
        if let Some((cell, bit)) = self.at(x, y) {
            cell.0 |= bit;
            cell.1 = Some(pen);
        }
    }

    /// Removes one dot; the role of the cell stays.
    pub fn clear(&mut self, x: usize, y: i32) {
        if let Some((cell, bit)) = self.at(x, y) {
            cell.0 &= !bit;
        }
    }

    /// Sets the dots of a column from `from` to `to`, in any order, both included.
    pub fn column(&mut self, x: usize, from: i32, to: i32, pen: Pen) {
        let last = i32::try_from(self.dots().1).unwrap_or(i32::MAX) - 1;
        for y in from.min(to).max(0)..=from.max(to).min(last) {
            self.set(x, y, pen);
        }
    }

    /// A line of dots from one dot to another, to the right of it.
    pub fn line(&mut self, from: (usize, i32), to: (usize, i32), pen: Pen) {
        let across = to.0.saturating_sub(from.0);
        let rise = f64::from(to.1) - f64::from(from.1);
        let mut last = from.1;
        for step in 1..=across {
            let y = f64::from(from.1) + rise * step as f64 / across as f64;
            let y = y.round() as i32;
            // Steep lines fill the column, but do not repeat the dot beside them.
            let start = last + (y - last).signum();
            self.column(from.0 + step, start, y, pen);
            last = y;
        }
    }

    /// Writes the cells that hold dots.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let mut glyph = [0; 4];
        for (index, (bits, pen)) in self.cells.iter().enumerate() {
            let (Some(pen), true) = (pen, *bits != 0) else { continue };
            let (x, y) = (index % self.width, index / self.width);
            let symbol: &str = self.marker.glyph(*bits, pen.mark).encode_utf8(&mut glyph);
            paint::dot(buf, area, area.x + x as u16, area.y + y as u16, symbol, theme.style(pen.role));
        }
    }

    fn at(&mut self, x: usize, y: i32) -> Option<(&mut (u8, Option<Pen>), u8)> {
        let y = usize::try_from(y).ok()?;
        let (across, down) = self.marker.dots();
        if x >= self.width * across {
            return None;
        }
        let bit = self.marker.bit(x % across, y % down);
        self.cells.get_mut(y / down * self.width + x / across).map(|cell| (cell, bit))
    }
}

impl Marker {
    /// Dots in a cell: across and down.
    fn dots(self) -> (usize, usize) {
        match self {
            Marker::Braille => (2, 4),
            Marker::Block => (1, 2),
            Marker::Dot | Marker::Ascii => (1, 1),
        }
    }

    fn bit(self, x: usize, y: usize) -> u8 {
        match self {
            // Unicode numbers braille dots down the left, then the right, and the last row after both.
            Marker::Braille => match (x, y) {
                (_, 3) => 0x40 << x,
                _ => 1 << (x * 3 + y),
            },
            Marker::Block => 1 << y,
            Marker::Dot | Marker::Ascii => 1,
        }
    }

    fn glyph(self, bits: u8, mark: char) -> char {
        match self {
            Marker::Braille => char::from_u32(0x2800 + u32::from(bits)).unwrap_or('⣿'),
            Marker::Block => match bits {
                1 => '▀',
                2 => '▄',
                _ => '█',
            },
            Marker::Dot => '•',
            Marker::Ascii => mark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEN: Pen = Pen { role: Role::Series1, mark: '*' };

    fn drawn(marker: Marker, draw: impl Fn(&mut Canvas)) -> String {
        let area = Rect::new(0, 0, 2, 2);
        let mut canvas = Canvas::new(marker, 2, 2);
        draw(&mut canvas);
        let mut buf = Buffer::empty(area);
        canvas.draw(area, &mut buf, &Theme::plain());
        let rows = buf.content().chunks(2).map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect());
        rows.collect::<Vec<String>>().join("|")
    }

    #[test]
    fn each_dot_has_its_place() {
        for (x, y, want) in [
            (0, 0, "⠁ |  "),
            (0, 1, "⠂ |  "),
            (0, 2, "⠄ |  "),
            (0, 3, "⡀ |  "),
            (1, 0, "⠈ |  "),
            (1, 3, "⢀ |  "),
            (2, 4, "  | ⠁"),
            (3, 7, "  | ⢀"),
            (4, 0, "  |  "),
            (0, 8, "  |  "),
            (0, -1, "  |  "),
        ] {
            assert_eq!(drawn(Marker::Braille, |canvas| canvas.set(x, y, PEN)), want, "{x} {y}");
        }
    }

    #[test]
    fn lines_and_columns_clip() {
        let line = |canvas: &mut Canvas| canvas.column(0, -1_000_000, 1_000_000, PEN);
        assert_eq!(drawn(Marker::Braille, line), "⡇ |⡇ ");
        assert_eq!(drawn(Marker::Block, line), "█ |█ ");
        assert_eq!(drawn(Marker::Dot, line), "• |• ");
        assert_eq!(drawn(Marker::Ascii, line), "* |* ");
        assert_eq!(drawn(Marker::Block, |canvas| canvas.line((0, 3), (1, 0), PEN)), " █| ▀");
        let flat = |canvas: &mut Canvas| {
            canvas.set(0, 1, PEN);
            canvas.line((0, 1), (3, 1), PEN);
        };
        assert_eq!(drawn(Marker::Braille, flat), "⠒⠒|  ");
    }
}
