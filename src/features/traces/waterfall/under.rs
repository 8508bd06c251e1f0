//! Drawing what is known of one span: below the waterfall, or over all of it.

use crate::features::logs::row::Line;
use crate::theme::{Role, Theme};
use crate::widgets::dialog::{split_bottom, split_top};
use crate::widgets::paint::{put, put_right};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn write(line: &Line, row: Rect, buf: &mut Buffer, theme: &Theme) {
    let mut x = row.x + 1;
    for segment in line {
        x += put(buf, row, x, row.y, &segment.text, theme.style(segment.role));
    }
}

/// The details below a waterfall, as many lines as fit.
pub(super) fn details(title: &Line, lines: &[Line], area: Rect, buf: &mut Buffer, theme: &Theme) {
    let [head, body] = split_top(area, 1);
    write(title, head, buf, theme);
    for (row, line) in body.rows().zip(lines) {
        write(line, row, buf, theme);
    }
    let hidden = lines.len().saturating_sub(usize::from(body.height));
    if hidden > 0 {
        let text = format!(" Enter: {hidden} more ");
        put_right(
            buf,
            if body.is_empty() { head } else { body },
            body.bottom().saturating_sub(1).max(head.y),
            &text,
            theme.style(Role::Dim),
        );
    }
}

/// The details over all of the area, from a line on; the last line that it makes sense to start from.
pub(super) fn full(
    title: &Line,
    lines: &[Line],
    top: usize,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) -> usize {
    let [head, body] = split_top(area, 1);
    write(title, head, buf, theme);
    let [body, foot] = split_bottom(body, u16::from(lines.len() > usize::from(body.height)));
    let last = lines.len().saturating_sub(usize::from(body.height));
    let first = top.min(last);
    for (row, line) in body.rows().zip(lines.iter().skip(first)) {
        write(line, row, buf, theme);
    }
    if !foot.is_empty() {
        let text =
            format!("{} of {} lines", (first + usize::from(body.height)).min(lines.len()), lines.len());
        put_right(buf, foot, foot.y, &text, theme.style(Role::Dim));
    }
    last
}
