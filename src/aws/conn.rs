//! The connection to one target and the one way to call AWS.
//!
//! [`Conn::call`] waits for the limiter, counts and prices the request, and classifies what went wrong.
//! What changes AWS goes through [`Conn::mutate`] on a connection from [`Conn::for_writes`], whose clients
//! never send anything twice. Nothing here decides when to call: that is the pollers'.

use super::advice::Caller;
use super::budget::{Limiter, Limiters, Monotonic};
use super::classify::classify;
use super::clients::Clients;
use super::endpoint::{CONFIG_READ_ONLY, Endpoint, writes_refused};
use super::error::{ErrorClass, SourceError};
use super::http::{Skew, Tap};
use super::meter::{Cap, Meter, Usage};
use super::mfa::{MfaCode, MfaDesk};
use super::operation::Operation;
use super::profile::{CredentialsSource, Env};
use super::setup::{Access, Expiry, Extras, Ground, SdkTime, Setup, WallClock};
use super::target::TargetSpec;
use super::watch::Stamp;
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Other regions of a target whose clients are kept; AWS has fewer.
const MAX_REGIONS: usize = 64;

/// The clocks and the sleep that the SDK and the limiters go by.
#[derive(Clone)]
pub struct Clocks {
    /// Time since start; it must follow tokio's clock.
    pub monotonic: Monotonic,
    /// Wall time: signatures, expiry, clock skew.
    pub wall: WallClock,
    /// The SDK's sleep: tokio's.
    pub sleep: SharedAsyncSleep,
}

/// What all targets share: the way out, the limiters, the cap. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    ground: Ground,
    monotonic: Monotonic,
    limiters: Limiters,
    cap: Arc<Cap>,
    /// Nothing is changed in AWS any more, whatever the targets say.
    read_only: Arc<AtomicBool>,
}

impl Aws {
    /// A way to AWS or to the simulated world, spending at most `max_usd_per_hour` on reads.
    pub fn new(access: Access, clocks: Clocks, max_usd_per_hour: Option<f64>) -> Self {
        let time = SharedTimeSource::new(SdkTime(clocks.wall));
        Self {
            ground: Ground { access, time, sleep: clocks.sleep },
            limiters: Limiters::new(clocks.monotonic.clone()),
            monotonic: clocks.monotonic,
            cap: Arc::new(Cap::new(max_usd_per_hour)),
            read_only: Arc::default(),
        }
    }

    /// Opens a target. It sends nothing (except to the metadata service of the machine, when no region is
    /// set anywhere) and does not fail: what is missing shows at the first call.
    pub async fn connect(&self, spec: &TargetSpec) -> Conn {
        let meter = Arc::new(Meter::new(self.cap.clone()));
        Conn::open(self.clone(), spec.clone(), meter, Arc::default(), false).await
    }

    /// The cap of the run.
    pub fn cap(&self) -> &Cap {
        &self.cap
    }

    /// Refuses every change of AWS for the rest of the run, on all connections, open ones too.
    pub fn forbid_writes(&self) {
        self.read_only.store(true, Ordering::SeqCst);
    }

    fn env(&self) -> Option<&Env> {
        match &self.ground.access {
            Access::Real { env, .. } => Some(env),
            Access::Simulated { .. } => None,
        }
    }
}

/// What an SDK operation's `send()` gives: a request that starts when it is awaited.
pub trait Request<T, E>: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send {}

impl<T, E, F> Request<T, E> for F where F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send {}

/// The connection to one target. Cheap to clone; all clones see a reload.
#[derive(Clone)]
pub struct Conn {
    inner: Arc<Inner>,
    capped: bool,
}

struct Inner {
    aws: Aws,
    spec: TargetSpec,
    /// May mutate, and so sends everything once.
    writes: bool,
    meter: Arc<Meter>,
    desk: Arc<MfaDesk>,
    /// For the credentials of the connection for writes, whichever that is.
    write_desk: Arc<MfaDesk>,
    skew: Arc<Skew>,
    expiry: Arc<Expiry>,
    /// Requests of this connection that left.
    left: Arc<AtomicU64>,
    live: Mutex<Arc<Live>>,
    writer: tokio::sync::Mutex<Option<Conn>>,
    /// The same target in other regions, opened when first asked for.
    elsewhere: tokio::sync::Mutex<BTreeMap<String, Conn>>,
}

/// What a reload replaces.
struct Live {
    setup: Setup,
    stamp: Stamp,
    clients: Clients,
}

impl Inner {
    async fn load(aws: &Aws, spec: &TargetSpec, extras: &Extras, stamp: Stamp) -> Arc<Live> {
        let setup = Setup::build(&aws.ground, spec, extras).await;
        let clients = Clients::new(&setup, &extras.tap);
        Arc::new(Live { setup, stamp, clients })
    }

    fn extras(&self) -> Extras {
        Extras {
            desk: self.desk.clone(),
            expiry: self.expiry.clone(),
            meter: self.meter.clone(),
            tap: Tap {
                meter: self.meter.clone(),
                skew: self.skew.clone(),
                time: self.aws.ground.time.clone(),
                left: self.left.clone(),
            },
            once: self.writes,
        }
    }
}

impl Conn {
    async fn open(aws: Aws, spec: TargetSpec, meter: Arc<Meter>, desk: Arc<MfaDesk>, writes: bool) -> Self {
        let (skew, expiry, left) = (Arc::<Skew>::default(), Arc::<Expiry>::default(), Arc::default());
        let time = aws.ground.time.clone();
        let tap = Tap { meter: meter.clone(), skew: skew.clone(), time, left: Arc::clone(&left) };
        let extras =
            Extras { desk: desk.clone(), expiry: expiry.clone(), meter: meter.clone(), tap, once: writes };
        let stamp = match aws.env() {
            Some(env) => Stamp::take(env).await,
            None => Stamp::default(),
        };
        let live = Mutex::new(Inner::load(&aws, &spec, &extras, stamp).await);
        let inner = Inner {
            write_desk: Arc::new(desk.beside()),
            aws,
            spec,
            writes,
            meter,
            desk,
            skew,
            expiry,
            left,
            live,
            writer: tokio::sync::Mutex::default(),
            elsewhere: tokio::sync::Mutex::default(),
        };
        Self { inner: Arc::new(inner), capped: !writes }
    }

    /// The SDK clients in force.
    pub(super) fn clients<T>(&self, pick: impl FnOnce(&Clients) -> T) -> T {
        pick(&self.live().clients)
    }

    fn live(&self) -> Arc<Live> {
        self.inner.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A read. Waits for the limiter first, so the SDK's timeouts do not run meanwhile.
    pub fn call<T, E>(
        &self,
        op: &'static Operation,
        request: impl Request<T, E>,
    ) -> impl Future<Output = Result<T, SourceError>> + Send
    where
        T: Send,
        E: ProvideErrorMetadata + Error + Send + 'static,
    {
        self.call_units(op, 1, request)
    }

    /// A read that is priced per unit: `GetMetricData` by its number of metrics.
    pub fn call_units<T, E>(
        &self,
        op: &'static Operation,
        units: u64,
        request: impl Request<T, E>,
    ) -> impl Future<Output = Result<T, SourceError>> + Send
    where
        T: Send,
        E: ProvideErrorMetadata + Error + Send + 'static,
    {
        // The SDK's futures take 10 KB each: boxed here, they do not swell every future above.
        let request = Box::pin(request);
        async move {
            // Before the limiter, so that what is refused anyway takes no turn.
            let spared = !self.capped || matches!(op.pane, "rollouts" | "rollback");
            if !spared {
                self.inner.meter.check(op, units, (self.inner.aws.monotonic)())?;
            }
            self.limiter(op).acquire().await;
            self.send(op, units, request).await
        }
    }

    /// A change in AWS: sent at once, sent once. Refused on a connection that is not for writes.
    pub fn mutate<T, E>(
        &self,
        op: &'static Operation,
        request: impl Request<T, E>,
    ) -> impl Future<Output = Result<T, SourceError>> + Send
    where
        T: Send,
        E: ProvideErrorMetadata + Error + Send + 'static,
    {
        let request = Box::pin(request);
        async move {
            let refused = |why: &str| SourceError::new(ErrorClass::Invalid, op.action, why).unsent();
            if !self.inner.writes {
                return Err(refused("this connection only reads"));
            }
            // The config may have become read-only since the connection was handed out.
            if let Some(reason) = self.writes_refused() {
                return Err(refused(&reason));
            }
            self.send(op, 1, request).await
        }
    }

    async fn send<T, E>(
        &self,
        op: &'static Operation,
        units: u64,
        request: impl Request<T, E>,
    ) -> Result<T, SourceError>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.inner.meter.count(op, units, (self.inner.aws.monotonic)());
        let left = self.inner.left.load(Ordering::SeqCst);
        let mut error = match request.await {
            Ok(answer) => return Ok(answer),
            Err(error) => classify(op, &error, &self.caller()),
        };
        // Another request of this connection may have left meanwhile: then it is not known.
        error.unsent = self.inner.left.load(Ordering::SeqCst) == left;
        if error.class == ErrorClass::Throttled {
            self.inner.meter.count_throttled(op);
        }
        tracing::debug!(target: "eyewall::aws", request_id = error.request_id.as_deref(), "{error}");
        Err(error)
    }

    fn limiter(&self, op: &Operation) -> Arc<Limiter> {
        let live = self.live();
        let region = live.setup.sdk.region().map_or("", AsRef::as_ref);
        self.inner.aws.limiters.get(&live.setup.key, region, op.family)
    }

    fn caller(&self) -> Caller {
        Caller {
            source: self.credentials_source(),
            region: self.region(),
            skew_seconds: self.skew_seconds(),
            custom_endpoint: !self.live().setup.endpoints.is_empty(),
        }
    }

    /// The same connection, for reads that a rollback needs: the cap on dollars never refuses them.
    #[must_use]
    pub fn uncapped(&self) -> Self {
        Self { capped: false, ..self.clone() }
    }

    /// The same target, read in another region: widgets and trails name regions of their own. Its calls count
    /// on this target's meter.
    pub async fn in_region(&self, region: &str) -> Self {
        if self.region().as_deref() == Some(region) {
            return self.clone();
        }
        let inner = &self.inner;
        let mut elsewhere = inner.elsewhere.lock().await;
        let conn = if let Some(conn) = elsewhere.get(region) {
            conn.reload_if_changed().await;
            conn.clone()
        } else {
            let spec = TargetSpec { region: Some(region.to_owned()), ..inner.spec.clone() };
            let conn =
                Self::open(inner.aws.clone(), spec, inner.meter.clone(), inner.desk.clone(), false).await;
            // Regions come from remote text: a list without end is not kept.
            if elsewhere.len() < MAX_REGIONS {
                elsewhere.insert(region.to_owned(), conn.clone());
            }
            conn
        };
        Self { capped: self.capped, ..conn }
    }

    /// A connection that may change AWS, with the target's own credentials for writes when it has some, in the region
    /// that is read now. Refused for a read-only target and for a foreign custom endpoint.
    pub async fn for_writes(&self) -> Result<Self, SourceError> {
        let refused = |reason: String| SourceError::new(ErrorClass::Invalid, "write", reason).unsent();
        if let Some(reason) = self.writes_refused() {
            return Err(refused(reason));
        }
        if self.inner.writes {
            return Ok(self.clone());
        }
        let inner = &self.inner;
        let spec = inner.spec.for_writes(self.region());
        let mut kept = inner.writer.lock().await;
        let same = kept.take().filter(|writer| writer.inner.spec.region == spec.region);
        let writer = if let Some(writer) = same {
            writer
        } else {
            // The first time, and after the read profile went to another region.
            let (meter, desk) = (inner.meter.clone(), inner.write_desk.clone());
            Self::open(inner.aws.clone(), spec, meter, desk, true).await
        };
        *kept = Some(writer.clone());
        drop(kept);
        writer.reload_if_changed().await;
        // Its profile may bring an endpoint of its own.
        match writer.writes_refused() {
            Some(reason) => Err(refused(reason)),
            None => Ok(writer),
        }
    }

    /// Builds everything anew when credentials changed on disk. Says whether it did; call it every 5 s.
    pub async fn reload_if_changed(&self) -> bool {
        let Some(env) = self.inner.aws.env() else { return false };
        let stamp = Stamp::take(env).await;
        if stamp == self.live().stamp {
            return false;
        }
        let live = Inner::load(&self.inner.aws, &self.inner.spec, &self.inner.extras(), stamp).await;
        *self.inner.live.lock().unwrap_or_else(PoisonError::into_inner) = live;
        true
    }

    /// Leaves the code that an [`ErrorClass::MfaNeeded`] asked for; the next call uses it.
    pub fn give_mfa(&self, code: MfaCode) {
        self.inner.desk.put(code);
    }

    /// Leaves the code that a call on the connection for writes asked for.
    pub fn give_write_mfa(&self, code: MfaCode) {
        self.inner.write_desk.put(code);
    }

    /// The target.
    pub fn spec(&self) -> &TargetSpec {
        &self.inner.spec
    }

    /// The region called, when one is set.
    pub fn region(&self) -> Option<String> {
        self.live().setup.sdk.region().map(ToString::to_string)
    }

    /// Where the credentials come from.
    pub fn credentials_source(&self) -> CredentialsSource {
        self.live().setup.source.clone()
    }

    /// When the credentials in use end; `None` when they do not, or before the first call.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.inner.expiry.get()
    }

    /// Seconds the local clock is ahead of AWS's; `None` before the first answer.
    pub fn skew_seconds(&self) -> Option<i64> {
        self.inner.skew.seconds()
    }

    /// What this target's calls cost so far.
    pub fn usage(&self) -> Usage {
        self.inner.meter.snapshot()
    }

    /// The custom endpoints in force: what the badge names.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.live().setup.endpoints.clone()
    }

    /// Why this target takes no writes; `None` when it does.
    pub fn writes_refused(&self) -> Option<String> {
        if self.inner.aws.read_only.load(Ordering::SeqCst) {
            return Some(CONFIG_READ_ONLY.to_owned());
        }
        writes_refused(&self.inner.spec, &self.live().setup.endpoints)
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn").field("target", &self.inner.spec.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
