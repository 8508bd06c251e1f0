//! Drawing one finding: what it is, its signals in time, and everything AWS says of it in sections.
//!
//! Wide screens have two columns of sections, narrow ones stack them. Long values wrap, nothing is cut away.

use super::model::{Finding, FindingDetail, Section};
use super::pane::{Key, SecurityPane};
use super::view::{age as age_words, level, severity};
use super::{axis, phrase};
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::{Topic, panel};
use crate::text::{pad_right, units, width, wrap};
use crate::theme::Role;
use crate::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// From this width on sections stand in two columns.
const WIDE: u16 = 110;
/// Cells of a label in a column, at most.
const LABEL: usize = 24;
/// Lines of the description, at most.
const DESCRIPTION: usize = 4;

pub(super) fn render(pane: &SecurityPane, key: &Key, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let Some((id, finding)) = SecurityPane::find(key, ctx) else {
        let text = format!(" finding {} is not among the current ones: it may be archived by now", key.id);
        dialog::lines(area, &[Line::styled(text, ctx.theme.style(Role::Warn))], buf);
        return;
    };
    let (glyph, word, role) = level(finding.level(), ctx);
    let number = severity(finding.severity, ctx.theme.glyphs().missing);
    let [head, rest] = dialog::split_top(area, 1);
    let about = format!("{glyph} {word} {number}");
    panel::title_one(head, &finding.kind, &about, role, id, Topic::Finding, buf, ctx);
    let top = facts(id, finding, usize::from(rest.width), ctx);
    let [facts_area, rest] = dialog::split_top(rest, top.len() as u16);
    dialog::lines(facts_area, &top, buf);
    let rest = panel::problems(rest, Topic::Finding, buf, ctx);
    let body = match pane.detail(ctx) {
        Some(detail) => body(detail, rest.width, ctx),
        None => {
            let text = format!(" {} reading what AWS says of it", ctx.theme.glyphs().waiting);
            vec![Line::styled(text, ctx.theme.style(Role::Dim))]
        }
    };
    scrolled(pane, &body, rest, buf, ctx);
}

/// The part of the body that is in view, and at its foot how much there is.
fn scrolled(pane: &SecurityPane, body: &[Line], area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let more = body.len() > usize::from(area.height);
    let [text, foot] = dialog::split_bottom(area, u16::from(more));
    let room = usize::from(text.height);
    let top = pane.detail_top.get().min(body.len().saturating_sub(room));
    pane.detail_top.set(top);
    dialog::lines(text, body.get(top..).unwrap_or_default(), buf);
    if more {
        let last = (top + room).min(body.len());
        let line = Line::styled(format!("{last} of {} lines ", body.len()), ctx.theme.style(Role::Dim));
        dialog::lines(foot, &[line.right_aligned()], buf);
    }
}

/// The type in words, the description, how often and when, on what.
fn facts<'a>(id: &TargetId, finding: &Finding, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let theme = ctx.theme;
    let room = room.saturating_sub(2);
    let mut lines =
        vec![Line::styled(format!(" {}", phrase::kind_words(&finding.kind)), theme.style(Role::Strong))];
    let told = if finding.description.is_empty() { &finding.title } else { &finding.description };
    let mut description: Vec<String> = told.lines().flat_map(|line| wrap(line, room)).collect();
    if description.len() > DESCRIPTION {
        description.truncate(DESCRIPTION);
        if let Some(last) = description.last_mut() {
            last.push_str(theme.glyphs().ellipsis);
        }
    }
    lines.extend(description.into_iter().map(|row| Line::styled(format!(" {row}"), theme.style(Role::Text))));
    let missing = theme.glyphs().missing;
    let near =
        |at: Option<jiff::Timestamp>| units::or_missing(at, missing, |at| ctx.zone.near(at, ctx.now.wall));
    let age = finding.age(ctx.now).map(|age| format!(" ({} ago)", age_words(age))).unwrap_or_default();
    let events = match finding.count {
        Some(1) => "1 event".to_owned(),
        Some(count) => format!("{} events", units::count(count as f64)),
        None => format!("{missing} events"),
    };
    let zone = ctx.zone.name(ctx.now.wall);
    let mut parts =
        vec![format!("{events}, first {}, last {} {zone}{age}", near(finding.first), near(finding.last))];
    if let Some(who) = finding.who.as_ref().filter(|who| !who.name.is_empty()) {
        parts.push(format!("by {} {}", who.kind, who.name));
    }
    if !finding.addresses.is_empty() {
        parts.push(format!("from {}", finding.addresses.join(" ")));
    }
    let on = finding.resources.iter().map(|it| it.name.as_str()).filter(|name| !name.is_empty());
    let on: Vec<&str> = on.take(3).collect();
    if !on.is_empty() {
        let how = if finding.actor { "done by" } else { "on" };
        parts.push(format!("{how} {}", on.join(", ")));
    }
    let place = if ctx.many_targets() { format!("{id} ") } else { String::new() };
    parts.push(format!("{place}{}", finding.region));
    let rows = wrap(&parts.join(" · "), room);
    lines.extend(rows.into_iter().map(|row| Line::styled(format!(" {row}"), theme.style(Role::Dim))));
    lines
}

fn body<'a>(detail: &FindingDetail, room: u16, ctx: &Ctx) -> Vec<Line<'a>> {
    let theme = ctx.theme;
    let mut lines = Vec::new();
    let head = |text: String| Line::styled(format!(" {text}"), theme.style(Role::Strong));
    if !detail.signals.is_empty() {
        lines.push(Line::default());
        lines.push(head(format!("SIGNALS  {}", detail.signals.len())));
        lines.extend(axis::lines(&detail.signals, usize::from(room), ctx));
    }
    if room >= WIDE {
        lines.extend(two_columns(&detail.sections, usize::from(room), ctx));
    } else {
        lines.extend(detail.sections.iter().flat_map(|it| section(it, usize::from(room), ctx)));
    }
    if detail.dropped > 0 {
        let text = format!(" {} more facts were left out; o opens the console", detail.dropped);
        lines.push(Line::styled(text, theme.style(Role::Warn)));
    }
    lines
}

/// An empty line, the title, and the facts with their labels in a column.
fn section<'a>(section: &Section, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let theme = ctx.theme;
    let longest = section.facts.iter().map(|fact| width(&fact.label)).max().unwrap_or_default();
    let label = longest.min(LABEL).min(room / 2);
    let values = room.saturating_sub(label + 4);
    let title = section.title.to_uppercase();
    let title = Span::styled(format!(" {title}"), theme.style(Role::Strong));
    let mut lines = vec![Line::default(), Line::from(title)];
    for fact in &section.facts {
        let labels = wrap(&fact.label, label);
        let rows = wrap(&fact.value, values);
        for at in 0..labels.len().max(rows.len()) {
            let text = |rows: &[String]| rows.get(at).cloned().unwrap_or_default();
            lines.push(Line::from(vec![
                Span::styled(format!(" {}  ", pad_right(&text(&labels), label)), theme.style(Role::Dim)),
                Span::styled(text(&rows), theme.style(Role::Text)),
            ]));
        }
    }
    lines
}

/// Sections in reading order: down the left column until about half of the lines are used, then the right one.
fn two_columns<'a>(sections: &[Section], room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let half = room / 2;
    let drawn: Vec<Vec<Line>> = sections.iter().map(|it| section(it, half - 1, ctx)).collect();
    let all: usize = drawn.iter().map(Vec::len).sum();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for lines in drawn {
        // The section that reaches over the middle goes where it makes the columns more equal.
        if right.is_empty() && left.len() + lines.len() / 2 <= all / 2 {
            left.extend(lines);
        } else {
            right.extend(lines);
        }
    }
    let rows = left.len().max(right.len());
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    (0..rows)
        .map(|_| {
            let mut line = left.next().unwrap_or_default();
            let pad = half.saturating_sub(line.width());
            line.spans.push(Span::raw(" ".repeat(pad)));
            line.spans.extend(right.next().unwrap_or_default().spans.into_iter());
            line
        })
        .collect()
}
