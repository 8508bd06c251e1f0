//! Widgets of words: texts, and boxes that explain what is not drawn.

use super::Scene;
use crate::features::dashboards::model::Explained;
use crate::features::dashboards::opened::Reach;
use crate::theme::Role;
use crate::widgets::markdown::{self, Markdown, Row};
use crate::widgets::paint::put_right;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A text, from row `scroll` on; `link` is the chosen link. What does not fit is counted, as far as it was not
/// `cut` off before.
pub fn text(
    markdown: &Markdown,
    scroll: usize,
    link: Option<usize>,
    cut: bool,
    area: Rect,
    buf: &mut Buffer,
    scene: &Scene,
) {
    let theme = scene.ctx.theme;
    let rows = markdown.fit(area, theme);
    // A chosen link is in view.
    let at = rows.iter().position(|row| row.iter().any(|span| link.is_some() && span.link == link));
    let room = usize::from(area.height);
    let scroll = match at {
        Some(at) if at < scroll || at >= scroll + room => at,
        _ => scroll.min(rows.len().saturating_sub(room)),
    };
    scene.reach.set(Reach { down: rows.len().saturating_sub(room), across: 0 });
    let shown = rows.get(scroll..).unwrap_or_default();
    markdown::draw(shown, link, area, buf, theme);
    left_out(shown.len().saturating_sub(room), cut, area, buf, scene);
}

/// What a widget is that is not drawn, and where to look.
pub fn explained(what: &Explained, scroll: usize, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    let mut rows: Vec<Row> = Vec::new();
    let role = if what.failed { Role::Warn } else { Role::Text };
    for (text, role) in
        [(&what.why, role), (&what.look, Role::Dim)].into_iter().filter(|(text, _)| !text.is_empty())
    {
        rows.extend(markdown::wrap_plain(text, area.width, role));
    }
    if !what.text.is_empty() {
        rows.push(Row::new());
        what.text.lines().for_each(|line| rows.extend(markdown::wrap_plain(line, area.width, Role::Dim)));
    }
    let room = usize::from(area.height);
    let most = rows.len().saturating_sub(room);
    scene.reach.set(Reach { down: most, across: 0 });
    let scroll = scroll.min(most);
    let shown = rows.get(scroll..).unwrap_or_default();
    markdown::draw(shown, None, area, buf, theme);
    left_out(shown.len().saturating_sub(room), false, area, buf, scene);
}

fn left_out(count: usize, more: bool, area: Rect, buf: &mut Buffer, scene: &Scene) {
    if (count > 0 || more) && !area.is_empty() {
        let text = if more { format!(" +{count} lines and more") } else { format!(" +{count} lines") };
        put_right(buf, area, area.bottom() - 1, &text, scene.ctx.theme.style(Role::Dim));
    }
}
