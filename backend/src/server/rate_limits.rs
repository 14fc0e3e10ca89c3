//! How often secrets and invites may be tried, for each client and for each account. docs/SECURITY.md says why so.
//!
//! Everything here is in memory and each process's own. Nothing is kept by name: a key is hashed, with a seed of this
//! process, into one of [`BUCKETS`], so that memory has a bound whoever asks under however many names and addresses.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use sha2::{Digest, Sha256};
use shared::accounts::Username;
use shared::ids::AccountId;

use crate::metrics::Metrics;
use crate::server::client_address::Peer;
use crate::server::error::ApiError;
use crate::store::Millis;

/// The time that all numbers of attempts are for.
const PERIOD: Duration = Duration::from_mins(10);
/// Counters of each kind at most: some 3 MB if an attack fills them all. Two keys that fall into one share its attempts.
const BUCKETS: u64 = 1 << 16;
/// How often one begun log-in may be finished within [`PERIOD`].
const FINISHES: u32 = 10;
/// How long an account is remembered to have been opened from an address.
const FAMILIAR: Millis = 30 * 24 * 3_600_000;
/// Addresses remembered for one account, the ones used last.
const FAMILIAR_ADDRESSES: usize = 8;
/// Accounts of which addresses are remembered, the ones opened last.
const FAMILIAR_ACCOUNTS: usize = 16_384;
/// How often counters that are full again are dropped.
const PRUNE: Duration = Duration::from_mins(1);

/// Settings of the rate_limits.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Attempts in ten minutes; 0 for any number")]
pub struct RateLimitArgs {
    /// Log-ins that one address (of IPv6, one /64) may begin, and as many that it may finish.
    #[arg(long, env = "PASSMINT_LOGINS_PER_ADDRESS", default_value_t = 120, value_name = "NUMBER")]
    pub logins_per_address: u32,
    /// Log-ins that may begin at one account from all addresses that it was not opened from in the last 30 days, and
    /// as many from each address that it was opened from.
    #[arg(long, env = "PASSMINT_LOGINS_PER_ACCOUNT", default_value_t = 30, value_name = "NUMBER")]
    pub logins_per_account: u32,
    /// Steps of making an account that one address may take; making one takes two.
    #[arg(long, env = "PASSMINT_SIGN_UPS_PER_ADDRESS", default_value_t = 60, value_name = "NUMBER")]
    pub sign_ups_per_address: u32,
}

impl RateLimitArgs {
    /// No limits.
    pub const NONE: Self = Self { logins_per_address: 0, logins_per_account: 0, sign_ups_per_address: 0 };
}

/// A username, hashed: what the rate_limits knows an account by. It is the same for each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsernameKey(pub [u8; 16]);

impl UsernameKey {
    /// The key of a username, whether or not an account has it.
    #[must_use]
    pub fn new(username: &Username) -> Self {
        let hash = Sha256::digest(username.as_str().as_bytes());
        Self(std::array::from_fn(|index| hash[index]))
    }
}

/// The counters. One for a process.
pub struct RateLimits<C: Clock = DefaultClock> {
    clock: C,
    seed: RandomState,
    starts: Option<Counters<C>>,
    finishes: Option<Counters<C>>,
    repeats: Option<Counters<C>>,
    strange: Option<Counters<C>>,
    familiar: Option<Counters<C>>,
    secrets: Option<Counters<C>>,
    sign_ups: Option<Counters<C>>,
    known: Mutex<HashMap<u64, Vec<Seen>>>,
    metrics: Option<Arc<Metrics>>,
}

type Counters<C> = RateLimiter<u64, HashMapStateStore<u64>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// An address that an account was opened from, and when last.
struct Seen {
    address: u64,
    at: Millis,
}

impl<C: Clock + Clone> RateLimits<C> {
    /// With all attempts still there.
    #[must_use]
    pub fn new(limits: &RateLimitArgs, clock: C) -> Self {
        let counters = |attempts: u32| {
            let attempts = NonZeroU32::new(attempts)?;
            let quota = Quota::with_period(PERIOD / attempts.get())?.allow_burst(attempts);
            Some(RateLimiter::hashmap_with_clock(quota, clock.clone()))
        };
        Self {
            seed: RandomState::new(),
            starts: counters(limits.logins_per_address),
            finishes: counters(limits.logins_per_address),
            repeats: counters(if limits.logins_per_address == 0 { 0 } else { FINISHES }),
            strange: counters(limits.logins_per_account),
            familiar: counters(limits.logins_per_account),
            secrets: counters(limits.logins_per_account),
            sign_ups: counters(limits.sign_ups_per_address),
            known: Mutex::default(),
            metrics: None,
            clock,
        }
    }

    /// Counts what it refuses.
    #[must_use]
    pub fn counted_by(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// A log-in begins: one attempt at the account's secret, for OPAQUE tells a client at its first step whether a guess
    /// is right. The client's own attempts are counted first: who has none left takes none of the account's.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn start(&self, username: UsernameKey, client: Peer, now: Millis) -> Result<(), ApiError> {
        let key = client.rate_limit_key();
        self.take("log-ins begun by an address", self.starts.as_ref(), key)?;
        if self.is_familiar(username, key, now) {
            self.take("log-ins at an account from where it was opened", self.familiar.as_ref(), (username, key))
        } else {
            self.take("log-ins at an account", self.strange.as_ref(), username)
        }
    }

    /// A log-in is to be finished: by this client, with this state. A begun log-in is one account's, so that the
    /// account's log-ins bound its finishes too, and nobody can use up those of another's log-in.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn finish(&self, state: &[u8], client: Peer) -> Result<(), ApiError> {
        self.take("log-ins finished by an address", self.finishes.as_ref(), client.rate_limit_key())?;
        self.take("one log-in finished again", self.repeats.as_ref(), state)
    }

    /// A secret is to be set. Its answer depends on what is sent as that of a log-in does.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn secret(&self, account: AccountId) -> Result<(), ApiError> {
        self.take("new secrets of an account", self.secrets.as_ref(), account)
    }

    /// An account is to be made.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn sign_up(&self, client: Peer) -> Result<(), ApiError> {
        self.take("sign-ups by an address", self.sign_ups.as_ref(), client.rate_limit_key())
    }

    /// An account was made or opened from here: strangers cannot use up this client's attempts at it from now on.
    pub fn opened(&self, username: UsernameKey, client: Peer, now: Millis) {
        if self.familiar.is_none() {
            return;
        }
        let address = self.seed.hash_one(client.rate_limit_key());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.seed.hash_one(username);
        if known.len() >= FAMILIAR_ACCOUNTS && !known.contains_key(&key) {
            let latest = |seen: &[Seen]| seen.last().map_or(0, |seen| seen.at);
            if let Some(oldest) = known.iter().min_by_key(|(_, seen)| latest(seen)).map(|(key, _)| *key) {
                known.remove(&oldest);
            }
        }
        let seen = known.entry(key).or_default();
        seen.retain(|seen| seen.address != address);
        if seen.len() >= FAMILIAR_ADDRESSES {
            seen.remove(0);
        }
        seen.push(Seen { address, at: now });
    }

    fn is_familiar(&self, username: UsernameKey, key: Peer, now: Millis) -> bool {
        let address = self.seed.hash_one(key);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = known.get(&self.seed.hash_one(username));
        let is_here = |seen: &Seen| seen.address == address && now.saturating_sub(seen.at) <= FAMILIAR;
        seen.is_some_and(|seen| seen.iter().any(is_here))
    }

    fn take(&self, what: &'static str, counters: Option<&Counters<C>>, key: impl Hash) -> Result<(), ApiError> {
        let Some(counters) = counters else { return Ok(()) };
        let bucket = self.seed.hash_one(key) % BUCKETS;
        counters.check_key(&bucket).map_err(|until| {
            if let Some(metrics) = &self.metrics {
                metrics.throttled(what);
            }
            tracing::info!(what, "too many attempts");
            ApiError::too_many_attempts(until.wait_time_from(self.clock.now()))
        })
    }

    /// Drops what says nothing any more.
    pub fn prune(&self, now: Millis) {
        let all =
            [&self.starts, &self.finishes, &self.repeats, &self.strange, &self.familiar, &self.secrets, &self.sign_ups];
        for counters in all.into_iter().flatten() {
            counters.retain_recent();
            counters.shrink_to_fit();
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, seen| {
            seen.retain(|seen| now.saturating_sub(seen.at) <= FAMILIAR);
            !seen.is_empty()
        });
    }
}

/// Prunes now and then, for as long as the process lives.
pub async fn prune_regularly(rate_limits: Arc<RateLimits>) {
    loop {
        tokio::time::sleep(PRUNE).await;
        rate_limits.prune(crate::now());
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use governor::clock::FakeRelativeClock;

    use super::*;

    const NOW: Millis = 1_790_000_000_000;
    const LIMITS: RateLimitArgs =
        RateLimitArgs { logins_per_address: 20, logins_per_account: 5, sign_ups_per_address: 3 };

    fn username(name: &str) -> UsernameKey {
        UsernameKey::new(&Username::new(name).unwrap())
    }

    fn address(text: &str) -> Peer {
        Peer::new(text.parse().unwrap())
    }

    fn rate_limits(limits: &RateLimitArgs) -> (RateLimits<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (RateLimits::new(limits, clock.clone()), clock)
    }

    /// How many of a hundred come through.
    fn passed(attempt: impl Fn() -> Result<(), ApiError>) -> usize {
        (0..100).filter(|_| attempt().is_ok()).count()
    }

    #[test]
    fn an_account_is_tried_so_often_from_wherever_and_known_or_not() {
        let (rate_limits, clock) = rate_limits(&LIMITS);
        let from = |host: usize| address(&format!("203.0.113.{host}"));
        let tried = (0..100).filter(|host| rate_limits.start(username("ada"), from(*host), NOW).is_ok()).count();
        assert_eq!(tried, 5);
        assert_eq!(
            passed(|| rate_limits.start(username(" ADA "), from(200), NOW)),
            0,
            "names are compared as log-in does"
        );
        assert_eq!(passed(|| rate_limits.start(username("eve"), from(202), NOW)), 5, "another is another's");
        let wait = rate_limits.start(username("ada"), from(201), NOW).unwrap_err().retry_after();
        assert_eq!(wait, Some(120), "ten minutes for five");
        clock.advance(Duration::from_secs(119));
        assert!(rate_limits.start(username("ada"), from(201), NOW).is_err());
        clock.advance(Duration::from_secs(1));
        assert!(rate_limits.start(username("ada"), from(201), NOW).is_ok(), "what was promised holds");
        assert!(rate_limits.start(username("ada"), from(201), NOW).is_err());
    }

    #[test]
    fn an_address_spends_its_own_attempts_and_then_none_of_an_accounts() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        let flood = address("2001:db8:1:2::1");
        // Twenty, at twenty names: one of each.
        for name in 0..20 {
            assert!(rate_limits.start(username(&format!("name {name}")), flood, NOW).is_ok());
        }
        let neighbour = address("2001:db8:1:2:ffff::9");
        assert_eq!(passed(|| rate_limits.start(username("ada"), neighbour, NOW)), 0, "one /64 is one client");
        assert_eq!(
            passed(|| rate_limits.start(username("ada"), address("2001:db8:1:3::1"), NOW)),
            5,
            "ada's are all there"
        );
    }

    #[test]
    fn strangers_cannot_lock_an_owner_out_of_where_the_account_was_opened() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        let (home, elsewhere) = (address("198.51.100.7"), address("198.51.100.8"));
        rate_limits.opened(username("ada"), home, NOW);
        let strangers = |host: u8| rate_limits.start(username("ada"), address(&format!("203.0.113.{host}")), NOW);
        assert_eq!((0..100).filter(|host| strangers(*host).is_ok()).count(), 5);
        assert!(rate_limits.start(username("ada"), elsewhere, NOW).is_err());
        let at_home = (0..8).filter(|_| rate_limits.start(username("ada"), home, NOW).is_ok()).count();
        assert_eq!(at_home, 5, "bounded at home too");
        // Only for a month, and only for that account.
        rate_limits.opened(username("bob"), home, NOW);
        let later = NOW + FAMILIAR + 1;
        for host in 0..5 {
            assert!(rate_limits.start(username("bob"), address(&format!("203.0.113.{host}")), NOW).is_ok());
        }
        assert!(rate_limits.start(username("bob"), home, NOW).is_ok());
        assert!(rate_limits.start(username("bob"), home, later).is_err());
    }

    #[test]
    fn a_begun_log_in_is_finished_a_few_times_whoever_tries() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        let from = |host: usize| address(&format!("203.0.113.{host}"));
        let tried = (0..100).filter(|host| rate_limits.finish(b"one state", from(*host)).is_ok()).count();
        assert_eq!(tried, FINISHES as usize);
        assert!(rate_limits.finish(b"another state", from(1)).is_ok());
        let states = (0..100_u8).filter(|state| rate_limits.finish(&[*state], from(200)).is_ok()).count();
        assert_eq!(states, 20, "so many by one address");
    }

    #[test]
    fn sign_ups_and_secrets_have_attempts_of_their_own() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        let here = address("203.0.113.1");
        assert_eq!(passed(|| rate_limits.sign_up(here)), 3);
        assert_eq!(passed(|| rate_limits.sign_up(address("203.0.113.2"))), 3);
        assert_eq!(passed(|| rate_limits.secret(AccountId::from_random([1; 16]))), 5);
        assert_eq!(passed(|| rate_limits.secret(AccountId::from_random([2; 16]))), 5);
        assert_eq!(passed(|| rate_limits.start(username("ada"), here, NOW)), 5);
    }

    #[test]
    fn nought_is_no_limit() {
        let (rate_limits, _) = rate_limits(&RateLimitArgs::NONE);
        let here = address("203.0.113.1");
        let all = || {
            rate_limits.opened(username("ada"), here, NOW);
            rate_limits.start(username("ada"), here, NOW)?;
            rate_limits.finish(b"state", here)?;
            rate_limits.secret(AccountId::from_random([1; 16]))?;
            rate_limits.sign_up(here)
        };
        assert_eq!(passed(all), 100);
        assert!(rate_limits.known.lock().unwrap().is_empty());
    }

    #[test]
    fn memory_has_a_bound_and_is_given_back() {
        let (rate_limits, clock) = rate_limits(&RateLimitArgs { logins_per_address: 1_000, ..LIMITS });
        let from = |host: u32| Peer::Address(IpAddr::from(host.to_be_bytes()));
        for host in 0..200_000 {
            let _ = rate_limits.sign_up(from(host));
        }
        let sign_ups = rate_limits.sign_ups.as_ref().unwrap();
        assert!(sign_ups.len() <= 65_536, "{}", sign_ups.len());
        for account in 0..FAMILIAR_ACCOUNTS + 10 {
            for host in 0..10 {
                rate_limits.opened(username(&account.to_string()), from(host), NOW + account as u64);
            }
        }
        let sizes = || {
            let known = rate_limits.known.lock().unwrap();
            (known.len(), known.values().map(Vec::len).max().unwrap_or(0))
        };
        assert_eq!(sizes(), (FAMILIAR_ACCOUNTS, FAMILIAR_ADDRESSES));
        assert!(!rate_limits.is_familiar(username("0"), from(9), NOW), "the one opened longest ago makes room");
        assert!(rate_limits.is_familiar(username("100"), from(9), NOW));
        assert!(!rate_limits.is_familiar(username("100"), from(0), NOW), "and so does the first address");
        clock.advance(PERIOD * 2);
        rate_limits.prune(NOW);
        assert_eq!((sign_ups.len(), sizes().0), (0, FAMILIAR_ACCOUNTS));
        rate_limits.prune(NOW + FAMILIAR + FAMILIAR_ACCOUNTS as u64 + 10);
        assert_eq!(sizes().0, 0);
    }
}
