//! The console itself: takes the terminal, starts what feeds the loop, runs it, gives the terminal back.
//!
//! The first frame needs nothing from here but the config: clients are built while it is on screen.

use super::out::Out;
use super::session::Setup;
use super::{Failure, logging, reload, shell};
use crate::app::{App, Now, Window};
use crate::config::{Paths, Remembered, Span, State};
use crate::features;
use crate::runtime::record::Recorder;
use crate::runtime::term::Screen;
use crate::runtime::{self, Outside};
use crossterm::event::{Event, EventStream};
use futures::{Stream, StreamExt, future, stream};
use std::io::{self, IsTerminal};
use std::path::Path;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

/// Runs the console; `open` is an ARN, a console URL or a trace id to start at.
///
/// # Errors
/// Without a terminal, or when it fails.
pub fn run(setup: &Setup, open: Option<&str>, out: &mut Out) -> Result<(), Failure> {
    require_terminal()?;
    logging::start(setup.common.log_level);
    let runtime = runtime()?;
    let ended = runtime.block_on(console(setup, open));
    // Whatever still runs has been told to end, and nobody waits for it.
    runtime.shutdown_background();
    if let Some(warning) = ended? {
        out.error(&format!("eyewall: {warning}"));
    }
    Ok(())
}

/// A runtime for the console: the loop on this thread, sources on two others.
pub fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("eyewall").enable_all().build();
    runtime.map_err(Failure::failed)
}

/// Refuses to draw into a pipe or a file.
pub fn require_terminal() -> Result<(), Failure> {
    if io::stdout().is_terminal() && io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure::usage("this is not a terminal; `eyewall snapshot PANE` prints one pane without one"))
}

/// Runs until the end and gives what should be said on the normal screen afterwards.
async fn console(setup: &Setup, open: Option<&str>) -> Result<Option<String>, Failure> {
    let clock = setup.clock();
    let aws = setup.aws(clock)?;
    let mut app = setup.app();
    let (mut shell, outside) = shell::shell(setup, clock);
    let state_file = setup.paths.as_ref().filter(|_| setup.common.at.is_none()).map(Paths::state_file);
    let mut state = state_file.as_deref().map(read_state).unwrap_or_default();
    let remembered = recall(&mut app, &state, clock.now());
    if let Some(warning) = setup.env.aws.warning().filter(|_| !setup.common.demo) {
        app.ui.notices.warn(&warning);
    }
    if let Some(text) = open {
        let link = features::link_of(text, &app.ctx(clock.now())).map_err(Failure::Usage)?;
        app.goto(&link, clock.now());
    }
    shell::signals(&outside);
    let mut screen = Screen::enter().map_err(Failure::failed)?;
    let size = screen.terminal.size().map_err(Failure::failed)?;
    let recorder = match &setup.common.record {
        Some(file) => {
            let header = super::replay::header(setup, &app, clock, remembered, (size.width, size.height));
            let recorder = Recorder::create(file, &header, setup.common.redact)
                .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
            shell.tap = Some(recorder.tap());
            Some(recorder)
        }
        None => None,
    };
    shell::connect(&aws, &setup.specs, setup.common.demo, !setup.common.demo, &outside);
    reload::watch(setup, &aws, &outside);
    let ended = runtime::run(&mut app, &mut screen.terminal, events(outside), shell).await;
    drop(screen);
    let mut warnings = Vec::new();
    if let Some(recorder) = recorder
        && let Err(error) = recorder.finish()
    {
        warnings.push(format!("the recording is incomplete: {error}"));
    }
    if let Some(file) = state_file
        && remember(&app, &mut state)
        && let Err(error) = write_state(&file, &state)
    {
        warnings.push(format!("the last pane and window are not remembered: {}: {error}", file.display()));
    }
    ended.map_err(Failure::failed)?;
    Ok((!warnings.is_empty()).then(|| warnings.join("; ")))
}

/// The terminal's events. When they end, the terminal is gone and so is the run.
pub fn events(outside: mpsc::Sender<Outside>) -> impl Stream<Item = Event> + Unpin {
    let gone = stream::once(async move {
        let _ = outside.send(Outside::End).await;
        None
    });
    let events = EventStream::new().take_while(|event| future::ready(event.is_ok())).map(Result::ok);
    Box::pin(events.chain(gone).filter_map(future::ready))
}

fn read_state(file: &Path) -> State {
    std::fs::read_to_string(file).map(|text| State::parse(&text)).unwrap_or_default()
}

/// Whole or not at all: a console that ends at the same time must not leave half a file.
fn write_state(file: &Path, state: &State) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = file.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&draft, state.text())?;
    std::fs::rename(&draft, file)
}

/// Puts the app where it was when its targets were last seen, and gives what was remembered.
pub(super) fn recall(app: &mut App, state: &State, now: Now) -> Vec<(String, Remembered)> {
    let remembered: Vec<_> = app.store.active().map(|id| (id.to_string(), state.of(id.as_str()))).collect();
    restore(app, &remembered, now);
    remembered
}

/// Applies what was remembered. The first target's pane and window count.
pub fn restore(app: &mut App, remembered: &[(String, Remembered)], now: Now) {
    for (target, remembered) in remembered {
        if let Some(link) = features::remembered_link(target, &remembered.log_groups) {
            let mut panes = std::mem::take(&mut app.panes);
            let ctx = app.ctx(now);
            for pane in &mut panes {
                pane.open(&link, &ctx);
            }
            app.panes = panes;
        }
    }
    let Some((_, first)) = remembered.first() else { return };
    if let Some(index) = app.panes.iter().position(|pane| Some(pane.name()) == first.pane.as_deref()) {
        app.ui.pane = index;
    }
    if let Some(secs) = first.window.and_then(|window| i64::try_from(window.duration().as_secs()).ok()) {
        app.ui.window = Window::Live { secs };
    }
}

/// Notes where the app is now; says whether anything is new.
pub(super) fn remember(app: &App, state: &mut State) -> bool {
    let pane = app.panes.get(app.ui.pane).map(|pane| pane.name().to_owned());
    let window = match app.ui.window {
        Window::Live { secs } => u64::try_from(secs).ok().map(Span::seconds),
        _ => None,
    };
    let mut new = false;
    for id in app.store.active() {
        let before = state.of(id.as_str());
        let groups = app.panes.iter().find_map(|pane| features::remembered_groups(id, &pane.here()));
        let remembered = Remembered {
            pane: pane.clone().or(before.pane),
            window: window.or(before.window),
            log_groups: groups.unwrap_or(before.log_groups),
        };
        new |= state.remember(id.as_str(), remembered);
    }
    new
}
