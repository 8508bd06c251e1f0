//! How often AWS may be asked: one token bucket per credentials source, region and API family.
//!
//! The quotas belong to the account, so targets that share credentials and region share the buckets.
//! The buckets are asked and waited for with tokio's sleep, so that a paused clock drives them; what the
//! calls cost is `meter.rs`'s.

use super::operation::Family;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Time since some fixed start. It must advance with tokio's clock, or a full bucket never empties.
pub type Monotonic = Arc<dyn Fn() -> Duration + Send + Sync>;

#[derive(Clone)]
struct BucketClock(Monotonic);

impl Clock for BucketClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        (self.0)()
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, BucketClock, NoOpMiddleware<Duration>>;

/// One bucket and the queue before it.
pub struct Limiter {
    bucket: Bucket,
    clock: Monotonic,
    /// tokio's mutex hands over in order of arrival, so nobody starves before an empty bucket.
    turn: tokio::sync::Mutex<()>,
}

impl Limiter {
    /// A full bucket for `family`.
    pub fn new(family: Family, clock: Monotonic) -> Self {
        let (per_second, burst) = family.rate();
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(Duration::from_secs_f64(1.0 / per_second))
            .unwrap_or(Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst);
        let bucket = RateLimiter::direct_with_clock(quota, BucketClock(clock.clone()));
        Self { bucket, clock, turn: tokio::sync::Mutex::new(()) }
    }

    /// Waits until one more request may be sent.
    pub async fn acquire(&self) {
        let _turn = self.turn.lock().await;
        while let Err(not_yet) = self.bucket.check() {
            let wait = not_yet.wait_time_from((self.clock)());
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }
}

/// Whose quota a bucket stands for: credentials source, region, family.
type Key = (String, String, Family);

/// All buckets of the process. Cheap to clone; bounded by targets times families.
#[derive(Clone)]
pub struct Limiters {
    clock: Monotonic,
    buckets: Arc<Mutex<BTreeMap<Key, Arc<Limiter>>>>,
}

impl Limiters {
    /// No buckets yet.
    pub fn new(clock: Monotonic) -> Self {
        Self { clock, buckets: Arc::default() }
    }

    /// The bucket for a family, made when first asked for.
    pub fn get(&self, credentials: &str, region: &str, family: Family) -> Arc<Limiter> {
        let key = (credentials.to_owned(), region.to_owned(), family);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.entry(key).or_insert_with(|| Arc::new(Limiter::new(family, self.clock.clone()))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[expect(clippy::disallowed_methods, reason = "the paused clock of the test is the time under test")]
    fn paused() -> Monotonic {
        let start = tokio::time::Instant::now();
        Arc::new(move || start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_then_the_rate_holds() {
        for family in [Family::Alarms, Family::LogEvents, Family::Lambda, Family::EcsReads] {
            let (rate, burst) = family.rate();
            let clock = paused();
            let limiter = Limiter::new(family, clock.clone());
            for _ in 0..burst {
                limiter.acquire().await;
            }
            assert!(clock() < Duration::from_millis(1), "{family:?}: the burst waited");
            for _ in 0..10 {
                limiter.acquire().await;
            }
            let expected = 10.0 / rate;
            let took = clock().as_secs_f64();
            assert!((took - expected).abs() < 0.1, "{family:?}: {took} s instead of {expected} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_share_one_bucket_and_all_get_through() {
        let limiters = Limiters::new(paused());
        let passed = Arc::new(AtomicU32::new(0));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (limiter, passed) = (limiters.get("p", "eu-west-1", Family::XRay), passed.clone());
                tokio::spawn(async move {
                    limiter.acquire().await;
                    passed.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(2_900)).await;
        assert_eq!(passed.load(Ordering::SeqCst), 7, "burst of 2, then 2 per second");
        for task in tasks {
            task.await.unwrap();
        }
    }

    #[test]
    fn targets_share_a_bucket_only_when_the_quota_is_the_same() {
        let limiters = Limiters::new(Arc::new(|| Duration::ZERO));
        let one = limiters.get("prod", "eu-west-1", Family::Alarms);
        assert!(Arc::ptr_eq(&one, &limiters.get("prod", "eu-west-1", Family::Alarms)));
        for other in [
            limiters.get("dev", "eu-west-1", Family::Alarms),
            limiters.get("prod", "us-east-1", Family::Alarms),
            limiters.get("prod", "eu-west-1", Family::Metrics),
        ] {
            assert!(!Arc::ptr_eq(&one, &other));
        }
    }
}
