//! The simulator: an SDK `HttpClient` in process that answers real, signed requests from the world.
//!
//! [`SimAws::respond`] is the whole of it: decode, draw faults, ask the handler, encode. The connector
//! and `serve.rs` only add waiting and streaming. It holds no wall clock (the caller gives one, so that
//! `--at`, `--speed` and scripted tests work) and never blocks.

use super::fault::{Fault, Faults, Rule};
use super::svc::{self, Ctx, Handler, logs::tail::Tail};
use super::wire::{self, Call, Failure, eventstream, refusal};
use super::world::{Scenario, World};
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::stream;
use http::header::{self, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::Frame;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

/// Tells the simulated time.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Tells how much time has passed since some moment.
pub type Passing = Arc<dyn Fn() -> Duration + Send + Sync>;

/// A body that may stream, or break off.
pub type SimBody = BoxBody<Bytes, io::Error>;

/// More regions than AWS has: foreign clients may not make worlds without end.
const MOST_REGIONS: usize = 64;
/// Operations that are counted; unknown paths of foreign clients could be without end.
const MOST_COUNTED: usize = 256;
/// Operations of which AWS answers only so many a second, for everybody in an account and region.
const QUOTAS: [(&str, &str, u32); 1] = [("cloudtrail", "LookupEvents", 2)];
/// Live Tail updates come this often.
const TAIL_EVERY: Duration = Duration::from_secs(1);

/// The simulated AWS. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct SimAws {
    shared: Arc<Shared>,
}

struct Shared {
    scenario: Arc<Scenario>,
    seed: u64,
    start: Timestamp,
    clock: WallClock,
    worlds: Mutex<BTreeMap<String, Arc<RwLock<World>>>>,
    faults: Mutex<Faults>,
    counts: Mutex<BTreeMap<(String, String), Count>>,
    /// Answers of operations with a quota, by region.
    answered: Mutex<BTreeMap<(String, &'static str), Answered>>,
    /// Goes on also where the world's time stands still.
    passing: Option<Passing>,
    serial: AtomicU64,
}

/// Since when, and how many since then.
type Answered = (Duration, u32);

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    total: u64,
    second: i64,
    in_second: u64,
    peak: u64,
}

/// How often an operation was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// IAM prefix of the service.
    pub service: String,
    /// Operation.
    pub operation: String,
    /// All requests.
    pub total: u64,
    /// The most requests within one second of the simulated clock.
    pub peak_per_second: u64,
}

/// An answer before anything is waited for.
struct Answer {
    delay: Duration,
    response: Response<Payload>,
}

enum Payload {
    Whole(Bytes),
    Cut(Bytes),
    Tail(Box<Session>),
}

/// A Live Tail session with its world.
struct Session {
    tail: Tail,
    world: Arc<RwLock<World>>,
    first: Bytes,
}

impl fmt::Debug for SimAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimAws")
            .field("seed", &self.shared.seed)
            .field("start", &self.shared.start)
            .finish_non_exhaustive()
    }
}

impl SimAws {
    /// A simulator whose scenario is placed relative to `start` and whose time is told by `clock`.
    pub fn new(scenario: Arc<Scenario>, seed: u64, start: Timestamp, clock: WallClock) -> Self {
        let shared = Shared {
            scenario,
            seed,
            start,
            clock,
            worlds: Mutex::default(),
            faults: Mutex::default(),
            counts: Mutex::default(),
            answered: Mutex::default(),
            passing: None,
            serial: AtomicU64::new(seed),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Counts requests per second by this clock, for a world whose own time is scaled or stands still.
    #[must_use]
    pub fn counting_by(mut self, passing: Passing) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.passing = Some(passing);
        }
        self
    }

    /// Replaces all fault rules, at any time.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.shared.faults) = faults;
    }

    /// Adds one fault rule, at any time.
    pub fn add_fault(&self, rule: Rule) {
        lock(&self.shared.faults).push(rule);
    }

    /// How often each operation was called so far, and the most within one second.
    pub fn ceilings(&self) -> Vec<Ceiling> {
        let counts = lock(&self.shared.counts);
        let ceiling = |((service, operation), count): (&(String, String), &Count)| Ceiling {
            service: service.clone(),
            operation: operation.clone(),
            total: count.total,
            peak_per_second: count.peak,
        };
        counts.iter().map(ceiling).collect()
    }

    /// Answers a request at once: delays are skipped, and a Live Tail gives its first two frames only.
    pub fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.answer(request).response.map(|payload| match payload {
            Payload::Whole(bytes) | Payload::Cut(bytes) => bytes,
            Payload::Tail(session) => session.first,
        })
    }

    /// Answers a request with its delays, cuts and streams.
    pub async fn respond_streaming(
        &self,
        request: &Request<Bytes>,
        sleep: SharedAsyncSleep,
    ) -> Response<SimBody> {
        let Answer { delay, response } = self.answer(request);
        if !delay.is_zero() {
            sleep.sleep(delay).await;
        }
        response.map(|payload| match payload {
            Payload::Whole(bytes) => Full::new(bytes).map_err(|never| match never {}).boxed(),
            Payload::Cut(bytes) => {
                let broken = stream::once(async {
                    // Lets a server send what it has before it hears of the break.
                    tokio::task::yield_now().await;
                    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the simulator cut the body"))
                });
                let begun = stream::iter([Ok(Frame::data(bytes))]);
                StreamBody::new(stream::StreamExt::chain(begun, broken)).boxed()
            }
            Payload::Tail(session) => self.stream(*session, sleep),
        })
    }

    fn stream(&self, session: Session, sleep: SharedAsyncSleep) -> SimBody {
        let Session { tail, world, first } = session;
        let clock = Arc::clone(&self.shared.clock);
        let opening = stream::iter([Ok(Frame::data(first))]);
        let updates = stream::unfold(Some(tail), move |tail| {
            let (world, clock, sleep) = (Arc::clone(&world), Arc::clone(&clock), sleep.clone());
            async move {
                let mut tail = tail?;
                sleep.sleep(TAIL_EVERY).await;
                let world = world.read().unwrap_or_else(PoisonError::into_inner);
                let update = tail.update(Ctx::new(&world, clock()));
                let (frame, tail) = match update {
                    Some(update) => (eventstream::event("sessionUpdate", &update), Some(tail)),
                    None => (eventstream::exception("SessionTimeoutException", "Session timed out."), None),
                };
                Some((Ok(Frame::data(frame)), tail))
            }
        });
        StreamBody::new(stream::StreamExt::chain(opening, updates)).boxed()
    }

    fn answer(&self, request: &Request<Bytes>) -> Answer {
        let mut answer = self.answer_undated(request);
        let date = (self.shared.clock)().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            answer.response.headers_mut().insert(header::DATE, date);
        }
        answer
    }

    fn answer_undated(&self, request: &Request<Bytes>) -> Answer {
        let request_id = self.request_id();
        let at_once = |response: Response<Bytes>| Answer {
            delay: Duration::ZERO,
            response: response.map(Payload::Whole),
        };
        let call = match wire::decode(request) {
            Ok(call) => call,
            Err((protocol, service, failure)) => {
                return at_once(wire::encode_failure(protocol, &service, &failure, &request_id));
            }
        };
        let now = (self.shared.clock)();
        self.count(&call, now);
        let over = self.over_quota(&call, now);
        let (delay, fault) = lock(&self.shared.faults).draw(&call.service, &call.operation);
        let refuse = |failure: Failure| {
            wire::encode_failure(call.protocol, &call.service, &failure, &request_id).map(Payload::Whole)
        };
        let response = match fault {
            Some(Fault::Throttle) => refuse(refusal::throttled(&call)),
            Some(Fault::Deny) => refuse(refusal::denied(&call, &svc::caller_arn())),
            Some(Fault::Expire) => refuse(refusal::expired(&call)),
            Some(Fault::Conflict) => refuse(refusal::conflict(&call)),
            Some(Fault::Garbage(status)) => refusal::garbage(status).map(Payload::Whole),
            Some(Fault::Cut(bytes)) => match self.carry_out(&call, now, &request_id) {
                Ok(response) => response.map(|payload| match payload {
                    Payload::Whole(body) => Payload::Cut(body.slice(..bytes.min(body.len()))),
                    Payload::Tail(session) => {
                        Payload::Cut(session.first.slice(..bytes.min(session.first.len())))
                    }
                    cut @ Payload::Cut(_) => cut,
                }),
                Err(failure) => refuse(failure),
            },
            Some(Fault::Delay(_)) | None if over => refuse(refusal::throttled(&call)),
            Some(Fault::Delay(_)) | None => self.carry_out(&call, now, &request_id).unwrap_or_else(refuse),
        };
        Answer { delay, response }
    }

    fn carry_out(&self, call: &Call, now: Timestamp, request_id: &str) -> Result<Response<Payload>, Failure> {
        let handler = svc::route(&call.service, &call.operation);
        let handler = handler.ok_or_else(|| Failure::unknown_operation(&call.operation))?;
        let world = self.world(&call.region)?;
        let result = match handler {
            Handler::Read(read) => {
                let world = world.read().unwrap_or_else(PoisonError::into_inner);
                read(Ctx { token: &call.token, ..Ctx::new(&world, now) }, &call.input)?
            }
            Handler::Write(write) => {
                let mut world = world.write().unwrap_or_else(PoisonError::into_inner);
                write(&mut world, now, &call.input)?
            }
            Handler::Tail => {
                let session = open_tail(&world, now, call, request_id)?;
                return Ok(wire::event_stream_head(request_id).map(|()| Payload::Tail(Box::new(session))));
            }
        };
        Ok(wire::encode(call, &result, request_id).map(Payload::Whole))
    }

    /// The world of a region, made when it is first asked for.
    fn world(&self, region: &str) -> Result<Arc<RwLock<World>>, Failure> {
        let mut worlds = lock(&self.shared.worlds);
        if let Some(world) = worlds.get(region) {
            return Ok(Arc::clone(world));
        }
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if worlds.len() >= MOST_REGIONS
            || region.is_empty()
            || region.len() > 32
            || !region.chars().all(legal)
        {
            return Err(Failure::refused("InvalidSignatureException", format!("{region} is not a region.")));
        }
        let shared = &self.shared;
        let world = World::new(Arc::clone(&shared.scenario), shared.seed, region, shared.start);
        let world = Arc::new(RwLock::new(world));
        worlds.insert(region.to_owned(), Arc::clone(&world));
        Ok(world)
    }

    fn count(&self, call: &Call, now: Timestamp) {
        let mut counts = lock(&self.shared.counts);
        let key = (call.service.clone(), call.operation.clone());
        if counts.len() >= MOST_COUNTED && !counts.contains_key(&key) {
            return;
        }
        let count = counts.entry(key).or_default();
        if count.second != now.as_second() {
            (count.second, count.in_second) = (now.as_second(), 0);
        }
        count.total += 1;
        count.in_second += 1;
        count.peak = count.peak.max(count.in_second);
    }

    /// Whether AWS would not answer this one, because it has answered so many already within a second.
    fn over_quota(&self, call: &Call, now: Timestamp) -> bool {
        let known = |quota: &&(&str, &str, u32)| quota.0 == call.service && quota.1 == call.operation;
        let Some((_, operation, most)) = QUOTAS.iter().find(known) else { return false };
        let passed = match &self.shared.passing {
            Some(passing) => passing(),
            None => now.duration_since(self.shared.start).try_into().unwrap_or_default(),
        };
        let mut answered = lock(&self.shared.answered);
        if answered.len() >= MOST_COUNTED {
            answered.clear();
        }
        let (since, count) = answered.entry((call.region.clone(), operation)).or_insert((passed, 0));
        if passed.saturating_sub(*since) >= Duration::from_secs(1) || passed < *since {
            (*since, *count) = (passed, 0);
        }
        *count += 1;
        *count > *most
    }

    /// A UUID in shape, unique in this run and the same in the next.
    fn request_id(&self) -> String {
        let serial = self.shared.serial.fetch_add(1, Ordering::Relaxed);
        let mixed = (serial ^ (serial >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            mixed >> 32,
            (mixed >> 16) & 0xffff,
            mixed & 0xfff,
            serial & 0xfff,
            serial & 0xffff_ffff_ffff
        )
    }
}

fn open_tail(
    world: &Arc<RwLock<World>>,
    now: Timestamp,
    call: &Call,
    request_id: &str,
) -> Result<Session, Failure> {
    let held = world.read().unwrap_or_else(PoisonError::into_inner);
    let ctx = Ctx::new(&held, now);
    let tail = Tail::open(ctx, &call.input)?;
    let start = tail.session_start(ctx, request_id, request_id);
    let first = [eventstream::opening(), eventstream::event("sessionStart", &start)].concat();
    Ok(Session { tail, world: Arc::clone(world), first: first.into() })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HttpClient for SimAws {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            sim: self.clone(),
            sleep: components.sleep_impl().unwrap_or_else(|| SharedAsyncSleep::new(TokioSleep::new())),
            read_timeout: settings.read_timeout(),
        })
    }
}

#[derive(Debug, Clone)]
struct Connector {
    sim: SimAws,
    sleep: SharedAsyncSleep,
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { sim, sleep, read_timeout } = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
            let request = Request::from_parts(parts, body);
            let answered = sim.respond_streaming(&request, sleep.clone());
            let response = match read_timeout {
                Some(longest) => {
                    let late = sleep.sleep(longest);
                    tokio::select! {
                        response = answered => response,
                        () = late => return Err(ConnectorError::timeout("the simulator's answer was late".into())),
                    }
                }
                None => answered.await,
            };
            let response = HttpResponse::try_from(response.map(SdkBody::from_body_1_x));
            response.map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
