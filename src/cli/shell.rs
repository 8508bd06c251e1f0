//! The outside of a run: connections, credentials, signals, and the shell that the loop gets.

use super::session::Setup;
use crate::app::Msg;
use crate::aws::{Aws, TargetSpec};
use crate::features::OpCtx;
use crate::features::session::SessionInfo;
use crate::runtime::clock::Clock;
use crate::runtime::{Outside, Shell};
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// How often the credential files are looked at.
const CREDENTIALS_EVERY: Duration = Duration::from_secs(5);
/// Messages from outside that wait for the loop.
const QUEUE: usize = 64;

/// A shell without connections, and the way into its loop.
pub fn shell(setup: &Setup, clock: Clock) -> (Shell, mpsc::Sender<Outside>) {
    let (sender, outside) = mpsc::channel(QUEUE);
    let folder = PathBuf::from(".");
    let state_folder = setup.state_folder();
    let dashboards = setup.common.dashboards.clone();
    let ops =
        OpCtx { conns: Vec::new(), folder, state_folder, dashboards, in_tmux: setup.env.in_tmux, clock };
    let seed = setup.seed() ^ clock.wall().as_nanosecond() as u64;
    let shell = Shell {
        clock,
        conns: Vec::new(),
        ops,
        seed,
        outside,
        tap: None,
        until: None,
        idle: None,
        replay: None,
    };
    (shell, sender)
}

/// Connects every target on its own, so that a slow one delays no other; with `watch`, takes new credentials
/// as they come.
pub fn connect(
    aws: &Aws,
    specs: &[TargetSpec],
    simulated: bool,
    watch: bool,
    outside: &mpsc::Sender<Outside>,
) {
    for spec in specs.iter().cloned() {
        let (aws, outside) = (aws.clone(), outside.clone());
        tokio::spawn(async move {
            let conn = aws.connect(&spec).await;
            let info = SessionInfo::of(&conn, simulated);
            let mut open = outside.send(Outside::Connected(conn.clone(), info)).await.is_ok();
            while open && watch {
                tokio::time::sleep(CREDENTIALS_EVERY).await;
                if conn.reload_if_changed().await {
                    let info = SessionInfo::of(&conn, simulated);
                    let msg = Msg::Session { target: spec.name.clone(), info };
                    open = outside.send(Outside::Msg(msg)).await.is_ok()
                        && outside.send(Outside::Wake).await.is_ok();
                }
            }
        });
    }
}

/// Turns signals into messages: SIGTERM, SIGHUP and SIGINT end the run, SIGCONT draws again. They are heard
/// from this call on: it comes before the terminal is taken, so that none can end the process with it taken.
pub fn signals(outside: &mpsc::Sender<Outside>) {
    let (ended, interrupted) = (outside.clone(), interrupted());
    tokio::spawn(async move {
        interrupted.await;
        let _ = ended.send(Outside::End).await;
    });
    let outside = outside.clone();
    let mut continued = listen(SignalKind::from_raw(signal_hook::consts::SIGCONT));
    tokio::spawn(async move {
        loop {
            heard(&mut continued).await;
            if outside.send(Outside::Continued).await.is_err() {
                return;
            }
        }
    });
}

/// Waits for SIGTERM, SIGHUP or SIGINT; listens from the call on, not from the first poll.
pub fn interrupted() -> impl Future<Output = ()> + Send {
    let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
    let [mut terminate, mut hangup, mut interrupt] = kinds.map(listen);
    async move {
        tokio::select! {
            () = heard(&mut terminate) => {}
            () = heard(&mut hangup) => {}
            () = heard(&mut interrupt) => {}
        }
    }
}

fn listen(kind: SignalKind) -> Option<Signal> {
    let listening = signal(kind);
    listening.inspect_err(|error| tracing::warn!("a signal cannot be heard: {error}")).ok()
}

/// Waits for one signal; for ever when the system gives no handler.
async fn heard(signals: &mut Option<Signal>) {
    match signals {
        Some(signals) => {
            signals.recv().await;
        }
        None => std::future::pending().await,
    }
}
