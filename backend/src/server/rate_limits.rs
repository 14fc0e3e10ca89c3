//! Rate limits on attempts at secrets and invites, for each client and for each account. docs/SECURITY.md has the
//! reasons.
//!
//! The counters are in memory, and each process has its own. A key is hashed with the process's seed into one of
//! [`BUCKETS`], so memory stays bounded however many names or addresses are tried.

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

/// Period of all limits.
const PERIOD: Duration = Duration::from_mins(10);
/// Most counters of a kind: some 3 MB if an attack fills them all. Two keys in one bucket share its attempts.
const BUCKETS: u64 = 1 << 16;
/// Attempts to finish one log-in within [`PERIOD`].
const FINISHES: u32 = 10;
/// Time for which an address stays familiar to an account, in milliseconds.
const FAMILIAR: Millis = 30 * 24 * 3_600_000;
/// Most familiar addresses of an account; the ones used last stay.
const FAMILIAR_ADDRESSES: usize = 8;
/// Most accounts with familiar addresses; the ones opened last stay.
const FAMILIAR_ACCOUNTS: usize = 16_384;
/// Time between two prunings.
const PRUNE: Duration = Duration::from_mins(1);

/// Settings of the rate limits.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Rate limits")]
pub struct RateLimitArgs {
    /// Log-ins that one address (one /64 of IPv6) may begin in ten minutes, and as many that it may finish; 0 for no
    /// limit.
    #[arg(long, env = "PASSMINT_LOGINS_PER_ADDRESS", default_value_t = 120, value_name = "NUMBER")]
    pub logins_per_address: u32,
    /// Log-ins to one account that all unfamiliar addresses together may begin in ten minutes, and as many for each
    /// address from which the account was opened in the last 30 days; 0 for no limit.
    #[arg(long, env = "PASSMINT_LOGINS_PER_ACCOUNT", default_value_t = 30, value_name = "NUMBER")]
    pub logins_per_account: u32,
    /// Steps of creating accounts that one address may take in ten minutes (an account takes two); 0 for no limit.
    #[arg(long, env = "PASSMINT_SIGN_UPS_PER_ADDRESS", default_value_t = 60, value_name = "NUMBER")]
    pub sign_ups_per_address: u32,
}

impl RateLimitArgs {
    /// No limits.
    pub const NONE: Self = Self { logins_per_address: 0, logins_per_account: 0, sign_ups_per_address: 0 };
}

/// Hash of a username. It is the same in every process.
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

/// The counters of this process.
pub struct RateLimits<C: Clock = DefaultClock> {
    clock: C,
    seed: RandomState,
    starts: Option<Counters<C>>,
    finishes: Option<Counters<C>>,
    repeats: Option<Counters<C>>,
    unfamiliar: Option<Counters<C>>,
    familiar: Option<Counters<C>>,
    secrets: Option<Counters<C>>,
    sign_ups: Option<Counters<C>>,
    familiar_addresses: Mutex<HashMap<u64, Vec<FamiliarAddress>>>,
    metrics: Option<Arc<Metrics>>,
}

type Counters<C> = RateLimiter<u64, HashMapStateStore<u64>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// An address from which an account was opened, and the last time.
struct FamiliarAddress {
    address: u64,
    used_at: Millis,
}

impl<C: Clock + Clone> RateLimits<C> {
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
            unfamiliar: counters(limits.logins_per_account),
            familiar: counters(limits.logins_per_account),
            secrets: counters(limits.logins_per_account),
            sign_ups: counters(limits.sign_ups_per_address),
            familiar_addresses: Mutex::default(),
            metrics: None,
            clock,
        }
    }

    /// Counts refusals in these metrics.
    #[must_use]
    pub fn with_metrics(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Counts the start of a log-in. It is an attempt at the account's secret: OPAQUE's first answer tells a client
    /// whether its guess is right. The client's own limit is counted first, so that a client without attempts uses none
    /// of the account's.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn count_login_start(&self, username: UsernameKey, client: Peer, now: Millis) -> Result<(), ApiError> {
        let key = client.rate_limit_key();
        self.count("log-ins begun by an address", self.starts.as_ref(), key)?;
        if self.is_familiar(username, key, now) {
            self.count("log-ins at an account from where it was opened", self.familiar.as_ref(), (username, key))
        } else {
            self.count("log-ins at an account", self.unfamiliar.as_ref(), username)
        }
    }

    /// Counts an attempt to finish a log-in. Each state has its own counter, so nobody can use up the attempts of
    /// another client's log-in.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn count_login_finish(&self, state: &[u8], client: Peer) -> Result<(), ApiError> {
        self.count("log-ins finished by an address", self.finishes.as_ref(), client.rate_limit_key())?;
        self.count("one log-in finished again", self.repeats.as_ref(), state)
    }

    /// Counts the start of a new secret. Its answer could serve for guessing as a log-in's does.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn count_new_secret(&self, account: AccountId) -> Result<(), ApiError> {
        self.count("new secrets of an account", self.secrets.as_ref(), account)
    }

    /// Counts a step of creating an account.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn count_sign_up(&self, client: Peer) -> Result<(), ApiError> {
        self.count("sign-ups by an address", self.sign_ups.as_ref(), client.rate_limit_key())
    }

    /// Makes the client's address familiar to an account that was created or opened from it. Unfamiliar addresses
    /// cannot use up its attempts from now on.
    pub fn remember_address(&self, username: UsernameKey, client: Peer, now: Millis) {
        if self.familiar.is_none() {
            return;
        }
        let address = self.seed.hash_one(client.rate_limit_key());
        let mut known = self.familiar_addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.seed.hash_one(username);
        if known.len() >= FAMILIAR_ACCOUNTS && !known.contains_key(&key) {
            let latest = |seen: &[FamiliarAddress]| seen.last().map_or(0, |seen| seen.used_at);
            if let Some(oldest) = known.iter().min_by_key(|(_, seen)| latest(seen)).map(|(key, _)| *key) {
                known.remove(&oldest);
            }
        }
        let seen = known.entry(key).or_default();
        seen.retain(|seen| seen.address != address);
        if seen.len() >= FAMILIAR_ADDRESSES {
            seen.remove(0);
        }
        seen.push(FamiliarAddress { address, used_at: now });
    }

    fn is_familiar(&self, username: UsernameKey, key: Peer, now: Millis) -> bool {
        let address = self.seed.hash_one(key);
        let known = self.familiar_addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = known.get(&self.seed.hash_one(username));
        let is_here = |seen: &FamiliarAddress| seen.address == address && now.saturating_sub(seen.used_at) <= FAMILIAR;
        seen.is_some_and(|seen| seen.iter().any(is_here))
    }

    fn count(&self, what: &'static str, counters: Option<&Counters<C>>, key: impl Hash) -> Result<(), ApiError> {
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

    /// Drops counters that are full again, and addresses that are not familiar any more.
    pub fn prune(&self, now: Millis) {
        let all = [
            &self.starts,
            &self.finishes,
            &self.repeats,
            &self.unfamiliar,
            &self.familiar,
            &self.secrets,
            &self.sign_ups,
        ];
        for counters in all.into_iter().flatten() {
            counters.retain_recent();
            counters.shrink_to_fit();
        }
        let mut known = self.familiar_addresses.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, seen| {
            seen.retain(|seen| now.saturating_sub(seen.used_at) <= FAMILIAR);
            !seen.is_empty()
        });
    }
}

/// Prunes once a minute, for as long as the process lives.
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

    /// Counts how many of a hundred attempts are allowed.
    fn passed(attempt: impl Fn() -> Result<(), ApiError>) -> usize {
        (0..100).filter(|_| attempt().is_ok()).count()
    }

    #[test]
    fn log_in_starts_of_an_account_are_limited_over_all_addresses() {
        let (rate_limits, clock) = rate_limits(&LIMITS);
        let from = |host: usize| address(&format!("203.0.113.{host}"));
        let tried =
            (0..100).filter(|host| rate_limits.count_login_start(username("ada"), from(*host), NOW).is_ok()).count();
        assert_eq!(tried, 5);
        assert_eq!(
            passed(|| rate_limits.count_login_start(username(" ADA "), from(200), NOW)),
            0,
            "names are compared as log-in does"
        );
        assert_eq!(
            passed(|| rate_limits.count_login_start(username("eve"), from(202), NOW)),
            5,
            "another is another's"
        );
        let wait = rate_limits.count_login_start(username("ada"), from(201), NOW).unwrap_err().retry_after();
        assert_eq!(wait, Some(120), "ten minutes for five");
        clock.advance(Duration::from_secs(119));
        assert!(rate_limits.count_login_start(username("ada"), from(201), NOW).is_err());
        clock.advance(Duration::from_secs(1));
        assert!(rate_limits.count_login_start(username("ada"), from(201), NOW).is_ok(), "what was promised holds");
        assert!(rate_limits.count_login_start(username("ada"), from(201), NOW).is_err());
    }

    #[test]
    fn address_without_attempts_uses_none_of_the_accounts() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        let flood = address("2001:db8:1:2::1");
        // Twenty attempts, one at each of twenty names.
        for name in 0..20 {
            assert!(rate_limits.count_login_start(username(&format!("name {name}")), flood, NOW).is_ok());
        }
        let neighbour = address("2001:db8:1:2:ffff::9");
        assert_eq!(
            passed(|| rate_limits.count_login_start(username("ada"), neighbour, NOW)),
            0,
            "one /64 is one client"
        );
        assert_eq!(
            passed(|| rate_limits.count_login_start(username("ada"), address("2001:db8:1:3::1"), NOW)),
            5,
            "ada's are all there"
        );
    }

    #[test]
    fn unfamiliar_addresses_use_no_attempts_of_a_familiar_one() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        let (home, elsewhere) = (address("198.51.100.7"), address("198.51.100.8"));
        rate_limits.remember_address(username("ada"), home, NOW);
        let strangers =
            |host: u8| rate_limits.count_login_start(username("ada"), address(&format!("203.0.113.{host}")), NOW);
        assert_eq!((0..100).filter(|host| strangers(*host).is_ok()).count(), 5);
        assert!(rate_limits.count_login_start(username("ada"), elsewhere, NOW).is_err());
        let at_home = (0..8).filter(|_| rate_limits.count_login_start(username("ada"), home, NOW).is_ok()).count();
        assert_eq!(at_home, 5, "bounded at home too");
        // An address is familiar for a month only, and to that account only.
        rate_limits.remember_address(username("bob"), home, NOW);
        let later = NOW + FAMILIAR + 1;
        for host in 0..5 {
            assert!(rate_limits.count_login_start(username("bob"), address(&format!("203.0.113.{host}")), NOW).is_ok());
        }
        assert!(rate_limits.count_login_start(username("bob"), home, NOW).is_ok());
        assert!(rate_limits.count_login_start(username("bob"), home, later).is_err());
    }

    #[test]
    fn finishes_of_one_log_in_are_limited_over_all_addresses() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        let from = |host: usize| address(&format!("203.0.113.{host}"));
        let tried = (0..100).filter(|host| rate_limits.count_login_finish(b"one state", from(*host)).is_ok()).count();
        assert_eq!(tried, FINISHES as usize);
        assert!(rate_limits.count_login_finish(b"another state", from(1)).is_ok());
        let states = (0..100_u8).filter(|state| rate_limits.count_login_finish(&[*state], from(200)).is_ok()).count();
        assert_eq!(states, 20, "so many by one address");
    }

    #[test]
    fn sign_ups_and_new_secrets_have_counters_of_their_own() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        let here = address("203.0.113.1");
        assert_eq!(passed(|| rate_limits.count_sign_up(here)), 3);
        assert_eq!(passed(|| rate_limits.count_sign_up(address("203.0.113.2"))), 3);
        assert_eq!(passed(|| rate_limits.count_new_secret(AccountId::from_random([1; 16]))), 5);
        assert_eq!(passed(|| rate_limits.count_new_secret(AccountId::from_random([2; 16]))), 5);
        assert_eq!(passed(|| rate_limits.count_login_start(username("ada"), here, NOW)), 5);
    }

    #[test]
    fn limit_zero_allows_any_number() {
        let (rate_limits, _) = rate_limits(&RateLimitArgs::NONE);
        let here = address("203.0.113.1");
        let all = || {
            rate_limits.remember_address(username("ada"), here, NOW);
            rate_limits.count_login_start(username("ada"), here, NOW)?;
            rate_limits.count_login_finish(b"state", here)?;
            rate_limits.count_new_secret(AccountId::from_random([1; 16]))?;
            rate_limits.count_sign_up(here)
        };
        assert_eq!(passed(all), 100);
        assert!(rate_limits.familiar_addresses.lock().unwrap().is_empty());
    }

    #[test]
    fn memory_is_bounded_and_pruned() {
        let (rate_limits, clock) = rate_limits(&RateLimitArgs { logins_per_address: 1_000, ..LIMITS });
        let from = |host: u32| Peer::Address(IpAddr::from(host.to_be_bytes()));
        for host in 0..200_000 {
            let _ = rate_limits.count_sign_up(from(host));
        }
        let sign_ups = rate_limits.sign_ups.as_ref().unwrap();
        assert!(sign_ups.len() <= 65_536, "{}", sign_ups.len());
        for account in 0..FAMILIAR_ACCOUNTS + 10 {
            for host in 0..10 {
                rate_limits.remember_address(username(&account.to_string()), from(host), NOW + account as u64);
            }
        }
        let sizes = || {
            let known = rate_limits.familiar_addresses.lock().unwrap();
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
