//! One generic loop for every source: wait until wanted, wait until due, ask once, report, repeat.
//!
//! It never exits on an error, never has two requests out, and a panic inside a source becomes an error
//! with back-off.

use super::clock::Clock;
use super::schedule::{History, next_delay};
use crate::app::{Cadence, Msg, PollKey, PollPlan, Polled, Want};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::{Source, SourceCtx, Topic};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The plan as published to the pollers, with a count of credential changes.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// What to poll.
    pub plan: Arc<PollPlan>,
    /// Counts new credentials: parked pollers try again at once.
    pub wakes: u64,
}

/// Starts pollers and ends them together.
pub struct Spawner {
    /// The running pollers.
    pub tasks: JoinSet<()>,
    msgs: mpsc::Sender<Msg>,
    plan: watch::Receiver<Published>,
    cancel: CancellationToken,
    clock: Clock,
    seed: u64,
}

impl Spawner {
    /// Pollers that report to `msgs`, follow `plan` and end with `cancel`. `seed` feeds their jitter.
    pub fn new(
        msgs: mpsc::Sender<Msg>,
        plan: watch::Receiver<Published>,
        cancel: CancellationToken,
        clock: Clock,
        seed: u64,
    ) -> Self {
        Self { tasks: JoinSet::new(), msgs, plan, cancel, clock, seed }
    }

    /// Starts the poller of one topic of one target. `make` builds the source, again after a panic.
    pub fn spawn<S: Source>(&mut self, conn: &Conn, topic: Topic, make: fn(&Conn) -> S) {
        self.seed = mix(self.seed);
        let poller = Poller {
            key: PollKey::new(&conn.spec().name, topic),
            source: make(conn),
            make,
            conn: conn.clone(),
            msgs: self.msgs.clone(),
            plan: self.plan.clone(),
            clock: self.clock,
            random: self.seed,
            history: History::default(),
        };
        let cancel = self.cancel.clone();
        self.tasks.spawn(async move {
            poller.run(&cancel).await;
        });
    }
}

struct Poller<S> {
    key: PollKey,
    source: S,
    make: fn(&Conn) -> S,
    conn: Conn,
    msgs: mpsc::Sender<Msg>,
    plan: watch::Receiver<Published>,
    clock: Clock,
    random: u64,
    history: History,
}

/// What the poller answered last, and when it may ask again.
struct Last {
    want: Want,
    wakes: u64,
    /// Monotonic; `None` = not until something changes.
    due: Option<Duration>,
    parked: bool,
}

impl<S: Source> Poller<S> {
    async fn run(mut self, cancel: &CancellationToken) {
        let mut last: Option<Last> = None;
        loop {
            let step = self.step(&mut last);
            tokio::select! {
                () = cancel.cancelled() => break,
                alive = step => if !alive { break },
            }
        }
        self.source.close().await;
    }

    /// One wait or one poll. `false`: nobody listens any more.
    async fn step(&mut self, last: &mut Option<Last>) -> bool {
        let (want, wakes) = {
            let published = self.plan.borrow_and_update();
            (published.plan.get(&self.key).cloned(), published.wakes)
        };
        let Some(want) = want else {
            if last.take().is_some() {
                self.source.close().await;
            }
            return self.plan.changed().await.is_ok();
        };
        if let Some(done) = last.as_mut() {
            let same = done.want.query == want.query && done.want.refreshes == want.refreshes;
            if !same {
                if done.want.query != want.query {
                    self.source.close().await;
                    self.history = History::default();
                }
                *last = None;
            } else if done.parked && wakes != done.wakes {
                *last = None;
            } else if done.want != want {
                // Looked at again or no more, or there is more to read: the old wait may be too long or too short.
                if (want.level > done.want.level || want.cadence < done.want.cadence) && !done.parked {
                    let soon = scaled(want.cadence, self.clock.speed());
                    let soon = soon.map(|soon| self.clock.since_start() + soon);
                    done.due = match (done.due, soon) {
                        (Some(due), Some(soon)) => Some(due.min(soon)),
                        (due, soon) => due.or(soon),
                    };
                }
                done.want = want.clone();
            }
        }
        if let Some(done) = last.as_ref() {
            let wait = done.due.map(|due| due.saturating_sub(self.clock.since_start()));
            let sleep = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = self.plan.changed() => return changed.is_ok(),
                () = sleep => {}
            }
        }
        self.poll(want, wakes, last).await
    }

    async fn poll(&mut self, want: Want, wakes: u64, last: &mut Option<Last>) -> bool {
        if self
            .msgs
            .send(Msg::PollStarted { key: self.key.clone(), query: want.query.clone() })
            .await
            .is_err()
        {
            return false;
        }
        let ctx = SourceCtx { now: self.clock.now(), refreshes: want.refreshes };
        let answer = {
            let mut plan = self.plan.clone();
            let poll = AssertUnwindSafe(self.source.poll(&want.query, &ctx)).catch_unwind();
            tokio::select! {
                answer = poll => Some(answer),
                () = replaced(&mut plan, &self.key, &want) => None,
            }
        };
        let Some(answer) = answer else {
            // The question changed while the answer was on its way: drop it.
            self.source.close().await;
            *last = None;
            return self.msgs.send(Msg::PollDropped { key: self.key.clone() }).await.is_ok();
        };
        let result = answer.unwrap_or_else(|_panic| {
            self.source = (self.make)(&self.conn);
            Err(SourceError::new(
                ErrorClass::Service,
                format!("{:?}", self.key.topic),
                "the poller failed inside and was started again",
            ))
        });
        let error = result.as_ref().err();
        self.history = self.history.after(error);
        self.random = mix(self.random);
        let random = (self.random >> 11) as f64 / (1_u64 << 53) as f64;
        let mut next_in = next_delay(want.cadence, want.level, self.history, error, random);
        if error.is_none() {
            next_in = next_in.map(|wait| wait.div_f64(self.clock.speed()).max(Duration::from_millis(250)));
        }
        let parked = error.is_some_and(|error| error.class.parks());
        let due = next_in.map(|wait| self.clock.since_start() + wait);
        let query = want.query.clone();
        *last = Some(Last { want, wakes, due, parked });
        let usage = self.conn.usage();
        let polled = Polled { key: self.key.clone(), query, result, next_in, usage };
        self.msgs.send(Msg::Polled(Box::new(polled))).await.is_ok()
    }
}

fn scaled(cadence: Cadence, speed: f64) -> Option<Duration> {
    match cadence {
        Cadence::Every(every) => Some(every.div_f64(speed)),
        Cadence::Once => None,
    }
}

/// Ends when the plan no longer asks this question.
async fn replaced(plan: &mut watch::Receiver<Published>, key: &PollKey, want: &Want) {
    loop {
        {
            let published = plan.borrow_and_update();
            if published.plan.get(key).is_none_or(|new| new.query != want.query) {
                return;
            }
        }
        if plan.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// One step of splitmix64: enough for jitter, and the same for the same seed.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
