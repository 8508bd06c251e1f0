//! The few strokes that widgets share: text and glyphs that never leave their area.
//!
//! Widths are display cells, never bytes or characters. Nothing here knows what it draws.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::text::width;

/// Writes `text` at (`x`, `y`) as far as it fits into `area`, and returns the cells used.
///
/// Positions outside `area` or the buffer write nothing.
pub fn put(buf: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buf.area);
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return 0;
    }
    let room = usize::from(area.right() - x);
    let (end, _) = buf.set_stringn(x, y, text, room, style);
    end.saturating_sub(x)
}

/// As [`put`], but the text ends at the right edge of `area`. Text wider than the area is cut at its end.
pub fn put_right(buf: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) -> u16 {
    let used = cells(text).min(area.width);
    put(buf, area, area.right().saturating_sub(used), y, text, style)
}

/// Writes one glyph at (`x`, `y`) if that is inside `area`.
pub fn dot(buf: &mut Buffer, area: Rect, x: u16, y: u16, glyph: &str, style: Style) {
    if area.contains((x, y).into())
        && let Some(cell) = buf.cell_mut((x, y))
    {
        cell.set_symbol(glyph).set_style(style);
    }
}

/// How many cells a text takes, as a screen coordinate.
pub fn cells(text: &str) -> u16 {
    u16::try_from(width(text)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn put_stays_inside() {
        let mut buf = Buffer::empty(Rect::new(2, 2, 4, 1));
        let wide = Rect::new(0, 0, 100, 100);
        for (x, y) in [(0, 0), (2, 1), (2, 3), (6, 2), (50, 50)] {
            assert_eq!(put(&mut buf, wide, x, y, "text", Style::new()), 0);
        }
        assert_eq!(put(&mut buf, wide, 4, 2, "text", Style::new()), 2);
        assert_eq!(put_right(&mut buf, Rect::new(2, 2, 2, 1), 2, "text", Style::new()), 2);
        assert_eq!(buf, Buffer::with_lines(["tete"]).clone_at(2, 2));
    }

    trait CloneAt {
        fn clone_at(self, x: u16, y: u16) -> Self;
    }

    impl CloneAt for Buffer {
        fn clone_at(mut self, x: u16, y: u16) -> Self {
            self.area.x = x;
            self.area.y = y;
            self
        }
    }
}
