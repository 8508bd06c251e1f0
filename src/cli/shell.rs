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
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How often the credential files are looked at.
const CREDENTIALS_EVERY: Duration = Duration::from_secs(5);
/// Messages from outside that wait for the loop.
const QUEUE: usize = 64;

/// A shell without connections, and the way into its loop.
pub fn shell(setup: &Setup, clock: Clock) -> (Shell, mpsc::Sender<Outside>) {
    let (sender, outside) = mpsc::channel(QUEUE);
    let folder = PathBuf::from(".");
    let state_folder = setup.paths.as_ref().map_or_else(|| folder.clone(), |paths| paths.state.clone());
    let ops = OpCtx { conns: Vec::new(), folder, state_folder, in_tmux: setup.env.in_tmux, clock };
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

/// Turns signals into messages: SIGTERM, SIGHUP and SIGINT end the run, SIGCONT draws again.
pub fn signals(outside: &mpsc::Sender<Outside>) {
    let ended = outside.clone();
    tokio::spawn(async move {
        interrupted().await;
        let _ = ended.send(Outside::End).await;
    });
    let outside = outside.clone();
    tokio::spawn(async move {
        loop {
            signalled(SignalKind::from_raw(signal_hook::consts::SIGCONT)).await;
            if outside.send(Outside::Continued).await.is_err() {
                return;
            }
        }
    });
}

/// Waits for SIGTERM, SIGHUP or SIGINT.
pub async fn interrupted() {
    tokio::select! {
        () = signalled(SignalKind::terminate()) => {}
        () = signalled(SignalKind::hangup()) => {}
        () = signalled(SignalKind::interrupt()) => {}
    }
}

/// Waits for one signal; for ever when the system gives no handler.
async fn signalled(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(error) => {
            tracing::warn!("a signal cannot be heard: {error}");
            std::future::pending::<()>().await;
        }
    }
}
