//! Frames for what lies over a pane: centred, cleared, bordered, never larger than the screen.

use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

/// Borders of `--ascii`.
const ASCII_BORDER: border::Set = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Clears a centred box of at most this size, draws its border and titles, and returns what is inside.
pub fn frame(
    area: Rect,
    width: u16,
    height: u16,
    title: &str,
    footer: &str,
    buf: &mut Buffer,
    theme: &Theme,
) -> Rect {
    let area = area.intersection(buf.area);
    let (width, height) = (width.min(area.width), height.min(area.height));
    let rect =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(rect, buf);
    let block = Block::bordered()
        .border_set(if theme.ascii { ASCII_BORDER } else { border::PLAIN })
        .border_style(theme.style(Role::Border))
        .title(Line::styled(title.to_owned(), theme.style(Role::Accent)))
        .title_bottom(Line::styled(footer.to_owned(), theme.style(Role::Dim)).right_aligned());
    let inner = block.inner(rect);
    block.render(rect, buf);
    if inner.width > 4 { inner.inner(Margin::new(1, 0)) } else { inner }
}

/// Writes lines from the top of an area, as many as fit.
pub fn lines(area: Rect, lines: &[Line], buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    for (row, line) in area.rows().zip(lines) {
        line.render(row, buf);
    }
}

/// Cuts rows off the top of an area.
pub fn split_top(area: Rect, rows: u16) -> [Rect; 2] {
    let rows = rows.min(area.height);
    [Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area }]
}

/// Cuts rows off the bottom of an area: what remains, then the rows.
pub fn split_bottom(area: Rect, rows: u16) -> [Rect; 2] {
    let rows = rows.min(area.height);
    split_top(area, area.height - rows)
}
