//! The driver: the real `runtime::run` on a screen in memory, with scripted keys, a paused clock and the
//! simulated AWS behind the real SDK clients.
//!
//! Nothing here sleeps: `settle` waits until all that was asked has been answered and drawn, `advance`
//! moves tokio's paused clock. Tests that use it are `#[tokio::test(start_paused = true)]`.

mod screen;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use crossterm::event::{Event, KeyEvent};
use eyewall::app::{App, Input, Keymap, Settings};
use eyewall::aws::{Access, Aws, Clocks, Conn, SourceError, TargetSpec};
use eyewall::config::Config;
use eyewall::demo::world::Scenario;
use eyewall::demo::{Faults, SimAws};
use eyewall::features::session::SessionInfo;
use eyewall::features::{OpCtx, Payload, Query, Source, SourceCtx, Store};
use eyewall::runtime::clock::Clock;
use eyewall::runtime::{Ended, Outside, Shell, run};
use eyewall::text::Zone;
use eyewall::theme::{ColorDepth, Theme};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use ratatui::Terminal;
pub use screen::Screen;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// The longest that anything may take to settle, in the console's time.
const LONGEST: Duration = Duration::from_mins(2);

/// What to start.
pub struct Options {
    /// As [`simulator`] takes it.
    pub scenario: String,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Each with a simulated AWS of its own.
    pub targets: Vec<TargetSpec>,
    /// Fault rules from the start, for every target.
    pub faults: Vec<&'static str>,
    /// The console takes the simulated AWS for the real one.
    pub as_real: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scenario: "bad-deploy".into(),
            size: (120, 40),
            targets: vec![target("demo")],
            faults: Vec::new(),
            as_real: false,
        }
    }
}

/// A target of this name in the simulated world.
pub fn target(name: &str) -> TargetSpec {
    TargetSpec { region: Some("eu-west-2".to_owned()), ..TargetSpec::named(name) }
}

/// When every simulated world starts.
pub fn start() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// A folder under `target/` that is empty now and belongs to one test.
pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A simulated AWS that goes by this clock: a shipped scenario, `empty`, where nothing exists, or the text of one.
pub fn simulator(scenario: &str, clock: Clock) -> SimAws {
    let scenario = match scenario {
        "empty" => Scenario::parse("name = \"empty\"\nsummary = \"nothing\"", "empty").unwrap(),
        text if text.contains('\n') => Scenario::parse(text, "test").unwrap(),
        shipped => Scenario::builtin(shipped).unwrap(),
    };
    SimAws::new(scenario, 7, clock.wall(), Arc::new(move || clock.wall()))
}

/// The way to AWS through an HTTP client that needs no credentials of the machine.
pub fn aws(http: SharedHttpClient, clock: Clock) -> Aws {
    let clocks = Clocks {
        monotonic: Arc::new(move || clock.since_start()),
        wall: Arc::new(move || clock.wall()),
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    };
    Aws::new(Access::Simulated { http }, clocks, None)
}

/// A connection to a simulated AWS.
pub async fn connect(sim: &SimAws, clock: Clock) -> Conn {
    aws(SharedHttpClient::new(sim.clone()), clock).connect(&target("demo")).await
}

/// Asks a source once, as a poller would.
pub async fn poll(source: &mut impl Source, query: &Query, clock: Clock) -> Result<Payload, SourceError> {
    source.poll(query, &SourceCtx { now: clock.now(), refreshes: 0 }).await
}

/// A running console.
pub struct Driver {
    /// The simulated AWS of each target, in order.
    pub sims: Vec<SimAws>,
    /// What it draws on.
    pub screen: Screen,
    /// Its clock.
    pub clock: Clock,
    /// Where its journal and exports go.
    pub folder: PathBuf,
    run: Option<LocalBoxFuture<'static, (Ended, App)>>,
    ended: Option<(Ended, App)>,
    events: UnboundedSender<Event>,
    sent: usize,
    taken: Rc<Cell<usize>>,
    idle: watch::Receiver<bool>,
    /// Kept open: a closed channel is another case than a silent one.
    outside: mpsc::Sender<Outside>,
}

impl Driver {
    /// A console over `bad-deploy` at 120x40. `test` names the test.
    pub async fn bad_deploy(test: &str) -> Self {
        Self::start(test, Options::default()).await
    }

    /// A console as wanted. Nothing runs before the first call of another method.
    pub async fn start(test: &str, options: Options) -> Self {
        let clock = Clock::starting_at(start());
        let folder = scratch(test);
        let (mut sims, mut conns, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for spec in options.targets {
            let sim = simulator(&options.scenario, clock);
            sim.set_faults(Faults::parse(options.faults.iter().copied()).unwrap());
            let conn = aws(SharedHttpClient::new(sim.clone()), clock).connect(&spec).await;
            known.push((spec, SessionInfo::of(&conn, !options.as_real)));
            sims.push(sim);
            conns.push(conn);
        }
        let settings = Settings {
            config: Config::default(),
            keymap: Keymap::default(),
            user_themes: Vec::new(),
            depth: ColorDepth::True,
            theme: Theme::plain(),
        };
        let mut app = App::new(Store::new(known), settings, Zone::utc());
        let ops = OpCtx {
            dashboards: Vec::new(),
            conns: conns.clone(),
            folder: folder.clone(),
            state_folder: folder.clone(),
            in_tmux: false,
            clock,
        };
        let (outside, outside_queue) = mpsc::channel(4);
        let (idle_tx, idle) = watch::channel(false);
        let shell = Shell {
            clock,
            conns,
            ops,
            seed: 7,
            outside: outside_queue,
            tap: None,
            until: None,
            idle: Some(idle_tx),
            replay: None,
        };
        let screen = Screen::new(options.size);
        let mut terminal = Terminal::new(screen.clone()).unwrap();
        let (events, queue) = unbounded();
        let taken = Rc::new(Cell::new(0));
        let count = Rc::clone(&taken);
        let run = async move {
            let queue = queue.inspect(move |_| count.set(count.get() + 1));
            let ended = run(&mut app, &mut terminal, Box::pin(queue), shell).await.unwrap();
            (ended, app)
        };
        Self {
            sims,
            screen,
            clock,
            folder,
            run: Some(Box::pin(run)),
            ended: None,
            events,
            sent: 0,
            taken,
            idle,
            outside,
        }
    }

    /// Runs the console until `until` is done; `None` when the console ended first.
    async fn drive<F: Future>(&mut self, until: F) -> Option<F::Output> {
        let run = self.run.as_mut().expect("the console has ended");
        tokio::select! {
            biased;
            ended = run => {
                self.run = None;
                self.ended = Some(ended);
                None
            }
            done = until => Some(done),
        }
    }

    /// Runs until everything asked has been answered and drawn, and nothing is held back.
    pub async fn settle(&mut self) {
        let (sent, taken, mut idle) = (self.sent, Rc::clone(&self.taken), self.idle.clone());
        let quiet = async move {
            while idle.changed().await.is_ok() {
                if *idle.borrow_and_update() && taken.get() == sent {
                    break;
                }
            }
        };
        let settled = self.drive(tokio::time::timeout(LONGEST, quiet)).await;
        assert!(!matches!(settled, Some(Err(_))), "not settled after {LONGEST:?}:\n{}", self.text());
    }

    /// Lets time pass.
    pub async fn advance(&mut self, time: Duration) {
        self.drive(tokio::time::sleep(time)).await;
    }

    /// Sends keys without waiting: `jj<Enter>`, `<Ctrl-l>`, `<Esc>`.
    pub fn send(&mut self, keys: &str) {
        for key in parse_keys(keys) {
            self.events.unbounded_send(Event::Key(key)).unwrap();
            self.sent += 1;
        }
    }

    /// Sends keys while the terminal is busy drawing this text, as when somebody types on over a slow line.
    pub fn send_while_drawing(&mut self, text: &str, keys: &str) {
        let (keys, events) = (parse_keys(keys), self.events.clone());
        self.sent += keys.len();
        self.screen.while_drawing(text, move || {
            for key in keys {
                events.unbounded_send(Event::Key(key)).unwrap();
            }
        });
    }

    /// Sends keys, one after the other, each after everything has settled.
    pub async fn press(&mut self, keys: &str) {
        for key in parse_keys(keys) {
            self.events.unbounded_send(Event::Key(key)).unwrap();
            self.sent += 1;
            self.settle().await;
            if self.run.is_none() {
                break;
            }
        }
    }

    /// The terminal gets another size.
    pub async fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.resize(columns, rows);
        self.events.unbounded_send(Event::Resize(columns, rows)).unwrap();
        self.sent += 1;
        self.settle().await;
    }

    /// Something from outside the app.
    pub async fn outside(&mut self, what: Outside) {
        self.outside.send(what).await.unwrap();
    }

    /// What is on the screen: rows without trailing blanks.
    pub fn text(&self) -> String {
        self.screen.text()
    }

    /// Fails unless the screen shows this.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        assert!(self.text().contains(text), "no `{text}` on:\n{}", self.text());
    }

    /// Fails if the screen shows this.
    #[track_caller]
    pub fn hides(&self, text: &str) {
        assert!(!self.text().contains(text), "`{text}` is on:\n{}", self.text());
    }

    /// Lets time pass, second by second, until the screen shows this; fails after `longest`.
    pub async fn wait_for(&mut self, text: &str, longest: Duration) {
        let end = self.clock.since_start() + longest;
        while !self.text().contains(text) {
            assert!(self.clock.since_start() < end, "no `{text}` within {longest:?} on:\n{}", self.text());
            self.advance(Duration::from_secs(1)).await;
        }
    }

    /// How the console ended, and what it knew; fails when it runs on for 5 s.
    pub async fn ended(&mut self) -> (Ended, App) {
        if self.run.is_some() {
            self.advance(Duration::from_secs(5)).await;
        }
        self.ended.take().expect("the console runs on")
    }
}

fn parse_keys(keys: &str) -> Vec<KeyEvent> {
    let key = |input| if let Input::Key(key) = input { key } else { unreachable!("only keys are typed") };
    eyewall::cli::keys::parse(keys).unwrap().into_iter().map(key).collect()
}
