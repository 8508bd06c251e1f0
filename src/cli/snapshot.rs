//! `eyewall snapshot PANE`: the real console without a terminal, until its data is in; then one frame, printed.
//!
//! With a simulated world whose time stands still, the timers' clock is paused too: nothing is waited for and
//! the same arguments give the same bytes.

use super::args::{Format, Snapshot};
use super::out::Out;
use super::session::Setup;
use super::{Failure, keys, logging, picture, shell};
use crate::app::pane::Ctx;
use crate::app::{App, Input, PollPlan};
use crate::features;
use crate::runtime::{self, Ended, Opener, Until};
use futures::stream;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::collections::VecDeque;
use tokio::runtime::Builder;

/// Draws and prints.
///
/// # Errors
/// An unknown pane or key; at the timeout, and when nothing could be read, after printing what was there.
pub fn run(setup: Setup, wanted: &Snapshot, out: &mut Out) -> Result<(), Failure> {
    let Printed { ended, text, unread } = print(setup, wanted)?;
    out.bytes(text.as_bytes())?;
    if !unread.is_empty() {
        for problem in unread {
            out.error(&format!("eyewall: {problem}"));
        }
        return Err(Failure::Silent);
    }
    if ended == Ended::TimedOut {
        let waited = wanted.timeout.as_secs_f64();
        out.error(&format!("eyewall: not everything came within {waited} s (--timeout waits longer)"));
        return Err(Failure::Silent);
    }
    Ok(())
}

/// What a snapshot came to.
#[derive(Debug, PartialEq)]
pub struct Printed {
    /// How it ended.
    pub ended: Ended,
    /// What is to be printed.
    pub text: String,
    /// Why there is nothing to see: the errors of a pane of which nothing at all was read, each once.
    pub unread: Vec<String>,
}

/// Draws, and gives how it ended and what is to be printed.
///
/// # Errors
/// An unknown pane or key, and what is to be opened but is not there.
pub fn print(mut setup: Setup, wanted: &Snapshot) -> Result<Printed, Failure> {
    if setup.common.record.is_some() {
        return Err(Failure::usage("--record belongs to the console; a snapshot has nothing to replay"));
    }
    let keys = keys::parse(&wanted.keys).map_err(|error| Failure::Usage(format!("--keys: {error}")))?;
    if wanted.format == Format::Svg {
        setup.colour_everything()?;
    }
    let mut app = setup.app();
    let names: Vec<&str> = app.panes.iter().map(|pane| pane.name()).collect();
    let Some(index) = names.iter().position(|name| *name == wanted.pane) else {
        return Err(Failure::unknown("pane", &wanted.pane, names));
    };
    app.ui.pane = index;
    let frozen = setup.common.demo && setup.common.at.is_some();
    if !frozen {
        logging::start(setup.common.log_level);
    }
    let runtime = Builder::new_current_thread().enable_all().start_paused(frozen).build();
    let runtime = runtime.map_err(Failure::failed)?;
    let drawn = runtime.block_on(draw(&setup, &mut app, keys.into(), wanted));
    runtime.shutdown_background();
    match drawn? {
        Printed { ended: Ended::NotFound, unread, .. } if unread.is_empty() => {
            let problem = app.ui.notices.latest().map(|notice| notice.text.clone());
            Err(Failure::Failed(problem.unwrap_or_default()))
        }
        drawn => Ok(drawn),
    }
}

async fn draw(
    setup: &Setup,
    app: &mut App,
    keys: VecDeque<Input>,
    wanted: &Snapshot,
) -> Result<Printed, Failure> {
    let clock = setup.clock();
    let aws = setup.aws(clock)?;
    let (mut shell, outside) = shell::shell(setup, clock);
    if setup.common.at.is_some() {
        shell.seed = setup.seed();
    }
    shell.until = Some(Until {
        timeout: wanted.timeout,
        open: to_open(setup, wanted).map(|name| opener(wanted.pane.clone(), name)),
        keys,
    });
    shell::connect(&aws, &setup.specs, setup.common.demo, false, &outside);
    let (columns, rows) = wanted.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).map_err(Failure::failed)?;
    let ended = runtime::run(app, &mut terminal, stream::pending(), shell).await.map_err(Failure::failed)?;
    let buffer = terminal.backend().buffer();
    let text = match wanted.format {
        Format::Text => picture::text(buffer),
        Format::Ansi => picture::ansi(buffer),
        Format::Svg => picture::svg(buffer, &app.settings.theme),
        Format::Json => json(app, &app.ctx(clock.now())),
    };
    Ok(Printed { ended, text, unread: unread(app, &app.ctx(clock.now())) })
}

/// What to open: what was asked for, else the dashboard that was given as a file.
fn to_open(setup: &Setup, wanted: &Snapshot) -> Option<String> {
    let file = setup.common.dashboards.first().filter(|_| wanted.pane == "dashboards");
    let name = || Some(file?.file_stem()?.to_string_lossy().into_owned());
    wanted.open.clone().or_else(name)
}

/// The errors of the shown pane when it asked for something and never got an answer; empty otherwise.
fn unread(app: &App, ctx: &Ctx) -> Vec<String> {
    let mut plan = PollPlan::default();
    if let Some(pane) = app.panes.get(app.ui.pane) {
        pane.wants(true, ctx, &mut plan);
    }
    let mut problems = Vec::new();
    for (key, _) in plan.iter() {
        let error = app.store.polls.get(key).filter(|poll| poll.ok_at.is_none());
        let Some(error) = error.and_then(|poll| poll.error.as_ref()) else { return Vec::new() };
        let problem = error.short();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

/// Opens a thing of a pane once what it is looked up in has come.
fn opener(pane: String, name: String) -> Opener {
    Box::new(move |app, now| match features::open_link(&pane, &name, &app.ctx(now)) {
        Ok(link) => {
            app.goto(&link, now);
            true
        }
        Err(problem) => {
            app.ui.notices.warn(&problem);
            false
        }
    })
}

/// The pane's own data, with what stands around it.
fn json(app: &App, ctx: &Ctx) -> String {
    let pane = app.panes.get(app.ui.pane);
    let data = pane.and_then(|pane| pane.export(ctx)).map(|text| match serde_json::from_str(&text) {
        Ok(value) => value,
        // Some panes export lines, not JSON.
        Err(_) => serde_json::Value::from(text.lines().collect::<Vec<_>>()),
    });
    let value = serde_json::json!({
        "pane": pane.map(|pane| pane.name()),
        "at": ctx.now.wall.to_string(),
        "targets": ctx.targets().map(ToString::to_string).collect::<Vec<_>>(),
        "data": data,
    });
    format!("{value:#}\n")
}
