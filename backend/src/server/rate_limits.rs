//! Rate limits on attempts at secrets and invites, for each client and for each account. docs/SECURITY.md has the
//! reasons.
//!
//! The counters are in memory, and each process has its own. Their keys are hashed with the process's seed into a fixed
//! number of buckets, so memory stays bounded however many names or addresses are tried.

mod counters;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use sha2::{Digest, Sha256};
use shared::accounts::Username;
use shared::ids::AccountId;

use self::counters::{Counters, Limit};
use crate::metrics::Metrics;
use crate::server::client_address::Peer;
use crate::server::error::ApiError;
use crate::store::Millis;

/// Attempts to finish one log-in in ten minutes.
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
    /// Log-ins that one address (one /64 of IPv6) may begin in ten minutes, and as many that it may finish; a /56 may
    /// begin 4 times as many, a /48 16 times; 0 for no limit.
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

/// Nanoseconds on a clock that never goes back.
type Nanoseconds = Box<dyn Fn() -> u64 + Send + Sync>;

/// The counters of this process. A limit of 0 has none.
pub struct RateLimits {
    clock: Nanoseconds,
    seed: RandomState,
    starts: Option<Counters>,
    finishes: Option<Counters>,
    repeats: Option<Counters>,
    unfamiliar: Option<Counters>,
    familiar: Option<Limit>,
    secrets: Option<Counters>,
    sign_ups: Option<Counters>,
    familiar_addresses: Mutex<FamiliarAddresses>,
    metrics: Option<Arc<Metrics>>,
}

/// For each username (as a hash) the addresses from which its account was opened, the one used last at the end.
type FamiliarAddresses = HashMap<u64, Vec<FamiliarAddress>>;

/// An address from which an account was opened. It has a counter of its own, in no bucket: others cannot use it up.
struct FamiliarAddress {
    address: u64,
    used_at: Millis,
    /// The counter of log-ins begun, as in [`Limit::count`].
    full_at: u64,
}

impl FamiliarAddress {
    fn is(&self, address: u64, now: Millis) -> bool {
        self.address == address && now.saturating_sub(self.used_at) <= FAMILIAR
    }
}

impl RateLimits {
    #[must_use]
    pub fn new(limits: &RateLimitArgs) -> Self {
        let start = Instant::now();
        Self::with_clock(limits, Box::new(move || u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)))
    }

    fn with_clock(limits: &RateLimitArgs, clock: Nanoseconds) -> Self {
        let counters = |attempts: u32| Limit::new(attempts).map(Counters::new);
        Self {
            seed: RandomState::new(),
            starts: counters(limits.logins_per_address),
            finishes: counters(limits.logins_per_address),
            repeats: counters(if limits.logins_per_address == 0 { 0 } else { FINISHES }),
            unfamiliar: counters(limits.logins_per_account),
            familiar: Limit::new(limits.logins_per_account),
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
    /// whether its guess is right.
    ///
    /// An address that is familiar to the account has attempts of its own, which no other address or account can use
    /// up. For the others, the client's own limit is counted first: a client without attempts uses none of the
    /// account's.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn count_login_start(&self, username: UsernameKey, client: Peer, now: Millis) -> Result<(), ApiError> {
        if let Some(counted) = self.count_familiar(username, client, now) {
            return self.check("log-ins at an account from where it was opened", counted);
        }
        self.count_address("log-ins begun by an address", self.starts.as_ref(), client)?;
        self.count("log-ins at an account", self.unfamiliar.as_ref(), username)
    }

    /// Counts an attempt to finish a log-in. Each state has its own counter, so nobody can use up the attempts of
    /// another client's log-in. `username` is that of the state, if the state is ours; an address that is familiar to
    /// its account needs no attempts of an address.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn count_login_finish(
        &self,
        state: &[u8],
        username: Option<UsernameKey>,
        client: Peer,
        now: Millis,
    ) -> Result<(), ApiError> {
        if !username.is_some_and(|username| self.is_familiar(username, client, now)) {
            self.count_address("log-ins finished by an address", self.finishes.as_ref(), client)?;
        }
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
        self.count_address("sign-ups by an address", self.sign_ups.as_ref(), client)
    }

    /// Makes the client's address familiar to an account that was created or opened from it, in this request: unfamiliar
    /// addresses cannot use up its attempts from now on.
    pub fn remember_address(&self, username: UsernameKey, client: Peer, now: Millis) {
        if self.familiar.is_none() {
            return;
        }
        let mut known = self.familiar_addresses();
        let key = self.seed.hash_one(username);
        if known.len() >= FAMILIAR_ACCOUNTS && !known.contains_key(&key) {
            let latest = |seen: &[FamiliarAddress]| seen.last().map_or(0, |seen| seen.used_at);
            if let Some(oldest) = known.iter().min_by_key(|(_, seen)| latest(seen)).map(|(key, _)| *key) {
                known.remove(&oldest);
            }
        }
        let seen = known.entry(key).or_default();
        let address = self.seed.hash_one(client.rate_limit_key());
        let before = seen.iter().position(|seen| seen.address == address).map(|index| seen.remove(index));
        if seen.len() >= FAMILIAR_ADDRESSES {
            seen.remove(0);
        }
        let full_at = before.map_or(0, |before| before.full_at);
        seen.push(FamiliarAddress { address, used_at: now, full_at });
    }

    fn is_familiar(&self, username: UsernameKey, client: Peer, now: Millis) -> bool {
        let address = self.seed.hash_one(client.rate_limit_key());
        let known = self.familiar_addresses();
        let seen = known.get(&self.seed.hash_one(username));
        seen.is_some_and(|seen| seen.iter().any(|seen| seen.is(address, now)))
    }

    /// Counts an attempt of an address that is familiar to the account; `None` if it is not.
    fn count_familiar(&self, username: UsernameKey, client: Peer, now: Millis) -> Option<Result<(), Duration>> {
        let limit = self.familiar?;
        let address = self.seed.hash_one(client.rate_limit_key());
        let mut known = self.familiar_addresses();
        let seen = known.get_mut(&self.seed.hash_one(username))?.iter_mut().find(|seen| seen.is(address, now))?;
        Some(limit.count(seen.full_at, (self.clock)()).map(|full_at| seen.full_at = full_at))
    }

    fn familiar_addresses(&self) -> MutexGuard<'_, FamiliarAddresses> {
        self.familiar_addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an attempt of a client: of its address, and of the networks around it.
    fn count_address(&self, what: &'static str, counters: Option<&Counters>, client: Peer) -> Result<(), ApiError> {
        let keys = client.networks().into_iter().flatten();
        let counted = counters.map_or(Ok(()), |counters| counters.count(&self.seed, keys, (self.clock)()));
        self.check(what, counted)
    }

    fn count(&self, what: &'static str, counters: Option<&Counters>, key: impl Hash) -> Result<(), ApiError> {
        let keys = iter::once((1, &key));
        let counted = counters.map_or(Ok(()), |counters| counters.count(&self.seed, keys, (self.clock)()));
        self.check(what, counted)
    }

    fn check(&self, what: &'static str, counted: Result<(), Duration>) -> Result<(), ApiError> {
        counted.map_err(|wait| {
            if let Some(metrics) = &self.metrics {
                metrics.throttled(what);
            }
            tracing::info!(what, "too many attempts");
            ApiError::too_many_attempts(wait)
        })
    }

    /// Drops addresses that are not familiar any more.
    pub fn prune(&self, now: Millis) {
        self.familiar_addresses().retain(|_, seen| {
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
    use std::net::{IpAddr, Ipv6Addr};
    use std::sync::atomic::{AtomicU64, Ordering};

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

    /// A clock that a test sets forward.
    #[derive(Clone, Default)]
    struct TestClock(Arc<AtomicU64>);

    impl TestClock {
        fn advance(&self, time: Duration) {
            self.0.fetch_add(u64::try_from(time.as_nanos()).unwrap(), Ordering::Relaxed);
        }
    }

    fn rate_limits(limits: &RateLimitArgs) -> (RateLimits, TestClock) {
        let clock = TestClock::default();
        let reading = clock.clone();
        (RateLimits::with_clock(limits, Box::new(move || reading.0.load(Ordering::Relaxed))), clock)
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
        rate_limits.remember_address(username("ada"), home, NOW);
        assert!(rate_limits.count_login_start(username("ada"), home, NOW).is_err(), "a log-in gives none back");
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
        let tried = (0..100)
            .filter(|host| rate_limits.count_login_finish(b"one state", None, from(*host), NOW).is_ok())
            .count();
        assert_eq!(tried, FINISHES as usize);
        assert!(rate_limits.count_login_finish(b"another state", None, from(1), NOW).is_ok());
        let states =
            (0..100_u8).filter(|state| rate_limits.count_login_finish(&[*state], None, from(200), NOW).is_ok()).count();
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
            rate_limits.count_login_finish(b"state", None, here, NOW)?;
            rate_limits.count_new_secret(AccountId::from_random([1; 16]))?;
            rate_limits.count_sign_up(here)
        };
        assert_eq!(passed(all), 100);
        assert!(rate_limits.familiar_addresses.lock().unwrap().is_empty());
    }

    #[test]
    fn familiar_addresses_are_bounded_and_pruned() {
        let (rate_limits, _) = rate_limits(&RateLimitArgs { logins_per_address: 1_000, ..LIMITS });
        let from = |host: u32| Peer::Address(IpAddr::from(host.to_be_bytes()));
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
        rate_limits.prune(NOW);
        assert_eq!(sizes().0, FAMILIAR_ACCOUNTS);
        rate_limits.prune(NOW + FAMILIAR + FAMILIAR_ACCOUNTS as u64 + 10);
        assert_eq!(sizes().0, 0);
    }

    /// An address of the `host`-th /64 in `2001:db8:1::/48`.
    fn in_one_48(host: u16) -> Peer {
        Peer::Address(Ipv6Addr::new(0x2001, 0xdb8, 1, host, 0, 0, 0, 1).into())
    }

    #[test]
    fn flood_from_one_48_uses_its_own_attempts_and_none_of_strangers() {
        let (rate_limits, _) = rate_limits(&RateLimitArgs { logins_per_address: 1, ..LIMITS });
        let begin = |name: String, from| rate_limits.count_login_start(username(&name), from, NOW).is_ok();
        let flood = (0..24_000).filter(|host| begin(format!("guess {host}"), in_one_48(*host))).count();
        assert_eq!(flood, 16, "a /48 has sixteen times the attempts of a /64");
        let refused = (0..400_u32).filter(|host| {
            let stranger = Peer::Address(IpAddr::from((0xcb00_7100 + host).to_be_bytes()));
            !begin(format!("stranger {host}"), stranger)
        });
        // Two of the 2^20 buckets may be the same: once in some 150 runs.
        assert!(refused.count() <= 3);
    }

    #[test]
    fn client_without_attempts_uses_none_of_its_neighbours() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        assert_eq!(passed(|| rate_limits.count_sign_up(in_one_48(0))), 3);
        let all = || (0..400).filter(|host| rate_limits.count_sign_up(in_one_48(*host)).is_ok());
        assert_eq!(all().filter(|host| *host < 256).count(), 9, "four times three in the first /56");
        assert_eq!(all().count(), 0);
        let (rate_limits, _) = self::rate_limits(&LIMITS);
        let hosts =
            |from: u16, to: u16| (from..to).filter(|host| rate_limits.count_sign_up(in_one_48(*host)).is_ok()).count();
        assert_eq!((hosts(0, 256), hosts(256, 512), hosts(512, 768)), (12, 12, 12));
        assert_eq!((hosts(768, 1024), hosts(1024, 1280)), (12, 0), "sixteen times three in the /48");
    }

    #[test]
    fn owner_logs_in_from_a_familiar_address_that_has_no_attempts_left() {
        let (rate_limits, _) = rate_limits(&LIMITS);
        let home = in_one_48(1);
        rate_limits.remember_address(username("ada"), home, NOW);
        assert_eq!(passed(|| rate_limits.count_login_start(username("eve"), home, NOW)), 5);
        for host in 0..100 {
            let _ = rate_limits.count_login_start(username(&format!("name {host}")), home, NOW);
        }
        assert!(rate_limits.count_login_start(username("bob"), home, NOW).is_err(), "the address has none left");
        assert_eq!(passed(|| rate_limits.count_login_start(username("ada"), home, NOW)), 5, "ada's are her own");
    }
}
