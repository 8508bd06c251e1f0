//! The prompt of `eyewall rollback` in a terminal: the console's dialog on one line.
//!
//! Keys typed before the plan stood there are dropped, paste is refused, the plan is read again every five seconds,
//! and only Enter on the exact name sends.

use super::rollback::read_plan;
use super::say::Say;
use super::sites::Sites;
use crate::cli::{Failure, shell};
use crate::features::rollouts::Plan;
use crate::features::rollouts::rollback::{Dialog, Input, Reply};
use crate::features::rollouts::wire::ShiftRef;
use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event, EventStream, KeyCode, KeyEventKind, KeyModifiers,
};
use crossterm::execute;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use futures::StreamExt;
use std::io::{self, IsTerminal};
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

    /// Drops what was typed before anybody could know what it would mean.
    fn drop_typed() -> io::Result<()> {
        while crossterm::event::poll(Duration::ZERO)? {
            crossterm::event::read()?;
        }
        Ok(())
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // There is nobody left to tell when even that fails.
        let _ = execute!(io::stdout(), DisableBracketedPaste);
        let _ = disable_raw_mode();
    }
}

/// Asks for the name; the plan to send, or why nothing is sent.
pub(super) async fn ask(
    plan: Plan,
    shift: &ShiftRef,
    sites: &mut Sites,
    say: &mut Say<'_>,
) -> Result<Result<Box<Plan>, Vec<String>>, Failure> {
    let target = plan.place.target.clone();
    let mut dialog = Dialog::open(target.clone(), plan.name.clone());
    dialog.plan_read(plan);
    let keys = Keys::take().map_err(Failure::failed)?;
    Keys::drop_typed().map_err(Failure::failed)?;
    let mut events = EventStream::new();
    let mut interrupted = Box::pin(shell::interrupted());
    let mut shown = Shown::default();
    let end = loop {
        draw(&dialog, &mut shown, say)?;
        dialog.set_drawn(true);
        if !dialog.typing() {
            break Err(dialog.plan().map(refusals).unwrap_or_default());
        }
        let event = tokio::select! {
            event = events.next() => event,
            () = &mut interrupted => break Err(vec!["interrupted".to_owned()]),
            () = sites.wait(CADENCE), if !sites.scripted => {
                match read_plan(sites, &target, shift).await {
                    Ok(plan) => dialog.plan_read(plan),
                    Err(error) => dialog.read_failed(error),
                }
                continue;
            }
        };
        let Some(Ok(event)) = event else { break Err(vec!["the terminal is gone".to_owned()]) };
        match input(&event).map(|input| dialog.input(input)) {
            Some(Reply::Send(plan)) => break Ok(plan),
            Some(Reply::Close) => break Err(vec!["cancelled".to_owned()]),
            Some(Reply::AskCode) => {
                break Err(vec!["an MFA code is needed, and only the console asks for one".to_owned()]);
            }
            _ => {}
        }
    };
    drop(keys);
    say.begin("\n")?;
    Ok(end)
}

fn refusals(plan: &Plan) -> Vec<String> {
    plan.refusals().map(str::to_owned).collect()
}

/// What stands on the terminal.
#[derive(Default)]
struct Shown {
    notices: Vec<String>,
    line: String,
}

/// What is new above the line, and the line itself if it is another one.
fn draw(dialog: &Dialog, shown: &mut Shown, say: &mut Say) -> Result<(), Failure> {
    let notices = dialog.notices();
    for notice in notices.iter().filter(|notice| !shown.notices.contains(notice)) {
        say.begin(&format!("\r\u{1b}[K{notice}\r\n"))?;
        shown.line.clear();
    }
    shown.notices = notices;
    let line = format!("{}  {}", dialog.prompt(), dialog.typed());
    if line != shown.line {
        say.begin(&format!("\r\u{1b}[K{line}"))?;
        shown.line = line;
    }
    Ok(())
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
