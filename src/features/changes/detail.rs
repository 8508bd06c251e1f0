//! Drawing one opened event: who, from where, with what, on what, what it asked for and how it was answered.

use super::pane::ChangesPane;
use super::rows::Calls;
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::{Topic, panel};
use crate::theme::Role;
use crate::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Cells of the labels.
const LABEL: usize = 12;
/// Lines of parameters that are shown.
const MOST_LINES: usize = 200;

pub(super) fn render(
    pane: &ChangesPane,
    target: &TargetId,
    calls: &Calls,
    area: Rect,
    buf: &mut Buffer,
    ctx: &Ctx,
) {
    let event = &calls.newest;
    let [head, body] = dialog::split_top(area, 1);
    let about = format!("{} {}", event.on, event.what);
    panel::title_one(head, &event.name, about.trim(), Role::Text, target, Topic::Trail, buf, ctx);
    let lines = lines(calls, usize::from(body.width), ctx);
    let room = usize::from(body.height);
    let first = pane.detail_top.min(lines.len().saturating_sub(room));
    dialog::lines(body, lines.get(first..).unwrap_or_default(), buf);
}

fn lines<'a>(calls: &'a Calls, width: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let event = &calls.newest;
    let mut lines = Vec::new();
    let mut fact = |label: &'a str, text: String, role: Role| {
        let rows = wrapped(&text, width.saturating_sub(LABEL + 3));
        for (index, row) in rows.into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!(" {label:<LABEL$} "), ctx.theme.style(Role::Dim)),
                Span::styled(row, ctx.theme.style(role)),
            ]));
        }
    };
    let zone = ctx.zone.name(event.at);
    let mut when = format!("{} {zone}", ctx.zone.full(event.at));
    if calls.count > 1 {
        when = format!("{when}, the newest of {} since {}", calls.count, ctx.zone.second(calls.oldest));
    }
    fact("when", when, Role::Text);
    let session =
        event.who.session.as_ref().map(|session| format!(", session {session}")).unwrap_or_default();
    fact("who", format!("{}{session}", event.who.words()), Role::Strong);
    if let Some(via) = &event.who.via {
        fact("through", via.clone(), Role::Text);
    }
    if let Some(key) = &event.key {
        fact("access key", key.to_string(), Role::Text);
    }
    fact("from", event.address.to_string(), Role::Text);
    fact("with", event.agent.to_string(), Role::Dim);
    fact("where", format!("{} in {}", event.service, event.region), Role::Text);
    match &event.error {
        Some(error) => fact("answer", format!("refused, nothing changed: {error}"), Role::Warn),
        None => fact("answer", "done".to_owned(), Role::Text),
    }
    for line in event.answer.lines() {
        fact("", line.to_owned(), Role::Text);
    }
    fact("on", event.things.join("  "), Role::Text);
    fact("event id", event.id.to_string(), Role::Dim);
    lines.push(Line::default());
    lines.push(Line::styled(" PARAMETERS", ctx.theme.style(Role::Strong)));
    if event.params.is_empty() {
        lines.push(Line::styled(" none", ctx.theme.style(Role::Dim)));
    }
    // Cut JSON cannot be laid out: it is shown as it is.
    let parsed = serde_json::from_str::<serde_json::Value>(&event.params).ok();
    let pretty = parsed.and_then(|json| serde_json::to_string_pretty(&json).ok());
    let (text, cut) = match pretty {
        Some(text) => (text, false),
        None => (event.params.to_string(), !event.params.is_empty()),
    };
    for line in text.lines().flat_map(|line| wrapped(line, width.saturating_sub(2))).take(MOST_LINES) {
        lines.push(Line::styled(format!(" {line}"), ctx.theme.style(Role::Text)));
    }
    if cut {
        let text = " the rest is not kept · the console has the whole record";
        lines.push(Line::styled(text, ctx.theme.style(Role::Dim)));
    }
    lines
}

/// A text in rows of so many characters; at least one row.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        return vec![String::new()];
    }
    chars.chunks(width.max(8)).map(|row| row.iter().collect()).collect()
}
