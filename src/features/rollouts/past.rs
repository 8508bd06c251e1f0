//! `@`: the journal of rollbacks sent from this machine, newest first; and what of it never ended.
//!
//! The file is read by an operation; here it is only text and a list.

use super::journal::{self, Entry, Step, Unfinished, unfinished};
use super::view::flow;
use crate::app::pane::Ctx;
use crate::app::{Action, Input, Overlay, Reply};
use crate::text::{sanitize, wrap};
use crate::theme::Role;
use crate::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use serde::{Deserialize, Serialize};
use std::cell::Cell;

/// Entries that are kept of a long journal.
const MAX_ENTRIES: usize = 500;
/// Rollbacks without an end that are looked at again, the newest ones.
const MAX_UNFINISHED: usize = 32;

/// Indent of what a line of the journal has to tell.
const INDENT: usize = 4;

/// What the journal says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Newest first.
    #[serde(with = "crate::text::as_json")]
    pub entries: Vec<Entry>,
    /// The rollbacks without a known end, oldest first.
    #[serde(with = "crate::text::as_json")]
    pub unfinished: Vec<Unfinished>,
    /// Older lines that are not among them.
    pub dropped: usize,
    /// Lines that could not be read.
    pub unreadable: usize,
}

impl Past {
    /// Reads the journal's text.
    pub fn parse(journal: &str) -> Self {
        let lines = journal.lines().filter(|line| !line.trim().is_empty());
        let parsed: Vec<Option<Entry>> = lines.map(|line| serde_json::from_str(line).ok()).collect();
        let unreadable = parsed.iter().filter(|entry| entry.is_none()).count();
        let mut entries: Vec<Entry> = parsed.into_iter().flatten().collect();
        let mut unfinished = unfinished(entries.iter());
        let most = unfinished.len().saturating_sub(MAX_UNFINISHED);
        unfinished.drain(..most);
        entries.reverse();
        let dropped = entries.len().saturating_sub(MAX_ENTRIES);
        entries.truncate(MAX_ENTRIES);
        for entry in &mut entries {
            // Plans are large, and only those of open rollbacks are looked at again.
            if let Step::Sending { plan } = &mut entry.step {
                *plan = None;
            }
        }
        Self { entries, unfinished, dropped, unreadable }
    }
}

/// The overlay.
#[derive(Default)]
pub struct JournalView {
    scroll: usize,
    last: Cell<usize>,
}

impl Overlay for JournalView {
    fn on_input(&mut self, _input: &Input, action: Option<Action>, _ctx: &Ctx) -> Reply {
        let last = self.last.get();
        self.scroll = match action {
            Some(Action::Down) => self.scroll + 1,
            Some(Action::Up) => self.scroll.saturating_sub(1),
            Some(Action::PageDown | Action::HalfDown) => self.scroll + 10,
            Some(Action::PageUp | Action::HalfUp) => self.scroll.saturating_sub(10),
            Some(Action::Top) => 0,
            Some(Action::Bottom) => last,
            Some(Action::Back | Action::Quit | Action::Journal | Action::Cancel) => return Reply::close(),
            _ => self.scroll,
        }
        .min(last);
        Reply::stay()
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        let theme = ctx.theme;
        let title = format!(" Rollbacks from this machine, times in {} ", ctx.zone.name(ctx.now.wall));
        let inner = dialog::frame(area, 116, area.height, &title, " Esc closes ", buf, theme);
        let lines = lines(ctx, inner.width as usize);
        let last = lines.len().saturating_sub(inner.height as usize);
        self.last.set(last);
        dialog::lines(inner, lines.get(self.scroll.min(last)..).unwrap_or_default(), buf);
    }
}

fn lines(ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let theme = ctx.theme;
    let (text, dim) = (theme.style(Role::Text), theme.style(Role::Dim));
    let past = match &ctx.store.past {
        None => return vec![Line::styled(format!("{} reading the journal", theme.glyphs().waiting), dim)],
        Some(Err(problem)) => {
            return vec![Line::styled(
                format!("the journal cannot be read: {problem}"),
                theme.style(Role::Warn),
            )];
        }
        Some(Ok(past)) => past,
    };
    if past.entries.is_empty() {
        return vec![Line::styled("no rollback was ever sent from here", dim)];
    }
    let mut lines = Vec::new();
    for entry in &past.entries {
        let (word, role) = step(&entry.step);
        let open = past.unfinished.iter().any(|it| it.steps.last().is_some_and(|last| last.is_step(entry)));
        let when = vec![
            Span::styled(format!("{}  ", ctx.zone.full(entry.at)), dim),
            Span::styled(word, theme.style(role)),
        ];
        let place = format!("{} {}", sanitize(&entry.target), sanitize(&entry.region));
        let mut pieces = vec![
            when,
            vec![Span::styled(sanitize(&entry.name).into_owned(), theme.style(Role::Strong))],
            vec![Span::styled(place, dim)],
        ];
        if open {
            let (mark, role) = open_words(entry, ctx);
            pieces.push(vec![Span::styled(format!("({mark})"), theme.style(role))]);
        }
        lines.extend(flow(pieces, INDENT, width));
        for said in details(entry) {
            let rows = wrap(&sanitize(&said), width.saturating_sub(INDENT)).into_iter();
            lines.extend(rows.map(|row| Line::styled(format!("{}{row}", " ".repeat(INDENT)), text)));
        }
    }
    if past.dropped + past.unreadable > 0 {
        let rest = format!("{} older lines not shown, {} unreadable", past.dropped, past.unreadable);
        lines.push(Line::styled(rest, dim));
    }
    lines
}

/// What became of a rollback that has no end in the journal as it was read: this run may be watching it.
fn open_words(entry: &Entry, ctx: &Ctx) -> (String, Role) {
    let mut flights = ctx.store.rollbacks.flights.iter();
    let watch = flights.find(|watch| journal::id(&watch.plan, watch.journal.began) == entry.id);
    match watch.map(|watch| (watch.settled(), &watch.ended)) {
        None => ("its end was not seen".to_owned(), Role::Warn),
        Some((_, None)) => ("in flight, being watched".to_owned(), Role::Info),
        Some((false, Some(_))) => ("being watched".to_owned(), Role::Info),
        Some((true, Some(ended))) => (format!("has ended: {}", ended.ending.word()), Role::Dim),
    }
}

/// What a step has to tell beside its name, sentence by sentence.
fn details(entry: &Entry) -> Vec<String> {
    let mut said = vec![detail(entry)];
    if let Step::Sending { .. } = &entry.step {
        let side = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let to = entry.to.as_deref().map(|to| format!(" to {}", side(to))).unwrap_or_default();
        said.push(format!("from {}{to}", side(&entry.from)));
    }
    said
}

fn detail(entry: &Entry) -> String {
    match &entry.step {
        Step::Sending { .. } => {
            // Of an ARN only the end says who it is.
            let who = entry.who.as_deref().and_then(|arn| arn.splitn(6, ':').nth(5));
            let who =
                who.map_or_else(|| "by a caller that is not known".to_owned(), |who| format!("by {who}"));
            let account = entry.account.as_deref().map(|id| format!(" in {id}")).unwrap_or_default();
            format!("{} {who}{account}", entry.operation)
        }
        Step::Sent { request_id } => {
            format!("request {}", request_id.as_deref().unwrap_or("without an id"))
        }
        Step::Changed { changes, refusals, request_id } => {
            let changes = changes.iter().map(ToString::to_string).chain(refusals.iter().cloned());
            let changes = changes.collect::<Vec<_>>().join(", ");
            match request_id {
                Some(id) => format!("AWS refused (request {id}): {changes}"),
                None => format!("nothing sent: {changes}"),
            }
        }
        Step::Unread { error } | Step::Rejected { error } | Step::Lost { error } => error.to_string(),
        Step::Ended { why, .. } => why.clone(),
    }
}

fn step(step: &Step) -> (String, Role) {
    match step {
        Step::Sending { .. } => ("sending".into(), Role::Info),
        Step::Changed { .. } => ("changed".into(), Role::Warn),
        Step::Unread { .. } => ("unread".into(), Role::Warn),
        Step::Sent { .. } => ("sent".into(), Role::Info),
        Step::Rejected { error } if error.unsent => ("not sent".into(), Role::Warn),
        Step::Rejected { .. } => ("rejected".into(), Role::Bad),
        Step::Lost { .. } => ("lost".into(), Role::Bad),
        Step::Ended { outcome, .. } if outcome == "done" => (outcome.clone(), Role::Ok),
        Step::Ended { outcome, .. } => (outcome.clone(), Role::Warn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, step: &str) -> String {
        format!(
            r#"{{"v":1,"id":"{id}","at":"2026-11-22T04:23:10Z","who":null,"account":null,"region":"eu-west-2","target":"prod","name":"ecs/shop/checkout","operation":"ecs:StopServiceDeployment","params":{{}},"from":"new","to":null,{step}}}"#
        )
    }

    #[test]
    fn a_rollback_without_an_end_is_told_from_one_with() {
        let sent = line("a", r#""step":"sent","request_id":"r-1""#);
        let ended = |how: &str| line("a", &format!(r#""step":"ended","outcome":"{how}","why":"as it is""#));
        let past = Past::parse(&format!("{sent}\n{{cut"));
        assert_eq!((past.entries.len(), past.unreadable, past.unfinished.len()), (1, 1, 1));
        let past = Past::parse(&format!("{sent}\n{}\n", ended("done")));
        assert!(past.unfinished.is_empty());
        assert!(matches!(past.entries[0].step, Step::Ended { .. }), "newest first");
        let past = Past::parse(&format!("{sent}\n{}\n", ended("UNKNOWN")));
        assert_eq!(past.unfinished[0].steps.len(), 2, "what is not known is no end");
        assert!(Past::parse("").unfinished.is_empty());
    }

    #[test]
    fn a_plan_of_another_version_is_left_out_and_its_line_stays() {
        let past = Past::parse(&line("a", r#""step":"sending","plan":{"shape":"new"}"#));
        assert_eq!((past.unreadable, past.unfinished[0].plan()), (0, None));
        let past = Past::parse(&line("a", r#""step":"sending""#));
        assert_eq!((past.unreadable, past.unfinished.len()), (0, 1));
    }
}
