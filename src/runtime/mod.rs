//! The shell around the core: the loop, pollers, operations, the clock and the terminal.
//!
//! [`run`] takes messages, hands them to the app, carries out its effects, publishes its plan and draws.
//! It awaits nothing but its own `select!`.

pub mod clipboard;
pub mod clock;
mod headless;
pub mod input;
pub mod poller;
pub mod record;
pub mod schedule;
pub mod term;

use crate::app::{App, Effect, Input, Msg, Now};
use crate::aws::Conn;
use crate::features::session::SessionInfo;
use crate::features::{self, Op, OpCtx, OpOutcome};
use clock::Clock;
use futures::{FutureExt, Stream, StreamExt};
pub use headless::{Opener, Until};
use poller::{Published, Spawner};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Messages waiting for the loop. Pollers wait when it is full, so a busy screen slows them.
const QUEUE: usize = 256;
/// At most this many messages between two looks at the screen.
const DRAIN: usize = 128;
/// At least this long between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// How long sources may take to close at the end.
const GRACE: Duration = Duration::from_millis(500);

/// What the loop needs besides the app and the terminal.
pub struct Shell {
    /// The clock.
    pub clock: Clock,
    /// One connection per target.
    pub conns: Vec<Conn>,
    /// What operations may use.
    pub ops: OpCtx,
    /// Seeds the jitter of the pollers.
    pub seed: u64,
    /// Messages from elsewhere: signals, file watchers, a recording.
    pub outside: mpsc::Receiver<Outside>,
    /// Sees every message before the app does.
    pub tap: Option<Tap>,
    /// Ends the loop as soon as the app says it is settled (headless runs).
    pub until: Option<Until>,
    /// Told after every turn whether all is answered, done and drawn: what tests wait for.
    pub idle: Option<watch::Sender<bool>>,
    /// A replay starts at this moment: its messages bring their own times, and nothing is carried out.
    pub replay: Option<Now>,
}

/// Sees every message with its time: the recorder.
pub type Tap = Box<dyn FnMut(&Msg, Now) + Send>;

/// Things that reach the loop from outside the app.
#[derive(Debug)]
pub enum Outside {
    /// A message.
    Msg(Msg),
    /// A message of a recording, with the moment it came at.
    Replayed(Box<Msg>, Now),
    /// A target can be called now: its pollers start.
    Connected(Conn, SessionInfo),
    /// New credentials: parked pollers try again.
    Wake,
    /// The process was continued from outside: the terminal may have been somebody else's meanwhile.
    Continued,
    /// End in an orderly way (SIGTERM, SIGHUP).
    End,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The user quit.
    Quit,
    /// A signal.
    Signal,
    /// A headless run settled.
    Settled,
    /// A headless run's time was up.
    TimedOut,
    /// What a headless run was to open is not there.
    NotFound,
}

/// Runs the console until it ends. Generic over the terminal, so that tests use a buffer.
///
/// # Errors
/// Those of the terminal.
pub async fn run<B: Backend>(
    app: &mut App,
    terminal: &mut Terminal<B>,
    events: impl Stream<Item = crossterm::event::Event> + Unpin,
    shell: Shell,
) -> Result<Ended, B::Error> {
    let (msgs, queue) = mpsc::channel(QUEUE);
    let (plan, plan_rx) = watch::channel(Published::default());
    let cancel = CancellationToken::new();
    let mut spawner = Spawner::new(msgs.clone(), plan_rx, cancel.clone(), shell.clock, shell.seed);
    for conn in &shell.conns {
        features::spawn_sources(conn, &mut spawner);
    }
    let size = terminal.size()?;
    let mut running = Loop {
        queue,
        plan,
        work: JoinSet::new(),
        dirty: true,
        drawn_at: None,
        shown: Buffer::empty(Rect::ZERO),
        scratch: Buffer::empty(Rect::new(0, 0, size.width, size.height)),
        repaint: true,
        busy: 0,
        spawner,
        present: shell.replay,
        shell,
    };
    let ended = running.turn(app, terminal, events).await;
    // In order: stop the pollers, give sources time to close, then let go.
    cancel.cancel();
    // What was started gets the same time: a line of the journal, an export, the end of a sending.
    let (mut tasks, mut work) = (running.spawner.tasks, running.work);
    let all = async {
        while tasks.join_next().await.is_some() {}
        while work.join_next().await.is_some() {}
    };
    let _ = tokio::time::timeout(GRACE, all).await;
    tasks.abort_all();
    work.abort_all();
    ended
}

struct Loop {
    queue: mpsc::Receiver<Msg>,
    plan: watch::Sender<Published>,
    work: JoinSet<Msg>,
    dirty: bool,
    /// When a frame was made last, also one that differed in nothing: messages come in bursts.
    drawn_at: Option<Duration>,
    /// What the terminal shows.
    shown: Buffer,
    /// Where the next frame is drawn before it is compared.
    scratch: Buffer,
    repaint: bool,
    /// Operations and jobs running.
    busy: usize,
    /// Starts the pollers of targets that connect later.
    spawner: Spawner,
    /// The recorded present, in a replay.
    present: Option<Now>,
    shell: Shell,
}

impl Loop {
    async fn turn<B: Backend>(
        &mut self,
        app: &mut App,
        terminal: &mut Terminal<B>,
        mut events: impl Stream<Item = crossterm::event::Event> + Unpin,
    ) -> Result<Ended, B::Error> {
        let mut rejoin = input::Rejoin::default();
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut events_open, mut outside_open) = (true, true);
        self.draw(app, terminal)?;
        self.publish(app);
        if self.present.is_none() {
            for op in features::at_start(self.shell.until.is_some()) {
                self.run_op(op);
            }
        }
        loop {
            let now = self.shell.clock.since_start();
            let frame = self
                .dirty
                .then(|| self.drawn_at.map_or(Duration::ZERO, |at| (at + FRAME).saturating_sub(now)));
            let esc = rejoin.deadline().map(|at| at.saturating_sub(now));
            let mut batch = Vec::new();
            tokio::select! {
                biased;
                event = events.next(), if events_open => match event {
                    Some(event) => batch.extend(rejoin.on_event(event, now).into_iter().map(Msg::Input)),
                    None => events_open = false,
                },
                () = sleep(esc) => batch.extend(rejoin.expire().into_iter().map(Msg::Input)),
                outside = self.shell.outside.recv(), if outside_open && !self.replays_job() => match outside {
                    Some(Outside::Msg(msg)) => batch.push(msg),
                    Some(Outside::Replayed(msg, at)) => {
                        self.present = Some(at);
                        batch.push(*msg);
                    }
                    Some(Outside::Connected(conn, info)) => batch.push(self.connected(conn, info)),
                    Some(Outside::Continued) => {
                        if let Err(error) = term::retake() {
                            tracing::warn!("cannot take the terminal back: {error}");
                        }
                        self.repaint = true;
                        batch.push(Msg::Resumed);
                    }
                    Some(Outside::Wake) => self.plan.send_modify(|published| published.wakes += 1),
                    Some(Outside::End) => return Ok(Ended::Signal),
                    None => outside_open = false,
                },
                () = sleep(frame) => {}
                Some(msg) = self.queue.recv() => batch.push(msg),
                Some(done) = self.work.join_next() => {
                    self.busy -= 1;
                    match done {
                        Ok(msg) => batch.push(msg),
                        Err(error) => tracing::error!("an operation ended without an answer: {error}"),
                    }
                }
                _ = tick.tick(), if self.present.is_none() => batch.push(Msg::Tick),
            }
            while batch.len() < DRAIN {
                let Ok(msg) = self.queue.try_recv() else { break };
                batch.push(msg);
            }
            for msg in batch {
                if let ControlFlow::Break(ended) = self.take(app, msg, terminal)? {
                    return Ok(ended);
                }
            }
            let now = self.shell.clock.since_start();
            if self.dirty && self.drawn_at.is_none_or(|at| now >= at + FRAME) {
                self.draw(app, terminal)?;
                self.publish(app);
                if app.newly_drawn() {
                    // A slow terminal takes its time, and somebody types on for what stood there before.
                    rejoin = input::Rejoin::default();
                    for event in input::drop_typed(&mut events).await {
                        for input in rejoin.on_event(event, now) {
                            if let ControlFlow::Break(ended) = self.take(app, Msg::Input(input), terminal)? {
                                return Ok(ended);
                            }
                        }
                    }
                }
            }
            if let Some(idle) = &self.shell.idle {
                idle.send_replace(!self.dirty && rejoin.deadline().is_none() && self.settled(app));
            }
            if let ControlFlow::Break(ended) = self.headless(app, terminal)? {
                return Ok(ended);
            }
        }
    }

    fn take<B: Backend>(
        &mut self,
        app: &mut App,
        msg: Msg,
        terminal: &mut Terminal<B>,
    ) -> Result<ControlFlow<Ended>, B::Error> {
        let now = self.now();
        if let Some(tap) = &mut self.shell.tap
            && !(app.secret() && matches!(msg, Msg::Input(_)))
        {
            tap(&msg, now);
        }
        if let Msg::Input(Input::Resize(columns, rows)) = msg {
            self.scratch = Buffer::empty(Rect::new(0, 0, columns, rows));
            terminal.resize(self.scratch.area)?;
            self.repaint = true;
        }
        for effect in app.handle(msg, now) {
            match effect {
                // A replay shows what was seen; what it led to outside happened then.
                Effect::Quit | Effect::Run(_) | Effect::Copy(_) | Effect::Suspend
                    if self.present.is_some() => {}
                // Without a terminal of its own there is nothing to come back from.
                Effect::Suspend if self.shell.until.is_some() => {}
                Effect::Quit => return Ok(ControlFlow::Break(Ended::Quit)),
                Effect::Run(op) => self.run_op(*op),
                Effect::Compute(job) => {
                    self.busy += 1;
                    self.work.spawn_blocking(move || Msg::Computed(Box::new(features::run_job(*job))));
                }
                Effect::Copy(text) => {
                    let in_tmux = self.shell.ops.in_tmux;
                    self.busy += 1;
                    self.work.spawn(async move {
                        let result = clipboard::copy(&text, in_tmux).await;
                        Msg::OpDone(Box::new(OpOutcome::Copied { text, result }))
                    });
                }
                Effect::Suspend => {
                    if let Err(error) = term::suspend() {
                        tracing::warn!("cannot suspend: {error}");
                    }
                    self.repaint = true;
                }
                Effect::Wake => self.plan.send_modify(|published| published.wakes += 1),
                Effect::Repaint => self.repaint = true,
            }
        }
        self.dirty = true;
        Ok(ControlFlow::Continue(()))
    }

    /// The present: the clock's, or that of the recording.
    fn now(&self) -> Now {
        self.present.unwrap_or_else(|| self.shell.clock.now())
    }

    /// Starts the pollers of a target and hands on what its connection knows.
    fn connected(&mut self, conn: Conn, info: SessionInfo) -> Msg {
        features::spawn_sources(&conn, &mut self.spawner);
        let target = conn.spec().name.clone();
        self.shell.ops.conns.push(conn);
        Msg::Session { target, info }
    }

    fn run_op(&mut self, op: Op) {
        let ctx = self.shell.ops.clone();
        self.busy += 1;
        // One that panics still answers, so that nobody waits for it for ever.
        let lost = op.lost(ctx.clock.wall());
        let run = AssertUnwindSafe(features::run_op(op, ctx)).catch_unwind();
        self.work.spawn(async move { Msg::OpDone(Box::new(run.await.unwrap_or(lost))) });
    }

    fn publish(&mut self, app: &App) {
        let plan = app.plan(self.now());
        self.plan.send_if_modified(|published| {
            let changed = *published.plan != plan;
            if changed {
                published.plan = Arc::new(plan);
            }
            changed
        });
    }

    /// Draws into the scratch buffer and touches the terminal only when a cell differs.
    fn draw<B: Backend>(&mut self, app: &App, terminal: &mut Terminal<B>) -> Result<(), B::Error> {
        let now = self.now();
        self.dirty = false;
        self.drawn_at = Some(self.shell.clock.since_start());
        self.scratch.reset();
        app.render(&mut self.scratch, now);
        if self.repaint {
            // Clears and forgets what was drawn. `clear` would ask the terminal where its cursor is and wait.
            terminal.resize(self.scratch.area)?;
        } else if self.scratch == self.shown {
            return Ok(());
        }
        self.repaint = false;
        terminal.draw(|frame| {
            let buffer = frame.buffer_mut();
            if buffer.area == self.scratch.area {
                buffer.clone_from(&self.scratch);
            }
        })?;
        std::mem::swap(&mut self.shown, &mut self.scratch);
        if self.scratch.area != self.shown.area {
            self.scratch = Buffer::empty(self.shown.area);
        }
        Ok(())
    }

    /// A replay runs jobs again: what came after a job was asked for comes after its answer.
    fn replays_job(&self) -> bool {
        self.present.is_some() && self.busy > 0
    }

    /// Whether nothing is on its way to the app.
    fn settled(&self, app: &App) -> bool {
        self.busy == 0 && self.queue.is_empty() && app.settled(self.now())
    }
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
