//! `:`: one fuzzy list of every action, screen, target, service and theme.

use super::action::{ACTIONS, Action};
use super::msg::{Input, Now};
use super::overlay::{Overlay, Reply};
use super::pane::{Command, Ctx};
use super::{App, Window};
use crate::features::{self, Link};
use crate::text::width;
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::input::{InputEvent, LineInput};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What an entry does.
#[derive(Clone)]
enum Do {
    Act(Action),
    Goto(Link),
    Theme(String),
    Window(Window),
    OnlyTarget(crate::aws::TargetId),
}

struct Entry {
    kind: &'static str,
    name: String,
    hint: String,
    run: Do,
}

/// The palette overlay.
pub struct Palette {
    input: LineInput,
    entries: Vec<Entry>,
    hits: Vec<usize>,
    cursor: usize,
}

impl Palette {
    /// Collects what there is to choose from now.
    pub fn new(app: &App, now: Now) -> Self {
        let ctx = app.ctx(now);
        let mut entries = Vec::new();
        for info in ACTIONS.iter().filter(|info| !super::help::hidden(info.action, &ctx)) {
            let keys = ctx.keymap.key(info.action);
            let kind = if info.action.screen().is_some() { "screen" } else { "action" };
            let hint = format!("{keys}  {}", info.doc);
            entries.push(Entry { kind, name: info.name.into(), hint, run: Do::Act(info.action) });
        }
        for target in app.store.targets.keys() {
            let run = Do::OnlyTarget(target.clone());
            entries.push(Entry {
                kind: "target",
                name: target.to_string(),
                hint: "only this one".into(),
                run,
            });
        }
        for (name, hint, link) in features::service_links(&ctx) {
            entries.push(Entry { kind: "service", name, hint, run: Do::Goto(link) });
        }
        for name in crate::theme::Theme::names(&app.settings.user_themes) {
            let run = Do::Theme(name.clone());
            entries.push(Entry { kind: "theme", name, hint: String::new(), run });
        }
        for name in ["15m", "1h", "3h", "12h", "1d", "1w"] {
            if let Some(window) = Window::parse(name) {
                let run = Do::Window(window);
                entries.push(Entry { kind: "window", name: name.into(), hint: "live".into(), run });
            }
        }
        let mut palette = Self { input: LineInput::new(""), entries, hits: Vec::new(), cursor: 0 };
        palette.search();
        palette
    }

    fn search(&mut self) {
        let text = self.input.text();
        let texts = self.entries.iter().map(|entry| format!("{} {}", entry.kind, entry.name));
        self.hits = fuzzy(text, texts);
        self.cursor = 0;
    }
}

impl Overlay for Palette {
    fn on_input(&mut self, input: &Input, action: Option<Action>, ctx: &Ctx) -> Reply {
        if let (Input::Key(key), Some(action)) = (input, action) {
            // Letters are text here; only keys that type nothing move.
            let moves = !matches!(key.code, crossterm::event::KeyCode::Char(_))
                || key.modifiers.contains(crossterm::event::KeyModifiers::CONTROL);
            let last = self.hits.len().saturating_sub(1);
            match action {
                Action::Down | Action::NextPanel if moves => {
                    self.cursor = (self.cursor + 1).min(last);
                    return Reply::stay();
                }
                Action::Up | Action::PrevPanel if moves => {
                    self.cursor = self.cursor.saturating_sub(1);
                    return Reply::stay();
                }
                _ => {}
            }
        }
        match self.input.on_input(input) {
            InputEvent::Changed => self.search(),
            InputEvent::Cancelled => return Reply::close(),
            InputEvent::Submitted => return self.run(ctx),
            InputEvent::Ignored => {}
        }
        Reply::stay()
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        let theme = ctx.theme;
        let height = area.height.min(20);
        let inner = dialog::frame(area, 76, height, " Commands ", " Enter runs  Esc closes ", buf, theme);
        let [line, list] = dialog::split_top(inner, 1);
        self.input.render(line, ": ", buf, theme);
        let rows = list.height as usize;
        let first = self.cursor.saturating_sub(rows.saturating_sub(1));
        let mut lines = Vec::new();
        for (row, index) in self.hits.iter().enumerate().skip(first).take(rows) {
            let Some(entry) = self.entries.get(*index) else { continue };
            let chosen = row == self.cursor;
            let style = theme.style(if chosen { Role::Selected } else { Role::Text });
            let bar = if chosen { theme.glyphs().focus } else { " " };
            lines.push(Line::from(vec![
                Span::styled(bar, theme.style(Role::Accent)),
                Span::styled(format!("{:<8}", entry.kind), theme.style(Role::Dim)),
                Span::styled(format!("{:<24} ", entry.name), style),
                Span::styled(entry.hint.clone(), theme.style(Role::Dim)),
            ]));
        }
        if lines.is_empty() {
            // An ARN, a console URL or a trace id may be pasted here too.
            let text = self.input.text();
            let (hint, role) = match features::link_problem(text, ctx) {
                Some(problem) => (problem, Role::Warn),
                None if features::link_of(text, ctx).is_ok() => ("Enter opens it".to_owned(), Role::Dim),
                None => ("nothing matches".to_owned(), Role::Dim),
            };
            let room = usize::from(list.width).saturating_sub(2);
            let rows = folded(&hint, room);
            lines.extend(rows.into_iter().map(|row| Line::styled(format!(" {row}"), theme.style(role))));
        }
        dialog::lines(list, &lines, buf);
    }
}

impl Palette {
    fn run(&self, ctx: &Ctx) -> Reply {
        let Some(entry) = self.hits.get(self.cursor).and_then(|index| self.entries.get(*index)) else {
            return match features::link_of(self.input.text(), ctx) {
                Ok(link) => Reply::close_with(Command::Goto(link)),
                Err(_) => Reply::stay(),
            };
        };
        Reply::close_with(match entry.run.clone() {
            Do::Act(action) => Command::Act(action),
            Do::Goto(link) => Command::Goto(link),
            Do::Theme(name) => Command::Theme(name),
            Do::Window(window) => Command::Window(window),
            Do::OnlyTarget(target) => Command::Targets(vec![target]),
        })
    }
}

/// The text in rows of at most `room` columns, cut between words; a longer word stands in a row of its own.
fn folded(text: &str, room: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match rows.last_mut() {
            Some(row) if width(row) + 1 + width(word) <= room => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

/// Indexes of the texts that match, best first; all in order when nothing is asked.
pub fn fuzzy(query: &str, texts: impl Iterator<Item = String>) -> Vec<usize> {
    let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, usize)> = texts
        .enumerate()
        .filter_map(|(index, text)| {
            let score = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?;
            Some((score, index))
        })
        .collect();
    scored.sort_by_key(|(score, index)| (std::cmp::Reverse(*score), *index));
    scored.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::fuzzy;

    #[test]
    fn best_match_first_and_everything_when_empty() {
        let texts = ["action refresh", "screen alarms", "theme mono"].map(String::from);
        assert_eq!(fuzzy("alrm", texts.iter().cloned()), [1]);
        assert_eq!(fuzzy("", texts.iter().cloned()), [0, 1, 2]);
        assert!(fuzzy("zzz", texts.iter().cloned()).is_empty());
    }
}
