//! `eyewall replay FILE`: tells the app again what it was told, at the recorded pace.
//!
//! Nothing is asked of AWS and nothing is carried out. Keys belong to the viewer: `q` and `Ctrl-c` end, Space
//! pauses, `]` skips a minute ahead.

use super::out::Out;
use super::session::Setup;
use super::{Failure, console, logging, shell};
use crate::app::{App, Input, Msg, Now};
use crate::config::Remembered;
use crate::features::Store;
use crate::features::session::SessionInfo;
use crate::runtime::clock::Clock;
use crate::runtime::record::{FORMAT, Frame, Header, Reader};
use crate::runtime::term::Screen;
use crate::runtime::{self, Outside};
use crate::text::Zone;
use crossterm::event::{Event, EventStream, KeyCode, KeyEventKind, KeyModifiers};
use futures::{StreamExt, stream};
use jiff::tz::{Offset, TimeZone};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// What `]` skips.
const SKIP: Duration = Duration::from_mins(1);

/// Replays a recording in this terminal.
///
/// # Errors
/// A file that is no recording; no terminal.
pub fn run(setup: &Setup, file: &Path, out: &mut Out) -> Result<(), Failure> {
    let in_file = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", file.display()));
    let opened = File::open(file).map_err(|error| in_file(&error))?;
    let (header, reader) = Reader::open(BufReader::new(opened)).map_err(|error| in_file(&error))?;
    console::require_terminal()?;
    logging::start(setup.common.log_level);
    let runtime = console::runtime()?;
    let cut = runtime.block_on(show(setup, header, reader));
    runtime.shutdown_background();
    if cut? {
        out.error("eyewall: the recording is cut off; it was replayed up to there");
    }
    Ok(())
}

/// Runs until the viewer ends it. Says whether the recording turned out to be cut off.
async fn show(setup: &Setup, header: Header, reader: Reader<BufReader<File>>) -> Result<bool, Failure> {
    let clock = setup.clock();
    let mut app = app_of(setup, &header);
    let (mut shell, outside) = shell::shell(setup, clock);
    shell.replay = Some(header.start);
    shell::signals(&outside);
    let mut screen = Screen::enter().map_err(Failure::failed)?;
    let (keys, viewer) = mpsc::channel(16);
    tokio::spawn(watch_keys(keys, outside.clone()));
    let player = Player {
        outside,
        viewer,
        clock,
        speed: setup.common.speed.unwrap_or(1.0),
        skip_until: Duration::ZERO,
        at: header.start.since_start,
    };
    let playing = tokio::spawn(player.play(header.start, reader));
    let ended = runtime::run(&mut app, &mut screen.terminal, stream::pending(), shell).await;
    drop(screen);
    ended.map_err(Failure::failed)?;
    playing.abort();
    Ok(playing.await.unwrap_or(false))
}

/// The app as it was when the recording began.
pub fn app_of(setup: &Setup, header: &Header) -> App {
    let mut app = setup.app();
    let targets = header.targets.iter().map(|spec| {
        let region = spec.region.clone();
        (spec.clone(), SessionInfo { region, simulated: header.demo, ..SessionInfo::default() })
    });
    app.store = Store::new(targets);
    let zone = zone_of(&header.zone);
    app.ui = crate::app::Ui::new(&header.config, zone);
    // Shown as this terminal can show it.
    let ui = &setup.config.ui;
    app.settings.config = header.config.clone();
    (app.settings.config.ui.ascii, app.settings.config.ui.color) = (ui.ascii, ui.color);
    app.ui.banner = Some("REPLAY".into());
    console::restore(&mut app, &header.remembered, header.start);
    if let Some(index) = app.panes.iter().position(|pane| pane.name() == header.pane) {
        app.ui.pane = index;
    }
    app
}

/// What a recording that begins now has to say first.
pub fn header(
    setup: &Setup,
    app: &App,
    clock: Clock,
    remembered: Vec<(String, Remembered)>,
    size: (u16, u16),
) -> Header {
    Header {
        eyewall_recording: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        start: clock.now(),
        size,
        zone: zone_name(&app.ui.zone, clock.now()),
        ascii: setup.theme.ascii,
        demo: setup.common.demo,
        redacted: setup.common.redact,
        config: setup.config.clone(),
        targets: setup.specs.clone(),
        remembered,
        pane: app.panes.get(app.ui.pane).map(|pane| pane.name().to_owned()).unwrap_or_default(),
    }
}

fn zone_name(zone: &Zone, now: Now) -> String {
    let name = zone.tz().iana_name().map(str::to_owned);
    name.unwrap_or_else(|| zone.tz().to_offset(now.wall).seconds().to_string())
}

fn zone_of(name: &str) -> Zone {
    let offset = name.parse().ok().and_then(|seconds| Offset::from_seconds(seconds).ok());
    match offset {
        Some(offset) => Zone::from(TimeZone::fixed(offset)),
        None => TimeZone::get(name).map(Zone::from).unwrap_or_default(),
    }
}

/// What the viewer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Viewer {
    Skip,
    Pause,
}

async fn watch_keys(viewer: mpsc::Sender<Viewer>, outside: mpsc::Sender<Outside>) {
    let mut events = EventStream::new();
    while let Some(Ok(event)) = events.next().await {
        let message = match event {
            Event::Resize(columns, rows) => Outside::Msg(Msg::Input(Input::Resize(columns, rows))),
            Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
                KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Outside::End,
                KeyCode::Char('q') => Outside::End,
                KeyCode::Char(']') => {
                    let _ = viewer.try_send(Viewer::Skip);
                    continue;
                }
                KeyCode::Char(' ') => {
                    let _ = viewer.try_send(Viewer::Pause);
                    continue;
                }
                _ => continue,
            },
            _ => continue,
        };
        if outside.send(message).await.is_err() {
            return;
        }
    }
    let _ = outside.send(Outside::End).await;
}

/// Tells frame after frame, waiting between them as long as it was then.
struct Player {
    outside: mpsc::Sender<Outside>,
    viewer: mpsc::Receiver<Viewer>,
    clock: Clock,
    speed: f64,
    /// Up to here nothing is waited for.
    skip_until: Duration,
    /// How far the replay is, in time since the recorded start.
    at: Duration,
}

impl Player {
    /// Plays to the end and says whether the recording is cut off.
    async fn play(mut self, start: Now, mut frames: Reader<BufReader<File>>) -> bool {
        let mut lost = 0;
        let mut last = start;
        for frame in frames.by_ref() {
            let (now, msg) = match frame {
                Frame::Told(_, Msg::Input(Input::Resize(..))) | Frame::End => continue,
                Frame::Told(now, msg) => (now, msg),
                // What is missing stays missing, so it is said for the rest of the run.
                Frame::Gap(missing) => {
                    lost += missing;
                    (last, Msg::Banner(format!("REPLAY, {lost} messages missing")))
                }
            };
            if !self.wait_for(now, last).await {
                return false;
            }
            last = now;
            if self.outside.send(Outside::Replayed(Box::new(msg), now)).await.is_err() {
                return false;
            }
        }
        let cut = frames.is_cut();
        let banner = if cut { "REPLAY, cut off here" } else { "REPLAY, ended" };
        let _ = self.outside.send(Outside::Replayed(Box::new(Msg::Banner(banner.into())), last)).await;
        cut
    }

    /// Waits until it is time for a message. `false`: nobody looks any more.
    async fn wait_for(&mut self, now: Now, last: Now) -> bool {
        let mut left = now.since_start.saturating_sub(self.at).div_f64(self.speed);
        self.at = now.since_start;
        let mut paused = false;
        while paused || (!left.is_zero() && now.since_start > self.skip_until) {
            let began = self.clock.since_start();
            let was_paused = paused;
            let due =
                async { if paused { std::future::pending().await } else { tokio::time::sleep(left).await } };
            tokio::select! {
                () = due => return true,
                asked = self.viewer.recv() => match asked {
                    None => return false,
                    Some(Viewer::Skip) => self.skip_until = now.since_start + SKIP,
                    Some(Viewer::Pause) => {
                        paused = !paused;
                        let banner = Msg::Banner(if paused { "REPLAY, paused" } else { "REPLAY" }.into());
                        if self.outside.send(Outside::Replayed(Box::new(banner), last)).await.is_err() {
                            return false;
                        }
                    }
                },
            }
            if !was_paused {
                left = left.saturating_sub(self.clock.since_start().saturating_sub(began));
            }
        }
        true
    }
}
