//! The prompt of `eyewall rollback` in a terminal: the console's dialog on one line.
//!
//! The plan is read again every five seconds, whatever is typed meanwhile, and printed again when it means another
//! call. Keys typed before the plan stood there are dropped, paste is refused, and only Enter on the exact name sends.

use super::rollback::read_plan;
use super::say::Say;
use super::sites::Sites;
use crate::aws::SourceError;
use crate::cli::{Failure, shell};
use crate::features::rollouts::report;
use crate::features::rollouts::rollback::{Dialog, Input, Reply};
use crate::features::rollouts::wire::ShiftRef;
use crate::features::rollouts::{Compared, Plan};
use crate::runtime::input::drop_typed;
use crate::theme::Glyphs;
use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event, EventStream, KeyCode, KeyEventKind, KeyModifiers,
};
use crossterm::execute;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use futures::{Stream, StreamExt, future, stream};
use std::io::{self, IsTerminal};
use std::pin::pin;
use std::time::Duration;

/// The plan is read again this often.
const CADENCE: Duration = Duration::from_secs(5);

/// Whether there is somebody to ask.
pub(super) fn possible(say: &Say) -> bool {
    !say.is_json() && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal, key by key, until this goes away.
struct Keys;

impl Keys {
    fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        execute!(io::stdout(), EnableBracketedPaste)?;
        Ok(Self)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // There is nobody left to tell when even that fails.
        let _ = execute!(io::stdout(), DisableBracketedPaste);
        let _ = disable_raw_mode();
    }
}

/// The plan to send, or why nothing is sent.
type Answer = Result<Box<Plan>, Vec<String>>;

/// Asks for the name, under a plan that stands there already with what its sides did.
pub(super) async fn ask(
    plan: Plan,
    compared: Option<&Compared>,
    shift: &ShiftRef,
    glyphs: &Glyphs,
    sites: &mut Sites,
    say: &mut Say<'_>,
) -> Result<Answer, Failure> {
    let target = plan.place.target.clone();
    let (clock, scripted) = (sites.clock, sites.scripted);
    let mut dialog = Dialog::open(target.clone(), plan.name.clone());
    dialog.plan_read(plan);
    let keys = Keys::take().map_err(Failure::failed)?;
    let events = EventStream::new().take_while(|event| future::ready(event.is_ok()));
    let events = events.filter_map(|event| future::ready(event.ok()));
    // One stream for all of it: no key puts the next read off, and no read keeps a key waiting.
    let reads = stream::unfold(sites, async |sites| {
        sites.wait(CADENCE).await;
        let read = read_plan(sites, &target, shift).await;
        Some((read, sites))
    });
    let reads = if scripted { stream::pending().left_stream() } else { reads.right_stream() };
    let whole = |plan: &Plan| report::plan(plan, compared, clock.wall(), glyphs);
    let mut page = Page { say, whole: &whole, notices: Vec::new(), line: String::new() };
    let (events, reads) = (Box::pin(events), Box::pin(reads));
    let answer = converse(&mut dialog, events, reads, shell::interrupted(), &mut page).await;
    drop(keys);
    say.next_line()?;
    answer
}

/// Keys, reads and signals, until one of them ends it.
async fn converse(
    dialog: &mut Dialog,
    mut events: impl Stream<Item = Event> + Unpin,
    mut reads: impl Stream<Item = Result<Plan, SourceError>> + Unpin,
    interrupted: impl Future<Output = ()>,
    page: &mut Page<'_, '_>,
) -> Result<Answer, Failure> {
    let mut interrupted = pin!(interrupted);
    loop {
        page.notices(dialog)?;
        dialog.set_drawn(true);
        if dialog.newly_drawn() {
            // It was typed before anybody could know what it would mean.
            drop_typed(&mut events).await;
        }
        // Last, since whoever sees it may type.
        page.line(dialog)?;
        if !dialog.typing() {
            return Ok(Err(dialog.plan().map(refusals).unwrap_or_default()));
        }
        let event = tokio::select! {
            event = events.next() => event,
            () = &mut interrupted => return Ok(Err(vec!["interrupted".to_owned()])),
            Some(read) = reads.next() => {
                match read {
                    Ok(plan) => dialog.plan_read(plan),
                    Err(error) => dialog.read_failed(error),
                }
                if let (false, Some(plan)) = (dialog.drawn(), dialog.plan()) {
                    page.plan(plan)?;
                }
                continue;
            }
        };
        let Some(event) = event else { return Ok(Err(vec!["the terminal is gone".to_owned()])) };
        match input(&event).map(|input| dialog.input(input)) {
            Some(Reply::Send(plan)) => return Ok(Ok(plan)),
            Some(Reply::Close) => return Ok(Err(vec!["cancelled".to_owned()])),
            Some(Reply::AskCode) => {
                return Ok(Err(vec!["an MFA code is needed, and only the console asks for one".to_owned()]));
            }
            _ => {}
        }
    }
}

fn refusals(plan: &Plan) -> Vec<String> {
    plan.refusals().map(str::to_owned).collect()
}

/// What stands on the terminal.
struct Page<'a, 'b> {
    say: &'a mut Say<'b>,
    /// A plan in lines.
    whole: &'a dyn Fn(&Plan) -> Vec<String>,
    notices: Vec<String>,
    line: String,
}

impl Page<'_, '_> {
    /// Another plan, whole: what stands above is no longer what would be sent.
    fn plan(&mut self, plan: &Plan) -> Result<(), Failure> {
        self.above(&[vec![String::new()], (self.whole)(plan)].concat())
    }

    /// What is new above the line.
    fn notices(&mut self, dialog: &Dialog) -> Result<(), Failure> {
        let notices = dialog.notices();
        let new: Vec<String> = notices.iter().filter(|it| !self.notices.contains(it)).cloned().collect();
        self.above(&new)?;
        self.notices = notices;
        Ok(())
    }

    /// The line, if it is another one.
    fn line(&mut self, dialog: &Dialog) -> Result<(), Failure> {
        let line = format!("{}  {}", dialog.prompt(), dialog.typed());
        if line != self.line {
            self.say.over(&line)?;
            self.line = line;
        }
        Ok(())
    }

    fn above(&mut self, lines: &[String]) -> Result<(), Failure> {
        for line in lines {
            self.say.over(line)?;
            self.say.next_line()?;
            self.line.clear();
        }
        Ok(())
    }
}

fn input(event: &Event) -> Option<Input> {
    let key = match event {
        Event::Paste(_) => return Some(Input::Paste),
        Event::Key(key) if key.kind != KeyEventKind::Release => key,
        _ => return None,
    };
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter => Some(Input::Enter),
        KeyCode::Esc => Some(Input::Esc),
        KeyCode::Backspace => Some(Input::Backspace),
        KeyCode::Char('c' | 'd') if ctrl => Some(Input::Esc),
        KeyCode::Char('u') if ctrl => Some(Input::Clear),
        KeyCode::Char(_) if ctrl || key.modifiers.contains(KeyModifiers::ALT) => None,
        KeyCode::Char(c) => Some(Input::Char(c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
