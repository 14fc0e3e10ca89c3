//! Counters of attempts in bounded memory, by the generic cell rate algorithm (ITU-T I.371): a counter is the time at
//! which it has all of its attempts again.

use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Period of all limits, in nanoseconds.
const PERIOD: u64 = 600 * 1_000_000_000;
/// Counters of a kind: 8 MB, of which the system hands out the pages that are used. Two keys in one bucket share its
/// attempts.
const BUCKETS: usize = 1 << 20;

/// Most attempts in [`PERIOD`]. They are given back one by one.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    attempts: u32,
}

impl Limit {
    /// `None` for 0: no limit.
    pub(super) fn new(attempts: u32) -> Option<Self> {
        (attempts > 0).then_some(Self { attempts })
    }

    /// The limit of a network that holds many clients.
    pub(super) fn times(self, factor: u32) -> Self {
        Self { attempts: self.attempts.saturating_mul(factor) }
    }

    /// The counter `full_at` after one more attempt. Times are in nanoseconds on one clock.
    ///
    /// # Errors
    /// The time until there is an attempt.
    pub(super) fn count(self, full_at: u64, now: u64) -> Result<u64, Duration> {
        // At least a nanosecond: four billion attempts are a limit too.
        let each = (PERIOD / u64::from(self.attempts)).max(1);
        let after = full_at.max(now) + each;
        match after.saturating_sub(now + each * u64::from(self.attempts)) {
            0 => Ok(after),
            wait => Err(Duration::from_nanos(wait)),
        }
    }
}

/// Counters of one kind.
pub(super) struct Counters {
    limit: Limit,
    buckets: Mutex<Box<[u64]>>,
}

impl Counters {
    pub(super) fn new(limit: Limit) -> Self {
        Self { limit, buckets: Mutex::new(vec![0; BUCKETS].into_boxed_slice()) }
    }

    /// Counts an attempt of all `keys`, each with the factor of its limit. If one of them has none left, none is used.
    ///
    /// # Errors
    /// The time until all have an attempt.
    pub(super) fn count<K: Hash>(
        &self,
        seed: &impl BuildHasher,
        keys: impl Iterator<Item = (u32, K)> + Clone,
        now: u64,
    ) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        // The factor is part of the key: a network and the first network within it have the same address.
        let index = |key: &(u32, K)| (seed.hash_one(key) % BUCKETS as u64) as usize;
        let counted = |bucket: u64, factor: u32| self.limit.times(factor).count(bucket, now);
        let mut wait = None;
        for key in keys.clone() {
            wait = wait.max(counted(buckets[index(&key)], key.0).err());
        }
        if let Some(wait) = wait {
            return Err(wait);
        }
        for key in keys {
            let bucket = &mut buckets[index(&key)];
            *bucket = counted(*bucket, key.0).unwrap_or(*bucket);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::{Clock, FakeRelativeClock};
    use governor::{Quota, RateLimiter};

    use super::*;

    #[test]
    fn every_decision_and_wait_is_that_of_governor() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        for attempts in [1, 2, 3, 7, 30, 120, 480, 1_920] {
            let clock = FakeRelativeClock::default();
            let burst = NonZeroU32::new(attempts).unwrap();
            let quota = Quota::with_period(Duration::from_nanos(PERIOD) / attempts).unwrap().allow_burst(burst);
            let theirs = RateLimiter::direct_with_clock(quota, clock.clone());
            let ours = Limit::new(attempts).unwrap();
            let (mut full_at, mut now, mut refused) = (0, 0, 0);
            for _ in 0..40_000 {
                // On average four times as often as the limit allows, with pauses in which attempts come back.
                let pause = if next(5_000) == 0 { next(2 * PERIOD) } else { next(PERIOD / u64::from(2 * attempts)) };
                clock.advance(Duration::from_nanos(pause));
                now += pause;
                let expected = theirs.check().map_err(|until| until.wait_time_from(clock.now()));
                let counted = ours.count(full_at, now);
                assert_eq!(counted.err(), expected.err(), "{attempts} attempts, at {now}");
                full_at = counted.unwrap_or(full_at);
                refused += usize::from(counted.is_err());
            }
            assert!(refused > 100, "{attempts}: {refused}");
        }
    }
}
