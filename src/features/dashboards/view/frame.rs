//! The frame of a widget: a thin border with the title, what matters at the right of it, problems below.
//!
//! The focused widget has the accent and a bar before its title.

use crate::text::cut_end;
use crate::theme::{Role, Theme};
use crate::widgets::paint::{cells, dot, put};
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};

/// What stands around a widget.
pub struct Frame<'a> {
    /// At the top left.
    pub title: &'a str,
    /// Behind the title, less important.
    pub about: String,
    /// At the top right, as much as fits.
    pub right: Vec<(String, Role)>,
    /// At the bottom left.
    pub note: Option<(String, Role)>,
    /// The widget has the focus.
    pub focused: bool,
}

impl Frame<'_> {
    /// What is inside of the frame around `area`.
    pub fn inner(area: Rect) -> Rect {
        if area.width < 4 || area.height < 3 { area } else { area.inner(Margin::new(1, 1)) }
    }

    /// Draws it around `area`; areas too small for a frame have none.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let area = area.intersection(buf.area);
        if area.width < 4 || area.height < 3 {
            return;
        }
        let line = theme.style(if self.focused { Role::Accent } else { Role::Rule });
        let [flat, side, corners] =
            if theme.ascii { ["-", "|", "++++"] } else { ["─", "│", "┌┐└┘"] };
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.left()..area.right() {
            dot(buf, area, x, area.y, flat, line);
            dot(buf, area, x, bottom, flat, line);
        }
        for y in area.top()..area.bottom() {
            dot(buf, area, area.x, y, side, line);
            dot(buf, area, right, y, side, line);
        }
        let at = [(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)];
        for ((x, y), corner) in at.into_iter().zip(corners.chars()) {
            dot(buf, area, x, y, corner.encode_utf8(&mut [0; 4]), line);
        }
        self.top(Rect { x: area.x + 1, width: area.width - 2, height: 1, ..area }, buf, theme);
        if let Some((note, role)) = &self.note {
            let room = usize::from(area.width).saturating_sub(6);
            let note = format!(" {} ", cut_end(note, room, theme.glyphs().ellipsis));
            put(buf, area, area.x + 2, bottom, &note, theme.style(*role));
        }
    }

    fn top(&self, line: Rect, buf: &mut Buffer, theme: &Theme) {
        let ellipsis = theme.glyphs().ellipsis;
        // The title keeps three fifths of the line, or as much as it needs.
        let title = cells(self.title).saturating_add(3).min(line.width * 3 / 5);
        let mut end = line.right();
        let mut room = line.width.saturating_sub(title + 1);
        let mut texts = Vec::new();
        for (text, role) in &self.right {
            let wide = cells(text).saturating_add(2);
            if wide > room {
                break;
            }
            room -= wide;
            texts.push((text, role));
        }
        for (text, role) in texts.into_iter().rev() {
            let wide = cells(text) + 2;
            end -= wide;
            put(buf, line, end, line.y, &format!(" {text} "), theme.style(*role));
        }
        let mut x = line.x;
        if self.focused {
            x += put(buf, line, x, line.y, theme.glyphs().focus, theme.style(Role::Accent));
        }
        let room = usize::from(end.saturating_sub(x));
        if !self.title.is_empty() && room > 3 {
            let text = cut_end(self.title, room.saturating_sub(3), ellipsis);
            let lead = if self.focused { "" } else { " " };
            let role = if self.focused { Role::Accent } else { Role::Strong };
            x += put(buf, line, x, line.y, &format!("{lead}{text} "), theme.style(role));
        }
        let room = usize::from(end.saturating_sub(x));
        if !self.about.is_empty() && room > 8 {
            let text = cut_end(&self.about, room.saturating_sub(3), ellipsis);
            put(buf, line, x, line.y, &format!(" {text} "), theme.style(Role::Dim));
        }
    }
}
