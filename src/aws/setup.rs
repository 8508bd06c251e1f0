//! Builds a target's `SdkConfig`: credentials as planned, pinned behaviour, our timeouts, one HTTP client.
//!
//! Reads what aws-config itself reads (the environment and the shared files) and nothing else; for the
//! simulated world it reads nothing at all.

use super::endpoint::Endpoint;
use super::http::Tap;
use super::meter::Meter;
use super::mfa::{MfaDesk, RoleProvider};
use super::profile::{self, Base, CredentialsSource, Env, Plan};
use super::target::TargetSpec;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;
use jiff::Timestamp;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// One call, all its attempts.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
/// The SDK's own default, kept when we set a timeout of our own.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);
/// For reads; what changes AWS is sent once.
const READ_ATTEMPTS: u32 = 2;

/// Wall time, from the runtime's clock.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Where the requests go.
#[derive(Clone)]
pub enum Access {
    /// AWS, through the usual credential chain.
    Real {
        /// The few variables that matter.
        env: Env,
        /// One client for all, from [`super::http::client`].
        http: SharedHttpClient,
    },
    /// The simulated world: no environment, no files, no metadata service.
    Simulated {
        /// The world.
        http: SharedHttpClient,
    },
}

/// Wall time for the SDK.
#[derive(Clone)]
pub(super) struct SdkTime(pub WallClock);

impl fmt::Debug for SdkTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SdkTime")
    }
}

impl TimeSource for SdkTime {
    fn now(&self) -> SystemTime {
        SystemTime::from((self.0)())
    }
}

/// When the credentials in use end, as last handed out.
#[derive(Debug, Default)]
pub(super) struct Expiry(Mutex<Option<SystemTime>>);

impl Expiry {
    pub fn get(&self) -> Option<Timestamp> {
        let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.and_then(|end| Timestamp::try_from(end).ok())
    }
}

/// Passes credentials on and notes their end.
#[derive(Debug)]
struct Noting {
    inner: SharedCredentialsProvider,
    expiry: Arc<Expiry>,
}

impl Noting {
    async fn load(&self) -> provider::Result {
        let credentials = self.inner.provide_credentials().await?;
        *self.expiry.0.lock().unwrap_or_else(PoisonError::into_inner) = credentials.expiry();
        Ok(credentials)
    }
}

impl ProvideCredentials for Noting {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}

/// What all targets' configs have in common.
#[derive(Clone)]
pub(super) struct Ground {
    pub access: Access,
    pub time: SharedTimeSource,
    pub sleep: SharedAsyncSleep,
}

/// What one connection brings along.
pub(super) struct Extras {
    pub desk: Arc<MfaDesk>,
    pub expiry: Arc<Expiry>,
    pub meter: Arc<Meter>,
    pub tap: Tap,
    /// Never send anything twice.
    pub once: bool,
}

/// A target's config and what is known about it.
pub(super) struct Setup {
    pub sdk: SdkConfig,
    pub source: CredentialsSource,
    /// Names the credentials for the limiters.
    pub key: String,
    pub endpoints: Vec<Endpoint>,
}

impl Setup {
    /// Reads the files and builds the config. Does not fail: what is missing shows at the first call.
    pub async fn build(ground: &Ground, spec: &TargetSpec, extras: &Extras) -> Self {
        match &ground.access {
            Access::Simulated { http } => simulated(ground, http, spec, extras),
            Access::Real { env, http } => real(ground, env, http, spec, extras).await,
        }
    }
}

fn simulated(ground: &Ground, http: &SharedHttpClient, spec: &TargetSpec, extras: &Extras) -> Setup {
    let region = spec.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
    let credentials = Credentials::new("AKIASIMULATED0000000", "simulated", None, None, "simulated");
    let base = SharedCredentialsProvider::new(credentials);
    let mut sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .retry_config(retries(extras))
        .timeout_config(timeouts())
        .http_client(http.clone())
        .time_source(ground.time.clone())
        .sleep_impl(ground.sleep.clone())
        .credentials_provider(base.clone());
    sdk.set_app_name(AppName::new("eyewall").ok());
    let sdk = sdk.build();
    // Roles are assumed in the simulated world too: the console asks for MFA there as it does in AWS.
    let plan = profile::plan(&TargetSpec { profile: None, ..spec.clone() }, &Env::default(), None);
    let provider = with_roles(base, &plan, &sdk, ground, extras);
    let sdk = sdk.into_builder().credentials_provider(provider).build();
    let key = format!("simulated {}", plan.key());
    Setup { sdk, source: CredentialsSource::Simulated, key, endpoints: Vec::new() }
}

async fn real(
    ground: &Ground,
    env: &Env,
    http: &SharedHttpClient,
    spec: &TargetSpec,
    extras: &Extras,
) -> Setup {
    let set = profile::load(spec.profile.as_deref().or(env.profile.as_deref())).await;
    let plan = profile::plan(spec, env, set.as_ref());
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(retries(extras))
        .timeout_config(timeouts())
        .http_client(http.clone())
        .time_source(ground.time.clone())
        .sleep_impl(ground.sleep.clone());
    if let Ok(name) = AppName::new("eyewall") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &spec.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &plan.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &spec.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let own = match &plan.base {
        Base::Default => None,
        Base::Profile(name) => {
            let region = plan.region.clone().map(Region::new);
            let config = ProviderConfig::without_region()
                .with_region(region)
                .with_behavior_version(Some(BehaviorVersion::v2026_01_12()))
                .with_http_client(http.clone())
                .with_time_source(ground.time.clone())
                .with_sleep_impl(ground.sleep.clone())
                .with_timeout_config(timeouts());
            let provider =
                ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build();
            Some(SharedCredentialsProvider::new(provider))
        }
        Base::Keys { id, secret, token } => {
            let credentials = Credentials::new(id, secret, token.clone(), None, "profile-keys");
            Some(SharedCredentialsProvider::new(credentials))
        }
    };
    if let Some(provider) = own {
        loader = loader.credentials_provider(provider);
    }
    let sdk = loader.load().await;
    let sdk = match sdk.credentials_provider() {
        Some(base) => {
            let provider = with_roles(base, &plan, &sdk, ground, extras);
            sdk.into_builder().credentials_provider(provider).build()
        }
        None => sdk,
    };
    let endpoints = endpoints(&sdk, spec);
    Setup { source: plan.source.clone(), key: plan.key(), endpoints, sdk }
}

/// Puts the roles of the plan on top of its base, each assumed with the credentials below it.
fn with_roles(
    base: SharedCredentialsProvider,
    plan: &Plan,
    sdk: &SdkConfig,
    ground: &Ground,
    extras: &Extras,
) -> SharedCredentialsProvider {
    let mut provider = base;
    for step in &plan.roles {
        let below = sdk.to_builder().credentials_provider(provider).build();
        // What leaves for credentials is not the request that they are for.
        let tap = Tap { left: Arc::default(), ..extras.tap.clone() };
        let config = aws_sdk_sts::config::Builder::from(&below).interceptor(tap);
        provider = SharedCredentialsProvider::new(RoleProvider {
            sts: aws_sdk_sts::Client::from_conf(config.build()),
            step: step.clone(),
            desk: extras.desk.clone(),
            time: ground.time.clone(),
            meter: extras.meter.clone(),
        });
    }
    SharedCredentialsProvider::new(Noting { inner: provider, expiry: extras.expiry.clone() })
}

fn retries(extras: &Extras) -> RetryConfig {
    if extras.once {
        RetryConfig::disabled()
    } else {
        RetryConfig::standard().with_max_attempts(READ_ATTEMPTS)
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_timeout(OPERATION_TIMEOUT).connect_timeout(CONNECT_TIMEOUT).build()
}

/// The SDK's names of the services called, as `AWS_ENDPOINT_URL_*` and the `services` sections know them.
const SERVICES: [&str; 7] =
    ["CloudWatch", "CloudWatch Logs", "ECS", "Elastic Load Balancing v2", "Lambda", "STS", "XRay"];

/// Every custom endpoint in force, from the target, the environment and the profile.
fn endpoints(sdk: &SdkConfig, spec: &TargetSpec) -> Vec<Endpoint> {
    if let Some(url) = &spec.endpoint_url {
        return vec![Endpoint::new(url, None)];
    }
    let mut found: Vec<_> = sdk.endpoint_url().map(|url| Endpoint::new(url, None)).into_iter().collect();
    for service in SERVICES {
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let url = key.ok().zip(sdk.service_config()).and_then(|(key, config)| config.load_config(key));
        let general = sdk.endpoint_url();
        found.extend(
            url.filter(|url| Some(url.as_str()) != general).map(|url| Endpoint::new(&url, Some(service))),
        );
    }
    found
}
